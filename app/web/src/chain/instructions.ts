// Instructions of the program: each function takes what cannot be derived, and derives every other address.
import { type AccountMeta, type Address, AccountRole, createNoopSigner } from '@solana/kit';
import { getCreateAssociatedTokenIdempotentInstruction } from '@solana-program/token';
import { pageFor } from '../domain/evaluation';
import { type Grant, paidBy } from '../domain/grant';
import { place } from '../domain/page';
import type { Kpi, Plan } from '../domain/terms';
import { getActivatePlanInstruction } from '../generated/instructions/activatePlan';
import { getAddKpiInstruction } from '../generated/instructions/addKpi';
import { getAttestInstruction } from '../generated/instructions/attest';
import { getAttestPageInstruction } from '../generated/instructions/attestPage';
import { getCancelOracleChangeInstruction } from '../generated/instructions/cancelOracleChange';
import { getClaimInstruction } from '../generated/instructions/claim';
import { getCollectBonusInstruction } from '../generated/instructions/collectBonus';
import { getCreateGrantInstruction } from '../generated/instructions/createGrant';
import { getCreatePlanInstruction } from '../generated/instructions/createPlan';
import { getDisputeInstruction } from '../generated/instructions/dispute';
import { getFundInstruction } from '../generated/instructions/fund';
import { getObserveInstruction } from '../generated/instructions/observe';
import { getProposeOraclesInstruction } from '../generated/instructions/proposeOracles';
import { getRequireBeforeInstruction } from '../generated/instructions/requireBefore';
import { getRuleInstruction } from '../generated/instructions/rule';
import { getSettleInstruction } from '../generated/instructions/settle';
import { getSetUriInstruction } from '../generated/instructions/setUri';
import { getTerminateGrantInstruction } from '../generated/instructions/terminateGrant';
import { getWithdrawSurplusInstruction } from '../generated/instructions/withdrawSurplus';
import { EARNOUT_PROGRAM_ADDRESS } from '../generated/programs/earnout';
import type { CreateGrantArgsArgs } from '../generated/types/createGrantArgs';
import type { CreatePlanArgsArgs } from '../generated/types/createPlanArgs';
import type { KpiTermsArgs } from '../generated/types/kpiTerms';
import type { PageGrants } from '../generated/types/pageGrants';
import {
  attestationAddress,
  evaluationAddress,
  eventAuthorityAddress,
  grantAddress,
  pageAddress,
  periodAddress,
  planAddress,
  vaultAddress,
} from './addresses';
import * as cost from './cost';
import { type Costed, costing } from './cost';
import { MEMO_PROGRAM } from './token';

/** Signatures are made by the wallet over the whole message: an instruction only says whose it needs. */
const signer = createNoopSigner;

async function event() {
  return { eventAuthority: await eventAuthorityAddress(), program: EARNOUT_PROGRAM_ADDRESS };
}

const tokenOf = (plan: Plan) => ({
  plan: plan.address,
  vault: plan.account.vault,
  mint: plan.account.mint,
  tokenProgram: plan.account.tokenProgram,
});

/** Has the transaction fail once the chain's clock is past `notAfter`, Unix seconds: one signed in advance lapses. */
export function requireBefore(notAfter: bigint): Costed {
  return costing(cost.CHANGE, getRequireBeforeInstruction({ notAfter }));
}

/** Creates a plan as a draft. `payer` pays the rent and `creator` becomes the authority. */
export async function createPlan(
  payer: Address,
  creator: Address,
  token: { mint: Address; treasury: Address; tokenProgram: Address },
  args: CreatePlanArgsArgs,
): Promise<Costed> {
  const plan = await planAddress(creator, BigInt(args.planId));
  const vault = await vaultAddress(plan);
  const accounts = { payer: signer(payer), creator: signer(creator), plan, vault, ...token, ...(await event()) };
  return costing(cost.CREATE_PLAN, getCreatePlanInstruction({ ...accounts, args }));
}

export async function addKpi(authority: Address, plan: Address, args: KpiTermsArgs): Promise<Costed> {
  return costing(cost.CHANGE, getAddKpiInstruction({ authority: signer(authority), plan, ...(await event()), args }));
}

export async function activatePlan(authority: Address, plan: Address, mint: Address): Promise<Costed> {
  return costing(
    cost.CHANGE,
    getActivatePlanInstruction({ authority: signer(authority), plan, mint, ...(await event()) }),
  );
}

