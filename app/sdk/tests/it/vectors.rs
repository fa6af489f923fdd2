//! Files and amounts, right and wrong, with what every reader must make of them: `app/web/test/vectors`. The
//! expectations stand here; `UPDATE_EXPECT=1 cargo test -p earnout-sdk --features client,plan-file vectors::` writes
//! them out for the web app, whose tests read the same files.

mod documents;
mod pages;

use {
    base64::prelude::{BASE64_STANDARD, Engine},
    earnout::{
        instructions::CreatePlanArgs,
        state::{Cadence, Grant, Interpolation, KpiArgs, Plan, Receiver, Scope, UnearnedPolicy},
    },
    earnout_sdk::{
        client::{Limits, Submission, to_bytes},
        send::{
            Version, cost,
            packing::{self, Cost, Envelope, Group},
        },
        terms::plan_file::{
            COMBINATIONS, Check, FEED_PRICES, Mistake, PlanFile, RECEIVERS, RELEASES, UNEARNED, Values, text_of, word,
        },
        text::amount::{self, AmountError},
        wire::{Listed, Manifest},
    },
    expect_test::expect_file,
    serde_json::{Value, json},
    solana_hash::Hash,
    solana_program::{
        instruction::{AccountMeta, Instruction},
        pubkey::Pubkey,
    },
    solana_signature::Signature,
    solana_signer::null_signer::NullSigner,
    solana_transaction::versioned::VersionedTransaction,
    std::{cell::RefCell, path::Path},
};

/// 2027-01-01T00:00:00Z.
const START: i64 = 1_798_761_600;

fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

thread_local! {
    /// Cases that are not as they should be: all are told at once.
    static ODD: RefCell<Vec<String>> = RefCell::default();
}

/// Notes a case that does not fit, with what was found.
fn expect(name: &str, fits: bool, found: impl std::fmt::Debug) {
    if !fits {
        ODD.with_borrow_mut(|odd| odd.push(format!("{name}: {found:#?}")));
    }
}

/// Compares with the committed file, or writes it.
fn golden(name: &str, vectors: &Value) {
    let text = serde_json::to_string_pretty(vectors).expect("JSON") + "\n";
    golden_text(name, &text);
}

fn golden_text(name: &str, text: &str) {
    ODD.with_borrow(|odd| assert!(odd.is_empty(), "{}", odd.join("\n")));
    expect_file![format!("../../../web/test/vectors/{name}")].assert_eq(text);
}

/// What is wrong, up to the advice, which differs between the command line and the web app.
fn told(mistake: &Mistake) -> Value {
    let what = mistake.what.split("; ").next().unwrap_or_default();
    json!({ "line": mistake.line, "field": mistake.field, "what": what })
}

/// A wrong file: its mistakes are those at these places, given as text that begins in the line, and as field.
#[track_caller]
fn wrong(name: &str, text: &str, found: &[Mistake], expected: &[(&str, &str)]) -> Value {
    let line = |needle: &str| match needle.is_empty() {
        true => 1,
        false => {
            let at = text.find(needle).unwrap_or_else(|| panic!("{name}: no {needle:?}"));
            text[..at].matches('\n').count() + 1
        }
    };
    let found_places: Vec<_> = found.iter().map(|found| (found.line, found.field.as_str())).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(needle, field)| (Some(line(needle)), *field))
        .collect();
    expect(name, found_places == expected, found);
    json!({ "name": name, "text": text, "mistakes": found.iter().map(told).collect::<Vec<_>>() })
}

// Amounts.

fn error_kind(error: AmountError) -> Value {
    let kind = match error {
        AmountError::NotANumber => "notANumber",
        AmountError::BadGroups => "badGroups",
        AmountError::TooManyDecimals(_) => "tooManyDecimals",
        AmountError::TooLarge => "tooLarge",
    };
    json!({ "error": kind, "what": error.to_string() })
}

/// Each text with decimals, and its units or the error.
#[track_caller]
fn read_as<T: ToString + PartialEq + std::fmt::Debug>(
    read: impl Fn(&str, u8) -> Result<T, AmountError>,
    cases: Vec<(&str, u8, Result<T, AmountError>)>,
) -> Value {
    let cases = cases.into_iter().map(|(text, decimals, expected)| {
        assert_eq!(read(text, decimals), expected, "{text:?} with {decimals} decimals");
        let mut case = match expected {
            Ok(units) => json!({ "units": units.to_string() }),
            Err(error) => error_kind(error),
        };
        case["text"] = text.into();
        case["decimals"] = decimals.into();
        case
    });
    cases.collect()
}

