// Data of the chain that is loaded once and then kept current by notifications.
import { type Fault, asFault } from '../chain/fault';
import type { Stop } from '../chain/chain';

export type Loaded<T> =
  | { status: 'loading' }
  | { status: 'failed'; fault: Fault }
  | {
      status: 'ready';
      data: T;
      /** Whether notifications arrive; else the data is read again from time to time. */
      live: boolean;
      /** Why the last attempt to read it again failed. */
      stale?: Fault;
    };

export type Source<T> = {
  load: () => Promise<T>;
  /** Whether `data` is still what the chain has; costs less than to load it. */
  isCurrent: (data: T) => Promise<boolean>;
  watch: (apply: (change: (data: T) => T) => void, onGap: () => void, onLive: (live: boolean) => void) => Stop;
};

export type Live<T> = {
  get: () => Loaded<T>;
  subscribe: (listener: () => void) => Stop;
  reload: () => void;
  /** Begins to load and to follow. */
  start: () => Stop;
};

/** Changes that arrive together are applied together. */
const GATHER_MS = 40;
/** How often data is compared with the chain: while notifications arrive, and while none do. */
const CHECK_MS = { live: 60_000, silent: 6_000 };
/** How soon data that could not be loaded is asked for again: of an endpoint that failed, and of one that has none. */
const AGAIN_MS = { failed: 3_000, none: 15_000 };

export function live<T>({ load, isCurrent, watch }: Source<T>): Live<T> {
  let state: Loaded<T> = { status: 'loading' };
  let isLive = false;
  let stopped = false;
  let loading = false;
  let changes: ((data: T) => T)[] = [];
  let gather: ReturnType<typeof setTimeout> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();

  function set(next: Loaded<T>) {
    if (stopped) return;
    state = next;
    listeners.forEach((listener) => listener());
  }

  async function reload() {
    if (loading) return;
    loading = true;
    try {
      const data = await load();
      set({ status: 'ready', data: take(data), live: isLive });
    } catch (error) {
      const fault = asFault(error);
      set(state.status === 'ready' ? { ...state, stale: fault } : { status: 'failed', fault });
      schedule();
    } finally {
      loading = false;
    }
  }

  async function check() {
    if (state.status !== 'ready') return reload();
    try {
      if (!(await isCurrent(state.data))) await reload();
      else if (state.stale !== undefined) set({ status: 'ready', data: state.data, live: isLive });
    } catch (error) {
      set({ ...state, stale: asFault(error) });
    }
  }

  function take(data: T): T {
    const all = changes;
    changes = [];
    return all.reduce((current, change) => change(current), data);
  }

  function schedule() {
    clearTimeout(timer);
    if (stopped) return;
    let wait = isLive ? CHECK_MS.live : CHECK_MS.silent;
    if (state.status === 'failed') wait = state.fault.kind === 'input' ? AGAIN_MS.none : AGAIN_MS.failed;
    else if (state.status === 'ready' && state.stale !== undefined) wait = CHECK_MS.silent;
    timer = setTimeout(() => void check().finally(schedule), wait);
  }

  function start(): Stop {
    const stopWatch = watch(
      (change) => {
        changes.push(change);
        gather ??= setTimeout(() => {
          gather = undefined;
          if (state.status === 'ready') set({ ...state, data: take(state.data) });
        }, GATHER_MS);
      },
      () => void check(),
      (now) => {
        isLive = now;
        schedule();
        if (state.status === 'ready') set({ ...state, live: now });
        // What happened between the reading and the first notification was not told.
        if (now) void check();
      },
    );
    const onVisible = () => {
      if (document.visibilityState === 'visible') void check();
    };
    document.addEventListener('visibilitychange', onVisible);
    void reload();
    schedule();
    return () => {
      stopped = true;
      clearTimeout(timer);
      clearTimeout(gather);
      document.removeEventListener('visibilitychange', onVisible);
      stopWatch();
    };
  }

  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    reload: () => void reload(),
    start,
  };
}
