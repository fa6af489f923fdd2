//! From units of account to tokens: what a tranche is worth whose allocation is stated in another unit.
//!
//! A price is units of account for one whole token, fixed point with the decimals of its KPI. Mint, price and unit each
//! have their own decimals; together they make one power of ten, the [`exponent`].

use crate::{
    Error, Result,
    math::{mul, mul_div_floor},
};

/// The largest exponent, and the smallest with the sign turned.
pub const MAX_EXPONENT: u8 = 18;

const POWERS: [u64; MAX_EXPONENT as usize + 1] = {
    let mut powers = [1; MAX_EXPONENT as usize + 1];
    let mut at = 1;
    while at < powers.len() {
        // 10^18 fits, and the index is checked by the compiler, which computes this.
        powers[at] = 10 * powers[at - 1];
        at += 1;
    }
    powers
};

/// `10^exponent`.
pub(crate) fn power(exponent: u8) -> Result<u64> {
    POWERS
        .get(usize::from(exponent))
        .copied()
        .ok_or(Error::ExponentOutOfRange)
}

/// A price, which is above 0.
pub(crate) fn above_zero(price: i64) -> Result<u64> {
    u64::try_from(price)
        .ok()
        .filter(|price| *price > 0)
        .ok_or(Error::BadPrice)
}

/// The power of ten between units and tokens: `mint_decimals + price_decimals − unit_decimals`.
///
/// # Errors
/// `ExponentOutOfRange` unless it is between −18 and 18.
///
/// ```
/// use earnout_core::unit::exponent;
///
/// assert_eq!(exponent(9, 4, 2), Ok(11));
/// ```
pub fn exponent(mint_decimals: u8, price_decimals: u8, unit_decimals: u8) -> Result<i8> {
    let both = i16::from(mint_decimals).checked_add(i16::from(price_decimals));
    both.and_then(|both| both.checked_sub(i16::from(unit_decimals)))
        .and_then(|exponent| i8::try_from(exponent).ok())
        .filter(|exponent| exponent.unsigned_abs() <= MAX_EXPONENT)
        .ok_or(Error::ExponentOutOfRange)
}

/// What `units` are worth in base units of the token: `floor(units·10^exponent / price)`, none if that does not fit.
///
/// `units` is an amount in the smallest part of the unit of account, `price` in that of its KPI, and `exponent` comes
/// from [`exponent()`](exponent).
///
/// # Errors
/// `BadPrice` unless the price is above 0; `ExponentOutOfRange`.
///
/// ```
/// use earnout_core::unit::worth;
///
/// // 2,500.00 USD at 0.0410 USD for a token with 6 decimals: 60,975.609756 tokens.
/// assert_eq!(worth(250_000, 410, 6 + 4 - 2), Ok(Some(60_975_609_756)));
/// ```
pub fn worth(units: u64, price: i64, exponent: i8) -> Result<Option<u64>> {
    let price = above_zero(price)?;
    let power = power(exponent.unsigned_abs())?;
    Ok(if exponent >= 0 {
        // The price is not 0, so nothing but the size of the result can fail.
        mul_div_floor(units, power, price).ok()
    } else {
        // A divisor that does not fit is larger than any amount.
        Some(mul(price, power).map_or(0, |divisor| units.checked_div(divisor).unwrap_or_default()))
    })
}

/// The tranche of a grant in another unit: what its units are worth, but at most `cap`, the tranche of its allocation.
///
/// # Errors
/// Those of [`worth`].
///
/// ```
/// use earnout_core::unit::tranche;
///
/// assert_eq!(tranche(60_000, 250_000, 50, 1), Ok(50_000));
/// assert_eq!(tranche(60_000, 250_000, 40, 1), Ok(60_000)); // 62,500 are cut off at the cap
/// ```
pub fn tranche(cap: u64, units: u64, price: i64, exponent: i8) -> Result<u64> {
    Ok(worth(units, price, exponent)?.map_or(cap, |worth| worth.min(cap)))
}

