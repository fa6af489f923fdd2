//! Price updates, from endpoints that answer whatever they like.

use {
    super::{
        rpc::{Rpc, account, keys, of_slot},
        story::key,
    },
    earnout::{price_update::PriceUpdate, state::Receiver},
    earnout_core::feed::{Published, Quote},
    earnout_sdk::{client::ClientError, wire::price_update_account},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
};

/// The bytes of an update: 1.5 give or take 0.01.
fn update() -> Vec<u8> {
    let quote = Quote {
        price: 150,
        confidence: 1,
        exponent: -2,
    };
    price_update_account(&PriceUpdate {
        feed_id: [3; 32],
        spot: quote,
        average: quote,
        published: Published {
            at: 1_000,
            previous: 999,
        },
    })
}

/// An endpoint that gives this account for every address that is asked for.
fn giving(value: Value) -> Rpc {
    Rpc::start(move |_, parameters| {
        let asked = keys(&parameters[0]);
        Ok(of_slot(vec![value.clone(); asked.len()].into()))
    })
}

async fn refusal(value: Value) -> ClientError {
    let read = giving(value).client().price_update(&key(50), Receiver::Pyth).await;
    read.expect_err("no price update")
}

#[tokio::test]
async fn an_update_is_read_as_the_program_reads_it() {
    let rpc = giving(account(&Receiver::PythPro.program(), &update()));
    let (update, account) = rpc.client().price_update(&key(50), Receiver::PythPro).await.unwrap();
    assert_eq!(
        (update.spot.price, update.spot.confidence, update.spot.exponent),
        (150, 1, -2)
    );
    assert_eq!((update.published.at, update.published.previous), (1_000, 999));
    assert_eq!((account.address, account.owner), (key(50), Receiver::PythPro.program()));
}

#[tokio::test]
async fn what_is_no_update_is_refused() {
    let receiver = Receiver::Pyth.program();
    let why = async |owner: &Pubkey, data: &[u8]| match refusal(account(owner, data)).await {
        ClientError::NoPriceUpdate { address, why } if address == key(50) => why,
        other => panic!("{other}"),
    };
    let edited = |place: usize, byte: u8| {
        let mut data = update();
        data[place] = byte;
        data
    };
    let other = Receiver::PythPro.program();
    assert!(why(&other, &update()).await.contains(&other.to_string()));
    assert!(why(&Pubkey::default(), &[]).await.contains("not the receiver"));
    for data in [
        Vec::new(),
        update()[..133].to_vec(),
        [update(), vec![0]].concat(),
        edited(0, 0),
        vec![0xff; 1 << 20],
    ] {
        assert!(
            why(&receiver, &data).await.starts_with("WrongPriceUpdate"),
            "{} bytes",
            data.len()
        );
    }
    for kind in [0, 2, 255] {
        assert!(why(&receiver, &edited(40, kind)).await.starts_with("PriceNotVerified"));
    }
}

#[tokio::test]
async fn what_is_no_account_is_refused() {
    assert!(matches!(
        refusal(Value::Null).await,
        ClientError::NotFound {
            what: "price update",
            ..
        }
    ));
    let mut garbled = account(&Receiver::Pyth.program(), &update());
    garbled["data"] = json!(["!!!", "base64"]);
    assert!(matches!(refusal(garbled).await, ClientError::Unreadable(_)));
    // Fewer accounts than were asked for.
    let rpc = Rpc::start(|_, _| Ok(of_slot(json!([]))));
    let error = rpc.client().price_update(&key(50), Receiver::Pyth).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreadable(_)), "{error}");
    let error = rpc.client().update_accounts(&[key(50), key(51)]).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreadable(_)), "{error}");
}
