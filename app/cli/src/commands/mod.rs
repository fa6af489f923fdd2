//! The commands, one file each.

mod plan;

use {
    crate::{app::App, fault::Fault},
    clap::Subcommand,
};

/// What can be done. A new command is one line here and one in `run`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make, fund, run and close plans
    #[command(subcommand)]
    Plan(plan::PlanCommand),
}

impl Command {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match self {
            Self::Plan(command) => command.run(app).await,
        }
    }
}
