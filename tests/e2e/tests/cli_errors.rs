//! What the `earnout` command says when something is wrong: what failed, why, what to do; as text on the standard
//! error, and with `--output json` as one object on the standard output. Nothing is sent before the mistake is found.

use {
    anchor_spl::compat::spl_token_2022_interface::{
        extension::ExtensionType,
        instruction::{initialize_mint2, initialize_permanent_delegate},
        state::Mint,
    },
    earnout_e2e::{Chain, Earnout, Finished, Hostile, Mode, Token},
    earnout_sdk::wire::pda,
    serde_json::{Value, json},
    solana_keypair::Keypair,
    solana_program::{pubkey::Pubkey, rent::Rent},
    solana_signer::Signer,
    solana_system_interface::instruction as system,
    std::{fs, net::TcpListener, process::Stdio},
};

/// A command that fails: its words, and parts of what it must say.
struct Wrong<'a> {
    words: Vec<String>,
    what: &'a str,
    why: &'a str,
    advice: &'a str,
}

fn wrong<'a>(words: &str, what: &'a str, why: &'a str, advice: &'a str) -> Wrong<'a> {
    Wrong {
        words: words.split(' ').map(str::to_owned).collect(),
        what,
        why,
        advice,
    }
}

impl Wrong<'_> {
    /// Runs it for people and for programs, and compares. Returns the error object.
    #[track_caller]
    fn check(&self, earnout: &Earnout) -> Value {
        let text = earnout.run(&self.words).failed(1);
        assert_eq!(
            text.stdout, "",
            "nothing but results goes to the standard output: {text:#?}"
        );
        let text = text.says(self.what).says(self.why).says(self.advice);
        let compact: Vec<_> = self
            .words
            .iter()
            .map(String::as_str)
            .chain(["--output", "json-compact"])
            .collect();
        let object = earnout.run(&compact).failed(1);
        assert_eq!(object.stdout.trim_end().lines().count(), 1, "one line: {object:#?}");
        let error = object.json()["error"].take();
        for (field, part) in [("what", self.what), ("why", self.why), ("advice", self.advice)] {
            let said = error[field].as_str().unwrap_or_default();
            assert!(
                said.contains(part),
                "{field} is to contain {part:?}: {error:#}\n{text:#?}"
            );
        }
        error
    }
}

#[track_caller]
fn check_all(earnout: &Earnout, all: &[Wrong]) {
    for wrong in all {
        wrong.check(earnout);
    }
}

/// A URL on which nothing listens.
fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

fn key(chain: &Chain, name: &str) -> String {
    chain.key_file(name).display().to_string()
}

#[test]
fn arguments_that_cannot_be_understood() {
    let earnout = Earnout::unconfigured();
    let plan = Pubkey::new_unique();
    check_all(
        &earnout,
        &[
            wrong("plan shoe", "unrecognized subcommand 'shoe'", "", "--help"),
            wrong("plan fund", "<PLAN>", "", "--help"),
            wrong("plan fund nowhere 1", "`nowhere` is not an address", "", "--help"),
            wrong(&format!("plan fund {plan}/x 1"), "expected CREATOR/ID", "", "--help"),
            wrong(&format!("claim {plan}/-1"), "expected PLAN/INDEX", "", "--help"),
            wrong(
                &format!("plan fund {plan} 1,5"),
                "has commas that do not separate groups of three digits",
                "",
                "--help",
            ),
            wrong(
                &format!("plan fund {plan} 1 --dry-run --sign-only"),
                "cannot be used with",
                "",
                "--help",
            ),
            wrong(&format!("plan fund {plan} 1 --sign-only"), "--blockhash", "", "--help"),
            wrong(
                &format!("grant create {plan} {plan} 1 --weight a=101%"),
                "`101%` is not a weight",
                "",
                "--help",
            ),
            wrong(
                &format!("plan fund {plan} 1 --signer {plan}=x"),
                "`x` is not a signature",
                "",
                "--help",
            ),
        ],
    );
    // Without a command there is help, and for programs an error.
    let none: [&str; 0] = [];
    earnout.run(&none).failed(1).says("Usage: earnout");
    let object = earnout.run(&["--output", "json"]).failed(1).json();
    assert_eq!(object["error"]["what"], "a command is needed");
}

