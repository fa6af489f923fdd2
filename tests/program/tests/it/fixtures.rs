//! What released bytes must mean permanently: accounts, instruction data and error codes of each release, stored under
//! `tests/program/fixtures/`.
//!
//! `EARNOUT_WRITE_FIXTURES=v2 cargo test --package earnout-tests fixtures::` writes those of a new release beside the
//! old ones, which are never rewritten.

use {
    anchor_lang::prelude::{ProgramError, Pubkey},
    earnout::{
        instructions::{CreatePlanArgs, DisputeArgs},
        state::{Scope, UnearnedPolicy},
    },
    earnout_sdk::wire::{
        accounts::{self, DecodeError},
        instructions, pda,
    },
    earnout_tests::{
        prices::{Update, fed_price_kpi, unit_terms},
        *,
    },
    serde_json::Value,
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
        ..unit_terms()
    };
    let kpis = [
        kpi("revenue", Scope::Shared),
        kpi("tasks", Scope::Individual),
        fed_price_kpi(),
    ];
    let mut world = World::active(TokenProgram::Spl, terms, &kpis, 1_000_000);
    let uri = "https://example.org/plan".to_owned();
    world.run(instructions::set_uri(&world.authority.pubkey(), &world.token.plan, uri));
    // 10 cents a period, at 2.5000 worth 40,000 base units.
    let (_, grant) = world.unit_grant(400_000, 40, &[6_000, 3_000]);
    let (beneficiary, _) = world.grant(100_000, &[10_000]);
    world.after_period(0, 0);
    world.resolve(0, 0, None, 75);
    world.attest(1, 2, 0, None, 20_000).unwrap();
    world.after_period(0, 5);
    let update = world.publish(&Update::first(period_end(0)));
    let observe = world.observe(2, 0, &update);
    world.run(observe);
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
        ("observation", bytes(&pda::attestation(&plan, 2, 0))),
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
        "attestation" | "observation" => format!("{:#?}", accounts::attestation(data).unwrap()),
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
        let (disputer, standing) = view.entry(slot).unwrap();
        write!(text, "\n{slot}: {standing:?} {disputer:?}").unwrap();
    }
    text
}

/// Data of every instruction, as the interface description says, with arguments that leave no field at zero: name and
/// hexadecimal digits, one a line. What a field holds follows from its name, so that fields that change places are
/// other data.
fn sample_instructions() -> String {
    let idl = idl();
    let mut lines = String::new();
    for instruction in idl["instructions"].as_array().unwrap() {
        let name = instruction["name"].as_str().unwrap();
        let mut data: Vec<u8> = serde_json::from_value(instruction["discriminator"].clone()).unwrap();
        sample_fields(&idl, &instruction["args"], name, &mut data);
        writeln!(lines, "{name} {}", hex::encode(data)).unwrap();
    }
    lines
}

fn idl() -> Value {
    serde_json::from_str(IDL).unwrap()
}

/// Fields with names have their type inside, others are the type.
fn sample_fields(idl: &Value, fields: &Value, path: &str, data: &mut Vec<u8>) {
    for field in fields.as_array().into_iter().flatten() {
        let path = format!("{path}.{}", field["name"].as_str().unwrap_or_default());
        sample(idl, field.get("type").unwrap_or(field), &path, data);
    }
}

/// A value of this type for the field of this name.
fn sample(idl: &Value, of: &Value, path: &str, data: &mut Vec<u8>) {
    // Never zero, and seldom the same for two names: their FNV-1a.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let digest = path.bytes().fold(0xcbf2_9ce4_8422_2325, step).to_le_bytes();
    let bytes: [u8; 32] = std::array::from_fn(|index| digest[index % 8] | 1);
    if let Some(inner) = of.get("option") {
        data.push(1);
        sample(idl, inner, path, data);
    } else if let Some(inner) = of.get("vec") {
        data.extend(2_u32.to_le_bytes());
        (0..2).for_each(|index| sample(idl, inner, &format!("{path}.{index}"), data));
    } else if let Some(array) = of.get("array") {
        let length = array[1].as_u64().unwrap();
        (0..length).for_each(|index| sample(idl, &array[0], &format!("{path}.{index}"), data));
    } else if let Some(named) = of.get("defined") {
        let mut types = idl["types"].as_array().unwrap().iter();
        let definition = &types.find(|of| of["name"] == named["name"]).unwrap()["type"];
        if definition["kind"] == "struct" {
            sample_fields(idl, &definition["fields"], path, data);
        } else {
            data.push(1);
            sample_fields(idl, &definition["variants"][1]["fields"], path, data);
        }
    } else {
        match of.as_str().unwrap() {
            "bool" => data.push(1),
            "string" => {
                data.extend(u32::try_from(path.len()).unwrap().to_le_bytes());
                data.extend(path.as_bytes());
            }
            "u8" => data.extend(&bytes[..1]),
            "u16" => data.extend(&bytes[..2]),
            "u32" => data.extend(&bytes[..4]),
            "u64" | "i64" => data.extend(&bytes[..8]),
            "pubkey" => data.extend(bytes),
            other => panic!("a type without a sample: {other}"),
        }
    }
}

/// Code, name and message of every error, one a line.
fn errors() -> String {
    let idl = idl();
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
        let kind = if name == "observation" { "attestation" } else { name };
        let error = match name {
            "plan" => accounts::plan(&data).err(),
            "grant" => accounts::grant(&data).err(),
            "attestation" | "observation" => accounts::attestation(&data).err(),
            "page" => accounts::page(&data).err(),
            _ => accounts::period(&data).err(),
        };
        assert!(
            matches!(error, Some(DecodeError::UnknownVersion(of, 2)) if of == kind),
            "{name}: {error:?}"
        );
        refused += 1;
    }
    assert_eq!(refused, 6);
}

#[test]
fn instruction_data_of_the_last_release_is_still_understood() {
    let stored = fs::read_to_string(fixtures().join("v1/instructions.txt")).unwrap();
    assert_eq!(sample_instructions(), stored);
    for line in stored.lines() {
        let (name, digits) = line.split_once(' ').unwrap();
        // The arguments are read before the accounts, of which there are none.
        let answer = earnout::entry(&earnout::ID, &[], &hex::decode(digits).unwrap());
        let expected = match name {
            // Needs no account, but a clock, and there is none here.
            "require_before" => ProgramError::UnsupportedSysvar,
            _ => ProgramError::Custom(AnchorError::AccountNotEnoughKeys.into()),
        };
        assert_eq!(answer, Err(expected), "{name}");
    }
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
