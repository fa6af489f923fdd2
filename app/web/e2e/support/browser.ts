// Debian's Chromium, driven by Playwright, with a test wallet in each page.
import { join } from 'node:path';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import {
  type KeyPairSigner,
  getAddressEncoder,
  getBase64Decoder,
  getBase64Encoder,
  getTransactionDecoder,
  getTransactionEncoder,
  partiallySignTransaction,
} from '@solana/kit';
import { versionOf } from '../../src/chain/transaction';
import { fakeWallet } from './fakeWallet';

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** How the wallet answers when it is asked to sign. */
export type WalletMood = 'signs' | 'rejects' | 'signs-with-another' | 'disconnects' | 'waits';

export type Person = {
  page: Page;
  context: BrowserContext;
  signer: KeyPairSigner;
  /** What went wrong in the page, and what it asked of other hosts than the site and the chain. */
  complaints: string[];
  set: (mood: WalletMood, other?: KeyPairSigner) => void;
  /** Lets a wallet that waits sign. */
  release: () => void;
  /** How often the wallet was asked to sign. */
  asked: () => number;
  /** The versions of what it was asked to sign. */
  versions: () => ReadonlySet<unknown>;
  close: () => Promise<void>;
};

/** `versions` are the transactions that the wallet lists. */
export type Look = { colorScheme?: 'light' | 'dark'; phone?: boolean; versions?: readonly unknown[] };

export const DESKTOP = { width: 1180, height: 820 };
export const PHONE = { width: 390, height: 844 };

/** Somebody with a browser and a wallet. `hosts` are those that the page may talk to. */
export async function visit(
  browser: Browser,
  signer: KeyPairSigner,
  hosts: readonly string[],
  look: Look = {},
): Promise<Person> {
  const context = await browser.newContext({
    viewport: look.phone ? PHONE : DESKTOP,
    colorScheme: look.colorScheme ?? 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    permissions: ['clipboard-write', 'clipboard-read'],
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  let mood: WalletMood = 'signs';
  let other: KeyPairSigner | undefined;
  let asked = 0;
  const versions = new Set<unknown>();
  let letGo: () => void = () => undefined;
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && !hosts.includes(host)) complaints.push(`request to ${host}`);
  });
  await page.exposeFunction('__signTransaction', async (base64: string) => {
    asked += 1;
    if (mood === 'rejects') throw new Error('User rejected the request.');
    if (mood === 'waits') await new Promise<void>((resolve) => (letGo = resolve));
    const transaction = getTransactionDecoder().decode(getBase64Encoder().encode(base64));
    versions.add(versionOf(transaction));
    if (mood === 'signs-with-another' && other !== undefined) {
      const foreign = { ...transaction, signatures: { [other.address]: null } };
      const signed = await partiallySignTransaction([other.keyPair], foreign);
      return getBase64Decoder().decode(getTransactionEncoder().encode(signed));
    }
    const signed = await partiallySignTransaction([signer.keyPair], transaction);
    return getBase64Decoder().decode(getTransactionEncoder().encode(signed));
  });
  await page.exposeFunction('__walletMood', () => mood);
  await page.addInitScript(fakeWallet, {
    address: signer.address,
    publicKey: [...getAddressEncoder().encode(signer.address)],
    versions: look.versions ?? ['legacy', 0, 1],
  });
  return {
    page,
    context,
    signer,
    complaints,
    set: (next, with_) => {
      mood = next;
      other = with_;
    },
    release: () => letGo(),
    asked: () => asked,
    versions: () => versions,
    close: () => context.close(),
  };
}

/** Connects the test wallet through the page. */
export async function connect({ page }: Person): Promise<void> {
  await page.getByRole('button', { name: 'Connect wallet' }).first().click();
  await page.getByRole('button', { name: 'Test Wallet' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
}

/** Keeps a picture of the page, if a folder for them is named. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.EARNOUT_SCREENSHOTS;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}
