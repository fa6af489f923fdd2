//! `earnout plan fund`.

use {
    crate::{
        context::{app::App, reference::PlanRef},
        fault::Fault,
        send::{Action, SendArgs},
    },
    clap::Args,
    earnout_sdk::{
        client::token::Transfer,
        text::amount::AmountArg,
        wire::{instructions, pda},
    },
    solana_program::pubkey::Pubkey,
};

/// Move tokens into a plan's vault.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan fund PLAN 250_000.5
  $ earnout plan fund PLAN 250_000 --funder usb://ledger --fee-payer fees.json")]
pub struct Fund {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// Tokens, exact: `1_250.5`; ALL for all that the source holds
    amount: AmountArg,
    /// Token account that pays [default: the funder's associated account]
    #[arg(long, value_name = "ADDRESS")]
    from: Option<Pubkey>,
    /// Owner or delegate of the source [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    funder: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

impl Fund {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let address = self.plan.address();
        let plan = outgoing.plan(&address).await?;
        let token = outgoing.token_of(&plan).await?;
        let funder = outgoing.signer(self.funder.as_deref(), "funder")?;
        let associated = || pda::associated_token_account(&funder.pubkey(), &token.mint, &token.program);
        let source = self.from.unwrap_or_else(associated);
        let balance = outgoing.balance(&token, &source, "source").await?;
        let amount = token.base_units(&self.amount)?.unwrap_or(balance);
        if amount == 0 {
            return Err(
                Fault::new("the amount to fund is zero").why(format!("{source} holds {}", token.amount(balance)))
            );
        }
        if amount > balance {
            return Err(Fault::new(format!("{source} holds less than {}", token.amount(amount)))
                .why(format!("its balance is {}; nothing was sent", token.amount(balance)))
                .advice("fund less, or name another source with --from"));
        }
        let fund = instructions::fund(&funder.pubkey(), &token.of_plan(&address), &source, amount);
        let vault = pda::vault(&address);
        let transfer = Transfer {
            mint: &plan.mint,
            source: &source,
            destination: &vault,
            authority: &funder.pubkey(),
            amount,
        };
        let fund = outgoing.with_transfer_accounts(fund, transfer).await?;
        let action = Action::new("Fund the plan", vec![fund])
            .address(app, "plan", address)
            .fact("amount", token.amount(amount))
            .address(app, "mint", token.mint);
        let action = outgoing.power_facts(action, &token).await?;
        let action = action
            .address(app, "from", source)
            .address(app, "funder", funder.pubkey())
            .signed_by(funder)
            .asking();
        outgoing.execute(action).await
    }
}
