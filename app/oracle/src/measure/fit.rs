//! Whether feeds fit their plan: what would keep a vote from ever being made, or makes it doubtful, before it is due.

use {
    crate::measure::{Bound, Rounding, Solana, Source, duration, kpi_name, value},
    earnout::state::Plan,
    solana_program::pubkey::Pubkey,
    std::time::Duration,
};

/// Why a feed does not do what its operator expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    pub feed: String,
    /// What is wrong and what to do.
    pub text: String,
    /// Whether nothing may be attested for the feed.
    pub holds: bool,
}

/// Judges the feeds of one plan together. `oracle` is the key that votes, `interval` the pause between two looks at
/// what is due.
pub fn misfits(feeds: &[&Bound<'_>], plan: &Plan, oracle: &Pubkey, interval: Duration) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for (number, bound) in feeds.iter().enumerate() {
        let mut misfit = |holds: bool, text: String| {
            misfits.push(Misfit {
                feed: bound.feed.id.clone(),
                text,
                holds,
            });
        };
        let others: Vec<&str> = feeds
            .iter()
            .enumerate()
            .filter(|(other, same)| *other != number && same.kpi == bound.kpi)
            .map(|(_, same)| same.feed.id.as_str())
            .collect();
        if !others.is_empty() {
            misfit(
                true,
                format!(
                    "the KPI {:?} has several feeds: {} too. Which one would be attested is chance, so none is: remove \
                     all but one, or make their sources one feed's",
                    kpi_name(&bound.terms),
                    others.join(", ")
                ),
            );
        }
        if let Some(text) = too_late(bound, plan, interval) {
            misfit(false, text);
        }
        if let Some(text) = samples_are_missed(bound, interval) {
            misfit(false, text);
        }
        if let Some(text) = finer_than_the_kpi(bound) {
            misfit(false, text);
        }
        if let Some(text) = nothing_passes(bound) {
            misfit(false, text);
        }
        if bound.feed.identities.is_none() && bound.feed.sources.iter().any(Source::names_an_identity) {
            misfit(
                false,
                "{identity} is used, and no `identities` file says who a beneficiary is: every value would be held"
                    .to_owned(),
            );
        }
        let votes = (0..plan.period_count).any(|period| plan.oracle_set(period).position(oracle).is_some());
        if !votes {
            misfit(
                false,
                format!(
                    "{oracle} is not among the plan's oracles, so it votes on no period: have the authority name it \
                     (`earnout plan oracles`), or use the key that is named"
                ),
            );
        }
    }
    misfits
}

/// A value that is measured when the window is over is never attested.
fn too_late(bound: &Bound<'_>, plan: &Plan, interval: Duration) -> Option<String> {
    let checks = &bound.feed.checks;
    let samples = checks.sample_pause.saturating_mul(checks.samples.saturating_sub(1));
    let needed = bound.feed.grace.saturating_add(samples).saturating_add(interval);
    let window = Duration::from_secs(plan.attest_secs.into());
    (duration::seconds(needed) >= duration::seconds(window)).then(|| {
        format!(
            "`grace` {}, with the pauses between samples and between looks, is not shorter than the plan's vote window \
             of {}: no vote would be made in time. Shorten it",
            humantime::format_duration(bound.feed.grace),
            humantime::format_duration(window)
        )
    })
}

/// Samples whose time passes between two looks.
fn samples_are_missed(bound: &Bound<'_>, interval: Duration) -> Option<String> {
    let sampled = bound.feed.sources.iter().flat_map(Source::sampled);
    let shortest = sampled.map(Solana::time_of_a_sample).min()?;
    (shortest < interval.saturating_mul(2)).then(|| {
        format!(
            "the time of a sample is {}, which is less than twice the pause of {} between two looks: samples would be missed. \
             Shorten `service.interval`, or take fewer samples",
            humantime::format_duration(shortest),
            humantime::format_duration(interval)
        )
    })
}

