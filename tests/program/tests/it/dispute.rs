//! `dispute`: who may object to what, until when, and what that holds up.

use {
    anchor_lang::Discriminator,
    bytemuck::Zeroable,
    earnout::state::Disputer,
    earnout_tests::{keys::*, *},
};

const END: i64 = START + PERIOD;

#[test]
fn a_beneficiary_or_the_authority_disputes_a_value() {
    for kpi in [0, 1] {
        for by_authority in [false, true] {
            let mut disputable = Disputable::new(kpi, AGREED);
            let (plan, address) = (disputable.world.token.plan, disputable.evaluation());
            let now = disputable.since + 5;
            disputable.world.chain.set_time(now);
            let (disputer, grant, dispute) = if by_authority {
                let authority = disputable.world.authority.pubkey();
                (authority, None, disputable.by_authority())
            } else {
                (
                    disputable.beneficiary,
                    Some(disputable.grant),
                    disputable.by_beneficiary(),
                )
            };
            let before = disputable.standing(0);
            let world = &mut disputable.world;
            let account = world.chain.account(&address).unwrap().data;
            let mut grant_expected = world.grant_state(&disputable.grant);
            if !by_authority {
                (grant_expected.undecided_disputes, grant_expected.disputes_until) = (1, now + RULING);
            }
            let receipt = world.changes_plan(dispute, |_| {});
            let expected = if kpi == 0 {
                let mut expected = earnout_sdk::wire::accounts::attestation(&account).unwrap();
                expected.disputed_at = now;
                expected.disputer = disputer;
                expected.disputer_grant = grant.unwrap_or_default();
                expected.reason_hash = REASON;
                [Attestation::DISCRIMINATOR, bytemuck::bytes_of(&expected)].concat()
            } else {
                let mut expected = PageState::read(&account).unwrap();
                let by = if by_authority {
                    Disputer::Authority
                } else {
                    Disputer::Beneficiary
                };
                expected.edit().dispute(0, by, now).unwrap();
                assert_eq!(expected.view().disputer(0).unwrap(), by);
                expected.to_bytes()
            };
            assert_eq!(world.chain.account(&address).unwrap().data, expected);
            assert_eq!(world.grant_state(&disputable.grant), grant_expected);
            let event = ValueDisputed {
                plan,
                time: now,
                sequence: world.plan().event_sequence,
                kpi,
                period: 0,
                grants: (kpi == 1).then_some(PageGrants { first: 0, mask: 1 }),
                disputer,
                grant,
                reason_hash: REASON,
                rent: None,
            };
            assert_eq!(the_event!(receipt, ValueDisputed), event);
            let expected = earnout::state::Standing {
                disputed_at: Some(now),
                ..before
            };
            assert_eq!(disputable.standing(0), expected);
        }
    }
}

