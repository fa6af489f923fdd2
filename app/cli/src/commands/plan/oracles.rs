//! `earnout plan oracles`.

use {
    crate::{
        context::{
            app::App,
            reference::{PlanRef, period_times},
            time::Moment,
        },
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout::instructions::ProposeOraclesArgs,
    earnout_sdk::wire::instructions,
    solana_program::pubkey::Pubkey,
};

/// Announce another oracle set, or take the announcement back
///
/// The new set votes on whole periods that begin after the plan's notice; earlier ones keep theirs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan oracles PLAN --propose KEY1 KEY2 KEY3 --threshold 2 --first-period 4
  $ earnout plan oracles PLAN --cancel")]
pub struct Oracles {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The new set, 1 to 8 keys
    #[arg(long, value_name = "KEY", num_args = 1..=8, required_unless_present = "cancel", requires_all = ["threshold", "first_period"])]
    propose: Vec<Pubkey>,
    /// Votes that decide: more than half of the set
    #[arg(long, value_name = "VOTES", requires = "propose")]
    threshold: Option<u8>,
    /// First period that the set votes on
    #[arg(long, value_name = "PERIOD", requires = "propose")]
    first_period: Option<u16>,
    /// Take back a set that was announced and has not begun
    #[arg(long, conflicts_with = "propose")]
    cancel: bool,
    /// The plan's authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Oracles {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let authority = outgoing.signer(self.authority.as_deref(), "authority")?;
        let plan = outgoing.plan_if_known(&address).await?;
        if let Some(plan) = &plan {
            outgoing.require("authority", &address, &plan.authority, authority.as_ref())?;
        }
        let action = match (self.threshold, self.first_period) {
            (Some(threshold), Some(first_period)) => {
                let args = ProposeOraclesArgs {
                    oracles: self.propose.clone(),
                    threshold,
                    first_period,
                };
                let propose = instructions::propose_oracles(&authority.pubkey(), &address, args);
                let keys: Vec<_> = self.propose.iter().map(|key| app.named(key)).collect();
                let mut action = Action::new("Announce another oracle set", vec![propose])
                    .fact("oracles", keys.join(", "))
                    .fact("threshold", threshold)
                    .fact("first period", first_period);
                if let Some(plan) = &plan {
                    let times = period_times(plan, first_period)?;
                    action = action.fact("begins", Moment(times.start));
                }
                action
            }
            _ => {
                let cancel = instructions::cancel_oracle_change(&authority.pubkey(), &address);
                Action::new("Take back the announced oracle set", vec![cancel])
            }
        };
        let action = action
            .address(app, "plan", address)
            .address(app, "authority", authority.pubkey());
        outgoing.execute(action.signed_by(authority).asking()).await
    }
}
