//! `claim`: who is paid, how much, and where to.

use {earnout::state::Scope, earnout_tests::*};

fn settled(program: TokenProgram) -> (World, Keypair, anchor_lang::prelude::Pubkey) {
    let mut world = World::active(program, terms(), &[kpi("revenue", Scope::Shared)], 1_000_000);
    let (beneficiary, grant) = world.grant(400_000, &[10_000]);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 75);
    world.after_windows(0);
    world.settle(&grant).unwrap();
    (world, beneficiary, grant)
}

#[test]
fn anyone_pays_the_beneficiary_all_that_is_claimable() {
    for program in [TokenProgram::Spl, TokenProgram::Token2022] {
        let (mut world, beneficiary, grant) = settled(program);
        let receipt = world.claim(&grant).unwrap();
        println!("claim {program:?}: {} units", receipt.steps[0].compute_units);
        let account = world.associated_address(&beneficiary.pubkey());
        assert_eq!(world.chain.balance(&account), 75_000);
    }
}
