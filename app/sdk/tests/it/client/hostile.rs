//! Endpoints that do not tell a plan's history as it was.

use {
    super::{
        rpc::Rpc,
        story::{self, Chain, PERIOD, START, answer, bytes, called, key, message, named, signature},
    },
    earnout_sdk::{
        client::{ClientError, History},
        report::statement::{Finding, Statement},
        wire::events::Event,
    },
    serde_json::{Value, json},
    solana_message::{MessageHeader, VersionedMessage, v1},
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::sync::{Arc, Mutex},
};

const NOW: i64 = START + PERIOD + PERIOD / 2;

/// A transaction as an endpoint lists and gives it.
#[derive(Clone)]
struct Entry {
    signature: Signature,
    answer: Result<Value, (i64, &'static str)>,
}

/// What an endpoint says of the story's plan. `list` has the newest last, `page` is the most that one answer lists.
#[derive(Clone)]
struct Hostile {
    chain: Chain,
    list: Vec<Entry>,
    page: usize,
}

impl Hostile {
    /// Not hostile yet.
    fn honest(events: Vec<Event>) -> Self {
        let list = events.iter().map(|event| Entry {
            signature: signature(event.sequence()),
            answer: Ok(story::transaction(&[event])),
        });
        Self {
            list: list.collect(),
            chain: Chain::of(events, NOW),
            page: 1_000,
        }
    }

    /// The entry of the event of this number.
    fn entry(&mut self, number: usize) -> &mut Entry {
        &mut self.list[number - 1]
    }

    /// One more transaction, the newest, in which `inner` was called. Its message names the same as the story's and
    /// `more`.
    fn add(&mut self, number: u64, more: &[Pubkey], inner: Vec<Value>) {
        let signature = signature(number);
        let keys = [named(), more.to_vec()].concat();
        let bytes = bytes(&signature, VersionedMessage::Legacy(message(keys)));
        self.list.push(Entry {
            signature,
            answer: Ok(answer(&story::events()[0], &bytes, json!("legacy"), inner)),
        });
    }

    fn answer(&self, method: &str, parameters: &Value) -> Result<Value, (i64, &'static str)> {
        let signature = |value: &Value| value.as_str().map(|text| text.parse::<Signature>().unwrap());
        match method {
            "getSignaturesForAddress" => {
                let (before, until) = (signature(&parameters[1]["before"]), signature(&parameters[1]["until"]));
                let newest_first = self.list.iter().rev();
                let from = newest_first.skip_while(|entry| before.is_some_and(|before| entry.signature != before));
                let after = from.skip(usize::from(before.is_some()));
                let part = after.take_while(|entry| until != Some(entry.signature));
                Ok(part.take(self.page).map(listed).collect())
            }
            "getTransaction" => {
                assert_eq!(parameters[1]["maxSupportedTransactionVersion"], 1);
                let asked = signature(&parameters[0]).unwrap();
                let mut found = self.list.iter().filter(|entry| entry.signature == asked);
                found.next().map_or(Ok(Value::Null), |entry| entry.answer.clone())
            }
            _ => Ok(self.chain.answer(method, parameters)),
        }
    }

