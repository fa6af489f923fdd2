//! Decides a dispute.

use crate::{
    error::EarnoutError,
    events::{self, DisputeRuled},
    prelude::*,
    state::{Attestation, Grant, LoadKnown, Plan, RulingKind},
};

/// A ruling and why.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleArgs {
    /// The value that counts, fixed point with the KPI's decimals; none if the oracles' value or silence stands.
    pub value: Option<i64>,
    /// SHA-256 of the published reason.
    pub reason_hash: [u8; 32],
}

/// Accounts of `rule`.
#[event_cpi]
#[derive(Accounts)]
pub struct Rule<'info> {
    /// The plan's arbiter.
    pub arbiter: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = arbiter @ EarnoutError::WrongArbiter)]
    pub plan: AccountLoader<'info, Plan>,
    /// The disputed attestation.
    #[account(mut, has_one = plan @ EarnoutError::WrongAttestation)]
    pub attestation: AccountLoader<'info, Attestation>,
    /// The grant for which a beneficiary disputed; none if the authority did.
    #[account(mut, has_one = plan @ EarnoutError::WrongGrant)]
    pub disputer_grant: Option<AccountLoader<'info, Grant>>,
}

/// See [`crate::earnout::rule`].
pub fn handle_rule(ctx: Context<Rule>, args: RuleArgs) -> Result<()> {
    let now = now()?;
    let accounts = &ctx.accounts;
    let event = {
        let plan = &mut *accounts.plan.load_known_mut()?;
        let attestation = &mut *accounts.attestation.load_known_mut()?;

        // Check.
        require!(attestation.disputed_at != 0, EarnoutError::NotDisputed);
        require!(attestation.ruling()? == RulingKind::None, EarnoutError::AlreadyRuled);
        require!(now < attestation.ruling_deadline(plan)?, EarnoutError::RulingClosed);
        if let Some(value) = args.value {
            require!(plan.kpi(attestation.kpi)?.accepts(value), EarnoutError::ValueOutOfRange);
        }
        let grant = accounts.disputer_grant.as_ref().map(Key::key).unwrap_or_default();
        require!(grant == attestation.disputer_grant, EarnoutError::WrongGrant);

        // Effect. Who disputed in vain for a grant does not delay the others again.
        attestation.rule(args.value, args.reason_hash, now);
        if let Some(grant) = &accounts.disputer_grant {
            grant.load_known_mut()?.note_ruling(args.value.is_none());
        }
        DisputeRuled {
            plan: accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            kpi: attestation.kpi,
            period: attestation.period,
            subject: attestation.subject,
            value: args.value,
            reason_hash: args.reason_hash,
            grant: accounts.disputer_grant.as_ref().map(Key::key),
        }
    };

    // Emit.
    events::emit(&accounts.event_authority, &event)
}