#[test]
fn a_dispute_of_nobodys_vote_makes_the_attestation_or_page() {
    // Lamports at the address, as anyone can send them, count towards the rent and hinder nothing.
    for (kpi, sent) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let mut disputable = Disputable::new(kpi, SILENT);
        let (plan, address, now) = (disputable.world.token.plan, disputable.evaluation(), disputable.since);
        let payer = disputable.world.key();
        let (beneficiary, grant) = (disputable.beneficiary, disputable.grant);
        let world = &mut disputable.world;
        world.chain.give(&address, sent);
        let mut dispute = world.disputes(&beneficiary, kpi, 0, Some(grant));
        dispute.accounts[0].pubkey = payer;
        let payer_had = world.lamports(&payer);
        let receipt = world.changes_plan(dispute, |plan| {
            (plan.open_attestations, plan.open_pages) = (u32::from(kpi == 0), u32::from(kpi == 1));
        });
        let space = if kpi == 0 {
            space::<Attestation>()
        } else {
            page_space(3, 1)
        };
        let lamports = world.chain.rent(space) - sent;
        assert_eq!(payer_had - world.lamports(&payer), lamports);
        let expected = if kpi == 0 {
            let mut expected = Attestation::zeroed();
            expected.version = 1;
            let seeds: &[&[u8]] = &[b"attestation", plan.as_ref(), &[kpi], &[0, 0]];
            (_, expected.bump) = Pubkey::find_program_address(seeds, &earnout::ID);
            expected.plan = plan;
            expected.rent_payer = payer;
            expected.rent_paid = lamports;
            expected.oracle_count = 3;
            expected.threshold = 2;
            expected.disputed_at = now;
            expected.disputer = beneficiary;
            expected.disputer_grant = grant;
            expected.reason_hash = REASON;
            [Attestation::DISCRIMINATOR, bytemuck::bytes_of(&expected)].concat()
        } else {
            let mut expected = world.empty_page(1, 0, &payer, lamports);
            expected.edit().dispute(0, Disputer::Beneficiary, now).unwrap();
            expected.to_bytes()
        };
        assert_eq!(world.chain.account(&address).unwrap().data, expected);
        let event = ValueDisputed {
            plan,
            time: now,
            sequence: world.plan().event_sequence,
            kpi,
            period: 0,
            grants: (kpi == 1).then_some(PageGrants { first: 0, mask: 1 }),
            disputer: beneficiary,
            grant: Some(grant),
            reason_hash: REASON,
            rent: Some(Rent { payer, lamports }),
        };
        assert_eq!(the_event!(receipt, ValueDisputed), event);

        // Nobody votes any more, and the plan's default counts once the arbiter had its time.
        world.refuses(
            &world.vote(0, kpi, 0, (kpi == 1).then_some(grant), 100),
            EarnoutError::VotingClosed,
        );
        world.chain.set_time(now + RULING);
        assert_eq!(world.settled(&grant).scores[usize::from(kpi)], 2_500);
    }
}

// Several grants of a page.

/// Grants of 1,000 that depend on the individual KPI alone, after the end of period 0.
fn page_of(grants: usize) -> (World, Vec<Pubkey>) {
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 10_000_000);
    let grants = (0..grants).map(|_| world.grant(1_000, &[0, 10_000]).1).collect();
    world.after_period(0, 0);
    (world, grants)
}

#[test]
fn the_authority_disputes_a_whole_page_at_once() {
    for voted in [false, true] {
        let (mut world, grants) = page_of(64);
        if voted {
            for oracle in [0, 1] {
                world.run(world.upload(oracle, 1, 0, 0, &[70; 64]));
            }
        } else {
            world.after_period(0, DAY);
        }
        let before: Vec<Grant> = grants.iter().map(|grant| world.grant_state(grant)).collect();
        let now = world.chain.now();
        let dispute = world.disputes_of_page(1, 0, 0, u64::MAX);
        let receipt = world.changes_plan(dispute, |plan| plan.open_pages = 1);
        let event = the_event!(receipt, ValueDisputed);
        let all = PageGrants {
            first: 0,
            mask: u64::MAX,
        };
        assert_eq!(
            (event.grants, event.grant, event.rent.is_some()),
            (Some(all), None, !voted)
        );
        let page = world.page(1, 0, &grants[0]);
        for slot in 0..64 {
            let standing = page.view().standing(slot).unwrap();
            assert_eq!((standing.disputed_at, standing.ruling), (Some(now), None));
            assert_eq!(page.view().disputer(slot).unwrap(), Disputer::Authority);
        }
        assert_eq!(
            grants.iter().map(|grant| world.grant_state(grant)).collect::<Vec<_>>(),
            before
        );
        let settle = world.settle_instruction(&grants[63]);
        world.chain.set_time(now + RULING - 1);
        world.refuses(&settle, EarnoutError::NotFinal);
        world.after_windows(0);
        assert_eq!(
            world.settled(&grants[63]).scores,
            [0, if voted { 7_000 } else { 2_500 }]
        );
    }
}

