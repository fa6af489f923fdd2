//! Offers a plan to another authority.

use crate::{
    error::EarnoutError,
    events::{self, AuthorityProposed},
    prelude::*,
    state::{LoadKnown, Plan},
};

/// Accounts of `propose_authority`.
#[event_cpi]
#[derive(Accounts)]
pub struct ProposeAuthority<'info> {
    /// The plan's authority.
    pub authority: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = authority @ EarnoutError::WrongAuthority)]
    pub plan: AccountLoader<'info, Plan>,
}

/// See [`crate::earnout::propose_authority`].
pub fn handle_propose_authority(ctx: Context<ProposeAuthority>, authority: Option<Pubkey>) -> Result<()> {
    let now = now()?;
    let event = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;

        // Check.
        plan.require_open()?;
        require!(authority != Some(Pubkey::default()), EarnoutError::BadKey);
        if let Some(authority) = &authority {
            plan.require_separate_authority(authority, now)?;
        }

        // Effect.
        let old = plan.pending_authority;
        plan.pending_authority = authority.unwrap_or_default();
        AuthorityProposed {
            plan: ctx.accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            old,
            new: plan.pending_authority,
        }
    };

    // Emit.
    events::emit(&ctx.accounts.event_authority, &event)
}
