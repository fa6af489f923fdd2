//! One round: look at what is due, measure it, hold or vote.

use {
    crate::{
        alerts::{Alarm, Alert},
        chain::Endpoints,
        checks::{self, Hold},
        config::{Config, ConfigError, Feed},
        duties::{Bound, Duty, FeedError},
        evidence::{EvidenceError, Store},
        identities::{Identities, IdentitiesError},
        journal::{self, Held, Journal, JournalError, Measured, Target, Vote},
        keys::{self, KeyError},
        measure::{Finding, measure},
        metrics::Metrics,
        submit::{Ballot, Courier, Refused, SubmitError},
        value,
    },
    earnout::state::{Attestation, Grant, Plan},
    earnout_sdk::{client::ClientError, pda},
    futures_util::{StreamExt, stream},
    solana_program::{native_token::LAMPORTS_PER_SOL, pubkey::Pubkey},
    solana_signer::Signer,
    std::{
        collections::{BTreeMap, BTreeSet},
        fs::File,
        path::Path,
        sync::{
            Arc, Mutex, MutexGuard, PoisonError,
            atomic::{AtomicBool, Ordering},
        },
    },
    thiserror::Error,
    tracing::{debug, info, warn},
};

/// For how long a vote that the chain no longer shows is looked for before it is made again, seconds: by then a block that
/// was dropped is known to be.
const LOST_AFTER: i64 = 300;

/// Why a round could not be completed. The next one tries again.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The evidence.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A feed does not fit its plan.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// Who is measured.
    #[error(transparent)]
    Identities(#[from] IdentitiesError),
    /// The chain.
    #[error(transparent)]
    Client(Box<ClientError>),
    /// Votes could not be sent.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The figures.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// Another process votes with the same key on this machine.
    #[error(
        "another earnout-oracle on this machine votes with the key {0}: two copies could report twice. Stop one of them"
    )]
    SameKey(Pubkey),
}

impl From<ClientError> for DaemonError {
    fn from(error: ClientError) -> Self {
        Self::Client(Box::new(error))
    }
}

/// What a round is about.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this feed.
    pub feed: Option<String>,
    /// Only this period.
    pub period: Option<u16>,
}

impl Filter {
    fn takes(&self, duty: &Duty) -> bool {
        self.feed.as_ref().is_none_or(|feed| *feed == duty.feed)
            && self.period.is_none_or(|period| period == duty.target.period)
    }
}

/// What a round did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Votes that the chain got.
    pub voted: usize,
    /// Votes that the chain had already.
    pub already: usize,
    /// Values that are held.
    pub held: usize,
    /// Votes whose data are not complete yet, or whose period has not ended.
    pub waiting: usize,
    /// When the next of them is due, Unix seconds by the chain's clock.
    pub next: Option<i64>,
}

/// A plan as the chain holds it now.
pub struct PlanState {
    /// Its address.
    pub address: Pubkey,
    /// What it holds.
    pub plan: Plan,
    /// Its open grants; only read if a feed needs them.
    pub grants: Vec<(Pubkey, Grant)>,
}

/// The daemon with everything that it holds open.
pub struct Daemon {
    /// What the operator says.
    pub config: Config,
    /// The chain.
    pub endpoints: Endpoints,
    /// The evidence.
    pub store: Store,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// Who is told.
    pub alarm: Alarm,
    journal: Mutex<Journal>,
    oracle: Box<dyn Signer>,
    payer: Option<Box<dyn Signer>>,
    stopping: AtomicBool,
    _key_lock: Option<File>,
}

impl Daemon {
    /// Opens everything for the one process that sends.
    ///
    /// # Errors
    /// If a key, the journal or the evidence cannot be used, or another process uses the same.
    pub fn open(config: Config) -> Result<Self, DaemonError> {
        let oracle = keys::open(&config.signer.oracle, "the oracle")?;
        let key_lock =
            journal::lock(&keys::lock_file(&oracle.pubkey()))?.ok_or(DaemonError::SameKey(oracle.pubkey()))?;
        Self::with(config, oracle, Some(key_lock), Journal::open)
    }

    /// Opens everything beside a process that sends; does not send itself.
    ///
    /// # Errors
    /// If a key, the journal or the evidence cannot be used.
    pub fn beside(config: Config) -> Result<Self, DaemonError> {
        let oracle = keys::open(&config.signer.oracle, "the oracle")?;
        Self::with(config, oracle, None, Journal::beside)
    }

