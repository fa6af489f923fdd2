import { type Address, type KeyPairSigner, type Transaction, generateKeyPairSigner, partiallySignTransaction } from '@solana/kit';
import type { SignTransaction } from '../../src/chain/transaction';

/** Somebody with a key. */
export type Person = KeyPairSigner;

export function person(): Promise<Person> {
  return generateKeyPairSigner();
}

/** A wallet that says yes: signs with the keys of these people. */
export function signing(...people: readonly Person[]): SignTransaction {
  return async (transaction: Transaction) => {
    const named = people.filter(({ address }) => address in transaction.signatures);
    return partiallySignTransaction(named.map(({ keyPair }) => keyPair), transaction);
  };
}

export const addresses = (people: readonly Person[]): Address[] => people.map(({ address }) => address);
