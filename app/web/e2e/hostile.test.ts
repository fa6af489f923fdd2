// What the page says of a payment, and how often it is made, on an endpoint that lies in each of its ways.
import { type Address, type KeyPairSigner, generateKeyPairSigner } from '@solana/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOnePlan } from '../src/chain/read';
import { type Person, connect, visit } from './support/browser';
import { type Hostile, type Mode, startHostile } from './support/hostile';
import { makePlan } from './support/plans';
import { type Site, serveSite } from './support/site';
import { type Stage, openStage } from './support/stage';

/** What becomes of one payment of 1 token: told in the dialog, and in the vault. */
type Outcome = 'executed' | 'unknown' | 'not executed';

const SENT: [mode: Mode, outcome: Outcome, paid: bigint][] = [
  [{ mode: 'loses-answer' }, 'executed', 1n],
  [{ mode: 'processed' }, 'unknown', 1n],
  [{ mode: 'status-429', every: 1, sent: true }, 'unknown', 1n],
  [{ mode: 'status-503', sent: true }, 'unknown', 1n],
  [{ mode: 'html', sent: true }, 'unknown', 1n],
  [{ mode: 'never', sent: true }, 'unknown', 1n],
  [{ mode: 'wrong-id', sent: true }, 'unknown', 1n],
  [{ mode: 'truncates', cut: 'short', sent: true }, 'unknown', 1n],
  [{ mode: 'status-429', every: 2 }, 'executed', 1n],
  [{ mode: 'drops' }, 'not executed', 0n],
  [{ mode: 'refuses' }, 'not executed', 0n],
];

describe('on a hostile endpoint', () => {
  let stage: Stage;
  let hostile: Hostile;
  let site: Site;
  let authority: KeyPairSigner;
  let plan: Address;
  let person: Person;

  beforeAll(async () => {
    stage = await openStage();
    hostile = await startHostile(stage.net.rpcUrl);
    site = await serveSite({ cluster: 'localnet', endpoints: { localnet: { rpc: hostile.url, ws: stage.net.wsUrl } } });
    const [oracle, arbiter] = [await generateKeyPairSigner(), await generateKeyPairSigner()];
    authority = await generateKeyPairSigner();
    for (const { address } of [authority, oracle, arbiter]) stage.net.airdrop(address, 100);
    const ada = await generateKeyPairSigner();
    plan = await makePlan(stage.chain, stage.net.now(), { authority, oracle, arbiter }, [ada.address]);
    const hosts = [site.url, hostile.url, stage.net.wsUrl].map((url) => new URL(url).host);
    person = await visit(stage.browser, authority, hosts);
    await person.page.goto(`${site.url}#/plan/${plan}/manage?cluster=localnet`);
    await connect(person);
  });

  afterAll(async () => {
    hostile?.stop();
    await site?.stop();
    await stage?.close();
  });

  const vault = async () => (await readOnePlan(stage.chain, plan)).vault.amount / 1_000_000n;

  async function fund() {
    const section = person.page.locator('section', { has: person.page.getByRole('heading', { name: 'Fund' }) });
    await section.getByLabel('Amount').fill('1');
    await section.getByRole('button', { name: 'Review' }).click();
  }

  it.each(SENT)('%j: a payment is %s', async (mode, outcome, paid) => {
    const { page } = person;
    await hostile.set({ mode: 'honest' });
    const before = await vault();
    const asked = (await hostile.sent()).length;
    await fund();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Fund' }).waitFor();
    await hostile.set(mode);
    await dialog.getByRole('button', { name: 'Fund' }).click();
    const said = {
      executed: 'The vault is funded.',
      unknown: 'Sent, but its outcome is not known yet.',
      'not executed': 'The transaction was not executed in time, and can no longer be.',
    }[outcome];
    await dialog.getByText(said).waitFor({ timeout: 180_000 });
    expect(await dialog.locator('a[href*="/tx/"]').count()).toBe(1);
    if (outcome === 'unknown') {
      expect(await dialog.getByRole('button', { name: 'Back to the summary' }).count()).toBe(0);
      // Closed, reloaded, and tried again: the same is not offered as long as nothing is known.
      await dialog.getByRole('button', { name: 'Hide' }).click();
      await hostile.set({ ...mode, sent: false, methods: ['getSignatureStatuses', 'getTransaction'] });
      await page.reload();
      const corner = page.getByRole('complementary', { name: 'What was sent' });
      await corner.getByText('Fund the plan').waitFor({ timeout: 60_000 });
      await page.getByRole('heading', { name: 'Fund' }).waitFor({ timeout: 60_000 });
      await fund();
      await dialog.getByText('A transaction for the same was sent, and may still be executed.').waitFor();
      await dialog.getByRole('button', { name: 'Close' }).first().click();
      await hostile.set({ mode: 'honest' });
      await corner.getByText('executed').first().waitFor({ timeout: 60_000 });
      await corner.getByRole('button', { name: 'Dismiss' }).click();
    } else {
      await dialog.getByRole('button', { name: 'Close' }).first().click();
    }
    expect((await vault()) - before).toBe(paid);
    expect((await hostile.sent()).length - asked).toBe(1);
  });
});
