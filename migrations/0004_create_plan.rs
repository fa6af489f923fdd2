//! Step 0004: a plan is on the chain as its file says.
//!
//! The whole file is checked first and what is on the chain compared with it term by term. Only what is missing is
//! sent, and what is missing is asked again after each transaction.

use {
    crate::cluster::{Cluster, SendingArgs, line, open},
    anyhow::{Context, Result, anyhow},
    clap::Args,
    earnout_sdk::{
        client::{
            Submission,
            creation::{Creation, Funding, Transaction},
        },
        signers::Source,
        text::amount::AmountArg,
    },
    std::path::PathBuf,
};

/// What step 0004 takes.
#[derive(Args)]
pub struct CreatePlan {
    #[command(flatten)]
    sending: SendingArgs,
    /// The plan, as `earnout plan init` writes it
    #[arg(long, value_name = "FILE.toml")]
    plan: PathBuf,
    /// Who creates the plan and is its authority; by default the payer
    #[arg(long, value_name = "SIGNER")]
    authority: Option<Source>,
    /// Freeze the terms permanently when all KPIs are there
    #[arg(long)]
    activate: bool,
    /// Move tokens of the authority into the vault until this many have been funded in all
    #[arg(long, value_name = "AMOUNT")]
    fund: Option<AmountArg>,
}

impl CreatePlan {
    /// Carries it out, or says what it would do.
    ///
    /// # Errors
    /// If the file has mistakes, the chain has another plan of this number, or a transaction would fail or fails. What
    /// was sent until then stays: the next run goes on from there.
    pub async fn run(&self) -> Result<()> {
        let cluster = Cluster::open(&self.sending)?;
        cluster.announce("0004 create plan");
        let authority = self.authority.as_ref().unwrap_or(&self.sending.keypair);
        let authority = open(authority, "authority", cluster.execute)?;
        let mut creation = Creation::read(&self.plan, authority.pubkey())?;
        creation.payer = cluster.payer.pubkey();
        creation.activate = self.activate;
        creation.version = cluster.version(&[&*authority]).await?;
        if let Some(amount) = &self.fund {
            let units = amount.base_units(creation.file.token.decimals);
            creation.fund = Some(Funding {
                amount: units.map_err(|error| anyhow!("the amount {amount} {error}"))?,
                source: None,
            });
        }
        let look = async || {
            creation
                .look(async |address| cluster.client.account(&address).await)
                .await
        };
        let standing = look().await.context("nothing was sent")?;
        line("file", self.plan.display());
        line("plan", standing.address);
        match standing.steps.is_empty() {
            true => line("to do", "nothing is left to be done"),
            false => standing.steps.iter().for_each(|step| line("to do", step)),
        }
        let by_authority = [&*authority];
        if !cluster.execute {
            if let Some(Transaction { instructions, .. }) = standing.transactions.into_iter().next() {
                let next = Submission::new(instructions, &*cluster.payer).signed_by(by_authority);
                cluster.client.simulate(&next).await?;
            }
            println!("Nothing was sent.");
            return Ok(());
        }
        let send = async |number, total, Transaction { what, instructions }| {
            line("sending", format!("{number} of {total}: {what}"));
            cluster.send(instructions, &by_authority).await.map(drop)
        };
        let standing = standing.finish(async || Ok(look().await?), send).await;
        let plan = standing
            .context("run the step again: it goes on where it stopped")?
            .address;
        println!("Checked: the plan {plan} is on the chain as the file says.");
        Ok(())
    }
}
