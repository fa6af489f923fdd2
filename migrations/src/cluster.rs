//! The cluster that a step works on, who pays for it, and whether anything is sent.

use {
    anyhow::{Context, Result, ensure},
    clap::Args,
    earnout_sdk::{
        client::{Client, Receipt, Submission, cluster_url},
        send::Version,
        signers::Source,
        text::{amount::sol, endpoint},
    },
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signer::Signer,
};

/// Which cluster. A deployment is too important for a default.
#[derive(Args)]
pub struct ClusterArgs {
    /// RPC endpoint: a URL, or mainnet-beta, testnet, devnet, localhost by name or first letter
    #[arg(short, long, value_name = "URL_OR_MONIKER", value_parser = endpoint)]
    url: String,
}

impl ClusterArgs {
    /// The RPC endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client for it.
    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    cluster_url(text).ok_or_else(|| {
        "expected a URL that begins with http:// or https://, or mainnet-beta, testnet, devnet, localhost".to_owned()
    })
}

/// Who pays, and whether it does.
#[derive(Args)]
pub struct SendingArgs {
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Who pays: a key file, ASK, prompt://, usb://ledger; for a dry run an address is enough
    #[arg(short, long, value_name = "SIGNER")]
    pub keypair: Source,
    /// Price of a compute unit in millionths of a lamport
    #[arg(long, value_name = "MICROLAMPORTS", default_value_t = 0)]
    with_compute_unit_price: u64,
    /// Do it; without this nothing is sent
    #[arg(long)]
    pub execute: bool,
}

/// A cluster and a payer.
pub struct Cluster {
    pub client: Client,
    pub payer: Box<dyn Signer>,
    pub unit_price: u64,
    pub execute: bool,
}

impl Cluster {
    /// Opens the payer's key.
    ///
    /// # Errors
    /// If it cannot be read, or is only an address although something is to be sent.
    pub fn open(args: &SendingArgs) -> Result<Self> {
        Ok(Self {
            client: args.cluster.client(),
            payer: open(&args.keypair, "payer", args.execute)?,
            unit_price: args.with_compute_unit_price,
            execute: args.execute,
        })
    }

    /// Says which step this is, where, and whether it does anything.
    pub fn announce(&self, step: &str) {
        let mode = if self.execute {
            ""
        } else {
            ", dry run: nothing is sent without --execute"
        };
        println!("{step}{mode}");
        line("cluster", endpoint::shown(&self.client.rpc().url()));
        line("payer", self.payer.pubkey());
    }

    /// Simulates, sends and confirms a transaction.
    ///
    /// # Errors
    /// If it would fail, in which case nothing is sent, or fails.
    pub async fn send(&self, instructions: Vec<Instruction>, signers: &[&dyn Signer]) -> Result<Receipt> {
        let mut submission = Submission::new(instructions, &*self.payer).signed_by(signers.iter().copied());
        submission.unit_price = self.unit_price;
        submission.version = self.version(signers).await?;
        Ok(self.client.send(&submission).await?)
    }

    /// The form of transactions that the payer and `signers` sign and the cluster executes.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn version(&self, signers: &[&dyn Signer]) -> Result<Version> {
        let all: Vec<&dyn Signer> = signers.iter().copied().chain([&*self.payer]).collect();
        Ok(self.client.version(&all).await?)
    }

    /// Says what is needed and what there is.
    ///
    /// # Errors
    /// If the payer has less.
    pub async fn afford(&self, lamports: u64, what: &str) -> Result<()> {
        let payer = self.payer.pubkey();
        let balance = self.client.account(&payer).await?.map_or(0, |account| account.lamports);
        line(
            "needs",
            format!(
                "{} SOL at most at one time, for {what}; the payer has {} SOL",
                sol(lamports),
                sol(balance)
            ),
        );
        ensure!(
            balance >= lamports,
            "the payer {payer} has {} SOL, and {} SOL are needed: send it {} SOL more",
            sol(balance),
            sol(lamports),
            sol(lamports.saturating_sub(balance))
        );
        Ok(())
    }
}

/// Opens a signer.
///
/// # Errors
/// If it cannot be read, or is only an address although it has to sign.
pub fn open(source: &Source, name: &str, signs: bool) -> Result<Box<dyn Signer>> {
    ensure!(
        !signs || !matches!(source, Source::Key(_)),
        "{source} is only the {name}'s address, which is enough for a dry run but cannot sign"
    );
    source
        .open(name, &[])
        .with_context(|| format!("cannot open the {name}'s key"))
}

/// Prints a fact.
pub fn line(label: &str, text: impl std::fmt::Display) {
    println!("  {label:<9} {text}");
}

/// An upgrade authority in words.
pub fn authority_name(authority: Option<Pubkey>) -> String {
    match authority {
        Some(key) => key.to_string(),
        None => "none: nobody can change the program any more".to_owned(),
    }
}
