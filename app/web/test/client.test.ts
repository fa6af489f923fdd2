// The generated client, the hand-written decoders and the arithmetic in TypeScript against the built program.
import { readFileSync } from 'node:fs';
import { getBase64Encoder, getCompiledTransactionMessageDecoder } from '@solana/kit';
import { describe, expect, it } from 'vitest';
import { EVENT_NAMES, decodeEvent, some } from '../src/chain/events';
import { asFault } from '../src/chain/fault';
import { readHistory } from '../src/chain/history';
import * as instructions from '../src/chain/instructions';
import {
  OFFSETS,
  PLAN_SIZE,
  GRANT_SIZE,
  ATTESTATION_SIZE,
  PERIOD_SIZE,
  findRoles,
  readOnePlan,
  readPools,
} from '../src/chain/read';
import { TOKEN_PROGRAM, associatedTokenAccount, readTokenAccount } from '../src/chain/token';
import { exportMessage, prepare } from '../src/chain/transaction';
import { bonus } from '../src/core/redistribution';
import { amountsAt, reserveFor, settled } from '../src/domain/grant';
import { evaluationKey } from '../src/domain/evaluation';
import { isReady, readingAt, readingsFor, resultsOf } from '../src/domain/reading';
import { periodTimes, surplus } from '../src/domain/terms';
import { getAttestationDecoder } from '../src/generated/accounts/attestation';
import { getGrantDecoder } from '../src/generated/accounts/grant';
import { getPageDecoder } from '../src/generated/accounts/page';
import { getPeriodDecoder } from '../src/generated/accounts/period';
import { getPlanDecoder } from '../src/generated/accounts/plan';
import { EVENTS } from '../src/generated/events';
import { Release } from '../src/generated/types/release';
import { UnearnedPolicy } from '../src/generated/types/unearnedPolicy';
import { signing } from './support/people';
import { DAY, START, TOKEN, kpi, scenario } from './support/scenario';
import { submit } from './support/submit';

const PAGE_HEAD = getPageDecoder().fixedSize;

describe('layouts', () => {
  it('accounts have the sizes and offsets by which they are found', () => {
    const bytes = (size: number, offset: number) => new Uint8Array(size).fill(1, offset, offset + 32);
    const marked = '4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi'; // 32 bytes of 1
    const plan = (offset: number) => getPlanDecoder().decode(bytes(PLAN_SIZE, offset));
    expect(plan(OFFSETS.plan.authority).authority).toBe(marked);
    expect(plan(OFFSETS.plan.arbiter).arbiter).toBe(marked);
    expect(plan(OFFSETS.plan.oracles).oracles.keys[0]).toBe(marked);
    expect(plan(OFFSETS.plan.oracles + 7 * 32).oracles.keys[7]).toBe(marked);
    expect(plan(OFFSETS.plan.nextOracles).nextOracles.keys[0]).toBe(marked);
    expect(getGrantDecoder().decode(bytes(GRANT_SIZE, OFFSETS.grant.plan)).plan).toBe(marked);
    expect(getGrantDecoder().decode(bytes(GRANT_SIZE, OFFSETS.grant.beneficiary)).beneficiary).toBe(marked);
    expect(getAttestationDecoder().decode(bytes(ATTESTATION_SIZE, OFFSETS.attestation.plan)).plan).toBe(marked);
    const page = getPageDecoder().decode(bytes(PAGE_HEAD, OFFSETS.page.plan));
    expect(page.plan).toBe(marked);
    const numbered = new Uint8Array(PAGE_HEAD).fill(1, OFFSETS.page.page, OFFSETS.page.page + 4);
    expect(getPageDecoder().decode(numbered).page).toBe(0x01010101);
    expect(getPeriodDecoder().decode(bytes(PERIOD_SIZE, OFFSETS.period.plan)).plan).toBe(marked);
    for (const [decoder, size] of [
      [getPlanDecoder(), PLAN_SIZE],
      [getGrantDecoder(), GRANT_SIZE],
      [getAttestationDecoder(), ATTESTATION_SIZE],
      [getPeriodDecoder(), PERIOD_SIZE],
    ] as const) {
      expect('fixedSize' in decoder ? decoder.fixedSize : undefined).toBe(size);
    }
  });

  it('every event of the interface has a decoder with its fields in order', () => {
    const idl = JSON.parse(readFileSync(new URL('../../../idl/earnout.json', import.meta.url), 'utf8')) as {
      events: { name: string }[];
      types: { name: string; type: { fields: { name: string }[] } }[];
    };
    expect([...EVENT_NAMES].sort()).toEqual(idl.events.map(({ name }) => name).sort());
    const tag = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];
    for (const name of EVENT_NAMES) {
      const fields = idl.types.find((type) => type.name === name)!.type.fields.map((field) => camel(field.name));
      const decoded = decodeEvent(new Uint8Array([...tag, ...EVENTS[name].discriminator, ...new Uint8Array(2_000)]));
      expect(Object.keys(decoded as object)).toEqual(['name', ...fields]);
    }
  });
});

