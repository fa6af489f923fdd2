// What counts for one KPI in one period, as far as it can be said at a time.
import {
  type Finality,
  type Outcome,
  SILENT,
  atDeadline,
  challengeWindow,
  finality,
  priceAtDeadline,
  priceOf,
  scoreOfOutcome,
} from '../core/quorum';
import {
  type Evaluation,
  type Evaluations,
  type Tally,
  type Vote,
  evaluationFor,
  evaluationKey,
  standingOf,
  tallyOf,
  votesOf,
} from './evaluation';
import { DISPUTE_BARRED, FORFEITED, type Grant, type Results, capOf, covers, has, isPaidBy, paidBy } from './grant';
import { type Kpi, type Plan, isPrice, oracleSet, periodTimes } from './terms';

export type Stage =
  /** The period has not ended. */
  | 'not-due'
  /** The oracles may vote. */
  | 'voting'
  /** A value or a silence stands and can be disputed. */
  | 'challenge'
  /** It is disputed and the arbiter may rule. */
  | 'ruling'
  /** It can no longer change. */
  | 'final';

export type Reading = {
  kpi: Kpi;
  period: number;
  /** Whose value it is; undefined for a shared KPI. */
  grant: Grant | undefined;
  stage: Stage;
  /** When the stage ends if nothing more happens, Unix seconds. */
  until: bigint | undefined;
  /** The value or silence that would count if nothing more happened. */
  outcome: Outcome;
  /** Its score, basis points; 0 of the price, which has none. */
  score: number;
  /** Of the price what counts, the default under silence; undefined of any other KPI. */
  price: bigint | undefined;
  /** Whether a value or a silence stands that was not merely assumed. */
  stands: boolean;
  votes: Vote[];
  threshold: number;
  tally: Tally | undefined;
  /** The account that says so; undefined if there is none. */
  evaluation: Evaluation | undefined;
};

/**
 * Reads KPI `kpi` for `period` at `now`, where it is individual for `grant`. `evaluation` is undefined if there is no
 * account of it.
 */
export function readingAt(
  plan: Plan,
  kpi: Kpi,
  period: number,
  grant: Grant | undefined,
  evaluation: Evaluation | undefined,
  now: bigint,
): Reading {
  const { end, attestDeadline } = periodTimes(plan, period);
  const whose = kpi.scope === 'shared' ? undefined : grant;
  const tally = evaluation && tallyOf(evaluation, whose);
  const standing = tally === undefined ? SILENT : outcomeOf(kpi, tally);
  const at = (time: bigint): Finality => finality(tally ?? {}, standing, attestDeadline, plan.windows, time);
  const now_ = at(now);
  const later = now_.kind === 'final' ? now_ : at(now_.time);
  const outcome = later.kind === 'final' ? later.outcome : SILENT;
  const decided = tally?.resolved !== undefined || now >= attestDeadline;
  const stage: Stage =
    now < end
      ? 'not-due'
      : now_.kind === 'final'
        ? 'final'
        : tally?.disputedAt !== undefined
          ? 'ruling'
          : decided
            ? 'challenge'
            : 'voting';
  const ends: Record<Stage, bigint | undefined> = {
    'not-due': end,
    voting: attestDeadline,
    challenge: now_.kind === 'not-before' ? now_.time : undefined,
    ruling: now_.kind === 'not-before' ? now_.time : undefined,
    final: undefined,
  };
  return {
    kpi,
    period,
    grant: whose,
    stage,
    until: ends[stage],
    outcome,
    score: isPrice(kpi) ? 0 : scoreOfOutcome(outcome, kpi.curve, kpi.defaultScore),
    price: isPrice(kpi) ? priceOf(outcome, kpi.defaultPrice) : undefined,
    stands: decided || tally?.ruling !== undefined,
    votes: evaluation === undefined ? [] : votesOf(plan, evaluation, whose),
    threshold: tally?.threshold ?? oracleSet(plan, period).threshold,
    tally,
    evaluation,
  };
}

/** Whether enough oracles had agreed, one of them on its own grant: then the votes count as they stand when voting ends. */
export function isVoid({ evaluation, grant, tally }: Reading): boolean {
  return tally?.resolved === undefined && (evaluation && standingOf(evaluation, grant))?.resolvedAt !== undefined;
}

