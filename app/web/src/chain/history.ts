// What happened to a plan or a grant: the program's events, from the transactions that named its address. An endpoint can
// leave out, repeat, delay or make up what it likes. The plan numbers its events and counts them in its account, so
// that what is missing shows.
import type { Address, ReadonlyUint8Array, Signature } from '@solana/kit';
import { noun, plural } from '../text/count';
import { hex } from '../text/hash';
import type { Chain } from './chain';
import { type EarnoutEvent, type PageId, decodeEvent, grantOf, pageOf } from './events';

const PAGE = 1_000;
/** Transactions that are read before the reader is told how far it got. */
const STRETCH = 60;

export type PastEvent = { signature: Signature; slot: bigint; event: EarnoutEvent };

/** What of a history could not be believed or is not there. */
export type Shortfall = {
  /** Transactions that the endpoint listed and does not have. */
  missing: number;
  /** Transactions and events that cannot be read. */
  undecodable: number;
  /** Numbers of events of which none was seen, from and to, both included. Known for a whole plan only. */
  gaps: readonly (readonly [bigint, bigint])[];
  /** Signatures that the endpoint listed more than once. */
  repeated: number;
  /** Numbers under which different events were seen; none of them is believed. */
  contradictions: readonly bigint[];
};

export type History = Shortfall & {
  /** By their number in the plan. */
  events: PastEvent[];
};

/** Whose events: a plan's, all that it counted up to `counted`, or those of one of its grants or pages. */
export type Subject =
  | { plan: Address; counted: bigint }
  | { plan: Address; grant: Address }
  | { plan: Address; page: PageId & { address: Address } };

/** Reads all events of a subject. */
export async function readHistory(
  chain: Chain,
  subject: Subject,
  onProgress: (read: number, of: number) => void = () => undefined,
): Promise<History> {
  const address = 'grant' in subject ? subject.grant : 'page' in subject ? subject.page.address : subject.plan;
  const { signatures, repeated } = await allSignatures(chain, address);
  const seen = new Map<bigint, { event: PastEvent; bytes: string }>();
  const contradictions = new Set<bigint>();
  let [missing, undecodable] = [0, 0];
  const take = (signature: Signature, slot: bigint, data: ReadonlyUint8Array) => {
    const event = decodeEvent(data);
    if (event === 'unknown') undecodable += 1;
    if (event === 'unknown' || event === undefined) return;
    if (!isAbout(event, subject)) return;
    const bytes = hex(data);
    const before = seen.get(event.sequence);
    if (before !== undefined && before.bytes !== bytes) contradictions.add(event.sequence);
    if (before === undefined) seen.set(event.sequence, { event: { signature, slot, event }, bytes });
  };
  for (let start = 0; start < signatures.length; start += STRETCH) {
    const stretch = signatures.slice(start, start + STRETCH);
    for (const transaction of await chain.transactions(stretch)) {
      if (transaction === 'missing') missing += 1;
      else if (transaction === 'undecodable') undecodable += 1;
      else if (!transaction.failed) {
        for (const data of transaction.inner) take(transaction.signature, transaction.slot, data);
      }
    }
    onProgress(Math.min(start + STRETCH, signatures.length), signatures.length);
  }
  for (const sequence of contradictions) seen.delete(sequence);
  const events = [...seen.values()].map(({ event }) => event).sort((a, b) => order(a.event.sequence, b.event.sequence));
  const known = [...events.map(({ event }) => event.sequence), ...contradictions].sort(order);
  const gaps = 'counted' in subject ? gapsIn(known, subject.counted) : [];
  return { events, missing, undecodable, gaps, repeated, contradictions: [...contradictions].sort(order) };
}

function isAbout(event: EarnoutEvent, subject: Subject): boolean {
  if (event.plan !== subject.plan) return false;
  if ('grant' in subject) return grantOf(event) === subject.grant;
  if (!('page' in subject)) return true;
  const [{ kpi, period, page }, of] = [subject.page, pageOf(event)];
  return of?.kpi === kpi && of.period === period && of.page === page;
}

/** The numbers from 1 to `counted`, or to the largest known one, that are not among `known`, which rises. */
function gapsIn(known: readonly bigint[], counted: bigint): [bigint, bigint][] {
  const gaps: [bigint, bigint][] = [];
  let next = 1n;
  for (const sequence of known) {
    if (sequence > next) gaps.push([next, sequence - 1n]);
    next = sequence + 1n;
  }
  if (next <= counted) gaps.push([next, counted]);
  return gaps;
}

const order = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** Signatures of transactions that did not fail, oldest first, each once. */
async function allSignatures(chain: Chain, address: Address): Promise<{ signatures: Signature[]; repeated: number }> {
  const all = new Map<Signature, boolean>();
  let repeated = 0;
  let before: Signature | undefined;
  for (;;) {
    const page = await chain.signatures(address, before, PAGE);
    const known = all.size;
    for (const { signature, failed } of page) {
      if (all.has(signature)) repeated += 1;
      all.set(signature, failed);
    }
    before = page.at(-1)?.signature;
    // A page without anything new comes from an endpoint that would go on with it without an end.
    if (page.length < PAGE || all.size === known || before === undefined) break;
    // An endpoint can make up signatures without an end. One that lacks what it lists is not followed further: what it
    // leaves out so shows by the events' numbers.
    if ((await chain.transactions([before]))[0] === 'missing') break;
  }
  const signatures = [...all].filter(([, failed]) => !failed).map(([signature]) => signature);
  return { signatures: signatures.reverse(), repeated };
}

/** What is wrong with a history, in sentences for people; `host` is the endpoint's. Empty if nothing is. */
export function shortfallText(history: Shortfall, host: string): string[] {
  const { missing, undecodable, gaps, repeated, contradictions } = history;
  const found: string[] = [];
  if (gaps.length > 0) {
    const count = gaps.reduce((sum, [from, to]) => sum + to - from + 1n, 0n);
    found.push(
      count === 1n
        ? `${host} left out an event of this plan: number ${gaps[0]?.[0]}.`
        : `${host} left out ${count} events of this plan: numbers ${gaps.slice(0, 10).map(rangeText).join(', ')}${gaps.length > 10 ? ' and more' : ''}.`,
    );
  }
  if (missing > 0) found.push(`${host} lists ${plural(missing, 'transaction')} that it no longer has.`);
  if (undecodable > 0)
    found.push(`${plural(undecodable, 'transaction or event', 'transactions or events')} could not be read.`);
  if (contradictions.length > 0) {
    const numbers = contradictions.slice(0, 10).join(', ');
    const which = noun(contradictions.length, 'number');
    found.push(`${host} tells different things about the same events, which are left out here: ${which} ${numbers}.`);
  }
  if (repeated > 0)
    found.push(`${host} lists ${plural(repeated, 'transaction')} more than once; each is counted once.`);
  return found;
}

function rangeText([from, to]: readonly [bigint, bigint]): string {
  return from === to ? String(from) : `${from} to ${to}`;
}
