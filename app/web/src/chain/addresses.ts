// Addresses of the program's accounts.
import {
  type Address,
  type ReadonlyUint8Array,
  getAddressEncoder,
  getProgramDerivedAddress,
  getU16Encoder,
  getU32Encoder,
  getU64Encoder,
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

/** The attestation of a KPI for a period and a subject: the plan, or a grant for an individual KPI. */
export function attestationAddress(plan: Address, kpi: number, period: number, subject: Address): Promise<Address> {
  return derive('attestation', key(plan), new Uint8Array([kpi]), getU16Encoder().encode(period), key(subject));
}

/** The pool of a period. */
export function periodAddress(plan: Address, period: number): Promise<Address> {
  return derive('period', key(plan), getU16Encoder().encode(period));
}

let eventAuthority: Promise<Address> | undefined;

/** The address with which the program signs its events. */
export function eventAuthorityAddress(): Promise<Address> {
  eventAuthority ??= derive('__event_authority');
  return eventAuthority;
}
