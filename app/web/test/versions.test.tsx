// @vitest-environment jsdom
// Which form of transactions goes out: what network, endpoint, wallet and person say of it, and what of that is believed.
import './support/dom';
import { cleanup, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { type Signature, getBase64Encoder, getTransactionDecoder } from '@solana/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chain } from '../src/chain/chain';
import { customCluster } from '../src/chain/cluster';
import { Fault } from '../src/chain/fault';
import * as instructions from '../src/chain/instructions';
import { rpcChain } from '../src/chain/rpcChain';
import { versionOf } from '../src/chain/transaction';
import { FEATURES, VERSION_1_FEATURE, chooser, isActive } from '../src/chain/version';
import { periodTimes } from '../src/domain/terms';
import { UnearnedPolicy } from '../src/generated/types/unearnedPolicy';
import { endpointStore, parseSettings } from '../src/state/endpoints';
import { signsOf } from '../src/wallet/wallets';
import { LiteChain } from './support/liteChain';
import { open, testWallet } from './support/page';
import { person } from './support/people';
import { type Scenario, TOKEN, scenario } from './support/scenario';

beforeEach(() => localStorage.clear());
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const LONG = { timeout: 20_000 };
const NEW = { name: 'New', version1: true };
const OLD = { name: 'Old', version1: false };

describe('the version', () => {
  it('is 1 where network, endpoint and wallet have it, or somebody says so', async () => {
    const choose = chooser(new LiteChain());
    expect(await choose('auto', NEW)).toBe(1);
    expect(await choose('auto', OLD)).toBe(0);
    expect(await choose(0, NEW)).toBe(0);
    expect(await choose(1, NEW)).toBe(1);
    await expect(choose(1, OLD)).rejects.toThrow('Old does not sign transactions of version 1.');
  });

  it('is 1 by the activated feature alone', () => {
    const active = [1, 9, 0, 0, 0, 0, 0, 0, 0];
    const account = (owner: typeof FEATURES, data: number[], balance = 1n) =>
      isActive({ owner, lamports: balance, data: new Uint8Array(data) });
    expect(account(FEATURES, active)).toBe(true);
    expect(account(FEATURES, active, 0n)).toBe(false);
    for (const data of [Array<number>(9).fill(0), active.slice(0, 8), [...active, 0], []]) {
      expect(account(FEATURES, data), data.join()).toBe(false);
    }
    expect(account(VERSION_1_FEATURE, active)).toBe(false);
  });

  it('is asked for again after a no, and not after a yes', async () => {
    const chain = new LiteChain();
    chain.hasVersion1(false);
    const asked = vi.spyOn(chain, 'accounts');
    const choose = chooser(chain);
    expect([await choose('auto', NEW), await choose('auto', NEW)]).toEqual([0, 0]);
    expect(asked).toHaveBeenCalledTimes(2);
    chain.hasVersion1(true);
    expect([await choose('auto', NEW), await choose('auto', NEW)]).toEqual([1, 1]);
    expect(asked).toHaveBeenCalledTimes(3);
    // An old wallet and a person's choice need no answer.
    expect([await choose('auto', OLD), await choose(0, NEW)]).toEqual([0, 0]);
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it('is 0 where the endpoint does not read version 1, and unknown where it does not answer', async () => {
    const answers: [Chain['simulate'], 0 | 1 | Fault['kind']][] = [
      [() => Promise.reject(new Fault('endpoint', 'failed to deserialize')), 0],
      [() => Promise.reject(new Fault('refused', 'invalid transaction')), 0],
      [() => Promise.reject(new Fault('unreachable', '503')), 'unreachable'],
    ];
    const error =
      (found: unknown): Chain['simulate'] =>
      () =>
        Promise.resolve({ error: found, logs: [], units: 0n });
    for (const name of ['AccountNotFound', 'InvalidAccountForFee', { InsufficientFundsForFee: 0 }, undefined]) {
      answers.push([error(name), 1]);
    }
    for (const name of ['UnsupportedVersion', 'SanitizeFailure', { InstructionError: [0, 'InvalidInstructionData'] }]) {
      answers.push([error(name), 0]);
    }
    for (const [simulate, expected] of answers) {
      const chain = new LiteChain();
      chain.simulate = simulate;
      const found = chooser(chain)('auto', NEW);
      if (typeof expected === 'string') await expect(found).rejects.toMatchObject({ kind: expected });
      else expect(await found).toBe(expected);
    }
  });

  it('is asked for with a transaction of version 1 that nobody signed, over RPC', async () => {
    const asked: { method: string; params: unknown[] }[] = [];
    let code: number | undefined;
    vi.stubGlobal('fetch', (_: string, { body }: { body: string }) => {
      const { id, method, params } = JSON.parse(body) as { id: string; method: string; params: unknown[] };
      asked.push({ method, params });
      const data = Buffer.from([1, 9, 0, 0, 0, 0, 0, 0, 0]).toString('base64');
      const account = {
        owner: FEATURES,
        lamports: 1,
        data: [data, 'base64'],
        executable: false,
        space: 9,
        rentEpoch: 0,
      };
      const simulated =
        code === undefined ? { result: { value: { err: 'AccountNotFound', logs: [] } } } : { error: { code } };
      const answer = method === 'getMultipleAccounts' ? { result: { value: [account] } } : simulated;
      return Promise.resolve(new Response(JSON.stringify({ jsonrpc: '2.0', id, ...answer })));
    });
    const choose = chooser(rpcChain(customCluster('http://rpc.example')));
    code = -32602;
    expect(await choose('auto', NEW)).toBe(0);
    code = undefined;
    expect(await choose('auto', NEW)).toBe(1);
    expect(asked.map(({ method }) => method)).toEqual([
      'getMultipleAccounts',
      'simulateTransaction',
      'getMultipleAccounts',
      'simulateTransaction',
    ]);
    const wire = getBase64Encoder().encode(String(asked[1]!.params[0]));
    const probe = getTransactionDecoder().decode(wire);
    expect(versionOf(probe)).toBe(1);
    expect(probe.signatures).toEqual({ [VERSION_1_FEATURE]: null });
    expect(asked[1]!.params[1]).toMatchObject({ sigVerify: false });
  });

  it('is what a wallet lists, and a wallet that lists nothing has no version 1', () => {
    const wallet = (supportedTransactionVersions: unknown) =>
      ({ name: 'A', features: { 'solana:signTransaction': { supportedTransactionVersions } } }) as never;
    expect(signsOf(wallet(['legacy', 0, 1]))).toEqual({ name: 'A', version1: true });
    for (const listed of [['legacy', 0], ['legacy'], [], undefined, '1', ['1'], { 1: true }]) {
      expect(signsOf(wallet(listed)).version1, JSON.stringify(listed)).toBe(false);
    }
  });

  it('is a setting of the person, else of the site, and stays when the endpoint changes', () => {
    expect(endpointStore().versions()).toBe('auto');
    const site = { config: { endpoints: {}, transactionVersion: 0 } } as const;
    const store = endpointStore(site);
    expect(store.versions()).toBe(0);
    store.chooseVersions(1);
    store.choose('devnet', { rpc: 'https://mine.example' });
    expect(endpointStore(site).versions()).toBe(1);
    store.chooseVersions(0);
    expect(localStorage.getItem('earnout.endpoints')).not.toContain('transactionVersion');
    expect(endpointStore(site).cluster('devnet').rpcUrl).toBe('https://mine.example');
    for (const wrong of [2, '1', 'legacy', null]) {
      expect(() => parseSettings({ transactionVersion: wrong })).toThrow(
        /"transactionVersion" is .*; expected "auto", 0 or 1/,
      );
    }
  });
});

/** The versions of what was sent from now on. */
function sentBy(chain: LiteChain): unknown[] {
  const versions: unknown[] = [];
  const send = chain.send.bind(chain);
  chain.send = (wire) => {
    versions.push(versionOf(getTransactionDecoder().decode(getBase64Encoder().encode(wire))));
    return send(wire);
  };
  return versions;
}

const button = (name: string | RegExp) => within(screen.getByRole('dialog')).findByRole('button', { name });

/** Closes the dialog by its corner or button. */
const close = async (user: ReturnType<typeof userEvent.setup>) =>
  user.click(within(screen.getByRole('dialog')).getAllByRole('button', { name: 'Close' })[0]!);

async function fund(user: ReturnType<typeof userEvent.setup>, s: Scenario, wallet = testWallet(s.authority)) {
  open(`/plan/${s.plan}/manage`, s.chain, wallet);
  const section = (await screen.findByRole('heading', { name: 'Fund' })).closest('section')!;
  await user.type(within(section).getByLabelText('Amount'), '1');
  await user.click(within(section).getByRole('button', { name: 'Review' }));
}

async function choose(user: ReturnType<typeof userEvent.setup>, versions: string) {
  await user.click(screen.getByRole('button', { name: 'Change the cluster' }));
  await user.selectOptions(screen.getByLabelText('Transactions'), versions);
  await user.click(await button('Use this cluster'));
}

describe('what the page sends', () => {
  for (const [name, versions, active, expected] of [
    ['is of version 1 where all have it', ['legacy', 0, 1], true, 1],
    ['is of version 0 for a wallet that lists no newer one', ['legacy', 0], true, 0],
    ['is of version 0 on a network that has no newer one', ['legacy', 0, 1], false, 0],
  ] as const) {
    it(name, async () => {
      const user = userEvent.setup();
      const s = await scenario();
      s.chain.hasVersion1(active);
      const sent = sentBy(s.chain);
      await fund(user, s, testWallet(s.authority, versions));
      await user.click(await button('Fund'));
      await screen.findByText('The vault is funded.', undefined, LONG);
      expect(sent).toEqual([expected]);
    });
  }

  it('is what the person chose, and says where a wallet cannot', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    const sent = sentBy(s.chain);
    const wallet = testWallet(s.authority, ['legacy', 0]);
    await fund(user, s, wallet);
    await button('Fund');
    await user.click(await button('Cancel'));
    await choose(user, '1');
    const section = (await screen.findByRole('heading', { name: 'Fund' })).closest('section')!;
    await user.clear(within(section).getByLabelText('Amount'));
    await user.type(within(section).getByLabelText('Amount'), '1');
    await user.click(within(section).getByRole('button', { name: 'Review' }));
    await screen.findByText(/Test Wallet does not sign transactions of version 1. Nothing was sent./);
    await close(user);
    wallet.sign(['legacy', 0, 1]);
    await choose(user, '0');
    await user.click(within(section).getByRole('button', { name: 'Review' }));
    await user.click(await button('Fund'));
    await screen.findByText('The vault is funded.', undefined, LONG);
    expect(sent).toEqual([0]);
  });

  it('is never of a version that the wallet does not list any more when it is asked', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    const before = (await s.state()).vault.amount;
    const sent = sentBy(s.chain);
    const wallet = testWallet(s.authority);
    await fund(user, s, wallet);
    const confirm = await button('Fund');
    wallet.sign(['legacy', 0]);
    await user.click(confirm);
    await screen.findByText(/does not sign transactions of version 1. Nothing was sent./);
    expect(sent).toEqual([]);
    // The summary is made anew, for what the wallet says now.
    await user.click(await button('Back to the summary'));
    await user.click(await button('Fund'));
    await screen.findByText('The vault is funded.', undefined, LONG);
    expect(sent).toEqual([0]);
    expect((await s.state()).vault.amount).toBe(before + TOKEN);
  });

  it('is shown not to be possible before anything is signed, where the simulation of the real one fails', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    const sent = sentBy(s.chain);
    const simulate = s.chain.simulate.bind(s.chain);
    s.chain.simulate = (wire) => {
      const message = getTransactionDecoder().decode(getBase64Encoder().encode(wire));
      if (VERSION_1_FEATURE in message.signatures || versionOf(message) === 0) return simulate(wire);
      return Promise.resolve({ error: 'UnsupportedVersion', logs: [], units: 0n });
    };
    const wallet = testWallet(s.authority);
    const hold = wallet.hold();
    await fund(user, s, wallet);
    await screen.findByText(/The network does not take transactions of this version./);
    await screen.findByText(/Choose version 0 under “Change” at the top of the page./);
    await close(user);
    await choose(user, '0');
    const section = (await screen.findByRole('heading', { name: 'Fund' })).closest('section')!;
    await user.clear(within(section).getByLabelText('Amount'));
    await user.type(within(section).getByLabelText('Amount'), '1');
    await user.click(within(section).getByRole('button', { name: 'Review' }));
    hold();
    await user.click(await button('Fund'));
    await screen.findByText('The vault is funded.', undefined, LONG);
    expect(sent).toEqual([0]);
  });

  it('expires with proof where the endpoint says yes and then refuses it, and nothing goes out twice', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    const before = (await s.state()).vault.amount;
    const send = s.chain.send.bind(s.chain);
    const tried: string[] = [];
    s.chain.send = (wire) => {
      tried.push(wire);
      return Promise.reject(new Fault('endpoint', 'It refused sendTransaction (error -32602).'));
    };
    await fund(user, s);
    await user.click(await button('Fund'));
    const dialog = within(screen.getByRole('dialog'));
    await dialog.findByText(/Transactions of version 0 can be chosen under “Change”/, undefined, LONG);
    await waitFor(() => expect(tried.length).toBeGreaterThan(1), LONG);
    // The same bytes each time; nothing else is offered before the proof.
    expect(new Set(tried).size).toBe(1);
    expect(versionOf(getTransactionDecoder().decode(getBase64Encoder().encode(tried[0]!)))).toBe(1);
    expect(screen.queryByRole('button', { name: 'Back to the summary' })).toBeNull();
    s.chain.expireBlockhash();
    await dialog.findByText(/It was not executed: nothing was changed./, undefined, LONG);
    s.chain.send = send;
    await close(user);
    await choose(user, '0');
    const sent = sentBy(s.chain);
    const section = (await screen.findByRole('heading', { name: 'Fund' })).closest('section')!;
    await user.clear(within(section).getByLabelText('Amount'));
    await user.type(within(section).getByLabelText('Amount'), '1');
    await user.click(within(section).getByRole('button', { name: 'Review' }));
    await user.click(await button('Fund'));
    await screen.findByText('The vault is funded.', undefined, LONG);
    expect(sent).toEqual([0]);
    expect((await s.state()).vault.amount).toBe(before + TOKEN);
  });

  it('is followed after the page was loaded again, whatever its version, and not sent as another one', async () => {
    const user = userEvent.setup();
    for (const version of [1, 0] as const) {
      const s = await scenario();
      const before = (await s.state()).vault.amount;
      const executed = s.chain.sent.length;
      const send = s.chain.send.bind(s.chain);
      s.chain.send = () => Promise.resolve('dropped' as Signature);
      await fund(user, s, testWallet(s.authority, version === 1 ? ['legacy', 0, 1] : ['legacy', 0]));
      await user.click(await button('Fund'));
      await screen.findByText(/Sent. Waiting for the chain/);
      s.chain.send = send;
      const sent = sentBy(s.chain);
      // The wallet of the page that is loaded again says something else.
      open(`/plan/${s.plan}`, s.chain, testWallet(s.authority, version === 1 ? ['legacy', 0] : ['legacy', 0, 1]));
      const corner = await screen.findByRole('complementary', { name: 'What was sent' });
      await waitFor(() => expect(corner.textContent).toContain('Fund the plan: executed.'), LONG);
      // The page before goes on in this process, and so may send the same bytes once more.
      expect(new Set(sent)).toEqual(new Set([version]));
      expect(s.chain.sent.length - executed).toBe(1);
      expect((await s.state()).vault.amount).toBe(before + TOKEN);
      localStorage.clear();
    }
  });

  it('for a multisig is of version 0 whatever is chosen', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    await screen.findByRole('heading', { name: 'Fund' });
    await choose(user, '1');
    const section = (await screen.findByRole('heading', { name: 'Fund' })).closest('section')!;
    await user.clear(within(section).getByLabelText('Amount'));
    await user.type(within(section).getByLabelText('Amount'), '1');
    await user.click(within(section).getByRole('button', { name: 'Export for a multisig' }));
    await user.click(await button('Make the message'));
    const text = await within(screen.getByRole('dialog')).findByRole<HTMLTextAreaElement>('textbox', {
      name: 'Message 1',
    });
    expect(getBase64Encoder().encode(text.value)[0]).toBe(128);
  });
});

