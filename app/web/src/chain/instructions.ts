// Instructions of the program: each function takes what cannot be derived, and derives every other address.
import { type AccountMeta, type Address, type Instruction, AccountRole, createNoopSigner } from '@solana/kit';
import { getCreateAssociatedTokenIdempotentInstruction } from '@solana-program/token';
import type { Grant } from '../domain/grant';
import { type Attestation, subjectOf } from '../domain/reading';
import { type Kpi, NO_KEY, type Plan } from '../domain/terms';
import { getActivatePlanInstruction } from '../generated/instructions/activatePlan';
import { getAddKpiInstruction } from '../generated/instructions/addKpi';
import { getAttestInstruction } from '../generated/instructions/attest';
import { getCancelOracleChangeInstruction } from '../generated/instructions/cancelOracleChange';
import { getClaimInstruction } from '../generated/instructions/claim';
import { getCollectBonusInstruction } from '../generated/instructions/collectBonus';
import { getCreateGrantInstruction } from '../generated/instructions/createGrant';
import { getCreatePlanInstruction } from '../generated/instructions/createPlan';
import { getDisputeInstruction } from '../generated/instructions/dispute';
import { getFundInstruction } from '../generated/instructions/fund';
import { getProposeOraclesInstruction } from '../generated/instructions/proposeOracles';
import { getRequireBeforeInstruction } from '../generated/instructions/requireBefore';
import { getRuleInstruction } from '../generated/instructions/rule';
import { getSettleInstruction } from '../generated/instructions/settle';
import { getTerminateGrantInstruction } from '../generated/instructions/terminateGrant';
import { getWithdrawSurplusInstruction } from '../generated/instructions/withdrawSurplus';
import { EARNOUT_PROGRAM_ADDRESS } from '../generated/programs/earnout';
import type { CreateGrantArgsArgs } from '../generated/types/createGrantArgs';
import type { CreatePlanArgsArgs } from '../generated/types/createPlanArgs';
import type { KpiTermsArgs } from '../generated/types/kpiTerms';
import {
  attestationAddress,
  eventAuthorityAddress,
  grantAddress,
  periodAddress,
  planAddress,
  vaultAddress,
} from './addresses';
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
export function requireBefore(notAfter: bigint): Instruction {
  return getRequireBeforeInstruction({ notAfter });
}

/** Creates a plan as a draft. `payer` pays the rent and `creator` becomes the authority. */
export async function createPlan(
  payer: Address,
  creator: Address,
  token: { mint: Address; treasury: Address; tokenProgram: Address },
  args: CreatePlanArgsArgs,
): Promise<Instruction> {
  const plan = await planAddress(creator, BigInt(args.planId));
  const vault = await vaultAddress(plan);
  const accounts = { payer: signer(payer), creator: signer(creator), plan, vault, ...token, ...(await event()) };
  return getCreatePlanInstruction({ ...accounts, args });
}

export async function addKpi(authority: Address, plan: Address, args: KpiTermsArgs): Promise<Instruction> {
  return getAddKpiInstruction({ authority: signer(authority), plan, ...(await event()), args });
}

export async function activatePlan(authority: Address, plan: Address, mint: Address): Promise<Instruction> {
  return getActivatePlanInstruction({ authority: signer(authority), plan, mint, ...(await event()) });
}

/** Moves `amount` base units from the token account `source` into the vault. */
export async function fund(funder: Address, plan: Plan, source: Address, amount: bigint): Promise<Instruction> {
  return getFundInstruction({ funder: signer(funder), ...tokenOf(plan), source, ...(await event()), amount });
}

/** Sends `amount` base units of surplus to the plan's treasury. */
export async function withdrawSurplus(
  caller: Address,
  plan: Plan,
  destination: Address,
  amount: bigint,
  needsMemo: boolean,
): Promise<Instruction> {
  const memoProgram = needsMemo ? MEMO_PROGRAM : undefined;
  const accounts = { caller: signer(caller), ...tokenOf(plan), destination, memoProgram, ...(await event()) };
  return getWithdrawSurplusInstruction({ ...accounts, amount });
}

export async function createGrant(
  payer: Address,
  authority: Address,
  plan: Plan,
  args: CreateGrantArgsArgs,
): Promise<Instruction> {
  const { vault, mint } = plan.account;
  const grant = await grantAddress(plan.address, args.grantIndex);
  const accounts = { plan: plan.address, grant, vault, mint, ...(await event()) };
  return getCreateGrantInstruction({ payer: signer(payer), authority: signer(authority), ...accounts, args });
}

export async function terminateGrant(authority: Address, grant: Grant): Promise<Instruction> {
  const { plan } = grant.account;
  return getTerminateGrantInstruction({
    authority: signer(authority),
    plan,
    grant: grant.address,
    ...(await event()),
  });
}

