//! `earnout grant show`.

use {
    crate::{
        context::{
            app::App,
            document::{Beside, DocumentArgs},
            reference::GrantRef,
        },
        fault::Fault,
        shown::{grant::GrantView, names::Names, plan::require_agreement},
    },
    clap::Args,
    earnout_sdk::report::statement::Statement,
};

/// Show a grant: terms, amounts, what can be claimed now and next, and what it would earn at the present scores
///
/// Amounts in JSON are decimal strings of base units, times are Unix seconds. A grant that was closed is shown by its
/// number, from its events. What does not agree with the attested values, or is missing at the endpoint, stands at the
/// end and makes the exit code 2.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout grant show PLAN/0
  $ earnout grant show PLAN/0 --output json | jq -r .claimable")]
pub struct Show {
    /// The grant: its address, or PLAN/INDEX
    grant: GrantRef,
    #[command(flatten)]
    beside: DocumentArgs,
}

impl Show {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let shown = Shown::read(app, &self.grant, &self.beside).await?;
        let names = Names::of(app).with(shown.beside.labels.clone());
        let view = GrantView::new(shown.report, shown.number, shown.decimals, names)?;
        app.output().show(&view)?;
        require_agreement(view.statement())?;
        shown.beside.require_agreement()
    }
}

/// A grant with all that is known about it.
pub struct Shown {
    pub report: Statement,
    /// Number of the grant.
    pub number: u32,
    /// Those of the token.
    pub decimals: u8,
    pub beside: Beside,
}

impl Shown {
    /// Reads what there is about `grant`, and what was asked for `beside` it.
    ///
    /// # Errors
    /// If it cannot be had or read.
    pub async fn read(app: &App, grant: &GrantRef, beside: &DocumentArgs) -> Result<Self, Fault> {
        let client = app.client()?;
        let (plan, number) = match grant {
            GrantRef::OfPlan(plan, number) => (plan.address(), *number),
            GrantRef::Address(address) => {
                let grant = client.grant(address).await?;
                (grant.plan, grant.index)
            }
        };
        let sources = client.grant_sources(&plan, number).await?;
        let token = app.token_of(&sources.plan).await?;
        let beside = beside.load(app, &plan, &sources.plan).await?;
        Ok(Self {
            report: Statement::of(sources)?,
            number,
            decimals: token.decimals,
            beside,
        })
    }
}
