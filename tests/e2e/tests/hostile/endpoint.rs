//! The hostile endpoint itself, in front of a small upstream that answers the same always.

use {
    axum::{Router, body::Bytes, extract::State, http::header::CONTENT_TYPE, routing::post},
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout::events::{GrantClaimed, PlanFunded},
    earnout_e2e::{Hostile, Mode, Setting},
    earnout_sdk::wire::events::Event,
    reqwest::{Client, Response},
    serde_json::{Value, json},
    solana_keypair::Keypair,
    solana_program::{
        instruction::{AccountMeta, Instruction},
        pubkey::Pubkey,
    },
    solana_signer::Signer,
    solana_transaction::Transaction,
    std::{
        collections::BTreeMap,
        sync::{Arc, Mutex},
        time::Duration,
    },
    tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        time::timeout,
    },
};

/// The slot of the upstream.
const SLOT: u64 = 1_000;

/// How long a request that is not answered is waited for.
const SHORT: Duration = Duration::from_millis(300);

#[derive(Clone, Default)]
struct Upstream {
    results: Arc<BTreeMap<&'static str, Value>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    fn asked(&self, method: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| *one == method).count()
    }
}

async fn upstream(
    State(upstream): State<Upstream>,
    body: Bytes,
) -> ([(axum::http::HeaderName, &'static str); 1], String) {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let method = request["method"].as_str().unwrap();
    upstream.asked.lock().unwrap().push(method.to_owned());
    let result = upstream.results.get(method).cloned().unwrap_or(json!("done"));
    let answer = json!({"jsonrpc": "2.0", "id": request["id"], "result": result});
    ([(CONTENT_TYPE, "application/json")], answer.to_string())
}

fn with_slot(value: Value) -> Value {
    json!({"context": {"slot": SLOT}, "value": value})
}

struct World {
    upstream: Upstream,
    hostile: Hostile,
    client: Client,
}

impl World {
    async fn new() -> Self {
        Self::with([]).await
    }

    /// With these results beside the usual ones.
    async fn with(results: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let account =
            |key: &str| json!({"pubkey": key, "account": {"owner": earnout::ID.to_string(), "data": ["", "base64"]}});
        let signature = |name: &str| json!({"signature": name, "err": null, "slot": SLOT});
        let status =
            |slot: u64| json!({"slot": slot, "confirmations": null, "err": null, "confirmationStatus": "finalized"});
        let usual = [
            ("getSlot", json!(SLOT)),
            ("getBlockHeight", json!(900)),
            (
                "getEpochInfo",
                json!({"absoluteSlot": SLOT, "blockHeight": 900, "slotIndex": SLOT, "epoch": 0}),
            ),
            (
                "getSignaturesForAddress",
                json!(["e", "d", "c", "b", "a"].map(signature)),
            ),
            ("getProgramAccounts", json!(["A", "B", "C", "D", "E"].map(account))),
            (
                "getSignatureStatuses",
                with_slot(json!([status(SLOT - 10), null, status(SLOT - 500)])),
            ),
            ("getTransaction", json!({"slot": SLOT})),
            ("getMultipleAccounts", with_slot(json!(["x", null]))),
        ];
        let behind = Upstream {
            results: Arc::new(usual.into_iter().chain(results).collect()),
            asked: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(upstream)).with_state(behind.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            upstream: behind,
            hostile: Hostile::before(&url),
            client: Client::new(),
        }
    }

    async fn post(&self, body: &Value) -> reqwest::Result<Response> {
        let post = self.client.post(format!("{}/v2/KEY?api-key=SECRET", self.hostile.url));
        post.header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
    }

    async fn ask(&self, method: &str, parameters: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": parameters});
        let response = self.post(&request).await.unwrap();
        assert_eq!(response.status(), 200, "{method}");
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    async fn result(&self, method: &str) -> Value {
        let answer = self.ask(method, json!(["ADDRESS"])).await;
        assert_eq!(answer["id"], 7);
        answer["result"].clone()
    }

    /// The statuses of so many requests.
    async fn codes(&self, count: usize) -> Vec<u16> {
        let mut codes = Vec::new();
        for _ in 0..count {
            let response = self
                .post(&json!({"jsonrpc": "2.0", "id": 1, "method": "getSlot"}))
                .await
                .unwrap();
            codes.push(response.status().as_u16());
        }
        codes
    }

    /// The names in a listing.
    async fn names(&self, method: &str) -> String {
        let listed = self.result(method).await;
        let name = |item: &Value| {
            item.get("signature")
                .or(item.get("pubkey"))
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        listed.as_array().unwrap().iter().map(name).collect()
    }

    /// What it answers to a change of its mode.
    async fn change(&self, setting: Value) -> (u16, String) {
        let post = self
            .client
            .post(format!("{}/mode", self.hostile.url))
            .body(setting.to_string());
        let response = post.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// All bytes of the answer to a request.
    async fn raw(&self) -> String {
        let mut stream = TcpStream::connect(self.hostile.url.strip_prefix("http://").unwrap())
            .await
            .unwrap();
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": "getEpochInfo"}).to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A connection that is reset ends the answer too.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }
}

/// A transaction, as `sendTransaction` takes it, and its signature.
fn transaction() -> (Value, String) {
    let key = Keypair::new();
    let transaction = Transaction::new_signed_with_payer(&[], Some(&key.pubkey()), &[&key], Default::default());
    let bytes = bincode::serialize(&transaction).unwrap();
    let signature = transaction.signatures[0].to_string();
    (
        json!([BASE64_STANDARD.encode(bytes), {"encoding": "base64"}]),
        signature,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_passes_on_what_there_is_and_counts() {
    let world = World::new().await;
    assert_eq!(world.result("getSlot").await, SLOT);
    assert_eq!(world.names("getSignaturesForAddress").await, "edcba");
    let (sent, signature) = transaction();
    for _ in 0..2 {
        assert_eq!(world.ask("sendTransaction", sent.clone()).await["result"], "done");
    }
    let batch = json!([{"id": 1, "method": "getSlot"}, {"id": "x", "method": "getBlockHeight"}]);
    let batch: Value = serde_json::from_str(&world.post(&batch).await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(batch[0]["result"], SLOT);
    assert_eq!((&batch[1]["id"], &batch[1]["result"]), (&json!("x"), &json!(900)));
    let seen = world
        .client
        .get(format!("{}/seen", world.hostile.url))
        .send()
        .await
        .unwrap();
    assert_eq!(seen.headers()["access-control-allow-origin"], "*");
    let seen: Value = serde_json::from_str(&seen.text().await.unwrap()).unwrap();
    let methods = json!({"getSlot": 2, "getBlockHeight": 1, "getSignaturesForAddress": 1, "sendTransaction": 2});
    assert_eq!(
        seen,
        json!({"requests": 6, "methods": methods, "signatures": [signature]})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_is_changed_over_http() {
    let world = World::new().await;
    for (_, name) in Mode::ALL {
        assert_eq!(
            world.change(json!({ "mode": name })).await,
            (204, String::new()),
            "{name}"
        );
    }
    let both = json!([{"mode": "drops"}, {"mode": "status-503", "methods": ["getSlot"], "after": 1, "for": 2}]);
    assert_eq!(world.change(both).await.0, 204);
    assert_eq!(world.codes(4).await, [200, 503, 503, 200]);
    let (sent, signature) = transaction();
    assert_eq!(world.ask("sendTransaction", sent).await["result"], signature);
    assert_eq!(world.upstream.asked("sendTransaction"), 0);
    let (code, why) = world.change(json!({"mode": "cheats"})).await;
    assert!(code == 400 && why.contains("cheats"), "{why}");
    let (code, why) = world.change(json!({"mode": "honest", "evry": 3})).await;
    assert!(code == 400 && why.contains("evry"), "{why}");
    // What is not understood changes nothing.
    let (sent, signature) = transaction();
    assert_eq!(world.ask("sendTransaction", sent).await["result"], signature);
    assert_eq!(world.upstream.asked("sendTransaction"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_lose_repeat_and_turn() {
    let world = World::new().await;
    for (mode, signatures, accounts) in [
        (Mode::Omits, "eca", "ACE"),
        (Mode::Repeats, "eeddccbbaa", "AABBCCDDEE"),
        (Mode::Reorders, "badce", "DEBCA"),
    ] {
        world.hostile.mode(mode);
        for _ in 0..2 {
            assert_eq!(world.names("getSignaturesForAddress").await, signatures, "{mode:?}");
            assert_eq!(world.names("getProgramAccounts").await, accounts, "{mode:?}");
        }
    }
    world.hostile.set([Setting {
        every: Some(3),
        ..Setting::new(Mode::Omits)
    }]);
    assert_eq!(world.names("getSignaturesForAddress").await, "edba");
    let transaction = async |name: &str| world.ask("getTransaction", json!([name])).await["result"].clone();
    for name in ["a", "b"] {
        assert_eq!(transaction(name).await["slot"], SLOT);
    }
    assert_eq!(transaction("c").await, Value::Null);
    assert_eq!(transaction("c").await, Value::Null, "always the same ones");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_one_look_late() {
    let world = World::new().await;
    world.hostile.mode(Mode::Delays);
    assert_eq!(world.names("getSignaturesForAddress").await, "dcba");
    assert_eq!(world.names("getSignaturesForAddress").await, "edcba");
    world.hostile.set([Setting {
        skip: 1,
        ..Setting::new(Mode::Delays)
    }]);
    assert_eq!(world.names("getSignaturesForAddress").await, "ecba");
    assert_eq!(world.names("getSignaturesForAddress").await, "edcba");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_cut() {
    let world = World::new().await;
    let whole = world.raw().await;
    let (_, body) = whole.split_once("\r\n\r\n").unwrap();
    let half = &body[..body.len() / 2];
    let [full, short] = [body.len(), half.len()].map(|length| format!("content-length: {length}\r\n"));
    for (cut, header) in [
        ("length", full.as_str()),
        ("chunked", "transfer-encoding: chunked\r\n"),
        ("short", &short),
    ] {
        assert_eq!(world.change(json!({"mode": "truncates", "cut": cut})).await.0, 204);
        let raw = world.raw().await;
        assert!(raw.contains(header), "{cut}: {raw}");
        assert!(raw.trim_end().ends_with(half) && !raw.contains(body), "{cut}: {raw}");
        let got = world
            .post(&json!({"id": 1, "method": "getSlot"}))
            .await
            .unwrap()
            .text()
            .await;
        assert_eq!(got.is_ok(), cut == "short", "{cut}: {got:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_lags() {
    let world = World::new().await;
    world.hostile.mode(Mode::Lags);
    assert_eq!(world.result("getSlot").await, 700);
    assert_eq!(world.result("getBlockHeight").await, 600);
    let epoch = world.result("getEpochInfo").await;
    assert_eq!(
        (&epoch["absoluteSlot"], &epoch["blockHeight"]),
        (&json!(700), &json!(600))
    );
    let statuses = world.result("getSignatureStatuses").await;
    assert_eq!(statuses["context"]["slot"], 700);
    // What happened before its slot it knows.
    assert_eq!(statuses["value"][0], Value::Null);
    assert_eq!(statuses["value"][2]["slot"], 500);
    assert_eq!(world.result("getMultipleAccounts").await["context"]["slot"], 700);
    let needed = json!([["ADDRESS"], {"minContextSlot": 701}]);
    assert_eq!(world.ask("getMultipleAccounts", needed).await["error"]["code"], -32016);
    // Only the statuses.
    world.hostile.only(Mode::Lags, &["getSignatureStatuses"]);
    assert_eq!(world.result("getBlockHeight").await, 900);
    assert_eq!(world.result("getSignatureStatuses").await["context"]["slot"], 700);
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_that_do_not_tell() {
    let world = World::new().await;
    world.hostile.mode(Mode::Processed);
    let statuses = world.result("getSignatureStatuses").await;
    assert_eq!(statuses["value"][0]["confirmationStatus"], "processed");
    assert_eq!(statuses["value"][1], Value::Null);
    assert_eq!(world.result("getTransaction").await, Value::Null);
    world.hostile.mode(Mode::Blind);
    let statuses = world.result("getSignatureStatuses").await;
    assert_eq!(statuses, with_slot(json!([null, null, null])));
    assert_eq!(world.result("getTransaction").await, Value::Null);
    assert_eq!(world.result("getBlockHeight").await, 900);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_are_lost_dropped_or_refused() {
    let world = World::new().await;
    let (sent, signature) = transaction();
    let request = json!({"id": 1, "method": "sendTransaction", "params": sent});
    world.hostile.mode(Mode::LosesAnswer);
    assert!(world.post(&request).await.is_err());
    assert_eq!(world.upstream.asked("sendTransaction"), 1, "it was done");
    world.hostile.set([Setting::held("sendTransaction")]);
    assert!(timeout(SHORT, world.post(&request)).await.is_err());
    assert_eq!(world.upstream.asked("sendTransaction"), 2, "it was done");
    world.hostile.mode(Mode::Drops);
    assert_eq!(world.ask("sendTransaction", sent.clone()).await["result"], signature);
    world.hostile.mode(Mode::Refuses);
    let refused = world.ask("sendTransaction", sent).await;
    assert_eq!(refused["error"]["code"], -32002);
    assert_eq!(refused["error"]["data"]["err"], "BlockhashNotFound");
    assert_eq!(world.upstream.asked("sendTransaction"), 2, "only those were done");
    assert_eq!(world.hostile.seen().signatures, [signature]);
    assert_eq!(world.hostile.count("sendTransaction"), 4);
    // Other requests are answered.
    assert_eq!(world.result("getSlot").await, SLOT);
    world
        .hostile
        .set([Setting::new(Mode::LosesAnswer).only(&["getEpochInfo"])]);
    assert_eq!(world.raw().await, "", "not even a head");
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_begins_once_a_transaction_was_sent() {
    let world = World::new().await;
    world.hostile.set([Setting::new(Mode::Status503).once_sent()]);
    assert_eq!(world.codes(2).await, [200, 200]);
    let (sent, _) = transaction();
    assert_eq!(world.ask("sendTransaction", sent).await["result"], "done");
    assert_eq!(world.codes(2).await, [503, 503]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_or_none_that_is_json() {
    let world = World::new().await;
    world.hostile.mode(Mode::Status429);
    assert_eq!(world.codes(4).await, [429, 200, 429, 200]);
    assert_eq!(world.change(json!({"mode": "status-429", "every": 1})).await.0, 204);
    assert_eq!(world.codes(2).await, [429, 429]);
    let response = world.post(&json!({"id": 1, "method": "getSlot"})).await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    world.hostile.mode(Mode::Status503);
    assert_eq!(world.codes(2).await, [503, 503]);
    world.hostile.mode(Mode::Html);
    assert_eq!(world.codes(4).await, [200, 502, 200, 502]);
    let page = world.post(&json!({"id": 1, "method": "getSlot"})).await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html");
    assert!(page.text().await.unwrap().contains("<html>"));
    let asked = world.upstream.asked("getSlot");
    world.hostile.mode(Mode::Never);
    assert!(
        timeout(SHORT, world.post(&json!({"id": 1, "method": "getSlot"})))
            .await
            .is_err()
    );
    assert_eq!(world.upstream.asked("getSlot"), asked, "nothing is done");
    world.hostile.obey();
    assert_eq!(world.result("getSlot").await, SLOT);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_json_rpc() {
    let world = World::new().await;
    world.hostile.mode(Mode::WrongId);
    assert_eq!(
        world.ask("getSlot", json!([])).await,
        json!({"jsonrpc": "2.0", "id": 1_007, "result": SLOT})
    );
    world.hostile.mode(Mode::NoIndex);
    assert_eq!(
        world.ask("getProgramAccounts", json!([])).await["error"]["code"],
        -32010
    );
    assert_eq!(world.change(json!({"mode": "no-index", "code": -32601})).await.0, 204);
    assert_eq!(
        world.ask("getProgramAccounts", json!([])).await["error"]["code"],
        -32601
    );
    world.hostile.mode(Mode::UnknownVersion);
    for _ in 0..2 {
        assert_eq!(world.ask("getTransaction", json!(["a"])).await["error"]["code"], -32015);
        assert_eq!(world.ask("getTransaction", json!(["b"])).await["result"]["slot"], SLOT);
    }
    assert_eq!(
        world
            .change(json!({"mode": "unknown-version", "signature": "b"}))
            .await
            .0,
        204
    );
    assert_eq!(world.ask("getTransaction", json!(["a"])).await["result"]["slot"], SLOT);
    assert_eq!(world.ask("getTransaction", json!(["b"])).await["error"]["code"], -32015);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_may_ask() {
    let world = World::new().await;
    let asked = world.client.request(reqwest::Method::OPTIONS, &world.hostile.url);
    let answer = asked
        .header("access-control-request-headers", "content-type,solana-client")
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(
        answer.headers()["access-control-allow-headers"],
        "content-type,solana-client"
    );
    world.hostile.mode(Mode::Status429);
    let refused = world.post(&json!({"id": 1, "method": "getSlot"})).await.unwrap();
    assert_eq!(refused.headers()["access-control-allow-origin"], "*");
    assert_eq!(refused.headers()["access-control-expose-headers"], "retry-after");
}

/// A transaction of the program with two true events, in both encodings that clients ask for.
fn with_events(events: &[Event]) -> [Value; 2] {
    let (key, plan) = (Keypair::new(), events[0].plan());
    let call = Instruction::new_with_bytes(earnout::ID, &[], vec![AccountMeta::new(plan, false)]);
    let transaction = Transaction::new_signed_with_payer(&[call], Some(&key.pubkey()), &[&key], Default::default());
    let keys: Vec<_> = transaction.message.account_keys.iter().map(Pubkey::to_string).collect();
    let own = keys.iter().position(|key| *key == earnout::ID.to_string()).unwrap();
    let calls = events.iter().map(|event| {
        let data = bs58::encode(event.encode()).into_string();
        json!({"programIdIndex": own, "accounts": [1], "data": data, "stackHeight": 2})
    });
    let meta = json!({"err": null, "innerInstructions": [{"index": 0, "instructions": calls.collect::<Vec<_>>()}]});
    let encoded = BASE64_STANDARD.encode(bincode::serialize(&transaction).unwrap());
    [json!([encoded, "base64"]), json!({"message": {"accountKeys": keys}})]
        .map(|transaction| json!({"slot": SLOT, "transaction": transaction, "meta": meta}))
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_other_programs_are_added() {
    let (plan, grant) = (Pubkey::new_unique(), Pubkey::new_unique());
    let key = Pubkey::default();
    let funded = Event::PlanFunded(Box::new(PlanFunded {
        plan,
        time: 5,
        sequence: 8,
        funder: key,
        amount: 100,
        received: 100,
        vault_balance: 100,
    }));
    let claimed = Event::GrantClaimed(Box::new(GrantClaimed {
        plan,
        time: 5,
        sequence: 9,
        grant,
        beneficiary: key,
        claimant: key,
        destination: key,
        amount: 40,
        received: 40,
        claimed: 40,
        plan_owed: 60,
        vault_balance: 60,
    }));
    for transaction in with_events(&[funded, claimed]) {
        let world = World::with([("getTransaction", transaction.clone())]).await;
        world.hostile.mode(Mode::Forges);
        let forged = world.result("getTransaction").await;
        let groups = forged["meta"]["innerInstructions"].as_array().unwrap();
        assert_eq!(
            groups[1], transaction["meta"]["innerInstructions"][0],
            "the truth stays"
        );
        // The two programs are not among the accounts, so they are loaded.
        let loaded = &forged["meta"]["loadedAddresses"];
        assert_eq!(loaded["readonly"][0], "ComputeBudget111111111111111111111111111111");
        assert_eq!(loaded["readonly"][1], "noopb9bkMVfRPU8AsbpTUg8AQkHtKwMYZiFUjNRAtmV");
        let calls: Vec<_> = groups[0]["instructions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| {
                let data = bs58::decode(call["data"].as_str().unwrap()).into_vec().unwrap();
                let event = Event::decode(&data).expect("event bytes");
                assert_eq!(event.plan(), plan);
                let amount = match &event {
                    Event::PlanFunded(event) => event.amount,
                    Event::GrantClaimed(event) => event.amount,
                    _ => 0,
                };
                (
                    call["programIdIndex"].as_u64().unwrap(),
                    event.name(),
                    event.sequence(),
                    amount,
                )
            })
            .collect();
        // Of three accounts the program is the last.
        let (own, budget, noop) = (2, 3, 4);
        assert_eq!(
            calls,
            [
                (budget, "PlanFunded", u64::MAX, 100),
                (budget, "AuthorityAccepted", 9, 0),
                (noop, "PlanFunded", 8, 200),
                (own, "PlanFunded", 8, 200),
                (own, "PlanFunded", u64::MAX, 100),
                (budget, "GrantClaimed", u64::MAX, 40),
                (budget, "AuthorityAccepted", 10, 0),
                (noop, "GrantClaimed", 9, 80),
                (own, "GrantClaimed", 9, 80),
                (own, "GrantClaimed", u64::MAX, 40),
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_others_are_added() {
    use {anchor_lang::Discriminator, earnout::state::Grant, earnout_sdk::wire::accounts};
    let plan = Pubkey::new_unique();
    let mut data = vec![0; accounts::space::<Grant>()];
    data[..8].copy_from_slice(Grant::DISCRIMINATOR);
    let at = 8 + std::mem::offset_of!(Grant, plan);
    data[at..at + 32].copy_from_slice(plan.as_ref());
    let address = Pubkey::new_unique().to_string();
    let account = json!({"owner": earnout::ID.to_string(), "data": [BASE64_STANDARD.encode(&data), "base64"]});
    let found = json!([{"pubkey": address, "account": account}]);
    for found in [found.clone(), with_slot(found)] {
        let world = World::with([("getProgramAccounts", found)]).await;
        world.hostile.mode(Mode::Forges);
        let answered = world.result("getProgramAccounts").await;
        let listed = answered.get("value").unwrap_or(&answered).as_array().unwrap().clone();
        let seen: Vec<_> = listed
            .iter()
            .map(|item| {
                let account = &item["account"];
                let data = BASE64_STANDARD.decode(account["data"][0].as_str().unwrap()).unwrap();
                (
                    item["pubkey"] == *address,
                    account["owner"] == earnout::ID.to_string(),
                    data[at..at + 32] == *plan.as_ref(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (false, false, true),
                (false, true, true),
                (false, true, false),
                (true, true, true)
            ]
        );
    }
}
