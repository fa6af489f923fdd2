import { useEffect, useState } from 'react';
import { type Fault, asFault } from '../chain/fault';

/** How long to wait before asking again by itself, milliseconds: at first, and at most. */
export const AGAIN_MS = [3_000, 10_000] as const;

export type Asked<T> = {
  /** The last answer. */
  value?: T;
  /** Why there was none the last time; it is asked again by itself. */
  fault?: Fault;
  /** Asks again now. */
  again: () => void;
};

/** Asks once for each `key`, and until it is answered. The answer to the key before stays until the next one is there. */
export function useAsked<T>(key: string, ask: () => Promise<T>): Asked<T> {
  const [state, setState] = useState<{ value?: T; fault?: Fault }>({});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wait: number = AGAIN_MS[0];
    const attempt = () =>
      void ask().then(
        (value) => gone || setState({ value }),
        (error: unknown) => {
          if (gone) return;
          setState((before) => ({ ...before, fault: asFault(error) }));
          timer = setTimeout(attempt, wait);
          wait = Math.min(wait * 2, AGAIN_MS[1]);
        },
      );
    attempt();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
    // The key stands for the question.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, turn]);
  return { ...state, again: () => setTurn((before) => before + 1) };
}
