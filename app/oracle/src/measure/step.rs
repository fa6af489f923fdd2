//! Rounding to the multiples of a step, so that operators agree who measure nearly the same.

use {
    crate::measure::{Rounding, ValueError, arithmetic, value::to_fixed},
    rust_decimal::Decimal,
};

/// The multiple of `step`, which is above 0, that is nearest to `value`; of two equally near ones the higher one.
///
/// Halves go up, also below 0, so that every multiple stands for a stretch as long as the step, its lower end included:
/// values no further apart than the step are never rounded to more than two multiples.
///
/// # Errors
/// If that cannot be computed exactly.
pub fn to_step(value: Decimal, step: Decimal) -> Result<Decimal, ValueError> {
    let steps = arithmetic::quotient(value, step)?;
    let whole = steps.floor();
    let up = arithmetic::difference(steps, whole)? >= Decimal::new(5, 1);
    arithmetic::product(arithmetic::sum(whole, Decimal::from(u8::from(up)))?, step)
}

/// The fixed-point value on chain of what a source says: the multiple of the step, if there is one, with the KPI's
/// decimals.
///
/// # Errors
/// As [`to_step`] and [`to_fixed`].
pub fn rounded(value: Decimal, step: Option<Decimal>, decimals: u8, rounding: Rounding) -> Result<i64, ValueError> {
    let value = step.map_or(Ok(value), |step| to_step(value, step))?;
    to_fixed(value, decimals, rounding)
}

/// A step as people write it, in files: for `#[serde(with)]`.
pub mod text {
    use {
        crate::measure::value,
        rust_decimal::Decimal,
        serde::{Deserialize, Deserializer, Serializer, de::Error},
    };

    /// As people write it.
    pub fn serialize<S: Serializer>(step: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&step.unwrap_or_default())
    }

    /// As people write it; it is above 0.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        let step = value::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        match step > Decimal::ZERO {
            true => Ok(Some(step)),
            false => Err(D::Error::custom(format!("the step {step} is not above 0"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use {super::*, crate::measure::value::parse};

    #[test]
    fn steps_are_exact_and_halves_go_up() {
        for (value, step, rounded) in [
            ("49964", "10", "49960"),
            ("49965", "10", "49970"),
            ("49957.5", "5", "49960"),
            ("49957.499999999999999999", "5", "49955"),
            ("0.125", "0.05", "0.15"),
            ("0.12", "0.05", "0.1"),
            ("-5", "10", "0"),
            ("-5.01", "10", "-10"),
            ("-15", "10", "-10"),
            ("7", "1", "7"),
            ("100", "1e2", "100"),
            ("49.99", "100", "0"),
            ("1", "0.3", "0.9"),
        ] {
            let found = to_step(parse(value).unwrap(), parse(step).unwrap()).unwrap();
            assert_eq!(found, parse(rounded).unwrap(), "{value} to {step}");
        }
        let third = arithmetic::quotient(Decimal::from(149_885), Decimal::from(3)).unwrap();
        let found = to_step(third, Decimal::from(1_000_000_000)).unwrap();
        assert_eq!(found, Decimal::ZERO, "of numbers with all digits that there can be");
        assert_eq!(
            to_step(third, parse("0.5").unwrap()).unwrap(),
            parse("49961.5").unwrap()
        );
        assert!(to_step(Decimal::MAX, parse("0.0000000000001").unwrap()).is_err());
    }

    /// Every list of `count` values within 0 to `spread`, sorted.
    fn lists(count: usize, spread: i64) -> Vec<Vec<i64>> {
        let mut lists = vec![Vec::new()];
        for _ in 0..count {
            let longer = |list: &Vec<i64>| {
                let from = list.last().copied().unwrap_or_default();
                let list = list.clone();
                (from..=spread).map(move |next| [list.clone(), vec![next]].concat())
            };
            lists = lists.iter().flat_map(longer).collect();
        }
        lists
    }

    /// How many of the values, moved by `offset`, are rounded to the multiple to which most are.
    fn largest_group(values: &[i64], offset: i64, step: i64) -> usize {
        let rounded = values.iter().map(|value| {
            let value = Decimal::from(value + offset);
            to_step(value, Decimal::from(step)).unwrap()
        });
        let rounded: Vec<Decimal> = rounded.collect();
        let alike = |one: &Decimal| rounded.iter().filter(|other| *other == one).count();
        rounded.iter().map(alike).max().unwrap()
    }

    #[test]
    fn a_step_as_large_as_the_spread_makes_a_bare_majority_agree() {
        // Everywhere around 0 and a few steps away from it, for even and odd steps.
        for step in [1, 4, 5] {
            for count in [1, 3, 5, 7] {
                for (list, offset) in lists(count, step)
                    .iter()
                    .flat_map(|list| (-12..=12).map(move |at| (list, at)))
                {
                    let agree = largest_group(list, offset, step);
                    assert!(agree >= count.div_ceil(2), "{list:?} + {offset} to {step}");
                }
            }
        }
        // What is further apart need not, nor an even number, nor one of which more than a bare majority is wanted.
        assert_eq!(largest_group(&[0, 3, 8], 0, 5), 1, "0, 5, 10");
        assert_eq!(largest_group(&[2, 2, 3, 3], 0, 5), 2, "of four");
        assert_eq!(largest_group(&[2, 2, 3], 0, 5), 2, "of three, where three are wanted");
    }
}
