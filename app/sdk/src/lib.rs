//! The Earnout program for clients in Rust. Everything here is pure, with no connection, clock or keys, but for two
//! features: `client` adds the connection, `signers` the keys. The [guide] has an example for each role: project,
//! contributor, oracle, arbiter, auditor, and anyone who cranks.
//!
//! | shelf | what lies there |
//! | --- | --- |
//! | [`wire`] | what goes to the chain and comes from it: addresses, instructions, accounts, events, errors |
//! | [`terms`] | plans and grants before they are on a chain: the plan file, what the program refuses, simulations |
//! | [`document`] | the plan document that lies under a plan's `uri`: texts of rubrics, evidence, labels |
//! | [`report`] | what a plan owes and did: projections, the books of its events, the statement |
//! | [`todo`](mod@todo) | what is to be done in a plan now, and by whom |
//! | [`send`] | instructions packed into transactions, and what they cost |
//! | [`text`] | amounts, times, names and endpoints as people read and write them |
//! | `client` | the connection: reading, following what was sent, work in bulk |
//! | `signers` | keys by the strings that Solana's tools accept |
//!
//! The program's own types are here too: [`state`] has its accounts and their rules, [`wire::args`] the arguments of
//! its instructions, [`error`] its errors and [`constants`] its limits.
//!
//! ```
//! use earnout_sdk::wire::{instructions, pda};
//! use solana_program::pubkey::Pubkey;
//!
//! let creator = Pubkey::new_unique();
//! let plan = pda::plan(&creator, 1);
//! let collect = instructions::collect_bonus(&plan, &pda::grant(&plan, 0), 3);
//! assert_eq!(collect.accounts[2].pubkey, pda::period(&plan, 3));
//! ```

#![warn(missing_docs)]

#[cfg(feature = "client")]
pub mod client;
pub mod document;
#[cfg(feature = "plan-file")]
pub mod guide;
pub mod report;
pub mod send;
#[cfg(feature = "signers")]
pub mod signers;
pub mod terms;
pub mod text;
pub mod todo;
pub mod wire;

pub use earnout::{ID, constants, error, state};
