//! The built demo.

#![allow(clippy::unwrap_used)]

mod contributions;
mod curves;
mod inputs;
mod strategies;
mod support;
mod team;
mod usd_pay;
