// @vitest-environment jsdom
// Screens on the built program in the process: what they show is what the chain has.
import { savedFiles } from './support/dom';
import { cleanup, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventAuthorityAddress } from '../src/chain/addresses';
import { readHistory } from '../src/chain/history';
import * as instructions from '../src/chain/instructions';
import { getCloseAttestationInstruction } from '../src/generated/instructions/closeAttestation';
import { EARNOUT_PROGRAM_ADDRESS } from '../src/generated/programs/earnout';
import { Scope } from '../src/generated/types/scope';
import { UnearnedPolicy } from '../src/generated/types/unearnedPolicy';
import { statement } from '../src/model/statement';
import { readManifest } from '../src/domain/manifest';
import { pageGrants } from '../src/domain/page';
import { periodTimes } from '../src/domain/terms';
import { loadPlan } from '../src/state/planData';
import { hex, sha256 } from '../src/text/hash';
import { testWallet, open } from './support/page';
import { type Scenario, TOKEN, kpi, scenario } from './support/scenario';

afterEach(cleanup);

/** The first period is over and 640 was reported and is final: 80 %. */
async function attested(options: Parameters<typeof scenario>[0] = {}): Promise<Scenario> {
  const s = await scenario(options);
  const { plan } = await s.state();
  s.chain.warp(periodTimes(plan, 0).end + 60n);
  await s.vote(s.oracles.slice(0, 2), 0, 0, 640n);
  s.chain.warp(periodTimes(plan, 0).settleDeadline + 60n);
  return s;
}

const figure = async (label: string) => {
  const terms = await screen.findAllByText(label);
  return terms[0]!.closest('div')!.querySelector('.amount')!.textContent;
};

describe('a grant', () => {
  it('shows what claiming pays, with what it settles first, and pays it', async () => {
    const user = userEvent.setup();
    const s = await attested();
    const [me] = s.contributors;
    const [grant] = await s.grants();
    open(`/grant/${grant!.address}`, s.chain, testWallet(me!));
    // 1,200 in four periods at 80 %.
    expect(await figure('Claimable now')).toBe('240');
    expect(await figure('Earned')).toBe('0');
    await user.click(screen.getByRole('button', { name: 'Claim' }));
    const dialog = await screen.findByRole('dialog');
    expect((await within(dialog).findByText('240')).className).toContain('amount');
    expect(within(dialog).getByText('Rent deposit').nextSibling!.textContent).toBe('0.00203928 SOL');
    expect(within(dialog).getByText('Network fee').nextSibling!.textContent).toBe('0.000005 SOL');
    await user.click(within(dialog).getByRole('button', { name: 'Claim' }));
    await within(dialog).findByText('Claimed 240.000000 tokens.');
    await user.click(within(dialog).getByRole('button', { name: 'Done' }));
    await waitFor(async () => expect(await figure('Claimed')).toBe('240'));
    expect((await s.grants())[0]!.account.claimed).toBe(240n * TOKEN);
  });

  it('offers a way back when the wallet declines', async () => {
    const user = userEvent.setup();
    const s = await attested();
    const wallet = testWallet(s.contributors[0]!);
    const [grant] = await s.grants();
    open(`/grant/${grant!.address}`, s.chain, wallet);
    wallet.refuse(true);
    await user.click(await screen.findByRole('button', { name: 'Claim' }));
    const dialog = await screen.findByRole('dialog');
    await user.click(await within(dialog).findByRole('button', { name: 'Claim' }));
    await within(dialog).findByText('You declined in Test Wallet. Nothing was sent.');
    wallet.refuse(false);
    await user.click(within(dialog).getByRole('button', { name: 'Back to the summary' }));
    await user.click(await within(dialog).findByRole('button', { name: 'Claim' }));
    await within(dialog).findByText('Claimed 240.000000 tokens.');
  });

  it('follows what others do, without being asked', async () => {
    const s = await attested();
    const { plan } = await s.state();
    const [grant] = await s.grants();
    open(`/grant/${grant!.address}`, s.chain, testWallet(s.contributors[0]!));
    expect(await figure('Earned')).toBe('0');
    await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant!, true)]);
    await waitFor(async () => expect(await figure('Earned')).toBe('240'));
  });

  it('keeps its scores when the attestations are closed, and so does the statement', async () => {
    const s = await attested();
    const { plan } = await s.state();
    const [grant] = await s.grants();
    await s.send(s.authority, [await instructions.settle(s.authority.address, plan, grant!, true)]);
    const attestation = await s.attestation();
    const close = getCloseAttestationInstruction({
      plan: s.plan,
      attestation: attestation.address,
      rentPayer: attestation.account.rentPayer,
      treasury: plan.account.treasury,
      eventAuthority: await eventAuthorityAddress(),
      program: EARNOUT_PROGRAM_ADDRESS,
    });
    await s.send(s.authority, [close]);
    open(`/grant/${grant!.address}`, s.chain, testWallet(s.contributors[0]!));
    const period = (await screen.findByText('Period 0')).closest('details')!;
    await within(period).findByText('80 %');
    await within(period).findByText(/The account of the value no longer exists/);
    const { events } = await readHistory(s.chain, { plan: s.plan, counted: 0n });
    const [, first, second] = statement(await loadPlan(s.chain, s.plan), events, s.chain.now()).split('\n');
    const [one, two] = s.oracles;
    const evidence = '09'.repeat(32);
    expect(first).toContain(
      `,settled,300.000000,64,8000,${one!.address} ${two!.address},${evidence} ${evidence},240.000000,`,
    );
    expect(second).toContain(',running or to come,300.000000,,,,,,,,');
  });

  it('of somebody else can be looked at but not claimed', async () => {
    const s = await attested();
    const [grant] = await s.grants();
    open(`/grant/${grant!.address}`, s.chain, testWallet(s.arbiter));
    await screen.findByText(/another account than the connected one/);
    expect(screen.getByRole('button', { name: 'Claim' }).hasAttribute('disabled')).toBe(true);
  });
});

