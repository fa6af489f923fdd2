//! `rule`: what the arbiter may decide, when, and what that is worth.

use {
    anchor_lang::Discriminator,
    earnout_core::quorum::Ruling,
    earnout_tests::{keys::*, *},
};

#[test]
fn the_arbiter_sets_a_value_or_lets_it_stand() {
    for kpi in [0, 1] {
        for (by_authority, value) in [(false, None), (false, Some(30)), (true, None), (true, Some(30))] {
            let mut disputable = Disputable::new(kpi, AGREED);
            let (dispute, ruling, disputer) = if by_authority {
                let ruling = disputable.ruling_for_authority(value);
                (disputable.by_authority(), ruling, None)
            } else {
                let ruling = disputable.ruling(value);
                (disputable.by_beneficiary(), ruling, Some(disputable.grant))
            };
            let (address, grant, now) = (disputable.evaluation(), disputable.grant, disputable.since + 9);
            let world = &mut disputable.world;
            world.run(dispute);
            world.chain.set_time(now);
            let before = world.chain.account(&address).unwrap().data;
            let receipt = world.changes_grant(ruling, &grant, |grant| {
                if disputer.is_some() {
                    grant.undecided_disputes = 0;
                }
                if disputer.is_some() && value.is_none() {
                    grant.flags |= DISPUTE_BARRED;
                }
            });
            let expected = if kpi == 0 {
                let mut expected = earnout_sdk::wire::accounts::attestation(&before).unwrap();
                expected.ruling = if value.is_some() { 2 } else { 1 };
                expected.ruling_value = value.unwrap_or_default();
                expected.ruled_at = now;
                expected.ruling_hash = RULING_REASON;
                [Attestation::DISCRIMINATOR, bytemuck::bytes_of(&expected)].concat()
            } else {
                let mut expected = PageState::read(&before).unwrap();
                expected.edit().rule(0, value).unwrap();
                let ruling = expected.view().standing(0).unwrap().ruling;
                assert_eq!(ruling, Some(value.map_or(Ruling::Uphold, Ruling::Value)));
                expected.to_bytes()
            };
            assert_eq!(world.chain.account(&address).unwrap().data, expected);
            let event = DisputeRuled {
                plan: world.token.plan,
                time: now,
                sequence: world.plan().event_sequence,
                kpi,
                period: 0,
                grants: (kpi == 1).then_some(PageGrants { first: 0, mask: 1 }),
                value,
                reason_hash: RULING_REASON,
                disputed_for: disputer.into_iter().collect(),
            };
            assert_eq!(the_event!(receipt, DisputeRuled), event);
        }
    }
}

// What it is worth.

#[test]
fn g9_a_ruling_counts_at_once_and_pays_what_it_says() {
    for kpi in [0, 1] {
        for standing in &STANDINGS {
            for (value, score) in [
                (None, standing.score),
                (Some(30), 3_000),
                (Some(0), 0),
                (Some(100), 10_000),
            ] {
                let mut disputable = Disputable::new(kpi, standing);
                disputable.world.run(disputable.by_beneficiary());
                disputable.is_not_final();
                disputable.world.run(disputable.ruling(value));
                // In the same second, whatever the other windows are.
                let event = disputable.world.settled(&disputable.grant);
                assert_eq!(event.scores[usize::from(kpi)], score, "{standing:?} {value:?}");
                assert_eq!(event.earned, u64::from(score) * 10, "{standing:?} {value:?}");
                if score > 0 {
                    disputable.world.claim(&disputable.grant).unwrap();
                }
                let account = disputable.world.associated_address(&disputable.beneficiary);
                assert_eq!(disputable.world.chain.balance(&account), u64::from(score) * 10);
            }
        }
    }
}

