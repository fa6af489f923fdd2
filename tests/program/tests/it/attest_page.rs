//! `attest_page`: who may vote on which grants of a page, when, and what the votes resolve.

use {
    earnout::state::Disputer,
    earnout_tests::{keys::*, *},
};

const END: i64 = START + PERIOD;

/// A plan of these terms with the shared KPI 0 and the individual KPI 1 (silence counts 2,500), and grants of 1,000
/// with weight on both.
fn world(args: CreatePlanArgs, grants: usize) -> (World, Vec<Pubkey>) {
    let mut world = World::active(TokenProgram::Spl, args, &disputable_kpis(), 10_000_000);
    let grants = (0..grants).map(|_| world.grant(1_000, &[5_000, 5_000]).1).collect();
    (world, grants)
}

/// The same after the end of period 0.
fn open(grants: usize) -> (World, Vec<Pubkey>) {
    let (mut world, grants) = world(terms(), grants);
    world.after_period(0, 0);
    (world, grants)
}

/// Votes of oracle `oracle` on a page, by place.
fn ballot(page: &PageState, oracle: usize) -> Vec<Option<i64>> {
    let ballot = page.view().ballots().nth(oracle).unwrap();
    (0..page.head().capacity).map(|slot| ballot.vote(slot)).collect()
}

/// Which grants of a page are resolved, by place.
fn resolved(page: &PageState) -> Vec<bool> {
    let of = |slot| page.view().standing(slot).unwrap().resolved_at.is_some();
    (0..page.head().capacity).map(of).collect()
}

/// The values that enough oracles agreed on, by place, where no oracle has an own grant.
fn agreed(page: &PageState) -> Vec<Option<i64>> {
    let of = |slot| page.view().tally(slot, &Pubkey::default()).unwrap().agreed;
    (0..page.head().capacity).map(of).collect()
}

/// The late bits of each oracle.
fn late(page: &PageState) -> Vec<u64> {
    page.view().ballots().map(|ballot| ballot.head.late).collect()
}

#[test]
fn the_first_upload_makes_the_page_and_equal_values_resolve_grant_by_grant() {
    let (mut world, _) = open(3);
    let (plan, payer) = (world.token.plan, world.key());
    let upload = |oracle: &Pubkey, first: u32, values: &[i64], evidence: u8| {
        let args = AttestPageArgs {
            kpi: 1,
            period: 0,
            first,
            values: values.to_vec(),
            evidence: [evidence; 32],
        };
        instructions::attest_page(&payer, oracle, &plan, args)
    };
    let oracles = [world.oracles[2].pubkey(), world.oracles[0].pubkey()];
    let event = |oracle: Pubkey, first: u32, values: &[i64], evidence: u8, sequence: u64| PageAttested {
        plan,
        time: END,
        sequence,
        kpi: 1,
        period: 0,
        first,
        oracle,
        values: values.to_vec(),
        evidence: [evidence; 32],
        late: 0,
        resolved: 0,
        rent: None,
    };
    let (payer_had, mut expected_plan) = (world.lamports(&payer), world.plan());

    let receipt = world.run(upload(&oracles[0], 0, &[75, 0, 33], 1));
    let lamports = world.chain.rent(page_space(3, 3));
    let address = pda::page(&plan, 1, 0, 0);
    let mut expected = world.empty_page(1, 0, &payer, lamports);
    expected.edit().vote(2, 0, &[75, 0, 33], [1; 32], END).unwrap();
    assert_eq!(world.chain.account(&address).unwrap().data, expected.to_bytes());
    assert_eq!(expected.to_bytes().len(), page_space(3, 3));
    (expected_plan.open_pages, expected_plan.event_sequence) = (1, expected_plan.event_sequence + 1);
    assert_eq!(world.plan(), expected_plan);
    let mut first = event(oracles[0], 0, &[75, 0, 33], 1, expected_plan.event_sequence);
    first.rent = Some(Rent { payer, lamports });
    assert_eq!(the_event!(receipt, PageAttested), first);
    assert_eq!(payer_had - world.lamports(&payer), lamports);

    // What is not zero is in the ballot that voted, and nowhere else.
    let view = expected.view();
    let heads: Vec<_> = view.ballots().map(|ballot| *ballot.head).collect();
    assert_eq!([heads[0].voted, heads[1].voted, heads[2].voted], [0, 0, 0b111]);
    assert_eq!([heads[0].evidence, heads[2].evidence], [[0; 32], [1; 32]]);
    assert_eq!(heads[2].oracle, oracles[0]);
    assert_eq!(view.columns.len(), page_space(3, 3) - 8 - 96);
    assert!(view.columns[3 * (80 + 24)..].iter().all(|byte| *byte == 0));

    // The second agrees about two of them, in the next seconds.
    world.after_period(0, 50);
    let receipt = world.run(upload(&oracles[1], 1, &[0, 33], 2));
    expected.edit().vote(0, 1, &[0, 33], [2; 32], END + 50).unwrap();
    let page = world.page(1, 0, &pda::grant(&plan, 0));
    assert_eq!(page.to_bytes(), expected.to_bytes());
    assert_eq!(ballot(&page, 0), [None, Some(0), Some(33)]);
    assert_eq!(ballot(&page, 2), [Some(75), Some(0), Some(33)]);
    for (slot, at) in [(0, None), (1, Some(END + 50)), (2, Some(END + 50))] {
        let standing = earnout::state::Standing {
            resolved_at: at,
            ..Default::default()
        };
        assert_eq!(page.view().standing(slot).unwrap(), standing);
        assert_eq!(page.view().disputer(slot).unwrap(), Disputer::None);
    }
    expected_plan.event_sequence += 1;
    assert_eq!(world.plan(), expected_plan);
    let mut second = event(oracles[1], 1, &[0, 33], 2, expected_plan.event_sequence);
    (second.time, second.resolved) = (END + 50, 0b11);
    assert_eq!(the_event!(receipt, PageAttested), second);
    assert_eq!(payer_had - world.lamports(&payer), lamports);
}

