//! From the oracles' votes to one value, and from there to the time at which it is final.
//!
//! Votes are passed as one entry for each oracle of the set: `Some(value)`, or `None` for an oracle that did not vote.
//! The order of the entries never matters.

use crate::{
    Error, FULL_SCORE, MAX_ORACLES, Result,
    calendar::{Windows, later},
    curve::Curve,
};

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
    let has_quorum = |value: &i64| agree_on(*value, votes.iter().flatten().copied(), threshold);
    Ok(votes.iter().flatten().copied().find(has_quorum))
}

/// Whether at least `threshold` of the votes are for `value`.
///
/// ```
/// use earnout_core::quorum::agree_on;
///
/// assert!(agree_on(7, [7, 9, 7].into_iter(), 2) && !agree_on(9, [7, 9].into_iter(), 2));
/// ```
pub fn agree_on(value: i64, votes: impl Iterator<Item = i64>, threshold: u8) -> bool {
    votes.filter(|vote| *vote == value).count() >= usize::from(threshold)
}

/// What the votes on a KPI, or their absence, came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A value, in the KPI's fixed-point unit.
    Value(i64),
    /// Too few votes, or not enough of them on one side: the score that the plan fixed for this case counts.
    Silent,
}

/// What the votes give when voting is over.
///
/// The votes are sorted by score from best to worst, equal scores by value, lower first. If the `threshold`-th from the
/// top scores at least `default_score`, it counts; else, if the `threshold`-th from the bottom scores at most
/// `default_score`, that one counts; else silence, which scores `default_score`. In scores this is the median of the
/// votes and of as many defaults as are missing to `2·threshold − 1`, so fewer than `threshold` oracles can move the
/// score neither out of the range of the other votes and the default, nor, where `threshold` others vote, out of the
/// range of those votes, no matter who is absent. A value that `threshold` oracles agree on always counts.
///
/// # Errors
/// Those of [`agreed`] and of [`Curve::score`]; `ScoreTooHigh` if silence would score more than [`FULL_SCORE`].
///
/// ```
/// use earnout_core::curve::{Curve, Interpolation};
/// use earnout_core::quorum::{Outcome, at_deadline};
///
/// let curve = Curve { values: &[0, 10], scores: &[10_000, 0], interpolation: Interpolation::Linear };
/// assert_eq!(at_deadline(&[Some(3), Some(1), Some(900)], 2, &curve, 5_000), Ok(Outcome::Value(3)));
/// // One of two votes is better than the default, the other worse: two would have to agree that it is.
/// assert_eq!(at_deadline(&[Some(3), Some(8), None], 2, &curve, 5_000), Ok(Outcome::Silent));
/// assert_eq!(at_deadline(&[Some(3), Some(8), None], 2, &curve, 0), Ok(Outcome::Value(8)));
/// assert_eq!(at_deadline(&[Some(3), None, None], 2, &curve, 0), Ok(Outcome::Silent));
/// ```
pub fn at_deadline(votes: &[Option<i64>], threshold: u8, curve: &Curve, default_score: u16) -> Result<Outcome> {
    check_threshold(votes, threshold)?;
    if default_score > FULL_SCORE {
        return Err(Error::ScoreTooHigh);
    }
    let (cast, needed) = (count(votes, |_| true), usize::from(threshold));
    let (Some(below), Some(above)) = (cast.checked_sub(needed), needed.checked_sub(1)) else {
        return Ok(Outcome::Silent);
    };
    let ranking = Ranking::of(curve);
    let ballots = sorted(votes, curve, ranking)?;
    let ballots = ballots.get(..cast).ok_or(Error::TooManyOracles)?;
    let from_top = ranked(ballots, above, curve, ranking)?;
    if from_top.score >= default_score {
        return Ok(Outcome::Value(from_top.value));
    }
    let from_bottom = ranked(ballots, below, curve, ranking)?;
    Ok(if from_bottom.score <= default_score {
        Outcome::Value(from_bottom.value)
    } else {
        Outcome::Silent
    })
}

