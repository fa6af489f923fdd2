//! `observe`: what a price feed must show, which of its updates counts, and what becomes of the oracles' votes.

use {
    bytemuck::Zeroable,
    earnout::state::{Feed, Receiver},
    earnout_tests::{leaving::*, prices::*, *},
};

/// A plan whose price, KPI 0, is read from a feed, with a grant of 400.00 USD and at most 4,000 tokens of 6 decimals in
/// four periods, all of it for time.
fn world(args: CreatePlanArgs, price: KpiArgs) -> (World, Pubkey) {
    let mut world = World::active(TokenProgram::Spl, args, &[price], 10_000_000_000);
    let (_, grant) = world.unit_grant(4_000_000_000, 40_000, &[]);
    (world, grant)
}

/// The same at `secs` after the end of period 0.
fn open(secs: i64) -> (World, Pubkey) {
    let (mut world, grant) = world(unit_terms(), fed_price_kpi());
    world.after_period(0, secs);
    (world, grant)
}

/// Publishes what the change makes of the first update after period 0 and observes it.
fn shown(world: &mut World, change: impl FnOnce(&mut Update)) -> Instruction {
    let mut update = Update::first(boundary(1));
    change(&mut update);
    let account = world.publish(&update);
    world.observe(0, 0, &account)
}

#[test]
fn the_first_observation_makes_the_attestation() {
    let (mut world, _) = open(60);
    let plan = world.token.plan;
    let update = Update::first(boundary(1));
    let account = world.publish(&update);
    let observe = world.observe(0, 0, &account);
    let payer = observe.accounts[0].pubkey;
    let payer_had = world.lamports(&payer);
    let mut expected_plan = world.plan();

    let receipt = world.run(observe);
    let seeds: &[&[u8]] = &[b"attestation", plan.as_ref(), &[0], &[0, 0]];
    let (address, bump) = Pubkey::find_program_address(seeds, &earnout::ID);
    let evidence = solana_sha256_hasher::hash(&update.bytes()[41..125]).to_bytes();
    let mut expected = Attestation::zeroed();
    expected.version = 1;
    expected.bump = bump;
    expected.plan = plan;
    expected.rent_payer = payer;
    expected.rent_paid = world.chain.rent(space::<Attestation>());
    expected.oracle_count = 3;
    expected.threshold = 2;
    expected.is_observed = 1;
    // 2.5 in the KPI's four decimals.
    expected.observed_value = 25_000;
    // 0.01 of 2.5.
    expected.observed_confidence_bps = 40;
    expected.observed_at = boundary(1) + 5;
    expected.observed_previous = boundary(1) - 1;
    expected.observed_hash = evidence;
    assert_eq!(world.chain.attestation(&address).unwrap(), expected);
    expected_plan.open_attestations = 1;
    expected_plan.event_sequence += 1;
    assert_eq!(world.plan(), expected_plan);
    let lamports = expected.rent_paid;
    assert_eq!(payer_had - world.lamports(&payer), lamports);
    let event = ValueObserved {
        plan,
        time: boundary(1) + 60,
        sequence: expected_plan.event_sequence,
        kpi: 0,
        period: 0,
        price_update: account,
        replaced: None,
        value: 25_000,
        confidence_bps: 40,
        published_at: boundary(1) + 5,
        previous_at: boundary(1) - 1,
        evidence,
        rent: Some(Rent { payer, lamports }),
    };
    assert_eq!(the_event!(receipt, ValueObserved), event);
}

