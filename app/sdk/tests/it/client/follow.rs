//! The follower of signed transactions: the cases that it shares with the web app's, and the driver on lying endpoints.

use {
    super::{
        rpc::{Rpc, account, of_slot},
        simulate::{blockhash, instruction, simulated},
        story::{self, key},
        submit::signature_of,
    },
    earnout_sdk::client::{
        Client, ClientError, Confirmed, Ending, Failure, FailureReason, Follower, Life, Lifetime, Policy, Sighting,
        Submission, Tip,
    },
    serde_json::{Value, json},
    solana_commitment_config::CommitmentConfig,
    solana_keypair::Keypair,
    solana_program::{hash::Hash, pubkey::Pubkey},
    solana_signature::Signature,
    solana_signer::Signer,
    solana_transaction_error::TransactionError,
    std::time::Duration,
};

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn time(value: &Value) -> Duration {
    Duration::from_millis(number(value))
}

/// The nonces `A` and `B` of the cases.
fn nonce(name: &Value) -> Option<Hash> {
    name.as_str().map(|name| Hash::new_from_array([name.as_bytes()[0]; 32]))
}

fn sighting(name: &str) -> Sighting {
    match name {
        "nothing" => Sighting::Nothing,
        "seen" => Sighting::Seen,
        "executed" => Sighting::Executed(Confirmed {
            signature: Signature::default(),
            slot: 7,
        }),
        "failed" => {
            let reason = FailureReason::Runtime(TransactionError::InsufficientFundsForFee);
            Sighting::Failed(Box::new(Failure {
                instruction: None,
                reason,
                logs: Vec::new(),
            }))
        }
        other => panic!("{other}"),
    }
}

fn name(ending: &Ending) -> &'static str {
    match ending {
        Ending::Executed(_) => "executed",
        Ending::Failed(_) => "failed",
        Ending::Expired => "expired",
        Ending::Unknown(_) => "unknown",
    }
}

/// What the case's steps lead to; each question in between has its answer.
fn play(case: &Value, policy: Policy) -> Option<&'static str> {
    let life = match &case["life"] {
        life if life["blocks"].is_u64() => Life::Blocks(number(&life["blocks"])),
        life => Life::Nonce {
            account: key(40),
            value: nonce(&life["nonce"]).unwrap(),
        },
    };
    let mut follower = Follower::new(life, case["notAfter"].as_i64(), policy, Duration::ZERO);
    let mut ending: Option<Ending> = None;
    for step in case["steps"].as_array().unwrap() {
        assert!(ending.is_none(), "{}: it ended before {step}", case["name"]);
        let at = time(&step["at"]);
        match step["ask"].as_str() {
            Some("isToPost") => assert_eq!(follower.is_to_post(at), step["answer"], "{}: {step}", case["name"]),
            Some("isToSearch") => assert_eq!(follower.is_to_search(), step["answer"], "{}: {step}", case["name"]),
            Some(other) => panic!("{other}"),
            None => match step["tell"].as_str().unwrap() {
                "tip" => follower.tip(
                    Tip {
                        slot: number(&step["slot"]),
                        height: number(&step["height"]),
                    },
                    at,
                ),
                "nonce" => follower.nonce(number(&step["slot"]), nonce(&step["held"]), at),
                "clock" => follower.clock(number(&step["slot"]), step["time"].as_i64().unwrap(), at),
                "posted" => {
                    follower.posted(at);
                }
                "trouble" => ending = follower.trouble(step["why"].as_str().unwrap().to_owned(), at),
                "sighting" => {
                    let searched = step["searched"].as_bool().unwrap();
                    let found = sighting(step["found"].as_str().unwrap());
                    ending = follower.sighting(number(&step["slot"]), searched, &found, at);
                }
                other => panic!("{other}"),
            },
        }
    }
    ending.as_ref().map(name)
}

#[test]
fn g16_every_case_of_the_follower_ends_as_its_twin_in_the_web_app_does() {
    let vectors: Value = serde_json::from_str(include_str!("../../../../web/test/vectors/follower.json")).unwrap();
    let policy = &vectors["policy"];
    let policy = Policy {
        poll: time(&policy["poll"]),
        resend: time(&policy["resend"]),
        margin: number(&policy["margin"]),
        patience: time(&policy["patience"]),
        longest: time(&policy["longest"]),
    };
    assert_eq!(policy, Policy::default(), "the vectors are for the policy that is used");
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 45, "{}", cases.len());
    for case in cases {
        assert_eq!(play(case, policy), case["ending"].as_str(), "{}", case["name"]);
    }
}

/// A policy under which a test does not wait.
fn quick() -> Policy {
    Policy {
        poll: Duration::from_millis(5),
        resend: Duration::from_millis(20),
        patience: Duration::from_millis(300),
        longest: Duration::from_millis(1_500),
        ..Policy::default()
    }
}