#[test]
fn what_is_disputed_already_is_left_out_and_all_of_it_is_refused() {
    let (mut world, grants) = page_of(5);
    for oracle in [0, 1] {
        world.run(world.upload(oracle, 1, 0, 0, &[70; 5]));
    }
    let beneficiary = world.grant_state(&grants[2]).beneficiary;
    world.run(world.disputes(&beneficiary, 1, 0, Some(grants[2])));
    world.after_period(0, 10);
    // From the second grant on: bits are counted from the first that is named.
    let event = the_event!(world.run(world.disputes_of_page(1, 0, 1, 0b0111)), ValueDisputed);
    assert_eq!(event.grants, Some(PageGrants { first: 1, mask: 0b0101 }));
    let page = world.page(1, 0, &grants[0]);
    let disputed = [None, Some(END + 10), Some(END), Some(END + 10), None];
    for (slot, expected) in (0..).zip(disputed) {
        assert_eq!(page.view().standing(slot).unwrap().disputed_at, expected);
    }
    assert_eq!(page.view().disputer(2).unwrap(), Disputer::Beneficiary);
    for (first, mask) in [(1, 0b111), (2, 1), (3, 1), (0, 0b1010)] {
        world.refuses(
            &world.disputes_of_page(1, 0, first, mask),
            EarnoutError::AlreadyDisputed,
        );
    }
    let again = world.disputes(&beneficiary, 1, 0, Some(grants[2]));
    world.refuses(&again, EarnoutError::AlreadyDisputed);
    world.run(world.disputes_of_page(1, 0, 0, 0b11111));
}

#[test]
fn one_grant_whose_window_is_not_open_refuses_the_whole_dispute() {
    let (mut world, grants) = page_of(3);
    // The first is agreed on early, the second a little later, the third not at all.
    world.run(world.upload(0, 1, 0, 0, &[70, 80, 90]));
    world.run(world.upload(1, 1, 0, 0, &[70]));
    world.after_period(0, 100);
    world.run(world.upload(1, 1, 0, 1, &[80]));
    world.refuses(&world.disputes_of_page(1, 0, 0, 0b111), EarnoutError::NotDisputable);
    world.after_period(0, CHALLENGE);
    world.refuses(&world.disputes_of_page(1, 0, 0, 0b011), EarnoutError::ChallengeClosed);
    world.run(world.disputes_of_page(1, 0, 1, 0b1));
    world.after_period(0, DAY);
    world.refuses(&world.disputes_of_page(1, 0, 0, 0b101), EarnoutError::ChallengeClosed);
    // The second is disputed already and no hindrance.
    let event = the_event!(world.run(world.disputes_of_page(1, 0, 1, 0b11)), ValueDisputed);
    assert_eq!(event.grants, Some(PageGrants { first: 1, mask: 0b10 }));
    assert_eq!(world.settled(&grants[0]).scores, [0, 7_000]);
}

#[test]
fn only_grants_of_the_page_are_disputed() {
    let (mut world, _) = page_of(66);
    for oracle in [0, 1] {
        world.run(world.upload(oracle, 1, 0, 0, &[70; 64]));
    }
    world.after_period(0, DAY);
    for (first, mask) in [
        // None, and across the edge of a page.
        (0, 0),
        (0, u64::MAX << 63 << 1),
        (1, 1 << 63),
        (63, 0b11),
        // More than were made when the page was, or is, created.
        (64, 0b100),
        (66, 1),
        (128, 1),
        (u32::MAX, 1),
    ] {
        world.refuses(&world.disputes_of_page(1, 0, first, mask), EarnoutError::WrongGrants);
    }
    world.run(world.disputes_of_page(1, 0, 64, 0b11));
    for (first, mask) in [(64, 0b100), (65, 0b10)] {
        world.refuses(&world.disputes_of_page(1, 0, first, mask), EarnoutError::WrongGrants);
    }
}

#[test]
fn grants_are_named_for_an_individual_kpi_and_for_no_other() {
    let (mut world, grants) = page_of(2);
    world.after_period(0, DAY);
    let authority = world.authority.pubkey();
    let dispute = |kpi, grants, grant: Option<Pubkey>| {
        let args = DisputeArgs {
            kpi,
            period: 0,
            grants,
            reason_hash: REASON,
        };
        instructions::dispute(&authority, &authority, &world.token.plan, grant, args)
    };
    let one = Some(PageGrants { first: 0, mask: 1 });
    let two = Some(PageGrants { first: 0, mask: 3 });
    let cases = [
        dispute(0, one, None),
        dispute(1, None, None),
        // With a grant's account it is about that grant alone.
        dispute(1, two, Some(grants[0])),
        dispute(1, one, Some(grants[1])),
    ];
    for case in cases {
        world.refuses(&case, EarnoutError::WrongSubject);
    }
    let stranger = world.key();
    let by_stranger = swapped(&world.disputes_of_page(1, 0, 0, 3), &authority, &stranger);
    world.refuses(&by_stranger, EarnoutError::NotEntitled);
    world.run(world.disputes_of_page(1, 0, 0, 3));
}