#[test]
fn what_no_feed_of_the_kpi_published_is_refused() {
    use EarnoutError::*;
    type Change = fn(&mut Update);
    let (mut world, _) = open(700);
    let cases: &[(&str, Change, EarnoutError)] = &[
        ("another feed", |update| update.feed_id[31] ^= 1, WrongFeed),
        ("a price of 0", |update| update.spot.0 = 0, UnusablePrice),
        ("a price below 0", |update| update.spot.0 = -1, UnusablePrice),
        ("an exponent above 0", |update| update.exponent = 1, UnusablePrice),
        ("an exponent below -18", |update| update.exponent = -19, UnusablePrice),
        (
            "the smallest exponent",
            |update| update.exponent = i32::MIN,
            UnusablePrice,
        ),
        (
            "more than 2 % of doubt",
            |update| update.spot.1 = 5_000_001,
            PriceUncertain,
        ),
        ("any doubt", |update| update.spot.1 = u64::MAX, PriceUncertain),
        (
            "a second too early",
            |update| update.at = boundary(1) - 1,
            PriceTooEarly,
        ),
        ("at no time", |update| update.at = i64::MIN, PriceTooEarly),
        (
            "a second too late",
            |update| update.at = boundary(1) + 601,
            PriceTooLate,
        ),
        ("at the end of time", |update| update.at = i64::MAX, PriceTooLate),
    ];
    for (what, change, error) in cases {
        println!("{what}");
        let observe = shown(&mut world, change);
        world.refuses(&observe, *error);
    }
    let accepted: &[(&str, Change)] = &[
        ("just within 2 %", |update| update.spot.1 = 5_000_000),
        ("in the last second", |update| {
            (update.at, update.spot.1) = (boundary(1) + 600, 0)
        }),
        ("in the first second", |update| update.at = boundary(1)),
    ];
    for (what, change) in accepted {
        println!("{what}");
        let (mut world, _) = open(700);
        let observe = shown(&mut world, change);
        world.run(observe);
    }
}

#[test]
fn an_update_from_the_future_is_refused() {
    let (mut world, _) = open(4);
    let observe = shown(&mut world, |_| {});
    world.refuses(&observe, EarnoutError::PriceTooLate);
    world.after_period(0, 5);
    world.run(observe);
}

#[test]
fn bytes_that_are_no_update_are_refused() {
    use EarnoutError::*;
    type Change = fn(&mut Vec<u8>);
    let (mut world, _) = open(60);
    let cases: &[(&str, Change, EarnoutError)] = &[
        ("no bytes", Vec::clear, WrongPriceUpdate),
        ("a byte less", |bytes| bytes.truncate(133), WrongPriceUpdate),
        ("a byte more", |bytes| bytes.push(0), WrongPriceUpdate),
        ("another kind of account", |bytes| bytes[0] ^= 1, WrongPriceUpdate),
        ("partly verified", |bytes| bytes[40] = 0, PriceNotVerified),
        ("verified in an unknown way", |bytes| bytes[40] = 2, PriceNotVerified),
    ];
    for (what, change, error) in cases {
        println!("{what}");
        let mut bytes = Update::first(boundary(1)).bytes();
        change(&mut bytes);
        let account = world.publish_bytes(Receiver::Pyth, bytes);
        let observe = world.observe(0, 0, &account);
        world.refuses(&observe, *error);
    }
}

#[test]
fn only_the_receiver_that_the_kpi_names_is_believed() {
    for (receiver, other) in [(Receiver::Pyth, Receiver::PythPro), (Receiver::PythPro, Receiver::Pyth)] {
        let mut price = fed_price_kpi();
        price.feed = price.feed.map(|feed| Feed { receiver, ..feed });
        let (mut world, _) = world(unit_terms(), price);
        world.after_period(0, 60);
        let bytes = Update::first(boundary(1)).bytes();
        let account = world.publish_bytes(other, bytes.clone());
        let observe = world.observe(0, 0, &account);
        world.refuses(&observe, EarnoutError::WrongPriceUpdate);
        for owner in [system_program::ID, earnout::ID, world.token.token_program] {
            let mut account = world.chain.account(&account).unwrap();
            account.owner = owner;
            let forged = world.key();
            world.chain.replace(&forged, account);
            let observe = world.observe(0, 0, &forged);
            world.refuses(&observe, EarnoutError::WrongPriceUpdate);
        }
        let account = world.publish_bytes(receiver, bytes);
        let observe = world.observe(0, 0, &account);
        world.run(observe);
    }
}

#[test]
fn the_moving_average_is_read_where_the_kpi_says_so() {
    let mut price = fed_price_kpi();
    price.feed = price.feed.map(|feed| Feed { average: true, ..feed });
    let (mut world, _) = world(unit_terms(), price);
    world.after_period(0, 60);
    // The doubt of the spot price does not matter then, that of the average does.
    let observe = shown(&mut world, |update| update.average.1 = 5_200_001);
    world.refuses(&observe, EarnoutError::PriceUncertain);
    let observe = shown(&mut world, |update| update.spot.1 = u64::MAX);
    world.run(observe);
    assert_eq!(world.attestation(0, 0).observed_value, 26_000);
}

