//! The documents that values name as their evidence, each by its hash, and whether they are at hand.

use {
    super::{Measurement, Statement},
    earnout::state::place,
    solana_program::{hash, pubkey::Pubkey},
    std::{collections::BTreeSet, fmt},
};

/// Who named a document, and so publishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Witness {
    /// An oracle, with its vote.
    Oracle(Pubkey),
    /// An oracle at this position of a set that is not known any more.
    Former(u8),
    /// A price feed: what its publishers signed. Whoever showed the update can publish it.
    Feed,
}

/// A document that is evidence of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The period.
    pub period: u16,
    /// Number of the KPI.
    pub kpi: u8,
    /// Number of the page, for an individual KPI: the document is the manifest of what the oracle reported in it. None
    /// for a shared one.
    pub page: Option<u32>,
    /// Who named it.
    pub witness: Witness,
    /// Its SHA-256.
    pub hash: [u8; 32],
}

/// Whether a document of evidence is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceState {
    /// It is there and has its hash.
    Found,
    /// It is not there.
    Missing,
    /// Something else is there, with this SHA-256.
    Differs([u8; 32]),
}

impl EvidenceState {
    /// Of what was found in the place of the document with this hash, if anything was.
    ///
    /// ```
    /// use earnout_sdk::report::statement::EvidenceState;
    /// use solana_program::hash::hash;
    ///
    /// let wanted = hash(b"80 users").to_bytes();
    /// assert_eq!(EvidenceState::of(&wanted, Some(b"80 users")), EvidenceState::Found);
    /// assert_eq!(EvidenceState::of(&wanted, None), EvidenceState::Missing);
    /// let other = EvidenceState::Differs(hash(b"90 users").to_bytes());
    /// assert_eq!(EvidenceState::of(&wanted, Some(b"90 users")), other);
    /// ```
    pub fn of(wanted: &[u8; 32], found: Option<&[u8]>) -> Self {
        match found.map(|bytes| hash::hash(bytes).to_bytes()) {
            None => Self::Missing,
            Some(hash) if hash == *wanted => Self::Found,
            Some(hash) => Self::Differs(hash),
        }
    }
}

impl fmt::Display for EvidenceState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Found => "found",
            Self::Missing => "missing",
            Self::Differs(_) => "differs",
        })
    }
}

impl Measurement {
    /// What the votes, and the feed if it said something, name as evidence of the value of KPI number `kpi` for
    /// `period`; of an individual KPI for the grant of number `grant`.
    pub fn evidence(&self, kpi: u8, period: u16, grant: Option<u32>) -> impl Iterator<Item = Evidence> {
        let votes = self.votes.iter().map(|vote| {
            let witness = vote.oracle.map_or(Witness::Former(vote.position), Witness::Oracle);
            (witness, vote.evidence)
        });
        let observed = self.observation.iter().map(|shown| (Witness::Feed, shown.evidence));
        votes.chain(observed).map(move |(witness, hash)| Evidence {
            period,
            kpi,
            page: grant.map(|grant| place(grant).0),
            witness,
            hash,
        })
    }
}

impl Statement {
    /// What all values name as evidence, in the order of periods and KPIs: one document for each vote on a shared KPI and
    /// each price that was read from a feed, one for each manifest of a page.
    pub fn evidence(&self) -> BTreeSet<Evidence> {
        let values = self.sources.measurements.iter();
        let named = values.flat_map(|(key, measurement)| measurement.evidence(key.kpi, key.period, key.grant));
        named.collect()
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::report::{projection::Reading, statement::Vote},
        earnout::state::Observation,
        earnout_core::{
            feed::Published,
            quorum::{Finality, Outcome},
        },
    };

    fn vote(oracle: Option<Pubkey>, position: u8, evidence: u8) -> Vote {
        Vote {
            oracle,
            position,
            value: 1,
            evidence: [evidence; 32],
            counts: true,
        }
    }

    #[test]
    fn votes_that_share_a_manifest_name_it_once() {
        let oracle = Pubkey::new_unique();
        let measurement = Measurement {
            votes: [vote(Some(oracle), 0, 1), vote(None, 1, 2)].into(),
            oracle_count: 2,
            threshold: 2,
            agreed_at: None,
            observation: Some(Box::new(Observation {
                confidence_bps: 0,
                value: 1,
                published: Published { at: 5, previous: 4 },
                evidence: [3; 32],
            })),
            reading: Reading {
                outcome: Outcome::Silent,
                score: 0,
                price: None,
                finality: Finality::NotBefore(0),
            },
            dispute: None,
            closed: false,
        };
        let of = |grant| measurement.evidence(4, 7, grant).collect::<BTreeSet<_>>();
        let shared: Vec<_> = of(None).into_iter().collect();
        let witnesses = [Witness::Oracle(oracle), Witness::Former(1), Witness::Feed];
        for (one, (witness, hash)) in shared.iter().zip(witnesses.into_iter().zip(1..)) {
            let expected = Evidence {
                period: 7,
                kpi: 4,
                page: None,
                witness,
                hash: [hash; 32],
            };
            assert_eq!(*one, expected);
        }
        assert_eq!(shared.len(), 3);
        // Grants 64 to 127 are of one page, 128 of the next one.
        assert_eq!(of(Some(64)), of(Some(127)));
        assert_eq!(of(Some(64)).union(&of(Some(128))).count(), 6);
    }
}
