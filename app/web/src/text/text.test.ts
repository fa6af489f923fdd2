import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { amountText, parseAmount, parseValue, percent, plainNumber, share, shortAmount } from './amount';
import { csvLine } from './csv';
import { hex, parseHash, sha256, short } from './hash';
import { pieces, visible } from './hostile';
import { distance, exactSpan, isoTime, span, utcTime } from './time';

type Golden = { hidden: [number, number][] };

describe('amounts', () => {
  it('show every base unit', () => {
    expect(amountText(0n, 6)).toBe('0.000000');
    expect(amountText(1n, 6)).toBe('0.000001');
    expect(amountText(1_234_567_890_123n, 6)).toBe('1,234,567.890123');
    expect(amountText((1n << 64n) - 1n, 0)).toBe('18,446,744,073,709,551,615');
    expect(shortAmount(1_250_500_000n, 6)).toBe('1,250.5');
    expect(shortAmount(100n, 0)).toBe('100');
    expect(plainNumber(-410n, 1)).toBe('-41');
    expect(plainNumber(-(1n << 63n), 18)).toBe('-9.223372036854775808');
  });

  it('are read exactly or refused, in the words of the command line', () => {
    expect(parseAmount('1_250.5', 6)).toEqual({ value: 1_250_500_000n });
    expect(parseValue('-41.50', 1)).toEqual({ value: -415n });
    expect(parseValue('-9223372036854775808', 0)).toEqual({ value: -(1n << 63n) });
    expect(parseValue('1.25', 1)).toEqual({
      error: 'has more than 1 decimal and would have to be rounded; expected at most 1',
    });
    for (const wrong of ['', '.', '1.', '.5', '1e3', '+1', '--1', '1 ', '-', '_', '1_0,000']) {
      expect(parseValue(wrong, 1), wrong).toEqual({ error: 'is not a number; expected digits like 1_250.5' });
      expect(parseAmount(wrong, 1), wrong).toEqual({ error: 'is not a number; expected digits like 1_250.5' });
    }
    expect(parseAmount('18446744073709551615', 0)).toEqual({ value: (1n << 64n) - 1n });
    expect(parseAmount('18446744073709551616', 0)).toMatchObject({
      error: expect.stringContaining('too large') as string,
    });
    expect(parseValue('9223372036854775808', 0)).toMatchObject({
      error: expect.stringContaining('too large') as string,
    });
  });

  it('as parts', () => {
    expect(percent(12_345)).toBe('123.45 %');
    expect(share(1n, 3n)).toBe(3_333);
    expect(share(1n, 0n)).toBe(0);
  });
});

describe('text of strangers', () => {
  it('shows what would be invisible', () => {
    expect(visible('plain – 名前 ñ العربية 🙂')).toBe('plain – 名前 ñ العربية 🙂');
    expect(visible('a\u202eb')).toBe('a⟨U+202E⟩b');
    expect(visible('\u2066x\u2069')).toBe('⟨U+2066⟩x⟨U+2069⟩');
    expect(visible('zero\u200bwidth\ufeff')).toBe('zero⟨U+200B⟩width⟨U+FEFF⟩');
    expect(visible('tab\tline\n\u0007\u0085')).toBe('tab⟨U+0009⟩line⟨U+000A⟩⟨U+0007⟩⟨U+0085⟩');
    expect(visible('no\u00a0break\u3000wide')).toBe('no⟨U+00A0⟩break⟨U+3000⟩wide');
    expect(visible('\u{e0041}tag')).toBe('⟨U+E0041⟩tag');
    expect(visible(`z${'\u0301'.repeat(6)}`)).toBe(`z${'\u0301'.repeat(3)}${'⟨U+0301⟩'.repeat(3)}`);
    expect(visible('<b>&"')).toBe('<b>&"');
  });

  it('shows every character that the program refuses in names, and of others only what no font draws', () => {
    const ranges = (JSON.parse(readFileSync(join(import.meta.dirname, '../core/golden/name.json'), 'utf8')) as Golden)
      .hidden;
    const refused = (code: number) => ranges.some(([first, last]) => first <= code && code <= last);
    const wrong: string[] = [];
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const character = String.fromCodePoint(code);
      const isEscaped = visible(character) !== character;
      const mayBe = /[\p{Co}\p{Cn}\p{Cs}\ufffd]/u.test(character);
      if (isEscaped !== refused(code) && !mayBe) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
    expect(refused(0x200b) && refused(0x202e) && !refused(0x41)).toBe(true);
  });

  it('keeps escaped and plain parts apart', () => {
    expect(pieces('a\u202e\u202cb')).toEqual([
      { text: 'a', escaped: false },
      { text: '⟨U+202E⟩⟨U+202C⟩', escaped: true },
      { text: 'b', escaped: false },
    ]);
  });

  it('cannot become a formula or break a line of a file', () => {
    expect(csvLine(['=HYPERLINK("x")', '+1', '-x', '@a', '-12.5', 'a,b', 'say "x"', 'two\nlines'])).toBe(
      `"'=HYPERLINK(""x"")",'+1,'-x,'@a,-12.5,"a,b","say ""x""","two\nlines"`,
    );
  });
});

describe('times', () => {
  it('are exact in UTC', () => {
    expect(utcTime(1_798_761_600n)).toBe('2027-01-01 00:00:00 UTC');
    expect(isoTime(-1n)).toBe('1969-12-31T23:59:59Z');
    expect(isoTime(1n << 62n)).toBe(String(1n << 62n));
  });

  it('have lengths people read', () => {
    expect(span(90_061n)).toBe('1 day');
    expect(distance(10n, 3_610n)).toBe('1 hour ago');
    expect(distance(130n, 10n)).toBe('in 2 minutes');
    expect(exactSpan(90_061)).toBe('1 day 1 hour 1 minute 1 second');
    expect(exactSpan(0)).toBe('0 seconds');
  });
});

describe('hashes', () => {
  it('of text and as typed', async () => {
    const hash = await sha256('abc');
    expect(hex(hash)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(parseHash(` ${hex(hash).toUpperCase()} `)).toEqual(hash);
    expect(parseHash('ba78')).toBeUndefined();
    expect(short('4Nd1mYcvsTSt5FqVqQHnAqtvQxQxB4QqQ2n1LKLmYB7A')).toBe('4Nd1…YB7A');
  });
});
