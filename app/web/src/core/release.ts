// From what is earned to what is vested: `crates/core/src/release.rs` in TypeScript.
import { fail } from './error';
import { max, min, mulDivFloor, u64 } from './math';

/** When earned tokens vest, once the cliff is past. */
export type Release = 'at-settlement' | 'linear';

export type Earnings = {
  /** Earned in all settled periods, without bonuses. */
  earned: bigint;
  /** Earned in the last settled period. */
  lastEarned: bigint;
  /** Bonuses collected. */
  bonus: bigint;
};

/** The beginning and end of the period after the last settled one, in which its amount streams. */
export type StreamWindow = { start: bigint; end: bigint };

/** How much of its earnings a grant's beneficiary may have been paid by `now`. */
export function vested(release: Release, earnings: Earnings, window: StreamWindow, cliff: bigint, now: bigint): bigint {
  const { earned, lastEarned, bonus } = earnings;
  const all = u64(earned + bonus);
  if (lastEarned > earned) fail('PartExceedsWhole');
  if (now < cliff) return 0n;
  if (release === 'at-settlement' || lastEarned === 0n) return all;
  if (window.start >= window.end) fail('EmptySpan');
  const elapsed = min(max(now, window.start), window.end) - window.start;
  return earned - lastEarned + mulDivFloor(lastEarned, elapsed, window.end - window.start) + bonus;
}
