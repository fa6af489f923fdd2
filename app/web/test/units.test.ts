// Grants in another unit and prices, by the arithmetic in TypeScript and on the built program.
import type { Address } from '@solana/kit';
import { describe, expect, it } from 'vitest';
import { priceFeedAddress } from '../src/chain/feeds';
import { asFault } from '../src/chain/fault';
import { readHistory } from '../src/chain/history';
import * as instructions from '../src/chain/instructions';
import { replaces, valueOf } from '../src/core/feed';
import { priceAtDeadline } from '../src/core/quorum';
import * as unit from '../src/core/unit';
import { evaluationKey, observationOf } from '../src/domain/evaluation';
import { type Grant, paidBy, settled, shareOf, unitsOf } from '../src/domain/grant';
import { outlook } from '../src/domain/outlook';
import { RECEIVERS, seen } from '../src/domain/priceUpdate';
import { disputeHindrance, isReady, lastPrice, readingAt, readingsFor, resultsOf } from '../src/domain/reading';
import { claimableNow } from '../src/domain/steps';
import { type Plan, periodTimes } from '../src/domain/terms';
import type { CreateGrantArgsArgs } from '../src/generated/types/createGrantArgs';
import type { KpiTermsArgs } from '../src/generated/types/kpiTerms';
import { Receiver } from '../src/generated/types/receiver';
import { UnearnedPolicy } from '../src/generated/types/unearnedPolicy';
import { tasksOf } from '../src/model/due';
import { doubts, readGrantFile, wrongTerms } from '../src/model/grantFile';
import { settledKey, settlements } from '../src/model/record';
import { statement } from '../src/model/statement';
import { loadGrant } from '../src/state/grantData';
import { loadPlan } from '../src/state/planData';
import { hex, sha256 } from '../src/text/hash';
import { DAY, IN_USD, START, TOKEN, kpi, price, scenario } from './support/scenario';
import { FEED_ID, priceUpdate } from './support/priceUpdate';

describe('the arithmetic', () => {
  it('turns units into tokens as the core does', () => {
    expect(unit.exponent(9, 4, 2)).toBe(11);
    for (const [mint, of, account] of [
      [19, 0, 0],
      [0, 0, 19],
    ] as const) {
      expect(() => unit.exponent(mint, of, account)).toThrow('ExponentOutOfRange');
    }
    expect(unit.worth(250_000n, 410n, 8)).toBe(60_975_609_756n);
    expect(unit.capped(60_000n, 250_000n, 50n, 1)).toBe(50_000n);
    expect(unit.capped(60_000n, 250_000n, 40n, 1)).toBe(60_000n);
    expect(unit.lowestPrice(60_000n, 250_000n, 1)).toBe(42n);
    expect([unit.worth(250_000n, 41n, 1), unit.worth(250_000n, 42n, 1)]).toEqual([60_975n, 59_523n]);
    const most = (1n << 64n) - 1n;
    const [highest, billions] = [(1n << 63n) - 1n, 1_000_000_000_000_000_000n];
    expect(unit.worth(most, 1n, 0)).toBe(most);
    expect(unit.worth(most, 1n, 1)).toBeUndefined();
    expect(unit.worth(most, highest, 18)).toBe(2n * billions);
    expect(unit.worth(most, highest, -18)).toBe(0n);
    expect(unit.worth(most, 1n, -18)).toBe(18n);
    expect(unit.capped(most, most, 1n, 18)).toBe(most);
    expect(unit.lowestPrice(0n, 1n, 0)).toBe(2n);
    expect(unit.lowestPrice(most, most, 18)).toBe(billions);
    expect(unit.lowestPrice(0n, most, 0)).toBeUndefined();
    for (const wrong of [0n, -1n]) expect(() => unit.worth(1n, wrong, 0)).toThrow('BadPrice');
    expect(() => unit.worth(1n, 1n, 19)).toThrow('ExponentOutOfRange');
  });

  it('finds the lowest price that pays in full, whatever the numbers', () => {
    for (let cap = 0n; cap <= 12n; cap += 1n) {
      for (let units = 0n; units <= 12n; units += 1n) {
        for (let at = 1n; at <= 13n; at += 1n) {
          for (const power of [-1, 0, 1]) {
            const lowest = unit.lowestPrice(cap, units, power);
            const isCut = (unit.worth(units, at, power) ?? cap + 1n) > cap;
            expect(isCut, `${cap} ${units} ${at} ${power}`).toBe(lowest === undefined || at < lowest);
          }
        }
      }
    }
  });

  it('takes the median of prices and defaults', () => {
    expect(priceAtDeadline([41n, 40n, 900n], 2, 50n)).toEqual({ kind: 'value', value: 41n });
    expect(priceAtDeadline([41n, 900n, undefined], 2, 50n)).toEqual({ kind: 'silent' });
    expect(priceAtDeadline([41n, 42n, undefined], 2, 50n)).toEqual({ kind: 'value', value: 42n });
    expect(priceAtDeadline([undefined, 42n, undefined], 2, 42n)).toEqual({ kind: 'silent' });
  });

  it('rounds and orders what feeds publish as the core does', () => {
    const quote = { price: 14_312_345_678n, confidence: 5_000_000n, exponent: -8 };
    expect([valueOf(quote, 2, 'down'), valueOf(quote, 2, 'up')]).toEqual([14_312n, 14_313n]);
    expect(valueOf(quote, 10, 'up')).toBe(1_431_234_567_800n);
    const [first, early, late] = [
      { at: 105n, previous: 99n },
      { at: 105n, previous: 105n },
      { at: 106n, previous: 105n },
    ];
    expect([replaces(early, late, 100n), replaces(first, early, 100n)]).toEqual([true, true]);
    for (const [update, standing] of [
      [late, early],
      [early, early],
      [early, first],
    ] as const) {
      expect(replaces(update, standing, 100n)).toBe(false);
    }
  });
});

