//! `earnout attestation …`.

mod dispute;
mod rule;
mod show;

use {
    crate::{context::app::App, fault::Fault},
    clap::Subcommand,
};

/// Attestations. A new command is one line here and one in `run`.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  $ earnout attestation dispute PLAN revenue 0 --reason reason.md")]
pub enum AttestationCommand {
    Dispute(dispute::Dispute),
    Rule(rule::Rule),
    Show(show::Show),
}

impl AttestationCommand {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        match self {
            Self::Dispute(command) => command.run(app).await,
            Self::Rule(command) => command.run(app).await,
            Self::Show(command) => command.run(app).await,
        }
    }
}
