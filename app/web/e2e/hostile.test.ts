// What the page shows, what it says of a payment, and how often it pays, on an endpoint that lies in each of its ways.
import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import { type Address, type KeyPairSigner, generateKeyPairSigner } from '@solana/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOnePlan } from '../src/chain/read';
import { periodTimes } from '../src/domain/terms';
import { Scope } from '../src/generated/types/scope';
import { type Person, PHONE, connect, picture, visit } from './support/browser';
import { type Hostile, type Mode, startHostile } from './support/hostile';
import { TOKEN, makePlan, report } from './support/plans';
import { serveSite } from './support/site';
import { type Stage, openStage } from './support/stage';

const LONG = { timeout: 120_000 };
/** Of the endpoint's address; shown nowhere. */
const KEY = 'SECRET';

/** What becomes of one payment of 1 token, as the dialog tells it, and how many tokens the vault gets. */
type Outcome = 'executed' | 'unknown' | 'not executed';
const WORDS: Record<Outcome, string> = {
  executed: 'The vault is funded.',
  unknown: 'Sent, but its outcome is not known yet.',
  'not executed': 'The transaction was not executed in time, and can no longer be.',
};
const SENT: [mode: Mode, outcome: Outcome, paid: bigint][] = [
  [{ mode: 'loses-answer' }, 'executed', 1n],
  [{ mode: 'status-429' }, 'executed', 1n],
  [{ mode: 'forges' }, 'executed', 1n],
  [{ mode: 'omits' }, 'executed', 1n],
  [{ mode: 'lags', slots: 60, sent: true }, 'executed', 1n],
  [{ mode: 'drops' }, 'not executed', 0n],
  [{ mode: 'refuses' }, 'not executed', 0n],
  // The endpoint's lie, which nothing that one endpoint says can show.
  [{ mode: 'blind' }, 'not executed', 1n],
  [{ mode: 'processed' }, 'unknown', 1n],
  [{ mode: 'status-429', every: 1, sent: true }, 'unknown', 1n],
  [{ mode: 'status-503', sent: true }, 'unknown', 1n],
  [{ mode: 'html', sent: true }, 'unknown', 1n],
  [{ mode: 'never', sent: true }, 'unknown', 1n],
  [{ mode: 'wrong-id', sent: true }, 'unknown', 1n],
  [{ mode: 'truncates', cut: 'short', sent: true }, 'unknown', 1n],
];

/** What the page says besides of a plan and its statement, and whether the statement is whole. */
const READ: [mode: Mode, said: RegExp[], whole: boolean][] = [
  [{ mode: 'forges' }, [], true],
  [{ mode: 'reorders' }, [], true],
  [{ mode: 'lags' }, [], true],
  [{ mode: 'status-429' }, [], true],
  [{ mode: 'repeats' }, [/lists \d+ transactions more than once; each is counted once/], true],
  [
    { mode: 'omits' },
    [/does not tell all of this plan: (1 grant|2 grants) where the plan counts 3/, /left out (an event|\d+ events)/],
    false,
  ],
  [{ mode: 'delays' }, [/left out an event of this plan: number \d+/], false],
  [{ mode: 'unknown-version' }, [/1 transaction or event could not be read/, /left out (an event|\d+ events)/], false],
];

/** What the page says of an endpoint that gives nothing. */
const FAILED: [mode: Mode, said: RegExp][] = [
  [{ mode: 'status-429', every: 1 }, /refuses more requests for now/],
  [{ mode: 'status-503' }, /has a problem of its own \(HTTP status 503\)/],
  [{ mode: 'html', status: 200 }, /answered with a page instead of data/],
  [{ mode: 'truncates', cut: 'short' }, /sent an answer that is cut short/],
  [{ mode: 'truncates', cut: 'length' }, /does not answer/],
  [{ mode: 'wrong-id' }, /sent the answer to another request/],
  [{ mode: 'never' }, /does not answer/],
  [{ mode: 'no-index' }, /does not search this program’s accounts \(getProgramAccounts\)/],
];

