// What the app needs of a chain. One implementation speaks to an RPC endpoint, the one in the tests to a chain in the
// process: everything above this file is the same for both.
import type { Address, Blockhash, ReadonlyUint8Array, Signature } from '@solana/kit';
import type { Sighting } from './follow';

/** An account as it lies on the chain. */
export type RawAccount = { address: Address; owner: Address; lamports: bigint; data: ReadonlyUint8Array };

/** Bytes that an account has at an offset. */
export type Match = { offset: number; bytes: ReadonlyUint8Array };

/** Which of the program's accounts are meant: their size, and bytes they have. */
export type AccountFilter = { size?: number; matches: readonly Match[] };

/** A part of each account's data. */
export type Slice = { offset: number; length: number };

/** `loaded` are the bytes of all accounts that the transaction loads; undefined where the endpoint does not say. */
export type Simulation = { error?: unknown; logs: readonly string[]; units: bigint; loaded?: number };

/** A transaction of the past, with the instructions that programs sent to themselves or others. */
export type PastTransaction = {
  signature: Signature;
  slot: bigint;
  failed: boolean;
  /** Data of the calls that the program sent to itself, signed by its event authority, in order. */
  inner: readonly ReadonlyUint8Array[];
};

/** Why a transaction that was listed says nothing: the endpoint does not have it, or it cannot be read. */
export type Unread = 'missing' | 'undecodable';

export type PastSignature = { signature: Signature; slot: bigint; failed: boolean };

/** What a look-up found of each signature, as of a slot. */
export type Look = { slot: bigint; sightings: Sighting[] };

/** A confirmed slot and its block height; heights count blocks, and many slots have none. */
export type Tip = { slot: bigint; blockHeight: bigint };

export type Lifetime = { blockhash: Blockhash; lastValidBlockHeight: bigint };

/** Ends a watch. */
export type Stop = () => void;

export type WatchEvents = {
  onAccount: (account: RawAccount) => void;
  /** Notifications were lost: what was read before may be old. */
  onGap: () => void;
  /** Whether notifications arrive. */
  onLive: (live: boolean) => void;
};

export interface Chain {
  /** The accounts at these addresses, in their order; undefined where there is none. */
  accounts(addresses: readonly Address[]): Promise<(RawAccount | undefined)[]>;
  /** The program's accounts that match. */
  find(filter: AccountFilter): Promise<RawAccount[]>;
  /** Where the program's accounts that match are, with a part of their data only. */
  findParts(filter: AccountFilter, slice: Slice): Promise<RawAccount[]>;
  /** Reports every change of these accounts. */
  watchAccounts(addresses: readonly Address[], events: WatchEvents): Stop;
  /** Reports every change of the program's accounts that match. */
  watchProgram(filter: AccountFilter, events: WatchEvents): Stop;
  genesisHash(): Promise<string>;
  /** The smallest balance, in lamports, that an account of this size needs. */
  rent(size: number): Promise<bigint>;
  lifetime(): Promise<Lifetime>;
  tip(): Promise<Tip>;
  /** Price in micro-lamports for each compute unit that transactions writing these accounts paid lately. */
  recentPrices(writable: readonly Address[]): Promise<bigint[]>;
  /** Runs a transaction, given as base64, without sending it; its signatures do not count. */
  simulate(transaction: string): Promise<Simulation>;
  /** Sends a signed transaction, given as base64. */
  send(transaction: string): Promise<Signature>;
  /** Looks signatures up in the endpoint's whole history. */
  signatureStates(signatures: readonly Signature[]): Promise<Look>;
  /** Looks for the transaction itself, confirmed. */
  executed(signature: Signature): Promise<Sighting>;
  /** Transactions that named `address`, newest first, older than `before`. */
  signatures(address: Address, before: Signature | undefined, limit: number): Promise<PastSignature[]>;
  /** Transactions by signature, or why one could not be read. */
  transactions(signatures: readonly Signature[]): Promise<(PastTransaction | Unread)[]>;
}
