//! What anyone can do for a plan at a time: show what price feeds publish, settle, collect, claim, close.

use {
    crate::{
        report::projection::{ProjectionError, reading},
        send::{
            cost,
            packing::{Cost, Group},
        },
        todo::observing::{self, Observed, UpdateAccount},
        wire::{Evaluation, instructions, pda},
    },
    earnout::{
        instructions::ObserveArgs,
        state::{CLAIM_LOCKED, Grant, Period, Plan, Scope, Tally, place},
    },
    earnout_core::quorum::Finality,
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    std::collections::{BTreeMap, HashMap},
};

/// A plan and all its accounts as they are at one time.
#[derive(Clone, Debug)]
pub struct PlanAccounts {
    /// Address of the plan.
    pub address: Pubkey,
    /// What it holds.
    pub plan: Plan,
    /// Its open grants.
    pub grants: HashMap<Pubkey, Grant>,
    /// Its open attestations and pages.
    pub evaluations: HashMap<Pubkey, Evaluation>,
    /// The pools of its periods.
    pub periods: BTreeMap<u16, Period>,
    /// What the feeds of its KPIs publish now, by the number of the KPI.
    pub updates: BTreeMap<u8, UpdateAccount>,
    /// The time, Unix seconds.
    pub now: i64,
}

/// One thing that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "client", derive(serde::Serialize, serde::Deserialize))]
pub enum Due {
    /// A feed has published what counts for a KPI in a period.
    Observe {
        /// Number of the KPI.
        kpi: u8,
        /// The period.
        period: u16,
    },
    /// The grant's next period is final.
    Settle {
        /// The grant.
        grant: Pubkey,
        /// The period.
        period: u16,
    },
    /// The grant's share of a pool is known.
    Collect {
        /// The grant.
        grant: Pubkey,
        /// The period.
        period: u16,
    },
    /// Nobody needs the attestation or page any more.
    CloseEvaluation {
        /// The attestation or page.
        evaluation: Pubkey,
    },
    /// Everybody has collected from the pool.
    ClosePeriod {
        /// The period.
        period: u16,
    },
    /// The grant is settled, collected and claimed in full.
    CloseGrant {
        /// The grant.
        grant: Pubkey,
    },
}

/// What kinds of things are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// Show what price feeds publish.
    pub observe: bool,
    /// Settle grants.
    pub settle: bool,
    /// Collect bonuses.
    pub collect: bool,
    /// Close accounts.
    pub close: bool,
}

impl Kinds {
    /// All of them.
    pub const ALL: Self = Self {
        observe: true,
        settle: true,
        collect: true,
        close: true,
    };
}

impl PlanAccounts {
    /// Whatever is due of these kinds.
    ///
    /// # Errors
    /// If an account holds what the program never writes.
    pub fn due(&self, kinds: Kinds) -> Result<Vec<Due>, ProjectionError> {
        let mut due = Vec::new();
        if kinds.observe {
            due.extend(self.observations()?);
        }
        if kinds.settle {
            due.extend(self.settlements()?);
        }
        if kinds.collect {
            due.extend(self.collections()?);
        }
        if kinds.close {
            due.extend(self.closings()?);
        }
        Ok(due)
    }

    /// What can be shown of the feeds: voting is open, and what the feed publishes counts in the place of what was
    /// shown before. What the program would refuse is not due.
    ///
    /// # Errors
    /// If an account holds what the program never writes.
    pub fn observations(&self) -> Result<Vec<Due>, ProjectionError> {
        let mut due = Vec::new();
        if self.updates.is_empty() {
            return Ok(due);
        }
        for period in observing::periods(&self.plan, self.now) {
            for (kpi, account) in &self.updates {
                let address = pda::attestation(&self.address, *kpi, period);
                let standing = self.evaluations.get(&address).and_then(Evaluation::attestation);
                if Observed::of(&self.plan, *kpi, period, standing, account, self.now).is_ok() {
                    due.push(Due::Observe { kpi: *kpi, period });
                }
            }
        }
        Ok(due)
    }

