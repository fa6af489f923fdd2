//! One round: look at what is due, measure it, hold or vote.

use {
    crate::{
        alerts::{Alarm, Alert},
        chain::Endpoints,
        checks,
        config::{Config, ConfigError, Feed},
        duties::{Bound, Duty, FeedError, address, own_vote},
        evidence::{EvidenceError, Store},
        fit::{self, Misfit},
        identities::{Identities, IdentitiesError},
        journal::{self, Held, Journal, JournalError, Measured, Target, Vote},
        keys::{self, KeyError},
        measure::{Finding, measure},
        metrics::Metrics,
        submit::{Ballot, Courier, Refused, SubmitError},
        value,
    },
    earnout::state::{Grant, Plan},
    earnout_sdk::client::ClientError,
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

/// For how long a vote that the chain does not show is taken for not visible yet, seconds: by then a block that was dropped
/// is known to be.
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

/// What became of a vote in a round. Each vote that is due, or will be, is in exactly one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The chain got it.
    Voted,
    /// The chain had it already, or enough others agreed before.
    Already,
    /// Its value did not pass, or may not be sent.
    Held,
    /// The program refuses it.
    Failed,
    /// It is due, and what became of it is not known, or nothing yet: the next round goes on.
    Unfinished,
    /// Its window closed without it.
    Missed,
    /// Its data are not complete yet, or its period has not ended.
    NotDue,
}

impl Class {
    /// Every class, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Voted,
        Self::Already,
        Self::Held,
        Self::Failed,
        Self::Unfinished,
        Self::Missed,
        Self::NotDue,
    ];

    /// What a summary calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Voted => "voted",
            Self::Already => "already on chain",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
            Self::Missed => "missed",
            Self::NotDue => "not due yet",
        }
    }

    /// Whether something is left that a person can do, or that has to be tried again.
    pub fn is_open(self) -> bool {
        match self {
            Self::Held | Self::Failed | Self::Unfinished => true,
            Self::Voted | Self::Already | Self::Missed | Self::NotDue => false,
        }
    }
}

/// What a round did.
#[derive(Debug, Default)]
pub struct Round {
    classes: BTreeMap<Target, Class>,
    /// What does not fit between the configuration and the plans.
    pub misfits: Vec<Misfit>,
    /// When the next vote is due, Unix seconds by the chain's clock.
    pub next: Option<i64>,
    /// What kept a plan or a feed from being looked at, the first of all.
    pub trouble: Option<DaemonError>,
}

impl Round {
    /// How many votes are in a class.
    pub fn count(&self, class: Class) -> usize {
        self.classes.values().filter(|found| **found == class).count()
    }

    /// Whether a person has to look, or the next round has something left to do.
    pub fn is_open(&self) -> bool {
        !self.misfits.is_empty() || self.classes.values().any(|class| class.is_open())
    }

    fn put(&mut self, duty: &Duty, class: Class) {
        self.classes.insert(duty.target, class);
    }

    fn wait(&mut self, duty: &Duty) {
        self.put(duty, Class::NotDue);
        self.next = Some(self.next.map_or(duty.measure_at, |next| next.min(duty.measure_at)));
    }

    fn fail(&mut self, trouble: DaemonError) {
        self.trouble.get_or_insert(trouble);
    }
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

    /// The chain's clock, Unix seconds: an endpoint that is behind does not decide it if another one is not.
    ///
    /// # Errors
    /// If no endpoint answers.
    pub async fn now(&self) -> Result<i64, DaemonError> {
        let clocks = self.endpoints.ask_all(async |client| client.now().await).await?;
        Ok(clocks.into_iter().max().unwrap_or_default())
    }

