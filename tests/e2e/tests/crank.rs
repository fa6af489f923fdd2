//! `earnout crank`, `earnout settle --all` and `earnout claim --all`: whatever is due, for whole plans.

use {
    earnout::state::{Plan, UnearnedPolicy},
    earnout_e2e::{BigPlan, Chain, DAY, Earnout, Hostile, Mode, PATIENCE},
    earnout_sdk::wire::accounts,
    solana_signer::Signer,
    std::{
        process::{Child, Command, Output},
        time::{Duration, Instant},
    },
    tokio::time::sleep,
};

const TOKEN: u64 = 1_000_000;

/// A process that ends with its test, also when that fails.
struct Running(Option<Child>);

impl Running {
    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("it runs")
    }

    fn finished(mut self) -> Output {
        let child = self.0.take().expect("it runs");
        child.wait_with_output().expect("it ends")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
        }
    }
}

/// A plan with grants of 100 tokens, 25 a period.
async fn start(unearned: UnearnedPolicy, count: u32) -> (Chain, BigPlan, Earnout) {
    let chain = Chain::start(&["--slot-ms", "100"]);
    let plan = BigPlan::create(&chain, unearned, u64::from(count) * 100).await;
    let earnout = Earnout::as_key(&chain, "authority");
    earnout.file("contributors.csv", plan.contributors(0, count));
    earnout
        .run(&["grant", "import", &plan.address.to_string(), "contributors.csv"])
        .succeeded();
    let anyone = Earnout::on(&chain);
    (chain, plan, anyone)
}

