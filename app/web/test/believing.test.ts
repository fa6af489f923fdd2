// What an endpoint says about the past and about accounts, and what of it is believed.
import { type Address, type Signature, getAddressEncoder, getBase58Decoder } from '@solana/kit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventAuthorityAddress } from '../src/chain/addresses';
import type { Chain, RawAccount } from '../src/chain/chain';
import { customCluster } from '../src/chain/cluster';
import { type Subject, readHistory, shortfallText } from '../src/chain/history';
import * as instructions from '../src/chain/instructions';
import { findGrants, findRoles, grantsOfPlan } from '../src/chain/read';
import { rpcChain } from '../src/chain/rpcChain';
import { periodTimes } from '../src/domain/terms';
import { EVENTS } from '../src/generated/events';
import { EARNOUT_PROGRAM_ADDRESS } from '../src/generated/programs/earnout';
import { loadPlan } from '../src/state/planData';
import { lying } from './support/lying';
import { scenario } from './support/scenario';

const PLAN = 'PLanPLanPLanPLanPLanPLanPLanPLanPLanPLanPL1' as Address;
const OTHER = 'othEr1othEr1othEr1othEr1othEr1othEr1othEr11' as Address;
const NOOP = 'noopb9bkMVfRPU8AsbpTUg8AQkHtKwMYZiFUjNRtMmV' as Address;

/** The bytes of an event: `PlanActivated`, whose last deadline tells one from another. */
function eventBytes(plan: Address, sequence: number, deadline = 0): Uint8Array {
  const tag = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];
  const fields = new Uint8Array(32 + 8 + 8 + 8 + 1);
  fields.set(getAddressEncoder().encode(plan));
  new DataView(fields.buffer).setBigUint64(40, BigInt(sequence), true);
  new DataView(fields.buffer).setBigInt64(48, BigInt(deadline), true);
  return new Uint8Array([...tag, ...EVENTS.PlanActivated.discriminator, ...fields]);
}

const signatureOf = (number: number) => getBase58Decoder().decode(new Uint8Array(64).fill(number + 1)) as Signature;

type Inner = { program: number; accounts: number[]; data: Uint8Array };

/** An endpoint whose transactions have these inner instructions; keys: payer, program, event authority, noop. */
async function endpoint(transactions: (Inner[] | { error: number } | { swap: number } | null)[], version: unknown = 0) {
  const asked: unknown[] = [];
  const authority = await eventAuthorityAddress();
  const answer = (method: string, params: unknown[]) => {
    if (method === 'getSignaturesForAddress') {
      const all = transactions.map((_, number) => ({ signature: signatureOf(number), slot: number, err: null }));
      return { result: params[1] && (params[1] as { before?: string }).before ? [] : all.reverse() };
    }
    asked.push(params[1]);
    const number = transactions.findIndex((_, each) => signatureOf(each) === params[0]);
    const found = transactions[number];
    if (found === null || found === undefined) return { result: null };
    if ('error' in found) return { error: { code: found.error, message: 'no' } };
    const inner = 'swap' in found ? [] : found;
    const instructions = inner.map(({ program, accounts, data }) => ({
      programIdIndex: program,
      accounts,
      data: getBase58Decoder().decode(data),
    }));
    return {
      result: {
        slot: number,
        blockTime: 0,
        version,
        transaction: {
          signatures: ['swap' in found ? signatureOf(found.swap) : signatureOf(number)],
          message: { accountKeys: [OTHER], instructions: [], header: {}, recentBlockhash: OTHER },
        },
        meta: {
          err: null,
          loadedAddresses: { writable: [EARNOUT_PROGRAM_ADDRESS], readonly: [authority, NOOP] },
          innerInstructions: [{ index: 0, instructions }],
        },
      },
    };
  };
  vi.stubGlobal('fetch', (_: string, { body }: { body: string }) => {
    const { id, method, params } = JSON.parse(body) as { id: string; method: string; params: unknown[] };
    return Promise.resolve(new Response(JSON.stringify({ jsonrpc: '2.0', id, ...answer(method, params) })));
  });
  return { chain: rpcChain(customCluster('http://rpc.example')), asked };
}

