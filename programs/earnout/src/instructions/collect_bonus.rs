//! Pays a grant its share of a period's pool.

use crate::{
    error::EarnoutError,
    events::{self, BonusCollected},
    prelude::*,
    state::{FORFEITED, Grant, LoadKnown, Period, Plan, account},
};

/// Accounts of `collect_bonus`. Open to anyone: no signer but the transaction's own.
#[event_cpi]
#[derive(Accounts)]
pub struct CollectBonus<'info> {
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The grant.
    #[account(mut, has_one = plan @ EarnoutError::WrongGrant)]
    pub grant: AccountLoader<'info, Grant>,
    /// CHECK: the pool of the period that the grant settled last, by its stored fields; checked in the handler.
    #[account(mut)]
    pub period: UncheckedAccount<'info>,
}

/// See [`crate::earnout::collect_bonus`].
pub fn handle_collect_bonus(ctx: Context<CollectBonus>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let obligations;
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let grant = &mut *accounts.grant.load_known_mut()?;
        obligations = plan.obligations()?;

        // Check.
        require!(plan.redistributes()?, EarnoutError::NoRedistribution);
        let period = grant.collected_through;
        require!(grant.has_settled(period), EarnoutError::NothingToCollect);
        let pool = &mut *account::write::<Period>(&accounts.period, EarnoutError::WrongPeriod)?;
        require!(
            pool.plan == accounts.plan.key() && pool.period == period,
            EarnoutError::WrongPeriod
        );
        require!(pool.is_settled(), EarnoutError::PeriodNotSettled);

        // Effect.
        let bonus = grant.collect(plan, pool)?;
        let left_over = pool.add_collected(bonus)?;
        let pooled = plan
            .pooled
            .checked_sub(bonus)
            .and_then(|rest| rest.checked_sub(left_over));
        plan.pooled = pooled.ok_or(EarnoutError::InvariantViolated)?;
        if !grant.has(FORFEITED) {
            plan.owed = plan.owed.checked_add(bonus).ok_or(EarnoutError::Overflow)?;
        }
        plan.bonus_total = plan.bonus_total.saturating_add(bonus);
        BonusCollected {
            plan: accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            grant: accounts.grant.key(),
            period,
            bonus,
            left_over,
            plan_owed: plan.owed,
            plan_pooled: plan.pooled,
        }
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)?;
    accounts.grant.load()?.invariant()?;
    accounts.plan.load()?.invariant(obligations)
}
