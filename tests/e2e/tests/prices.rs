//! Whole plans that pay in US dollars, through every client: made by the command, measured by three daemons, caught up by
//! anyone, claimed, and computed again by the statement. The token crashes to a hundredth and rises a hundredfold, twice;
//! what is paid is compared with a computation of this test's own.

use {
    earnout::state::Receiver,
    earnout_e2e::{Chain, Oracle, PriceSource, UnitPlan},
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
};

/// Periods of every grant.
const PERIODS: u128 = 4;

/// What the roadmap's KPI says in each period, percent, and the scores that follow from its curve: 80 % are all, 100 % a
/// fifth more.
const DELIVERED: [(&str, u128); 4] = [("80", 10_000), ("100", 12_000), ("40", 5_000), ("0", 0)];

/// What a token is worth in each period, US dollars with six decimals: it falls to a hundredth, and rises a hundredfold
/// twice.
const PRICES: [u128; 4] = [370_000, 3_700, 370_000, 37_000_000];

/// The price that counts if nobody reports one.
const DEFAULT: u128 = 400_000;

/// Who gets what.
struct Terms {
    /// Whole tokens.
    allocation: u128,
    /// Cents; none in tokens.
    value: Option<u128>,
    /// Basis points for time; the rest is for the roadmap.
    time_weight: u128,
}

/// Odd amounts, so that every division leaves something.
const GRANTS: [Terms; 3] = [
    Terms {
        allocation: 1_200_001,
        value: Some(12_000_003),
        time_weight: 5_000,
    },
    Terms {
        allocation: 4_800_003,
        value: Some(4_800_001),
        time_weight: 10_000,
    },
    Terms {
        allocation: 199_999,
        value: None,
        time_weight: 0,
    },
];

/// What a period pays a grant, base units.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    cap: u128,
    units: u128,
    /// What the units are worth at the price.
    worth: u128,
    tranche: u128,
    earned: u128,
}

impl Terms {
    /// By the formulas of the whitepaper, in whole numbers and one division each. The token has `decimals`.
    fn expected(&self, decimals: u8, period: u128, score: u128, price: u128) -> Expected {
        let part = |of: u128| of * (period + 1) / PERIODS - of * period / PERIODS;
        let cap = part(self.allocation * 10u128.pow(decimals.into()));
        let units = part(self.value.unwrap_or_default());
        // Decimals of the token and of the price, less those of the unit.
        let worth = units * 10u128.pow(u32::from(decimals) + 6 - 2) / price;
        let tranche = match self.value {
            Some(_) => cap.min(worth),
            None => cap,
        };
        let credit = self.time_weight * 10_000 + (10_000 - self.time_weight) * score;
        Expected {
            cap,
            units,
            worth,
            tranche,
            earned: tranche * credit / 100_000_000,
        }
    }
}

/// How the price of a period comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    /// Three oracles report it.
    Votes,
    /// A daemon shows the feed's update.
    Feed,
    /// There is a feed, of which nobody shows anything, and three oracles report it.
    Reserve,
    /// Nobody reports it.
    Silent,
    /// The oracles report ten times as much, the authority disputes it, and the arbiter sets it right.
    Disputed,
}

impl Story {
    fn source(self) -> PriceSource {
        match self {
            Self::Feed | Self::Reserve => PriceSource::Feed,
            _ => PriceSource::Votes,
        }
    }

    /// The price that counts.
    fn price(self, period: usize) -> u128 {
        match self {
            Self::Silent => DEFAULT,
            _ => PRICES[period],
        }
    }

    /// What an oracle's source says of it; none if it has none.
    fn reported(self, period: usize) -> Option<u128> {
        match self {
            Self::Votes | Self::Reserve => Some(PRICES[period]),
            // The last period's price would be above the range.
            Self::Disputed => Some((PRICES[period] * 10).min(50_000_000)),
            Self::Feed | Self::Silent => None,
        }
    }

    /// Why it counts, in the statement's word.
    fn basis(self) -> &'static str {
        match self {
            Self::Votes => "agreement",
            Self::Feed => "feed",
            // Beside a feed votes resolve nothing early.
            Self::Reserve => "median",
            Self::Silent => "silence",
            Self::Disputed => "ruling",
        }
    }
}

/// A number as a decimal fraction with six digits.
fn decimal(price: u128) -> String {
    format!("{}.{:06}", price / 1_000_000, price % 1_000_000)
}

struct Play {
    world: UnitPlan,
    oracles: Vec<Oracle>,
    story: Story,
    decimals: u8,
}

