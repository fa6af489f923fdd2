//! What an oracle has to vote on, and until when. Pure: from what the chain holds and the time.

use {
    crate::{
        measure::{Bound, FeedError, GrantScope, Identities, Scope, duration, grant_scope},
        vote::Target,
    },
    earnout::state::{Attestation, Grant, Plan},
    earnout_sdk::{
        report::projection::{self, PeriodTimes},
        wire::pda,
    },
    solana_program::pubkey::Pubkey,
};

/// One vote to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
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

impl Duty {
    /// Address of the grant of an individual KPI.
    pub fn grant(&self) -> Option<Pubkey> {
        self.scope.grant.as_ref().map(|grant| grant.address)
    }
}

impl Bound<'_> {
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
            measure_at: times.end.saturating_add(duration::seconds(self.feed.grace)),
            closes: times.attest_deadline,
        }
    }

    /// The votes that `oracle` has to make for this feed, for every period that is not settled, also those whose window
    /// is over. `grants` are the open grants of the plan.
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
            let waiting = plan.unsettled_grants.get(usize::from(period)).copied();
            if waiting.unwrap_or_default() == 0 || plan.oracle_set(period).position(oracle).is_none() {
                continue;
            }
            if !self.individual {
                duties.push(self.duty(&times, None));
                continue;
            }
            for (address, grant) in grants {
                // What the program refuses, in the same order: no weight, not covered, settled, the oracle's own.
                if grant.depends_on(self.kpi, period) && grant.beneficiary != *oracle {
                    duties.push(self.duty(&times, Some(grant_scope(address, grant, identities))));
                }
            }
        }
        Ok(duties)
    }
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
