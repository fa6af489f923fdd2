//! Agreement, outcome at the deadline and finality against a naive reading of design section 6; no order of the votes
//! matters.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout_core::{
        Error, MAX_SCORE,
        calendar::Windows,
        curve::{Curve, Interpolation},
        quorum::{
            Evaluation, Finality, Outcome, Ruling, agreed, at_deadline, challenge_window, finality, score_of,
            strict_majority,
        },
    },
    earnout_fuzz::shapes::Signed,
    libfuzzer_sys::fuzz_target,
    std::collections::BTreeMap,
};

#[derive(Arbitrary, Debug)]
struct Input {
    votes: Vec<Option<Vote>>,
    threshold: u8,
    any_threshold: bool,
    /// Two points, values and scores.
    curve: ([Signed; 2], [u16; 2]),
    step: bool,
    swaps: Vec<(u8, u8)>,
    default_score: u16,
    times: Times,
}

/// Few different values, so that oracles agree, or any.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Vote {
    Few(u8),
    Any(Signed),
}

#[derive(Arbitrary, Debug)]
struct Times {
    end: Signed,
    windows: [u32; 3],
    resolved: Option<(Signed, u32)>,
    disputed_after: Option<u32>,
    ruling: Option<Option<Signed>>,
    now: Signed,
}

fuzz_target!(|input: Input| {
    let vote = |vote: &Vote| match vote {
        Vote::Few(few) => i64::from(few % 4),
        Vote::Any(any) => any.0,
    };
    let votes: Vec<Option<i64>> = input
        .votes
        .iter()
        .take(10)
        .map(|entry| entry.as_ref().map(vote))
        .collect();
    let count = u8::try_from(votes.len()).unwrap_or(u8::MAX);
    let threshold = if input.any_threshold || votes.is_empty() {
        input.threshold
    } else {
        let majority = strict_majority(count);
        majority + input.threshold % (count - majority + 1)
    };
    let (ends, scores) = &input.curve;
    let mut values = ends.map(|end| end.0);
    values.sort_unstable();
    let points = if values[0] == values[1] { 1 } else { 2 };
    let scores = scores.map(|score| score % (MAX_SCORE + 1));
    let curve = Curve {
        values: &values[..points],
        scores: &scores[..points],
        interpolation: if input.step {
            Interpolation::Step
        } else {
            Interpolation::Linear
        },
    };

    let default_score = input.default_score % 10_001;
    let outcome = check_votes(&votes, threshold, &curve, default_score, &input.swaps);
    if let Some(outcome) = outcome {
        let score = score_of(outcome, &curve, default_score);
        match outcome {
            Outcome::Value(value) => assert_eq!(score, curve.score(value)),
            Outcome::Silent => assert_eq!(score, Ok(default_score)),
        }
        let mut scores: Vec<u16> = votes.iter().flatten().map(|vote| score_in(&curve, *vote)).collect();
        scores.resize(2 * usize::from(threshold) - 1, default_score);
        scores.sort_unstable();
        assert_eq!(
            score,
            Ok(scores[usize::from(threshold) - 1]),
            "the median of {votes:?} and defaults"
        );
        if input.default_score > 10_000 {
            let refused = Err(Error::ScoreTooHigh);
            assert_eq!(at_deadline(&votes, threshold, &curve, input.default_score), refused);
            assert_eq!(
                score_of(Outcome::Silent, &curve, input.default_score),
                refused.map(|_: Outcome| 0)
            );
        }
    }
    check_finality(&input.times, outcome.unwrap_or(Outcome::Silent));
});

fn score_in(curve: &Curve, value: i64) -> u16 {
    curve.score(value).expect("a score of a valid curve")
}

