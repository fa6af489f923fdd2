// Files of comma-separated values: a header, and below it a record in each line. Everything that reads such a file reads
// it through this, as the command line does (`test/vectors/grants.json`).

const FORMULA = /^'*[=+\-@\t\r]/;

/** One line. What a spreadsheet would take for a formula is written as text, since a stranger may have written it. */
export function csvLine(cells: readonly string[]): string {
  return cells.map(cell).join(',');
}

function cell(text: string): string {
  // A number is none, whatever its sign.
  const safe = FORMULA.test(text) && !/^-[\d.]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What is wrong with a line, in the words of the command line. */
export type WrongLine = { line: number; what: string };

export type CsvRecord = { line: number; fields: string[] };

export type Table = {
  /** Line of the header, counted from 1. */
  line: number;
  columns: string[];
  /** Records with a field for each column, at least one of them not empty. */
  records: CsvRecord[];
  /** What is wrong with other lines: none is left out silently. */
  wrong: WrongLine[];
};

/** Reads a file, or says what is wrong with its header. `expected` names the columns, for messages. */
export function readTable(text: string, expected: string): Table | WrongLine {
  // Its values would be told as columns, and a key file would be told byte by byte.
  if (/^[\ufeff\s]*[[{]/.test(text)) return { line: 1, what: `is JSON; expected ${expected}` };
  let table: Table | undefined;
  for (const [index, content] of linesOf(text.replace(/^\ufeff/, '')).entries()) {
    const line = index + 1;
    const fields = (table === undefined ? separator(content) : undefined) ?? fieldsOf(content);
    if (typeof fields === 'string') {
      if (table === undefined) return { line, what: fields };
      table.wrong.push({ line, what: fields });
    } else if (fields.some((field) => field !== '')) {
      if (table === undefined) table = { line, columns: fields, records: [], wrong: [] };
      else if (fields.length === table.columns.length) table.records.push({ line, fields });
      else {
        const many = fields.length > table.columns.length ? ', and quotation marks around a field with a comma' : '';
        const what = `the row has ${fields.length} fields; expected ${table.columns.length} as in the header${many}`;
        table.wrong.push({ line, what });
      }
    }
  }
  return table ?? { line: 1, what: `the file is empty; expected ${expected}` };
}

/** A carriage return ends a line only before a line feed; elsewhere programs differ. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** What is wrong with a header whose columns are separated by something else. */
function separator(header: string): string | undefined {
  if (/^"*sep=/i.test(header)) {
    return 'sep= is meant for spreadsheets only; take the line out, and separate columns by commas';
  }
  const count = (mark: string) => header.split(mark).length - 1;
  const marks = [
    [';', 'semicolons'],
    ['\t', 'tabs'],
    ['|', 'vertical bars'],
  ] as const;
  const found = marks.find(([mark]) => count(mark) > count(','));
  return found === undefined
    ? undefined
    : `the columns are separated by ${found[1]}; expected commas: save the file as CSV with commas between columns, and points before decimals`;
}

/** The fields of a line; else what of it programs read differently. */
function fieldsOf(line: string): string[] | string {
  const fields: string[] = [];
  let current = '';
  let place: 'start' | 'plain' | 'quoted' | 'closing' = 'start';
  const end = () => {
    fields.push(unguarded(trimmed(current)));
    current = '';
    place = 'start';
  };
  for (const letter of line) {
    const control = controlIn(letter);
    if (control !== undefined) return control;
    if (letter === '"') {
      if (place === 'plain') {
        return 'a quotation mark stands inside a field; expected quotation marks around the whole field, and two for each one inside it';
      }
      if (place === 'closing') current += '"';
      place = place === 'quoted' ? 'closing' : 'quoted';
    } else if (place === 'quoted') current += letter;
    else if (letter === ',') end();
    else if (place === 'closing') {
      return 'text stands after a closing quotation mark; expected a comma, or the end of the line';
    } else {
      current += letter;
      place = 'plain';
    }
  }
  // The letters of the loop change the place, which is not seen here.
  if ((place as string) === 'quoted') {
    return 'a quoted field does not end in its line; expected the closing quotation mark';
  }
  if (line !== '') end();
  return fields;
}

function controlIn(letter: string): string | undefined {
  if (letter === '\t' || !/\p{Cc}/u.test(letter)) return undefined;
  if (letter === '\r') {
    return 'a carriage return stands inside the line, and some programs end a line there; save the file with line feeds at the ends of lines';
  }
  if (letter === '\0') return 'a zero byte stands in the line; save the file as UTF-8 text';
  const number = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `the control character U+${number} stands in the line; take it out`;
}

/** Without white space around it; the mark U+FEFF is none. */
function trimmed(text: string): string {
  return text.replace(/^(?:(?!\ufeff)\s)+|(?:(?!\ufeff)\s)+$/gu, '');
}

/** The text that was guarded against being a formula when it was written. */
function unguarded(field: string): string {
  return field.startsWith("'") && FORMULA.test(field) ? field.slice(1) : field;
}

/** The text of a file; else what is wrong with its bytes. */
export function textOf(bytes: Uint8Array): string | WrongLine {
  const wrong = (line: number, what: string) => ({ line, what: `${what}; save the file as UTF-8` });
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return wrong(1, 'is UTF-16 text');
  const lineAt = (end: number) => bytes.subarray(0, end).filter((byte) => byte === 0x0a).length + 1;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const zero = bytes.indexOf(0);
    return zero === -1 ? text : wrong(lineAt(zero), 'holds a zero byte, as UTF-16 text does');
  } catch {
    // The longest beginning that is text tells where it ends.
    let [good, bad] = [0, bytes.length];
    while (good < bad) {
      const middle = Math.ceil((good + bad) / 2);
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
        good = middle;
      } catch {
        bad = middle - 1;
      }
    }
    return wrong(lineAt(good), 'is not UTF-8 text');
  }
}
