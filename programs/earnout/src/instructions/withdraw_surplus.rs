//! Sends surplus to the treasury.

use crate::{
    error::EarnoutError,
    events::{self, SurplusWithdrawn},
    prelude::*,
    state::{LoadKnown, Plan},
    token::{self, Transfer},
};

/// Accounts of `withdraw_surplus`. After them those that the mint's transfer hook asks for.
#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawSurplus<'info> {
    /// The plan's authority; once the plan is over anyone.
    pub caller: Signer<'info>,
    /// The plan.
    #[account(
        mut,
        has_one = vault @ EarnoutError::WrongVault,
        has_one = mint @ EarnoutError::WrongMint,
        has_one = token_program @ EarnoutError::WrongTokenProgram,
    )]
    pub plan: AccountLoader<'info, Plan>,
    /// CHECK: the plan's vault by `has_one`.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: the plan's treasury, still owned by the same key; for anyone but the authority the associated account of
    /// that key. Checked in the handler.
    #[account(mut)]
    pub destination: UncheckedAccount<'info>,
    /// CHECK: the plan's mint by `has_one`.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the plan's token program by `has_one`.
    pub token_program: UncheckedAccount<'info>,
    /// CHECK: the memo program, checked by `token::transfer`; for a destination that asks for memos.
    pub memo_program: Option<UncheckedAccount<'info>>,
}

/// See [`crate::earnout::withdraw_surplus`].
pub fn handle_withdraw_surplus<'info>(ctx: Context<'info, WithdrawSurplus<'info>>, amount: Option<u64>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let plan_key = accounts.plan.key();
    let token_program = accounts.token_program.key();

    // Check.
    let vault = token::holding(&accounts.vault, &token_program).ok_or(EarnoutError::WrongVault)?;
    let (amount, signer, sequence, by_authority, max_fee_bps) = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        plan.check_surplus_destination(accounts.caller.address(), &accounts.destination, now)?;
        let surplus = plan.surplus(vault.amount)?;
        let amount = amount.unwrap_or(surplus);
        require!(amount > 0, EarnoutError::ZeroAmount);
        require!(amount <= surplus, EarnoutError::InsufficientSurplus);

        // Effect.
        plan.withdrawn_total = plan.withdrawn_total.saturating_add(amount);
        (
            amount,
            plan.signer(),
            plan.next_event()?,
            accounts.caller.key() == plan.authority,
            plan.max_fee_bps,
        )
    };

    // Interact, reload and compare.
    let moved = token::transfer(
        &Transfer {
            token_program: &accounts.token_program,
            mint: &accounts.mint,
            source: &accounts.vault,
            destination: &accounts.destination,
            authority: accounts.plan.as_ref(),
            memo_program: accounts.memo_program.as_deref(),
            hook_accounts: ctx.remaining_accounts,
        },
        amount,
        &signer.seeds(),
    )?;
    if !by_authority {
        token::check_fee(&accounts.mint, amount, moved.received, max_fee_bps)?;
    }

    // Emit.
    events::emit(
        &accounts.event_authority,
        &SurplusWithdrawn {
            plan: plan_key,
            time: now,
            sequence,
            destination: accounts.destination.key(),
            amount,
            received: moved.received,
            vault_balance: moved.source_balance,
        },
    )?;
    accounts.plan.load()?.invariant(moved.source_balance)
}
