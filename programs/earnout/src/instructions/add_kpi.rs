//! Adds a KPI to a draft.

use crate::{
    error::EarnoutError,
    events::{self, KpiAdded},
    prelude::*,
    state::{KpiArgs, LoadKnown, Plan, PlanStatus},
};

/// Accounts of `add_kpi`.
#[event_cpi]
#[derive(Accounts)]
pub struct AddKpi<'info> {
    /// The plan's authority.
    pub authority: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = authority @ EarnoutError::WrongAuthority)]
    pub plan: AccountLoader<'info, Plan>,
}

/// See [`crate::earnout::add_kpi`].
pub fn handle_add_kpi(ctx: Context<AddKpi>, args: KpiArgs) -> Result<()> {
    let now = now()?;
    let (kpi, sequence) = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;

        // Check.
        require!(plan.status()? == PlanStatus::Draft, EarnoutError::PlanNotDraft);

        // Effect.
        (plan.push_kpi(&args)?, plan.next_event()?)
    };

    // Emit.
    let plan = ctx.accounts.plan.key();
    events::emit(
        &ctx.accounts.event_authority,
        &KpiAdded {
            plan,
            time: now,
            sequence,
            kpi,
            terms: args,
        },
    )
}
