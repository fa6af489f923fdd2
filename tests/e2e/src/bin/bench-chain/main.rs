//! What whole plans take on a local chain: `cargo xtask bench-chain` builds everything and runs this. It prints the
//! tables of `docs/performance.md`, and with `--write` puts them there.

mod oracle;
mod process;
mod report;

use {
    earnout::{
        instructions::CreateGrantArgs,
        state::{Grant, Scope, UnearnedPolicy},
    },
    earnout_e2e::{BigPlan, Chain, Earnout, earnout_binary},
    earnout_sdk::{
        client::{Client, Submission},
        text::amount,
        wire::{accounts, instructions},
    },
    process::{Measured, median, run},
    report::Table,
    serde_json::Value,
    solana_signer::Signer,
    std::{
        env,
        time::{Duration, Instant},
    },
};

/// Grants of the large plan, and of the one whose settlement and claims are measured.
const MANY: u32 = 10_000;
const THOUSAND: u32 = 1_000;

/// Grants that are made one by one.
const SINGLE: u32 = 40;

/// Starts of the command.
const STARTS: usize = 50;

/// Units of `create_grant` with what an address can take to be found.
const UNITS: u32 = 40_000;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let count = arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("--grants="))
        .map_or(MANY, |count| count.parse().expect("--grants=NUMBER"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let tables = runtime.block_on(measure(count));
    let text = report::text(&tables);
    println!("{text}");
    if arguments.iter().any(|argument| argument == "--write") {
        report::write(&text);
    }
}

async fn measure(count: u32) -> Vec<Table> {
    let chain = Chain::start(&[]);
    let earnout = Earnout::as_key(&chain, "authority");
    let large = BigPlan::create(&chain, UnearnedPolicy::Return, u64::from(count + SINGLE) * 100).await;
    let other = Earnout::as_key(&chain, "authority");
    let single = one_by_one(&chain.client(), &chain, &large).await;
    eprintln!("{SINGLE} grants one by one: {single:?}");

    earnout.file("large.csv", large.contributors(0, count));
    let plan = large.address.to_string();
    let import = run(&earnout, &["grant", "import", &plan, "large.csv", "--output", "json"]);
    eprintln!("{count} grants: {:?}", import.elapsed);
    let import_table = import_table(&import, count, single);

    // The key of the authority has a second plan by another number, whose periods are the same but for some seconds.
    let small = BigPlan::create_numbered(
        &chain,
        78,
        UnearnedPolicy::Return,
        u64::from(THOUSAND) * 100,
        Scope::Shared,
    )
    .await;
    other.file("small.csv", small.contributors(0, THOUSAND));
    let small_plan = small.address.to_string();
    run(&other, &["grant", "import", &small_plan, "small.csv"]);
    chain.warp(&(small.end(0) + 60).to_string());
    large.attest(&chain, 0, 50).await;
    small.attest(&chain, 0, 50).await;
    let settle = run(&other, &["settle", "--all", &small_plan, "--output", "json"]);
    eprintln!("{THOUSAND} settlements: {:?}", settle.elapsed);
    let claim = ["claim", "--all", &small_plan, "--create-accounts", "--output", "json"];
    let accounts = run(&other, &claim);
    eprintln!("{THOUSAND} claims with new token accounts: {:?}", accounts.elapsed);
    // The next period, by when everybody has a token account.
    chain.warp(&(small.end(1) + 60).to_string());
    small.attest(&chain, 1, 50).await;
    run(&other, &["settle", "--all", &small_plan]);
    let claims = run(&other, &claim);
    eprintln!("{THOUSAND} claims: {:?}", claims.elapsed);
    let period_table = period_table(&settle, &accounts, &claims);

    let settle_all = run(&earnout, &["settle", "--all", &plan, "--output", "json"]);
    eprintln!("{count} settlements: {:?}", settle_all.elapsed);
    let statement = run(&earnout, &["plan", "statement", &plan, "--format", "csv"]);
    eprintln!("statement: {:?}, {} MB", statement.elapsed, statement.peak_kib / 1_024);
    let show = run(&earnout, &["grant", "list", &plan, "--output", "json"]);
    let reading_table = reading_table(&settle_all, &statement, &show, count + SINGLE);
    vec![
        import_table,
        period_table,
        reading_table,
        oracle::table().await,
        start_table(&earnout),
    ]
}

/// One grant a transaction, each confirmed before the next is signed.
async fn one_by_one(client: &Client, chain: &Chain, plan: &BigPlan) -> Duration {
    let authority = chain.key("authority");
    let key = authority.pubkey();
    let begun = Instant::now();
    for number in 0..SINGLE {
        let terms = CreateGrantArgs {
            grant_index: number,
            beneficiary: BigPlan::contributor(1_000_000 + number).pubkey(),
            allocation: 100_000_000,
            first_period: 0,
            periods: 4,
            cliff_periods: 0,
            time_weight: 4_000,
            kpi_weights: vec![6_000],
            revocable: true,
            transferable: false,
        };
        let create = instructions::create_grant(&key, &key, &plan.address, &plan.token.mint, terms);
        let mut submission = Submission::new(vec![create], &authority);
        // Without a simulation: sending and confirming alone.
        submission.unit_limit = Some(UNITS);
        client.send(&submission).await.expect("a grant");
    }
    begun.elapsed()
}

fn import_table(import: &Measured, count: u32, single: Duration) -> Table {
    let report = import.json();
    let number = |name: &str| report[name].as_u64().expect("a number");
    let (lamports, rent) = (number("lamports"), number("rentLamports"));
    let seconds = report["seconds"].as_f64().expect("seconds");
    let bulk_rate = f64::from(count) / seconds;
    let single_rate = f64::from(SINGLE) / single.as_secs_f64();
    let mut table = Table::new(format!("import of {} grants", report::count(count.into())));
    table.row(
        "grants per second, from the first signature to the last confirmation",
        format!("{bulk_rate:.0}"),
    );
    table.row("seconds", format!("{seconds:.1}"));
    table.row(
        "seconds of the whole command, with all checks of the file",
        report::seconds(import.elapsed),
    );
    table.row("transactions", report::count(number("transactions")));
    table.row(
        "transactions that came too early and were sent again",
        report::count(number("failedTransactions")),
    );
    table.row(
        "fee of a grant, SOL",
        report::sol((lamports - rent).div_ceil(u64::from(count))),
    );
    table.row(
        "bytes of a grant's account ([its rent](compute-units.md))",
        amount::count(accounts::space::<Grant>()),
    );
    table.row("peak memory, MB", report::megabytes(import.peak_kib));
    table.row(
        &format!("one grant per confirmed transaction, same chain, {SINGLE} grants: grants per second"),
        format!("{single_rate:.1}"),
    );
    table.row(
        "the import is faster by a factor of",
        format!("{:.0}", bulk_rate / single_rate),
    );
    assert!(bulk_rate >= 5.0 * single_rate, "the import is not 5 times as fast");
    table
}

fn period_table(settle: &Measured, accounts: &Measured, claims: &Measured) -> Table {
    let mut table = Table::new(format!("a period of {} grants", report::count(THOUSAND.into())));
    for (what, measured) in [
        ("`settle --all`", settle),
        ("`claim --all --create-accounts`, nobody has a token account", accounts),
        ("`claim --all`, everybody has one", claims),
    ] {
        let report = measured.json();
        let done = match &report["claimed"] {
            Value::Array(claimed) => claimed.len(),
            _ => usize::try_from(report["settled"].as_u64().expect("a number")).expect("a small number"),
        };
        assert_eq!(done, usize::try_from(THOUSAND).expect("a small number"), "{what}");
        let transactions = report["transactions"].as_u64().expect("a number");
        let rate = f64::from(THOUSAND) / measured.elapsed.as_secs_f64();
        let text = format!(
            "{} s, {} transactions, {rate:.0} a second",
            report::seconds(measured.elapsed),
            report::count(transactions)
        );
        table.row(what, text);
    }
    table
}

fn reading_table(settle: &Measured, statement: &Measured, list: &Measured, count: u32) -> Table {
    let mut table = Table::new(format!("a plan of {} grants", report::count(count.into())));
    table.row("`settle --all`, seconds", report::seconds(settle.elapsed));
    table.row("`plan statement`, seconds", report::seconds(statement.elapsed));
    table.row(
        "`plan statement`, peak memory, MB",
        report::megabytes(statement.peak_kib),
    );
    table.row("`grant list`, seconds", report::seconds(list.elapsed));
    let lines = statement.stdout.lines().count();
    assert!(
        lines > usize::try_from(count).expect("a small number"),
        "a line for each grant, not {lines}"
    );
    assert!(statement.peak_kib < 500 * 1_024, "the statement takes more than 500 MB");
    table
}

fn start_table(earnout: &Earnout) -> Table {
    let times = (0..STARTS).map(|_| run(earnout, &["--help"]).elapsed).collect();
    let median = median(times);
    let mut table = Table::new("start of the command".to_owned());
    table.row(
        &format!("`earnout --help`, median of {STARTS}, milliseconds"),
        format!("{:.1}", median.as_secs_f64() * 1e3),
    );
    let size = earnout_binary().metadata().expect("the binary").len();
    table.row("size of the binary, MB", report::megabytes(size / 1_024));
    table
}
