//! What events say about one attestation.

use {
    super::{LedgerError, bump},
    crate::wire::events::Event,
    bytemuck::Zeroable,
    earnout::{
        constants::ACCOUNT_VERSION,
        events::Rent,
        state::{Attestation, AttestationKey, OracleSet},
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
        let key = AttestationKey {
            plan: &plan,
            kpi,
            period,
            subject: &subject,
        };
        let mut attestation = Attestation::zeroed();
        attestation.version = ACCOUNT_VERSION;
        attestation.begin(&key, set, bump(key.find_address()));
        (attestation.rent_payer, attestation.rent_paid) = (rent.payer, rent.lamports);
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
                let voted = attestation.vote(position, vote.value, vote.evidence, vote.time);
                if voted.is_err() || attestation.is_resolved() != vote.resolved {
                    return Err(contradicts("these votes do not resolve the value so"));
                }
            }
            Event::ValueDisputed(dispute) => {
                attestation.dispute(dispute.disputer, dispute.grant, dispute.reason_hash, dispute.time);
            }
            Event::DisputeRuled(ruling) => {
                attestation.rule(ruling.value, ruling.reason_hash, ruling.time);
            }
            Event::AttestationClosed(_) => self.closed = true,
            _ => return Err(contradicts("it is not about an attestation")),
        }
        Ok(())
    }
}
