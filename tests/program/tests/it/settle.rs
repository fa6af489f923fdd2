//! `settle`: what a period is worth, when that is final, and from which accounts it is read.

use {bytemuck::Zeroable, earnout::state::OracleSet, earnout_tests::*, solana_transaction::Transaction};

/// Oracle and value.
type Votes = &'static [(usize, i64)];
/// Oracle, seconds after the end of the period, and value.
type TimedVotes<'a> = &'a [(usize, i64, i64)];

fn revenue() -> KpiArgs {
    kpi("revenue", Scope::Shared)
}

fn policy(unearned_policy: UnearnedPolicy) -> CreatePlanArgs {
    CreatePlanArgs {
        unearned_policy,
        ..terms()
    }
}

/// A plan with one shared KPI and a grant of 400,000 that depends on nothing else: 100,000 per period.
fn world(args: CreatePlanArgs, kpi: KpiArgs) -> (World, Pubkey) {
    let mut world = World::active(TokenProgram::Spl, args, &[kpi], 1_000_000);
    let (_, grant) = world.grant(400_000, &[10_000]);
    (world, grant)
}

// Amounts.

#[test]
fn unearned_amounts_return_to_the_surplus() {
    for program in TOKEN_PROGRAMS {
        let mut world = World::active(program, terms(), &[revenue()], 1_000_100);
        // Tranches: 250,000, 250,001, 250,001, 250,001.
        let (_, grant) = world.grant(1_000_003, &[6_000]);
        assert_eq!(world.surplus(), 97);
        world.evaluate(0, 75);
        let (mut expected, mut expected_plan) = (world.grant_state(&grant), world.plan());
        let event = world.settled(&grant);

        // 4,000·10,000 + 6,000·7,500 = 85 % of the full credit, 45 % of it by the KPI.
        expected.next_period = 1;
        expected.earned = 212_500;
        expected.last_earned = 212_500;
        expected.last_tranche = 250_000;
        expected.last_kpi_amount = 112_500;
        expected.reserved = 750_003;
        assert_eq!(world.grant_state(&grant), expected);
        expected_plan.reserved = 750_003;
        expected_plan.owed = 212_500;
        expected_plan.earned_total = 212_500;
        expected_plan.unsettled_grants[0] = 0;
        expected_plan.event_sequence += 1;
        assert_eq!(world.plan(), expected_plan);
        assert_eq!(world.surplus(), 97 + 37_500);
        let expected = GrantSettled {
            plan: world.token.plan,
            time: boundary(1) + 3 * DAY,
            sequence: expected_plan.event_sequence,
            grant,
            period: 0,
            scores: vec![7_500],
            price: None,
            tranche: 250_000,
            earned: 212_500,
            unearned: 37_500,
            carry: 0,
            pooled: 0,
            kpi_amount: 112_500,
            reserved: 750_003,
            rent: None,
            plan_reserved: 750_003,
            plan_owed: 212_500,
            plan_pooled: 0,
        };
        assert_eq!(event, expected);
    }
}

#[test]
fn every_division_rounds_down() {
    let mut world = World::active(TokenProgram::Spl, terms(), &[revenue()], 1_000);
    // Tranches of 7 / 4: 1, 2, 2, 2.
    let (_, grant) = world.grant(7, &[10_000]);
    for (period, value, earned) in [(0, 99, 0), (1, 50, 1), (2, 99, 1), (3, 100, 2)] {
        world.evaluate(period, value);
        assert_eq!(world.settled(&grant).earned, earned);
    }
    let plan = world.plan();
    assert_eq!((plan.reserved, plan.owed, world.surplus()), (0, 4, 996));
}

#[test]
fn carried_amounts_are_earned_again_but_never_more_than_in_full() {
    let (mut world, grant) = world(policy(UnearnedPolicy::CarryOver), stretch_kpi("revenue", Scope::Shared));
    assert_eq!(world.plan().reserved, 800_000);
    // Value, earned, carry, reserve: ceil(tranches left · 2) + carry.
    let periods = [
        (50, 50_000, 50_000, 650_000),
        // 150 % of the tranche, but only 100 % of the carry.
        (150, 200_000, 0, 400_000),
        (0, 0, 100_000, 300_000),
        // 80 % of both; what is left after the last period is surplus.
        (80, 160_000, 0, 0),
    ];
    let mut earned_so_far = 0;
    for (period, (value, earned, carry, reserved)) in (0..).zip(periods) {
        world.evaluate(period, value);
        let event = world.settled(&grant);
        earned_so_far += earned;
        assert_eq!(
            (event.earned, event.carry, event.reserved),
            (earned, carry, reserved),
            "period {period}"
        );
        assert_eq!((event.plan_reserved, event.plan_owed), (reserved, earned_so_far));
        let state = world.grant_state(&grant);
        assert_eq!(
            (state.earned, state.carry, state.reserved),
            (earned_so_far, carry, reserved)
        );
        assert_eq!(world.surplus(), 1_000_000 - reserved - earned_so_far);
    }
    assert_eq!((earned_so_far, world.surplus()), (410_000, 590_000));
}

#[test]
fn what_is_carried_grows_from_period_to_period() {
    let (mut world, grant) = world(policy(UnearnedPolicy::CarryOver), revenue());
    let mut events = Vec::new();
    for (period, value) in [(0, 0), (1, 0), (2, 50), (3, 100)] {
        world.evaluate(period, value);
        let event = world.settled(&grant);
        events.push((event.earned, event.unearned, event.carry, event.reserved));
    }
    let expected = [
        (0, 100_000, 100_000, 400_000),
        (0, 200_000, 200_000, 400_000),
        (150_000, 150_000, 150_000, 250_000),
        (250_000, 0, 0, 0),
    ];
    assert_eq!(events, expected);
}

