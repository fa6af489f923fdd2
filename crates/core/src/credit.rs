//! From the scores of a grant to its credit for a period.
//!
//! A credit is a weight times a score, both in basis points: [`FULL_CREDIT`] pays the tranche in full. A grant has
//! weights: one for time, which is credited whatever the scores are, and one per KPI.

use crate::{Error, FULL_CREDIT, FULL_SCORE, FULL_WEIGHT, MAX_KPIS, MAX_SCORE, Result};

/// How a grant's scores are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    /// Every KPI counts by its own weight.
    WeightedSum,
    /// The KPI with the lowest score counts for all.
    Weakest,
}

/// Checks that the weights of time and KPIs, in basis points, sum to exactly [`FULL_WEIGHT`].
///
/// # Errors
/// `TooManyKpis` or `BadWeights`.
///
/// ```
/// use earnout_core::{Error, credit::check_weights};
///
/// assert_eq!(check_weights(4_000, &[3_500, 0, 2_500]), Ok(()));
/// assert_eq!(check_weights(4_000, &[3_500, 2_501]), Err(Error::BadWeights));
/// ```
pub fn check_weights(time_weight: u16, kpi_weights: &[u16]) -> Result<()> {
    if kpi_weights.len() > MAX_KPIS {
        return Err(Error::TooManyKpis);
    }
    let sum = kpi_weights.iter().try_fold(u32::from(time_weight), |sum, &weight| {
        sum.checked_add(u32::from(weight))
    });
    if sum == Some(u32::from(FULL_WEIGHT)) {
        Ok(())
    } else {
        Err(Error::BadWeights)
    }
}

/// The part of the credit that results earn.
///
/// - `WeightedSum`: the sum of `weight · score` over all KPIs.
/// - `Weakest`: `(FULL_WEIGHT − time_weight) · lowest score` of the KPIs with a weight; 0 if there is none.
///
/// `kpi_weights` and `scores`, both in basis points, belong together one by one. The score of a KPI without weight is
/// ignored. That the weights sum to the full weight is [`check_weights`]' business.
///
/// # Errors
/// `TooManyKpis`, `LengthMismatch`, `BadWeights` if the time weight is above the full weight, or `ScoreTooHigh` if a
/// score that counts is above [`MAX_SCORE`].
///
/// ```
/// use earnout_core::credit::{Combination, kpi_credit};
///
/// let (weights, scores) = ([4_000, 2_000], [10_000, 5_000]);
/// assert_eq!(kpi_credit(Combination::WeightedSum, 4_000, &weights, &scores), Ok(50_000_000));
/// assert_eq!(kpi_credit(Combination::Weakest, 4_000, &weights, &scores), Ok(30_000_000));
/// ```
pub fn kpi_credit(combination: Combination, time_weight: u16, kpi_weights: &[u16], scores: &[u16]) -> Result<u64> {
    if kpi_weights.len() > MAX_KPIS {
        return Err(Error::TooManyKpis);
    }
    if kpi_weights.len() != scores.len() {
        return Err(Error::LengthMismatch);
    }
    let for_results = FULL_WEIGHT.checked_sub(time_weight).ok_or(Error::BadWeights)?;

    let mut sum: u64 = 0;
    let mut weakest = None;
    for (&weight, &score) in kpi_weights.iter().zip(scores).filter(|&(&weight, _)| weight > 0) {
        if score > MAX_SCORE {
            return Err(Error::ScoreTooHigh);
        }
        sum = sum.checked_add(product(weight, score)?).ok_or(Error::Overflow)?;
        weakest = Some(weakest.map_or(score, |lowest: u16| lowest.min(score)));
    }
    match combination {
        Combination::WeightedSum => Ok(sum),
        Combination::Weakest => product(for_results, weakest.unwrap_or(0)),
    }
}

/// The whole credit of a grant for a period: `time_weight · FULL_SCORE + kpi_credit`.
///
/// `time_weight` is in basis points, `kpi_credit` comes from [`kpi_credit()`](kpi_credit).
///
/// # Errors
/// `BadWeights` if the time weight is above the full weight; `Overflow`.
///
/// ```
/// use earnout_core::credit::credit;
///
/// assert_eq!(credit(4_000, 50_000_000), Ok(90_000_000)); // 90 % of the tranche
/// ```
pub fn credit(time_weight: u16, kpi_credit: u64) -> Result<u64> {
    if time_weight > FULL_WEIGHT {
        return Err(Error::BadWeights);
    }
    product(time_weight, FULL_SCORE)?
        .checked_add(kpi_credit)
        .ok_or(Error::Overflow)
}

