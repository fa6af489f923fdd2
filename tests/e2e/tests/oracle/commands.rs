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
        .says("counted from 0: there is no 9");
    // What the plan does not accept is not kept.
    for (value, part) in [
        ("999", "outside of what the plan accepts, 0.0 to 100.0"),
        ("91.55", "91.55 has more decimals than the KPI, which has 1"),
    ] {
        operator
            .run(&["enter", "satisfaction", "0", value, "--note", "typed wrong"])
            .failed(1)
            .says(part);
    }
    operator
        .run(&["enter", "satisfaction", "1", "92.5", "--note", "too early"])
        .failed(1)
        .says("period 1 has not ended: it ends at 2027-08-01T00:00:00Z");
    operator.run(&["once"]).failed(2).says("nobody has entered a value yet");
    operator
        .run(&["withdraw", "satisfaction", "0"])
        .failed(1)
        .says("nothing that can be taken back");
    operator
        .run(&["enter", "satisfaction", "0", "29.5", "--note", "typed wrong"])
        .succeeded();
    operator
        .run(&["withdraw", "satisfaction", "0"])
        .succeeded()
        .shows("withdrawn");
    operator.run(&["once"]).failed(2).says("nobody has entered a value yet");
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

/// As of `status | head -1` and `verify | true`.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_has_read_enough_is_no_error() {
    let quarter = Quarter::ended();
    let feed = quarter.feed("cat value", "");
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed);
    operator.file("value", "76");
    operator.run(&["once"]).succeeded();
    let plan = quarter.plan.to_string();
    for arguments in [
        &["status"][..],
        &["check"],
        &["--json", "status"],
        &["verify", &plan, "0"],
        &["--help"],
    ] {
        let mut child = operator.spawn(arguments);
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("a process of this test");
        let errors = String::from_utf8_lossy(&done.stderr);
        assert_eq!(
            (done.status.code(), errors.contains("panicked")),
            (Some(0), false),
            "{arguments:?}: {errors}"
        );
    }
    // 2 says that a person has to look at a value.
    for arguments in [&["nonsense"][..], &["verify", "no-plan", "0"], &["status", "--colour"]] {
        operator.run(arguments).failed(1);
    }
    operator
        .run(&["verify", &plan, "9"])
        .failed(1)
        .says("There is no such period.");
    let told = operator.run(&["verify", &plan, "9"]).stderr;
    assert_eq!(told.matches("no such period").count(), 1, "{told}");
}

