// Values of an individual KPI for several grants: from a file, and as an oracle uploads them, one page at a time.
import type { Address } from '@solana/kit';
import type { Evaluation } from '../domain/evaluation';
import { place } from '../domain/page';
import type { Listed, Manifest } from '../domain/manifest';
import { NO_VALUE, PAGE_GRANTS } from '../generated/constants';
import { readTable } from '../text/csv';
import { hex } from '../text/hash';
import type { Mistake } from './mistakes';

const COLUMNS = ['grant', 'value', 'evidence'];

/** What a file says of a grant, as it would be typed. */
export type ValueRow = { grant: number; value: string; evidence: string };

/** Reads a file of values; grants that are not among `wanted` are mistakes. */
export function readValues(text: string, wanted: ReadonlySet<number>): { rows: ValueRow[]; mistakes: Mistake[] } {
  const mistakes: Mistake[] = [];
  const expected = `a header with the columns ${COLUMNS.join(',')}`;
  const table = readTable(text, expected);
  if ('what' in table) return { rows: [], mistakes: [{ field: '', ...table }] };
  for (const { line, what } of table.wrong) mistakes.push({ line, field: '', what });
  const [grantColumn, valueColumn, evidenceColumn] = COLUMNS.map((name) => table.columns.indexOf(name));
  const isKnown = table.columns.every((name, at) => COLUMNS.includes(name) && table.columns.indexOf(name) === at);
  if (grantColumn === -1 || valueColumn === -1 || !isKnown) {
    return { rows: [], mistakes: [{ line: table.line, field: '', what: `expected ${expected}` }] };
  }
  const seen = new Map<number, number>();
  const rows = table.records.flatMap(({ line, fields }): ValueRow[] => {
    const field = (column: number | undefined) => fields[column ?? -1] ?? '';
    const [name, value] = [field(grantColumn), field(valueColumn)];
    const wrong = (what: string) => {
      mistakes.push({ line, field: 'grant', what });
      return [];
    };
    const grant = /^\d{1,10}$/.test(name) ? Number(name) : undefined;
    if (grant === undefined) return wrong(`${JSON.stringify(name)}: expected the index of a grant, like 12`);
    if (!wanted.has(grant)) return wrong(`grant ${grant} has no value to report here`);
    const before = seen.get(grant);
    if (before !== undefined) return wrong(`line ${before} has the same one`);
    seen.set(grant, line);
    return [{ grant, value, evidence: field(evidenceColumn) }];
  });
  return { rows, mistakes: mistakes.sort((one, other) => (one.line ?? 0) - (other.line ?? 0)) };
}

/** A value to report of a grant, with the SHA-256 of its evidence. */
export type Report = { grant: number; value: bigint; evidence: Uint8Array };

export type Upload = {
  /** Index of the first grant. */
  first: number;
  /** One for it and each grant after it. */
  values: bigint[];
  /** What the hash that goes on the chain is of. */
  manifest: Manifest;
  /** Grants on which the oracle reported before, and the hash of their manifest, which is not at hand. */
  unknown: { grants: number[]; hash: string } | undefined;
};

/**
 * What `oracle` uploads to report these values of a KPI for a period, page by page. `pageNumbered` gives what is there
 * already, `manifestOf` the document with a hash. The manifest repeats what the oracle reported in the page before.
 */
export function uploads(
  { plan, oracle, kpi, period }: Pick<Manifest, 'plan' | 'oracle' | 'kpi' | 'period'>,
  reports: readonly Report[],
  pageNumbered: (page: number) => Evaluation | undefined,
  manifestOf: (hash: string) => Manifest | undefined,
): Upload[] {
  const byPage = new Map<number, Report[]>();
  for (const report of reports) {
    const { page } = place(report.grant);
    byPage.set(page, [...(byPage.get(page) ?? []), report]);
  }
  return [...byPage].map(([page, own]) => {
    const indices = own.map(({ grant }) => grant);
    const [first, last] = [Math.min(...indices), Math.max(...indices)];
    const values = Array.from({ length: last - first + 1 }, () => NO_VALUE);
    for (const { grant, value } of own) values[grant - first] = value;
    const there = pageNumbered(page);
    const before = there?.kind === 'page' ? there.ballots.find((ballot) => ballot.oracle === oracle) : undefined;
    const hash = before === undefined ? '' : hex(before.evidence);
    const found = manifestOf(hash);
    const about = { plan, oracle, kpi, period, page };
    const earlier = found !== undefined && isOf(found, about) ? found : undefined;
    const [votes, unknown] = [new Map<number, Listed>(), [] as number[]];
    for (const [slot, value] of (before?.values ?? []).entries()) {
      const grant = page * PAGE_GRANTS + slot;
      if (value === undefined || indices.includes(grant)) continue;
      const listed = earlier?.votes.get(grant);
      if (listed?.value !== value) unknown.push(grant);
      votes.set(grant, listed?.value === value ? listed : { value, evidence: undefined });
    }
    for (const { grant, value, evidence } of own) votes.set(grant, { value, evidence });
    return {
      first,
      values,
      manifest: { ...about, votes },
      unknown: unknown.length === 0 ? undefined : { grants: unknown, hash },
    };
  });
}

function isOf(one: Manifest, other: Omit<Manifest, 'votes'>): boolean {
  return (['plan', 'oracle', 'kpi', 'period', 'page'] as const).every((name) => one[name] === other[name]);
}

/** Whether `oracle` reported values in a page of these before, whose manifest the next one repeats. */
export function hasReported(oracle: Address, pages: Iterable<Evaluation | undefined>): boolean {
  return [...pages].some(
    (page) =>
      page?.kind === 'page' &&
      page.ballots.some((ballot) => ballot.oracle === oracle && ballot.values.some((value) => value !== undefined)),
  );
}
