//! Reading the program's accounts.

use {
    anchor_lang::{Discriminator, ZeroCopy},
    earnout::{
        constants::ACCOUNT_VERSION,
        state::{Attestation, ClosedPlan, Grant, Period, Plan, account::Versioned},
    },
    thiserror::Error,
};

/// Why the bytes of an account could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// The account is of another type, or of another program.
    #[error("the account is no {0}")]
    WrongType(&'static str),
    /// The account is cut short.
    #[error("the {0} has {1} bytes, {2} are needed")]
    TooShort(&'static str, usize, usize),
    /// Another release wrote the account, in a layout that this one does not know.
    #[error(
        "the {0} has the layout of version {1}, this release reads version {ACCOUNT_VERSION}: use the release that wrote it"
    )]
    UnknownVersion(&'static str, u8),
}

/// Reads a plan.
///
/// # Errors
/// If the bytes are not those of a plan, or of an unknown version.
pub fn plan(data: &[u8]) -> Result<Plan, DecodeError> {
    decode_known(data, "plan")
}

/// Reads a grant.
///
/// # Errors
/// If the bytes are not those of a grant, or of an unknown version.
pub fn grant(data: &[u8]) -> Result<Grant, DecodeError> {
    decode_known(data, "grant")
}

/// Reads an attestation.
///
/// # Errors
/// If the bytes are not those of an attestation, or of an unknown version.
pub fn attestation(data: &[u8]) -> Result<Attestation, DecodeError> {
    decode_known(data, "attestation")
}

/// Reads the pool of a period.
///
/// # Errors
/// If the bytes are not those of a period, or of an unknown version.
pub fn period(data: &[u8]) -> Result<Period, DecodeError> {
    decode_known(data, "period")
}

/// Reads what is left of a plan that was closed.
///
/// # Errors
/// If the bytes are not those of a closed plan.
pub fn closed_plan(data: &[u8]) -> Result<ClosedPlan, DecodeError> {
    decode(data, "closed plan")
}

/// Balance of a token account in base units; none if it is no token account. Both token programs keep it as 8 bytes after
/// mint and owner.
pub fn token_amount(data: &[u8]) -> Option<u64> {
    data.get(64..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// A name or a unit as it was written, from the zero-padded bytes that an account holds (see [`earnout::state::Kpi`]).
pub fn padded_text(padded: &[u8]) -> String {
    String::from_utf8_lossy(padded).trim_end_matches('\0').to_owned()
}

/// Bytes of an account of type `T`.
pub const fn space<T: ZeroCopy>() -> usize {
    T::DISCRIMINATOR.len() + size_of::<T>()
}

fn decode_known<T: Versioned>(data: &[u8], name: &'static str) -> Result<T, DecodeError> {
    let account: T = decode(data, name)?;
    match account.version() {
        ACCOUNT_VERSION => Ok(account),
        other => Err(DecodeError::UnknownVersion(name, other)),
    }
}

fn decode<T: ZeroCopy + Discriminator>(data: &[u8], name: &'static str) -> Result<T, DecodeError> {
    let body = data
        .strip_prefix(T::DISCRIMINATOR)
        .ok_or(DecodeError::WrongType(name))?;
    let body = body
        .get(..size_of::<T>())
        .ok_or(DecodeError::TooShort(name, data.len(), space::<T>()))?;
    Ok(bytemuck::pod_read_unaligned(body))
}
