//! `withdraw_surplus`: what leaves the vault for the treasury, and what never does.

use earnout_tests::*;

fn world(program: TokenProgram) -> World {
    World::active(program, terms(), &[kpi("revenue", Scope::Shared)], 1_000_000)
}

fn by_authority(world: &World, amount: Option<u64>) -> Instruction {
    instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, &world.treasury, amount)
}

#[test]
fn the_authority_sends_a_part_or_all_to_the_treasury() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        world.grant(400_000, &[10_000]);
        let mut expected = world.plan();
        for (stated, amount, total) in [
            (Some(1), 1, 1),
            (Some(99_999), 99_999, 100_000),
            (None, 500_000, 600_000),
        ] {
            let receipt = world.run(by_authority(&world, stated));
            expected.withdrawn_total = total;
            expected.event_sequence += 1;
            assert_eq!(world.plan(), expected);
            assert_eq!(world.chain.balance(&world.treasury), total);
            let event = SurplusWithdrawn {
                plan: world.token.plan,
                time: GENESIS,
                sequence: expected.event_sequence,
                destination: world.treasury,
                amount,
                received: amount,
                vault_balance: 1_000_000 - total,
            };
            assert_eq!(the_event!(receipt, SurplusWithdrawn), event);
        }
        assert_eq!((world.vault_balance(), world.surplus()), (400_000, 0));
    }
}

#[test]
fn a_draft_gives_back_what_it_holds() {
    let mut world = World::draft(TokenProgram::Token2022, terms());
    world.run(world.fund(100));
    world.run(by_authority(&world, None));
    assert_eq!(world.chain.balance(&world.treasury), 100);
}

#[test]
fn anyone_sends_home_what_a_draft_past_its_start_holds() {
    for program in TOKEN_PROGRAMS {
        let mut world = World::draft(program, terms());
        world.add_kpis(&[kpi("revenue", Scope::Shared)]);
        world.run(world.fund(100));
        let stranger = world.key();
        let withdraw = instructions::withdraw_surplus(&stranger, &world.token, &world.treasury, Some(40));
        let close = world.close_plan_as(&stranger, &world.treasury);
        world.chain.set_time(START - 1);
        world.refuses(&withdraw, EarnoutError::WrongAuthority);
        world.refuses(&close, EarnoutError::WrongAuthority);

        // Nobody can activate it any more; the authority may be gone.
        world.chain.set_time(START);
        world.refuses(&world.activate(), EarnoutError::BadStart);
        let mine = world.associated(&stranger);
        let theirs = world.token_account(&world.treasury_owner.clone());
        for destination in [mine, theirs, world.source] {
            world.refuses(
                &swapped(&withdraw, &world.treasury, &destination),
                EarnoutError::WrongTreasury,
            );
        }
        world.run(withdraw);
        assert_eq!((world.chain.balance(&world.treasury), world.vault_balance()), (40, 60));
        // What a donation brings later too, and then nothing is left but the mark.
        world.donate(5);
        world.run(close);
        assert_eq!(world.chain.balance(&world.treasury), 105);
    }
}

#[test]
fn g6_what_is_reserved_or_owed_cannot_be_withdrawn() {
    let mut world = world(TokenProgram::Spl);
    let (_, grant) = world.grant(1_000_000, &[10_000]);
    world.refuses(&by_authority(&world, Some(1)), EarnoutError::InsufficientSurplus);
    world.refuses(&by_authority(&world, None), EarnoutError::ZeroAmount);

    // 60 % of the first 250,000 is owed and 750,000 stays reserved; 100,000 is surplus.
    world.evaluate(0, 60);
    world.settle(&grant).unwrap();
    let plan = world.plan();
    assert_eq!((plan.reserved, plan.owed, world.surplus()), (750_000, 150_000, 100_000));
    world.refuses(&by_authority(&world, Some(100_001)), EarnoutError::InsufficientSurplus);
    world.refuses(&by_authority(&world, Some(u64::MAX)), EarnoutError::InsufficientSurplus);
    world.run(by_authority(&world, Some(100_000)));
    world.refuses(&by_authority(&world, Some(1)), EarnoutError::InsufficientSurplus);

    // A claim takes from both sides and frees nothing.
    world.claim(&grant).unwrap();
    world.refuses(&by_authority(&world, Some(1)), EarnoutError::InsufficientSurplus);
    world.donate(1);
    world.run(by_authority(&world, Some(1)));
    assert_eq!(world.vault_balance(), 750_000);
}

#[test]
fn g6_what_is_pooled_cannot_be_withdrawn() {
    let args = CreatePlanArgs {
        unearned_policy: UnearnedPolicy::Redistribute,
        ..terms()
    };
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("revenue", Scope::Shared)], 400_000);
    let (_, grant) = world.grant(400_000, &[10_000]);
    world.evaluate(0, 60);
    world.settle(&grant).unwrap();
    let plan = world.plan();
    assert_eq!((plan.reserved, plan.owed, plan.pooled), (300_000, 60_000, 40_000));
    world.refuses(&by_authority(&world, Some(1)), EarnoutError::InsufficientSurplus);
    // The only grant earns its own pool back: 40,000 of 40,000, within the cap of one tranche.
    world.collect_bonus(&grant, 0).unwrap();
    world.refuses(&by_authority(&world, Some(1)), EarnoutError::InsufficientSurplus);
}

#[test]
fn zero_and_more_than_the_surplus_are_refused() {
    let mut world = world(TokenProgram::Spl);
    world.refuses(&by_authority(&world, Some(0)), EarnoutError::ZeroAmount);
    world.refuses(
        &by_authority(&world, Some(1_000_001)),
        EarnoutError::InsufficientSurplus,
    );
    world.run(by_authority(&world, Some(1_000_000)));
    world.refuses(&by_authority(&world, None), EarnoutError::ZeroAmount);
}

