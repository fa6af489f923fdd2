// The outbox against endpoints that lie, lag, refuse, and do not answer.
import type { Address, Signature } from '@solana/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chain } from './chain';
import { Fault } from './fault';
import type { Sighting } from './follow';
import { MemoryStore, Outbox, type Outcome, type Signed } from './outbox';

const SIGNATURE = 'a-signature' as Signature;
const SIGNED: Signed = {
  signature: SIGNATURE,
  wire: 'the-bytes',
  version: 0,
  life: { kind: 'blocks', last: 150n },
  signer: 'somebody' as Address,
};
const PURPOSE = { title: 'Fund the plan', keys: ['fund/plan'] };

/** A chain with one block every 400 ms, of which every answer can be replaced. */
class Liar {
  readonly sent: string[] = [];
  sighting: Sighting = { state: 'nothing' };
  inHistory: Sighting = { state: 'nothing' };
  lag = 0n;
  refuses: () => Promise<never> | undefined = () => undefined;
  loses = false;
  silent = false;
  private readonly start = Date.now();

  private get height() {
    return BigInt(Math.floor((Date.now() - this.start) / 400));
  }

  private answer<T>(value: () => T): Promise<T> {
    if (this.silent) return new Promise(() => undefined);
    return this.refuses() ?? Promise.resolve(value());
  }

  readonly chain = {
    tip: () => this.answer(() => ({ slot: this.height * 2n, blockHeight: this.height })),
    signatureStates: (all: readonly Signature[]) =>
      this.answer(() => ({ slot: this.height * 2n - this.lag, sightings: all.map(() => this.sighting) })),
    executed: () => this.answer(() => this.inHistory),
    send: (wire: string) => {
      this.sent.push(wire);
      return this.loses
        ? Promise.reject(new Fault('unreachable', 'The connection was closed.'))
        : this.answer(() => SIGNATURE);
    },
  } as unknown as Chain;
}

