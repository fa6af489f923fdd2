// A plan as somebody writes it: the fields of a form or of a plan file, as text, and what the program would make of them.
import { type Address, isAddress } from '@solana/kit';
import { type Cadence, type Calendar, boundary, checkCalendar } from '../core/calendar';
import type { Combination } from '../core/credit';
import { type Curve, type Interpolation, checkCurve, maxScore } from '../core/curve';
import { FULL_CREDIT, FULL_SCORE, MAX_KPIS, MAX_ORACLES, MAX_PERIODS, MAX_SCORE } from '../core/limits';
import { mulDivCeil } from '../core/math';
import { isName } from '../core/name';
import { strictMajority } from '../core/quorum';
import type { Release } from '../core/release';
import type { UnearnedPolicy } from '../core/tranche';
import { ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK, type Scope } from '../domain/terms';
import { cadence as cadenceArg } from '../generated/types/cadence';
import { Combination as CombinationArg } from '../generated/types/combination';
import type { CreatePlanArgsArgs } from '../generated/types/createPlanArgs';
import { Interpolation as InterpolationArg } from '../generated/types/interpolation';
import type { KpiTermsArgs } from '../generated/types/kpiTerms';
import { Release as ReleaseArg } from '../generated/types/release';
import { Scope as ScopeArg } from '../generated/types/scope';
import { UnearnedPolicy as UnearnedArg } from '../generated/types/unearnedPolicy';
import { hint, parseAmount, parseShare, parseValue } from '../text/amount';
import { parseHash, sha256 } from '../text/hash';
import { isoTime, parseTime } from '../text/time';
import type { Mistake } from './grantFile';
import { isNumber } from './kpiNames';

export type PointDraft = { value: string; score: string };

export type KpiDraft = {
  name: string;
  unit: string;
  decimals: string;
  scope: Scope;
  min: string;
  max: string;
  interpolation: Interpolation;
  curve: PointDraft[];
  defaultScore: string;
  /** The text of the rubric, or its SHA-256. */
  rubric: string;
};

export type PlanDraft = {
  id: string;
  mint: string;
  treasury: string;
  start: string;
  cadence: string;
  periods: string;
  combination: Combination;
  unearned: UnearnedPolicy;
  bonusCap: string;
  release: Release;
  attest: string;
  challenge: string;
  ruling: string;
  notice: string;
  minAllocation: string;
  maxAllocation: string;
  maxGrants: string;
  enrolmentEnd: string;
  oracles: string[];
  threshold: string;
  arbiter: string;
  allow: number;
  maxFee: string;
  /** All tokens that exist, for amounts in percent; empty if none are. */
  supply: string;
  kpis: KpiDraft[];
};

export const EMPTY_KPI: KpiDraft = {
  name: '',
  unit: '',
  decimals: '0',
  scope: 'shared',
  min: '0',
  max: '100',
  interpolation: 'linear',
  curve: [
    { value: '0', score: '0' },
    { value: '100', score: '10_000' },
  ],
  defaultScore: '0',
  rubric: '',
};

/** A draft to begin with, whose calendar starts at `start`. */
export function emptyDraft(start: bigint): PlanDraft {
  return {
    id: '1',
    mint: '',
    treasury: '',
    start: isoTime(start),
    cadence: '3 months',
    periods: '4',
    combination: 'weighted-sum',
    unearned: 'return',
    bonusCap: '10_000',
    release: 'at-settlement',
    attest: '14 days',
    challenge: '7 days',
    ruling: '7 days',
    notice: '14 days',
    minAllocation: '1',
    maxAllocation: '1_000_000',
    maxGrants: '100',
    enrolmentEnd: isoTime(start),
    oracles: ['', '', ''],
    threshold: '2',
    arbiter: '',
    allow: 0,
    maxFee: '0',
    supply: '',
    kpis: [EMPTY_KPI],
  };
}

