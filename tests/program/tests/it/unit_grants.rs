//! Grants in another unit: what their units are worth at each period's price, and what the price changes nothing about.

use {
    earnout_tests::{leaving::*, prices::*, *},
    proptest::prelude::*,
};

/// The price is KPI 0; KPI 1 is shared and scores up to 20,000.
fn kpis() -> [KpiArgs; 2] {
    [price_kpi(), stretch_kpi("revenue", Scope::Shared)]
}

/// A grant of 400.00 USD and at most 4,000 tokens of 6 decimals in four periods: 100.00 USD and at most 1,000 tokens in
/// each. Its KPI weighs `weight` basis points, time the rest.
fn world(args: CreatePlanArgs, weight: u16) -> (World, Pubkey) {
    let mut world = World::active(TokenProgram::Spl, args, &kpis(), 20_000_000_000);
    let (_, grant) = world.unit_grant(4_000_000_000, 40_000, &[0, weight]);
    (world, grant)
}

/// Resolves the price of the period and the KPI, and moves past every window.
fn evaluate(world: &mut World, period: u16, price: i64, value: i64) {
    world.after_period(period, 0);
    world.resolve(0, period, None, price);
    world.resolve(1, period, None, value);
    world.after_windows(period);
}

/// [`terms`] of plans with a price, with this policy.
fn policy(unearned_policy: UnearnedPolicy) -> CreatePlanArgs {
    CreatePlanArgs {
        unearned_policy,
        ..unit_terms()
    }
}

#[test]
fn g11_units_are_paid_at_each_periods_price_and_never_above_the_cap() {
    let (mut world, grant) = world(unit_terms(), 10_000);
    // 0.05, 0.1, 2.5 and 100: the first is worth twice the cap.
    let periods = [
        (500, 1_000_000_000),
        (1_000, 1_000_000_000),
        (25_000, 40_000_000),
        (1_000_000, 1_000_000),
    ];
    let surplus = world.surplus();
    assert_eq!(surplus, 20_000_000_000 - 8_000_000_000);
    let mut paid = 0;
    for (period, (price, tranche)) in (0..).zip(periods) {
        evaluate(&mut world, period, price, 100);
        let event = world.settled(&grant);
        assert_eq!(
            (event.price, event.tranche, event.earned, event.unearned),
            (Some(price), tranche, tranche, 0)
        );
        // The reserve follows the cap, whatever the price is.
        assert_eq!(event.reserved, 2 * 1_000_000_000 * u64::from(3 - period));
        paid += tranche;
        assert_eq!(world.surplus(), 20_000_000_000 - event.reserved - paid);
    }
    world.claim(&grant).unwrap();
    assert_eq!(world.grant_state(&grant).claimed, paid);
}

#[test]
fn g11_mints_of_any_decimals_pay_whole_units() {
    for (decimals, exponent) in [(0, 2), (6, 8), (9, 11)] {
        let mut world = World::with_mint(TokenProgram::Spl, |chain| {
            chain.mint(TokenProgram::Spl, decimals, None).unwrap()
        });
        let args = CreatePlanArgs {
            max_allocation: u64::MAX,
            ..unit_terms()
        };
        world.token.plan = world.active_plan(args, &kpis(), 0);
        assert_eq!(world.plan().unit_exponent, exponent);
        let one = 10u64.pow(decimals.into());
        let fund = instructions::fund(&world.authority.pubkey(), &world.token, &world.source, 400_000 * one);
        world.run(fund);
        // 400,000.00 USD, at most 400,000 tokens.
        let (_, grant) = world.unit_grant(400_000 * one, 40_000_000, &[]);
        for (period, (price, tokens)) in
            (0..).zip([(10_000, 100_000), (1_000_000, 1_000), (20_000, 50_000), (100, 100_000)])
        {
            evaluate(&mut world, period, price, 100);
            assert_eq!(world.settled(&grant).earned, tokens * one, "{decimals} {price}");
        }
    }
}