/// A step of which not every multiple is a value of the KPI.
fn finer_than_the_kpi(bound: &Bound<'_>) -> Option<String> {
    let (step, decimals) = (bound.feed.round_to?.normalize(), bound.terms.decimals);
    let finer = step.scale() > u32::from(decimals) && bound.feed.rounding == Rounding::Exact;
    finer.then(|| {
        format!(
            "`round_to` is {step}, and the KPI {:?} has {decimals} decimals: most values would be held. Use a step with no \
             more decimals",
            kpi_name(&bound.terms)
        )
    })
}

/// Bounds that no value of the KPI's range and decimals is within.
fn nothing_passes(bound: &Bound<'_>) -> Option<String> {
    use rust_decimal::RoundingStrategy::{ToNegativeInfinity, ToPositiveInfinity};
    let decimals = bound.terms.decimals;
    let (low, high) = (
        value::from_fixed(bound.terms.range_min, decimals),
        value::from_fixed(bound.terms.range_max, decimals),
    );
    let checks = &bound.feed.checks;
    let places = u32::from(decimals);
    let min = checks.min.map_or(low, |min| min.max(low));
    let max = checks.max.map_or(high, |max| max.min(high));
    let some = min.round_dp_with_strategy(places, ToPositiveInfinity)
        <= max.round_dp_with_strategy(places, ToNegativeInfinity);
    (!some).then(|| {
        format!(
            "no value of the KPI {:?}, which takes {low} to {high} with {decimals} decimals, is within `checks` `min` and \
             `max`: everything would be held",
            kpi_name(&bound.terms)
        )
    })
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{
            Feed,
            feed::testing::{QUARTERS, feed},
        },
        bytemuck::Zeroable,
        earnout::state::{Kpi, Plan},
    };

    const INTERVAL: Duration = Duration::from_secs(30);

    fn oracle() -> Pubkey {
        Pubkey::new_from_array([7; 32])
    }

    /// Four periods with a vote window of 14 days; one oracle.
    fn plan() -> Plan {
        let mut plan = Plan::zeroed();
        plan.period_count = 4;
        plan.attest_secs = 14 * 86_400;
        plan.oracles.keys[0] = oracle();
        plan.oracles.count = 1;
        plan
    }

    /// A KPI that takes 0.0 to 100.0.
    fn bound(feed: &Feed, kpi: u8) -> Bound<'_> {
        let mut terms = Kpi::zeroed();
        (terms.decimals, terms.range_min, terms.range_max) = (1, 0, 1_000);
        Bound {
            feed,
            kpi,
            terms,
            individual: false,
            calendar: QUARTERS,
        }
    }

    fn texts(more: &str) -> Vec<String> {
        let feed = feed("a", more);
        let found = misfits(&[&bound(&feed, 0)], &plan(), &oracle(), INTERVAL);
        found.into_iter().map(|misfit| misfit.text).collect()
    }

    #[test]
    fn a_grace_as_long_as_the_window_is_a_mistake() {
        for more in [
            "grace = '30d'",
            "grace = '14d'",
            "grace = '13days 23h 59m 45s'",
            "grace = '13days 23h 58m'\nchecks = { samples = 3, sample_pause = '1m' }",
        ] {
            let texts = texts(more);
            assert_eq!(texts.len(), 1, "{more}");
            assert!(texts[0].contains("vote window of 14days"), "{texts:?}");
        }
        for more in ["", "grace = '13d'", "grace = '13days 23h 59m'"] {
            assert_eq!(texts(more), Vec::<String>::new(), "{more}");
        }
    }

    #[test]
    fn bounds_that_nothing_passes_are_a_mistake() {
        for checks in [
            "min = 101",
            "max = -1",
            "min = '99.95', max = '99.99'",
            "min = '100.01'",
            "min = '79228162514264337593543950335'",
        ] {
            let texts = texts(&format!("checks = {{ {checks} }}"));
            assert_eq!(texts.len(), 1, "{checks}");
            assert!(texts[0].contains("0 to 100"), "{texts:?}");
        }
        for checks in [
            "min = 100",
            "max = 0",
            "min = -5, max = 500",
            "min = '99.95', max = '100.04'",
        ] {
            assert_eq!(
                texts(&format!("checks = {{ {checks} }}")),
                Vec::<String>::new(),
                "{checks}"
            );
        }
    }

    #[test]
    fn samples_that_pass_between_two_looks_are_a_mistake() {
        let of = |samples: u32| {
            let text = format!(
                "id = 'a'\nplan = '11111111111111111111111111111112'\nkpi = 0\nsource = {{ type = 'ratio', compute = 'share', a \
                 = {{ type = 'command', command = ['a'] }}, b = {{ type = 'solana', measure = {{ lamports = \
                 '11111111111111111111111111111112' }}, samples = {samples} }} }}"
            );
            let feed: Feed = toml::from_str(&text).unwrap();
            misfits(&[&bound(&feed, 0)], &plan(), &oracle(), INTERVAL)
        };
        assert_eq!(of(60), []);
        let found = of(61);
        assert!(
            found[0].text.contains("samples would be missed") && !found[0].holds,
            "{found:?}"
        );
    }

    #[test]
    fn a_step_finer_than_the_kpi_is_a_mistake() {
        for more in ["round_to = '0.25'", "round_to = '12.55'"] {
            let texts = texts(more);
            assert_eq!(texts.len(), 1, "{more}");
            assert!(texts[0].contains("`round_to`"), "{texts:?}");
        }
        for more in [
            "round_to = 10",
            "round_to = '2.50'",
            "round_to = '0.25'\nrounding = 'floor'",
        ] {
            assert_eq!(texts(more), Vec::<String>::new(), "{more}");
        }
    }

    #[test]
    fn an_identity_that_no_file_gives_is_a_mistake() {
        let text = "id = 'a'\nplan = '11111111111111111111111111111112'\nkpi = 0\nsource = { type = 'command', command = ['count', '{identity}'] }";
        let mut feed: Feed = toml::from_str(text).unwrap();
        let found = misfits(&[&bound(&feed, 0)], &plan(), &oracle(), INTERVAL);
        assert!(found[0].text.contains("no `identities` file"), "{found:?}");
        feed.identities = Some("identities.csv".into());
        assert_eq!(misfits(&[&bound(&feed, 0)], &plan(), &oracle(), INTERVAL), []);
    }

    #[test]
    fn two_feeds_for_one_kpi_hold_both_and_name_each_other() {
        let (one, two, other) = (feed("one", ""), feed("two", ""), feed("other", ""));
        let feeds = [&bound(&one, 0), &bound(&two, 0), &bound(&other, 1)];
        let found = misfits(&feeds, &plan(), &oracle(), INTERVAL);
        let named: Vec<_> = found
            .iter()
            .map(|misfit| (misfit.feed.as_str(), misfit.holds))
            .collect();
        assert_eq!(named, [("one", true), ("two", true)]);
        assert!(
            found[0].text.contains("two too") && found[1].text.contains("one too"),
            "{found:?}"
        );
    }

    #[test]
    fn a_key_that_never_votes_is_a_mistake() {
        let feed = feed("a", "");
        let mut plan = plan();
        let stranger = Pubkey::new_from_array([8; 32]);
        let found = misfits(&[&bound(&feed, 0)], &plan, &stranger, INTERVAL);
        assert!(found[0].text.contains("not among the plan's oracles"), "{found:?}");
        // One who is announced votes later.
        plan.next_oracles.keys[0] = stranger;
        plan.next_oracles.count = 1;
        plan.next_oracles.first_period = 3;
        assert_eq!(misfits(&[&bound(&feed, 0)], &plan, &stranger, INTERVAL), []);
        plan.next_oracles.first_period = 4;
        assert_eq!(misfits(&[&bound(&feed, 0)], &plan, &stranger, INTERVAL).len(), 1);
    }
}
