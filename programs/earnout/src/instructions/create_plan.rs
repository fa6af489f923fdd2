//! Creates a plan as a draft, with its vault.

use crate::{
    address,
    constants::*,
    error::EarnoutError,
    events::{self, PlanCreated, Rent},
    prelude::*,
    state::{Plan, account},
    token,
};

pub use crate::state::CreatePlanArgs;

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
    args.check_token_flags()?;
    token::check_mint(&accounts.mint, &token_program, args.token_flags)?;
    let treasury_owner = token::check_treasury(&accounts.treasury, &plan_key, accounts.mint.address(), &token_program)?;
    let oracles = args.oracle_set()?;
    args.check_arbiter()?;

    // Effect.
    let id = args.plan_id.to_le_bytes();
    let seeds: &[&[u8]] = &[PLAN_SEED, creator.as_ref(), &id, &[bump]];
    let rent_paid = account::create::<Plan>(&accounts.payer, &accounts.plan, seeds)?;
    let sequence = {
        let plan = &mut *account::write::<Plan>(&accounts.plan, EarnoutError::CorruptAccount)?;
        plan.begin(&args, &oracles, &creator, bump, vault_bump)?;
        plan.mint = accounts.mint.key();
        plan.token_program = token_program;
        plan.vault = accounts.vault.key();
        plan.treasury = accounts.treasury.key();
        plan.treasury_owner = treasury_owner;
        plan.rent_payer = accounts.payer.key();
        plan.rent_paid = rent_paid;
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
