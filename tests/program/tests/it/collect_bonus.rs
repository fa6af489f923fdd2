//! `collect_bonus`: how the pool of a period is shared.

use earnout_tests::*;

fn redistribute(bonus_cap_bps: u32) -> CreatePlanArgs {
    CreatePlanArgs {
        unearned_policy: UnearnedPolicy::Redistribute,
        bonus_cap_bps,
        ..terms()
    }
}

/// A plan with one individual KPI and a grant for each allocation, whose period 0 is settled by these values.
fn settled(bonus_cap_bps: u32, grants: &[(u64, i64)]) -> (World, Vec<Pubkey>) {
    let (mut world, grants) = reported(bonus_cap_bps, grants);
    for grant in &grants {
        world.settled(grant);
    }
    (world, grants)
}

/// The same, not yet settled.
fn reported(bonus_cap_bps: u32, grants: &[(u64, i64)]) -> (World, Vec<Pubkey>) {
    let kpis = [kpi("tasks", Scope::Individual)];
    let mut world = World::active(TokenProgram::Spl, redistribute(bonus_cap_bps), &kpis, 2_000_000);
    let addresses: Vec<Pubkey> = grants
        .iter()
        .map(|(allocation, _)| world.grant(*allocation, &[10_000]).1)
        .collect();
    world.after_period(0, 0);
    for (address, (_, value)) in addresses.iter().zip(grants) {
        world.resolve(0, 0, Some(*address), *value);
    }
    world.after_windows(0);
    (world, addresses)
}

#[test]
fn the_pool_is_shared_by_what_the_kpis_earned() {
    // Tranches 100,000, 100,000 and 50,000, of which 100,000, 50,000 and 0 are earned: 100,000 in the pool.
    let (mut world, grants) = settled(10_000, &[(400_000, 100), (400_000, 50), (200_000, 0)]);
    let mut plan = world.plan();
    let mut pool = world.pool(0);
    assert_eq!(
        (pool.pool, pool.kpi_total, pool.settled, pool.expected),
        (100_000, 150_000, 3, 3)
    );
    assert_eq!((plan.owed, plan.pooled, plan.reserved), (150_000, 100_000, 750_000));
    assert_eq!(world.surplus(), 1_000_000);
    // 100,000·2/3, ·1/3 and nothing; one unit of dust goes to surplus with the last one.
    for (number, (grant, bonus, left_over)) in
        (1..).zip([(grants[0], 66_666, 0), (grants[1], 33_333, 0), (grants[2], 0, 1)])
    {
        let mut state = world.grant_state(&grant);
        let event = world.collected(&grant, 0);
        state.bonus = bonus;
        state.collected_through = 1;
        assert_eq!(world.grant_state(&grant), state);
        pool.collected = number;
        pool.paid += bonus;
        assert_eq!(world.pool(0), pool);
        plan.owed += bonus;
        plan.pooled -= bonus + left_over;
        plan.bonus_total += bonus;
        plan.event_sequence += 1;
        assert_eq!(world.plan(), plan);
        let expected = BonusCollected {
            plan: world.token.plan,
            time: boundary(1) + 3 * DAY,
            sequence: plan.event_sequence,
            grant,
            period: 0,
            bonus,
            left_over,
            plan_owed: plan.owed,
            plan_pooled: plan.pooled,
        };
        assert_eq!(event, expected);
    }
    assert_eq!((plan.owed, plan.pooled, world.surplus()), (249_999, 0, 1_000_001));
}

#[test]
fn g2_the_cap_limits_every_bonus_and_the_rest_becomes_surplus() {
    // Cap, bonuses, left over. The pool is 100,000 as above.
    let cases = [
        (0, [0, 0, 0], 100_000),
        (1, [10, 10, 0], 99_980),
        (2_000, [20_000, 20_000, 0], 60_000),
        (4_000, [40_000, 33_333, 0], 26_667),
        (6_666, [66_660, 33_333, 0], 7),
        (6_667, [66_666, 33_333, 0], 1),
        (1_000_000, [66_666, 33_333, 0], 1),
    ];
    for (cap, bonuses, left_over) in cases {
        let (mut world, grants) = settled(cap, &[(400_000, 100), (400_000, 50), (200_000, 0)]);
        let events = [0, 1, 2].map(|index| world.collected(&grants[index], 0));
        assert_eq!(events.each_ref().map(|event| event.bonus), bonuses, "cap {cap}");
        assert_eq!(
            events.each_ref().map(|event| event.left_over),
            [0, 0, left_over],
            "cap {cap}"
        );
        let pool = world.pool(0);
        assert_eq!(pool.paid + left_over, pool.pool);
        assert_eq!((world.plan().pooled, world.surplus()), (0, 1_000_000 + left_over));
    }
}

