//! What released bytes must mean permanently: accounts, instruction data and error codes of each release, stored under
//! `tests/program/fixtures/`.
//!
//! `EARNOUT_WRITE_FIXTURES=v2 cargo test --package earnout-tests fixtures::` writes those of a new release beside the
//! old ones, which are never rewritten.

use {
    anchor_lang::prelude::Pubkey,
    earnout::{
        instructions::{AcceptBeneficiaryArgs, CreatePlanArgs, DisputeArgs, ProposeOraclesArgs, RuleArgs},
        state::{Scope, UnearnedPolicy},
    },
    earnout_sdk::wire::{
        accounts::{self, DecodeError},
        instructions, pda,
    },
    earnout_tests::*,
    std::{fmt::Write, fs, path::PathBuf},
};

const IDL: &str = include_str!("../../../../idl/earnout.json");

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// One account of each kind, in the middle of a life: name and bytes.
fn sample_accounts() -> Vec<(&'static str, Vec<u8>)> {
    let terms = CreatePlanArgs {
        unearned_policy: UnearnedPolicy::Redistribute,
        ..terms()
    };
    let kpis = [kpi("revenue", Scope::Shared), kpi("tasks", Scope::Individual)];
    let mut world = World::active(TokenProgram::Spl, terms, &kpis, 1_000_000);
    let (_, grant) = world.grant(400_000, &[6_000, 3_000]);
    let (beneficiary, _) = world.grant(100_000, &[10_000]);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 75);
    world.attest(2, 1, 0, Some(grant), 40).unwrap();
    let plan = world.token.plan;
    let args = DisputeArgs {
        kpi: 0,
        period: 0,
        grants: None,
        reason_hash: [3; 32],
    };
    let key = beneficiary.pubkey();
    let dispute = instructions::dispute(&key, &key, &plan, Some(pda::grant(&plan, 1)), args);
    world.chain.send(&[dispute], &[&beneficiary]).unwrap();
    world.after_period(0, DAY);
    world.run(world.disputes_of_page(1, 0, 0, 0b11));
    world.run(world.rules(1, 0, Some(grant), &[], Some(41)));
    world.after_windows(0);
    world.settle(&grant).unwrap();
    let bytes = |address: &Pubkey| world.chain.account(address).unwrap().data;
    let samples = vec![
        ("plan", bytes(&plan)),
        ("grant", bytes(&grant)),
        ("attestation", bytes(&pda::attestation(&plan, 0, 0))),
        ("page", bytes(&pda::page(&plan, 1, 0, 0))),
        ("period", bytes(&pda::period(&plan, 0))),
    ];
    let mut closing = World::draft(TokenProgram::Spl, self::terms());
    let authority = closing.authority.pubkey();
    let close = instructions::close_plan(&authority, &closing.token, &closing.treasury, &authority);
    closing.by_authority(&[close]).unwrap();
    let mark = closing.chain.account(&closing.token.plan).unwrap().data;
    [samples, vec![("closed_plan", mark)]].concat()
}

/// Everything an account of this kind says, one field a line.
fn meaning(name: &str, data: &[u8]) -> String {
    let meaning = match name {
        "plan" => format!("{:#?}", accounts::plan(data).unwrap()),
        "grant" => format!("{:#?}", accounts::grant(data).unwrap()),
        "attestation" => format!("{:#?}", accounts::attestation(data).unwrap()),
        "page" => page_meaning(&accounts::page(data).unwrap()),
        "period" => format!("{:#?}", accounts::period(data).unwrap()),
        "closed_plan" => format!("{:#?}", accounts::closed_plan(data).unwrap()),
        other => panic!("there is no account called {other}"),
    };
    meaning + "\n"
}

/// Everything a page says: its structure, who voted what, and what else is known of each grant.
fn page_meaning(page: &PageState) -> String {
    let (view, mut text) = (page.view(), format!("{:#?}", page.head()));
    for ballot in view.ballots() {
        write!(text, "\n{:#?} {:?}", ballot.head, ballot.values).unwrap();
    }
    for slot in 0..page.head().capacity {
        write!(
            text,
            "\n{slot}: {:?} {:?}",
            view.standing(slot).unwrap(),
            view.disputer(slot).unwrap()
        )
        .unwrap();
    }
    text
}

