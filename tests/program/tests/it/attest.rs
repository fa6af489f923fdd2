//! `attest`: who may vote on what, when, and what the votes resolve.

use {bytemuck::Zeroable, earnout_tests::*};

/// A plan with the shared KPI 0 and the individual KPI 1, and a grant with weight on both.
fn world(args: CreatePlanArgs) -> (World, Keypair, Pubkey) {
    let kpis = [kpi("revenue", Scope::Shared), kpi("tasks", Scope::Individual)];
    let mut world = World::active(TokenProgram::Spl, args, &kpis, 1_000_000);
    let (beneficiary, grant) = world.grant(400_000, &[5_000, 5_000]);
    (world, beneficiary, grant)
}

/// The same after the end of period 0.
fn open() -> (World, Keypair, Pubkey) {
    let (mut world, beneficiary, grant) = world(terms());
    world.after_period(0, 0);
    (world, beneficiary, grant)
}

#[test]
fn the_first_vote_makes_the_attestation_and_the_second_equal_one_resolves_it() {
    let (mut world, _, _) = open();
    let plan = world.token.plan;
    let payer = world.key();
    let oracles = [world.oracles[2].pubkey(), world.oracles[0].pubkey()];
    let vote = |oracle: &Pubkey, evidence: u8| {
        let args = AttestArgs {
            kpi: 0,
            period: 0,
            value: 75,
            evidence: [evidence; 32],
        };
        instructions::attest(&payer, oracle, &plan, args)
    };
    let event = |oracle: Pubkey, evidence: u8, sequence: u64| ValueAttested {
        plan,
        time: boundary(1),
        sequence,
        kpi: 0,
        period: 0,
        oracle,
        value: 75,
        evidence: [evidence; 32],
        rent: None,
        resolved: false,
    };
    let payer_had = world.lamports(&payer);
    let mut expected_plan = world.plan();

    let receipt = world.run(vote(&oracles[0], 1));
    let seeds: &[&[u8]] = &[b"attestation", plan.as_ref(), &[0], &[0, 0]];
    let (address, bump) = Pubkey::find_program_address(seeds, &earnout::ID);
    let mut expected = Attestation::zeroed();
    expected.version = 1;
    expected.bump = bump;
    expected.voted = 0b100;
    expected.plan = plan;
    expected.rent_payer = payer;
    expected.rent_paid = world.chain.rent(space::<Attestation>());
    expected.oracle_count = 3;
    expected.threshold = 2;
    expected.values[2] = 75;
    expected.evidence[2] = [1; 32];
    assert_eq!(world.chain.attestation(&address).unwrap(), expected);
    expected_plan.open_attestations = 1;
    expected_plan.event_sequence += 1;
    assert_eq!(world.plan(), expected_plan);
    let mut first = event(oracles[0], 1, expected_plan.event_sequence);
    let lamports = expected.rent_paid;
    first.rent = Some(Rent { payer, lamports });
    assert_eq!(the_event!(receipt, ValueAttested), first);

    world.after_period(0, 50);
    let receipt = world.run(vote(&oracles[1], 2));
    expected.voted = 0b101;
    expected.values[0] = 75;
    expected.evidence[0] = [2; 32];
    expected.resolved_at = boundary(1) + 50;
    assert_eq!(world.chain.attestation(&address).unwrap(), expected);
    expected_plan.event_sequence += 1;
    assert_eq!(world.plan(), expected_plan);
    let mut second = event(oracles[1], 2, expected_plan.event_sequence);
    (second.time, second.resolved) = (boundary(1) + 50, true);
    assert_eq!(the_event!(receipt, ValueAttested), second);
    assert_eq!(payer_had - world.lamports(&payer), lamports);
}

#[test]
fn votes_are_accepted_from_the_end_of_the_period_until_the_deadline() {
    let (mut world, _, _) = world(terms());
    let vote = |world: &World, value| world.vote(0, 0, 1, None, value);
    let end = boundary(2);
    for early in [GENESIS, START, boundary(1), end - 1] {
        world.chain.set_time(early);
        world.refuses(&vote(&world, 1), EarnoutError::VotingNotOpen);
    }
    world.chain.set_time(end);
    world.run(vote(&world, 2));
    world.chain.set_time(end + DAY - 1);
    world.run(vote(&world, 3));
    for late in [end + DAY, end + 4 * PERIOD] {
        world.chain.set_time(late);
        world.refuses(&vote(&world, 4), EarnoutError::VotingClosed);
    }
    assert_eq!(world.attestation(0, 1).values[0], 3);
}

