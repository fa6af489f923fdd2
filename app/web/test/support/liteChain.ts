// A chain in the process with the built program on it, behind the interface that the app knows.
import { join } from 'node:path';
import {
  type Address,
  type Signature,
  type Transaction,
  getBase64Encoder,
  getCompiledTransactionMessageDecoder,
  getSignatureFromTransaction,
  getTransactionDecoder,
  lamports,
} from '@solana/kit';
import { FailedTransactionMetadata, LiteSVM } from 'litesvm';
import type {
  AccountFilter,
  Chain,
  PastTransaction,
  RawAccount,
  Simulation,
  Slice,
  WatchEvents,
} from '../../src/chain/chain';
import { refusal } from '../../src/chain/fault';
import type { Sighting } from '../../src/chain/follow';
import { fits } from '../../src/chain/read';
import { FEATURES, VERSION_1_FEATURE } from '../../src/chain/version';
import { EARNOUT_PROGRAM_ADDRESS } from '../../src/generated/programs/earnout';

// Under jsdom `URL` is the document's, which reads no `file:` addresses.
const BUILT = join(import.meta.dirname, '../../../../target/deploy/earnout.so');
const PROGRAM = process.env.EARNOUT_SO ?? BUILT;

type Watcher = { sees: (account: RawAccount) => boolean; events: WatchEvents };

export class LiteChain implements Chain {
  readonly svm = new LiteSVM();
  readonly sent: { signature: Signature; addresses: readonly Address[]; transaction: PastTransaction }[] = [];
  private readonly watchers = new Set<Watcher>();
  private height = 1n;

  constructor() {
    this.svm.addProgramFromFile(EARNOUT_PROGRAM_ADDRESS, PROGRAM);
    this.hasVersion1(true);
  }

  /** Whether the chain says that it executes transactions of version 1; this one executes them anyway. */
  hasVersion1(active: boolean) {
    const data = new Uint8Array(9);
    data[0] = active ? 1 : 0;
    this.svm.setAccount({
      address: VERSION_1_FEATURE,
      programAddress: FEATURES,
      lamports: lamports(1_000_000n),
      data,
      executable: false,
      space: 9n,
    });
  }

  /** Gives SOL. */
  airdrop(to: Address, sol: bigint) {
    this.svm.airdrop(to, lamports(sol * 1_000_000_000n));
  }

  /** The chain's time, Unix seconds. */
  now(): bigint {
    return this.svm.getClock().unixTimestamp;
  }

  /** Moves the chain's time to `time`, Unix seconds. */
  warp(time: bigint) {
    const clock = this.svm.getClock();
    clock.unixTimestamp = time;
    clock.slot += 1n;
    this.svm.setClock(clock);
  }

  /** Makes every blockhash that was handed out useless, as time does. */
  expireBlockhash() {
    this.svm.expireBlockhash();
    this.height += 200n;
  }

  accounts(addresses: readonly Address[]) {
    return Promise.resolve(addresses.map((address) => this.account(address)));
  }

  find(filter: AccountFilter) {
    const all = this.svm.getProgramAccounts(EARNOUT_PROGRAM_ADDRESS);
    const found = all.map(({ address, lamports: balance, data }) => ({
      address,
      owner: EARNOUT_PROGRAM_ADDRESS,
      lamports: balance,
      data,
    }));
    return Promise.resolve(found.filter((account) => fits(account, filter)));
  }

  async findParts(filter: AccountFilter, { offset, length }: Slice) {
    const found = await this.find(filter);
    return found.map((account) => ({ ...account, data: account.data.slice(offset, offset + length) }));
  }

  watchAccounts(addresses: readonly Address[], events: WatchEvents) {
    return this.watch({ sees: ({ address }) => addresses.includes(address), events });
  }

  watchProgram(filter: AccountFilter, events: WatchEvents) {
    return this.watch({ sees: (account) => fits(account, filter), events });
  }

  genesisHash() {
    return Promise.resolve('LocalChainLocalChainLocalChainLocalChain1111');
  }

