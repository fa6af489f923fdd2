import { Suspense, lazy, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { Address } from '@solana/kit';
import type { Chain } from '../chain/chain';
import { type Cluster, networkOf, walletChain } from '../chain/cluster';
import { asFault } from '../chain/fault';
import { Outbox } from '../chain/outbox';
import { rpcChain } from '../chain/rpcChain';
import { Grants } from '../screens/Grants';
import { GrantScreen } from '../screens/GrantScreen';
import { Home } from '../screens/Home';
import { PlanScreen } from '../screens/PlanScreen';
import { chainTime } from '../state/clock';
import { type Route, type View, fragmentOf, parseRoute, pathOf } from '../state/route';
import { Loading, Notice } from '../ui/Notice';
import { walletSigner } from '../wallet/signer';
import type { WalletStore } from '../wallet/wallets';
import { type Action, Actions } from './action';
import { ActionDialog } from './ActionDialog';
import { ClusterBar } from './ClusterBar';
import { App, type AppContext, Now, useApp, useHref } from './context';
import { ExportDialog } from './ExportDialog';
import { Runs } from './runs';
import { Outcomes, TransactionsMenu } from './TransactionsMenu';
import { WalletMenu } from './WalletMenu';

// Screens that only a project's people need are not part of the first load.
const Manage = lazy(() => import('../screens/Manage'));
const Attest = lazy(() => import('../screens/Attest'));
const Rule = lazy(() => import('../screens/Rule'));
const Roles = lazy(() => import('../screens/Roles'));
const NewPlan = lazy(() => import('../screens/NewPlan'));

/** How often the chain's time is asked for, milliseconds. */
const CLOCK_MS = 15_000;

const onHash = (listener: () => void) => {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
};

/** The app. `connect` makes the chain of a cluster; tests bring their own. */
export function Root({ wallets, connect = rpcChain }: { wallets: WalletStore; connect?: (cluster: Cluster) => Chain }) {
  const fragment = useSyncExternalStore(onHash, () => window.location.hash);
  const parsed = useMemo<{ route: Route } | { wrong: string }>(() => {
    try {
      return { route: parseRoute(fragment) };
    } catch (error) {
      return { wrong: asFault(error).message };
    }
  }, [fragment]);
  if ('wrong' in parsed) {
    return (
      <main className="page">
        <Notice tone="bad">
          <p>
            <strong>The address of this page names no cluster: {parsed.wrong}</strong>
          </p>
          <p>
            <a href="#/">Start again on devnet</a>
          </p>
        </Notice>
      </main>
    );
  }
  return <OnCluster key={parsed.route.cluster.rpcUrl} route={parsed.route} wallets={wallets} connect={connect} />;
}

type Export = { action: Action; signer: Address | undefined };

function OnCluster({
  route,
  wallets,
  connect,
}: {
  route: Route;
  wallets: WalletStore;
  connect: (cluster: Cluster) => Chain;
}) {
  const { cluster, view } = route;
  const { rpcUrl, wsUrl, name } = cluster;
  const chain = useMemo(() => connect({ name, rpcUrl, wsUrl }), [connect, name, rpcUrl, wsUrl]);
  const genesis = useGenesis(chain);
  const network = genesis === undefined ? undefined : networkOf(genesis, cluster);
  const outbox = useMemo(() => (genesis === undefined ? undefined : new Outbox(chain, genesis)), [chain, genesis]);
  const now = useChainTime(chain);
  const app = useMemo<AppContext>(
    () => ({ cluster, chain, network, genesis, outbox, wallets }),
    [cluster, chain, network, genesis, outbox, wallets],
  );
  const runs = useRuns(app);
  const [exporting, setExporting] = useState<Export>();
  const actions = useMemo(
    () => ({
      start: (action: Action) => {
        const signer = wallets.get().connection?.address;
        if (signer !== undefined) runs.start(action, signer);
      },
      exportFor: (signer: Address | undefined, action: Action) => setExporting({ action, signer }),
    }),
    [runs, wallets],
  );
  const run = runs.current();
  return (
    <App value={app}>
      <Actions value={actions}>
        <Now value={now}>
          <Header view={view} />
          <main className="page" id="content" tabIndex={-1}>
            <Suspense fallback={<Loading what="the page" />}>
              <Screen view={view} />
            </Suspense>
          </main>
          <Footer />
          <Outcomes runs={runs} />
          {exporting !== undefined && (
            <ExportDialog action={exporting.action} signer={exporting.signer} onClose={() => setExporting(undefined)} />
          )}
          {run !== undefined && <ActionDialog run={run} onClose={() => runs.close()} />}
        </Now>
      </Actions>
    </App>
  );
}

/** The actions under way on this chain; also renders whenever one of them goes on. */
function useRuns({ chain, network, outbox, wallets }: AppContext): Runs {
  const surroundings = useMemo(() => {
    const sign = walletSigner(() => wallets.get().connection, walletChain(network ?? 'local'));
    return { chain, outbox, sign };
  }, [chain, network, outbox, wallets]);
  const [runs] = useState(() => new Runs(surroundings));
  useLayoutEffect(() => runs.moveTo(surroundings), [runs, surroundings]);
  useSyncExternalStore(runs.subscribe, runs.get);
  useEffect(() => {
    // Another tab sent or settled something.
    const refresh = () => outbox?.refresh();
    window.addEventListener('storage', refresh);
    return () => window.removeEventListener('storage', refresh);
  }, [outbox]);
  return runs;
}

function Header({ view }: { view: View }) {
  const href = useHref();
  const links: [View, string][] = [
    [{ name: 'grants' }, 'My grants'],
    [{ name: 'roles' }, 'My roles'],
    [{ name: 'new' }, 'New plan'],
  ];
  return (
    <header className="top">
      <a className="unseen skip" href="#content" onClick={focusContent}>
        Skip to the content
      </a>
      <div className="bar">
        <a className="brand" href={href({ name: 'home' })}>
          Earnout
        </a>
        <nav aria-label="Main">
          {links.map(([target, text]) => (
            <a key={text} href={href(target)} aria-current={target.name === view.name ? 'page' : undefined}>
              {text}
            </a>
          ))}
        </nav>
        <TransactionsMenu />
        <WalletMenu />
      </div>
      <ClusterBar onChange={(cluster) => (window.location.hash = fragmentOf(view, cluster))} />
    </header>
  );
}

/** The fragment of the page's address is the app's, so the link to the content moves the focus itself. */
function focusContent(event: { preventDefault: () => void }) {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function Footer() {
  const { cluster } = useApp();
  return (
    <footer className="foot">
      <p>
        Everything on this page is read from {new URL(cluster.rpcUrl).host}. There is no server behind it and nothing is
        stored elsewhere. Not audited.
      </p>
    </footer>
  );
}

const TITLES: Record<View['name'], string> = {
  home: 'Pay for results',
  grants: 'My grants',
  grant: 'Grant',
  plan: 'Plan',
  manage: 'Manage a plan',
  attest: 'Attest',
  rule: 'Rule',
  roles: 'My roles',
  new: 'New plan',
  unknown: 'No such page',
};

function Screen({ view }: { view: View }) {
  const href = useHref();

  const path = pathOf(view);
  const shown = useRef(path);
  useEffect(() => {
    document.title = `${TITLES[view.name]} – Earnout`;
    if (shown.current === path) return;
    // Another page: begin at its top, also for who hears it.
    shown.current = path;
    window.scrollTo(0, 0);
    document.getElementById('content')?.focus();
  }, [view.name, path]);
  switch (view.name) {
    case 'home':
      return <Home />;
    case 'grants':
      return <Grants />;
    case 'grant':
      return <GrantScreen key={view.grant} address={view.grant} />;
    case 'plan':
      return <PlanScreen key={view.plan} address={view.plan} />;
    case 'manage':
      return <Manage key={view.plan} address={view.plan} />;
    case 'attest':
      return <Attest key={view.plan} address={view.plan} />;
    case 'rule':
      return <Rule key={view.plan} address={view.plan} />;
    case 'roles':
      return <Roles />;
    case 'new':
      return <NewPlan />;
    case 'unknown':
      return (
        <Notice tone="bad">
          <p>
            <strong>There is no such page.</strong> Part of the address may be missing, or an address in it is none.
          </p>
          <p>
            <a href={href({ name: 'home' })}>To the start</a>
          </p>
        </Notice>
      );
  }
}

/** The hash of the chain's first block, which says which chain it is. */
function useGenesis(chain: Chain): string | undefined {
  const [known, setKnown] = useState<{ chain: Chain; hash: string }>();
  useEffect(() => {
    let gone = false;
    // An endpoint that does not answer is reported by the screen that needs it.
    void chain.genesisHash().then(
      (hash) => gone || setKnown({ chain, hash }),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [chain]);
  return known?.chain === chain ? known.hash : undefined;
}

/** The chain's time, moved on by the browser's clock between two readings. */
function useChainTime(chain: Chain): bigint | undefined {
  const [read, setRead] = useState<{ time: bigint; at: number }>();
  const [tick, setTick] = useState(() => performance.now());
  useEffect(() => {
    let gone = false;
    const ask = () =>
      void chainTime(chain).then(
        (time) => gone || setRead({ time, at: performance.now() }),
        () => undefined,
      );
    ask();
    const asking = setInterval(ask, CLOCK_MS);
    const ticking = setInterval(() => setTick(performance.now()), 1_000);
    document.addEventListener('visibilitychange', ask);
    return () => {
      gone = true;
      clearInterval(asking);
      clearInterval(ticking);
      document.removeEventListener('visibilitychange', ask);
    };
  }, [chain]);
  if (read === undefined) return undefined;
  return read.time + BigInt(Math.max(0, Math.floor((tick - read.at) / 1_000)));
}
