// @vitest-environment jsdom
// Prices, grants in another unit, names and documents on the screens, on the built program in the process.
import './support/dom';
import { cleanup, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { type Address, generateKeyPairSigner } from '@solana/kit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { priceFeedAddress } from '../src/chain/feeds';
import * as instructions from '../src/chain/instructions';
import { periodTimes } from '../src/domain/terms';
import { Receiver } from '../src/generated/types/receiver';
import { readOnePlan } from '../src/chain/read';
import { hex, sha256 } from '../src/text/hash';
import { open, testWallet } from './support/page';
import { FEED_ID, priceUpdate } from './support/priceUpdate';
import { IN_USD, START, TOKEN, kpi, price, scenario } from './support/scenario';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const FEED = { receiver: Receiver.Pyth, feedId: FEED_ID, average: false, maxDelaySecs: 600, maxConfidenceBps: 200 };

const priced = (change: Parameters<typeof price>[0] = {}) =>
  scenario({
    terms: IN_USD,
    kpis: [kpi(), price(change)],
    grants: [{ unitAllocation: 12_000n, kpiWeights: [10_000, 0] }],
  });

const valueOf = (root: HTMLElement, label: string) =>
  within(root).getByText(label).nextSibling!.textContent!.replace(/\s+/g, ' ');

describe('a grant in another unit', () => {
  it('shows units, price and tokens of each period, and what the allocation cut off', async () => {
    const s = await priced();
    const { plan } = await s.state();
    s.chain.warp(periodTimes(plan, 0).end + 60n);
    await s.vote(s.oracles.slice(0, 2), 0, 0, 800n);
    await s.vote(s.oracles.slice(0, 2), 1, 0, 100n);
    const [grant] = await s.grants();
    open(`/grant/${grant!.address}`, s.chain, testWallet(s.contributors[0]!));
    const heading = await screen.findByRole('heading', { level: 1 });
    expect(heading.textContent).toContain('Grant 0 of Design guild');
    expect(screen.getByText('Worth').nextSibling!.textContent).toBe('120 USD');
    const period = (await screen.findByText('Period 0')).closest('details')!;
    expect(valueOf(period, 'Share of the period')).toBe('30 USD');
    expect(valueOf(period, 'Price')).toBe('0.01 USD a token');
    expect(valueOf(period, 'In tokens (tranche)')).toBe('300');
    expect(valueOf(period, 'Cut off by the allocation')).toBe('allocation reached 2,700 tokens, which are lost');
    expect(valueOf(period, 'The allocation is enough down to')).toBe('0.1 USD a token');
    expect(within(period).getByRole('heading', { name: 'Token price' })).toBeTruthy();
    const next = screen.getByText('Period 1').closest('details')!;
    expect(valueOf(next, 'Price')).toBe('not known yet');
    expect(valueOf(next, 'At most, in tokens')).toBe('300');

    s.chain.warp(periodTimes(plan, 0).settleDeadline);
    await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant!, false)]);
    open(`/grant/${grant!.address}`, s.chain, testWallet(s.contributors[0]!));
    const settled = (await screen.findByText('Period 0')).closest('details')!;
    await within(settled).findByText('earned', { exact: false });
    expect(valueOf(settled, 'Price')).toBe('0.01 USD a token');
    // The plan's page has it too.
    open(`/plan/${s.plan}`, s.chain, testWallet(s.contributors[0]!));
    const grants = await screen.findByRole('region', { name: 'Grants' });
    await waitFor(() => expect(grants.textContent).toContain('120 USD, at most 1,200'));
    expect(screen.getByRole('heading', { level: 1 }).textContent).toContain('Design guild');
  });

  it('is made from the form, with what is doubtful', async () => {
    const user = userEvent.setup();
    const s = await priced();
    const contributor = (await generateKeyPairSigner()).address;
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    const section = (await screen.findByRole('heading', { name: 'Make a grant' })).closest('section')!;
    expect(within(section).queryByLabelText('Weight of Token price')).toBeNull();
    await user.type(within(section).getByLabelText('Beneficiary'), contributor);
    await user.type(within(section).getByLabelText('Value in USD'), '400.50');
    await user.type(within(section).getByLabelText('Allocation, the most in tokens'), '8000');
    await within(section).findByText(/^Already at the price that counts if nobody reports, 0.05 USD/);
    await user.clear(within(section).getByLabelText('Allocation, the most in tokens'));
    await user.type(within(section).getByLabelText('Allocation, the most in tokens'), '9000');
    await within(section).findByText(/^At half of the price that counts if nobody reports, 0.025 USD/);
    await user.clear(within(section).getByLabelText('Allocation, the most in tokens'));
    await user.type(within(section).getByLabelText('Allocation, the most in tokens'), '20000');
    await waitFor(() => expect(within(section).queryByText(/^(At half of|Already at)/)).toBeNull());
    await user.click(within(section).getByRole('button', { name: 'Review' }));
    const dialog = await screen.findByRole('dialog');
    expect((await within(dialog).findByText('Worth')).nextSibling!.textContent).toBe('400.5 USD');
    await user.click(within(dialog).getByRole('button', { name: 'Make the grant' }));
    await screen.findByText(/1 grant made/);
    expect((await s.grants())[1]!.account).toMatchObject({ unitAllocation: 40_050n, allocation: 20_000n * TOKEN });
  });
});

