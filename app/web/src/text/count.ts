// Numbers of things in words.

/** `1 grant`, `2 grants`; `many` where one and several differ by more than an s. */
export function plural(count: bigint | number | string, one: string, many = `${one}s`): string {
  return `${count} ${noun(count, one, many)}`;
}

/** The words alone, for a number that is shown elsewhere. */
export function noun(count: bigint | number | string, one: string, many = `${one}s`): string {
  return String(count) === '1' ? one : many;
}
