//! The evidence of the other oracles, as far as they publish it: what they voted is computed again.

use {
    crate::{
        measure::Hash,
        service::{
            DaemonError, Library,
            agree::Peer,
            verify::{Verdict, recomputed},
        },
        vote::{PlanState, Target, own_votes},
    },
    earnout_sdk::wire::Evaluation,
    solana_program::pubkey::Pubkey,
    std::{
        collections::{BTreeMap, BTreeSet},
        time::Duration,
    },
    tracing::{info, warn},
};

/// How long a document may take: a look must not wait long for one operator's server.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most votes of one oracle that are computed in one look; the next one goes on.
const MOST: usize = 256;

/// A vote, by its oracle, what it is on, its value and its evidence.
type Vote = (Pubkey, Target, i64, Hash);

/// What was found out about votes so far. A document that proves a vote, or another value, is not fetched again.
#[derive(Debug, Default)]
pub struct Examined {
    known: BTreeMap<Vote, bool>,
    /// Why others could not be computed, as it was told last.
    told: BTreeMap<Vote, String>,
}

impl Examined {
    /// Examines the votes of `peers` on `open`, which are values of a plan that are not final. Returns how many of them
    /// are proved by their evidence, and how many are not.
    ///
    /// # Errors
    /// If the plan cannot be read.
    pub async fn examine(
        &mut self,
        peers: &[Peer],
        state: &PlanState,
        evaluations: &[(Pubkey, Evaluation)],
        open: &BTreeSet<Target>,
    ) -> Result<(usize, usize), DaemonError> {
        let (mut proved, mut unproved) = (0usize, 0usize);
        for peer in peers {
            let Some(origin) = peer.evidence() else {
                continue;
            };
            let all = evaluations
                .iter()
                .flat_map(|(_, found)| own_votes(found, &state.plan, &peer.oracle));
            let votes: Vec<(Target, i64, Hash)> = all.filter(|(target, ..)| open.contains(target)).collect();
            let vote = |(target, value, hash): &(Target, i64, Hash)| (peer.oracle, *target, *value, *hash);
            let new: Vec<_> = votes
                .iter()
                .filter(|one| !self.known.contains_key(&vote(one)))
                .take(MOST)
                .copied()
                .collect();
            let library = Library::waiting([origin], PATIENCE);
            let verdicts = recomputed(state.address, &state.plan, &peer.oracle, &new, &library).await?;
            for (one, verdict) in new.iter().zip(verdicts) {
                self.note(vote(one), verdict);
            }
            for one in &votes {
                match self.known.get(&vote(one)) {
                    Some(true) => proved = proved.saturating_add(1),
                    Some(false) => unproved = unproved.saturating_add(1),
                    None if self.told.contains_key(&vote(one)) => unproved = unproved.saturating_add(1),
                    None => (),
                }
            }
        }
        Ok((proved, unproved))
    }

    /// Notes what was found out, and tells it if it is news.
    fn note(&mut self, vote: Vote, verdict: Verdict) {
        let (oracle, Target { kpi, period, grant, .. }, ..) = vote;
        match verdict {
            Verdict::Proved => {
                info!(%oracle, kpi, period, grant, "the evidence of another oracle proves its vote");
                self.told.remove(&vote);
                self.known.insert(vote, true);
            }
            Verdict::Wrong { reason } => {
                warn!(%oracle, kpi, period, grant, reason, "the evidence of another oracle does not prove its vote");
                self.known.insert(vote, false);
            }
            Verdict::Unproved { reason } | Verdict::Missing { reason } => {
                if self.told.get(&vote) != Some(&reason) {
                    warn!(%oracle, kpi, period, grant, reason, "the evidence of another oracle cannot be read");
                }
                self.told.insert(vote, reason);
            }
        }
    }
}
