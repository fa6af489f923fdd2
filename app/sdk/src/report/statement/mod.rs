//! The transparency report of a plan: what was measured, who attested it, what everyone earned by it and was paid, and
//! whether the vault covers what is left.
//!
//! Nothing in it is taken on trust. Every settlement is computed again from the attested values, by the program's own
//! arithmetic, and compared with what the grants and the plan have recorded; what differs is a [`Finding`].
//!
//! ```
//! use earnout_sdk::{wire::events::Event, report::{books::Ledger, statement::{Sources, Statement}}};
//!
//! /// The report at `now` from all events of a plan, in order.
//! fn report(events: &[Event], now: i64) -> Result<Option<Statement>, Box<dyn std::error::Error>> {
//!     let Some(ledger) = Ledger::of(events)? else {
//!         return Ok(None);
//!     };
//!     let sources = Sources::of_ledger(&ledger, None, now)?;
//!     Ok(Some(Statement::of(sources)?))
//! }
//! assert!(report(&[], 0).unwrap().is_none());
//! ```

mod check;
mod evidence;
mod measurement;
mod replay;

pub use {
    check::{Finding, Subject},
    evidence::{Evidence, EvidenceState, Witness},
    measurement::{Dispute, Measurement, Reasons, Ruling, Vote},
};

use {
    crate::report::{
        books::{Closing, Ledger},
        priced::Priced,
        projection::{self, PeriodTimes, ProjectionError},
    },
    earnout::state::{FORFEITED, Grant, Period, Plan, Results, Scope, Tally},
    earnout_core::tranche::Settlement,
    solana_program::pubkey::Pubkey,
    std::collections::BTreeMap,
};

/// Which value of a plan is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueKey {
    /// The period.
    pub period: u16,
    /// Number of the KPI.
    pub kpi: u8,
    /// Number of the grant for an individual KPI; none for a shared one.
    pub grant: Option<u32>,
}

/// A grant, and whether its account was closed.
#[derive(Clone, Debug)]
pub struct GrantSource {
    /// Its address.
    pub address: Pubkey,
    /// The account, as it is or was last.
    pub state: Grant,
    /// Earlier beneficiaries, each with the first period that was not settled when the next one took over.
    pub earlier: Vec<(u16, Pubkey)>,
    /// Whether it was closed, so that this comes from events.
    pub closed: bool,
}

/// The grant with the beneficiary for whom `period` was, or will be, settled: an oracle's vote on its own grant does
/// not count.
pub fn as_settled(state: &Grant, earlier: &[(u16, Pubkey)], period: u16) -> Grant {
    let then = earlier.iter().find(|(unsettled, _)| period < *unsettled);
    Grant {
        beneficiary: then.map_or(state.beneficiary, |(_, beneficiary)| *beneficiary),
        ..*state
    }
}

/// What a statement is made from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Address of the plan.
    pub address: Pubkey,
    /// The plan, as it is or was before it was closed.
    pub plan: Plan,
    /// How the plan ended; none if it has not.
    pub closing: Option<Closing>,
    /// The time of the statement, Unix seconds.
    pub now: i64,
    /// Balance of the vault, base units.
    pub vault_balance: u64,
    /// The grants by number.
    pub grants: BTreeMap<u32, GrantSource>,
    /// Whether these are all grants ever made. With a part of them the plan's sums cannot be checked, and bonuses
    /// follow from the pools whose accounts are open, or else are those that events tell.
    pub complete: bool,
    /// What was attested. What is not in it was never voted on nor disputed.
    pub measurements: BTreeMap<ValueKey, Measurement>,
    /// The pools whose accounts are open, by period.
    pub pools: BTreeMap<u16, Period>,
    /// Bonuses as their events tell them, base units, by number of the grant and period. Only for a part of the grants,
    /// and periods whose pools were closed: what all grants of a period left cannot be computed then.
    pub collected: BTreeMap<(u32, u16), u64>,
    /// What should be here and could not be found, in words.
    pub missing: Vec<String>,
}

