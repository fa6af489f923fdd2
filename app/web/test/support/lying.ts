import type { Chain, RawAccount } from '../../src/chain/chain';
import type { Scenario } from './scenario';

/** The scenario's chain with its answers to searches changed. */
export function lying(s: Scenario, change: (found: RawAccount[]) => RawAccount[]): Chain {
  return new Proxy<Chain>(s.chain, {
    get: (chain, name) => {
      if (name === 'find') return async (filter: Parameters<Chain['find']>[0]) => change(await chain.find(filter));
      const value: unknown = Reflect.get(chain, name);
      return typeof value === 'function' ? (value.bind(chain) as unknown) : value;
    },
  });
}
