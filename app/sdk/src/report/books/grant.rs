//! What events say about one grant.

use {
    super::{LedgerError, bump},
    crate::wire::events::Event,
    anchor_lang::prelude::Pubkey,
    bytemuck::Zeroable,
    earnout::{
        address,
        constants::ACCOUNT_VERSION,
        events::GrantCreated,
        state::{FORFEITED, Grant, Plan},
    },
};

/// A grant, and whether its account was closed.
#[derive(Clone, Debug)]
pub struct GrantRecord {
    /// The account, as it is or was last.
    pub state: Grant,
    /// Whether it was closed.
    pub closed: bool,
    /// Earlier beneficiaries, each with the first period that was not settled when the next one took over.
    pub earlier: Vec<(u16, Pubkey)>,
    mint: Pubkey,
    token_program: Pubkey,
    ruling_secs: u32,
}

impl GrantRecord {
    /// The grant that the event makes. Of `plan` its terms count.
    ///
    /// # Errors
    /// If the program makes no such grant.
    pub fn created(plan: &Plan, event: &GrantCreated) -> Result<Self, LedgerError> {
        let mut grant = Grant::zeroed();
        let terms = &event.terms;
        grant.version = ACCOUNT_VERSION;
        let associated = address::associated(&terms.beneficiary, &plan.mint, &plan.token_program);
        let own = bump(address::grant(&event.plan, terms.grant_index));
        grant
            .begin(plan, &event.plan, terms, own, bump(associated), event.time)
            .map_err(|_| LedgerError::contradiction(event.sequence, "the program makes no such grant"))?;
        (grant.max_credit, grant.reserved) = (event.max_credit, event.reserved);
        (grant.rent_payer, grant.rent_paid) = (event.rent.payer, event.rent.lamports);
        Ok(Self {
            state: grant,
            closed: false,
            earlier: Vec::new(),
            mint: plan.mint,
            token_program: plan.token_program,
            ruling_secs: plan.ruling_secs,
        })
    }

    /// The grant that these events tell of, in order; none if none of them makes it. Events of other grants are passed
    /// over, so they can be all events of the transactions that name the grant.
    ///
    /// # Errors
    /// If an event does not follow from those before it, because one is missing.
    pub fn of<'a>(
        plan: &Plan,
        grant: &Pubkey,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<Option<Self>, LedgerError> {
        let mut record = None;
        for event in events
            .into_iter()
            .filter(|event| event.grants().any(|its| its == *grant))
        {
            match (&mut record, event) {
                (None, Event::GrantCreated(made)) => record = Some(Self::created(plan, made)?),
                (Some(record), event) => record.apply(event)?,
                (None, event) => {
                    let (sequence, what) = (event.sequence(), "a grant");
                    return Err(LedgerError::Unknown { sequence, what });
                }
            }
        }
        Ok(record)
    }

    /// Applies the next event about this grant.
    ///
    /// # Errors
    /// If it does not follow from what the grant is.
    pub fn apply(&mut self, event: &Event) -> Result<(), LedgerError> {
        let contradicts = |what| LedgerError::contradiction(event.sequence(), what);
        let grant = &mut self.state;
        let sum = |amount: u64, more: u64| amount.checked_add(more).ok_or(contradicts("an amount is too large"));
        match event {
            Event::GrantSettled(settled) => {
                if settled.period != grant.next_period {
                    return Err(contradicts("it is not the grant's next period"));
                }
                grant.next_period = grant.next_period.saturating_add(1);
                grant.earned = sum(grant.earned, settled.earned)?;
                grant.carry = settled.carry;
                grant.last_earned = settled.earned;
                grant.last_tranche = settled.tranche;
                grant.last_kpi_amount = settled.kpi_amount;
                grant.reserved = settled.reserved;
            }
            Event::BonusCollected(collected) => {
                grant.bonus = sum(grant.bonus, collected.bonus)?;
                grant.collected_through = collected.period.saturating_add(1);
            }
            Event::GrantClaimed(claim) => grant.claimed = claim.claimed,
            Event::BeneficiaryProposed(change) => {
                if change.old != grant.pending_beneficiary {
                    return Err(contradicts("another beneficiary was proposed"));
                }
                grant.pending_beneficiary = change.new;
            }
            Event::BeneficiaryAccepted(change) => {
                if (change.old, change.new) != (grant.beneficiary, grant.pending_beneficiary) {
                    return Err(contradicts("another beneficiary was proposed"));
                }
                let associated = address::associated(&change.new, &self.mint, &self.token_program);
                self.earlier.push((grant.next_period, grant.beneficiary));
                grant.hand_over(bump(associated));
            }
            Event::ClaimLockSet(change) => grant.set_claim_lock(change.locked),
            Event::GrantEnded(end) => {
                grant.end_period = end.end_period;
                (grant.cut_cap, grant.cut_units) = (end.cut_cap, end.cut_units);
                grant.termination = end.termination;
                grant.ended_at = end.time;
                grant.flags |= if end.forfeited { FORFEITED } else { 0 };
                (grant.carry, grant.reserved) = (end.carry, end.reserved);
            }
            Event::ValueDisputed(dispute) => {
                let noted = grant.note_dispute(dispute.time, self.ruling_secs);
                noted.map_err(|_| contradicts("a time is too large"))?;
            }
            Event::DisputeRuled(ruling) => grant.note_ruling(ruling.value.is_none()),
            Event::GrantClosed(closed) => {
                if closed.claimed != grant.claimed {
                    return Err(contradicts("the grant was paid another amount"));
                }
                self.closed = true;
            }
            _ if event.grants().next().is_none() => return Err(contradicts("it is not about a grant")),
            _ => {}
        }
        Ok(())
    }
}
