//! `accept_authority`: what passes to the new authority, and what the old one leaves behind.

use earnout_tests::{keys::*, *};

/// A plan offered to a new key.
fn offered() -> (World, Pubkey) {
    let mut world = World::active(TokenProgram::Spl, terms(), &disputable_kpis(), 1_000_000);
    let new = world.key();
    world.run(world.offers_plan(Some(new)));
    (world, new)
}

/// A token account that can become the treasury, and its owner.
fn treasury(world: &mut World) -> (Pubkey, Pubkey) {
    let owner = world.key();
    (world.associated(&owner), owner)
}

/// Sends all surplus to this account by this key.
fn withdraws(world: &World, authority: &Pubkey, destination: &Pubkey) -> Instruction {
    instructions::withdraw_surplus(authority, &world.token, destination, None)
}

#[test]
fn what_the_old_authority_announced_is_void() {
    let (mut world, new) = offered();
    let (old, old_oracle) = (world.authority.pubkey(), world.oracles[0].pubkey());
    let (announced, _) = treasury(&mut world);
    let newcomer = world.key();
    world.run(world.announces(&[newcomer], 1, 1));
    world.chain.set_time(boundary(1) - DAY);
    world.run(world.sets_treasury(&announced));
    // One second before either is in force.
    world.chain.set_time(boundary(1) - 1);
    let receipt = world.changes_plan(world.takes_plan(&new), |plan| {
        plan.authority = new;
        plan.pending_authority = Pubkey::default();
        plan.pending_treasury = Pubkey::default();
        plan.pending_treasury_owner = Pubkey::default();
        plan.pending_treasury_at = 0;
        plan.next_oracles = OracleSet::empty();
    });
    let event = AuthorityAccepted {
        plan: world.token.plan,
        time: boundary(1) - 1,
        sequence: world.plan().event_sequence,
        old,
        new,
        treasury: world.treasury,
        treasury_owner: world.treasury_owner,
        oracle_change: false,
    };
    assert_eq!(the_event!(receipt, AuthorityAccepted), event);

    // So it never comes into force.
    world.run(world.fund(1));
    world.chain.set_time(boundary(1));
    world.refuses(&withdraws(&world, &new, &announced), EarnoutError::WrongTreasury);
    world.run(withdraws(&world, &new, &world.treasury));
    let grant = swapped(
        &world.create_grant(CreateGrantArgs {
            first_period: 2,
            periods: 1,
            ..world.grant_args(&old, 1, &[10_000])
        }),
        &old,
        &new,
    );
    world.run(world.fund(1));
    world.run(grant);
    world.chain.set_time(boundary(3));
    world.refuses(&world.vote_of(&newcomer, 0, 2, 70), EarnoutError::NotAnOracle);
    world.run(world.vote_of(&old_oracle, 0, 2, 70));
}

#[test]
fn what_is_in_force_stays() {
    // Treasury and oracles, in the second in which they come into force and later.
    for now in [boundary(1), boundary(1) + 5 * DAY] {
        let (mut world, new) = offered();
        let old = world.authority.pubkey();
        let (next, next_owner) = treasury(&mut world);
        let newcomer = world.key();
        world.run(world.announces(&[newcomer], 1, 1));
        world.grant(400, &[10_000]);
        world.chain.set_time(boundary(1) - DAY);
        world.run(world.sets_treasury(&next));
        world.chain.set_time(now);
        let receipt = world.changes_plan(world.takes_plan(&new), |plan| {
            plan.authority = new;
            plan.pending_authority = Pubkey::default();
            (plan.treasury, plan.treasury_owner) = (next, next_owner);
            plan.pending_treasury = Pubkey::default();
            plan.pending_treasury_owner = Pubkey::default();
            plan.pending_treasury_at = 0;
        });
        let event = AuthorityAccepted {
            plan: world.token.plan,
            time: now,
            sequence: world.plan().event_sequence,
            old,
            new,
            treasury: next,
            treasury_owner: next_owner,
            oracle_change: true,
        };
        assert_eq!(the_event!(receipt, AuthorityAccepted), event);
        world.refuses(&withdraws(&world, &new, &world.treasury), EarnoutError::WrongTreasury);
        world.run(withdraws(&world, &new, &next));
        assert_eq!(world.chain.balance(&next), 1_000_000 - 400);
        world.chain.set_time(boundary(2));
        world.run(world.vote_of(&newcomer, 0, 1, 70));
    }
}

#[test]
fn g6_the_old_authority_is_powerless_and_the_new_one_is_not() {
    let (mut world, new) = offered();
    let (old, plan) = (world.authority.pubkey(), world.token.plan);
    let (beneficiary, grant) = world.grant(400, &[10_000]);
    let (other_treasury, _) = treasury(&mut world);
    let newcomer = world.key();
    world.run(world.takes_plan(&new));
    world.after_period(0, 0);
    world.resolve(0, 0, None, 70);
    let by_old = [
        world.create_grant(CreateGrantArgs {
            first_period: 2,
            periods: 1,
            ..world.grant_args(&beneficiary.pubkey(), 1, &[])
        }),
        world.announces(&[newcomer], 1, 2),
        world.cancels(),
        world.sets_treasury(&other_treasury),
        instructions::terminate_grant(&old, &plan, &grant),
        world.offers_plan(Some(old)),
        world.offers_plan(None),
        withdraws(&world, &old, &world.treasury),
    ];
    for instruction in &by_old {
        world.refuses(instruction, EarnoutError::WrongAuthority);
    }
    let dispute = world.disputes(&old, 0, 0, None);
    world.refuses(&dispute, EarnoutError::NotEntitled);
    for instruction in by_old.iter().chain([&dispute]) {
        world.run(swapped(instruction, &old, &new));
    }
}

