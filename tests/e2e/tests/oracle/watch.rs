//! The other oracles' values against the own sources.

use {
    crate::support::{NONE, Quarter},
    earnout_e2e::{Hostile, Mode, Oracle},
    earnout_sdk::wire::events::Event,
    std::fs,
};

/// Two other oracles agree on 90 where this operator's sources say 76.
async fn outvoted() -> Quarter {
    let quarter = Quarter::ended();
    for key in ["oracle-2", "oracle-3"] {
        let liar = Oracle::new(
            &quarter.chain,
            key,
            &[&quarter.chain.rpc_url],
            &quarter.feed("echo 90", ""),
        );
        liar.run(&["once"]).succeeded().shows("1 voted");
    }
    let attestation = quarter.attestation().await.expect("two votes");
    assert_eq!(attestation.tally().expect("what the program writes").agreed, Some(900));
    quarter
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_attested_is_measured_again() {
    let quarter = outvoted().await;
    let operator = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 76", ""));
    operator
        .run(&["watch", "--once"])
        .failed(2)
        .shows("1 differ")
        .says("the oracles attested 90.0, this operator's sources say 76.0");
    let agreeing = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("echo 90", ""));
    agreeing.run(&["watch", "--once"]).succeeded().shows("1 agree");
    let tolerant = quarter.operator(
        &quarter.chain.rpc_url,
        &format!("[watch]\ntolerance_pct = 20\n{}", quarter.feed("echo 76", "")),
    );
    tolerant.run(&["watch", "--once"]).succeeded().shows("1 agree");
    let blind = quarter.operator(&quarter.chain.rpc_url, &quarter.feed("exit 1", ""));
    blind
        .run(&["watch", "--once"])
        .succeeded()
        .shows("1 cannot be measured");
    // The vote comes too late to count, and the daemon says so without failing.
    operator.run(&["once"]).succeeded().shows("1 already on chain");
    assert_eq!(quarter.votes().await, NONE);
    assert_eq!(quarter.attestation().await.expect("two votes").disputed_at, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_filed_once_by_who_is_entitled() {
    let quarter = outvoted().await;
    let with = |key: &str| {
        let key = quarter.chain.key_file(key);
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file of this test");
        let watch = format!("[watch]\ndisputer = {key:?}\n{}", quarter.feed("echo 76", ""));
        quarter.operator(&quarter.chain.rpc_url, &watch)
    };
    // The second beneficiary has no weight on this KPI.
    with("beneficiary-2")
        .run(&["watch", "--once"])
        .failed(2)
        .shows("0 disputed")
        .says("may not dispute");
    let developer = with("beneficiary-1");
    developer.run(&["watch", "--once"]).failed(2).shows("1 disputed");
    developer.run(&["watch", "--once"]).failed(2).shows("0 disputed");
    with("authority")
        .run(&["watch", "--once"])
        .failed(2)
        .shows("0 disputed");
    let attestation = quarter.attestation().await.expect("two votes");
    assert_ne!(attestation.disputed_at, 0);
    let events = quarter.client().events(&quarter.plan).await.expect("the chain answers");
    let disputes = events
        .iter()
        .filter(|recorded| matches!(recorded.event, Event::ValueDisputed(_)));
    assert_eq!(disputes.count(), 1);
    // The reason is the hash of what the operator measured, which it can show.
    let name = hex::encode(attestation.reason_hash);
    let file = developer
        .folder()
        .join("state/evidence")
        .join(&name[..2])
        .join(format!("{name}.json"));
    assert!(fs::read_to_string(file).expect("the evidence").contains("76"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_that_expired_is_filed_again() {
    let quarter = outvoted().await;
    let hostile = Hostile::before(&quarter.chain.rpc_url);
    let key = quarter.chain.key_file("authority");
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file of this test");
    let watch = format!("[watch]\ndisputer = {key:?}\n{}", quarter.feed("echo 76", ""));
    let operator = quarter.operator(&hostile.url, &watch);
    hostile.mode(Mode::Drops);
    operator
        .run(&["watch", "--once"])
        .failed(2)
        .shows("0 disputed")
        .says("a dispute expired");
    assert_eq!(quarter.attestation().await.expect("two votes").disputed_at, 0);
    hostile.obey();
    operator.run(&["watch", "--once"]).failed(2).shows("1 disputed");
    assert_ne!(quarter.attestation().await.expect("two votes").disputed_at, 0);
}
