// An account of Pyth's receivers with one update of a price feed, read as the program reads it.
import type { Address, ReadonlyUint8Array } from '@solana/kit';
import { type Published, type Quote, confidenceBps as confidenceOf, replaces, valueOf } from '../core/feed';
import { Receiver } from '../generated/types/receiver';
import type { Observation } from './evaluation';
import { type Feed, type Kpi, type Plan, isPrice, periodTimes } from './terms';

/** The programs that check updates, and those under which a sponsor publishes them. */
export const RECEIVERS: Record<Receiver, { owner: Address; publisher: Address }> = {
  [Receiver.Pyth]: {
    owner: 'rec5EKMGg6MxZYaMdyBfgwp4d5rB9T1VQH5pJv5LtFJ' as Address,
    publisher: 'pythWSnswVUd12oZpeFP8e9CVaEqJg25g1Vtc2biRsT' as Address,
  },
  [Receiver.PythPro]: {
    owner: 'rec2HHDDnjLfj4kE7VyEtFA1HPGQLK33259532cRyHp' as Address,
    publisher: 'pyt2F414BA6dPttK6RddPZUdHfapoBN24GL5wbrPCou' as Address,
  },
};

const LENGTH = 134;
const DISCRIMINATOR = [0x22, 0xf1, 0x23, 0x63, 0x9d, 0x7e, 0xf4, 0xcd];
/** In the place of the kind of verification: all signatures were checked. */
const VERIFIED = 1;
/** What the feed's publishers signed for; its hash is the evidence. */
const MESSAGE = [41, 125] as const;

export type PriceUpdate = {
  feedId: ReadonlyUint8Array;
  spot: Quote;
  average: Quote;
  published: Published;
  message: ReadonlyUint8Array;
};

/** An update that counts, as far as can be said now, or why it does not. */
export type Seen = { update: PriceUpdate; quote: Quote; observation: Omit<Observation, 'evidence'> } | { why: string };

type Account = { owner: Address; data: ReadonlyUint8Array };

/** What the account says about `kpi` for `period` at `now`, by the program's own checks. `standing` was shown before. */
export function seen(
  plan: Plan,
  kpi: Kpi,
  feed: Feed,
  period: number,
  account: Account | undefined,
  standing: Observation | undefined,
  now: bigint,
): Seen {
  if (account === undefined) return { why: 'There is no account at this address.' };
  const update = readUpdate(account, feed);
  if (typeof update === 'string') return { why: update };
  const quote = feed.average ? update.average : update.spot;
  const { published } = update;
  const { end } = periodTimes(plan, period);
  if (quote.price <= 0n || quote.exponent > 0 || quote.exponent < -18) return { why: 'The update holds no price.' };
  const confidenceBps = confidenceOf(quote);
  if (confidenceBps > feed.maxConfidenceBps) return { why: 'The price is less certain than the plan asks for.' };
  if (published.at < end) return { why: 'The update was published before the period ended.' };
  if (published.at > end + BigInt(feed.maxDelaySecs) || published.at > now) {
    return { why: 'The update was published too long after the end of the period, or is dated in the future.' };
  }
  const before = standing && { at: standing.publishedAt, previous: standing.previousAt };
  if (before !== undefined && !replaces(published, before, end)) {
    return { why: 'An update that counts before this one was shown already.' };
  }
  const exact = valueOf(quote, kpi.decimals, isPrice(kpi) ? 'up' : 'down');
  const value = exact < kpi.rangeMin ? kpi.rangeMin : exact > kpi.rangeMax ? kpi.rangeMax : exact;
  const { at: publishedAt, previous: previousAt } = published;
  return { update, quote, observation: { value, confidenceBps, publishedAt, previousAt } };
}

function readUpdate({ owner, data }: Account, feed: Feed): PriceUpdate | string {
  const isUpdate = data.length === LENGTH && DISCRIMINATOR.every((byte, at) => data[at] === byte);
  if (owner !== RECEIVERS[feed.receiver].owner || !isUpdate) {
    return 'The account is no price update of the receiver that the plan names.';
  }
  if (data[40] !== VERIFIED) return 'The update is not fully verified.';
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const feedId = data.slice(41, 73);
  if (!feedId.every((byte, at) => byte === feed.id[at])) return 'The update is of another feed.';
  const exponent = view.getInt32(89, true);
  const quote = (price: number, confidence: number): Quote => ({
    price: view.getBigInt64(price, true),
    confidence: view.getBigUint64(confidence, true),
    exponent,
  });
  return {
    feedId,
    spot: quote(73, 81),
    average: quote(109, 117),
    published: { at: view.getBigInt64(93, true), previous: view.getBigInt64(101, true) },
    message: data.slice(...MESSAGE),
  };
}
