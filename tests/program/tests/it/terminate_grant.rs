//! `terminate_grant`, and what it has in common with `resign_grant`: which periods stay and what they are worth.

use {
    earnout::state::FORFEITED,
    earnout_tests::{
        leaving::{LEAVES, Leave, policy},
        *,
    },
};

/// Tranche of [`in_seconds`]: one base unit for every second of a period.
const SECS: u64 = 2_592_000;
const POLICIES: [UnearnedPolicy; 3] = [
    UnearnedPolicy::Return,
    UnearnedPolicy::CarryOver,
    UnearnedPolicy::Redistribute,
];

fn tasks() -> KpiArgs {
    kpi("tasks", Scope::Individual)
}

/// A plan with a grant that earns one base unit for every second.
fn in_seconds() -> (World, Pubkey) {
    let mut world = World::active(TokenProgram::Spl, terms(), &[tasks()], 10 * SECS);
    let grant = world.timed_grant(4 * SECS);
    (world, grant)
}

/// A plan of these terms, holding 2,000,000, with grants of 400,000 that depend on an individual KPI alone and have a
/// cliff of this many periods: 100,000 per period.
fn by_results(args: CreatePlanArgs, cliffs: &[u16]) -> (World, Vec<Pubkey>) {
    let mut world = World::active(TokenProgram::Spl, args, &[tasks()], 2_000_000);
    let grants = cliffs.iter().map(|cliff| {
        let change = |args: &mut CreateGrantArgs| {
            (args.allocation, args.cliff_periods) = (400_000, *cliff);
            (args.time_weight, args.kpi_weights) = (0, vec![10_000]);
        };
        world.grant_with(change).1
    });
    let grants = grants.collect();
    (world, grants)
}

/// Reports these values for the period, one for each grant, and moves past its windows.
fn report(world: &mut World, period: u16, values: &[(Pubkey, i64)]) {
    world.after_period(period, 0);
    for (grant, value) in values {
        world.resolve(0, period, Some(*grant), *value);
    }
    world.after_windows(period);
}

/// The same; then all grants settle, and collect where the plan redistributes. Returns the settlement and the bonus of
/// each.
fn evaluate(world: &mut World, period: u16, values: &[(Pubkey, i64)]) -> Vec<(GrantSettled, u64)> {
    report(world, period, values);
    let settled: Vec<GrantSettled> = values.iter().map(|(grant, _)| world.settled(grant)).collect();
    let redistributes = world.plan().redistributes().unwrap();
    let pay = |(event, (grant, _)): (GrantSettled, &(Pubkey, i64))| {
        let bonus = if redistributes {
            world.collected(grant, period).bonus
        } else {
            0
        };
        (event, bonus)
    };
    settled.into_iter().zip(values).map(pay).collect()
}

#[test]
fn a_termination_or_resignation_changes_this_and_nothing_else() {
    for (program, way) in TOKEN_PROGRAMS
        .into_iter()
        .zip(LEAVES)
        .chain([(TokenProgram::Token2022, Leave::Terminate)])
    {
        let args = policy(UnearnedPolicy::CarryOver);
        let mut world = World::active(program, args, &[stretch_kpi("revenue", Scope::Shared)], 1_000_000);
        let (_, grant) = world.grant(400_000, &[10_000]);
        // 60 % of the first tranche; the rest is carried.
        world.evaluate(0, 60);
        world.settled(&grant);
        let now = boundary(1) + 10 * DAY;
        world.chain.set_time(now);
        let (mut state, mut plan) = (world.grant_state(&grant), world.plan());
        assert_eq!((state.reserved, state.carry, plan.owed), (640_000, 40_000, 60_000));
        let event = world.left(way, &grant);

        // A third of the second tranche, doubled by the best score, and the carry.
        state.end_period = 2;
        state.termination = way.recorded();
        state.ended_at = now;
        state.cut_cap = 33_333;
        state.reserved = 66_666 + 40_000;
        assert_eq!(world.grant_state(&grant), state, "{way:?}");
        plan.reserved = 106_666;
        plan.unsettled_grants[2..4].fill(0);
        plan.event_sequence += 1;
        assert_eq!(world.plan(), plan, "{way:?}");
        assert_eq!(world.surplus(), 1_000_000 - 60_000 - 106_666);
        let expected = GrantEnded {
            plan: world.token.plan,
            time: now,
            sequence: plan.event_sequence,
            grant,
            termination: way.recorded(),
            end_period: 2,
            cut_cap: 33_333,
            cut_units: 0,
            forfeited: false,
            carry: 40_000,
            reserved: 106_666,
            plan_reserved: 106_666,
            plan_owed: 60_000,
        };
        assert_eq!(event, expected);
    }
}