const MIN_WINDOW = 600;
const MAX_WINDOW = 90 * 86_400;
const MAX_PERIOD = 366 * 86_400;
const MAX_PERIOD_MONTHS = 12;
const MAX_START_DELAY = BigInt(5 * 366 * 86_400);
const MAX_BONUS_CAP = 1_000_000;
const MAX_DECIMALS = 18;
const U16 = 65_535;
const U32 = 4_294_967_295;

/** What a draft is checked against. */
export type DraftContext = {
  /** Who will sign as creator and authority; undefined as long as nobody is connected. */
  authority: Address | undefined;
  /** Decimals of the mint; undefined until it was read. */
  decimals: number | undefined;
  now: bigint;
};

export type CheckedPlan = { args: CreatePlanArgsArgs; kpis: KpiTermsArgs[]; calendar: Calendar };

/** The plan that the draft stands for, or everything that is wrong with it. */
export async function checkPlan(
  draft: PlanDraft,
  context: DraftContext,
): Promise<{ plan?: CheckedPlan; mistakes: Mistake[] }> {
  const notes = new Notes();
  const { decimals, now, authority } = context;
  const start = notes.time('plan.start', draft.start);
  if (start !== undefined && (start <= now || start > now + MAX_START_DELAY)) {
    notes.add(
      'plan.start',
      `${isoTime(start)} is not after now, ${isoTime(now)}, or more than five years after it; expected a start in the future`,
    );
  }
  const cadence = readCadence(draft.cadence);
  if (cadence === undefined) {
    const what = 'expected 1 to 12 months, like "3 months", or 10 minutes to 366 days, like "30 days"';
    notes.add('plan.cadence', `${JSON.stringify(draft.cadence)}: ${what}`);
  }
  const periods = notes.whole('plan.periods', draft.periods, U16);
  if (periods !== undefined && (periods < 1 || periods > MAX_PERIODS)) {
    notes.add('plan.periods', `${periods}: expected 1 to ${MAX_PERIODS} periods`);
  }
  const bonusCap = notes.share('plan.bonus_cap', draft.bonusCap, U32);
  if (bonusCap !== undefined && bonusCap > MAX_BONUS_CAP) {
    notes.add('plan.bonus_cap', `${bonusCap}: expected basis points of the tranche, at most ${MAX_BONUS_CAP}`);
  }
  const hasArbiter = draft.arbiter.trim() !== '';
  const attest = notes.window('windows.attest', draft.attest);
  const challenge = hasArbiter ? notes.window('windows.challenge', draft.challenge) : 0;
  const ruling = hasArbiter ? notes.window('windows.ruling', draft.ruling) : 0;
  if (challenge !== undefined && ruling !== undefined && ruling < challenge) {
    notes.add('windows.ruling', `${JSON.stringify(draft.ruling)} is shorter than challenge; expected at least as long`);
  }
  const notice = notes.window('windows.notice', draft.notice);
  const min = notes.amount('limits.min_allocation', draft.minAllocation, draft.supply, decimals);
  const max = notes.amount('limits.max_allocation', draft.maxAllocation, draft.supply, decimals);
  if (min !== undefined && max !== undefined && max < min) {
    notes.add(
      'limits.max_allocation',
      `is below min_allocation; expected at least as much${hint(draft.maxAllocation.trim())}`,
    );
  }
  const maxGrants = notes.whole('limits.max_grants', draft.maxGrants, U32);
  if (maxGrants === 0) notes.add('limits.max_grants', '0: expected at least one grant');
  const enrolmentEnd = notes.time('limits.enrolment_end', draft.enrolmentEnd);
  const maxFee = notes.share('token.max_fee', draft.maxFee, U16);
  if (maxFee !== undefined && maxFee > FULL_SCORE) {
    notes.add('token.max_fee', `${maxFee}: expected basis points, at most ${FULL_SCORE}`);
  }
  if (!isAddress(draft.mint.trim())) notes.add('token.mint', notAnAddress(draft.mint));
  else if (decimals === undefined) notes.add('token.mint', 'is no mint of SPL Token or Token-2022 on this cluster');
  if (draft.treasury.trim() !== '' && !isAddress(draft.treasury.trim()))
    notes.add('roles.treasury', notAnAddress(draft.treasury));
  const id = notes.big('plan.id', draft.id);
  const roles = readRoles(draft, authority, notes);
  const calendar =
    start !== undefined && cadence !== undefined && periods !== undefined
      ? { start, cadence, periodCount: periods }
      : undefined;
  if (calendar !== undefined && notes.clean('plan')) {
    try {
      checkCalendar(calendar);
      const end = boundary(calendar, calendar.periodCount);
      if (enrolmentEnd !== undefined && (enrolmentEnd <= now || enrolmentEnd > end)) {
        const what = 'expected a time from the start of the calendar to its end at most, and after now';
        notes.add('limits.enrolment_end', `${isoTime(enrolmentEnd)}: ${what}`);
      }
    } catch {
      notes.add('plan.start', 'the calendar has a boundary that is no time');
    }
  }
  const kpis = await readKpis(draft.kpis, notes);
  if (
    notes.mistakes.length > 0 ||
    start === undefined ||
    cadence === undefined ||
    periods === undefined ||
    bonusCap === undefined ||
    attest === undefined ||
    challenge === undefined ||
    ruling === undefined ||
    notice === undefined ||
    min === undefined ||
    max === undefined ||
    maxGrants === undefined ||
    enrolmentEnd === undefined ||
    maxFee === undefined ||
    id === undefined ||
    roles === undefined ||
    calendar === undefined
  ) {
    return { mistakes: notes.mistakes };
  }
  const args: CreatePlanArgsArgs = {
    planId: id,
    startTs: start,
    cadence:
      cadence.kind === 'months' ? cadenceArg('Months', [cadence.length]) : cadenceArg('Seconds', [cadence.length]),
    periodCount: periods,
    attestSecs: attest,
    challengeSecs: challenge,
    rulingSecs: ruling,
    noticeSecs: notice,
    combination: draft.combination === 'weakest' ? CombinationArg.Weakest : CombinationArg.WeightedSum,
    unearnedPolicy: {
      return: UnearnedArg.Return,
      'carry-over': UnearnedArg.CarryOver,
      redistribute: UnearnedArg.Redistribute,
    }[draft.unearned],
    release: draft.release === 'linear' ? ReleaseArg.Linear : ReleaseArg.AtSettlement,
    bonusCapBps: bonusCap,
    minAllocation: min,
    maxAllocation: max,
    maxGrants,
    enrolmentEnd,
    tokenFlags: draft.allow,
    maxFeeBps: maxFee,
    ...roles,
  };
  return { plan: { args, kpis, calendar }, mistakes: [] };
}