#[test]
fn under_redistribution_the_first_settlement_opens_the_pool_of_the_period() {
    let kpis = [kpi("tasks", Scope::Individual)];
    let mut world = World::active(
        TokenProgram::Token2022,
        policy(UnearnedPolicy::Redistribute),
        &kpis,
        1_000_000,
    );
    let (_, first) = world.grant(400_000, &[8_000]);
    let (_, second) = world.grant(200_000, &[10_000]);
    let (_, absent) = world.grant_with(|args| (args.first_period, args.periods) = (1, 3));
    let plan = world.token.plan;
    world.after_period(0, 0);
    world.resolve(0, 0, Some(first), 50);
    world.resolve(0, 0, Some(second), 30);
    world.after_windows(0);
    let payer = world.key();
    let settle = instructions::settle(&payer, &plan, &world.plan(), &first, &world.grant_state(&first));
    let payer_had = world.chain.account(&payer).unwrap().lamports;
    let receipt = world.run(settle);
    let address = pda::period(&plan, 0);
    let (_, bump) = Pubkey::find_program_address(&[b"period", plan.as_ref(), &[0, 0]], &earnout::ID);
    let rent = world.chain.rent(space::<Period>());
    assert_eq!(payer_had - world.chain.account(&payer).unwrap().lamports, rent);

    // 2,000·10,000 + 8,000·5,000 = 60 % of 100,000, of which 40,000 by the KPI; 40,000 into the pool.
    let mut expected = Period::zeroed();
    expected.version = 1;
    expected.bump = bump;
    expected.expected = 2;
    expected.plan = plan;
    expected.rent_payer = payer;
    expected.rent_paid = rent;
    expected.settled = 1;
    expected.kpi_total = 40_000;
    expected.pool = 40_000;
    assert_eq!(world.chain.period(&address).unwrap(), expected);
    let opened = Rent { payer, lamports: rent };
    let event = the_event!(receipt, GrantSettled);
    assert_eq!(
        (event.earned, event.unearned, event.pooled, event.carry),
        (60_000, 40_000, 40_000, 0)
    );
    assert_eq!((event.rent, event.plan_pooled), (Some(opened), 40_000));
    assert_eq!(world.plan().open_periods, 1);

    let event = world.settled(&second);
    expected.settled = 2;
    expected.kpi_total = 40_000 + 15_000;
    expected.pool = 40_000 + 35_000;
    assert_eq!(world.pool(0), expected);
    assert_eq!(
        (event.rent, event.plan_pooled, event.kpi_amount),
        (None, 75_000, 15_000)
    );
    let state = world.plan();
    assert_eq!((state.owed, state.pooled, state.open_periods), (75_000, 75_000, 1));
    assert_eq!(world.grant_state(&absent).next_period, 1);
}

#[test]
fn the_weakest_kpi_counts_for_all_that_have_weight() {
    let kpis = ["a", "b", "c"].map(|name| kpi(name, Scope::Shared));
    let mut world = World::new(TokenProgram::Spl);
    // Values 90, 40 and 5; the last has no weight. 2,000·10,000 + 8,000·4,000 against the sum of
    // 2,000·10,000 + 3,000·9,000 + 5,000·4,000.
    for (plan_id, combination, earned) in [(1, Combination::Weakest, 52_000), (2, Combination::WeightedSum, 67_000)] {
        let args = CreatePlanArgs {
            plan_id,
            combination,
            ..terms()
        };
        world.token.plan = world.active_plan(args, &kpis, 1_000_000);
        let (_, grant) = world.grant(400_000, &[3_000, 5_000]);
        let (_, timed) = world.grant(400_000, &[]);
        world.after_period(0, 0);
        for (kpi, value) in [(0, 90), (1, 40), (2, 5)] {
            world.resolve(kpi, 0, None, value);
        }
        world.after_windows(0);
        let event = world.settled(&grant);
        assert_eq!(
            (event.earned, event.scores),
            (earned, vec![9_000, 4_000, 0]),
            "{combination:?}"
        );
        // Without KPIs time alone counts, in full.
        assert_eq!(world.settled(&timed).earned, 100_000);
        world.chain.set_time(GENESIS);
    }
}

#[test]
fn curves_are_read_linearly_or_by_steps_and_flat_outside() {
    let falling = [(10, 20_000), (20, 10_000), (40, 0)];
    let points = falling.map(|(value, score)| CurvePoint { value, score });
    let args = |name: &str, interpolation| KpiArgs {
        interpolation,
        points: points.to_vec(),
        ..kpi(name, Scope::Individual)
    };
    let kpis = [
        args("linear", Interpolation::Linear),
        args("steps", Interpolation::Step),
    ];
    let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 1_000_000);
    let cases = [
        (0, 20_000, 20_000),
        (10, 20_000, 20_000),
        (13, 17_000, 20_000),
        (20, 10_000, 10_000),
        (27, 6_500, 10_000),
        (39, 500, 10_000),
        (40, 0, 0),
        (1_000_000, 0, 0),
    ];
    let grants: Vec<Pubkey> = cases.iter().map(|_| world.grant(1_000, &[5_000, 5_000]).1).collect();
    world.after_period(0, 0);
    for (grant, (value, ..)) in grants.iter().zip(cases) {
        world.resolve(0, 0, Some(*grant), value);
        world.resolve(1, 0, Some(*grant), value);
    }
    world.after_windows(0);
    for (grant, (value, linear, steps)) in grants.iter().zip(cases) {
        assert_eq!(world.settled(grant).scores, [linear, steps], "{value}");
    }
}