describe('my grants', () => {
  it('of a key without any say so', async () => {
    const s = await scenario();
    open('/grants', s.chain, testWallet(s.arbiter));
    await screen.findByText('No grant is made to this address on this cluster.');
  });

  it('show what claiming pays, the same as the grant’s page and the dialog', async () => {
    const user = userEvent.setup();
    const s = await attested({
      kpis: [kpi(), kpi({ name: 'own', scope: Scope.Individual })],
      grants: [{ kpiWeights: [5_000, 5_000] }],
    });
    const [me] = s.contributors;
    const [grant] = await s.grants();
    const { plan } = await s.state();
    // Period 0 is settled by 80 % and silence, whose score is 0; period 1 has ended and is final too.
    s.chain.warp(periodTimes(plan, 1).end + 60n);
    await s.vote(s.oracles.slice(0, 2), 0, 1, 800n);
    await s.votePage(s.oracles.slice(0, 2), 1, 1, 0, [800n]);
    s.chain.warp(periodTimes(plan, 1).settleDeadline + 60n);
    open('/grants', s.chain, testWallet(me!));
    expect(await figure('Claimable now')).toBe('420');
    await user.click(screen.getByRole('button', { name: 'Claim' }));
    const dialog = await screen.findByRole('dialog');
    expect((await within(dialog).findByText('420')).className).toContain('amount');
    open(`/grant/${grant!.address}`, s.chain, testWallet(me!));
    expect(await figure('Claimable now')).toBe('420');
    open(`/plan/${s.plan}`, s.chain, testWallet(me!));
    const grants = within(await screen.findByRole('region', { name: 'Grants' }));
    expect(grants.getByText('420').className).toContain('amount');
  });

  it('that wait for others say for whom, and anybody can settle them', async () => {
    const user = userEvent.setup();
    const terms = { unearnedPolicy: UnearnedPolicy.Redistribute };
    const s = await attested({ terms, grants: [{}, { allocation: 600n * TOKEN }, { allocation: 600n * TOKEN }] });
    const { plan } = await s.state();
    const [mine] = await s.grants();
    const [me] = s.contributors;
    await s.send(me!, [await instructions.settle(me!.address, plan, mine!, true)]);
    open('/grants', s.chain, testWallet(me!));
    await screen.findByText('Period 0 is shared out once 2 other grants have settled it.');
    expect(await figure('Claimable now')).toBe('240');
    open(`/grant/${mine!.address}`, s.chain, testWallet(me!));
    await screen.findByText('Period 0 is shared out once 2 other grants have settled it.');
    await screen.findByRole('link', { name: 'grant 1' });
    await screen.findByRole('link', { name: 'grant 2' });
    await user.click(screen.getByRole('button', { name: 'Settle for the others' }));
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findAllByText('settles period 0');
    expect(within(dialog).getAllByText('collects its bonus of period 0')).toHaveLength(3);
    await user.click(within(dialog).getByRole('button', { name: 'Settle' }));
    await within(dialog).findByText('Settled and collected for everybody who was behind.');
    for (const { account } of await s.grants()) {
      expect([account.nextPeriod, account.collectedThrough, account.bonus > 0n]).toEqual([1, 1, true]);
    }
    await waitFor(() => expect(screen.queryByText(/is shared out once/)).toBeNull());
    // 240 and the whole of what it did not earn, since all scored alike.
    await waitFor(async () => expect(await figure('Claimable now')).toBe('300'));
  });

  it('are claimed together, in one transaction if they fit', async () => {
    const user = userEvent.setup();
    const s = await attested({ grants: [{}, { allocation: 600n * TOKEN }], oneContributor: true });
    open('/grants', s.chain, testWallet(s.contributors[0]!));
    await screen.findByText('2 grants can be claimed now.');
    await user.click(screen.getByRole('button', { name: 'Claim all' }));
    const dialog = await screen.findByRole('dialog');
    const sent = s.chain.sent.length;
    await user.click(await within(dialog).findByRole('button', { name: 'Claim' }));
    await within(dialog).findByText('Claimed 240.000000 + 120.000000 tokens.');
    expect(s.chain.sent.length - sent).toBe(1);
    expect((await s.grants()).map(({ account }) => account.claimed)).toEqual([240n * TOKEN, 120n * TOKEN]);
  });
});

