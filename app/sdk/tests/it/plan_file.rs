//! Plan files: what is right is read exactly, and every mistake is reported with its line and field, all of them at
//! once.

use {
    earnout::{
        instructions::CreatePlanArgs,
        state::{
            ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, Cadence, Combination, CurvePoint, Feed, Interpolation, KpiArgs,
            Receiver, Release, Scope, UnearnedPolicy,
        },
    },
    earnout_sdk::terms::plan_file::{Check, Mistake, PlanFile, Values, template},
    solana_program::pubkey::Pubkey,
    std::{fs, path::Path},
};

/// 2027-01-01T00:00:00Z.
const START: i64 = 1_798_761_600;

fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

/// The authority of [`filled`].
fn authority() -> Pubkey {
    key(100)
}

/// The template with every placeholder replaced.
fn filled() -> String {
    let placeholders = [
        "<ADDRESS OF THE FIRST ORACLE>",
        "<ADDRESS OF THE SECOND ORACLE>",
        "<ADDRESS OF THE THIRD ORACLE>",
        "<ADDRESS OF THE ARBITER>",
        "<ADDRESS OF THE TOKEN'S MINT>",
        "<ADDRESS OF THE TREASURY>",
    ];
    let mut text = template(START);
    for (number, placeholder) in (1..).zip(placeholders) {
        assert!(text.contains(placeholder), "{placeholder}");
        text = text.replace(placeholder, &key(number).to_string());
    }
    text
}

/// [`filled`] with its price and the value of its grant, which stand there as comments.
fn priced() -> String {
    let text = filled();
    let begin = text.find("# [price]").expect("a price");
    let end = text.find("# One [[grant]]").expect("a grant");
    let price = text[begin..end].replace("\n# ", "\n");
    let price = price
        .trim_start_matches("# ")
        .replace("64 hexadecimal digits", &FEED.repeat(32));
    let grants = text[end..].replace("# value = ", "value = ");
    format!("{}{price}{grants}", &text[..begin])
}

/// One byte of the identifier of the feed in [`priced`].
const FEED: &str = "ef";

fn read(text: &str, check: &Check) -> Result<PlanFile, Vec<Mistake>> {
    PlanFile::parse(text, Path::new("folder/plan.toml"), check).map_err(|mistakes| mistakes.mistakes)
}

fn for_creation() -> Check {
    Check::creation(authority(), START - 1)
}

/// Line of the first place where `text` stands in `document`, counted from 1.
#[track_caller]
fn line(document: &str, text: &str) -> usize {
    let at = document
        .find(text)
        .unwrap_or_else(|| panic!("{text:?} is not in the file"));
    document[..at].matches('\n').count() + 1
}

#[test]
fn a_filled_template_is_a_plan() {
    let text = filled();
    assert!(!text.contains("\"<"), "a placeholder without a value");
    let plan = read(&text, &for_creation()).expect("a plan");
    assert_eq!(plan.token.mint, Some(key(5)));
    assert_eq!(plan.token.supply, Some(100_000_000_000_000));
    assert_eq!(
        plan.roles.treasury.as_ref().and_then(|treasury| treasury.key),
        Some(key(6))
    );
    assert_eq!(
        plan.terms,
        CreatePlanArgs {
            plan_id: 1,
            name: "Our plan".to_owned(),
            unit: String::new(),
            unit_decimals: 0,
            start_ts: START,
            cadence: Cadence::Months(3),
            period_count: 4,
            attest_secs: 14 * 86_400,
            challenge_secs: 7 * 86_400,
            ruling_secs: 7 * 86_400,
            notice_secs: 14 * 86_400,
            combination: Combination::WeightedSum,
            unearned_policy: UnearnedPolicy::CarryOver,
            release: Release::AtSettlement,
            bonus_cap_bps: 10_000,
            min_allocation: 1_000_000_000,
            max_allocation: 5_000_000_000_000,
            max_grants: 100,
            enrolment_end: START,
            token_flags: 0,
            max_fee_bps: 0,
            oracles: vec![key(1), key(2), key(3)],
            threshold: 2,
            arbiter: Some(key(4)),
        }
    );
    assert_eq!(plan.periods, ["2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4"]);
    let [users, review] = plan.kpis.as_slice() else {
        panic!("two KPIs")
    };
    assert_eq!(
        (users.scope, users.range_max, users.decimals),
        (Scope::Shared, 1_000_000_000, 0)
    );
    assert_eq!(
        (review.scope, review.range_max, review.interpolation),
        (Scope::Individual, 100, Interpolation::Step)
    );
    assert_eq!(
        review.points.last(),
        Some(&CurvePoint {
            value: 75,
            score: 10_000
        })
    );
    let grant = &plan.grants[0].terms;
    assert_eq!(
        (grant.allocation, grant.first_period, grant.periods),
        (250_000_000_000, 0, 4)
    );
    assert_eq!(
        (grant.time_weight, grant.kpi_weights.as_slice()),
        (2_000, [5_000, 3_000].as_slice())
    );
    assert_eq!(plan.line("windows.ruling"), Some(line(&text, "ruling = \"7 days\"")));
    assert_eq!(
        plan.line("kpi \"review of own work\" curve"),
        Some(line(&text, "curve = [{ value = 0, score = 0 }, { value = 5"))
    );
}

#[test]
fn the_template_itself_lacks_nothing_but_addresses() {
    let text = template(START);
    read(&text, &Check::offline()).expect_err("its addresses are none");
    let mistakes = read(&text, &for_creation()).expect_err("its addresses are none");
    for mistake in mistakes {
        assert!(mistake.what.contains("address"), "{mistake}");
    }
}

#[test]
fn the_examples_are_plans() {
    let team = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/team/plan.toml");
    let plan = PlanFile::read(Path::new(team), &Check::offline()).expect("a plan");
    assert_eq!((plan.kpis.len(), plan.grants.len()), (3, 3));
    let values = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/team/values.csv");
    let values = Values::read(Path::new(values), &plan).expect("values");
    assert_eq!(values.value(0, 0, 0), Some(760));
    assert_eq!(values.value(2, 2, 2), None);
    for (name, kpis) in [
        ("contributions", 3),
        ("one-kpi", 1),
        ("redistribute", 2),
        ("strategies", 3),
        ("usd-pay", 2),
    ] {
        let path = format!("{}/../../examples/{name}/plan.toml", env!("CARGO_MANIFEST_DIR"));
        let plan = PlanFile::read(Path::new(&path), &Check::offline()).expect("a plan");
        assert_eq!(plan.kpis.len(), kpis, "{name}");
    }
}