#[test]
fn a_page_is_as_long_as_the_grants_made_when_it_is_created() {
    let (mut world, grants) = world(terms(), 67);
    world.after_period(0, 0);
    world.run(world.upload(0, 1, 0, 0, &[5; 64]));
    world.run(world.upload(0, 1, 0, 64, &[6; 3]));
    for (grant, capacity, value) in [(&grants[0], 64, 5), (&grants[63], 64, 5), (&grants[66], 3, 6)] {
        let page = world.page(1, 0, grant);
        assert_eq!(page.head().capacity, capacity);
        assert_eq!(page.head().page, u32::from(capacity == 3));
        assert!(ballot(&page, 0).iter().all(|vote| *vote == Some(value)));
    }
    assert_eq!(world.plan().open_pages, 2);
    // No more grants of the second page had been made; a third has none at all.
    for (first, values) in [(64, 4), (66, 2), (67, 1), (127, 1)] {
        world.refuses(
            &world.upload(1, 1, 0, first, &vec![1; values]),
            EarnoutError::WrongGrants,
        );
    }
    for first in [128, 6_400, u32::MAX] {
        world.refuses(&world.upload(1, 1, 0, first, &[1]), EarnoutError::WrongGrants);
    }
    // One too many for the first, from its beginning and from its last place.
    world.refuses(&world.upload(1, 1, 0, 0, &[1; 65]), EarnoutError::WrongGrants);
    world.refuses(&world.upload(1, 1, 0, 63, &[1; 2]), EarnoutError::WrongGrants);
    world.run(world.upload(1, 1, 0, 63, &[1]));
    // Grants that are made now are of no period that has ended, and this page stays as long as it is.
    world.grant_with(|args| (args.first_period, args.periods) = (2, 1));
    world.refuses(&world.upload(1, 1, 0, 67, &[1]), EarnoutError::WrongGrants);
    world.after_period(1, 0);
    world.run(world.upload(1, 1, 1, 64, &[1; 4]));
}

