//! `earnout plan treasury`.

use {
    crate::{
        context::{app::App, reference::PlanRef, time::Moment},
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout_sdk::wire::instructions,
    solana_program::pubkey::Pubkey,
};

/// Announce another treasury, the token account that receives surplus; it takes effect after the plan's notice
#[derive(Debug, Args)]
#[command(after_help = "Example:
  $ earnout plan treasury PLAN 9uX3tJ2gZCn8g6bLmJmTz1oPZt7p8Jq6sPn2vB4kQeRd")]
pub struct Treasury {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// An existing token account of the plan's mint
    treasury: Pubkey,
    /// The plan's authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Treasury {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let authority = outgoing.signer(self.authority.as_deref(), "authority")?;
        let set = instructions::set_treasury(&authority.pubkey(), &address, &self.treasury);
        let mut action = Action::new("Announce another treasury", vec![set])
            .address(app, "plan", address)
            .address(app, "treasury", self.treasury)
            .address(app, "authority", authority.pubkey());
        if let Some(plan) = outgoing.plan_if_known(&address).await? {
            outgoing.require("authority", &address, &plan.authority, authority.as_ref())?;
            let token = outgoing.token_of(&plan).await?;
            let owner = outgoing.token_account(&token, &self.treasury, "treasury").await?.owner;
            let effective = outgoing.now().await?.saturating_add(i64::from(plan.notice_secs));
            action = action
                .address(app, "treasury owner", owner)
                .fact("in effect from", Moment(effective));
        }
        outgoing.execute(action.signed_by(authority).asking()).await
    }
}
