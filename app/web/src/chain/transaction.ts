// A transaction's way from instructions to signatures, in steps that can be shown: prepare (nothing is sent), sign. The
// outbox sends and follows it.
import {
  type Address,
  type Blockhash,
  type Instruction,
  type Transaction,
  type TransactionVersion,
  AccountRole,
  appendTransactionMessageInstructions,
  compileTransaction,
  createTransactionMessage,
  getBase64Decoder,
  getBase64EncodedWireTransaction,
  getCompiledTransactionMessageDecoder,
  getPublicKeyFromAddress,
  getSignatureFromTransaction,
  getTransactionVersionDecoder,
  isWritableRole,
  pipe,
  setTransactionMessageConfig,
  setTransactionMessageFeePayer,
  setTransactionMessageLifetimeUsingBlockhash,
  verifySignature,
} from '@solana/kit';
import {
  getSetComputeUnitLimitInstruction,
  getSetComputeUnitPriceInstruction,
  getSetLoadedAccountsDataSizeLimitInstruction,
} from '@solana-program/compute-budget';
import type { Chain, Lifetime } from './chain';
import { Fault, refusal } from './fault';
import type { Signed } from './outbox';
import { type Envelope, MOST_UNITS } from './packing';

const LAMPORTS_PER_SIGNATURE = 5_000n;
/** Units are set a tenth above what the simulation used: amounts may change a little until it runs. */
const UNITS_MARGIN = [11n, 10n] as const;
/** The most that is ever offered for priority, micro-lamports for each compute unit. */
const MAX_PRICE = 100_000n;
/** The most bytes of accounts that a transaction may load, which is what it asks for when nothing is known. */
const MAX_LOADED = 64 * 1024 * 1024;
/** Loaded bytes are paid by pages of so many; one more than simulated is asked for, since accounts may grow. */
const PAGE = 32 * 1024;
/** For how many blocks a blockhash is good. */
const BLOCKHASH_BLOCKS = 150n;

/** A blockhash for transactions that are only simulated or measured. */
const ANY_LIFETIME: Lifetime = { blockhash: '11111111111111111111111111111111' as Blockhash, lastValidBlockHeight: 0n };

/** A transaction that was simulated and can be shown before the wallet opens. */
export type Prepared = Envelope & {
  instructions: readonly Instruction[];
  units: number;
  /** The most bytes of accounts that it may load. */
  loaded: number;
  /** Micro-lamports for each compute unit. */
  price: bigint;
  /** Lamports. */
  fee: bigint;
  logs: readonly string[];
};

/** What signs: gets transactions and returns each with the signature of `payer`; a wallet asks for all at once. */
export type SignTransactions = (
  transactions: readonly Transaction[],
  payer: Address,
) => Promise<readonly Transaction[]>;

type Budget = Pick<Prepared, 'units' | 'loaded' | 'price'>;

const LARGEST: Budget = { units: MOST_UNITS, loaded: MAX_LOADED, price: 0n };

/** The transaction without signatures. In version 0 its limits are instructions, in version 1 they stand beside them. */
export function unsigned(
  { payer, version }: Envelope,
  instructions: readonly Instruction[],
  budget: Budget = LARGEST,
  lifetime: Lifetime = ANY_LIFETIME,
) {
  if (version === 0) return compileTransaction(messageOf(payer, [...limits(budget), ...instructions], lifetime));
  const { units, loaded, price } = budget;
  return compileTransaction(
    pipe(
      createTransactionMessage({ version: 1 }),
      (message) => setTransactionMessageFeePayer(payer, message),
      (message) => setTransactionMessageLifetimeUsingBlockhash(lifetime, message),
      (message) =>
        setTransactionMessageConfig({ computeUnitLimit: units, loadedAccountsDataSizeLimit: loaded }, message),
      // There the price is paid as one sum.
      (message) =>
        price === 0n
          ? message
          : setTransactionMessageConfig({ priorityFeeLamports: priorityFee(price, units) }, message),
      (message) => appendTransactionMessageInstructions(instructions, message),
    ),
  );
}

function messageOf(payer: Address, instructions: readonly Instruction[], lifetime: Lifetime) {
  return pipe(
    createTransactionMessage({ version: 0 }),
    (message) => setTransactionMessageFeePayer(payer, message),
    (message) => setTransactionMessageLifetimeUsingBlockhash(lifetime, message),
    (message) => appendTransactionMessageInstructions(instructions, message),
  );
}

function limits({ units, loaded, price }: Budget): Instruction[] {
  const both = [
    getSetComputeUnitLimitInstruction({ units }),
    getSetLoadedAccountsDataSizeLimitInstruction({ accountDataSizeLimit: loaded }),
  ];
  return price === 0n ? both : [...both, getSetComputeUnitPriceInstruction({ microLamports: price })];
}

/** Lamports for so many units at a price in millionths of a lamport, rounded up as the network does. */
function priorityFee(price: bigint, units: number): bigint {
  return (price * BigInt(units) + 999_999n) / 1_000_000n;
}

/** Simulates the instructions. Throws a fault if the chain would refuse them. */
export async function simulate(chain: Chain, envelope: Envelope, instructions: readonly Instruction[]) {
  const compiled = unsigned(envelope, instructions);
  const simulation = await chain.simulate(getBase64EncodedWireTransaction(compiled));
  if (simulation.error !== undefined) throw refusal(simulation.error, simulation.logs);
  return { ...simulation, compiled };
}

