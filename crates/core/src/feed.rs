//! What a price feed on the chain published, and which of its updates counts for a period.
//!
//! Nobody may gain by choosing the moment at which a feed is read. So the update that counts is fixed by the end of the
//! period: the first one published at or after it, which an update shows by when the one before it was published.

use crate::{
    Error, Result,
    math::{mul, mul_div_ceil},
    unit::{MAX_EXPONENT, above_zero, power},
};

/// Basis points of the whole.
const BPS: u64 = 10_000;

/// The price of an update: `price·10^exponent`, give or take `confidence·10^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Above 0.
    pub price: i64,
    /// Half the width of the interval in which the price lies.
    pub confidence: u64,
    /// Power of ten, −18 to 0.
    pub exponent: i32,
}

/// How a price is rounded to the decimals of a KPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the next smaller value.
    Down,
    /// To the next larger value: a higher price pays fewer tokens.
    Up,
}

impl Quote {
    /// The price with `decimals`; the largest value if it does not fit.
    ///
    /// # Errors
    /// `BadPrice` unless the price is above 0; `ExponentOutOfRange` unless the exponent is −18 to 0 and the sum of both
    /// at most 18.
    ///
    /// ```
    /// use earnout_core::feed::{Quote, Rounding};
    ///
    /// let quote = Quote { price: 14_312_345_678, confidence: 5_000_000, exponent: -8 };
    /// assert_eq!(quote.value(2, Rounding::Down), Ok(14_312));
    /// assert_eq!(quote.value(2, Rounding::Up), Ok(14_313));
    /// assert_eq!(quote.value(10, Rounding::Up), Ok(1_431_234_567_800));
    /// ```
    pub fn value(&self, decimals: u8, rounding: Rounding) -> Result<i64> {
        let price = above_zero(self.price)?;
        let exponent = u8::try_from(self.exponent.unsigned_abs()).ok();
        let exponent = exponent.filter(|exponent| self.exponent <= 0 && *exponent <= MAX_EXPONENT);
        let exponent = exponent.ok_or(Error::ExponentOutOfRange)?;
        let value = match decimals.checked_sub(exponent) {
            Some(more) => mul(price, power(more)?),
            None => {
                let divisor = power(exponent.abs_diff(decimals))?;
                match rounding {
                    Rounding::Down => price.checked_div(divisor),
                    Rounding::Up => Some(price.div_ceil(divisor)),
                }
            }
        };
        Ok(value.and_then(|value| i64::try_from(value).ok()).unwrap_or(i64::MAX))
    }

    /// The confidence in basis points of the price, rounded up, the largest number if it does not fit: the smallest
    /// `bps` with `confidence·10^4 ≤ price·bps`.
    ///
    /// # Errors
    /// `BadPrice` unless the price is above 0.
    ///
    /// ```
    /// use earnout_core::feed::Quote;
    ///
    /// let quote = Quote { price: 1_000, confidence: 20, exponent: 0 };
    /// assert_eq!(quote.confidence_bps(), Ok(200));
    /// ```
    pub fn confidence_bps(&self) -> Result<u16> {
        let bps = mul_div_ceil(self.confidence, BPS, above_zero(self.price)?);
        Ok(bps.ok().and_then(|bps| u16::try_from(bps).ok()).unwrap_or(u16::MAX))
    }
}

/// When an update was published, and the one before it. Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// This one.
    pub at: i64,
    /// The one before it.
    pub previous: i64,
}

impl Published {
    /// Whether this is the first update at or after `end`, the end of the period.
    pub fn is_first(&self, end: i64) -> bool {
        self.previous < end && end <= self.at
    }