#[test]
fn everything_that_may_be_left_out_can_be() {
    let mut text = filled();
    for (old, new) in [
        ("supply = \"100_000_000\"\n", ""),
        ("max_allocation = \"5 %\"", "max_allocation = \"250_000\""),
        ("allow = []\n", ""),
        ("max_fee = 0\n", ""),
        ("bonus_cap = 10_000\n", ""),
        ("challenge = \"7 days\"\n", ""),
        ("ruling = \"7 days\"\n", ""),
        ("arbiter = \"arbiter\"\n", ""),
    ] {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    text.truncate(text.find("# One [[grant]]").expect("grants"));
    let plan = read(&text, &for_creation()).expect("a plan");
    assert_eq!(
        (plan.terms.challenge_secs, plan.terms.ruling_secs, plan.terms.arbiter),
        (0, 0, None)
    );
    assert_eq!(plan.token.supply, None);
    assert!(plan.grants.is_empty());
}

#[test]
fn everything_that_may_be_stated_is_read() {
    let mut text = filled();
    for (old, new) in [
        ("allow = []", "allow = [\"transfer-fee\", \"freeze-authority\"]"),
        ("max_fee = 0", "max_fee = 250"),
        ("cadence = \"3 months\"", "cadence = \"600 seconds\""),
        ("challenge = \"7 days\"", "challenge = \"36 hours\""),
        ("\"weighted-sum\"", "\"weakest\""),
        ("\"carry-over\"", "\"redistribute\""),
        ("\"at-settlement\"", "\"linear\""),
        ("treasury = ", &format!("authority = \"{}\"\ntreasury = ", authority())),
        (
            "cliff = 1",
            "cliff = 1\nfirst_period = 1\nperiods = 2\nbeneficiary = \"first oracle\"",
        ),
    ] {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let plan = read(&text, &for_creation()).expect("a plan");
    assert_eq!(plan.terms.token_flags, ALLOW_TRANSFER_FEE | ALLOW_FREEZE_AUTHORITY);
    assert_eq!(
        (plan.terms.max_fee_bps, plan.terms.cadence),
        (250, Cadence::Seconds(600))
    );
    assert_eq!(plan.periods[1], "2027-01-01T00:10:00Z");
    assert_eq!(
        plan.grants[0].beneficiary.as_ref().and_then(|party| party.key),
        Some(key(1))
    );
    assert_eq!(
        (plan.grants[0].terms.first_period, plan.grants[0].terms.periods),
        (1, 2)
    );
}

#[test]
fn rubrics_are_texts_files_or_hashes() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("users.md"), "abc").expect("written");
    let text = filled();
    let rubric = line(&text, "rubric = \"Distinct");
    let old = text.lines().nth(rubric - 1).expect("a line").to_owned();
    // The SHA-256 of "abc", by NIST's examples.
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for new in [
        "rubric = \"abc\"".to_owned(),
        "rubric = { file = \"users.md\" }".to_owned(),
        format!("rubric = {{ sha256 = \"{hash}\" }}"),
    ] {
        let text = text.replace(&old, &new);
        let plan = PlanFile::parse(&text, &folder.path().join("plan.toml"), &for_creation()).expect("a plan");
        assert_eq!(hex::encode(plan.kpis[0].rubric_hash), hash, "{new}");
    }
}

#[test]
fn periods_have_names() {
    let names = |cadence: &str, start: &str| {
        let text = filled().replace("cadence = \"3 months\"", &format!("cadence = {cadence:?}"));
        let text = text.replace("2027-01-01T00:00:00Z", start);
        read(&text, &Check::offline()).expect("a plan").periods
    };
    assert_eq!(
        names("3 months", "2026-10-01T00:00:00Z"),
        ["2026-Q4", "2027-Q1", "2027-Q2", "2027-Q3"]
    );
    assert_eq!(
        names("3 months", "2026-11-01T00:00:00Z"),
        ["2026-11-01", "2027-02-01", "2027-05-01", "2027-08-01"]
    );
    assert_eq!(names("3 months", "2026-10-01T00:00:01Z")[0], "2026-10-01");
    assert_eq!(
        names("1 month", "2026-11-01T00:00:00Z"),
        ["2026-11", "2026-12", "2027-01", "2027-02"]
    );
    assert_eq!(names("1 month", "2026-11-30T00:00:00Z")[3], "2027-02-28");
    assert_eq!(names("1 day", "2026-12-31T00:00:00Z")[1], "2027-01-01");
    assert_eq!(names("12 hours", "2026-12-31T00:00:00Z")[1], "2026-12-31T12:00:00Z");
}

/// One mistake.
struct Case {
    /// What of the filled template is replaced by what.
    changes: Vec<(&'static str, &'static str)>,
    /// The text whose line is expected.
    at: &'static str,
    field: &'static str,
    /// The message; only a part of it after `…`.
    what: String,
}

/// A mistake that stands where it is made.
fn case(old: &'static str, new: &'static str, field: &'static str, what: impl Into<String>) -> Case {
    case_many(&[(old, new)], new, field, what)
}

fn case_many(
    changes: &[(&'static str, &'static str)],
    at: &'static str,
    field: &'static str,
    what: impl Into<String>,
) -> Case {
    Case {
        changes: changes.to_vec(),
        at,
        field,
        what: what.into(),
    }
}

impl Case {
    /// The same where the mistake is reported at another line.
    fn at(mut self, at: &'static str) -> Self {
        self.at = at;
        self
    }
}

fn window(text: &str) -> String {
    format!("{text}: expected 10 minutes to 90 days, like \"14 days\" or \"36 hours\"")
}

fn amount(text: &str) -> String {
    format!("{text}: expected an amount of tokens, like \"250_000.5\", or a part of the supply, like \"10 %\"")
}

const AUTHORITY_AS_ORACLE: &str = "\"second oracle\" = \"7ktZK7a28phex41kcsct6YBHQt38MMezsoecq1UuiKFh\"";
const AUTHORITY_AS_ARBITER: &str = "\"arbiter\" = \"7ktZK7a28phex41kcsct6YBHQt38MMezsoecq1UuiKFh\"";
const SECOND: &str = "[[grant]]
name = \"Second\"
allocation = \"250_000\"
weights = {}
time_weight = 10_000
cliff = 0
revocable = true
transferable = true

[[grant]]
";
const TWIN: &str = "[[grant]]
name = \"Example contributor\"
allocation = \"1_000\"
weights = {}
time_weight = 10_000
cliff = 0
revocable = true
transferable = true

