//! Says where the documents of a plan are.

use crate::{
    error::EarnoutError,
    events::{self, UriSet},
    prelude::*,
    state::{LoadKnown, Plan},
};

/// Accounts of `set_uri`.
#[event_cpi]
#[derive(Accounts)]
pub struct SetUri<'info> {
    /// The plan's authority.
    pub authority: Signer<'info>,
    /// The plan.
    #[account(mut, has_one = authority @ EarnoutError::WrongAuthority)]
    pub plan: AccountLoader<'info, Plan>,
}

/// See [`crate::earnout::set_uri`].
pub fn handle_set_uri(ctx: Context<SetUri>, uri: String) -> Result<()> {
    let now = now()?;
    let (old, sequence) = {
        let plan = &mut *ctx.accounts.plan.load_known_mut()?;

        // Check and effect.
        (plan.set_uri(&uri)?, plan.next_event()?)
    };

    // Emit.
    let plan = ctx.accounts.plan.key();
    events::emit(
        &ctx.accounts.event_authority,
        &UriSet {
            plan,
            time: now,
            sequence,
            old,
            new: uri,
        },
    )
}
