//! What must hold for every input, each shown on 10,000 random ones: against the model in `model`, or as a statement of
//! its own. Where a test shows one of the project's guarantees, its name begins with the guarantee's number.

use {
    super::model::{self, amount, int},
    earnout_core::{
        Error, FULL_CREDIT, FULL_SCORE, FULL_WEIGHT, MAX_ORACLES, MAX_SCORE,
        calendar::{Cadence, Calendar, Windows, add_months},
        credit::{Combination, check_weights, credit, kpi_credit, max_credit},
        curve::{Curve, Interpolation},
        quorum::{
            Evaluation, Finality, Outcome, Ruling, agreed, at_deadline, challenge_window, finality, score_of,
            strict_majority,
        },
        redistribution::bonus,
        release::{Earnings, Release, vested},
        tranche::{UnearnedPolicy, cut, reserve, settle, tranche, unsettled},
    },
    num_bigint::BigInt,
    proptest::{
        array::{uniform2, uniform4},
        collection::{btree_set, vec},
        prelude::*,
        sample::select,
    },
};

/// 10,000 inputs for each property, or as many as `PROPTEST_CASES` says: the mutation check needs far fewer.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig {
            cases: 10_000,
            ..config
        },
    }
}

// ---------------------------------------------------------------------------------------------------- random inputs

/// Amounts of every size: dust, usual, the largest.
fn amounts() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 0..=1_000u64,
        3 => 0..=1_000_000_000_000_000u64,
        2 => any::<u64>(),
        1 => select(&[u64::MAX, u64::MAX - 1, u64::MAX / 2, FULL_CREDIT, FULL_CREDIT - 1][..]),
    ]
}

/// Whole numbers of every size, the ends of the type included.
fn values() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -20..=20i64,
        2 => -1_000_000..=1_000_000i64,
        2 => any::<i64>(),
        1 => select(&[i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX][..]),
    ]
}

fn policies() -> impl Strategy<Value = UnearnedPolicy> {
    select(
        &[
            UnearnedPolicy::Return,
            UnearnedPolicy::CarryOver,
            UnearnedPolicy::Redistribute,
        ][..],
    )
}

fn combinations() -> impl Strategy<Value = Combination> {
    select(&[Combination::WeightedSum, Combination::Weakest][..])
}

fn releases() -> impl Strategy<Value = Release> {
    select(&[Release::AtSettlement, Release::Linear][..])
}

/// A valid curve that owns its points.
#[derive(Clone, Debug)]
struct Points {
    values: Vec<i64>,
    scores: Vec<u16>,
    interpolation: Interpolation,
}

impl Points {
    fn curve(&self) -> Curve<'_> {
        Curve {
            values: &self.values,
            scores: &self.scores,
            interpolation: self.interpolation,
        }
    }

    fn pairs(&self) -> Vec<(i64, u16)> {
        self.values.iter().copied().zip(self.scores.iter().copied()).collect()
    }

    fn linear(&self) -> bool {
        self.interpolation == Interpolation::Linear
    }
}

fn curves() -> impl Strategy<Value = Points> {
    (btree_set(values(), 1..=8), vec(0..=MAX_SCORE, 8), any::<bool>()).prop_map(|(values, mut scores, linear)| {
        scores.truncate(values.len());
        let interpolation = if linear {
            Interpolation::Linear
        } else {
            Interpolation::Step
        };
        Points {
            values: values.into_iter().collect(),
            scores,
            interpolation,
        }
    })
}

/// The weights of a grant: time, and up to 16 KPIs, some of them without weight.
fn weights() -> impl Strategy<Value = (u16, Vec<u16>)> {
    let cut = || prop_oneof![6 => 0..=FULL_WEIGHT, 1 => Just(0), 1 => Just(FULL_WEIGHT)];
    prop_oneof![4 => vec(cut(), 0..=4), 1 => vec(cut(), 0..=16)].prop_map(|mut cuts| {
        cuts.sort();
        cuts.push(FULL_WEIGHT);
        let weights = cuts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        (cuts[0], weights)
    })
}

/// Weights, how they are combined, and for each KPI the best score it can get.
#[derive(Clone, Debug)]
struct Terms {
    combination: Combination,
    time: u16,
    weights: Vec<u16>,
    best: Vec<u16>,
}

impl Terms {
    fn weakest(&self) -> bool {
        self.combination == Combination::Weakest
    }

    fn highest_credit(&self) -> u64 {
        max_credit(self.combination, self.time, &self.weights, &self.best).unwrap()
    }

    /// The credit for results and the whole credit.
    fn credits(&self, scores: &[u16]) -> (u64, u64) {
        let results = kpi_credit(self.combination, self.time, &self.weights, scores).unwrap();
        (results, credit(self.time, results).unwrap())
    }

    /// As many scores as there are KPIs, none above the best.
    fn possible(&self, scores: &[u16]) -> Vec<u16> {
        self.best
            .iter()
            .zip(scores)
            .map(|(best, score)| *best.min(score))
            .collect()
    }
}