[[grant]]
";
const RUBRIC: &str = "rubric = \"Mean of three reviewers' marks, 0 to 10, rounded to a tenth.\"";
const USERS: &str = "[[kpi]]\nname = \"monthly active users\"";
const ORACLES: &str = "oracles = [\"first oracle\", \"second oracle\", \"third oracle\"]";
const GRANT: &str = "[[grant]]\nname = \"Example contributor\"";

/// One of every rule.
fn cases() -> Vec<Case> {
    vec![
        // Syntax and types.
        case("id = 1", "id = \"1\"", "plan.id", "expected a whole number from 0 to 18446744073709551615"),
        case("id = 1", "id = -1", "plan.id", "expected a whole number from 0 to 18446744073709551615"),
        case("periods = 4", "periods = 4.0", "plan.periods", "expected a whole number from 0 to 65535"),
        case("revocable = true", "revocable = \"yes\"", "grant \"Example contributor\" revocable", "expected true or false"),
        case("allow = []", "allow = \"transfer-fee\"", "token.allow", "expected a list of what the mint may have"),
        case("id = 1\n", "", "plan.id", "missing field `id`").at("[plan]"),
        case("id = 1\n", "ID = 1\n", "plan.ID",
            "unknown field `ID`, expected one of `id`, `name`, `start`, `cadence`, `periods`, `combination`, `unearned`, \
             `bonus_cap`, `release`"),
        case("[windows]", "[window]", "window",
            "unknown field `window`, expected one of `addresses`, `token`, `plan`, `windows`, `limits`, `roles`, `kpi`, \
             `price`, `grant`"),
        case("range = { min = 0, max = 10 }", "range = { min = 0, most = 10 }", "kpi \"review of own work\" range.most",
            "unknown field `most`, expected `min` or `max`"),
        // Addresses.
        case("\"third oracle\" = \"", "\"third oracle\" = \"0", "addresses.\"third oracle\"", "…is not an address: expected 32 bytes in base58"),
        case("arbiter = \"arbiter\"", "arbiter = \"board\"", "roles.arbiter",
            "\"board\" has no address: expected an address, or a name that [addresses] lists"),
        case("arbiter = \"arbiter\"", "arbiter = \"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"", "roles.arbiter",
            "…is not an address: expected 32 bytes in base58"),
        // The token.
        case("decimals = 6", "decimals = 20", "token.decimals", "expected a whole number from 0 to 19"),
        case("supply = \"100_000_000\"", "supply = \"0\"", "token.supply",
            "supply must be a number of tokens that fits 64 bits of base units"),
        case("supply = \"100_000_000\"", "supply = \"20_000_000_000_000\"", "token.supply",
            "supply must be a number of tokens that fits 64 bits of base units"),
        case("allow = []", "allow = [\"permanent-delegate\"]", "token.allow",
            "\"permanent-delegate\": expected one of \"transfer-fee\", \"transfer-hook\", \"freeze-authority\""),
        case("max_fee = 0", "max_fee = 10_001", "token.max_fee", "10001: expected basis points, at most 10000"),
        case("name = \"Our plan\"", "name = \"\"", "plan.name",
            "…: The name must be 1 to 32 bytes"),
        case("name = \"Our plan\"", "name = \" Ours\"", "plan.name",
            "…\" Ours\": The name must be 1 to 32 bytes"),
        // The calendar.
        case("start = 2027-01-01T00:00:00Z", "start = 2027-01-01", "plan.start",
            "expected a date and time in UTC, like 2027-01-01T00:00:00Z"),
        case("start = 2027-01-01T00:00:00Z", "start = 2027-01-01T00:00:00+01:00", "plan.start",
            "expected a date and time in UTC, like 2027-01-01T00:00:00Z"),
        case("start = 2027-01-01T00:00:00Z", "start = 2027-01-01T00:00:00.5Z", "plan.start",
            "expected a date and time in UTC, like 2027-01-01T00:00:00Z"),
        case("start = 2027-01-01T00:00:00Z", "start = 2026-12-31T23:59:59Z", "plan.start",
            "2026-12-31T23:59:59Z is not after now, 2026-12-31T23:59:59Z, or more than five years after it; expected a start \
             in the future"),
        case_many(&[("2027-01-01T00:00:00Z", "2033-01-01T00:00:00Z")], "start = 2033-01-01T00:00:00Z", "plan.start",
            "2033-01-01T00:00:00Z is not after now, 2026-12-31T23:59:59Z, or more than five years after it; expected a start \
             in the future"),
        case("cadence = \"3 months\"", "cadence = \"13 months\"", "plan.cadence",
            "\"13 months\": expected 1 to 12 months, like \"3 months\", or 10 minutes to 366 days, like \"30 days\""),
        case("cadence = \"3 months\"", "cadence = \"0 months\"", "plan.cadence",
            "\"0 months\": expected 1 to 12 months, like \"3 months\", or 10 minutes to 366 days, like \"30 days\""),
        case("cadence = \"3 months\"", "cadence = \"599 seconds\"", "plan.cadence",
            "\"599 seconds\": expected 1 to 12 months, like \"3 months\", or 10 minutes to 366 days, like \"30 days\""),
        case("cadence = \"3 months\"", "cadence = \"367 days\"", "plan.cadence",
            "\"367 days\": expected 1 to 12 months, like \"3 months\", or 10 minutes to 366 days, like \"30 days\""),
        case("cadence = \"3 months\"", "cadence = \"quarterly\"", "plan.cadence",
            "\"quarterly\": expected 1 to 12 months, like \"3 months\", or 10 minutes to 366 days, like \"30 days\""),
        case("periods = 4", "periods = 0", "plan.periods", "0: expected 1 to 120 periods"),
        case("periods = 4", "periods = 121", "plan.periods", "121: expected 1 to 120 periods"),
        case("combination = \"weighted-sum\"", "combination = \"average\"", "plan.combination", "\"average\": expected \"weighted-sum\" or \"weakest\""),
        case("unearned = \"carry-over\"", "unearned = \"burn\"", "plan.unearned",
            "\"burn\": expected one of \"return\", \"carry-over\", \"redistribute\""),
        case("release = \"at-settlement\"", "release = \"monthly\"", "plan.release",
            "\"monthly\": expected \"at-settlement\" or \"linear\""),
        case("bonus_cap = 10_000", "bonus_cap = 1_000_001", "plan.bonus_cap",
            "1000001: expected basis points of the tranche, at most 1000000"),
        case_many(&[("bonus_cap = 10_000\n", ""), ("unearned = \"carry-over\"", "unearned = \"redistribute\"")], "[plan]", "plan.bonus_cap",
            "missing field `bonus_cap`"),
        // The windows.
        case("attest = \"14 days\"", "attest = \"14 weeks\"", "windows.attest", window("\"14 weeks\"")),
        case("attest = \"14 days\"", "attest = \"9 minutes\"", "windows.attest", window("\"9 minutes\"")),
        case("attest = \"14 days\"", "attest = \"91 days\"", "windows.attest", window("\"91 days\"")),
        case("notice = \"14 days\"", "notice = \"0 days\"", "windows.notice", window("\"0 days\"")),
        case("challenge = \"7 days\"", "challenge = \"0 days\"", "windows.challenge", window("\"0 days\"")),
        case("ruling = \"7 days\"", "ruling = \"91 days\"", "windows.ruling", window("\"91 days\"")),
        case("ruling = \"7 days\"", "ruling = \"6 days\"", "windows.ruling",
            "6 days: expected at least as long as challenge"),
        case_many(&[("arbiter = \"arbiter\"\n", ""), ("ruling = \"7 days\"\n", "")], "challenge = \"7 days\"",
            "windows.challenge",
            "\"7 days\": without an arbiter there are no disputes; expected an arbiter in [roles], or no `challenge`"),
        // The limits.
        case("min_allocation = \"1_000\"", "min_allocation = \"0\"", "limits.min_allocation", amount("\"0\"")),
        case("min_allocation = \"1_000\"", "min_allocation = \"1,00\"", "limits.min_allocation",
            "\"1,00\" has commas that do not separate groups of three digits; expected 1,250.5, with a point before the decimals"),
        case("min_allocation = \"1_000\"", "min_allocation = \"0.0000001\"", "limits.min_allocation",
            "\"0.0000001\" has more than 6 decimals and would have to be rounded; expected at most 6"),
        case("min_allocation = \"1_000\"", "min_allocation = \"6 %\"", "limits.max_allocation",
            "is below min_allocation; expected at least as much").at("max_allocation ="),
        case("max_allocation = \"5 %\"", "max_allocation = \"5.001 %\"", "limits.max_allocation", amount("\"5.001 %\"")),
        case_many(&[("supply = \"100_000_000\"\n", "")], "max_allocation = \"5 %\"", "limits.max_allocation",
            "\"5 %\" is a part of the supply; expected `supply` in [token]"),
        case_many(&[("supply = \"100_000_000\"", "supply = \"0.000_001\"")], "max_allocation", "limits.max_allocation",
            "…of the supply is not a whole number of base units"),
        case("max_grants = 100", "max_grants = 0", "limits.max_grants", "0: expected at least one grant"),
        case("enrolment_end = 2027-01-01T00:00:00Z", "enrolment_end = 2028-01-01T00:00:01Z", "limits.enrolment_end",
            "2028-01-01T00:00:01Z: expected a time from the start of the calendar to its end at most, and after now"),
        case("enrolment_end = 2027-01-01T00:00:00Z", "enrolment_end = 2026-12-31T23:59:59Z", "limits.enrolment_end",
            "2026-12-31T23:59:59Z: expected a time from the start of the calendar to its end at most, and after now"),
        // The roles.
        case(ORACLES, "oracles = []", "roles.oracles", "there are 0 oracles; expected 1 to 8"),
        case(ORACLES, "oracles = [\"first oracle\", \"second oracle\", \"first oracle\"]", "roles.oracles",
            "\"first oracle\" is an oracle already, or no key; expected different keys"),
        case(ORACLES, "oracles = [\"first oracle\", \"second oracle\", \"11111111111111111111111111111111\"]",
            "roles.oracles", "…is an oracle already, or no key; expected different keys"),
        case("threshold = 2", "threshold = 1", "roles.threshold",
            "1: expected more than half of the 3 oracles and at most all of them"),
        case("threshold = 2", "threshold = 4", "roles.threshold",
            "4: expected more than half of the 3 oracles and at most all of them"),
        case("arbiter = \"arbiter\"", "arbiter = \"second oracle\"", "roles.oracles",
            "the oracle \"second oracle\" is the arbiter too; expected different keys").at(ORACLES),
        case("\"second oracle\" = \"8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR\"", AUTHORITY_AS_ORACLE, "roles.oracles",
            "the oracle \"second oracle\" is the authority too; expected different keys").at(ORACLES),
        case("\"arbiter\" = \"GgBaCs3NCBuZN12kCJgAW63ydqohFkHEdfdEXBPzLHq\"", AUTHORITY_AS_ARBITER, "roles.arbiter",
            "\"arbiter\" is the authority too; expected different keys").at("arbiter = \"arbiter\""),
        case("treasury = ", "authority = \"first oracle\"\ntreasury = ", "roles.authority",
            "…is not who signs as the authority"),
        // KPIs.
        case_many(
            &[
                ("name = \"monthly active users\"", "name = \"review of own work\""),
                (
                    "{ \"monthly active users\" = 5_000, \"review of own work\" = 3_000 }",
                    "{ \"review of own work\" = 8_000 }",
                ),
            ],
            "[[kpi]]\nname = \"review of own work\"\nunit = \"points\"",
            "kpi \"review of own work\" name",
            "there are two KPIs named \"review of own work\"",
        ),
        case("unit = \"users\"", "unit = \"seventeen letters\"", "kpi \"monthly active users\" unit",
            "the KPI \"monthly active users\" is not possible: The unit must be at most 16 bytes of UTF-8 without hidden \
             characters, and not begin or end with a space.").at(USERS),
        case("decimals = 0", "decimals = 19", "kpi \"monthly active users\" decimals",
            "the KPI \"monthly active users\" is not possible: A KPI has at most 18 decimals.").at(USERS),
        case("scope = \"shared\"", "scope = \"team\"", "kpi \"monthly active users\" scope",
            "\"team\": expected \"shared\" or \"individual\""),
        case("range = { min = 0, max = 10 }", "range = { min = 11, max = 10 }", "kpi \"review of own work\" range",
            "the KPI \"review of own work\" is not possible: The smallest accepted value exceeds the largest.")
            .at("[[kpi]]\nname = \"review"),
        case("range = { min = 0, max = 10 }", "range = { min = 0, max = 10.5 }", "kpi \"review of own work\" range.max",
            "expected a whole number, or a decimal one in quotation marks"),
        case("range = { min = 0, max = 10 }", "range = { min = 0, max = \"10.55\" }", "kpi \"review of own work\" range.max",
            "expected a number with at most 1 decimal"),
        case("{ value = 10_000, score = 0 }", "{ value = 50_000, score = 0 }", "kpi \"monthly active users\" curve",
            "…A curve needs 1 to 8 points with strictly rising values and scores of at most 20,000.").at(USERS),
        case("score = 15_000", "score = 20_001", "kpi \"monthly active users\" curve",
            "…A curve needs 1 to 8 points with strictly rising values and scores of at most 20,000.").at(USERS),
        case("curve = [{ value = 10_000, score = 0 }, { value = 50_000, score = 10_000 }, { value = 100_000, score = 15_000 }]",
            "curve = []", "kpi \"monthly active users\" curve",
            "…A curve needs 1 to 8 points with strictly rising values and scores of at most 20,000.").at(USERS),
        case("curve = [{ value = 10_000, score = 0 },", "curve = [10_000,", "kpi \"monthly active users\" curve",
            "expected a point like { value = 80, score = 10_000 }"),
        case("interpolation = \"step\"", "interpolation = \"cubic\"", "kpi \"review of own work\" interpolation",
            "\"cubic\": expected \"linear\" or \"step\""),
        case("default_score = 0", "default_score = 10_001", "kpi \"monthly active users\" default_score",
            "the KPI \"monthly active users\" is not possible: The score under silence must be at most 10,000.").at(USERS),
        case("rubric = \"Mean", "rubric = \"\" # \"Mean", "kpi \"review of own work\" rubric",
            "the rubric is empty; expected how the value is measured"),
        case(RUBRIC, "rubric = { file = \"missing.md\" }",
            "kpi \"review of own work\" rubric.file", "\"missing.md\" cannot be read: No such file or directory (os error 2)"),
        case(RUBRIC, "rubric = { sha256 = \"abc\" }",
            "kpi \"review of own work\" rubric.sha256", "expected 64 hexadecimal digits"),
        case(RUBRIC, "rubric = 5",
            "kpi \"review of own work\" rubric", "expected a text, { file = \"rubric.md\" }, or { sha256 = \"…\" }"),
        case(RUBRIC,
            "rubric = { file = \"a.md\", sha256 = \"b\" }", "kpi \"review of own work\" rubric.file",
            "expected either file or sha256, not both"),
        // Grants.
        case("allocation = \"250_000\"", "allocation = \"999\"", "grant \"Example contributor\" allocation",
            "the allocation is outside min_allocation and max_allocation of [limits]"),
        case("weights = { \"monthly active users\" = 5_000", "weights = { \"velocity\" = 5_000",
            "grant \"Example contributor\" weights", "there is no KPI named \"velocity\""),
        case("time_weight = 2_000", "time_weight = 2_001", "grant \"Example contributor\" weights",
            "weights and time_weight of \"Example contributor\" must sum to 10000").at("weights = {"),
        case("cliff = 1", "cliff = 5", "grant \"Example contributor\" cliff",
            "the cliff of \"Example contributor\" lies beyond its 4 periods").at(GRANT),
        case("cliff = 1", "cliff = 1\nperiods = 5", "grant \"Example contributor\" periods",
            "expected at least one period, and all within the plan's 4").at("periods = 5"),
        case("cliff = 1", "cliff = 0\nfirst_period = 4", "grant \"Example contributor\" first_period",
            "expected at least one period, and all within the plan's 4").at("first_period = 4"),
        case("cliff = 1", "cliff = 1\nbeneficiary = \"arbiter\"", "grant \"Example contributor\"",
            "This key cannot be a beneficiary: it is the arbiter, the plan, its vault or no key at all.").at(GRANT),
        case_many(&[("max_grants = 100", "max_grants = 1"), ("[[grant]]\n", SECOND)], "[limits]", "limits.max_grants",
            "max_grants is 1, but there are 2 grants"),
        case_many(&[("[[grant]]\n", TWIN)], "[[grant]]\nname = \"Example contributor\"\nallocation = \"250_000\"", "grant \"Example contributor\" name",
            "there are two grants named \"Example contributor\""),
        case_many(&[("supply = \"100_000_000\"", "supply = \"200_000\""), ("max_allocation = \"5 %\"", "max_allocation = \"1_000_000\"")],
            "supply = \"200_000\"", "token.supply", "the grants together can earn more than the supply"),
    ]
}

