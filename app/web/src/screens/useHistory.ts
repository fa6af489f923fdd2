import type { Address } from '@solana/kit';
import { type History, readHistory } from '../chain/history';
import { useApp } from '../context/app';
import type { Page } from '../domain/page';
import { type Asked, useAsked } from '../state/useAsked';

/** The events of a grant; read again whenever `version` changes. */
export function useHistory(plan: Address, grant: Address, version: string): Asked<History> {
  const { chain, cluster } = useApp();
  return useAsked(`${cluster.rpcUrl}/${grant}/${version}`, () => readHistory(chain, { plan, grant }));
}

/** The events of a page, read again whenever something is disputed or ruled in it; nothing as long as nothing is. */
export function usePageHistory(page: Page | undefined): Asked<History | undefined> {
  const { chain, cluster } = useApp();
  const disputed = page?.entries.flatMap(({ disputedAt, ruling }, slot) =>
    disputedAt === undefined ? [] : [`${slot}${ruling === undefined ? '' : '!'}`],
  );
  const version = disputed?.join() ?? '';
  return useAsked<History | undefined>(`${cluster.rpcUrl}/${page?.address}/${version}`, async () => {
    if (page === undefined || version === '') return undefined;
    const { kpi, period, page: number } = page.account;
    return readHistory(chain, { plan: page.account.plan, page: { address: page.address, kpi, period, page: number } });
  });
}