#[test]
fn help_and_versions_need_nothing() {
    let earnout = Earnout::unconfigured();
    earnout.file("config.yml", "json_rpc_url: [");
    for words in [
        &["--help"][..],
        &["-C", "config.yml", "plan", "fund", "--help"],
        &["grant", "create", "-h"],
    ] {
        earnout.run(words).succeeded().shows("$ earnout");
    }
    earnout.run(&["--version"]).succeeded().shows("earnout 0.1.0");
    earnout.run(&["completions", "bash"]).succeeded().shows("_earnout");
}

#[test]
fn keys_and_configurations_that_cannot_be_used() {
    let earnout = Earnout::unconfigured();
    let plan = Pubkey::new_unique();
    earnout.file("no-key.json", "[1,2,3]");
    earnout.file("config.yml", "json_rpc_url: [1]");
    earnout.file("level.yml", "commitment: soon");
    let lock = format!("grant lock {plan}/0 --url {}", closed_port());
    check_all(
        &earnout,
        &[
            wrong(
                &format!("{lock} -k missing.json"),
                "there is no key file missing.json",
                "",
                "solana-keygen new",
            ),
            // The default of Solana's tools is named in full.
            wrong(&lock, ".config/solana/id.json", "", "solana-keygen new"),
            wrong(
                &format!("{lock} -k no-key.json"),
                "no-key.json holds no key",
                "",
                "solana-keygen",
            ),
            wrong(
                &format!("{lock} -k https://key"),
                "`https://key` names no signer",
                "",
                "usb://ledger",
            ),
            wrong(
                &format!("{lock} -k usb://ledger?key=x"),
                "does not say which key",
                "",
                "key=ACCOUNT/CHANGE",
            ),
            wrong(
                &format!("{lock} -k usb://ledger"),
                "is a hardware wallet",
                "",
                "--features hardware-wallet",
            ),
            wrong(
                &format!("{lock} -k prompt://"),
                "cannot be asked for",
                "",
                "in a terminal",
            ),
            wrong(
                &format!("{lock} -C none.yml"),
                "there is no configuration none.yml",
                "",
                "solana config set",
            ),
            wrong(
                &format!("{lock} -C config.yml"),
                "config.yml is not understood",
                "json_rpc_url",
                "solana config set",
            ),
            wrong(
                &format!("plan fund {plan} 1 -C level.yml --url localhost"),
                "the commitment `soon`",
                "",
                "--commitment",
            ),
            wrong(
                &format!("plan fund {plan} 1 --url localhost:8899"),
                "`localhost:8899` is not an RPC endpoint",
                "",
                "http://",
            ),
        ],
    );
}

#[test]
fn an_endpoint_that_is_not_there_or_of_another_cluster() {
    let earnout = Earnout::unconfigured();
    let plan = Pubkey::new_unique();
    let closed = closed_port();
    wrong(
        &format!("plan fund {plan} 1 --url {closed}/v1/secret-key"),
        &format!("{closed} cannot be reached"),
        "refused",
        "earnout localnet start",
    )
    .check(&earnout);
    let said = earnout.run(&[
        "plan",
        "fund",
        &plan.to_string(),
        "1",
        "--url",
        &format!("{closed}/v1/secret-key"),
    ]);
    assert!(
        !said.stderr.contains("secret-key"),
        "keys of providers are not shown: {said:#?}"
    );

    let chain = Chain::start(&[]);
    let earnout = Earnout::on(&chain);
    // The program is there, so the address is what is wrong.
    wrong(
        &format!("plan fund {plan} 1"),
        &format!("there is no plan at {plan}"),
        "",
        "check the address",
    )
    .check(&earnout);
    let other = chain.key("payer").pubkey();
    wrong(
        &format!("plan fund {other} 1"),
        &format!("{other} holds no plan of this program"),
        "11111111111111111111111111111111",
        "check the address",
    )
    .check(&earnout);
    tokio_test(async {
        let nothing = json!({"lamports": 0, "data": "", "executable": false, "owner": Pubkey::default().to_string()});
        chain
            .ask("surfnet_setAccount", json!([earnout_sdk::ID.to_string(), nothing]))
            .await;
    });
    for words in [
        format!("plan fund {plan} 1"),
        format!("settle {plan}/0"),
        format!("claim {plan}/0 --output json"),
    ] {
        let words: Vec<_> = words.split(' ').collect();
        earnout
            .run(&words)
            .failed(1)
            .says(&format!(
                "the Earnout program is not on this cluster ({})",
                chain.rpc_url
            ))
            .says(&format!("there is no program at {}", earnout_sdk::ID))
            .says("name the cluster on which it is");
    }
}

