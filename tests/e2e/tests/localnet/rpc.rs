//! What clients ask over JSON-RPC.

use {
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout::state::{Grant, Plan, PlanStatus},
    earnout_e2e::Chain,
    earnout_sdk::wire::{accounts, events::Event, instructions},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{
        io::{Read, Write},
        mem::offset_of,
        net::TcpStream,
        time::Duration,
    },
    tokio::time::sleep,
};

fn data(account: &Value) -> Vec<u8> {
    assert_eq!(account["data"][1], "base64");
    BASE64_STANDARD.decode(account["data"][0].as_str().unwrap()).unwrap()
}

fn pubkeys(accounts: &Value) -> Vec<String> {
    let keys = accounts
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["pubkey"].as_str().unwrap().to_owned());
    let mut keys: Vec<_> = keys.collect();
    keys.sort();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_answers() {
    let chain = Chain::start(&["--demo", "--slot-ms", "100"]);
    assert_eq!(chain.ask("getHealth", json!([])).await, "ok");
    assert!(chain.ask("getVersion", json!([])).await["solana-core"].is_string());
    assert!(chain.ask("getGenesisHash", json!([])).await.is_string());
    let latest = chain.ask("getLatestBlockhash", json!([])).await;
    let height = chain.ask("getBlockHeight", json!([])).await.as_u64().unwrap();
    assert!(latest["value"]["lastValidBlockHeight"].as_u64().unwrap() > height);
    let valid = chain
        .ask("isBlockhashValid", json!([latest["value"]["blockhash"]]))
        .await;
    assert_eq!(valid["value"], true);
    let epoch = chain.ask("getEpochInfo", json!([])).await;
    assert!(epoch["absoluteSlot"].as_u64().unwrap() > 0);
    assert!(chain.ask("getRecentPrioritizationFees", json!([])).await.is_array());
    // What rent is, the chain says: what it asks for a plan is what a plan keeps.
    let plan = json!([chain.demo_address("plan").to_string(), { "encoding": "base64", "dataSlice": { "offset": 0, "length": 0 } }]);
    let plan = &chain.ask("getAccountInfo", plan).await["value"];
    let rent = chain
        .ask("getMinimumBalanceForRentExemption", json!([plan["space"]]))
        .await;
    assert!(rent.as_u64().unwrap() > 0);
    assert_eq!(rent, plan["lamports"]);
    let supply = chain
        .ask("getTokenSupply", json!([chain.demo_address("mint").to_string()]))
        .await;
    assert_eq!(supply["value"]["uiAmountString"], "100000000");
    let owner = chain.key("authority").pubkey().to_string();
    let mint = json!({ "mint": chain.demo_address("mint").to_string() });
    let tokens = chain
        .ask(
            "getTokenAccountsByOwner",
            json!([owner, mint, { "encoding": "jsonParsed" }]),
        )
        .await;
    let info = &tokens["value"][0]["account"]["data"]["parsed"]["info"];
    assert_eq!(info["tokenAmount"]["uiAmountString"], "50000000");
}

