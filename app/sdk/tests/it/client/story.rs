//! A short life of a plan as its events tell it, and a chain on which it happened.

use {
    super::rpc::{Rpc, account, keys, of_slot},
    anchor_lang::ZeroCopy,
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout::{
        events::*,
        instructions::{CreateGrantArgs, CreatePlanArgs},
        state::{Cadence, CurvePoint, KpiArgs, Scope},
    },
    earnout_sdk::{
        report::books::Ledger,
        terms::plan_file::{Check, PlanFile},
        wire::{Evaluation, events::Event, pda, uploads},
    },
    serde_json::{Value, json},
    solana_message::{MessageHeader, VersionedMessage},
    solana_program::{pubkey::Pubkey, sysvar},
    solana_signature::Signature,
    std::collections::BTreeMap,
};

pub const START: i64 = 1_800_000_000;
pub const PERIOD: i64 = 86_400;

pub fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

pub fn creator() -> Pubkey {
    key(1)
}

pub fn plan() -> Pubkey {
    pda::plan(&creator(), 1)
}

pub fn grant() -> Pubkey {
    pda::grant(&plan(), 0)
}

/// Attestation of the only KPI for period 0.
pub fn attestation() -> Pubkey {
    pda::attestation(&plan(), 0, 0)
}

const NO_RENT: Rent = Rent {
    payer: Pubkey::new_from_array([2; 32]),
    lamports: 1,
};

/// Two oracles agree that the value is 80; a grant of 1,000 over two periods settles period 0 by it and claims; the
/// attestation is closed. Each event with a time of its own.
pub fn events() -> Vec<Event> {
    let mut sequence = 0;
    let mut next = || {
        sequence += 1;
        (sequence, START + i64::try_from(sequence).unwrap())
    };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/one-kpi/plan.toml");
    let mut file = PlanFile::read(path.as_ref(), &Check::offline()).expect("a plan");
    let mut events = Vec::new();
    let (number, time) = next();
    events.push(Event::PlanCreated(Box::new(PlanCreated {
        plan: plan(),
        time,
        sequence: number,
        creator: creator(),
        rent: NO_RENT,
        vault_rent: 1,
        mint: key(3),
        token_program: key(4),
        vault: pda::vault(&plan()),
        treasury: key(5),
        treasury_owner: key(6),
        terms: CreatePlanArgs {
            start_ts: START,
            cadence: Cadence::Seconds(86_400),
            period_count: 2,
            attest_secs: 3_600,
            challenge_secs: 0,
            ruling_secs: 0,
            notice_secs: 3_600,
            enrolment_end: START + PERIOD,
            oracles: vec![key(11), key(12), key(13)],
            arbiter: None,
            ..file.terms
        },
    })));
    let (number, time) = next();
    events.push(Event::KpiAdded(Box::new(KpiAdded {
        plan: plan(),
        time,
        sequence: number,
        kpi: 0,
        terms: KpiArgs {
            name: "revenue".to_owned(),
            decimals: 0,
            range_max: 100,
            points: [(0, 0), (100, 10_000)]
                .map(|(value, score)| CurvePoint { value, score })
                .to_vec(),
            ..file.kpis.remove(0)
        },
    })));
    let (number, time) = next();
    events.push(Event::PlanActivated(Box::new(PlanActivated {
        plan: plan(),
        time,
        sequence: number,
        last_deadline: START + 2 * PERIOD + 3_600,
        unit_exponent: 0,
    })));
    let (number, time) = next();
    events.push(Event::PlanFunded(Box::new(PlanFunded {
        plan: plan(),
        time,
        sequence: number,
        funder: creator(),
        amount: 1_500,
        received: 1_500,
        vault_balance: 1_500,
    })));
    let (number, time) = next();
    events.push(Event::GrantCreated(Box::new(GrantCreated {
        plan: plan(),
        time,
        sequence: number,
        grant: grant(),
        rent: NO_RENT,
        terms: CreateGrantArgs {
            grant_index: 0,
            beneficiary: key(20),
            allocation: 1_000,
            unit_allocation: 0,
            first_period: 0,
            periods: 2,
            cliff_periods: 0,
            time_weight: 0,
            kpi_weights: vec![10_000],
            revocable: false,
            transferable: false,
        },
        max_credit: 100_000_000,
        reserved: 1_000,
        plan_reserved: 1_000,
        vault_balance: 1_500,
    })));
    for (oracle, resolved) in [(11, false), (12, true)] {
        let (number, _) = next();
        events.push(Event::ValueAttested(Box::new(ValueAttested {
            plan: plan(),
            time: START + PERIOD + 10,
            sequence: number,
            kpi: 0,
            period: 0,
            oracle: key(oracle),
            value: 80,
            evidence: [oracle; 32],
            rent: (!resolved).then_some(NO_RENT),
            resolved,
        })));
    }
    let time = START + PERIOD + 3_600;
    let (number, _) = next();
    events.push(Event::GrantSettled(Box::new(GrantSettled {
        plan: plan(),
        time,
        sequence: number,
        grant: grant(),
        period: 0,
        scores: vec![8_000],
        price: None,
        tranche: 500,
        earned: 400,
        unearned: 100,
        carry: 0,
        pooled: 0,
        kpi_amount: 400,
        reserved: 500,
        rent: None,
        plan_reserved: 500,
        plan_owed: 400,
        plan_pooled: 0,
    })));
    let (number, _) = next();
    events.push(Event::GrantClaimed(Box::new(GrantClaimed {
        plan: plan(),
        time,
        sequence: number,
        grant: grant(),
        beneficiary: key(20),
        claimant: key(21),
        destination: key(22),
        amount: 150,
        received: 150,
        claimed: 150,
        plan_owed: 250,
        vault_balance: 1_350,
    })));
    let (number, _) = next();
    events.push(Event::AttestationClosed(Box::new(AttestationClosed {
        plan: plan(),
        time,
        sequence: number,
        kpi: 0,
        period: 0,
    })));
    events
}

