//! `close_plan`: who may close when, where tokens and lamports go, and the mark that stays.

use {
    anchor_lang::Discriminator,
    anchor_spl::compat::spl_token_interface,
    earnout::state::ClosedPlan,
    earnout_tests::{
        leaving::{donations, policy},
        *,
    },
};

fn revenue() -> KpiArgs {
    kpi("revenue", Scope::Shared)
}

/// An active plan of which nothing is open, holding `funds`.
fn idle(program: TokenProgram, funds: u64) -> World {
    World::active(program, terms(), &[revenue()], funds)
}

/// Checks that only the mark is left at the plan's address, with the rent it needs.
#[track_caller]
fn assert_closed(world: &World, sequence: u64) {
    let account = world.chain.account(&world.token.plan).unwrap();
    let mut mark = ClosedPlan::DISCRIMINATOR.to_vec();
    mark.extend_from_slice(&world.chain.now().to_le_bytes());
    mark.extend_from_slice(&sequence.to_le_bytes());
    assert_eq!((account.data, account.owner), (mark, earnout::ID));
    assert_eq!(account.lamports, world.chain.rent(24));
    assert_eq!(world.chain.account(&pda::vault(&world.token.plan)), None);
}

#[test]
fn surplus_goes_to_the_treasury_and_a_mark_stays() {
    for (program, funds) in TOKEN_PROGRAMS
        .into_iter()
        .flat_map(|program| [0, 1, 1_000_000].map(|funds| (program, funds)))
    {
        let mut world = idle(program, funds);
        let close = world.close_plan();
        let sequence = world.plan().event_sequence + 1;
        let receipt = world.run(close);
        assert_closed(&world, sequence);
        assert_eq!(world.chain.balance(&world.treasury), funds);
        let expected = PlanClosed {
            plan: world.token.plan,
            time: GENESIS,
            sequence,
            destination: world.treasury,
            amount: funds,
            received: funds,
        };
        assert_eq!(the_event!(receipt, PlanClosed), expected);
    }
}

#[test]
fn rent_returns_to_who_paid_it_without_the_mark_and_the_rest_goes_to_the_treasury() {
    for program in TOKEN_PROGRAMS {
        let (plan_rent, vault_rent, mark) = {
            let world = idle(program, 0);
            (
                world.plan().rent_paid,
                world.plan().vault_rent_paid,
                world.chain.rent(24),
            )
        };
        for ((plan_before, plan_after), (vault_before, vault_after)) in donations(plan_rent)
            .into_iter()
            .flat_map(|plan| donations(vault_rent).map(|vault| (plan, vault)))
        {
            let mut world = World::new(program);
            let payer = world.key();
            let vault = pda::vault(&world.token.plan);
            let donate = |world: &mut World, to_plan, to_vault| {
                for (address, lamports) in [(world.token.plan, to_plan), (vault, to_vault)] {
                    if lamports > 0 {
                        world.chain.give(&address, lamports);
                    }
                }
            };
            donate(&mut world, plan_before, vault_before);
            let had = world.lamports(&payer);
            let PlanToken {
                mint, token_program, ..
            } = world.token;
            let args = world.manned(terms());
            let authority = world.authority.pubkey();
            world.run(instructions::create_plan(
                &payer,
                &authority,
                &mint,
                &world.treasury,
                &token_program,
                args,
            ));
            let paid = had - world.lamports(&payer);
            let expected = plan_rent.saturating_sub(plan_before) + vault_rent.saturating_sub(vault_before);
            assert_eq!(paid, expected);
            donate(&mut world, plan_after, vault_after);
            let held = world.lamports(&world.token.plan) + world.lamports(&vault);

            let (had, treasury_had) = (world.lamports(&payer), world.lamports(&world.treasury));
            let close = world.close_plan();
            world.run(close);
            assert_closed(&world, 2);
            // Who paid for the plan pays for the mark, as far as it paid anything.
            let returned = paid.saturating_sub(mark);
            assert_eq!(world.lamports(&payer), had + returned);
            assert_eq!(world.lamports(&world.treasury), treasury_had + held - returned - mark);
        }
    }
}

