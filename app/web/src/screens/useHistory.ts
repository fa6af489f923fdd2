import type { Address } from '@solana/kit';
import { type History, readHistory } from '../chain/history';
import { useApp } from '../context/app';
import type { Page } from '../domain/page';
import { type Asked, useAsked } from '../state/useAsked';
import { hex } from '../text/hash';

/** The events of a grant; read again whenever `version` changes. */
export function useHistory(plan: Address, grant: Address, version: string): Asked<History> {
  const { chain, cluster } = useApp();
  return useAsked(`${cluster.rpcUrl}/${grant}/${version}`, () => readHistory(chain, { plan, grant }));
}

/**
 * The events of a page, read again whenever something is disputed or ruled in it, with `votes` also whenever a vote
 * changes; nothing as long as there is none of it.
 */
export function usePageHistory(page: Page | undefined, votes: boolean): Asked<History | undefined> {
  const { chain, cluster } = useApp();
  const disputed = page?.entries.flatMap(({ disputedAt, ruling }, slot) =>
    disputedAt === undefined ? [] : [`${slot}${ruling === undefined ? '' : '!'}`],
  );
  const cast = votes ? page?.ballots.map(({ evidence, values }) => `${hex(evidence)} ${values.join()}`) : undefined;
  const version = [...(disputed ?? []), ...(cast ?? [])].join();
  return useAsked<History | undefined>(`${cluster.rpcUrl}/${page?.address}/${version}`, async () => {
    if (page === undefined || version === '') return undefined;
    const { kpi, period, page: number } = page.account;
    return readHistory(chain, { plan: page.account.plan, page: { address: page.address, kpi, period, page: number } });
  });
}