describe('one transaction', () => {
  it('of version 1 settles for everybody where version 0 takes several', async () => {
    const user = userEvent.setup();
    for (const [versions, expected] of [
      [
        ['legacy', 0],
        [0, 0, 0],
      ],
      [
        ['legacy', 0, 1],
        [1, 1],
      ],
    ] as const) {
      const terms = { unearnedPolicy: UnearnedPolicy.Redistribute };
      const s = await scenario({ terms, grants: Array.from({ length: 25 }, () => ({})) });
      const { plan } = await s.state();
      s.chain.warp(periodTimes(plan, 0).end + 60n);
      await s.vote(s.oracles.slice(0, 2), 0, 0, 640n);
      s.chain.warp(periodTimes(plan, 0).settleDeadline + 60n);
      const [mine] = await s.grants();
      const [me] = s.contributors;
      await s.send(me!, [await instructions.settle(me!.address, plan, mine!, true)]);
      const sent = sentBy(s.chain);
      open(`/grant/${mine!.address}`, s.chain, testWallet(me!, versions));
      await user.click(await screen.findByRole('button', { name: 'Settle for the others' }));
      // 24 settlements and 25 bonuses; a transaction has at most 64 calls, two each.
      await screen.findByText('37 more steps of this kind');
      await user.click(await button('Settle'));
      await screen.findByText('Settled and collected for everybody who was behind.', undefined, LONG);
      for (const { account } of await s.grants()) {
        expect([account.nextPeriod, account.collectedThrough]).toEqual([1, 1]);
      }
      expect(sent).toEqual(expected);
      localStorage.clear();
    }
  });

  it('makes more grants, and a whole import, in version 1', async () => {
    const user = userEvent.setup();
    const s = await scenario({ grants: [] });
    const people = await Promise.all(Array.from({ length: 30 }, person));
    const headline = 'beneficiary,allocation,cliff,time_weight,weight:0,revocable,transferable';
    const text = [headline, ...people.map(({ address }) => `${address},10,0,0,10000,true,false`)].join('\n');
    const sent = sentBy(s.chain);
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    const input = await screen.findByLabelText('File of grants');
    await user.upload(input, new File([text], 'grants.csv', { type: 'text/csv' }));
    await screen.findByText('30 rows: 30 new.');
    await user.click(screen.getAllByRole('button', { name: 'Review' }).at(-3)!);
    await user.click(await button('Make 30 grants'));
    await screen.findByText('30 grants made, funded in full.', undefined, { timeout: 30_000 });
    // 12 grants of 5 calls each are the 60 that 64 hold.
    expect(sent).toEqual([1, 1, 1]);
    const all = (await s.grants()).map(({ account }) => account.beneficiary);
    expect(all).toEqual(people.map(({ address }) => address));
  });
});
