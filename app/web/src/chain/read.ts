// The program's accounts, found and decoded.
import { type Address, type ReadonlyUint8Array, getAddressEncoder, getU32Encoder } from '@solana/kit';
import type { Attestation, Evaluation } from '../domain/evaluation';
import type { Grant } from '../domain/grant';
import { type Page, capacityOf, isQuorum, pageSize, readPage } from '../domain/page';
import { type Plan, oracleSet, readPlan } from '../domain/terms';
import { ATTESTATION_DISCRIMINATOR, getAttestationDecoder } from '../generated/accounts/attestation';
import { GRANT_DISCRIMINATOR, getGrantDecoder } from '../generated/accounts/grant';
import { PAGE_DISCRIMINATOR } from '../generated/accounts/page';
import { PERIOD_DISCRIMINATOR, type Period, getPeriodDecoder } from '../generated/accounts/period';
import { PLAN_DISCRIMINATOR, getPlanDecoder } from '../generated/accounts/plan';
import { MAX_ORACLES } from '../generated/constants';
import { EARNOUT_PROGRAM_ADDRESS } from '../generated/programs/earnout';
import { addressOf, periodAddress } from './addresses';
import type { AccountFilter, Chain, Match, RawAccount } from './chain';
import { Fault } from './fault';
import { type Mint, type TokenAccount, readMint, readTokenAccount } from './token';

export const PLAN_SIZE = 5_688;
export const GRANT_SIZE = 336;
export const ATTESTATION_SIZE = 632;
export const PERIOD_SIZE = 120;

/** Where the fields lie by which accounts are found; a test holds them to the generated layout. */
export const OFFSETS = {
  plan: { authority: 232, arbiter: 296, oracles: 584, nextOracles: 848 },
  grant: { plan: 16, beneficiary: 48 },
  attestation: { plan: 16 },
  page: { page: 16, plan: 24 },
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

/** A page is as long as it has oracles and grants: its length is checked when it is read. */
export const pagesOfPlan = (plan: Address, ...matches: Match[]): AccountFilter => ({
  matches: [kind(PAGE_DISCRIMINATOR), match(OFFSETS.page.plan, plan), ...matches],
});

/** The plan's pages with this number: one for each individual KPI and period. */
export const pagesNumbered = (plan: Address, page: number): AccountFilter =>
  pagesOfPlan(plan, { offset: OFFSETS.page.page, bytes: getU32Encoder().encode(page) });

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
  if (!isKind(account, ATTESTATION_DISCRIMINATOR) || account.data.length !== ATTESTATION_SIZE) return undefined;
  const content = getAttestationDecoder().decode(account.data);
  if (!isQuorum(content.oracleCount, content.threshold)) return undefined;
  if (content.ruling > 2 || (content.ruling !== 0 && content.disputedAt === 0n)) return undefined;
  return { kind: 'attestation', address: account.address, account: content };
}

export function decodePage(account: RawAccount): Page | undefined {
  return isKind(account, PAGE_DISCRIMINATOR) ? readPage(account.address, account.data) : undefined;
}

export function decodeEvaluation(account: RawAccount): Evaluation | undefined {
  return decodeAttestation(account) ?? decodePage(account);
}

/** Whether an account is one that the filter asks for, whoever says so. */
export function fits({ owner, data }: RawAccount, { size, matches }: AccountFilter): boolean {
  const alike = matches.every(({ offset, bytes }) => bytes.every((byte, index) => data[offset + index] === byte));
  return owner === EARNOUT_PROGRAM_ADDRESS && (size === undefined || data.length === size) && alike;
}

/** The accounts that an endpoint found, each once, that are what was asked for and lie where their content belongs. */
async function found<T extends { address: Address; account: unknown }>(
  chain: Chain,
  filter: AccountFilter,
  decode: (account: RawAccount) => T | undefined,
  addressOfContent: (account: T['account']) => Promise<Address>,
): Promise<T[]> {
  const decoded = decodeAll(
    (await chain.find(filter)).filter((account) => fits(account, filter)),
    decode,
  );
  const once = [...new Map(decoded.map((each) => [each.address, each])).values()];
  const belongs = await Promise.all(once.map(async (each) => (await addressOfContent(each.account)) === each.address));
  return once.filter((_, index) => belongs[index]);
}

export const findGrants = (chain: Chain, filter: AccountFilter): Promise<Grant[]> =>
  found(chain, filter, decodeGrant, addressOf.grant);

export const findAttestations = (chain: Chain, filter: AccountFilter): Promise<Attestation[]> =>
  found(chain, filter, decodeAttestation, addressOf.attestation);

/** The grant at an address; undefined if there is none, or the account's content belongs elsewhere. */
export async function readGrant(chain: Chain, address: Address): Promise<Grant | undefined> {
  const [account] = await chain.accounts([address]);
  const grant = account && decodeGrant(account);
  return grant !== undefined && (await addressOf.grant(grant.account)) === address ? grant : undefined;
}

export const findPages = (chain: Chain, filter: AccountFilter): Promise<Page[]> =>
  found(chain, filter, decodePage, addressOf.page);

