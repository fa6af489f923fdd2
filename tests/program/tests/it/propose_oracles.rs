//! `propose_oracles`: who votes from when on, and who on what came before.

use earnout_tests::{keys::*, *};

/// A plan with a grant of 400,000 that depends on its shared KPI only.
fn world_of(args: CreatePlanArgs) -> (World, Pubkey) {
    let mut world = World::active(TokenProgram::Spl, args, &disputable_kpis(), 1_000_000);
    let (_, grant) = world.grant(400_000, &[10_000]);
    (world, grant)
}

fn world() -> (World, Pubkey) {
    world_of(terms())
}

fn keys<const N: usize>(world: &mut World) -> [Pubkey; N] {
    [(); N].map(|()| world.key())
}

fn old_oracles(world: &World) -> [Pubkey; 3] {
    [0, 1, 2].map(|index| world.oracles[index].pubkey())
}

#[test]
fn a_set_is_announced() {
    for (count, threshold, first_period) in [(1, 1, 0), (2, 2, 1), (3, 2, 3), (8, 8, 2)] {
        let (mut world, _) = world();
        let oracles: [Pubkey; 8] = keys(&mut world);
        let oracles = &oracles[..count];
        let announce = world.announces(oracles, threshold, first_period);
        let receipt = world.changes_plan(announce, |plan| {
            let set = &mut plan.next_oracles;
            set.keys[..count].copy_from_slice(oracles);
            set.count = u8::try_from(count).unwrap();
            (set.threshold, set.first_period) = (threshold, first_period);
        });
        let event = OraclesProposed {
            plan: world.token.plan,
            time: GENESIS,
            sequence: world.plan().event_sequence,
            oracles: oracles.to_vec(),
            threshold,
            first_period,
        };
        assert_eq!(the_event!(receipt, OraclesProposed), event);
    }
}

#[test]
fn the_set_must_be_well_formed_and_its_period_exist() {
    let (mut world, _) = world();
    let oracles: [Pubkey; 9] = keys(&mut world);
    let [a, b, zero] = [oracles[0], oracles[1], Pubkey::default()];
    for set in [&[][..], &oracles, &[a, a], &[a, b, a], &[zero], &[a, zero]] {
        world.refuses(&world.announces(set, 2, 1), EarnoutError::BadOracleSet);
    }
    for (count, threshold) in [
        (1, 0),
        (1, 2),
        (2, 1),
        (2, 3),
        (3, 1),
        (3, 4),
        (4, 2),
        (8, 4),
        (8, 9),
        (8, 255),
    ] {
        let announce = world.announces(&oracles[..count], threshold, 1);
        world.refuses(&announce, EarnoutError::BadThreshold);
    }
    for period in [4, 5, 120, u16::MAX] {
        world.refuses(&world.announces(&[a], 1, period), EarnoutError::UnknownPeriod);
    }
}

#[test]
fn authority_and_arbiter_do_not_become_oracles() {
    let (mut world, _) = world();
    let [other] = keys(&mut world);
    for role in [world.authority.pubkey(), world.arbiter.pubkey()] {
        for set in [[role, other], [other, role]] {
            world.refuses(&world.announces(&set, 2, 1), EarnoutError::RolesNotSeparate);
        }
    }
    // Oracles of now may stay, and everyone else may become one.
    let set = [world.oracles[1].pubkey(), other, world.treasury_owner];
    world.run(world.announces(&set, 2, 1));
}

#[test]
fn the_notice_is_kept_to_the_second() {
    for (period, begins) in [(0, START), (1, boundary(1)), (3, boundary(3))] {
        let (mut world, _) = world();
        let [newcomer] = keys(&mut world);
        let announce = world.announces(&[newcomer], 1, period);
        for late in [begins - DAY + 1, begins - 1, begins, begins + PERIOD] {
            world.chain.set_time(late);
            world.refuses(&announce, EarnoutError::NoticeTooShort);
        }
        world.chain.set_time(begins - DAY);
        world.run(announce);
    }
}