const GRANT_VALUE: &str = "value = \"30_000\"";

/// One of every rule about prices, feeds and values.
fn price_cases() -> Vec<Case> {
    let impossible = "the price is not possible: The price must be shared and above zero, with a default in its range, \
                      without a curve, one for a plan with a unit of account, and at most 18 digits away from the token.";
    let unit = "expected 1 to 8 bytes of UTF-8 without hidden characters and outer spaces, like \"USD\"";
    let delay = "expected a length of time above 0, like \"10 minutes\", and at most the attest window, 14 days";
    vec![
        case("kpi = \"token price\"", "kpi = \"\"", "price.kpi", "…the price is not possible: The name must be 1 to 32 bytes").at("[price]"),
        case("kpi = \"token price\"", "kpi = \"7\"", "price.kpi",
            "\"7\" could be taken for the number of a KPI; expected a name with letters"),
        case("kpi = \"token price\"", "kpi = \"review of own work\"", "price.kpi",
            "there are two KPIs named \"review of own work\"").at("[price]"),
        case("kpi = \"token price\"\n", "", "price.kpi", "missing field `kpi`").at("[price]"),
        case("unit = \"USD\"", "unit = \"\"", "price.unit", format!("\"\": {unit}")),
        case("unit = \"USD\"", "unit = \"US dollar\"", "price.unit", format!("\"US dollar\": {unit}")),
        case("unit_decimals = 2", "unit_decimals = 10", "price.unit_decimals", "expected a whole number from 0 to 9"),
        case("unit_decimals = 2\n# Decimals of the price. The low end of its range should leave three digits or more.\ndecimals = 4",
            "unit_decimals = 2\ndecimals = 15", "price.decimals", "…").at("[price]"),
        case("range = { min = \"0.0100\"", "range = { min = 0", "price.range", impossible).at("[price]"),
        case("range = { min = \"0.0100\"", "range = { min = \"100.01\"", "price.range",
            "the price is not possible: The smallest accepted value exceeds the largest.").at("[price]"),
        case("default = \"0.05\"", "default = \"0.005\"", "price.default",
            "0.005: expected 0.01 to 100, the range of the price"),
        case("default = \"0.05\"", "default = \"100.0001\"", "price.default",
            "100.0001: expected 0.01 to 100, the range of the price"),
        case("default = \"0.05\"", "default = \"0.05001\"", "price.default", "expected a number with at most 4 decimals"),
        case("rubric = \"Mean of the daily", "rubric = \"\" # \"Mean", "price.rubric",
            "the rubric is empty; expected how the value is measured"),
        // Feeds.
        case("receiver = \"pyth\"", "receiver = \"oracle\"", "price.feed.receiver", "\"oracle\": expected \"pyth\" or \"pyth-pro\""),
        case("price = \"spot\"", "price = \"mean\"", "price.feed.price", "\"mean\": expected \"spot\" or \"average\""),
        case("id = \"efef", "id = \"ef", "price.feed.id", "expected 64 hexadecimal digits, not all of them 0"),
        case("id = \"efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef\"",
            "id = \"0000000000000000000000000000000000000000000000000000000000000000\"", "price.feed.id",
            "expected 64 hexadecimal digits, not all of them 0"),
        case("max_delay = \"10 minutes\"", "max_delay = \"0 minutes\"", "price.feed.max_delay", format!("\"0 minutes\": {delay}")),
        case("max_delay = \"10 minutes\"", "max_delay = \"15 days\"", "price.feed.max_delay", format!("\"15 days\": {delay}")),
        case("max_confidence = \"2 %\"", "max_confidence = 0", "price.feed.max_confidence", "0: expected 1 to 10000 basis points"),
        case("max_confidence = \"2 %\"", "max_confidence = \"100.01 %\"", "price.feed.max_confidence",
            "10001: expected 1 to 10000 basis points"),
        case("feed = { receiver", "feed = \"pyth\" # { receiver", "price.feed", "…expected a feed like { receiver = \"pyth\""),
        case(RUBRIC, "rubric = \"x\"\nfeed = { receiver = \"pyth\", id = \"1111111111111111111111111111111111111111111111111111111111111111\", \
            price = \"spot\", max_delay = \"1 hour\", max_confidence = 100 }", "kpi \"review of own work\" feed",
            "expected no feed: only a shared KPI has one").at("feed = { receiver = \"pyth\", id = \"11"),
        // Values of grants.
        case(GRANT_VALUE, "value = \"0\"", "grant \"Example contributor\" value",
            "\"0\": expected an amount of the unit of account, like \"30_000\""),
        case(GRANT_VALUE, "value = \"30_000 USD\"", "grant \"Example contributor\" value",
            "\"30_000 USD\": expected an amount of the unit of account, like \"30_000\""),
        case(GRANT_VALUE, "value = \"0.001\"", "grant \"Example contributor\" value",
            "\"0.001\" has more than 2 decimals and would have to be rounded; expected at most 2"),
        case(GRANT_VALUE, "value = 30_000", "grant \"Example contributor\" value", "expected a text in quotation marks"),
        case("\"review of own work\" = 3_000", "\"token price\" = 3_000", "grant \"Example contributor\" weights",
            "\"token price\" is the price, which has no score; expected weights on other KPIs"),
    ]
}

