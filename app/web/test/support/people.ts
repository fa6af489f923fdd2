import { type KeyPairSigner, type Transaction, generateKeyPairSigner, partiallySignTransaction } from '@solana/kit';
import type { SignTransactions } from '../../src/chain/transaction';

/** Somebody with a key. */
export type Person = KeyPairSigner;

export function person(): Promise<Person> {
  return generateKeyPairSigner();
}

/** A wallet that says yes: signs with the keys of these people. */
export function signing(...people: readonly Person[]): SignTransactions {
  return (transactions) =>
    Promise.all(
      transactions.map((transaction: Transaction) => {
        const named = people.filter(({ address }) => address in transaction.signatures);
        return partiallySignTransaction(
          named.map(({ keyPair }) => keyPair),
          transaction,
        );
      }),
    );
}
