// @vitest-environment jsdom
// What the page says and offers while, and after, something was sent.
import './support/dom';
import { cleanup, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import {
  type Signature,
  decompileTransactionMessage,
  getBase64Encoder,
  getCompiledTransactionMessageDecoder,
} from '@solana/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fault } from '../src/chain/fault';
import * as instructions from '../src/chain/instructions';
import { TOKEN_PROGRAM, associatedTokenAccount } from '../src/chain/token';
import { prepare } from '../src/chain/transaction';
import { getRequireBeforeInstructionDataDecoder } from '../src/generated/instructions/requireBefore';
import { EARNOUT_PROGRAM_ADDRESS } from '../src/generated/programs/earnout';
import { periodTimes } from '../src/domain/terms';
import { utcTime } from '../src/text/time';
import { open, testWallet } from './support/page';
import { person, signing } from './support/people';
import { type Scenario, TOKEN, scenario } from './support/scenario';
import { submit } from './support/submit';

beforeEach(() => localStorage.clear());
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Longer than the longest pause between two polls. */
const LONG = { timeout: 20_000 };
const headline = 'beneficiary,allocation,cliff,time_weight,weight:0,revocable,transferable';

/** The first period is over and everything of it can be claimed. */
async function payable(options: Parameters<typeof scenario>[0] = {}): Promise<Scenario> {
  const s = await scenario(options);
  const { plan } = await s.state();
  s.chain.warp(periodTimes(plan, 0).end + 60n);
  await s.vote(s.oracles.slice(0, 2), 0, 0, 640n);
  s.chain.warp(periodTimes(plan, 0).settleDeadline + 60n);
  return s;
}

const button = (name: string | RegExp) => within(screen.getByRole('dialog')).findByRole('button', { name });

async function fund(user: ReturnType<typeof userEvent.setup>, amount: string) {
  const section = (await screen.findByRole('heading', { name: 'Fund' })).closest('section')!;
  await user.clear(within(section).getByLabelText('Amount'));
  await user.type(within(section).getByLabelText('Amount'), amount);
  await user.click(within(section).getByRole('button', { name: 'Review' }));
}

describe('an outcome that is not known', () => {
  it('is said to be so, with the signature; the same is not offered again until it is known', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    const before = (await s.state()).vault.amount;
    const honest = s.chain.signatureStates.bind(s.chain);
    s.chain.signatureStates = () => Promise.reject(new Fault('unreachable', '429'));
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    await fund(user, '1');
    const startedAt = Date.now();
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => startedAt);
    await user.click(await button('Fund'));
    await screen.findByText(/Sent. Waiting for the chain/);
    clock.mockImplementation(() => startedAt + 31_000);
    await screen.findByText('Sent, but its outcome is not known yet.', undefined, LONG);
    expect(screen.queryByRole('button', { name: 'Back to the summary' })).toBeNull();
    const link = within(screen.getByRole('dialog')).getByRole('link');
    expect(link.getAttribute('href')).toContain('/tx/');
    await user.click(await button('Hide'));
    // In the corner, and in the way of the same.
    const corner = screen.getByRole('complementary', { name: 'What was sent' });
    expect(corner.textContent).toContain('Fund the plan');
    await fund(user, '2');
    await screen.findByText('A transaction for the same was sent, and may still be executed.');
    expect(within(screen.getByRole('dialog')).queryByRole('button', { name: 'Fund' })).toBeNull();
    expect((await s.state()).vault.amount).toBe(before + TOKEN);
    // Once it is known, the other one can be reviewed.
    s.chain.signatureStates = honest;
    await within(screen.getByRole('dialog')).findByRole('button', { name: 'Fund' }, LONG);
    await waitFor(() => expect(corner.textContent).toContain('The vault is funded.'), LONG);
    clock.mockRestore();
  });

  it('survives that the page is loaded again, and is told', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    const honest = s.chain.signatureStates.bind(s.chain);
    s.chain.signatureStates = () => Promise.reject(new Fault('unreachable', '503'));
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    await fund(user, '1');
    await user.click(await button('Fund'));
    await screen.findByText(/Sent. Waiting for the chain/);
    // Another page, which knows only what the browser's storage has.
    open(`/plan/${s.plan}`, s.chain, testWallet(s.authority));
    const corner = await screen.findByRole('complementary', { name: 'What was sent' });
    await waitFor(() => expect(corner.textContent).toContain('Fund the plan: sent'), LONG);
    s.chain.signatureStates = honest;
    await waitFor(() => expect(corner.textContent).toContain('Fund the plan: executed.'), LONG);
    await user.click(within(corner).getByRole('button', { name: 'Dismiss' }));
    expect(corner.textContent).toBe('');
    await user.click(screen.getByRole('button', { name: 'Transactions' }));
    expect(screen.getByRole('dialog').textContent).toContain('executed');
  });

  it('is told as executed though the answer to the sending was lost', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    const { amount } = (await s.state()).vault;
    const send = s.chain.send.bind(s.chain);
    s.chain.send = async (wire: string): Promise<Signature> => {
      await send(wire);
      throw new Fault('unreachable', 'The connection was closed.');
    };
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    await fund(user, '1');
    await user.click(await button('Fund'));
    await screen.findByText('The vault is funded.', undefined, LONG);
    expect((await s.state()).vault.amount).toBe(amount + TOKEN);
  });

  it('is called not executed only when it can no longer be', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    s.chain.send = () => Promise.resolve('dropped' as Signature);
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    await fund(user, '1');
    await user.click(await button('Fund'));
    await screen.findByText(/Sent. Waiting for the chain/);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(screen.queryByText(/can no longer be/)).toBeNull();
    s.chain.expireBlockhash();
    await screen.findByText(/was not executed in time, and can no longer be/, undefined, LONG);
    await button('Back to the summary');
  });
});

