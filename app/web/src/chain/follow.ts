// What becomes of a transaction that left this machine, as a pure machine: what was seen goes in, what to do and how it
// ended comes out. The twin of `client/follow.rs`, held to the same cases (`test/vectors/follower.json`).
//
// "It did not happen" is said only with proof. A look-up of the status in the endpoint's whole history has to find
// nothing, as of a slot at or after one at which the transaction could not be executed any more. One node's silence, an
// error, or time alone prove nothing.

/** What bounds the time in which a signed transaction can be executed: a block height, or that a nonce is held. */
export type Life = { kind: 'blocks'; last: bigint } | { kind: 'nonce'; nonce: string };

export type Policy = {
  /** The same bytes are sent again so often, milliseconds. */
  resendMs: number;
  /** Blocks after the last valid one, because endpoints behind one address differ. */
  marginBlocks: bigint;
  /** How long no answer, or no proof, is waited for before the outcome is called unknown, milliseconds. */
  patienceMs: number;
  /** After so long it is called unknown whatever was answered, milliseconds. It is followed all the same. */
  longestMs: number;
};

export const POLICY: Policy = { resendMs: 2_000, marginBlocks: 32n, patienceMs: 30_000, longestMs: 300_000 };

/** What a look-up found: a failed one counts when it is confirmed, as one that succeeded does. */
export type Sighting =
  { state: 'nothing' } | { state: 'processed' } | { state: 'confirmed' } | { state: 'failed'; error: unknown };

/** Something that an endpoint said; `slot` is the one as of which it is true. */
export type Seen =
  | { kind: 'tip'; slot: bigint; blockHeight: bigint }
  /** `searched`: whether the whole history was looked at, not the last minutes alone. */
  | { kind: 'sighting'; slot: bigint; searched: boolean; sighting: Sighting }
  /** What the nonce's account holds; undefined if it is gone. */
  | { kind: 'nonce'; slot: bigint; nonce: string | undefined }
  | { kind: 'clock'; slot: bigint; time: bigint };

export type Ending = { what: 'executed' } | { what: 'failed'; error: unknown } | { what: 'expired' };

export type Follow = {
  readonly life: Life;
  /** The last time, Unix seconds, at which the chain's clock lets it be executed. */
  readonly notAfter: bigint | undefined;
  readonly policy: Policy;
  /** When it was sent first and last, and a look-up was answered last, milliseconds. */
  readonly since: number;
  readonly posted: number | undefined;
  readonly heard: number;
  /** The first block that the endpoint told. */
  readonly known: { slot: bigint; blockHeight: bigint } | undefined;
  /** A slot at which it could not be executed any more, and when that was learnt first. */
  readonly over: bigint | undefined;
  readonly learnt: number | undefined;
  /** Whether it was seen in a block that does not count yet. */
  readonly seen: boolean;
  readonly ending: Ending | undefined;
};

export function begin(life: Life, at: number, policy: Policy = POLICY, notAfter?: bigint): Follow {
  const nothing = { known: undefined, posted: undefined, over: undefined, learnt: undefined, ending: undefined };
  return { life, notAfter, policy, since: at, heard: at, seen: false, ...nothing };
}

/** The state after something was seen at `at`, milliseconds. */
export function step(follow: Follow, seen: Seen, at: number): Follow {
  if (follow.ending !== undefined) return follow;
  const { life, policy } = follow;
  // The earliest such slot is proof enough, and asks least of the look-up.
  const isOver = (): Follow => ({ ...follow, over: follow.over ?? seen.slot, learnt: follow.learnt ?? at });
  switch (seen.kind) {
    case 'tip': {
      if (life.kind !== 'blocks') return follow;
      // Each block takes a slot at least, so heights that grow faster than slots are not true.
      const { known = { slot: seen.slot, blockHeight: seen.blockHeight } } = follow;
      const told = { ...follow, known };
      const grown = seen.blockHeight - known.blockHeight;
      if (grown > 0n && grown > seen.slot - known.slot) return told;
      if (seen.blockHeight > life.last + policy.marginBlocks) return { ...isOver(), known };
      return leavesOpen(follow, seen.slot) ? told : { ...told, over: undefined, learnt: undefined };
    }
    case 'nonce':
      if (life.kind !== 'nonce') return follow;
      if (seen.nonce !== life.nonce) return isOver();
      // While it is held the transaction can be executed, whatever an older answer said.
      return leavesOpen(follow, seen.slot) ? follow : { ...follow, over: undefined, learnt: undefined };
    case 'clock':
      return follow.notAfter !== undefined && seen.time > follow.notAfter ? isOver() : follow;
    case 'sighting':
      return withSighting({ ...follow, heard: at }, seen.slot, seen.searched, seen.sighting);
  }
}

function withSighting(follow: Follow, slot: bigint, searched: boolean, sighting: Sighting): Follow {
  switch (sighting.state) {
    case 'confirmed':
      return { ...follow, ending: { what: 'executed' } };
    case 'failed':
      return { ...follow, ending: { what: 'failed', error: sighting.error } };
    case 'processed':
      // Somewhere it is: whatever seemed to show the opposite has to be shown anew.
      return { ...follow, seen: true, over: undefined };
    case 'nothing':
      if (searched && !leavesOpen(follow, slot)) return { ...follow, ending: { what: 'expired' } };
      return { ...follow, seen: false };
  }
}

/** Whether a look-up as of `slot` that finds nothing leaves everything open. */
export function leavesOpen({ over }: Follow, slot: bigint): boolean {
  return over === undefined || slot < over;
}

/** Whether the bytes are to be sent (again) now. */
export function isToPost({ ending, over, seen, posted, policy }: Follow, at: number): boolean {
  if (ending !== undefined || over !== undefined || seen) return false;
  return posted === undefined || at - posted >= policy.resendMs;
}

export function posted(follow: Follow, at: number): Follow {
  return { ...follow, posted: at };
}

/** Whether its outcome is to be called unknown. */
export function isUnknown({ ending, since, heard, learnt, policy }: Follow, at: number): boolean {
  if (ending !== undefined) return false;
  const isUnproved = learnt !== undefined && at - learnt >= policy.patienceMs;
  return isUnproved || at - heard >= policy.patienceMs || at - since >= policy.longestMs;
}
