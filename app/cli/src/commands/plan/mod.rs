//! `earnout plan …`.

mod activate;
mod authority;
mod close;
mod create;
mod document;
mod fund;
mod init;
mod list;
mod oracles;
mod show;
mod simulate;
pub mod statement;
mod surplus;
mod treasury;
mod uri;

use {
    crate::{context::app::App, fault::Fault},
    clap::Subcommand,
};

// A new command is one line here and one in `run`.
/// Plans.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  $ earnout plan fund PLAN 250_000.5")]
pub enum PlanCommand {
    Init(init::Init),
    Create(create::Create),
    Simulate(simulate::Simulate),
    Fund(fund::Fund),
    List(list::List),
    Activate(activate::Activate),
    Surplus(surplus::Surplus),
    Authority(authority::Authority),
    Oracles(oracles::Oracles),
    Show(show::Show),
    Statement(statement::Statement),
    Treasury(treasury::Treasury),
    Uri(uri::Uri),
    #[command(subcommand)]
    Document(document::DocumentCommand),
    Close(close::Close),
}

impl PlanCommand {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match self {
            Self::Init(command) => command.run(app),
            Self::Create(command) => command.run(app).await,
            Self::Simulate(command) => command.run(app),
            Self::Fund(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Activate(command) => command.run(app).await,
            Self::Surplus(command) => command.run(app).await,
            Self::Authority(command) => command.run(app).await,
            Self::Oracles(command) => command.run(app).await,
            Self::Show(command) => command.run(app).await,
            Self::Statement(command) => command.run(app).await,
            Self::Treasury(command) => command.run(app).await,
            Self::Uri(command) => command.run(app).await,
            Self::Document(command) => command.run(app).await,
            Self::Close(command) => command.run(app).await,
        }
    }
}
