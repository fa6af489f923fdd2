//! One attack each, and how it fails.

use {
    anchor_lang::prelude::Pubkey,
    earnout::{
        error::EarnoutError,
        instructions::CreatePlanArgs,
        state::{KpiArgs, Scope, UnearnedPolicy},
    },
    earnout_sdk::wire::{instructions, pda},
    earnout_tests::{keys::*, *},
    solana_transaction::Transaction,
};

const ALLOCATION: u64 = 400_000;
/// Of a tranche, a quarter of the allocation.
const TRANCHE: u64 = 100_000;

fn shared() -> Vec<KpiArgs> {
    vec![kpi("revenue", Scope::Shared)]
}

fn world(args: CreatePlanArgs, kpis: &[KpiArgs]) -> World {
    World::active(TokenProgram::Spl, args, kpis, 10 * ALLOCATION)
}

fn redistribute() -> CreatePlanArgs {
    CreatePlanArgs {
        unearned_policy: UnearnedPolicy::Redistribute,
        ..terms()
    }
}

/// Whether the shared KPI 0 is resolved for period 0.
fn is_resolved(world: &World) -> bool {
    let plan = world.token.plan;
    let attestation = world.chain.attestation(&pda::attestation(&plan, 0, 0));
    attestation.is_some_and(|attestation| attestation.is_resolved())
}

#[test]
fn g8_a_liar_who_votes_first_or_last_changes_nothing() {
    for order in [[2, 0, 1], [0, 2, 1], [0, 1, 2]] {
        let mut world = world(terms(), &shared());
        let (_, grant) = world.grant(ALLOCATION, &[10_000]);
        world.after_period(0, 0);
        for oracle in order {
            let lie = if oracle == 2 { 1_000_000 } else { 60 };
            world.attest(oracle, 0, 0, None, lie).unwrap();
        }
        world.after_windows(0);
        assert_eq!(world.settled(&grant).earned, 60_000);
    }
}

#[test]
fn g8_fewer_oracles_than_the_threshold_resolve_nothing() {
    let mut world = world(terms(), &shared());
    let (_, grant) = world.grant(ALLOCATION, &[10_000]);
    world.after_period(0, 0);
    // The same oracle again and again is still one.
    for _ in 0..3 {
        world.attest(0, 0, 0, None, 100).unwrap();
    }
    assert!(!world.attestation(0, 0).is_resolved());
    world.after_windows(0);
    assert_eq!(world.settled(&grant).earned, 0);
}

#[test]
fn g8_colluding_oracles_one_fewer_than_the_threshold_decide_nothing() {
    // Three of five decide, two collude: before, between and after the honest ones, and without them.
    for (order, expected) in [
        (&[3, 4, 0, 1, 2][..], 60_000),
        (&[0, 3, 4, 1, 2], 60_000),
        (&[0, 1, 2], 60_000),
        // One honest oracle is away: no three agree, and the median of the votes is an honest one.
        (&[3, 4, 0, 1], 60_000),
        // All honest ones are away: two votes are not a value, and the score under silence counts, which is 0.
        (&[3, 4], 0),
    ] {
        let mut world = World::new(TokenProgram::Spl);
        for _ in world.oracles.len()..5 {
            let oracle = world.chain.key();
            world.remember(oracle.insecure_clone());
            world.oracles.push(oracle);
        }
        let args = CreatePlanArgs {
            threshold: 3,
            ..terms()
        };
        world.token.plan = world.active_plan(args, &shared(), 10 * ALLOCATION);
        let (_, grant) = world.grant(ALLOCATION, &[10_000]);
        world.after_period(0, 0);
        for oracle in order {
            let value = if *oracle >= 3 { 1_000_000 } else { 60 };
            world.attest(*oracle, 0, 0, None, value).unwrap();
        }
        assert_eq!(is_resolved(&world), expected > 0 && order.contains(&2), "{order:?}");
        world.after_windows(0);
        assert_eq!(world.settled(&grant).earned, expected, "{order:?}");
    }
}

