import { useCallback, useState } from 'react';
import { scaleLinear, scaleUtc } from 'd3-scale';
import { area, curveStepAfter, line } from 'd3-shape';
import { boundary } from '../core/calendar';
import { type Grant, cliffTime, trancheOf } from '../domain/grant';
import type { Outlook } from '../domain/outlook';
import type { Plan } from '../domain/terms';
import { shortAmount } from '../text/amount';
import { localDate } from '../text/time';

/** An amount from a time on. */
export type Step = { time: bigint; total: bigint };

type Props = {
  plan: Plan;
  grant: Grant;
  decimals: number;
  now: bigint;
  outlook: Outlook;
  /** Of a grant in another unit the price that a period's share is drawn with. */
  priceOf: (period: number) => bigint | undefined;
  earned: readonly Step[];
  claimed: readonly Step[];
};

/** Width before the page was laid out, pixels. */
const USUAL_WIDTH = 720;
const HEIGHT = 260;
const MARGIN = { top: 22, right: 16, bottom: 28, left: 64 };

/** A grant over time: scheduled, earned, claimed, and what the current scores would pay. */
export function GrantChart({ plan, grant, decimals, now, outlook, priceOf, earned, claimed }: Props) {
  const [width, frame] = useWidth();
  const { firstPeriod, endPeriod, periods } = grant.account;
  const start = boundary(plan.calendar, firstPeriod);
  const end = boundary(plan.calendar, Math.max(endPeriod, firstPeriod + periods));
  const right = now > end ? now : end;
  const scheduled = scheduledSteps(plan, grant, start, priceOf);
  const total = (steps: readonly Step[]) => steps.at(-1)?.total ?? 0n;
  const current: Step = { time: now < start ? start : now, total: total(earned) };
  const expected: Step[] = [
    current,
    ...outlook.earned.map((each) => {
      const time = boundary(plan.calendar, each.period + 1);
      return { time: time > current.time ? time : current.time, total: each.total };
    }),
  ];
  const top = [total(scheduled), total(earned), total(expected)].reduce((a, b) => (a > b ? a : b));
  const x = scaleUtc([toDate(start), toDate(right)], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, Math.max(1, Number(top))], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const stepped = line<Step>(
    (step) => x(toDate(step.time)),
    (step) => y(Number(step.total)),
  ).curve(curveStepAfter);
  const filled = area<Step>(
    (step) => x(toDate(step.time)),
    HEIGHT - MARGIN.bottom,
    (step) => y(Number(step.total)),
  ).curve(curveStepAfter);
  const soFar = (steps: readonly Step[]): Step[] => [
    { time: start, total: 0n },
    ...steps,
    { time: current.time, total: total(steps) },
  ];
  const cliff = cliffTime(plan, grant);
  const hasCliff = grant.account.cliffPeriods > 0;
  const amount = (value: bigint) => shortAmount(value, decimals);
  const projected = `${outlook.basis === 'reported' ? 'at the current scores' : 'if targets are met'} ${amount(total(expected))}`;
  const label =
    `Scheduled ${amount(total(scheduled))} by ${localDate(end)}, earned so far ${amount(total(earned))}, ` +
    `claimed ${amount(total(claimed))}, ${projected}` +
    (hasCliff ? `; cliff on ${localDate(cliff)}` : '');
  return (
    <figure className="grant-chart" ref={frame}>
      <svg className="chart" viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={label}>
        {y.ticks(4).map((tick) => (
          <g key={tick} className="grid">
            <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
            <text x={MARGIN.left - 8} y={y(tick)} dy="0.32em" textAnchor="end">
              {compact(tick, decimals)}
            </text>
          </g>
        ))}
        {x.ticks(width / 110).map((tick) => (
          <text key={tick.getTime()} className="tick" x={x(tick)} y={HEIGHT - 8} textAnchor="middle">
            {monthYear.format(tick)}
          </text>
        ))}
        <path className="scheduled" d={stepped([...scheduled, { time: right, total: total(scheduled) }]) ?? ''} />
        <path className="earned" d={filled(soFar(earned)) ?? ''} />
        <path className="claimed" d={filled(soFar(claimed)) ?? ''} />
        {outlook.earned.length > 0 && (
          <path className="expected" d={stepped([...expected, { time: right, total: total(expected) }]) ?? ''} />
        )}
        {hasCliff && <Mark at={x(toDate(cliff))} text="cliff" className="cliff" width={width} />}
        {now >= start && <Mark at={x(toDate(now))} text="today" className="today" width={width} />}
      </svg>
      <figcaption>
        <Key name="scheduled" text="scheduled" />
        <Key name="earned" text="earned" />
        <Key name="claimed" text="claimed" />
        {outlook.earned.length > 0 && (
          <Key name="expected" text={outlook.basis === 'reported' ? 'at current scores' : 'if targets are met'} />
        )}
      </figcaption>
    </figure>
  );
}

/** The width of an element, so that text in a drawing has the size of the text around it. */
function useWidth(): [number, (element: HTMLElement | null) => (() => void) | undefined] {
  const [width, setWidth] = useState(USUAL_WIDTH);
  const frame = useCallback((element: HTMLElement | null) => {
    if (element === null || typeof ResizeObserver === 'undefined') return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) setWidth(Math.round(entry.contentRect.width));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [width, frame];
}

function Mark({ at, text, className, width }: { at: number; text: string; className: string; width: number }) {
  const side = at > width - 80 ? 'end' : 'start';
  return (
    <g className={`mark ${className}`}>
      <line x1={at} x2={at} y1={MARGIN.top - 8} y2={HEIGHT - MARGIN.bottom} />
      <text x={side === 'end' ? at - 5 : at + 5} y={MARGIN.top - 10} dy="0.6em" textAnchor={side}>
        {text}
      </text>
    </g>
  );
}

function Key({ name, text }: { name: string; text: string }) {
  return (
    <span className="key">
      <svg width="18" height="8" aria-hidden="true">
        <line className={name} x1="0" x2="18" y1="4" y2="4" />
      </svg>
      {text}
    </span>
  );
}

const monthYear = new Intl.DateTimeFormat(undefined, { month: 'short', year: '2-digit', timeZone: 'UTC' });
const compactNumber = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** A number for an axis: where it stands is what matters, so here alone it may be rounded. */
function compact(tick: number, decimals: number): string {
  return compactNumber.format(tick / 10 ** decimals);
}

function toDate(seconds: bigint): Date {
  return new Date(Number(seconds) * 1_000);
}

function scheduledSteps(plan: Plan, grant: Grant, start: bigint, priceOf: Props['priceOf']): Step[] {
  const steps: Step[] = [{ time: start, total: 0n }];
  let total = 0n;
  for (let period = grant.account.firstPeriod; period < grant.account.endPeriod; period += 1) {
    total += trancheOf(plan, grant, period, priceOf(period));
    steps.push({ time: boundary(plan.calendar, period + 1), total });
  }
  return steps;
}
