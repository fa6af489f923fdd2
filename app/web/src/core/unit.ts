// From units of account to tokens: `crates/core/src/unit.rs` in TypeScript. A price is units for one whole token, fixed
// point with the decimals of its KPI.
import { fail } from './error';
import { min } from './math';

/** The largest exponent, and the smallest with the sign turned. */
export const MAX_EXPONENT = 18;

const I64_MAX = (1n << 63n) - 1n;
const U64_MAX = (1n << 64n) - 1n;

/** The power of ten between units and tokens: `mintDecimals + priceDecimals − unitDecimals`. */
export function exponent(mintDecimals: number, priceDecimals: number, unitDecimals: number): number {
  const sum = mintDecimals + priceDecimals - unitDecimals;
  return Math.abs(sum) <= MAX_EXPONENT ? sum : fail('ExponentOutOfRange');
}

/**
 * What `units` are worth in base units of the token: `floor(units·10^exponent / price)`; undefined if that is more than an
 * amount can be.
 */
export function worth(units: bigint, price: bigint, power: number): bigint | undefined {
  if (price <= 0n) fail('BadPrice');
  const factor = powerOf(power);
  const value = power >= 0 ? (units * factor) / price : units / (price * factor);
  return value <= U64_MAX ? value : undefined;
}

/** What a share in another unit is worth, but at most `cap`, the same share of the allocation. */
export function capped(cap: bigint, units: bigint, price: bigint, power: number): bigint {
  return min(worth(units, price, power) ?? cap, cap);
}

/**
 * The lowest price at which `cap` pays the units in full: `floor(units·10^exponent / (cap + 1)) + 1`; undefined if no
 * price is high enough.
 */
export function lowestPrice(cap: bigint, units: bigint, power: number): bigint | undefined {
  const factor = powerOf(power);
  const largestCut = power >= 0 ? (units * factor) / (cap + 1n) : units / ((cap + 1n) * factor);
  return largestCut < I64_MAX ? largestCut + 1n : undefined;
}

function powerOf(power: number): bigint {
  return Math.abs(power) <= MAX_EXPONENT ? 10n ** BigInt(Math.abs(power)) : fail('ExponentOutOfRange');
}