    /// Does everything that is due, once.
    ///
    /// # Errors
    /// If nothing can be looked at, because of the chain or the journal. What keeps one plan or feed from being looked at is
    /// in the round's `trouble`. What was done until then stays done.
    pub async fn round(&self, filter: &Filter) -> Result<Round, DaemonError> {
        self.courier().reconcile().await?;
        self.check_balance().await?;
        let now = self.now().await?;
        let here = jiff::Timestamp::now().as_second();
        self.metrics.clock_skew.set(here.saturating_sub(now));
        let clock = checks::clock(here, now, self.config.chain.max_clock_skew);
        match &clock {
            Ok(()) => self.alarm.clear("clock"),
            Err(hold) => self.alert("clock", None, hold.to_string()),
        }
        let mut round = Round::default();
        // What is wrong with one plan or file does not cost the votes on the others.
        for address in self.config.plans() {
            let feeds: Vec<&Feed> = self.config.feeds.iter().filter(|feed| feed.plan == address).collect();
            let done = self
                .round_of_plan(address, &feeds, filter, now, clock.is_ok(), &mut round)
                .await;
            if let Err(problem) = done {
                warn!(plan = %address, %problem, "the round of a plan failed");
                round.fail(problem);
            }
        }
        if round.misfits.is_empty() {
            self.alarm.clear("configuration");
        }
        self.tell_holds()?;
        let failures = i64::try_from(self.endpoints.failures()).unwrap_or(i64::MAX);
        self.metrics.endpoint_failures.set(failures);
        if round.trouble.is_none() {
            self.metrics.round(here);
        }
        Ok(round)
    }

