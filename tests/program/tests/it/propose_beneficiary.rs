//! `propose_beneficiary`: who offers which grant to whom.

use earnout_tests::{keys::*, *};

fn world() -> (World, Pubkey, Pubkey) {
    let mut world = World::active(TokenProgram::Spl, terms(), &disputable_kpis(), 1_000_000);
    let (beneficiary, grant) = world.transferable_grant(&[10_000]);
    (world, beneficiary, grant)
}

#[test]
fn the_beneficiary_offers_the_grant_changes_its_mind_and_takes_the_offer_back() {
    let (mut world, beneficiary, grant) = world();
    let [first, second] = [(), ()].map(|()| world.key());
    let zero = Pubkey::default();
    for (new, old, pending) in [
        (Some(first), zero, first),
        (Some(second), first, second),
        (None, second, zero),
        (None, zero, zero),
        (Some(beneficiary), zero, beneficiary),
    ] {
        let offer = world.offers_grant(&grant, new);
        let receipt = world.changes_grant(offer, &grant, |grant| grant.pending_beneficiary = pending);
        let event = BeneficiaryProposed {
            plan: world.token.plan,
            time: GENESIS,
            sequence: world.plan().event_sequence,
            grant,
            old,
            new: pending,
        };
        assert_eq!(the_event!(receipt, BeneficiaryProposed), event);
    }
}

#[test]
fn an_offer_changes_nothing_until_it_is_accepted() {
    let (mut world, beneficiary, grant) = world();
    let new = world.key();
    world.run(world.offers_grant(&grant, Some(new)));
    world.evaluate(0, 70);
    world.settled(&grant);
    let mine = world.associated(&new);
    let by_new = instructions::claim(&new, &world.token, &grant, &mine, None);
    world.refuses(&by_new, EarnoutError::OnlyBeneficiary);
    world.claim(&grant).unwrap();
    assert_eq!(world.chain.balance(&world.associated_address(&beneficiary)), 70_000);
}

#[test]
fn only_a_transferable_grant_is_offered() {
    let (mut world, _, _) = world();
    let (_, grant) = world.grant(400, &[]);
    let new = world.key();
    for new in [Some(new), None] {
        world.refuses(&world.offers_grant(&grant, new), EarnoutError::NotTransferable);
    }
}

#[test]
fn who_must_not_be_paid_is_not_offered_a_grant() {
    let (mut world, _, grant) = world();
    let plan = world.token.plan;
    for bad in [world.arbiter.pubkey(), plan, pda::vault(&plan), Pubkey::default()] {
        world.refuses(&world.offers_grant(&grant, Some(bad)), EarnoutError::BadBeneficiary);
    }
    // The other roles may be paid.
    for role in [
        world.authority.pubkey(),
        world.oracles[0].pubkey(),
        world.treasury_owner,
    ] {
        world.run(world.offers_grant(&grant, Some(role)));
    }
}

#[test]
fn g12_an_offer_changes_no_other_grant() {
    let (mut world, _, grant) = world();
    let (new, (_, other)) = (world.key(), world.transferable_grant(&[10_000]));
    let before = world.chain.account(&other);
    world.run(world.offers_grant(&grant, Some(new)));
    assert_eq!(world.chain.account(&other), before);
}

#[test]
fn g6_g13_only_the_beneficiary_offers_its_own_grant() {
    let (mut world, beneficiary, grant) = world();
    let plan = world.token.plan;
    let new = world.key();
    let (other_plan, foreign) = world.twin(&disputable_kpis(), &beneficiary, &[]);
    let (neighbour, others) = world.transferable_grant(&[]);
    let offer = world.offers_grant(&grant, Some(new));
    world.refuses_others(&offer, &beneficiary, EarnoutError::WrongBeneficiary);
    let cases = [
        (beneficiary, new, EarnoutError::WrongBeneficiary),
        (beneficiary, neighbour, EarnoutError::WrongBeneficiary),
        (grant, others, EarnoutError::WrongBeneficiary),
        (grant, foreign, EarnoutError::WrongGrant),
        (plan, other_plan, EarnoutError::WrongGrant),
    ];
    world.refuses_swapped(&offer, &cases);
    world.refuses_misplaced(&offer, &grant);
    world.refuses_broken(&offer, &[beneficiary], &[plan, grant]);
    world.run(offer);
}