fn client(rpc: &Rpc) -> Client {
    rpc.client().following(quick())
}

/// An endpoint that takes everything, and answers the questions about what was sent as `answer` does.
fn endpoint(mut answer: impl FnMut(&str, &Value) -> Result<Value, (i64, &'static str)> + Send + 'static) -> Rpc {
    let (mut hashes, mut is_signed) = (0, false);
    Rpc::start(move |method, parameters| match method {
        "getLatestBlockhash" => {
            hashes += 1;
            Ok(blockhash(hashes, 100))
        }
        // The newest block when the transaction was signed.
        "getEpochInfo" if !is_signed => {
            is_signed = true;
            Ok(tip(1_000, 40))
        }
        "simulateTransaction" => Ok(simulated(1_000)),
        "sendTransaction" => Ok(signature_of(&parameters[0])),
        other => answer(other, parameters),
    })
}

/// The newest block, as `getEpochInfo` has it.
pub fn tip(slot: u64, height: u64) -> Value {
    json!({ "absoluteSlot": slot, "blockHeight": height, "epoch": 1, "slotIndex": 1, "slotsInEpoch": 432_000, "transactionCount": 1 })
}

/// One answer about the state of one transaction, by a node that knows up to `slot`.
pub fn status(slot: u64, commitment: Option<&str>) -> Value {
    let status = commitment.map(|commitment| {
        json!({ "slot": 7, "confirmations": 3, "err": null, "status": { "Ok": null }, "confirmationStatus": commitment })
    });
    json!({ "context": { "slot": slot, "apiVersion": "4.2.2" }, "value": [status] })
}

async fn sent(rpc: &Rpc) -> ClientError {
    let payer = Keypair::new();
    let submission = Submission::new(vec![instruction()], &payer);
    client(rpc).send(&submission).await.unwrap_err()
}

#[tokio::test]
async fn g16_a_status_pinned_at_processed_is_an_unknown_outcome_and_one_signature() {
    let rpc = endpoint(|method, _| {
        Ok(match method {
            "getEpochInfo" => tip(2_000, 1_000),
            "getSignatureStatuses" => status(2_000, Some("processed")),
            other => panic!("{other}"),
        })
    });
    let error = sent(&rpc).await;
    assert!(matches!(error, ClientError::Unknown { .. }), "{error}");
    let different: std::collections::BTreeSet<_> = rpc
        .calls("sendTransaction")
        .iter()
        .map(|call| call[0].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(different.len(), 1);
}

/// Single answers about the newest block that are wrong: the transaction can still be executed, and nothing else may be
/// said.
#[tokio::test]
async fn g16_a_wrong_block_height_proves_nothing() {
    for wrong in [tip(1_001, 100_040), tip(200_000, 100_040), tip(1_001, u64::MAX)] {
        let mut looks = 0;
        let rpc = endpoint(move |method, _| {
            Ok(match method {
                "getEpochInfo" => {
                    looks += 1;
                    if looks % 3 == 1 { wrong.clone() } else { tip(1_002, 41) }
                }
                "getSignatureStatuses" => status(1_003, None),
                "getTransaction" => Value::Null,
                other => panic!("{other}"),
            })
        });
        let error = sent(&rpc).await;
        assert!(matches!(error, ClientError::Unknown { .. }), "{error}");
    }
}

#[tokio::test]
async fn g16_nothing_is_signed_for_a_blockhash_that_is_over() {
    let rpc = Rpc::start(|method, _| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 1),
            "simulateTransaction" => simulated(1_000),
            "getEpochInfo" => tip(1_000, 900),
            other => panic!("{other}"),
        })
    });
    let error = sent(&rpc).await;
    assert!(matches!(error, ClientError::Contradiction(_)), "{error}");
}