function readRoles(draft: PlanDraft, authority: Address | undefined, notes: Notes) {
  const oracles = draft.oracles.map((key) => key.trim()).filter((key) => key !== '');
  const found = readOracles(oracles, draft.threshold, notes);
  const arbiter = draft.arbiter.trim();
  if (arbiter !== '' && !isAddress(arbiter)) notes.add('roles.arbiter', notAnAddress(arbiter));
  if (authority !== undefined && arbiter === authority) {
    notes.add('roles.arbiter', `${JSON.stringify(arbiter)} is the authority too; expected different keys`);
  }
  for (const oracle of oracles) {
    if (oracle === authority)
      notes.add('roles.oracles', `the oracle ${JSON.stringify(oracle)} is the authority too; expected different keys`);
    if (oracle === arbiter)
      notes.add('roles.oracles', `the oracle ${JSON.stringify(oracle)} is the arbiter too; expected different keys`);
  }
  if (found === undefined) return undefined;
  return { ...found, arbiter: arbiter === '' ? null : (arbiter as Address) };
}

/** A set of oracles with its threshold. Notes what is wrong with it under `roles`. */
export function readOracles(
  keys: readonly string[],
  threshold: string,
  notes: Notes,
): { oracles: Address[]; threshold: number } | undefined {
  const before = notes.mistakes.length;
  if (keys.length < 1 || keys.length > MAX_ORACLES) {
    notes.add('roles.oracles', `there are ${keys.length} oracles; expected 1 to ${MAX_ORACLES}`);
  }
  keys.forEach((key, index) => {
    if (!isAddress(key)) notes.add('roles.oracles', notAnAddress(key));
    else if (keys.indexOf(key) !== index) {
      notes.add('roles.oracles', `${JSON.stringify(key)} is an oracle already, or no key; expected different keys`);
    }
  });
  const number = notes.whole('roles.threshold', threshold, 255);
  if (
    notes.mistakes.length === before &&
    number !== undefined &&
    (number < strictMajority(keys.length) || number > keys.length)
  ) {
    const what = `expected more than half of the ${keys.length} oracles and at most all of them`;
    notes.add('roles.threshold', `${number}: ${what}`);
  }
  if (notes.mistakes.length > before || number === undefined) return undefined;
  return { oracles: keys as Address[], threshold: number };
}