#[test]
fn g10_what_was_served_stays_to_the_second() {
    // When, first period that is cancelled, what the last one is worth, and what is earned in the end: the seconds
    // served.
    let cases = [
        (boundary(0) - 9 * DAY, 0, 0),
        (boundary(0) - 1, 0, 0),
        (boundary(0), 0, 0),
        (boundary(0) + 1, 1, 1),
        (boundary(0) + PERIOD / 2, 1, SECS / 2),
        (boundary(1) - 1, 1, SECS - 1),
        (boundary(1), 1, SECS),
        (boundary(1) + 1, 2, 1),
        (boundary(2), 2, SECS),
        (boundary(3) - 1, 3, SECS - 1),
        (boundary(3), 3, SECS),
        (boundary(4) - 1, 4, SECS - 1),
    ];
    for (way, (at, end_period, cut)) in LEAVES.into_iter().flat_map(|way| cases.map(|case| (way, case))) {
        let (mut world, grant) = in_seconds();
        let other = world.timed_grant(4 * SECS);
        let (other_state, surplus) = (world.grant_state(&other), world.surplus());
        world.chain.set_time(at);
        let event = world.left(way, &grant);
        let served = u64::try_from(at - START).unwrap_or(0);
        let case = format!("{way:?} at {}", at - START);
        assert_eq!(
            (event.end_period, event.cut_cap, event.reserved),
            (end_period, cut, served),
            "{case}"
        );
        assert_eq!(world.surplus(), surplus + 4 * SECS - served, "{case}");
        let counts: Vec<u32> = (0..4).map(|period| 1 + u32::from(period < end_period)).collect();
        assert_eq!(world.plan().unsettled_grants[..4], counts, "{case}");
        assert_eq!(world.grant_state(&other), other_state, "g12: {case}");

        for period in 0..end_period {
            world.after_period(period, 0);
            world.settled(&grant);
        }
        let state = world.grant_state(&grant);
        assert_eq!((state.earned, state.reserved), (served, 0), "{case}");
        world.chain.set_time(period_end(3));
        let settle = world.settle_instruction(&grant);
        world.refuses(&settle, EarnoutError::AllSettled);
        if served > 0 {
            world.claim(&grant).unwrap();
        }
        assert_eq!(world.grant_state(&grant).claimed, served, "{case}");
        let close = world.close_grant(&grant);
        world.run(close);
        assert_eq!(world.plan().owed, 0, "{case}");
        for period in 0..4 {
            assert_eq!(world.settled(&other).period, period, "{case}");
        }
    }
}

#[test]
fn nothing_can_be_ended_once_the_last_period_has_ended() {
    for way in LEAVES {
        for settled in [0, 1, 4] {
            let (mut world, grant) = in_seconds();
            world.after_period(3, 0);
            for _ in 0..settled {
                world.settled(&grant);
            }
            let leave = world.leave(way, &grant);
            world.refuses(&leave, EarnoutError::GrantOver);
        }
    }
}

