//! What happens before and after a handler.

use {
    crate::{Decode, Fault, Identity, Result, fault, same},
    anchor_lang::{error::ErrorCode, event::EVENT_IX_TAG, prelude::ProgramError, solana_program::log::sol_log},
    pinocchio::{AccountView, Address, ProgramResult},
};

/// Runs the instruction that `data` names.
///
/// `dispatch` gets the number that names it and the rest of the data. An event comes first: the program sends it to
/// itself once in every instruction, and it has only to be shown to come from it.
///
/// # Errors
/// Those of the instruction, its number and text logged; Anchor's `DeclaredProgramIdMismatch`,
/// `InstructionFallbackNotFound`, `ConstraintSigner` and `ConstraintSeeds` for an event of somebody else.
#[inline(always)]
pub fn process<'info>(
    identity: &Identity,
    program: &Address,
    views: &'info [AccountView],
    data: &[u8],
    dispatch: impl FnOnce(u64, &'info [AccountView], &[u8]) -> Result<()>,
) -> ProgramResult {
    match run(identity, program, views, data, dispatch) {
        Ok(()) => Ok(()),
        Err(fault) => Err(failed(fault, identity.describe)),
    }
}

#[inline(always)]
fn run<'info>(
    identity: &Identity,
    program: &Address,
    views: &'info [AccountView],
    data: &[u8],
    dispatch: impl FnOnce(u64, &'info [AccountView], &[u8]) -> Result<()>,
) -> Result<()> {
    if !same(program, &identity.program) {
        return Err(ErrorCode::DeclaredProgramIdMismatch.into());
    }
    let (name, rest) = data.split_first_chunk().ok_or(ErrorCode::InstructionFallbackNotFound)?;
    let name = u64::from_le_bytes(*name);
    if name == EVENT_IX_TAG {
        return identity.check_event(views);
    }
    dispatch(name, views, rest)
}

#[cold]
#[inline(never)]
fn failed(fault: Fault, describe: fn(u32) -> Option<(&'static str, &'static str)>) -> ProgramError {
    fault::log(fault, describe);
    fault.into()
}

/// Logs the name of the instruction, as Anchor does.
#[inline(always)]
pub fn log_name(line: &str) {
    sol_log(line);
}

/// The next argument.
///
/// # Errors
/// `InstructionDidNotDeserialize`.
#[inline(always)]
pub fn argument<T: Decode>(data: &mut &[u8]) -> Result<T> {
    T::decode(data).ok_or(ErrorCode::InstructionDidNotDeserialize.into())
}

/// No instruction has this name.
#[cold]
pub fn unknown() -> Fault {
    ErrorCode::InstructionFallbackNotFound.into()
}
