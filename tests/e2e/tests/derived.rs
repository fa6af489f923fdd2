//! Values that follow from several reads, by the built daemon: growth against what was attested, and samples of an
//! account.

use {
    earnout::state::{Scope, UnearnedPolicy},
    earnout_e2e::{BigPlan, Chain, Earnout, Finished, Oracle},
    serde_json::json,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    solana_system_interface::program::ID as SYSTEM,
    std::fs,
};

/// Where the sampled lamports are.
const TREASURY: Pubkey = Pubkey::new_from_array([77; 32]);

/// A plan with two KPIs, `users` and `growth`.
struct World {
    chain: Chain,
    plan: BigPlan,
}

impl World {
    async fn new() -> Self {
        Self::with(Scope::Shared, 1).await
    }

    /// With so many grants, and KPIs for all or for each of them.
    async fn with(scope: Scope, grants: u32) -> Self {
        let chain = Chain::start_embedded();
        let kpis = &["users", "growth"];
        let plan = BigPlan::create_with(&chain, UnearnedPolicy::Return, 1_000_000, kpis, scope).await;
        let earnout = Earnout::as_key(&chain, "authority");
        earnout.file("contributors.csv", plan.contributors(0, grants));
        let address = plan.address.to_string();
        earnout
            .run(&["grant", "import", &address, "contributors.csv", "--yes"])
            .succeeded();
        Self { chain, plan }
    }

    /// An operator with two endpoints, which are one.
    fn operator(&self, feeds: &str) -> Oracle {
        self.operator_of("oracle-1", feeds)
    }

    fn operator_of(&self, key: &str, feeds: &str) -> Oracle {
        let url = &self.chain.rpc_url;
        let other = url.replace("127.0.0.1", "localhost");
        assert_ne!(*url, other);
        Oracle::new(&self.chain, key, &[url, &other], feeds)
    }

    fn feed(&self, kpi: &str, source: &str) -> String {
        let plan = self.plan.address;
        format!("[[feed]]\nid = \"{kpi}\"\nplan = \"{plan}\"\nkpi = \"{kpi}\"\n[feed.source]\n{source}\n")
    }

    /// Moves the clock to so many seconds after the end of a period.
    fn at(&self, period: i64, seconds: i64) {
        self.chain.warp(&(self.plan.end(period) + seconds).to_string());
    }

    /// What `verify` says of the period. It goes on to say that this chain keeps no history.
    fn verified(&self, oracle: &Oracle, period: u16) -> Finished {
        oracle.run(&["verify", &self.plan.address.to_string(), &period.to_string()])
    }

    async fn give(&self, lamports: u64) {
        let account = json!({ "lamports": lamports, "owner": SYSTEM.to_string() });
        let parameters = json!([TREASURY.to_string(), account]);
        self.chain.ask("surfnet_setAccount", parameters).await;
    }
}

