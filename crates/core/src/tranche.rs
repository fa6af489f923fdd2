//! From an allocation to what is earned of it, period by period.

use crate::{
    Error, FULL_CREDIT, Result,
    math::{mul_div_ceil, mul_div_floor, sum_div_floor},
};

/// The part of an allocation that belongs to one period of a grant.
///
/// `floor(allocation·(index + 1) / periods) − floor(allocation·index / periods)`: all tranches of a grant sum to its
/// allocation exactly, and differ from each other by at most one base unit.
///
/// `index` counts the grant's own periods from 0.
///
/// # Errors
/// `BadPeriodCount` for no periods; `PeriodOutOfRange` unless `index < periods`.
///
/// ```
/// use earnout_core::tranche::tranche;
///
/// assert_eq!([tranche(100, 0, 3), tranche(100, 1, 3), tranche(100, 2, 3)], [Ok(33), Ok(33), Ok(34)]);
/// ```
pub fn tranche(allocation: u64, index: u16, periods: u16) -> Result<u64> {
    let from = before(allocation, index, periods)?;
    let next = index.checked_add(1).ok_or(Error::PeriodOutOfRange)?;
    before(allocation, next, periods)?
        .checked_sub(from)
        .ok_or(Error::Overflow)
}

/// The sum of the tranches left when `settled` of a grant's `periods` are settled:
/// `allocation − floor(allocation·settled / periods)`.
///
/// # Errors
/// `BadPeriodCount` for no periods; `PeriodOutOfRange` unless `settled ≤ periods`.
///
/// ```
/// use earnout_core::tranche::unsettled;
///
/// assert_eq!([unsettled(100, 0, 3), unsettled(100, 1, 3), unsettled(100, 3, 3)], [Ok(100), Ok(67), Ok(0)]);
/// ```
pub fn unsettled(allocation: u64, settled: u16, periods: u16) -> Result<u64> {
    allocation
        .checked_sub(before(allocation, settled, periods)?)
        .ok_or(Error::Overflow)
}

/// The sum of the tranches before `index`: `floor(allocation·index / periods)`.
fn before(allocation: u64, index: u16, periods: u16) -> Result<u64> {
    if periods == 0 {
        return Err(Error::BadPeriodCount);
    }
    if index > periods {
        return Err(Error::PeriodOutOfRange);
    }
    mul_div_floor(allocation, u64::from(index), u64::from(periods))
}

/// What is left of a tranche when only a part of its period was served: `floor(tranche·served_secs / period_secs)`.
///
/// # Errors
/// `EmptySpan` for a period of no length; `PartExceedsWhole` if more was served than the period lasts.
///
/// ```
/// use earnout_core::tranche::cut;
///
/// assert_eq!(cut(100, 10, 30), Ok(33));
/// ```
pub fn cut(tranche: u64, served_secs: u64, period_secs: u64) -> Result<u64> {
    if period_secs == 0 {
        return Err(Error::EmptySpan);
    }
    if served_secs > period_secs {
        return Err(Error::PartExceedsWhole);
    }
    mul_div_floor(tranche, served_secs, period_secs)
}

/// What the vault must hold for the unsettled part of a grant: `ceil(tranches_left·max_credit / FULL_CREDIT) + carry`.
///
/// This covers everything that can still be earned, since each settlement takes at most `tranche·max_credit` and the
/// carry, and leaves at most the tranche and the carry to be carried on. Rounded up, so that it also covers the
/// rounding of every settlement to come.
///
/// `tranches_left` and `carry` are amounts, `max_credit` comes from [`max_credit`](crate::credit::max_credit).
///
/// # Errors
/// `Overflow` if the reserve does not fit `u64`.
///
/// ```
/// use earnout_core::tranche::reserve;
///
/// assert_eq!(reserve(1_001, 150_000_000, 20), Ok(1_522)); // 1501.5 rounded up, and 20
/// ```
pub fn reserve(tranches_left: u64, max_credit: u64, carry: u64) -> Result<u64> {
    mul_div_ceil(tranches_left, max_credit, FULL_CREDIT)?
        .checked_add(carry)
        .ok_or(Error::Overflow)
}

