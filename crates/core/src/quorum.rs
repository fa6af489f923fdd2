//! From the oracles' votes to one value, and from there to the time at which it is final.
//!
//! Votes are passed as one entry for each oracle of the set: `Some(value)`, or `None` for an oracle that did not vote.
//! The order of the entries never matters.

use crate::calendar::{Windows, later};
use crate::curve::Curve;
use crate::{Error, FULL_SCORE, MAX_ORACLES, Result};

/// The smallest number of oracles that is more than half of them.
///
/// ```
/// use earnout_core::quorum::strict_majority;
///
/// assert_eq!([1, 2, 3, 4, 5].map(strict_majority), [1, 2, 2, 3, 3]);
/// ```
pub fn strict_majority(oracles: u8) -> u8 {
    // Half of a `u8` leaves room for one more.
    (oracles / 2).saturating_add(1)
}

/// The value on which at least `threshold` oracles agree, if there is one.
///
/// The threshold is more than half of the set, so no second value can have as many votes.
///
/// # Errors
/// `NoVotes` for an empty set, `TooManyOracles` for more than [`MAX_ORACLES`], `BadThreshold` for a threshold that is
/// not more than half of the set or is more than all of it.
///
/// ```
/// use earnout_core::quorum::agreed;
///
/// assert_eq!(agreed(&[Some(7), Some(9), Some(7)], 2), Ok(Some(7)));
/// assert_eq!(agreed(&[Some(7), Some(9), None], 2), Ok(None));
/// ```
pub fn agreed(votes: &[Option<i64>], threshold: u8) -> Result<Option<i64>> {
    check_threshold(votes, threshold)?;
    let has_quorum = |value: &i64| count(votes, |vote| vote == *value) >= usize::from(threshold);
    Ok(votes.iter().flatten().copied().find(has_quorum))
}

/// What the votes on a KPI, or their absence, came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A value, in the KPI's fixed-point unit.
    Value(i64),
    /// Too few votes: the score that the plan fixed for this case counts.
    Silent,
}

/// What the votes give when voting is over.
///
/// With at least `threshold` votes it is their median; of an even number of votes, the one of the two middle values
/// that has the lower score, and of equal scores the lower value. With fewer votes, silence. A value that `threshold`
/// oracles agree on is always the median.
///
/// # Errors
/// Those of [`agreed`] and of [`Curve::score`].
///
/// ```
/// use earnout_core::curve::{Curve, Interpolation};
/// use earnout_core::quorum::{Outcome, at_deadline};
///
/// let curve = Curve { values: &[0, 10], scores: &[10_000, 0], interpolation: Interpolation::Linear };
/// assert_eq!(at_deadline(&[Some(3), Some(1), Some(900)], 2, &curve), Ok(Outcome::Value(3)));
/// assert_eq!(at_deadline(&[Some(3), Some(5), None], 2, &curve), Ok(Outcome::Value(5))); // scores less
/// assert_eq!(at_deadline(&[Some(3), None, None], 2, &curve), Ok(Outcome::Silent));
/// ```
pub fn at_deadline(votes: &[Option<i64>], threshold: u8, curve: &Curve) -> Result<Outcome> {
    check_threshold(votes, threshold)?;
    let cast = count(votes, |_| true);
    if cast < usize::from(threshold) {
        return Ok(Outcome::Silent);
    }
    // The threshold is at least 1, so there is a vote. The two middle ranks of an odd number are the same.
    let last = cast.checked_sub(1).ok_or(Error::BadThreshold)?;
    let (lower, upper) = (ranked(votes, last / 2)?, ranked(votes, cast / 2)?);
    let upper_scores_less = lower != upper && curve.score(upper)? < curve.score(lower)?;
    Ok(Outcome::Value(if upper_scores_less { upper } else { lower }))
}

/// The vote that has `rank` others before it in rising order.
fn ranked(votes: &[Option<i64>], rank: usize) -> Result<i64> {
    let has_rank = |value: &i64| {
        let below = count(votes, |vote| vote < *value);
        let up_to = count(votes, |vote| vote <= *value);
        (below..up_to).contains(&rank)
    };
    votes.iter().flatten().copied().find(has_rank).ok_or(Error::NoVotes)
}

