//! `earnout plan surplus`.

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
    earnout_sdk::{client::token::Transfer, text::amount::AmountArg, wire::instructions},
};

/// Send surplus, tokens that no grant can ever claim, to the plan's treasury
///
/// After the plan's last deadline anybody may; the tokens then go to the associated account of the treasury's owner.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan surplus PLAN
  $ earnout plan surplus PLAN 1_000 --authority authority.json")]
pub struct Surplus {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// Tokens, exact: `1_250.5`, or ALL
    #[arg(default_value = "ALL")]
    amount: AmountArg,
    /// The plan's authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Surplus {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let plan = outgoing.plan(&address).await?;
        let token = outgoing.token_of(&plan).await?;
        let caller = outgoing.signer(self.authority.as_deref(), "authority")?;
        let vault = outgoing.balance(&token, &plan.vault, "vault").await?;
        let surplus = plan.surplus(vault)?;
        let amount = token.base_units(&self.amount)?;
        let taken = amount.unwrap_or(surplus);
        if amount == Some(0) {
            return Err(Fault::new("the amount to send is zero")
                .why(format!("{} are surplus; nothing was sent", token.amount(surplus)))
                .advice("leave out the amount to send all surplus"));
        }
        if taken > surplus || taken == 0 {
            return Err(Fault::new(format!(
                "the plan has no surplus of {}",
                if taken == 0 {
                    "any amount".to_owned()
                } else {
                    token.amount(taken).to_string()
                }
            ))
            .why(format!(
                "the vault holds {}, of which {} are reserved, owed or pooled: {} are surplus; nothing was sent",
                token.amount(vault),
                token.amount(plan.obligations()?),
                token.amount(surplus)
            )));
        }
        let (destination, mut steps) = outgoing.surplus_destination(&address, &plan, caller.as_ref()).await?;
        let withdraw = instructions::withdraw_surplus(&caller.pubkey(), &token.of_plan(&address), &destination, amount);
        let transfer = Transfer {
            mint: &plan.mint,
            source: &plan.vault,
            destination: &destination,
            authority: &address,
            amount: taken,
        };
        steps.push(outgoing.with_transfer_accounts(withdraw, transfer).await?);
        let action = Action::new("Send surplus to the treasury", steps)
            .address(app, "plan", address)
            .fact("amount", token.amount(taken))
            .fact("surplus before", token.amount(surplus))
            .address(app, "destination", destination)
            .address(app, caller_role(&plan, &caller.pubkey()), caller.pubkey())
            .signed_by(caller)
            .asking();
        outgoing.execute(action).await
    }
}