#[test]
fn amounts_mean_the_same_everywhere() {
    use AmountError::{BadGroups, NotANumber, TooLarge, TooManyDecimals};
    let amounts = vec![
        ("0", 6, Ok(0)),
        ("1", 0, Ok(1)),
        ("1_250.5", 6, Ok(1_250_500_000)),
        ("1,250.5", 6, Ok(1_250_500_000)),
        ("1,873,190", 6, Ok(1_873_190_000_000)),
        ("1,873,190.000000", 6, Ok(1_873_190_000_000)),
        ("120,000", 0, Ok(120_000)),
        ("1.250", 3, Ok(1_250)),
        ("1.250", 2, Ok(125)),
        ("0.000001", 6, Ok(1)),
        ("007", 0, Ok(7)),
        ("1.5000000000", 1, Ok(15)),
        ("18446744073709551615", 0, Ok(u64::MAX)),
        ("18,446,744,073,709.551615", 6, Ok(u64::MAX)),
        ("18446744073709551616", 0, Err(TooLarge)),
        ("99999999999999999999999999999999999999999999", 0, Err(TooLarge)),
        ("1.25", 1, Err(TooManyDecimals(1))),
        ("0.0000001", 6, Err(TooManyDecimals(6))),
        ("1,5", 6, Err(BadGroups)),
        ("1,00", 6, Err(BadGroups)),
        ("1,2345", 6, Err(BadGroups)),
        ("12,34,567", 6, Err(BadGroups)),
        ("1234,567", 6, Err(BadGroups)),
        ("0,500", 6, Err(BadGroups)),
        ("1,", 6, Err(BadGroups)),
        (",100", 6, Err(BadGroups)),
        ("1_0,000", 6, Err(NotANumber)),
        ("1.000,5", 6, Err(NotANumber)),
        ("1.000.000", 6, Err(NotANumber)),
        ("1 000", 6, Err(NotANumber)),
        ("1'000", 6, Err(NotANumber)),
        ("-1", 6, Err(NotANumber)),
        ("+1", 6, Err(NotANumber)),
        ("1e3", 6, Err(NotANumber)),
        ("0x10", 6, Err(NotANumber)),
        ("1.", 6, Err(NotANumber)),
        (".5", 6, Err(NotANumber)),
        (".", 6, Err(NotANumber)),
        ("", 6, Err(NotANumber)),
        ("_", 6, Err(NotANumber)),
        ("١٢", 0, Err(NotANumber)),
        ("１", 0, Err(NotANumber)),
        ("20%", 6, Err(NotANumber)),
        ("NaN", 6, Err(NotANumber)),
        ("$5", 6, Err(NotANumber)),
    ];
    let values = vec![
        ("41.5", 1, Ok(415)),
        ("-41.50", 1, Ok(-415)),
        ("\u{2212}41.5", 1, Ok(-415)),
        ("-1,250", 0, Ok(-1_250)),
        ("-0", 0, Ok(0)),
        ("9223372036854775807", 0, Ok(i64::MAX)),
        ("-9223372036854775808", 0, Ok(i64::MIN)),
        ("9223372036854775808", 0, Err(TooLarge)),
        ("-9223372036854775809", 0, Err(TooLarge)),
        ("--1", 0, Err(NotANumber)),
        ("- 1", 0, Err(NotANumber)),
        ("-", 0, Err(NotANumber)),
        ("(5)", 0, Err(NotANumber)),
        ("-1,5", 1, Err(BadGroups)),
        ("-1.25", 1, Err(TooManyDecimals(1))),
    ];
    let shares = vec![
        ("6000", 4, Ok(6_000)),
        ("6_000", 4, Ok(6_000)),
        ("10,000", 4, Ok(10_000)),
        ("60%", 4, Ok(6_000)),
        ("60 %", 4, Ok(6_000)),
        ("12.5%", 4, Ok(1_250)),
        ("33.33 %", 4, Ok(3_333)),
        ("0%", 4, Ok(0)),
        ("200%", 4, Ok(20_000)),
        ("33.333%", 4, Err(TooManyDecimals(2))),
        ("0.5", 4, Err(TooManyDecimals(0))),
        ("%", 4, Err(NotANumber)),
        ("20%%", 4, Err(NotANumber)),
        ("-1%", 4, Err(NotANumber)),
    ];
    let shown = [
        (0, 6, "0.000000", "0"),
        (1, 6, "0.000001", "0.000001"),
        (1_250_500_000, 6, "1,250.500000", "1,250.5"),
        (1_873_190_000_000, 6, "1,873,190.000000", "1,873,190"),
        (999, 0, "999", "999"),
        (u64::MAX, 6, "18,446,744,073,709.551615", "18,446,744,073,709.551615"),
        (u64::MAX, 19, "1.8446744073709551615", "1.8446744073709551615"),
    ];
    let shown = shown.map(|(units, decimals, text, short)| {
        assert_eq!(amount::tokens(units, decimals), text);
        assert_eq!(amount::short(units, decimals), short);
        assert_eq!(amount::parse(text, decimals), Ok(units), "what is shown can be typed");
        assert_eq!(amount::parse(short, decimals), Ok(units));
        json!({ "units": units.to_string(), "decimals": decimals, "text": text, "short": short })
    });
    let hints = [
        ("1.250", "1,250"),
        ("12.500", "12,500"),
        ("120.000", "120,000"),
        ("1.25", ""),
        ("1250", ""),
        ("1,250", ""),
        ("1234.567", ""),
        ("1.2500", ""),
    ];
    let hints = hints.map(|(text, meant)| {
        let hint = amount::hint(text);
        assert_eq!(hint.is_empty(), meant.is_empty(), "{text}");
        assert!(hint.ends_with(meant), "{hint}");
        json!({ "text": text, "meant": meant })
    });
    let vectors = json!({
        "about": "What texts mean. amounts: tokens of so many decimals; values: the same with a sign; shares: basis points, or \
                  percent; shown: how amounts are written, with all decimals and without superfluous zeros; hints: texts that \
                  a refusal by a limit explains, and what is probably meant, empty for none.",
        "amounts": read_as(amount::parse, amounts),
        "values": read_as(amount::parse_value, values),
        "shares": read_as(|text, _| amount::basis_points(text), shares),
        "shown": shown,
        "hints": hints,
    });
    golden("amounts.json", &vectors);
}

// Plan files.

