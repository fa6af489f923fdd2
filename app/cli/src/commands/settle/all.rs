//! `earnout settle --all`: every grant of a plan whose next period is final.

use {
    crate::{commands::crank::due::Work, context::app::App, fault::Fault, send::many::Sending},
    earnout_sdk::todo::due::Kinds,
    solana_program::pubkey::Pubkey,
};

/// Settles all that is due. Under redistribution a grant's next period waits until its bonus is collected: `crank` does
/// both.
///
/// # Errors
/// Whatever keeps some of it from being done.
pub async fn run(app: &App, plan: Pubkey, sending: Sending) -> Result<(), Fault> {
    let kinds = Kinds {
        observe: false,
        settle: true,
        collect: false,
        close: false,
    };
    let work = Work {
        app,
        plan,
        kinds,
        sending,
    };
    work.once().await
}
