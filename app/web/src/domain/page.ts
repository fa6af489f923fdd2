// A page: the values of one individual KPI for one period and up to 64 consecutive grants. The generated client knows
// its structure; the columns behind it are read here.
import { type Address, type ReadonlyUint8Array, getAddressDecoder } from '@solana/kit';
import { strictMajority } from '../core/quorum';
import { type Page as PageHead, getPageDecoder } from '../generated/accounts/page';
import { MAX_ORACLES, PAGE_GRANTS } from '../generated/constants';
import type { PageGrants } from '../generated/types/pageGrants';

/** What an oracle voted on the grants of a page. */
export type Ballot = {
  oracle: Address;
  /** SHA-256 of the evidence of all its votes in the page. */
  evidence: ReadonlyUint8Array;
  /** By place in the page; undefined where it did not vote. */
  values: readonly (bigint | undefined)[];
  /** Bit `i` is set if enough oracles had agreed on the grant at place `i` before this one voted on it. */
  late: bigint;
};

/** Who disputed a value in a page: the plan's authority, or the grant's beneficiary. Which key that was, events say. */
export type Disputer = 'authority' | 'beneficiary';

/** What a page says of a grant beside its votes. Times in Unix seconds. */
export type Entry = {
  resolvedAt: bigint | undefined;
  /** The value on which enough oracles agreed then; once the arbiter has set another one, that one. */
  agreed: bigint | undefined;
  disputedAt: bigint | undefined;
  disputer: Disputer | undefined;
  ruling: { kind: 'uphold' } | { kind: 'value'; value: bigint } | undefined;
};

export type Page = {
  kind: 'page';
  address: Address;
  account: PageHead;
  ballots: readonly Ballot[];
  /** By place in the page. */
  entries: readonly Entry[];
};

const HEAD = getPageDecoder().fixedSize;
const BALLOT_HEAD = 80;
const VERSION = 1;

/** The page of the grant with this index, and its place there. */
export function place(index: number): { page: number; slot: number } {
  return { page: Math.floor(index / PAGE_GRANTS), slot: index % PAGE_GRANTS };
}

/** How many grants a page has that is made once `made` grants were. */
export function capacityOf(page: number, made: number): number {
  return Math.min(PAGE_GRANTS, made - page * PAGE_GRANTS);
}

/** Bytes of a page of `capacity` grants on which `oracles` vote. */
export function pageSize(oracles: number, capacity: number): number {
  return HEAD + oracles * (BALLOT_HEAD + 8 * capacity) + capacity * (8 + 4 + 4 + 1);
}

/** Grants of one page as the program takes them: the index of the first, and a bit for each that is meant. */
export function pageGrants(indices: readonly number[]): PageGrants {
  const first = Math.min(...indices);
  return { first, mask: indices.reduce((mask, index) => mask | (1n << BigInt(index - first)), 0n) };
}

/** The indices of these grants. */
export function indicesOf({ first, mask }: PageGrants): number[] {
  return bits(mask).map((bit) => first + bit);
}

/** The numbers of the bits that are set. */
export function bits(mask: bigint): number[] {
  return Array.from({ length: PAGE_GRANTS }, (_, bit) => bit).filter((bit) => isSet(mask, bit));
}

export function isSet(mask: bigint, bit: number): boolean {
  return ((mask >> BigInt(bit)) & 1n) === 1n;
}

/** Whether so many votes can decide among so many oracles. */
export function isQuorum(oracles: number, threshold: number): boolean {
  return oracles >= 1 && oracles <= MAX_ORACLES && threshold >= strictMajority(oracles) && threshold <= oracles;
}

/** Reads an account that begins as a page does; undefined if the rest is not what the program writes. */
export function readPage(address: Address, data: ReadonlyUint8Array): Page | undefined {
  if (data.length < HEAD) return undefined;
  const account = getPageDecoder().decode(data);
  const { version, oracleCount, threshold, capacity, end } = account;
  const isSound = version === VERSION && capacity >= 1 && capacity <= PAGE_GRANTS && isQuorum(oracleCount, threshold);
  if (!isSound || data.length !== pageSize(oracleCount, capacity)) return undefined;

  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const slots = Array.from({ length: capacity }, (_, slot) => slot);
  const ballots = Array.from({ length: oracleCount }, (_, position): Ballot => {
    const at = HEAD + position * (BALLOT_HEAD + 8 * capacity);
    const voted = view.getBigUint64(at + 72, true);
    return {
      late: view.getBigUint64(at + 64, true),
      oracle: getAddressDecoder().decode(data, at),
      evidence: data.slice(at + 32, at + 64),
      values: slots.map((slot) =>
        isSet(voted, slot) ? view.getBigInt64(at + BALLOT_HEAD + 8 * slot, true) : undefined,
      ),
    };
  });
  const decided = pageSize(oracleCount, capacity) - capacity * 17;
  const [resolved, disputed, status] = [8, 12, 16].map((before) => decided + before * capacity) as [
    number,
    number,
    number,
  ];
  // Seconds after the period's end plus 1; 0 for none.
  const time = (at: number) => {
    const stored = view.getUint32(at, true);
    return stored === 0 ? undefined : end + BigInt(stored) - 1n;
  };
  const entries = slots.map((slot): Entry | undefined => {
    const byte = view.getUint8(status + slot);
    const [by, ruling] = [byte & 15, byte >> 4];
    if (by > 2 || ruling > 2) return undefined;
    const value = view.getBigInt64(decided + 8 * slot, true);
    const resolvedAt = time(resolved + 4 * slot);
    const disputedAt = time(disputed + 4 * slot);
    if (ruling !== 0 && disputedAt === undefined) return undefined;
    return {
      resolvedAt,
      agreed: resolvedAt === undefined ? undefined : value,
      disputedAt,
      disputer: ([undefined, 'authority', 'beneficiary'] as const)[by],
      ruling: ruling === 0 ? undefined : ruling === 1 ? { kind: 'uphold' } : { kind: 'value', value },
    };
  });
  const known = entries.filter((entry) => entry !== undefined);
  return known.length < capacity ? undefined : { kind: 'page', address, account, ballots, entries: known };
}
