//! Makes a grant, funded in full from its first second.

use {
    crate::{
        address,
        constants::GRANT_SEED,
        error::EarnoutError,
        events::{self, GrantCreated, Rent},
        prelude::*,
        state::{Grant, LoadKnown, Plan, REVOCABLE, TRANSFERABLE, account},
        token,
    },
    earnout_core::credit,
};

/// Terms of a grant.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct CreateGrantArgs {
    /// Number of the grant: the plan's `grant_counter`, stated so that a repeated transaction cannot make a second grant.
    pub grant_index: u32,
    /// Who is paid.
    pub beneficiary: Pubkey,
    /// Paid in full for full scores in every period, base units.
    pub allocation: u64,
    /// First period; it must not have begun.
    pub first_period: u16,
    /// Number of periods, at least 1.
    pub periods: u16,
    /// Nothing vests before the end of this many periods from the first.
    pub cliff_periods: u16,
    /// Weight of time, basis points.
    pub time_weight: u16,
    /// Weights of the plan's KPIs in their order, basis points; with `time_weight` they sum to 10,000. Missing ones are 0.
    pub kpi_weights: Vec<u16>,
    /// The authority may terminate the grant.
    pub revocable: bool,
    /// The beneficiary may hand the grant to another key.
    pub transferable: bool,
}

/// Accounts of `create_grant`.
#[event_cpi]
#[derive(Accounts)]
#[cfg_attr(not(target_os = "solana"), instruction(args: CreateGrantArgs))]
pub struct CreateGrant<'info> {
    /// Pays the rent of the grant and gets it back when it is closed.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The plan's authority.
    pub authority: Signer<'info>,
    /// The plan.
    #[account(
        mut,
        has_one = authority @ EarnoutError::WrongAuthority,
        has_one = vault @ EarnoutError::WrongVault,
        has_one = mint @ EarnoutError::WrongMint,
    )]
    pub plan: AccountLoader<'info, Plan>,
    /// CHECK: the seeds make it the only account for this plan and number; checked and created by the handler.
    #[cfg_attr(
        not(target_os = "solana"),
        account(mut, seeds = [GRANT_SEED, plan.key().as_ref(), &args.grant_index.to_le_bytes()],
            bump = address::grant(&plan.key(), args.grant_index)?.1)
    )]
    pub grant: UncheckedAccount<'info>,
    /// CHECK: the plan's vault by `has_one`.
    pub vault: UncheckedAccount<'info>,
    /// CHECK: the plan's mint by `has_one`; `token::check_mint` in the handler.
    pub mint: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// See [`crate::earnout::create_grant`].
pub fn handle_create_grant(ctx: Context<CreateGrant>, args: CreateGrantArgs) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let plan_key = accounts.plan.key();
    let (event, vault_amount) = {
        let plan = &mut *accounts.plan.load_known_mut()?;

        // Check.
        let (address, bump) = address::grant(&plan_key, args.grant_index)?;
        address::require_creatable(&accounts.grant, &address)?;
        plan.require_active()?;
        token::check_mint(&accounts.mint, &plan.token_program, plan.token_flags)?;
        let vault = token::holding(&accounts.vault, &plan.token_program).ok_or(EarnoutError::WrongVault)?;
        require!(args.grant_index == plan.grant_counter, EarnoutError::WrongGrantIndex);
        require!(plan.grant_counter < plan.max_grants, EarnoutError::TooManyGrants);
        require!(now < plan.enrolment_end, EarnoutError::EnrolmentEnded);
        require!(
            (plan.min_allocation..=plan.max_allocation).contains(&args.allocation),
            EarnoutError::AllocationOutOfLimits
        );
        let end_period = args.first_period.checked_add(args.periods);
        let end_period = end_period.ok_or(EarnoutError::BadGrantPeriods)?;
        require!(
            args.periods > 0 && end_period <= plan.period_count && args.cliff_periods <= args.periods,
            EarnoutError::BadGrantPeriods
        );
        let begins = plan
            .calendar()?
            .period_start(args.first_period)
            .map_err(EarnoutError::from)?;
        require!(now < begins, EarnoutError::PeriodBegun);
        let kpi_weights = padded_weights(plan, &args)?;
        plan.require_beneficiary(&plan_key, &args.beneficiary)?;

        // Effect.
        let (_, associated_bump) = address::associated(&args.beneficiary, &plan.mint, &plan.token_program)?;
        let max_credit = Grant::max_credit(plan, args.time_weight, &kpi_weights)?;
        let index = args.grant_index.to_le_bytes();
        let seeds: &[&[u8]] = &[GRANT_SEED, plan_key.as_ref(), &index, &[bump]];
        let rent_paid = account::create::<Grant>(&accounts.payer, &accounts.grant, seeds)?;
        let grant = &mut *account::write::<Grant>(&accounts.grant, EarnoutError::CorruptAccount)?;
        grant.bump = bump;
        grant.associated_bump = associated_bump;
        grant.flags = if args.revocable { REVOCABLE } else { 0 } | if args.transferable { TRANSFERABLE } else { 0 };
        grant.index = args.grant_index;
        grant.plan = plan_key;
        grant.beneficiary = args.beneficiary;
        grant.rent_payer = accounts.payer.key();
        grant.rent_paid = rent_paid;
        grant.allocation = args.allocation;
        grant.first_period = args.first_period;
        grant.periods = args.periods;
        grant.cliff_periods = args.cliff_periods;
        grant.next_period = args.first_period;
        grant.end_period = end_period;
        grant.collected_through = args.first_period;
        grant.time_weight = args.time_weight;
        grant.kpi_weights = kpi_weights;
        grant.max_credit = max_credit;
        grant.created_at = now;
        grant.reserved = grant.reserve_from(args.first_period)?;

        require!(
            grant.reserved <= plan.surplus(vault.amount)?,
            EarnoutError::InsufficientFunds
        );
        plan.reserved = plan
            .reserved
            .checked_add(grant.reserved)
            .ok_or(EarnoutError::Overflow)?;
        plan.grant_counter = plan.grant_counter.checked_add(1).ok_or(EarnoutError::Overflow)?;
        Plan::count_opened(&mut plan.open_grants)?;
        for period in args.first_period..end_period {
            Plan::count_opened(&mut plan.unsettled_grants[usize::from(period)])?;
        }
        let event = GrantCreated {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            grant: accounts.grant.key(),
            rent: Rent {
                payer: accounts.payer.key(),
                lamports: rent_paid,
            },
            max_credit,
            reserved: grant.reserved,
            plan_reserved: plan.reserved,
            vault_balance: vault.amount,
            terms: args,
        };
        (event, vault.amount)
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)?;
    account::read::<Grant>(&accounts.grant, EarnoutError::CorruptAccount)?.invariant()?;
    accounts.plan.load()?.invariant(vault_amount)
}

/// The weights of all 16 possible KPIs.
///
/// Errors: `BadWeights` if they do not sum to 10,000 or one stands for a KPI that the plan does not have.
fn padded_weights(plan: &Plan, args: &CreateGrantArgs) -> Result<[u16; 16]> {
    require!(args.kpi_weights.len() <= plan.kpis().len(), EarnoutError::BadWeights);
    let mut weights = [0; 16];
    weights[..args.kpi_weights.len()].copy_from_slice(&args.kpi_weights);
    credit::check_weights(args.time_weight, &weights).map_err(|_| EarnoutError::BadWeights)?;
    Ok(weights)
}
