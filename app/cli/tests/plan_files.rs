//! `earnout plan init` and `earnout plan simulate` as subprocesses, without any chain.

#![allow(clippy::unwrap_used)]

use {
    expect_test::expect_file,
    serde_json::Value,
    std::{
        fs,
        path::{Path, PathBuf},
        process::{Command, Output},
    },
    tempfile::TempDir,
};

const TEAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/team");
const USD_PAY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/usd-pay");

/// A home folder, in which the binary runs.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// The team's plan with some texts replaced, as `plan.toml`, and its values.
    fn team(&self, changes: &[(&str, &str)]) {
        self.example(TEAM, changes);
    }

    /// The plan of the folder of an example with some texts replaced, as `plan.toml`, and its values.
    fn example(&self, folder: &str, changes: &[(&str, &str)]) {
        let mut text = fs::read_to_string(Path::new(folder).join("plan.toml")).expect("the example");
        for (old, new) in changes {
            assert!(text.contains(old), "{old}");
            text = text.replace(old, new);
        }
        self.write("plan.toml", &text);
        fs::copy(Path::new(folder).join("values.csv"), self.path("values.csv")).expect("copied");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_earnout"));
        // Nothing listens there, and nothing may be asked.
        command.args(arguments).args(["--url", "http://127.0.0.1:9"]);
        command
            .env_clear()
            .env("HOME", self.0.path())
            .current_dir(self.0.path());
        command.output().expect("the binary runs")
    }

    /// What it writes on standard output when it succeeds.
    #[track_caller]
    fn shows(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let shown = self.shows(&[arguments, &["--output", "json"]].concat());
        serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{error}: {shown}"))
    }

    /// What it writes on standard error when it fails.
    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        text(&output.stderr)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

const SIMULATE: [&str; 5] = ["plan", "simulate", "plan.toml", "--values", "values.csv"];

#[test]
fn init_writes_a_file_and_never_overwrites_one() {
    let home = Home::new();
    let output = home.run(&["plan", "init"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stderr),
        "Wrote plan.toml: replace the texts in <angle brackets>\n"
    );
    let written = fs::read_to_string(home.path("plan.toml")).expect("a file");
    assert_eq!(home.shows(&["plan", "init", "-"]), written);
    home.write("plan.toml", "mine");
    assert_eq!(
        home.fails(&["plan", "init"]),
        "error: plan.toml exists already; it was left as it is\n  what to do: name another file, or move this one away\n"
    );
    assert_eq!(fs::read_to_string(home.path("plan.toml")).expect("a file"), "mine");
    let nowhere = home.fails(&["plan", "init", "nowhere/plan.toml"]);
    assert!(
        nowhere.starts_with("error: nowhere/plan.toml cannot be written\n"),
        "{nowhere}"
    );
}

#[test]
fn an_initial_plan_can_be_simulated_once_its_placeholders_are_replaced() {
    let home = Home::new();
    home.shows(&["plan", "init"]);
    let written = fs::read_to_string(home.path("plan.toml")).expect("a file");
    let mistakes = home.fails(&["plan", "simulate", "plan.toml", "--curve", "review of own work"]);
    assert!(
        mistakes.contains("plan.toml has 4 mistakes; nothing was sent"),
        "{mistakes}"
    );
    let mut filled = String::new();
    for (number, piece) in (0u8..).zip(written.split("\"<")) {
        match piece.split_once(">\"") {
            Some((_, rest)) => {
                let key = solana_program::pubkey::Pubkey::new_from_array([number; 32]);
                filled.push_str(&format!("\"{key}\"{rest}"));
            }
            None => filled.push_str(piece),
        }
    }
    home.write("plan.toml", &filled);
    let shown = home.shows(&["plan", "simulate", "plan.toml", "--curve", "review of own work"]);
    assert!(
        shown.starts_with("Payout of 4 periods by review of own work\n"),
        "{shown}"
    );
}

