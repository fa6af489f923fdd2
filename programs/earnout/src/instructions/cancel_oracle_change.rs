//! Takes back an announced oracle set before it begins.

use crate::{
    error::EarnoutError,
    events::{self, OracleChangeCancelled},
    prelude::*,
    state::{LoadKnown, OracleSet, Plan},
};

/// Accounts of `cancel_oracle_change`.
#[event_cpi]
#[derive(Accounts)]
pub struct CancelOracleChange<'info> {
    /// The plan's authority.
    pub authority: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = authority @ EarnoutError::WrongAuthority)]
    pub plan: AccountLoader<'info, Plan>,
}

/// See [`crate::earnout::cancel_oracle_change`].
pub fn handle_cancel_oracle_change(ctx: Context<CancelOracleChange>) -> Result<()> {
    let now = now()?;
    let event = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;

        // Check.
        require!(plan.oracle_change_is_pending(now)?, EarnoutError::NoOracleChange);

        // Effect.
        let first_period = plan.next_oracles.first_period;
        plan.next_oracles = OracleSet::empty();
        OracleChangeCancelled {
            plan: ctx.accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            first_period,
        }
    };

    // Emit.
    events::emit(&ctx.accounts.event_authority, &event)
}
