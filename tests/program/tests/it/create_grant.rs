//! `create_grant`: who can be granted what, and that it is funded in full at once.

use {anchor_spl::associated_token, bytemuck::Zeroable, earnout_tests::*};

/// A plan with one shared and one individual KPI, funded with a million.
fn world(program: TokenProgram) -> World {
    let kpis = [stretch_kpi("revenue", Scope::Shared), kpi("tasks", Scope::Individual)];
    World::active(program, terms(), &kpis, 1_000_000)
}

/// The next grant for a new key, its terms changed.
fn create(world: &mut World, change: impl FnOnce(&mut CreateGrantArgs)) -> Instruction {
    let beneficiary = world.key();
    let mut args = world.grant_args(&beneficiary, 1_000, &[4_000, 6_000]);
    change(&mut args);
    world.create_grant(args)
}

#[test]
fn a_grant_is_stored_reserved_and_reported() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        let (payer, authority, beneficiary) = (world.key(), world.authority.pubkey(), world.key());
        let PlanToken { plan, mint, .. } = world.token;
        let args = CreateGrantArgs {
            grant_index: 0,
            beneficiary,
            allocation: 100_003,
            unit_allocation: 0,
            first_period: 1,
            periods: 2,
            cliff_periods: 2,
            time_weight: 1_000,
            kpi_weights: vec![3_000, 6_000],
            revocable: true,
            transferable: false,
        };
        let payer_had = world.chain.account(&payer).unwrap().lamports;
        let mut expected_plan = world.plan();
        let create = instructions::create_grant(&payer, &authority, &plan, &mint, args.clone());
        let receipt = world.run(create);

        let seeds: &[&[u8]] = &[b"grant", plan.as_ref(), &0u32.to_le_bytes()];
        let (address, bump) = Pubkey::find_program_address(seeds, &earnout::ID);
        let (token_program, associated_program) = (program.id(), associated_token::ID);
        let seeds: &[&[u8]] = &[beneficiary.as_ref(), token_program.as_ref(), mint.as_ref()];
        let (associated, associated_bump) = Pubkey::find_program_address(seeds, &associated_program);
        assert_eq!(associated, world.associated_address(&beneficiary));
        let mut expected = Grant::zeroed();
        expected.version = 1;
        expected.bump = bump;
        expected.associated_bump = associated_bump;
        expected.flags = 1;
        expected.plan = plan;
        expected.beneficiary = beneficiary;
        expected.rent_payer = payer;
        expected.rent_paid = world.chain.rent(space::<Grant>());
        expected.allocation = 100_003;
        expected.first_period = 1;
        expected.periods = 2;
        expected.cliff_periods = 2;
        expected.next_period = 1;
        expected.end_period = 3;
        expected.collected_through = 1;
        expected.time_weight = 1_000;
        expected.kpi_weights[..2].copy_from_slice(&[3_000, 6_000]);
        // 1,000·10,000 + 3,000·20,000 + 6,000·10,000, of which 130 % of 100,003 is 130,003.9.
        expected.max_credit = 130_000_000;
        expected.reserved = 130_004;
        expected.created_at = GENESIS;
        assert_eq!(world.grant_state(&address), expected);

        expected_plan.reserved = 130_004;
        expected_plan.grant_counter = 1;
        expected_plan.open_grants = 1;
        expected_plan.unsettled_grants[1] = 1;
        expected_plan.unsettled_grants[2] = 1;
        expected_plan.event_sequence += 1;
        assert_eq!(world.plan(), expected_plan);
        let rent = world.chain.rent(space::<Grant>());
        assert_eq!(payer_had - world.chain.account(&payer).unwrap().lamports, rent);
        assert!(space::<Grant>() <= 384);
        let event = GrantCreated {
            plan,
            time: GENESIS,
            sequence: expected_plan.event_sequence,
            grant: address,
            rent: Rent {
                payer,
                lamports: expected.rent_paid,
            },
            terms: args,
            max_credit: 130_000_000,
            reserved: 130_004,
            plan_reserved: 130_004,
            vault_balance: 1_000_000,
        };
        assert_eq!(the_event!(receipt, GrantCreated), event);
    }
}

#[test]
fn flags_follow_the_terms() {
    let mut world = world(TokenProgram::Spl);
    for (revocable, transferable, flags) in [(false, false, 0), (true, false, 1), (false, true, 2), (true, true, 3)] {
        let (_, grant) = world.grant_with(|args| (args.revocable, args.transferable) = (revocable, transferable));
        assert_eq!(world.grant_state(&grant).flags, flags);
    }
    assert_eq!(world.plan().grant_counter, 4);
    assert_eq!(world.plan().unsettled_grants[..5], [4, 4, 4, 4, 0]);
}

