//! The commands, one after the other, as an operator uses them.

use {
    crate::{
        services::commit,
        support::{NONE, Quarter},
    },
    earnout_e2e::{Chain, Oracle},
    std::fs,
};

#[tokio::test(flavor = "multi_thread")]
async fn check_shows_what_would_be_paid_and_sends_nothing() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    let checked = operator.run(&["check", "--period", "0"]).succeeded();
    // 76 of 80: score 9,500. The developer's tranche is 2,500,000, all on this KPI; the designer's 1,250,000, half on
    // it.
    checked
        .shows("9,500")
        .shows("2,968,750.000000")
        .shows("3,125,000.000000")
        .shows(" ok ");
    let json = operator.run(&["--json", "check"]).succeeded().json();
    assert_eq!(json[0]["score"], 9_500);
    assert_eq!(json[0]["value"], "76.0");
    assert_eq!(quarter.votes().await, NONE);
    operator
        .run(&["check", "--period", "9"])
        .failed(1)
        .says("4 periods, counted from 0: there is no 9");
    operator
        .run(&["check", "--feed", "mau"])
        .failed(1)
        .says("no feed \"mau\"")
        .in_one_line();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_value_waits_for_a_person() {
    let quarter = Quarter::ended();
    let feed = format!(
        "[[feed]]\nid = \"satisfaction\"\nplan = \"{}\"\nkpi = 0\nsource = {{ type = \"manual\" }}\n",
        quarter.plan
    );
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed);
    operator.run(&["once"]).failed(2).says("nobody has entered a value yet");
    operator
        .run(&["enter", "satisfaction", "0", "ninety", "--note", "x"])
        .failed(1)
        .says("is not a number");
    operator
        .run(&["enter", "satisfaction", "0", "92.5", "--note", " "])
        .failed(1)
        .says("--note is empty");
    operator
        .run(&["enter", "satisfaction", "0", "92.5", "--note", "x", "--grant", "1"])
        .failed(1)
        .says("is shared");
    operator
        .run(&["enter", "satisfaction", "9", "92.5", "--note", "x"])
        .failed(1)
        .says("no period 9");
    operator
        .run(&["enter", "satisfaction", "0", "920", "--note", "typed wrong"])
        .succeeded();
    operator
        .run(&["once"])
        .failed(2)
        .says("outside of what the plan accepts");
    operator
        .run(&["enter", "satisfaction", "0", "92.5", "--note", "survey, 31 answers"])
        .succeeded();
    operator.run(&["once"]).succeeded().shows("1 voted");
    operator
        .run(&["enter", "satisfaction", "0", "93", "--note", "late"])
        .failed(1)
        .says("already has");
    assert_eq!(quarter.votes().await, [925]);
    let evidence = find_evidence(&operator);
    assert!(
        evidence.contains("survey, 31 answers") && evidence.contains("operator"),
        "{evidence}"
    );
    operator.run(&["verify", &quarter.plan.to_string(), "0"]).succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_value_can_be_released_by_hand() {
    let quarter = Quarter::ended();
    let feed = quarter.feed("echo 76", "checks = { max = 70 }");
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed);
    operator.run(&["once"]).failed(2);
    operator
        .run(&["enter", "milestones", "0", "76", "--note", "checked by two people"])
        .succeeded();
    operator.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_evidence_does_not_verify() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    operator.run(&["once"]).succeeded();
    let plan = quarter.plan.to_string();
    operator.run(&["verify", &plan, "0"]).succeeded().shows("proved");
    let file = evidence_files(&operator).pop().expect("one document");
    let text = fs::read_to_string(&file).expect("a file of this test");
    fs::write(&file, text.replace("76\\n", "77\\n")).expect("a file of this test");
    operator.run(&["verify", &plan, "0"]).failed(2).shows("UNPROVED");
    fs::remove_file(&file).expect("a file of this test");
    operator
        .run(&["verify", &plan, "0"])
        .failed(2)
        .shows("there is no document with the hash");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_and_health_are_served_and_alerts_reach_a_command() {
    let quarter = Quarter::ended();
    let feed = quarter.feed("echo 76", "");
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed);
    let alerts = operator.folder().join("alerts");
    let text = fs::read_to_string(operator.configuration()).expect("a file of this test");
    let told = format!(
        "[alerts]\ncommand = [\"sh\", \"-c\", \"cat >> {}\"]\n[submit]\nlow_balance = 5000\n",
        alerts.display()
    );
    operator.configure(&text.replace("[[feed]]", &format!("{told}[[feed]]")));
    let mut daemon = operator.start(&["--log-format", "json", "run"]);
    daemon.wait_for("already on chain");
    let log = daemon.log();
    let address = log
        .split("\"address\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("an address in the log");
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://{address}{path}"))
            .await
            .expect("it answers");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    assert_eq!(get("/healthz").await.0, 200);
    let (_, figures) = get("/metrics").await;
    for line in [
        "earnout_oracle_votes_total 1",
        "earnout_oracle_last_value{feed=\"milestones\"} 760",
        "earnout_oracle_transactions_total{outcome=\"confirmed\"} 1",
        "earnout_oracle_holds{feed=\"milestones\"} 0",
        "earnout_oracle_balance_lamports ",
        "earnout_oracle_lag_seconds{feed=\"milestones\"} 0",
    ] {
        assert!(figures.contains(line), "{line}: {figures}");
    }
    daemon.terminate();
    let told = fs::read_to_string(alerts).expect("the alert");
    assert!(
        told.contains("\"kind\":\"balance\"") && told.contains("SOL left"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_about_to_close_is_told_and_a_closed_one_is_over() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("exit 1", ""));
    let early = operator.run(&["once"]).failed(2);
    assert!(!early.stderr.contains("window closes"), "{early:#?}");
    // The window is two weeks long; the last six hours of it are urgent.
    quarter.chain.warp("2027-05-14T18:00:00Z");
    operator
        .run(&["once"])
        .failed(2)
        .says("no vote yet, and the window closes at 2027-05-15T00:00:00Z");
    quarter.chain.warp("2027-05-15T00:00:00Z");
    operator
        .run(&["once"])
        .succeeded()
        .shows("0 voted, 0 already on chain, 0 held");
    operator
        .run(&["enter", "milestones", "0", "76", "--note", "late"])
        .failed(1)
        .says("closed at 2027-05-15T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_closed_without_a_vote_is_missed_and_one_with_it_is_shown() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    operator.run(&["once"]).succeeded().shows("1 voted");
    let away = Oracle::new(
        &quarter.chain,
        "oracle-2",
        &[&quarter.chain.rpc_url],
        &quarter.feed("echo 76", ""),
    );
    quarter.chain.warp("2027-05-15T00:00:00Z");
    operator.run(&["status"]).succeeded().shows("voted").shows("76.0");
    operator.run(&["once"]).succeeded().shows("1 already on chain");
    away.run(&["once"])
        .succeeded()
        .shows("1 missed, 3 not due yet")
        .says("the vote window closed without a vote");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_complete_yet_is_waited_for() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", "grace = \"3days\""));
    operator
        .run(&["once"])
        .succeeded()
        .shows("4 not due yet; the next at 2027-05-04T00:00:00Z");
    quarter.chain.warp("2027-05-04T00:00:00Z");
    operator.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_never_shown() {
    let quarter = Quarter::ended();
    let feed = format!(
        "[[feed]]\nid = \"milestones\"\nplan = \"{}\"\nkpi = 0\nsource = {{ type = \"http\", url = \"http://127.0.0.1:1/\", path = \
         \"$.value\", auth = {{ bearer = \"env:KPI_TOKEN\" }} }}\n",
        quarter.plan
    );
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed);
    operator
        .run(&["once"])
        .failed(2)
        .says("the environment has no KPI_TOKEN");
    let operator = operator.with_variable("KPI_TOKEN", "hunter2hunter2");
    let held = operator.run(&["once"]).failed(2);
    let status = operator.run(&["status"]).failed(2);
    for text in [held.stderr, held.stdout, status.stderr, status.stdout] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_says_where_and_what() {
    let chain = Chain::start(&["--demo"]);
    let plan = chain.demo_address("plan");
    let feed = |kpi: &str, source: &str| {
        format!("[[feed]]\nid = \"x\"\nplan = \"{plan}\"\nkpi = {kpi}\nsource = {{ {source} }}\n")
    };
    let run = |feeds: &str| {
        Oracle::new(&chain, "oracle-1", &[&chain.rpc_url], feeds)
            .run(&["check"])
            .failed(1)
    };
    run(&feed("\"mau\"", "type = \"manual\""))
        .says("the plan has no KPI \"mau\"; it has 0 \"development milestones completed\"");
    run(&feed("0", "type = \"command\", command = [\"echo\", \"{identity}\"]")).says("a shared KPI has no grant");
    run(&feed("0", "type = \"carrier-pigeon\"")).says("carrier-pigeon");
    run("").says("each KPI to be measured is a [[feed]]");
    run(&feed("0", "type = \"manual\"").replace(&plan.to_string(), "11111111111111111111111111111112"))
        .says("there is no plan at");
    let dead = Oracle::new(
        &chain,
        "oracle-1",
        &["http://127.0.0.1:1"],
        &feed("0", "type = \"manual\""),
    );
    dead.run(&["check"])
        .failed(1)
        .says("error: ")
        .says("http://127.0.0.1:1");
}

#[tokio::test(flavor = "multi_thread")]
async fn git_history_is_measured_by_period() {
    let quarter = Quarter::ended();
    let feed = format!(
        "[[feed]]\nid = \"commits\"\nplan = \"{}\"\nkpi = 0\nsource = {{ type = \"git\", repository = \"repo\", measure = \
         \"files-changed\", author = \"ann@example.org\", paths = [\"src/**\"] }}\n",
        quarter.plan
    );
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed);
    for (name, time) in [
        ("src/early.rs", "2027-01-31T23:59:59Z"),
        ("src/a.rs", "2027-02-01T00:00:00Z"),
        ("README", "2027-03-01T00:00:00Z"),
        ("src/b.rs", "2027-04-30T23:59:59Z"),
        ("src/late.rs", "2027-05-01T00:00:00Z"),
    ] {
        commit(&operator.folder().join("repo"), name, "Ann@Example.org", time);
    }
    operator.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes().await, [20], "two files, one decimal");
    operator.run(&["verify", &quarter.plan.to_string(), "0"]).succeeded();
}

fn evidence_files(operator: &Oracle) -> Vec<std::path::PathBuf> {
    let folders = fs::read_dir(operator.folder().join("state/evidence")).expect("evidence");
    folders
        .flat_map(|folder| fs::read_dir(folder.expect("a folder").path()).expect("a folder"))
        .map(|file| file.expect("a file").path())
        .collect()
}

fn find_evidence(operator: &Oracle) -> String {
    let texts = evidence_files(operator)
        .into_iter()
        .map(|file| fs::read_to_string(file).expect("a document"));
    texts.collect::<Vec<_>>().join("\n")
}
