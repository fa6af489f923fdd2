//! `claim`: who is paid, how much, when, and where to.

use earnout_tests::*;

/// A grant of 400,000 that earned 75,000 in period 0, all windows of which are over.
fn settled(program: TokenProgram) -> (World, Pubkey, Pubkey) {
    let mut world = World::active(program, terms(), &[kpi("revenue", Scope::Shared)], 1_000_000);
    let (beneficiary, grant) = world.grant(400_000, &[10_000]);
    world.evaluate(0, 75);
    world.settled(&grant);
    (world, beneficiary.pubkey(), grant)
}

fn claim(world: &World, claimant: &Pubkey, grant: &Pubkey, destination: &Pubkey, amount: Option<u64>) -> Instruction {
    instructions::claim(claimant, &world.token, grant, destination, amount)
}

#[test]
fn anyone_pays_the_beneficiary_all_that_is_claimable() {
    for program in TOKEN_PROGRAMS {
        let (mut world, beneficiary, grant) = settled(program);
        let (mut expected, mut expected_plan) = (world.grant_state(&grant), world.plan());
        let stranger = world.key();
        let account = world.associated_address(&beneficiary);
        let receipt = world.run(claim(&world, &stranger, &grant, &account, None));
        expected.claimed = 75_000;
        assert_eq!(world.grant_state(&grant), expected);
        expected_plan.owed = 0;
        expected_plan.claimed_total = 75_000;
        expected_plan.event_sequence += 1;
        assert_eq!(world.plan(), expected_plan);
        assert_eq!(
            (world.chain.balance(&account), world.vault_balance()),
            (75_000, 925_000)
        );
        let event = GrantClaimed {
            plan: world.token.plan,
            time: boundary(1) + 3 * DAY,
            sequence: expected_plan.event_sequence,
            grant,
            beneficiary,
            claimant: stranger,
            destination: account,
            amount: 75_000,
            received: 75_000,
            claimed: 75_000,
            plan_owed: 0,
            vault_balance: 925_000,
        };
        assert_eq!(the_event!(receipt, GrantClaimed), event);
    }
}

#[test]
fn the_beneficiary_claims_parts_and_names_other_accounts() {
    for program in TOKEN_PROGRAMS {
        let (mut world, beneficiary, grant) = settled(program);
        let friend = world.key();
        let associated = world.associated_address(&beneficiary);
        let second = world.token_account(&beneficiary);
        let friends = world.associated(&friend);
        let mut claimed = 0;
        for (destination, stated, amount) in [
            (associated, Some(1), 1),
            (second, Some(70_000), 70_000),
            (friends, Some(4_000), 4_000),
            (second, None, 999),
        ] {
            let had = world.chain.balance(&destination);
            let receipt = world.run(claim(&world, &beneficiary, &grant, &destination, stated));
            claimed += amount;
            assert_eq!(world.chain.balance(&destination) - had, amount);
            let event = the_event!(receipt, GrantClaimed);
            assert_eq!((event.amount, event.received, event.claimed), (amount, amount, claimed));
            assert_eq!(
                (event.plan_owed, event.vault_balance),
                (75_000 - claimed, 1_000_000 - claimed)
            );
            assert_eq!((event.claimant, event.destination), (beneficiary, destination));
        }
        assert_eq!(world.grant_state(&grant).claimed, 75_000);
        world.refuses(
            &claim(&world, &beneficiary, &grant, &associated, None),
            EarnoutError::NothingToClaim,
        );
    }
}

// How much.

#[test]
fn g2_nothing_is_claimable_before_something_is_settled_or_after_all_is_claimed() {
    let mut world = World::active(TokenProgram::Spl, terms(), &[kpi("revenue", Scope::Shared)], 1_000_000);
    let (beneficiary, grant) = world.grant(400_000, &[10_000]);
    let account = world.associated_address(&beneficiary.pubkey());
    let all = claim(&world, &world.chain.fee_payer().pubkey(), &grant, &account, None);
    world.refuses(&all, EarnoutError::NothingToClaim);
    world.evaluate(0, 75);
    world.refuses(&all, EarnoutError::NothingToClaim);
    world.settled(&grant);
    assert_refused(world.send(&[all.clone(), all.clone()]), EarnoutError::NothingToClaim);
    world.run(all.clone());
    world.refuses(&all, EarnoutError::NothingToClaim);
    // A period in which nothing was earned adds nothing.
    world.evaluate(1, 0);
    world.settled(&grant);
    world.refuses(&all, EarnoutError::NothingToClaim);
}