#[test]
fn a_price_is_the_last_kpi_and_grants_have_a_value() {
    let text = priced();
    let plan = read(&text, &for_creation()).expect("a plan");
    assert_eq!((plan.terms.unit.as_str(), plan.terms.unit_decimals), ("USD", 2));
    let [users, review, price] = plan.kpis.as_slice() else {
        panic!("three KPIs")
    };
    assert!(users.default_price.is_none() && review.default_price.is_none());
    let feed = Feed {
        receiver: Receiver::Pyth,
        feed_id: [0xef; 32],
        average: false,
        max_delay_secs: 600,
        max_confidence_bps: 200,
    };
    let expected = KpiArgs {
        name: "token price".to_owned(),
        unit: "USD".to_owned(),
        rubric_hash: price.rubric_hash,
        decimals: 4,
        scope: Scope::Shared,
        range_min: 100,
        range_max: 1_000_000,
        interpolation: Interpolation::Linear,
        points: Vec::new(),
        default_score: 0,
        default_price: Some(500),
        feed: Some(feed),
    };
    assert_eq!(*price, expected);
    let grant = &plan.grants[0].terms;
    assert_eq!((grant.allocation, grant.unit_allocation), (250_000_000_000, 3_000_000));
    assert_eq!(grant.kpi_weights, [5_000, 3_000, 0]);
    // Six decimals of the token and four of the price, less two of the unit.
    let draft = plan.draft(&authority()).expect("a draft");
    assert_eq!((draft.price_kpi, draft.unit_exponent), (3, 8));

    let without = text.replace(GRANT_VALUE, "");
    let plan = read(&without, &for_creation()).expect("grants in tokens beside a price");
    assert_eq!(plan.grants[0].terms.unit_allocation, 0);
    let average = text
        .replace("\"pyth\"", "\"pyth-pro\"")
        .replace("\"spot\"", "\"average\"");
    let plan = read(&average, &for_creation()).expect("another feed");
    let expected = Feed {
        receiver: Receiver::PythPro,
        average: true,
        ..feed
    };
    assert_eq!(plan.kpis[2].feed, Some(expected));
}

