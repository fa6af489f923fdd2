//! `earnout plan authority`.

use {
    crate::{
        context::{app::App, reference::PlanRef},
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout_sdk::wire::instructions,
    solana_program::pubkey::Pubkey,
};

/// Hand a plan to another authority: one side proposes, the other accepts
///
/// Accepting drops every change that the old authority has announced.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan authority PLAN --propose 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU
  $ earnout plan authority PLAN --accept -k new-authority.json
  $ earnout plan authority PLAN --cancel")]
pub struct Authority {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    #[command(flatten)]
    step: Step,
    /// Who acts: the authority, or with --accept the proposed one [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Step {
    /// Offer the plan to this key
    #[arg(long, value_name = "KEY")]
    propose: Option<Pubkey>,
    /// Take the offer back
    #[arg(long)]
    cancel: bool,
    /// Take the plan over
    #[arg(long)]
    accept: bool,
}

impl Authority {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let signer = outgoing.signer(self.authority.as_deref(), "authority")?;
        let key = signer.pubkey();
        if let Some(plan) = outgoing.plan_if_known(&address).await? {
            let pending = plan.pending_authority;
            if self.step.accept && pending != key {
                let why = match pending == Pubkey::default() {
                    true => "nobody is offered the plan".to_owned(),
                    false => format!("it is offered to {pending}"),
                };
                return Err(Fault::new(format!("the plan {address} is not offered to {key}"))
                    .why(format!("{why}; nothing was sent"))
                    .advice("sign with the key that it is offered to, or have its authority propose this one"));
            }
            if !self.step.accept {
                outgoing.require("authority", &address, &plan.authority, signer.as_ref())?;
            }
        }
        let action = match (self.step.accept, self.step.propose) {
            (true, _) => Action::new(
                "Take over the plan",
                vec![instructions::accept_authority(&key, &address)],
            ),
            (false, Some(new)) => {
                let propose = instructions::propose_authority(&key, &address, Some(new));
                Action::new("Offer the plan to another authority", vec![propose]).address(app, "new authority", new)
            }
            (false, None) => {
                let cancel = instructions::propose_authority(&key, &address, None);
                Action::new("Take back the offer of the plan", vec![cancel])
            }
        };
        let action = action.address(app, "plan", address).address(app, "authority", key);
        outgoing.execute(action.signed_by(signer).asking()).await
    }
}