#[test]
fn the_wrong_signer_for_a_role() {
    let chain = Chain::start(&["--demo"]);
    let earnout = Earnout::on(&chain);
    let plan = chain.demo_address("plan");
    let stranger = chain.key("payer").pubkey();
    let holders = ["authority", "arbiter", "beneficiary-1"].map(|name| chain.key(name).pubkey().to_string());
    let [authority, arbiter, beneficiary] = &holders;
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let new = Pubkey::new_unique();
    let no_authority = format!("{stranger} is not the authority of {plan}");
    let no_beneficiary = format!("{stranger} is not the beneficiary of {}", chain.demo_grant(0));
    let no_arbiter = format!("{stranger} is not the arbiter of {plan}");
    let treasury = chain.demo_address("treasury");
    let mut all = vec![
        wrong(
            &format!("plan surplus {plan} 1"),
            &no_authority,
            authority,
            "--authority",
        ),
        wrong(
            &format!("plan authority {plan} --propose {new}"),
            &no_authority,
            authority,
            "--authority",
        ),
        wrong(
            &format!("plan authority {plan} --cancel"),
            &no_authority,
            authority,
            "--authority",
        ),
        wrong(
            &format!("plan authority {plan} --accept"),
            "is not offered to",
            "nobody is offered the plan",
            "propose",
        ),
        wrong(
            &format!("plan oracles {plan} --propose {new} --threshold 1 --first-period 2"),
            &no_authority,
            authority,
            "--authority",
        ),
        wrong(
            &format!("plan oracles {plan} --cancel"),
            &no_authority,
            authority,
            "--authority",
        ),
        wrong(
            &format!("plan treasury {plan} {treasury}"),
            &no_authority,
            authority,
            "--authority",
        ),
        wrong(
            &format!("plan activate {plan}"),
            &no_authority,
            authority,
            "--authority",
        ),
        wrong(
            &format!("grant create {plan} {new} 1 --weight 0=100% --allow-off-curve"),
            &no_authority,
            authority,
            "--authority",
        ),
        wrong(
            &format!("grant terminate {plan}/0"),
            &no_authority,
            authority,
            "--authority",
        ),
        wrong(
            &format!("grant resign {plan}/0"),
            &no_beneficiary,
            beneficiary,
            "--beneficiary",
        ),
        wrong(
            &format!("grant lock {plan}/0"),
            &no_beneficiary,
            beneficiary,
            "--beneficiary",
        ),
        wrong(
            &format!("grant transfer {plan}/0 --propose {new}"),
            &no_beneficiary,
            beneficiary,
            "--beneficiary",
        ),
        wrong(
            &format!("grant transfer {plan}/0 --accept"),
            "is not offered to",
            "nobody is offered the grant",
            "propose",
        ),
        wrong(
            &format!("attest {plan} 0 0 1 --evidence-hash {hash}"),
            "is not an oracle of period 0",
            "NotAnOracle",
            "--oracle",
        ),
        wrong(
            &format!("attestation rule {plan} 0 0 --uphold --reason-hash {hash}"),
            &no_arbiter,
            arbiter,
            "--arbiter",
        ),
    ];
    // Who disputes a KPI of the whole plan without a grant must be the authority.
    all.push(wrong(
        &format!("attestation dispute {plan} 2 0 --reason-hash {hash}"),
        "may not dispute without a grant",
        "NotEntitled",
        "--grant",
    ));
    check_all(&earnout, &all);
}

