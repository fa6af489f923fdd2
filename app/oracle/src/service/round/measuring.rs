//! Measuring what is due and voting on it as it becomes ready: each value is kept before it is voted, or held with its
//! reason, and none waits for a source that another one needs.

use {
    super::{Class, Round, pages::Pages},
    crate::{
        measure::{Bound, Finding, measure, value},
        service::{Daemon, DaemonError},
        vote::{Ballot, Duty, Held, Journal, JournalError, Measured, Place, Sent, Target},
    },
    earnout_sdk::text::time,
    futures_util::{
        StreamExt,
        future::pending,
        stream::{self, FuturesUnordered},
    },
    std::{
        collections::{BTreeMap, BTreeSet},
        time::Duration,
    },
    tokio::time::{Instant, sleep_until},
    tracing::{info, warn},
};

/// Values that are written down together: writing each through to the disk takes longer than all else.
const TOGETHER: usize = 512;

/// For how long a value waits for others to be written down, and sent, with.
const GATHER: Duration = Duration::from_millis(250);

/// Deliveries under way at the same time for one plan, each of as many transactions as it needs.
const DELIVERIES: usize = 4;

/// A vote with the feed that it is for.
type Due<'a> = (&'a Bound<'a>, &'a Duty);

/// Measures what is due and votes on it. Every feed is asked for by itself, several of its values at a time; what is
/// ready is sent while others are still asked for. Where it is not known what became of a transaction nothing is sent:
/// a page gets its next upload once its last one is known.
pub(super) async fn vote_all(
    daemon: &Daemon,
    due: &[(&Bound<'_>, Duty)],
    now: i64,
    round: &mut Round,
) -> Result<Sent, DaemonError> {
    let unknown = unknown_places(daemon)?;
    let work = due.iter().filter(|(_, duty)| !unknown.contains(&duty.target.place()));
    let work: Vec<Due<'_>> = work.map(|(bound, duty)| (*bound, duty)).collect();
    let mut pages = Pages::new(work.iter().map(|(_, duty)| duty.target.place()));
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_feed: BTreeMap<&str, Vec<Due<'_>>> = BTreeMap::new();
    for (bound, duty) in work {
        *left.entry(&duty.feed).or_default() += 1;
        by_feed.entry(&duty.feed).or_default().push((bound, duty));
    }
    let feeds = by_feed.into_values().map(|of_feed| {
        let found = stream::iter(of_feed).map(async |due: Due<'_>| (due, measured(daemon, due, now).await));
        found.buffer_unordered(daemon.config.service.concurrency).boxed_local()
    });
    let mut asking = Some(stream::select_all(feeds));
    let mut sending = FuturesUnordered::new();
    let mut sent = Sent::default();
    let mut new: Vec<(Due<'_>, Box<Finding>)> = Vec::new();
    let mut keep_at = None;
    loop {
        if !new.is_empty()
            && (asking.is_none() || new.len() >= TOGETHER || keep_at.is_some_and(|at| at <= Instant::now()))
        {
            for ballot in keep(daemon, std::mem::take(&mut new))? {
                pages.ready(ballot, Instant::now());
            }
            keep_at = None;
        }
        if daemon.is_stopping() {
            // Nothing new; what was signed is followed to its end.
            (asking, keep_at) = (None, None);
            new.clear();
            pages.close();
        }
        if sending.len() < DELIVERIES {
            let ballots = pages.take(Instant::now(), asking.is_none());
            if !ballots.is_empty() {
                sending.push(async move {
                    let places: BTreeSet<Place> = ballots.iter().map(|ballot| ballot.target.place()).collect();
                    (places, daemon.courier().send(ballots).await)
                });
                continue;
            }
        }
        if asking.is_none() && new.is_empty() && sending.is_empty() {
            return Ok(sent);
        }
        let found = async {
            match &mut asking {
                Some(asking) => asking.next().await,
                None => pending().await,
            }
        };
        let next = pages.next().filter(|_| sending.len() < DELIVERIES);
        let wake = [keep_at, next].into_iter().flatten().min();
        tokio::select! {
            found = found => match found {
                None => asking = None,
                Some(((bound, duty), found)) => {
                    let place = duty.target.place();
                    match found? {
                        Found::Known(measured) => {
                            let target = duty.target;
                            pages.ready(Ballot { target, measured }, Instant::now());
                        }
                        Found::New(finding) => {
                            new.push(((bound, duty), finding));
                            keep_at.get_or_insert_with(|| Instant::now() + GATHER);
                        }
                        Found::Held => {
                            round.put(duty, Class::Held);
                            pages.without(&place);
                        }
                        Found::Stopped => (),
                    }
                    daemon.metrics.progress(time::now());
                    if let Some(left) = left.get_mut(duty.feed.as_str()) {
                        *left = left.saturating_sub(1);
                        if *left == 0 {
                            daemon.alarm.tell_of(&duty.feed);
                        }
                    }
                }
            },
            Some((places, delivered)) = sending.next(), if !sending.is_empty() => {
                match delivered {
                    Ok(delivered) => sent.add(delivered),
                    Err(problem) => sent.trouble = sent.trouble.or(Some(problem)),
                }
                let unknown = unknown_places(daemon)?;
                for place in &places {
                    pages.landed(place, unknown.contains(place));
                }
                daemon.metrics.progress(time::now());
            }
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => (),
            () = daemon.stopped(), if !daemon.is_stopping() => (),
        }
    }
}

/// Where a transaction was sent of which it is not known what became of it.
fn unknown_places(daemon: &Daemon) -> Result<BTreeSet<Place>, JournalError> {
    let open = daemon.journal().open_transactions()?;
    let votes = open.iter().flat_map(|signed| &signed.votes);
    Ok(votes.map(|(target, _)| target.place()).collect())
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
        // A source that is down holds thousands, in every round.
        false => daemon.alarm.still_held(duty, kind, &held.reason),
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
async fn measured(daemon: &Daemon, (bound, duty): Due<'_>, now: i64) -> Result<Found, DaemonError> {
    let (before, entry) = {
        let journal = daemon.journal();
        let entry = journal.entry(&duty.target)?;
        let correction = journal.correction(&duty.target)?;
        let corrected = correction
            .filter(|entry| entry.people() >= bound.feed.consent)
            .and_then(|entry| entry.fixed(bound.terms.decimals));
        if let Some(measured) = journal.measured(&duty.target)?
            && corrected.is_none_or(|value| value == measured.value)
        {
            return Ok(Found::Known(measured));
        }
        (value_before(&journal, &duty.target)?, entry)
    };
    if daemon.is_stopping() {
        return Ok(Found::Stopped);
    }
    let left = u64::try_from(duty.closes.saturating_sub(now)).unwrap_or_default();
    let patience = (&daemon.patience, Duration::from_secs(left));
    match measure(bound, &duty.scope, entry.as_ref(), before, patience).await {
        Ok(finding) => Ok(Found::New(Box::new(finding))),
        Err(reason) => {
            hold(daemon, duty, reason.kind(), reason.to_string())?;
            Ok(Found::Held)
        }
    }
}

/// Keeps what was measured: the evidence is on the disk before the journal names it, and the journal before anybody
/// votes.
fn keep(daemon: &Daemon, new: Vec<(Due<'_>, Box<Finding>)>) -> Result<Vec<Ballot>, DaemonError> {
    let (about, documents): (Vec<_>, Vec<_>) = new
        .into_iter()
        .map(|((bound, duty), finding)| ((bound, duty, finding.value), finding.evidence))
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