/// A document is attached, a second person agrees, and what was voted is corrected while too few oracles agree.
#[tokio::test(flavor = "multi_thread")]
async fn a_manual_value_takes_two_people_and_can_be_corrected() {
    let quarter = Quarter::ended();
    let feed = format!(
        "[[feed]]\nid = \"satisfaction\"\nplan = \"{}\"\nkpi = 0\nconsent = 2\nsource = {{ type = \"manual\" }}\n",
        quarter.plan
    );
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed);
    let report = operator.file("report.pdf", "%PDF-1.7 thirty-one answers");
    let report = report.to_str().expect("a path in UTF-8");
    let enter = |more: &[&str]| operator.run(&[&["enter", "satisfaction", "0"], more].concat());
    enter(&["92.5", "--confirm"])
        .failed(1)
        .says("nobody has entered a value");
    enter(&["92.5", "--note", "survey", "--document", report])
        .succeeded()
        .shows("one more person has to `enter --confirm` it");
    operator
        .run(&["once"])
        .failed(2)
        .says("1 of 2 people have said the value");
    enter(&["92.5", "--confirm"])
        .failed(1)
        .says("operator has said it already");
    let second = quarter.chain.key_file("oracle-2");
    std::fs::set_permissions(&second, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("a file of this test");
    let second = second.to_str().expect("a path in UTF-8");
    enter(&["93", "--confirm", "--key", second])
        .failed(1)
        .says("operator has entered 92.5, not 93");
    enter(&["92.5", "--confirm", "--key", second])
        .succeeded()
        .shows("confirmed 92.5");
    operator.run(&["once"]).succeeded().shows("1 voted");
    let plan = quarter.plan.to_string();
    operator.run(&["verify", &plan, "0"]).succeeded();
    let evidence = find_evidence(&operator);
    let key = quarter.chain.key("oracle-2");
    let key = solana_signer::Signer::pubkey(&key).to_string();
    for part in ["report.pdf", "%PDF-1.7 thirty-one answers", &key, "signature"] {
        assert!(evidence.contains(part), "{part}: {evidence}");
    }

    enter(&["91", "--note", "late"]).failed(1).says("already has");
    enter(&["92.5", "--note", "the same", "--correct"])
        .failed(1)
        .says("is 92.5 already");
    enter(&["91", "--note", "two answers were counted twice", "--correct"]).succeeded();
    // Not before somebody else says so too.
    operator.run(&["once"]).succeeded().shows("0 voted, 1 already on chain");
    enter(&["91", "--confirm", "--key", second]).succeeded();
    operator.run(&["once"]).succeeded().shows("1 voted");
    operator.run(&["once"]).succeeded().shows("0 voted, 1 already on chain");
    assert_eq!(quarter.votes().await, [925, 910]);
    let status = operator.run(&["--json", "status"]).succeeded().json();
    assert_eq!(
        (&status[0]["value"], &status[0]["agreement"]),
        (&"91.0".into(), &"alone".into())
    );
    operator.run(&["verify", &plan, "0"]).succeeded();

    // Once enough agree nothing can be changed by a vote.
    for key in ["oracle-2", "oracle-3"] {
        let other = Oracle::new(
            &quarter.chain,
            key,
            &[&quarter.chain.rpc_url],
            &quarter.feed("echo 90", ""),
        );
        other.run(&["once"]).succeeded();
    }
    enter(&["90", "--note", "as they say", "--correct"])
        .failed(1)
        .says("enough oracles agreed");
    // This one is outvoted, and told so at every start.
    for _ in 0..2 {
        operator
            .run(&["once"])
            .failed(2)
            .says("alert=\"outvoted\"")
            .says("the oracles agreed on 90.0; this one voted 91.0");
    }
    let status = operator.run(&["status"]).failed(2);
    status.shows("outvoted").shows("91.0").shows("90.0");
}

