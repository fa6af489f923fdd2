//! Reads what a price feed published: an account of Pyth's receivers (`PriceUpdateV2`), parsed here because the feeds'
//! own crates bring a second set of Solana's types.

use {
    crate::{
        error::EarnoutError,
        prelude::*,
        state::{Feed, Kpi, Observation},
    },
    earnout_core::feed::{Published, Quote, Rounding},
};

/// Bytes of such an account.
pub const LEN: usize = 134;
/// The first of them.
pub const DISCRIMINATOR: [u8; 8] = [0x22, 0xf1, 0x23, 0x63, 0x9d, 0x7e, 0xf4, 0xcd];
/// In the place of the kind of verification: all signatures were checked. Less than that also moves what follows.
const VERIFIED: u8 = 1;

/// One update of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceUpdate {
    /// Which feed.
    pub feed_id: [u8; 32],
    /// The price.
    pub spot: Quote,
    /// The moving average of the prices.
    pub average: Quote,
    /// When it was published, and the one before it.
    pub published: Published,
}

impl PriceUpdate {
    /// Reads the bytes of an account.
    ///
    /// Errors: `WrongPriceUpdate`, `PriceNotVerified`.
    pub fn of(data: &[u8]) -> Result<Self> {
        require!(
            data.len() == LEN && data.starts_with(&DISCRIMINATOR),
            EarnoutError::WrongPriceUpdate
        );
        require!(at::<1>(data, 40)? == [VERIFIED], EarnoutError::PriceNotVerified);
        let exponent = i32::from_le_bytes(at(data, 89)?);
        let quote = |price, confidence| -> Result<Quote> {
            Ok(Quote {
                price: i64::from_le_bytes(at(data, price)?),
                confidence: u64::from_le_bytes(at(data, confidence)?),
                exponent,
            })
        };
        Ok(Self {
            feed_id: at(data, 41)?,
            spot: quote(73, 81)?,
            average: quote(109, 117)?,
            published: Published {
                at: i64::from_le_bytes(at(data, 93)?),
                previous: i64::from_le_bytes(at(data, 101)?),
            },
        })
    }

    /// What the update says about `kpi`, which reads `feed`, for the period that ended at `end`; `now` in Unix seconds
    /// and `message` as of [`message`].
    ///
    /// Errors: `WrongFeed`, `UnusablePrice`, `PriceUncertain`, `PriceTooEarly`, `PriceTooLate`.
    pub fn observation(&self, kpi: &Kpi, feed: &Feed, end: i64, now: i64, message: &[u8]) -> Result<Observation> {
        require!(self.feed_id == feed.feed_id, EarnoutError::WrongFeed);
        let quote = if feed.average { &self.average } else { &self.spot };
        // A price that is rounded up pays fewer tokens, a value that is rounded down scores no better than it is.
        let rounding = if kpi.is_price() { Rounding::Up } else { Rounding::Down };
        let value = quote.value(kpi.decimals, rounding);
        let value = value.map_err(|_| EarnoutError::UnusablePrice)?;
        let confidence_bps = quote.confidence_bps().map_err(|_| EarnoutError::UnusablePrice)?;
        require!(confidence_bps <= feed.max_confidence_bps, EarnoutError::PriceUncertain);
        let published = self.published;
        require!(published.at >= end, EarnoutError::PriceTooEarly);
        let latest = end.checked_add(feed.max_delay_secs.into());
        let latest = latest.ok_or(EarnoutError::Overflow)?.min(now);
        require!(published.at <= latest, EarnoutError::PriceTooLate);
        Ok(Observation {
            value: value.clamp(kpi.range_min, kpi.range_max),
            confidence_bps,
            published,
            evidence: solana_sha256_hasher::hash(message).to_bytes(),
        })
    }
}

/// What the feed's publishers signed for: the part of an account's bytes behind its kind of verification. Its hash is
/// the evidence.
///
/// Errors: `WrongPriceUpdate`.
pub fn message(data: &[u8]) -> Result<&[u8]> {
    Ok(data.get(41..125).ok_or(EarnoutError::WrongPriceUpdate)?)
}

/// The bytes at an offset.
fn at<const N: usize>(data: &[u8], offset: usize) -> Result<[u8; N]> {
    let bytes = data.get(offset..).and_then(|rest| rest.first_chunk());
    Ok(*bytes.ok_or(EarnoutError::WrongPriceUpdate)?)
}
