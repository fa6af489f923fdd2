// The program's accounts, found and decoded.
import { type Address, type ReadonlyUint8Array, getAddressEncoder } from '@solana/kit';
import { ATTESTATION_DISCRIMINATOR, getAttestationDecoder } from '../generated/accounts/attestation';
import { GRANT_DISCRIMINATOR, getGrantDecoder } from '../generated/accounts/grant';
import { PERIOD_DISCRIMINATOR, type Period, getPeriodDecoder } from '../generated/accounts/period';
import { PLAN_DISCRIMINATOR, getPlanDecoder } from '../generated/accounts/plan';
import { EARNOUT_PROGRAM_ADDRESS } from '../generated/programs/earnout';
import type { Grant } from '../model/grant';
import type { Attestation } from '../model/reading';
import { type Plan, readPlan } from '../model/terms';
import { inParallel } from './batches';
import type { AccountFilter, Chain, Match, RawAccount } from './chain';
import { Fault } from './fault';
import { type Mint, type TokenAccount, readMint, readTokenAccount } from './token';

export const PLAN_SIZE = 4_920;
export const GRANT_SIZE = 368;
export const ATTESTATION_SIZE = 632;
export const PERIOD_SIZE = 144;

/** Where the fields lie by which accounts are found; a test holds them to the generated layout. */
export const OFFSETS = {
  plan: { authority: 232, arbiter: 296, oracles: 584, nextOracles: 848, oracleKeys: 8 },
  grant: { plan: 16, beneficiary: 48 },
  attestation: { plan: 16, subject: 48 },
  period: { plan: 16 },
} as const;

/** The tag of what is left of a plan that was closed: the first 8 bytes of SHA-256 of `account:ClosedPlan`. */
const CLOSED_PLAN_DISCRIMINATOR = [22, 7, 197, 50, 84, 145, 181, 215];

const match = (offset: number, key: Address): Match => ({ offset, bytes: getAddressEncoder().encode(key) });
const kind = (bytes: ReadonlyUint8Array): Match => ({ offset: 0, bytes });

export const planFilter = (...matches: Match[]): AccountFilter => ({
  size: PLAN_SIZE,
  matches: [kind(PLAN_DISCRIMINATOR), ...matches],
});

export const grantsOfPlan = (plan: Address): AccountFilter => ({
  size: GRANT_SIZE,
  matches: [kind(GRANT_DISCRIMINATOR), match(OFFSETS.grant.plan, plan)],
});

export const grantsOfBeneficiary = (beneficiary: Address): AccountFilter => ({
  size: GRANT_SIZE,
  matches: [kind(GRANT_DISCRIMINATOR), match(OFFSETS.grant.beneficiary, beneficiary)],
});

export const attestationsOfPlan = (plan: Address): AccountFilter => ({
  size: ATTESTATION_SIZE,
  matches: [kind(ATTESTATION_DISCRIMINATOR), match(OFFSETS.attestation.plan, plan)],
});

/** Attestations about one subject: the plan itself, or a grant. */
export const attestationsAbout = (subject: Address): AccountFilter => ({
  size: ATTESTATION_SIZE,
  matches: [kind(ATTESTATION_DISCRIMINATOR), match(OFFSETS.attestation.subject, subject)],
});

const periodsOfPlan = (plan: Address): AccountFilter => ({
  size: PERIOD_SIZE,
  matches: [kind(PERIOD_DISCRIMINATOR), match(OFFSETS.period.plan, plan)],
});

/** An account of the program as the kind it is; undefined for one of another kind. */
export function decodePlan(account: RawAccount): Plan | undefined {
  if (!isKind(account, PLAN_DISCRIMINATOR)) return undefined;
  return readPlan(account.address, getPlanDecoder().decode(account.data));
}

export function decodeGrant(account: RawAccount): Grant | undefined {
  if (!isKind(account, GRANT_DISCRIMINATOR)) return undefined;
  return { address: account.address, account: getGrantDecoder().decode(account.data) };
}

