//! Scores against an exact floor in `i128`; a curve's shape between its points; the refusal of what is no curve.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout_core::{
        Error, MAX_CURVE_POINTS, MAX_SCORE,
        curve::{Curve, Interpolation},
    },
    earnout_fuzz::shapes::Signed,
    libfuzzer_sys::fuzz_target,
};

#[derive(Arbitrary, Debug)]
struct Input {
    values: Vec<Signed>,
    scores: Vec<u16>,
    step: bool,
    /// Sort the values and lower the scores, so that most curves are valid.
    repaired: bool,
    probes: Vec<Signed>,
}

fuzz_target!(|input: Input| {
    let mut values: Vec<i64> = input.values.iter().map(|value| value.0).collect();
    let mut scores = input.scores;
    if input.repaired {
        values.sort_unstable();
        values.dedup();
        values.truncate(MAX_CURVE_POINTS);
        scores.resize(values.len(), 0);
        scores.iter_mut().for_each(|score| *score %= MAX_SCORE + 1);
    }
    let curve = Curve {
        values: &values,
        scores: &scores,
        interpolation: if input.step {
            Interpolation::Step
        } else {
            Interpolation::Linear
        },
    };
    let expected = flaw(&curve);
    assert_eq!(curve.validate().err(), expected, "{curve:?}");
    assert_eq!(curve.max_score(), scores.iter().copied().max().unwrap_or(0));

    let mut probes: Vec<i64> = input.probes.iter().map(|value| value.0).take(16).collect();
    if expected.is_some() {
        for probe in probes {
            let lengths_fit = matches!(expected, Some(Error::PointsNotRising | Error::ScoreTooHigh));
            // Points out of order score nothing sensible, but never panic.
            assert!(lengths_fit || curve.score(probe) == Err(expected.unwrap_or(Error::Overflow)));
            let _ = curve.score(probe);
        }
        return;
    }
    for pair in values.windows(2) {
        probes.push(pair[0].midpoint(pair[1]));
    }
    probes.extend(
        values
            .iter()
            .flat_map(|value| [value.saturating_sub(1), *value, value.saturating_add(1)]),
    );
    probes.sort_unstable();

    let scored: Vec<(i64, u16)> = probes
        .iter()
        .map(|probe| (*probe, curve.score(*probe).expect("a score of a valid curve")))
        .collect();
    for (probe, score) in &scored {
        assert_eq!(i128::from(*score), exact(&curve, *probe), "{probe} on {curve:?}");
        assert!(*score <= curve.max_score());
    }
    check_direction(&curve, &scored);
    for (value, score) in values.iter().zip(&scores) {
        assert_eq!(curve.score(*value), Ok(*score));
    }
});

/// Why the design (section 4) does not let this be a curve.
fn flaw(curve: &Curve) -> Option<Error> {
    let points = curve.values.len();
    if points == 0 {
        Some(Error::TooFewPoints)
    } else if points > 8 {
        Some(Error::TooManyPoints)
    } else if points != curve.scores.len() {
        Some(Error::LengthMismatch)
    } else if (1..points).any(|index| curve.values[index - 1] >= curve.values[index]) {
        Some(Error::PointsNotRising)
    } else if curve.scores.iter().any(|score| *score > 20_000) {
        Some(Error::ScoreTooHigh)
    } else {
        None
    }
}

/// `s0 + floor((s1 − s0)·(v − v0) / (v1 − v0))`; the first score below the first point, the last above the last.
fn exact(curve: &Curve, value: i64) -> i128 {
    let after = curve.values.partition_point(|point| *point <= value);
    if after == 0 {
        return i128::from(curve.scores[0]);
    }
    let s0 = i128::from(curve.scores[after - 1]);
    if after == curve.values.len() || curve.interpolation == Interpolation::Step {
        return s0;
    }
    let s1 = i128::from(curve.scores[after]);
    let (v0, v1) = (i128::from(curve.values[after - 1]), i128::from(curve.values[after]));
    s0 + ((s1 - s0) * (i128::from(value) - v0)).div_euclid(v1 - v0)
}

/// Between two points the score moves from the one's to the other's and never back.
fn check_direction(curve: &Curve, scored: &[(i64, u16)]) {
    for (values, scores) in curve.values.windows(2).zip(curve.scores.windows(2)) {
        let between = scored
            .iter()
            .filter(|(probe, _)| (values[0]..=values[1]).contains(probe));
        let between: Vec<u16> = between.map(|(_, score)| *score).collect();
        let rises = scores[0] <= scores[1];
        assert!(
            between.is_sorted_by(|one, next| if rises { one <= next } else { one >= next }),
            "{between:?} between {scores:?}"
        );
    }
}
