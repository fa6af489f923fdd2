use {
    super::{
        rpc::{Rpc, account, bytes, keys, of_slot},
        story::{self, Chain, START, key},
    },
    earnout_sdk::{client::ClientError, wire::accounts::DecodeError},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
};

/// An endpoint with one account.
fn holding(address: Pubkey, owner: Pubkey, data: Vec<u8>) -> Rpc {
    Rpc::start(move |_, parameters| {
        let found = keys(&parameters[0])
            .into_iter()
            .map(|asked| (asked == address).then(|| account(&owner, &data)));
        Ok(of_slot(found.collect()))
    })
}

#[tokio::test]
async fn accounts_are_read_as_the_program_wrote_them() {
    let rpc = Chain::of(story::events(), START).serve();
    let client = rpc.client();
    assert_eq!(client.plan(&story::plan()).await.unwrap().kpi_count, 1);
    assert_eq!(client.grant(&story::grant()).await.unwrap().earned, 400);
    assert_eq!(client.now().await.unwrap(), START);
    // The attestation was closed: that is not an error where many are asked for, and one where it is the one.
    let closed = client.evaluations(&[story::attestation()]).await.unwrap();
    assert!(matches!(closed[..], [None]));
    let missing = client.evaluation(&story::attestation()).await.unwrap_err();
    assert!(
        matches!(missing, ClientError::NotFound { what: "attestation or page", address } if address == story::attestation())
    );
}

#[tokio::test]
async fn an_account_of_another_program_is_none_of_ours() {
    let system = Pubkey::default();
    let rpc = holding(key(50), system, vec![1, 2, 3]);
    let error = rpc.client().plan(&key(50)).await.unwrap_err();
    assert!(
        matches!(error, ClientError::ForeignAccount { owner, .. } if owner == system),
        "{error}"
    );
    // Lamports that a stranger sent to an address do not make it a grant.
    assert_eq!(rpc.client().grants(&[key(50), key(51)]).await.unwrap(), [None, None]);
}

#[tokio::test]
async fn another_account_of_ours_is_no_plan() {
    let rpc = Chain::of(story::events(), START).serve();
    let error = rpc.client().plan(&story::grant()).await.unwrap_err();
    let ClientError::Decode { address, source } = error else {
        panic!("{error}");
    };
    assert_eq!((address, source), (story::grant(), DecodeError::WrongType("plan")));
}

#[tokio::test]
async fn a_hundred_accounts_are_one_request() {
    let rpc = Rpc::start(|_, parameters| {
        let nothing: Vec<Value> = keys(&parameters[0]).iter().map(|_| Value::Null).collect();
        Ok(of_slot(nothing.into()))
    });
    let addresses: Vec<_> = (0..250).map(|_| Pubkey::new_unique()).collect();
    let found = rpc.client().accounts(&addresses).await.unwrap();
    assert_eq!(found.len(), 250);
    let mut asked: Vec<_> = rpc
        .calls("getMultipleAccounts")
        .iter()
        .map(|call| keys(&call[0]))
        .collect();
    asked.sort_by_key(|chunk| addresses.iter().position(|address| address == &chunk[0]));
    assert_eq!(asked.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!(asked.concat(), addresses);
}

#[tokio::test]
async fn fewer_answers_than_questions_are_no_answer() {
    let rpc = Rpc::start(|_, _| Ok(of_slot(json!([]))));
    let error = rpc.client().account(&key(1)).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreadable(_)), "{error}");
}

#[tokio::test]
async fn a_refusal_says_what_was_asked() {
    let rpc = Rpc::start(|_, _| Err((-32010, "excluded from account secondary indexes")));
    let error = rpc.client().plans_of_authority(&key(1)).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("the search for the accounts of {}: ", key(1))),
        "{text}"
    );
    assert!(text.contains("excluded from account secondary indexes"), "{text}");
}

#[tokio::test]
async fn a_closed_port_is_an_error() {
    let error = earnout_sdk::client::Client::new("http://127.0.0.1:1")
        .now()
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Rpc { .. }), "{error}");
}

#[tokio::test]
async fn no_error_shows_the_keys_of_an_endpoint() {
    let client = earnout_sdk::client::Client::new("http://name:secret@127.0.0.1:1/secret?api-key=secret");
    let error = client.now().await.unwrap_err();
    for text in [format!("{error}"), format!("{error:?}"), format!("{client:?}")] {
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
}

/// The filters of a search: offsets and bytes.
fn filters(call: &Value) -> Vec<(u64, Vec<u8>)> {
    let filters = call[1]["filters"].as_array().unwrap().iter();
    filters
        .map(|filter| {
            let compared = &filter["memcmp"];
            let text = compared["bytes"].as_str().unwrap();
            let bytes = match compared["encoding"].as_str() {
                Some("base64") => bytes(&compared["bytes"]),
                _ => bs58::decode(text).into_vec().unwrap(),
            };
            (compared["offset"].as_u64().unwrap(), bytes)
        })
        .collect()
}

#[tokio::test]
async fn a_search_names_the_fields_that_count() {
    let chain = Chain::of(story::events(), START);
    let grant = chain.accounts[&story::grant()].1.clone();
    let rpc = Rpc::start(move |_, _| {
        let found = json!({ "pubkey": story::grant().to_string(), "account": account(&earnout_sdk::ID, &grant) });
        Ok(json!([found]))
    });
    let found = rpc.client().grants_of_beneficiary(&key(20)).await.unwrap();
    assert_eq!(
        (found.len(), found[0].0, found[0].1.beneficiary),
        (1, story::grant(), key(20))
    );
    let calls = rpc.calls("getProgramAccounts");
    assert_eq!(calls[0][0], earnout_sdk::ID.to_string());
    // Behind the discriminator, four bytes, the number and the plan.
    let [(0, discriminator), (48, beneficiary)] = &filters(&calls[0])[..] else {
        panic!("{calls:?}");
    };
    assert_eq!((discriminator.len(), beneficiary.as_slice()), (8, key(20).as_ref()));
}

#[tokio::test]
async fn an_oracle_is_searched_at_every_place_of_both_sets() {
    let chain = Chain::of(story::events(), START);
    let plan = chain.accounts[&story::plan()].1.clone();
    let rpc = Rpc::start(move |_, _| {
        let found = json!({ "pubkey": story::plan().to_string(), "account": account(&earnout_sdk::ID, &plan) });
        Ok(json!([found]))
    });
    let found = rpc.client().plans_of_oracle(&key(11)).await.unwrap();
    assert_eq!(
        found.iter().map(|(address, _)| *address).collect::<Vec<_>>(),
        [story::plan()]
    );
    let mut offsets: Vec<_> = rpc
        .calls("getProgramAccounts")
        .iter()
        .map(|call| filters(call)[1].0)
        .collect();
    offsets.sort();
    assert_eq!(offsets.len(), 16);
    let plan =
        earnout_sdk::wire::accounts::plan(&Chain::of(story::events(), START).accounts[&story::plan()].1).unwrap();
    let bytes = story::state(&plan);
    let at = |offset: u64| &bytes[usize::try_from(offset).unwrap()..][..32];
    assert_eq!(
        [at(offsets[0]), at(offsets[1]), at(offsets[2])],
        [key(11).as_ref(), key(12).as_ref(), key(13).as_ref()]
    );
    assert_eq!(offsets[1] - offsets[0], 32);
}
