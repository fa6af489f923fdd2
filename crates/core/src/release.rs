//! From what is earned to what is vested.

use crate::{Error, Result, math::mul_div_floor};

/// When earned tokens vest, once the cliff is past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// At once, when the period is settled.
    AtSettlement,
    /// By the second, over the period that follows the one they were earned in.
    Linear,
}

/// What a grant has earned so far. All are amounts.
#[derive(Clone, Copy, Debug)]
pub struct Earnings {
    /// Earned in all settled periods, the last one included, bonuses not.
    pub earned: u64,
    /// Earned in the last settled period.
    pub last_earned: u64,
    /// All bonuses collected.
    pub bonus: u64,
}

/// How much of its earnings a grant's beneficiary may have been paid by the time `now`.
///
/// - Before `cliff`: nothing.
/// - `AtSettlement`: `earned + bonus`.
/// - `Linear`: `earned − last_earned + floor(last_earned·elapsed / length) + bonus`, where `length` is the window's and
///   `elapsed` what of the window is past. A period cannot be settled before it has ended, and then what was earned in
///   the period before it has streamed to its end: so only the last settled period can still be streaming.
///
/// `window_start` and `window_end` are the beginning and end of the period after the last settled one. They count only
/// if `last_earned` is not 0, and only for `Linear`.
///
/// # Errors
/// `PartExceedsWhole` if `last_earned` is more than `earned`, `EmptySpan` if the window counts but has no length,
/// `Overflow` if `earned + bonus` does not fit.
///
/// ```
/// use earnout_core::release::{Earnings, Release, vested};
///
/// let earnings = Earnings { earned: 300, last_earned: 100, bonus: 5 };
/// let at = |now| vested(Release::Linear, earnings, 1_000, 2_000, 1_100, now);
/// assert_eq!(at(1_099), Ok(0));
/// assert_eq!(at(1_500), Ok(255));
/// assert_eq!(at(2_000), Ok(305));
/// ```
pub fn vested(
    release: Release,
    earnings: Earnings,
    window_start: i64,
    window_end: i64,
    cliff: i64,
    now: i64,
) -> Result<u64> {
    let Earnings {
        earned,
        last_earned,
        bonus,
    } = earnings;
    let all = earned.checked_add(bonus).ok_or(Error::Overflow)?;
    let settled_before = earned.checked_sub(last_earned).ok_or(Error::PartExceedsWhole)?;
    if now < cliff {
        return Ok(0);
    }
    if release == Release::AtSettlement || last_earned == 0 {
        return Ok(all);
    }
    if window_start >= window_end {
        return Err(Error::EmptySpan);
    }
    let elapsed = now.clamp(window_start, window_end).abs_diff(window_start);
    let streamed = mul_div_floor(last_earned, elapsed, window_end.abs_diff(window_start))?;
    settled_before
        .checked_add(streamed)
        .and_then(|sum| sum.checked_add(bonus))
        .ok_or(Error::Overflow)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use {
        super::*,
        Release::{AtSettlement, Linear},
    };

    const MAX: u64 = u64::MAX;

    fn earnings(earned: u64, last_earned: u64, bonus: u64) -> Earnings {
        Earnings {
            earned,
            last_earned,
            bonus,
        }
    }

    #[test]
    fn nothing_vests_before_the_cliff() {
        for release in [AtSettlement, Linear] {
            assert_eq!(vested(release, earnings(30, 10, 3), 0, 10, 50, 49), Ok(0));
            assert_eq!(vested(release, earnings(30, 10, 3), 0, 10, 50, 50), Ok(33));
        }
    }

    #[test]
    fn only_the_last_earned_amount_streams() {
        let at = |now| vested(Linear, earnings(30, 10, 3), 1_000, 1_100, i64::MIN, now).unwrap();
        assert_eq!(
            [i64::MIN, 999, 1_000, 1_009, 1_010, 1_099, 1_100, i64::MAX].map(at),
            [23, 23, 23, 23, 24, 32, 33, 33]
        );
        assert_eq!(
            vested(AtSettlement, earnings(30, 10, 3), 1_000, 1_100, 0, 1_000),
            Ok(33)
        );
    }

    #[test]
    fn without_a_streaming_amount_the_window_does_not_count() {
        assert_eq!(vested(Linear, earnings(0, 0, 0), 0, 0, 0, 0), Ok(0));
        assert_eq!(vested(Linear, earnings(20, 0, 3), 0, 0, 0, 0), Ok(23));
        assert_eq!(vested(AtSettlement, earnings(20, 10, 3), 5, 5, 0, 0), Ok(23));
    }

    #[test]
    fn the_widest_window_is_exact() {
        let at = |now| vested(Linear, earnings(MAX, MAX, 0), i64::MIN, i64::MAX, i64::MIN, now).unwrap();
        assert_eq!(
            [i64::MIN, i64::MIN + 1, 0, i64::MAX - 1, i64::MAX].map(at),
            [0, 1, 1 << 63, MAX - 1, MAX]
        );
    }

    #[test]
    fn impossible_earnings_are_refused() {
        for release in [AtSettlement, Linear] {
            assert_eq!(vested(release, earnings(MAX, 0, 1), 0, 1, 0, 0), Err(Error::Overflow));
            assert_eq!(
                vested(release, earnings(1, 2, 0), 0, 1, 0, 0),
                Err(Error::PartExceedsWhole)
            );
        }
        assert_eq!(vested(Linear, earnings(2, 1, 0), 5, 5, 0, 0), Err(Error::EmptySpan));
        assert_eq!(vested(Linear, earnings(2, 1, 0), 6, 5, 0, 0), Err(Error::EmptySpan));
    }
}
