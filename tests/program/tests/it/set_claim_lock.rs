//! `set_claim_lock`: a beneficiary reserves claiming for itself.

use earnout_tests::{keys::*, *};

/// A grant that earned 75,000, and its beneficiary.
fn settled(program: TokenProgram) -> (World, Pubkey, Pubkey) {
    let mut world = World::active(program, terms(), &disputable_kpis(), 1_000_000);
    let (beneficiary, grant) = world.transferable_grant(&[10_000]);
    world.evaluate(0, 75);
    world.settled(&grant);
    (world, beneficiary, grant)
}

#[test]
fn the_lock_is_set_and_opened() {
    let (mut world, _, grant) = settled(TokenProgram::Spl);
    // Both of them twice.
    for locked in [true, true, false, false, true] {
        let lock = world.locks(&grant, locked);
        let receipt = world.changes_grant(lock, &grant, |grant| {
            grant.flags &= !CLAIM_LOCKED;
            grant.flags |= if locked { CLAIM_LOCKED } else { 0 };
        });
        let event = ClaimLockSet {
            plan: world.token.plan,
            time: world.chain.now(),
            sequence: world.plan().event_sequence,
            grant,
            locked,
        };
        assert_eq!(the_event!(receipt, ClaimLockSet), event);
    }
}

#[test]
fn while_locked_only_the_beneficiary_claims_and_to_wherever_it_likes() {
    for program in TOKEN_PROGRAMS {
        let (mut world, beneficiary, grant) = settled(program);
        let associated = world.associated_address(&beneficiary);
        let second = world.token_account(&beneficiary);
        let claim = |world: &World, claimant: &Pubkey, destination: &Pubkey, amount| {
            instructions::claim(claimant, &world.token, &grant, destination, amount)
        };
        world.run(world.locks(&grant, true));
        let all = claim(&world, &beneficiary, &associated, None);
        world.refuses_others(&all, &beneficiary, EarnoutError::ClaimLocked);
        world.run(claim(&world, &beneficiary, &second, Some(5_000)));
        world.run(claim(&world, &beneficiary, &associated, Some(20_000)));
        // Opened, anyone pays the rest.
        world.run(world.locks(&grant, false));
        let stranger = world.key();
        world.run(claim(&world, &stranger, &associated, None));
        assert_eq!(
            (world.chain.balance(&associated), world.chain.balance(&second)),
            (70_000, 5_000)
        );
    }
}

#[test]
fn a_lock_holds_up_nothing_but_claims() {
    let (mut world, beneficiary, grant) = settled(TokenProgram::Spl);
    world.run(world.locks(&grant, true));
    world.after_period(1, 0);
    world.resolve(0, 1, None, 50);
    world.run(world.disputes(&beneficiary, 0, 1, Some(grant)));
    world.after_windows(1);
    assert_eq!(world.settled(&grant).earned, 50_000);
    let new = world.key();
    world.hand_on(&grant, &new);
    assert!(!world.grant_state(&grant).has(CLAIM_LOCKED));
}

#[test]
fn g12_a_lock_changes_no_other_grant() {
    let (mut world, beneficiary, grant) = settled(TokenProgram::Spl);
    let (_, other) = world.grant_with(|args| {
        (args.beneficiary, args.first_period, args.periods) = (beneficiary, 2, 2);
    });
    let before = world.chain.account(&other);
    world.run(world.locks(&grant, true));
    assert_eq!(world.chain.account(&other), before);
}

#[test]
fn g13_only_the_beneficiary_locks_its_own_grant() {
    let (mut world, beneficiary, grant) = settled(TokenProgram::Spl);
    let plan = world.token.plan;
    let (other_plan, foreign) = world.twin(&disputable_kpis(), &beneficiary, &[]);
    let (_, others) = world.grant_with(|args| (args.first_period, args.periods) = (2, 2));
    let new = world.key();
    world.run(world.offers_grant(&grant, Some(new)));
    for locked in [false, true] {
        let lock = world.locks(&grant, locked);
        world.refuses_others(&lock, &beneficiary, EarnoutError::WrongBeneficiary);
        let cases = [
            // Not who it is offered to.
            (beneficiary, new, EarnoutError::WrongBeneficiary),
            (grant, others, EarnoutError::WrongBeneficiary),
            (grant, foreign, EarnoutError::WrongGrant),
            (plan, other_plan, EarnoutError::WrongGrant),
        ];
        world.refuses_swapped(&lock, &cases);
        world.refuses_misplaced(&lock, &grant);
        world.refuses_broken(&lock, &[beneficiary], &[plan, grant]);
        world.run(lock);
    }
}
