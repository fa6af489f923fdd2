//! `earnout plan document …`.

mod check;
mod new;
mod show;

use {
    crate::{context::app::App, fault::Fault},
    clap::Subcommand,
    earnout::state::Plan,
    solana_program::pubkey::Pubkey,
};

/// The plan document: texts of the rubrics, where evidence is published, labels of contributors. A new command is one
/// line here and one in `run`.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  $ earnout plan document check PLAN")]
pub enum DocumentCommand {
    New(new::New),
    Check(check::Check),
    Show(show::Show),
}

/// The plan at `address`, also one that was closed, which its events tell.
///
/// # Errors
/// If there is none, or the endpoint does not answer.
async fn plan_of(app: &App, address: &Pubkey) -> Result<Plan, Fault> {
    let client = app.client()?;
    match client.is_closed_plan(address).await? {
        true => Ok(client.statement_sources(address).await?.plan),
        false => Ok(client.plan(address).await?),
    }
}

impl DocumentCommand {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match self {
            Self::New(command) => command.run(app).await,
            Self::Check(command) => command.run(app).await,
            Self::Show(command) => command.run(app).await,
        }
    }
}