const inUsd = (change: Partial<CreateGrantArgsArgs> = {}): Partial<CreateGrantArgsArgs> => ({
  unitAllocation: 12_000n, // 120.00 USD: 30.00 a period
  kpiWeights: [10_000, 0],
  ...change,
});

/** A plan with a KPI and a price, whose first grant is in USD. */
const priced = (grants: Partial<CreateGrantArgsArgs>[] = [inUsd()], change: Partial<KpiTermsArgs> = {}) =>
  scenario({ terms: IN_USD, kpis: [kpi(), price(change)], grants });

describe('a grant in another unit, on the built program', () => {
  it('is paid its units at the price of the period, the price first', async () => {
    const s = await priced();
    const { plan } = await s.state();
    expect(plan.name).toBe('Design guild');
    expect(plan.unit).toEqual({ name: 'USD', decimals: 2, exponent: 8 });
    expect(plan.price?.number).toBe(1);
    const [grant] = await s.grants();
    expect(paidBy(plan, grant!).map(({ number }) => number)).toEqual([1, 0]);
    const { end } = periodTimes(plan, 0);
    s.chain.warp(end);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 800n);
    await s.vote(s.oracles.slice(0, 2), 1, 0, 2_500n);
    s.chain.warp(end + BigInt(8 * DAY));
    const evaluations = await s.evaluations();
    expect(isReady(plan, grant!, evaluations, s.chain.now())).toBe(true);
    const readings = readingsFor(plan, grant!, 0, evaluations, s.chain.now());
    const results = resultsOf(plan, readings);
    expect(results).toEqual({ scores: [10_000, 0], price: 2_500n });
    expect(lastPrice(plan, evaluations, s.chain.now())).toBe(2_500n);
    // 30.00 USD at 0.25: 120 tokens of the 300 of the allocation.
    expect(shareOf(plan, grant!, 0, 2_500n)).toMatchObject({ tranche: 120n * TOKEN, isCut: false, cutOff: 0n });
    const expected = settled(plan, grant!, results).grant.account;
    await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant!, false)]);
    const [after] = await s.grants();
    expect(after!.account.earned).toBe(expected.earned);
    expect(after!.account.earned).toBe(120n * TOKEN);
    expect(after!.account.lastTranche).toBe(expected.lastTranche);
    const { events } = await readHistory(s.chain, { plan: s.plan, counted: 0n });
    const recorded = settlements(events).get(settledKey(grant!.address, 0));
    expect(recorded).toMatchObject({ price: 2_500n, tranche: 120n * TOKEN });
    const past = new Map([[0, recorded!]]);
    const ahead = outlook(plan, after!, await s.evaluations(), s.chain.now(), past);
    expect(ahead.price).toBe(2_500n);
    expect(ahead.earned.at(-1)).toEqual({ period: 3, total: 480n * TOKEN });
  });

  it.each([
    ['a tenth of a cent', 100n, 300n * TOKEN, 2_700n * TOKEN],
    ['the default under silence', undefined, 300n * TOKEN, 300n * TOKEN],
    ['exactly where the allocation ends', 1_000n, 300n * TOKEN, 0n],
    ['the highest', 1_000_000n, 300_000n, 0n],
  ] as const)('at %s', async (_name, at, tranche, cutOff) => {
    const s = await priced();
    const { plan } = await s.state();
    const [grant] = await s.grants();
    s.chain.warp(periodTimes(plan, 0).end);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 800n);
    if (at !== undefined) await s.vote(s.oracles.slice(0, 2), 1, 0, at);
    s.chain.warp(periodTimes(plan, 0).settleDeadline);
    const results = resultsOf(plan, readingsFor(plan, grant!, 0, await s.evaluations(), s.chain.now()));
    const share = shareOf(plan, grant!, 0, results.price);
    expect(share).toMatchObject({ tranche, cutOff, isCut: cutOff > 0n, units: 3_000n, lowestPrice: 1_000n });
    await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant!, false)]);
    const [after] = await s.grants();
    expect(after!.account).toMatchObject({ lastTranche: tranche, earned: tranche });
    expect(after!.account.reserved).toBe(1_125n * TOKEN);
  });

  it('keeps what the price leaves of the allocation out of every pool', async () => {
    const s = await scenario({
      terms: { ...IN_USD, unearnedPolicy: UnearnedPolicy.Redistribute },
      kpis: [kpi(), price()],
      grants: [inUsd(), { kpiWeights: [10_000, 0] }],
    });
    const { plan } = await s.state();
    s.chain.warp(periodTimes(plan, 0).end);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 400n);
    await s.vote(s.oracles.slice(0, 2), 1, 0, 2_500n);
    s.chain.warp(periodTimes(plan, 0).settleDeadline);
    const data = await loadPlan(s.chain, s.plan);
    const [grant] = [...data.grants.values()];
    const due = claimableNow(data, grant!, s.chain.now());
    expect(due.amount).toBe(60n * TOKEN);
    expect(due.waiting).toEqual({ period: 0, left: 1 });
    for (const each of await s.grants()) {
      await s.send(s.authority, [await instructions.settle(s.authority.address, plan, each, true)]);
    }
    // Half of 120 and half of 300: the 180 that the price left are not shared out.
    expect((await loadPlan(s.chain, s.plan)).pools.get(0)!.pool).toBe(210n * TOKEN);
  });

  it('that ends early keeps both parts that were served', async () => {
    const s = await priced();
    const { plan } = await s.state();
    const { start, end } = periodTimes(plan, 0);
    s.chain.warp(start + (end - start) / 3n);
    const [grant] = await s.grants();
    await s.send(s.authority, [await instructions.terminateGrant(s.authority.address, grant!)]);
    const [ended] = await s.grants();
    expect(unitsOf(ended!, 0)).toBe(1_000n);
    s.chain.warp(end);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 800n);
    await s.vote(s.oracles.slice(0, 2), 1, 0, 5_000n);
    s.chain.warp(periodTimes(plan, 0).settleDeadline);
    expect(shareOf(plan, ended!, 0, 5_000n)).toMatchObject({ cap: 100n * TOKEN, tranche: 20n * TOKEN });
    await s.send(s.authority, [await instructions.settle(s.authority.address, plan, ended!, false)]);
    expect((await s.grants())[0]!.account.earned).toBe(20n * TOKEN);
  });

  it('may dispute the price; one in tokens may not', async () => {
    const s = await priced([inUsd(), { kpiWeights: [10_000, 0] }]);
    const { plan } = await s.state();
    const [inUnits, inTokens] = await s.grants();
    s.chain.warp(periodTimes(plan, 0).end);
    await s.vote(s.oracles.slice(0, 2), 1, 0, 9_000n);
    const evaluation = (await s.evaluations()).get(evaluationKey(s.plan, 1, 0, undefined));
    const reading = readingAt(plan, plan.price!, 0, undefined, evaluation, s.chain.now());
    expect(reading).toMatchObject({ stage: 'challenge', score: 0, price: 9_000n });
    expect(disputeHindrance(plan, inUnits!, reading, s.chain.now())).toBeUndefined();
    expect(disputeHindrance(plan, inTokens!, reading, s.chain.now())).toContain('not paid by the value');
    const valued = { kpi: 1, period: 0, grants: undefined };
    const reason = new Uint8Array(32).fill(3);
    const by = s.contributors[0]!;
    await s.send(by, [await instructions.dispute(by.address, s.plan, valued, inUnits!.address, reason)]);
    await s.send(s.arbiter, [
      await instructions.rule(s.arbiter.address, s.plan, valued, [inUnits!.address], 6_000n, reason),
    ]);
    const ruled = (await s.evaluations()).get(evaluationKey(s.plan, 1, 0, undefined));
    expect(readingAt(plan, plan.price!, 0, undefined, ruled, s.chain.now())).toMatchObject({
      stage: 'final',
      price: 6_000n,
    });
  });

  it('is in the statement with units, price and what was cut off', async () => {
    const s = await priced([inUsd(), { kpiWeights: [10_000, 0] }]);
    const { plan } = await s.state();
    s.chain.warp(periodTimes(plan, 0).end);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 800n);
    await s.vote(s.oracles.slice(0, 2), 1, 0, 100n);
    s.chain.warp(periodTimes(plan, 0).settleDeadline);
    for (const each of await s.grants()) {
      await s.send(s.authority, [await instructions.settle(s.authority.address, plan, each, false)]);
    }
    const data = await loadPlan(s.chain, s.plan);
    const { events } = await readHistory(s.chain, { plan: s.plan, counted: 0n });
    const [header, ...lines] = statement(data, events, s.chain.now()).trimEnd().split('\n');
    const columns = header!.split(',');
    const row = (line: string) => new Map(line.split(',').map((cell, at) => [columns[at]!, cell]));
    const [settledRow, coming] = [row(lines[0]!), row(lines[1]!)];
    expect(Object.fromEntries(settledRow)).toMatchObject({
      state: 'settled',
      'value in USD': '30',
      'price in USD': '0.01',
      'most by the allocation': '300.000000',
      'cut off': '2700.000000',
      tranche: '300.000000',
      'Token price value': '0.01',
      'Token price score': '',
      earned: '300.000000',
    });
    // As long as no price stands, it is no amount of tokens.
    expect(Object.fromEntries(coming)).toMatchObject({ 'value in USD': '30', 'price in USD': '', tranche: '' });
    expect(Object.fromEntries(row(lines[4]!))).toMatchObject({ 'value in USD': '', tranche: '300.000000' });
  });

  it('comes from a file with a column for the value, and is doubted where it is often a mistake', async () => {
    const s = await priced();
    const { plan } = await s.state();
    const head = 'beneficiary,allocation,value,cliff,time_weight,weight:milestones completed,revocable,transferable';
    const key = s.contributors[0]!.address;
    const read = (value: string, weights = '0,10000') =>
      readGrantFile(`${head}\n${key},1200,${value},0,${weights},true,false\n`, plan, 6, {
        offCurve: false,
        severalEach: false,
      });
    expect(read('120').rows[0]!.terms).toMatchObject({ unitAllocation: 12_000n, allocation: 1_200n * TOKEN });
    expect(read('').rows[0]!.terms.unitAllocation).toBe(0n);
    for (const [value, what] of [
      ['0.001', 'has more than 2 decimals'],
      ['0', 'is no value; expected an amount above 0'],
      ['x', 'is not a number'],
    ] as const) {
      expect(read(value).mistakes).toMatchObject([{ field: 'value', line: 2 }]);
      expect(read(value).mistakes[0]!.what).toContain(what);
    }
    const { terms } = read('120').rows[0]!;
    // 30.00 USD need 0.10 a token for 300 tokens: at half of 0.25 they are enough, at half of 0.15 not.
    expect(doubts(plan, terms, 2_500n)).toEqual([]);
    expect(doubts(plan, terms, 1_500n)).toMatchObject([
      expect.stringContaining('At half of the last price, 0.075 USD'),
    ]);
    expect(doubts(plan, terms, 900n)).toMatchObject([expect.stringContaining('Already at the last price, 0.09 USD')]);
    expect(doubts(plan, terms, undefined)[0]).toContain('the price that counts if nobody reports');
    const rough = { ...plan, price: { ...plan.price!, rangeMin: 99n } } as Plan;
    expect(doubts(rough, terms, 2_500n)).toMatchObject([expect.stringContaining('fewer than three digits')]);
    expect(doubts(rough, { ...terms, unitAllocation: 0n }, undefined)).toEqual([]);
    expect(wrongTerms(plan, 6, { ...terms, kpiWeights: [0, 10_000] })?.what).toContain('weight on the price');
    const without = await scenario();
    const other = (await without.state()).plan;
    expect(wrongTerms(other, 6, { ...terms, kpiWeights: [10_000] })).toMatchObject({ field: 'value' });
  });
});