describe('a price', () => {
  it('is reported with its unit, and says what it makes of the shares', async () => {
    const user = userEvent.setup();
    const s = await priced();
    const { plan } = await s.state();
    s.chain.warp(periodTimes(plan, 0).end + 60n);
    open(`/plan/${s.plan}/attest`, s.chain, testWallet(s.oracles[0]!));
    const field = await screen.findByLabelText('Value, USD');
    await user.type(field, '0.05');
    const card = field.closest('article')!;
    expect(card.querySelector('.score')!.textContent).toBe(
      'Makes the period’s shares of 1 grant 300; 1 of them reaches the allocation',
    );
    expect(card.textContent).toContain('If nobody reports, 0.05 USD counts');
    expect(card.querySelector('svg')).toBeNull();
    await user.type(screen.getByLabelText('Evidence for all of them'), 'daily closes');
    await user.click(screen.getByRole('button', { name: 'Review 1 value' }));
    const dialog = await screen.findByRole('dialog');
    expect((await within(dialog).findByText('Token price, period 0')).nextSibling!.textContent).toBe(
      '0.05 USD → the price of a token',
    );
    await user.click(within(dialog).getByRole('button', { name: 'Attest 1 value' }));
    await screen.findByText(/Your values are recorded/);
    expect((await s.attestation()).account.values[0]).toBe(500n);
  });

  it('with a feed can be read by anyone while voting is open; the update that counted is shown', async () => {
    const user = userEvent.setup();
    const s = await priced({ feed: FEED });
    const { plan } = await s.state();
    const { end, attestDeadline } = periodTimes(plan, 0);
    const at = await priceFeedAddress(plan.price!.feed!);
    s.chain.warp(end + 60n);
    s.chain.svm.setAccount(priceUpdate(at, { at: end - 5n }));
    open(`/plan/${s.plan}`, s.chain, testWallet(s.arbiter));
    await user.click(await screen.findByRole('button', { name: 'Read the feed' }));
    let dialog = await screen.findByRole('dialog');
    await within(dialog).findByText('The update was published before the period ended.');
    expect(within(dialog).getByRole('button', { name: 'Review' }).hasAttribute('disabled')).toBe(true);
    const own = (await generateKeyPairSigner()).address;
    s.chain.svm.setAccount(priceUpdate(own, { at: end + 2n, previous: end - 1n }));
    const field = within(dialog).getByLabelText('Account with the update');
    await user.clear(field);
    await user.type(field, own);
    await within(dialog).findByText('Give or take');
    expect(valueOf(dialog, 'It says')).toBe('0.2501 USD');
    expect(valueOf(dialog, 'Give or take')).toBe('± 0.001 USD');
    await user.click(within(dialog).getByRole('button', { name: 'Review' }));
    dialog = await screen.findByRole('dialog');
    await user.click(await within(dialog).findByRole('button', { name: 'Read the feed' }));
    await screen.findByText(/^The feed was read/);
    expect((await s.attestation()).account.observedValue).toBe(2_501n);
    // Then on the plan's page and the grant's, still while voting is open.
    open(`/plan/${s.plan}`, s.chain, testWallet(s.arbiter));
    const section = (await screen.findByRole('heading', { name: 'Read from feeds' })).closest('section')!;
    expect(valueOf(section, 'Read from the feed')).toContain('0.2501 USD, published');
    // 0.001 of 0.250041, rounded up.
    expect(valueOf(section, 'Confidence')).toBe('± 0.4 % of the price');
    s.chain.warp(attestDeadline);
    const [grant] = await s.grants();
    open(`/grant/${grant!.address}`, s.chain, testWallet(s.contributors[0]!));
    const period = (await screen.findByText('Period 0')).closest('details')!;
    expect(valueOf(period, 'Read from the feed')).toContain('0.2501 USD, published');
    expect(valueOf(period, 'Confidence')).toBe('± 0.4 % of the price');
    expect(valueOf(period, 'Price')).toBe('0.2501 USD a token');
    expect(screen.queryByRole('button', { name: 'Read the feed' })).toBeNull();
  });
});

