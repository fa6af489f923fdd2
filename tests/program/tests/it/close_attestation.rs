//! `close_attestation`: when, for whose lamports, and that what was closed stays closed.

use earnout_tests::{
    leaving::{Leave, donations},
    *,
};

/// A plan of these terms with a shared KPI and two grants that depend on it.
fn world(args: CreatePlanArgs) -> (World, [Pubkey; 2]) {
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("revenue", Scope::Shared)], 1_000_000);
    let grants = [0, 1].map(|_| world.grant(400_000, &[5_000]).1);
    (world, grants)
}

/// The same, with the values of `periods` reported and final.
fn reported(args: CreatePlanArgs, periods: u16) -> (World, [Pubkey; 2]) {
    let (mut world, grants) = world(args);
    for period in 0..periods {
        world.after_period(period, 0);
        world.resolve(0, period, None, 50);
    }
    world.after_windows(periods - 1);
    (world, grants)
}

#[test]
fn rent_returns_to_who_paid_it_and_the_rest_goes_to_the_treasury() {
    let rent = world(terms()).0.chain.rent(space::<Attestation>());
    for (before, after) in donations(rent) {
        let (mut world, grants) = world(terms());
        let plan_key = world.token.plan;
        let address = pda::attestation(&plan_key, 0, 0);
        if before > 0 {
            world.chain.give(&address, before);
        }
        world.after_period(0, 0);
        let payer = world.key();
        let mut vote = world.vote(0, 0, 0, None, 5);
        vote.accounts[0].pubkey = payer;
        let had = world.lamports(&payer);
        world.run(vote);
        let paid = had - world.lamports(&payer);
        assert_eq!(paid, rent.saturating_sub(before));
        if after > 0 {
            world.chain.give(&address, after);
        }
        world.after_windows(0);
        for grant in grants {
            world.settled(&grant);
        }
        let mut plan = world.plan();
        let close = world.close_attestation(0, 0);
        let receipt = world.closed(close, &address, &payer, paid);
        plan.open_attestations = 0;
        plan.event_sequence += 1;
        assert_eq!(world.plan(), plan);
        let expected = AttestationClosed {
            plan: plan_key,
            time: world.chain.now(),
            sequence: plan.event_sequence,
            kpi: 0,
            period: 0,
        };
        assert_eq!(the_event!(receipt, AttestationClosed), expected);
    }
}

#[test]
fn g7_a_shared_value_is_needed_until_every_grant_of_the_period_has_settled() {
    let (mut world, grants) = reported(terms(), 2);
    let close = world.close_attestation(0, 0);
    let next = world.close_attestation(0, 1);
    world.refuses(&close, EarnoutError::StillNeeded);
    world.settled(&grants[0]);
    world.settled(&grants[0]);
    world.refuses(&close, EarnoutError::StillNeeded);
    world.settled(&grants[1]);
    world.refuses(&next, EarnoutError::StillNeeded);
    world.run(close);
    world.settled(&grants[1]);
    world.run(next.clone());
    assert_eq!(world.plan().open_attestations, 0);
    // Twice.
    world.refuses(&next, AnchorError::AccountOwnedByWrongProgram);
}

#[test]
fn a_grant_that_left_needs_the_values_of_the_periods_it_served_and_no_others() {
    let (mut world, grants) = world(terms());
    world.after_period(0, 1);
    world.left(Leave::Terminate, &grants[0]);
    world.resolve(0, 0, None, 50);
    for period in [1, 2] {
        world.after_period(period, 0);
        world.resolve(0, period, None, 50);
    }
    world.after_windows(2);
    for _ in 0..3 {
        world.settled(&grants[1]);
    }
    let [first, second, third] = [0, 1, 2].map(|period| world.close_attestation(0, period));
    world.refuses(&first, EarnoutError::StillNeeded);
    world.refuses(&second, EarnoutError::StillNeeded);
    world.run(third);
    world.settled(&grants[0]);
    world.run(first);
    world.refuses(&second, EarnoutError::StillNeeded);
    world.settled(&grants[0]);
    world.run(second);
}

#[test]
fn g3_no_vote_brings_a_closed_value_back_while_its_window_is_open() {
    // Without an arbiter a value counts as soon as it is resolved, so it is settled and closed inside the window.
    let (mut world, grants) = world(undisputed_terms());
    world.after_period(0, 0);
    world.resolve(0, 0, None, 50);
    for grant in grants {
        world.settled(&grant);
    }
    let close = world.close_attestation(0, 0);
    for oracle in 0..3 {
        let vote = world.vote(oracle, 0, 0, None, 99);
        assert_refused(world.send(&[close.clone(), vote]), EarnoutError::NothingToEvaluate);
    }
    world.run(close);
    for oracle in 0..3 {
        world.refuses(&world.vote(oracle, 0, 0, None, 99), EarnoutError::NothingToEvaluate);
    }
}