#[test]
fn votes_are_accepted_from_the_end_of_the_period_until_the_deadline() {
    let (mut world, grants) = world(terms(), 1);
    let upload = |world: &World, value| world.upload(0, 1, 1, 0, &[value]);
    let end = boundary(2);
    for early in [GENESIS, START, boundary(1), end - 1] {
        world.chain.set_time(early);
        world.refuses(&upload(&world, 1), EarnoutError::VotingNotOpen);
    }
    world.chain.set_time(end);
    world.run(upload(&world, 2));
    world.chain.set_time(end + DAY - 1);
    world.run(upload(&world, 3));
    for late in [end + DAY, end + 4 * PERIOD] {
        world.chain.set_time(late);
        world.refuses(&upload(&world, 4), EarnoutError::VotingClosed);
    }
    assert_eq!(ballot(&world.page(1, 1, &grants[0]), 0), [Some(3)]);
}

#[test]
fn kpi_and_period_must_exist_and_the_kpi_be_individual() {
    let (mut world, _) = open(1);
    for period in [4, 5, 120, u16::MAX] {
        world.refuses(&world.upload(0, 1, period, 0, &[1]), EarnoutError::UnknownPeriod);
    }
    for kpi in [2, 15, 16, u8::MAX] {
        world.refuses(&world.upload(0, kpi, 0, 0, &[1]), EarnoutError::UnknownKpi);
    }
    world.refuses(&world.upload(0, 0, 0, 0, &[1]), EarnoutError::WrongSubject);
}

#[test]
fn every_value_must_be_in_range() {
    let (mut world, grants) = open(3);
    for value in [-1, 1_000_001, i64::MIN + 1, i64::MAX] {
        for place in 0..3 {
            let mut values = [5; 3];
            values[place] = value;
            world.refuses(&world.upload(0, 1, 0, 0, &values), EarnoutError::ValueOutOfRange);
        }
    }
    world.run(world.upload(0, 1, 0, 0, &[0, NO_VALUE, 1_000_000]));
    assert_eq!(
        ballot(&world.page(1, 0, &grants[0]), 0),
        [Some(0), None, Some(1_000_000)]
    );
}

#[test]
fn no_value_leaves_what_was_reported_and_an_upload_of_nothing_is_refused() {
    let (mut world, grants) = open(3);
    for nothing in [&[][..], &[NO_VALUE], &[NO_VALUE; 3]] {
        world.refuses(&world.upload(0, 1, 0, 0, nothing), EarnoutError::AlreadyResolved);
    }
    world.run(world.upload(0, 1, 0, 0, &[10, 20, NO_VALUE]));
    world.run(world.upload(0, 1, 0, 0, &[NO_VALUE, 21, 30]));
    assert_eq!(ballot(&world.page(1, 0, &grants[0]), 0), [Some(10), Some(21), Some(30)]);
    for nothing in [&[][..], &[NO_VALUE; 3]] {
        world.refuses(&world.upload(0, 1, 0, 0, nothing), EarnoutError::AlreadyResolved);
    }
}

