// What the evidence hash of a page stands for: a document that lists all that an oracle reported there. The command and
// the daemon write the same bytes (`test/vectors/manifests.json`).
import { type Address, isAddress } from '@solana/kit';
import { NO_VALUE } from '../generated/constants';
import { hex, parseHash } from '../text/hash';
import { place } from './page';

const FORMAT = 'earnout-manifest/1';

/** A vote in a manifest. */
export type Listed = {
  /** Fixed point with the KPI's decimals, as the chain has it. */
  value: bigint;
  /** SHA-256 of the document from which the value follows; undefined if none is named. */
  evidence: Uint8Array | undefined;
};

export type Manifest = {
  plan: Address;
  oracle: Address;
  kpi: number;
  period: number;
  page: number;
  /** By the index of the grant. */
  votes: ReadonlyMap<number, Listed>;
};

/** The document: JSON of exactly one form, for the chain has the hash of its bytes. */
export function manifestText({ plan, oracle, kpi, period, page, votes }: Manifest): string {
  const listed = [...votes]
    .sort(([one], [other]) => one - other)
    .map(([grant, { value, evidence }]) => ({
      grant,
      value: String(value),
      evidence: evidence === undefined ? null : hex(evidence),
    }));
  return JSON.stringify({ format: FORMAT, plan, oracle, kpi, period, page, votes: listed }, null, 2);
}

/** Reads a manifest, whoever wrote it; undefined if the text is not exactly what `manifestText` gives. */
export function readManifest(text: string): Manifest | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const [plan, oracle] = [field(json, 'plan'), field(json, 'oracle')].map(key);
  const [kpi, period, page] = (
    [
      ['kpi', 0xff],
      ['period', 0xffff],
      ['page', 0xffff_ffff],
    ] as const
  ).map(([name, most]) => natural(field(json, name), most));
  const votes = field(json, 'votes');
  if (plan === undefined || oracle === undefined || !Array.isArray(votes)) return undefined;
  if (kpi === undefined || period === undefined || page === undefined) return undefined;
  const listed = new Map<number, Listed>();
  for (const vote of votes) {
    const grant = natural(field(vote, 'grant'), 0xffff_ffff);
    const value = integer(field(vote, 'value'));
    const evidence = field(vote, 'evidence');
    const hash = typeof evidence === 'string' ? parseHash(evidence) : undefined;
    if (grant === undefined || place(grant).page !== page || value === undefined) return undefined;
    if (evidence !== null && hash === undefined) return undefined;
    listed.set(grant, { value, evidence: hash });
  }
  const manifest = { plan, oracle, kpi, period, page, votes: listed };
  // What was read may have been in another order, twice, or beside something else.
  return manifestText(manifest) === text ? manifest : undefined;
}

function field(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined;
}

function key(json: unknown): Address | undefined {
  return typeof json === 'string' && isAddress(json) ? json : undefined;
}

function natural(json: unknown, most: number): number | undefined {
  return typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= most ? json : undefined;
}

function integer(json: unknown): bigint | undefined {
  if (typeof json !== 'string' || !/^-?\d{1,19}$/.test(json)) return undefined;
  const value = BigInt(json);
  return value > NO_VALUE && value < -NO_VALUE ? value : undefined;
}
