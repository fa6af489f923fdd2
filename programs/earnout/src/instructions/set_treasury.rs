//! Announces another treasury.

use crate::{
    error::EarnoutError,
    events::{self, TreasurySet},
    prelude::*,
    state::{LoadKnown, Plan},
    token,
};

/// Accounts of `set_treasury`.
#[event_cpi]
#[derive(Accounts)]
pub struct SetTreasury<'info> {
    /// The plan's authority.
    pub authority: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = authority @ EarnoutError::WrongAuthority)]
    pub plan: AccountLoader<'info, Plan>,
    /// CHECK: a token account of the plan's mint that is no vault, by `token::check_treasury` in the handler.
    pub treasury: UncheckedAccount<'info>,
}

/// See [`crate::earnout::set_treasury`].
pub fn handle_set_treasury(ctx: Context<SetTreasury>) -> Result<()> {
    let now = now()?;
    let event = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;

        // Check.
        plan.require_open()?;
        let owner = token::check_treasury(
            &ctx.accounts.treasury,
            &ctx.accounts.plan.key(),
            &plan.mint,
            &plan.token_program,
        )?;

        // Effect.
        plan.apply_treasury(now);
        let at = now.checked_add(i64::from(plan.notice_secs));
        plan.pending_treasury = ctx.accounts.treasury.key();
        plan.pending_treasury_owner = owner;
        plan.pending_treasury_at = at.ok_or(EarnoutError::Overflow)?;
        TreasurySet {
            plan: ctx.accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            old: plan.treasury,
            new: plan.pending_treasury,
            new_owner: owner,
            effective_at: plan.pending_treasury_at,
        }
    };

    // Emit.
    events::emit(&ctx.accounts.event_authority, &event)
}
