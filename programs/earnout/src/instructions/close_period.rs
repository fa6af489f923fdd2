//! Closes the pool of a period that everyone has collected from.

use crate::{
    error::EarnoutError,
    events::{self, PeriodClosed},
    prelude::*,
    state::{LoadKnown, Period, Plan, account},
};

/// Accounts of `close_period`. Open to anyone: no signer but the transaction's own.
#[event_cpi]
#[derive(Accounts)]
pub struct ClosePeriod<'info> {
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The pool of the period.
    #[account(
        mut,
        has_one = plan @ EarnoutError::WrongPeriod,
        has_one = rent_payer @ EarnoutError::WrongRentPayer,
    )]
    pub period: AccountLoader<'info, Period>,
    /// CHECK: who paid for the account, by `has_one`.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
    /// CHECK: the plan's treasury, checked in the handler. Receives lamports that the rent payer did not pay.
    #[account(mut)]
    pub treasury: UncheckedAccount<'info>,
}

/// See [`crate::earnout::close_period`].
pub fn handle_close_period(ctx: Context<ClosePeriod>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let (event, rent_paid) = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let pool = accounts.period.load_known()?;

        // Check.
        plan.require_treasury(accounts.treasury.address(), now)?;
        require!(pool.collected == pool.expected, EarnoutError::StillNeeded);

        // Effect.
        Plan::count_closed(&mut plan.open_periods)?;
        let event = PeriodClosed {
            plan: accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            period: pool.period,
        };
        (event, pool.rent_paid)
    };
    account::close(
        accounts.period.as_ref(),
        rent_paid,
        &accounts.rent_payer,
        &accounts.treasury,
    )?;

    // Emit.
    events::emit(&accounts.event_authority, &event)
}
