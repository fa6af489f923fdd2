//! Creates a plan as a draft, with its vault.

use crate::{
    address,
    constants::*,
    error::EarnoutError,
    events::{self, PlanCreated, Rent},
    prelude::*,
    state::{
        ALLOW_FREEZE_AUTHORITY, ALLOW_TRANSFER_FEE, ALLOW_TRANSFER_HOOK, Cadence, Combination, OracleSet, Plan,
        PlanStatus, Release, UnearnedPolicy, account,
    },
    token,
};

/// Terms of a plan, apart from its KPIs.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct CreatePlanArgs {
    /// The creator's number for this plan; with the creator's key it makes the address.
    pub plan_id: u64,
    /// Beginning of period 0, Unix seconds. In the future at activation.
    pub start_ts: i64,
    /// Length of a period: 10 minutes to 366 days, or 1 to 12 months.
    pub cadence: Cadence,
    /// Periods, 1 to 120.
    pub period_count: u16,
    /// Votes are accepted for this long after a period, seconds: 10 minutes to 90 days.
    pub attest_secs: u32,
    /// Values and silences can be disputed for this long, seconds: 10 minutes to 90 days, 0 without an arbiter.
    pub challenge_secs: u32,
    /// The arbiter can rule for this long, seconds: 10 minutes to 90 days and at least `challenge_secs`, 0 without an arbiter.
    pub ruling_secs: u32,
    /// Notice before oracles or treasury change, seconds: 10 minutes to 90 days.
    pub notice_secs: u32,
    /// How scores combine.
    pub combination: Combination,
    /// What becomes of unearned amounts.
    pub unearned_policy: UnearnedPolicy,
    /// When earned amounts vest.
    pub release: Release,
    /// Largest bonus of a period in basis points of the tranche, up to 1,000,000.
    pub bonus_cap_bps: u32,
    /// Smallest allocation of a grant, base units, not zero.
    pub min_allocation: u64,
    /// Largest allocation of a grant, base units.
    pub max_allocation: u64,
    /// Most grants ever made, not zero.
    pub max_grants: u32,
    /// No grant is made from this time on, Unix seconds; at most the end of the calendar.
    pub enrolment_end: i64,
    /// `ALLOW_…` flags.
    pub token_flags: u8,
    /// Transfer fee above which only the beneficiary claims, basis points, up to 10,000.
    pub max_fee_bps: u16,
    /// 1 to 8 oracles.
    pub oracles: Vec<Pubkey>,
    /// Votes that decide: more than half of the oracles.
    pub threshold: u8,
    /// Who rules on disputes.
    pub arbiter: Option<Pubkey>,
}

/// Accounts of `create_plan`.
#[event_cpi]
#[derive(Accounts)]
#[cfg_attr(not(target_os = "solana"), instruction(args: CreatePlanArgs))]
pub struct CreatePlan<'info> {
    /// Pays the rent of plan and vault and gets it back when they are closed.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Part of the plan's address, so that nobody can take it first, and the plan's first authority.
    pub creator: Signer<'info>,
    /// CHECK: the seeds make it the only account for this creator and number; checked and created by the handler.
    #[cfg_attr(
        not(target_os = "solana"),
        account(mut, seeds = [PLAN_SEED, creator.key().as_ref(), &args.plan_id.to_le_bytes()],
            bump = address::plan(creator.key, args.plan_id)?.1)
    )]
    pub plan: UncheckedAccount<'info>,
    /// CHECK: the seeds make it this plan's only vault; checked and created by the handler.
    #[cfg_attr(
        not(target_os = "solana"),
        account(mut, seeds = [VAULT_SEED, plan.key().as_ref()], bump = address::vault(plan.key)?.1)
    )]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: `token::check_mint` in the handler.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: a token account of the mint that is no vault, checked in the handler.
    pub treasury: UncheckedAccount<'info>,
    /// CHECK: `token::require_token_program` in the handler.
    pub token_program: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// See [`crate::earnout::create_plan`].
