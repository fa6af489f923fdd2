//! Exact numbers: what a source says in decimals, and what the chain stores in fixed point.

use {
    earnout_sdk::text::names::shortened,
    rust_decimal::{Decimal, RoundingStrategy},
    serde::{Deserialize, Serialize},
    std::str::FromStr,
    thiserror::Error,
};

/// Why a text is not a number that can be attested.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ValueError {
    #[error("the value is empty")]
    Empty,
    #[error("{0:?} is not a number")]
    NotANumber(String),
    #[error("{0} has more digits than can be kept exactly")]
    TooPrecise(String),
    #[error("{value} has more than {decimals} decimals; set `rounding` if it may be rounded")]
    NeedsRounding { value: Decimal, decimals: u8 },
    #[error("the result is too large, or has too many digits, to be kept exactly")]
    TooLarge,
    #[error("{0} cannot be divided by 0")]
    DividedByZero(Decimal),
    #[error("{0} is out of the range of values on chain")]
    OutOfRange(Decimal),
}

/// What becomes of decimals that the KPI does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// They are refused.
    #[default]
    Exact,
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceil,
    /// To the nearest, halves away from zero.
    Nearest,
}

/// Reads a decimal number, with an exponent if need be; no sign but `-`, no separators, no special values.
pub fn parse(text: &str) -> Result<Decimal, ValueError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ValueError::Empty);
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let well_formed = match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    } && exponent
        .is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
    if !well_formed {
        return Err(ValueError::NotANumber(shortened(text, 60)));
    }
    let too_precise = || ValueError::TooPrecise(shortened(text, 60));
    let number = Decimal::from_str_exact(number).map_err(|_| too_precise())?;
    let Some(exponent) = exponent else {
        return Ok(number.normalize());
    };
    let exponent = i32::from_str(exponent).map_err(|_| too_precise())?;
    shifted(number.normalize(), exponent).ok_or_else(too_precise)
}

/// `number · 10^exponent`; `None` if that cannot be kept exactly.
pub fn shifted(number: Decimal, exponent: i32) -> Option<Decimal> {
    if number.is_zero() {
        return Some(number);
    }
    let scale = i64::from(number.scale()).checked_sub(i64::from(exponent))?;
    match u32::try_from(scale) {
        Ok(scale) => Decimal::try_from_i128_with_scale(number.mantissa(), scale).ok(),
        Err(_) => {
            let power = u32::try_from(scale.checked_neg()?).ok()?;
            let mantissa = number.mantissa().checked_mul(10i128.checked_pow(power)?)?;
            Decimal::try_from_i128_with_scale(mantissa, 0).ok()
        }
    }
    .map(|number| number.normalize())
}

/// The fixed-point value on chain: `value · 10^decimals`.
pub fn to_fixed(value: Decimal, decimals: u8, rounding: Rounding) -> Result<i64, ValueError> {
    let places = u32::from(decimals);
    let strategy = match rounding {
        Rounding::Exact => None,
        Rounding::Floor => Some(RoundingStrategy::ToNegativeInfinity),
        Rounding::Ceil => Some(RoundingStrategy::ToPositiveInfinity),
        Rounding::Nearest => Some(RoundingStrategy::MidpointAwayFromZero),
    };
    let rounded = match strategy {
        Some(strategy) => value.round_dp_with_strategy(places, strategy),
        None => value,
    }
    .normalize();
    let missing = places
        .checked_sub(rounded.scale())
        .ok_or(ValueError::NeedsRounding { value, decimals })?;
    let power = 10i128.checked_pow(missing).ok_or(ValueError::OutOfRange(value))?;
    rounded
        .mantissa()
        .checked_mul(power)
        .and_then(|fixed| i64::try_from(fixed).ok())
        .ok_or(ValueError::OutOfRange(value))
}