#[test]
fn a_draft_is_closed_by_its_authority_and_from_its_start_on_by_anyone() {
    for by_authority in [true, false] {
        let mut world = World::draft(TokenProgram::Token2022, terms());
        world.add_kpis(&[revenue()]);
        world.run(world.fund(100));
        let stranger = world.key();
        let by_stranger = world.close_plan_as(&stranger, &world.treasury);
        for at in [GENESIS, START - 1] {
            world.chain.set_time(at);
            world.refuses(&by_stranger, EarnoutError::WrongAuthority);
        }
        if by_authority {
            world.run(world.close_plan());
        } else {
            world.chain.set_time(START);
            world.run(by_stranger);
        }
        assert_closed(&world, 4);
        assert_eq!(world.chain.balance(&world.treasury), 100);
    }
}

#[test]
fn the_authority_closes_at_any_time_to_the_treasury_and_anyone_after_the_last_deadline_to_the_associated_account() {
    use EarnoutError::{WrongAuthority, WrongTreasury};
    for at in [GENESIS, START, boundary(4), LAST_DEADLINE - 1, LAST_DEADLINE] {
        let over = at >= LAST_DEADLINE;
        for (by_authority, to_treasury, refusal) in [
            (true, true, None),
            (true, false, (!over).then_some(WrongTreasury)),
            (false, true, Some(if over { WrongTreasury } else { WrongAuthority })),
            (false, false, (!over).then_some(WrongAuthority)),
        ] {
            let mut world = World::new(TokenProgram::Spl);
            let owner = world.treasury_owner;
            let associated = std::mem::take(&mut world.treasury);
            world.treasury = world.token_account(&owner);
            world.active_plan(terms(), &[revenue()], 500);
            let stranger = world.key();
            let caller = if by_authority {
                world.authority.pubkey()
            } else {
                stranger
            };
            let destination = if to_treasury { world.treasury } else { associated };
            let close = world.close_plan_as(&caller, &destination);
            world.chain.set_time(at);
            match refusal {
                Some(error) => world.refuses(&close, error),
                None => {
                    world.run(close);
                    assert_eq!(world.chain.balance(&destination), 500);
                }
            }
        }
    }
}

#[test]
fn anyone_can_make_the_associated_account_that_is_missing() {
    let mut world = World::new(TokenProgram::Token2022);
    let owner = world.key();
    world.treasury = world.token_account(&owner);
    world.active_plan(terms(), &[revenue()], 500);
    world.chain.set_time(LAST_DEADLINE);
    let stranger = world.key();
    let close = world.close_plan_as(&stranger, &world.associated_address(&owner));
    world.refuses(&close, EarnoutError::WrongTreasury);
    let associated = world.associated(&owner);
    world.run(close);
    assert_eq!(world.chain.balance(&associated), 500);
}

#[test]
fn the_treasury_is_the_one_in_force_and_still_its_owners() {
    let mut world = idle(TokenProgram::Spl, 500);
    let close = world.close_plan();
    let stranger = world.key();
    let (treasury, owner) = (world.treasury, world.treasury_owner);
    world.reassign(&treasury, &owner, &stranger);
    world.refuses(&close, EarnoutError::WrongTreasury);
    world.reassign(&treasury, &stranger, &owner);
    let close = world.refuses_wrong_treasury(&close);
    world.run(close);
    assert_eq!(world.chain.balance(&world.treasury), 500);
}

#[test]
fn a_plan_stays_while_anything_of_it_is_open() {
    // Closed in every order of the three kinds, a plan waits for the last of them.
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let args = policy(UnearnedPolicy::Redistribute);
        let mut world = World::active(TokenProgram::Spl, args, &[revenue()], 1_000);
        let (_, grant) = world.grant_with(|args| {
            (args.allocation, args.periods) = (400, 1);
            (args.time_weight, args.kpi_weights) = (5_000, vec![5_000]);
        });
        let stranger = world.key();
        let close = [world.close_plan(), world.close_plan_as(&stranger, &world.treasury)];
        world.refuses(&close[0], EarnoutError::StillNeeded);
        world.evaluate(0, 50);
        world.settled(&grant);
        world.collected(&grant, 0);
        world.claim(&grant).unwrap();
        world.chain.set_time(LAST_DEADLINE);
        let parts = [
            world.close_attestation(0, 0),
            world.close_period(0),
            world.close_grant(&grant),
        ];
        for part in order {
            for close in &close {
                world.refuses(close, EarnoutError::StillNeeded);
            }
            world.run(parts[part].clone());
        }
        world.run(close[1].clone());
        assert_eq!(world.chain.balance(&world.treasury), 600);
    }
}

