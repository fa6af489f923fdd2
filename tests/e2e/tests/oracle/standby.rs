//! One key on two machines: the second one takes over from a copy of the first one's state folder.

use {
    crate::support::Quarter,
    earnout_e2e::{Hostile, Mode, Setting},
    std::{path::Path, process::Command},
};

/// Copies a folder, as somebody who moves to another machine does.
fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.expect("`cp` runs").success());
}

/// The first machine is killed while a request of `method` is held; the second one has the copy, and its source says
/// something else by now.
async fn taken_over_at(method: &str, setting: Setting) {
    let quarter = Quarter::ended();
    let hostile = Hostile::before(&quarter.chain.rpc_url);
    let first = quarter.operator(&hostile.url, &quarter.feed("echo 76", ""));
    hostile.set([setting]);
    let daemon = first.start(&["run"]);
    hostile.wait_for(method, 0);
    daemon.kill();
    hostile.obey();
    let second = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 77", ""));
    copy(&first.folder().join("state"), &second.folder().join("state"));
    let mut daemon = second.start(&["run"]);
    daemon.wait_for("1 already on chain");
    assert_eq!(quarter.votes().await, [760], "{method}: what was measured stays");
    // The first machine comes back while the second one runs, as it was when it went away.
    first.run(&["once"]).failed(1).says("votes with the key");
    let log = daemon.log();
    assert!(!log.contains("did not make"), "its own vote is not a stranger's: {log}");
    daemon.terminate();
    // Somewhere else nothing keeps it from running: it finds the vote. Where it had signed it, it knows it too.
    let back = first.run(&["once"]);
    assert!(back.stdout.contains("1 already on chain"), "{back:#?}");
    assert_eq!(quarter.votes().await, [760], "{method}");
    second
        .run(&["verify", &quarter.plan.to_string(), "0"])
        .succeeded()
        .shows("1 of 1 vote");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_goes_on_before_anything_was_sent() {
    let setting = Setting::new(Mode::Never).only(&["getLatestBlockhash"]);
    taken_over_at("getLatestBlockhash", setting).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_goes_on_with_what_was_signed() {
    taken_over_at("sendTransaction", Setting::new(Mode::Never).only(&["sendTransaction"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_follows_what_was_sent() {
    taken_over_at("getSignatureStatuses", Setting::held("getSignatureStatuses")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_older_than_the_vote_tells_and_does_not_vote_again() {
    let quarter = Quarter::ended();
    let first = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    first.run(&["status"]).succeeded();
    let second = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 77", ""));
    copy(&first.folder().join("state"), &second.folder().join("state"));
    first.run(&["once"]).succeeded().shows("1 voted");
    second.run(&["once"]).failed(2).shows("1 already on chain");
    assert_eq!(quarter.votes().await, [760]);
}
