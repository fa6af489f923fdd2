//! `accept_beneficiary`: what passes to the new beneficiary, and what it must know before.

use earnout_tests::{keys::*, *};

/// A grant of 400,000 that earned 75,000 in period 0 and was offered to a new key: old and new beneficiary, and the
/// grant.
fn offered(program: TokenProgram) -> (World, Pubkey, Pubkey, Pubkey) {
    let mut world = World::active(program, disputable_terms(), &disputable_kpis(), 1_000_000);
    let (old, grant) = world.transferable_grant(&[5_000, 5_000]);
    let new = world.key();
    world.run(world.offers_grant(&grant, Some(new)));
    world.after_period(0, 0);
    world.resolve(0, 0, None, 100);
    world.resolve(1, 0, Some(grant), 50);
    world.after_windows(0);
    world.settled(&grant);
    (world, old, new, grant)
}

#[test]
fn the_grant_passes_with_all_that_was_not_claimed() {
    for program in TOKEN_PROGRAMS {
        for locked in [false, true] {
            let (mut world, old, new, grant) = offered(program);
            world.run(world.locks(&grant, locked));
            let (mint, token_program) = (world.token.mint, world.token.token_program);
            let seeds: &[&[u8]] = &[new.as_ref(), token_program.as_ref(), mint.as_ref()];
            let associated_program = Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
            let (account, bump) = Pubkey::find_program_address(seeds, &associated_program);
            let take = world.takes_grant(&grant, &new);
            let receipt = world.changes_grant(take, &grant, |grant| {
                grant.beneficiary = new;
                grant.associated_bump = bump;
                grant.hand_overs = 1;
                grant.pending_beneficiary = Pubkey::default();
                grant.flags &= !CLAIM_LOCKED;
            });
            let event = BeneficiaryAccepted {
                plan: world.token.plan,
                time: world.chain.now(),
                sequence: world.plan().event_sequence,
                grant,
                old,
                new,
            };
            assert_eq!(the_event!(receipt, BeneficiaryAccepted), event);

            // A stranger pays the new one's associated account, and nobody the old one's.
            let stranger = world.key();
            let to_old = world.associated_address(&old);
            let claim = |world: &World, claimant: &Pubkey, destination: &Pubkey| {
                instructions::claim(claimant, &world.token, &grant, destination, None)
            };
            world.associated(&new);
            for claimant in [stranger, old] {
                world.refuses(&claim(&world, &claimant, &to_old), EarnoutError::OnlyBeneficiary);
            }
            world.run(claim(&world, &stranger, &account));
            assert_eq!(world.chain.balance(&account), 75_000);
            assert_eq!(world.chain.balance(&to_old), 0);
        }
    }
}

#[test]
fn the_old_beneficiary_is_powerless_and_the_new_one_is_not() {
    let (mut world, old, new, grant) = offered(TokenProgram::Spl);
    let plan = world.token.plan;
    let account = world.token_account(&old);
    world.after_period(1, DAY);
    let by_old = [
        (
            instructions::claim(&old, &world.token, &grant, &account, Some(1)),
            EarnoutError::OnlyBeneficiary,
        ),
        (world.locks(&grant, true), EarnoutError::WrongBeneficiary),
        (world.offers_grant(&grant, Some(old)), EarnoutError::WrongBeneficiary),
        (world.disputes(&old, 0, 1, Some(grant)), EarnoutError::NotEntitled),
        (world.disputes(&old, 1, 1, Some(grant)), EarnoutError::NotEntitled),
        (
            instructions::resign_grant(&old, &plan, &grant),
            EarnoutError::WrongBeneficiary,
        ),
    ];
    world.run(world.takes_grant(&grant, &new));
    for (instruction, error) in &by_old {
        world.refuses(instruction, *error);
    }
    for (instruction, _) in &by_old {
        world.run(swapped(instruction, &old, &new));
    }
}

// What it must know before.

#[test]
fn a_grant_that_is_not_as_expected_is_not_taken_over() {
    let (mut world, old, new, grant) = offered(TokenProgram::Spl);
    let plan = world.token.plan;
    let account = world.associated_address(&old);
    let take = |claimed, termination| {
        let args = AcceptBeneficiaryArgs {
            claimed,
            termination,
            dispute_barred: false,
        };
        instructions::accept_beneficiary(&new, &plan, &grant, args)
    };
    for (claimed, termination) in [
        (1, 0),
        (75_000, 0),
        (u64::MAX, 0),
        (0, Termination::Terminated.to_byte()),
        (0, Termination::Resigned.to_byte()),
        (0, 255),
    ] {
        world.refuses(&take(claimed, termination), EarnoutError::GrantChanged);
    }
    // The old one claims a last time before the new one comes.
    world.run(instructions::claim(&old, &world.token, &grant, &account, Some(74_999)));
    world.refuses(&take(0, 0), EarnoutError::GrantChanged);
    world.run(take(74_999, 0));
    world.claim(&grant).unwrap_err();
    world.associated(&new);
    world.claim(&grant).unwrap();
    assert_eq!(world.chain.balance(&world.associated_address(&new)), 1);
}

