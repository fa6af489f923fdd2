//! What one period takes of an oracle.

use {
    crate::{figures::Step, process::follow},
    earnout::{constants::PAGE_GRANTS, state::place},
    earnout_e2e::{BigPlan, Chain, Oracle},
    earnout_sdk::wire::PageState,
    solana_signer::Signer,
    std::fmt::Write,
};

/// Lamports of a signature.
const SIGNATURE: u64 = 5_000;

/// The three, in their order.
pub const ORACLES: [&str; 3] = ["oracle-1", "oracle-2", "oracle-3"];

/// What an oracle says of a grant, by the number of the KPI. The second one measures something else: where two agree,
/// the daemon of the third has nothing to say.
fn value(oracle: &str, grant: u32, kpi: usize) -> i64 {
    let measured = i64::from(grant % 200) + i64::try_from(kpi).expect("a small number");
    measured + i64::from(oracle == ORACLES[1])
}

/// One round of a daemon that votes on all KPIs of all grants, and what is left of it.
///
/// # Panics
/// If a grant is not voted on exactly once.
pub async fn vote(
    chain: &Chain,
    plan: &BigPlan,
    name: &str,
    grants: u32,
    period: u16,
    version: &str,
) -> (Step, Oracle) {
    let mut feeds = String::new();
    for (number, kpi) in plan.kpis.iter().enumerate() {
        let source = format!(
            "{{ type = \"csv\", file = \"values.csv\", column = {kpi:?}, where = {{ person = \"{{identity}}\" }} }}"
        );
        writeln!(
            feeds,
            "[[feed]]\nid = {kpi:?}\nplan = \"{}\"\nkpi = {number}\nidentities = \"identities.csv\"\nsource = {source}",
            plan.address
        )
        .expect("memory");
    }
    let oracle = Oracle::new(chain, name, &[&chain.rpc_url], &feeds);
    let configuration = std::fs::read_to_string(oracle.configuration()).expect("it was written");
    let chosen = format!("[chain]\ntransaction_version = {version:?}\n");
    oracle.configure(&configuration.replacen("[chain]\n", &chosen, 1));
    let (mut identities, mut values) = ("beneficiary,identity\n".to_owned(), "person".to_owned());
    for kpi in plan.kpis {
        write!(values, ",{kpi}").expect("memory");
    }
    for grant in 0..grants {
        let key = BigPlan::contributor(grant).pubkey();
        writeln!(identities, "{key},person-{grant}").expect("memory");
        write!(values, "\nperson-{grant}").expect("memory");
        for kpi in 0..plan.kpis.len() {
            write!(values, ",{}", value(name, grant, kpi)).expect("memory");
        }
    }
    oracle.file("identities.csv", &identities);
    oracle.file("values.csv", &values);

    let (client, key) = (chain.client(), chain.key(name).pubkey());
    let made_before = pages(chain, plan, period).await.len();
    let before = client.balance(&key).await.expect("the chain answers");
    let round = follow(oracle.spawn(&["once"]), "earnout-oracle once");
    let after = client.balance(&key).await.expect("the chain answers");

    let pages = pages(chain, plan, period).await;
    let mut voted = vec![vec![0; usize::try_from(grants).expect("a small number")]; plan.kpis.len()];
    for page in &pages {
        let (view, head) = (page.view(), page.head());
        let first = head.first_grant();
        let ballot = view.ballots().find(|ballot| ballot.head.oracle == key).expect("a vote");
        let within = (first..grants).take(usize::from(PAGE_GRANTS));
        for grant in within {
            let kpi = usize::from(head.kpi);
            assert_eq!(
                ballot.vote(place(grant).1),
                Some(value(name, grant, kpi)),
                "grant {grant}"
            );
            voted[kpi][usize::try_from(grant).expect("a small number")] += 1;
        }
    }
    assert!(voted.iter().flatten().all(|votes| *votes == 1), "every grant once");
    // The first oracle makes the pages, and pays their rent.
    let made = if made_before == 0 { pages.as_slice() } else { &[] };
    let rent: u64 = made.iter().map(|page| page.head().rent_paid).sum();
    let fees = before - after - rent;
    assert_eq!(fees % SIGNATURE, 0, "fees of signatures alone");
    let bytes: usize = made.iter().map(|page| page.to_bytes().len()).sum();
    let step = Step {
        transactions: fees / SIGNATURE,
        fees,
        accounts: u64::try_from(made.len()).expect("a small number"),
        bytes: u64::try_from(bytes).expect("a small number"),
        ..Step::of(&round, "the daemon")
    };
    (step, oracle)
}

/// The pages of a period.
async fn pages(chain: &Chain, plan: &BigPlan, period: u16) -> Vec<PageState> {
    let evaluations = chain.client().evaluations_of_plan(&plan.address).await;
    let evaluations = evaluations.expect("the chain answers");
    let pages = evaluations.iter().filter_map(|(_, state)| state.page().cloned());
    pages.filter(|page| page.head().period == period).collect()
}