/// Where the part of a tranche goes that the scores did not earn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnearnedPolicy {
    /// To surplus.
    Return,
    /// To the grant's own next period; after its last period to surplus.
    CarryOver,
    /// To the period's pool, which is shared by results.
    Redistribute,
}

/// What settling one period of a grant gives. All are amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What the grant earned.
    pub earned: u64,
    /// What of tranche and carry it did not earn. What is neither carried nor pooled of this is surplus.
    pub unearned: u64,
    /// What of the unearned amount is carried into the grant's next period.
    pub carry: u64,
    /// What of the unearned amount goes to the period's pool.
    pub pooled: u64,
    /// What results alone earned of the tranche: the grant's share when the pool is divided.
    pub kpi_amount: u64,
}

/// What a grant earns in one period.
///
/// - `earned = floor((tranche·credit + carry·min(credit, FULL_CREDIT)) / FULL_CREDIT)`: overachievement multiplies the
///   tranche, but pays what was carried over at most once.
/// - `unearned = tranche + carry − earned`, or 0 if more than that was earned.
/// - `kpi_amount = floor(tranche·kpi_credit / FULL_CREDIT)`.
///
/// `tranche` and `carry` (from the period before) are amounts; `credit` and `kpi_credit` come from
/// [`credit`](mod@crate::credit). `last_period` says that the grant has no later period to carry anything into.
///
/// # Errors
/// `Overflow` if `tranche + carry`, what is earned, or `kpi_amount` does not fit `u64`.
///
/// ```
/// use earnout_core::tranche::{UnearnedPolicy, settle};
///
/// // 70 % of a tranche of 101 and of 10 carried over: 77.7.
/// let settled = settle(101, 10, 70_000_000, 30_000_000, UnearnedPolicy::CarryOver, false).unwrap();
/// assert_eq!((settled.earned, settled.unearned, settled.carry), (77, 34, 34));
/// assert_eq!(settled.kpi_amount, 30);
/// ```
pub fn settle(
    tranche: u64,
    carry: u64,
    credit: u64,
    kpi_credit: u64,
    policy: UnearnedPolicy,
    last_period: bool,
) -> Result<Settlement> {
    let earned = sum_div_floor(tranche, credit, carry, credit.min(FULL_CREDIT), FULL_CREDIT)?;
    let unearned = tranche
        .checked_add(carry)
        .ok_or(Error::Overflow)?
        .saturating_sub(earned);
    let (carry, pooled) = match policy {
        UnearnedPolicy::CarryOver if !last_period => (unearned, 0),
        UnearnedPolicy::Redistribute => (0, unearned),
        UnearnedPolicy::CarryOver | UnearnedPolicy::Return => (0, 0),
    };
    let kpi_amount = mul_div_floor(tranche, kpi_credit, FULL_CREDIT)?;
    Ok(Settlement {
        earned,
        unearned,
        carry,
        pooled,
        kpi_amount,
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use {
        super::*,
        UnearnedPolicy::{CarryOver, Redistribute, Return},
    };

    const MAX: u64 = u64::MAX;

    #[test]
    fn tranches_sum_to_the_allocation() {
        for allocation in [0, 1, 119, 1_000_003, MAX - 1, MAX] {
            for periods in [1, 2, 7, 120, u16::MAX] {
                let mut left = allocation;
                for index in 0..periods {
                    assert_eq!(unsettled(allocation, index, periods), Ok(left));
                    left -= tranche(allocation, index, periods).unwrap();
                }
                assert_eq!(left, 0);
                assert_eq!(unsettled(allocation, periods, periods), Ok(0));
            }
        }
    }

    #[test]
    fn there_is_no_tranche_outside_the_grant() {
        assert_eq!(tranche(1, 0, 0), Err(Error::BadPeriodCount));
        assert_eq!(tranche(1, u16::MAX, 0), Err(Error::BadPeriodCount));
        assert_eq!(tranche(1, 3, 3), Err(Error::PeriodOutOfRange));
        assert_eq!(tranche(1, u16::MAX, u16::MAX), Err(Error::PeriodOutOfRange));
        assert_eq!(unsettled(1, 4, 3), Err(Error::PeriodOutOfRange));
        assert_eq!(unsettled(1, 0, 0), Err(Error::BadPeriodCount));
    }

    #[test]
    fn a_cut_keeps_the_served_part() {
        assert_eq!(cut(MAX, MAX, MAX), Ok(MAX));
        assert_eq!(cut(MAX, MAX - 1, MAX), Ok(MAX - 1));
        assert_eq!(cut(MAX, 0, 1), Ok(0));
        assert_eq!(cut(1, 2_591_999, 2_592_000), Ok(0));
        assert_eq!(cut(1, 0, 0), Err(Error::EmptySpan));
        assert_eq!(cut(1, 2, 1), Err(Error::PartExceedsWhole));
    }

    #[test]
    fn a_reserve_is_rounded_up_and_fits() {
        assert_eq!(reserve(3, FULL_CREDIT + 1, 0), Ok(4));
        assert_eq!(reserve(MAX, FULL_CREDIT, 0), Ok(MAX));
        assert_eq!(reserve(MAX, FULL_CREDIT, 1), Err(Error::Overflow));
        assert_eq!(reserve(MAX, FULL_CREDIT + 1, 0), Err(Error::Overflow));
        assert_eq!(reserve(MAX / 2, 2 * FULL_CREDIT, 1), Ok(MAX));
        assert_eq!(reserve(0, MAX, MAX), Ok(MAX));
    }

    #[test]
    fn the_policy_says_where_the_unearned_part_goes() {
        let half = |policy, last| {
            let settled = settle(101, 10, FULL_CREDIT / 2, FULL_CREDIT / 4, policy, last).unwrap();
            // Half of both together, not half of each: 55.5, where 50.5 and 5 rounded apart would do as well.
            assert_eq!((settled.earned, settled.unearned, settled.kpi_amount), (55, 56, 25));
            (settled.carry, settled.pooled)
        };
        for last in [false, true] {
            assert_eq!(half(Return, last), (0, 0));
            assert_eq!(half(Redistribute, last), (0, 56));
        }
        assert_eq!(half(CarryOver, false), (56, 0));
        assert_eq!(half(CarryOver, true), (0, 0));
        // One rounding for both: apart they would earn 0 and 0.
        assert_eq!(settle(1, 1, FULL_CREDIT / 2, 0, CarryOver, false).unwrap().earned, 1);
    }

    #[test]
    fn overachievement_pays_what_was_carried_only_once() {
        let settled = settle(100, 50, 2 * FULL_CREDIT, 2 * FULL_CREDIT, CarryOver, false).unwrap();
        assert_eq!((settled.earned, settled.unearned, settled.carry), (250, 0, 0));
        assert_eq!(settled.kpi_amount, 200);
    }

    #[test]
    fn the_largest_amounts_are_exact_or_an_overflow() {
        let whole = settle(MAX, 0, FULL_CREDIT, FULL_CREDIT, Return, false).unwrap();
        assert_eq!((whole.earned, whole.unearned), (MAX, 0));
        let most = settle(MAX, 0, FULL_CREDIT - 1, 0, CarryOver, false).unwrap();
        assert_eq!(
            (most.earned, most.unearned),
            (MAX - MAX.div_ceil(FULL_CREDIT), MAX.div_ceil(FULL_CREDIT))
        );
        assert_eq!(settle(MAX, 1, 0, 0, Return, false), Err(Error::Overflow));
        assert_eq!(settle(MAX, 0, FULL_CREDIT + 1, 0, Return, false), Err(Error::Overflow));
        assert_eq!(settle(MAX, 0, 0, FULL_CREDIT + 1, Return, false), Err(Error::Overflow));
        assert_eq!(settle(MAX, MAX, MAX, MAX, Return, false), Err(Error::Overflow));
    }
}