fn terms() -> impl Strategy<Value = Terms> {
    (combinations(), weights(), vec(0..=MAX_SCORE, 16)).prop_map(|(combination, (time, weights), mut best)| {
        best.truncate(weights.len());
        Terms {
            combination,
            time,
            weights,
            best,
        }
    })
}

/// A grant and all that ever happens to it.
#[derive(Clone, Debug)]
struct Life {
    terms: Terms,
    policy: UnearnedPolicy,
    allocation: u64,
    /// For each period the scores.
    scores: Vec<Vec<u16>>,
    /// In which period it is terminated, and how many seconds of how many were served then.
    termination: Option<(u16, u64, u64)>,
}

impl Life {
    fn periods(&self) -> u16 {
        u16::try_from(self.scores.len()).unwrap()
    }
}

fn lives() -> impl Strategy<Value = Life> {
    let periods = prop_oneof![12 => 1..=8usize, 1 => 1..=120usize];
    let termination = proptest::option::weighted(0.3, (0..120u16, 0..=1_000u64, 1..=1_000u64));
    (terms(), policies(), amounts(), periods, termination).prop_flat_map(
        |(terms, policy, allocation, periods, termination)| {
            let kpis = terms.weights.len();
            vec(vec(0..=MAX_SCORE, kpis), periods).prop_map(move |scores| Life {
                scores: scores.iter().map(|scores| terms.possible(scores)).collect(),
                terms: terms.clone(),
                policy,
                allocation,
                termination: termination.map(|(period, served, length)| {
                    (period % u16::try_from(periods).unwrap(), served.min(length), length)
                }),
            })
        },
    )
}

/// The votes of a set of oracles and a threshold that is a strict majority of it.
fn elections() -> impl Strategy<Value = (Vec<Option<i64>>, u8)> {
    let vote = || proptest::option::weighted(0.8, prop_oneof![3 => 0..=3i64, 1 => values()]);
    vec(vote(), 1..=MAX_ORACLES).prop_flat_map(|votes| {
        let oracles = u8::try_from(votes.len()).unwrap();
        (Just(votes), strict_majority(oracles)..=oracles)
    })
}

fn calendars() -> impl Strategy<Value = Calendar> {
    let cadence = prop_oneof![
        (1..=u32::MAX).prop_map(Cadence::Seconds),
        (1..=10_000_000u32).prop_map(Cadence::Seconds),
        (1..=24u16).prop_map(Cadence::Months),
        (1..=u16::MAX).prop_map(Cadence::Months),
    ];
    let start = prop_oneof![0..=7_258_118_400i64, -100_000_000_000..=100_000_000_000i64];
    (start, cadence, 1..=120u16).prop_map(|(start_ts, cadence, period_count)| Calendar {
        start_ts,
        cadence,
        period_count,
    })
}

/// Everything that can happen to one KPI for one period, each step within its window.
#[derive(Clone, Copy, Debug)]
struct Course {
    windows: Windows,
    period_end: i64,
    evaluation: Evaluation,
    at_deadline: Outcome,
}

impl Course {
    fn attest_deadline(&self) -> i64 {
        self.windows.attest_deadline(self.period_end).unwrap()
    }

    fn at(&self, now: i64) -> Finality {
        finality(
            &self.evaluation,
            self.at_deadline,
            self.attest_deadline(),
            &self.windows,
            now,
        )
        .unwrap()
    }
}

fn courses() -> impl Strategy<Value = Course> {
    let windows = (1..=1_000u32, 0..=1_000u32, 1..=1_000u32);
    let resolved = proptest::option::of((values(), 0..1_000i64));
    let dispute = proptest::option::of(0..1_000i64);
    let ruling = proptest::option::of(prop_oneof![Just(Ruling::Uphold), values().prop_map(Ruling::Value)]);
    let outcome = proptest::option::of(values());
    (windows, -10_000..=10_000i64, resolved, dispute, ruling, outcome).prop_map(
        |((attest_secs, challenge_secs, ruling_secs), period_end, resolved, dispute, ruling, outcome)| {
            let resolved = resolved.map(|(value, delay)| (value, period_end + delay % i64::from(attest_secs)));
            let since = resolved.map_or(period_end + i64::from(attest_secs), |(_, at)| at);
            let disputed_at = dispute
                .filter(|_| challenge_secs > 0)
                .map(|delay| since + delay % i64::from(challenge_secs));
            Course {
                windows: Windows {
                    attest_secs,
                    challenge_secs,
                    ruling_secs,
                },
                period_end,
                evaluation: Evaluation {
                    resolved,
                    disputed_at,
                    ruling: ruling.filter(|_| disputed_at.is_some()),
                },
                at_deadline: outcome.map_or(Outcome::Silent, Outcome::Value),
            }
        },
    )
}

fn model_policy(policy: UnearnedPolicy) -> model::Policy {
    match policy {
        UnearnedPolicy::Return => model::Policy::Return,
        UnearnedPolicy::CarryOver => model::Policy::CarryOver,
        UnearnedPolicy::Redistribute => model::Policy::Redistribute,
    }
}

// ---------------------------------------------------------------------------------------------------- a grant's life