#[test]
fn g5_no_change_of_keys_changes_terms_or_amounts() {
    let (mut world, new) = offered();
    let (beneficiary, grant) = world.transferable_grant(&[5_000, 5_000]);
    let (mut plan, mut state) = (world.plan(), world.grant_state(&grant));
    let ((next, _), newcomer, heir) = (treasury(&mut world), world.key(), world.key());
    let old = world.authority.pubkey();
    world.run(world.takes_plan(&new));
    world.run(swapped(&world.announces(&[newcomer], 1, 1), &old, &new));
    world.run(swapped(&world.sets_treasury(&next), &old, &new));
    world.run(world.locks(&grant, true));
    world.hand_on(&grant, &heir);
    world.run(world.locks(&grant, true));

    let now = world.plan();
    (plan.authority, plan.pending_authority) = (now.authority, now.pending_authority);
    plan.next_oracles = now.next_oracles;
    plan.pending_treasury = now.pending_treasury;
    plan.pending_treasury_owner = now.pending_treasury_owner;
    plan.pending_treasury_at = now.pending_treasury_at;
    plan.event_sequence = now.event_sequence;
    assert_eq!(now, plan);
    assert_eq!(state.beneficiary, beneficiary);
    state.beneficiary = heir;
    state.associated_bump = world.grant_state(&grant).associated_bump;
    state.flags |= CLAIM_LOCKED;
    state.hand_overs = 1;
    assert_eq!(world.grant_state(&grant), state);
}

#[test]
fn a_draft_is_taken_over_with_all_that_belongs_to_it() {
    let mut world = World::draft(TokenProgram::Token2022, terms());
    let (new, old, plan) = (world.key(), world.authority.pubkey(), world.token.plan);
    world.run(world.offers_plan(Some(new)));
    world.run(world.takes_plan(&new));
    let add = instructions::add_kpi(&old, &plan, kpi("revenue", Scope::Shared));
    world.refuses(&add, EarnoutError::WrongAuthority);
    world.run(swapped(&add, &old, &new));
    let activate = world.activate();
    world.refuses(&activate, EarnoutError::WrongAuthority);
    world.run(swapped(&activate, &old, &new));
    // The address stays that of the creator.
    assert_eq!((world.plan().creator, world.plan().authority), (old, new));
}

#[test]
fn only_the_last_offer_counts_and_only_once() {
    let (mut world, first) = offered();
    let second = world.key();
    world.run(world.offers_plan(Some(second)));
    world.refuses(&world.takes_plan(&first), EarnoutError::WrongAuthority);
    world.run(world.offers_plan(None));
    world.refuses(&world.takes_plan(&second), EarnoutError::WrongAuthority);
    world.run(world.offers_plan(Some(second)));
    world.run(world.takes_plan(&second));
    for key in [first, second] {
        world.refuses(&world.takes_plan(&key), EarnoutError::WrongAuthority);
    }
    // The old one may come back only when the new one offers.
    let old = world.authority.pubkey();
    world.refuses(&world.takes_plan(&old), EarnoutError::WrongAuthority);
    world.run(swapped(&world.offers_plan(Some(old)), &old, &second));
    world.run(world.takes_plan(&old));
    assert_eq!(world.plan().authority, old);
}

#[test]
fn who_became_an_oracle_meanwhile_does_not_take_over() {
    let (mut world, new) = offered();
    world.run(world.announces(&[new], 1, 1));
    for now in [GENESIS, boundary(1) - 1, boundary(1), boundary(1) + 3 * DAY] {
        world.chain.set_time(now);
        world.refuses(&world.takes_plan(&new), EarnoutError::RolesNotSeparate);
    }
    world.chain.set_time(GENESIS);
    world.run(world.cancels());
    world.run(world.takes_plan(&new));
    // Now the old authority may become an oracle, and the new one not.
    let old = world.authority.pubkey();
    let announces = |world: &World, oracle| swapped(&world.announces(&[oracle], 1, 1), &old, &new);
    world.refuses(&announces(&world, new), EarnoutError::RolesNotSeparate);
    world.run(announces(&world, old));
}

#[test]
fn the_arbiter_does_not_take_over() {
    // It cannot be proposed, so this is put there behind the plan's back.
    let (mut world, _) = offered();
    for key in [world.arbiter.pubkey(), world.oracles[2].pubkey()] {
        world.tamper::<Plan>(&world.token.plan.clone(), |plan| plan.pending_authority = key);
        world.refuses(&world.takes_plan(&key), EarnoutError::RolesNotSeparate);
    }
}

#[test]
fn g13_only_who_was_proposed_takes_over() {
    let (mut world, new) = offered();
    let (take, plan) = (world.takes_plan(&new), world.token.plan);
    world.refuses_others(&take, &new, EarnoutError::WrongAuthority);
    let (other, grant) = world.twin(&disputable_kpis(), &new, &[]);
    world.refuses(&swapped(&take, &plan, &other), EarnoutError::WrongAuthority);
    world.refuses(
        &swapped(&take, &plan, &grant),
        AnchorError::AccountDiscriminatorMismatch,
    );
    world.refuses_while(PlanStatus::Closed, &take);
    world.refuses_broken(&take, &[new], &[plan]);
    world.run(take);
}
