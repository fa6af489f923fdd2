//! Freezes the terms of a plan.

use crate::{
    error::EarnoutError,
    events::{self, PlanActivated},
    prelude::*,
    state::{LoadKnown, Plan, PlanStatus},
    token,
};

/// Accounts of `activate_plan`.
#[event_cpi]
#[derive(Accounts)]
pub struct ActivatePlan<'info> {
    /// The plan's authority.
    pub authority: Signer<'info>,
    /// The plan.
    #[account(
        mut,
        has_one = authority @ EarnoutError::WrongAuthority,
        has_one = mint @ EarnoutError::WrongMint,
    )]
    pub plan: AccountLoader<'info, Plan>,
    /// CHECK: the plan's mint by `has_one`; `token::check_mint` in the handler.
    pub mint: UncheckedAccount<'info>,
}

/// See [`crate::earnout::activate_plan`].
pub fn handle_activate_plan(ctx: Context<ActivatePlan>) -> Result<()> {
    let now = now()?;
    let (last_deadline, unit_exponent, sequence) = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;

        // Check.
        require!(plan.status()? == PlanStatus::Draft, EarnoutError::PlanNotDraft);
        plan.check_terms(now)?;
        plan.require_separate_roles(&plan.oracles)?;
        let decimals = token::check_mint(&ctx.accounts.mint, &plan.token_program, plan.token_flags)?;

        // Effect.
        plan.fix_exponent(decimals)?;
        plan.status = PlanStatus::Active.to_byte();
        plan.activated_at = now;
        (plan.last_deadline()?, plan.unit_exponent, plan.next_event()?)
    };

    // Emit.
    let plan = ctx.accounts.plan.key();
    events::emit(
        &ctx.accounts.event_authority,
        &PlanActivated {
            plan,
            time: now,
            sequence,
            last_deadline,
            unit_exponent,
        },
    )
}
