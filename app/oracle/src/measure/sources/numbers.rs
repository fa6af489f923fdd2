//! Numbers as people and spreadsheets write them.

use {
    super::{SourceError, unexpected},
    crate::measure::value::{self, shifted},
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    std::borrow::Cow,
};

/// How numbers are written, where it is not `1234.5`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NumberFormat {
    /// What stands before the decimals; a point if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// What separates groups of three digits; nothing if left out. A number may be without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// What stands before every number, a currency for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What stands behind every number: `%`, for one. It does not change the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

impl NumberFormat {
    /// The number that `text` says.
    ///
    /// # Errors
    /// If it is not written in this way.
    pub fn read(&self, text: &str) -> Result<Decimal, SourceError> {
        Ok(value::parse(&self.plain(text)?)?)
    }

    /// The number as `1234.5`, or with an exponent.
    fn plain<'a>(&self, text: &'a str) -> Result<Cow<'a, str>, SourceError> {
        let text = text.trim();
        if *self == Self::default() {
            return Ok(text.into());
        }
        let not = |what: &str| unexpected(format!("{text:?} is not a number of this form: {what}"));
        let (sign, bare) = match text.strip_prefix('-') {
            Some(bare) => ("-", bare),
            None => ("", text),
        };
        let bare = match &self.prefix {
            Some(prefix) => bare
                .strip_prefix(prefix.as_str())
                .ok_or_else(|| not("its prefix is missing"))?,
            None => bare,
        };
        let bare = match &self.suffix {
            Some(suffix) => bare
                .strip_suffix(suffix.as_str())
                .ok_or_else(|| not("its suffix is missing"))?,
            None => bare,
        };
        let bare = bare.trim();
        let (sign, bare) = match bare.strip_prefix('-') {
            Some(_) if sign == "-" => return Err(not("it has two signs")),
            Some(bare) => ("-", bare),
            None => (sign, bare),
        };
        let decimal = self.decimal.unwrap_or('.');
        let (whole, fraction) = match bare.split_once(decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (bare, None),
        };
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let whole = match self.thousands {
            Some(separator) if whole.contains(separator) => {
                let groups: Vec<&str> = whole.split(separator).collect();
                let fits = groups.iter().enumerate().all(|(place, group)| {
                    let length = if place == 0 {
                        (1..=3).contains(&group.len())
                    } else {
                        group.len() == 3
                    };
                    is_digits(group) && length
                });
                match fits {
                    true => groups.concat(),
                    false => return Err(not("its digits are not in groups of three")),
                }
            }
            _ => whole.to_owned(),
        };
        if !is_digits(&whole) || fraction.is_some_and(|fraction| !is_digits(fraction)) {
            return Err(not(&format!("digits and {decimal:?} are expected")));
        }
        Ok(match fraction {
            Some(fraction) => format!("{sign}{whole}.{fraction}").into(),
            None => format!("{sign}{whole}").into(),
        })
    }

    /// What makes no sense in it.
    pub fn mistakes(&self) -> Vec<String> {
        let decimal = self.decimal.unwrap_or('.');
        let mut mistakes = Vec::new();
        for (name, sign) in [("decimal", self.decimal), ("thousands", self.thousands)] {
            if sign.is_some_and(|sign| sign.is_ascii_digit() || sign == '-') {
                mistakes.push(format!("`{name}` is part of numbers themselves"));
            }
        }
        if self.thousands == Some(decimal) {
            mistakes.push(format!("`thousands` and `decimal` are both {decimal:?}"));
        }
        mistakes
    }

    /// Whether numbers are written plainly, which is not written down.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// `number` times 10 to the power of `scale`.
///
/// # Errors
/// If that cannot be kept exactly.
pub fn scaled(number: Decimal, scale: i8) -> Result<Decimal, SourceError> {
    shifted(number, i32::from(scale)).ok_or_else(|| {
        unexpected(format!(
            "{number} times 10^{scale} has more digits than can be kept exactly"
        ))
    })
}