describe('a new plan', () => {
  it('has a name, and a price if it is to pay in another unit', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    s.chain.warp(START - 86_400n);
    open('/new', s.chain, testWallet(s.authority));
    const type = async (label: string, text: string) => {
      const field = await screen.findByLabelText(label);
      await user.clear(field);
      if (text !== '') await user.type(field, text);
    };
    await type('Mint', s.mint);
    await type('Your number for the plan', '2');
    await type('Oracles', s.oracles[0]!.address);
    await type('How many decide', '1');
    await type('Rubric: how it is measured', 'As agreed.');
    const names = screen.getAllByLabelText('Name');
    await user.type(names[1]!, 'milestones');
    await screen.findByText(/plan.name/);
    await user.type(names[0]!, 'Core team');
    await user.click(screen.getByLabelText(/^Grants may be stated in another unit/));
    await type('Lowest accepted price', '0.005');
    await screen.findByText(/has fewer than three digits with these decimals/);
    await type('Lowest accepted price', '0.02');
    await type('Price if nobody reports', '0.05');
    await type('Rubric: how the price is measured', 'Mean of the daily closes.');
    const feed = screen.getAllByLabelText(/^Anyone can read it from a price feed/)[1]!;
    await user.click(feed);
    await type('Identifier of the feed', 'ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d');
    const create = screen.getByRole('button', { name: 'Review and create' });
    await waitFor(() => expect(create.hasAttribute('disabled')).toBe(false));
    await user.click(create);
    await user.click(await screen.findByRole('button', { name: 'Create and activate' }));
    const done = await screen.findByText(/^The plan is active/);
    expect(done).toBeTruthy();
    const link = screen
      .getByText(/The plan’s address is/)
      .querySelector('a')!
      .getAttribute('href')!;
    const address = /plan\/(\w+)/.exec(link)![1] as Address;
    const { plan } = await readOnePlan(s.chain, address);
    expect(plan).toMatchObject({
      name: 'Core team',
      unit: { name: 'USD', decimals: 2, exponent: 8 },
      status: 'active',
    });
    expect(plan.price).toMatchObject({ name: 'Token price', number: 1, defaultPrice: 500n, rangeMin: 200n });
    expect(plan.price!.feed).toMatchObject({ maxDelaySecs: 600, maxConfidenceBps: 200, average: false });
  });
});

const RUBRIC = 'Milestones that are done.\nSee [here](https://evil.example) <img src=x onerror="alert(1)">\u202etxt';

