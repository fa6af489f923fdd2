//! The plan of `examples/usd-pay`, which pays in US dollars, made by the built `earnout` binary.

use {
    crate::{Chain, Earnout, Finished, Token},
    earnout::{price_update::PriceUpdate, state::Receiver},
    earnout_core::feed::{Published, Quote},
    earnout_sdk::wire::{pda, price_update_account},
    serde_json::{Value, json},
    solana_keypair::Keypair,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
};

/// Quarters from 2027 on. The unit of account has two decimals, the price six.
const PLAN: &str = include_str!("../../../examples/usd-pay/plan.toml");

/// Where a plan's price comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceSource {
    /// The votes of its oracles.
    Votes,
    /// The feed [`UnitPlan::FEED`], with the votes as the reserve.
    Feed,
}

/// The plan on a chain, active, with 10,000,000 tokens in its vault and no grants yet. Its authority is the chain's key
/// `authority`, its oracles are `oracle-1` to `-3`, two of whom decide, its arbiter is `arbiter`. KPI 0 is `roadmap
/// delivered`, KPI 1 its price, `token price`.
pub struct UnitPlan {
    pub chain: Chain,
    /// The binary, with the chain's key `payer`.
    pub earnout: Earnout,
    pub address: Pubkey,
    /// The address as text.
    pub plan: String,
    pub token: Token,
}

impl UnitPlan {
    /// Spot prices of it are taken until ten minutes after the end of a period, if they are certain to 2 %.
    pub const FEED: [u8; 32] = [3; 32];
    /// Ends of the first four periods, Unix seconds.
    pub const ENDS: [i64; 4] = [1_806_537_600, 1_814_400_000, 1_822_348_800, 1_830_297_600];
    /// Seconds after the end of a period for which votes are accepted.
    pub const ATTEST: i64 = 14 * 86_400;
    /// Seconds after that from which on everything is final, whatever was disputed.
    pub const DISPUTES: i64 = 14 * 86_400;

    /// Makes it on the embedded chain, with a token of six decimals.
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn create(source: PriceSource) -> Self {
        Self::create_on(Chain::start_embedded(), 6, source).await
    }

    /// Makes it on a chain, before 2027, with a token of so many decimals.
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn create_on(chain: Chain, decimals: u8, source: PriceSource) -> Self {
        let authority = chain.key("authority");
        let token = chain.create_mint(Token::CLASSIC, decimals, &authority.pubkey()).await;
        let supply = 100_000_000 * 10u64.pow(decimals.into());
        chain.mint_to(&token, &authority, &authority.pubkey(), supply).await;
        let mint = format!("[token]\nmint = \"{}\"\n", token.mint);
        let roles = format!("[roles]\ntreasury = \"{}\"\n", chain.key("treasury-owner").pubkey());
        let mut file = PLAN
            .replace("[token]\n", &mint)
            .replace("decimals = 6\nsupply", &format!("decimals = {decimals}\nsupply"))
            .replace("enrolment_end = 2027-01-01", "enrolment_end = 2027-12-01")
            .replace("[roles]\n", &roles);
        if source == PriceSource::Feed {
            let feed = format!(
                "[price]\nfeed = {{ receiver = \"pyth\", id = \"{}\", price = \"spot\", max_delay = \"10 minutes\", \
                 max_confidence = \"2 %\" }}\n",
                hex::encode(Self::FEED)
            );
            file = file.replace("[price]\n", &feed);
        }
        file.push_str("\n[addresses]\n");
        for (name, key) in [
            ("treasury office", "oracle-1"),
            ("market data", "oracle-2"),
            ("auditor", "oracle-3"),
            ("advisory board", "arbiter"),
        ] {
            file += &format!("{name:?} = \"{}\"\n", chain.key(key).pubkey());
        }
        let address = pda::plan(&authority.pubkey(), 1);
        let world = Self {
            earnout: Earnout::on(&chain),
            plan: address.to_string(),
            chain,
            address,
            token,
        };
        world.earnout.file("plan.toml", file);
        world.by(
            "authority",
            &["plan", "create", "plan.toml", "--activate", "--fund", "10_000_000"],
        );
        world
    }

    /// The key of somebody who signs nothing.
    pub fn wallet(number: u8) -> Pubkey {
        Keypair::new_from_array([number; 32]).pubkey()
    }

    /// Runs a command of one of the chain's keys, without questions. In its words `PLAN` stands for the plan.
    pub fn run(&self, key: &str, arguments: &[&str]) -> Finished {
        let file = self.chain.key_file(key);
        let file = file.to_str().expect("a path of this test");
        let arguments: Vec<_> = arguments.iter().map(|word| word.replace("PLAN", &self.plan)).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        self.earnout.run(&[&["-k", file, "--yes"], &arguments[..]].concat())
    }

    /// The JSON of a command that succeeds.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn by(&self, key: &str, arguments: &[&str]) -> Value {
        let finished = self.run(key, &[&["--output", "json"], arguments].concat());
        finished.succeeded().json()
    }

    /// What a command that succeeds shows to people.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn shows(&self, arguments: &[&str]) -> String {
        self.run("payer", arguments).succeeded().stdout
    }

    /// Where the feed's sponsor publishes.
    pub fn sponsored() -> Pubkey {
        pda::price_feed(Receiver::Pyth, &Self::FEED, 0)
    }

    /// An update of the feed, a price with eight decimals give or take a confidence, published at a time, the one before
    /// it at another (Unix seconds).
    pub fn update(price: i64, confidence: u64, at: i64, previous: i64) -> Vec<u8> {
        let quote = Quote {
            price,
            confidence,
            exponent: -8,
        };
        price_update_account(&PriceUpdate {
            feed_id: Self::FEED,
            spot: quote,
            average: quote,
            published: Published { at, previous },
        })
    }

    /// Puts bytes into an account of a receiver.
    ///
    /// # Panics
    /// If the chain refuses it.
    pub async fn publish(&self, address: &Pubkey, receiver: Receiver, data: &[u8]) {
        let owner = receiver.program().to_string();
        let account = json!({ "lamports": 1_823_520, "owner": owner, "data": hex::encode(data) });
        let parameters = json!([address.to_string(), account]);
        self.chain.ask("surfnet_setAccount", parameters).await;
    }
}
