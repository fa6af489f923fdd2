//! Decimal numbers as people write them, and the whole numbers of smallest units that they stand for. Nothing is ever
//! rounded, and no floating point is involved.
//!
//! ```
//! use earnout_sdk::text::amount;
//!
//! assert_eq!(amount::parse("1_250.5", 6), Ok(1_250_500_000));
//! assert_eq!(amount::tokens(1_250_500_000, 6), "1,250.500000");
//! assert_eq!(amount::parse("1,250.500000", 6), Ok(1_250_500_000));
//! assert!(amount::parse("0.0000001", 6).is_err());
//! ```

use {
    std::{fmt, str::FromStr},
    thiserror::Error,
};

/// Why a text is not an exact amount.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum AmountError {
    /// The text is not a decimal number.
    #[error("is not a number; expected digits like 1_250.5")]
    NotANumber,
    /// Commas stand elsewhere than between complete groups of three digits.
    #[error(
        "has commas that do not separate groups of three digits; expected 1,250.5, with a point before the decimals"
    )]
    BadGroups,
    /// The number could only be kept by rounding it.
    #[error("has more than {decimals} and would have to be rounded; expected at most {0}", decimals = counted(*.0, "decimal"))]
    TooManyDecimals(u8),
    /// The number does not fit 64 bits of smallest units.
    #[error("is too large; expected a number whose smallest units fit 64 bits")]
    TooLarge,
}

/// Reads an amount of tokens into base units, of which `decimals` make the decimal places of a token. `_` may separate
/// digits, and commas complete groups of three, so that what [`tokens`] writes can be read.
///
/// # Errors
/// If the text is not a number from 0 on, has more decimals, or does not fit.
pub fn parse(text: &str, decimals: u8) -> Result<u64, AmountError> {
    units(text, decimals)?.try_into().map_err(|_| AmountError::TooLarge)
}

/// Reads a value, which may be negative, into its fixed-point number with `decimals`. The sign is `-`, or the minus
/// that is typeset.
///
/// # Errors
/// If the text is not a number, has more decimals, or does not fit.
pub fn parse_value(text: &str, decimals: u8) -> Result<i64, AmountError> {
    let value = match text.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => units(digits, decimals)?.checked_neg(),
        None => Some(units(text, decimals)?),
    };
    value
        .and_then(|value| value.try_into().ok())
        .ok_or(AmountError::TooLarge)
}

/// Reads basis points: `6000`, or as percent `60%`, `12.5 %`.
///
/// # Errors
/// If the text is not a number from 0 on, or the percentage has more than 2 decimals.
pub fn basis_points(text: &str) -> Result<u64, AmountError> {
    match text.strip_suffix('%') {
        Some(percent) => parse(percent.trim_end(), 2),
        None => parse(text, 0),
    }
}

/// What to add to a refusal by a limit: in `1.250` the point starts the decimals, where many people part thousands with
/// it. Empty for any other text.
pub fn hint(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, fraction))
            if (1..=3).contains(&whole.len()) && fraction.len() == 3 && is_digits(whole) && is_digits(fraction) =>
        {
            format!("; the point in {text} starts the decimals: if thousands are meant, write {whole},{fraction}")
        }
        _ => String::new(),
    }
}

/// An amount of tokens as an argument: `1_250.5`, `1,250.5` as amounts are shown, or ALL. The decimals are known only
/// with the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmountArg {
    /// All there is.
    All,
    /// So many, as they were typed.
    Tokens(String),
}

impl FromStr for AmountArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        // Whether it is exact is seen when the decimals are known; whether it is a number can be seen now.
        match parse(text, 0) {
            Err(error @ (AmountError::NotANumber | AmountError::BadGroups)) => Err(format!("`{text}` {error}")),
            _ => Ok(Self::Tokens(text.to_owned())),
        }
    }
}

impl fmt::Display for AmountArg {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::All => "ALL",
            Self::Tokens(text) => text,
        })
    }
}

