// What a grant can expect: the scores and the price so far, carried on.
import { FULL_SCORE } from '../core/limits';
import type { Evaluations } from './evaluation';
import { type Grant, type Results, isInUnits, project } from './grant';
import { readingsFor, resultsOf } from './reading';
import type { Plan } from './terms';

export type Outlook = {
  /** What later periods are computed with: the last reported scores, or the target where none was reported. */
  basis: 'reported' | 'target';
  /** Of a grant in another unit the price that later periods are computed with: the last one, or the default. */
  price: bigint | undefined;
  /** Earned in total after each period from the next one on, base units, bonuses left out. */
  earned: { period: number; total: bigint }[];
};

/**
 * What the grant will have earned if its KPIs go on scoring as they did last. A period whose values stand is computed
 * with its own.
 */
export function outlook(
  plan: Plan,
  grant: Grant,
  evaluations: Evaluations,
  now: bigint,
  /** Results by settled period, from the events: the accounts of its values may be closed. */
  recorded: ReadonlyMap<number, Results>,
): Outlook {
  const last = plan.kpis.map(() => FULL_SCORE);
  let lastPrice = plan.price?.defaultPrice;
  let basis: Outlook['basis'] = 'target';
  const byPeriod = new Map<number, Results>();
  for (let period = grant.account.firstPeriod; period < grant.account.endPeriod; period += 1) {
    if (period < grant.account.nextPeriod) {
      const past = recorded.get(period);
      lastPrice = past?.price ?? lastPrice;
      for (const [kpi, score] of (past?.scores ?? []).entries()) {
        if ((grant.account.kpiWeights[kpi] ?? 0) > 0) [last[kpi], basis] = [score, 'reported'];
      }
      continue;
    }
    const readings = readingsFor(plan, grant, period, evaluations, now);
    const standing = readings.filter(({ stands }) => stands);
    for (const { kpi, score, price } of standing) {
      if (price !== undefined) lastPrice = price;
      else [last[kpi.number], basis] = [score, 'reported'];
    }
    if (readings.length > 0 && standing.length === readings.length) byPeriod.set(period, resultsOf(plan, readings));
  }
  let total = grant.account.earned;
  const assumed: Results = { scores: last, price: lastPrice };
  const earned = project(plan, grant, (period) => byPeriod.get(period) ?? assumed).map(({ period, settlement }) => {
    total += settlement.earned;
    return { period, total };
  });
  return { basis, price: isInUnits(grant) ? lastPrice : undefined, earned };
}