impl Sources {
    /// The sources that all events of a plan give. `vault_balance` is the vault's balance in base units where it is
    /// known; else what the last event says counts.
    ///
    /// # Errors
    /// If the events hold what the program never writes.
    pub fn of_ledger(ledger: &Ledger, vault_balance: Option<u64>, now: i64) -> Result<Self, ProjectionError> {
        let grants = ledger.grants.iter().map(|(address, record)| {
            let source = GrantSource {
                address: *address,
                state: record.state,
                earlier: record.earlier.clone(),
                closed: record.closed,
            };
            (record.state.index, source)
        });
        let by_number: BTreeMap<_, _> = ledger
            .grants
            .values()
            .map(|record| (record.state.index, record))
            .collect();
        let mut measurements = BTreeMap::new();
        for record in ledger.evaluations.values() {
            let concerned = match record.state.page() {
                None => by_number.range(..).take(1),
                Some(page) => {
                    let first = page.head().first_grant();
                    let capacity = page.head().capacity;
                    by_number
                        .range(first..first.saturating_add(capacity.into()))
                        .take(capacity.into())
                }
            };
            for (_, grant) in concerned {
                let grant = as_settled(&grant.state, &grant.earlier, record.state.period());
                let (key, measurement) = record.measurement(&ledger.plan, &grant, now)?;
                measurements.insert(key, measurement);
            }
        }
        let pools = ledger
            .periods
            .values()
            .map(|record| (record.state.period, record.state));
        Ok(Self {
            address: ledger.address,
            plan: ledger.plan,
            closing: ledger.closing,
            now,
            vault_balance: vault_balance.unwrap_or(ledger.vault_balance),
            grants: grants.collect(),
            complete: true,
            measurements,
            pools: pools.collect(),
            collected: BTreeMap::new(),
            missing: Vec::new(),
        })
    }
}

/// Where a period stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It has not begun.
    Ahead,
    /// It is running.
    Running,
    /// It has ended and the oracles vote.
    Voting,
    /// Voting is over; disputes and rulings may still come.
    Deciding,
    /// Everything can be settled without anyone's goodwill.
    Over,
}

impl Stage {
    /// Where a period with these times stands at `now` (Unix seconds).
    pub fn of(times: &PeriodTimes, now: i64) -> Self {
        if now < times.start {
            Self::Ahead
        } else if now < times.end {
            Self::Running
        } else if now < times.attest_deadline {
            Self::Voting
        } else if now < times.settle_deadline {
            Self::Deciding
        } else {
            Self::Over
        }
    }
}

/// One period of one grant. All amounts in base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The period, which has ended.
    pub period: u16,
    /// The most that full scores can pay: the part of the allocation that belongs to the period.
    pub cap: u64,
    /// The part of the unit allocation that belongs to the period; 0 of a grant in tokens.
    pub units: u64,
    /// What full scores pay.
    pub tranche: u64,
    /// How that follows from the price; none of a grant in tokens.
    pub priced: Option<Priced>,
    /// Scores by KPI in basis points, 0 where the grant has no weight, and the price for a grant in another unit: what
    /// counted, or for a period that is not settled what would count if nothing more happened.
    pub results: Results,
    /// The settlement, computed again; none if the period is not settled.
    pub settlement: Option<Settlement>,
    /// What of the unearned amount became surplus.
    pub returned: u64,
    /// Share of the period's pool; none if it was not collected, or the plan has no pools.
    pub bonus: Option<u64>,
    /// What of this period's earnings was paid, counting claims against the oldest earnings first.
    pub claimed: u64,
    /// What the grant had earned and could still earn without bonuses after the settlement: the bonus has to fit
    /// above it.
    taken: u64,
}

/// One grant. All amounts in base units.
#[derive(Clone, Debug)]
pub struct GrantReport {
    /// Its address.
    pub address: Pubkey,
    /// The account, as it is or was last.
    pub state: Grant,
    /// Whether it was closed.
    pub closed: bool,
    /// Its periods that have ended, in order.
    pub lines: Vec<Line>,
    /// Part of the allocation that was cancelled when the grant was ended before its time.
    pub cancelled: u64,
    /// What of the settled periods was not earned and became surplus.
    pub returned: u64,
    /// What prices left of the caps of the settled periods, and surplus since; 0 of a grant in tokens.
    pub unused: u64,
    /// Earned and bonuses that became surplus because the grant was ended before its cliff.
    pub forfeited: u64,
    /// Earned and past the cliff, bonuses included.
    pub vested: u64,
    /// Vested and not yet paid out.
    pub claimable: u64,
}

/// The pool of a period, computed again. Amounts in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PoolReport {
    /// What the settled grants did not earn.
    pub pool: u64,
    /// What their KPIs earned: the denominator of the shares.
    pub kpi_total: u64,
    /// Grants of the period.
    pub expected: u32,
    /// Bonuses collected.
    pub paid: u64,
    /// Grants that have collected.
    pub collected: u32,
    /// What caps and rounding left for the surplus; 0 until all have collected.
    pub left_over: u64,
}

/// One period. Amounts in base units.
#[derive(Clone, Debug)]
pub struct PeriodReport {
    /// Its times.
    pub times: PeriodTimes,
    /// Where it stands.
    pub stage: Stage,
    /// Grants that cover it.
    pub grants: u32,
    /// Grants that have settled it.
    pub settled: u32,
    /// Earned by them.
    pub earned: u128,
    /// Bonuses collected by them.
    pub bonus: u128,
    /// Not earned by them, and surplus since.
    pub returned: u128,
    /// The pool; none if the plan has no pools.
    pub pool: Option<PoolReport>,
}

