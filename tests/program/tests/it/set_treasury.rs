//! `set_treasury`: what can become the treasury, from when on, and who is paid until then.

use earnout_tests::{keys::*, *};

const FUNDS: u64 = 1_000_000;
/// When a treasury that was announced at the beginning takes effect.
const EFFECTIVE: i64 = GENESIS + DAY;

fn world(program: TokenProgram) -> World {
    World::active(program, terms(), &disputable_kpis(), FUNDS)
}

/// A token account of a new key, and that key.
fn account(world: &mut World) -> (Pubkey, Pubkey) {
    let owner = world.key();
    (world.associated(&owner), owner)
}

fn withdraws(world: &World, destination: &Pubkey, amount: u64) -> Instruction {
    instructions::withdraw_surplus(&world.authority.pubkey(), &world.token, destination, Some(amount))
}

#[test]
fn a_treasury_is_announced() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        let (new, owner) = account(&mut world);
        let receipt = world.changes_plan(world.sets_treasury(&new), |plan| {
            (plan.pending_treasury, plan.pending_treasury_owner) = (new, owner);
            plan.pending_treasury_at = EFFECTIVE;
        });
        let event = TreasurySet {
            plan: world.token.plan,
            time: GENESIS,
            sequence: world.plan().event_sequence,
            old: world.treasury,
            new,
            new_owner: owner,
            effective_at: EFFECTIVE,
        };
        assert_eq!(the_event!(receipt, TreasurySet), event);
    }
}

#[test]
fn g6_surplus_goes_to_the_treasury_in_force_to_the_second() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        let ((new, _), old) = (account(&mut world), world.treasury);
        world.run(world.sets_treasury(&new));
        for (now, right, wrong) in [
            (GENESIS, old, new),
            (EFFECTIVE - 1, old, new),
            (EFFECTIVE, new, old),
            (EFFECTIVE + PERIOD, new, old),
        ] {
            world.chain.set_time(now);
            world.refuses(&withdraws(&world, &wrong, 5), EarnoutError::WrongTreasury);
            world.run(withdraws(&world, &right, 5));
        }
        assert_eq!((world.chain.balance(&old), world.chain.balance(&new)), (10, 10));
    }
}

#[test]
fn after_the_last_deadline_a_stranger_pays_the_owner_of_the_treasury_in_force() {
    // Announced as late as can be before the stranger comes, and a second too late.
    for (announced, in_force) in [(LAST_DEADLINE - DAY, true), (LAST_DEADLINE - DAY + 1, false)] {
        let mut world = world(TokenProgram::Spl);
        let (stranger, owner, old) = (world.key(), world.key(), world.treasury);
        // The treasury itself is not the owner's associated account.
        let (treasury, associated) = (world.token_account(&owner), world.associated(&owner));
        world.chain.set_time(announced);
        world.run(world.sets_treasury(&treasury));
        world.chain.set_time(LAST_DEADLINE);
        let (right, wrong) = if in_force { (associated, old) } else { (old, associated) };
        let withdraw = |world: &World, destination: &Pubkey| {
            instructions::withdraw_surplus(&stranger, &world.token, destination, None)
        };
        for wrong in [wrong, treasury] {
            world.refuses(&withdraw(&world, &wrong), EarnoutError::WrongTreasury);
        }
        world.run(withdraw(&world, &right));
        assert_eq!(world.chain.balance(&right), FUNDS);
    }
}

#[test]
fn another_announcement_replaces_the_one_that_is_not_in_force() {
    let mut world = world(TokenProgram::Spl);
    let ((first, _), (second, owner)) = (account(&mut world), account(&mut world));
    world.run(world.sets_treasury(&first));
    let now = EFFECTIVE - 1;
    world.chain.set_time(now);
    let receipt = world.changes_plan(world.sets_treasury(&second), |plan| {
        (plan.pending_treasury, plan.pending_treasury_owner) = (second, owner);
        plan.pending_treasury_at = now + DAY;
    });
    assert_eq!(the_event!(receipt, TreasurySet).old, world.treasury);
    world.chain.set_time(EFFECTIVE);
    world.run(withdraws(&world, &world.treasury, 1));
    world.chain.set_time(now + DAY);
    world.run(withdraws(&world, &second, 1));
    // To name the treasury in force takes an announcement back.
    world.run(world.sets_treasury(&first));
    world.run(world.sets_treasury(&second));
    world.chain.set_time(now + 3 * DAY);
    world.refuses(&withdraws(&world, &first, 1), EarnoutError::WrongTreasury);
    world.run(withdraws(&world, &second, 1));
}

