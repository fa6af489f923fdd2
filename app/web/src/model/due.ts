// What the people of a plan have to do, and by when.
import type { Address } from '@solana/kit';
import { type Evaluation, evaluationFor, evaluationKey, standingOf } from '../domain/evaluation';
import { type Grant, covers, isPaidBy } from '../domain/grant';
import { place } from '../domain/page';
import { type Reading, canDispute, readingAt } from '../domain/reading';
import { type Kpi, oracleSet, periodTimes } from '../domain/terms';
import type { PlanData } from './planData';

/** Periods whose votes are accepted at `now`. */
export function votingPeriods({ plan }: PlanData, now: bigint): number[] {
  return periodsBetween(plan, (times) => [times.end, times.attestDeadline], now);
}

/** Periods with an unsettled grant in whose span `now` lies. */
function periodsBetween(
  plan: PlanData['plan'],
  span: (times: ReturnType<typeof periodTimes>) => readonly [from: bigint, until: bigint],
  now: bigint,
): number[] {
  const periods: number[] = [];
  for (let period = 0; period < plan.calendar.periodCount; period += 1) {
    const [from, until] = span(periodTimes(plan, period));
    if (from <= now && now < until && (plan.account.unsettledGrants[period] ?? 0) > 0) periods.push(period);
  }
  return periods;
}

/** A value that an oracle may report now. */
export type Task = {
  reading: Reading;
  /** What this oracle reported already. */
  voted: bigint | undefined;
};

/** What an oracle may report of one KPI for one period: one value, or one for each of several grants. */
export type Tasks = { kpi: Kpi; period: number; tasks: Task[] };

/** What `oracle` may vote on at `now`, so that it counts: votes can be changed until the value is resolved. */
export function tasksOf(data: PlanData, oracle: Address, now: bigint): Tasks[] {
  const { plan } = data;
  return votingPeriods(data, now)
    .filter((period) => oracleSet(plan, period).keys.includes(oracle))
    .flatMap((period) =>
      plan.kpis.map((kpi): Tasks => {
        // An oracle's vote on its own pay does not count.
        const tasks = readingsOf(data, kpi, period, now)
          .filter(({ grant }) => grant?.account.beneficiary !== oracle)
          .map((reading) => ({ reading, voted: reading.votes.find((vote) => vote.oracle === oracle)?.value }));
        return { kpi, period, tasks: tasks.filter(canMatter) };
      }),
    )
    .filter(({ tasks }) => tasks.length > 0);
}

/** Whether a vote can change what counts: nothing does once enough oracles have agreed. */
function canMatter({ reading: { tally } }: Task): boolean {
  return tally?.resolved === undefined;
}

/** The KPI's value for the period, or its values for the grants that have not settled it. */
function readingsOf({ plan, grants, evaluations }: PlanData, kpi: Kpi, period: number, now: bigint): Reading[] {
  const weighted = [...grants.values()].filter(
    (grant) => isPaidBy(plan, grant, kpi) && covers(grant, period) && period >= grant.account.nextPeriod,
  );
  const concerned = kpi.scope === 'shared' ? weighted.slice(0, 1) : weighted;
  return concerned.map((grant) =>
    readingAt(plan, kpi, period, grant, evaluationFor(evaluations, plan, kpi, period, grant), now),
  );
}

/** The values and silences that the plan's authority may dispute at `now`. */
export function disputable(data: PlanData, now: bigint): Reading[] {
  const { plan } = data;
  if (plan.arbiter === undefined) return [];
  return periodsBetween(plan, ({ end, settleDeadline }) => [end, settleDeadline], now)
    .flatMap((period) => plan.kpis.flatMap((kpi) => readingsOf(data, kpi, period, now)))
    .filter((reading) => canDispute(plan, reading, false, now) || canDispute(plan, reading, true, now));
}

/** A dispute of the value of a shared KPI, or of the one for a grant. */
export type Dispute = { evaluation: Evaluation; reading: Reading; disputedAt: bigint };

/** The disputes that one attestation or page holds. */
export type Disputes = { evaluation: Evaluation; kpi: Kpi; period: number; disputes: Dispute[] };

/** Disputes on which the arbiter may rule at `now`, and those that are over. */
export function disputesOf(
  { plan, grants, evaluations }: PlanData,
  now: bigint,
): { open: Disputes[]; closed: Disputes[] } {
  const byPage = new Map<number, Grant[]>();
  for (const grant of grants.values()) {
    const { page } = place(grant.account.index);
    const others = byPage.get(page);
    if (others === undefined) byPage.set(page, [grant]);
    else others.push(grant);
  }
  const all = [...evaluations.values()].flatMap((evaluation): Disputes[] => {
    const { period } = evaluation.account;
    const kpi = plan.kpis[evaluation.account.kpi];
    if (kpi === undefined) return [];
    const concerned = evaluation.kind === 'attestation' ? [undefined] : (byPage.get(evaluation.account.page) ?? []);
    const disputes = concerned.flatMap((grant): Dispute[] => {
      const disputedAt = standingOf(evaluation, grant)?.disputedAt;
      if (disputedAt === undefined) return [];
      return [{ evaluation, disputedAt, reading: readingAt(plan, kpi, period, grant, evaluation, now) }];
    });
    return [{ evaluation, kpi, period, disputes }];
  });
  const until = BigInt(plan.windows.rulingSecs);
  const isOpen = ({ reading: { tally }, disputedAt }: Dispute) =>
    tally?.ruling === undefined && now < disputedAt + until;
  const only = (wanted: (dispute: Dispute) => boolean) =>
    all
      .map((each) => ({ ...each, disputes: each.disputes.filter(wanted) }))
      .filter(({ disputes }) => disputes.length > 0);
  return { open: only(isOpen), closed: only((dispute) => !isOpen(dispute)) };
}

/** Something that was reported or disputed, of which there is an account. */
export type Value = { evaluation: Evaluation; kpi: Kpi; period: number; grant: Grant | undefined };

/** Every value that has an account, the newest period first. */
export function valuesOf({ plan, grants, evaluations }: PlanData): Value[] {
  const values: Value[] = [];
  for (let period = plan.calendar.periodCount - 1; period >= 0; period -= 1) {
    for (const kpi of plan.kpis) {
      if (kpi.scope === 'shared') {
        const evaluation = evaluations.get(evaluationKey(plan.address, kpi.number, period, undefined));
        if (evaluation !== undefined) values.push({ evaluation, kpi, period, grant: undefined });
        continue;
      }
      for (const grant of grants.values()) {
        const evaluation = evaluationFor(evaluations, plan, kpi, period, grant);
        if (evaluation?.kind !== 'page') continue;
        const { slot } = place(grant.account.index);
        const isVoted = evaluation.ballots.some(({ values: cast }) => cast[slot] !== undefined);
        if (isVoted || evaluation.entries[slot]?.disputedAt !== undefined) {
          values.push({ evaluation, kpi, period, grant });
        }
      }
    }
  }
  return values;
}
