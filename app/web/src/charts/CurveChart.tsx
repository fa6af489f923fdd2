import { scaleLinear } from 'd3-scale';
import { curveLinear, curveStepAfter, line } from 'd3-shape';
import { percent, plainNumber } from '../text/amount';
import { visible } from '../text/hostile';
import type { Curve } from '../core/curve';
import { scoreOf } from '../core/curve';

type Props = {
  curve: Curve;
  decimals: number;
  unit: string;
  rangeMin: bigint;
  rangeMax: bigint;
  /** A value to show on the curve. */
  value?: bigint | undefined;
};

const WIDTH = 340;
const HEIGHT = 150;
const MARGIN = { top: 12, right: 14, bottom: 30, left: 46 };

/** The curve that turns a KPI's value into a score, with a value on it. */
export function CurveChart({ curve, decimals, unit, rangeMin, rangeMax, value }: Props) {
  const first = curve.points[0];
  const last = curve.points.at(-1);
  if (first === undefined || last === undefined) return null;
  const [low, high] = shownRange(first.value, last.value, rangeMin, rangeMax, value);
  const x = scaleLinear([Number(low), Number(high)], [MARGIN.left, WIDTH - MARGIN.right]);
  const best = Math.max(10_000, ...curve.points.map(({ score }) => score));
  const y = scaleLinear([0, best], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const ends = [
    { value: low, score: scoreOf(curve, low) },
    ...curve.points.filter((point) => point.value > low && point.value < high),
    { value: high, score: scoreOf(curve, high) },
  ];
  const path = line<{ value: bigint; score: number }>(
    (point) => x(Number(point.value)),
    (point) => y(point.score),
  ).curve(curve.interpolation === 'step' ? curveStepAfter : curveLinear)(ends);
  const score = value === undefined ? undefined : scoreOf(curve, value);
  const name = (at: bigint) => `${plainNumber(at, decimals)}${unit === '' ? '' : ` ${visible(unit)}`}`;
  const points = curve.points.map((point) => `${name(point.value)} scores ${percent(point.score)}`).join(', ');
  const reached =
    value === undefined || score === undefined ? '' : `. The value ${name(value)} scores ${percent(score)}`;
  const ticks = axisTicks(curve, low, high, x);
  return (
    <svg
      className="chart curve"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`Curve: ${points}${reached}`}
    >
      {[...new Set([0, 10_000, best])].map((tick) => (
        <g key={tick} className={tick === 10_000 ? 'grid target' : 'grid'}>
          <line x1={MARGIN.left} x2={WIDTH - MARGIN.right} y1={y(tick)} y2={y(tick)} />
          {(tick !== best || tick === 10_000 || y(10_000) - y(tick) > 12) && (
            <text x={MARGIN.left - 6} y={y(tick)} dy="0.32em" textAnchor="end">
              {percent(tick)}
            </text>
          )}
        </g>
      ))}
      {ticks.map((tick) => (
        <text
          key={String(tick)}
          className="tick"
          x={x(Number(tick))}
          y={HEIGHT - 12}
          textAnchor={anchor(x(Number(tick)))}
        >
          {plainNumber(tick, decimals)}
        </text>
      ))}
      <path className="line" d={path ?? ''} />
      {curve.points.map((point) => (
        <circle key={String(point.value)} className="point" cx={x(Number(point.value))} cy={y(point.score)} r="2.5" />
      ))}
      {value !== undefined && score !== undefined && (
        <g className="value">
          <line x1={x(Number(value))} x2={x(Number(value))} y1={y(0)} y2={y(score)} />
          <line x1={MARGIN.left} x2={x(Number(value))} y1={y(score)} y2={y(score)} />
          <circle cx={x(Number(value))} cy={y(score)} r="4.5" />
        </g>
      )}
    </svg>
  );
}

const anchor = (at: number) => (at > WIDTH - 50 ? 'end' : at < MARGIN.left + 20 ? 'start' : 'middle');

/** What is shown of the range: the curve with some room beside it, and the value. */
function shownRange(
  first: bigint,
  last: bigint,
  min: bigint,
  max: bigint,
  value: bigint | undefined,
): [bigint, bigint] {
  const room = last === first ? 10n : (last - first) / 8n + 1n;
  let low = first - room < min ? min : first - room;
  let high = last + room > max ? max : last + room;
  if (value !== undefined && value < low) low = value;
  if (value !== undefined && value > high) high = value;
  if (first < low) low = first;
  if (last > high) high = last;
  return low === high ? [low - 1n, high + 1n] : [low, high];
}

/** The curve's own points where they have room, else its ends. */
function axisTicks(curve: Curve, low: bigint, high: bigint, x: (value: number) => number): bigint[] {
  const ticks: bigint[] = [];
  for (const { value } of curve.points) {
    const before = ticks.at(-1);
    if (before === undefined || x(Number(value)) - x(Number(before)) > 44) ticks.push(value);
  }
  return ticks.length > 0 ? ticks : [low, high];
}
