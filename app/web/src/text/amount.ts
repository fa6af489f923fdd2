// Decimal numbers as whole numbers of their smallest unit. Exact both ways: what would have to be rounded is refused.

import { plural } from './count';

/** `amount` base units with all decimals, thousands separated: `1,234.500000`. */
export function amountText(amount: bigint, decimals: number): string {
  const sign = amount < 0n ? '−' : '';
  const digits = String(amount < 0n ? -amount : amount).padStart(decimals + 1, '0');
  const whole = grouped(digits.slice(0, digits.length - decimals));
  return decimals === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(digits.length - decimals)}`;
}

/** As {@link amountText} without superfluous zeros: `1,234.5`. */
export function shortAmount(amount: bigint, decimals: number): string {
  const text = amountText(amount, decimals);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A fixed-point value as one would type it, without separators or superfluous zeros: `-41.5`. */
export function plainNumber(value: bigint, decimals: number): string {
  return shortAmount(value, decimals).replaceAll(',', '').replace('−', '-');
}

export type Parsed = { value: bigint } | { error: string };

const NO_NUMBER = 'is not a number; expected digits like 1_250.5';
const BAD_GROUPS =
  'has commas that do not separate groups of three digits; expected 1,250.5, with a point before the decimals';
const TOO_LARGE = 'is too large; expected a number whose smallest units fit 64 bits';

/**
 * Reads an amount of tokens; `_` may separate digits, and commas complete groups of three. The error goes on from the
 * text, as the command line has it.
 */
export function parseAmount(text: string, decimals: number): Parsed {
  const parsed = parseUnits(text, decimals);
  if ('error' in parsed) return parsed;
  return parsed.value < 1n << 64n ? parsed : { error: TOO_LARGE };
}

/** Reads a value of a KPI, which may be negative. */
export function parseValue(text: string, decimals: number): Parsed {
  const negative = /^[-\u2212]/.test(text);
  const parsed = parseUnits(negative ? text.slice(1) : text, decimals);
  if ('error' in parsed) return parsed;
  const value = negative ? -parsed.value : parsed.value;
  return value >= -(1n << 63n) && value < 1n << 63n ? { value } : { error: TOO_LARGE };
}

/** Reads basis points: `6000`, or as percent `60%`, `12.5 %`. */
export function parseShare(text: string): Parsed {
  return text.endsWith('%') ? parseAmount(text.slice(0, -1).trimEnd(), 2) : parseAmount(text, 0);
}

/** What to add to a refusal by a limit: in `1.250` the point starts the decimals. Empty for any other text. */
export function hint(text: string): string {
  const match = /^(\d{1,3})\.(\d{3})$/.exec(text);
  if (match === null) return '';
  return `; the point in ${text} starts the decimals: if thousands are meant, write ${match[1]},${match[2]}`;
}

function parseUnits(text: string, decimals: number): Parsed {
  const point = text.indexOf('.');
  const [left, right] = point === -1 ? [text, '0'] : [text.slice(0, point), text.slice(point + 1)];
  const whole = ungrouped(left);
  if (typeof whole !== 'string') return whole;
  const part = right.replaceAll('_', '');
  if (!/^\d+$/.test(whole) || !/^\d+$/.test(part)) return { error: NO_NUMBER };
  const fraction = part.replace(/0+$/, '');
  if (fraction.length > decimals) {
    return {
      error: `has more than ${plural(decimals, 'decimal')} and would have to be rounded; expected at most ${decimals}`,
    };
  }
  return { value: BigInt(whole + fraction.padEnd(decimals, '0')) };
}

/** Whole digits without what separates them. `0,500` is a half to many people, so no group may begin a number with 0. */
function ungrouped(whole: string): string | { error: string } {
  if (!whole.includes(',')) return whole.replaceAll('_', '');
  if (/[^\d,]/.test(whole)) return { error: NO_NUMBER };
  return /^[1-9]\d{0,2}(,\d{3})+$/.test(whole) ? whole.replaceAll(',', '') : { error: BAD_GROUPS };
}

/** What separates decimals where the user is. */
export function localDecimal(locale?: string): string {
  return new Intl.NumberFormat(locale).formatToParts(1.5).find(({ type }) => type === 'decimal')?.value ?? '.';
}

/**
 * What somebody typed as a number, in the notation of files. Where a comma separates decimals it does so here too;
 * `1.250` and `1,250`, which are one or one thousand there, are refused. Digits of other scripts are digits.
 */
export function fromTyped(typed: string, decimal = localDecimal()): { text: string } | { error: string } {
  const text = typed
    .trim()
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String((digit.codePointAt(0) ?? 0) % 16))
    .replaceAll('\u066b', decimal === '.' ? '.' : ',')
    .replaceAll('\u066c', "'")
    .replace(/^\u2212/, '-')
    .replace(/^-?\d{1,3}(?:[ \u00a0\u202f\u2009'\u2019]\d{3})+(?=$|[.,])/, (whole) => whole.replace(/[^\d-]/g, ''));
  if (decimal === '.') return { text };
  if (/^-?[1-9]\d{0,2}[.,]\d{3}$/.test(text)) {
    const digits = text.replace(/[.,]/, '');
    const [whole, part = ''] = text.split(/[.,]/);
    const small = part.replace(/0+$/, '');
    const other = small === '' ? whole : `${whole}.${small}`;
    return { error: `can be two numbers. Write ${digits}, or ${other}` };
  }
  if (/^-?\d{1,3}(\.\d{3})+(,\d+)?$/.test(text)) return { text: text.replaceAll('.', '').replace(',', '.') };
  return { text: /^-?[\d_]+,\d+$/.test(text) ? text.replace(',', '.') : text };
}

/** A score or weight of basis points as percent: `75 %`, `12.34 %`. */
export function percent(basisPoints: number): string {
  return `${shortAmount(BigInt(basisPoints), 2)} %`;
}

export function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `part` of `whole` in basis points, rounded down; 0 of nothing. */
export function share(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * 10_000n) / whole);
}