/** Reads all KPIs that pay the grant for `period`: of a grant in another unit the price first. */
export function readingsFor(
  plan: Plan,
  grant: Grant,
  period: number,
  evaluations: Evaluations,
  now: bigint,
): Reading[] {
  return paidBy(plan, grant).map((kpi) =>
    readingAt(plan, kpi, period, grant, evaluationFor(evaluations, plan, kpi, period, grant), now),
  );
}

/** The results that readings of all that pays a grant amount to. */
export function resultsOf(plan: Plan, readings: readonly Reading[]): Results {
  const scores = plan.kpis.map((kpi) => readings.find((reading) => reading.kpi.number === kpi.number)?.score ?? 0);
  return { scores, price: readings.find(({ price }) => price !== undefined)?.price };
}

/** The price that stands for the latest period for which one does; undefined if none was reported yet. */
export function lastPrice(plan: Plan, evaluations: Evaluations, now: bigint): bigint | undefined {
  const { price } = plan;
  if (price === undefined) return undefined;
  for (let period = plan.calendar.periodCount - 1; period >= 0; period -= 1) {
    const evaluation = evaluations.get(evaluationKey(plan.address, price.number, period, undefined));
    const reading = evaluation && readingAt(plan, price, period, undefined, evaluation, now);
    if (reading?.stands && reading.outcome.kind === 'value') return reading.price;
  }
  return undefined;
}

/** Whether the grant's next period can be settled at `now`. */
export function isReady(plan: Plan, grant: Grant, evaluations: Evaluations, now: bigint): boolean {
  const { nextPeriod, endPeriod } = grant.account;
  if (nextPeriod >= endPeriod || now < periodTimes(plan, nextPeriod).end) return false;
  return readingsFor(plan, grant, nextPeriod, evaluations, now).every(({ stage }) => stage === 'final');
}

/** What the votes come to when voting is over, before a ruling; what a feed said counts in their place. */
export function outcomeOf(
  kpi: Kpi,
  { resolved, observed, votes, threshold }: Pick<Tally, 'resolved' | 'observed' | 'votes' | 'threshold'>,
): Outcome {
  if (resolved !== undefined) return { kind: 'value', value: resolved.value };
  if (observed !== undefined) return { kind: 'value', value: observed.value };
  if (isPrice(kpi)) return priceAtDeadline(votes, threshold, kpi.defaultPrice);
  return atDeadline(votes, threshold, kpi.curve, kpi.defaultScore);
}

/** Why a value or a silence that was decided at `since` cannot be disputed at `now`; undefined if it can. */
function windowHindrance(
  plan: Plan,
  period: number,
  standing: { since: bigint | undefined; disputedAt: bigint | undefined },
  now: bigint,
): string | undefined {
  if (plan.arbiter === undefined) return 'This plan has no arbiter: there are no disputes.';
  if (standing.disputedAt !== undefined) return 'It is disputed already.';
  const window = challengeWindow(standing.since ?? periodTimes(plan, period).attestDeadline, plan.windows);
  if (now < window.start) return 'There is nothing to dispute yet.';
  return now < window.end ? undefined : 'The challenge window is over.';
}

/** Why `grant` cannot dispute this reading for its beneficiary at `now`; undefined if it can. */
export function disputeHindrance(plan: Plan, grant: Grant, reading: Reading, now: bigint): string | undefined {
  const { period, tally } = reading;
  const late = windowHindrance(plan, period, { since: tally?.resolved?.at, disputedAt: tally?.disputedAt }, now);
  if (late !== undefined) return late;
  if (!covers(grant, period) || period < grant.account.nextPeriod) return 'The period is settled.';
  if (has(grant, DISPUTE_BARRED)) return 'A dispute of this grant was decided against it: it cannot dispute again.';
  if (!isPaidBy(plan, grant, reading.kpi)) return 'This grant is not paid by the value.';
  if (has(grant, FORFEITED) || capOf(grant, period) === 0n) return 'This grant earns nothing from the value.';
  return undefined;
}

/**
 * Whether the authority can dispute this reading at `now`. Together with others it is judged by what is written down,
 * `alone` by what counts: an oracle's vote on its own grant makes the difference.
 */
export function canDispute(plan: Plan, reading: Reading, alone: boolean, now: bigint): boolean {
  const { evaluation, grant, period, tally } = reading;
  const written = evaluation && standingOf(evaluation, grant);
  const since = alone ? tally?.resolved?.at : written?.resolvedAt;
  return windowHindrance(plan, period, { since, disputedAt: written?.disputedAt }, now) === undefined;
}