#[test]
fn books_that_owe_something_without_a_grant_are_not_closed() {
    for change in [
        |plan: &mut Plan| plan.owed = 1,
        |plan: &mut Plan| plan.reserved = 1,
        |plan: &mut Plan| plan.pooled = 1,
    ] {
        let mut world = idle(TokenProgram::Spl, 500);
        let plan = world.token.plan;
        world.tamper::<Plan>(&plan, change);
        let close = world.close_plan();
        world.refuses(&close, EarnoutError::InvariantViolated);
    }
}

#[test]
fn g3_the_address_of_a_closed_plan_is_never_used_again() {
    for activated in [false, true] {
        let mut world = World::draft(TokenProgram::Spl, terms());
        world.add_kpis(&[revenue()]);
        if activated {
            let activate = world.activate();
            world.run(activate);
        }
        let create = world.create_plan(world.manned(terms()));
        let close = world.close_plan();
        assert_refused(
            world.send(&[close.clone(), create.clone()]),
            EarnoutError::AccountExists,
        );
        let attempts = [
            world.activate(),
            world.fund(1),
            instructions::add_kpi(
                &world.authority.pubkey(),
                &world.token.plan,
                kpi("other", Scope::Shared),
            ),
            world.create_grant(world.grant_args(&world.treasury_owner, 1, &[])),
            instructions::propose_authority(&world.authority.pubkey(), &world.token.plan, None),
            instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, &world.treasury, None),
        ];
        world.run(close.clone());
        world.refuses(&create, EarnoutError::AccountExists);
        world.refuses(&close, EarnoutError::WrongPlan);
        for attempt in &attempts {
            world.refuses(attempt, AnchorError::AccountDiscriminatorMismatch);
        }
        // The vault's address is free, but only a plan could use it.
        let vault = pda::vault(&world.token.plan);
        world.chain.endow(&vault);
        world.refuses(&create, EarnoutError::AccountExists);
        // Another number is another plan.
        let plan = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &[revenue()], 10);
        let close = world.in_plan(plan, |world| world.close_plan());
        world.run(close);
    }
}

#[test]
fn lamports_that_arrived_as_native_tokens_count_as_surplus() {
    const NATIVE: [Pubkey; 2] = [spl_token_interface::native_mint::ID, token_interface::native_mint::ID];
    // Wrapped by `fund`, sent to the vault unsynced, sent to the plan.
    let cases = [(0, 0, 0), (1_000, 0, 0), (0, 12_345, 0), (1_000, 12_345, 77)];
    for ((program, mint), (funded, unsynced, to_plan)) in TOKEN_PROGRAMS
        .into_iter()
        .zip(NATIVE)
        .flat_map(|native| cases.map(|case| (native, case)))
    {
        let mut world = World::new(program);
        let mut data = vec![0; 82];
        (data[44], data[45]) = (9, 1);
        let account = Account {
            lamports: world.chain.rent(82),
            data,
            owner: program.id(),
            ..Account::default()
        };
        world.chain.replace(&mint, account);
        world.token.mint = mint;
        let (authority, owner) = (world.authority.pubkey(), world.treasury_owner);
        (world.source, world.treasury) = (world.associated(&authority), world.associated(&owner));
        world.active_plan(terms(), &[revenue()], 0);
        if funded > 0 {
            let source = world.source;
            world.chain.give(&source, funded);
            world.run(token_instruction::sync_native(&program.id(), &source).unwrap());
            world.run(world.fund(funded));
        }
        let (plan, vault) = (world.token.plan, world.plan().vault);
        world.chain.give(&vault, unsynced);
        world.chain.give(&plan, to_plan);
        assert_eq!(world.vault_balance(), funded);

        let state = world.plan();
        let returned = state.rent_paid + state.vault_rent_paid - world.chain.rent(24);
        let [had, treasury_had] = [authority, world.treasury].map(|address| world.lamports(&address));
        let close = world.close_plan();
        let event = the_event!(world.run(close), PlanClosed);
        assert_eq!((event.amount, event.received), (funded + unsynced, funded + unsynced));
        assert_closed(&world, state.event_sequence + 1);
        assert_eq!(world.chain.balance(&world.treasury), funded + unsynced);
        let [has, treasury_has] = [authority, world.treasury].map(|address| world.lamports(&address));
        assert_eq!(
            (has, treasury_has),
            (had + returned, treasury_had + funded + unsynced + to_plan)
        );
    }
}

