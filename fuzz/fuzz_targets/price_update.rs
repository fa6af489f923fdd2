//! Bytes of an account that claims to hold a price: whatever they are they are refused or read, and what is read is
//! within the terms of the KPI that asked.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout::{
        price_update::{self, PriceUpdate},
        state::{Feed, Receiver},
    },
    earnout_core::feed::{Published, Quote},
    earnout_fuzz::{
        fixtures,
        shapes::{Amount, Signed},
    },
    earnout_sdk::wire::price_update_account,
    libfuzzer_sys::fuzz_target,
};

#[derive(Arbitrary, Debug)]
struct Input {
    /// Any bytes, or those of a sound update with these fields.
    bytes: Option<Vec<u8>>,
    feed_id: u8,
    verified: u8,
    prices: [(Signed, Amount); 2],
    exponent: i32,
    far_exponent: bool,
    at: Signed,
    previous: Signed,
    end: Signed,
    now: Signed,
    decimals: u8,
    average: bool,
    max_delay_secs: u32,
    max_confidence_bps: u16,
}

impl Input {
    /// What the receiver would write.
    fn update(&self) -> Vec<u8> {
        let exponent = if self.far_exponent {
            self.exponent
        } else {
            -(self.exponent.rem_euclid(20))
        };
        let quote = |(price, confidence): &(Signed, Amount)| Quote {
            price: price.0,
            confidence: confidence.0,
            exponent,
        };
        let [spot, average] = &self.prices;
        let mut bytes = price_update_account(&PriceUpdate {
            feed_id: [self.feed_id % 2; 32],
            spot: quote(spot),
            average: quote(average),
            published: Published {
                at: self.at.0,
                previous: self.previous.0,
            },
        });
        bytes[40] = self.verified % 3;
        bytes
    }
}

fuzz_target!(|input: Input| {
    let plan = fixtures::plan(&[]);
    let Some((_, price)) = plan.price() else {
        unreachable!("the sample has a price")
    };
    let mut kpi = *price;
    kpi.decimals = input.decimals % 19;
    let feed = Feed {
        receiver: Receiver::Pyth,
        feed_id: [1; 32],
        average: input.average,
        max_delay_secs: input.max_delay_secs,
        max_confidence_bps: input.max_confidence_bps % 10_001,
    };
    let bytes = input.bytes.clone().unwrap_or_else(|| input.update());
    let message = price_update::message(&bytes);
    let Ok(update) = PriceUpdate::of(&bytes) else { return };
    assert!(bytes.len() == price_update::LEN && bytes[40] == 1);
    let message = message.expect("the message of a whole update");
    let (end, now) = (input.end.0, input.now.0);
    let Ok(seen) = update.observation(&kpi, &feed, end, now, message) else {
        return;
    };
    assert!((kpi.range_min..=kpi.range_max).contains(&seen.value));
    assert_eq!(update.feed_id, feed.feed_id);
    let quote = if feed.average { update.average } else { update.spot };
    assert!(quote.price > 0 && (-18..=0).contains(&quote.exponent));
    let doubt = u128::from(quote.confidence) * 10_000;
    assert!(doubt <= u128::from(quote.price.unsigned_abs()) * u128::from(feed.max_confidence_bps));
    let at = i128::from(seen.published.at);
    assert!(i128::from(end) <= at && at <= i128::from(end) + i128::from(feed.max_delay_secs) && at <= i128::from(now));
});