#[test]
fn a_grant_of_some_periods_ends_with_them() {
    // Periods 1 and 2 of 900 and 901.
    let cases = [
        (boundary(0) + 5, Some((1, 0))),
        (boundary(1), Some((1, 0))),
        (boundary(1) + DAY, Some((2, 30))),
        (boundary(2), Some((2, 900))),
        (boundary(2) + PERIOD / 2, Some((3, 450))),
        (boundary(3), None),
    ];
    for (at, expected) in cases {
        let mut world = World::active(TokenProgram::Spl, terms(), &[tasks()], 10_000);
        let (_, grant) = world.grant_with(|args| (args.first_period, args.periods, args.allocation) = (1, 2, 1_801));
        world.chain.set_time(at);
        let Some((end_period, cut)) = expected else {
            let leave = world.leave(Leave::Terminate, &grant);
            world.refuses(&leave, EarnoutError::GrantOver);
            continue;
        };
        let event = world.left(Leave::Terminate, &grant);
        assert_eq!((event.end_period, event.cut_cap), (end_period, cut));
        assert_eq!(event.reserved, cut + if end_period == 3 { 900 } else { 0 });
        let counts: Vec<u32> = (0..4)
            .map(|period| u32::from((1..end_period).contains(&period)))
            .collect();
        assert_eq!(world.plan().unsettled_grants[..4], counts);
    }
}

#[test]
fn months_are_cut_by_their_own_length() {
    // 31 January, 29 February, 31 March, 30 April 2024: periods of 29, 31 and 30 days.
    const MONTHS: [i64; 4] = [1_706_659_200, 1_709_164_800, 1_711_843_200, 1_714_435_200];
    let cases = [
        (MONTHS[0] + 10 * DAY, 1, 10_689),
        (MONTHS[1] - 1, 1, 30_999),
        (MONTHS[1], 1, 31_000),
        (MONTHS[1] + 10 * DAY, 2, 10_000),
        (MONTHS[2] - 1, 2, 30_999),
        (MONTHS[2] + 10 * DAY, 3, 10_333),
        (MONTHS[3] - 1, 3, 30_999),
    ];
    let args = CreatePlanArgs {
        start_ts: MONTHS[0],
        cadence: Cadence::Months(1),
        enrolment_end: MONTHS[1],
        ..terms()
    };
    for (at, end_period, cut) in cases {
        let mut world = World::active(TokenProgram::Spl, args.clone(), &[tasks()], 1_000_000);
        let grant = world.timed_grant(124_000);
        world.chain.set_time(at);
        let event = world.left(Leave::Resign, &grant);
        assert_eq!((event.end_period, event.cut_cap), (end_period, cut));
    }
}

#[test]
fn the_running_period_is_settled_by_its_scores() {
    // Carry and reserve when half of the second period is served; what is earned in both, and what of the second is
    // not.
    let cases = [
        // 60 % of 100,000; 80 % of 50,000; the rest is surplus.
        (UnearnedPolicy::Return, 0, 50_000, (60_000, 40_000, 10_000)),
        // 60 % of 100,000; 80 % of 50,000 and of 40,000; the last 18,000 are surplus.
        (UnearnedPolicy::CarryOver, 40_000, 90_000, (60_000, 72_000, 18_000)),
    ];
    for (way, (policy_, carry, reserved, (first, second, unearned))) in
        LEAVES.into_iter().flat_map(|way| cases.map(|case| (way, case)))
    {
        let (mut world, grants) = by_results(policy(policy_), &[0]);
        let grant = grants[0];
        assert_eq!(evaluate(&mut world, 0, &[(grant, 60)])[0].0.earned, first);
        world.chain.set_time(boundary(1) + PERIOD / 2);
        let event = world.left(way, &grant);
        assert_eq!((event.carry, event.cut_cap, event.reserved), (carry, 50_000, reserved));
        assert_eq!(world.surplus(), 2_000_000 - first - reserved);
        let settle = world.settle_instruction(&grant);
        world.refuses(&settle, EarnoutError::PeriodNotEnded);
        let (event, _) = evaluate(&mut world, 1, &[(grant, 80)]).remove(0);
        let told = (event.tranche, event.earned, event.unearned, event.carry, event.reserved);
        assert_eq!(told, (50_000, second, unearned, 0, 0), "{policy_:?}");
        assert_eq!(world.surplus(), 2_000_000 - first - second);
        world.claim(&grant).unwrap();
        assert_eq!(world.grant_state(&grant).claimed, first + second);
        assert_eq!((world.plan().owed, world.plan().reserved), (0, 0));
    }
}

