//! The state of a plan from its events: every account as it is, or as it was last, with nothing taken from anywhere but
//! the events, apart from what addresses give. Closed accounts stay in the ledger, so that nothing is forgotten.

mod attestation;
mod grant;
mod plan;

pub use {attestation::AttestationRecord, grant::GrantRecord};

use {
    crate::{events::Event, pda},
    bytemuck::Zeroable,
    earnout::{
        address,
        events::{GrantSettled, PlanCreated, Rent},
        state::{ClosedPlan, Period, Plan, PlanStatus},
    },
    solana_program::pubkey::Pubkey,
    std::collections::BTreeMap,
    thiserror::Error,
};

/// Why events do not tell the story of a plan.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LedgerError {
    /// The first event must be the plan's creation.
    #[error("the first event of a plan is its creation, but the first one here is event {0}")]
    NoBeginning(u64),
    /// An event is missing.
    #[error("event {expected} is missing: the next one here is event {found}")]
    Gap {
        /// The number that should follow.
        expected: u64,
        /// The number that does.
        found: u64,
    },
    /// An event speaks of something that no event before it has made.
    #[error("event {sequence} is about {what} that no earlier event has made")]
    Unknown {
        /// Number of the event.
        sequence: u64,
        /// What is missing.
        what: &'static str,
    },
    /// An event cannot follow the ones before it.
    #[error("event {sequence} contradicts the events before it: {what}")]
    Contradiction {
        /// Number of the event.
        sequence: u64,
        /// What does not fit.
        what: &'static str,
    },
}

impl LedgerError {
    fn contradiction(sequence: u64, what: &'static str) -> Self {
        Self::Contradiction { sequence, what }
    }
}

/// The pool of a period, and whether its account was closed.
#[derive(Clone, Debug)]
pub struct PeriodRecord {
    /// The account, as it is or was last.
    pub state: Period,
    /// Whether it was closed.
    pub closed: bool,
}

/// How a plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// What is left at the plan's address.
    pub mark: ClosedPlan,
    /// Token account that received the surplus.
    pub destination: Pubkey,
    /// Taken from the vault, base units.
    pub amount: u64,
}

/// Everything that the events of one plan tell.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Address of the plan.
    pub address: Pubkey,
    /// The plan, as it is or was before it was closed.
    pub plan: Plan,
    /// Balance of the vault after the last event that states it, base units. Donations show only in the next one.
    pub vault_balance: u64,
    /// All grants ever made, by address.
    pub grants: BTreeMap<Pubkey, GrantRecord>,
    /// All attestations ever made, by address.
    pub attestations: BTreeMap<Pubkey, AttestationRecord>,
    /// All pools ever made, by address.
    pub periods: BTreeMap<Pubkey, PeriodRecord>,
    /// How the plan ended; none if it has not.
    pub closing: Option<Closing>,
}

