//! Accounts with what a price feed published, written.

use earnout::price_update::{DISCRIMINATOR, LEN, PriceUpdate};

/// Who may write into the account, which nothing here reads.
const WRITER: [u8; 32] = [8; 32];
/// In the place of the kind of verification: all signatures were checked.
const VERIFIED: u8 = 1;
/// The slot in which it was posted, which nothing here reads.
const POSTED: u64 = 77;

/// The bytes of an account that holds a fully verified update, as a feed's receiver writes it. On a public cluster nobody
/// else can: this is for tests of what reads prices, and for chains of one's own. An account has one exponent for the
/// price and its moving average; it is that of the price.
///
/// ```
/// use earnout::price_update::PriceUpdate;
/// use earnout_core::feed::{Published, Quote};
///
/// let price = Quote { price: 250, confidence: 1, exponent: -2 };
/// let published = Published { at: 1_806_537_605, previous: 1_806_537_599 };
/// let update = PriceUpdate { feed_id: [3; 32], spot: price, average: price, published };
/// let bytes = earnout_sdk::wire::price_update_account(&update);
/// assert_eq!(PriceUpdate::of(&bytes).unwrap(), update);
/// ```
pub fn price_update_account(update: &PriceUpdate) -> Vec<u8> {
    let PriceUpdate {
        feed_id,
        spot,
        average,
        published,
    } = update;
    let mut bytes = DISCRIMINATOR.to_vec();
    bytes.extend(WRITER);
    bytes.push(VERIFIED);
    bytes.extend(feed_id);
    bytes.extend(spot.price.to_le_bytes());
    bytes.extend(spot.confidence.to_le_bytes());
    bytes.extend(spot.exponent.to_le_bytes());
    bytes.extend(published.at.to_le_bytes());
    bytes.extend(published.previous.to_le_bytes());
    bytes.extend(average.price.to_le_bytes());
    bytes.extend(average.confidence.to_le_bytes());
    bytes.extend(POSTED.to_le_bytes());
    // The last byte is never used.
    bytes.resize(LEN, 0);
    bytes
}
