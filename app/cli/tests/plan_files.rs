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
        let mut text = fs::read_to_string(Path::new(TEAM).join("plan.toml")).expect("the example");
        for (old, new) in changes {
            assert!(text.contains(old), "{old}");
            text = text.replace(old, new);
        }
        self.write("plan.toml", &text);
        fs::copy(Path::new(TEAM).join("values.csv"), self.path("values.csv")).expect("copied");
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
            "error: --from 50.55 has more than 1 decimals",
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
