//! The program's last look at its own books: no transaction can put them out of balance, so each test does it from
//! outside, and the program stops instead of carrying on.

use earnout_tests::{
    leaving::{Leave, policy},
    *,
};

const OUT_OF_BALANCE: EarnoutError = EarnoutError::InvariantViolated;

/// A plan with one grant of four periods that depends on time, its first period settled.
fn settled_once() -> (World, Pubkey) {
    let kpis = [kpi("tasks", Scope::Shared)];
    let mut world = World::active(TokenProgram::Spl, policy(UnearnedPolicy::Return), &kpis, 1_000_000);
    let grant = world.timed_grant(400_000);
    world.after_windows(0);
    world.settled(&grant);
    (world, grant)
}

/// Collected up to a period that the grant has not settled.
fn out_of_order(world: &mut World, grant: &Pubkey) {
    world.tamper::<Grant>(grant, |grant| grant.collected_through = grant.periods);
}

#[test]
fn a_claim_from_a_grant_out_of_order_stops() {
    let (mut world, grant) = settled_once();
    let beneficiary = world.grant_state(&grant).beneficiary;
    let destination = world.associated(&beneficiary);
    let claim = instructions::claim(&beneficiary, &world.token, &grant, &destination, None);
    out_of_order(&mut world, &grant);
    world.refuses(&claim, OUT_OF_BALANCE);
    world.tamper::<Grant>(&grant, |grant| grant.collected_through = grant.next_period);
    world.run(claim);
}

#[test]
fn a_settlement_of_a_grant_out_of_order_stops() {
    let (mut world, grant) = settled_once();
    world.after_windows(1);
    let settle = world.settle_instruction(&grant);
    out_of_order(&mut world, &grant);
    world.refuses(&settle, OUT_OF_BALANCE);
}

#[test]
fn the_end_of_a_grant_out_of_order_stops() {
    for way in [Leave::Terminate, Leave::Resign] {
        let (mut world, grant) = settled_once();
        let leave = world.leave(way, &grant);
        out_of_order(&mut world, &grant);
        world.refuses(&leave, OUT_OF_BALANCE);
        // And one that was paid more than it earned.
        world.tamper::<Grant>(&grant, |grant| {
            grant.collected_through = grant.first_period;
            grant.claimed = grant.earned + 1;
        });
        world.refuses(&leave, OUT_OF_BALANCE);
        world.tamper::<Grant>(&grant, |grant| grant.claimed = grant.earned);
        world.run(leave);
    }
}

#[test]
fn a_settled_grant_that_still_reserves_or_carries_stops() {
    let (mut world, grant) = settled_once();
    for period in 1..4 {
        world.after_windows(period);
        world.settled(&grant);
    }
    let beneficiary = world.grant_state(&grant).beneficiary;
    let destination = world.associated(&beneficiary);
    let claim = instructions::claim(&beneficiary, &world.token, &grant, &destination, None);
    world.tamper::<Grant>(&grant, |grant| grant.carry = 1);
    world.refuses(&claim, OUT_OF_BALANCE);
    world.tamper::<Grant>(&grant, |grant| (grant.carry, grant.reserved) = (0, 1));
    world.refuses(&claim, OUT_OF_BALANCE);
    world.tamper::<Grant>(&grant, |grant| grant.reserved = 0);
    world.run(claim);
}

/// A plan that redistributes, with two grants on one KPI whose first period can be settled.
fn pooled() -> (World, [Pubkey; 2]) {
    let args = CreatePlanArgs {
        bonus_cap_bps: 10_000,
        ..policy(UnearnedPolicy::Redistribute)
    };
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("tasks", Scope::Shared)], 2_000_000);
    let grants = [400_000, 400_000].map(|allocation| world.grant(allocation, &[10_000]).1);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 50);
    world.after_windows(0);
    (world, grants)
}

#[test]
fn more_settlements_than_a_period_has_grants_stop() {
    let (mut world, [first, second]) = pooled();
    world.settled(&first);
    let pool = pda::period(&world.token.plan, 0);
    world.tamper::<Period>(&pool, |pool| pool.expected = 1);
    let settle = world.settle_instruction(&second);
    world.refuses(&settle, OUT_OF_BALANCE);
    world.tamper::<Period>(&pool, |pool| pool.expected = 2);
    world.run(settle);
}

#[test]
fn more_bonuses_than_a_period_has_grants_or_its_pool_has_tokens_stop() {
    let (mut world, [first, second]) = pooled();
    world.settled(&first);
    world.settled(&second);
    let pool = pda::period(&world.token.plan, 0);
    let collect = instructions::collect_bonus(&world.token.plan, &first, 0);
    world.tamper::<Period>(&pool, |pool| pool.collected = 2);
    world.refuses(&collect, OUT_OF_BALANCE);
    let paid = world.pool(0).pool;
    world.tamper::<Period>(&pool, |pool| (pool.collected, pool.paid) = (0, paid));
    world.refuses(&collect, OUT_OF_BALANCE);
    world.tamper::<Period>(&pool, |pool| pool.paid = 0);
    // A cliff behind the grant's end: nothing that collects a bonus reads it, but the books are wrong.
    let cliff = world.grant_state(&first).cliff_periods;
    world.tamper::<Grant>(&first, |grant| grant.cliff_periods = grant.periods + 1);
    world.refuses(&collect, OUT_OF_BALANCE);
    world.tamper::<Grant>(&first, |grant| grant.cliff_periods = cliff);
    world.run(collect);
}

#[test]
fn a_plan_that_has_more_grants_than_it_made_or_may_make_stops() {
    let (mut world, _) = settled_once();
    let plan = world.token.plan;
    let fund = world.fund(1);
    let Plan {
        open_grants,
        max_grants,
        ..
    } = world.plan();
    world.tamper::<Plan>(&plan, |plan| plan.open_grants = plan.grant_counter + 1);
    world.refuses(&fund, OUT_OF_BALANCE);
    world.tamper::<Plan>(&plan, |plan| {
        plan.open_grants = open_grants;
        plan.max_grants = 0;
    });
    world.refuses(&fund, OUT_OF_BALANCE);
    world.tamper::<Plan>(&plan, |plan| plan.max_grants = max_grants);
    world.run(fund);
}
