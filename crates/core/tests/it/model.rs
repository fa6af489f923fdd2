//! The rules once more, in exact whole and rational numbers of any size.
//!
//! Written from the description of the rules, not from the crate: slow and literal, with nothing that can overflow and
//! no rounding but the floors and ceilings that are written down. Where the crate avoids a division or sorts nothing,
//! this divides and sorts.

use {
    chrono::{DateTime, Months},
    num_bigint::BigInt,
    num_rational::BigRational,
    std::{cmp::Reverse, collections::BTreeMap},
};

/// 10^8: a weight of 10,000 times a score of 10,000.
pub const HUNDRED_MILLION: u64 = 100_000_000;

pub fn int(number: impl Into<BigInt>) -> BigInt {
    number.into()
}

pub fn ratio(above: impl Into<BigInt>, below: impl Into<BigInt>) -> BigRational {
    BigRational::new(above.into(), below.into())
}

pub fn floor(number: &BigRational) -> BigInt {
    number.floor().to_integer()
}

pub fn ceil(number: &BigRational) -> BigInt {
    number.ceil().to_integer()
}

/// The number if it is an amount: at most 2^64 - 1, and never negative.
pub fn amount(number: &BigInt) -> Option<u64> {
    u64::try_from(number).ok()
}

pub fn months_later(ts: i64, months: u32) -> Option<i64> {
    Some(
        DateTime::from_timestamp(ts, 0)?
            .checked_add_months(Months::new(months))?
            .timestamp(),
    )
}

pub fn score(points: &[(i64, u16)], linear: bool, value: i64) -> BigInt {
    let Some(&(v0, s0)) = points.iter().rev().find(|point| point.0 <= value) else {
        return int(points[0].1);
    };
    let Some(&(v1, s1)) = points.iter().find(|point| point.0 > value) else {
        return int(s0);
    };
    if !linear {
        return int(s0);
    }
    let climb = ratio((int(s1) - int(s0)) * (int(value) - int(v0)), int(v1) - int(v0));
    int(s0) + floor(&climb)
}

pub fn kpi_credit(weakest: bool, time_weight: u16, weights: &[u16], scores: &[u16]) -> BigInt {
    let counting = || weights.iter().zip(scores).filter(|(weight, _)| **weight > 0);
    if weakest {
        let lowest = counting().map(|(_, score)| *score).min().unwrap_or(0);
        (int(10_000) - int(time_weight)) * int(lowest)
    } else {
        counting().map(|(weight, score)| int(*weight) * int(*score)).sum()
    }
}

pub fn credit(time_weight: u16, kpi_credit: &BigInt) -> BigInt {
    int(time_weight) * int(10_000) + kpi_credit
}

pub fn max_credit(weakest: bool, time_weight: u16, weights: &[u16], best_scores: &[u16]) -> BigInt {
    credit(time_weight, &kpi_credit(weakest, time_weight, weights, best_scores)).max(int(HUNDRED_MILLION))
}

pub fn tranche(allocation: u64, index: u16, periods: u16) -> BigInt {
    let upto = |count: BigInt| floor(&ratio(int(allocation) * count, periods));
    upto(int(index) + 1) - upto(int(index))
}

pub fn cut(tranche: u64, served: u64, period: u64) -> BigInt {
    floor(&ratio(int(tranche) * int(served), period))
}

pub fn reserve(tranches_left: &BigInt, max_credit: &BigInt, carry: &BigInt) -> BigInt {
    ceil(&ratio(tranches_left * max_credit, HUNDRED_MILLION)) + carry
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Return,
    CarryOver,
    Redistribute,
}

pub struct Settled {
    pub earned: BigInt,
    pub unearned: BigInt,
    pub carry: BigInt,
    pub pooled: BigInt,
    pub surplus: BigInt,
    pub kpi_amount: BigInt,
}

