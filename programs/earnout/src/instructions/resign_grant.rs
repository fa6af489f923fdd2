//! Ends a grant by its beneficiary.

use crate::{
    error::EarnoutError,
    events::{self, GrantEnded},
    prelude::*,
    state::{Grant, LoadKnown, Plan, Termination},
};

/// Accounts of `resign_grant`.
#[event_cpi]
#[derive(Accounts)]
pub struct ResignGrant<'info> {
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

/// See [`crate::earnout::resign_grant`].
pub fn handle_resign_grant(ctx: Context<ResignGrant>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let obligations;
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let grant = &mut *accounts.grant.load_known_mut()?;
        obligations = plan.obligations()?;

        // Effect.
        grant.end(plan, Termination::Resigned, now)?;
        GrantEnded::of(accounts.plan.key(), plan, accounts.grant.key(), grant, now)?
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)?;
    accounts.grant.load()?.invariant()?;
    accounts.plan.load()?.invariant(obligations)
}
