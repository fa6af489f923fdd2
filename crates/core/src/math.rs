//! Multiplication followed by one exact division.
//!
//! On the chain a `u128` division is a software loop that costs about a hundred times as much as a `u64` division.
//! Amounts times credits rarely fit `u64`, but their remainders do: `a·x / d = (a / d)·x + (a mod d)·x / d`. So the
//! wide division is left for the few operands that really need it.

use crate::{Error, Result};

/// `(a·x + b·y) / d`: the quotient rounded down, and whether something was lost by that.
///
/// # Errors
/// `Overflow` if the quotient does not fit `u64`, or `d` is zero.
fn div_products(a: u64, x: u64, b: u64, y: u64, d: u64) -> Option<(u64, bool)> {
    // The quotient is at least `whole`: if that does not fit, neither does the quotient.
    let whole = a
        .checked_div(d)?
        .checked_mul(x)?
        .checked_add(b.checked_div(d)?.checked_mul(y)?)?;
    let (a, b) = (a.checked_rem(d)?, b.checked_rem(d)?);
    let narrow = a
        .checked_mul(x)
        .zip(b.checked_mul(y))
        .and_then(|(ax, by)| ax.checked_add(by));
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
    sum_div_floor(a, x, 0, 0, d)
}

/// `ceil(a·x / d)`.
pub(crate) fn mul_div_ceil(a: u64, x: u64, d: u64) -> Result<u64> {
    let (quotient, inexact) = div_products(a, x, 0, 0, d).ok_or(Error::Overflow)?;
    quotient.checked_add(u64::from(inexact)).ok_or(Error::Overflow)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use super::*;

    const MAX: u64 = u64::MAX;

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
