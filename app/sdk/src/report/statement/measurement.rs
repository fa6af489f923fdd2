//! What is known about one KPI for one period and subject: who attested what, whether it was disputed, what counts.

use {
    crate::report::projection::{self, ProjectionError, Reading},
    earnout::state::{Attestation, OracleSet, Plan, RulingKind},
    solana_program::pubkey::Pubkey,
};

/// A vote that an attestation holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Who voted; none if the oracle set of that time is not known any more.
    pub oracle: Option<Pubkey>,
    /// Position in the oracle set.
    pub position: u8,
    /// Fixed point with the KPI's decimals.
    pub value: i64,
    /// SHA-256 of the evidence.
    pub evidence: [u8; 32],
}

/// A dispute and its ruling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Who disputed.
    pub disputer: Pubkey,
    /// The grant for which it was disputed; none if the authority did.
    pub grant: Option<Pubkey>,
    /// SHA-256 of the published reason.
    pub reason_hash: [u8; 32],
    /// When, Unix seconds.
    pub at: i64,
    /// What the arbiter decided; none if it has not (yet).
    pub ruling: Option<Ruling>,
}

/// The arbiter's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The value that was set; none if the value or the silence stands.
    pub value: Option<i64>,
    /// SHA-256 of the published reason.
    pub reason_hash: [u8; 32],
    /// When, Unix seconds.
    pub at: i64,
}

/// One KPI for one period and subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The votes by position in the oracle set.
    pub votes: Box<[Vote]>,
    /// Oracles in the set that votes.
    pub oracle_count: u8,
    /// Votes that decide.
    pub threshold: u8,
    /// When enough oracles agreed, Unix seconds; none if they did not.
    pub agreed_at: Option<i64>,
    /// What counts, its score, and whether it can still change.
    pub reading: Reading,
    /// The dispute, if there was one.
    pub dispute: Option<Box<Dispute>>,
    /// Whether the account was closed, so that this comes from events.
    pub closed: bool,
}

impl Measurement {
    /// What the attestation says at `now` (Unix seconds). `oracles` is the set that votes on it, if it is known;
    /// `closed` whether its account was closed.
    ///
    /// # Errors
    /// If the plan has no such KPI or period, or an account holds what the program never writes.
    pub fn of(
        plan: &Plan,
        attestation: &Attestation,
        oracles: Option<&OracleSet>,
        closed: bool,
        now: i64,
    ) -> Result<Self, ProjectionError> {
        let (votes, count) = attestation.votes();
        let votes = (0u8..).zip(votes).take(count).filter_map(|(position, value)| {
            let index = usize::from(position);
            Some(Vote {
                oracle: oracles.and_then(|set| set.oracles().get(index).copied()),
                position,
                value: value?,
                evidence: attestation.evidence[index],
            })
        });
        let kind = attestation.ruling()?;
        let ruling = (kind != RulingKind::None).then(|| Ruling {
            value: (kind == RulingKind::Value).then_some(attestation.ruling_value),
            reason_hash: attestation.ruling_hash,
            at: attestation.ruled_at,
        });
        let grant = Some(attestation.disputer_grant).filter(|grant| grant != &Pubkey::default());
        let dispute = (attestation.disputed_at != 0).then_some(Dispute {
            disputer: attestation.disputer,
            grant,
            reason_hash: attestation.reason_hash,
            at: attestation.disputed_at,
            ruling,
        });
        Ok(Self {
            votes: votes.collect(),
            oracle_count: attestation.oracle_count,
            threshold: attestation.threshold,
            agreed_at: attestation.is_resolved().then_some(attestation.resolved_at),
            reading: projection::reading(plan, attestation.kpi, attestation.period, Some(attestation), now)?,
            dispute: dispute.map(Box::new),
            closed,
        })
    }

    /// What counts where no oracle has voted.
    ///
    /// # Errors
    /// If the plan has no such KPI or period.
    pub fn silent(plan: &Plan, kpi: u8, period: u16, now: i64) -> Result<Self, ProjectionError> {
        let set = plan.oracle_set(period);
        Ok(Self {
            votes: Box::default(),
            oracle_count: set.count,
            threshold: set.threshold,
            agreed_at: None,
            reading: projection::reading(plan, kpi, period, None, now)?,
            dispute: None,
            closed: false,
        })
    }
}
