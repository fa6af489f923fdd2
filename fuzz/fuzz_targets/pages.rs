//! Pages that no program would have written, and any sequence of uploads, disputes and rulings on a sound one: nothing
//! panics, what is refused changes nothing, and no grant's values touch another's.

#![no_main]

use {
    arbitrary::Arbitrary,
    bytemuck::Zeroable,
    earnout::{
        constants::NO_VALUE,
        state::{Disputer, OracleSet, Page, Plan},
    },
    earnout_fuzz::{
        fixtures::{self, Patch},
        shapes::Signed,
    },
    earnout_sdk::wire::PageState,
    libfuzzer_sys::fuzz_target,
};

#[derive(Arbitrary, Debug)]
struct Input {
    foreign: Vec<Patch>,
    oracles: u8,
    threshold: u8,
    capacity: u8,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
struct Step {
    after: u32,
    what: What,
}

#[derive(Arbitrary, Debug)]
enum What {
    Upload(u8, u8, Vec<Option<u8>>),
    Dispute(u8, bool),
    Rule(u8, Option<Signed>),
}

fuzz_target!(|input: Input| {
    let plan = fixtures::plan(&[]);
    if let Some(mut page) = fixtures::page(&input.foreign) {
        read(&plan, &page);
        for step in &input.steps {
            let _ = apply(&mut page, step);
        }
        read(&plan, &page);
    }
    let oracles = input.oracles % 8 + 1;
    let keys: Vec<_> = (1..=oracles).map(|key| [key; 32].into()).collect();
    let majority = oracles / 2 + 1;
    let threshold = majority + input.threshold % (oracles - majority + 1);
    let Ok(set) = OracleSet::new(&keys, threshold, 0) else {
        return;
    };
    let mut head = Page::zeroed();
    (head.version, head.oracle_count, head.threshold) = (1, oracles, threshold);
    head.capacity = input.capacity % 64 + 1;
    head.end = 1_000_000;
    let mut page = PageState::begin(head, &set);
    for step in &input.steps {
        let before = page.clone();
        match apply(&mut page, step) {
            Some(touched) => {
                for slot in (0..head.capacity).filter(|slot| touched >> slot & 1 == 0) {
                    assert_eq!(values(&page, slot), values(&before, slot));
                    assert_eq!(page.view().standing(slot).ok(), before.view().standing(slot).ok());
                }
            }
            None => assert!(
                page.to_bytes() == before.to_bytes(),
                "a refused change has left something"
            ),
        }
        // What is noted as agreed is agreed.
        for slot in 0..head.capacity {
            let tally = page.view().tally(slot, &[99; 32].into()).expect("a sound page");
            assert_eq!(tally.agreed.is_some(), tally.standing.resolved_at.is_some());
        }
        let read = PageState::read(&page.to_bytes()).expect("its own bytes");
        assert!(read == page);
    }
});

/// Does it; the bits of the grants that it may have changed, or nothing if it was refused.
fn apply(page: &mut PageState, step: &Step) -> Option<u64> {
    let now = page.head().end.checked_add(i64::from(step.after))?;
    match &step.what {
        What::Upload(position, slot, values) => {
            let values: Vec<i64> = values
                .iter()
                .take(70)
                .map(|value| value.map_or(NO_VALUE, |few| i64::from(few % 4)))
                .collect();
            let slot = slot % 70;
            let upload = page.edit().vote(*position % 9, slot, &values, [7; 32], now).ok()?;
            assert!(upload.resolved & !upload.counted == 0 && upload.counted & upload.late == 0);
            Some(upload.counted | upload.late)
        }
        What::Dispute(slot, authority) => {
            let by = if *authority {
                Disputer::Authority
            } else {
                Disputer::Beneficiary
            };
            let slot = slot % 70;
            // Twice it is never noted: whoever disputes asks before.
            page.view()
                .standing(slot)
                .ok()
                .filter(|standing| standing.disputed_at.is_none())?;
            page.edit().dispute(slot, by, now).ok()?;
            assert_eq!(page.view().disputer(slot).ok(), Some(by));
            Some(1 << slot)
        }
        What::Rule(slot, value) => {
            let slot = slot % 70;
            let standing = page.view().standing(slot).ok()?;
            let open = standing.disputed_at.is_some() && standing.ruling.is_none();
            open.then_some(())?;
            page.edit().rule(slot, value.as_ref().map(|value| value.0)).ok()?;
            Some(1 << slot)
        }
    }
}

fn values(page: &PageState, slot: u8) -> Vec<Option<i64>> {
    page.view().ballots().map(|ballot| ballot.vote(slot)).collect()
}

/// Everything that is asked of a page.
fn read(plan: &Plan, page: &PageState) {
    let view = page.view();
    let _ = view.position(&plan.authority);
    for slot in 0..=u8::MAX {
        let _ = (view.standing(slot), view.disputer(slot));
        for key in [&plan.authority, &page.head().rent_payer] {
            let Ok(tally) = view.tally(slot, key) else { continue };
            for kpi in plan.kpis() {
                let _ = tally.finality(plan, kpi, page.head().end, i64::MAX);
            }
        }
    }
}