#[test]
fn the_reserve_covers_the_largest_payout_that_any_scores_can_reach() {
    let low = KpiArgs {
        points: vec![CurvePoint { value: 0, score: 2_000 }],
        default_score: 3_000,
        ..kpi("low", Scope::Shared)
    };
    let kpis = [stretch_kpi("stretch", Scope::Shared), kpi("plain", Scope::Shared), low];
    use Combination::{Weakest, WeightedSum};
    // Combination, weights (the rest is time), largest credit, reserve for 1,001.
    let cases: [(Combination, &[u16], u64, u64); 10] = [
        (WeightedSum, &[10_000], 200_000_000, 2_002),
        (WeightedSum, &[0, 10_000], 100_000_000, 1_001),
        (WeightedSum, &[], 100_000_000, 1_001),
        // 5,000·20,000 + 5,000·10,000
        (WeightedSum, &[5_000, 5_000], 150_000_000, 1_502),
        // 9,999·10,000 + 1·20,000
        (WeightedSum, &[1], 100_010_000, 1_002),
        // At most 30 % can be earned, and still the whole tranche is reserved.
        (WeightedSum, &[0, 0, 10_000], 100_000_000, 1_001),
        // 5,000·20,000 + 5,000·3,000: silence pays more than the curve.
        (WeightedSum, &[5_000, 0, 5_000], 115_000_000, 1_152),
        (Weakest, &[5_000, 5_000], 100_000_000, 1_001),
        (Weakest, &[10_000], 200_000_000, 2_002),
        // 5,000·10,000 + 5,000·20,000: time counts 100 %, and only the weighted KPI is among the weakest.
        (Weakest, &[5_000], 150_000_000, 1_502),
    ];
    let mut world = World::new(TokenProgram::Spl);
    for (combination, plan_id) in [(WeightedSum, 1), (Weakest, 2)] {
        let args = CreatePlanArgs {
            plan_id,
            combination,
            ..terms()
        };
        world.token.plan = world.active_plan(args, &kpis, 1_000_000);
        for (_, weights, max_credit, reserved) in cases.iter().filter(|case| case.0 == combination) {
            let (_, grant) = world.grant(1_001, weights);
            let grant = world.grant_state(&grant);
            assert_eq!(
                (grant.max_credit, grant.reserved),
                (*max_credit, *reserved),
                "{combination:?} {weights:?}"
            );
        }
    }
}

#[test]
fn g1_over_reservation_is_refused_to_the_last_unit() {
    let mut world = world(TokenProgram::Spl);
    // 4,000·20,000 + 6,000·10,000 = 140 %: 714,285 reserves 999,999 and 714,286 would need 1,000,001.
    let too_much = create(&mut world, |args| args.allocation = 714_286);
    world.refuses(&too_much, EarnoutError::InsufficientFunds);
    let fits = create(&mut world, |args| args.allocation = 714_285);
    world.run(fits);
    assert_eq!((world.plan().reserved, world.surplus()), (999_999, 1));
    let second = create(&mut world, |args| args.allocation = 1);
    world.refuses(&second, EarnoutError::InsufficientFunds);
    // A donation is as good as funding.
    world.donate(1);
    world.run(second);
    assert_eq!((world.plan().reserved, world.surplus()), (1_000_001, 0));
}

#[test]
fn two_grants_that_fit_alone_do_not_fit_together() {
    let mut world = world(TokenProgram::Token2022);
    let big = |args: &mut CreateGrantArgs| {
        args.allocation = 600_000;
        (args.time_weight, args.kpi_weights) = (10_000, vec![]);
    };
    let first = create(&mut world, big);
    world.run(first);
    let second = create(&mut world, big);
    world.refuses(&second, EarnoutError::InsufficientFunds);
    let fund = world.fund(200_000);
    world.send(&[fund, second]).unwrap();
    assert_eq!((world.plan().reserved, world.surplus()), (1_200_000, 0));
}

#[test]
fn a_reserve_beyond_u64_is_refused() {
    let mut world = world(TokenProgram::Spl);
    let huge = create(&mut world, |args| args.allocation = u64::MAX);
    world.refuses(&huge, EarnoutError::ReserveTooLarge);
}

#[test]
fn a_draft_and_a_closed_plan_make_no_grants() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    world.add_kpis(&[kpi("a", Scope::Shared), kpi("b", Scope::Shared)]);
    let create = create(&mut world, |_| ());
    world.refuses(&create, EarnoutError::PlanNotActive);
    world.run(world.activate());
    world.tamper::<Plan>(&world.token.plan.clone(), |plan| {
        plan.status = PlanStatus::Closed.to_byte()
    });
    world.refuses(&create, EarnoutError::PlanNotActive);
}

