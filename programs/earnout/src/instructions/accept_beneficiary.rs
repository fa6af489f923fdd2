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

/// Votes of an oracle that is the beneficiary do not count; so neither the old key nor the new one may have voted on
/// what is not settled, or else a vote would begin or cease to count. Who is only announced as an oracle has not, and
/// else could be kept from the grant by an announcement. Who was an oracle of an earlier set may have voted on periods
/// that are past their last deadlines: these are settled first.
///
/// Errors: `OwnGrant`, `SettleFirst`.
fn check_measured(plan: &Plan, grant: &Grant, now: i64) -> Result<()> {
    for key in [&grant.beneficiary, &grant.pending_beneficiary] {
        require!(!plan.is_oracle_in_force(key, now)?, EarnoutError::OwnGrant);
    }
    let end = plan.calendar()?.period_end(grant.next_period).ours()?;
    let deadline = plan.windows().settle_deadline(end).ours()?;
    require!(now < deadline, EarnoutError::SettleFirst);
    Ok(())
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
        if grant.is_measured(plan)? {
            check_measured(plan, grant, now)?;
        }

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