#[tokio::test]
async fn g16_a_failure_that_the_transaction_denies_is_not_told() {
    let failed = json!({ "slot": 7, "confirmations": null, "err": { "InstructionError": [0, { "Custom": 1 }] },
        "status": { "Err": { "InstructionError": [0, { "Custom": 1 }] } }, "confirmationStatus": "confirmed" });
    let rpc = endpoint(move |method, _| {
        Ok(match method {
            "getEpochInfo" => tip(1_001, 41),
            "getSignatureStatuses" => json!({ "context": { "slot": 1_001, "apiVersion": "4.2.2" }, "value": [failed] }),
            "getTransaction" => story::transaction(&[&story::events()[0]]),
            other => panic!("{other}"),
        })
    });
    let error = sent(&rpc).await;
    assert!(matches!(error, ClientError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn g16_lagging_answers_prove_nothing() {
    // The height passed at slot 2,000; the statuses are of a node at 1,999.
    let rpc = endpoint(|method, _| {
        Ok(match method {
            "getEpochInfo" => tip(2_000, 1_000),
            "getSignatureStatuses" => status(1_999, None),
            "getTransaction" => Value::Null,
            other => panic!("{other}"),
        })
    });
    let error = sent(&rpc).await;
    let ClientError::Unknown { why, .. } = &error else {
        panic!("{error}");
    };
    assert!(why.contains("no answer of the endpoint is new enough"), "{why}");
    assert_eq!(rpc.calls("getLatestBlockhash").len(), 1, "nothing was signed anew");
}

#[tokio::test]
async fn g16_a_transaction_that_is_stored_without_a_status_is_not_expired() {
    let rpc = endpoint(|method, _| {
        Ok(match method {
            "getEpochInfo" => tip(2_000, 1_000),
            "getSignatureStatuses" => status(2_000, None),
            "getTransaction" => json!({ "slot": 7 }),
            other => panic!("{other}"),
        })
    });
    let error = sent(&rpc).await;
    assert!(matches!(error, ClientError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn g16_a_lost_answer_to_the_sending_is_no_failure() {
    let mut looks = 0;
    let rpc = Rpc::start(move |method, _| match method {
        "getLatestBlockhash" => Ok(blockhash(1, 100)),
        "simulateTransaction" => Ok(simulated(1_000)),
        "sendTransaction" => Err((-32_005, "the node is behind")),
        "getEpochInfo" => Ok(tip(50, 40)),
        "getSignatureStatuses" => {
            looks += 1;
            Ok(status(50, (looks > 3).then_some("confirmed")))
        }
        other => panic!("{other}"),
    });
    let payer = Keypair::new();
    let submission = Submission::new(vec![instruction()], &payer);
    assert_eq!(client(&rpc).send(&submission).await.unwrap().slot, 7);
}

#[tokio::test]
async fn g16_an_endpoint_that_falls_silent_leaves_the_outcome_unknown_with_its_reason() {
    let rpc = endpoint(|method, _| match method {
        "getEpochInfo" => Ok(tip(50, 40)),
        _ => Err((-32_000, "out of order")),
    });
    let error = sent(&rpc).await;
    let ClientError::Unknown { why, .. } = &error else {
        panic!("{error}");
    };
    assert!(why.contains("out of order"), "{why}");
}

/// A nonce account as the system program keeps it.
fn nonce_account(authority: &Pubkey, value: u8) -> Value {
    let mut data = vec![1, 0, 0, 0, 1, 0, 0, 0];
    data.extend(authority.as_ref());
    data.extend([value; 32]);
    data.extend([0; 8]);
    account(&Pubkey::default(), &data)
}

#[tokio::test]
async fn g16_while_the_nonce_is_held_the_outcome_stays_open_and_once_it_advanced_it_expired() {
    for (advances, expired) in [(false, false), (true, true)] {
        let payer = Keypair::new();
        let authority = payer.pubkey();
        let mut looks = 0;
        let rpc = endpoint(move |method, _| {
            Ok(match method {
                "getMultipleAccounts" => of_slot(json!([nonce_account(&authority, 6)])),
                "getAccountInfo" => {
                    looks += 1;
                    let value = if advances && looks > 3 { 7 } else { 6 };
                    json!({ "context": { "slot": 600, "apiVersion": "4.2.2" }, "value": nonce_account(&authority, value) })
                }
                "getSignatureStatuses" => status(600, None),
                "getTransaction" => Value::Null,
                other => panic!("{other}"),
            })
        });
        let mut submission = Submission::new(vec![instruction()], &payer);
        submission.lifetime = Lifetime::Nonce {
            account: key(40),
            authority,
        };
        let error = client(&rpc).send(&submission).await.unwrap_err();
        assert_eq!(matches!(error, ClientError::Expired(_)), expired, "{error}");
        assert_eq!(matches!(error, ClientError::Unknown { .. }), !expired, "{error}");
        let different: std::collections::BTreeSet<_> = rpc
            .calls("sendTransaction")
            .iter()
            .map(|call| call[0].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(different.len(), 1, "only one on the same nonce");
    }
}

#[tokio::test]
async fn g16_a_commitment_of_processed_takes_its_proof_from_what_is_confirmed() {
    let rpc = endpoint(|method, parameters| {
        Ok(match method {
            "getEpochInfo" => {
                assert_eq!(parameters[0]["commitment"], "confirmed");
                tip(2_000, 1_000)
            }
            "getSignatureStatuses" => status(2_000, None),
            "getTransaction" => {
                assert_eq!(parameters[1]["commitment"], "confirmed");
                Value::Null
            }
            other => panic!("{other}"),
        })
    });
    let payer = Keypair::new();
    let submission = Submission::new(vec![instruction()], &payer);
    let client = Client::with_commitment(rpc.url(), CommitmentConfig::processed()).following(quick());
    let error = client.send(&submission).await.unwrap_err();
    assert!(matches!(error, ClientError::Expired(_)), "{error}");
}
