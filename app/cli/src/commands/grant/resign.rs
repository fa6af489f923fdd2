//! `earnout grant resign`.

use {
    crate::{
        context::{app::App, reference::GrantRef},
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout_sdk::wire::instructions,
};

/// End your own grant now: what ended and was served stays yours, later periods are cancelled
///
/// Before the cliff you lose what the grant earned.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  $ earnout grant resign PLAN/3 -k me.json")]
pub struct Resign {
    /// The grant: its address, or PLAN/INDEX
    grant: GrantRef,
    /// The grant's beneficiary [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    beneficiary: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Resign {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let beneficiary = outgoing.signer(self.beneficiary.as_deref(), "beneficiary")?;
        let (address, plan_address) = outgoing.grant_and_plan(&self.grant).await?;
        let resign = instructions::resign_grant(&beneficiary.pubkey(), &plan_address, &address);
        let mut action = Action::new("End your grant now, permanently", vec![resign])
            .address(app, "plan", plan_address)
            .address(app, "grant", address);
        if let Some(grant) = outgoing.grant_if_known(&address).await? {
            outgoing.require("beneficiary", &address, &grant.beneficiary, beneficiary.as_ref())?;
            action = outgoing.end_facts(action, &plan_address, &grant).await?;
        }
        outgoing.execute(action.signed_by(beneficiary).asking()).await
    }
}