/// Sums over all grants, base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Allocations.
    pub allocated: u128,
    /// Cancelled by ending grants before their time.
    pub cancelled: u128,
    /// Earned, without bonuses.
    pub earned: u128,
    /// Bonuses collected.
    pub bonus: u128,
    /// Not earned in settled periods, and surplus since; what pools left over is not in it.
    pub returned: u128,
    /// Left over in pools, and surplus since.
    pub left_over: u128,
    /// Left of caps by prices in settled periods, and surplus since.
    pub unused: u128,
    /// Earned and bonuses that became surplus because grants were ended before their cliffs.
    pub forfeited: u128,
    /// Vested.
    pub vested: u128,
    /// Paid out.
    pub claimed: u128,
    /// Vested and not yet paid out.
    pub claimable: u128,
    /// Held back for what can still be earned.
    pub reserved: u128,
    /// Owed by the vault: earned and bonuses that are not yet paid out.
    pub owed: u128,
}

/// Whether the vault covers what the plan owes. Amounts in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VaultReport {
    /// What is in it.
    pub balance: u64,
    /// Held back for what can still be earned.
    pub reserved: u64,
    /// Earned and not yet paid out.
    pub owed: u64,
    /// In pools and not yet collected.
    pub pooled: u64,
    /// What no grant can ever claim. Negative if the vault does not hold what it owes, which is a finding too.
    pub surplus: i128,
    /// Ever funded.
    pub funded: u64,
    /// Ever claimed.
    pub claimed: u64,
    /// Ever sent to the treasury, what the closing of the plan sent included.
    pub withdrawn: u64,
    /// What came in otherwise: balance + claimed + withdrawn − funded.
    pub donated: i128,
}

/// The report.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it was made from, apart from the grants.
    pub sources: Sources,
    /// The periods of the calendar.
    pub periods: Vec<PeriodReport>,
    /// The grants by number.
    pub grants: BTreeMap<u32, GrantReport>,
    /// Sums over the grants.
    pub totals: Totals,
    /// The vault.
    pub vault: VaultReport,
    /// What does not agree, or could not be found. Empty if all is well.
    pub findings: Vec<Finding>,
}

impl Statement {
    /// Computes the report. The grants move from the sources into it.
    ///
    /// # Errors
    /// If an account holds what the program never writes.
    pub fn of(mut sources: Sources) -> Result<Self, ProjectionError> {
        let grants = std::mem::take(&mut sources.grants);
        let plan = &sources.plan;
        let mut findings: Vec<_> = sources.missing.iter().cloned().map(Finding::Missing).collect();
        let mut reports = BTreeMap::new();
        for (number, source) in grants {
            let results = |period| sources.results(&source.state, period);
            let (report, found) = replay::grant(plan, &source, sources.now, results)?;
            findings.extend(found);
            reports.insert(number, report);
        }
        let pools = match sources.complete {
            true => replay::pools(plan, &reports)?,
            false => replay::recorded_pools(&sources.pools),
        };
        let pools = replay::bonuses(&sources, &mut reports, pools);
        reports.values_mut().for_each(replay::share_claims);
        let mut periods = Vec::new();
        for times in projection::schedule(plan)? {
            periods.push(PeriodReport::of(times, &sources, &reports, &pools));
        }
        let totals = Totals::of(&reports, &pools);
        let vault = VaultReport::of(&sources);
        check::grants(plan, &reports, &mut findings);
        if sources.complete {
            check::plan(&sources, &reports, &totals, &pools, &mut findings);
        }
        check::vault(plan, &vault, &mut findings);
        Ok(Self {
            sources,
            periods,
            grants: reports,
            totals,
            vault,
            findings,
        })
    }

    /// What is known about a KPI for a period of a grant.
    ///
    /// # Errors
    /// If the plan has no such KPI or period.
    pub fn measurement(&self, kpi: u8, period: u16, grant: u32) -> Result<Measurement, ProjectionError> {
        match self.sources.measured(kpi, period, grant) {
            Some(measurement) => Ok(measurement.clone()),
            None => Measurement::silent(&self.sources.plan, kpi, period, self.sources.now),
        }
    }
}

impl Sources {
    /// What was attested about a KPI for a period of a grant; none if nothing was.
    pub fn measured(&self, kpi: u8, period: u16, grant: u32) -> Option<&Measurement> {
        let terms = self.plan.kpis().get(usize::from(kpi))?;
        let individual = terms.scope == Scope::Individual.to_byte();
        let grant = individual.then_some(grant);
        self.measurements.get(&ValueKey { period, kpi, grant })
    }

