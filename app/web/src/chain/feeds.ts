// Addresses of price feeds.
import { type Address, getProgramDerivedAddress, getU16Encoder } from '@solana/kit';
import { RECEIVERS } from '../domain/priceUpdate';
import type { Feed } from '../domain/terms';

/** Where a sponsor publishes the updates of a price feed. */
export async function priceFeedAddress(feed: Feed): Promise<Address> {
  const { publisher } = RECEIVERS[feed.receiver];
  const seeds = [getU16Encoder().encode(0), feed.id];
  const [address] = await getProgramDerivedAddress({ programAddress: publisher, seeds });
  return address;
}