export async function proposeOracles(
  authority: Address,
  plan: Address,
  args: { oracles: Address[]; threshold: number; firstPeriod: number },
): Promise<Instruction> {
  return getProposeOraclesInstruction({ authority: signer(authority), plan, ...(await event()), ...args });
}

export async function cancelOracleChange(authority: Address, plan: Address): Promise<Instruction> {
  return getCancelOracleChangeInstruction({ authority: signer(authority), plan, ...(await event()) });
}

/** Records a vote. `subject` is the plan for a shared KPI, a grant for an individual one. */
export async function attest(
  oracle: Address,
  plan: Plan,
  kpi: Kpi,
  subject: Address,
  vote: { period: number; value: bigint; evidence: Uint8Array },
): Promise<Instruction> {
  const attestation = await attestationAddress(plan.address, kpi.number, vote.period, subject);
  const grant = kpi.scope === 'individual' ? subject : undefined;
  const accounts = { plan: plan.address, grant, attestation, ...(await event()) };
  return getAttestInstruction({
    payer: signer(oracle),
    oracle: signer(oracle),
    ...accounts,
    kpi: kpi.number,
    ...vote,
  });
}

/** Disputes a value or a silence for the beneficiary of `grant`. */
export async function dispute(
  disputer: Address,
  plan: Plan,
  kpi: Kpi,
  period: number,
  grant: Address,
  reasonHash: Uint8Array,
): Promise<Instruction> {
  const attestation = await attestationAddress(plan.address, kpi.number, period, subjectOf(plan, kpi, grant));
  const accounts = { plan: plan.address, grant, attestation, ...(await event()) };
  return getDisputeInstruction({
    payer: signer(disputer),
    disputer: signer(disputer),
    ...accounts,
    kpi: kpi.number,
    period,
    reasonHash,
  });
}

/** Decides a dispute: `value` counts from now on; null lets what the oracles said stand. */
export async function rule(
  arbiter: Address,
  plan: Address,
  attestation: Attestation,
  value: bigint | null,
  reasonHash: Uint8Array,
): Promise<Instruction> {
  const { disputerGrant: by } = attestation.account;
  const disputerGrant = by === NO_KEY ? undefined : by;
  const accounts = { plan, attestation: attestation.address, disputerGrant, ...(await event()) };
  return getRuleInstruction({ arbiter: signer(arbiter), ...accounts, value, reasonHash });
}

/** Settles the grant's next period. Anyone can; `payer` pays for the period's pool if there is none yet. */
export async function settle(payer: Address, plan: Plan, grant: Grant): Promise<Instruction> {
  const period = grant.account.nextPeriod;
  const pool = plan.unearned === 'redistribute' ? await periodAddress(plan.address, period) : undefined;
  const weighted = plan.kpis.filter((kpi) => (grant.account.kpiWeights[kpi.number] ?? 0) > 0);
  const attestations = await Promise.all(
    weighted.map((kpi) => attestationAddress(plan.address, kpi.number, period, subjectOf(plan, kpi, grant.address))),
  );
  const accounts = { plan: plan.address, grant: grant.address, period: pool, ...(await event()) };
  const instruction = getSettleInstruction({ payer: signer(payer), ...accounts });
  const extra: AccountMeta[] = attestations.map((address) => ({ address, role: AccountRole.READONLY }));
  return { ...instruction, accounts: [...instruction.accounts, ...extra] };
}

/** Collects the grant's share of the pool of `period`, the one it settled last. Nobody signs. */
export async function collectBonus(plan: Plan, grant: Address, period: number): Promise<Instruction> {
  const pool = await periodAddress(plan.address, period);
  return getCollectBonusInstruction({ plan: plan.address, grant, period: pool, ...(await event()) });
}

/** Pays all that is claimable, at least `minReceived` base units of which must arrive. */
export async function claim(
  claimant: Address,
  plan: Plan,
  grant: Address,
  destination: Address,
  needsMemo: boolean,
  minReceived: bigint,
): Promise<Instruction> {
  const memoProgram = needsMemo ? MEMO_PROGRAM : undefined;
  const accounts = {
    claimant: signer(claimant),
    ...tokenOf(plan),
    grant,
    destination,
    memoProgram,
    ...(await event()),
  };
  return getClaimInstruction({ ...accounts, amount: null, minReceived });
}

/** Creates the token account `account` of `owner` unless it exists; `payer` pays its rent. */
export function createTokenAccount(
  payer: Address,
  owner: Address,
  account: Address,
  token: { mint: Address; tokenProgram: Address },
): Instruction {
  const { mint, tokenProgram } = token;
  return getCreateAssociatedTokenIdempotentInstruction({
    payer: signer(payer),
    ata: account,
    owner,
    mint,
    tokenProgram,
  });
}
