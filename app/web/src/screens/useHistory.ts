import { useEffect, useState } from 'react';
import type { Address } from '@solana/kit';
import { useApp } from '../app/context';
import { type Fault, asFault } from '../chain/fault';
import { type History, readHistory } from '../chain/history';

export type HistoryState = { history?: History; fault?: Fault };

/** The events of a grant; read again whenever `version` changes. */
export function useHistory(address: Address, version: string): HistoryState {
  const { chain } = useApp();
  const [state, setState] = useState<HistoryState>({});
  useEffect(() => {
    let gone = false;
    readHistory(chain, address).then(
      (history) => gone || setState({ history }),
      (error: unknown) => gone || setState((before) => ({ ...before, fault: asFault(error) })),
    );
    return () => {
      gone = true;
    };
  }, [chain, address, version]);
  return state;
}
