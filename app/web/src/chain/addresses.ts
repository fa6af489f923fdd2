// Addresses of the program's accounts.
import {
  type Address,
  type ReadonlyUint8Array,
  getAddressDecoder,
  getAddressEncoder,
  getProgramDerivedAddress,
  getU16Encoder,
  getU32Encoder,
  getU64Encoder,
  getUtf8Encoder,
} from '@solana/kit';
import { EARNOUT_PROGRAM_ADDRESS } from '../generated/programs/earnout';

const key = (address: Address) => getAddressEncoder().encode(address);

async function derive(...seeds: (ReadonlyUint8Array | string)[]): Promise<Address> {
  const [address] = await getProgramDerivedAddress({ programAddress: EARNOUT_PROGRAM_ADDRESS, seeds });
  return address;
}

/** The plan that `creator` gave the number `planId`. */
export function planAddress(creator: Address, planId: bigint): Promise<Address> {
  return derive('plan', key(creator), getU64Encoder().encode(planId));
}

export function vaultAddress(plan: Address): Promise<Address> {
  return derive('vault', key(plan));
}

/** The plan's grant number `index`. */
export function grantAddress(plan: Address, index: number): Promise<Address> {
  return derive('grant', key(plan), getU32Encoder().encode(index));
}

/** The attestation of a shared KPI for a period. */
export function attestationAddress(plan: Address, kpi: number, period: number): Promise<Address> {
  return derive('attestation', key(plan), new Uint8Array([kpi]), getU16Encoder().encode(period));
}

/** The page of an individual KPI for a period that has this number. */
export function pageAddress(plan: Address, kpi: number, period: number, page: number): Promise<Address> {
  const number = getU32Encoder().encode(page);
  return derive('page', key(plan), new Uint8Array([kpi]), getU16Encoder().encode(period), number);
}

/** The page with this number, or the attestation where there is none. */
export function evaluationAddress(
  plan: Address,
  kpi: number,
  period: number,
  page: number | undefined,
): Promise<Address> {
  return page === undefined ? attestationAddress(plan, kpi, period) : pageAddress(plan, kpi, period, page);
}

/** The pool of a period. */
export function periodAddress(plan: Address, period: number): Promise<Address> {
  return derive('period', key(plan), getU16Encoder().encode(period));
}

/**
 * The address that these seeds give with the bump that an account stores. Where it differs from the account's own, the
 * content is not that account's. Much quicker than the search for the bump, which a list of accounts would repeat.
 */
async function withBump(bump: number, ...seeds: (ReadonlyUint8Array | string)[]): Promise<Address> {
  const bytes = seeds.map((seed) => (typeof seed === 'string' ? getUtf8Encoder().encode(seed) : seed));
  const tail = [new Uint8Array([bump]), key(EARNOUT_PROGRAM_ADDRESS), getUtf8Encoder().encode('ProgramDerivedAddress')];
  const all = [...bytes, ...tail].flatMap((part) => [...part]);
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(all));
  return getAddressDecoder().decode(new Uint8Array(digest));
}

/** The addresses that accounts must have by their own content. */
export const addressOf = {
  plan: (plan: { creator: Address; planId: bigint; bump: number }) =>
    withBump(plan.bump, 'plan', key(plan.creator), getU64Encoder().encode(plan.planId)),
  grant: (grant: { plan: Address; index: number; bump: number }) =>
    withBump(grant.bump, 'grant', key(grant.plan), getU32Encoder().encode(grant.index)),
  attestation: (of: { plan: Address; kpi: number; period: number; bump: number }) =>
    withBump(of.bump, 'attestation', key(of.plan), new Uint8Array([of.kpi]), getU16Encoder().encode(of.period)),
  page: (of: { plan: Address; kpi: number; period: number; page: number; bump: number }) =>
    withBump(
      of.bump,
      'page',
      key(of.plan),
      new Uint8Array([of.kpi]),
      getU16Encoder().encode(of.period),
      getU32Encoder().encode(of.page),
    ),
  period: (of: { plan: Address; period: number; bump: number }) =>
    withBump(of.bump, 'period', key(of.plan), getU16Encoder().encode(of.period)),
};

let eventAuthority: Promise<Address> | undefined;

/** The address with which the program signs its events. */
export function eventAuthorityAddress(): Promise<Address> {
  eventAuthority ??= derive('__event_authority');
  return eventAuthority;
}
