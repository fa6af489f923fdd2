//! Where this oracle's vote stands among those of the others: what an operator has to know, from the chain alone, so
//! that it is true after a restart, a feed's new name and a restored journal.

use {
    crate::{measure::FeedError, vote::Duty},
    earnout::state::{Plan, Tally, place},
    earnout_core::quorum::Outcome,
    earnout_sdk::{report::projection, wire::Evaluation},
};

/// How far a vote has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// There is no vote yet.
    Due,
    /// Nobody else has voted yet.
    Alone,
    /// Enough oracles agree, this one among them.
    Agreed,
    /// Too few agree; this vote would count.
    Median,
    /// Too few agree; another value, or none, would count.
    Differs,
    /// Enough oracles agree on another value.
    Outvoted,
    /// Enough others agreed before this oracle voted.
    Decided,
    /// The window closed without a vote.
    Missed,
}

impl Standing {
    /// Each of them.
    pub const ALL: [Self; 8] = [
        Self::Due,
        Self::Alone,
        Self::Agreed,
        Self::Median,
        Self::Differs,
        Self::Outvoted,
        Self::Decided,
        Self::Missed,
    ];

    /// What metrics and `status` call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Alone => "alone",
            Self::Agreed => "agreed",
            Self::Median => "median",
            Self::Differs => "differs",
            Self::Outvoted => "outvoted",
            Self::Decided => "decided",
            Self::Missed => "missed",
        }
    }

    /// Whether there is a vote of this oracle.
    pub fn is_voted(self) -> bool {
        match self {
            Self::Alone | Self::Agreed | Self::Median | Self::Differs | Self::Outvoted => true,
            Self::Due | Self::Decided | Self::Missed => false,
        }
    }
}

/// A vote among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub standing: Standing,
    /// The value that would count if nothing more happened; none if that is silence.
    pub stands: Option<i64>,
    /// Whether every oracle of the set has voted.
    pub is_complete: bool,
}

/// What the votes in an attestation or page say about a duty; the default where there are none.
///
/// # Errors
/// If an account holds what the program never writes.
pub fn tally(evaluation: Option<&Evaluation>, duty: &Duty) -> Result<Tally, FeedError> {
    let tally = match (evaluation, &duty.scope.grant) {
        (Some(Evaluation::Attestation(state)), _) => state.tally(),
        (Some(Evaluation::Page(page)), Some(grant)) => page.view().tally(place(grant.index).1, &grant.beneficiary),
        (Some(Evaluation::Page(_)), None) | (None, _) => return Ok(Tally::default()),
    };
    tally.map_err(|error| FeedError::Corrupt(error.to_string()))
}

/// Where the vote `own` on `duty` stands at `now`, Unix seconds.
///
/// # Errors
/// If an account holds what the program never writes.
pub fn position(plan: &Plan, duty: &Duty, tally: &Tally, own: Option<i64>, now: i64) -> Result<Position, FeedError> {
    let target = duty.target;
    let reading = match tally.oracle_count {
        0 => None,
        _ => Some(projection::reading(plan, target.kpi, target.period, tally, now)?),
    };
    let stands = match reading.map(|reading| reading.outcome) {
        Some(Outcome::Value(value)) => Some(value),
        Some(Outcome::Silent) | None => None,
    };
    let votes = tally.votes.iter().flatten().count();
    let standing = match (own, tally.agreed) {
        (None, Some(_)) => Standing::Decided,
        (None, None) if now >= duty.closes => Standing::Missed,
        (None, None) => Standing::Due,
        (Some(own), Some(agreed)) if own == agreed => Standing::Agreed,
        (Some(_), Some(_)) => Standing::Outvoted,
        (Some(_), None) if votes <= 1 => Standing::Alone,
        (Some(own), None) if stands == Some(own) => Standing::Median,
        (Some(_), None) => Standing::Differs,
    };
    Ok(Position {
        standing,
        stands,
        is_complete: votes >= usize::from(tally.oracle_count),
    })
}
