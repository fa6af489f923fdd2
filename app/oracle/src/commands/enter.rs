//! `enter` and `forget`: where a person decides.

use {
    super::{DONE, named_duty, operator},
    crate::{
        args::{Enter, Forget},
        measure::{Entry, value},
        service::{Config, Daemon},
    },
    anyhow::{Result, bail},
    earnout_sdk::text::time,
};

pub async fn enter(args: &Enter, config: Config) -> Result<u8> {
    value::parse(&args.value)?;
    if args.note.trim().is_empty() {
        bail!("--note is empty: say why the value is {}", args.value);
    }
    let daemon = Daemon::beside(config)?;
    let duty = named_duty(&daemon, &args.feed, args.period, args.grant).await?;
    let now = daemon.endpoints.ask(async |client| client.now().await).await?;
    if now >= duty.closes {
        bail!(
            "the vote window of period {} closed at {}",
            args.period,
            time::text(duty.closes)
        );
    }
    let journal = daemon.journal();
    if journal.vote(&duty.target)?.is_some() {
        bail!("the chain already has this oracle's vote on it");
    }
    if journal.measured(&duty.target)?.is_some() {
        bail!("there is a measured value already; `earnout-oracle forget` it first if it is wrong and not signed yet");
    }
    let entry = Entry {
        value: args.value.clone(),
        note: args.note.clone(),
        entered_by: operator(),
        entered_at: time::now(),
    };
    journal.enter(&duty.target, &entry)?;
    println!(
        "entered {} for period {} of feed {}; the daemon attests it when it is due",
        args.value, args.period, args.feed
    );
    Ok(DONE)
}

pub async fn forget(args: &Forget, config: Config) -> Result<u8> {
    let daemon = Daemon::beside(config)?;
    let duty = named_duty(&daemon, &args.feed, args.period, args.grant).await?;
    if !daemon.journal().forget_measured(&duty.target)? {
        bail!("there is no measured value that was not signed yet: what was signed may be on its way and stays");
    }
    println!(
        "forgotten; the daemon measures period {} of feed {} again",
        args.period, args.feed
    );
    Ok(DONE)
}
