//! The commands.

mod agree;
mod check;
mod enter;
mod run;
mod serve;
mod status;
mod table;
mod verify;
mod watch;

use {
    crate::{
        args::{Cli, Command},
        measure::{Bound, grant_scope},
        service::{Config, Daemon},
        vote::Duty,
    },
    anyhow::{Context, Result, bail},
    earnout_sdk::{report::projection, wire::pda},
};

/// What the shell sees when everything went well.
pub const DONE: u8 = 0;

/// What the shell sees when something is held, unproved or different: a person has to look.
pub const LOOK: u8 = 2;

/// Carries out a command and returns the exit code.
///
/// # Errors
/// If it cannot be carried out; the shell sees 1.
pub async fn run(cli: &Cli) -> Result<u8> {
    // What needs none does without a configuration.
    let config = || Config::read(&cli.config);
    match &cli.command {
        Command::Check(args) => check::run(args, config()?, cli.json).await,
        Command::Once(args) => run::once(args, config()?).await,
        Command::Run => run::forever(config()?).await,
        Command::Status => status::run(config()?, cli.json).await,
        Command::Enter(args) => enter::enter(args, config()?).await,
        Command::Forget(args) => enter::forget(args, config()?).await,
        Command::Verify(args) => verify::run(args, &cli.config, cli.json).await,
        Command::Agree(args) => agree::run(args, config()?, cli.json).await,
        Command::Export(args) => serve::export(args, &config()?),
        Command::Serve(args) => serve::run(args).await,
        Command::Watch(args) => watch::run(args, config()?).await,
    }
}

/// The duty of a feed in a period that a command names, whether it is due or not.
async fn named_duty(daemon: &Daemon, feed: &str, period: u16, grant: Option<u32>) -> Result<Duty> {
    let feed = daemon.config.feed(feed).with_context(|| {
        let known: Vec<&str> = daemon.config.feeds.iter().map(|feed| feed.id.as_str()).collect();
        format!("there is no feed {feed:?}; there are {}", known.join(", "))
    })?;
    let plan = daemon.endpoints.plan(feed.plan, false).await?.plan;
    let bound = Bound::new(feed, &plan)?;
    let times = projection::period_times(&plan, period)
        .map_err(|error| anyhow::anyhow!("the plan has no period {period}: {error}"))?;
    let scope = match (bound.individual, grant) {
        (false, None) => None,
        (false, Some(_)) => bail!("the KPI of feed {:?} is shared: it has no --grant", feed.id),
        (true, None) => bail!(
            "the KPI of feed {:?} is individual: name the --grant by its number",
            feed.id
        ),
        (true, Some(index)) => {
            let address = pda::grant(&feed.plan, index);
            let grant = daemon.endpoints.ask(async |client| client.grant(&address).await).await;
            let grant = grant.with_context(|| format!("the plan has no open grant {index}"))?;
            Some(grant_scope(&address, &grant, &feed.identities()?))
        }
    };
    Ok(bound.duty(&times, scope))
}

/// What somebody who runs a command by hand is called.
fn operator() -> String {
    std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .unwrap_or_else(|_| "unknown".to_owned())
}
