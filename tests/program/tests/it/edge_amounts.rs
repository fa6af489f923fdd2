//! Sums at the edge of u64, and allocations that no number of periods divides.

use earnout_tests::*;

/// Terms of short periods without disputes, in which every value counts at once.
fn quick(periods: u16, unearned_policy: UnearnedPolicy) -> CreatePlanArgs {
    CreatePlanArgs {
        cadence: Cadence::Seconds(600),
        period_count: periods,
        enrolment_end: START,
        unearned_policy,
        bonus_cap_bps: 1_000_000,
        ..undisputed_terms()
    }
}

/// A world whose authority holds every token there can be.
fn all_the_tokens_there_can_be(program: TokenProgram) -> World {
    let mut world = World::new(program);
    let (mint, source) = (world.token.mint, world.source);
    world
        .chain
        .mint_to(program, &mint, &source, u64::MAX - u64::MAX / 2)
        .unwrap();
    assert_eq!(world.chain.balance(&source), u64::MAX);
    world
}

#[test]
fn a_reserve_of_twice_u64_max_is_refused_and_the_largest_that_fits_is_made() {
    let mut world = all_the_tokens_there_can_be(TokenProgram::Spl);
    let kpis = [stretch_kpi("stretch", Scope::Shared), kpi("plain", Scope::Shared)];
    world.token.plan = world.active_plan(terms(), &kpis, u64::MAX);
    let beneficiary = world.key();
    let create = |world: &World, allocation, weights: &[u16]| {
        world.create_grant(world.grant_args(&beneficiary, allocation, weights))
    };
    // 200 %, and the first allocation of which 200 % do not fit.
    for allocation in [u64::MAX, u64::MAX / 2 + 1] {
        world.refuses(&create(&world, allocation, &[10_000]), EarnoutError::ReserveTooLarge);
    }
    // 100.01 %.
    world.refuses(&create(&world, u64::MAX, &[1]), EarnoutError::ReserveTooLarge);
    let largest = create(&world, u64::MAX / 2, &[10_000]);
    world.run(largest);
    assert_eq!((world.plan().reserved, world.surplus()), (u64::MAX - 1, 1));
}

#[test]
fn g11_an_allocation_of_u64_max_is_paid_to_the_last_unit() {
    for program in TOKEN_PROGRAMS {
        let mut world = all_the_tokens_there_can_be(program);
        world.token.plan = world.active_plan(terms(), &[kpi("revenue", Scope::Shared)], u64::MAX);
        let (beneficiary, grant) = world.grant(u64::MAX, &[9_999]);
        assert_eq!((world.plan().reserved, world.surplus()), (u64::MAX, 0));
        for period in 0..4 {
            world.evaluate(period, 100);
            world.settled(&grant);
            world.claim(&grant).unwrap();
        }
        let account = world.associated_address(&beneficiary.pubkey());
        assert_eq!((world.chain.balance(&account), world.vault_balance()), (u64::MAX, 0));
        let plan = world.plan();
        assert_eq!(
            (plan.reserved, plan.owed, plan.claimed_total, plan.earned_total),
            (0, 0, u64::MAX, u64::MAX)
        );
    }
}

#[test]
fn a_carry_of_u64_max_is_paid_in_the_last_period() {
    let mut world = all_the_tokens_there_can_be(TokenProgram::Spl);
    let args = CreatePlanArgs {
        unearned_policy: UnearnedPolicy::CarryOver,
        ..terms()
    };
    world.token.plan = world.active_plan(args, &[kpi("revenue", Scope::Shared)], u64::MAX);
    let (beneficiary, grant) = world.grant(u64::MAX, &[10_000]);
    for period in 0..3 {
        world.evaluate(period, 0);
        assert_eq!(world.settled(&grant).earned, 0);
        assert_eq!(world.plan().reserved, u64::MAX);
    }
    world.evaluate(3, 100);
    assert_eq!(world.settled(&grant).earned, u64::MAX);
    world.claim(&grant).unwrap();
    assert_eq!(
        world.chain.balance(&world.associated_address(&beneficiary.pubkey())),
        u64::MAX
    );
}

#[test]
fn g1_reserves_that_sum_to_more_than_u64_are_refused() {
    let mut world = all_the_tokens_there_can_be(TokenProgram::Spl);
    world.token.plan = world.active_plan(terms(), &[kpi("revenue", Scope::Shared)], u64::MAX);
    world.grant(u64::MAX / 2, &[10_000]);
    world.grant(u64::MAX / 2, &[10_000]);
    assert_eq!(world.surplus(), 1);
    let beneficiary = world.key();
    for allocation in [2, 3, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        let create = world.create_grant(world.grant_args(&beneficiary, allocation, &[10_000]));
        world.refuses(&create, EarnoutError::InsufficientFunds);
    }
    world.grant(1, &[10_000]);
    assert_eq!((world.plan().reserved, world.surplus()), (u64::MAX, 0));
}

