// Periods, their boundaries and the deadlines after them: `crates/core/src/calendar.rs` in TypeScript. Times are Unix
// seconds; every interval includes its start and excludes its end.
import { MAX_PERIODS } from '../generated/constants';
import { fail } from './error';
import { divFloor, i64, min } from './math';

const SECONDS_PER_DAY = 86_400n;
const CYCLE_YEARS = 400n;
const CYCLE_DAYS = 146_097n;
/** Days from 1 March of year 0 to 1 January 1970. */
const EPOCH_DAYS = 719_468n;

/** The length of a period: seconds, or civil UTC months. */
export type Cadence = { kind: 'seconds'; length: number } | { kind: 'months'; length: number };

export type Calendar = {
  /** The beginning of period 0. */
  start: bigint;
  cadence: Cadence;
  /** 1 to 120. */
  periodCount: number;
};

/** How long, in seconds after the end of a period, each step of its evaluation may take. */
export type Windows = { attestSecs: number; challengeSecs: number; rulingSecs: number };

/** Throws `BadPeriodCount`, `NoCadence`, or `Overflow` for a calendar that is not possible. */
export function checkCalendar(calendar: Calendar): void {
  if (calendar.periodCount < 1 || calendar.periodCount > MAX_PERIODS) fail('BadPeriodCount');
  if (calendar.cadence.length === 0) fail('NoCadence');
  boundary(calendar, calendar.periodCount + 1);
}

/**
 * The time at which period `index` begins and period `index − 1` ends. The index runs one past the end, to the period
 * in which the last tranche streams.
 */
export function boundary(calendar: Calendar, index: number): bigint {
  if (index < 0 || index > calendar.periodCount + 1) fail('PeriodOutOfRange');
  const { kind, length } = calendar.cadence;
  const steps = BigInt(length) * BigInt(index);
  return kind === 'seconds' ? i64(calendar.start + steps) : addMonths(calendar.start, steps);
}

/** The first second after a period. */
export function periodEnd(calendar: Calendar, period: number): bigint {
  return period < calendar.periodCount ? boundary(calendar, period + 1) : fail('PeriodOutOfRange');
}

/** The period that contains `now`; undefined before the start and after the end. */
export function periodAt(calendar: Calendar, now: bigint): number | undefined {
  if (now < calendar.start) return undefined;
  // At most 121 boundaries, and they rise.
  for (let period = 0; period < calendar.periodCount; period += 1) {
    if (now < boundary(calendar, period + 1)) return period;
  }
  return undefined;
}

/** The time `months` civil UTC months after `time`: same time of day, the day clamped to the month's length. */
export function addMonths(time: bigint, months: bigint): bigint {
  if (months === 0n) return time;
  const days = divFloor(time, SECONDS_PER_DAY);
  const second = time - days * SECONDS_PER_DAY;
  const { month, day } = civil(days);
  const first = firstDay(month + months);
  const last = firstDay(month + months + 1n) - 1n;
  return i64(min(first + day, last) * SECONDS_PER_DAY + second);
}

/** Month (from March of year 0) and day of the month (from 0) of a day counted from 1 January 1970. */
function civil(day: bigint): { month: bigint; day: bigint } {
  const shifted = day + EPOCH_DAYS;
  const cycle = divFloor(shifted, CYCLE_DAYS);
  const inCycle = shifted - cycle * CYCLE_DAYS;
  const year = (inCycle - inCycle / 1_460n + inCycle / 36_524n - inCycle / 146_096n) / 365n;
  const inYear = inCycle - daysBeforeYear(year);
  const month = (inYear * 5n + 2n) / 153n;
  return { month: (cycle * CYCLE_YEARS + year) * 12n + month, day: inYear - daysBeforeMonth(month) };
}

function firstDay(month: bigint): bigint {
  const year = divFloor(month, 12n);
  const cycle = divFloor(year, CYCLE_YEARS);
  return (
    cycle * CYCLE_DAYS + daysBeforeYear(year - cycle * CYCLE_YEARS) + daysBeforeMonth(month - year * 12n) - EPOCH_DAYS
  );
}

function daysBeforeYear(year: bigint): bigint {
  return year * 365n + year / 4n - year / 100n;
}

/** The days of a year that begins in March before its month `month`. */
function daysBeforeMonth(month: bigint): bigint {
  return (month * 153n + 2n) / 5n;
}

/** The first second at which votes are no longer accepted. */
export function attestDeadline(windows: Windows, periodEnd: bigint): bigint {
  return i64(periodEnd + BigInt(windows.attestSecs));
}

/** The time from which a period settles whatever anyone does or fails to do. */
export function settleDeadline(windows: Windows, periodEnd: bigint): bigint {
  const challenged = i64(attestDeadline(windows, periodEnd) + BigInt(windows.challengeSecs));
  return i64(challenged + BigInt(windows.rulingSecs));
}
