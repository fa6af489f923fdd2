// @vitest-environment jsdom
// The frame around the screens: what holds when endpoints, files or screens fail, and which endpoint is used.
import './support/dom';
import { cleanup, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Suspense } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ErrorBoundary } from '../src/app/ErrorBoundary';
import { lazyScreen } from '../src/ui/lazyScreen';
import { Root } from '../src/app/Root';
import type { Cluster } from '../src/chain/cluster';
import { Fault } from '../src/chain/fault';
import { endpointStore, parseSettings, readConfig } from '../src/state/endpoints';
import { testWallet } from './support/page';
import { scenario } from './support/scenario';

const MAINNET = '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d';
const gone = () => Promise.reject(new Fault('unreachable', 'The RPC endpoint rpc.example does not answer.'));

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function shown(path: string, settings = endpointStore()) {
  const s = await scenario();
  const asked: Cluster[] = [];
  const connect = (cluster: Cluster) => {
    asked.push(cluster);
    return s.chain;
  };
  window.location.hash = path;
  render(<Root wallets={testWallet(s.contributors[0]!)} connect={connect} settings={settings} />);
  return { s, asked, settings };
}

describe('an endpoint that a link brings', () => {
  const link = `#/grants?rpc=${encodeURIComponent('https://evil.example/k/SECRET')}`;

  it('is not asked before the person agreed, and not at all if they refuse', async () => {
    const user = userEvent.setup();
    const { asked } = await shown(link);
    const dialog = await screen.findByRole('dialog');
    expect(dialog.textContent).toContain('evil.example');
    expect(dialog.textContent).not.toContain('SECRET');
    expect(asked).toEqual([]);
    await user.click(within(dialog).getByRole('button', { name: /Use my own: devnet/ }));
    await waitFor(() => expect(window.location.hash).toBe('#/grants?cluster=devnet'));
    expect(asked.map(({ rpcUrl }) => rpcUrl)).toEqual(['https://api.devnet.solana.com']);
  });

  it('is used in this tab as the network that it is, and leaves the address', async () => {
    const user = userEvent.setup();
    const { s, settings, asked } = await shown(link);
    s.chain.genesisHash = () => Promise.resolve(MAINNET);
    await user.click(await screen.findByRole('button', { name: 'Use evil.example' }));
    await waitFor(() => expect(window.location.hash).toBe('#/grants?cluster=mainnet'));
    await screen.findByText('Mainnet: real tokens');
    expect(asked.at(-1)).toMatchObject({ name: 'mainnet', rpcUrl: 'https://evil.example/k/SECRET' });
    expect(settings.cluster('mainnet').rpcUrl).toBe('https://evil.example/k/SECRET');
    expect(localStorage.getItem('earnout.endpoints')).not.toContain('evil');
    // Another tab knows nothing of it.
    sessionStorage.clear();
    expect(endpointStore().cluster('mainnet').rpcUrl).toBe('https://api.mainnet-beta.solana.com');
  });
});

describe('endpoints', () => {
  const mine = { rpc: 'https://mine.example/?key=1' };
  const deployed = { cluster: 'mainnet', endpoints: { mainnet: { rpc: 'https://site.example' } } } as const;

  it('are the person’s, else the deployer’s, else the public ones, and stay', () => {
    const store = endpointStore({ config: deployed });
    expect(store.cluster()).toMatchObject({ name: 'mainnet', rpcUrl: 'https://site.example' });
    store.choose('mainnet', mine);
    store.choose('devnet', { rpc: 'https://dev.example' });
    const later = endpointStore({ config: deployed });
    expect(later.cluster()).toMatchObject({ name: 'devnet', rpcUrl: 'https://dev.example' });
    expect(later.cluster('mainnet').rpcUrl).toBe(mine.rpc);
    later.choose('mainnet', undefined);
    expect(endpointStore({ config: deployed }).cluster().rpcUrl).toBe('https://site.example');
    expect(later.cluster('testnet').rpcUrl).toBe('https://api.testnet.solana.com');
  });

  it('of a wrong file are refused with the reason, and what a browser kept is not trusted either', async () => {
    for (const [content, reason] of [
      [{ cluster: 'moon' }, /"cluster" is "moon"/],
      [{ endpoints: { moon: mine } }, /"moon" is not a network/],
      [{ endpoints: { mainnet: {} } }, /"endpoints.mainnet.rpc" is missing/],
      [{ endpoints: { mainnet: { rpc: 'javascript:1' } } }, /is not the address of an endpoint/],
      [[1], /./],
    ] as const) {
      if (!Array.isArray(content)) expect(() => parseSettings(content)).toThrow(reason);
    }
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{')));
    expect(await readConfig()).toEqual({ config: { endpoints: {} }, wrong: 'config.json of this site is not JSON.' });
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('', { status: 404 })));
    expect(await readConfig()).toEqual({ config: { endpoints: {} } });
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(deployed))));
    expect(await readConfig()).toEqual({ config: deployed });
    localStorage.setItem('earnout.endpoints', '{"endpoints":{"devnet":{"rpc":5}}}');
    expect(endpointStore().cluster().rpcUrl).toBe('https://api.devnet.solana.com');
  });
});