#[test]
fn what_an_oracle_voted_on_its_own_grant_opens_no_challenge() {
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 10_000_000);
    let oracle = world.oracles[0].pubkey();
    let (_, own) = world.grant_with(|args| {
        (args.allocation, args.beneficiary) = (1_000, oracle);
        (args.time_weight, args.kpi_weights) = (0, vec![0, 10_000]);
    });
    world.after_period(0, 0);
    // It agrees with one other.
    world.run(world.upload(1, 1, 0, 0, &[100]));
    world.run(world.upload(0, 1, 0, 0, &[100]));
    let authority = world.authority.pubkey();
    let disputes = [oracle, authority].map(|disputer| world.disputes(&disputer, 1, 0, Some(own)));
    for dispute in &disputes {
        world.refuses(dispute, EarnoutError::NotDisputable);
    }
    world.after_period(0, DAY);
    world.run(disputes[1].clone());
    world.run(world.rules(1, 0, Some(own), &[], Some(10)));
    assert_eq!(world.settled(&own).scores, [0, 1_000]);
}

// When.

#[test]
fn what_stands_is_disputable_from_its_first_second_until_the_window_closes() {
    for standing in &STANDINGS {
        for at in [0, 1, CHALLENGE - 1] {
            let mut disputable = Disputable::new(0, standing);
            disputable.world.chain.set_time(disputable.since + at);
            disputable.world.run(disputable.by_beneficiary());
        }
        for late in [CHALLENGE, CHALLENGE + 1, PERIOD] {
            let mut disputable = Disputable::new(0, standing);
            disputable.world.chain.set_time(disputable.since + late);
            for dispute in [disputable.by_beneficiary(), disputable.by_authority()] {
                disputable.world.refuses(&dispute, EarnoutError::ChallengeClosed);
            }
        }
    }
}

#[test]
fn nothing_is_disputable_before_it_stands() {
    // Up to the vote that agrees, or the end of voting.
    for standing in &STANDINGS[1..] {
        let mut disputable = Disputable::new(0, standing);
        for early in [GENESIS, boundary(1) - 1, boundary(1), disputable.since - 1] {
            disputable.world.chain.set_time(early);
            for dispute in [disputable.by_beneficiary(), disputable.by_authority()] {
                disputable.world.refuses(&dispute, EarnoutError::NotDisputable);
            }
        }
    }
    let mut disputable = Disputable::new(0, SILENT);
    disputable.world.after_period(0, 50);
    disputable.world.attest(0, 0, 0, None, 70).unwrap();
    let dispute = disputable.by_beneficiary();
    disputable.world.refuses(&dispute, EarnoutError::NotDisputable);
    disputable.world.attest(1, 0, 0, None, 70).unwrap();
    disputable.world.run(dispute);
}

#[test]
fn a_dispute_is_made_once() {
    for ruling in [None, Some(None), Some(Some(30))] {
        let mut disputable = Disputable::new(0, AGREED);
        let (first, second) = (disputable.by_beneficiary(), disputable.by_authority());
        disputable.world.run(first.clone());
        if let Some(value) = ruling {
            disputable.world.run(disputable.ruling(value));
        }
        // Who disputed in vain is told so; otherwise it is the dispute that stands in the way.
        let barred = ruling == Some(None);
        let again = if barred {
            EarnoutError::DisputeBarred
        } else {
            EarnoutError::AlreadyDisputed
        };
        disputable.world.chain.set_time(disputable.since + RULING);
        disputable.world.refuses(&first, again);
        disputable.world.refuses(&second, EarnoutError::AlreadyDisputed);
    }
}