const [PROGRAM_AT, AUTHORITY_AT, NOOP_AT] = [1, 2, 3];
const own = (data: Uint8Array): Inner => ({ program: PROGRAM_AT, accounts: [AUTHORITY_AT], data });
const subject = (counted: bigint): Subject => ({ plan: PLAN, counted });

describe('a history', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('is made of the calls that the program signed, whatever others send', async () => {
    const { chain } = await endpoint([
      [
        { program: NOOP_AT, accounts: [AUTHORITY_AT], data: eventBytes(PLAN, 1, 666) },
        { program: PROGRAM_AT, accounts: [], data: eventBytes(PLAN, 1, 666) },
        { program: PROGRAM_AT, accounts: [0], data: eventBytes(PLAN, 1, 666) },
        { program: 99, accounts: [AUTHORITY_AT], data: eventBytes(PLAN, 1, 666) },
        own(eventBytes(OTHER, 1, 666)),
        own(eventBytes(PLAN, 1, 5)),
      ],
      [{ program: NOOP_AT, accounts: [AUTHORITY_AT], data: eventBytes(PLAN, 2 ** 31) }, own(eventBytes(PLAN, 2, 6))],
    ]);
    const { events, ...short } = await readHistory(chain, subject(2n));
    expect(events.map(({ event }) => event)).toMatchObject([
      { name: 'PlanActivated', sequence: 1n, lastDeadline: 5n },
      { name: 'PlanActivated', sequence: 2n, lastDeadline: 6n },
    ]);
    expect(short).toEqual({ missing: 0, undecodable: 0, gaps: [], repeated: 0, contradictions: [] });
    expect(shortfallText(short, 'rpc.example')).toEqual([]);
  });

  it('asks for version 1, and goes on after what cannot be read', async () => {
    const { chain, asked } = await endpoint(
      [
        [own(eventBytes(PLAN, 1))],
        { error: -32015 },
        { swap: 0 },
        null,
        [own(eventBytes(PLAN, 2).slice(0, 40))],
        [own(eventBytes(PLAN, 3))],
      ],
      1,
    );
    const { events, ...short } = await readHistory(chain, subject(4n));
    expect(events.map(({ event }) => event.sequence)).toEqual([1n, 3n]);
    expect(short).toMatchObject({
      missing: 1,
      undecodable: 3,
      gaps: [
        [2n, 2n],
        [4n, 4n],
      ],
    });
    expect(asked).toHaveLength(6);
    for (const options of asked) expect(options).toMatchObject({ maxSupportedTransactionVersion: 1 });
    expect(shortfallText(short, 'rpc.example')).toEqual([
      'rpc.example left out 2 events of this plan: numbers 2, 4.',
      'rpc.example lists 1 transaction that it no longer has.',
      '3 transactions or events could not be read.',
    ]);
  });

  it('believes neither of two events with one number', async () => {
    const { chain } = await endpoint([
      [own(eventBytes(PLAN, 1, 5))],
      [own(eventBytes(PLAN, 1, 6)), own(eventBytes(PLAN, 2))],
    ]);
    const { events, contradictions, gaps } = await readHistory(chain, subject(2n));
    expect(events.map(({ event }) => event.sequence)).toEqual([2n]);
    expect({ contradictions, gaps }).toEqual({ contradictions: [1n], gaps: [] });
  });

  it('counts what is listed twice once, orders by number, and ends with an endpoint that repeats its list', async () => {
    const all = [1, 2, 3].map((number) => ({ signature: signatureOf(number), slot: 0n, failed: false }));
    let pages = 0;
    const chain = {
      signatures: () => {
        pages += 1;
        if (pages > 5) throw new Error('asked without an end');
        return Promise.resolve(Array.from({ length: 1_000 }, (_, index) => all[index % 3]!));
      },
      transactions: (signatures: readonly Signature[]) =>
        Promise.resolve(
          [...signatures].reverse().map((signature) => {
            const number = all.findIndex((each) => each.signature === signature) + 1;
            return { signature, slot: 0n, failed: false, inner: [eventBytes(PLAN, number)] };
          }),
        ),
    } as unknown as Chain;
    const { events, repeated, gaps } = await readHistory(chain, subject(3n));
    expect(events.map(({ event }) => event.sequence)).toEqual([1n, 2n, 3n]);
    expect(gaps).toEqual([]);
    expect(repeated).toBe(1_997);
  });

  it('ends with an endpoint that makes up signatures without an end', async () => {
    let listed = 0;
    const chain = {
      signatures: () => {
        if (listed > 5_000) throw new Error('asked without an end');
        return Promise.resolve(
          Array.from({ length: 1_000 }, () => ({
            signature: String((listed += 1)) as Signature,
            slot: 0n,
            failed: false,
          })),
        );
      },
      transactions: (signatures: readonly Signature[]) => Promise.resolve(signatures.map(() => 'missing')),
    } as unknown as Chain;
    const { events, missing, gaps } = await readHistory(chain, subject(3n));
    expect({ events, missing, gaps }).toEqual({ events: [], missing: 1_000, gaps: [[1n, 3n]] });
  });
});

