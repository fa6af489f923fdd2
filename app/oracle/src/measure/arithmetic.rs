//! Arithmetic of decimals that never loses a digit without saying so.

use {
    crate::measure::{ValueError, exact},
    num_bigint::BigInt,
    rust_decimal::Decimal,
};

/// `a + b`.
///
/// # Errors
/// If it has more digits than can be kept.
pub fn sum(a: Decimal, b: Decimal) -> Result<Decimal, ValueError> {
    let scale = a.scale().max(b.scale());
    let scaled = exact::scaled(a, scale).zip(exact::scaled(b, scale));
    let sum = scaled.and_then(|(a, b)| exact::decimal(&(a + b), scale));
    sum.ok_or_else(|| ValueError::TooPrecise(format!("{a} + {b}")))
}

/// `a - b`.
///
/// # Errors
/// As [`sum`].
pub fn difference(a: Decimal, b: Decimal) -> Result<Decimal, ValueError> {
    sum(a, -b)
}

/// `a · b`.
///
/// # Errors
/// If it has more digits than can be kept.
pub fn product(a: Decimal, b: Decimal) -> Result<Decimal, ValueError> {
    let digits = BigInt::from(a.mantissa()) * b.mantissa();
    let scale = a.scale().saturating_add(b.scale());
    exact::decimal(&digits, scale).ok_or_else(|| ValueError::TooPrecise(format!("{a} times {b}")))
}

/// `a / b`, as [`exact::quotient`] gives it.
///
/// # Errors
/// If `b` is 0, or what is before the point cannot be kept.
pub fn quotient(a: Decimal, b: Decimal) -> Result<Decimal, ValueError> {
    if b.is_zero() {
        return Err(ValueError::DividedByZero(a));
    }
    let scale = a.scale().max(b.scale());
    let scaled = exact::scaled(a, scale).zip(exact::scaled(b, scale));
    let quotient = scaled.and_then(|(a, b)| exact::quotient(&a, &b));
    quotient.ok_or_else(|| ValueError::TooPrecise(format!("{a} divided by {b}")))
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{
            Rounding,
            value::{parse, to_fixed},
        },
        proptest::prelude::*,
    };

    fn of(operation: fn(Decimal, Decimal) -> Result<Decimal, ValueError>, a: &str, b: &str) -> Result<String, String> {
        let result = operation(parse(a).unwrap(), parse(b).unwrap());
        result
            .map(|number| number.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn results_are_exact() {
        assert_eq!(of(sum, "0.1", "0.2").unwrap(), "0.3");
        assert_eq!(
            of(difference, "1", "1.000000000000000001").unwrap(),
            "-0.000000000000000001"
        );
        assert_eq!(of(product, "12.5", "-0.08").unwrap(), "-1");
        assert_eq!(of(product, "1e-14", "1e-14").unwrap(), "0.0000000000000000000000000001");
        for (a, b, result) in [
            ("1", "8", "0.125"),
            ("-7", "2", "-3.5"),
            ("100000000000000000000", "0.00001", "10000000000000000000000000"),
            ("0", "3", "0"),
            ("1", "3", "0.3333333333333333333333333331"),
            ("-2", "3", "-0.6666666666666666666666666661"),
            ("5000000000", "3", "1666666666.6666666666666666661"),
            ("1", "0.0003", "3333.3333333333333333333333331"),
            ("0.0000000000000000000000000001", "3", "0.0000000000000000000000000001"),
        ] {
            assert_eq!(of(quotient, a, b).unwrap(), result, "{a} / {b}");
        }
    }

    #[test]
    fn what_cannot_be_kept_is_an_error() {
        assert!(of(quotient, "5", "0").unwrap_err().contains("5 cannot be divided by 0"));
        assert!(of(quotient, "0", "0").is_err());
        assert!(of(product, "1e-15", "1e-14").is_err());
        assert!(of(product, "1e15", "1e15").is_err());
        assert!(of(sum, "1e28", "1e-5").is_err());
        assert!(of(quotient, "1e28", "1e-10").is_err());
    }

    proptest! {
        /// Compared with whole numbers: `a · 10^decimals / b`, rounded down and up.
        #[test]
        fn a_rounded_quotient_is_that_of_the_exact_one(a in -10i64.pow(12)..10i64.pow(12), b in 1i64..10i64.pow(9), places in 0u8..6) {
            let found = quotient(Decimal::from(a), Decimal::from(b)).unwrap();
            let scaled = i128::from(a) * 10i128.pow(u32::from(places));
            let floor = i64::try_from(scaled.div_euclid(i128::from(b))).unwrap();
            let is_whole = scaled.rem_euclid(i128::from(b)) == 0;
            prop_assert_eq!(to_fixed(found, places, Rounding::Floor), Ok(floor));
            prop_assert_eq!(to_fixed(found, places, Rounding::Ceil), Ok(floor + i64::from(!is_whole)));
            let twice = 2 * scaled.abs() + i128::from(b);
            let nearest = i64::try_from(twice.div_euclid(2 * i128::from(b))).unwrap() * a.signum();
            prop_assert_eq!(to_fixed(found, places, Rounding::Nearest), Ok(nearest));
        }

        #[test]
        fn any_numbers_give_a_number_or_an_error(a: i128, b: i128, one in 0u32..=28, other in 0u32..=28) {
            let of = |number: i128, scale| Decimal::try_from_i128_with_scale(number >> 32, scale);
            if let (Ok(a), Ok(b)) = (of(a, one), of(b, other)) {
                let _ = (sum(a, b), product(a, b), quotient(a, b));
            }
        }
    }
}