#[test]
fn anyone_sends_the_surplus_home_from_the_last_deadline_on() {
    let mut world = world(TokenProgram::Token2022);
    let stranger = world.key();
    let withdraw = instructions::withdraw_surplus(&stranger, &world.token, &world.treasury, None);
    world.chain.set_time(LAST_DEADLINE - 1);
    world.refuses(&withdraw, EarnoutError::WrongAuthority);
    world.chain.set_time(LAST_DEADLINE);
    let mine = world.associated(&stranger);
    world.refuses(&swapped(&withdraw, &world.treasury, &mine), EarnoutError::WrongTreasury);
    let theirs = world.treasury_owner;
    let other = world.token_account(&theirs);
    world.refuses(
        &swapped(&withdraw, &world.treasury, &other),
        EarnoutError::WrongTreasury,
    );
    world.run(withdraw);
    assert_eq!(world.chain.balance(&world.treasury), 1_000_000);
}

#[test]
fn from_the_last_deadline_on_the_authority_chooses_and_others_send_it_to_the_owners_associated_account() {
    let mut world = World::new(TokenProgram::Spl);
    let owner = world.treasury_owner;
    let associated = world.treasury;
    world.treasury = world.token_account(&owner);
    world.token.plan = world.active_plan(terms(), &[kpi("revenue", Scope::Shared)], 1_000);
    let theirs = world.associated(&world.authority.pubkey());
    let stranger = world.key();
    let to_treasury = instructions::withdraw_surplus(&stranger, &world.token, &world.treasury, Some(400));
    let mine = by_authority(&world, Some(100));
    let mine_associated = swapped(&mine, &world.treasury, &associated);
    world.chain.set_time(LAST_DEADLINE - 1);
    world.refuses(&mine_associated, EarnoutError::WrongTreasury);
    world.chain.set_time(LAST_DEADLINE);
    world.refuses(&to_treasury, EarnoutError::WrongTreasury);
    world.run(swapped(&to_treasury, &world.treasury, &associated));
    world.run(mine_associated);
    world.refuses(&swapped(&mine, &world.treasury, &theirs), EarnoutError::WrongTreasury);
    world.run(by_authority(&world, None));
    assert_eq!(
        (world.chain.balance(&associated), world.chain.balance(&world.treasury)),
        (500, 500)
    );
}

#[test]
fn a_treasury_that_changed_its_owner_receives_nothing() {
    let mut world = world(TokenProgram::Spl);
    let (owner, buyer) = (world.treasury_owner, world.key());
    let treasury = world.treasury;
    world.reassign(&treasury, &owner, &buyer);
    world.refuses(&by_authority(&world, None), EarnoutError::WrongTreasury);
    world.chain.set_time(LAST_DEADLINE);
    let withdraw = instructions::withdraw_surplus(&buyer, &world.token, &treasury, None);
    world.refuses(&withdraw, EarnoutError::WrongTreasury);
    world.reassign(&treasury, &buyer, &owner);
    world.run(withdraw);
}

#[test]
fn the_destination_must_be_the_treasury() {
    let mut world = world(TokenProgram::Spl);
    let (owner, stranger) = (world.treasury_owner, world.key());
    let withdraw = by_authority(&world, None);
    let (vault, source, mint) = (world.plan().vault, world.source, world.token.mint);
    let wrong = [
        stranger,
        world.associated(&stranger),
        world.token_account(&owner),
        world.foreign_account(&owner),
        source,
        mint,
        Pubkey::new_from_array([3; 32]),
    ];
    let treasury = world.treasury;
    let cases = wrong.map(|account| (treasury, account, EarnoutError::WrongTreasury));
    world.refuses_swapped(&withdraw, &cases);
    world.refuses(&swapped(&withdraw, &treasury, &vault), EarnoutError::WrongTreasury);
}

#[test]
fn a_token_program_that_moves_nothing_is_caught() {
    let mut world = world(TokenProgram::Spl);
    world.break_token_program();
    world.refuses(&by_authority(&world, Some(1)), EarnoutError::TransferMismatch);
}

#[test]
fn g13_wrong_signers_and_linked_accounts_are_refused() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        let other_plan = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &[kpi("x", Scope::Shared)], 9);
        let withdraw = by_authority(&world, None);
        let PlanToken {
            plan,
            mint,
            token_program,
        } = world.token;
        let (authority, vault) = (world.authority.pubkey(), pda::vault(&plan));
        let (stranger, oracle, owner) = (world.key(), world.oracles[0].pubkey(), world.treasury_owner);
        let other_mint = world.freezable_mint();
        let other_program = TOKEN_PROGRAMS.into_iter().find(|other| *other != program).unwrap().id();
        let cases = [
            (authority, stranger, EarnoutError::WrongAuthority),
            (authority, oracle, EarnoutError::WrongAuthority),
            (authority, owner, EarnoutError::WrongAuthority),
            (vault, pda::vault(&other_plan), EarnoutError::WrongVault),
            (vault, world.source, EarnoutError::WrongVault),
            (plan, other_plan, EarnoutError::WrongVault),
            (mint, other_mint, EarnoutError::WrongMint),
            (token_program, other_program, EarnoutError::WrongTokenProgram),
        ];
        world.refuses_swapped(&withdraw, &cases);
        world.refuses_broken(&withdraw, &[authority], &[plan, vault, world.treasury]);
        world.run(withdraw);
    }
}
