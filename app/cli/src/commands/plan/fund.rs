//! `earnout plan fund`.

use {
    crate::{
        app::App,
        fault::Fault,
        reference::PlanRef,
        send::{Action, SendArgs},
        token::AmountArg,
    },
    clap::Args,
    earnout_sdk::{instructions, pda},
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
        let client = app.client()?;
        let address = self.plan.address();
        let plan = client.plan(&address).await?;
        let token = app.token_of(&plan).await?;
        let funder = self.send.signer(app, self.funder.as_deref(), "funder")?;
        let associated = || pda::associated_token_account(&funder.pubkey(), &token.mint, &token.program);
        let source = self.from.unwrap_or_else(associated);
        let amount = self.amount.base_units(&token)?.unwrap_or_default();
        let instruction = instructions::fund(&funder.pubkey(), &token.of_plan(&address), &source, amount);
        let action = Action::new("Fund the plan", vec![instruction])
            .fact("plan", address)
            .fact("amount", token.amount(amount))
            .fact("from", source)
            .signed_by(funder);
        app.execute(&self.send, action).await
    }
}