impl AmountArg {
    /// Base units, of which `decimals` make the decimal places of a token; none for all there is.
    ///
    /// # Errors
    /// If it has more decimals, or does not fit.
    pub fn base_units(&self, decimals: u8) -> Result<Option<u64>, AmountError> {
        match self {
            Self::All => Ok(None),
            Self::Tokens(text) => parse(text, decimals).map(Some),
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Units of 10^-decimals.
fn units(text: &str, decimals: u8) -> Result<i128, AmountError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let (whole, fraction) = (ungrouped(whole)?, fraction.replace('_', ""));
    if !is_digits(&whole) || !is_digits(&fraction) {
        return Err(AmountError::NotANumber);
    }
    let fraction = fraction.trim_end_matches('0');
    let missing = usize::from(decimals)
        .checked_sub(fraction.len())
        .ok_or(AmountError::TooManyDecimals(decimals))?;
    let all = format!("{whole}{fraction}{}", "0".repeat(missing));
    all.parse().map_err(|_| AmountError::TooLarge)
}

/// Whole digits without what separates them. `0,500` is a half to many people, so no group may begin a number with 0.
fn ungrouped(whole: &str) -> Result<String, AmountError> {
    let Some((first, groups)) = whole.split_once(',') else {
        return Ok(whole.replace('_', ""));
    };
    if !whole.bytes().all(|byte| byte == b',' || byte.is_ascii_digit()) {
        return Err(AmountError::NotANumber);
    }
    let complete = (1..=3).contains(&first.len()) && groups.split(',').all(|group| group.len() == 3);
    match complete && !first.starts_with('0') {
        true => Ok(whole.replace(',', "")),
        false => Err(AmountError::BadGroups),
    }
}

/// `amount` base units with all decimals, thousands separated.
pub fn tokens(amount: u64, decimals: u8) -> String {
    total(amount.into(), decimals)
}

/// Lamports as SOL, exact.
pub fn sol(lamports: u64) -> String {
    tokens(lamports, 9)
}

/// As [`tokens`], for sums of many amounts.
pub fn total(amount: u128, decimals: u8) -> String {
    let digits = format!("{amount:0>width$}", width = usize::from(decimals) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
    let separator = if fraction.is_empty() { "" } else { "." };
    format!("{}{separator}{fraction}", grouped(whole))
}

/// `amount` base units as [`tokens`], without superfluous zeros.
pub fn short(amount: impl Into<u128>, decimals: u8) -> String {
    let text = total(amount.into(), decimals);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A fixed-point value with `decimals`, without superfluous zeros.
pub fn fixed(value: i64, decimals: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", short(value.unsigned_abs(), decimals))
}

/// Numbers in rising order, those that follow each other as a range: `3, 7-12`.
pub fn ranges(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges
            .last_mut()
            .filter(|(_, last)| last.checked_add(1) == Some(number))
        {
            Some((_, last)) => *last = number,
            None => ranges.push((number, number)),
        }
    }
    let text = |(first, last): (u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    ranges.into_iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A whole number with its thousands separated.
pub fn count(number: impl TryInto<u64>) -> String {
    grouped(&number.try_into().unwrap_or(u64::MAX).to_string())
}

/// So many of something, in words: `1 transaction`, `1,200 transactions`, `2 beneficiaries`.
///
/// ```
/// use earnout_sdk::text::amount::counted;
///
/// assert_eq!(counted(1_u8, "transaction"), "1 transaction");
/// assert_eq!(counted(0_u8, "beneficiary"), "0 beneficiaries");
/// assert_eq!(counted(1_200_u16, "bonus"), "1,200 bonuses");
/// ```
pub fn counted(number: impl TryInto<u64>, one: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let shown = count(number);
    match (number, one.strip_suffix('y')) {
        (1, _) => format!("{shown} {one}"),
        (_, Some(stem)) => format!("{shown} {stem}ies"),
        _ if one.ends_with('s') => format!("{shown} {one}es"),
        _ => format!("{shown} {one}s"),
    }
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_follow_each_other_are_a_range() {
        assert_eq!(ranges([3, 7, 8, 9, 11, u32::MAX]), "3, 7-9, 11, 4294967295");
        assert_eq!(ranges([]), "");
    }

    #[test]
    fn amounts_show_every_base_unit() {
        assert_eq!(tokens(0, 6), "0.000000");
        assert_eq!(tokens(1, 6), "0.000001");
        assert_eq!(tokens(1_234_567_890_123, 6), "1,234,567.890123");
        assert_eq!(tokens(u64::MAX, 0), "18,446,744,073,709,551,615");
        assert_eq!(total(u128::from(u64::MAX) * 10, 1), "18,446,744,073,709,551,615.0");
    }

    #[test]
    fn fixed_point_values_lose_only_zeros() {
        assert_eq!(fixed(415, 1), "41.5");
        assert_eq!(fixed(-410, 1), "-41");
        assert_eq!(fixed(100, 0), "100");
        assert_eq!(fixed(i64::MIN, 18), "-9.223372036854775808");
    }

    #[test]
    fn only_exact_numbers_are_read() {
        assert_eq!(parse_value("41.5", 1), Ok(415));
        assert_eq!(parse_value("-41.50", 1), Ok(-415));
        assert_eq!(parse_value("10_000", 6), Ok(10_000_000_000));
        assert_eq!(parse_value("1.25", 1), Err(AmountError::TooManyDecimals(1)));
        assert_eq!(parse_value("99999999999999999999", 1), Err(AmountError::TooLarge));
        for wrong in [
            "",
            ".",
            "1.",
            ".5",
            "1e3",
            "+1",
            "--1",
            "1 ",
            "-",
            "_",
            "1_0,000",
            ",x",
            "1.000.000",
        ] {
            assert_eq!(parse_value(wrong, 1), Err(AmountError::NotANumber), "{wrong}");
            assert_eq!(parse(wrong, 1), Err(AmountError::NotANumber), "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_is_read_and_other_commas_are_not() {
        for amount in [0, 1, 999, 1_000, 1_873_190, 999_999_999, u64::MAX] {
            for decimals in [0, 1, 6, 9, 19] {
                assert_eq!(parse(&tokens(amount, decimals), decimals), Ok(amount));
                assert_eq!(parse(&short(amount, decimals), decimals), Ok(amount));
            }
        }
        for value in [i64::MIN, -1_234_567, -1, 0, 415, i64::MAX] {
            assert_eq!(parse_value(&fixed(value, 1), 1), Ok(value));
            assert_eq!(parse_value(&fixed(value, 1).replace('-', "\u{2212}"), 1), Ok(value));
        }
        for wrong in [
            "1,5",
            "1,00",
            "12,34,567",
            "1,2345",
            "0,500",
            "1,",
            ",100",
            "1234,567",
            "1,,000",
            ",",
        ] {
            assert_eq!(parse(wrong, 6), Err(AmountError::BadGroups), "{wrong}");
        }
        assert_eq!(parse("1.000,5", 6), Err(AmountError::NotANumber));
    }

    #[test]
    fn shares_are_basis_points_or_percent() {
        for (text, points) in [
            ("6000", 6_000),
            ("6_000", 6_000),
            ("10,000", 10_000),
            ("60%", 6_000),
            ("33.33 %", 3_333),
        ] {
            assert_eq!(basis_points(text), Ok(points), "{text}");
        }
        for wrong in ["", "%", "0.5", "-1", "33.333%", "20%%"] {
            assert!(basis_points(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_point_before_three_digits_is_explained() {
        assert!(hint("1.250").ends_with("write 1,250"));
        for other in ["1.25", "1250", "1,250", "1234.567", "1.2500", "x.250", ""] {
            assert_eq!(hint(other), "", "{other}");
        }
    }

    #[test]
    fn the_largest_numbers_are_read_and_larger_ones_refused() {
        assert_eq!(parse("18446744073709551615", 0), Ok(u64::MAX));
        assert_eq!(parse("18446744073709.551615", 6), Ok(u64::MAX));
        assert_eq!(parse("18446744073709551616", 0), Err(AmountError::TooLarge));
        assert_eq!(parse("1", 255), Err(AmountError::TooLarge));
        assert_eq!(parse("-1", 0), Err(AmountError::NotANumber));
        assert_eq!(parse_value("-9223372036854775808", 0), Ok(i64::MIN));
        assert_eq!(parse_value("9223372036854775808", 0), Err(AmountError::TooLarge));
    }
}
