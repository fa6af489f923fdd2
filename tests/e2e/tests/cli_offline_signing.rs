//! Transactions of which several people sign the same bytes, of which a multisig signs, and which nobody signs: sign
//! only and combine, durable nonces, export for a Squads vault, dry run.

use {
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout_e2e::{Chain, Earnout, Finished},
    earnout_sdk::wire::{
        instructions::{self, PlanToken},
        pda,
    },
    serde_json::Value,
    solana_message::{VersionedMessage, compiled_instruction::CompiledInstruction},
    solana_program::{
        hash::Hash,
        instruction::{AccountMeta, Instruction},
        pubkey::Pubkey,
        rent::Rent,
    },
    solana_signer::Signer,
    solana_system_interface::instruction as system,
    solana_transaction::versioned::VersionedTransaction,
    std::net::TcpListener,
};

/// Lamports for a signature.
const SIGNATURE_FEE: u64 = 5_000;

/// A chain with the demo plan, somebody at a machine with a connection, and somebody at one without.
struct World {
    chain: Chain,
    online: Earnout,
    offline: Earnout,
    closed: String,
    plan: Pubkey,
}

impl World {
    fn new() -> Self {
        let chain = Chain::start(&["--demo"]);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self {
            online: Earnout::on(&chain),
            offline: Earnout::unconfigured(),
            closed: format!("http://{}", listener.local_addr().expect("an address")),
            plan: chain.demo_address("plan"),
            chain,
        }
    }

    fn key(&self, name: &str) -> String {
        self.chain.key_file(name).display().to_string()
    }

    fn pubkey(&self, name: &str) -> Pubkey {
        self.chain.key(name).pubkey()
    }

    fn token(&self) -> PlanToken {
        PlanToken {
            plan: self.plan,
            mint: self.chain.demo_address("mint"),
            token_program: self.chain.demo_address("tokenProgram"),
        }
    }

    /// What `plan fund` of the authority's tokens is to consist of.
    fn fund(&self, amount: u64) -> Instruction {
        let source = self.chain.demo_address("source");
        instructions::fund(&self.pubkey("authority"), &self.token(), &source, amount)
    }

    fn online(&self, words: &str) -> Finished {
        self.online.run(&words.split(' ').collect::<Vec<_>>())
    }

    /// At a machine on which every connection fails.
    fn offline(&self, words: &str) -> Finished {
        let words = format!("{words} --url {}", self.closed);
        self.offline.run(&words.split(' ').collect::<Vec<_>>())
    }

    fn vault_balance(&self) -> u64 {
        run(self.chain.token_balance(&self.chain.demo_address("vault")))
    }

    fn lamports(&self, address: &Pubkey) -> u64 {
        run(self.chain.rpc.get_balance(address)).expect("the chain answers")
    }

