//! Closes a grant that is settled, collected and claimed in full.

use crate::{
    error::EarnoutError,
    events::{self, GrantClosed},
    prelude::*,
    state::{Grant, LoadKnown, Plan, account},
};

/// Accounts of `close_grant`. Open to anyone: no signer but the transaction's own.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseGrant<'info> {
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The grant.
    #[account(
        mut,
        has_one = plan @ EarnoutError::WrongGrant,
        has_one = rent_payer @ EarnoutError::WrongRentPayer,
    )]
    pub grant: AccountLoader<'info, Grant>,
    /// CHECK: who paid for the grant, by `has_one`.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
    /// CHECK: the plan's treasury, checked in the handler. Receives lamports that the rent payer did not pay.
    #[account(mut)]
    pub treasury: UncheckedAccount<'info>,
}

/// See [`crate::earnout::close_grant`].
pub fn handle_close_grant(ctx: Context<CloseGrant>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let (event, rent_paid) = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let grant = accounts.grant.load_known()?;

        // Check.
        plan.require_treasury(accounts.treasury.address(), now)?;
        require!(grant.is_closable(plan)?, EarnoutError::StillNeeded);

        // Effect.
        Plan::count_closed(&mut plan.open_grants)?;
        let event = GrantClosed {
            plan: accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            grant: accounts.grant.key(),
            claimed: grant.claimed,
        };
        (event, grant.rent_paid)
    };
    account::close(
        accounts.grant.as_ref(),
        rent_paid,
        &accounts.rent_payer,
        &accounts.treasury,
    )?;

    // Emit.
    events::emit(&accounts.event_authority, &event)
}
