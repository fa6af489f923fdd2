//! The oracle daemon: reads KPIs where they live, attests them once and keeps the proof.
//!
//! Three rooms, each of which needs only those below it:
//!
//! - `service`: the process. Configuration, keys, rounds, alerts and figures; and what looks back at votes, own
//!   (`verify`) and foreign (`watch`).
//! - `vote`: from what is due to a vote that the chain has, exactly once.
//! - `measure`: from a feed to a value that has passed every check, with its evidence.
//!
//! `rehearsal` measures without votes, for plays of a plan.
//!
//! What a part can be told stands beside it; `service::config` puts these together. The commands use all three.

#![warn(missing_docs)]

#[macro_use]
mod out;

pub mod args;
pub mod commands;
mod measure;
pub mod rehearsal;
mod service;
mod vote;

pub use service::Config;