#[test]
fn without_an_arbiter_there_are_no_disputes() {
    let mut world = World::active(TokenProgram::Spl, undisputed_terms(), &disputable_kpis(), 1_000_000);
    let (beneficiary, grant) = world.grant(400_000, &[5_000, 5_000]);
    world.after_period(0, 10);
    world.resolve(0, 0, None, 70);
    let disputes = |world: &World, kpi| {
        [
            world.disputes(&beneficiary.pubkey(), kpi, 0, Some(grant)),
            world.disputes(&world.authority.pubkey(), kpi, 0, Some(grant)),
        ]
    };
    for dispute in disputes(&world, 0) {
        world.refuses(&dispute, EarnoutError::ChallengeClosed);
    }
    // Nobody votes on the other KPI.
    for (secs, error) in [
        (DAY - 1, EarnoutError::NotDisputable),
        (DAY, EarnoutError::ChallengeClosed),
    ] {
        world.after_period(0, secs);
        for dispute in disputes(&world, 1) {
            world.refuses(&dispute, error);
        }
    }
    assert_eq!(world.settled(&grant).scores, [7_000, 2_500]);
}

// What a dispute holds up.

#[test]
fn g7_what_is_disputed_is_settled_as_it_stands_once_the_arbiter_had_its_time() {
    for standing in &STANDINGS {
        // Disputed in the first and in the last second, so that the ruling's time and nothing else decides.
        for at in [0, CHALLENGE - 1] {
            let mut disputable = Disputable::new(0, standing);
            let disputed_at = disputable.since + at;
            disputable.world.chain.set_time(disputed_at);
            disputable.world.run(disputable.by_beneficiary());
            for early in [disputed_at, disputed_at + RULING - 1] {
                disputable.world.chain.set_time(early);
                disputable.is_not_final();
            }
            assert!(disputed_at + RULING < boundary(1) + DAY + CHALLENGE + RULING);
            disputable.world.chain.set_time(disputed_at + RULING);
            let event = disputable.world.settled(&disputable.grant);
            assert_eq!(event.scores, [standing.score, 0], "{standing:?}");
            assert_eq!(event.earned, u64::from(standing.score) * 10, "{standing:?}");
        }
    }
}

#[test]
fn g12_a_dispute_of_one_grants_value_holds_up_no_other() {
    let mut disputable = Disputable::new(1, SILENT);
    disputable.world.chain.set_time(GENESIS);
    let (_, other) = disputable.world.grant(400_000, &[0, 10_000]);
    disputable.world.after_period(0, DAY);
    let before = disputable.world.chain.account(&other);
    disputable.world.after_period(0, DAY + CHALLENGE - 1);
    disputable.world.run(disputable.by_beneficiary());
    assert_eq!(disputable.world.chain.account(&other), before);
    disputable.world.after_period(0, DAY + CHALLENGE);
    disputable.world.settled(&other);
    disputable.is_not_final();
}

#[test]
fn g3_a_settled_period_is_not_disputed() {
    let mut disputable = Disputable::new(0, AGREED);
    disputable.world.chain.set_time(GENESIS);
    let (other, unsettled) = disputable.world.grant(4, &[10_000]);
    disputable.world.chain.set_time(disputable.since + CHALLENGE);
    let dispute = disputable.by_beneficiary();
    disputable.world.settled(&disputable.grant);
    // Even if the clock went back.
    for now in [disputable.since + CHALLENGE, disputable.since] {
        disputable.world.chain.set_time(now);
        disputable.world.refuses(&dispute, EarnoutError::NothingToEvaluate);
    }
    // The other one is late, but not barred by what the first has settled.
    let late = disputable.world.disputes(&other.pubkey(), 0, 0, Some(unsettled));
    disputable.world.chain.set_time(disputable.since + CHALLENGE);
    disputable.world.refuses(&late, EarnoutError::ChallengeClosed);
    disputable.world.settled(&unsettled);
    for dispute in [late, disputable.by_authority()] {
        disputable.world.refuses(&dispute, EarnoutError::NothingToEvaluate);
    }
}

// Who, and what.