describe('before the network is known', () => {
  it('nothing can be signed, and it is asked until it answers', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    let answers = false;
    s.chain.genesisHash = () => (answers ? Promise.resolve('Local111') : gone());
    window.location.hash = `#/plan/${s.plan}/manage?cluster=localnet`;
    render(<Root wallets={testWallet(s.authority)} connect={() => s.chain} />);
    await screen.findByText(/does not answer. The page asks again/);
    await user.type((await screen.findAllByLabelText('Amount'))[0]!, '1');
    await user.click((await screen.findAllByRole('button', { name: 'Review' }))[0]!);
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findByText(/has not said yet which network it is. Nothing can be signed/);
    answers = true;
    await screen.findByRole('button', { name: 'Fund' }, { timeout: 10_000 });
    expect(screen.queryByText(/The page asks again/)).toBeNull();
  });

  it('nor where the program is not', async () => {
    const s = await scenario();
    const accounts = s.chain.accounts.bind(s.chain);
    s.chain.accounts = async (addresses) =>
      (await accounts(addresses)).map((account) => (account?.data.length === 36 ? undefined : account));
    window.location.hash = '#/?cluster=localnet';
    render(<Root wallets={testWallet(s.authority)} connect={() => s.chain} />);
    await screen.findByText(/The Earnout program is not on the network of 127.0.0.1:8899/);
  });

  it('a screen that waits for the chain’s time says why, and comes up by itself', async () => {
    const s = await scenario();
    const accounts = s.chain.accounts.bind(s.chain);
    let answers = false;
    s.chain.accounts = (addresses) =>
      !answers && addresses[0]?.startsWith('SysvarC1ock') ? gone() : accounts(addresses);
    window.location.hash = `#/plan/${s.plan}?cluster=localnet`;
    render(<Root wallets={testWallet(s.authority)} connect={() => s.chain} />);
    await screen.findByText(/does not answer. The page asks again/);
    answers = true;
    await screen.findByRole('heading', { name: 'Vault' }, { timeout: 10_000 });
  });
});

describe('a screen that cannot be read', () => {
  it('comes up by itself once the endpoint answers', async () => {
    const s = await scenario();
    const find = s.chain.find.bind(s.chain);
    let answers = false;
    s.chain.find = (filter) => (answers ? find(filter) : gone());
    window.location.hash = `#/plan/${s.plan}?cluster=localnet`;
    render(<Root wallets={testWallet(s.authority)} connect={() => s.chain} />);
    await screen.findByText(/The page tries again/);
    answers = true;
    await screen.findByRole('heading', { name: 'Vault' }, { timeout: 10_000 });
  });

  it('for lack of accounts says which, and where from', async () => {
    const s = await scenario({ grants: [{}, {}] });
    const find = s.chain.find.bind(s.chain);
    s.chain.find = async (filter) => (await find(filter)).slice(1);
    window.location.hash = `#/plan/${s.plan}?cluster=localnet`;
    render(<Root wallets={testWallet(s.authority)} connect={() => s.chain} />);
    await screen.findByText(/127.0.0.1:8899 does not tell all of this plan: 1 grant where the plan counts 2/);
  });
});

describe('a screen that fails', () => {
  it('leaves the way to the others open', () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const Broken = () => {
      throw new Error('Something is undefined');
    };
    const at = (place: string, content: React.ReactNode) => (
      <ErrorBoundary place={place} start="#/">
        {content}
      </ErrorBoundary>
    );
    const { rerender } = render(at('/a', <Broken />));
    expect(screen.getByRole('link', { name: 'To the start' }).getAttribute('href')).toBe('#/');
    expect(screen.getByText('Something is undefined')).toBeTruthy();
    rerender(at('/b', <p>Another page</p>));
    expect(screen.getByText('Another page')).toBeTruthy();
    expect(screen.queryByText('Something is undefined')).toBeNull();
  });

  it('because its file is gone reloads the page once, then says so', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const reload = vi.fn();
    vi.stubGlobal('location', { ...window.location, reload });
    const open = () => {
      const Screen = lazyScreen<object>('NewPlan', () =>
        Promise.reject(new TypeError('Failed to fetch dynamically imported')),
      );
      return render(
        <ErrorBoundary place="/new" start="#/">
          <Suspense fallback="loading">
            <Screen />
          </Suspense>
        </ErrorBoundary>,
      );
    };
    open();
    await waitFor(() => expect(reload).toHaveBeenCalledOnce());
    cleanup();
    open();
    await screen.findByText('A part of this page could not be loaded.');
    expect(reload).toHaveBeenCalledOnce();
  });
});
