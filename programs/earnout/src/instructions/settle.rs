//! Computes what a grant earned in its next period, once and permanently.

use crate::{
    address,
    constants::PERIOD_SEED,
    error::EarnoutError,
    events::{self, GrantSettled, Rent},
    prelude::*,
    state::{AttestationKey, FORFEITED, Grant, LoadKnown, PageKey, Period, Plan, Results, Scope, account, page},
};

/// Accounts of `settle`. After them, for a grant in another unit the attestation of the price; then one for each KPI on
/// which the grant has weight, in the order of the plan: its attestation for the period, or of an individual KPI the
/// page with the grant. In the place of each that account's address if nobody ever voted or disputed.
#[event_cpi]
#[derive(Accounts)]
pub struct Settle<'info> {
    /// Anyone. Pays the rent of the period's pool if this is its first settlement.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The grant.
    #[account(mut, has_one = plan @ EarnoutError::WrongGrant)]
    pub grant: AccountLoader<'info, Grant>,
    /// CHECK: the pool of the period that is settled, or its canonical address, empty; checked in the handler. None
    /// unless the plan redistributes.
    #[account(mut)]
    pub period: Option<UncheckedAccount<'info>>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// See [`crate::earnout::settle`].
pub fn handle_settle<'info>(ctx: Context<'info, Settle<'info>>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let (plan_key, grant_key) = (accounts.plan.key(), accounts.grant.key());
    let obligations;
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let grant = &mut *accounts.grant.load_known_mut()?;
        obligations = plan.obligations()?;

        // Check.
        let period = grant.next_period;
        require!(!grant.is_settled(), EarnoutError::AllSettled);
        let end = plan.calendar()?.period_end(period).ours()?;
        require!(now >= end, EarnoutError::PeriodNotEnded);
        let redistributes = plan.redistributes()?;
        require!(grant.has_collected(plan)?, EarnoutError::BonusNotCollected);
        let deadline = plan.windows().attest_deadline(end).ours()?;
        let results = final_results(ctx.remaining_accounts, plan, grant, deadline, now)?;

        // Effect.
        let reserved_before = grant.reserved;
        let settlement = grant.settle(plan, &results)?;
        plan.change_reserve(reserved_before, grant.reserved)?;
        if !grant.has(FORFEITED) {
            plan.owed = plan.owed.checked_add(settlement.earned).ok_or(EarnoutError::Overflow)?;
        }
        plan.earned_total = plan.earned_total.saturating_add(settlement.earned);
        let mut rent = None;
        if redistributes {
            let target = accounts.period.as_ref().ok_or(EarnoutError::WrongPeriod)?;
            if account::is_vacant(target) {
                let lamports = create_period(&accounts.payer, target, &plan_key, plan, period)?;
                rent = Some(Rent {
                    payer: accounts.payer.key(),
                    lamports,
                });
            }
            let pool = &mut *account::write::<Period>(target, EarnoutError::WrongPeriod)?;
            require!(
                pool.plan == plan_key && pool.period == period,
                EarnoutError::WrongPeriod
            );
            pool.add_settled(settlement.pooled, settlement.kpi_amount)?;
            plan.pooled = plan
                .pooled
                .checked_add(settlement.pooled)
                .ok_or(EarnoutError::Overflow)?;
        } else {
            require!(accounts.period.is_none(), EarnoutError::WrongPeriod);
        }
        Plan::count_closed(&mut plan.unsettled_grants[usize::from(period)])?;

        GrantSettled {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            grant: grant_key,
            period,
            scores: results.scores[..plan.kpis().len()].to_vec(),
            price: results.price,
            tranche: grant.last_tranche,
            earned: settlement.earned,
            unearned: settlement.unearned,
            carry: settlement.carry,
            pooled: settlement.pooled,
            kpi_amount: settlement.kpi_amount,
            reserved: grant.reserved,
            rent,
            plan_reserved: plan.reserved,
            plan_owed: plan.owed,
            plan_pooled: plan.pooled,
        }
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)?;
    accounts.grant.load()?.invariant()?;
    accounts.plan.load()?.invariant(obligations)
}

/// The final results of the grant's next period. `deadline` is the end of its voting window.
///
/// Errors: `WrongAccountCount`, `WrongAttestation`, `WrongPage`, `NotFinal`.
fn final_results(evaluations: &[AccountInfo], plan: &Plan, grant: &Grant, deadline: i64, now: i64) -> Result<Results> {
    let mut results = Results::default();
    let mut evaluations = evaluations.iter();
    let (page, slot) = page::place(grant.index);
    let (plan_key, period) = (&grant.plan, grant.next_period);
    for (number, kpi) in grant.paid_by(plan) {
        let info = evaluations.next().ok_or(EarnoutError::WrongAccountCount)?;
        let tally = match kpi.scope()? {
            Scope::Shared => AttestationKey {
                plan: plan_key,
                kpi: number,
                period,
            }
            .tally(info)?,
            Scope::Individual => PageKey {
                plan: plan_key,
                kpi: number,
                period,
                page,
            }
            .tally(info, slot, &grant.beneficiary)?,
        };
        if kpi.is_price() {
            results.price = Some(tally.final_price(plan, kpi, deadline, now)?);
        } else {
            results.scores[usize::from(number)] = tally.final_score(plan, kpi, deadline, now)?;
        }
    }
    require!(evaluations.next().is_none(), EarnoutError::WrongAccountCount);
    Ok(results)
}

/// Creates the pool of `period`, and counts the grants that share it: none has settled yet, and none can join or leave
/// a period that has ended. Returns the lamports that `payer` paid.
///
/// Errors: `WrongPeriod` if `target` is another address.
fn create_period<'info>(
    payer: &AccountInfo<'info>,
    target: &AccountInfo<'info>,
    plan_key: &Pubkey,
    plan: &mut Plan,
    period: u16,
) -> Result<u64> {
    let index = period.to_le_bytes();
    let (address, bump) = address::period(plan_key, period)?;
    require!(same(target.address(), &address), EarnoutError::WrongPeriod);
    let seeds: &[&[u8]] = &[PERIOD_SEED, plan_key.as_ref(), &index, &[bump]];
    let rent_paid = account::create::<Period>(payer, target, seeds)?;
    let pool = &mut *account::write::<Period>(target, EarnoutError::CorruptAccount)?;
    pool.begin(plan_key, period, plan.unsettled_grants[usize::from(period)], bump);
    (pool.rent_payer, pool.rent_paid) = (payer.key(), rent_paid);
    Plan::count_opened(&mut plan.open_periods)?;
    Ok(rent_paid)
}