#[test]
fn a_ruling_on_a_shared_kpi_counts_for_every_grant() {
    let mut disputable = Disputable::new(0, SILENT);
    disputable.world.chain.set_time(GENESIS);
    let (_, other) = disputable.world.grant(400, &[10_000]);
    disputable.world.chain.set_time(disputable.since);
    disputable.world.run(disputable.by_authority());
    disputable.world.run(disputable.ruling_for_authority(Some(50)));
    assert_eq!(disputable.world.settled(&disputable.grant).earned, 50_000);
    assert_eq!(disputable.world.settled(&other).earned, 50);
}

#[test]
fn a_dispute_holds_up_the_pool_of_its_period_and_the_ruling_shares_it() {
    // Tranches of 100,000 each. The second grant earns all of it, the first 70 % unless the arbiter says otherwise.
    for (value, bonuses) in [
        (None, [12_352, 17_647]),
        (Some(40), [17_142, 42_857]),
        (Some(100), [0, 0]),
    ] {
        let args = CreatePlanArgs {
            unearned_policy: UnearnedPolicy::Redistribute,
            ..disputable_terms()
        };
        let mut world = World::active(TokenProgram::Spl, args, &disputable_kpis(), 2_000_000);
        let [(first, disputed), (_, other)] = [(), ()].map(|()| world.grant(400_000, &[0, 10_000]));
        world.after_period(0, 0);
        world.resolve(1, 0, Some(disputed), 70);
        world.resolve(1, 0, Some(other), 100);
        world.after_period(0, CHALLENGE - 1);
        world.run(world.disputes(&first.pubkey(), 1, 0, Some(disputed)));
        world.after_period(0, CHALLENGE);
        world.settled(&other);
        let collect = instructions::collect_bonus(&world.token.plan, &other, 0);
        world.refuses(&collect, EarnoutError::PeriodNotSettled);
        world.run(world.rules(1, 0, Some(disputed), &[disputed], value));
        world.settled(&disputed);
        let collected = [disputed, other].map(|grant| world.collected(&grant, 0).bonus);
        assert_eq!(collected, bonuses, "{value:?}");
    }
}

#[test]
fn g4_the_order_of_disputes_rulings_and_settlements_does_not_matter() {
    let results = [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]].map(|order| {
        let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 2_000_000);
        let grants = [(); 3].map(|()| world.grant(400_000, &[0, 10_000]));
        world.after_period(0, 0);
        for (number, (_, grant)) in (1..).zip(&grants) {
            world.resolve(1, 0, Some(*grant), 20 * number);
        }
        for index in order {
            let (beneficiary, grant) = &grants[index];
            world.run(world.disputes(&beneficiary.pubkey(), 1, 0, Some(*grant)));
        }
        // Set to 90, upheld, and not ruled.
        for index in order.into_iter().rev().filter(|index| *index < 2) {
            let (_, grant) = &grants[index];
            let value = (index == 0).then_some(90);
            world.run(world.rules(1, 0, Some(*grant), &[*grant], value));
        }
        world.after_period(0, RULING);
        for index in order {
            world.settled(&grants[index].1);
        }
        (
            grants.map(|(_, grant)| world.grant_state(&grant).earned),
            world.surplus(),
        )
    });
    for result in results {
        assert_eq!(result, ([90_000, 40_000, 60_000], 2_000_000 - 900_000 - 190_000));
    }
}

// Several grants of a page.

/// Grants of 1,000 on which two oracles agree that the individual KPI is 70, in period 0.
fn page_of(grants: usize) -> (World, Vec<Pubkey>) {
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 10_000_000);
    let grants: Vec<Pubkey> = (0..grants).map(|_| world.grant(1_000, &[0, 10_000]).1).collect();
    world.after_period(0, 0);
    for oracle in [0, 1] {
        world.run(world.upload(oracle, 1, 0, 0, &vec![70; grants.len()]));
    }
    (world, grants)
}

