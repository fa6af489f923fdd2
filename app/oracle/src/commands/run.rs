//! `once` and `run`.

use {
    super::{DONE, LOOK},
    crate::{
        args::Once,
        service::{
            About, Alert, AlertKind, Config, Daemon, metrics,
            round::{Class, Filter, Round, round},
        },
    },
    anyhow::{Context, Result, bail},
    earnout_sdk::text::time,
    serde_json::{Map, Value, json},
    std::time::Duration,
    tokio::signal::unix::{SignalKind, signal},
    tracing::{error, info},
};

/// Longest pause after rounds that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// How long what was signed may take to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(120);

/// How long alerts may take to reach the alert command before the process ends; with [`DRAIN`] less than what the unit
/// for systemd allows.
pub(super) const SETTLE: Duration = Duration::from_secs(20);

pub async fn once(args: &Once, config: Config, json: bool) -> Result<u8> {
    if let Some(feed) = &args.feed
        && config.feed(feed).is_none()
    {
        bail!("there is no feed {feed:?}");
    }
    let daemon = Daemon::open(config)?;
    let filter = Filter {
        feed: args.feed.clone(),
        period: args.period,
    };
    let round = round(&daemon, &filter).await;
    daemon.alarm.settle(SETTLE).await;
    let round = round?;
    match json {
        true => say!("{:#}", in_json(&round)),
        false => say!("{}", in_words(&round)),
    }
    let is_open = round.is_open();
    if let Some(trouble) = round.trouble {
        return Err(trouble.into());
    }
    Ok(if is_open { LOOK } else { DONE })
}

pub async fn forever(config: Config) -> Result<u8> {
    let interval = config.service.interval;
    let listen = config.service.listen;
    let daemon = Daemon::open(config)?;
    if let Some(address) = listen {
        let serving = metrics::serve(address, daemon.metrics.clone()).await;
        let address = serving.with_context(|| format!("cannot listen on {address}"))?;
        info!(%address, "/healthz and /metrics");
    }
    info!(oracle = %daemon.oracle(), feeds = daemon.config.feeds.len(), "started");
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let everything = Filter::default();
    let mut failures = 0u32;
    loop {
        let rounds = round(&daemon, &everything);
        tokio::pin!(rounds);
        let ended = tokio::select! {
            ended = &mut rounds => Some(ended),
            _ = terminate.recv() => None,
            _ = interrupt.recv() => None,
        };
        let Some(ended) = ended else {
            info!("stopping: what was signed is brought to its end");
            daemon.stop();
            match tokio::time::timeout(DRAIN, rounds).await {
                Ok(
                    Ok(Round {
                        trouble: Some(problem), ..
                    })
                    | Err(problem),
                ) => {
                    error!(%problem, "stopped; the journal has what is left");
                }
                Ok(Ok(_)) => info!("stopped"),
                Err(_) => error!("stopped in the middle of a round; the journal has what is left"),
            }
            daemon.alarm.settle(SETTLE).await;
            return Ok(DONE);
        };
        // What was done is told, whatever else failed.
        let ended = ended.and_then(|mut round| {
            info!("{}", in_words(&round));
            round.trouble.take().map_or(Ok(()), Err)
        });
        let pause = match ended {
            Ok(()) => {
                failures = 0;
                daemon.alarm.clear(AlertKind::RoundFailed);
                interval
            }
            Err(problem) => {
                failures = failures.saturating_add(1);
                error!(%problem, "the round failed; the next one goes on where it stopped");
                // One that fails can be an endpoint that restarts.
                if failures >= 3 {
                    let problem = problem.to_string();
                    daemon
                        .alarm
                        .raise(Alert::RoundFailed { failures, problem }, About::default());
                }
                (interval * 2u32.saturating_pow(failures.min(8))).min(LONGEST_PAUSE.max(interval))
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => (),
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    daemon.alarm.settle(SETTLE).await;
    info!("stopped");
    Ok(DONE)
}

fn in_json(round: &Round) -> Value {
    let counts = Class::ALL.map(|class| (class.key().to_owned(), Value::from(round.count(class))));
    let misfits = round.misfits.iter();
    json!({
        "votes": counts.into_iter().collect::<Map<_, _>>(),
        "observed": round.observed,
        "next": round.next.map(time::text),
        "mistakes": misfits.map(|misfit| json!({ "feed": misfit.feed, "text": misfit.text })).collect::<Vec<_>>(),
        "problem": round.trouble.as_ref().map(ToString::to_string),
    })
}

fn in_words(round: &Round) -> String {
    let next = match round.next {
        Some(time) => format!("; the next at {}", time::text(time)),
        None => String::new(),
    };
    // What is expected is always there, what is not only if there is something of it.
    let expected = [Class::Voted, Class::Already, Class::Held, Class::NotDue];
    let counts: Vec<String> = Class::ALL
        .into_iter()
        .map(|class| (class, round.count(class)))
        .filter(|(class, count)| *count > 0 || expected.contains(class))
        .map(|(class, count)| format!("{count} {}", class.name()))
        .collect();
    let observed = match round.observed {
        0 => String::new(),
        observed => format!(", {observed} observed"),
    };
    format!("{}{observed}{next}", counts.join(", "))
}