    /// The results that pay the grant.
    fn results(&self, grant: &Grant, period: u16) -> Result<Results, ProjectionError> {
        let mut results = Results::default();
        for (kpi, _) in grant.paid_by(&self.plan) {
            let reading = match self.measured(kpi, period, grant.index) {
                Some(measurement) => measurement.reading,
                None => projection::reading(&self.plan, kpi, period, &Tally::default(), self.now)?,
            };
            results.scores[usize::from(kpi)] = reading.score;
            results.price = results.price.or(reading.price);
        }
        Ok(results)
    }
}

impl Line {
    /// What the price left of the cap, base units; 0 of a grant in tokens.
    pub fn unused(&self) -> u64 {
        self.priced.map_or(0, |priced| priced.unused())
    }
}

impl GrantReport {
    /// What its cap cut off in the settled periods, base units; none if that exceeds what an amount can express.
    pub fn cut_off(&self) -> Option<u128> {
        let settled = self.lines.iter().filter(|line| line.settlement.is_some());
        let cut = settled.filter_map(|line| Some(line.priced?.cut_off()));
        cut.map(|cut| cut.map(u128::from)).sum()
    }

    /// Whether it was ended before its cliff, so that what it earns is surplus.
    pub fn is_forfeited(&self) -> bool {
        self.state.has(FORFEITED)
    }
}

impl PeriodReport {
    fn of(
        times: PeriodTimes,
        sources: &Sources,
        grants: &BTreeMap<u32, GrantReport>,
        pools: &BTreeMap<u16, PoolReport>,
    ) -> Self {
        let mut report = Self {
            times,
            stage: Stage::of(&times, sources.now),
            grants: 0,
            settled: 0,
            earned: 0,
            bonus: 0,
            returned: 0,
            pool: pools.get(&times.period).copied(),
        };
        for grant in grants.values().filter(|grant| grant.state.covers(times.period)) {
            report.grants = report.grants.saturating_add(1);
            let position = times.period.checked_sub(grant.state.first_period).map(usize::from);
            let line = position.and_then(|position| grant.lines.get(position));
            if let Some((line, settlement)) = line.and_then(|line| Some((line, line.settlement?))) {
                report.settled = report.settled.saturating_add(1);
                report.earned = report.earned.saturating_add(settlement.earned.into());
                report.bonus = report.bonus.saturating_add(line.bonus.unwrap_or_default().into());
                report.returned = report.returned.saturating_add(line.returned.into());
            }
        }
        report
    }
}

impl Totals {
    fn of(grants: &BTreeMap<u32, GrantReport>, pools: &BTreeMap<u16, PoolReport>) -> Self {
        let sum = |amount: fn(&GrantReport) -> u64| -> u128 {
            let amounts = grants.values().map(|grant| u128::from(amount(grant)));
            amounts.fold(0, u128::saturating_add)
        };
        Self {
            allocated: sum(|grant| grant.state.allocation),
            cancelled: sum(|grant| grant.cancelled),
            earned: sum(|grant| grant.state.earned),
            bonus: sum(|grant| grant.state.bonus),
            returned: sum(|grant| grant.returned),
            left_over: pools
                .values()
                .map(|pool| u128::from(pool.left_over))
                .fold(0, u128::saturating_add),
            unused: sum(|grant| grant.unused),
            forfeited: sum(|grant| grant.forfeited),
            vested: sum(|grant| grant.vested),
            claimed: sum(|grant| grant.state.claimed),
            claimable: sum(|grant| grant.claimable),
            reserved: sum(|grant| grant.state.reserved),
            owed: sum(|grant| grant.state.owed().unwrap_or_default()),
        }
    }
}

impl VaultReport {
    fn of(sources: &Sources) -> Self {
        let plan = &sources.plan;
        let closing = sources.closing.map_or(0, |closing| closing.amount);
        let withdrawn = plan.withdrawn_total.saturating_add(closing);
        let [balance, reserved, owed, pooled] =
            [sources.vault_balance, plan.reserved, plan.owed, plan.pooled].map(i128::from);
        let out = i128::from(plan.claimed_total).saturating_add(withdrawn.into());
        Self {
            balance: sources.vault_balance,
            reserved: plan.reserved,
            owed: plan.owed,
            pooled: plan.pooled,
            surplus: balance
                .saturating_sub(reserved)
                .saturating_sub(owed)
                .saturating_sub(pooled),
            funded: plan.funded_total,
            claimed: plan.claimed_total,
            withdrawn,
            donated: balance.saturating_add(out).saturating_sub(plan.funded_total.into()),
        }
    }
}
