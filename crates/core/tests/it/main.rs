//! The arithmetic from outside: against a model of its own, by every mixture of votes, and as the web app has it.

// In a test an overflow is a failure, as it should be.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]

mod golden;
mod model;
mod names;
mod properties;
mod voting;
