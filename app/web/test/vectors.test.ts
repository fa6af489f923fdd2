// Files and numbers that Rust wrote down with what they mean: the page reads the same, and refuses the same.
import { readFileSync } from 'node:fs';
import { type Address, address, getBase16Codec } from '@solana/kit';
import { describe, expect, it } from 'vitest';
import type { Calendar } from '../src/core/calendar';
import { tallyOf } from '../src/domain/evaluation';
import type { Grant } from '../src/domain/grant';
import { readPage } from '../src/domain/page';
import type { Plan } from '../src/domain/terms';
import type { FeedArgs } from '../src/generated/types/feed';
import { Receiver } from '../src/generated/types/receiver';
import type { Ruling } from '../src/core/quorum';
import { manifestText, readManifest } from '../src/domain/manifest';
import { readGrantFile } from '../src/model/grantFile';
import { checkPlan } from '../src/model/planCheck';
import { readPlanFile } from '../src/model/planFile';
import { amountText, fromTyped, hint, parseAmount, parseShare, parseValue, shortAmount } from '../src/text/amount';
import { textOf } from '../src/text/csv';
import { hex, sha256 } from '../src/text/hash';

const vectors = <T>(name: string) =>
  JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8')) as T;

type Told = { line: number; field?: string; what?: string };

/** After this stands advice, which names options of the command line there and boxes of the page here. */
const upToAdvice = (what: string) => what.split('; ')[0];

type Number = { text: string; decimals: number; units?: string; what?: string };
type Amounts = {
  amounts: Number[];
  values: Number[];
  shares: Number[];
  shown: { units: string; decimals: number; text: string; short: string }[];
  hints: { text: string; meant: string }[];
};

describe('numbers', () => {
  const { amounts, values, shares, shown, hints } = vectors<Amounts>('amounts');
  it.each([
    ['amounts', amounts, parseAmount],
    ['values', values, parseValue],
    ['shares', shares, parseShare],
  ] as const)('%s mean the same', (_name, all, parse) => {
    for (const { text, decimals, units, what } of all) {
      expect(parse(text, decimals), text).toEqual(units === undefined ? { error: what } : { value: BigInt(units) });
    }
  });

  it('are read as they are shown', () => {
    for (const { units, decimals, text, short } of shown) {
      expect(amountText(BigInt(units), decimals)).toBe(text);
      expect(shortAmount(BigInt(units), decimals)).toBe(short);
      expect(parseAmount(text, decimals)).toEqual({ value: BigInt(units) });
      expect(parseAmount(short, decimals)).toEqual({ value: BigInt(units) });
    }
    for (const { text, meant } of hints) expect(hint(text).includes('write'), text).toBe(meant !== '');
  });
});

type Row = {
  line: number;
  name: string | null;
  beneficiary: string;
  allocation: string;
  unitAllocation: string;
  firstPeriod: number;
  periods: number;
  cliff: number;
  timeWeight: number;
  weights: number[];
  revocable: boolean;
  transferable: boolean;
};
type Grants = {
  plan: {
    kpis: string[];
    decimals: number;
    periods: number;
    minAllocation: string;
    maxAllocation: string;
    maxGrants: number;
    /** Number of the price. */
    price: number;
    unit: string;
    unitDecimals: number;
  };
  cases: {
    name: string;
    text: string;
    leniency: { offCurve: boolean; severalEach: boolean };
    rows?: Row[];
    mistakes?: Told[];
  }[];
  bytes: { name: string; hex: string; mistakes: Told[] }[];
};