describe('a dialog that was closed', () => {
  it('while the wallet was open does not hide what became of it', async () => {
    const user = userEvent.setup();
    const s = await payable();
    const [grant] = await s.grants();
    const wallet = testWallet(s.contributors[0]!);
    open(`/grant/${grant!.address}`, s.chain, wallet);
    const release = wallet.hold();
    await user.click(await screen.findByRole('button', { name: 'Claim' }));
    await user.click(await button('Claim'));
    await screen.findByText('Confirm in your wallet…');
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Close' }));
    const corner = screen.getByRole('complementary', { name: 'What was sent' });
    expect(corner.textContent).toContain('waits in your wallet');
    // The same is not offered a second time meanwhile.
    await user.click(screen.getByRole('button', { name: 'Claim' }));
    await screen.findByText(/waits in your wallet. Sign or decline it there first/);
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Close' }));
    release();
    await waitFor(() => expect(corner.textContent).toContain('Claimed 240.000000 tokens.'), LONG);
    expect(within(corner).getByRole('link').getAttribute('href')).toContain('/tx/');
    expect((await s.grants())[0]!.account.claimed).toBe(240n * TOKEN);
  });
});

describe('a wallet that changes to another account', () => {
  it('leads to a summary for that one', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    const other = await person();
    s.chain.airdrop(other.address, 1n);
    const wallet = testWallet(s.authority);
    open(`/plan/${s.plan}/manage`, s.chain, wallet);
    await fund(user, '1');
    await button('Fund');
    wallet.change(other);
    // The other one has no tokens: that is said of the account that is chosen now.
    await screen.findByText('Your token account holds less than that.');
    wallet.change(s.authority);
    await user.click(await button('Fund'));
    await screen.findByText('The vault is funded.', undefined, LONG);
  });

  it('while it is asked to sign, too', async () => {
    const user = userEvent.setup();
    const s = await payable();
    const [grant] = await s.grants();
    const [me] = s.contributors;
    const wallet = testWallet(me!);
    open(`/grant/${grant!.address}`, s.chain, wallet);
    await user.click(await screen.findByRole('button', { name: 'Claim' }));
    await button('Claim');
    wallet.change(s.arbiter);
    await screen.findByText(/this grant pays/);
    wallet.change(me!);
    await user.click(await button('Claim'));
    await screen.findByText('Claimed 240.000000 tokens.', undefined, LONG);
  });
});

