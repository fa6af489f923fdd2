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
    earnout::state::Plan,
    earnout_sdk::{report::projection, text::amount::counted, wire::pda},
    solana_program::pubkey::Pubkey,
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
        Command::Once(args) => run::once(args, config()?, cli.json).await,
        Command::Run => run::forever(config()?).await,
        Command::Status(args) => status::run(args, config()?, cli.json).await,
        Command::Enter(args) => enter::enter(args, config()?).await,
        Command::Forget(args) => enter::forget(args, config()?).await,
        Command::Withdraw(args) => enter::withdraw(args, config()?).await,
        Command::Verify(args) => verify::run(args, &cli.config, cli.json).await,
        Command::Agree(args) => agree::run(args, config()?, cli.json).await,
        Command::Export(args) => serve::export(args, &config()?),
        Command::Serve(args) => serve::run(args).await,
        Command::Watch(args) => watch::run(args, config()?).await,
    }
}

/// The feed that a command names, and its duties in a period, whether they are due or not: one for each of `grants`, or
/// the one of a shared KPI for `None`.
async fn named_duties<'a>(
    daemon: &'a Daemon,
    feed: &str,
    period: u16,
    grants: &[Option<u32>],
) -> Result<(Bound<'a>, Plan, Vec<Duty>)> {
    let (bound, plan, found) = found_duties(daemon, feed, period, grants).await?;
    let missing = grants.iter().zip(&found).filter(|(_, duty)| duty.is_none());
    let missing: Vec<String> = missing.filter_map(|(grant, _)| Some((*grant)?.to_string())).collect();
    if !missing.is_empty() {
        bail!("the plan has no open grant {}", missing.join(", "));
    }
    Ok((bound, plan, found.into_iter().flatten().collect()))
}

/// The same; none for a grant that is not open.
async fn found_duties<'a>(
    daemon: &'a Daemon,
    feed: &str,
    period: u16,
    grants: &[Option<u32>],
) -> Result<(Bound<'a>, Plan, Vec<Option<Duty>>)> {
    let (bound, plan) = named_feed(daemon, feed, period).await?;
    let feed = bound.feed;
    let times = projection::period_times(&plan, period)?;
    let identities = feed.identities()?;
    let indices: Vec<u32> = grants.iter().flatten().copied().collect();
    let addresses: Vec<Pubkey> = indices.iter().map(|index| pda::grant(&feed.plan, *index)).collect();
    let found = match (bound.individual, addresses.is_empty()) {
        (false, false) => bail!("the KPI of feed {:?} is shared: it has no --grant", feed.id),
        (true, true) => bail!(
            "the KPI of feed {:?} is individual: name the --grant by its number",
            feed.id
        ),
        (false, true) => return Ok((bound.clone(), plan, vec![Some(bound.duty(&times, None))])),
        (true, false) => {
            daemon
                .endpoints
                .ask(async |client| client.grants(&addresses).await)
                .await?
        }
    };
    let found = indices.iter().zip(&addresses).zip(found);
    let duties =
        found.map(|((_, address), grant)| Some(bound.duty(&times, Some(grant_scope(address, &grant?, &identities)))));
    let duties = duties.collect();
    Ok((bound, plan, duties))
}

/// The feed that a command names, for a period that its plan has.
async fn named_feed<'a>(daemon: &'a Daemon, feed: &str, period: u16) -> Result<(Bound<'a>, Plan)> {
    let feed = daemon.config.feed(feed).with_context(|| {
        let known: Vec<&str> = daemon.config.feeds.iter().map(|feed| feed.id.as_str()).collect();
        format!("there is no feed {feed:?}; there are {}", known.join(", "))
    })?;
    let plan = daemon.endpoints.plan(feed.plan, false).await?.plan;
    let bound = Bound::new(feed, &plan)?;
    has_period(&plan, period)?;
    Ok((bound, plan))
}

/// Refuses a period that the plan does not have.
fn has_period(plan: &Plan, period: u16) -> Result<()> {
    if period >= plan.period_count {
        bail!(
            "the plan has {}, counted from 0: there is no {period}",
            counted(plan.period_count, "period")
        );
    }
    Ok(())
}

/// What somebody who runs a command by hand is called.
fn operator() -> String {
    std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .unwrap_or_else(|_| "unknown".to_owned())
}
