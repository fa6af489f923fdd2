//! `close_attestation`: when, for whose lamports, and that what was closed stays closed.

use {
    earnout::instructions::DisputeArgs,
    earnout_tests::{
        leaving::{Leave, donations},
        *,
    },
};

const SHARED: u8 = 0;
const INDIVIDUAL: u8 = 1;

/// A plan of these terms with both kinds of KPI and two grants that have weight on both.
fn world(args: CreatePlanArgs) -> (World, [Pubkey; 2]) {
    let kpis = [kpi("revenue", Scope::Shared), kpi("tasks", Scope::Individual)];
    let mut world = World::active(TokenProgram::Spl, args, &kpis, 1_000_000);
    let grants = [0, 1].map(|_| world.grant(400_000, &[5_000, 5_000]).1);
    (world, grants)
}

/// The same, with all values of `periods` reported and final.
fn reported(args: CreatePlanArgs, periods: u16) -> (World, [Pubkey; 2]) {
    let (mut world, grants) = world(args);
    for period in 0..periods {
        world.after_period(period, 0);
        world.resolve(SHARED, period, None, 50);
        for grant in grants {
            world.resolve(INDIVIDUAL, period, Some(grant), 50);
        }
    }
    world.after_windows(periods - 1);
    (world, grants)
}

#[test]
fn rent_returns_to_who_paid_it_and_the_rest_goes_to_the_treasury() {
    for scope in [SHARED, INDIVIDUAL] {
        let rent = world(terms()).0.chain.rent(space::<Attestation>());
        for (before, after) in donations(rent) {
            let (mut world, grants) = world(terms());
            let subject = (scope == INDIVIDUAL).then_some(grants[0]);
            let plan_key = world.token.plan;
            let address = pda::attestation(&plan_key, scope, 0, &subject.unwrap_or(plan_key));
            if before > 0 {
                world.chain.give(&address, before);
            }
            world.after_period(0, 0);
            let (payer, oracle) = (world.key(), world.oracles[0].pubkey());
            let (kpi, period, value, evidence) = (scope, 0, 5, [1; 32]);
            let args = AttestArgs {
                kpi,
                period,
                value,
                evidence,
            };
            let had = world.lamports(&payer);
            world.run(instructions::attest(&payer, &oracle, &plan_key, subject, args));
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
            let close = world.close_attestation(scope, 0, subject);
            let receipt = world.closed(close, &address, &payer, paid);
            plan.open_attestations = 0;
            plan.event_sequence += 1;
            assert_eq!(world.plan(), plan);
            let expected = AttestationClosed {
                plan: plan_key,
                time: world.chain.now(),
                sequence: plan.event_sequence,
                kpi: scope,
                period: 0,
                subject: subject.unwrap_or(plan_key),
            };
            assert_eq!(the_event!(receipt, AttestationClosed), expected);
        }
    }
}

#[test]
fn g7_a_shared_value_is_needed_until_every_grant_of_the_period_has_settled() {
    let (mut world, grants) = reported(terms(), 2);
    let close = world.close_attestation(SHARED, 0, None);
    let next = world.close_attestation(SHARED, 1, None);
    world.refuses(&close, EarnoutError::StillNeeded);
    world.settled(&grants[0]);
    world.settled(&grants[0]);
    world.refuses(&close, EarnoutError::StillNeeded);
    world.settled(&grants[1]);
    world.refuses(&next, EarnoutError::StillNeeded);
    world.run(close);
    world.settled(&grants[1]);
    world.run(next);
    assert_eq!(world.plan().open_attestations, 4);
}

