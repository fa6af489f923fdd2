//! What does not depend on how many grants a plan has: grants made one by one, claims that make the token account, and
//! the start of the command.

use {
    crate::{
        figures::Figures,
        process::{Measured, median, run},
        report::{self, Table},
    },
    earnout::{instructions::CreateGrantArgs, state::UnearnedPolicy},
    earnout_e2e::{BigPlan, Chain, Earnout, earnout_binary},
    earnout_sdk::{client::Submission, wire::instructions},
    solana_signer::Signer,
    std::time::{Duration, Instant},
};

/// Grants whose beneficiaries have no token account.
const THOUSAND: u32 = 1_000;

/// Grants that are made one by one.
const SINGLE: u32 = 40;

/// Starts of the command.
const STARTS: usize = 50;

/// Units of `create_grant` with what an address can take to be found.
const UNITS: u32 = 40_000;

/// The tables. `all` is what was measured of whole plans.
pub async fn tables(all: &[Figures]) -> Vec<Table> {
    let chain = Chain::start(&[]);
    let earnout = Earnout::as_key(&chain, "authority");
    let funded = u64::from(THOUSAND + SINGLE) * 100;
    let plan = BigPlan::create(&chain, UnearnedPolicy::Return, funded).await;
    let mut table = Table::new(["beside that", ""]);
    let single = one_by_one(&chain, &plan).await;
    let rate = f64::from(SINGLE) / single.as_secs_f64();
    table.row(
        &format!("one grant per confirmed transaction, {SINGLE} grants: grants a second"),
        [format!("{rate:.1}")],
    );
    let largest = all.last().expect("a size");
    let import = f64::from(largest.grants) / largest.import.time.as_secs_f64();
    table.row(
        &format!(
            "the import of {} is faster by a factor of",
            report::count(largest.grants.into())
        ),
        [format!("{:.0}", import / rate)],
    );
    let claim = first_claims(&chain, &plan, &earnout).await;
    let transactions = claim.json()["transactions"].as_u64().expect("a number");
    table.row(
        &format!(
            "`claim --all --create-accounts` for {} without one",
            report::count(THOUSAND.into())
        ),
        [format!(
            "{} s, {transactions} transactions",
            report::seconds(claim.elapsed)
        )],
    );
    let starts = (0..STARTS).map(|_| run(&earnout, &["--help"]).elapsed).collect();
    table.row(
        &format!("`earnout --help`, median of {STARTS}, milliseconds"),
        [format!("{:.1}", median(starts).as_secs_f64() * 1e3)],
    );
    let size = earnout_binary().metadata().expect("the binary").len();
    table.row("size of the binary, MB", [report::megabytes(size / 1_024)]);
    vec![table]
}

/// One grant a transaction, each confirmed before the next is signed.
async fn one_by_one(chain: &Chain, plan: &BigPlan) -> Duration {
    let (client, authority) = (chain.client(), chain.key("authority"));
    let key = authority.pubkey();
    let begun = Instant::now();
    for number in 0..SINGLE {
        let terms = CreateGrantArgs {
            grant_index: number,
            beneficiary: BigPlan::contributor(1_000_000 + number).pubkey(),
            allocation: 100_000_000,
            unit_allocation: 0,
            first_period: 0,
            periods: 4,
            cliff_periods: 0,
            time_weight: 4_000,
            kpi_weights: plan.kpi_weights(),
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

/// The first claims of beneficiaries that have no token account.
async fn first_claims(chain: &Chain, plan: &BigPlan, earnout: &Earnout) -> Measured {
    let address = plan.address.to_string();
    earnout.file("contributors.csv", plan.contributors(0, THOUSAND));
    run(earnout, &["grant", "import", &address, "contributors.csv"]);
    chain.warp(&(plan.end(0) + 60).to_string());
    plan.attest(chain, 0, 50).await;
    run(earnout, &["settle", "--all", &address]);
    run(
        earnout,
        &["claim", "--all", &address, "--create-accounts", "--output", "json"],
    )
}
