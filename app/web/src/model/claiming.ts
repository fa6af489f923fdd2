// From a grant to the instructions that pay all it can be paid now: settle what is ready, collect, claim.
import type { Address, Instruction } from '@solana/kit';
import type { Chain, RawAccount } from '../chain/chain';
import { Fault } from '../chain/fault';
import * as instructions from '../chain/instructions';
import {
  type TokenAccount,
  associatedAccountSize,
  associatedTokenAccount,
  leastReceived,
  readTokenAccount,
} from '../chain/token';
import { bonus } from '../core/redistribution';
import type { Period } from '../generated/accounts/period';
import type { GrantData } from '../state/grantData';
import { type Grant, amountsAt, settled } from './grant';
import { isReady, readingsFor, scoresOf } from './reading';

type Due = { kind: 'settle'; grant: Grant } | { kind: 'collect'; period: number };

/** What becomes of a grant when everything that is ready is settled and collected, and the steps to it. */
export function settleDue(data: GrantData, now: bigint): { grant: Grant; steps: Due[] } {
  const { plan, attestations } = data;
  const pools = new Map<number, Period>(data.pools);
  const steps: Due[] = [];
  let { grant } = data;
  for (;;) {
    const { account } = grant;
    if (plan.unearned === 'redistribute' && account.collectedThrough < account.nextPeriod) {
      const period = account.collectedThrough;
      const pool = pools.get(period);
      if (pool === undefined || pool.settled < pool.expected) return { grant, steps };
      const { lastKpiAmount, lastTranche } = account;
      const share = bonus(pool.pool, lastKpiAmount, pool.kpiTotal, lastTranche, plan.account.bonusCapBps);
      steps.push({ kind: 'collect', period });
      grant = { ...grant, account: { ...account, bonus: account.bonus + share, collectedThrough: account.nextPeriod } };
    } else if (isReady(plan, grant, attestations, now)) {
      const period = account.nextPeriod;
      steps.push({ kind: 'settle', grant });
      const scores = scoresOf(plan, readingsFor(plan, grant, period, attestations, now));
      const { grant: after, settlement } = settled(plan, grant, scores);
      const pool = pools.get(period);
      if (pool !== undefined) {
        pools.set(period, {
          ...pool,
          settled: pool.settled + 1,
          pool: pool.pool + settlement.pooled,
          kpiTotal: pool.kpiTotal + settlement.kpiAmount,
        });
      }
      grant = after;
    } else {
      return { grant, steps };
    }
  }
}

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
  groups: Instruction[][];
};

/** Why a token account cannot be paid to. */
function unpayable(
  { vault, grant }: GrantData,
  account: RawAccount | undefined,
  existing: TokenAccount | undefined,
): Fault | undefined {
  const elsewhere = 'Claim to another account with the command line: earnout claim.';
  if (vault.frozen) {
    return new Fault('input', 'The plan’s vault is frozen.', 'Whoever may freeze this token has to thaw it first.');
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
  const { grant, steps } = settleDue(data, now);
  const { claimable } = amountsAt(plan, grant, now);
  const me = grant.account.beneficiary;
  const destination = await associatedTokenAccount(me, mint.address, mint.tokenProgram);
  const [account] = await chain.accounts([destination]);
  const existing = readTokenAccount(account);
  const why = claimable > 0n ? unpayable(data, account, existing) : undefined;
  if (why !== undefined) throw why;
  const received = leastReceived(mint, claimable);
  const groups: Instruction[][] = [];
  for (const step of steps) {
    const instruction =
      step.kind === 'settle'
        ? await instructions.settle(me, plan, step.grant)
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
