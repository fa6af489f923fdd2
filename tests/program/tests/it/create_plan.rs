//! `create_plan`: a draft, its vault, and who may be in it.

use {bytemuck::Zeroable, earnout::state::OracleSet, earnout_tests::*};

/// Terms for plan number 1 of the world, which does not exist yet.
fn world(program: TokenProgram) -> (World, CreatePlanArgs) {
    let world = World::new(program);
    let args = world.manned(terms());
    (world, args)
}

fn set(oracles: &[Pubkey], threshold: u8) -> OracleSet {
    let mut set = OracleSet::zeroed();
    set.keys[..oracles.len()].copy_from_slice(oracles);
    set.count = oracles.len() as u8;
    set.threshold = threshold;
    set
}

#[test]
fn a_plan_is_created_as_a_draft_with_an_empty_vault() {
    for program in TOKEN_PROGRAMS {
        let (mut world, args) = world(program);
        let (creator, payer) = (world.authority.pubkey(), world.key());
        let PlanToken {
            plan,
            mint,
            token_program,
        } = world.token;
        let lamports = |world: &World, key: &Pubkey| world.chain.account(key).unwrap().lamports;
        let (creator_had, payer_had) = (lamports(&world, &creator), lamports(&world, &payer));

        let create = instructions::create_plan(&payer, &creator, &mint, &world.treasury, &token_program, args.clone());
        let receipt = world.run(create);

        let (_, bump) = Pubkey::find_program_address(&[b"plan", creator.as_ref(), &1u64.to_le_bytes()], &earnout::ID);
        let (vault, vault_bump) = Pubkey::find_program_address(&[b"vault", plan.as_ref()], &earnout::ID);
        let mut expected = Plan::zeroed();
        expected.version = 1;
        expected.bump = bump;
        expected.vault_bump = vault_bump;
        expected.status = 0;
        expected.period_count = 4;
        expected.cadence_kind = 0;
        expected.cadence_length = 2_592_000;
        expected.plan_id = 1;
        expected.start_ts = START;
        expected.enrolment_end = START + 3 * PERIOD;
        expected.attest_secs = 86_400;
        expected.challenge_secs = 86_400;
        expected.ruling_secs = 86_400;
        expected.notice_secs = 86_400;
        expected.bonus_cap_bps = 10_000;
        expected.min_allocation = 1;
        expected.max_allocation = u64::MAX;
        expected.max_grants = 1_000;
        expected.event_sequence = 1;
        expected.name[..12].copy_from_slice(b"Design guild");
        expected.creator = creator;
        expected.authority = creator;
        expected.arbiter = world.arbiter.pubkey();
        expected.mint = mint;
        expected.token_program = token_program;
        expected.vault = vault;
        expected.treasury = world.treasury;
        expected.treasury_owner = world.treasury_owner;
        expected.rent_payer = payer;
        expected.rent_paid = world.chain.rent(space::<Plan>());
        expected.vault_rent_paid = world.chain.rent(165);
        expected.oracles = set(&args.oracles, 2);
        assert_eq!(world.plan(), expected);

        let stored = world.chain.account(&vault).unwrap();
        assert_eq!((stored.owner, stored.data.len()), (token_program, 165));
        assert_eq!(
            (&stored.data[..32], &stored.data[32..64], world.chain.balance(&vault)),
            (mint.as_ref(), plan.as_ref(), 0)
        );
        let rent = world.chain.rent(space::<Plan>()) + world.chain.rent(165);
        assert_eq!(lamports(&world, &payer), payer_had - rent);
        assert_eq!(lamports(&world, &creator), creator_had);
        let event = PlanCreated {
            plan,
            time: GENESIS,
            sequence: 1,
            creator,
            rent: Rent {
                payer,
                lamports: expected.rent_paid,
            },
            vault_rent: expected.vault_rent_paid,
            mint,
            token_program,
            vault,
            treasury: world.treasury,
            treasury_owner: world.treasury_owner,
            terms: args,
        };
        assert_eq!(the_event!(receipt, PlanCreated), event);
    }
}

