// What can go wrong between page, wallet and chain, and what the user is told.
import { type Address, type KeyPairSigner, generateKeyPairSigner } from '@solana/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeGrant, grantsOfPlan, readOnePlan } from '../src/chain/read';
import { periodTimes } from '../src/domain/terms';
import { DESKTOP, type Person, connect } from './support/browser';
import { type Cast, makePlan, report } from './support/plans';
import { type Stage, openStage } from './support/stage';

/** A formula, and markup that ends an attribute: all of it within 32 bytes. */
const HOSTILE = '=1">&lt;<img src=x>';

describe('mishaps', () => {
  let stage: Stage;
  let cast: Cast;
  let ada: KeyPairSigner;
  let plan: Address;
  let person: Person;

  beforeAll(async () => {
    stage = await openStage();
    const [authority, oracle, arbiter] = [
      await generateKeyPairSigner(),
      await generateKeyPairSigner(),
      await generateKeyPairSigner(),
    ];
    cast = { authority, oracle, arbiter };
    ada = await generateKeyPairSigner();
    for (const { address } of [authority, oracle, arbiter, ada]) stage.net.airdrop(address, 100);
    plan = await makePlan(stage.chain, stage.net.now(), cast, [ada.address], { name: HOSTILE, unit: '<i>x</i>' });
    const { plan: terms } = await readOnePlan(stage.chain, plan);
    stage.net.warp(periodTimes(terms, 0).end + 60n);
    await report(stage.chain, oracle, plan, 0, 80n);
    stage.net.warp(periodTimes(terms, 0).settleDeadline + 60n);
    person = await stage.person(ada);
    await person.page.goto(stage.url('/grants'));
    await connect(person);
    await person.page.getByRole('link', { name: 'Details' }).click();
    await person.page.getByText('200').first().waitFor();
  });

  afterAll(() => stage?.close());

  const claimed = async () => {
    const [account] = await stage.chain.find(grantsOfPlan(plan));
    return account === undefined ? undefined : decodeGrant(account)?.account.claimed;
  };

  async function tryToClaim() {
    const { page } = person;
    await page.getByRole('button', { name: 'Claim', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Claim' }).click();
  }

  it('hostile names are shown for what they are, and run nothing', async () => {
    const { page } = person;
    const heading = page.locator('h4').first();
    expect(await heading.textContent()).toBe(HOSTILE);
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    await page.goto(stage.url(`/plan/${plan}`));
    await page.getByText('<i>x</i>').first().waitFor();
    await page.goBack();
    await page.getByText('200').first().waitFor();
  });

  it('a wallet that signs with another account', async () => {
    const { page } = person;
    const other = await generateKeyPairSigner();
    person.set('signs-with-another', other);
    await tryToClaim();
    await page.getByText('The wallet signed with another account than the connected one').waitFor();
    person.set('signs');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    expect(await claimed()).toBe(0n);
  });

  it('a wallet that goes away while it should sign', async () => {
    const { page } = person;
    person.set('disconnects');
    await tryToClaim();
    await page.getByText('The wallet went away while signing. Nothing was sent.').waitFor();
    person.set('signs');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    await connect(person);
    expect(await claimed()).toBe(0n);
  });

  it('what goes on in the corner of a phone’s page, and covers nothing for good', async () => {
    const { page } = person;
    await page.setViewportSize({ width: 360, height: 740 });
    person.set('waits');
    await tryToClaim();
    await page.getByRole('dialog').getByRole('button', { name: 'Hide' }).click();
    const corner = page.getByRole('complementary', { name: 'What was sent' });
    await corner.getByText('waits in your wallet').waitFor();
    await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    const [foot, notice] = [(await page.locator('footer').boundingBox())!, (await corner.boundingBox())!];
    // Below everything, but for a part of a pixel.
    expect(foot.y + foot.height).toBeLessThan(notice.y + 1);
    person.set('signs-with-another', await generateKeyPairSigner());
    person.release();
    await corner.getByRole('button', { name: 'Dismiss' }).click();
    await page.setViewportSize(DESKTOP);
    expect(await claimed()).toBe(0n);
  });

  it('a signature that comes after the blockhash expired, and the way back from it', async () => {
    const { page } = person;
    person.set('waits');
    await tryToClaim();
    await page.getByText('Confirm in your wallet…').waitFor();
    const { blockHeight: before } = await stage.chain.tip();
    while ((await stage.chain.tip()).blockHeight < before + 155n)
      await new Promise((resolve) => setTimeout(resolve, 500));
    person.release();
    await page.getByText('The transaction was signed too late').waitFor({ timeout: 60_000 });
    expect(await claimed()).toBe(0n);
    person.set('signs');
    await page.getByRole('button', { name: 'Back to the summary' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Claim' }).click();
    await page.getByText('Claimed 200.000000 tokens.').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    expect(await claimed()).toBe(200_000_000n);
  });

  it('an address that is not a plan, and one that is none', async () => {
    const { page } = person;
    await page.goto(stage.url(`/plan/${ada.address}`));
    await page.getByText('The account at this address is not a plan.').waitFor();
    await page.goto(stage.url('/plan/nonsense'));
    await page.getByText('There is no such page.').waitFor();
    await page.goto(`${stage.url('/').split('#')[0]}#/?cluster=moon`);
    await page.getByText('does not name a cluster').waitFor();
    expect(person.complaints).toEqual([]);
  });

  it('an endpoint that is gone', async () => {
    const { page } = person;
    await page.goto(stage.url(`/plan/${plan}`));
    await page.getByText('live', { exact: true }).waitFor();
    await stage.net.stop();
    // What was read stays; the page says that it may be old.
    await page.getByText(/Not up to date: The RPC endpoint .* does not answer/).waitFor({ timeout: 30_000 });
    expect(await page.getByRole('heading', { name: 'Vault' }).isVisible()).toBe(true);
    await page.reload();
    await page
      .getByText(/The RPC endpoint .* does not answer/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
  });
});