describe('a plan', () => {
  it('shows its books, and names of strangers for what they are', async () => {
    const s = await attested({ kpis: [kpi({ name: 'a<b>b', unit: '<i>' })] });
    const { plan } = await s.state();
    open(`/plan/${s.plan}`, s.chain, testWallet(s.arbiter));
    expect(await figure('Balance')).toBe('500,000');
    expect(await figure('Reserved')).toBe('1,500');
    expect(await figure('Left over')).toBe('498,500');
    expect(screen.getAllByText(/a<b>b/).length).toBeGreaterThan(0);
    const calendar = within(screen.getByRole('region', { name: 'Calendar' }));
    expect(calendar.getAllByRole('row')).toHaveLength(1 + plan.calendar.periodCount);
    expect(calendar.getAllByRole('row')[1]!.textContent).toContain('settling');
    const values = within(screen.getByRole('region', { name: 'Values' }));
    expect(values.getByText('80 %')).toBeTruthy();
  });

  it('on mainnet is marked, whatever the endpoint is called', async () => {
    const s = await scenario();
    s.chain.genesisHash = () => Promise.resolve('5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d');
    open(`/plan/${s.plan}`, s.chain, testWallet(s.arbiter));
    await screen.findByText('Mainnet: real tokens');
    expect(screen.getByText('127.0.0.1:8899')).toBeTruthy();
    await screen.findByText(/is an endpoint of mainnet, and this page’s address says localnet/);
  });

  it('names what is at an address that is none', async () => {
    const s = await scenario();
    open(`/plan/${s.mint}`, s.chain, testWallet(s.arbiter));
    await screen.findByText('The account at this address is not a plan.');
  });
});

