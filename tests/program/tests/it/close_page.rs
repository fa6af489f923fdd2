//! `close_page`: when, for whose lamports, and that what was closed stays closed.

use earnout_tests::{leaving::donations, *};

/// A plan of these terms with an individual KPI and so many grants that depend on it.
fn world(args: CreatePlanArgs, grants: usize) -> (World, Vec<Pubkey>) {
    let kpis = [kpi("tasks", Scope::Individual)];
    let mut world = World::active(TokenProgram::Spl, args, &kpis, 1_000_000);
    let grants = (0..grants).map(|_| world.grant(4_000, &[5_000]).1).collect();
    (world, grants)
}

/// The same, with the values of `periods` reported and final.
fn reported(args: CreatePlanArgs, grants: usize, periods: u16) -> (World, Vec<Pubkey>) {
    let (mut world, grants) = world(args, grants);
    for period in 0..periods {
        world.after_period(period, 0);
        for (first, page) in (0..).step_by(64).zip(grants.chunks(64)) {
            for oracle in [0, 1] {
                world.run(world.upload(oracle, 0, period, first, &vec![50; page.len()]));
            }
        }
    }
    world.after_windows(periods - 1);
    (world, grants)
}

#[test]
fn rent_returns_to_who_paid_it_and_the_rest_goes_to_the_treasury() {
    let rent = world(terms(), 2).0.chain.rent(page_space(3, 2));
    for (before, after) in donations(rent) {
        let (mut world, grants) = world(terms(), 2);
        let plan_key = world.token.plan;
        let address = pda::page(&plan_key, 0, 0, 0);
        if before > 0 {
            world.chain.give(&address, before);
        }
        world.after_period(0, 0);
        let payer = world.key();
        let mut upload = world.upload(0, 0, 0, 1, &[5]);
        upload.accounts[0].pubkey = payer;
        let had = world.lamports(&payer);
        world.run(upload);
        let paid = had - world.lamports(&payer);
        assert_eq!(paid, rent.saturating_sub(before));
        if after > 0 {
            world.chain.give(&address, after);
        }
        world.after_windows(0);
        for grant in &grants {
            world.settled(grant);
        }
        let mut plan = world.plan();
        let close = world.close_page(0, 0, &grants[0]);
        let receipt = world.closed(close, &address, &payer, paid);
        plan.open_pages = 0;
        plan.event_sequence += 1;
        assert_eq!(world.plan(), plan);
        let expected = PageClosed {
            plan: plan_key,
            time: world.chain.now(),
            sequence: plan.event_sequence,
            kpi: 0,
            period: 0,
            page: 0,
        };
        assert_eq!(the_event!(receipt, PageClosed), expected);
    }
}

#[test]
fn g7_a_page_is_needed_until_every_grant_of_the_period_has_settled() {
    // Also until those of other pages have: the plan counts the grants of a period, not those of a page.
    let (mut world, grants) = reported(terms(), 66, 2);
    let [first, last] = [grants[0], grants[65]];
    let closings = [(0, first), (0, last), (1, first), (1, last)];
    let closings = closings.map(|(period, grant)| world.close_page(0, period, &grant));
    assert_eq!(world.plan().open_pages, 4);
    for grant in &grants {
        world.refuses(&closings[0], EarnoutError::StillNeeded);
        world.refuses(&closings[1], EarnoutError::StillNeeded);
        world.settled(grant);
    }
    world.settled(&first);
    world.refuses(&closings[2], EarnoutError::StillNeeded);
    let event = the_event!(world.run(closings[1].clone()), PageClosed);
    assert_eq!((event.period, event.page), (0, 1));
    world.run(closings[0].clone());
    // Twice.
    world.refuses(&closings[0], AnchorError::AccountOwnedByWrongProgram);
    for grant in &grants[1..] {
        world.settled(grant);
    }
    for closing in &closings[2..] {
        world.run(closing.clone());
    }
    assert_eq!(world.plan().open_pages, 0);
}

#[test]
fn g7_a_page_outlives_its_grants_and_can_still_be_closed() {
    for donated in [0, 1_000_000_000] {
        let (mut world, grants) = reported(terms(), 2, 4);
        let closings = [0, 1, 2, 3].map(|period| world.close_page(0, period, &grants[0]));
        for grant in &grants {
            for _ in 0..4 {
                world.settled(grant);
            }
            world.claim(grant).unwrap();
            world.run(world.close_grant(grant));
            if donated > 0 {
                world.chain.give(grant, donated);
            }
        }
        for closing in closings {
            world.run(closing);
        }
        assert_eq!((world.plan().open_pages, world.plan().open_grants), (0, 0));
    }
}

