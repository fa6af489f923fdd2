//! `require_before`: a transaction lapses at its time, wherever in it the instruction stands.

use earnout_tests::*;

#[test]
fn a_transaction_lapses_after_its_time() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let now = world.chain.now();
    for not_after in [now, now + 1, i64::MAX] {
        let receipt = world.run(instructions::require_before(not_after));
        assert_eq!(receipt.events().count(), 0);
    }
    for not_after in [now - 1, 0, -1, i64::MIN] {
        let late = instructions::require_before(not_after);
        assert_refused(world.send(&[late]), EarnoutError::TransactionExpired);
    }
    let until = instructions::require_before(now + DAY);
    for (time, in_time) in [(now + DAY - 1, true), (now + DAY, true), (now + DAY + 1, false)] {
        world.chain.set_time(time);
        let result = world.send(std::slice::from_ref(&until));
        if in_time {
            result.unwrap();
        } else {
            assert_refused(result, EarnoutError::TransactionExpired);
        }
    }
}

#[test]
fn g12_nothing_of_a_lapsed_transaction_is_done() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    let now = world.chain.now();
    let [fund, another] = [3, 4].map(|amount| world.fund(amount));
    for place in 0..=2 {
        let mut instructions = vec![fund.clone(), another.clone()];
        instructions.insert(place, instructions::require_before(now));
        world.chain.set_time(now + 1);
        assert_refused(world.send(&instructions), EarnoutError::TransactionExpired);
        assert_eq!(world.vault_balance(), 0);
    }
    world.chain.set_time(now);
    world.send(&[fund, another, instructions::require_before(now)]).unwrap();
    assert_eq!(world.vault_balance(), 7);
}

#[test]
fn it_holds_inside_a_call_of_another_program_too() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    programs::deploy(&mut world.chain, "wallet", &earnout_test_wallet::ID);
    let now = world.chain.now();
    let proposed = earnout_test_wallet::signed(&instructions::require_before(now), &[]);
    world.run(proposed.clone());
    world.chain.set_time(now + 1);
    assert_refused(world.send(&[proposed]), EarnoutError::TransactionExpired);
}
