// Signing with a connected wallet. The app sends through its own endpoint, so that what the page shows and what is sent
// are the same chain: wallets send through theirs, and none of them reaches a local chain.
import { getTransactionDecoder, getTransactionEncoder } from '@solana/kit';
import { Fault } from '../chain/fault';
import { type SignTransactions, versionOf } from '../chain/transaction';
import { oldWallet } from '../chain/version';
import { type Connection, isRefusal, signingOf, signsOf } from './wallets';

/** Signs with the wallet of `current()`, which is asked again at the moment of signing: it may have gone meanwhile. */
export function walletSigner(current: () => Connection | undefined, chain: `solana:${string}`): SignTransactions {
  return async (transactions, payer) => {
    const connection = current();
    if (connection === undefined) {
      throw new Fault('disconnected', 'The wallet is no longer connected. Nothing was sent.', 'Connect it again.');
    }
    const { wallet, account, address } = connection;
    if (address !== payer) {
      throw new Fault(
        'wrong-account',
        `The wallet changed to another account (${address}). Nothing was sent.`,
        'Review the summary for this account, or change back in the wallet.',
      );
    }
    // What was prepared for a wallet that signs version 1 may come to another one.
    if (!signsOf(wallet).version1 && transactions.some((transaction) => versionOf(transaction) === 1)) {
      throw oldWallet(wallet.name);
    }
    const inputs = transactions.map((transaction) => ({
      account,
      transaction: new Uint8Array(getTransactionEncoder().encode(transaction)),
      chain,
    }));
    try {
      const outputs = await signingOf(wallet).signTransaction(...inputs);
      return outputs.map(({ signedTransaction }) => getTransactionDecoder().decode(signedTransaction));
    } catch (error) {
      if (current() === undefined) {
        throw new Fault('disconnected', 'The wallet went away while signing. Nothing was sent.', 'Connect it again.');
      }
      if (isRefusal(error)) {
        throw new Fault(
          'rejected',
          `You declined in ${wallet.name}. Nothing was sent.`,
          'Try again whenever you like.',
        );
      }
      const message = error instanceof Error ? error.message : String(error);
      throw new Fault('rejected', `${wallet.name} did not sign: ${message}. Nothing was sent.`, 'Try again.');
    }
  };
}
