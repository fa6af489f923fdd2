//! Files of grants, right and wrong, with what the command line and the web app must make of them:
//! `app/web/test/vectors/grants.json`. The expectations stand here; `UPDATE_EXPECT=1 cargo test -p earnout-cli
//! vectors` writes them out for the web app, whose tests read the same file.

use {
    super::table::{Leniency, Row, read},
    crate::context::token::Token,
    bytemuck::Zeroable,
    earnout::state::{Kpi, Plan},
    earnout_sdk::terms::plan_file::{Mistake, text_of},
    expect_test::expect_file,
    serde_json::{Value, json},
    solana_keypair::Keypair,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::cell::RefCell,
};

/// The last one is the price.
const KPIS: [&str; 4] = ["users", "0", "code review", "token price"];
const HEADER: &str = "beneficiary,allocation,cliff,time_weight,revocable,transferable";
const STRICT: Leniency = Leniency {
    off_curve: false,
    several_each: false,
};

fn plan() -> Plan {
    let mut plan = Plan::zeroed();
    plan.period_count = 8;
    plan.cadence_kind = 1;
    plan.cadence_length = 3;
    plan.start_ts = 1_800_000_000;
    plan.enrolment_end = 1_800_000_000;
    plan.min_allocation = 1_000_000;
    plan.max_allocation = 500_000_000_000;
    plan.max_grants = 100;
    (plan.kpi_count, plan.price_kpi) = (4, 4);
    plan.unit[..3].copy_from_slice(b"USD");
    (plan.unit_decimals, plan.unit_exponent) = (2, 8);
    for (kpi, name) in plan.kpis.iter_mut().zip(KPIS) {
        *kpi = Kpi::zeroed();
        kpi.name[..name.len()].copy_from_slice(name.as_bytes());
        kpi.point_count = 1;
        kpi.curve_scores[0] = 10_000;
    }
    let price = &mut plan.kpis[3];
    (price.point_count, price.decimals) = (0, 4);
    (price.range_min, price.default_price, price.range_max) = (100, 500, 1_000_000);
    plan
}

fn token() -> Token {
    Token {
        mint: Pubkey::default(),
        program: Pubkey::default(),
        decimals: 6,
    }
}

/// A wallet.
fn key(number: u8) -> String {
    Keypair::new_from_array([number; 32]).pubkey().to_string()
}