impl Ledger {
    /// The ledger of these events: all of one plan, in order.
    ///
    /// # Errors
    /// If an event is missing or does not follow from those before it.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Option<Self>, LedgerError> {
        let mut events = events.into_iter();
        let Some(first) = events.next() else {
            return Ok(None);
        };
        let Event::PlanCreated(created) = first else {
            return Err(LedgerError::NoBeginning(first.sequence()));
        };
        if pda::plan(&created.creator, created.terms.plan_id) != created.plan {
            return Err(LedgerError::contradiction(
                created.sequence,
                "the plan belongs at another address",
            ));
        }
        let mut ledger = Self::begin(created);
        events.try_for_each(|event| ledger.apply(event))?;
        Ok(Some(ledger))
    }

    /// The ledger of a plan that was just created.
    pub fn begin(event: &PlanCreated) -> Self {
        let mut plan = plan::created(event);
        plan.event_sequence = event.sequence;
        Self {
            address: event.plan,
            plan,
            vault_balance: 0,
            grants: BTreeMap::new(),
            attestations: BTreeMap::new(),
            periods: BTreeMap::new(),
            closing: None,
        }
    }

    /// Writes down the next event.
    ///
    /// # Errors
    /// If it is of another plan, does not have the next number, or does not follow from what was written down before.
    /// The ledger is of no use then.
    pub fn apply(&mut self, event: &Event) -> Result<(), LedgerError> {
        let sequence = event.sequence();
        let contradicts = |what| LedgerError::contradiction(sequence, what);
        let unknown = |what| LedgerError::Unknown { sequence, what };
        let expected = self.plan.event_sequence.saturating_add(1);
        if sequence != expected {
            let found = sequence;
            return Err(LedgerError::Gap { expected, found });
        }
        if event.plan() != self.address {
            return Err(contradicts("it is of another plan"));
        }
        let plan = &mut self.plan;
        plan.event_sequence = sequence;
        match event {
            Event::PlanCreated(_) => return Err(contradicts("the plan was created before")),
            Event::GrantCreated(made) => {
                let record = GrantRecord::created(plan, made);
                for period in record.state.first_period..record.state.end_period {
                    let count = plan.unsettled_grants.get_mut(usize::from(period));
                    count
                        .and_then(|count| Plan::count_opened(count).ok())
                        .ok_or(contradicts("the plan has no such period"))?;
                }
                plan.grant_counter = plan.grant_counter.saturating_add(1);
                plan.open_grants = plan.open_grants.saturating_add(1);
                plan.reserved = made.plan_reserved;
                self.vault_balance = made.vault_balance;
                if self.grants.insert(made.grant, record).is_some() {
                    return Err(contradicts("the grant was made before"));
                }
            }
            Event::ValueAttested(vote) => {
                let address = pda::attestation(&vote.plan, vote.kpi, vote.period, &vote.subject);
                if let Some(rent) = vote.rent {
                    let set = *plan.oracle_set(vote.period);
                    let record = AttestationRecord::opened(event, &set, rent).ok_or(unknown("an attestation"))?;
                    self.attestations.insert(address, record);
                    plan.open_attestations = plan.open_attestations.saturating_add(1);
                }
                let record = self.attestations.get_mut(&address).ok_or(unknown("an attestation"))?;
                record.apply(event)?;
            }
            Event::ValueDisputed(dispute) => {
                let address = pda::attestation(&dispute.plan, dispute.kpi, dispute.period, &dispute.subject);
                if let Some(rent) = dispute.rent {
                    let set = *plan.oracle_set(dispute.period);
                    let record = AttestationRecord::opened(event, &set, rent).ok_or(unknown("an attestation"))?;
                    self.attestations.insert(address, record);
                    plan.open_attestations = plan.open_attestations.saturating_add(1);
                }
                let record = self.attestations.get_mut(&address).ok_or(unknown("an attestation"))?;
                record.apply(event)?;
                if let Some(grant) = &dispute.grant {
                    self.grants.get_mut(grant).ok_or(unknown("a grant"))?.apply(event)?;
                }
            }
            Event::DisputeRuled(ruling) => {
                let address = pda::attestation(&ruling.plan, ruling.kpi, ruling.period, &ruling.subject);
                let record = self.attestations.get_mut(&address).ok_or(unknown("an attestation"))?;
                record.apply(event)?;
                if let Some(grant) = &ruling.grant {
                    self.grants.get_mut(grant).ok_or(unknown("a grant"))?.apply(event)?;
                }
            }
            Event::AttestationClosed(closed) => {
                let address = pda::attestation(&closed.plan, closed.kpi, closed.period, &closed.subject);
                let record = self.attestations.get_mut(&address).ok_or(unknown("an attestation"))?;
                record.apply(event)?;
                plan.open_attestations = plan.open_attestations.saturating_sub(1);
            }
            Event::GrantSettled(settled) => {
                let grant = self.grants.get_mut(&settled.grant).ok_or(unknown("a grant"))?;
                grant.apply(event)?;
                let unsettled = plan.unsettled_grants.get_mut(usize::from(settled.period));
                let unsettled = unsettled.ok_or(contradicts("the plan has no such period"))?;
                let address = pda::period(&settled.plan, settled.period);
                if let Some(rent) = settled.rent {
                    let state = pool(settled, *unsettled, rent);
                    self.periods.insert(address, PeriodRecord { state, closed: false });
                    plan.open_periods = plan.open_periods.saturating_add(1);
                }
                if let Some(record) = self.periods.get_mut(&address) {
                    let added = record.state.add_settled(settled.pooled, settled.kpi_amount);
                    added.map_err(|_| contradicts("the pool does not take the settlement"))?;
                }
                *unsettled = unsettled
                    .checked_sub(1)
                    .ok_or(contradicts("all grants of the period are settled"))?;
                plan.earned_total = plan.earned_total.saturating_add(settled.earned);
                (plan.reserved, plan.owed) = (settled.plan_reserved, settled.plan_owed);
                plan.pooled = settled.plan_pooled;
            }
            Event::BonusCollected(bonus) => {
                let grant = self.grants.get_mut(&bonus.grant).ok_or(unknown("a grant"))?;
                grant.apply(event)?;
                let pool = self.periods.get_mut(&pda::period(&bonus.plan, bonus.period));
                let pool = &mut pool.ok_or(unknown("a pool"))?.state;
                pool.add_collected(bonus.bonus)
                    .map_err(|_| contradicts("the pool does not hold the bonus"))?;
                plan.bonus_total = plan.bonus_total.saturating_add(bonus.bonus);
                (plan.owed, plan.pooled) = (bonus.plan_owed, bonus.plan_pooled);
            }
            Event::GrantClaimed(claim) => {
                self.grants
                    .get_mut(&claim.grant)
                    .ok_or(unknown("a grant"))?
                    .apply(event)?;
                plan.claimed_total = plan.claimed_total.saturating_add(claim.amount);
                plan.owed = claim.plan_owed;
                self.vault_balance = claim.vault_balance;
            }
            Event::GrantEnded(end) => {
                let grant = self.grants.get_mut(&end.grant).ok_or(unknown("a grant"))?;
                for period in end.end_period..grant.state.end_period {
                    let count = plan.unsettled_grants.get_mut(usize::from(period));
                    count
                        .and_then(|count| Plan::count_closed(count).ok())
                        .ok_or(contradicts("no grant of a cancelled period is left"))?;
                }
                grant.apply(event)?;
                (plan.reserved, plan.owed) = (end.plan_reserved, end.plan_owed);
            }
            Event::BeneficiaryProposed(change) => self
                .grants
                .get_mut(&change.grant)
                .ok_or(unknown("a grant"))?
                .apply(event)?,
            Event::BeneficiaryAccepted(change) => self
                .grants
                .get_mut(&change.grant)
                .ok_or(unknown("a grant"))?
                .apply(event)?,
            Event::ClaimLockSet(change) => self
                .grants
                .get_mut(&change.grant)
                .ok_or(unknown("a grant"))?
                .apply(event)?,
            Event::GrantClosed(closed) => {
                self.grants
                    .get_mut(&closed.grant)
                    .ok_or(unknown("a grant"))?
                    .apply(event)?;
                plan.open_grants = plan.open_grants.saturating_sub(1);
            }
            Event::PeriodClosed(closed) => {
                let record = self.periods.get_mut(&pda::period(&closed.plan, closed.period));
                record.ok_or(unknown("a pool"))?.closed = true;
                plan.open_periods = plan.open_periods.saturating_sub(1);
            }
            Event::PlanFunded(fund) => {
                plan.funded_total = plan.funded_total.saturating_add(fund.received);
                self.vault_balance = fund.vault_balance;
            }
            Event::SurplusWithdrawn(surplus) => {
                plan.withdrawn_total = plan.withdrawn_total.saturating_add(surplus.amount);
                self.vault_balance = surplus.vault_balance;
            }
            Event::PlanClosed(closed) => {
                let mut mark = ClosedPlan::zeroed();
                (mark.closed_at, mark.event_sequence) = (closed.time, sequence);
                let (destination, amount) = (closed.destination, closed.amount);
                self.closing = Some(Closing {
                    mark,
                    destination,
                    amount,
                });
                plan.status = PlanStatus::Closed.to_byte();
                self.vault_balance = 0;
            }
            Event::KpiAdded(_)
            | Event::PlanActivated(_)
            | Event::AuthorityProposed(_)
            | Event::AuthorityAccepted(_)
            | Event::OraclesProposed(_)
            | Event::OracleChangeCancelled(_)
            | Event::TreasurySet(_) => plan::apply(plan, event)?,
        }
        Ok(())
    }
}

/// The pool that the first settlement of a period opens. `unsettled` counts the grants of the period before it.
fn pool(event: &GrantSettled, unsettled: u32, rent: Rent) -> Period {
    let mut pool = Period::zeroed();
    pool.version = 1;
    pool.bump = bump(address::period(&event.plan, event.period));
    pool.period = event.period;
    pool.expected = unsettled;
    pool.plan = event.plan;
    (pool.rent_payer, pool.rent_paid) = (rent.payer, rent.lamports);
    pool
}

/// The canonical bump of an address; 0, which no address has, stands for none.
fn bump(found: anchor_lang::Result<(Pubkey, u8)>) -> u8 {
    found.map_or(0, |(_, bump)| bump)
}
