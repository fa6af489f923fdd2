//! One plan with so many grants and two individual KPIs, from the import to what its page shows.

use {
    crate::{
        figures::{Figures, Page, Period, Step},
        oracle,
        process::{ended, run},
    },
    earnout::state::{Grant, Scope, UnearnedPolicy},
    earnout_e2e::{BigPlan, Chain, Earnout},
    earnout_sdk::wire::accounts,
    futures_util::{StreamExt, stream},
    serde_json::{Value, json},
    solana_signer::Signer,
    std::{
        path::PathBuf,
        process::{Command, Stdio},
        thread::{self, JoinHandle},
        time::{Duration, Instant},
    },
};

/// KPIs of which each grant has a value of its own.
pub const KPIS: &[&str] = &["users", "reviews"];

/// Tokens of a grant.
const TOKENS: u64 = 100;

/// Most requests that the page of a plan takes, however many grants it has.
const CALLS: u64 = 8;

/// Measures it on `chain`, which is new. `both`: the second period, too, in transactions of version 0.
///
/// # Panics
/// If something is not done exactly once, or takes more than it may.
pub async fn measure(chain: Chain, grants: u32, both: bool) -> Figures {
    let begun = Instant::now();
    let told = |what: &str, step: &Step| eprintln!("{grants} grants, {:?}: {what}: {step:?}", begun.elapsed());
    let funded = u64::from(grants) * TOKENS;
    let plan = BigPlan::create_with(&chain, UnearnedPolicy::Return, funded, KPIS, Scope::Individual).await;
    let earnout = Earnout::as_key(&chain, "authority");
    let address = plan.address.to_string();

    earnout.file("contributors.csv", plan.contributors(0, grants));
    let imported = run(
        &earnout,
        &["grant", "import", &address, "contributors.csv", "--output", "json"],
    );
    let report = imported.json();
    let import = Step {
        transactions: number(&report, "transactions"),
        fees: number(&report, "lamports") - number(&report, "rentLamports"),
        accounts: grants.into(),
        bytes: u64::from(grants) * u64::try_from(accounts::space::<Grant>()).expect("a small number"),
        ..Step::of(&imported, "the import")
    };
    told("import", &import);
    assert_eq!(number(&report, "made"), u64::from(grants));
    token_accounts(&chain, &plan, grants).await;

    let (period, cleaning) = period(&chain, &plan, &earnout, grants, 0, "1").await;
    let statement = run(&earnout, &["plan", "statement", &address, "--format", "csv"]);
    let lines = statement.stdout.lines().count();
    assert!(
        lines > usize::try_from(grants).expect("a small number"),
        "{lines} lines"
    );
    let statement = Step::of(&statement, "the statement");
    told("statement", &statement);
    let page = page(&chain, &address, grants);
    match &page {
        Some(page) => told("page", &page.step),
        None => assert!(!both, "the plan's page gives up"),
    }
    let mut figures = Figures {
        grants,
        import,
        period,
        statement,
        page,
        version_0: None,
    };
    if both {
        let (period, cleaning) = self::period(&chain, &plan, &earnout, grants, 1, "0").await;
        figures.version_0 = Some(period);
        cleaning.join().expect("files of this bench");
    }
    cleaning.join().expect("files of this bench");
    figures.check(u64::try_from(KPIS.len()).expect("a small number"));
    figures
}

/// A period of the plan in transactions of this version, and who removes the files of its daemons.
async fn period(
    chain: &Chain,
    plan: &BigPlan,
    earnout: &Earnout,
    grants: u32,
    number: u16,
    version: &str,
) -> (Period, JoinHandle<()>) {
    chain.warp(&(plan.end(i64::from(number)) + 60).to_string());
    let (mut values, mut oracles) = (Vec::new(), Vec::new());
    for name in oracle::ORACLES {
        let (step, oracle) = oracle::vote(chain, plan, name, grants, number, version).await;
        eprintln!("{grants} grants, period {number}: {name}: {step:?}");
        values.push(step);
        oracles.push(oracle);
    }
    // They have a file for each value, which takes long to remove, and would hold up the next one.
    let cleaning = thread::spawn(|| drop(oracles));
    let address = plan.address.to_string();
    let version = ["--transaction-version", version, "--output", "json"];
    let settle = sent(chain, earnout, &[&["settle", "--all", &address], &version[..]].concat()).await;
    eprintln!("{grants} grants, period {number}: settle: {:?}", settle.1);
    assert_eq!(self::number(&settle.0, "settled"), u64::from(grants));
    let claim = sent(chain, earnout, &[&["claim", "--all", &address], &version[..]].concat()).await;
    eprintln!("{grants} grants, period {number}: claim: {:?}", claim.1);
    let claimed = claim.0["claimed"].as_array().expect("a list");
    assert_eq!(claimed.len(), usize::try_from(grants).expect("a small number"));
    let period = Period {
        values,
        settle: settle.1,
        claim: claim.1,
    };
    (period, cleaning)
}

/// What a command that sends many transactions reports, and what it took.
async fn sent(chain: &Chain, earnout: &Earnout, arguments: &[&str]) -> (Value, Step) {
    let (client, payer) = (chain.client(), chain.key("authority").pubkey());
    let before = client.balance(&payer).await.expect("the chain answers");
    let measured = run(earnout, arguments);
    let after = client.balance(&payer).await.expect("the chain answers");
    let report = measured.json();
    assert_eq!(number(&report, "failedTransactions"), 0, "{arguments:?}");
    let step = Step {
        transactions: number(&report, "transactions"),
        fees: before - after,
        ..Step::of(&measured, &arguments.join(" "))
    };
    (report, step)
}

/// Gives everybody a token account, by the chain's own means.
async fn token_accounts(chain: &Chain, plan: &BigPlan, grants: u32) {
    let mint = plan.token.mint.to_string();
    let make = |number| {
        let owner = BigPlan::contributor(number).pubkey().to_string();
        chain.ask(
            "surfnet_setTokenAccount",
            json!([owner, mint, { "amount": 0, "state": "initialized" }]),
        )
    };
    stream::iter((0..grants).map(make))
        .buffer_unordered(16)
        .collect::<Vec<_>>()
        .await;
}

/// Loads the page of the plan with the web app's own code. None if that gives up.
fn page(chain: &Chain, plan: &str, grants: u32) -> Option<Page> {
    let app = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../app/web");
    let mut node = Command::new("node");
    node.args(["scripts/planPage.mjs", &chain.rpc_url, plan])
        .current_dir(app)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let measured = match ended(node.spawn().expect("Node")) {
        Ok(measured) => measured,
        Err(error) => {
            eprintln!("{grants} grants: the plan's page: {error}");
            return None;
        }
    };
    let report = measured.json();
    assert_eq!(number(&report, "grants"), u64::from(grants));
    assert_eq!(report["isCurrent"], true);
    let page = Page {
        step: Step {
            time: seconds(&report, "seconds"),
            cpu: seconds(&report, "cpu"),
            peak_kib: measured.peak_kib,
            ..Step::default()
        },
        calls: number(&report, "calls"),
        checks: number(&report, "checks"),
        bytes: number(&report, "bytes"),
    };
    assert!(page.calls <= CALLS, "the page of the plan takes {} calls", page.calls);
    Some(page)
}

fn seconds(report: &Value, name: &str) -> Duration {
    Duration::from_secs_f64(report[name].as_f64().expect("seconds"))
}

fn number(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} in {report}"))
}
