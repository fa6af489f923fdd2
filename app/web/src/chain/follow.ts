// What becomes of a transaction that left this machine, as a pure machine: what was seen goes in, what to do and how it
// ended comes out. The same cases as the Rust one (`test/vectors/follower.json`).
//
// "It did not happen" is said only with proof. A look-up of the status in the endpoint's whole history has to find
// nothing, as of a slot at or after one at which the transaction could not be executed any more. One node's silence, an
// error, or time alone prove nothing.

/** What bounds the time in which a signed transaction can be executed. */
export type Life =
  | { kind: 'blockhash'; lastValidBlockHeight: bigint }
  /** Until the nonce is used by another transaction, or the chain's clock is past `notAfter`, Unix seconds. */
  | { kind: 'nonce'; nonce: string; notAfter?: bigint };

export type Policy = {
  /** The same bytes are sent again so often, milliseconds. */
  resendMs: number;
  /** Blocks after the last valid one, because endpoints behind one address differ. */
  marginBlocks: bigint;
  /** After so long without an ending the outcome is called unknown, milliseconds. It is followed all the same. */
  patienceMs: number;
};

export const POLICY: Policy = { resendMs: 2_000, marginBlocks: 32n, patienceMs: 30_000 };

/** What a look-up found: a failed one counts when it is confirmed, as one that succeeded does. */
export type Sighting =
  { state: 'nothing' } | { state: 'processed' } | { state: 'confirmed' } | { state: 'failed'; error: unknown };

/** Something that an endpoint said; `slot` is the one as of which it is true. */
export type Seen =
  | { kind: 'tip'; slot: bigint; blockHeight: bigint }
  | { kind: 'sighting'; slot: bigint; sighting: Sighting }
  /** What the nonce's account holds; undefined if it is gone. */
  | { kind: 'nonce'; slot: bigint; nonce: string | undefined }
  | { kind: 'clock'; slot: bigint; time: bigint }
  | { kind: 'error' };

export type Ending = { what: 'executed' } | { what: 'failed'; error: unknown } | { what: 'expired' };

export type Follow = {
  readonly life: Life;
  readonly policy: Policy;
  /** When it was sent first, and last, milliseconds. */
  readonly since: number;
  readonly posted: number | undefined;
  /** A slot at which it could not be executed any more. */
  readonly deadSlot: bigint | undefined;
  readonly ending: Ending | undefined;
};

export function begin(life: Life, at: number, policy: Policy = POLICY): Follow {
  return { life, policy, since: at, posted: undefined, deadSlot: undefined, ending: undefined };
}

/** The state after something was seen. */
export function step(follow: Follow, seen: Seen): Follow {
  if (follow.ending !== undefined || seen.kind === 'error') return follow;
  if (seen.kind !== 'sighting') {
    // The earliest such slot is proof enough, and asks least of the look-up.
    return follow.deadSlot === undefined && isDeadAt(follow, seen) ? { ...follow, deadSlot: seen.slot } : follow;
  }
  const { sighting, slot } = seen;
  switch (sighting.state) {
    case 'confirmed':
      return { ...follow, ending: { what: 'executed' } };
    case 'failed':
      return { ...follow, ending: { what: 'failed', error: sighting.error } };
    case 'processed':
      // Somewhere it is: whatever seemed to show the opposite has to be shown anew.
      return { ...follow, deadSlot: undefined };
    case 'nothing':
      return leavesOpen(follow, slot) ? follow : { ...follow, ending: { what: 'expired' } };
  }
}

function isDeadAt({ life, policy }: Follow, seen: Exclude<Seen, { kind: 'sighting' | 'error' }>): boolean {
  if (life.kind === 'blockhash') {
    return seen.kind === 'tip' && seen.blockHeight > life.lastValidBlockHeight + policy.marginBlocks;
  }
  if (seen.kind === 'nonce') return seen.nonce !== life.nonce;
  return seen.kind === 'clock' && life.notAfter !== undefined && seen.time > life.notAfter;
}

/** Whether a look-up as of `slot` that finds nothing leaves everything open. */
export function leavesOpen({ deadSlot }: Follow, slot: bigint): boolean {
  return deadSlot === undefined || slot < deadSlot;
}

/** Whether the bytes are to be sent (again) now. */
export function isToPost({ ending, deadSlot, posted, policy }: Follow, at: number): boolean {
  if (ending !== undefined || deadSlot !== undefined) return false;
  return posted === undefined || at - posted >= policy.resendMs;
}

export function posted(follow: Follow, at: number): Follow {
  return { ...follow, posted: at };
}

/** Whether its outcome is to be called unknown. */
export function isUnknown({ ending, since, policy }: Follow, at: number): boolean {
  return ending === undefined && at - since >= policy.patienceMs;
}
