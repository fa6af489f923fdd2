//! The command line.

use {
    crate::service::Origin,
    clap::{Args, Parser, Subcommand, ValueEnum},
    solana_program::pubkey::Pubkey,
    std::{net::SocketAddr, path::PathBuf},
};

/// Measures KPIs where they live and attests them, once, with evidence.
#[derive(Debug, Parser)]
#[command(name = "earnout-oracle", version)]
pub struct Cli {
    /// The configuration
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        env = "EARNOUT_ORACLE_CONFIG",
        default_value = "oracle.toml"
    )]
    pub config: PathBuf,
    /// How the log is written, to the standard error
    #[arg(long, global = true, value_enum, default_value_t, env = "EARNOUT_ORACLE_LOG_FORMAT")]
    pub log_format: LogFormat,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines, an object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Validate the configuration, ask every source once, and print the value, its score and what it would pay; sends
    /// nothing
    #[command(after_help = "Example:\n  earnout-oracle --config oracle.toml check --period 0")]
    Check(Check),
    /// Measure and vote on what is due, once
    #[command(after_help = "Example:\n  earnout-oracle --config oracle.toml once --feed mau")]
    Once(Once),
    /// Measure and vote on what is due, until SIGTERM
    #[command(after_help = "Example:\n  earnout-oracle --config /etc/earnout/oracle.toml --log-format json run")]
    Run,
    /// Show what was measured, voted and held, and where each vote stands among those of the others
    #[command(after_help = "Example:\n  earnout-oracle --config oracle.toml status")]
    Status(Status),
    /// Enter a value by hand, for a `manual` source or in place of a value that is held
    #[command(
        after_help = "Example:\n  earnout-oracle --config oracle.toml enter satisfaction 2 92.5 --note \"survey of 12 July, 31 \
                      answers\""
    )]
    Enter(Enter),
    /// Take back what was entered, as long as it was not signed
    #[command(
        after_help = "Examples:\n  earnout-oracle --config oracle.toml withdraw satisfaction 2\n  earnout-oracle withdraw review 2 \
                      --file values.csv"
    )]
    Withdraw(Withdraw),
    /// Forget a measured value that was not signed yet, so that it is measured again
    #[command(after_help = "Example:\n  earnout-oracle --config oracle.toml forget mau 2")]
    Forget(Forget),
    /// Re-hash and recompute every value of a period from its evidence and compare it with the chain
    ///
    /// Without --oracle or --all: the votes of this operator, from the evidence in the state folder. With them no key
    /// is needed, and with --url and --evidence no configuration.
    #[command(
        after_help = "Examples:\n  earnout-oracle --config oracle.toml verify 7sPk… 2\n  earnout-oracle verify 7sPk… 2 --all \
                      --url https://rpc.example --evidence https://oracle.example/evidence"
    )]
    Verify(Verify),
    /// Show where this oracle and the others differ in what they are about to vote, and what would let them agree
    ///
    /// Compares what was measured here with what the peers of the configuration publish. Nothing is voted, and no vote
    /// is changed. With --publish what was measured here is published too, signed, for the others to compare.
    #[command(after_help = "Example:\n  earnout-oracle --config oracle.toml agree 7sPk… 2 --publish")]
    Agree(Agree),
    /// Copy what the votes on chain name as evidence into a folder that a web server can publish
    #[command(after_help = "Example:\n  earnout-oracle --config oracle.toml export public")]
    Export(Export),
    /// Serve such a folder over HTTP, a document at BASE/SHA256, and what `agree --publish` wrote; needs no settings
    #[command(after_help = "Example:\n  earnout-oracle serve public --listen 127.0.0.1:9465")]
    Serve(Serve),
    /// Measure again what the other oracles attested, and tell or dispute what differs
    #[command(after_help = "Example:\n  earnout-oracle --config oracle.toml watch --once")]
    Watch(Watch),
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The period that is measured; the last one that has ended, or the first, if none
    #[arg(long)]
    pub period: Option<u16>,
    /// Only this feed
    #[arg(long, value_name = "ID")]
    pub feed: Option<String>,
}

