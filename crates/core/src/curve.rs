//! From a measured value to a score.

use crate::{
    Error, MAX_CURVE_POINTS, MAX_SCORE, Result,
    math::{mul_div_ceil, mul_div_floor},
};

/// What a value between two points of a curve scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// A score on the straight line between the two points, rounded down.
    Linear,
    /// The score of the lower point: the last one reached.
    Step,
}

/// The rule that turns the value of a KPI into a score.
///
/// One to eight points `(value, score)`; values strictly rise, scores may rise or fall. Below the first point its score
/// counts, above the last point its score.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// The values of the points, in the KPI's fixed-point unit, strictly rising.
    pub values: &'a [i64],
    /// The scores of the points, in basis points, as many as there are values.
    pub scores: &'a [u16],
    /// What counts between two points.
    pub interpolation: Interpolation,
}

impl Curve<'_> {
    /// Checks the terms: one to [`MAX_CURVE_POINTS`] points, a score for each value, values strictly rising, no score
    /// above [`MAX_SCORE`].
    ///
    /// # Errors
    /// `TooFewPoints`, `TooManyPoints`, `LengthMismatch`, `PointsNotRising` or `ScoreTooHigh`.
    pub fn validate(&self) -> Result<()> {
        self.check_lengths()?;
        if !self.values.is_sorted_by(|lower, higher| lower < higher) {
            return Err(Error::PointsNotRising);
        }
        if self.max_score() > MAX_SCORE {
            return Err(Error::ScoreTooHigh);
        }
        Ok(())
    }

    /// The score of a value, in basis points.
    ///
    /// Between two points `(v0, s0)` and `(v1, s1)` with linear interpolation it is
    /// `s0 + floor((s1 − s0)·(value − v0) / (v1 − v0))`, where floor is towards minus infinity, so that a falling line
    /// is rounded down like a rising one. Exact for every `i64`.
    ///
    /// # Errors
    /// `TooFewPoints`, `TooManyPoints` or `LengthMismatch` for a curve that is not valid.
    ///
    /// ```
    /// use earnout_core::curve::{Curve, Interpolation};
    ///
    /// // Hours until an incident is solved: the fewer the better.
    /// let curve = Curve { values: &[4, 24], scores: &[12_000, 0], interpolation: Interpolation::Linear };
    /// assert_eq!(curve.score(1), Ok(12_000));
    /// assert_eq!(curve.score(9), Ok(9_000));
    /// assert_eq!(curve.score(90), Ok(0));
    /// ```
    pub fn score(&self, value: i64) -> Result<u16> {
        self.check_lengths()?;
        let mut reached = None;
        for (&v1, &s1) in self.values.iter().zip(self.scores) {
            if value < v1 {
                return match reached {
                    None => Ok(s1),
                    Some((v0, s0)) => self.between((v0, s0), (v1, s1), value),
                };
            }
            reached = Some((v1, s1));
        }
        reached.map(|(_, score)| score).ok_or(Error::TooFewPoints)
    }

    /// The highest score any value can get, in basis points; 0 for a curve without points.
    pub fn max_score(&self) -> u16 {
        self.scores.iter().copied().max().unwrap_or(0)
    }

    /// The score of a value with `v0 ≤ value < v1`.
    fn between(&self, (v0, s0): (i64, u16), (v1, s1): (i64, u16), value: i64) -> Result<u16> {
        if self.interpolation == Interpolation::Step {
            return Ok(s0);
        }
        let climb = u64::from(s0.abs_diff(s1));
        let (done, length) = (value.abs_diff(v0), v1.abs_diff(v0));
        let score = if s0 <= s1 {
            u64::from(s0).checked_add(mul_div_floor(done, climb, length)?)
        } else {
            u64::from(s0).checked_sub(mul_div_ceil(done, climb, length)?)
        };
        score.and_then(|score| u16::try_from(score).ok()).ok_or(Error::Overflow)
    }

    fn check_lengths(&self) -> Result<()> {
        if self.values.is_empty() {
            return Err(Error::TooFewPoints);
        }
        if self.values.len() > MAX_CURVE_POINTS {
            return Err(Error::TooManyPoints);
        }
        if self.values.len() != self.scores.len() {
            return Err(Error::LengthMismatch);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use {
        super::*,
        Interpolation::{Linear, Step},
    };

    fn curve<'a>(values: &'a [i64], scores: &'a [u16], interpolation: Interpolation) -> Curve<'a> {
        Curve {
            values,
            scores,
            interpolation,
        }
    }

    #[test]
    fn one_point_scores_the_same_everywhere() {
        for interpolation in [Linear, Step] {
            for point in [i64::MIN, -1, 0, i64::MAX] {
                for value in [i64::MIN, -1, 0, 1, i64::MAX] {
                    assert_eq!(curve(&[point], &[7_000], interpolation).score(value), Ok(7_000));
                }
            }
        }
    }

    #[test]
    fn lines_are_rounded_down_whether_they_rise_or_fall() {
        let rising = curve(&[0, 3], &[0, 10], Linear);
        assert_eq!(
            [-1, 0, 1, 2, 3, 4].map(|value| rising.score(value).unwrap()),
            [0, 0, 3, 6, 10, 10]
        );
        // 10 - 10/3 = 6.67 and 10 - 20/3 = 3.33: towards zero the drop would be one less.
        let falling = curve(&[0, 3], &[10, 0], Linear);
        assert_eq!(
            [-1, 0, 1, 2, 3, 4].map(|value| falling.score(value).unwrap()),
            [10, 10, 6, 3, 0, 0]
        );
    }

    #[test]
    fn a_curve_may_rise_and_fall() {
        let peak = curve(&[-10, 0, 10], &[0, 20_000, 5_000], Linear);
        assert_eq!(
            [-5, 0, 5, 9, 11].map(|value| peak.score(value).unwrap()),
            [10_000, 20_000, 12_500, 6_500, 5_000]
        );
        assert_eq!(peak.max_score(), 20_000);
    }

    #[test]
    fn a_step_is_taken_when_its_point_is_reached() {
        let steps = curve(&[10, 20, 30], &[1_000, 9_000, 4_000], Step);
        assert_eq!(
            [i64::MIN, 10, 19, 20, 29, 30, i64::MAX].map(|value| steps.score(value).unwrap()),
            [1_000, 1_000, 1_000, 9_000, 9_000, 4_000, 4_000]
        );
    }

    #[test]
    fn the_widest_curve_is_exact() {
        let rising = curve(&[i64::MIN, i64::MAX], &[0, 20_000], Linear);
        assert_eq!(
            [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX].map(|value| rising.score(value).unwrap()),
            [0, 9_999, 10_000, 19_999, 20_000]
        );
        let falling = curve(&[i64::MIN, i64::MAX], &[20_000, 0], Linear);
        assert_eq!(
            [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX].map(|value| falling.score(value).unwrap()),
            [20_000, 19_999, 10_000, 9_999, 0]
        );
        let flat = curve(&[i64::MIN, i64::MAX], &[5, 5], Linear);
        assert_eq!(flat.score(0), Ok(5));
    }

    #[test]
    fn validation_names_what_is_wrong() {
        let check = |values, scores| curve(values, scores, Linear).validate();
        assert_eq!(check(&[1, 2, 3, 4, 5, 6, 7, 8], &[20_000; 8]), Ok(()));
        assert_eq!(check(&[], &[]), Err(Error::TooFewPoints));
        assert_eq!(check(&[1, 2, 3, 4, 5, 6, 7, 8, 9], &[0; 9]), Err(Error::TooManyPoints));
        assert_eq!(check(&[1, 2], &[0]), Err(Error::LengthMismatch));
        assert_eq!(check(&[1, 1], &[0, 0]), Err(Error::PointsNotRising));
        assert_eq!(check(&[2, 1], &[0, 0]), Err(Error::PointsNotRising));
        assert_eq!(check(&[1, 2], &[0, 20_001]), Err(Error::ScoreTooHigh));
        assert_eq!(curve(&[], &[], Linear).score(0), Err(Error::TooFewPoints));
        assert_eq!(curve(&[1], &[], Linear).score(0), Err(Error::LengthMismatch));
        assert_eq!(curve(&[], &[], Linear).max_score(), 0);
    }
}