#[test]
fn zero_and_more_than_is_claimable_are_refused() {
    let (mut world, beneficiary, grant) = settled(TokenProgram::Spl);
    let account = world.associated_address(&beneficiary);
    let amount = |amount| claim(&world, &beneficiary, &grant, &account, Some(amount));
    let cases = [
        (amount(0), EarnoutError::ZeroAmount),
        (amount(75_001), EarnoutError::AmountTooLarge),
        (amount(u64::MAX), EarnoutError::AmountTooLarge),
    ];
    let all = amount(75_000);
    for (claim, error) in cases {
        world.refuses(&claim, error);
    }
    world.run(all);
}

#[test]
fn g1_donations_to_the_vault_change_only_the_surplus() {
    let (mut world, beneficiary, grant) = settled(TokenProgram::Token2022);
    let (plan, state) = (world.plan(), world.grant_state(&grant));
    world.donate(1_000_000);
    assert_eq!((world.plan(), world.grant_state(&grant)), (plan, state));
    let account = world.associated_address(&beneficiary);
    world.refuses(
        &claim(&world, &beneficiary, &grant, &account, Some(75_001)),
        EarnoutError::AmountTooLarge,
    );
    world.claim(&grant).unwrap();
    assert_eq!(world.chain.balance(&account), 75_000);
    assert_eq!(world.surplus(), 1_000_000 + 600_000 + 25_000);
}

#[test]
fn g1_when_the_books_do_not_balance_nothing_leaves_the_vault() {
    // No instruction brings a plan there, so its account is changed behind its back.
    let (mut world, _, grant) = settled(TokenProgram::Spl);
    let all = claim_by_stranger(&world, &grant);
    let withdraw = instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, &world.treasury, None);
    let plan = world.token.plan;
    world.tamper::<Plan>(&plan, |plan| plan.reserved = 1_000_000 - 75_000 + 1);
    for instruction in [&all, &withdraw] {
        world.refuses(instruction, EarnoutError::InvariantViolated);
    }
    world.tamper::<Plan>(&plan, |plan| plan.reserved = u64::MAX);
    world.refuses(&all, EarnoutError::InvariantViolated);
    world.refuses(&withdraw, EarnoutError::Overflow);
    world.tamper::<Plan>(&plan, |plan| (plan.reserved, plan.owed) = (300_000, 74_999));
    world.refuses(&all, EarnoutError::InvariantViolated);
    // More claimed than was ever earned.
    world.tamper::<Plan>(&plan, |plan| plan.owed = 75_000);
    world.tamper::<Grant>(&grant, |grant| grant.claimed = 75_001);
    world.refuses(&all, EarnoutError::InvariantViolated);
    world.tamper::<Grant>(&grant, |grant| grant.claimed = 0);
    world.run(all);
}

// When.

#[test]
fn nothing_vests_before_the_cliff_and_all_of_it_in_its_second() {
    // Cliff in periods from the first one, grant's first period, when it is over.
    for (cliff, first, over) in [
        (2, 0, boundary(2)),
        (1, 1, boundary(2)),
        (4, 0, boundary(4)),
        (3, 1, boundary(4)),
    ] {
        let mut world = World::active(
            TokenProgram::Spl,
            undisputed_terms(),
            &[kpi("revenue", Scope::Shared)],
            1_000,
        );
        let (_, grant) = world.grant_with(|args| {
            (args.first_period, args.periods, args.cliff_periods) = (first, 4 - first, cliff);
            args.allocation = 100 * u64::from(4 - first);
        });
        let all = claim_by_stranger(&world, &grant);
        world.after_period(first, 0);
        if over > boundary(i64::from(first) + 1) {
            world.settled(&grant);
            world.refuses(&all, EarnoutError::NothingToClaim);
            world.chain.set_time(over - 1);
            world.refuses(&all, EarnoutError::NothingToClaim);
            world.chain.set_time(over);
        } else {
            world.settled(&grant);
        }
        assert_eq!(the_event!(world.run(all), GrantClaimed).amount, 100);
    }
}