#[test]
fn silence_that_was_bought_is_disputed_and_set_right() {
    let mut world = world(terms(), &shared());
    let (beneficiary, grant) = world.grant(ALLOCATION, &[10_000]);
    world.remember(beneficiary.insecure_clone());
    world.after_period(0, 0);
    world.attest(0, 0, 0, None, 90).unwrap();
    let before_deadline = world.disputes(&beneficiary.pubkey(), 0, 0, Some(grant));
    world.after_period(0, DAY - 1);
    world.refuses(&before_deadline, EarnoutError::NotDisputable);
    world.after_period(0, DAY);
    world.run(before_deadline);
    world.run(world.rules(0, 0, None, &[grant], Some(90)));
    assert_eq!(world.settled(&grant).earned, 90_000);
}

#[test]
fn g3_the_last_second_of_a_window_leaves_the_next_one_whole() {
    let mut world = world(terms(), &shared());
    let (beneficiary, grant) = world.grant(ALLOCATION, &[10_000]);
    world.remember(beneficiary.insecure_clone());
    // Resolved in the last second of the vote: the challenge begins then.
    world.after_period(0, DAY - 1);
    world.resolve(0, 0, None, 50);
    world.after_period(0, 2 * DAY - 2);
    assert_refused(world.settle(&grant), EarnoutError::NotFinal);
    // Disputed in the last second of the challenge: the ruling window begins then.
    world.run(world.disputes(&beneficiary.pubkey(), 0, 0, Some(grant)));
    world.after_period(0, 3 * DAY - 3);
    assert_refused(world.settle(&grant), EarnoutError::NotFinal);
    // Ruled in its last second.
    world.run(world.rules(0, 0, None, &[grant], Some(80)));
    assert_eq!(world.settled(&grant).earned, 80_000);
}

#[test]
fn g8_a_rotation_in_the_middle_of_a_vote_does_not_touch_it() {
    let mut world = world(terms(), &shared());
    let (_, grant) = world.grant(ALLOCATION, &[10_000]);
    world.after_period(0, 0);
    world.attest(0, 0, 0, None, 70).unwrap();
    let puppets: Vec<Keypair> = (0..3).map(|_| world.chain.key()).collect();
    let args = ProposeOraclesArgs {
        oracles: puppets.iter().map(Signer::pubkey).collect(),
        threshold: 2,
        first_period: 2,
    };
    let (authority, plan) = (world.authority.pubkey(), world.token.plan);
    // Not for the period that is voted on, nor for one that has begun.
    for first_period in [0, 1] {
        let early = ProposeOraclesArgs {
            first_period,
            ..args.clone()
        };
        let propose = instructions::propose_oracles(&authority, &plan, early);
        world.refuses(&propose, EarnoutError::NoticeTooShort);
    }
    world.run(instructions::propose_oracles(&authority, &plan, args));
    for puppet in &puppets {
        world.remember(puppet.insecure_clone());
    }
    let honest = std::mem::replace(&mut world.oracles, puppets);
    assert_refused(world.attest(0, 0, 0, None, 0), EarnoutError::NotAnOracle);
    world.oracles = honest;
    world.attest(1, 0, 0, None, 70).unwrap();
    world.after_windows(0);
    assert_eq!(world.settled(&grant).earned, 70_000);
}

#[test]
fn lamports_sent_beforehand_neither_block_nor_fake_anything() {
    let mut world = world(terms(), &shared());
    let plan = world.token.plan;
    world.chain.give(&pda::grant(&plan, 0), 1);
    let (_, grant) = world.grant(ALLOCATION, &[10_000]);
    let reported = pda::attestation(&plan, 0, 0);
    let silent = pda::attestation(&plan, 0, 1);
    for address in [reported, silent] {
        world.chain.give(&address, 10_000_000);
    }
    world.evaluate(0, 40);
    assert_eq!(world.settled(&grant).earned, 40_000);
    world.after_windows(1);
    assert_eq!(world.settled(&grant).earned, 0);
}

