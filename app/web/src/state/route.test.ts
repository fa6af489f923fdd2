import type { Address } from '@solana/kit';
import { describe, expect, it } from 'vitest';
import {
  CLUSTER_NAMES,
  clusterAt,
  customCluster,
  explorerUrl,
  networkOf,
  publicCluster,
  walletChain,
} from '../chain/cluster';
import { type View, fragmentOf, parseRoute } from './route';

const KEY = '4Nd1mYcvsTSt5FqVqQHnAqtvQxQxB4QqQ2n1LKLmYB7A' as Address;

describe('the page’s address', () => {
  it('leads back to every view on every cluster', () => {
    const views: View[] = [
      { name: 'home' },
      { name: 'grants' },
      { name: 'roles' },
      { name: 'new' },
      { name: 'grant', grant: KEY },
      { name: 'plan', plan: KEY },
      { name: 'manage', plan: KEY },
      { name: 'attest', plan: KEY },
      { name: 'rule', plan: KEY },
    ];
    for (const view of views) {
      for (const name of CLUSTER_NAMES) {
        expect(parseRoute(fragmentOf(view, publicCluster(name)))).toEqual({ view, named: { name } });
      }
    }
  });

  it('names the network and never an endpoint, which may have a key in its address', () => {
    const mine = clusterAt('mainnet', 'https://rpc.example/v2/SECRET?api-key=SECRET');
    expect(fragmentOf({ name: 'plan', plan: KEY }, mine)).toBe(`#/plan/${KEY}?cluster=mainnet`);
    expect(explorerUrl(mine, 'tx', 'sig')).toBe('https://explorer.solana.com/tx/sig');
    expect(explorerUrl(clusterAt('devnet', mine.rpcUrl), 'tx', 'sig')).toBe(
      'https://explorer.solana.com/tx/sig?cluster=devnet',
    );
    expect(explorerUrl(customCluster(mine.rpcUrl), 'tx', 'sig')).toBeUndefined();
    expect(explorerUrl(customCluster('http://127.0.0.1:8899/SECRET?k=SECRET'), 'tx', 'sig')).toBe(
      'https://explorer.solana.com/tx/sig?cluster=custom&customUrl=http%3A%2F%2F127.0.0.1%3A8899',
    );
  });

  it('may leave the network open, offers an endpoint at most, and refuses what is not a cluster', () => {
    expect(parseRoute('').named).toBeUndefined();
    const offered = customCluster('https://rpc.example/?key=a', 'wss://ws.example/');
    const link = `#/grants?rpc=${encodeURIComponent(offered.rpcUrl)}&ws=${encodeURIComponent(offered.wsUrl)}`;
    expect(parseRoute(link)).toEqual({ view: { name: 'grants' }, named: { offered } });
    expect(() => parseRoute('#/?cluster=moon')).toThrow('"moon" is not a cluster');
    expect(() => parseRoute('#/?rpc=javascript:alert(1)')).toThrow('is not the address of an endpoint');
    expect(() => parseRoute('#/?rpc=http://a&ws=http://b')).toThrow('must begin with ws:// or wss://');
  });

  it('of no page is known as such', () => {
    for (const path of ['#/plan', '#/plan/nonsense', `#/plan/${KEY}/x`, '#/other', `#/grant/${KEY}/manage`]) {
      expect(parseRoute(path).view.name, path).toBe('unknown');
    }
  });

  it('finds the websocket where Solana’s tools do', () => {
    expect(customCluster('http://127.0.0.1:8899').wsUrl).toBe('ws://127.0.0.1:8900/');
    expect(customCluster('https://rpc.example').wsUrl).toBe('wss://rpc.example/');
  });

  it('does not decide what network it is: the genesis hash does', () => {
    const mainnet = '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d';
    for (const cluster of [
      customCluster('https://my-devnet.example'),
      publicCluster('devnet'),
      publicCluster('localnet'),
    ]) {
      expect(networkOf(mainnet, cluster)).toBe('mainnet');
      expect(walletChain(networkOf(mainnet, cluster))).toBe('solana:mainnet');
    }
    expect(networkOf('EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG', customCluster('https://a.example'))).toBe(
      'devnet',
    );
    expect(walletChain(networkOf(KEY, publicCluster('mainnet')))).toBe('solana:localnet');
  });
});
