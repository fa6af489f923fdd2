//! Lets a beneficiary reserve claiming for itself, or open it again.

use crate::{
    error::EarnoutError,
    events::{self, ClaimLockSet},
    prelude::*,
    state::{Grant, LoadKnown, Plan},
};

/// Accounts of `set_claim_lock`.
#[event_cpi]
#[derive(Accounts)]
pub struct SetClaimLock<'info> {
    /// The grant's beneficiary.
    pub beneficiary: Signer<'info>,
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The grant.
    #[account(
        mut,
        has_one = plan @ EarnoutError::WrongGrant,
        has_one = beneficiary @ EarnoutError::WrongBeneficiary,
    )]
    pub grant: AccountLoader<'info, Grant>,
}

/// See [`crate::earnout::set_claim_lock`].
pub fn handle_set_claim_lock(ctx: Context<SetClaimLock>, locked: bool) -> Result<()> {
    let now = now()?;
    let event = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;
        let grant = &mut *ctx.accounts.grant.load_known_mut()?;

        // Effect.
        grant.set_claim_lock(locked);
        ClaimLockSet {
            plan: ctx.accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            grant: ctx.accounts.grant.key(),
            locked,
        }
    };

    // Emit.
    events::emit(&ctx.accounts.event_authority, &event)
}