#[test]
fn mistakes_that_are_found_before_anything_is_sent() {
    let chain = Chain::start(&["--demo"]);
    let earnout = Earnout::as_key(&chain, "authority");
    let plan = chain.demo_address("plan");
    let hostile = Hostile::before(&chain.rpc_url);
    let on_endpoint = |words: String| format!("{words} --url {}", hostile.url);
    let off_curve = pda::vault(&plan);
    let beneficiary = Keypair::new().pubkey();
    let oracle = key(&chain, "oracle-1");
    let create = |rest: &str| on_endpoint(format!("grant create {plan} {beneficiary} {rest}"));
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    check_all(
        &earnout,
        &[
            wrong(
                &on_endpoint(format!("plan fund {plan} 1.0000001")),
                "would have to be rounded",
                "has 6 decimals",
                "",
            ),
            wrong(&on_endpoint(format!("plan fund {plan} 0")), "zero", "", ""),
            wrong(
                &on_endpoint(format!("plan fund {plan} 1_000_000_000")),
                "holds less than 1,000,000,000",
                "its balance is 50,000,000",
                "--from",
            ),
            wrong(
                &on_endpoint(format!("plan fund {plan} 1 --from {}", chain.demo_address("mint"))),
                "is not a token account",
                "nothing was sent",
                "",
            ),
            wrong(
                &on_endpoint(format!("plan surplus {plan} 49_000_000")),
                "no surplus of 49,000,000",
                "are reserved, owed or pooled",
                "",
            ),
            wrong(
                &on_endpoint(format!("plan activate {plan}")),
                "active already",
                "frozen",
                "",
            ),
            wrong(
                &on_endpoint(format!("plan close {plan}")),
                "still has 5 open grants",
                "nothing was sent",
                "grant close",
            ),
            wrong(
                &on_endpoint(format!("grant create {plan} {off_curve} 1 --weight 0=100%")),
                "no key can sign for",
                "nothing was sent",
                "--allow-off-curve",
            ),
            wrong(
                &on_endpoint(format!(
                    "grant create {plan} {} 1 --weight 0=100%",
                    chain.key("beneficiary-1").pubkey()
                )),
                "has a grant of this plan already",
                "grant 0: ",
                "--again",
            ),
            wrong(
                &create("1_000 --weight 0=50% --time-weight 1000"),
                "do not sum to 10,000",
                "time has 1000",
                "--weight",
            ),
            wrong(
                &create("1_000 --weight 0=70% --weight 1=40%"),
                "do not sum to 10,000",
                "have 11000",
                "--weight",
            ),
            wrong(&create("1_000 --weight 0=1 --weight 0=2"), "two weights", "", ""),
            wrong(
                &create("1_000 --weight 0=100% --first-period 9"),
                "no period 9",
                "its periods are 0 to 3",
                "",
            ),
            wrong(
                &create("1_000 --weight profit=1"),
                "no KPI `profit`",
                "its KPIs are: 0 ",
                "",
            ),
            wrong(&create("ALL --weight 0=100%"), "not ALL", "", ""),
            wrong(
                &on_endpoint(format!("grant terminate {plan}/9")),
                "there is no grant at",
                "",
                "check the address",
            ),
            wrong(
                &on_endpoint(format!("grant close {plan}/0")),
                "still needed",
                "4 of its periods",
                "earnout settle",
            ),
            wrong(
                &on_endpoint(format!("settle {plan}/0")),
                "period 0 has not ended",
                "PeriodNotEnded",
                "settle from",
            ),
            wrong(
                &on_endpoint(format!("claim {plan}/0")),
                "nothing to claim",
                "0 are vested",
                "grant show",
            ),
            wrong(
                &on_endpoint(format!(
                    "attest {plan} 0 0 1e3 --evidence-hash {hash} --oracle {oracle}"
                )),
                "is not a number",
                "",
                "",
            ),
            wrong(
                &on_endpoint(format!("attest {plan} 0 0 1 --evidence-hash abc --oracle {oracle}")),
                "`abc` is not a SHA-256",
                "",
                "64 hexadecimal digits",
            ),
            wrong(
                &on_endpoint(format!("attest {plan} 0 0 1 --evidence none.pdf --oracle {oracle}")),
                "none.pdf cannot be read",
                "",
                "",
            ),
        ],
    );
    assert_eq!(hostile.count("sendTransaction"), 0, "nothing was sent");
    assert_eq!(hostile.count("simulateTransaction"), 0, "no transaction was even tried");
}

