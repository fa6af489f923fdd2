//! What was attested, and what counts.

use {
    super::{names::Names, text::safe},
    crate::context::time::Moment,
    earnout::state::{Kpi, Observation},
    earnout_core::quorum::{Finality, Outcome},
    earnout_sdk::{
        report::{
            priced::price_text,
            statement::{Measurement, Vote},
        },
        text::amount::{count, fixed},
        wire::accounts,
    },
    serde_json::{Value, json},
};

/// A value with its unit.
pub fn value(kpi: &Kpi, value: i64) -> String {
    let unit = unit_text(kpi);
    let number = fixed(value, kpi.decimals);
    match unit.is_empty() {
        true => number,
        false => format!("{number} {}", safe(&unit)),
    }
}

/// The value that counts, or that nobody reported one.
pub fn outcome(kpi: &Kpi, measurement: &Measurement) -> String {
    match measurement.reading.outcome {
        Outcome::Value(number) => value(kpi, number),
        Outcome::Silent => "-".to_owned(),
    }
}

/// What it is worth: a score, or as the price what counts.
pub fn worth(kpi: &Kpi, measurement: &Measurement) -> String {
    match measurement.reading.price {
        Some(price) => price_text(kpi, price),
        None => count(measurement.reading.score),
    }
}

/// Why that counts.
pub fn basis(measurement: &Measurement) -> &'static str {
    match (&measurement.dispute, measurement.reading.outcome) {
        (Some(dispute), _) if dispute.ruling.is_some_and(|ruling| ruling.value.is_some()) => "ruling",
        (_, Outcome::Silent) => "silence",
        _ if measurement.observation.is_some() => "feed",
        _ if measurement.agreed_at.is_some() => "agreement",
        _ => "median",
    }
}

/// The same, and whether that is only so far.
pub fn by(measurement: &Measurement) -> String {
    let so_far = match measurement.reading.finality {
        Finality::Final(_) => "",
        Finality::NotBefore(_) => ", so far",
    };
    format!("{}{so_far}", basis(measurement))
}

/// Whether it can still change, and what happened to it.
pub fn state(measurement: &Measurement) -> String {
    let dispute = measurement.dispute.as_ref().map(|dispute| match dispute.ruling {
        None => format!("disputed on {}, no ruling", Moment(dispute.at)),
        Some(ruling) => {
            let what = if ruling.value.is_some() { "set" } else { "upheld" };
            let when = ruling.at.map_or(String::new(), |at| format!(" on {}", Moment(at)));
            format!("disputed, {what} by the arbiter{when}")
        }
    });
    let finality = match measurement.reading.finality {
        Finality::Final(_) => "final".to_owned(),
        Finality::NotBefore(time) => format!("not final before {}", Moment(time)),
    };
    match dispute {
        Some(dispute) => format!("{finality}; {dispute}"),
        None => finality,
    }
}

/// How uncertain the feed was, rounded up.
pub fn confidence(observation: &Observation) -> String {
    format!("± {} % of the price", fixed(observation.confidence_bps.into(), 2))
}

/// The votes that stand behind what counts: those for the value if oracles agreed, all that count for a median, none
/// where a feed said it.
pub fn deciding(measurement: &Measurement) -> impl Iterator<Item = &Vote> {
    let agreed = match (measurement.agreed_at, measurement.reading.outcome) {
        (Some(_), Outcome::Value(value)) if basis(measurement) == "agreement" => Some(value),
        _ => None,
    };
    measurement
        .votes
        .iter()
        .filter(|_| measurement.observation.is_none())
        .filter(move |vote| vote.counts && agreed.is_none_or(|value| vote.value == value))
}

/// The hashes of the evidence that stands behind what counts: of the votes, or of what a feed said.
pub fn evidence(measurement: &Measurement) -> impl Iterator<Item = &[u8; 32]> {
    let observed = measurement.observation.iter().map(|shown| &shown.evidence);
    deciding(measurement).map(|vote| &vote.evidence).chain(observed)
}

/// Who voted: the key, or the position in a set that is not known any more.
pub fn voter(vote: &Vote, names: &Names) -> String {
    vote.oracle.map_or_else(
        || format!("oracle {} of a former set", vote.position),
        |key| names.full(&key),
    )
}

/// For programs.
pub fn json(number: u8, kpi: &Kpi, measurement: &Measurement) -> Value {
    let plain = |value: i64| fixed(value, kpi.decimals).replace(',', "");
    let vote = |vote: &Vote| {
        json!({
            "oracle": vote.oracle.map(|key| key.to_string()),
            "position": vote.position,
            "value": vote.value.to_string(),
            "uiValue": plain(vote.value),
            "evidence": hex::encode(vote.evidence),
            "counts": vote.counts,
        })
    };
    let counts = match measurement.reading.outcome {
        Outcome::Value(value) => Some(value),
        Outcome::Silent => None,
    };
    let final_from = match measurement.reading.finality {
        Finality::Final(_) => None,
        Finality::NotBefore(time) => Some(time),
    };
    let dispute = measurement.dispute.as_ref().map(|dispute| {
        json!({
            "disputer": dispute.disputer.map(|key| key.to_string()),
            "grant": dispute.grant.map(|key| key.to_string()),
            "reasonHash": dispute.reason_hash.map(hex::encode),
            "at": dispute.at,
            "ruling": dispute.ruling.map(|ruling| json!({
                "value": ruling.value.map(|value| value.to_string()),
                "reasonHash": ruling.reason_hash.map(hex::encode),
                "at": ruling.at,
            })),
        })
    });
    let observation = measurement.observation.as_ref().map(|observation| {
        json!({
            "value": observation.value.to_string(),
            "uiValue": fixed(observation.value, kpi.decimals).replace(',', ""),
            "confidenceBps": observation.confidence_bps,
            "publishedAt": observation.published.at,
            "previousAt": observation.published.previous,
            "evidence": hex::encode(observation.evidence),
        })
    });
    json!({
        "kpi": number,
        "value": counts.map(|value| value.to_string()),
        "uiValue": counts.map(plain),
        "score": (!kpi.is_price()).then_some(measurement.reading.score),
        "price": measurement.reading.price.map(|price| price.to_string()),
        "basis": basis(measurement),
        "final": final_from.is_none(),
        "finalFrom": final_from,
        "agreedAt": measurement.agreed_at,
        "oracles": measurement.oracle_count,
        "threshold": measurement.threshold,
        "votes": measurement.votes.iter().map(vote).collect::<Vec<_>>(),
        "observation": observation,
        "dispute": dispute,
        "closed": measurement.closed,
    })
}

/// The unit as it was written.
pub fn unit_text(kpi: &Kpi) -> String {
    accounts::padded_text(&kpi.unit)
}
