//! Takes over a plan.

use crate::{
    error::EarnoutError,
    events::{self, AuthorityAccepted},
    prelude::*,
    state::{LoadKnown, OracleSet, Plan},
};

/// Accounts of `accept_authority`.
#[event_cpi]
#[derive(Accounts)]
pub struct AcceptAuthority<'info> {
    /// The proposed authority.
    pub pending_authority: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = pending_authority @ EarnoutError::WrongAuthority)]
    pub plan: AccountLoader<'info, Plan>,
}

/// See [`crate::earnout::accept_authority`].
pub fn handle_accept_authority(ctx: Context<AcceptAuthority>) -> Result<()> {
    let now = now()?;
    let event = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;

        // Check.
        plan.require_open()?;
        let new = plan.pending_authority;
        plan.require_separate_authority(&new, now)?;

        // Effect. What the old authority had announced is void; what is in force already stays.
        let old = plan.authority;
        plan.authority = new;
        plan.pending_authority = Pubkey::default();
        plan.apply_treasury(now);
        plan.drop_pending_treasury();
        if plan.oracle_change_is_pending(now)? {
            plan.next_oracles = OracleSet::empty();
        }
        AuthorityAccepted {
            plan: ctx.accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            old,
            new,
            treasury: plan.treasury,
            treasury_owner: plan.treasury_owner,
            oracle_change: plan.next_oracles.count > 0,
        }
    };

    // Emit.
    events::emit(&ctx.accounts.event_authority, &event)
}
