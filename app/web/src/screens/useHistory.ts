import type { Address } from '@solana/kit';
import { type History, readHistory } from '../chain/history';
import { useApp } from '../context/app';
import { type Asked, useAsked } from '../state/useAsked';

/** The events of a grant; read again whenever `version` changes. */
export function useHistory(plan: Address, grant: Address, version: string): Asked<History> {
  const { chain, cluster } = useApp();
  return useAsked(`${cluster.rpcUrl}/${grant}/${version}`, () => readHistory(chain, { plan, grant }));
}
