//! What an oracle has to vote on, and until when. Pure: from what the chain holds and the time.

use {
    crate::{
        config::{Feed, KpiName},
        identities::Identities,
        journal::Target,
        template::{GrantScope, Scope},
    },
    earnout::state::{self as program, Attestation, Grant, Kpi, Plan},
    earnout_sdk::{
        accounts, pda,
        projection::{self, PeriodTimes, ProjectionError},
    },
    solana_program::pubkey::Pubkey,
    thiserror::Error,
};

/// One vote to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Id of the feed.
    pub feed: String,
    /// What the vote is on.
    pub target: Target,
    /// What is measured.
    pub scope: Scope,
    /// First second of the vote window, Unix seconds: the period has ended.
    pub opens: i64,
    /// When the data are complete: the end of the period and the feed's grace.
    pub measure_at: i64,
    /// The second after the last in which a vote counts.
    pub closes: i64,
}

/// Why a feed and a plan do not fit together.
#[derive(Debug, Error)]
pub enum FeedError {
    /// There is no such KPI.
    #[error("feed {feed:?}: the plan has no KPI {kpi}; it has {known}")]
    UnknownKpi {
        /// The feed.
        feed: String,
        /// What it names.
        kpi: String,
        /// What there is.
        known: String,
    },
    /// The account holds what the program never writes.
    #[error(transparent)]
    Plan(#[from] ProjectionError),
    /// The account holds what the program never writes.
    #[error("the plan cannot be read: {0}")]
    Corrupt(String),
    /// A source is for single grants and the KPI is not, or the other way round.
    #[error("feed {feed:?}: the KPI {kpi:?} is {scope}: {mistake}")]
    Source {
        /// The feed.
        feed: String,
        /// Name of the KPI.
        kpi: String,
        /// What the KPI is.
        scope: &'static str,
        /// What does not fit.
        mistake: String,
    },
}

/// A feed together with the KPI that it measures.
#[derive(Clone, Debug)]
pub struct Bound<'a> {
    /// The feed.
    pub feed: &'a Feed,
    /// Number of the KPI.
    pub kpi: u8,
    /// Its terms.
    pub terms: Kpi,
    /// Whether there is one value for each grant.
    pub individual: bool,
}

impl<'a> Bound<'a> {
    /// Finds the KPI of `feed` in `plan`.
    ///
    /// # Errors
    /// If there is none, or if it is individual and the feed is not, or the other way round.
    pub fn new(feed: &'a Feed, plan: &Plan) -> Result<Self, FeedError> {
        let unknown = || FeedError::UnknownKpi {
            feed: feed.id.clone(),
            kpi: match &feed.kpi {
                KpiName::Number(number) => format!("number {number}"),
                KpiName::Name(name) => format!("{name:?}"),
            },
            known: plan
                .kpis()
                .iter()
                .enumerate()
                .map(|(number, kpi)| format!("{number} {:?}", name(kpi)))
                .collect::<Vec<_>>()
                .join(", "),
        };
        let position = match &feed.kpi {
            KpiName::Number(number) => Some(usize::from(*number)),
            KpiName::Name(wanted) => plan.kpis().iter().position(|kpi| name(kpi) == *wanted),
        };
        let (kpi, terms) = position
            .and_then(|position| Some((u8::try_from(position).ok()?, plan.kpis().get(position)?)))
            .ok_or_else(unknown)?;
        let scope = terms.scope().map_err(|error| FeedError::Corrupt(error.to_string()))?;
        let individual = scope == program::Scope::Individual;
        for source in &feed.sources {
            if let Some(mistake) = source.mistakes(individual).first() {
                return Err(FeedError::Source {
                    feed: feed.id.clone(),
                    kpi: name(terms),
                    scope: if individual { "individual" } else { "shared" },
                    mistake: mistake.clone(),
                });
            }
        }
        Ok(Self {
            feed,
            kpi,
            terms: *terms,
            individual,
        })
    }

    /// The vote on one period, of a grant if the KPI is individual.
    pub fn duty(&self, times: &PeriodTimes, grant: Option<GrantScope>) -> Duty {
        Duty {
            feed: self.feed.id.clone(),
            target: Target {
                plan: self.feed.plan,
                kpi: self.kpi,
                period: times.period,
                subject: grant.as_ref().map_or(self.feed.plan, |grant| grant.address),
            },
            scope: Scope {
                period: times.period,
                start: times.start,
                end: times.end,
                grant,
            },
            opens: times.end,
            measure_at: times.end.saturating_add(crate::duration::seconds(self.feed.grace)),
            closes: times.attest_deadline,
        }
    }

    /// The votes that `oracle` has to make for this feed: windows that are open at `now` (Unix seconds) or will be.
    /// `grants` are the open grants of the plan.
    ///
    /// # Errors
    /// If the plan holds what the program never writes.
    pub fn duties(
        &self,
        plan: &Plan,
        grants: &[(Pubkey, Grant)],
        identities: &Identities,
        oracle: &Pubkey,
        now: i64,
    ) -> Result<Vec<Duty>, FeedError> {
        let mut duties = self.unsettled(plan, grants, identities, oracle)?;
        duties.retain(|duty| now < duty.closes);
        Ok(duties)
    }

    /// The same for every period that is not settled, also those whose window is over.
    ///
    /// # Errors
    /// If the plan holds what the program never writes.
    pub fn unsettled(
        &self,
        plan: &Plan,
        grants: &[(Pubkey, Grant)],
        identities: &Identities,
        oracle: &Pubkey,
    ) -> Result<Vec<Duty>, FeedError> {
        let mut duties = Vec::new();
        for times in projection::schedule(plan)? {
            let period = times.period;
            let waiting = plan
                .unsettled_grants
                .get(usize::from(period))
                .copied()
                .unwrap_or_default();
            if waiting == 0 || plan.oracle_set(period).position(oracle).is_none() {
                continue;
            }
            let duty = |grant| self.duty(&times, grant);
            if !self.individual {
                duties.push(duty(None));
                continue;
            }
            for (address, grant) in grants {
                // What the program refuses, in the same order: no weight, not covered, settled, the oracle's own.
                let weighs = grant
                    .kpi_weights
                    .get(usize::from(self.kpi))
                    .is_some_and(|weight| *weight > 0);
                if weighs && grant.covers(period) && period >= grant.next_period && grant.beneficiary != *oracle {
                    duties.push(duty(Some(grant_scope(address, grant, identities))));
                }
            }
        }
        Ok(duties)
    }
}

/// The grant at `address`, as a feed sees it.
pub fn grant_scope(address: &Pubkey, grant: &Grant, identities: &Identities) -> GrantScope {
    GrantScope {
        index: grant.index,
        address: *address,
        beneficiary: grant.beneficiary,
        identity: identities.of(&grant.beneficiary).map(str::to_owned),
    }
}

/// The name of a KPI.
pub fn name(kpi: &Kpi) -> String {
    accounts::padded_text(&kpi.name)
}

/// Address of the attestation of `target`.
pub fn address(target: &Target) -> Pubkey {
    pda::attestation(&target.plan, target.kpi, target.period, &target.subject)
}

/// The vote of the oracle at `position`, if it has voted: value and evidence.
pub fn own_vote(attestation: &Attestation, position: usize) -> Option<(i64, [u8; 32])> {
    let voted = attestation.voted & 1u8.checked_shl(u32::try_from(position).ok()?)? != 0;
    voted.then_some((*attestation.values.get(position)?, *attestation.evidence.get(position)?))
}
