//! `earnout plan create`: the plan of a file, once, whatever happens in between, and never another one.

use {
    earnout::state::{Plan, PlanStatus},
    earnout_e2e::{Chain, Earnout, Finished, Hostile, Mode, Setting, Token},
    earnout_sdk::wire::{accounts, pda},
    serde_json::Value,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
};

const FILE: &str = "plan.toml";

/// A supply of 100,000,000 tokens with 6 decimals, as the template states it.
const SUPPLY: u64 = 100_000_000_000_000;

/// KPIs of the file: so many that no transaction holds them all.
const KPIS: usize = 12;

struct World {
    chain: Chain,
    earnout: Earnout,
    token: Token,
}

impl World {
    /// A chain with a token, and in the home folder the filled template with more KPIs.
    async fn new() -> Self {
        let chain = Chain::start(&["--slot-ms", "50"]);
        let earnout = Earnout::as_key(&chain, "authority");
        let authority = chain.key("authority");
        let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
        chain.mint_to(&token, &authority, &authority.pubkey(), SUPPLY).await;
        earnout.run(&["plan", "init"]).succeeded().says("Wrote plan.toml");
        let world = Self { chain, earnout, token };
        let mut text = std::fs::read_to_string(world.earnout.home().join(FILE)).expect("a plan file");
        for (placeholder, address) in [
            ("<ADDRESS OF THE FIRST ORACLE>", world.key("oracle-1")),
            ("<ADDRESS OF THE SECOND ORACLE>", world.key("oracle-2")),
            ("<ADDRESS OF THE THIRD ORACLE>", world.key("oracle-3")),
            ("<ADDRESS OF THE ARBITER>", world.key("arbiter")),
            ("<ADDRESS OF THE TOKEN'S MINT>", world.token.mint),
            ("<ADDRESS OF THE TREASURY>", world.key("treasury-owner")),
        ] {
            assert!(text.contains(placeholder), "{placeholder}");
            text = text.replace(placeholder, &address.to_string());
        }
        let (first, last) = ("[[kpi]]\nname = \"review of own work\"", "# One [[grant]]");
        let one = text[text.find(first).expect("a KPI")..text.find(last).expect("grants")].to_owned();
        let more: String = (3..=KPIS)
            .map(|number| one.replace("review of own work", &format!("review {number}")))
            .collect();
        world.write(&text.replace(last, &format!("{more}{last}")));
        world
    }

    fn key(&self, name: &str) -> Pubkey {
        self.chain.key(name).pubkey()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.earnout.home().join(FILE)).expect("a plan file")
    }

    fn write(&self, text: &str) {
        self.earnout.file(FILE, text);
    }

    /// Line of a text in the file, counted from 1.
    #[track_caller]
    fn line(&self, part: &str) -> usize {
        let text = self.text();
        let at = text.find(part).unwrap_or_else(|| panic!("{part:?} is not in the file"));
        text[..at].matches('\n').count() + 1
    }

    #[track_caller]
    fn change(&self, old: &str, new: &str) {
        let text = self.text();
        assert!(text.contains(old), "{old:?} is not in the file");
        self.write(&text.replacen(old, new, 1));
    }

    fn address(&self) -> Pubkey {
        pda::plan(&self.key("authority"), 1)
    }

    fn create(&self, options: &[&str]) -> Finished {
        self.earnout.run(&[&["plan", "create", FILE], options].concat())
    }

    async fn plan(&self) -> Option<Plan> {
        let account = self.chain.client().account(&self.address()).await.expect("an answer")?;
        Some(accounts::plan(&account.data).expect("a plan"))
    }

    /// Expects the plan of the file.
    async fn is_complete(&self, status: PlanStatus, funded: u64) -> Plan {
        let plan = self.plan().await.expect("a plan");
        assert_eq!(plan.status, status.to_byte());
        assert_eq!(plan.kpis().len(), KPIS);
        let names: Vec<String> = plan
            .kpis()
            .iter()
            .map(|kpi| String::from_utf8_lossy(&kpi.name).trim_end_matches('\0').to_owned())
            .collect();
        let mut expected = vec!["monthly active users".to_owned(), "review of own work".to_owned()];
        expected.extend((3..=KPIS).map(|number| format!("review {number}")));
        assert_eq!(names, expected);
        assert_eq!(
            (plan.authority, plan.arbiter),
            (self.key("authority"), self.key("arbiter"))
        );
        let oracles = ["oracle-1", "oracle-2", "oracle-3"].map(|name| self.key(name));
        assert_eq!(
            (plan.oracles.oracles(), plan.oracles.threshold),
            (oracles.as_slice(), 2)
        );
        assert_eq!(
            (plan.mint, plan.treasury),
            (self.token.mint, self.token.account(&self.key("treasury-owner")))
        );
        assert_eq!((plan.cadence_kind, plan.cadence_length, plan.period_count), (1, 3, 4));
        assert_eq!((plan.attest_secs, plan.ruling_secs), (14 * 86_400, 7 * 86_400));
        assert_eq!(
            (plan.min_allocation, plan.max_allocation),
            (1_000_000_000, 5_000_000_000_000)
        );
        assert_eq!(plan.funded_total, funded);
        // An event for each thing that was done: nothing was done twice.
        let done = 1 + KPIS as u64 + u64::from(status == PlanStatus::Active) + u64::from(funded > 0);
        assert_eq!(plan.event_sequence, done);
        assert_eq!(self.chain.token_balance(&plan.vault).await, funded);
        plan
    }
}

