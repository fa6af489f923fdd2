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
    for individual in [false, true] {
        let (mut world, _, grant) = open();
        let (plan, kpi) = (world.token.plan, u8::from(individual));
        let subject = if individual { grant } else { plan };
        let payer = world.key();
        let oracles = [world.oracles[2].pubkey(), world.oracles[0].pubkey()];
        let vote = |oracle: &Pubkey, evidence: u8| {
            let args = AttestArgs {
                kpi,
                period: 0,
                value: 75,
                evidence: [evidence; 32],
            };
            instructions::attest(&payer, oracle, &plan, individual.then_some(grant), args)
        };
        let event = |oracle: Pubkey, evidence: u8, sequence: u64| ValueAttested {
            plan,
            time: boundary(1),
            sequence,
            kpi,
            period: 0,
            subject,
            oracle,
            value: 75,
            evidence: [evidence; 32],
            rent: None,
            resolved: false,
        };
        let payer_had = world.chain.account(&payer).unwrap().lamports;
        let mut expected_plan = world.plan();

        let receipt = world.run(vote(&oracles[0], 1));
        let seeds: &[&[u8]] = &[b"attestation", plan.as_ref(), &[kpi], &[0, 0], subject.as_ref()];
        let (address, bump) = Pubkey::find_program_address(seeds, &earnout::ID);
        let mut expected = Attestation::zeroed();
        expected.version = 1;
        expected.bump = bump;
        expected.kpi = kpi;
        expected.voted = 0b100;
        expected.plan = plan;
        expected.subject = subject;
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
        expected.resolved = 1;
        expected.resolved_value = 75;
        expected.resolved_at = boundary(1) + 50;
        assert_eq!(world.chain.attestation(&address).unwrap(), expected);
        expected_plan.event_sequence += 1;
        assert_eq!(world.plan(), expected_plan);
        let mut second = event(oracles[1], 2, expected_plan.event_sequence);
        (second.time, second.resolved) = (boundary(1) + 50, true);
        assert_eq!(the_event!(receipt, ValueAttested), second);
        let rent = world.chain.rent(space::<Attestation>());
        assert_eq!(payer_had - world.chain.account(&payer).unwrap().lamports, rent);
    }
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
    assert_eq!(world.attestation(0, 1, None).values[0], 3);
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
        assert_eq!(world.attestation(0, 0, None).resolved, 0);
    }
    assert_eq!(world.attestation(0, 0, None).values[..3], [40, 20, 30]);
    // The liar comes round: two of three agree, and nothing can be changed any more.
    world.attest(2, 0, 0, None, 20).unwrap();
    let attestation = world.attestation(0, 0, None);
    assert_eq!(
        (attestation.resolved, attestation.resolved_value, attestation.voted),
        (1, 20, 0b111)
    );
    for oracle in 0..3 {
        for value in [20, 40] {
            world.refuses(&world.vote(oracle, 0, 0, None, value), EarnoutError::AlreadyResolved);
        }
    }
    // All of it in one account.
    assert_eq!(world.plan().open_attestations, 1);
}

#[test]
fn g8_one_oracle_alone_resolves_nothing_however_often_it_votes() {
    let (mut world, _, _) = open();
    for value in [7, 7, 8, 8, 7] {
        world.attest(1, 0, 0, None, value).unwrap();
    }
    let attestation = world.attestation(0, 0, None);
    assert_eq!((attestation.resolved, attestation.voted), (0, 0b010));
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
    assert_eq!(world.attestation(0, 1, None).resolved, 1);
}

#[test]
fn the_subject_is_the_plan_or_a_grant_with_weight_that_covers_the_period() {
    let (mut world, _, grant) = world(terms());
    let (_, shared_only) = world.grant(1, &[10_000]);
    let (_, later) = world.grant_with(|args| {
        (args.first_period, args.periods) = (1, 1);
        (args.time_weight, args.kpi_weights) = (0, vec![0, 10_000]);
    });
    world.after_period(0, 0);
    for vote in [
        world.vote(0, 0, 0, Some(grant), 1),
        world.vote(0, 1, 0, None, 1),
        world.vote(0, 1, 0, Some(shared_only), 1),
        world.vote(0, 1, 0, Some(later), 1),
    ] {
        world.refuses(&vote, EarnoutError::WrongSubject);
    }
    world.after_period(1, 0);
    world.run(world.vote(0, 1, 1, Some(later), 1));
    world.after_period(2, 0);
    world.refuses(&world.vote(0, 1, 2, Some(later), 1), EarnoutError::WrongSubject);
}

#[test]
fn a_grant_of_another_plan_is_refused() {
    let (mut world, _, _) = world(terms());
    let kpis = [kpi("a", Scope::Shared), kpi("b", Scope::Individual)];
    let other = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &kpis, 100);
    let (_, foreign) = world.in_plan(other, |world| world.grant(100, &[0, 10_000]));
    world.after_period(0, 0);
    world.refuses(&world.vote(0, 1, 0, Some(foreign), 1), EarnoutError::WrongGrant);
}

#[test]
fn an_oracle_does_not_vote_on_its_own_grant() {
    let (mut world, _, _) = world(terms());
    let oracle = world.oracles[1].pubkey();
    let (_, own) = world.grant_with(|args| {
        args.beneficiary = oracle;
        (args.time_weight, args.kpi_weights) = (0, vec![5_000, 5_000]);
    });
    world.after_period(0, 0);
    world.refuses(&world.vote(1, 1, 0, Some(own), 100), EarnoutError::OwnGrant);
    // The others do, and a shared KPI is nobody's own.
    world.run(world.vote(0, 1, 0, Some(own), 100));
    world.run(world.vote(1, 0, 0, None, 100));
}

