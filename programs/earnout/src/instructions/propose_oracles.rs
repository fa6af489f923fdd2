//! Announces another oracle set.

use crate::{
    error::EarnoutError,
    events::{self, OraclesProposed},
    prelude::*,
    state::{LoadKnown, OracleSet, Plan},
};

/// A new oracle set and when it begins.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct ProposeOraclesArgs {
    /// 1 to 8 oracles.
    pub oracles: Vec<Pubkey>,
    /// Votes that decide: more than half of the oracles.
    pub threshold: u8,
    /// First period the set votes on; it begins at least the plan's notice from now.
    pub first_period: u16,
}

/// Accounts of `propose_oracles`.
#[event_cpi]
#[derive(Accounts)]
pub struct ProposeOracles<'info> {
    /// The plan's authority.
    pub authority: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = authority @ EarnoutError::WrongAuthority)]
    pub plan: AccountLoader<'info, Plan>,
}

/// See [`crate::earnout::propose_oracles`].
pub fn handle_propose_oracles(ctx: Context<ProposeOracles>, args: ProposeOraclesArgs) -> Result<()> {
    let now = now()?;
    let event = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;

        // Check.
        plan.require_active()?;
        let set = OracleSet::new(&args.oracles, args.threshold, args.first_period)?;
        plan.require_separate_roles(&set)?;
        let begins = plan.calendar()?.period_start(args.first_period).ours()?;
        let earliest = now.checked_add(i64::from(plan.notice_secs));
        require!(
            begins >= earliest.ok_or(EarnoutError::Overflow)?,
            EarnoutError::NoticeTooShort
        );

        // Effect. The set before makes room once its last period is past its deadlines.
        plan.retire_oracles(now)?;
        require!(plan.next_oracles.count == 0, EarnoutError::OracleChangePending);
        plan.next_oracles = set;
        OraclesProposed {
            plan: ctx.accounts.plan.key(),
            time: now,
            sequence: plan.next_event()?,
            oracles: args.oracles,
            threshold: args.threshold,
            first_period: args.first_period,
        }
    };

    // Emit.
    events::emit(&ctx.accounts.event_authority, &event)
}
