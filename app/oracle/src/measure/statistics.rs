//! What is made of several numbers, exactly.
//!
//! A result that no decimal of 28 digits holds (a quotient that does not end, mostly) is cut, and its last digit is a 1
//! that stands for all that follows: every later rounding to fewer digits is that of the exact result. Nothing is
//! rounded twice.

use {
    crate::measure::{
        Scope, SourceError, ValueError, checks,
        condition::{Conditions, Found},
        exact,
        sources::{ambiguous, no_data, unexpected},
    },
    num_bigint::BigInt,
    rust_decimal::Decimal,
    serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _},
    std::collections::HashSet,
};

/// What is made of the numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Aggregate {
    /// There has to be exactly one.
    #[default]
    Only,
    /// Their sum; at least one is needed, unless nothing is said to be 0.
    Sum,
    /// How many there are, which may be 0. They need not be numbers.
    Count,
    /// How many different ones there are, which may be 0. They need not be numbers and are compared as written.
    Distinct,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The one that comes first.
    First,
    /// The one that comes last.
    Last,
    /// Their sum divided by how many there are.
    Mean,
    /// The one in the middle; of an even number the mean of the middle two.
    Median,
    /// The mean without the smallest and the largest: how many percent of them are left out at each end. A part of one
    /// stays: of 15 numbers 10 percent are one.
    TrimmedMean(Percent),
    /// How many percent of them meet the condition. They need not be numbers.
    Share(Conditions),
    /// How many percent meet `plus`, less how many percent meet `minus`: the net promoter score, for one.
    #[serde(rename_all = "kebab-case")]
    NetShare { plus: Conditions, minus: Conditions },
}

/// Percent, exactly as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub Decimal);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = checks::decimal(deserializer)?;
        number.map(Self).ok_or_else(|| D::Error::custom("there is no number"))
    }
}

impl Aggregate {
    /// Of plain numbers. `nothing_is_zero`: whether the sum of none is 0.
    ///
    /// # Errors
    /// If there are none (or several, for `only`), or the result is too large.
    pub fn of(&self, numbers: &[Decimal], nothing_is_zero: bool, scope: &Scope) -> Result<Decimal, SourceError> {
        let number = |number: &Decimal| Ok(*number);
        self.over(numbers, nothing_is_zero, scope, number, |number| {
            Ok(Found::number(*number))
        })
    }

    /// Of `items`, of each of which `number` reads the number and `found` what a condition is asked about. Only what
    /// the aggregate needs is read.
    ///
    /// # Errors
    /// If there are none (or several, for `only`), if an item cannot be read, or if the result is too large.
    pub fn over<T>(
        &self,
        items: &[T],
        nothing_is_zero: bool,
        scope: &Scope,
        number: impl Fn(&T) -> Result<Decimal, SourceError>,
        found: impl Fn(&T) -> Result<Found<'_>, SourceError>,
    ) -> Result<Decimal, SourceError> {
        let none = || no_data("no entry matches");
        let numbers = || items.iter().map(&number).collect::<Result<Vec<_>, _>>();
        let sorted = || {
            let mut numbers = numbers()?;
            numbers.sort_unstable();
            Ok::<_, SourceError>(numbers)
        };
        let meeting = |conditions: &Conditions| {
            let mut count = 0usize;
            for item in items {
                if conditions.hold("an entry", &found(item)?, scope)? {
                    count = count.saturating_add(1);
                }
            }
            Ok::<_, SourceError>(signed(count))
        };
        match self {
            Self::Count => Ok(Decimal::from(items.len())),
            Self::Distinct => {
                let texts = items.iter().map(|item| match found(item)? {
                    Found::Value { text, .. } => Ok(text.into_owned()),
                    other => Err(unexpected(format!(
                        "an entry is {other}: nothing tells it from the others"
                    ))),
                });
                let texts: HashSet<String> = texts.collect::<Result<_, SourceError>>()?;
                Ok(Decimal::from(texts.len()))
            }
            Self::Sum if items.is_empty() && nothing_is_zero => Ok(Decimal::ZERO),
            _ if items.is_empty() => Err(none()),
            Self::Only => match items {
                [item] => number(item),
                several => Err(ambiguous(format!(
                    "{} entries match, not one; set `aggregate` if that is right",
                    several.len()
                ))),
            },
            Self::First => number(items.first().ok_or_else(none)?),
            Self::Last => number(items.last().ok_or_else(none)?),
            Self::Min => numbers()?.into_iter().min().ok_or_else(none),
            Self::Max => numbers()?.into_iter().max().ok_or_else(none),
            Self::Sum => over(&sum(&numbers()?)?, 1),
            Self::Mean => mean(&numbers()?),
            Self::Median => {
                let sorted = sorted()?;
                let (last, middle) = (sorted.len().saturating_sub(1), sorted.len() / 2);
                mean(sorted.get(last / 2..=middle).ok_or_else(none)?)
            }
            Self::TrimmedMean(percent) => {
                let sorted = sorted()?;
                let cut = percent.of(sorted.len()).ok_or_else(too_large)?;
                let kept = sorted.get(cut..sorted.len().saturating_sub(cut));
                mean(kept.filter(|kept| !kept.is_empty()).ok_or_else(none)?)
            }
            Self::Share(condition) => over(&percent(meeting(condition)?), items.len()),
            Self::NetShare { plus, minus } => {
                let net = meeting(plus)?.saturating_sub(meeting(minus)?);
                over(&percent(net), items.len())
            }
        }
    }

