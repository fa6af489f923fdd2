import type { Address } from '@solana/kit';
import { useApp } from '../app/context';
import { type History, readHistory } from '../chain/history';
import { type Asked, useAsked } from '../state/useAsked';

/** The events of a grant; read again whenever `version` changes. */
export function useHistory(plan: Address, grant: Address, version: string): Asked<History> {
  const { chain, cluster } = useApp();
  return useAsked(`${cluster.rpcUrl}/${grant}/${version}`, () => readHistory(chain, { plan, grant }));
}