#[test]
fn under_redistribution_the_cut_tranche_limits_the_bonus_and_later_pools_do_without_it() {
    for way in LEAVES {
        let args = CreatePlanArgs {
            bonus_cap_bps: 5_000,
            ..policy(UnearnedPolicy::Redistribute)
        };
        let (mut world, grants) = by_results(args, &[0, 0]);
        let (leaver, other) = (grants[0], grants[1]);
        let bonuses = |evaluated: Vec<(GrantSettled, u64)>| -> Vec<(u64, u64)> {
            evaluated.iter().map(|(event, bonus)| (event.earned, *bonus)).collect()
        };
        // A pool of 40,000, shared 6 : 10.
        let first = evaluate(&mut world, 0, &[(leaver, 60), (other, 100)]);
        assert_eq!(bonuses(first), [(60_000, 15_000), (100_000, 25_000)]);
        world.chain.set_time(boundary(1) + PERIOD / 2);
        world.left(way, &leaver);
        // 10,000 and 50,000, shared 4 : 5. Of 26,666 the leaver gets 25,000, half of its cut tranche.
        let surplus = world.surplus();
        let second = evaluate(&mut world, 1, &[(leaver, 80), (other, 50)]);
        assert_eq!(bonuses(second), [(40_000, 25_000), (50_000, 33_333)]);
        assert_eq!((world.pool(1).expected, world.pool(1).kpi_total), (2, 90_000));
        assert_eq!(world.surplus(), surplus + 60_000 - 25_000 - 33_333);
        // 60,000 for the other one alone, up to half of its tranche.
        let third = evaluate(&mut world, 2, &[(other, 40)]);
        assert_eq!(bonuses(third), [(40_000, 50_000)]);
        assert_eq!((world.pool(2).expected, world.pool(2).kpi_total), (1, 40_000));
        assert_eq!(world.grant_state(&leaver).bonus, 40_000);
        world.claim(&leaver).unwrap();
        assert_eq!(world.grant_state(&leaver).claimed, 140_000);
    }
}

#[test]
fn g4_in_one_second_it_does_not_matter_whether_the_ended_period_is_settled_before_or_after() {
    // Nothing of the next period was served, so nothing can be carried into it: the carry becomes surplus.
    for (way, policy_) in LEAVES.into_iter().flat_map(|way| POLICIES.map(|policy| (way, policy))) {
        let [before, after] = [true, false].map(|settled_before| {
            let args = CreatePlanArgs {
                unearned_policy: policy_,
                ..undisputed_terms()
            };
            let (mut world, grants) = by_results(args, &[0, 0]);
            world.after_period(0, 0);
            for (grant, value) in grants.iter().zip([60, 100]) {
                world.resolve(0, 0, Some(*grant), value);
            }
            if !settled_before {
                world.left(way, &grants[0]);
            }
            world.settled(&grants[0]);
            if settled_before {
                world.left(way, &grants[0]);
            }
            world.settled(&grants[1]);
            if policy_ == UnearnedPolicy::Redistribute {
                for grant in &grants {
                    world.collected(grant, 0);
                }
            }
            (world.grant_state(&grants[0]), world.plan(), world.surplus())
        });
        assert_eq!(before, after, "{policy_:?}, {way:?}");
        let (grant, plan, surplus) = after;
        assert_eq!(
            (grant.earned, grant.carry, grant.reserved, grant.end_period),
            (60_000, 0, 0, 1)
        );
        // 60,000 and 100,000 are owed, 300,000 reserved for the other grant, and 40,000 shared or free.
        let shared = if policy_ == UnearnedPolicy::Redistribute {
            40_000
        } else {
            0
        };
        assert_eq!((plan.owed, plan.reserved), (160_000 + shared, 300_000));
        assert_eq!(surplus, 2_000_000 - 460_000 - shared);
    }
}