    /// Settlements that are due: the next period of a grant has ended, its last bonus is collected, and every KPI that
    /// pays the grant is final.
    ///
    /// # Errors
    /// If an account holds what the program never writes.
    pub fn settlements(&self) -> Result<Vec<Due>, ProjectionError> {
        let mut addresses = HashMap::new();
        let mut due = Vec::new();
        for (address, grant) in self.in_order() {
            if self.settles(grant, &mut addresses)? {
                due.push(Due::Settle {
                    grant: *address,
                    period: grant.next_period,
                });
            }
        }
        Ok(due)
    }

    /// Bonuses that can be collected: all grants of the period are settled.
    ///
    /// # Errors
    /// If an account holds what the program never writes.
    pub fn collections(&self) -> Result<Vec<Due>, ProjectionError> {
        if !self.plan.redistributes()? {
            return Ok(Vec::new());
        }
        let open = self
            .in_order()
            .into_iter()
            .filter(|(_, grant)| grant.collected_through < grant.next_period);
        let due = open.filter_map(|(address, grant)| {
            let period = grant.collected_through;
            let pool = self.periods.get(&period)?;
            pool.is_settled().then_some(Due::Collect {
                grant: *address,
                period,
            })
        });
        Ok(due.collect())
    }

    /// Accounts that can be closed: their rent goes back to who paid it.
    ///
    /// # Errors
    /// If an account holds what the program never writes.
    pub fn closings(&self) -> Result<Vec<Due>, ProjectionError> {
        let mut due = Vec::new();
        for (address, evaluation) in &self.evaluations {
            if !self.plan.is_needed(evaluation.period()) {
                due.push(Due::CloseEvaluation { evaluation: *address });
            }
        }
        due.sort();
        let collected = self.periods.iter().filter(|(_, pool)| pool.is_collected());
        due.extend(collected.map(|(period, _)| Due::ClosePeriod { period: *period }));
        for (address, grant) in self.in_order() {
            if grant.is_closable(&self.plan)? {
                due.push(Due::CloseGrant { grant: *address });
            }
        }
        Ok(due)
    }

    /// Grants of which anyone can claim something for the beneficiary, with the base units, in the order of their
    /// numbers.
    ///
    /// # Errors
    /// If an account holds what the program never writes.
    pub fn claimable(&self) -> Result<Vec<(Pubkey, &Grant, u64)>, ProjectionError> {
        let mut claimable = Vec::new();
        for (address, grant) in self.in_order() {
            let amount = grant.claimable(&self.plan, self.now)?;
            if amount > 0 && !grant.has(CLAIM_LOCKED) {
                claimable.push((*address, grant, amount));
            }
        }
        Ok(claimable)
    }

    /// The instruction that does what is due, and its cost. `payer` signs it. None if its account is not among these.
    pub fn group(&self, due: &Due, payer: &Pubkey) -> Option<Group> {
        let grant = |address: &Pubkey| self.grants.get(address);
        let treasury = self.plan.treasury_at(self.now).0;
        let (instruction, cost): (Instruction, Cost) = match due {
            Due::Observe { kpi, period } => {
                let args = ObserveArgs {
                    kpi: *kpi,
                    period: *period,
                };
                let update = &self.updates.get(kpi)?.address;
                (instructions::observe(payer, &self.address, update, args), cost::OBSERVE)
            }
            Due::Settle { grant: address, .. } => {
                let state = grant(address)?;
                let settle = instructions::settle(payer, &self.address, &self.plan, address, state);
                (settle, cost::settle(&self.plan, state))
            }
            Due::Collect { grant, period } => {
                let collect = instructions::collect_bonus(&self.address, grant, *period);
                (collect, cost::COLLECT_BONUS)
            }
            Due::CloseEvaluation { evaluation: address } => {
                let close = match self.evaluations.get(address)? {
                    Evaluation::Attestation(state) => instructions::close_attestation(address, state, &treasury),
                    Evaluation::Page(state) => instructions::close_page(address, state.head(), &treasury),
                };
                (close, cost::CLOSE)
            }
            Due::ClosePeriod { period } => {
                let state = self.periods.get(period)?;
                (instructions::close_period(state, &treasury), cost::CLOSE)
            }
            Due::CloseGrant { grant: address } => {
                let state = grant(address)?;
                (instructions::close_grant(address, state, &treasury), cost::CLOSE)
            }
        };
        Some(cost::alone(instruction, cost))
    }