/// The lowest price at which `cap` pays the units in full; below it the cap cuts off the rest. None if no price is high
/// enough.
///
/// That is the smallest `P` with `floor(units·10^exponent / P) ≤ cap`: `floor(units·10^exponent / (cap + 1)) + 1`.
///
/// # Errors
/// `ExponentOutOfRange`.
///
/// ```
/// use earnout_core::unit::{lowest_price, worth};
///
/// assert_eq!(lowest_price(60_000, 250_000, 1), Ok(Some(42)));
/// assert_eq!((worth(250_000, 41, 1), worth(250_000, 42, 1)), (Ok(Some(60_975)), Ok(Some(59_523))));
/// ```
pub fn lowest_price(cap: u64, units: u64, exponent: i8) -> Result<Option<i64>> {
    let power = u128::from(power(exponent.unsigned_abs())?);
    let above = u128::from(cap).checked_add(1).ok_or(Error::Overflow)?;
    let (dividend, divisor) = if exponent >= 0 {
        (u128::from(units).checked_mul(power), Some(above))
    } else {
        (Some(u128::from(units)), above.checked_mul(power))
    };
    let largest_cut = dividend
        .zip(divisor)
        .and_then(|(dividend, divisor)| dividend.checked_div(divisor))
        .ok_or(Error::Overflow)?;
    Ok(i64::try_from(largest_cut).ok().and_then(|price| price.checked_add(1)))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use {super::*, crate::tranche as tokens, num_bigint::BigUint, proptest::prelude::*};

    /// The rule as it is written down, in numbers of any size.
    fn by_big_integers(cap: u64, units: u64, price: u64, exponent: i8) -> u64 {
        let power = BigUint::from(10u8).pow(u32::from(exponent.unsigned_abs()));
        let worth = if exponent >= 0 {
            BigUint::from(units) * power / price
        } else {
            BigUint::from(units) / (BigUint::from(price) * power)
        };
        u64::try_from(worth.min(cap.into())).unwrap()
    }

    #[test]
    fn all_small_grants_follow_the_rule() {
        for (allocation, units, periods) in (0..=12u64)
            .flat_map(|a| (0..=12u64).map(move |u| (a, u)))
            .flat_map(|(a, u)| (1..=4u16).map(move |n| (a, u, n)))
        {
            for (price, exponent) in (1..=13).flat_map(|price| (-2..=2).map(move |exponent| (price, exponent))) {
                let mut paid = 0;
                for index in 0..periods {
                    let cap = tokens::tranche(allocation, index, periods).unwrap();
                    let part = tokens::tranche(units, index, periods).unwrap();
                    let tranche = tranche(cap, part, price, exponent).unwrap();
                    assert_eq!(
                        tranche,
                        by_big_integers(cap, part, price.unsigned_abs(), exponent),
                        "{allocation} {units} {periods} {price} {exponent} {index}"
                    );
                    paid += tranche;
                }
                assert!(paid <= allocation);
            }
        }
    }

    #[test]
    fn every_decimal_counts() {
        for (mint, price, unit) in (0..=18u8)
            .flat_map(|t| (0..=18u8).map(move |d| (t, d)))
            .flat_map(|(t, d)| (0..=9u8).map(move |u| (t, d, u)))
        {
            let sum = i16::from(mint) + i16::from(price) - i16::from(unit);
            match exponent(mint, price, unit) {
                Ok(exponent) => {
                    assert_eq!(i16::from(exponent), sum);
                    // One whole unit at a price of one is one whole token.
                    let (units, one) = (10u64.pow(unit.into()), 10i64.pow(price.into()));
                    let worth = worth(units, one, exponent).unwrap();
                    assert_eq!(worth, Some(10u64.pow(mint.into())), "{mint} {price} {unit}");
                }
                Err(error) => assert!(error == Error::ExponentOutOfRange && sum.unsigned_abs() > 18),
            }
        }
        assert_eq!(exponent(255, 255, 0), Err(Error::ExponentOutOfRange));
        assert_eq!(exponent(0, 0, 19), Err(Error::ExponentOutOfRange));
    }

    #[test]
    fn a_price_is_above_zero() {
        for price in [0, -1, i64::MIN] {
            assert_eq!(worth(1, price, 0), Err(Error::BadPrice));
            assert_eq!(tranche(1, 1, price, 0), Err(Error::BadPrice));
        }
        assert_eq!(worth(1, 1, 19), Err(Error::ExponentOutOfRange));
        assert_eq!(worth(1, 1, i8::MIN), Err(Error::ExponentOutOfRange));
        assert_eq!(lowest_price(1, 1, -19), Err(Error::ExponentOutOfRange));
    }

    #[test]
    fn the_edges_are_exact() {
        const MAX: u64 = u64::MAX;
        assert_eq!(worth(MAX, 1, 0), Ok(Some(MAX)));
        assert_eq!(worth(MAX, 1, 1), Ok(None));
        assert_eq!(worth(MAX, i64::MAX, 18), Ok(Some(2_000_000_000_000_000_000)));
        assert_eq!(worth(MAX, i64::MAX, -18), Ok(Some(0)));
        assert_eq!(worth(MAX, 1, -18), Ok(Some(18)));
        assert_eq!(tranche(MAX, MAX, 1, 18), Ok(MAX));
        assert_eq!(tranche(0, MAX, 1, 18), Ok(0));
        assert_eq!(lowest_price(0, 1, 0), Ok(Some(2)));
        assert_eq!(lowest_price(MAX, MAX, 0), Ok(Some(1)));
        assert_eq!(lowest_price(MAX, MAX, 18), Ok(Some(1_000_000_000_000_000_000)));
        assert_eq!(lowest_price(0, MAX, 0), Ok(None));
    }

    /// Numbers of every length, with more at the edges.
    fn amount() -> impl Strategy<Value = u64> {
        prop_oneof![
            (any::<u64>(), 0u32..64).prop_map(|(any, by)| any >> by),
            (0u64..3).prop_map(|below| u64::MAX - below),
            0u64..3
        ]
    }

    proptest! {
        #[test]
        fn any_amount_follows_the_rule(
            cap in amount(), units in amount(), price in amount(), exponent in -18i8..=18
        ) {
            let price = i64::try_from(price >> 1).unwrap().max(1);
            let tranche = tranche(cap, units, price, exponent).unwrap();
            prop_assert_eq!(tranche, by_big_integers(cap, units, price.unsigned_abs(), exponent));
            let lowest = lowest_price(cap, units, exponent).unwrap();
            let is_cut = worth(units, price, exponent).unwrap().is_none_or(|worth| worth > cap);
            prop_assert_eq!(is_cut, lowest.is_none_or(|lowest| price < lowest));
        }

        #[test]
        fn a_higher_price_never_pays_more(
            cap in amount(), units in amount(), prices in [amount(), amount()], exponent in -18i8..=18
        ) {
            let [mut low, mut high] = prices.map(|price| i64::try_from(price >> 1).unwrap().max(1));
            if low > high {
                (low, high) = (high, low);
            }
            prop_assert!(tranche(cap, units, high, exponent).unwrap() <= tranche(cap, units, low, exponent).unwrap());
        }
    }
}