#[test]
fn g10_ended_periods_are_worth_what_they_were() {
    // From the first second of the next period on, with one or two ended periods that nobody has settled.
    let moments = [
        boundary(1),
        boundary(1) + 1,
        boundary(1) + DAY,
        boundary(2),
        boundary(2) + DAY,
    ];
    for (policy_, at) in POLICIES.into_iter().flat_map(|policy| moments.map(|at| (policy, at))) {
        let settle = |leave: Option<Leave>| {
            let (mut world, grants) = by_results(policy(policy_), &[0, 0]);
            world.after_period(0, 0);
            world.resolve(0, 0, Some(grants[0]), 60);
            world.resolve(0, 0, Some(grants[1]), 100);
            world.chain.set_time(at);
            if let Some(way) = leave {
                world.left(way, &grants[0]);
            }
            world.after_windows(0);
            world.chain.set_time(world.chain.now().max(at));
            let amounts = grants.iter().map(|grant| {
                let event = world.settled(grant);
                (
                    event.scores,
                    event.tranche,
                    event.earned,
                    event.unearned,
                    event.pooled,
                    event.kpi_amount,
                )
            });
            let amounts: Vec<_> = amounts.collect();
            let collects = policy_ == UnearnedPolicy::Redistribute;
            let bonuses: Vec<u64> = grants
                .iter()
                .filter(|_| collects)
                .map(|grant| world.collected(grant, 0).bonus)
                .collect();
            (amounts, bonuses, world.plan().owed)
        };
        let stayed = settle(None);
        assert_eq!(stayed.0[0].2, 60_000);
        for way in LEAVES {
            assert_eq!(settle(Some(way)), stayed, "{policy_:?}, {way:?} at {}", at - START);
        }
    }
}

#[test]
fn who_leaves_before_the_cliff_forfeits_to_the_second() {
    // Cliff in periods, when, whether all is forfeited.
    let cases = [
        (1, boundary(1) - 1, true),
        (1, boundary(1), false),
        (2, boundary(1), true),
        (2, boundary(2) - 1, true),
        (2, boundary(2), false),
        (2, boundary(2) + 1, false),
        (4, boundary(4) - 1, true),
        (0, boundary(0), false),
        // Nothing to lose yet, but the cliff is not reached.
        (0, boundary(0) - 1, true),
    ];
    for (way, (cliff, at, forfeited)) in LEAVES.into_iter().flat_map(|way| cases.map(|case| (way, case))) {
        let mut world = World::active(TokenProgram::Spl, terms(), &[tasks()], 1_000_000);
        let (_, grant) = world.grant_with(|args| (args.allocation, args.cliff_periods) = (400_000, cliff));
        world.chain.set_time(at);
        let ended = (0..4).filter(|period| period_end(*period) <= at).count();
        for _ in 0..ended {
            world.settled(&grant);
        }
        let owed = 100_000 * u64::try_from(ended).unwrap();
        assert_eq!(world.plan().owed, owed);
        let event = world.left(way, &grant);
        let case = format!("cliff {cliff}, {way:?} at {}", at - START);
        assert_eq!(event.forfeited, forfeited, "{case}");
        assert_eq!(event.plan_owed, if forfeited { 0 } else { owed }, "{case}");
        assert_eq!(world.grant_state(&grant).has(FORFEITED), forfeited, "{case}");
        // To the end.
        world.chain.set_time(period_end(3));
        for _ in world.grant_state(&grant).next_period..event.end_period {
            world.settled(&grant);
        }
        let earned = world.grant_state(&grant).earned;
        assert_eq!(world.plan().owed, if forfeited { 0 } else { earned }, "{case}");
        if forfeited || earned == 0 {
            assert_refused(world.claim(&grant), EarnoutError::NothingToClaim);
            assert_eq!(world.surplus(), 1_000_000, "{case}");
        } else {
            world.claim(&grant).unwrap();
        }
        let close = world.close_grant(&grant);
        world.run(close);
    }
}

