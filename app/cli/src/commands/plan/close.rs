//! `earnout plan close`.

use {
    crate::{
        context::{
            app::App,
            reference::{PlanRef, caller_role},
        },
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout_sdk::{client::token::Transfer, wire::instructions},
};

/// Close a plan of which nothing is open: surplus goes to the treasury, rent returns to who paid it
///
/// After the plan's last deadline anybody may.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan close PLAN
  $ earnout plan close PLAN --authority authority.json --dry-run")]
pub struct Close {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The plan's authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Close {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let plan = outgoing.plan(&address).await?;
        let token = outgoing.token_of(&plan).await?;
        let caller = outgoing.signer(self.authority.as_deref(), "authority")?;
        let open = [
            (plan.open_grants, "grants", "earnout grant close"),
            (plan.open_attestations, "attestations", "earnout crank"),
            (plan.open_pages, "pages", "earnout crank"),
            (plan.open_periods, "pools", "earnout crank"),
        ];
        if let Some((count, what, how)) = open.into_iter().find(|(count, ..)| *count > 0) {
            return Err(Fault::new(format!("the plan {address} still has {count} open {what}"))
                .why("a plan is closed when nothing of it is open; nothing was sent")
                .advice(format!("close them first: `{how}`")));
        }
        let balance = outgoing.balance(&token, &plan.vault, "vault").await?;
        let (destination, mut steps) = outgoing.surplus_destination(&address, &plan, caller.as_ref()).await?;
        let close = instructions::close_plan(
            &caller.pubkey(),
            &token.of_plan(&address),
            &destination,
            &plan.rent_payer,
        );
        let transfer = Transfer {
            mint: &plan.mint,
            source: &plan.vault,
            destination: &destination,
            authority: &address,
            amount: balance,
        };
        steps.push(outgoing.with_transfer_accounts(close, transfer).await?);
        let action = Action::new("Close the plan permanently", steps)
            .address(app, "plan", address)
            .fact("surplus", token.amount(balance))
            .address(app, "destination", destination)
            .address(app, "rent to", plan.rent_payer)
            .address(app, caller_role(&plan, &caller.pubkey()), caller.pubkey())
            .signed_by(caller)
            .asking();
        outgoing.execute(action).await
    }
}
