//! The bytes of pages, and what they say: of every beneficiary the same in Rust and in the web app.

use {
    super::{expect, golden_text, key},
    bytemuck::Zeroable,
    earnout::{
        constants::NO_VALUE,
        state::{Disputer, OracleSet, Page, PageKey, Tally},
    },
    earnout_core::quorum::{self, Ruling},
    earnout_sdk::wire::PageState,
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::collections::BTreeMap,
};

/// End of the period.
const END: i64 = 1_806_537_600;

/// What oracles report where they do not agree, and arbiters rule.
const VALUES: [i64; 5] = [501, -3, NO_VALUE + 1, i64::MAX, 0];

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// A number below `most`.
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % most
    }
}

/// The oracle at this position.
fn oracle(position: u8) -> Pubkey {
    key(100 + position)
}

/// A page of `capacity` grants on which `count` oracles vote.
fn page(count: u8, capacity: u8, number: u32) -> PageState {
    let oracles: Vec<_> = (0..count).map(oracle).collect();
    let set = OracleSet::new(&oracles, quorum::strict_majority(count), 0).expect("a set");
    let (mut head, plan) = (Page::zeroed(), key(1));
    let of = PageKey {
        plan: &plan,
        kpi: 3,
        period: 258,
        page: number,
    };
    let made = number * 64 + u32::from(capacity);
    head.begin(&of, &set, made, 254, END).expect("a page");
    (head.rent_payer, head.rent_paid) = (key(9), 25_000_000);
    PageState::begin(head, &set)
}

/// The same after uploads, disputes and rulings.
fn told(mut page: PageState, dice: &mut Dice) -> PageState {
    let (count, capacity) = (page.head().oracle_count, usize::from(page.head().capacity));
    let mut now = END;
    for _ in 0..3 * count {
        now += i64::try_from(dice.below(50_000)).expect("small");
        let position = u8::try_from(dice.below(count.into())).expect("small");
        let slot = dice.below(capacity);
        let length = 1 + dice.below(capacity - slot);
        let value = |_| match dice.below(10) {
            0 => NO_VALUE,
            1..=6 => 500,
            _ => VALUES[dice.below(VALUES.len())],
        };
        let values: Vec<i64> = (0..length).map(value).collect();
        let slot = u8::try_from(slot).expect("small");
        // All of them may stand already.
        let _ = page.edit().vote(position, slot, &values, [position + 1; 32], now);
    }
    for slot in (0..page.head().capacity).filter(|slot| slot % 3 == 1) {
        now += 1;
        let disputer = if slot % 2 == 0 {
            Disputer::Authority
        } else {
            Disputer::Beneficiary
        };
        page.edit().dispute(slot, disputer, now).expect("a grant of the page");
        let ruled = match dice.below(3) {
            0 => continue,
            1 => None,
            _ => Some(VALUES[dice.below(VALUES.len())]),
        };
        page.edit().rule(slot, ruled).expect("a grant of the page");
    }
    page
}

fn ruling(ruling: Option<Ruling>) -> Value {
    match ruling {
        None => Value::Null,
        Some(Ruling::Uphold) => json!({ "kind": "uphold" }),
        Some(Ruling::Value(value)) => json!({ "kind": "value", "value": value.to_string() }),
    }
}

fn number(number: Option<i64>) -> Value {
    number.map_or(Value::Null, |number| number.to_string().into())
}

fn tally(tally: &Tally) -> Value {
    let votes = tally.votes.iter().take(tally.oracle_count.into());
    json!({
        "votes": votes.map(|vote| number(*vote)).collect::<Vec<_>>(),
        "threshold": tally.threshold,
        "resolvedAt": number(tally.standing.resolved_at),
        "agreed": number(tally.agreed),
        "disputedAt": number(tally.standing.disputed_at),
        "ruling": ruling(tally.standing.ruling),
    })
}