#[test]
fn a_grant_that_ended_meanwhile_is_not_taken_over_unawares() {
    let [terminated, resigned] = [Termination::Terminated, Termination::Resigned].map(Termination::to_byte);
    for (termination, other) in [(terminated, resigned), (resigned, terminated)] {
        let (mut world, old, new, grant) = offered(TokenProgram::Spl);
        let plan = world.token.plan;
        let unaware = world.takes_grant(&grant, &new);
        world.run(if termination == terminated {
            instructions::terminate_grant(&world.authority.pubkey(), &plan, &grant)
        } else {
            instructions::resign_grant(&old, &plan, &grant)
        });
        world.refuses(&unaware, EarnoutError::GrantChanged);
        let args = |termination| AcceptBeneficiaryArgs {
            claimed: 0,
            termination,
            dispute_barred: false,
        };
        let mistaken = instructions::accept_beneficiary(&new, &plan, &grant, args(other));
        world.refuses(&mistaken, EarnoutError::GrantChanged);
        // Who knows may.
        world.run(instructions::accept_beneficiary(&new, &plan, &grant, args(termination)));
        world.associated(&new);
        world.claim(&grant).unwrap();
        assert_eq!(world.chain.balance(&world.associated_address(&new)), 75_000);
    }
}

// Who.

#[test]
fn only_the_last_offer_counts_and_only_once() {
    let (mut world, old, first, grant) = offered(TokenProgram::Spl);
    let second = world.key();
    world.run(world.offers_grant(&grant, Some(second)));
    world.refuses(&world.takes_grant(&grant, &first), EarnoutError::WrongBeneficiary);
    world.run(world.offers_grant(&grant, None));
    world.refuses(&world.takes_grant(&grant, &second), EarnoutError::WrongBeneficiary);
    world.hand_on(&grant, &second);
    for key in [old, first, second] {
        world.refuses(&world.takes_grant(&grant, &key), EarnoutError::WrongBeneficiary);
    }
    // The new one can hand it on, also back.
    world.hand_on(&grant, &old);
    assert_eq!(world.grant_state(&grant).beneficiary, old);
}

#[test]
fn the_arbiter_takes_over_no_grant() {
    // It cannot be proposed, so this is put there behind the plan's back.
    let (mut world, _, _, grant) = offered(TokenProgram::Spl);
    let arbiter = world.arbiter.pubkey();
    world.tamper::<Grant>(&grant, |grant| grant.pending_beneficiary = arbiter);
    world.refuses(&world.takes_grant(&grant, &arbiter), EarnoutError::BadBeneficiary);
}

#[test]
fn an_oracle_takes_over_no_grant_on_which_it_votes() {
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 2_000_000);
    let (_, measured) = world.transferable_grant(&[5_000, 5_000]);
    let (_, shared) = world.transferable_grant(&[10_000]);
    let (oracle, next) = (world.oracles[0].pubkey(), world.key());
    world.run(world.announces(&[next], 1, 3));
    world.after_period(0, 0);
    world.run(world.vote(0, 1, 0, Some(measured), 100));
    world.run(world.offers_grant(&measured, Some(oracle)));
    world.refuses(&world.takes_grant(&measured, &oracle), EarnoutError::OwnGrant);
    // The next set votes from its first period on.
    world.run(world.offers_grant(&measured, Some(next)));
    world.chain.set_time(boundary(3));
    world.refuses(&world.takes_grant(&measured, &next), EarnoutError::OwnGrant);
    // Nobody is asked about a grant that only shared KPIs pay, nor about one that is settled to its end.
    world.hand_on(&shared, &oracle);
    world.after_windows(3);
    for _ in 0..4 {
        world.settled(&measured);
    }
    world.hand_on(&measured, &next);
}

