import { useState } from 'react';
import * as instructions from '../../chain/instructions';
import { REVOCABLE, ending, has, isInUnits } from '../../domain/grant';
import { short } from '../../text/hash';
import { Amount } from '../../ui/Amount';
import { SelectField } from '../../ui/Field';
import { Notice } from '../../ui/Notice';
import { ActionButtons } from '../ActionButtons';
import { UnitText } from '../Values';
import type { TimedSectionProps } from './section';

/** The early end of a grant that was made revocable. */
export function TerminateSection({ data, now, onDone }: TimedSectionProps) {
  const { plan, mint } = data;
  const grants = [...data.grants.values()].filter(
    (grant) => has(grant, REVOCABLE) && ending(plan, grant, now) !== undefined,
  );
  const [chosen, setChosen] = useState('');
  const grant = grants.find(({ address }) => address === chosen);
  const end = grant === undefined ? undefined : ending(plan, grant, now);
  return (
    <section className="card form">
      <h2>Terminate a grant</h2>
      <p className="hint">
        It takes effect now. Periods that have ended stay as they are; the served part of the running one stays too.
      </p>
      {grants.length === 0 ? (
        <p className="muted">No grant can be terminated: none is revocable and still running.</p>
      ) : (
        <SelectField
          label="Grant"
          value={chosen}
          onChange={setChosen}
          options={[
            ['', 'Choose a grant'],
            ...grants.map(
              ({ address, account }) => [address as string, `${account.index}: ${short(account.beneficiary)}`] as const,
            ),
          ]}
        />
      )}
      {grant !== undefined && end !== undefined && (
        <>
          {end.forfeits && (
            <Notice tone="warn">
              The cliff is not reached: the contributor loses everything that this grant earned.
            </Notice>
          )}
          <ActionButtons
            signer={plan.account.authority}
            label="Review termination"
            danger
            action={{
              title: `Terminate grant ${grant.account.index}`,
              keys: [`terminate/${grant.address}`],
              onDone,
              build: async ({ payer: signer }) => ({
                verb: 'Terminate',
                lines: [
                  ['Beneficiary', short(grant.account.beneficiary)],
                  [
                    'Stays of the running share',
                    plan.unit !== undefined && isInUnits(grant) ? (
                      <span key="k">
                        <UnitText value={end.keptUnits} unit={plan.unit} />, at most{' '}
                        <Amount value={end.kept} decimals={mint.decimals} /> tokens
                      </span>
                    ) : (
                      <Amount key="k" value={end.kept} decimals={mint.decimals} />
                    ),
                  ],
                  ['Can no longer be earned', <Amount key="c" value={end.cancelled} decimals={mint.decimals} />],
                  ['Earned so far', end.forfeits ? 'is lost: the cliff is not reached' : 'stays the contributor’s'],
                ],
                transactions: [[await instructions.terminateGrant(signer, grant)]],
                done: 'The grant is terminated.',
              }),
            }}
          />
        </>
      )}
    </section>
  );
}