#[test]
fn g4_the_order_of_settling_and_collecting_does_not_matter() {
    let grants = [(300_007, 100), (100_003, 37), (99_991, 61)];
    let orders = [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]];
    let results = orders.map(|order| {
        let (mut world, grants) = reported(1_500, &grants);
        for index in order {
            world.settled(&grants[index]);
        }
        for index in order.into_iter().rev() {
            world.collected(&grants[index], 0);
        }
        let plan = world.plan();
        assert_eq!(plan.pooled, 0);
        let bonuses: Vec<u64> = grants.iter().map(|grant| world.grant_state(grant).bonus).collect();
        (bonuses, plan.owed, world.surplus())
    });
    // Tranches 75,001, 25,000, 24,997; earned 75,001, 9,250, 15,248; pool 15,750 + 9,749 = 25,499 of Σ 99,499:
    // 19,221 above the cap of 11,250; 2,370; 3,907 above 3,749.
    assert_eq!(results[0].0, [11_250, 2_370, 3_749]);
    for result in &results[1..] {
        assert_eq!(result, &results[0]);
    }
}

#[test]
fn nobody_collects_before_all_are_settled() {
    let (mut world, grants) = reported(10_000, &[(400, 100), (400, 50), (400, 0)]);
    let plan = world.token.plan;
    world.settled(&grants[1]);
    let collect = instructions::collect_bonus(&plan, &grants[1], 0);
    world.refuses(&collect, EarnoutError::PeriodNotSettled);
    world.settled(&grants[2]);
    world.refuses(&collect, EarnoutError::PeriodNotSettled);
    // Settled itself, or not.
    world.refuses(
        &instructions::collect_bonus(&plan, &grants[0], 0),
        EarnoutError::NothingToCollect,
    );
    world.settled(&grants[0]);
    world.run(collect);
}

#[test]
fn a_bonus_is_collected_once() {
    let (mut world, grants) = settled(10_000, &[(400, 100), (400, 0)]);
    let plan = world.token.plan;
    let collect = instructions::collect_bonus(&plan, &grants[0], 0);
    assert_refused(
        world.send(&[collect.clone(), collect.clone()]),
        EarnoutError::NothingToCollect,
    );
    assert_eq!(world.grant_state(&grants[0]).bonus, 0);
    world.run(collect.clone());
    world.refuses(&collect, EarnoutError::NothingToCollect);
    world.collected(&grants[1], 0);
    world.refuses(&collect, EarnoutError::NothingToCollect);
    assert_eq!((world.grant_state(&grants[0]).bonus, world.pool(0).paid), (100, 100));
}

#[test]
fn a_pool_that_no_kpi_earned_becomes_surplus() {
    let mut world = World::active(
        TokenProgram::Spl,
        redistribute(10_000),
        &[kpi("tasks", Scope::Shared)],
        2_000,
    );
    // 40 % by time, which earns no bonus; 60 % by a KPI whose value is 0.
    let (_, half) = world.grant(400, &[6_000]);
    let (_, timed) = world.grant(400, &[]);
    world.evaluate(0, 0);
    assert_eq!((world.settled(&half).pooled, world.settled(&timed).pooled), (60, 0));
    assert_eq!(world.pool(0).kpi_total, 0);
    assert_eq!(world.collected(&timed, 0).left_over, 0);
    let event = world.collected(&half, 0);
    assert_eq!((event.bonus, event.left_over, world.plan().pooled), (0, 60, 0));
    assert_eq!(world.surplus(), 1_260);
}

#[test]
fn time_based_pay_earns_no_bonus() {
    let mut world = World::active(
        TokenProgram::Spl,
        redistribute(10_000),
        &[kpi("tasks", Scope::Individual)],
        2_000,
    );
    let [timed, mixed, poor] = [&[][..], &[5_000], &[10_000]].map(|weights| world.grant(400, weights).1);
    world.after_period(0, 0);
    world.resolve(0, 0, Some(mixed), 100);
    world.resolve(0, 0, Some(poor), 0);
    world.after_windows(0);
    for grant in [timed, mixed, poor] {
        world.settled(&grant);
    }
    // Only the 50 earned by a KPI share in the pool of 100: all of it, up to the cap of a tranche.
    assert_eq!(
        [timed, mixed, poor].map(|grant| world.collected(&grant, 0).bonus),
        [0, 100, 0]
    );
}

