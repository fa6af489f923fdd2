//! Adds tokens to a plan's vault.

use crate::{
    error::EarnoutError,
    events::{self, PlanFunded},
    prelude::*,
    state::{LoadKnown, Plan},
    token::{self, Transfer},
};

/// Accounts of `fund`. After them those that the mint's transfer hook asks for.
#[event_cpi]
#[derive(Accounts)]
pub struct Fund<'info> {
    /// Owner or delegate of `source`. Anyone, a PDA included.
    pub funder: Signer<'info>,
    /// The plan.
    #[account(
        mut,
        has_one = vault @ EarnoutError::WrongVault,
        has_one = mint @ EarnoutError::WrongMint,
        has_one = token_program @ EarnoutError::WrongTokenProgram,
    )]
    pub plan: AccountLoader<'info, Plan>,
    /// CHECK: a token account of the mint other than the vault, checked in the handler; the token program asks for the
    /// funder's right to it.
    #[account(mut)]
    pub source: UncheckedAccount<'info>,
    /// CHECK: the plan's vault by `has_one`.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: the plan's mint by `has_one`; `token::check_mint` in the handler.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the plan's token program by `has_one`.
    pub token_program: UncheckedAccount<'info>,
}

/// See [`crate::earnout::fund`].
pub fn handle_fund<'info>(ctx: Context<'info, Fund<'info>>, amount: u64) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;

    // Check.
    require!(amount > 0, EarnoutError::ZeroAmount);
    {
        let plan = accounts.plan.load_known()?;
        plan.require_fundable(now)?;
        token::check_mint(&accounts.mint, &plan.token_program, plan.token_flags)?;
    }
    let source = token::holding(&accounts.source, accounts.token_program.address());
    let source = source.ok_or(EarnoutError::WrongSource)?;
    require!(
        source.mint == accounts.mint.key() && accounts.source.key() != accounts.vault.key(),
        EarnoutError::WrongSource
    );

    // Interact, reload and compare. What arrived counts, so the effect comes after it.
    let moved = token::transfer(
        &Transfer {
            token_program: &accounts.token_program,
            mint: &accounts.mint,
            source: &accounts.source,
            destination: &accounts.vault,
            authority: &accounts.funder,
            memo_program: None,
            hook_accounts: ctx.remaining_accounts,
        },
        amount,
        &[],
    )?;

    // Effect.
    let sequence = {
        let mut plan = accounts.plan.load_known_mut()?;
        plan.funded_total = plan.funded_total.saturating_add(moved.received);
        plan.next_event()?
    };

    // Emit.
    events::emit(
        &accounts.event_authority,
        &PlanFunded {
            plan: accounts.plan.key(),
            time: now,
            sequence,
            funder: accounts.funder.key(),
            amount,
            received: moved.received,
            vault_balance: moved.destination_balance,
        },
    )?;
    accounts.plan.load()?.invariant(moved.destination_balance)
}
