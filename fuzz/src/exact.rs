//! Amounts without bounds, rounded once, and their comparison with the bounded results of the arithmetic.

use {
    earnout_core::{Error, Result},
    num_bigint::BigUint,
};

/// An amount without bounds.
pub fn big(value: impl Into<BigUint>) -> BigUint {
    value.into()
}

/// `floor(a·b / d)`.
pub fn floor(a: impl Into<BigUint>, b: impl Into<BigUint>, d: impl Into<BigUint>) -> BigUint {
    a.into() * b.into() / d.into()
}

/// `ceil(a·b / d)`.
pub fn ceil(a: impl Into<BigUint>, b: impl Into<BigUint>, d: impl Into<BigUint>) -> BigUint {
    let d = d.into();
    (a.into() * b.into() + &d - 1u8) / d
}

/// The amount, if it is one.
pub fn fitted(amount: &BigUint) -> Option<u64> {
    u64::try_from(amount).ok()
}

/// Asserts that a result is the exact amount, or an overflow if that does not fit.
#[track_caller]
pub fn assert_exact(result: Result<u64>, expected: &BigUint) {
    assert_eq!(result, fitted(expected).ok_or(Error::Overflow));
}
