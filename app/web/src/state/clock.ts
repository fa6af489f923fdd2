// The chain's time. Windows and cliffs follow it, and it is not the viewer's: a local chain can be years ahead.
import type { Address } from '@solana/kit';
import type { Chain } from '../chain/chain';

const CLOCK = 'SysvarC1ock11111111111111111111111111111111' as Address;
/** The offset of the Unix time in the clock account. */
const UNIX_TIME = 32;

/** The chain's time now, Unix seconds. */
export async function chainTime(chain: Chain): Promise<bigint> {
  const [account] = await chain.accounts([CLOCK]);
  if (account === undefined) throw new Error('The chain has no clock.');
  const { data } = account;
  return new DataView(data.buffer, data.byteOffset).getBigInt64(UNIX_TIME, true);
}
