use {
    crate::{
        rpc::Rpc,
        story::{self, Chain, START, key, signature, transaction},
    },
    earnout_sdk::client::ClientError,
    serde_json::{Value, json},
    std::collections::BTreeSet,
};

#[tokio::test]
async fn all_events_in_their_order() {
    let events = story::events();
    let rpc = Chain::of(events.clone(), START).serve();
    let found = rpc.client().events(&story::plan()).await.unwrap();
    let told: Vec<_> = found.iter().map(|recorded| recorded.event.to_json()).collect();
    assert_eq!(told, events.iter().map(|event| event.to_json()).collect::<Vec<_>>());
    assert_eq!((found[6].signature, found[6].slot), (signature(7), 7));
    assert_eq!(found[6].block_time, Some(events[6].time()));
}

#[tokio::test]
async fn the_plans_own_numbers_order_what_one_slot_holds() {
    let events = story::events();
    let rpc = Rpc::start(move |method, parameters| {
        Ok(match method {
            // The endpoint's order is not that of execution.
            "getSignaturesForAddress" => [2, 4, 3, 1]
                .into_iter()
                .map(|number| json!({ "signature": signature(number).to_string(), "slot": 9, "err": null, "memo": null }))
                .collect(),
            _ => {
                let event = events.iter().find(|event| parameters[0] == signature(event.sequence()).to_string());
                let mut found = transaction(&[event.unwrap()]);
                found["slot"] = json!(9);
                found
            }
        })
    });
    let found = rpc.client().events(&story::plan()).await.unwrap();
    let order: Vec<_> = found.iter().map(|recorded| recorded.event.sequence()).collect();
    assert_eq!(order, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_long_history_is_read_page_by_page() {
    let rpc = Rpc::start(|method, parameters| {
        Ok(match (method, parameters[1]["before"].as_str()) {
            ("getSignaturesForAddress", before) => {
                let numbers = match before {
                    None => 500..1_500,
                    Some(_) => 1_500..1_507,
                };
                // Every other transaction failed and so reported nothing.
                let page = numbers.map(|number: u64| {
                    let failed = if number.is_multiple_of(2) {
                        Value::Null
                    } else {
                        json!({ "InstructionError": [0, "InvalidArgument"] })
                    };
                    json!({ "signature": signature(number).to_string(), "slot": 1, "err": failed, "memo": null })
                });
                page.collect()
            }
            _ => transaction(&[&story::events()[0]]),
        })
    });
    let found = rpc.client().events(&key(1)).await.unwrap();
    let pages = rpc.calls("getSignaturesForAddress");
    assert_eq!(pages.len(), 2);
    assert_eq!(
        (&pages[0][1]["limit"], &pages[0][1]["commitment"]),
        (&json!(1_000), &json!("confirmed"))
    );
    assert_eq!(pages[1][1]["before"], signature(1_499).to_string());
    let asked: BTreeSet<_> = rpc
        .calls("getTransaction")
        .iter()
        .map(|call| call[0].to_string())
        .collect();
    // 500 to 1,506, the even ones.
    assert_eq!((asked.len(), found.len()), (504, 504));
    assert!(!asked.contains(&json!(signature(501).to_string()).to_string()));
}

#[tokio::test]
async fn what_is_new_is_asked_for_by_the_last_that_is_known() {
    let rpc = Rpc::start(|_, _| Ok(json!([])));
    let found = rpc
        .client()
        .events_since(&story::plan(), Some(signature(4)))
        .await
        .unwrap();
    assert!(found.is_empty());
    assert_eq!(
        rpc.calls("getSignaturesForAddress")[0][1]["until"],
        signature(4).to_string()
    );
}

#[tokio::test]
async fn what_other_programs_call_is_no_event() {
    let rpc = Rpc::start(|_, _| {
        let mut found = transaction(&[&story::events()[0]]);
        let inner = &mut found["meta"]["innerInstructions"][0]["instructions"];
        inner[0]["data"] = json!(bs58::encode([3, 1, 2]).into_string());
        Ok(found)
    });
    assert!(rpc.client().recorded(signature(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_transaction_that_the_endpoint_forgot_is_an_error() {
    let rpc = Rpc::start(|_, _| Ok(Value::Null));
    let error = rpc.client().recorded(signature(1)).await.unwrap_err();
    assert!(matches!(error, ClientError::Rpc { .. }), "{error}");
    assert!(error.to_string().starts_with("reading transaction "), "{error}");
}

#[tokio::test]
async fn a_ledger_needs_every_event() {
    let rpc = Chain::of(story::events(), START).serve();
    let ledger = rpc.client().ledger(&story::plan()).await.unwrap();
    assert_eq!((ledger.plan.owed, ledger.vault_balance), (250, 1_350));

    let mut events = story::events();
    events.remove(3);
    let chain = Chain::of(story::events(), START);
    let rpc = Chain { events, ..chain }.serve();
    let error = rpc.client().ledger(&story::plan()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("event 4 is missing: the next one here is event 5"),
        "{error}"
    );

    let rpc = Rpc::start(|_, _| Ok(json!([])));
    let error = rpc.client().ledger(&story::plan()).await.unwrap_err();
    assert!(
        matches!(error, ClientError::NoHistory(plan) if plan == story::plan()),
        "{error}"
    );
}