/// What a whole life came to.
struct Totals {
    /// What was reserved when the grant was made.
    reserved: u64,
    earned: u64,
    pooled: u64,
    /// What the reserve gave back over the whole life.
    surplus: u64,
    /// What of the last period was unearned.
    last_unearned: u64,
    /// The tranches as they were settled.
    tranches: Vec<u64>,
}

/// Settles a life to its end and checks after every settlement that the reserve covers what is left; `None` if the
/// grant would have been refused.
fn live(life: &Life) -> Option<Totals> {
    let (n, highest) = (life.periods(), life.terms.highest_credit());
    let reserved = match reserve(life.allocation, highest, 0) {
        Ok(reserved) => reserved,
        Err(error) => {
            assert_eq!(error, Error::Overflow);
            return None;
        }
    };
    let mut totals = Totals {
        reserved,
        earned: 0,
        pooled: 0,
        surplus: 0,
        last_unearned: 0,
        tranches: Vec::new(),
    };
    let (mut held, mut carry) = (reserved, 0);
    for index in 0..n {
        let mut tranche = tranche(life.allocation, index, n).unwrap();
        let mut last = index + 1 == n;
        if let Some((_, served, length)) = life.termination.filter(|termination| termination.0 == index) {
            tranche = cut(tranche, served, length).unwrap();
            last = true;
            let cut_to = reserve(tranche, highest, carry).unwrap();
            totals.surplus += held.checked_sub(cut_to).expect("a cut never needs more");
            held = cut_to;
        }
        let (results, credit) = life.terms.credits(&life.scores[usize::from(index)]);
        let settled = settle(tranche, carry, credit, results, life.policy, last).unwrap();
        let left = if last {
            0
        } else {
            unsettled(life.allocation, index + 1, n).unwrap()
        };
        let after = reserve(left, highest, settled.carry).unwrap();
        let freed = held
            .checked_sub(settled.earned)
            .and_then(|held| held.checked_sub(settled.pooled));
        totals.surplus += freed
            .and_then(|freed| freed.checked_sub(after))
            .expect("the reserve covers every settlement");
        totals.earned += settled.earned;
        totals.pooled += settled.pooled;
        totals.last_unearned = settled.unearned;
        totals.tranches.push(tranche);
        (held, carry) = (after, settled.carry);
        if last {
            break;
        }
    }
    assert_eq!((held, carry), (0, 0), "nothing stays reserved after the last period");
    Some(totals)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn g1_the_reserve_covers_a_whole_life_and_nothing_is_lost(life in lives()) {
        if let Some(totals) = live(&life) {
            let sum = int(totals.earned) + int(totals.pooled) + int(totals.surplus);
            prop_assert_eq!(sum, int(totals.reserved));
        } else {
            let needed = model::reserve(&int(life.allocation), &int(life.terms.highest_credit()), &int(0));
            prop_assert_eq!(amount(&needed), None);
        }
    }

    #[test]
    fn a_whole_life_equals_the_model(life in lives()) {
        let n = life.periods();
        let highest = model::max_credit(life.terms.weakest(), life.terms.time, &life.terms.weights, &life.terms.best);
        prop_assert_eq!(int(life.terms.highest_credit()), highest.clone());
        if amount(&model::reserve(&int(life.allocation), &highest, &int(0))).is_none() {
            return Ok(());
        }
        let (mut carry, mut left) = (0, int(life.allocation));
        for index in 0..n {
            let expected_tranche = model::tranche(life.allocation, index, n);
            let tranche = tranche(life.allocation, index, n).unwrap();
            prop_assert_eq!(int(tranche), expected_tranche.clone());
            left -= &expected_tranche;
            prop_assert_eq!(int(unsettled(life.allocation, index + 1, n).unwrap()), left.clone());

            let scores = &life.scores[usize::from(index)];
            let expected_results =
                model::kpi_credit(life.terms.weakest(), life.terms.time, &life.terms.weights, scores);
            let expected_credit = model::credit(life.terms.time, &expected_results);
            let (results, credit) = life.terms.credits(scores);
            prop_assert_eq!((int(results), int(credit)), (expected_results.clone(), expected_credit.clone()));

            let last = index + 1 == n;
            let settled = settle(tranche, carry, credit, results, life.policy, last).unwrap();
            let policy = model_policy(life.policy);
            let expected =
                model::settle(&expected_tranche, &int(carry), &expected_credit, &expected_results, policy, last);
            prop_assert_eq!(int(settled.earned), expected.earned);
            prop_assert_eq!(int(settled.unearned), expected.unearned);
            prop_assert_eq!(int(settled.carry), expected.carry.clone());
            prop_assert_eq!(int(settled.pooled), expected.pooled);
            prop_assert_eq!(int(settled.unearned - settled.carry - settled.pooled), expected.surplus);
            prop_assert_eq!(int(settled.kpi_amount), expected.kpi_amount);

            carry = settled.carry;
            let reserved = reserve(amount(&left).unwrap(), amount(&highest).unwrap(), carry).unwrap();
            prop_assert_eq!(int(reserved), model::reserve(&left, &highest, &expected.carry));
        }
    }

    #[test]
    fn what_is_carried_over_is_paid_at_most_once(mut life in lives()) {
        life.policy = UnearnedPolicy::CarryOver;
        let Some(totals) = live(&life) else { return Ok(()) };
        // Every unit is paid by the credit of its own period, or in full, or it is unearned at the end.
        let all: BigInt = totals.tranches.iter().zip(&life.scores).map(|(tranche, scores)| {
            let credit = life.terms.credits(scores).1.max(FULL_CREDIT);
            int(*tranche) * int(credit) / int(FULL_CREDIT)
        }).sum();
        prop_assert_eq!(int(totals.earned) + int(totals.last_unearned), all);
    }

    #[test]
    fn g2_no_grant_earns_more_than_its_max_payout(life in lives()) {
        let Some(totals) = live(&life) else { return Ok(()) };
        prop_assert!(totals.earned <= totals.reserved);
        let without_carry = totals.pooled + totals.earned;
        prop_assert!(without_carry <= totals.reserved);
    }

    #[test]
    fn g11_full_scores_pay_the_allocation_exactly(mut life in lives(), release in releases()) {
        life.termination = None;
        life.terms.best.iter_mut().for_each(|best| *best = (*best).max(FULL_SCORE));
        life.scores.iter_mut().flatten().for_each(|score| *score = FULL_SCORE);
        let Some(totals) = live(&life) else { return Ok(()) };
        prop_assert_eq!((totals.earned, totals.pooled, totals.last_unearned), (life.allocation, 0, 0));

        let last_earned = tranche(life.allocation, life.periods() - 1, life.periods()).unwrap();
        let earnings = Earnings { earned: totals.earned, last_earned, bonus: 0 };
        prop_assert_eq!(vested(release, earnings, 1_000, 2_000, 500, 2_000), Ok(life.allocation));
    }

    #[test]
    fn g11_tranches_sum_to_the_allocation(allocation in amounts(), periods in 1..=120u16) {
        let tranches: Vec<_> = (0..periods).map(|index| tranche(allocation, index, periods).unwrap()).collect();
        prop_assert_eq!(tranches.iter().sum::<u64>(), allocation);
        let (least, most) = (tranches.iter().min().unwrap(), tranches.iter().max().unwrap());
        prop_assert!(most - least <= 1);
    }

    #[test]
    fn a_better_score_never_earns_less(
        life in lives(), period in any::<prop::sample::Index>(), kpi in any::<prop::sample::Index>(),
        better in 0..=MAX_SCORE,
    ) {
        if life.terms.weights.is_empty() {
            return Ok(());
        }
        let (period, kpi) = (period.index(life.scores.len()), kpi.index(life.terms.weights.len()));
        let mut improved = life.clone();
        let score = &mut improved.scores[period][kpi];
        *score = better.max(*score).min(life.terms.best[kpi]);

        let (before, after) = (life.terms.credits(&life.scores[period]), life.terms.credits(&improved.scores[period]));
        prop_assert!(after.0 >= before.0 && after.1 >= before.1);
        prop_assert!(after.1 <= life.terms.highest_credit());
        for carry in [0, life.allocation] {
            let earned = |(results, credit)| settle(life.allocation, carry, credit, results, life.policy, false);
            if let (Ok(before), Ok(after)) = (earned(before), earned(after)) {
                prop_assert!(after.earned >= before.earned && after.unearned <= before.unearned);
                prop_assert!(after.kpi_amount >= before.kpi_amount);
            }
        }
        // Nor does it over the whole life, though less is carried into later periods.
        if let (Some(before), Some(after)) = (live(&life), live(&improved)) {
            prop_assert!(after.earned >= before.earned);
        }
    }

    #[test]
    fn g10_a_cut_keeps_the_served_part_and_grows_with_it(
        tranche in amounts(), length in 1..=u64::MAX, served in any::<u64>(), more in any::<u64>(),
    ) {
        let served = served % length;
        let more = served + more % (length - served + 1);
        let (kept, kept_more) = (cut(tranche, served, length).unwrap(), cut(tranche, more, length).unwrap());
        prop_assert_eq!(int(kept), model::cut(tranche, served, length));
        prop_assert!(kept <= kept_more && kept_more <= tranche);
        prop_assert_eq!((cut(tranche, 0, length), cut(tranche, length, length)), (Ok(0), Ok(tranche)));
    }

    #[test]
    fn every_settlement_equals_the_model_or_does_not_fit(
        tranche in amounts(), carry in amounts(), credit in amounts(), results in amounts(),
        policy in policies(), last in any::<bool>(),
    ) {
        let expected =
            model::settle(&int(tranche), &int(carry), &int(credit), &int(results), model_policy(policy), last);
        let fits = amount(&(int(tranche) + int(carry))).and(amount(&expected.earned)).and(amount(&expected.kpi_amount));
        match settle(tranche, carry, credit, results, policy, last) {
            Ok(settled) => {
                prop_assert!(fits.is_some());
                prop_assert_eq!(int(settled.earned), expected.earned);
                prop_assert_eq!(int(settled.carry), expected.carry);
                prop_assert_eq!(int(settled.pooled), expected.pooled);
                prop_assert_eq!(int(settled.kpi_amount), expected.kpi_amount);
            }
            Err(error) => prop_assert_eq!((error, fits), (Error::Overflow, None)),
        }
    }

    #[test]
    fn every_reserve_equals_the_model_or_does_not_fit(left in amounts(), highest in amounts(), carry in amounts()) {
        let expected = model::reserve(&int(left), &int(highest), &int(carry));
        prop_assert_eq!(reserve(left, highest, carry), amount(&expected).ok_or(Error::Overflow));
    }

    #[test]
    fn tranche_functions_are_total(
        numbers in [any::<u64>(); 4], index in any::<u16>(), periods in any::<u16>(), policy in policies(),
        last in any::<bool>(),
    ) {
        let [a, b, c, d] = numbers;
        let _ = (tranche(a, index, periods), unsettled(a, index, periods), cut(a, b, c), reserve(a, b, c));
        let _ = settle(a, b, c, d, policy, last);
    }

    #[test]
    fn weights_are_checked_like_a_sum(time in any::<u16>(), raw in vec(any::<u16>(), 0..=18), good in weights()) {
        let sum: u64 = u64::from(time) + raw.iter().map(|weight| u64::from(*weight)).sum::<u64>();
        prop_assert_eq!(check_weights(time, &raw).is_ok(), raw.len() <= 16 && sum == 10_000);
        prop_assert_eq!(check_weights(good.0, &good.1), Ok(()));
    }

    #[test]
    fn credit_functions_are_total(
        combination in combinations(), time in any::<u16>(), raw_weights in vec(any::<u16>(), 0..=18),
        raw_scores in vec(any::<u16>(), 0..=18), results in any::<u64>(),
    ) {
        let _ = check_weights(time, &raw_weights);
        let _ = kpi_credit(combination, time, &raw_weights, &raw_scores);
        let _ = max_credit(combination, time, &raw_weights, &raw_scores);
        let _ = credit(time, results);
    }
}