/// All that a page says. Of an oracle as a beneficiary, and of a stranger, it says something else: that is told by the
/// position of the oracle, or `none`.
fn meaning(page: &PageState) -> Result<Value, String> {
    let (head, view) = (page.head(), page.view());
    let ballots: Vec<_> = view
        .ballots()
        .map(|ballot| {
            let votes = (0..head.capacity).map(|slot| number(ballot.vote(slot)));
            json!({
                "oracle": ballot.head.oracle.to_string(),
                "evidence": hex::encode(ballot.head.evidence),
                "late": ballot.head.late.to_string(),
                "values": votes.collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut entries = Vec::new();
    for slot in 0..head.capacity {
        let (disputer, standing) = view.entry(slot).map_err(|error| error.to_string())?;
        entries.push(json!({
            "resolvedAt": number(standing.resolved_at),
            "disputedAt": number(standing.disputed_at),
            "disputer": match disputer {
                Disputer::None => Value::Null,
                Disputer::Authority => "authority".into(),
                Disputer::Beneficiary => "beneficiary".into(),
            },
            "ruling": ruling(standing.ruling),
        }));
    }
    let beneficiaries = (0..head.oracle_count.min(3)).map(|position| (position.to_string(), oracle(position)));
    let mut tallies = BTreeMap::new();
    for (name, beneficiary) in beneficiaries.chain([("none".to_owned(), key(77))]) {
        let mut own = Vec::new();
        for slot in 0..head.capacity {
            let counts = view.tally(slot, &beneficiary).map_err(|error| error.to_string())?;
            own.push(tally(&counts));
        }
        tallies.insert(name, own);
    }
    Ok(json!({
        "version": head.version,
        "bump": head.bump,
        "kpi": head.kpi,
        "oracleCount": head.oracle_count,
        "period": head.period,
        "threshold": head.threshold,
        "capacity": head.capacity,
        "page": head.page,
        "plan": head.plan.to_string(),
        "rentPayer": head.rent_payer.to_string(),
        "rentPaid": head.rent_paid.to_string(),
        "end": head.end.to_string(),
        "ballots": ballots,
        "entries": entries,
        "tallies": tallies,
    }))
}

#[test]
fn pages() {
    let mut dice = Dice(1);
    let shapes = [
        (1, 1),
        (2, 2),
        (3, 1),
        (3, 7),
        (4, 3),
        (5, 20),
        (6, 2),
        (7, 3),
        (8, 1),
        (8, 4),
        (2, 63),
        (3, 64),
    ];
    let mut samples: Vec<(String, PageState)> = shapes
        .into_iter()
        .map(|(oracles, grants)| {
            let name = format!("{oracles} oracles, {grants} grants");
            (name, told(page(oracles, grants, 5), &mut dice))
        })
        .collect();
    samples.push(("nothing yet, the largest".to_owned(), page(8, 64, 0)));
    let mut own = page(3, 3, 0);
    for (position, slot, values, at) in [
        // Of grant 0 the second vote agrees, the third is late; of grant 1 the third agrees, so that none is late; of
        // grant 2 a late vote and one that agreed are changed.
        (0, 0, vec![500, 7, 9], 10),
        (1, 0, vec![500, 8, 9], 20),
        (2, 0, vec![600, 7, 1], 30),
        (0, 2, vec![2], 40),
        (2, 2, vec![3], 50),
    ] {
        own.edit()
            .vote(position, slot, &values, [7; 32], END + at)
            .expect("a vote");
    }
    samples.push(("own votes early and late".to_owned(), own.clone()));

    let late: u64 = samples
        .iter()
        .flat_map(|(_, page)| page.view().ballots().map(|ballot| ballot.head.late))
        .sum();
    expect("some votes are late", late > 0, late);
    let of = |page: &PageState, slot, position| page.view().tally(slot, &oracle(position)).expect("a grant");
    let agreed = [0, 1, 2].map(|slot| [0, 1, 2].map(|position| of(&own, slot, position).agreed));
    let expected = [[None, None, Some(500)], [None, None, None], [None, None, Some(9)]];
    expect("own votes early and late", agreed == expected, agreed);
    let cases: Vec<_> = samples
        .iter()
        .map(|(name, page)| {
            let bytes = page.to_bytes();
            let read = PageState::read(&bytes).expect("a page");
            let mut case = meaning(&read).expect("what the program writes");
            case["name"] = name.as_str().into();
            case["bytes"] = hex::encode(&bytes).into();
            case
        })
        .collect();

    let bytes = own.to_bytes();
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        bytes
    };
    let last = bytes.len() - 1;
    let refused = [
        ("one byte less", bytes[..last].to_vec()),
        ("one byte more", [bytes.as_slice(), &[0]].concat()),
        ("the structure alone", bytes[..8 + size_of::<Page>()].to_vec()),
        ("less than the structure", bytes[..40].to_vec()),
        ("another version", with(8, 2)),
        ("one oracle more", with(11, 4)),
        ("one grant less", with(15, 2)),
        ("no grant", with(15, 0)),
        ("an unknown disputer", with(last, 3)),
        ("an unknown ruling", with(last, 0x31)),
    ];
    let refused = refused.map(|(name, bytes)| {
        let is_read = PageState::read(&bytes).is_ok_and(|page| meaning(&page).is_ok());
        expect(name, !is_read, ());
        json!({ "name": name, "bytes": hex::encode(bytes) })
    });
    let lines = |cases: &[Value]| cases.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
    let (pages, refused) = (lines(&cases), lines(&refused));
    golden_text(
        "pages.json",
        &format!("{{\"pages\": [\n{pages}\n],\n\"refused\": [\n{refused}\n]}}\n"),
    );
}