/// How many votes there are of a kind.
fn count(votes: &[Option<i64>], kind: impl Fn(i64) -> bool) -> usize {
    votes.iter().flatten().filter(|vote| kind(**vote)).count()
}

fn check_threshold(votes: &[Option<i64>], threshold: u8) -> Result<()> {
    if votes.is_empty() {
        return Err(Error::NoVotes);
    }
    if votes.len() > MAX_ORACLES {
        return Err(Error::TooManyOracles);
    }
    let threshold = usize::from(threshold);
    if threshold <= votes.len() / 2 || threshold > votes.len() {
        return Err(Error::BadThreshold);
    }
    Ok(())
}

/// What has happened so far to one KPI for one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The value that enough oracles agreed on while voting was open, and the time at which they did.
    pub resolved: Option<(i64, i64)>,
    /// The time of the dispute.
    pub disputed_at: Option<i64>,
    /// What the arbiter decided.
    pub ruling: Option<Ruling>,
}

/// The arbiter's decision in a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The value, or the silence, stands.
    Uphold,
    /// This value counts instead.
    Value(i64),
}

/// Whether the outcome of an evaluation can still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
    /// It cannot: this is what counts.
    Final(Outcome),
    /// It can. If nothing more happens, it is final from this time on.
    NotBefore(i64),
}

/// Whether the outcome of one KPI for one period is final at the time `now`, and if so, what it is.
///
/// An outcome stands since the time at which enough oracles agreed, or else since the end of voting. It is final
///
/// - if it was disputed and the arbiter ruled: at once;
/// - if it was disputed and there is no ruling: `ruling_secs` after the dispute, and stands;
/// - if it was not disputed: `challenge_secs` after the time since when it stands.
///
/// `deadline_outcome` is what the votes come to when voting is over ([`at_deadline`]); it counts only if
/// `evaluation.resolved` is none. `attest_deadline` is the end of voting: what is not resolved by then is never final
/// before. Whether a ruling or a dispute was within its window is for the caller to check when it is made.
///
/// # Errors
/// `RulingWithoutDispute`; `Overflow` if a deadline is not a time.
///
/// ```
/// use earnout_core::calendar::Windows;
/// use earnout_core::quorum::{Evaluation, Finality, Outcome, finality};
///
/// let windows = Windows { attest_secs: 100, challenge_secs: 50, ruling_secs: 30 };
/// let evaluation = Evaluation { resolved: Some((7, 1_010)), disputed_at: None, ruling: None };
/// let at = |now| finality(&evaluation, Outcome::Silent, 1_100, &windows, now);
/// assert_eq!(at(1_059), Ok(Finality::NotBefore(1_060)));
/// assert_eq!(at(1_060), Ok(Finality::Final(Outcome::Value(7))));
/// ```
pub fn finality(
    evaluation: &Evaluation,
    deadline_outcome: Outcome,
    attest_deadline: i64,
    windows: &Windows,
    now: i64,
) -> Result<Finality> {
    let (standing, since) = match evaluation.resolved {
        Some((value, resolved_at)) => (Outcome::Value(value), resolved_at),
        None => (deadline_outcome, attest_deadline),
    };
    let (outcome, from) = match (evaluation.disputed_at, evaluation.ruling) {
        (None, Some(_)) => return Err(Error::RulingWithoutDispute),
        (Some(_), Some(Ruling::Value(value))) => (Outcome::Value(value), since),
        (Some(_), Some(Ruling::Uphold)) => (standing, since),
        (Some(disputed_at), None) => (standing, later(disputed_at, windows.ruling_secs)?),
        (None, None) => (standing, later(since, windows.challenge_secs)?),
    };
    let from = from.max(since);
    Ok(if now >= from {
        Finality::Final(outcome)
    } else {
        Finality::NotBefore(from)
    })
}

/// When an outcome may be disputed: from the time since when it stands, until before `challenge_secs` later.
///
/// `since` is the time at which enough oracles agreed, or else the end of voting. The first time returned belongs to
/// the window, the second does not.
///
/// # Errors
/// `Overflow` if the end is not a time.
pub fn challenge_window(since: i64, windows: &Windows) -> Result<(i64, i64)> {
    Ok((since, later(since, windows.challenge_secs)?))
}