#[test]
fn a_pool_and_a_bonus_of_half_of_u64_max_are_shared_and_paid() {
    const HALF: u64 = u64::MAX / 2;
    let mut world = all_the_tokens_there_can_be(TokenProgram::Token2022);
    let args = quick(1, UnearnedPolicy::Redistribute);
    world.token.plan = world.active_plan(args, &[kpi("tasks", Scope::Individual)], u64::MAX);
    let [winner, loser] = [(), ()].map(|()| {
        world.grant_with(|args| {
            (args.allocation, args.periods) = (HALF, 1);
            (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
        })
    });
    world.after_period(0, 0);
    world.resolve(0, 0, Some(winner.1), 100);
    world.resolve(0, 0, Some(loser.1), 0);
    assert_eq!(world.settled(&winner.1).earned, HALF);
    assert_eq!(world.settled(&loser.1).pooled, HALF);
    assert_eq!(world.collected(&winner.1, 0).bonus, HALF);
    assert_eq!(world.collected(&loser.1, 0).bonus, 0);
    world.claim(&winner.1).unwrap();
    let account = world.associated_address(&winner.0.pubkey());
    assert_eq!(
        (world.chain.balance(&account), world.vault_balance(), world.surplus()),
        (HALF * 2, 1, 1)
    );
}

#[test]
fn lifetime_totals_saturate_and_stop_nothing() {
    let mut world = all_the_tokens_there_can_be(TokenProgram::Spl);
    world.token.plan = world.active_plan(terms(), &[kpi("revenue", Scope::Shared)], 0);
    let (source, treasury, owner) = (world.source, world.treasury, world.treasury_owner);
    let authority = world.authority.pubkey();
    for _ in 0..2 {
        world.run(world.fund(u64::MAX));
        world.run(instructions::withdraw_surplus(
            &authority,
            &world.token,
            &treasury,
            None,
        ));
        let back = world.transfer(&treasury, &source, &owner, u64::MAX);
        world.run(back);
    }
    let plan = world.plan();
    assert_eq!((plan.funded_total, plan.withdrawn_total), (u64::MAX, u64::MAX));
    world.run(world.fund(u64::MAX));
    assert_eq!(world.surplus(), u64::MAX);
}

#[test]
fn g11_full_scores_in_every_period_pay_the_allocation_to_the_last_unit() {
    use UnearnedPolicy::*;
    // Periods, policy, weights, allocations.
    let cases: [(u16, UnearnedPolicy, &[u16], &[u64]); 5] = [
        (1, Return, &[10_000], &[1, 7, 1_000_000_007]),
        (3, Return, &[3_333, 3_334], &[1, 2, 1_000_000_007, u64::MAX / 6]),
        (7, CarryOver, &[1, 9_998], &[1, 6, 8, 99_999_999_977]),
        (11, Redistribute, &[5_000, 5_000], &[10, 12, 1_000_003]),
        (13, CarryOver, &[10_000], &[12, 14, u64::MAX / 13 - 1]),
    ];
    let mut world = World::new(TokenProgram::Spl);
    let kpis = [stretch_kpi("a", Scope::Shared), kpi("b", Scope::Shared)];
    for (plan_id, (periods, policy, weights, allocations)) in (1..).zip(cases) {
        println!("{periods} periods, {policy:?}");
        world.chain.set_time(GENESIS);
        // The largest scores of the first KPI are twice the full ones.
        let funds = allocations.iter().sum::<u64>() * 2;
        let source = world.source;
        let mint = world.token.mint;
        let missing = funds.saturating_sub(world.chain.balance(&source));
        world.chain.mint_to(TokenProgram::Spl, &mint, &source, missing).unwrap();
        let args = CreatePlanArgs {
            plan_id,
            ..quick(periods, policy)
        };
        world.token.plan = world.active_plan(args, &kpis, funds);
        let grants: Vec<(Keypair, Pubkey)> = allocations
            .iter()
            .map(|allocation| {
                world.grant_with(|args| {
                    (args.allocation, args.periods) = (*allocation, periods);
                    args.kpi_weights = weights.to_vec();
                    args.time_weight = 10_000 - weights.iter().sum::<u16>();
                })
            })
            .collect();
        for period in 0..periods {
            world.after_period(period, 0);
            for kpi in [0, 1] {
                world.resolve(kpi, period, None, 100);
            }
            for (_, grant) in &grants {
                assert_eq!(world.settled(grant).unearned, 0);
            }
            if policy == Redistribute {
                for (_, grant) in &grants {
                    assert_eq!(world.collected(grant, period).bonus, 0);
                }
            }
        }
        for ((beneficiary, grant), allocation) in grants.iter().zip(allocations) {
            world.claim(grant).unwrap();
            assert_eq!(
                world.chain.balance(&world.associated_address(&beneficiary.pubkey())),
                *allocation
            );
        }
        let plan = world.plan();
        assert_eq!((plan.reserved, plan.owed, plan.pooled), (0, 0, 0));
        assert_eq!(world.surplus(), funds - allocations.iter().sum::<u64>());
        let authority = world.authority.pubkey();
        world.run(instructions::withdraw_surplus(
            &authority,
            &world.token,
            &world.treasury,
            None,
        ));
    }
}

#[test]
fn g11_the_longest_calendar_pays_time_to_the_last_unit() {
    let mut world = World::active(
        TokenProgram::Spl,
        quick(120, UnearnedPolicy::Return),
        &[kpi("a", Scope::Shared)],
        1_000_003,
    );
    let (beneficiary, grant) = world.grant_with(|args| (args.allocation, args.periods) = (1_000_003, 120));
    world.after_period(119, 0);
    let settle = world.settle_instruction(&grant);
    for _ in 0..12 {
        world.send(&vec![settle.clone(); 10]).unwrap();
    }
    world.claim(&grant).unwrap();
    let account = world.associated_address(&beneficiary.pubkey());
    assert_eq!((world.chain.balance(&account), world.vault_balance()), (1_000_003, 0));
}