    /// Mistakes in the configuration. `nothing_is_zero` as configured.
    pub fn mistakes(&self, nothing_is_zero: bool) -> Vec<String> {
        let mut mistakes = match self {
            Self::TrimmedMean(Percent(percent)) if *percent < Decimal::ZERO || *percent >= Decimal::from(50) => {
                vec![format!(
                    "`trimmed-mean` leaves out {percent} % at each end: it has to be at least 0 and below 50"
                )]
            }
            Self::Share(conditions) => conditions.mistakes(),
            Self::NetShare { plus, minus } => [plus.mistakes(), minus.mistakes()].concat(),
            _ => Vec::new(),
        };
        if nothing_is_zero && !matches!(self, Self::Sum) {
            mistakes.push("`nothing_is_zero` is for `aggregate = \"sum\"`: only the sum of nothing is 0".to_owned());
        }
        mistakes
    }

    /// The texts in which placeholders are filled in.
    pub fn templates(&self) -> Vec<&str> {
        match self {
            Self::Share(conditions) => conditions.templates().collect(),
            Self::NetShare { plus, minus } => plus.templates().chain(minus.templates()).collect(),
            _ => Vec::new(),
        }
    }
}

impl Percent {
    /// So many percent of `count`, without a part of one.
    fn of(self, count: usize) -> Option<usize> {
        let whole = 10i128.checked_pow(self.0.scale())?.checked_mul(100)?;
        let part = self.0.mantissa().checked_mul(signed(count))?.checked_div(whole)?;
        usize::try_from(part).ok()
    }
}

/// The mean of numbers.
///
/// # Errors
/// If there are none, or it is too large.
pub fn mean(numbers: &[Decimal]) -> Result<Decimal, SourceError> {
    match numbers {
        [] => Err(no_data("no entry matches")),
        numbers => over(&sum(numbers)?, numbers.len()),
    }
}

/// Refuses fewer entries than there have to be.
///
/// # Errors
/// If there are `found` and not at least `wanted`.
pub fn enough(found: usize, wanted: Option<usize>) -> Result<(), SourceError> {
    match wanted {
        Some(wanted) if found < wanted => Err(no_data(format!("{found} entries match, at least {wanted} are needed"))),
        _ => Ok(()),
    }
}

/// The sum of numbers, in units of 10^-[`PLACES`].
fn sum(numbers: &[Decimal]) -> Result<BigInt, SourceError> {
    let summands = numbers.iter().map(|number| exact::scaled(*number, PLACES));
    summands.sum::<Option<BigInt>>().ok_or_else(too_large)
}

/// 100 times `count`, in these units.
fn percent(count: i128) -> BigInt {
    BigInt::from(count) * 100u8 * exact::power(PLACES)
}

/// A number of these units divided by `count`.
fn over(sum: &BigInt, count: usize) -> Result<Decimal, SourceError> {
    exact::quotient(sum, &(exact::power(PLACES) * count)).ok_or_else(too_large)
}

/// Digits behind the point of a [`Decimal`] at the most.
const PLACES: u32 = 28;

fn signed(count: usize) -> i128 {
    i128::try_from(count).unwrap_or(i128::MAX)
}

