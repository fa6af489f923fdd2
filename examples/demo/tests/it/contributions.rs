//! Contributor programmes: every amount of the chain equals the one computed here, to the base unit.

use {
    super::support::{
        RECORD, demo, folder,
        model::{Policy, expected, rows},
        shown_truly, stderr, stdout,
    },
    serde_json::Value,
    std::{collections::BTreeMap, fs, path::Path},
};

/// Runs the demo on a record and compares every amount with the model's; returns the result.
fn check(record: &Path, plain: &str, policy: Policy, folder: &Path) -> Value {
    let json = folder.join(format!("{}.json", policy.name()));
    let output = demo(&[
        "--contributions".as_ref(),
        record.as_os_str(),
        "--unearned".as_ref(),
        policy.name().as_ref(),
        "--json".as_ref(),
        json.as_os_str(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("The sums reconcile to the last base unit"));
    assert!(stdout(&output).contains(" 0 of them counted"));
    if record == Path::new(RECORD) && policy == Policy::Redistribute {
        let begin = "examples/contributions/";
        shown_truly("examples/contributions/README.md", begin, &stdout(&output));
    }
    let result: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();

    let (quarters, expected) = expected(&rows(plain), policy);
    assert_eq!(result["decimals"], 6);
    assert_eq!(strings(&result["periods"]), quarters);
    let grants = result["grants"].as_array().unwrap();
    assert_eq!(grants.len(), expected.len());
    let mut allocated = 0;
    let mut claimed = 0;
    for (grant, (name, expected)) in grants.iter().zip(&expected) {
        assert_eq!(grant["contributor"], name.as_str());
        assert_eq!(amount(&grant["allocation"]), expected.allocation, "{name}");
        assert_eq!(amounts(&grant["earned"]), expected.earned, "{name}");
        assert_eq!(amounts(&grant["bonus"]), expected.bonus, "{name}");
        let sum = expected.earned.iter().sum::<u128>() + expected.bonus.iter().sum::<u128>();
        assert_eq!(amount(&grant["claimed"]), sum, "{name}");
        allocated += expected.allocation;
        claimed += sum;
    }
    assert_eq!(result["vault_balance"], "0");
    // No curve goes above 10,000, so that what was funded is what was allocated.
    assert_eq!(amount(&result["treasury_received"]), allocated - claimed);

    let units = result["compute_units"].as_object().unwrap();
    let settlements = grants.len() * quarters.len();
    assert_eq!(units["settle"]["count"], settlements);
    // Three oracles, one of them in two halves, of which a page with one grant is in one.
    let uploads = 4 * grants.len().div_ceil(64) - usize::from(grants.len() % 64 == 1);
    assert_eq!(units["attest_page"]["count"], 3 * quarters.len() * uploads);
    assert_eq!(units["create_grant"]["count"], grants.len());
    assert_eq!(units.contains_key("collect_bonus"), policy == Policy::Redistribute);
    for (name, spread) in units {
        let [min, median, max] = ["min", "median", "max"].map(|key| spread[key].as_u64().unwrap());
        assert!(0 < min && min <= median && median <= max && max < 200_000, "{name}");
    }
    assert!(result["transactions"].as_u64().unwrap() > 10);
    result
}

fn strings(value: &Value) -> Vec<String> {
    let texts = value.as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn amount(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

fn amounts(value: &Value) -> Vec<u128> {
    value.as_array().unwrap().iter().map(amount).collect()
}

fn check_real(policy: Policy) {
    let folder = folder(&format!("real-{}", policy.name()));
    let text = fs::read_to_string(RECORD).unwrap();
    let result = check(Path::new(RECORD), &text, policy, &folder);
    assert_eq!(result["grants"].as_array().unwrap().len(), 60);
    assert_eq!(result["periods"].as_array().unwrap().len(), 10);
}

#[test]
fn the_real_record_pays_what_the_rules_say_when_the_rest_returns() {
    check_real(Policy::Return);
}

#[test]
fn the_real_record_pays_what_the_rules_say_when_the_rest_is_carried_over() {
    check_real(Policy::CarryOver);
}

#[test]
fn the_real_record_pays_what_the_rules_say_when_the_rest_is_redistributed() {
    check_real(Policy::Redistribute);
}

const HEADER: &str = "quarter,contributor,commits,test_files_changed,doc_files_changed";

fn check_all(name: &str, record: &str, plain: &str) {
    let folder = folder(name);
    let file = folder.join("record.csv");
    fs::write(&file, record).unwrap();
    for policy in Policy::ALL {
        check(&file, plain, policy, &folder);
    }
}

#[test]
fn random_records_pay_what_the_rules_say() {
    let mut state = 1u64;
    let mut random = |below: u64| {
        // Knuth's MMIX generator.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..4 {
        let mut cells = BTreeMap::new();
        for _ in 0..12 {
            let key = (2022 + random(3), 1 + random(4), random(7));
            cells.insert(key, [random(25), random(60), random(25)]);
        }
        let mut text = HEADER.to_owned();
        for ((year, quarter, contributor), [commits, tests, docs]) in cells {
            text += &format!("\n{year}-Q{quarter},c{contributor},{commits},{tests},{docs}");
        }
        check_all(&format!("random-{round}"), &text, &text);
    }
}

#[test]
fn a_lone_contributor_with_the_largest_numbers_earns_the_whole_pool() {
    let text = format!("{HEADER}\n1969-Q4,only,4294967295,4294967295,4294967295");
    check_all("lone", &text, &text);
}

#[test]
fn a_record_of_zeros_pays_nothing() {
    let text = format!("{HEADER}\n2024-Q1,a,0,0,0\n2024-Q3,b,0,0,0");
    check_all("zeros", &text, &text);
}

#[test]
fn columns_line_endings_quotes_and_blank_lines_change_nothing() {
    let plain = format!("{HEADER}\n2024-Q1,b,3,7,1\n2024-Q1,a,19,50,5\n2023-Q3,a,1,2,3\n");
    let same = "\u{feff}doc_files_changed, note,commits,contributor,quarter,test_files_changed\r\n\
                1,\"x, y\",3,b,2024-Q1,7\r\n\
                \r\n\
                5,, 19 ,\"a\",2024-Q1,50\r\n\
                3,\"a \"\"quoted\"\" word\",1,a,2023-Q3,2\r\n\
                ,,,,,\r\n\
                \r\n";
    check_all("forms", same, &plain);
}

#[test]
fn identifiers_are_opaque_and_cannot_write_to_the_terminal() {
    let text = format!("{HEADER}\n2024-Q1,\u{202e}ada,3,7,1\n2024-Q1,日本,19,50,5\n2024-Q1,=1+1,1,2,3\n");
    check_all("opaque", &text, &text);
    let file = folder("terminal").join("record.csv");
    fs::write(&file, &text).unwrap();
    let output = demo(&["--contributions".as_ref(), file.as_os_str()]);
    assert!(!stdout(&output).contains('\u{202e}'));
    // Control characters stand in no record.
    fs::write(&file, format!("{HEADER}\n2024-Q1,\u{1b}[31m,3,7,1\n")).unwrap();
    let output = demo(&["--contributions".as_ref(), file.as_os_str()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains(":2: the control character U+001B"),
        "{}",
        stderr(&output)
    );
    assert!(!stderr(&output).contains('\u{1b}'));
}

#[test]
fn a_run_says_on_stderr_how_far_it_is() {
    let file = folder("progress").join("record.csv");
    fs::write(&file, format!("{HEADER}\n2024-Q1,a,1,1,1\n2024-Q2,a,1,1,1")).unwrap();
    let output = demo(&["--contributions".as_ref(), file.as_os_str()]);
    assert_eq!(
        stderr(&output),
        "2024-Q1 is settled and paid (1 of 2)\n2024-Q2 is settled and paid (2 of 2)\n"
    );
}
