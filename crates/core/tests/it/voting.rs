//! What a minority of oracles can do when voting is over, shown on every set of up to 8 oracles, every threshold and
//! every number of honest, lying and absent ones.

use {
    earnout_core::{
        MAX_ORACLES,
        curve::{Curve, Interpolation},
        quorum::{Outcome, agreed, at_deadline, score_of, strict_majority},
    },
    std::collections::BTreeMap,
};

const fn curve<'a>(values: &'a [i64], scores: &'a [u16], interpolation: Interpolation) -> Curve<'a> {
    Curve {
        values,
        scores,
        interpolation,
    }
}

/// More is better, less is better, the middle is best, and one with equal scores for different values.
const CURVES: [Curve<'static>; 4] = [
    curve(&[0, 20], &[0, 20_000], Interpolation::Linear),
    curve(&[0, 20], &[20_000, 0], Interpolation::Linear),
    curve(&[0, 10, 20], &[0, 20_000, 0], Interpolation::Linear),
    curve(&[0, 5, 9], &[2_000, 6_000, 9_000], Interpolation::Step),
];

/// The lowest, some between, two of them scores of votes, and the highest.
const DEFAULTS: [u16; 5] = [0, 4_000, 6_000, 7_500, 10_000];

/// What honest oracles may report, who measure nearly the same.
const HONEST: [i64; 4] = [4, 6, 7, 9];

/// What others report: lower, in between, higher, on both sides at once.
const LIES: [i64; 4] = [0, 5, 8, 20];

/// Every choice of `size` of these, in which order does not count.
fn choices(of: &[i64], size: usize) -> Vec<Vec<i64>> {
    let Some((first, rest)) = of.split_first() else {
        return if size == 0 { vec![vec![]] } else { vec![] };
    };
    let with = |count: usize| {
        choices(rest, size - count)
            .into_iter()
            .map(move |others| [vec![*first; count], others].concat())
    };
    (0..=size).flat_map(with).collect()
}

fn oracles() -> impl Iterator<Item = (usize, u8)> {
    (1..=MAX_ORACLES).flat_map(|oracles| {
        let all = u8::try_from(oracles).unwrap();
        (strict_majority(all)..=all).map(move |threshold| (oracles, threshold))
    })
}

fn score_at_deadline(votes: &[Option<i64>], threshold: u8, curve: &Curve, default_score: u16) -> (Outcome, u16) {
    let outcome = at_deadline(votes, threshold, curve, default_score).unwrap();
    (outcome, score_of(outcome, curve, default_score).unwrap())
}

/// The median of the scores and of as many defaults as are missing to `2·threshold − 1`.
fn median(votes: &[Option<i64>], threshold: u8, curve: &Curve, default_score: u16) -> u16 {
    let needed = usize::from(threshold);
    let mut scores: Vec<u16> = votes.iter().flatten().map(|vote| curve.score(*vote).unwrap()).collect();
    scores.resize(2 * needed - 1, default_score);
    scores.sort_unstable();
    scores[needed - 1]
}

/// What fewer liars than the threshold must not be able to do to `honest` votes among `votes`.
fn check(honest: &[i64], votes: &[Option<i64>], threshold: u8, curve: &Curve, default_score: u16) {
    let needed = usize::from(threshold);
    let cast = votes.iter().flatten().count();
    let said = || format!("{honest:?} of {votes:?}, {threshold} needed, default {default_score}, {curve:?}");

    let agreement = agreed(votes, threshold).unwrap();
    if let Some(value) = agreement {
        assert!(honest.contains(&value), "liars alone resolved {value}: {}", said());
    }
    let (outcome, score) = score_at_deadline(votes, threshold, curve, default_score);
    if let Some(value) = agreement {
        assert_eq!(
            outcome,
            Outcome::Value(value),
            "agreed on before the deadline: {}",
            said()
        );
    }
    if cast < needed {
        assert_eq!(outcome, Outcome::Silent, "{}", said());
    }
    if let Some(value) = honest
        .iter()
        .find(|value| honest.iter().filter(|other| other == value).count() >= needed)
    {
        assert_eq!(outcome, Outcome::Value(*value), "enough honest ones agree: {}", said());
    }
    let mut range: Vec<u16> = honest.iter().map(|value| curve.score(*value).unwrap()).collect();
    if honest.len() < needed {
        range.push(default_score);
    }
    let (least, most) = (*range.iter().min().unwrap(), *range.iter().max().unwrap());
    assert!(
        (least..=most).contains(&score),
        "{score} is out of {least} to {most}: {}",
        said()
    );
    assert_eq!(score, median(votes, threshold, curve, default_score), "{}", said());
}