#[test]
fn scores_multiply_what_the_units_are_worth() {
    let (mut world, grant) = world(unit_terms(), 6_000);
    // 40 % for time, 60 % by the KPI: 70 %, 160 %.
    for (period, value, earned) in [(0, 50, 28_000_000), (1, 200, 64_000_000)] {
        evaluate(&mut world, period, 25_000, value);
        let event = world.settled(&grant);
        assert_eq!((event.tranche, event.earned), (40_000_000, earned));
    }
}

#[test]
fn what_the_price_leaves_of_the_cap_is_surplus_under_every_policy() {
    use UnearnedPolicy::*;
    for unearned_policy in [Return, CarryOver, Redistribute] {
        let (mut world, grant) = world(policy(unearned_policy), 10_000);
        evaluate(&mut world, 0, 25_000, 50);
        let event = world.settled(&grant);
        // Of 1,000 tokens 40 are a full tranche; the scores earn half of them.
        let (carry, pooled) = match unearned_policy {
            Return => (0, 0),
            CarryOver => (20_000_000, 0),
            Redistribute => (0, 20_000_000),
        };
        assert_eq!((event.earned, event.unearned), (20_000_000, 20_000_000));
        assert_eq!((event.carry, event.pooled), (carry, pooled));
        let obligations = 6_000_000_000 + 20_000_000 + carry + pooled;
        assert_eq!(world.surplus(), 20_000_000_000 - obligations);
        if unearned_policy == CarryOver {
            // What is carried stays in tokens: at a tenth of the price the tranche is ten times as large.
            evaluate(&mut world, 1, 2_500, 100);
            assert_eq!(world.settled(&grant).earned, 400_000_000 + 20_000_000);
        }
        if unearned_policy == Redistribute {
            // The bonus of the only grant, at most as much as its tranche.
            assert_eq!(world.collected(&grant, 0).bonus, 20_000_000);
        }
    }
}

#[test]
fn leaving_cuts_units_and_cap() {
    for way in LEAVES {
        let (mut world, grant) = world(unit_terms(), 10_000);
        // A third of the second period.
        world.chain.set_time(boundary(1) + PERIOD / 3);
        let event = world.left(way, &grant);
        assert_eq!(
            (event.cut_cap, event.cut_units, event.end_period),
            (333_333_333, 3_333, 2)
        );
        assert_eq!(event.reserved, 2 * 1_333_333_333);
        for (period, price, tranche) in [(0, 25_000, 40_000_000), (1, 25_000, 13_332_000)] {
            evaluate(&mut world, period, price, 100);
            assert_eq!(world.settled(&grant).tranche, tranche);
        }
        assert_eq!(world.grant_state(&grant).reserved, 0);
        // The cut cap holds too.
        let (mut world, grant) = self::world(unit_terms(), 10_000);
        world.chain.set_time(boundary(0) + 1);
        assert_eq!(world.left(way, &grant).cut_units, 0);
        evaluate(&mut world, 0, 100, 100);
        assert_eq!(world.settled(&grant).earned, 0);
    }
}

#[test]
fn a_silent_price_is_the_default() {
    let (mut world, grant) = world(unit_terms(), 10_000);
    world.after_windows(0);
    let event = world.settled(&grant);
    // 100.00 USD at 1.0000; the KPI is silent too and scores 0.
    assert_eq!(
        (event.price, event.tranche, event.earned),
        (Some(10_000), 100_000_000, 0)
    );
}

#[test]
fn g8_the_price_is_the_median_of_the_votes_and_the_missing_defaults() {
    let votes: [(&[i64], i64); 6] = [
        (&[20_000, 30_000, 1_000_000], 30_000),
        (&[5_000, 4_000, 100], 4_000),
        // One above the default, one below: nobody decides.
        (&[20_000, 5_000], 10_000),
        (&[20_000, 30_000], 20_000),
        (&[5_000, 4_000], 5_000),
        (&[1_000_000], 10_000),
    ];
    for (votes, price) in votes {
        let (mut world, grant) = world(unit_terms(), 0);
        world.after_period(0, 0);
        for (oracle, vote) in votes.iter().enumerate() {
            world.attest(oracle, 0, 0, None, *vote).unwrap();
        }
        world.after_windows(0);
        assert_eq!(world.settled(&grant).price, Some(price), "{votes:?}");
    }
}