/// Data of every instruction, with arguments that leave no field at zero: name and hexadecimal digits, one a line.
fn sample_instructions() -> String {
    let keys: Vec<Pubkey> = (1..=9).map(|byte| Pubkey::new_from_array([byte; 32])).collect();
    let [a, b, c, ..] = keys[..] else { unreachable!() };
    let world = World::active(TokenProgram::Spl, terms(), &[kpi("revenue", Scope::Shared)], 1);
    let token = instructions::PlanToken {
        plan: a,
        mint: b,
        token_program: c,
    };
    let plan_args = CreatePlanArgs {
        oracles: keys[..3].to_vec(),
        arbiter: Some(keys[3]),
        ..terms()
    };
    let oracles = ProposeOraclesArgs {
        oracles: keys[..3].to_vec(),
        threshold: 2,
        first_period: 1,
    };
    let (reason_hash, kpi_terms) = ([8; 32], kpi("revenue", Scope::Individual));
    let dispute = DisputeArgs {
        kpi: 1,
        period: 2,
        grants: Some(PageGrants { first: 70, mask: 5 }),
        reason_hash,
    };
    let rule = RuleArgs {
        kpi: 1,
        period: 2,
        grants: Some(PageGrants { first: 70, mask: 5 }),
        value: Some(-5),
        reason_hash,
    };
    let accept = AcceptBeneficiaryArgs {
        claimed: 7,
        termination: 1,
        dispute_barred: true,
    };
    let grant_args = world.grant_args(&b, 9, &[4_000]);
    let (plan_state, attestation) = (world.plan(), bytemuck::Zeroable::zeroed());
    let grant_state = bytemuck::Zeroable::zeroed();
    let all = [
        ("create_plan", instructions::create_plan(&a, &b, &c, &a, &b, plan_args)),
        ("add_kpi", instructions::add_kpi(&a, &b, kpi_terms)),
        ("activate_plan", instructions::activate_plan(&a, &b, &c)),
        ("fund", instructions::fund(&a, &token, &b, 5)),
        (
            "withdraw_surplus",
            instructions::withdraw_surplus(&a, &token, &b, Some(5)),
        ),
        ("create_grant", instructions::create_grant(&a, &b, &c, &a, grant_args)),
        ("attest", world.vote(0, 1, 2, None, -3)),
        ("attest_page", world.upload(0, 1, 2, 70, &[-3, NO_VALUE, 4])),
        ("settle", instructions::settle(&a, &b, &plan_state, &c, &grant_state)),
        ("collect_bonus", instructions::collect_bonus(&a, &b, 3)),
        ("claim", instructions::claim_at_least(&a, &token, &b, &c, Some(5), 4)),
        ("dispute", instructions::dispute(&a, &b, &c, Some(a), dispute)),
        ("rule", instructions::rule(&a, &b, &[c], rule)),
        ("propose_authority", instructions::propose_authority(&a, &b, Some(c))),
        ("accept_authority", instructions::accept_authority(&a, &b)),
        ("propose_oracles", instructions::propose_oracles(&a, &b, oracles)),
        ("cancel_oracle_change", instructions::cancel_oracle_change(&a, &b)),
        ("set_treasury", instructions::set_treasury(&a, &b, &c)),
        (
            "propose_beneficiary",
            instructions::propose_beneficiary(&a, &b, &c, Some(a)),
        ),
        (
            "accept_beneficiary",
            instructions::accept_beneficiary(&a, &b, &c, accept),
        ),
        ("set_claim_lock", instructions::set_claim_lock(&a, &b, &c, true)),
        ("terminate_grant", instructions::terminate_grant(&a, &b, &c)),
        ("resign_grant", instructions::resign_grant(&a, &b, &c)),
        (
            "close_attestation",
            instructions::close_attestation(&a, &attestation, &b),
        ),
        (
            "close_page",
            instructions::close_page(&a, &bytemuck::Zeroable::zeroed(), &b),
        ),
        (
            "close_period",
            instructions::close_period(&bytemuck::Zeroable::zeroed(), &b),
        ),
        ("close_grant", instructions::close_grant(&a, &grant_state, &b)),
        ("close_plan", instructions::close_plan(&a, &token, &b, &c)),
        ("require_before", instructions::require_before(6)),
    ];
    let mut lines = String::new();
    for (name, instruction) in all {
        let digits = hex::encode(&instruction.data);
        writeln!(lines, "{name} {digits}").unwrap();
    }
    lines
}

