// The mint and the token accounts of a plan, for SPL Token and Token-2022 alike.
import {
  type Address,
  type ReadonlyUint8Array,
  getAddressDecoder,
  getProgramDerivedAddress,
  getAddressEncoder,
} from '@solana/kit';
import type { RawAccount } from './chain';

export const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;
export const TOKEN_2022_PROGRAM = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb' as Address;
export const ASSOCIATED_TOKEN_PROGRAM = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL' as Address;
export const MEMO_PROGRAM = 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr' as Address;

export const TOKEN_ACCOUNT_SIZE = 165;
const MINT_SIZE = 82;
/** Where extensions begin: after the size of an account and a byte that says which kind it is. */
const EXTENSIONS_START = TOKEN_ACCOUNT_SIZE + 1;

/** Numbers of Token-2022's extensions. */
const EXTENSION = { transferFee: 1, memoTransfer: 8, transferHook: 14 } as const;

export type Mint = {
  address: Address;
  tokenProgram: Address;
  decimals: number;
  freezeAuthority: Address | undefined;
  /** The fees that a transfer may cost now, this epoch's and the one before; empty without a transfer fee. */
  transferFees: readonly TransferFee[];
  transferHook: Address | undefined;
};

export type TransferFee = { basisPoints: number; maximum: bigint };

export type TokenAccount = {
  address: Address;
  mint: Address;
  owner: Address;
  amount: bigint;
  frozen: boolean;
  needsMemo: boolean;
};

/** Reads a mint; undefined if the account is none. */
export function readMint(account: RawAccount | undefined): Mint | undefined {
  if (account === undefined || !isOfTokenProgram(account)) return undefined;
  const { data } = account;
  if (data.length < MINT_SIZE || data.length === TOKEN_ACCOUNT_SIZE || data[45] !== 1) return undefined;
  if (data.length > MINT_SIZE && data[TOKEN_ACCOUNT_SIZE] !== 1) return undefined;
  const extensions = readExtensions(data);
  const hook = extensions.get(EXTENSION.transferHook);
  return {
    address: account.address,
    tokenProgram: account.owner,
    decimals: data[44] ?? 0,
    freezeAuthority: data[46] === 1 ? getAddressDecoder().decode(data, 50) : undefined,
    transferFees: readFees(extensions.get(EXTENSION.transferFee)),
    transferHook: hook === undefined ? undefined : getAddressDecoder().decode(hook, 32),
  };
}

/** Reads a token account; undefined if the account is none. */
export function readTokenAccount(account: RawAccount | undefined): TokenAccount | undefined {
  if (account === undefined || !isOfTokenProgram(account)) return undefined;
  const { data } = account;
  const isAccount = data.length === TOKEN_ACCOUNT_SIZE || (data.length > TOKEN_ACCOUNT_SIZE && data[165] === 2);
  if (!isAccount || data[108] === 0) return undefined;
  return {
    address: account.address,
    mint: getAddressDecoder().decode(data, 0),
    owner: getAddressDecoder().decode(data, 32),
    amount: new DataView(data.buffer, data.byteOffset).getBigUint64(64, true),
    frozen: data[108] === 2,
    needsMemo: readExtensions(data).get(EXTENSION.memoTransfer)?.[0] === 1,
  };
}

/** The two fees lie behind two keys and the withheld amount, each as epoch, largest fee, and basis points. */
function readFees(config: ReadonlyUint8Array | undefined): TransferFee[] {
  if (config === undefined) return [];
  const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
  return [72, 90].map((at) => ({
    maximum: view.getBigUint64(at + 8, true),
    basisPoints: view.getUint16(at + 16, true),
  }));
}

/** The least that arrives of a transfer of `amount` base units, whichever of the two fees is in force. */
export function leastReceived({ transferFees }: Mint, amount: bigint): bigint {
  const fees = transferFees.map(({ basisPoints, maximum }) => {
    const fee = (amount * BigInt(basisPoints) + 9_999n) / 10_000n;
    return fee < maximum ? fee : maximum;
  });
  return fees.reduce((least, fee) => (amount - fee < least ? amount - fee : least), amount);
}

/** Bytes of a new associated account for this mint. */
export function associatedAccountSize(mint: Mint): number {
  if (mint.tokenProgram === TOKEN_PROGRAM) return TOKEN_ACCOUNT_SIZE;
  const withheld = mint.transferFees.length > 0 ? 12 : 0;
  const hooked = mint.transferHook === undefined ? 0 : 5;
  return EXTENSIONS_START + 4 + withheld + hooked;
}

/** The associated token account of `owner`. */
export async function associatedTokenAccount(owner: Address, mint: Address, tokenProgram: Address): Promise<Address> {
  const encoder = getAddressEncoder();
  const [address] = await getProgramDerivedAddress({
    programAddress: ASSOCIATED_TOKEN_PROGRAM,
    seeds: [encoder.encode(owner), encoder.encode(tokenProgram), encoder.encode(mint)],
  });
  return address;
}

function isOfTokenProgram({ owner }: RawAccount): boolean {
  return owner === TOKEN_PROGRAM || owner === TOKEN_2022_PROGRAM;
}

/** Content by extension number: a list of number and length, each 2 bytes little-endian, and content. */
function readExtensions(data: ReadonlyUint8Array): Map<number, ReadonlyUint8Array> {
  const extensions = new Map<number, ReadonlyUint8Array>();
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = EXTENSIONS_START;
  while (at + 4 <= data.length) {
    const [kind, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (kind === 0) break;
    extensions.set(kind, data.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return extensions;
}
