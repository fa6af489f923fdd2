import { useState } from 'react';
import type { Address, Instruction } from '@solana/kit';
import { Fault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import { pack } from '../chain/transaction';
import { CurveChart } from '../charts/CurveChart';
import type { ActionRequest } from '../context/action';
import { useWallet } from '../context/app';
import { scoreOf } from '../core/curve';
import { type Dispute, disputesOf } from '../model/due';
import type { PlanData } from '../model/planData';
import { percent, plainNumber } from '../text/amount';
import { plural } from '../text/count';
import { hex, parseHash, sha256 } from '../text/hash';
import { visible } from '../text/hostile';
import { AddressText, HashText } from '../ui/AddressText';
import { Facts } from '../ui/Facts';
import { NumberField, SelectField, TextField } from '../ui/Field';
import { HostileText } from '../ui/HostileText';
import { Notice } from '../ui/Notice';
import { Countdown, Time } from '../ui/Time';
import { ActionButtons } from './ActionButtons';
import { PlanFrame } from './PlanScreen';
import { ValueText, Votes, parseAccepted } from './Values';

/** The disputes that the arbiter decides. */
export default function Rule({ address }: { address: Address }) {
  return (
    <PlanFrame address={address} title={({ plan }) => `Rule for plan ${plan.account.planId}`}>
      {(data, now, reload) => <Work data={data} now={now} onDone={reload} />}
    </PlanFrame>
  );
}

type Decision = { verdict: 'none' | 'uphold' | 'value'; value: string; reason: string };

const UNDECIDED: Decision = { verdict: 'none', value: '', reason: '' };

function Work({ data, now, onDone }: { data: PlanData; now: bigint; onDone: () => void }) {
  const me = useWallet().connection?.address;
  const [decisions, setDecisions] = useState<ReadonlyMap<Address, Decision>>(new Map());
  const { open, closed } = disputesOf(data, now);
  const decided = open.flatMap((dispute) => {
    const decision = decisions.get(dispute.attestation.address) ?? UNDECIDED;
    const value = valueOf(dispute, decision);
    if (decision.verdict === 'none' || 'error' in value || decision.reason.trim() === '') return [];
    return [{ dispute, decision, value: value.value }];
  });

  async function build(signer: Address): Promise<ActionRequest> {
    const groups: Instruction[][] = [];
    for (const { dispute, decision, value } of decided) {
      const hash = parseHash(decision.reason) ?? (await sha256(decision.reason));
      groups.push([await instructions.rule(signer, data.plan.address, dispute.attestation, value, hash)]);
    }
    if (groups.length === 0) throw new Fault('input', 'Nothing is decided yet.');
    return {
      verb: plural(groups.length, 'ruling'),
      lines: decided.map(({ dispute: { reading }, value }) => {
        const { kpi, period } = reading;
        const verdict =
          value === null
            ? 'stands as it is'
            : `${plainNumber(value, kpi.decimals)} → ${percent(scoreOf(kpi.curve, value))}`;
        return [`${visible(kpi.name)}, period ${period}`, verdict] as const;
      }),
      transactions: pack(signer, groups),
      done: 'Ruled. The outcome is final.',
    };
  }

  return (
    <>
      {me !== data.plan.arbiter && (
        <Notice tone="warn">
          {data.plan.arbiter === undefined ? (
            'This plan has no arbiter.'
          ) : (
            <>
              Only the arbiter can sign here: <AddressText address={data.plan.arbiter} />
            </>
          )}
        </Notice>
      )}
      {open.length === 0 && <Notice tone="info">No dispute is open.</Notice>}
      {open.map((dispute) => (
        <DisputeCard
          key={dispute.attestation.address}
          data={data}
          dispute={dispute}
          decision={decisions.get(dispute.attestation.address) ?? UNDECIDED}
          onChange={(decision) => setDecisions(new Map(decisions).set(dispute.attestation.address, decision))}
        />
      ))}
      {open.length > 0 && (
        <ActionButtons
          signer={data.plan.arbiter}
          label={`Review ${plural(decided.length, 'ruling')}`}
          disabled={decided.length === 0}
          action={{ title: 'Rule', keys: [`rule/${data.plan.address}`], build, onDone }}
        />
      )}
      {closed.length > 0 && <Closed disputes={closed} />}
    </>
  );
}

/** The value that a decision sets; null if it lets the outcome stand. */
function valueOf(
  { reading: { kpi } }: Dispute,
  { verdict, value }: Decision,
): { value: bigint | null } | { error: string } {
  return verdict === 'value' ? parseAccepted(value, kpi) : { value: null };
}

function DisputeCard({
  data,
  dispute,
  decision,
  onChange,
}: {
  data: PlanData;
  dispute: Dispute;
  decision: Decision;
  onChange: (decision: Decision) => void;
}) {
  const { reading, attestation } = dispute;
  const { kpi, period, votes, outcome, until } = reading;
  const { account } = attestation;
  const by = data.grants.get(account.disputerGrant);
  const set = valueOf(dispute, decision);
  const shown = 'value' in set && set.value !== null ? set.value : outcome.kind === 'value' ? outcome.value : undefined;
  return (
    <article className="card">
      <div className="reading flat">
        <div>
          <h2>
            <HostileText text={kpi.name} />, period {period}
          </h2>
          <Facts
            facts={[
              [
                'Stands',
                outcome.kind === 'silent' ? (
                  `silence, scores ${percent(kpi.defaultScore)}`
                ) : (
                  <ValueText key="v" value={outcome.value} kpi={kpi} />
                ),
              ],
              ['Disputed', <Time key="t" at={account.disputedAt} />],
              [
                'By',
                by === undefined ? <AddressText key="b" address={account.disputer} /> : `grant ${by.account.index}`,
              ],
              ['SHA-256 of the reason', <HashText key="r" hash={hex(account.reasonHash)} what="hash of the reason" />],
              ...(until === undefined ? [] : ([['Rule until', <Countdown key="u" at={until} />]] as const)),
              ['Votes', votes.length === 0 ? 'none' : <Votes key="votes" votes={votes} kpi={kpi} />],
            ]}
          />
        </div>
        <CurveChart {...kpi} value={shown} />
      </div>
      <div className="form">
        <SelectField
          label="Ruling"
          value={decision.verdict}
          onChange={(verdict) => onChange({ ...decision, verdict })}
          options={[
            ['none', 'Not decided'],
            ['uphold', 'What the oracles said stands; the disputing grant may not dispute again'],
            ['value', 'Another value counts'],
          ]}
        />
        {decision.verdict === 'value' && (
          <NumberField
            label="Value that counts"
            kind="signed"
            value={decision.value}
            error={decision.value.trim() !== '' && 'error' in set ? set.error : undefined}
            hint={'value' in set && set.value !== null ? `scores ${percent(scoreOf(kpi.curve, set.value))}` : undefined}
            onChange={(value) => onChange({ ...decision, value })}
          />
        )}
        {decision.verdict !== 'none' && (
          <TextField
            label="Reason"
            value={decision.reason}
            rows={2}
            hint="Publish this text; its SHA-256 goes on the chain. You can also paste the SHA-256 itself."
            onChange={(reason) => onChange({ ...decision, reason })}
          />
        )}
      </div>
    </article>
  );
}

function Closed({ disputes }: { disputes: readonly Dispute[] }) {
  return (
    <section className="card">
      <h2>Decided</h2>
      <ul className="plain">
        {disputes.map(({ attestation, reading }) => (
          <li key={attestation.address}>
            <HostileText text={reading.kpi.name} />, period {reading.period}:{' '}
            {attestation.account.ruling === 0 ? (
              'not ruled in time, stands'
            ) : attestation.account.ruling === 1 ? (
              'upheld'
            ) : (
              <ValueText value={attestation.account.rulingValue} kpi={reading.kpi} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