fn claim_by_stranger(world: &World, grant: &Pubkey) -> Instruction {
    let account = world.associated_address(&world.grant_state(grant).beneficiary);
    claim(world, &world.chain.fee_payer().pubkey(), grant, &account, None)
}

#[test]
fn g2_linear_release_streams_by_the_second_through_the_following_period() {
    let args = CreatePlanArgs {
        release: Release::Linear,
        ..terms()
    };
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("revenue", Scope::Shared)], 1_000_000);
    let (_, grant) = world.grant(400_000, &[10_000]);
    let all = claim_by_stranger(&world, &grant);
    world.evaluate(0, 75);
    world.settled(&grant);
    // 75,000 over 2,592,000 seconds from the end of period 0: one unit in 34.56 s. Settled after 10 % of them.
    let mut claimed = 0;
    for (second, vested) in [
        (259_200, 7_500),
        (259_235, 7_501),
        (1_296_000, 37_500),
        (2_591_965, 74_998),
        (2_591_966, 74_999),
        (2_592_000, 75_000),
    ] {
        world.after_period(0, second);
        let event = the_event!(world.run(all.clone()), GrantClaimed);
        claimed += event.amount;
        assert_eq!((claimed, event.claimed), (vested, vested), "after {second} s");
        world.refuses(&all, EarnoutError::NothingToClaim);
        // The second before the next unit.
        if vested == 7_500 || vested == 74_999 {
            world.after_period(0, second + 33);
            world.refuses(&all, EarnoutError::NothingToClaim);
        }
    }

    // The next tranche streams from the end of its own period, 1,000,000 s before it is settled: 38,580 of 100,000.
    world.after_period(1, 1);
    world.resolve(0, 1, None, 100);
    world.after_period(1, 1_000_000);
    world.refuses(&all, EarnoutError::NothingToClaim);
    world.settled(&grant);
    assert_eq!(the_event!(world.run(all.clone()), GrantClaimed).amount, 38_580);

    // The last one streams for a period after the calendar's end.
    world.after_windows(2);
    world.settled(&grant);
    world.evaluate(3, 50);
    world.settled(&grant);
    assert_eq!(
        the_event!(world.run(all.clone()), GrantClaimed).claimed,
        75_000 + 100_000 + 5_000
    );
    world.chain.set_time(boundary(5) - 1);
    assert_eq!(the_event!(world.run(all.clone()), GrantClaimed).claimed, 224_999);
    world.chain.set_time(boundary(5));
    assert_eq!(the_event!(world.run(all.clone()), GrantClaimed).claimed, 225_000);
    world.chain.set_time(boundary(500));
    world.refuses(&all, EarnoutError::NothingToClaim);
}

#[test]
fn under_linear_release_nothing_vests_at_the_end_of_the_period_itself() {
    let args = CreatePlanArgs {
        release: Release::Linear,
        ..undisputed_terms()
    };
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("revenue", Scope::Shared)], 4_000);
    let (_, grant) = world.grant(400, &[]);
    world.after_period(0, 0);
    world.settled(&grant);
    let all = claim_by_stranger(&world, &grant);
    world.refuses(&all, EarnoutError::NothingToClaim);
    // 100 over 2,592,000 s: the first unit after 25,920 s.
    world.after_period(0, 25_919);
    world.refuses(&all, EarnoutError::NothingToClaim);
    world.after_period(0, 25_920);
    assert_eq!(the_event!(world.run(all), GrantClaimed).amount, 1);
}

#[test]
fn bonuses_vest_when_they_are_collected_even_under_linear_release() {
    let args = CreatePlanArgs {
        release: Release::Linear,
        unearned_policy: UnearnedPolicy::Redistribute,
        ..undisputed_terms()
    };
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("revenue", Scope::Shared)], 4_000);
    let (_, grant) = world.grant(400, &[10_000]);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 70);
    world.settled(&grant);
    let all = claim_by_stranger(&world, &grant);
    world.refuses(&all, EarnoutError::NothingToClaim);
    assert_eq!(world.collected(&grant, 0).bonus, 30);
    assert_eq!(the_event!(world.run(all.clone()), GrantClaimed).amount, 30);
    world.chain.set_time(boundary(2));
    assert_eq!(the_event!(world.run(all), GrantClaimed).amount, 70);
}

