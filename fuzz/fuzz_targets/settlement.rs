//! The amounts of a whole grant against design section 5 in unbounded integers: tranches sum to the allocation, and the
//! reserve always covers what is left. And each function alone, on any arguments.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout_core::{
        Error, FULL_CREDIT, MAX_PERIODS,
        credit::{Combination, credit, kpi_credit, max_credit},
        tranche::{self, Settlement, UnearnedPolicy},
    },
    earnout_fuzz::{
        exact::{assert_exact, big, ceil, fitted, floor},
        shapes::{Amount, Score, Weights},
    },
    libfuzzer_sys::fuzz_target,
    num_bigint::BigUint,
};

#[derive(Arbitrary, Debug)]
struct Input {
    any: Any,
    allocation: Amount,
    periods: u8,
    weights: Weights,
    weakest: bool,
    policy: Policy,
    best: [Score; 16],
    /// Scores by period, over and over; each at most the best.
    scores: Vec<[u16; 4]>,
    /// The grant ends in this period, of which so much is served.
    end: Option<(u8, u32, u32)>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Policy {
    Return,
    CarryOver,
    Redistribute,
}

/// Arguments that need not belong together.
#[derive(Arbitrary, Debug)]
struct Any {
    amounts: [Amount; 4],
    index: u16,
    periods: u16,
    last: bool,
}

fuzz_target!(|input: Input| {
    let policy = match input.policy {
        Policy::Return => UnearnedPolicy::Return,
        Policy::CarryOver => UnearnedPolicy::CarryOver,
        Policy::Redistribute => UnearnedPolicy::Redistribute,
    };
    check_functions(&input.any, policy);
    check_grant(&input, policy);
});

fn check_functions(any: &Any, policy: UnearnedPolicy) {
    let [a, b, c, d] = any.amounts.map(|amount| amount.0);
    let before = |index: u16| floor(a, index, any.periods);
    let tranche = tranche::tranche(a, any.index, any.periods);
    let left = tranche::unsettled(a, any.index, any.periods);
    if any.periods == 0 {
        assert_eq!(
            (tranche, left),
            (Err(Error::BadPeriodCount), Err(Error::BadPeriodCount))
        );
    } else if any.index > any.periods {
        assert_eq!(
            (tranche, left),
            (Err(Error::PeriodOutOfRange), Err(Error::PeriodOutOfRange))
        );
    } else {
        assert_exact(left, &(big(a) - before(any.index)));
        if any.index == any.periods {
            assert_eq!(tranche, Err(Error::PeriodOutOfRange));
        } else {
            assert_exact(tranche, &(before(any.index + 1) - before(any.index)));
        }
    }

    match tranche::cut(a, b, c) {
        Err(Error::EmptySpan) => assert_eq!(c, 0),
        Err(Error::PartExceedsWhole) => assert!(b > c),
        cut => assert_exact(cut, &floor(a, b, c)),
    }
    assert_exact(tranche::reserve(a, b, c), &(ceil(a, b, FULL_CREDIT) + c));
    check_settlement(a, b, c, d, policy, any.last);
}

/// One settlement against the formulas; an overflow exactly if one of its amounts does not fit.
fn check_settlement(
    tranche: u64,
    carry: u64,
    credit: u64,
    kpi_credit: u64,
    policy: UnearnedPolicy,
    last: bool,
) -> Option<Settlement> {
    let found = tranche::settle(tranche, carry, credit, kpi_credit, policy, last);
    let of_carry = big(carry) * credit.min(FULL_CREDIT);
    let earned: BigUint = (big(tranche) * credit + of_carry) / FULL_CREDIT;
    let at_stake = big(tranche) + carry;
    let unearned = if earned < at_stake {
        &at_stake - &earned
    } else {
        big(0u8)
    };
    let of_results = floor(tranche, kpi_credit, FULL_CREDIT);
    let amounts = [&earned, &at_stake, &unearned, &of_results].map(fitted);
    let [Some(earned), Some(_), Some(unearned), Some(kpi_amount)] = amounts else {
        assert_eq!(found, Err(Error::Overflow));
        return None;
    };
    let carries = policy == UnearnedPolicy::CarryOver && !last;
    let pools = policy == UnearnedPolicy::Redistribute;
    let expected = Settlement {
        earned,
        unearned,
        carry: if carries { unearned } else { 0 },
        pooled: if pools { unearned } else { 0 },
        kpi_amount,
    };
    assert_eq!(found, Ok(expected));
    Some(expected)
}

fn check_grant(input: &Input, policy: UnearnedPolicy) {
    let allocation = input.allocation.0;
    let periods = u16::from(input.periods) % MAX_PERIODS + 1;
    let Weights { time, kpis } = &input.weights;
    let combination = if input.weakest {
        Combination::Weakest
    } else {
        Combination::WeightedSum
    };
    let best: Vec<u16> = input.best.iter().map(|score| score.0).take(kpis.len()).collect();
    let most = max_credit(combination, *time, kpis, &best).expect("a credit of valid weights");
    let exact_reserve = ceil(allocation, most, FULL_CREDIT);
    let reserve = tranche::reserve(allocation, most, 0);
    assert_exact(reserve, &exact_reserve);
    // A grant that nothing can back is refused.
    let Ok(mut reserve) = reserve else { return };

    let (mut tranches, mut earned, mut carry) = (0u64, 0u64, 0u64);
    let mut always_met = true;
    for index in 0..periods {
        let row = input
            .scores
            .get(usize::from(index) % input.scores.len().max(1))
            .copied()
            .unwrap_or([10_000; 4]);
        let scores: Vec<u16> = (best.iter().zip(row.iter().cycle()))
            .map(|(best, score)| *score.min(best))
            .collect();
        always_met &= scores.iter().all(|score| *score == 10_000);
        let results = kpi_credit(combination, *time, kpis, &scores).expect("a credit of valid weights");
        let credit = credit(*time, results).expect("a credit of valid weights");
        assert!(credit <= most);

        let mut tranche = tranche::tranche(allocation, index, periods).expect("a tranche of the grant");
        let ends_here = input.end.filter(|(period, ..)| u16::from(*period) % periods == index);
        if let Some((_, served, length)) = ends_here {
            let (served, length) = (u64::from(served), u64::from(length).max(1));
            tranche = tranche::cut(tranche, served.min(length), length).expect("a part of a tranche");
        }
        tranches += tranche;
        let is_last = index + 1 == periods || ends_here.is_some();
        let settled = check_settlement(tranche, carry, credit, results, policy, is_last);
        let settled = settled.expect("nothing that a grant can earn overflows");

        let left = if is_last {
            0
        } else {
            tranche::unsettled(allocation, index + 1, periods).expect("tranches left")
        };
        let next = tranche::reserve(left, most, settled.carry).expect("a reserve never grows");
        let taken = settled
            .earned
            .checked_add(settled.pooled)
            .expect("what is taken was reserved");
        assert!(
            taken.checked_add(next).is_some_and(|used| used <= reserve),
            "{settled:?} and then {next} do not fit the reserve of {reserve}"
        );
        assert!(policy == UnearnedPolicy::CarryOver || settled.carry == 0);
        (reserve, carry) = (next, settled.carry);
        earned += settled.earned;
        if ends_here.is_some() {
            break;
        }
    }
    assert_eq!(
        (reserve, carry),
        (0, 0),
        "nothing is held back for a grant that is over"
    );
    assert!(big(earned) <= exact_reserve);
    if input.end.is_none() {
        assert_eq!(tranches, allocation);
        assert!(
            !always_met || earned == allocation,
            "full scores pay the allocation to the last unit"
        );
    } else {
        assert!(tranches <= allocation);
    }
}
