// What a price feed on the chain published, and which of its updates counts: `crates/core/src/feed.rs` in TypeScript.
import { fail } from './error';
import { min } from './math';
import { MAX_EXPONENT } from './unit';

/** The price of an update: `price·10^exponent`, give or take `confidence·10^exponent`. */
export type Quote = { price: bigint; confidence: bigint; exponent: number };

/** When an update was published, and the one before it. Unix seconds. */
export type Published = { at: bigint; previous: bigint };

const U16_MAX = (1n << 16n) - 1n;
const I64_MAX = (1n << 63n) - 1n;

/** The price with `decimals`; the largest value if it does not fit. */
export function valueOf({ price, exponent }: Quote, decimals: number, rounding: 'up' | 'down'): bigint {
  if (price <= 0n) fail('BadPrice');
  const more = decimals + exponent;
  if (exponent > 0 || exponent < -MAX_EXPONENT || more > MAX_EXPONENT) fail('ExponentOutOfRange');
  if (more >= 0) return min(price * 10n ** BigInt(more), I64_MAX);
  const divisor = 10n ** BigInt(-more);
  return rounding === 'down' ? price / divisor : (price + divisor - 1n) / divisor;
}

/** The confidence in basis points of the price, rounded up, the largest number of 16 bits if it does not fit. */
export function confidenceBps({ price, confidence }: Quote): number {
  if (price <= 0n) fail('BadPrice');
  return Number(min((confidence * 10_000n + price - 1n) / price, U16_MAX));
}

/** Whether this is the first update at or after `end`, the end of the period. */
export function isFirst({ at, previous }: Published, end: bigint): boolean {
  return previous < end && end <= at;
}

/** Whether `update` counts in the place of `standing`; both are published at or after `end`. */
export function replaces(update: Published, standing: Published, end: bigint): boolean {
  return !isFirst(standing, end) && (isFirst(update, end) || update.at < standing.at);
}