#[test]
fn only_the_authority_and_beneficiaries_dispute() {
    for kpi in [0, 1] {
        let mut disputable = Disputable::new(kpi, AGREED);
        disputable.world.chain.set_time(GENESIS);
        let (other, _) = disputable.world.grant(400, &[5_000, 5_000]);
        disputable.world.chain.set_time(disputable.since);
        let authority = disputable.world.authority.pubkey();
        let (by_beneficiary, by_authority) = (disputable.by_beneficiary(), disputable.by_authority());
        // The authority may name the beneficiary's grant, anyone else with it or without is refused.
        let without = swapped(&by_beneficiary, &disputable.grant, &earnout::ID);
        for (dispute, role) in [(&by_authority, &authority), (&by_beneficiary, &disputable.beneficiary)] {
            for key in [
                other.pubkey(),
                disputable.world.arbiter.pubkey(),
                disputable.world.oracles[0].pubkey(),
                disputable.world.treasury_owner,
                disputable.world.key(),
            ] {
                let world = &mut disputable.world;
                world.refuses(&swapped(dispute, role, &key), EarnoutError::NotEntitled);
            }
        }
        disputable.world.refuses(&without, EarnoutError::NotEntitled);
        let named = swapped(&by_beneficiary, &disputable.beneficiary, &authority);
        let receipt = disputable.world.run(named);
        let event = the_event!(receipt, ValueDisputed);
        assert_eq!((event.disputer, event.grant), (authority, None));
    }
}

#[test]
fn a_beneficiary_needs_weight_on_the_kpi_and_something_to_lose_in_the_period() {
    let mut disputable = Disputable::new(0, SILENT);
    let authority = disputable.world.authority.pubkey();
    disputable.world.chain.set_time(GENESIS);
    // Tranches 0, 1, 0, 1.
    let (poor, zero) = disputable.world.grant(2, &[5_000, 5_000]);
    let (timed, weightless) = disputable.world.grant(400, &[]);
    let (late, later) = disputable.world.grant_with(|args| {
        (args.first_period, args.periods, args.allocation) = (1, 2, 400);
        (args.time_weight, args.kpi_weights) = (0, vec![5_000, 5_000]);
    });
    let cases = [
        (&poor, zero, 0, EarnoutError::NotEntitled),
        (&timed, weightless, 0, EarnoutError::WrongSubject),
        (&late, later, 0, EarnoutError::WrongSubject),
        (&late, later, 3, EarnoutError::WrongSubject),
    ];
    for kpi in [0, 1] {
        for (beneficiary, grant, period, error) in &cases {
            disputable.world.after_period(*period, DAY);
            let dispute = disputable
                .world
                .disputes(&beneficiary.pubkey(), kpi, *period, Some(*grant));
            disputable.world.refuses(&dispute, *error);
            // The authority names no grant that has nothing to do with it either.
            if *grant != zero {
                disputable.world.refuses(
                    &swapped(&dispute, &beneficiary.pubkey(), &authority),
                    EarnoutError::WrongSubject,
                );
            }
        }
        disputable.world.after_period(1, DAY);
        disputable
            .world
            .run(disputable.world.disputes(&poor.pubkey(), kpi, 1, Some(zero)));
    }
}

#[test]
fn a_grant_that_ended_disputes_what_it_covers_and_no_more() {
    for (end, period, refused) in [
        // The first unit of the cut tranche is earned after 25.92 s.
        (boundary(1) + 26, 1, None),
        (boundary(1) + 25, 1, Some(EarnoutError::NotEntitled)),
        (boundary(1), 1, Some(EarnoutError::WrongSubject)),
        (boundary(1), 0, None),
    ] {
        let mut disputable = Disputable::new(0, SILENT);
        let (beneficiary, grant, plan) = (disputable.beneficiary, disputable.grant, disputable.world.token.plan);
        disputable.world.chain.set_time(GENESIS);
        disputable.world.grant(4, &[10_000]);
        disputable.world.chain.set_time(end);
        disputable
            .world
            .run(instructions::resign_grant(&beneficiary, &plan, &grant));
        disputable.world.after_period(period, DAY);
        let dispute = disputable.world.disputes(&beneficiary, 0, period, Some(grant));
        match refused {
            Some(error) => disputable.world.refuses(&dispute, error),
            None => drop(disputable.world.run(dispute)),
        }
    }
}