  rent(size: number) {
    return Promise.resolve(this.svm.minimumBalanceForRentExemption(BigInt(size)));
  }

  lifetime() {
    return Promise.resolve({ blockhash: this.svm.latestBlockhash(), lastValidBlockHeight: this.height + 150n });
  }

  tip() {
    return Promise.resolve({ slot: this.height, blockHeight: this.height });
  }

  recentPrices() {
    return Promise.resolve([]);
  }

  simulate(wire: string): Promise<Simulation> {
    this.svm.withSigverify(false).withBlockhashCheck(false);
    const result = this.svm.simulateTransaction(decode(wire));
    this.svm.withSigverify(true).withBlockhashCheck(true);
    const meta = result.meta();
    const error = result instanceof FailedTransactionMetadata ? rpcError(result) : undefined;
    return Promise.resolve({ error, logs: meta.logs(), units: meta.computeUnitsConsumed() });
  }

  send(wire: string): Promise<Signature> {
    const transaction = decode(wire);
    const signature = getSignatureFromTransaction(transaction);
    if (this.sent.some((past) => past.signature === signature)) return Promise.resolve(signature);
    const result = this.svm.sendTransaction(transaction);
    if (result instanceof FailedTransactionMetadata)
      return Promise.reject(refusal(rpcError(result), result.meta().logs()));
    const message = getCompiledTransactionMessageDecoder().decode(transaction.messageBytes);
    const addresses = message.staticAccounts;
    const inner = result
      .innerInstructions()
      .flat()
      .map((each) => each.instruction())
      .filter((each) => addresses[each.programIdIndex()] === EARNOUT_PROGRAM_ADDRESS)
      .map((each) => each.data());
    const slot = BigInt(this.sent.length);
    this.sent.push({ signature, addresses, transaction: { signature, slot, failed: false, inner } });
    this.height += 1n;
    for (const address of addresses) this.notify(address);
    return Promise.resolve(signature);
  }

  async signatureStates(signatures: readonly Signature[]) {
    return { slot: this.height, sightings: await Promise.all(signatures.map((each) => this.executed(each))) };
  }

  executed(signature: Signature): Promise<Sighting> {
    return Promise.resolve({
      state: this.sent.some((past) => past.signature === signature) ? 'confirmed' : 'nothing',
    });
  }

  signatures(address: Address, before: Signature | undefined, limit: number) {
    const all = this.sent.filter(({ addresses }) => addresses.includes(address)).reverse();
    const start = before === undefined ? 0 : all.findIndex(({ signature }) => signature === before) + 1;
    return Promise.resolve(all.slice(start, start + limit).map(({ transaction }) => transaction));
  }

  transactions(signatures: readonly Signature[]) {
    return Promise.resolve(
      signatures.map((wanted) => this.sent.find(({ signature }) => signature === wanted)?.transaction ?? 'missing'),
    );
  }

  private account(address: Address): RawAccount | undefined {
    const account = this.svm.getAccount(address);
    if (!account.exists) return undefined;
    return { address, owner: account.programAddress, lamports: account.lamports, data: account.data };
  }

  private watch(watcher: Watcher) {
    this.watchers.add(watcher);
    watcher.events.onLive(true);
    return () => void this.watchers.delete(watcher);
  }

  private notify(address: Address) {
    const account = this.account(address);
    if (account === undefined) return;
    for (const { sees, events } of this.watchers) if (sees(account)) events.onAccount(account);
  }
}

function decode(wire: string): Transaction {
  return getTransactionDecoder().decode(getBase64Encoder().encode(wire));
}

/** The error as an RPC endpoint would put it. */
function rpcError(failed: FailedTransactionMetadata): unknown {
  const text = failed.toString();
  const custom = /Custom\((\d+)\)/.exec(text) ?? /code: (\d+)/.exec(text);
  const index = /InstructionError\((\d+)/.exec(text);
  if (custom !== null) return { InstructionError: [Number(index?.[1] ?? 0), { Custom: Number(custom[1]) }] };
  return /err: (\w+)/.exec(text)?.[1] ?? text;
}
