// From an allocation to what is earned of it: `crates/core/src/tranche.rs` in TypeScript. Amounts are base units.
import { fail } from './error';
import { FULL_CREDIT } from './limits';
import { max, min, mulDivCeil, mulDivFloor, sumDivFloor, u64 } from './math';

/** Where the part of a tranche goes that the scores did not earn. */
export type UnearnedPolicy = 'return' | 'carry-over' | 'redistribute';

/** What settling one period of a grant gives. */
export type Settlement = {
  earned: bigint;
  unearned: bigint;
  /** What of the unearned amount the grant's next period can earn again. */
  carry: bigint;
  /** What of the unearned amount goes to the period's pool. */
  pooled: bigint;
  /** What results alone earned: the share when the pool is divided. */
  kpiAmount: bigint;
};

/** `floor(allocation·(index + 1) / periods) − floor(allocation·index / periods)`. */
export function tranche(allocation: bigint, index: number, periods: number): bigint {
  return before(allocation, index + 1, periods) - before(allocation, index, periods);
}

/** The sum of the tranches left when `settled` periods are settled. */
export function unsettled(allocation: bigint, settled: number, periods: number): bigint {
  return allocation - before(allocation, settled, periods);
}

/** The sum of the tranches before `index`. */
function before(allocation: bigint, index: number, periods: number): bigint {
  if (periods === 0) fail('BadPeriodCount');
  if (index > periods) fail('PeriodOutOfRange');
  return mulDivFloor(allocation, BigInt(index), BigInt(periods));
}

/** What is left of a tranche when only a part of its period was served. */
export function cut(amount: bigint, servedSecs: bigint, periodSecs: bigint): bigint {
  if (periodSecs === 0n) fail('EmptySpan');
  if (servedSecs > periodSecs) fail('PartExceedsWhole');
  return mulDivFloor(amount, servedSecs, periodSecs);
}

/** What the vault must hold for the unsettled part of a grant: `ceil(tranchesLeft·maxCredit / 10^8) + carry`. */
export function reserve(tranchesLeft: bigint, maxCredit: bigint, carry: bigint): bigint {
  return u64(mulDivCeil(tranchesLeft, maxCredit, FULL_CREDIT) + carry);
}

/** What a grant earns in one period. `lastPeriod`: there is no later one to carry anything into. */
export function settle(
  amount: bigint,
  carry: bigint,
  credit: bigint,
  forResults: bigint,
  policy: UnearnedPolicy,
  lastPeriod: boolean,
): Settlement {
  const earned = sumDivFloor(amount, credit, carry, min(credit, FULL_CREDIT), FULL_CREDIT);
  const unearned = max(u64(amount + carry) - earned, 0n);
  return {
    earned,
    unearned,
    carry: policy === 'carry-over' && !lastPeriod ? unearned : 0n,
    pooled: policy === 'redistribute' ? unearned : 0n,
    kpiAmount: mulDivFloor(amount, forResults, FULL_CREDIT),
  };
}
