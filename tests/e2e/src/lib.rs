//! What the end-to-end tests stand on: a local chain in a process of its own ([`Chain`]), and the built `earnout`
//! binary as its users start it ([`Earnout`]).
//!
//! `cargo xtask e2e` builds both, and runs all tests or the file that is named:
//!
//! ```text
//! cargo xtask e2e localnet
//! cargo xtask e2e localnet -- warp
//! ```
//!
//! A test has the following form. Each chain listens on free ports and ends with the value that stands for it, so tests
//! run side by side.
//!
//! ```no_run
//! use earnout_e2e::{Chain, Earnout};
//!
//! # async fn test() {
//! let chain = Chain::start(&["--demo"]);
//! let earnout = Earnout::on(&chain);
//! let plan = chain.demo_address("plan").to_string();
//! let shown = earnout.run(&["plan", "show", &plan, "--output", "json"]).succeeded().json();
//! assert_eq!(shown["openGrants"], 5);
//! chain.warp("90d");
//! earnout.run(&["plan", "show", "no-address"]).failed(2).says("no-address");
//! # }
//! ```

mod binaries;
mod chain;
mod earnout;
mod finished;
mod hostile;
mod oracle;
mod plan;
mod token;
mod unit_plan;

pub use {
    binaries::{earnout_binary, embedded_binary, localnet_binary, migrate_binary, oracle_binary, program_file},
    chain::{Chain, DAY, PATIENCE, localnet, sign_with},
    earnout::Earnout,
    finished::Finished,
    hostile::{Cut, Hostile, Mode, Seen, Setting},
    oracle::{Daemon, Oracle},
    plan::BigPlan,
    token::Token,
    unit_plan::{PriceSource, UnitPlan},
};