#[test]
fn g9_the_arbiter_rules_on_a_whole_page_at_once() {
    for value in [None, Some(30)] {
        let (mut world, grants) = page_of(64);
        world.run(world.disputes_of_page(1, 0, 0, u64::MAX));
        let all = PageGrants {
            first: 0,
            mask: u64::MAX,
        };
        let ruling = world.rules_on(1, 0, Some(all), &[], value);
        let event = the_event!(world.changes_plan(ruling, |_| {}), DisputeRuled);
        assert_eq!(
            (event.grants, event.value, event.disputed_for),
            (Some(all), value, vec![])
        );
        let score = if value.is_some() { 3_000 } else { 7_000 };
        for grant in [0, 31, 63] {
            assert_eq!(world.settled(&grants[grant]).scores, [0, score]);
        }
    }
}

#[test]
fn of_several_rulings_only_grants_whose_beneficiaries_disputed_are_named_and_barred() {
    for value in [None, Some(30)] {
        let (mut world, grants) = page_of(5);
        for index in [1, 3] {
            let beneficiary = world.grant_state(&grants[index]).beneficiary;
            world.run(world.disputes(&beneficiary, 1, 0, Some(grants[index])));
        }
        world.run(world.disputes_of_page(1, 0, 0, 0b01111));
        let named = [grants[1], grants[3]];
        let on = |world: &World, mask, named: &[Pubkey]| {
            world.rules_on(1, 0, Some(PageGrants { first: 0, mask }), named, value)
        };
        // Their grants, all of them, in order, and no other.
        for (wrong, error) in [
            (&[][..], EarnoutError::WrongAccountCount),
            (&named[..1], EarnoutError::WrongAccountCount),
            (&[grants[3], grants[1]], EarnoutError::WrongGrant),
            (&[grants[0], grants[1]], EarnoutError::WrongGrant),
            (&[grants[1], grants[1]], EarnoutError::WrongGrant),
            (&[grants[1], grants[3], grants[4]], EarnoutError::WrongAccountCount),
        ] {
            world.refuses(&on(&world, 0b1111, wrong), error);
        }
        // The last was not disputed.
        world.refuses(&on(&world, 0b11111, &named), EarnoutError::NotDisputed);
        let event = the_event!(world.run(on(&world, 0b1011, &named)), DisputeRuled);
        assert_eq!(event.disputed_for, named);
        for (index, grant) in grants.iter().enumerate() {
            let state = world.grant_state(grant);
            let barred = value.is_none() && named.contains(grant);
            assert_eq!(
                (state.has(DISPUTE_BARRED), state.undecided_disputes),
                (barred, 0),
                "{index}"
            );
        }
        // One that is decided refuses the whole ruling.
        world.refuses(&on(&world, 0b0101, &[]), EarnoutError::AlreadyRuled);
        world.run(on(&world, 0b0100, &[]));
        let score = if value.is_some() { 3_000 } else { 7_000 };
        for grant in &grants[..4] {
            assert_eq!(world.settled(grant).scores, [0, score]);
        }
        world.refuses(&world.settle_instruction(&grants[4]), EarnoutError::NotFinal);
    }
}

#[test]
fn a_ruling_names_grants_of_the_page_for_an_individual_kpi_and_for_no_other() {
    let (mut world, _) = page_of(3);
    world.run(world.disputes_of_page(1, 0, 0, 0b111));
    let on = |first, mask| Some(PageGrants { first, mask });
    for (first, mask) in [(0, 0), (1, 1 << 63), (63, 0b11), (0, 0b1000), (3, 1)] {
        let ruling = world.rules_on(1, 0, on(first, mask), &[], None);
        world.refuses(&ruling, EarnoutError::WrongGrants);
    }
    for (kpi, grants) in [(1, None), (0, on(0, 1))] {
        let ruling = world.rules_on(kpi, 0, grants, &[], None);
        world.refuses(&ruling, EarnoutError::WrongSubject);
    }
    // The address of another page, where nothing is.
    world.refuses(&world.rules_on(1, 0, on(64, 1), &[], None), EarnoutError::WrongPage);
    world.refuses(&world.rules_on(1, 1, on(0, 1), &[], None), EarnoutError::WrongPage);
    world.refuses(&world.rules_on(2, 0, on(0, 1), &[], None), EarnoutError::UnknownKpi);
    world.refuses(
        &world.rules_on(1, 0, on(0, 0b111), &[], Some(-1)),
        EarnoutError::ValueOutOfRange,
    );
    world.run(world.rules_on(1, 0, on(0, 0b111), &[], Some(30)));
}