#[test]
fn g3_nothing_is_closed_early_to_fake_silence_or_to_block_a_settlement() {
    let mut world = world(redistribute(), &shared());
    let (_, first) = world.grant(ALLOCATION, &[10_000]);
    let (_, second) = world.grant(ALLOCATION, &[10_000]);
    world.evaluate(0, 80);
    let (plan, treasury) = (world.token.plan, world.treasury);
    let attestation = pda::attestation(&plan, 0, 0);
    let close_attestation = instructions::close_attestation(&attestation, &world.attestation(0, 0), &treasury);
    world.refuses(&close_attestation, EarnoutError::StillNeeded);
    world.settled(&first);
    world.refuses(&close_attestation, EarnoutError::StillNeeded);
    let close_period = instructions::close_period(&world.pool(0), &treasury);
    world.refuses(&close_period, EarnoutError::StillNeeded);
    world.settled(&second);
    world.collected(&first, 0);
    world.refuses(&close_period, EarnoutError::StillNeeded);
    world.collected(&second, 0);
    world.run(close_attestation);
    world.run(close_period);
}

#[test]
fn a_closed_plan_is_never_created_again() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let authority = world.authority.pubkey();
    world.run(instructions::close_plan(
        &authority,
        &world.token,
        &world.treasury,
        &authority,
    ));
    let again = world.create_plan(world.manned(terms()));
    world.refuses(&again, EarnoutError::AccountExists);
}

#[test]
fn g10_a_termination_between_end_and_settlement_takes_nothing_back() {
    for (cliff, expected) in [(0, 80_000), (3, 0)] {
        let mut world = world(terms(), &shared());
        let (_, grant) = world.grant_with(|args| {
            args.allocation = ALLOCATION;
            args.time_weight = 0;
            args.kpi_weights = vec![10_000];
            args.cliff_periods = cliff;
        });
        world.after_period(0, 0);
        world.resolve(0, 0, None, 80);
        let (authority, plan) = (world.authority.pubkey(), world.token.plan);
        world.run(instructions::terminate_grant(&authority, &plan, &grant));
        world.after_windows(0);
        // The ended period is settled as ever; before the cliff it becomes surplus instead.
        assert_eq!(world.settled(&grant).earned, 80_000);
        assert_eq!(world.plan().owed, expected);
        if expected > 0 {
            world.claim(&grant).unwrap();
        } else {
            assert_refused(world.claim(&grant), EarnoutError::NothingToClaim);
        }
    }
}

#[test]
fn g2_splitting_a_grant_earns_no_more_from_the_pool() {
    let earned_from_pool = |parts: u64| -> u64 {
        let kpis = [kpi("tasks", Scope::Individual)];
        let mut world = world(redistribute(), &kpis);
        let (_, idle) = world.grant(ALLOCATION, &[10_000]);
        let split: Vec<Pubkey> = (0..parts)
            .map(|_| world.grant(ALLOCATION / parts, &[10_000]).1)
            .collect();
        world.after_period(0, 0);
        world.resolve(0, 0, Some(idle), 0);
        for grant in &split {
            world.resolve(0, 0, Some(*grant), 50);
        }
        world.after_windows(0);
        for grant in split.iter().chain([&idle]) {
            world.settled(grant);
        }
        world.collected(&idle, 0);
        split.iter().map(|grant| world.collected(grant, 0).bonus).sum()
    };
    // Half of its own tranche and all of the idle one's lie in the pool; the cap is one tranche.
    let whole = earned_from_pool(1);
    assert_eq!(whole, TRANCHE);
    for parts in [2, 8] {
        assert!(earned_from_pool(parts) <= whole, "{parts} parts");
    }
}

#[test]
fn dust_grants_and_late_grants_are_refused() {
    let args = CreatePlanArgs {
        min_allocation: 1_000,
        max_allocation: ALLOCATION,
        max_grants: 1,
        enrolment_end: START + PERIOD,
        ..redistribute()
    };
    let mut world = world(args, &shared());
    let beneficiary = world.chain.key().pubkey();
    for (allocation, error) in [
        (999, EarnoutError::AllocationOutOfLimits),
        (ALLOCATION + 1, EarnoutError::AllocationOutOfLimits),
    ] {
        let create = world.create_grant(world.grant_args(&beneficiary, allocation, &[10_000]));
        world.refuses(&create, error);
    }
    world.chain.set_time(START);
    let begun = world.create_grant(world.grant_args(&beneficiary, 1_000, &[10_000]));
    world.refuses(&begun, EarnoutError::PeriodBegun);
    world.chain.set_time(START + PERIOD);
    let mut late = world.grant_args(&beneficiary, 1_000, &[10_000]);
    (late.first_period, late.periods) = (2, 1);
    let late = world.create_grant(late);
    world.refuses(&late, EarnoutError::EnrolmentEnded);
    world.chain.set_time(START - 1);
    world.grant(1_000, &[10_000]);
    let one_more = world.create_grant(world.grant_args(&beneficiary, 1_000, &[10_000]));
    world.refuses(&one_more, EarnoutError::TooManyGrants);
}

