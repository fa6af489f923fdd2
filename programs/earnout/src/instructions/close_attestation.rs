//! Closes an attestation that nobody needs any more.

use crate::{
    error::EarnoutError,
    events::{self, AttestationClosed},
    prelude::*,
    state::{Attestation, LoadKnown, Plan, account},
};

/// Accounts of `close_attestation`. Open to anyone: no signer but the transaction's own.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseAttestation<'info> {
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The attestation.
    #[account(
        mut,
        has_one = plan @ EarnoutError::WrongAttestation,
        has_one = rent_payer @ EarnoutError::WrongRentPayer,
    )]
    pub attestation: AccountLoader<'info, Attestation>,
    /// CHECK: who paid for the attestation, by `has_one`.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
    /// CHECK: the plan's treasury, checked in the handler. Receives lamports that the rent payer did not pay.
    #[account(mut)]
    pub treasury: UncheckedAccount<'info>,
}

/// See [`crate::earnout::close_attestation`].
pub fn handle_close_attestation(ctx: Context<CloseAttestation>) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let (event, rent_paid) = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let attestation = accounts.attestation.load_known()?;

        // Check.
        plan.require_treasury(accounts.treasury.address(), now)?;
        require!(!plan.is_needed(attestation.period), EarnoutError::StillNeeded);

        // Effect.
        Plan::count_closed(&mut plan.open_attestations)?;
        let event = AttestationClosed {
            plan: accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            kpi: attestation.kpi,
            period: attestation.period,
        };
        (event, attestation.rent_paid)
    };
    account::close(
        accounts.attestation.as_ref(),
        rent_paid,
        &accounts.rent_payer,
        &accounts.treasury,
    )?;

    // Emit.
    events::emit(&accounts.event_authority, &event)
}
