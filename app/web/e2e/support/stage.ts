// A chain, the site and a browser, for the tests of one file.
import type { Browser } from 'playwright-core';
import type { KeyPairSigner } from '@solana/kit';
import type { Chain } from '../../src/chain/chain';
import { type Look, type Person, launch, visit } from './browser';
import { type Localnet, startLocalnet } from './localnet';
import { chainOf } from './money';
import { type Site, serveSite } from './site';

export type Stage = {
  net: Localnet;
  chain: Chain;
  browser: Browser;
  /** Opens a page for somebody with a wallet. */
  person: (signer: KeyPairSigner, look?: Look) => Promise<Person>;
  /** The address of a view, like `/grants`. */
  url: (path: string) => string;
  close: () => Promise<void>;
};

export async function openStage(options: Parameters<typeof startLocalnet>[0] = {}): Promise<Stage> {
  const net = await startLocalnet(options);
  const site: Site = await serveSite({
    cluster: 'localnet',
    endpoints: { localnet: { rpc: net.rpcUrl, ws: net.wsUrl } },
  });
  const browser = await launch();
  const hosts = [site.url, net.rpcUrl, net.wsUrl].map((url) => new URL(url).host);
  return {
    net,
    chain: chainOf(net),
    browser,
    person: (signer, look) => visit(browser, signer, hosts, look),
    url: (path) => `${site.url}#${path}?cluster=localnet`,
    async close() {
      await browser.close();
      await site.stop();
      await net.stop();
    },
  };
}