#[test]
fn who_judges_is_not_paid_for_it() {
    let mut world = world(terms(), &[kpi("tasks", Scope::Individual)]);
    let arbiter = world.arbiter.pubkey();
    let create = world.create_grant(world.grant_args(&arbiter, ALLOCATION, &[10_000]));
    world.refuses(&create, EarnoutError::BadBeneficiary);
    // An oracle may have a grant, but what it reports of it counts for nothing.
    let oracle = world.oracles[0].pubkey();
    let args = world.grant_args(&oracle, ALLOCATION, &[10_000]);
    let grant = pda::grant(&world.token.plan, args.grant_index);
    world.run(world.create_grant(args));
    world.after_period(0, 0);
    world.attest(0, 0, 0, Some(grant), 100).unwrap();
    world.attest(1, 0, 0, Some(grant), 30).unwrap();
    world.attest(2, 0, 0, Some(grant), 30).unwrap();
    world.after_windows(0);
    assert_eq!(world.settled(&grant).earned, 30_000);
}

#[test]
fn proposals_of_an_old_authority_do_not_outlive_it() {
    let mut world = world(terms(), &shared());
    let (old, plan) = (world.authority.pubkey(), world.token.plan);
    let new = world.key();
    let puppets = ProposeOraclesArgs {
        oracles: vec![world.chain.key().pubkey()],
        threshold: 1,
        first_period: 1,
    };
    let greedy = world.source;
    world.run(instructions::propose_oracles(&old, &plan, puppets));
    world.run(instructions::set_treasury(&old, &plan, &greedy));
    world.run(instructions::propose_authority(&old, &plan, Some(new)));
    world.run(instructions::accept_authority(&new, &plan));
    let state = world.plan();
    assert_eq!((state.next_oracles.count, state.pending_treasury_at), (0, 0));
    world.chain.set_time(START + 3 * PERIOD);
    let take = instructions::withdraw_surplus(&old, &world.token, &greedy, None);
    world.refuses(&take, EarnoutError::WrongTreasury);
    let back = instructions::propose_authority(&old, &plan, Some(old));
    world.refuses(&back, EarnoutError::WrongAuthority);
}

#[test]
fn g6_an_associated_account_that_changed_hands_receives_no_claim() {
    let mut world = world(terms(), &shared());
    let (beneficiary, grant) = world.grant(ALLOCATION, &[10_000]);
    world.remember(beneficiary.insecure_clone());
    world.evaluate(0, 80);
    world.settled(&grant);
    let account = world.associated_address(&beneficiary.pubkey());
    let thief = world.key();
    world.reassign(&account, &beneficiary.pubkey(), &thief);
    assert_refused(world.claim(&grant), EarnoutError::WrongDestination);
    assert_eq!(world.chain.balance(&account), 0);
}

#[test]
fn nothing_claimable_is_nothing_paid() {
    let mut world = world(terms(), &shared());
    let (_, grant) = world.grant(ALLOCATION, &[10_000]);
    assert_refused(world.claim(&grant), EarnoutError::NothingToClaim);
    world.evaluate(0, 80);
    assert_refused(world.claim(&grant), EarnoutError::NothingToClaim);
    world.settled(&grant);
    world.claim(&grant).unwrap();
    assert_refused(world.claim(&grant), EarnoutError::NothingToClaim);
}

// Pages.

