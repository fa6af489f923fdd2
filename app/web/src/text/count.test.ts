import { describe, expect, it } from 'vitest';
import { noun, plural, ranges } from './count';

describe('a number of things', () => {
  it('has the form of the word that belongs to it', () => {
    expect([0, 1, 2, 11, 21].map((count) => plural(count, 'grant'))).toEqual([
      '0 grants',
      '1 grant',
      '2 grants',
      '11 grants',
      '21 grants',
    ]);
    expect([1n, 2n].map((count) => plural(count, 'other grant has', 'other grants have'))).toEqual([
      '1 other grant has',
      '2 other grants have',
    ]);
  });

  it('can be an amount as it is shown', () => {
    expect(['1', '1.5', '0.1', '1,000'].map((amount) => plural(amount, 'token'))).toEqual([
      '1 token',
      '1.5 tokens',
      '0.1 tokens',
      '1,000 tokens',
    ]);
    expect(noun('1', 'token')).toBe('token');
  });

  it('is short where they follow each other', () => {
    expect([[], [3], [3, 7, 8, 9, 12]].map(ranges)).toEqual(['', '3', '3, 7-9, 12']);
  });
});
