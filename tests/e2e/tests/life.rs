//! The whole life of a plan by the built `earnout` binary: made, funded, activated, its grants made, values reported,
//! disputed and ruled on, settled, claimed, keys changed, grants ended and handed on, everything closed. The statement
//! and the events are compared with amounts worked out by hand at each stage.

use {
    earnout::state::place,
    earnout_e2e::{BigPlan, Chain, Earnout, Finished, Token},
    earnout_sdk::{
        client::Documents,
        wire::{Manifest, pda},
    },
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
};

/// Three periods of 30 days from 1 February 2027, with windows of a day: they end on 3 March, 2 April and 2 May.
const PLAN: &str = include_str!("../../../examples/redistribute/plan.toml");

/// Base units of a token.
const TOKEN: u64 = 1_000_000;

/// Seconds of a period.
const PERIOD: u64 = 2_592_000;

struct Life {
    chain: Chain,
    earnout: Earnout,
    token: Token,
    plan: Pubkey,
}

impl Life {
    /// The plan is created, funded with 9,000 tokens and active; no grant is made.
    async fn begin() -> Self {
        Self::begin_for(10).await
    }

    /// The same for so many grants.
    async fn begin_for(grants: u32) -> Self {
        let chain = Chain::start(&["--slot-ms", "50", "--time", "2027-01-01T00:00:00Z"]);
        let earnout = Earnout::on(&chain);
        let authority = chain.key("authority");
        let token = chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
        chain
            .mint_to(&token, &authority, &authority.pubkey(), 10_000 * TOKEN)
            .await;
        chain
            .mint_to(&token, &authority, &chain.key("treasury-owner").pubkey(), 0)
            .await;
        let life = Self {
            plan: pda::plan(&authority.pubkey(), 7),
            chain,
            earnout,
            token,
        };
        let mint = format!("[token]\nmint = \"{}\"\n", token.mint);
        let mut file = PLAN.replace("[token]\n", &mint);
        file = file.replace("max_grants = 10", &format!("max_grants = {grants}")) + "\n[addresses]\n";
        for role in ["oracle-1", "oracle-2", "oracle-3", "arbiter", "treasury-owner"] {
            file += &format!("{role} = \"{}\"\n", life.key(role));
        }
        life.earnout.file("plan.toml", file);
        life.earnout.run(&["plan", "init", "template.toml"]).succeeded();
        life.by("authority", &["plan", "create", "plan.toml"]);
        assert_eq!(life.show()["status"], "draft");
        assert_eq!(life.show()["due"], json!([{ "task": "activate", "by": "authority" }]));
        life.by("authority", &["plan", "fund", &life.plan(), "9_000"]);
        life.by("authority", &["plan", "activate", &life.plan()]);
        life
    }

    fn plan(&self) -> String {
        self.plan.to_string()
    }

    /// `PLAN/INDEX`.
    fn grant(&self, index: u32) -> String {
        format!("{}/{index}", self.plan)
    }

    fn key(&self, name: &str) -> String {
        self.chain.key(name).pubkey().to_string()
    }

    /// Runs a command with this key.
    fn run(&self, key: &str, arguments: &[&str]) -> Finished {
        let file = self.chain.key_file(key);
        let file = file.to_str().unwrap();
        let all = [&["-k", file, "--output", "json"], arguments].concat();
        self.earnout.run(&all)
    }

    /// The same, which must succeed, and its JSON.
    #[track_caller]
    fn by(&self, key: &str, arguments: &[&str]) -> Value {
        self.run(key, arguments).succeeded().json()
    }

    fn show(&self) -> Value {
        self.by("payer", &["plan", "show", &self.plan()])
    }

    /// The statement, with which everything agrees.
    #[track_caller]
    fn statement(&self) -> Value {
        let statement = self.by("payer", &["plan", "statement", &self.plan()]);
        assert_eq!(statement["findings"], json!([]));
        assert_eq!(statement["vault"]["solvent"], true);
        statement
    }

