// Numbers of things in words.

/** `1 grant`, `2 grants`; `many` where one and several differ by more than an s. */
export function plural(count: bigint | number | string, one: string, many = `${one}s`): string {
  return `${count} ${noun(count, one, many)}`;
}

/** The words alone, for a number that is shown elsewhere. */
export function noun(count: bigint | number | string, one: string, many = `${one}s`): string {
  return String(count) === '1' ? one : many;
}

/** Rising numbers, those that follow each other as a range: `3, 7-12`. */
export function ranges(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(', ');
}
