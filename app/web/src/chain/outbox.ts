// Transactions that were signed here, followed until they ended: also while no dialog shows them, and after the page was
// loaded again. What is in the outbox without an ending may still be executed, so nothing offers the same again.
import type { Address, Signature, TransactionVersion } from '@solana/kit';
import type { Chain } from './chain';
import { Fault, asFault, expired, refusal } from './fault';
import { type Follow, type Life, type Sighting, begin, isToPost, isUnknown, posted, leavesOpen, step } from './follow';

/** What a transaction is for, in the words of the action, and which other actions it stands in the way of. */
export type Purpose = { title: string; keys: readonly string[] };

/** A transaction with all its signatures. */
export type Signed = {
  signature: Signature;
  wire: string;
  version: TransactionVersion;
  life: Life;
  signer: Address;
};

/** How it ended, with why it failed. */
export type Outcome = { what: 'executed' } | { what: 'failed'; why: string } | { what: 'expired'; why: string };

export type Entry = Signed &
  Purpose & {
    /** When it was sent first, milliseconds of the browser's clock. */
    at: number;
    outcome?: Outcome;
    /** What the endpoint said when it refused it; that alone is not an ending. */
    refused?: string;
    /** Whether the user saw how it ended. */
    told: boolean;
    /** Whether it takes longer than usual. */
    unknown: boolean;
  };

/** What of the browser's storage is used; storage that is switched off is replaced by memory. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

const PREFIX = 'earnout-sent';
/** Transactions that ended are listed until there are more than these. */
const KEPT = 30;
/** What may help where an endpoint says that it takes version 1, and then does not. */
const OTHER_VERSION = 'Transactions of version 0 can be chosen under “Change” at the top of the page.';
/** How often an endpoint is asked, milliseconds: at first, and at most while it answers with errors. */
const POLL_MS = [600, 10_000] as const;
/** How often it is asked for the height of the chain, which only matters at the end of a life. */
const TIP_MS = 3_000;
/** An answer that takes longer is given up, milliseconds; the question is asked again. */
const ANSWER_MS = 20_000;
/** The most signatures that endpoints look up in one call. */
const PER_CALL = 256;

export class Outbox {
  private readonly entries = new Map<Signature, Entry>();
  private readonly follows = new Map<Signature, Follow>();
  private readonly waiting = new Map<Signature, ((outcome: Outcome) => void)[]>();
  private readonly listeners = new Set<() => void>();
  private snapshot: readonly Entry[] = [];
  private polling = false;
  private wait: number = POLL_MS[0];
  private tipAt = Number.NEGATIVE_INFINITY;

  /** The transactions on the chain with this genesis hash that were sent from this browser. */
  constructor(
    private readonly chain: Chain,
    private readonly genesis: string,
    private readonly store: Store = browserStore(),
    private readonly now: () => number = () => Date.now(),
  ) {
    this.refresh();
  }

  /** All of them, the newest first. */
  all = (): readonly Entry[] => this.snapshot;

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  /** A transaction that has not ended and has one of these keys. */
  inTheWay(keys: readonly string[]): Entry | undefined {
    this.refresh();
    return this.snapshot.find((entry) => entry.outcome === undefined && entry.keys.some((key) => keys.includes(key)));
  }

  /** Takes over what another tab, or the page before it was loaded again, sent. */
  refresh() {
    for (const entry of this.read()) {
      const known = this.entries.get(entry.signature);
      if (known?.outcome !== undefined && entry.outcome === undefined) continue;
      this.entries.set(entry.signature, { ...entry, unknown: known?.unknown ?? entry.unknown });
      if (entry.outcome !== undefined) this.end(entry.signature, entry.outcome);
      else if (!this.follows.has(entry.signature)) {
        // What was written down was sent then, and an endpoint may refuse it now because it has it.
        this.follows.set(entry.signature, posted(begin(entry.life, entry.at), entry.at));
      }
    }
    this.publish();
    this.poll();
  }

