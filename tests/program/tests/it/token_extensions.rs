//! Extensions of Token-2022 on the real program: what each flag lets in, what it costs, and what a hostile authority of
//! the mint can do with it. What is refused whatever the flags, by number, is in `token_view`.

use {
    anchor_spl::compat::spl_token_2022_interface::extension::{
        cpi_guard, interest_bearing_mint, memo_transfer, scaled_ui_amount, transfer_fee, transfer_hook,
    },
    earnout::{
        state::{ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK},
        token::MEMO_PROGRAM,
    },
    earnout_test_hook::{self as hook, Extra, Mode},
    earnout_tests::{
        extensions::{ALL_FLAGS, SetUp, TOKEN_2022, before, fee_mint, forbidden, hook_mint},
        *,
    },
};

/// The first memo program, which Token-2022 accepts too.
const OLD_MEMO_PROGRAM: Pubkey = Pubkey::from_str_const("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo");

/// A grant of 400,000 that earned 75,000 in period 0, settled.
fn settled(world: &mut World) -> (Pubkey, Pubkey) {
    let (beneficiary, grant) = world.grant(400_000, &[10_000]);
    world.evaluate(0, 75);
    world.settled(&grant);
    (beneficiary.pubkey(), grant)
}

/// Settles everything that is left after the last deadline: nothing more is earned.
fn wind_up(world: &mut World, grants: &[Pubkey]) {
    world.chain.set_time(LAST_DEADLINE);
    for grant in grants {
        while world.grant_state(grant).next_period < 4 {
            world.settled(grant);
        }
    }
}

#[test]
fn a_transfer_fee_or_hook_needs_the_plans_flag() {
    use EarnoutError::*;
    let mut world = World::new(TokenProgram::Token2022);
    let plain = world.token.mint;
    let fee = fee_mint(&mut world.chain, 100, 1_000);
    // Not even a fee of nothing, or a hook without a program: both can be changed.
    let free = fee_mint(&mut world.chain, 0, 0);
    let hook = hook_mint(&mut world.chain, Some(hook::ID));
    let idle = hook_mint(&mut world.chain, None);
    for token_flags in 0..=ALL_FLAGS {
        let args = world.manned(CreatePlanArgs { token_flags, ..terms() });
        let create = world.create_plan(args);
        for (mint, flag, error) in [
            (fee, ALLOW_TRANSFER_FEE, TransferFeeNotAllowed),
            (free, ALLOW_TRANSFER_FEE, TransferFeeNotAllowed),
            (hook, ALLOW_TRANSFER_HOOK, TransferHookNotAllowed),
            (idle, ALLOW_TRANSFER_HOOK, TransferHookNotAllowed),
        ] {
            // With the flag the mint is accepted, and the treasury is found to be of another mint.
            let expected = if token_flags & flag == 0 { error } else { WrongTreasury };
            world.refuses(&swapped(&create, &plain, &mint), expected);
        }
    }
}

// Transfer fee.

#[test]
fn with_a_fee_what_arrives_is_funded_and_a_claim_takes_gross_from_the_vault() {
    // 2.5 %, at most 5,000.
    let mut world = World::with_mint(TokenProgram::Token2022, |chain| fee_mint(chain, 250, 5_000));
    let args = CreatePlanArgs {
        token_flags: ALLOW_TRANSFER_FEE,
        max_fee_bps: 250,
        ..terms()
    };
    world.token.plan = world.active_plan(args, &[kpi("revenue", Scope::Shared)], 0);
    let (vault, had) = (world.plan().vault, world.chain.balance(&world.source));
    let (mut sent, mut arrived) = (0, 0);
    // Fees round up: 25; 24.975; 0.025; 1; 1.025; and 25,000, which is more than 5,000.
    for (amount, received) in [
        (1_000, 975),
        (999, 974),
        (1, 0),
        (40, 39),
        (41, 39),
        (1_000_000, 995_000),
    ] {
        let receipt = world.run(world.fund(amount));
        (sent, arrived) = (sent + amount, arrived + received);
        let event = the_event!(receipt, PlanFunded);
        assert_eq!(
            (event.amount, event.received, event.vault_balance),
            (amount, received, arrived)
        );
        assert_eq!(world.plan().funded_total, arrived);
        assert_eq!(world.books(), [arrived, 0, 0, arrived]);
    }
    assert_eq!((sent, arrived, world.withheld(&vault)), (1_002_081, 997_027, 5_054));
    assert_eq!(world.chain.balance(&world.source), had - 1_002_081);

    // What was withheld is not a surplus: a grant of it all and one more is too large.
    let beneficiary = world.key();
    let too_large = world.create_grant(world.grant_args(&beneficiary, 997_028, &[10_000]));
    world.refuses(&too_large, EarnoutError::InsufficientFunds);

    let (beneficiary, grant) = settled(&mut world);
    assert_eq!(world.books(), [997_027, 300_000, 75_000, 622_027]);
    let mut expected = world.plan();
    let account = world.associated_address(&beneficiary);
    // 2.5 % of 75,000 is 1,875.
    let receipt = world.run(world.claim_as_stranger(&grant));
    expected.owed = 0;
    expected.claimed_total = 75_000;
    expected.event_sequence += 1;
    assert_eq!(world.plan(), expected);
    assert_eq!(world.books(), [922_027, 300_000, 0, 622_027]);
    assert_eq!(world.grant_state(&grant).claimed, 75_000);
    assert_eq!(
        (world.chain.balance(&account), world.withheld(&account)),
        (73_125, 1_875)
    );
    let event = GrantClaimed {
        plan: world.token.plan,
        time: boundary(1) + 3 * DAY,
        sequence: expected.event_sequence,
        grant,
        beneficiary,
        claimant: world.chain.fee_payer().pubkey(),
        destination: account,
        amount: 75_000,
        received: 73_125,
        claimed: 75_000,
        plan_owed: 0,
        vault_balance: 922_027,
    };
    assert_eq!(the_event!(receipt, GrantClaimed), event);

    // Surplus goes home at the treasury's cost: 2.5 % of 622,027 is more than 5,000.
    let receipt = world.run(world.withdraw_surplus(None));
    let event = the_event!(receipt, SurplusWithdrawn);
    assert_eq!(
        (event.amount, event.received, event.vault_balance),
        (622_027, 617_027, 300_000)
    );
    assert_eq!(
        (world.chain.balance(&world.treasury), world.withheld(&world.treasury)),
        (617_027, 5_000)
    );
    assert_eq!(world.books(), [300_000, 300_000, 0, 0]);
    assert_eq!(world.plan().withdrawn_total, 622_027);
    assert_eq!(world.withheld(&vault), 5_054);
}

