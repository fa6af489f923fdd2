// The built page in Chromium, its settings for endpoints, and failures that `hostile.test.ts` has not. No chain is
// needed: the endpoint is made up here.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { type KeyPairSigner, generateKeyPairSigner } from '@solana/kit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Person, connect, launch, picture, visit } from './support/browser';
import { type Site, serveSite } from './support/site';

const RPC = 'http://127.0.0.1:1/v2/SECRET?api-key=SECRET';
const CLOCK = 'SysvarC1ock11111111111111111111111111111111';
const ASSETS = fileURLToPath(new URL('../dist/assets', import.meta.url));

type Asked = { id: string; method: string; params: unknown[] };
type Answer = { status?: number; headers?: Record<string, string>; body: string } | 'abort';

/** What an honest endpoint says of a network on which the program has no accounts. */
function honest({ id, method, params }: Asked): Answer {
  const account = (size: number) => ({
    lamports: 1,
    owner: 'Sysvar1111111111111111111111111111111111111',
    data: [Buffer.alloc(size, 1).toString('base64'), 'base64'],
    executable: false,
    rentEpoch: 0,
    space: size,
  });
  const context = { slot: 1 };
  const addresses = Array.isArray(params[0]) ? (params[0] as string[]) : [];
  const results: Record<string, unknown> = {
    getGenesisHash: 'LocaLLocaLLocaLLocaLLocaLLocaLLocaLLocaLLoc',
    getProgramAccounts: [],
    getMultipleAccounts: {
      context,
      value: addresses.map((address) => account(address === CLOCK ? 40 : 36)),
    },
  };
  return { body: JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? null }) };
}

describe('the built page', () => {
  let site: Site;
  let browser: Browser;
  let key: KeyPairSigner;
  let person: Person;
  let answer: (asked: Asked) => Answer;
  let asked: Asked[];

  beforeAll(async () => {
    site = await serveSite({ cluster: 'localnet', endpoints: { localnet: { rpc: RPC } } });
    browser = await launch();
    key = await generateKeyPairSigner();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(() => person?.close());

  /** Opens `path` with an endpoint that answers by `first`. */
  async function open(path: string, first: (asked: Asked) => Answer, phone = false): Promise<Page> {
    answer = first;
    asked = [];
    person = await visit(browser, key, [new URL(site.url).host, new URL(RPC).host], { phone });
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
    await person.page.route(`${new URL(RPC).origin}/**`, async (route) => {
      if (route.request().method() === 'OPTIONS') return route.fulfill({ status: 204, headers: cors });
      const call = JSON.parse(route.request().postData() ?? '{}') as Asked;
      asked.push(call);
      const given = answer(call);
      if (given === 'abort') return route.abort();
      return route.fulfill({ status: given.status ?? 200, headers: { ...cors, ...given.headers }, body: given.body });
    });
    await person.page.goto(`${site.url}#${path}`);
    return person.page;
  }

  it('holds one copy of the library’s errors', () => {
    const files = readdirSync(ASSETS).filter((name) => name.endsWith('.js'));
    const all = files.map((name) => readFileSync(join(ASSETS, name), 'utf8')).join('\n');
    expect(all.split('Decode this error by running').length - 1).toBe(1);
  });

  const failures: [string, (asked: Asked) => Answer, RegExp][] = [
    ['403', () => ({ status: 403, body: '{}' }), /refuses requests from this page \(HTTP status 403\)/],
    ['gone', () => 'abort', /does not answer/],
  ];
  for (const [name, failure, words] of failures) {
    it(`says what is wrong with an endpoint (${name}), and comes up by itself`, async () => {
      const page = await open('/grants', failure, name === '403');
      await connect(person);
      await page.getByText(words).first().waitFor({ timeout: 60_000 });
      await page.getByText('The page tries again').waitFor({ timeout: 60_000 });
      const text = (await page.locator('body').textContent()) ?? '';
      expect(text).not.toMatch(/SECRET|Solana error|npx/);
      await picture(page, `endpoint-${name}`);
      answer = honest;
      await page.getByText('No grant is made to this address on this cluster.').waitFor({ timeout: 60_000 });
      await page.getByText(/The page asks again/).waitFor({ state: 'hidden', timeout: 60_000 });
    });
  }

  it('asks for roles with one search', async () => {
    const page = await open('/roles', honest);
    await connect(person);
    await page.getByText('No plan names this key.').first().waitFor();
    expect(asked.filter(({ method }) => method === 'getProgramAccounts')).toHaveLength(1);
  });

  it('survives a file that is gone: reloads once, says so, and goes back', async () => {
    const page = await open('/', honest);
    let loads = 0;
    page.on('load', () => (loads += 1));
    await page.route('**/assets/NewPlan-*.js', (route) => route.abort());
    await page.getByRole('link', { name: 'New plan' }).click();
    await page.getByText('A part of this page could not be loaded.').waitFor();
    expect(loads).toBe(1);
    await picture(page, 'chunk-gone');
    await page.goBack();
    await page.getByRole('heading', { name: /Pay for results/ }).waitFor();
    await page.unroute('**/assets/NewPlan-*.js');
    await page.getByRole('link', { name: 'New plan' }).click();
    await page.getByText('A part of this page could not be loaded.').waitFor();
    await page.getByRole('button', { name: 'Reload the page' }).click();
    await page.getByLabel('Mint', { exact: true }).waitFor();
  });

  it('asks before it uses the endpoint of a link, and never passes one on', async () => {
    const page = await open(`/grants?rpc=${encodeURIComponent('http://127.0.0.1:2/SECRET')}`, honest);
    await page.getByRole('dialog').getByText('127.0.0.1:2', { exact: true }).waitFor();
    await picture(page, 'endpoint-of-link');
    expect(asked).toEqual([]);
    await page.getByRole('button', { name: /Use my own: localnet, 127.0.0.1:1/ }).click();
    await page.waitForURL(/#\/grants\?cluster=localnet$/);
    // The address with the key is in no link of the page, and not in its own address.
    expect(await page.content()).not.toContain('SECRET');
    expect(page.url()).not.toContain('SECRET');
    expect(person.complaints).toEqual([]);
  });

  it('keeps an endpoint that was chosen', async () => {
    const page = await open('/', honest);
    await page.getByRole('button', { name: 'Change the cluster' }).click();
    await page.getByRole('combobox', { name: 'Cluster' }).selectOption('mainnet');
    await page.getByLabel('RPC URL').fill(RPC);
    await page.getByLabel('Websocket URL').fill('');
    await picture(page, 'cluster-dialog');
    await page.getByRole('button', { name: 'Use this cluster' }).click();
    await page.getByText(/is an endpoint of localnet, and this page’s address says mainnet/).waitFor();
    await picture(page, 'mismatch');
    await page.goto(site.url);
    await page.getByText(/is an endpoint of localnet, and this page’s address says mainnet/).waitFor();
    expect(page.url()).not.toContain('SECRET');
  });
});