describe('the outbox', () => {
  let liar: Liar;
  let store: MemoryStore;
  let outbox: Outbox;
  let outcome: Outcome | undefined;

  beforeEach(() => {
    vi.useFakeTimers();
    liar = new Liar();
    store = new MemoryStore();
    outbox = new Outbox(liar.chain, 'genesis', store);
    outcome = undefined;
  });
  afterEach(() => vi.useRealTimers());

  const send = () => void outbox.send(SIGNED, PURPOSE).then((ended) => (outcome = ended));
  const wait = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);
  const entry = () => outbox.all()[0]!;

  it('tells that it was executed', async () => {
    send();
    await wait(1);
    expect(outcome).toBeUndefined();
    liar.sighting = { state: 'confirmed' };
    await wait(1);
    expect(outcome).toEqual({ what: 'executed' });
    expect(entry().outcome).toEqual({ what: 'executed' });
  });

  it('tells why it failed', async () => {
    send();
    liar.sighting = { state: 'failed', error: { InstructionError: [0, { Custom: 6_001n }] } };
    await wait(1);
    expect(outcome?.what).toBe('failed');
  });

  it('says nothing of one that stays processed', async () => {
    liar.sighting = { state: 'processed' };
    send();
    await wait(70);
    expect(entry().unknown).toBe(false);
    await wait(600);
    expect(entry().unknown).toBe(true);
    expect(outcome).toBeUndefined();
    expect(outbox.inTheWay(['fund/plan'])?.signature).toBe(SIGNATURE);
  });

  it('sends the same bytes every two seconds, and stops when they are of no use', async () => {
    send();
    await wait(20);
    expect(liar.sent.length).toBeGreaterThanOrEqual(8);
    expect(new Set(liar.sent)).toEqual(new Set(['the-bytes']));
    await wait(120);
    const count = liar.sent.length;
    await wait(60);
    expect(liar.sent).toHaveLength(count);
  });

  it('proves that one which was dropped expired', async () => {
    send();
    // 182 blocks: the last valid one and the margin.
    await wait(72);
    expect(outcome).toBeUndefined();
    await wait(6);
    expect(outcome).toEqual({ what: 'expired', why: '' });
    expect(outbox.inTheWay(['fund/plan'])).toBeUndefined();
  });

  it('takes no proof from an endpoint that looks into the past', async () => {
    liar.lag = 100_000n;
    send();
    await wait(300);
    expect(outcome).toBeUndefined();
    liar.lag = 0n;
    await wait(2);
    expect(outcome).toEqual({ what: 'expired', why: '' });
  });

  it('asks for the transaction itself before it calls it expired', async () => {
    liar.inHistory = { state: 'confirmed' };
    send();
    await wait(90);
    expect(outcome).toEqual({ what: 'executed' });
  });

  it('does not mind that the answer to the sending is lost', async () => {
    liar.loses = true;
    send();
    await wait(1);
    expect(outcome).toBeUndefined();
    liar.sighting = { state: 'confirmed' };
    await wait(1);
    expect(outcome).toEqual({ what: 'executed' });
  });

  it('outlasts any number of refusals to answer, and asks less often', async () => {
    let asked = 0;
    send();
    await wait(1);
    liar.refuses = () => {
      asked += 1;
      return Promise.reject(new Fault('unreachable', '429'));
    };
    await wait(300);
    expect(outcome).toBeUndefined();
    expect(entry().unknown).toBe(true);
    expect(asked).toBeLessThan(300);
    liar.refuses = () => undefined;
    liar.sighting = { state: 'confirmed' };
    await wait(11);
    expect(outcome).toEqual({ what: 'executed' });
  });

  it('asks again when an endpoint never answers', async () => {
    liar.silent = true;
    send();
    await wait(60);
    expect(outcome).toBeUndefined();
    expect(entry().unknown).toBe(true);
    liar.silent = false;
    liar.sighting = { state: 'confirmed' };
    await wait(40);
    expect(outcome).toEqual({ what: 'executed' });
  });

  it('keeps why an endpoint refused it, and waits for the proof', async () => {
    liar.chain.send = () => Promise.reject(new Fault('refused', 'There is not enough SOL.'));
    send();
    await wait(1);
    expect(entry().refused).toBe('There is not enough SOL.');
    expect(outcome).toBeUndefined();
    await wait(90);
    expect(outcome).toEqual({ what: 'expired', why: entry().refused });
  });

  it('names the other version where an endpoint does not take version 1, and only there', async () => {
    for (const [version, kind, named] of [
      [1, 'endpoint', true],
      [0, 'endpoint', false],
      [1, 'refused', false],
    ] as const) {
      const fresh = new Outbox(liar.chain, `genesis ${version} ${kind}`, store);
      liar.chain.send = () => Promise.reject(new Fault(kind, 'It cannot be read.'));
      void fresh.send({ ...SIGNED, version }, PURPOSE);
      await wait(1);
      expect(fresh.all()[0]!.refused?.includes('version 0'), `${version} ${kind}`).toBe(named);
      // The storage keeps the form with the bytes.
      expect(new Outbox(liar.chain, `genesis ${version} ${kind}`, store).all()[0]).toMatchObject({
        version,
        wire: SIGNED.wire,
      });
    }
  });

  it('goes on after the page was loaded again, under the same genesis hash only', async () => {
    liar.silent = true;
    send();
    await wait(1);
    const other = new Outbox(liar.chain, 'another', store);
    expect(other.all()).toEqual([]);
    const again = new Liar();
    const reloaded = new Outbox(again.chain, 'genesis', store);
    expect(reloaded.inTheWay(['fund/plan'])).toMatchObject({ signature: SIGNATURE, title: 'Fund the plan' });
    // It has them already: that is no refusal.
    again.chain.send = (wire) => {
      again.sent.push(wire);
      return Promise.reject(new Fault('refused', 'Already processed.'));
    };
    await wait(3);
    expect(again.sent).toContain('the-bytes');
    expect(reloaded.all()[0]!.refused).toBeUndefined();
    again.sighting = { state: 'confirmed' };
    await wait(1);
    expect(reloaded.all()[0]).toMatchObject({ outcome: { what: 'executed' }, told: false });
    // And after yet another time, with nothing left to be asked.
    reloaded.tell([SIGNATURE]);
    expect(new Outbox(again.chain, 'genesis', store).all()[0]).toMatchObject({
      outcome: { what: 'executed' },
      told: true,
    });
  });

  it('is written before anything is sent', () => {
    liar.chain.send = () => {
      expect(store.length).toBe(1);
      return new Promise(() => undefined);
    };
    send();
    expect(store.length).toBe(1);
  });

  it('reads what another tab sent, and nothing that is not an entry', async () => {
    const elsewhere = new Outbox(new Liar().chain, 'genesis', store);
    store.setItem('earnout-sent:genesis:x', '{"nonsense":1}');
    expect(elsewhere.inTheWay(['fund/plan'])).toBeUndefined();
    send();
    await wait(1);
    expect(elsewhere.inTheWay(['fund/plan'])?.signature).toBe(SIGNATURE);
    expect(elsewhere.all()).toHaveLength(1);
  });
});