impl Play {
    async fn begin(chain: Chain, decimals: u8, story: Story) -> Self {
        let world = UnitPlan::create_on(chain, decimals, story.source()).await;
        let mut rows = "beneficiary,allocation,value,periods,cliff,time_weight,weight:roadmap \
                        delivered,revocable,transferable\n"
            .to_owned();
        for (number, terms) in (0u8..).zip(&GRANTS) {
            let value = terms
                .value
                .map_or_else(String::new, |cents| format!("{}.{:02}", cents / 100, cents % 100));
            rows += &format!(
                "{},{},{value},{PERIODS},0,{},{},false,false\n",
                UnitPlan::wallet(number + 1),
                terms.allocation,
                terms.time_weight,
                10_000 - terms.time_weight
            );
        }
        world.earnout.file("grants.csv", rows);
        world.by("authority", &["grant", "import", "PLAN", "grants.csv"]);
        let feed = |id: &str, kpi: &str| {
            format!(
                "[[feed]]\nid = \"{id}\"\nplan = \"{}\"\nkpi = \"{kpi}\"\nsource = {{ type = \"command\", command = [\"cat\", \
                 \"{id}.txt\"] }}\n",
                world.plan
            )
        };
        let configuration = match story.reported(0) {
            Some(_) => feed("roadmap", "roadmap delivered") + &feed("price", "token price"),
            None => feed("roadmap", "roadmap delivered"),
        };
        let oracles = ["oracle-1", "oracle-2", "oracle-3"]
            .map(|key| Oracle::new(&world.chain, key, &[&world.chain.rpc_url], &configuration));
        Self {
            world,
            oracles: oracles.into(),
            story,
            decimals,
        }
    }

    /// A period ends, is measured, disputed, settled and claimed.
    async fn period(&self, period: usize) {
        let (world, end) = (&self.world, UnitPlan::ENDS[period]);
        world.chain.warp(&(end + 120).to_string());
        if self.story == Story::Feed {
            let price = i64::try_from(PRICES[period] * 100).expect("a price");
            let update = UnitPlan::update(price, 0, end + 3, end - 2);
            world.publish(&UnitPlan::sponsored(), Receiver::Pyth, &update).await;
        }
        for oracle in &self.oracles {
            oracle.file("roadmap.txt", DELIVERED[period].0);
            if let Some(price) = self.story.reported(period) {
                oracle.file("price.txt", &decimal(price));
            }
            let once = oracle.run(&["once"]).succeeded();
            let shown = once.stdout.contains("1 observed");
            assert!(!shown || self.story == Story::Feed, "{once:#?}");
        }
        let number = period.to_string();
        if self.story == Story::Disputed {
            let of = ["PLAN", "token price", &number, "--reason-hash", &"5e".repeat(32)].map(str::to_owned);
            let of = of.each_ref().map(String::as_str);
            world.by("authority", &[&["attestation", "dispute"][..], &of].concat());
            let price = decimal(PRICES[period]);
            world.by(
                "arbiter",
                &[&["attestation", "rule", "--value", &price][..], &of].concat(),
            );
        }
        // Nothing is paid before the price is final. A ruling makes it so at once, and one grant waits for nothing else.
        let at_once = usize::from(self.story == Story::Disputed);
        let report = world.by("payer", &["crank", "PLAN", "--no-close"]);
        assert_eq!(report["settled"], at_once, "{report}");
        world
            .chain
            .warp(&(end + UnitPlan::ATTEST + UnitPlan::DISPUTES).to_string());
        let report = world.by("payer", &["crank", "PLAN", "--no-close"]);
        assert_eq!(report["settled"], GRANTS.len() - at_once, "{report}");
        world.by("payer", &["claim", "--all", "PLAN", "--create-accounts"]);
    }

    fn expected(&self, terms: &Terms, period: usize) -> Expected {
        let number = u128::try_from(period).expect("a few periods");
        terms.expected(self.decimals, number, DELIVERED[period].1, self.story.price(period))
    }

    /// Compares a statement, and what everyone has, with the computation of this test.
    async fn compare(&self, statement: &Value) {
        assert_eq!(statement["findings"], json!([]), "{:?}", self.story);
        let text = |amount: u128| Value::from(amount.to_string());
        for period in 0..PRICES.len() {
            let price = &statement["periods"][period]["values"][1];
            assert_eq!(price["basis"], self.story.basis(), "{price:#}");
            assert_eq!(price["price"], text(self.story.price(period)), "{price:#}");
            let is_disputed = self.story == Story::Disputed;
            assert_eq!(price["dispute"].is_object(), is_disputed, "{price:#}");
        }
        let (mut all, mut unused) = (0, 0);
        for (number, terms) in GRANTS.iter().enumerate() {
            let grant = &statement["grants"][number];
            let (mut sum, mut cut) = (0, 0);
            for (period, delivered) in DELIVERED.iter().enumerate() {
                let expected = self.expected(terms, period);
                let line = &grant["lines"][period];
                let about = format!("{:?}, grant {number}, period {period}: {line:#}", self.story);
                assert_eq!(line["tranche"], text(expected.tranche), "{about}");
                assert_eq!(line["earned"], text(expected.earned), "{about}");
                assert_eq!(line["claimed"], text(expected.earned), "{about}");
                assert_eq!(
                    line["returned"],
                    text(expected.tranche.saturating_sub(expected.earned)),
                    "{about}"
                );
                let is_weighted = terms.time_weight < 10_000;
                assert_eq!(
                    line["scores"][0],
                    json!(if is_weighted { delivered.1 } else { 0 }),
                    "{about}"
                );
                let in_units = &line["inUnits"];
                if terms.value.is_none() {
                    assert_eq!(*in_units, Value::Null, "{about}");
                } else {
                    assert_eq!(in_units["units"], text(expected.units), "{about}");
                    assert_eq!(in_units["price"], text(self.story.price(period)), "{about}");
                    assert_eq!(in_units["worth"], text(expected.worth), "{about}");
                    assert_eq!(in_units["cap"], text(expected.cap), "{about}");
                    assert_eq!(in_units["capReached"], expected.worth >= expected.cap, "{about}");
                    let cut_off = expected.worth.saturating_sub(expected.cap);
                    assert_eq!(in_units["cutOff"], text(cut_off), "{about}");
                    assert_eq!(in_units["unused"], text(expected.cap - expected.tranche), "{about}");
                    cut += cut_off;
                    unused += expected.cap - expected.tranche;
                }
                sum += expected.earned;
            }
            assert_eq!((&grant["earned"], &grant["claimed"]), (&text(sum), &text(sum)));
            if terms.value.is_some() {
                assert_eq!(grant["cutOff"], text(cut), "{:?}", self.story);
            }
            let wallet = UnitPlan::wallet(u8::try_from(number + 1).expect("a few grants"));
            assert_eq!(self.balance(&wallet).await, sum, "{:?}, grant {number}", self.story);
            all += sum;
        }
        let totals = &statement["totals"];
        assert_eq!(
            (
                &totals["earned"],
                &totals["claimed"],
                &totals["unused"],
                &totals["reserved"]
            ),
            (&text(all), &text(all), &text(unused), &json!("0"))
        );
    }