    fn blockhash(&self) -> Hash {
        run(self.chain.rpc.get_latest_blockhash()).expect("the chain answers")
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// The one `PUBKEY=SIGNATURE` of a sign-only result.
#[track_caller]
fn only_signature(signed: &Value) -> String {
    let signers = signed["signers"].as_array().expect("a list");
    assert_eq!(signers.len(), 1, "{signed:#}");
    signers[0].as_str().expect("PUBKEY=SIGNATURE").to_owned()
}

/// The time until which a transaction can be executed, Unix seconds: the last second of a day.
#[track_caller]
fn valid_until(shown: &Value) -> i64 {
    let time = shown["validUntil"].as_i64().expect("a time");
    assert_eq!(time % 86_400, 86_399, "{shown:#}");
    time
}

#[track_caller]
fn decoded(base64: &Value) -> VersionedMessage {
    let bytes = BASE64_STANDARD
        .decode(base64.as_str().expect("base64"))
        .expect("base64");
    bincode::deserialize(&bytes).expect("a message")
}

/// The instructions of a message, each account with its rights.
fn instructions_of(message: &VersionedMessage) -> Vec<Instruction> {
    let keys = message.static_account_keys();
    let header = message.header();
    let signers = usize::from(header.num_required_signatures);
    let meta = |index: &u8| {
        let index = usize::from(*index);
        let is_signer = index < signers;
        let is_writable = match is_signer {
            true => index < signers - usize::from(header.num_readonly_signed_accounts),
            false => index < keys.len() - usize::from(header.num_readonly_unsigned_accounts),
        };
        AccountMeta {
            pubkey: keys[index],
            is_signer,
            is_writable,
        }
    };
    let instruction = |compiled: &CompiledInstruction| Instruction {
        program_id: keys[usize::from(compiled.program_id_index)],
        accounts: compiled.accounts.iter().map(meta).collect(),
        data: compiled.data.clone(),
    };
    message.instructions().iter().map(instruction).collect()
}

/// The instruction as it stands in a message in which `payer` pays: whoever pays signs and is written everywhere.
fn paid_by(payer: &Pubkey, mut instruction: Instruction) -> Instruction {
    for meta in instruction.accounts.iter_mut().filter(|meta| meta.pubkey == *payer) {
        (meta.is_signer, meta.is_writable) = (true, true);
    }
    instruction
}

#[test]
fn two_who_sign_apart_fund_a_plan() {
    let world = World::new();
    let (plan, payer, authority) = (world.plan, world.pubkey("payer"), world.pubkey("authority"));
    let accounts = world.offline.home().join("accounts.json").display().to_string();
    // What the machine without a connection has to know.
    world
        .online(&format!(
            "plan fund {plan} 1_000.5 --funder {authority} --dry-run --save-accounts {accounts}"
        ))
        .succeeded();
    let before = world.vault_balance();
    let hash = world.blockhash();
    let cold = |amount: &str| {
        let words = format!(
            "plan fund {plan} {amount} --funder {} --fee-payer {payer} --sign-only --dump-transaction-message --blockhash \
             {hash} --accounts {accounts} --output json",
            world.key("authority")
        );
        world.offline(&words).succeeded().json()
    };
    let signed = cold("1_000.5");
    assert_eq!(signed["blockhash"], hash.to_string());
    assert_eq!(signed["absent"], serde_json::json!([payer.to_string()]));
    assert_eq!(signed["badSig"], serde_json::json!([]));
    let signature = only_signature(&signed);
    assert!(signature.starts_with(&format!("{authority}=")), "{signature}");
    // What was signed is what was asked for, to the byte.
    let message = decoded(&signed["message"]);
    assert_eq!(*message.recent_blockhash(), hash);
    assert_eq!(instructions_of(&message), [world.fund(1_000_500_000)]);

    let hot = format!("plan fund {plan} 1_000.5 --funder {authority} --blockhash {hash}");
    let dumped = world
        .online(&format!(
            "{hot} --sign-only --accounts {accounts} --dump-transaction-message --output json"
        ))
        .succeeded();
    assert_eq!(dumped.json()["message"], signed["message"], "both sign the same bytes");
    world
        .online(&hot)
        .failed(1)
        .says(&format!("the signature of {authority} is missing"));
    let other = only_signature(&cold("1_000.6"));
    world
        .online(&format!("{hot} --signer {other}"))
        .failed(1)
        .says("is of another message");
    let stranger = format!(
        "{}={}",
        world.pubkey("arbiter"),
        signature.split_once('=').expect("a signature").1
    );
    world
        .online(&format!("{hot} --signer {signature} --signer {stranger}"))
        .failed(1)
        .says("does not sign this transaction");
    assert_eq!(world.vault_balance(), before, "nothing was sent");

    let sent = world
        .online(&format!("{hot} --signer {signature} --output json"))
        .succeeded()
        .json();
    assert_eq!(sent["amount"]["amount"], "1000500000");
    assert_eq!(world.vault_balance(), before + 1_000_500_000);
    // The same bytes cannot be executed twice, however often they are sent.
    let again = world
        .online(&format!("{hot} --signer {signature} --output json"))
        .succeeded()
        .json();
    assert_eq!(again["signature"], sent["signature"]);
    assert_eq!(world.vault_balance(), before + 1_000_500_000);
}

#[test]
fn a_durable_nonce_outlives_every_blockhash() {
    let world = World::new();
    let (plan, payer, authority) = (world.plan, world.pubkey("payer"), world.pubkey("authority"));
    let nonce = world.chain.new_key("nonce", 0);
    let rent = Rent::default().minimum_balance(80);
    let create = system::create_nonce_account(&payer, &nonce.pubkey(), &payer, rent);
    run(world.chain.send(&create, &[&world.chain.key("payer"), &nonce]));
    let value = run(world.chain.client().nonce(&nonce.pubkey())).expect("a nonce");
    assert_eq!(value.authority, payer);

    let accounts = world.offline.home().join("accounts.json").display().to_string();
    world
        .online(&format!(
            "plan fund {plan} 7 --funder {authority} --dry-run --save-accounts {accounts}"
        ))
        .succeeded();
    let common = format!("plan fund {plan} 7 --nonce {}", nonce.pubkey());
    let signed = world
        .offline(&format!(
            "{common} --funder {} --fee-payer {payer} --nonce-authority {payer} --blockhash {} --sign-only \
             --dump-transaction-message --accounts {accounts} --output json",
            world.key("authority"),
            value.value
        ))
        .succeeded()
        .json();
    let advance = system::advance_nonce_account(&nonce.pubkey(), &payer);
    let until = valid_until(&signed);
    let lapses = instructions::require_before(until);
    let expected = [paid_by(&payer, advance), lapses, world.fund(7_000_000)];
    assert_eq!(
        instructions_of(&decoded(&signed["message"])),
        expected,
        "the nonce is advanced first"
    );
    let signature = only_signature(&signed);

    // Longer than any blockhash lives.
    world.chain.warp("1d");
    let before = world.vault_balance();
    // On another day the other one names the time until which the first one signed.
    let send = format!("{common} --funder {authority} --signer {signature}");
    world.online(&send).failed(1).says("--not-after");
    let send = format!("{send} --not-after {until}");
    world
        .online(&format!("{send} --nonce-authority {}", world.key("arbiter")))
        .failed(1)
        .says("is not the nonce-authority");
    world.online(&send).succeeded();
    assert_eq!(world.vault_balance(), before + 7_000_000);
    // The nonce has another value now: for that one nobody signed.
    world.online(&send).failed(1).says("is of another message");
    world
        .online(&format!("{send} --blockhash {}", value.value))
        .failed(1)
        .says("has been used: its value is")
        .says("check whether the transaction was sent already");
    assert_eq!(world.vault_balance(), before + 7_000_000);
    world
        .online(&format!(
            "plan fund {plan} 7 --nonce {payer} -k {}",
            world.key("authority")
        ))
        .failed(1)
        .says(&format!("there is no nonce account at {payer}"));
}

#[test]
fn without_a_connection_only_what_is_needed_has_to_be_known() {
    let world = World::new();
    let (plan, hash) = (world.plan, world.blockhash());
    let (authority, new) = (world.key("authority"), Pubkey::new_unique());
    let offline = |words: String| world.offline(&format!("{words} --sign-only --blockhash {hash} --output json"));
    let key = world.pubkey("authority");
    // The addresses say it all.
    let cases = [
        (
            format!("plan authority {plan} --propose {new} -k {authority}"),
            instructions::propose_authority(&key, &plan, Some(new)),
        ),
        (
            format!("grant terminate {plan}/3 -k {authority}"),
            instructions::terminate_grant(&key, &plan, &pda::grant(&plan, 3)),
        ),
        (
            format!("grant lock {plan}/3 -k {authority}"),
            instructions::set_claim_lock(&key, &plan, &pda::grant(&plan, 3), true),
        ),
    ];
    for (words, expected) in cases {
        let signed = offline(format!("{words} --dump-transaction-message"))
            .succeeded()
            .json();
        let message = decoded(&signed["message"]);
        assert_eq!(instructions_of(&message), [paid_by(&key, expected)]);
    }
    // Others have to read accounts.
    let refused = offline(format!("plan surplus {plan} -k {authority}")).failed(1);
    let error = &refused.json()["error"];
    assert!(
        error["what"]
            .as_str()
            .is_some_and(|what| what.contains(&plan.to_string())),
        "{error:#}"
    );
    assert!(
        error["advice"]
            .as_str()
            .is_some_and(|advice| advice.contains("--save-accounts")),
        "{error:#}"
    );
    // What was read is what the other machine believes, and with it what is surplus.
    let accounts = world.offline.home().join("accounts.json").display().to_string();
    let surplus = format!("plan surplus {plan} 5 -k {authority}");
    world
        .online(&format!("{surplus} --dry-run --save-accounts {accounts}"))
        .succeeded();
    let signed = offline(format!("{surplus} --accounts {accounts} --dump-transaction-message"))
        .succeeded()
        .json();
    let treasury = world.chain.demo_address("treasury");
    let expected = instructions::withdraw_surplus(&key, &world.token(), &treasury, Some(5_000_000));
    assert_eq!(instructions_of(&decoded(&signed["message"])), [paid_by(&key, expected)]);
    offline(format!("{surplus} --accounts none.json"))
        .failed(1)
        .says("none.json cannot be read");
    // A price without a limit would be a price of whatever each side simulates.
    offline(format!(
        "plan authority {plan} --cancel -k {authority} --with-compute-unit-price 5"
    ))
    .failed(1)
    .says("needs --with-compute-unit-limit");
    let limited = offline(format!(
        "plan authority {plan} --cancel -k {authority} --with-compute-unit-price 5 --with-compute-unit-limit 9000 \
         --dump-transaction-message"
    ));
    let message = decoded(&limited.succeeded().json()["message"]);
    let data: Vec<_> = message
        .instructions()
        .iter()
        .map(|instruction| instruction.data.clone())
        .collect();
    assert_eq!(data[0], [2, 40, 35, 0, 0], "SetComputeUnitLimit(9000)");
    assert_eq!(data[1], [4, 0, 0, 0, 4], "SetLoadedAccountsDataSizeLimit(64 MiB)");
    assert_eq!(data[2], [3, 5, 0, 0, 0, 0, 0, 0, 0], "SetComputeUnitPrice(5)");
    assert_eq!(data.len(), 4);
}

/// Reads what the Squads program keeps of a message, by its own layout.
fn squads_instructions(bytes: &[u8]) -> (Vec<Pubkey>, Vec<Instruction>) {
    let mut rest = bytes;
    let mut take = |count: usize| {
        let (taken, left) = rest.split_at(count);
        rest = left;
        taken.to_vec()
    };
    let head = take(4);
    let [signers, writable_signers, writable_others, keys] = head[..] else {
        unreachable!("four bytes");
    };
    let keys: Vec<Pubkey> = (0..keys)
        .map(|_| Pubkey::try_from(take(32)).expect("32 bytes"))
        .collect();
    let meta = |index: u8| AccountMeta {
        pubkey: keys[usize::from(index)],
        is_signer: index < signers,
        is_writable: index < writable_signers || (signers..signers + writable_others).contains(&index),
    };
    let count = take(1)[0];
    let mut all = Vec::new();
    for _ in 0..count {
        let program_id = keys[usize::from(take(1)[0])];
        let accounts = take(1)[0];
        let accounts = take(accounts.into()).into_iter().map(meta).collect();
        let length: [u8; 2] = take(2).try_into().expect("two bytes");
        let data = take(u16::from_le_bytes(length).into());
        all.push(Instruction {
            program_id,
            accounts,
            data,
        });
    }
    assert_eq!(take(1), [0], "no lookup tables");
    assert!(rest.is_empty(), "{} bytes too many", rest.len());
    (keys[..usize::from(signers)].to_vec(), all)
}

#[test]
fn an_exported_transaction_is_exactly_the_one_that_would_be_sent() {
    let world = World::new();
    let plan = world.plan;
    // Stands for the vault of a multisig: its key is not on this machine.
    let vault = world.pubkey("authority");
    let words = format!("plan fund {plan} 1_250.5 -k {vault} --export-transaction --output json");
    let exported = world.online(&words).succeeded();
    assert!(
        !exported.stderr.contains("Note:"),
        "nobody else has to sign: {exported:#?}"
    );
    let exported = exported.json();
    let lapses = instructions::require_before(valid_until(&exported));
    let expected = [lapses, paid_by(&vault, world.fund(1_250_500_000))];
    let mut message = decoded(&exported["message"]);
    assert_eq!(instructions_of(&message), expected);
    assert_eq!(message.static_account_keys()[0], vault, "the vault pays");
    assert_eq!(exported["signers"], serde_json::json!([vault.to_string()]));
    let base58 = bs58::decode(exported["messageBase58"].as_str().expect("base58")).into_vec();
    assert_eq!(base58.expect("base58"), message.serialize());
    let kept = BASE64_STANDARD.decode(exported["vaultTransactionMessage"].as_str().expect("base64"));
    let (signers, kept) = squads_instructions(&kept.expect("base64"));
    assert_eq!((signers.as_slice(), kept.as_slice()), (&[vault][..], &expected[..]));
    assert_eq!(exported["amount"]["uiAmountString"], "1250.5");
    let shown = world.online(&words.replace(" --output json", "")).succeeded();
    let in_text = shown.stdout.contains(exported["message"].as_str().expect("base64"));
    assert!(
        in_text && shown.stdout.contains("vault_transaction_create"),
        "{shown:#?}"
    );

    // Signed by the vault it does what it says.
    let before = world.vault_balance();
    message.set_recent_blockhash(world.blockhash());
    let transaction = VersionedTransaction::try_new(message, &[&world.chain.key("authority")]).expect("signed");
    run(async {
        let sent = world
            .chain
            .rpc
            .send_transaction(&transaction)
            .await
            .expect("the chain takes it");
        world.chain.confirmed(&sent).await;
    });
    assert_eq!(world.vault_balance(), before + 1_250_500_000);
    // It lapses when it says, and the chain's clock can be named.
    let soon = world.online(&format!("{words} --valid-for 1h")).succeeded().json();
    let week = valid_until(&exported);
    let hour = soon["validUntil"].as_i64().expect("a time");
    assert!(hour < week, "{soon:#}");
    let named = world.online(&format!("{words} --not-after {hour}")).succeeded().json();
    assert_eq!(named["message"], soon["message"]);
    let mut lapsed = decoded(&named["message"]);
    world.chain.warp("2h");
    lapsed.set_recent_blockhash(world.blockhash());
    let lapsed = VersionedTransaction::try_new(lapsed, &[&world.chain.key("authority")]).expect("signed");
    let refused = run(world.chain.rpc.send_transaction(&lapsed)).expect_err("it lapsed");
    assert!(
        refused.to_string().contains("0x17d3"),
        "TransactionExpired, 6099: {refused}"
    );
    assert_eq!(world.vault_balance(), before + 1_250_500_000);

    // Somebody besides the vault would have to sign: that is said.
    let beneficiary = world.pubkey("beneficiary-1");
    let grant = format!("grant create {plan} {beneficiary} 100_000 --weight 0=100% --again -k {vault}");
    let payer = world.key("payer");
    let two = world
        .online(&format!("{grant} --payer {payer} --export-transaction --output json"))
        .succeeded();
    let two = two
        .says(&format!("Note: {} must sign besides the vault", world.pubkey("payer")))
        .json();
    assert_eq!(two["signers"].as_array().map(Vec::len), Some(2));
    let one = world
        .online(&format!("{grant} --export-transaction --output json"))
        .succeeded()
        .json();
    assert_eq!(one["signers"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_dry_run_shows_what_would_happen_and_does_nothing() {
    let world = World::new();
    let plan = world.plan;
    let (payer, authority) = (world.pubkey("payer"), world.pubkey("authority"));
    let before = (
        world.vault_balance(),
        world.lamports(&payer),
        world.lamports(&authority),
    );
    // Nobody has to be there who can sign.
    let fund = world
        .online(&format!(
            "plan fund {plan} 1_250.5 --funder {authority} --fee-payer {payer} --dry-run --output json"
        ))
        .succeeded()
        .json();
    assert_eq!(fund["dryRun"], true);
    assert_eq!(fund["fee"], 2 * SIGNATURE_FEE);
    assert_eq!(fund["rent"], 0);
    let tokens = fund["tokens"].as_array().expect("a list");
    let line = |account: Pubkey| {
        let found = tokens
            .iter()
            .find(|line| line["account"] == account.to_string())
            .expect("a line");
        let amount = |field: &str| {
            found[field]["amount"]
                .as_str()
                .expect("an amount")
                .parse::<i128>()
                .expect("a number")
        };
        amount("after") - amount("before")
    };
    assert_eq!(tokens.len(), 2);
    assert_eq!(line(world.chain.demo_address("vault")), 1_250_500_000);
    assert_eq!(line(world.chain.demo_address("source")), -1_250_500_000);
    let logs = fund["logs"].as_array().expect("a list");
    assert!(
        logs.iter().any(|line| line == "Program log: Instruction: Fund"),
        "{logs:#?}"
    );
    // With the limit with which it would be sent: a tenth and a thousand more.
    let units = fund["computeUnits"].as_u64().expect("a number");
    assert!(units > 1_000, "{fund:#}");
    assert_eq!(fund["computeUnitLimit"], units + units / 10 + 1_000);

    // Addresses have the names that the configuration gives them.
    let configuration = std::fs::read_to_string(world.online.configuration_file()).expect("a configuration");
    let labels = format!("address_labels:\n  {plan}: Team 2027");
    let labelled = configuration.replace("address_labels: {}", &labels);
    std::fs::write(world.online.configuration_file(), labelled).expect("a configuration");
    world
        .online(&format!("plan fund {plan} 1 --funder {authority} --dry-run"))
        .succeeded()
        .says(&format!("{plan} (Team 2027)"));

    // A grant locks the rent of its account.
    let beneficiary = world.pubkey("beneficiary-1");
    let grant = format!(
        "grant create {plan} {beneficiary} 100_000 --weight 0=100% --again -k {}",
        world.key("authority")
    );
    let created = world
        .online(&format!("{grant} --dry-run --output json"))
        .succeeded()
        .json();
    let rent = Rent::default().minimum_balance(earnout_sdk::wire::accounts::space::<earnout::state::Grant>());
    assert_eq!(created["rent"], rent);
    assert_eq!(created["fee"], SIGNATURE_FEE);
    let address = pda::grant(&plan, 5).to_string();
    assert_eq!(created["grant"], address);
    let account = created["accounts"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|line| line["address"] == address);
    let account = account.expect("the grant");
    assert_eq!(
        (&account["before"], &account["after"], &account["what"]),
        (&0.into(), &rent.into(), &"created".into())
    );
    let text = world.online(&format!("{grant} --dry-run")).succeeded();
    text.shows("Dry run: nothing was sent.")
        .shows("(created)")
        .shows("Program log: Instruction: CreateGrant");

    // A price is part of the fee.
    let priced = world
        .online(&format!(
            "{grant} --dry-run --with-compute-unit-price 2000000 --with-compute-unit-limit 100000 --output json"
        ))
        .succeeded()
        .json();
    assert_eq!(priced["fee"], SIGNATURE_FEE + 2 * 100_000);
    let after = (
        world.vault_balance(),
        world.lamports(&payer),
        world.lamports(&authority),
    );
    assert_eq!(after, before, "nothing was sent");
    // What would fail says so, as when it is sent.
    world
        .online(&format!("{grant} --cliff 9 --dry-run"))
        .failed(1)
        .says("BadGrantPeriods");
}
