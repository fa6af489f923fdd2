//! What a minority of oracles can do to a score, on the built program: for every size of the set and every threshold,
//! mixtures of honest, lying and absent oracles. Every mixture there is, on the arithmetic alone:
//! `crates/core/tests/it/voting.rs`.

use {crate::rng::Rng, earnout_tests::*};

/// A curve, and what it gives, written down again.
type Shape = (&'static str, &'static [(i64, u16)], Interpolation, fn(i64) -> i64);

const SHAPES: [Shape; 4] = [
    ("rising", &[(0, 0), (20, 20_000)], Interpolation::Linear, |value| {
        1_000 * value
    }),
    ("falling", &[(0, 20_000), (20, 0)], Interpolation::Linear, |value| {
        20_000 - 1_000 * value
    }),
    (
        "hill",
        &[(0, 0), (10, 20_000), (20, 0)],
        Interpolation::Linear,
        |value| 20_000 - 2_000 * (value - 10).abs(),
    ),
    (
        "steps",
        &[(0, 2_000), (5, 6_000), (9, 9_000)],
        Interpolation::Step,
        |value| match value {
            ..5 => 2_000,
            5..9 => 6_000,
            _ => 9_000,
        },
    ),
];

const DEFAULTS: [u16; 4] = [0, 4_000, 7_500, 10_000];

const HONEST: [i64; 4] = [4, 6, 7, 9];
const LIES: [i64; 4] = [0, 5, 8, 20];

/// Each shape with each default.
fn kpis() -> Vec<KpiArgs> {
    let each = SHAPES
        .iter()
        .flat_map(|shape| DEFAULTS.map(|default_score| (shape, default_score)));
    each.map(|((name, points, interpolation, _), default_score)| KpiArgs {
        interpolation: *interpolation,
        points: points
            .iter()
            .map(|&(value, score)| CurvePoint { value, score })
            .collect(),
        default_score,
        ..kpi(&format!("{name} {default_score}"), Scope::Shared)
    })
    .collect()
}

impl Rng {
    /// As many as `count` of these, each drawn anew.
    fn draw(&mut self, count: usize, of: [i64; 4]) -> Vec<i64> {
        (0..count).map(|_| of[self.index(4)]).collect()
    }
}

/// The outcome in scores: the median of the votes and of as many defaults as are missing to `2 * threshold - 1`.
fn median(scores: &[i64], threshold: usize, default_score: i64) -> i64 {
    let mut scores = scores.to_vec();
    scores.resize(2 * threshold - 1, default_score);
    scores.sort_unstable();
    scores[threshold - 1]
}

