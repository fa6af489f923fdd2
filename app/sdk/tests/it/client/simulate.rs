use {
    super::{
        rpc::{Rpc, account, bytes, keys, of_slot},
        story::key,
    },
    earnout_sdk::client::{ClientError, FailureReason, Submission},
    serde_json::{Value, json},
    solana_keypair::Keypair,
    solana_program::{
        hash::Hash,
        instruction::{AccountMeta, Instruction},
    },
    solana_signer::Signer,
};

/// An instruction of the program that writes an account; what it is does not matter here.
pub fn instruction() -> Instruction {
    Instruction {
        program_id: earnout_sdk::ID,
        accounts: vec![AccountMeta::new(key(30), false)],
        data: vec![1],
    }
}

/// The newest blockhash, good until this block.
pub fn blockhash(number: u8, last: u64) -> Value {
    of_slot(json!({ "blockhash": Hash::new_from_array([number; 32]).to_string(), "lastValidBlockHeight": last }))
}

/// A simulation that took so many units.
pub fn simulated(units: u64) -> Value {
    of_slot(
        json!({ "err": null, "logs": ["Program log: fine"], "accounts": null, "unitsConsumed": units, "returnData": null }),
    )
}

/// A simulation in which instruction 1 failed with this number of the program.
pub fn failing(code: u32) -> Value {
    let program = earnout_sdk::ID;
    of_slot(json!({
        "err": { "InstructionError": [1, { "Custom": code }] },
        "logs": [format!("Program {program} failed: custom program error: {code:#x}")],
        "accounts": null,
        "unitsConsumed": 5,
        "returnData": null,
    }))
}

#[tokio::test]
async fn what_would_change_is_told_and_nobody_signs() {
    let payer = Keypair::new();
    let paying = payer.pubkey();
    let rpc = Rpc::start(move |method, parameters| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            "getFeeForMessage" => of_slot(json!(5_000)),
            "getMultipleAccounts" => {
                let found = keys(&parameters[0]).into_iter();
                of_slot(
                    found
                        .map(|address| (address == paying).then(|| account(&key(0), &[])))
                        .collect(),
                )
            }
            "simulateTransaction" => of_slot(json!({
                "err": null,
                "logs": ["Program log: fine"],
                "accounts": [account(&key(0), &[]), account(&earnout_sdk::ID, &[1, 2])],
                "unitsConsumed": 4_321,
                "returnData": null,
            })),
            other => panic!("nobody should ask for {other}"),
        })
    });
    let submission = Submission::new(vec![instruction()], &payer);
    let told = rpc.client().simulate(&submission).await.unwrap();
    assert_eq!(
        (told.compute_units, told.fee, told.logs.as_slice()),
        (4_321, 5_000, &["Program log: fine".to_owned()][..])
    );
    let changed: Vec<_> = told.accounts.iter().map(|changed| changed.address).collect();
    assert_eq!(changed, [payer.pubkey(), key(30)]);
    assert_eq!(told.accounts[1].before, None);
    assert_eq!(
        told.accounts[1].after.as_ref().map(|account| account.data.clone()),
        Some(vec![1, 2])
    );
    let call = &rpc.calls("simulateTransaction")[0];
    assert_eq!(
        (&call[1]["sigVerify"], &call[1]["replaceRecentBlockhash"]),
        (&json!(false), &json!(true))
    );
    // One signature, empty.
    assert_eq!(bytes(&call[0])[..65], [[1].as_slice(), &[0; 64]].concat());
    assert!(!rpc.methods().contains(&"sendTransaction".to_owned()));
}

#[tokio::test]
async fn a_failure_has_the_programs_own_words() {
    let payer = Keypair::new();
    let rpc = Rpc::start(|method, _| {
        Ok(match method {
            "getLatestBlockhash" => blockhash(1, 10),
            _ => failing(6_000),
        })
    });
    let submission = Submission::new(vec![instruction()], &payer);
    let error = rpc.client().prepare(&submission).await.unwrap_err();
    let ClientError::WouldFail(failure) = error else {
        panic!("{error}");
    };
    let FailureReason::Program(named) = &failure.reason else {
        panic!("{failure}");
    };
    assert_eq!((failure.instruction, named.name.as_str()), (Some(1), "Overflow"));
    assert!(failure.logs[0].contains("failed"));
}
