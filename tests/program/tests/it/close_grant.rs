//! `close_grant`: when, for whose lamports, and that its address is never used again.

use earnout_tests::{
    leaving::{LEAVES, Leave, donations, policy},
    *,
};

fn tasks() -> KpiArgs {
    kpi("tasks", Scope::Individual)
}

/// A plan of these terms, holding 1,000,000.
fn world(args: CreatePlanArgs) -> World {
    World::active(TokenProgram::Spl, args, &[tasks()], 1_000_000)
}

/// Settles and collects all periods of a grant that nobody reports on.
fn settle_all(world: &mut World, grant: &Pubkey) {
    world.after_windows(3);
    let state = world.grant_state(grant);
    let collects = world.plan().redistributes().unwrap();
    for period in state.next_period..state.end_period {
        world.settled(grant);
        if collects {
            world.collected(grant, period);
        }
    }
}

/// A plan with a grant of time that is settled and claimed in full, and can be closed.
fn done() -> (World, Pubkey) {
    let mut world = world(terms());
    let grant = world.timed_grant(400_000);
    settle_all(&mut world, &grant);
    world.claim(&grant).unwrap();
    (world, grant)
}

#[test]
fn rent_returns_to_who_paid_it_and_the_rest_goes_to_the_treasury() {
    let rent = world(terms()).chain.rent(space::<Grant>());
    for (before, after) in donations(rent) {
        let mut world = world(terms());
        let address = pda::grant(&world.token.plan, 0);
        if before > 0 {
            world.chain.give(&address, before);
        }
        let (payer, beneficiary) = (world.key(), world.key());
        world.associated(&beneficiary);
        let had = world.lamports(&payer);
        let args = world.grant_args(&beneficiary, 400_000, &[]);
        let PlanToken {
            plan: plan_key, mint, ..
        } = world.token;
        world.run(instructions::create_grant(
            &payer,
            &world.authority.pubkey(),
            &plan_key,
            &mint,
            args,
        ));
        let paid = had - world.lamports(&payer);
        assert_eq!(paid, rent.saturating_sub(before));
        if after > 0 {
            world.chain.give(&address, after);
        }
        settle_all(&mut world, &address);
        world.claim(&address).unwrap();
        let mut plan = world.plan();
        let close = world.close_grant(&address);
        let receipt = world.closed(close, &address, &payer, paid);
        plan.open_grants = 0;
        plan.event_sequence += 1;
        assert_eq!(world.plan(), plan);
        let expected = GrantClosed {
            plan: plan_key,
            time: world.chain.now(),
            sequence: plan.event_sequence,
            grant: address,
            claimed: 400_000,
        };
        assert_eq!(the_event!(receipt, GrantClosed), expected);
    }
}

#[test]
fn a_grant_stays_until_it_is_settled_and_claimed_to_the_last_unit() {
    let mut world = world(terms());
    let grant = world.timed_grant(400_000);
    let beneficiary = world.grant_state(&grant).beneficiary;
    let (close, destination) = (world.close_grant(&grant), world.associated_address(&beneficiary));
    let token = world.token;
    let claim = |amount| instructions::claim(&beneficiary, &token, &grant, &destination, amount);
    world.refuses(&close, EarnoutError::StillNeeded);
    for period in 0..4 {
        world.after_period(period, 0);
        world.refuses(&close, EarnoutError::StillNeeded);
        world.settled(&grant);
        if period < 3 {
            world.run(claim(None));
            world.refuses(&close, EarnoutError::StillNeeded);
        }
    }
    world.refuses(&close, EarnoutError::StillNeeded);
    world.run(claim(Some(99_999)));
    world.refuses(&close, EarnoutError::StillNeeded);
    world.run(claim(Some(1)));
    world.run(close);
}

#[test]
fn what_is_not_yet_vested_keeps_the_grant() {
    let args = CreatePlanArgs {
        release: Release::Linear,
        ..terms()
    };
    let mut world = world(args);
    let grant = world.timed_grant(400_000);
    let close = world.close_grant(&grant);
    world.after_period(3, 0);
    for _ in 0..4 {
        world.settled(&grant);
    }
    for at in [boundary(4), boundary(5) - 1] {
        world.chain.set_time(at);
        world.claim(&grant).unwrap();
        world.refuses(&close, EarnoutError::StillNeeded);
    }
    world.chain.set_time(boundary(5));
    world.claim(&grant).unwrap();
    world.run(close);
}

