// Plan files and files of grants: what is read, and what is said of everything that is wrong.
import { readFileSync } from 'node:fs';
import type { Address } from '@solana/kit';
import { generateKeyPairSigner } from '@solana/kit';
import { beforeAll, describe, expect, it } from 'vitest';
import { vaultAddress } from '../src/chain/addresses';
import { readGrantFile, wrongNow } from '../src/model/grantFile';
import { draftCurve, mostFor } from '../src/model/kpiCheck';
import { mistakeText } from '../src/model/mistakes';
import { checkPlan } from '../src/model/planCheck';
import { readPlanFile } from '../src/model/planFile';
import { loadPlan } from '../src/state/planData';
import { type Scenario, START, TOKEN, kpi, scenario } from './support/scenario';

const STRICT = { offCurve: false, severalEach: false };

describe('a file of grants', () => {
  let s: Scenario;
  let plan: Awaited<ReturnType<Scenario['state']>>['plan'];
  let [a, b, offCurve]: string[] = [];
  const header = 'beneficiary,allocation,first_period,periods,cliff,time_weight,weight:users,revocable,transferable';
  const read = (text: string, leniency = STRICT) => readGrantFile(text, plan, 6, leniency);
  const said = (text: string) => read(text).mistakes.map(mistakeText);

  beforeAll(async () => {
    const limits = { minAllocation: TOKEN, maxAllocation: 500n * TOKEN, periodCount: 8, maxGrants: 4 };
    s = await scenario({ kpis: [kpi({ name: 'users' })], grants: [], terms: limits });
    ({ plan } = await s.state());
    a = (await generateKeyPairSigner()).address;
    b = (await generateKeyPairSigner()).address;
    offCurve = await vaultAddress(s.plan);
  });

  it('is read with exact amounts', () => {
    const text = `name,${header}\nAda,${a},1_25.5,1,4,2,4_000,6000,true,false\n,,,,,\n"B, C",${b},3,,,0,10000,,false,true\n`;
    const { rows, mistakes } = read(text);
    expect(mistakes).toEqual([]);
    expect(rows.map(({ line, name }) => [line, name])).toEqual([
      [2, 'Ada'],
      [4, 'B, C'],
    ]);
    const [first, second] = rows.map(({ terms }) => terms);
    expect(first).toMatchObject({
      allocation: 125_500_000n,
      firstPeriod: 1,
      periods: 4,
      timeWeight: 4_000,
      kpiWeights: [6_000],
    });
    expect(second).toMatchObject({
      allocation: 3_000_000n,
      firstPeriod: 0,
      periods: 8,
      revocable: false,
      transferable: true,
    });
  });

  it('has all its mistakes said at once, in the words of the command line', () => {
    const text = [
      header,
      `${a},100,0,8,2,4000,6000,true,false`,
      `${a}xx,100,0,8,2,4000,6000,true,false`,
      `${offCurve},100,0,8,2,4000,6000,true,false`,
      `${b},0.0000001,0,8,2,4000,6000,true,false`,
      `${b},1e3,0,8,2,4000,6000,true,false`,
      `${b},100,0,8,2,4000,5999,true,false`,
      `${b},501,0,8,2,4000,6000,true,false`,
      `${b},100,4,5,2,4000,6000,true,false`,
      `${b},100,0,2,3,4000,6000,true,false`,
      `${b},100,-1,2,1,4000,6000,ja,false`,
      `${b},100,0,2`,
      `${a},100,0,8,2,4000,6000,true,false`,
      `${a},200,0,8,2,4000,6000,true,false`,
    ].join('\n');
    const expected = [
      '3: beneficiary: ',
      '4: beneficiary: ',
      '5: allocation: "0.0000001" has more than 6 decimals and would have to be rounded',
      '6: allocation: "1e3" is not a number',
      '7: time_weight and the weights of the KPIs sum to 9999; expected 10000',
      '8: allocation: the plan allows from 1 to 500 for a grant',
      "9: periods: expected at least one period, and all within the plan's 8",
      '10: cliff: the cliff lies beyond the 2 periods',
      '11: first_period: "-1" is not a whole number',
      '11: revocable: "ja" is neither true nor false',
      '12: the row has 4 fields; expected 9',
      '13: the row repeats line 2',
      '14: beneficiary: line 2 has the same one',
    ];
    const found = said(text);
    expect(found).toHaveLength(expected.length);
    found.forEach((mistake, index) => expect(mistake.startsWith(expected[index]!), mistake).toBe(true));
  });

  it('has known, complete and single columns', () => {
    const found = said('beneficiary,allocation,salary,weight:users,weight:0,weight:mau,cliff\n');
    const expected = [
      '1: salary: is not a column',
      '1: weight:0: the column is there twice',
      '1: weight:mau: the plan has no such KPI; its KPIs are: 0 users',
      '1: time_weight: the column is missing',
      '1: revocable: the column is missing',
      '1: transferable: the column is missing',
    ];
    expect(found).toHaveLength(expected.length);
    found.forEach((mistake, index) => expect(mistake.startsWith(expected[index]!), mistake).toBe(true));
    expect(said('')[0]).toContain('the file is empty');
    expect(said(header)[0]).toContain('no row below the header');
    expect(said(`${header}\n"open`)[0]).toContain('a quoted field does not end in its line');
  });

  it('can mean what is often a mistake', () => {
    const text = `${header}\n${a},100,0,8,2,4000,6000,true,false\n${a},200,0,8,2,4000,6000,true,false\n${offCurve},100,0,8,2,4000,6000,true,false\n`;
    expect(read(text).mistakes).toHaveLength(2);
    // The vault is not a beneficiary of its own plan, whatever was allowed.
    const lenient = read(text, { offCurve: true, severalEach: true });
    expect(lenient.rows).toHaveLength(2);
    expect(lenient.mistakes.map(mistakeText)[0]).toContain('This key cannot be a beneficiary');
  });

  it('is held against time, numbers and funds', async () => {
    const data = await loadPlan(s.chain, s.plan);
    const rows = (count: number, allocation: bigint) =>
      Array.from({ length: count }, (_, index) => ({
        line: index + 2,
        name: '',
        terms: {
          beneficiary: a as Address,
          allocation,
          unitAllocation: 0n,
          firstPeriod: 0,
          periods: 8,
          cliffPeriods: 0,
          timeWeight: 10_000,
          kpiWeights: [0],
          revocable: true,
          transferable: false,
        },
      }));
    const now = (count: number, allocation: bigint, time: bigint) =>
      wrongNow(data, rows(count, allocation), time).map(mistakeText);
    expect(now(1, TOKEN, START - 1n)).toEqual([]);
    expect(now(1, TOKEN, START)[0]).toContain('2: The first period has begun already');
    expect(now(5, TOKEN, START - 1n)).toEqual(['5 grants are to be made, and the plan may have 4 more of 4']);
    expect(now(1, 600_000n * TOKEN, START - 1n)[0]).toContain(
      'the grants need 600,000 tokens in the vault, which has 500,000 that are not reserved; fund 100,000 more',
    );
  });
});