/// An address that no key can sign for.
fn off_curve() -> String {
    earnout_sdk::wire::pda::vault(&Pubkey::new_from_array([9; 32])).to_string()
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

fn row_json(row: &Row) -> Value {
    json!({
        "line": row.line,
        "name": row.name,
        "beneficiary": row.args.beneficiary.to_string(),
        "allocation": row.args.allocation.to_string(),
        "unitAllocation": row.args.unit_allocation.to_string(),
        "firstPeriod": row.args.first_period,
        "periods": row.args.periods,
        "cliff": row.args.cliff_periods,
        "timeWeight": row.args.time_weight,
        "weights": row.args.kpi_weights,
        "revocable": row.args.revocable,
        "transferable": row.args.transferable,
    })
}

/// What is wrong, up to the advice, which differs between the command line and the web app.
fn told(mistake: &Mistake) -> Value {
    let what = mistake.what.split("; ").next().unwrap_or_default();
    json!({ "line": mistake.line, "field": mistake.field, "what": what })
}

/// Line, allocation in base units, first period and periods, cliff, weight of time, weights of the KPIs, flags.
type Expected = (usize, u64, [u16; 2], u16, u16, [u16; 3], [bool; 2]);

fn right_if(name: &str, leniency: Leniency, text: &str, expected: &[Expected]) -> Value {
    let rows = read(text, &plan(), &token(), leniency);
    expect(name, rows.is_ok(), &rows);
    let rows = rows.unwrap_or_default();
    let found: Vec<Expected> = rows
        .iter()
        .map(|Row { line, args, .. }| {
            let (weights, of_price) = args.kpi_weights.split_at(3);
            assert_eq!(of_price, [0], "nothing has weight on the price");
            let weights = weights.try_into().expect("three weights");
            let flags = [args.revocable, args.transferable];
            let periods = [args.first_period, args.periods];
            (
                *line,
                args.allocation,
                periods,
                args.cliff_periods,
                args.time_weight,
                weights,
                flags,
            )
        })
        .collect();
    expect(name, found == expected, &found);
    json!({
        "name": name,
        "text": text,
        "leniency": { "offCurve": leniency.off_curve, "severalEach": leniency.several_each },
        "rows": rows.iter().map(row_json).collect::<Vec<_>>(),
    })
}

fn right(name: &str, text: &str, expected: &[Expected]) -> Value {
    right_if(name, STRICT, text, expected)
}

/// A right file of grants for their time alone, whose values are so many of the unit's smallest parts.
fn right_values(name: &str, text: &str, expected: &[u64]) -> Value {
    let rows = read(text, &plan(), &token(), STRICT).unwrap_or_default();
    let found: Vec<u64> = rows.iter().map(|row| row.args.unit_allocation).collect();
    expect(name, found == expected, &found);
    let plain: Vec<Expected> = rows.iter().map(|row| plain(row.line, 100_000_000)).collect();
    right(name, text, &plain)
}

/// A wrong file with the line and field of each mistake.
fn wrong(name: &str, text: &str, expected: &[(usize, &str)]) -> Value {
    let found = read(text, &plan(), &token(), STRICT).err().unwrap_or_default();
    let places: Vec<_> = found
        .iter()
        .map(|mistake| (mistake.line.unwrap_or_default(), mistake.field.as_str()))
        .collect();
    expect(name, places == expected, &found);
    json!({
        "name": name,
        "text": text,
        "leniency": { "offCurve": false, "severalEach": false },
        "mistakes": found.iter().map(told).collect::<Vec<_>>(),
    })
}

/// A file whose bytes are not text.
#[track_caller]
fn bytes(name: &str, bytes: Vec<u8>, line: usize) -> Value {
    let hex = hex::encode(&bytes);
    let mistake = text_of(bytes).expect_err(name);
    assert_eq!(mistake.line, Some(line), "{name}");
    json!({ "name": name, "hex": hex, "mistakes": [told(&mistake)] })
}

/// A grant of 100 tokens for its time alone, in all periods.
fn plain(line: usize, allocation: u64) -> Expected {
    (line, allocation, [0, 8], 0, 10_000, [0; 3], [true, false])
}

fn right_files() -> Vec<Value> {
    let (a, b) = (key(1), key(2));
    let terms = "0,10000,true,false";
    let full = "name,beneficiary,allocation,first_period,periods,cliff,time_weight,weight:users,weight:code review,revocable,transferable";
    vec![
        right(
            "one row",
            &format!("{HEADER}\n{a},100,{terms}\n"),
            &[plain(2, 100_000_000)],
        ),
        right(
            "no line end at the end",
            &format!("{HEADER}\n{a},100,{terms}"),
            &[plain(2, 100_000_000)],
        ),
        right(
            "line ends of Windows",
            &format!("{HEADER}\r\n{a},100,{terms}\r\n{b},7,{terms}\r\n"),
            &[plain(2, 100_000_000), plain(3, 7_000_000)],
        ),
        right(
            "a byte order mark",
            &format!("\u{feff}{HEADER}\n{a},100,{terms}\n"),
            &[plain(2, 100_000_000)],
        ),
        right(
            "empty rows",
            &format!("\n{HEADER}\n\n,,,,,\n , ,,,,\n,,,\n{a},100,{terms}\n\"\",,,,,\n"),
            &[plain(7, 100_000_000)],
        ),
        right(
            "every column",
            &format!(
                "{full}\nAda,{a},1_25.5,1,4,2,4_000,6000,,true,false\n\"B, \"\"C\"\"\",{b},3,,,0,0,4000,6000,false,true\n"
            ),
            &[
                (2, 125_500_000, [1, 4], 2, 4_000, [6_000, 0, 0], [true, false]),
                (3, 3_000_000, [0, 8], 0, 0, [4_000, 0, 6_000], [false, true]),
            ],
        ),
        right_values(
            "values in the unit of account",
            &format!("{HEADER},value\n{a},100,{terms},\"30,000.5\"\n{b},100,{terms},\n"),
            &[3_000_050, 0],
        ),
        right(
            "columns in another order",
            &format!("transferable,revocable,time_weight,cliff,allocation,beneficiary\nfalse,true,10000,0,100,{a}\n"),
            &[plain(2, 100_000_000)],
        ),
        right(
            "an empty first column",
            &format!("name,{HEADER}\n,{a},100,{terms}\n"),
            &[plain(2, 100_000_000)],
        ),
        right(
            "spaces around fields",
            &format!(
                " beneficiary , allocation ,cliff,time_weight,revocable,transferable\n {a} , 100 ,0 , 10000, true ,false \n"
            ),
            &[plain(2, 100_000_000)],
        ),
        right(
            "quotation marks around fields",
            &format!("{HEADER}\n\"{a}\",\"100\",\"0\",\"10000\",\"true\",\"false\"\n"),
            &[plain(2, 100_000_000)],
        ),
        right(
            "a first empty column in quotation marks",
            &format!("name,{HEADER}\n\"\",{a},100,{terms}\n"),
            &[plain(2, 100_000_000)],
        ),
        right(
            "TRUE and False",
            &format!("{HEADER}\n{a},100,0,10000,TRUE,False\n"),
            &[plain(2, 100_000_000)],
        ),
        right(
            "a grouped amount",
            &format!("{HEADER}\n{a},\"120,000\",{terms}\n{b},\"1,250.5\",{terms}\n"),
            &[plain(2, 120_000_000_000), plain(3, 1_250_500_000)],
        ),
        right(
            "weights as percent",
            &format!("{HEADER},weight:users\n{a},100,0,20%,true,false,80 %\n{b},100,0,12.5%,true,false,8750\n"),
            &[
                (2, 100_000_000, [0, 8], 0, 2_000, [8_000, 0, 0], [true, false]),
                (3, 100_000_000, [0, 8], 0, 1_250, [8_750, 0, 0], [true, false]),
            ],
        ),
        right(
            "a grouped weight",
            &format!("{HEADER}\n{a},100,0,\"10,000\",true,false\n"),
            &[plain(2, 100_000_000)],
        ),
        right(
            "a KPI by number",
            &format!("{HEADER},weight:2\n{a},100,0,0,true,false,10000\n"),
            &[(2, 100_000_000, [0, 8], 0, 0, [0, 0, 10_000], [true, false])],
        ),
        right(
            "a KPI by number and name",
            &format!("{HEADER},weight:1 0\n{a},100,0,0,true,false,10000\n"),
            &[(2, 100_000_000, [0, 8], 0, 0, [0, 10_000, 0], [true, false])],
        ),
        right(
            "the last period alone",
            &format!("{HEADER},first_period,periods\n{a},100,1,10000,true,false,7,1\n"),
            &[(2, 100_000_000, [7, 1], 1, 10_000, [0; 3], [true, false])],
        ),
        right(
            "periods from the first on",
            &format!("{HEADER},first_period\n{a},100,0,10000,true,false,3\n"),
            &[(2, 100_000_000, [3, 5], 0, 10_000, [0; 3], [true, false])],
        ),
        right(
            "the smallest and the largest amount",
            &format!("{HEADER}\n{a},1,{terms}\n{b},500000,{terms}\n"),
            &[plain(2, 1_000_000), plain(3, 500_000_000_000)],
        ),
        right_if(
            "several grants each",
            Leniency {
                off_curve: false,
                several_each: true,
            },
            &format!("{HEADER}\n{a},100,{terms}\n{a},200,{terms}\n"),
            &[plain(2, 100_000_000), plain(3, 200_000_000)],
        ),
        right_if(
            "an address that no key can sign for",
            Leniency {
                off_curve: true,
                several_each: false,
            },
            &format!("{HEADER}\n{},100,{terms}\n", off_curve()),
            &[plain(2, 100_000_000)],
        ),
        right(
            "a guarded name",
            &format!("name,{HEADER}\n\"'=HYPERLINK(\"\"x\"\")\",{a},100,{terms}\n"),
            &[plain(2, 100_000_000)],
        ),
    ]
}

fn wrong_files() -> Vec<Value> {
    let (a, b) = (key(1), key(2));
    let terms = "0,10000,true,false";
    let row = |cells: &str| format!("{HEADER}\n{cells}\n");
    vec![
        wrong("nothing", "", &[(1, "")]),
        wrong("only empty rows", "\n\n,,,\n", &[(1, "")]),
        wrong("only a header", &format!("{HEADER}\n,,,,,\n"), &[(1, "")]),
        wrong(
            "a carriage return between two rows",
            &format!("{HEADER}\n{a},100,{terms}\r{b},100,{terms}\n"),
            &[(2, "")],
        ),
        wrong(
            "carriage returns for line ends",
            &format!("{HEADER}\r{a},100,{terms}\r"),
            &[(1, "")],
        ),
        wrong(
            "a carriage return at the end",
            &format!("{HEADER}\n{a},100,{terms}\r"),
            &[(2, "")],
        ),
        wrong(
            "a line break in a field",
            &format!("name,{HEADER}\n\"Ada\nB\",{a},100,{terms}\n"),
            &[(2, ""), (3, "")],
        ),
        wrong(
            "a quotation that does not end",
            &format!("name,{HEADER}\n\"Ada,{a},100,{terms}\nB,{b},100,{terms}\n"),
            &[(2, "")],
        ),
        wrong(
            "text after a closing quotation mark",
            &format!("name,{HEADER}\n\"Ada\"x,{a},100,{terms}\n"),
            &[(2, "")],
        ),
        wrong(
            "a quotation mark inside a field",
            &format!("name,{HEADER}\nAda \"x\",{a},100,{terms}\n"),
            &[(2, "")],
        ),
        wrong(
            "a zero byte",
            &format!("name,{HEADER}\nA\0da,{a},100,{terms}\n"),
            &[(2, "")],
        ),
        wrong(
            "a control character",
            &format!("name,{HEADER}\nA\u{1b}da,{a},100,{terms}\n"),
            &[(2, "")],
        ),
        wrong(
            "semicolons",
            &format!("{}\n{a};100;0;10000;TRUE;FALSE\n", HEADER.replace(',', ";")),
            &[(1, "")],
        ),
        wrong(
            "tabs",
            &format!("{}\n{a}\t100\t0\t10000\tTRUE\tFALSE\n", HEADER.replace(',', "\t")),
            &[(1, "")],
        ),
        wrong(
            "a line for spreadsheets",
            &format!("sep=,\n{HEADER}\n{a},100,{terms}\n"),
            &[(1, "")],
        ),
        wrong(
            "a column twice",
            &format!("{HEADER},cliff\n{a},100,{terms},1\n"),
            &[(1, "cliff")],
        ),
        wrong(
            "a KPI twice",
            &format!("{HEADER},weight:users,weight:0 users\n{a},100,{terms},0,0\n"),
            &[(1, "weight:0 users")],
        ),
        wrong(
            "an unknown column",
            &format!("{HEADER},salary\n{a},100,{terms},1\n"),
            &[(1, "salary")],
        ),
        wrong(
            "a column without a name",
            &format!("{HEADER},\n{a},100,{terms},\n"),
            &[(1, "")],
        ),
        wrong(
            "columns that are missing",
            &format!("beneficiary,allocation,cliff,time_weight\n{a},100,0,10000\n"),
            &[(1, "revocable"), (1, "transferable")],
        ),
        wrong(
            "an unknown KPI",
            &format!("{HEADER},weight:mau\n{a},100,{terms},0\n"),
            &[(1, "weight:mau")],
        ),
        wrong(
            "a KPI whose name is the number of another",
            &format!("{HEADER},weight:0\n{a},100,{terms},0\n"),
            &[(1, "weight:0")],
        ),
        wrong("too many fields", &row(&format!("{a},120,000,{terms}")), &[(2, "")]),
        wrong("too few fields", &row(&format!("{a},100")), &[(2, "")]),
        wrong(
            "an address with a letter too many",
            &row(&format!("{a}x,100,{terms}")),
            &[(2, "beneficiary")],
        ),
        wrong("no address", &row(&format!(",100,{terms}")), &[(2, "beneficiary")]),
        wrong(
            "an address that no key can sign for",
            &row(&format!("{},100,{terms}", off_curve())),
            &[(2, "beneficiary")],
        ),
        wrong(
            "an amount that must be rounded",
            &row(&format!("{a},0.0000001,{terms}")),
            &[(2, "allocation")],
        ),
        wrong(
            "a decimal comma",
            &row(&format!("{a},\"1,5\",{terms}")),
            &[(2, "allocation")],
        ),
        wrong(
            "a decimal comma with three digits",
            &row(&format!("{a},\"0,500\",{terms}")),
            &[(2, "allocation")],
        ),
        wrong(
            "a point for thousands and a decimal comma",
            &row(&format!("{a},\"1.250,5\",{terms}")),
            &[(2, "allocation")],
        ),
        wrong("an exponent", &row(&format!("{a},1e3,{terms}")), &[(2, "allocation")]),
        wrong(
            "a negative amount",
            &row(&format!("{a},-1,{terms}")),
            &[(2, "allocation")],
        ),
        wrong(
            "an amount with a unit",
            &row(&format!("{a},100 EARN,{terms}")),
            &[(2, "allocation")],
        ),
        wrong(
            "an amount below the plan's limit",
            &row(&format!("{a},0.250,{terms}")),
            &[(2, "allocation")],
        ),
        wrong(
            "an amount above the plan's limit",
            &row(&format!("{a},500000.000001,{terms}")),
            &[(2, "allocation")],
        ),
        wrong(
            "an amount that does not fit",
            &row(&format!("{a},18446744073709551616,{terms}")),
            &[(2, "allocation")],
        ),
        wrong(
            "weights that do not sum",
            &format!("{HEADER},weight:users\n{a},100,0,4000,true,false,5999\n"),
            &[(2, "")],
        ),
        wrong(
            "a weight with decimals",
            &row(&format!("{a},100,0,0.5,true,false")),
            &[(2, "time_weight")],
        ),
        wrong(
            "a percentage that must be rounded",
            &format!("{HEADER},weight:users\n{a},100,0,33.333%,true,false,66.667%\n"),
            &[(2, "time_weight"), (2, "weight:users")],
        ),
        wrong(
            "a negative period",
            &format!("{HEADER},first_period\n{a},100,{terms},-1\n"),
            &[(2, "first_period")],
        ),
        wrong(
            "periods beyond the plan",
            &format!("{HEADER},first_period,periods\n{a},100,{terms},4,5\n"),
            &[(2, "periods")],
        ),
        wrong(
            "no periods",
            &format!("{HEADER},first_period\n{a},100,{terms},8\n"),
            &[(2, "periods")],
        ),
        wrong(
            "a cliff beyond the grant",
            &format!("{HEADER},periods\n{a},100,3,10000,true,false,2\n"),
            &[(2, "cliff")],
        ),
        wrong(
            "a value with its unit",
            &format!("{HEADER},value\n{a},100,{terms},30_000 USD\n"),
            &[(2, "value")],
        ),
        wrong(
            "a value of nothing, and one that would be rounded",
            &format!("{HEADER},value\n{a},100,{terms},0\n{b},100,{terms},0.001\n"),
            &[(2, "value"), (3, "value")],
        ),
        wrong(
            "a weight on the price",
            &format!("{HEADER},weight:token price\n{a},100,0,9000,true,false,1000\n"),
            &[(1, "weight:token price")],
        ),
        wrong(
            "a value twice",
            &format!("{HEADER},value,value\n{a},100,{terms},1,1\n"),
            &[(1, "value")],
        ),
        wrong(
            "yes and no",
            &row(&format!("{a},100,0,10000,yes,0")),
            &[(2, "revocable"), (2, "transferable")],
        ),
        wrong(
            "an empty flag",
            &row(&format!("{a},100,0,10000,,false")),
            &[(2, "revocable")],
        ),
        wrong(
            "the same row twice",
            &format!("{HEADER}\n{a},100,{terms}\n{a},\"100\",{terms}\n"),
            &[(3, "")],
        ),
        wrong(
            "a beneficiary twice",
            &format!("{HEADER}\n{a},100,{terms}\n{a},200,{terms}\n"),
            &[(3, "beneficiary")],
        ),
        wrong(
            "several mistakes",
            &format!("{HEADER}\n{a},x,{terms}\n\n{b},100,0,10000,ja,false\n\"open\n"),
            &[(2, "allocation"), (4, "revocable"), (5, "")],
        ),
    ]
}

#[test]
fn files_of_grants_mean_the_same_everywhere() {
    let utf16: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let plan = plan();
    let cases = [right_files(), wrong_files()].concat();
    let vectors = json!({
        "about": "Files of grants for the plan, as `earnout grant import` reads them. A right one has `rows`; a wrong one has all \
                  its mistakes, in order: line, field, and what is said up to the first `; `. `bytes` are files that are not \
                  UTF-8 text.",
        "plan": {
            "kpis": KPIS,
            "price": 3,
            "unit": "USD",
            "unitDecimals": plan.unit_decimals,
            "decimals": 6,
            "periods": plan.period_count,
            "minAllocation": plan.min_allocation.to_string(),
            "maxAllocation": plan.max_allocation.to_string(),
            "maxGrants": plan.max_grants,
        },
        "cases": cases,
        "bytes": [
            bytes("UTF-16 of Windows", [&[0xff, 0xfe][..], &utf16].concat(), 1),
            bytes("UTF-16 without a mark", utf16, 1),
            bytes("Latin-1", [HEADER.as_bytes(), b"\nJos\xe9"].concat(), 2),
        ],
    });
    ODD.with_borrow(|odd| assert!(odd.is_empty(), "{}", odd.join("\n")));
    let guarded = vectors["cases"].as_array().into_iter().flatten();
    let guarded = guarded.filter(|case| case["name"] == "a guarded name");
    let names: Vec<_> = guarded.map(|case| &case["rows"][0]["name"]).collect();
    assert_eq!(names, ["=HYPERLINK(\"x\")"], "the apostrophe is taken away");
    let text = serde_json::to_string_pretty(&vectors).expect("JSON") + "\n";
    expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/../web/test/vectors/grants.json")].assert_eq(&text);
}