const PLAN: &str = include_str!("vectors/plan.toml");
const PRICE: &str = "[price]
kpi = \"token price\"
unit = \"USD\"
unit_decimals = 2
decimals = 4
range = { min = \"0.01\", max = 100 }
default = \"0.05\"
rubric = \"Mean of the daily closes.\"
feed = { receiver = \"pyth\", id = \"ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d\", price = \"spot\", max_delay = \"10 minutes\", max_confidence = \"2 %\" }
";

fn read_plan(text: &str) -> Result<PlanFile, Vec<Mistake>> {
    let check = Check::creation(key(100), START - 86_400);
    PlanFile::parse(text, Path::new("plan.toml"), &check).map_err(|found| found.mistakes)
}

fn kpi_json(kpi: &KpiArgs) -> Value {
    json!({
        "name": kpi.name,
        "unit": kpi.unit,
        "decimals": kpi.decimals,
        "scope": if kpi.scope == Scope::Shared { "shared" } else { "individual" },
        "min": kpi.range_min.to_string(),
        "max": kpi.range_max.to_string(),
        "interpolation": if kpi.interpolation == Interpolation::Linear { "linear" } else { "step" },
        "points": kpi.points.iter()
            .map(|point| json!({ "value": point.value.to_string(), "score": point.score }))
            .collect::<Vec<_>>(),
        "defaultScore": kpi.default_score,
        "defaultPrice": kpi.default_price.map(|price| price.to_string()),
        "feed": kpi.feed.as_ref().map(|feed| json!({
            "receiver": word(&RECEIVERS, |choice| choice == feed.receiver),
            "id": hex::encode(feed.feed_id),
            "price": word(&FEED_PRICES, |choice| choice == feed.average),
            "maxDelay": feed.max_delay_secs,
            "maxConfidence": feed.max_confidence_bps,
        })),
        "rubricSha256": hex::encode(kpi.rubric_hash),
    })
}

fn plan_json(plan: &PlanFile) -> Value {
    let terms: &CreatePlanArgs = &plan.terms;
    let cadence = match terms.cadence {
        Cadence::Months(months) => json!({ "months": months }),
        Cadence::Seconds(seconds) => json!({ "seconds": seconds }),
    };
    let address = |party: &Option<earnout_sdk::terms::plan_file::Party>| {
        let key = party.as_ref().and_then(|party| party.key);
        key.map(|key| key.to_string())
    };
    let grants = plan.grants.iter().map(|grant| {
        json!({
            "name": grant.name,
            "beneficiary": address(&grant.beneficiary),
            "allocation": grant.terms.allocation.to_string(),
            "unitAllocation": grant.terms.unit_allocation.to_string(),
            "firstPeriod": grant.terms.first_period,
            "periods": grant.terms.periods,
            "cliff": grant.terms.cliff_periods,
            "timeWeight": grant.terms.time_weight,
            "weights": grant.terms.kpi_weights,
            "revocable": grant.terms.revocable,
            "transferable": grant.terms.transferable,
        })
    });
    json!({
        "mint": plan.token.mint.map(|mint| mint.to_string()),
        "decimals": plan.token.decimals,
        "supply": plan.token.supply.map(|supply| supply.to_string()),
        "tokenFlags": terms.token_flags,
        "maxFee": terms.max_fee_bps,
        "id": terms.plan_id.to_string(),
        "name": terms.name,
        "unit": terms.unit,
        "unitDecimals": terms.unit_decimals,
        "start": terms.start_ts,
        "cadence": cadence,
        "periods": terms.period_count,
        "periodNames": plan.periods,
        "combination": word(&COMBINATIONS, |choice| choice == terms.combination),
        "unearned": word(&UNEARNED, |choice| choice == terms.unearned_policy),
        "release": word(&RELEASES, |choice| choice == terms.release),
        "bonusCap": terms.bonus_cap_bps,
        "attest": terms.attest_secs,
        "challenge": terms.challenge_secs,
        "ruling": terms.ruling_secs,
        "notice": terms.notice_secs,
        "minAllocation": terms.min_allocation.to_string(),
        "maxAllocation": terms.max_allocation.to_string(),
        "maxGrants": terms.max_grants,
        "enrolmentEnd": terms.enrolment_end,
        "oracles": terms.oracles.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "threshold": terms.threshold,
        "arbiter": terms.arbiter.map(|key| key.to_string()),
        "treasury": address(&plan.roles.treasury),
        "kpis": plan.kpis.iter().map(kpi_json).collect::<Vec<_>>(),
        "grants": grants.collect::<Vec<_>>(),
    })
}

/// The plan with a piece of its text replaced, which stands there once.
#[track_caller]
fn plan_with(changes: &[(&str, &str)]) -> String {
    let mut text = PLAN.to_owned();
    for (old, new) in changes {
        assert_eq!(text.matches(old).count(), 1, "{old}");
        text = text.replace(old, new);
    }
    text
}

/// The same with a price, and a value for its grant.
#[track_caller]
fn priced_plan_with(changes: &[(&str, &str)]) -> String {
    let mut text = PLAN.replace(
        "\n\n[[grant]]\n",
        &format!("\n\n{PRICE}\n[[grant]]\nvalue = \"30_000\"\n"),
    );
    for (old, new) in changes {
        assert_eq!(text.matches(old).count(), 1, "{old}");
        text = text.replace(old, new);
    }
    text
}

/// A right file: `is` says what is particular about it.
#[track_caller]
fn right_plan(name: &str, changes: &[(&str, &str)], is: impl Fn(&PlanFile) -> bool) -> Value {
    right_text(name, plan_with(changes), is)
}

fn right_text(name: &str, text: String, is: impl Fn(&PlanFile) -> bool) -> Value {
    let plan = read_plan(&text);
    expect(name, plan.as_ref().is_ok_and(is), &plan);
    let plan = plan.as_ref().map(plan_json).unwrap_or_default();
    json!({ "name": name, "text": text, "plan": plan })
}

#[track_caller]
fn wrong_plan(name: &str, changes: &[(&str, &str)], expected: &[(&str, &str)]) -> Value {
    wrong_text(name, plan_with(changes), expected)
}

#[track_caller]
fn wrong_priced(name: &str, changes: &[(&str, &str)], expected: &[(&str, &str)]) -> Value {
    wrong_text(name, priced_plan_with(changes), expected)
}

#[track_caller]
fn wrong_text(name: &str, text: String, expected: &[(&str, &str)]) -> Value {
    let found = read_plan(&text).err().unwrap_or_default();
    let mut case = wrong(name, &text, &found, expected);
    // What the parser of TOML refuses has no field, and no words that another parser would find.
    for mistake in case["mistakes"].as_array_mut().into_iter().flatten() {
        if mistake["field"] == "" {
            *mistake = json!({ "line": mistake["line"] });
        }
    }
    case
}

#[test]
fn plan_files_mean_the_same_everywhere() {
    let start = "start = 2027-01-01T00:00:00Z";
    let cases = vec![
        right_plan("a plan", &[], |plan| {
            plan.terms.start_ts == START
                && plan.periods == ["2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4"]
                && plan.grants[0].terms.allocation == 5_000_000_000_000
        }),
        right_plan(
            "a time with a space",
            &[(start, "start = 2027-01-01 00:00:00Z")],
            |plan| plan.terms.start_ts == START,
        ),
        right_plan(
            "the last day of February",
            &[
                (start, "start = 2028-02-29T00:00:00Z"),
                (
                    "enrolment_end = 2027-01-01T00:00:00Z",
                    "enrolment_end = 2028-02-29T00:00:00Z",
                ),
            ],
            |plan| {
                plan.terms.start_ts == 1_835_395_200
                    && plan.periods == ["2028-02-29", "2028-05-29", "2028-08-29", "2028-11-29"]
            },
        ),
        right_plan(
            "months",
            &[("cadence = \"3 months\"", "cadence = \"1 month\"")],
            |plan| plan.terms.cadence == Cadence::Months(1) && plan.periods[3] == "2027-04",
        ),
        right_plan("days", &[("cadence = \"3 months\"", "cadence = \"30 days\"")], |plan| {
            plan.terms.cadence == Cadence::Seconds(2_592_000) && plan.periods[1] == "2027-01-31"
        }),
        right_plan(
            "hours",
            &[("cadence = \"3 months\"", "cadence = \"6 hours\"")],
            |plan| plan.periods[1] == "2027-01-01T06:00:00Z",
        ),
        right_plan(
            "a window in hours",
            &[("attest = \"14 days\"", "attest = \"36 hours\"")],
            |plan| plan.terms.attest_secs == 129_600,
        ),
        right_plan(
            "an amount with grouping commas",
            &[("max_allocation = \"5 %\"", "max_allocation = \"5,000,000.5\"")],
            |plan| plan.terms.max_allocation == 5_000_000_500_000,
        ),
        right_plan(
            "an amount with underscores",
            &[("max_allocation = \"5 %\"", "max_allocation = \"5_000_000\"")],
            |plan| plan.terms.max_allocation == 5_000_000_000_000,
        ),
        right_plan(
            "a part of the supply",
            &[("max_allocation = \"5 %\"", "max_allocation = \"12.5%\"")],
            |plan| plan.terms.max_allocation == 12_500_000_000_000,
        ),
        right_plan(
            "scores as percent",
            &[
                ("score = 10_000", "score = \"100 %\""),
                ("default_score = 0", "default_score = \"12.5%\""),
            ],
            |plan| plan.kpis[0].points[1].score == 10_000 && plan.kpis[0].default_score == 1_250,
        ),
        right_plan(
            "weights as percent",
            &[
                ("time_weight = 2_000", "time_weight = \"20%\""),
                ("\"active users\" = 5_000", "\"active users\" = \"50 %\""),
            ],
            |plan| plan.grants[0].terms.time_weight == 2_000 && plan.grants[0].terms.kpi_weights == [5_000, 3_000],
        ),
        right_plan(
            "values of a KPI with commas",
            &[("max = 1_000_000", "max = \"1,000,000\"")],
            |plan| plan.kpis[0].range_max == 1_000_000,
        ),
        right_plan(
            "a negative value",
            &[("min = 0, max = 1_000_000", "min = -50, max = 1_000_000")],
            |plan| plan.kpis[0].range_min == -50,
        ),
        right_plan(
            "redistribution",
            &[(
                "unearned = \"return\"",
                "unearned = \"redistribute\"\nbonus_cap = \"50%\"",
            )],
            |plan| plan.terms.bonus_cap_bps == 5_000,
        ),
        right_plan(
            "carriage returns before line feeds",
            &[("threshold = 2", "threshold = 2\r")],
            |plan| plan.terms.threshold == 2,
        ),
        right_plan(
            "a name with letters beyond ASCII",
            &[
                ("\"active users\"\nunit", "\"aktive Nützer\"\nunit"),
                ("\"active users\" = 5_000", "\"aktive Nützer\" = 5_000"),
            ],
            |plan| plan.kpis[0].name == "aktive Nützer",
        ),
        wrong_plan(
            "30 February",
            &[(start, "start = 2027-02-30T00:00:00Z")],
            &[("start =", "")],
        ),
        wrong_plan(
            "29 February of a common year",
            &[(start, "start = 2027-02-29T00:00:00Z")],
            &[("start =", "")],
        ),
        wrong_plan(
            "31 June",
            &[(start, "start = 2027-06-31T00:00:00Z")],
            &[("start =", "")],
        ),
        wrong_plan(
            "enrolment until a day that does not exist",
            &[(
                "enrolment_end = 2027-01-01T00:00:00Z",
                "enrolment_end = 2027-11-31T00:00:00Z",
            )],
            &[("enrolment_end", "")],
        ),
        wrong_plan(
            "a time with an offset",
            &[(start, "start = 2027-01-01T00:00:00+01:00")],
            &[("start =", "plan.start")],
        ),
        wrong_plan(
            "a local time",
            &[(start, "start = 2027-01-01T00:00:00")],
            &[("start =", "plan.start")],
        ),
        wrong_plan("a date", &[(start, "start = 2027-01-01")], &[("start =", "plan.start")]),
        wrong_plan(
            "a time as text",
            &[(start, "start = \"2027-01-01T00:00:00Z\"")],
            &[("start =", "plan.start")],
        ),
        wrong_plan(
            "a part of a second",
            &[(start, "start = 2027-01-01T00:00:00.5Z")],
            &[("start =", "plan.start")],
        ),
        wrong_plan(
            "a start in the past",
            &[(start, "start = 2026-12-01T00:00:00Z")],
            &[("start =", "plan.start")],
        ),
        wrong_plan(
            "a cadence of weeks",
            &[("cadence = \"3 months\"", "cadence = \"2 weeks\"")],
            &[("cadence", "plan.cadence")],
        ),
        wrong_plan(
            "13 months",
            &[("cadence = \"3 months\"", "cadence = \"13 months\"")],
            &[("cadence", "plan.cadence")],
        ),
        wrong_plan(
            "no periods",
            &[("periods = 4\n", "periods = 0\n")],
            &[("periods = 0", "plan.periods")],
        ),
        wrong_plan(
            "121 periods",
            &[("periods = 4\n", "periods = 121\n")],
            &[("periods = 121", "plan.periods")],
        ),
        wrong_plan(
            "a window that is too short",
            &[("attest = \"14 days\"", "attest = \"5 minutes\"")],
            &[("attest", "windows.attest")],
        ),
        wrong_plan(
            "a decimal comma",
            &[("max_allocation = \"5 %\"", "max_allocation = \"5000000,5\"")],
            &[("max_allocation", "limits.max_allocation")],
        ),
        wrong_plan(
            "an amount that must be rounded",
            &[("max_allocation = \"5 %\"", "max_allocation = \"0.0000001\"")],
            &[("max_allocation", "limits.max_allocation")],
        ),
        wrong_plan(
            "a limit that a point makes small",
            &[("max_allocation = \"5 %\"", "max_allocation = \"1.250\"")],
            &[("max_allocation", "limits.max_allocation")],
        ),
        wrong_plan(
            "a part that must be rounded",
            &[("max_allocation = \"5 %\"", "max_allocation = \"5.001 %\"")],
            &[("max_allocation", "limits.max_allocation")],
        ),
        wrong_plan(
            "a percentage in quotation marks without its sign",
            &[("time_weight = 2_000", "time_weight = \"2000\"")],
            &[("time_weight", "grant \"first\" time_weight")],
        ),
        wrong_plan(
            "a score that is a decimal",
            &[("score = 10_000", "score = 1.0")],
            &[("curve", "kpi \"active users\" curve.score")],
        ),
        wrong_plan(
            "a KPI named like a number",
            &[
                ("\"active users\"\nunit", "\"0\"\nunit"),
                ("\"active users\" = 5_000", "\"0\" = 5_000"),
            ],
            &[("[[kpi]]", "kpi \"0\" name")],
        ),
        wrong_plan(
            "a KPI named like an amount",
            &[
                ("\"active users\"\nunit", "\"1,250.5 %\"\nunit"),
                ("\"active users\" = 5_000", "\"1,250.5 %\" = 5_000"),
            ],
            &[("[[kpi]]", "kpi \"1,250.5 %\" name")],
        ),
        wrong_plan(
            "two KPIs of one name",
            &[("\"review\"\nunit", "\"active users\"\nunit")],
            &[
                ("[[kpi]] # second", "kpi \"active users\" name"),
                ("weights =", "grant \"first\" weights"),
            ],
        ),
        wrong_plan(
            "an unknown field",
            &[("threshold = 2", "treshold = 2")],
            &[("treshold", "roles.treshold")],
        ),
        wrong_plan(
            "an oracle twice",
            &[(
                "\"8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR\", \"CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8\"",
                "\"8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR\", \"8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR\"",
            )],
            &[("oracles", "roles.oracles")],
        ),
        wrong_plan(
            "a threshold below a majority",
            &[("threshold = 2", "threshold = 1")],
            &[("threshold", "roles.threshold")],
        ),
        wrong_plan(
            "weights that do not sum",
            &[("time_weight = 2_000", "time_weight = 2_001")],
            &[("weights =", "grant \"first\" weights")],
        ),
        wrong_plan(
            "an allocation above the limit",
            &[("allocation = \"5,000,000\"", "allocation = \"5,000,001\"")],
            &[("allocation = \"5,000,001\"", "grant \"first\" allocation")],
        ),
        right_text("a price", priced_plan_with(&[]), |plan| {
            let price = plan.kpis.last().expect("a KPI");
            (plan.terms.unit.as_str(), plan.terms.unit_decimals) == ("USD", 2)
                && (price.default_price, price.range_min, price.decimals) == (Some(500), 100, 4)
                && price.feed.is_some_and(|feed| feed.max_delay_secs == 600)
                && plan.grants[0].terms.unit_allocation == 3_000_000
                && plan.grants[0].terms.kpi_weights == [5_000, 3_000, 0]
        }),
        right_text(
            "a moving average of another receiver",
            priced_plan_with(&[("\"pyth\"", "\"pyth-pro\""), ("\"spot\"", "\"average\"")]),
            |plan| {
                plan.kpis[2]
                    .feed
                    .is_some_and(|feed| feed.average && feed.receiver == Receiver::PythPro)
            },
        ),
        right_text(
            "a price without a feed, and a grant in tokens",
            priced_plan_with(&[("feed = {", "# feed = {"), ("value = \"30_000\"\n", "")]),
            |plan| plan.kpis[2].feed.is_none() && plan.grants[0].terms.unit_allocation == 0,
        ),
        right_plan(
            "a feed of an ordinary KPI",
            &[(
                "\"Distinct users of the period's last month.\"\n",
                "\"x\"\nfeed = { receiver = \"pyth\", id = \"ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d\", price = \"spot\", max_delay = \"14 days\", max_confidence = 10_000 }\n",
            )],
            |plan| plan.kpis[0].feed.is_some_and(|feed| feed.max_confidence_bps == 10_000),
        ),
        wrong_plan(
            "no name of the plan",
            &[("\"Design guild\"", "\"\"")],
            &[("name = \"\"", "plan.name")],
        ),
        wrong_plan(
            "a value without a price",
            &[(
                "allocation = \"5,000,000\"",
                "allocation = \"5,000,000\"\nvalue = \"1\"",
            )],
            &[("value = \"1\"", "grant \"first\" value")],
        ),
        wrong_priced(
            "a unit that is too long",
            &[("\"USD\"", "\"US dollar\"")],
            &[("unit = \"US dollar\"", "price.unit")],
        ),
        wrong_priced("no unit", &[("\"USD\"", "\"\"")], &[("unit = \"\"", "price.unit")]),
        wrong_priced(
            "too many decimals of the unit",
            &[("unit_decimals = 2", "unit_decimals = 10")],
            &[("unit_decimals", "price.unit_decimals")],
        ),
        wrong_priced(
            "decimals too far apart",
            &[("unit_decimals = 2\ndecimals = 4", "unit_decimals = 0\ndecimals = 13")],
            &[("[price]", "price.decimals")],
        ),
        wrong_priced(
            "a price of nothing",
            &[("min = \"0.01\"", "min = 0")],
            &[("[price]", "price.range")],
        ),
        wrong_priced(
            "a default out of range",
            &[("default = \"0.05\"", "default = \"0.0099\"")],
            &[("default =", "price.default")],
        ),
        wrong_priced(
            "a price named like a KPI",
            &[("kpi = \"token price\"", "kpi = \"review\"")],
            &[("[price]", "price.kpi")],
        ),
        wrong_priced(
            "a price named like a number",
            &[("kpi = \"token price\"", "kpi = \"7\"")],
            &[("kpi = \"7\"", "price.kpi")],
        ),
        wrong_priced(
            "a weight on the price",
            &[("\"review\" = 3_000", "\"token price\" = 3_000")],
            &[("weights =", "grant \"first\" weights")],
        ),
        wrong_priced(
            "a value of nothing",
            &[("value = \"30_000\"", "value = \"0.00\"")],
            &[("value = \"0.00\"", "grant \"first\" value")],
        ),
        wrong_priced(
            "a value that would be rounded",
            &[("value = \"30_000\"", "value = \"0.001\"")],
            &[("value = \"0.001\"", "grant \"first\" value")],
        ),
        wrong_priced(
            "a value that is not a text",
            &[("value = \"30_000\"", "value = 30_000")],
            &[("value = 30_000", "grant \"first\" value")],
        ),
        wrong_priced(
            "a feed without an identifier",
            &[("id = \"ef0d", "id = \"ef")],
            &[("feed =", "price.feed.id")],
        ),
        wrong_priced(
            "a receiver that is not known",
            &[("\"pyth\"", "\"chain\"")],
            &[("feed =", "price.feed.receiver")],
        ),
        wrong_priced(
            "a delay beyond the oracles' window",
            &[("\"10 minutes\"", "\"15 days\"")],
            &[("feed =", "price.feed.max_delay")],
        ),
        wrong_priced(
            "no confidence",
            &[("\"2 %\"", "0")],
            &[("feed =", "price.feed.max_confidence")],
        ),
        wrong_priced(
            "a feed with an unknown field",
            &[("price = \"spot\"", "prise = \"spot\"")],
            &[("feed =", "price.feed.prise")],
        ),
        wrong_plan("no TOML", &[("[token]", "[token")], &[("[token", "")]),
    ];
    let vectors = json!({
        "about": "Plan files as `earnout plan create` reads them when `authority` signs at `now`. A right one has `plan`; a wrong \
                  one has all its mistakes, in order: line, field, and what is said up to the first `; `; only the line of what is not TOML.",
        "authority": key(100).to_string(),
        "now": START - 86_400,
        "cases": cases,
    });
    golden("plans.json", &vectors);
}

// Values.

#[test]
fn files_of_values_mean_the_same_everywhere() {
    let plan = read_plan(PLAN).expect("a plan");
    let head = "period,kpi,value,grant\n";
    let right = |name: &str, text: &str, expected: &[(u16, u8, Option<usize>, i64)]| {
        let values = Values::parse(text, Path::new("values.csv"), &plan);
        let values = values.unwrap_or_else(|found| panic!("{name}: {found}"));
        let all = (0..plan.terms.period_count).flat_map(|period| {
            let of_period = values.of_period(period);
            of_period.map(move |(kpi, grant, value)| (period, kpi, grant, value.value))
        });
        let all: Vec<_> = all.collect();
        assert_eq!(all, expected, "{name}");
        let all = all.into_iter().map(|(period, kpi, grant, value)| {
            json!({ "period": period, "kpi": kpi, "grant": grant, "value": value.to_string() })
        });
        json!({ "name": name, "text": text, "values": all.collect::<Vec<_>>() })
    };
    let refused = |name: &str, text: &str, expected: &[(&str, &str)]| {
        let found = Values::parse(text, Path::new("values.csv"), &plan).expect_err(name);
        wrong(name, text, &found.mistakes, expected)
    };
    let cases = vec![
        right(
            "by name",
            &format!("{head}2027-Q1,active users,76,\n2027-Q2,review,80.5,first\n"),
            &[(0, 0, None, 76), (1, 1, Some(0), 805)],
        ),
        right(
            "without grants",
            "period,kpi,value\n2027-Q1,active users,76\n",
            &[(0, 0, None, 76)],
        ),
        right(
            "by number of the period",
            &format!("{head}3,active users,76,\n"),
            &[(3, 0, None, 76)],
        ),
        right(
            "line ends of Windows",
            "period,kpi,value\r\n2027-Q1,active users,76\r\n",
            &[(0, 0, None, 76)],
        ),
        right(
            "a byte order mark",
            "\u{feff}period,kpi,value\n2027-Q1,active users,76",
            &[(0, 0, None, 76)],
        ),
        right(
            "empty rows",
            &format!("\n{head}\n,,,\n , ,\n2027-Q1,active users,76,\n\"\",\"\",,\n"),
            &[(0, 0, None, 76)],
        ),
        right(
            "grouping commas in quotation marks",
            "period,kpi,value\n2027-Q1,active users,\"76,000\"\n",
            &[(0, 0, None, 76_000)],
        ),
        refused(
            "a carriage return between rows",
            "period,kpi,value\r2027-Q1,active users,76\r",
            &[("", "")],
        ),
        refused(
            "a carriage return between two of the rows",
            &format!("{head}2027-Q1,active users,76,\r2027-Q2,active users,77,\n"),
            &[("2027-Q1", "")],
        ),
        refused("nothing", "", &[("", "")]),
        refused("only empty rows", "\n\n,,,\n", &[("", "")]),
        refused(
            "a column twice",
            "period,kpi,value,value\n2027-Q1,active users,76,77\n",
            &[("", "")],
        ),
        refused("a column that is missing", "period,value\n2027-Q1,76\n", &[("", "")]),
        refused("semicolons", "period;kpi;value\n2027-Q1;active users;76\n", &[("", "")]),
        refused(
            "a quotation that does not end",
            &format!("{head}2027-Q1,\"active users,76,\n2027-Q2,active users,77,\n"),
            &[("2027-Q1", "")],
        ),
        refused(
            "a field too many",
            &format!("{head}2027-Q1,active users,76,000,\n"),
            &[("2027-Q1", "")],
        ),
        refused(
            "a decimal comma",
            &format!("{head}2027-Q1,active users,\"7,5\",\n"),
            &[("2027-Q1", "")],
        ),
        refused("a KPI by number", &format!("{head}2027-Q1,0,76,\n"), &[("2027-Q1", "")]),
        refused(
            "a value twice",
            &format!("{head}2027-Q1,active users,76,\n0,active users,77,\n"),
            &[("0,active", "")],
        ),
        refused(
            "a grant for a shared KPI",
            &format!("{head}2027-Q1,active users,76,first\n"),
            &[("2027-Q1", "")],
        ),
        refused(
            "no grant for an individual KPI",
            &format!("{head}2027-Q1,review,76,\n"),
            &[("2027-Q1", "")],
        ),
    ];
    let vectors = json!({
        "about": "Files of values for the plan, as `earnout plan simulate --values` reads them. A right one has `values` by numbers \
                  of period, KPI and grant, counted from 0, fixed point; a wrong one its mistakes as in plans.json.",
        "plan": PLAN,
        "cases": cases,
    });
    golden("values.json", &vectors);
}

// Transactions.

/// A group as text: its accounts by number, with `s` if they sign and `w` if they are written to; bytes of data; compute
/// units; calls.
fn read_group(text: &str) -> Group {
    let mut parts = text.split(';');
    let mut next = || parts.next().expect("four parts");
    let accounts = next().split(' ').map(|account| {
        let number = account.trim_end_matches(['s', 'w']);
        AccountMeta {
            pubkey: key(number.parse().expect("a number")),
            is_signer: account.contains('s'),
            is_writable: account.contains('w'),
        }
    });
    let instruction = Instruction {
        program_id: key(250),
        accounts: accounts.collect(),
        data: vec![7; next().parse().expect("a number")],
    };
    let cost = Cost {
        units: next().parse().expect("a number"),
        calls: next().parse().expect("a number"),
    };
    cost::alone(instruction, cost)
}

/// Groups of all kinds, by a generator of numbers that anybody can compute.
fn groups(seed: u32) -> Vec<String> {
    let mut state = seed;
    let mut below = |limit: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % limit
    };
    (0..40)
        .map(|_| {
            let accounts: Vec<_> = (0..1 + below(9))
                .map(|_| {
                    let number = 1 + below(if seed.is_multiple_of(3) { 240 } else { 30 });
                    // The first few sign, so that signatures end a transaction too.
                    let signs = if number <= 2 + seed % 14 { "s" } else { "" };
                    format!("{number}{signs}{}", if below(2) == 0 { "w" } else { "" })
                })
                .collect();
            let data = below(if seed % 3 == 1 { 400 } else { 40 });
            let units = 1_000 * below(if seed.is_multiple_of(5) { 300 } else { 20 });
            format!("{};{data};{units};{}", accounts.join(" "), 1 + below(6))
        })
        .collect()
}

#[test]
fn transactions_are_written_and_packed_alike() {
    let payer = NullSigner::new(&key(1));
    let envelope = |version| Envelope {
        version,
        payer: key(1),
        priced: true,
        spare: 0,
    };
    let mut messages = Vec::new();
    for (version, unit_price) in [
        (Version::Zero, 0),
        (Version::Zero, 7),
        (Version::One, 0),
        (Version::One, 7),
    ] {
        let two = ["2s 3w 4;5;0;0", "1sw 3w;130;0;0"];
        let mut submission = Submission::new(
            two.iter().flat_map(|group| read_group(group).instructions).collect(),
            &payer,
        );
        submission.version = version;
        submission.unit_price = unit_price;
        let limits = Limits {
            units: 300_001,
            data: 98_304,
        };
        let transaction = VersionedTransaction {
            signatures: vec![Signature::default(); 2],
            message: submission
                .message(Hash::new_from_array([9; 32]), Some(limits))
                .expect("a message"),
        };
        let bytes = BASE64_STANDARD.encode(to_bytes(&transaction));
        messages.push(
            json!({ "version": u8::from(version == Version::One), "price": unit_price, "groups": two, "bytes": bytes }),
        );
    }
    let packed = [Version::Zero, Version::One].into_iter().flat_map(|version| {
        (1..=16).map(move |seed| {
            let texts = groups(seed);
            let groups: Vec<_> = texts.iter().map(|text| read_group(text)).collect();
            let packed = packing::pack(&envelope(version), &groups).expect("groups that fit");
            let transactions = packed.iter().map(|packed| {
                let of: Vec<_> = groups[packed.groups.clone()]
                    .iter()
                    .flat_map(|group| group.instructions.clone())
                    .collect();
                json!([of.len(), packing::bytes(&envelope(version), &of)])
            });
            let transactions: Vec<_> = transactions.collect();
            json!({ "version": u8::from(version == Version::One), "groups": texts, "transactions": transactions })
        })
    });
    let packed: Vec<_> = packed.collect();
    let of = |cost: Cost| json!([cost.units, cost.calls]);
    // The grant below has weight on three KPIs: only those that the plan has are settled.
    let plan = Plan {
        kpi_count: 3,
        ..bytemuck::Zeroable::zeroed()
    };
    let redistributing = Plan {
        unearned_policy: UnearnedPolicy::Redistribute as u8,
        ..plan
    };
    let mut grant: Grant = bytemuck::Zeroable::zeroed();
    grant.kpi_weights[..3].fill(1);
    let vectors = json!({
        "about": "Transactions of both versions as the SDK writes and packs them. A group is one instruction: accounts by \
                  number, s for those that sign and w for those written to, bytes of data, compute units, calls. Messages have \
                  300,001 units, 98,304 bytes of loaded data, a blockhash of nines and empty signatures; what was packed, for \
                  each transaction its instructions and bytes. Costs are units and calls.",
        "messages": messages,
        "packed": packed,
        "costs": {
            "createGrant": of(cost::CREATE_GRANT),
            "attest": of(cost::ATTEST),
            "attestPage": of(cost::ATTEST_PAGE),
            "collectBonus": of(cost::COLLECT_BONUS),
            "createAssociated": of(cost::CREATE_ASSOCIATED),
            "claim": of(cost::claim(&plan)),
            "settleOf3": of(cost::settle(&plan, &grant)),
            "settleOf3IntoPool": of(cost::settle(&redistributing, &grant)),
        },
    });
    golden("transactions.json", &vectors);
}

// Bytes.

#[test]
fn only_utf8_is_text() {
    let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    for (bytes, expected) in [
        (
            [&[0xff, 0xfe][..], &utf16("a,b\n")].concat(),
            "1: is UTF-16 text; save the file as UTF-8",
        ),
        (vec![0xfe, 0xff, 0, b'a'], "1: is UTF-16 text"),
        (
            utf16("ab"),
            "1: holds a zero byte, as UTF-16 text does; save the file as UTF-8",
        ),
        (b"a\nb\xe4\n".to_vec(), "2: is not UTF-8 text; save the file as UTF-8"),
        (b"a\nb\0\n".to_vec(), "2: holds a zero byte"),
    ] {
        let said = text_of(bytes).expect_err(expected).to_string();
        assert!(said.starts_with(expected), "{said}");
    }
    assert_eq!(text_of(b"\xef\xbb\xbfa".to_vec()).expect("text"), "a");
}

// Manifests.

#[test]
fn manifests() {
    let manifest = |kpi, period, page, votes: &[(u32, i64, Option<u8>)]| {
        let listed = |(grant, value, hash): &(u32, i64, Option<u8>)| {
            let evidence = hash.map(|byte| [byte; 32]);
            (
                *grant,
                Listed {
                    value: *value,
                    evidence,
                },
            )
        };
        Manifest {
            votes: votes.iter().map(listed).collect(),
            ..Manifest::new(key(1), key(2), kpi, period, page)
        }
    };
    let full: Vec<_> = (64..128)
        .map(|grant| (grant, i64::from(grant) * -10, Some(7)))
        .collect();
    let one = manifest(4, 0, 0, &[(0, 3, Some(0xab))]);
    let cases = [
        ("one vote", one.clone()),
        (
            "the largest numbers, and a vote without a document",
            manifest(
                u8::MAX,
                u16::MAX,
                u32::MAX / 64,
                &[(u32::MAX - 1, i64::MIN + 1, None), (u32::MAX, i64::MAX, Some(0xff))],
            ),
        ),
        ("a full page", manifest(0, 1, 1, &full)),
        ("no vote", manifest(0, 0, 0, &[])),
    ];
    let cases = cases.map(|(name, manifest)| {
        let text = String::from_utf8(manifest.to_bytes()).expect("text");
        expect(name, Manifest::read(text.as_bytes()).as_ref() == Ok(&manifest), &text);
        let votes = manifest.votes.iter().map(|(grant, listed)| {
            json!({ "grant": grant, "value": listed.value.to_string(), "evidence": listed.evidence.map(hex::encode) })
        });
        json!({
            "name": name,
            "text": text,
            "sha256": hex::encode(manifest.hash()),
            "plan": manifest.plan.to_string(),
            "oracle": manifest.oracle.to_string(),
            "kpi": manifest.kpi,
            "period": manifest.period,
            "page": manifest.page,
            "votes": votes.collect::<Vec<_>>(),
        })
    });

    let text = String::from_utf8(manifest(4, 0, 0, &[(0, 3, Some(0xab)), (1, 4, None)]).to_bytes()).expect("text");
    let (first, second) = ("\"grant\": 0", "\"grant\": 1");
    let hash = "ab".repeat(32);
    let other = format!("\"oracle\": \"{}\"", key(2));
    let changes = [
        ("another format", "manifest/1", "manifest/2"),
        ("no plan", "\"plan\"", "\"plans\""),
        ("a plan that is no key", &key(1).to_string(), "key"),
        ("an oracle that is no text", &other, "\"oracle\": 2"),
        ("a KPI that is too large", "\"kpi\": 4", "\"kpi\": 256"),
        ("a negative period", "\"period\": 0", "\"period\": -1"),
        ("a page that is a fraction", "\"page\": 0", "\"page\": 0.5"),
        ("another page", "\"page\": 0", "\"page\": 1"),
        ("a grant of another page", second, "\"grant\": 64"),
        ("a grant twice", second, first),
        ("grants in another order", first, "\"grant\": 2"),
        ("a value that is a number", "\"3\"", "3"),
        ("a value that is no number", "\"3\"", "\"3.0\""),
        ("a value that no vote has", "\"3\"", "\"-9223372036854775808\""),
        ("a value that is too large", "\"3\"", "\"9223372036854775808\""),
        ("a value with a sign", "\"3\"", "\"+3\""),
        ("a value with a zero before it", "\"3\"", "\"03\""),
        ("no value", "\"value\": \"3\",", ""),
        ("a hash that is too short", &hash, "abab"),
        ("a hash in capitals", &hash, &hash.to_uppercase()),
        ("a hash that is no text", "null", "false"),
        ("one field more", "\"page\": 0,", "\"page\": 0, \"more\": 0,"),
        ("a number in another form", "\"kpi\": 4", "\"kpi\": 4e0"),
        ("one space more", "{", "{ "),
        ("votes that are no list", "[", "{\"0\":["),
        ("text behind it", "]\n}", "]\n}\n"),
        ("a byte order mark", "{\n  \"format", "\u{feff}{\n  \"format"),
        ("no JSON", "{\n  \"format\"", "format"),
        ("an empty file", &text.clone(), ""),
    ];
    let refused = changes.map(|(name, part, by)| {
        expect(name, text.contains(part), &text);
        let changed = text.replacen(part, by, 1);
        let read = Manifest::read(changed.as_bytes());
        expect(name, read.is_err(), &changed);
        json!({ "name": name, "text": changed })
    });
    golden("manifests.json", &json!({ "manifests": cases, "refused": refused }));
}