/// A lost journal, a backup from before, and no evidence: only what nobody here can prove is somebody else's.
#[tokio::test(flavor = "multi_thread")]
async fn a_vote_is_ones_own_after_the_journal_was_lost_as_long_as_the_evidence_is_here() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    // A backup of before the vote.
    operator.run(&["status"]).succeeded();
    let state = operator.folder().join("state");
    let journals = ["journal.db", "journal.db-wal", "journal.db-shm"];
    let backup = fs::read(state.join("journal.db")).expect("a journal");
    operator.run(&["once"]).succeeded().shows("1 voted");
    for content in [None, Some(backup)] {
        for name in journals {
            let _ = fs::remove_file(state.join(name));
        }
        if let Some(content) = content {
            fs::write(state.join("journal.db"), content).expect("a file of this test");
        }
        let adopted = operator.run(&["once"]).succeeded().shows("0 voted, 1 already on chain");
        assert!(!adopted.stderr.contains("foreign-vote"), "{adopted:#?}");
        operator.run(&["status"]).succeeded().shows("voted").shows("76.0");
        operator.run(&["verify", &quarter.plan.to_string(), "0"]).succeeded();
    }
    let file = evidence_files(&operator).pop().expect("one document");
    fs::remove_file(file).expect("a file of this test");
    operator.run(&["once"]).failed(2).says("alert=\"evidence-missing\"");
    operator.run(&["status"]).failed(2).shows("its evidence is missing");
    for name in journals {
        let _ = fs::remove_file(state.join(name));
    }
    operator.run(&["once"]).failed(2).says("alert=\"foreign-vote\"");
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_round_did_is_json_too() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    let once = operator.run(&["--json", "once"]).succeeded().json();
    assert_eq!(
        (&once["votes"]["voted"], &once["votes"]["notDue"]),
        (&1.into(), &3.into())
    );
    assert_eq!(once["next"], "2027-08-01T00:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_stays_to_be_seen() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("exit 1", ""));
    operator.run(&["once"]).failed(2);
    quarter.chain.warp("2027-05-15T00:00:00Z");
    // Under another name, and with nobody told before.
    let text = fs::read_to_string(operator.configuration()).expect("a file of this test");
    operator.configure(&text.replace("\"milestones\"", "\"renamed\""));
    let mut daemon = operator.start(&["--log-format", "json", "run"]);
    daemon.wait_for("1 missed");
    let log = daemon.log();
    let address = log
        .split("\"address\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("an address in the log");
    let figures = reqwest::get(format!("http://{address}/metrics"))
        .await
        .expect("it answers");
    let figures = figures.text().await.expect("text");
    for line in [
        "earnout_oracle_values{feed=\"renamed\",state=\"missed\"} 1",
        "earnout_oracle_holds{feed=\"renamed\"} 0",
        "earnout_oracle_alerts_total{kind=\"missed\"} 1",
    ] {
        assert!(figures.contains(line), "{line}: {figures}");
    }
    daemon.terminate();
    operator.run(&["status"]).succeeded().shows("missed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_daemon_knows_its_figures() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    operator.run(&["once"]).succeeded().shows("1 voted");
    let mut daemon = operator.start(&["--log-format", "json", "run"]);
    daemon.wait_for("1 already on chain");
    let log = daemon.log();
    let address = log
        .split("\"address\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("an address in the log");
    let figures = reqwest::get(format!("http://{address}/metrics"))
        .await
        .expect("it answers");
    let figures = figures.text().await.expect("text");
    daemon.terminate();
    for line in [
        "earnout_oracle_last_value{feed=\"milestones\"} 760",
        "earnout_oracle_last_success_timestamp_seconds{feed=\"milestones\"} ",
        "earnout_oracle_values{feed=\"milestones\",state=\"alone\"} 1",
    ] {
        assert!(figures.contains(line), "{line}: {figures}");
    }
}

/// The log at its most talkative, and every path from the configuration's folder.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_a_url_is_in_no_log_and_paths_start_at_the_configuration() {
    let quarter = Quarter::ended();
    let hostile = earnout_e2e::Hostile::before(&quarter.chain.rpc_url);
    let endpoint = format!("{}/v2/hunter2?api-key=hunter3", hostile.url);
    let mut operator = quarter.operator(&endpoint, &quarter.feed("./val.sh", ""));
    let script = operator.file("val.sh", "#!/bin/sh\necho 76\n");
    std::fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a file of this test");
    let key = quarter.chain.key_file("oracle-1");
    let copy = operator.folder().join("oracle-keypair.json");
    fs::copy(&key, &copy).expect("a file of this test");
    let text = fs::read_to_string(operator.configuration()).expect("a file of this test");
    operator.configure(&text.replace(&format!("{key:?}"), "\"oracle-keypair.json\""));
    operator = operator.with_variable("EARNOUT_ORACLE_LOG", "trace").elsewhere("/");
    let done = operator.run(&["once"]).succeeded().shows("1 voted");
    assert!(!done.stderr.contains("hunter"), "{done:#?}");
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
        .says("no vote yet, and the window closes at 2027-05-15T00:00:00Z (in")
        .says("for 1 value;");
    // Who votes in the same round is not told.
    let feed = quarter.feed("echo 76", "");
    let other = Oracle::new(&quarter.chain, "oracle-2", &[&quarter.chain.rpc_url], &feed);
    let voted = other.run(&["once"]).succeeded().shows("1 voted");
    assert!(!voted.stderr.contains("window closes"), "{voted:#?}");
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
