// From a measured value to a score: `crates/core/src/curve.rs` in TypeScript.
import { MAX_CURVE_POINTS } from '../generated/constants';
import { fail } from './error';
import { MAX_SCORE } from './limits';
import { divFloor } from './math';

export type Interpolation = 'linear' | 'step';

/** A value in the KPI's fixed-point unit and its score in basis points. */
export type CurvePoint = { value: bigint; score: number };

/** One to eight points with strictly rising values. */
export type Curve = { points: readonly CurvePoint[]; interpolation: Interpolation };

/** Throws `TooFewPoints`, `TooManyPoints`, `PointsNotRising` or `ScoreTooHigh` for a curve that is not possible. */
export function checkCurve(curve: Curve): void {
  checkLength(curve);
  curve.points.forEach((point, index) => {
    const before = curve.points[index - 1];
    if (before !== undefined && before.value >= point.value) fail('PointsNotRising');
  });
  if (maxScore(curve) > MAX_SCORE) fail('ScoreTooHigh');
}

/** The score of a value in basis points: below the first point its score, above the last its score. */
export function scoreOf(curve: Curve, value: bigint): number {
  checkLength(curve);
  let reached: CurvePoint | undefined;
  for (const point of curve.points) {
    if (value < point.value) return reached === undefined ? point.score : between(curve, reached, point, value);
    reached = point;
  }
  return reached === undefined ? fail('TooFewPoints') : reached.score;
}

/** The highest score any value can get, in basis points. */
export function maxScore(curve: Curve): number {
  return curve.points.reduce((best, point) => Math.max(best, point.score), 0);
}

/** `s0 + floor((s1 − s0)·(value − v0) / (v1 − v0))`, floored towards minus infinity. */
function between(curve: Curve, from: CurvePoint, to: CurvePoint, value: bigint): number {
  if (curve.interpolation === 'step') return from.score;
  const climb = BigInt(to.score - from.score) * (value - from.value);
  return from.score + Number(divFloor(climb, to.value - from.value));
}

function checkLength(curve: Curve): void {
  if (curve.points.length === 0) fail('TooFewPoints');
  if (curve.points.length > MAX_CURVE_POINTS) fail('TooManyPoints');
}