/// A plan with an individual KPI alone, in which the first grant is oracle 0's; after the end of period 0.
fn with_own_grant() -> (World, [Pubkey; 2]) {
    let mut world = world(terms(), &[kpi("tasks", Scope::Individual)]);
    let oracle = world.oracles[0].pubkey();
    let (_, own) = world.grant_with(|args| {
        (args.beneficiary, args.allocation, args.transferable) = (oracle, ALLOCATION, true);
        (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
    });
    let (_, other) = world.grant(ALLOCATION, &[10_000]);
    world.after_period(0, 0);
    (world, [own, other])
}

#[test]
fn g8_an_oracle_that_praises_itself_and_hands_over_gains_nothing() {
    let (mut world, [own, _]) = with_own_grant();
    let (friend, next) = (world.key(), world.key());
    // Two praise the grant, one of them its beneficiary, whose vote would count once somebody else has the grant.
    world.run(world.upload(0, 0, 0, 0, &[100]));
    world.run(world.upload(1, 0, 0, 0, &[100]));
    world.run(world.upload(2, 0, 0, 0, &[30]));
    world.run(world.offers_grant(&own, Some(friend)));
    let take = world.takes_grant(&own, &friend);
    for secs in [0, DAY - 1, DAY, 3 * DAY - 1, 3 * DAY] {
        world.after_period(0, secs);
        world.refuses(&take, EarnoutError::OwnGrant);
    }
    // Nor once another set is in force: the period must be settled first.
    world.run(world.announces(&[next], 1, 2));
    world.after_windows(1);
    world.refuses(&take, EarnoutError::SettleFirst);
    assert_eq!(world.settled(&own).earned, 30_000);
    assert_eq!(world.settled(&own).earned, 0);
    world.run(take);
}

#[test]
fn g8_an_oracle_does_not_freeze_a_mistake_about_its_own_grant() {
    let tasks = KpiArgs {
        default_score: 5_000,
        ..kpi("tasks", Scope::Individual)
    };
    let mut world = world(terms(), &[tasks]);
    let oracle = world.oracles[0].pubkey();
    let (_, own) = world.grant_with(|args| {
        (args.beneficiary, args.allocation) = (oracle, ALLOCATION);
        (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
    });
    world.after_period(0, 0);
    // A mistake in the beneficiary's favour, which it repeats before the other can correct it. Its vote counts for
    // nothing, so nothing is resolved and the correction is taken.
    world.run(world.upload(1, 0, 0, 0, &[100]));
    world.run(world.upload(0, 0, 0, 0, &[100]));
    world.run(world.upload(2, 0, 0, 0, &[30]));
    world.run(world.upload(1, 0, 0, 0, &[30]));
    world.after_windows(0);
    assert_eq!(world.settled(&own).earned, 30_000);
}

#[test]
fn g3_what_was_final_stays_final_whatever_the_beneficiary_votes_afterwards() {
    let mut world = world(disputable_terms(), &[kpi("tasks", Scope::Individual)]);
    let oracle = world.oracles[0].pubkey();
    let (_, own) = world.grant_with(|args| {
        (args.beneficiary, args.allocation) = (oracle, ALLOCATION);
        (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
    });
    world.after_period(0, 0);
    for other in [1, 2] {
        world.run(world.upload(other, 0, 0, 0, &[30]));
    }
    // Unchallenged, so it could be settled now. The beneficiary's late vote neither delays that nor opens the challenge
    // a second time.
    world.after_period(0, CHALLENGE);
    world.run(world.upload(0, 0, 0, 0, &[100]));
    let dispute = world.disputes(&oracle, 0, 0, Some(own));
    world.after_period(0, DAY);
    world.refuses(&dispute, EarnoutError::ChallengeClosed);
    world.after_period(0, CHALLENGE);
    assert_eq!(world.settled(&own).earned, 30_000);
}

#[test]
fn g8_an_oracle_that_takes_over_a_grant_silences_itself_and_nobody_else() {
    let (mut world, [_, other]) = with_own_grant();
    // Votes are cast; the other grant cannot go to one who voted on it.
    world.run(world.upload(1, 0, 0, 1, &[30]));
    world.run(world.upload(2, 0, 0, 1, &[30]));
    let oracle = world.oracles[2].pubkey();
    world.tamper::<earnout::state::Grant>(&other, |grant| grant.flags |= earnout::state::TRANSFERABLE);
    world.run(world.offers_grant(&other, Some(oracle)));
    world.refuses(&world.takes_grant(&other, &oracle), EarnoutError::OwnGrant);
    world.after_windows(0);
    assert_eq!(world.settled(&other).earned, 30_000);
}

#[test]
fn g3_votes_on_a_page_in_the_seconds_of_the_boundaries() {
    let (mut world, [_, other]) = with_own_grant();
    let [first, second] = [1, 2].map(|oracle| world.upload(oracle, 0, 0, 1, &[60]));
    world.after_period(0, -1);
    world.refuses(&first, EarnoutError::VotingNotOpen);
    world.after_period(0, 0);
    world.run(first);
    world.after_period(0, DAY);
    world.refuses(&second, EarnoutError::VotingClosed);
    // In the last second it resolves, and leaves the challenge its whole day.
    world.after_period(0, DAY - 1);
    world.run(second);
    let beneficiary = world.grant_state(&other).beneficiary;
    let dispute = world.disputes(&beneficiary, 0, 0, Some(other));
    world.after_period(0, 2 * DAY - 2);
    world.refuses(&world.settle_instruction(&other), EarnoutError::NotFinal);
    world.after_period(0, 2 * DAY - 1);
    world.refuses(&dispute, EarnoutError::ChallengeClosed);
    assert_eq!(world.settled(&other).earned, 60_000);
}

#[test]
fn g12_a_correction_that_races_with_an_agreement_loses_only_what_was_agreed() {
    let (mut world, [_, other]) = with_own_grant();
    let (_, third) = {
        world.chain.set_time(GENESIS);
        world.grant(ALLOCATION, &[10_000])
    };
    world.after_period(0, 0);
    // Oracle 1 has reported 90 for both by mistake and sends a correction; before it arrives oracle 2 makes the same
    // mistake with the first of them.
    world.run(world.upload(1, 0, 0, 1, &[90, 90]));
    let correction = world.upload(1, 0, 0, 1, &[50, 50]);
    world.run(world.upload(2, 0, 0, 1, &[90, 50]));
    let event = the_event!(world.run(correction), PageAttested);
    assert_eq!((event.late, event.resolved), (0b01, 0b10));
    // What was agreed by mistake is for the arbiter.
    world.run(world.disputes_of_page(0, 0, 1, 0b1));
    world.run(world.rules(0, 0, Some(other), &[], Some(50)));
    world.after_windows(0);
    for grant in [other, third] {
        assert_eq!(world.settled(&grant).earned, 50_000);
    }
}

#[test]
fn evidence_is_not_replaced_where_nothing_is_reported() {
    let (mut world, [_, other]) = with_own_grant();
    let upload = |world: &World, first, values: &[i64], evidence: u8| {
        let oracle = world.oracles[1].pubkey();
        let args = AttestPageArgs {
            kpi: 0,
            period: 0,
            first,
            values: values.to_vec(),
            evidence: [evidence; 32],
        };
        instructions::attest_page(&oracle, &oracle, &world.token.plan, args)
    };
    let evidence = |world: &World| {
        let page = world.page(0, 0, &other);
        let ballot = page.view().ballots().nth(1).unwrap();
        ballot.head.evidence
    };
    world.run(upload(&world, 1, &[70], 1));
    // A second upload says again in its manifest what the first one said: it stands alone in the page.
    world.run(upload(&world, 0, &[80], 2));
    assert_eq!(evidence(&world), [2; 32]);
    world.run(world.upload(2, 0, 0, 0, &[80, 70]));
    // Both are agreed on: from now on no other manifest takes its place, unless it stands for another vote.
    for values in [&[NO_VALUE, NO_VALUE][..], &[80, 70], &[NO_VALUE, 70]] {
        world.refuses(&upload(&world, 0, values, 3), EarnoutError::AlreadyResolved);
    }
    assert_eq!(evidence(&world), [2; 32]);
}

#[test]
fn a_page_that_a_strangers_dispute_of_silence_opens_changes_nothing_for_the_others() {
    let mut world = world(terms(), &[kpi("tasks", Scope::Individual)]);
    let grants = [(); 3].map(|()| world.grant(ALLOCATION, &[10_000]));
    let (stranger, plan) = (world.key(), world.token.plan);
    let dispute = world.disputes(&grants[1].0.pubkey(), 0, 0, Some(grants[1].1));
    let by_stranger = swapped(&dispute, &grants[1].0.pubkey(), &stranger);
    // Not while the oracles have time.
    world.after_period(0, DAY - 1);
    world.refuses(&dispute, EarnoutError::NotDisputable);
    world.after_period(0, DAY);
    world.refuses(&by_stranger, EarnoutError::NotEntitled);
    let others = [&grants[0].1, &grants[2].1].map(|grant| world.chain.account(grant));
    world.run(dispute);
    assert_eq!(
        [&grants[0].1, &grants[2].1].map(|grant| world.chain.account(grant)),
        others
    );
    // The oracles have no more time than before, and the others are silent as they were: to be disputed for as long.
    world.refuses(&world.upload(0, 0, 0, 0, &[100; 3]), EarnoutError::VotingClosed);
    let settle = world.settle_instruction(&grants[0].1);
    world.after_period(0, 2 * DAY - 1);
    world.refuses(&settle, EarnoutError::NotFinal);
    world.run(world.disputes(&grants[2].0.pubkey(), 0, 0, Some(grants[2].1)));
    world.after_period(0, 2 * DAY);
    assert_eq!(world.settled(&grants[0].1).scores, [0]);
    world.after_windows(0);
    for (_, grant) in &grants[1..] {
        assert_eq!(world.settled(grant).scores, [0]);
    }
    assert_eq!(
        world.lamports(&pda::page(&plan, 0, 0, 0)),
        world.chain.rent(page_space(3, 3))
    );
}

#[test]
fn g3_no_page_is_closed_early_to_fake_silence() {
    let (mut world, [own, other]) = with_own_grant();
    for oracle in [1, 2] {
        world.run(world.upload(oracle, 0, 0, 0, &[80, 90]));
    }
    let close = world.close_page(0, 0, &own);
    world.refuses(&close, EarnoutError::StillNeeded);
    world.after_windows(0);
    let settle = world.settle_instruction(&other);
    world.settled(&own);
    assert_refused(world.send(&[close.clone(), settle.clone()]), EarnoutError::StillNeeded);
    // Nor is the empty address of another page, period or bump silence.
    let plan = world.token.plan;
    let page = pda::page(&plan, 0, 0, 0);
    for empty in [
        pda::page(&plan, 0, 0, 1),
        pda::page(&plan, 0, 1, 0),
        pda::page(&plan, 1, 0, 0),
        other_bump_address(&plan, 0, 0, Some(0)),
    ] {
        world.refuses(&swapped(&settle, &page, &empty), EarnoutError::WrongPage);
    }
    world.run(settle);
    world.run(close);
}

#[test]
fn sixteen_pages_of_eight_oracles_settle_in_one_legacy_transaction() {
    let kpis: Vec<KpiArgs> = (0..16).map(|n| kpi(&format!("kpi {n}"), Scope::Individual)).collect();
    let mut world = World::new(TokenProgram::Spl);
    for _ in world.oracles.len()..8 {
        let oracle = world.chain.key();
        world.remember(oracle.insecure_clone());
        world.oracles.push(oracle);
    }
    let args = CreatePlanArgs {
        threshold: 5,
        ..redistribute()
    };
    world.token.plan = world.active_plan(args, &kpis, 64 * 16_000);
    let grants: Vec<Pubkey> = (0..64).map(|_| world.grant(16_000, &[625; 16]).1).collect();
    world.after_period(0, 0);
    for kpi in 0..16 {
        for oracle in 0..8 {
            let value = 10 * (i64::try_from(oracle).unwrap() + 1);
            let upload = world.upload(oracle, kpi, 0, 0, &[value; 64]);
            assert!(
                1 + 64
                    + Transaction::new_with_payer(std::slice::from_ref(&upload), None)
                        .message
                        .serialize()
                        .len()
                    <= 1_232
            );
            world.run(upload);
        }
    }
    world.after_windows(0);
    let settle = world.settle_instruction(&grants[63]);
    let payer = world.chain.fee_payer().pubkey();
    let message = Transaction::new_with_payer(std::slice::from_ref(&settle), Some(&payer)).message;
    assert_eq!(1 + 64 + message.serialize().len(), 872);
    // Without asking for more units. The fifth best of 10 to 80 is 40.
    let receipt = world.run(settle);
    assert_eq!(the_event!(receipt, GrantSettled).scores, [4_000; 16]);
}