#[test]
fn a_changed_vote_on_a_resolved_grant_is_noted_and_the_rest_of_the_upload_counts() {
    let (mut world, grants) = open(4);
    world.run(world.upload(0, 1, 0, 0, &[10, 20, 30, 40]));
    world.run(world.upload(1, 1, 0, 0, &[10, 20, 31, 41]));
    assert_eq!(resolved(&world.page(1, 0, &grants[0])), [true, true, false, false]);
    world.after_period(0, 7);
    // The same value again is no change; one correction agrees, one does not.
    let mut correction = world.upload(1, 1, 0, 0, &[11, 20, 30, 42]);
    let event = the_event!(world.run(correction.clone()), PageAttested);
    assert_eq!(
        (event.late, event.resolved, event.values),
        (0b0001, 0b0100, vec![11, 20, 30, 42])
    );
    let page = world.page(1, 0, &grants[0]);
    assert_eq!(ballot(&page, 1), [Some(11), Some(20), Some(30), Some(42)]);
    assert_eq!(resolved(&page), [true, true, true, false]);
    assert_eq!(agreed(&page), [Some(10), Some(20), Some(30), None]);
    assert_eq!(late(&page), [0, 0, 0]);
    assert_eq!(page.view().standing(0).unwrap().resolved_at, Some(END));
    assert_eq!(page.view().standing(2).unwrap().resolved_at, Some(END + 7));
    // Bits are counted from the first grant of the upload.
    let event = the_event!(world.run(world.upload(1, 1, 0, 2, &[99, 40])), PageAttested);
    assert_eq!((event.late, event.resolved), (0b01, 0b10));
    assert_eq!(agreed(&world.page(1, 0, &grants[0])), [10, 20, 30, 40].map(Some));
    // Where every vote is one that stands on a resolved grant nothing is written down, the evidence neither.
    let before = world.page(1, 0, &grants[0]).to_bytes();
    correction = world.upload(1, 1, 0, 0, &[11, 20, 99, 40]);
    world.refuses(&correction, EarnoutError::AlreadyResolved);
    assert_eq!(world.page(1, 0, &grants[0]).to_bytes(), before);
    // What was agreed is what counts, even if all of those who agreed say something else by now.
    for oracle in 0..2 {
        world.run(world.upload(oracle, 1, 0, 0, &[1, 2, 3, 4]));
    }
    assert_eq!(agreed(&world.page(1, 0, &grants[0])), [10, 20, 30, 40].map(Some));
    world.resolve(0, 0, None, 0);
    world.after_windows(0);
    let scores: Vec<u16> = grants.iter().map(|grant| world.settled(grant).scores[1]).collect();
    assert_eq!(scores, [1_000, 2_000, 3_000, 4_000]);
}

#[test]
fn g8_a_late_vote_is_taken_and_changes_nothing() {
    for late in [50, 1_000_000] {
        let (mut world, grants) = open(2);
        world.run(world.upload(0, 1, 0, 0, &[50, 60]));
        world.run(world.upload(1, 1, 0, 0, &[50, 61]));
        world.resolve(0, 0, None, 0);
        let event = the_event!(world.run(world.upload(2, 1, 0, 0, &[late, 61])), PageAttested);
        assert_eq!((event.late, event.resolved), (0b01, 0b10));
        let page = world.page(1, 0, &grants[0]);
        assert_eq!(ballot(&page, 2), [Some(late), Some(61)]);
        assert_eq!(self::late(&page), [0, 0, 0b01]);
        // Changed, it stays a late one.
        world.run(world.upload(2, 1, 0, 0, &[70]));
        let page = world.page(1, 0, &grants[0]);
        assert_eq!(
            (self::late(&page), agreed(&page)),
            (vec![0, 0, 0b01], vec![Some(50), Some(61)])
        );
        world.after_windows(0);
        assert_eq!(world.settled(&grants[0]).scores, [0, 5_000]);
        assert_eq!(world.settled(&grants[1]).scores, [0, 6_100]);
    }
}

#[test]
fn a_page_of_no_grants_is_not_made() {
    let (mut world, _) = open(64);
    for nothing in [&[][..], &[NO_VALUE], &[1]] {
        world.refuses(&world.upload(0, 1, 0, 64, nothing), EarnoutError::WrongGrants);
    }
}

#[test]
fn the_evidence_is_that_of_the_last_upload() {
    let (mut world, grants) = open(2);
    let upload = |world: &World, first, value, evidence: u8| {
        let oracle = world.oracles[1].pubkey();
        let args = AttestPageArgs {
            kpi: 1,
            period: 0,
            first,
            values: vec![value],
            evidence: [evidence; 32],
        };
        instructions::attest_page(&oracle, &oracle, &world.token.plan, args)
    };
    for (first, value, evidence) in [(0, 10, 1), (1, 20, 2), (0, 11, 3)] {
        world.run(upload(&world, first, value, evidence));
        let page = world.page(1, 0, &grants[0]);
        let evidences: Vec<[u8; 32]> = page.view().ballots().map(|ballot| ballot.head.evidence).collect();
        assert_eq!(evidences, [[0; 32], [evidence; 32], [0; 32]]);
    }
    assert_eq!(ballot(&world.page(1, 0, &grants[0]), 1), [Some(11), Some(20)]);
}

