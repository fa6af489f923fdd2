// Text that a stranger wrote on the chain. React escapes markup; this makes visible what the eye would miss.
import { isHidden } from '../core/name';

/**
 * What no font draws, beside what the program refuses in names: code points that are private, not assigned, or half of a
 * character, and the sign for bytes that are not text.
 */
const NOT_DRAWN = /[\p{Co}\p{Cn}\p{Cs}\ufffd]/u;
/** Marks stacked on a letter: more than this many no script needs. */
const MAX_MARKS = 3;

export type Piece = { text: string; escaped: boolean };

/** Splits text into what may be shown as it is and what is shown by number, like ⟨U+202E⟩. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let marks = 0;
  for (const character of text) {
    marks = /\p{M}/u.test(character) ? marks + 1 : 0;
    const hidden = isHidden(character.codePointAt(0) ?? 0) || NOT_DRAWN.test(character);
    const escaped = hidden || marks > MAX_MARKS;
    const shown = escaped ? codePoint(character) : character;
    const last = found.at(-1);
    if (last !== undefined && last.escaped === escaped) last.text += shown;
    else found.push({ text: shown, escaped });
  }
  return found;
}

/** The same as one string, for attributes and files. */
export function visible(text: string): string {
  return pieces(text)
    .map((piece) => piece.text)
    .join('');
}

function codePoint(character: string): string {
  const number = character.codePointAt(0) ?? 0;
  return `⟨U+${number.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
