//! Makes a grant, funded in full from its first second.

use crate::{
    address,
    constants::GRANT_SEED,
    error::EarnoutError,
    events::{self, GrantCreated, Rent},
    prelude::*,
    state::{Grant, LoadKnown, Plan, account},
    token,
};

pub use crate::state::CreateGrantArgs;

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
        plan.check_enrolment(&plan_key, &args, now)?;

        // Effect.
        let (_, associated_bump) = address::associated(&args.beneficiary, &plan.mint, &plan.token_program)?;
        let index = args.grant_index.to_le_bytes();
        let seeds: &[&[u8]] = &[GRANT_SEED, plan_key.as_ref(), &index, &[bump]];
        let rent_paid = account::create::<Grant>(&accounts.payer, &accounts.grant, seeds)?;
        let grant = &mut *account::write::<Grant>(&accounts.grant, EarnoutError::CorruptAccount)?;
        grant.begin(plan, &plan_key, &args, bump, associated_bump, now)?;
        (grant.rent_payer, grant.rent_paid) = (accounts.payer.key(), rent_paid);
        require!(
            grant.reserved <= plan.surplus(vault.amount)?,
            EarnoutError::InsufficientFunds
        );
        plan.enrol(grant)?;
        let event = GrantCreated {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            grant: accounts.grant.key(),
            rent: Rent {
                payer: accounts.payer.key(),
                lamports: rent_paid,
            },
            max_credit: grant.max_credit,
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