#[test]
fn a_grant_without_kpis_settles_at_the_end_of_the_period_without_any_account() {
    let mut world = World::active(TokenProgram::Spl, terms(), &[revenue()], 1_000);
    let (_, grant) = world.grant(10, &[]);
    for (period, earned) in [(0, 2), (1, 3), (2, 2), (3, 3)] {
        world.after_period(period, -1);
        let settle = world.settle_instruction(&grant);
        world.refuses(&settle, EarnoutError::PeriodNotEnded);
        world.after_period(period, 0);
        assert_eq!(world.settled(&grant).earned, earned);
    }
    assert_eq!(world.grant_state(&grant).earned, 10);
}

#[test]
fn tranches_of_nothing_settle_too() {
    let mut world = World::active(TokenProgram::Spl, terms(), &[revenue()], 1_000);
    // floor(2·k / 4): 0, 0, 1, 1, 2.
    let (_, grant) = world.grant(2, &[10_000]);
    for (period, tranche) in [(0, 0), (1, 1), (2, 0), (3, 1)] {
        world.evaluate(period, 100);
        let event = world.settled(&grant);
        assert_eq!((event.tranche, event.earned), (tranche, tranche));
    }
    assert_eq!(world.plan().owed, 2);
}

#[test]
fn a_grant_of_later_periods_settles_only_those() {
    let mut world = World::active(TokenProgram::Spl, terms(), &[revenue()], 1_000_000);
    let (_, grant) = world.grant_with(|args| {
        (args.first_period, args.periods) = (2, 2);
        (args.allocation, args.time_weight, args.kpi_weights) = (1_001, 0, vec![10_000]);
    });
    world.after_windows(1);
    let settle = world.settle_instruction(&grant);
    world.refuses(&settle, EarnoutError::PeriodNotEnded);
    for (period, tranche) in [(2, 500), (3, 501)] {
        world.evaluate(period, 100);
        let event = world.settled(&grant);
        assert_eq!((event.period, event.tranche, event.earned), (period, tranche, tranche));
    }
    let settle = world.settle_instruction(&grant);
    world.refuses(&settle, EarnoutError::AllSettled);
}

// Votes.

#[test]
fn g4_g8_a_liar_changes_nothing_that_two_honest_oracles_agree_on() {
    // Who votes what, in which order; the liar says 1,000,000.
    const LIE: i64 = 1_000_000;
    let orders: [Votes; 7] = [
        &[(0, 60), (1, 60)],
        &[(2, 60), (0, 60)],
        &[(0, LIE), (1, 60), (2, 60)],
        &[(1, LIE), (2, 60), (0, 60)],
        &[(0, 60), (1, LIE), (2, 60)],
        &[(2, 60), (0, LIE), (1, 60)],
        // The liar waits, and then changes its mind twice.
        &[(0, 60), (2, 0), (2, LIE), (1, 60)],
    ];
    let mut world = World::new(TokenProgram::Spl);
    for (plan_id, order) in (1..).zip(orders) {
        world.chain.set_time(GENESIS);
        world.token.plan = world.active_plan(CreatePlanArgs { plan_id, ..terms() }, &[revenue()], 400_000);
        let (_, grant) = world.grant(400_000, &[10_000]);
        world.after_period(0, 0);
        for &(oracle, value) in order {
            world.attest(oracle, 0, 0, None, value).unwrap();
        }
        world.after_windows(0);
        let event = world.settled(&grant);
        assert_eq!((event.earned, &event.scores[..]), (60_000, &[6_000][..]), "{order:?}");
    }
}

#[test]
fn g8_without_agreement_the_median_counts_and_of_two_the_lower_score() {
    let lower_is_better = KpiArgs {
        points: [(0, 10_000), (100, 0)]
            .map(|(value, score)| CurvePoint { value, score })
            .to_vec(),
        ..kpi("complaints", Scope::Shared)
    };
    let kpis = [revenue(), lower_is_better];
    // Votes by oracle, score of each KPI.
    let cases: [(Votes, [u16; 2]); 7] = [
        (&[(0, 10), (1, 50), (2, 90)], [5_000, 5_000]),
        (&[(0, 90), (1, 10), (2, 50)], [5_000, 5_000]),
        // Two of three suffice.
        (&[(0, 20), (1, 80)], [2_000, 2_000]),
        (&[(2, 80), (1, 20)], [2_000, 2_000]),
        // One is a minority: silence.
        (&[(1, 100)], [0, 0]),
        (&[], [0, 0]),
        // A changed vote counts as changed.
        (&[(0, 100), (1, 50), (2, 60), (0, 0)], [5_000, 5_000]),
    ];
    let mut world = World::new(TokenProgram::Spl);
    for (plan_id, (votes, scores)) in (1..).zip(cases) {
        world.chain.set_time(GENESIS);
        world.token.plan = world.active_plan(CreatePlanArgs { plan_id, ..terms() }, &kpis, 400_000);
        let (_, grant) = world.grant(400_000, &[5_000, 5_000]);
        world.after_period(0, 0);
        for kpi in [0, 1] {
            for &(oracle, value) in votes {
                world.attest(oracle, kpi, 0, None, value).unwrap();
            }
        }
        world.after_windows(0);
        assert_eq!(world.settled(&grant).scores, scores, "{votes:?}");
    }
}

