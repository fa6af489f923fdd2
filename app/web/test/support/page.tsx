// The whole app in a document in the process, on a chain in the process, with a wallet.
import { cleanup, render } from '@testing-library/react';
import { getTransactionDecoder, getTransactionEncoder, partiallySignTransaction } from '@solana/kit';
import { Root } from '../../src/app/Root';
import type { Chain } from '../../src/chain/chain';
import type { Connection, WalletState, WalletStore } from '../../src/wallet/wallets';
import type { Person } from './people';

export type TestWallet = WalletStore & {
  refuse: (refuse: boolean) => void;
  /** Has it wait before it signs; the returned function lets it. */
  hold: () => () => void;
  /** It says from now on that it signs these versions. */
  sign: (versions: readonly unknown[]) => void;
  /** Another account is chosen in the wallet. */
  change: (person: Person) => void;
};

/** A wallet that is connected from the start, and says yes unless it is told otherwise. */
export function testWallet(owner: Person, versions: readonly unknown[] = ['legacy', 0, 1]): TestWallet {
  let supportedTransactionVersions = versions;
  let person = owner;
  let refuses = false;
  let held = Promise.resolve();
  const signTransaction = async (...inputs: { transaction: Uint8Array }[]) => {
    await held;
    if (refuses) throw new Error('User rejected the request.');
    return Promise.all(
      inputs.map(async ({ transaction }) => {
        const decoded = getTransactionDecoder().decode(transaction);
        const signed = await partiallySignTransaction([person.keyPair], decoded);
        return { signedTransaction: new Uint8Array(getTransactionEncoder().encode(signed)) };
      }),
    );
  };
  const signing = {
    signTransaction,
    get supportedTransactionVersions() {
      return supportedTransactionVersions;
    },
  };
  const wallet = { name: 'Test Wallet', features: { 'solana:signTransaction': signing } };
  const listeners = new Set<() => void>();
  const stateOf = ({ address }: Person): WalletState => {
    const account = { address, publicKey: new Uint8Array(32), chains: ['solana:localnet'], features: [] };
    const connection = { wallet, account, address } as unknown as Connection;
    return { available: [], connection, connecting: false, fault: undefined };
  };
  let state = stateOf(person);
  return {
    get: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    refuse: (refuse) => {
      refuses = refuse;
    },
    hold: () => {
      let release: () => void = () => undefined;
      held = new Promise((resolve) => (release = resolve));
      return release;
    },
    sign: (other) => {
      supportedTransactionVersions = other;
    },
    change: (other) => {
      person = other;
      state = stateOf(other);
      listeners.forEach((listener) => listener());
    },
  };
}

/** Shows the app at `path` to whoever has `wallets`. */
export function open(path: string, chain: Chain, wallets: WalletStore) {
  cleanup();
  window.location.hash = `#${path}?cluster=localnet`;
  return render(<Root wallets={wallets} connect={() => chain} />);
}
