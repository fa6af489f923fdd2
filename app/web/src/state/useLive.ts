import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { type Loaded, type Source, live } from './live';

/** Follows a source while the component is shown; another `key` is another source. */
export function useLive<T>(key: string, source: () => Source<T>): Loaded<T> & { reload: () => void } {
  // The key stands for the source.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const store = useMemo(() => live(source()), [key]);
  useEffect(() => store.start(), [store]);
  const state = useSyncExternalStore(store.subscribe, store.get);
  return { ...state, reload: store.reload };
}