/** Simulates the instructions and works out units, price and fee. Throws a fault if the chain would refuse them. */
export async function prepare(
  chain: Chain,
  envelope: Envelope,
  instructions: readonly Instruction[],
): Promise<Prepared> {
  const [{ compiled, ...simulation }, price] = await Promise.all([
    simulate(chain, envelope, instructions),
    priceFor(chain, instructions),
  ]);
  const units = Math.min(Number((simulation.units * UNITS_MARGIN[0]) / UNITS_MARGIN[1]) + 1_000, MOST_UNITS);
  const fee = feeOf(compiled) + priorityFee(price, units);
  const pages = simulation.loaded === undefined ? undefined : Math.ceil(simulation.loaded / PAGE) + 1;
  const loaded = pages === undefined ? MAX_LOADED : Math.min(pages * PAGE, MAX_LOADED);
  return { ...envelope, instructions, units, loaded, price, fee, logs: simulation.logs };
}

/**
 * A transaction that cannot be simulated yet, because it needs another one before it: asks for all the units there are,
 * which costs nothing without a price for priority.
 */
export function prepareLater(envelope: Envelope, instructions: readonly Instruction[]): Prepared {
  const fee = feeOf(unsigned(envelope, instructions));
  return { ...envelope, instructions, ...LARGEST, fee, logs: [] };
}

function feeOf({ signatures }: Transaction): bigint {
  return LAMPORTS_PER_SIGNATURE * BigInt(Object.keys(signatures).length);
}

/** The median of what others paid lately for the same accounts, within a limit. */
async function priceFor(chain: Chain, instructions: readonly Instruction[]): Promise<bigint> {
  const writable = new Set<Address>();
  for (const { accounts = [] } of instructions) {
    for (const { address, role } of accounts) if (isWritableRole(role)) writable.add(address);
  }
  const prices = await chain.recentPrices([...writable].slice(0, 128));
  const sorted = [...prices].sort((a, b) => (a < b ? -1 : 1));
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0n;
  return median < MAX_PRICE ? median : MAX_PRICE;
}

/** Has transactions signed, all at once, under a fresh blockhash. Throws a fault, with nothing sent, if they are not. */
export async function signAll(chain: Chain, prepared: readonly Prepared[], sign: SignTransactions): Promise<Signed[]> {
  const [first] = prepared;
  if (first === undefined) return [];
  const lifetime = await chain.lifetime();
  const transactions = prepared.map((each) => unsigned(each, each.instructions, each, lifetime));
  const signed = await sign(transactions, first.payer);
  if (signed.length !== transactions.length) {
    throw new Fault('rejected', 'The wallet did not sign every transaction. Nothing was sent.', 'Try again.');
  }
  await Promise.all(signed.map((transaction) => checkSigned(transaction, first.payer)));
  const { blockHeight } = await chain.tip();
  const own = signed.every((transaction) => blockhashOf(transaction) === lifetime.blockhash);
  // A wallet may have taken a newer blockhash: then the transaction lives longer than was planned.
  const lastValidBlockHeight = own ? lifetime.lastValidBlockHeight : blockHeight + BLOCKHASH_BLOCKS;
  if (blockHeight > lastValidBlockHeight) {
    throw new Fault(
      'expired',
      'The transaction was signed too late: its time on the chain ran out. Nothing was sent.',
      'Try again and sign within a minute.',
    );
  }
  return signed.map((transaction) => ({
    signature: getSignatureFromTransaction(transaction),
    wire: getBase64EncodedWireTransaction(transaction),
    version: versionOf(transaction),
    life: { kind: 'blocks', last: lastValidBlockHeight },
    signer: first.payer,
  }));
}

/** The form that a transaction has. */
export function versionOf({ messageBytes }: Transaction): TransactionVersion {
  return getTransactionVersionDecoder().decode(messageBytes);
}

function blockhashOf({ messageBytes }: Transaction): string {
  return getCompiledTransactionMessageDecoder().decode(messageBytes).lifetimeToken ?? '';
}

/** Throws a fault unless the transaction carries every signature, and the payer's is the payer's. */
async function checkSigned({ signatures, messageBytes }: Transaction, payer: Address) {
  const signature = signatures[payer];
  if (signature === undefined) throw wrongAccount(payer);
  if (Object.values(signatures).some((each) => each === null) || signature === null) {
    throw new Fault(
      'rejected',
      'The wallet returned the transaction without a signature. Nothing was sent.',
      'Try again.',
    );
  }
  let key: CryptoKey;
  try {
    key = await getPublicKeyFromAddress(payer);
  } catch {
    // A browser without Ed25519 cannot tell; then the chain will.
    return;
  }
  if (!(await verifySignature(key, signature, messageBytes))) throw wrongAccount(payer);
}

function wrongAccount(payer: Address): Fault {
  return new Fault(
    'wrong-account',
    `The wallet signed with another account than the connected one (${payer}). Nothing was sent.`,
    'Choose that account in the wallet, or connect the other one.',
  );
}

/**
 * The message of an unsigned transaction as base64, for a multisig's vault transaction. `payer` is the vault. It is of
 * version 0 everywhere: the multisig's program and tools decide what they take.
 */
export function exportMessage(payer: Address, instructions: readonly Instruction[]): string {
  return getBase64Decoder().decode(compileTransaction(messageOf(payer, instructions, ANY_LIFETIME)).messageBytes);
}

/** Who has to sign besides the payer. */
export function otherSigners(payer: Address, instructions: readonly Instruction[]): Address[] {
  const signers = instructions
    .flatMap(({ accounts = [] }) => accounts)
    .filter(({ role }) => role === AccountRole.READONLY_SIGNER || role === AccountRole.WRITABLE_SIGNER)
    .map(({ address }) => address);
  return [...new Set(signers)].filter((address) => address !== payer);
}
