// Every amount, score, time and error that the Rust arithmetic wrote down must come out of the TypeScript one.
import { describe, expect, it } from 'vitest';
import { addMonths, attestDeadline, boundary, checkCalendar, periodAt, periodEnd, settleDeadline } from './calendar';
import type { Calendar } from './calendar';
import { type Combination, checkWeights, creditOf, kpiCredit, maxCredit } from './credit';
import { type Curve, type Interpolation, checkCurve, maxScore, scoreOf } from './curve';
import { CoreError } from './error';
import { type Published, confidenceBps, isFirst, replaces, valueOf } from './feed';
import calendars from './golden/calendar.json';
import credits from './golden/credit.json';
import curves from './golden/curve.json';
import feeds from './golden/feed.json';
import lives from './golden/life.json';
import names from './golden/name.json';
import prices from './golden/price.json';
import quorums from './golden/quorum.json';
import bonuses from './golden/redistribution.json';
import releases from './golden/release.json';
import tranches from './golden/tranche.json';
import units from './golden/unit.json';
import { isHidden, isName } from './name';
import {
  type Evaluation,
  type Outcome,
  agreed,
  atDeadline,
  finality,
  priceAtDeadline,
  priceOf,
  scoreOfOutcome,
} from './quorum';
import { bonus } from './redistribution';
import { type Release, vested } from './release';
import { type UnearnedPolicy, cut, reserve, settle, tranche, unsettled } from './tranche';
import { capped, exponent, lowestPrice, worth } from './unit';