#[test]
fn g8_an_even_split_of_four_oracles_is_no_agreement() {
    let mut world = World::new(TokenProgram::Spl);
    let fourth = world.chain.key();
    world.remember(fourth.insecure_clone());
    world.oracles.push(fourth);
    // Half is not a majority and three are needed.
    let too_low = world.create_plan(world.manned(CreatePlanArgs {
        threshold: 2,
        ..terms()
    }));
    world.refuses(&too_low, EarnoutError::BadThreshold);
    world.token.plan = world.active_plan(
        CreatePlanArgs {
            threshold: 3,
            ..terms()
        },
        &[revenue()],
        400_000,
    );
    let (_, grant) = world.grant(400_000, &[10_000]);

    // Two against two: at the deadline the lower of the middle values.
    world.after_period(0, 0);
    for (oracle, value) in [(0, 80), (1, 20), (2, 20), (3, 80)] {
        world.attest(oracle, 0, 0, None, value).unwrap();
    }
    assert!(!world.attestation(0, 0).is_resolved());
    world.after_windows(0);
    assert_eq!(world.settled(&grant).scores, [2_000]);

    // Two votes of four are a minority, though they are equal: silence.
    world.after_period(1, 0);
    for oracle in [0, 1] {
        world.attest(oracle, 0, 1, None, 100).unwrap();
    }
    world.after_windows(1);
    assert_eq!(world.settled(&grant).scores, [0]);

    // Three equal votes resolve at once.
    world.after_period(2, 0);
    for oracle in [3, 1, 2] {
        world.attest(oracle, 0, 2, None, 100).unwrap();
    }
    assert!(world.attestation(0, 2).is_resolved());
    world.after_windows(2);
    assert_eq!(world.settled(&grant).scores, [10_000]);
}

#[test]
fn g8_the_quorum_of_a_period_stays_when_the_plan_moves_on_to_other_oracles() {
    let (mut world, grant) = world(terms(), revenue());
    world.after_period(0, 0);
    world.attest(0, 0, 0, None, 40).unwrap();
    world.attest(1, 0, 0, None, 60).unwrap();
    // Two of three voted; of the set that follows them five of eight would have to.
    let newcomers: Vec<Pubkey> = (0..8).map(|_| world.key()).collect();
    world.tamper::<Plan>(&world.token.plan.clone(), |plan| {
        plan.oracles = OracleSet::new(&newcomers, 5, 0).unwrap();
    });
    world.after_windows(0);
    assert_eq!(world.settled(&grant).scores, [4_000]);
}

#[test]
fn sixteen_kpis_and_eight_oracles_settle_within_one_transaction() {
    let curve = (0..8).map(|n| CurvePoint {
        value: n * 100,
        score: 2_000 * n as u16,
    });
    let kpi = |n| KpiArgs {
        points: curve.clone().collect(),
        default_score: 1_000,
        ..kpi(&format!("kpi {n}"), Scope::Individual)
    };
    let kpis: Vec<KpiArgs> = (0..16).map(kpi).collect();
    let mut world = World::new(TokenProgram::Spl);
    for _ in 3..8 {
        let oracle = world.chain.key();
        world.remember(oracle.insecure_clone());
        world.oracles.push(oracle);
    }
    let args = CreatePlanArgs {
        threshold: 5,
        ..policy(UnearnedPolicy::Redistribute)
    };
    // The largest score is 14,000.
    world.token.plan = world.active_plan(args, &kpis, 4_480_000);
    let [silent, voted] = [(), ()].map(|()| world.grant(1_600_000, &[625; 16]).1);
    world.after_period(0, 0);
    for kpi in 0..16 {
        // No two agree: of 110, 120, ... 180 the lower middle one is 140.
        for oracle in 0..8 {
            let value = 110 + 10 * i64::try_from(oracle).unwrap();
            world.attest(oracle, kpi, 0, Some(voted), value).unwrap();
        }
    }
    world.after_windows(0);
    assert_eq!(world.settled(&silent).scores, [1_000; 16]);
    assert_eq!(world.settled(&voted).scores, [2_800; 16]);
    // 400,000 each: 10 % and 28 %, and 360,000 + 288,000 in the pool.
    assert_eq!(
        [silent, voted].map(|grant| world.grant_state(&grant).earned),
        [40_000, 112_000]
    );
    assert_eq!(world.pool(0).pool, 648_000);
}

#[test]
fn sixteen_silent_individual_kpis_and_a_new_pool_settle_in_one_legacy_transaction() {
    let kpis: Vec<KpiArgs> = (0..16).map(|n| kpi(&format!("kpi {n}"), Scope::Individual)).collect();
    let mut world = World::active(TokenProgram::Spl, policy(UnearnedPolicy::Redistribute), &kpis, 800_000);
    let (_, grant) = world.grant(400_000, &[625; 16]);
    world.after_windows(0);
    let settle = world.settle_instruction(&grant);
    let (fee_payer, other) = (world.chain.fee_payer().pubkey(), world.key());
    // Who pays the pool's rent may be another key; a packet has room for 1,232 bytes.
    for (payer, signatures, bytes) in [(fee_payer, 1, 872), (other, 2, 968)] {
        let settle = swapped(&settle, &fee_payer, &payer);
        let message = Transaction::new_with_payer(&[settle], Some(&fee_payer)).message;
        assert_eq!(message.header.num_required_signatures, signatures);
        // The number of signatures, the signatures, and the message.
        assert_eq!(1 + 64 * usize::from(signatures) + message.serialize().len(), bytes);
    }
    let receipt = world.run(settle);
    assert_eq!(the_event!(receipt, GrantSettled).scores, [0; 16]);
    // `docs/compute-units.md` has the figure; a transaction that asks for nothing may take 200,000.
    assert!(receipt.compute_units <= 60_000, "{} units", receipt.compute_units);
    assert_eq!(world.pool(0).pool, 100_000);
}

