//! What a plan owes and will owe, at any time, by the program's own arithmetic: nothing here is computed a second way.

pub use super::error::ProjectionError;

use {
    super::priced::Priced,
    earnout::state::{Grant, Kpi, Plan, Results, Tally},
    earnout_core::{
        self as core,
        quorum::{Finality, Outcome},
        tranche::Settlement,
    },
};

/// The times of one period, Unix seconds. Every window includes its first second and excludes its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodTimes {
    /// Number of the period.
    pub period: u16,
    /// Its first second.
    pub start: i64,
    /// The second after its last: voting begins.
    pub end: i64,
    /// Voting is over.
    pub attest_deadline: i64,
    /// From here on it settles whatever anybody does: `D1 + challenge_secs + ruling_secs`.
    pub settle_deadline: i64,
}

/// The times of every period of `plan`.
///
/// # Errors
/// If the account holds a calendar that the program would not have accepted.
pub fn schedule(plan: &Plan) -> Result<Vec<PeriodTimes>, ProjectionError> {
    (0..plan.period_count)
        .map(|period| period_times(plan, period))
        .collect()
}

/// The times of one period of `plan`.
///
/// # Errors
/// As [`schedule`], and if the plan has no such period.
pub fn period_times(plan: &Plan, period: u16) -> Result<PeriodTimes, ProjectionError> {
    let calendar = plan.calendar()?;
    let windows = plan.windows();
    let end = calendar.period_end(period)?;
    Ok(PeriodTimes {
        period,
        start: calendar.period_start(period)?,
        end,
        attest_deadline: windows.attest_deadline(end)?,
        settle_deadline: windows.settle_deadline(end)?,
    })
}

/// Amounts of a grant at one time, base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// What the grant is for, with full scores throughout.
    pub allocation: u64,
    /// What the settled periods earned, without bonuses.
    pub earned: u64,
    /// Bonuses collected.
    pub bonus: u64,
    /// Earned and past the cliff, bonuses included.
    pub vested: u64,
    /// Paid out.
    pub claimed: u64,
    /// Vested and not yet paid out.
    pub claimable: u64,
    /// Reserved in the vault for what can still be earned.
    pub reserved: u64,
}

/// Amounts of `grant` at `now` (Unix seconds).
///
/// # Errors
/// If an account holds what the program never writes.
pub fn amounts(plan: &Plan, grant: &Grant, now: i64) -> Result<Amounts, ProjectionError> {
    Ok(Amounts {
        allocation: grant.allocation,
        earned: grant.earned,
        bonus: grant.bonus,
        vested: grant.vested(plan, now)?,
        claimed: grant.claimed,
        claimable: grant.claimable(plan, now)?,
        reserved: grant.reserved,
    })
}

/// What counts for one KPI in one period, as far as it can be said at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whether it can still change, and until when.
    pub finality: Finality,
    /// The value or silence that would count if nothing more happened.
    pub outcome: Outcome,
    /// Its score, basis points; 0 for the price, which has none.
    pub score: u16,
    /// Of the price the value that counts, the default under silence; else none.
    pub price: Option<i64>,
}

/// Reads KPI number `kpi` for `period` at `now` (Unix seconds). `tally` is what its attestation
/// or page says; the default one where there is none.
///
/// # Errors
/// If the plan has no such KPI or period, or an account holds what the program never writes.
pub fn reading(plan: &Plan, kpi: u8, period: u16, tally: &Tally, now: i64) -> Result<Reading, ProjectionError> {
    let terms = plan
        .kpis()
        .get(usize::from(kpi))
        .ok_or(ProjectionError::UnknownKpi(kpi))?;
    let deadline = plan.attest_deadline(period)?;
    let at = |time| tally.finality(plan, terms, deadline, time);
    let finality = at(now)?;
    let outcome = match finality {
        Finality::Final(outcome) => outcome,
        // By then nothing that is known now can change it.
        Finality::NotBefore(time) => match at(time)? {
            Finality::Final(outcome) => outcome,
            Finality::NotBefore(_) => Outcome::Silent,
        },
    };
    let (score, price) = worth(terms, outcome)?;
    Ok(Reading {
        finality,
        outcome,
        score,
        price,
    })
}

/// What a value or a silence is worth: its score in basis points, 0 for the price; and of the price the value that
/// counts.
///
/// # Errors
/// If the account holds what the program never writes.
pub fn worth(kpi: &Kpi, outcome: Outcome) -> Result<(u16, Option<i64>), ProjectionError> {
    if kpi.is_price() {
        return Ok((0, Some(core::quorum::price_of(outcome, kpi.default_price))));
    }
    Ok((core::quorum::score_of(outcome, &kpi.curve()?, kpi.default_score)?, None))
}

/// One period of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Projected {
    /// Number of the period.
    pub period: u16,
    /// What full scores pay, base units.
    pub tranche: u64,
    /// How that follows from the price; none of a grant in tokens.
    pub priced: Option<Priced>,
    /// What the scores make of it. Bonuses depend on the other grants of the period and are not in it.
    pub settlement: Settlement,
}

/// What `grant` will earn from its next period on, if the results of each period are as `results` says.
///
/// # Errors
/// If an account holds what the program never writes.
pub fn project(
    plan: &Plan,
    grant: &Grant,
    mut results: impl FnMut(u16) -> Results,
) -> Result<Vec<Projected>, ProjectionError> {
    let mut grant = *grant;
    let mut projection = Vec::new();
    while grant.next_period < grant.end_period {
        let period = grant.next_period;
        let results = results(period);
        let priced = Priced::of_period(plan, &grant, period, results.price)?;
        let settlement = grant.settle(plan, &results)?;
        projection.push(Projected {
            period,
            tranche: grant.last_tranche,
            priced,
            settlement,
        });
    }
    Ok(projection)
}