#[test]
fn the_team_earns_what_it_earns_on_the_chain() {
    let home = Home::new();
    home.team(&[]);
    expect_file!["golden/team.txt"].assert_eq(&home.shows(&SIMULATE));
    // The same figures as those of the demo, which runs on a chain and whose tests have them worked out by hand.
    let result = home.json(&SIMULATE);
    let earned = [
        ["2375000000000", "2750000000000", "2500000000000", "2968750000000"],
        ["1406250000000", "775000000000", "1312500000000", "1037500000000"],
        ["2020000000000", "2000000000000", "1000000000000", "2070000000000"],
    ];
    for (grant, earned) in result["grants"].as_array().expect("grants").iter().zip(earned) {
        let found: Vec<&str> = grant["periods"]
            .as_array()
            .expect("periods")
            .iter()
            .map(|period| period["earned"].as_str().expect("text"))
            .collect();
        assert_eq!(found, earned);
    }
    assert_eq!(
        (&result["reserve"], &result["surplus"]),
        (&"28800000000000".into(), &"6585000000000".into())
    );
    assert_eq!(result["periods"][0]["name"], "2027-Q1");
    // Two weeks of votes, one of challenge, one of ruling after the first of April.
    assert_eq!(result["periods"][0]["settleDeadline"], 1_806_537_600 + 28 * 86_400);
}

#[test]
fn at_a_time_only_what_is_settled_by_then_counts() {
    let home = Home::new();
    // Before the developer's cliff of two periods, and after it.
    home.team(&[]);
    let at = |time: &str| home.json(&[&SIMULATE[..], &["--at", time]].concat());
    let developer = |result: &Value| {
        let grant = &result["grants"][0];
        (
            grant["earned"].clone(),
            grant["vested"].clone(),
            grant["periods"].as_array().map(Vec::len),
        )
    };
    assert_eq!(
        developer(&at("2027-04-28T23:59:59Z")),
        ("0".into(), "0".into(), Some(0))
    );
    assert_eq!(
        developer(&at("2027-04-29")),
        ("2375000000000".into(), "0".into(), Some(1))
    );
    assert_eq!(
        developer(&at("2027-07-29")),
        ("5125000000000".into(), "5125000000000".into(), Some(2))
    );

    home.team(&[
        ("release = \"at-settlement\"", "release = \"linear\""),
        ("unearned = \"return\"", "unearned = \"redistribute\""),
    ]);
    expect_file!["golden/linear.txt"].assert_eq(&home.shows(&[&SIMULATE[..], &["--at", "2027-09-01"]].concat()));
    home.team(&[("unearned = \"return\"", "unearned = \"carry-over\"")]);
    expect_file!["golden/carry.md"].assert_eq(&home.shows(&[&SIMULATE[..], &["--format", "markdown"]].concat()));
    expect_file!["golden/carry.csv"].assert_eq(&home.shows(&[&SIMULATE[..], &["--format", "csv"]].concat()));
}

/// The payout curve of the team's satisfaction.
fn curve<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SIMULATE[..], &["--curve", "team satisfaction"], more].concat()
}

#[test]
fn payout_curves_are_shown_in_each_form() {
    let home = Home::new();
    home.team(&[
        (
            "weights = { \"increase in user acquisition\" = 10_000 }",
            "weights = { \"increase in user acquisition\" = 4_000, \"team satisfaction\" = 6_000 }",
        ),
        (
            "range = { min = -100, max = 1_000 }\ninterpolation = \"linear\"",
            "range = { min = -100, max = 1_000 }\ninterpolation = \"step\"",
        ),
    ]);
    let chart = home.shows(&curve(&["--svg", "curve.svg"]));
    expect_file!["golden/curve.txt"].assert_eq(&chart);
    assert!(chart.lines().take(22).all(|line| line.chars().count() <= 80), "{chart}");
    expect_file!["golden/curve.svg"].assert_eq(&fs::read_to_string(home.path("curve.svg")).expect("a drawing"));
    expect_file!["golden/curve.csv"].assert_eq(&home.shows(&curve(&["--points", "3", "--format", "csv"])));
    expect_file!["golden/curve.md"].assert_eq(&home.shows(&curve(&[
        "--points",
        "3",
        "--format",
        "markdown",
        "--grant",
        "Project Manager",
    ])));

    // At the target the project manager earns the allocation, to the last base unit.
    let values = home.json(&curve(&["--from", "90", "--to", "91", "--points", "2"]));
    assert_eq!(values["values"], serde_json::json!([900, 910]));
    assert_eq!(values["grants"][1]["name"], "Project Manager");
    assert_eq!(values["grants"][1]["amounts"][0], "8000000000000");

    // A step is a step: one value below a point of the curve pays as the point before it.
    let steps = [
        "plan",
        "simulate",
        "plan.toml",
        "--curve",
        "increase in user acquisition",
        "--from",
        "40",
        "--to",
        "60",
    ];
    let steps = home.json(&[&steps[..], &["--points", "3"]].concat());
    assert_eq!(steps["values"], serde_json::json!([400, 499, 500, 600]));
    let amounts = &steps["grants"][0]["amounts"];
    assert_eq!(amounts[0], amounts[1]);
    assert_eq!(amounts[2], amounts[3]);
    assert_ne!(amounts[1], amounts[2]);
}

