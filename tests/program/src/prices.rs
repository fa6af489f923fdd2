//! Plans whose grants are in another unit, and the feeds that price them.

use crate::*;

use {
    earnout::{
        price_update::PriceUpdate,
        state::{Feed, Receiver},
    },
    earnout_core::feed::{Published, Quote},
    earnout_sdk::wire::price_update_account,
};

/// A price of 4 decimals from 0.0100 to 100.0000, of which 1.0000 counts under silence.
pub fn price_kpi() -> KpiArgs {
    KpiArgs {
        unit: "USD".to_owned(),
        decimals: 4,
        range_min: 100,
        points: Vec::new(),
        default_price: Some(10_000),
        ..kpi("price", Scope::Shared)
    }
}

/// The same, which anyone can read from a feed until 600 seconds after the end of the period.
pub fn fed_price_kpi() -> KpiArgs {
    KpiArgs {
        feed: Some(feed()),
        ..price_kpi()
    }
}

/// Spot prices of a feed of Pyth's first receiver, certain to 2 %.
pub fn feed() -> Feed {
    Feed {
        receiver: Receiver::Pyth,
        feed_id: [3; 32],
        average: false,
        max_delay_secs: 600,
        max_confidence_bps: 200,
    }
}

/// [`terms`] with US dollars of 2 decimals as the unit of account.
pub fn unit_terms() -> CreatePlanArgs {
    CreatePlanArgs {
        unit: "USD".to_owned(),
        unit_decimals: 2,
        ..terms()
    }
}

/// What an update of a feed says.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// Which feed.
    pub feed_id: [u8; 32],
    /// Spot price and its confidence.
    pub spot: (i64, u64),
    /// Moving average and its confidence.
    pub average: (i64, u64),
    /// Power of ten of both.
    pub exponent: i32,
    /// When it was published, Unix seconds.
    pub at: i64,
    /// When the update before it was published, Unix seconds.
    pub previous: i64,
}

impl Update {
    /// The first update of [`feed`] after `end`: 2.5 give or take 0.01, published 5 seconds after it, the one before a
    /// second before it.
    pub fn first(end: i64) -> Self {
        Self {
            feed_id: [3; 32],
            spot: (250_000_000, 1_000_000),
            average: (260_000_000, 2_000_000),
            exponent: -8,
            at: end + 5,
            previous: end - 1,
        }
    }

    /// The bytes of an account that holds it, fully verified.
    pub fn bytes(&self) -> Vec<u8> {
        let quote = |(price, confidence)| Quote {
            price,
            confidence,
            exponent: self.exponent,
        };
        price_update_account(&PriceUpdate {
            feed_id: self.feed_id,
            spot: quote(self.spot),
            average: quote(self.average),
            published: Published {
                at: self.at,
                previous: self.previous,
            },
        })
    }
}

impl World {
    /// Puts an account with these bytes on the chain, owned by the receiver, and returns its address.
    pub fn publish_bytes(&mut self, receiver: Receiver, bytes: Vec<u8>) -> Pubkey {
        let address = self.chain.key().pubkey();
        let account = Account {
            lamports: 1_823_520,
            data: bytes,
            owner: receiver.program(),
            ..Account::default()
        };
        self.chain.replace(&address, account);
        address
    }

    /// Puts the update on the chain for Pyth's first receiver, and returns its address.
    pub fn publish(&mut self, update: &Update) -> Pubkey {
        self.publish_bytes(Receiver::Pyth, update.bytes())
    }

    /// `observe` of KPI `kpi` for `period`, paid by a new key.
    pub fn observe(&mut self, kpi: u8, period: u16, price_update: &Pubkey) -> Instruction {
        let payer = self.key();
        let args = ObserveArgs { kpi, period };
        instructions::observe(&payer, &self.token.plan, price_update, args)
    }

    /// Makes a grant of `units` in the plan's unit of account and at most `allocation` base units, all of it for time
    /// but for these weights.
    pub fn unit_grant(&mut self, allocation: u64, units: u64, kpi_weights: &[u16]) -> (Keypair, Pubkey) {
        self.grant_with(|args| {
            (args.allocation, args.unit_allocation) = (allocation, units);
            args.kpi_weights = kpi_weights.to_vec();
            args.time_weight = 10_000 - kpi_weights.iter().sum::<u16>();
        })
    }
}