#[test]
fn errors_of_the_program_have_their_name_and_advice() {
    let chain = Chain::start(&["--demo"]);
    let earnout = Earnout::as_key(&chain, "authority");
    let plan = chain.demo_address("plan");
    let hostile = Hostile::before(&chain.rpc_url);
    let beneficiary = Keypair::new().pubkey();
    let create = |rest: &str| format!("grant create {plan} {beneficiary} {rest} --url {}", hostile.url);
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let oracle = key(&chain, "oracle-1");
    let cases = [
        // Also with a limit, for which nothing would have to be simulated.
        (
            create("9_000_000 --weight 0=100% --with-compute-unit-limit 100000"),
            "InsufficientFunds",
            6_037,
            "earnout plan fund",
        ),
        // More than the surplus.
        (
            create("9_000_000 --weight 0=100%"),
            "InsufficientFunds",
            6_037,
            "earnout plan fund",
        ),
        (
            create("100_000 --weight 0=100% --cliff 9"),
            "BadGrantPeriods",
            6_044,
            "earnout plan show",
        ),
        (
            format!(
                "attest {plan} 0 0 1 --evidence-hash {hash} --oracle {oracle} --url {}",
                hostile.url
            ),
            "VotingNotOpen",
            6_050,
            "from when on",
        ),
        (
            format!(
                "plan oracles {plan} --propose {beneficiary} --threshold 2 --first-period 3 --url {}",
                hostile.url
            ),
            "BadThreshold",
            6_018,
            "choose other keys",
        ),
    ];
    for (words, name, code, advice) in cases {
        let why = format!("{name}: ");
        let error = wrong(&words, "would fail, so it was not sent", &why, advice).check(&earnout);
        assert_eq!(
            (error["name"].as_str(), error["code"].as_u64()),
            (Some(name), Some(code))
        );
        let logs = error["logs"].as_array().expect("logs");
        assert!(
            logs.iter()
                .any(|line| line.as_str().is_some_and(|line| line.contains(name))),
            "{error:#}"
        );
        // Logs are for who asks.
        let words: Vec<_> = words.split(' ').collect();
        let quiet = earnout.run(&words).failed(1);
        assert!(!quiet.stderr.contains("Program log:"), "{quiet:#?}");
        earnout
            .run(&[&words[..], &["-v"]].concat())
            .failed(1)
            .says("Program log: ");
    }
    assert_eq!(hostile.count("sendTransaction"), 0, "nothing was sent");
}

#[test]
fn sol_that_is_missing() {
    let chain = Chain::start(&["--demo"]);
    let earnout = Earnout::as_key(&chain, "authority");
    let plan = chain.demo_address("plan");
    let (nothing, little) = (
        chain.new_key("nothing", 0).pubkey(),
        chain.new_key("little", 0).pubkey(),
    );
    tokio_test(async {
        // Enough for a fee, but not for a grant's rent.
        let account = json!({"lamports": 1_500_000});
        chain
            .ask("surfnet_setAccount", json!([little.to_string(), account]))
            .await;
    });
    let beneficiary = Keypair::new().pubkey();
    let create = format!("grant create {plan} {beneficiary} 100_000 --weight 0=100%");
    let poor = |name: &str| format!("--fee-payer {}", key(&chain, name));
    check_all(
        &earnout,
        &[
            wrong(
                &format!("plan fund {plan} 1 {}", poor("nothing")),
                "would fail",
                &format!("the payer {nothing} has 0 SOL"),
                "earnout localnet airdrop",
            ),
            wrong(
                &format!("{create} --payer {0} --fee-payer {0}", key(&chain, "little")),
                "would fail",
                "SOL",
                &format!("send SOL to {little}"),
            ),
        ],
    );
}

#[test]
fn a_blockhash_that_is_not_valid_any_more() {
    let chain = Chain::start(&["--demo"]);
    let earnout = Earnout::as_key(&chain, "authority");
    let plan = chain.demo_address("plan");
    let hostile = Hostile::before(&chain.rpc_url);
    let old = Pubkey::new_unique();
    wrong(
        &format!("plan fund {plan} 1 --blockhash {old} --url {}", hostile.url),
        &format!("the blockhash {old} has expired"),
        "nothing was sent",
        "--nonce",
    )
    .check(&earnout);
    assert_eq!(hostile.count("sendTransaction"), 0);
}

