//! Subscriptions.

use {
    earnout::state::Grant,
    earnout_e2e::{Chain, PATIENCE},
    earnout_sdk::wire::{accounts, instructions},
    futures_util::{SinkExt, StreamExt},
    serde_json::{Value, json},
    solana_account_decoder_client_types::UiAccountEncoding,
    solana_commitment_config::CommitmentConfig,
    solana_pubsub_client::nonblocking::pubsub_client::PubsubClient,
    solana_rpc_client_api::{
        config::{
            RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcSignatureSubscribeConfig, RpcTransactionLogsConfig,
            RpcTransactionLogsFilter,
        },
        filter::{Memcmp, RpcFilterType},
        response::RpcSignatureResult,
    },
    solana_signer::Signer,
    std::future::Future,
    tokio::time::timeout,
    tokio_tungstenite::{connect_async, tungstenite::Message},
};

async fn soon<T>(wanted: impl Future<Output = Option<T>>) -> T {
    timeout(PATIENCE, wanted)
        .await
        .expect("a notification")
        .expect("an open subscription")
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_delivered() {
    let chain = Chain::start(&["--demo", "--slot-ms", "100"]);
    let [payer, beneficiary] = ["payer", "beneficiary-2"].map(|name| chain.key(name));
    let (plan, grant) = (chain.demo_address("plan"), chain.demo_grant(1));
    let client = PubsubClient::new(&chain.ws_url).await.unwrap();
    let encoding = RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        ..RpcAccountInfoConfig::default()
    };
    let of_plan = Memcmp::new_raw_bytes(8 + std::mem::offset_of!(Grant, plan), plan.to_bytes().to_vec());
    let of_program = RpcProgramAccountsConfig {
        filters: Some(vec![RpcFilterType::Memcmp(of_plan)]),
        account_config: encoding.clone(),
        ..RpcProgramAccountsConfig::default()
    };
    let logs = RpcTransactionLogsConfig {
        commitment: Some(CommitmentConfig::confirmed()),
    };
    let mention = RpcTransactionLogsFilter::Mentions(vec![grant.to_string()]);
    let (mut account, _leave) = client.account_subscribe(&grant, Some(encoding)).await.unwrap();
    let (mut program, _leave) = client.program_subscribe(&earnout::ID, Some(of_program)).await.unwrap();
    let (mut logs, _leave) = client.logs_subscribe(mention, logs).await.unwrap();
    let (mut slots, _leave) = client.slot_subscribe().await.unwrap();

    let lock = instructions::set_claim_lock(&beneficiary.pubkey(), &plan, &grant, true);
    let transaction = chain.sign(&[lock], &[&payer, &beneficiary]).await;
    let signature = transaction.signatures[0];
    let confirmed = RpcSignatureSubscribeConfig {
        commitment: Some(CommitmentConfig::confirmed()),
        enable_received_notification: Some(false),
    };
    // Before the transaction exists, as clients do it that must miss nothing.
    let (mut landed, _leave) = client.signature_subscribe(&signature, Some(confirmed)).await.unwrap();
    chain.rpc.send_transaction(&transaction).await.unwrap();

    let landed = soon(landed.next()).await;
    let RpcSignatureResult::ProcessedSignature(result) = landed.value else {
        panic!("expected the result of the transaction");
    };
    assert_eq!(result.err, None);
    let changed = soon(account.next()).await;
    let changed = accounts::grant(&changed.value.data.decode().unwrap()).unwrap();
    let stored = accounts::grant(&chain.account(&grant).await).unwrap();
    assert_eq!(changed.flags, stored.flags);
    let of_program = soon(program.next()).await;
    assert_eq!(of_program.value.pubkey, grant.to_string());
    let log = soon(logs.next()).await;
    assert_eq!(log.value.signature, signature.to_string());
    assert!(log.value.logs.iter().any(|line| line.contains("SetClaimLock")));
    let (one, next) = (soon(slots.next()).await, soon(slots.next()).await);
    assert!(next.slot > one.slot);

    // Also of a transaction that is confirmed already. But this comes together with the answer to the request,
    // sometimes ahead of it, and clients lose what they do not expect yet; so read what really arrives.
    chain.confirmed(&signature).await;
    let (mut socket, _) = connect_async(&chain.ws_url).await.unwrap();
    let parameters = json!([signature.to_string(), { "commitment": "confirmed" }]);
    let subscribe = json!({ "jsonrpc": "2.0", "id": 7, "method": "signatureSubscribe", "params": parameters });
    socket.send(Message::text(subscribe.to_string())).await.unwrap();
    let mut arrived = Vec::new();
    for _ in 0..2 {
        let message = soon(socket.next()).await.unwrap();
        arrived.push(serde_json::from_str::<Value>(message.to_text().unwrap()).unwrap());
    }
    let answer = arrived.iter().find(|message| message["id"] == 7).unwrap();
    let told = arrived
        .iter()
        .find(|message| message["method"] == "signatureNotification")
        .unwrap();
    assert_eq!(told["params"]["subscription"], answer["result"]);
    assert_eq!(told["params"]["result"]["value"]["err"], Value::Null);
}
