// From the scores of a grant to its credit for a period: `crates/core/src/credit.rs` in TypeScript.
import { MAX_KPIS } from '../generated/constants';
import { fail } from './error';
import { FULL_CREDIT, FULL_SCORE, FULL_WEIGHT, MAX_SCORE } from './limits';
import { max } from './math';

/** How a grant's scores are combined: each by its weight, or the lowest for all. */
export type Combination = 'weighted-sum' | 'weakest';

/** Throws `TooManyKpis` or `BadWeights` unless time and KPI weights (basis points) sum to 10,000. */
export function checkWeights(timeWeight: number, kpiWeights: readonly number[]): void {
  if (kpiWeights.length > MAX_KPIS) fail('TooManyKpis');
  if (kpiWeights.reduce((sum, weight) => sum + weight, timeWeight) !== FULL_WEIGHT) fail('BadWeights');
}

/** The part of the credit that results earn. Weights and scores in basis points belong together one by one. */
export function kpiCredit(
  combination: Combination,
  timeWeight: number,
  kpiWeights: readonly number[],
  scores: readonly number[],
): bigint {
  if (kpiWeights.length > MAX_KPIS) fail('TooManyKpis');
  if (kpiWeights.length !== scores.length) fail('LengthMismatch');
  if (timeWeight > FULL_WEIGHT) fail('BadWeights');
  let sum = 0n;
  let weakest: number | undefined;
  kpiWeights.forEach((weight, index) => {
    const score = scores[index] ?? 0;
    if (weight === 0) return;
    if (score > MAX_SCORE) fail('ScoreTooHigh');
    sum += BigInt(weight) * BigInt(score);
    weakest = Math.min(weakest ?? score, score);
  });
  return combination === 'weighted-sum' ? sum : BigInt(FULL_WEIGHT - timeWeight) * BigInt(weakest ?? 0);
}

/** The whole credit of a grant for a period. */
export function creditOf(timeWeight: number, forResults: bigint): bigint {
  if (timeWeight > FULL_WEIGHT) fail('BadWeights');
  return BigInt(timeWeight) * BigInt(FULL_SCORE) + forResults;
}

/** The highest credit a grant can get in a period, at least the full one: what must be reserved for. */
export function maxCredit(
  combination: Combination,
  timeWeight: number,
  kpiWeights: readonly number[],
  bestScores: readonly number[],
): bigint {
  const forResults = kpiCredit(combination, timeWeight, kpiWeights, bestScores);
  return max(creditOf(timeWeight, forResults), FULL_CREDIT);
}
