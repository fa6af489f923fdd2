// What counts for one KPI in one period, as far as it can be said at a time.
import type { Address, ReadonlyUint8Array } from '@solana/kit';
import {
  type Evaluation,
  type Finality,
  type Outcome,
  type Votes,
  SILENT,
  atDeadline,
  challengeWindow,
  finality,
  scoreOfOutcome,
} from '../core/quorum';
import type { Attestation as AttestationAccount } from '../generated/accounts/attestation';
import { DISPUTE_BARRED, FORFEITED, type Grant, covers, has, trancheOf } from './grant';
import { type Kpi, NO_KEY, type Plan, oracleSet, periodTimes } from './terms';

export type Attestation = { address: Address; account: AttestationAccount };

/** Attestations by KPI, period and subject. */
export type Attestations = ReadonlyMap<string, Attestation>;

export function attestationKey(kpi: number, period: number, subject: Address): string {
  return `${kpi}/${period}/${subject}`;
}

export function keyOf({ account }: Attestation): string {
  return attestationKey(account.kpi, account.period, account.subject);
}

/** Whom a KPI's value is about: the plan for a shared one, the grant for an individual one. */
export function subjectOf(plan: Plan, kpi: Kpi, grant: Address): Address {
  return kpi.scope === 'shared' ? plan.address : grant;
}

/** One oracle's vote. */
export type Vote = { oracle: Address; value: bigint; evidence: ReadonlyUint8Array };

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
  subject: Address;
  stage: Stage;
  /** When the stage ends if nothing more happens, Unix seconds. */
  until: bigint | undefined;
  /** The value or silence that would count if nothing more happened. */
  outcome: Outcome;
  /** Its score, basis points. */
  score: number;
  /** Whether a value or a silence stands that was not merely assumed. */
  stands: boolean;
  votes: Vote[];
  threshold: number;
  attestation: Attestation | undefined;
};

/** Reads KPI `kpi` for `period` at `now`; `attestation` is undefined if its account does not exist. */
export function readingAt(
  plan: Plan,
  kpi: Kpi,
  period: number,
  subject: Address,
  attestation: Attestation | undefined,
  now: bigint,
): Reading {
  const { end, attestDeadline } = periodTimes(plan, period);
  const account = attestation?.account;
  const evaluation = account === undefined ? {} : evaluationOf(account);
  const standing = account === undefined ? SILENT : deadlineOutcome(kpi, account);
  const at = (time: bigint): Finality => finality(evaluation, standing, attestDeadline, plan.windows, time);
  const now_ = at(now);
  const later = now_.kind === 'final' ? now_ : at(now_.time);
  const outcome = later.kind === 'final' ? later.outcome : SILENT;
  const decided = evaluation.resolved !== undefined || now >= attestDeadline;
  const stage: Stage =
    now < end
      ? 'not-due'
      : now_.kind === 'final'
        ? 'final'
        : evaluation.disputedAt !== undefined
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
    subject,
    stage,
    until: ends[stage],
    outcome,
    score: scoreOfOutcome(outcome, kpi.curve, kpi.defaultScore),
    stands: decided || evaluation.ruling !== undefined,
    votes: account === undefined ? [] : votesOf(plan, account),
    threshold: account?.threshold ?? oracleSet(plan, period).threshold,
    attestation,
  };
}

/** Reads all KPIs on which the grant has weight for `period`. */
export function readingsFor(
  plan: Plan,
  grant: Grant,
  period: number,
  attestations: Attestations,
  now: bigint,
): Reading[] {
  return plan.kpis
    .filter((kpi) => (grant.account.kpiWeights[kpi.number] ?? 0) > 0)
    .map((kpi) => {
      const subject = subjectOf(plan, kpi, grant.address);
      const attestation = attestations.get(attestationKey(kpi.number, period, subject));
      return readingAt(plan, kpi, period, subject, attestation, now);
    });
}

/** Scores by KPI number. */
export function scoresOf(plan: Plan, readings: readonly Reading[]): number[] {
  return plan.kpis.map((kpi) => readings.find((reading) => reading.kpi.number === kpi.number)?.score ?? 0);
}

/** Whether the grant's next period can be settled at `now`. */
export function isReady(plan: Plan, grant: Grant, attestations: Attestations, now: bigint): boolean {
  const { nextPeriod, endPeriod } = grant.account;
  if (nextPeriod >= endPeriod || now < periodTimes(plan, nextPeriod).end) return false;
  return readingsFor(plan, grant, nextPeriod, attestations, now).every(({ stage }) => stage === 'final');
}

function evaluationOf(account: AttestationAccount): Evaluation {
  return {
    resolved: account.resolved === 0 ? undefined : { value: account.resolvedValue, at: account.resolvedAt },
    disputedAt: account.disputedAt === 0n ? undefined : account.disputedAt,
    ruling:
      account.ruling === 0
        ? undefined
        : account.ruling === 1
          ? { kind: 'uphold' }
          : { kind: 'value', value: account.rulingValue },
  };
}

function deadlineOutcome(kpi: Kpi, account: AttestationAccount): Outcome {
  if (account.resolved !== 0) return { kind: 'value', value: account.resolvedValue };
  return atDeadline(rawVotes(account), account.threshold, kpi.curve, kpi.defaultScore);
}

function rawVotes(account: AttestationAccount): Votes {
  return account.values
    .slice(0, account.oracleCount)
    .map((value, position) => ((account.voted & (1 << position)) === 0 ? undefined : value));
}

function votesOf(plan: Plan, account: AttestationAccount): Vote[] {
  // Once a change of oracles is over, the plan no longer says who was in the set before.
  const set = oracleSet(plan, account.period);
  const keys = set.firstPeriod <= account.period ? set.keys : [];
  return rawVotes(account).flatMap((value, position) => {
    const evidence = account.evidence[position];
    if (value === undefined || evidence === undefined) return [];
    return [{ oracle: keys[position] ?? NO_KEY, value, evidence }];
  });
}

/** Why `grant` cannot dispute this reading for its beneficiary at `now`; undefined if it can. */
export function disputeHindrance(plan: Plan, grant: Grant, reading: Reading, now: bigint): string | undefined {
  const { period, attestation } = reading;
  if (plan.arbiter === undefined) return 'This plan has no arbiter: there are no disputes.';
  if ((attestation?.account.disputedAt ?? 0n) !== 0n) return 'It is disputed already.';
  const resolvedAt = attestation?.account.resolved ? attestation.account.resolvedAt : undefined;
  const window = challengeWindow(resolvedAt ?? periodTimes(plan, period).attestDeadline, plan.windows);
  if (now < window.start) return 'There is nothing to dispute yet.';
  if (now >= window.end) return 'The challenge window is over.';
  if (!covers(grant, period) || period < grant.account.nextPeriod) return 'The period is settled.';
  if (has(grant, DISPUTE_BARRED)) return 'A dispute of this grant was decided against it: it cannot dispute again.';
  if (has(grant, FORFEITED) || trancheOf(grant, period) === 0n) return 'This grant earns nothing from the value.';
  return undefined;
}