describe.concurrent('on a hostile endpoint', () => {
  let stage: Stage;
  let read: Address;

  beforeAll(async () => {
    stage = await openStage();
    // A plan with a past: three grants, of which each has a value in a page.
    const cast = await people();
    const beneficiaries = await Promise.all(
      Array.from({ length: 3 }, async () => (await generateKeyPairSigner()).address),
    );
    read = await makePlan(stage.chain, stage.net.now(), cast, beneficiaries, { scope: Scope.Individual });
    const { plan } = await readOnePlan(stage.chain, read);
    stage.net.warp(periodTimes(plan, 0).end + 60n);
    await report(stage.chain, cast.oracle, read, 0, 80n);
  });
  afterAll(() => stage?.close());

  async function people() {
    const [authority, oracle, arbiter] = await Promise.all([1, 2, 3].map(() => generateKeyPairSigner()));
    for (const each of [authority!, oracle!, arbiter!]) stage.net.airdrop(each.address, 100);
    return { authority: authority!, oracle: oracle!, arbiter: arbiter! };
  }

  /** A page of somebody whose endpoint lies, as soon as it is told to. */
  async function withHostile(
    signer: KeyPairSigner,
    act: (person: Person, hostile: Hostile, url: (path: string) => string) => Promise<void>,
  ) {
    const hostile = await startHostile(stage.net.rpcUrl);
    const rpc = `${hostile.url}/v2/${KEY}?api-key=${KEY}`;
    const site = await serveSite({ cluster: 'localnet', endpoints: { localnet: { rpc, ws: stage.net.wsUrl } } });
    const hosts = [site.url, hostile.url, stage.net.wsUrl].map((url) => new URL(url).host);
    const person = await visit(stage.browser, signer, hosts);
    try {
      await act(person, hostile, (path) => `${site.url}#${path}?cluster=localnet`);
    } finally {
      await person.close();
      await site.stop();
      hostile.stop();
    }
  }

  it.each(SENT)('%j: a payment is %s', async (mode, outcome, paid) => {
    const cast = await people();
    const plan = await makePlan(stage.chain, stage.net.now(), cast, [cast.oracle.address]);
    const vault = async () => (await readOnePlan(stage.chain, plan)).vault.amount / TOKEN;
    const before = await vault();
    await withHostile(cast.authority, async (person, hostile, url) => {
      const { page } = person;
      await page.goto(url(`/plan/${plan}/manage`));
      await connect(person);
      await fund(page);
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Fund' }).waitFor();
      await hostile.set(mode);
      await dialog.getByRole('button', { name: 'Fund' }).click();
      await dialog.getByText(WORDS[outcome]).waitFor(LONG);
      expect(await dialog.locator('a[href*="/tx/"]').count()).toBe(1);
      if (outcome === 'unknown') await goOn(page, dialog, hostile, mode);
      expect((await vault()) - before).toBe(paid);
      expect(await hostile.sent()).toHaveLength(1);
    });
  });

  it('of before version 1 is paid in version 0; one that refuses what it simulated executes nothing, by proof', async () => {
    const cast = await people();
    const plan = await makePlan(stage.chain, stage.net.now(), cast, [cast.oracle.address]);
    const vault = async () => (await readOnePlan(stage.chain, plan)).vault.amount / TOKEN;
    const before = await vault();
    await withHostile(cast.authority, async (person, hostile, url) => {
      const { page } = person;
      const dialog = page.getByRole('dialog');
      await hostile.set({ mode: 'outdated' });
      await page.goto(url(`/plan/${plan}/manage`));
      await connect(person);
      await fund(page);
      await dialog.getByRole('button', { name: 'Fund' }).click();
      await dialog.getByText(WORDS.executed).waitFor(LONG);
      await dialog.getByRole('button', { name: 'Done' }).click();
      expect([...person.versions()]).toEqual([0]);
      expect((await vault()) - before).toBe(1n);
      // What it says when it is asked first is not what it does.
      await hostile.set({ mode: 'outdated', methods: ['sendTransaction'] });
      await fund(page);
      await dialog.getByRole('button', { name: 'Fund' }).click();
      await dialog.getByText(/Transactions of version 0 can be chosen under “Change”/).waitFor(LONG);
      await dialog.getByText('It was not executed: nothing was changed.').waitFor(LONG);
      await dialog.getByRole('button', { name: 'Close' }).first().click();
      expect([...person.versions()]).toEqual([0, 1]);
      expect((await vault()) - before).toBe(1n);
      await page.getByRole('button', { name: 'Change the cluster' }).click();
      await dialog.getByLabel('Transactions').selectOption('0');
      await dialog.getByRole('button', { name: 'Use this cluster' }).click();
      await fund(page);
      await dialog.getByRole('button', { name: 'Fund' }).click();
      await dialog.getByText(WORDS.executed).waitFor(LONG);
      expect((await vault()) - before).toBe(2n);
      expect(await hostile.sent()).toHaveLength(3);
    });
  });

  /** Closed, loaded again, and tried again: the same is not offered as long as nothing is known. */
  async function goOn(page: Page, dialog: Locator, hostile: Hostile, mode: Mode) {
    expect(await dialog.getByRole('button', { name: 'Back to the summary' }).count()).toBe(0);
    await dialog.getByRole('button', { name: 'Hide' }).click();
    await hostile.set({ ...mode, sent: false, methods: ['getSignatureStatuses', 'getTransaction'] });
    await page.reload();
    const corner = page.getByRole('complementary', { name: 'What was sent' });
    await corner.getByText('Fund the plan').waitFor(LONG);
    await page.getByRole('heading', { name: 'Fund' }).waitFor(LONG);
    await fund(page);
    await dialog.getByText('A transaction for the same was sent, and may still be executed.').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).first().click();
    if (mode.mode === 'processed') {
      await page.getByRole('button', { name: /^Transactions/ }).click();
      await dialog.getByText('Fund the plan').waitFor();
      await picture(page, 'transactions');
      await page.setViewportSize(PHONE);
      await picture(page, 'transactions-phone');
      await dialog.getByRole('button', { name: 'Close' }).first().click();
    }
    await hostile.set({ mode: 'honest' });
    await corner.getByText('executed').first().waitFor(LONG);
    await corner.getByRole('button', { name: 'Dismiss' }).click();
  }

  it.each(READ)('%j: a plan and its statement are the truth, or said to be incomplete', async (mode, said, whole) => {
    await withHostile(await generateKeyPairSigner(), async ({ page }, hostile, url) => {
      await page.goto(url(`/plan/${read}`));
      const truth = await statement(page);
      expect(truth.name).not.toContain('incomplete');
      expect(truth.text.trim().split('\n')).toHaveLength(1 + 3 * 4);
      await hostile.set(mode);
      await page.reload();
      const seen = await statement(page);
      for (const words of said) await page.getByText(words).first().waitFor();
      const warnings = await page.locator('main .notice.warn').count();
      expect(warnings > 0).toBe(said.length > 0);
      expect(seen.name.includes('incomplete')).toBe(!whole);
      if (whole) expect(seen.text).toBe(truth.text);
      // What was late comes, and what was left out by an endpoint that is honest again.
      if (mode.mode !== 'delays') await hostile.set({ mode: 'honest' });
      await page.reload();
      expect((await statement(page)).text).toBe(truth.text);
    });
  });

  it.each(FAILED)('%j: the page says what is wrong, and comes up by itself', async (mode, said) => {
    await withHostile(await generateKeyPairSigner(), async ({ page }, hostile, url) => {
      await hostile.set(mode);
      await page.goto(url(`/plan/${read}`));
      // Who waits for longer than usual is told for whom, before the request is given up.
      if (mode.mode === 'never') await page.getByText(/The RPC endpoint \S+ is slow to answer/).waitFor();
      await page.getByText(said).first().waitFor(LONG);
      await page.getByText('The page tries again').waitFor(LONG);
      expect(await page.locator('body').textContent()).not.toMatch(/SECRET|Solana error|npx/);
      await hostile.set({ mode: 'honest' });
      await page.getByRole('heading', { name: 'Statement' }).waitFor(LONG);
    });
  });
});

async function fund(page: Page) {
  const section = page.locator('section', { has: page.getByRole('heading', { name: 'Fund' }) });
  await section.getByLabel('Amount').fill('1');
  await section.getByRole('button', { name: 'Review' }).click();
}

/** Downloads the statement. */
async function statement(page: Page): Promise<{ name: string; text: string }> {
  const button = page.getByRole('button', { name: 'Download CSV' });
  await button.waitFor(LONG);
  const [download] = await Promise.all([page.waitForEvent('download', LONG), button.click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
}