#[test]
fn kpi_and_period_must_exist() {
    let (mut world, _, _) = open();
    for period in [4, 5, 120, u16::MAX] {
        world.refuses(&world.vote(0, 0, period, None, 1), EarnoutError::UnknownPeriod);
    }
    for kpi in [2, 15, 16, u8::MAX] {
        world.refuses(&world.vote(0, kpi, 0, None, 1), EarnoutError::UnknownKpi);
    }
}

#[test]
fn the_value_must_be_in_range() {
    let (mut world, _, _) = open();
    for value in [-1, 1_000_001, i64::MIN, i64::MAX] {
        world.refuses(&world.vote(0, 0, 0, None, value), EarnoutError::ValueOutOfRange);
    }
    for value in [0, 1_000_000] {
        world.attest(0, 0, 0, None, value).unwrap();
    }
}

#[test]
fn a_vote_can_be_changed_until_enough_agree() {
    let (mut world, _, _) = open();
    for (oracle, value) in [(0, 10), (1, 20), (2, 30), (0, 40)] {
        world.attest(oracle, 0, 0, None, value).unwrap();
        assert!(!world.attestation(0, 0).is_resolved());
    }
    assert_eq!(world.attestation(0, 0).values[..3], [40, 20, 30]);
    // The liar comes round: two of three agree, and nothing can be changed any more.
    world.attest(2, 0, 0, None, 20).unwrap();
    let attestation = world.attestation(0, 0);
    assert_eq!(attestation.tally().unwrap().agreed, Some(20));
    for oracle in 0..3 {
        for value in [20, 40] {
            world.refuses(&world.vote(oracle, 0, 0, None, value), EarnoutError::AlreadyResolved);
        }
    }
    // All of it in one account.
    assert_eq!(world.plan().open_attestations, 1);
}

#[test]
fn g8_a_late_vote_is_taken_and_changes_nothing() {
    for late in [20, 1_000_000] {
        let (mut world, _, _) = open();
        world.resolve(0, 0, None, 20);
        let mut expected = world.attestation(0, 0);
        world.after_period(0, 50);
        let receipt = world.attest(2, 0, 0, None, late).unwrap();
        let event = the_event!(receipt, ValueAttested);
        assert_eq!((event.value, event.resolved), (late, true));
        (expected.voted, expected.values[2], expected.evidence[2]) = (0b111, late, EVIDENCE);
        assert_eq!(world.attestation(0, 0), expected);
        assert_eq!(expected.tally().unwrap().agreed, Some(20));
        world.refuses(&world.vote(2, 0, 0, None, 20), EarnoutError::AlreadyResolved);
    }
}

#[test]
fn g8_one_oracle_alone_resolves_nothing_however_often_it_votes() {
    let (mut world, _, _) = open();
    for value in [7, 7, 8, 8, 7] {
        world.attest(1, 0, 0, None, value).unwrap();
    }
    let attestation = world.attestation(0, 0);
    assert_eq!((attestation.is_resolved(), attestation.voted), (false, 0b010));
}

#[test]
fn g8_only_an_oracle_of_the_set_votes() {
    let (mut world, beneficiary, _) = open();
    let oracle = world.oracles[0].pubkey();
    let stranger = world.key();
    let vote = world.vote(0, 0, 0, None, 1);
    for key in [
        stranger,
        world.authority.pubkey(),
        world.arbiter.pubkey(),
        beneficiary.pubkey(),
    ] {
        world.refuses(&swapped(&vote, &oracle, &key), EarnoutError::NotAnOracle);
    }
}

#[test]
fn g8_the_set_in_force_when_the_period_began_votes() {
    // A change of oracles is stored as the next set and its first period.
    let (mut world, _, _) = world(terms());
    let newcomer = world.chain.key();
    let key = newcomer.pubkey();
    world.remember(newcomer);
    world.tamper::<Plan>(&world.token.plan.clone(), |plan| {
        plan.next_oracles = earnout::state::OracleSet::new(&[key], 1, 1).unwrap();
    });
    let by_newcomer = |world: &World, period| {
        let old = world.oracles[0].pubkey();
        swapped(&world.vote(0, 0, period, None, 5), &old, &key)
    };
    world.after_period(0, 0);
    world.refuses(&by_newcomer(&world, 0), EarnoutError::NotAnOracle);
    world.run(world.vote(0, 0, 0, None, 5));
    world.after_period(1, 0);
    world.refuses(&world.vote(0, 0, 1, None, 5), EarnoutError::NotAnOracle);
    world.run(by_newcomer(&world, 1));
    assert!(world.attestation(0, 1).is_resolved());
}

#[test]
fn an_individual_kpi_is_not_attested_for_all() {
    let (mut world, _, _) = open();
    world.refuses(&world.vote(0, 1, 0, None, 1), EarnoutError::WrongSubject);
}

