// The choices of a plan in words.
import type { Cadence } from '../core/calendar';
import type { Combination } from '../core/credit';
import type { Interpolation } from '../core/curve';
import type { Release } from '../core/release';
import type { UnearnedPolicy } from '../core/tranche';
import type { Stage } from '../domain/reading';
import type { PlanStatus, Scope } from '../domain/terms';
import { plural } from '../text/count';
import { exactSpan } from '../text/time';

export const COMBINATION: Record<Combination, string> = {
  'weighted-sum': 'each score by its weight',
  weakest: 'the lowest score counts for all',
};

export const UNEARNED: Record<UnearnedPolicy, string> = {
  return: 'returns to the treasury',
  'carry-over': 'can be earned in the grant’s next period',
  redistribute: 'is shared among the period’s grants by results',
};

export const RELEASE: Record<Release, string> = {
  'at-settlement': 'all at once, when the period is settled',
  linear: 'by the second, over the following period',
};

export const SCOPE: Record<Scope, string> = {
  shared: 'one value for the plan',
  individual: 'one value for each grant',
};

export const INTERPOLATION: Record<Interpolation, string> = { linear: 'linear between points', step: 'steps' };

export const STATUS: Record<PlanStatus, string> = { draft: 'draft', active: 'active', closed: 'closed' };

export const STAGE: Record<Stage, string> = {
  'not-due': 'not due',
  voting: 'voting',
  challenge: 'can be disputed',
  ruling: 'disputed',
  final: 'final',
};

export function cadenceText({ kind, length }: Cadence): string {
  return kind === 'months' ? plural(length, 'month') : exactSpan(length);
}

/** How many of a set of oracles decide. */
export function decideText(threshold: number, oracles: number): string {
  return plural(threshold, `of ${oracles} decides`, `of ${oracles} decide`);
}
