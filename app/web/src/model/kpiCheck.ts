// A KPI as somebody writes it, and what the program would make of it.
import { type Curve, type Interpolation, checkCurve, maxScore } from '../core/curve';
import { FULL_CREDIT, FULL_SCORE, MAX_SCORE } from '../core/limits';
import { mulDivCeil } from '../core/math';
import { isName } from '../core/name';
import { MAX_EXPONENT } from '../core/unit';
import {
  MAX_ACCOUNT_UNIT_LEN,
  MAX_KPI_DECIMALS,
  MAX_NAME_LEN,
  MAX_UNIT_DECIMALS,
  MAX_UNIT_LEN,
  NO_VALUE,
} from '../generated/constants';
import type { FeedArgs } from '../generated/types/feed';
import { Interpolation as InterpolationArg } from '../generated/types/interpolation';
import type { KpiTermsArgs } from '../generated/types/kpiTerms';
import { Receiver } from '../generated/types/receiver';
import { Scope as ScopeArg } from '../generated/types/scope';
import { parseShare, plainNumber } from '../text/amount';
import { parseHash, sha256 } from '../text/hash';
import { exactSpan, parseSpan } from '../text/time';
import { isNumber } from './kpiNames';
import { Notes, refusalText } from './mistakes';
import type { FeedDraft, KpiDraft, PriceDraft } from './planDraft';

const U16 = 65_535;

/** What a KPI and a price have in common, as somebody writes it. */
type Measured = {
  name: string;
  /** Unit of the values. */
  unit: string;
  decimals: string;
  min: string;
  max: string;
  rubric: string;
  feed: FeedDraft | undefined;
};

const bytes = (text: string) => new TextEncoder().encode(text).length;

/** The KPI that the draft stands for. Notes what is wrong with it under `header`. `attest` is the oracles' window, seconds. */
export async function checkKpi(
  draft: KpiDraft,
  header: string,
  notes: Notes,
  attest?: number,
): Promise<KpiTermsArgs | undefined> {
  const before = notes.mistakes.length;
  const field = (name: string) => `${header} ${name}`;
  const measured = checkMeasured(draft, field, notes, attest);
  const points = draft.curve.map((point) => ({
    value: notes.value(`${header} curve`, point.value, measured.decimals),
    score: notes.share(`${header} curve`, point.score, U16),
  }));
  const curve = asCurve(points, draft.interpolation);
  if (curve !== undefined && !isCurve(curve)) notes.add(`${header} curve`, refusalText('BadCurve'));
  const defaultScore = notes.share(`${header} default_score`, draft.defaultScore, U16);
  if (defaultScore !== undefined && defaultScore > FULL_SCORE) {
    notes.add(`${header} default_score`, refusalText('DefaultScoreTooHigh'));
  }
  checkRubric(draft, field('rubric'), notes);
  if (draft.feed !== undefined && draft.scope !== 'shared') {
    notes.add(`${header} feed`, 'expected no feed: only a shared KPI has one');
  }
  const { decimals, min, max, feed } = measured;
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
    defaultPrice: null,
    feed: feed ?? null,
  };
}

export type CheckedPrice = { unit: string; unitDecimals: number; kpi: KpiTermsArgs };

/** The price that the draft stands for. Notes what is wrong with it under `price`. */
export async function checkPrice(
  draft: PriceDraft,
  mintDecimals: number | undefined,
  notes: Notes,
  attest?: number,
): Promise<CheckedPrice | undefined> {
  const before = notes.mistakes.length;
  const field = (name: string) => `price.${name === 'name' ? 'kpi' : name}`;
  if (draft.unit === '' || bytes(draft.unit) > MAX_ACCOUNT_UNIT_LEN || !isName(draft.unit)) {
    const what = `expected 1 to ${MAX_ACCOUNT_UNIT_LEN} bytes of UTF-8 without hidden characters and outer spaces, like "USD"`;
    notes.add('price.unit', `${JSON.stringify(draft.unit)}: ${what}`);
  }
  const unitDecimals = notes.whole('price.unit_decimals', draft.unitDecimals, MAX_UNIT_DECIMALS);
  const { decimals, min, max, feed } = checkMeasured(draft, field, notes, attest);
  if (min !== undefined && min <= 0n) notes.add('price.range', `the price is not possible: ${refusalText('BadPrice')}`);
  const fallback = notes.value('price.default', draft.fallback, decimals);
  if (fallback !== undefined && min !== undefined && max !== undefined && (fallback < min || fallback > max)) {
    const [given, least, most] = [fallback, min, max].map((value) => plainNumber(value, decimals ?? 0));
    notes.add('price.default', `${given}: expected ${least} to ${most}, the range of the price`);
  }
  checkRubric(draft, field('rubric'), notes);
  if (mintDecimals !== undefined && decimals !== undefined && unitDecimals !== undefined) {
    const power = mintDecimals + decimals - unitDecimals;
    if (Math.abs(power) > MAX_EXPONENT) {
      const what = `the decimals of token and price, less those of the unit of account, may be ${MAX_EXPONENT} at most either way`;
      notes.add('price.decimals', what);
    }
  }
  if (
    notes.mistakes.length > before ||
    unitDecimals === undefined ||
    decimals === undefined ||
    min === undefined ||
    max === undefined ||
    fallback === undefined
  ) {
    return undefined;
  }
  return {
    unit: draft.unit,
    unitDecimals,
    kpi: {
      name: draft.name,
      unit: draft.unit,
      rubricHash: parseHash(draft.rubric) ?? (await sha256(draft.rubric)),
      decimals,
      scope: ScopeArg.Shared,
      rangeMin: min,
      rangeMax: max,
      interpolation: InterpolationArg.Linear,
      points: [],
      defaultScore: 0,
      defaultPrice: fallback,
      feed: feed ?? null,
    },
  };
}