/// A plan of two periods with two grants and every kind of account, all of it settled, collected and claimed; who paid
/// for the plan, grants, attestations, pages and pools, and what they had before; and what there is to close.
struct Finished {
    world: World,
    payers: [Pubkey; 4],
    had: [u64; 4],
    closings: Vec<Instruction>,
}

fn finished(program: TokenProgram) -> Finished {
    let mut world = World::new(program);
    let payers = [0; 4].map(|_| world.key());
    let had = payers.map(|payer| world.lamports(&payer));
    let [for_plan, for_grants, for_votes, for_pools] = payers;
    let PlanToken { plan, mint, .. } = world.token;
    let authority = world.authority.pubkey();
    let args = world.manned(CreatePlanArgs {
        period_count: 2,
        enrolment_end: START,
        ..policy(UnearnedPolicy::Redistribute)
    });
    world.run(instructions::create_plan(
        &for_plan,
        &authority,
        &mint,
        &world.treasury,
        &program.id(),
        args,
    ));
    world.add_kpis(&[revenue(), kpi("tasks", Scope::Individual)]);
    world.run(world.activate());
    world.run(world.fund(1_000));
    let grants = [0, 1].map(|index| {
        let beneficiary = world.key();
        world.associated(&beneficiary);
        let mut args = world.grant_args(&beneficiary, 400, &[5_000, 3_000]);
        args.periods = 2;
        world.run(instructions::create_grant(&for_grants, &authority, &plan, &mint, args));
        pda::grant(&plan, index)
    });
    for period in [0, 1] {
        world.after_period(period, 0);
        for oracle in [0, 1] {
            let key = world.oracles[oracle].pubkey();
            for mut vote in [
                world.vote(oracle, 0, period, None, 60),
                world.upload(oracle, 1, period, 0, &[60; 2]),
            ] {
                assert_eq!(vote.accounts[0].pubkey, key);
                vote.accounts[0].pubkey = for_votes;
                world.run(vote);
            }
        }
        world.after_windows(period);
        for grant in &grants {
            let settle = instructions::settle(&for_pools, &plan, &world.plan(), grant, &world.grant_state(grant));
            world.run(settle);
        }
        for grant in &grants {
            world.collected(grant, period);
        }
    }
    for grant in &grants {
        world.claim(grant).unwrap();
    }
    let mut closings = Vec::new();
    for period in [0, 1] {
        closings.push(world.close_period(period));
        closings.push(world.close_attestation(0, period));
        closings.push(world.close_page(1, period, &grants[0]));
    }
    closings.extend(grants.map(|grant| world.close_grant(&grant)));
    Finished {
        world,
        payers,
        had,
        closings,
    }
}

