import { useState } from 'react';
import * as instructions from '../chain/instructions';
import { newSize } from '../chain/read';
import { CurveChart } from '../charts/CurveChart';
import { type Fact, useAction } from '../context/action';
import { useApp } from '../context/app';
import { pageFor } from '../domain/evaluation';
import { pageGrants } from '../domain/page';
import { type Reading, disputeHindrance } from '../domain/reading';
import { type Plan, isPrice } from '../domain/terms';
import type { GrantData } from '../model/planData';
import type { Settled } from '../model/record';
import { percent } from '../text/amount';
import { plural } from '../text/count';
import { hex, parseHash, sha256, short } from '../text/hash';
import { visible } from '../text/hostile';
import { Dialog } from '../ui/Dialog';
import { Facts } from '../ui/Facts';
import { TextField } from '../ui/Field';
import { HostileText } from '../ui/HostileText';
import { Countdown, Time } from '../ui/Time';
import { disputeFacts, lateOn, useReasons } from './disputes';
import { ObserveButton } from './ObserveButton';
import { observationFacts } from './feed';
import { RubricText } from './plan/RubricText';
import { ValueText, Votes, defaultText } from './Values';

type Props = {
  data: GrantData;
  reading: Reading;
  /** What the settlement recorded; undefined for a period that is not settled. */
  recorded: Settled | undefined;
  now: bigint;
  mine: boolean;
  onDone: () => void;
};

/** One KPI of one period: its curve with the value on it, who reported it, and until when it can be disputed. */
export function KpiReading({ data, reading, recorded, now, mine, onDone }: Props) {
  const { kpi, period, stage, outcome, stands, evaluation } = reading;
  const isSettled = reading.period < data.grant.account.nextPeriod;
  if (isSettled && evaluation === undefined) return <ClosedReading reading={reading} recorded={recorded} />;
  const value = stands && outcome.kind === 'value' ? outcome.value : undefined;
  return (
    <article className="reading">
      <div>
        <h4>
          <HostileText text={kpi.name} />
        </h4>
        <p className="score">
          {stands ? (
            <>
              {value === undefined ? 'Nobody reported' : <ValueText value={value} kpi={kpi} />}
              <Counts reading={reading} />
            </>
          ) : (
            <span className="muted">{stage === 'not-due' ? 'The period has not ended' : 'No value yet'}</span>
          )}
        </p>
        <Measured plan={data.plan} reading={reading} />
        <RubricText plan={data.plan} kpi={kpi} />
        {stands && stage !== 'not-due' && mine && (
          <DisputeButton data={data} reading={reading} now={now} onDone={onDone} />
        )}
        <ObserveButton {...{ plan: data.plan, kpi, period, evaluation, now, onDone }} />
      </div>
      {!isPrice(kpi) && <CurveChart {...kpi} value={value} />}
    </article>
  );
}

/** What a value or a silence makes: its score, or of the price what counts if nobody reported. */
function Counts({ reading: { kpi, outcome, score, price } }: { reading: Reading }) {
  if (price === undefined) {
    return (
      <>
        {' → '}
        <strong>{percent(score)}</strong>
      </>
    );
  }
  return outcome.kind === 'value' ? null : (
    <>
      {' → '}
      <strong>
        <ValueText value={price} kpi={kpi} />
      </strong>
    </>
  );
}

/** A KPI of a settled period without an account any more: nobody reported, or it was closed since. */
function ClosedReading({ reading: { kpi }, recorded }: { reading: Reading; recorded: Settled | undefined }) {
  const price = isPrice(kpi) ? recorded?.price : undefined;
  const score = isPrice(kpi) ? undefined : recorded?.scores[kpi.number];
  return (
    <article className="reading">
      <div>
        <h4>
          <HostileText text={kpi.name} />
        </h4>
        <p className="score">
          {price !== undefined ? (
            <>
              Counted <ValueText value={price} kpi={kpi} />
            </>
          ) : score === undefined ? (
            <span className="muted">Settled</span>
          ) : (
            <>
              Scored <strong>{percent(score)}</strong>
            </>
          )}
        </p>
        <p className="hint">
          The account of the value no longer exists: it was closed after the settlement, or nobody reported. The plan’s
          statement has the value.
        </p>
      </div>
      {!isPrice(kpi) && <CurveChart {...kpi} />}
    </article>
  );
}

