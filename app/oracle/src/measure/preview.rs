//! What a value would pay: for `check`, before anything is attested.

use {
    crate::measure::{Bound, FeedError},
    earnout::state::{Combination, Grant, Plan},
    earnout_core::quorum::{self, Outcome},
    solana_program::pubkey::Pubkey,
};

/// What one value of a KPI is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The score, basis points.
    pub score: u16,
    /// What all grants with weight on the KPI would earn for it in the period, base units.
    pub pays: u64,
    /// What they would earn with the target met.
    pub at_target: u64,
    /// Whether another KPI can make it less: only the weakest one counts.
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
    let curve = bound.terms.curve().map_err(|error| corrupt(&error))?;
    let score =
        quorum::score_of(Outcome::Value(value), &curve, bound.terms.default_score).map_err(|error| corrupt(&error))?;
    let weakest = plan.combination().map_err(|error| corrupt(&error))? == Combination::Weakest;
    let (mut pays, mut at_target) = (0u64, 0u64);
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
        let tranche = state.cap(period).map_err(|error| corrupt(&error))?;
        pays = pays.saturating_add(share(tranche, weight, score));
        at_target = at_target.saturating_add(share(tranche, weight, earnout_core::FULL_SCORE));
    }
    Ok(Preview {
        score,
        pays,
        at_target,
        at_most: weakest,
    })
}

fn share(tranche: u64, weight: u16, score: u16) -> u64 {
    let amount = u128::from(tranche) * u128::from(weight) * u128::from(score) / 100_000_000;
    u64::try_from(amount).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_down() {
        assert_eq!(share(1_000_000, 10_000, 10_000), 1_000_000);
        assert_eq!(share(1_000_000, 5_000, 9_500), 475_000);
        assert_eq!(share(3, 3_333, 10_000), 0);
        assert_eq!(share(u64::MAX, 10_000, 20_000), u64::MAX);
    }
}
