//! Addresses, instructions, accounts and events of the Earnout program, for clients in Rust. Everything here is pure: no
//! connection, no clock, no keys. Feature `client` adds the connection, feature `signers` the keys. The [guide] has an
//! example for each role: project, contributor, oracle, arbiter, auditor, and whoever cranks.
//!
//! ```
//! use earnout_sdk::{instructions, pda};
//! use solana_program::pubkey::Pubkey;
//!
//! let creator = Pubkey::new_unique();
//! let plan = pda::plan(&creator, 1);
//! let collect = instructions::collect_bonus(&plan, &pda::grant(&plan, 0), 3);
//! assert_eq!(collect.accounts[2].pubkey, pda::period(&plan, 3));
//! ```

#![warn(missing_docs)]

pub mod accounts;
pub mod agenda;
pub mod amount;
#[cfg(feature = "client")]
pub mod client;
pub mod cost;
pub mod due;
#[cfg(feature = "client")]
pub mod endpoint;
pub mod errors;
pub mod events;
#[cfg(feature = "plan-file")]
pub mod guide;
pub mod instructions;
mod interface;
pub mod ledger;
pub mod names;
pub mod packing;
pub mod pda;
#[cfg(feature = "plan-file")]
pub mod plan_file;
pub mod projection;
#[cfg(feature = "signers")]
pub mod signers;
pub mod simulation;
pub mod statement;
#[cfg(feature = "plan-file")]
pub mod table;
pub mod terms;
#[cfg(any(feature = "client", feature = "plan-file"))]
pub mod time;

pub use earnout::ID;
