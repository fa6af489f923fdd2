//! Measuring what is due: each value is kept before it is voted, or held with its reason.

use {
    super::{Class, Round},
    crate::{
        measure::{Bound, Finding, measure, value},
        service::{Daemon, DaemonError},
        vote::{Ballot, Duty, Held, Journal, JournalError, Measured, Place, Target},
    },
    earnout_sdk::text::time,
    futures_util::{StreamExt, stream},
    std::collections::BTreeSet,
    tracing::{info, warn},
};

/// Measures what is due and not measured yet, several at a time, and returns the votes to be made. Where it is not
/// known what became of a transaction nothing is: a page gets its next upload once its last one is known.
pub(super) async fn measure_all(
    daemon: &Daemon,
    due: &[(&Bound<'_>, Duty)],
    round: &mut Round,
) -> Result<Vec<Ballot>, DaemonError> {
    let signed = daemon.journal().open_transactions()?;
    let votes = signed.iter().flat_map(|signed| &signed.votes);
    let pending: BTreeSet<Place> = votes.map(|(target, _)| target.place()).collect();
    let work = due.iter().filter(|(_, duty)| !pending.contains(&duty.target.place()));
    let found = stream::iter(work.map(|(bound, duty)| async move { (duty, measured(daemon, bound, duty).await) }))
        .buffered(daemon.config.service.concurrency)
        .collect::<Vec<_>>()
        .await;
    let mut ballots = Vec::new();
    for (duty, result) in found {
        match result? {
            Found::Value(measured) => ballots.push(Ballot {
                target: duty.target,
                measured,
            }),
            Found::Held => round.put(duty, Class::Held),
            Found::Stopped => round.put(duty, Class::Unfinished),
        }
    }
    Ok(ballots)
}

/// Writes down that nothing is attested, to be told if that is news.
pub(super) fn hold(daemon: &Daemon, duty: &Duty, kind: &str, reason: String) -> Result<(), DaemonError> {
    let held = Held {
        feed: duty.feed.clone(),
        target: duty.target,
        kind: kind.to_owned(),
        reason,
        since: time::now(),
    };
    let is_news = daemon.journal().hold(&held)?;
    let (feed, Target { period, grant, .. }) = (held.feed, held.target);
    match is_news {
        true => {
            warn!(feed, period, grant, reason = held.reason, "held");
            daemon.alarm.hold(duty, kind, &held.reason);
        }
        false => warn!(feed, period, grant, reason = held.reason, "still held"),
    }
    Ok(())
}

/// What measuring gave.
enum Found {
    Value(Measured),
    /// Nothing that may be attested.
    Held,
    /// Nothing was measured, because the daemon stops.
    Stopped,
}

/// The value for one duty: what was measured before, or what is measured now.
async fn measured(daemon: &Daemon, bound: &Bound<'_>, duty: &Duty) -> Result<Found, DaemonError> {
    let (before, entry) = {
        let journal = daemon.journal();
        if let Some(measured) = journal.measured(&duty.target)? {
            return Ok(Found::Value(measured));
        }
        (value_before(&journal, &duty.target)?, journal.entry(&duty.target)?)
    };
    if daemon.is_stopping() {
        return Ok(Found::Stopped);
    }
    match measure(bound, &duty.scope, entry.as_ref(), before).await {
        Ok(finding) => {
            let measured = keep(daemon, duty, &finding)?;
            let Target { period, grant, .. } = duty.target;
            if grant.is_none() {
                daemon
                    .metrics
                    .last_value
                    .with_label_values(&[&duty.feed])
                    .set(finding.value);
            }
            info!(
                feed = duty.feed,
                period,
                grant,
                value = %value::from_fixed(finding.value, bound.terms.decimals),
                evidence = hex::encode(measured.evidence),
                "measured"
            );
            Ok(Found::Value(measured))
        }
        Err(reason) => {
            hold(daemon, duty, reason.kind(), reason.to_string())?;
            Ok(Found::Held)
        }
    }
}

fn keep(daemon: &Daemon, duty: &Duty, finding: &Finding) -> Result<Measured, DaemonError> {
    let measured = Measured {
        value: finding.value,
        // On disk before the journal names it.
        evidence: daemon.store.put(&finding.evidence)?,
        at: time::now(),
    };
    daemon.journal().record_measured(&duty.target, &measured)?;
    Ok(measured)
}

/// The last value of the same thing: what this oracle reported for the period before.
fn value_before(journal: &Journal, target: &Target) -> Result<Option<i64>, JournalError> {
    let Some(period) = target.period.checked_sub(1) else {
        return Ok(None);
    };
    let before = Target { period, ..*target };
    Ok(match journal.vote(&before)? {
        Some(vote) => Some(vote.value),
        None => journal.measured(&before)?.map(|measured| measured.value),
    })
}