  /**
   * Sends a transaction and follows it. It is written down before it leaves, so that whatever happens to the page its
   * outcome will be known. Fulfilled with how it ended, which may take until it can no longer be executed, or longer.
   */
  send(signed: Signed, purpose: Purpose): Promise<Outcome> {
    const at = this.now();
    const entry: Entry = { ...signed, ...purpose, at, told: false, unknown: false };
    this.entries.set(signed.signature, entry);
    this.write(entry);
    this.follows.set(signed.signature, begin(signed.life, at));
    this.publish();
    const outcome = new Promise<Outcome>((resolve) => {
      this.waiting.set(signed.signature, [...(this.waiting.get(signed.signature) ?? []), resolve]);
    });
    this.wait = POLL_MS[0];
    this.poll();
    return outcome;
  }

  /** Notes that the user knows how these ended. */
  tell(signatures: readonly Signature[]) {
    for (const signature of signatures) this.change(signature, { told: true });
    this.publish();
  }

  private poll() {
    if (this.polling || this.follows.size === 0) return;
    this.polling = true;
    void this.run();
  }

  private async run() {
    while (this.follows.size > 0) {
      const before = this.follows.size;
      const answered = await this.round();
      this.wait = answered ? POLL_MS[0] : Math.min(this.wait * 2, POLL_MS[1]);
      if (this.follows.size === 0) break;
      if (this.follows.size === before) await new Promise((resolve) => setTimeout(resolve, this.wait));
    }
    this.polling = false;
  }

