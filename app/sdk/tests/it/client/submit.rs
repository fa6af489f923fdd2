use {
    super::{
        follow::tip,
        rpc::{Rpc, account, bytes, of_slot},
        simulate::{blockhash, failing, instruction, simulated},
        story::{key, transaction},
    },
    earnout_sdk::client::{ClientError, FailureReason, Lifetime, Submission},
    serde_json::{Value, json},
    solana_keypair::Keypair,
    solana_program::{
        hash::Hash,
        instruction::{AccountMeta, Instruction},
        pubkey::Pubkey,
    },
    solana_signature::Signature,
    solana_signer::Signer,
};

/// Instruction numbers of the compute budget program.
const SET_LIMIT: u8 = 2;
const SET_PRICE: u8 = 3;
const SET_DATA: u8 = 4;

/// The most that a transaction may load: where the simulation does not say how much it loaded.
fn any_data() -> Vec<u8> {
    [&[SET_DATA][..], &(64u32 * 1024 * 1024).to_le_bytes()].concat()
}

/// What a message does, as far as these tests look.
struct Sent {
    signature: Signature,
    blockhash: [u8; 32],
    /// Program and data of each instruction.
    instructions: Vec<(Pubkey, Vec<u8>)>,
}

/// Reads a transaction from the wire: signatures, the mark of version 0, header, keys, blockhash, instructions. All
/// lists here are shorter than 128, so every length is one byte.
fn read(wire: &[u8]) -> Sent {
    let signatures = usize::from(wire[0]);
    let signature = Signature::from(<[u8; 64]>::try_from(&wire[1..65]).unwrap());
    let message = &wire[1 + 64 * signatures..];
    assert_eq!(message[0], 0x80, "version 0");
    let count = usize::from(message[4]);
    let key = |index: u8| {
        let from = 5 + 32 * usize::from(index);
        Pubkey::new_from_array(message[from..from + 32].try_into().unwrap())
    };
    let rest = &message[5 + 32 * count..];
    let blockhash = rest[..32].try_into().unwrap();
    let mut instructions = Vec::new();
    let mut at = 33;
    for _ in 0..rest[32] {
        let program = key(rest[at]);
        let accounts = usize::from(rest[at + 1]);
        let length = usize::from(rest[at + 2 + accounts]);
        let data = at + 3 + accounts;
        instructions.push((program, rest[data..data + length].to_vec()));
        at = data + length;
    }
    Sent {
        signature,
        blockhash,
        instructions,
    }
}

fn sent(rpc: &Rpc) -> Vec<Sent> {
    let calls = rpc.calls("sendTransaction");
    calls.iter().map(|call| read(&bytes(&call[0]))).collect()
}

pub fn signature_of(wire: &Value) -> Value {
    json!(read(&bytes(wire)).signature.to_string())
}

fn executed(error: Value) -> Value {
    let status = match error.is_null() {
        true => json!({ "Ok": null }),
        false => json!({ "Err": error }),
    };
    of_slot(
        json!([{ "slot": 7, "confirmations": 3, "err": error, "status": status, "confirmationStatus": "confirmed" }]),
    )
}

/// The newest blocks of a chain: the last in which a transaction for block 10 counts, then one by which that is over.
#[derive(Default)]
struct Blocks(bool);

impl Blocks {
    fn next(&mut self) -> Value {
        match std::mem::replace(&mut self.0, true) {
            false => tip(1, 10),
            true => tip(40, 43),
        }
    }
}

fn not_yet() -> Value {
    json!({ "context": { "slot": 50, "apiVersion": "4.2.2" }, "value": [null] })
}

#[tokio::test]
async fn limit_and_price_come_before_what_they_are_for() {
    let payer = Keypair::new();
    let rpc = Rpc::start(|method, parameters| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            "simulateTransaction" => simulated(20_000),
            "sendTransaction" => signature_of(&parameters[0]),
            "getEpochInfo" => tip(1, 5),
            _ => executed(Value::Null),
        })
    });
    let mut submission = Submission::new(vec![instruction()], &payer);
    submission.unit_price = 5_000;
    let receipt = rpc.client().send(&submission).await.unwrap();
    assert_eq!((receipt.slot, receipt.compute_units), (7, 20_000));
    let sent = sent(&rpc);
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].signature, sent[0].blockhash), (receipt.signature, [1; 32]));
    // A tenth and 1,000 more than the simulation took.
    let limit = [&[SET_LIMIT][..], &23_000u32.to_le_bytes()].concat();
    let price = [&[SET_PRICE][..], &5_000u64.to_le_bytes()].concat();
    let data: Vec<_> = sent[0].instructions.iter().map(|(_, data)| data.clone()).collect();
    assert_eq!(data, [limit, any_data(), price, vec![1]]);
    assert_eq!(sent[0].instructions[3].0, earnout_sdk::ID);
    let options = &rpc.calls("sendTransaction")[0][1];
    assert_eq!(
        (&options["skipPreflight"], &options["maxRetries"]),
        (&json!(true), &json!(0))
    );
}