#[test]
fn nothing_is_attested_that_no_grant_needs() {
    // Resolved values are final ten minutes later, while the window is still open.
    let args = CreatePlanArgs {
        challenge_secs: 600,
        ruling_secs: 600,
        ..terms()
    };
    let (mut world, _, grant) = world(args);
    let (_, second) = world.grant_with(|args| {
        args.periods = 1;
        (args.time_weight, args.kpi_weights) = (0, vec![0, 10_000]);
    });
    world.after_period(0, 0);
    world.resolve(0, 0, None, 50);
    world.resolve(1, 0, Some(grant), 50);
    world.after_period(0, 600);
    world.settle(&grant).unwrap();
    // The settled grant needs no value any more, the other one does.
    world.refuses(&world.vote(2, 1, 0, Some(grant), 1), EarnoutError::NothingToEvaluate);
    world.resolve(1, 0, Some(second), 50);
    world.after_period(0, 1_200);
    world.settle(&second).unwrap();
    world.refuses(&world.vote(2, 0, 0, None, 1), EarnoutError::NothingToEvaluate);
    world.refuses(&world.vote(2, 1, 0, Some(second), 1), EarnoutError::NothingToEvaluate);
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
fn g13_only_the_attestation_of_this_kpi_period_and_subject_is_accepted() {
    let kpis = [
        kpi("revenue", Scope::Shared),
        kpi("tasks", Scope::Individual),
        kpi("uptime", Scope::Shared),
    ];
    let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 1_000_000);
    let weights = [4_000, 3_000, 3_000];
    let (_, grant) = world.grant(1_000, &weights);
    let (_, second) = world.grant(1_000, &weights);
    let other_plan = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &kpis, 1_000);
    world.in_plan(other_plan, |world| world.grant(1_000, &weights));
    let plan = world.token.plan;
    let address = |kpi, period, subject: &Pubkey| pda::attestation(&plan, kpi, period, subject);

    // Votes that exist elsewhere.
    world.after_period(0, 0);
    world.in_plan(other_plan, |world| world.run(world.vote(0, 0, 0, None, 1)));
    world.run(world.vote(0, 2, 0, None, 1));
    world.run(world.vote(0, 1, 0, Some(second), 1));
    world.run(world.vote(0, 0, 0, None, 1));
    let shared = world.vote(1, 0, 0, None, 1);
    let individual = world.vote(1, 1, 0, Some(grant), 1);
    let elsewhere = [
        address(2, 0, &plan),
        address(1, 0, &second),
        pda::attestation(&other_plan, 0, 0, &other_plan),
        // Nothing there.
        address(0, 1, &plan),
        other_bump_address(&plan, 0, 0, &plan),
        other_bump_address(&plan, 1, 0, &grant),
        Pubkey::new_from_array([3; 32]),
        // Something else.
        world.source,
        second,
        pda::vault(&plan),
    ];
    let cases = elsewhere.map(|wrong| (address(0, 0, &plan), wrong, EarnoutError::WrongAttestation));
    world.refuses_swapped(&shared, &cases);
    let cases = elsewhere.map(|wrong| (address(1, 0, &grant), wrong, EarnoutError::WrongAttestation));
    world.refuses_swapped(&individual, &cases);

    // The same KPI a period later.
    world.after_period(1, 0);
    let next = swapped(
        &world.vote(1, 0, 1, None, 1),
        &address(0, 1, &plan),
        &address(0, 0, &plan),
    );
    world.refuses(&next, EarnoutError::WrongAttestation);
}

#[test]
fn lamports_sent_beforehand_hinder_no_vote() {
    let (mut world, _, grant) = open();
    let plan = world.token.plan;
    let rent = world.chain.rent(space::<Attestation>());
    let (shared, individual) = (
        pda::attestation(&plan, 0, 0, &plan),
        pda::attestation(&plan, 1, 0, &grant),
    );
    world.chain.give(&shared, 1);
    world.chain.give(&individual, rent + 1);
    world.resolve(0, 0, None, 5);
    world.resolve(1, 0, Some(grant), 6);
    assert_eq!(world.attestation(0, 0, None).resolved_value, 5);
    assert_eq!(world.attestation(1, 0, Some(grant)).resolved_value, 6);
    assert_eq!(world.chain.account(&shared).unwrap().lamports, rent);
    assert_eq!(world.chain.account(&individual).unwrap().lamports, rent + 1);
    assert_eq!(world.attestation(0, 0, None).rent_paid, rent - 1);
    assert_eq!(world.attestation(1, 0, Some(grant)).rent_paid, 0);
}

#[test]
fn g13_missing_signatures_are_refused() {
    let (mut world, _, grant) = open();
    let payer = world.key();
    let (plan, oracle) = (world.token.plan, world.oracles[0].pubkey());
    let args = AttestArgs {
        kpi: 1,
        period: 0,
        value: 1,
        evidence: [0; 32],
    };
    let vote = instructions::attest(&payer, &oracle, &plan, Some(grant), args);
    let attestation = pda::attestation(&plan, 1, 0, &grant);
    world.refuses_broken(&vote, &[payer, oracle], &[payer, plan, attestation]);
    world.refuses(
        &swapped(&vote, &grant, &attestation),
        AnchorError::AccountOwnedByWrongProgram,
    );
    world.run(vote.clone());
    world.refuses(
        &swapped(&vote, &grant, &attestation),
        AnchorError::AccountDiscriminatorMismatch,
    );
}
