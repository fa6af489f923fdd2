//! `earnout grant close`.

use {
    crate::{
        context::{app::App, reference::GrantRef, token::sol},
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout_sdk::wire::instructions,
};

/// Close a grant that is settled, collected and claimed in full: its rent returns to who paid it. Anybody may
#[derive(Debug, Args)]
#[command(after_help = "Example:
  $ earnout grant close PLAN/3")]
pub struct Close {
    /// The grant: its address, or PLAN/INDEX
    grant: GrantRef,
    #[command(flatten)]
    send: SendArgs,
}

impl Close {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let (address, plan_address) = outgoing.grant_and_plan(&self.grant).await?;
        let grant = outgoing.grant(&address).await?;
        let plan = outgoing.plan(&plan_address).await?;
        let token = outgoing.token_of(&plan).await?;
        let still_needed = |why: String, advice: &str| {
            Fault::new(format!("the grant {address} is still needed"))
                .why(format!("StillNeeded: {why}; nothing was sent"))
                .advice(advice)
        };
        if !grant.is_settled() {
            let left = grant.end_period - grant.next_period;
            return Err(still_needed(
                format!("{left} of its periods are not settled"),
                "`earnout settle GRANT`",
            ));
        }
        let owed = grant.owed()?;
        if owed > 0 {
            let why = format!("{} are earned and not claimed", token.amount(owed));
            return Err(still_needed(why, "`earnout claim GRANT`"));
        }
        let (treasury, _) = plan.treasury_at(outgoing.now().await?);
        let close = instructions::close_grant(&address, &grant, &treasury);
        let action = Action::new("Close the grant", vec![close])
            .address(app, "plan", plan_address)
            .address(app, "grant", address)
            .address(app, "rent to", grant.rent_payer)
            .fact("rent in SOL", sol(grant.rent_paid));
        outgoing.execute(action).await
    }
}
