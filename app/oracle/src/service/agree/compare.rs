//! Where oracles differ, and why. Pure.

use {
    crate::{
        measure::{Evidence, value},
        service::agree::Said,
    },
    rust_decimal::Decimal,
    serde::Serialize,
    std::collections::{BTreeMap, BTreeSet},
};

/// Values are close if a step of at most one hundredth of them makes them the same.
const CLOSE: u128 = 100;

/// Measured at the same time, seconds: what a busy machine takes.
const SAME_TIME: i64 = 120;

/// What of a source says where it is asked, which is another place for each operator.
const PLACES: [&str; 9] = [
    "url",
    "endpoints",
    "timeout",
    "connection",
    "repository",
    "file",
    "ca_file",
    "fetch",
    "sources",
];

/// What one oracle says about one thing, and the document, if it could be read.
pub struct Read<'a> {
    pub said: Said,
    pub evidence: Option<&'a Evidence>,
}

/// By what values differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Cause {
    /// They do not.
    Nothing,
    /// Nobody else has said anything.
    Alone,
    /// Not the same was asked: these settings of the sources differ, or the kinds of the sources.
    Question { settings: Vec<String> },
    /// By less than a step that makes them the same.
    Rounding,
    /// They were measured at different times, so many seconds apart.
    Time { seconds: i64 },
    /// The same was asked at the same time, and the answers are far apart.
    Data,
}

/// The values of several oracles for one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub cause: Cause,
    /// Whether enough say the same for it to count at once.
    pub enough: bool,
    /// The least and the greatest value, fixed point.
    pub lowest: i64,
    pub highest: i64,
    /// The smallest step of 1, 2 or 5 with zeros that makes these values the same, if a close one does, fixed point.
    pub step: Option<i64>,
    /// The smallest such step that is no smaller than the distance: with it a majority always agrees if their number is
    /// odd.
    pub sure_step: Option<i64>,
}