/// The score of an outcome, in basis points: the curve's for a value, `default_score` for silence.
///
/// # Errors
/// Those of [`Curve::score`]; `ScoreTooHigh` if silence would score more than [`FULL_SCORE`].
pub fn score_of(outcome: Outcome, curve: &Curve, default_score: u16) -> Result<u16> {
    match outcome {
        Outcome::Value(value) => curve.score(value),
        Outcome::Silent if default_score > FULL_SCORE => Err(Error::ScoreTooHigh),
        Outcome::Silent => Ok(default_score),
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use super::*;
    use crate::curve::Interpolation;

    const RISING: Curve<'static> = Curve {
        values: &[0, 100],
        scores: &[0, 10_000],
        interpolation: Interpolation::Linear,
    };
    const FALLING: Curve<'static> = Curve {
        values: &[0, 100],
        scores: &[10_000, 0],
        interpolation: Interpolation::Linear,
    };
    const WINDOWS: Windows = Windows {
        attest_secs: 100,
        challenge_secs: 50,
        ruling_secs: 30,
    };
    const D1: i64 = 1_100;

    #[test]
    fn a_strict_majority_is_more_than_half() {
        for oracles in 0..=u8::MAX {
            let threshold = u16::from(strict_majority(oracles));
            assert!(2 * threshold > u16::from(oracles) && 2 * (threshold - 1) <= u16::from(oracles));
        }
    }

    #[test]
    fn g8_the_threshold_must_be_a_strict_majority_of_the_set() {
        for (oracles, allowed) in [(1, 1..=1), (2, 2..=2), (3, 2..=3), (4, 3..=4), (7, 4..=7), (8, 5..=8)] {
            let votes = [Some(1); MAX_ORACLES];
            for threshold in 0..=u8::MAX {
                let expected = if allowed.contains(&threshold) {
                    Ok(Some(1))
                } else {
                    Err(Error::BadThreshold)
                };
                assert_eq!(agreed(&votes[..oracles], threshold), expected);
            }
        }
        assert_eq!(agreed(&[], 0), Err(Error::NoVotes));
        assert_eq!(agreed(&[None; 9], 5), Err(Error::TooManyOracles));
        assert_eq!(at_deadline(&[None; 2], 1, &RISING), Err(Error::BadThreshold));
    }

    #[test]
    fn g8_fewer_votes_than_the_threshold_are_silence() {
        let votes = [Some(5), Some(5), None, None, None];
        assert_eq!(agreed(&votes, 3), Ok(None));
        assert_eq!(at_deadline(&votes, 3, &RISING), Ok(Outcome::Silent));
    }

    #[test]
    fn an_odd_number_of_votes_has_one_middle() {
        let votes = [Some(i64::MAX), None, Some(40), Some(i64::MIN), None];
        assert_eq!(agreed(&votes, 3), Ok(None));
        assert_eq!(at_deadline(&votes, 3, &RISING), Ok(Outcome::Value(40)));
    }

    #[test]
    fn of_two_middles_the_one_that_scores_less_counts() {
        let votes = [Some(90), Some(60), Some(40), Some(10)];
        assert_eq!(at_deadline(&votes, 3, &RISING), Ok(Outcome::Value(40)));
        assert_eq!(at_deadline(&votes, 3, &FALLING), Ok(Outcome::Value(60)));
        // Both score 10,000.
        let beyond = [Some(500), Some(600), Some(400), Some(700)];
        assert_eq!(at_deadline(&beyond, 3, &RISING), Ok(Outcome::Value(500)));
        // One vote of two is the lower middle, the same value twice is both.
        assert_eq!(
            at_deadline(&[Some(7), Some(7), None], 2, &FALLING),
            Ok(Outcome::Value(7))
        );
    }

    fn at(evaluation: Evaluation, now: i64) -> Finality {
        finality(&evaluation, Outcome::Silent, D1, &WINDOWS, now).unwrap()
    }

    #[test]
    fn an_early_value_is_final_when_its_challenge_window_is_over() {
        let evaluation = Evaluation {
            resolved: Some((7, 1_010)),
            disputed_at: None,
            ruling: None,
        };
        assert_eq!(at(evaluation, 1_059), Finality::NotBefore(1_060));
        assert_eq!(at(evaluation, 1_060), Finality::Final(Outcome::Value(7)));
        assert_eq!(challenge_window(1_010, &WINDOWS), Ok((1_010, 1_060)));
        assert_eq!(challenge_window(i64::MAX, &WINDOWS), Err(Error::Overflow));
    }

    #[test]
    fn silence_and_the_median_count_from_the_end_of_voting() {
        let open = Evaluation {
            resolved: None,
            disputed_at: None,
            ruling: None,
        };
        for outcome in [Outcome::Silent, Outcome::Value(3)] {
            let at = |now| finality(&open, outcome, D1, &WINDOWS, now).unwrap();
            assert_eq!(at(0), Finality::NotBefore(1_150));
            assert_eq!(at(1_149), Finality::NotBefore(1_150));
            assert_eq!(at(1_150), Finality::Final(outcome));
        }
        let undisputable = Windows {
            challenge_secs: 0,
            ..WINDOWS
        };
        assert_eq!(
            finality(&open, Outcome::Silent, D1, &undisputable, D1),
            Ok(Finality::Final(Outcome::Silent))
        );
    }

    #[test]
    fn an_unanswered_dispute_ends_and_the_outcome_stands() {
        let disputed = Evaluation {
            resolved: Some((7, 1_010)),
            disputed_at: Some(1_059),
            ruling: None,
        };
        assert_eq!(at(disputed, 1_088), Finality::NotBefore(1_089));
        assert_eq!(at(disputed, 1_089), Finality::Final(Outcome::Value(7)));
        let silence = Evaluation {
            resolved: None,
            disputed_at: Some(1_100),
            ruling: None,
        };
        assert_eq!(at(silence, 1_129), Finality::NotBefore(1_130));
        assert_eq!(at(silence, 1_130), Finality::Final(Outcome::Silent));
    }

    #[test]
    fn nothing_is_final_before_it_stands() {
        // A dispute or a ruling cannot be that early; if one were recorded, voting would still be open.
        for ruling in [None, Some(Ruling::Uphold), Some(Ruling::Value(8))] {
            let early = Evaluation {
                resolved: None,
                disputed_at: Some(1_000),
                ruling,
            };
            assert_eq!(at(early, D1 - 1), Finality::NotBefore(D1));
            assert!(matches!(at(early, D1), Finality::Final(_)));
        }
    }

    #[test]
    fn a_ruling_counts_at_once() {
        let ruled = |resolved, ruling| {
            at(
                Evaluation {
                    resolved,
                    disputed_at: Some(1_120),
                    ruling: Some(ruling),
                },
                1_121,
            )
        };
        assert_eq!(
            ruled(Some((7, 1_090)), Ruling::Uphold),
            Finality::Final(Outcome::Value(7))
        );
        assert_eq!(
            ruled(Some((7, 1_090)), Ruling::Value(8)),
            Finality::Final(Outcome::Value(8))
        );
        assert_eq!(ruled(None, Ruling::Uphold), Finality::Final(Outcome::Silent));
        assert_eq!(ruled(None, Ruling::Value(8)), Finality::Final(Outcome::Value(8)));
    }

    #[test]
    fn g9_there_is_no_ruling_without_a_dispute() {
        let ruled = Evaluation {
            resolved: Some((7, 1_010)),
            disputed_at: None,
            ruling: Some(Ruling::Value(8)),
        };
        assert_eq!(
            finality(&ruled, Outcome::Silent, D1, &WINDOWS, 5_000),
            Err(Error::RulingWithoutDispute)
        );
    }

    #[test]
    fn silence_scores_the_default() {
        assert_eq!(score_of(Outcome::Silent, &RISING, 10_000), Ok(10_000));
        assert_eq!(score_of(Outcome::Silent, &RISING, 2_500), Ok(2_500));
        assert_eq!(score_of(Outcome::Silent, &RISING, 10_001), Err(Error::ScoreTooHigh));
        assert_eq!(score_of(Outcome::Value(50), &RISING, 10_001), Ok(5_000));
    }
}