#[test]
fn a_plan_may_have_only_a_price() {
    let text = priced();
    let (kpis, price) = (
        text.find("# One [[kpi]]").expect("KPIs"),
        text.find("# What a token is worth").expect("a price"),
    );
    let text = format!("{}{}", &text[..kpis], &text[price..]);
    let text = text.replace(
        "weights = { \"monthly active users\" = 5_000, \"review of own work\" = 3_000 }",
        "weights = {}",
    );
    let text = text.replace("time_weight = 2_000", "time_weight = 10_000");
    let plan = read(&text, &for_creation()).expect("a plan");
    assert_eq!(plan.kpis.len(), 1);
    let text = text.replace("[price]", "[cost]");
    let mistakes = read(&text, &for_creation()).expect_err("nothing is measured");
    assert!(mistakes.iter().any(|mistake| mistake.field == "kpi"), "{mistakes:?}");
}

#[test]
fn a_value_needs_a_price() {
    let text = filled().replace("# value = ", "value = ");
    let mistakes = read(&text, &for_creation()).expect_err("no price");
    let [mistake] = mistakes.as_slice() else {
        panic!("{mistakes:#?}")
    };
    assert_eq!(
        mistake.what,
        "the plan has no price: expected [price], or an `allocation` alone"
    );
    assert_eq!(mistake.field, "grant \"Example contributor\" value");
    assert_eq!(mistake.line, Some(line(&text, GRANT_VALUE)));
}