fn too_large() -> SourceError {
    ValueError::TooLarge.into()
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{Rounding, sources::testing::scope, value},
        proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest},
    };

    fn aggregate(text: &str) -> Aggregate {
        #[derive(Deserialize)]
        struct One {
            aggregate: Aggregate,
        }
        toml::from_str::<One>(&format!("aggregate = {text}")).unwrap().aggregate
    }

    fn of(text: &str, numbers: &[&str]) -> Result<String, String> {
        let numbers: Vec<Decimal> = numbers.iter().map(|number| value::parse(number).unwrap()).collect();
        let result = aggregate(text).of(&numbers, false, &scope());
        result
            .map(|number| number.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_aggregate_of_the_same_numbers() {
        let numbers = ["3", "1", "5", "4.5", "5.0", "-2"];
        for (text, expected) in [
            ("'sum'", "16.5"),
            ("'count'", "6"),
            ("'distinct'", "5"),
            ("'min'", "-2"),
            ("'max'", "5"),
            ("'first'", "3"),
            ("'last'", "-2"),
            ("'mean'", "2.75"),
            ("'median'", "3.75"),
            // 20 % of 6 is one and a bit: one at each end.
            ("{ trimmed-mean = 20 }", "3.375"),
            ("{ trimmed-mean = '0' }", "2.75"),
            ("{ trimmed-mean = '49.9' }", "3.75"),
            ("{ share = '>= 4' }", "50"),
            ("{ share = ['>= 1', '< 5'] }", "50"),
            ("{ share = '= 5' }", "33.333333333333333333333333331"),
            (
                "{ net-share = { plus = '> 4', minus = '< 2' } }",
                "16.666666666666666666666666661",
            ),
        ] {
            assert_eq!(of(text, &numbers).unwrap(), expected, "{text}");
        }
        assert_eq!(of("'only'", &["7"]).unwrap(), "7");
        assert!(of("'only'", &numbers).unwrap_err().contains("6 entries match, not one"));
        assert_eq!(of("'median'", &["9", "1", "4"]).unwrap(), "4");
        assert_eq!(
            of("'mean'", &["-1", "-1", "0"]).unwrap(),
            "-0.6666666666666666666666666661"
        );
        assert_eq!(
            of("{ net-share = { plus = '9', minus = '1' } }", &["1", "1", "9", "5"]).unwrap(),
            "-25"
        );
    }

    #[test]
    fn nothing_is_an_error_or_what_the_configuration_says() {
        for text in [
            "'only'",
            "'sum'",
            "'min'",
            "'max'",
            "'first'",
            "'last'",
            "'mean'",
            "'median'",
            "{ trimmed-mean = 10 }",
            "{ share = '1' }",
            "{ net-share = { plus = '1', minus = '2' } }",
        ] {
            assert_eq!(of(text, &[]).unwrap_err(), "no data: no entry matches", "{text}");
        }
        assert_eq!(of("'count'", &[]).unwrap(), "0");
        assert_eq!(of("'distinct'", &[]).unwrap(), "0");
        assert_eq!(Aggregate::Sum.of(&[], true, &scope()).unwrap(), Decimal::ZERO);
        assert!(
            enough(2, Some(3))
                .unwrap_err()
                .to_string()
                .contains("2 entries match, at least 3")
        );
        assert!(enough(3, Some(3)).is_ok() && enough(0, None).is_ok());
    }

    #[test]
    fn no_digit_is_lost_and_nothing_wraps() {
        let tiny = "0.0000000000000000000000000001";
        // Decimal's own addition would round this.
        let large = "79228162514264337593543950335";
        for (text, numbers, expected) in [
            ("'sum'", vec!["0.1", "0.2"], "0.3"),
            ("'sum'", vec![large, tiny, "-1"], ""),
            ("'sum'", vec![large, tiny, &format!("-{large}")], tiny),
            ("'sum'", vec!["123456789012.12", tiny], "123456789012.12000000000000001"),
            (
                "'sum'",
                vec!["5", &format!("-{tiny}")],
                "4.9999999999999999999999999999",
            ),
            (
                "'sum'",
                vec!["1000000000", "-0.000000000000000001"],
                "999999999.999999999999999999",
            ),
            (
                "'mean'",
                vec!["250000000", "250000000", "250000001"],
                "250000000.33333333333333333331",
            ),
            ("'mean'", vec![large, large], large),
        ] {
            match expected {
                "" => assert!(of(text, &numbers).unwrap_err().contains("too large"), "{numbers:?}"),
                expected => assert_eq!(of(text, &numbers).unwrap(), expected, "{text} {numbers:?}"),
            }
        }
        assert!(of("'sum'", &[large, "1"]).unwrap_err().contains("too large"));
    }

    #[test]
    fn what_is_cut_rounds_as_what_is_exact() {
        let third = Aggregate::Mean
            .of(&[1, 0, 0].map(Decimal::from), false, &scope())
            .unwrap();
        assert_eq!(value::to_fixed(third, 2, Rounding::Ceil), Ok(34));
        assert_eq!(value::to_fixed(third, 2, Rounding::Floor), Ok(33));
        assert!(value::to_fixed(third, 18, Rounding::Exact).is_err());
        // A hair above a half goes up.
        let above = ["100000000", "0.05", "0.0000000000000000000000000002"];
        let above = above.map(|number| value::parse(number).unwrap());
        let above = Aggregate::Sum.of(&above, false, &scope()).unwrap();
        assert_eq!(value::to_fixed(above, 1, Rounding::Nearest), Ok(1_000_000_001));
        assert_eq!(value::to_fixed(-above, 1, Rounding::Nearest), Ok(-1_000_000_001));
        assert_eq!(value::to_fixed(above, 1, Rounding::Floor), Ok(1_000_000_000));
    }

    #[test]
    fn mistakes_are_found_and_aggregates_come_back() {
        for (text, count) in [
            ("{ trimmed-mean = 50 }", 1),
            ("{ trimmed-mean = -1 }", 1),
            ("{ trimmed-mean = '12.5' }", 0),
            ("{ share = '>= many' }", 1),
            ("{ net-share = { plus = '>=', minus = '<' } }", 2),
            ("'mean'", 0),
        ] {
            let aggregate = aggregate(text);
            assert_eq!(aggregate.mistakes(false).len(), count, "{text}");
            let json = serde_json::to_string(&aggregate).unwrap();
            assert_eq!(serde_json::from_str::<Aggregate>(&json).unwrap(), aggregate, "{json}");
        }
        assert_eq!(Aggregate::Mean.mistakes(true).len(), 1);
        assert_eq!(Aggregate::Sum.mistakes(true).len(), 0);
        assert!(toml::from_str::<std::collections::BTreeMap<String, Aggregate>>("a = { trimmed-mean = 0.5 }").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Against integers: all numbers have the same scale.
        #[test]
        fn sums_and_means_are_exact(numbers in prop::collection::vec(any::<i64>(), 1..40), scale in 0u32..=18) {
            let decimals: Vec<Decimal> = numbers.iter().map(|number| Decimal::new(*number, scale)).collect();
            let sum: i128 = numbers.iter().map(|number| i128::from(*number)).sum();
            let found = Aggregate::Sum.of(&decimals, false, &scope()).unwrap();
            prop_assert_eq!(found, Decimal::from_i128_with_scale(sum, scale));
            let count = i128::try_from(numbers.len()).unwrap();
            let mean = Aggregate::Mean.of(&decimals, false, &scope()).unwrap();
            // In units of 10^-scale, to the floor and to the ceiling.
            let whole = u8::try_from(scale).unwrap();
            prop_assert_eq!(
                value::to_fixed(mean, whole, Rounding::Floor).map(i128::from),
                Ok(sum.div_euclid(count))
            );
            let rest = i128::from(sum.rem_euclid(count) != 0);
            prop_assert_eq!(
                value::to_fixed(mean, whole, Rounding::Ceil).map(i128::from),
                Ok(sum.div_euclid(count) + rest)
            );
        }

        /// Whatever numbers there are, there is a result or an error.
        #[test]
        fn order_does_not_matter(numbers in prop::collection::vec((any::<i64>(), any::<u64>(), 0u32..=28), 1..20)) {
            let decimal = |(high, low, scale): &(i64, u64, u32)| {
                let mantissa = (i128::from(*high) << 31) + i128::from(*low >> 1);
                Decimal::from_i128_with_scale(mantissa >> 1, *scale)
            };
            let forth: Vec<Decimal> = numbers.iter().map(decimal).collect();
            let back: Vec<Decimal> = forth.iter().rev().copied().collect();
            for aggregate in [Aggregate::Sum, Aggregate::Mean, Aggregate::Median, Aggregate::Min, Aggregate::Max] {
                let [forth, back] = [&forth, &back].map(|numbers| aggregate.of(numbers, false, &scope()).ok());
                prop_assert_eq!(forth, back);
            }
            // Beyond 27 digits before the point there is no room for what says that more follows.
            if let Ok(mean) = Aggregate::Mean.of(&forth, false, &scope()) {
                prop_assert!(forth.iter().min().unwrap() <= &mean && &mean <= forth.iter().max().unwrap());
            }
        }
    }
}
