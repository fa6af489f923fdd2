//! What a statement is made from, read from the chain: accounts where they still exist, events where they were closed.

use {
    super::{Client, ClientError, History, OracleSets, Recorded, found::Found, read},
    crate::{
        report::{
            books::{EvaluationRecord, GrantRecord},
            projection::{self, PeriodTimes, ProjectionError},
            statement::{GrantSource, Measurement, Sources, ValueKey, as_settled},
        },
        wire::{events::Event, pda},
    },
    earnout::{
        constants::PAGE_GRANTS,
        state::{Grant, Kpi, OracleSet, Plan, Scope, first_of, place},
        token::holding,
    },
    solana_program::{pubkey::Pubkey, sysvar},
    std::{
        collections::{BTreeMap, BTreeSet, HashMap},
        ops::Range,
    },
};

/// How often it is tried to read a plan between two of its changes.
const ATTEMPTS: u32 = 4;

/// So many grants are asked for at a time.
const GRANTS_AT_ONCE: usize = 10_000;

/// So many attestations and pages are held at a time.
const EVALUATIONS_AT_ONCE: usize = 1_000;

impl Client {
    /// What a statement of the plan at `address` is made from, all of one moment.
    ///
    /// # Errors
    /// If the endpoint does not answer, there is no plan at the address, or the plan changes faster than it can be
    /// read.
    pub async fn statement_sources(&self, address: &Pubkey) -> Result<Sources, ClientError> {
        self.sources_of_grants(address, None).await
    }

    /// The same with only one of the grants, which takes a few requests however many there are.
    ///
    /// # Errors
    /// As [`Client::statement_sources`].
    pub async fn grant_sources(&self, address: &Pubkey, number: u32) -> Result<Sources, ClientError> {
        let grants = number..number.saturating_add(1);
        self.sources_of_grants(address, Some(grants)).await
    }

    /// The same with the grants of one page, by its number.
    ///
    /// # Errors
    /// As [`Client::statement_sources`].
    pub async fn page_sources(&self, address: &Pubkey, page: u32) -> Result<Sources, ClientError> {
        self.sources_of_grants(address, Some(grants_of_page(page))).await
    }

    async fn sources_of_grants(&self, address: &Pubkey, grants: Option<Range<u32>>) -> Result<Sources, ClientError> {
        let mut history = None;
        for _ in 0..ATTEMPTS {
            let Found::Open(plan) = self.find_plan(address).await? else {
                let history = self.history(address).await?;
                let mut sources = Sources::of_ledger(&history.ledger()?, None, self.now().await?)?;
                sources.missing = history.complaints();
                return Ok(sources);
            };
            // Every change of a plan and of its accounts counts its events up.
            let sources = self
                .sources_from_accounts(address, &plan, grants.clone(), &mut history)
                .await?;
            if let Found::Open(after) = self.find_plan(address).await?
                && after.event_sequence == plan.event_sequence
            {
                return Ok(sources);
            }
        }
        Err(ClientError::Changing(*address))
    }

    async fn sources_from_accounts(
        &self,
        address: &Pubkey,
        plan: &Plan,
        grants: Option<Range<u32>>,
        history: &mut Option<History>,
    ) -> Result<Sources, ClientError> {
        let state = self.accounts(&[plan.vault, sysvar::clock::ID]).await?;
        let [Some(vault), Some(clock)] = state.as_slice() else {
            return Err(ClientError::NotFound {
                what: "vault",
                address: plan.vault,
            });
        };
        let unreadable = |what: &str| ClientError::Unreadable(what.to_owned());
        let now = read::clock(clock).ok_or_else(|| unreadable("the clock"))?;
        let vault_balance = read::as_info(&plan.vault, vault, |info| holding(info, &plan.token_program))
            .filter(|holding| holding.mint == plan.mint && holding.owner == *address)
            .map(|holding| holding.amount)
            .ok_or_else(|| unreadable("the vault"))?;
        let mut reading = Reading {
            client: self,
            sources: Sources {
                address: *address,
                plan: *plan,
                closing: None,
                now: now.unix_timestamp,
                vault_balance,
                grants: BTreeMap::new(),
                complete: grants.is_none(),
                measurements: BTreeMap::new(),
                pools: BTreeMap::new(),
                collected: BTreeMap::new(),
                missing: Vec::new(),
            },
            earlier_sets: OracleSets::default(),
            history,
        };
        let grants = grants.unwrap_or(0..u32::MAX);
        reading.grants(grants.start..grants.end.min(plan.grant_counter)).await?;
        reading.earlier_oracle_sets().await?;
        reading.evaluations().await?;
        reading.pools().await?;
        if let Some(history) = reading.history {
            reading.sources.missing.extend(history.complaints());
        }
        Ok(reading.sources)
    }
}