/** Name, unit, range and feed. */
function checkMeasured(draft: Measured, field: (name: string) => string, notes: Notes, attest: number | undefined) {
  if (draft.name === '' || bytes(draft.name) > MAX_NAME_LEN || !isName(draft.name)) {
    notes.add(field('name'), refusalText('BadName'));
  }
  if (bytes(draft.unit) > MAX_UNIT_LEN || !isName(draft.unit)) notes.add(field('unit'), refusalText('BadUnit'));
  if (isNumber(draft.name)) {
    const what = `${JSON.stringify(draft.name)} could be taken for the number of a KPI; expected a name with letters`;
    notes.add(field('name'), what);
  }
  const decimals = notes.whole(field('decimals'), draft.decimals, 255);
  if (decimals !== undefined && decimals > MAX_KPI_DECIMALS) {
    notes.add(field('decimals'), refusalText('TooManyDecimals'));
  }
  const min = notes.value(field('range.min'), draft.min, decimals);
  const max = notes.value(field('range.max'), draft.max, decimals);
  if (min !== undefined && max !== undefined && min > max) notes.add(field('range'), refusalText('BadRange'));
  if (min === NO_VALUE) notes.add(field('range.min'), 'stands for no value in an upload; expected a larger number');
  const feed = draft.feed === undefined ? undefined : checkFeed(draft.feed, field, notes, attest);
  return { decimals, min, max, feed };
}

function checkRubric({ rubric }: { rubric: string }, field: string, notes: Notes) {
  if (rubric.trim() === '') notes.add(field, 'the rubric is empty; expected how the value is measured');
}

function checkFeed(
  draft: FeedDraft,
  field: (name: string) => string,
  notes: Notes,
  attest: number | undefined,
): FeedArgs | undefined {
  const feedId = parseHash(draft.id.trim().replace(/^0x/, ''));
  if (feedId === undefined || feedId.every((byte) => byte === 0)) {
    notes.add(field('feed.id'), 'expected 64 hexadecimal digits, not all of them 0');
  }
  const maxDelaySecs = parseSpan(draft.maxDelay);
  if (maxDelaySecs === undefined || maxDelaySecs < 1 || maxDelaySecs > (attest ?? maxDelaySecs)) {
    const most = attest === undefined ? '' : `, ${exactSpan(attest)}`;
    const what = `expected a length of time above 0, like "10 minutes", and at most the attest window${most}`;
    notes.add(field('feed.max_delay'), `${JSON.stringify(draft.maxDelay)}: ${what}`);
  }
  const confidence = parseShare(draft.maxConfidence.trim());
  const isBounded = 'value' in confidence && confidence.value >= 1n && confidence.value <= BigInt(FULL_SCORE);
  if (!isBounded) notes.add(field('feed.max_confidence'), `expected 1 to ${FULL_SCORE} basis points, like "2 %"`);
  if (feedId === undefined || maxDelaySecs === undefined || !isBounded) return undefined;
  return {
    receiver: draft.receiver === 'pyth-pro' ? Receiver.PythPro : Receiver.Pyth,
    feedId,
    average: draft.price === 'average',
    maxDelaySecs,
    maxConfidenceBps: Number(confidence.value),
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
  const places = notes.whole('', decimals, MAX_KPI_DECIMALS);
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