#[test]
fn a_price_is_rounded_up_any_other_value_down_and_both_stay_in_the_range() {
    let kpis = [
        fed_price_kpi(),
        KpiArgs {
            decimals: 4,
            range_min: 100,
            feed: Some(feed()),
            ..kpi("market", Scope::Shared)
        },
    ];
    // 2.50001, 0.00001 and 1,000,000: the ranges begin at 0.01 and end at 100.
    let cases = [
        (250_001_000, -8, 25_001, 25_000),
        (1_000, -8, 100, 100),
        (1_000_000, 0, 1_000_000, 1_000_000),
        (i64::MAX, 0, 1_000_000, 1_000_000),
    ];
    for (price, exponent, rounded_up, rounded_down) in cases {
        let mut world = World::active(TokenProgram::Spl, unit_terms(), &kpis, 10_000_000);
        world.unit_grant(4_000, 40_000, &[]);
        world.after_period(0, 60);
        let mut update = Update::first(boundary(1));
        (update.spot, update.exponent) = ((price, 0), exponent);
        let account = world.publish(&update);
        for (kpi, value) in [(0, rounded_up), (1, rounded_down)] {
            let observe = world.observe(kpi, 0, &account);
            world.run(observe);
            assert_eq!(world.attestation(kpi, 0).observed_value, value, "{price} {exponent}");
        }
    }
}

#[test]
fn the_first_update_after_the_period_cannot_be_replaced() {
    let (mut world, _) = open(600);
    let end = boundary(1);
    let at = |world: &mut World, at: i64, previous: i64, price: i64| {
        shown(world, |update| {
            (update.at, update.previous, update.spot.0) = (end + at, end + previous, price * 100_000_000);
        })
    };
    // Of those that are not the first the earlier one counts, of equally early ones the one shown first.
    for (seconds, previous, price, replaces) in [(50, 49, 5, None), (40, 39, 4, Some(50_000)), (41, 40, 9, None)] {
        let observe = at(&mut world, seconds, previous, price);
        match (price, replaces) {
            (9, _) => world.refuses(&observe, EarnoutError::EarlierPriceStands),
            (_, replaced) => {
                let receipt = world.run(observe);
                let event = the_event!(receipt, ValueObserved);
                assert_eq!(
                    (event.value, event.replaced, event.rent.is_some()),
                    (price * 10_000, replaced, replaced.is_none())
                );
            }
        }
    }
    let equal = at(&mut world, 40, 40, 8);
    world.refuses(&equal, EarnoutError::EarlierPriceStands);
    // The one whose predecessor lies before the end is the first, whatever its own time is.
    let first = at(&mut world, 45, -1, 7);
    let receipt = world.run(first.clone());
    assert_eq!(the_event!(receipt, ValueObserved).replaced, Some(40_000));
    world.refuses(&first, EarnoutError::EarlierPriceStands);
    for (seconds, previous) in [(0, -1), (3, 2), (44, -5), (45, -1)] {
        let other = at(&mut world, seconds, previous, 3);
        world.refuses(&other, EarnoutError::EarlierPriceStands);
    }
    assert_eq!(world.attestation(0, 0).observed_value, 70_000);
}

#[test]
fn an_observation_is_resolved_when_voting_ends_and_counts_in_the_place_of_the_votes() {
    let (mut world, grant) = open(60);
    // All oracles agree on 1.00; that resolves nothing.
    for oracle in 0..3 {
        world.attest(oracle, 0, 0, None, 10_000).unwrap();
    }
    assert_eq!(world.attestation(0, 0).resolved_at, 0);
    let observe = shown(&mut world, |_| {});
    world.run(observe);
    // Votes can be changed until the end.
    world.attest(1, 0, 0, None, 20_000).unwrap();
    world.after_period(0, DAY - 1);
    let dispute = world.disputes(&world.authority.pubkey(), 0, 0, None);
    world.refuses(&dispute, EarnoutError::NotDisputable);
    world.after_period(0, 2 * DAY - 1);
    world.refuses(&world.settle_instruction(&grant), EarnoutError::NotFinal);
    world.after_period(0, 2 * DAY);
    // 100.00 USD at 2.5000.
    let event = world.settled(&grant);
    assert_eq!(
        (event.price, event.tranche, event.earned),
        (Some(25_000), 40_000_000, 40_000_000)
    );
}

#[test]
fn without_an_observation_the_votes_count_and_without_them_the_default() {
    let (mut world, grant) = open(60);
    world.resolve(0, 0, None, 20_000);
    assert_eq!(world.attestation(0, 0).resolved_at, 0);
    world.after_period(0, 2 * DAY - 1);
    world.refuses(&world.settle_instruction(&grant), EarnoutError::NotFinal);
    world.after_period(0, 2 * DAY);
    let event = world.settled(&grant);
    assert_eq!((event.price, event.tranche), (Some(20_000), 50_000_000));
    world.after_windows(1);
    let event = world.settled(&grant);
    assert_eq!((event.price, event.tranche), (Some(10_000), 100_000_000));
}

