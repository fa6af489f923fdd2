//! `cancel_oracle_change`: until when an announced set can be taken back.

use earnout_tests::{keys::*, *};

/// A plan that announced this key as its only oracle from a period on.
fn announced(first_period: u16) -> (World, Pubkey) {
    let mut world = World::active(TokenProgram::Spl, terms(), &disputable_kpis(), 1_000_000);
    world.grant(400, &[10_000]);
    let newcomer = world.key();
    world.run(world.announces(&[newcomer], 1, first_period));
    (world, newcomer)
}

#[test]
fn a_change_is_cancelled_until_the_second_before_it_begins() {
    for first_period in [0, 1, 3] {
        let begins = boundary(i64::from(first_period));
        for now in [GENESIS, begins - 1] {
            let (mut world, newcomer) = announced(first_period);
            world.chain.set_time(now);
            let receipt = world.changes_plan(world.cancels(), |plan| plan.next_oracles = OracleSet::empty());
            let event = OracleChangeCancelled {
                plan: world.token.plan,
                time: now,
                sequence: world.plan().event_sequence,
                first_period,
            };
            assert_eq!(the_event!(receipt, OracleChangeCancelled), event);
            world.refuses(&world.cancels(), EarnoutError::NoOracleChange);
            // The set of before goes on.
            world.after_period(first_period, 0);
            world.refuses(
                &world.vote_of(&newcomer, 0, first_period, 70),
                EarnoutError::NotAnOracle,
            );
            world.resolve(0, first_period, None, 70);
        }
    }
}

#[test]
fn g8_what_has_begun_is_not_cancelled() {
    for first_period in [0, 1, 3] {
        let (mut world, newcomer) = announced(first_period);
        let begins = boundary(i64::from(first_period));
        // Also not when the old set is past its deadlines and the new one not written down yet.
        for now in [begins, begins + 1, begins + 3 * DAY, begins + PERIOD] {
            world.chain.set_time(now);
            world.refuses(&world.cancels(), EarnoutError::NoOracleChange);
        }
        world.run(world.vote_of(&newcomer, 0, first_period, 70));
    }
}

#[test]
fn another_change_can_be_announced_instead() {
    let (mut world, newcomer) = announced(2);
    let other = world.key();
    world.refuses(&world.announces(&[other], 1, 1), EarnoutError::OracleChangePending);
    world.run(world.cancels());
    world.run(world.announces(&[other], 1, 1));
    world.after_period(1, 0);
    world.refuses(&world.vote_of(&newcomer, 0, 1, 70), EarnoutError::NotAnOracle);
    world.run(world.vote_of(&other, 0, 1, 70));
}

#[test]
fn a_later_change_is_cancelled_without_touching_the_one_in_force() {
    let (mut world, newcomer) = announced(1);
    let third = world.key();
    world.chain.set_time(boundary(1) + 3 * DAY);
    world.run(world.announces(&[third], 1, 2));
    world.run(world.cancels());
    world.chain.set_time(boundary(3));
    world.refuses(&world.vote_of(&third, 0, 2, 70), EarnoutError::NotAnOracle);
    world.run(world.vote_of(&newcomer, 0, 2, 70));
}

#[test]
fn nothing_is_cancelled_that_was_not_announced() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    world.refuses(&world.cancels(), EarnoutError::NoOracleChange);
    world.add_kpis(&disputable_kpis());
    world.run(world.activate());
    world.refuses(&world.cancels(), EarnoutError::NoOracleChange);
}

#[test]
fn g13_only_the_authority_cancels() {
    let (mut world, newcomer) = announced(1);
    let (authority, plan) = (world.authority.pubkey(), world.token.plan);
    let cancel = world.cancels();
    world.refuses_others(&cancel, &authority, EarnoutError::WrongAuthority);
    world.refuses(&swapped(&cancel, &authority, &newcomer), EarnoutError::WrongAuthority);
    // Another plan of the same authority has nothing announced.
    let (other, grant) = world.twin(&disputable_kpis(), &newcomer, &[]);
    world.refuses(&swapped(&cancel, &plan, &other), EarnoutError::NoOracleChange);
    world.refuses(
        &swapped(&cancel, &plan, &grant),
        AnchorError::AccountDiscriminatorMismatch,
    );
    world.refuses_broken(&cancel, &[authority], &[plan]);
    world.run(cancel);
}