#[test]
fn the_index_is_the_plans_next_one() {
    let mut world = world(TokenProgram::Spl);
    let ahead = create(&mut world, |args| args.grant_index = 1);
    world.refuses(&ahead, EarnoutError::WrongGrantIndex);
    let first = create(&mut world, |_| ());
    world.run(first.clone());
    // The same transaction again makes no second grant.
    world.refuses(&first, EarnoutError::WrongGrantIndex);
    world.run(ahead);
    let last = create(&mut world, |args| args.grant_index = u32::MAX);
    world.refuses(&last, EarnoutError::WrongGrantIndex);
}

#[test]
fn the_number_of_grants_is_limited() {
    let args = CreatePlanArgs {
        max_grants: 2,
        ..terms()
    };
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("a", Scope::Shared)], 1_000);
    world.grant(1, &[]);
    world.grant(1, &[]);
    let third = create(&mut world, |args| args.kpi_weights = vec![10_000]);
    world.refuses(&third, EarnoutError::TooManyGrants);
}

#[test]
fn enrolment_ends_to_the_second() {
    let args = CreatePlanArgs {
        enrolment_end: START + PERIOD - 10,
        ..terms()
    };
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("a", Scope::Shared)], 1_000);
    let late = |args: &mut CreateGrantArgs| {
        (args.first_period, args.periods) = (1, 3);
        (args.allocation, args.kpi_weights) = (1, vec![10_000]);
    };
    world.chain.set_time(START + PERIOD - 11);
    let last = create(&mut world, late);
    world.run(last);
    world.chain.set_time(START + PERIOD - 10);
    let too_late = create(&mut world, late);
    world.refuses(&too_late, EarnoutError::EnrolmentEnded);
}

#[test]
fn the_first_period_must_not_have_begun() {
    let mut world = world(TokenProgram::Spl);
    for (first, begins) in [(0, START), (2, START + 2 * PERIOD)] {
        let from = |args: &mut CreateGrantArgs| (args.first_period, args.periods) = (first, 1);
        world.chain.set_time(begins - 1);
        let last = create(&mut world, from);
        world.run(last);
        world.chain.set_time(begins);
        let too_late = create(&mut world, from);
        world.refuses(&too_late, EarnoutError::PeriodBegun);
    }
}

#[test]
fn the_allocation_is_within_the_plans_limits() {
    let args = CreatePlanArgs {
        min_allocation: 10,
        max_allocation: 20,
        ..terms()
    };
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("a", Scope::Shared)], 1_000);
    for (allocation, accepted) in [
        (0, false),
        (9, false),
        (10, true),
        (20, true),
        (21, false),
        (u64::MAX, false),
    ] {
        let create = create(&mut world, |args| {
            (args.allocation, args.kpi_weights) = (allocation, vec![10_000])
        });
        if accepted {
            world.run(create);
        } else {
            world.refuses(&create, EarnoutError::AllocationOutOfLimits);
        }
    }
}

#[test]
fn the_periods_lie_within_the_calendar_and_the_cliff_within_the_periods() {
    let mut world = world(TokenProgram::Spl);
    // First period, periods, cliff.
    let refused = [
        (0, 0, 0),
        (0, 5, 0),
        (1, 4, 0),
        (3, 2, 0),
        (4, 1, 0),
        (4, 0, 0),
        (u16::MAX, 1, 0),
        (1, u16::MAX, 0),
        (0, 4, 5),
        (2, 2, 3),
        (0, 1, u16::MAX),
    ];
    for (first, periods, cliff) in refused {
        println!("{first} + {periods}, cliff {cliff}");
        let create = create(&mut world, |args| {
            (args.first_period, args.periods, args.cliff_periods) = (first, periods, cliff);
        });
        world.refuses(&create, EarnoutError::BadGrantPeriods);
    }
    for (first, periods, cliff) in [(0, 4, 4), (3, 1, 1), (3, 1, 0), (0, 1, 1)] {
        let create = create(&mut world, |args| {
            (args.first_period, args.periods, args.cliff_periods) = (first, periods, cliff);
        });
        world.run(create);
    }
}

#[test]
fn the_weights_sum_to_10_000_over_the_plans_kpis() {
    let mut world = world(TokenProgram::Spl);
    let refused: [(u16, &[u16]); 8] = [
        (9_999, &[]),
        (10_001, &[]),
        (0, &[]),
        (0, &[5_000, 4_999]),
        (1, &[5_000, 5_000]),
        // A third KPI, even without weight.
        (0, &[5_000, 5_000, 0]),
        // Sums that would fit if they wrapped.
        (u16::MAX, &[10_001]),
        (0, &[u16::MAX, 10_001]),
    ];
    for (time, weights) in refused {
        let create = create(&mut world, |args| {
            (args.time_weight, args.kpi_weights) = (time, weights.to_vec())
        });
        world.refuses(&create, EarnoutError::BadWeights);
    }
    let accepted: [(u16, &[u16]); 4] = [(10_000, &[]), (10_000, &[0, 0]), (0, &[0, 10_000]), (9_999, &[1])];
    for (time, weights) in accepted {
        let create = create(&mut world, |args| {
            (args.time_weight, args.kpi_weights) = (time, weights.to_vec())
        });
        world.run(create);
    }
}

