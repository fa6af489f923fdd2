//! `earnout plan …`.

mod fund;

use {
    crate::{app::App, fault::Fault},
    clap::Subcommand,
};

/// Plans. A new command is one line here and one in `run`.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  $ earnout plan fund 7xKX…/1 250_000")]
pub enum PlanCommand {
    Fund(fund::Fund),
}

impl PlanCommand {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match self {
            Self::Fund(command) => command.run(app).await,
        }
    }
}
