//! The daemon with everything that it holds open.

use {
    crate::{
        measure::{EvidenceError, Feed, FeedError, IdentitiesError, Patience, Store},
        service::{Alarm, Config, ConfigError, KeyError, Metrics, keys},
        vote::{Courier, Endpoints, Journal, JournalError, SubmitError, journal},
    },
    earnout::state::{Grant, Plan},
    earnout_sdk::client::ClientError,
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{
        collections::HashMap,
        fs::File,
        path::Path,
        sync::{Arc, Mutex, MutexGuard, PoisonError},
        time::{Duration, Instant},
    },
    thiserror::Error,
    tokio::sync::watch,
};

/// Why something could not be completed. The next round tries again.
#[derive(Debug, Error)]
pub enum DaemonError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Identities(#[from] IdentitiesError),
    #[error(transparent)]
    Client(Box<ClientError>),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
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

/// For how long the grants of a plan of which nothing is due are known.
const GRANTS_FOR: Duration = Duration::from_secs(600);

struct KnownGrants {
    at: Instant,
    /// How many grants the plan had had.
    counter: u32,
    grants: Vec<(Pubkey, Grant)>,
}

/// The daemon with everything that it holds open.
pub struct Daemon {
    pub config: Config,
    pub endpoints: Endpoints,
    pub store: Store,
    pub metrics: Arc<Metrics>,
    pub alarm: Alarm,
    /// How often sources that do not answer are asked.
    pub patience: Patience,
    /// The grants of plans of which nothing is due, as they were read last.
    grants: Mutex<HashMap<Pubkey, KnownGrants>>,
    journal: Mutex<Journal>,
    oracle: Box<dyn Signer>,
    payer: Option<Box<dyn Signer>>,
    stopping: watch::Sender<bool>,
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
        // A round may take its time, as long as it goes on; nothing for as long as three take is a failure.
        let patience = config.service.interval * 3 + Duration::from_secs(120);
        let metrics = Metrics::new(patience)?;
        Ok(Self {
            endpoints: Endpoints::new(&config.chain),
            alarm: Alarm::new(&config.alerts, metrics.alerts.clone()),
            metrics,
            store,
            journal: Mutex::new(journal),
            oracle,
            payer,
            stopping: watch::Sender::new(false),
            patience: Patience::default(),
            grants: Mutex::default(),
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

    fn payer_signer(&self) -> &dyn Signer {
        self.payer.as_deref().unwrap_or(self.oracle.as_ref())
    }

    /// The journal.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The feeds of one plan.
    pub fn feeds_of(&self, plan: Pubkey) -> impl Iterator<Item = &Feed> {
        self.config.feeds.iter().filter(move |feed| feed.plan == plan)
    }

    /// The open grants of a plan. While nothing is due they are read again after a while, or when there are others: of
    /// a large plan that takes hundreds of requests.
    ///
    /// # Errors
    /// If no endpoint answers.
    pub async fn grants(
        &self,
        plan: Pubkey,
        state: &Plan,
        is_quiet: bool,
    ) -> Result<Vec<(Pubkey, Grant)>, ClientError> {
        let known = || self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        if is_quiet
            && let Some(known) = known().get(&plan)
            && known.counter == state.grant_counter
            && known.at.elapsed() < GRANTS_FOR
        {
            return Ok(known.grants.clone());
        }
        let grants = self
            .endpoints
            .ask(async |client| client.grants_of_plan(&plan, state).await)
            .await?;
        let counter = state.grant_counter;
        let (at, copy) = (Instant::now(), grants.clone());
        match is_quiet {
            true => known().insert(
                plan,
                KnownGrants {
                    at,
                    counter,
                    grants: copy,
                },
            ),
            false => known().remove(&plan),
        };
        Ok(grants)
    }

    /// From now on nothing new is begun; what was signed is brought to its end.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether nothing new is begun any more.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until nothing new is begun any more.
    pub async fn stopped(&self) {
        // Its sender lives as long as the daemon.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Who brings signed transactions onto the chain.
    pub fn courier(&self) -> Courier<'_> {
        Courier {
            endpoints: &self.endpoints,
            journal: &self.journal,
            store: &self.store,
            oracle: self.oracle.as_ref(),
            payer: self.payer_signer(),
            fee: self.config.submit.priority_fee,
            votes: &self.metrics.votes,
            transactions: &self.metrics.transactions,
        }
    }
}
