// Times in the viewer's zone, and exactly in UTC.
import { plural } from './count';

const DAY = 86_400n;
/** What a `Date` can hold. */
const LARGEST = 8_640_000_000_000n;

const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const timeFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

function asDate(seconds: bigint): Date | undefined {
  return seconds > -LARGEST && seconds < LARGEST ? new Date(Number(seconds) * 1000) : undefined;
}

/** `5 Apr 2027, 02:00` in the viewer's zone and language. */
export function localTime(seconds: bigint): string {
  const date = asDate(seconds);
  return date === undefined ? `${seconds} s` : timeFormat.format(date);
}

/** `5 Apr 2027` in the viewer's zone and language. */
export function localDate(seconds: bigint): string {
  const date = asDate(seconds);
  return date === undefined ? `${seconds} s` : dateFormat.format(date);
}

/** `2027-04-05 00:00:00 UTC`. */
export function utcTime(seconds: bigint): string {
  const date = asDate(seconds);
  return date === undefined ? `${seconds} s` : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `2027-04-05T00:00:00Z`, for files. */
export function isoTime(seconds: bigint): string {
  const date = asDate(seconds);
  return date === undefined ? String(seconds) : date.toISOString().replace('.000', '');
}

/** How far away a time is: `in 3 days`, `2 hours ago`. */
export function distance(seconds: bigint, now: bigint): string {
  const gap = seconds - now;
  const length = span(gap < 0n ? -gap : gap);
  return gap < 0n ? `${length} ago` : `in ${length}`;
}

/** A length of time in its largest unit, rounded down: `14 days`. */
export function span(seconds: bigint): string {
  const units: [bigint, string][] = [
    [365n * DAY, 'year'],
    [DAY, 'day'],
    [3_600n, 'hour'],
    [60n, 'minute'],
  ];
  for (const [size, name] of units) {
    const count = seconds / size;
    if (count > 0n) return plural(count, name);
  }
  return plural(seconds, 'second');
}

/** A length of time without loss: `1 day 12 hours`. */
export function exactSpan(seconds: number): string {
  const parts: string[] = [];
  let left = BigInt(seconds);
  for (const [size, name] of [
    [DAY, 'day'],
    [3_600n, 'hour'],
    [60n, 'minute'],
    [1n, 'second'],
  ] as const) {
    if (left / size > 0n) parts.push(plural(left / size, name));
    left %= size;
  }
  return parts.join(' ') || '0 seconds';
}

/** Reads a length of time of one unit, like `14 days`, in seconds; undefined if it is none. */
export function parseSpan(text: string): number | undefined {
  const match = /^(\d+) (second|minute|hour|day)s?$/.exec(text.trim());
  const unit = { second: 1, minute: 60, hour: 3_600, day: 86_400 }[match?.[2] ?? ''];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

/** Reads a time in UTC like `2027-01-01T00:00:00Z`; undefined for any other, and for a day that no calendar has. */
export function parseTime(text: string): bigint | undefined {
  const usual = text
    .trim()
    .toUpperCase()
    .replace(' ', 'T')
    .replace(/\.0+Z$/, 'Z');
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(usual)) return undefined;
  const milliseconds = Date.parse(usual);
  // A day that a month does not have would be moved into the next one.
  if (Number.isNaN(milliseconds) || isoTime(BigInt(milliseconds / 1_000)) !== usual) return undefined;
  return BigInt(milliseconds / 1_000);
}