  /**
   * The newest block. An answer by which something would be over is asked for once more, and the lower of both counts: one
   * wrong answer must not make a transaction seem over that can be executed.
   */
  private async sureTip() {
    const tip = await inTime(this.chain.tip());
    const isOver = ({ life, policy }: Follow) =>
      life.kind === 'blocks' && tip.blockHeight > life.last + policy.marginBlocks;
    if (![...this.follows.values()].some(isOver)) return tip;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS[0]));
    const again = await inTime(this.chain.tip());
    return again.blockHeight < tip.blockHeight ? again : tip;
  }

  /** Sends what is to be sent, looks once for everything, and says whether the endpoint answered. */
  private async round(): Promise<boolean> {
    let answered = true;
    const due = [...this.follows].filter(([, follow]) => isToPost(follow, this.now()));
    await Promise.all(due.map(([signature]) => this.post(signature)));
    try {
      // The height is read before the look-up, which has to be as new to prove anything.
      if (this.now() - this.tipAt >= TIP_MS) {
        const { slot, blockHeight } = await this.sureTip();
        this.tipAt = this.now();
        for (const signature of this.follows.keys()) this.step(signature, { kind: 'tip', slot, blockHeight });
      }
      await this.look();
    } catch {
      answered = false;
    }
    for (const [signature, follow] of this.follows) {
      const unknown = isUnknown(follow, this.now());
      if (this.entries.get(signature)?.unknown !== unknown) this.change(signature, { unknown });
    }
    this.publish();
    return answered;
  }

  private async look() {
    const signatures = [...this.follows.keys()];
    for (let first = 0; first < signatures.length; first += PER_CALL) {
      const batch = signatures.slice(first, first + PER_CALL);
      const { slot, sightings } = await inTime(this.chain.signatureStates(batch));
      for (const [index, signature] of batch.entries()) {
        const follow = this.follows.get(signature);
        let sighting: Sighting = sightings[index] ?? { state: 'nothing' };
        if (follow === undefined) continue;
        // Before it is called expired, the transaction itself is asked for too.
        if (sighting.state === 'nothing' && !leavesOpen(follow, slot))
          sighting = await inTime(this.chain.executed(signature));
        this.step(signature, { kind: 'sighting', slot, searched: true, sighting });
      }
    }
  }

  private async post(signature: Signature) {
    const [entry, follow] = [this.entries.get(signature), this.follows.get(signature)];
    if (entry === undefined || follow === undefined) return;
    this.follows.set(signature, posted(follow, this.now()));
    try {
      await inTime(this.chain.send(entry.wire));
    } catch (error) {
      // An endpoint that refuses it proves nothing: others may have it. Its reason is kept, for the end.
      const { kind, message } = asFault(error);
      // Of what was accepted before, a refusal says only that the endpoint has it.
      const isFirst = follow.posted === undefined;
      if (!isFirst || kind === 'unreachable' || kind === 'expired') return;
      const isForm = kind === 'endpoint' && entry.version === 1;
      this.change(signature, { refused: isForm ? `${message} ${OTHER_VERSION}` : message });
    }
  }

  private step(signature: Signature, seen: Parameters<typeof step>[1]) {
    const follow = this.follows.get(signature);
    if (follow === undefined) return;
    const next = step(follow, seen, this.now());
    this.follows.set(signature, next);
    if (next.ending === undefined) return;
    const outcome: Outcome =
      next.ending.what === 'executed'
        ? { what: 'executed' }
        : next.ending.what === 'failed'
          ? { what: 'failed', why: refusal(next.ending.error).message }
          : { what: 'expired', why: this.entries.get(signature)?.refused ?? '' };
    this.change(signature, { outcome, unknown: false });
    this.end(signature, outcome);
  }

  private end(signature: Signature, outcome: Outcome) {
    this.follows.delete(signature);
    const waiting = this.waiting.get(signature) ?? [];
    this.waiting.delete(signature);
    for (const resolve of waiting) resolve(outcome);
  }

  private change(signature: Signature, change: Partial<Entry>) {
    const entry = this.entries.get(signature);
    if (entry === undefined) return;
    const next = { ...entry, ...change };
    this.entries.set(signature, next);
    this.write(next);
  }

  private publish() {
    const all = [...this.entries.values()].sort((a, b) => b.at - a.at);
    const ended = all.filter(({ outcome, told }) => outcome !== undefined && told);
    for (const { signature } of ended.slice(KEPT)) {
      this.entries.delete(signature);
      this.store.removeItem(this.name(signature));
    }
    this.snapshot = all.filter(({ signature }) => this.entries.has(signature));
    this.listeners.forEach((listener) => listener());
  }

  private name(signature: Signature): string {
    return `${PREFIX}:${this.genesis}:${signature}`;
  }

  /** Each transaction has its own entry in the storage: tabs do not overwrite each other's. */
  private write(entry: Entry) {
    const text = JSON.stringify(entry, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    try {
      this.store.setItem(this.name(entry.signature), text);
    } catch {
      // A full storage: it is still followed as long as the page is open.
    }
  }

  private read(): Entry[] {
    const names = Array.from({ length: this.store.length }, (_, index) => this.store.key(index) ?? '');
    return names
      .filter((name) => name.startsWith(`${PREFIX}:${this.genesis}:`))
      .flatMap((name) => {
        const entry = entryFrom(this.store.getItem(name));
        return entry === undefined ? [] : [entry];
      });
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Fault('unreachable', 'The endpoint does not answer.')), ANSWER_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** Reads an entry of the storage; undefined for one that is none. */
function entryFrom(text: string | null): Entry | undefined {
  try {
    const found = JSON.parse(text ?? '') as Omit<Entry, 'life' | 'unknown'> & {
      life: { last: string };
    };
    const life: Life = { kind: 'blocks', last: BigInt(found.life.last) };
    if (![found.signature, found.wire, found.title].every((each) => typeof each === 'string')) return undefined;
    if (!Array.isArray(found.keys)) return undefined;
    return { ...found, life, unknown: false };
  } catch {
    return undefined;
  }
}

function browserStore(): Store {
  try {
    localStorage.setItem(PREFIX, '');
    localStorage.removeItem(PREFIX);
    return localStorage;
  } catch {
    return new MemoryStore();
  }
}

export class MemoryStore implements Store {
  private readonly items = new Map<string, string>();
  get length() {
    return this.items.size;
  }
  key = (index: number) => [...this.items.keys()][index] ?? null;
  getItem = (name: string) => this.items.get(name) ?? null;
  setItem = (name: string, text: string) => void this.items.set(name, text);
  removeItem = (name: string) => void this.items.delete(name);
}

/** The fault that an outcome is to who waits for it; undefined for one that was executed. */
export function faultOf(outcome: Outcome): Fault | undefined {
  if (outcome.what === 'executed') return undefined;
  if (outcome.what === 'failed') return new Fault('refused', outcome.why);
  return outcome.why === ''
    ? expired()
    : new Fault('refused', outcome.why, 'It was not executed: nothing was changed.');
}