    /// Names of the events from this number on.
    fn events_from(&self, from: u64) -> Vec<String> {
        let from = from.to_string();
        let events = self.by("payer", &["events", &self.plan(), "--from", &from]);
        let events = events["events"].as_array().unwrap().iter();
        events
            .map(|event| event["event"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A report by an oracle.
    fn attest(&self, oracle: &str, kpi: &str, period: &str, value: &str, grant: Option<u32>) -> Finished {
        let (plan, hash) = (self.plan(), "5e".repeat(32));
        let mut arguments = vec!["attest", &plan, kpi, period, value, "--evidence-hash", &hash];
        let grant = grant.map(|index| self.grant(index));
        if let Some(grant) = &grant {
            arguments.extend(["--grant", grant]);
        }
        self.run(oracle, &arguments)
    }

    async fn tokens_of(&self, key: &str) -> u64 {
        let owner = self.chain.key(key).pubkey();
        self.chain.token_balance(&self.token.account(&owner)).await
    }
}

/// Whole tokens in base units, as JSON has amounts.
fn tokens(whole: u64) -> Value {
    json!((whole * TOKEN).to_string())
}

fn units(amount: u64) -> Value {
    json!(amount.to_string())
}

/// Fields of an object.
fn fields(value: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| value[*name].clone()).collect()
}

const LINE: [&str; 6] = ["tranche", "earned", "bonus", "returned", "pooled", "claimed"];

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_from_its_file_to_its_end() {
    let life = Life::begin().await;
    let plan = life.plan();

    // Grants: 3,000 by half on growth and 30 % on tasks, 1,500 on growth alone, 600 for time served.
    let beneficiaries = ["beneficiary-1", "beneficiary-2", "beneficiary-3"].map(|name| life.key(name));
    let [first, second, third] = [0, 1, 2].map(|index| life.grant(index));
    let create = |index: usize, allocation: &str, terms: &[&str]| {
        let all = [&["grant", "create", &plan, &beneficiaries[index], allocation], terms].concat();
        life.by("authority", &all)
    };
    create(
        0,
        "3_000",
        &["--weight", "growth=50%", "--weight", "tasks=30%", "--transferable"],
    );
    create(1, "1_500", &["--weight", "growth=100%", "--revocable"]);
    create(2, "600", &["--cliff", "2"]);
    let shown = life.show();
    assert_eq!(
        fields(&shown, &["openGrants", "grantsMade", "decimals"]),
        [json!(3), json!(3), json!(6)]
    );
    // 3,000 · 1.5 and 1,500 · 2 and 600: the most that any scores can earn.
    let vault = fields(&shown["vault"], &["balance", "reserved", "owed", "pooled", "surplus"]);
    assert_eq!(vault, [tokens(9_000), tokens(8_100), tokens(0), tokens(0), tokens(900)]);
    let names = ["PlanCreated", "KpiAdded", "KpiAdded", "PlanFunded", "PlanActivated"];
    assert_eq!(life.events_from(1)[..5], names);
    assert_eq!(life.events_from(6), ["GrantCreated"; 3]);
    for (option, key) in [
        ("--authority", "authority"),
        ("--beneficiary", "beneficiary-2"),
        ("--oracle", "oracle-3"),
    ] {
        let listed = life.by("payer", &["plan", "list", option, &life.key(key)]);
        assert_eq!(
            (&listed[0]["plan"], listed.as_array().unwrap().len()),
            (&json!(plan), 1)
        );
    }
    let listed = life.by("payer", &["grant", "list", &plan]);
    assert_eq!(listed.as_array().unwrap().len(), 3);
    let grant = life.by("payer", &["grant", "show", &first]);
    assert_eq!(grant["projection"]["earned"], tokens(3_000));
    assert_eq!(grant["next"]["time"], 1_804_032_000, "the end of the first period");

    // Period 0: two oracles agree on growth, the tasks are disputed and corrected.
    life.chain.warp("2027-03-03T01:00:00Z");
    let missing = json!({ life.key("oracle-1"): 1, life.key("oracle-2"): 1, life.key("oracle-3"): 1 });
    assert_eq!(life.show()["due"][0]["missing"], missing);
    life.attest("oracle-1", "growth", "0", "60", None).succeeded();
    life.attest("oracle-2", "growth", "0", "90.5", None).succeeded();
    life.attest("oracle-3", "growth", "0", "60.0", None).succeeded();
    for oracle in ["oracle-1", "oracle-2"] {
        life.attest(oracle, "tasks", "0", "4", Some(0)).succeeded();
    }
    let growth = life.by("payer", &["attestation", "show", &plan, "growth", "0"]);
    let known = fields(&growth, &["value", "uiValue", "score", "basis", "final", "threshold"]);
    assert_eq!(
        known,
        [
            json!("600"),
            json!("60"),
            json!(6_000),
            json!("agreement"),
            json!(false),
            json!(2)
        ]
    );
    let votes: Vec<_> = growth["votes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vote| vote["oracle"].clone())
        .collect();
    assert_eq!(
        votes,
        ["oracle-1", "oracle-2", "oracle-3"].map(|oracle| json!(life.key(oracle)))
    );
    assert_eq!(growth["votes"][0]["evidence"], "5e".repeat(32));
    let tasks: Vec<_> = life.show()["due"]
        .as_array()
        .unwrap()
        .iter()
        .map(|due| due["task"].clone())
        .collect();
    // Time served depends on nobody.
    assert_eq!(tasks, ["dispute", "dispute", "settle"]);
    life.earnout.file(
        "reason.md",
        "Two of the four were accepted late, and a fifth was not counted.",
    );
    let dispute = [
        "attestation",
        "dispute",
        &plan,
        "tasks",
        "0",
        "--grant",
        &first,
        "--reason",
        "reason.md",
    ];
    life.by("beneficiary-1", &dispute);
    let due = life.show()["due"].clone();
    assert!(
        due.as_array()
            .unwrap()
            .iter()
            .any(|due| due["task"] == "rule" && due["kpi"] == 1),
        "{due}"
    );
    let rule = [
        "attestation",
        "rule",
        &plan,
        "tasks",
        "0",
        "--grant",
        &first,
        "--value",
        "5",
        "--reason",
        "reason.md",
    ];
    life.by("arbiter", &rule);
    let ruled = life.by("payer", &["attestation", "show", &plan, "1", "0", "--grant", &first]);
    assert_eq!(
        fields(&ruled, &["score", "basis", "final"]),
        [json!(5_000), json!("ruling"), json!(true)]
    );
    assert_eq!(ruled["dispute"]["ruling"]["value"], "5");
    // The second grant waits for the challenge window.
    life.run("payer", &["settle", &second]).failed(1).says("NotFinal");
    life.chain.warp("1d");
    for grant in [&first, &second, &third] {
        life.by("payer", &["settle", grant]);
    }
    let report = life.by("payer", &["crank", &plan, "--no-close"]);
    assert_eq!(report["bonusesCollected"], 3, "{report}");

    // 1,000 · (0.2 + 0.5 · 0.6 + 0.3 · 0.5); 500 · 0.6; 200. Of the 550 that were not earned the first two get 450/750
    // and 300/750, at most half of their tranches.
    let statement = life.statement();
    let grants = &statement["grants"];
    let line = |grant: usize, period: usize| fields(&grants[grant]["lines"][period], &LINE);
    let none = tokens(0);
    let amounts = |amounts: [u64; 6]| amounts.map(tokens);
    assert_eq!(line(0, 0), amounts([1_000, 650, 330, 0, 350, 0]));
    assert_eq!(line(1, 0), amounts([500, 300, 220, 0, 200, 0]));
    assert_eq!(line(2, 0), amounts([200, 200, 0, 0, 0, 0]));
    assert_eq!(grants[0]["lines"][0]["scores"], json!([6_000, 5_000]));
    assert_eq!(grants[0]["lines"][0]["values"][0]["basis"], "ruling");
    let pool = fields(
        &statement["periods"][0]["pool"],
        &["pool", "kpiTotal", "paid", "leftOver"],
    );
    assert_eq!(pool, [tokens(550), tokens(750), tokens(550), none.clone()]);
    let totals = fields(&statement["totals"], &["earned", "bonus", "vested", "claimable"]);
    assert_eq!(
        totals,
        [tokens(1_150), tokens(550), tokens(1_500), tokens(1_500)],
        "200 are before their cliff"
    );

    // Anyone claims for the first; the second takes a part and then locks the rest.
    life.by("payer", &["claim", &first]);
    assert_eq!(life.tokens_of("beneficiary-1").await, 980 * TOKEN);
    life.by("beneficiary-2", &["claim", &second, "100.5"]);
    assert_eq!(life.tokens_of("beneficiary-2").await, 100_500_000);
    life.by("beneficiary-2", &["grant", "lock", &second]);
    life.run("payer", &["claim", &second]).failed(1).says("ClaimLocked");
    let statement = life.statement();
    assert_eq!(statement["grants"][0]["lines"][0]["claimed"], tokens(980));
    assert_eq!(statement["grants"][1]["claimable"], units(419_500_000));
    let vault = fields(&statement["vault"], &["balance", "claimed", "owed"]);
    // 9,000 less 980 and 100.5; owed are 419.5 and the 200 before their cliff.
    assert_eq!(vault, [units(7_919_500_000), units(1_080_500_000), units(619_500_000)]);

    let next = |grant: &str| life.by("payer", &["grant", "show", grant])["next"].clone();
    let april = 1_806_624_000;
    assert_eq!(
        next(&first),
        json!({ "time": april, "why": "the period ends and can be evaluated" })
    );
    assert_eq!(next(&third), json!({ "time": april, "why": "the cliff ends" }));

    // Period 1 runs: the plan and the first grant change hands, the oracles and the treasury change.
    for (key, sol) in [("new-authority", 10), ("oracle-4", 10), ("new-treasury", 0)] {
        life.chain.new_key(key, sol);
    }
    life.by(
        "authority",
        &["plan", "authority", &plan, "--propose", &life.key("new-authority")],
    );
    life.by("new-authority", &["plan", "authority", &plan, "--accept"]);
    life.run("authority", &["plan", "surplus", &plan, "1"]).failed(1);
    let set = ["oracle-2", "oracle-3", "oracle-4"].map(|oracle| life.key(oracle));
    let [one, two, three] = &set;
    let oracles = [
        "plan",
        "oracles",
        &plan,
        "--propose",
        one,
        two,
        three,
        "--threshold",
        "2",
        "--first-period",
        "2",
    ];
    life.by("new-authority", &oracles);
    let mint_authority = life.chain.key("authority");
    let owner = life.chain.key("new-treasury").pubkey();
    let treasury = life.chain.mint_to(&life.token, &mint_authority, &owner, 0).await;
    life.by("new-authority", &["plan", "treasury", &plan, &treasury.to_string()]);
    // Until its notice is over surplus still goes to the old one.
    life.by("new-authority", &["plan", "surplus", &plan, "100"]);
    assert_eq!(life.tokens_of("treasury-owner").await, 100 * TOKEN);
    life.by(
        "beneficiary-1",
        &["grant", "transfer", &first, "--propose", &life.key("beneficiary-4")],
    );
    life.by("beneficiary-4", &["grant", "transfer", &first, "--accept"]);
    life.by("beneficiary-4", &["grant", "lock", &first]);
    let shown = life.show();
    assert_eq!(shown["authority"], life.key("new-authority"));
    assert_eq!(shown["nextOracles"]["keys"], json!(set));
    assert_eq!(shown["treasury"]["pending"]["account"], treasury.to_string());

    // Half way the second grant is terminated, and the third resigns before its cliff.
    life.chain.warp("2027-03-18T00:00:00Z");
    life.by("new-authority", &["grant", "terminate", &second]);
    life.by("beneficiary-3", &["grant", "resign", &third]);
    let ended = life.by("payer", &["events", &plan, "--kind", "GrantEnded"])["events"].clone();
    let served = |index: usize| ended[index]["time"].as_u64().unwrap() - 1_804_032_000;
    let cut = [500 * TOKEN * served(0) / PERIOD, 200 * TOKEN * served(1) / PERIOD];
    assert!(
        cut[0] >= 250 * TOKEN && cut[0] < 251 * TOKEN,
        "15 of 30 days: {}",
        cut[0]
    );
    assert_eq!(
        fields(&ended[0], &["cutCap", "forfeited", "endPeriod"]),
        [units(cut[0]), json!(false), json!(2)]
    );
    assert_eq!(
        fields(&ended[1], &["cutCap", "forfeited", "termination"]),
        [units(cut[1]), json!(true), json!(2)]
    );
    let statement = life.statement();
    let second_grant = &statement["grants"][1];
    assert_eq!(second_grant["cancelled"], units(1_000 * TOKEN - cut[0]));
    assert_eq!(second_grant["termination"], "terminated");
    assert_eq!(statement["grants"][2]["forfeitedAmount"], tokens(200));

    // Period 1: growth is twice the target; nobody reports tasks, which scores 2,500.
    life.chain.warp("2027-04-02T00:10:00Z");
    for oracle in ["oracle-1", "oracle-2"] {
        life.attest(oracle, "growth", "1", "200", None).succeeded();
    }
    // Three windows of a day.
    let latest = json!({ "time": april + 3 * 86_400, "why": "the period settles at the latest" });
    assert_eq!(next(&first), latest);
    assert_eq!(next(&third), Value::Null, "what it earned is forfeited");
    life.chain.warp("2027-04-05T00:00:00Z");
    let report = life.by("payer", &["crank", &plan, "--no-close"]);
    assert_eq!(
        fields(&report, &["settled", "bonusesCollected"]),
        [json!(3), json!(3)],
        "{report}"
    );
    let statement = life.statement();
    let grants = &statement["grants"];
    let line = |grant: usize| fields(&grants[grant]["lines"][1], &LINE);
    // 1,000 · (0.2 + 0.5 · 2 + 0.3 · 0.25), and twice what the second served.
    assert_eq!(
        line(0),
        [
            tokens(1_000),
            tokens(1_275),
            none.clone(),
            none.clone(),
            none.clone(),
            none.clone()
        ]
    );
    let (cut_units, earned) = (units(cut[0]), units(2 * cut[0]));
    assert_eq!(
        line(1),
        [
            cut_units,
            earned,
            none.clone(),
            none.clone(),
            none.clone(),
            none.clone()
        ]
    );
    assert_eq!(grants[0]["lines"][1]["values"][0]["basis"], "silence");
    assert_eq!(grants[2]["forfeitedAmount"], units(200 * TOKEN + cut[1]));
    assert_eq!(grants[2]["claimable"], none);

    // Period 2: the new oracles vote, an old one may not any more.
    life.chain.warp("2027-05-02T00:10:00Z");
    life.attest("oracle-1", "growth", "2", "100", None)
        .failed(1)
        .says("oracle");
    for oracle in ["oracle-2", "oracle-4"] {
        life.attest(oracle, "growth", "2", "100", None).succeeded();
        life.attest(oracle, "tasks", "2", "10", Some(0)).succeeded();
    }
    life.chain.warp("2027-05-05T00:00:00Z");
    life.by("payer", &["crank", &plan]);
    life.by("beneficiary-4", &["claim", &first]);
    life.by("beneficiary-2", &["claim", &second]);
    // 980 went to the old beneficiary; the new one gets 1,275 and 1,000.
    assert_eq!(life.tokens_of("beneficiary-4").await, 2_275 * TOKEN);
    assert_eq!(life.tokens_of("beneficiary-2").await, 520 * TOKEN + 2 * cut[0]);
    let grant = life.by("payer", &["grant", "show", &second]);
    assert_eq!(
        fields(&grant, &["claimable", "reserved", "claimed"]),
        [none.clone(), none.clone(), units(520 * TOKEN + 2 * cut[0])]
    );
    // The pools are closed, and the grant's own events tell its bonuses.
    let bonus = |period: usize| grant["lines"][period]["bonus"].clone();
    assert_eq!((bonus(0), bonus(1)), (tokens(220), none.clone()));
    // The attestations are closed, and still tell who reported what, by the set of their time.
    assert_eq!(
        fields(&life.show(), &["openAttestations", "openPages"]),
        [json!(0), json!(0)]
    );
    let growth = life.by("payer", &["attestation", "show", &plan, "growth", "0"]);
    assert_eq!(
        fields(&growth, &["closed", "score", "final"]),
        [json!(true), json!(6_000), json!(true)]
    );
    let votes: Vec<_> = growth["votes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vote| vote["oracle"].clone())
        .collect();
    assert_eq!(
        votes,
        ["oracle-1", "oracle-2", "oracle-3"].map(|oracle| json!(life.key(oracle)))
    );

    // Everything is closed. What no grant earned, less the 100 from before, goes to the new treasury.
    life.by("payer", &["crank", &plan]);
    assert_eq!(
        fields(&life.show(), &["openGrants", "openPeriods"]),
        [json!(0), json!(0)]
    );
    let before = life.statement();
    life.by("new-authority", &["plan", "close", &plan]);
    let rest = 9_000 * TOKEN - 100 * TOKEN - 3_255 * TOKEN - 520 * TOKEN - 2 * cut[0];
    assert_eq!(life.tokens_of("new-treasury").await, rest);
    let shown = life.show();
    assert_eq!((&shown["status"], &shown["due"]), (&json!("closed"), &json!([])));

    // The report of the closed plan comes from its events alone, and is the same.
    let after = life.statement();
    assert_eq!(after["grants"], before["grants"]);
    assert_eq!(after["totals"], before["totals"]);
    let vault = fields(&after["vault"], &["balance", "claimed", "withdrawn", "donated", "owed"]);
    let claimed = units(3_775 * TOKEN + 2 * cut[0]);
    assert_eq!(
        vault,
        [
            none.clone(),
            claimed,
            units(100 * TOKEN + rest),
            none.clone(),
            none.clone()
        ]
    );
    let attestation = ["attestation", "show", &plan, "tasks", "0", "--grant", &first];
    let tasks = life.by("payer", &attestation);
    assert_eq!(
        fields(&tasks, &["closed", "score", "basis"]),
        [json!(true), json!(5_000), json!("ruling")]
    );
    let grant = life.by("payer", &["grant", "show", &second]);
    assert_eq!(fields(&grant, &["closed", "bonus"]), [json!(true), tokens(220)]);
    let events = life.by("payer", &["events", &plan]);
    assert_eq!(fields(&events, &["complete", "complaints"]), [json!(true), json!([])]);
    let events = events["events"].as_array().unwrap();
    let numbers: Vec<_> = events.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert!(numbers.iter().copied().eq(1..=events.len() as u64), "{numbers:?}");
    assert_eq!(events.last().unwrap()["event"], "PlanClosed");
    assert_eq!(events.last().unwrap()["amount"], units(rest));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_in_every_form() {
    let life = Life::begin().await;
    let (plan, beneficiary) = (life.plan(), life.key("beneficiary-1"));
    let create = [
        "grant",
        "create",
        &plan,
        &beneficiary,
        "3_000",
        "--weight",
        "growth=100%",
    ];
    life.by("authority", &create);
    life.chain.warp("2027-03-03T01:00:00Z");
    for oracle in ["oracle-1", "oracle-2"] {
        life.attest(oracle, "growth", "0", "75", None).succeeded();
    }
    life.chain.warp("2027-03-06T00:00:00Z");
    life.by("payer", &["crank", &plan]);
    life.by("payer", &["claim", &life.grant(0)]);

    let form = |form: &str, more: &[&str]| {
        let arguments = [&["plan", "statement", &plan, "--format", form], more].concat();
        life.earnout.run(&arguments).succeeded().stdout
    };
    // 750 of 1,000 were earned; the only grant gets the 250 that were not, all of them: its cap is 500.
    let csv = form("csv", &[]);
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| {
        rows[0]
            .iter()
            .position(|head| *head == name)
            .unwrap_or_else(|| panic!("{name}: {csv}"))
    };
    assert_eq!(rows.len(), 2, "{csv}");
    for (name, value) in [
        ("period", "0"),
        ("beneficiary", &beneficiary),
        ("tranche", "1000.000000"),
        ("earned", "750.000000"),
        ("bonus", "250.000000"),
        ("claimed", "1000.000000"),
        ("growth: value", "75"),
        ("growth: score", "7500"),
        ("growth: by", "agreement"),
        (
            "growth: attested by",
            &format!("{} {}", life.key("oracle-1"), life.key("oracle-2")),
        ),
        ("growth: evidence SHA-256", &format!("{0} {0}", "5e".repeat(32))),
        ("tasks: value", ""),
    ] {
        assert_eq!(rows[1][column(name)], value, "{name}");
    }
    let by_grant = form("csv", &["--by", "grant"]);
    assert!(
        by_grant
            .lines()
            .nth(1)
            .unwrap()
            .contains(",3000.000000,0.000000,750.000000,250.000000,"),
        "{by_grant}"
    );
    let table = form("table", &[]);
    assert!(
        table.contains("All recorded amounts agree: 1 settlement computed again"),
        "{table}"
    );
    assert!(table.contains("75 %"), "{table}");
    let markdown = form("markdown", &[]);
    assert!(
        markdown.contains("| growth | all | 75 % | 7,500 | agreement |"),
        "{markdown}"
    );
    assert!(
        markdown.contains(&format!("`{}`<br>`{}`", life.key("oracle-1"), life.key("oracle-2"))),
        "{markdown}"
    );
    let json: Value = serde_json::from_str(&form("json", &[])).unwrap();
    assert_eq!(json["grants"][0]["lines"][0]["earned"], tokens(750));
    let compact = life
        .earnout
        .run(&["plan", "statement", &plan, "--output", "json-compact"])
        .succeeded();
    // The chain's time goes on between the two.
    let [json, again] = [json, compact.json()].map(|mut report| {
        report["time"].take();
        report
    });
    assert_eq!((compact.stdout.lines().count(), again), (1, json));

    // What the contributor gets: the receipt of the period, and the payment with its transaction.
    let grant = life.grant(0);
    let own = |more: &[&str]| {
        let arguments = [&["grant", "statement", &grant], more].concat();
        life.earnout.run(&arguments).succeeded()
    };
    let claims = life
        .earnout
        .run(&["events", &plan, "--kind", "GrantClaimed", "--output", "json"])
        .json();
    let signature = claims["events"][0]["signature"].as_str().unwrap();
    for part in ["growth", "7,500", "750.000000", "250.000000", signature] {
        own(&[]).shows(part);
        own(&["--format", "markdown"]).shows(part);
    }
    own(&["--format", "markdown"]).shows("| time | paid | arrived | to account | transaction |");
    own(&["--format", "csv"]).shows(",1000.000000,");
    let payments = own(&["--format", "csv", "--by", "payment"]).stdout;
    assert!(payments.lines().nth(1).unwrap().ends_with(signature), "{payments}");
    assert!(payments.contains("Z,1000.000000,1000.000000,"), "{payments}");
    let json = own(&["--output", "json"]).json();
    assert_eq!(
        (
            &json["payments"][0]["amount"],
            &json["payments"][0]["signature"],
            &json["unexplained"]
        ),
        (&units(1_000 * TOKEN), &Value::from(signature), &Value::from("0"))
    );

    // One event, one line.
    // One event, one line.
    let lines = life
        .earnout
        .run(&["events", &plan, "--output", "json-compact", "--kind", "ValueAttested"])
        .succeeded();
    let values: Vec<Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        values.iter().map(|event| event["value"].clone()).collect::<Vec<_>>(),
        ["750", "750"]
    );
    life.earnout
        .run(&["events", &plan, "--kind", "Nothing"])
        .failed(1)
        .says("there is no event `Nothing`");
    // Labels of the configuration stand beside the addresses, in tables in their place.
    let configuration = life.earnout.configuration_file();
    let text = std::fs::read_to_string(&configuration).unwrap();
    let labels = format!(
        "address_labels: {{ {}: the project, {}: analytics }}",
        life.key("authority"),
        life.key("oracle-1")
    );
    std::fs::write(&configuration, text.replace("address_labels: {}", &labels)).unwrap();
    let shown = life.earnout.run(&["plan", "show", &plan]).succeeded();
    shown.shows(&format!("authority       {} (the project)", life.key("authority")));
    assert!(form("table", &[]).contains("analytics, "));
    let other = Pubkey::new_unique().to_string();
    for command in [
        &["plan", "show"][..],
        &["plan", "statement"],
        &["grant", "show"],
        &["grant", "statement"],
        &["grant", "list"],
        &["events"],
    ] {
        let refused = life.run("payer", &[command, &[&other]].concat()).failed(1).says(&other);
        assert!(refused.json()["error"]["what"].as_str().unwrap().contains(&other));
    }
    life.run("payer", &["grant", "show", &life.grant(9)])
        .failed(1)
        .says("has no grant 9");
    life.run("payer", &["attestation", "show", &plan, "growth", "3"])
        .failed(1)
        .says("its periods are 0 to 2");
    life.run("payer", &["attestation", "show", &plan, "tasks", "0"])
        .failed(1)
        .says("with --grant, or the page with --page");
    life.run("payer", &["attestation", "show", &plan, "speed", "0"])
        .failed(1)
        .says("0 growth, 1 tasks");
}

/// Values, disputes and rulings of many grants at once.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_values() {
    let life = Life::begin_for(100).await;
    let (plan, reason) = (life.plan(), "ab".repeat(32));
    let beneficiary = |number: u32| BigPlan::contributor(number).pubkey().to_string();
    let mut contributors = "beneficiary,allocation,cliff,time_weight,weight:tasks,revocable,transferable\n".to_owned();
    for number in 0..70 {
        // One of the oracles is paid by the KPI too.
        let key = if number == 66 {
            life.key("oracle-1")
        } else {
            beneficiary(number)
        };
        contributors += &format!("{key},10,0,4000,6000,false,false\n");
    }
    life.earnout.file("contributors.csv", contributors);
    life.by("authority", &["grant", "import", &plan, "contributors.csv"]);
    life.chain.warp("2027-03-03T01:00:00Z");

    let value = |number: u32| number % 11;
    let file = |name: &str, grants: Vec<(u32, u32)>| {
        let rows = grants.iter().map(|(grant, value)| format!("{grant},{value}\n"));
        life.earnout
            .file(name, "grant,value\n".to_owned() + &rows.collect::<String>());
    };
    let all: Vec<_> = (0..70).map(|number| (number, value(number))).collect();
    file("values.csv", all.clone());
    let attest = |oracle: &str, file: &str| life.run(oracle, &["attest", &plan, "tasks", "0", "--values", file]);
    let counts = ["reported", "unchanged", "agreed", "own", "transactions"];
    let by = |oracle: &str, file: &str| fields(&attest(oracle, file).succeeded().json(), &counts);

    // What is wrong with a file is said before anything is sent.
    file("wrong.csv", vec![(3, 11), (70, 1)]);
    attest("oracle-1", "wrong.csv").failed(1).says("wrong.csv:2: value");
    file("wrong.csv", vec![(70, 1), (3, 11)]);
    let wrong = attest("oracle-1", "wrong.csv").failed(1);
    wrong
        .says("wrong.csv:2: grant 70 does not exist")
        .says("wrong.csv:3: value");
    let early = ["attest", &plan, "tasks", "1", "--values", "values.csv"];
    for dry in [&[][..], &["--dry-run"]] {
        let early = life.run("oracle-1", &[&early[..], dry].concat()).failed(1);
        early.says("period 1 has not ended").says("VotingNotOpen");
    }
    assert!(!life.earnout.home().join("evidence").exists(), "nothing was written");
    attest("arbiter", "values.csv").failed(1).says("NotAnOracle");
    let shared = ["attest", &plan, "growth", "0", "--values", "values.csv"];
    life.run("oracle-1", &shared).failed(1).says("once for the whole plan");

    // An oracle leaves out its own grant; the same command again changes nothing.
    let first = by("oracle-1", "values.csv");
    assert_eq!(first[..4], [json!(69), json!(0), json!([]), json!([66])]);
    let again = by("oracle-1", "values.csv");
    assert_eq!(again, [json!(0), json!(69), json!([]), json!([66]), json!(0)]);
    // What it reported before is repeated from its manifest, and without that nothing is sent.
    file("few.csv", vec![(0, 0), (2, 2)]);
    let again = by("oracle-1", "few.csv");
    assert_eq!(again[..2], [json!(0), json!(2)]);
    file("few.csv", vec![(0, 1)]);
    let few = [
        "attest",
        &plan,
        "tasks",
        "0",
        "--values",
        "few.csv",
        "--evidence-dir",
        "elsewhere",
    ];
    life.run("oracle-1", &few)
        .failed(1)
        .says("of grants 1-63 in this page")
        .says("is not in elsewhere");
    assert!(!life.earnout.home().join("elsewhere").exists());
    let own = [
        "attest",
        &plan,
        "tasks",
        "0",
        "5",
        "--evidence-hash",
        &reason,
        "--grant",
        &life.grant(66),
    ];
    life.run("oracle-1", &own).failed(1).says("the oracle's own");
    // One value more: its evidence stands for all of the page.
    let (third, fourth) = (life.grant(3), life.grant(4));
    let one = |grant| life.run("oracle-3", &[&own[..8], &[grant]].concat()).succeeded();
    one(&third);
    one(&fourth).says("1 other value of the page");
    file("few.csv", vec![(0, 0), (2, 2)]);
    assert_eq!(by("oracle-3", "few.csv")[..2], [json!(2), json!(0)]);
    let kept = Documents::at(life.earnout.home().join("evidence"));
    let manifest = async |oracle: &str| {
        let client = life.chain.client();
        let page = client.evaluation(&pda::page(&life.plan, 1, 0, 0)).await.unwrap();
        let key = life.chain.key(oracle).pubkey();
        let mut ballots = page.page().unwrap().view().ballots();
        let ballot = ballots.find(|ballot| ballot.head.oracle == key).unwrap();
        let manifest = Manifest::read(&kept.get(&ballot.head.evidence).unwrap()).unwrap();
        for (grant, listed) in &manifest.votes {
            assert_eq!(ballot.vote(place(*grant).1), Some(listed.value), "{grant}");
        }
        assert_eq!(
            manifest.votes.len(),
            usize::try_from(ballot.head.voted.count_ones()).unwrap()
        );
        manifest
    };
    let listed = manifest("oracle-3").await.votes.into_iter();
    let listed: Vec<_> = listed.map(|(grant, listed)| (grant, listed.evidence)).collect();
    assert_eq!(
        listed,
        [(0, None), (2, None), (3, Some([0xab; 32])), (4, Some([0xab; 32]))]
    );
    assert_eq!(manifest("oracle-1").await.votes.len(), 64);

    let second = by("oracle-2", "values.csv");
    assert_eq!(second[..4], [json!(70), json!(0), json!([]), json!([])]);
    // Where the oracles agree a vote does not change any more; grant 66 lacks one.
    let mut changed = all;
    (changed[3].1, changed[66].1) = (10, 10);
    file("changed.csv", changed);
    let second = by("oracle-2", "changed.csv");
    assert_eq!(second[..4], [json!(1), json!(68), json!([3]), json!([])]);

    let page = |number: &str| life.by("payer", &["attestation", "show", &plan, "tasks", "0", "--page", number]);
    // One by one neither, which would look as if it had.
    let votes = &page("0")["grants"][3]["votes"];
    let said = fields(&votes[2], &["value", "uiValue"]);
    assert_eq!(said, [json!("5"), json!("5")]);
    let other = [&own[..4], &["4"], &own[5..8], &[third.as_str()]].concat();
    life.run("oracle-2", &other)
        .failed(1)
        .says("enough oracles agreed on a value of grant 3")
        .says("AlreadyResolved");

    let shown = page("1");
    let grants = shown["grants"].as_array().unwrap();
    assert_eq!(grants.len(), 6);
    assert_eq!(
        fields(&grants[0], &["grant", "value", "basis", "agreedAt"])[..3],
        [json!(64), json!("9"), json!("agreement")]
    );
    assert_eq!(
        fields(&grants[2], &["grant", "value", "basis", "agreedAt"]),
        [json!(66), json!(null), json!("silence"), json!(null)]
    );
    life.run("payer", &["attestation", "show", &plan, "tasks", "0", "--page", "2"])
        .failed(1)
        .says("has no page 2");
    let text = life
        .earnout
        .run(&["attestation", "show", &plan, "tasks", "0", "--page", "0"])
        .succeeded();
    assert!(
        text.stdout
            .lines()
            .any(|line| line.contains("3 tasks") && line.contains("2/3")),
        "{text:?}"
    );
    text.shows("manifest SHA-256")
        .shows(&hex::encode(manifest("oracle-3").await.hash()));
    let text = life
        .earnout
        .run(&["events", &plan, "--kind", "PageAttested"])
        .succeeded();
    assert!(
        text.stdout
            .contains("of grants 0-63 in period 0: 64 values from 0 tasks to 10 tasks"),
        "{text:?}"
    );
    text.shows("; the oracles agree on grants 0").shows(", manifest ");

    // The authority disputes many at once, a beneficiary its own.
    let act = |who: &str, what: &str, grants: [&str; 2], more: &[&str]| {
        let arguments = [
            "attestation",
            what,
            &plan,
            "tasks",
            "0",
            grants[0],
            grants[1],
            "--reason-hash",
            &reason,
        ];
        life.run(who, &[&arguments, more].concat())
    };
    let dispute = |who: &str, grants| act(who, "dispute", grants, &[]);
    let whose = life.grant(7);
    let key = life
        .earnout
        .file("seventh.json", format!("{:?}", BigPlan::contributor(7).to_bytes()));
    let arguments = ["-k", key.to_str().unwrap(), "--fee-payer", "payer.json"];
    life.earnout.file(
        "payer.json",
        std::fs::read_to_string(life.chain.key_file("payer")).unwrap(),
    );
    let by_seventh = [
        "attestation",
        "dispute",
        &plan,
        "tasks",
        "0",
        "--grant",
        &whose,
        "--reason-hash",
        &reason,
    ];
    let payer = ["--payer", "payer.json"];
    let all = [&arguments[..2], &by_seventh, &arguments[2..], &payer].concat();
    life.earnout.run(&all).succeeded();
    dispute("beneficiary-1", ["--grants", "3,5"])
        .failed(1)
        .says("may not dispute with --grants");
    dispute("authority", ["--grants", "3,99"])
        .failed(1)
        .says("has no grant 99");
    dispute("authority", ["--grants", "3,5-6,64"]).succeeded();
    let more = dispute("authority", ["--grants", "3,5-8,64"]).succeeded().json();
    assert_eq!(
        fields(&more, &["grants", "disputedAlready"]),
        [json!("8"), json!("3, 5-7, 64")]
    );
    dispute("authority", ["--grants", "3,5"])
        .failed(1)
        .says("grants 3, 5 are disputed already")
        .says("AlreadyDisputed");
    let events = life.by("payer", &["events", &plan, "--kind", "ValueDisputed"]);
    let masks: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["grants"]["mask"].clone())
        .collect();
    assert_eq!(masks, ["1", "13", "1", "1"].map(|mask| json!(mask)));

    // So does the arbiter decide; who disputed in vain is barred.
    let rule = |grants: &str, how: &[&str]| act("arbiter", "rule", ["--grants", grants], how);
    rule("3,9", &["--uphold"])
        .failed(1)
        .says("nobody disputed tasks of grant 9");
    rule("3,5-7,64", &["--value", "10"]).succeeded();
    rule("8", &["--uphold"]).succeeded();
    rule("3,8", &["--uphold"])
        .failed(1)
        .says("has ruled on grants 3, 8 already")
        .says("AlreadyRuled");
    let ruled = life.by(
        "payer",
        &["attestation", "show", &plan, "tasks", "0", "--grant", &whose],
    );
    assert_eq!(
        fields(&ruled, &["value", "score", "basis", "final"]),
        [json!("10"), json!(10_000), json!("ruling"), json!(true)]
    );
    assert_eq!(
        fields(&ruled["dispute"], &["disputer", "reasonHash"]),
        [json!(beneficiary(7)), json!(reason)]
    );
    assert_eq!(ruled["dispute"]["ruling"]["reasonHash"], json!(reason));

    // All settles from the two pages; closed, events tell the same.
    life.chain.warp("2027-03-06T01:00:00Z");
    let report = life.by("payer", &["crank", &plan, "--no-close"]);
    assert_eq!(
        fields(&report, &["settled", "bonusesCollected"]),
        [json!(70), json!(70)]
    );
    // Who repeats what stands is told so at any time; what is new comes too late.
    let again = by("oracle-1", "values.csv");
    assert_eq!(again, [json!(0), json!(69), json!([]), json!([66]), json!(0)]);
    attest("oracle-3", "values.csv")
        .failed(1)
        .says("period 0 takes no more votes")
        .says("VotingClosed");
    let before = life.statement();
    let line = |grant: usize| before["grants"][grant]["lines"][0]["scores"][1].clone();
    assert_eq!(
        [3, 4, 7, 10, 66].map(line),
        [10_000, 0, 10_000, 10_000, 2_500].map(|score| json!(score))
    );
    let open = page("0");
    let report = life.by("payer", &["crank", &plan]);
    assert_eq!(
        (&report["evaluationsClosed"], &life.show()["openPages"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(life.statement()["totals"], before["totals"]);
    let closed = page("0");
    let values = |page: &Value| {
        let grants = page["grants"].as_array().unwrap().iter();
        grants
            .map(|grant| fields(grant, &["grant", "value", "score", "basis", "votes"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (values(&closed), &closed["grants"][0]["closed"]),
        (values(&open), &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn new_events_are_shown_as_they_happen() {
    use std::io::{BufRead, BufReader};
    let life = Life::begin().await;
    let (plan, beneficiary) = (life.plan(), life.key("beneficiary-1"));
    let arguments = ["events", &plan, "--watch", "--from", "6", "--output", "json-compact"];
    let mut watching = life.earnout.spawn(&arguments);
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let create = [
        "grant",
        "create",
        &plan,
        &beneficiary,
        "10",
        "--weight",
        "growth=100%",
        "--revocable",
    ];
    life.by("authority", &create);
    let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(
        (&event["event"], &event["sequence"]),
        (&json!("GrantCreated"), &json!(6))
    );
    life.by("authority", &["grant", "terminate", &life.grant(0)]);
    let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&event["event"], &event["sequence"]), (&json!("GrantEnded"), &json!(7)));
    watching.kill().unwrap();
    watching.wait().unwrap();
}

/// What does not agree is the last thing that is said, makes the exit code 2, and leaves JSON what it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_lacks_something_is_found() {
    let life = Life::begin().await;
    let (plan, beneficiary) = (life.plan(), life.key("beneficiary-1"));
    life.by(
        "authority",
        &[
            "grant",
            "create",
            &plan,
            &beneficiary,
            "3_000",
            "--weight",
            "growth=100%",
        ],
    );
    let vault = pda::vault(&life.plan);
    let mut data = life.chain.account(&vault).await;
    data[64..72].copy_from_slice(&(5_999 * TOKEN).to_le_bytes());
    let hex = hex::encode(&data);
    life.chain
        .ask("surfnet_setAccount", json!([vault.to_string(), { "data": hex }]))
        .await;
    let deficit = "the vault holds 1000000 less than the plan owes";
    let report = life
        .run("payer", &["plan", "statement", &plan])
        .failed(2)
        .says("the statement has 2 findings");
    assert_eq!(report.json()["findings"][0], deficit);
    assert_eq!(report.json()["vault"]["solvent"], false);
    let table = life.earnout.run(&["plan", "statement", &plan]).failed(2);
    assert!(
        table.stdout.contains("MISMATCH") && table.stdout.contains(deficit),
        "{}",
        table.stdout
    );
    let shown = life.earnout.run(&["plan", "show", &plan]).failed(2);
    assert!(shown.stdout.contains(deficit), "{}", shown.stdout);
}

/// Text on the chain acts on nothing that shows it, whoever wrote it. Characters that nobody sees the program refuses
/// in names.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_shown_and_not_obeyed() {
    let life = Life::begin().await;
    let file = std::fs::read_to_string(life.earnout.home().join("plan.toml")).unwrap();
    let file = file
        .replace("id = 7", "id = 8")
        .replace(r#"name = "growth""#, r#"name = "=1+1{gro|wth""#);
    life.earnout.file("hostile.toml", file);
    life.by("authority", &["plan", "create", "hostile.toml"]);
    let plan = pda::plan(&life.chain.key("authority").pubkey(), 8).to_string();
    let plain = |arguments: &[&str]| life.earnout.run(arguments).succeeded().stdout;
    let shown = plain(&["plan", "show", &plan]);
    assert!(shown.contains("=1+1{gro|wth"), "{shown}");
    let json = plain(&["plan", "show", &plan, "--output", "json"]);
    let parsed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed["kpis"][0]["name"], "=1+1{gro|wth");
    let csv = plain(&["plan", "statement", &plan, "--format", "csv"]);
    assert!(csv.contains("'=1+1{gro|wth: value"), "{csv}");
    let markdown = plain(&["plan", "statement", &plan, "--format", "markdown"]);
    assert!(markdown.contains(r"\=1\+1\{gro\|wth"), "{markdown}");
}
