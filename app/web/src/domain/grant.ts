// What a grant is, owes and will owe, at any time, by the program's own arithmetic.
import type { Address } from '@solana/kit';
import { boundary, periodAt, settleDeadline } from '../core/calendar';
import { creditOf, kpiCredit, maxCredit } from '../core/credit';
import { vested } from '../core/release';
import { type Settlement, cut, reserve, settle, tranche, unsettled } from '../core/tranche';
import * as unit from '../core/unit';
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

/** Whether the grant is in the plan's unit of account. */
export function isInUnits(grant: Grant): boolean {
  return grant.account.unitAllocation > 0n;
}

/** The KPIs whose results a settlement takes, in that order: of a grant in another unit the price, then those with weight. */
export function paidBy(plan: Plan, grant: Grant): Kpi[] {
  const weighted = plan.kpis.filter((kpi) => hasWeight(grant, kpi));
  return plan.price !== undefined && isInUnits(grant) ? [plan.price, ...weighted] : weighted;
}

/** Whether the KPI decides what the grant earns: by its weight, or as the price of a grant in another unit. */
export function isPaidBy(plan: Plan, grant: Grant, kpi: Kpi): boolean {
  return paidBy(plan, grant).some(({ number }) => number === kpi.number);
}

/**
 * The part of the allocation that belongs to `period`, base units: the tranche, or of a grant in another unit the most
 * that it can be.
 */
export function capOf(grant: Grant, period: number): bigint {
  return partOf(grant, grant.account.allocation, grant.account.cutCap, period);
}

/** The part of the unit allocation that belongs to `period`, in the smallest part of the unit. */
export function unitsOf(grant: Grant, period: number): bigint {
  return partOf(grant, grant.account.unitAllocation, grant.account.cutUnits, period);
}

function partOf({ account }: Grant, all: bigint, cutPart: bigint, period: number): bigint {
  if (account.termination !== 0 && period + 1 === account.endPeriod) return cutPart;
  return tranche(all, period - account.firstPeriod, account.periods);
}

/** What a share of a period is: units, price and cap, and what of it the cap cuts off. Base units unless said otherwise. */
export type Share = {
  /** What full scores pay. */
  tranche: bigint;
  cap: bigint;
  /** In the smallest part of the unit; undefined of a grant in tokens, as all that follows. */
  units: bigint | undefined;
  price: bigint | undefined;
  /** What the units are worth beyond the cap, which is lost; none where even that is more than an amount can be. */
  cutOff: bigint | undefined;
  isCut: boolean;
  /** The lowest price at which the cap pays the units in full; undefined if no price is high enough. */
  lowestPrice: bigint | undefined;
};

/** The grant's share of `period`; of a grant in another unit at `price`. */
export function shareOf(plan: Plan, grant: Grant, period: number, price: bigint | undefined): Share {
  const cap = capOf(grant, period);
  if (!isInUnits(grant) || plan.unit === undefined || price === undefined) {
    const none = { units: undefined, price: undefined, cutOff: undefined, isCut: false, lowestPrice: undefined };
    return { tranche: cap, cap, ...none };
  }
  const { exponent } = plan.unit;
  const units = unitsOf(grant, period);
  const worth = unit.worth(units, price, exponent);
  const isCut = worth === undefined || worth > cap;
  return {
    tranche: unit.capped(cap, units, price, exponent),
    cap,
    units,
    price,
    cutOff: worth === undefined ? undefined : isCut ? worth - cap : 0n,
    isCut,
    lowestPrice: unit.lowestPrice(cap, units, exponent),
  };
}

/** What full scores pay for `period`, base units; of a grant in another unit at `price`. */
export function trancheOf(plan: Plan, grant: Grant, period: number, price: bigint | undefined): bigint {
  return shareOf(plan, grant, period, price).tranche;
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

/** What was measured for a period, as its settlement takes it. */
export type Results = {
  /** By KPI, basis points. */
  scores: readonly number[];
  /** Of a grant in another unit the price; undefined of one in tokens. */
  price: bigint | undefined;
};

/** The grant after its next period was settled by these results. */
export function settled(
  plan: Plan,
  grant: Grant,
  { scores, price }: Results,
): { grant: Grant; settlement: Settlement } {
  const { account } = grant;
  const period = account.nextPeriod;
  const amount = trancheOf(plan, grant, period, price);
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

/** What the grant will earn from its next period on, if the results of each period are as `results` says. */
export function project(plan: Plan, grant: Grant, results: (period: number) => Results): Projected[] {
  const projection: Projected[] = [];
  let current = grant;
  while (current.account.nextPeriod < current.account.endPeriod) {
    const period = current.account.nextPeriod;
    const { grant: after, settlement } = settled(plan, current, results(period));
    projection.push({ period, tranche: after.account.lastTranche, settlement });
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
  /** The served part of the running share that stays, base units; of a grant in another unit of its cap. */
  kept: bigint;
  /** The same in the unit of account, its smallest part; 0 of a grant in tokens. */
  keptUnits: bigint;
  /** What of the allocation can no longer be earned, base units. */
  cancelled: bigint;
};

export function ending(plan: Plan, grant: Grant, now: bigint): Ending | undefined {
  const { account } = grant;
  if (account.termination !== 0 || now >= boundary(plan.calendar, account.endPeriod)) return undefined;
  const running = Math.max(periodAt(plan.calendar, now) ?? 0, account.firstPeriod);
  const start = boundary(plan.calendar, running);
  const length = boundary(plan.calendar, running + 1) - start;
  const served = (whole: bigint) => (now > start ? cut(whole, now - start, length) : 0n);
  const [kept, keptUnits] = [served(capOf(grant, running)), served(unitsOf(grant, running))];
  const left = unsettled(account.allocation, running - account.firstPeriod, account.periods);
  return { forfeits: now < cliffTime(plan, grant), kept, keptUnits, cancelled: left - kept };
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
