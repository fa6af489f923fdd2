// Runs in the page before the app does: a wallet by the Wallet Standard, whose key stays with the test. It has to be one
// function without imports, since the browser gets its text.
export function fakeWallet({
  address,
  publicKey,
  versions,
}: {
  address: string;
  publicKey: number[];
  versions: readonly unknown[];
}) {
  const host = window as unknown as {
    __signTransaction: (base64: string) => Promise<string>;
    __walletMood: () => Promise<string>;
  };
  const chains = ['solana:mainnet', 'solana:devnet', 'solana:testnet', 'solana:localnet'];
  const account = { address, publicKey: Uint8Array.from(publicKey), chains, features: ['solana:signTransaction'] };
  let accounts: (typeof account)[] = [];
  const listeners = new Set<(change: { accounts: typeof accounts }) => void>();
  const tell = () => listeners.forEach((listener) => listener({ accounts }));
  const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
  const fromBase64 = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const wallet = {
    version: '1.0.0',
    name: 'Test Wallet',
    icon: 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCA4IDgiPjxyZWN0IHdpZHRoPSI4IiBoZWlnaHQ9IjgiIHJ4PSIyIiBmaWxsPSIjNjY3Ii8+PC9zdmc+',
    chains,
    get accounts() {
      return accounts;
    },
    features: {
      'standard:connect': {
        version: '1.0.0',
        connect: (input?: { silent?: boolean }) => {
          // Asked silently, a wallet answers with what the user allowed this page before.
          if (!input?.silent) localStorage.setItem('test-wallet', 'allowed');
          if (localStorage.getItem('test-wallet') === 'allowed') {
            accounts = [account];
            tell();
          }
          return Promise.resolve({ accounts });
        },
      },
      'standard:disconnect': {
        version: '1.0.0',
        disconnect: () => {
          localStorage.removeItem('test-wallet');
          accounts = [];
          tell();
          return Promise.resolve();
        },
      },
      'standard:events': {
        version: '1.0.0',
        on: (_event: string, listener: (change: { accounts: typeof accounts }) => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      'solana:signTransaction': {
        version: '1.0.0',
        supportedTransactionVersions: versions,
        signTransaction: async (...inputs: { transaction: Uint8Array }[]) => {
          const mood = await host.__walletMood();
          if (mood === 'disconnects') {
            accounts = [];
            tell();
            throw new Error('The connection was lost.');
          }
          const outputs: { signedTransaction: Uint8Array }[] = [];
          for (const { transaction } of inputs) {
            outputs.push({ signedTransaction: fromBase64(await host.__signTransaction(toBase64(transaction))) });
          }
          return outputs;
        },
      },
    },
  };
  const register = ({ register: add }: { register: (wallet: unknown) => void }) => add(wallet);
  window.dispatchEvent(new CustomEvent('wallet-standard:register-wallet', { detail: register }));
  window.addEventListener('wallet-standard:app-ready', (event) =>
    register((event as CustomEvent<{ register: (wallet: unknown) => void }>).detail),
  );
}