#[test]
fn g8_one_oracle_alone_resolves_nothing_however_often_it_votes() {
    let (mut world, grants) = open(1);
    for value in [7, 7, 8, 8, 7] {
        world.run(world.upload(1, 1, 0, 0, &[value]));
    }
    let page = world.page(1, 0, &grants[0]);
    assert_eq!((resolved(&page), ballot(&page, 1)), (vec![false], vec![Some(7)]));
}

#[test]
fn g8_only_an_oracle_of_the_set_votes() {
    let (mut world, grants) = open(1);
    let oracle = world.oracles[0].pubkey();
    let upload = world.upload(0, 1, 0, 0, &[1]);
    let (stranger, beneficiary) = (world.key(), world.grant_state(&grants[0]).beneficiary);
    for created in [false, true] {
        for key in [stranger, world.authority.pubkey(), world.arbiter.pubkey(), beneficiary] {
            world.refuses(&swapped(&upload, &oracle, &key), EarnoutError::NotAnOracle);
        }
        if !created {
            world.run(upload.clone());
        }
    }
}

#[test]
fn g8_the_set_in_force_when_the_period_began_votes() {
    let (mut world, grants) = world(terms(), 1);
    let new = [world.key(), world.key(), world.key(), world.key(), world.key()];
    world.run(world.announces(&new, 4, 1));
    let by_new = |world: &World, period| {
        swapped(
            &world.upload(0, 1, period, 0, &[5]),
            &world.oracles[0].pubkey(),
            &new[0],
        )
    };
    world.after_period(0, 0);
    world.refuses(&by_new(&world, 0), EarnoutError::NotAnOracle);
    world.run(world.upload(0, 1, 0, 0, &[5]));
    world.after_period(1, 0);
    world.refuses(&world.upload(0, 1, 1, 0, &[5]), EarnoutError::NotAnOracle);
    world.run(by_new(&world, 1));
    for (period, oracles, threshold) in [(0, 3, 2), (1, 5, 4)] {
        let page = world.page(1, period, &grants[0]);
        assert_eq!((page.head().oracle_count, page.head().threshold), (oracles, threshold));
        let space = page_space(usize::from(oracles), 1);
        assert_eq!(page.to_bytes().len(), space);
    }
}

#[test]
fn a_value_of_a_grant_that_is_settled_or_not_measured_counts_for_nothing() {
    let args = CreatePlanArgs {
        challenge_secs: 600,
        ruling_secs: 600,
        ..terms()
    };
    let (mut world, grants) = world(args, 2);
    let (_, timed) = world.grant(1_000, &[]);
    let (_, later) = world.grant_with(|args| {
        (args.first_period, args.periods) = (1, 1);
        (args.time_weight, args.kpi_weights) = (0, vec![0, 10_000]);
    });
    world.after_period(0, 0);
    world.resolve(0, 0, None, 50);
    for oracle in [0, 1] {
        world.run(world.upload(oracle, 1, 0, 0, &[50, NO_VALUE, 60, 70]));
    }
    world.after_period(0, 600);
    assert_eq!(world.settled(&grants[0]).scores, [5_000, 5_000]);
    assert_eq!(world.settled(&timed).scores, [0, 0]);
    let settled = world.chain.account(&grants[0]);
    world.run(world.upload(2, 1, 0, 0, &[1_000; 4]));
    assert_eq!(world.chain.account(&grants[0]), settled);
    world.after_windows(0);
    assert_eq!(world.settled(&grants[1]).scores, [5_000, 2_500]);
    // The period is over for all: nothing is taken any more, whether the page is closed or not.
    world.after_period(0, DAY - 1);
    world.refuses(&world.upload(2, 1, 0, 1, &[1]), EarnoutError::NothingToEvaluate);
    world.run(world.close_page(1, 0, &grants[0]));
    world.refuses(&world.upload(2, 1, 0, 1, &[1]), EarnoutError::NothingToEvaluate);
    world.after_windows(1);
    assert_eq!(world.settled(&later).scores, [0, 2_500]);
}

#[test]
fn a_period_without_grants_is_not_voted_on() {
    let mut world = World::active(TokenProgram::Spl, terms(), &disputable_kpis(), 1_000);
    world.grant_with(|args| (args.first_period, args.periods) = (1, 3));
    world.after_period(0, 0);
    world.refuses(&world.upload(0, 1, 0, 0, &[1]), EarnoutError::NothingToEvaluate);
}