/// The same plan with an individual KPI and so many grants of one token each; the oracles agree that it is 80 in period
/// 0 for the grants of these numbers.
pub fn individual(count: u32, measured: &[u32]) -> Vec<Event> {
    let mut told = events();
    told.truncate(5);
    let Some(Event::GrantCreated(first)) = told.pop() else {
        panic!("the fifth event makes the grant");
    };
    if let Event::KpiAdded(kpi) = &mut told[1] {
        kpi.terms.scope = Scope::Individual;
    }
    if let Event::PlanCreated(plan) = &mut told[0] {
        plan.terms.max_grants = count;
    }
    let next = |told: &Vec<Event>| u64::try_from(told.len()).unwrap() + 1;
    for index in 0..count {
        let mut made = first.clone();
        made.sequence = next(&told);
        (made.grant, made.terms.grant_index) = (pda::grant(&plan(), index), index);
        (made.terms.allocation, made.reserved) = (1, 1);
        made.plan_reserved = u64::from(index) + 1;
        made.vault_balance = 1_000_000;
        told.push(Event::GrantCreated(made));
    }
    for (first, values) in uploads(&measured.iter().map(|grant| (*grant, 80)).collect()) {
        let all = (0..64u64).zip(&values).filter(|(_, value)| **value == 80);
        let all = all.fold(0, |all, (place, _)| all | 1 << place);
        for (oracle, resolved) in [(11, 0), (12, all)] {
            let vote = PageAttested {
                plan: plan(),
                time: START + PERIOD + 10,
                sequence: next(&told),
                kpi: 0,
                period: 0,
                first,
                oracle: key(oracle),
                values: values.clone(),
                evidence: [oracle; 32],
                late: 0,
                resolved,
                rent: (resolved == 0).then_some(NO_RENT),
            };
            told.push(Event::PageAttested(Box::new(vote)));
        }
    }
    told
}

/// The transaction of the event of this number.
pub fn signature(sequence: u64) -> Signature {
    let mut bytes = [1; 64];
    bytes[..8].copy_from_slice(&sequence.to_le_bytes());
    Signature::from(bytes)
}

/// The accounts and transactions that these events left behind, each event in a transaction and a slot of its own.
#[derive(Clone)]
pub struct Chain {
    pub accounts: BTreeMap<Pubkey, (Pubkey, Vec<u8>)>,
    pub events: Vec<Event>,
}

impl Chain {
    pub fn of(events: Vec<Event>, now: i64) -> Self {
        let ledger = Ledger::of(&events).unwrap().unwrap();
        let mut accounts = BTreeMap::new();
        let mut put = |address: Pubkey, data: Vec<u8>| drop(accounts.insert(address, (earnout_sdk::ID, data)));
        match &ledger.closing {
            None => put(ledger.address, state(&ledger.plan)),
            Some(closing) => put(ledger.address, state(&closing.mark)),
        }
        for (address, record) in ledger.grants.iter().filter(|(_, record)| !record.closed) {
            put(*address, state(&record.state));
        }
        for (address, record) in ledger.periods.iter().filter(|(_, record)| !record.closed) {
            put(*address, state(&record.state));
        }
        for (address, record) in ledger.evaluations.iter().filter(|(_, record)| !record.closed) {
            put(
                *address,
                match &record.state {
                    Evaluation::Attestation(attestation) => state(attestation.as_ref()),
                    Evaluation::Page(page) => page.to_bytes(),
                },
            );
        }
        let mut vault = vec![0; 165];
        vault[..32].copy_from_slice(ledger.plan.mint.as_ref());
        vault[32..64].copy_from_slice(ledger.address.as_ref());
        vault[64..72].copy_from_slice(&ledger.vault_balance.to_le_bytes());
        // Initialized.
        vault[108] = 1;
        accounts.insert(ledger.plan.vault, (key(4), vault));
        let mut clock = vec![0; 40];
        clock[32..].copy_from_slice(&now.to_le_bytes());
        accounts.insert(sysvar::clock::ID, (sysvar::ID, clock));
        Self { accounts, events }
    }