function Measured({ plan, reading }: { plan: Plan; reading: Reading }) {
  const { kpi, stage, until, votes, threshold, tally, evaluation, stands } = reading;
  const isDisputed = tally?.disputedAt !== undefined;
  // Whether a vote that is not the agreed one was changed to it later only events say.
  const differs = votes.some(({ idle }) => idle === 'differs');
  const reasons = useReasons(evaluation?.kind === 'page' && (isDisputed || differs) ? evaluation : undefined, differs);
  const late = lateOn(reading, reasons);
  const facts: Fact[] = [];
  if (votes.length > 0) {
    facts.push([
      `Attested by (${plural(threshold, 'decides', 'decide')})`,
      <Votes key="votes" plan={plan} votes={votes} kpi={kpi} late={late} />,
    ]);
  }
  if (tally?.resolved !== undefined) facts.push(['Agreed', <Time key="at" at={tally.resolved.at} />]);
  if (tally?.observed !== undefined) facts.push(...observationFacts(kpi, tally.observed));
  if (!stands) facts.push([isPrice(kpi) ? 'Price if nobody reports' : 'Score if nobody reports', defaultText(kpi)]);
  if (evaluation !== undefined && tally?.disputedAt !== undefined) {
    const dispute = { evaluation, reading, disputedAt: tally.disputedAt };
    facts.push(...disputeFacts(dispute, reasons));
  }
  if (tally?.ruling !== undefined) {
    const { ruling } = tally;
    facts.push(['Ruled', ruling.kind === 'uphold' ? 'upheld' : <ValueText key="r" value={ruling.value} kpi={kpi} />]);
  }
  const deadline = {
    'not-due': 'Voting begins',
    voting: 'Voting until',
    challenge: 'Dispute until',
    ruling: 'Ruling until',
    final: '',
  }[stage];
  if (until !== undefined) facts.push([deadline, <Countdown key="u" at={until} />]);
  if (stage === 'final') facts.push(['Final', 'it can no longer change']);
  return <Facts facts={facts} />;
}

function DisputeButton({ data, reading, now, onDone }: Omit<Props, 'mine' | 'recorded'>) {
  const [open, setOpen] = useState(false);
  const hindrance = disputeHindrance(data.plan, data.grant, reading, now);
  if (hindrance !== undefined) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Dispute
      </button>
      {open && <DisputeDialog data={data} reading={reading} onDone={onDone} onClose={() => setOpen(false)} />}
    </>
  );
}

function DisputeDialog({
  data,
  reading,
  onDone,
  onClose,
}: Omit<Props, 'mine' | 'now' | 'recorded'> & { onClose: () => void }) {
  const { chain } = useApp();
  const { start } = useAction();
  const [reason, setReason] = useState('');
  const { plan, grant } = data;
  const { kpi, period, evaluation } = reading;
  const { index } = grant.account;
  const page = pageFor(kpi, index);
  const grants = page === undefined ? undefined : pageGrants([index]);

  function dispute() {
    onClose();
    start({
      title: 'Dispute',
      keys: [`dispute/${grant.address}/${kpi.number}/${period}`],
      onDone,
      async build({ payer: signer }) {
        const hash = parseHash(reason) ?? (await sha256(reason));
        return {
          verb: 'Dispute',
          lines: [
            ['KPI', visible(kpi.name)],
            ['Period', String(period)],
            ['SHA-256 of your reason', <code key="h">{short(hex(hash))}</code>],
            ['Who decides', `the arbiter ${short(plan.arbiter ?? '')}`],
            ['If it is decided against you', 'this grant cannot dispute again in this plan'],
          ],
          transactions: [
            [
              await instructions.dispute(
                signer,
                plan.address,
                { kpi: kpi.number, period, grants },
                grant.address,
                hash,
              ),
            ],
          ],
          rent: evaluation === undefined ? await chain.rent(newSize(plan, period, page)) : 0n,
          done: 'Disputed. The arbiter can rule now; if it does not, the value stands.',
        };
      },
    });
  }

  return (
    <Dialog title="Dispute this value" onClose={onClose}>
      <p>
        Write down why, and publish the same text where the arbiter will find it. Only its SHA-256 goes on the chain: it
        proves that the text was not changed later.
      </p>
      <TextField label="Your reason (or the SHA-256 of it)" value={reason} onChange={setReason} rows={5} />
      <p className="actions">
        <button type="button" className="button primary" disabled={reason.trim() === ''} onClick={dispute}>
          Review
        </button>
      </p>
    </Dialog>
  );
}
