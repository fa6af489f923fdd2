// Sharing a period's pool: `crates/core/src/redistribution.rs` in TypeScript.
import { fail } from './error';
import { FULL_SCORE } from './limits';
import { min, mulDivFloor } from './math';

/** `min(floor(pool·kpiAmount / kpiTotal), floor(bonusCapBps·tranche / 10,000))`; 0 if nobody's results earned anything. */
export function bonus(pool: bigint, kpiAmount: bigint, kpiTotal: bigint, tranche: bigint, bonusCapBps: number): bigint {
  if (kpiTotal === 0n) return 0n;
  if (kpiAmount > kpiTotal) fail('PartExceedsWhole');
  const cap = (tranche * BigInt(bonusCapBps)) / BigInt(FULL_SCORE);
  return min(mulDivFloor(pool, kpiAmount, kpiTotal), cap);
}