#[test]
fn g4_a_whole_plan_can_be_closed_in_any_order_and_all_lamports_go_home() {
    // Every closing comes first, and last, in one of the orders.
    for (start, backwards) in (0..8).flat_map(|start| [false, true].map(|backwards| (start, backwards))) {
        let program = TOKEN_PROGRAMS[start % 2];
        let Finished {
            mut world,
            payers,
            had,
            mut closings,
        } = finished(program);
        let spent = payers.iter().zip(had).map(|(payer, had)| had - world.lamports(payer));
        assert!(spent.into_iter().all(|spent| spent > 0));
        let treasury_had = world.lamports(&world.treasury);
        closings.rotate_left(start);
        if backwards {
            closings.reverse();
        }
        let stranger = world.key();
        let close = world.close_plan_as(&stranger, &world.treasury);
        for closing in closings {
            world.refuses(&close, EarnoutError::StillNeeded);
            world.run(closing);
        }
        let plan = world.plan();
        let open = [
            plan.open_grants,
            plan.open_attestations,
            plan.open_pages,
            plan.open_periods,
        ];
        assert_eq!(open, [0; 4]);
        let (surplus, claimed) = (world.surplus(), plan.claimed_total);
        assert_eq!((surplus, surplus + claimed), (world.vault_balance(), 1_000));
        world.run(close);
        assert_closed(&world, plan.event_sequence + 1);
        assert_eq!(world.chain.balance(&world.treasury), surplus);
        // The fees were paid by the sender of the transactions.
        let mark = world.chain.rent(24);
        assert_eq!(
            payers.map(|payer| world.lamports(&payer)),
            [had[0] - mark, had[1], had[2], had[3]]
        );
        assert_eq!(world.lamports(&world.treasury), treasury_had);
    }
}

#[test]
fn g13_wrong_accounts_are_refused() {
    let mut world = World::new(TokenProgram::Spl);
    let payer = world.key();
    let authority = world.authority.pubkey();
    let PlanToken {
        plan,
        mint,
        token_program,
    } = world.token;
    let args = world.manned(terms());
    world.run(instructions::create_plan(
        &payer,
        &authority,
        &mint,
        &world.treasury,
        &token_program,
        args,
    ));
    world.add_kpis(&[revenue()]);
    world.run(world.activate());
    world.run(world.fund(100));
    let other = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &[revenue()], 1_000);
    let grant = world.in_plan(other, |world| world.timed_grant(400));
    let stranger = world.key();
    let (own, foreign) = (world.associated(&stranger), world.foreign_account(&stranger));
    let other_mint = world.chain.mint(TokenProgram::Spl, 6, None).unwrap();
    let (vault, treasury) = (pda::vault(&plan), world.treasury);
    let close = world.close_plan();
    let cases = [
        (authority, stranger, EarnoutError::WrongAuthority),
        (authority, world.treasury_owner, EarnoutError::WrongAuthority),
        (plan, other, EarnoutError::WrongVault),
        (plan, grant, EarnoutError::WrongPlan),
        (plan, stranger, EarnoutError::WrongPlan),
        (vault, pda::vault(&other), EarnoutError::WrongVault),
        (mint, other_mint, EarnoutError::WrongMint),
        (
            token_program,
            TokenProgram::Token2022.id(),
            EarnoutError::WrongTokenProgram,
        ),
        (token_program, system_program::ID, EarnoutError::WrongTokenProgram),
        (payer, stranger, EarnoutError::WrongRentPayer),
        (payer, authority, EarnoutError::WrongRentPayer),
        (treasury, own, EarnoutError::WrongTreasury),
        (treasury, world.source, EarnoutError::WrongTreasury),
        (treasury, foreign, EarnoutError::WrongTreasury),
        (treasury, stranger, EarnoutError::WrongTreasury),
        (treasury, vault, EarnoutError::WrongTreasury),
    ];
    world.refuses_swapped(&close, &cases);
    // A plan of another program's making, and accounts that cannot be written.
    let forged = world.chain.key().pubkey();
    let mut copy = world.chain.account(&plan).unwrap();
    copy.owner = token_program;
    world.chain.replace(&forged, copy);
    world.refuses(&swapped(&close, &plan, &forged), EarnoutError::WrongPlan);
    world.refuses(
        &swapped(&close, &pda::event_authority(), &forged),
        AnchorError::ConstraintAddress,
    );
    for account in [plan, vault, treasury, payer, mint] {
        world.refuses(
            &changed(&close, &account, |meta| meta.is_writable = false),
            AnchorError::ConstraintMut,
        );
    }
    let unsigned = changed(&close, &authority, |meta| meta.is_signer = false);
    world.refuses(&unsigned, AnchorError::AccountNotSigner);
    world.run(close);
}

#[test]
fn g12_a_token_program_that_moves_nothing_closes_nothing() {
    let mut world = idle(TokenProgram::Spl, 100);
    let close = world.close_plan();
    world.break_token_program();
    world.refuses(&close, EarnoutError::TransferMismatch);
}