/// The highest credit a grant can get in a period, which decides what must be reserved for it.
///
/// The credit with every KPI at its best score, but at least [`FULL_CREDIT`]: even where the scores can never reach
/// the target, a tranche and what is carried over always fit the reserve. `best_scores` holds for each KPI the larger
/// of its curve's highest score and the score that counts when the oracles are silent, in basis points.
///
/// # Errors
/// Those of [`kpi_credit`] and [`credit`].
///
/// ```
/// use earnout_core::{FULL_CREDIT, credit::{Combination, max_credit}};
///
/// assert_eq!(max_credit(Combination::WeightedSum, 4_000, &[6_000], &[15_000]), Ok(130_000_000));
/// assert_eq!(max_credit(Combination::WeightedSum, 4_000, &[6_000], &[8_000]), Ok(FULL_CREDIT));
/// ```
pub fn max_credit(combination: Combination, time_weight: u16, kpi_weights: &[u16], best_scores: &[u16]) -> Result<u64> {
    let for_results = kpi_credit(combination, time_weight, kpi_weights, best_scores)?;
    Ok(credit(time_weight, for_results)?.max(FULL_CREDIT))
}

fn product(weight: u16, score: u16) -> Result<u64> {
    u32::from(weight)
        .checked_mul(u32::from(score))
        .map(u64::from)
        .ok_or(Error::Overflow)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use {
        super::*,
        Combination::{Weakest, WeightedSum},
    };

    #[test]
    fn weights_sum_to_the_full_weight_exactly() {
        assert_eq!(check_weights(10_000, &[]), Ok(()));
        assert_eq!(check_weights(0, &[625; 16]), Ok(()));
        assert_eq!(check_weights(9_999, &[]), Err(Error::BadWeights));
        assert_eq!(check_weights(5_000, &[5_000, 1]), Err(Error::BadWeights));
        assert_eq!(check_weights(10_000, &[0; 17]), Err(Error::TooManyKpis));
        // In 16 bits this would wrap around to 10,000.
        assert_eq!(check_weights(10_000, &[65_535, 1]), Err(Error::BadWeights));
    }

    #[test]
    fn weakest_is_the_lowest_score_with_a_weight() {
        let credit = |weights: &[u16], scores: &[u16]| kpi_credit(Weakest, 2_000, weights, scores);
        assert_eq!(credit(&[5_000, 0, 3_000], &[9_000, 0, 12_000]), Ok(8_000 * 9_000));
        assert_eq!(credit(&[1, 7_999], &[0, 20_000]), Ok(0));
        assert_eq!(kpi_credit(Weakest, 10_000, &[0, 0], &[9_000, 9_000]), Ok(0));
        assert_eq!(kpi_credit(Weakest, 10_000, &[], &[]), Ok(0));
    }

    #[test]
    fn full_scores_give_the_full_credit() {
        for combination in [WeightedSum, Weakest] {
            for (time, weights) in [(0, [9_999, 1]), (4_000, [6_000, 0]), (10_000, [0, 0])] {
                let results = kpi_credit(combination, time, &weights, &[FULL_SCORE; 2]).unwrap();
                assert_eq!(credit(time, results), Ok(FULL_CREDIT));
            }
        }
    }

    #[test]
    fn the_highest_credit_is_at_least_full() {
        assert_eq!(
            max_credit(WeightedSum, 0, &[4_000, 6_000], &[20_000, 5_000]),
            Ok(110_000_000)
        );
        assert_eq!(
            max_credit(Weakest, 0, &[4_000, 6_000], &[20_000, 5_000]),
            Ok(FULL_CREDIT)
        );
        assert_eq!(
            max_credit(Weakest, 0, &[4_000, 6_000], &[20_000, 20_000]),
            Ok(2 * FULL_CREDIT)
        );
        assert_eq!(max_credit(WeightedSum, 10_000, &[], &[]), Ok(FULL_CREDIT));
    }

    #[test]
    fn all_sixteen_kpis_count() {
        let mut scores = [10_000; 16];
        scores[15] = 0;
        for (combination, expected) in [(WeightedSum, 93_750_000), (Weakest, 0)] {
            assert_eq!(kpi_credit(combination, 0, &[625; 16], &scores), Ok(expected));
            assert_eq!(kpi_credit(combination, 0, &[625; 16], &[10_000; 16]), Ok(FULL_CREDIT));
        }
    }

    #[test]
    fn impossible_terms_are_refused() {
        assert_eq!(kpi_credit(WeightedSum, 0, &[1], &[]), Err(Error::LengthMismatch));
        assert_eq!(kpi_credit(WeightedSum, 0, &[], &[1]), Err(Error::LengthMismatch));
        assert_eq!(kpi_credit(WeightedSum, 0, &[0; 17], &[0; 17]), Err(Error::TooManyKpis));
        assert_eq!(kpi_credit(WeightedSum, 10_001, &[], &[]), Err(Error::BadWeights));
        assert_eq!(kpi_credit(Weakest, 0, &[1], &[20_001]), Err(Error::ScoreTooHigh));
        assert_eq!(kpi_credit(WeightedSum, 0, &[0], &[20_001]), Ok(0));
        assert_eq!(credit(10_001, 0), Err(Error::BadWeights));
        assert_eq!(credit(1, u64::MAX), Err(Error::Overflow));
    }
}