async function readKpis(drafts: readonly KpiDraft[], notes: Notes): Promise<KpiTermsArgs[]> {
  if (drafts.length === 0) notes.add('kpi', 'the plan needs at least one KPI');
  if (drafts.length > MAX_KPIS) notes.add('kpi', `the plan has ${drafts.length} KPIs; expected at most ${MAX_KPIS}`);
  const kpis: KpiTermsArgs[] = [];
  for (const [index, draft] of drafts.entries()) {
    if (draft.name !== '' && drafts.findIndex(({ name }) => name === draft.name) !== index) {
      notes.add(`kpi ${JSON.stringify(draft.name)} name`, `there are two KPIs named ${JSON.stringify(draft.name)}`);
    }
    const kpi = await checkKpi(
      draft,
      draft.name === '' ? `kpi ${index + 1}` : `kpi ${JSON.stringify(draft.name)}`,
      notes,
    );
    if (kpi !== undefined) kpis.push(kpi);
  }
  return kpis;
}

/** The KPI that the draft stands for. Notes what is wrong with it under `header`. */
export async function checkKpi(draft: KpiDraft, header: string, notes: Notes): Promise<KpiTermsArgs | undefined> {
  const before = notes.mistakes.length;
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  const rest = 'bytes of UTF-8 without hidden characters, and not begin or end with a space.';
  if (draft.name === '' || bytes(draft.name) > 32 || !isName(draft.name)) {
    notes.add(`${header} name`, `The name must be 1 to 32 ${rest}`);
  }
  if (bytes(draft.unit) > 16 || !isName(draft.unit)) {
    notes.add(`${header} unit`, `The unit must be at most 16 ${rest}`);
  }
  if (isNumber(draft.name)) {
    const what = `${JSON.stringify(draft.name)} could be taken for the number of a KPI; expected a name with letters`;
    notes.add(`${header} name`, what);
  }
  const decimals = notes.whole(`${header} decimals`, draft.decimals, 255);
  if (decimals !== undefined && decimals > MAX_DECIMALS)
    notes.add(`${header} decimals`, 'A KPI has at most 18 decimals.');
  const min = notes.value(`${header} range.min`, draft.min, decimals);
  const max = notes.value(`${header} range.max`, draft.max, decimals);
  if (min !== undefined && max !== undefined && min > max) {
    notes.add(`${header} range`, 'The smallest accepted value exceeds the largest.');
  }
  const points = draft.curve.map((point) => ({
    value: notes.value(`${header} curve`, point.value, decimals),
    score: notes.share(`${header} curve`, point.score, U16),
  }));
  const curve = asCurve(points, draft.interpolation);
  if (curve !== undefined && !isCurve(curve)) {
    notes.add(
      `${header} curve`,
      'A curve needs 1 to 8 points with strictly rising values and scores of at most 20,000.',
    );
  }
  const defaultScore = notes.share(`${header} default_score`, draft.defaultScore, U16);
  if (defaultScore !== undefined && defaultScore > FULL_SCORE) {
    notes.add(`${header} default_score`, 'The score under silence must be at most 10,000.');
  }
  if (draft.rubric.trim() === '') {
    notes.add(`${header} rubric`, 'the rubric is empty; expected how the value is measured');
  }
  if (
    notes.mistakes.length > before ||
    decimals === undefined ||
    min === undefined ||
    max === undefined ||
    curve === undefined ||
    defaultScore === undefined
  ) {
    return undefined;
  }
  return {
    name: draft.name,
    unit: draft.unit,
    rubricHash: parseHash(draft.rubric) ?? (await sha256(draft.rubric)),
    decimals,
    scope: draft.scope === 'individual' ? ScopeArg.Individual : ScopeArg.Shared,
    rangeMin: min,
    rangeMax: max,
    interpolation: draft.interpolation === 'step' ? InterpolationArg.Step : InterpolationArg.Linear,
    points: [...curve.points],
    defaultScore,
  };
}