    fn serve(self) -> Rpc {
        Rpc::start(move |method, parameters| self.answer(method, parameters))
    }
}

fn listed(entry: &Entry) -> Value {
    json!({ "signature": entry.signature.to_string(), "slot": 1, "err": null, "memo": null, "blockTime": null })
}

async fn history(rpc: &Rpc) -> History {
    rpc.client().history(&story::plan()).await.unwrap()
}

fn numbers(history: &History) -> Vec<u64> {
    history.events().map(|recorded| recorded.event.sequence()).collect()
}

fn all() -> Vec<u64> {
    (1..=10).collect()
}

/// The story's plan with its last event, the closing of the attestation, told as another number.
fn numbered(number: u64) -> Event {
    let mut event = story::events().pop().unwrap();
    let Event::AttestationClosed(closed) = &mut event else {
        panic!("the last event closes the attestation");
    };
    closed.sequence = number;
    event
}

/// The one complaint, which names the endpoint.
#[track_caller]
fn complaint(history: &History) -> String {
    let complaints = history.complaints();
    let [complaint] = &complaints[..] else {
        panic!("{complaints:?}");
    };
    assert!(complaint.contains(history.endpoint()), "{complaint}");
    assert!(history.endpoint().starts_with("http://127.0.0.1:"), "{complaint}");
    complaint.clone()
}

#[tokio::test]
async fn g15_a_history_as_it_was_needs_no_complaint() {
    let history = history(&Hostile::honest(story::events()).serve()).await;
    assert_eq!((numbers(&history), history.counted()), (all(), 10));
    assert!(history.is_complete() && history.complaints().is_empty());
}

#[tokio::test]
async fn g15_only_the_called_program_with_its_event_authority_tells_events() {
    let forged = |number| numbered(number).encode();
    let (compute_budget, noop) = (solana_compute_budget_interface::ID, key(77));
    let mut endpoint = Hostile::honest(story::events());
    // Another program with the same bytes and accounts; this program without its event authority; with another account
    // in its place; the program's position taken for the authority's.
    endpoint.add(101, &[compute_budget], vec![called(4, &[2], &forged(5))]);
    endpoint.add(102, &[noop], vec![called(4, &[2, 1, 3], &forged(u64::MAX))]);
    endpoint.add(
        103,
        &[noop],
        vec![called(1, &[], &forged(11)), called(1, &[4, 0], &forged(12))],
    );
    endpoint.add(104, &[], vec![called(2, &[1], &forged(0))]);
    // What the program calls itself with that is not an event.
    endpoint.add(105, &[], vec![called(1, &[2], &[3, 1, 2])]);
    // A loaded address moves no other one: the program is the last one here.
    let mut loaded = answer(
        &story::events()[0],
        &bytes(
            &signature(106),
            VersionedMessage::Legacy(message(vec![key(2), noop, story::plan()])),
        ),
        json!(0),
        vec![called(1, &[3], &forged(7)), called(4, &[3], &forged(8))],
    );
    loaded["meta"]["loadedAddresses"] = json!({
        "writable": [earnout_sdk::wire::pda::event_authority().to_string()],
        "readonly": [key(78).to_string(), earnout_sdk::ID.to_string()],
    });
    endpoint.list.push(Entry {
        signature: signature(106),
        answer: Ok(loaded),
    });
    let history = history(&endpoint.serve()).await;
    assert_eq!(numbers(&history), all());
    assert_eq!(history.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn g15_loaded_addresses_follow_those_of_the_message_writable_first() {
    let mut endpoint = Hostile::honest(story::events());
    let event = &story::events()[9];
    let mut found = answer(
        event,
        &bytes(
            &signature(10),
            VersionedMessage::Legacy(message(vec![key(2), story::plan()])),
        ),
        json!(0),
        vec![called(5, &[3], &event.encode())],
    );
    found["meta"]["loadedAddresses"] = json!({
        "writable": [key(78).to_string(), earnout_sdk::wire::pda::event_authority().to_string()],
        "readonly": [key(79).to_string(), earnout_sdk::ID.to_string()],
    });
    endpoint.entry(10).answer = Ok(found);
    let history = history(&endpoint.serve()).await;
    assert_eq!((numbers(&history), history.is_complete()), (all(), true));
}

#[tokio::test]
async fn g15_events_of_another_plan_are_not_this_plans() {
    let mut endpoint = Hostile::honest(story::events());
    let mut other = numbered(4);
    if let Event::AttestationClosed(closed) = &mut other {
        closed.plan = key(60);
    }
    endpoint.add(101, &[], vec![called(1, &[2], &other.encode())]);
    let history = history(&endpoint.serve()).await;
    assert_eq!((numbers(&history), history.is_complete()), (all(), true));
}

#[tokio::test]
async fn g15_what_is_left_out_is_named_with_the_endpoint() {
    let mut endpoint = Hostile::honest(story::events());
    endpoint.list.drain(6..8);
    endpoint.list.remove(3);
    let history = history(&endpoint.serve()).await;
    assert_eq!(history.missing(), [4..=4, 7..=8]);
    assert_eq!(numbers(&history), [1, 2, 3, 5, 6, 9, 10]);
    let said = complaint(&history);
    assert!(
        said.starts_with("of the 10 events that the plan has counted http://127.0.0.1:") && said.ends_with("4, 7 to 8"),
        "{said}"
    );
    // The newest one is missed too: the account says how many there are.
    let mut endpoint = Hostile::honest(story::events());
    endpoint.list.pop();
    let history = self::history(&endpoint.serve()).await;
    assert_eq!(history.missing(), [10..=10]);
    // And all of them.
    let mut endpoint = Hostile::honest(story::events());
    endpoint.list.clear();
    let rpc = endpoint.serve();
    assert_eq!(self::history(&rpc).await.missing(), [1..=10]);
    let error = rpc.client().events(&story::plan()).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Incomplete(what) if what.contains("1 to 10")),
        "{error}"
    );
}

#[tokio::test]
async fn g15_a_list_without_an_end_ends() {
    let endpoint = Hostile::honest(story::events());
    // Whatever page is asked for, the newest three are listed.
    let rpc = Rpc::start(move |method, parameters| match method {
        "getSignaturesForAddress" => Ok(endpoint.list.iter().rev().take(3).map(listed).collect()),
        _ => endpoint.answer(method, parameters),
    });
    let history = history(&rpc).await;
    assert_eq!((numbers(&history), history.missing()), (vec![8, 9, 10], vec![1..=7]));
    assert_eq!(history.listed_again().len(), 3);
}

/// An endpoint that makes up signatures without end.
#[tokio::test]
async fn g15_transactions_that_are_made_up_are_not_followed_without_an_end() {
    for error in [Value::Null, json!("AccountInUse")] {
        let honest = Hostile::honest(story::events());
        let mut made_up = 1_000_000;
        let rpc = Rpc::start(move |method, parameters| match method {
            "getSignaturesForAddress" => {
                let entries = (0..10).map(|_| {
                    made_up += 1;
                    json!({ "signature": signature(made_up).to_string(), "slot": 1, "err": error })
                });
                Ok(entries.collect())
            }
            _ => honest.answer(method, parameters),
        });
        let history = history(&rpc).await;
        assert!(numbers(&history).is_empty());
        assert_eq!(history.missing(), [1..=10]);
        let complaints = history.complaints().join("\n");
        assert!(
            complaints.contains("lists only transactions that it does not have, so reading ended at "),
            "{complaints}"
        );
    }
}

#[tokio::test]
async fn g15_pages_may_be_smaller_than_asked_for() {
    let mut endpoint = Hostile::honest(story::events());
    endpoint.page = 3;
    let history = history(&endpoint.serve()).await;
    assert_eq!((numbers(&history), history.is_complete()), (all(), true));
}

#[tokio::test]
async fn g15_what_is_repeated_counts_once_and_is_said() {
    let mut endpoint = Hostile::honest(story::events());
    endpoint.list = endpoint
        .list
        .iter()
        .flat_map(|entry| [entry.clone(), entry.clone()])
        .collect();
    let history = history(&endpoint.serve()).await;
    assert_eq!((numbers(&history), history.is_complete()), (all(), true));
    assert_eq!(history.listed_again().len(), 10);
    assert!(complaint(&history).contains("lists transactions more than once"));
    // The same event in another transaction.
    let mut endpoint = Hostile::honest(story::events());
    endpoint.add(101, &[], vec![called(1, &[2], &story::events()[4].encode())]);
    let history = self::history(&endpoint.serve()).await;
    assert_eq!((numbers(&history), history.is_complete()), (all(), true));
    assert_eq!(history.repeated().iter().copied().collect::<Vec<_>>(), [5]);
    assert!(complaint(&history).ends_with("more than one transaction: 5"));
}

#[tokio::test]
async fn g15_the_endpoints_order_does_not_count() {
    let mut endpoint = Hostile::honest(story::events());
    endpoint.list.reverse();
    endpoint.list.swap(2, 7);
    let history = history(&endpoint.serve()).await;
    assert_eq!((numbers(&history), history.complaints()), (all(), vec![]));
}

#[tokio::test]
async fn g15_two_events_of_one_number_are_both_not_believed() {
    let mut endpoint = Hostile::honest(story::events());
    endpoint.add(101, &[], vec![called(1, &[2], &numbered(9).encode())]);
    let history = history(&endpoint.serve()).await;
    assert_eq!(numbers(&history), [1, 2, 3, 4, 5, 6, 7, 8, 10]);
    assert_eq!((history.is_complete(), history.missing()), (false, vec![]));
    assert!(complaint(&history).contains("different events under the number 9"));
}

#[tokio::test]
async fn g15_a_number_that_was_not_given_out_hides_nothing() {
    let mut endpoint = Hostile::honest(story::events());
    endpoint.add(101, &[], vec![called(1, &[2], &numbered(u64::MAX).encode())]);
    endpoint.add(102, &[], vec![called(1, &[2], &numbered(0).encode())]);
    let history = history(&endpoint.serve()).await;
    assert_eq!((numbers(&history), history.beyond()), (all(), vec![0, u64::MAX]));
    assert!(!history.is_complete());
    assert!(complaint(&history).ends_with("not believed: 0, 18446744073709551615"));
}

#[tokio::test]
async fn g15_a_transaction_of_version_1_is_read() {
    let event = &story::events()[3];
    let message = v1::Message {
        header: MessageHeader {
            num_required_signatures: 1,
            ..MessageHeader::default()
        },
        account_keys: named(),
        ..v1::Message::default()
    };
    let bytes = bytes(&signature(4), VersionedMessage::V1(message));
    let mut endpoint = Hostile::honest(story::events());
    endpoint.entry(4).answer = Ok(answer(event, &bytes, json!(1), vec![called(1, &[2], &event.encode())]));
    let history = history(&endpoint.serve()).await;
    assert_eq!((numbers(&history), history.complaints()), (all(), vec![]));
}

/// What is wrong with one transaction takes nothing but this one out of the history.
/// A result, or a code and a message.
type Answer = Result<Value, (i64, &'static str)>;

#[tokio::test]
async fn g15_what_cannot_be_read_is_said_and_not_the_end() {
    let event = &story::events()[3];
    let good = || story::transaction(&[event]);
    let with = |change: fn(&mut Value)| {
        let mut value = good();
        change(&mut value);
        Ok(value)
    };
    let future = [vec![0x82], vec![1; 200]].concat();
    let cases: [(Answer, &str); 9] = [
        (Ok(Value::Null), "lists it and does not have it"),
        (
            Err((-32015, "Transaction version (2) is not supported")),
            "version (2) is not supported",
        ),
        (
            Ok(answer(event, &future, json!(2), vec![])),
            "not those of a transaction that this release knows",
        ),
        (
            with(|value| value["transaction"] = json!(["AAAA", "base64"])),
            "not those of a transaction",
        ),
        (
            Ok(story::transaction(&[&story::events()[5]])),
            "answered with another transaction",
        ),
        (with(|value| value["meta"] = Value::Null), "does not say what it did"),
        (
            with(|value| value["meta"]["innerInstructions"] = Value::Null),
            "does not say what its programs called",
        ),
        (Ok(json!({ "slot": "four" })), "not one about a transaction"),
        (
            with(|value| {
                let data = [&story::events()[3].encode()[..], &[0]].concat();
                value["meta"]["innerInstructions"][0]["instructions"] = json!([called(1, &[2], &data)]);
            }),
            "an event that this release does not know",
        ),
    ];
    for (answer, why) in cases {
        let mut endpoint = Hostile::honest(story::events());
        endpoint.entry(4).answer = answer;
        let history = history(&endpoint.serve()).await;
        assert_eq!((history.missing(), numbers(&history).len()), (vec![4..=4], 9), "{why}");
        let unreadable: Vec<_> = history.unreadable().collect();
        assert_eq!((unreadable.len(), unreadable[0].signature), (1, signature(4)), "{why}");
        assert!(unreadable[0].why.contains(why), "{}", unreadable[0].why);
        let said = history.complaints().join("\n");
        assert!(said.contains(&signature(4).to_string()) && said.contains(why), "{said}");
    }
    // One that tells nothing of the plan does not make the history incomplete, and is said all the same.
    let mut endpoint = Hostile::honest(story::events());
    endpoint.add(101, &[], vec![]);
    endpoint.list[10].answer = Err((-32015, "Transaction version (2) is not supported"));
    let history = history(&endpoint.serve()).await;
    assert!(history.is_complete());
    assert!(complaint(&history).contains("could not be read"));
}

#[tokio::test]
async fn g15_what_failed_tells_nothing() {
    let mut endpoint = Hostile::honest(story::events());
    endpoint.add(101, &[], vec![called(1, &[2], &numbered(9).encode())]);
    let Ok(found) = &mut endpoint.list[10].answer else {
        panic!("an answer");
    };
    found["meta"]["err"] = json!({ "InstructionError": [0, "InvalidArgument"] });
    found["meta"]["status"] = json!({ "Err": { "InstructionError": [0, "InvalidArgument"] } });
    let history = history(&endpoint.serve()).await;
    assert_eq!((numbers(&history), history.complaints()), (all(), vec![]));
}

/// An endpoint that a test changes while it serves.
fn changing(endpoint: Hostile) -> (Arc<Mutex<Hostile>>, Rpc) {
    let endpoint = Arc::new(Mutex::new(endpoint));
    let served = Arc::clone(&endpoint);
    let rpc = Rpc::start(move |method, parameters| served.lock().unwrap().answer(method, parameters));
    (endpoint, rpc)
}

#[tokio::test]
async fn g15_what_is_told_late_is_found() {
    let whole = Hostile::honest(story::events());
    let mut part = whole.clone();
    part.list.remove(7);
    let (endpoint, rpc) = changing(part);
    let mut history = history(&rpc).await;
    assert_eq!(history.missing(), [8..=8]);
    assert!(history.refresh(&rpc.client()).await.unwrap().is_empty());
    endpoint.lock().unwrap().list = whole.list;
    let late = history.refresh(&rpc.client()).await.unwrap();
    assert_eq!(
        late.iter()
            .map(|recorded| recorded.event.sequence())
            .collect::<Vec<_>>(),
        [8]
    );
    assert!(history.is_complete());
    // The list was read from the last event on before which none was missing, and at the end from the last one.
    history.refresh(&rpc.client()).await.unwrap();
    let untils = rpc.calls("getSignaturesForAddress");
    let untils: Vec<_> = untils.iter().map(|call| call[1]["until"].clone()).collect();
    assert_eq!(untils[0], Value::Null);
    assert!(untils.contains(&json!(signature(7).to_string())), "{untils:?}");
    assert_eq!(untils.last(), Some(&json!(signature(10).to_string())));
    assert!(
        !untils[..untils.len() - 1].contains(&json!(signature(10).to_string())),
        "{untils:?}"
    );
}

#[tokio::test]
async fn g15_a_transaction_that_the_endpoint_gets_later_is_asked_for_again() {
    let whole = Hostile::honest(story::events());
    let mut part = whole.clone();
    part.entry(5).answer = Ok(Value::Null);
    let (endpoint, rpc) = changing(part);
    let mut history = history(&rpc).await;
    assert_eq!((history.missing(), history.unreadable().count()), (vec![5..=5], 1));
    endpoint.lock().unwrap().list = whole.list;
    assert_eq!(history.refresh(&rpc.client()).await.unwrap().len(), 1);
    assert_eq!((history.is_complete(), history.complaints()), (true, vec![]));
}

#[tokio::test]
async fn g15_the_node_that_lags_a_moment_is_waited_for() {
    let whole = Hostile::honest(story::events());
    let mut lists = 0;
    let rpc = Rpc::start(move |method, parameters| {
        let mut endpoint = whole.clone();
        if method == "getSignaturesForAddress" {
            lists += 1;
            if lists == 1 {
                endpoint.list.pop();
                endpoint.page = 1_000;
            }
        }
        endpoint.answer(method, parameters)
    });
    let history = history(&rpc).await;
    assert_eq!((numbers(&history), history.complaints()), (all(), vec![]));
}

#[tokio::test]
async fn g15_an_address_that_is_no_plan_has_no_history() {
    let rpc = Hostile::honest(story::events()).serve();
    let error = rpc.client().history(&key(50)).await.unwrap_err();
    assert!(matches!(error, ClientError::NotFound { what: "plan", .. }), "{error}");
    let error = rpc.client().history(&story::grant()).await.unwrap_err();
    assert!(matches!(error, ClientError::Decode { .. }), "{error}");
}

/// The story's plan, closed: all of it is told by events.
fn closed() -> Hostile {
    let mut endpoint = Hostile::honest(super::statement::closed());
    endpoint.chain = Chain::of(super::statement::closed(), super::statement::END);
    // Anybody's bytes: a plan of another token, and a vote that nobody gave.
    let mut forged = story::events();
    let Event::PlanCreated(created) = &mut forged[0] else {
        panic!("the first event creates the plan");
    };
    created.mint = key(66);
    let Event::ValueAttested(vote) = &mut forged[5] else {
        panic!("the sixth event is a vote");
    };
    vote.value = 100;
    endpoint.add(101, &[key(77)], vec![called(4, &[2], &forged[0].encode())]);
    endpoint.add(102, &[key(77)], vec![called(4, &[2], &forged[5].encode())]);
    endpoint
}

#[tokio::test]
async fn g15_the_statement_of_a_closed_plan_is_right_whatever_strangers_write() {
    let rpc = closed().serve();
    let sources = rpc.client().statement_sources(&story::plan()).await.unwrap();
    assert_eq!(sources.plan.mint, key(3));
    let statement = Statement::of(sources).unwrap();
    assert_eq!(statement.findings, []);
    assert_eq!(statement.grants[&0].lines[0].settlement.unwrap().earned, 400);
    let votes = statement.measurement(0, 0, 0).unwrap().votes;
    assert_eq!(votes.iter().map(|vote| vote.value).collect::<Vec<_>>(), [80, 80]);
    // Without one of its events there is none, and it is said which.
    let mut endpoint = closed();
    endpoint.list.remove(5);
    let error = endpoint
        .serve()
        .client()
        .statement_sources(&story::plan())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ClientError::Incomplete(what) if what.contains("does not tell 6") && what.contains("127.0.0.1")),
        "{error}"
    );
}

