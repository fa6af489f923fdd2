//! A local chain with the program on it: a real RPC and websocket endpoint, demo keys with SOL, a demo plan, and a
//! clock that can be moved forward.

mod chain;
mod connection;
mod demo;
mod description;
mod fault;
mod folder;
mod keys;
mod ports;
mod program;
mod start;
mod when;

use {
    clap::{Args, Parser, Subcommand},
    connection::Connection,
    fault::Fault,
    solana_program::{native_token::LAMPORTS_PER_SOL, pubkey::Pubkey},
    start::StartArgs,
    std::process::ExitCode,
    when::Jump,
};

/// A local chain with the Earnout program on it.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:
  $ earnout-localnet start --demo
  $ earnout-localnet warp 90d
  $ earnout-localnet airdrop 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU 10"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a chain and serve it until it is stopped
    Start(StartArgs),
    /// Move the clock of a running chain forward
    Warp {
        /// A length of time (90d, 1d12h, 2w), or a point in time (RFC 3339 or Unix seconds)
        #[arg(value_name = "DURATION|TIME")]
        to: Jump,
        #[command(flatten)]
        chain: Running,
    },
    /// Show the time of a running chain: RFC 3339 and Unix seconds
    Clock {
        #[command(flatten)]
        chain: Running,
    },
    /// Give SOL to an address on a running chain
    Airdrop {
        address: Pubkey,
        /// Whole SOL
        #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        sol: u64,
        #[command(flatten)]
        chain: Running,
    },
    /// Stop a running chain
    Stop {
        #[command(flatten)]
        chain: Running,
    },
}

/// A chain that is running.
#[derive(Args)]
struct Running {
    /// Its RPC endpoint
    #[arg(short, long, default_value = "http://127.0.0.1:8899")]
    url: String,
}

impl Running {
    fn connect(&self) -> Connection {
        Connection::to(&self.url)
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Start(args) => start::run(&args).await?,
        Command::Warp { to, chain } => {
            let connection = chain.connect();
            let moment = match to {
                Jump::To(moment) => moment,
                Jump::By(seconds) => {
                    let target = connection.clock().await?.after(seconds);
                    target.ok_or_else(|| Fault::new("that is after the year 9999"))?
                }
            };
            let now = connection.travel(moment).await?;
            println!("{now} {}", now.unix());
        }
        Command::Clock { chain } => {
            let now = chain.connect().clock().await?;
            println!("{now} {}", now.unix());
        }
        Command::Airdrop { address, sol, chain } => {
            chain.connect().airdrop(&address, sol * LAMPORTS_PER_SOL).await?;
        }
        Command::Stop { chain } => chain.connect().stop().await?,
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run(Cli::parse().command).await else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error:#}");
    ExitCode::from(if error.is::<Fault>() { Fault::EXIT_CODE } else { 1 })
}