#[test]
fn withheld_fees_leave_the_vault_without_touching_its_books() {
    let mut world = World::flagged(ALLOW_TRANSFER_FEE, 0, |chain| fee_mint(chain, 0, 0));
    world.set_fee(0, 250, u64::MAX);
    world.run(world.fund(1_000));
    let (_, grant) = settled(&mut world);
    let (vault, mint, treasury) = (world.plan().vault, world.token.mint, world.treasury);
    let books = [1_000_975, 300_000, 75_000, 625_975];
    assert_eq!((world.books(), world.withheld(&vault)), (books, 25));
    // Anyone harvests to the mint.
    let harvest = transfer_fee::instruction::harvest_withheld_tokens_to_mint(&TOKEN_2022, &mint, &[&vault]);
    world.run(harvest.unwrap());
    assert_eq!(
        (world.books(), world.withheld(&vault), world.withheld(&mint)),
        (books, 0, 25)
    );
    // The mint's authority takes straight out of the vault what is withheld there, and nothing else.
    world.run(world.fund(1_000));
    let authority = world.chain.fee_payer().pubkey();
    let take = transfer_fee::instruction::withdraw_withheld_tokens_from_accounts;
    world.run(take(&TOKEN_2022, &mint, &treasury, &authority, &[], &[&vault]).unwrap());
    assert_eq!(world.chain.balance(&treasury), 25);
    assert_eq!(world.books(), [1_001_950, 300_000, 75_000, 626_950]);
    assert_eq!(world.grant_state(&grant).claimed, 0);
}

