// The follower against the cases that its twin in Rust writes.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Life,
  POLICY,
  type Policy,
  type Seen,
  type Sighting,
  begin,
  isToPost,
  isUnknown,
  posted,
  step,
} from './follow';

type Step = { at: number } & (
  | { tell: 'tip'; slot: number; height: number }
  | { tell: 'sighting'; slot: number; found: keyof typeof FOUND; searched: boolean }
  | { tell: 'nonce'; slot: number; held: string | null }
  | { tell: 'clock'; slot: number; time: number }
  | { tell: 'posted' }
  | { tell: 'trouble' }
  | { ask: 'isToPost' | 'isToSearch'; answer: boolean }
);
type Case = {
  name: string;
  life: { blocks: number } | { nonce: string };
  notAfter: number | null;
  ending: string | null;
  steps: Step[];
};
type Vectors = { policy: { resend: number; margin: number; patience: number; longest: number }; cases: Case[] };

const FOUND = {
  nothing: { state: 'nothing' },
  seen: { state: 'processed' },
  executed: { state: 'confirmed' },
  failed: { state: 'failed', error: 'why' },
} satisfies Record<string, Sighting>;

const file = new URL('../../test/vectors/follower.json', import.meta.url);
const { policy, cases } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

function seenIn(told: Step): Seen | undefined {
  if (!('tell' in told) || told.tell === 'posted' || told.tell === 'trouble') return undefined;
  const slot = BigInt(told.slot);
  switch (told.tell) {
    case 'tip':
      return { kind: 'tip', slot, blockHeight: BigInt(told.height) };
    case 'sighting':
      return { kind: 'sighting', slot, searched: told.searched, sighting: FOUND[told.found] };
    case 'nonce':
      return { kind: 'nonce', slot, nonce: told.held ?? undefined };
    case 'clock':
      return { kind: 'clock', slot, time: BigInt(told.time) };
  }
}

describe('a sent transaction', () => {
  it('is followed by the policy of the command line', () => {
    const expected: Policy = {
      resendMs: policy.resend,
      marginBlocks: BigInt(policy.margin),
      patienceMs: policy.patience,
      longestMs: policy.longest,
    };
    expect(POLICY).toEqual(expected);
    expect(cases.length).toBeGreaterThan(40);
  });

  it.each(cases)('$name', ({ life, notAfter, ending, steps }) => {
    const lived: Life =
      'blocks' in life ? { kind: 'blocks', last: BigInt(life.blocks) } : { kind: 'nonce', nonce: life.nonce };
    let follow = begin(lived, 0, POLICY, notAfter === null ? undefined : BigInt(notAfter));
    let last = 0;
    for (const each of steps) {
      last = each.at;
      const seen = seenIn(each);
      if (seen !== undefined) follow = step(follow, seen, each.at);
      else if ('ask' in each) {
        const answer = each.ask === 'isToPost' ? isToPost(follow, each.at) : follow.over !== undefined;
        expect(answer, `${each.ask} at ${each.at}`).toBe(each.answer);
      } else if (each.tell === 'posted') follow = posted(follow, each.at);
    }
    expect(follow.ending?.what ?? (isUnknown(follow, last) ? 'unknown' : null)).toBe(ending);
  });
});