#[test]
fn a_transaction_that_the_cluster_does_not_take_in_time() {
    // Blocks every 10 ms: a blockhash lives for a second and a half.
    let chain = Chain::start(&["--demo", "--slot-ms", "10"]);
    let earnout = Earnout::as_key(&chain, "authority");
    let plan = chain.demo_address("plan");
    let before = vault_balance(&chain);
    let hostile = Hostile::before(&chain.rpc_url);
    hostile.mode(Mode::Drops);
    let words = format!("plan fund {plan} 1 --url {} --output json", hostile.url);
    let expired = earnout.run(&words.split(' ').collect::<Vec<_>>()).failed(1);
    let error = &expired.json()["error"];
    assert!(
        error["what"]
            .as_str()
            .is_some_and(|what| what.contains("was not executed, and never will be")),
        "{error:#}"
    );
    assert!(
        error["advice"]
            .as_str()
            .is_some_and(|advice| advice.contains("send it again")),
        "{error:#}"
    );
    assert!(error["signature"].is_string());
    // Each attempt waited for the end of the one before, with another signature.
    let attempts: Vec<_> = expired
        .stderr
        .lines()
        .filter(|line| line.starts_with("Sending "))
        .collect();
    assert_eq!(hostile.seen().signatures.len(), attempts.len(), "{expired:#?}");
    assert!(attempts.len() <= 2, "{expired:#?}");
    assert_eq!(vault_balance(&chain), before);
}

#[test]
fn an_outcome_that_cannot_be_learnt() {
    let chain = Chain::start(&["--demo"]);
    let earnout = Earnout::as_key(&chain, "authority");
    let plan = chain.demo_address("plan");
    let hostile = Hostile::before(&chain.rpc_url);
    hostile.only(Mode::Status503, &["getSignatureStatuses"]);
    let words = format!("plan fund {plan} 1 --wait 3 --url {} --output json", hostile.url);
    let unknown = earnout.run(&words.split(' ').collect::<Vec<_>>()).failed(3);
    let error = unknown.says("was sent, but its outcome is not known").json()["error"].take();
    let signature = error["signature"].as_str().expect("the signature to look up");
    assert!(
        error["advice"]
            .as_str()
            .is_some_and(|advice| advice.contains(signature)),
        "{error:#}"
    );
}

#[test]
fn who_does_not_read_the_result_causes_no_panic() {
    let earnout = Earnout::unconfigured();
    for words in [&["--help"][..], &["completions", "zsh"]] {
        let mut command = earnout.command(words);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let finished = Finished::of(&command, output);
        assert_eq!(
            (finished.code, finished.stderr.as_str()),
            (Some(0), ""),
            "{finished:#?}"
        );
    }
}

#[test]
fn tokens_of_another_mint_are_not_taken_for_the_plans() {
    let chain = Chain::start(&["--demo"]);
    let earnout = Earnout::as_key(&chain, "authority");
    let plan = chain.demo_address("plan");
    let authority = chain.key("authority");
    let other = tokio_test(async {
        let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
        chain.mint_to(&token, &authority, &authority.pubkey(), 5_000_000).await
    });
    for words in [
        format!("plan fund {plan} 1 --from {other}"),
        format!("plan treasury {plan} {other}"),
    ] {
        wrong(&words, "holds another token", "the plan's is", "").check(&earnout);
    }
}

#[test]
fn the_local_chain_is_found_or_named() {
    let earnout = Earnout::unconfigured();
    // Passed on as it is.
    earnout
        .run(&["localnet", "warp", "--help"])
        .succeeded()
        .shows("Usage: earnout-localnet warp");
    // It would be left out silently, and another chain changed than the one that is meant.
    earnout
        .run(&["-u", "http://127.0.0.1:1", "localnet", "warp", "1d"])
        .failed(1)
        .says("nothing was done")
        .says("--url http://127.0.0.1:8899");
    let mut command = earnout.command(&["localnet", "start"]);
    command.env("EARNOUT_LOCALNET", earnout.home().join("none"));
    let output = command.output().expect("it runs");
    let missing = Finished::of(&command, output).failed(1);
    missing
        .says("earnout-localnet is not installed")
        .says("EARNOUT_LOCALNET")
        .says("cargo xtask localnet");
}