#[tokio::test]
async fn without_a_price_there_is_none_and_a_given_limit_needs_no_simulation() {
    let payer = Keypair::new();
    let rpc = Rpc::start(|method, parameters| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            "sendTransaction" => signature_of(&parameters[0]),
            "getEpochInfo" => tip(1, 5),
            "getSignatureStatuses" => executed(Value::Null),
            other => panic!("nobody should ask for {other}"),
        })
    });
    let mut submission = Submission::new(vec![instruction()], &payer);
    submission.unit_limit = Some(77);
    assert_eq!(rpc.client().send(&submission).await.unwrap().compute_units, 0);
    let data: Vec<_> = sent(&rpc)[0]
        .instructions
        .iter()
        .map(|(_, data)| data.clone())
        .collect();
    assert_eq!(
        data,
        [[&[SET_LIMIT][..], &77u32.to_le_bytes()].concat(), any_data(), vec![1]]
    );
}

#[tokio::test]
async fn what_the_simulation_loaded_is_what_the_transaction_may_load_and_an_eighth_more() {
    let payer = Keypair::new();
    let rpc = Rpc::start(|method, parameters| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            "simulateTransaction" => {
                let mut simulated = simulated(20_000);
                simulated["value"]["loadedAccountsDataSize"] = json!(800_000);
                simulated
            }
            "sendTransaction" => signature_of(&parameters[0]),
            "getEpochInfo" => tip(1, 5),
            _ => executed(Value::Null),
        })
    });
    rpc.client()
        .send(&Submission::new(vec![instruction()], &payer))
        .await
        .unwrap();
    let data = &sent(&rpc)[0].instructions[1].1;
    assert_eq!(
        data[..],
        [&[SET_DATA][..], &(800_000u32 + 100_000 + 65_536).to_le_bytes()].concat()
    );
}

#[tokio::test]
async fn what_would_fail_is_not_sent() {
    let payer = Keypair::new();
    let rpc = Rpc::start(|method, _| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            "simulateTransaction" => failing(6_000),
            other => panic!("nobody should ask for {other}"),
        })
    });
    let error = rpc
        .client()
        .send(&Submission::new(vec![instruction()], &payer))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::WouldFail(_)), "{error}");
}

#[tokio::test]
async fn g16_that_nothing_happened_is_said_after_a_search_and_nothing_is_signed_anew() {
    let payer = Keypair::new();
    let mut blocks = Blocks::default();
    let rpc = Rpc::start(move |method, parameters| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            "simulateTransaction" => simulated(1_000),
            "sendTransaction" => signature_of(&parameters[0]),
            "getEpochInfo" => blocks.next(),
            "getTransaction" => Value::Null,
            _ => not_yet(),
        })
    });
    let error = rpc
        .client()
        .send(&Submission::new(vec![instruction()], &payer))
        .await
        .unwrap_err();
    let sent = sent(&rpc);
    assert_eq!(sent.len(), 1);
    assert!(
        matches!(error, ClientError::Expired(signature) if signature == sent[0].signature),
        "{error}"
    );
    assert!(error.to_string().contains("nothing happened"), "{error}");
    // The height comes before the search, which only so can be the newer answer.
    let order = rpc.methods();
    assert_eq!(
        order[order.len() - 3..],
        ["getEpochInfo", "getSignatureStatuses", "getTransaction"]
    );
    let search = &rpc.calls("getSignatureStatuses")[0];
    assert_eq!(search[1]["searchTransactionHistory"], true);
}

