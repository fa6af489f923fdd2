//! `earnout grant …`.

mod close;
mod create;
mod existing;
mod import;
mod list;
mod lock;
mod price;
mod resign;
mod show;
mod statement;
mod terminate;
mod transfer;

use {
    crate::{context::app::App, fault::Fault},
    clap::Subcommand,
};

// A new command is one line here and one in `run`.
/// Grants.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  $ earnout grant create PLAN BENEFICIARY 120_000 --weight revenue=10000")]
pub enum GrantCommand {
    Create(create::Create),
    Import(import::Import),
    List(list::List),
    Terminate(terminate::Terminate),
    Resign(resign::Resign),
    Show(show::Show),
    Statement(statement::Statement),
    Transfer(transfer::Transfer),
    Lock(lock::Lock),
    Close(close::Close),
}

impl GrantCommand {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match self {
            Self::Create(command) => command.run(app).await,
            Self::Import(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Terminate(command) => command.run(app).await,
            Self::Resign(command) => command.run(app).await,
            Self::Show(command) => command.run(app).await,
            Self::Statement(command) => command.run(app).await,
            Self::Transfer(command) => command.run(app).await,
            Self::Lock(command) => command.run(app).await,
            Self::Close(command) => command.run(app).await,
        }
    }
}
