import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Chain } from '../chain/chain';
import type { Cluster, Network } from '../chain/cluster';
import type { Entry, Outbox } from '../chain/outbox';
import type { EndpointStore } from '../state/endpoints';
import type { View } from '../state/route';
import { fragmentOf } from '../state/route';
import type { WalletStore } from '../wallet/wallets';

/** What every screen needs: the chain it looks at, and who looks. */
export type AppContext = {
  cluster: Cluster;
  chain: Chain;
  /** Undefined until the chain said which one it is. */
  network: Network | undefined;
  /** Its genesis hash. */
  genesis: string | undefined;
  /** Why nothing can be signed now; undefined where it can. */
  hindrance: string | undefined;
  /** The endpoints that stand for the networks. */
  settings: EndpointStore;
  /** What was sent to it from this browser. */
  outbox: Outbox | undefined;
  wallets: WalletStore;
};

export const App = createContext<AppContext | undefined>(undefined);
/** The chain's time, Unix seconds; undefined until it is known. Ticks every second. */
export const Now = createContext<bigint | undefined>(undefined);

export function useApp(): AppContext {
  const app = useContext(App);
  if (app === undefined) throw new Error('outside of the app');
  return app;
}

export function useNow(): bigint | undefined {
  return useContext(Now);
}

/** The connected wallet. */
export function useWallet() {
  const { wallets } = useApp();
  return useSyncExternalStore(wallets.subscribe, wallets.get);
}

/** The address of a view on this cluster, for links. */
export function useHref(): (view: View) => string {
  const { cluster } = useApp();
  return (view) => fragmentOf(view, cluster);
}

const NO_ENTRIES: readonly Entry[] = [];

/** What was sent from this browser, the newest first. */
export function useOutbox(): readonly Entry[] {
  const { outbox } = useApp();
  return useSyncExternalStore(outbox?.subscribe ?? subscribeToNothing, outbox?.all ?? noEntries);
}

const subscribeToNothing = () => () => undefined;
const noEntries = () => NO_ENTRIES;