#[test]
fn g3_neither_a_vote_nor_a_dispute_brings_a_closed_page_back() {
    // Without an arbiter a value counts as soon as it is resolved; with one, a day later: both inside the window.
    let long = CreatePlanArgs {
        attest_secs: 5 * 86_400,
        ..terms()
    };
    for (args, wait) in [(undisputed_terms(), 0), (long, DAY)] {
        let last = i64::from(args.attest_secs) + i64::from(args.challenge_secs);
        let (mut world, grants) = world(args, 2);
        let beneficiary = world.grant_state(&grants[0]).beneficiary;
        world.after_period(0, 0);
        for oracle in [0, 1] {
            world.run(world.upload(oracle, 0, 0, 0, &[50, 60]));
        }
        world.after_period(0, wait);
        world.settled(&grants[0]);
        let close = world.close_page(0, 0, &grants[0]);
        world.refuses(&close, EarnoutError::StillNeeded);
        world.settled(&grants[1]);
        for oracle in 0..3 {
            let upload = world.upload(oracle, 0, 0, 0, &[99]);
            assert_refused(world.send(&[close.clone(), upload]), EarnoutError::NothingToEvaluate);
        }
        world.run(close);
        for oracle in 0..3 {
            world.refuses(&world.upload(oracle, 0, 0, 0, &[99]), EarnoutError::NothingToEvaluate);
        }
        for secs in [wait, last - DAY, last - 1] {
            world.after_period(0, secs);
            let by_authority = world.disputes_of_page(0, 0, 0, 0b11);
            let by_beneficiary = world.disputes(&beneficiary, 0, 0, Some(grants[0]));
            for dispute in [by_authority, by_beneficiary] {
                world.refuses(&dispute, EarnoutError::NothingToEvaluate);
            }
        }
    }
}

#[test]
fn a_page_that_a_dispute_made_is_closed_like_any_other() {
    let (mut world, grants) = world(terms(), 2);
    let authority = world.authority.pubkey();
    world.after_period(0, DAY);
    let had = world.lamports(&authority);
    world.run(world.disputes_of_page(0, 0, 0, 0b11));
    let paid = had - world.lamports(&authority);
    assert_eq!(paid, world.chain.rent(page_space(3, 2)));
    world.after_windows(0);
    let close = world.close_page(0, 0, &grants[1]);
    world.refuses(&close, EarnoutError::StillNeeded);
    for grant in &grants {
        world.settled(grant);
    }
    let address = pda::page(&world.token.plan, 0, 0, 0);
    world.closed(close, &address, &authority, paid);
}

#[test]
fn g13_wrong_accounts_are_refused() {
    let (mut world, grants) = reported(terms(), 1, 1);
    let plan = world.token.plan;
    world.settled(&grants[0]);
    let stranger = world.key();
    let other = {
        world.chain.set_time(GENESIS);
        let args = CreatePlanArgs { plan_id: 2, ..terms() };
        world.active_plan(args, &[kpi("tasks", Scope::Individual)], 1_000)
    };
    world.after_windows(0);
    let vault = world.plan().vault;
    let page = pda::page(&plan, 0, 0, 0);
    let payer = world.page(0, 0, &grants[0]).head().rent_payer;
    let close = world.close_page(0, 0, &grants[0]);
    let cases = [
        (plan, other, EarnoutError::WrongPage),
        (payer, stranger, EarnoutError::WrongRentPayer),
        (world.treasury, stranger, EarnoutError::WrongTreasury),
        (world.treasury, world.source, EarnoutError::WrongTreasury),
    ];
    world.refuses_swapped(&close, &cases);
    let cases = [
        (page, plan, AnchorError::AccountDiscriminatorMismatch),
        (page, grants[0], AnchorError::AccountDiscriminatorMismatch),
        (page, vault, AnchorError::AccountOwnedByWrongProgram),
        (plan, grants[0], AnchorError::AccountDiscriminatorMismatch),
    ];
    world.refuses_swapped(&close, &cases);
    world.refuses_broken(&close, &[], &[plan, page, payer, world.treasury]);
    let close = world.refuses_wrong_treasury(&close);
    world.run(close);
}