#[test]
fn an_observation_is_disputed_and_ruled_on_as_a_vote_is() {
    let (mut world, grant) = open(60);
    let observe = shown(&mut world, |_| {});
    world.run(observe);
    world.after_period(0, DAY);
    let beneficiary = world.grant_state(&grant).beneficiary;
    world.run(world.disputes(&beneficiary, 0, 0, Some(grant)));
    world.run(world.rules(0, 0, None, &[grant], Some(12_500)));
    let event = world.settled(&grant);
    assert_eq!((event.price, event.tranche), (Some(12_500), 80_000_000));
}

#[test]
fn it_is_possible_in_the_voting_window_while_a_grant_needs_the_value() {
    use EarnoutError::*;
    let (mut world, grant) = world(unit_terms(), fed_price_kpi());
    world.chain.set_time(boundary(1) - 1);
    let account = world.publish(&Update::first(boundary(1)));
    let observe = world.observe(0, 0, &account);
    world.refuses(&observe, VotingNotOpen);
    let beyond = world.observe(0, 4, &account);
    world.refuses(&beyond, UnknownPeriod);
    world.after_period(0, 60);
    let unknown = world.observe(1, 0, &account);
    world.refuses(&unknown, UnknownKpi);
    world.after_period(0, DAY - 1);
    world.run(observe.clone());
    world.after_period(0, DAY);
    world.refuses(&observe, VotingClosed);
    world.after_windows(0);
    world.settled(&grant);
    world.run(world.leave(Leave::Terminate, &grant));
    world.after_period(2, 60);
    let update = Update::first(boundary(3));
    let account = world.publish(&update);
    let needless = world.observe(0, 2, &account);
    world.refuses(&needless, NothingToEvaluate);
}

#[test]
fn a_kpi_without_a_feed_is_not_read_from_one() {
    let (mut world, _) = world(unit_terms(), price_kpi());
    world.after_period(0, 60);
    let observe = shown(&mut world, |_| {});
    world.refuses(&observe, EarnoutError::NoFeed);
    // A plan that nobody can vote in.
    let draft = world.draft_plan(CreatePlanArgs {
        plan_id: 2,
        ..unit_terms()
    });
    world.in_plan(draft, |world| {
        world.add_kpis(&[fed_price_kpi()]);
        let observe = shown(world, |_| {});
        world.refuses(&observe, EarnoutError::PlanNotActive);
    });
}

#[test]
fn a_vote_and_an_observation_share_the_account() {
    let (mut world, _) = open(60);
    world.attest(2, 0, 0, None, 12_000).unwrap();
    let before = world.attestation(0, 0);
    let observe = shown(&mut world, |_| {});
    let receipt = world.run(observe);
    assert_eq!(the_event!(receipt, ValueObserved).rent, None);
    let after = world.attestation(0, 0);
    assert_eq!(
        (after.voted, after.values, after.rent_payer),
        (before.voted, before.values, before.rent_payer)
    );
    assert_eq!((after.observed_value, world.plan().open_attestations), (25_000, 1));
}

#[test]
fn g13_the_accounts_are_the_plans_own() {
    let (mut world, grant) = world(unit_terms(), fed_price_kpi());
    let plan = world.token.plan;
    let other = world.active_plan(
        CreatePlanArgs {
            plan_id: 2,
            ..unit_terms()
        },
        &[fed_price_kpi()],
        10_000_000_000,
    );
    world.after_period(0, 60);
    let observe = shown(&mut world, |_| {});
    let (payer, attestation) = (observe.accounts[0].pubkey, pda::attestation(&plan, 0, 0));
    let cases = [
        (
            attestation,
            pda::attestation(&plan, 0, 1),
            EarnoutError::WrongAttestation,
        ),
        (
            attestation,
            pda::attestation(&other, 0, 0),
            EarnoutError::WrongAttestation,
        ),
        (attestation, grant, EarnoutError::WrongAttestation),
        (plan, other, EarnoutError::NothingToEvaluate),
    ];
    world.refuses_swapped(&observe, &cases);
    world.refuses_broken(&observe, &[payer], &[payer, plan, attestation]);
    world.run(observe);
}
