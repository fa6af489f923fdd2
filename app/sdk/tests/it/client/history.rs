use {
    super::{
        rpc::Rpc,
        story::{self, Chain, START, signature},
    },
    earnout_sdk::client::ClientError,
    serde_json::{Value, json},
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
    let chain = Chain::of(story::events(), START);
    let rpc = Rpc::start(move |method, parameters| {
        let mut found = chain.answer(method, parameters);
        match method {
            "getTransaction" => found["slot"] = json!(9),
            // The endpoint's order is not that of execution.
            "getSignaturesForAddress" => found.as_array_mut().unwrap().swap(2, 5),
            _ => {}
        }
        Ok(found)
    });
    let found = rpc.client().events(&story::plan()).await.unwrap();
    let order: Vec<_> = found.iter().map(|recorded| recorded.event.sequence()).collect();
    assert_eq!(order, (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_long_history_is_read_page_by_page() {
    let chain = Chain::of(story::individual(1_502, &[]), START);
    let events = chain.events.clone();
    let rpc = Rpc::start(move |method, parameters| match method {
        "getSignaturesForAddress" => {
            let before = parameters[1]["before"].as_str();
            // Every other transaction failed and so reported nothing.
            let all = events.iter().rev().flat_map(|event| {
                let failed = json!({ "InstructionError": [0, "InvalidArgument"] });
                let number = event.sequence();
                [(number, Value::Null), (number + 1_000_000, failed)]
            });
            let all = all.map(|(number, err)| {
                json!({ "signature": signature(number).to_string(), "slot": 1, "err": err, "memo": null })
            });
            let all: Vec<_> = all.collect();
            let start = before.map_or(0, |before| {
                all.iter().position(|one| one["signature"] == before).unwrap() + 1
            });
            Ok(all.into_iter().skip(start).take(1_000).collect())
        }
        _ => Ok(chain.answer(method, parameters)),
    });
    let found = rpc.client().events(&story::plan()).await.unwrap();
    let pages = rpc.calls("getSignaturesForAddress");
    // 1,506 events, each with one that failed.
    assert_eq!((found.len(), pages.len()), (1_506, 4));
    assert_eq!(
        (&pages[0][1]["limit"], &pages[0][1]["commitment"]),
        (&json!(1_000), &json!("confirmed"))
    );
    // The last of a page is one that failed.
    assert_eq!(pages[1][1]["before"], signature(1_506 - 499 + 1_000_000).to_string());
    assert_eq!(rpc.calls("getTransaction").len(), 1_506);
}

#[tokio::test]
async fn a_ledger_needs_every_event() {
    let rpc = Chain::of(story::events(), START).serve();
    let history = rpc.client().history(&story::plan()).await.unwrap();
    let ledger = history.ledger().unwrap();
    assert_eq!((ledger.plan.owed, ledger.vault_balance), (250, 1_350));

    let mut events = story::events();
    events.remove(3);
    let chain = Chain::of(story::events(), START);
    let rpc = Chain { events, ..chain }.serve();
    let history = rpc.client().history(&story::plan()).await.unwrap();
    let error = history.ledger().unwrap_err();
    assert!(
        matches!(&error, ClientError::Incomplete(what) if what.ends_with("does not tell 4")),
        "{error}"
    );
}
