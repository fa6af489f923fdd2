//! What a value would pay: for `check`, before anything is attested.

use {
    crate::measure::{Bound, FeedError},
    earnout::state::{Combination, Grant, Plan},
    earnout_core::quorum::{self, Outcome},
    earnout_sdk::report::projection::ProjectionError,
    solana_program::pubkey::Pubkey,
};

/// What one value of a KPI is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The score, basis points; none of the price, which has none.
    pub score: Option<u16>,
    /// What all grants with weight on the KPI would earn for it in the period, base units; of the price what the units
    /// of all grants in another unit are worth.
    pub pays: u64,
    /// What they would earn with the target met; of the price what they are worth at the most, the cap.
    pub at_target: u64,
    /// Whether another KPI can make it less: only the weakest one counts, the price decides what a grant in another
    /// unit is about, or of the price the scores what is earned of it.
    pub at_most: bool,
}

/// The worth of `value` in `period`, for the grant at `grant` if the KPI is individual, else for all.
///
/// A grant earns `floor(tranche · weight · score / 10^8)` for the KPI, and under `Weakest` no more than
/// with the whole weight of all its KPIs on this one.
///
/// # Errors
/// If an account holds what the program never writes.
pub fn preview(
    bound: &Bound<'_>,
    plan: &Plan,
    grants: &[(Pubkey, Grant)],
    period: u16,
    grant: Option<Pubkey>,
    value: i64,
) -> Result<Preview, FeedError> {
    let corrupt = |error: &dyn std::fmt::Display| FeedError::Corrupt(error.to_string());
    if bound.terms.is_price() {
        return worth(plan, grants, period, value);
    }
    let curve = bound.terms.curve().map_err(|error| corrupt(&error))?;
    let score =
        quorum::score_of(Outcome::Value(value), &curve, bound.terms.default_score).map_err(|error| corrupt(&error))?;
    let weakest = plan.combination().map_err(|error| corrupt(&error))? == Combination::Weakest;
    let (mut pays, mut at_target, mut at_most) = (0u64, 0u64, weakest);
    for (address, state) in grants {
        let counts = state.has_weight(bound.kpi) && state.covers(period);
        if !counts || grant.is_some_and(|grant| grant != *address) {
            continue;
        }
        let weight = match weakest {
            true => 10_000u16.saturating_sub(state.time_weight),
            false => state
                .kpi_weights
                .get(usize::from(bound.kpi))
                .copied()
                .unwrap_or_default(),
        };
        at_most |= state.is_in_units();
        let tranche = state.cap(period).map_err(|error| corrupt(&error))?;
        pays = pays.saturating_add(share(tranche, weight, score));
        at_target = at_target.saturating_add(share(tranche, weight, earnout_core::FULL_SCORE));
    }
    Ok(Preview {
        score: Some(score),
        pays,
        at_target,
        at_most,
    })
}

/// What the units of the grants are worth in `period` at `price`.
fn worth(plan: &Plan, grants: &[(Pubkey, Grant)], period: u16, price: i64) -> Result<Preview, FeedError> {
    let (mut pays, mut at_target) = (0u64, 0u64);
    let concerned = grants.iter().map(|(_, state)| state);
    for state in concerned.filter(|state| state.is_in_units() && state.covers(period)) {
        let tranche = state.tranche(plan, period, Some(price));
        pays = pays.saturating_add(tranche.map_err(ProjectionError::from)?);
        let cap = state.cap(period);
        at_target = at_target.saturating_add(cap.map_err(ProjectionError::from)?);
    }
    Ok(Preview {
        score: None,
        pays,
        at_target,
        at_most: true,
    })
}

fn share(tranche: u64, weight: u16, score: u16) -> u64 {
    let amount = u128::from(tranche) * u128::from(weight) * u128::from(score) / 100_000_000;
    u64::try_from(amount).unwrap_or(u64::MAX)
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
        earnout::state::{CurvePoint, Interpolation, Kpi, KpiArgs, Scope},
    };

    fn kpi(price: bool) -> Kpi {
        Kpi::new(&KpiArgs {
            name: "a".to_owned(),
            unit: String::new(),
            rubric_hash: [0; 32],
            decimals: 2,
            scope: Scope::Shared,
            range_min: 1,
            range_max: 100_000,
            interpolation: Interpolation::Linear,
            points: match price {
                true => Vec::new(),
                false => vec![CurvePoint { value: 1, score: 5_000 }],
            },
            default_score: 0,
            default_price: price.then_some(100),
            feed: None,
        })
        .unwrap()
    }

    fn bound(feed: &Feed, price: bool) -> Bound<'_> {
        Bound {
            feed,
            kpi: u8::from(price),
            terms: kpi(price),
            individual: false,
            calendar: QUARTERS,
        }
    }

    /// A plan with a KPI and a price in units of 2 decimals, of a token of 6; a grant in tokens and one of 300.00 units
    /// a period and at most 100 tokens, both with all weight on the KPI.
    fn plan_and_grants() -> (Plan, Vec<(Pubkey, Grant)>) {
        let mut plan = Plan::zeroed();
        (plan.kpis[0], plan.kpis[1]) = (kpi(false), kpi(true));
        (plan.kpi_count, plan.price_kpi, plan.period_count) = (2, 2, 1);
        plan.unit_exponent = 6 + 2 - 2;
        let mut grant = Grant::zeroed();
        (grant.allocation, grant.periods, grant.end_period) = (100_000_000, 1, 1);
        grant.kpi_weights[0] = 10_000;
        let in_units = Grant {
            unit_allocation: 30_000,
            ..grant
        };
        (plan, vec![(Pubkey::default(), grant), (Pubkey::new_unique(), in_units)])
    }

    #[test]
    fn of_a_price_the_units_are_shown_and_at_most_the_cap() {
        let (plan, grants) = plan_and_grants();
        let feed = feed("a", "");
        let at = |price| preview(&bound(&feed, true), &plan, &grants, 0, None, price).unwrap();
        // 300.00 units at 4.00 are 75 tokens.
        let fine = at(400);
        assert_eq!((fine.score, fine.pays, fine.at_target), (None, 75_000_000, 100_000_000));
        assert!(fine.at_most, "the scores decide how much of it is earned");
        assert_eq!(at(100).pays, 100_000_000, "the cap");
    }

    #[test]
    fn of_a_kpi_the_price_decides_what_grants_in_another_unit_are_about() {
        let (plan, grants) = plan_and_grants();
        let feed = feed("a", "");
        let of = |grants: &[(Pubkey, Grant)]| preview(&bound(&feed, false), &plan, grants, 0, None, 1).unwrap();
        assert_eq!((of(&grants).score, of(&grants).pays), (Some(5_000), 100_000_000));
        assert!(of(&grants).at_most && !of(&grants[..1]).at_most);
    }

    #[test]
    fn shares_are_rounded_down() {
        assert_eq!(share(1_000_000, 10_000, 10_000), 1_000_000);
        assert_eq!(share(1_000_000, 5_000, 9_500), 475_000);
        assert_eq!(share(3, 3_333, 10_000), 0);
        assert_eq!(share(u64::MAX, 10_000, 20_000), u64::MAX);
    }
}
