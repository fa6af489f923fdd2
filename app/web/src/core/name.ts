// Which texts may name something: `crates/core/src/name.rs` in TypeScript.

/** Hidden characters, first and last of each range: what people do not see, or what moves others. */
const HIDDEN: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0xa0],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x600, 0x605],
  [0x61c, 0x61c],
  [0x6dd, 0x6dd],
  [0x70f, 0x70f],
  [0x890, 0x891],
  [0x8e2, 0x8e2],
  [0x115f, 0x1160],
  [0x1680, 0x1680],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x3000, 0x3000],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x110bd, 0x110bd],
  [0x110cd, 0x110cd],
  [0x13430, 0x1343f],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

/** Whether no name may hold this character, given by its code point. */
export function isHidden(codePoint: number): boolean {
  return HIDDEN.some(([first, last]) => first <= codePoint && codePoint <= last);
}

/** Whether the characters of a name or of a unit are accepted; lengths are for the caller to check. */
export function isName(text: string): boolean {
  return !text.startsWith(' ') && !text.endsWith(' ') && !hides(text);
}

function hides(text: string): boolean {
  // By code points: a string is iterated so.
  for (const character of text) {
    if (isHidden(character.codePointAt(0) ?? 0)) return true;
  }
  return false;
}