function asCurve(
  points: readonly { value: bigint | undefined; score: number | undefined }[],
  interpolation: Interpolation,
): Curve | undefined {
  const known = points.flatMap(({ value, score }) =>
    value === undefined || score === undefined ? [] : [{ value, score }],
  );
  return known.length === points.length ? { points: known, interpolation } : undefined;
}

function isCurve(curve: Curve): boolean {
  try {
    checkCurve(curve);
    return true;
  } catch {
    return false;
  }
}

/** The curve of a draft, for its preview; undefined as long as it is none. */
export function draftCurve({
  curve,
  decimals,
  interpolation,
}: KpiDraft): { curve: Curve; decimals: number } | undefined {
  const notes = new Notes();
  const places = notes.whole('', decimals, MAX_DECIMALS);
  const points = curve.map((point) => ({
    value: notes.value('', point.value, places),
    score: notes.share('', point.score, MAX_SCORE),
  }));
  const found = asCurve(points, interpolation);
  return found !== undefined && places !== undefined && isCurve(found) ? { curve: found, decimals: places } : undefined;
}

/** The most that grants of `total` base units can earn together, if all their weight is on the KPI that pays most. */
export function mostFor(total: bigint, kpis: readonly KpiDraft[]): bigint {
  const best = kpis.map((kpi) => draftCurve(kpi)?.curve).map((curve) => (curve === undefined ? 0 : maxScore(curve)));
  const score = BigInt(Math.max(FULL_SCORE, ...best));
  return mulDivCeil(total, score * BigInt(FULL_SCORE), FULL_CREDIT);
}

function notAnAddress(text: string): string {
  return `${JSON.stringify(text.trim())} is no address: expected 32 bytes in base58`;
}

/** `3 months` or `30 days`. */
export function readCadence(text: string): Cadence | undefined {
  const months = /^(\d+) months?$/.exec(text.trim());
  if (months !== null) {
    const length = Number(months[1]);
    return length >= 1 && length <= MAX_PERIOD_MONTHS ? { kind: 'months', length } : undefined;
  }
  const length = readSeconds(text);
  return length !== undefined && length >= MIN_WINDOW && length <= MAX_PERIOD ? { kind: 'seconds', length } : undefined;
}

function readSeconds(text: string): number | undefined {
  const match = /^(\d+) (second|minute|hour|day)s?$/.exec(text.trim());
  const unit = { second: 1, minute: 60, hour: 3_600, day: 86_400 }[match?.[2] ?? ''];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}

/** Collects mistakes while reading text. */
export class Notes {
  readonly mistakes: Mistake[] = [];

  add(field: string, what: string) {
    this.mistakes.push({ line: undefined, field, what });
  }

