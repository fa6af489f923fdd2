//! What a statement is made from, read from the chain: accounts where they still exist, events where they were closed.

use {
    super::{
        Client, ClientError, History, OracleSets, Recorded,
        found::Found,
        read::{self, REQUESTS_AT_ONCE},
    },
    crate::{
        report::{
            books::{AttestationRecord, GrantRecord},
            projection::{self, PeriodTimes},
            statement::{GrantSource, Measurement, Sources, ValueKey},
        },
        wire::{events::Event, pda},
    },
    anchor_lang::Discriminator,
    earnout::{
        state::{Attestation, Grant, OracleSet, Plan, Scope},
        token::holding,
    },
    futures_util::{StreamExt, TryStreamExt, stream},
    solana_program::{pubkey::Pubkey, sysvar},
    std::{
        collections::{BTreeMap, BTreeSet, HashMap},
        mem::offset_of,
        ops::Range,
    },
};

/// How often it is tried to read a plan between two of its changes.
const ATTEMPTS: u32 = 4;

/// Up to this many attestations are read by their addresses, which every endpoint can; more are searched for.
const ATTESTATIONS_BY_ADDRESS: usize = 2_000;

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
        self.sources_of_grants(address, Some(number)).await
    }

    async fn sources_of_grants(&self, address: &Pubkey, number: Option<u32>) -> Result<Sources, ClientError> {
        let mut history = None;
        for _ in 0..ATTEMPTS {
            let Found::Open(plan) = self.find_plan(address).await? else {
                let history = self.history(address).await?;
                let mut sources = Sources::of_ledger(&history.ledger()?, None, self.now().await?)?;
                sources.missing = history.complaints();
                return Ok(sources);
            };
            // Every change of a plan and of its accounts counts its events up.
            let sources = self.sources_from_accounts(address, &plan, number, &mut history).await?;
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
        number: Option<u32>,
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
                complete: number.is_none(),
                measurements: BTreeMap::new(),
                pools: BTreeMap::new(),
                collected: BTreeMap::new(),
                missing: Vec::new(),
            },
            earlier_sets: OracleSets::default(),
            history,
        };
        let numbers = match number {
            Some(number) => number..number.saturating_add(1).min(plan.grant_counter),
            None => 0..plan.grant_counter,
        };
        reading.grants(numbers).await?;
        reading.earlier_oracle_sets().await?;
        reading.attestations().await?;
        reading.pools().await?;
        if let Some(history) = reading.history {
            reading.sources.missing.extend(history.complaints());
        }
        Ok(reading.sources)
    }
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

/// An attestation that the grants ask for. Its address is derived only where it is needed: that takes a while.
struct Wanted {
    key: ValueKey,
    /// The plan, or the grant.
    subject: Pubkey,
    /// Whether it may have been closed: a grant that needs it has settled the period.
    may_be_closed: bool,
}