/// What the endpoint leaves out of the statement of the open plan.
async fn missing(endpoint: Hostile) -> Vec<String> {
    let sources = endpoint
        .serve()
        .client()
        .statement_sources(&story::plan())
        .await
        .unwrap();
    let findings = Statement::of(sources).unwrap().findings;
    let missing = findings.into_iter().filter_map(|finding| match finding {
        Finding::Missing(what) => Some(what),
        _ => None,
    });
    missing.collect()
}

#[tokio::test]
async fn g15_accounts_that_are_left_out_are_missed() {
    let mut open = story::events();
    open.pop();
    // An attestation that was not closed.
    let mut endpoint = Hostile::honest(open.clone());
    endpoint.chain.accounts.remove(&story::attestation());
    let found = missing(endpoint).await;
    assert!(
        found[0].contains("has no account of attestation") && found[0].contains("127.0.0.1"),
        "{found:?}"
    );
    // A grant that was not closed.
    let mut endpoint = Hostile::honest(open);
    endpoint.chain.accounts.remove(&story::grant());
    let rpc = endpoint.clone().serve();
    let found = missing(endpoint).await;
    assert!(
        found[0].contains("has no account of grant 0") && found[0].contains("not closed"),
        "{found:?}"
    );
    let plan = rpc.client().plan(&story::plan()).await.unwrap();
    let error = rpc.client().grants_of_plan(&story::plan(), &plan).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Incomplete(what) if what.ends_with("gives 0 of the 1 open grants that the plan has counted")),
        "{error}"
    );
}

