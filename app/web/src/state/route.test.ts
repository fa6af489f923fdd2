import type { Address } from '@solana/kit';
import { describe, expect, it } from 'vitest';
import { customCluster, networkOf, publicCluster, walletChain } from '../chain/cluster';
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
    const clusters = [
      publicCluster('mainnet'),
      publicCluster('localnet'),
      customCluster('https://rpc.example/?key=a&b'),
      customCluster('http://127.0.0.1:18899', 'ws://127.0.0.1:40000'),
    ];
    for (const view of views) {
      for (const cluster of clusters) expect(parseRoute(fragmentOf(view, cluster))).toEqual({ view, cluster });
    }
  });

  it('is devnet unless it says more, and refuses what is no cluster', () => {
    expect(parseRoute('').cluster.name).toBe('devnet');
    expect(() => parseRoute('#/?cluster=moon')).toThrow('"moon" is no cluster');
    expect(() => parseRoute('#/?rpc=javascript:alert(1)')).toThrow('is no address of an endpoint');
    expect(() => parseRoute('#/?rpc=http://a&ws=http://b')).toThrow('begins with ws:// or wss://');
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