// --------------------------------------------------------------------------------------------------- redistribution

/// One grant's part in a period: terms, tranche and scores.
fn members() -> impl Strategy<Value = Vec<(Terms, u64, Vec<u16>)>> {
    // Not more than eight grants of 2^60 each, as all of them are paid from one vault.
    let tranche = prop_oneof![0..=100u64, 0..=1_000_000_000_000u64, 0..=1u64 << 60];
    let member = (terms(), tranche, vec(0..=MAX_SCORE, 16)).prop_map(|(terms, tranche, scores)| {
        let scores = terms.possible(&scores);
        (terms, tranche, scores)
    });
    vec(member, 1..=8)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn g2_bonuses_never_exceed_the_pool(members in members(), cap in prop_oneof![0..=30_000u32, any::<u32>()]) {
        let settled: Vec<_> = members.iter().map(|(terms, tranche, scores)| {
            let (results, credit) = terms.credits(scores);
            settle(*tranche, 0, credit, results, UnearnedPolicy::Redistribute, false).unwrap()
        }).collect();
        let pool = settled.iter().map(|settled| settled.pooled).sum::<u64>();
        // Twice the tranche at most, so the sum can be above u64 here; a vault that held all of it could not.
        let Ok(total) = u64::try_from(settled.iter().map(|settled| u128::from(settled.kpi_amount)).sum::<u128>()) else {
            return Ok(());
        };
        let mut paid = 0u64;
        for ((_, tranche, _), settled) in members.iter().zip(&settled) {
            let bonus = bonus(pool, settled.kpi_amount, total, *tranche, cap).unwrap();
            prop_assert_eq!(int(bonus), model::bonus(pool, settled.kpi_amount, total, *tranche, cap));
            paid += bonus;
        }
        prop_assert!(paid <= pool);
    }

    #[test]
    fn g2_bonuses_never_exceed_any_pool(
        pool in amounts(), shares in vec(amounts(), 1..=10), tranche in amounts(),
        cap in prop_oneof![0..=30_000u32, any::<u32>()],
    ) {
        let shares: Vec<_> = shares.iter().map(|share| share / 10).collect();
        let total: u64 = shares.iter().sum();
        let mut paid = 0u64;
        for share in shares {
            let bonus = bonus(pool, share, total, tranche, cap).unwrap();
            prop_assert_eq!(int(bonus), model::bonus(pool, share, total, tranche, cap));
            paid += bonus;
        }
        prop_assert!(paid <= pool);
    }

    #[test]
    fn redistribution_is_total(numbers in [any::<u64>(); 4], cap in any::<u32>()) {
        let [pool, share, total, tranche] = numbers;
        let _ = (bonus(pool, share, total, tranche, cap), bonus(pool, share, share, tranche, cap));
    }
}