#[test]
fn a_grant_that_left_needs_the_values_of_the_periods_it_served_and_no_others() {
    let (mut world, grants) = world(terms());
    world.after_period(0, 1);
    world.left(Leave::Terminate, &grants[0]);
    world.resolve(SHARED, 0, None, 50);
    for period in [1, 2] {
        world.after_period(period, 0);
        world.resolve(SHARED, period, None, 50);
    }
    world.after_windows(2);
    for _ in 0..3 {
        world.settled(&grants[1]);
    }
    let [first, second, third] = [0, 1, 2].map(|period| world.close_attestation(SHARED, period, None));
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
fn an_individual_value_is_needed_until_its_grant_has_settled_the_period() {
    let (mut world, grants) = reported(terms(), 2);
    let close = |world: &World, period, grant| world.close_attestation(INDIVIDUAL, period, Some(grant));
    let [first, second] = [0, 1].map(|period| close(&world, period, grants[0]));
    let other = close(&world, 0, grants[1]);
    world.refuses(&first, EarnoutError::StillNeeded);
    world.settled(&grants[0]);
    world.refuses(&second, EarnoutError::StillNeeded);
    world.refuses(&other, EarnoutError::StillNeeded);
    world.run(first.clone());
    // Twice.
    world.refuses(&first, AnchorError::AccountOwnedByWrongProgram);
    world.settled(&grants[0]);
    world.run(second);
}

#[test]
fn g7_an_attestation_outlives_its_grant_and_can_still_be_closed() {
    for donated in [0, 1_000_000_000] {
        let (mut world, grants) = reported(terms(), 4);
        for _ in 0..4 {
            world.settled(&grants[0]);
        }
        let closings = [0, 1, 2, 3].map(|period| world.close_attestation(INDIVIDUAL, period, Some(grants[0])));
        let of_another = world.close_attestation(INDIVIDUAL, 0, Some(grants[1]));
        world.claim(&grants[0]).unwrap();
        let close = world.close_grant(&grants[0]);
        world.run(close);
        if donated > 0 {
            // Lamports at the address of a closed grant do not bring it back.
            world.chain.give(&grants[0], donated);
        }
        for closing in closings {
            world.run(closing);
        }
        world.refuses(&of_another, EarnoutError::StillNeeded);
        world.refuses(
            &swapped(&of_another, &grants[1], &grants[0]),
            EarnoutError::WrongSubject,
        );
        assert_eq!(world.plan().open_attestations, 8);
    }
}

#[test]
fn g3_no_vote_brings_a_closed_value_back_while_its_window_is_open() {
    // Without an arbiter a value counts as soon as it is resolved, so it is settled and closed inside the window.
    for scope in [SHARED, INDIVIDUAL] {
        let (mut world, grants) = world(undisputed_terms());
        let subject = (scope == INDIVIDUAL).then_some(grants[0]);
        world.after_period(0, 0);
        world.resolve(SHARED, 0, None, 50);
        world.resolve(INDIVIDUAL, 0, Some(grants[0]), 50);
        world.settled(&grants[0]);
        if scope == SHARED {
            world.resolve(INDIVIDUAL, 0, Some(grants[1]), 50);
            world.settled(&grants[1]);
        }
        let close = world.close_attestation(scope, 0, subject);
        // For an individual value the other grant's is still missing, so the period as a whole is open.
        assert_eq!(world.plan().unsettled_grants[0], u32::from(scope == INDIVIDUAL));
        for oracle in 0..3 {
            let vote = world.vote(oracle, scope, 0, subject, 99);
            assert_refused(world.send(&[close.clone(), vote]), EarnoutError::NothingToEvaluate);
        }
        world.run(close);
        for oracle in 0..3 {
            let vote = world.vote(oracle, scope, 0, subject, 99);
            world.refuses(&vote, EarnoutError::NothingToEvaluate);
        }
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
    for scope in [SHARED, INDIVIDUAL] {
        let (mut world, grants) = world(args.clone());
        let (plan, authority) = (world.token.plan, world.authority.pubkey());
        let beneficiary = world.grant_state(&grants[0]).beneficiary;
        let subject = (scope == INDIVIDUAL).then_some(grants[0]);
        world.after_period(0, 0);
        world.resolve(SHARED, 0, None, 50);
        world.resolve(INDIVIDUAL, 0, Some(grants[0]), 50);
        world.resolve(INDIVIDUAL, 0, Some(grants[1]), 50);
        world.after_period(0, DAY);
        world.settled(&grants[0]);
        if scope == SHARED {
            world.settled(&grants[1]);
        }
        let close = world.close_attestation(scope, 0, subject);
        world.run(close);
        for secs in [DAY, 5 * DAY - 1, 5 * DAY, 6 * DAY - 1] {
            world.after_period(0, secs);
            let state = world.plan();
            let (kpi, period, reason_hash) = (scope, 0, [2; 32]);
            let reason = DisputeArgs {
                kpi,
                period,
                reason_hash,
            };
            let by_authority = instructions::dispute(&authority, &authority, &plan, &state, subject, reason);
            let by_beneficiary =
                instructions::dispute(&beneficiary, &beneficiary, &plan, &state, Some(grants[0]), reason);
            for dispute in [by_authority, by_beneficiary] {
                world.refuses(&dispute, EarnoutError::NothingToEvaluate);
            }
        }
    }
}

#[test]
fn a_disputed_value_is_closed_like_any_other() {
    let (mut world, grants) = world(terms());
    let (plan, authority) = (world.token.plan, world.authority.pubkey());
    // A silence that is disputed: the dispute pays for the account.
    world.after_period(0, DAY);
    let (kpi, period, reason_hash) = (SHARED, 0, [2; 32]);
    let reason = DisputeArgs {
        kpi,
        period,
        reason_hash,
    };
    let had = world.lamports(&authority);
    world.run(instructions::dispute(
        &authority,
        &authority,
        &plan,
        &world.plan(),
        None,
        reason,
    ));
    let paid = had - world.lamports(&authority);
    assert_eq!(paid, world.chain.rent(space::<Attestation>()));
    world.after_windows(0);
    let close = world.close_attestation(SHARED, 0, None);
    world.refuses(&close, EarnoutError::StillNeeded);
    for grant in grants {
        world.settled(&grant);
    }
    let address = pda::attestation(&plan, SHARED, 0, &plan);
    world.closed(close, &address, &authority, paid);
}

#[test]
fn g7_neither_a_closed_treasury_nor_an_empty_payer_stops_a_closing_that_somebody_helps() {
    // Accounts that would be left with less than their rent cannot receive lamports, until somebody adds some.
    let (mut world, grants) = reported(terms(), 1);
    for grant in grants {
        world.settled(&grant);
    }
    let (payer, treasury) = (world.oracles[0].pubkey(), world.treasury);
    let program = world.token.token_program;
    let (owner, home) = (world.treasury_owner, world.chain.fee_payer().pubkey());
    world.run(token_instruction::close_account(&program, &treasury, &home, &owner, &[]).unwrap());
    world.chain.replace(&payer, Account::default());
    // The rent makes an empty payer whole, and nothing is left for the treasury.
    let close = world.close_attestation(SHARED, 0, None);
    let address = pda::attestation(&world.token.plan, SHARED, 0, &world.token.plan);
    let rent = world.chain.rent(space::<Attestation>());
    world.closed(close, &address, &payer, rent);
    // A single lamport for the treasury is too little to begin an account with.
    let address = pda::attestation(&world.token.plan, INDIVIDUAL, 0, &grants[0]);
    world.chain.give(&address, 1);
    let close = world.close_attestation(INDIVIDUAL, 0, Some(grants[0]));
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
    let attestation = pda::attestation(&plan, INDIVIDUAL, 0, &grants[0]);
    let payer = world.attestation(INDIVIDUAL, 0, Some(grants[0])).rent_payer;
    let close = world.close_attestation(INDIVIDUAL, 0, Some(grants[0]));
    let cases = [
        (plan, other, EarnoutError::WrongAttestation),
        (grants[0], grants[1], EarnoutError::WrongSubject),
        (grants[0], plan, EarnoutError::WrongSubject),
        (grants[0], system_program::ID, EarnoutError::WrongSubject),
        (payer, stranger, EarnoutError::WrongRentPayer),
        (world.treasury, stranger, EarnoutError::WrongTreasury),
        (world.treasury, world.source, EarnoutError::WrongTreasury),
        // The attestation of another subject.
        (
            attestation,
            pda::attestation(&plan, INDIVIDUAL, 0, &grants[1]),
            EarnoutError::WrongSubject,
        ),
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
    // Something else than a grant at the subject's address, as no transaction could put there.
    let grant = world.chain.account(&grants[0]).unwrap();
    let other_account = world.chain.account(&vault).unwrap();
    world.chain.replace(&grants[0], other_account);
    world.refuses(&close, EarnoutError::WrongSubject);
    world.chain.replace(&grants[0], grant);
    let close = world.refuses_wrong_treasury(&close);
    world.run(close);
}
