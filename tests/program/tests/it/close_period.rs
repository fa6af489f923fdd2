//! `close_period`: when, for whose lamports, and that what was closed stays closed.

use earnout_tests::{
    leaving::{Leave, donations, policy},
    *,
};

/// A redistributing plan with two grants whose values of period 0 are final.
fn world() -> (World, [Pubkey; 2]) {
    let args = policy(UnearnedPolicy::Redistribute);
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("tasks", Scope::Shared)], 1_000_000);
    let grants = [0, 1].map(|_| world.grant(400_000, &[10_000]).1);
    world.evaluate(0, 50);
    (world, grants)
}

#[test]
fn rent_returns_to_who_paid_it_and_the_rest_goes_to_the_treasury() {
    let rent = world().0.chain.rent(space::<Period>());
    for (before, after) in donations(rent) {
        let (mut world, grants) = world();
        let address = pda::period(&world.token.plan, 0);
        if before > 0 {
            world.chain.give(&address, before);
        }
        let payer = world.key();
        let had = world.lamports(&payer);
        let (plan, state) = (world.plan(), world.grant_state(&grants[0]));
        world.run(instructions::settle(
            &payer,
            &world.token.plan,
            &plan,
            &grants[0],
            &state,
        ));
        let paid = had - world.lamports(&payer);
        assert_eq!(paid, rent.saturating_sub(before));
        if after > 0 {
            world.chain.give(&address, after);
        }
        world.settled(&grants[1]);
        for grant in &grants {
            world.collected(grant, 0);
        }
        let mut plan = world.plan();
        let close = world.close_period(0);
        let receipt = world.closed(close, &address, &payer, paid);
        plan.open_periods = 0;
        plan.event_sequence += 1;
        assert_eq!(world.plan(), plan);
        let expected = PeriodClosed {
            plan: world.token.plan,
            time: world.chain.now(),
            sequence: plan.event_sequence,
            period: 0,
        };
        assert_eq!(the_event!(receipt, PeriodClosed), expected);
    }
}

#[test]
fn a_pool_is_needed_until_everyone_has_collected() {
    let (mut world, grants) = world();
    world.settled(&grants[0]);
    let close = world.close_period(0);
    world.refuses(&close, EarnoutError::StillNeeded);
    world.settled(&grants[1]);
    world.refuses(&close, EarnoutError::StillNeeded);
    // A grant that has left counts as any other.
    world.left(Leave::Resign, &grants[1]);
    world.collected(&grants[0], 0);
    world.refuses(&close, EarnoutError::StillNeeded);
    world.collected(&grants[1], 0);
    world.run(close);
}

#[test]
fn g3_a_closed_pool_never_comes_back() {
    let (mut world, grants) = world();
    let plan = world.token.plan;
    for grant in &grants {
        world.settled(grant);
    }
    for grant in &grants {
        world.collected(grant, 0);
    }
    let close = world.close_period(0);
    world.run(close.clone());
    world.refuses(&close, AnchorError::AccountOwnedByWrongProgram);
    let collect = instructions::collect_bonus(&plan, &grants[0], 0);
    world.refuses(&collect, EarnoutError::NothingToCollect);
    // Nobody settles period 0 again, and the address of its pool is not another period's.
    world.evaluate(1, 50);
    let settle = world.settle_instruction(&grants[0]);
    let [first, second] = [0, 1].map(|period| pda::period(&plan, period));
    world.refuses(&swapped(&settle, &second, &first), EarnoutError::WrongPeriod);
    for grant in &grants {
        world.settled(grant);
    }
    for grant in &grants {
        world.collected(grant, 1);
    }
    assert_eq!((world.plan().open_periods, world.chain.account(&first)), (1, None));
    let close = world.close_period(1);
    world.run(close);
    assert_eq!(world.plan().open_periods, 0);
}

#[test]
fn g13_wrong_accounts_are_refused() {
    let (mut world, grants) = world();
    let plan = world.token.plan;
    for grant in &grants {
        world.settled(grant);
    }
    for grant in &grants {
        world.collected(grant, 0);
    }
    world.evaluate(1, 50);
    world.settled(&grants[0]);
    let (stranger, vault) = (world.key(), world.plan().vault);
    world.chain.set_time(GENESIS);
    let args = CreatePlanArgs { plan_id: 2, ..terms() };
    let other = world.active_plan(args, &[kpi("tasks", Scope::Shared)], 1_000);
    world.after_windows(1);
    let (pool, payer) = (pda::period(&plan, 0), world.pool(0).rent_payer);
    let close = world.close_period(0);
    let cases = [
        (plan, other, EarnoutError::WrongPeriod),
        (payer, stranger, EarnoutError::WrongRentPayer),
        (world.treasury, stranger, EarnoutError::WrongTreasury),
        (world.treasury, world.source, EarnoutError::WrongTreasury),
        // The pool of the next period is not collected from.
        (pool, pda::period(&plan, 1), EarnoutError::StillNeeded),
    ];
    world.refuses_swapped(&close, &cases);
    let cases = [
        (pool, grants[0], AnchorError::AccountDiscriminatorMismatch),
        (pool, vault, AnchorError::AccountOwnedByWrongProgram),
        (plan, grants[0], AnchorError::AccountDiscriminatorMismatch),
    ];
    world.refuses_swapped(&close, &cases);
    // The fee payer of the transaction, who paid for the pool, is writable in any case.
    world.refuses_broken(&close, &[], &[plan, pool, world.treasury]);
    let close = world.refuses_wrong_treasury(&close);
    world.run(close);
}
