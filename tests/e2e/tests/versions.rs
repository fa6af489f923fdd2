//! Transactions of version 1 and 0: which go out, what each holds, and what an endpoint that refuses or lies about one
//! of them can do.

use {
    earnout::state::UnearnedPolicy,
    earnout_e2e::{BigPlan, Chain, Earnout, Finished, Hostile, Mode},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{collections::BTreeSet, fs},
};

/// Grants of the plan.
const COUNT: u32 = 40;

const JOURNAL: &str = "contributors.csv.journal.jsonl";

struct World {
    chain: Chain,
    plan: BigPlan,
    authority: Earnout,
}

impl World {
    async fn new() -> Self {
        let chain = Chain::start(&["--slot-ms", "100"]);
        let plan = BigPlan::create(&chain, UnearnedPolicy::Return, u64::from(COUNT) * 100).await;
        let authority = Earnout::as_key(&chain, "authority");
        authority.file("contributors.csv", plan.contributors(0, COUNT));
        Self { chain, plan, authority }
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let address = self.plan.address.to_string();
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|argument| if *argument == "PLAN" { &address } else { *argument })
            .chain(["--output", "json"])
            .collect();
        self.authority.run(&arguments)
    }

    fn import(&self, more: &[&str]) -> Finished {
        self.run(&[&["grant", "import", "PLAN", "contributors.csv"], more].concat())
    }

    /// The transactions that named `address`, as the chain has them.
    async fn transactions(&self, address: &Pubkey) -> Vec<Value> {
        let listed = self
            .chain
            .ask(
                "getSignaturesForAddress",
                json!([address.to_string(), {"commitment": "confirmed"}]),
            )
            .await;
        let mut found = Vec::new();
        for entry in listed.as_array().expect("signatures") {
            let options = json!({"encoding": "base64", "commitment": "confirmed", "maxSupportedTransactionVersion": 1});
            found.push(
                self.chain
                    .ask("getTransaction", json!([entry["signature"], options]))
                    .await,
            );
        }
        found
    }

    /// The versions of those among the newest `count` of the plan.
    async fn versions(&self, count: u64) -> BTreeSet<String> {
        let all = self.transactions(&self.plan.address).await;
        let count = usize::try_from(count).expect("a small number");
        let newest = all.iter().take(count);
        newest.map(|transaction| transaction["version"].to_string()).collect()
    }

    async fn grants(&self) -> BTreeSet<Pubkey> {
        let client = self.chain.client();
        let plan = client.plan(&self.plan.address).await.expect("a plan");
        let grants = client.grants_of_plan(&self.plan.address, &plan).await.expect("grants");
        assert_eq!(
            grants.len(),
            usize::try_from(plan.grant_counter).expect("a small number")
        );
        grants.into_iter().map(|(_, grant)| grant.beneficiary).collect()
    }

    /// Everybody of the file has one grant, and nobody else has any.
    async fn each_has_one(&self) {
        let expected = (0..COUNT).map(|number| BigPlan::contributor(number).pubkey()).collect();
        assert_eq!(self.grants().await, expected);
    }
}

fn number(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} of {report}"))
}

