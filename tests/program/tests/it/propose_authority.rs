//! `propose_authority`: to whom a plan can be offered.

use earnout_tests::{keys::*, *};

fn world() -> World {
    World::active(TokenProgram::Spl, terms(), &disputable_kpis(), 1_000_000)
}

#[test]
fn the_authority_offers_the_plan_changes_its_mind_and_takes_the_offer_back() {
    let mut world = world();
    let [first, second] = [(), ()].map(|()| world.key());
    let zero = Pubkey::default();
    for (new, old, pending) in [
        (Some(first), zero, first),
        (Some(second), first, second),
        (Some(second), second, second),
        (None, second, zero),
        (None, zero, zero),
    ] {
        let receipt = world.changes_plan(world.offers_plan(new), |plan| plan.pending_authority = pending);
        let event = AuthorityProposed {
            plan: world.token.plan,
            time: GENESIS,
            sequence: world.plan().event_sequence,
            old,
            new: pending,
        };
        assert_eq!(the_event!(receipt, AuthorityProposed), event);
    }
}

#[test]
fn an_offer_changes_nothing_until_it_is_accepted() {
    let mut world = world();
    let new = world.key();
    world.run(world.offers_plan(Some(new)));
    let authority = world.authority.pubkey();
    world.refuses(
        &swapped(&world.cancels(), &authority, &new),
        EarnoutError::WrongAuthority,
    );
    world.grant(400, &[]);
}

#[test]
fn arbiter_and_oracles_do_not_become_the_authority() {
    let mut world = world();
    let next = world.key();
    world.run(world.announces(&[next], 1, 2));
    let oracles = world.oracles.iter().map(Signer::pubkey);
    let roles: Vec<Pubkey> = oracles.chain([world.arbiter.pubkey(), next]).collect();
    // The next oracles before and after they begin.
    for now in [GENESIS, boundary(2)] {
        world.chain.set_time(now);
        for role in &roles {
            world.refuses(&world.offers_plan(Some(*role)), EarnoutError::RolesNotSeparate);
        }
    }
    // When their change is cancelled, they can.
    world.chain.set_time(GENESIS);
    world.run(world.cancels());
    world.run(world.offers_plan(Some(next)));
}

#[test]
fn oracles_of_the_past_can_become_the_authority_once_their_last_period_is_past_its_deadlines() {
    let mut world = world();
    let second = world.key();
    world.run(world.announces(&[second], 1, 1));
    let offer = world.offers_plan(Some(world.oracles[0].pubkey()));
    let deadline = boundary(1) + 3 * DAY;
    world.chain.set_time(deadline - 1);
    world.refuses(&offer, EarnoutError::RolesNotSeparate);
    world.chain.set_time(deadline);
    world.refuses(&world.offers_plan(Some(second)), EarnoutError::RolesNotSeparate);
    world.run(offer);
    // Others who take the place of the second set free it in turn.
    let third = world.key();
    world.run(world.announces(&[third], 1, 3));
    world.chain.set_time(boundary(3) + 3 * DAY);
    world.run(world.offers_plan(Some(second)));
}

#[test]
fn the_zero_key_is_no_authority() {
    // Nor where it stands for no arbiter.
    for args in [terms(), undisputed_terms()] {
        let mut world = World::active(TokenProgram::Spl, args, &disputable_kpis(), 0);
        let offer = world.offers_plan(Some(Pubkey::default()));
        world.refuses(&offer, EarnoutError::BadKey);
    }
}

#[test]
fn a_draft_can_be_offered_and_a_closed_plan_cannot() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let new = world.key();
    let offer = world.offers_plan(Some(new));
    world.run(offer.clone());
    world.refuses_while(PlanStatus::Closed, &offer);
}

#[test]
fn g13_only_the_authority_offers() {
    let mut world = world();
    let new = world.key();
    let offer = world.offers_plan(Some(new));
    let (authority, plan) = (world.authority.pubkey(), world.token.plan);
    world.refuses_others(&offer, &authority, EarnoutError::WrongAuthority);
    // Nor who it is offered to.
    world.run(offer.clone());
    world.refuses(&swapped(&offer, &authority, &new), EarnoutError::WrongAuthority);
    let grant = world.grant(400, &[]).1;
    world.refuses(
        &swapped(&offer, &plan, &grant),
        AnchorError::AccountDiscriminatorMismatch,
    );
    world.refuses_broken(&offer, &[authority], &[plan]);
}
