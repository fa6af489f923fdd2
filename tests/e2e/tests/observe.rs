//! A price that is read from a feed, by the built binaries: `earnout observe`, `earnout crank` and the oracle's daemon.

use {
    earnout::state::Receiver,
    earnout_e2e::{Finished, Oracle, PriceSource, UnitPlan},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::ops::Deref,
};

/// End of period 0, Unix seconds; votes are accepted for 14 days.
const END: i64 = UnitPlan::ENDS[0];
const DEADLINE: i64 = END + UnitPlan::ATTEST;

/// An update of the feed: 2.5 give or take 0.01.
#[derive(Clone)]
struct Update {
    receiver: Receiver,
    data: Vec<u8>,
}

impl Update {
    /// Published `at` seconds after the end of the period, the one before it at `previous`.
    fn new(at: i64, previous: i64) -> Self {
        Self {
            receiver: Receiver::Pyth,
            data: UnitPlan::update(250_000_000, 1_000_000, END + at, END + previous),
        }
    }

    fn priced(mut self, price: i64) -> Self {
        self.data[73..81].copy_from_slice(&price.to_le_bytes());
        self
    }

    fn with(mut self, place: usize, byte: u8) -> Self {
        self.data[place] = byte;
        self
    }
}

/// A plan whose price reads the feed, with one grant.
struct World(UnitPlan);

impl Deref for World {
    type Target = UnitPlan;

    fn deref(&self) -> &UnitPlan {
        &self.0
    }
}

impl World {
    /// Period 0 ended `since` seconds ago.
    async fn new(since: i64) -> Self {
        let world = UnitPlan::create(PriceSource::Feed).await;
        let beneficiary = UnitPlan::wallet(1).to_string();
        world.by(
            "authority",
            &[
                "grant",
                "create",
                "PLAN",
                &beneficiary,
                "1_200_000",
                "--value",
                "120_000",
            ],
        );
        world.chain.warp(&(END + since).to_string());
        Self(world)
    }

    async fn publish(&self, address: &Pubkey, update: &Update) {
        self.0.publish(address, update.receiver, &update.data).await;
    }

