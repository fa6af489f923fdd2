import { useState } from 'react';
import type { Address } from '@solana/kit';
import type { Costed } from '../chain/cost';
import { Fault } from '../chain/fault';
import { type Envelope, pack } from '../chain/packing';
import { CurveChart } from '../charts/CurveChart';
import type { ActionRequest, Fact } from '../context/action';
import { useWallet } from '../context/app';
import { scoreOf } from '../core/curve';
import { type Kpi, type Plan, isPrice } from '../domain/terms';
import { rulings } from '../model/deciding';
import { type Dispute, type Disputes, disputesOf } from '../model/due';
import type { PlanData } from '../model/planData';
import { percent, plainNumber } from '../text/amount';
import { plural } from '../text/count';
import { parseHash, sha256 } from '../text/hash';
import { visible } from '../text/hostile';
import { AddressText } from '../ui/AddressText';
import { Facts } from '../ui/Facts';
import { CheckField, NumberField, SelectField, TextField } from '../ui/Field';
import { HostileText } from '../ui/HostileText';
import { Notice } from '../ui/Notice';
import { Paged } from '../ui/Paged';
import { Countdown } from '../ui/Time';
import { ActionButtons } from './ActionButtons';
import { type PageReasons, disputeFacts, lateOn, useReasons } from './disputes';
import { observationFacts } from './feed';
import { PlanFrame } from './PlanFrame';
import { ValueText, Votes, defaultText, parseAccepted, worthText } from './Values';

/** The disputes that the arbiter decides. */
export default function Rule({ address }: { address: Address }) {
  return (
    <PlanFrame address={address} title={(name) => <>Rule for {name}</>}>
      {(data, now, reload) => <Work data={data} now={now} onDone={reload} />}
    </PlanFrame>
  );
}

/** Rulings that are listed one by one before they are signed. */
const LISTED = 12;

/** One ruling for the chosen grants of a page, by their indices, or for an attestation. */
type Decision = { chosen: ReadonlySet<number>; verdict: 'none' | 'uphold' | 'value'; value: string; reason: string };

const UNDECIDED: Decision = { chosen: new Set(), verdict: 'none', value: '', reason: '' };

const indexOf = ({ reading: { grant } }: Dispute) => grant?.account.index;

/** The disputes that a decision is about: where there is only one, that. */
function meant({ disputes }: Disputes, { chosen }: Decision): Dispute[] {
  if (disputes.length === 1) return disputes;
  return disputes.filter((dispute) => chosen.has(indexOf(dispute) ?? -1));
}

function nameOf({ reading: { kpi, period, grant } }: Dispute): string {
  return `${visible(kpi.name)}, period ${period}${grant === undefined ? '' : `, grant ${grant.account.index}`}`;
}

