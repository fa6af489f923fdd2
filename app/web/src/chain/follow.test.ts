// How a transaction that was sent ends, and what is no proof of anything.
import { describe, expect, it } from 'vitest';
import { type Follow, type Life, type Seen, begin, isToPost, isUnknown, posted, step } from './follow';

const LIFE: Life = { kind: 'blockhash', lastValidBlockHeight: 1_000n };
const NONCE: Life = { kind: 'nonce', nonce: 'old', notAfter: 5_000n };

const tip = (slot: bigint, blockHeight: bigint): Seen => ({ kind: 'tip', slot, blockHeight });
const nothing = (slot: bigint): Seen => ({ kind: 'sighting', slot, sighting: { state: 'nothing' } });
const processed = (slot: bigint): Seen => ({ kind: 'sighting', slot, sighting: { state: 'processed' } });
const confirmed = (slot: bigint): Seen => ({ kind: 'sighting', slot, sighting: { state: 'confirmed' } });
const failed = (slot: bigint): Seen => ({ kind: 'sighting', slot, sighting: { state: 'failed', error: 'why' } });
const nonce = (slot: bigint, value: string | undefined): Seen => ({ kind: 'nonce', slot, nonce: value });
const clock = (slot: bigint, time: bigint): Seen => ({ kind: 'clock', slot, time });
const error: Seen = { kind: 'error' };

const after = (life: Life, ...all: Seen[]): Follow => all.reduce(step, begin(life, 0));
const ending = (life: Life, ...all: Seen[]) => after(life, ...all).ending?.what ?? 'open';

describe('a sent transaction', () => {
  it.each<[string, string, Life, Seen[]]>([
    ['is executed once it is confirmed', 'executed', LIFE, [nothing(10n), confirmed(11n)]],
    ['is executed, though it was thought dead', 'executed', LIFE, [tip(2_000n, 1_033n), confirmed(2_000n)]],
    ['failed once the failure is confirmed', 'failed', LIFE, [failed(10n)]],
    ['stays open while it is only processed', 'open', LIFE, [processed(10n), tip(2_000n, 1_033n), processed(2_001n)]],
    ['stays open when nothing is found in time', 'open', LIFE, [tip(900n, 500n), nothing(901n)]],
    ['stays open at the last valid height', 'open', LIFE, [tip(2_000n, 1_000n), nothing(2_001n)]],
    ['stays open within the margin', 'open', LIFE, [tip(2_000n, 1_032n), nothing(2_001n)]],
    ['expires past the margin', 'expired', LIFE, [tip(2_000n, 1_033n), nothing(2_000n)]],
    ['stays open when the look-up is older than the height', 'open', LIFE, [tip(2_000n, 1_033n), nothing(1_999n)]],
    [
      'expires with the first look-up that is new enough',
      'expired',
      LIFE,
      [tip(2_000n, 1_033n), nothing(1_999n), nothing(2_000n)],
    ],
    ['has nothing proven by a look-up before the height', 'open', LIFE, [nothing(2_000n), tip(2_000n, 1_033n)]],
    ['does not take slots for heights', 'open', LIFE, [tip(99_999n, 900n), nothing(99_999n)]],
    ['needs a new proof once it was seen', 'open', LIFE, [tip(2_000n, 1_033n), processed(1_990n), nothing(2_001n)]],
    [
      'expires by a new proof after it was seen',
      'expired',
      LIFE,
      [tip(2_000n, 1_033n), processed(1_990n), tip(2_005n, 1_038n), nothing(2_005n)],
    ],
    ['is not ended by errors', 'open', LIFE, [tip(2_000n, 1_033n), error, error, error]],
    ['stays ended', 'executed', LIFE, [confirmed(10n), tip(2_000n, 1_033n), nothing(2_000n), failed(2_001n)]],
    ['lives as long as its nonce', 'open', NONCE, [tip(99_999n, 99_999n), nonce(10n, 'old'), nothing(11n)]],
    ['expires when its nonce was used by another', 'expired', NONCE, [nonce(10n, 'new'), nothing(10n)]],
    ['expires when its nonce is gone', 'expired', NONCE, [nonce(10n, undefined), nothing(12n)]],
    ['stays open when the look-up is older than the nonce', 'open', NONCE, [nonce(10n, 'new'), nothing(9n)]],
    ['was executed when its nonce was used by it', 'executed', NONCE, [nonce(10n, 'new'), confirmed(10n)]],
    ['stays open until its time is past', 'open', NONCE, [clock(10n, 5_000n), nothing(11n)]],
    ['expires past its time', 'expired', NONCE, [clock(10n, 5_001n), nothing(10n)]],
    ['has no time without one', 'open', { kind: 'nonce', nonce: 'old' }, [clock(10n, 5_001n), nothing(10n)]],
  ])('%s', (_name, expected, life, seen) => {
    expect(ending(life, ...seen)).toBe(expected);
  });

  it('has the same bytes sent again until it ended or can no longer be executed', () => {
    let follow = begin(LIFE, 0);
    expect(isToPost(follow, 0)).toBe(true);
    follow = posted(follow, 0);
    expect(isToPost(follow, 1_999)).toBe(false);
    expect(isToPost(follow, 2_000)).toBe(true);
    expect(isToPost(step(follow, tip(2_000n, 1_033n)), 9_000)).toBe(false);
    expect(isToPost(step(step(follow, tip(2_000n, 1_033n)), processed(2_001n)), 9_000)).toBe(true);
    expect(isToPost(step(follow, confirmed(10n)), 9_000)).toBe(false);
  });

  it('is called unknown when it takes longer than it should, whatever was seen', () => {
    const follow = after(LIFE, processed(10n), error);
    expect(isUnknown(follow, 29_999)).toBe(false);
    expect(isUnknown(follow, 30_000)).toBe(true);
    expect(isUnknown(step(follow, confirmed(11n)), 30_000)).toBe(false);
  });
});
