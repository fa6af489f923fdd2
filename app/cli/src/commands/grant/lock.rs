//! `earnout grant lock`.

use {
    crate::{
        context::{app::App, reference::GrantRef},
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout_sdk::wire::instructions,
};

/// Reserve claiming for yourself, or with --off let anybody pay your associated token account again
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout grant lock PLAN/3 -k me.json
  $ earnout grant lock PLAN/3 --off -k me.json")]
pub struct Lock {
    /// The grant: its address, or PLAN/INDEX
    grant: GrantRef,
    /// Open it again
    #[arg(long)]
    off: bool,
    /// The grant's beneficiary [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    beneficiary: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Lock {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let beneficiary = outgoing.signer(self.beneficiary.as_deref(), "beneficiary")?;
        let (address, plan_address) = outgoing.grant_and_plan(&self.grant).await?;
        if let Some(grant) = outgoing.grant_if_known(&address).await? {
            outgoing.require("beneficiary", &address, &grant.beneficiary, beneficiary.as_ref())?;
        }
        let lock = instructions::set_claim_lock(&beneficiary.pubkey(), &plan_address, &address, !self.off);
        let title = match self.off {
            true => "Let anybody claim to the beneficiary's associated account",
            false => "Reserve claiming for the beneficiary",
        };
        let action = Action::new(title, vec![lock])
            .address(app, "plan", plan_address)
            .address(app, "grant", address)
            .fact("locked", !self.off)
            .address(app, "beneficiary", beneficiary.pubkey());
        outgoing.execute(action.signed_by(beneficiary)).await
    }
}
