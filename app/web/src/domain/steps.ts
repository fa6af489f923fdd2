// What anybody can do for a grant now: settle its next period, or collect its bonus of the last one.
import { bonus } from '../core/redistribution';
import type { Period } from '../generated/accounts/period';
import type { Evaluations } from './evaluation';
import { type Grant, amountsAt, covers, settled } from './grant';
import { isReady, readingsFor, resultsOf } from './reading';
import type { Plan } from './terms';

/** A step, with the grant as it is before it, and whether it creates the account of its period's pool. */
export type Step = { kind: 'settle' | 'collect'; grant: Grant; period: number; makesPool: boolean };

/** What counts of a period's pool. */
export type Pool = Pick<Period, 'expected' | 'settled' | 'pool' | 'kpiTotal'>;

/** What decides about the steps of a plan's grants. `pools` is moved on with every step. */
export type Ground = { plan: Plan; evaluations: Evaluations; pools: Map<number, Pool>; now: bigint };

/** The grant's next step and the grant after it; undefined if there is none now. */
export function nextStep(
  { plan, evaluations, pools, now }: Ground,
  grant: Grant,
): { step: Step; after: Grant } | undefined {
  const { account } = grant;
  if (plan.unearned === 'redistribute' && account.collectedThrough < account.nextPeriod) {
    const period = account.collectedThrough;
    const pool = pools.get(period);
    if (pool === undefined || pool.settled < pool.expected) return undefined;
    const { lastKpiAmount, lastTranche } = account;
    const share = bonus(pool.pool, lastKpiAmount, pool.kpiTotal, lastTranche, plan.account.bonusCapBps);
    const after = { ...account, bonus: account.bonus + share, collectedThrough: account.nextPeriod };
    return { step: { kind: 'collect', grant, period, makesPool: false }, after: { ...grant, account: after } };
  }
  if (!isReady(plan, grant, evaluations, now)) return undefined;
  const period = account.nextPeriod;
  const results = resultsOf(plan, readingsFor(plan, grant, period, evaluations, now));
  const { grant: after, settlement } = settled(plan, grant, results);
  const makesPool = plan.unearned === 'redistribute' && !pools.has(period);
  if (plan.unearned === 'redistribute') {
    // The first settlement of a period makes its pool, and counts the grants that belong to it.
    const expected = plan.account.unsettledGrants[period] ?? 0;
    const pool = pools.get(period) ?? { expected, settled: 0, pool: 0n, kpiTotal: 0n };
    pools.set(period, {
      expected: pool.expected,
      settled: pool.settled + 1,
      pool: pool.pool + settlement.pooled,
      kpiTotal: pool.kpiTotal + settlement.kpiAmount,
    });
  }
  return { step: { kind: 'settle', grant, period, makesPool }, after };
}

/** A bonus that cannot be collected yet: of which period, and how many other grants have to settle it before. */
export type Waiting = { period: number; left: number };

export type Claimable = {
  /** What claiming pays, base units, with what it settles and collects on the way. */
  amount: bigint;
  /** The grant after those steps. */
  grant: Grant;
  steps: Step[];
  waiting: Waiting | undefined;
};

/** What can be claimed of a grant now: the one figure that lists, pages and dialogs show. */
export function claimableNow(
  { plan, evaluations, pools }: { plan: Plan; evaluations: Evaluations; pools: ReadonlyMap<number, Pool> },
  grant: Grant,
  now: bigint,
): Claimable {
  const ground: Ground = { plan, evaluations, pools: new Map(pools), now };
  const steps: Step[] = [];
  let current = grant;
  for (let next = nextStep(ground, current); next !== undefined; next = nextStep(ground, current)) {
    steps.push(next.step);
    current = next.after;
  }
  const { claimable } = amountsAt(plan, current, now);
  return { amount: claimable, grant: current, steps, waiting: waitingOf(ground, current) };
}

function waitingOf({ plan, pools }: Ground, { account }: Grant): Waiting | undefined {
  if (plan.unearned !== 'redistribute' || account.collectedThrough >= account.nextPeriod) return undefined;
  const period = account.collectedThrough;
  const pool = pools.get(period);
  return pool === undefined || pool.settled >= pool.expected
    ? undefined
    : { period, left: pool.expected - pool.settled };
}

/** The grants that have not settled `period`. */
export function behind(grants: Iterable<Grant>, period: number): Grant[] {
  return [...grants].filter((grant) => covers(grant, period) && grant.account.nextPeriod <= period);
}

/**
 * What anybody can do now, in an order that works, so that every grant gets past `through`: at most `most` steps.
 * `left` tells whether there are more.
 */
export function catchUp(
  { plan, evaluations, pools }: { plan: Plan; evaluations: Evaluations; pools: ReadonlyMap<number, Pool> },
  grants: Iterable<Grant>,
  through: number,
  most: number,
  now: bigint,
): { steps: Step[]; left: boolean } {
  const ground: Ground = { plan, evaluations, pools: new Map(pools), now };
  const current = [...grants];
  const steps: Step[] = [];
  let before: number;
  do {
    before = steps.length;
    for (const [index, grant] of current.entries()) {
      if (grant.account.nextPeriod > through && grant.account.collectedThrough > through) continue;
      const next = nextStep(ground, grant);
      if (next === undefined || next.step.period > through) continue;
      if (steps.length === most) return { steps, left: true };
      steps.push(next.step);
      current[index] = next.after;
    }
  } while (steps.length > before);
  return { steps, left: false };
}