/// What the votes on the price give when voting is over: as [`at_deadline`], but sorted by value, with `default_price`
/// in the place of the score under silence.
///
/// # Errors
/// Those of [`agreed`].
///
/// ```
/// use earnout_core::quorum::{Outcome, price_at_deadline};
///
/// assert_eq!(price_at_deadline(&[Some(41), Some(40), Some(900)], 2, 50), Ok(Outcome::Value(41)));
/// // Of two votes one is above the default, the other below: two would have to agree that it is.
/// assert_eq!(price_at_deadline(&[Some(41), Some(900), None], 2, 50), Ok(Outcome::Silent));
/// assert_eq!(price_at_deadline(&[Some(41), Some(42), None], 2, 50), Ok(Outcome::Value(42)));
/// ```
#[inline(never)]
pub fn price_at_deadline(votes: &[Option<i64>], threshold: u8, default_price: i64) -> Result<Outcome> {
    check_threshold(votes, threshold)?;
    let needed = usize::from(threshold);
    let cast = || votes.iter().flatten().copied();
    let from_top = cast().filter(|one| count(votes, |other| other >= *one) >= needed).max();
    let from_bottom = cast().filter(|one| count(votes, |other| other <= *one) >= needed).min();
    Ok(from_top
        .filter(|price| *price >= default_price)
        .or(from_bottom.filter(|price| *price <= default_price))
        .map_or(Outcome::Silent, Outcome::Value))
}

/// By what votes are sorted from best to worst. Where a curve only rises or only falls values rank as their scores do,
/// so that few votes have to be scored: on the chain that costs more than all the rest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ranking {
    /// The lower the value the better: equal scores too are in order.
    LowerFirst,
    /// The higher the value the better; equal scores are in the wrong order.
    HigherFirst,
    /// By scores, then by values.
    Scores,
}

impl Ranking {
    fn of(curve: &Curve) -> Self {
        if curve.scores.is_sorted_by(|lower, higher| lower >= higher) {
            Self::LowerFirst
        } else if curve.scores.is_sorted() {
            Self::HigherFirst
        } else {
            Self::Scores
        }
    }
}

/// A vote, and what it is sorted by: the smallest first.
#[derive(Clone, Copy, Default)]
struct Ballot {
    key: i64,
    value: i64,
}

/// A vote at a rank from the top.
struct Ranked {
    value: i64,
    score: u16,
}

/// The vote at `rank` from the top, equal scores by value, lower first.
fn ranked(ballots: &[Ballot], rank: usize, curve: &Curve, ranking: Ranking) -> Result<Ranked> {
    let value_at = |at: usize| ballots.get(at).map(|ballot| ballot.value).ok_or(Error::TooManyOracles);
    let value = value_at(rank)?;
    let score = curve.score(value)?;
    if ranking != Ranking::HigherFirst {
        return Ok(Ranked { value, score });
    }
    let is_equal = |ballot: &&Ballot| curve.score(ballot.value) == Ok(score);
    let (better, others) = ballots.split_at_checked(rank).ok_or(Error::TooManyOracles)?;
    let before = better.iter().rev().take_while(is_equal).count();
    let after = others.iter().skip(1).take_while(is_equal).count();
    // The vote that is as far from the other end of those with this score.
    let mirrored = rank.checked_add(after).and_then(|last| last.checked_sub(before));
    let value = value_at(mirrored.ok_or(Error::TooManyOracles)?)?;
    Ok(Ranked { value, score })
}

