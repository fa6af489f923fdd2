// What React and the browser complain about on the console fails the test in which it was said.
import { afterEach, expect } from 'vitest';

const said: string[] = [];

// No spy: tests restore those.
for (const level of ['error', 'warn'] as const) {
  console[level] = (...words: unknown[]) => void said.push(words.map(String).join(' '));
}

afterEach(() => {
  expect(said.splice(0), 'said on the console').toEqual([]);
});
