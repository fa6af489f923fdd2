import { type ComponentType, lazy } from 'react';
import { Fault } from '../chain/fault';

/**
 * A screen that is loaded when it is needed. After a new release of the site the files that an open page asks for are
 * gone: then the page is reloaded once, and if that did not help the person is told.
 */
export function lazyScreen<P extends object>(name: string, load: () => Promise<{ default: ComponentType<P> }>) {
  const key = `earnout.reloaded.${name}`;
  return lazy(async () => {
    try {
      const loaded = await load();
      note(key, undefined);
      return loaded;
    } catch {
      if (note(key, 'yes')) {
        window.location.reload();
        // The page goes away: until then it goes on loading.
        return new Promise<never>(() => undefined);
      }
      throw new Fault(
        'chunk',
        'A part of this page could not be loaded.',
        'The connection may have broken, or the site is being renewed. Reload the page in a moment.',
      );
    }
  });
}

/** Keeps or forgets a note for this tab. True if it is new and was kept: without that a reload could go on without end. */
function note(key: string, value: string | undefined): boolean {
  try {
    const before = window.sessionStorage.getItem(key);
    if (value === undefined) window.sessionStorage.removeItem(key);
    else window.sessionStorage.setItem(key, value);
    return before === null && window.sessionStorage.getItem(key) === value;
  } catch {
    return false;
  }
}