    /// Whether this update counts in the place of `standing`. Both are published at or after `end`. The first update
    /// cannot be replaced; of others the earlier one counts, of equally early ones the one shown first.
    ///
    /// ```
    /// use earnout_core::feed::Published;
    ///
    /// let first = Published { at: 105, previous: 99 };
    /// let (early, late) = (Published { at: 105, previous: 105 }, Published { at: 106, previous: 105 });
    /// assert!(early.replaces(&late, 100) && first.replaces(&early, 100));
    /// assert!(!late.replaces(&early, 100) && !early.replaces(&early, 100) && !early.replaces(&first, 100));
    /// ```
    pub fn replaces(&self, standing: &Self, end: i64) -> bool {
        !standing.is_first(end) && (self.is_first(end) || self.at < standing.at)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    extern crate std;

    use {super::*, num_bigint::BigInt, proptest::prelude::*, std::vec::Vec};

    #[test]
    fn what_no_feed_publishes_is_refused() {
        let quote = |price, exponent| Quote {
            price,
            confidence: 0,
            exponent,
        };
        for price in [0, -1, i64::MIN] {
            assert_eq!(quote(price, -8).value(8, Rounding::Up), Err(Error::BadPrice));
            assert_eq!(quote(price, -8).confidence_bps(), Err(Error::BadPrice));
        }
        for exponent in [1, -19, i32::MAX, i32::MIN, -256, -274] {
            assert_eq!(
                quote(1, exponent).value(8, Rounding::Up),
                Err(Error::ExponentOutOfRange)
            );
        }
        assert_eq!(quote(1, 0).value(19, Rounding::Up), Err(Error::ExponentOutOfRange));
    }

    #[test]
    fn a_confidence_of_any_size_is_compared() {
        for (price, confidence, bps) in [
            (i64::MAX, u64::MAX, 20_001),
            (i64::MAX, 0, 0),
            (i64::MAX, 1, 1),
            (1, 6, 60_000),
            (10_000, 65_535, 65_535),
            (10_000, 65_536, u16::MAX),
            (1, u64::MAX, u16::MAX),
        ] {
            let quote = Quote {
                price,
                confidence,
                exponent: 0,
            };
            assert_eq!(quote.confidence_bps(), Ok(bps), "{quote:?}");
        }
    }

    /// The one that counts of all updates shown, in the order in which they are.
    fn counts(shown: &[Published], end: i64) -> Option<Published> {
        shown.iter().copied().fold(None, |standing, update| match standing {
            Some(standing) if !update.replaces(&standing, end) => Some(standing),
            _ => Some(update),
        })
    }

    #[test]
    fn the_order_in_which_updates_are_shown_does_not_matter() {
        // A feed publishes at 100 (twice), 101 and 103; the period ends at each of these times and between them.
        for end in 96..=103 {
            let times = [95, 100, 100, 101, 103];
            let updates: Vec<_> = times
                .windows(2)
                .map(|pair| Published {
                    at: pair[1],
                    previous: pair[0],
                })
                .filter(|update| update.at >= end)
                .collect();
            for mask in 1usize..1 << updates.len() {
                let shown: Vec<_> = (0..updates.len())
                    .filter(|bit| mask >> bit & 1 == 1)
                    .map(|bit| updates[bit])
                    .collect();
                let expected = *shown.iter().find(|update| update.is_first(end)).unwrap_or(&shown[0]);
                for turn in 0..shown.len() {
                    let mut order = shown.clone();
                    order.rotate_left(turn);
                    assert_eq!(counts(&order, end), Some(expected), "{end} {order:?}");
                    order.reverse();
                    assert_eq!(counts(&order, end), Some(expected), "{end} {order:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_price_is_rounded_as_told(price in 1i64.., by in 0u32..63, exponent in -18i32..=0, decimals in 0u8..=18) {
            let price = (price >> by).max(1);
            let quote = Quote { price, confidence: 0, exponent };
            let ten = |power: u32| BigInt::from(10u8).pow(power);
            let scaled = BigInt::from(price) * ten(decimals.into());
            let divisor = ten(exponent.unsigned_abs());
            let capped = |value: BigInt| i64::try_from(value).unwrap_or(i64::MAX);
            prop_assert_eq!(quote.value(decimals, Rounding::Down), Ok(capped(&scaled / &divisor)));
            prop_assert_eq!(quote.value(decimals, Rounding::Up), Ok(capped((&scaled + &divisor - 1u8) / &divisor)));
        }
    }
}
