// The chain behind a JSON-RPC endpoint.
import {
  type Address,
  type Base64EncodedWireTransaction,
  type Signature,
  createSolanaRpcFromTransport,
  createSolanaRpcSubscriptions,
  getBase58Decoder,
  getBase58Encoder,
  getBase64Encoder,
} from '@solana/kit';
import { EARNOUT_PROGRAM_ADDRESS } from '../generated/programs/earnout';
import type { AccountFilter, Chain, PastTransaction, RawAccount, Slice, Stop, Unread, WatchEvents } from './chain';
import type { Cluster } from './cluster';
import { Fault, asFault } from './fault';
import type { Sighting } from './follow';
import { eventAuthorityAddress } from './addresses';
import { inBatches, inParallel } from './batches';
import { hostOf, httpTransport } from './transport';

const COMMITMENT = 'confirmed' as const;
/** Versions of transactions that can be read. */
const NEWEST_VERSION = 1;
/** The most accounts that endpoints return in one answer. */
const ACCOUNTS_PER_CALL = 100;
/** Calls under way at once where there is no call for many: public endpoints refuse more. */
const PARALLEL = 6;
/** How long a broken subscription waits before it tries again, milliseconds: at first, and at most. */
const RETRY_MS = [500, 15_000] as const;

type Encoded = { owner: Address; lamports: bigint; data: readonly [string, string] };

export function rpcChain(cluster: Cluster): Chain {
  const rpc = createSolanaRpcFromTransport(httpTransport(cluster.rpcUrl));
  const subscriptions = createSolanaRpcSubscriptions(cluster.wsUrl);

  async function ask<T>(call: { send(): Promise<T> }): Promise<T> {
    try {
      return await call.send();
    } catch (error) {
      throw asFault(error);
    }
  }

  async function find(filter: AccountFilter, dataSlice?: Slice): Promise<RawAccount[]> {
    const options = { commitment: COMMITMENT, encoding: 'base64', filters: rpcFilters(filter), dataSlice } as const;
    const found = await ask(rpc.getProgramAccounts(EARNOUT_PROGRAM_ADDRESS, options));
    return found.map(({ pubkey, account }) => decoded(pubkey, account));
  }

  async function simulate(transaction: string) {
    const call = rpc.simulateTransaction(transaction as Base64EncodedWireTransaction, {
      encoding: 'base64',
      commitment: COMMITMENT,
      sigVerify: false,
      replaceRecentBlockhash: true,
    });
    const { value } = await ask(call);
    return {
      error: value.err ?? undefined,
      logs: value.logs ?? [],
      units: value.unitsConsumed ?? 0n,
      loaded: value.loadedAccountsDataSize,
    };
  }

  return {
    async accounts(addresses) {
      const batches = await inBatches(addresses, ACCOUNTS_PER_CALL, PARALLEL, async (batch) => {
        const { value } = await ask(
          rpc.getMultipleAccounts([...batch], { commitment: COMMITMENT, encoding: 'base64' }),
        );
        if (value.length !== batch.length) {
          const message = `The RPC endpoint ${hostOf(cluster.rpcUrl)} sent the answer to another request.`;
          throw new Fault('unreachable', message, 'Try again, or choose another endpoint at the top of the page.');
        }
        return value.map((account, index) => {
          const address = batch[index];
          return account === null || address === undefined ? undefined : decoded(address, account);
        });
      });
      return batches.flat();
    },

    find: (filter) => find(filter),
    findParts: (filter, slice) => find(filter, slice),

    watchAccounts(addresses, events) {
      const stops = addresses.map((address) =>
        watch(async (abortSignal) => {
          const options = { commitment: COMMITMENT, encoding: 'base64' } as const;
          const all = await subscriptions.accountNotifications(address, options).subscribe({ abortSignal });
          return mapped(all, ({ value }) => decoded(address, value));
        }, events),
      );
      return () => stops.forEach((stop) => stop());
    },

    watchProgram(filter, events) {
      return watch(async (abortSignal) => {
        const options = { commitment: COMMITMENT, encoding: 'base64', filters: rpcFilters(filter) } as const;
        const all = await subscriptions
          .programNotifications(EARNOUT_PROGRAM_ADDRESS, options)
          .subscribe({ abortSignal });
        return mapped(all, ({ value }) => decoded(value.pubkey, value.account));
      }, events);
    },

    genesisHash: () => ask(rpc.getGenesisHash()),
    rent: (size) => ask(rpc.getMinimumBalanceForRentExemption(BigInt(size), { commitment: COMMITMENT })),

    async tip() {
      const { absoluteSlot, blockHeight } = await ask(rpc.getEpochInfo({ commitment: COMMITMENT }));
      return { slot: absoluteSlot, blockHeight };
    },

    async lifetime() {
      return (await ask(rpc.getLatestBlockhash({ commitment: COMMITMENT }))).value;
    },

    async recentPrices(writable) {
      const fees = await ask(rpc.getRecentPrioritizationFees([...writable]));
      return fees.map((fee) => fee.prioritizationFee);
    },

    simulate,

    async send(transaction) {
      const wire = transaction as Base64EncodedWireTransaction;
      const options = { encoding: 'base64', preflightCommitment: COMMITMENT, maxRetries: 0n } as const;
      try {
        return await rpc.sendTransaction(wire, options).send();
      } catch (error) {
        throw asFault(error);
      }
    },

    async signatureStates(signatures) {
      const { context, value } = await ask(
        rpc.getSignatureStatuses([...signatures], { searchTransactionHistory: true }),
      );
      const sightings = value.map((status): Sighting => {
        if (status === null) return { state: 'nothing' };
        // A fork that is dropped takes its failures with it, as its successes.
        if (status.confirmationStatus === 'processed') return { state: 'processed' };
        return status.err === null ? { state: 'confirmed' } : { state: 'failed', error: status.err };
      });
      return { slot: context.slot, sightings };
    },

    async executed(signature) {
      const found = await ask(
        rpc.getTransaction(signature, {
          commitment: COMMITMENT,
          encoding: 'base64',
          maxSupportedTransactionVersion: NEWEST_VERSION,
        }),
      );
      if (found === null) return { state: 'nothing' };
      const error = found.meta?.err ?? null;
      return error === null ? { state: 'confirmed' } : { state: 'failed', error };
    },

    async signatures(address, before, limit) {
      const found = await ask(rpc.getSignaturesForAddress(address, { before, limit, commitment: COMMITMENT }));
      return found.map(({ signature, slot, err }) => ({ signature, slot, failed: err !== null }));
    },

    transactions: (signatures) => inParallel(signatures, PARALLEL, transaction),
  };

  async function transaction(signature: Signature): Promise<PastTransaction | Unread> {
    const options = {
      commitment: COMMITMENT,
      encoding: 'json',
      maxSupportedTransactionVersion: NEWEST_VERSION,
    } as const;
    try {
      const found = await ask(rpc.getTransaction(signature, options));
      if (found === null) return 'missing';
      const authority = await eventAuthorityAddress();
      if (found.transaction.signatures[0] !== signature || found.meta === null) return 'undecodable';
      const { accountKeys } = found.transaction.message;
      const loaded = found.meta.loadedAddresses;
      const keys: readonly Address[] = [...accountKeys, ...(loaded?.writable ?? []), ...(loaded?.readonly ?? [])];
      // Anybody can send these bytes to any program, and to this one: only its own calls are signed by its authority.
      const inner = (found.meta.innerInstructions ?? [])
        .flatMap((group) => group.instructions)
        .filter(({ programIdIndex }) => keys[programIdIndex] === EARNOUT_PROGRAM_ADDRESS)
        .filter(({ accounts }) => accounts.length === 1 && keys[accounts[0] ?? -1] === authority)
        .map((instruction) => getBase58Encoder().encode(instruction.data));
      return { signature, slot: found.slot, failed: found.meta.err !== null, inner };
    } catch (error) {
      // An endpoint that does not answer may do so later; one that cannot give this transaction never will.
      if (error instanceof Fault && error.kind !== 'endpoint') throw error;
      return 'undecodable';
    }
  }
}

