// The whole app in a document in the process, on a chain in the process, with a wallet.
import { cleanup, render } from '@testing-library/react';
import { getTransactionDecoder, getTransactionEncoder, partiallySignTransaction } from '@solana/kit';
import { Root } from '../../src/app/Root';
import type { Chain } from '../../src/chain/chain';
import type { Connection, WalletState, WalletStore } from '../../src/wallet/wallets';
import type { Person } from './people';

/** A wallet that is connected from the start, and says yes unless it is told otherwise. */
export function testWallet(person: Person): WalletStore & { refuse: (refuse: boolean) => void } {
  let refuses = false;
  const account = { address: person.address, publicKey: new Uint8Array(32), chains: ['solana:localnet'], features: [] };
  const signTransaction = async (...inputs: { transaction: Uint8Array }[]) => {
    if (refuses) throw new Error('User rejected the request.');
    return Promise.all(
      inputs.map(async ({ transaction }) => {
        const decoded = getTransactionDecoder().decode(transaction);
        const signed = await partiallySignTransaction([person.keyPair], decoded);
        return { signedTransaction: new Uint8Array(getTransactionEncoder().encode(signed)) };
      }),
    );
  };
  const wallet = { name: 'Test Wallet', features: { 'solana:signTransaction': { signTransaction } } };
  const connection = { wallet, account, address: person.address } as unknown as Connection;
  const state: WalletState = { available: [], connection, connecting: false, fault: undefined };
  return {
    get: () => state,
    subscribe: () => () => undefined,
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    refuse: (refuse) => {
      refuses = refuse;
    },
  };
}

/** Shows the app at `path` to whoever has `wallets`. */
export function open(path: string, chain: Chain, wallets: WalletStore) {
  cleanup();
  window.location.hash = `#${path}?cluster=localnet`;
  return render(<Root wallets={wallets} connect={() => chain} />);
}
