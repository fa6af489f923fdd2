// Transactions of both versions: bytes and packing as the SDK has them (`test/vectors/transactions.json`), and limits that
// hold whatever is packed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Address,
  type Blockhash,
  AccountRole,
  getAddressDecoder,
  getBase64EncodedWireTransaction,
  getCompiledTransactionMessageDecoder,
  getTransactionEncoder,
} from '@solana/kit';
import { describe, expect, it } from 'vitest';
import * as cost from '../src/chain/cost';
import { type Cost, type Costed, costing } from '../src/chain/cost';
import {
  type Envelope,
  type Version,
  MOST_ACCOUNTS,
  MOST_BYTES,
  MOST_CALLS,
  MOST_UNITS,
  bytesOf,
  fits,
  pack,
} from '../src/chain/packing';
import { unsigned } from '../src/chain/transaction';

type Vectors = {
  messages: { version: Version; price: number; groups: string[]; bytes: string }[];
  packed: { version: Version; groups: string[]; transactions: [instructions: number, bytes: number][] }[];
  costs: Record<string, [units: number, calls: number]>;
};

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/transactions.json'), 'utf8')) as Vectors;

const key = (number: number): Address => getAddressDecoder().decode(new Uint8Array(32).fill(number));
const envelopeOf = (version: Version): Envelope => ({ payer: key(1), version });

/** One instruction from its text: accounts with `s` and `w`, bytes of data, compute units, calls. */
function groupOf(text: string): Costed[] {
  const [accounts = '', data, units, calls] = text.split(';');
  const instruction = {
    programAddress: key(250),
    accounts: accounts.split(' ').map((account) => ({
      address: key(Number.parseInt(account)),
      role: account.includes('s')
        ? account.includes('w')
          ? AccountRole.WRITABLE_SIGNER
          : AccountRole.READONLY_SIGNER
        : account.includes('w')
          ? AccountRole.WRITABLE
          : AccountRole.READONLY,
    })),
    data: new Uint8Array(Number(data)).fill(7),
  };
  return [costing({ units: Number(units), calls: Number(calls) }, instruction)];
}

/** What the transaction takes with limits and a price, by its own bytes. */
function taken(envelope: Envelope, instructions: readonly Costed[]) {
  const transaction = unsigned(envelope, instructions, { units: 1, loaded: 1, price: 1n });
  const message = getCompiledTransactionMessageDecoder().decode(transaction.messageBytes);
  const budget = envelope.version === 0 ? 3 : 0;
  return {
    bytes: getTransactionEncoder().encode(transaction).length,
    accounts: message.staticAccounts.length,
    signatures: message.header.numSignerAccounts,
    units: instructions.reduce((sum, { cost: { units } }) => sum + units, 0),
    calls: instructions.reduce((sum, { cost: { calls } }) => sum + calls, budget),
  };
}

describe('a transaction', () => {
  it('has the bytes that the SDK writes', () => {
    expect(vectors.messages.map(({ version, price }) => [version, price])).toEqual([
      [0, 0],
      [0, 7],
      [1, 0],
      [1, 7],
    ]);
    for (const { version, price, groups, bytes } of vectors.messages) {
      const budget = { units: 300_001, loaded: 98_304, price: BigInt(price) };
      const lifetime = { blockhash: key(9) as string as Blockhash, lastValidBlockHeight: 0n };
      const made = unsigned(envelopeOf(version), groups.flatMap(groupOf), budget, lifetime);
      expect(getBase64EncodedWireTransaction(made), `version ${version} at ${price}`).toBe(bytes);
    }
  });

  it('of version 1 begins with its version and the limits that it sets, and ends with the signatures', () => {
    const { bytes, groups } = vectors.messages[3]!;
    const wire = Buffer.from(bytes, 'base64');
    // SIMD-0385: 129, header, mask of limits (price 0b11, units 0b100, loaded data 0b1000), blockhash, counts, keys.
    expect([...wire.subarray(0, 8)]).toEqual([129, 2, 1, 2, 0b1111, 0, 0, 0]);
    expect([...wire.subarray(8, 40)]).toEqual(Array<number>(32).fill(9));
    const [instructions, keys] = [wire[40]!, wire[41]!];
    expect([instructions, keys]).toEqual([groups.length, 5]);
    const limits = 42 + 32 * keys;
    // 7 millionths for 300,001 units are 2.100007 lamports: 3.
    expect(wire.readBigUInt64LE(limits)).toBe(3n);
    expect([wire.readUInt32LE(limits + 8), wire.readUInt32LE(limits + 12)]).toEqual([300_001, 98_304]);
    expect(wire.subarray(-128).every((byte) => byte === 0)).toBe(true);
  });
});