#[test]
fn every_choice_of_the_terms_is_stored() {
    let (mut world, mut args) = world(TokenProgram::Spl);
    args.cadence = Cadence::Months(3);
    args.combination = Combination::Weakest;
    args.unearned_policy = UnearnedPolicy::Redistribute;
    args.release = Release::Linear;
    args.token_flags = 1;
    args.max_fee_bps = 77;
    args.bonus_cap_bps = 1_000_000;
    args.arbiter = None;
    let create = world.create_plan(args);
    world.run(create);
    let plan = world.plan();
    assert_eq!((plan.cadence_kind, plan.cadence_length), (1, 3));
    assert_eq!((plan.combination, plan.unearned_policy, plan.release), (1, 2, 1));
    assert_eq!(
        (plan.token_flags, plan.max_fee_bps, plan.bonus_cap_bps),
        (1, 77, 1_000_000)
    );
    assert_eq!(plan.arbiter, Pubkey::default());
}

#[test]
fn lamports_sent_beforehand_to_plan_and_vault_hinder_nothing() {
    let (mut world, args) = world(TokenProgram::Token2022);
    let payer = world.key();
    let plan = world.token.plan;
    let (plan_rent, vault_rent) = (world.chain.rent(space::<Plan>()), world.chain.rent(165));
    world.chain.give(&plan, 1_000_000);
    world.chain.give(&pda::vault(&plan), vault_rent + 5);
    let payer_had = world.chain.account(&payer).unwrap().lamports;
    let creator = world.authority.pubkey();
    let create = instructions::create_plan(
        &payer,
        &creator,
        &world.token.mint,
        &world.treasury,
        &world.token.token_program,
        args,
    );
    world.run(create);
    assert_eq!(world.plan().status().unwrap(), PlanStatus::Draft);
    assert_eq!(world.chain.account(&plan).unwrap().lamports, plan_rent);
    assert_eq!(
        world.chain.account(&pda::vault(&plan)).unwrap().lamports,
        vault_rent + 5
    );
    // The payer adds what is missing and nothing else.
    let paid = payer_had - world.chain.account(&payer).unwrap().lamports;
    assert_eq!(paid, plan_rent - 1_000_000);
    assert_eq!((world.plan().rent_paid, world.plan().vault_rent_paid), (paid, 0));
}

#[test]
fn another_creator_cannot_take_the_address() {
    let (mut world, args) = world(TokenProgram::Spl);
    let thief = world.key();
    let create = world.create_plan(args);
    let stolen = changed(&create, &world.authority.pubkey(), |meta| meta.pubkey = thief);
    world.refuses(&stolen, AnchorError::ConstraintSeeds);
    world.run(create);
}

#[test]
fn the_same_number_cannot_be_used_twice() {
    let (mut world, args) = world(TokenProgram::Spl);
    let create = world.create_plan(args.clone());
    world.run(create.clone());
    world.refuses(&create, EarnoutError::AccountExists);
    let next = world.create_plan(CreatePlanArgs { plan_id: 2, ..args });
    world.run(next);
}

#[test]
fn only_the_two_token_programs_are_accepted() {
    let (mut world, args) = world(TokenProgram::Spl);
    let create = world.create_plan(args);
    let spl = TokenProgram::Spl.id();
    let cases = [
        (spl, Pubkey::new_from_array([3; 32]), EarnoutError::WrongTokenProgram),
        (spl, pda::event_authority(), EarnoutError::WrongTokenProgram),
        // A token program, but not the mint's.
        (spl, TokenProgram::Token2022.id(), EarnoutError::WrongMint),
    ];
    world.refuses_swapped(&create, &cases);
}

