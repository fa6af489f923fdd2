// From a grant to the instructions that pay all it can be paid now: settle what is ready, collect, claim.
import type { Address } from '@solana/kit';
import type { Chain, RawAccount } from '../chain/chain';
import type { Costed } from '../chain/cost';
import { Fault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import {
  type TokenAccount,
  associatedAccountSize,
  associatedTokenAccount,
  leastReceived,
  readTokenAccount,
} from '../chain/token';
import { claimableNow } from '../domain/steps';
import type { GrantData } from './planData';

export type Claiming = {
  data: GrantData;
  /** Paid out, base units, of which at least `received` arrives. */
  amount: bigint;
  received: bigint;
  /** Periods that are settled on the way. */
  settles: number;
  destination: Address;
  /** Lamports for the token account, if it does not exist yet. */
  rent: bigint;
  /** Groups of instructions that have to stay together and in order. */
  groups: Costed[][];
};

/** Why a token account cannot be paid to. */
function unpayable(
  { vault, grant }: GrantData,
  account: RawAccount | undefined,
  existing: TokenAccount | undefined,
): Fault | undefined {
  const elsewhere = 'Claim to another account with the command line: earnout claim.';
  if (vault.frozen) {
    return new Fault('input', 'The plan’s vault is frozen.', 'The token’s freeze authority has to thaw it first.');
  }
  if (existing?.frozen) return new Fault('input', 'Your token account is frozen.', elsewhere);
  if (existing !== undefined && existing.owner !== grant.account.beneficiary) {
    return new Fault('input', 'Your token account was handed to another owner.', elsewhere);
  }
  if (account !== undefined && existing === undefined && account.data.length > 0) {
    return new Fault('input', 'The address of your token account holds something else.', elsewhere);
  }
  return undefined;
}

/** How everything that is claimable of the grant is paid to its beneficiary's associated account at `now`. */
export async function claiming(chain: Chain, data: GrantData, now: bigint): Promise<Claiming> {
  const { plan, mint } = data;
  if (mint.transferHook !== undefined) {
    const message = 'This token has a transfer hook: a program that every transfer has to satisfy.';
    throw new Fault('input', message, 'Claim with the command line: earnout claim.');
  }
  const { grant, steps, amount: claimable } = claimableNow(data, data.grant, now);
  const me = grant.account.beneficiary;
  const destination = await associatedTokenAccount(me, mint.address, mint.tokenProgram);
  const [account] = await chain.accounts([destination]);
  const existing = readTokenAccount(account);
  const why = claimable > 0n ? unpayable(data, account, existing) : undefined;
  if (why !== undefined) throw why;
  const received = leastReceived(mint, claimable);
  const groups: Costed[][] = [];
  for (const step of steps) {
    const instruction =
      step.kind === 'settle'
        ? await instructions.settle(me, plan, step.grant, step.makesPool)
        : await instructions.collectBonus(plan, grant.address, step.period);
    groups.push([instruction]);
  }
  if (claimable > 0n) {
    const claim = await instructions.claim(
      me,
      plan,
      grant.address,
      destination,
      existing?.needsMemo ?? false,
      received,
    );
    const create = instructions.createTokenAccount(me, me, destination, {
      mint: mint.address,
      tokenProgram: mint.tokenProgram,
    });
    groups.push(existing === undefined ? [create, claim] : [claim]);
  }
  const rent = existing === undefined && claimable > 0n ? await chain.rent(associatedAccountSize(mint)) : 0n;
  const settles = steps.filter(({ kind }) => kind === 'settle').length;
  return { data, amount: claimable, received, settles, destination, rent, groups };
}