describe('packing', () => {
  it('fills transactions as the SDK does', () => {
    expect(vectors.packed).toHaveLength(32);
    for (const { version, groups, transactions } of vectors.packed) {
      const envelope = envelopeOf(version);
      const packed = pack(envelope, groups.map(groupOf));
      expect(packed.map((list) => [list.length, bytesOf(envelope, list)])).toEqual(transactions);
    }
  });

  it('counts what instructions take as the SDK does', () => {
    const found: Record<string, Cost> = {
      createGrant: cost.CREATE_GRANT,
      attest: cost.ATTEST,
      attestPage: cost.ATTEST_PAGE,
      collectBonus: cost.COLLECT_BONUS,
      createAssociated: cost.CREATE_ASSOCIATED,
      claim: cost.CLAIM,
      settleOf3: cost.settleCost(3, false),
      settleOf3IntoPool: cost.settleCost(3, true),
    };
    const counted = Object.entries(found).map(([name, { units, calls }]) => [name, [units, calls]]);
    expect(Object.fromEntries(counted)).toEqual(vectors.costs);
  });

  it('keeps every limit, every group and the order, and leaves no room for the next group', () => {
    let state = 20_261_130;
    const below = (limit: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state >>> 16) % limit;
    };
    const ended = new Set<string>();
    for (let round = 0; round < 200; round += 1) {
      const [keys, data, units, signing] = [
        [8, 240][below(2)]!,
        [10, 300, 900][below(3)]!,
        [1, 600][below(2)]!,
        below(20),
      ];
      const groups = Array.from({ length: 1 + below(60) }, () =>
        Array.from({ length: 1 + below(2) }, () => {
          const accounts = Array.from({ length: 1 + below(8) }, () => {
            const number = 1 + below(keys);
            return `${number}${number <= signing ? 's' : ''}${below(2) === 0 ? 'w' : ''}`;
          });
          return groupOf(`${accounts.join(' ')};${below(data)};${1_000 * below(units)};${1 + below(5)}`)[0]!;
        }),
      );
      for (const version of [0, 1] as const) {
        const envelope = envelopeOf(version);
        const possible = groups.filter((group) => fits(envelope, group));
        const packed = pack(envelope, possible);
        expect(packed.flat()).toEqual(possible.flat());
        let begun = 0;
        for (const list of packed) {
          const uses = taken(envelope, list);
          expect(uses.bytes).toBe(bytesOf(envelope, list));
          expect(uses.bytes).toBeLessThanOrEqual(MOST_BYTES[version]);
          expect(uses.accounts).toBeLessThanOrEqual(MOST_ACCOUNTS);
          expect(uses.signatures).toBeLessThanOrEqual(12);
          expect(uses.units).toBeLessThanOrEqual(MOST_UNITS);
          expect(uses.calls).toBeLessThanOrEqual(MOST_CALLS);
          for (let left = list.length; left > 0; begun += 1) left -= possible[begun]!.length;
          const next = possible[begun];
          if (next === undefined) continue;
          const longer = [...list, ...next];
          expect(fits(envelope, longer)).toBe(false);
          if (bytesOf(envelope, longer) > MOST_BYTES[version]) ended.add(`${version} bytes`);
          else if (longer.reduce((sum, each) => sum + each.cost.calls, 0) > MOST_CALLS - (version === 0 ? 3 : 0))
            ended.add(`${version} calls`);
          else if (longer.reduce((sum, each) => sum + each.cost.units, 0) > MOST_UNITS) ended.add(`${version} units`);
          else ended.add(`${version} accounts or signatures`);
        }
      }
    }
    // Each limit was the one that ended a transaction, at least once.
    expect([...ended].sort()).toEqual([
      '0 bytes',
      '0 calls',
      '0 units',
      '1 accounts or signatures',
      '1 bytes',
      '1 calls',
      '1 units',
    ]);
  });

  it('is full to the last byte, account and call, and says what is too large', () => {
    const crowd = (count: number, text = '') =>
      groupOf(`${Array.from({ length: count }, (_, number) => `${number + 2}${text}`).join(' ')};0;0;1`);
    for (const version of [0, 1] as const) {
      const envelope = envelopeOf(version);
      const room = MOST_BYTES[version] - bytesOf(envelope, groupOf('1;128;0;0')) + 128;
      expect(fits(envelope, groupOf(`1;${room};0;0`))).toBe(true);
      expect(fits(envelope, groupOf(`1;${room + 1};0;0`))).toBe(false);
      const calls = version === 0 ? 61 : 64;
      expect(fits(envelope, groupOf(`1;0;0;${calls}`))).toBe(true);
      expect(fits(envelope, groupOf(`1;0;0;${calls + 1}`))).toBe(false);
      expect(fits(envelope, groupOf(`1;0;${MOST_UNITS};1`))).toBe(true);
      expect(fits(envelope, groupOf(`1;0;${MOST_UNITS + 1};1`))).toBe(false);
    }
    // The payer and the program are accounts too.
    const newest = envelopeOf(1);
    expect([62, 63].map((count) => fits(newest, crowd(count)))).toEqual([true, false]);
    expect([11, 12].map((count) => fits(newest, crowd(count, 's')))).toEqual([true, false]);
    expect(() => pack(newest, [crowd(1), crowd(63)])).toThrow(/65 accounts of at most 64/);
  });
});
