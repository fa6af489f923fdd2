//! Which transactions are sent, and version 1 byte by byte.

use {
    super::{
        follow::tip,
        rpc::{Rpc, account, bytes, keys, of_slot},
        simulate::{blockhash, instruction, simulated},
    },
    earnout_sdk::{
        client::{Client, ClientError, FEATURES, Limits, Submission, VERSION_1_FEATURE, Versions, of_bytes, to_bytes},
        send::Version,
    },
    serde_json::{Value, json},
    solana_keypair::Keypair,
    solana_program::{hash::Hash, pubkey::Pubkey},
    solana_signature::Signature,
    solana_signer::{Signer, SignerError},
};

/// A feature that was activated, and one that was only asked for.
const ACTIVE: [u8; 9] = [1, 9, 0, 0, 0, 0, 0, 0, 0];
const REQUESTED: [u8; 9] = [0; 9];

/// What an endpoint answers to a simulation.
type Answer = Result<Value, (i64, &'static str)>;

/// The cluster's feature, and what the endpoint answers.
type Case = (Option<[u8; 9]>, fn() -> Answer);

/// An endpoint of a cluster whose feature has these bytes.
fn endpoint(feature: Option<[u8; 9]>, simulation: impl Fn() -> Answer + Send + 'static) -> Rpc {
    Rpc::start(move |method, parameters| match method {
        "getMultipleAccounts" => {
            assert_eq!(keys(&parameters[0]), [VERSION_1_FEATURE]);
            Ok(of_slot(json!([feature.map(|data| account(&FEATURES, &data))])))
        }
        "simulateTransaction" => simulation(),
        other => panic!("nobody should ask for {other}"),
    })
}

fn failed(error: &Value) -> Value {
    of_slot(json!({ "err": error, "logs": [], "accounts": null, "unitsConsumed": 0, "returnData": null }))
}

async fn version(client: &Client) -> Result<Version, ClientError> {
    let here = Keypair::new();
    client.version(&[&here]).await
}

/// Signs as a hardware wallet does: after somebody pressed a button.
struct Wallet(Keypair);

impl Signer for Wallet {
    fn try_pubkey(&self) -> Result<Pubkey, SignerError> {
        self.0.try_pubkey()
    }

    fn try_sign_message(&self, message: &[u8]) -> Result<Signature, SignerError> {
        self.0.try_sign_message(message)
    }

    fn is_interactive(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_cluster_that_has_version_1_is_asked_once() {
    // Who would pay for what is simulated does not exist.
    for error in [json!(null), json!("AccountNotFound"), json!("InvalidAccountForFee")] {
        let rpc = endpoint(Some(ACTIVE), move || Ok(failed(&error)));
        let client = rpc.client();
        for _ in 0..3 {
            assert_eq!(version(&client).await.unwrap(), Version::One);
        }
        assert_eq!(rpc.methods(), ["getMultipleAccounts", "simulateTransaction"]);
        // Nothing that is signed was shown to anybody.
        let shown = of_bytes(&bytes(&rpc.calls("simulateTransaction")[0][0])).unwrap();
        assert_eq!(shown.signatures, [Signature::default()]);
        assert_eq!(*shown.message.recent_blockhash(), Hash::default());
    }
}

#[tokio::test]
async fn g16_where_it_is_not_certain_version_0_is_sent() {
    let refused = || Err((-32602, "failed to deserialize VersionedTransaction: invalid value"));
    let cases: [Case; 6] = [
        (None, || panic!("the cluster does not have it")),
        (Some(REQUESTED), || panic!("it is not active yet")),
        (Some(ACTIVE), refused),
        (Some(ACTIVE), || Err((-32000, "something of this provider's own"))),
        (Some(ACTIVE), || Ok(failed(&json!("UnsupportedVersion")))),
        (Some(ACTIVE), || Ok(failed(&json!("SanitizeFailure")))),
    ];
    for (number, (feature, simulation)) in cases.into_iter().enumerate() {
        let rpc = endpoint(feature, simulation);
        let client = rpc.client();
        assert_eq!(version(&client).await.unwrap(), Version::Zero, "{number}");
        let asked = rpc.methods().len();
        // It may come.
        assert_eq!(version(&client).await.unwrap(), Version::Zero, "{number}");
        assert_eq!(rpc.methods().len(), asked * 2, "{number}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_away_is_an_error_and_no_answer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = version(&Client::new(url)).await.unwrap_err();
    assert!(matches!(error, ClientError::Rpc { .. }), "{error}");
}

#[tokio::test]
async fn a_hardware_wallet_and_the_user_decide_before_the_cluster() {
    let nobody = || Rpc::start(|method, _| panic!("nobody should ask for {method}"));
    let (here, wallet) = (Keypair::new(), Wallet(Keypair::new()));
    let both: [&dyn Signer; 2] = [&here, &wallet];
    assert_eq!(nobody().client().version(&both).await.unwrap(), Version::Zero);
    for wanted in [Version::Zero, Version::One] {
        let client = nobody().client().sending(Versions::Only(wanted));
        assert_eq!(version(&client).await.unwrap(), wanted);
    }
    let client = nobody().client().sending(Versions::Only(Version::One));
    let error = client.version(&both).await.unwrap_err();
    assert!(
        matches!(error, ClientError::OldSigner(key) if key == wallet.pubkey()),
        "{error}"
    );
}

/// Bytes in their order.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn number(&mut self, bytes: usize) -> u64 {
        let mut number = [0; 8];
        number[..bytes].copy_from_slice(self.take(bytes));
        u64::from_le_bytes(number)
    }
}

/// Sends an instruction in version 1, and reads what was sent as SIMD-0385 has it.
async fn limits_sent(unit_price: u64, loaded: Option<u32>) -> Vec<u64> {
    let payer = Keypair::new();
    let rpc = Rpc::start(move |method, parameters| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(7, 10),
            "simulateTransaction" => {
                let mut simulated = simulated(20_000);
                simulated["value"]["loadedAccountsDataSize"] = json!(loaded);
                simulated
            }
            "getEpochInfo" => tip(1, 5),
            "sendTransaction" => {
                let sent = of_bytes(&bytes(&parameters[0])).expect("a transaction");
                json!(sent.signatures[0].to_string())
            }
            _ => of_slot(
                json!([{ "slot": 7, "confirmations": 3, "err": null, "status": { "Ok": null }, "confirmationStatus": "confirmed" }]),
            ),
        })
    });
    let mut submission = Submission::new(vec![instruction(), instruction()], &payer);
    submission.version = Version::One;
    submission.unit_price = unit_price;
    rpc.client().send(&submission).await.unwrap();

    let wire = bytes(&rpc.calls("sendTransaction")[0][0]);
    let mut reader = Reader(&wire);
    assert_eq!(reader.byte(), 129, "version 1");
    // One signs and pays; the program is only read.
    assert_eq!(reader.take(3), [1, 0, 1]);
    let mask = reader.number(4);
    assert_eq!(reader.take(32), [7; 32], "the blockhash");
    let (instructions, addresses) = (reader.byte(), reader.byte());
    assert_eq!(
        (instructions, addresses),
        (2, 3),
        "no instructions of the compute budget"
    );
    let written = instruction().accounts[0].pubkey;
    for address in [payer.pubkey(), written, earnout_sdk::ID] {
        assert_eq!(reader.take(32), address.as_ref());
    }
    let mut values = vec![mask];
    if mask & 0b11 == 0b11 {
        values.push(reader.number(8));
    }
    values.extend((2..5).filter(|bit| mask & (1 << bit) != 0).map(|_| reader.number(4)));
    for _ in 0..instructions {
        assert_eq!(reader.take(4), [2, 1, 1, 0], "program, accounts, length of the data");
    }
    for _ in 0..instructions {
        assert_eq!(reader.take(2), [1, 1], "the account, the data");
    }
    let signed = &wire[..wire.len() - reader.0.len()];
    let signature = Signature::try_from(reader.take(64)).unwrap();
    assert!(signature.verify(payer.pubkey().as_ref(), signed));
    assert!(reader.0.is_empty(), "nothing follows");
    values
}