const FEED = { receiver: Receiver.Pyth, feedId: FEED_ID, average: false, maxDelaySecs: 600, maxConfidenceBps: 200 };
const ACCOUNT = 'PriceUpdate11111111111111111111111111111111' as Address;

describe('a price that can be read from a feed', () => {
  /** End of the first quarter. */
  const end = () => START + BigInt(90 * DAY);

  it('counts from the end of voting on, before all votes, which resolve nothing early', async () => {
    const s = await priced([inUsd()], { feed: FEED });
    const { plan } = await s.state();
    expect(end()).toBe(periodTimes(plan, 0).end);
    s.chain.warp(end() + 30n);
    await s.vote(s.oracles, 1, 0, 9_000n);
    const oracle = s.oracles[0]!.address;
    const due = tasksOf(await loadPlan(s.chain, s.plan), oracle, s.chain.now());
    // Three agree, and it still is due: until voting ends they may change their minds.
    expect(due.map((each) => each.kpi.number)).toEqual([0, 1]);
    s.chain.svm.setAccount(priceUpdate(ACCOUNT, { at: end() + 5n, previous: end() - 1n }));
    const [account] = await s.chain.accounts([ACCOUNT]);
    const look = seen(plan, plan.price!, plan.price!.feed!, 0, account, undefined, s.chain.now());
    // 0.25004… is rounded up: a higher price pays fewer tokens.
    expect(look).toMatchObject({ observation: { value: 2_501n, confidenceBps: 40, publishedAt: end() + 5n } });
    await s.send(s.arbiter, [await instructions.observe(s.arbiter.address, plan, plan.price!, 0, ACCOUNT)]);
    const evaluation = (await s.evaluations()).get(evaluationKey(s.plan, 1, 0, undefined))!;
    const observation = observationOf(evaluation)!;
    expect(observation).toMatchObject({
      value: 2_501n,
      confidenceBps: 40,
      publishedAt: end() + 5n,
      previousAt: end() - 1n,
    });
    expect(hex(observation.evidence)).toBe(hex(await sha256(account!.data.slice(41, 125) as Uint8Array)));
    const at = (now: bigint) => readingAt(plan, plan.price!, 0, undefined, evaluation, now);
    expect(at(s.chain.now())).toMatchObject({ stage: 'voting', stands: false });
    const { attestDeadline, settleDeadline } = periodTimes(plan, 0);
    expect(at(attestDeadline)).toMatchObject({ stage: 'challenge', stands: true, price: 2_501n });
    await s.vote(s.oracles.slice(0, 2), 0, 0, 800n);
    s.chain.warp(settleDeadline);
    const [grant] = await s.grants();
    await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant!, false)]);
    const after: Grant = (await s.grants())[0]!;
    expect(after.account.earned).toBe(unit.capped(300n * TOKEN, 3_000n, 2_501n, 8));
    const data = await loadGrant(s.chain, after.address);
    const { events } = await readHistory(s.chain, { plan: s.plan, counted: 0n });
    expect(statement(data, events, s.chain.now()).split('\n')[1]).toContain('feed, published');
  });

  it('is seen here as the program sees it', async () => {
    const s = await priced([inUsd()], { feed: FEED });
    const { plan } = await s.state();
    s.chain.warp(end() + 120n);
    const cases = [
      ['published before the period ended', { at: end() - 1n }, 'PriceTooEarly'],
      ['too long after', { at: end() + 121n }, 'PriceTooLate'],
      ['another feed', { feedId: new Uint8Array(32).fill(8) }, 'WrongFeed'],
      ['not fully verified', { verification: 0 }, 'PriceNotVerified'],
      ['less certain', { confidence: 600_001n }, 'PriceUncertain'],
      ['holds no price', { price: 0n }, 'UnusablePrice'],
      ['holds no price', { exponent: 1 }, 'UnusablePrice'],
      ['holds no price', { exponent: -19 }, 'UnusablePrice'],
      ['no price update of the receiver', { owner: RECEIVERS[Receiver.PythPro].owner }, 'WrongPriceUpdate'],
      ['no price update of the receiver', { length: 133 }, 'WrongPriceUpdate'],
      ['no price update of the receiver', { discriminator: 0 }, 'WrongPriceUpdate'],
    ] as const;
    for (const [why, change, refusal] of cases) {
      s.chain.svm.setAccount(priceUpdate(ACCOUNT, { at: end() + 5n, previous: end() - 1n, ...change }));
      const [account] = await s.chain.accounts([ACCOUNT]);
      const look = seen(plan, plan.price!, plan.price!.feed!, 0, account, undefined, s.chain.now());
      expect(look, refusal).toMatchObject({ why: expect.stringContaining(why) as string });
      const observe = [await instructions.observe(s.arbiter.address, plan, plan.price!, 0, ACCOUNT)];
      const fault = asFault(await s.send(s.arbiter, observe).catch((error: unknown) => error));
      expect(fault.message).toContain(refusal);
    }
    // The first update after the end stands, whatever comes.
    for (const [at, previous, counts] of [
      [end() + 50n, end() + 49n, true],
      [end() + 60n, end() + 59n, false],
      [end() + 40n, end() + 39n, true],
      [end() + 70n, end() - 1n, true],
      [end() + 1n, end() + 1n, false],
    ] as const) {
      s.chain.svm.setAccount(priceUpdate(ACCOUNT, { at, previous }));
      s.chain.svm.expireBlockhash();
      const [account] = await s.chain.accounts([ACCOUNT]);
      const evaluation = (await s.evaluations()).get(evaluationKey(s.plan, 1, 0, undefined));
      const standing = evaluation && observationOf(evaluation);
      const look = seen(plan, plan.price!, plan.price!.feed!, 0, account, standing, s.chain.now());
      expect('why' in look, String(at - end())).toBe(!counts);
      const observe = [await instructions.observe(s.arbiter.address, plan, plan.price!, 0, ACCOUNT)];
      const sent = await s.send(s.arbiter, observe).then(
        () => true,
        (error: unknown) => asFault(error).message,
      );
      expect(sent, String(at - end())).toEqual(counts || (expect.stringContaining('EarlierPriceStands') as string));
    }
  });

  it('is looked for where a sponsor publishes the feed', async () => {
    // SOL in USD: the address is Pyth's own.
    const id = Uint8Array.from(Buffer.from('ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d', 'hex'));
    const feed = { receiver: Receiver.Pyth, id, average: false, maxDelaySecs: 600, maxConfidenceBps: 100 };
    expect(await priceFeedAddress(feed)).toBe('7UVimffxr9ow1uXYxsr4LHAcV58mLzhmwaeKvJ1pjLiE');
  });
});