#[test]
fn grants_in_tokens_do_without_the_price() {
    let (mut world, in_units) = world(unit_terms(), 10_000);
    let (beneficiary, in_tokens) = world.grant(4_000_000, &[0, 10_000]);
    world.after_period(0, 0);
    world.resolve(1, 0, None, 100);
    world.after_period(0, DAY);
    let event = world.settled(&in_tokens);
    assert_eq!((event.price, event.earned), (None, 1_000_000));
    world.refuses(&world.settle_instruction(&in_units), EarnoutError::NotFinal);
    // Nothing depends on it for who is not paid by it.
    world.after_period(1, DAY);
    let dispute = world.disputes(&beneficiary.pubkey(), 0, 1, Some(in_tokens));
    world.refuses(&dispute, EarnoutError::WrongSubject);
    let beneficiary = world.grant_state(&in_units).beneficiary;
    world.run(world.disputes(&beneficiary, 0, 1, Some(in_units)));
}

#[test]
fn who_can_be_paid_nothing_has_no_price_to_dispute() {
    let (mut world, _) = world(unit_terms(), 10_000);
    // Of one base unit the last period has all.
    let (beneficiary, grant) = world.unit_grant(1, 40_000, &[]);
    world.after_period(0, DAY);
    let dispute = world.disputes(&beneficiary.pubkey(), 0, 0, Some(grant));
    world.refuses(&dispute, EarnoutError::NotEntitled);
    world.after_period(3, DAY);
    world.run(world.disputes(&beneficiary.pubkey(), 0, 3, Some(grant)));
}

#[test]
fn the_price_is_asked_first_and_of_its_own_account() {
    let (mut world, grant) = world(unit_terms(), 10_000);
    evaluate(&mut world, 0, 25_000, 100);
    let settle = world.settle_instruction(&grant);
    let [price, revenue] = [0, 1].map(|kpi| pda::attestation(&world.token.plan, kpi, 0));
    let named: Vec<Pubkey> = settle.accounts.iter().map(|meta| meta.pubkey).collect();
    assert!(named.ends_with(&[price, revenue]));
    let next = pda::attestation(&world.token.plan, 0, 1);
    world.refuses_swapped(
        &settle,
        &[
            (price, revenue, EarnoutError::WrongAttestation),
            (price, next, EarnoutError::WrongAttestation),
            (revenue, price, EarnoutError::WrongAttestation),
        ],
    );
    let mut without = settle.clone();
    without.accounts.pop();
    world.refuses(&without, EarnoutError::WrongAccountCount);
    world.run(settle);
}

#[test]
fn a_grant_in_units_needs_a_price_and_no_grant_has_weight_on_it() {
    let (mut world, _) = world(unit_terms(), 10_000);
    let beneficiary = world.key();
    for (weights, time_weight) in [(vec![10_000], 0), (vec![1, 9_999], 0), (vec![1], 9_999)] {
        let args = CreateGrantArgs {
            kpi_weights: weights,
            time_weight,
            unit_allocation: 100,
            ..world.grant_args(&beneficiary, 100, &[])
        };
        let create = world.create_grant(args.clone());
        world.refuses(&create, EarnoutError::BadWeights);
        let create = world.create_grant(CreateGrantArgs {
            unit_allocation: 0,
            ..args
        });
        world.refuses(&create, EarnoutError::BadWeights);
    }
    let unpriced = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &kpis()[1..], 1_000);
    world.in_plan(unpriced, |world| {
        let args = CreateGrantArgs {
            unit_allocation: 1,
            ..world.grant_args(&beneficiary, 100, &[])
        };
        let create = world.create_grant(args);
        world.refuses(&create, EarnoutError::NoPrice);
    });
}