#[test]
fn what_cannot_be_simulated_says_why() {
    let home = Home::new();
    home.team(&[]);
    for (arguments, what) in [
        (
            vec!["--curve", "morale"],
            "error: the plan has no KPI named \"morale\"\n  what to do: name one of \"development",
        ),
        (
            vec!["--curve", "team satisfaction", "--from", "101"],
            "error: --from 101 is outside the range of",
        ),
        (
            vec!["--curve", "team satisfaction", "--from", "50.55"],
            "error: --from 50.55 has more than 1 decimal",
        ),
        (
            vec!["--curve", "team satisfaction", "--from", "60", "--to", "60"],
            "error: there are no values from 60 to 60",
        ),
        (
            vec!["--curve", "team satisfaction", "--grant", "Nobody"],
            "error: the plan file has no grant named \"Nobody\"",
        ),
        (
            vec!["--curve", "team satisfaction", "--svg", "nowhere/curve.svg"],
            "error: nowhere/curve.svg cannot be written",
        ),
        (vec![], "required arguments were not provided"),
        (vec!["--svg", "curve.svg"], "required arguments were not provided"),
        (
            vec!["--curve", "team satisfaction", "--at", "2027-04-01"],
            "cannot be used with",
        ),
        (vec!["--values", "values.csv", "--at", "soon"], "`soon` is not a time"),
        (
            vec!["--values", "missing.csv"],
            "missing.csv: cannot be read: No such file or directory",
        ),
    ] {
        let said = home.fails(&[&["plan", "simulate", "plan.toml"], arguments.as_slice()].concat());
        assert!(said.contains(what), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    let said = home.fails(&["plan", "simulate", "none.toml", "--values", "values.csv"]);
    assert!(said.contains("none.toml: cannot be read"), "{said}");
    home.write(
        "values.csv",
        "period,kpi,value\n2027-Q1,team satisfaction,101\n2027-Q9,team satisfaction,1\n",
    );
    let output = home.run(&[&SIMULATE[..], &["--output", "json"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output stays JSON");
    let lines: Vec<&Value> = said["mistakes"]
        .as_array()
        .expect("mistakes")
        .iter()
        .map(|mistake| &mistake["line"])
        .collect();
    assert_eq!(lines, [2, 3]);
}

#[test]
fn pay_in_dollars_survives_a_crash_up_to_its_cap() {
    let home = Home::new();
    home.example(USD_PAY, &[]);
    let shown = home.shows(&SIMULATE);
    expect_file!["golden/usd-pay.txt"].assert_eq(&shown);
    let readme = fs::read_to_string(Path::new(USD_PAY).join("README.md")).expect("the description");
    assert!(readme.contains(&shown), "README.md shows what the command shows");
    expect_file!["golden/usd-pay.csv"].assert_eq(&home.shows(&[&SIMULATE[..], &["--format", "csv"]].concat()));

    let result = home.json(&SIMULATE);
    assert_eq!((&result["unit"], &result["unitDecimals"]), (&"USD".into(), &2.into()));
    let lead = &result["grants"][2];
    assert_eq!(
        (&lead["unitAllocation"], &lead["lowestPrice"]),
        (&"4800000".into(), &"10000".into())
    );
    // 6,000.00 USD a quarter, for time alone: divided by the price by hand, rounded down to a millionth.
    let expected = [
        ("500000", "12000000000", "0"),
        ("620000", "9677419354", "0"),
        ("210000", "28571428571", "0"),
        // A hundredth of the first price: 1,200,000 tokens, of which the cap pays half.
        ("5000", "600000000000", "600000000000"),
        ("18000", "333333333333", "0"),
        ("94000", "63829787234", "0"),
        ("310000", "19354838709", "0"),
        ("550000", "10909090909", "0"),
    ];
    for (period, (price, earned, cut)) in lead["periods"].as_array().expect("periods").iter().zip(expected) {
        let in_units = &period["inUnits"];
        assert_eq!(in_units["units"], "600000");
        assert_eq!((&in_units["price"], &in_units["cutOff"]), (&price.into(), &cut.into()));
        assert_eq!(in_units["capReached"], cut != "0");
        assert_eq!(
            (&period["tranche"], &period["earned"]),
            (&earned.into(), &earned.into())
        );
    }
    assert_eq!(result["grants"][3]["unitAllocation"], Value::Null);
    assert_eq!(result["grants"][3]["periods"][0]["inUnits"], Value::Null);
}

#[test]
fn a_price_that_nobody_reports_is_the_one_in_the_plan() {
    let home = Home::new();
    home.example(USD_PAY, &[]);
    home.write("values.csv", "period,kpi,value\n");
    let result = home.json(&SIMULATE);
    let first = &result["grants"][0]["periods"][0]["inUnits"];
    assert_eq!((&first["price"], &first["uiPrice"]), (&"400000".into(), &"0.4".into()));
}

#[test]
fn a_curve_over_the_price_shows_the_cap() {
    let home = Home::new();
    home.example(USD_PAY, &[]);
    let curve = |more: &[&'static str]| [&SIMULATE[..], &["--curve", "token price"], more].concat();
    let chart = home.shows(&curve(&["--svg", "price.svg"]));
    expect_file!["golden/price.txt"].assert_eq(&chart);
    expect_file!["golden/price.svg"].assert_eq(&fs::read_to_string(home.path("price.svg")).expect("a drawing"));
    let range = ["--from", "0.05", "--to", "0.2", "--points", "2", "--grant", "Engineer"];
    expect_file!["golden/price.csv"].assert_eq(&home.shows(&curve(&[&range[..], &["--format", "csv"]].concat())));
    let values = home.json(&curve(&range));
    // The price down to which the cap reaches, and the one below it.
    assert_eq!(values["values"], serde_json::json!([50_000, 99_999, 100_000, 200_000]));
    assert_eq!(values["grants"].as_array().map(Vec::len), Some(1));
    assert_eq!(values["grants"][0]["cap"], "150000000000");
    assert_eq!(
        values["grants"][0]["amounts"],
        serde_json::json!(["150000000000", "150000000000", "150000000000", "75000000000"])
    );
    let said = home.fails(&curve(&["--grant", "Advisor"]));
    assert!(said.contains("\"Advisor\" is stated in tokens"), "{said}");
    home.example(USD_PAY, &[("\nvalue = ", "\n# value = ")]);
    let said = home.fails(&curve(&[]));
    assert!(said.contains("no grant of the file has a `value`"), "{said}");
}

#[test]
fn what_is_unwise_about_a_price_is_said() {
    let home = Home::new();
    home.example(USD_PAY, &[]);
    let said = |home: &Home| text(&home.run(&SIMULATE).stderr);
    assert_eq!(said(&home), "");
    home.example(
        USD_PAY,
        &[
            ("min = \"0.001\"", "min = \"0.000099\""),
            ("allocation = \"800_000\"", "allocation = \"390_000\""),
        ],
    );
    let lines = said(&home);
    assert!(
        lines.contains("careful: the low end of the price's range, 0.000099 USD, has fewer than three digits"),
        "{lines}"
    );
    assert!(
        lines.contains(
            "careful: Designer: at half of the price 0.400000 USD the allocation would not pay the value in full"
        ),
        "{lines}"
    );
    assert!(!lines.contains("Engineer"), "{lines}");
}