#[test]
fn every_other_price_is_a_difference() {
    let text = priced();
    let plan = read(&text, &for_creation()).expect("a plan");
    let told = |changed: &str| -> Vec<(String, Option<usize>, String, String)> {
        let other = read(changed, &for_creation()).expect("another plan");
        let on_chain = other.draft(&authority()).expect("a draft");
        let differences = plan.differences(&on_chain, &authority()).expect("a comparison");
        let told = differences
            .into_iter()
            .map(|it| (it.field, it.line, it.on_chain, it.in_file));
        told.collect()
    };
    assert_eq!(told(&text), []);
    for (old, new, field, on_chain, in_file) in [
        (
            "kpi = \"token price\"",
            "kpi = \"price\"",
            "price.kpi",
            "price",
            "token price",
        ),
        ("unit = \"USD\"", "unit = \"EUR\"", "price.unit", "EUR", "USD"),
        (
            "unit_decimals = 2",
            "unit_decimals = 3",
            "price.unit_decimals",
            "3",
            "2",
        ),
        (
            "max = \"100\"",
            "max = \"99\"",
            "price.range",
            "0.01 to 99",
            "0.01 to 100",
        ),
        (
            "default = \"0.05\"",
            "default = \"0.06\"",
            "price.default",
            "0.06",
            "0.05",
        ),
        (
            "default_score = 0",
            "default_score = 1",
            "kpi \"monthly active users\" default_score",
            "1",
            "0",
        ),
    ] {
        let changed = text.replacen(old, new, 1);
        assert_eq!(
            told(&changed),
            [(
                field.to_owned(),
                plan.line(field),
                on_chain.to_owned(),
                in_file.to_owned()
            )],
            "{old}"
        );
        assert!(plan.line(field).is_some(), "{field}");
    }
    for (old, new) in [
        ("receiver = \"pyth\"", "receiver = \"pyth-pro\""),
        ("price = \"spot\"", "price = \"average\""),
        ("max_delay = \"10 minutes\"", "max_delay = \"11 minutes\""),
        ("max_confidence = \"2 %\"", "max_confidence = 201"),
        ("id = \"efef", "id = \"eeef"),
    ] {
        let feeds = told(&text.replacen(old, new, 1));
        assert!(
            feeds.len() == 1 && feeds[0].0 == "price.feed" && feeds[0].1.is_some(),
            "{feeds:?}"
        );
    }
    let none = text.replace("feed = { receiver", "# feed = { receiver");
    assert_eq!(told(&none)[0].2, "nothing");
}

#[test]
fn every_rule_has_its_line_field_and_message() {
    every_case(&filled(), cases());
    every_case(&priced(), price_cases());
    // The rules of the rest are the same beside a price.
    every_case(&priced(), cases());
}

#[track_caller]
fn every_case(filled: &str, cases: Vec<Case>) {
    for case in cases {
        let mut text = filled.to_owned();
        for (old, new) in &case.changes {
            assert!(text.contains(old), "{old:?} is not in the template");
            text = text.replacen(old, new, 1);
        }
        let mistakes = match read(&text, &for_creation()) {
            Ok(_) => panic!("accepted: {:?}", case.changes),
            Err(mistakes) => mistakes,
        };
        let [mistake] = mistakes.as_slice() else {
            panic!("{:?} should be one mistake: {mistakes:#?}", case.changes)
        };
        match case.what.strip_prefix('…') {
            Some(part) => assert!(mistake.what.contains(part), "{mistake}"),
            None => assert_eq!(mistake.what, case.what),
        }
        assert_eq!(mistake.field, case.field, "{mistake}");
        assert_eq!(mistake.line, Some(line(&text, case.at)), "{mistake}");
    }
}

#[test]
fn the_documentation_has_every_field() {
    let documentation = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plan-file.md");
    let documentation = fs::read_to_string(documentation).expect("the documentation");
    let filled = priced();
    let mut fields = 0;
    // What a table may have is said where it has something else.
    for table in [
        "[token]",
        "[plan]",
        "[windows]",
        "[limits]",
        "[roles]",
        "[[kpi]]",
        "[price]",
        "[[grant]]",
    ] {
        let text = filled.replacen(&format!("\n{table}\n"), &format!("\n{table}\nnothing_like_it = 1\n"), 1);
        let mistakes = read(&text, &for_creation()).expect_err("an unknown field");
        let [Mistake { what, .. }] = mistakes.as_slice() else {
            panic!("{mistakes:#?}")
        };
        let (_, expected) = what.split_once("expected one of ").expect("what is expected");
        let section = documentation
            .find(&format!("### `{table}`"))
            .unwrap_or_else(|| panic!("nothing about {table}"));
        let section = &documentation[section + 3..];
        let section = &section[..section.find("\n##").unwrap_or(section.len())];
        for field in expected.split(", ") {
            assert!(
                section.contains(&format!("| {field}")) || section.contains(&format!(", {field} ")),
                "{table} {field}"
            );
            fields += 1;
        }
    }
    // A feed is a table within a line.
    let text = filled.replacen(
        "{ receiver = \"pyth\",",
        "{ nothing_like_it = 1, receiver = \"pyth\",",
        1,
    );
    let mistakes = read(&text, &for_creation()).expect_err("an unknown field");
    let (_, expected) = mistakes[0]
        .what
        .split_once("expected one of ")
        .expect("what is expected");
    let feeds = &documentation[documentation.find("### Feeds").expect("a section about feeds")..];
    for field in expected.split(", ") {
        assert!(feeds.contains(&format!("| {field} |")), "{field}");
        fields += 1;
    }
    assert_eq!(fields, 61, "fields of all tables");
}

