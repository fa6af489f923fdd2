//! Arithmetic of decimals that never loses a digit without saying so.

use {crate::measure::ValueError, rust_decimal::Decimal};

/// Largest number of which one digit more still fits.
const ROOM: i128 = (1i128 << 96) / 10 - 1;
/// Digits behind the point of a quotient, before the one that says that there are more.
const DIGITS: u32 = 27;

/// `a + b`.
///
/// # Errors
/// If it has more digits than can be kept.
pub fn sum(a: Decimal, b: Decimal) -> Result<Decimal, ValueError> {
    let exact = || {
        let scale = a.scale().max(b.scale());
        let scaled = |number: Decimal| {
            let power = 10i128.checked_pow(scale.checked_sub(number.scale())?)?;
            number.mantissa().checked_mul(power)
        };
        whole(scaled(a)?.checked_add(scaled(b)?)?, scale)
    };
    exact().ok_or_else(|| ValueError::TooPrecise(format!("{a} + {b}")))
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
    let (a, b) = (a.normalize(), b.normalize());
    let exact = || {
        whole(
            a.mantissa().checked_mul(b.mantissa())?,
            a.scale().checked_add(b.scale())?,
        )
    };
    exact().ok_or_else(|| ValueError::TooPrecise(format!("{a} times {b}")))
}

/// `a / b` with up to 28 digits. If there are more, the last one is a 1 in their place: every rounding to fewer digits
/// is then that of the exact quotient.
///
/// # Errors
/// If `b` is 0, or what is before the point cannot be kept.
pub fn quotient(a: Decimal, b: Decimal) -> Result<Decimal, ValueError> {
    if b.is_zero() {
        return Err(ValueError::DividedByZero(a));
    }
    let (a, b) = (a.normalize(), b.normalize());
    let exact = || {
        let negative = (a.mantissa() < 0) != (b.mantissa() < 0);
        let divisor = b.mantissa().checked_abs()?;
        let dividend = a.mantissa().checked_abs()?;
        let (mut digits, mut rest) = (dividend.checked_div(divisor)?, dividend.checked_rem(divisor)?);
        // Digits behind the point: fewer than none as long as some before it are missing.
        let mut scale = i64::from(a.scale()).checked_sub(b.scale().into())?;
        while rest != 0 && scale < i64::from(DIGITS) && digits < ROOM / 10 {
            rest = rest.checked_mul(10)?;
            digits = digits.checked_mul(10)?.checked_add(rest.checked_div(divisor)?)?;
            rest = rest.checked_rem(divisor)?;
            scale = scale.checked_add(1)?;
        }
        while scale < 0 {
            // Only what is exact may be extended.
            (rest == 0).then_some(())?;
            digits = digits.checked_mul(10)?;
            scale = scale.checked_add(1)?;
        }
        while rest != 0 && (scale > i64::from(DIGITS) || digits > ROOM) {
            // A digit that cannot be kept is one of those that follow.
            digits = digits.checked_div(10)?;
            scale = scale.checked_sub(1)?;
        }
        if rest != 0 {
            digits = digits.checked_mul(10)?.checked_add(1)?;
            scale = scale.checked_add(1)?;
        }
        let digits = if negative { digits.checked_neg()? } else { digits };
        whole(digits, u32::try_from(scale).ok()?)
    };
    exact().ok_or_else(|| ValueError::TooPrecise(format!("{a} divided by {b}")))
}

/// `digits · 10^-scale`, if a decimal holds it.
fn whole(mut digits: i128, mut scale: u32) -> Option<Decimal> {
    // What ends in zeros may have more of them than a decimal has digits.
    while scale > 0 && digits.checked_rem(10)? == 0 {
        digits = digits.checked_div(10)?;
        scale = scale.checked_sub(1)?;
    }
    Decimal::try_from_i128_with_scale(digits, scale).ok()
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
