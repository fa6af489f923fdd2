//! Faults: nothing is lost and nothing is doubled.

use {
    crate::support::{NONE, Quarter},
    earnout_e2e::{Hostile, Mode, Setting},
    earnout_sdk::wire::instructions,
    solana_signer::Signer,
    std::{fs, os::unix::fs::PermissionsExt, thread, time::Duration},
};

/// Kills the daemon while a request of `method` is held, starts it again, and expects exactly one vote.
async fn killed_at(method: &str, setting: Setting) {
    let quarter = Quarter::ended();
    let hostile = Hostile::before(&quarter.chain.rpc_url);
    let operator = quarter.operator(&hostile.url, &quarter.feed("echo 76", ""));
    hostile.set([setting]);
    let daemon = operator.start(&["run"]);
    hostile.wait_for(method, 0);
    daemon.kill();
    hostile.obey();
    let mut daemon = operator.start(&["run"]);
    daemon.wait_for("1 already on chain");
    daemon.terminate();
    assert_eq!(quarter.votes().await, [760], "{method}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_measures() {
    let quarter = Quarter::ended();
    // The first time, the source does not come to an end.
    let shell = "if [ -e asked ]; then echo 76; else touch asked; sleep 600; fi";
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed(shell, ""));
    let daemon = operator.start(&["run"]);
    while !operator.folder().join("asked").exists() {
        thread::sleep(Duration::from_millis(20));
    }
    daemon.kill();
    let mut daemon = operator.start(&["run"]);
    daemon.wait_for("1 already on chain");
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_price_is_known() {
    killed_at(
        "getRecentPrioritizationFees",
        Setting::new(Mode::Never).only(&["getRecentPrioritizationFees"]),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_it_has_a_blockhash() {
    killed_at(
        "getLatestBlockhash",
        Setting::new(Mode::Never).only(&["getLatestBlockhash"]),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_simulates() {
    killed_at(
        "simulateTransaction",
        Setting::new(Mode::Never).only(&["simulateTransaction"]),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_signing_before_the_endpoint_has_it() {
    killed_at("sendTransaction", Setting::new(Mode::Never).only(&["sendTransaction"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_endpoint_has_it() {
    killed_at("sendTransaction", Setting::held("sendTransaction")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_it_asks_what_became_of_it() {
    killed_at(
        "getSignatureStatuses",
        Setting::new(Mode::Never).only(&["getSignatureStatuses"]),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_answer_what_became_of_it() {
    killed_at("getSignatureStatuses", Setting::held("getSignatureStatuses")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_is_down_and_comes_back() {
    let quarter = Quarter::ended();
    let hostile = Hostile::before(&quarter.chain.rpc_url);
    let operator = quarter.operator(&hostile.url, &quarter.feed("echo 76", ""));
    hostile.only(
        Mode::Status503,
        &["getMultipleAccounts", "getBalance", "sendTransaction"],
    );
    let mut daemon = operator.start(&["run"]);
    daemon.wait_for("the round failed");
    assert_eq!(quarter.votes().await, NONE);
    hostile.obey();
    daemon.wait_for("1 already on chain");
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_endpoint_serves_while_the_first_is_down() {
    let quarter = Quarter::ended();
    let hostile = Hostile::before(&quarter.chain.rpc_url);
    hostile.mode(Mode::Status503);
    let endpoints = [hostile.url.as_str(), quarter.chain.rpc_url.as_str()];
    let feed = quarter.feed("echo 76", "");
    let operator = earnout_e2e::Oracle::new(&quarter.chain, "oracle-1", &endpoints, &feed);
    operator.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_transaction_is_sent_again() {
    let quarter = Quarter::ended();
    let hostile = Hostile::before(&quarter.chain.rpc_url);
    let operator = quarter.operator(&hostile.url, &quarter.feed("echo 76", ""));
    hostile.mode(Mode::Drops);
    let mut daemon = operator.start(&["run"]);
    hostile.wait_for("sendTransaction", 0);
    assert_eq!(quarter.votes().await, NONE);
    hostile.obey();
    daemon.wait_for("1 already on chain");
    assert_eq!(quarter.votes().await, [760]);
    operator.run(&["status"]).succeeded().shows("1 signed, 1 confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_blockhash_is_signed_anew_once_it_has_expired() {
    let quarter = Quarter::ended();
    let hostile = Hostile::before(&quarter.chain.rpc_url);
    let operator = quarter.operator(&hostile.url, &quarter.feed("echo 76", ""));
    hostile.mode(Mode::Drops);
    let mut daemon = operator.start(&["run"]);
    daemon.wait_for("a transaction expired and is signed anew");
    assert_eq!(quarter.votes().await, NONE);
    hostile.obey();
    daemon.wait_for("1 already on chain");
    assert_eq!(quarter.votes().await, [760]);
    assert!(
        operator
            .run(&["status"])
            .succeeded()
            .stdout
            .contains(" signed, 1 confirmed")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_stops_it_before_anything_is_sent() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    // Creates the journal; nothing is due for this feed.
    operator.run(&["status"]).succeeded();
    // A file system of a few pages: the next page of the journal finds no room.
    let state = operator.folder().join("state");
    let copy = operator.folder().join("copy");
    fs::rename(&state, &copy).expect("a folder of this test");
    let full = full_disk(&state, &copy);
    let failed = operator.run(&["once"]).failed(1);
    assert!(
        failed.stderr.contains("nothing is sent") || failed.stderr.contains("cannot write"),
        "{failed:#?}"
    );
    assert_eq!(quarter.votes().await, NONE);
    full.make_room();
    operator.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes().await, [760]);
}

/// A small file system in memory, filled to its last byte.
struct FullDisk(std::path::PathBuf);

fn full_disk(at: &std::path::Path, content: &std::path::Path) -> FullDisk {
    let run = |program: &str, arguments: &[&str]| {
        let done = std::process::Command::new(program).args(arguments).status();
        assert!(
            done.expect("a program of the system").success(),
            "{program} {arguments:?}"
        );
    };
    fs::create_dir(at).expect("a folder of this test");
    let place = at.to_str().expect("a path in UTF-8");
    run("mount", &["-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", place]);
    run("sh", &["-c", &format!("cp -a {}/. {place}/", content.display())]);
    // Until the file system refuses: that this fails is the point.
    let filled = std::process::Command::new("sh")
        .args(["-c", &format!("cat /dev/zero > {place}/filler")])
        .stderr(std::process::Stdio::null())
        .status();
    assert!(!filled.expect("a shell").success(), "the file system has an end");
    FullDisk(at.to_owned())
}

impl FullDisk {
    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).expect("a file of this test");
    }
}

impl Drop for FullDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_ten_minutes_off_holds_everything() {
    // The chain's time is the machine's: the plan begins next month, so the clock is looked at and nothing is due.
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    let text = fs::read_to_string(operator.configuration()).expect("a file of this test");
    operator.configure(&text.replace("100years", "9m"));
    let held = operator.run(&["once"]).failed(2);
    assert!(
        held.stderr.contains("clock is") && held.stderr.contains("the chain's"),
        "{held:#?}"
    );
    assert_eq!(quarter.votes().await, NONE);
    operator.run(&["check"]).failed(2).says("nothing would be attested");
    operator.configure(&text);
    operator.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_set_votes_by_period() {
    let chain = earnout_e2e::Chain::start(&["--demo", "--slot-ms", "50", "--time", "2027-01-15T00:00:00Z"]);
    let plan = chain.demo_address("plan");
    // Announced within the first quarter, for the second one.
    chain.warp("2027-03-01T00:00:00Z");
    let (payer, authority) = (chain.key("payer"), chain.key("authority"));
    let newcomer = chain.new_key("oracle-4", 10);
    let oracles = vec![
        newcomer.pubkey(),
        chain.key("oracle-2").pubkey(),
        chain.key("oracle-3").pubkey(),
    ];
    let args = earnout::instructions::ProposeOraclesArgs {
        oracles,
        threshold: 2,
        first_period: 1,
    };
    let propose = instructions::propose_oracles(&authority.pubkey(), &plan, args);
    chain.send(&[propose], &[&payer, &authority]).await;
    // Both quarters can be voted on at the same time only if the first one's window is open: take them in turn.
    chain.warp("2027-05-02T00:00:00Z");
    let quarter = Quarter { chain, plan };
    let feed = quarter.feed("echo 7{period}", "");
    let old = earnout_e2e::Oracle::new(&quarter.chain, "oracle-1", &[&quarter.chain.rpc_url], &feed);
    let new = earnout_e2e::Oracle::new(&quarter.chain, "oracle-4", &[&quarter.chain.rpc_url], &feed);
    new.run(&["once"]).succeeded().shows("0 voted");
    old.run(&["once"]).succeeded().shows("1 voted");
    quarter.chain.warp("2027-08-02T00:00:00Z");
    // Who was replaced is told: its feed does nothing any more.
    let replaced = old.run(&["once"]).failed(2).shows("0 voted");
    replaced
        .says("alert=\"not-in-set\"")
        .says("is not among the plan's oracles");
    old.run(&["status"]).failed(2).says("is not among the plan's oracles");
    new.run(&["once"]).succeeded().shows("1 voted");
    assert_eq!(quarter.votes_of("oracle-1").await, [700]);
    let second = earnout_sdk::wire::pda::attestation(&plan, 0, 1);
    let second = quarter.client().evaluation(&second).await.expect("an attestation");
    let second = second.attestation().expect("of a shared KPI");
    assert_eq!((second.voted, second.values[0]), (1, 710));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_rotated_in_the_middle_of_a_vote_leaves_the_vote_to_the_old_one() {
    let quarter = Quarter::ended();
    let chain = &quarter.chain;
    let hostile = Hostile::before(&chain.rpc_url);
    let operator = quarter.operator(&hostile.url, &quarter.feed("echo 76", ""));
    hostile.only(Mode::Never, &["sendTransaction"]);
    let daemon = operator.start(&["run"]);
    hostile.wait_for("sendTransaction", 0);
    let (payer, authority) = (chain.key("payer"), chain.key("authority"));
    let args = earnout::instructions::ProposeOraclesArgs {
        oracles: vec![chain.key("oracle-2").pubkey(), chain.key("oracle-3").pubkey()],
        threshold: 2,
        first_period: 2,
    };
    let propose = instructions::propose_oracles(&authority.pubkey(), &quarter.plan, args);
    chain.send(&[propose], &[&payer, &authority]).await;
    daemon.kill();
    hostile.obey();
    operator.run(&["once"]).succeeded();
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_on_one_state_or_one_key_are_refused() {
    let quarter = Quarter::ended();
    let feed = quarter.feed("echo 76", "");
    let operator = quarter.operator(&quarter.chain.rpc_url, &feed);
    let mut daemon = operator.start(&["run"]);
    daemon.wait_for("1 already on chain");
    operator.run(&["run"]).failed(1).says("another earnout-oracle");
    // Its own folder, the same key.
    let copy = quarter.operator(&quarter.chain.rpc_url, &feed);
    copy.run(&["once"]).failed(1).says("votes with the key");
    // Reading beside it is fine.
    operator.run(&["status"]).succeeded().shows("voted");
    daemon.terminate();
    // A copy that starts from nothing finds the vote on the chain, and says that it is not its own.
    copy.run(&["once"])
        .failed(2)
        .shows("1 already on chain")
        .says("another process votes with the same key");
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_drains_on_sigterm() {
    let quarter = Quarter::ended();
    let hostile = Hostile::before(&quarter.chain.rpc_url);
    let operator = quarter.operator(&hostile.url, &quarter.feed("echo 76", ""));
    hostile.mode(Mode::Drops);
    let daemon = operator.start(&["run"]);
    hostile.wait_for("sendTransaction", 0);
    // What was signed is brought to its end once the endpoint takes it.
    let obey = thread::spawn(move || {
        thread::sleep(Duration::from_millis(500));
        hostile.obey();
        hostile
    });
    assert!(daemon.terminate().success());
    assert_eq!(quarter.votes().await, [760]);
    drop(obey.join().expect("the endpoint is there"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_can_read_is_refused() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    let key = quarter.chain.key_file("oracle-1");
    fs::set_permissions(key, fs::Permissions::from_mode(0o644)).expect("a file of this test");
    operator.run(&["once"]).failed(1).says("chmod 600").in_one_line();
    assert_eq!(quarter.votes().await, NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_one_feed_costs_no_other_its_vote() {
    let quarter = Quarter::ended();
    let broken = quarter
        .feed("echo 76", "identities = \"gone.csv\"")
        .replace("\"milestones\"", "\"broken\"")
        .replace("echo 76", "echo {identity}");
    let closed = broken
        .replace("\"broken\"", "\"closed\"")
        .replace(&quarter.plan.to_string(), "11111111111111111111111111111112");
    let feeds = format!("{closed}{broken}{}", quarter.feed("echo 76", ""));
    let operator = quarter.operator(&quarter.chain.rpc_url, &feeds);
    operator
        .run(&["once"])
        .failed(1)
        .says("there is no plan")
        .says("is for individual KPIs");
    assert_eq!(quarter.votes().await, [760]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_folder_is_its_owners_alone() {
    let quarter = Quarter::ended();
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    operator.run(&["once"]).succeeded().shows("1 voted");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("a file of the daemon").permissions().mode() & 0o777;
    let state = operator.folder().join("state");
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&state.join("evidence")), 0o700);
    assert_eq!(mode(&state.join("journal.db")), 0o600);
}
