// What a grant is, owes and will owe, at any time, by the program's own arithmetic.
import type { Address } from '@solana/kit';
import { boundary, periodAt, settleDeadline } from '../core/calendar';
import { creditOf, kpiCredit, maxCredit } from '../core/credit';
import { vested } from '../core/release';
import { type Settlement, cut, reserve, settle, tranche, unsettled } from '../core/tranche';
import type { Grant as GrantAccount } from '../generated/accounts/grant';
import { MAX_KPIS } from '../generated/constants';
import { type Kpi, type Plan, bestScore } from './terms';

export const REVOCABLE = 1;
export const TRANSFERABLE = 2;
export const CLAIM_LOCKED = 4;
export const FORFEITED = 8;
export const DISPUTE_BARRED = 16;

export const TERMINATED = 1;

export type Grant = { address: Address; account: GrantAccount };

export function has(grant: Grant, flag: number): boolean {
  return (grant.account.flags & flag) === flag;
}

export function covers(grant: Grant, period: number): boolean {
  return grant.account.firstPeriod <= period && period < grant.account.endPeriod;
}

export function hasWeight(grant: Grant, kpi: Kpi): boolean {
  return (grant.account.kpiWeights[kpi.number] ?? 0) > 0;
}

/** The time before which nothing is vested, Unix seconds. */
export function cliffTime(plan: Plan, grant: Grant): bigint {
  return boundary(plan.calendar, grant.account.firstPeriod + grant.account.cliffPeriods);
}

/** The part of the allocation that belongs to `period`, base units. */
export function trancheOf(grant: Grant, period: number): bigint {
  const { account } = grant;
  if (account.termination !== 0 && period + 1 === account.endPeriod) return account.cutTranche;
  return tranche(account.allocation, period - account.firstPeriod, account.periods);
}

/** Amounts of a grant at one time, base units. */
export type Amounts = {
  allocation: bigint;
  /** What the settled periods earned, without bonuses. */
  earned: bigint;
  bonus: bigint;
  vested: bigint;
  claimed: bigint;
  claimable: bigint;
};

export function amountsAt(plan: Plan, grant: Grant, now: bigint): Amounts {
  const { allocation, earned, bonus, claimed } = grant.account;
  const all = vestedAt(plan, grant, now);
  return { allocation, earned, bonus, vested: all, claimed, claimable: all - claimed };
}

function vestedAt(plan: Plan, grant: Grant, now: bigint): bigint {
  const { account } = grant;
  if (has(grant, FORFEITED)) return 0n;
  const streams = plan.release === 'linear' && account.nextPeriod > account.firstPeriod;
  const window = streams
    ? { start: boundary(plan.calendar, account.nextPeriod), end: boundary(plan.calendar, account.nextPeriod + 1) }
    : { start: 0n, end: 0n };
  return vested(plan.release, account, window, cliffTime(plan, grant), now);
}

/** What the vault owes to the grant, base units. */
export function owed(grant: Grant): bigint {
  const { earned, bonus, claimed } = grant.account;
  return has(grant, FORFEITED) ? 0n : earned + bonus - claimed;
}

/** The grant after its next period was settled by `scores` (basis points by KPI). */
export function settled(plan: Plan, grant: Grant, scores: readonly number[]): { grant: Grant; settlement: Settlement } {
  const { account } = grant;
  const period = account.nextPeriod;
  const amount = trancheOf(grant, period);
  const forResults = kpiCredit(plan.combination, account.timeWeight, account.kpiWeights, padded(scores));
  const credit = creditOf(account.timeWeight, forResults);
  const last = period + 1 === account.endPeriod;
  const settlement = settle(amount, account.carry, credit, forResults, plan.unearned, last);
  const after: GrantAccount = {
    ...account,
    earned: account.earned + settlement.earned,
    carry: settlement.carry,
    lastEarned: settlement.earned,
    lastTranche: amount,
    lastKpiAmount: settlement.kpiAmount,
    nextPeriod: period + 1,
  };
  return { grant: { ...grant, account: after }, settlement };
}

function padded(scores: readonly number[]): number[] {
  return Array.from({ length: MAX_KPIS }, (_, index) => scores[index] ?? 0);
}

export type Projected = { period: number; tranche: bigint; settlement: Settlement };

/** What the grant will earn from its next period on, if its KPIs score as `scores` says for each period. */
export function project(plan: Plan, grant: Grant, scores: (period: number) => readonly number[]): Projected[] {
  const projection: Projected[] = [];
  let current = grant;
  while (current.account.nextPeriod < current.account.endPeriod) {
    const period = current.account.nextPeriod;
    const amount = trancheOf(current, period);
    const { grant: after, settlement } = settled(plan, current, scores(period));
    projection.push({ period, tranche: amount, settlement });
    current = after;
  }
  return projection;
}

/** What a new grant would hold back of the vault's surplus, base units: the most that it can earn. */
export function reserveFor(plan: Plan, allocation: bigint, timeWeight: number, kpiWeights: readonly number[]): bigint {
  const best = plan.kpis.map(bestScore);
  const weights = best.map((_, index) => kpiWeights[index] ?? 0);
  return reserve(allocation, maxCredit(plan.combination, timeWeight, weights, best), 0n);
}

/** What ending the grant at `now` would do: nothing for one that cannot be ended any more. */
export type Ending = {
  /** Whether all that was earned would be lost, because the cliff is not reached. */
  forfeits: boolean;
  /** The served part of the running tranche that stays, base units. */
  kept: bigint;
  /** What of the allocation can no longer be earned, base units. */
  cancelled: bigint;
};

export function ending(plan: Plan, grant: Grant, now: bigint): Ending | undefined {
  const { account } = grant;
  if (account.termination !== 0 || now >= boundary(plan.calendar, account.endPeriod)) return undefined;
  const running = Math.max(periodAt(plan.calendar, now) ?? 0, account.firstPeriod);
  const start = boundary(plan.calendar, running);
  const whole = trancheOf(grant, running);
  const kept = now > start ? cut(whole, now - start, boundary(plan.calendar, running + 1) - start) : 0n;
  const left = unsettled(account.allocation, running - account.firstPeriod, account.periods);
  return { forfeits: now < cliffTime(plan, grant), kept, cancelled: left - kept };
}

/** The next time at which something can happen for this grant, and what. */
export type NextDate = { time: bigint; what: 'starts' | 'cliff' | 'period-ends' | 'settles-by' | 'ready' | 'over' };

export function nextDate(plan: Plan, grant: Grant, now: bigint): NextDate {
  const { account } = grant;
  const start = boundary(plan.calendar, account.firstPeriod);
  if (now < start) return { time: start, what: 'starts' };
  const cliff = cliffTime(plan, grant);
  if (account.nextPeriod >= account.endPeriod) {
    return now < cliff
      ? { time: cliff, what: 'cliff' }
      : { time: boundary(plan.calendar, account.endPeriod), what: 'over' };
  }
  const end = boundary(plan.calendar, account.nextPeriod + 1);
  if (now < end) return { time: end, what: 'period-ends' };
  const deadline = settleDeadline(plan.windows, end);
  return { time: deadline, what: now < deadline ? 'settles-by' : 'ready' };
}