/** The attestations and pages that exist at these addresses. */
export async function readEvaluations(chain: Chain, addresses: readonly Address[]): Promise<Evaluation[]> {
  const accounts = (await chain.accounts(addresses)).filter((account) => account !== undefined);
  const decoded = decodeAll(accounts, decodeEvaluation);
  const belongs = await Promise.all(
    decoded.map(async (each) => {
      const own = each.kind === 'page' ? addressOf.page(each.account) : addressOf.attestation(each.account);
      return (await own) === each.address;
    }),
  );
  return decoded.filter((_, index) => belongs[index]);
}

function isKind({ owner, data }: RawAccount, discriminator: ArrayLike<number>): boolean {
  return owner === EARNOUT_PROGRAM_ADDRESS && Array.from(discriminator).every((byte, index) => data[index] === byte);
}

/** A plan with its token and vault. */
export type PlanState = { plan: Plan; mint: Mint; vault: TokenAccount };

/**
 * Reads plans; undefined for an address with no plan, with one whose mint or vault cannot be read, or with content that
 * belongs elsewhere.
 */
export async function readPlans(chain: Chain, addresses: readonly Address[]): Promise<(PlanState | undefined)[]> {
  const plans = (await chain.accounts(addresses)).map((account) => account && decodePlan(account));
  const belong = await Promise.all(
    plans.map(async (plan) => plan !== undefined && (await addressOf.plan(plan.account)) === plan.address),
  );
  const believed = plans.filter((plan) => plan !== undefined).filter((plan) => belong[plans.indexOf(plan)]);
  const tokens = await chain.accounts(believed.flatMap(({ account }) => [account.mint, account.vault]));
  const states = new Map<Address, PlanState>();
  believed.forEach((plan, index) => {
    const mint = readMint(tokens[2 * index]);
    const vault = readTokenAccount(tokens[2 * index + 1]);
    if (mint === undefined || vault?.owner !== plan.address || vault.mint !== mint.address) return;
    states.set(plan.address, { plan, mint, vault });
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
    'The account at this address is not a plan.',
    'Check the address, and the cluster at the top of the page.',
  );
}

/** Decodes what `find` returned; accounts of a later release's layout are left out. */
export function decodeAll<T>(accounts: readonly RawAccount[], decode: (account: RawAccount) => T | undefined): T[] {
  return accounts.map(decode).filter((decoded) => decoded !== undefined);
}

/** The pools of a plan by period. */
export async function readPools(chain: Chain, plan: Address): Promise<Map<number, Period>> {
  const pools = await found(chain, periodsOfPlan(plan), decodePool, addressOf.period);
  return new Map(pools.map(({ account }) => [account.period, account]));
}

/** The pools of these periods that exist. */
export async function readPoolsOf(
  chain: Chain,
  plan: Address,
  periods: readonly number[],
): Promise<Map<number, Period>> {
  const addresses = await Promise.all(periods.map((period) => periodAddress(plan, period)));
  const accounts = (await chain.accounts(addresses)).filter((account) => account !== undefined);
  const pools = decodeAll(accounts, decodePool).filter(({ account }) => account.plan === plan);
  return new Map(pools.map(({ account }) => [account.period, account]));
}

function decodePool(account: RawAccount): { address: Address; account: Period } | undefined {
  if (!isKind(account, PERIOD_DISCRIMINATOR)) return undefined;
  return { address: account.address, account: getPeriodDecoder().decode(account.data) };
}

/** Bytes of the page with this number once it is made, or of the attestation where there is none. */
export function newSize(plan: Plan, period: number, page: number | undefined): number {
  if (page === undefined) return ATTESTATION_SIZE;
  return pageSize(oracleSet(plan, period).keys.length, capacityOf(page, plan.account.grantCounter));
}

export type Roles = { authority: Plan[]; arbiter: Plan[]; oracle: Plan[] };

/** The plans in which `key` has a role: one search over the keys of all plans, and one look at those that name it. */
export async function findRoles(chain: Chain, key: Address): Promise<Roles> {
  const { authority, arbiter, oracles, nextOracles } = OFFSETS.plan;
  const end = nextOracles + MAX_ORACLES * 32;
  const parts = await chain.findParts(planFilter(), { offset: authority, length: end - authority });
  const bytes = getAddressEncoder().encode(key);
  const names = ({ data }: RawAccount, offset: number) =>
    bytes.every((byte, index) => data[offset - authority + index] === byte);
  const sets = Array.from({ length: MAX_ORACLES }, (_, position) => [
    oracles + position * 32,
    nextOracles + position * 32,
  ]);
  const places = [authority, arbiter, ...sets.flat()];
  const naming = parts.filter((part) => places.some((place) => names(part, place))).map(({ address }) => address);
  const plans = (await chain.accounts([...new Set(naming)])).flatMap((account) => account ?? []);
  const all = decodeAll(plans, decodePlan);
  const belongs = await Promise.all(all.map(async (plan) => (await addressOf.plan(plan.account)) === plan.address));
  const believed = all.filter((_, index) => belongs[index]);
  return {
    authority: believed.filter(({ account }) => account.authority === key),
    arbiter: believed.filter((plan) => plan.arbiter === key),
    oracle: believed.filter(({ oracles: now, nextOracles: next }) =>
      [...now.keys, ...(next?.keys ?? [])].includes(key),
    ),
  };
}