#[test]
fn silence_counts_as_the_plan_said_in_advance() {
    let kpis = [(0, "zero"), (2_500, "quarter"), (10_000, "full")].map(|(default_score, name)| KpiArgs {
        default_score,
        ..kpi(name, Scope::Individual)
    });
    let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 1_000_000);
    let (_, grant) = world.grant(400_000, &[2_000, 3_000, 5_000]);
    let (_, voted) = world.grant(400_000, &[2_000, 3_000, 5_000]);
    world.after_period(0, 0);
    // One vote alone leaves a KPI silent, two do not.
    world.attest(0, 1, 0, Some(grant), 100).unwrap();
    for kpi in 0..3 {
        world.resolve(kpi, 0, Some(voted), 0);
    }
    world.after_windows(0);
    let event = world.settled(&grant);
    // 3,000·2,500 + 5,000·10,000
    assert_eq!((event.scores, event.earned), (vec![0, 2_500, 10_000], 57_500));
    assert_eq!(world.settled(&voted).earned, 0);
}

// Times.

/// When a period can be settled, in seconds after its end, under a challenge window of `challenge` seconds.
fn finality_edges(args: CreatePlanArgs, challenge: i64) {
    let d1 = i64::from(args.attest_secs);
    // Votes of oracles at seconds after the end; final from when on; score.
    let cases: [(TimedVotes, i64, u16); 7] = [
        (&[(0, 0, 70), (1, 0, 70)], challenge, 7_000),
        (&[(0, 0, 70), (1, 10, 70)], 10 + challenge, 7_000),
        // The third vote agrees with the first.
        (&[(0, 0, 70), (1, 5, 1), (2, 777, 70)], 777 + challenge, 7_000),
        (&[(0, 0, 70), (1, d1 - 1, 70)], d1 - 1 + challenge, 7_000),
        (&[(0, 0, 70), (1, 0, 30), (2, d1 - 1, 40)], d1 + challenge, 4_000),
        (&[(0, 0, 70)], d1 + challenge, 2_500),
        (&[], d1 + challenge, 2_500),
    ];
    let mut world = World::new(TokenProgram::Spl);
    let kpi = KpiArgs {
        default_score: 2_500,
        ..revenue()
    };
    for (plan_id, (votes, from, score)) in (1..).zip(cases) {
        println!("{votes:?}");
        world.chain.set_time(GENESIS);
        let args = CreatePlanArgs {
            plan_id,
            ..args.clone()
        };
        world.token.plan = world.active_plan(args, std::slice::from_ref(&kpi), 400_000);
        let (_, grant) = world.grant(400_000, &[10_000]);
        let settle = world.settle_instruction(&grant);
        world.after_period(0, -1);
        world.refuses(&settle, EarnoutError::PeriodNotEnded);
        for &(oracle, at, value) in votes {
            world.after_period(0, at);
            world.refuses(&settle, EarnoutError::NotFinal);
            world.attest(oracle, 0, 0, None, value).unwrap();
        }
        let last_vote = votes.last().map_or(0, |vote| vote.1);
        if from > last_vote {
            world.after_period(0, from - 1);
            world.refuses(&settle, EarnoutError::NotFinal);
        }
        world.after_period(0, from);
        assert_eq!(world.settled(&grant).scores, [score]);
    }
}

#[test]
fn with_an_arbiter_a_value_or_silence_is_final_after_the_challenge_window() {
    let args = CreatePlanArgs {
        attest_secs: 7_200,
        challenge_secs: 900,
        ruling_secs: 900,
        ..terms()
    };
    finality_edges(args, 900);
}

#[test]
fn without_an_arbiter_a_value_is_final_when_resolved_and_silence_at_the_deadline() {
    let args = CreatePlanArgs {
        attest_secs: 7_200,
        ..undisputed_terms()
    };
    finality_edges(args, 0);
}

#[test]
fn a_dispute_waits_for_the_ruling_or_the_end_of_its_window() {
    // Without the instructions that dispute and rule: this is what the stored fields mean.
    let (mut world, grant) = world(terms(), revenue());
    let attestation = pda::attestation(&world.token.plan, 0, 0);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 70);
    let disputed_at = boundary(1) + DAY - 1;
    world.tamper::<Attestation>(&attestation, |attestation| attestation.disputed_at = disputed_at);
    let settle = world.settle_instruction(&grant);
    world.chain.set_time(disputed_at + DAY - 1);
    world.refuses(&settle, EarnoutError::NotFinal);

    world.tamper::<Attestation>(&attestation, |attestation| {
        (attestation.ruling, attestation.ruling_value) = (2, 30);
    });
    let before = world.chain.account(&grant).unwrap();
    let plan_before = world.chain.account(&world.token.plan).unwrap();
    assert_eq!(world.settled(&grant).scores, [3_000]);

    // Without a ruling the value stands.
    world.chain.replace(&grant, before);
    world.chain.replace(&world.token.plan.clone(), plan_before);
    world.tamper::<Attestation>(&attestation, |attestation| attestation.ruling = 0);
    world.refuses(&settle, EarnoutError::NotFinal);
    world.chain.set_time(disputed_at + DAY);
    assert_eq!(world.settled(&grant).scores, [7_000]);
}

