//! What strangers could have put beside the truth.

use {
    anchor_lang::Discriminator,
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout::{
        events::AuthorityAccepted,
        state::{Attestation, Grant, Page},
    },
    earnout_sdk::{client::of_bytes, wire::events::Event},
    serde_json::{Value, json},
    solana_program::pubkey::{Pubkey, pubkey},
    std::mem::offset_of,
};

/// Programs that take any data and can be called by anyone.
const NOOP: Pubkey = pubkey!("noopb9bkMVfRPU8AsbpTUg8AQkHtKwMYZiFUjNRAtmV");
const COMPUTE_BUDGET: Pubkey = pubkey!("ComputeBudget111111111111111111111111111111");

/// Where the sequence number stands in the data of an event: after tag, name, plan and time.
const SEQUENCE: std::ops::Range<usize> = 56..64;

/// Adds calls with event bytes to the inner instructions of a transaction that has events of the program.
pub fn events(transaction: &mut Value) {
    let Some(mut keys) = keys(transaction) else { return };
    let Some(own) = keys.iter().position(|key| *key == earnout::ID.to_string()) else {
        return;
    };
    let inner = transaction["meta"]["innerInstructions"].as_array();
    let inner = inner
        .into_iter()
        .flatten()
        .filter_map(|group| group["instructions"].as_array());
    let data = inner
        .flatten()
        .filter(|call| call["programIdIndex"] == own)
        .filter_map(|call| call["data"].as_str());
    let events = data.filter_map(|data| Event::decode(&bs58::decode(data).into_vec().ok()?));
    let events: Vec<_> = events.collect();
    let mut index = |program: Pubkey| {
        let name = program.to_string();
        keys.iter().position(|key| *key == name).unwrap_or_else(|| {
            keys.push(name.clone());
            let loaded = &mut transaction["meta"]["loadedAddresses"];
            if !loaded["readonly"].is_array() {
                *loaded = json!({"writable": [], "readonly": []});
            }
            loaded["readonly"].as_array_mut().expect("a list").push(json!(name));
            keys.len() - 1
        })
    };
    let mut calls = Vec::new();
    for event in &events {
        let (other, sequence) = (another(event), event.sequence());
        for (program, event, sequence) in [
            (index(COMPUTE_BUDGET), event, u64::MAX),
            (index(COMPUTE_BUDGET), &taken(event), sequence.saturating_add(1)),
            (index(NOOP), &other, sequence),
            // The program itself refuses this; that its event authority signed is what shows an event.
            (own, &other, sequence),
            (own, event, u64::MAX),
        ] {
            let mut data = event.encode();
            data[SEQUENCE].copy_from_slice(&sequence.to_le_bytes());
            let data = bs58::encode(data).into_string();
            calls.push(json!({"programIdIndex": program, "accounts": [0], "data": data, "stackHeight": 2}));
        }
    }
    if let (Some(groups), false) = (
        transaction["meta"]["innerInstructions"].as_array_mut(),
        calls.is_empty(),
    ) {
        groups.insert(0, json!({"index": 0, "instructions": calls}));
    }
}

/// The accounts of a transaction in the order of its indices.
fn keys(transaction: &Value) -> Option<Vec<String>> {
    let body = &transaction["transaction"];
    let mut keys: Vec<String> = match body["message"]["accountKeys"].as_array() {
        Some(keys) => keys
            .iter()
            .map(|key| key.as_str().map(str::to_owned))
            .collect::<Option<_>>()?,
        None => {
            let bytes = match (body[0].as_str()?, body[1].as_str()?) {
                (data, "base64") => BASE64_STANDARD.decode(data).ok()?,
                (data, _) => bs58::decode(data).into_vec().ok()?,
            };
            of_bytes(&bytes)?
                .message
                .static_account_keys()
                .iter()
                .map(Pubkey::to_string)
                .collect()
        }
    };
    for kind in ["writable", "readonly"] {
        let loaded = transaction["meta"]["loadedAddresses"][kind].as_array();
        keys.extend(
            loaded
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned),
        );
    }
    Some(keys)
}

/// An event with another content.
fn another(event: &Event) -> Event {
    let mut other = event.clone();
    match &mut other {
        Event::KpiAdded(event) => event.terms.decimals = (event.terms.decimals + 3) % 9,
        Event::PlanFunded(event) => event.amount = event.amount.wrapping_mul(2),
        Event::ValueAttested(event) => event.value = event.value.wrapping_add(1),
        Event::PageAttested(event) => event.values.iter_mut().for_each(|value| *value = value.wrapping_add(1)),
        Event::GrantSettled(event) => event.earned = event.earned.wrapping_mul(2),
        Event::GrantClaimed(event) => event.amount = event.amount.wrapping_mul(2),
        event => return taken(event),
    }
    other
}

/// That the plan now belongs to somebody else.
fn taken(event: &Event) -> Event {
    Event::AuthorityAccepted(Box::new(AuthorityAccepted {
        plan: event.plan(),
        time: event.time(),
        sequence: event.sequence(),
        old: event.plan(),
        new: NOOP,
        treasury: NOOP,
        treasury_owner: NOOP,
        oracle_change: false,
    }))
}

/// Adds copies of the first account that was found.
pub fn accounts(found: Option<&mut Vec<Value>>) {
    let Some(found) = found else { return };
    let Some(first) = found.first() else { return };
    let copy = |number: u8| {
        let mut copy = first.clone();
        let address = first["pubkey"]
            .as_str()
            .and_then(|address| address.parse::<Pubkey>().ok());
        let mut bytes = address.unwrap_or_default().to_bytes();
        bytes[0] ^= number;
        copy["pubkey"] = json!(Pubkey::new_from_array(bytes).to_string());
        copy
    };
    let (mut of_another_program, mut of_another_plan, at_another_address) = (copy(1), copy(2), copy(3));
    of_another_program["account"]["owner"] = json!(NOOP.to_string());
    let data = first["account"]["data"][0]
        .as_str()
        .and_then(|data| BASE64_STANDARD.decode(data).ok());
    let mut added = vec![of_another_program, at_another_address];
    if let Some(mut data) = data.filter(|data| data.len() > 8) {
        let plan = match &data[..8] {
            kind if kind == Grant::DISCRIMINATOR => Some(8 + offset_of!(Grant, plan)),
            kind if kind == Attestation::DISCRIMINATOR => Some(8 + offset_of!(Attestation, plan)),
            kind if kind == Page::DISCRIMINATOR => Some(8 + offset_of!(Page, plan)),
            _ => None,
        };
        if let Some(plan) = plan.and_then(|at| data.get_mut(at..at + 32)) {
            plan.copy_from_slice(NOOP.as_ref());
            of_another_plan["account"]["data"][0] = json!(BASE64_STANDARD.encode(data));
            added.push(of_another_plan);
        }
    }
    // Before the truth, so that nothing is helped by stopping early.
    found.splice(0..0, added);
}
