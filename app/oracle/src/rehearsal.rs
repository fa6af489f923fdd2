//! What a configuration measures of a plan, without votes: for plays of a plan that is not on a public chain, and for
//! tests. The sources are asked, read and checked as the daemon does it, but for the change against the period before.

use {
    crate::{
        Config,
        measure::{Bound, Document, Earlier, Evidence, FeedError, GrantScope, Hold, Patience, Scope, measure},
    },
    earnout::state::{Grant, Plan},
    sha2::{Digest, Sha256},
    solana_program::pubkey::Pubkey,
    std::time::Duration,
    thiserror::Error,
};

/// A grant of the plan.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its address.
    pub address: Pubkey,
    /// What it says.
    pub grant: Grant,
    /// Who its beneficiary is where individual KPIs are measured: what stands in the place of `{identity}`.
    pub identity: String,
}

/// A value that has passed every check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Number of the KPI.
    pub kpi: u8,
    /// Place of the grant among the subjects; none for a shared KPI.
    pub subject: Option<usize>,
    /// Fixed point, with the decimals of the KPI.
    pub value: i64,
    /// SHA-256 of the evidence.
    pub evidence: [u8; 32],
}

/// Why there is no value.
#[derive(Debug, Error)]
pub enum RehearsalError {
    /// Nothing can be asked.
    #[error("cannot ask sources: {0}")]
    Runtime(std::io::Error),
    /// A feed is not of this plan.
    #[error(transparent)]
    Feed(#[from] Box<FeedError>),
    /// The plan holds what the program never writes.
    #[error("the plan cannot be read: {0}")]
    Plan(String),
    /// A value did not pass.
    #[error("feed {feed:?}{of}: {hold}")]
    Held {
        /// The feed.
        feed: String,
        /// Whose value it is, if it is of somebody.
        of: String,
        /// What is wrong with it.
        hold: Hold,
    },
    /// The evidence cannot be written.
    #[error("the evidence cannot be written: {0}")]
    Evidence(String),
}

/// Asks the feeds of `config` for the values of a period: one for each shared KPI, and for an individual one a value
/// for each of `subjects` that has weight on it and a part in the period. Whichever plan the feeds name, they are taken
/// as feeds of `plan`. Must not be called from within a runtime of tokio.
///
/// # Errors
/// If a feed is of another plan, or a value is held.
pub fn readings(
    config: &Config,
    plan: &Plan,
    period: u16,
    subjects: &[Subject],
) -> Result<Vec<Reading>, RehearsalError> {
    let unreadable = |error: &dyn std::fmt::Display| RehearsalError::Plan(error.to_string());
    let calendar = plan.calendar().map_err(|error| unreadable(&error))?;
    let start = calendar.period_start(period).map_err(|error| unreadable(&error))?;
    let end = calendar.period_end(period).map_err(|error| unreadable(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(RehearsalError::Runtime)?;
    let (patience, mut readings) = (Patience::default(), Vec::new());
    for feed in &config.feeds {
        let bound = Bound::new(feed, plan).map_err(Box::new)?;
        let of = |subject: Option<(usize, &Subject)>| {
            let scope = Scope {
                period,
                start,
                end,
                earlier: Earlier::of(&calendar, period, start),
                grant: subject.map(|(_, subject)| GrantScope {
                    index: subject.grant.index,
                    address: subject.address,
                    beneficiary: subject.grant.beneficiary,
                    identity: Some(subject.identity.clone()),
                }),
            };
            let finding = runtime.block_on(measure(&bound, &scope, None, None, (&patience, Duration::MAX)));
            let finding = finding.map_err(|hold| RehearsalError::Held {
                feed: feed.id.clone(),
                of: subject.map_or_else(String::new, |(_, subject)| format!(", {}", subject.identity)),
                hold,
            })?;
            Ok::<_, RehearsalError>(Reading {
                kpi: bound.kpi,
                subject: subject.map(|(place, _)| place),
                value: finding.value,
                evidence: hash(&finding.evidence)?,
            })
        };
        if !bound.individual {
            readings.push(of(None)?);
            continue;
        }
        for (place, subject) in subjects.iter().enumerate() {
            if subject.grant.has_weight(bound.kpi) && subject.grant.covers(period) {
                readings.push(of(Some((place, subject)))?);
            }
        }
    }
    Ok(readings)
}

fn hash(evidence: &Evidence) -> Result<[u8; 32], RehearsalError> {
    let bytes = evidence.to_bytes().map_err(RehearsalError::Evidence)?;
    Ok(Sha256::digest(bytes).into())
}
