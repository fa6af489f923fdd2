// What a grant can expect: the scores so far, carried on.
import { FULL_SCORE } from '../core/limits';
import type { Evaluations } from './evaluation';
import { type Grant, project } from './grant';
import { readingsFor, scoresOf } from './reading';
import type { Plan } from './terms';

export type Outlook = {
  /** What later periods are computed with: the last reported scores, or the target where none was reported. */
  basis: 'reported' | 'target';
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
  /** Scores by settled period, from the events: the accounts of its values may be closed. */
  recorded: ReadonlyMap<number, readonly number[]>,
): Outlook {
  const last = plan.kpis.map(() => FULL_SCORE);
  let basis: Outlook['basis'] = 'target';
  const byPeriod = new Map<number, number[]>();
  for (let period = grant.account.firstPeriod; period < grant.account.endPeriod; period += 1) {
    if (period < grant.account.nextPeriod) {
      for (const [kpi, score] of (recorded.get(period) ?? []).entries()) {
        if ((grant.account.kpiWeights[kpi] ?? 0) > 0) [last[kpi], basis] = [score, 'reported'];
      }
      continue;
    }
    const readings = readingsFor(plan, grant, period, evaluations, now);
    const standing = readings.filter(({ stands }) => stands);
    for (const { kpi, score } of standing) last[kpi.number] = score;
    if (standing.length > 0) basis = 'reported';
    if (readings.length > 0 && standing.length === readings.length) byPeriod.set(period, scoresOf(plan, readings));
  }
  let total = grant.account.earned;
  const earned = project(plan, grant, (period) => byPeriod.get(period) ?? last).map(({ period, settlement }) => {
    total += settlement.earned;
    return { period, total };
  });
  return { basis, earned };
}
