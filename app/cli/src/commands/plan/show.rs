//! `earnout plan show`.

use {
    crate::{
        context::{app::App, document::DocumentArgs, reference::PlanRef},
        fault::Fault,
        shown::{
            names::Names,
            plan::{PlanView, require_agreement},
        },
    },
    clap::Args,
    earnout_sdk::report::statement::Statement,
};

/// Show a plan: terms, people, vault, periods, and what is due now and by whom
///
/// What does not agree with the attested values, or is missing at the endpoint, stands at the end and makes the exit
/// code 2. With a plan document the rubric of each KPI is compared with its hash. Amounts in JSON are decimal strings
/// of base units, times are Unix seconds.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan show PLAN
  $ earnout plan show PLAN --document uri
  $ earnout plan show PLAN --output json | jq .due")]
pub struct Show {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    #[command(flatten)]
    beside: DocumentArgs,
}

impl Show {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let sources = app.client()?.statement_sources(&self.plan.address()).await?;
        let token = app.token_of(&sources.plan).await?;
        let beside = self.beside.load(app, &sources.address, &sources.plan).await?;
        let view = PlanView::new(Statement::of(sources)?, token.decimals, Names::of(app), beside)?;
        app.output().show(&view)?;
        require_agreement(view.statement())?;
        view.beside().require_agreement()
    }
}
