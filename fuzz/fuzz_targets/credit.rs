//! Credits against the two sums of the design, on any lists; and what a score can and cannot change.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout_core::{
        FULL_CREDIT, FULL_WEIGHT, MAX_KPIS, MAX_SCORE,
        credit::{Combination, check_weights, credit, kpi_credit, max_credit},
    },
    earnout_fuzz::shapes::{Score, Weights},
    libfuzzer_sys::fuzz_target,
};

#[derive(Arbitrary, Debug)]
struct Input {
    any_time: u16,
    any_weights: Vec<u16>,
    any_scores: Vec<u16>,
    any_credit: u64,
    weakest: bool,
    weights: Weights,
    scores: [Score; 16],
    raised: u8,
    by: u16,
}

fuzz_target!(|input: Input| {
    let combination = if input.weakest {
        Combination::Weakest
    } else {
        Combination::WeightedSum
    };
    check_anything(&input, combination);
    check_valid(&input, combination);
});

/// Lists that need not belong together: refused where the design gives no meaning, else exact.
fn check_anything(input: &Input, combination: Combination) {
    let (time, weights, scores) = (input.any_time, &input.any_weights, &input.any_scores);
    let sum = u64::from(time) + weights.iter().copied().map(u64::from).sum::<u64>();
    let weights_fit = weights.len() <= MAX_KPIS && sum == u64::from(FULL_WEIGHT);
    assert_eq!(check_weights(time, weights).is_ok(), weights_fit);

    let counted = || weights.iter().zip(scores).filter(|(weight, _)| **weight > 0);
    let has_meaning = weights.len() <= MAX_KPIS
        && weights.len() == scores.len()
        && time <= FULL_WEIGHT
        && counted().all(|(_, score)| *score <= MAX_SCORE);
    let found = kpi_credit(combination, time, weights, scores);
    assert_eq!(
        found.ok(),
        has_meaning.then(|| model(combination, time, weights, scores))
    );

    let whole = u64::from(time) * 10_000;
    let expected = whole.checked_add(input.any_credit).filter(|_| time <= FULL_WEIGHT);
    assert_eq!(credit(time, input.any_credit).ok(), expected);
}

/// The weights of a grant.
fn check_valid(input: &Input, combination: Combination) {
    let Weights { time, kpis } = &input.weights;
    assert_eq!(check_weights(*time, kpis), Ok(()));
    let mut scores: Vec<u16> = input.scores.iter().map(|score| score.0).take(kpis.len()).collect();
    let of = |scores: &[u16]| {
        let results = kpi_credit(combination, *time, kpis, scores).expect("a credit of valid weights");
        assert_eq!(results, model(combination, *time, kpis, scores));
        credit(*time, results).expect("a credit of valid weights")
    };
    let before = of(&scores);
    assert!(before <= 2 * FULL_CREDIT);
    let by_sum = kpi_credit(Combination::WeightedSum, *time, kpis, &scores).ok();
    let by_weakest = kpi_credit(Combination::Weakest, *time, kpis, &scores).ok();
    assert!(
        by_weakest <= by_sum,
        "the lowest score cannot count for more than all of them"
    );

    // Targets met pay the tranche in full: no weight is lost, whoever has it.
    let met = vec![10_000; kpis.len()];
    assert_eq!(of(&met), FULL_CREDIT);

    // A higher score never costs anything, and its best decides what is reserved.
    let raised = usize::from(input.raised) % kpis.len();
    scores[raised] = scores[raised].saturating_add(input.by).min(MAX_SCORE);
    let after = of(&scores);
    assert!(after >= before);
    let most = max_credit(combination, *time, kpis, &scores).expect("a credit of valid weights");
    assert_eq!(most, after.max(FULL_CREDIT));
}

/// Design section 5.
fn model(combination: Combination, time: u16, weights: &[u16], scores: &[u16]) -> u64 {
    let weighted = weights.iter().zip(scores).filter(|(weight, _)| **weight > 0);
    match combination {
        Combination::WeightedSum => weighted
            .map(|(weight, score)| u64::from(*weight) * u64::from(*score))
            .sum(),
        Combination::Weakest => {
            let lowest = weighted.map(|(_, score)| *score).min().unwrap_or(0);
            u64::from(FULL_WEIGHT - time) * u64::from(lowest)
        }
    }
}