  /** Whether nothing was noted about fields of `table`. */
  clean(table: string): boolean {
    return this.mistakes.every(({ field }) => !field.startsWith(`${table}.`));
  }

  whole(field: string, text: string, most: number): number | undefined {
    const parsed = parseAmount(text.trim(), 0);
    if ('value' in parsed && parsed.value <= most) return Number(parsed.value);
    this.add(field, `expected a whole number from 0 to ${most}`);
    return undefined;
  }

  /** Basis points, or percent. */
  share(field: string, text: string, most: number): number | undefined {
    const parsed = parseShare(text.trim());
    if ('value' in parsed && parsed.value <= most) return Number(parsed.value);
    const expected = 'expected basis points, like 2_000, or percent, like "20 %"';
    this.add(
      field,
      'value' in parsed ? `expected a whole number from 0 to ${most}` : `${JSON.stringify(text)}: ${expected}`,
    );
    return undefined;
  }

  big(field: string, text: string): bigint | undefined {
    const parsed = parseAmount(text.trim(), 0);
    if ('value' in parsed) return parsed.value;
    this.add(field, `expected a whole number from 0 to ${(1n << 64n) - 1n}`);
    return undefined;
  }

  window(field: string, text: string): number | undefined {
    const length = readSeconds(text);
    if (length !== undefined && length >= MIN_WINDOW && length <= MAX_WINDOW) return length;
    this.add(field, `${JSON.stringify(text)}: expected 10 minutes to 90 days, like "14 days" or "36 hours"`);
    return undefined;
  }

  time(field: string, text: string): bigint | undefined {
    const time = parseTime(text);
    if (time !== undefined) return time;
    this.add(field, 'expected a date and time in UTC, like 2027-01-01T00:00:00Z');
    return undefined;
  }

  value(field: string, text: string, decimals: number | undefined): bigint | undefined {
    if (decimals === undefined) return undefined;
    const parsed = parseValue(text.trim(), decimals);
    if ('value' in parsed) return parsed.value;
    this.add(field, `expected a number with at most ${decimals} decimals`);
    return undefined;
  }

  /** Tokens, or a part of the supply like `5 %`; more than none. */
  amount(field: string, text: string, supply: string, decimals: number | undefined): bigint | undefined {
    if (decimals === undefined) return undefined;
    const trimmed = text.trim();
    const expected = 'expected an amount of tokens, like "250_000.5", or a part of the supply, like "10 %"';
    if (trimmed.endsWith('%')) {
      const [all, part] = [parseAmount(supply.trim(), decimals), parseAmount(trimmed.slice(0, -1).trim(), 2)];
      if ('error' in all)
        this.add(field, `${JSON.stringify(trimmed)} is a part of the supply; expected \`supply\` in [token]`);
      else if ('error' in part || part.value === 0n) this.add(field, `${JSON.stringify(trimmed)}: ${expected}`);
      else if ((all.value * part.value) % 10_000n !== 0n) {
        this.add(field, `${JSON.stringify(trimmed)} of the supply is no whole number of base units; ${expected}`);
      } else return (all.value * part.value) / 10_000n;
      return undefined;
    }
    const parsed = parseAmount(trimmed, decimals);
    if ('value' in parsed && parsed.value > 0n) return parsed.value;
    const tooFine = 'error' in parsed && parsed.error.startsWith('has more');
    this.add(field, tooFine ? `${JSON.stringify(trimmed)} ${parsed.error}` : `${JSON.stringify(trimmed)}: ${expected}`);
    return undefined;
  }
}

export const FLAGS: readonly (readonly [name: string, flag: number, text: string])[] = [
  ['transfer-fee', ALLOW_TRANSFER_FEE, 'a transfer fee'],
  ['transfer-hook', ALLOW_TRANSFER_HOOK, 'a transfer hook'],
  ['freeze-authority', ALLOW_FREEZE_AUTHORITY, 'a freeze authority'],
];