    /// Base units in the associated account of an owner.
    async fn balance(&self, owner: &Pubkey) -> u128 {
        let account = self.world.chain.account(&self.world.token.account(owner)).await;
        let amount = account[64..72].try_into().expect("eight bytes");
        u64::from_le_bytes(amount).into()
    }
}

/// A chain with a history.
fn chain() -> Chain {
    Chain::start(&["--slot-ms", "50", "--time", "2026-12-15T00:00:00Z"])
}

async fn play(decimals: u8, story: Story) {
    // That nobody ever reported something is told by the history alone.
    let chain = match story {
        Story::Silent => chain(),
        _ => Chain::start_embedded(),
    };
    let play = Play::begin(chain, decimals, story).await;
    for period in 0..PRICES.len() {
        play.period(period).await;
    }
    let statement = play.world.by("payer", &["plan", "statement", "PLAN"]);
    play.compare(&statement).await;
}

#[test]
fn the_computation_of_this_test_covers_what_it_is_about() {
    // By hand: a quarter of 120,000.03 dollars is 30,000.00 (the last cents are in the last period), at 0.37 dollars
    // 81,081.08… tokens of six decimals, all of it for full scores; at 0.0037 the cap of 300,000 tokens, and a tenth more.
    let first = GRANTS[0].expected(6, 0, 10_000, PRICES[0]);
    assert_eq!((first.units, first.tranche), (3_000_000, 81_081_081_081));
    assert_eq!(first.earned, first.tranche);
    let second = GRANTS[0].expected(6, 1, 12_000, PRICES[1]);
    assert_eq!((second.cap, second.tranche), (300_000_250_000, 300_000_250_000));
    assert_eq!(second.earned, 330_000_275_000);
    // Whole tokens only.
    assert_eq!(GRANTS[1].expected(0, 3, 0, PRICES[3]).tranche, 324);
}

#[tokio::test(flavor = "multi_thread")]
async fn g11_a_price_by_the_votes_of_three_oracles() {
    for decimals in [6, 9, 0] {
        play(decimals, Story::Votes).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g11_a_price_by_a_feed() {
    for decimals in [6, 9, 0] {
        play(decimals, Story::Feed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g11_a_feed_of_which_nobody_shows_anything_leaves_it_to_the_votes() {
    for decimals in [6, 9, 0] {
        play(decimals, Story::Reserve).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g11_a_price_that_nobody_reports_is_the_default() {
    for decimals in [6, 9, 0] {
        play(decimals, Story::Silent).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g11_a_price_that_is_disputed_is_the_ruling() {
    for decimals in [6, 9, 0] {
        play(decimals, Story::Disputed).await;
    }
}

/// On a chain with a history: everything is closed at the end, and the statement is made from events alone.
#[tokio::test(flavor = "multi_thread")]
async fn g11_a_closed_plan_tells_the_same_by_its_events() {
    let play = Play::begin(chain(), 9, Story::Feed).await;
    for period in 0..PRICES.len() {
        play.period(period).await;
    }
    let world = &play.world;
    let report = world.by("payer", &["crank", "PLAN"]);
    assert_eq!(report["grantsClosed"], GRANTS.len(), "{report}");
    world.by("authority", &["plan", "close", "PLAN"]);
    let statement = world.by("payer", &["plan", "statement", "PLAN"]);
    assert!(
        statement["closedAt"].is_object() || statement["closedAt"].is_i64(),
        "{statement:#}"
    );
    play.compare(&statement).await;
    // Nothing is left anywhere: what was not paid went to the treasury.
    assert_eq!(statement["vault"]["balance"], "0");
}
