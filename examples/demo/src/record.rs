//! What happened, as the program's events tell it.

use {
    crate::programme::Programme,
    anchor_lang::prelude::Pubkey,
    anyhow::{Context, Result, ensure},
    earnout::{constants::NO_VALUE, events::GrantSettled},
    earnout_sdk::wire::events::Event,
    std::collections::BTreeMap,
};

/// Everything that the events of a plan said so far.
pub struct Record {
    /// Arrived in the vault, base units.
    pub funded: u64,
    /// Arrived at the treasury, base units.
    pub withdrawn: u64,
    /// Left over in the pools of all periods, base units.
    pub left_over: u64,
    /// What became of each grant, in the order of the programme.
    pub grants: Vec<GrantRecord>,
    /// Votes, by oracle.
    pub votes: BTreeMap<Pubkey, u64>,
    /// Values on which enough oracles agreed, by KPI, period and, for an individual KPI, grant.
    pub resolved: BTreeMap<ValueKey, Resolved>,
    /// Who voted on what, and has not been outdone yet.
    voters: BTreeMap<ValueKey, Vec<(Pubkey, i64)>>,
    positions: BTreeMap<Pubkey, usize>,
    periods: usize,
    sequence: u64,
}

/// KPI, period and, for an individual KPI, index of the grant.
type ValueKey = (u8, u16, Option<u32>);

/// A value on which enough oracles agreed.
pub struct Resolved {
    pub value: i64,
    /// The oracles who reported it.
    pub oracles: Vec<Pubkey>,
}

/// What became of one grant.
#[derive(Default)]
pub struct GrantRecord {
    /// Held back for it when it was made, base units.
    pub reserved: u64,
    /// Its settlements, by period of the plan.
    pub settled: Vec<Option<GrantSettled>>,
    /// Its bonuses, by period of the plan, base units.
    pub bonus: Vec<u64>,
    /// Paid to it, base units.
    pub claimed: u64,
    /// Paid to it in the last transaction that paid it, base units.
    pub last_claim: u64,
}

impl GrantRecord {
    pub fn earned(&self, period: usize) -> u64 {
        self.settlement(period).map_or(0, |settled| settled.earned)
    }

    pub fn bonus(&self, period: usize) -> u64 {
        self.bonus.get(period).copied().unwrap_or_default()
    }

    pub fn settlement(&self, period: usize) -> Option<&GrantSettled> {
        self.settled.get(period)?.as_ref()
    }

    /// Of all periods, base units.
    pub fn earned_total(&self) -> u64 {
        self.settled.iter().flatten().map(|settled| settled.earned).sum()
    }

    /// Of all periods, base units.
    pub fn bonus_total(&self) -> u64 {
        self.bonus.iter().sum()
    }

    /// What was held back for the grant and went neither to it nor to a pool, base units.
    pub fn returned(&self) -> Option<u64> {
        let pooled: u64 = self.settled.iter().flatten().map(|settled| settled.pooled).sum();
        self.reserved.checked_sub(self.earned_total())?.checked_sub(pooled)
    }
}

impl Record {
    pub fn new(programme: &Programme) -> Self {
        Self {
            funded: 0,
            withdrawn: 0,
            left_over: 0,
            grants: Vec::new(),
            votes: BTreeMap::new(),
            resolved: BTreeMap::new(),
            voters: BTreeMap::new(),
            positions: BTreeMap::new(),
            periods: programme.periods.len(),
            sequence: 0,
        }
    }

    /// Says that a grant will be made at this address.
    pub fn expect_grant(&mut self, grant: Pubkey) {
        self.positions.insert(grant, self.grants.len());
        self.grants.push(GrantRecord {
            settled: vec![None; self.periods],
            bonus: vec![0; self.periods],
            ..GrantRecord::default()
        });
    }

    /// Takes in the plan's next event.
    pub fn note(&mut self, event: &Event) -> Result<()> {
        self.sequence += 1;
        ensure!(
            event.sequence() == self.sequence,
            "an event of the plan is missing: number {} came where {} was due",
            event.sequence(),
            self.sequence
        );
        match event {
            Event::PlanFunded(event) => self.funded += event.received,
            Event::SurplusWithdrawn(event) => self.withdrawn += event.received,
            Event::GrantCreated(event) => self.grant(&event.grant)?.reserved = event.reserved,
            Event::ValueAttested(event) => {
                let key = (event.kpi, event.period, None);
                self.vote(key, event.oracle, event.value, event.resolved);
            }
            Event::PageAttested(event) => {
                for (place, value) in (0u32..).zip(&event.values) {
                    let is_in = |mask: u64| mask.checked_shr(place).unwrap_or_default() & 1 != 0;
                    if *value != NO_VALUE {
                        let key = (event.kpi, event.period, event.first.checked_add(place));
                        self.vote(key, event.oracle, *value, is_in(event.resolved));
                    }
                }
            }
            Event::GrantSettled(event) => {
                let period = usize::from(event.period);
                let slot = self.grant(&event.grant)?.settled.get_mut(period);
                *slot.context("a period outside the calendar was settled")? = Some(event.as_ref().clone());
            }
            Event::BonusCollected(event) => {
                self.left_over += event.left_over;
                let slot = self.grant(&event.grant)?.bonus.get_mut(usize::from(event.period));
                *slot.context("a bonus of a period outside the calendar was collected")? = event.bonus;
            }
            Event::GrantClaimed(event) => {
                let grant = self.grant(&event.grant)?;
                grant.claimed += event.received;
                grant.last_claim = event.received;
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes in a vote. `resolved`: enough oracles agree by it.
    fn vote(&mut self, key: ValueKey, oracle: Pubkey, value: i64, resolved: bool) {
        *self.votes.entry(oracle).or_default() += 1;
        let voters = self.voters.entry(key).or_default();
        voters.retain(|(other, _)| *other != oracle);
        voters.push((oracle, value));
        if resolved {
            let voters = self.voters.remove(&key).unwrap_or_default();
            let agreed = voters.into_iter().filter(|(_, other)| *other == value);
            let resolved = Resolved {
                value,
                oracles: agreed.map(|(oracle, _)| oracle).collect(),
            };
            self.resolved.insert(key, resolved);
        }
    }

    fn grant(&mut self, grant: &Pubkey) -> Result<&mut GrantRecord> {
        let position = self.positions.get(grant);
        let grant = position.and_then(|&position| self.grants.get_mut(position));
        grant.context("an event names a grant that was not made here")
    }
}