#[test]
fn a_draft_and_a_closed_plan_take_no_votes() {
    let (mut world, _) = open(1);
    let upload = world.upload(0, 1, 0, 0, &[1]);
    for status in [PlanStatus::Draft, PlanStatus::Closed] {
        world.refuses_while(status, &upload);
    }
    world.run(upload);
}

// An oracle's own grant.

/// The first grant is oracle 0's, the second somebody's; before the end of period 0, with values of the shared KPI.
fn with_own() -> (World, [Pubkey; 2]) {
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 1_000_000);
    let oracle = world.oracles[0].pubkey();
    let (_, own) = world.grant_with(|args| {
        (args.allocation, args.beneficiary) = (1_000, oracle);
        (args.time_weight, args.kpi_weights) = (0, vec![0, 10_000]);
    });
    let (_, other) = world.grant(1_000, &[0, 10_000]);
    world.after_period(0, 0);
    (world, [own, other])
}

#[test]
fn g8_an_oracles_vote_on_its_own_grant_does_not_count() {
    // Votes of the three on the own grant, and what it scores.
    let cases: [([Option<i64>; 3], u16); 7] = [
        // The others decide, by agreement or by median with the default of 2,500 beside them.
        ([Some(100), Some(30), Some(30)], 3_000),
        ([Some(100), Some(30), Some(60)], 3_000),
        ([Some(0), Some(10), Some(20)], 2_000),
        ([Some(100), Some(100), Some(60)], 6_000),
        // Alone or with one other it is silence.
        ([Some(100), None, None], 2_500),
        ([Some(100), Some(100), None], 2_500),
        ([None, Some(90), None], 2_500),
    ];
    for (votes, score) in cases {
        let (mut world, [own, other]) = with_own();
        for (oracle, value) in votes.into_iter().enumerate() {
            if let Some(value) = value {
                world.run(world.upload(oracle, 1, 0, 0, &[value, 70]));
            }
        }
        // Whatever was agreed with its help, nothing is final before the others have had their time.
        if votes[0].is_some() {
            world.after_period(0, DAY + CHALLENGE - 1);
            let settle = world.settle_instruction(&own);
            world.refuses(&settle, EarnoutError::NotFinal);
        }
        world.after_period(0, DAY + CHALLENGE);
        assert_eq!(world.settled(&own).scores, [0, score], "{votes:?}");
        // On the other grant the same oracle's vote counts.
        let voted = votes.iter().flatten().count();
        let expected = if voted >= 2 { 7_000 } else { 2_500 };
        assert_eq!(world.settled(&other).scores, [0, expected], "{votes:?}");
    }
}

#[test]
fn an_own_grant_is_resolved_at_once_if_the_others_agree_before_its_oracle_votes() {
    for own_vote in [NO_VALUE, 40, 100] {
        let (mut world, [own, _]) = with_own();
        world.run(world.upload(1, 1, 0, 0, &[40]));
        world.run(world.upload(2, 1, 0, 0, &[40]));
        world.run(world.upload(0, 1, 0, 0, &[own_vote, 70]));
        // Changed votes, of whomever, change nothing.
        for oracle in 0..3 {
            world.run(world.upload(oracle, 1, 0, 0, &[5]));
        }
        world.after_period(0, CHALLENGE);
        assert_eq!(world.settled(&own).scores, [0, 4_000], "{own_vote}");
    }
}

#[test]
fn where_the_own_vote_helped_to_agree_the_others_can_still_change_theirs() {
    let (mut world, [own, other]) = with_own();
    world.run(world.upload(1, 1, 0, 0, &[90, 90]));
    world.run(world.upload(0, 1, 0, 0, &[90, 90]));
    world.run(world.upload(1, 1, 0, 0, &[20, 20]));
    world.run(world.upload(2, 1, 0, 0, &[30, 30]));
    world.after_period(0, DAY + CHALLENGE);
    // The own grant: the lower of 20 and 30 is below the default of 25, the other above. The other one was agreed on.
    assert_eq!(world.settled(&own).scores, [0, 2_500]);
    assert_eq!(world.settled(&other).scores, [0, 9_000]);
}