#[test]
fn an_announcement_as_an_oracle_keeps_nobody_from_a_grant() {
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 2_000_000);
    let (_, measured) = world.transferable_grant(&[5_000, 5_000]);
    let new = world.key();
    world.run(world.offers_grant(&measured, Some(new)));
    // The authority names the proposed beneficiary in the set of a later period.
    world.run(world.announces(&[new], 1, 3));
    world.chain.set_time(boundary(3) - 1);
    world.settled(&measured);
    world.settled(&measured);
    world.run(world.takes_grant(&measured, &new));
    // When the set begins its vote on its own grant does not count, and the score under silence does.
    world.after_period(3, 0);
    let vote = world.vote(0, 1, 3, Some(measured), 100);
    world.run(swapped(&vote, &world.oracles[0].pubkey(), &new));
    world.after_windows(3);
    world.settled(&measured);
    assert_eq!(world.settled(&measured).scores, [2_500, 2_500]);
}

#[test]
fn a_grant_that_disputed_in_vain_stays_barred_whoever_has_it() {
    let (mut world, old, new, grant) = offered(TokenProgram::Spl);
    world.after_period(1, DAY);
    world.run(world.disputes(&old, 0, 1, Some(grant)));
    let unaware = world.takes_grant(&grant, &new);
    world.refuses(&unaware, EarnoutError::DisputeOpen);
    world.run(world.rules(0, 1, None, &[grant], None));
    // Who takes it over says that it knows.
    world.refuses(&unaware, EarnoutError::GrantChanged);
    world.run(world.takes_grant(&grant, &new));
    world.refuses(&world.disputes(&new, 1, 1, Some(grant)), EarnoutError::DisputeBarred);
    // The old beneficiary disputes for another grant of its own.
    let (_, own) = world.grant_with(|args| {
        (args.beneficiary, args.first_period, args.periods) = (old, 3, 1);
        (args.allocation, args.time_weight, args.kpi_weights) = (400, 0, vec![10_000]);
    });
    world.after_period(3, DAY);
    world.run(world.disputes(&old, 0, 3, Some(own)));
}

#[test]
fn a_grant_does_not_change_hands_while_a_dispute_for_it_is_open() {
    // Decided either way, or not at all.
    for ruling in [Some(None), Some(Some(30)), None] {
        let (mut world, old, new, grant) = offered(TokenProgram::Spl);
        world.after_period(1, DAY);
        let now = world.chain.now();
        world.run(world.disputes(&old, 0, 1, Some(grant)));
        for at in [now, now + RULING - 1] {
            world.chain.set_time(at);
            world.refuses(&world.takes_grant(&grant, &new), EarnoutError::DisputeOpen);
        }
        match ruling {
            Some(value) => {
                world.run(world.rules(0, 1, None, &[grant], value));
            }
            None => world.chain.set_time(now + RULING),
        }
        world.run(world.takes_grant(&grant, &new));
        // Who took it over is barred only if that was known before.
        world.after_period(2, DAY);
        let dispute = world.disputes(&new, 0, 2, Some(grant));
        if ruling == Some(None) {
            world.refuses(&dispute, EarnoutError::DisputeBarred);
        } else {
            world.run(dispute);
        }
    }
}

#[test]
fn of_several_disputes_for_a_grant_all_must_be_decided_or_the_last_ones_window_over() {
    let (mut world, old, new, grant) = offered(TokenProgram::Spl);
    world.after_period(1, DAY);
    let first = world.chain.now();
    world.run(world.disputes(&old, 0, 1, Some(grant)));
    world.chain.set_time(first + HOUR - 1);
    world.run(world.disputes(&old, 1, 1, Some(grant)));
    world.run(world.rules(0, 1, None, &[grant], Some(30)));
    world.refuses(&world.takes_grant(&grant, &new), EarnoutError::DisputeOpen);
    world.run(world.rules(1, 1, Some(grant), &[grant], Some(30)));
    world.run(world.takes_grant(&grant, &new));

    world.settled(&grant);
    // One is never decided: it counts until the window of the last one is over.
    world.run(world.offers_grant(&grant, Some(old)));
    world.after_period(2, DAY);
    let first = world.chain.now();
    world.run(world.disputes(&new, 0, 2, Some(grant)));
    world.chain.set_time(first + HOUR - 1);
    world.run(world.disputes(&new, 1, 2, Some(grant)));
    world.run(world.rules(1, 2, Some(grant), &[grant], Some(30)));
    world.chain.set_time(first + HOUR - 1 + RULING - 1);
    world.refuses(&world.takes_grant(&grant, &old), EarnoutError::DisputeOpen);
    world.chain.set_time(first + HOUR - 1 + RULING);
    world.run(world.takes_grant(&grant, &old));

    // What lapsed long ago does not count with a new one.
    world.run(world.offers_grant(&grant, Some(new)));
    world.after_period(3, DAY);
    world.settled(&grant);
    world.run(world.disputes(&old, 0, 3, Some(grant)));
    world.run(world.rules(0, 3, None, &[grant], Some(30)));
    world.run(world.takes_grant(&grant, &new));
}