describe('claiming several grants', () => {
  it('pays those that can be paid, and names the one that cannot', async () => {
    const user = userEvent.setup();
    // Two plans of two tokens on one chain, with a grant for the same person each; one token account is frozen.
    const s = await payable();
    const [me] = s.contributors;
    const other = await payable({ chain: s.chain, contributor: me! });
    const frozen = await associatedTokenAccount(me!.address, other.mint, TOKEN_PROGRAM);
    await other.send(me!, [
      instructions.createTokenAccount(me!.address, me!.address, frozen, {
        mint: other.mint,
        tokenProgram: TOKEN_PROGRAM,
      }),
    ]);
    const account = s.chain.svm.getAccount(frozen);
    if (!account.exists) throw new Error('no account');
    const data = new Uint8Array(account.data);
    data[108] = 2;
    s.chain.svm.setAccount({ ...account, data });
    open('/grants', s.chain, testWallet(me!));
    await screen.findByText('2 grants can be claimed now.', undefined, LONG);
    await user.click(screen.getByRole('button', { name: 'Claim all' }));
    const verb = await button('Claim');
    const dialog = screen.getByRole('dialog');
    expect(within(dialog).getByText(/Your token account is frozen/)).toBeTruthy();
    await user.click(verb);
    await screen.findByText('Claimed 240.000000 tokens.', undefined, LONG);
    expect((await s.grants())[0]!.account.claimed).toBe(240n * TOKEN);
    expect((await other.grants())[0]!.account.claimed).toBe(0n);
  });
});

describe('grants from a file', () => {
  const upload = async (user: ReturnType<typeof userEvent.setup>, text: string) => {
    const input = await screen.findByLabelText('File of grants');
    await user.upload(input, new File([text], 'grants.csv', { type: 'text/csv' }));
  };

  describe.each([
    [0, ['legacy', 0], 3],
    [1, ['legacy', 0, 1], 1],
  ])('in version %i', (_, versions, going) => {
    it('are made batch by batch; one that was interrupted goes on with what is left', async () => {
      const user = userEvent.setup();
      const s = await scenario({ grants: [] });
      const people = await Promise.all(Array.from({ length: 30 }, person));
      const text = [headline, ...people.map(({ address }) => `${address},10,0,0,10000,true,false`)].join('\n');
      let batches = 0;
      const lifetime = s.chain.lifetime.bind(s.chain);
      s.chain.lifetime = () => {
        batches += 1;
        return lifetime();
      };
      const wallet = testWallet(s.authority, versions);
      open(`/plan/${s.plan}/manage`, s.chain, wallet);
      await upload(user, text);
      await screen.findByText('30 rows: 30 new.');
      // The next transaction fails on the way.
      const send = s.chain.send.bind(s.chain);
      let count = 0;
      s.chain.send = (wire: string) => {
        count += 1;
        return count > going ? Promise.resolve('dropped' as Signature) : send(wire);
      };
      await user.click(screen.getAllByRole('button', { name: 'Review' }).at(-3)!);
      await user.click(await button('Make 30 grants'));
      await waitFor(() => expect(count).toBeGreaterThan(going), LONG);
      s.chain.expireBlockhash();
      await within(screen.getByRole('dialog')).findByText(/was not executed in time/, undefined, LONG);
      s.chain.send = send;
      const made = (await s.grants()).length;
      expect(made).toBeGreaterThan(0);
      expect(made).toBeLessThan(30);
      await user.click(within(screen.getByRole('dialog')).getAllByRole('button', { name: 'Close' })[0]!);
      await screen.findByText(new RegExp(`${made} made`));
      await user.click(screen.getByRole('button', { name: `Review the ${30 - made} rows left` }));
      await user.click(await button(`Make ${30 - made} grants`));
      await screen.findByText(`${30 - made} grants made, funded in full.`, undefined, { timeout: 30_000 });
      const all = (await s.grants()).map(({ account }) => account.beneficiary);
      expect(all).toHaveLength(30);
      expect(new Set(all)).toEqual(new Set(people.map(({ address }) => address)));
      expect(batches).toBeGreaterThanOrEqual(2);
      // The same file once more, in a page that remembers nothing: everybody has a grant.
      open(`/plan/${s.plan}/manage`, s.chain, wallet);
      await upload(user, text);
      await screen.findByText('30 rows: 30 with a grant already.');
      expect(screen.getByRole('button', { name: 'Review the 0 rows left' }).hasAttribute('disabled')).toBe(true);
    });
  });

  it('to somebody who has one are made by explicit choice only, also with other terms', async () => {
    const user = userEvent.setup();
    const s = await scenario({ grants: [{}] });
    const [me] = s.contributors;
    const other = await person();
    const row = (address: string) => `${address},10,0,0,10000,true,false`;
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    await upload(user, [headline, row(me!.address), row(other.address)].join('\n'));
    await screen.findByText('2 rows: 1 new, 1 with a grant already.');
    await user.click(screen.getByLabelText('Make line 2 anyway'));
    await screen.findByText('2 rows: 2 new.');
    await user.click(screen.getAllByRole('button', { name: 'Review' }).at(-3)!);
    await user.click(await button('Make 2 grants'));
    await screen.findByText('2 grants made, funded in full.', undefined, LONG);
    await user.click(await button('Done'));
    await screen.findByText('2 rows: 2 made.');
    expect((await s.grants()).map(({ account }) => account.beneficiary)).toEqual([
      me!.address,
      me!.address,
      other.address,
    ]);
  });

  it('are held against the chain of that moment, not of when the page was opened', async () => {
    const user = userEvent.setup();
    const s = await scenario({ grants: [] });
    const other = await person();
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    const form = (await screen.findByRole('heading', { name: 'Make a grant' })).closest('section')!;
    await user.type(within(form).getByLabelText('Beneficiary'), other.address);
    await user.type(within(form).getByLabelText('Allocation'), '10');
    const review = within(form).getByRole('button', { name: 'Review' });
    await user.click(review);
    await user.click(await button('Make the grant'));
    await screen.findByText('1 grant made, funded in full.', undefined, LONG);
    await user.click(await button('Done'));
    await within(form).findByText(/The beneficiary has grant 0 of this plan already/);
    expect(review.hasAttribute('disabled')).toBe(true);
  });
});