#[test]
fn g9_the_window_of_each_grant_counts_from_its_own_dispute() {
    let (mut world, _) = page_of(2);
    world.run(world.disputes_of_page(1, 0, 0, 0b01));
    world.after_period(0, CHALLENGE - 1);
    world.run(world.disputes_of_page(1, 0, 1, 0b1));
    let on = |world: &World, mask| world.rules_on(1, 0, Some(PageGrants { first: 0, mask }), &[], Some(30));
    world.after_period(0, RULING);
    world.refuses(&on(&world, 0b11), EarnoutError::RulingClosed);
    world.after_period(0, CHALLENGE - 1 + RULING - 1);
    world.run(on(&world, 0b10));
}

// When.

#[test]
fn g9_the_arbiter_rules_from_the_dispute_until_its_window_closes() {
    for value in [None, Some(30)] {
        for (secs, refused) in [
            (0, false),
            (RULING - 1, false),
            (RULING, true),
            (RULING + 1, true),
            (PERIOD, true),
        ] {
            let mut disputable = Disputable::new(0, AGREED);
            disputable.world.chain.set_time(disputable.since + 100);
            disputable.world.run(disputable.by_beneficiary());
            disputable.world.chain.set_time(disputable.since + 100 + secs);
            let ruling = disputable.ruling(value);
            if refused {
                disputable.world.refuses(&ruling, EarnoutError::RulingClosed);
            } else {
                disputable.world.run(ruling);
            }
        }
    }
}

#[test]
fn g3_g9_what_was_settled_or_ruled_cannot_be_ruled_again() {
    for first in [None, Some(30)] {
        let mut disputable = Disputable::new(0, AGREED);
        disputable.world.run(disputable.by_beneficiary());
        disputable.world.run(disputable.ruling(first));
        let before = disputable.world.chain.account(&disputable.evaluation());
        for second in [None, Some(30), Some(80)] {
            let ruling = disputable.ruling(second);
            disputable.world.refuses(&ruling, EarnoutError::AlreadyRuled);
        }
        assert_eq!(disputable.world.chain.account(&disputable.evaluation()), before);
    }
    // The arbiter was silent and the value settled.
    let mut disputable = Disputable::new(0, AGREED);
    disputable.world.run(disputable.by_beneficiary());
    disputable.world.chain.set_time(disputable.since + RULING);
    disputable.world.settled(&disputable.grant);
    let ruling = disputable.ruling(Some(0));
    disputable.world.refuses(&ruling, EarnoutError::RulingClosed);
}

#[test]
fn g9_nothing_is_ruled_that_was_not_disputed() {
    for standing in &STANDINGS[..4] {
        let mut disputable = Disputable::new(0, standing);
        for value in [None, Some(30)] {
            let ruling = disputable.ruling_for_authority(value);
            disputable.world.refuses(&ruling, EarnoutError::NotDisputed);
        }
    }
    let mut disputable = Disputable::new(0, SILENT);
    let ruling = disputable.ruling_for_authority(Some(30));
    disputable.world.refuses(&ruling, EarnoutError::WrongAttestation);
}

#[test]
fn g9_the_value_is_within_the_range_of_the_kpi() {
    for value in [-1, 1_000_001, i64::MIN, i64::MAX] {
        let mut disputable = Disputable::new(0, AGREED);
        disputable.world.run(disputable.by_beneficiary());
        let ruling = disputable.ruling(Some(value));
        disputable.world.refuses(&ruling, EarnoutError::ValueOutOfRange);
    }
    for value in [0, 1_000_000] {
        let mut disputable = Disputable::new(0, AGREED);
        disputable.world.run(disputable.by_beneficiary());
        disputable.world.run(disputable.ruling(Some(value)));
    }
}

