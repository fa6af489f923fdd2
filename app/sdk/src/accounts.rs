//! Reading the program's accounts.

use {
    anchor_lang::{Discriminator, ZeroCopy},
    earnout::state::{Attestation, ClosedPlan, Grant, Period, Plan},
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
}

/// Reads a plan.
///
/// # Errors
/// If the bytes are not those of a plan.
pub fn plan(data: &[u8]) -> Result<Plan, DecodeError> {
    decode(data, "plan")
}

/// Reads a grant.
///
/// # Errors
/// If the bytes are not those of a grant.
pub fn grant(data: &[u8]) -> Result<Grant, DecodeError> {
    decode(data, "grant")
}

/// Reads an attestation.
///
/// # Errors
/// If the bytes are not those of an attestation.
pub fn attestation(data: &[u8]) -> Result<Attestation, DecodeError> {
    decode(data, "attestation")
}

/// Reads the pool of a period.
///
/// # Errors
/// If the bytes are not those of a period.
pub fn period(data: &[u8]) -> Result<Period, DecodeError> {
    decode(data, "period")
}

/// Reads what is left of a plan that was closed.
///
/// # Errors
/// If the bytes are not those of a closed plan.
pub fn closed_plan(data: &[u8]) -> Result<ClosedPlan, DecodeError> {
    decode(data, "closed plan")
}

/// Bytes of an account of type `T`.
pub const fn space<T: ZeroCopy>() -> usize {
    T::DISCRIMINATOR.len() + size_of::<T>()
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