#[test]
fn g8_no_minority_of_any_mixture_leaves_the_range_of_the_honest_votes_and_the_default() {
    let mut mixtures = 0u32;
    for (oracles, threshold) in oracles() {
        for lying in 0..usize::from(threshold) {
            for honest in 0..=oracles - lying {
                mixtures += 1;
                for honest in choices(&HONEST, honest) {
                    for lies in choices(&LIES, lying) {
                        let cast = honest.iter().chain(&lies).copied().map(Some);
                        let votes: Vec<Option<i64>> = cast.chain([None; MAX_ORACLES]).take(oracles).collect();
                        for curve in &CURVES {
                            for default_score in DEFAULTS {
                                check(&honest, &votes, threshold, curve, default_score);
                            }
                        }
                    }
                }
            }
        }
    }
    // For each set and threshold, of l liars below the threshold: one for each number of honest ones among the rest.
    let expected: usize = oracles_and_liars().map(|(oracles, lying)| oracles - lying + 1).sum();
    assert_eq!(usize::try_from(mixtures).unwrap(), expected);
}

fn oracles_and_liars() -> impl Iterator<Item = (usize, usize)> {
    oracles().flat_map(|(oracles, threshold)| (0..usize::from(threshold)).map(move |lying| (oracles, lying)))
}

/// So the bound is the best there is: as many as the threshold decide.
#[test]
fn as_many_as_the_threshold_decide_alone() {
    for (oracles, threshold) in oracles() {
        for default_score in DEFAULTS {
            for lie in LIES {
                let mut votes = vec![Some(6); oracles];
                votes[..usize::from(threshold)].fill(Some(lie));
                assert_eq!(agreed(&votes, threshold), Ok(Some(lie)));
                let outcome = at_deadline(&votes, threshold, &CURVES[0], default_score);
                assert_eq!(outcome, Ok(Outcome::Value(lie)));
            }
        }
    }
}

/// The vote with this number: absent, or one of three values.
fn vote(number: usize) -> Option<i64> {
    [None, Some(3), Some(6), Some(20)][number % 4]
}

#[test]
fn g4_g8_every_order_of_the_same_votes_gives_the_same() {
    for (oracles, threshold) in oracles() {
        for default_score in [0, 6_000, 10_000] {
            let mut by_votes = BTreeMap::new();
            for number in 0..4usize.pow(u32::try_from(oracles).unwrap()) {
                let place = |position| number / 4usize.pow(u32::try_from(position).unwrap());
                let votes: Vec<Option<i64>> = (0..oracles).map(|position| vote(place(position))).collect();
                let found = (
                    agreed(&votes, threshold).unwrap(),
                    score_at_deadline(&votes, threshold, &CURVES[0], default_score),
                );
                let mut sorted = votes;
                sorted.sort_unstable();
                let first = by_votes.entry(sorted).or_insert(found);
                assert_eq!(*first, found);
            }
            // Four kinds of votes: as many as there are ways to choose.
            let ways = (oracles + 1) * (oracles + 2) * (oracles + 3) / 6;
            assert_eq!(by_votes.len(), ways);
        }
    }
}
