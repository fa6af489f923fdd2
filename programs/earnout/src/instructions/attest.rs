//! Records an oracle's vote on a KPI of a period.

use crate::{
    error::EarnoutError,
    events::{self, Rent, ValueAttested},
    prelude::*,
    state::{Attestation, AttestationKey, Grant, LoadKnown, Plan, Scope},
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
    /// The grant that an individual KPI is measured for; none for a shared KPI.
    #[account(has_one = plan @ EarnoutError::WrongGrant)]
    pub grant: Option<AccountLoader<'info, Grant>>,
    /// CHECK: the attestation of this KPI, period and subject by its stored fields, or its canonical address, empty;
    /// checked in the handler.
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
        check_window(plan, args.period, now)?;
        require!(plan.kpi(args.kpi)?.accepts(args.value), EarnoutError::ValueOutOfRange);
        let subject = check_subject(accounts, plan, &args)?;
        let position = plan.oracle_set(args.period).position(accounts.oracle.address());
        let position = position.ok_or(EarnoutError::NotAnOracle)?;

        // Effect.
        let key = AttestationKey {
            plan: &plan_key,
            kpi: args.kpi,
            period: args.period,
            subject: &subject,
        };
        let (mut attestation, is_new) = Attestation::obtain(&accounts.payer, &accounts.attestation, &key, plan)?;
        attestation.vote(position, args.value, args.evidence, now)?;
        ValueAttested {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            kpi: args.kpi,
            period: args.period,
            subject,
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

/// Errors: `UnknownPeriod`, `VotingNotOpen`, `VotingClosed`, `NothingToEvaluate` if no grant needs the period any more,
/// so that the address of an attestation that was closed can never be used again.
fn check_window(plan: &Plan, period: u16, now: i64) -> Result<()> {
    let end = plan.calendar()?.period_end(period).ours()?;
    require!(now >= end, EarnoutError::VotingNotOpen);
    let deadline = plan.windows().attest_deadline(end).ours()?;
    require!(now < deadline, EarnoutError::VotingClosed);
    require!(plan.is_needed(period), EarnoutError::NothingToEvaluate);
    Ok(())
}

/// Who is measured: the plan for a shared KPI; for an individual one a grant that has weight on it, covers the period,
/// has not settled it, and is not the oracle's own.
///
/// Errors: `WrongSubject`, `NothingToEvaluate`, `OwnGrant`.
fn check_subject(accounts: &Attest, plan: &Plan, args: &AttestArgs) -> Result<Pubkey> {
    match (plan.kpi(args.kpi)?.scope()?, &accounts.grant) {
        (Scope::Shared, None) => Ok(accounts.plan.key()),
        (Scope::Individual, Some(loader)) => {
            let grant = loader.load_known()?;
            require!(
                grant.has_weight(args.kpi) && grant.covers(args.period),
                EarnoutError::WrongSubject
            );
            require!(!grant.has_settled(args.period), EarnoutError::NothingToEvaluate);
            require!(grant.beneficiary != accounts.oracle.key(), EarnoutError::OwnGrant);
            Ok(loader.key())
        }
        _ => err!(EarnoutError::WrongSubject),
    }
}
