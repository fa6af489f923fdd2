// A KPI as somebody writes it, and what the program would make of it.
import { type Curve, type Interpolation, checkCurve, maxScore } from '../core/curve';
import { FULL_CREDIT, FULL_SCORE, MAX_SCORE } from '../core/limits';
import { mulDivCeil } from '../core/math';
import { isName } from '../core/name';
import { MAX_KPI_DECIMALS, MAX_NAME_LEN, MAX_UNIT_LEN, NO_VALUE } from '../generated/constants';
import { Interpolation as InterpolationArg } from '../generated/types/interpolation';
import type { KpiTermsArgs } from '../generated/types/kpiTerms';
import { Scope as ScopeArg } from '../generated/types/scope';
import { parseHash, sha256 } from '../text/hash';
import { isNumber } from './kpiNames';
import { Notes, refusalText } from './mistakes';
import type { KpiDraft } from './planDraft';

const U16 = 65_535;

/** The KPI that the draft stands for. Notes what is wrong with it under `header`. */
export async function checkKpi(draft: KpiDraft, header: string, notes: Notes): Promise<KpiTermsArgs | undefined> {
  const before = notes.mistakes.length;
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  if (draft.name === '' || bytes(draft.name) > MAX_NAME_LEN || !isName(draft.name)) {
    notes.add(`${header} name`, refusalText('BadName'));
  }
  if (bytes(draft.unit) > MAX_UNIT_LEN || !isName(draft.unit)) notes.add(`${header} unit`, refusalText('BadUnit'));
  if (isNumber(draft.name)) {
    const what = `${JSON.stringify(draft.name)} could be taken for the number of a KPI; expected a name with letters`;
    notes.add(`${header} name`, what);
  }
  const decimals = notes.whole(`${header} decimals`, draft.decimals, 255);
  if (decimals !== undefined && decimals > MAX_KPI_DECIMALS) {
    notes.add(`${header} decimals`, refusalText('TooManyDecimals'));
  }
  const min = notes.value(`${header} range.min`, draft.min, decimals);
  const max = notes.value(`${header} range.max`, draft.max, decimals);
  if (min !== undefined && max !== undefined && min > max) notes.add(`${header} range`, refusalText('BadRange'));
  if (min === NO_VALUE) notes.add(`${header} range.min`, 'stands for no value in an upload; expected a larger number');
  const points = draft.curve.map((point) => ({
    value: notes.value(`${header} curve`, point.value, decimals),
    score: notes.share(`${header} curve`, point.score, U16),
  }));
  const curve = asCurve(points, draft.interpolation);
  if (curve !== undefined && !isCurve(curve)) notes.add(`${header} curve`, refusalText('BadCurve'));
  const defaultScore = notes.share(`${header} default_score`, draft.defaultScore, U16);
  if (defaultScore !== undefined && defaultScore > FULL_SCORE) {
    notes.add(`${header} default_score`, refusalText('DefaultScoreTooHigh'));
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