/// The median, of an even number the lower of the middle two; `None` of nothing.
pub fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// The decimal number that a fixed-point value on chain stands for.
pub fn from_fixed(value: i64, decimals: u8) -> Decimal {
    // 18 decimals at the most (`MAX_KPI_DECIMALS`); the type takes 28.
    Decimal::try_from_i128_with_scale(i128::from(value), u32::from(decimals)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    fn fixed(text: &str, decimals: u8, rounding: Rounding) -> Result<i64, ValueError> {
        to_fixed(parse(text)?, decimals, rounding)
    }

    #[test]
    fn numbers_are_kept_exactly() {
        for (text, decimals, value) in [
            ("0", 0, 0),
            ("62.5", 1, 625),
            ("62.5", 3, 62_500),
            ("62.500", 1, 625),
            ("-3", 2, -300),
            ("1e3", 0, 1_000),
            ("1.25E+2", 0, 125),
            ("125e-2", 2, 125),
            ("9223372036854775807", 0, i64::MAX),
            ("-9223372036854775808", 0, i64::MIN),
            (" 7\n", 0, 7),
            ("0e99999", 0, 0),
            ("0.000000000000000001", 18, 1),
        ] {
            assert_eq!(fixed(text, decimals, Rounding::Exact), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_never_zero() {
        for text in [
            "null", "NaN", "nan", "inf", "-Inf", "true", "12 users", "1,000", "1_000", "0x10", "--1", "+1", "1.", ".5",
            "1e", "e5", "1.2.3", "１２", "\"5\"", "-",
        ] {
            assert_eq!(parse(text), Err(ValueError::NotANumber(text.to_owned())), "{text}");
        }
        assert_eq!(parse(""), Err(ValueError::Empty));
        assert_eq!(parse(" \n"), Err(ValueError::Empty));
    }

    #[test]
    fn what_cannot_be_exact_is_refused() {
        assert!(matches!(
            fixed("62.55", 1, Rounding::Exact),
            Err(ValueError::NeedsRounding { .. })
        ));
        for text in ["1e40", "0.12345678901234567890123456789", "1e-40", "1e99999999999"] {
            assert!(matches!(parse(text), Err(ValueError::TooPrecise(_))), "{text}");
        }
        assert!(matches!(
            fixed("9223372036854775808", 0, Rounding::Exact),
            Err(ValueError::OutOfRange(_))
        ));
        assert!(matches!(
            fixed("79228162514264337593543950335", 18, Rounding::Exact),
            Err(ValueError::OutOfRange(_))
        ));
    }

    #[test]
    fn rounding_goes_where_it_says() {
        for (text, floor, ceil, nearest) in [
            ("2.5", 2, 3, 3),
            ("-2.5", -3, -2, -3),
            ("2.4999", 2, 3, 2),
            ("-0.1", -1, 0, 0),
            ("7", 7, 7, 7),
        ] {
            assert_eq!(fixed(text, 0, Rounding::Floor), Ok(floor), "{text}");
            assert_eq!(fixed(text, 0, Rounding::Ceil), Ok(ceil), "{text}");
            assert_eq!(fixed(text, 0, Rounding::Nearest), Ok(nearest), "{text}");
        }
    }

    #[test]
    fn medians() {
        for (values, expected) in [
            (&[][..], None),
            (&[5], Some(5)),
            (&[9, 1], Some(1)),
            (&[9, 1, 4], Some(4)),
        ] {
            assert_eq!(median(values.to_vec()), expected);
        }
    }

    proptest! {
        #[test]
        fn fixed_point_comes_back(value: i64, decimals in 0u8..=18) {
            let decimal = from_fixed(value, decimals);
            prop_assert_eq!(to_fixed(decimal, decimals, Rounding::Exact), Ok(value));
            prop_assert_eq!(fixed(&decimal.to_string(), decimals, Rounding::Exact), Ok(value));
        }

        #[test]
        fn any_text_is_a_number_or_an_error(text: String) {
            let _ = parse(&text);
        }
    }
}