#[test]
fn an_announcement_writes_down_the_treasury_that_came_into_force() {
    for now in [EFFECTIVE, EFFECTIVE + DAY] {
        let mut world = world(TokenProgram::Spl);
        let ((first, first_owner), (second, second_owner)) = (account(&mut world), account(&mut world));
        world.run(world.sets_treasury(&first));
        world.chain.set_time(now);
        let receipt = world.changes_plan(world.sets_treasury(&second), |plan| {
            (plan.treasury, plan.treasury_owner) = (first, first_owner);
            (plan.pending_treasury, plan.pending_treasury_owner) = (second, second_owner);
            plan.pending_treasury_at = now + DAY;
        });
        assert_eq!(the_event!(receipt, TreasurySet).old, first);
        world.run(withdraws(&world, &first, 1));
    }
}

#[test]
fn a_treasury_is_a_token_account_of_the_mint_and_no_vault() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        let plan = world.token.plan;
        let owner = world.key();
        let (other, grant) = world.twin(&disputable_kpis(), &owner, &[]);
        let foreign = world.foreign_account(&owner);
        let wrong = [
            pda::vault(&plan),
            pda::vault(&other),
            foreign,
            world.token.mint,
            plan,
            grant,
            owner,
            Pubkey::default(),
            world.associated_address(&owner.to_bytes().map(|byte| !byte).into()),
        ];
        for treasury in wrong {
            world.refuses(&world.sets_treasury(&treasury), EarnoutError::WrongTreasury);
        }
    }
}

#[test]
fn a_token_account_of_the_other_token_program_is_refused() {
    for program in TOKEN_PROGRAMS {
        let mut world = world(program);
        let other = TOKEN_PROGRAMS.into_iter().find(|other| *other != program).unwrap();
        let owner = world.key();
        let mint = world.chain.mint(other, 6, None).unwrap();
        let treasury = world.chain.associated(other, &mint, &owner).unwrap();
        world.refuses(&world.sets_treasury(&treasury), EarnoutError::WrongTreasury);
    }
}

#[test]
fn g6_a_treasury_that_changes_its_owner_receives_nothing() {
    // Before or after it comes into force.
    for now in [GENESIS, EFFECTIVE] {
        let mut world = world(TokenProgram::Spl);
        let (new, owner) = account(&mut world);
        let buyer = world.key();
        world.run(world.sets_treasury(&new));
        world.chain.set_time(now);
        world.reassign(&new, &owner, &buyer);
        world.chain.set_time(EFFECTIVE);
        world.refuses(&withdraws(&world, &new, 1), EarnoutError::WrongTreasury);
        world.reassign(&new, &buyer, &owner);
        world.run(withdraws(&world, &new, 1));
    }
}

#[test]
fn a_draft_sets_its_treasury_and_a_closed_plan_does_not() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let (new, _) = account(&mut world);
    let set = world.sets_treasury(&new);
    world.run(set.clone());
    world.refuses_while(PlanStatus::Closed, &set);
}

#[test]
fn g6_g13_only_the_authority_sets_the_treasury() {
    let mut world = world(TokenProgram::Spl);
    let (new, owner) = account(&mut world);
    let set = world.sets_treasury(&new);
    let (authority, plan) = (world.authority.pubkey(), world.token.plan);
    world.refuses_others(&set, &authority, EarnoutError::WrongAuthority);
    world.refuses(&swapped(&set, &authority, &owner), EarnoutError::WrongAuthority);
    let grant = world.grant(400, &[]).1;
    world.refuses(&swapped(&set, &plan, &grant), AnchorError::AccountDiscriminatorMismatch);
    world.refuses_broken(&set, &[authority], &[plan]);
    world.run(set);
}
