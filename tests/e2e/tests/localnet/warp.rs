//! Time travel.

use {
    earnout_e2e::{Chain, DAY, PATIENCE, localnet, sign_with},
    earnout_sdk::wire::instructions,
    serde_json::json,
    solana_keypair::Keypair,
    solana_program::hash::Hash,
    solana_signer::Signer,
    solana_system_interface::instruction as system,
    std::time::{Duration, Instant},
    tokio::time::sleep,
};

/// Bytes of a nonce account.
const NONCE_BYTES: usize = 80;

/// What goes by while a test does something else.
const MEANWHILE: i64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn ninety_days_pass_and_transactions_still_land() {
    let chain = Chain::start(&["--demo", "--slot-ms", "400"]);
    let [payer, beneficiary] = ["payer", "beneficiary-1"].map(|name| chain.key(name));
    let (plan, grant) = (chain.demo_address("plan"), chain.demo_grant(0));
    let lock = |locked| {
        [instructions::set_claim_lock(
            &beneficiary.pubkey(),
            &plan,
            &grant,
            locked,
        )]
    };

    let blockhash_before = chain.rpc.get_latest_blockhash().await.unwrap();
    let slot_before = chain.rpc.get_slot().await.unwrap();
    let height_before = chain.rpc.get_block_height().await.unwrap();
    let before = chain.now().await;
    let shown = chain.warp("90d");
    let after = chain.now().await;
    for now in [shown, after] {
        assert!(
            (before + 90 * DAY..before + 90 * DAY + MEANWHILE).contains(&now),
            "{now}"
        );
    }

    // Slots pass as on a real chain, at one for 400 milliseconds; blocks do not.
    let slots = chain.rpc.get_slot().await.unwrap() - slot_before;
    let expected = 90 * 86_400 * 5 / 2;
    // The chain keeps milliseconds and lands on a whole second, up to three slots before the 90 days are over.
    assert!((expected - 3..expected + 200).contains(&slots), "{slots}");
    let blocks = chain.rpc.get_block_height().await.unwrap() - height_before;
    assert!(blocks < 200, "{blocks}");

    // The clock goes on, and so does everything else.
    chain.send(&lock(true), &[&payer, &beneficiary]).await;
    let begun = Instant::now();
    while chain.now().await < after + 2 {
        assert!(begun.elapsed() < PATIENCE, "the clock stands still");
        sleep(Duration::from_millis(100)).await;
    }
    chain.send(&lock(false), &[&payer, &beneficiary]).await;

    // Since only blocks count, what was signed before the travel is still good. On a real chain it is not.
    let transaction = sign_with(&lock(true), &[&payer, &beneficiary], blockhash_before);
    let sent = chain.rpc.send_transaction(&transaction).await.unwrap();
    chain.confirmed(&sent).await;

    // A second travel, to a point in time, and none backwards.
    let target = after + 365 * DAY;
    chain.warp(&target.to_string());
    let now = chain.now().await;
    assert!((target..target + MEANWHILE).contains(&now), "{now}");
    chain
        .localnet(&["warp", &before.to_string()])
        .failed(2)
        .says("only goes forward");
    assert!(chain.now().await >= target);
    chain.send(&lock(false), &[&payer, &beneficiary]).await;

    let now = chain.clock();
    assert!((target..target + MEANWHILE).contains(&now), "{now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blockhash_expires_after_150_blocks() {
    let chain = Chain::start(&["--demo", "--slot-ms", "10"]);
    let [payer, beneficiary] = ["payer", "beneficiary-1"].map(|name| chain.key(name));
    let (blockhash, last_height) = {
        let latest = chain
            .ask("getLatestBlockhash", json!([{ "commitment": "confirmed" }]))
            .await;
        let value = &latest["value"];
        (
            value["blockhash"].as_str().unwrap().to_owned(),
            value["lastValidBlockHeight"].as_u64().unwrap(),
        )
    };
    let begun = Instant::now();
    while chain.rpc.get_block_height().await.unwrap() <= last_height {
        assert!(begun.elapsed() < PATIENCE, "no blocks");
        sleep(Duration::from_millis(20)).await;
    }
    let valid = chain
        .ask("isBlockhashValid", json!([blockhash, { "commitment": "confirmed" }]))
        .await;
    assert_eq!(valid["value"], false);
    let (plan, grant) = (chain.demo_address("plan"), chain.demo_grant(0));
    let lock = instructions::set_claim_lock(&beneficiary.pubkey(), &plan, &grant, true);
    let late = sign_with(&[lock], &[&payer, &beneficiary], blockhash.parse().unwrap());
    let error = chain.rpc.send_transaction(&late).await.unwrap_err();
    assert!(error.to_string().contains("Blockhash not found"), "{error}");
}

/// What is signed offline with a durable nonce can wait as long as it likes.
#[tokio::test(flavor = "multi_thread")]
async fn a_durable_nonce_outlives_blocks_and_travel() {
    let chain = Chain::start(&["--demo", "--slot-ms", "10"]);
    let [payer, beneficiary] = ["payer", "beneficiary-1"].map(|name| chain.key(name));
    let (plan, grant) = (chain.demo_address("plan"), chain.demo_grant(0));
    let nonce = Keypair::new();
    let rent = chain
        .rpc
        .get_minimum_balance_for_rent_exemption(NONCE_BYTES)
        .await
        .unwrap();
    let create = system::create_nonce_account(&payer.pubkey(), &nonce.pubkey(), &payer.pubkey(), rent);
    chain.send(&create, &[&payer, &nonce]).await;
    let value = chain.account(&nonce.pubkey()).await;
    let value = Hash::new_from_array(value[40..72].try_into().unwrap());

    let advance = system::advance_nonce_account(&nonce.pubkey(), &payer.pubkey());
    let lock = instructions::set_claim_lock(&beneficiary.pubkey(), &plan, &grant, true);
    let transaction = sign_with(&[advance, lock], &[&payer, &beneficiary], value);
    let height = chain.rpc.get_block_height().await.unwrap();
    let begun = Instant::now();
    while chain.rpc.get_block_height().await.unwrap() < height + 200 {
        assert!(begun.elapsed() < PATIENCE, "no blocks");
        sleep(Duration::from_millis(20)).await;
    }
    chain.warp("90d");
    let sent = chain.rpc.send_transaction(&transaction).await.unwrap();
    chain.confirmed(&sent).await;
    // It is used up.
    assert_ne!(chain.account(&nonce.pubkey()).await[40..72], value.to_bytes());
    assert!(chain.rpc.send_transaction(&transaction).await.is_err());
}

#[test]
fn what_is_no_time_is_refused() {
    for wrong in ["0d", "tomorrow", "1d1d", "2027-04-01"] {
        let refused = localnet(&["warp", wrong, "--url", "http://127.0.0.1:1"]);
        refused.failed(2).says("expected a length of time like 90d");
    }
    for command in [["warp", "90d"].as_slice(), &["clock"], &["stop"]] {
        let lost = localnet(&[command, &["--url", "http://127.0.0.1:1"]].concat());
        let lost = lost.failed(1).in_one_line();
        let expected = "error: no answer from the chain at http://127.0.0.1:1";
        assert!(lost.stderr.starts_with(expected), "{lost:#?}");
        assert!(!lost.stderr.contains("AccountNotFound"), "{lost:#?}");
    }
}