// Accounts.

#[test]
fn g13_only_the_page_of_this_kpi_period_and_grants_is_accepted() {
    let kpis = [
        kpi("revenue", Scope::Shared),
        kpi("tasks", Scope::Individual),
        kpi("reviews", Scope::Individual),
    ];
    let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 1_000_000);
    let weights = [4_000, 3_000, 3_000];
    let grants: Vec<Pubkey> = (0..66).map(|_| world.grant(1_000, &weights).1).collect();
    let other_plan = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &kpis, 1_000);
    world.in_plan(other_plan, |world| world.grant(1_000, &weights));
    let plan = world.token.plan;

    // Votes that exist elsewhere, and here.
    world.after_period(0, 0);
    world.in_plan(other_plan, |world| world.run(world.upload(0, 1, 0, 0, &[1])));
    world.run(world.vote(0, 0, 0, None, 1));
    for (kpi, first) in [(2, 0), (1, 64), (1, 0)] {
        world.run(world.upload(0, kpi, 0, first, &[1]));
    }
    let elsewhere = [
        pda::page(&plan, 2, 0, 0),
        pda::page(&plan, 1, 0, 1),
        pda::page(&other_plan, 1, 0, 0),
        pda::attestation(&plan, 0, 0),
        // Nothing there.
        pda::page(&plan, 1, 1, 0),
        pda::page(&plan, 1, 0, 2),
        pda::attestation(&plan, 1, 0),
        other_bump_address(&plan, 1, 0, Some(0)),
        Pubkey::new_from_array([3; 32]),
        // Something else.
        world.source,
        grants[0],
        pda::vault(&plan),
    ];
    let cases = elsewhere.map(|wrong| (pda::page(&plan, 1, 0, 0), wrong, EarnoutError::WrongPage));
    world.refuses_swapped(&world.upload(1, 1, 0, 3, &[1]), &cases);

    // The same page a period later, before it exists.
    world.after_period(1, 0);
    let next = swapped(
        &world.upload(1, 1, 1, 3, &[1]),
        &pda::page(&plan, 1, 1, 0),
        &pda::page(&plan, 1, 0, 0),
    );
    world.refuses(&next, EarnoutError::WrongPage);
}

#[test]
fn lamports_sent_beforehand_hinder_no_vote() {
    for sent in [1, 1_000, 1_000_000_000] {
        let (mut world, grants) = open(2);
        let address = pda::page(&world.token.plan, 1, 0, 0);
        let rent = world.chain.rent(page_space(3, 2));
        world.chain.give(&address, sent);
        world.resolve(1, 0, Some(grants[1]), 6);
        assert_eq!(resolved(&world.page(1, 0, &grants[0])), [false, true]);
        assert_eq!(world.lamports(&address), rent.max(sent));
        assert_eq!(world.page(1, 0, &grants[0]).head().rent_paid, rent.saturating_sub(sent));
    }
}

#[test]
fn g13_missing_signatures_are_refused() {
    let (mut world, _) = open(1);
    let payer = world.key();
    let (plan, oracle) = (world.token.plan, world.oracles[0].pubkey());
    let mut upload = world.upload(0, 1, 0, 0, &[1]);
    upload.accounts[0].pubkey = payer;
    for _ in 0..2 {
        world.refuses_broken(&upload, &[payer, oracle], &[payer, plan, pda::page(&plan, 1, 0, 0)]);
        world.run(upload.clone());
    }
}

#[test]
fn g12_a_vote_changes_no_grant_and_no_other_page() {
    let (mut world, grants) = open(66);
    world.run(world.upload(0, 1, 0, 64, &[1, 2]));
    let others: Vec<Pubkey> = grants
        .iter()
        .copied()
        .chain([pda::page(&world.token.plan, 1, 0, 1)])
        .collect();
    let snapshot = |world: &World| -> Vec<_> { others.iter().map(|address| world.chain.account(address)).collect() };
    let before = snapshot(&world);
    world.run(world.upload(1, 1, 0, 0, &[9; 64]));
    assert_eq!(snapshot(&world), before);
}
