//! What a value has to pass before it is attested. A value that does not pass is held, and a person is told.

use {
    crate::measure::{duration, value},
    earnout_sdk::text::time,
    rust_decimal::Decimal,
    serde::{Deserialize, Deserializer, de::Error},
    std::time::Duration,
    thiserror::Error,
};

/// The checks of a feed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checks {
    /// Smallest value that is believed.
    #[serde(deserialize_with = "decimal")]
    pub min: Option<Decimal>,
    /// Largest value that is believed.
    #[serde(deserialize_with = "decimal")]
    pub max: Option<Decimal>,
    /// Largest change against the period before, percent of that period's value.
    #[serde(deserialize_with = "decimal")]
    pub max_change_pct: Option<Decimal>,
    /// How often every source is asked.
    pub samples: u32,
    /// Pause between two samples.
    #[serde(with = "duration")]
    pub sample_pause: Duration,
    /// How far the values may lie apart, percent of their median; 0: not at all.
    #[serde(deserialize_with = "decimal")]
    pub agree_pct: Option<Decimal>,
    /// How long before the end of the period the data may have been taken.
    #[serde(deserialize_with = "duration::optional")]
    pub max_age: Option<Duration>,
    /// How long after the end of the period the data may have been taken.
    #[serde(deserialize_with = "duration::optional")]
    pub max_delay: Option<Duration>,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            min: None,
            max: None,
            max_change_pct: None,
            samples: 1,
            sample_pause: Duration::from_secs(5),
            agree_pct: None,
            max_age: None,
            max_delay: None,
        }
    }
}

/// Longest time over which samples are taken: what is measured in a round is sent when all of it is.
const LONGEST_SAMPLING: Duration = Duration::from_secs(300);

/// Why a value is held.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Hold {
    /// A source did not answer with a value.
    #[error("{0}")]
    Source(String),
    #[error("{value} is outside of what the plan accepts, {min} to {max}")]
    OutOfRange {
        value: Decimal,
        /// Smallest accepted value.
        min: Decimal,
        /// Largest accepted value.
        max: Decimal,
    },
    #[error("{value} is {side} {bound}, which `checks` says is not believed")]
    NotBelieved {
        value: Decimal,
        /// `below` or `above`.
        side: &'static str,
        bound: Decimal,
    },
    #[error("{value} differs by more than {pct} % from {before} in the period before")]
    Changed {
        value: Decimal,
        /// The last period's value.
        before: Decimal,
        pct: Decimal,
    },
    #[error("the answers disagree: {lowest} to {highest}, more than {pct} % apart")]
    Disagree {
        lowest: Decimal,
        highest: Decimal,
        pct: Decimal,
    },
    #[error("the data are of {at}, {how}")]
    Age {
        /// When they were taken.
        at: String,
        /// What is wrong with that.
        how: String,
    },
    #[error("this machine's clock is {seconds} s {direction} the chain's")]
    Clock {
        /// How far.
        seconds: u64,
        /// `ahead of` or `behind`.
        direction: &'static str,
    },
}

impl Hold {
    /// One word for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::OutOfRange { .. } => "range",
            Self::NotBelieved { .. } => "bounds",
            Self::Changed { .. } => "change",
            Self::Disagree { .. } => "agreement",
            Self::Age { .. } => "age",
            Self::Clock { .. } => "clock",
        }
    }
}