/// A web page asks the browser, and the browser asks the chain, whether it may.
#[test]
fn pages_of_other_origins_may_ask() {
    let chain = Chain::start(&[]);
    let address = chain.rpc_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let origin = "http://localhost:5173";
    write!(
        stream,
        "OPTIONS / HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\
         Access-Control-Request-Headers: content-type,solana-client\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer = answer.to_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(
        answer.contains(&format!("access-control-allow-origin: {origin}")),
        "{answer}"
    );
    assert!(
        answer.contains("access-control-allow-headers: content-type, solana-client"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_found() {
    let chain = Chain::start(&["--demo", "--slot-ms", "100"]);
    let plan = chain.demo_address("plan");
    let config = json!({ "encoding": "base64", "commitment": "confirmed" });

    let found = chain.ask("getAccountInfo", json!([plan.to_string(), config])).await;
    let found = &found["value"];
    assert_eq!(found["owner"], earnout::ID.to_string());
    assert_eq!(found["space"], accounts::space::<Plan>());
    let state = accounts::plan(&data(found)).unwrap();
    assert_eq!(state.status, PlanStatus::Active.to_byte());
    let missing = chain
        .ask("getAccountInfo", json!([Pubkey::new_unique().to_string(), config]))
        .await;
    assert_eq!(missing["value"], Value::Null);

    let several = [chain.demo_grant(2), Pubkey::new_unique(), chain.demo_grant(0)].map(|address| address.to_string());
    let several = chain.ask("getMultipleAccounts", json!([several, config])).await;
    let indices = several["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| match account {
            Value::Null => None,
            account => Some(accounts::grant(&data(account)).unwrap().index),
        });
    assert_eq!(indices.collect::<Vec<_>>(), [Some(2), None, Some(0)]);

    // As many as one request may ask for.
    let hundred: Vec<_> = (0..100).map(|index| chain.demo_grant(index % 5).to_string()).collect();
    let hundred = chain.ask("getMultipleAccounts", json!([hundred, config])).await;
    assert_eq!(hundred["value"].as_array().unwrap().len(), 100);
    for (index, account) in hundred["value"].as_array().unwrap().iter().enumerate() {
        let index = u32::try_from(index % 5).unwrap();
        assert_eq!(accounts::grant(&data(account)).unwrap().index, index);
    }

    let memcmp = |offset: usize, bytes: &Pubkey| json!({ "memcmp": { "offset": offset, "bytes": bytes.to_string() } });
    let of_plan = memcmp(8 + offset_of!(Grant, plan), &plan);
    let filters = json!([of_plan, { "dataSize": accounts::space::<Grant>() }]);
    // Beneficiary and what follows it, without the rest.
    let beneficiary = 8 + offset_of!(Grant, beneficiary);
    let slice = json!({ "offset": beneficiary, "length": 32 });
    let asked = json!([earnout::ID.to_string(), { "encoding": "base64", "filters": filters, "dataSlice": slice }]);
    let grants = chain.ask("getProgramAccounts", asked).await;
    let mut expected: Vec<_> = (0..5).map(|index| chain.demo_grant(index).to_string()).collect();
    expected.sort();
    assert_eq!(pubkeys(&grants), expected);
    let mut owners: Vec<_> = grants
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| data(&grant["account"]))
        .collect();
    owners.sort();
    let mut keys: Vec<_> = (1..=5)
        .map(|number| chain.key(&format!("beneficiary-{number}")).pubkey().to_bytes().to_vec())
        .collect();
    keys.sort();
    assert_eq!(owners, keys);

    let of_one = memcmp(beneficiary, &chain.key("beneficiary-4").pubkey());
    let asked = json!([earnout::ID.to_string(), { "encoding": "base64", "filters": [of_plan, of_one] }]);
    assert_eq!(
        pubkeys(&chain.ask("getProgramAccounts", asked).await),
        [chain.demo_grant(3).to_string()]
    );
    let of_none = memcmp(beneficiary, &Pubkey::new_unique());
    let asked = json!([earnout::ID.to_string(), { "encoding": "base64", "filters": [of_none] }]);
    assert_eq!(chain.ask("getProgramAccounts", asked).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_simulated_sent_and_found_again() {
    let chain = Chain::start(&["--demo", "--slot-ms", "100"]);
    let [payer, beneficiary, stranger] = ["payer", "beneficiary-3", "oracle-1"].map(|name| chain.key(name));
    let (plan, grant) = (chain.demo_address("plan"), chain.demo_grant(2));
    let lock = instructions::set_claim_lock(&beneficiary.pubkey(), &plan, &grant, true);
    let transaction = chain.sign(&[lock], &[&payer, &beneficiary]).await;
    let encoded = BASE64_STANDARD.encode(bincode(&transaction));
    let before = chain.account(&grant).await;

    let config = json!({
        "encoding": "base64", "innerInstructions": true,
        "accounts": { "encoding": "base64", "addresses": [grant.to_string()] },
    });
    let simulated = chain.ask("simulateTransaction", json!([encoded, config])).await;
    let simulated = &simulated["value"];
    assert_eq!(simulated["err"], Value::Null);
    assert!((1_000..200_000).contains(&simulated["unitsConsumed"].as_u64().unwrap()));
    assert!(
        simulated["logs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line.as_str().unwrap().contains("SetClaimLock"))
    );
    assert_eq!(simulated["innerInstructions"].as_array().unwrap().len(), 1);
    assert_ne!(data(&simulated["accounts"][0]), before);
    assert_eq!(chain.account(&grant).await, before);
    // Without signatures, with another blockhash, as wallets ask.
    let mut unsigned = transaction.clone();
    unsigned
        .signatures
        .iter_mut()
        .for_each(|signature| *signature = Default::default());
    unsigned.message.recent_blockhash = Default::default();
    let config = json!({ "encoding": "base64", "sigVerify": false, "replaceRecentBlockhash": true });
    let simulated = chain
        .ask(
            "simulateTransaction",
            json!([BASE64_STANDARD.encode(bincode(&unsigned)), config]),
        )
        .await;
    assert_eq!(simulated["value"]["err"], Value::Null);
    assert!(simulated["value"]["replacementBlockhash"].is_object());

    let fee = chain
        .ask(
            "getFeeForMessage",
            json!([BASE64_STANDARD.encode(transaction.message_data())]),
        )
        .await;
    assert_eq!(fee["value"], 10_000);
    let sent = chain
        .ask(
            "sendTransaction",
            json!([encoded, { "encoding": "base64", "preflightCommitment": "confirmed" }]),
        )
        .await;
    let signature = transaction.signatures[0];
    assert_eq!(sent, signature.to_string());
    chain.confirmed(&signature).await;
    assert_ne!(chain.account(&grant).await, before);

    let status = chain.ask("getSignatureStatuses", json!([[sent, "1".repeat(64)]])).await;
    assert_eq!(status["value"][1], Value::Null);
    let slot = status["value"][0]["slot"].as_u64().unwrap();
    let config = json!({ "encoding": "json", "commitment": "confirmed", "maxSupportedTransactionVersion": 0 });
    let found = chain.ask("getTransaction", json!([sent, config])).await;
    assert_eq!(found["slot"], slot);
    assert!(found["blockTime"].is_i64());
    assert_eq!(found["meta"]["fee"], 10_000);
    let event = &found["meta"]["innerInstructions"][0]["instructions"][0]["data"];
    let event = Event::decode(&bs58::decode(event.as_str().unwrap()).into_vec().unwrap());
    assert!(matches!(event, Some(Event::ClaimLockSet(event)) if event.grant == grant));
    let history = chain
        .ask(
            "getSignaturesForAddress",
            json!([grant.to_string(), { "commitment": "confirmed" }]),
        )
        .await;
    let history = history.as_array().unwrap();
    assert_eq!((history.len(), &history[0]["signature"]), (2, &sent));
    // Sending the same again changes nothing.
    let again = chain
        .try_ask("sendTransaction", json!([encoded, { "encoding": "base64" }]))
        .await;
    assert!(again.is_err());

    // What the program refuses is refused before it costs anything.
    let wrong = instructions::set_claim_lock(&stranger.pubkey(), &plan, &grant, false);
    let wrong = chain.sign(&[wrong], &[&payer, &stranger]).await;
    let balance = chain.rpc.get_balance(&payer.pubkey()).await.unwrap();
    let error = chain.rpc.send_transaction(&wrong).await.unwrap_err();
    assert!(error.to_string().contains("custom program error"), "{error}");
    assert_eq!(chain.rpc.get_balance(&payer.pubkey()).await.unwrap(), balance);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_becomes_final_after_31_slots() {
    let chain = Chain::start(&["--demo", "--slot-ms", "50"]);
    let [payer, beneficiary] = ["payer", "beneficiary-3"].map(|name| chain.key(name));
    let (plan, grant) = (chain.demo_address("plan"), chain.demo_grant(2));
    let lock = instructions::set_claim_lock(&beneficiary.pubkey(), &plan, &grant, true);
    let sent = chain.send(&[lock], &[&payer, &beneficiary]).await;
    let mut seen = Vec::new();
    loop {
        let statuses = chain.ask("getSignatureStatuses", json!([[sent.to_string()]])).await;
        let status = &statuses["value"][0];
        let state = status["confirmationStatus"].as_str().unwrap().to_owned();
        let age = statuses["context"]["slot"].as_u64().unwrap() - status["slot"].as_u64().unwrap();
        seen.push(state.clone());
        if state == "finalized" {
            assert!(age >= 31, "{age}");
            break;
        }
        assert!(age < 200, "{status}");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(seen.first().unwrap(), "confirmed");
}

fn bincode(transaction: &solana_transaction::Transaction) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.push(u8::try_from(transaction.signatures.len()).unwrap());
    for signature in &transaction.signatures {
        bytes.extend_from_slice(signature.as_ref());
    }
    bytes.extend(transaction.message_data());
    bytes
}
