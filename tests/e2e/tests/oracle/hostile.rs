//! Every command of the daemon before an endpoint that is slow, broken or lies: what is not known is said, nothing is
//! sent twice, and nothing is believed that the program did not say.

use {
    crate::support::{NONE, Quarter},
    earnout_e2e::{Finished, Hostile, Mode, Oracle, Setting},
    serde_json::json,
};

/// Modes in which nothing that the endpoint says can be used.
const DEAD: [Mode; 5] = [Mode::Truncates, Mode::Status503, Mode::Html, Mode::Never, Mode::WrongId];

/// Modes that are about what a vote does not need.
const HARMLESS: [Mode; 10] = [
    Mode::Honest,
    Mode::Forges,
    Mode::Omits,
    Mode::Repeats,
    Mode::Reorders,
    Mode::Delays,
    Mode::LosesAnswer,
    Mode::UnknownVersion,
    Mode::Outdated,
    Mode::NoIndex,
];

struct Case {
    quarter: Quarter,
    hostile: Hostile,
}

impl Case {
    fn new() -> Self {
        let quarter = Quarter::ended();
        let hostile = Hostile::before(&quarter.chain.rpc_url);
        Self { quarter, hostile }
    }

    /// An operator before the hostile endpoint, with a key in its URL.
    fn operator(&self) -> Oracle {
        self.behind(&[&self.url()])
    }

    fn behind(&self, endpoints: &[&str]) -> Oracle {
        let feed = self.quarter.feed("echo 76", "");
        Oracle::new(&self.quarter.chain, "oracle-1", endpoints, &feed)
    }

    fn url(&self) -> String {
        format!("{}/v2/hunter2?api-key=hunter3", self.hostile.url)
    }

    /// How many different transactions were sent.
    fn signed(&self) -> usize {
        self.hostile.seen().signatures.len()
    }
}

/// The two other operators agree on a value.
fn others_vote(quarter: &Quarter, value: &str) {
    for key in ["oracle-2", "oracle-3"] {
        let feed = quarter.feed(&format!("echo {value}"), "");
        let other = Oracle::new(&quarter.chain, key, &[&quarter.chain.rpc_url], &feed);
        other.run(&["once"]).succeeded().shows("1 voted");
    }
}

