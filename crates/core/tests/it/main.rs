//! The arithmetic from outside: against a model of its own, by every mixture of votes, and as the web app has it.

#![allow(clippy::arithmetic_side_effects)] // Overflow in a test panics.

mod golden;
mod model;
mod names;
mod properties;
mod voting;