impl Checks {
    /// Mistakes in the configuration.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.samples == 0 {
            mistakes.push("`samples` is 0: nothing would be measured".to_owned());
        }
        let pauses = self.sample_pause.saturating_mul(self.samples.saturating_sub(1));
        if pauses > LONGEST_SAMPLING {
            mistakes.push(format!(
                "`samples` and `sample_pause` take {}, for which all other votes would wait; at most {}",
                humantime::format_duration(pauses),
                humantime::format_duration(LONGEST_SAMPLING)
            ));
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            mistakes.push(format!("`min` {min} is above `max` {max}"));
        }
        for (name, pct) in [("max_change_pct", self.max_change_pct), ("agree_pct", self.agree_pct)] {
            if pct.is_some_and(|pct| pct.is_sign_negative() && !pct.is_zero()) {
                mistakes.push(format!("`{name}` is negative"));
            }
        }
        mistakes
    }

    /// Whether `values` (fixed point) say the same, within the bound.
    pub fn agreement(&self, values: &[i64], decimals: u8) -> Result<(), Hold> {
        let pct = self.agree_pct.unwrap_or_default();
        let (Some(lowest), Some(highest)) = (values.iter().min(), values.iter().max()) else {
            return Ok(());
        };
        let median = value::median(values.to_vec()).unwrap_or_default();
        // A bound so large that it cannot be computed bounds nothing.
        match within(*lowest, *highest, median, pct).unwrap_or(true) {
            true => Ok(()),
            false => Err(Hold::Disagree {
                lowest: value::from_fixed(*lowest, decimals),
                highest: value::from_fixed(*highest, decimals),
                pct,
            }),
        }
    }

    /// Whether `value` can be believed, and accepted by a KPI whose range is `accepted`.
    pub fn bounds(&self, value: i64, accepted: (i64, i64), decimals: u8) -> Result<(), Hold> {
        let shown = value::from_fixed(value, decimals);
        if !(accepted.0..=accepted.1).contains(&value) {
            return Err(Hold::OutOfRange {
                value: shown,
                min: value::from_fixed(accepted.0, decimals),
                max: value::from_fixed(accepted.1, decimals),
            });
        }
        let not_believed = |side, bound| Hold::NotBelieved {
            value: shown,
            side,
            bound,
        };
        match (self.min, self.max) {
            (Some(min), _) if shown < min => Err(not_believed("below", min)),
            (_, Some(max)) if shown > max => Err(not_believed("above", max)),
            _ => Ok(()),
        }
    }

    /// Whether `value` is near enough to the value of the period before, if there is one. From 0 every change is too
    /// much.
    pub fn change(&self, value: i64, before: Option<i64>, decimals: u8) -> Result<(), Hold> {
        let (Some(pct), Some(before)) = (self.max_change_pct, before) else {
            return Ok(());
        };
        match within(value, before, before, pct).unwrap_or(true) {
            true => Ok(()),
            false => Err(Hold::Changed {
                value: value::from_fixed(value, decimals),
                before: value::from_fixed(before, decimals),
                pct,
            }),
        }
    }

    /// Whether data taken at `observed_at` are of a period that ends at `end`. All Unix seconds.
    pub fn age(&self, observed_at: Option<i64>, end: i64) -> Result<(), Hold> {
        let late = |limit: Duration| humantime::format_duration(limit).to_string();
        let hold = |at: i64, how: String| Hold::Age {
            at: time::text(at),
            how,
        };
        let Some(at) = observed_at else {
            return match (self.max_age, self.max_delay) {
                (None, None) => Ok(()),
                _ => Err(Hold::Source("the source does not say how old its data are".to_owned())),
            };
        };
        if let Some(limit) = self.max_age
            && at < end.saturating_sub(duration::seconds(limit))
        {
            return Err(hold(
                at,
                format!("more than {} before the end of the period", late(limit)),
            ));
        }
        if let Some(limit) = self.max_delay
            && at > end.saturating_add(duration::seconds(limit))
        {
            return Err(hold(
                at,
                format!("more than {} after the end of the period", late(limit)),
            ));
        }
        Ok(())
    }
}

/// Whether the clock of this machine, `here`, is within `limit` of the chain's, `chain`. Unix seconds.
pub fn clock(here: i64, chain: i64, limit: Duration) -> Result<(), Hold> {
    let seconds = here.abs_diff(chain);
    match seconds <= limit.as_secs() {
        true => Ok(()),
        false => Err(Hold::Clock {
            seconds,
            direction: if here > chain { "ahead of" } else { "behind" },
        }),
    }
}

/// Whether `a` and `b` differ by at most `pct` percent of `whole`; none if `pct` is so large that this cannot be
/// computed.
pub fn within(a: i64, b: i64, whole: i64, pct: Decimal) -> Option<bool> {
    let allowed = Decimal::from(whole.unsigned_abs()).checked_mul(pct)?;
    let difference = Decimal::from(a.abs_diff(b)).checked_mul(Decimal::ONE_HUNDRED);
    Some(difference.is_some_and(|difference| difference <= allowed))
}