#[tokio::test]
async fn a_given_blockhash_is_never_replaced() {
    let payer = Keypair::new();
    let mut blocks = Blocks::default();
    let rpc = Rpc::start(move |method, parameters| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            "simulateTransaction" => simulated(1_000),
            "sendTransaction" => signature_of(&parameters[0]),
            "getEpochInfo" => blocks.next(),
            "getTransaction" => Value::Null,
            _ => not_yet(),
        })
    });
    let mut submission = Submission::new(vec![instruction()], &payer);
    submission.lifetime = Lifetime::Blockhash(Hash::new_from_array([9; 32]));
    let error = rpc.client().send(&submission).await.unwrap_err();
    assert!(matches!(error, ClientError::Expired(_)), "{error}");
    assert_eq!(sent(&rpc).iter().map(|sent| sent.blockhash[0]).collect::<Vec<_>>(), [9]);
}

#[tokio::test]
async fn a_transaction_that_was_dropped_is_sent_again_as_it_is() {
    let payer = Keypair::new();
    let mut looks = 0;
    let rpc = Rpc::start(move |method, parameters| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 1_000),
            "simulateTransaction" => simulated(1_000),
            "sendTransaction" => signature_of(&parameters[0]),
            "getEpochInfo" => tip(1, 43),
            _ => {
                looks += 1;
                match looks {
                    1..=6 => not_yet(),
                    _ => executed(Value::Null),
                }
            }
        })
    });
    let receipt = rpc
        .client()
        .send(&Submission::new(vec![instruction()], &payer))
        .await
        .unwrap();
    let sent = sent(&rpc);
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|sent| sent.signature == receipt.signature));
}

#[tokio::test]
async fn an_executed_failure_has_signature_reason_and_logs() {
    let payer = Keypair::new();
    let rpc = Rpc::start(|method, parameters| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            "simulateTransaction" => simulated(1_000),
            "sendTransaction" => signature_of(&parameters[0]),
            "getTransaction" => {
                let mut answer = transaction(&[&super::story::events()[0]]);
                answer["meta"]["err"] = json!({ "InstructionError": [2, { "Custom": 6_000 }] });
                answer
            }
            "getEpochInfo" => tip(1, 5),
            _ => executed(json!({ "InstructionError": [2, { "Custom": 6_000 }] })),
        })
    });
    let error = rpc
        .client()
        .send(&Submission::new(vec![instruction()], &payer))
        .await
        .unwrap_err();
    let ClientError::Failed { signature, failure } = error else {
        panic!("{error}");
    };
    assert_eq!(signature, sent(&rpc)[0].signature);
    assert_eq!((failure.instruction, failure.logs.len()), (Some(2), 2));
    assert!(matches!(&failure.reason, FailureReason::Program(named) if named.name == "Overflow"));
}

#[tokio::test]
async fn a_nonce_is_advanced_first_and_does_not_expire() {
    let (payer, nonce) = (Keypair::new(), key(40));
    let authority = payer.pubkey();
    let rpc = Rpc::start(move |method, parameters| {
        Ok(match method {
            "getMultipleAccounts" | "getAccountInfo" => {
                let mut data = vec![1, 0, 0, 0, 1, 0, 0, 0];
                data.extend(authority.as_ref());
                data.extend([6; 32]);
                data.extend([0; 8]);
                let nonce = account(&Pubkey::default(), &data);
                of_slot(match method {
                    "getAccountInfo" => nonce,
                    _ => json!([nonce]),
                })
            }
            "simulateTransaction" => simulated(1_000),
            "sendTransaction" => signature_of(&parameters[0]),
            "getSignatureStatuses" => executed(Value::Null),
            other => panic!("nobody should ask for {other}"),
        })
    });
    let mut submission = Submission::new(vec![instruction()], &payer);
    submission.lifetime = Lifetime::Nonce {
        account: nonce,
        authority,
    };
    rpc.client().send(&submission).await.unwrap();
    let sent = sent(&rpc);
    assert_eq!(sent[0].blockhash, [6; 32]);
    // `AdvanceNonceAccount` is number 4 of the System Program.
    assert_eq!(sent[0].instructions[0], (Pubkey::default(), vec![4, 0, 0, 0]));
    assert_eq!(sent[0].instructions[1].1[0], SET_LIMIT);
}

#[tokio::test]
async fn a_missing_signer_is_said_before_anything_is_sent() {
    let payer = Keypair::new();
    let rpc = Rpc::start(|method, _| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            "simulateTransaction" => simulated(1_000),
            other => panic!("nobody should ask for {other}"),
        })
    });
    let signed = Instruction {
        accounts: vec![AccountMeta::new_readonly(key(60), true)],
        ..instruction()
    };
    let error = rpc
        .client()
        .send(&Submission::new(vec![signed], &payer))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Signing(_)), "{error}");
}
