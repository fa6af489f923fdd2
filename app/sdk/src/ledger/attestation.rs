//! What events say about one attestation.

use {
    super::{LedgerError, bump},
    crate::events::Event,
    bytemuck::Zeroable,
    earnout::{
        address,
        events::Rent,
        state::{Attestation, OracleSet, RULING_UPHELD, RULING_VALUE},
    },
    solana_program::pubkey::Pubkey,
};

/// An attestation, who votes on it, and whether its account was closed.
#[derive(Clone, Debug)]
pub struct AttestationRecord {
    /// The account, as it is or was last.
    pub state: Attestation,
    /// The oracles by the position of their votes.
    pub oracles: OracleSet,
    /// Whether it was closed.
    pub closed: bool,
}

impl AttestationRecord {
    /// The attestation that the event, a vote or a dispute, opens; `set` votes on it. None if the event is another one.
    pub fn opened(event: &Event, set: &OracleSet, rent: Rent) -> Option<Self> {
        let (plan, kpi, period, subject) = match event {
            Event::ValueAttested(vote) => (vote.plan, vote.kpi, vote.period, vote.subject),
            Event::ValueDisputed(dispute) => (dispute.plan, dispute.kpi, dispute.period, dispute.subject),
            _ => return None,
        };
        let mut attestation = Attestation::zeroed();
        attestation.version = 1;
        attestation.bump = bump(address::attestation(&plan, kpi, period, &subject));
        (attestation.kpi, attestation.period) = (kpi, period);
        (attestation.plan, attestation.subject) = (plan, subject);
        (attestation.rent_payer, attestation.rent_paid) = (rent.payer, rent.lamports);
        (attestation.oracle_count, attestation.threshold) = (set.count, set.threshold);
        Some(Self {
            state: attestation,
            oracles: *set,
            closed: false,
        })
    }

    /// The attestation at `address` that these events tell of, in order; none if none of them opens it. `set` votes on
    /// it. Events of other attestations are passed over, so they can be all events of the transactions that name it.
    ///
    /// # Errors
    /// If an event does not follow from those before it, because one is missing.
    pub fn of<'a>(
        address: &Pubkey,
        set: &OracleSet,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<Option<Self>, LedgerError> {
        let mut record: Option<Self> = None;
        for event in events.into_iter().filter(|event| event.attestation() == Some(*address)) {
            let rent = match event {
                Event::ValueAttested(vote) => vote.rent,
                Event::ValueDisputed(dispute) => dispute.rent,
                _ => None,
            };
            if let Some(rent) = rent {
                record = Self::opened(event, set, rent);
            }
            let (sequence, what) = (event.sequence(), "an attestation");
            let record = record.as_mut().ok_or(LedgerError::Unknown { sequence, what })?;
            record.apply(event)?;
        }
        Ok(record)
    }

    /// Applies the next event about this attestation.
    ///
    /// # Errors
    /// If it does not follow from what the attestation is.
    pub fn apply(&mut self, event: &Event) -> Result<(), LedgerError> {
        let contradicts = |what| LedgerError::contradiction(event.sequence(), what);
        let attestation = &mut self.state;
        match event {
            Event::ValueAttested(vote) => {
                let position = self.oracles.position(&vote.oracle);
                let position = position.ok_or(contradicts("the oracle is not in the set that votes"))?;
                attestation.voted |= 1 << position;
                attestation.values[position] = vote.value;
                attestation.evidence[position] = vote.evidence;
                if vote.resolved {
                    attestation.resolved = 1;
                    (attestation.resolved_value, attestation.resolved_at) = (vote.value, vote.time);
                }
            }
            Event::ValueDisputed(dispute) => {
                attestation.disputed_at = dispute.time;
                attestation.disputer = dispute.disputer;
                attestation.disputer_grant = dispute.grant.unwrap_or_default();
                attestation.reason_hash = dispute.reason_hash;
            }
            Event::DisputeRuled(ruling) => {
                attestation.ruling = ruling.value.map_or(RULING_UPHELD, |_| RULING_VALUE);
                attestation.ruling_value = ruling.value.unwrap_or_default();
                attestation.ruling_hash = ruling.reason_hash;
                attestation.ruled_at = ruling.time;
            }
            Event::AttestationClosed(_) => self.closed = true,
            _ => return Err(contradicts("it is not about an attestation")),
        }
        Ok(())
    }
}
