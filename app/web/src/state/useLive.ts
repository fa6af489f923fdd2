import { useEffect, useState, useSyncExternalStore } from 'react';
import { type Live, type Loaded, type Source, live } from './live';

const NOTHING: Loaded<never> = { status: 'loading' };

/** Follows a source while the component is shown; another `key` is another source. */
export function useLive<T>(key: string, source: () => Source<T>): Loaded<T> & { reload: () => void } {
  const [current, setCurrent] = useState<{ key: string; live: Live<T> }>();
  useEffect(() => {
    const started = live(source());
    setCurrent({ key, live: started });
    return () => started.stop();
    // The key stands for the source.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  const store = current?.key === key ? current.live : undefined;
  const state = useSyncExternalStore(
    (listener) => store?.subscribe(listener) ?? (() => undefined),
    () => store?.get() ?? NOTHING,
  );
  return { ...state, reload: () => store?.reload() };
}