#[test]
fn a_grant_of_later_periods_is_not_waited_for() {
    let mut world = World::active(
        TokenProgram::Spl,
        redistribute(10_000),
        &[kpi("revenue", Scope::Shared)],
        2_000,
    );
    let (_, first) = world.grant_with(|args| {
        (args.periods, args.allocation) = (2, 200);
        (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
    });
    let (_, later) = world.grant_with(|args| {
        (args.first_period, args.periods, args.allocation) = (1, 1, 100);
        (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
    });
    world.evaluate(0, 40);
    world.settled(&first);
    assert_eq!(world.pool(0).expected, 1);
    assert_eq!(world.collected(&first, 0).bonus, 60);
    world.evaluate(1, 40);
    world.settled(&first);
    assert_eq!(world.pool(1).expected, 2);
    let collect = instructions::collect_bonus(&world.token.plan, &first, 1);
    world.refuses(&collect, EarnoutError::PeriodNotSettled);
    world.settled(&later);
    assert_eq!(world.collected(&first, 1).bonus, 60);
    assert_eq!(world.collected(&later, 1).bonus, 60);
}

#[test]
fn the_bonus_can_be_claimed_and_a_period_without_a_pool_is_collected_too() {
    let (mut world, grants) = settled(10_000, &[(400, 100), (400, 50)]);
    for (grant, bonus) in grants.iter().zip([33, 16]) {
        assert_eq!(world.collected(grant, 0).bonus, bonus);
    }
    world.claim(&grants[0]).unwrap();
    let beneficiary = world.grant_state(&grants[0]).beneficiary;
    assert_eq!(world.chain.balance(&world.associated_address(&beneficiary)), 133);

    // Nobody misses anything in period 1: nothing to share, and the next period can be settled.
    world.after_period(1, 0);
    for grant in &grants {
        world.resolve(0, 1, Some(*grant), 100);
    }
    world.after_windows(2);
    for grant in &grants {
        world.settled(grant);
    }
    for grant in &grants {
        assert_eq!(world.collected(grant, 1).bonus, 0);
    }
    world.settled(&grants[0]);
}

#[test]
fn a_plan_that_does_not_redistribute_has_no_bonus_and_no_pool() {
    for unearned_policy in [UnearnedPolicy::Return, UnearnedPolicy::CarryOver] {
        let args = CreatePlanArgs {
            unearned_policy,
            ..terms()
        };
        let mut world = World::active(TokenProgram::Spl, args, &[kpi("tasks", Scope::Shared)], 400);
        let (_, grant) = world.grant(400, &[10_000]);
        world.evaluate(0, 50);
        world.settled(&grant);
        let collect = instructions::collect_bonus(&world.token.plan, &grant, 0);
        world.refuses(&collect, EarnoutError::NoRedistribution);
    }
}

#[test]
fn before_the_first_settlement_there_is_neither_a_pool_nor_a_bonus() {
    let (mut world, grants) = reported(10_000, &[(400, 100)]);
    let collect = instructions::collect_bonus(&world.token.plan, &grants[0], 0);
    world.refuses(&collect, EarnoutError::NothingToCollect);
}

#[test]
fn g13_wrong_linked_accounts_are_refused() {
    let (mut world, grants) = settled(10_000, &[(400, 100), (400, 50)]);
    let plan = world.token.plan;
    world.chain.set_time(GENESIS);
    let args = CreatePlanArgs {
        plan_id: 2,
        ..redistribute(10_000)
    };
    let other = world.active_plan(args, &[kpi("tasks", Scope::Individual)], 1_000);
    let foreign = world.in_plan(other, |world| {
        let (_, foreign) = world.grant(400, &[10_000]);
        world.after_windows(0);
        world.settled(&foreign);
        foreign
    });
    world.after_windows(1);
    world.collected(&grants[0], 0);
    world.settled(&grants[0]);
    let collect = instructions::collect_bonus(&plan, &grants[1], 0);
    let pool = pda::period(&plan, 0);
    let cases = [
        (grants[1], foreign, EarnoutError::WrongGrant),
        (plan, other, EarnoutError::WrongGrant),
        (pool, pda::period(&other, 0), EarnoutError::WrongPeriod),
        // The pool of this plan's next period exists already.
        (pool, pda::period(&plan, 1), EarnoutError::WrongPeriod),
        // That of the one after next does not, and others are not pools.
        (pool, pda::period(&plan, 2), EarnoutError::WrongPeriod),
        (pool, grants[0], EarnoutError::WrongPeriod),
        (pool, grants[1], EarnoutError::WrongPeriod),
        (pool, plan, EarnoutError::WrongPeriod),
        (pool, world.source, EarnoutError::WrongPeriod),
        (pool, Pubkey::new_from_array([3; 32]), EarnoutError::WrongPeriod),
    ];
    world.refuses_swapped(&collect, &cases);
    world.refuses(
        &swapped(&collect, &grants[1], &pool),
        AnchorError::AccountDiscriminatorMismatch,
    );
    world.refuses_broken(&collect, &[], &[plan, grants[1], pool]);
    world.run(collect);
}
