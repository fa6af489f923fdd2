// A plan with a thousand grants.
import { type KeyPairSigner, generateKeyPairSigner } from '@solana/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOnePlan } from '../src/chain/read';
import { periodTimes } from '../src/domain/terms';
import { connect } from './support/browser';
import { makePlan, report } from './support/plans';
import { type Stage, openStage } from './support/stage';

const GRANTS = 1_000;

describe('a thousand grants', () => {
  let stage: Stage;
  let ada: KeyPairSigner;
  let plan: string;

  beforeAll(async () => {
    stage = await openStage();
    const [authority, oracle, arbiter] = [
      await generateKeyPairSigner(),
      await generateKeyPairSigner(),
      await generateKeyPairSigner(),
    ];
    ada = await generateKeyPairSigner();
    for (const { address } of [authority, oracle, arbiter, ada]) stage.net.airdrop(address, 1_000);
    const others = await Promise.all(Array.from({ length: GRANTS - 1 }, generateKeyPairSigner));
    const beneficiaries = [...others.map(({ address }) => address), ada.address];
    const address = await makePlan(stage.chain, stage.net.now(), { authority, oracle, arbiter }, beneficiaries);
    plan = address;
    const { plan: terms } = await readOnePlan(stage.chain, address);
    stage.net.warp(periodTimes(terms, 0).end + 60n);
    await report(stage.chain, oracle, address, 0, 80n);
    stage.net.warp(periodTimes(terms, 0).settleDeadline + 60n);
  }, 600_000);

  afterAll(() => stage?.close());

  it('the contributor sees what is claimable, found among all of them', async () => {
    const person = await stage.person(ada);
    await person.page.goto(stage.url('/grants'));
    await connect(person);
    await person.page.getByRole('link', { name: 'Details' }).click();
    await person.page.getByText('200').first().waitFor();
    await person.page.goto(stage.url('/grants'));
    const begin = performance.now();
    await person.page.reload();
    await person.page.locator('.figures .amount').first().waitFor();
    console.log(`first claimable amount after ${Math.round(performance.now() - begin)} ms`);
    expect(person.complaints).toEqual([]);
    await person.close();
  });

  it('the plan lists them in pages and finds one by its beneficiary', async () => {
    const person = await stage.person(ada);
    const { page } = person;
    await page.goto(stage.url(`/plan/${plan}`));
    const grants = page.getByRole('region', { name: 'Grants' });
    await grants.waitFor();
    expect(await grants.locator('tbody tr').count()).toBe(25);
    await page.getByText('1–25 of 1000').waitFor();
    await page.getByRole('navigation', { name: 'Pages of grants' }).getByRole('button', { name: 'Next' }).click();
    await page.getByText('26–50 of 1000').waitFor();
    await page.getByLabel('Find among grants').fill(ada.address);
    await grants.getByRole('link', { name: '999', exact: true }).waitFor();
    expect(await grants.locator('tbody tr').count()).toBe(1);
    expect(person.complaints).toEqual([]);
    await person.close();
  });
});