function decoded(address: Address, account: Encoded): RawAccount {
  const { owner, lamports, data } = account;
  return { address, owner, lamports, data: getBase64Encoder().encode(data[0]) };
}

function rpcFilters(filter: AccountFilter) {
  const matches = filter.matches.map(({ offset, bytes }) => ({
    memcmp: { offset: BigInt(offset), bytes: getBase58Decoder().decode(bytes) as never, encoding: 'base58' as const },
  }));
  return filter.size === undefined ? matches : [{ dataSize: BigInt(filter.size) }, ...matches];
}

async function* mapped<T, U>(all: AsyncIterable<T>, map: (item: T) => U): AsyncIterable<U> {
  for await (const item of all) yield map(item);
}

/** Keeps a subscription alive until it is stopped, and says when notifications may have been missed. */
function watch(
  subscribe: (signal: AbortSignal) => Promise<AsyncIterable<RawAccount>>,
  { onAccount, onGap, onLive }: WatchEvents,
): Stop {
  const stopped = new AbortController();
  async function run() {
    let wait: number = RETRY_MS[0];
    let hadGap = false;
    while (!stopped.signal.aborted) {
      const attempt = new AbortController();
      const abort = () => attempt.abort();
      stopped.signal.addEventListener('abort', abort);
      try {
        const accounts = await subscribe(attempt.signal);
        onLive(true);
        wait = RETRY_MS[0];
        if (hadGap) onGap();
        for await (const account of accounts) onAccount(account);
      } catch {
        // The loop itself is the answer to a connection that broke.
      } finally {
        stopped.signal.removeEventListener('abort', abort);
        attempt.abort();
      }
      if (stopped.signal.aborted) return;
      hadGap = true;
      onLive(false);
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, RETRY_MS[1]);
    }
  }
  void run();
  return () => stopped.abort();
}
