// Wallets that announce themselves by the Wallet Standard, and the one the user connected.
import { getWallets } from '@wallet-standard/app';
import type { Wallet, WalletAccount } from '@wallet-standard/base';
import {
  StandardConnect,
  type StandardConnectFeature,
  StandardDisconnect,
  type StandardDisconnectFeature,
  StandardEvents,
  type StandardEventsFeature,
} from '@wallet-standard/features';
import { SolanaSignTransaction, type SolanaSignTransactionFeature } from '@solana/wallet-standard-features';
import type { Address } from '@solana/kit';
import { Fault } from '../chain/fault';
import type { Signs } from '../chain/version';

/** Remembers by name which wallet to ask again, silently, when the page is opened the next time. */
const REMEMBERED = 'earnout-wallet';

export type Connection = { wallet: Wallet; account: WalletAccount; address: Address };

export type WalletState = {
  /** Wallets that can sign Solana transactions. */
  available: readonly Wallet[];
  connection: Connection | undefined;
  connecting: boolean;
  fault: Fault | undefined;
};

export type WalletStore = ReturnType<typeof createWalletStore>;

export function createWalletStore() {
  const registry = getWallets();
  let state: WalletState = {
    available: usable(registry.get()),
    connection: undefined,
    connecting: false,
    fault: undefined,
  };
  let stopEvents: (() => void) | undefined;
  const listeners = new Set<() => void>();

  function set(change: Partial<WalletState>) {
    state = { ...state, ...change };
    listeners.forEach((listener) => listener());
  }

  registry.on('register', () => {
    set({ available: usable(registry.get()) });
    void reconnect();
  });
  registry.on('unregister', (...gone) => {
    set({ available: usable(registry.get()) });
    if (state.connection !== undefined && gone.includes(state.connection.wallet)) drop();
  });

  /** Takes over what the wallet says about its accounts; it may change them at any time. */
  function adopt(wallet: Wallet, accounts: readonly WalletAccount[]) {
    const account = accounts.find(({ chains }) => chains.some((chain) => chain.startsWith('solana:')));
    if (account === undefined) drop();
    else set({ connection: { wallet, account, address: account.address as Address }, connecting: false });
  }

  function drop() {
    stopEvents?.();
    stopEvents = undefined;
    set({ connection: undefined, connecting: false });
  }

  function listen(wallet: Wallet) {
    stopEvents?.();
    const feature = wallet.features[StandardEvents] as StandardEventsFeature[typeof StandardEvents] | undefined;
    stopEvents = feature?.on('change', ({ accounts }) => {
      if (accounts !== undefined) adopt(wallet, accounts);
    });
  }

  async function connect(wallet: Wallet, silent = false) {
    set({ connecting: true, fault: undefined });
    try {
      const feature = wallet.features[StandardConnect] as StandardConnectFeature[typeof StandardConnect];
      const { accounts } = await feature.connect(silent ? { silent } : undefined);
      if (accounts.length > 0) {
        listen(wallet);
        remember(wallet.name);
      }
      adopt(wallet, accounts);
    } catch (error) {
      const message = isRefusal(error)
        ? `You declined in ${wallet.name}. Nothing was connected.`
        : `${wallet.name} did not connect: ${error instanceof Error ? error.message : String(error)}`;
      set({
        connecting: false,
        fault: silent ? undefined : new Fault('rejected', message, 'Try again, or choose another wallet.'),
      });
    }
  }

  async function disconnect() {
    const wallet = state.connection?.wallet;
    remember(undefined);
    drop();
    const feature = wallet?.features[StandardDisconnect] as
      StandardDisconnectFeature[typeof StandardDisconnect] | undefined;
    // A wallet that fails to disconnect is forgotten all the same.
    await feature?.disconnect().catch(() => undefined);
  }

  async function reconnect() {
    const name = remembered();
    const wallet = state.available.find((each) => each.name === name);
    if (wallet === undefined || state.connection !== undefined || state.connecting) return;
    await connect(wallet, true);
  }

  void reconnect();
  return {
    get: () => state,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    connect: (wallet: Wallet) => connect(wallet),
    disconnect,
  };
}

function usable(wallets: readonly Wallet[]): Wallet[] {
  return wallets.filter(
    ({ chains, features }) =>
      chains.some((chain) => chain.startsWith('solana:')) &&
      SolanaSignTransaction in features &&
      StandardConnect in features,
  );
}

/** How a wallet signs. */
export function signingOf({ features }: Wallet) {
  return features[SolanaSignTransaction] as SolanaSignTransactionFeature[typeof SolanaSignTransaction];
}

/** What the wallet says of the versions that it signs; one that says nothing has only the old ones. */
export function signsOf(wallet: Wallet): Signs {
  // The standard's types are older than version 1, and a wallet may leave the list out.
  const listed: unknown = signingOf(wallet).supportedTransactionVersions;
  return { name: wallet.name, version1: Array.isArray(listed) && listed.includes(1) };
}

/** Storage can be switched off; then the wallet is chosen anew each time. */
function remember(name: string | undefined) {
  try {
    if (name === undefined) localStorage.removeItem(REMEMBERED);
    else localStorage.setItem(REMEMBERED, name);
  } catch {
    return;
  }
}

function remembered(): string | undefined {
  try {
    return localStorage.getItem(REMEMBERED) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Whether a wallet's error means that the user said no: they all put it in words, some with the number of EIP-1193. */
export function isRefusal(error: unknown): boolean {
  if (typeof error === 'object' && error !== null && (error as { code?: unknown }).code === 4001) return true;
  const message = error instanceof Error ? error.message : String(error);
  return /reject|declin|denied|cancel/i.test(message);
}
