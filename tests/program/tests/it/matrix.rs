//! For every instruction in every state where it is allowed one valid call, and every way to break one of its accounts:
//! a signature or the right to write missing, another account of the same type, one of another owner, a closed one, one
//! that the call already names, a wrong token program, a wrong mint. Each must be refused with the error that
//! `matrix/outcomes.txt` states for it, and leave all bytes as they were; what is allowed is stated there too, with the
//! reason.

mod breaks;
mod outcomes;

use {
    breaks::Broken,
    earnout_tests::{
        scenes::{CASES, Case},
        *,
    },
    outcomes::{Outcomes, outcome},
    serde_json::Value,
    std::{
        collections::{BTreeMap, BTreeSet},
        panic::{AssertUnwindSafe, catch_unwind},
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering},
        },
    },
};

/// An account of an instruction in the IDL.
#[derive(Debug)]
pub struct Role {
    name: String,
    signer: bool,
    writable: bool,
}

/// What came of one case.
#[derive(Default)]
struct Tally {
    /// Role and break, of those that were tried.
    tried: BTreeSet<(String, String)>,
    refused: usize,
    allowed: usize,
    failures: Vec<String>,
    /// Lines of the table that were used.
    used: BTreeSet<usize>,
}

/// The instructions of the IDL and their accounts.
fn idl() -> BTreeMap<String, Vec<Role>> {
    let idl: Value = serde_json::from_str(include_str!("../../../../idl/earnout.json")).unwrap();
    let instructions = idl["instructions"].as_array().unwrap().iter();
    let roles = |instruction: &Value| -> Vec<Role> {
        let accounts = instruction["accounts"].as_array().unwrap().iter();
        let role = |account: &Value| Role {
            name: account["name"].as_str().unwrap().to_owned(),
            signer: account["signer"] == true,
            writable: account["writable"] == true,
        };
        accounts.map(role).collect()
    };
    instructions
        .map(|instruction| (instruction["name"].as_str().unwrap().to_owned(), roles(instruction)))
        .collect()
}

#[test]
fn every_instruction_has_a_case() {
    let idl = idl();
    let cases: BTreeSet<&str> = CASES.iter().map(|case| case.instruction).collect();
    let missing: Vec<&String> = idl.keys().filter(|name| !cases.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "no matrix case for: {missing:?}");
    let unknown: Vec<&&str> = cases.iter().filter(|name| !idl.contains_key(**name)).collect();
    assert!(unknown.is_empty(), "not in the IDL: {unknown:?}");
    let states: BTreeSet<(&str, &str)> = CASES.iter().map(|case| (case.instruction, case.state)).collect();
    assert_eq!(states.len(), CASES.len(), "two cases have one name");
}

#[test]
fn every_broken_account_is_refused() {
    let (idl, outcomes) = (idl(), Outcomes::read());
    let next = AtomicUsize::new(0);
    let tallies = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(case) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
            let tally = catch_unwind(AssertUnwindSafe(|| try_case(case, &idl[case.instruction], &outcomes)));
            let tally = tally.unwrap_or_else(|_| Tally {
                failures: vec![format!(
                    "{} | {} | the state or its valid call panicked",
                    case.instruction, case.state
                )],
                ..Tally::default()
            });
            tallies.lock().unwrap().insert((case.instruction, case.state), tally);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let tallies = tallies.into_inner().unwrap();
    let sum = |of: fn(&Tally) -> usize| -> usize { tallies.values().map(of).sum() };
    let mut failures: Vec<String> = tallies.values().flat_map(|tally| tally.failures.clone()).collect();
    for (instruction, roles) in &idl {
        let tried = tallies.iter().filter(|((name, _), _)| name == instruction);
        let tried: BTreeSet<_> = tried.flat_map(|(_, tally)| tally.tried.clone()).collect();
        for role in roles {
            for required in breaks::required(instruction, role) {
                if !tried.contains(&(role.name.clone(), required.to_owned())) {
                    failures.push(format!("{instruction}: no case has {} {required}", role.name));
                }
            }
        }
    }
    let used: BTreeSet<usize> = tallies.values().flat_map(|tally| tally.used.clone()).collect();
    failures.extend(outcomes.unused(&used));
    println!(
        "{} instructions, {} states, {} broken calls: {} refused, {} allowed",
        idl.len(),
        CASES.len(),
        sum(|tally| tally.refused + tally.allowed),
        sum(|tally| tally.refused),
        sum(|tally| tally.allowed),
    );
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Sends every broken call and then the valid one.
fn try_case(case: &Case, roles: &[Role], outcomes: &Outcomes) -> Tally {
    let (mut world, valid) = (case.build)();
    for (role, meta) in roles.iter().zip(&valid.accounts) {
        let is_none = meta.pubkey == earnout::ID && role.name != "program";
        assert_eq!(meta.is_signer, role.signer, "{}: {} signs", case.instruction, role.name);
        assert!(
            is_none || meta.is_writable == role.writable,
            "{}: {} is written",
            case.instruction,
            role.name
        );
    }
    let mut tally = Tally::default();
    let before = bytes(&world, &valid.accounts);
    for broken in breaks::all(&mut world, &valid, roles) {
        tally.tried.insert((broken.role.clone(), broken.name.to_owned()));
        let actual = attempt(&mut world, &valid, &broken);
        let row = [case.instruction, case.state, &broken.role, broken.name, &broken.with];
        let (line, expected) = outcomes.of(row).unwrap_or((0, "nothing stated"));
        tally.used.insert(line);
        if actual != expected {
            let [instruction, state, role, name, with] = row;
            tally.failures.push(format!(
                "{instruction} | {state} | {role} | {name} | {with} | {actual} | line {line} says {expected}"
            ));
        }
        if actual == "ok" {
            tally.allowed += 1;
        } else {
            tally.refused += 1;
        }
    }
    assert_eq!(
        bytes(&world, &valid.accounts),
        before,
        "a broken call has left something"
    );
    if let Err(failure) = world.send(std::slice::from_ref(&valid)) {
        panic!("{} | {}: the valid call fails: {failure}", case.instruction, case.state);
    }
    assert_eq!(
        bytes(&world, &valid.accounts) == before,
        roles.is_empty(),
        "{}: whether the valid call changes something",
        case.instruction
    );
    tally
}

/// Sends a broken call and returns what came of it. All accounts are as before then, whether it was refused, which is
/// checked, or allowed, which is undone.
fn attempt(world: &mut World, valid: &Instruction, broken: &Broken) -> String {
    let original = broken.tampered.as_ref().map(|(address, account)| {
        let original = world.chain.account(address).unwrap_or_default();
        world.chain.replace(address, account.clone());
        (*address, original)
    });
    let named: Vec<AccountMeta> = [&valid.accounts[..], &broken.instruction.accounts].concat();
    let before = bytes(world, &named);
    let result = world.send(std::slice::from_ref(&broken.instruction));
    let mut outcome = outcome(&result);
    let after = bytes(world, &named);
    if result.is_err() && after != before {
        outcome.push_str(" but it changed an account");
    }
    for (address, account) in before {
        if world.chain.account(&address) != account {
            world.chain.replace(&address, account.unwrap_or_default());
        }
    }
    if let Some((address, original)) = original {
        world.chain.replace(&address, original);
    }
    outcome
}

/// The accounts of these metas.
fn bytes(world: &World, metas: &[AccountMeta]) -> BTreeMap<Pubkey, Option<Account>> {
    let addresses = metas.iter().map(|meta| meta.pubkey);
    addresses
        .map(|address| (address, world.chain.account(&address)))
        .collect()
}
