//! The steps of a deployment, in order: each looks at what is there, does only what is missing, and checks what it did.
//! Unless told to execute they only say what they would do.

mod buffer;
mod cluster;
mod deployment;
mod program_file;

#[path = "../0004_create_plan.rs"]
mod create_plan;
#[path = "../0001_deploy_or_upgrade.rs"]
mod deploy_or_upgrade;
#[path = "../0003_set_upgrade_authority.rs"]
mod set_upgrade_authority;
#[path = "../0002_verify_bytes.rs"]
mod verify_bytes;

use {
    clap::{Parser, Subcommand},
    std::process::ExitCode,
};

/// Numbered steps for a deployment of Earnout. Each can be run again without harm, and only shows what it would do
/// unless --execute is given.
#[derive(Parser)]
#[command(name = "earnout-migrate", version)]
struct Cli {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Deploy the program, or upgrade it to the bytes of a file
    #[command(name = "0001-deploy-or-upgrade", visible_alias = "0001")]
    DeployOrUpgrade(deploy_or_upgrade::DeployOrUpgrade),
    /// Compare the deployed bytes with a build
    #[command(name = "0002-verify-bytes", visible_alias = "0002")]
    VerifyBytes(verify_bytes::VerifyBytes),
    /// Give the right to upgrade the program to another key, or give it up
    #[command(name = "0003-set-upgrade-authority", visible_alias = "0003")]
    SetUpgradeAuthority(set_upgrade_authority::SetUpgradeAuthority),
    /// Create a plan from a file
    #[command(name = "0004-create-plan", visible_alias = "0004")]
    CreatePlan(create_plan::CreatePlan),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Cli::parse().step {
        Step::DeployOrUpgrade(step) => step.run().await,
        Step::VerifyBytes(step) => step.run().await,
        Step::SetUpgradeAuthority(step) => step.run().await,
        Step::CreatePlan(step) => step.run().await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
