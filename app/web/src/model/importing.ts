// Where each row of a file of grants stands. The chain is the memory: a beneficiary who has a grant of the plan is not
// given another one unless somebody says so.
import type { Address } from '@solana/kit';
import type { Grant } from '../domain/grant';
import { type GrantTerms, type Row, sameTerms } from './grantFile';

export type Standing =
  | { state: 'new' }
  /** The beneficiary has this grant, of the row's terms or of others. */
  | { state: 'exists'; grant: number; same: boolean }
  /** Made by this import. */
  | { state: 'made' }
  /** On its way: it may be executed. */
  | { state: 'sent' }
  | { state: 'failed'; why: string };

/** What was decided and what happened to rows since the file was read, by their line. */
export type Progress = {
  /** Rows that are to be made although the beneficiary has a grant. */
  again: ReadonlySet<number>;
  made: ReadonlySet<number>;
  failed: ReadonlyMap<number, string>;
};

export const NO_PROGRESS: Progress = { again: new Set(), made: new Set(), failed: new Map() };

/** By what a row is known among the transactions that were sent. */
export function rowKey(plan: Address, { beneficiary, allocation, unitAllocation }: GrantTerms): string {
  return `grant/${plan}/${beneficiary}/${allocation}/${unitAllocation}`;
}

/**
 * Where each row stands, in their order. `severalEach`: whether a beneficiary may have as many grants as there are rows
 * for it. `sent` has the keys of rows whose transactions have not ended.
 */
export function standings(
  grants: Iterable<Grant>,
  rows: readonly Row[],
  progress: Progress,
  severalEach = false,
  sent: (row: Row) => boolean = () => false,
): Standing[] {
  const existing = new Map<Address, Grant[]>();
  for (const grant of grants) {
    const { beneficiary } = grant.account;
    existing.set(beneficiary, [...(existing.get(beneficiary) ?? []), grant]);
  }
  // Each grant is the doing of one row at most: of one with its very terms.
  const found = rows.map((row) => {
    const own = existing.get(row.terms.beneficiary) ?? [];
    const at = own.findIndex((grant) => sameTerms(grant, row.terms));
    return at === -1 ? undefined : own.splice(at, 1)[0];
  });
  const counted = new Map<Address, Grant>();
  found.forEach((grant) => {
    if (grant !== undefined) counted.set(grant.account.beneficiary, grant);
  });
  return rows.map((row, index): Standing => {
    const { line, terms } = row;
    if (progress.made.has(line)) return { state: 'made' };
    if (sent(row)) return { state: 'sent' };
    const why = progress.failed.get(line);
    if (progress.again.has(line)) return why === undefined ? { state: 'new' } : { state: 'failed', why };
    const same = found[index];
    if (same !== undefined) return { state: 'exists', grant: same.account.index, same: true };
    const [rest] = existing.get(terms.beneficiary) ?? [];
    const other = rest ?? (severalEach ? undefined : counted.get(terms.beneficiary));
    if (other !== undefined) return { state: 'exists', grant: other.account.index, same: false };
    return why === undefined ? { state: 'new' } : { state: 'failed', why };
  });
}

/** Whether a row that stands so is to be made. */
export function isToMake({ state }: Standing): boolean {
  return state === 'new' || state === 'failed';
}
