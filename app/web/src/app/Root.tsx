import { Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { Address } from '@solana/kit';
import type { Chain } from '../chain/chain';
import { type Cluster, nameOf, walletChain } from '../chain/cluster';
import { asFault } from '../chain/fault';
import { Outbox } from '../chain/outbox';
import { rpcChain } from '../chain/rpcChain';
import { hostOf } from '../chain/transport';
import { chooser } from '../chain/version';
import { type Action, Actions } from '../context/action';
import { App, type AppContext, Now, useApp, useHref } from '../context/app';
import { Grants } from '../screens/Grants';
import { Home } from '../screens/Home';
import { type EndpointStore, endpointStore } from '../state/endpoints';
import { type Route, type View, fragmentOf, parseRoute, pathOf } from '../state/route';
import { Dialog } from '../ui/Dialog';
import { Loading, Notice } from '../ui/Notice';
import { WalletMenu } from '../ui/WalletMenu';
import { walletSigner } from '../wallet/signer';
import { type WalletStore, signsOf } from '../wallet/wallets';
import { ActionDialog } from './ActionDialog';
import { ClusterBar } from './ClusterBar';
import { ErrorBoundary } from './ErrorBoundary';
import { ExportDialog } from './ExportDialog';
import { lazyScreen } from '../ui/lazyScreen';
import { type NetworkState, useChainTime, useNetwork } from './network';
import { OfferedEndpoint } from './OfferedEndpoint';
import { Runs } from './runs';
import { Outcomes, TransactionsMenu } from './TransactionsMenu';

// Screens that only a project's people need are not part of the first load.
const GrantScreen = lazyScreen('GrantScreen', () => import('../screens/GrantScreen'));
const PlanScreen = lazyScreen('PlanScreen', () => import('../screens/PlanScreen'));
const Manage = lazyScreen('Manage', () => import('../screens/Manage'));
const Attest = lazyScreen('Attest', () => import('../screens/Attest'));
const Rule = lazyScreen('Rule', () => import('../screens/Rule'));
const Roles = lazyScreen('Roles', () => import('../screens/Roles'));
const NewPlan = lazyScreen('NewPlan', () => import('../screens/NewPlan'));

const onHash = (listener: () => void) => {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
};

/** The app. `connect` makes the chain of a cluster; tests bring their own. */
export function Root({
  wallets,
  connect = rpcChain,
  settings,
}: {
  wallets: WalletStore;
  connect?: (cluster: Cluster) => Chain;
  settings?: EndpointStore;
}) {
  const [endpoints] = useState(() => settings ?? endpointStore());
  const fragment = useSyncExternalStore(onHash, () => window.location.hash);
  useSyncExternalStore(endpoints.subscribe, endpoints.get);
  const parsed = useMemo<Route | { wrong: string }>(() => {
    try {
      return parseRoute(fragment);
    } catch (error) {
      return { wrong: asFault(error).message };
    }
  }, [fragment]);
  if ('wrong' in parsed) {
    return (
      <main className="page">
        <Notice tone="bad">
          <p>
            <strong>The address of this page does not name a cluster: {parsed.wrong}</strong>
          </p>
          <p>
            <a href="#/">Start again on {endpoints.cluster().name}</a>
          </p>
        </Notice>
      </main>
    );
  }
  const { named, view } = parsed;
  if (named !== undefined && 'offered' in named) {
    const known = endpoints.nameOf(named.offered);
    if (known === undefined) {
      return <OfferedEndpoint offered={named.offered} view={view} settings={endpoints} connect={connect} />;
    }
    return <Moved to={fragmentOf(view, endpoints.cluster(known))} />;
  }
  const cluster = endpoints.cluster(named?.name);
  return (
    <OnCluster
      key={`${cluster.name} ${cluster.rpcUrl} ${cluster.wsUrl}`}
      cluster={cluster}
      view={view}
      wallets={wallets}
      connect={connect}
      settings={endpoints}
    />
  );
}

/** Goes to another address instead of this one. */
function Moved({ to }: { to: string }) {
  useEffect(() => window.location.replace(to), [to]);
  return null;
}

type Export = { action: Action; signer: Address | undefined };

function OnCluster({
  cluster,
  view,
  wallets,
  connect,
  settings,
}: {
  cluster: Cluster;
  view: View;
  wallets: WalletStore;
  connect: (cluster: Cluster) => Chain;
  settings: EndpointStore;
}) {
  const { rpcUrl, wsUrl, name } = cluster;
  const chain = useMemo(() => connect({ name, rpcUrl, wsUrl }), [connect, name, rpcUrl, wsUrl]);
  const known = useNetwork(chain, cluster);
  const { network, genesis, hindrance } = known;
  const clock = useChainTime(chain);
  const outbox = useMemo(() => (genesis === undefined ? undefined : new Outbox(chain, genesis)), [chain, genesis]);
  const app = useMemo<AppContext>(
    () => ({ cluster: { name, rpcUrl, wsUrl }, chain, network, genesis, hindrance, outbox, wallets, settings }),
    [name, rpcUrl, wsUrl, chain, network, genesis, hindrance, outbox, wallets, settings],
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
        <Now value={clock.now}>
          <Header view={view} />
          <main className="page" id="content" tabIndex={-1}>
            <Trouble view={view} known={known} clockFault={clock.fault} />
            <ErrorBoundary place={pathOf(view)} start={fragmentOf({ name: 'home' }, cluster)}>
              <Suspense fallback={<Loading what="the page" />}>
                <Screen view={view} />
              </Suspense>
            </ErrorBoundary>
          </main>
          <Footer />
          <Outcomes runs={runs} />
          {exporting !== undefined && (
            <ExportDialog action={exporting.action} signer={exporting.signer} onClose={() => setExporting(undefined)} />
          )}
          {run !== undefined &&
            (hindrance === undefined || run.isUnderWay() || run.state.name === 'done' ? (
              <ActionDialog run={run} onClose={() => runs.close()} />
            ) : (
              <Dialog title={run.action.title} onClose={() => runs.close()}>
                <Notice tone="warn">{hindrance}</Notice>
              </Dialog>
            ))}
        </Now>
      </Actions>
    </App>
  );
}

const NO_WALLET = { name: 'No wallet', version1: false };

/** The actions under way on this chain; also renders whenever one of them goes on. */
function useRuns({ chain, network, outbox, wallets, settings }: AppContext): Runs {
  const choose = useMemo(() => chooser(chain), [chain]);
  const surroundings = useMemo(() => {
    const sign = walletSigner(() => wallets.get().connection, walletChain(network ?? 'local'));
    const version = () => {
      const { wallet } = wallets.get().connection ?? {};
      return choose(settings.versions(), wallet === undefined ? NO_WALLET : signsOf(wallet));
    };
    return { chain, outbox, sign, version };
  }, [chain, network, outbox, wallets, settings, choose]);
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

/** What hinders everything on the page, and what can be done about it. */
function Trouble({ view, known, clockFault }: { view: View; known: NetworkState; clockFault: NetworkState['fault'] }) {
  const { cluster, settings } = useApp();
  const { network, mismatch, hindrance, fault } = known;
  if (mismatch && network !== undefined) {
    const name = nameOf(network);
    const change = () => {
      settings.borrow(name, { rpc: cluster.rpcUrl, ws: cluster.wsUrl });
      window.location.hash = fragmentOf(view, settings.cluster(name));
    };
    return (
      <Notice tone="bad">
        <p>
          <strong>{hindrance}</strong> Nothing can be signed here.
        </p>
        <p className="actions">
          <button type="button" className="button" onClick={change}>
            Show it as {name}
          </button>
        </p>
      </Notice>
    );
  }
  const wrong = fault ?? clockFault;
  if (wrong !== undefined) {
    return (
      <Notice tone="warn">
        <p>
          {wrong.message} The page asks again every few seconds
          {fault !== undefined && '; until then nothing can be signed'}.
        </p>
        <p className="actions">
          <button type="button" className="button" onClick={known.again}>
            Ask now
          </button>
        </p>
      </Notice>
    );
  }
  if (network !== undefined && hindrance !== undefined) return <Notice tone="bad">{hindrance}</Notice>;
  return settings.wrong === undefined ? null : <Notice tone="warn">{settings.wrong}</Notice>;
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
        Everything on this page is read from {hostOf(cluster.rpcUrl)}. There is no server behind it and nothing is
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
            <strong>There is no such page.</strong> Part of the address may be missing or mistyped.
          </p>
          <p>
            <a href={href({ name: 'home' })}>To the start</a>
          </p>
        </Notice>
      );
  }
}