/// Code, name and message of every error, one a line.
fn errors() -> String {
    let idl: serde_json::Value = serde_json::from_str(IDL).unwrap();
    let errors = idl["errors"].as_array().unwrap().iter();
    errors
        .map(|error| {
            let [name, message] = ["name", "msg"].map(|field| error[field].as_str().unwrap());
            format!("{} {name}: {message}\n", error["code"])
        })
        .collect()
}

#[test]
fn g14_released_accounts_decode_for_ever() {
    if let Ok(release) = std::env::var("EARNOUT_WRITE_FIXTURES") {
        let dir = fixtures().join(release);
        fs::create_dir_all(&dir).unwrap();
        for (name, data) in sample_accounts() {
            fs::write(dir.join(name).with_extension("txt"), meaning(name, &data)).unwrap();
            fs::write(dir.join(name).with_extension("bin"), data).unwrap();
        }
        fs::write(dir.join("instructions.txt"), sample_instructions()).unwrap();
        fs::write(dir.join("errors.txt"), errors()).unwrap();
    }
    let mut decoded = 0;
    for release in fs::read_dir(fixtures()).unwrap() {
        for file in fs::read_dir(release.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "bin") {
                let name = path.file_stem().unwrap().to_str().unwrap();
                let expected = fs::read_to_string(path.with_extension("txt")).unwrap();
                assert_eq!(meaning(name, &fs::read(&path).unwrap()), expected, "{}", path.display());
                decoded += 1;
            }
        }
    }
    assert!(decoded >= 6, "one account of each kind in each release");
}

#[test]
fn g14_accounts_written_now_are_laid_out_as_in_the_last_release() {
    for (name, data) in sample_accounts() {
        let stored = fs::read(fixtures().join("v1").join(name).with_extension("bin")).unwrap();
        assert!(
            stored == data,
            "the layout of {name} changed: give it a new version and decode both"
        );
    }
}

#[test]
fn accounts_of_an_unknown_version_are_not_decoded() {
    let mut refused = 0;
    for (name, mut data) in sample_accounts() {
        // The mark of a closed plan has no version: it says nothing that could change.
        if name == "closed_plan" {
            continue;
        }
        let version = std::mem::replace(&mut data[8], 2);
        assert_eq!(version, 1);
        let error = match name {
            "plan" => accounts::plan(&data).err(),
            "grant" => accounts::grant(&data).err(),
            "attestation" => accounts::attestation(&data).err(),
            "page" => accounts::page(&data).err(),
            _ => accounts::period(&data).err(),
        };
        assert!(
            matches!(error, Some(DecodeError::UnknownVersion(of, 2)) if of == name),
            "{name}: {error:?}"
        );
        refused += 1;
    }
    assert_eq!(refused, 5);
}

#[test]
fn instruction_data_of_the_last_release_is_still_understood() {
    let stored = fs::read_to_string(fixtures().join("v1/instructions.txt")).unwrap();
    assert_eq!(sample_instructions(), stored);
    let idl: serde_json::Value = serde_json::from_str(IDL).unwrap();
    let mut all: Vec<&str> = idl["instructions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    let mut covered: Vec<&str> = stored.lines().filter_map(|line| line.split(' ').next()).collect();
    all.sort_unstable();
    covered.sort_unstable();
    assert_eq!(covered, all, "an instruction without stored data");
}

#[test]
fn error_codes_are_only_appended() {
    let stored = fs::read_to_string(fixtures().join("v1/errors.txt")).unwrap();
    let now = errors();
    for (line, (old, new)) in stored.lines().zip(now.lines()).enumerate() {
        let code = |line: &str| line.split(':').next().map(str::to_owned);
        assert_eq!(
            code(old),
            code(new),
            "error {line} of the last release changed its code or name"
        );
    }
    assert!(
        now.lines().count() >= stored.lines().count(),
        "an error of the last release is gone"
    );
}