fn check_votes(
    votes: &[Option<i64>],
    threshold: u8,
    curve: &Curve,
    default_score: u16,
    swaps: &[(u8, u8)],
) -> Option<Outcome> {
    let agreement = agreed(votes, threshold);
    let outcome = at_deadline(votes, threshold, curve, default_score);
    let oracles = votes.len();
    let needed = usize::from(threshold);
    if !(1..=8).contains(&oracles) || 2 * needed <= oracles || needed > oracles {
        assert!(agreement.is_err());
        assert_eq!(agreement.err(), outcome.err());
        return None;
    }

    let mut cast: Vec<i64> = votes.iter().flatten().copied().collect();
    cast.sort_unstable();
    let mut tally = BTreeMap::new();
    for value in &cast {
        *tally.entry(*value).or_insert(0usize) += 1;
    }
    let winners: Vec<i64> = tally
        .iter()
        .filter(|(_, votes)| **votes >= needed)
        .map(|(value, _)| *value)
        .collect();
    assert!(winners.len() <= 1, "two values with a majority each: {winners:?}");
    assert_eq!(agreement, Ok(winners.first().copied()));

    let expected = if cast.len() < needed {
        Outcome::Silent
    } else {
        // Stable: equal scores stay in the order of the values.
        cast.sort_by_key(|value| std::cmp::Reverse(score_in(curve, *value)));
        let (from_top, from_bottom) = (cast[needed - 1], cast[cast.len() - needed]);
        if score_in(curve, from_top) >= default_score {
            Outcome::Value(from_top)
        } else if score_in(curve, from_bottom) <= default_score {
            Outcome::Value(from_bottom)
        } else {
            Outcome::Silent
        }
    };
    assert_eq!(outcome, Ok(expected), "of {votes:?}");
    if let Some(winner) = winners.first() {
        assert_eq!(expected, Outcome::Value(*winner), "agreement and outcome differ");
    }

    let mut shuffled = votes.to_vec();
    for (one, other) in swaps.iter().take(32) {
        shuffled.swap(usize::from(*one) % oracles, usize::from(*other) % oracles);
        assert_eq!(agreed(&shuffled, threshold), agreement);
        assert_eq!(at_deadline(&shuffled, threshold, curve, default_score), outcome);
    }
    Some(expected)
}

fn check_finality(times: &Times, at_deadline: Outcome) {
    let [attest_secs, challenge_secs, ruling_secs] = times.windows;
    let windows = Windows {
        attest_secs,
        challenge_secs,
        ruling_secs,
    };
    let end = times.end.0;
    let Ok(deadline) = windows.attest_deadline(end) else {
        return;
    };
    // The value is resolved while votes are accepted, and disputed within the challenge window.
    let resolved = times
        .resolved
        .filter(|_| attest_secs > 0)
        .map(|(value, after)| (value.0, end + i64::from(after % attest_secs)));
    let since = resolved.map_or(deadline, |(_, at)| at);
    let disputed_at = times
        .disputed_after
        .filter(|_| challenge_secs > 0)
        .and_then(|after| since.checked_add(i64::from(after % challenge_secs)));
    let ruling = times
        .ruling
        .map(|value| value.map_or(Ruling::Uphold, |value| Ruling::Value(value.0)));
    let evaluation = Evaluation {
        resolved,
        disputed_at,
        ruling,
    };
    let at = |now| finality(&evaluation, at_deadline, deadline, &windows, now);

    if disputed_at.is_none() && ruling.is_some() {
        assert_eq!(at(times.now.0), Err(Error::RulingWithoutDispute));
        return;
    }
    let standing = resolved.map_or(at_deadline, |(value, _)| Outcome::Value(value));
    let (outcome, from) = match (disputed_at, ruling) {
        (_, Some(Ruling::Value(value))) => (Outcome::Value(value), i128::from(since)),
        (_, Some(Ruling::Uphold)) => (standing, i128::from(since)),
        (Some(disputed), None) => (standing, i128::from(disputed) + i128::from(ruling_secs)),
        (None, None) => (standing, i128::from(since) + i128::from(challenge_secs)),
    };
    let window = challenge_window(since, &windows);
    assert_eq!(
        window.ok(),
        i64::try_from(i128::from(since) + i128::from(challenge_secs))
            .ok()
            .map(|to| (since, to))
    );
    let Ok(from) = i64::try_from(from) else {
        assert_eq!(at(times.now.0), Err(Error::Overflow));
        return;
    };
    for now in [
        from,
        from.saturating_add(1),
        times.now.0,
        i64::MAX,
        from.saturating_sub(1),
        i64::MIN,
    ] {
        let expected = if now >= from {
            Finality::Final(outcome)
        } else {
            Finality::NotBefore(from)
        };
        assert_eq!(at(now), Ok(expected));
    }
    // Whatever anyone does or fails to do.
    if let Ok(latest) = windows.settle_deadline(end) {
        assert_eq!(at(latest), Ok(Finality::Final(outcome)));
    }
}
