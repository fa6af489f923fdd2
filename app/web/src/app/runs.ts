// Actions under way. They live outside of what shows them: closing a dialog hides an action whose transactions may be
// executed, and never ends it.
import type { Address, Signature } from '@solana/kit';
import { inParallel } from '../chain/batches';
import type { Chain } from '../chain/chain';
import { Fault, asFault } from '../chain/fault';
import { type Entry, type Outbox, type Signed, faultOf } from '../chain/outbox';
import type { Envelope, Version } from '../chain/packing';
import { type Prepared, type SignTransactions, prepare, prepareLater, signAll } from '../chain/transaction';
import type { Action, ActionRequest } from '../context/action';
import { plural } from '../text/count';

/** Simulations under way at once. */
const PARALLEL = 4;
/**
 * Transactions that are signed at once: in order as many as are executed one by one while their blockhash is good, else
 * as many as wallets show together.
 */
const BATCH = { inOrder: 5, together: 20 };

export type Failure = { name: string; fault: Fault };

export type RunState =
  | { name: 'preparing' }
  /** Another transaction for the same may still be executed, or waits in the wallet. */
  | { name: 'blocked'; by: Entry | Run }
  | { name: 'review'; envelope: Envelope; request: ActionRequest; prepared: readonly Prepared[] }
  | { name: 'signing'; request: ActionRequest }
  | { name: 'sent'; request: ActionRequest }
  | { name: 'done'; request: ActionRequest; failures: readonly Failure[] }
  | { name: 'failed'; fault: Fault };

/**
 * What actions need of the app; the outbox is there as soon as the endpoint said which chain it is. `version` is the form
 * of transactions that network, endpoint and wallet take now.
 */
export type Surroundings = {
  chain: Chain;
  outbox: Outbox | undefined;
  sign: SignTransactions;
  version: () => Promise<Version>;
};

/** A request that is carried out, and what of it failed so far. */
type Course = { envelope: Envelope; request: ActionRequest; outbox: Outbox; failures: Failure[] };

export class Run {
  state: RunState = { name: 'preparing' };
  signatures: Signature[] = [];
  /** Transactions that were executed, of so many as there are. */
  executed = 0;
  total = 0;
  /** Whether the account that signs changed while the dialog was open. */
  changed = false;
  private generation = 0;

  constructor(
    readonly action: Action,
    public signer: Address,
    private readonly runs: Runs,
  ) {
    void this.review();
  }

  /** Whether it cannot be dropped: the wallet is asked, or something was sent that has not ended. */
  isUnderWay(): boolean {
    return this.state.name === 'signing' || this.state.name === 'sent';
  }

  /** Builds the summary (again), for `signer`. */
  async review(signer = this.signer) {
    if (this.isUnderWay()) return;
    const generation = ++this.generation;
    this.changed ||= signer !== this.signer;
    this.signer = signer;
    const set = (state: RunState) => {
      if (generation === this.generation) this.set(state);
    };
    set({ name: 'preparing' });
    const by = this.runs.inTheWay(this);
    if (by !== undefined) return set({ name: 'blocked', by });
    try {
      const envelope = await this.envelope();
      const request = await this.action.build(envelope);
      set({ name: 'review', envelope, request, prepared: await this.prepareFrom(envelope, request, 0) });
    } catch (error) {
      set({ name: 'failed', fault: asFault(error) });
    }
  }

  private async envelope(): Promise<Envelope> {
    const payer = this.signer;
    return { payer, version: await this.runs.surroundings().version() };
  }

  /** Signs and sends what is shown. */
  async confirm() {
    if (this.state.name !== 'review') return;
    const { outbox } = this.runs.surroundings();
    if (outbox === undefined) return;
    const by = this.runs.inTheWay(this);
    if (by !== undefined) return this.set({ name: 'blocked', by });
    let { envelope, request, prepared } = this.state;
    const failures: Failure[] = [];
    this.executed = 0;
    this.total = request.transactions.length + (request.later ?? 0);
    try {
      for (;;) {
        await this.carryOut({ envelope, request, outbox, failures }, prepared);
        if ((request.later ?? 0) === 0 || failures.length > 0) break;
        this.refuseHidden();
        envelope = await this.envelope();
        request = { ...(await this.action.build(envelope)), done: request.done };
        if (request.transactions.length === 0) break;
        prepared = await this.prepareFrom(envelope, request, 0);
      }
      const [first] = failures;
      if (first !== undefined && failures.length === 1 && this.executed === 0) throw first.fault;
      this.set({ name: 'done', request, failures });
    } catch (error) {
      this.set({ name: 'failed', fault: asFault(error) });
    }
    if (!this.runs.isHidden(this)) outbox.tell(this.signatures);
    this.action.onDone?.();
  }

  /** The transactions from `first` on: of those in order only the next one can be simulated. */
  private async prepareFrom(
    envelope: Envelope,
    { transactions, inOrder }: ActionRequest,
    first: number,
  ): Promise<Prepared[]> {
    const { chain } = this.runs.surroundings();
    const left = transactions.slice(first);
    if (!inOrder) return inParallel(left, PARALLEL, (instructions) => prepare(chain, envelope, instructions));
    const [next, ...later] = left;
    if (next === undefined) return [];
    const simulated = await prepare(chain, envelope, next);
    return [simulated, ...later.map((instructions) => prepareLater(envelope, instructions))];
  }

