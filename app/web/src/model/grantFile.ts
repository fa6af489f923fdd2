// The file of contributors: one grant a row, all mistakes at once, in the words of `earnout grant import`.
import { type Address, isAddress, isOffCurveAddress } from '@solana/kit';
import type { PlanState } from '../chain/read';
import { FULL_SCORE } from '../core/limits';
import { tranche } from '../core/tranche';
import { lowestPrice } from '../core/unit';
import type { Grant } from '../domain/grant';
import { reserveFor } from '../domain/grant';
import { type Plan, NO_KEY, periodTimes, surplus } from '../domain/terms';
import { hint, parseAmount, parseShare, plainNumber, shortAmount } from '../text/amount';
import { plural } from '../text/count';
import { visible } from '../text/hostile';
import { type CsvRecord, type Table, readTable } from '../text/csv';
import { kpiNamed } from './kpiNames';
import { type Mistake, refusalText } from './mistakes';

/** Terms of a grant to be made. */
export type GrantTerms = {
  beneficiary: Address;
  /** Base units; of a grant in another unit the most that is paid. */
  allocation: bigint;
  /** In the smallest part of the plan's unit; 0 of a grant in tokens. */
  unitAllocation: bigint;
  firstPeriod: number;
  periods: number;
  cliffPeriods: number;
  timeWeight: number;
  /** By KPI number. */
  kpiWeights: number[];
  revocable: boolean;
  transferable: boolean;
};

export type Row = { line: number; name: string; terms: GrantTerms };

/** What is accepted although it is often a mistake. */
export type Leniency = { offCurve: boolean; severalEach: boolean };

const WEIGHT = 'weight:';
const REQUIRED = ['beneficiary', 'allocation', 'cliff', 'time_weight', 'revocable', 'transferable'];
const OPTIONAL = ['name', 'value', 'first_period', 'periods'];
const MAX_U16 = 65_535;

const quote = (text: string) => JSON.stringify(text);

type Columns = { byName: Map<string, number>; weights: [kpi: number, place: number][] };