// ---------------------------------------------------------------------------------------------------------- release

/// Earnings whose sum fits.
fn earnings() -> impl Strategy<Value = Earnings> {
    (amounts(), amounts(), amounts()).prop_map(|(earned, last, bonus)| Earnings {
        earned,
        last_earned: earned.min(last),
        bonus: bonus.min(u64::MAX - earned),
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn g2_vested_never_falls_and_never_exceeds_what_is_earned(
        release in releases(), earnings in earnings(), window in uniform2(values()), cliff in values(),
        times in uniform2(values()),
    ) {
        prop_assume!(window[0] != window[1]);
        let (from, to) = (window[0].min(window[1]), window[0].max(window[1]));
        let (early, late) = (times[0].min(times[1]), times[0].max(times[1]));
        let all = earnings.earned + earnings.bonus;
        let at = |now| vested(release, earnings, from, to, cliff, now).unwrap();

        prop_assert!(at(early) <= at(late) && at(late) <= all);
        prop_assert_eq!(at(to.max(cliff)), all);
        for now in [early, late, from, to, cliff] {
            let Earnings { earned, last_earned, bonus } = earnings;
            let expected = match release {
                _ if now < cliff => int(0),
                Release::AtSettlement => int(all),
                Release::Linear => model::streamed(earned, last_earned, bonus, from, to, now),
            };
            prop_assert_eq!(int(at(now)), expected);
        }
    }

    #[test]
    fn g2_settling_the_next_period_takes_nothing_back(
        before in earnings(), next in amounts(), start in -1_000_000..=1_000_000i64,
        lengths in uniform2(1..=100_000i64), delay in 0..=200_000i64, cliff in values(),
    ) {
        // What is earned next can be settled only once its period, which is the window of the last, is over.
        let (from, to) = (start, start + lengths[0]);
        let now = to + delay;
        let next = next.min(u64::MAX - before.earned - before.bonus);
        let after = Earnings { earned: before.earned + next, last_earned: next, bonus: before.bonus };
        let was = vested(Release::Linear, before, from, to, cliff, now).unwrap();
        prop_assert!(vested(Release::Linear, after, to, to + lengths[1], cliff, now).unwrap() >= was);
    }

    #[test]
    fn release_is_total(release in releases(), numbers in [any::<u64>(); 3], times in uniform4(values())) {
        let [earned, last_earned, bonus] = numbers;
        let _ = vested(release, Earnings { earned, last_earned, bonus }, times[0], times[1], times[2], times[3]);
    }
}

// ------------------------------------------------------------------------------------------------------------ curve

proptest! {
    #![proptest_config(config())]

    #[test]
    fn scores_equal_the_model(points in curves(), others in vec(values(), 8)) {
        let curve = points.curve();
        prop_assert_eq!(curve.validate(), Ok(()));
        let around = points.values.iter().flat_map(|value| [value.saturating_sub(1), *value, value.saturating_add(1)]);
        for value in around.chain(others) {
            let score = curve.score(value).unwrap();
            prop_assert_eq!(int(score), model::score(&points.pairs(), points.linear(), value));
            prop_assert!(score <= curve.max_score());
        }
    }

    #[test]
    fn a_rising_curve_never_falls(
        mut points in curves(), one in values(), other in values(), falling in any::<bool>(),
    ) {
        points.scores.sort();
        if falling {
            points.scores.reverse();
        }
        let score = |value| points.curve().score(value).unwrap();
        let (low, high) = (score(one.min(other)), score(one.max(other)));
        let in_order = if falling { low >= high } else { low <= high };
        prop_assert!(in_order);
    }

    #[test]
    fn curves_are_total(
        raw_values in vec(values(), 0..=10), raw_scores in vec(any::<u16>(), 0..=10), linear in any::<bool>(),
        value in values(),
    ) {
        let interpolation = if linear { Interpolation::Linear } else { Interpolation::Step };
        let curve = Curve { values: &raw_values, scores: &raw_scores, interpolation };
        let valid = curve.validate().is_ok();
        let rising = raw_values.windows(2).all(|pair| pair[0] < pair[1]);
        let sized = (1..=8).contains(&raw_values.len()) && raw_values.len() == raw_scores.len();
        prop_assert_eq!(valid, sized && rising && curve.max_score() <= MAX_SCORE);
        prop_assert_eq!(curve.score(value).is_ok(), sized);
        let same_length = Curve { values: &raw_values, scores: &[1; 10][..raw_values.len()], interpolation };
        let _ = same_length.score(value);
    }
}

// --------------------------------------------------------------------------------------------------------- calendar

/// 1 January 2200, 00:00 UTC.
const YEAR_2200: i64 = 7_258_118_400;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn months_agree_with_chrono(ts in 0..YEAR_2200, months in 0..=121u32) {
        prop_assert_eq!(add_months(ts, months).ok(), model::months_later(ts, months));
        // Ends of months are where calendars differ.
        let end_of_month = model::months_later(ts - ts % 86_400, 0).unwrap();
        for day in 0..4 {
            let ts = end_of_month + day * 86_400;
            prop_assert_eq!(add_months(ts, months).ok(), model::months_later(ts, months));
        }
    }

    #[test]
    fn months_agree_with_chrono_far_away(ts in -7_000_000_000_000..=7_000_000_000_000i64, months in 0..=100_000u32) {
        prop_assert_eq!(add_months(ts, months).ok(), model::months_later(ts, months));
    }

    #[test]
    fn boundaries_strictly_rise(calendar in calendars()) {
        prop_assert_eq!(calendar.validate(), Ok(()));
        let indices = 0..=calendar.period_count + 1;
        let boundaries: Vec<_> = indices.map(|index| calendar.boundary(index).unwrap()).collect();
        prop_assert_eq!(boundaries[0], calendar.start_ts);
        prop_assert!(boundaries.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(calendar.end().unwrap(), boundaries[boundaries.len() - 2]);
        prop_assert_eq!(calendar.boundary(calendar.period_count + 2), Err(Error::PeriodOutOfRange));
    }

    #[test]
    fn a_time_is_in_the_period_whose_boundaries_enclose_it(
        calendar in calendars(), index in any::<prop::sample::Index>(), offset in -100_000..=100_000i64,
        anywhere in values(),
    ) {
        let near = calendar.boundary(u16::try_from(index.index(122)).unwrap().min(calendar.period_count + 1)).unwrap();
        for now in [near - 1, near, near + offset, anywhere] {
            let enclosing = (0..calendar.period_count).find(|period| {
                (calendar.period_start(*period).unwrap()..calendar.period_end(*period).unwrap()).contains(&now)
            });
            prop_assert_eq!(calendar.period_at(now), enclosing);
        }
    }

    #[test]
    fn calendars_are_total_and_valid_ones_have_all_boundaries(
        start_ts in prop_oneof![any::<i64>(), values(), i64::MAX - 40_000_000_000..=i64::MAX],
        cadence in prop_oneof![any::<u32>().prop_map(Cadence::Seconds), any::<u16>().prop_map(Cadence::Months),
            (0..3u16).prop_map(Cadence::Months)],
        period_count in prop_oneof![any::<u16>(), 0..=121u16],
        index in any::<u16>(), now in values(), months in any::<u32>(),
    ) {
        let calendar = Calendar { start_ts, cadence, period_count };
        if calendar.validate().is_ok() {
            let boundaries: Vec<_> = (0..=period_count + 1).map(|index| calendar.boundary(index).unwrap()).collect();
            prop_assert!(boundaries.windows(2).all(|pair| pair[0] < pair[1]));
        } else {
            let idle = matches!(cadence, Cadence::Seconds(0) | Cadence::Months(0));
            let last = period_count.checked_add(1).and_then(|index| calendar.boundary(index).ok());
            prop_assert!(idle || !(1..=120).contains(&period_count) || last.is_none());
        }
        let _ = (calendar.boundary(index), calendar.period_start(index), calendar.period_end(index), calendar.end());
        let _ = (calendar.period_at(now), calendar.period_at(start_ts));
        let _ = (add_months(start_ts, months), add_months(now, months));
        let windows = Windows { attest_secs: months, challenge_secs: months, ruling_secs: months };
        let _ = (windows.attest_deadline(start_ts), windows.settle_deadline(start_ts));
    }
}

// ----------------------------------------------------------------------------------------------------------- quorum

proptest! {
    #![proptest_config(config())]

    #[test]
    fn votes_equal_the_model(
        (votes, threshold) in elections(), points in curves(), default_score in 0..=FULL_SCORE,
    ) {
        prop_assert_eq!(agreed(&votes, threshold), Ok(model::agreed(&votes, threshold)));
        let (pairs, linear, curve) = (points.pairs(), points.linear(), points.curve());
        let expected = model::at_deadline(&votes, threshold, &pairs, linear, default_score);
        let expected = expected.map_or(Outcome::Silent, Outcome::Value);
        prop_assert_eq!(at_deadline(&votes, threshold, &curve, default_score), Ok(expected));
        let median = model::median_score(&votes, threshold, &pairs, linear, default_score);
        prop_assert_eq!(score_of(expected, &curve, default_score).map(int), Ok(median));
    }

    #[test]
    fn g4_the_order_of_votes_changes_nothing(
        (votes, shuffled, threshold) in elections().prop_flat_map(|(votes, threshold)| {
            (Just(votes.clone()), Just(votes).prop_shuffle(), Just(threshold))
        }),
        points in curves(), default_score in 0..=FULL_SCORE,
    ) {
        prop_assert_eq!(agreed(&votes, threshold), agreed(&shuffled, threshold));
        let curve = points.curve();
        prop_assert_eq!(
            at_deadline(&votes, threshold, &curve, default_score),
            at_deadline(&shuffled, threshold, &curve, default_score)
        );
    }

    #[test]
    fn g8_a_lying_minority_cannot_move_an_agreed_value(
        (votes, honest, threshold) in (elections(), values()).prop_flat_map(|((mut votes, threshold), honest)| {
            votes[..usize::from(threshold)].fill(Some(honest));
            (Just(votes).prop_shuffle(), Just(honest), Just(threshold))
        }),
        points in curves(), default_score in 0..=FULL_SCORE,
    ) {
        prop_assert_eq!(agreed(&votes, threshold), Ok(Some(honest)));
        prop_assert_eq!(at_deadline(&votes, threshold, &points.curve(), default_score), Ok(Outcome::Value(honest)));
    }

    #[test]
    fn g8_fewer_than_the_threshold_never_resolve_a_value(
        (mut votes, threshold) in elections(), points in curves(), default_score in 0..=FULL_SCORE,
    ) {
        let mut cast = 0;
        for vote in &mut votes {
            cast += u8::from(vote.is_some());
            if cast >= threshold {
                *vote = None;
            }
        }
        prop_assert_eq!(agreed(&votes, threshold), Ok(None));
        prop_assert_eq!(at_deadline(&votes, threshold, &points.curve(), default_score), Ok(Outcome::Silent));
    }

    #[test]
    fn g8_fewer_liars_than_the_threshold_stay_between_honest_votes_and_default(
        (votes, threshold, liars) in elections().prop_flat_map(|(votes, threshold)| {
            (Just(votes).prop_shuffle(), Just(threshold), 0..usize::from(threshold))
        }),
        points in curves(), default_score in 0..=FULL_SCORE,
    ) {
        let curve = points.curve();
        let honest = votes[liars.min(votes.len())..].iter().flatten();
        let mut range: Vec<u16> = honest.map(|vote| curve.score(*vote).unwrap()).collect();
        if range.len() < usize::from(threshold) {
            range.push(default_score);
        }
        let outcome = at_deadline(&votes, threshold, &curve, default_score).unwrap();
        let score = score_of(outcome, &curve, default_score).unwrap();
        prop_assert!(*range.iter().min().unwrap() <= score && score <= *range.iter().max().unwrap());
    }

    #[test]
    fn finality_equals_the_model(course in courses(), delay in -100..=4_000i64) {
        let Evaluation { resolved, disputed_at, ruling } = course.evaluation;
        let evaluation = model::Evaluation {
            resolved_at: resolved.map(|(_, at)| i128::from(at)),
            attest_deadline: i128::from(course.attest_deadline()),
            challenge_secs: i128::from(course.windows.challenge_secs),
            ruling_secs: i128::from(course.windows.ruling_secs),
            disputed_at: disputed_at.map(i128::from),
            ruled: ruling.is_some(),
        };
        let outcome = match (ruling, resolved) {
            (Some(Ruling::Value(value)), _) | (_, Some((value, _))) => Outcome::Value(value),
            (_, None) => course.at_deadline,
        };
        let now = course.period_end + delay;
        match course.at(now) {
            Finality::Final(result) => {
                prop_assert!(model::ready(&evaluation, i128::from(now)));
                prop_assert_eq!(result, outcome);
            }
            Finality::NotBefore(from) => {
                prop_assert!(!model::ready(&evaluation, i128::from(now)));
                prop_assert!(!model::ready(&evaluation, i128::from(from) - 1));
                prop_assert!(model::ready(&evaluation, i128::from(from)));
            }
        }
    }

    #[test]
    fn g3_what_is_final_stays_final(course in courses(), delays in uniform2(-100..=4_000i64)) {
        let (early, late) = (delays[0].min(delays[1]), delays[0].max(delays[1]));
        if let Finality::Final(outcome) = course.at(course.period_end + early) {
            prop_assert_eq!(course.at(course.period_end + late), Finality::Final(outcome));
        }
    }

    #[test]
    fn g7_every_evaluation_is_final_at_the_last_deadline(course in courses()) {
        let deadline = course.windows.settle_deadline(course.period_end).unwrap();
        prop_assert!(matches!(course.at(deadline), Finality::Final(_)));
    }

    #[test]
    fn g9_a_dispute_within_its_window_comes_before_finality(course in courses()) {
        let undisputed = Evaluation { disputed_at: None, ruling: None, ..course.evaluation };
        let since = undisputed.resolved.map_or(course.attest_deadline(), |(_, at)| at);
        let (from, to) = challenge_window(since, &course.windows).unwrap();
        let course = Course { evaluation: undisputed, ..course };
        prop_assert_eq!(course.at(from - 1), Finality::NotBefore(to));
        prop_assert_eq!(course.at(to - 1), Finality::NotBefore(to));
        prop_assert!(matches!(course.at(to), Finality::Final(_)));
    }

    #[test]
    fn the_quorum_is_total(
        votes in vec(any::<Option<i64>>(), 0..=10), threshold in any::<u8>(), points in curves(),
        times in uniform4(values()), secs in [any::<u32>(); 3], flags in [any::<bool>(); 3],
        default_score in any::<u16>(),
    ) {
        let broken = Curve { values: &points.values, scores: &[], interpolation: points.interpolation };
        let _ = (strict_majority(threshold), agreed(&votes, threshold));
        let _ = at_deadline(&votes, threshold, &points.curve(), u16::from(threshold));
        let _ = at_deadline(&votes, threshold, &broken, u16::MAX);
        let windows = Windows { attest_secs: secs[0], challenge_secs: secs[1], ruling_secs: secs[2] };
        let evaluation = Evaluation {
            resolved: flags[0].then_some((times[0], times[1])),
            disputed_at: flags[1].then_some(times[2]),
            ruling: flags[2].then_some(Ruling::Value(times[0])),
        };
        let _ = finality(&evaluation, Outcome::Silent, times[3], &windows, times[0]);
        let _ = challenge_window(times[0], &windows);
        for outcome in [Outcome::Silent, Outcome::Value(times[0])] {
            let _ = (score_of(outcome, &points.curve(), default_score), score_of(outcome, &broken, default_score));
        }
    }
}
