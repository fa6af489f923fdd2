//! Disputes a value, or that nobody reported one.

use crate::{
    error::EarnoutError,
    events::{self, Rent, ValueDisputed},
    prelude::*,
    state::{Attestation, AttestationKey, DISPUTE_BARRED, Grant, LoadKnown, Plan, Scope},
};

/// What is disputed and why.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputeArgs {
    /// Number of the KPI in the plan.
    pub kpi: u8,
    /// The period.
    pub period: u16,
    /// SHA-256 of the published reason.
    pub reason_hash: [u8; 32],
}

/// Accounts of `dispute`.
#[event_cpi]
#[derive(Accounts)]
pub struct Dispute<'info> {
    /// Pays the rent of the attestation if no oracle ever voted.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The plan's authority, or the beneficiary of `grant`.
    pub disputer: Signer<'info>,
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The grant that an individual KPI is measured for; for a shared KPI the disputing beneficiary's grant, or none if
    /// the authority disputes.
    #[account(mut, has_one = plan @ EarnoutError::WrongGrant)]
    pub grant: Option<AccountLoader<'info, Grant>>,
    /// CHECK: the attestation of this KPI, period and subject by its stored fields, or its canonical address, empty;
    /// checked in the handler.
    #[account(mut)]
    pub attestation: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// See [`crate::earnout::dispute`].
pub fn handle_dispute(ctx: Context<Dispute>, args: DisputeArgs) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let plan_key = accounts.plan.key();
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;

        // Check.
        plan.require_active()?;
        let decided_by = plan.attest_deadline(args.period)?;
        require!(plan.is_needed(args.period), EarnoutError::NothingToEvaluate);
        let (subject, grant) = check_disputer(accounts, plan, &args)?;
        let key = AttestationKey {
            plan: &plan_key,
            kpi: args.kpi,
            period: args.period,
            subject: &subject,
        };

        // Effect. A silence that nobody broke has no account yet.
        if let (Some(_), Some(loader)) = (&grant, &accounts.grant) {
            loader.load_known_mut()?.note_dispute(now, plan.ruling_secs)?;
        }
        let (mut attestation, is_new) = Attestation::obtain(&accounts.payer, &accounts.attestation, &key, plan)?;
        check_window(plan, &attestation, decided_by, now)?;
        attestation.dispute(accounts.disputer.key(), grant, args.reason_hash, now);
        ValueDisputed {
            plan: plan_key,
            time: now,
            sequence: plan.next_event()?,
            kpi: args.kpi,
            period: args.period,
            subject,
            disputer: attestation.disputer,
            grant,
            reason_hash: args.reason_hash,
            rent: is_new.then(|| Rent {
                payer: accounts.payer.key(),
                lamports: attestation.rent_paid,
            }),
        }
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)
}

/// The subject of the KPI, and the grant for which a beneficiary disputes.
///
/// Errors: `WrongSubject`, `NotEntitled`, `NothingToEvaluate`, `DisputeBarred`.
fn check_disputer(accounts: &Dispute, plan: &Plan, args: &DisputeArgs) -> Result<(Pubkey, Option<Pubkey>)> {
    let scope = plan.kpi(args.kpi)?.scope()?;
    let by_authority = accounts.disputer.key() == plan.authority;
    let Some(loader) = &accounts.grant else {
        require!(scope == Scope::Shared, EarnoutError::WrongSubject);
        require!(by_authority, EarnoutError::NotEntitled);
        return Ok((accounts.plan.key(), None));
    };
    let grant = loader.load_known()?;
    require!(
        grant.has_weight(args.kpi) && grant.covers(args.period),
        EarnoutError::WrongSubject
    );
    require!(!grant.has_settled(args.period), EarnoutError::NothingToEvaluate);
    let subject = match scope {
        Scope::Shared => accounts.plan.key(),
        Scope::Individual => loader.key(),
    };
    if by_authority {
        return Ok((subject, None));
    }
    let can_earn = grant.can_earn_in(args.period)?;
    require!(
        accounts.disputer.key() == grant.beneficiary && can_earn,
        EarnoutError::NotEntitled
    );
    require!(!grant.has(DISPUTE_BARRED), EarnoutError::DisputeBarred);
    Ok((subject, Some(loader.key())))
}

/// Errors: `AlreadyDisputed`, `NotDisputable` before there is a value or a silence to dispute, `ChallengeClosed`.
fn check_window(plan: &Plan, attestation: &Attestation, decided_by: i64, now: i64) -> Result<()> {
    require!(attestation.disputed_at == 0, EarnoutError::AlreadyDisputed);
    let (from, until) = attestation.challenge_window(plan, decided_by)?;
    require!(now >= from, EarnoutError::NotDisputable);
    require!(now < until, EarnoutError::ChallengeClosed);
    Ok(())
}