/** What a computation gives, in the form of the vectors: numbers as text, errors by name. */
function result(compute: () => unknown): unknown {
  try {
    return plain(compute());
  } catch (error) {
    if (error instanceof CoreError) return { error: error.code };
    throw error;
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

/** Nothing for a computation whose result is that it did not fail. */
const checked = (check: () => void) =>
  result(() => {
    check();
    return true;
  });

const curveOf = (terms: { values: string[]; scores: number[]; interpolation?: string }): Curve => ({
  points: terms.values.map((value, index) => ({ value: BigInt(value), score: terms.scores[index] ?? 0 })),
  interpolation: (terms.interpolation ?? 'linear') as Interpolation,
});

describe('golden vectors of the Rust arithmetic', () => {
  it('calendar', () => {
    expect(calendars.boundaries.length).toBeGreaterThan(100);
    for (const vector of calendars.boundaries) {
      const calendar: Calendar = {
        start: BigInt(vector.start),
        cadence: { kind: vector.kind as 'seconds' | 'months', length: vector.length },
        periodCount: vector.periodCount,
      };
      const end = () => periodEnd(calendar, vector.index);
      expect(checked(() => checkCalendar(calendar))).toEqual(vector.valid);
      expect(result(() => boundary(calendar, vector.index))).toEqual(vector.boundary);
      expect(result(end)).toEqual(vector.periodEnd);
      expect(result(() => attestDeadline(vector, end()))).toEqual(vector.attestDeadline);
      expect(result(() => settleDeadline(vector, end()))).toEqual(vector.settleDeadline);
      if (vector.valid === 'true') expect(periodAt(calendar, BigInt(vector.now)) ?? null).toEqual(vector.periodAt);
    }
    for (const { time, months, later } of calendars.months) {
      expect(result(() => addMonths(BigInt(time), BigInt(months)))).toEqual(later);
    }
  });

  it('curve', () => {
    for (const vector of curves.cases) {
      const curve = curveOf(vector);
      expect(checked(() => checkCurve(curve))).toEqual(vector.valid);
      expect(maxScore(curve)).toBe(vector.maxScore);
      for (const { value, score } of vector.readings) expect(scoreOf(curve, BigInt(value))).toBe(score);
    }
    for (const vector of curves.wrong) expect(checked(() => checkCurve(curveOf(vector)))).toEqual(vector.valid);
  });

  it('credit', () => {
    for (const vector of credits.cases) {
      const { timeWeight, weights, scores } = vector;
      const combination = vector.combination as Combination;
      const forResults = () => kpiCredit(combination, timeWeight, weights, scores);
      expect(checked(() => checkWeights(timeWeight, weights))).toEqual(vector.sums);
      expect(result(forResults)).toEqual(vector.kpiCredit);
      expect(result(() => creditOf(timeWeight, forResults()))).toEqual(vector.credit);
      expect(result(() => maxCredit(combination, timeWeight, weights, scores))).toEqual(vector.maxCredit);
    }
    for (const { timeWeight, weights, sums } of credits.wrong) {
      expect(checked(() => checkWeights(timeWeight, weights))).toEqual(sums);
    }
  });

  it('tranche', () => {
    for (const vector of tranches.cases) {
      const allocation = BigInt(vector.allocation);
      const { index, periods } = vector;
      expect(result(() => tranche(allocation, index, periods))).toEqual(vector.tranche);
      expect(result(() => unsettled(allocation, index, periods))).toEqual(vector.unsettled);
      expect(result(() => cut(allocation, BigInt(vector.served), BigInt(vector.length)))).toEqual(vector.cut);
      const held = () => reserve(BigInt(vector.left), BigInt(vector.maxCredit), BigInt(vector.carry));
      expect(result(held)).toEqual(vector.reserve);
    }
    for (const vector of tranches.settlements) {
      const [amount, carry, credit, kpi] = [vector.tranche, vector.carry, vector.credit, vector.kpiCredit].map(BigInt);
      const settled = () => settle(amount!, carry!, credit!, kpi!, vector.policy as UnearnedPolicy, vector.last);
      expect(result(settled)).toEqual(vector.settled);
    }
  });

  it('redistribution', () => {
    for (const vector of bonuses) {
      const [pool, kpi, total, amount] = [vector.pool, vector.kpiAmount, vector.kpiTotal, vector.tranche].map(BigInt);
      expect(result(() => bonus(pool!, kpi!, total!, amount!, vector.capBps))).toEqual(vector.bonus);
    }
  });

  it('release', () => {
    for (const vector of releases) {
      const earnings = {
        earned: BigInt(vector.earned),
        lastEarned: BigInt(vector.lastEarned),
        bonus: BigInt(vector.bonus),
      };
      const window = { start: BigInt(vector.start), end: BigInt(vector.end) };
      const found = () => vested(vector.release as Release, earnings, window, BigInt(vector.cliff), BigInt(vector.now));
      expect(result(found)).toEqual(vector.vested);
    }
  });

  it('name', () => {
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint += 1) {
      const hidden = names.hidden.some(([first, last]) => first! <= codePoint && codePoint <= last!);
      if (isHidden(codePoint) !== hidden) expect(codePoint.toString(16)).toBe(hidden ? 'hidden' : 'seen');
    }
    for (const vector of names.texts)
      expect([vector.text, isName(vector.text)]).toEqual([vector.text, vector.accepted]);
  });

  it('quorum', () => {
    for (const vector of quorums.votes) {
      const curve = curveOf(vector);
      const votes = vector.votes.map((vote) => (vote === null ? undefined : BigInt(vote)));
      const atEnd = () => atDeadline(votes, vector.threshold, curve, vector.defaultScore);
      expect(result(() => agreed(votes, vector.threshold))).toEqual(vector.agreed);
      expect(result(atEnd)).toEqual(vector.atDeadline);
      expect(result(() => scoreOfOutcome(atEnd(), curve, vector.defaultScore))).toEqual(vector.score);
    }
    for (const vector of quorums.finalities) {
      const windows = { attestSecs: 100, challengeSecs: vector.challengeSecs, rulingSecs: vector.rulingSecs };
      const { resolved, ruling, standing } = vector;
      const evaluation: Evaluation = {
        resolved: resolved === null ? undefined : { value: BigInt(resolved.value), at: BigInt(resolved.at) },
        disputedAt: vector.disputedAt === null ? undefined : BigInt(vector.disputedAt),
        ruling:
          ruling === null
            ? undefined
            : ruling.kind === 'uphold'
              ? { kind: 'uphold' }
              : { kind: 'value', value: BigInt(ruling.value ?? 0) },
      };
      const outcome: Outcome =
        standing.kind === 'silent' ? { kind: 'silent' } : { kind: 'value', value: BigInt(standing.value ?? 0) };
      const found = () => finality(evaluation, outcome, BigInt(vector.deadline), windows, BigInt(vector.now));
      expect(result(found)).toEqual(vector.finality);
    }
  });

  it('units of account', () => {
    for (const { mint, price, unit, exponent: expected } of units.exponents) {
      expect(result(() => exponent(mint, price, unit))).toEqual(expected);
    }
    expect(units.cases.length).toBeGreaterThan(100);
    for (const vector of units.cases) {
      const [cap, share, price] = [BigInt(vector.cap), BigInt(vector.units), BigInt(vector.price)];
      expect(result(() => worth(share, price, vector.power))).toEqual(vector.worth);
      expect(result(() => capped(cap, share, price, vector.power))).toEqual(vector.capped);
      expect(result(() => lowestPrice(cap, share, vector.power))).toEqual(vector.lowestPrice);
    }
  });

  it('feeds', () => {
    for (const vector of feeds.quotes) {
      const quote = {
        price: BigInt(vector.price),
        confidence: BigInt(vector.confidence),
        exponent: vector.exponent,
      };
      expect(result(() => valueOf(quote, vector.decimals, 'down'))).toEqual(vector.down);
      expect(result(() => valueOf(quote, vector.decimals, 'up'))).toEqual(vector.up);
      expect(result(() => confidenceBps(quote))).toEqual(vector.confidenceBps);
    }
    for (const vector of feeds.pairs) {
      const [update, standing] = [vector.update, vector.standing].map(({ at, previous }) => ({
        at: BigInt(at),
        previous: BigInt(previous),
      })) as [Published, Published];
      expect(isFirst(update, BigInt(vector.end))).toBe(vector.first);
      expect(replaces(update, standing, BigInt(vector.end))).toBe(vector.replaces);
    }
  });

  it('prices', () => {
    for (const vector of prices) {
      const votes = vector.votes.map((vote) => (vote === null ? undefined : BigInt(vote)));
      const byDefault = BigInt(vector.defaultPrice);
      const atEnd = () => priceAtDeadline(votes, vector.threshold, byDefault);
      expect(result(atEnd)).toEqual(vector.atDeadline);
      expect(result(() => priceOf(atEnd(), byDefault))).toEqual(vector.price);
    }
  });

  it('lives of grants', () => {
    for (const life of lives) {
      const allocation = BigInt(life.allocation);
      let carry = 0n;
      life.steps.forEach((step, index) => {
        const forResults = kpiCredit(life.combination as Combination, life.timeWeight, life.weights, step.scores);
        const amount = tranche(allocation, index, life.periods);
        const last = index + 1 === life.periods;
        const credit = creditOf(life.timeWeight, forResults);
        const settled = settle(amount, carry, credit, forResults, life.policy as UnearnedPolicy, last);
        carry = settled.carry;
        const left = unsettled(allocation, index + 1, life.periods);
        expect(String(amount)).toBe(step.tranche);
        expect(String(settled.earned)).toBe(step.earned);
        expect(String(settled.carry)).toBe(step.carry);
        expect(String(settled.pooled)).toBe(step.pooled);
        expect(result(() => reserve(left, BigInt(life.maxCredit), carry))).toEqual(step.reserved);
      });
    }
  });
});