describe('the oracle', () => {
  it('sees the score that a value means, and cannot report one out of range', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    const { plan } = await s.state();
    s.chain.warp(periodTimes(plan, 0).end + 60n);
    open(`/plan/${s.plan}/attest`, s.chain, testWallet(s.oracles[0]!));
    const value = await screen.findByLabelText('Value, %');
    await user.type(value, '100.1');
    await screen.findByText('The plan accepts 0 to 100.');
    await user.clear(value);
    await user.type(value, '64');
    expect((await screen.findByText('80 %')).tagName).toBe('STRONG');
    await user.click(screen.getByRole('button', { name: 'Review 1 value' }));
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findByText(/has no evidence/);
    await user.click(within(dialog).getAllByRole('button', { name: 'Close' })[0]!);
    await user.type(screen.getByLabelText('Evidence for all of them'), 'https://example.org');
    await user.click(screen.getByRole('button', { name: 'Review 1 value' }));
    await user.click(await screen.findByRole('button', { name: 'Attest 1 value' }));
    await screen.findByText(/Your values are recorded/);
    expect((await s.attestation()).account.values[0]).toBe(640n);
  });

  it('reports values of several grants of a page in one upload, typed and from a file, with a manifest', async () => {
    const user = userEvent.setup();
    const s = await scenario({ kpis: [kpi({ scope: Scope.Individual })], grants: [{}, {}, {}, {}] });
    const { plan } = await s.state();
    const [oracle] = s.oracles;
    s.chain.warp(periodTimes(plan, 0).end + 60n);
    open(`/plan/${s.plan}/attest`, s.chain, testWallet(oracle!));
    await screen.findByText('4 values to report');
    const file = screen.getByLabelText(/^File of values of milestones completed/);
    await user.upload(file, new File(['grant,value\n9,5'], 'values.csv', { type: 'text/csv' }));
    await screen.findByText('2: grant: grant 9 has no value to report here');
    await user.upload(file, new File(['grant,value,evidence\n0,64,a link\n3,80,'], 'values.csv', { type: 'text/csv' }));
    await screen.findByText('2 of 4 grants have a value here.');
    await user.type(screen.getByLabelText('Value for grant 1, %'), '10');
    await user.type(screen.getByLabelText('Evidence for all of them'), 'https://example.org');
    await user.click(screen.getByRole('button', { name: 'Review 3 values' }));
    const dialog = await screen.findByRole('dialog');
    const save = await within(dialog).findByRole('button', { name: /^\w{4}….{4}\.json$/ });
    const saved = savedFiles();
    await user.click(save);
    const sent = s.chain.sent.length;
    await user.click(within(dialog).getByRole('button', { name: 'Attest 3 values' }));
    await screen.findByText(/Your values are recorded/);
    expect(s.chain.sent.length - sent).toBe(1);
    const [ballot] = (await s.page()).ballots;
    expect(ballot!.values).toEqual([640n, 100n, undefined, 800n]);
    const [link, all] = await Promise.all(
      ['a link', 'https://example.org'].map(async (text) => hex(await sha256(text))),
    );
    const text = saved[0]!.text;
    expect(saved[0]!.name).toBe(`${hex(ballot!.evidence)}.json`);
    expect(hex(await sha256(text))).toBe(hex(ballot!.evidence));
    const votes = (manifest: string) =>
      [...readManifest(manifest)!.votes].map(([grant, { value, evidence }]) => [grant, value, hex(evidence!)]);
    expect(votes(text)).toEqual([
      [0, 640n, link],
      [1, 100n, all],
      [3, 800n, all],
    ]);

    // What is added repeats that, and it has to be at hand.
    cleanup();
    open(`/plan/${s.plan}/attest`, s.chain, testWallet(oracle!));
    await user.type(await screen.findByLabelText('Value for grant 2, %'), '20');
    await user.type(screen.getByLabelText('Evidence for all of them'), 'https://example.org');
    await user.click(screen.getByRole('button', { name: 'Review 1 value' }));
    const refused = await screen.findByRole('dialog');
    await within(refused).findByText(/^You reported values of grants 0-1, 3 of milestones completed before/);
    await user.click(within(refused).getAllByRole('button', { name: 'Close' })[0]!);
    const earlier = screen.getByLabelText('Manifests of earlier uploads');
    await user.upload(earlier, new File(['{}'], 'other.json', { type: 'application/json' }));
    await screen.findByText('other.json: is not a manifest');
    await user.upload(earlier, new File([text], saved[0]!.name, { type: 'application/json' }));
    await screen.findByText(/1 manifest read/);
    await user.click(screen.getByRole('button', { name: 'Review 1 value' }));
    const again = await screen.findByRole('dialog');
    await user.click(await within(again).findByRole('button', { name: /json$/ }));
    await user.click(within(again).getByRole('button', { name: 'Attest 1 value' }));
    await screen.findByText(/Your values are recorded/);
    const [after] = (await s.page()).ballots;
    expect(after!.values).toEqual([640n, 100n, 200n, 800n]);
    const repeated = saved[1]!.text;
    expect(hex(await sha256(repeated))).toBe(hex(after!.evidence));
    expect(votes(repeated)).toEqual([
      [0, 640n, link],
      [1, 100n, all],
      [2, 200n, all],
      [3, 800n, all],
    ]);
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it('that is none is told so', async () => {
    const s = await scenario();
    open(`/plan/${s.plan}/attest`, s.chain, testWallet(s.arbiter));
    await screen.findByText('This key is not an oracle of this plan.');
  });
});

describe('disputes of individual values', () => {
  it('are made, read and decided for several grants at once', async () => {
    const user = userEvent.setup();
    const s = await scenario({ kpis: [kpi({ scope: Scope.Individual })], grants: [{}, {}, {}] });
    const { plan } = await s.state();
    s.chain.warp(periodTimes(plan, 0).end + 60n);
    await s.votePage(s.oracles.slice(0, 2), 0, 0, 0, [100n, 200n, 300n]);
    const [mine] = await s.grants();

    open(`/grant/${mine!.address}`, s.chain, testWallet(s.contributors[0]!));
    await user.click(await screen.findByRole('button', { name: 'Dispute' }));
    await user.type(screen.getByLabelText('Your reason (or the SHA-256 of it)'), 'It was done.');
    await user.click(screen.getByRole('button', { name: 'Review' }));
    await user.click(await within(await screen.findByRole('dialog')).findByRole('button', { name: 'Dispute' }));
    await screen.findByText(/^Disputed. The arbiter can rule now/);

    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    const section = (await screen.findByRole('heading', { name: 'Dispute values' })).closest('section')!;
    expect(within(section).queryByLabelText(/^Grant 0:/)).toBeNull();
    await user.click(within(section).getByLabelText('All 2 grants'));
    await user.type(within(section).getByLabelText('Reason'), 'They were counted twice.');
    const before = s.chain.sent.length;
    await user.click(within(section).getByRole('button', { name: 'Review 2 disputes' }));
    await user.click(await screen.findByRole('button', { name: '2 disputes' }));
    await screen.findByText(/^Disputed. The arbiter can rule now/);
    expect(s.chain.sent.length - before).toBe(1);

    open(`/plan/${s.plan}/rule`, s.chain, testWallet(s.arbiter));
    await screen.findByText('3 grants are disputed. A ruling is for those that are chosen.');
    await user.click(screen.getByLabelText('Grant 0'));
    await user.click(screen.getByLabelText('Grant 2'));
    await user.selectOptions(screen.getByLabelText('Ruling for 2 chosen grants'), 'value');
    await user.type(screen.getByLabelText('Value that counts'), '80');
    await user.type(screen.getByLabelText('Reason'), 'The record shows it.');
    // Who disputed and why is known from the page's events only.
    expect(await screen.findAllByText(/by a beneficiary/)).toHaveLength(1);
    expect(screen.getAllByText(/by the authority/)).toHaveLength(2);
    const reason = hex(await sha256('It was done.'));
    await waitFor(() => expect(screen.getByTitle(reason)).toBeTruthy());
    await user.click(screen.getByRole('button', { name: 'Review 2 rulings' }));
    await user.click(await screen.findByRole('button', { name: '2 rulings' }));
    await screen.findByText(/^Ruled. The outcome is final/);
    const { entries } = await s.page();
    expect(entries.map(({ ruling }) => ruling?.kind)).toEqual(['value', undefined, 'value']);
    await screen.findByText('Decided');

    open(`/grant/${mine!.address}`, s.chain, testWallet(s.contributors[0]!));
    await waitFor(() => expect(screen.getByTitle(reason)).toBeTruthy());
    expect(screen.getByText('Ruled').nextSibling!.textContent).toContain('80');
  });
});

describe('a vote that changes nothing', () => {
  it('says so wherever votes are listed: it came or changed after enough oracles had agreed', async () => {
    const s = await scenario({ kpis: [kpi({ scope: Scope.Individual })], grants: [{}, {}] });
    const { plan } = await s.state();
    const [grant] = await s.grants();
    const [one, two, three] = s.oracles;
    s.chain.warp(periodTimes(plan, 0).end + 60n);
    await s.votePage([one!, two!], 0, 0, 0, [640n, 640n]);
    await s.votePage([three!], 0, 0, 0, [100n, 100n]);
    await s.votePage([one!], 0, 0, 0, [990n]);
    const why = (root: HTMLElement) =>
      [...root.querySelectorAll('.votes')].map((list) =>
        [...list.querySelectorAll('li')].map((item) => item.querySelector('.idle')?.textContent),
      );
    const came = 'Came after enough oracles had agreed: changes nothing.';
    const changed = 'Changed after enough oracles had agreed: changes nothing.';
    // The plan lists more values than events can be read for: there it is what was agreed on, or not.
    open(`/plan/${s.plan}`, s.chain, testWallet(s.authority));
    const table = await screen.findByRole('region', { name: 'Values' });
    await within(table).findAllByText('64', { exact: false });
    expect(why(table)).toEqual([
      ['Not what enough oracles agreed on: changes nothing.', undefined, came],
      [undefined, undefined, came],
    ]);
    open(`/grant/${grant!.address}`, s.chain, testWallet(s.contributors[0]!));
    await screen.findByText(changed);
    expect(why(document.body)).toEqual([[changed, undefined, came]]);

    const both = { kpi: 0, period: 0, grants: pageGrants([0, 1]) };
    const reason = new Uint8Array(32).fill(3);
    await s.send(s.authority, [await instructions.dispute(s.authority.address, s.plan, both, undefined, reason)]);
    open(`/plan/${s.plan}/rule`, s.chain, testWallet(s.arbiter));
    await screen.findByText(changed);
    expect(why(document.body)).toEqual([
      [changed, undefined, came],
      [undefined, undefined, came],
    ]);
    // An oracle is not asked for what it could not change.
    open(`/plan/${s.plan}/attest`, s.chain, testWallet(three!));
    await screen.findByText('Nothing is due.');
  });

  it('is not said of where the agreement is void; there it can be changed until voting ends', async () => {
    const s = await scenario({ grants: [] });
    const [one, two, three] = s.oracles;
    const own = await scenario({
      chain: s.chain,
      kpis: [kpi({ scope: Scope.Individual })],
      contributor: one!,
      terms: { oracles: s.oracles.map(({ address }) => address) },
    });
    const [grant] = await own.grants();
    s.chain.warp(periodTimes((await own.state()).plan, 0).end + 60n);
    await own.votePage([one!, two!], 0, 0, 0, [990n]);
    await own.votePage([three!], 0, 0, 0, [100n]);
    open(`/grant/${grant!.address}`, s.chain, testWallet(one!));
    await screen.findByText('Does not count: the grant is the oracle’s own.');
    expect(document.querySelectorAll('.idle')).toHaveLength(1);
    open(`/plan/${own.plan}/attest`, s.chain, testWallet(two!));
    expect((await screen.findByText(/it can be changed until/)).textContent).toContain(
      'it can be changed until voting ends.',
    );
  });
});

describe('the authority', () => {
  it('is told who can sign when it is somebody else', async () => {
    const s = await scenario();
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.arbiter));
    await screen.findByText('Only the authority can sign here:');
    for (const button of screen.getAllByRole('button', { name: 'Review' }).slice(1)) {
      expect(button.hasAttribute('disabled')).toBe(true);
    }
  });
});
