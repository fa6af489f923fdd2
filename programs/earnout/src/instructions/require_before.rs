//! Lets a transaction lapse.

use crate::{error::EarnoutError, prelude::*};

/// Accounts of `require_before`: none.
#[derive(Accounts)]
pub struct RequireBefore {}

/// See [`crate::earnout::require_before`].
pub fn handle_require_before(not_after: i64) -> Result<()> {
    require!(now()? <= not_after, EarnoutError::TransactionExpired);
    Ok(())
}