#[tokio::test]
async fn g15_a_closed_account_is_not_shown_without_its_events() {
    let mut endpoint = Hostile::honest(story::events());
    endpoint.list.remove(6);
    let found = missing(endpoint).await;
    assert!(found.iter().any(|what| what.contains("does not tell 7")), "{found:?}");
}

/// The open plan's endpoint with another account at an address.
fn holding(address: Pubkey, change: impl Fn(&mut (Pubkey, Vec<u8>))) -> Rpc {
    let mut endpoint = Hostile::honest(story::events());
    change(endpoint.chain.accounts.get_mut(&address).unwrap());
    endpoint.serve()
}

#[tokio::test]
async fn g15_accounts_are_believed_by_owner_and_address() {
    let vault = earnout_sdk::wire::pda::vault(&story::plan());
    let clock = solana_program::sysvar::clock::ID;
    let unreadable = [
        holding(vault, |(owner, _)| *owner = key(70)),
        holding(vault, |(_, data)| data[0] ^= 1),
        holding(vault, |(_, data)| data[40] ^= 1),
        holding(vault, |(_, data)| data.truncate(82)),
        holding(clock, |(owner, _)| *owner = key(70)),
    ];
    for rpc in unreadable {
        let error = rpc.client().statement_sources(&story::plan()).await.unwrap_err();
        assert!(matches!(error, ClientError::Unreadable(_)), "{error}");
    }
    // A real plan, grant and attestation, at other addresses than theirs.
    let mut open = story::events();
    open.pop();
    let mut endpoint = Hostile::honest(open);
    for (from, to) in [
        (story::plan(), key(71)),
        (story::grant(), key(72)),
        (story::attestation(), key(73)),
    ] {
        let account = endpoint.chain.accounts[&from].clone();
        endpoint.chain.accounts.insert(to, account);
    }
    let rpc = endpoint.serve();
    let client = rpc.client();
    let errors = [
        client.plan(&key(71)).await.map(drop).unwrap_err(),
        client.grant(&key(72)).await.map(drop).unwrap_err(),
        client.grants(&[key(72)]).await.map(drop).unwrap_err(),
        client.evaluation(&key(73)).await.map(drop).unwrap_err(),
        client.history(&key(71)).await.map(drop).unwrap_err(),
    ];
    for error in errors {
        let ClientError::Decode { source, .. } = &error else {
            panic!("{error}");
        };
        assert!(
            matches!(source, earnout_sdk::wire::accounts::DecodeError::WrongAddress(..)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn g15_a_search_is_not_believed_to_have_filtered() {
    let events = story::individual(130, &[0, 2, 129]);
    let chain = Chain::of(events, NOW);
    let page = |grant| earnout_sdk::wire::pda::evaluation(&story::plan(), 0, 0, Some(grant));
    let answering = |entries: Vec<(Pubkey, Pubkey, Vec<u8>)>| {
        let chain = chain.clone();
        Rpc::start(move |method, parameters| {
            Ok(match method {
                "getProgramAccounts" => entries
                    .iter()
                    .map(|(address, owner, data)| {
                        json!({ "pubkey": address.to_string(), "account": super::rpc::account(owner, data) })
                    })
                    .collect(),
                _ => chain.answer(method, parameters),
            })
        })
    };
    let of = |address: Pubkey| chain.accounts[&address].1.clone();
    let (first, second) = (page(0), page(129));
    let ours = earnout_sdk::ID;
    // Everything the program owns, twice, and what it does not own.
    let rpc = answering(vec![
        (first, ours, of(first)),
        (story::plan(), ours, of(story::plan())),
        (story::grant(), ours, of(story::grant())),
        (key(80), key(81), of(second)),
        (second, key(81), of(first)),
        (key(83), ours, of(second)),
        (second, ours, of(second)),
        (first, ours, of(first)),
    ]);
    let found = rpc.client().evaluations_of_plan(&story::plan()).await.unwrap();
    let mut addresses = vec![first, second];
    addresses.sort();
    assert_eq!(found.iter().map(|(address, _)| *address).collect::<Vec<_>>(), addresses);
    // Pages of another plan are not those that were asked for.
    let error = rpc.client().evaluations_of_plan(&key(82)).await.unwrap_err();
    assert!(matches!(error, ClientError::NotFound { .. }), "{error}");
    // One of two.
    let rpc = answering(vec![(second, ours, of(second))]);
    let error = rpc.client().evaluations_of_plan(&story::plan()).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Incomplete(what) if what.ends_with("gives 1 of the 2 open pages that the plan has counted")),
        "{error}"
    );
}

#[tokio::test]
async fn g15_billions_of_grants_are_not_made_room_for() {
    let mut chain = Chain::of(story::individual(130, &[0]), NOW);
    let mut state = earnout_sdk::wire::accounts::plan(&chain.accounts[&story::plan()].1).unwrap();
    state.grant_counter = u32::MAX;
    let (_, account) = chain.accounts.get_mut(&story::plan()).unwrap();
    account[8..].copy_from_slice(bytemuck::bytes_of(&state));
    // It answers the first thousands, and then has enough.
    let mut asked = 0;
    let rpc = Rpc::start(move |method, parameters| {
        let many = parameters[0].as_array().is_some_and(|addresses| addresses.len() == 100);
        asked += u32::from(many);
        match many && asked > 20 {
            true => Err((-32602, "enough")),
            false => Ok(chain.answer(method, parameters)),
        }
    });
    let client = rpc.client();
    for error in [
        client.open_grants(&story::plan(), &state).await.map(drop).unwrap_err(),
        client.statement_sources(&story::plan()).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, ClientError::Rpc { .. }), "{error}");
    }
}
