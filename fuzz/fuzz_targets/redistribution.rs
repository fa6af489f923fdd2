//! Bonuses against their exact shares; together they never exceed the pool, and none exceeds its cap.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout_core::{Error, redistribution::bonus},
    earnout_fuzz::{
        exact::{big, fitted, floor},
        shapes::Amount,
    },
    libfuzzer_sys::fuzz_target,
    num_bigint::BigUint,
};

#[derive(Arbitrary, Debug)]
struct Input {
    pool: Amount,
    /// Tranche of a grant, and what results earned of it.
    grants: Vec<(Amount, Amount)>,
    cap: u32,
    any_total: Amount,
}

fuzz_target!(|input: Input| {
    let (pool, cap) = (input.pool.0, input.cap);
    let grants: Vec<(u64, u64)> = input
        .grants
        .iter()
        .map(|(tranche, results)| (tranche.0, results.0))
        .collect();

    // The sum that the program keeps, and refuses to let overflow.
    let total = grants
        .iter()
        .try_fold(0u64, |sum, (_, results)| sum.checked_add(*results));
    if let Some(total) = total {
        let mut paid = big(0u8);
        for &(tranche, results) in &grants {
            let share = bonus(pool, results, total, tranche, cap).expect("a share of the pool");
            assert_eq!(big(share), model(pool, results, total, tranche, cap));
            paid += share;
        }
        assert!(paid <= big(pool), "{paid} of {pool}");
        if cap >= 10_000 && grants.iter().any(|(tranche, results)| *results > 0 && *tranche >= pool) {
            // Uncapped shares lose less than one unit each.
            let all_uncapped = grants.iter().all(|(tranche, _)| *tranche >= pool);
            let lost = big(pool) - &paid;
            assert!(
                !all_uncapped || lost < big(grants.len()),
                "{lost} of {pool} lost to rounding"
            );
        }
    }

    // A total that the shares do not add up to.
    let total = input.any_total.0;
    for (tranche, results) in grants {
        let found = bonus(pool, results, total, tranche, cap);
        if total != 0 && results > total {
            assert_eq!(found, Err(Error::PartExceedsWhole));
        } else {
            let expected = fitted(&model(pool, results, total, tranche, cap));
            assert_eq!(Some(found), expected.map(Ok));
        }
    }
});

/// `min(floor(pool·kpi / Σ kpi), floor(cap·tranche / 10,000))`, 0 if nobody's results earned anything.
fn model(pool: u64, results: u64, total: u64, tranche: u64, cap: u32) -> BigUint {
    if total == 0 {
        return big(0u8);
    }
    floor(pool, results, total).min(floor(cap, tranche, 10_000u32))
}