#[test]
fn a_unit_of_account_needs_a_price_near_the_token() {
    let mut plan_id = 10;
    let mut activates = |decimals: u8, kpis: &[KpiArgs], unit_decimals: u8| {
        let mut world = World::with_mint(TokenProgram::Spl, |chain| {
            chain.mint(TokenProgram::Spl, decimals, None).unwrap()
        });
        plan_id += 1;
        let args = CreatePlanArgs {
            plan_id,
            unit_decimals,
            ..unit_terms()
        };
        world.token.plan = world.draft_plan(args);
        world.add_kpis(kpis);
        let activate = world.activate();
        world.send(&[activate])
    };
    let price = |decimals| KpiArgs {
        decimals,
        ..price_kpi()
    };
    assert_refused(activates(6, &kpis()[1..], 2), EarnoutError::BadPrice);
    for (mint, price_decimals, unit, fits) in [
        (18, 0, 0, true),
        (18, 1, 0, false),
        (18, 1, 1, true),
        (9, 18, 9, true),
        (9, 18, 8, false),
        (0, 0, 9, true),
    ] {
        let result = activates(mint, &[price(price_decimals)], unit);
        if fits {
            result.unwrap();
        } else {
            assert_refused(result, EarnoutError::BadPrice);
        }
    }
}

#[test]
fn a_token_that_crashes_and_rises_moves_the_tokens_and_not_the_pay() {
    let (mut world, grant) = world(unit_terms(), 0);
    // To a hundredth of the first price, and to a hundred times that one.
    for (period, price) in (0..).zip([10_000, 100, 1_000_000, 10_000]) {
        evaluate(&mut world, period, price, 0);
        let event = world.settled(&grant);
        let cents = u128::from(event.tranche) * u128::try_from(price).unwrap() / 10u128.pow(8);
        // 1,000 tokens are the cap: at 0.01 they are worth 10 USD.
        assert_eq!(cents, if price == 100 { 1_000 } else { 10_000 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A plan of two grants, in units and in tokens, at any prices: every tranche follows the rule, the vault always
    /// covers what it owes, and what is left when all is settled is what was not earned.
    #[test]
    fn g1_no_price_makes_the_vault_insolvent(
        prices in prop::collection::vec(100i64..=1_000_000, 4),
        values in prop::collection::vec(0i64..=220, 4),
        units in 1u64..=u64::MAX,
        allocation in 1u64..=u64::MAX / 16,
        weight in 0u16..=10_000,
        policy_number in 0usize..3,
    ) {
        use UnearnedPolicy::*;
        let unearned_policy = [Return, CarryOver, Redistribute][policy_number];
        let mut world = World::active(TokenProgram::Spl, policy(unearned_policy), &kpis(), u64::MAX / 4);
        let grants = [
            world.unit_grant(allocation, units, &[0, weight]).1,
            world.grant(allocation, &[0, weight]).1,
        ];
        for (period, (price, value)) in (0u16..).zip(prices.into_iter().zip(values)) {
            evaluate(&mut world, period, price, value);
            for grant in &grants {
                let state = world.grant_state(grant);
                let (cap, part) = (state.cap(period).unwrap(), state.units(period).unwrap());
                let event = world.settled(grant);
                let worth = u128::from(part) * 10u128.pow(8) / u128::try_from(price).unwrap();
                let worth = u64::try_from(worth.min(cap.into())).unwrap();
                prop_assert_eq!(event.tranche, if state.is_in_units() { worth } else { cap });
                world.surplus();
            }
            if unearned_policy == Redistribute {
                for grant in &grants {
                    world.collected(grant, period);
                }
            }
        }
        let earned: u64 = grants.iter().map(|grant| world.grant_state(grant)).map(|grant| grant.earned + grant.bonus).sum();
        prop_assert_eq!(world.surplus(), u64::MAX / 4 - earned);
        prop_assert_eq!((world.plan().reserved, world.plan().pooled), (0, 0));
    }
}