fn signatures(shown: &Value) -> usize {
    shown["signatures"].as_array().expect("signatures").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn lamports_at_the_treasurys_address_hinder_nobody() {
    let world = World::new().await;
    let treasury = world.token.account(&world.key("treasury-owner"));
    world.chain.airdrop(&treasury, 1);
    world.create(&["--yes"]).succeeded();
    world.is_complete(PlanStatus::Draft, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_created_as_its_file_says() {
    let world = World::new().await;
    let simulated = world.create(&["--dry-run", "--output", "json"]).succeeded();
    simulated.clone().says("more follow");
    assert!(simulated.json().is_object());
    assert!(world.plan().await.is_none(), "a dry run sends nothing");

    let shown = world
        .create(&["--output", "json"])
        .succeeded()
        .says("add the KPI \"review 12\"")
        .json();
    assert_eq!(shown["plan"], world.address().to_string());
    assert_eq!(shown["status"], "draft");
    let sent = signatures(&shown);
    assert!((2..KPIS).contains(&sent), "{sent} transactions");
    world.is_complete(PlanStatus::Draft, 0).await;

    let again = world
        .create(&["--output", "json"])
        .succeeded()
        .says("nothing is left to be done")
        .json();
    assert_eq!((signatures(&again), &again["plan"]), (0, &shown["plan"]));

    let fund = ["--activate", "--fund", "1_250.5", "--output", "json"];
    let shown = world.create(&fund).succeeded().json();
    assert_eq!((signatures(&shown), &shown["status"]), (1, &Value::from("active")));
    world.is_complete(PlanStatus::Active, 1_250_500_000).await;
    // What was funded counts: the same command moves nothing a second time.
    let again = world.create(&fund).succeeded().json();
    assert_eq!((signatures(&again), &again["status"]), (0, &Value::from("active")));
    world.is_complete(PlanStatus::Active, 1_250_500_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creation_goes_on_after_a_kill_at_any_point() {
    let world = World::new().await;
    let hostile = Hostile::before(&world.chain.rpc_url);
    let arguments = [
        "plan",
        "create",
        FILE,
        "--activate",
        "--fund",
        "5_000",
        "-u",
        &hostile.url,
        // More transactions, more points.
        "--transaction-version",
        "0",
    ];
    let mut kills = 0;
    // Each transaction is first asked for and not done, then done and not confirmed; each time the process is killed.
    while world.plan().await.is_none_or(|plan| plan.funded_total == 0) {
        let undone = Setting::new(Mode::Never).only(&["sendTransaction"]);
        for setting in [undone, Setting::held("sendTransaction")] {
            hostile.set([setting]);
            let before = hostile.count("sendTransaction");
            let mut child = world.earnout.spawn(&arguments);
            hostile.wait_for("sendTransaction", before);
            child.kill().expect("it runs");
            child.wait().expect("it ends");
            kills += 1;
        }
        let sequence = world.plan().await.map_or(0, |plan| plan.event_sequence);
        assert!(
            kills <= 2 * (KPIS + 3),
            "no progress after {kills} kills: event {sequence}"
        );
    }
    assert!(kills >= 6, "only {kills} kills");
    hostile.obey();
    let shown = world
        .earnout
        .run(&[&arguments[..], &["--output", "json"]].concat())
        .succeeded()
        .json();
    assert_eq!(signatures(&shown), 0, "nothing was left");
    world.is_complete(PlanStatus::Active, 5_000_000_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_before_an_error_is_said() {
    let world = World::new().await;
    let hostile = Hostile::before(&world.chain.rpc_url);
    let arguments = ["plan", "create", FILE, "-u", &hostile.url, "--output", "json"];
    // The first transaction is executed; then the endpoint takes no more.
    hostile.set([Setting::held("sendTransaction")]);
    let mut child = world.earnout.spawn(&arguments);
    hostile.wait_for("sendTransaction", 0);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let done = world.plan().await.expect("a plan").kpis().len();
    assert!((1..KPIS).contains(&done), "{done} KPIs");

    // An endpoint that refuses what would be sent: nothing of this run was done.
    hostile.only(Mode::Status503, &["sendTransaction"]);
    let refused = world.earnout.run(&arguments);
    assert!(matches!(refused.code, Some(1 | 3)), "{refused:?}");
    let error = refused.json()["error"].clone();
    assert!(error["what"].is_string() && error["advice"].is_string(), "{error}");
    assert_eq!(world.plan().await.expect("a plan").kpis().len(), done);
    hostile.obey();
    world.earnout.run(&arguments).succeeded();
    world.is_complete(PlanStatus::Draft, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_other_terms_is_refused_by_field() {
    let world = World::new().await;
    world.create(&[]).succeeded();
    let before = world.chain.account(&world.address()).await;
    let text = world.text();
    for (old, new, field, on_chain, in_file) in [
        (
            "cadence = \"3 months\"",
            "cadence = \"1 month\"",
            "plan.cadence",
            "3 months",
            "1 month",
        ),
        (
            "attest = \"14 days\"",
            "attest = \"36 hours\"",
            "windows.attest",
            "14 days",
            "36 hours",
        ),
        ("max_grants = 100", "max_grants = 99", "limits.max_grants", "100", "99"),
        ("threshold = 2", "threshold = 3", "roles.threshold", "2", "3"),
        (
            "unearned = \"carry-over\"",
            "unearned = \"return\"",
            "plan.unearned",
            "carry-over",
            "return",
        ),
        (
            "allow = []",
            "allow = [\"transfer-fee\"]",
            "token.allow",
            "",
            "transfer-fee",
        ),
        (
            "score = 15_000",
            "score = 15_001",
            "kpi \"monthly active users\" curve",
            "(100,000, 15000)",
            "(100,000, 15001)",
        ),
        (
            "default_score = 5_000",
            "default_score = 4_999",
            "kpi \"review of own work\" default_score",
            "5000",
            "4999",
        ),
    ] {
        world.write(&text);
        world.change(old, new);
        let refused = world
            .create(&["--activate", "--output", "json"])
            .failed(1)
            .says("exists with other terms");
        let differences = refused.json()["differences"].clone();
        let [difference] = differences.as_array().expect("a list").as_slice() else {
            panic!("{differences:#}")
        };
        assert_eq!(difference["field"], field);
        assert_eq!(difference["line"], world.line(new));
        assert!(
            difference["onChain"].as_str().expect("text").contains(on_chain),
            "{difference}"
        );
        assert!(
            difference["inFile"].as_str().expect("text").contains(in_file),
            "{difference}"
        );
        refused.says(field).says("nothing was sent");
    }
    assert_eq!(world.chain.account(&world.address()).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_chain_shows_is_a_mistake_with_its_line() {
    let world = World::new().await;
    let text = world.text();
    let authority = world.chain.key("authority");
    let other = world.chain.create_mint(Token::TOKEN_2022, 9, &authority.pubkey()).await;
    let foreign = world.chain.mint_to(&other, &authority, &authority.pubkey(), 1).await;
    let mint = world.token.mint.to_string();
    let owner = world.key("treasury-owner").to_string();
    for (old, new, field, what) in [
        (
            "supply = \"100_000_000\"",
            "supply = \"90_000_000\"",
            "token.supply",
            "100,000,000.000000 tokens exist",
        ),
        (
            mint.as_str(),
            &other.mint.to_string(),
            "token.decimals",
            "the mint has 9 decimals",
        ),
        (
            &format!("treasury = {owner:?}"),
            &format!("treasury = \"{foreign}\""),
            "roles.treasury",
            "is a token account of the mint",
        ),
    ] {
        world.write(&text);
        world.change(old, new);
        let refused = world.create(&["--output", "json"]).failed(1);
        let mistake = refused.json()["mistakes"][0].clone();
        assert_eq!(mistake["field"], field, "{mistake}");
        assert!(mistake["what"].as_str().expect("text").contains(what), "{mistake}");
        let line = if field == "token.decimals" {
            world.line("decimals = 6")
        } else {
            world.line(new)
        };
        assert_eq!(mistake["line"], line, "{mistake}");
        assert!(world.plan().await.is_none(), "something was sent");
    }
    // Mistakes that need no chain come all at once.
    world.write(&text);
    world.change("threshold = 2", "threshold = 1");
    world.change("default_score = 0", "default_score = 10_001");
    let refused = world
        .create(&["--output", "json"])
        .failed(1)
        .says("has 2 mistakes; nothing was sent");
    assert_eq!(refused.json()["mistakes"].as_array().map(Vec::len), Some(2));

    world.write(&text);
    world
        .create(&["--fund", "100_000_001"])
        .failed(1)
        .says("holds less than 100,000,001");
    let unknown = Pubkey::new_unique();
    world.change(&mint, &unknown.to_string());
    world
        .create(&[])
        .failed(1)
        .says(&format!("there is no mint at {unknown}"));
    assert!(world.plan().await.is_none(), "something was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_a_vault_is_exported_transaction_by_transaction() {
    let world = World::new().await;
    let authority = world.key("authority").to_string();
    let exported = world
        .create(&["--export-transaction", "-k", &authority, "--output", "json"])
        .succeeded();
    exported.clone().says("run the same command again when it is executed");
    assert!(exported.json().is_object(), "{exported:?}");
    assert!(world.plan().await.is_none(), "an export sends nothing");
}