#[test]
fn the_mint_must_be_one_of_the_token_program() {
    for program in TOKEN_PROGRAMS {
        let (mut world, args) = world(program);
        let create = world.create_plan(args);
        let mint = world.token.mint;
        let (other, wallet) = (other_program(program), world.key());
        let foreign = world.chain.mint(other, 6, None).unwrap();
        let blank = world.key();
        let empty = Account {
            lamports: world.chain.rent(82),
            data: vec![0; 82],
            owner: program.id(),
            ..Account::default()
        };
        world.chain.replace(&blank, empty);
        let cases = [foreign, world.source, wallet, blank].map(|account| (mint, account, EarnoutError::WrongMint));
        world.refuses_swapped(&create, &cases);
    }
}

fn other_program(program: TokenProgram) -> TokenProgram {
    match program {
        TokenProgram::Spl => TokenProgram::Token2022,
        TokenProgram::Token2022 => TokenProgram::Spl,
    }
}

#[test]
fn a_mint_with_a_forbidden_extension_is_refused() {
    let (mut world, args) = world(TokenProgram::Token2022);
    let mint = world.delegated_mint();
    let create = swapped(&world.create_plan(args), &world.token.mint, &mint);
    world.refuses(&create, EarnoutError::ExtensionNotAllowed);
}

#[test]
fn a_freeze_authority_needs_the_plans_flag() {
    for program in TOKEN_PROGRAMS {
        let mut world = World::with_mint(program, |chain| {
            let authority = chain.fee_payer().pubkey();
            chain.mint(program, 6, Some(&authority)).unwrap()
        });
        let args = world.manned(terms());
        let create = world.create_plan(args.clone());
        world.refuses(&create, EarnoutError::FreezeAuthorityNotAllowed);
        let allowed = world.create_plan(CreatePlanArgs { token_flags: 1, ..args });
        world.run(allowed);
    }
}

#[test]
fn an_unknown_token_flag_is_refused() {
    let (mut world, args) = world(TokenProgram::Spl);
    for token_flags in [8, 9, 16, 128, 255] {
        let create = world.create_plan(CreatePlanArgs {
            token_flags,
            ..args.clone()
        });
        world.refuses(&create, EarnoutError::BadTokenFlags);
    }
}

#[test]
fn the_treasury_must_be_a_token_account_of_the_mint_and_no_vault() {
    for program in TOKEN_PROGRAMS {
        let (mut world, args) = world(program);
        let other_plan = world.draft_plan(CreatePlanArgs { plan_id: 2, ..terms() });
        let create = world.create_plan(args);
        let owner = world.treasury_owner;
        let wallet = world.key();
        let other_mint = world.foreign_account(&owner);
        let other = other_program(program);
        let foreign_mint = world.chain.mint(other, 6, None).unwrap();
        let other_program = world.chain.associated(other, &foreign_mint, &owner).unwrap();
        let nothing = Pubkey::new_from_array([3; 32]);
        let vault = pda::vault(&world.token.plan);
        let treasury = world.treasury;
        let mint = world.token.mint;
        let cases = [
            wallet,
            other_mint,
            other_program,
            nothing,
            vault,
            pda::vault(&other_plan),
            mint,
        ];
        let cases = cases.map(|account| (treasury, account, EarnoutError::WrongTreasury));
        world.refuses_swapped(&create, &cases);
    }
}

#[test]
fn one_to_eight_different_oracles_are_needed() {
    let (mut world, args) = world(TokenProgram::Spl);
    let keys: Vec<Pubkey> = (1..=9).map(|byte| Pubkey::new_from_array([byte; 32])).collect();
    let cases: [(&str, Vec<Pubkey>); 6] = [
        ("none", vec![]),
        ("nine", keys.clone()),
        ("the first twice", vec![keys[0], keys[0]]),
        ("the first again at the end", vec![keys[0], keys[1], keys[2], keys[0]]),
        ("the zero key", vec![Pubkey::default()]),
        ("the zero key among others", vec![keys[0], Pubkey::default(), keys[1]]),
    ];
    for (case, oracles) in cases {
        println!("{case}");
        let threshold = oracles.len() as u8 / 2 + 1;
        let create = world.create_plan(CreatePlanArgs {
            oracles,
            threshold,
            ..args.clone()
        });
        world.refuses(&create, EarnoutError::BadOracleSet);
    }
}