function Work({ data, now, onDone }: { data: PlanData; now: bigint; onDone: () => void }) {
  const me = useWallet().connection?.address;
  const [decisions, setDecisions] = useState<ReadonlyMap<Address, Decision>>(new Map());
  const { open, closed } = disputesOf(data, now);
  const decisionOn = ({ evaluation }: Disputes) => decisions.get(evaluation.address) ?? UNDECIDED;
  const decided = open.flatMap((disputes) => {
    const decision = decisionOn(disputes);
    const value = valueOf(disputes.kpi, decision);
    if (decision.verdict === 'none' || 'error' in value || decision.reason.trim() === '') return [];
    return [{ of: meant(disputes, decision), reason: decision.reason, value: value.value }];
  });
  const count = decided.reduce((sum, { of }) => sum + of.length, 0);

  async function build(envelope: Envelope): Promise<ActionRequest> {
    const groups: Costed[][] = [];
    const lines: Fact[] = [];
    for (const { of, reason, value } of decided) {
      const hash = parseHash(reason) ?? (await sha256(reason));
      for (const rule of await rulings(envelope, data.plan, of, value, hash)) groups.push([rule]);
      for (const dispute of of) {
        const { kpi } = dispute.reading;
        const score = value === null ? '' : worthText(kpi, value);
        const verdict = value === null ? 'stands as it is' : `${plainNumber(value, kpi.decimals)} → ${score}`;
        lines.push([nameOf(dispute), verdict]);
      }
    }
    if (groups.length === 0) throw new Fault('input', 'Nothing is decided yet.');
    const left = lines.length - LISTED;
    return {
      verb: plural(lines.length, 'ruling'),
      lines: [...lines.slice(0, LISTED), ...(left > 0 ? ([['And', plural(left, 'more ruling')]] as const) : [])],
      transactions: pack(envelope, groups),
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
      {open.map((disputes) => (
        <DisputesCard
          plan={data.plan}
          key={disputes.evaluation.address}
          disputes={disputes}
          decision={decisionOn(disputes)}
          onChange={(decision) => setDecisions(new Map(decisions).set(disputes.evaluation.address, decision))}
        />
      ))}
      {open.length > 0 && (
        <ActionButtons
          signer={data.plan.arbiter}
          label={`Review ${plural(count, 'ruling')}`}
          disabled={count === 0}
          action={{ title: 'Rule', keys: [`rule/${data.plan.address}`], build, onDone }}
        />
      )}
      {closed.length > 0 && <Closed disputes={closed.flatMap(({ disputes }) => disputes)} />}
    </>
  );
}

/** The value that a decision sets; null if it lets the outcome stand. */
function valueOf(kpi: Kpi, { verdict, value }: Decision): { value: bigint | null } | { error: string } {
  return verdict === 'value' ? parseAccepted(value, kpi) : { value: null };
}

/** The open disputes of one attestation or page, and one ruling for those that are chosen. */
function DisputesCard({
  plan,
  disputes,
  decision,
  onChange,
}: {
  plan: Plan;
  disputes: Disputes;
  decision: Decision;
  onChange: (decision: Decision) => void;
}) {
  const { evaluation, kpi, period, disputes: all } = disputes;
  const reasons = useReasons(evaluation.kind === 'page' ? evaluation : undefined, true);
  const chosen = meant(disputes, decision);
  const set = valueOf(kpi, decision);
  const outcome = chosen.length === 1 ? chosen[0]?.reading.outcome : undefined;
  const shown =
    'value' in set && set.value !== null ? set.value : outcome?.kind === 'value' ? outcome.value : undefined;
  const choose = (some: readonly Dispute[], on: boolean) => {
    const next = new Set(decision.chosen);
    for (const index of some.flatMap((dispute) => indexOf(dispute) ?? [])) {
      if (on) next.add(index);
      else next.delete(index);
    }
    onChange({ ...decision, chosen: next });
  };
  return (
    <article className="card">
      <div className="reading flat">
        <div>
          <h2>
            <HostileText text={kpi.name} />, period {period}
            {all.length === 1 && all[0]?.reading.grant !== undefined && <>, grant {indexOf(all[0])}</>}
          </h2>
          {all.length === 1 ? (
            <Facts facts={factsOf(plan, all[0]!, reasons)} />
          ) : (
            <>
              <p>{plural(all.length, 'grant is', 'grants are')} disputed. A ruling is for those that are chosen.</p>
              <CheckField
                label={`All ${all.length} grants`}
                checked={chosen.length === all.length}
                onChange={(on) => choose(all, on)}
              />
            </>
          )}
        </div>
        <CurveChart {...kpi} value={shown} />
      </div>
      {all.length > 1 && (
        <Paged items={all} what="disputes" matches={isOfGrant}>
          {(some) =>
            some.map((dispute) => (
              <fieldset key={indexOf(dispute)}>
                <CheckField
                  label={`Grant ${indexOf(dispute)}`}
                  checked={chosen.includes(dispute)}
                  onChange={(on) => choose([dispute], on)}
                />
                <Facts facts={factsOf(plan, dispute, reasons)} />
              </fieldset>
            ))
          }
        </Paged>
      )}
      <div className="form">
        <SelectField
          label={all.length === 1 ? 'Ruling' : `Ruling for ${plural(chosen.length, 'chosen grant')}`}
          value={decision.verdict}
          onChange={(verdict) => onChange({ ...decision, verdict })}
          options={[
            ['none', 'Not decided'],
            ['uphold', 'What the oracles said stands; a grant that disputed may not dispute again'],
            ['value', 'Another value counts'],
          ]}
        />
        {decision.verdict === 'value' && (
          <NumberField
            label="Value that counts"
            kind="signed"
            value={decision.value}
            error={decision.value.trim() !== '' && 'error' in set ? set.error : undefined}
            hint={
              'value' in set && set.value !== null && !isPrice(kpi)
                ? `scores ${percent(scoreOf(kpi.curve, set.value))}`
                : undefined
            }
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

function isOfGrant(dispute: Dispute, search: string): boolean {
  const { grant } = dispute.reading;
  return String(indexOf(dispute)) === search || grant?.account.beneficiary.toLowerCase().includes(search) === true;
}

function factsOf(plan: Plan, dispute: Dispute, reasons: PageReasons): Fact[] {
  const { kpi, votes, outcome, until } = dispute.reading;
  return [
    [
      'Stands',
      outcome.kind === 'silent' ? (
        `silence: ${isPrice(kpi) ? '' : 'scores '}${defaultText(kpi)}`
      ) : (
        <ValueText key="v" value={outcome.value} kpi={kpi} />
      ),
    ],
    ...(dispute.reading.tally?.observed === undefined ? [] : observationFacts(kpi, dispute.reading.tally.observed)),
    ...disputeFacts(dispute, reasons),
    ...(until === undefined ? [] : ([['Rule until', <Countdown key="u" at={until} />]] as const)),
    [
      'Votes',
      votes.length === 0 ? (
        'none'
      ) : (
        <Votes key="votes" plan={plan} votes={votes} kpi={kpi} late={lateOn(dispute.reading, reasons)} />
      ),
    ],
  ];
}

function Closed({ disputes }: { disputes: readonly Dispute[] }) {
  return (
    <section className="card">
      <h2>Decided</h2>
      <Paged items={disputes} what="disputes" matches={isOfGrant}>
        {(shown) => (
          <ul className="plain">
            {shown.map((dispute) => {
              const { kpi, period, grant, tally } = dispute.reading;
              const ruling = tally?.ruling;
              return (
                <li key={`${dispute.evaluation.address}/${indexOf(dispute)}`}>
                  <HostileText text={kpi.name} />, period {period}
                  {grant !== undefined && <>, grant {grant.account.index}</>}:{' '}
                  {ruling === undefined ? (
                    'not ruled in time, stands'
                  ) : ruling.kind === 'uphold' ? (
                    'upheld'
                  ) : (
                    <ValueText value={ruling.value} kpi={kpi} />
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </Paged>
    </section>
  );
}
