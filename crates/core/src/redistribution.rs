//! Sharing a period's pool of unearned tokens among the grants that performed.

use crate::{Error, FULL_SCORE, Result, math::mul_div_floor};

/// What a grant gets from the pool of a period.
///
/// `min(floor(pool·kpi_amount / kpi_total), floor(bonus_cap_bps·tranche / 10,000))`: in proportion to what results
/// earned, up to a cap in proportion to the tranche. Rounded down, so that all bonuses of a period together never
/// exceed its pool.
///
/// - `pool`: what the grants of the period left unearned.
/// - `kpi_amount`: what results earned of this grant's tranche (see [`Settlement`](crate::tranche::Settlement)).
/// - `kpi_total`: the sum of that over all grants of the period. If it is 0 nobody performed, and nobody gets a bonus.
/// - `tranche`: this grant's tranche, cut if the grant was terminated in this period.
/// - `bonus_cap_bps`: the largest bonus, in basis points of the tranche.
///
/// # Errors
/// `PartExceedsWhole` if `kpi_amount` is larger than a `kpi_total` that is not 0.
///
/// ```
/// use earnout_core::redistribution::bonus;
///
/// assert_eq!(bonus(90, 20, 60, 100, 10_000), Ok(30));
/// assert_eq!(bonus(90, 20, 60, 100, 2_500), Ok(25)); // at most a quarter of the tranche
/// ```
pub fn bonus(pool: u64, kpi_amount: u64, kpi_total: u64, tranche: u64, bonus_cap_bps: u32) -> Result<u64> {
    if kpi_total == 0 {
        return Ok(0);
    }
    if kpi_amount > kpi_total {
        return Err(Error::PartExceedsWhole);
    }
    let share = mul_div_floor(pool, kpi_amount, kpi_total)?;
    // A cap that does not fit is larger than any share.
    let cap = mul_div_floor(tranche, u64::from(bonus_cap_bps), u64::from(FULL_SCORE)).unwrap_or(u64::MAX);
    Ok(share.min(cap))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use super::*;

    const MAX: u64 = u64::MAX;

    #[test]
    fn nobody_gets_a_bonus_when_nobody_performed() {
        assert_eq!(bonus(MAX, 0, 0, MAX, u32::MAX), Ok(0));
        assert_eq!(bonus(MAX, 0, 1, MAX, u32::MAX), Ok(0));
    }

    #[test]
    fn shares_are_rounded_down() {
        assert_eq!(bonus(100, 1, 3, 1_000, 10_000), Ok(33));
        assert_eq!(bonus(2, 1, 3, 1_000, 10_000), Ok(0));
        assert_eq!(bonus(MAX, MAX - 1, MAX, MAX, 10_000), Ok(MAX - 1));
    }

    #[test]
    fn the_cap_is_a_part_of_the_tranche() {
        assert_eq!(bonus(1_000, 1, 1, 99, 5_000), Ok(49));
        assert_eq!(bonus(1_000, 1, 1, 99, 0), Ok(0));
        assert_eq!(bonus(1_000, 1, 1, 0, 10_000), Ok(0));
        // A cap beyond all amounts is not a cap.
        assert_eq!(bonus(MAX, MAX, MAX, MAX, u32::MAX), Ok(MAX));
    }

    #[test]
    fn no_share_is_larger_than_the_pool() {
        assert_eq!(bonus(10, 4, 3, MAX, u32::MAX), Err(Error::PartExceedsWhole));
    }
}
