//! Ends a grant by the authority.

use crate::{
    error::EarnoutError,
    events::{self, GrantEnded},
    prelude::*,
    state::{Grant, LoadKnown, Plan, REVOCABLE, Termination},
};

/// Accounts of `terminate_grant`.
#[event_cpi]
#[derive(Accounts)]
pub struct TerminateGrant<'info> {
    /// The plan's authority.
    pub authority: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = authority @ EarnoutError::WrongAuthority)]
    pub plan: AccountLoader<'info, Plan>,
    /// The grant.
    #[account(mut, has_one = plan @ EarnoutError::WrongGrant)]
    pub grant: AccountLoader<'info, Grant>,
}

/// See [`crate::earnout::terminate_grant`].
pub fn handle_terminate_grant(ctx: Context<TerminateGrant>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let obligations;
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let grant = &mut *accounts.grant.load_known_mut()?;
        obligations = plan.obligations()?;

        // Check.
        require!(grant.has(REVOCABLE), EarnoutError::NotRevocable);

        // Effect.
        grant.end(plan, Termination::Terminated, now)?;
        GrantEnded::of(accounts.plan.key(), plan, accounts.grant.key(), grant, now)?
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)?;
    accounts.grant.load()?.invariant()?;
    accounts.plan.load()?.invariant(obligations)
}
