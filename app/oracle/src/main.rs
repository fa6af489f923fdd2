//! `earnout-oracle`: what an oracle operator runs.

use {
    clap::Parser,
    earnout_oracle::{
        args::{Cli, LogFormat},
        commands,
    },
    earnout_sdk::text::names::harmless,
    std::{
        io::{self, IsTerminal, Write},
        process::ExitCode,
    },
    tracing_subscriber::EnvFilter,
};

/// Libraries that write whole requests into the log below this level, and with them the keys in URLs and headers.
const QUIET: [&str; 8] = [
    "h2",
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
    "solana_rpc_client",
    "tokio_postgres",
    "tungstenite",
];

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Whoever reads the help may have read enough.
            let _ = error.print();
            // Not the code of clap, 2: that says that a person has to look at a value.
            return match error.use_stderr() {
                true => ExitCode::FAILURE,
                false => ExitCode::SUCCESS,
            };
        }
    };
    let filter = match EnvFilter::try_from_env("EARNOUT_ORACLE_LOG") {
        Ok(wanted) => QUIET
            .into_iter()
            .filter_map(|name| format!("{name}=info").parse().ok())
            .fold(wanted, EnvFilter::add_directive),
        Err(_) => EnvFilter::new("earnout_oracle=info"),
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match cli.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    match commands::run(&cli).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // What endpoints and files brought in must not act on the terminal.
            for (number, line) in format!("{error:#}").lines().enumerate() {
                let begin = if number == 0 { "error: " } else { "" };
                // Where nobody reads, nothing has to be said.
                let _ = writeln!(io::stderr(), "{begin}{}", harmless(line));
            }
            ExitCode::FAILURE
        }
    }
}