/// Arguments of `once`.
#[derive(Debug, Args)]
pub struct Once {
    /// Only this feed
    #[arg(long, value_name = "ID")]
    pub feed: Option<String>,
    /// Only this period
    #[arg(long)]
    pub period: Option<u16>,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Each value by itself, and those that are settled or come later
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `enter`.
#[derive(Debug, Args)]
pub struct Enter {
    /// Id of the feed
    #[arg(value_name = "FEED")]
    pub feed: String,
    /// Number of the period
    pub period: u16,
    /// The value, decimal
    #[arg(allow_hyphen_values = true, required_unless_present = "file")]
    pub value: Option<String>,
    /// Why it is that; becomes part of the evidence. Of a --file, why the values are that whose `note` is empty
    #[arg(long, required_unless_present_any = ["confirm", "file"])]
    pub note: Option<String>,
    /// Number of the grant, for an individual KPI
    #[arg(long, value_name = "INDEX")]
    pub grant: Option<u32>,
    /// The values of many grants: a CSV file with the columns `grant`, `value` and, if the reasons differ, `note`
    #[arg(long, value_name = "CSV", conflicts_with_all = ["value", "grant"])]
    pub file: Option<PathBuf>,
    /// A document that proves it, several times if there are several; copies become part of the evidence
    #[arg(long = "document", value_name = "FILE", conflicts_with = "confirm")]
    pub documents: Vec<PathBuf>,
    /// Say the same as somebody else has entered, where a feed wants the word of several people (`consent`)
    #[arg(long)]
    pub confirm: bool,
    /// Enter it in the place of what was voted already, as long as too few oracles agree
    #[arg(long, conflicts_with = "confirm")]
    pub correct: bool,
    /// Sign it with this key, which then stands in the evidence in the place of the user's name
    #[arg(long, value_name = "SIGNER")]
    pub key: Option<String>,
}

/// Arguments of `withdraw`.
#[derive(Debug, Args)]
pub struct Withdraw {
    /// Id of the feed
    #[arg(value_name = "FEED")]
    pub feed: String,
    /// Number of the period
    pub period: u16,
    /// Number of the grant, for an individual KPI
    #[arg(long, value_name = "INDEX")]
    pub grant: Option<u32>,
    /// The grants that a CSV file names in its column `grant`, as `enter --file` takes it
    #[arg(long, value_name = "CSV", conflicts_with = "grant")]
    pub file: Option<PathBuf>,
    /// Everything that was entered for the feed in the period
    #[arg(long, conflicts_with_all = ["grant", "file"])]
    pub all: bool,
}

/// Arguments of `forget`.
#[derive(Debug, Args)]
pub struct Forget {
    /// Id of the feed
    #[arg(value_name = "FEED")]
    pub feed: String,
    /// Number of the period
    pub period: u16,
    /// Number of the grant, for an individual KPI
    #[arg(long, value_name = "INDEX")]
    pub grant: Option<u32>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Address of the plan
    pub plan: Pubkey,
    /// Number of the period
    pub period: u16,
    /// Only the votes of this oracle; more than once for several
    #[arg(long = "oracle", value_name = "KEY", conflicts_with = "all")]
    pub oracles: Vec<Pubkey>,
    /// The votes of every oracle that voted
    #[arg(long)]
    pub all: bool,
    /// Where evidence lies: a folder, or BASE of https://BASE/SHA256; more than once for several, asked in this order.
    /// The state folder of the configuration if left out
    #[arg(long, value_name = "FOLDER|URL")]
    pub evidence: Vec<Origin>,
    /// The RPC endpoint; more than once for several. Those of the configuration if left out
    #[arg(short = 'u', long = "url", value_name = "URL")]
    pub urls: Vec<String>,
}

/// Arguments of `agree`.
#[derive(Debug, Args)]
pub struct Agree {
    /// Address of the plan
    pub plan: Pubkey,
    /// Number of the period
    pub period: u16,
    /// Write what was measured here into the folder `agree.publish` of the configuration, signed with the oracle's key
    #[arg(long)]
    pub publish: bool,
    /// Ask the sources now for what was not measured yet, if the period has ended; it is not what will be voted
    #[arg(long)]
    pub measure: bool,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The folder; made if it is not there
    pub folder: PathBuf,
    /// Also the documents of individual values, which tell about persons
    #[arg(long)]
    pub individual: bool,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The folder
    pub folder: PathBuf,
    /// Where to listen, in plain HTTP: behind a server that speaks TLS if others are to reach it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9465")]
    pub listen: SocketAddr,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// Look once instead of again and again
    #[arg(long)]
    pub once: bool,
}