    /// The feeds with their KPIs, the identities, and why nothing may be attested for one, if so. What cannot be read is the
    /// round's trouble.
    fn ready<'a>(&self, feeds: &[&'a Feed], plan: &Plan, round: &mut Round) -> Vec<Ready<'a>> {
        let mut ready = Vec::new();
        for feed in feeds {
            let bound = match Bound::new(feed, plan) {
                Ok(bound) => bound,
                Err(problem) => {
                    warn!(feed = feed.id, %problem, "a feed cannot be measured");
                    round.fail(problem.into());
                    continue;
                }
            };
            let mut of_feed = Ready {
                bound,
                identities: Identities::default(),
                blocked: None,
            };
            match feed.identities.as_deref().map(Identities::read).transpose() {
                Ok(identities) => of_feed.identities = identities.unwrap_or_default(),
                Err(problem) => {
                    of_feed.blocked = Some(problem.to_string());
                    round.fail(problem.into());
                }
            }
            ready.push(of_feed);
        }
        let bound: Vec<&Bound<'_>> = ready.iter().map(|ready| &ready.bound).collect();
        let misfits = fit::misfits(&bound, plan, &self.oracle(), self.config.service.interval);
        for misfit in misfits {
            self.raised("configuration");
            self.alarm.raise(Alert {
                feed: Some(misfit.feed.clone()),
                ..alert("configuration", None, misfit.text.clone())
            });
            let of_feed = ready.iter_mut().find(|ready| ready.bound.feed.id == misfit.feed);
            if let Some(of_feed) = of_feed.filter(|_| misfit.holds) {
                of_feed.blocked.get_or_insert_with(|| misfit.text.clone());
            }
            round.misfits.push(misfit);
        }
        ready
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
        let ready = self.ready(feeds, &state.plan, round);
        if ready.iter().any(|ready| ready.bound.individual) {
            state = self.plan(address, true).await?;
        }
        let mut open: Vec<(&Ready<'_>, Duty)> = Vec::new();
        for ready in &ready {
            let duties = ready
                .bound
                .unsettled(&state.plan, &state.grants, &ready.identities, &self.oracle())?;
            for duty in duties.into_iter().filter(|duty| filter.takes(duty)) {
                if now >= duty.measure_at && now < duty.closes {
                    // Until something is known.
                    round.put(&duty, Class::Unfinished);
                } else if now < duty.closes {
                    round.wait(&duty);
                }
                if now >= duty.opens {
                    open.push((ready, duty));
                }
            }
        }
        let left = self.not_yet_voted(open, round).await?;
        let (left, missed): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, duty)| now < duty.closes);
        self.tell_missed(&missed, round)?;
        self.warn_of_closing(&left, now);
        let late: Vec<(&Feed, Duty)> = left
            .iter()
            .filter(|(_, duty)| now >= duty.measure_at)
            .map(|(ready, duty)| (ready.bound.feed, duty.clone()))
            .collect();
        self.tell_lag(feeds, &late, now)?;
        let mut due = Vec::new();
        for (ready, duty) in left {
            if now < duty.measure_at {
                round.wait(&duty);
            } else if !clock_is_right {
                round.put(&duty, Class::Held);
            } else if let Some(reason) = &ready.blocked {
                round.put(&duty, Class::Held);
                self.hold_as(&duty, "configuration", reason.clone())?;
            } else {
                due.push((&ready.bound, duty));
            }
        }
        let ballots = self.measure_all(&due, round).await?;
        if self.stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
        let sent = self.courier().send(ballots).await?;
        for (bound, duty) in &due {
            if self.journal().vote(&duty.target)?.is_some() {
                self.metrics.last_success.with_label_values(&[&bound.feed.id]).set(now);
                round.put(duty, Class::Voted);
            }
        }
        self.tell_refused(&due, &sent.refused, round)?;
        self.tell_lag(feeds, &late, now)?;
        sent.trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
    }

    /// Compares with the chain, and leaves only what this oracle has not voted on there.
    async fn not_yet_voted<'a>(
        &self,
        open: Vec<(&'a Ready<'a>, Duty)>,
        round: &mut Round,
    ) -> Result<Vec<(&'a Ready<'a>, Duty)>, DaemonError> {
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
        for ((ready, duty), attestation) in open.into_iter().zip(attestations) {
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
                    round.put(&duty, Class::Already);
                    self.note_vote(&ready.bound, &duty, value, evidence, known.is_none(), here)?;
                }
                (None, Some(vote)) if here < vote.at.saturating_add(LOST_AFTER) => {
                    // One answer said that it was executed; the accounts do not show it, and they count.
                    debug!(feed = duty.feed, "a vote is not visible yet");
                    round.put(&duty, Class::Unfinished);
                }
                (
                    None,
                    Some(Vote {
                        signature: Some(signature),
                        ..
                    }),
                ) => {
                    let text = format!(
                        "the chain had a vote and does not show it any more: transaction {signature} is followed again, and the \
                         vote is made anew only if that can never be executed"
                    );
                    self.alert("lost-vote", Some(&duty), text);
                    self.journal().reopen_attempt(&signature, &duty.target)?;
                    round.put(&duty, Class::Unfinished);
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
                            round.put(&duty, Class::Already);
                            self.compare_resolved(&ready.bound, &duty, attestation.resolved_value)?;
                        }
                        None => left.push((ready, duty)),
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
        let found = stream::iter(work.map(|(bound, duty)| async move { (duty, self.measured(bound, duty).await) }))
            .buffered(self.config.service.concurrency)
            .collect::<Vec<_>>()
            .await;
        let mut ballots = Vec::new();
        for (duty, result) in found {
            match result? {
                Found::Ballot(ballot) => ballots.push(ballot),
                Found::Held => round.put(duty, Class::Held),
                Found::Stopped => round.put(duty, Class::Unfinished),
            }
        }
        Ok(ballots)
    }

    /// The vote on one duty: what was measured before, or what is measured now.
    async fn measured(&self, bound: &Bound<'_>, duty: &Duty) -> Result<Found, DaemonError> {
        let ballot = |measured| {
            Found::Ballot(Ballot {
                target: duty.target,
                grant: duty.scope.grant.as_ref().map(|grant| grant.address),
                measured,
            })
        };
        let (before, entry) = {
            let journal = self.journal();
            if let Some(measured) = journal.measured(&duty.target)? {
                return Ok(ballot(measured));
            }
            (self.value_before(&journal, &duty.target)?, journal.entry(&duty.target)?)
        };
        if self.stopping.load(Ordering::Relaxed) {
            return Ok(Found::Stopped);
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
                Ok(ballot(measured))
            }
            Err(hold) => {
                self.hold_as(duty, hold.kind(), hold.to_string())?;
                Ok(Found::Held)
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

    fn tell_refused(
        &self,
        due: &[(&Bound<'_>, Duty)],
        refused: &[Refused],
        round: &mut Round,
    ) -> Result<(), DaemonError> {
        for refused in refused {
            if let Some((_, duty)) = due.iter().find(|(_, duty)| duty.target == refused.target) {
                // Others can resolve a value while this oracle's vote is on its way; that is no failure.
                if refused.reason.starts_with("AlreadyResolved") {
                    round.put(duty, Class::Already);
                    continue;
                }
                round.put(duty, Class::Failed);
                self.hold_as(
                    duty,
                    "refused",
                    format!("the program refuses the vote: {}", refused.reason),
                )?;
            }
        }
        Ok(())
    }

    /// Votes whose window closed without them: one alert for each feed and period, and nothing is held any more.
    fn tell_missed(&self, missed: &[(&Ready<'_>, Duty)], round: &mut Round) -> Result<(), DaemonError> {
        let mut counts: BTreeMap<(&str, u16), usize> = BTreeMap::new();
        for (_, duty) in missed {
            round.put(duty, Class::Missed);
            self.journal().end_hold(&duty.target)?;
            *counts.entry((&duty.feed, duty.target.period)).or_default() += 1;
        }
        for ((feed, period), count) in counts {
            self.raised("missed");
            self.alarm.raise(Alert {
                feed: Some(feed.to_owned()),
                period: Some(period),
                ..alert(
                    "missed",
                    None,
                    format!("the vote window closed without a vote of this oracle on {count} value(s)"),
                )
            });
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

    fn warn_of_closing(&self, left: &[(&Ready<'_>, Duty)], now: i64) {
        let urgent = crate::duration::seconds(self.config.submit.closing);
        for (_, duty) in left {
            let seconds = duty.closes.saturating_sub(now);
            if seconds <= urgent && now >= duty.measure_at {
                let text = format!(
                    "no vote yet, and the window closes at {} (in {} s); after that the plan's default score counts unless \
                     enough others vote",
                    earnout_sdk::time::text(duty.closes),
                    seconds
                );
                self.alert("closing", Some(duty), text);
            }
        }
    }

    fn tell_lag(&self, feeds: &[&Feed], late: &[(&Feed, Duty)], now: i64) -> Result<(), DaemonError> {
        for feed in feeds {
            let mut lag = 0;
            for (_, duty) in late.iter().filter(|(of, _)| of.id == feed.id) {
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

/// A feed with everything that is needed to measure for it.
struct Ready<'a> {
    bound: Bound<'a>,
    identities: Identities,
    /// Why nothing may be attested.
    blocked: Option<String>,
}

/// What measuring gave.
enum Found {
    /// A vote to be made.
    Ballot(Ballot),
    /// Nothing that may be attested.
    Held,
    /// Nothing was measured, because the daemon stops.
    Stopped,
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

#[cfg(test)]
mod tests {
    use {super::*, crate::template::Scope};

    fn duty(period: u16) -> Duty {
        let plan = Pubkey::new_from_array([1; 32]);
        Duty {
            feed: "mau".to_owned(),
            target: Target {
                plan,
                kpi: 0,
                period,
                subject: plan,
            },
            scope: Scope {
                period,
                start: 0,
                end: 10,
                grant: None,
            },
            opens: 10,
            measure_at: 20,
            closes: 30,
        }
    }

    #[test]
    fn every_vote_is_in_exactly_one_class() {
        let mut round = Round::default();
        for (number, class) in (0..).zip(Class::ALL) {
            round.put(&duty(number), Class::Unfinished);
            round.put(&duty(number), class);
        }
        for class in Class::ALL {
            assert_eq!(round.count(class), 1, "{}", class.name());
        }
        assert_eq!(round.classes.len(), Class::ALL.len());
    }

    #[test]
    fn what_is_left_to_do_is_not_success() {
        for class in Class::ALL {
            let mut round = Round::default();
            round.put(&duty(0), class);
            let open = matches!(class, Class::Held | Class::Failed | Class::Unfinished);
            assert_eq!(round.is_open(), open, "{}", class.name());
        }
        let mut round = Round::default();
        round.misfits.push(Misfit {
            feed: "mau".to_owned(),
            text: "grace".to_owned(),
            holds: false,
        });
        assert!(round.is_open());
        round = Round::default();
        round.wait(&duty(1));
        assert_eq!((round.next, round.count(Class::NotDue)), (Some(20), 1));
    }
}