#[test]
fn the_threshold_is_a_strict_majority() {
    let (mut world, args) = world(TokenProgram::Spl);
    let keys: Vec<Pubkey> = (1..=8).map(|byte| Pubkey::new_from_array([byte; 32])).collect();
    // Oracles, then the smallest threshold that is accepted.
    for (count, majority) in [(1u8, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4), (8, 5)] {
        for threshold in 0..=count + 1 {
            let plan_id = u64::from(count) * 100 + u64::from(threshold);
            let create = world.create_plan(CreatePlanArgs {
                plan_id,
                oracles: keys[..usize::from(count)].to_vec(),
                threshold,
                ..args.clone()
            });
            if (majority..=count).contains(&threshold) {
                world.run(create);
                let plan = pda::plan(&world.authority.pubkey(), plan_id);
                let stored = world.chain.plan(&plan).unwrap().oracles;
                assert_eq!(stored, set(&keys[..usize::from(count)], threshold));
            } else {
                world.refuses(&create, EarnoutError::BadThreshold);
            }
        }
    }
}

#[test]
fn authority_arbiter_and_oracles_are_different_keys() {
    let (mut world, args) = world(TokenProgram::Spl);
    let authority = world.authority.pubkey();
    let oracle = args.oracles[2];
    let mut with_authority = args.oracles.clone();
    with_authority[1] = authority;
    let cases = [
        ("the arbiter is the authority", args.oracles.clone(), Some(authority)),
        ("the arbiter is an oracle", args.oracles.clone(), Some(oracle)),
        ("the authority is an oracle", with_authority.clone(), args.arbiter),
        ("the authority is an oracle, without an arbiter", with_authority, None),
        (
            "the arbiter is the zero key",
            args.oracles.clone(),
            Some(Pubkey::default()),
        ),
    ];
    for (case, oracles, arbiter) in cases {
        println!("{case}");
        let create = world.create_plan(CreatePlanArgs {
            oracles,
            arbiter,
            ..args.clone()
        });
        world.refuses(&create, EarnoutError::RolesNotSeparate);
    }
}

#[test]
fn g13_missing_signatures_and_wrong_linked_accounts_are_refused() {
    let (mut world, args) = world(TokenProgram::Spl);
    let (creator, payer) = (world.authority.pubkey(), world.key());
    let PlanToken {
        plan,
        mint,
        token_program,
    } = world.token;
    let create = instructions::create_plan(&payer, &creator, &mint, &world.treasury, &token_program, args);
    let vault = pda::vault(&plan);
    world.refuses_broken(&create, &[payer, creator], &[payer, plan, vault]);
    let other = pda::plan(&creator, 2);
    let cases = [
        (plan, other, AnchorError::ConstraintSeeds),
        (vault, pda::vault(&other), AnchorError::ConstraintSeeds),
        (system_program::ID, token_program, AnchorError::InvalidProgramId),
    ];
    world.refuses_swapped(&create, &cases);
}

#[test]
fn unknown_choices_do_not_deserialize() {
    let (mut world, args) = world(TokenProgram::Spl);
    let create = world.create_plan(args);
    // After the discriminator, the plan's number, its name, no unit and the start stands the kind of the cadence.
    let mut unknown = create.clone();
    let kind = 8 + 8 + 4 + 12 + 4 + 1 + 8;
    assert_eq!(unknown.data[kind], 0);
    unknown.data[kind] = 2;
    world.refuses(&unknown, AnchorError::InstructionDidNotDeserialize);
    let mut cut = create;
    cut.data.pop();
    world.refuses(&cut, AnchorError::InstructionDidNotDeserialize);
}
