//! `earnout plan activate`.

use {
    crate::{
        context::{app::App, reference::PlanRef, time::Moment},
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout::state::PlanStatus,
    earnout_sdk::{report::projection, wire::instructions},
};

/// Freeze the terms of a draft permanently; grants can be made from then on
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan activate PLAN
  $ earnout plan activate PLAN --authority usb://ledger")]
pub struct Activate {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The plan's authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Activate {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let plan = outgoing.plan(&address).await?;
        let authority = outgoing.signer(self.authority.as_deref(), "authority")?;
        outgoing.require("authority", &address, &plan.authority, authority.as_ref())?;
        if plan.status()? == PlanStatus::Active {
            return Err(Fault::new(format!("the plan {address} is active already")).why("its terms are frozen"));
        }
        let activate = instructions::activate_plan(&authority.pubkey(), &address, &plan.mint);
        let last = projection::schedule(&plan)?
            .last()
            .map_or(plan.start_ts, |period| period.settle_deadline);
        let action = Action::new("Freeze the plan's terms permanently", vec![activate])
            .address(app, "plan", address)
            .address(app, "mint", plan.mint);
        let action = outgoing.power_facts(action, &outgoing.token_of(&plan).await?).await?;
        let action = action
            .fact("KPIs", plan.kpi_count)
            .fact("start", Moment(plan.start_ts))
            .fact("periods", plan.period_count)
            .fact("last deadline", Moment(last))
            .address(app, "authority", authority.pubkey())
            .signed_by(authority)
            .asking();
        outgoing.execute(action).await
    }
}
