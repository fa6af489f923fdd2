//! `resign_grant`: who may resign. What becomes of the grant is the same as after a termination: see `terminate_grant`.

use {
    earnout::{instructions::AcceptBeneficiaryArgs, state::FORFEITED},
    earnout_tests::{
        leaving::{Leave, policy},
        *,
    },
};

fn world(change: impl FnOnce(&mut CreateGrantArgs)) -> (World, Pubkey) {
    let args = policy(UnearnedPolicy::Return);
    let mut world = World::active(TokenProgram::Spl, args, &[kpi("tasks", Scope::Individual)], 1_000_000);
    let (_, grant) = world.grant_with(|args| {
        args.allocation = 400_000;
        change(args);
    });
    (world, grant)
}

#[test]
fn an_irrevocable_grant_can_be_resigned() {
    let (mut world, grant) = world(|args| args.revocable = false);
    let (mut state, mut plan) = (world.grant_state(&grant), world.plan());
    let now = boundary(0) + PERIOD / 2;
    world.chain.set_time(now);
    let event = world.left(Leave::Resign, &grant);
    state.end_period = 1;
    state.termination = 2;
    state.ended_at = now;
    state.cut_cap = 50_000;
    state.reserved = 50_000;
    assert_eq!(world.grant_state(&grant), state);
    plan.reserved = 50_000;
    plan.unsettled_grants[1..4].fill(0);
    plan.event_sequence += 1;
    assert_eq!(world.plan(), plan);
    let expected = GrantEnded {
        plan: world.token.plan,
        time: now,
        sequence: plan.event_sequence,
        grant,
        termination: 2,
        end_period: 1,
        cut_cap: 50_000,
        cut_units: 0,
        forfeited: false,
        carry: 0,
        reserved: 50_000,
        plan_reserved: 50_000,
        plan_owed: 0,
    };
    assert_eq!(event, expected);
}

#[test]
fn who_resigns_in_front_of_a_termination_before_the_cliff_gains_nothing() {
    let (mut world, grant) = world(|args| args.cliff_periods = 2);
    world.after_period(0, 0);
    world.settled(&grant);
    assert_eq!(world.plan().owed, 100_000);
    world.chain.set_time(boundary(2) - 1);
    let [resign, terminate] = [Leave::Resign, Leave::Terminate].map(|way| world.leave(way, &grant));
    assert_refused(world.send(&[resign.clone(), terminate]), EarnoutError::AlreadyEnded);
    world.run(resign);
    assert!(world.grant_state(&grant).has(FORFEITED));
    world.after_period(1, 0);
    world.settled(&grant);
    assert_refused(world.claim(&grant), EarnoutError::NothingToClaim);
    assert_eq!((world.surplus(), world.plan().earned_total), (1_000_000, 199_999));
}

#[test]
fn the_beneficiary_of_the_moment_resigns() {
    let (mut world, grant) = world(|args| args.transferable = true);
    let (plan, old, new) = (world.token.plan, world.grant_state(&grant).beneficiary, world.key());
    let by = |key: &Pubkey| instructions::resign_grant(key, &plan, &grant);
    world.run(instructions::propose_beneficiary(&old, &plan, &grant, Some(new)));
    world.refuses(&by(&new), EarnoutError::WrongBeneficiary);
    let expected = AcceptBeneficiaryArgs {
        claimed: 0,
        termination: 0,
        dispute_barred: false,
    };
    let accept = instructions::accept_beneficiary(&new, &plan, &grant, expected);
    // Who resigns while the offer is open changes what was offered.
    assert_refused(world.send(&[by(&old), accept.clone()]), EarnoutError::GrantChanged);
    world.run(accept);
    world.refuses(&by(&old), EarnoutError::WrongBeneficiary);
    world.run(by(&new));
}

#[test]
fn g13_wrong_accounts_are_refused() {
    let (mut world, grant) = world(|_| ());
    let plan = world.token.plan;
    let beneficiary = world.grant_state(&grant).beneficiary;
    let terms = CreatePlanArgs { plan_id: 2, ..terms() };
    let other = world.active_plan(terms, &[kpi("tasks", Scope::Individual)], 1_000);
    let foreign = world.in_plan(other, |world| {
        let (_, grant) = world.grant_with(|args| args.beneficiary = beneficiary);
        grant
    });
    let (_, of_another) = world.grant(4, &[]);
    let resign = world.leave(Leave::Resign, &grant);
    world.refuses_swapped(
        &resign,
        &[
            (beneficiary, world.authority.pubkey(), EarnoutError::WrongBeneficiary),
            (beneficiary, world.oracles[0].pubkey(), EarnoutError::WrongBeneficiary),
            (grant, of_another, EarnoutError::WrongBeneficiary),
            (grant, foreign, EarnoutError::WrongGrant),
            (plan, other, EarnoutError::WrongGrant),
        ],
    );
    world.refuses_misplaced(&resign, &grant);
    world.refuses_broken(&resign, &[beneficiary], &[plan, grant]);
    world.run(resign);
}