    /// An endpoint of the chain.
    pub fn serve(self) -> Rpc {
        Rpc::start(move |method, parameters| Ok(self.answer(method, parameters)))
    }

    /// What an endpoint of the chain answers.
    pub fn answer(&self, method: &str, parameters: &Value) -> Value {
        match method {
            "getMultipleAccounts" => {
                let found = keys(&parameters[0]).into_iter().map(|address| {
                    let found = self.accounts.get(&address);
                    found.map(|(owner, data)| account(owner, data))
                });
                of_slot(found.collect())
            }
            "getSignaturesForAddress" => {
                let address: Pubkey = parameters[0].as_str().unwrap().parse().unwrap();
                let named = self.events.iter().filter(|event| {
                    let mut grants = event.grants();
                    event.plan() == address
                        || grants.any(|grant| grant == address)
                        || event.evaluation() == Some(address)
                });
                let is = |event: &Event, bound: &Value| *bound == signature(event.sequence()).to_string();
                let (before, until) = (&parameters[1]["before"], &parameters[1]["until"]);
                let older = named.rev().skip_while(|event| !before.is_null() && !is(event, before));
                let older = older.skip(usize::from(!before.is_null()));
                let newest_first = older.take_while(|event| !is(event, until)).map(|event| {
                    let (signature, slot) = (signature(event.sequence()).to_string(), event.sequence());
                    json!({ "signature": signature, "slot": slot, "err": null, "memo": null, "blockTime": event.time() })
                });
                newest_first.collect()
            }
            "getTransaction" => {
                let asked: Signature = parameters[0].as_str().unwrap().parse().unwrap();
                let event = self.events.iter().find(|event| signature(event.sequence()) == asked);
                transaction(&[event.unwrap()])
            }
            other => panic!("nobody should ask for {other}"),
        }
    }
}

/// What a transaction names, in the order of its accounts.
pub fn named() -> Vec<Pubkey> {
    vec![key(2), earnout_sdk::ID, pda::event_authority(), plan()]
}

/// A transaction in which the program reported these events.
pub fn transaction(events: &[&Event]) -> Value {
    let signature = signature(events[0].sequence());
    let bytes = bytes(&signature, VersionedMessage::Legacy(message(named())));
    let inner = events.iter().map(|event| called(1, &[2], &event.encode()));
    answer(events[0], &bytes, json!(0), inner.collect())
}

/// A message of one signer that names these accounts.
pub fn message(account_keys: Vec<Pubkey>) -> solana_message::legacy::Message {
    solana_message::legacy::Message {
        header: MessageHeader {
            num_required_signatures: 1,
            ..MessageHeader::default()
        },
        account_keys,
        ..solana_message::legacy::Message::default()
    }
}

/// A signed transaction as it travels: in version 1 the signature follows the message.
pub fn bytes(signature: &Signature, message: VersionedMessage) -> Vec<u8> {
    match &message {
        VersionedMessage::V1(_) => [message.serialize(), signature.as_ref().to_vec()].concat(),
        _ => [vec![1], signature.as_ref().to_vec(), message.serialize()].concat(),
    }
}

/// An inner instruction.
pub fn called(program: u8, accounts: &[u8], data: &[u8]) -> Value {
    json!({ "programIdIndex": program, "accounts": accounts, "data": bs58::encode(data).into_string(), "stackHeight": 2 })
}

/// What an endpoint answers about a transaction with these bytes, in the slot and at the time of an event.
pub fn answer(event: &Event, bytes: &[u8], version: Value, inner: Vec<Value>) -> Value {
    json!({
        "slot": event.sequence(),
        "blockTime": event.time(),
        "transaction": [BASE64_STANDARD.encode(bytes), "base64"],
        "version": version,
        "meta": {
            "err": null,
            "status": { "Ok": null },
            "fee": 5_000,
            "preBalances": [],
            "postBalances": [],
            "innerInstructions": [{ "index": 0, "instructions": inner }],
            "logMessages": ["Program log: one", "Program log: two"],
            "preTokenBalances": [],
            "postTokenBalances": [],
            "rewards": [],
            "loadedAddresses": { "writable": [], "readonly": [] },
            "computeUnitsConsumed": 1,
        },
    })
}

/// The bytes of an account.
pub fn state<T: ZeroCopy>(state: &T) -> Vec<u8> {
    [T::DISCRIMINATOR, bytemuck::bytes_of(state)].concat()
}
