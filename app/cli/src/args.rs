//! What every command understands, with the names that Solana's tools have for it.

use {
    crate::{commands::Command, output::Format},
    clap::{Args, Parser, ValueEnum},
    solana_commitment_config::CommitmentConfig,
    std::path::PathBuf,
};

/// Plans, grants, attestations and claims of the Earnout program.
#[derive(Debug, Parser)]
#[command(
    name = "earnout",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Examples:
  $ earnout plan init
  $ earnout --url devnet plan create plan.toml
  $ earnout grant show PLAN/0

A PLAN is its address, or CREATOR/ID. A GRANT is its address, or PLAN/INDEX.
Exit codes: 0 done; 1 not done; 2 done in part, or shown but incomplete; 3 sent, but the outcome is unknown."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Connection, keys and output.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Configuration of Solana's tools [default: ~/.config/solana/cli/config.yml]
    #[arg(short = 'C', long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// RPC endpoint: a URL, or mainnet-beta, testnet, devnet, localhost by name or first letter
    #[arg(short, long, global = true, value_name = "URL_OR_MONIKER")]
    pub url: Option<String>,
    /// Websocket endpoint [default: from the configuration or the URL]
    #[arg(long, global = true, value_name = "URL")]
    pub ws: Option<String>,
    /// Who signs and pays: a file, `-`, ASK, prompt://, usb://ledger, or the public key of an absent signer
    #[arg(short, long, global = true, value_name = "SIGNER")]
    pub keypair: Option<String>,
    /// What counts as having happened [default: from the configuration, else confirmed]
    #[arg(long, global = true, value_enum, value_name = "LEVEL")]
    pub commitment: Option<Commitment>,
    /// How long one request to the endpoint may take
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub rpc_timeout: u64,
    /// How long to wait for the outcome of a transaction before it counts as unknown
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub wait: u64,
    /// Form of the result on the standard output
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Format::Display)]
    pub output: Format,
    /// Answer the question before money moves with yes
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Show the programs' logs of a transaction that fails
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// How far the cluster must have got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Commitment {
    Processed,
    Confirmed,
    Finalized,
}

impl From<Commitment> for CommitmentConfig {
    fn from(commitment: Commitment) -> Self {
        match commitment {
            Commitment::Processed => Self::processed(),
            Commitment::Confirmed => Self::confirmed(),
            Commitment::Finalized => Self::finalized(),
        }
    }
}
