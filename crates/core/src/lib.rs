//! The arithmetic of Earnout, a program that pays contributors by results.
//!
//! Everything here is a pure function of its arguments: no clock, no accounts, no floating point, no allocation. The
//! program on the chain, the command line and the web page all call this one crate, so they cannot disagree about an
//! amount.
//!
//! From measurement to payment:
//!
//! 1. [`calendar`] divides time into periods and derives every deadline.
//! 2. [`quorum`] turns the oracles' votes into one value per KPI, and says when it can no longer change.
//! 3. [`curve`] turns a value into a score, in basis points: [`FULL_SCORE`] means target met.
//! 4. [`credit`] combines the scores of one grant, by its weights, into a credit: [`FULL_CREDIT`] pays a whole tranche.
//! 5. [`tranche`] turns tranche and credit into what is earned, and says where the unearned part goes;
//!    [`mod@unit`] gives the tranche of a grant that is stated in another unit than the token, and [`feed`] its price
//!    from a feed.
//! 6. [`redistribution`] shares a period's pool of unearned tokens among the grants that performed.
//! 7. [`release`] says how much of what was earned is vested at a given time.
//!
//! Beside it, [`name`] says which texts may name something.
//!
//! # Conventions
//!
//! - Amounts are `u64` base units of the token. Times are `i64` seconds since 1970-01-01 00:00 UTC. Intervals are
//!   half-open: their start belongs to them, their end does not.
//! - Amounts are always rounded down, with the single exception of what has to be reserved, which is rounded up: both
//!   in favour of the vault, so that rounding can never make it insolvent.
//! - No function panics. What cannot be computed is an [`Error`].
//!
//! # Example
//!
//! A grant of 1,200 tokens over 12 periods; 40 % of every tranche is for time served, 60 % for a KPI whose curve runs
//! from 0 at a value of 0 to 10,000 at a value of 50.
//!
//! ```
//! use earnout_core::{credit, curve, tranche};
//!
//! # fn main() -> earnout_core::Result<()> {
//! let curve = curve::Curve { values: &[0, 50], scores: &[0, 10_000], interpolation: curve::Interpolation::Linear };
//! let score = curve.score(25)?;
//! assert_eq!(score, 5_000);
//!
//! let for_results = credit::kpi_credit(credit::Combination::WeightedSum, 4_000, &[6_000], &[score])?;
//! let credit = credit::credit(4_000, for_results)?;
//! assert_eq!(credit, 70_000_000); // 70 %
//!
//! let first = tranche::tranche(1_200, 0, 12)?;
//! let settled = tranche::settle(first, 0, credit, for_results, tranche::UnearnedPolicy::Return, false)?;
//! assert_eq!((settled.earned, settled.unearned), (70, 30));
//! # Ok(())
//! # }
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::arithmetic_side_effects)]

pub mod calendar;
pub mod credit;
pub mod curve;
pub mod error;
pub mod feed;
mod math;
pub mod name;
pub mod quorum;
pub mod redistribution;
pub mod release;
pub mod tranche;
pub mod unit;

pub use error::{Error, Result};

/// The score, in basis points, that says "target met".
pub const FULL_SCORE: u16 = 10_000;

/// The highest score, in basis points, that a curve may give: twice the target.
pub const MAX_SCORE: u16 = 20_000;

/// What the weights of a grant (time and KPIs together) sum to, in basis points.
pub const FULL_WEIGHT: u16 = 10_000;

/// The credit that pays a tranche in full: [`FULL_SCORE`] times [`FULL_WEIGHT`].
pub const FULL_CREDIT: u64 = 100_000_000;

/// The most KPIs a plan can have.
pub const MAX_KPIS: usize = 16;

/// One of something for each KPI that a plan can have, by its number.
pub type ByKpi<T> = [T; MAX_KPIS];

/// The most points a curve can have.
pub const MAX_CURVE_POINTS: usize = 8;

/// The most oracles a set can have.
pub const MAX_ORACLES: usize = 8;

/// The most periods a calendar can have.
pub const MAX_PERIODS: u16 = 120;
