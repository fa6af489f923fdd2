// A plan as somebody writes it, and what the program would make of it.
import { type Address, isAddress } from '@solana/kit';
import { type Cadence, type Calendar, boundary, checkCalendar } from '../core/calendar';
import { FULL_SCORE } from '../core/limits';
import { isName } from '../core/name';
import { strictMajority } from '../core/quorum';
import {
  MAX_BONUS_CAP_BPS,
  MAX_KPIS,
  MAX_NAME_LEN,
  MAX_ORACLES,
  MAX_PERIODS,
  MAX_PERIOD_MONTHS,
  MAX_PERIOD_SECS,
  MAX_START_DELAY_SECS,
  MIN_WINDOW_SECS,
} from '../generated/constants';
import { cadence as cadenceArg } from '../generated/types/cadence';
import { Combination as CombinationArg } from '../generated/types/combination';
import type { CreatePlanArgsArgs } from '../generated/types/createPlanArgs';
import type { KpiTermsArgs } from '../generated/types/kpiTerms';
import { Release as ReleaseArg } from '../generated/types/release';
import { UnearnedPolicy as UnearnedArg } from '../generated/types/unearnedPolicy';
import { hint } from '../text/amount';
import { plural } from '../text/count';
import { exactSpan, isoTime, parseSpan } from '../text/time';
import { checkKpi, checkPrice } from './kpiCheck';
import { type Mistake, Notes, refusalText } from './mistakes';
import type { PlanDraft } from './planDraft';

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
  if (draft.name === '' || new TextEncoder().encode(draft.name).length > MAX_NAME_LEN || !isName(draft.name)) {
    notes.add('plan.name', `${JSON.stringify(draft.name)}: ${refusalText('BadName')}`);
  }
  const start = notes.time('plan.start', draft.start);
  if (start !== undefined && (start <= now || start > now + BigInt(MAX_START_DELAY_SECS))) {
    notes.add(
      'plan.start',
      `${isoTime(start)} is not after now, ${isoTime(now)}, or more than five years after it; expected a start in the future`,
    );
  }
  const cadence = readCadence(draft.cadence);
  if (cadence === undefined) {
    const months = `1 to ${MAX_PERIOD_MONTHS} months, like "3 months"`;
    const others = `${exactSpan(MIN_WINDOW_SECS)} to ${exactSpan(MAX_PERIOD_SECS)}, like "30 days"`;
    notes.add('plan.cadence', `${JSON.stringify(draft.cadence)}: expected ${months}, or ${others}`);
  }
  const periods = notes.whole('plan.periods', draft.periods, U16);
  if (periods !== undefined && (periods < 1 || periods > MAX_PERIODS)) {
    notes.add('plan.periods', `${periods}: expected 1 to ${MAX_PERIODS} periods`);
  }
  const bonusCap = notes.share('plan.bonus_cap', draft.bonusCap, U32);
  if (bonusCap !== undefined && bonusCap > MAX_BONUS_CAP_BPS) {
    notes.add('plan.bonus_cap', `${bonusCap}: expected basis points of the tranche, at most ${MAX_BONUS_CAP_BPS}`);
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
  else if (decimals === undefined) notes.add('token.mint', 'is not a mint of SPL Token or Token-2022 on this cluster');
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
      notes.add('plan.start', 'a boundary of the calendar is outside the range of valid times');
    }
  }
  const kpis = await readKpis(draft, notes, attest);
  const price = draft.price === undefined ? undefined : await checkPrice(draft.price, decimals, notes, attest);
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
    name: draft.name,
    unit: price?.unit ?? '',
    unitDecimals: price?.unitDecimals ?? 0,
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
  // The price comes last, so that the others keep their numbers.
  return { plan: { args, kpis: price === undefined ? kpis : [...kpis, price.kpi], calendar }, mistakes: [] };
}

function readRoles(draft: PlanDraft, authority: Address | undefined, notes: Notes) {
  const oracles = draft.oracles.map((key) => key.trim()).filter((key) => key !== '');
  const found = readOracles(oracles, draft.threshold, notes);
  const arbiter = draft.arbiter.trim();
  if (arbiter !== '' && !isAddress(arbiter)) notes.add('roles.arbiter', notAnAddress(arbiter));
  if (authority !== undefined && arbiter === authority) {
    notes.add('roles.arbiter', `${JSON.stringify(arbiter)} is the authority too; expected different keys`);
  }
  checkApart(oracles, { authority, arbiter }, notes);
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
    const what = `expected more than half of the ${plural(keys.length, 'oracle')} and at most all of them`;
    notes.add('roles.threshold', `${number}: ${what}`);
  }
  if (notes.mistakes.length > before || number === undefined) return undefined;
  return { oracles: keys as Address[], threshold: number };
}

/** Notes which oracles have another role too. */
export function checkApart(
  oracles: readonly string[],
  others: { authority: string | undefined; arbiter: string | undefined },
  notes: Notes,
) {
  for (const oracle of oracles) {
    for (const [role, key] of Object.entries(others)) {
      if (oracle !== key) continue;
      const what = `the oracle ${JSON.stringify(oracle)} is the ${role} too; expected different keys`;
      notes.add('roles.oracles', what);
    }
  }
}

async function readKpis(
  { kpis: drafts, price }: Pick<PlanDraft, 'kpis' | 'price'>,
  notes: Notes,
  attest: number | undefined,
): Promise<KpiTermsArgs[]> {
  const count = drafts.length + (price === undefined ? 0 : 1);
  if (count === 0) notes.add('kpi', 'the plan needs at least one KPI, or a price');
  if (count > MAX_KPIS) notes.add('kpi', `the plan has ${count} KPIs; expected at most ${MAX_KPIS}`);
  if (price !== undefined && drafts.some(({ name }) => name === price.name)) {
    notes.add('price.kpi', `there are two KPIs named ${JSON.stringify(price.name)}`);
  }
  const kpis: KpiTermsArgs[] = [];
  for (const [index, draft] of drafts.entries()) {
    if (draft.name !== '' && drafts.findIndex(({ name }) => name === draft.name) !== index) {
      notes.add(`kpi ${JSON.stringify(draft.name)} name`, `there are two KPIs named ${JSON.stringify(draft.name)}`);
    }
    const kpi = await checkKpi(
      draft,
      draft.name === '' ? `kpi ${index + 1}` : `kpi ${JSON.stringify(draft.name)}`,
      notes,
      attest,
    );
    if (kpi !== undefined) kpis.push(kpi);
  }
  return kpis;
}

function notAnAddress(text: string): string {
  return `${JSON.stringify(text.trim())} is not an address: expected 32 bytes in base58`;
}

/** `3 months` or `30 days`. */
function readCadence(text: string): Cadence | undefined {
  const months = /^(\d+) months?$/.exec(text.trim());
  if (months !== null) {
    const length = Number(months[1]);
    return length >= 1 && length <= MAX_PERIOD_MONTHS ? { kind: 'months', length } : undefined;
  }
  const length = parseSpan(text);
  return length !== undefined && length >= MIN_WINDOW_SECS && length <= MAX_PERIOD_SECS
    ? { kind: 'seconds', length }
    : undefined;
}