/** Moves `amount` base units from the token account `source` into the vault. */
export async function fund(funder: Address, plan: Plan, source: Address, amount: bigint): Promise<Costed> {
  return costing(
    cost.TRANSFER,
    getFundInstruction({ funder: signer(funder), ...tokenOf(plan), source, ...(await event()), amount }),
  );
}

/** Sends `amount` base units of surplus to the plan's treasury. */
export async function withdrawSurplus(
  caller: Address,
  plan: Plan,
  destination: Address,
  amount: bigint,
  needsMemo: boolean,
): Promise<Costed> {
  const memoProgram = needsMemo ? MEMO_PROGRAM : undefined;
  const accounts = { caller: signer(caller), ...tokenOf(plan), destination, memoProgram, ...(await event()) };
  return costing(cost.TRANSFER, getWithdrawSurplusInstruction({ ...accounts, amount }));
}

export async function createGrant(
  payer: Address,
  authority: Address,
  plan: Plan,
  args: CreateGrantArgsArgs,
): Promise<Costed> {
  const { vault, mint } = plan.account;
  const grant = await grantAddress(plan.address, args.grantIndex);
  const accounts = { plan: plan.address, grant, vault, mint, ...(await event()) };
  return costing(
    cost.CREATE_GRANT,
    getCreateGrantInstruction({ payer: signer(payer), authority: signer(authority), ...accounts, args }),
  );
}

export async function terminateGrant(authority: Address, grant: Grant): Promise<Costed> {
  const { plan } = grant.account;
  return costing(
    cost.CHANGE,
    getTerminateGrantInstruction({
      authority: signer(authority),
      plan,
      grant: grant.address,
      ...(await event()),
    }),
  );
}

export async function proposeOracles(
  authority: Address,
  plan: Address,
  args: { oracles: Address[]; threshold: number; firstPeriod: number },
): Promise<Costed> {
  return costing(
    cost.CHANGE,
    getProposeOraclesInstruction({ authority: signer(authority), plan, ...(await event()), ...args }),
  );
}

export async function cancelOracleChange(authority: Address, plan: Address): Promise<Costed> {
  return costing(
    cost.CHANGE,
    getCancelOracleChangeInstruction({ authority: signer(authority), plan, ...(await event()) }),
  );
}

/** Records a vote on a shared KPI. */
export async function attest(
  oracle: Address,
  plan: Plan,
  kpi: Kpi,
  vote: { period: number; value: bigint; evidence: Uint8Array },
): Promise<Costed> {
  const attestation = await attestationAddress(plan.address, kpi.number, vote.period);
  const accounts = { plan: plan.address, attestation, ...(await event()) };
  return costing(
    cost.ATTEST,
    getAttestInstruction({
      payer: signer(oracle),
      oracle: signer(oracle),
      ...accounts,
      kpi: kpi.number,
      ...vote,
    }),
  );
}

/** Reads the value of a shared KPI for a period from `priceUpdate`, an account of the feed that the KPI names. Anyone can. */
export async function observe(
  payer: Address,
  plan: Plan,
  kpi: Kpi,
  period: number,
  priceUpdate: Address,
): Promise<Costed> {
  const attestation = await attestationAddress(plan.address, kpi.number, period);
  const accounts = { plan: plan.address, attestation, priceUpdate, ...(await event()) };
  return costing(cost.OBSERVE, getObserveInstruction({ payer: signer(payer), ...accounts, kpi: kpi.number, period }));
}

/** Says where the plan's documents are; an empty text says nothing. */
export async function setUri(authority: Address, plan: Address, uri: string): Promise<Costed> {
  return costing(cost.CHANGE, getSetUriInstruction({ authority: signer(authority), plan, ...(await event()), uri }));
}

/** Votes on an individual KPI: of the grant with the index `first` and the ones after it, all in one page. */
export type PageVote = { period: number; first: number; values: readonly bigint[]; evidence: Uint8Array };

export async function attestPage(
  oracle: Address,
  plan: Plan,
  kpi: Kpi,
  { values, ...vote }: PageVote,
): Promise<Costed> {
  const page = await pageAddress(plan.address, kpi.number, vote.period, place(vote.first).page);
  const accounts = { plan: plan.address, page, ...(await event()) };
  return costing(
    cost.ATTEST_PAGE,
    getAttestPageInstruction({
      payer: signer(oracle),
      oracle: signer(oracle),
      ...accounts,
      kpi: kpi.number,
      values: [...values],
      ...vote,
    }),
  );
}

