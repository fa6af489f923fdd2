//! Multiplication followed by one exact division.
//!
//! On the chain a `u128` division is a software loop that costs about a hundred times as much as a `u64` division.
//! Amounts times credits rarely fit `u64`, but their remainders do: `a·x / d = (a / d)·x + (a mod d)·x / d`. So the
//! wide division is left for the few operands that really need it.

use crate::{Error, Result};

/// `a·b`, none if it does not fit.
///
/// By halves, since `checked_mul` multiplies in 128 bits, which on the chain is a routine of some 50 units.
#[inline]
pub(crate) fn mul(a: u64, b: u64) -> Option<u64> {
    const HALF: u32 = 32;
    const LOW: u64 = 0xffff_ffff;
    let (a_high, a_low, b_high, b_low) = (a >> HALF, a & LOW, b >> HALF, b & LOW);
    if a_high != 0 && b_high != 0 {
        return None;
    }
    // One of the two products is 0 and the other fits, as does that of the low halves: nothing wraps.
    let cross = a_high.wrapping_mul(b_low).wrapping_add(a_low.wrapping_mul(b_high));
    if cross > LOW {
        return None;
    }
    a_low.wrapping_mul(b_low).checked_add(cross << HALF)
}

/// `(a·x + b·y) / d`: the quotient rounded down, and whether something was lost by that.
///
/// # Errors
/// `Overflow` if the quotient does not fit `u64`, or `d` is zero.
fn div_products(a: u64, x: u64, b: u64, y: u64, d: u64) -> Option<(u64, bool)> {
    // The quotient is at least `whole`: if that does not fit, neither does the quotient.
    let whole = mul(a.checked_div(d)?, x)?.checked_add(mul(b.checked_div(d)?, y)?)?;
    let (a, b) = (a.checked_rem(d)?, b.checked_rem(d)?);
    let narrow = mul(a, x).zip(mul(b, y)).and_then(|(ax, by)| ax.checked_add(by));
    let (quotient, inexact) = match narrow {
        Some(rest) => (rest.checked_div(d)?, rest.checked_rem(d)? != 0),
        None => {
            let ax = u128::from(a).checked_mul(u128::from(x))?;
            let by = u128::from(b).checked_mul(u128::from(y))?;
            let rest = ax.checked_add(by)?;
            let quotient = rest.checked_div(u128::from(d))?;
            (
                u64::try_from(quotient).ok()?,
                quotient.checked_mul(u128::from(d))? != rest,
            )
        }
    };
    Some((whole.checked_add(quotient)?, inexact))
}

/// `floor((a·x + b·y) / d)`.
pub(crate) fn sum_div_floor(a: u64, x: u64, b: u64, y: u64, d: u64) -> Result<u64> {
    div_products(a, x, b, y, d)
        .map(|(quotient, _)| quotient)
        .ok_or(Error::Overflow)
}

/// `floor(a·x / d)`.
pub(crate) fn mul_div_floor(a: u64, x: u64, d: u64) -> Result<u64> {
    match mul(a, x) {
        Some(product) => product.checked_div(d).ok_or(Error::Overflow),
        None => sum_div_floor(a, x, 0, 0, d),
    }
}

/// `ceil(a·x / d)`.
pub(crate) fn mul_div_ceil(a: u64, x: u64, d: u64) -> Result<u64> {
    if let (Some(product), true) = (mul(a, x), d != 0) {
        return Ok(product.div_ceil(d));
    }
    let (quotient, inexact) = div_products(a, x, 0, 0, d).ok_or(Error::Overflow)?;
    quotient.checked_add(u64::from(inexact)).ok_or(Error::Overflow)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use {super::*, proptest::prelude::*};

    const MAX: u64 = u64::MAX;

    #[test]
    fn halves_multiply_as_the_whole() {
        let edges = [0, 1, 2, 3, 10_000, u64::from(u32::MAX)];
        let edges = edges
            .iter()
            .flat_map(|edge| [*edge, edge + 1, MAX - edge, (edge << 32) + 1, MAX >> (edge % 64)]);
        let edges: [u64; 30] = core::array::from_fn(|index| edges.clone().nth(index).unwrap());
        for a in edges {
            for b in edges {
                assert_eq!(mul(a, b), a.checked_mul(b), "{a} {b}");
            }
        }
        proptest!(|(a in any::<u64>(), b in any::<u64>(), by in 0u32..64)| {
            prop_assert_eq!(mul(a >> by, b), (a >> by).checked_mul(b));
            prop_assert_eq!(mul(a, b >> by), a.checked_mul(b >> by));
        });
    }

    #[test]
    fn narrow_and_wide_operands_divide_alike() {
        for (a, x, d) in [
            (7, 3, 2),
            (MAX, MAX - 1, MAX),
            (MAX - 1, MAX - 1, MAX),
            (MAX, 3, 4),
            (1 << 63, 3, 2_999),
        ] {
            let product = u128::from(a) * u128::from(x);
            let (floor, ceil) = (product / u128::from(d), product.div_ceil(u128::from(d)));
            assert_eq!(mul_div_floor(a, x, d).ok(), u64::try_from(floor).ok());
            assert_eq!(mul_div_ceil(a, x, d).ok(), u64::try_from(ceil).ok());
        }
    }

    #[test]
    fn the_two_products_share_one_rounding() {
        assert_eq!(sum_div_floor(5, 1, 5, 1, 10), Ok(1));
        assert_eq!(sum_div_floor(9, 1, 10, 1, 10), Ok(1));
        // The remainders' products need 129 bits together.
        assert_eq!(sum_div_floor(MAX - 1, MAX, MAX - 1, MAX, MAX), Err(Error::Overflow));
        assert_eq!(
            sum_div_floor(MAX - 1, MAX / 4, MAX - 1, MAX / 4, MAX),
            Ok((MAX / 4) * 2 - 1)
        );
    }

    #[test]
    fn what_does_not_fit_is_an_overflow() {
        assert_eq!(mul_div_floor(MAX, 2, 1), Err(Error::Overflow));
        assert_eq!(mul_div_floor(1, 1, 0), Err(Error::Overflow));
        // The product is 2^65 - 1: half of it still fits rounded down, but not rounded up.
        assert_eq!(mul_div_floor(145_295_143_558_111, 253_921, 2), Ok(MAX));
        assert_eq!(mul_div_ceil(145_295_143_558_111, 253_921, 2), Err(Error::Overflow));
    }
}