describe('lists of accounts', () => {
  it('keep only what was asked for, where it belongs, once', async () => {
    const s = await scenario({ grants: [{}, {}] });
    const chain = lying(s, ([first, ...others]) => {
      if (first === undefined) return [];
      const forged = (change: Partial<RawAccount>) => ({ ...first, ...change });
      const richer = new Uint8Array(first.data);
      richer.fill(0xff, 48, 80);
      const foreign = new Uint8Array(first.data);
      foreign.set(getAddressEncoder().encode(OTHER), 16);
      return [
        forged({ owner: OTHER }),
        forged({ address: OTHER }),
        forged({ address: OTHER, data: richer }),
        forged({ data: foreign }),
        forged({ data: first.data.slice(0, 100) }),
        first,
        first,
        ...others,
      ];
    });
    expect(await findGrants(chain, grantsOfPlan(s.plan))).toHaveLength(2);
    expect((await loadPlan(chain, s.plan)).short).toBeUndefined();
  });

  it('that lack some are told by the plan’s counters, after a second look', async () => {
    const s = await scenario({ grants: [{}, {}, {}] });
    let looks = 0;
    const short = lying(s, (found) => {
      looks += 1;
      return found.slice(1);
    });
    expect((await loadPlan(short, s.plan)).short).toEqual([{ what: 'grant', given: 2, counted: 3 }]);
    expect(looks).toBe(6);
    let first = true;
    const late = lying(s, (found) => {
      if (!first) return found;
      first = false;
      return found.slice(1);
    });
    expect((await loadPlan(late, s.plan)).short).toBeUndefined();
  });

  it('find a key’s roles with one search', async () => {
    const s = await scenario();
    const searches = vi.spyOn(s.chain, 'findParts');
    const find = vi.spyOn(s.chain, 'find');
    expect((await findRoles(s.chain, s.oracles[2]!.address)).oracle.map(({ address }) => address)).toEqual([s.plan]);
    expect(searches).toHaveBeenCalledOnce();
    // `findParts` of this chain searches by `find`.
    expect(find).toHaveBeenCalledOnce();
    const args = { oracles: [s.contributors[0]!.address], threshold: 1, firstPeriod: 3 };
    const next = await instructions.proposeOracles(s.authority.address, s.plan, args);
    s.chain.warp(periodTimes((await s.state()).plan, 0).start + 1n);
    await s.send(s.authority, [next]);
    const { oracle, authority, arbiter } = await findRoles(s.chain, s.contributors[0]!.address);
    expect([oracle.length, authority.length, arbiter.length]).toEqual([1, 0, 0]);
  });
});