/// A number that is written exactly: as an integer, or in quotes.
pub fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "expected a whole number, like 5, or a decimal number in quotes, like \"0.5\""
    )]
    enum Written {
        Integer(i64),
        Float(f64),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Integer(number) => Ok(Some(Decimal::from(number))),
        Written::Text(text) => value::parse(&text).map(Some).map_err(D::Error::custom),
        Written::Float(number) => Err(D::Error::custom(format!(
            "write {number} in quotes, \"{number}\", so that it is exact"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks(text: &str) -> Checks {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_written_exactly() {
        assert_eq!(checks("min = 5").min, Some(Decimal::from(5)));
        assert_eq!(checks("min = '0.5'").min.unwrap().to_string(), "0.5");
        let error = toml::from_str::<Checks>("min = 0.5").unwrap_err().to_string();
        assert!(error.contains("in quotes"), "{error}");
        assert_eq!(
            checks("min = 2\nmax = 1\nsamples = 0\nagree_pct = -1").mistakes().len(),
            3
        );
        assert_eq!(
            checks("samples = 3\nsample_pause = '150s'").mistakes(),
            Vec::<String>::new()
        );
        assert!(checks("samples = 3\nsample_pause = '3m'").mistakes()[0].contains("6m"));
    }

    #[test]
    fn bounds_are_inclusive() {
        let checks = checks("min = '1.0'\nmax = 2");
        for value in [10, 15, 20] {
            assert_eq!(checks.bounds(value, (0, 100), 1), Ok(()));
        }
        assert_eq!(checks.bounds(9, (0, 100), 1).unwrap_err().kind(), "bounds");
        assert_eq!(checks.bounds(21, (0, 100), 1).unwrap_err().kind(), "bounds");
        assert_eq!(checks.bounds(15, (16, 100), 1).unwrap_err().kind(), "range");
        assert_eq!(checks.bounds(i64::MIN, (0, i64::MAX), 0).unwrap_err().kind(), "range");
    }

    #[test]
    fn changes_are_measured_against_the_period_before() {
        let checks = checks("max_change_pct = 50");
        assert_eq!(checks.change(150, Some(100), 0), Ok(()));
        assert_eq!(checks.change(50, Some(100), 0), Ok(()));
        assert_eq!(checks.change(151, Some(100), 0).unwrap_err().kind(), "change");
        assert_eq!(checks.change(-150, Some(-100), 0), Ok(()));
        assert_eq!(checks.change(1, Some(0), 0).unwrap_err().kind(), "change");
        assert_eq!(checks.change(0, Some(0), 0), Ok(()));
        assert_eq!(checks.change(1_000, None, 0), Ok(()));
        assert_eq!(checks.change(i64::MIN, Some(i64::MAX), 0).unwrap_err().kind(), "change");
    }

    #[test]
    fn answers_have_to_agree() {
        assert_eq!(checks("").agreement(&[5, 5, 5], 0), Ok(()));
        assert_eq!(checks("").agreement(&[5, 6], 0).unwrap_err().kind(), "agreement");
        let one = checks("agree_pct = 1");
        assert_eq!(one.agreement(&[1_000, 1_010], 0), Ok(()));
        assert_eq!(one.agreement(&[1_000, 1_011], 0).unwrap_err().kind(), "agreement");
    }

    #[test]
    fn data_have_their_time() {
        let checks = checks("max_age = '1h'\nmax_delay = '1d'");
        let end = 1_814_400_000;
        for at in [end - 3_600, end, end + 86_400] {
            assert_eq!(checks.age(Some(at), end), Ok(()));
        }
        assert_eq!(checks.age(Some(end - 3_601), end).unwrap_err().kind(), "age");
        assert_eq!(checks.age(Some(end + 86_401), end).unwrap_err().kind(), "age");
        assert_eq!(checks.age(None, end).unwrap_err().kind(), "source");
        assert_eq!(self::checks("").age(None, end), Ok(()));
    }

    #[test]
    fn clocks_may_differ_a_little() {
        let limit = Duration::from_secs(120);
        assert_eq!(clock(1_000, 1_120, limit), Ok(()));
        let hold = clock(1_600, 1_000, limit).unwrap_err();
        assert_eq!(hold.to_string(), "this machine's clock is 600 s ahead of the chain's");
        assert_eq!(clock(1_000, 1_600, limit).unwrap_err().kind(), "clock");
    }
}