#[test]
fn months_are_counted_from_the_start_and_clamped() {
    const JAN_31: i64 = 1_706_659_200;
    let args = CreatePlanArgs {
        start_ts: JAN_31,
        cadence: Cadence::Months(1),
        enrolment_end: JAN_31,
        ..undisputed_terms()
    };
    let mut world = World::active(TokenProgram::Spl, args, &[revenue()], 1_000_000);
    let (_, grant) = world.grant(400, &[]);
    // 29 February, 31 March, 30 April and 31 May 2024, 00:00 UTC.
    for end in [1_709_164_800, 1_711_843_200, 1_714_435_200, 1_717_113_600] {
        let settle = world.settle_instruction(&grant);
        world.chain.set_time(end - 1);
        world.refuses(&settle, EarnoutError::PeriodNotEnded);
        world.refuses(
            &world.vote(0, 0, world.grant_state(&grant).next_period, None, 1),
            EarnoutError::VotingNotOpen,
        );
        world.chain.set_time(end);
        world.run(world.vote(0, 0, world.grant_state(&grant).next_period, None, 1));
        assert_eq!(world.settled(&grant).earned, 100);
    }
    world.refuses(&world.settle_instruction(&grant), EarnoutError::AllSettled);
}

// Once, in order, permanently.

#[test]
fn g3_a_period_is_settled_once_and_in_order() {
    let (mut world, grant) = world(terms(), revenue());
    let first = world.settle_instruction(&grant);
    let plan = world.token.plan;
    let attestation = |period| pda::attestation(&plan, 0, period);
    let second = swapped(&first, &attestation(0), &attestation(1));
    for period in [0, 1] {
        world.after_period(period, 0);
        world.resolve(0, period, None, 50 + 50 * i64::from(period));
    }
    // Only the first period is final; the second one is over but its windows are not, and it is not next.
    world.refuses(&second, EarnoutError::WrongAttestation);
    assert_refused(
        world.send(&[first.clone(), first.clone()]),
        EarnoutError::WrongAttestation,
    );
    assert_eq!(world.grant_state(&grant).next_period, 0);
    let event = the_event!(world.run(first.clone()), GrantSettled);
    assert_eq!((event.period, event.earned), (0, 50_000));
    world.refuses(&first, EarnoutError::WrongAttestation);
    world.refuses(&second, EarnoutError::NotFinal);
    world.after_windows(1);
    let event = the_event!(world.run(second.clone()), GrantSettled);
    assert_eq!((event.period, event.earned), (1, 100_000));
    world.refuses(&second, EarnoutError::PeriodNotEnded);

    world.after_windows(3);
    world.settled(&grant);
    world.settled(&grant);
    for again in [&first, &second] {
        world.refuses(again, EarnoutError::AllSettled);
    }
    assert_eq!(world.grant_state(&grant).earned, 150_000);
}

#[test]
fn g3_all_periods_can_be_settled_in_one_transaction_but_each_only_once() {
    let (mut world, _) = world(terms(), revenue());
    let (_, timed) = world.grant(8, &[]);
    world.after_period(3, 0);
    let settle = world.settle_instruction(&timed);
    assert_refused(world.send(&vec![settle.clone(); 5]), EarnoutError::AllSettled);
    assert_eq!(world.grant_state(&timed).earned, 0);
    world.send(&vec![settle; 4]).unwrap();
    assert_eq!(world.grant_state(&timed).earned, 8);
}

#[test]
fn g3_nothing_changes_a_settled_period() {
    let args = CreatePlanArgs {
        challenge_secs: 600,
        ruling_secs: 600,
        ..terms()
    };
    let (mut world, first) = world(args, revenue());
    let (_, second) = world.grant(40_000, &[10_000]);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 40);
    world.after_period(0, 600);
    world.settled(&first);
    let settled = world.grant_state(&first);
    // The window is still open, and the second grant still needs the value: it stays what it is.
    world.refuses(&world.vote(1, 0, 0, None, 90), EarnoutError::AlreadyResolved);
    world.run(world.vote(2, 0, 0, None, 90));
    assert_eq!(world.settled(&second).scores, [4_000]);
    assert_eq!(world.grant_state(&first), settled);
}

#[test]
fn g4_order_and_caller_do_not_matter() {
    let orders = [[0, 1, 2], [2, 1, 0], [1, 2, 0]];
    let results = orders.map(|order| {
        let mut world = World::active(TokenProgram::Spl, terms(), &[revenue()], 1_000_000);
        let grants = [(300_001, 10_000), (1_003, 3_333), (7, 0)]
            .map(|(allocation, weight)| world.grant(allocation, &[weight]).1);
        world.evaluate(0, 37);
        let callers = [world.key(), world.authority.pubkey(), world.oracles[0].pubkey()];
        for (index, caller) in order.into_iter().zip(callers) {
            let grant = &grants[index];
            let plan = world.token.plan;
            let settle = instructions::settle(&caller, &plan, &world.plan(), grant, &world.grant_state(grant));
            world.run(settle);
        }
        let plan = world.plan();
        (
            grants.map(|grant| world.grant_state(&grant).earned),
            plan.owed,
            plan.reserved,
            world.surplus(),
        )
    });
    // 75,000·0.37; 250·(0.6667 + 0.3333·0.37); 1.
    assert_eq!(results[0].0, [27_750, 197, 1]);
    assert_eq!(results[1], results[0]);
    assert_eq!(results[2], results[0]);
}