#[test]
fn kpi_and_period_must_exist() {
    let mut disputable = Disputable::new(0, AGREED);
    let dispute = |disputable: &Disputable, kpi, period| {
        let world = &disputable.world;
        world.disputes(&disputable.beneficiary, kpi, period, Some(disputable.grant))
    };
    for kpi in [2, 15, 16, u8::MAX] {
        disputable
            .world
            .refuses(&dispute(&disputable, kpi, 0), EarnoutError::UnknownKpi);
    }
    for (period, error) in [
        (4, EarnoutError::UnknownPeriod),
        (119, EarnoutError::UnknownPeriod),
        (120, EarnoutError::UnknownPeriod),
        (u16::MAX, EarnoutError::UnknownPeriod),
    ] {
        disputable.world.refuses(&dispute(&disputable, 0, period), error);
    }
}

#[test]
fn a_draft_and_a_closed_plan_have_no_disputes() {
    let mut disputable = Disputable::new(0, AGREED);
    let dispute = disputable.by_beneficiary();
    for status in [PlanStatus::Draft, PlanStatus::Closed] {
        disputable.world.refuses_while(status, &dispute);
    }
    disputable.world.run(dispute);
}

#[test]
fn g13_only_the_attestation_or_page_of_this_kpi_period_and_grant_is_accepted() {
    for (kpi, standing) in [(0, AGREED), (1, AGREED), (0, SILENT), (1, SILENT)] {
        let mut disputable = Disputable::new(kpi, standing);
        let (plan, evaluation) = (disputable.world.token.plan, disputable.evaluation());
        let (other_plan, foreign) = disputable
            .world
            .twin(&disputable_kpis(), &disputable.beneficiary, &[5_000, 5_000]);
        disputable.world.chain.set_time(GENESIS);
        let (_, second) = disputable.world.grant(400, &[5_000, 5_000]);
        // What exists elsewhere, resolved.
        disputable.world.after_period(0, 0);
        disputable.world.in_plan(other_plan, |world| {
            world.resolve(0, 0, None, 70);
            world.resolve(1, 0, Some(foreign), 70);
        });
        disputable.world.resolve(1 - kpi, 0, (kpi == 0).then_some(second), 70);
        disputable.world.chain.set_time(disputable.since);
        let dispute = disputable.by_beneficiary();
        let index = (kpi == 1).then_some(0);
        let world = &mut disputable.world;
        let elsewhere = [
            pda::evaluation(&plan, 1 - kpi, 0, (kpi == 0).then_some(0)),
            pda::evaluation(&other_plan, kpi, 0, index),
            pda::evaluation(&plan, kpi, 1, index),
            pda::page(&plan, 1, 0, 1),
            other_bump_address(&plan, kpi, 0, index),
            Pubkey::new_from_array([3; 32]),
            world.source,
            second,
            pda::vault(&plan),
        ];
        let error = if kpi == 0 {
            EarnoutError::WrongAttestation
        } else {
            EarnoutError::WrongPage
        };
        let cases = elsewhere.map(|wrong| (evaluation, wrong, error));
        world.refuses_swapped(&dispute, &cases);
        let cases = [
            (disputable.grant, foreign, EarnoutError::WrongGrant),
            (plan, other_plan, EarnoutError::WrongGrant),
        ];
        world.refuses_swapped(&dispute, &cases);
        world.refuses(
            &swapped(&dispute, &disputable.grant, &world.source.clone()),
            AnchorError::AccountOwnedByWrongProgram,
        );
        world.refuses(
            &swapped(&dispute, &system_program::ID, &world.token.token_program.clone()),
            AnchorError::InvalidProgramId,
        );
        world.refuses_broken(&dispute, &[disputable.beneficiary], &[plan, evaluation]);
        world.run(dispute);
    }
}

#[test]
fn g13_payer_and_disputer_both_sign() {
    let mut disputable = Disputable::new(0, SILENT);
    let world = &mut disputable.world;
    let (payer, plan) = (world.key(), world.token.plan);
    let args = DisputeArgs {
        kpi: 0,
        period: 0,
        grants: None,
        reason_hash: REASON,
    };
    let dispute = instructions::dispute(&payer, &disputable.beneficiary, &plan, Some(disputable.grant), args);
    world.refuses_broken(&dispute, &[payer, disputable.beneficiary], &[payer, plan]);
    world.run(dispute);
}