/// What stands in all documents of the evidence.
fn evidence(oracle: &Oracle) -> String {
    let mut text = String::new();
    let mut folders = vec![oracle.folder().join("state/evidence")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => text += &fs::read_to_string(path).unwrap(),
            }
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn growth_is_against_the_value_that_counts_on_the_chain() {
    let world = World::new().await;
    let source = "type = \"change\"\ncompute = \"growth\"\nfactor = 100\nagainst = \"period-before\"\nearlier = { attested = \
                  \"users\" }\nof = { type = \"command\", command = [\"echo\", \"60\"] }";
    let oracle = world.operator(&world.feed("growth", source));
    world.at(0, 60);
    // The first period has none before it.
    let once = oracle.run(&["once"]);
    assert_eq!(once.code, Some(2), "{}", once.stdout);
    let status = oracle.run(&["status"]);
    assert!(
        status.stdout.contains("the period 0 is the plan's first"),
        "{}",
        status.stdout
    );
    world.at(1, 60);
    let once = oracle.run(&["once", "--period", "1"]);
    assert_eq!(once.code, Some(2), "{}", once.stdout);
    let status = oracle.run(&["status"]);
    assert!(status.stdout.contains("was not attested"), "{}", status.stdout);

    // Another world, in which it was.
    let world = World::new().await;
    world.at(0, 60);
    world.plan.attest(&world.chain, 0, 50).await;
    world.at(1, 60);
    let oracle = world.operator(&world.feed("growth", source));
    let once = oracle.run(&["once", "--period", "1"]).succeeded();
    assert!(once.stdout.contains("1 voted"), "{}", once.stdout);
    let evidence = evidence(&oracle);
    for part in [
        "\\\"account\\\":",
        "\\\"slot\\\":",
        "\\\"value\\\":\\\"50\\\"",
        "\"of\": \"earlier\"",
    ] {
        assert!(evidence.contains(part), "{part}: {evidence}");
    }
    let verified = world.verified(&oracle, 1);
    assert!(verified.stdout.contains("1 of 1 vote"), "{}", verified.stdout);
    let line = verified.stdout.lines().find(|line| line.contains("growth")).unwrap();
    assert!(line.contains(" 20 ") && line.contains("proved"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_individual_kpi_it_is_the_value_of_the_same_grant() {
    let world = World::with(Scope::Individual, 3).await;
    // Each grant its own value, by the first letter of the key.
    let script = r#"echo $(( ($(printf '%d' "'$1") % 7 + 1) * $2 ))"#;
    let command = |times: u32| {
        format!("type = \"command\", command = [\"sh\", \"-c\", {script:?}, \"sh\", \"{{beneficiary}}\", \"{times}\"]")
    };
    let users = world.feed("users", &command(10).replace(", command", "\ncommand"));
    world.at(0, 60);
    for key in ["oracle-1", "oracle-2"] {
        let once = world.operator_of(key, &users).run(&["once"]).succeeded();
        assert!(once.stdout.contains("3 voted"), "{}", once.stdout);
    }
    world.at(1, 60);
    let source = format!(
        "type = \"change\"\ncompute = \"difference\"\nagainst = \"period-before\"\nearlier = {{ attested = \"users\" }}\nof = {{ {} }}",
        command(11)
    );
    let oracle = world.operator(&world.feed("growth", &source));
    let once = oracle.run(&["once", "--period", "1"]).succeeded();
    assert!(once.stdout.contains("3 voted"), "{}", once.stdout);
    let shown = world.verified(&oracle, 1).stdout;
    assert!(shown.contains("3 of 3 votes"), "{shown}");
    for number in 0..3 {
        // 11 times it, less 10 times it.
        let letter = BigPlan::contributor(number).pubkey().to_string().into_bytes()[0];
        let value = format!(" {} ", letter % 7 + 1);
        let line = shown
            .lines()
            .filter(|line| line.contains("growth"))
            .nth(usize::try_from(number).unwrap());
        assert!(
            line.is_some_and(|line| line.contains(&value)),
            "{number} {value}: {shown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_of_the_last_hour_outlive_the_process_and_their_median_is_voted() {
    let world = World::new().await;
    world.give(5).await;
    let source = |minimum| {
        format!(
            "type = \"solana\"\nmeasure = {{ lamports = \"{TREASURY}\" }}\nsamples = 4\nminimum = {minimum}\nwindow = \"1h\""
        )
    };
    let feeds = world.feed("users", &source(3)) + &world.feed("growth", &source(4));
    let oracle = world.operator(&feeds);
    for (before, lamports) in [(4_000, 5), (3_590, 5), (2_690, 900), (1_790, 5)] {
        world.give(lamports).await;
        world.at(0, -before);
        oracle.run(&["once"]).succeeded();
    }
    // The last sample is missed.
    world.at(0, 60);
    world.give(7).await;
    let once = oracle.run(&["once"]);
    assert_eq!(once.code, Some(2), "{}", once.stdout);
    assert!(
        once.stdout.contains("1 voted") && once.stdout.contains("1 held"),
        "{}",
        once.stdout
    );
    let status = oracle.run(&["status"]);
    assert!(status.stdout.contains("3 of 4 samples"), "{}", status.stdout);
    let verified = world.verified(&oracle, 0);
    assert!(verified.stdout.contains("1 of 1 vote"), "{}", verified.stdout);
    let line = verified.stdout.lines().find(|line| line.contains("users")).unwrap();
    assert!(line.contains(" 5 ") && line.contains("proved"), "{line}");
}