// Who disputed in vain.

/// Period 0 was disputed by the beneficiary and ruled on so, or not at all; now the first second to dispute period 1.
fn a_period_later(kpi: u8, ruling: Option<Option<i64>>) -> Disputable {
    let mut disputable = Disputable::new(kpi, AGREED);
    disputable.world.run(disputable.by_beneficiary());
    if let Some(value) = ruling {
        disputable.world.run(disputable.ruling(value));
    }
    disputable.stands(1, AGREED);
    disputable
}

#[test]
fn a_grant_that_disputed_in_vain_disputes_no_more() {
    for kpi in [0, 1] {
        for (ruling, barred) in [(Some(None), true), (Some(Some(30)), false), (None, false)] {
            let mut disputable = a_period_later(kpi, ruling);
            let (beneficiary, grant) = (disputable.beneficiary, disputable.grant);
            let dispute = disputable.world.disputes(&beneficiary, kpi, 1, Some(grant));
            if barred {
                disputable.world.refuses(&dispute, EarnoutError::DisputeBarred);
                // The authority is not barred, in the same place.
                let authority = disputable.world.authority.pubkey();
                disputable.world.run(swapped(&dispute, &beneficiary, &authority));
            } else {
                disputable.world.run(dispute);
            }
        }
    }
}

#[test]
fn others_and_other_grants_of_the_same_key_are_not_barred() {
    for same_key in [false, true] {
        let mut disputable = a_period_later(0, Some(None));
        disputable.world.chain.set_time(GENESIS);
        let beneficiary = disputable.beneficiary;
        let (key, grant) = disputable.world.grant_with(|args| {
            (args.allocation, args.time_weight, args.kpi_weights) = (400, 0, vec![10_000]);
            if same_key {
                args.beneficiary = beneficiary;
            }
        });
        let key = if same_key { beneficiary } else { key.pubkey() };
        disputable.world.after_period(1, AGREED.since);
        disputable.world.run(disputable.world.disputes(&key, 0, 1, Some(grant)));
    }
}

#[test]
fn the_authority_disputes_in_vain_as_often_as_it_likes_and_bars_nobody() {
    for kpi in [0, 1] {
        let mut disputable = Disputable::new(kpi, AGREED);
        let grant = disputable.world.grant_state(&disputable.grant);
        disputable.world.run(disputable.by_authority());
        disputable.world.run(disputable.ruling_for_authority(None));
        assert_eq!(disputable.world.grant_state(&disputable.grant), grant);
        disputable.stands(1, AGREED);
        let (authority, subject) = (disputable.world.authority.pubkey(), disputable.individual());
        disputable
            .world
            .run(disputable.world.disputes(&authority, kpi, 1, subject));
    }
}

// Who, and which accounts.

#[test]
fn g9_g13_only_the_arbiter_rules() {
    let mut disputable = Disputable::new(0, AGREED);
    disputable.world.run(disputable.by_beneficiary());
    let arbiter = disputable.world.arbiter.pubkey();
    for value in [None, Some(30)] {
        let ruling = disputable.ruling(value);
        let error = EarnoutError::WrongArbiter;
        disputable.world.refuses_others(&ruling, &arbiter, error);
        let by_beneficiary = swapped(&ruling, &arbiter, &disputable.beneficiary);
        disputable.world.refuses(&by_beneficiary, error);
    }
    disputable.world.run(disputable.ruling(None));
}

#[test]
fn g13_a_plan_without_an_arbiter_has_no_rulings() {
    let mut disputable = Disputable::new(0, AGREED);
    disputable.world.run(disputable.by_beneficiary());
    let (plan, ruling) = (disputable.world.token.plan, disputable.ruling(Some(30)));
    // Such a plan has no disputes either, so its arbiter is removed behind its back.
    disputable
        .world
        .tamper::<Plan>(&plan, |plan| plan.arbiter = Pubkey::default());
    disputable.world.refuses(&ruling, EarnoutError::WrongArbiter);
    // Nobody can sign with the zero key, which is the System Program's.
    let zero = swapped(&ruling, &disputable.world.arbiter.pubkey(), &Pubkey::default());
    let zero = changed(&zero, &Pubkey::default(), |meta| meta.is_signer = false);
    disputable.world.refuses(&zero, AnchorError::AccountNotSigner);
}