#[test]
fn g7_a_forfeited_grant_still_settles_and_collects_so_that_nobody_waits_for_it() {
    for (way, policy_) in LEAVES.into_iter().flat_map(|way| POLICIES.map(|policy| (way, policy))) {
        let redistributes = policy_ == UnearnedPolicy::Redistribute;
        let (mut world, grants) = by_results(policy(policy_), &[3, 0]);
        let (leaver, other) = (grants[0], grants[1]);
        let first = evaluate(&mut world, 0, &[(leaver, 60), (other, 100)]);
        assert_eq!((first[0].0.earned, first[1].0.earned), (60_000, 100_000));
        // 40,000 are returned, carried, or shared 6 : 10.
        let bonuses = if redistributes { [15_000, 25_000] } else { [0, 0] };
        assert_eq!([first[0].1, first[1].1], bonuses);
        let owed = 100_000 + bonuses[1];
        assert_eq!(world.plan().owed, owed + 60_000 + bonuses[0]);

        world.chain.set_time(boundary(1) + PERIOD / 2);
        let surplus = world.surplus();
        let reserved = world.plan().reserved;
        let event = world.left(way, &leaver);
        assert_eq!((event.forfeited, event.plan_owed), (true, owed));
        // What it earned, bonus included, and what was held back for what is cancelled.
        assert_eq!(
            world.surplus(),
            surplus + 60_000 + bonuses[0] + reserved - event.plan_reserved
        );

        // Its last half period counts in the pool as ever, and is paid to nobody.
        let second = evaluate(&mut world, 1, &[(leaver, 80), (other, 50)]);
        let carried = if policy_ == UnearnedPolicy::CarryOver {
            40_000
        } else {
            0
        };
        assert_eq!(second[0].0.earned, (50_000 + carried) * 8 / 10);
        let bonuses = if redistributes { [26_666, 33_333] } else { [0, 0] };
        assert_eq!([second[0].1, second[1].1], bonuses, "{policy_:?}");
        assert_eq!(world.plan().owed, owed + 50_000 + bonuses[1]);
        assert_refused(world.claim(&leaver), EarnoutError::NothingToClaim);
        let plan = world.plan();
        assert_eq!(world.surplus(), 2_000_000 - plan.owed - plan.reserved);
        assert_eq!((world.grant_state(&leaver).reserved, plan.pooled), (0, 0));

        // Its account can go; the other grant goes on.
        let close = world.close_grant(&leaver);
        world.run(close);
        for period in [2, 3] {
            evaluate(&mut world, period, &[(other, 100)]);
        }
        world.claim(&other).unwrap();
        let plan = world.plan();
        assert_eq!((plan.owed, plan.reserved, plan.pooled), (0, 0, 0));
    }
}

#[test]
fn a_bonus_of_an_ended_period_is_forfeited_too_if_it_is_collected_later() {
    let (mut world, grants) = by_results(policy(UnearnedPolicy::Redistribute), &[2, 0]);
    report(&mut world, 0, &[(grants[0], 60), (grants[1], 100)]);
    for grant in &grants {
        world.settled(grant);
    }
    world.left(Leave::Resign, &grants[0]);
    assert_eq!((world.plan().owed, world.plan().pooled), (100_000, 40_000));
    let bonuses = [0, 1].map(|index| world.collected(&grants[index], 0).bonus);
    assert_eq!(bonuses, [15_000, 25_000]);
    assert_eq!((world.plan().owed, world.plan().pooled), (125_000, 0));
    assert_eq!(world.vault_balance() - world.surplus(), 125_000 + world.plan().reserved);
}

