// The bytes of a price update, as Pyth's receivers keep it.
import { type Address, lamports } from '@solana/kit';
import { RECEIVERS } from '../../src/domain/priceUpdate';
import { Receiver } from '../../src/generated/types/receiver';

export const FEED_ID = new Uint8Array(32).fill(77);

type Update = {
  owner: Address;
  length: number;
  discriminator: number;
  verification: number;
  feedId: Uint8Array;
  price: bigint;
  confidence: bigint;
  exponent: number;
  /** When it was published, and the one before it. Unix seconds. */
  at: bigint;
  previous: bigint;
};

/** An account at `address` with an update: 0.250041 give or take 0.001 unless told otherwise. */
export function priceUpdate(address: Address, change: Partial<Update> & { at: bigint }) {
  const update: Update = {
    owner: RECEIVERS[Receiver.Pyth].owner,
    length: 134,
    discriminator: 0x22,
    verification: 1,
    feedId: FEED_ID,
    price: 25_004_100n,
    confidence: 100_000n,
    exponent: -8,
    previous: change.at - 1n,
    ...change,
  };
  const data = new Uint8Array(134);
  data.set([update.discriminator, 0xf1, 0x23, 0x63, 0x9d, 0x7e, 0xf4, 0xcd]);
  data[40] = update.verification;
  data.set(update.feedId, 41);
  const view = new DataView(data.buffer);
  view.setBigInt64(73, update.price, true);
  view.setBigUint64(81, update.confidence, true);
  view.setInt32(89, update.exponent, true);
  view.setBigInt64(93, update.at, true);
  view.setBigInt64(101, update.previous, true);
  view.setBigInt64(109, update.price, true);
  view.setBigUint64(117, update.confidence, true);
  const bytes = data.slice(0, update.length);
  return {
    address,
    programAddress: update.owner,
    lamports: lamports(10_000_000n),
    data: bytes,
    executable: false,
    space: BigInt(bytes.length),
  };
}