#[test]
fn g8_no_minority_of_640_mixtures_leaves_the_range_of_the_honest_votes_and_the_default() {
    let mut world = World::new(TokenProgram::Spl);
    while world.oracles.len() < 8 {
        let oracle = world.chain.key();
        world.remember(oracle.insecure_clone());
        world.oracles.push(oracle);
    }
    let keys: Vec<Pubkey> = world.oracles.iter().map(Signer::pubkey).collect();
    let (mut numbers, mut mixtures, mut plan_id) = (Rng(10), 0, 0);
    for oracles in 1..=8usize {
        for threshold in oracles / 2 + 1..=oracles {
            plan_id += 1;
            let args = CreatePlanArgs {
                plan_id,
                oracles: keys[..oracles].to_vec(),
                threshold: u8::try_from(threshold).unwrap(),
                ..undisputed_terms()
            };
            world.chain.set_time(GENESIS);
            world.token.plan = world.active_plan(args, &kpis(), 800_000);
            let (_, grant) = world.grant(400_000, &[625; 16]);
            for period in 0..2 {
                world.after_period(period, 0);
                let mut expected = Vec::new();
                for kpi in 0..16u8 {
                    let (_, _, _, score) = SHAPES[usize::from(kpi / 4)];
                    let default_score = i64::from(DEFAULTS[usize::from(kpi % 4)]);
                    let lying = numbers.index(threshold);
                    let honest = numbers.index(oracles - lying + 1);
                    let honest = numbers.draw(honest, HONEST);
                    let mut votes: Vec<i64> = honest.iter().copied().chain(numbers.draw(lying, LIES)).collect();
                    numbers.shuffle(&mut votes);
                    let mut seats: Vec<usize> = (0..oracles).collect();
                    numbers.shuffle(&mut seats);
                    let mut resolved = None;
                    for (seat, value) in seats.iter().zip(&votes) {
                        world.attest(*seat, kpi, period, None, *value).unwrap();
                        let agreed = world.attestation(kpi, period).tally().unwrap().agreed;
                        // A late vote is taken and changes nothing.
                        assert!(resolved.is_none() || resolved == agreed, "{votes:?}");
                        resolved = agreed;
                    }
                    // What honest ones did not say is never resolved.
                    assert!(
                        resolved.is_none_or(|value| honest.contains(&value)),
                        "{honest:?} of {votes:?}"
                    );
                    let mut range: Vec<i64> = honest.iter().map(|value| score(*value)).collect();
                    if honest.len() < threshold {
                        range.push(default_score);
                    }
                    let all: Vec<i64> = votes.iter().map(|value| score(*value)).collect();
                    let range = *range.iter().min().unwrap()..=*range.iter().max().unwrap();
                    expected.push((median(&all, threshold, default_score), range, honest, votes));
                    mixtures += 1;
                }
                world.after_windows(period);
                let scores = world.settled(&grant).scores;
                for (found, (median, range, honest, votes)) in scores.iter().zip(expected) {
                    let found = i64::from(*found);
                    let said = format!("{honest:?} of {votes:?}, {threshold} of {oracles} needed");
                    assert!(range.contains(&found), "{found} is out of {range:?}: {said}");
                    assert_eq!(found, median, "{said}");
                }
            }
        }
    }
    assert_eq!(mixtures, 640);
}

/// Oracles, threshold, honest votes, lies, what is settled.
type Case = (usize, u8, &'static [i64], &'static [i64], u64);

#[test]
fn g8_liars_decide_nothing_when_honest_oracles_are_absent() {
    // Of 100,000; silence scores 4,000.
    let cases: [Case; 6] = [
        // Two of five are absent and two lie: not even together with the honest one are they three that say so.
        (5, 3, &[6], &[20, 20], 60_000),
        (5, 3, &[6], &[0, 0], 40_000),
        // All of eight are needed, five lie.
        (8, 8, &[6, 6, 6], &[20; 5], 60_000),
        (8, 8, &[6, 6, 6], &[0; 5], 40_000),
        // Three of four.
        (4, 3, &[0], &[20, 20], 40_000),
        // One liar of five that must be unanimous has no veto down to 0.
        (5, 5, &[9, 9, 9, 9], &[0], 40_000),
    ];
    let mut world = World::new(TokenProgram::Spl);
    while world.oracles.len() < 8 {
        let oracle = world.chain.key();
        world.remember(oracle.insecure_clone());
        world.oracles.push(oracle);
    }
    let keys: Vec<Pubkey> = world.oracles.iter().map(Signer::pubkey).collect();
    let rising = KpiArgs {
        default_score: 4_000,
        ..kpis().swap_remove(0)
    };
    for (plan_id, (oracles, threshold, honest, lies, earned)) in (1..).zip(cases) {
        let args = CreatePlanArgs {
            plan_id,
            oracles: keys[..oracles].to_vec(),
            threshold,
            ..undisputed_terms()
        };
        world.chain.set_time(GENESIS);
        world.token.plan = world.active_plan(args, std::slice::from_ref(&rising), 800_000);
        let (_, grant) = world.grant(400_000, &[10_000]);
        world.after_period(0, 0);
        for (seat, value) in honest.iter().chain(lies).enumerate() {
            world.attest(seat, 0, 0, None, *value).unwrap();
        }
        world.after_windows(0);
        assert_eq!(world.settled(&grant).earned, earned, "{honest:?} {lies:?}");
    }
}
