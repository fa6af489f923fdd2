//! `fund`: tokens into the vault.

use earnout_tests::*;

fn world(program: TokenProgram) -> World {
    World::active(program, terms(), &[kpi("revenue", Scope::Shared)], 0)
}

#[test]
fn what_arrives_is_counted_and_reported() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        let had = world.chain.balance(&world.source);
        let mut expected = world.plan();
        for (amount, total) in [(1_000, 1_000), (1, 1_001)] {
            let receipt = world.run(world.fund(amount));
            expected.funded_total = total;
            expected.event_sequence += 1;
            assert_eq!(world.plan(), expected);
            assert_eq!((world.vault_balance(), world.surplus()), (total, total));
            assert_eq!(world.chain.balance(&world.source), had - total);
            let event = PlanFunded {
                plan: world.token.plan,
                time: GENESIS,
                sequence: expected.event_sequence,
                funder: world.authority.pubkey(),
                amount,
                received: amount,
                vault_balance: total,
            };
            assert_eq!(the_event!(receipt, PlanFunded), event);
        }
    }
}

#[test]
fn anyone_can_fund_owner_or_delegate_even_a_draft() {
    let mut world = World::draft(TokenProgram::Token2022, terms());
    let (owner, delegate) = (world.key(), world.key());
    let account = world.associated(&owner);
    let source = world.source;
    let transfer = world.transfer(&source, &account, &world.authority.pubkey(), 500);
    world.run(transfer);
    world.run(instructions::fund(&owner, &world.token, &account, 100));

    let by_delegate = instructions::fund(&delegate, &world.token, &account, 150);
    world.refuses(&by_delegate, TokenError::OwnerMismatch);
    let program = world.token.token_program;
    world.run(token_instruction::approve(&program, &account, &delegate, &owner, &[], 150).unwrap());
    world.run(by_delegate.clone());
    world.refuses(&by_delegate, TokenError::OwnerMismatch);
    assert_eq!((world.vault_balance(), world.chain.balance(&account)), (250, 250));
    assert_eq!(world.plan().funded_total, 250);
}

#[test]
fn g1_a_donation_changes_only_the_surplus() {
    let mut world = world(TokenProgram::Spl);
    let fund = world.fund(500);
    world.run(fund);
    world.grant(400, &[10_000]);
    let plan = world.plan();
    assert_eq!(world.surplus(), 100);
    world.donate(7);
    assert_eq!(world.plan(), plan);
    assert_eq!((world.vault_balance(), world.surplus()), (507, 107));
}

#[test]
fn zero_is_refused() {
    let mut world = world(TokenProgram::Spl);
    world.refuses(&world.fund(0), EarnoutError::ZeroAmount);
}

#[test]
fn more_than_the_source_holds_is_refused() {
    let mut world = world(TokenProgram::Spl);
    world.refuses(&world.fund(u64::MAX / 2 + 1), TokenError::InsufficientFunds);
    world.refuses(&world.fund(u64::MAX), TokenError::InsufficientFunds);
    world.run(world.fund(u64::MAX / 2));
}

#[test]
fn a_closed_plan_takes_nothing() {
    let mut world = world(TokenProgram::Spl);
    let plan = world.token.plan;
    world.tamper::<Plan>(&plan, |plan| plan.status = PlanStatus::Closed.to_byte());
    world.refuses(&world.fund(1), EarnoutError::PlanNotActive);
    world.tamper::<Plan>(&plan, |plan| plan.status = 3);
    world.refuses(&world.fund(1), EarnoutError::CorruptAccount);
}

#[test]
fn a_draft_that_its_start_does_not_let_activate_takes_nothing() {
    let five_years = 5 * 366 * DAY;
    let mut world = World::draft(TokenProgram::Spl, terms());
    let fund = world.fund(1);
    for (now, in_time) in [
        (START - five_years - 1, false),
        (START - five_years, true),
        (START - 1, true),
        (START, false),
        (START + 10 * PERIOD, false),
    ] {
        world.chain.set_time(now);
        if in_time {
            world.run(fund.clone());
        } else {
            world.refuses(&fund, EarnoutError::BadStart);
        }
    }
    assert_eq!(world.vault_balance(), 2);
    // An active plan takes funds at any time.
    let mut world = self::world(TokenProgram::Spl);
    world.chain.set_time(START + 10 * PERIOD);
    world.run(world.fund(1));
}

#[test]
fn the_source_must_be_another_token_account_of_the_mint() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        let authority = world.authority.pubkey();
        let other_mint = world.foreign_account(&authority);
        let (source, vault, wallet) = (world.source, world.plan().vault, world.key());
        let nothing = Pubkey::new_from_array([3; 32]);
        let mint = world.token.mint;
        let fund = world.fund(1);
        let cases = [wallet, nothing, other_mint, vault, mint, world.token.plan];
        let cases = cases.map(|account| (source, account, EarnoutError::WrongSource));
        world.refuses_swapped(&fund, &cases);
    }
}

#[test]
fn the_mint_must_still_be_acceptable() {
    let mut world = world(TokenProgram::Token2022);
    let (freezable, delegated) = (world.freezable_mint(), world.delegated_mint());
    world.replace_mint(&freezable);
    world.refuses(&world.fund(1), EarnoutError::FreezeAuthorityNotAllowed);
    world.replace_mint(&delegated);
    world.refuses(&world.fund(1), EarnoutError::ExtensionNotAllowed);
}

#[test]
fn a_token_program_that_moves_nothing_is_caught() {
    let mut world = world(TokenProgram::Spl);
    world.run(world.fund(1));
    world.break_token_program();
    world.refuses(&world.fund(1), EarnoutError::TransferMismatch);
}

#[test]
fn g13_wrong_linked_accounts_are_refused() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        let other_plan = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &[kpi("x", Scope::Shared)], 0);
        let PlanToken {
            plan,
            mint,
            token_program,
        } = world.token;
        let (vault, funder) = (pda::vault(&plan), world.authority.pubkey());
        let (other_mint, stranger) = (world.freezable_mint(), world.key());
        let other_program = TOKEN_PROGRAMS.into_iter().find(|other| *other != program).unwrap().id();
        let fund = world.fund(1);
        let cases = [
            (vault, pda::vault(&other_plan), EarnoutError::WrongVault),
            (vault, world.treasury, EarnoutError::WrongVault),
            (plan, other_plan, EarnoutError::WrongVault),
            (mint, other_mint, EarnoutError::WrongMint),
            (token_program, other_program, EarnoutError::WrongTokenProgram),
            (token_program, system_program::ID, EarnoutError::WrongTokenProgram),
        ];
        world.refuses_swapped(&fund, &cases);
        world.refuses(&swapped(&fund, &funder, &stranger), TokenError::OwnerMismatch);
        world.refuses_broken(&fund, &[funder], &[plan, vault, world.source]);
        world.run(fund);
    }
}
