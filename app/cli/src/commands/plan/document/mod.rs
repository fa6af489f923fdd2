//! `earnout plan document …`.

mod check;
mod new;
mod show;

use {
    crate::{
        context::{
            app::App,
            document::{Loaded, Place},
            reference::PlanRef,
        },
        fault::Fault,
    },
    clap::{Args, Subcommand},
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

/// A plan and which document of it is meant.
#[derive(Debug, Args)]
struct Named {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The document: a file, a URL, or `uri` for what lies under the plan's uri
    #[arg(long, value_name = "FILE|URL|uri", default_value = "uri")]
    document: Place,
}

impl Named {
    /// The plan's address, the plan, also one that was closed, which its events tell, and the document compared with
    /// it.
    ///
    /// # Errors
    /// If there is no plan or no document of it, or the endpoint does not answer.
    async fn load(&self, app: &App) -> Result<(Pubkey, Plan, Loaded), Fault> {
        let address = self.plan.address();
        let client = app.client()?;
        let plan = match client.is_closed_plan(&address).await? {
            true => client.statement_sources(&address).await?.plan,
            false => client.plan(&address).await?,
        };
        let loaded = self.document.load(app, &address, &plan).await?;
        Ok((address, plan, loaded))
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