#[test]
fn only_an_active_plan_changes_its_oracles() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let [newcomer] = keys(&mut world);
    let announce = world.announces(&[newcomer], 1, 1);
    world.refuses(&announce, EarnoutError::PlanNotActive);
    world.add_kpis(&disputable_kpis());
    world.run(world.activate());
    world.refuses_while(PlanStatus::Closed, &announce);
    world.run(announce);
}

#[test]
fn g13_only_the_authority_announces() {
    let (mut world, grant) = world();
    let [newcomer] = keys(&mut world);
    let announce = world.announces(&[newcomer], 1, 1);
    let (authority, plan) = (world.authority.pubkey(), world.token.plan);
    world.refuses_others(&announce, &authority, EarnoutError::WrongAuthority);
    world.refuses(&swapped(&announce, &authority, &newcomer), EarnoutError::WrongAuthority);
    world.refuses(
        &swapped(&announce, &plan, &grant),
        AnchorError::AccountDiscriminatorMismatch,
    );
    world.refuses_broken(&announce, &[authority], &[plan]);
    world.run(announce);
}

// One at a time.

#[test]
fn the_next_change_is_announced_when_the_old_set_is_past_its_deadlines() {
    // First period of the change, and when the old set has nothing to say any more.
    for (first, free) in [(0, START), (1, boundary(1) + 3 * DAY), (2, boundary(2) + 3 * DAY)] {
        let (mut world, _) = world();
        let [second, third] = keys(&mut world);
        world.run(world.announces(&[second], 1, first));
        let again = world.announces(&[third], 1, 3);
        for busy in [GENESIS, boundary(i64::from(first)) - 1, free - 1] {
            world.chain.set_time(busy);
            world.refuses(&again, EarnoutError::OracleChangePending);
        }
        world.chain.set_time(free);
        let set = OracleSet::new(&[third], 1, 3).unwrap();
        world.changes_plan(again, |plan| {
            plan.oracles = plan.next_oracles;
            plan.next_oracles = set;
        });
    }
}

#[test]
fn the_same_set_may_be_announced_again_but_not_twice_at_once() {
    let (mut world, _) = world();
    let oracles = old_oracles(&world);
    world.run(world.announces(&oracles, 3, 1));
    world.refuses(&world.announces(&oracles, 3, 1), EarnoutError::OracleChangePending);
}

// Who votes on what.

#[test]
fn g8_each_set_votes_on_its_own_periods_only() {
    for first in [0, 1, 2, 3] {
        let (mut world, grant) = world();
        let old = old_oracles(&world);
        let new: [Pubkey; 2] = keys(&mut world);
        world.run(world.announces(&new, 2, first));
        for period in 0..4 {
            let (right, wrong) = if period < first {
                (&old[..2], &new[..])
            } else {
                (&new[..], &old[..])
            };
            // To the last second of voting, also in the middle of the rotation.
            world.after_period(period, 0);
            for key in wrong {
                world.refuses(&world.vote_of(key, 0, period, 70), EarnoutError::NotAnOracle);
            }
            world.run(world.vote_of(&right[0], 0, period, 70));
            world.after_period(period, DAY - 1);
            for key in wrong {
                world.refuses(&world.vote_of(key, 0, period, 70), EarnoutError::NotAnOracle);
            }
            let vote = world.vote_of(&right[1], 0, period, 70);
            assert!(the_event!(world.run(vote), ValueAttested).resolved);
            let attestation = world.attestation(0, period);
            let quorum = if period < first { (3, 2) } else { (2, 2) };
            assert_eq!((attestation.oracle_count, attestation.threshold), quorum);
            world.after_windows(period);
            assert_eq!(world.settled(&grant).scores, [7_000, 0]);
        }
    }
}