export function decodeAttestation(account: RawAccount): Attestation | undefined {
  if (!isKind(account, ATTESTATION_DISCRIMINATOR)) return undefined;
  return { address: account.address, account: getAttestationDecoder().decode(account.data) };
}

function isKind({ owner, data }: RawAccount, discriminator: ArrayLike<number>): boolean {
  return owner === EARNOUT_PROGRAM_ADDRESS && Array.from(discriminator).every((byte, index) => data[index] === byte);
}

/** A plan with its token and vault. */
export type PlanState = { plan: Plan; mint: Mint; vault: TokenAccount };

/** Reads plans; undefined for an address with no plan, or with one whose mint or vault cannot be read. */
export async function readPlans(chain: Chain, addresses: readonly Address[]): Promise<(PlanState | undefined)[]> {
  const plans = (await chain.accounts(addresses)).map((account) => account && decodePlan(account));
  const found = plans.filter((plan) => plan !== undefined);
  const tokens = await chain.accounts(found.flatMap(({ account }) => [account.mint, account.vault]));
  const states = new Map<Address, PlanState>();
  found.forEach((plan, index) => {
    const mint = readMint(tokens[2 * index]);
    const vault = readTokenAccount(tokens[2 * index + 1]);
    if (mint !== undefined && vault !== undefined) states.set(plan.address, { plan, mint, vault });
  });
  return addresses.map((address) => states.get(address));
}

/** Reads one plan. Throws a fault that says what the address is instead. */
export async function readOnePlan(chain: Chain, address: Address): Promise<PlanState> {
  const [state] = await readPlans(chain, [address]);
  if (state !== undefined) return state;
  const [account] = await chain.accounts([address]);
  if (account === undefined) {
    throw new Fault(
      'input',
      'There is nothing at this address.',
      'Check the address, and the cluster at the top of the page.',
    );
  }
  if (isKind(account, CLOSED_PLAN_DISCRIMINATOR)) {
    throw new Fault(
      'input',
      'This plan is closed: everything was paid out or returned.',
      'Its transactions are still on the chain.',
    );
  }
  if (isKind(account, GRANT_DISCRIMINATOR)) {
    throw new Fault('input', 'This is the address of a grant, not of a plan.', 'Open it under “Grant”.');
  }
  throw new Fault(
    'input',
    'The account at this address is no plan.',
    'Check the address, and the cluster at the top of the page.',
  );
}

/** Decodes what `find` returned; accounts of a later release's layout are left out. */
export function decodeAll<T>(accounts: readonly RawAccount[], decode: (account: RawAccount) => T | undefined): T[] {
  return accounts.map(decode).filter((decoded) => decoded !== undefined);
}

/** The pools of a plan by period. */
export async function readPools(chain: Chain, plan: Address): Promise<Map<number, Period>> {
  const found = await chain.find(periodsOfPlan(plan));
  const pools = found.map(({ data }) => getPeriodDecoder().decode(data));
  return new Map(pools.map((pool) => [pool.period, pool]));
}

export type Roles = { authority: Plan[]; arbiter: Plan[]; oracle: Plan[] };

/** The plans in which `key` has a role. A key can be found by where it stands only, so each place is asked for. */
export async function findRoles(chain: Chain, key: Address): Promise<Roles> {
  const { authority, arbiter, oracles, nextOracles, oracleKeys } = OFFSETS.plan;
  const places = Array.from({ length: oracleKeys }, (_, position) => position * 32);
  const oraclePlaces = [...places.map((place) => oracles + place), ...places.map((place) => nextOracles + place)];
  const offsets = [authority, arbiter, ...oraclePlaces];
  const found = await inParallel(offsets, 6, async (offset) =>
    decodeAll(await chain.find(planFilter(match(offset, key))), decodePlan),
  );
  const [asAuthority = [], asArbiter = [], ...asOracle] = found;
  const unique = new Map(asOracle.flat().map((plan) => [plan.address, plan]));
  return { authority: asAuthority, arbiter: asArbiter, oracle: [...unique.values()] };
}