pub fn handle_create_plan(ctx: Context<CreatePlan>, args: CreatePlanArgs) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let (plan_key, token_program) = (accounts.plan.key(), accounts.token_program.key());

    // Check.
    let creator = accounts.creator.key();
    let (address, bump) = address::plan(&creator, args.plan_id)?;
    address::require_creatable(&accounts.plan, &address)?;
    let (address, vault_bump) = address::vault(&plan_key)?;
    address::require_creatable(&accounts.vault, &address)?;
    token::require_token_program(&token_program)?;
    require!(
        args.token_flags & !(ALLOW_FREEZE_AUTHORITY | ALLOW_TRANSFER_FEE | ALLOW_TRANSFER_HOOK) == 0,
        EarnoutError::BadTokenFlags
    );
    token::check_mint(&accounts.mint, &token_program, args.token_flags)?;
    let treasury_owner = token::check_treasury(&accounts.treasury, &plan_key, accounts.mint.address(), &token_program)?;
    let oracles = OracleSet::new(&args.oracles, args.threshold, 0)?;
    require!(args.arbiter != Some(Pubkey::default()), EarnoutError::RolesNotSeparate);

    // Effect.
    let id = args.plan_id.to_le_bytes();
    let seeds: &[&[u8]] = &[PLAN_SEED, creator.as_ref(), &id, &[bump]];
    let rent_paid = account::create::<Plan>(&accounts.payer, &accounts.plan, seeds)?;
    let sequence = {
        let plan = &mut *account::write::<Plan>(&accounts.plan, EarnoutError::CorruptAccount)?;
        let (cadence_kind, cadence_length) = args.cadence.to_stored();
        plan.bump = bump;
        plan.vault_bump = vault_bump;
        plan.status = PlanStatus::Draft.to_byte();
        plan.cadence_kind = cadence_kind;
        plan.cadence_length = cadence_length;
        plan.period_count = args.period_count;
        plan.combination = args.combination.to_byte();
        plan.unearned_policy = args.unearned_policy.to_byte();
        plan.release = args.release.to_byte();
        plan.token_flags = args.token_flags;
        plan.plan_id = args.plan_id;
        plan.start_ts = args.start_ts;
        plan.enrolment_end = args.enrolment_end;
        plan.attest_secs = args.attest_secs;
        plan.challenge_secs = args.challenge_secs;
        plan.ruling_secs = args.ruling_secs;
        plan.notice_secs = args.notice_secs;
        plan.bonus_cap_bps = args.bonus_cap_bps;
        plan.max_fee_bps = args.max_fee_bps;
        plan.min_allocation = args.min_allocation;
        plan.max_allocation = args.max_allocation;
        plan.max_grants = args.max_grants;
        plan.creator = creator;
        plan.authority = creator;
        plan.arbiter = args.arbiter.unwrap_or_default();
        plan.mint = accounts.mint.key();
        plan.token_program = token_program;
        plan.vault = accounts.vault.key();
        plan.treasury = accounts.treasury.key();
        plan.treasury_owner = treasury_owner;
        plan.rent_payer = accounts.payer.key();
        plan.rent_paid = rent_paid;
        plan.oracles = oracles;
        plan.require_separate_roles(&oracles)?;
        plan.next_event()?
    };

    // Interact.
    let vault_seeds: &[&[u8]] = &[VAULT_SEED, plan_key.as_ref(), &[vault_bump]];
    let vault_rent_paid = token::create_vault(
        &accounts.payer,
        &accounts.vault,
        &accounts.mint,
        &accounts.token_program,
        &plan_key,
        vault_seeds,
    )?;
    account::write::<Plan>(&accounts.plan, EarnoutError::CorruptAccount)?.vault_rent_paid = vault_rent_paid;

    // Emit.
    events::emit(
        &accounts.event_authority,
        &PlanCreated {
            plan: plan_key,
            time: now,
            sequence,
            creator,
            rent: Rent {
                payer: accounts.payer.key(),
                lamports: rent_paid,
            },
            vault_rent: vault_rent_paid,
            mint: accounts.mint.key(),
            token_program,
            vault: accounts.vault.key(),
            treasury: accounts.treasury.key(),
            treasury_owner,
            terms: args,
        },
    )?;
    account::read::<Plan>(&accounts.plan, EarnoutError::CorruptAccount)?.invariant(0)
}
