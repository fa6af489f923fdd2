// What happened to a plan or a grant: the program's events, from the transactions that named its address.
import type { Address, Signature } from '@solana/kit';
import type { Chain, PastSignature } from './chain';
import { type EarnoutEvent, decodeEvent } from './events';

const PAGE = 1_000;
/** Transactions that are read before the reader is told how far it got. */
const STRETCH = 60;

export type PastEvent = { signature: Signature; slot: bigint; event: EarnoutEvent };

export type History = {
  /** Oldest first. */
  events: PastEvent[];
  /** Whether the endpoint had every transaction that it listed. */
  complete: boolean;
};

/** Reads all events of transactions that named `address`, optionally only those of its newest `limit` transactions. */
export async function readHistory(
  chain: Chain,
  address: Address,
  onProgress: (read: number, of: number) => void = () => undefined,
  limit = Number.POSITIVE_INFINITY,
): Promise<History> {
  const signatures = await allSignatures(chain, address, limit);
  const events: PastEvent[] = [];
  let complete = true;
  for (let start = 0; start < signatures.length; start += STRETCH) {
    const stretch = signatures.slice(start, start + STRETCH).map(({ signature }) => signature);
    for (const transaction of await chain.transactions(stretch)) {
      if (transaction === undefined) {
        complete = false;
        continue;
      }
      const { signature, slot, inner } = transaction;
      const decoded = inner.map(decodeEvent).filter((event) => event !== undefined);
      events.push(...decoded.map((event) => ({ signature, slot, event })));
    }
    onProgress(Math.min(start + STRETCH, signatures.length), signatures.length);
  }
  return { events, complete };
}

/** Signatures of transactions that did not fail, oldest first. */
async function allSignatures(chain: Chain, address: Address, limit: number): Promise<PastSignature[]> {
  const all: PastSignature[] = [];
  for (;;) {
    const page = await chain.signatures(address, all.at(-1)?.signature, Math.min(PAGE, limit - all.length));
    all.push(...page);
    if (page.length < PAGE || all.length >= limit) break;
  }
  return all.filter(({ failed }) => !failed).reverse();
}
