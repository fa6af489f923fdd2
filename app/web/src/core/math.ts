import { fail } from './error';

export const U64_MAX = (1n << 64n) - 1n;
const I64_MAX = (1n << 63n) - 1n;
const I64_MIN = -(1n << 63n);

/** `value` if it is an amount; else `Overflow`. */
export function u64(value: bigint): bigint {
  return value >= 0n && value <= U64_MAX ? value : fail('Overflow');
}

/** `value` if it is a time or a fixed-point value; else `Overflow`. */
export function i64(value: bigint): bigint {
  return value >= I64_MIN && value <= I64_MAX ? value : fail('Overflow');
}

/** `floor(a / b)` for a positive `b`, towards minus infinity. */
export function divFloor(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

/** `floor((a·x + b·y) / d)`; `Overflow` if that is not an amount or `d` is zero. */
export function sumDivFloor(a: bigint, x: bigint, b: bigint, y: bigint, d: bigint): bigint {
  return d === 0n ? fail('Overflow') : u64((a * x + b * y) / d);
}

/** `floor(a·x / d)`; `Overflow` if that is not an amount or `d` is zero. */
export function mulDivFloor(a: bigint, x: bigint, d: bigint): bigint {
  return sumDivFloor(a, x, 0n, 0n, d);
}

/** `ceil(a·x / d)`; `Overflow` if that is not an amount or `d` is zero. */
export function mulDivCeil(a: bigint, x: bigint, d: bigint): bigint {
  return d === 0n ? fail('Overflow') : u64((a * x + d - 1n) / d);
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
