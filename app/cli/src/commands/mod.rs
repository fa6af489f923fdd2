//! The commands, one file each.

mod attest;
mod attestation;
mod claim;
mod completions;
mod crank;
mod events;
mod grant;
mod hash;
mod localnet;
mod observe;
mod plan;
mod settle;

use {
    crate::{context::app::App, fault::Fault},
    clap::Subcommand,
};

// A new command is one line here and one in `run`.
/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make, fund, run and close plans
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// Make, end, hand over and close grants
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    Attest(attest::Attest),
    /// Dispute reported values, and rule on disputes
    #[command(subcommand)]
    Attestation(attestation::AttestationCommand),
    Observe(observe::Observe),
    Settle(settle::Settle),
    Claim(claim::Claim),
    Crank(crank::Crank),
    Events(events::Events),
    Localnet(localnet::Localnet),
    Completions(completions::Completions),
}

impl Command {
    /// Runs the command; `cli` describes all arguments, for the shells.
    pub async fn run(&self, app: &App, cli: fn() -> clap::Command) -> Result<(), Fault> {
        match self {
            Self::Plan(command) => command.run(app).await,
            Self::Grant(command) => command.run(app).await,
            Self::Attest(command) => command.run(app).await,
            Self::Attestation(command) => command.run(app).await,
            Self::Observe(command) => command.run(app).await,
            Self::Settle(command) => command.run(app).await,
            Self::Claim(command) => command.run(app).await,
            Self::Crank(command) => command.run(app).await,
            Self::Events(command) => command.run(app).await,
            Self::Localnet(command) => command.run(app),
            Self::Completions(command) => command.run(app, cli),
        }
    }
}
