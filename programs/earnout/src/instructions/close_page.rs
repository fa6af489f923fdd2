//! Closes a page that nobody needs any more.

use crate::{
    error::EarnoutError,
    events::{self, PageClosed},
    prelude::*,
    state::{LoadKnown, Page, Plan, account},
};

/// Accounts of `close_page`. Open to anyone: no signer but the transaction's own.
#[event_cpi]
#[derive(Accounts)]
pub struct ClosePage<'info> {
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The page.
    #[account(
        mut,
        has_one = plan @ EarnoutError::WrongPage,
        has_one = rent_payer @ EarnoutError::WrongRentPayer,
    )]
    pub page: AccountLoader<'info, Page>,
    /// CHECK: who paid for the page, by `has_one`.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
    /// CHECK: the plan's treasury, checked in the handler. Receives lamports that the rent payer did not pay.
    #[account(mut)]
    pub treasury: UncheckedAccount<'info>,
}

/// See [`crate::earnout::close_page`].
pub fn handle_close_page(ctx: Context<ClosePage>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let (event, rent_paid) = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let page = accounts.page.load_known()?;

        // Check.
        plan.require_treasury(accounts.treasury.address(), now)?;
        require!(!plan.is_needed(page.period), EarnoutError::StillNeeded);

        // Effect.
        Plan::count_closed(&mut plan.open_pages)?;
        let event = PageClosed {
            plan: accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            kpi: page.kpi,
            period: page.period,
            page: page.page,
        };
        (event, page.rent_paid)
    };
    account::close(
        accounts.page.as_ref(),
        rent_paid,
        &accounts.rent_payer,
        &accounts.treasury,
    )?;

    // Emit.
    events::emit(&accounts.event_authority, &event)
}
