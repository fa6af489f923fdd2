//! `set_uri`: the authority says where the plan's documents are.

use earnout_tests::{keys::*, *};

/// An address of the largest length.
fn longest() -> String {
    format!("https://example.org/{}", "d".repeat(76))
}

fn set(world: &World, uri: &str) -> Instruction {
    instructions::set_uri(&world.authority.pubkey(), &world.token.plan, uri.to_owned())
}

fn padded(uri: &str) -> [u8; 96] {
    let mut padded = [0; 96];
    padded[..uri.len()].copy_from_slice(uri.as_bytes());
    padded
}

#[test]
fn the_address_is_set_changed_and_taken_back() {
    let mut world = World::active(TokenProgram::Spl, terms(), &disputable_kpis(), 0);
    let mut old = String::new();
    let longest = longest();
    assert_eq!(longest.len(), 96);
    for uri in ["https://example.org/plan", &longest, "ipfs://bafy/a", "", "", "ä"] {
        let receipt = world.changes_plan(set(&world, uri), |plan| plan.uri = padded(uri));
        let event = UriSet {
            plan: world.token.plan,
            time: world.chain.now(),
            sequence: world.plan().event_sequence,
            old: std::mem::replace(&mut old, uri.to_owned()),
            new: uri.to_owned(),
        };
        assert_eq!(the_event!(receipt, UriSet), event);
    }
}

#[test]
fn it_can_be_set_at_any_time() {
    let mut world = World::draft(TokenProgram::Spl, terms());
    world.run(set(&world, "a"));
    world.add_kpis(&disputable_kpis());
    world.run(world.activate());
    world.run(set(&world, "b"));
    world.after_windows(3);
    world.run(set(&world, "c"));
}

#[test]
fn an_address_that_is_none_is_refused() {
    let mut world = World::active(TokenProgram::Spl, terms(), &disputable_kpis(), 0);
    let too_long = format!("{}d", longest());
    for uri in [
        &too_long,
        " ",
        " a",
        "a b",
        "a ",
        "a\nb",
        "a\0",
        "a\u{200b}b",
        "\u{202e}a",
        "a\u{a0}b",
        "a\tb",
    ] {
        world.refuses(&set(&world, uri), EarnoutError::BadUri);
    }
    assert_eq!(world.plan().uri, [0; 96]);
}

#[test]
fn g13_only_the_authority_says_where_the_documents_are() {
    let mut world = World::active(TokenProgram::Spl, terms(), &disputable_kpis(), 1_000_000);
    let (_, grant) = world.grant(400_000, &[10_000]);
    let (authority, plan) = (world.authority.pubkey(), world.token.plan);
    let set = set(&world, "https://example.org");
    world.refuses_others(&set, &authority, EarnoutError::WrongAuthority);
    world.refuses_swapped(&set, &[(plan, grant, AnchorError::AccountDiscriminatorMismatch)]);
    world.refuses_broken(&set, &[authority], &[plan]);
    world.run(set);
}