describe('a message for a multisig', () => {
  const DAY = 86_400n;

  it('can be executed for 7 days, or as many as are chosen, and says until when', async () => {
    const user = userEvent.setup();
    const s = await scenario();
    open(`/plan/${s.plan}/manage`, s.chain, testWallet(s.authority));
    const section = (await screen.findByRole('heading', { name: 'Fund' })).closest('section')!;
    await user.type(within(section).getByLabelText('Amount'), '1');
    await user.click(within(section).getByRole('button', { name: 'Export for a multisig' }));
    const dialog = within(screen.getByRole('dialog'));
    const days = dialog.getByLabelText<HTMLInputElement>('Days in which it can be executed');
    const make = () => dialog.getByRole('button', { name: 'Make the message' });
    /** Makes the message and takes it apart. */
    const made = async (until: bigint) => {
      await user.click(make());
      await dialog.findByText(utcTime(until));
      const text = dialog.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message 1' }).value;
      const bytes = getBase64Encoder().encode(text);
      return decompileTransactionMessage(getCompiledTransactionMessageDecoder().decode(bytes)).instructions;
    };
    const own = ({ programAddress }: { programAddress: string }) => programAddress === EARNOUT_PROGRAM_ADDRESS;
    const latest = (list: Awaited<ReturnType<typeof made>>) =>
      getRequireBeforeInstructionDataDecoder().decode(list.find(own)!.data!).notAfter;

    expect(days.value).toBe('7');
    const until = s.chain.now() + 7n * DAY;
    const week = await made(until);
    expect(latest(week)).toBe(until);
    for (const wrong of ['0', '366', '']) {
      await user.clear(days);
      if (wrong !== '') await user.type(days, wrong);
      expect(make().hasAttribute('disabled'), wrong).toBe(true);
    }
    await user.clear(days);
    await user.type(days, '365');
    const year = s.chain.now() + 365n * DAY;
    expect(latest(await made(year))).toBe(year);

    // At its last second it is executed, afterwards it is not.
    const before = (await s.state()).vault.amount;
    const instructions = week.filter(own);
    const execute = async () =>
      submit(
        s.chain,
        [await prepare(s.chain, { payer: s.authority.address, version: 0 }, instructions)],
        signing(s.authority),
      );
    s.chain.warp(until);
    await execute();
    expect((await s.state()).vault.amount).toBe(before + TOKEN);
    s.chain.warp(until + 1n);
    await expect(execute()).rejects.toThrow();
    expect((await s.state()).vault.amount).toBe(before + TOKEN);
  });
});
