//! What the program stores. Every account begins with a version byte and ends with reserved bytes.

pub mod account;
pub mod attestation;
pub mod grant;
pub mod grant_terms;
pub mod kpi;
pub mod oracle_set;
pub mod page;
pub mod period;
pub mod plan;
pub mod plan_terms;
pub mod roles;
pub mod standing;
pub mod terms;

pub use {
    crate::constants::{ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK},
    account::LoadKnown,
    attestation::*,
    grant::*,
    grant_terms::*,
    kpi::*,
    oracle_set::*,
    page::*,
    period::*,
    plan::*,
    plan_terms::*,
    standing::*,
    terms::*,
};