/** The only KPI, shared, of the first period. */
const SHARED = { kpi: 0, period: 0, grants: undefined };

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

describe('the built program', () => {
  it('settles and pays what the arithmetic says, and its events add up', async () => {
    const s = await scenario({ grants: [{ timeWeight: 2_000, kpiWeights: [8_000] }] });
    const [contributor] = s.contributors;
    const before = await s.state();
    let [grant] = await s.grants();
    expect(grant!.account.reserved).toBe(reserveFor(before.plan, 1_200n * TOKEN, 2_000, [8_000]));

    const { end } = periodTimes(before.plan, 0);
    s.chain.warp(end + 10n);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 640n);
    expect(isReady(before.plan, grant!, await s.evaluations(), s.chain.now())).toBe(false);
    s.chain.warp(end + 10n + BigInt(7 * DAY));
    const evaluations = await s.evaluations();
    expect(isReady(before.plan, grant!, evaluations, s.chain.now())).toBe(true);

    const readings = readingsFor(before.plan, grant!, 0, evaluations, s.chain.now());
    expect(readings[0]).toMatchObject({ score: 8_000, stage: 'final', outcome: { kind: 'value', value: 640n } });
    const expected = settled(before.plan, grant!, resultsOf(before.plan, readings)).grant;
    const amounts = amountsAt(before.plan, expected, s.chain.now());
    const destination = await associatedTokenAccount(contributor!.address, s.mint, TOKEN_PROGRAM);
    const me = contributor!.address;
    await s.send(contributor!, [
      await instructions.settle(me, before.plan, grant!, true),
      instructions.createTokenAccount(me, me, destination, { mint: s.mint, tokenProgram: TOKEN_PROGRAM }),
      await instructions.claim(me, before.plan, grant!.address, destination, false, 0n),
    ]);
    [grant] = await s.grants();
    expect(grant!.account.earned).toBe(expected.account.earned);
    expect(grant!.account.claimed).toBe(amounts.claimable);
    const [received] = await s.chain.accounts([destination]);
    expect(readTokenAccount(received)!.amount).toBe(amounts.claimable);
    const after = await s.state();
    expect(surplus(after.plan, after.vault.amount)).toBeGreaterThan(0n);

    const { events, ...short } = await readHistory(s.chain, {
      plan: s.plan,
      counted: after.plan.account.eventSequence,
    });
    expect(short).toEqual({ missing: 0, undecodable: 0, gaps: [], repeated: 0, contradictions: [] });
    expect(events).toHaveLength(Number(after.plan.account.eventSequence));
    expect(events.map(({ event }) => event.sequence)).toEqual(events.map((_, index) => BigInt(index + 1)));
    const settledEvent = events.find(({ event }) => event.name === 'GrantSettled')!.event;
    expect(settledEvent).toMatchObject({ earned: expected.account.earned, scores: [8_000], period: 0 });
    const claimed = events.find(({ event }) => event.name === 'GrantClaimed')!.event;
    expect(claimed).toMatchObject({ amount: amounts.claimable, received: amounts.claimable });
  });

  it('shares a pool as the arithmetic says', async () => {
    const s = await scenario({
      terms: { unearnedPolicy: UnearnedPolicy.Redistribute },
      grants: [{}, { allocation: 600n * TOKEN }],
    });
    const { plan } = await s.state();
    const { end, settleDeadline } = periodTimes(plan, 0);
    s.chain.warp(end);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 400n);
    s.chain.warp(settleDeadline);
    for (const grant of await s.grants()) {
      await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant, true)]);
    }
    const pool = (await readPools(s.chain, s.plan)).get(0)!;
    for (const grant of await s.grants()) {
      const { lastKpiAmount, lastTranche } = grant.account;
      const expected = bonus(pool.pool, lastKpiAmount, pool.kpiTotal, lastTranche, 10_000);
      await s.send(s.authority, [await instructions.collectBonus(plan, grant.address, 0)]);
      const after = (await s.grants()).find(({ address }) => address === grant.address)!;
      expect(after.account.bonus).toBe(expected);
      expect(expected).toBeGreaterThan(0n);
    }
  });

  it('streams by the second under a linear release', async () => {
    const s = await scenario({ terms: { release: Release.Linear } });
    const { plan } = await s.state();
    const { end, settleDeadline } = periodTimes(plan, 0);
    s.chain.warp(end);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 800n);
    s.chain.warp(settleDeadline);
    const [fresh] = await s.grants();
    await s.send(s.authority, [await instructions.settle(s.authority.address, plan, fresh!, true)]);
    const [grant] = await s.grants();
    const { claimable } = amountsAt(plan, grant!, s.chain.now());
    expect(claimable).toBeGreaterThan(0n);
    expect(claimable).toBeLessThan(grant!.account.earned);
    const [me] = s.contributors;
    const destination = await associatedTokenAccount(me!.address, s.mint, TOKEN_PROGRAM);
    const token = { mint: s.mint, tokenProgram: TOKEN_PROGRAM };
    await s.send(me!, [
      instructions.createTokenAccount(me!.address, me!.address, destination, token),
      await instructions.claim(me!.address, plan, grant!.address, destination, false, 0n),
    ]);
    expect((await s.grants())[0]!.account.claimed).toBe(claimable);
  });

  it('reads a dispute and a ruling as they count', async () => {
    const s = await scenario();
    const { plan } = await s.state();
    const [grant] = await s.grants();
    const [me] = s.contributors;
    const { end } = periodTimes(plan, 0);
    s.chain.warp(end);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 100n);
    const reason = new Uint8Array(32).fill(3);
    await s.send(me!, [await instructions.dispute(me!.address, s.plan, SHARED, grant!.address, reason)]);
    const read = async () => {
      const evaluation = (await s.evaluations()).get(evaluationKey(s.plan, 0, 0, undefined));
      return readingAt(plan, plan.kpis[0]!, 0, undefined, evaluation, s.chain.now());
    };
    expect(await read()).toMatchObject({ stage: 'ruling', score: 1_250, votes: [{ value: 100n }, { value: 100n }] });
    const rule = await instructions.rule(s.arbiter.address, s.plan, SHARED, [grant!.address], 800n, reason);
    await s.send(s.arbiter, [rule]);
    expect(await read()).toMatchObject({ stage: 'final', score: 10_000, outcome: { kind: 'value', value: 800n } });
    const { events } = await readHistory(s.chain, { plan: s.plan, counted: 0n });
    const ruled = events.map(({ event }) => event).find((event) => event.name === 'DisputeRuled');
    expect(some(ruled!.value)).toBe(800n);
  });

  it('finds the plans in which a key has a role', async () => {
    const s = await scenario();
    for (const oracle of s.oracles) {
      expect((await findRoles(s.chain, oracle.address)).oracle.map(({ address }) => address)).toEqual([s.plan]);
    }
    expect((await findRoles(s.chain, s.authority.address)).authority).toHaveLength(1);
    expect((await findRoles(s.chain, s.arbiter.address)).arbiter).toHaveLength(1);
    const stranger = await findRoles(s.chain, s.mint);
    expect(Object.values(stranger).flat()).toEqual([]);
  });

  it('refuses in its own words, before anything is sent', async () => {
    const s = await scenario();
    const { plan } = await s.state();
    const [grant] = await s.grants();
    const sent = s.chain.sent.length;
    const early = await instructions.settle(s.authority.address, plan, grant!, true);
    const fault = asFault(
      await prepare(s.chain, { payer: s.authority.address, version: 0 }, [early]).catch((error: unknown) => error),
    );
    expect(fault).toMatchObject({ kind: 'refused', message: 'PeriodNotEnded: The period has not ended.' });
    expect(s.chain.sent).toHaveLength(sent);
  });

  it('a signature that comes too late changes nothing and says so', async () => {
    const s = await scenario();
    const { plan } = await s.state();
    const [grant] = await s.grants();
    const end = await instructions.terminateGrant(s.authority.address, grant!);
    const prepared = await prepare(s.chain, { payer: s.authority.address, version: 0 }, [end]);
    const late: ReturnType<typeof signing> = (transactions, payer) => {
      s.chain.expireBlockhash();
      return signing(s.authority)(transactions, payer);
    };
    const fault = asFault(await submit(s.chain, [prepared], late).catch((error: unknown) => error));
    expect(fault.kind).toBe('expired');
    expect((await s.grants())[0]!.account.termination).toBe(0);
    await submit(s.chain, [prepared], signing(s.authority));
    expect((await s.grants())[0]!.account.termination).toBe(1);
    expect(plan.status).toBe('active');
  });

  it('notices a wallet that signs with another account', async () => {
    const s = await scenario();
    const [grant] = await s.grants();
    const prepared = await prepare(s.chain, { payer: s.authority.address, version: 0 }, [
      await instructions.terminateGrant(s.authority.address, grant!),
    ]);
    const other = await prepare(s.chain, { payer: s.arbiter.address, version: 0 }, []);
    const swapped = { ...prepared, payer: s.authority.address };
    const fault = await submit(s.chain, [swapped], async () => {
      let stolen: Parameters<ReturnType<typeof signing>>[0] = [];
      const steal: ReturnType<typeof signing> = (transactions, payer) => {
        stolen = transactions;
        return signing(s.arbiter)(transactions, payer);
      };
      await submit(s.chain, [other], steal);
      return stolen;
    }).catch((error: unknown) => error);
    expect(asFault(fault).kind).toBe('wrong-account');
  });

  it('exports a message that a multisig can execute', async () => {
    const s = await scenario();
    const [grant] = await s.grants();
    const instruction = await instructions.terminateGrant(s.authority.address, grant!);
    const message = getBase64Encoder().encode(exportMessage(s.authority.address, [instruction]));
    const decoded = getCompiledTransactionMessageDecoder().decode(message);
    expect(decoded.staticAccounts[0]).toBe(s.authority.address);
    expect(decoded.header.numSignerAccounts).toBe(1);
    expect('instructions' in decoded && decoded.instructions[0]!.data).toEqual(instruction.data);
  });

  it('says what lies at an address that is not a plan', async () => {
    const s = await scenario();
    const [grant] = await s.grants();
    const message = async (address: typeof s.plan) =>
      asFault(await readOnePlan(s.chain, address).catch((error: unknown) => error)).message;
    expect(await message(grant!.address)).toContain('address of a grant');
    expect(await message(s.mint)).toContain('not a plan');
    expect(await message('SysvarC1ock11111111111111111111111111111112' as typeof s.plan)).toContain(
      'nothing at this address',
    );
  });

  it('keeps the terms that were given, whatever the names', async () => {
    const hostile = '=a<b>"c';
    const s = await scenario({ kpis: [kpi({ name: hostile, unit: '<b>' })] });
    const { plan } = await s.state();
    expect(plan.kpis[0]).toMatchObject({ name: hostile, unit: '<b>', scope: 'shared', decimals: 1 });
    expect(plan.calendar).toEqual({ start: START, cadence: { kind: 'months', length: 3 }, periodCount: 4 });
  });
});
