//! The state of a plan from its events: every account as it is, or as it was last, with nothing taken from anywhere but
//! the events, apart from what addresses give. Closed accounts stay in the ledger, so that nothing is forgotten.

mod evaluation;
mod grant;
mod plan;

pub use {evaluation::EvaluationRecord, grant::GrantRecord};

use {
    crate::wire::{Evaluation, events::Event, pda},
    bytemuck::Zeroable,
    earnout::{
        address,
        constants::ACCOUNT_VERSION,
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
    /// All attestations and pages ever made, by address.
    pub evaluations: BTreeMap<Pubkey, EvaluationRecord>,
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
        let mut ledger = Self::begin(created)?;
        events.try_for_each(|event| ledger.apply(event))?;
        Ok(Some(ledger))
    }

    /// The ledger of a plan that was just created.
    ///
    /// # Errors
    /// If the program accepts no such plan.
    pub fn begin(event: &PlanCreated) -> Result<Self, LedgerError> {
        Ok(Self {
            address: event.plan,
            plan: plan::created(event)?,
            vault_balance: 0,
            grants: BTreeMap::new(),
            evaluations: BTreeMap::new(),
            periods: BTreeMap::new(),
            closing: None,
        })
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
        self.plan.event_sequence = sequence;
        self.apply_to_plan(event)?;
        if let Some(address) = event.evaluation() {
            self.apply_to_evaluation(event, address)?;
        }
        if matches!(event, Event::GrantCreated(_)) {
            return Ok(());
        }
        for grant in event.grants() {
            self.grants.get_mut(&grant).ok_or(unknown("a grant"))?.apply(event)?;
        }
        Ok(())
    }

    /// Opens the attestation or page at `address` if the event says that it did, and writes down what it says of it.
    fn apply_to_evaluation(&mut self, event: &Event, address: Pubkey) -> Result<(), LedgerError> {
        let (sequence, what) = (event.sequence(), "an attestation or page");
        let plan = &mut self.plan;
        if let Some(record) = EvaluationRecord::opened(event, plan, None) {
            let open = match record.state {
                Evaluation::Attestation(_) => &mut plan.open_attestations,
                Evaluation::Page(_) => &mut plan.open_pages,
            };
            *open = open.saturating_add(1);
            self.evaluations.insert(address, record);
        }
        let record = self.evaluations.get_mut(&address);
        record.ok_or(LedgerError::Unknown { sequence, what })?.apply(event)
    }

    /// Writes down what the event says of the plan, of its pools, and of grants that begin.
    fn apply_to_plan(&mut self, event: &Event) -> Result<(), LedgerError> {
        let sequence = event.sequence();
        let contradicts = |what| LedgerError::contradiction(sequence, what);
        let unknown = |what| LedgerError::Unknown { sequence, what };
        let plan = &mut self.plan;
        match event {
            Event::PlanCreated(_) => return Err(contradicts("the plan was created before")),
            Event::GrantCreated(made) => {
                let record = GrantRecord::created(plan, made)?;
                plan.enrol(&record.state)
                    .map_err(|_| contradicts("the plan has no room for the grant"))?;
                plan.reserved = made.plan_reserved;
                self.vault_balance = made.vault_balance;
                if self.grants.insert(made.grant, record).is_some() {
                    return Err(contradicts("the grant was made before"));
                }
            }
            Event::AttestationClosed(_) => plan.open_attestations = plan.open_attestations.saturating_sub(1),
            Event::PageClosed(_) => plan.open_pages = plan.open_pages.saturating_sub(1),
            Event::GrantSettled(settled) => {
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
                Plan::count_closed(unsettled).map_err(|_| contradicts("all grants of the period are settled"))?;
                plan.earned_total = plan.earned_total.saturating_add(settled.earned);
                (plan.reserved, plan.owed) = (settled.plan_reserved, settled.plan_owed);
                plan.pooled = settled.plan_pooled;
            }
            Event::BonusCollected(bonus) => {
                let pool = self.periods.get_mut(&pda::period(&bonus.plan, bonus.period));
                let pool = &mut pool.ok_or(unknown("a pool"))?.state;
                pool.add_collected(bonus.bonus)
                    .map_err(|_| contradicts("the pool does not hold the bonus"))?;
                plan.bonus_total = plan.bonus_total.saturating_add(bonus.bonus);
                (plan.owed, plan.pooled) = (bonus.plan_owed, bonus.plan_pooled);
            }
            Event::GrantClaimed(claim) => {
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
                (plan.reserved, plan.owed) = (end.plan_reserved, end.plan_owed);
            }
            Event::GrantClosed(_) => plan.open_grants = plan.open_grants.saturating_sub(1),
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
            _ => plan::apply(plan, event)?,
        }
        Ok(())
    }
}

/// The pool that the first settlement of a period opens. `unsettled` counts the grants of the period before it.
fn pool(event: &GrantSettled, unsettled: u32, rent: Rent) -> Period {
    let mut pool = Period::zeroed();
    pool.version = ACCOUNT_VERSION;
    let own = bump(address::period(&event.plan, event.period));
    pool.begin(&event.plan, event.period, unsettled, own);
    (pool.rent_payer, pool.rent_paid) = (rent.payer, rent.lamports);
    pool
}

/// The canonical bump of an address; 0, which no address has, stands for none.
fn bump(found: anchor_lang::Result<(Pubkey, u8)>) -> u8 {
    found.map_or(0, |(_, bump)| bump)
}
