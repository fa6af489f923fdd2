//! `earnout crank`: whatever is due.

pub mod due;

use {
    crate::{
        commands::crank::due::Work,
        context::{
            app::App,
            reference::{PlanRef, plan_name},
        },
        fault::Fault,
        send::many::{BulkArgs, Sending},
        shown::text::quoted,
    },
    clap::Args,
    earnout_sdk::todo::due::Kinds,
    std::{pin::pin, time::Duration},
};

/// Observe price feeds, settle, collect bonuses and close accounts, as far as it is due: anyone can.
///
/// Prices are read from where sponsors publish the feeds; `earnout observe --account` reads another account.
///
/// Nobody's amounts depend on who does it. Rent goes back to who paid it. The payer pays the fees, and under
/// redistribution the rent of a period's pool until it is closed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout crank PLAN
  $ earnout crank PLAN --watch --every 300
  $ earnout crank PLAN --no-close --dry-run

Exit codes: 0 all that is due is done; 2 some; 1 none.")]
pub struct Crank {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// Leave accounts open
    #[arg(long)]
    no_close: bool,
    /// Go on, and do what becomes due
    #[arg(long)]
    watch: bool,
    /// With --watch: seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    #[command(flatten)]
    bulk: BulkArgs,
}

impl Crank {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let sending = self.bulk.sending(app).await?;
        let kinds = Kinds {
            close: !self.no_close,
            ..Kinds::ALL
        };
        let work = Work {
            app,
            plan: self.plan.address(),
            kinds,
            sending,
        };
        if !self.watch {
            return work.once().await;
        }
        self.watch(app, &work).await
    }

    /// Goes on until it is stopped. An endpoint that is away for a while is no reason to end; whatever stays wrong is
    /// said at every look.
    async fn watch(&self, app: &App, work: &Work<'_>) -> Result<(), Fault> {
        let Work {
            sending: Sending { dry_run, .. },
            ..
        } = work;
        if *dry_run {
            return Err(Fault::new("--watch and --dry-run do not go together").advice("leave one of them out"));
        }
        // What is wrong from the beginning is not the trouble of the moment.
        let plan = app.client()?.plan(&work.plan).await?;
        let name = quoted(&plan_name(&plan));
        app.output()
            .note(format!("watching the plan {} {name} every {} s", work.plan, self.every));
        // One for all looks: a signal in the middle of one ends the watch after it.
        let mut stopped = pin!(tokio::signal::ctrl_c());
        loop {
            if let Err(fault) = work.look().await {
                app.output().note(&fault);
            }
            tokio::select! {
                stopped = &mut stopped => {
                    return stopped.map_err(|error| Fault::new("the process cannot be stopped by a signal").why(error));
                }
                () = tokio::time::sleep(Duration::from_secs(self.every)) => {}
            }
        }
    }
}
