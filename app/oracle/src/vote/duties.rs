//! What an oracle has to vote on, and until when. Pure: from what the chain holds and the time.

use {
    crate::{
        measure::{Bound, Earlier, FeedError, GrantScope, Hash, Identities, Scope, duration, grant_scope},
        vote::Target,
    },
    earnout::state::{Grant, Plan},
    earnout_sdk::{
        report::projection::{self, PeriodTimes},
        wire::Evaluation,
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
                grant: grant.as_ref().map(|grant| grant.index),
            },
            scope: Scope {
                period: times.period,
                start: times.start,
                end: times.end,
                earlier: Earlier::of(&self.calendar, times.period, times.start),
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
                // The program takes votes on other grants too. They change nothing: no weight, not covered, settled,
                // and the oracle's own, which does not count.
                if grant.depends_on(plan, self.kpi, period) && grant.beneficiary != *oracle {
                    duties.push(self.duty(&times, Some(grant_scope(address, grant, identities))));
                }
            }
        }
        Ok(duties)
    }
}

/// Everything that `oracle` has voted in an attestation or page of `plan`: on what, the value, and the evidence hash
/// that the chain has.
pub fn own_votes(evaluation: &Evaluation, plan: &Plan, oracle: &Pubkey) -> Vec<(Target, i64, Hash)> {
    let on = |grant| Target {
        plan: evaluation.plan(),
        kpi: evaluation.kpi(),
        period: evaluation.period(),
        grant,
    };
    match evaluation {
        Evaluation::Attestation(state) => {
            let vote = || {
                let position = plan.oracle_set(state.period).position(oracle)?;
                let voted = state.voted & 1u8.checked_shl(u32::try_from(position).ok()?)? != 0;
                let (value, evidence) = (state.values.get(position)?, state.evidence.get(position)?);
                voted.then_some((on(None), *value, *evidence))
            };
            vote().into_iter().collect()
        }
        Evaluation::Page(state) => {
            let mut ballots = state.view().ballots();
            let Some(ballot) = ballots.find(|ballot| ballot.head.oracle == *oracle) else {
                return Vec::new();
            };
            let slots = (state.head().first_grant()..).zip(0..state.head().capacity);
            let votes =
                slots.filter_map(|(grant, slot)| Some((on(Some(grant)), ballot.vote(slot)?, ballot.head.evidence)));
            votes.collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        bytemuck::Zeroable,
        earnout::{
            constants::NO_VALUE,
            state::{Attestation, AttestationKey, Page, PageKey},
        },
        earnout_sdk::wire::PageState,
    };

    fn key(byte: u8) -> Pubkey {
        Pubkey::new_from_array([byte; 32])
    }

    #[test]
    fn ones_own_votes_are_found_in_attestations_and_pages() {
        let mut plan = Plan::zeroed();
        plan.grant_counter = 70;
        plan.oracles.count = 2;
        plan.oracles.threshold = 2;
        plan.oracles.keys[..2].copy_from_slice(&[key(1), key(2)]);
        let (address, kpi, period) = (key(9), 3, 0);
        let on = |grant| Target {
            plan: address,
            kpi,
            period,
            grant,
        };

        let mut attestation = Attestation::zeroed();
        let of = AttestationKey {
            plan: &address,
            kpi,
            period,
        };
        attestation.begin(&of, &plan.oracles, 0);
        attestation.vote(1, -7, [5; 32], Some(1)).unwrap();
        let attestation = Evaluation::Attestation(Box::new(attestation));
        assert_eq!(own_votes(&attestation, &plan, &key(2)), [(on(None), -7, [5; 32])]);
        assert_eq!(own_votes(&attestation, &plan, &key(1)), []);

        let mut head = Page::zeroed();
        let of = PageKey {
            plan: &address,
            kpi,
            period,
            page: 1,
        };
        head.begin(&of, &plan.oracles, plan.grant_counter, 0, 100).unwrap();
        let mut page = PageState::begin(head, &plan.oracles);
        page.edit().vote(0, 0, &[4, NO_VALUE, 6], [7; 32], 101).unwrap();
        page.edit().vote(0, 5, &[8], [8; 32], 102).unwrap();
        let page = Evaluation::Page(Box::new(page));
        // The page says of all of them what the last upload said.
        let expected = [(64, 4), (66, 6), (69, 8)].map(|(grant, value)| (on(Some(grant)), value, [8; 32]));
        assert_eq!(own_votes(&page, &plan, &key(1)), expected);
        // Whoever is in the plan's set by now: the page names its oracles.
        plan.oracles.keys[0] = key(3);
        assert_eq!(own_votes(&page, &plan, &key(1)), expected);
        assert_eq!(own_votes(&page, &plan, &key(3)), []);
    }
}
