//! Accounts and instructions as a release wrote them, to begin from: nearly everything in a changed one is still sound,
//! so that the changes reach deep.

use {
    arbitrary::Arbitrary,
    earnout::state::{Attestation, Grant, Period, Plan},
    earnout_sdk::wire::{PageState, accounts},
};

/// Overwrites bytes of an account.
#[derive(Arbitrary, Clone, Debug)]
pub struct Patch {
    at: u16,
    bytes: Bytes,
}

#[derive(Arbitrary, Clone, Debug)]
enum Bytes {
    One(u8),
    Two(u16),
    Four(u32),
    Eight(i64),
    Run(u8, u8),
}

/// The account with `patches` applied behind its discriminator and version, positions taken modulo its length.
fn patched(account: &[u8], patches: &[Patch]) -> Vec<u8> {
    let mut account = account.to_vec();
    let body = account.get_mut(9..).unwrap_or_default();
    for patch in patches {
        let at = usize::from(patch.at) % body.len().max(1);
        let bytes = match patch.bytes {
            Bytes::One(value) => vec![value],
            Bytes::Two(value) => value.to_le_bytes().to_vec(),
            Bytes::Four(value) => value.to_le_bytes().to_vec(),
            Bytes::Eight(value) => value.to_le_bytes().to_vec(),
            Bytes::Run(value, length) => vec![value; usize::from(length)],
        };
        for (old, new) in body[at..].iter_mut().zip(bytes) {
            *old = new;
        }
    }
    account
}

/// A plan with two KPIs in the middle of its life.
pub fn plan(patches: &[Patch]) -> Plan {
    let fixture = include_bytes!("../../tests/program/fixtures/v1/plan.bin");
    accounts::plan(&patched(fixture, patches)).expect("a plan")
}

/// A grant that has settled one of four periods.
pub fn grant(patches: &[Patch]) -> Grant {
    let fixture = include_bytes!("../../tests/program/fixtures/v1/grant.bin");
    accounts::grant(&patched(fixture, patches)).expect("a grant")
}

/// An attestation with votes.
pub fn attestation(patches: &[Patch]) -> Attestation {
    let fixture = include_bytes!("../../tests/program/fixtures/v1/attestation.bin");
    accounts::attestation(&patched(fixture, patches)).expect("an attestation")
}

/// A page with votes of an oracle; none if its own words about its length do not fit it.
pub fn page(patches: &[Patch]) -> Option<PageState> {
    let fixture = include_bytes!("../../tests/program/fixtures/v1/page.bin");
    accounts::page(&patched(fixture, patches)).ok()
}

/// The pool of a period.
pub fn period(patches: &[Patch]) -> Period {
    let fixture = include_bytes!("../../tests/program/fixtures/v1/period.bin");
    accounts::period(&patched(fixture, patches)).expect("a period")
}
