//! Grants in another unit: units, price, and what the cap makes of them.

use {
    super::{fields::Fields, text::short},
    crate::context::reference::kpi_name,
    earnout::state::{Feed, Grant, Kpi, Plan},
    earnout_sdk::{
        report::priced::{Priced, lowest_price, price_text, units_text},
        terms::plan_file::{FEED_PRICES, RECEIVERS, word},
        text::{
            amount::{counted, fixed, tokens, total},
            time::length,
        },
        wire::accounts::padded_text,
    },
    serde_json::{Value, json},
};

/// What is said of an amount that is too large for the token.
const TOO_LARGE: &str = "more than a token amount can express";

/// The value of a grant with its unit; none of a grant in tokens.
pub fn value(plan: &Plan, grant: &Grant) -> Option<String> {
    grant.is_in_units().then(|| units_text(plan, grant.unit_allocation))
}

/// A price with its unit.
pub fn price(plan: &Plan, price: i64) -> String {
    match plan.price() {
        Some((_, kpi)) => price_text(kpi, price),
        None => price.to_string(),
    }
}

/// Down to which price the cap of a grant reaches; none of a grant in tokens.
pub fn reach(plan: &Plan, grant: &Grant) -> Option<String> {
    grant.is_in_units().then(|| match lowest_price(plan, grant) {
        Ok(Some(lowest)) => price(plan, lowest),
        _ => "no price".to_owned(),
    })
}

/// What a cap cut off, in tokens of so many decimals; `none` if it cut off nothing, or there is no price.
pub fn cut_off(priced: Option<&Priced>, decimals: u8, none: &str) -> String {
    match priced.map(Priced::cut_off) {
        None | Some(Some(0)) => none.to_owned(),
        Some(Some(amount)) => tokens(amount, decimals),
        Some(None) => TOO_LARGE.to_owned(),
    }
}

/// The same for a sum over several periods, of which one may be too large.
pub fn cut_off_sum(sum: Option<u128>, decimals: u8) -> String {
    sum.map_or(TOO_LARGE.to_owned(), |sum| total(sum, decimals))
}

/// The cells for units, price and what the cap cut off, where they are; `-` for a grant in tokens.
pub fn cells(plan: &Plan, priced: Option<&Priced>, decimals: u8) -> [String; 3] {
    let or = |text: Option<String>| text.unwrap_or("-".to_owned());
    [
        or(priced.map(|priced| units_text(plan, priced.units))),
        or(priced.map(|priced| price(plan, priced.price))),
        cut_off(priced, decimals, "-"),
    ]
}

/// One period of a grant in another unit, for programs; null of a grant in tokens.
pub fn json(plan: &Plan, priced: Option<&Priced>) -> Value {
    let Some(priced) = priced else {
        return Value::Null;
    };
    json!({
        "units": priced.units.to_string(),
        "price": priced.price.to_string(),
        "uiPrice": plan.price().map(|(_, kpi)| fixed(priced.price, kpi.decimals).replace(',', "")),
        "worth": priced.worth.map(|worth| worth.to_string()),
        "cap": priced.cap.to_string(),
        "capReached": priced.is_capped(),
        "cutOff": priced.cut_off().map(|amount| amount.to_string()),
        "unused": priced.unused().to_string(),
    })
}

/// The lowest price that pays a grant in full, for programs; null of a grant in tokens, and if there is none.
pub fn lowest_json(plan: &Plan, grant: &Grant) -> Option<String> {
    let lowest = lowest_price(plan, grant).ok().flatten();
    lowest.map(|lowest| lowest.to_string())
}

/// The plan's price for people; none without one.
pub fn price_facts(plan: &Plan) -> Option<Fields> {
    let (number, kpi) = plan.price()?;
    let mut facts = Fields::default();
    let unit = padded_text(&plan.unit);
    let decimals = counted(plan.unit_decimals, "decimal");
    facts.say("unit of account", format!("{unit}, {decimals}"));
    facts.say(
        "KPI",
        format!("{number} ({}), {unit} for one whole token", kpi_name(kpi)),
    );
    let [low, high] = [kpi.range_min, kpi.range_max].map(|end| price_text(kpi, end));
    facts.say("range", format!("{low} to {high}; no other price ever counts"));
    facts.say("price if nobody reports", price_text(kpi, kpi.default_price));
    facts.say("feed", feed_text(kpi));
    Some(facts)
}

/// From which feed a KPI can be read.
pub fn feed_text(kpi: &Kpi) -> String {
    match kpi.feed() {
        Ok(Some(feed)) => {
            let of = match feed.average {
                true => "moving average",
                false => "spot price",
            };
            format!(
                "{} of {} feed {}, published at most {} after the period, confidence at most {} %",
                of,
                word(&RECEIVERS, |receiver| receiver == feed.receiver),
                short(hex::encode(feed.feed_id)),
                length(feed.max_delay_secs.into()),
                fixed(feed.max_confidence_bps.into(), 2)
            )
        }
        Ok(None) => "none: the oracles report it".to_owned(),
        Err(_) => "unknown".to_owned(),
    }
}

/// The feed of a KPI for programs.
pub fn feed_json(feed: &Feed) -> Value {
    json!({
        "receiver": word(&RECEIVERS, |receiver| receiver == feed.receiver),
        "program": feed.receiver.program().to_string(),
        "id": hex::encode(feed.feed_id),
        "price": word(&FEED_PRICES, |average| average == feed.average),
        "maxDelaySecs": feed.max_delay_secs,
        "maxConfidenceBps": feed.max_confidence_bps,
    })
}
