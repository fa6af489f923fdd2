// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fault } from '../chain/fault';
import { type Source, live } from './live';

type Hands = Parameters<Source<number>['watch']>;

/** A source in the hands of the test. */
function source(
  load: () => Promise<number>,
  isCurrent: (data: number) => Promise<boolean> = () => Promise.resolve(true),
) {
  let hands: Hands | undefined;
  const stopped = vi.fn();
  const made: Source<number> = {
    load,
    isCurrent,
    watch: (...given) => {
      hands = given;
      return stopped;
    },
  };
  return {
    made,
    stopped,
    apply: (change: (data: number) => number) => hands![0](change),
    gap: () => hands![1](),
    setLive: (now: boolean) => hands![2](now),
  };
}

const settle = () => vi.advanceTimersByTimeAsync(100);

describe('data that is kept current', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('takes changes that arrive before it is loaded, and after', async () => {
    const s = source(() => new Promise((resolve) => setTimeout(() => resolve(10), 50)));
    const data = live(s.made);
    const stop = data.start();
    s.apply((value) => value + 1);
    expect(data.get()).toEqual({ status: 'loading' });
    await settle();
    expect(data.get()).toMatchObject({ status: 'ready', data: 11 });
    s.apply((value) => value * 2);
    s.apply((value) => value + 1);
    await settle();
    expect(data.get()).toMatchObject({ data: 23 });
    stop();
    expect(s.stopped).toHaveBeenCalledOnce();
  });

  it('is read again after a gap only if the chain has moved on', async () => {
    let chain = 1;
    const load = vi.fn(() => Promise.resolve(chain));
    const s = source(load, (data) => Promise.resolve(data === chain));
    const data = live(s.made);
    data.start();
    await settle();
    s.gap();
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
    chain = 2;
    s.gap();
    await settle();
    expect(data.get()).toMatchObject({ data: 2 });
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('is compared every few seconds while no notifications arrive, and says so', async () => {
    let chain = 1;
    const s = source(
      () => Promise.resolve(chain),
      (data) => Promise.resolve(data === chain),
    );
    const data = live(s.made);
    data.start();
    await settle();
    expect(data.get()).toMatchObject({ live: false });
    chain = 2;
    await vi.advanceTimersByTimeAsync(7_000);
    expect(data.get()).toMatchObject({ data: 2 });
    s.setLive(true);
    await settle();
    expect(data.get()).toMatchObject({ live: true });
  });

  it('stays when the endpoint is gone, is marked, and recovers', async () => {
    let gone = false;
    const answer = <T>(value: T) => (gone ? Promise.reject(new Fault('unreachable', 'gone')) : Promise.resolve(value));
    const s = source(
      () => answer(1),
      () => answer(true),
    );
    const data = live(s.made);
    data.start();
    await settle();
    gone = true;
    await vi.advanceTimersByTimeAsync(7_000);
    expect(data.get()).toMatchObject({ status: 'ready', data: 1, stale: { message: 'gone' } });
    gone = false;
    await vi.advanceTimersByTimeAsync(7_000);
    expect(data.get()).toMatchObject({ status: 'ready', data: 1 });
    expect(data.get()).not.toHaveProperty('stale');
  });

  it('that cannot be loaded says why, and can be tried again', async () => {
    const load = vi.fn().mockRejectedValueOnce(new Fault('unreachable', 'gone')).mockResolvedValueOnce(5);
    const data = live(source(load).made);
    data.start();
    await settle();
    expect(data.get()).toMatchObject({ status: 'failed', fault: { message: 'gone' } });
    data.reload();
    await settle();
    expect(data.get()).toMatchObject({ status: 'ready', data: 5 });
  });
});
