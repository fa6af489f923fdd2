// Decimal numbers as whole numbers of their smallest unit. Exact both ways: what would have to be rounded is refused.

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

const NO_NUMBER = 'is no number; expected digits like 1_250.5';
const TOO_LARGE = 'is too large; expected a number whose smallest units fit 64 bits';

/** Reads an amount of tokens; `_` may separate digits. The error goes on from the text, as the command line has it. */
export function parseAmount(text: string, decimals: number): Parsed {
  const parsed = parseUnits(text, decimals);
  if ('error' in parsed) return parsed;
  return parsed.value < 1n << 64n ? parsed : { error: TOO_LARGE };
}

/** Reads a value of a KPI, which may be negative. */
export function parseValue(text: string, decimals: number): Parsed {
  const negative = text.startsWith('-');
  const parsed = parseUnits(negative ? text.slice(1) : text, decimals);
  if ('error' in parsed) return parsed;
  const value = negative ? -parsed.value : parsed.value;
  return value >= -(1n << 63n) && value < 1n << 63n ? { value } : { error: TOO_LARGE };
}

function parseUnits(text: string, decimals: number): Parsed {
  const match = /^([\d_]+)(?:\.([\d_]+))?$/.exec(text);
  const [whole, part] = [match?.[1]?.replaceAll('_', ''), (match?.[2] ?? '0').replaceAll('_', '')];
  if (whole === undefined || whole === '' || part === '') return { error: NO_NUMBER };
  const fraction = part.replace(/0+$/, '');
  if (fraction.length > decimals) {
    return { error: `has more than ${decimals} decimals and would have to be rounded; expected at most ${decimals}` };
  }
  return { value: BigInt(whole + fraction.padEnd(decimals, '0')) };
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