#[test]
fn g8_a_rotation_in_the_middle_of_a_vote_changes_nothing() {
    // Voting takes longer than a period: the old set still votes on period 0 when the new one votes on period 1.
    let args = CreatePlanArgs {
        attest_secs: 40 * 86_400,
        ..terms()
    };
    let (mut world, grant) = world_of(args);
    let old = old_oracles(&world);
    let [newcomer] = keys(&mut world);
    // Also a member of the old set, at another place.
    let new = [newcomer, old[0], old[1]];
    world.chain.set_time(boundary(1) - DAY);
    world.run(world.announces(&new, 2, 1));
    world.chain.set_time(boundary(1));
    world.run(world.vote_of(&old[0], 0, 0, 10));
    world.run(world.vote_of(&old[2], 0, 0, 20));
    world.refuses(&world.vote_of(&newcomer, 0, 0, 20), EarnoutError::NotAnOracle);
    let before = world.attestation(0, 0);

    world.chain.set_time(boundary(2));
    assert_eq!(world.attestation(0, 0), before);
    world.run(world.vote_of(&newcomer, 0, 1, 90));
    world.run(world.vote_of(&old[0], 0, 1, 90));
    world.refuses(&world.vote_of(&old[2], 0, 1, 90), EarnoutError::NotAnOracle);
    // The old set is needed until period 0 is past its deadlines, ten days and two windows from now.
    let again = world.announces(&[newcomer], 1, 3);
    world.chain.set_time(boundary(1) + 42 * DAY - 1);
    world.refuses(&again, EarnoutError::OracleChangePending);
    world.chain.set_time(boundary(1) + 40 * DAY - 1);
    assert!(the_event!(world.run(world.vote_of(&old[1], 0, 0, 20)), ValueAttested).resolved);
    assert_eq!(world.attestation(0, 0).values[..3], [10, 20, 20]);
    world.chain.set_time(boundary(1) + 42 * DAY);
    world.run(again);
    assert_eq!(world.settled(&grant).scores, [2_000, 0]);
    assert_eq!(world.settled(&grant).scores, [9_000, 0]);
}

#[test]
fn g3_g8_an_old_period_is_judged_by_its_own_set_after_two_rotations() {
    // Of three oracles two decide; in the later sets one of one. A lonely vote stays silence, two stay a median.
    for (standing, score) in [
        (&STANDINGS[0], 7_000),
        (&STANDINGS[1], 6_000),
        (&STANDINGS[3], 2_500),
        (SILENT, 2_500),
    ] {
        for disputed in [false, true] {
            let mut disputable = Disputable::new(0, SILENT);
            let [second, third, fourth] = keys(&mut disputable.world);
            disputable.world.chain.set_time(GENESIS);
            disputable.world.run(disputable.world.announces(&[second], 1, 1));
            disputable.stands(0, standing);
            if disputed {
                disputable.world.run(disputable.by_beneficiary());
            }
            for (oracle, last) in [(third, 1), (fourth, 2)] {
                disputable.world.after_windows(last - 1);
                disputable.world.run(disputable.world.announces(&[oracle], 1, last + 1));
            }
            disputable.world.after_windows(3);
            assert_eq!(disputable.world.plan().oracles.keys[0], third);
            if let Some(attestation) = disputable.world.chain.attestation(&disputable.evaluation()) {
                assert_eq!((attestation.oracle_count, attestation.threshold), (3, 2));
            }
            let settled = disputable.world.settled(&disputable.grant);
            assert_eq!(settled.scores, [score, 0], "{standing:?} {disputed}");
        }
    }
}

#[test]
fn a_disputed_silence_of_the_new_set_knows_its_quorum() {
    let (mut world, _) = world();
    let new: [Pubkey; 5] = keys(&mut world);
    world.run(world.announces(&new, 4, 1));
    for (period, quorum) in [(0, (3, 2)), (1, (5, 4))] {
        world.after_period(period, DAY);
        world.run(world.disputes(&world.authority.pubkey(), 0, period, None));
        let attestation = world.attestation(0, period);
        assert_eq!((attestation.oracle_count, attestation.threshold), quorum);
    }
}