describe('files of grants', () => {
  const { plan: terms, cases, bytes } = vectors<Grants>('grants');
  const calendar: Calendar = {
    start: 1_800_000_000n,
    cadence: { kind: 'months', length: 3 },
    periodCount: terms.periods,
  };
  const plan = {
    address: 'SysvarC1ock11111111111111111111111111111111' as Address,
    calendar,
    combination: 'weighted-sum',
    unearned: 'return',
    arbiter: undefined,
    kpis: terms.kpis.map((name, number) => ({
      name,
      number,
      defaultScore: 0,
      curve: { points: [{ value: 0n, score: 10_000 }], interpolation: 'linear' },
    })),
    unit: { name: terms.unit, decimals: terms.unitDecimals, exponent: 8 },
    price: { number: terms.price },
    account: { minAllocation: BigInt(terms.minAllocation), maxAllocation: BigInt(terms.maxAllocation) },
  } as unknown as Plan;

  it.each(cases)('$name', ({ text, leniency, rows, mistakes = [] }) => {
    const read = readGrantFile(text, plan, terms.decimals, leniency);
    const told = read.mistakes.map(({ line, field, what }) => ({ line, field, what: upToAdvice(what) }));
    expect(told).toEqual(mistakes);
    if (rows === undefined) return;
    const found = read.rows.map(({ line, name, terms: row }) => ({
      line,
      name: name === '' ? null : name,
      beneficiary: row.beneficiary,
      allocation: String(row.allocation),
      unitAllocation: String(row.unitAllocation),
      firstPeriod: row.firstPeriod,
      periods: row.periods,
      cliff: row.cliffPeriods,
      timeWeight: row.timeWeight,
      weights: row.kpiWeights,
      revocable: row.revocable,
      transferable: row.transferable,
    }));
    expect(found).toEqual(rows);
  });

  it.each(bytes)('that are not text: $name', ({ hex: digits, mistakes }) => {
    const found = textOf(Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
    const told = typeof found === 'string' ? [] : [{ line: found.line, field: '', what: upToAdvice(found.what) }];
    expect(told).toEqual(mistakes);
  });
});

type Kpi = {
  name: string;
  unit: string;
  decimals: number;
  scope: string;
  min: string;
  max: string;
  interpolation: string;
  points: { value: string; score: number }[];
  defaultScore: number;
  rubricSha256: string;
  defaultPrice: string | null;
  feed: Record<string, unknown> | null;
};
type PlanFile = Record<string, unknown> & { decimals: number; kpis: Kpi[] };
type Plans = {
  authority: string;
  now: number;
  cases: { name: string; text: string; plan?: PlanFile; mistakes?: Told[] }[];
};

/** A feed in the words of a plan file. */
function feedOf(feed: FeedArgs | null) {
  return (
    feed && {
      id: hex(feed.feedId),
      maxConfidence: feed.maxConfidenceBps,
      maxDelay: feed.maxDelaySecs,
      price: feed.average ? 'average' : 'spot',
      receiver: feed.receiver === Receiver.PythPro ? 'pyth-pro' : 'pyth',
    }
  );
}

describe('plan files', () => {
  const { authority, now, cases } = vectors<Plans>('plans');
  it.each(cases)('$name', async ({ text, plan, mistakes = [] }) => {
    const file = readPlanFile(text, BigInt(now));
    const context = { authority: authority as Address, decimals: 6, now: BigInt(now) };
    const { plan: checked, mistakes: wrong } = await checkPlan(file.draft, context);
    const told = [...file.mistakes, ...wrong];
    if (plan === undefined) {
      // Each fault that the command line names is named here: the page may name what follows from it as well.
      expect(told.length).toBeGreaterThan(0);
      for (const { field } of mistakes) {
        if (field !== undefined) expect(told.map((each) => each.field)).toContain(field);
      }
      return;
    }
    expect(told).toEqual([]);
    const { args, kpis } = checked!;
    expect({
      id: String(args.planId),
      name: args.name,
      unit: args.unit,
      unitDecimals: args.unitDecimals,
      start: Number(args.startTs),
      periods: args.periodCount,
      attest: args.attestSecs,
      challenge: args.challengeSecs,
      ruling: args.rulingSecs,
      notice: args.noticeSecs,
      bonusCap: args.bonusCapBps,
      minAllocation: String(args.minAllocation),
      maxAllocation: String(args.maxAllocation),
      maxGrants: args.maxGrants,
      enrolmentEnd: Number(args.enrolmentEnd),
      oracles: args.oracles,
      threshold: args.threshold,
      arbiter: args.arbiter,
      maxFee: args.maxFeeBps,
      tokenFlags: args.tokenFlags,
    }).toEqual(
      Object.fromEntries(
        [
          'id',
          'name',
          'unit',
          'unitDecimals',
          'start',
          'periods',
          'attest',
          'challenge',
          'ruling',
          'notice',
          'bonusCap',
          'minAllocation',
          'maxAllocation',
          'maxGrants',
          'enrolmentEnd',
          'oracles',
          'threshold',
          'arbiter',
          'maxFee',
          'tokenFlags',
        ].map((key) => [key, plan[key]]),
      ),
    );
    expect(
      kpis.map((kpi) => ({
        name: kpi.name,
        unit: kpi.unit,
        decimals: kpi.decimals,
        min: String(kpi.rangeMin),
        max: String(kpi.rangeMax),
        points: kpi.points.map(({ value, score }) => ({ value: String(value), score })),
        defaultScore: kpi.defaultScore,
        rubricSha256: hex(kpi.rubricHash),
        defaultPrice: kpi.defaultPrice === null ? null : String(kpi.defaultPrice as bigint),
        feed: feedOf(kpi.feed as FeedArgs | null),
      })),
    ).toEqual(
      plan.kpis.map((kpi) =>
        Object.fromEntries(Object.entries(kpi).filter(([key]) => !['scope', 'interpolation'].includes(key))),
      ),
    );
  });
});

describe('numbers as people type them', () => {
  const german = (text: string) => fromTyped(text, ',');
  it('follow the decimal separator of where they are', () => {
    for (const [text, expected] of [
      ['98,5', '98.5'],
      ['-0,5', '-0.5'],
      ['−12,25', '-12.25'],
      ['1.250,5', '1250.5'],
      ['1.250.000', '1250000'],
      ['1 250,5', '1250.5'],
      ['1\u202f250\u202f000', '1250000'],
      ['0,500', '0.500'],
      ['1250', '1250'],
      ['1,250.5', '1,250.5'],
      ['10_000', '10_000'],
      ['5 %', '5 %'],
      ['٣٫٥', '3.5'],
    ] as const) {
      expect(german(text), text).toEqual({ text: expected });
    }
    expect(fromTyped('1,250.5', '.')).toEqual({ text: '1,250.5' });
    expect(fromTyped('1.250', '.')).toEqual({ text: '1.250' });
    expect(fromTyped("1'250.5", '.')).toEqual({ text: '1250.5' });
  });

  it('are refused where they can be two', () => {
    for (const text of ['1.250', '1,250', '-12.500']) expect(german(text), text).toHaveProperty('error');
    expect(german('1.000')).toEqual({ error: 'can be two numbers. Write 1000, or 1' });
  });
});

type Manifests = {
  manifests: {
    name: string;
    text: string;
    sha256: string;
    plan: Address;
    oracle: Address;
    kpi: number;
    period: number;
    page: number;
    votes: { grant: number; value: string; evidence: string | null }[];
  }[];
  refused: { name: string; text: string }[];
};

describe('manifests', () => {
  const { manifests, refused } = vectors<Manifests>('manifests');
  it.each(manifests)('$name: the same bytes both ways', async ({ text, sha256: hash, votes, ...about }) => {
    const read = readManifest(text);
    const listed = [...read!.votes].map(([grant, { value, evidence }]) => ({
      grant,
      value: String(value),
      evidence: evidence === undefined ? null : hex(evidence),
    }));
    expect(listed).toEqual(votes);
    expect(read).toMatchObject({ plan: about.plan, oracle: about.oracle, kpi: about.kpi });
    expect(read).toMatchObject({ period: about.period, page: about.page });
    // In whatever order they are reported.
    expect(manifestText({ ...read!, votes: new Map([...read!.votes].reverse()) })).toBe(text);
    expect(hex(await sha256(text))).toBe(hash);
  });

  it.each(refused)('$name: refused', ({ text }) => {
    expect(readManifest(text)).toBeUndefined();
  });
});

type ToldPage = {
  name: string;
  bytes: string;
  plan: Address;
  ballots: { oracle: Address; evidence: string; late: string; values: (string | null)[] }[];
  entries: {
    resolvedAt: string | null;
    disputedAt: string | null;
    disputer: string | null;
    ruling: { kind: string; value?: string } | null;
  }[];
  /** By the position of the oracle that is the beneficiary, or `none`. */
  tallies: Record<
    string,
    {
      votes: (string | null)[];
      threshold: number;
      resolvedAt: string | null;
      agreed: string | null;
      disputedAt: string | null;
      ruling: { kind: string; value?: string } | null;
    }[]
  >;
} & Record<'version' | 'bump' | 'kpi' | 'oracleCount' | 'period' | 'threshold' | 'capacity' | 'page', number> &
  Record<'rentPayer' | 'rentPaid' | 'end', string>;

describe('pages', () => {
  const { pages, refused } = vectors<{ pages: ToldPage[]; refused: { name: string; bytes: string }[] }>('pages');
  const STRANGER = address('11111111111111111111111111111112');
  const bytesOf = (text: string) => new Uint8Array(getBase16Codec().encode(text));
  const text = (value: bigint | undefined) => (value === undefined ? null : String(value));
  const ruling = (given: Ruling | undefined) =>
    given?.kind === 'value' ? { kind: 'value', value: String(given.value) } : (given ?? null);

  it.each(pages)('$name: the same in every field', ({ bytes, ballots, entries, tallies, ...told }) => {
    const page = readPage(STRANGER, bytesOf(bytes))!;
    const { account } = page;
    const head = Object.fromEntries(Object.entries(told).filter(([field]) => field !== 'name'));
    expect({ ...account, rentPaid: String(account.rentPaid), end: String(account.end) }).toMatchObject(head);
    expect(
      page.ballots.map(({ oracle, evidence, late, values }) => ({
        oracle,
        evidence: hex(evidence),
        late: String(late),
        values: values.map(text),
      })),
    ).toEqual(ballots);
    expect(
      page.entries.map((entry) => ({
        resolvedAt: text(entry.resolvedAt),
        disputedAt: text(entry.disputedAt),
        disputer: entry.disputer ?? null,
        ruling: ruling(entry.ruling),
      })),
    ).toEqual(entries);
    for (const [name, expected] of Object.entries(tallies)) {
      const beneficiary = name === 'none' ? STRANGER : ballots[Number(name)]!.oracle;
      const found = expected.map((_each, slot) => {
        const grant = { account: { index: account.page * 64 + slot, beneficiary } } as Grant;
        const { votes, threshold, resolved, disputedAt, ruling: ruled } = tallyOf(page, grant)!;
        return {
          votes: votes.map(text),
          threshold,
          resolvedAt: text(resolved?.at),
          agreed: text(resolved?.value),
          disputedAt: text(disputedAt),
          ruling: ruling(ruled),
        };
      });
      expect(found, name).toEqual(expected);
    }
  });

  it.each(refused)('$name: refused', ({ bytes }) => {
    expect(readPage(STRANGER, bytesOf(bytes))).toBeUndefined();
  });
});