#[test]
fn g3_no_dispute_brings_a_closed_value_back_while_a_silence_could_be_disputed() {
    // Resolved at once and unchallenged for a day, a value is final long before the window of the votes ends, after
    // which the silence of an address where nothing is could be disputed.
    let args = CreatePlanArgs {
        attest_secs: 5 * 86_400,
        ..terms()
    };
    let (mut world, grants) = world(args);
    let beneficiary = world.grant_state(&grants[0]).beneficiary;
    world.after_period(0, 0);
    world.resolve(0, 0, None, 50);
    world.after_period(0, DAY);
    for grant in grants {
        world.settled(&grant);
    }
    world.run(world.close_attestation(0, 0));
    for secs in [DAY, 5 * DAY - 1, 5 * DAY, 6 * DAY - 1] {
        world.after_period(0, secs);
        let by_authority = world.disputes(&world.authority.pubkey(), 0, 0, None);
        let by_beneficiary = world.disputes(&beneficiary, 0, 0, Some(grants[0]));
        for dispute in [by_authority, by_beneficiary] {
            world.refuses(&dispute, EarnoutError::NothingToEvaluate);
        }
    }
}

#[test]
fn a_disputed_value_is_closed_like_any_other() {
    let (mut world, grants) = world(terms());
    let authority = world.authority.pubkey();
    // A silence that is disputed: the dispute pays for the account.
    world.after_period(0, DAY);
    let had = world.lamports(&authority);
    world.run(world.disputes(&authority, 0, 0, None));
    let paid = had - world.lamports(&authority);
    assert_eq!(paid, world.chain.rent(space::<Attestation>()));
    world.after_windows(0);
    let close = world.close_attestation(0, 0);
    world.refuses(&close, EarnoutError::StillNeeded);
    for grant in grants {
        world.settled(&grant);
    }
    let address = pda::attestation(&world.token.plan, 0, 0);
    world.closed(close, &address, &authority, paid);
}

#[test]
fn g7_neither_a_closed_treasury_nor_an_empty_payer_stops_a_closing_that_somebody_helps() {
    // Accounts that would be left with less than their rent cannot receive lamports, until somebody adds some.
    let (mut world, grants) = reported(terms(), 2);
    for grant in [grants, grants].concat() {
        world.settled(&grant);
    }
    let (payer, treasury) = (world.oracles[0].pubkey(), world.treasury);
    let program = world.token.token_program;
    let (owner, home) = (world.treasury_owner, world.chain.fee_payer().pubkey());
    world.run(token_instruction::close_account(&program, &treasury, &home, &owner, &[]).unwrap());
    world.chain.replace(&payer, Account::default());
    // The rent makes an empty payer whole, and nothing is left for the treasury.
    let close = world.close_attestation(0, 0);
    let rent = world.chain.rent(space::<Attestation>());
    world.closed(close, &pda::attestation(&world.token.plan, 0, 0), &payer, rent);
    // A single lamport for the treasury is too little to begin an account with.
    let address = pda::attestation(&world.token.plan, 0, 1);
    world.chain.give(&address, 1);
    let close = world.close_attestation(0, 1);
    let failure = world.send(std::slice::from_ref(&close)).unwrap_err();
    assert!(failure.to_string().contains("rent"), "{failure}");
    let enough = world.chain.rent(0);
    world.chain.give(&treasury, enough);
    world.closed(close, &address, &payer, rent);
}

#[test]
fn g13_wrong_accounts_are_refused() {
    let (mut world, grants) = reported(terms(), 1);
    let plan = world.token.plan;
    for grant in grants {
        world.settled(&grant);
    }
    let stranger = world.key();
    let other = {
        world.chain.set_time(GENESIS);
        let args = CreatePlanArgs { plan_id: 2, ..terms() };
        world.active_plan(args, &[kpi("revenue", Scope::Shared)], 1_000)
    };
    world.after_windows(0);
    let vault = world.plan().vault;
    let attestation = pda::attestation(&plan, 0, 0);
    let payer = world.attestation(0, 0).rent_payer;
    let close = world.close_attestation(0, 0);
    let cases = [
        (plan, other, EarnoutError::WrongAttestation),
        (payer, stranger, EarnoutError::WrongRentPayer),
        (world.treasury, stranger, EarnoutError::WrongTreasury),
        (world.treasury, world.source, EarnoutError::WrongTreasury),
    ];
    world.refuses_swapped(&close, &cases);
    let cases = [
        (attestation, plan, AnchorError::AccountDiscriminatorMismatch),
        (attestation, grants[0], AnchorError::AccountDiscriminatorMismatch),
        (attestation, vault, AnchorError::AccountOwnedByWrongProgram),
        (plan, grants[0], AnchorError::AccountDiscriminatorMismatch),
    ];
    world.refuses_swapped(&close, &cases);
    world.refuses_broken(&close, &[], &[plan, attestation, payer, world.treasury]);
    let close = world.refuses_wrong_treasury(&close);
    world.run(close);
}