#[test]
fn g7_when_all_oracles_are_silent_strangers_settle_everything_after_the_last_deadline() {
    use UnearnedPolicy::*;
    for unearned_policy in [Return, CarryOver, Redistribute] {
        let (mut world, grant) = world(policy(unearned_policy), stretch_kpi("revenue", Scope::Shared));
        world.chain.set_time(world.plan().last_deadline().unwrap());
        for period in 0..4 {
            assert_eq!(world.settled(&grant).earned, 0);
            if unearned_policy == Redistribute {
                world.collected(&grant, period);
            }
        }
        let plan = world.plan();
        assert_eq!(
            (plan.reserved, plan.owed, plan.pooled, world.surplus()),
            (0, 0, 0, 1_000_000)
        );
        let stranger = world.key();
        world.run(instructions::withdraw_surplus(
            &stranger,
            &world.token,
            &world.treasury,
            None,
        ));
    }
}

#[test]
fn g12_settling_one_grant_changes_no_other() {
    let (mut world, grant) = world(policy(UnearnedPolicy::Redistribute), revenue());
    let (_, other) = world.grant(40_000, &[10_000]);
    world.evaluate(0, 40);
    let before = world.chain.account(&other);
    world.settled(&grant);
    assert_eq!(world.chain.account(&other), before);
}

// Accounts.

#[test]
fn g13_only_the_attestations_and_pages_of_this_grant_and_period_count() {
    let kpis = [
        kpi("revenue", Scope::Shared),
        kpi("tasks", Scope::Individual),
        kpi("uptime", Scope::Shared),
        kpi("reviews", Scope::Individual),
    ];
    let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 1_000_000);
    let other_plan = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &kpis, 1_000_000);
    let weights = [4_000, 3_000, 3_000];
    let (_, grant) = world.grant(400_000, &weights);
    let (_, second) = world.grant(400_000, &weights);
    let (_, foreign) = world.in_plan(other_plan, |world| world.grant(1_000, &weights));
    let plan = world.token.plan;
    for period in [0, 1] {
        world.after_period(period, 0);
        for kpi in [0, 2] {
            world.resolve(kpi, period, None, 100);
        }
        world.resolve(1, period, Some(grant), 10);
        world.resolve(1, period, Some(second), 100);
        world.resolve(3, period, Some(second), 100);
        world.in_plan(other_plan, |world| {
            world.resolve(0, period, None, 100);
            world.resolve(1, period, Some(foreign), 100);
        });
    }
    world.after_windows(1);
    let settle = world.settle_instruction(&grant);
    let elsewhere = [
        // Another KPI, period, page or plan.
        pda::attestation(&plan, 2, 1),
        pda::attestation(&plan, 0, 1),
        pda::page(&plan, 1, 1, 0),
        pda::page(&plan, 3, 0, 0),
        pda::attestation(&other_plan, 0, 0),
        pda::page(&other_plan, 1, 0, 0),
        // Empty addresses, which would mean silence: other bumps, and pages or periods on which nobody voted.
        other_bump_address(&plan, 0, 0, None),
        other_bump_address(&plan, 1, 0, Some(0)),
        pda::attestation(&plan, 0, 2),
        pda::page(&plan, 1, 2, 0),
        pda::page(&plan, 1, 0, 1),
        Pubkey::new_from_array([3; 32]),
        // Other accounts of the program, and of others.
        grant,
        plan,
        world.source,
        world.key(),
    ];
    for (meant, error) in [
        (pda::attestation(&plan, 0, 0), EarnoutError::WrongAttestation),
        (pda::page(&plan, 1, 0, 0), EarnoutError::WrongPage),
        (pda::attestation(&plan, 2, 0), EarnoutError::WrongAttestation),
    ] {
        let cases = elsewhere.map(|wrong| (meant, wrong, error));
        world.refuses_swapped(&settle, &cases);
    }
    // The right ones in another order.
    let mut exchanged = settle.clone();
    let last = exchanged.accounts.len() - 1;
    exchanged.accounts.swap(last, last - 2);
    world.refuses(&exchanged, EarnoutError::WrongAttestation);
    world.run(settle);
}

#[test]
fn g13_the_number_of_attestations_is_that_of_the_weighted_kpis() {
    let kpis = [
        kpi("a", Scope::Shared),
        kpi("b", Scope::Shared),
        kpi("c", Scope::Shared),
    ];
    let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 1_000_000);
    let (_, grant) = world.grant(1_000, &[5_000, 0, 5_000]);
    let (_, timed) = world.grant(1_000, &[]);
    world.after_windows(0);
    let settle = world.settle_instruction(&grant);
    let mut fewer = settle.clone();
    fewer.accounts.pop();
    world.refuses(&fewer, EarnoutError::WrongAccountCount);
    fewer.accounts.pop();
    world.refuses(&fewer, EarnoutError::WrongAccountCount);
    let unweighted = pda::attestation(&world.token.plan, 1, 0);
    for mut more in [settle.clone(), world.settle_instruction(&timed)] {
        more.accounts.push(AccountMeta::new_readonly(unweighted, false));
        world.refuses(&more, EarnoutError::WrongAccountCount);
    }
    world.run(settle);
}

#[test]
fn g13_lamports_at_an_empty_attestation_neither_hinder_nor_vote() {
    let kpi = KpiArgs {
        default_score: 2_500,
        ..revenue()
    };
    let (mut world, grant) = world(terms(), kpi);
    let attestation = pda::attestation(&world.token.plan, 0, 0);
    world.chain.give(&attestation, 1_000_000_000);
    let settle = world.settle_instruction(&grant);
    world.after_period(0, 2 * DAY - 1);
    world.refuses(&settle, EarnoutError::NotFinal);
    world.after_period(0, 2 * DAY);
    assert_eq!(world.settled(&grant).scores, [2_500]);
}

