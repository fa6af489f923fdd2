//! The team of three over a year.

use {
    super::support::{TEAM, demo, folder, lines, shown_truly, stderr, stdout},
    serde_json::Value,
    std::fs,
};

#[test]
fn the_team_is_paid_by_results_and_the_sums_reconcile() {
    let json = folder("team").join("out.json");
    let output = demo(&["--json".as_ref(), json.as_os_str()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    shown_truly("README.md", "2027-Q1: ", &text);
    shown_truly("docs/quickstart.md", "examples/team/", &text);
    let lines = lines(&text);
    for line in [
        "Developer development milestones completed 80 % 2 periods 10 % 10,000,000.000000 12,500,000.000000",
        "Marketing Specialist increase in user acquisition 50 % none 5 % 5,000,000.000000 7,500,000.000000",
        "Project Manager team satisfaction 90 % none 8 % 8,000,000.000000 8,800,000.000000",
        "development milestones completed 76 % analytics, project office missed the target 9,500",
        "increase in user acquisition 62.5 % analytics, project office beat the target 11,250",
        "team satisfaction - nobody never reported: the default score counts 5,000",
        // Before its cliff the developer earns, and nothing vests.
        "Developer 2,500,000.000000 2,375,000.000000 0.000000 0.000000 0.000000",
        "Developer 2,500,000.000000 2,750,000.000000 0.000000 5,125,000.000000 5,125,000.000000",
        "Project Manager 2,000,000.000000 1,000,000.000000 0.000000 5,020,000.000000 1,000,000.000000",
        "funded 28,800,000.000000",
        "= claimed 22,215,000.000000",
        "+ returned to the treasury 6,585,000.000000",
        "+ left in the vault 0.000000",
        "The sums reconcile to the last base unit, in the accounts and in the events.",
    ] {
        assert!(
            lines.iter().any(|found| found == line),
            "{line:?} is missing in\n{text}"
        );
    }

    let result: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let amounts = |value: &Value| -> Vec<u64> {
        let texts = value.as_array().unwrap().iter();
        texts.map(|text| text.as_str().unwrap().parse().unwrap()).collect()
    };
    let quarters = ["2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4"];
    assert_eq!(result["periods"], serde_json::json!(quarters));
    // Tranche · score, by hand: 2,500,000 · 0.95, ·1.1, ·1, ·1.1875 and so on, in base units.
    let earned = [
        [
            2_375_000_000_000,
            2_750_000_000_000,
            2_500_000_000_000,
            2_968_750_000_000,
        ],
        [1_406_250_000_000, 775_000_000_000, 1_312_500_000_000, 1_037_500_000_000],
        [
            2_020_000_000_000,
            2_000_000_000_000,
            1_000_000_000_000,
            2_070_000_000_000,
        ],
    ];
    for (grant, earned) in result["grants"].as_array().unwrap().iter().zip(earned) {
        assert_eq!(amounts(&grant["earned"]), earned);
        assert_eq!(amounts(&grant["bonus"]), [0; 4]);
        assert_eq!(grant["claimed"], earned.iter().sum::<u64>().to_string());
    }
    assert_eq!(result["vault_balance"], "0");
    assert_eq!(result["treasury_received"], "6585000000000");
}

#[test]
fn other_terms_reconcile_as_well() {
    let plan = fs::read_to_string(format!("{TEAM}/plan.toml")).unwrap();
    let values = fs::read_to_string(format!("{TEAM}/values.csv")).unwrap();
    for (index, changes) in [
        vec![("unearned = \"return\"", "unearned = \"redistribute\"")],
        vec![
            ("unearned = \"return\"", "unearned = \"carry-over\""),
            ("\"at-settlement\"", "\"linear\""),
        ],
        vec![("\"weighted-sum\"", "\"weakest\""), ("\"at-settlement\"", "\"linear\"")],
    ]
    .into_iter()
    .enumerate()
    {
        let folder = folder(&format!("terms-{index}"));
        let plan = changes.iter().fold(plan.clone(), |plan, (old, new)| {
            assert!(plan.contains(old));
            plan.replace(old, new)
        });
        fs::write(folder.join("plan.toml"), plan).unwrap();
        fs::write(folder.join("values.csv"), &values).unwrap();
        let output = demo(&["--team".as_ref(), folder.as_os_str()]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("The sums reconcile to the last base unit"));
    }
}

#[test]
fn an_individual_kpi_is_measured_for_each_grant() {
    let folder = folder("individual");
    let plan = fs::read_to_string(format!("{TEAM}/plan.toml")).unwrap();
    let plan = plan.replace("scope = \"shared\"", "scope = \"individual\"");
    fs::write(folder.join("plan.toml"), plan).unwrap();
    let values = "period,kpi,value,grant\n2027-Q1,team satisfaction,90,Project Manager\n";
    fs::write(folder.join("values.csv"), values).unwrap();
    let output = demo(&["--team".as_ref(), folder.as_os_str()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines = lines(&stdout(&output));
    let met = "team satisfaction, Project Manager 90 % analytics, project office met the target 10,000";
    assert!(lines.iter().any(|line| line == met), "{lines:?}");
}
