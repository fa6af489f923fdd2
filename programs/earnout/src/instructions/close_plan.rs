//! Closes a plan of which nothing is open, and its vault, and leaves a mark at its address for ever.

use crate::{
    error::EarnoutError,
    events::{self, PlanClosed},
    prelude::*,
    state::{ClosedPlan, Plan, PlanStatus, account},
    token::{self, Transfer},
};

/// Accounts of `close_plan`. After them those that the mint's transfer hook asks for.
#[event_cpi]
#[derive(Accounts)]
pub struct ClosePlan<'info> {
    /// The plan's authority; once the plan is over anyone.
    pub caller: Signer<'info>,
    /// CHECK: a plan, read in the handler. Not a typed account because it is smaller afterwards.
    #[account(mut)]
    pub plan: UncheckedAccount<'info>,
    /// CHECK: the plan's vault, checked in the handler.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: where surplus goes, by `Plan::check_surplus_destination` in the handler.
    #[account(mut)]
    pub destination: UncheckedAccount<'info>,
    /// CHECK: who paid for plan and vault, checked in the handler.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
    /// CHECK: the plan's mint, checked in the handler; writable because withheld fees return to it.
    #[account(mut)]
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the plan's token program, checked in the handler.
    pub token_program: UncheckedAccount<'info>,
    /// CHECK: the memo program, checked by `token::transfer`; for a destination that asks for memos.
    pub memo_program: Option<UncheckedAccount<'info>>,
}

/// See [`crate::earnout::close_plan`].
pub fn handle_close_plan<'info>(ctx: Context<'info, ClosePlan<'info>>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let plan_key = accounts.plan.key();

    // Check.
    let (signer, sequence, rent_paid, by_authority, max_fee_bps) = {
        let plan = &mut *account::write::<Plan>(&accounts.plan, EarnoutError::WrongPlan)?;
        require!(accounts.vault.key() == plan.vault, EarnoutError::WrongVault);
        require!(accounts.mint.key() == plan.mint, EarnoutError::WrongMint);
        require!(
            accounts.token_program.key() == plan.token_program,
            EarnoutError::WrongTokenProgram
        );
        require!(
            accounts.rent_payer.key() == plan.rent_payer,
            EarnoutError::WrongRentPayer
        );
        plan.check_surplus_destination(accounts.caller.address(), &accounts.destination, now)?;
        let nothing_open = [
            plan.open_grants,
            plan.open_attestations,
            plan.open_pages,
            plan.open_periods,
        ] == [0; 4];
        require!(nothing_open, EarnoutError::StillNeeded);
        require!(plan.obligations()? == 0, EarnoutError::InvariantViolated);

        // Effect.
        plan.status = PlanStatus::Closed.to_byte();
        let rent_paid = plan.rent_paid.saturating_add(plan.vault_rent_paid);
        (
            plan.signer(),
            plan.next_event()?,
            rent_paid,
            accounts.caller.key() == plan.authority,
            plan.max_fee_bps,
        )
    };

    // Interact, reload and compare. The vault's lamports pass through the plan, so that its rent too returns to who
    // paid it.
    let transfer = Transfer {
        token_program: &accounts.token_program,
        mint: &accounts.mint,
        source: &accounts.vault,
        destination: &accounts.destination,
        authority: &accounts.plan,
        memo_program: accounts.memo_program.as_deref(),
        hook_accounts: ctx.remaining_accounts,
    };
    let (amount, received) = token::empty_and_close(&transfer, &signer.seeds())?;
    // All at once, and once: a crumb that is left here is lost to nobody's advantage.
    require!(
        by_authority || token::is_fee_within(amount, received, max_fee_bps),
        EarnoutError::FeeTooHigh
    );
    account::shrink(
        &accounts.plan,
        &ClosedPlan {
            closed_at: now,
            event_sequence: sequence,
        },
        rent_paid,
        &accounts.rent_payer,
        &accounts.destination,
    )?;

    // Emit.
    events::emit(
        &accounts.event_authority,
        &PlanClosed {
            plan: plan_key,
            time: now,
            sequence,
            destination: accounts.destination.key(),
            amount,
            received,
        },
    )
}
