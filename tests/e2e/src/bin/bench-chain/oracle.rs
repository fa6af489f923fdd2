//! What one period of an individual KPI takes of an oracle.

use {
    crate::{
        process::{follow, run},
        report::{self, Table},
    },
    earnout::{
        constants::NO_VALUE,
        state::{Scope, UnearnedPolicy},
    },
    earnout_e2e::{BigPlan, Chain, Earnout, Oracle},
    earnout_sdk::{text::amount, wire::events::Event},
    solana_signer::Signer,
    std::fmt::Write,
};

/// Grants, each with a value of its own.
const GRANTS: u32 = 1_000;

/// Measures one round of the daemon that votes on all of them.
///
/// # Panics
/// If a grant is not voted on exactly once.
pub async fn table() -> Table {
    let chain = Chain::start(&[]);
    let funded = u64::from(GRANTS) * 100;
    let plan = BigPlan::create_numbered(&chain, 77, UnearnedPolicy::Return, funded, Scope::Individual).await;
    let earnout = Earnout::as_key(&chain, "authority");
    earnout.file("contributors.csv", plan.contributors(0, GRANTS));
    let address = plan.address.to_string();
    run(&earnout, &["grant", "import", &address, "contributors.csv"]);
    chain.warp(&(plan.end(0) + 60).to_string());

    let feed = format!(
        "[[feed]]\nid = \"users\"\nplan = \"{address}\"\nkpi = 0\nidentities = \"identities.csv\"\nsource = {{ type = \"csv\", \
         file = \"users.csv\", column = \"users\", where = {{ person = \"{{identity}}\" }} }}\n"
    );
    let oracle = Oracle::new(&chain, "oracle-1", &[&chain.rpc_url], &feed);
    let (mut identities, mut users) = ("beneficiary,identity\n".to_owned(), "person,users\n".to_owned());
    for number in 0..GRANTS {
        let key = BigPlan::contributor(number).pubkey();
        writeln!(identities, "{key},person-{number}").expect("memory");
        writeln!(users, "person-{number},{}", number % 200).expect("memory");
    }
    oracle.file("identities.csv", &identities);
    oracle.file("users.csv", &users);

    let client = chain.client();
    let key = chain.key("oracle-1").pubkey();
    let before = client.balance(&key).await.expect("the chain answers");
    let round = follow(oracle.spawn(&["once"]), "earnout-oracle once");
    eprintln!("{GRANTS} individual values: {:?}", round.elapsed);

    let evaluations = client.evaluations_of_plan(&plan.address).await;
    let evaluations = evaluations.expect("the chain answers");
    let pages: Vec<_> = evaluations.iter().filter_map(|(_, state)| state.page()).collect();
    let rent: u64 = pages.iter().map(|page| page.head().rent_paid).sum();
    let bytes: usize = pages.iter().map(|page| page.to_bytes().len()).sum();
    let events = client.events(&plan.address).await.expect("the chain answers");
    let (mut signatures, mut grants) = (Vec::new(), Vec::new());
    for recorded in &events {
        if let Event::PageAttested(vote) = &recorded.event
            && vote.oracle == key
        {
            signatures.push(recorded.signature);
            let voted = (vote.first..)
                .zip(&vote.values)
                .filter(|(_, value)| **value != NO_VALUE);
            grants.extend(voted.map(|(grant, _)| grant));
        }
    }
    grants.sort_unstable();
    assert!(grants.into_iter().eq(0..GRANTS), "every grant once");
    signatures.sort_unstable();
    signatures.dedup();
    let after = client.balance(&key).await.expect("the chain answers");
    assert!(round.peak_kib < 200 * 1_024, "the oracle takes more than 200 MB");

    let mut table = Table::new(format!(
        "one period of {} individual values, one oracle",
        report::count(GRANTS.into())
    ));
    table.row("`earnout-oracle once`, seconds", report::seconds(round.elapsed));
    table.row(
        "values per second",
        format!("{:.0}", f64::from(GRANTS) / round.elapsed.as_secs_f64()),
    );
    table.row(
        "transactions",
        report::count(u64::try_from(signatures.len()).expect("a small number")),
    );
    table.row("fees, SOL", report::sol(before - after - rent));
    table.row(
        "pages, and their bytes for each grant ([their rent](compute-units.md))",
        format!(
            "{}, {}",
            pages.len(),
            amount::count(bytes.div_ceil(usize::try_from(GRANTS).expect("a small number")))
        ),
    );
    table.row("peak memory, MB", report::megabytes(round.peak_kib));
    table
}
