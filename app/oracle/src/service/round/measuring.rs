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

/// Values that are written down together: writing each through to the disk takes longer than all else.
const TOGETHER: usize = 512;

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
    let work: Vec<_> = due
        .iter()
        .filter(|(_, duty)| !pending.contains(&duty.target.place()))
        .collect();
    let mut ballots = Vec::new();
    for together in work.chunks(TOGETHER) {
        let found = stream::iter(together.iter().map(|(bound, duty)| measured(daemon, bound, duty)))
            .buffered(daemon.config.service.concurrency)
            .collect::<Vec<_>>()
            .await;
        let mut new = Vec::new();
        for ((bound, duty), result) in together.iter().zip(found) {
            match result? {
                Found::Known(measured) => ballots.push(Ballot {
                    target: duty.target,
                    measured,
                }),
                Found::New(finding) => new.push((bound, duty, finding)),
                Found::Held => round.put(duty, Class::Held),
                Found::Stopped => round.put(duty, Class::Unfinished),
            }
        }
        ballots.extend(keep(daemon, new)?);
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
    /// What was measured before.
    Known(Measured),
    /// What is measured now.
    New(Box<Finding>),
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
            return Ok(Found::Known(measured));
        }
        (value_before(&journal, &duty.target)?, journal.entry(&duty.target)?)
    };
    if daemon.is_stopping() {
        return Ok(Found::Stopped);
    }
    match measure(bound, &duty.scope, entry.as_ref(), before).await {
        Ok(finding) => Ok(Found::New(Box::new(finding))),
        Err(reason) => {
            hold(daemon, duty, reason.kind(), reason.to_string())?;
            Ok(Found::Held)
        }
    }
}

/// Keeps what was measured: the evidence is on the disk before the journal names it, and the journal before anybody
/// votes.
fn keep(daemon: &Daemon, new: Vec<(&&Bound<'_>, &Duty, Box<Finding>)>) -> Result<Vec<Ballot>, DaemonError> {
    let (about, documents): (Vec<_>, Vec<_>) = new
        .into_iter()
        .map(|(bound, duty, finding)| ((bound, duty, finding.value), finding.evidence))
        .unzip();
    let hashes = daemon.store.put_all(&documents)?;
    let values = about.iter().map(|(_, _, value)| *value);
    let measured = values.zip(hashes).map(|(value, evidence)| Measured {
        value,
        evidence,
        at: time::now(),
    });
    let all: Vec<(Target, Measured)> = about.iter().map(|(_, duty, _)| duty.target).zip(measured).collect();
    daemon.journal().record_measured(&all)?;
    let mut ballots = Vec::with_capacity(all.len());
    for ((bound, duty, value), (target, measured)) in about.into_iter().zip(all) {
        let Target { period, grant, .. } = target;
        if grant.is_none() {
            daemon.metrics.last_value.with_label_values(&[&duty.feed]).set(value);
        }
        info!(
            feed = duty.feed,
            period,
            grant,
            value = %value::from_fixed(value, bound.terms.decimals),
            evidence = hex::encode(measured.evidence),
            "measured"
        );
        ballots.push(Ballot { target, measured });
    }
    Ok(ballots)
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