#[test]
fn g13_a_reported_value_cannot_be_passed_off_as_silence() {
    let kpi = KpiArgs {
        default_score: 10_000,
        ..revenue()
    };
    let (mut world, grant) = world(terms(), kpi);
    let plan = world.token.plan;
    world.evaluate(0, 10);
    let settle = world.settle_instruction(&grant);
    let (reported, empty) = (pda::attestation(&plan, 0, 0), other_bump_address(&plan, 0, 0, None));
    world.refuses(&swapped(&settle, &reported, &empty), EarnoutError::WrongAttestation);
    world.chain.give(&empty, 1_000_000_000);
    world.refuses(&swapped(&settle, &reported, &empty), EarnoutError::WrongAttestation);
    assert_eq!(world.settled(&grant).scores, [1_000]);
}

#[test]
fn g13_the_pool_must_be_that_of_the_period() {
    let mut world = World::new(TokenProgram::Spl);
    let redistribute = |plan_id| CreatePlanArgs {
        plan_id,
        ..policy(UnearnedPolicy::Redistribute)
    };
    let [plan, other, returning] = [
        redistribute(1),
        redistribute(2),
        CreatePlanArgs { plan_id: 3, ..terms() },
    ]
    .map(|args| world.active_plan(args, &[revenue()], 1_000_000));
    let [grant, foreign, plain] =
        [plan, other, returning].map(|plan| world.in_plan(plan, |world| world.grant(4_000, &[]).1));
    world.token.plan = plan;
    let (_, second) = world.grant(4_000, &[]);
    world.after_windows(1);
    world.in_plan(other, |world| world.settled(&foreign));
    let pool = |period| pda::period(&plan, period);
    let wrong = [
        pool(1),
        pda::period(&other, 0),
        pda::period(&other, 1),
        Pubkey::new_from_array([3; 32]),
        world.source,
        plain,
    ];
    let wrong = wrong.map(|wrong| (pool(0), wrong, EarnoutError::WrongPeriod));
    // Before the pool exists, and after.
    for grant in [&grant, &second] {
        let settle = world.settle_instruction(grant);
        world.refuses_swapped(&settle, &wrong);
        let none = changed(&settle, &pool(0), |meta| {
            *meta = AccountMeta::new_readonly(earnout::ID, false)
        });
        world.refuses(&none, EarnoutError::WrongPeriod);
        world.run(settle);
    }
    // The next period with the pool of the last one.
    world.collected(&grant, 0);
    let next = swapped(&world.settle_instruction(&grant), &pool(1), &pool(0));
    world.refuses(&next, EarnoutError::WrongPeriod);

    // A plan that does not redistribute has none.
    world.in_plan(returning, |world| {
        let mut settle = world.settle_instruction(&plain);
        let none = settle
            .accounts
            .iter_mut()
            .find(|meta| meta.pubkey == earnout::ID)
            .unwrap();
        *none = AccountMeta::new(pda::period(&returning, 0), false);
        world.refuses(&settle, EarnoutError::WrongPeriod);
        world.settled(&plain);
    });
}

#[test]
fn lamports_sent_beforehand_hinder_no_pool() {
    let (mut world, grant) = world(policy(UnearnedPolicy::Redistribute), revenue());
    let rent = world.chain.rent(space::<Period>());
    for (period, lamports) in [(0, 1), (1, rent), (2, rent + 1)] {
        let address = pda::period(&world.token.plan, period);
        world.chain.give(&address, lamports);
        world.after_windows(period);
        world.settled(&grant);
        assert_eq!(world.chain.account(&address).unwrap().lamports, rent.max(lamports));
        assert_eq!(world.pool(period).rent_paid, rent.saturating_sub(lamports));
        world.collected(&grant, period);
    }
}

#[test]
fn the_last_bonus_is_collected_before_the_next_period_is_settled() {
    let (mut world, grant) = world(policy(UnearnedPolicy::Redistribute), revenue());
    world.after_windows(1);
    world.settled(&grant);
    let next = world.settle_instruction(&grant);
    world.refuses(&next, EarnoutError::BonusNotCollected);
    world.collected(&grant, 0);
    world.run(next);
}

#[test]
fn g13_a_grant_of_another_plan_and_missing_signatures_are_refused() {
    let (mut world, grant) = world(policy(UnearnedPolicy::Redistribute), revenue());
    let plan = world.token.plan;
    let other = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &[revenue()], 1_000);
    let (_, foreign) = world.in_plan(other, |world| world.grant(1_000, &[10_000]));
    world.evaluate(0, 50);
    let payer = world.key();
    let settle = instructions::settle(&payer, &plan, &world.plan(), &grant, &world.grant_state(&grant));
    world.refuses(&swapped(&settle, &grant, &foreign), EarnoutError::WrongGrant);
    world.refuses(&swapped(&settle, &plan, &other), EarnoutError::WrongGrant);
    let attestation = pda::attestation(&plan, 0, 0);
    let mistaken = swapped(&settle, &grant, &attestation);
    world.refuses(&mistaken, AnchorError::AccountDiscriminatorMismatch);
    world.refuses_broken(&settle, &[payer], &[payer, plan, grant, pda::period(&plan, 0)]);
    world.run(settle);
}