    /// The grants in the order of their numbers.
    pub fn in_order(&self) -> Vec<(&Pubkey, &Grant)> {
        let mut grants: Vec<_> = self.grants.iter().collect();
        grants.sort_by_key(|(_, grant)| grant.index);
        grants
    }

    /// Whether the grant's next period can be settled. `addresses` are those of attestations and pages that were
    /// derived before, by KPI, period and page: many grants share them.
    fn settles(
        &self,
        grant: &Grant,
        addresses: &mut HashMap<(u8, u16, Option<u32>), Pubkey>,
    ) -> Result<bool, ProjectionError> {
        let period = grant.next_period;
        if grant.is_settled()
            || self.now < self.plan.calendar()?.period_end(period)?
            || !grant.has_collected(&self.plan)?
        {
            return Ok(false);
        }
        for (number, kpi) in grant.paid_by(&self.plan) {
            let index = (kpi.scope()? == Scope::Individual).then_some(grant.index);
            let derive = || pda::evaluation(&self.address, number, period, index);
            let page = index.map(|index| place(index).0);
            let address = addresses.entry((number, period, page)).or_insert_with(derive);
            let tally = match self.evaluations.get(address) {
                Some(evaluation) => evaluation.tally(grant)?,
                None => Tally::default(),
            };
            let reading = reading(&self.plan, number, period, &tally, self.now)?;
            if !matches!(reading.finality, Finality::Final(_)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::todo::observing::testing::{END, plan, update},
        bytemuck::Zeroable,
        earnout::state::Attestation,
    };

    #[test]
    fn observing_is_due_as_long_as_an_update_counts() {
        let (address, now) = (Pubkey::new_from_array([1; 32]), END + 60);
        let mut accounts = PlanAccounts {
            address,
            plan: plan(),
            grants: HashMap::new(),
            evaluations: HashMap::new(),
            periods: BTreeMap::new(),
            updates: BTreeMap::new(),
            now,
        };
        assert_eq!(accounts.observations().expect("none"), []);
        accounts.updates.insert(1, update(END + 9, END + 8));
        let due = [Due::Observe { kpi: 1, period: 0 }];
        assert_eq!(accounts.observations().expect("one"), due);
        assert_eq!(accounts.due(Kinds::ALL).expect("one"), due);
        let group = accounts.group(&due[0], &address).expect("an instruction");
        let named = group.instructions[0].accounts.iter().map(|meta| meta.pubkey);
        assert!(named.into_iter().any(|key| key == accounts.updates[&1].address));

        // What stands is not due again, an earlier one is.
        let mut attestation = Attestation::zeroed();
        (
            attestation.is_observed,
            attestation.observed_at,
            attestation.observed_previous,
        ) = (1, END + 9, END + 8);
        let place = pda::attestation(&address, 1, 0);
        let standing = Evaluation::Attestation(Box::new(attestation));
        accounts.evaluations.insert(place, standing);
        assert_eq!(accounts.observations().expect("none"), []);
        accounts.updates.insert(1, update(END + 20, END - 1));
        assert_eq!(accounts.observations().expect("one"), due, "the first after the end");
        accounts.now = END - 1;
        assert_eq!(accounts.observations().expect("none"), []);
    }
}
