//! Pays out what a grant has vested.

use crate::{
    address,
    error::EarnoutError,
    events::{self, GrantClaimed},
    prelude::*,
    state::{CLAIM_LOCKED, Grant, LoadKnown, Plan},
    token::{self, Transfer},
};

/// Accounts of `claim`. After them those that the mint's transfer hook asks for.
#[event_cpi]
#[derive(Accounts)]
pub struct Claim<'info> {
    /// The beneficiary; for all that is claimable and to the beneficiary's associated account, anyone.
    pub claimant: Signer<'info>,
    /// The plan.
    #[account(
        mut,
        has_one = vault @ EarnoutError::WrongVault,
        has_one = mint @ EarnoutError::WrongMint,
        has_one = token_program @ EarnoutError::WrongTokenProgram,
    )]
    pub plan: AccountLoader<'info, Plan>,
    /// The grant.
    #[account(mut, has_one = plan @ EarnoutError::WrongGrant)]
    pub grant: AccountLoader<'info, Grant>,
    /// CHECK: the plan's vault by `has_one`.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: a token account of the mint: the beneficiary's associated one, still owned by the beneficiary, or one
    /// that the beneficiary names, never a vault of this program. Checked in the handler.
    #[account(mut)]
    pub destination: UncheckedAccount<'info>,
    /// CHECK: the plan's mint by `has_one`.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the plan's token program by `has_one`.
    pub token_program: UncheckedAccount<'info>,
    /// CHECK: the memo program, checked by `token::transfer`; for a destination that asks for memos.
    pub memo_program: Option<UncheckedAccount<'info>>,
}

/// See [`crate::earnout::claim`].
pub fn handle_claim<'info>(ctx: Context<'info, Claim<'info>>, amount: Option<u64>, min_received: u64) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let (amount, plan_owed, sequence, by_beneficiary, max_fee_bps, signer) = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let grant = &mut *accounts.grant.load_known_mut()?;

        // Check.
        let by_beneficiary = same(accounts.claimant.address(), &grant.beneficiary);
        require!(by_beneficiary || !grant.has(CLAIM_LOCKED), EarnoutError::ClaimLocked);
        require!(by_beneficiary || amount.is_none(), EarnoutError::OnlyBeneficiary);
        check_destination(accounts, plan, grant, by_beneficiary)?;
        let claimable = grant.claimable(plan, now)?;
        require!(claimable > 0, EarnoutError::NothingToClaim);
        let amount = amount.unwrap_or(claimable);
        require!(amount > 0, EarnoutError::ZeroAmount);
        require!(amount <= claimable, EarnoutError::AmountTooLarge);

        // Effect.
        grant.claimed = grant.claimed.checked_add(amount).ok_or(EarnoutError::Overflow)?;
        plan.owed = plan.owed.checked_sub(amount).ok_or(EarnoutError::InvariantViolated)?;
        plan.claimed_total = plan.claimed_total.saturating_add(amount);
        let sequence = plan.next_event()?;
        (
            amount,
            plan.owed,
            sequence,
            by_beneficiary,
            plan.max_fee_bps,
            plan.signer(),
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
    require!(moved.received >= min_received, EarnoutError::ReceivedTooLittle);
    if !by_beneficiary && moved.received < amount {
        token::check_fee(&accounts.mint, amount, moved.received, max_fee_bps)?;
    }

    // Emit.
    let grant = accounts.grant.load()?;
    events::emit(
        &accounts.event_authority,
        &GrantClaimed {
            plan: accounts.plan.key(),
            time: now,
            sequence,
            grant: accounts.grant.key(),
            beneficiary: grant.beneficiary,
            claimant: accounts.claimant.key(),
            destination: accounts.destination.key(),
            amount,
            received: moved.received,
            claimed: grant.claimed,
            plan_owed,
            vault_balance: moved.source_balance,
        },
    )?;
    grant.invariant()?;
    accounts.plan.load()?.invariant(moved.source_balance)
}

/// Errors: `WrongDestination`; `OnlyBeneficiary` if somebody else names an account other than the associated one.
fn check_destination(accounts: &Claim, plan: &Plan, grant: &Grant, by_beneficiary: bool) -> Result<()> {
    let destination = token::holding(&accounts.destination, &plan.token_program);
    let destination = destination.ok_or(EarnoutError::WrongDestination)?;
    require!(same(&destination.mint, &plan.mint), EarnoutError::WrongDestination);
    let key = accounts.destination.address();
    if by_beneficiary {
        let own = same(&destination.owner, &grant.beneficiary);
        require!(
            own || !token::is_vault(key, &destination.owner)?,
            EarnoutError::WrongDestination
        );
        return Ok(());
    }
    require!(
        address::is_associated(
            key,
            &grant.beneficiary,
            &plan.mint,
            &plan.token_program,
            grant.associated_bump
        ),
        EarnoutError::OnlyBeneficiary
    );
    // The owner of an associated account can hand it to another key.
    require!(
        same(&destination.owner, &grant.beneficiary),
        EarnoutError::WrongDestination
    );
    Ok(())
}
