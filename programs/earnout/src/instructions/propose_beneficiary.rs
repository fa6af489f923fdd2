//! Offers a grant to another key.

use crate::{
    error::EarnoutError,
    events::{self, BeneficiaryProposed},
    prelude::*,
    state::{Grant, LoadKnown, Plan, TRANSFERABLE},
};

/// Accounts of `propose_beneficiary`.
#[event_cpi]
#[derive(Accounts)]
pub struct ProposeBeneficiary<'info> {
    /// The grant's beneficiary.
    pub beneficiary: Signer<'info>,
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The grant.
    #[account(
        mut,
        has_one = plan @ EarnoutError::WrongGrant,
        has_one = beneficiary @ EarnoutError::WrongBeneficiary,
    )]
    pub grant: AccountLoader<'info, Grant>,
}

/// See [`crate::earnout::propose_beneficiary`].
pub fn handle_propose_beneficiary(ctx: Context<ProposeBeneficiary>, beneficiary: Option<Pubkey>) -> Result<()> {
    let now = now()?;
    let event = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;
        let grant = &mut *ctx.accounts.grant.load_known_mut()?;

        // Check.
        require!(grant.has(TRANSFERABLE), EarnoutError::NotTransferable);
        if let Some(beneficiary) = &beneficiary {
            plan.require_beneficiary(&ctx.accounts.plan.key(), beneficiary)?;
        }

        // Effect.
        let old = grant.pending_beneficiary;
        grant.pending_beneficiary = beneficiary.unwrap_or_default();
        BeneficiaryProposed {
            plan: ctx.accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            grant: ctx.accounts.grant.key(),
            old,
            new: grant.pending_beneficiary,
        }
    };

    // Emit.
    events::emit(&ctx.accounts.event_authority, &event)
}
