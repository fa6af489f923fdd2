//! Any bytes read as a manifest, and manifests changed in a few places: what is accepted says the same bytes again, so
//! one hash stands for one list of votes, and lists nothing that the program would not take in that page.

#![no_main]

use {
    arbitrary::{Arbitrary, Unstructured},
    earnout::{constants::NO_VALUE, state::place},
    earnout_fuzz::{memory, shapes::Signed},
    earnout_sdk::wire::{Listed, Manifest},
    libfuzzer_sys::fuzz_target,
};

#[global_allocator]
static ALLOCATOR: memory::Watched = memory::Watched;

/// Grants of a page.
const GRANTS: u32 = 64;

#[derive(Arbitrary, Debug)]
struct Input {
    keys: [[u8; 32]; 2],
    kpi: u8,
    period: u16,
    page: u32,
    votes: Vec<Vote>,
    /// Where the document is changed, how many bytes go, and what comes in their place.
    changes: Vec<(u16, u8, Vec<u8>)>,
}

#[derive(Arbitrary, Debug)]
struct Vote {
    grant: u32,
    /// Counted from the page's first.
    in_page: bool,
    value: Signed,
    evidence: Option<[u8; 32]>,
}

fuzz_target!(|data: &[u8]| {
    check(data);
    if let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) {
        check_written(&input);
    }
});

fn check(data: &[u8]) {
    let (read, largest) = memory::largest(|| Manifest::read(data));
    assert!(
        largest <= memory::MOST,
        "{} bytes made the reader ask for {largest}",
        data.len()
    );
    let Ok(manifest) = read else { return };
    assert_eq!(manifest.to_bytes(), data);
    assert!(is_sound(&manifest), "{manifest:?}");
}

/// Whether the program takes such votes in one page.
fn is_sound(manifest: &Manifest) -> bool {
    let mut votes = manifest.votes.iter();
    votes.all(|(grant, listed)| grant / GRANTS == manifest.page && listed.value != NO_VALUE)
}

fn check_written(input: &Input) {
    let [plan, oracle] = input.keys.map(Into::into);
    let mut manifest = Manifest::new(plan, oracle, input.kpi, input.period, input.page);
    for vote in &input.votes {
        let first = input.page.checked_mul(GRANTS).filter(|_| vote.in_page);
        let grant = first.map_or(vote.grant, |first| first | vote.grant % GRANTS);
        let (value, evidence) = (vote.value.0, vote.evidence);
        manifest.votes.insert(grant, Listed { value, evidence });
    }
    assert!(manifest.votes.keys().all(|grant| place(*grant).0 == grant / GRANTS));
    let bytes = manifest.to_bytes();
    // It reads what it writes, and nothing that cannot be in the page.
    assert_eq!(
        Manifest::read(&bytes).ok(),
        Some(&manifest).filter(|it| is_sound(it)).cloned()
    );
    let mut changed = bytes;
    for (at, gone, new) in &input.changes {
        let at = usize::from(*at) % (changed.len() + 1);
        let end = changed.len().min(at + usize::from(*gone));
        changed.splice(at..end, new.iter().copied());
    }
    check(&changed);
}