    fn observe(&self, more: &[&str]) -> Finished {
        self.earnout.run(&[&["observe", &self.plan][..], more].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let json = ["--output", "json"];
        self.earnout.run(&[arguments, &json].concat()).succeeded().json()
    }

    /// The attestation of the price.
    fn attestation(&self) -> Value {
        self.json(&["attestation", "show", &self.plan, "token price", "0"])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_said_before_anything_is_sent() {
    let world = World::new(-60).await;
    world.observe(&[]).failed(1).says("votes are accepted on no period now");
    let account = Pubkey::new_unique();
    let named = account.to_string();
    let named = ["--period", "0", "--account", &named];
    world.publish(&account, &Update::new(5, -1)).await;
    world
        .observe(&named)
        .failed(1)
        .says("VotingNotOpen")
        .says("period 0 ends 2027-04-01T00:00:00Z");
    world
        .observe(&["--kpi", "0", "--period", "0"])
        .failed(1)
        .says("NoFeed")
        .says("roadmap delivered");

    world.chain.warp(&(END + 1_000).to_string());
    let sponsored = UnitPlan::sponsored().to_string();
    world
        .observe(&[])
        .failed(1)
        .says(&format!("there is no price update at {sponsored}"))
        .says("--account ADDRESS");
    let good = Update::new(5, -1);
    let foreign = Update {
        receiver: Receiver::PythPro,
        ..good.clone()
    };
    let long = Update {
        data: [good.data.clone(), vec![0]].concat(),
        ..good.clone()
    };
    for (update, name, part) in [
        (foreign, "WrongPriceUpdate", "belongs to rec2"),
        (long, "WrongPriceUpdate", "has 135 bytes, a price update has 134"),
        (
            good.clone().with(0, 0),
            "WrongPriceUpdate",
            "another account of the receiver",
        ),
        (good.clone().with(40, 0), "PriceNotVerified", "nothing was sent"),
        (good.clone().with(41, 4), "WrongFeed", "it is of the feed 0403"),
        (good.clone().priced(-7), "UnusablePrice", "the price is -7"),
        (
            good.clone().priced(1_000_000),
            "PriceUncertain",
            "0.01 ± 0.01, and the KPI takes 2 %",
        ),
        (
            Update::new(-1, -2),
            "PriceTooEarly",
            "the period ended 2027-04-01T00:00:00Z",
        ),
        (
            Update::new(601, -1),
            "PriceTooLate",
            "what is published until 2027-04-01T00:10:00Z",
        ),
    ] {
        world.publish(&account, &update).await;
        world
            .observe(&named)
            .failed(1)
            .says(name)
            .says(part)
            .says("nothing was sent");
        let error = world
            .observe(&[&named[..], &["--output", "json"]].concat())
            .failed(1)
            .json();
        assert_eq!(error["error"]["name"], name);
    }
    world.chain.warp(&(END + 60).to_string());
    world.publish(&account, &Update::new(500, -1)).await;
    world.observe(&named).failed(1).says("PriceTooLate").says("it is dated");
    world.publish(&account, &good).await;
    world.chain.warp(&(DEADLINE + 1).to_string());
    world
        .observe(&named)
        .failed(1)
        .says("VotingClosed")
        .says("voting ended 2027-04-15");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_updates_the_first_one_after_the_end_counts() {
    let world = World::new(120).await;
    let plan = world.plan.clone();
    let text = world.earnout.run(&["plan", "show", &plan]).succeeded().stdout;
    assert!(text.contains("anyone may show the first update of its feed"), "{text}");

    // Nothing is due where the program would refuse it; then whoever cranks shows what the sponsor publishes.
    let dry = ["crank", &plan, "--dry-run"];
    world.publish(&UnitPlan::sponsored(), &Update::new(-30, -60)).await;
    assert_eq!(world.earnout.run(&dry).succeeded().stdout.trim(), "nothing is due");
    world
        .publish(&UnitPlan::sponsored(), &Update::new(90, 80).priced(240_000_001))
        .await;
    assert_eq!(
        world.earnout.run(&dry).succeeded().stdout.trim(),
        "due: 1 prices observed"
    );
    let report = world.json(&["crank", &plan]);
    assert_eq!((&report["observed"], &report["settled"]), (&json!(1), &json!(0)));
    let shown = world.attestation();
    assert_eq!((&shown["basis"], &shown["final"]), (&json!("feed"), &json!(false)));
    assert_eq!(shown["observation"]["value"], "2400001", "a price is rounded up");
    assert_eq!(shown["observation"]["publishedAt"], END + 90);
    assert_eq!(shown["observationCountsFrom"], DEADLINE);

    // Votes beside it resolve nothing.
    let hash = "5e".repeat(32);
    for oracle in ["oracle-1", "oracle-2"] {
        let key = world.chain.key_file(oracle);
        let vote = ["attest", &plan, "token price", "0", "9", "--evidence-hash", &hash, "-k"];
        world
            .earnout
            .run(&[&vote[..], &[key.to_str().expect("a path")]].concat())
            .succeeded();
    }
    assert_eq!(world.attestation()["uiValue"], "2.400001");
    world
        .earnout
        .run(&["attestation", "show", &plan, "token price", "0"])
        .succeeded()
        .shows("beside a feed votes resolve nothing early")
        .shows("while votes are accepted an earlier one replaces it")
        .shows("counts from 2027-04-15T00:00:00Z on");

    // The first one, from another account.
    let account = Pubkey::new_unique();
    world.publish(&account, &Update::new(5, -1)).await;
    let named = account.to_string();
    let named = ["--account", &named];
    let dry = world.observe(&[&named[..], &["--dry-run"]].concat()).succeeded();
    dry.says("2.5 ± 0.01 (price)")
        .says("5 s after the end of the period")
        .says("no other one replaces it")
        .says("2.400001 USD, published 2027-04-01T00:01:30Z");
    assert_eq!(world.attestation()["uiValue"], "2.400001", "a dry run sends nothing");
    let kept = ["--evidence-dir", "kept"];
    let result = world.json(&[&["observe", &plan][..], &named, &kept].concat());
    assert_eq!(
        (
            &result["first"],
            &result["value"]["uiValue"],
            &result["replaces"]["publishedAt"]
        ),
        (&json!(true), &json!("2.5"), &json!(END + 90))
    );
    world
        .observe(&named)
        .failed(1)
        .says("EarlierPriceStands")
        .says("the first after the end of the period, stands");
    let text = world.earnout.run(&["plan", "show", &plan]).succeeded().stdout;
    assert!(!text.contains("earnout observe"), "{text}");
    // What the feed's publishers signed is kept, and no document of the votes.
    let shown = world
        .earnout
        .run(&["plan", "statement", &plan, "--evidence", "kept"])
        .failed(2);
    shown
        .shows("Evidence: 1 found, 2 missing, 0 differ")
        .shows("the price feed");

    world.chain.warp(&(DEADLINE + 7 * 86_400).to_string());
    world
        .earnout
        .run(&["attestation", "show", &plan, "token price", "0"])
        .succeeded()
        .shows("± 0.4 % of the price")
        .shows("price     2.500000 USD")
        .shows("  counts\n");
    // 15,000 USD at 2.50 USD are 6,000 tokens; half of them for the roadmap, of which nobody reported anything.
    let report = world.json(&["crank", &plan, "--no-close"]);
    assert_eq!(report["settled"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_shows_what_counts_once() {
    let world = World::new(120).await;
    let account = Pubkey::new_unique();
    let configuration = format!(
        "[[observe]]\nplan = \"{}\"\nkpi = \"token price\"\naccount = \"{account}\"",
        world.plan
    );
    let oracle = Oracle::new(&world.chain, "oracle-3", &[&world.chain.rpc_url], &configuration);
    let once = || oracle.run(&["once"]).succeeded().stdout;
    assert!(!once().contains("observed"), "there is no account yet");
    world.publish(&UnitPlan::sponsored(), &Update::new(90, 80)).await;
    assert!(once().contains("1 observed"));
    assert!(!once().contains("observed"), "it stands already");
    assert_eq!(world.attestation()["observation"]["publishedAt"], END + 90);
    world.publish(&account, &Update::new(30, 20)).await;
    assert!(once().contains("1 observed"), "an earlier one");
    world.publish(&account, &Update::new(10, -5)).await;
    assert!(once().contains("1 observed"), "the first one");
    world.publish(&account, &Update::new(0, -9)).await;
    assert!(!once().contains("observed"), "nothing replaces the first one");
    let shown = world.attestation();
    assert_eq!(shown["observation"]["publishedAt"], END + 10);
    assert_eq!(shown["votes"], json!([]), "it votes on nothing");
    // It keeps what the feed's publishers signed, for others to compare with the hash on the chain.
    let evidence = oracle.folder().join("state/evidence");
    let evidence = evidence.to_str().expect("a path");
    let statement = world.json(&["plan", "statement", &world.plan, "--evidence", evidence]);
    let listed = &statement["evidence"];
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed:#}");
    assert_eq!(
        (&listed[0]["feed"], &listed[0]["state"], &listed[0]["hash"]),
        (&json!(true), &json!("found"), &shown["observation"]["evidence"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_says_when_nothing_was_shown() {
    let world = World::new(120).await;
    let feeds = format!("[[observe]]\nplan = \"{}\"", world.plan);
    let oracle = Oracle::new(&world.chain, "oracle-3", &[&world.chain.rpc_url], &feeds);
    let quiet = oracle.run(&["once"]).succeeded();
    assert!(!quiet.stderr.contains("unobserved"), "{}", quiet.stderr);
    world.chain.warp(&(DEADLINE - 4 * 86_400).to_string());
    oracle
        .run(&["once"])
        .succeeded()
        .says("unobserved")
        .says("no update of the price feed");
    let wrong = format!("[[observe]]\nplan = \"{}\"\nkpi = \"roadmap delivered\"", world.plan);
    let oracle = Oracle::new(&world.chain, "oracle-3", &[&world.chain.rpc_url], &wrong);
    oracle.run(&["check"]).failed(1).says("reads no price feed");
}