#[test]
fn nothing_is_attested_that_no_grant_needs() {
    // Resolved values are final ten minutes later, while the window is still open.
    let args = CreatePlanArgs {
        challenge_secs: 600,
        ruling_secs: 600,
        ..terms()
    };
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("revenue", Scope::Shared)], 1_000_000);
    let grants = [0, 1].map(|_| world.grant(400_000, &[10_000]).1);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 50);
    world.after_period(0, 600);
    world.settle(&grants[0]).unwrap();
    let late = world.vote(2, 0, 0, None, 1);
    let before = world.chain.account(&grants[1]);
    world.run(late.clone());
    assert_eq!(world.chain.account(&grants[1]), before);
    world.settle(&grants[1]).unwrap();
    world.refuses(&late, EarnoutError::NothingToEvaluate);
}

#[test]
fn a_period_without_grants_is_not_voted_on() {
    let mut world = World::active(TokenProgram::Spl, terms(), &[kpi("revenue", Scope::Shared)], 1_000);
    world.grant_with(|args| (args.first_period, args.periods) = (1, 3));
    world.after_period(0, 0);
    world.refuses(&world.vote(0, 0, 0, None, 1), EarnoutError::NothingToEvaluate);
}

#[test]
fn a_draft_and_a_closed_plan_take_no_votes() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    world.add_kpis(&[kpi("revenue", Scope::Shared)]);
    world.chain.set_time(boundary(1));
    world.refuses(&world.vote(0, 0, 0, None, 1), EarnoutError::PlanNotActive);
    world.tamper::<Plan>(&world.token.plan.clone(), |plan| {
        plan.status = PlanStatus::Closed.to_byte()
    });
    world.refuses(&world.vote(0, 0, 0, None, 1), EarnoutError::PlanNotActive);
}

#[test]
fn g13_only_the_attestation_of_this_kpi_and_period_is_accepted() {
    let kpis = [
        kpi("revenue", Scope::Shared),
        kpi("tasks", Scope::Individual),
        kpi("uptime", Scope::Shared),
    ];
    let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 1_000_000);
    let weights = [4_000, 3_000, 3_000];
    let (_, grant) = world.grant(1_000, &weights);
    let other_plan = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &kpis, 1_000);
    world.in_plan(other_plan, |world| world.grant(1_000, &weights));
    let plan = world.token.plan;

    // Votes that exist elsewhere.
    world.after_period(0, 0);
    world.in_plan(other_plan, |world| world.run(world.vote(0, 0, 0, None, 1)));
    world.run(world.vote(0, 2, 0, None, 1));
    world.run(world.vote(0, 1, 0, Some(grant), 1));
    world.run(world.vote(0, 0, 0, None, 1));
    let vote = world.vote(1, 0, 0, None, 1);
    let elsewhere = [
        pda::attestation(&plan, 2, 0),
        pda::page(&plan, 1, 0, 0),
        pda::attestation(&other_plan, 0, 0),
        // Nothing there.
        pda::attestation(&plan, 0, 1),
        pda::attestation(&plan, 1, 0),
        other_bump_address(&plan, 0, 0, None),
        Pubkey::new_from_array([3; 32]),
        // Something else.
        world.source,
        grant,
        pda::vault(&plan),
    ];
    let cases = elsewhere.map(|wrong| (pda::attestation(&plan, 0, 0), wrong, EarnoutError::WrongAttestation));
    world.refuses_swapped(&vote, &cases);

    // The same KPI a period later.
    world.after_period(1, 0);
    let next = swapped(
        &world.vote(1, 0, 1, None, 1),
        &pda::attestation(&plan, 0, 1),
        &pda::attestation(&plan, 0, 0),
    );
    world.refuses(&next, EarnoutError::WrongAttestation);
}

#[test]
fn lamports_sent_beforehand_hinder_no_vote() {
    for sent in [1_000, 1_000_000_000] {
        let (mut world, _, _) = open();
        let address = pda::attestation(&world.token.plan, 0, 0);
        let rent = world.chain.rent(space::<Attestation>());
        world.chain.give(&address, sent);
        world.resolve(0, 0, None, 5);
        assert!(world.attestation(0, 0).is_resolved());
        assert_eq!(world.lamports(&address), rent.max(sent));
        assert_eq!(world.attestation(0, 0).rent_paid, rent.saturating_sub(sent));
    }
}

#[test]
fn g13_missing_signatures_are_refused() {
    let (mut world, _, _) = open();
    let payer = world.key();
    let (plan, oracle) = (world.token.plan, world.oracles[0].pubkey());
    let args = AttestArgs {
        kpi: 0,
        period: 0,
        value: 1,
        evidence: [0; 32],
    };
    let vote = instructions::attest(&payer, &oracle, &plan, args);
    world.refuses_broken(&vote, &[payer, oracle], &[payer, plan, pda::attestation(&plan, 0, 0)]);
    world.run(vote);
}
