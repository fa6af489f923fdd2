//! Anchor's runtime, by the names of the program's prelude.

// Of Anchor off the chain, the program's own on it.
#[allow(hidden_glob_reexports)]
use crate::prelude::Result;

use anchor_lang::{
    event::EVENT_IX_TAG_LE,
    solana_program::{instruction::Instruction, program::invoke_signed},
};

pub use {
    anchor_lang::{Event, prelude::*},
    std::cell::{Ref, RefMut},
};

/// What the program asks an account.
pub trait View {
    /// The address.
    fn address(&self) -> &Pubkey;

    /// Whether the account may be written.
    fn is_writable(&self) -> bool;

    /// Whether the account has no bytes.
    fn is_data_empty(&self) -> bool;

    /// The bytes, to be read.
    ///
    /// # Errors
    /// `AccountBorrowFailed` while they are being written.
    fn try_borrow(&self) -> Result<Ref<'_, [u8]>>;

    /// The bytes, to be written.
    ///
    /// # Errors
    /// `AccountBorrowFailed` while they are borrowed.
    fn try_borrow_mut(&self) -> Result<RefMut<'_, [u8]>>;
}

impl View for AccountInfo<'_> {
    fn address(&self) -> &Pubkey {
        self.key
    }

    fn is_writable(&self) -> bool {
        self.is_writable
    }

    fn is_data_empty(&self) -> bool {
        self.data_is_empty()
    }

    fn try_borrow(&self) -> Result<Ref<'_, [u8]>> {
        Ok(Ref::map(self.try_borrow_data()?, |data| &**data))
    }

    fn try_borrow_mut(&self) -> Result<RefMut<'_, [u8]>> {
        Ok(RefMut::map(self.try_borrow_mut_data()?, |data| &mut **data))
    }
}

/// Whether the account belongs to `program`.
pub fn is_owned_by(account: &AccountInfo, program: &Pubkey) -> bool {
    account.owner == program
}

/// Gives the account to `program`. The runtime allows it for an account of the running program whose bytes are zero.
pub fn assign(account: &AccountInfo, program: &Pubkey) {
    account.assign(program);
}

/// Sets the lamports of an account. The runtime checks at the end that none came or went.
///
/// # Errors
/// `AccountBorrowFailed` while they are borrowed.
pub fn set_lamports(account: &AccountInfo, lamports: u64) -> Result<()> {
    **account.try_borrow_mut_lamports()? = lamports;
    Ok(())
}

/// An account that is passed on, and what the called program may do with it.
#[derive(Clone, Copy)]
pub struct Passed<'a, 'info> {
    account: &'a AccountInfo<'info>,
    is_writable: bool,
    is_signer: bool,
}

impl<'a, 'info> Passed<'a, 'info> {
    /// To be read.
    pub fn readonly(account: &'a AccountInfo<'info>) -> Self {
        Self {
            account,
            is_writable: false,
            is_signer: false,
        }
    }

    /// To be written.
    pub fn writable(account: &'a AccountInfo<'info>) -> Self {
        Self {
            is_writable: true,
            ..Self::readonly(account)
        }
    }

    /// Signs too.
    pub fn signer(self) -> Self {
        Self {
            is_signer: true,
            ..self
        }
    }
}

/// Calls `program`. `seeds`, bump included, sign for an address of the calling program; none if empty.
///
/// # Errors
/// `AccountBorrowFailed` if an account is borrowed. A call that fails ends the instruction with the called program's
/// error.
pub fn invoke<const N: usize>(program: &Pubkey, passed: &[Passed; N], data: &[u8], seeds: &[&[u8]]) -> Result<()> {
    invoke_slice(program, passed, data, seeds)
}

/// The same for any number of accounts.
///
/// # Errors
/// As [`invoke`].
#[inline(never)]
pub fn invoke_slice(program: &Pubkey, passed: &[Passed], data: &[u8], seeds: &[&[u8]]) -> Result<()> {
    let metas = passed.iter().map(|one| AccountMeta {
        pubkey: *one.account.key,
        is_signer: one.is_signer,
        is_writable: one.is_writable,
    });
    let instruction = Instruction {
        program_id: *program,
        accounts: metas.collect(),
        data: data.to_vec(),
    };
    let infos: Vec<AccountInfo> = passed.iter().map(|one| one.account.clone()).collect();
    let signers = [seeds];
    let signers: &[&[&[u8]]] = if seeds.is_empty() { &[] } else { &signers };
    Ok(invoke_signed(&instruction, &infos, signers)?)
}

/// Shows the data of the call by which the program reports `event` to itself.
pub fn with_event_data<R>(event: &impl Event, then: impl FnOnce(&[u8]) -> R) -> R {
    then(&[EVENT_IX_TAG_LE, &event.data()].concat())
}

/// Compares two addresses.
pub fn same(a: &Pubkey, b: &Pubkey) -> bool {
    a == b
}

/// Time of the slot, Unix seconds.
///
/// # Errors
/// What the runtime says if it has no clock.
pub fn now() -> Result<i64> {
    Ok(Clock::get()?.unix_timestamp)
}

/// Lamports that make an account of `space` bytes exempt from rent.
///
/// # Errors
/// What the runtime says if it has no rent.
#[cfg(not(target_os = "solana"))]
pub fn rent_of(space: usize) -> Result<u64> {
    Ok(Rent::get()?.minimum_balance(space))
}

/// The frame's: Anchor's counts in floating point.
///
/// # Errors
/// What the runtime says if it has no rent, or if no account can have so many bytes.
#[cfg(target_os = "solana")]
pub fn rent_of(space: usize) -> Result<u64> {
    Ok(earnout_frame::rent_of(space)?)
}
