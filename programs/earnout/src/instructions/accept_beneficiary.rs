//! Takes over a grant.

use crate::{
    address,
    error::EarnoutError,
    events::{self, BeneficiaryAccepted},
    prelude::*,
    state::{DISPUTE_BARRED, Grant, LoadKnown, Plan},
};

/// What the new beneficiary believes to take over. All of it can only have changed to its disadvantage.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptBeneficiaryArgs {
    /// Paid out so far, base units.
    pub claimed: u64,
    /// 0 running, 1 terminated, 2 resigned.
    pub termination: u8,
    /// Whether a dispute raised for the grant was decided against it.
    pub dispute_barred: bool,
}

/// Accounts of `accept_beneficiary`.
#[event_cpi]
#[derive(Accounts)]
pub struct AcceptBeneficiary<'info> {
    /// The proposed beneficiary.
    pub pending_beneficiary: Signer<'info>,
    /// The plan.
    #[account(mut)]
    pub plan: AccountLoader<'info, Plan>,
    /// The grant.
    #[account(
        mut,
        has_one = plan @ EarnoutError::WrongGrant,
        has_one = pending_beneficiary @ EarnoutError::WrongBeneficiary,
    )]
    pub grant: AccountLoader<'info, Grant>,
}

/// See [`crate::earnout::accept_beneficiary`].
pub fn handle_accept_beneficiary(ctx: Context<AcceptBeneficiary>, args: AcceptBeneficiaryArgs) -> Result<()> {
    let now = now()?;
    let event = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;
        let grant = &mut *ctx.accounts.grant.load_known_mut()?;

        // Check.
        require!(
            grant.claimed == args.claimed
                && grant.termination == args.termination
                && grant.has(DISPUTE_BARRED) == args.dispute_barred,
            EarnoutError::GrantChanged
        );
        // What the arbiter decides is for who disputed, and bars who disputed.
        require!(!grant.has_open_dispute(now), EarnoutError::DisputeOpen);
        let new = grant.pending_beneficiary;
        plan.require_beneficiary(&ctx.accounts.plan.key(), &new)?;
        // It may have voted on this grant already. Who is only announced as an oracle has not, and else could be kept
        // from the grant by an announcement; its votes on the grant are refused when the set begins.
        require!(
            !(grant.is_measured(plan)? && plan.is_oracle_in_force(&new, now)?),
            EarnoutError::OwnGrant
        );

        // Effect.
        let (_, bump) = address::associated(&new, &plan.mint, &plan.token_program)?;
        let old = grant.beneficiary;
        grant.hand_over(bump);
        BeneficiaryAccepted {
            plan: ctx.accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            grant: ctx.accounts.grant.key(),
            old,
            new,
        }
    };

    // Emit.
    events::emit(&ctx.accounts.event_authority, &event)
}
