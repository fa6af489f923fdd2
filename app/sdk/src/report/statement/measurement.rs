//! What is known about one KPI for one period, of the plan or of one grant: who attested what, whether it was disputed,
//! what counts.

use {
    crate::{
        report::projection::{self, ProjectionError, Reading},
        wire::{Evaluation, PageState, pda},
    },
    earnout::state::{Attestation, Disputer, Grant, Observation, OracleSet, Plan, Tally, place},
    earnout_core::quorum,
    solana_program::pubkey::Pubkey,
    std::collections::BTreeMap,
};

/// A vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Who voted; none if the oracle set of that time is not known any more.
    pub oracle: Option<Pubkey>,
    /// Position in the oracle set.
    pub position: u8,
    /// Fixed point with the KPI's decimals.
    pub value: i64,
    /// SHA-256 of the evidence; of an individual KPI that of all the oracle's votes in the page.
    pub evidence: [u8; 32],
    /// Whether it counts: an oracle's vote on its own grant does not.
    pub counts: bool,
}

/// A dispute and its ruling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Who disputed; none where only the events of the plan say so.
    pub disputer: Option<Pubkey>,
    /// The grant for which it was disputed; none if the authority did.
    pub grant: Option<Pubkey>,
    /// SHA-256 of the published reason; none where only the events of the plan say so.
    pub reason_hash: Option<[u8; 32]>,
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
    /// SHA-256 of the published reason; none where only the events of the plan say so.
    pub reason_hash: Option<[u8; 32]>,
    /// When, Unix seconds; none where only the events of the plan say so.
    pub at: Option<i64>,
}

impl From<quorum::Ruling> for Ruling {
    fn from(ruling: quorum::Ruling) -> Self {
        Self {
            value: match ruling {
                quorum::Ruling::Uphold => None,
                quorum::Ruling::Value(value) => Some(value),
            },
            reason_hash: None,
            at: None,
        }
    }
}

/// One KPI for one period, of the plan or of one grant.
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
    /// What a price feed said, if an update of it was shown: it counts in the place of the votes once voting is over.
    pub observation: Option<Box<Observation>>,
    /// What counts, its score, and whether it can still change.
    pub reading: Reading,
    /// The dispute, if there was one.
    pub dispute: Option<Box<Dispute>>,
    /// Whether the account was closed, so that this comes from events.
    pub closed: bool,
}

impl Measurement {
    /// What the attestation or the page says at `now` (Unix seconds); a page of `grant`. `oracles` is the set that
    /// votes on it, if it is known; `closed` whether its account was closed.
    ///
    /// # Errors
    /// If the plan has no such KPI or period, an account holds what the program never writes, or the page has no such
    /// grant.
    pub fn of(
        plan: &Plan,
        evaluation: &Evaluation,
        grant: &Grant,
        oracles: Option<&OracleSet>,
        closed: bool,
        now: i64,
    ) -> Result<Self, ProjectionError> {
        let tally = evaluation.tally(grant)?;
        let (votes, dispute) = match evaluation {
            Evaluation::Attestation(state) => (votes(state, &tally, oracles), dispute(state, &tally)),
            Evaluation::Page(state) => (page_votes(state, grant), page_dispute(state, grant, &tally)?),
        };
        Ok(Self {
            votes,
            oracle_count: tally.oracle_count,
            threshold: tally.threshold,
            agreed_at: tally.standing.resolved_at,
            observation: evaluation
                .attestation()
                .and_then(Attestation::observation)
                .map(Box::new),
            reading: projection::reading(plan, evaluation.kpi(), evaluation.period(), &tally, now)?,
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
            observation: None,
            reading: projection::reading(plan, kpi, period, &Tally::default(), now)?,
            dispute: None,
            closed: false,
        })
    }

    /// The same with what only events say of disputes and rulings in a page, by place in the page.
    #[must_use]
    pub fn with_reasons(mut self, grant: &Grant, reasons: &BTreeMap<u8, Reasons>) -> Self {
        let reasons = reasons.get(&place(grant.index).1);
        if let (Some(dispute), Some(reasons)) = (&mut self.dispute, reasons) {
            dispute.disputer = Some(reasons.disputer);
            dispute.reason_hash = Some(reasons.dispute);
            if let (Some(ruling), Some((reason, at))) = (&mut dispute.ruling, reasons.ruling) {
                (ruling.reason_hash, ruling.at) = (Some(reason), Some(at));
            }
        }
        self
    }
}

/// What only events say of a dispute in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons {
    /// Who disputed.
    pub disputer: Pubkey,
    /// SHA-256 of the published reason of the dispute.
    pub dispute: [u8; 32],
    /// SHA-256 of the published reason of the ruling, and when it was made, Unix seconds.
    pub ruling: Option<([u8; 32], i64)>,
}

fn votes(attestation: &Attestation, tally: &Tally, oracles: Option<&OracleSet>) -> Box<[Vote]> {
    let votes = (0u8..).zip(tally.votes).filter_map(|(position, value)| {
        let index = usize::from(position);
        Some(Vote {
            oracle: oracles.and_then(|set| set.oracles().get(index).copied()),
            position,
            value: value?,
            evidence: attestation.evidence[index],
            counts: true,
        })
    });
    votes.collect()
}

fn dispute(attestation: &Attestation, tally: &Tally) -> Option<Dispute> {
    (attestation.disputed_at != 0).then(|| Dispute {
        disputer: Some(attestation.disputer),
        grant: Some(attestation.disputer_grant).filter(|grant| grant != &Pubkey::default()),
        reason_hash: Some(attestation.reason_hash),
        at: attestation.disputed_at,
        ruling: tally.standing.ruling.map(|ruling| Ruling {
            reason_hash: Some(attestation.ruling_hash),
            at: Some(attestation.ruled_at),
            ..ruling.into()
        }),
    })
}

fn page_votes(page: &PageState, grant: &Grant) -> Box<[Vote]> {
    let slot = place(grant.index).1;
    let votes = (0u8..).zip(page.view().ballots()).filter_map(|(position, ballot)| {
        Some(Vote {
            oracle: Some(ballot.head.oracle),
            position,
            value: ballot.vote(slot)?,
            evidence: ballot.head.evidence,
            counts: ballot.head.oracle != grant.beneficiary,
        })
    });
    votes.collect()
}

fn page_dispute(page: &PageState, grant: &Grant, tally: &Tally) -> Result<Option<Dispute>, ProjectionError> {
    let Some(at) = tally.standing.disputed_at else {
        return Ok(None);
    };
    let by_beneficiary = page.view().entry(place(grant.index).1)?.0 == Disputer::Beneficiary;
    Ok(Some(Dispute {
        disputer: None,
        grant: by_beneficiary.then(|| pda::grant(&grant.plan, grant.index)),
        reason_hash: None,
        at,
        ruling: tally.standing.ruling.map(Into::into),
    }))
}
