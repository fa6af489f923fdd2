//! What a program says of itself, and how it knows an event as its own.

use {
    crate::{Result, same},
    anchor_lang::{error::ErrorCode, prelude::ProgramError},
    pinocchio::{AccountView, Address},
};

/// What a program says of itself.
pub struct Identity {
    /// Its address.
    pub program: Address,
    /// The address that signs its events.
    pub event_authority: Address,
    /// Name and text of its own errors.
    pub describe: fn(u32) -> Option<(&'static str, &'static str)>,
}

impl Identity {
    /// Checks that an event, which the program sends to itself with these accounts, comes from it.
    ///
    /// # Errors
    /// `NotEnoughAccountKeys`, `ConstraintSigner`, `ConstraintSeeds`.
    #[inline(always)]
    pub(crate) fn check_event(&self, views: &[AccountView]) -> Result<()> {
        let authority = views.first().ok_or(ProgramError::NotEnoughAccountKeys)?;
        if !authority.is_signer() {
            return Err(ErrorCode::ConstraintSigner.into());
        }
        if !same(authority.address(), &self.event_authority) {
            return Err(ErrorCode::ConstraintSeeds.into());
        }
        Ok(())
    }
}
