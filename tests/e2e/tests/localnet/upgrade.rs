//! The program is upgraded as on any cluster: a buffer is written, and the upgradeable loader takes it over.

use {
    earnout_e2e::{Chain, program_file, sign_with},
    earnout_sdk::wire::instructions,
    serde_json::json,
    solana_keypair::Keypair,
    solana_loader_v3_interface::{get_program_data_address, instruction as loader, state::UpgradeableLoaderState},
    solana_program::pubkey::Pubkey,
    solana_rpc_client_api::config::RpcSendTransactionConfig,
    solana_signature::Signature,
    solana_signer::Signer,
    std::fs,
};

/// What a transaction has room for.
const CHUNK: usize = 900;

const OLD: &[u8] = b"Instruction: SetClaimLock";
const NEW: &[u8] = b"Instruction: setCLAIMlock";

/// The program with another word in its log.
fn changed_program() -> Vec<u8> {
    let mut program = fs::read(program_file()).unwrap();
    let places: Vec<_> = (0..program.len() - OLD.len())
        .filter(|at| program[*at..].starts_with(OLD))
        .collect();
    assert_eq!(places.len(), 1);
    program[places[0]..places[0] + NEW.len()].copy_from_slice(NEW);
    program
}

async fn logs(chain: &Chain, signature: &Signature) -> String {
    let config = json!({ "encoding": "json", "commitment": "confirmed", "maxSupportedTransactionVersion": 0 });
    let transaction = chain
        .ask("getTransaction", json!([signature.to_string(), config]))
        .await;
    transaction["meta"]["logMessages"].to_string()
}

/// Authority and slot of the deployed program.
async fn deployment(chain: &Chain) -> (Option<Pubkey>, u64) {
    let found = chain.account(&get_program_data_address(&earnout::ID)).await;
    let slot = u64::from_le_bytes(found[4..12].try_into().unwrap());
    let authority = (found[12] == 1).then(|| Pubkey::try_from(&found[13..45]).unwrap());
    (authority, slot)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upgrade_authority_replaces_the_program() {
    let chain = Chain::start(&["--demo", "--slot-ms", "50"]);
    let [payer, authority, beneficiary, stranger] =
        ["payer", "upgrade-authority", "beneficiary-1", "authority"].map(|name| chain.key(name));
    let (plan, grant) = (chain.demo_address("plan"), chain.demo_grant(0));
    let lock = |locked| {
        [instructions::set_claim_lock(
            &beneficiary.pubkey(),
            &plan,
            &grant,
            locked,
        )]
    };
    let signers = [&payer, &beneficiary];

    let account = chain
        .ask(
            "getAccountInfo",
            json!([earnout::ID.to_string(), { "encoding": "base64" }]),
        )
        .await;
    assert_eq!(account["value"]["owner"], "BPFLoaderUpgradeab1e11111111111111111111111");
    assert_eq!(account["value"]["executable"], true);
    let (of_chain, deployed_at) = deployment(&chain).await;
    assert_eq!(of_chain, Some(authority.pubkey()));
    let stored = chain.account(&get_program_data_address(&earnout::ID)).await;
    let metadata = UpgradeableLoaderState::size_of_programdata_metadata();
    assert!(stored[metadata..] == fs::read(program_file()).unwrap());
    let sent = chain.send(&lock(true), &signers).await;
    assert!(logs(&chain, &sent).await.contains("SetClaimLock"));

    // A buffer with the new program, whose authority is the program's.
    let program = changed_program();
    let buffer = Keypair::new();
    let space = UpgradeableLoaderState::size_of_buffer(program.len());
    let rent = chain.rpc.get_minimum_balance_for_rent_exemption(space).await.unwrap();
    let create = loader::create_buffer(
        &payer.pubkey(),
        &buffer.pubkey(),
        &authority.pubkey(),
        rent,
        program.len(),
    );
    chain.send(&create.unwrap(), &[&payer, &buffer]).await;
    let mut last = None;
    for (chunk, bytes) in (0u32..).zip(program.chunks(CHUNK)) {
        let offset = chunk * u32::try_from(CHUNK).unwrap();
        let write = loader::write(&buffer.pubkey(), &authority.pubkey(), offset, bytes.to_vec());
        let blockhash = chain.rpc.get_latest_blockhash().await.unwrap();
        let transaction = sign_with(&[write], &[&payer, &authority], blockhash);
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            ..RpcSendTransactionConfig::default()
        };
        last = Some(
            chain
                .rpc
                .send_transaction_with_config(&transaction, config)
                .await
                .unwrap(),
        );
    }
    chain.confirmed(&last.unwrap()).await;
    assert!(chain.account(&buffer.pubkey()).await[UpgradeableLoaderState::size_of_buffer_metadata()..] == program);

    // Nobody else can use it.
    let upgrade = |authority: &Keypair| {
        [loader::upgrade(
            &earnout::ID,
            &buffer.pubkey(),
            &authority.pubkey(),
            &payer.pubkey(),
        )]
    };
    let wrong = chain.sign(&upgrade(&stranger), &[&payer, &stranger]).await;
    let error = chain.rpc.send_transaction(&wrong).await.unwrap_err();
    assert!(
        error.to_string().contains("incorrect authority") || error.to_string().contains("Incorrect authority"),
        "{error}"
    );
    assert_eq!(deployment(&chain).await, (Some(authority.pubkey()), deployed_at));

    chain.send(&upgrade(&authority), &[&payer, &authority]).await;
    let (of_chain, upgraded_at) = deployment(&chain).await;
    assert_eq!(of_chain, Some(authority.pubkey()));
    assert!(upgraded_at > deployed_at);
    let sent = chain.send(&lock(false), &signers).await;
    assert!(logs(&chain, &sent).await.contains("setCLAIMlock"));
    // And it stays when time passes.
    chain.warp("90d");
    let sent = chain.send(&lock(true), &signers).await;
    assert!(logs(&chain, &sent).await.contains("setCLAIMlock"));
}