#[tokio::test]
async fn version_1_says_its_limits_in_the_message() {
    // A tenth and 1,000 more units than the simulation took, an eighth and 65,536 more bytes.
    let bytes = 800_000 + 100_000 + 65_536;
    assert_eq!(limits_sent(0, Some(800_000)).await, [0b1100, 23_000, bytes]);
    // 23,000 units at 5,001 millionths of a lamport each: 115.023 lamports, rounded up.
    assert_eq!(limits_sent(5_001, Some(800_000)).await, [0b1111, 116, 23_000, bytes]);
    // None would be zero: where nothing is known it is the most there is.
    assert_eq!(limits_sent(0, None).await, [0b1100, 23_000, 64 * 1024 * 1024]);
}

#[test]
fn several_who_build_a_message_of_version_1_apart_build_the_same() {
    let payer = Keypair::new();
    let mut submission = Submission::new(vec![instruction()], &payer);
    submission.version = Version::One;
    let message = |limits| submission.message(Hash::default(), limits).unwrap().serialize();
    assert_eq!(message(None), message(Some(Limits::MOST)));
}

#[test]
fn a_transaction_is_kept_and_read_as_it_travels() {
    use solana_transaction::versioned::VersionedTransaction;
    let payer = Keypair::new();
    for version in [Version::Zero, Version::One] {
        let mut submission = Submission::new(vec![instruction()], &payer);
        submission.version = version;
        let message = submission.message(Hash::default(), Some(Limits::MOST)).unwrap();
        let transaction = VersionedTransaction::try_new(message, &[&payer]).unwrap();
        let bytes = to_bytes(&transaction);
        assert_eq!(of_bytes(&bytes), Some(transaction));
        assert_eq!(of_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(of_bytes(&[&bytes[..], &[0]].concat()), None);
    }
    assert_eq!(of_bytes(&[]), None);
}