/// A mint with a freeze authority, or with a permanent delegate.
fn dangerous_mint(chain: &Chain, permanent_delegate: bool) -> Token {
    let (payer, mint, authority) = (chain.key("payer"), Keypair::new(), chain.key("authority"));
    let (program, owner) = match permanent_delegate {
        true => (Token::TOKEN_2022, None),
        false => (Token::CLASSIC, Some(authority.pubkey())),
    };
    let token = Token {
        mint: mint.pubkey(),
        program,
        decimals: 6,
    };
    let extensions = if permanent_delegate {
        &[ExtensionType::PermanentDelegate][..]
    } else {
        &[]
    };
    let space = ExtensionType::try_calculate_account_len::<Mint>(extensions).expect("a length");
    let rent = Rent::default().minimum_balance(space);
    let space = u64::try_from(space).expect("a mint is small");
    let mut steps = vec![system::create_account(
        &payer.pubkey(),
        &token.mint,
        rent,
        space,
        &program,
    )];
    if permanent_delegate {
        let delegate = initialize_permanent_delegate(&program, &token.mint, &authority.pubkey());
        steps.push(delegate.expect("an instruction"));
    }
    let initialize = initialize_mint2(&program, &token.mint, &authority.pubkey(), owner.as_ref(), 6);
    steps.push(initialize.expect("an instruction"));
    tokio_test(async {
        chain.send(&steps, &[&payer, &mint]).await;
        chain
            .mint_to(&token, &authority, &authority.pubkey(), 100_000_000_000_000)
            .await;
    });
    token
}

#[test]
fn a_mint_that_is_refused() {
    let chain = Chain::start(&[]);
    let earnout = Earnout::as_key(&chain, "authority");
    earnout.run(&["plan", "init"]).succeeded();
    let template = fs::read_to_string(earnout.home().join("plan.toml")).expect("a plan file");
    let with_mint = |mint: &Pubkey| {
        let keys = [
            ("<ADDRESS OF THE FIRST ORACLE>", chain.key("oracle-1").pubkey()),
            ("<ADDRESS OF THE SECOND ORACLE>", chain.key("oracle-2").pubkey()),
            ("<ADDRESS OF THE THIRD ORACLE>", chain.key("oracle-3").pubkey()),
            ("<ADDRESS OF THE ARBITER>", chain.key("arbiter").pubkey()),
            ("<ADDRESS OF THE TOKEN'S MINT>", *mint),
            ("<ADDRESS OF THE TREASURY>", chain.key("authority").pubkey()),
        ];
        let filled = keys
            .iter()
            .fold(template.clone(), |text, (old, new)| text.replace(old, &new.to_string()));
        earnout.file("plan.toml", filled);
    };
    let hostile = Hostile::before(&chain.rpc_url);
    let create = format!("plan create plan.toml --url {}", hostile.url);

    let line = template
        .lines()
        .position(|line| line.starts_with("mint = "))
        .expect("a mint")
        + 1;
    for (delegate, why) in [
        (false, "The mint has a freeze authority, which could stop payouts."),
        (true, "The mint has an extension that is not on the allow-list"),
    ] {
        with_mint(&dangerous_mint(&chain, delegate).mint);
        let why = format!("plan.toml:{line}: token.mint: {why}");
        wrong(
            &create,
            "plan.toml has a mistake; nothing was sent",
            &why,
            "correct the file",
        )
        .check(&earnout);
    }

    let wallet = chain.key("payer").pubkey();
    with_mint(&wallet);
    let no_mint = format!("{wallet} is not a mint");
    wrong(
        &create,
        &no_mint,
        "neither to SPL Token nor to Token-2022",
        "check the address",
    )
    .check(&earnout);
    let token = tokio_test(chain.create_mint(Token::CLASSIC, 6, &wallet));
    let account = tokio_test(chain.mint_to(&token, &chain.key("payer"), &wallet, 1));
    with_mint(&account);
    let no_mint = format!("{account} is not a mint");
    wrong(
        &create,
        &no_mint,
        "another account of the token program",
        "check the address",
    )
    .check(&earnout);
    assert_eq!(hostile.count("sendTransaction"), 0, "nothing was sent");
}

fn vault_balance(chain: &Chain) -> u64 {
    tokio_test(chain.token_balance(&chain.demo_address("vault")))
}

/// Runs a future of a test that is otherwise about processes.
fn tokio_test<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}