#[test]
fn what_was_claimed_stays_claimed_and_the_rest_stays_claimable() {
    let (mut world, grant) = in_seconds();
    world.after_period(1, 0);
    world.settled(&grant);
    world.claim(&grant).unwrap();
    world.settled(&grant);
    world.chain.set_time(boundary(2) + 5);
    let event = world.left(Leave::Terminate, &grant);
    assert_eq!(event.plan_owed, SECS);
    world.claim(&grant).unwrap();
    world.after_period(2, 0);
    world.settled(&grant);
    world.claim(&grant).unwrap();
    assert_eq!(world.grant_state(&grant).claimed, 2 * SECS + 5);
    assert_eq!((world.plan().owed, world.plan().reserved), (0, 0));
}

#[test]
fn g6_exactly_what_is_not_earned_any_more_becomes_surplus() {
    // A score of 200 % is possible, so twice the tranches are held back.
    let kpis = [stretch_kpi("revenue", Scope::Shared)];
    let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 800_000);
    let (_, grant) = world.grant(400_000, &[10_000]);
    world.evaluate(0, 100);
    world.settled(&grant);
    world.chain.set_time(boundary(1) + PERIOD / 4);
    assert_eq!(world.surplus(), 100_000);
    let event = world.left(Leave::Terminate, &grant);
    assert_eq!(
        (event.cut_cap, event.reserved, event.plan_owed),
        (25_000, 50_000, 100_000)
    );
    let (authority, token, treasury) = (world.authority.pubkey(), world.token, world.treasury);
    let withdraw = |amount| instructions::withdraw_surplus(&authority, &token, &treasury, amount);
    world.refuses(&withdraw(Some(650_001)), EarnoutError::InsufficientSurplus);
    world.run(withdraw(None));
    assert_eq!(world.vault_balance(), 150_000);
    world.evaluate(1, 200);
    assert_eq!(world.settled(&grant).earned, 50_000);
    world.claim(&grant).unwrap();
    assert_eq!(world.vault_balance(), 0);
}

#[test]
fn g2_who_leaves_after_the_cliff_keeps_what_has_vested() {
    for release in [Release::AtSettlement, Release::Linear] {
        // Before, in and after the settlement of the second period, when the cliff is over.
        for (at, settled) in [
            (boundary(1), 1),
            (boundary(1) + PERIOD / 3, 1),
            (boundary(2), 1),
            (boundary(2), 2),
            (boundary(2) + PERIOD / 3, 2),
            (boundary(4) - 1, 3),
        ] {
            let mut world = World::active(
                TokenProgram::Spl,
                CreatePlanArgs { release, ..terms() },
                &[tasks()],
                1_000_000,
            );
            let (_, grant) = world.grant_with(|args| (args.allocation, args.cliff_periods) = (400_000, 1));
            world.chain.set_time(at);
            for _ in 0..settled {
                world.settled(&grant);
            }
            let vested = |world: &World, at| world.grant_state(&grant).vested(&world.plan(), at).unwrap();
            let moments = [at, at + 1, at + PERIOD / 2, at + PERIOD, at + 9 * PERIOD];
            let before = moments.map(|at| vested(&world, at));
            world.left(Leave::Resign, &grant);
            assert_eq!(
                moments.map(|at| vested(&world, at)),
                before,
                "{release:?}, {settled} settled"
            );
            if before[0] > 0 {
                world.claim(&grant).unwrap();
            }
            assert_eq!(world.grant_state(&grant).claimed, before[0]);
        }
    }
}

#[test]
fn linear_release_goes_on_after_the_end() {
    for way in LEAVES {
        let args = CreatePlanArgs {
            release: Release::Linear,
            ..terms()
        };
        let mut world = World::active(TokenProgram::Spl, args, &[tasks()], 1_000_000);
        let grant = world.timed_grant(400_000);
        world.after_period(2, 0);
        for _ in 0..3 {
            world.settled(&grant);
        }
        // In the middle of the last period half of the third tranche is vested, whether it is ended or not.
        world.chain.set_time(boundary(3) + PERIOD / 2);
        world.left(way, &grant);
        let mut claimed = 0;
        let mut claims = |world: &mut World, total: u64| {
            world.claim(&grant).unwrap();
            claimed = world.grant_state(&grant).claimed;
            assert_eq!(claimed, total, "{way:?}");
        };
        claims(&mut world, 250_000);
        world.chain.set_time(boundary(4) - 1);
        claims(&mut world, 299_999);
        // Half of the last tranche streams through the period after the calendar.
        world.chain.set_time(boundary(4));
        world.settled(&grant);
        claims(&mut world, 300_000);
        world.chain.set_time(boundary(4) + PERIOD / 2);
        claims(&mut world, 325_000);
        let close = world.close_grant(&grant);
        world.refuses(&close, EarnoutError::StillNeeded);
        world.chain.set_time(boundary(5) - 1);
        claims(&mut world, 349_999);
        world.chain.set_time(boundary(5));
        claims(&mut world, 350_000);
        world.run(close);
    }
}