describe('a plan file', () => {
  const text = readFileSync(new URL('../../../examples/team/plan.toml', import.meta.url), 'utf8');
  const before = START - 86_400n * 30n;

  it('of the demo fills the form, and is right once its names are addresses', async () => {
    const { draft, mistakes, allocations } = readPlanFile(text, before);
    expect(mistakes).toEqual([]);
    expect(allocations).toEqual(['10 %', '5 %', '8 %']);
    expect(draft).toMatchObject({
      cadence: '3 months',
      periods: '4',
      unearned: 'return',
      maxAllocation: '10 %',
      threshold: '2',
    });
    expect(draft.kpis.map(({ name }) => name)).toEqual([
      'development milestones completed',
      'increase in user acquisition',
      'team satisfaction',
    ]);
    const keys = await Promise.all(Array.from({ length: 5 }, generateKeyPairSigner));
    const [mint, arbiter, ...oracles] = keys.map(({ address }) => address as string);
    const named = { ...draft, mint: mint!, arbiter: arbiter!, oracles };
    const context = { authority: undefined, decimals: 6, now: before };
    const { plan, mistakes: wrong } = await checkPlan(named, context);
    expect(wrong).toEqual([]);
    expect(plan!.args).toMatchObject({ maxAllocation: 10_000_000n * TOKEN, attestSecs: 14 * 86_400, periodCount: 4 });
    expect(plan!.kpis[1]!.points).toEqual([
      { value: 0n, score: 0 },
      { value: 500n, score: 10_000 },
      { value: 1_000n, score: 15_000 },
    ]);
    expect(mostFor(1_000n, draft.kpis)).toBe(1_500n);
  });

  it('is refused with the place of each mistake', () => {
    const wrong = text
      .replace('cadence = "3 months"', 'cadence = 3')
      .replace('combination = "weighted-sum"', 'combination = "sum"')
      .replace('threshold = 2', 'treshold = 2')
      .replace('scope = "shared"', 'scope = "common"');
    const said = readPlanFile(wrong, before).mistakes.map(mistakeText);
    const lineOf = (part: string) => wrong.split('\n').findIndex((line) => line.startsWith(part)) + 1;
    expect(said).toEqual([
      `${lineOf('combination')}: plan.combination: "sum": expected "weighted-sum" or "weakest"`,
      expect.stringContaining('roles.treshold: unknown field `treshold`'),
      expect.stringContaining('roles.threshold: missing field `threshold`'),
      expect.stringContaining(
        'kpi "development milestones completed" scope: "common": expected "shared" or "individual"',
      ),
    ]);
    expect(readPlanFile('[plan\n', before).mistakes[0]!.line).toBe(1);
    expect(readPlanFile('', before).mistakes.map(({ what }) => what)).toContain('missing field `plan`');
  });

  it('has every term checked before anything is sent', async () => {
    const { draft } = readPlanFile(text, before);
    const keys = await Promise.all(Array.from({ length: 3 }, generateKeyPairSigner));
    const [mint, authority, oracle] = keys.map(({ address }) => address);
    const base = { ...draft, mint: mint as string, oracles: [oracle as string], threshold: '1', arbiter: '' };
    const context = { authority, decimals: 6, now: before };
    const said = async (change: Partial<typeof base>) =>
      (await checkPlan({ ...base, ...change }, context)).mistakes.map(mistakeText);
    expect(await said({})).toEqual([]);
    expect((await said({ start: '2026-01-01T00:00:00Z' }))[0]).toContain(
      'plan.start: 2026-01-01T00:00:00Z is not after now',
    );
    expect((await said({ start: '2027-02-29T00:00:00Z' }))[0]).toContain('expected a date and time in UTC');
    expect((await said({ cadence: '13 months' }))[0]).toContain('plan.cadence: "13 months": expected 1 to 12 months');
    expect((await said({ attest: '5 minutes' }))[0]).toContain(
      'windows.attest: "5 minutes": expected 10 minutes to 90 days',
    );
    expect((await said({ periods: '121' }))[0]).toContain('expected 1 to 120 periods');
    expect((await said({ minAllocation: '11 %' }))[0]).toContain('limits.max_allocation: is below min_allocation');
    expect((await said({ enrolmentEnd: '2029-01-01T00:00:00Z' }))[0]).toContain('limits.enrolment_end: 2029-01-01');
    expect((await said({ threshold: '2' }))[0]).toContain(
      'roles.threshold: 2: expected more than half of the 1 oracle',
    );
    expect((await said({ oracles: [oracle as string, oracle as string] }))[0]).toContain('is an oracle already');
    expect((await said({ oracles: [authority as string] }))[0]).toContain('is the authority too');
    expect((await said({ arbiter: oracle }))[0]).toContain('is the arbiter too');
    expect((await said({ mint: 'x' }))[0]).toContain('token.mint: "x" is not an address');
    const [first] = draft.kpis;
    const kpis = (change: object) => said({ kpis: [{ ...first!, ...change }] });
    expect((await kpis({ name: '' }))[0]).toContain('The name must be 1 to 32 bytes');
    expect((await kpis({ name: 'ä'.repeat(17) }))[0]).toContain('The name must be 1 to 32 bytes');
    expect((await kpis({ unit: 'a\u0007' }))[0]).toContain('The unit must be at most 16 bytes');
    expect((await kpis({ decimals: '19' }))[0]).toContain('A KPI has at most 18 decimals');
    expect((await kpis({ min: '101' }))[0]).toContain('The smallest accepted value exceeds the largest');
    expect((await kpis({ min: '-9223372036854775808', decimals: '0' })).join()).toContain('stands for no value');
    expect(
      (
        await kpis({
          curve: [
            { value: '1', score: '0' },
            { value: '1', score: '1' },
          ],
        })
      )[0],
    ).toContain('A curve needs 1 to 8 points');
    expect((await kpis({ defaultScore: '10_001' }))[0]).toContain('The score under silence must be at most 10,000');
    expect((await kpis({ rubric: ' ' }))[0]).toContain('the rubric is empty');
    expect(draftCurve({ ...first!, curve: [{ value: 'x', score: '0' }] })).toBeUndefined();
  });
});
