//! Adds a KPI to a draft.

use crate::{
    constants::MAX_KPIS,
    error::EarnoutError,
    events::{self, KpiAdded},
    prelude::*,
    state::{Kpi, KpiArgs, LoadKnown, Plan, PlanStatus},
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
        require!(plan.kpi_count < MAX_KPIS, EarnoutError::TooManyKpis);
        let kpi = Kpi::new(&args)?;
        require!(
            plan.kpis().iter().all(|other| other.name != kpi.name),
            EarnoutError::DuplicateKpi
        );

        // Effect.
        let index = plan.kpi_count;
        plan.kpis[usize::from(index)] = kpi;
        plan.kpi_count = index.checked_add(1).ok_or(EarnoutError::Overflow)?;
        (index, plan.next_event()?)
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