#[test]
fn cancelled_periods_are_not_measured() {
    for way in LEAVES {
        let kpis = [tasks(), kpi("revenue", Scope::Shared)];
        let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 1_000_000);
        let (_, leaver) = world.grant(400_000, &[5_000, 5_000]);
        world.chain.set_time(boundary(1) + 1);
        world.left(way, &leaver);
        world.after_period(2, 0);
        for grant in [Some(leaver), None] {
            let kpi = u8::from(grant.is_none());
            let vote = world.vote(0, kpi, 2, grant, 1);
            world.refuses(&vote, EarnoutError::NothingToEvaluate);
        }
        // Another grant of the period changes nothing for this one.
        let mut world = World::active(TokenProgram::Spl, terms(), &kpis, 1_000_000);
        let [leaver, other] = [0, 1].map(|_| world.grant(400_000, &[5_000, 5_000]).1);
        world.chain.set_time(boundary(1) + 1);
        world.left(way, &leaver);
        world.after_period(2, 0);
        // What is reported of it is written into the page beside the others' and counts for nothing.
        world.attest(0, 0, 2, Some(leaver), 1).unwrap();
        world.attest(0, 0, 2, Some(other), 1).unwrap();
        world.attest(0, 1, 2, None, 1).unwrap();
    }
}

#[test]
fn a_grant_ends_once() {
    for (first, second) in LEAVES
        .into_iter()
        .flat_map(|first| LEAVES.map(|second| (first, second)))
    {
        for later in [0, 1, 2 * PERIOD] {
            let (mut world, grant) = in_seconds();
            world.chain.set_time(boundary(1) + 1);
            world.left(first, &grant);
            world.chain.set_time(boundary(1) + 1 + later);
            let again = world.leave(second, &grant);
            world.refuses(&again, EarnoutError::AlreadyEnded);
        }
    }
}

#[test]
fn g5_an_irrevocable_grant_is_not_terminated() {
    let (mut world, _) = in_seconds();
    let (_, grant) = world.grant_with(|args| (args.revocable, args.transferable) = (false, true));
    let terminate = world.leave(Leave::Terminate, &grant);
    for at in [START - 1, START, boundary(1) + 1, boundary(4)] {
        world.chain.set_time(at);
        world.refuses(&terminate, EarnoutError::NotRevocable);
    }
}

#[test]
fn g13_wrong_accounts_are_refused() {
    let (mut world, grant) = in_seconds();
    let plan = world.token.plan;
    let other = world.active_plan(CreatePlanArgs { plan_id: 2, ..terms() }, &[tasks()], 1_000);
    let foreign = world.in_plan(other, |world| world.timed_grant(400));
    let authority = world.authority.pubkey();
    let terminate = world.leave(Leave::Terminate, &grant);
    world.refuses_swapped(
        &terminate,
        &[
            (
                authority,
                world.grant_state(&grant).beneficiary,
                EarnoutError::WrongAuthority,
            ),
            (authority, world.oracles[0].pubkey(), EarnoutError::WrongAuthority),
            (grant, foreign, EarnoutError::WrongGrant),
            (plan, other, EarnoutError::WrongGrant),
        ],
    );
    world.refuses_misplaced(&terminate, &grant);
    world.refuses_broken(&terminate, &[authority], &[plan, grant]);
    world.run(terminate);
}