#[test]
fn g13_the_disputers_grant_is_named_and_no_other() {
    for by_authority in [false, true] {
        let mut disputable = Disputable::new(0, AGREED);
        let (_, foreign) = disputable
            .world
            .twin(&disputable_kpis(), &disputable.beneficiary, &[10_000]);
        disputable.world.chain.set_time(GENESIS);
        let (_, other) = disputable.world.grant(400, &[10_000]);
        disputable.world.chain.set_time(disputable.since);
        let (dispute, right) = if by_authority {
            (disputable.by_authority(), None)
        } else {
            (disputable.by_beneficiary(), Some(disputable.grant))
        };
        disputable.world.run(dispute);
        let named = |grant: Option<Pubkey>| grant.into_iter().collect::<Vec<_>>();
        for wrong in [None, Some(disputable.grant), Some(other), Some(foreign)] {
            let error = match (right, wrong) {
                (None, Some(_)) | (Some(_), None) => EarnoutError::WrongAccountCount,
                _ => EarnoutError::WrongGrant,
            };
            if wrong != right {
                for value in [None, Some(30)] {
                    let ruling = disputable.world.rules(0, 0, None, &named(wrong), value);
                    disputable.world.refuses(&ruling, error);
                }
            }
        }
        disputable
            .world
            .run(disputable.world.rules(0, 0, None, &named(right), None));
    }
}

#[test]
fn g13_wrong_linked_accounts_are_refused() {
    let mut disputable = Disputable::new(0, AGREED);
    let (beneficiary, grant, plan) = (disputable.beneficiary, disputable.grant, disputable.world.token.plan);
    let (other_plan, foreign) = disputable.world.twin(&disputable_kpis(), &beneficiary, &[10_000]);
    // The other plan's value is disputed in the same second.
    disputable.world.after_period(0, 0);
    disputable.world.in_plan(other_plan, |world| {
        world.resolve(0, 0, None, 70);
        world.run(world.disputes(&beneficiary, 0, 0, Some(foreign)));
    });
    disputable.world.chain.set_time(disputable.since);
    disputable.world.run(disputable.by_beneficiary());
    let attestation = disputable.evaluation();
    let ruling = disputable.ruling(Some(30));
    let elsewhere = pda::attestation(&other_plan, 0, 0);
    let world = &mut disputable.world;
    let cases = [
        (attestation, elsewhere, EarnoutError::WrongAttestation),
        (plan, other_plan, EarnoutError::WrongAttestation),
    ];
    world.refuses_swapped(&ruling, &cases);
    // Another plan and its attestation, but this grant.
    let whole = swapped(&swapped(&ruling, &plan, &other_plan), &attestation, &elsewhere);
    world.refuses(&whole, EarnoutError::WrongGrant);
    let cases = [
        (attestation, grant, EarnoutError::WrongAttestation),
        (attestation, world.source, EarnoutError::WrongAttestation),
        (attestation, plan, EarnoutError::WrongAttestation),
        (grant, attestation, EarnoutError::WrongGrant),
        (grant, plan, EarnoutError::WrongGrant),
        (grant, world.source, EarnoutError::WrongGrant),
    ];
    world.refuses_swapped(&ruling, &cases);
    let arbiter = world.arbiter.pubkey();
    world.refuses_broken(&ruling, &[arbiter], &[plan, attestation]);
    let readonly = changed(&ruling, &grant, |meta| meta.is_writable = false);
    world.refuses(&readonly, EarnoutError::WrongGrant);
    world.run(ruling);
}