#[test]
fn some_keys_cannot_be_beneficiaries() {
    let mut world = world(TokenProgram::Spl);
    let plan = world.token.plan;
    for key in [world.arbiter.pubkey(), plan, pda::vault(&plan), Pubkey::default()] {
        let create = create(&mut world, |args| args.beneficiary = key);
        world.refuses(&create, EarnoutError::BadBeneficiary);
    }
    for key in [world.authority.pubkey(), world.oracles[0].pubkey()] {
        let create = create(&mut world, |args| args.beneficiary = key);
        world.run(create);
    }
}

#[test]
fn without_an_arbiter_no_key_is_barred_as_one() {
    let mut world = World::active(TokenProgram::Spl, undisputed_terms(), &[kpi("a", Scope::Shared)], 1_000);
    let arbiter = world.arbiter.pubkey();
    let weights = |args: &mut CreateGrantArgs| args.kpi_weights = vec![10_000];
    let accepted = create(&mut world, |args| {
        weights(args);
        (args.beneficiary, args.time_weight) = (arbiter, 0);
    });
    world.run(accepted);
    let zero = create(&mut world, |args| {
        weights(args);
        args.beneficiary = Pubkey::default();
    });
    world.refuses(&zero, EarnoutError::BadBeneficiary);
}

#[test]
fn lamports_sent_beforehand_hinder_nothing() {
    let mut world = world(TokenProgram::Spl);
    let rent = world.chain.rent(space::<Grant>());
    for lamports in [1, rent, rent + 1] {
        let address = pda::grant(&world.token.plan, world.plan().grant_counter);
        world.chain.give(&address, lamports);
        let (_, grant) = world.grant(100, &[10_000]);
        assert_eq!(grant, address);
        let state = world.grant_state(&grant);
        assert_eq!((state.reserved, state.rent_paid), (200, rent.saturating_sub(lamports)));
        assert_eq!(world.chain.account(&grant).unwrap().lamports, rent.max(lamports));
    }
}

#[test]
fn the_mint_must_still_be_acceptable() {
    let mut world = world(TokenProgram::Token2022);
    let create = create(&mut world, |_| ());
    let (freezable, delegated) = (world.freezable_mint(), world.delegated_mint());
    world.replace_mint(&freezable);
    world.refuses(&create, EarnoutError::FreezeAuthorityNotAllowed);
    world.replace_mint(&delegated);
    world.refuses(&create, EarnoutError::ExtensionNotAllowed);
}

#[test]
fn g13_wrong_signers_and_linked_accounts_are_refused() {
    let mut world = world(TokenProgram::Spl);
    let other_plan = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &[kpi("x", Scope::Shared)], 9);
    let (payer, beneficiary, authority) = (world.key(), world.key(), world.authority.pubkey());
    let PlanToken { plan, mint, .. } = world.token;
    let args = world.grant_args(&beneficiary, 1_000, &[10_000]);
    let create = instructions::create_grant(&payer, &authority, &plan, &mint, args);
    let (grant, vault) = (pda::grant(&plan, 0), pda::vault(&plan));
    let other_mint = world.freezable_mint();
    let (oracle, source) = (world.oracles[0].pubkey(), world.source);
    let cases = [
        (authority, beneficiary, EarnoutError::WrongAuthority),
        (authority, oracle, EarnoutError::WrongAuthority),
        (vault, pda::vault(&other_plan), EarnoutError::WrongVault),
        (vault, source, EarnoutError::WrongVault),
        (mint, other_mint, EarnoutError::WrongMint),
    ];
    world.refuses_swapped(&create, &cases);
    let cases = [
        (grant, pda::grant(&plan, 1), AnchorError::ConstraintSeeds),
        (grant, pda::grant(&other_plan, 0), AnchorError::ConstraintSeeds),
        (system_program::ID, earnout::ID, AnchorError::InvalidProgramId),
    ];
    world.refuses_swapped(&create, &cases);
    world.refuses(&swapped(&create, &plan, &other_plan), EarnoutError::WrongVault);
    world.refuses_broken(&create, &[payer, authority], &[payer, plan, grant]);
    world.run(create);
}

#[test]
fn g5_later_grants_change_no_earlier_one() {
    let mut world = world(TokenProgram::Spl);
    let (_, first) = world.grant(1_000, &[10_000]);
    let before = world.chain.account(&first);
    world.grant(2_000, &[0, 10_000]);
    assert_eq!(world.chain.account(&first), before);
}