#[test]
fn a_bonus_of_zero_must_be_collected_too() {
    // Nothing is reported and nothing earned, so nothing is owed; without the collection the pool would stay open.
    let mut world = world(policy(UnearnedPolicy::Redistribute));
    let (_, grant) = world.grant_with(|args| {
        (args.allocation, args.first_period, args.periods) = (400, 3, 1);
        (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
    });
    let close = world.close_grant(&grant);
    world.after_windows(3);
    world.settled(&grant);
    assert_eq!(world.grant_state(&grant).owed().unwrap(), 0);
    world.refuses(&close, EarnoutError::StillNeeded);
    world.collected(&grant, 3);
    world.run(close);
}

#[test]
fn who_earned_nothing_or_left_without_anything_claims_nothing_and_is_closed() {
    let weighted = |args: &mut CreateGrantArgs| {
        (args.allocation, args.cliff_periods) = (400_000, 4);
        (args.time_weight, args.kpi_weights) = (5_000, vec![5_000]);
    };
    for (way, policy_) in LEAVES
        .into_iter()
        .flat_map(|way| [UnearnedPolicy::Return, UnearnedPolicy::Redistribute].map(|policy| (way, policy)))
    {
        // Before the first period: at once. Before the cliff: as soon as the running period is settled.
        for (at, end_period) in [(boundary(0), 0), (boundary(0) + DAY, 1)] {
            let mut world = world(policy(policy_));
            let (_, grant) = world.grant_with(weighted);
            let close = world.close_grant(&grant);
            world.chain.set_time(at);
            assert_eq!(world.left(way, &grant).end_period, end_period);
            if end_period > 0 {
                world.refuses(&close, EarnoutError::StillNeeded);
                settle_all(&mut world, &grant);
                assert!(world.plan().earned_total > 0);
            }
            assert_eq!(the_event!(world.run(close), GrantClosed).claimed, 0);
            assert_eq!(world.surplus(), 1_000_000);
        }
    }
    let mut world = world(terms());
    let (_, grant) = world.grant(400_000, &[10_000]);
    settle_all(&mut world, &grant);
    assert_refused(world.claim(&grant), EarnoutError::NothingToClaim);
    let close = world.close_grant(&grant);
    world.run(close);
}

#[test]
fn g3_the_index_of_a_closed_grant_is_never_used_again() {
    let args = CreatePlanArgs {
        max_grants: 2,
        ..terms()
    };
    let mut world = world(args);
    let grant = world.timed_grant(400_000);
    world.left(Leave::Terminate, &grant);
    let (close, beneficiary) = (world.close_grant(&grant), world.key());
    let again = world.create_grant(CreateGrantArgs {
        grant_index: 0,
        ..world.grant_args(&beneficiary, 1, &[])
    });
    assert_refused(
        world.send(&[close.clone(), again.clone()]),
        EarnoutError::WrongGrantIndex,
    );
    world.run(close.clone());
    world.refuses(&again, EarnoutError::WrongGrantIndex);
    world.refuses(&close, AnchorError::AccountOwnedByWrongProgram);
    assert_eq!((world.plan().grant_counter, world.plan().open_grants), (1, 0));
    let next = world.timed_grant(400_000);
    assert_eq!(next, pda::grant(&world.token.plan, 1));
    // A closed grant still counts among those that were ever made.
    let third = world.create_grant(world.grant_args(&beneficiary, 1, &[]));
    world.refuses(&third, EarnoutError::TooManyGrants);
}

#[test]
fn nothing_can_be_done_with_a_closed_grant() {
    let (mut world, grant) = done();
    let (plan, token, state) = (world.token.plan, world.token, world.grant_state(&grant));
    let payer = world.chain.fee_payer().pubkey();
    let destination = world.associated_address(&state.beneficiary);
    let attempts = [
        world.leave(Leave::Terminate, &grant),
        world.leave(Leave::Resign, &grant),
        instructions::settle(&payer, &plan, &world.plan(), &grant, &state),
        instructions::claim(&payer, &token, &grant, &destination, None),
        instructions::set_claim_lock(&state.beneficiary, &plan, &grant, true),
        instructions::collect_bonus(&plan, &grant, 0),
    ];
    let close = world.close_grant(&grant);
    world.run(close);
    for attempt in &attempts {
        world.refuses(attempt, AnchorError::AccountOwnedByWrongProgram);
    }
    // Nor with what somebody sends to its address.
    world.chain.endow(&grant);
    for attempt in &attempts {
        world.refuses(attempt, AnchorError::AccountOwnedByWrongProgram);
    }
}

#[test]
fn g12_the_other_grants_stay_as_they_are() {
    let mut world = world(terms());
    let [grant, other] = [0, 1].map(|_| world.timed_grant(400_000));
    settle_all(&mut world, &grant);
    world.claim(&grant).unwrap();
    let state = world.grant_state(&other);
    let close = world.close_grant(&grant);
    world.run(close);
    assert_eq!(world.grant_state(&other), state);
    assert_eq!(world.plan().unsettled_grants[..4], [1; 4]);
    settle_all(&mut world, &other);
    world.claim(&other).unwrap();
    let close = world.close_grant(&other);
    world.run(close);
    assert_eq!(world.plan().open_grants, 0);
}

#[test]
fn g13_wrong_accounts_are_refused() {
    let (mut world, grant) = done();
    let plan = world.token.plan;
    let (stranger, vault, payer) = (world.key(), world.plan().vault, world.grant_state(&grant).rent_payer);
    world.chain.set_time(GENESIS);
    let args = CreatePlanArgs { plan_id: 2, ..terms() };
    let other = world.active_plan(args, &[tasks()], 1_000);
    let foreign = world.in_plan(other, |world| world.timed_grant(400));
    let close = world.close_grant(&grant);
    let cases = [
        (plan, other, EarnoutError::WrongGrant),
        (grant, foreign, EarnoutError::WrongGrant),
        (payer, stranger, EarnoutError::WrongRentPayer),
        (world.treasury, stranger, EarnoutError::WrongTreasury),
        (world.treasury, world.source, EarnoutError::WrongTreasury),
    ];
    world.refuses_swapped(&close, &cases);
    let cases = [
        (grant, plan, AnchorError::AccountDiscriminatorMismatch),
        (grant, vault, AnchorError::AccountOwnedByWrongProgram),
        (plan, grant, AnchorError::AccountDiscriminatorMismatch),
    ];
    world.refuses_swapped(&close, &cases);
    world.refuses_broken(&close, &[], &[plan, grant, payer, world.treasury]);
    let close = world.refuses_wrong_treasury(&close);
    world.run(close);
}