/// Numbers that grants of a page can have.
fn grants_of_page(page: u32) -> Range<u32> {
    let first = first_of(page);
    first..first.saturating_add(PAGE_GRANTS.into())
}

/// Sources that are being read.
struct Reading<'a> {
    client: &'a Client,
    sources: Sources,
    /// The oracle sets that the plan itself has forgotten.
    earlier_sets: OracleSets,
    /// All events, once something needed them.
    history: &'a mut Option<History>,
}

/// An attestation or page that grants ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    period: u16,
    kpi: u8,
    /// Number of the page; none for an attestation.
    page: Option<u32>,
}

impl Reading<'_> {
    async fn grants(&mut self, numbers: Range<u32>) -> Result<(), ClientError> {
        let plan = self.sources.plan;
        let mut closed = Vec::new();
        // An endpoint can claim billions of them: no address is made long before it is asked for.
        for first in numbers.clone().step_by(GRANTS_AT_ONCE) {
            let numbers = (first..numbers.end).take(GRANTS_AT_ONCE);
            let plan = self.sources.address;
            let addresses: Vec<_> = numbers.clone().map(|index| pda::grant(&plan, index)).collect();
            let found = self.client.grants(&addresses).await?;
            for ((index, address), grant) in numbers.zip(addresses).zip(found) {
                let Some(state) = grant else {
                    closed.push((index, address));
                    continue;
                };
                let source = GrantSource {
                    address,
                    state,
                    earlier: Vec::new(),
                    closed: false,
                };
                self.sources.grants.insert(index, source);
            }
        }
        self.earlier_beneficiaries().await?;
        let addresses: Vec<_> = closed.iter().map(|(_, address)| *address).collect();
        let histories = self.histories(&addresses).await?;
        for ((index, address), events) in closed.into_iter().zip(histories) {
            let Ok(Some(record)) = GrantRecord::of(&plan, &address, &events) else {
                self.miss(format!(
                    "has no account of grant {index} ({address}), and not all events of it"
                ));
                continue;
            };
            if !record.closed {
                self.miss(format!(
                    "has no account of grant {index} ({address}), which was not closed"
                ));
            }
            let source = GrantSource {
                address,
                state: record.state,
                earlier: record.earlier,
                closed: record.closed,
            };
            self.sources.grants.insert(index, source);
        }
        Ok(())
    }

    /// Who had the grants that changed hands before: an oracle's vote on its own grant does not count. Only for
    /// individual KPIs, since it makes no difference for shared ones.
    async fn earlier_beneficiaries(&mut self) -> Result<(), ClientError> {
        let plan = self.sources.plan;
        let is_individual = |kpi: &Kpi| kpi.scope == Scope::Individual.to_byte();
        let is_measured = |grant: &Grant| {
            let mut kpis = (0u8..).zip(plan.kpis());
            kpis.any(|(number, kpi)| is_individual(kpi) && grant.has_weight(number))
        };
        let grants = self.sources.grants.values();
        let handed_over = grants.filter(|source| source.state.hand_overs > 0 && is_measured(&source.state));
        let handed_over: Vec<_> = handed_over.map(|source| (source.state.index, source.address)).collect();
        let addresses: Vec<_> = handed_over.iter().map(|(_, address)| *address).collect();
        let histories = self.histories(&addresses).await?;
        for ((index, address), events) in handed_over.into_iter().zip(histories) {
            let record = GrantRecord::of(&plan, &address, &events).ok().flatten();
            match (record, self.sources.grants.get_mut(&index)) {
                (Some(record), Some(source)) => source.earlier = record.earlier,
                _ => self.miss(format!(
                    "has not all events of grant {index} ({address}), which changed hands"
                )),
            }
        }
        Ok(())
    }

    /// Notes what the endpoint does not give.
    fn miss(&mut self, what: String) {
        let endpoint = self.client.endpoint();
        self.sources.missing.push(format!("{endpoint} {what}"));
    }

    async fn earlier_oracle_sets(&mut self) -> Result<(), ClientError> {
        let plan = self.sources.plan;
        let first = plan.oracles.first_period;
        if self.ended()?.iter().any(|times| times.period < first) {
            self.earlier_sets = self.history().await?.oracle_sets(&plan)?;
        }
        Ok(())
    }

    /// The oracles that voted on a period, if they are known.
    fn oracle_set(&self, period: u16) -> Option<&OracleSet> {
        let plan = &self.sources.plan;
        if period >= plan.oracles.first_period {
            return Some(plan.oracle_set(period));
        }
        self.earlier_sets.at(period)
    }

    async fn evaluations(&mut self) -> Result<(), ClientError> {
        let wanted = self.wanted()?;
        let (mut there, mut absent) = (Vec::new(), Vec::new());
        // So many at a time, since a page has some kilobytes.
        for some in wanted.chunks(EVALUATIONS_AT_ONCE) {
            let addresses: Vec<_> = some.iter().map(|wanted| self.address(wanted)).collect();
            let found = self.client.evaluations(&addresses).await?;
            for (wanted, evaluation) in some.iter().zip(found) {
                match evaluation {
                    Some(state) => {
                        there.push(wanted.page.is_some());
                        let oracles = self.oracle_set(wanted.period).copied();
                        self.add(wanted, |plan, grant, now| {
                            Measurement::of(plan, &state, grant, oracles.as_ref(), false, now)
                        })?;
                    }
                    None => absent.push(*wanted),
                }
            }
        }
        // One on which nobody voted has no account. Only if the plan counts more open ones than there are here may the
        // endpoint have left out an account.
        let plan = self.sources.plan;
        if read::short_of(&plan, there.into_iter()).is_none() {
            absent.retain(|wanted| !plan.is_needed(wanted.period));
        }
        let addresses: Vec<_> = absent.iter().map(|wanted| self.address(wanted)).collect();
        let histories = self.histories(&addresses).await?;
        for ((wanted, address), events) in absent.into_iter().zip(addresses).zip(histories) {
            let what = match wanted.page {
                None => "attestation",
                Some(_) => "page",
            };
            let Some(set) = self.oracle_set(wanted.period).copied() else {
                if !events.is_empty() {
                    self.miss(format!(
                        "has no account of {what} {address}, and not the events which say who voted then"
                    ));
                }
                continue;
            };
            match EvaluationRecord::of(&address, &plan, &set, &events) {
                Ok(Some(record)) => {
                    if !record.closed {
                        self.miss(format!("has no account of {what} {address}, which was not closed"));
                    }
                    self.add(&wanted, |plan, grant, now| {
                        record.measurement(plan, grant, now).map(|(_, measurement)| measurement)
                    })?;
                }
                // Without an event there never was one: the KPI was silent.
                Ok(None) => {}
                Err(_) => self.miss(format!("has no account of {what} {address}, and not all events of it")),
            }
        }
        Ok(())
    }

    fn address(&self, wanted: &Wanted) -> Pubkey {
        let plan = &self.sources.address;
        match wanted.page {
            None => pda::attestation(plan, wanted.kpi, wanted.period),
            Some(page) => pda::page(plan, wanted.kpi, wanted.period, page),
        }
    }

    /// Notes what an attestation or page says of the grants that depend on it.
    fn add(
        &mut self,
        wanted: &Wanted,
        measure: impl Fn(&Plan, &Grant, i64) -> Result<Measurement, ProjectionError>,
    ) -> Result<(), ClientError> {
        let Sources { plan, grants, now, .. } = &self.sources;
        let (kpi, period) = (wanted.kpi, wanted.period);
        let depends = |source: &GrantSource| source.state.covers(period) && source.state.is_paid_by(plan, kpi);
        let (range, many) = match wanted.page {
            None => (0..u32::MAX, 1),
            Some(page) => (grants_of_page(page), usize::MAX),
        };
        let concerned = grants.range(range).filter(|(_, source)| depends(source)).take(many);
        let mut measurements = Vec::new();
        for (number, source) in concerned {
            let grant = as_settled(&source.state, &source.earlier, period);
            let grant_number = wanted.page.map(|_| *number);
            let key = ValueKey {
                period,
                kpi,
                grant: grant_number,
            };
            measurements.push((key, measure(plan, &grant, *now)?));
        }
        self.sources.measurements.extend(measurements);
        Ok(())
    }

    async fn pools(&mut self) -> Result<(), ClientError> {
        if !self.sources.plan.redistributes()? {
            return Ok(());
        }
        let periods: Vec<_> = self.ended()?.iter().map(|times| times.period).collect();
        let address = |period: &u16| pda::period(&self.sources.address, *period);
        let addresses: Vec<_> = periods.iter().map(address).collect();
        let pools = self.client.periods(&addresses).await?;
        let pools = periods.into_iter().zip(pools);
        self.sources.pools = pools.filter_map(|(period, pool)| Some((period, pool?))).collect();
        let (found, counted) = (self.sources.pools.len(), self.sources.plan.open_periods);
        if read::is_short(found, counted) {
            let shortfall = self.client.shortfall("pools", found, counted);
            self.sources.missing.push(shortfall);
        }
        self.bonuses().await
    }

    /// What a part of the grants collected from pools that were closed.
    async fn bonuses(&mut self) -> Result<(), ClientError> {
        let (grants, pools) = (&self.sources.grants, &self.sources.pools);
        let is_closed = |grant: &&GrantSource| {
            let mut collected = grant.state.first_period..grant.state.collected_through;
            collected.any(|period| !pools.contains_key(&period))
        };
        let concerned = grants
            .values()
            .filter(|grant| !self.sources.complete && is_closed(grant));
        let concerned: Vec<_> = concerned.map(|grant| (grant.state.index, grant.address)).collect();
        let addresses: Vec<_> = concerned.iter().map(|(_, address)| *address).collect();
        let histories = self.histories(&addresses).await?;
        for ((number, address), events) in concerned.into_iter().zip(histories) {
            for event in events {
                if let Event::BonusCollected(event) = event
                    && event.grant == address
                {
                    self.sources.collected.insert((number, event.period), event.bonus);
                }
            }
        }
        Ok(())
    }

    /// The periods that have ended.
    fn ended(&self) -> Result<Vec<PeriodTimes>, ClientError> {
        let mut times = projection::schedule(&self.sources.plan)?;
        times.retain(|times| times.end <= self.sources.now);
        Ok(times)
    }

    /// The attestations and pages by which grants are paid, of all ended periods.
    fn wanted(&self) -> Result<Vec<Wanted>, ClientError> {
        let Sources { plan, grants, .. } = &self.sources;
        let mut wanted = BTreeSet::new();
        for period in self.ended()?.iter().map(|times| times.period) {
            for (kpi, terms) in (0u8..).zip(plan.kpis()) {
                let individual = terms.scope == Scope::Individual.to_byte();
                let depends = |grant: &Grant| grant.covers(period) && grant.is_paid_by(plan, kpi);
                let concerned = grants.iter().filter(|(_, source)| depends(&source.state));
                wanted.extend(concerned.map(|(number, _)| Wanted {
                    period,
                    kpi,
                    page: individual.then(|| place(*number).0),
                }));
            }
        }
        Ok(wanted.into_iter().collect())
    }

    /// The events of each of these grants, attestations and pages, which may have been closed. Where there are none
    /// to ask about nothing is asked.
    async fn histories(&mut self, addresses: &[Pubkey]) -> Result<Vec<Vec<Event>>, ClientError> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let mut of: HashMap<_, Vec<_>> = addresses.iter().map(|address| (*address, Vec::new())).collect();
        for Recorded { event, .. } in self.history().await?.events() {
            for address in event.grants().chain(event.evaluation()) {
                if let Some(events) = of.get_mut(&address) {
                    events.push(event.clone());
                }
            }
        }
        Ok(addresses.iter().filter_map(|address| of.remove(address)).collect())
    }

    /// All events of the plan up to the state that is read.
    async fn history(&mut self) -> Result<&History, ClientError> {
        let plan = &self.sources;
        match self.history {
            Some(history) if history.counted() < plan.plan.event_sequence => drop(history.refresh(self.client).await?),
            Some(_) => {}
            None => *self.history = Some(self.client.history(&plan.address).await?),
        }
        self.history
            .as_ref()
            .ok_or_else(|| ClientError::Unreadable("the plan's events".to_owned()))
    }
}
