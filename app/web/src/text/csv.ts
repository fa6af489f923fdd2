// Files of comma-separated values.

/** One line. What a spreadsheet would take for a formula is written as text, since a stranger may have written it. */
export function csvLine(cells: readonly string[]): string {
  return cells.map(cell).join(',');
}

function cell(text: string): string {
  const safe = /^[=+@\t\r]/.test(text) || /^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export type CsvRow = { line: number; cells: string[] };

/** Reads a file into its lines, blank ones left out. Throws, with the line, for a quotation that does not end. */
export function readCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let current = '';
  let quoted = false;
  let line = 1;
  let first = 1;
  const source = text.replace(/^\ufeff/, '');
  const endRow = () => {
    cells.push(current.trim());
    if (cells.some((each) => each !== '')) rows.push({ line: first, cells });
    cells = [];
    current = '';
    first = line;
  };
  for (let at = 0; at < source.length; at += 1) {
    const character = source[at];
    if (character === '\n') line += 1;
    if (quoted) {
      if (character !== '"') current += character;
      else if (source[at + 1] === '"') {
        current += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"' && current.trim() === '') {
      quoted = true;
      current = '';
    } else if (character === ',') {
      cells.push(current.trim());
      current = '';
    } else if (character === '\n') endRow();
    else if (character !== '\r') current += character;
  }
  if (quoted) throw new Error(`line ${first}: a quoted field does not end; expected the closing quotation mark`);
  endRow();
  return rows;
}
