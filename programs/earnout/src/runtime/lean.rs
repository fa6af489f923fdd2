//! `earnout-frame`, and of Anchor what needs no runtime: addresses, and the structures of accounts.

pub use {
    anchor_lang::prelude::*,
    earnout_frame::{
        AccountInfo, AccountLoader, Accounts, AnchorDeserialize, AnchorSerialize, Context, Event, Key, Passed, Program,
        Ref, RefMut, Signer, UncheckedAccount, event, invoke, invoke_slice, now, program,
        raw::{assign, is_owned_by},
        rent_of, same, with_event_data,
    },
};

/// The frame's accounts have these of their own.
pub trait View {}

/// Sets the lamports of an account. The runtime checks at the end that none came or went.
///
/// # Errors
/// None.
#[inline(always)]
pub fn set_lamports(account: &AccountInfo, lamports: u64) -> crate::fault::Result<()> {
    account.set_lamports(lamports);
    Ok(())
}
