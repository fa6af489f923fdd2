//! What the program stores. Every account is fixed-size, begins with a version byte and ends with reserved bytes.

pub mod account;
pub mod attestation;
pub mod grant;
pub mod kpi;
pub mod oracle_set;
pub mod period;
pub mod plan;
pub mod terms;

pub use {account::LoadKnown, attestation::*, grant::*, kpi::*, oracle_set::*, period::*, plan::*, terms::*};