/// That no key of the endpoint was shown.
#[track_caller]
fn keeps_secrets(done: Finished) -> Finished {
    for text in [&done.stdout, &done.stderr] {
        assert!(!text.contains("hunter"), "{text}");
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_is_of_the_newest_version_that_all_endpoints_take() {
    for (mode, version) in [(Mode::Honest, 1), (Mode::Outdated, 0)] {
        let case = Case::new();
        case.hostile.mode(mode);
        let chain = &case.quarter.chain;
        let operator = case.behind(&[&chain.rpc_url, &case.url()]);
        operator.run(&["once"]).succeeded().shows("1 voted");
        let signatures = case.hostile.seen().signatures;
        assert_eq!(signatures.len(), 1, "{mode:?}");
        let options = json!({"encoding": "base64", "commitment": "confirmed", "maxSupportedTransactionVersion": 1});
        let sent = chain.ask("getTransaction", json!([signatures[0], options])).await;
        assert_eq!(sent["version"], version, "{mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_votes_once_where_the_endpoint_can_be_used() {
    for mode in HARMLESS {
        let case = Case::new();
        let operator = case.operator();
        case.hostile.mode(mode);
        keeps_secrets(operator.run(&["once"])).succeeded().shows("1 voted");
        assert_eq!(case.quarter.votes().await, [760], "{mode:?}");
        assert_eq!(case.signed(), 1, "{mode:?}");
        keeps_secrets(operator.run(&["once"]))
            .succeeded()
            .shows("1 already on chain");
        assert_eq!(case.signed(), 1, "{mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_succeeds_where_the_endpoint_cannot_be_used() {
    let case = Case::new();
    let operator = case.operator();
    let plan = case.quarter.plan.to_string();
    for mode in DEAD {
        case.hostile.mode(mode);
        for command in [
            &["once"][..],
            &["check"],
            &["status"],
            &["verify", &plan, "0"],
            &["watch", "--once"],
        ] {
            let done = keeps_secrets(operator.run(command)).failed(1);
            assert!(
                done.stderr.contains("127.0.0.1:"),
                "{mode:?} {command:?}: {}",
                done.stderr
            );
        }
    }
    assert_eq!(case.signed(), 0);
    assert_eq!(case.quarter.votes().await, NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_endpoint_does_what_the_first_does_not() {
    for mode in DEAD
        .into_iter()
        .chain([Mode::Drops, Mode::Refuses, Mode::Processed, Mode::Blind, Mode::Lags])
    {
        let case = Case::new();
        case.hostile.mode(mode);
        let operator = case.behind(&[&case.url(), &case.quarter.chain.rpc_url]);
        keeps_secrets(operator.run(&["once"])).succeeded().shows("1 voted");
        assert_eq!(case.quarter.votes().await, [760], "{mode:?}");
    }
}

/// The transaction was executed, and the endpoint does not say so: it is not known what became of it, and nothing is
/// signed in its place, also not by the next process.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_processed_is_unfinished_and_followed_after_a_restart() {
    let case = Case::new();
    let operator = case.operator();
    let accounts = ["getMultipleAccounts", "getAccountInfo"];
    case.hostile
        .set([Setting::new(Mode::Processed), Setting::new(Mode::Lags).only(&accounts)]);
    for _ in 0..2 {
        keeps_secrets(operator.run(&["once"]))
            .failed(2)
            .shows("0 voted, 0 already on chain, 0 held, 1 unfinished, 3 not due yet")
            .says("is not known");
        assert_eq!(case.signed(), 1);
    }
    case.hostile.obey();
    operator.run(&["status"]).shows("1 signed, 0 confirmed");
    operator.run(&["once"]).succeeded().shows("1 already on chain");
    operator.run(&["status"]).succeeded().shows("1 signed, 1 confirmed");
    assert_eq!(case.signed(), 1);
    assert_eq!(case.quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_that_is_dropped_is_unfinished_and_not_success() {
    for mode in [Mode::Drops, Mode::Refuses] {
        let case = Case::new();
        let operator = case.operator();
        case.hostile.mode(mode);
        keeps_secrets(operator.run(&["once"]))
            .failed(2)
            .shows("0 voted, 0 already on chain, 0 held, 1 unfinished, 3 not due yet");
        assert_eq!(case.quarter.votes().await, NONE, "{mode:?}");
        case.hostile.obey();
        operator.run(&["once"]).succeeded().shows("1 voted");
        assert_eq!(case.quarter.votes().await, [760], "{mode:?}");
    }
}

/// Every second request is refused. Whether the transaction was among those is chance; that nothing is sent twice is
/// not.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_refuses_half_of_it_gets_one_vote() {
    let case = Case::new();
    let operator = case.operator();
    case.hostile.mode(Mode::Status429);
    let done = keeps_secrets(operator.run(&["once"]));
    assert!(
        done.stdout.contains("1 voted") || done.stdout.contains("1 unfinished"),
        "{done:?}"
    );
    case.hostile.obey();
    operator.run(&["once"]).succeeded();
    assert_eq!(case.quarter.votes().await, [760]);
}

/// An endpoint that says that nothing was executed, when it was, proves that falsely. The chain is asked for the vote
/// itself before anything is signed anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_vote_that_the_chain_has_is_not_signed_anew() {
    let case = Case::new();
    let operator = case.operator();
    case.hostile.mode(Mode::Blind);
    keeps_secrets(operator.run(&["once"])).succeeded().shows("1 voted");
    assert_eq!(case.signed(), 1);
    assert_eq!(case.quarter.votes().await, [760]);
}

/// A node that is behind shows the transaction late, and its accounts later still.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_behind_costs_time_and_no_second_vote() {
    let case = Case::new();
    let operator = case.operator();
    case.hostile.mode(Mode::Lags);
    operator.run(&["once"]).succeeded().shows("1 voted");
    // The accounts count, and do not show it yet.
    operator.run(&["once"]).failed(2).shows("1 unfinished");
    case.hostile.obey();
    operator.run(&["once"]).succeeded().shows("1 already on chain");
    assert_eq!(case.signed(), 1);
    assert_eq!(case.quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn run_goes_on_when_the_endpoint_comes_back() {
    for mode in DEAD.into_iter().filter(|mode| *mode != Mode::Never) {
        let case = Case::new();
        let operator = case.operator();
        case.hostile.mode(mode);
        let mut daemon = operator.start(&["run"]);
        daemon.wait_for("the round failed");
        case.hostile.obey();
        daemon.wait_for("1 already on chain");
        assert!(!daemon.log().contains("hunter"), "{mode:?}");
        daemon.terminate();
        assert_eq!(case.quarter.votes().await, [760], "{mode:?}");
        assert_eq!(case.signed(), 1, "{mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_follows_what_is_not_known_until_it_is() {
    let case = Case::new();
    let operator = case.operator();
    case.hostile.mode(Mode::Processed);
    let mut daemon = operator.start(&["run"]);
    daemon.wait_for("is not known; the next round follows it again");
    case.hostile.obey();
    daemon.wait_for("1 already on chain");
    daemon.terminate();
    assert_eq!(case.signed(), 1);
    assert_eq!(case.quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_what_the_endpoint_does_not_tell() {
    let case = Case::new();
    let operator = case.operator();
    let plan = case.quarter.plan.to_string();
    operator.run(&["once"]).succeeded();
    for mode in [
        Mode::Forges,
        Mode::Repeats,
        Mode::Reorders,
        Mode::NoIndex,
        Mode::Status429,
    ] {
        case.hostile.mode(mode);
        let done = keeps_secrets(operator.run(&["verify", &plan, "0"])).succeeded();
        assert!(done.stdout.contains("1 of 1 vote"), "{mode:?}: {}", done.stdout);
    }
    for mode in [Mode::Omits, Mode::UnknownVersion] {
        case.hostile.mode(mode);
        let done = keeps_secrets(operator.run(&["verify", &plan, "0"])).failed(2);
        assert!(
            done.stderr.contains("incomplete: ") && done.stderr.contains(&case.hostile.url),
            "{mode:?}: {}",
            done.stderr
        );
    }
    case.hostile.obey();
    operator
        .run(&["verify", &plan, "2"])
        .failed(2)
        .says("nothing was checked");
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_compares_only_what_the_program_holds() {
    let case = Case::new();
    others_vote(&case.quarter, "76");
    let operator = case.operator();
    for mode in [
        Mode::Honest,
        Mode::Forges,
        Mode::Repeats,
        Mode::Reorders,
        Mode::Delays,
        Mode::UnknownVersion,
    ] {
        case.hostile.mode(mode);
        let done = keeps_secrets(operator.run(&["watch", "--once"])).succeeded();
        assert!(done.stdout.contains("1 agree, 0 differ"), "{mode:?}: {}", done.stdout);
    }
    // What cannot be searched, or is left out, is said and is not an agreement.
    case.hostile.mode(Mode::NoIndex);
    keeps_secrets(operator.run(&["watch", "--once"])).failed(1);
    case.hostile.set([Setting {
        every: Some(1),
        ..Setting::new(Mode::Omits).only(&["getProgramAccounts"])
    }]);
    keeps_secrets(operator.run(&["watch", "--once"]))
        .failed(1)
        .says("of the 1 open attestations");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_followed_as_a_vote_is() {
    let case = Case::new();
    others_vote(&case.quarter, "90");
    let operator = case.operator();
    let key = case.quarter.chain.key_file("authority");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file of this test");
    let text = std::fs::read_to_string(operator.configuration()).expect("a file of this test");
    operator.configure(&text.replace("[[feed]]", &format!("[watch]\ndisputer = {key:?}\n[[feed]]")));
    case.hostile.mode(Mode::Processed);
    operator
        .run(&["watch", "--once"])
        .failed(2)
        .shows("0 disputed, 1 unfinished");
    assert_eq!(case.signed(), 1);
    // By now the chain shows the dispute.
    operator.run(&["watch", "--once"]);
    assert_eq!(case.signed(), 1);
    let attestation = case.quarter.attestation().await.expect("two votes");
    assert!(attestation.disputed_at > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_judged_by_the_plan() {
    let case = Case::new();
    let url = case.quarter.chain.rpc_url.clone();
    let late = Oracle::new(
        &case.quarter.chain,
        "oracle-1",
        &[&url],
        &case.quarter.feed("echo 76", "grace = \"30d\""),
    );
    late.run(&["check"])
        .failed(1)
        .says("is not shorter than the plan's vote window of 14days");
    late.run(&["once"])
        .failed(2)
        .shows("0 voted")
        .says("vote window of 14days");
    let second = case.quarter.feed("echo 5", "").replace("\"milestones\"", "\"again\"");
    let second = second.replace("kpi = 0", "kpi = \"development milestones completed\"");
    let twice = format!("{}{second}", case.quarter.feed("echo 76", ""));
    let twice = Oracle::new(&case.quarter.chain, "oracle-1", &[&url], &twice);
    twice.run(&["check"]).failed(1).says("has several feeds: again too");
    twice
        .run(&["once"])
        .failed(2)
        .shows("0 voted, 0 already on chain, 1 held");
    let stranger = Oracle::new(
        &case.quarter.chain,
        "authority",
        &[&url],
        &case.quarter.feed("echo 76", ""),
    );
    stranger
        .run(&["check"])
        .failed(1)
        .says("is not among the plan's oracles");
    stranger.run(&["once"]).failed(2);
    assert_eq!(case.quarter.votes().await, NONE);
}