/// Compares what oracles say about one thing, of whom `threshold` have to say the same; none of nothing.
pub fn compare(read: &[Read<'_>], threshold: usize) -> Option<Difference> {
    let mut count: BTreeMap<i64, usize> = BTreeMap::new();
    for one in read {
        *count.entry(one.said.value).or_default() += 1;
    }
    let (lowest, highest) = (*count.keys().next()?, *count.keys().next_back()?);
    let values: Vec<i64> = read.iter().map(|one| one.said.value).collect();
    let size = value::median(values.clone())?.unsigned_abs();
    let is_close = |step: &i64| u128::from(step.unsigned_abs()).saturating_mul(CLOSE) <= u128::from(size);
    let differ = lowest != highest;
    let same_with = |step: &i64| {
        let rounded: BTreeSet<Option<i64>> = values.iter().map(|value| rounded(*value, *step)).collect();
        rounded.len() == 1 && !rounded.contains(&None)
    };
    let distance = lowest.abs_diff(highest);
    let step = steps().find(same_with).filter(is_close).filter(|_| differ);
    let sure = steps().find(|step| step.unsigned_abs() >= distance);
    let sure_step = sure.filter(is_close).filter(|_| differ);
    let asked = unlike(read);
    let times = || read.iter().map(|one| one.said.at);
    let apart = times().max()?.saturating_sub(times().min()?);
    let cause = match (differ, read.len()) {
        (_, 1) => Cause::Alone,
        (false, _) => Cause::Nothing,
        _ if !asked.is_empty() => Cause::Question {
            settings: asked.into_iter().collect(),
        },
        _ if step.is_some() || sure_step.is_some() => Cause::Rounding,
        _ if apart > SAME_TIME => Cause::Time { seconds: apart },
        _ => Cause::Data,
    };
    Some(Difference {
        cause,
        enough: count.values().any(|count| *count >= threshold),
        lowest,
        highest,
        step,
        sure_step,
    })
}

/// The settings of sources that are not the same in all documents, places apart.
fn unlike(read: &[Read<'_>]) -> BTreeSet<String> {
    let mut unlike = BTreeSet::new();
    let mut documents = read.iter().filter_map(|one| one.evidence);
    let Some(first) = documents.next() else {
        return unlike;
    };
    for other in documents {
        if first.rounding != other.rounding {
            unlike.insert("rounding".to_owned());
        }
        if first.answers.len() != other.answers.len() {
            unlike.insert("number of answers".to_owned());
        }
        for (one, other) in first.answers.iter().zip(&other.answers) {
            let settings = [&one.source, &other.source].map(|source| serde_json::to_value(source).unwrap_or_default());
            let names: BTreeSet<&String> = settings
                .iter()
                .filter_map(|settings| settings.as_object())
                .flat_map(|settings| settings.keys())
                .collect();
            let [one, other] = &settings;
            let names = names.into_iter().filter(|name| !PLACES.contains(&name.as_str()));
            unlike.extend(names.filter(|name| one.get(name) != other.get(name)).cloned());
        }
    }
    // Of sources of different kinds everything else differs too.
    match unlike.contains("type") {
        true => ["type".to_owned()].into(),
        false => unlike,
    }
}

/// 1, 2, 5, 10, 20, …
pub(super) fn steps() -> impl Iterator<Item = i64> {
    let powers = (0u32..=18).filter_map(|power| 10i64.checked_pow(power));
    powers.flat_map(|power| [1, 2, 5].into_iter().filter_map(move |times| power.checked_mul(times)))
}

/// The multiple of `step` that is nearest to `value`, halves away from zero; none if that is too large.
pub fn rounded(value: i64, step: i64) -> Option<i64> {
    let (value, step) = (i128::from(value), i128::from(step));
    let half = step.checked_div(2)?;
    let away = match value < 0 {
        true => value.checked_sub(half)?,
        false => value.checked_add(half)?,
    };
    i64::try_from(away.checked_div(step)?.checked_mul(step)?).ok()
}

impl Difference {
    /// What would let the oracles agree, in words. `decimals` are those of the KPI.
    pub fn proposal(&self, decimals: u8) -> Option<String> {
        let shown = |fixed: i64| value::from_fixed(fixed, decimals);
        let step = |step: i64| format!("`round_to = {}`", quoted(shown(step)));
        let odd = "always lets a majority of an odd number agree";
        Some(match (&self.cause, self.step, self.sure_step) {
            (Cause::Nothing | Cause::Alone, ..) => return None,
            (Cause::Question { settings }, ..) => {
                let settings = settings.join(", ");
                format!("not the same is asked ({settings}): write down in the rubric what is, and ask that")
            }
            (_, Some(now), Some(sure)) if now < sure => {
                format!(
                    "{} in every feed: these values become the same; {} {odd}",
                    step(now),
                    step(sure)
                )
            }
            (_, Some(now), _) => format!("{} in every feed: these values become the same", step(now)),
            (_, None, Some(sure)) => format!("{} in every feed: that {odd}", step(sure)),
            (Cause::Time { .. }, None, None) => {
                "measure at the same time: the same `grace`, and of Prometheus the median of samples at fixed times \
                 (`samples_at`)"
                    .to_owned()
            }
            (_, None, None) => {
                "no step makes these the same: compare the documents (`verify`), and find who reads something else"
                    .to_owned()
            }
        })
    }
}

/// A number as a setting has it.
fn quoted(number: Decimal) -> String {
    let number = number.normalize();
    match number.scale() {
        0 => number.to_string(),
        _ => format!("'{number}'"),
    }
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*, solana_program::pubkey::Pubkey};

    fn at(values: &[(i64, i64)]) -> Vec<Read<'static>> {
        let numbered = (0u8..).zip(values);
        let read = numbered.map(|(number, (value, at))| Read {
            said: Said {
                value: *value,
                evidence: [number; 32],
                at: *at,
            },
            evidence: None,
        });
        read.collect()
    }

    fn compared(values: &[(i64, i64)]) -> Difference {
        compare(&at(values), 2).unwrap()
    }

    #[test]
    fn the_reviews_three_values_differ_by_rounding() {
        let found = compared(&[(49_964, 5), (49_956, 5), (49_957, 6)]);
        assert_eq!((&found.cause, found.enough), (&Cause::Rounding, false));
        assert_eq!((found.step, found.sure_step), (Some(10), Some(10)));
        assert!(found.proposal(0).unwrap().contains("`round_to = 10`"));
        assert!(found.proposal(2).unwrap().contains("`round_to = '0.1'`"));
    }

    #[test]
    fn causes_have_names() {
        for (values, cause, enough) in [
            (&[(5, 1)][..], Cause::Alone, false),
            (&[(5, 1), (5, 900)], Cause::Nothing, true),
            (&[(500, 1), (500, 1), (501, 1)], Cause::Rounding, true),
            (&[(500, 0), (700, 1_000)], Cause::Time { seconds: 1_000 }, false),
            (&[(500, 0), (700, 10)], Cause::Data, false),
            (&[(0, 0), (1, 10)], Cause::Data, false),
            (
                &[(i64::MIN, 0), (i64::MAX, i64::MIN)],
                Cause::Time { seconds: i64::MAX },
                false,
            ),
        ] {
            let found = compared(values);
            assert_eq!((found.cause, found.enough), (cause, enough), "{values:?}");
        }
        assert_eq!(compare(&[], 2), None);
    }

    #[test]
    fn what_was_asked_is_compared_and_where_is_not() {
        let document = |source: &str| {
            let source: crate::measure::Source = toml::from_str(source).unwrap();
            let document = serde_json::json!({
                "format": "earnout-evidence/1", "version": "0", "feed": "a", "plan": Pubkey::default().to_string(),
                "kpi": 0, "kpi_name": "a", "decimals": 0, "rounding": "exact",
                "scope": { "period": 2, "start": 100, "end": 200, "earlier": {}, "grant": null },
                "measurements": [{ "source": source, "parts": [] }],
            });
            serde_json::from_value::<Evidence>(document).unwrap()
        };
        let asked = |one: &str, other: &str| {
            let documents = [document(one), document(other)];
            let mut read = at(&[(500, 1), (501, 1)]);
            for (read, document) in read.iter_mut().zip(&documents) {
                read.evidence = Some(document);
            }
            compare(&read, 2).unwrap().cause
        };
        let prometheus = |url: &str, query: &str| format!("type = 'prometheus'\nurl = '{url}'\nquery = '{query}'");
        let one = prometheus("http://a.test", "users");
        assert_eq!(asked(&one, &prometheus("http://b.test", "users")), Cause::Rounding);
        let settings = |settings: &[&str]| Cause::Question {
            settings: settings.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(
            asked(&one, &prometheus("http://b.test", "max(users)")),
            settings(&["query"])
        );
        assert_eq!(asked(&one, "type = 'command'\ncommand = ['a']"), settings(&["type"]));
    }

    proptest! {
        #[test]
        fn a_step_as_large_as_the_distance_lets_two_of_three_agree(
            base in -1_000_000_000i64..1_000_000_000, one in 0i64..10_000, other in 0i64..10_000, third in 0i64..10_000,
        ) {
            let values = [one, other, third].map(|value| base + value);
            let distance = values.iter().max().unwrap() - values.iter().min().unwrap();
            let step = steps().find(|step| *step >= distance.max(1)).unwrap();
            let rounded: BTreeSet<i64> = values.iter().map(|value| rounded(*value, step).unwrap()).collect();
            prop_assert!(rounded.len() < 3);
        }

        #[test]
        fn rounding_goes_to_the_nearest(value: i64, step in 1i64..1_000_000) {
            if let Some(found) = rounded(value, step) {
                prop_assert_eq!(found % step, 0);
                prop_assert!(found.abs_diff(value) <= step.unsigned_abs() / 2 + 1);
            }
        }

        #[test]
        fn nothing_that_is_said_is_too_much(values: Vec<(i64, i64)>) {
            if let Some(found) = compare(&at(&values), 2) {
                let _ = found.proposal(9);
            }
        }
    }
}