  private async carryOut(course: Course, all: readonly Prepared[]): Promise<void> {
    const { envelope, request } = course;
    const { transactions, inOrder = false } = request;
    let prepared = all;
    for (let first = 0; first < transactions.length;) {
      if (first > 0) {
        this.refuseHidden();
        if (inOrder) {
          try {
            prepared = await this.prepareFrom(envelope, request, first);
          } catch (error) {
            first = this.skip(course, first, asFault(error));
            continue;
          }
        } else prepared = all.slice(first);
      }
      const signed = await this.signed(request, prepared.slice(0, inOrder ? BATCH.inOrder : BATCH.together));
      first = await (inOrder ? this.inTurn(course, first, signed) : this.together(course, first, signed));
    }
  }

  /** Sends a batch one after the other; returns which transaction is the next. */
  private async inTurn(course: Course, first: number, signed: readonly Signed[]): Promise<number> {
    for (const [offset, each] of signed.entries()) {
      const index = first + offset;
      const { blockHeight } = offset === 0 ? { blockHeight: 0n } : await this.runs.surroundings().chain.tip();
      // What was not sent in time was never sent: it is signed anew, under a fresh blockhash.
      if (each.life.kind === 'blocks' && blockHeight > each.life.last) return index;
      const fault = await this.sent(course, index, each);
      if (fault !== undefined) return this.skip(course, index, fault);
    }
    return first + signed.length;
  }

  /** Sends a batch at once; returns which transaction is the next. */
  private async together(course: Course, first: number, signed: readonly Signed[]): Promise<number> {
    const faults = await Promise.all(signed.map((each, offset) => this.sent(course, first + offset, each)));
    faults.forEach((fault, offset) => {
      if (fault !== undefined) course.failures.push({ name: nameOf(course.request, first + offset), fault });
    });
    return first + signed.length;
  }

  private async signed(request: ActionRequest, batch: readonly Prepared[]): Promise<Signed[]> {
    this.set({ name: 'signing', request });
    const { chain, sign } = this.runs.surroundings();
    const signed = await signAll(chain, batch, sign);
    this.set({ name: 'sent', request });
    return signed;
  }

  private async sent({ request, outbox }: Course, index: number, signed: Signed): Promise<Fault | undefined> {
    this.signatures = [...this.signatures, signed.signature];
    const keys = [...this.action.keys, ...(request.marks?.[index] ?? [])];
    const outcome = outbox.send(signed, { title: this.action.title, keys });
    this.set({ name: 'sent', request });
    const fault = faultOf(await outcome);
    if (fault === undefined) this.executed += 1;
    request.onEnd?.(index, fault);
    this.runs.publish();
    return fault;
  }

  /** Goes on after the transactions about the one that failed; throws where all are about one thing. */
  private skip({ request: { transactions, names }, failures }: Course, index: number, fault: Fault): number {
    const name = names?.[index];
    if (names === undefined || name === undefined) throw fault;
    failures.push({ name, fault });
    const next = names.findIndex((other, at) => at > index && other !== name);
    return next === -1 ? transactions.length : next;
  }

  /** A wallet is not asked for more once its user closed the dialog. */
  private refuseHidden() {
    if (!this.runs.isHidden(this)) return;
    throw new Fault(
      'rejected',
      `The dialog was closed: ${executedText(this)}, the others were not sent.`,
      'Start again to go on.',
    );
  }

  private set(state: RunState) {
    this.state = state;
    this.runs.publish();
  }
}

/** How many of its transactions were executed, as a sentence. */
export function executedText({ executed, total }: Pick<Run, 'executed' | 'total'>): string {
  const all = `of ${plural(total, 'transaction')}`;
  return plural(executed, `${all} was executed`, `${all} were executed`);
}

function nameOf({ names }: ActionRequest, index: number): string {
  return names?.[index] ?? `Transaction ${index + 1}`;
}

/** All actions under way: at most one is shown, the others go on in the background. */
export class Runs {
  private shown: Run | undefined;
  private background: Run[] = [];
  private version = 0;
  private readonly listeners = new Set<() => void>();

  constructor(private around: Surroundings) {}

  surroundings = () => this.around;

  moveTo(surroundings: Surroundings) {
    this.around = surroundings;
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  /** Changes whenever anything of an action does. */
  get = () => this.version;

  current = () => this.shown;
  /** Actions that go on, or ended, without being shown. */
  hidden = (): readonly Run[] => this.background;
  isHidden = (run: Run) => this.shown !== run;

  start(action: Action, signer: Address) {
    this.close();
    this.shown = new Run(action, signer, this);
    this.publish();
  }

  /** Hides what is shown; what cannot be undone any more goes on. */
  close() {
    const run = this.shown;
    this.shown = undefined;
    if (run?.isUnderWay()) this.background = [...this.background, run];
    this.publish();
  }

  show(run: Run) {
    this.close();
    this.background = this.background.filter((each) => each !== run);
    this.shown = run;
    if (!run.isUnderWay()) this.surroundings().outbox?.tell(run.signatures);
    this.publish();
  }

  /** Takes an action that ended off the page. */
  dismiss(run: Run) {
    this.background = this.background.filter((each) => each !== run);
    this.surroundings().outbox?.tell(run.signatures);
    this.publish();
  }

  /** What may still do the same as `run`. */
  inTheWay(run: Run): Entry | Run | undefined {
    const same = this.background.find(
      (other) => other !== run && other.isUnderWay() && other.action.keys.some((key) => run.action.keys.includes(key)),
    );
    return same ?? this.surroundings().outbox?.inTheWay(run.action.keys);
  }

  publish() {
    this.version += 1;
    this.listeners.forEach((listener) => listener());
  }
}