pub fn settle(
    tranche: &BigInt,
    carry: &BigInt,
    credit: &BigInt,
    kpi_credit: &BigInt,
    policy: Policy,
    last: bool,
) -> Settled {
    let whole = int(HUNDRED_MILLION);
    let earned = floor(&ratio(tranche * credit + carry * credit.min(&whole), HUNDRED_MILLION));
    let unearned = (tranche + carry - &earned).max(int(0));
    let kpi_amount = floor(&ratio(tranche * kpi_credit, HUNDRED_MILLION));
    let mut settled = Settled {
        earned,
        unearned,
        carry: int(0),
        pooled: int(0),
        surplus: int(0),
        kpi_amount,
    };
    match (policy, last) {
        (Policy::CarryOver, false) => settled.carry = settled.unearned.clone(),
        (Policy::Redistribute, _) => settled.pooled = settled.unearned.clone(),
        (Policy::CarryOver, true) | (Policy::Return, _) => settled.surplus = settled.unearned.clone(),
    }
    settled
}

pub fn bonus(pool: u64, kpi_amount: u64, kpi_total: u64, tranche: u64, cap: u32) -> BigInt {
    if kpi_total == 0 {
        return int(0);
    }
    let share = floor(&ratio(int(pool) * int(kpi_amount), kpi_total));
    share.min(floor(&ratio(int(cap) * int(tranche), 10_000)))
}

/// What is vested under the linear release, once the cliff is past.
pub fn streamed(earned: u64, last_earned: u64, bonus: u64, from: i64, to: i64, now: i64) -> BigInt {
    let part = if now <= from {
        ratio(0, 1)
    } else if now >= to {
        ratio(1, 1)
    } else {
        ratio(int(now) - int(from), int(to) - int(from))
    };
    int(earned) - int(last_earned) + floor(&(part * int(last_earned))) + int(bonus)
}

pub fn agreed(votes: &[Option<i64>], threshold: u8) -> Option<i64> {
    let mut counts = BTreeMap::new();
    for vote in votes.iter().flatten() {
        *counts.entry(*vote).or_insert(0u8) += 1;
    }
    let winners: Vec<_> = counts.into_iter().filter(|(_, count)| *count >= threshold).collect();
    assert!(winners.len() <= 1, "two values with a strict majority");
    winners.first().map(|(value, _)| *value)
}

/// The value when voting is over, or `None` for silence.
pub fn at_deadline(
    votes: &[Option<i64>],
    threshold: u8,
    points: &[(i64, u16)],
    linear: bool,
    default_score: u16,
) -> Option<i64> {
    let (needed, default) = (usize::from(threshold), int(default_score));
    let mut sorted: Vec<_> = votes
        .iter()
        .flatten()
        .map(|vote| (Reverse(score(points, linear, *vote)), *vote))
        .collect();
    sorted.sort();
    if sorted.len() < needed {
        return None;
    }
    let at_least = Some(sorted[needed - 1].clone()).filter(|(Reverse(score), _)| *score >= default);
    let at_most = Some(sorted[sorted.len() - needed].clone()).filter(|(Reverse(score), _)| *score <= default);
    at_least.or(at_most).map(|(_, value)| value)
}

/// The same in scores: the median of the votes and of as many defaults as are missing to `2·threshold − 1`.
pub fn median_score(
    votes: &[Option<i64>],
    threshold: u8,
    points: &[(i64, u16)],
    linear: bool,
    default_score: u16,
) -> BigInt {
    let needed = usize::from(threshold);
    let mut scores: Vec<BigInt> = votes
        .iter()
        .flatten()
        .map(|vote| score(points, linear, *vote))
        .collect();
    scores.resize(2 * needed - 1, int(default_score));
    scores.sort();
    scores.swap_remove(needed - 1)
}

/// What happened to one KPI for one period, in times that cannot overflow.
#[derive(Clone, Copy)]
pub struct Evaluation {
    pub resolved_at: Option<i128>,
    pub attest_deadline: i128,
    pub challenge_secs: i128,
    pub ruling_secs: i128,
    pub disputed_at: Option<i128>,
    pub ruled: bool,
}

pub fn ready(evaluation: &Evaluation, now: i128) -> bool {
    let since = evaluation.resolved_at.unwrap_or(evaluation.attest_deadline);
    if now < since {
        return false;
    }
    let ruled = evaluation.ruled;
    let waited_for_ruling = evaluation
        .disputed_at
        .is_some_and(|at| now >= at + evaluation.ruling_secs);
    let unchallenged = evaluation.disputed_at.is_none() && now >= since + evaluation.challenge_secs;
    ruled || waited_for_ruling || unchallenged
}
