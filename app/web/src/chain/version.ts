// Which form of transactions is sent: the one place that decides it, as the SDK's `client/version.rs` does.
//
// Version 1 goes out where the cluster has it, the endpoint takes it and the wallet signs it; elsewhere version 0. The
// cluster says it in the account of its feature, and the endpoint by simulating a transaction that does nothing. Nothing
// is signed to find out, so whatever an endpoint answers, nothing can be executed twice: one that says yes and then does
// not carry it leaves transactions that expire, as any other fault of an endpoint does.
import { type Address, getBase64EncodedWireTransaction } from '@solana/kit';
import { getSetComputeUnitLimitInstruction } from '@solana-program/compute-budget';
import type { Chain, RawAccount } from './chain';
import { Fault } from './fault';
import type { Version } from './packing';
import { unsigned } from './transaction';

/** The account that says since when the cluster executes transactions of version 1 (SIMD-0385). */
export const VERSION_1_FEATURE = 'txv1aq4pp281K9um3tnPgkfX8UqtFT6wcVW3hNezGLL' as Address;
/** Owner of the accounts of features. */
export const FEATURES = 'Feature111111111111111111111111111111111111' as Address;

/** Which transactions are sent: the newest that cluster, endpoint and wallet have, or always these. */
export type Versions = 'auto' | Version;

/** What a wallet says of the versions that it signs. */
export type Signs = { name: string; version1: boolean };

/** Decides which transactions are sent to `chain`. That it takes version 1 is asked for once, else again: it may come. */
export function chooser(chain: Chain): (wanted: Versions, wallet: Signs) => Promise<Version> {
  let takesVersion1 = false;
  return async (wanted, wallet) => {
    if (wanted === 1 && !wallet.version1) throw oldWallet(wallet.name);
    if (wanted !== 'auto') return wanted;
    if (!wallet.version1) return 0;
    takesVersion1 ||= (await hasVersion1(chain)) && (await simulatesVersion1(chain));
    return takesVersion1 ? 1 : 0;
  };
}

/** That a wallet cannot sign what is wanted. */
export function oldWallet(name: string): Fault {
  return new Fault(
    'input',
    `${name} does not sign transactions of version 1. Nothing was sent.`,
    'Choose another wallet, or other transactions under “Change” at the top of the page.',
  );
}

/** Whether the cluster says that it executes version 1. */
async function hasVersion1(chain: Chain): Promise<boolean> {
  const [account] = await chain.accounts([VERSION_1_FEATURE]);
  return account !== undefined && isActive(account);
}

/** Whether a feature's account says that it was activated: a 1, and the slot of that. */
export function isActive({ owner, lamports, data }: Pick<RawAccount, 'owner' | 'lamports' | 'data'>): boolean {
  return owner === FEATURES && lamports > 0n && data.length === 9 && data[0] === 1;
}

/** Whether the endpoint reads version 1: it simulates an instruction that does nothing. The payer need not exist. */
async function simulatesVersion1(chain: Chain): Promise<boolean> {
  const nothing = getSetComputeUnitLimitInstruction({ units: 0 });
  const probe = unsigned({ payer: VERSION_1_FEATURE, version: 1 }, [nothing]);
  try {
    const { error } = await chain.simulate(getBase64EncodedWireTransaction(probe));
    // Whatever an account is refused for, the transaction was understood.
    return error === undefined || UNDERSTOOD.some((name) => name === nameOf(error));
  } catch (error) {
    // It answered, with a refusal; one that does not answer says nothing.
    if (error instanceof Fault && error.kind !== 'unreachable') return false;
    throw error;
  }
}

const UNDERSTOOD = ['AccountNotFound', 'InvalidAccountForFee', 'InsufficientFundsForFee'];

function nameOf(error: unknown): string | undefined {
  if (typeof error === 'string') return error;
  return typeof error === 'object' && error !== null ? Object.keys(error)[0] : undefined;
}