#[test]
fn all_mistakes_are_reported_at_once() {
    // Mistakes that do not touch each other, all in one file.
    let chosen = [
        "plan.id",
        "token.max_fee",
        "windows.attest",
        "limits.max_grants",
        "roles.threshold",
        "kpi \"monthly active users\" unit",
        "kpi \"monthly active users\" default_score",
        "kpi \"review of own work\" interpolation",
        "grant \"Example contributor\" revocable",
    ];
    let (mut text, mut expected) = (filled(), Vec::new());
    let cases = cases();
    for field in chosen {
        let case = cases.iter().find(|case| case.field == field).expect("a case");
        for (old, new) in &case.changes {
            assert!(text.contains(old), "{old}");
            text = text.replacen(old, new, 1);
        }
        expected.push((case.field, case.what.clone()));
    }
    let mistakes = read(&text, &for_creation()).expect_err("mistakes");
    let found: Vec<(&str, String)> = mistakes
        .iter()
        .map(|found| (found.field.as_str(), found.what.clone()))
        .collect();
    for expected in &expected {
        assert!(found.contains(expected), "{expected:?} is missing in {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    assert!(mistakes.is_sorted_by_key(|mistake| mistake.line));
}

#[test]
fn a_plan_needs_a_kpi_and_not_too_many() {
    let text = filled();
    let (kpis, grants) = (
        text.find("# One [[kpi]]").expect("KPIs"),
        text.find("# One [[grant]]").expect("grants"),
    );
    let mistakes = read(&text[..kpis], &for_creation()).expect_err("no KPI");
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert_eq!(mistakes[0].what, "the plan needs at least one [[kpi]], or a [price]");
    let second = text.find("[[kpi]]\nname = \"review").expect("the second");
    let one = &text[second..grants];
    let mut many = text[..second].to_owned();
    for number in 2..=17 {
        many.push_str(&one.replace("review of own work", &format!("review {number}")));
    }
    let mistakes = read(&many, &for_creation()).expect_err("17 KPIs");
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert_eq!(mistakes[0].what, "the plan has 17 KPIs; expected at most 16");
    assert_eq!(mistakes[0].line, Some(line(&many, "review 17") - 1));
}

#[test]
fn a_text_that_is_no_toml_says_where() {
    let text = filled()
        .replace("id = 1", "id = = 1")
        .replace("periods = 4", "periods 4");
    let mistakes = read(&text, &for_creation()).expect_err("no TOML");
    let lines: Vec<_> = mistakes.iter().filter_map(|mistake| mistake.line).collect();
    assert!(
        lines.contains(&line(&text, "id = =")) && lines.contains(&line(&text, "periods 4")),
        "{mistakes:#?}"
    );
    let file = Path::new("none/plan.toml");
    let missing = PlanFile::read(file, &Check::offline())
        .expect_err("no file")
        .to_string();
    assert_eq!(
        missing,
        "none/plan.toml: cannot be read: No such file or directory (os error 2)"
    );
}

#[test]
fn mistakes_are_shown_with_file_line_and_field() {
    let text = filled()
        .replace("periods = 4", "periods = 0")
        .replace("id = 1", "id = true");
    let shown = PlanFile::parse(&text, Path::new("plan.toml"), &for_creation())
        .expect_err("mistakes")
        .to_string();
    let (id, periods) = (line(&text, "id = true"), line(&text, "periods = 0"));
    assert_eq!(
        shown,
        format!(
            "plan.toml:{id}: plan.id: expected a whole number from 0 to 18446744073709551615\n\
             plan.toml:{periods}: plan.periods: 0: expected 1 to 120 periods"
        )
    );
}

#[test]
fn names_stand_for_keys_only_offline() {
    let addresses = filled();
    let start = addresses.find("[addresses]").expect("addresses");
    let end = addresses.find("[token]").expect("token");
    let text = format!("{}{}", &addresses[..start], &addresses[end..]);
    let plan = read(&text, &Check::offline()).expect("a plan");
    assert!(plan.roles.oracles.iter().all(|oracle| oracle.key.is_none()));
    assert_ne!(plan.terms.oracles[0], plan.terms.oracles[1]);
    let mistakes = read(&text, &for_creation()).expect_err("no addresses");
    assert_eq!(mistakes.len(), 4, "{mistakes:#?}");
    let twice = text.replace("\"third oracle\"]", "\"arbiter\"]");
    let mistakes = read(&twice, &Check::offline()).expect_err("one name in two roles");
    assert_eq!(
        mistakes[0].what,
        "the oracle \"arbiter\" is the arbiter too; expected different keys"
    );
}

#[test]
fn a_plan_that_has_begun_can_be_compared() {
    let text = filled();
    let late = Check::creation(authority(), START + 1);
    let mistakes = read(&text, &late).expect_err("begun");
    assert!(mistakes[0].field == "plan.start", "{mistakes:?}");
    read(&text, &Check::comparison(authority())).expect("a plan");
}

/// Reads values of the filled template, and expects these mistakes.
#[track_caller]
fn values(rows: &str, expected: &[(usize, &str)]) -> Option<Values> {
    let plan = read(&filled(), &Check::offline()).expect("a plan");
    match Values::parse(rows, Path::new("values.csv"), &plan) {
        Ok(values) => {
            assert!(expected.is_empty(), "accepted");
            Some(values)
        }
        Err(found) => {
            let found: Vec<(usize, &str)> = found
                .mistakes
                .iter()
                .map(|mistake| (mistake.line.unwrap_or(0), mistake.what.as_str()))
                .collect();
            assert_eq!(found, expected);
            None
        }
    }
}

#[test]
fn values_are_read_by_period_kpi_and_grant() {
    let rows = "period,kpi,value,grant\n\
                2027-Q1, monthly active users, 60_000,\n\
                \n\
                1,monthly active users,70000,\n\
                2027-Q2,review of own work,7.5,Example contributor\n";
    let values = values(rows, &[]).expect("values");
    assert_eq!(
        (values.value(0, 0, 0), values.value(1, 0, 0), values.value(2, 0, 0)),
        (Some(60_000), Some(70_000), None)
    );
    assert_eq!(
        (values.value(1, 1, 0), values.value(1, 1, 1), values.value(0, 1, 0)),
        (Some(75), None, None)
    );
    assert_eq!(values.of_period(1).count(), 2);
}

#[test]
fn every_wrong_row_is_reported() {
    let rows = "period,kpi,value,grant\n\
                2026-Q4,monthly active users,1,\n\
                4,monthly active users,1,\n\
                2027-Q1,velocity,1,\n\
                2027-Q1,monthly active users,1.5,\n\
                2027-Q1,monthly active users,-1,\n\
                2027-Q1,monthly active users,99999999999999999999,\n\
                2027-Q1,monthly active users,1,Example contributor\n\
                2027-Q1,review of own work,1,Nobody\n\
                2027-Q1,review of own work,1\n\
                2027-Q1,\"review,1,\n\
                2027-Q2,monthly active users,1,\n\
                1,monthly active users,2,\n";
    let periods = "expected one of 2027-Q1, 2027-Q2, 2027-Q3, 2027-Q4";
    values(
        rows,
        &[
            (2, &format!("period is \"2026-Q4\"; {periods}")),
            (3, &format!("period is \"4\"; {periods}")),
            (4, "kpi is \"velocity\"; expected the name of a KPI of the plan"),
            (5, "value is \"1.5\"; expected a number with at most 0 decimals"),
            (
                6,
                "value is -1; expected 0 to 1,000,000,000, the range of \"monthly active users\"",
            ),
            (
                7,
                "value is \"99999999999999999999\", which is too large; expected a number whose smallest units fit 64 bits",
            ),
            (8, "\"monthly active users\" is shared; expected no grant"),
            (
                9,
                "grant is \"Nobody\"; expected a grant with weight on \"review of own work\", which is individual",
            ),
            (10, "the row has 3 fields; expected 4 as in the header"),
            (
                11,
                "a quoted field does not end in its line; expected the closing quotation mark",
            ),
            (13, "this value already stands in line 12; expected it once"),
        ],
    );
}
