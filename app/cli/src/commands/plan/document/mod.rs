//! `earnout plan document …`.

mod check;
mod new;
mod show;

use {
    crate::{context::app::App, fault::Fault},
    clap::Subcommand,
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

impl DocumentCommand {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match self {
            Self::New(command) => command.run(app).await,
            Self::Check(command) => command.run(app).await,
            Self::Show(command) => command.run(app).await,
        }
    }
}
