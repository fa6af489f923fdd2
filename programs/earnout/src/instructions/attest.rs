//! Records an oracle's vote on a shared KPI of a period.

use crate::{
    error::EarnoutError,
    events::{self, Rent, ValueAttested},
    prelude::*,
    state::{Attestation, AttestationKey, LoadKnown, Plan, Scope},
};

/// A vote.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttestArgs {
    /// Number of the KPI in the plan.
    pub kpi: u8,
    /// The period that was measured.
    pub period: u16,
    /// What was measured, fixed point with the KPI's decimals.
    pub value: i64,
    /// SHA-256 of the evidence.
    pub evidence: [u8; 32],
}

/// Accounts of `attest`.
#[event_cpi]
#[derive(Accounts)]
pub struct Attest<'info> {
    /// Pays the rent of the attestation if this is its first vote.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Member of the oracle set of the period, checked in the handler.
    pub oracle: Signer<'info>,
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// CHECK: the attestation of this KPI and period by its stored fields, or its canonical address, empty; checked in
    /// the handler.
    #[account(mut)]
    pub attestation: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// See [`crate::earnout::attest`].
pub fn handle_attest(ctx: Context<Attest>, args: AttestArgs) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let plan_key = accounts.plan.key();
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;

        // Check.
        plan.require_active()?;
        plan.check_voting(args.period, now)?;
        let kpi = plan.kpi(args.kpi)?;
        require!(kpi.accepts(args.value), EarnoutError::ValueOutOfRange);
        require!(kpi.scope()? == Scope::Shared, EarnoutError::WrongSubject);
        let resolves_at = (!kpi.has_feed()).then_some(now);
        let position = plan.oracle_set(args.period).position(accounts.oracle.address());
        let position = position.ok_or(EarnoutError::NotAnOracle)?;

        // Effect.
        let key = AttestationKey {
            plan: &plan_key,
            kpi: args.kpi,
            period: args.period,
        };
        let (mut attestation, is_new) = Attestation::obtain(&accounts.payer, &accounts.attestation, &key, plan)?;
        attestation.vote(position, args.value, args.evidence, resolves_at)?;
        ValueAttested {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            kpi: args.kpi,
            period: args.period,
            oracle: accounts.oracle.key(),
            value: args.value,
            evidence: args.evidence,
            rent: is_new.then(|| Rent {
                payer: accounts.payer.key(),
                lamports: attestation.rent_paid,
            }),
            resolved: attestation.is_resolved(),
        }
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)
}
