//! What Anchor asks of accounts, with its error codes.

use {
    crate::{Fault, Result, account::HEAD, raw, same},
    anchor_lang::{Discriminator, error::ErrorCode},
    pinocchio::{AccountView, Address},
};

/// Asks that there is an account in this place.
///
/// # Errors
/// `AccountNotEnoughKeys`.
#[inline(always)]
pub fn given(views: &[AccountView], index: usize) -> Result<&AccountView> {
    views.get(index).ok_or_else(missing)
}

/// An account is missing.
#[cold]
pub fn missing() -> Fault {
    ErrorCode::AccountNotEnoughKeys.into()
}

/// Asks for a signature.
///
/// # Errors
/// `AccountNotSigner`.
#[inline(always)]
pub fn signer(view: &AccountView) -> Result<()> {
    if view.is_signer() {
        return Ok(());
    }
    Err(ErrorCode::AccountNotSigner.into())
}

/// Asks that the account may be written.
///
/// # Errors
/// `ConstraintMut`.
#[inline(always)]
pub fn writable(view: &AccountView) -> Result<()> {
    if view.is_writable() {
        return Ok(());
    }
    Err(ErrorCode::ConstraintMut.into())
}

/// Asks for this address.
///
/// # Errors
/// `ConstraintAddress`.
#[inline(always)]
pub fn address(view: &AccountView, address: &Address) -> Result<()> {
    if same(view.address(), address) {
        return Ok(());
    }
    Err(ErrorCode::ConstraintAddress.into())
}

/// Asks that the account is this program.
///
/// # Errors
/// `InvalidProgramId`, `InvalidProgramExecutable`.
#[inline(always)]
pub fn program(view: &AccountView, program: &Address) -> Result<()> {
    if !same(view.address(), program) {
        return Err(ErrorCode::InvalidProgramId.into());
    }
    if !view.executable() {
        return Err(ErrorCode::InvalidProgramExecutable.into());
    }
    Ok(())
}

/// Asks that the account is one of `program` with the discriminator of `T`.
///
/// # Errors
/// `AccountOwnedByWrongProgram`, `AccountDiscriminatorNotFound`, `AccountDiscriminatorMismatch`.
#[inline(always)]
pub fn state<T: Discriminator>(view: &AccountView, program: &Address) -> Result<()> {
    tagged(view, program, const { tag::<T>() })
}

#[inline(never)]
fn tagged(view: &AccountView, program: &Address, tag: u64) -> Result<()> {
    if !raw::is_owned_by(view, program) {
        return Err(ErrorCode::AccountOwnedByWrongProgram.into());
    }
    let data = view.try_borrow()?;
    let found = data
        .first_chunk::<HEAD>()
        .ok_or(ErrorCode::AccountDiscriminatorNotFound)?;
    if u64::from_le_bytes(*found) != tag {
        return Err(ErrorCode::AccountDiscriminatorMismatch.into());
    }
    Ok(())
}

/// The discriminator of `T` as a number.
///
/// # Panics
/// If it has another length than eight bytes: when the program is compiled.
pub const fn tag<T: Discriminator>() -> u64 {
    match T::DISCRIMINATOR.first_chunk::<HEAD>() {
        Some(tag) if T::DISCRIMINATOR.len() == HEAD => u64::from_le_bytes(*tag),
        _ => panic!("a discriminator has eight bytes"),
    }
}