/// Whether numbers are taken as they are.
pub fn is_unscaled(scale: &i8) -> bool {
    *scale == 0
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        proptest::prelude::{ProptestConfig, prop_assert_eq, proptest},
    };

    fn format(text: &str) -> NumberFormat {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn numbers_of_other_forms() {
        for (form, text, expected) in [
            ("", "1234.5", "1234.5"),
            ("", "1e3", "1000"),
            ("decimal = ','", " 81,5 ", "81.5"),
            ("decimal = ','\nthousands = '.'", "-1.234.567,50", "-1234567.5"),
            ("decimal = ','\nthousands = '.'", "1234,5", "1234.5"),
            ("thousands = ','", "1,234.50", "1234.5"),
            ("thousands = '\u{202f}'", "12\u{202f}345", "12345"),
            ("thousands = \"'\"", "1'000", "1000"),
            ("suffix = '%'", "81.5 %", "81.5"),
            ("suffix = '%'", "-3%", "-3"),
            ("prefix = '$'\nthousands = ','", "-$1,000.00", "-1000"),
            ("prefix = '€ '\ndecimal = ','", "€ -5,1", "-5.1"),
        ] {
            assert_eq!(format(form).read(text).unwrap().to_string(), expected, "{form} {text}");
        }
    }

    #[test]
    fn what_is_written_otherwise_is_an_error() {
        for (form, text) in [
            ("", "1,234"),
            ("decimal = ','", "1.5"),
            ("decimal = ','", "1,5,0"),
            ("thousands = ','", "1,23"),
            ("thousands = ','", "1234,567"),
            ("thousands = ','", ",123"),
            ("thousands = ','", "1,234,"),
            ("decimal = ','\nthousands = '.'", "1,234.5"),
            ("suffix = '%'", "0.815"),
            ("suffix = '%'", "%"),
            ("suffix = '%'", "5%%"),
            ("prefix = '$'", "--5"),
            ("prefix = '$'", "-$-5"),
            ("prefix = '$'", "$ "),
            ("thousands = ','", "+1"),
            ("decimal = ','", "1e3"),
            ("decimal = ','", "٣"),
            ("decimal = ','", "NaN"),
        ] {
            assert!(format(form).read(text).is_err(), "{form} {text}");
        }
    }

    #[test]
    fn forms_that_make_no_sense() {
        for (form, count) in [
            ("", 0),
            ("thousands = '.'", 1),
            ("thousands = '.'\ndecimal = ','", 0),
            ("decimal = '5'\nthousands = '-'", 2),
        ] {
            assert_eq!(format(form).mistakes().len(), count, "{form}");
        }
        assert!(toml::from_str::<NumberFormat>("decimal = '..'").is_err());
    }

    #[test]
    fn powers_of_ten_are_exact() {
        let number = |text: &str| value::parse(text).unwrap();
        assert_eq!(scaled(number("12345"), -2).unwrap().to_string(), "123.45");
        assert_eq!(scaled(number("0.8125"), 2).unwrap().to_string(), "81.25");
        assert_eq!(scaled(number("1"), -9).unwrap().to_string(), "0.000000001");
        assert!(scaled(number("1"), -29).is_err() && scaled(number("1"), 29).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_a_number_or_an_error(text: String, decimal: char, thousands: Option<char>, suffix: Option<String>) {
            let format = NumberFormat { decimal: Some(decimal), thousands, suffix, prefix: None };
            let _ = format.read(&text);
        }

        #[test]
        fn grouped_digits_come_back(number: i64) {
            let digits = number.unsigned_abs().to_string();
            let mut grouped = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place) % 3 == 0 {
                    grouped.push('.');
                }
                grouped.push(digit);
            }
            let sign = if number < 0 { "-" } else { "" };
            let read = format("decimal = ','\nthousands = '.'").read(&format!("{sign}{grouped},50")).unwrap();
            prop_assert_eq!(read, value::parse(&format!("{number}.50")).unwrap());
        }
    }
}
