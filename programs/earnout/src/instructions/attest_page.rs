//! Records an oracle's votes on an individual KPI of a period, for consecutive grants of a page.

use crate::{
    constants::NO_VALUE,
    error::EarnoutError,
    events::{self, PageAttested, Rent},
    prelude::*,
    state::{LoadKnown, PageKey, PageMut, Plan, Scope, page},
};

/// Votes.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct AttestPageArgs {
    /// Number of the KPI in the plan.
    pub kpi: u8,
    /// The period that was measured.
    pub period: u16,
    /// Index of the first grant.
    pub first: u32,
    /// What was measured for this grant and the ones after it, all of one page, fixed point with the KPI's decimals.
    /// `i64::MIN` leaves as it is what the oracle reported of a grant before.
    pub values: Vec<i64>,
    /// SHA-256 of the manifest of all that the oracle reported in this page: grants, values, evidence.
    pub evidence: [u8; 32],
}

/// Accounts of `attest_page`.
#[event_cpi]
#[derive(Accounts)]
pub struct AttestPage<'info> {
    /// Pays the rent of the page if this is its first vote.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Member of the oracle set of the period, checked in the handler.
    pub oracle: Signer<'info>,
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// CHECK: the page of this KPI, period and grants by its stored fields, or its canonical address, empty; checked in
    /// the handler.
    #[account(mut)]
    pub page: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// See [`crate::earnout::attest_page`].
pub fn handle_attest_page(ctx: Context<AttestPage>, args: AttestPageArgs) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let plan_key = accounts.plan.key();
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;

        // Check.
        plan.require_active()?;
        let end = plan.check_voting(args.period, now)?;
        let kpi = plan.kpi(args.kpi)?;
        require!(kpi.scope()? == Scope::Individual, EarnoutError::WrongSubject);
        let fits = |value: &i64| *value == NO_VALUE || kpi.accepts(*value);
        require!(args.values.iter().all(fits), EarnoutError::ValueOutOfRange);
        let is_oracle = plan.oracle_set(args.period).position(accounts.oracle.address());
        require!(is_oracle.is_some(), EarnoutError::NotAnOracle);

        // Effect.
        let (number, slot) = page::place(args.first);
        let key = PageKey {
            plan: &plan_key,
            kpi: args.kpi,
            period: args.period,
            page: number,
        };
        let rent = key.obtain(&accounts.payer, &accounts.page, plan, end)?;
        let mut data = page::borrow_mut(&accounts.page)?;
        let mut page = PageMut::of(&mut data, &key)?;
        let position = page.view().position(accounts.oracle.address());
        let position = position.ok_or(EarnoutError::NotAnOracle)?;
        let upload = page.vote(position, slot, &args.values, args.evidence, now)?;
        PageAttested {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            kpi: args.kpi,
            period: args.period,
            first: args.first,
            oracle: accounts.oracle.key(),
            values: args.values,
            evidence: args.evidence,
            late: upload.late >> slot,
            resolved: upload.resolved >> slot,
            rent: rent.map(|lamports| Rent {
                payer: accounts.payer.key(),
                lamports,
            }),
        }
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)
}
