//! The built demo.

#![allow(clippy::unwrap_used)]

mod contributions;
mod inputs;
mod support;
mod team;
mod usd_pay;
