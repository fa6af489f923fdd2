//! What every command understands, with the names that Solana's tools have for it.

use {
    clap::{Args, ValueEnum},
    earnout_sdk::client::Versions,
    solana_commitment_config::CommitmentConfig,
    std::path::PathBuf,
};

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
    /// Version of the transactions: auto is 1, which is larger, where cluster, endpoint and signers have it, else 0
    #[arg(long, global = true, value_name = "auto|0|1", default_value = "auto")]
    pub transaction_version: Versions,
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

/// Form of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Display,
    /// JSON over several lines
    Json,
    /// JSON in one line
    JsonCompact,
}

impl Format {
    /// What arguments that could not be parsed ask for, as far as it can be told.
    pub fn asked_for(args: impl Iterator<Item = String>) -> Self {
        let args: Vec<_> = args.collect();
        let values = args
            .iter()
            .enumerate()
            .filter_map(|(position, arg)| match arg.as_str() {
                "--output" => args.get(position + 1).map(String::as_str),
                other => other.strip_prefix("--output="),
            });
        let mut formats = values.filter_map(|value| Self::from_str(value, false).ok());
        formats.next_back().unwrap_or_default()
    }
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