    fn with(
        config: Config,
        oracle: Box<dyn Signer>,
        key_lock: Option<File>,
        open: impl Fn(&Path) -> Result<Journal, JournalError>,
    ) -> Result<Self, DaemonError> {
        let payer = config.signer.payer.as_deref();
        let payer = payer.map(|payer| keys::open(payer, "the payer")).transpose()?;
        let store = Store::open(config.service.state.join("evidence"))?;
        let journal = open(&config.service.state)?;
        // A round may take its time; three in a row that do not end are a failure.
        let patience = config.service.interval * 3 + std::time::Duration::from_secs(120);
        Ok(Self {
            endpoints: Endpoints::new(&config.chain),
            metrics: Metrics::new(patience)?,
            alarm: Alarm::new(&config.alerts),
            store,
            journal: Mutex::new(journal),
            oracle,
            payer,
            stopping: AtomicBool::new(false),
            _key_lock: key_lock,
            config,
        })
    }

    /// Key of the oracle.
    pub fn oracle(&self) -> Pubkey {
        self.oracle.pubkey()
    }

    /// Key of who pays.
    pub fn payer(&self) -> Pubkey {
        self.payer_signer().pubkey()
    }

    /// The journal.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing new is begun; what was signed is brought to its end.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn payer_signer(&self) -> &dyn Signer {
        self.payer.as_deref().unwrap_or(self.oracle.as_ref())
    }

    /// Who brings signed transactions onto the chain.
    pub fn courier(&self) -> Courier<'_> {
        Courier {
            endpoints: &self.endpoints,
            journal: &self.journal,
            oracle: self.oracle.as_ref(),
            payer: self.payer_signer(),
            fee: self.config.submit.priority_fee,
            metrics: &self.metrics,
        }
    }

    /// The plan at `address`, and its grants if `with_grants`.
    ///
    /// # Errors
    /// If no endpoint answers or there is no plan.
    pub async fn plan(&self, address: Pubkey, with_grants: bool) -> Result<PlanState, DaemonError> {
        let plan = self.endpoints.ask(async |client| client.plan(&address).await).await?;
        let grants = match with_grants {
            true => {
                let asked = self
                    .endpoints
                    .ask(async |client| client.grants_of_plan(&address, &plan).await);
                asked.await?
            }
            false => Vec::new(),
        };
        Ok(PlanState { address, plan, grants })
    }

    /// Does everything that is due, once.
    ///
    /// # Errors
    /// If the chain, the journal or the evidence cannot be used. What was done until then stays done.
    pub async fn round(&self, filter: &Filter) -> Result<Round, DaemonError> {
        self.courier().reconcile().await?;
        self.check_balance().await?;
        let now = self.endpoints.ask(async |client| client.now().await).await?;
        let here = jiff::Timestamp::now().as_second();
        self.metrics.clock_skew.set(here.saturating_sub(now));
        let clock = checks::clock(here, now, self.config.chain.max_clock_skew);
        match &clock {
            Ok(()) => self.alarm.clear("clock"),
            Err(hold) => self.alert("clock", None, hold.to_string()),
        }
        let mut round = Round::default();
        let mut trouble = None;
        // What is wrong with one plan or file does not cost the votes on the others.
        for address in self.config.plans() {
            let feeds: Vec<&Feed> = self.config.feeds.iter().filter(|feed| feed.plan == address).collect();
            let done = self
                .round_of_plan(address, &feeds, filter, now, clock.is_ok(), &mut round)
                .await;
            if let Err(problem) = done {
                warn!(plan = %address, %problem, "the round of a plan failed");
                trouble = trouble.or(Some(problem));
            }
        }
        self.tell_holds()?;
        if let Some(problem) = trouble {
            return Err(problem);
        }
        let failures = i64::try_from(self.endpoints.failures()).unwrap_or(i64::MAX);
        self.metrics.endpoint_failures.set(failures);
        self.metrics.round(here);
        Ok(round)
    }

    async fn round_of_plan(
        &self,
        address: Pubkey,
        feeds: &[&Feed],
        filter: &Filter,
        now: i64,
        clock_is_right: bool,
        round: &mut Round,
    ) -> Result<(), DaemonError> {
        let mut state = self.plan(address, false).await?;
        let mut bound = Vec::new();
        let mut trouble: Option<DaemonError> = None;
        for feed in feeds {
            let identities = match &feed.identities {
                Some(file) => Identities::read(file).map_err(DaemonError::from),
                None => Ok(Identities::default()),
            };
            match (Bound::new(feed, &state.plan), identities) {
                (Ok(feed), Ok(identities)) => bound.push((feed, identities)),
                (Err(problem), _) => trouble = trouble.or(Some(problem.into())),
                (_, Err(problem)) => trouble = trouble.or(Some(problem)),
            }
        }
        if bound.iter().any(|(bound, _)| bound.individual) {
            state = self.plan(address, true).await?;
        }
        let mut open: Vec<(&Bound<'_>, Duty)> = Vec::new();
        for (bound, identities) in &bound {
            let duties = bound.duties(&state.plan, &state.grants, identities, &self.oracle(), now)?;
            for duty in duties.into_iter().filter(|duty| filter.takes(duty)) {
                if now >= duty.opens {
                    open.push((bound, duty));
                } else {
                    round.wait_until(duty.measure_at);
                }
            }
        }
        let left = self.not_yet_voted(open, round).await?;
        self.warn_of_closing(&left, now);
        if !clock_is_right {
            round.held += left.len();
            self.tell_lag(feeds, &left, now)?;
            return trouble.map_or(Ok(()), Err);
        }
        let mut due = Vec::new();
        for (bound, duty) in left {
            match now >= duty.measure_at {
                true => due.push((bound, duty)),
                false => round.wait_until(duty.measure_at),
            }
        }
        let ballots = self.measure_all(&due, round).await?;
        if self.stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
        let refused = self.courier().send(ballots).await?;
        self.hold_refused(&due, &refused, round)?;
        for (bound, duty) in &due {
            if self.journal().vote(&duty.target)?.is_some() {
                self.metrics.last_success.with_label_values(&[&bound.feed.id]).set(now);
                round.voted += 1;
            }
        }
        self.tell_lag(feeds, &due, now)?;
        trouble.map_or(Ok(()), Err)
    }

    /// Compares with the chain, and leaves only what this oracle has not voted on there.
    async fn not_yet_voted<'a>(
        &self,
        open: Vec<(&'a Bound<'a>, Duty)>,
        round: &mut Round,
    ) -> Result<Vec<(&'a Bound<'a>, Duty)>, DaemonError> {
        let addresses: Vec<Pubkey> = open.iter().map(|(_, duty)| address(&duty.target)).collect();
        let attestations = match addresses.is_empty() {
            true => Vec::new(),
            false => {
                let asked = self.endpoints.ask(async |client| client.attestations(&addresses).await);
                asked.await?
            }
        };
        let mut states = BTreeMap::new();
        let mut left = Vec::new();
        // Both ends of how long a vote has been known are of this machine's clock.
        let here = jiff::Timestamp::now().as_second();
        for ((bound, duty), attestation) in open.into_iter().zip(attestations) {
            let plan = duty.target.plan;
            if let std::collections::btree_map::Entry::Vacant(entry) = states.entry(plan) {
                entry.insert(self.endpoints.ask(async |client| client.plan(&plan).await).await?);
            }
            let position = states
                .get(&plan)
                .and_then(|state| state.oracle_set(duty.target.period).position(&self.oracle()));
            let on_chain = attestation
                .as_ref()
                .and_then(|attestation| own_vote(attestation, position?));
            let known = self.journal().vote(&duty.target)?;
            match (on_chain, known) {
                (Some((value, evidence)), known) => {
                    round.already += 1;
                    self.note_vote(bound, &duty, value, evidence, known.is_none(), here)?;
                }
                (None, Some(vote)) if here < vote.at.saturating_add(LOST_AFTER) => {
                    debug!(feed = duty.feed, "a vote is not visible yet");
                    round.already += 1;
                }
                (None, known) => {
                    if known.is_some() {
                        let text = "the chain lost a vote that it had: it is made again".to_owned();
                        self.alert("lost-vote", Some(&duty), text);
                        self.journal().forget_vote(&duty.target)?;
                    }
                    match attestation.filter(|attestation| attestation.resolved != 0) {
                        Some(attestation) => {
                            // Enough others agreed; the program takes no more votes.
                            round.already += 1;
                            self.compare_resolved(bound, &duty, attestation.resolved_value)?;
                        }
                        None => left.push((bound, duty)),
                    }
                }
            }
        }
        Ok(left)
    }

    /// The chain has a vote of this oracle. One that the journal does not know was made by another process.
    fn note_vote(
        &self,
        bound: &Bound<'_>,
        duty: &Duty,
        value: i64,
        evidence: [u8; 32],
        news: bool,
        here: i64,
    ) -> Result<(), DaemonError> {
        if news {
            let vote = Vote {
                value,
                evidence,
                signature: None,
                at: here,
            };
            self.journal().record_vote(&duty.target, &vote)?;
        }
        let measured = self.journal().measured(&duty.target)?;
        if measured.is_none_or(|measured| measured.value != value || measured.evidence != evidence) {
            let shown = value::from_fixed(value, bound.terms.decimals);
            let text = format!(
                "the chain has the vote {shown} of this oracle, which this daemon did not make: another process votes with \
                 the same key"
            );
            self.alert("foreign-vote", Some(duty), text);
        }
        Ok(())
    }

    fn compare_resolved(&self, bound: &Bound<'_>, duty: &Duty, resolved: i64) -> Result<(), DaemonError> {
        self.journal().end_hold(&duty.target)?;
        let measured = self.journal().measured(&duty.target)?;
        if let Some(measured) = measured.filter(|own| own.value != resolved) {
            let text = format!(
                "the other oracles agreed on {} before this one voted; it measured {}",
                value::from_fixed(resolved, bound.terms.decimals),
                value::from_fixed(measured.value, bound.terms.decimals),
            );
            self.alert("disagreement", Some(duty), text);
        }
        Ok(())
    }

    /// Measures what is due and not measured yet, several at a time, and returns the votes to be made.
    async fn measure_all(&self, due: &[(&Bound<'_>, Duty)], round: &mut Round) -> Result<Vec<Ballot>, DaemonError> {
        let pending: BTreeSet<Target> = {
            let attempts = self.journal().open_attempts()?;
            attempts.into_iter().flat_map(|attempt| attempt.targets).collect()
        };
        let work = due.iter().filter(|(_, duty)| !pending.contains(&duty.target));
        let found = stream::iter(work.map(|(bound, duty)| self.measured(bound, duty)))
            .buffered(self.config.service.concurrency)
            .collect::<Vec<_>>()
            .await;
        let mut ballots = Vec::new();
        for result in found {
            match result? {
                Some(ballot) => ballots.push(ballot),
                None => round.held += 1,
            }
        }
        Ok(ballots)
    }

    /// The vote on one duty: what was measured before, or what is measured now. None if it is held.
    async fn measured(&self, bound: &Bound<'_>, duty: &Duty) -> Result<Option<Ballot>, DaemonError> {
        let ballot = |measured| Ballot {
            target: duty.target,
            grant: duty.scope.grant.as_ref().map(|grant| grant.address),
            measured,
        };
        let (before, entry) = {
            let journal = self.journal();
            if let Some(measured) = journal.measured(&duty.target)? {
                return Ok(Some(ballot(measured)));
            }
            (self.value_before(&journal, &duty.target)?, journal.entry(&duty.target)?)
        };
        if self.stopping.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match measure(bound, duty, entry.as_ref(), before).await {
            Ok(finding) => {
                let measured = self.keep(duty, &finding)?;
                let grant = duty.scope.grant.as_ref().map(|grant| grant.address.to_string());
                self.metrics
                    .last_value
                    .with_label_values(&[duty.feed.as_str(), &grant.unwrap_or_default()])
                    .set(finding.value);
                info!(
                    feed = duty.feed,
                    period = duty.target.period,
                    value = %value::from_fixed(finding.value, bound.terms.decimals),
                    evidence = hex::encode(measured.evidence),
                    "measured"
                );
                Ok(Some(ballot(measured)))
            }
            Err(hold) => {
                self.hold(duty, &hold)?;
                Ok(None)
            }
        }
    }

    fn keep(&self, duty: &Duty, finding: &Finding) -> Result<Measured, DaemonError> {
        let measured = Measured {
            value: finding.value,
            // On disk before the journal names it.
            evidence: self.store.put(&finding.evidence)?,
            at: jiff::Timestamp::now().as_second(),
        };
        self.journal().record_measured(&duty.target, &measured)?;
        Ok(measured)
    }

    /// The last value of the same thing: what this oracle reported for the period before.
    fn value_before(&self, journal: &Journal, target: &Target) -> Result<Option<i64>, DaemonError> {
        let Some(period) = target.period.checked_sub(1) else {
            return Ok(None);
        };
        let before = Target { period, ..*target };
        Ok(match journal.vote(&before)? {
            Some(vote) => Some(vote.value),
            None => journal.measured(&before)?.map(|measured| measured.value),
        })
    }

    fn hold(&self, duty: &Duty, hold: &Hold) -> Result<(), DaemonError> {
        self.hold_as(duty, hold.kind(), hold.to_string())
    }

    fn hold_as(&self, duty: &Duty, kind: &str, reason: String) -> Result<(), DaemonError> {
        let held = Held {
            feed: duty.feed.clone(),
            target: duty.target,
            kind: kind.to_owned(),
            reason,
            since: jiff::Timestamp::now().as_second(),
        };
        let news = self.journal().hold(&held)?;
        if news {
            let text = format!("nothing is attested: {}", held.reason);
            self.raised("held");
            self.alarm.always(alert("held", Some(duty), text));
        } else {
            warn!(
                feed = held.feed,
                period = duty.target.period,
                reason = held.reason,
                "still held"
            );
        }
        Ok(())
    }

    fn hold_refused(
        &self,
        due: &[(&Bound<'_>, Duty)],
        refused: &[Refused],
        round: &mut Round,
    ) -> Result<(), DaemonError> {
        for refused in refused {
            if let Some((_, duty)) = due.iter().find(|(_, duty)| duty.target == refused.target) {
                // Others can resolve a value while this oracle's vote is on its way; that is no failure.
                if refused.reason.starts_with("AlreadyResolved") {
                    round.already += 1;
                    continue;
                }
                round.held += 1;
                self.hold_as(
                    duty,
                    "refused",
                    format!("the program refuses the vote: {}", refused.reason),
                )?;
            }
        }
        Ok(())
    }

    async fn check_balance(&self) -> Result<(), DaemonError> {
        let payer = self.payer();
        let balance = self.endpoints.ask(async |client| client.balance(&payer).await).await?;
        self.metrics.balance.set(i64::try_from(balance).unwrap_or(i64::MAX));
        let sol = rust_decimal::Decimal::from(balance)
            .checked_div(rust_decimal::Decimal::from(LAMPORTS_PER_SOL))
            .unwrap_or_default();
        if sol < self.config.submit.low_balance {
            let text = format!(
                "{payer} has {sol} SOL left, less than {}: send it SOL for fees and rent",
                self.config.submit.low_balance
            );
            self.alert("balance", None, text);
        } else {
            self.alarm.clear("balance");
        }
        Ok(())
    }

    fn warn_of_closing(&self, left: &[(&Bound<'_>, Duty)], now: i64) {
        let urgent = crate::duration::seconds(self.config.submit.closing);
        for (_, duty) in left {
            let seconds = duty.closes.saturating_sub(now);
            if seconds <= urgent && now >= duty.measure_at {
                let text = format!(
                    "no vote yet, and the window closes at {} (in {} s); after that the plan's default score counts unless \
                     enough others vote",
                    crate::template::time(duty.closes),
                    seconds
                );
                self.alert("closing", Some(duty), text);
            }
        }
    }

    fn tell_lag(&self, feeds: &[&Feed], due: &[(&Bound<'_>, Duty)], now: i64) -> Result<(), DaemonError> {
        for feed in feeds {
            let mut lag = 0;
            for (_, duty) in due.iter().filter(|(bound, _)| bound.feed.id == feed.id) {
                if self.journal().vote(&duty.target)?.is_none() {
                    lag = lag.max(now.saturating_sub(duty.measure_at));
                }
            }
            self.metrics.lag.with_label_values(&[&feed.id]).set(lag);
        }
        Ok(())
    }

    fn tell_holds(&self) -> Result<(), DaemonError> {
        let holds = self.journal().holds()?;
        for feed in &self.config.feeds {
            let count = holds.iter().filter(|held| held.feed == feed.id).count();
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.metrics.holds.with_label_values(&[&feed.id]).set(count);
        }
        Ok(())
    }

    /// Raises an alert, once as long as it lasts.
    pub fn alert(&self, kind: &'static str, duty: Option<&Duty>, text: String) {
        self.raised(kind);
        self.alarm.raise(alert(kind, duty, text));
    }

    fn raised(&self, kind: &'static str) {
        self.metrics.alerts.with_label_values(&[kind]).inc();
    }
}

impl Round {
    fn wait_until(&mut self, time: i64) {
        self.waiting += 1;
        self.next = Some(self.next.map_or(time, |next| next.min(time)));
    }
}

fn alert(kind: &'static str, duty: Option<&Duty>, text: String) -> Alert {
    Alert {
        kind,
        feed: duty.map(|duty| duty.feed.clone()),
        period: duty.map(|duty| duty.target.period),
        subject: duty.map(|duty| duty.target.subject.to_string()),
        text,
    }
}

/// Address of the attestation of `target`.
pub fn address(target: &Target) -> Pubkey {
    pda::attestation(&target.plan, target.kpi, target.period, &target.subject)
}

/// The vote of the oracle at `position`, if it has voted: value and evidence.
pub fn own_vote(attestation: &Attestation, position: usize) -> Option<(i64, [u8; 32])> {
    let voted = attestation.voted & 1u8.checked_shl(u32::try_from(position).ok()?)? != 0;
    voted.then_some((*attestation.values.get(position)?, *attestation.evidence.get(position)?))
}