/** Reads the rows of a file for grants of `plan`. What depends on the time or on the vault is not checked. */
export function readGrantFile(
  text: string,
  plan: Plan,
  decimals: number,
  leniency: Leniency,
): { rows: Row[]; mistakes: Mistake[] } {
  const mistakes: Mistake[] = [];
  const wrong = (line: number | undefined, field: string, what: string) => {
    // Inputs are quoted, and a control character in them would disturb the list.
    mistakes.push({ line, field, what: what.replace(/\p{Cc}/gu, ' ') });
  };
  const table = readTable(text, `a header with the columns ${REQUIRED.join(',')}`);
  if ('what' in table) {
    wrong(table.line, '', table.what);
    return { rows: [], mistakes };
  }
  const columns = readColumns(table, plan, wrong);
  if (columns === undefined) return { rows: [], mistakes };
  const seenRows = new Map<string, number>();
  const seenKeys = new Map<Address, number>();
  const rows = table.records.flatMap((record) => {
    const row = readRow(record, columns, plan, decimals, leniency, wrong);
    if (row === undefined) return [];
    const { line } = record;
    const id = JSON.stringify(row.terms, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    const { beneficiary } = row.terms;
    const sameRow = seenRows.get(id);
    seenRows.set(id, line);
    if (sameRow !== undefined) {
      wrong(line, '', `the row repeats line ${sameRow}`);
      return [];
    }
    const sameKey = seenKeys.get(beneficiary);
    seenKeys.set(beneficiary, line);
    if (sameKey !== undefined && !leniency.severalEach) {
      wrong(line, 'beneficiary', `line ${sameKey} has the same one; if both are meant, allow several rows each`);
      return [];
    }
    return [row];
  });
  for (const { line, what } of table.wrong) wrong(line, '', what);
  mistakes.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
  if (rows.length === 0 && mistakes.length === 0) {
    wrong(table.line, '', 'there is no row below the header; expected one for each grant');
  }
  return { rows, mistakes };
}

type Wrong = (line: number | undefined, field: string, what: string) => void;

function readColumns({ line, columns: names }: Table, plan: Plan, wrong: Wrong): Columns | undefined {
  const columns: Columns = { byName: new Map(), weights: [] };
  let sound = true;
  const fail = (field: string, what: string) => {
    sound = false;
    wrong(line, field, what);
  };
  names.forEach((name, place) => {
    if (REQUIRED.includes(name) || OPTIONAL.includes(name)) {
      if (columns.byName.has(name)) fail(name, 'the column is there twice');
      columns.byName.set(name, place);
    } else if (name.startsWith(WEIGHT)) {
      const meant = kpiNamed(
        plan.kpis.map((each) => each.name),
        name.slice(WEIGHT.length).trim(),
      );
      if ('error' in meant) {
        fail(name, `the plan has no such KPI; ${meant.error}`);
        return;
      }
      if (meant.kpi === plan.price?.number) {
        fail(name, 'the price has no score; expected weights on other KPIs');
        return;
      }
      if (columns.weights.some(([other]) => other === meant.kpi)) fail(name, 'the column is there twice');
      columns.weights.push([meant.kpi, place]);
    } else {
      fail(name, `is not a column; expected ${[...REQUIRED, ...OPTIONAL].join(', ')}, ${WEIGHT}KPI`);
    }
  });
  for (const required of REQUIRED) if (!columns.byName.has(required)) fail(required, 'the column is missing');
  return sound ? columns : undefined;
}

function readRow(
  { line, fields: cells }: CsvRecord,
  columns: Columns,
  plan: Plan,
  decimals: number,
  leniency: Leniency,
  wrong: Wrong,
): Row | undefined {
  const cell = (name: string) => cells[columns.byName.get(name) ?? -1] ?? '';
  let sound = true;
  const fail = (field: string, what: string) => {
    sound = false;
    wrong(line, field, what);
  };
  const number = (field: string, text: string): number => {
    const parsed = parseAmount(text, 0);
    if ('value' in parsed && parsed.value <= MAX_U16) return Number(parsed.value);
    fail(field, `${quote(text)} is not a whole number from 0 to ${MAX_U16}`);
    return 0;
  };
  const weight = (field: string, text: string): number => {
    const parsed = parseShare(text);
    if ('value' in parsed && parsed.value <= MAX_U16) return Number(parsed.value);
    fail(field, `${quote(text)} cannot be a weight; expected basis points, like 6000, or percent, like 60%`);
    return 0;
  };
  // Spreadsheets write `TRUE`.
  const flag = (field: string): boolean => {
    const text = cell(field).toLowerCase();
    if (text !== 'true' && text !== 'false') fail(field, `${quote(cell(field))} is neither true nor false`);
    return text === 'true';
  };

  const beneficiary = cell('beneficiary');
  if (!isAddress(beneficiary))
    fail('beneficiary', `${quote(beneficiary)} is not an address; expected 32 bytes in base58`);
  else if (!leniency.offCurve && isOffCurveAddress(beneficiary)) {
    fail(
      'beneficiary',
      `${beneficiary} is not a key of a wallet but an address that only a program can sign for, such as a token account or a multisig vault; if that is meant, allow such addresses`,
    );
  }
  const allocation = parseAmount(cell('allocation'), decimals);
  if ('error' in allocation) fail('allocation', `${quote(cell('allocation'))} ${allocation.error}`);
  const value = cell('value') === '' ? undefined : readUnits(cell('value'), plan);
  if (value !== undefined && 'error' in value) fail('value', value.error);
  const firstPeriod = cell('first_period') === '' ? 0 : number('first_period', cell('first_period'));
  const left = Math.max(0, plan.calendar.periodCount - firstPeriod);
  const periods = cell('periods') === '' ? left : number('periods', cell('periods'));
  const cliffPeriods = number('cliff', cell('cliff'));
  const timeWeight = weight('time_weight', cell('time_weight'));
  const kpiWeights = plan.kpis.map(() => 0);
  for (const [kpi, place] of columns.weights) {
    kpiWeights[kpi] = weight(`${WEIGHT}${plan.kpis[kpi]?.name ?? kpi}`, cells[place] || '0');
  }
  const [revocable, transferable] = [flag('revocable'), flag('transferable')];
  if (!sound || 'error' in allocation) return undefined;
  const terms: GrantTerms = {
    beneficiary: beneficiary as Address,
    allocation: allocation.value,
    unitAllocation: value !== undefined && 'value' in value ? value.value : 0n,
    firstPeriod,
    periods,
    cliffPeriods,
    timeWeight,
    kpiWeights,
    revocable,
    transferable,
  };
  const mistake = wrongTerms(plan, decimals, terms);
  if (mistake !== undefined) {
    const explained = mistake.field === 'allocation' ? hint(cell('allocation')) : '';
    wrong(line, mistake.field, `${mistake.what}${explained}`);
    return undefined;
  }
  return { line, name: cell('name'), terms };
}

/** Reads an amount in the plan's unit of account, more than none; the error is a sentence's end after the text. */
export function readUnits(text: string, { unit }: Pick<Plan, 'unit'>): { value: bigint } | { error: string } {
  if (unit === undefined) return { error: refusalText('NoPrice') };
  const parsed = parseAmount(text, unit.decimals);
  if ('error' in parsed) return { error: `${quote(text)} ${parsed.error}` };
  return parsed.value > 0n ? parsed : { error: `${quote(text)} is no value; expected an amount above 0, or nothing` };
}

/** What of the terms the program would refuse at any time; undefined if nothing. */
export function wrongTerms(
  plan: Plan,
  decimals: number,
  terms: GrantTerms,
): { field: string; what: string } | undefined {
  const { account, calendar } = plan;
  const sum = terms.kpiWeights.reduce((total, weight) => total + weight, terms.timeWeight);
  if (sum !== FULL_SCORE) {
    return { field: '', what: `time_weight and the weights of the KPIs sum to ${sum}; expected ${FULL_SCORE}` };
  }
  if (terms.allocation < account.minAllocation || terms.allocation > account.maxAllocation) {
    const [least, most] = [account.minAllocation, account.maxAllocation].map((limit) => shortAmount(limit, decimals));
    return { field: 'allocation', what: `the plan allows from ${least} to ${most} for a grant` };
  }
  if (terms.periods === 0 || terms.firstPeriod + terms.periods > calendar.periodCount) {
    const what = `expected at least one period, and all within the plan's ${calendar.periodCount}, counted from 0`;
    return { field: 'periods', what };
  }
  if (terms.cliffPeriods > terms.periods) {
    return { field: 'cliff', what: `the cliff lies beyond the ${plural(terms.periods, 'period')} of the grant` };
  }
  if (terms.unitAllocation > 0n && plan.price === undefined) return { field: 'value', what: refusalText('NoPrice') };
  if (plan.price !== undefined && (terms.kpiWeights[plan.price.number] ?? 0) > 0) {
    return { field: '', what: 'no grant may have weight on the price' };
  }
  const { beneficiary } = terms;
  if ([NO_KEY, plan.address, account.vault, plan.arbiter].includes(beneficiary)) return program('BadBeneficiary');
  try {
    reserveFor(plan, terms.allocation, terms.timeWeight, terms.kpiWeights);
  } catch {
    return program('ReserveTooLarge');
  }
  return undefined;
}

function program(name: string): { field: string; what: string } {
  return { field: '', what: refusalText(name) };
}

/** What of the rows depends on the chain: time, numbers and funds. */
export function wrongNow(data: PlanState, rows: readonly Row[], now: bigint): Mistake[] {
  const { plan, mint, vault } = data;
  const { account } = plan;
  const mistakes: Mistake[] = [];
  let reserve = 0n;
  for (const { line, terms } of rows) {
    const error =
      now >= account.enrolmentEnd
        ? program('EnrolmentEnded')
        : now >= periodTimes(plan, terms.firstPeriod).start
          ? program('PeriodBegun')
          : undefined;
    if (error === undefined) reserve += reserveFor(plan, terms.allocation, terms.timeWeight, terms.kpiWeights);
    else mistakes.push({ line, field: '', what: error.what });
  }
  const left = account.maxGrants - account.grantCounter;
  if (rows.length > left) {
    const what = `${plural(rows.length, 'grant is', 'grants are')} to be made, and the plan may have ${left} more of ${account.maxGrants}`;
    mistakes.push({ line: undefined, field: '', what });
  }
  const free = surplus(plan, vault.amount);
  if (reserve > free) {
    const text = (amount: bigint) => shortAmount(amount, mint.decimals);
    const what = `the grants need ${plural(text(reserve), 'token')} in the vault, which has ${plural(text(free), 'that is', 'that are')} not reserved; fund ${text(reserve - free)} more`;
    mistakes.push({ line: undefined, field: '', what });
  }
  return mistakes;
}

/** Whether a price has fewer than three digits: then the next one differs by a percent and more. */
export function isRough(price: bigint): boolean {
  return price < 100n;
}

/** What of a grant in another unit is accepted although it is often a mistake. */
export function doubts(plan: Plan, terms: GrantTerms, today: bigint | undefined): string[] {
  const { unit, price } = plan;
  if (unit === undefined || price === undefined || terms.unitAllocation === 0n) return [];
  const found: string[] = [];
  const text = (value: bigint) => `${plainNumber(value, price.decimals)} ${visible(unit.name)}`;
  if (isRough(price.rangeMin)) {
    found.push(
      `The lowest price of the plan, ${text(price.rangeMin)}, has fewer than three digits: near it a price is rough, and the pay with it.`,
    );
  }
  const newest = today ?? price.defaultPrice;
  const half = newest / 2n;
  const periods = Array.from({ length: terms.periods }, (_, index) => index);
  const bindsAt = (at: bigint) =>
    periods.some((index) => {
      const cap = tranche(terms.allocation, index, terms.periods);
      const units = tranche(terms.unitAllocation, index, terms.periods);
      const lowest = lowestPrice(cap, units, unit.exponent);
      return lowest === undefined || at < lowest;
    });
  if (bindsAt(half)) {
    const whose = today === undefined ? 'the price that counts if nobody reports' : 'the last price';
    const when = bindsAt(newest) ? `Already at ${whose}, ${text(newest)}` : `At half of ${whose}, ${text(half)}`;
    found.push(`${when}, the allocation would not pay the value in full: what it cuts off is lost.`);
  }
  return found;
}

/** Whether a grant was made with these terms. */
export function sameTerms({ account }: Grant, terms: GrantTerms): boolean {
  return (
    account.beneficiary === terms.beneficiary &&
    account.allocation === terms.allocation &&
    account.unitAllocation === terms.unitAllocation &&
    account.firstPeriod === terms.firstPeriod &&
    account.periods === terms.periods &&
    account.cliffPeriods === terms.cliffPeriods &&
    account.timeWeight === terms.timeWeight &&
    account.kpiWeights.every((weight, kpi) => weight === (terms.kpiWeights[kpi] ?? 0))
  );
}
