//! What the program's Anchor declarations become on the chain: its accounts, their checks, calls of other programs and
//! bytes.
//!
//! The declarations stay Anchor's. Off the chain Anchor reads them and makes the interface description and the clients'
//! types; on the chain the macros of this crate read the same text and make what Anchor would, on top of `pinocchio`:
//! accounts stay where the loader put them, and nothing is copied, counted or formatted that a call does not need.
//! Checks, their order and their error codes are Anchor's; so are the bytes of arguments and events.
//!
//! | module | what Anchor has for it |
//! | --- | --- |
//! | [`account`] | `Signer`, `UncheckedAccount`, `Program`, `AccountLoader`, `Context` |
//! | [`check`] | constraints |
//! | [`call`] | `invoke`, `invoke_signed` |
//! | [`codec`] | borsh |
//! | [`entry`] | what `#[program]` does before and after a handler |
//! | [`fault`] | `Error` |
//! | [`raw`] | nothing: the only `unsafe` code |

#![deny(unsafe_code)]
#![warn(missing_docs)]

// So that the macros' paths hold here too.
extern crate self as earnout_frame;

pub mod account;
pub mod call;
pub mod check;
pub mod codec;
pub mod entry;
pub mod fault;
mod identity;
#[cfg(feature = "input")]
pub mod input;
pub mod raw;

pub use {
    account::{AccountInfo, AccountLoader, Accounts, Context, Key, Program, Ref, RefMut, Signer, UncheckedAccount},
    call::{Passed, invoke, invoke_slice},
    codec::{Decode, Encode, Event, with_event_data},
    earnout_frame_macros::{Accounts, AnchorDeserialize, AnchorSerialize, event, program},
    fault::{Fault, Result},
    identity::Identity,
    pinocchio::{self, AccountView},
};

use pinocchio::sysvars::{Sysvar, clock::Clock, rent::Rent};

/// Compares two addresses, eight bytes at a time.
#[inline(always)]
pub fn same(a: &pinocchio::Address, b: &pinocchio::Address) -> bool {
    pinocchio::address::address_eq(a, b)
}

/// Time of the slot, Unix seconds.
///
/// # Errors
/// What the runtime says if it has no clock.
#[inline(always)]
pub fn now() -> Result<i64> {
    Ok(Clock::get()?.unix_timestamp)
}

/// Lamports that make an account of `space` bytes exempt from rent.
///
/// # Errors
/// What the runtime says if it has no rent, or if no account can have so many bytes.
#[inline(never)]
pub fn rent_of(space: usize) -> Result<u64> {
    Ok(Rent::get()?.try_minimum_balance(space)?)
}