// Where to.

#[test]
fn g6_a_stranger_pays_nobody_but_the_beneficiary() {
    for program in TOKEN_PROGRAMS {
        let (mut world, beneficiary, grant) = settled(program);
        let stranger = world.key();
        let associated = world.associated_address(&beneficiary);
        let mine = world.associated(&stranger);
        let second = world.token_account(&beneficiary);
        let treasury = world.treasury;
        for other in [mine, second, treasury, world.source] {
            for claimant in [
                stranger,
                world.authority.pubkey(),
                world.arbiter.pubkey(),
                world.treasury_owner,
            ] {
                let claim = claim(&world, &claimant, &grant, &other, None);
                world.refuses(&claim, EarnoutError::OnlyBeneficiary);
            }
        }
        // Not even a part, and not even to the right account.
        for amount in [0, 1, 75_000, 75_001] {
            let claim = claim(&world, &stranger, &grant, &associated, Some(amount));
            world.refuses(&claim, EarnoutError::OnlyBeneficiary);
        }
        assert_eq!(world.vault_balance(), 1_000_000);
    }
}

#[test]
fn a_claim_never_goes_to_a_vault() {
    let (mut world, beneficiary, grant) = settled(TokenProgram::Spl);
    world.chain.set_time(GENESIS);
    let other = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &[kpi("x", Scope::Shared)], 10);
    world.after_windows(0);
    let stranger = world.key();
    for plan in [world.token.plan, other] {
        let vault = pda::vault(&plan);
        let to_vault = claim(&world, &beneficiary, &grant, &vault, None);
        world.refuses(&to_vault, EarnoutError::WrongDestination);
        let part = claim(&world, &beneficiary, &grant, &vault, Some(1));
        world.refuses(&part, EarnoutError::WrongDestination);
        let by_stranger = claim(&world, &stranger, &grant, &vault, None);
        world.refuses(&by_stranger, EarnoutError::OnlyBeneficiary);
    }
}

#[test]
fn the_destination_must_be_a_token_account_of_the_mint() {
    for program in TOKEN_PROGRAMS {
        let (mut world, beneficiary, grant) = settled(program);
        let foreign = world.foreign_account(&beneficiary);
        let wrong = [
            foreign,
            beneficiary,
            world.token.mint,
            world.token.plan,
            Pubkey::new_from_array([3; 32]),
        ];
        let stranger = world.key();
        for destination in wrong {
            for claimant in [beneficiary, stranger] {
                let claim = claim(&world, &claimant, &grant, &destination, None);
                world.refuses(&claim, EarnoutError::WrongDestination);
            }
        }
    }
}

#[test]
fn a_missing_associated_account_can_be_made_in_the_same_transaction() {
    let mut world = World::active(
        TokenProgram::Token2022,
        terms(),
        &[kpi("revenue", Scope::Shared)],
        1_000_000,
    );
    let beneficiary = world.key();
    let (_, grant) = world.grant_with(|args| (args.beneficiary, args.allocation) = (beneficiary, 400));
    world.after_period(0, 0);
    world.settled(&grant);
    let all = claim_by_stranger(&world, &grant);
    world.refuses(&all, EarnoutError::WrongDestination);
    world.associated(&beneficiary);
    world.run(all);
}

#[test]
fn an_associated_account_that_changed_its_owner_is_not_paid_by_strangers() {
    let (mut world, beneficiary, grant) = settled(TokenProgram::Spl);
    let (buyer, account) = (world.key(), world.associated_address(&beneficiary));
    world.reassign(&account, &beneficiary, &buyer);
    let all = claim_by_stranger(&world, &grant);
    world.refuses(&all, EarnoutError::WrongDestination);
    let by_buyer = claim(&world, &buyer, &grant, &account, None);
    world.refuses(&by_buyer, EarnoutError::WrongDestination);
    // The beneficiary may name any account, this one too.
    world.run(claim(&world, &beneficiary, &grant, &account, Some(1)));
    world.reassign(&account, &buyer, &beneficiary);
    world.run(all);
    assert_eq!(world.chain.balance(&account), 75_000);
}