#[test]
fn periods_past_their_last_deadlines_are_settled_first_where_a_grant_is_measured() {
    let last = DAY + CHALLENGE + RULING;
    let (mut world, _, new, grant) = offered(TokenProgram::Spl);
    let take = world.takes_grant(&grant, &new);
    world.after_period(1, last - 1);
    world.chain.set_time(boundary(2) + last);
    world.refuses(&take, EarnoutError::SettleFirst);
    // Also where the next one is not over.
    world.after_period(2, last - 1);
    world.refuses(&take, EarnoutError::SettleFirst);
    world.settled(&grant);
    world.run(take);
    // To the second.
    let other = world.key();
    world.run(world.offers_grant(&grant, Some(other)));
    let take = world.takes_grant(&grant, &other);
    world.after_period(2, last);
    world.refuses(&take, EarnoutError::SettleFirst);
    world.after_period(2, last - 1);
    world.run(take);
    // Not where shared KPIs and time alone pay.
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 1_000_000);
    let (_, shared) = world.transferable_grant(&[5_000]);
    let new = world.key();
    world.after_windows(2);
    world.hand_on(&shared, &new);
}

#[test]
fn an_oracle_does_not_hand_over_a_grant_on_which_it_votes() {
    let mut world = World::active(TokenProgram::Spl, disputable_terms(), &disputable_kpis(), 2_000_000);
    let (_, measured) = world.transferable_grant(&[5_000, 5_000]);
    let (_, shared) = world.transferable_grant(&[10_000]);
    let (oracle, friend, next) = (world.oracles[0].pubkey(), world.key(), world.key());
    for grant in [measured, shared] {
        world.tamper::<Grant>(&grant, |grant| grant.beneficiary = oracle);
        world.run(world.offers_grant(&grant, Some(friend)));
    }
    let take = world.takes_grant(&measured, &friend);
    world.refuses(&take, EarnoutError::OwnGrant);
    world.run(world.takes_grant(&shared, &friend));
    // Another set follows: until the deadlines of the last period of the old one are past it is in force.
    world.run(world.announces(&[next], 1, 1));
    world.after_period(0, 0);
    world.run(world.vote(0, 1, 0, Some(measured), 100));
    world.refuses(&take, EarnoutError::OwnGrant);
    world.after_windows(0);
    world.refuses(&take, EarnoutError::SettleFirst);
    // Its vote did not count; from now on it has none.
    assert_eq!(world.settled(&measured).scores, [2_500, 2_500]);
    world.run(take);
}

#[test]
fn a_dispute_of_the_authority_holds_up_no_grant() {
    let (mut world, _, new, grant) = offered(TokenProgram::Spl);
    world.after_period(1, DAY);
    let authority = world.authority.pubkey();
    world.run(world.disputes(&authority, 1, 1, Some(grant)));
    world.run(world.takes_grant(&grant, &new));
}

#[test]
fn g12_a_hand_over_changes_no_other_grant() {
    let (mut world, old, new, grant) = offered(TokenProgram::Spl);
    let (_, other) = world.grant_with(|args| (args.beneficiary, args.first_period, args.periods) = (old, 2, 2));
    let before = world.chain.account(&other);
    world.run(world.takes_grant(&grant, &new));
    assert_eq!(world.chain.account(&other), before);
}

#[test]
fn g6_g13_only_who_was_proposed_takes_over() {
    let (mut world, old, new, grant) = offered(TokenProgram::Spl);
    let plan = world.token.plan;
    let (other_plan, foreign) = world.twin(&disputable_kpis(), &old, &[]);
    let now = world.chain.now();
    let (_, others) = world.grant_with(|args| {
        (args.first_period, args.periods, args.transferable) = (2, 1, true);
    });
    world.chain.set_time(now);
    // Another grant of the old one's, in another plan, was offered to the same key.
    world.in_plan(other_plan, |world| world.run(world.offers_grant(&foreign, Some(new))));
    let take = world.takes_grant(&grant, &new);
    world.refuses_others(&take, &new, EarnoutError::WrongBeneficiary);
    let cases = [
        (new, old, EarnoutError::WrongBeneficiary),
        (grant, others, EarnoutError::WrongBeneficiary),
        (grant, foreign, EarnoutError::WrongGrant),
        (plan, other_plan, EarnoutError::WrongGrant),
    ];
    world.refuses_swapped(&take, &cases);
    world.refuses_misplaced(&take, &grant);
    world.refuses_broken(&take, &[new], &[plan, grant]);
    world.run(take);
}