async fn state(chain: &Chain, plan: &BigPlan) -> Plan {
    accounts::plan(&chain.account(&plan.address).await).expect("a plan")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_due_is_settled_and_claimed_for_everybody() {
    let (chain, plan, earnout) = start(UnearnedPolicy::Return, 40).await;
    let address = plan.address.to_string();
    let settle = ["settle", "--all", &address, "--output", "json"];
    let report = earnout.run(&settle).succeeded().json();
    assert_eq!(
        (&report["settled"], &report["transactions"]),
        (&0.into(), &0.into()),
        "nothing is due"
    );

    // A value of 50 scores 5,000: 25 · (0.4 + 0.6 · 0.5) = 17.5.
    chain.warp(&(plan.end(0) + 60).to_string());
    plan.attest(&chain, 0, 50).await;
    let forecast = earnout.run(&["crank", &address, "--dry-run"]).succeeded();
    assert_eq!(forecast.stdout.trim(), "due: 40 settled");
    let report = earnout.run(&settle).succeeded().json();
    assert_eq!(report["settled"], 40);
    let transactions = report["transactions"].as_u64().expect("a number");
    assert!(transactions <= 4, "{transactions} transactions for 40 settlements");
    assert_eq!(state(&chain, &plan).await.owed, 40 * 17_500_000);

    // Nobody has a token account yet.
    let claim = ["claim", "--all", &address, "--output", "json"];
    let refused = earnout
        .run(&claim)
        .failed(1)
        .says("40 beneficiaries have no token account");
    assert_eq!(
        refused.json()["report"]["passedOver"].as_array().expect("claims").len(),
        40
    );
    let report = earnout
        .run(&[&claim[..], &["--create-accounts"]].concat())
        .succeeded()
        .json();
    assert_eq!(report["claimed"].as_array().expect("claims").len(), 40);
    assert_eq!(report["total"]["uiAmountString"], "700");
    for number in [0, 17, 39] {
        let account = plan.token.account(&BigPlan::contributor(number).pubkey());
        assert_eq!(chain.token_balance(&account).await, 17_500_000);
    }
    assert_eq!(state(&chain, &plan).await.owed, 0);
    let report = earnout.run(&claim).succeeded().json();
    assert_eq!(
        report["claimed"].as_array().expect("claims").len(),
        0,
        "nothing is paid twice"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_everybody_forgot_is_brought_to_its_end_by_one_command() {
    let (chain, plan, earnout) = start(UnearnedPolicy::Redistribute, 30).await;
    let address = plan.address.to_string();
    chain.warp(&(plan.end(0) + 60).to_string());
    plan.attest(&chain, 0, 50).await;
    // All periods are over; the oracles were silent in three of them.
    chain.warp(&(plan.end(3) + 2 * DAY).to_string());
    let crank = ["crank", &address, "--output", "json"];
    let report = earnout.run(&crank).succeeded().json();
    assert_eq!(report["settled"], 120);
    assert_eq!(report["bonusesCollected"], 120);
    assert_eq!(
        (&report["periodsClosed"], &report["evaluationsClosed"]),
        (&4.into(), &1.into())
    );
    assert_eq!(report["grantsClosed"], 0, "nothing is claimed yet");
    let books = state(&chain, &plan).await;
    assert_eq!(
        (
            books.open_periods,
            books.open_attestations,
            books.pooled,
            books.reserved
        ),
        (0, 0, 0, 0)
    );
    // Period 0: 17.5 earned and the other 7.5 as bonus, since all share alike. Silence: 10 for time and no bonus, since
    // nobody's KPI earned anything.
    assert_eq!(books.owed, 30 * (25 + 3 * 10) * TOKEN);

    earnout
        .run(&["claim", "--all", &address, "--create-accounts"])
        .succeeded();
    let report = earnout.run(&crank).succeeded().json();
    assert_eq!(report["grantsClosed"], 30);
    let books = state(&chain, &plan).await;
    assert_eq!((books.open_grants, books.owed), (0, 0));
    assert_eq!(
        earnout.run(&["crank", &address]).succeeded().stdout.trim(),
        "nothing is due"
    );
}

/// Only finding the attestations that can be closed takes an endpoint that searches.
#[tokio::test(flavor = "multi_thread")]
async fn on_an_endpoint_that_does_not_search_everything_else_is_done() {
    let (chain, plan, earnout) = start(UnearnedPolicy::Return, 5).await;
    let address = plan.address.to_string();
    let proxy = Hostile::before(&chain.rpc_url);
    proxy.mode(Mode::NoIndex);
    let crank = ["crank", &address, "--url", &proxy.url];
    earnout.run(&crank).succeeded();

    chain.warp(&(plan.end(0) + 60).to_string());
    plan.attest(&chain, 0, 50).await;
    let report = earnout.run(&crank).failed(2).says("getProgramAccounts");
    assert_eq!(report.stdout.trim(), "5 settled in 1 transaction");
    assert_eq!(state(&chain, &plan).await.open_attestations, 1);
    // The same, where nothing else is due any more.
    earnout.run(&crank).failed(1).says("getProgramAccounts");
    earnout
        .run(&[&crank[..], &["--dry-run"]].concat())
        .failed(1)
        .says("getProgramAccounts");
    earnout.run(&[&crank[..], &["--no-close"]].concat()).succeeded();

    proxy.obey();
    let report = earnout.run(&crank).succeeded();
    assert_eq!(report.stdout.trim(), "1 attestation or page closed in 1 transaction");
    earnout.run(&crank).succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_cranks_at_once_do_everything_once() {
    let (chain, plan, earnout) = start(UnearnedPolicy::Redistribute, 60).await;
    let address = plan.address.to_string();
    chain.warp(&(plan.end(1) + 2 * DAY).to_string());
    let other = Earnout::as_key(&chain, "authority");
    let first = earnout.spawn(&["crank", &address, "--output", "json"]);
    let second = other.run(&["crank", &address, "--output", "json"]).succeeded().json();
    let first = first.wait_with_output().expect("a crank ends");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let first: serde_json::Value = serde_json::from_slice(&first.stdout).expect("JSON");
    for (what, expected) in [("settled", 120), ("bonusesCollected", 120), ("periodsClosed", 2)] {
        let sum = first[what].as_u64().expect("a number") + second[what].as_u64().expect("a number");
        assert_eq!(sum, expected, "{what}: {first} {second}");
    }
    assert_eq!(state(&chain, &plan).await.unsettled_grants[..4], [0, 0, 60, 60]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watching_crank_does_what_becomes_due_and_ends_when_it_is_told() {
    let (chain, plan, earnout) = start(UnearnedPolicy::Return, 10).await;
    let mut crank = Running(Some(earnout.spawn(&[
        "crank",
        &plan.address.to_string(),
        "--watch",
        "--every",
        "1",
    ])));
    chain.warp(&(plan.end(0) + 60).to_string());
    plan.attest(&chain, 0, 100).await;
    let begun = Instant::now();
    while state(&chain, &plan).await.owed < 10 * 25 * TOKEN {
        assert!(begun.elapsed() < PATIENCE, "nothing is settled");
        assert!(
            crank.child().try_wait().expect("a process of this test").is_none(),
            "it has ended"
        );
        sleep(Duration::from_millis(100)).await;
    }
    while state(&chain, &plan).await.open_attestations > 0 {
        assert!(begun.elapsed() < PATIENCE, "the attestation is not closed");
        sleep(Duration::from_millis(100)).await;
    }
    let told = Command::new("kill")
        .args(["-s", "INT", &crank.child().id().to_string()])
        .status();
    assert!(told.expect("`kill` runs").success());
    let output = crank.finished();
    assert_eq!(output.status.code(), Some(0));
    let shown = String::from_utf8(output.stdout).expect("text");
    assert!(shown.contains("10 settled"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_meaning_for_many_is_refused() {
    let (_chain, plan, earnout) = start(UnearnedPolicy::Return, 1).await;
    let address = plan.address.to_string();
    earnout
        .run(&["settle", "--all", &address, "--with-compute-unit-limit", "1000"])
        .failed(1)
        .says("--all sends many transactions");
    earnout
        .run(&["settle", "--all", &address, &address])
        .failed(1)
        .says("cannot be used with");
    earnout
        .run(&["settle"])
        .failed(1)
        .says("required arguments were not provided");
    earnout
        .run(&["crank", &address, "--watch", "--dry-run"])
        .failed(1)
        .says("do not go together");
    let nobody = BigPlan::contributor(9).pubkey().to_string();
    earnout.run(&["crank", &nobody]).failed(1).says("there is no plan at");
    earnout
        .run(&["crank", &address, "--fee-payer", &nobody])
        .failed(1)
        .says("cannot sign here");
}
