//! The bytes of accounts as structures.

use {
    anchor_lang::{Discriminator, ZeroCopy},
    earnout::{constants::ACCOUNT_VERSION, state::account::Versioned},
    solana_program::pubkey::Pubkey,
    thiserror::Error,
};

/// Why the bytes of an account could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// The account is of another type, or of another program.
    #[error("the account holds no {0}")]
    WrongType(&'static str),
    /// The account is cut short.
    #[error("the {0} has {1} bytes, {2} are needed")]
    TooShort(&'static str, usize, usize),
    /// Another release wrote the account, in a layout that this one does not know.
    #[error(
        "the {0} has the layout of version {1}, this release reads version {ACCOUNT_VERSION}: use the release that wrote it"
    )]
    UnknownVersion(&'static str, u8),
    /// The account is not where one with its contents would be.
    #[error("the {0} here belongs at {1} by what it holds: do not trust who gave it")]
    WrongAddress(&'static str, Pubkey),
}

/// Bytes of an account of type `T`.
pub const fn space<T: ZeroCopy>() -> usize {
    T::DISCRIMINATOR.len() + size_of::<T>()
}

pub(super) fn decode_known<T: Versioned>(data: &[u8], name: &'static str) -> Result<T, DecodeError> {
    let account: T = decode(data, name)?;
    match account.version() {
        ACCOUNT_VERSION => Ok(account),
        other => Err(DecodeError::UnknownVersion(name, other)),
    }
}

pub(super) fn decode<T: ZeroCopy + Discriminator>(data: &[u8], name: &'static str) -> Result<T, DecodeError> {
    let body = data
        .strip_prefix(T::DISCRIMINATOR)
        .ok_or(DecodeError::WrongType(name))?;
    let body = body
        .get(..size_of::<T>())
        .ok_or(DecodeError::TooShort(name, data.len(), space::<T>()))?;
    Ok(bytemuck::pod_read_unaligned(body))
}
