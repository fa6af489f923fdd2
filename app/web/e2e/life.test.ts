// The whole life of a plan by five people, each in a browser of their own with their own wallet.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type KeyPairSigner, generateKeyPairSigner } from '@solana/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planAddress } from '../src/chain/addresses';
import { readOnePlan } from '../src/chain/read';
import { TOKEN_PROGRAM, associatedTokenAccount, readTokenAccount } from '../src/chain/token';
import { periodTimes } from '../src/domain/terms';
import { isoTime } from '../src/text/time';
import { type Person, connect } from './support/browser';
import { makeToken } from './support/money';
import { type Stage, openStage } from './support/stage';

const TOKEN = 1_000_000n;
const HOUR = 3_600n;

describe('the life of a plan', () => {
  let stage: Stage;
  let keys: Record<'authority' | 'ada' | 'bob' | 'oracle' | 'arbiter', KeyPairSigner>;
  let authority: Person, ada: Person, bob: Person, oracle: Person, arbiter: Person;
  let mint: Awaited<ReturnType<typeof makeToken>>;
  let plan: Awaited<ReturnType<typeof planAddress>>;

  beforeAll(async () => {
    stage = await openStage();
    const names = ['authority', 'ada', 'bob', 'oracle', 'arbiter'] as const;
    const pairs = await Promise.all(names.map(async (name) => [name, await generateKeyPairSigner()] as const));
    keys = Object.fromEntries(pairs) as typeof keys;
    for (const { address } of Object.values(keys)) stage.net.airdrop(address, 100);
    mint = await makeToken(stage.chain, keys.authority, 1_000_000n * TOKEN);
    plan = await planAddress(keys.authority.address, 7n);
    // Bob's wallet is an old one.
    const look = (name: string) => (name === 'bob' ? { versions: ['legacy', 0] } : {});
    const people = names.map((name) => stage.person(keys[name], look(name)));
    [authority, ada, bob, oracle, arbiter] = (await Promise.all(people)) as [Person, Person, Person, Person, Person];
  });

  afterAll(() => stage?.close());

  const held = async (owner: KeyPairSigner) => {
    const address = await associatedTokenAccount(owner.address, mint, TOKEN_PROGRAM);
    const [account] = await stage.chain.accounts([address]);
    return readTokenAccount(account)?.amount ?? 0n;
  };

  /** Reviews in the dialog, signs, and waits until it is done. */
  async function confirm(page: Page, verb: RegExp | string, done: RegExp | string) {
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: verb }).click();
    await dialog.getByText(done).waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
  }

  it('the authority creates it from the form', async () => {
    const { page } = authority;
    await page.goto(stage.url('/new'));
    await connect(authority);
    const start = stage.net.now() + 2n * HOUR;
    const fill = (label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text);
    await fill('Mint', mint);
    await page.getByText('A token with 6 decimals.').waitFor();
    await fill('Your number for the plan', '7');
    await fill('Start (UTC)', isoTime(start));
    await fill('Length of a period', '1 day');
    await fill('Oracles vote for', '2 hours');
    await fill('Disputes for', '1 hour');
    await fill('The arbiter rules within', '1 hour');
    await fill('Notice of changes', '1 hour');
    await fill('Grants until (UTC)', isoTime(start));
    await fill('Oracles', keys.oracle.address);
    await fill('How many decide', '1');
    await fill('Arbiter', keys.arbiter.address);
    await page.getByLabel('Name', { exact: true }).first().fill('Design guild');
    const kpi = page.getByRole('group', { name: 'KPI' });
    await kpi.getByLabel('Name', { exact: true }).fill('milestones');
    await kpi.getByLabel('Unit', { exact: true }).fill('%');
    await page.getByText('Not ready yet').waitFor();
    await page.getByText('the rubric is empty').waitFor();
    await fill('Rubric: how it is measured', 'Milestones done of those due.');
    await fill('Tokens for all grants together', '2_000');
    await page.getByText('Your account holds 1,000,000: enough.').waitFor();
    await page.getByRole('button', { name: 'Review and create' }).click();
    await confirm(page, 'Create and activate', 'The plan is active.');
    const { plan: made } = await readOnePlan(stage.chain, plan);
    expect(made.status).toBe('active');
    expect(made.kpis.map(({ name }) => name)).toEqual(['milestones']);
  });

  it('funds it, makes a grant by hand and one from a file', async () => {
    const { page } = authority;
    await page.goto(stage.url(`/plan/${plan}/manage`));
    await page.getByLabel('Amount').first().fill('3_000');
    await page.getByRole('button', { name: 'Review' }).first().click();
    await confirm(page, 'Fund', 'The vault is funded.');

    await page.getByLabel('Beneficiary', { exact: true }).fill(keys.ada.address);
    await page.getByLabel('Allocation', { exact: true }).fill('1_000');
    const section = page.locator('section', { hasText: 'Make a grant' });
    await section.getByRole('button', { name: 'Review' }).click();
    await confirm(page, 'Make the grant', '1 grant made');

    const header = 'beneficiary,allocation,cliff,time_weight,weight:milestones,revocable,transferable';
    const folder = mkdtempSync(join(tmpdir(), 'earnout-csv-'));
    const wrong = join(folder, 'wrong.csv');
    writeFileSync(wrong, `${header}\n${keys.bob.address},1_000.0000001,0,5000,5001,ja,false\n`);
    await page.getByLabel('File of grants').setInputFiles(wrong);
    await page
      .getByText('2: allocation: "1_000.0000001" has more than 6 decimals and would have to be rounded')
      .waitFor();
    await page.getByText('2: revocable: "ja" is neither true nor false').waitFor();
    const right = join(folder, 'right.csv');
    writeFileSync(right, `${header}\n${keys.bob.address},1_000,0,5000,5000,true,false\n`);
    await page.getByLabel('File of grants').setInputFiles(right);
    await page.getByText('1 row: 1 new.').waitFor();
    const fromFile = page.locator('section', { hasText: 'Grants from a file' });
    await fromFile.getByRole('button', { name: 'Review' }).click();
    await confirm(page, 'Make the grant', '1 grant made');
    const { plan: funded, vault } = await readOnePlan(stage.chain, plan);
    expect(vault.amount).toBe(3_000n * TOKEN);
    expect(funded.account.reserved).toBe(2_000n * TOKEN);
    expect(funded.account.grantCounter).toBe(2);
  });

  it('contributors see their grants, before anything is earned', async () => {
    for (const each of [ada, bob]) {
      await each.page.goto(stage.url('/grants'));
      await connect(each);
      await each.page.getByRole('heading', { name: /^Grant \d$/ }).waitFor();
      expect(await each.page.getByRole('button', { name: 'Claim', exact: true }).isDisabled()).toBe(true);
    }
  });

  it('the oracle attests; the value shows on the grant without a reload', async () => {
    const { plan: terms } = await readOnePlan(stage.chain, plan);
    await ada.page.getByRole('link', { name: 'Details' }).click();
    await ada.page.getByRole('heading', { name: 'Periods and results' }).waitFor();
    stage.net.warp(periodTimes(terms, 0).end + 60n);
    await oracle.page.goto(stage.url('/roles'));
    await connect(oracle);
    await oracle.page.getByRole('link', { name: 'Attest' }).click();
    await oracle.page.getByLabel('Evidence for all of them').fill('https://example.org/report');
    await oracle.page.getByLabel('Value, %').fill('60');
    await oracle.page.getByText('Scores').waitFor();
    await oracle.page.getByText('250 ').waitFor({ state: 'hidden' });
    await oracle.page.getByRole('button', { name: 'Review 1 value' }).click();
    await confirm(oracle.page, 'Attest 1 value', 'Your values are recorded.');
    // Ada did nothing: the account subscription told her page.
    await ada.page.getByText('60 %').first().waitFor({ timeout: 15_000 });
  });

  it('a contributor disputes, the arbiter sets another value', async () => {
    await ada.page.reload();
    await ada.page.getByRole('button', { name: 'Dispute' }).click();
    await ada.page.getByLabel('Your reason (or the SHA-256 of it)').fill('Two milestones were done a day earlier.');
    await ada.page.getByRole('button', { name: 'Review' }).click();
    await confirm(ada.page, 'Dispute', 'Disputed.');
    await arbiter.page.goto(stage.url(`/plan/${plan}/rule`));
    await connect(arbiter);
    await arbiter.page.getByLabel('Ruling').selectOption('value');
    await arbiter.page.getByLabel('Value that counts').fill('90');
    await arbiter.page.getByLabel('Reason', { exact: true }).fill('The record shows it.');
    await arbiter.page.getByRole('button', { name: 'Review 1 ruling' }).click();
    await confirm(arbiter.page, '1 ruling', 'Ruled.');
    await ada.page.getByText('90 %').first().waitFor({ timeout: 15_000 });
  });

  it('a rejected signature leaves a message and a way back; then the claim pays to the last unit', async () => {
    const { page } = ada;
    // 1,000 in 4 periods at 90 %.
    await page.getByText('225').first().waitFor();
    ada.set('rejects');
    await page.getByRole('button', { name: 'Claim', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('you receive').waitFor();
    await dialog.getByText('Network fee').waitFor();
    await dialog.getByText('Rent deposit').waitFor();
    await dialog.getByRole('button', { name: 'Claim' }).click();
    await dialog.getByText('You declined in Test Wallet. Nothing was sent.').waitFor();
    expect(await held(keys.ada)).toBe(0n);
    ada.set('signs');
    await dialog.getByRole('button', { name: 'Back to the summary' }).click();
    await dialog.getByRole('button', { name: 'Claim' }).click();
    await dialog.getByText('Claimed 225.000000 tokens.').waitFor();
    expect(await dialog.getByRole('link').getAttribute('href')).toContain('/tx/');
    await dialog.getByRole('button', { name: 'Done' }).click();
    expect(await held(keys.ada)).toBe(225n * TOKEN);
  });

  it('a claim made elsewhere shows up without a reload', async () => {
    const other = await stage.person(keys.bob);
    await other.page.goto(stage.url('/grants'));
    await connect(other);
    await other.page.getByRole('link', { name: 'Details' }).click();
    // Half for time, half for 90 %: 250 · 95 %.
    await other.page.getByText('237.5').first().waitFor();
    await bob.page.reload();
    await bob.page.getByRole('link', { name: 'Details' }).click();
    await bob.page.getByRole('button', { name: 'Claim', exact: true }).click();
    await confirm(bob.page, 'Claim', 'Claimed 237.500000 tokens.');
    const figures = other.page.locator('.figures').first();
    await figures.getByText('237.5').nth(1).waitFor({ timeout: 15_000 });
    expect(await held(keys.bob)).toBe(237_500_000n);
    await other.close();
  });

  it('anyone sees the plan without a wallet, and its statement reconciles', async () => {
    const stranger = await stage.person(await generateKeyPairSigner());
    const { page } = stranger;
    await page.goto(stage.url(`/plan/${plan}`));
    await page.getByText('The vault holds everything that its grants can ever claim.').waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const csv = readFileSync(await (await download).path(), 'utf8')
      .trim()
      .split('\n');
    expect(csv).toHaveLength(1 + 2 * 4);
    expect(csv[1]).toContain(`0,${keys.ada.address},0,`);
    expect(csv[1]).toContain(',settled,250.000000,90,9000,');
    expect(csv[1]).toContain(',225.000000,0.000000,');
    expect(csv[5]).toContain(',237.500000,0.000000,');
    expect(stranger.complaints).toEqual([]);
    await stranger.close();
  });

  it('the authority rotates oracles, terminates a grant, withdraws surplus, and exports', async () => {
    const { page } = authority;
    await page.goto(stage.url(`/plan/${plan}/manage`));
    const section = (heading: string) =>
      page.locator('section.card', { has: page.getByRole('heading', { name: heading, exact: true }) });
    const next = await generateKeyPairSigner();
    await section('Oracles').getByLabel('Oracles', { exact: true }).fill(next.address);
    await section('Oracles').getByRole('button', { name: 'Review' }).click();
    await confirm(page, 'Announce the change', 'The change is announced.');
    await page.getByText('Another set is announced').waitFor();

    await section('Terminate a grant').getByLabel('Grant').selectOption({ index: 1 });
    await section('Terminate a grant').getByRole('button', { name: 'Export for a multisig' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Make the message' }).click();
    expect((await dialog.getByRole('textbox', { name: 'Message 1' }).inputValue()).length).toBeGreaterThan(200);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await section('Terminate a grant').getByRole('button', { name: 'Review termination' }).click();
    await confirm(page, 'Terminate', 'The grant is terminated.');

    const before = await held(keys.authority);
    await section('Withdraw what is left over (surplus)').getByRole('button', { name: 'Review' }).click();
    await confirm(page, 'Withdraw', 'The surplus is in the treasury.');
    const { plan: after, vault } = await readOnePlan(stage.chain, plan);
    const { reserved, owed, pooled } = after.account;
    expect(vault.amount).toBe(reserved + owed + pooled);
    expect(await held(keys.authority)).toBeGreaterThan(before);
    expect(after.nextOracles?.keys).toEqual([next.address]);
    await ada.page.getByText('ended early').first().waitFor({ timeout: 15_000 });
  });

  it('everybody signed the newest transactions that the wallet lists, and the chain has them so', async () => {
    for (const { versions } of [authority, ada, oracle, arbiter]) expect([...versions()]).toEqual([1]);
    expect([...bob.versions()]).toEqual([0]);
    for (const [{ signer }, version] of [
      [ada, 1],
      [bob, 0],
    ] as const) {
      const [last] = await stage.chain.signatures(signer.address, undefined, 1);
      expect(await stage.net.versionOf(last!.signature)).toBe(version);
    }
  });

  it('no page complained, and none asked another host for anything', () => {
    for (const { complaints } of [authority, ada, bob, oracle, arbiter]) expect(complaints).toEqual([]);
  });
});