#[test]
fn a_frozen_account_stops_only_its_own_payment() {
    for program in TOKEN_PROGRAMS {
        let mut world = World::freezable(program);
        let [(first, grant), (_, other)] = [(), ()].map(|()| world.grant(400_000, &[10_000]));
        world.evaluate(0, 75);
        for grant in [grant, other] {
            world.settled(&grant);
        }
        let freezer = world.chain.fee_payer().pubkey();
        let freeze = |world: &mut World, account: &Pubkey| {
            let mint = world.token.mint;
            world.run(token_instruction::freeze_account(&program.id(), account, &mint, &freezer, &[]).unwrap());
        };
        let (account, vault) = (world.associated_address(&first.pubkey()), world.plan().vault);
        freeze(&mut world, &account);
        let all = claim_by_stranger(&world, &grant);
        world.refuses(&all, TokenError::AccountFrozen);
        world.claim(&other).unwrap();
        let second = world.token_account(&first.pubkey());
        world.run(claim(&world, &first.pubkey(), &grant, &second, Some(5)));
        freeze(&mut world, &vault);
        world.refuses(&all, TokenError::AccountFrozen);
        assert_eq!(world.grant_state(&grant).claimed, 5);
    }
}

#[test]
fn a_locked_grant_is_claimed_by_its_beneficiary_only() {
    let (mut world, beneficiary, grant) = settled(TokenProgram::Spl);
    world.run(world.locks(&grant, true));
    let all = claim_by_stranger(&world, &grant);
    world.refuses(&all, EarnoutError::ClaimLocked);
    let account = world.associated_address(&beneficiary);
    world.run(claim(&world, &beneficiary, &grant, &account, None));
}

#[test]
fn a_token_program_that_moves_nothing_is_caught() {
    let (mut world, _, grant) = settled(TokenProgram::Spl);
    let all = claim_by_stranger(&world, &grant);
    // The idle program reads its instruction as text; 97 units are.
    world.tamper::<Grant>(&grant, |grant| grant.claimed = 75_000 - 97);
    world.break_token_program();
    world.refuses(&all, EarnoutError::TransferMismatch);
}

#[test]
fn g13_wrong_signers_and_linked_accounts_are_refused() {
    for program in TOKEN_PROGRAMS {
        let (mut world, beneficiary, grant) = settled(program);
        let plan = world.token.plan;
        world.chain.set_time(GENESIS);
        let other = world.active_plan(
            CreatePlanArgs { plan_id: 2, ..terms() },
            &[kpi("x", Scope::Shared)],
            400,
        );
        let (_, foreign) = world.in_plan(other, |world| world.grant(400, &[10_000]));
        world.after_windows(0);
        let (mint, token_program) = (world.token.mint, world.token.token_program);
        let (vault, account) = (pda::vault(&plan), world.associated_address(&beneficiary));
        let other_mint = world.freezable_mint();
        let other_program = TOKEN_PROGRAMS.into_iter().find(|other| *other != program).unwrap().id();
        let all = claim(&world, &beneficiary, &grant, &account, None);
        let cases = [
            (grant, foreign, EarnoutError::WrongGrant),
            (vault, pda::vault(&other), EarnoutError::WrongVault),
            (vault, world.source, EarnoutError::WrongVault),
            (plan, other, EarnoutError::WrongVault),
            (mint, other_mint, EarnoutError::WrongMint),
            (token_program, other_program, EarnoutError::WrongTokenProgram),
            (token_program, system_program::ID, EarnoutError::WrongTokenProgram),
        ];
        world.refuses_swapped(&all, &cases);
        // Another plan with its own vault, but this grant.
        let whole = swapped(&swapped(&all, &plan, &other), &vault, &pda::vault(&other));
        world.refuses(&whole, EarnoutError::WrongGrant);
        world.refuses_broken(&all, &[beneficiary], &[plan, grant, vault, account]);
        world.run(all);
    }
}

#[test]
fn g12_a_claim_changes_no_other_grant() {
    let (mut world, _, grant) = settled(TokenProgram::Spl);
    let (_, other) = world.grant_with(|args| (args.first_period, args.periods) = (2, 2));
    let before = world.chain.account(&other);
    world.claim(&grant).unwrap();
    assert_eq!(world.chain.account(&other), before);
}