#[test]
fn a_stranger_claims_up_to_the_plans_largest_fee_and_a_unit_where_that_is_next_to_nothing() {
    const ALL: u64 = u64::MAX;
    /// Largest fee of the plan; fee of the mint and its maximum; for each amount what arrives, nothing if it is
    /// refused.
    type Case = (u16, u16, u64, &'static [(u64, Option<u64>)]);
    let cases: [Case; 9] = [
        // 0.025; 0.975; 1; 1.025; 2; 250.
        (
            250,
            250,
            ALL,
            &[
                (1, None),
                (39, None),
                (40, Some(39)),
                (41, None),
                (80, Some(78)),
                (10_000, Some(9_750)),
                // 250.025, rounded up to 251, a unit more than the limit rounded down.
                (10_001, Some(9_750)),
            ],
        ),
        // 0.0251; 0.9789; 1.004 for 1; 1.0291 for 1.025; 2.008 for 2; 251 for 250.
        (
            250,
            251,
            ALL,
            &[
                (1, None),
                (39, None),
                (40, None),
                (41, None),
                (80, None),
                (10_000, Some(9_749)),
                (30_000, None),
            ],
        ),
        (0, 0, ALL, &[(1, Some(1)), (10_000, Some(10_000))]),
        (0, 1, ALL, &[(1, None), (10_000, None)]),
        // A fee of which nothing is ever taken.
        (0, 10_000, 0, &[(1, Some(1)), (10_000, Some(10_000))]),
        // What counts is what is taken, not the rate: 250 and 251 of 10,000.
        (250, 10_000, 250, &[(10_000, Some(9_750)), (1, None), (100, None)]),
        (
            250,
            10_000,
            251,
            &[
                (10_000, Some(9_749)),
                (9_999, None),
                (10_040, Some(9_789)),
                (10_039, Some(9_788)),
            ],
        ),
        (9_999, 10_000, ALL, &[(1, None), (9_999, None), (30_000, None)]),
        (10_000, 10_000, ALL, &[(1, Some(0)), (10_000, Some(0))]),
    ];
    for (max_fee_bps, basis_points, maximum, amounts) in cases {
        println!("{max_fee_bps} {basis_points} {maximum}");
        let mut world = World::flagged(ALLOW_TRANSFER_FEE, max_fee_bps, |chain| fee_mint(chain, 0, 0));
        world.set_fee(0, basis_points, maximum);
        let mut grants = Vec::new();
        for (amount, _) in amounts {
            grants.push(world.grant(4 * amount, &[]));
        }
        world.after_period(0, 0);
        for ((beneficiary, grant), (amount, expected)) in grants.iter().zip(amounts) {
            world.settled(grant);
            let claim = world.claim_as_stranger(grant);
            let Some(received) = expected else {
                world.refuses(&claim, EarnoutError::FeeTooHigh);
                // The beneficiary takes what there is.
                let account = world.associated_address(&beneficiary.pubkey());
                let own = instructions::claim(&beneficiary.pubkey(), &world.token, grant, &account, None);
                let event = the_event!(world.run(own), GrantClaimed);
                assert_eq!(event.amount, *amount);
                continue;
            };
            let event = the_event!(world.run(claim), GrantClaimed);
            assert_eq!((event.amount, event.received), (*amount, *received));
        }
    }
}

#[test]
fn a_fee_raised_to_everything_stops_strangers_and_leaves_the_beneficiary_the_choice() {
    let mut world = World::flagged(ALLOW_TRANSFER_FEE, 100, |chain| fee_mint(chain, 0, 0));
    world.set_fee(0, 100, u64::MAX);
    // Epoch 2: 1 %.
    let [at_once, later, hostage] = [(); 3].map(|()| world.grant(100_000, &[10_000]));
    world.evaluate(0, 100);
    for (_, grant) in [&at_once, &later, &hostage] {
        world.settled(grant);
    }
    assert_eq!(world.books(), [1_000_000, 225_000, 75_000, 700_000]);
    world.announce_fee(10_000, u64::MAX);
    // Announced in epoch 2, in force from epoch 4 on.
    for (epoch, (_, grant)) in [(2, &at_once), (3, &later)] {
        world.chain.set_epoch(epoch);
        let event = the_event!(world.run(world.claim_as_stranger(grant)), GrantClaimed);
        assert_eq!((event.amount, event.received), (25_000, 24_750));
    }
    world.chain.set_epoch(4);
    let (beneficiary, grant) = (hostage.0.pubkey(), hostage.1);
    let account = world.associated_address(&beneficiary);
    world.refuses(&world.claim_as_stranger(&grant), EarnoutError::FeeTooHigh);
    let by = |world: &World, claimant: &Pubkey, amount, least| {
        instructions::claim_at_least(claimant, &world.token, &grant, &account, amount, least)
    };
    let stranger = world.key();
    let claims = [
        (by(&world, &beneficiary, None, 1), EarnoutError::ReceivedTooLittle),
        (
            by(&world, &beneficiary, Some(1_000), 1),
            EarnoutError::ReceivedTooLittle,
        ),
        (
            by(&world, &beneficiary, None, u64::MAX),
            EarnoutError::ReceivedTooLittle,
        ),
        (by(&world, &stranger, None, 1), EarnoutError::ReceivedTooLittle),
        (by(&world, &stranger, None, 0), EarnoutError::FeeTooHigh),
    ];
    for (claim, error) in claims {
        world.refuses(&claim, error);
    }
    assert_eq!(world.books(), [950_000, 225_000, 25_000, 700_000]);
    // Settling needs no transfer.
    world.evaluate(1, 0);
    world.settled(&grant);
    // Who accepts nothing gets nothing.
    let event = the_event!(world.run(by(&world, &beneficiary, Some(1_000), 0)), GrantClaimed);
    assert_eq!(
        (event.amount, event.received, event.plan_owed, event.vault_balance),
        (1_000, 0, 24_000, 949_000)
    );
    assert_eq!((world.chain.balance(&account), world.withheld(&account)), (0, 1_000));

    // 5 % is still too much for others: of 24,000, 22,800 arrive.
    world.set_fee(4, 500, u64::MAX);
    world.refuses(&world.claim_as_stranger(&grant), EarnoutError::FeeTooHigh);
    world.refuses(&by(&world, &beneficiary, None, 22_801), EarnoutError::ReceivedTooLittle);
    world.refuses(
        &by(&world, &beneficiary, Some(14_000), 13_301),
        EarnoutError::ReceivedTooLittle,
    );
    let event = the_event!(world.run(by(&world, &beneficiary, Some(14_000), 13_300)), GrantClaimed);
    assert_eq!(
        (event.amount, event.received, event.plan_owed),
        (14_000, 13_300, 10_000)
    );

    // And 1 % is the limit again.
    world.set_fee(6, 100, u64::MAX);
    world.refuses(&by(&world, &stranger, None, 9_901), EarnoutError::ReceivedTooLittle);
    let event = the_event!(world.run(by(&world, &stranger, None, 9_900)), GrantClaimed);
    assert_eq!((event.amount, event.received, event.plan_owed), (10_000, 9_900, 0));
    assert_eq!(
        (world.chain.balance(&account), world.withheld(&account)),
        (23_200, 1_800)
    );
}

#[test]
fn a_plan_is_closed_to_the_end_with_fees_withheld_in_its_vault() {
    // Fee at the end; whether the surplus is withdrawn before; what the closing sends and what of it arrives.
    for (basis_points, withdrawn_first, amount, received) in [
        (0, false, 975, 975),
        // 24.375 rounds up.
        (250, false, 975, 950),
        (10_000, false, 975, 0),
        (0, true, 0, 0),
        (250, true, 0, 0),
        (10_000, true, 0, 0),
    ] {
        println!("{basis_points} {withdrawn_first}");
        let mut world = World::with_mint(TokenProgram::Token2022, |chain| fee_mint(chain, 250, u64::MAX));
        let args = CreatePlanArgs {
            token_flags: ALLOW_TRANSFER_FEE,
            ..terms()
        };
        world.token.plan = world.active_plan(args, &[kpi("revenue", Scope::Shared)], 1_000);
        let (vault, mint, treasury) = (world.plan().vault, world.token.mint, world.treasury);
        assert_eq!(world.withheld(&vault), 25);
        world.set_fee(0, basis_points, u64::MAX);
        if withdrawn_first {
            let event = the_event!(world.run(world.withdraw_surplus(None)), SurplusWithdrawn);
            assert_eq!(event.amount, 975);
        }
        let close = world.close_plan();
        world.refuses(
            &changed(&close, &mint, |meta| meta.is_writable = false),
            AnchorError::ConstraintMut,
        );
        let had = world.chain.balance(&treasury);
        let event = the_event!(world.run(close), PlanClosed);
        assert_eq!((event.amount, event.received), (amount, received));
        assert_eq!(world.chain.balance(&treasury), had + received);
        assert_eq!(world.chain.account(&vault), None);
        assert_eq!(world.withheld(&mint), 25);
        // Every unit that left the source is found again.
        assert_eq!(
            world.chain.balance(&treasury) + world.withheld(&treasury) + world.withheld(&mint),
            1_000
        );
        let authority = world.chain.fee_payer().pubkey();
        let take = transfer_fee::instruction::withdraw_withheld_tokens_from_mint;
        let had = world.chain.balance(&treasury);
        world.run(take(&TOKEN_2022, &mint, &treasury, &authority, &[]).unwrap());
        assert_eq!(world.chain.balance(&treasury), had + 25);
    }
}

#[test]
fn without_a_fee_the_least_to_receive_is_the_amount() {
    for program in TOKEN_PROGRAMS {
        let mut world = World::active(program, terms(), &[kpi("revenue", Scope::Shared)], 1_000_000);
        let (beneficiary, grant) = settled(&mut world);
        let (account, stranger) = (world.associated_address(&beneficiary), world.key());
        let claim = |world: &World, claimant: &Pubkey, amount, least| {
            instructions::claim_at_least(claimant, &world.token, &grant, &account, amount, least)
        };
        world.refuses(
            &claim(&world, &beneficiary, Some(1_000), 1_001),
            EarnoutError::ReceivedTooLittle,
        );
        world.run(claim(&world, &beneficiary, Some(1_000), 1_000));
        world.refuses(&claim(&world, &stranger, None, 74_001), EarnoutError::ReceivedTooLittle);
        world.run(claim(&world, &stranger, None, 74_000));
        assert_eq!(world.chain.balance(&account), 75_000);
    }
}

// Transfer hook.

#[test]
fn a_hook_without_a_program_changes_nothing() {
    let mut world = World::flagged(ALLOW_TRANSFER_HOOK, 0, |chain| hook_mint(chain, None));
    let (beneficiary, grant) = settled(&mut world);
    world.run(world.claim_as_stranger(&grant));
    world.run(world.withdraw_surplus(None));
    let account = world.associated_address(&beneficiary);
    assert_eq!(world.chain.balance(&account), 75_000);
    assert_eq!(world.books(), [300_000, 300_000, 0, 0]);
}

#[test]
fn a_hook_is_called_with_the_accounts_it_asks_for_in_every_transfer() {
    let mut world = World::flagged(ALLOW_TRANSFER_HOOK, 0, |chain| hook_mint(chain, None));
    let (read, written) = (world.key(), world.key());
    let wanted = [
        Extra::Rules,
        Extra::At(AccountMeta::new_readonly(read, false)),
        Extra::At(AccountMeta::new(written, false)),
    ];
    world.install_hook(&wanted);
    world.rule_hook(Mode::Count);
    let all = world.hook_accounts(&wanted);
    let mut counted = (0, 0);
    // With everything it passes; with a right or an account less it does not.
    let mut passes = |world: &mut World, instruction: Instruction, amount: u64| {
        world.breaks(&instruction, "MissingAccount");
        let with = |accounts: &[AccountMeta]| instructions::with_hook_accounts(instruction.clone(), accounts);
        let without = |left_out: usize| {
            let mut accounts = all.clone();
            accounts.remove(left_out);
            with(&accounts)
        };
        // Accounts that the list names, by seeds and by address, and the list itself.
        for left_out in [0, 1, 2] {
            world.breaks(&without(left_out), "Custom(2724315840)");
        }
        // The program; and the list, without which the token program calls the hook with nothing that the list names.
        world.breaks(&without(3), "MissingAccount");
        world.breaks(&without(4), "NotEnoughAccountKeys");
        // The right to write.
        for writable in [hook::rules_address(&world.token.mint), written] {
            let readonly = changed(&with(&all), &writable, |meta| meta.is_writable = false);
            world.breaks(&readonly, "PrivilegeEscalation");
        }
        let receipt = world.run(with(&all));
        let called = format!("Program {} invoke [3]", hook::ID);
        assert_eq!(receipt.logs.iter().filter(|line| **line == called).count(), 1);
        counted = (counted.0 + 1, counted.1 + amount);
        let rules = world.hook_rules();
        assert_eq!((rules.calls, rules.amount, rules.signatures), (counted.0, counted.1, 0));
    };
    let fund = world.fund(1_000);
    passes(&mut world, fund, 1_000);
    let (beneficiary, grant) = settled(&mut world);
    let claim = world.claim_as_stranger(&grant);
    passes(&mut world, claim, 75_000);
    let account = world.associated_address(&beneficiary);
    assert_eq!(world.chain.balance(&account), 75_000);
    let withdraw = world.withdraw_surplus(Some(26_000));
    passes(&mut world, withdraw, 26_000);
    assert_eq!(world.books(), [900_000, 300_000, 0, 600_000]);

    // Nothing more is earned, and the plan is closed with 900,000 in its vault.
    wind_up(&mut world, &[grant]);
    assert_eq!(world.books(), [900_000, 0, 0, 900_000]);
    world.run(world.close_attestation(0, 0));
    world.run(world.close_grant(&grant));
    let vault = world.plan().vault;
    let close = world.close_plan();
    passes(&mut world, close, 900_000);
    assert_eq!(world.chain.account(&vault), None);
    assert_eq!(world.chain.balance(&world.treasury), 926_000);
}

#[test]
fn a_selective_hook_lets_the_beneficiary_find_a_way_and_takes_nothing_from_anyone() {
    let mut world = World::flagged(ALLOW_TRANSFER_HOOK, 0, |chain| hook_mint(chain, None));
    let wanted = [Extra::Rules];
    world.install_hook(&wanted);
    let (beneficiary, grant) = settled(&mut world);
    let books = world.books();
    assert_eq!(books, [1_000_000, 300_000, 75_000, 625_000]);
    let all = world.hook_accounts(&wanted);
    let hooked = |instruction| instructions::with_hook_accounts(instruction, &all);
    let [account, other] = [
        world.associated_address(&beneficiary),
        world.token_account(&beneficiary),
    ];
    let claim = |to: &Pubkey, amount| hooked(instructions::claim(&beneficiary, &world.token, &grant, to, amount));
    let (all_of_it, elsewhere) = (claim(&account, None), claim(&other, Some(5_000)));
    let [small, large] = [10_000, 10_001].map(|amount| claim(&account, Some(amount)));
    let strangers = hooked(world.claim_as_stranger(&grant));
    let (fund, withdraw) = (hooked(world.fund(10_001)), hooked(world.withdraw_surplus(None)));
    let custom = |code: u32| format!("Custom({code})");

    // One destination only: the beneficiary names it, the others wait.
    world.rule_hook(Mode::OnlyTo(other));
    for refused in [&all_of_it, &strangers, &withdraw, &fund] {
        world.breaks(refused, &custom(hook::WRONG_DESTINATION));
    }
    assert_eq!(world.books(), books);
    world.run(elsewhere);
    assert_eq!(world.books(), [995_000, 300_000, 70_000, 625_000]);

    // Small amounts only: the beneficiary takes parts.
    world.rule_hook(Mode::AtMost(10_000));
    for refused in [&large, &strangers, &withdraw, &fund] {
        world.breaks(refused, &custom(hook::TOO_MUCH));
    }
    world.run(small);
    assert_eq!(world.books(), [985_000, 300_000, 60_000, 625_000]);

    // And all the rest, once it lets it pass.
    world.rule_hook(Mode::Pass);
    world.run(strangers);
    world.run(withdraw);
    assert_eq!(world.books(), [300_000, 300_000, 0, 0]);
    assert_eq!(
        (world.chain.balance(&account), world.chain.balance(&other)),
        (70_000, 5_000)
    );
}

#[test]
fn a_hook_that_hungers_for_signatures_gets_none_and_takes_nothing() {
    let mut world = World::flagged(ALLOW_TRANSFER_HOOK, 0, |chain| hook_mint(chain, None));
    let (thief, bystander) = (world.key(), world.key());
    let (beneficiary, grant) = settled(&mut world);
    let authority = world.authority.pubkey();
    let account = world.associated_address(&beneficiary);
    let own = instructions::claim(&beneficiary, &world.token, &grant, &account, Some(1_000));
    let calls = [
        (own, beneficiary),
        (world.claim_as_stranger(&grant), bystander),
        (world.fund(500), authority),
        (world.withdraw_surplus(Some(20_000)), authority),
    ];
    for (instruction, caller) in calls {
        // Its list wants the signature of somebody who has signed the transaction, and this account may be written.
        let wanted = [
            Extra::Rules,
            Extra::At(AccountMeta::new(caller, true)),
            Extra::At(AccountMeta::new(thief, false)),
            Extra::At(AccountMeta::new_readonly(system_program::ID, false)),
        ];
        world.install_hook(&wanted);
        let hooked = instructions::with_hook_accounts(instruction, &world.hook_accounts(&wanted));
        for (mode, word) in [
            (Mode::WantsSignature, format!("Custom({})", hook::NO_SIGNATURE)),
            // Lamports of the caller, and tokens in the name of the plan or of the funder.
            (Mode::TakesLamports, "PrivilegeEscalation".to_owned()),
            (Mode::TakesTwice, "PrivilegeEscalation".to_owned()),
        ] {
            world.rule_hook(mode);
            let (books, had) = (world.books(), world.lamports(&thief));
            world.breaks(&hooked, &word);
            assert_eq!((world.books(), world.lamports(&thief)), (books, had));
        }
        // The same list without the hunger: nobody's signature is among what it gets.
        world.rule_hook(Mode::Count);
        world.run(hooked);
        let rules = world.hook_rules();
        assert_eq!((rules.calls, rules.signatures), (1, 0));
    }
    assert_eq!(world.books(), [905_500, 300_000, 0, 605_500]);

    // Called by anyone directly it gets them: it is a real thief.
    let extra = [
        AccountMeta::new(hook::rules_address(&world.token.mint), false),
        AccountMeta::new(authority, true),
        AccountMeta::new(thief, false),
        AccountMeta::new_readonly(system_program::ID, false),
    ];
    let directly = hook::execute(&world.source, &world.token.mint, &account, &authority, 1, &extra);
    world.rule_hook(Mode::WantsSignature);
    world.run(directly.clone());
    world.rule_hook(Mode::TakesLamports);
    let had = world.lamports(&thief);
    world.run(directly);
    assert_eq!(world.lamports(&thief), had + 1);
}

#[test]
fn hook_accounts_are_passed_on_without_their_signatures() {
    let mut world = World::active(TokenProgram::Spl, terms(), &[kpi("revenue", Scope::Shared)], 1_000_000);
    let (beneficiary, grant) = settled(&mut world);
    // In the place of the token program one that logs who has signed what it is given, and refuses it unless all have.
    let memo = world.chain.account(&MEMO_PROGRAM).unwrap();
    let token_program = world.token.token_program;
    world.chain.replace(&token_program, memo);
    let (plan, authority, bystander, source) = (world.token.plan, world.authority.pubkey(), world.key(), world.source);
    let account = world.associated_address(&beneficiary);
    let own = instructions::claim(&beneficiary, &world.token, &grant, &account, Some(1_000));
    let cases = [
        (own, beneficiary, plan),
        (world.claim_as_stranger(&grant), world.chain.fee_payer().pubkey(), plan),
        (world.withdraw_surplus(Some(1)), authority, plan),
        (world.fund(1), bystander, authority),
    ];
    let named = |key: &Pubkey| AccountMeta::new(*key, true);
    let logged = |failure: Failure| -> Vec<String> {
        let lines = failure.logs.into_iter();
        let lines = lines.skip_while(|line| line != "Program log: Signed by:").skip(1);
        lines.take_while(|line| line.starts_with("Program log: ")).collect()
    };
    let line = |key: Pubkey| format!("Program log: {key}");
    for (instruction, caller, payer) in cases {
        // Both have signed the transaction and are named among the hook's accounts, as signers and writable.
        let accounts = [named(&caller), named(&bystander)];
        let with_signers = instructions::with_hook_accounts(instruction, &accounts);
        let failure = world.send(&[with_signers]).unwrap_err();
        // The only signature that reaches the token program is the one for the tokens that move.
        assert_eq!(logged(*failure), [line(payer)]);
    }
    // Given to it directly, they are seen.
    let transfer = world.transfer(&source, &account, &authority, 1);
    let directly = instructions::with_hook_accounts(transfer, &[named(&bystander)]);
    let failure = world.send(&[directly]).unwrap_err();
    assert_eq!(logged(*failure), [line(authority), line(bystander)]);
}

#[test]
fn g12_a_hook_that_fails_stops_transfers_and_nothing_else() {
    let mut world = World::flagged(ALLOW_TRANSFER_HOOK, 0, |chain| hook_mint(chain, None));
    let [(first, grant), (_, other)] = [(); 2].map(|()| world.grant(400_000, &[10_000]));
    world.evaluate(0, 75);
    world.settled(&grant);
    let nobody = Pubkey::new_from_array([3; 32]);
    let account = world.associated_address(&first.pubkey());
    world.install_hook(&[Extra::Rules]);
    world.rule_hook(Mode::Fail);
    for (hook, word) in [
        (hook::ID, "Custom(9001)"),
        // One wants signatures, two do not understand; ours cannot be entered twice; the last does not exist.
        (MEMO_PROGRAM, "MissingRequiredSignature"),
        (OLD_MEMO_PROGRAM, "Invalid"),
        (TokenProgram::Spl.id(), "Custom(12)"),
        (earnout::ID, "ReentrancyNotAllowed"),
        (nobody, "Program"),
    ] {
        println!("{hook}");
        world.set_hook(Some(hook));
        let own = instructions::claim(&first.pubkey(), &world.token, &grant, &account, Some(1));
        let transfers = [
            world.claim_as_stranger(&grant),
            own,
            world.fund(1),
            world.withdraw_surplus(None),
        ];
        for transfer in transfers {
            let accounts = if hook == hook::ID {
                world.hook_accounts(&[Extra::Rules])
            } else {
                vec![AccountMeta::new_readonly(hook, false)]
            };
            world.breaks(&instructions::with_hook_accounts(transfer.clone(), &accounts), word);
            if hook != earnout::ID {
                world.breaks(&transfer, "MissingAccount");
            }
        }
        assert_eq!(world.books(), [1_000_000, 700_000, 75_000, 225_000]);
    }
    // What needs no transfer goes on.
    world.settled(&other);
    world.evaluate(1, 100);
    world.settled(&grant);
    world.run(world.locks(&other, true));
    assert_eq!(world.books(), [1_000_000, 500_000, 250_000, 250_000]);
    // And nothing is lost once the hook is gone.
    world.set_hook(None);
    world.claim(&grant).unwrap();
    assert_eq!(world.chain.balance(&account), 175_000);
    assert_eq!(world.books(), [825_000, 500_000, 75_000, 250_000]);
}

#[test]
fn a_plan_without_tokens_is_closed_whatever_hook_or_freeze_stands_in_the_way() {
    for (flag, frozen) in [(ALLOW_TRANSFER_HOOK, false), (ALLOW_FREEZE_AUTHORITY, true)] {
        let mut world = World::flagged(flag, 0, |chain| {
            if frozen {
                let authority = chain.fee_payer().pubkey();
                chain.mint(TokenProgram::Token2022, 6, Some(&authority)).unwrap()
            } else {
                hook_mint(chain, None)
            }
        });
        let (vault, treasury) = (world.plan().vault, world.treasury);
        let close = world.close_plan();
        let stop = |world: &mut World| {
            if frozen {
                world.freeze(&vault, true);
            } else {
                world.set_hook(Some(earnout::ID));
            }
        };
        stop(&mut world);
        let word = if frozen { "Custom(17)" } else { "MissingAccount" };
        world.breaks(&close, word);
        if frozen {
            world.freeze(&vault, false);
        } else {
            world.set_hook(None);
        }
        world.run(world.withdraw_surplus(None));
        stop(&mut world);
        let event = the_event!(world.run(close), PlanClosed);
        assert_eq!((event.amount, event.received), (0, 0));
        assert_eq!(world.chain.account(&vault), None);
        assert_eq!(world.chain.balance(&treasury), 1_000_000);
    }
}

#[test]
fn accounts_for_a_hook_that_is_not_there_change_nothing() {
    for program in TOKEN_PROGRAMS {
        let mut world = World::active(program, terms(), &[kpi("revenue", Scope::Shared)], 1_000_000);
        let (beneficiary, grant) = settled(&mut world);
        let (bystander, owner) = (world.key(), world.treasury_owner);
        let accounts = [bystander, beneficiary, owner, world.token.plan].map(|key| AccountMeta::new(key, false));
        let claim = world.claim_as_stranger(&grant);
        for instruction in [claim, world.fund(1_000), world.withdraw_surplus(Some(26_000))] {
            world.run(instructions::with_hook_accounts(instruction, &accounts));
        }
        assert_eq!(world.books(), [900_000, 300_000, 0, 600_000]);
    }
}

#[test]
fn fee_hook_freeze_authority_and_memo_go_together() {
    use ExtensionType::*;
    let mut world = World::flagged(ALL_FLAGS, 100, |chain| {
        extended_mint(chain, &[TransferFeeConfig, TransferHook], |mint, authority| {
            let initialize = transfer_fee::instruction::initialize_transfer_fee_config;
            let fee = initialize(&TOKEN_2022, mint, Some(authority), None, 0, 0);
            let hook = transfer_hook::instruction::initialize(&TOKEN_2022, mint, Some(*authority), None);
            [vec![fee.unwrap(), hook.unwrap()], vec![]]
        })
    });
    let (beneficiary, grant) = settled(&mut world);
    let account = world.associated_address(&beneficiary);
    world.install_hook(&[Extra::Rules]);
    world.rule_hook(Mode::Count);
    world.set_fee(0, 100, u64::MAX);
    world.require_memos(&account, &beneficiary);
    let hook = world.hook_accounts(&[Extra::Rules]);
    let claim = |least| instructions::claim_at_least(&beneficiary, &world.token, &grant, &account, None, least);
    let whole = |claim| instructions::with_memo(instructions::with_hook_accounts(claim, &hook));
    let [too_much, right, lacks_memo] = [whole(claim(74_251)), whole(claim(74_250)), claim(74_250)];
    let other_order = instructions::with_hook_accounts(instructions::with_memo(claim(74_250)), &hook);
    assert_eq!(right, other_order);
    world.refuses(&too_much, EarnoutError::ReceivedTooLittle);
    world.breaks(&instructions::with_memo(lacks_memo.clone()), "MissingAccount");
    world.refuses(&instructions::with_hook_accounts(lacks_memo, &hook), TokenError::NoMemo);
    // 1 % of 75,000 is 750.
    let event = the_event!(world.run(right), GrantClaimed);
    assert_eq!((event.amount, event.received), (75_000, 74_250));
    assert_eq!((world.chain.balance(&account), world.withheld(&account)), (74_250, 750));
    let rules = world.hook_rules();
    assert_eq!((rules.calls, rules.amount, rules.signatures), (1, 75_000, 0));
    assert_eq!(world.books(), [925_000, 300_000, 0, 625_000]);
}

// Amounts for people.

#[test]
fn interest_and_multipliers_leave_raw_amounts_alone() {
    use ExtensionType::*;
    type Change = fn(&Pubkey, &Pubkey, i64) -> Instruction;
    let cases: [(ExtensionType, SetUp, Change); 2] = [
        (
            InterestBearingConfig,
            |mint, authority| {
                before(interest_bearing_mint::instruction::initialize(
                    &TOKEN_2022,
                    mint,
                    Some(*authority),
                    500,
                ))
            },
            |mint, authority, _| {
                interest_bearing_mint::instruction::update_rate(&TOKEN_2022, mint, authority, &[], i16::MAX).unwrap()
            },
        ),
        (
            ScaledUiAmount,
            |mint, authority| {
                before(scaled_ui_amount::instruction::initialize(
                    &TOKEN_2022,
                    mint,
                    Some(*authority),
                    2.0,
                ))
            },
            |mint, authority, now| {
                let update = scaled_ui_amount::instruction::update_multiplier;
                update(&TOKEN_2022, mint, authority, &[], 0.001, now).unwrap()
            },
        ),
    ];
    for (extension, set_up, change) in cases {
        println!("{extension:?}");
        let mut world = World::flagged(0, 0, |chain| extended_mint(chain, &[extension], set_up));
        let (beneficiary, grant) = settled(&mut world);
        let books = [1_000_000, 300_000, 75_000, 625_000];
        assert_eq!(world.books(), books);
        let authority = world.chain.fee_payer().pubkey();
        let update = change(&world.token.mint, &authority, world.chain.now());
        world.run(update);
        world.chain.set_time(LAST_DEADLINE - 1);
        assert_eq!(world.books(), books);
        let event = the_event!(world.run(world.claim_as_stranger(&grant)), GrantClaimed);
        assert_eq!((event.amount, event.received), (75_000, 75_000));
        let event = the_event!(world.run(world.withdraw_surplus(None)), SurplusWithdrawn);
        assert_eq!((event.amount, event.received), (625_000, 625_000));
        let event = the_event!(world.run(world.fund(7)), PlanFunded);
        assert_eq!((event.amount, event.received), (7, 7));
        let account = world.associated_address(&beneficiary);
        assert_eq!(world.chain.balance(&account), 75_000);
    }
}

// Destinations.

#[test]
fn a_destination_that_demands_memos_is_paid_with_one() {
    let mut world = World::active(
        TokenProgram::Token2022,
        terms(),
        &[kpi("revenue", Scope::Shared)],
        1_000_000,
    );
    let (beneficiary, grant) = settled(&mut world);
    let account = world.associated_address(&beneficiary);
    let (treasury, owner) = (world.treasury, world.treasury_owner);
    // The instruction without a memo is refused by the token program, that with another program by ours; a memo beside
    // the instruction is none directly before the transfer.
    let pays = |world: &mut World, instruction: Instruction, account: &Pubkey, received: u64| {
        world.refuses(&instruction, TokenError::NoMemo);
        let with_memo = instructions::with_memo(instruction.clone());
        for wrong in [OLD_MEMO_PROGRAM, system_program::ID, TOKEN_2022] {
            let mut wrongly = with_memo.clone();
            for meta in &mut wrongly.accounts {
                if meta.pubkey == MEMO_PROGRAM {
                    meta.pubkey = wrong;
                }
            }
            world.refuses(&wrongly, EarnoutError::WrongMemoProgram);
        }
        let memo = Instruction {
            program_id: MEMO_PROGRAM,
            accounts: vec![],
            data: b"beside".to_vec(),
        };
        assert_refused(world.send(&[memo, instruction]), TokenError::NoMemo);
        let had = world.chain.balance(account);
        let receipt = world.run(with_memo);
        assert_eq!(world.chain.balance(account), had + received);
        let memos = receipt.logs.iter().filter(|line| *line == "Program log: Earnout");
        assert_eq!(memos.count(), 1);
    };
    world.require_memos(&account, &beneficiary);
    let part = instructions::claim(&beneficiary, &world.token, &grant, &account, Some(5_000));
    pays(&mut world, part, &account, 5_000);
    let all = world.claim_as_stranger(&grant);
    pays(&mut world, all, &account, 70_000);

    // A memo that nobody asked for harms nobody.
    world.run(instructions::with_memo(world.withdraw_surplus(Some(5_000))));
    world.require_memos(&treasury, &owner);
    let withdraw = world.withdraw_surplus(Some(20_000));
    pays(&mut world, withdraw, &treasury, 20_000);
    wind_up(&mut world, &[grant]);
    world.run(world.close_attestation(0, 0));
    world.run(world.close_grant(&grant));
    let close = world.close_plan();
    pays(&mut world, close, &treasury, 900_000);

    // The demand can be taken back.
    let disable = memo_transfer::instruction::disable_required_transfer_memos;
    world.run(disable(&TOKEN_2022, &treasury, &owner, &[]).unwrap());
    let transfer = world.transfer(&world.source, &treasury, &world.authority.pubkey(), 1);
    world.run(transfer);
}

#[test]
fn guards_and_fixed_owners_of_destinations_do_no_harm() {
    use ExtensionType::*;
    let mut world = World::active(
        TokenProgram::Token2022,
        terms(),
        &[kpi("revenue", Scope::Shared)],
        1_000_000,
    );
    let (beneficiary, grant) = settled(&mut world);
    let account = world.associated_address(&beneficiary);
    let plain = world.token_account(&beneficiary);
    let (treasury, owner) = (world.treasury, world.treasury_owner);
    world.guard(&account, &beneficiary);
    world.guard(&treasury, &owner);
    assert!(world.has_extension(&account, ImmutableOwner) && world.has_extension(&account, CpiGuard));
    assert!(!world.has_extension(&plain, ImmutableOwner));
    let claim = |world: &World, destination: &Pubkey, amount| {
        instructions::claim(&beneficiary, &world.token, &grant, destination, amount)
    };
    world.run(claim(&world, &account, Some(1_000)));
    world.run(claim(&world, &plain, Some(2_000)));
    world.run(world.claim_as_stranger(&grant));
    world.run(world.withdraw_surplus(Some(25_000)));
    assert_eq!(
        [account, plain, treasury].map(|address| world.chain.balance(&address)),
        [73_000, 2_000, 25_000]
    );
    // It is funding out of a guarded account that the token program refuses: the owner signed, but through a program.
    let (source, authority) = (world.source, world.authority.pubkey());
    world.guard(&source, &authority);
    world.refuses(&world.fund(1), TokenError::CpiGuardTransferBlocked);
    world.run(cpi_guard::instruction::disable_cpi_guard(&TOKEN_2022, &source, &authority, &[]).unwrap());
    world.run(world.fund(1));
    assert_eq!(world.books(), [900_001, 300_000, 0, 600_001]);
}

// A mint that is another one now.

#[test]
fn a_mint_made_again_with_another_extension_is_refused_wherever_mints_are_checked() {
    let mut world = World::new(TokenProgram::Token2022);
    let mut cases = Vec::new();
    for (_, extensions, set_up) in forbidden() {
        let mint = extended_mint(&mut world.chain, extensions, set_up);
        cases.push((mint, ALL_FLAGS, EarnoutError::ExtensionNotAllowed));
    }
    let fee = fee_mint(&mut world.chain, 0, 0);
    let hook = hook_mint(&mut world.chain, None);
    for (mint, flag, error) in [
        (fee, ALLOW_TRANSFER_FEE, EarnoutError::TransferFeeNotAllowed),
        (hook, ALLOW_TRANSFER_HOOK, EarnoutError::TransferHookNotAllowed),
        (
            world.freezable_mint(),
            ALLOW_FREEZE_AUTHORITY,
            EarnoutError::FreezeAuthorityNotAllowed,
        ),
    ] {
        cases.push((mint, ALL_FLAGS & !flag, error));
    }
    let original = world.chain.account(&world.token.mint).unwrap();
    let beneficiary = world.key();
    for (number, (mint, token_flags, error)) in (0u64..).zip(cases) {
        println!("{number} {token_flags}");
        let args = |plan_id| CreatePlanArgs {
            plan_id,
            token_flags,
            ..terms()
        };
        let draft = world.draft_plan(args(2 * number));
        let activate = world.in_plan(draft, |world| {
            world.add_kpis(&[kpi("revenue", Scope::Shared)]);
            world.activate()
        });
        world.token.plan = world.active_plan(args(2 * number + 1), &[kpi("revenue", Scope::Shared)], 1_000);
        let create = world.create_grant(world.grant_args(&beneficiary, 100, &[10_000]));
        let checked = [activate, world.fund(1), create];
        world.replace_mint(&mint);
        for instruction in &checked {
            world.refuses(instruction, error);
        }
        let mint = world.token.mint;
        world.chain.replace(&mint, original.clone());
        for instruction in checked {
            world.run(instruction);
        }
    }
}

#[test]
fn raw_amounts_rule_when_a_mint_changes_its_decimals_too() {
    // The program moves raw amounts with the decimals that the mint has at that moment; none are in the terms.
    let mut world = World::active(
        TokenProgram::Token2022,
        terms(),
        &[kpi("revenue", Scope::Shared)],
        1_000_000,
    );
    let (beneficiary, grant) = settled(&mut world);
    let mint = world.token.mint;
    let mut changed = world.chain.account(&mint).unwrap();
    assert_eq!(changed.data[44], 6);
    changed.data[44] = 9;
    world.chain.replace(&mint, changed);
    // Who still believes in six is refused by the token program.
    let transfer = world.transfer(&world.source, &world.treasury, &world.authority.pubkey(), 1);
    world.refuses(&transfer, TokenError::MintDecimalsMismatch);
    world.run(world.claim_as_stranger(&grant));
    let account = world.associated_address(&beneficiary);
    assert_eq!(world.chain.balance(&account), 75_000);
    assert_eq!(world.books(), [925_000, 300_000, 0, 625_000]);
}

// Freeze authority.

#[test]
fn g12_what_is_frozen_is_not_moved_and_what_is_thawed_is() {
    for program in TOKEN_PROGRAMS {
        let mut world = World::freezable(program);
        let (beneficiary, grant) = settled(&mut world);
        let (vault, account) = (world.plan().vault, world.associated_address(&beneficiary));
        let (source, treasury) = (world.source, world.treasury);
        let own = instructions::claim(&beneficiary, &world.token, &grant, &account, Some(1));
        let claims = [world.claim_as_stranger(&grant), own];
        let (fund, withdraw) = (world.fund(1), world.withdraw_surplus(Some(1)));
        let (funds, withdrawals) = ([fund], [withdraw]);
        let cases: [(Pubkey, &[Instruction]); 6] = [
            (vault, &claims),
            (vault, &funds),
            (vault, &withdrawals),
            (account, &claims),
            (source, &funds),
            (treasury, &withdrawals),
        ];
        for (frozen, instructions) in cases {
            world.freeze(&frozen, true);
            for instruction in instructions {
                world.refuses(instruction, TokenError::AccountFrozen);
            }
            world.freeze(&frozen, false);
        }
        // A frozen vault keeps nobody from settling.
        world.freeze(&vault, true);
        world.evaluate(1, 100);
        world.settled(&grant);
        assert_eq!(world.books(), [1_000_000, 200_000, 175_000, 625_000]);
        world.freeze(&vault, false);
        world.run(world.claim_as_stranger(&grant));
        assert_eq!(world.chain.balance(&account), 175_000);

        // Nor can a plan be closed out of a frozen vault or into a frozen treasury.
        wind_up(&mut world, &[grant]);
        for period in [0, 1] {
            world.run(world.close_attestation(0, period));
        }
        world.run(world.close_grant(&grant));
        let close = world.close_plan();
        for frozen in [vault, treasury] {
            world.freeze(&frozen, true);
            world.refuses(&close, TokenError::AccountFrozen);
            world.freeze(&frozen, false);
        }
        world.run(close);
        assert_eq!(world.chain.balance(&treasury), 825_000);
    }
}

#[test]
fn a_stranger_cannot_turn_surplus_into_fees() {
    let mut world = World::flagged(ALLOW_TRANSFER_FEE, 100, |chain| fee_mint(chain, 0, 0));
    world.set_fee(0, 10_000, u64::MAX);
    let deadline = world.plan().last_deadline().unwrap();
    world.chain.set_time(deadline);
    let (stranger, treasury) = (world.key(), world.treasury);
    let withdraw = instructions::withdraw_surplus(&stranger, &world.token, &treasury, None);
    world.refuses(&withdraw, EarnoutError::FeeTooHigh);
    let payer = world.plan().rent_payer;
    let close = instructions::close_plan(&stranger, &world.token, &treasury, &payer);
    world.refuses(&close, EarnoutError::FeeTooHigh);
    // The authority decides for itself.
    let authority = world.authority.pubkey();
    world.run(instructions::withdraw_surplus(
        &authority,
        &world.token,
        &treasury,
        None,
    ));
}

#[test]
fn nobody_eats_up_a_claim_in_crumbs() {
    let mut world = World::flagged(ALLOW_TRANSFER_FEE, 100, |chain| fee_mint(chain, 0, 0));
    world.set_fee(0, 100, u64::MAX);
    let (_, grant) = world.grant(4, &[]);
    world.after_period(0, 0);
    world.settled(&grant);
    let crumb = world.claim_as_stranger(&grant);
    world.refuses(&crumb, EarnoutError::FeeTooHigh);
}

#[test]
fn strangers_take_nothing_in_crumbs_on_which_the_fee_is_rounded_up_from_less_than_a_unit() {
    // A basis point of 2 is rounded up to 1: half of it, which this plan allows.
    let mut world = World::flagged(ALLOW_TRANSFER_FEE, 5_000, |chain| fee_mint(chain, 0, 0));
    world.set_fee(0, 1, u64::MAX);
    let cases = [
        (1, Err(EarnoutError::FeeTooHigh)),
        (2, Err(EarnoutError::FeeOnCrumbs)),
        (1_000, Err(EarnoutError::FeeOnCrumbs)),
        (9_999, Err(EarnoutError::FeeOnCrumbs)),
        (10_000, Ok(9_999)),
        (10_001, Ok(9_999)),
    ];
    let grants = cases.map(|(amount, _)| world.grant(4 * amount, &[]));
    world.after_period(0, 0);
    for ((beneficiary, grant), (amount, expected)) in grants.iter().zip(cases) {
        world.settled(grant);
        let claim = world.claim_as_stranger(grant);
        match expected {
            Ok(received) => {
                let event = the_event!(world.run(claim), GrantClaimed);
                assert_eq!((event.amount, event.received), (amount, received));
            }
            Err(error) => {
                world.refuses(&claim, error);
                // Who is paid decides for itself.
                let account = world.associated_address(&beneficiary.pubkey());
                world.run(instructions::claim(
                    &beneficiary.pubkey(),
                    &world.token,
                    grant,
                    &account,
                    None,
                ));
            }
        }
    }

    // Nor the surplus, whose amount a stranger chooses.
    for period in 1..4 {
        world.after_windows(period);
        for (_, grant) in &grants {
            world.settled(grant);
        }
    }
    let (stranger, treasury) = (world.key(), world.treasury);
    let withdraw = |by: &Pubkey, amount| instructions::withdraw_surplus(by, &world.token, &treasury, Some(amount));
    let [crumb, enough] = [9_999, 10_000].map(|amount| withdraw(&stranger, amount));
    let own = withdraw(&world.authority.pubkey(), 9_999);
    world.refuses(&crumb, EarnoutError::FeeOnCrumbs);
    world.run(enough);
    world.run(own);
}