/// The votes from best to worst; what is behind the last one is of no vote. Sorted as they come in: there are eight at
/// most.
fn sorted(votes: &[Option<i64>], curve: &Curve, ranking: Ranking) -> Result<[Ballot; MAX_ORACLES]> {
    let mut ballots = [Ballot::default(); MAX_ORACLES];
    for (cast, value) in votes.iter().flatten().enumerate() {
        let key = match ranking {
            Ranking::LowerFirst => *value,
            Ranking::HigherFirst => !*value,
            Ranking::Scores => !i64::from(curve.score(*value)?),
        };
        let ballot = Ballot { key, value: *value };
        let sorted = ballots.get_mut(..=cast).ok_or(Error::TooManyOracles)?;
        let mut place = sorted;
        while let [before @ .., last] = place {
            match before.last() {
                Some(other) if (other.key, other.value) > (key, *value) => {
                    *last = *other;
                    place = before;
                }
                _ => {
                    *last = ballot;
                    break;
                }
            }
        }
    }
    Ok(ballots)
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

/// The price of an outcome: its value, `default_price` for silence.
pub fn price_of(outcome: Outcome, default_price: i64) -> i64 {
    match outcome {
        Outcome::Value(value) => value,
        Outcome::Silent => default_price,
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    extern crate std;

    use {super::*, crate::curve::Interpolation, std::vec::Vec};

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
        assert_eq!(at_deadline(&[None; 2], 1, &RISING, 0), Err(Error::BadThreshold));
    }

    #[test]
    fn g8_fewer_votes_than_the_threshold_are_silence() {
        let votes = [Some(5), Some(5), None, None, None];
        assert_eq!(agreed(&votes, 3), Ok(None));
        assert_eq!(at_deadline(&votes, 3, &RISING, 0), Ok(Outcome::Silent));
    }

    #[test]
    fn equal_scores_rank_lower_values_first_whatever_the_curve() {
        let digits = |mut number: usize, base: usize| {
            [(); 4].map(|()| {
                let digit = number % base;
                number /= base;
                digit
            })
        };
        for (shape, votes) in (0..27).flat_map(|shape| (0..6usize.pow(4)).map(move |votes| (shape, votes))) {
            let [first, second, third, _] = digits(shape, 3).map(|level| [0, 5_000, 10_000][level]);
            // The last of the six is no vote.
            let votes = digits(votes, 6).map(|value| i64::try_from(value).ok().filter(|value| *value < 5));
            for interpolation in [Interpolation::Linear, Interpolation::Step] {
                let curve = Curve {
                    values: &[1, 2, 4],
                    scores: &[first, second, third],
                    interpolation,
                };
                let mut ranked: Vec<i64> = votes.iter().flatten().copied().collect();
                ranked.sort_by_key(|value| (core::cmp::Reverse(curve.score(*value).unwrap()), *value));
                for (threshold, default_score) in [(3, 0), (3, 5_000), (3, 7_500), (4, 2_500), (4, FULL_SCORE)] {
                    let place = usize::from(threshold);
                    let from_top = ranked.get(place - 1).copied();
                    let from_bottom = ranked.len().checked_sub(place).map(|place| ranked[place]);
                    let better = from_top.filter(|value| curve.score(*value).unwrap() >= default_score);
                    let worse = from_bottom.filter(|value| curve.score(*value).unwrap() <= default_score);
                    let expected = better.or(worse).map_or(Outcome::Silent, Outcome::Value);
                    let found = at_deadline(&votes, threshold, &curve, default_score);
                    assert_eq!(found, Ok(expected), "{votes:?} {curve:?} {threshold} {default_score}");
                }
            }
        }
    }

    #[test]
    fn with_all_votes_and_the_smallest_threshold_the_median_counts() {
        let votes = [Some(i64::MAX), Some(70), Some(40), Some(i64::MIN), Some(10)];
        assert_eq!(agreed(&votes, 3), Ok(None));
        for default_score in [0, 4_000, FULL_SCORE] {
            assert_eq!(at_deadline(&votes, 3, &RISING, default_score), Ok(Outcome::Value(40)));
            assert_eq!(at_deadline(&votes, 3, &FALLING, default_score), Ok(Outcome::Value(40)));
        }
    }

    #[test]
    fn g8_two_liars_of_five_decide_nothing_once_two_are_absent() {
        // The default is what counts unless three say better, or three say worse.
        let lied_up = [Some(60), Some(100), Some(100), None, None];
        let lied_down = [Some(60), Some(0), Some(0), None, None];
        for (default_score, up, down) in [
            (0, Outcome::Value(60), Outcome::Value(0)),
            (5_000, Outcome::Value(60), Outcome::Silent),
            (6_000, Outcome::Value(60), Outcome::Value(60)),
            (8_000, Outcome::Silent, Outcome::Value(60)),
            (10_000, Outcome::Value(100), Outcome::Value(60)),
        ] {
            assert_eq!(
                at_deadline(&lied_up, 3, &RISING, default_score),
                Ok(up),
                "{default_score}"
            );
            assert_eq!(
                at_deadline(&lied_down, 3, &RISING, default_score),
                Ok(down),
                "{default_score}"
            );
        }
    }

    #[test]
    fn g8_one_liar_where_all_must_agree_has_no_veto_over_the_default() {
        let votes = [Some(90), Some(80), Some(70), Some(60), Some(0)];
        assert_eq!(at_deadline(&votes, 5, &RISING, 5_000), Ok(Outcome::Silent));
        assert_eq!(at_deadline(&votes, 5, &RISING, 0), Ok(Outcome::Value(0)));
        assert_eq!(at_deadline(&votes, 5, &RISING, 10_000), Ok(Outcome::Value(90)));
    }

    #[test]
    fn of_equal_scores_the_order_is_that_of_the_values() {
        // All score 10,000: the third from the top is the third lowest, the third from the bottom the second.
        let beyond = [Some(500), Some(600), Some(400), Some(700)];
        assert_eq!(at_deadline(&beyond, 3, &RISING, 10_000), Ok(Outcome::Value(600)));
        // All score 0, less than the default.
        assert_eq!(at_deadline(&beyond, 3, &FALLING, 10_000), Ok(Outcome::Value(500)));
    }

    #[test]
    fn silence_cannot_be_worth_more_than_the_target() {
        assert_eq!(at_deadline(&[Some(1)], 1, &RISING, 10_001), Err(Error::ScoreTooHigh));
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
    fn what_the_deadline_gives_counts_from_the_end_of_voting() {
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
    fn g8_the_price_is_the_median_of_the_votes_and_the_missing_defaults() {
        let allowed = [(1, 1), (2, 2), (3, 2), (3, 3), (4, 3), (5, 3), (5, 4), (5, 5)];
        for (oracles, threshold) in allowed {
            for number in 0..4usize.pow(oracles) {
                // Each oracle votes 1, 2 or 3, or not at all.
                let votes = (0..oracles).map(|oracle| i64::try_from(number / 4usize.pow(oracle) % 4).ok());
                let votes: Vec<Option<i64>> = votes.map(|vote| vote.filter(|vote| *vote > 0)).collect();
                for default_price in 1..=3 {
                    let needed = usize::try_from(2 * threshold - 1).unwrap();
                    let mut prices: Vec<i64> = votes.iter().flatten().copied().collect();
                    prices.resize(needed, default_price);
                    prices.sort_unstable();
                    let outcome = price_at_deadline(&votes, u8::try_from(threshold).unwrap(), default_price).unwrap();
                    let price = price_of(outcome, default_price);
                    assert_eq!(price, prices[needed / 2], "{votes:?} {threshold} {default_price}");
                    // A default that nobody voted for is silence, so that its dispute is one of a silence.
                    assert!(outcome == Outcome::Silent || votes.contains(&Some(price)));
                }
            }
        }
        assert_eq!(price_at_deadline(&[None; 2], 1, 1), Err(Error::BadThreshold));
    }

    #[test]
    fn silence_scores_the_default() {
        assert_eq!(score_of(Outcome::Silent, &RISING, 10_000), Ok(10_000));
        assert_eq!(score_of(Outcome::Silent, &RISING, 2_500), Ok(2_500));
        assert_eq!(score_of(Outcome::Silent, &RISING, 10_001), Err(Error::ScoreTooHigh));
        assert_eq!(score_of(Outcome::Value(50), &RISING, 10_001), Ok(5_000));
    }
}