impl Reading<'_> {
    async fn grants(&mut self, numbers: Range<u32>) -> Result<(), ClientError> {
        let plan = self.sources.plan;
        let address = |index| pda::grant(&self.sources.address, index);
        let addresses: Vec<_> = numbers.clone().map(address).collect();
        let found = self.client.grants(&addresses).await?;
        let mut closed = Vec::new();
        for ((index, address), grant) in numbers.zip(addresses).zip(found) {
            let Some(state) = grant else {
                closed.push((index, address));
                continue;
            };
            let closed = false;
            self.sources
                .grants
                .insert(index, GrantSource { address, state, closed });
        }
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
            let (state, closed) = (record.state, record.closed);
            self.sources
                .grants
                .insert(index, GrantSource { address, state, closed });
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

    async fn attestations(&mut self) -> Result<(), ClientError> {
        let wanted = self.wanted()?;
        let count = wanted.len();
        let (shared, individual): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|wanted| wanted.key.grant.is_none());
        let mut absent = self.by_address(shared).await?;
        if individual.len() <= ATTESTATIONS_BY_ADDRESS {
            absent.extend(self.by_address(individual).await?);
        } else {
            absent.extend(self.by_search(individual).await?);
        }
        // One on which nobody voted has no account. Only if the plan counts more open ones than there are here may the
        // endpoint have left out an account.
        if !read::is_short(count.saturating_sub(absent.len()), self.sources.plan.open_attestations) {
            absent.retain(|wanted| wanted.may_be_closed);
        }
        let addresses: Vec<_> = absent.iter().map(|wanted| self.address(wanted)).collect();
        let histories = self.histories(&addresses).await?;
        for ((wanted, address), events) in absent.into_iter().zip(addresses).zip(histories) {
            let Some(set) = self.oracle_set(wanted.key.period).copied() else {
                if !events.is_empty() {
                    self.miss(format!(
                        "has no account of attestation {address}, and not the events which say who voted then"
                    ));
                }
                continue;
            };
            match AttestationRecord::of(&address, &set, &events) {
                Ok(Some(record)) => {
                    if !record.closed {
                        self.miss(format!("has no account of attestation {address}, which was not closed"));
                    }
                    self.add(wanted.key, &record.state, record.closed)?;
                }
                // Without an event there never was one: the KPI was silent.
                Ok(None) => {}
                Err(_) => self.miss(format!(
                    "has no account of attestation {address}, and not all events of it"
                )),
            }
        }
        Ok(())
    }

    /// Reads these attestations, and returns those that have no account.
    async fn by_address(&mut self, wanted: Vec<Wanted>) -> Result<Vec<Wanted>, ClientError> {
        let addresses: Vec<_> = wanted.iter().map(|wanted| self.address(wanted)).collect();
        let found = self.client.attestations(&addresses).await?;
        let mut absent = Vec::new();
        for (wanted, attestation) in wanted.into_iter().zip(found) {
            match attestation {
                Some(attestation) => self.add(wanted.key, &attestation, false)?,
                None => absent.push(wanted),
            }
        }
        Ok(absent)
    }

    /// The same by one search for each KPI and period.
    async fn by_search(&mut self, wanted: Vec<Wanted>) -> Result<Vec<Wanted>, ClientError> {
        let searches: BTreeSet<_> = wanted
            .iter()
            .map(|wanted| (wanted.key.kpi, wanted.key.period))
            .collect();
        let mut keys: HashMap<_, _> = wanted
            .into_iter()
            .map(|wanted| ((wanted.key.kpi, wanted.key.period, wanted.subject), wanted))
            .collect();
        let (client, plan) = (self.client, self.sources.address);
        let searches = searches
            .into_iter()
            .map(|(kpi, period)| client.attestations_of_period(plan, kpi, period));
        let mut found = stream::iter(searches).buffered(REQUESTS_AT_ONCE);
        while let Some(attestations) = found.try_next().await? {
            for (_, attestation) in attestations {
                let meant = (attestation.kpi, attestation.period, attestation.subject);
                if let Some(wanted) = keys.remove(&meant) {
                    self.add(wanted.key, &attestation, false)?;
                }
            }
        }
        Ok(keys.into_values().collect())
    }

    fn address(&self, wanted: &Wanted) -> Pubkey {
        pda::attestation(
            &self.sources.address,
            wanted.key.kpi,
            wanted.key.period,
            &wanted.subject,
        )
    }

    fn add(&mut self, key: ValueKey, attestation: &Attestation, closed: bool) -> Result<(), ClientError> {
        let set = self.oracle_set(key.period);
        let measurement = Measurement::of(&self.sources.plan, attestation, set, closed, self.sources.now)?;
        self.sources.measurements.insert(key, measurement);
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

    /// The attestations on which grants have weight, of all ended periods.
    fn wanted(&self) -> Result<Vec<Wanted>, ClientError> {
        let Sources { plan, address, .. } = &self.sources;
        let grants = &self.sources.grants;
        let mut wanted = Vec::new();
        for period in self.ended()?.iter().map(|times| times.period) {
            for (kpi, terms) in (0u8..).zip(plan.kpis()) {
                let has_weight = |grant: &Grant| grant.covers(period) && grant.kpi_weights[usize::from(kpi)] > 0;
                let concerned = || grants.iter().filter(|(_, grant)| has_weight(&grant.state));
                if terms.scope == Scope::Individual.to_byte() {
                    wanted.extend(concerned().map(|(number, grant)| Wanted {
                        key: ValueKey {
                            period,
                            kpi,
                            grant: Some(*number),
                        },
                        subject: grant.address,
                        may_be_closed: grant.state.next_period > period,
                    }));
                } else if concerned().next().is_some() {
                    let unsettled = plan.unsettled_grants.get(usize::from(period));
                    wanted.push(Wanted {
                        key: ValueKey {
                            period,
                            kpi,
                            grant: None,
                        },
                        subject: *address,
                        may_be_closed: unsettled == Some(&0),
                    });
                }
            }
        }
        Ok(wanted)
    }

    /// The events of each of these grants and attestations, which may have been closed. Where there are none to ask
    /// about nothing is asked.
    async fn histories(&mut self, addresses: &[Pubkey]) -> Result<Vec<Vec<Event>>, ClientError> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let mut of: HashMap<_, Vec<_>> = addresses.iter().map(|address| (*address, Vec::new())).collect();
        for Recorded { event, .. } in self.history().await?.events() {
            for address in [event.grant(), event.attestation()].into_iter().flatten() {
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

impl Client {
    /// All open attestations of one KPI for one period. The endpoint has to search for them.
    ///
    /// # Errors
    /// If the endpoint does not answer or refuses to search, or an account cannot be read.
    pub async fn attestations_of_period(
        &self,
        plan: Pubkey,
        kpi: u8,
        period: u16,
    ) -> Result<Vec<(Pubkey, Attestation)>, ClientError> {
        let field = |offset: usize| Attestation::DISCRIMINATOR.len().saturating_add(offset);
        let fields: [(usize, &[u8]); 3] = [
            (field(offset_of!(Attestation, plan)), plan.as_ref()),
            (field(offset_of!(Attestation, kpi)), &[kpi]),
            (field(offset_of!(Attestation, period)), &period.to_le_bytes()),
        ];
        self.search_fields(Attestation::DISCRIMINATOR, &fields, "attestations")
            .await
    }
}
