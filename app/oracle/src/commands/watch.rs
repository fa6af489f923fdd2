//! `watch`: the other oracles' values against the own sources.

use {
    super::{DONE, LOOK, run::SETTLE},
    crate::{
        args::Watch,
        service::{
            Config, Daemon,
            examine::Examined,
            watch::{Look, look},
        },
    },
    anyhow::Result,
    tokio::signal::unix::{SignalKind, signal},
    tracing::{error, info},
};

pub async fn run(args: &Watch, config: Config) -> Result<u8> {
    let interval = config.service.interval;
    let daemon = Daemon::beside(config)?;
    let mut examined = Examined::default();
    if args.once {
        let found = look(&daemon, &mut examined).await;
        daemon.alarm.settle(SETTLE).await;
        let found = found?;
        say!("{}", in_words(&found));
        return Ok(if found.differ > 0 || found.unfinished > 0 || found.unproved > 0 {
            LOOK
        } else {
            DONE
        });
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopped = loop {
        // Not cut short: a dispute that was signed is followed to its end.
        match look(&daemon, &mut examined).await {
            Ok(found) => info!("{}", in_words(&found)),
            Err(problem) => error!(%problem, "cannot look; the next look tries again"),
        }
        tokio::select! {
            () = tokio::time::sleep(interval) => (),
            _ = terminate.recv() => break DONE,
            _ = interrupt.recv() => break DONE,
        }
    };
    daemon.alarm.settle(SETTLE).await;
    Ok(stopped)
}

fn in_words(look: &Look) -> String {
    let unfinished = match look.unfinished {
        0 => String::new(),
        count => format!(", {count} unfinished"),
    };
    let examined = match (look.proved, look.unproved) {
        (0, 0) => String::new(),
        (proved, 0) => format!(", {proved} proved by their evidence"),
        (proved, unproved) => format!(", {proved} proved and {unproved} not proved by their evidence"),
    };
    format!(
        "{} agree, {} differ, {} cannot be measured, {} disputed{unfinished}{examined}",
        look.agree, look.differ, look.unknown, look.disputed
    )
}
