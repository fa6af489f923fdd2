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

/** Reads an amount of tokens; `_`, `,` and spaces may separate digits. */
export function parseAmount(text: string, decimals: number): Parsed {
  const parsed = parseFixed(text, decimals);
  if ('error' in parsed) return parsed;
  if (parsed.value < 0n) return { error: 'An amount cannot be negative.' };
  if (parsed.value >= 1n << 64n) return { error: 'The amount is larger than a token amount can be.' };
  return parsed;
}

/** Reads a value of a KPI. */
export function parseValue(text: string, decimals: number): Parsed {
  const parsed = parseFixed(text, decimals);
  if ('error' in parsed) return parsed;
  const fits = parsed.value >= -(1n << 63n) && parsed.value < 1n << 63n;
  return fits ? parsed : { error: 'The value is too large.' };
}

function parseFixed(text: string, decimals: number): Parsed {
  const match = /^([-−]?)(\d[\d_, ]*)(?:\.(\d[\d_]*))?$/.exec(text.trim());
  if (match === null) return { error: `"${text.trim()}" is no number, like 1250 or 1250.5.` };
  const [, sign, whole = '', part = ''] = match;
  if (!isGrouped(whole)) return { error: `"${text.trim()}": write decimals after a point, like 1250.5.` };
  const fraction = part.replaceAll('_', '').replace(/0+$/, '');
  if (fraction.length > decimals) {
    const most = decimals === 0 ? 'no decimals' : `at most ${decimals} decimals`;
    return { error: `"${text.trim()}" has more decimals than can be paid out exactly; write ${most}.` };
  }
  const magnitude = BigInt(whole.replace(/[_, ]/g, '') + fraction.padEnd(decimals, '0'));
  return { value: sign === '' ? magnitude : -magnitude };
}

/** A comma stands between groups of three only: `1,5` is somebody's one and a half. */
function isGrouped(whole: string): boolean {
  return !whole.includes(',') || /^\d{1,3}(,\d{3})+$/.test(whole);
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
