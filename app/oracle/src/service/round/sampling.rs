//! Sampling what can be asked only while the end of a period passes.

use {
    super::Ready,
    crate::{
        measure::{Solana, Source},
        service::{Daemon, DaemonError},
        vote::{Duty, PlanState},
    },
    futures_util::{StreamExt, stream},
    tracing::{debug, warn},
};

/// Takes every sample of the plan that is due at `now` and was not taken yet. One that cannot be taken is tried again
/// in the next round, as long as its time lasts.
///
/// # Errors
/// If the plan holds what the program never writes.
pub(super) async fn sample_all(
    daemon: &Daemon,
    ready: &[Ready<'_>],
    state: &PlanState,
    now: i64,
) -> Result<(), DaemonError> {
    let mut due = Vec::new();
    for Ready { bound, identities, .. } in ready {
        let sampled: Vec<_> = bound.feed.sources.iter().flat_map(Source::sampled).collect();
        if sampled.is_empty() {
            continue;
        }
        for duty in bound.unsettled(&state.plan, &state.grants, identities, &daemon.oracle())? {
            let passing = sampled.iter().filter(|source| source.due(&duty.scope, now).is_some());
            due.extend(passing.map(|source| (*source, duty.clone())));
        }
    }
    let taking = due.into_iter().map(|(source, duty)| take(source, duty, now));
    stream::iter(taking)
        .buffer_unordered(daemon.config.service.concurrency)
        .collect::<Vec<()>>()
        .await;
    Ok(())
}

async fn take(source: &Solana, duty: Duty, now: i64) {
    let (feed, period) = (duty.feed, duty.target.period);
    match source.sample(&duty.scope, now).await {
        Ok(taken) => debug!(feed, period, taken, "sampled"),
        Err(problem) => warn!(feed, period, %problem, "a sample could not be taken"),
    }
}
