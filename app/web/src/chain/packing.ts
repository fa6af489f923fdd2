// How many instructions fit into a transaction. The twin of the SDK's `send/packing.rs`; both are held to the same cases
// (`test/vectors/transactions.json`).
import { type Address, type Instruction, isSignerRole } from '@solana/kit';
import { COMPUTE_BUDGET_PROGRAM_ADDRESS } from '@solana-program/compute-budget';
import type { Cost, Costed } from './cost';
import { Fault } from './fault';

/**
 * A form of transactions. Version 0 is taken everywhere; its limits are instructions of the compute budget. Version 1 is
 * larger, and its limits stand in the message itself.
 */
export type Version = 0 | 1;

/** Who pays for a transaction, and its form. */
export type Envelope = { payer: Address; version: Version };

/** The most bytes of a transaction. */
export const MOST_BYTES: Readonly<Record<Version, number>> = { 0: 1_232, 1: 4_096 };
/** The most compute units that a transaction may ask for. */
export const MOST_UNITS = 1_400_000;
/** The most accounts that a transaction may lock. */
export const MOST_ACCOUNTS = 64;
/** The most instructions of a transaction, those that programs call included. */
export const MOST_CALLS = 64;
const MOST_SIGNATURES = 12;

/** In version 0 the limits and the price are instructions: program, no accounts, length, and what they say. */
const BUDGET = { instructions: 3, bytes: 2 * (1 + 1 + 1 + 5) + (1 + 1 + 1 + 9) };
/** In version 1 they are two numbers of 4 bytes and one of 8. */
const BUDGET_IN_MESSAGE = 4 + 4 + 8;

/** What is in a transaction that is being filled. */
type Draft = {
  keys: ReadonlySet<Address>;
  signers: ReadonlySet<Address>;
  instructions: number;
  /** Bytes of the instructions and limits. */
  body: number;
  cost: Cost;
};

function empty({ payer, version }: Envelope): Draft {
  const isOld = version === 0;
  return {
    keys: new Set(isOld ? [payer, COMPUTE_BUDGET_PROGRAM_ADDRESS] : [payer]),
    signers: new Set([payer]),
    instructions: isOld ? BUDGET.instructions : 0,
    body: isOld ? BUDGET.bytes : BUDGET_IN_MESSAGE,
    cost: { units: 0, calls: isOld ? BUDGET.instructions : 0 },
  };
}

function filled(version: Version, draft: Draft, group: readonly Instruction[], costs: readonly Cost[]): Draft {
  const [keys, signers] = [new Set(draft.keys), new Set(draft.signers)];
  let { instructions, body } = draft;
  let { units, calls } = draft.cost;
  for (const { programAddress, accounts = [], data } of group) {
    keys.add(programAddress);
    for (const { address, role } of accounts) {
      keys.add(address);
      if (isSignerRole(role)) signers.add(address);
    }
    const [named, said] = [accounts.length, data?.length ?? 0];
    instructions += 1;
    // Its program, and two lengths, which version 1 writes with 1 and 2 bytes.
    body += named + said + (version === 0 ? 1 + prefix(named) + prefix(said) : 1 + 1 + 2);
  }
  for (const cost of costs) {
    units += cost.units;
    calls += cost.calls;
  }
  return { keys, signers, instructions, body, cost: { units, calls } };
}

/** Bytes of a length before its items. */
function prefix(length: number): number {
  return length < 0x80 ? 1 : 2;
}

function sizeOf(version: Version, { keys, signers, instructions, body }: Draft): number {
  const [versionAndHeader, blockhash] = [1 + 3, 32];
  const fixed = versionAndHeader + 64 * signers.size + 32 * keys.size + blockhash + body;
  const lookupTables = 1;
  return version === 0
    ? fixed + prefix(signers.size) + prefix(keys.size) + prefix(instructions) + lookupTables
    : // Which limits are set, and two lengths of a byte.
      fixed + 4 + 1 + 1;
}

function isPossible(version: Version, draft: Draft): boolean {
  return (
    sizeOf(version, draft) <= MOST_BYTES[version] &&
    draft.keys.size <= MOST_ACCOUNTS &&
    draft.signers.size <= MOST_SIGNATURES &&
    draft.cost.units <= MOST_UNITS &&
    draft.cost.calls <= MOST_CALLS
  );
}

const costsOf = (group: readonly Costed[]) => group.map(({ cost }) => cost);

/** Bytes of the transaction with these instructions, its limits, price and signatures included. */
export function bytesOf(envelope: Envelope, instructions: readonly Instruction[]): number {
  return sizeOf(envelope.version, filled(envelope.version, empty(envelope), instructions, []));
}

/** Whether one transaction holds these instructions. */
export function fits(envelope: Envelope, group: readonly Costed[]): boolean {
  const { version } = envelope;
  return isPossible(version, filled(version, empty(envelope), group, costsOf(group)));
}

/**
 * Puts groups of instructions into transactions, in order, no group apart, each as full as it may be. Throws a fault if a
 * group does not even fit alone.
 */
export function pack(envelope: Envelope, groups: readonly (readonly Costed[])[]): Costed[][] {
  const { version } = envelope;
  const start = empty(envelope);
  const packed: Costed[][] = [];
  let draft = start;
  for (const group of groups) {
    const longer = filled(version, draft, group, costsOf(group));
    const last = packed.at(-1);
    if (last !== undefined && isPossible(version, longer)) {
      draft = longer;
      last.push(...group);
      continue;
    }
    draft = filled(version, start, group, costsOf(group));
    if (!isPossible(version, draft)) throw tooLarge(version, draft);
    packed.push([...group]);
  }
  return packed;
}

function tooLarge(version: Version, draft: Draft): Fault {
  const { keys, cost } = draft;
  return new Fault(
    'input',
    `What belongs together does not fit into a transaction: ${sizeOf(version, draft)} bytes of at most ` +
      `${MOST_BYTES[version]}, ${keys.size} accounts of at most ${MOST_ACCOUNTS}, ${cost.units} compute units of at most ` +
      `${MOST_UNITS}, ${cost.calls} calls of at most ${MOST_CALLS}.`,
    'Choose fewer at once.',
  );
}
