//! What is to be done in a plan now, by whom, and until when.

use {
    crate::report::{
        projection::ProjectionError,
        statement::{GrantReport, Measurement, PeriodReport, Stage, Statement},
    },
    earnout::state::{PlanStatus, Scope},
    earnout_core::quorum::Finality,
    solana_program::pubkey::Pubkey,
    std::collections::BTreeMap,
};

/// Something that can be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// The authority activates the draft.
    Activate,
    /// Oracles vote on a KPI.
    Vote {
        /// The period.
        period: u16,
        /// Number of the KPI.
        kpi: u8,
        /// How many values are missing, by oracle. A shared KPI has one value, an individual one a value for each
        /// grant.
        missing: BTreeMap<Pubkey, u32>,
        /// Voting ends, Unix seconds.
        until: i64,
    },
    /// Anyone shows what a KPI's price feed published: of all updates the first one after the end of the period counts.
    Observe {
        /// The period.
        period: u16,
        /// Number of the KPI.
        kpi: u8,
        /// Whether an update was shown already, which an earlier one would replace.
        shown: bool,
        /// Voting ends, Unix seconds.
        until: i64,
    },
    /// The authority or a beneficiary whom it concerns may dispute values or silences of a KPI.
    Dispute {
        /// The period.
        period: u16,
        /// Number of the KPI.
        kpi: u8,
        /// How many values and silences can be disputed.
        open: u32,
        /// The first of the challenge windows ends, Unix seconds.
        until: i64,
    },
    /// The arbiter rules on disputes of a KPI.
    Rule {
        /// The period.
        period: u16,
        /// Number of the KPI.
        kpi: u8,
        /// How many disputes wait.
        open: u32,
        /// The grants whose values or silences are disputed, by number; none of a shared KPI.
        grants: Vec<u32>,
        /// The first of the ruling windows ends, Unix seconds.
        until: i64,
    },
    /// Anyone settles grants.
    Settle {
        /// The period.
        period: u16,
        /// How many.
        grants: u32,
    },
    /// Anyone collects bonuses.
    Collect {
        /// The period.
        period: u16,
        /// For how many grants.
        grants: u32,
    },
    /// Beneficiaries claim, or anyone for those who have not locked their claims.
    Claim {
        /// How many.
        grants: u32,
        /// Base units.
        amount: u128,
    },
}

/// What is to be done at the time of the statement: by period, then in the order in which it is done.
///
/// # Errors
/// If an account holds what the program never writes.
pub fn agenda(statement: &Statement) -> Result<Vec<Task>, ProjectionError> {
    let mut tasks = Vec::new();
    let plan = &statement.sources.plan;
    match plan.status()? {
        PlanStatus::Draft => tasks.push(Task::Activate),
        PlanStatus::Closed => return Ok(tasks),
        PlanStatus::Active => {}
    }
    let over = |period: &&PeriodReport| !matches!(period.stage, Stage::Ahead | Stage::Running);
    for period in statement.periods.iter().filter(over) {
        if period.settled < period.grants {
            for kpi in (0u8..).take(plan.kpis().len()) {
                evaluation(statement, period, kpi, &mut tasks)?;
            }
            let ready = count(statement, |grant| is_ready(statement, grant, period.times.period))?;
            if ready > 0 {
                let (period, grants) = (period.times.period, ready);
                tasks.push(Task::Settle { period, grants });
            }
        } else if period.pool.is_some() {
            let waits = |grant: &GrantReport| {
                let state = &grant.state;
                let period = period.times.period;
                Ok(state.covers(period) && state.collected_through == period)
            };
            let grants = count(statement, waits)?;
            if grants > 0 {
                let period = period.times.period;
                tasks.push(Task::Collect { period, grants });
            }
        }
    }
    let amount = statement.totals.claimable;
    if amount > 0 {
        let grants = count(statement, |grant| Ok(grant.claimable > 0))?;
        tasks.push(Task::Claim { grants, amount });
    }
    Ok(tasks)
}