/** Which values or silences: of a KPI for a period, and where it is individual of these grants of one page. */
export type Valued = { kpi: number; period: number; grants: PageGrants | undefined };

const evaluationOf = (plan: Address, { kpi, period, grants }: Valued) =>
  evaluationAddress(plan, kpi, period, grants && place(grants.first).page);

/**
 * Disputes values or silences: as the plan's authority, or for the beneficiary of `grant`. With `grant` the authority's
 * dispute takes no account of what that grant's beneficiary voted.
 */
export async function dispute(
  disputer: Address,
  plan: Address,
  valued: Valued,
  grant: Address | undefined,
  reasonHash: Uint8Array,
): Promise<Costed> {
  const accounts = { plan, grant, evaluation: await evaluationOf(plan, valued), ...(await event()) };
  return costing(
    cost.DISPUTE,
    getDisputeInstruction({
      payer: signer(disputer),
      disputer: signer(disputer),
      ...accounts,
      ...valued,
      grants: valued.grants ?? null,
      reasonHash,
    }),
  );
}

/**
 * Decides disputes: `value` counts from now on; null lets what the oracles said stand. `disputedFor` are the grants for
 * which beneficiaries disputed, by their indices.
 */
export async function rule(
  arbiter: Address,
  plan: Address,
  valued: Valued,
  disputedFor: readonly Address[],
  value: bigint | null,
  reasonHash: Uint8Array,
): Promise<Costed> {
  const accounts = { plan, evaluation: await evaluationOf(plan, valued), ...(await event()) };
  const instruction = getRuleInstruction({
    arbiter: signer(arbiter),
    ...accounts,
    ...valued,
    grants: valued.grants ?? null,
    value,
    reasonHash,
  });
  const extra: AccountMeta[] = disputedFor.map((address) => ({ address, role: AccountRole.WRITABLE }));
  return costing(cost.RULE, { ...instruction, accounts: [...instruction.accounts, ...extra] });
}

/** Settles the grant's next period. Anyone can; `payer` pays for the period's pool if there is none yet: `makesPool`. */
export async function settle(payer: Address, plan: Plan, grant: Grant, makesPool: boolean): Promise<Costed> {
  const period = grant.account.nextPeriod;
  const pool = plan.unearned === 'redistribute' ? await periodAddress(plan.address, period) : undefined;
  const kpis = paidBy(plan, grant);
  const evaluations = await Promise.all(
    kpis.map((kpi) => evaluationAddress(plan.address, kpi.number, period, pageFor(kpi, grant.account.index))),
  );
  const accounts = { plan: plan.address, grant: grant.address, period: pool, ...(await event()) };
  const instruction = getSettleInstruction({ payer: signer(payer), ...accounts });
  const extra: AccountMeta[] = evaluations.map((address) => ({ address, role: AccountRole.READONLY }));
  const taken = cost.settleCost(kpis.length, makesPool);
  return costing(taken, { ...instruction, accounts: [...instruction.accounts, ...extra] });
}

/** Collects the grant's share of the pool of `period`, the one it settled last. Nobody signs. */
export async function collectBonus(plan: Plan, grant: Address, period: number): Promise<Costed> {
  const pool = await periodAddress(plan.address, period);
  return costing(
    cost.COLLECT_BONUS,
    getCollectBonusInstruction({ plan: plan.address, grant, period: pool, ...(await event()) }),
  );
}

/** Pays all that is claimable, at least `minReceived` base units of which must arrive. */
export async function claim(
  claimant: Address,
  plan: Plan,
  grant: Address,
  destination: Address,
  needsMemo: boolean,
  minReceived: bigint,
): Promise<Costed> {
  const memoProgram = needsMemo ? MEMO_PROGRAM : undefined;
  const accounts = {
    claimant: signer(claimant),
    ...tokenOf(plan),
    grant,
    destination,
    memoProgram,
    ...(await event()),
  };
  return costing(cost.CLAIM, getClaimInstruction({ ...accounts, amount: null, minReceived }));
}

/** Creates the token account `account` of `owner` unless it exists; `payer` pays its rent. */
export function createTokenAccount(
  payer: Address,
  owner: Address,
  account: Address,
  token: { mint: Address; tokenProgram: Address },
): Costed {
  const { mint, tokenProgram } = token;
  return costing(
    cost.CREATE_ASSOCIATED,
    getCreateAssociatedTokenIdempotentInstruction({
      payer: signer(payer),
      ata: account,
      owner,
      mint,
      tokenProgram,
    }),
  );
}