describe('the plan’s documents', () => {
  it('are named by the authority, loaded by a button that names the host, and shown as what they are', async () => {
    const user = userEvent.setup();
    const hash = await sha256(RUBRIC);
    const s = await scenario({
      kpis: [kpi({ rubricHash: hash }), kpi({ name: 'other' })],
      grants: [{ kpiWeights: [10_000] }],
    });
    const { plan } = await s.state();
    s.chain.warp(periodTimes(plan, 0).end + 60n);
    const proof = 'Counted by hand.';
    const [oracle] = s.oracles;
    await s.send(oracle!, [
      await instructions.attest(oracle!.address, plan, plan.kpis[0]!, {
        period: 0,
        value: 640n,
        evidence: await sha256(proof),
      }),
    ]);
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    const manage = (await screen.findByRole('heading', { name: 'Documents' })).closest('section')!;
    const field = within(manage).getByLabelText('Address of the plan’s documents');
    await user.type(field, 'javascript:alert(1)');
    await within(manage).findByText(/does not begin with https/);
    await user.clear(field);
    await user.type(field, 'https://docs.example/plan/');
    await user.click(within(manage).getByRole('button', { name: 'Review the address' }));
    await user.click(await screen.findByRole('button', { name: 'Name the documents' }));
    await screen.findByText('The plan says where its documents are.');
    expect((await s.state()).plan.uri).toBe('https://docs.example/plan/');

    const asked: string[] = [];
    const served = new Map([
      [
        'https://docs.example/plan/plan-document.json',
        JSON.stringify({
          format: 'earnout-plan-document/1',
          plan: s.plan,
          description: '<b>Bold</b> https://evil.example\njavascript:alert(1)',
          rubrics: [
            { kpi: 0, name: 'milestones completed', sha256: hex(hash), text: RUBRIC },
            { kpi: 1, name: 'other', sha256: '07'.repeat(32), text: 'Something else.' },
          ],
          evidence: [{ oracle: oracle!.address, base: 'https://oracle.example/e' }],
          rolls: [],
          labels: [{ grant: 0, label: '<i>Ada</i>' }],
        }),
      ],
      [`https://oracle.example/e/${hex(await sha256(proof))}`, proof],
    ]);
    vi.stubGlobal('fetch', (url: string, options: RequestInit) => {
      asked.push(url);
      expect(options).toMatchObject({ credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer' });
      const text = served.get(url);
      return Promise.resolve(new Response(text ?? 'none', { status: text === undefined ? 404 : 200 }));
    });
    open(`/plan/${s.plan}`, s.chain, testWallet(s.authority));
    const button = await screen.findByRole('button', { name: 'Load the plan’s documents from docs.example' });
    expect(asked).toEqual([]);
    expect(screen.queryByText(/matches the hash on chain/)).toBeNull();
    await user.click(button);
    await screen.findByText('matches the hash on chain');
    expect(screen.getByText('does not match the hash on chain')).toBeTruthy();
    expect(asked).toEqual(['https://docs.example/plan/plan-document.json']);
    expect(screen.getByText('KPI 1 other: the rubric is not the one that the plan was made with.')).toBeTruthy();
    // Everything is text: no elements, no links, nothing hidden.
    expect(screen.getByText('<b>Bold</b> https://evil.example')).toBeTruthy();
    expect(screen.getByText('<i>Ada</i>')).toBeTruthy();
    expect(screen.getByText('⟨U+202E⟩')).toBeTruthy();
    expect(document.querySelectorAll('main img, main b, main i, main script')).toHaveLength(0);
    const links = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href') ?? '');
    expect(links.filter((link) => /evil|docs\.example|oracle\.example|javascript/.test(link))).toEqual([]);
    // Evidence comes from where the document says, one by one, and is shown if it has the hash.
    await user.click(screen.getByRole('button', { name: 'Load it from oracle.example' }));
    await screen.findByText('Counted by hand.');
    expect(screen.getAllByText('matches the hash on chain')).toHaveLength(2);
    expect(asked).toHaveLength(2);
    // Evidence of another hash is nobody's.
    served.set(asked[1]!, 'Forged.');
    await user.click(screen.getByRole('button', { name: 'Load it from oracle.example' }));
    await screen.findByText('does not match the hash on chain, not shown');
    expect(screen.queryByText('Forged.')).toBeNull();
  });

  it('of another plan, or none, are not shown with this one', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    await s.send(s.authority, [await instructions.setUri(s.authority.address, s.plan, 'https://docs.example/x.json')]);
    let text = JSON.stringify({
      format: 'earnout-plan-document/1',
      plan: s.mint,
      description: 'Of another plan.',
      rubrics: [{ kpi: 0, name: 'milestones completed', sha256: '07'.repeat(32), text: 'x' }],
      evidence: [],
      rolls: [],
      labels: [{ grant: 0, label: 'Mallory' }],
    });
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(text)));
    open(`/plan/${s.plan}`, s.chain, testWallet(s.authority));
    await user.click(await screen.findByRole('button', { name: /^Load the plan’s documents/ }));
    await screen.findByText('What lies there is not of this plan, and is not shown.');
    for (const said of ['Of another plan.', 'Mallory', 'does not match the hash on chain']) {
      expect(screen.queryByText(said)).toBeNull();
    }
    text = '<html>';
    await user.click(screen.getByRole('button', { name: 'Load again from docs.example' }));
    await screen.findByText(/^What lies there is no plan document: it is not JSON/);
  });

  it('at an address that no client asks are not asked for', async () => {
    const s = await scenario();
    await s.send(s.authority, [await instructions.setUri(s.authority.address, s.plan, 'javascript:alert(1)')]);
    open(`/plan/${s.plan}`, s.chain, testWallet(s.authority));
    await screen.findByText(/^They are not fetched: it does not begin with https/);
    expect(screen.queryByRole('button', { name: /^Load/ })).toBeNull();
  });
});