/// Adds what oracles, disputers and the arbiter can do about a KPI in a period.
fn evaluation(
    statement: &Statement,
    period: &PeriodReport,
    kpi: u8,
    tasks: &mut Vec<Task>,
) -> Result<(), ProjectionError> {
    let plan = &statement.sources.plan;
    let (times, now) = (&period.times, statement.sources.now);
    let (challenge, ruling) = (i64::from(plan.challenge_secs), i64::from(plan.ruling_secs));
    let oracles = plan.oracle_set(times.period).oracles();
    let mut missing: BTreeMap<Pubkey, u32> = BTreeMap::new();
    let (mut disputable, mut disputed) = (Window::default(), Window::default());
    let mut disputed_grants = Vec::new();
    let has_feed = plan.kpi(kpi)?.has_feed();
    let mut observe = None;
    for (grant, measurement) in measurements(statement, times.period, kpi)? {
        // What the feed published first after the end counts, whatever else is shown or voted.
        let shown = measurement.observation.as_ref();
        let is_decided = shown.is_some_and(|shown| shown.published.is_first(times.end));
        if period.stage == Stage::Voting && has_feed && !is_decided {
            observe = Some(shown.is_some());
        }
        if period.stage == Stage::Voting && measurement.agreed_at.is_none() && !is_decided {
            let voted = |oracle: &Pubkey| {
                measurement
                    .votes
                    .iter()
                    .any(|vote| vote.oracle.as_ref() == Some(oracle))
            };
            for oracle in oracles.iter().filter(|oracle| !voted(oracle)) {
                let count = missing.entry(*oracle).or_default();
                *count = count.saturating_add(1);
            }
        }
        match &measurement.dispute {
            Some(dispute) if dispute.ruling.is_none() => {
                if disputed.add(dispute.at.saturating_add(ruling), now) {
                    disputed_grants.extend(grant);
                }
            }
            Some(_) => {}
            None => {
                let since = measurement.agreed_at.unwrap_or(times.attest_deadline);
                if since <= now {
                    disputable.add(since.saturating_add(challenge), now);
                }
            }
        }
    }
    let (period, until) = (times.period, times.attest_deadline);
    if let Some(shown) = observe {
        tasks.push(Task::Observe {
            period,
            kpi,
            shown,
            until,
        });
    }
    if !missing.is_empty() {
        tasks.push(Task::Vote {
            period,
            kpi,
            missing,
            until,
        });
    }
    let Window { open, until } = disputable;
    if open > 0 {
        tasks.push(Task::Dispute {
            period,
            kpi,
            open,
            until,
        });
    }
    let Window { open, until } = disputed;
    if open > 0 {
        tasks.push(Task::Rule {
            period,
            kpi,
            open,
            grants: disputed_grants,
            until,
        });
    }
    Ok(())
}

/// How many of something can still be done, and until when the first of them.
#[derive(Default)]
struct Window {
    open: u32,
    until: i64,
}

impl Window {
    /// Adds one that ends at `until`, unless that has passed at `now`. Returns whether it counts.
    fn add(&mut self, until: i64, now: i64) -> bool {
        let is_open = now < until;
        if is_open {
            self.until = if self.open == 0 { until } else { self.until.min(until) };
            self.open = self.open.saturating_add(1);
        }
        is_open
    }
}

/// What is known about a KPI for a period, once for each value on which an unsettled grant depends, with the grant's
/// number for an individual one.
fn measurements(
    statement: &Statement,
    period: u16,
    kpi: u8,
) -> Result<Vec<(Option<u32>, Measurement)>, ProjectionError> {
    let plan = &statement.sources.plan;
    let concerned = statement
        .grants
        .iter()
        .filter(|(_, grant)| grant.state.depends_on(plan, kpi, period));
    let shared = plan.kpi(kpi)?.scope == Scope::Shared.to_byte();
    let many = if shared { 1 } else { usize::MAX };
    concerned
        .take(many)
        .map(|(number, _)| {
            let measurement = statement.measurement(kpi, period, *number)?;
            Ok(((!shared).then_some(*number), measurement))
        })
        .collect()
}

/// Whether the grant can settle the period now.
fn is_ready(statement: &Statement, grant: &GrantReport, period: u16) -> Result<bool, ProjectionError> {
    let (plan, state) = (&statement.sources.plan, &grant.state);
    let is_next = state.covers(period) && state.next_period == period;
    if !is_next || !state.has_collected(plan)? {
        return Ok(false);
    }
    for (kpi, _) in state.paid_by(plan) {
        let measurement = statement.measurement(kpi, period, state.index)?;
        if let Finality::NotBefore(_) = measurement.reading.finality {
            return Ok(false);
        }
    }
    Ok(true)
}

fn count(
    statement: &Statement,
    kind: impl Fn(&GrantReport) -> Result<bool, ProjectionError>,
) -> Result<u32, ProjectionError> {
    let mut count: u32 = 0;
    for grant in statement.grants.values() {
        if kind(grant)? {
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}
