//! `earnout grant terminate`.

use {
    crate::{
        context::{app::App, reference::GrantRef},
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout::state::REVOCABLE,
    earnout_sdk::wire::instructions,
};

/// End a revocable grant now, by the plan's authority: what ended and was served stays, later periods are cancelled
///
/// Before the cliff the beneficiary loses what the grant earned.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  $ earnout grant terminate PLAN/3")]
pub struct Terminate {
    /// The grant: its address, or PLAN/INDEX
    grant: GrantRef,
    /// The plan's authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Terminate {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let authority = outgoing.signer(self.authority.as_deref(), "authority")?;
        let (address, plan_address) = outgoing.grant_and_plan(&self.grant).await?;
        if let Some(plan) = outgoing.plan_if_known(&plan_address).await? {
            outgoing.require("authority", &plan_address, &plan.authority, authority.as_ref())?;
        }
        let terminate = instructions::terminate_grant(&authority.pubkey(), &plan_address, &address);
        let mut action = Action::new("End the grant now, permanently", vec![terminate])
            .address(app, "plan", plan_address)
            .address(app, "grant", address);
        if let Some(grant) = outgoing.grant_if_known(&address).await? {
            if !grant.has(REVOCABLE) {
                return Err(Fault::new(format!("the grant {address} was made irrevocable"))
                    .why("NotRevocable: its authority can never end it; nothing was sent")
                    .advice("only the beneficiary can end it: `earnout grant resign`"));
            }
            action = outgoing.end_facts(action, &plan_address, &grant).await?;
        }
        let action = action.address(app, "authority", authority.pubkey());
        outgoing.execute(action.signed_by(authority).asking()).await
    }
}
