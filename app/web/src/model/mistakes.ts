// What is wrong with a file or a form, and the readers of single fields that note it.
import { MAX_WINDOW_SECS, MIN_WINDOW_SECS } from '../generated/constants';
import { ERROR_TEXTS } from '../generated/errors/texts';
import { parseAmount, parseShare, parseValue } from '../text/amount';
import { plural } from '../text/count';
import { exactSpan, parseSpan, parseTime } from '../text/time';

/** Something wrong in a file: where, and what is expected instead. */
export type Mistake = { line: number | undefined; field: string; what: string };

export function mistakeText({ line, field, what }: Mistake): string {
  return `${line === undefined ? '' : `${line}: `}${field === '' ? '' : `${field}: `}${what}`;
}

/** What the program says when it refuses for this reason. */
export function refusalText(name: string): string {
  return Object.values(ERROR_TEXTS).find((error) => error.name === name)?.message ?? name;
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
    const length = parseSpan(text);
    if (length !== undefined && length >= MIN_WINDOW_SECS && length <= MAX_WINDOW_SECS) return length;
    const range = `${exactSpan(MIN_WINDOW_SECS)} to ${exactSpan(MAX_WINDOW_SECS)}`;
    this.add(field, `${JSON.stringify(text)}: expected ${range}, like "14 days" or "36 hours"`);
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
    this.add(field, `expected a number with at most ${plural(decimals, 'decimal')}`);
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
        this.add(field, `${JSON.stringify(trimmed)} of the supply is not a whole number of base units; ${expected}`);
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