/// The whole life of a plan in each version: the same, in fewer transactions.
async fn life(version: &str, [imported, settled, claimed]: [u64; 3]) {
    let world = World::new().await;
    let flag = ["--transaction-version", version];
    let expected = BTreeSet::from([if version == "0" { "0" } else { "1" }.to_owned()]);
    let report = world.import(&flag).succeeded().json();
    assert_eq!(number(&report, "transactions"), imported, "{COUNT} grants");
    assert_eq!(world.versions(imported).await, expected);
    world.each_has_one().await;

    world.chain.warp(&(world.plan.end(0) + 60).to_string());
    world.plan.attest(&world.chain, 0, 50).await;
    let settle = [&["settle", "--all", "PLAN"], &flag[..]].concat();
    let report = world.run(&settle).succeeded().json();
    assert_eq!(
        (number(&report, "settled"), number(&report, "transactions")),
        (u64::from(COUNT), settled)
    );
    assert_eq!(world.versions(settled).await, expected);

    for beneficiary in 0..COUNT {
        let (payer, owner) = (world.chain.key("authority"), BigPlan::contributor(beneficiary).pubkey());
        world.chain.mint_to(&world.plan.token, &payer, &owner, 0).await;
    }
    let claim = [&["claim", "--all", "PLAN"], &flag[..]].concat();
    let report = world.run(&claim).succeeded().json();
    assert_eq!(report["total"]["uiAmountString"], "700");
    let signatures: BTreeSet<_> = report["claimed"]
        .as_array()
        .expect("claims")
        .iter()
        .map(|claim| claim["signature"].to_string())
        .collect();
    assert_eq!(u64::try_from(signatures.len()).expect("a small number"), claimed);
    assert_eq!(world.versions(claimed).await, expected);
    let report = world.run(&claim).succeeded().json();
    assert_eq!(report["claimed"], json!([]), "nothing is paid twice");

    // What was sent is read again: the history, and the statement from it.
    let events = world.run(&["events", "PLAN"]).succeeded().json();
    let named = |name: &str| {
        let events = events["events"].as_array().expect("events");
        events.iter().filter(|event| event["event"] == name).count()
    };
    let count = usize::try_from(COUNT).expect("a small number");
    for name in ["GrantCreated", "GrantSettled", "GrantClaimed"] {
        assert_eq!(named(name), count, "{name}");
    }
    world.run(&["plan", "statement", "PLAN"]).succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_lives_in_transactions_of_version_0() {
    life("0", [6, 3, 5]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_lives_in_transactions_of_version_1_where_the_chain_has_it() {
    life("auto", [4, 2, 3]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_refuses_version_1_gets_version_0() {
    let world = World::new().await;
    let hostile = Hostile::before(&world.chain.rpc_url);
    hostile.mode(Mode::Outdated);
    let refused = world
        .import(&["-u", &hostile.url, "--transaction-version", "1"])
        .failed(1);
    let error = refused.json()["error"].to_string();
    assert!(
        error.contains("-32602") && error.contains("--transaction-version 0"),
        "{error}"
    );
    assert_eq!(hostile.count("sendTransaction"), 0);
    assert!(!world.authority.home().join(JOURNAL).exists(), "nothing was signed");
    let report = world.import(&["-u", &hostile.url]).succeeded().json();
    assert_eq!(
        world.versions(number(&report, "transactions")).await,
        BTreeSet::from(["0".to_owned()])
    );
    world.each_has_one().await;
}

/// It simulates version 1, and does not take it: what was signed may still be executed by whoever else has it, so
/// nothing is signed in its place before that is over.
#[tokio::test(flavor = "multi_thread")]
async fn g16_an_endpoint_that_lies_about_version_1_loses_and_doubles_nothing() {
    let world = World::new().await;
    let hostile = Hostile::before(&world.chain.rpc_url);
    hostile.only(Mode::Outdated, &["sendTransaction"]);
    let refused = world.import(&["-u", &hostile.url]).failed(3);
    let error = refused.json()["error"].to_string();
    assert!(error.contains("--transaction-version 0"), "{error}");
    let signed = |home: &std::path::Path| {
        let journal = fs::read_to_string(home.join(JOURNAL)).expect("a journal");
        journal
            .lines()
            .filter(|line| line.contains(r#""event":"signed""#))
            .count()
    };
    let before = signed(world.authority.home());
    assert!(before > 0);
    // With version 0 it is not signed anew either, while the endpoint does not take what was signed.
    world
        .import(&["-u", &hostile.url, "--transaction-version", "0"])
        .failed(3);
    assert_eq!(
        signed(world.authority.home()),
        before,
        "nothing was signed in its place"
    );
    assert_eq!(world.grants().await, BTreeSet::new());
    // An honest endpoint takes what was signed: the same bytes.
    let report = world.import(&["--transaction-version", "0"]).succeeded().json();
    assert_eq!(
        number(&report, "madeBefore"),
        u64::from(COUNT),
        "by {before} transactions"
    );
    world.each_has_one().await;
}
