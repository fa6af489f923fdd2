//! Signs, notes, sends, sends again, and finds out what became of it.

use {
    super::{Attempt, AttemptState, Journal, JournalError},
    crate::{
        client::{
            ClientError, Confirmed, Ending, Endpoint, Failure, Follower, Life, Limits, Policy, Sighting, Submission,
            Tip, endpoint::SIGNATURES_A_REQUEST, fresh_blockhash, submit::sure_tip,
        },
        send::{Version, packing::Envelope},
    },
    futures_util::{StreamExt, stream},
    serde::{Serialize, de::DeserializeOwned},
    solana_hash::Hash,
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signature::Signature,
    solana_signer::Signer,
    solana_transaction::versioned::VersionedTransaction,
    std::{collections::VecDeque, time::Duration},
    thiserror::Error,
    tokio::time::{Instant, sleep},
};

/// Requests that hand over transactions at the same time, where their order does not matter.
const POSTS_AT_ONCE: usize = 16;

/// Transactions of a chain that are under way at first.
const FIRST_WINDOW: usize = 4;

/// How old the shared blockhash may be when something is signed with it.
const BLOCKHASH_AGE: Duration = Duration::from_secs(5);

/// How old the known block height may be. It only ever makes something expire later.
const HEIGHT_AGE: Duration = Duration::from_secs(1);

/// How often one job is signed, unless the caller says otherwise.
const ATTEMPTS: u32 = 5;

/// Pauses after errors of the endpoint: the first, each one twice the one before it, the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Whether transactions may be executed in any order.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// In any order, and one that fails hinders no other.
    Any,
    /// Each only after the one before it. They are sent without waiting, so one can still arrive too early and fail for
    /// that reason, which the function recognises; it is then sent again in its turn. One that fails for another
    /// reason, or too early although all before it are executed, ends the run.
    Chain(fn(&Failure) -> bool),
}

/// How bulk work is done.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Form of the transactions: what [`Client::version`](crate::client::Client::version) says, or 0, which is always
    /// taken.
    pub version: Version,
    /// Price of a compute unit in millionths of a lamport, 0 for none.
    pub unit_price: u64,
    /// Most transactions that are under way at the same time, at least 1.
    pub in_flight: usize,
    /// How each of them is followed.
    pub policy: Policy,
    /// How long the endpoint may answer nothing but errors.
    pub patience: Duration,
    /// How often a job is signed at most, each time because the blockhash of before expired. 1 where doing it again is
    /// not refused: then what is there is looked up before.
    pub attempts: u32,
    /// Whether the order matters.
    pub order: Order,
}

impl Options {
    /// What every transaction is.
    pub(super) fn envelope(&self, payer: &Pubkey) -> Envelope {
        Envelope {
            version: self.version,
            payer: *payer,
            priced: self.unit_price > 0,
            spare: 0,
        }
    }

    /// Which of a transaction's own instructions failed: those of the compute budget come before them.
    pub(super) fn failed_instruction(&self, failure: &Failure) -> Option<usize> {
        let before = self.version.budget_instructions(self.unit_price > 0);
        failure.instruction?.checked_sub(before)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::Zero,
            unit_price: 0,
            in_flight: 32,
            policy: Policy::default(),
            patience: Duration::from_secs(120),
            attempts: ATTEMPTS,
            order: Order::Any,
        }
    }
}

/// What one transaction is to do.
#[derive(Clone, Debug)]
pub struct Job<I> {
    /// The items of work, as the journal names them.
    pub items: Vec<I>,
    /// The instructions, without those of the compute budget.
    pub instructions: Vec<Instruction>,
    /// Compute units to ask for.
    pub units: u32,
}

/// What became of a transaction.
#[derive(Debug)]
pub enum Outcome {
    /// It did what it should.
    Executed(Confirmed),
    /// It was executed and failed; only its fee was taken.
    Failed {
        /// The transaction.
        signature: Signature,
        /// Why.
        failure: Box<Failure>,
    },
    /// The network did not take it, however often it was signed and sent, and cannot take it any more.
    Expired,
    /// It may have been executed, or may still be: nothing may be done in its place.
    Unknown {
        /// The transaction.
        signature: Signature,
        /// What keeps it from being known.
        why: String,
    },
    /// It was not sent, or came too early, because one before it in the chain was not executed.
    NotReached,
}

/// A job, or an attempt of an earlier process, and what became of it.
#[derive(Debug)]
pub struct Finished<I> {
    /// The items of work.
    pub items: Vec<I>,
    /// What became of them.
    pub outcome: Outcome,
}

/// How far bulk work is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items to be done, as far as that is known.
    pub total: usize,
    /// Items done by transactions that were executed.
    pub items: usize,
    /// Transactions executed.
    pub executed: usize,
    /// Transactions that failed, those that came too early included; each took its fee.
    pub failed: usize,
    /// Transactions that expired.
    pub expired: usize,
    /// Times that bytes were sent again.
    pub resent: usize,
    /// Signatures paid for: those of all transactions executed or failed.
    pub signatures: usize,
    /// Transactions under way.
    pub under_way: usize,
    /// Why the endpoint is being asked again, while it is.
    pub trouble: Option<String>,
}

/// Why bulk work stopped. What was executed until then is in the journal.
#[derive(Debug, Error)]
pub enum BulkError {
    /// The endpoint answered nothing but errors for longer than the patience, or refused a request for good.
    #[error(transparent)]
    Endpoint(#[from] ClientError),
    /// The same, while transactions were under way: what became of them is not known.
    #[error(
        "{source}; what became of {} that were sent is not known",
        crate::client::bulk::transactions(signatures)
    )]
    UnderWay {
        /// The transactions.
        signatures: Vec<Signature>,
        /// What the endpoint did.
        source: Box<ClientError>,
    },
    /// The journal could not be written, so nothing more was sent.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Sends many transactions.
pub struct Bulk<'a, E> {
    /// Where to.
    pub endpoint: &'a E,
    /// Who pays the fees.
    pub fee_payer: &'a dyn Signer,
    /// Everybody else who signs.
    pub signers: Vec<&'a dyn Signer>,
    /// How.
    pub options: Options,
}

impl<E: Endpoint> Bulk<'_, E> {
    /// Brings the transactions that an earlier process signed, and of which the journal knows no more, to their end:
    /// sends the same bytes until they are executed or can never be. Signs nothing.
    ///
    /// # Errors
    /// If the endpoint does not answer, or the journal cannot be written.
    pub async fn resume<I: Clone + Serialize + DeserializeOwned>(
        &self,
        journal: &mut Journal<I>,
        progress: &mut Progress,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<Vec<Finished<I>>, BulkError> {
        let open = journal.open_attempts();
        let mut run = Run::new(self, journal, progress, watch);
        for (job, attempt) in open.into_iter().enumerate() {
            let flight = run.flight(job, attempt, false);
            run.flights.push(flight);
        }
        let mut finished = Vec::new();
        let ended = run.until_all_ended(&mut finished).await;
        run.told(ended)?;
        finished.sort_by_key(|(job, ..)| *job);
        let finished = finished.into_iter();
        Ok(finished
            .map(|(_, items, outcome)| Finished { items, outcome })
            .collect())
    }

    /// Does `jobs`; one [`Finished`] for each, in their order. When this returns, no transaction of them can be
    /// executed any more that is not reported as executed or unknown.
    ///
    /// # Errors
    /// If the endpoint does not answer, or the journal cannot be written. What was sent by then may still be executed:
    /// [`Bulk::resume`] finds out.
    pub async fn run<I: Clone + Serialize + DeserializeOwned>(
        &self,
        journal: &mut Journal<I>,
        jobs: &[Job<I>],
        progress: &mut Progress,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<Vec<Finished<I>>, BulkError> {
        let mut run = Run::new(self, journal, progress, watch);
        let mut queue = Queue::new(jobs.len(), &self.options);
        let done = run.until_done(jobs, &mut queue).await;
        run.told(done)?;
        let outcomes = jobs.iter().zip(queue.outcomes);
        Ok(outcomes
            .map(|(job, outcome)| Finished {
                items: job.items.clone(),
                outcome: outcome.unwrap_or(Outcome::NotReached),
            })
            .collect())
    }
}

/// Which jobs wait, which are done, and how many may be under way.
struct Queue {
    waiting: VecDeque<usize>,
    outcomes: Vec<Option<Outcome>>,
    expired: Vec<u32>,
    attempts: u32,
    order: Order,
    window: usize,
    most: usize,
    /// Chain: jobs that were under way and not executed; nothing is sent until all others under way have ended.
    broken: Vec<(usize, bool, Outcome)>,
    /// Under way.
    taken: usize,
}

impl Queue {
    fn new(jobs: usize, options: &Options) -> Self {
        let most = options.in_flight.max(1);
        Self {
            waiting: (0..jobs).collect(),
            outcomes: (0..jobs).map(|_| None).collect(),
            expired: vec![0; jobs],
            attempts: options.attempts,
            order: options.order,
            window: match options.order {
                Order::Any => most,
                Order::Chain(_) => most.min(FIRST_WINDOW),
            },
            most,
            broken: Vec::new(),
            taken: 0,
        }
    }

    fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.broken.is_empty() && self.taken == 0
    }

    /// The jobs to send next.
    fn take(&mut self, under_way: usize) -> Vec<usize> {
        if !self.broken.is_empty() {
            return Vec::new();
        }
        let room = self.window.saturating_sub(under_way).min(self.waiting.len());
        self.taken = self.taken.saturating_add(room);
        self.waiting.drain(..room).collect()
    }

    /// Whether everything before `job` is executed.
    fn in_turn(&self, job: usize) -> bool {
        let before = self.outcomes.iter().take(job);
        before
            .rev()
            .all(|outcome| matches!(outcome, Some(Outcome::Executed(_))))
    }

    fn ended(&mut self, job: usize, in_turn: bool, outcome: Outcome) {
        self.taken = self.taken.saturating_sub(1);
        let again = match outcome {
            Outcome::Expired => {
                self.expired[job] = self.expired[job].saturating_add(1);
                self.expired[job] < self.attempts
            }
            _ => false,
        };
        match (self.order, &outcome) {
            (Order::Any, _) if again => self.waiting.push_back(job),
            (Order::Any, _) => self.outcomes[job] = Some(outcome),
            (Order::Chain(_), Outcome::Executed(_)) => {
                self.outcomes[job] = Some(outcome);
                self.window = self.window.saturating_add(1).min(self.most);
            }
            (Order::Chain(_), _) => self.broken.push((job, in_turn, outcome)),
        }
    }

    /// Nothing is under way any more: a broken chain goes on from its first job that was not executed, or ends there.
    fn drained(&mut self) {
        self.broken.sort_by_key(|(job, ..)| *job);
        let again = match (self.order, self.broken.first()) {
            (_, None) | (Order::Any, _) => return,
            (Order::Chain(_), Some((job, _, Outcome::Expired))) => self.expired[*job] < self.attempts,
            (Order::Chain(too_early), Some((_, in_turn, Outcome::Failed { failure, .. }))) => {
                !in_turn && too_early(failure)
            }
            _ => false,
        };
        let mut broken = std::mem::take(&mut self.broken).into_iter();
        if again {
            self.window = (self.window / 2).max(1);
            broken.rev().for_each(|(job, ..)| self.waiting.push_front(job));
        } else if let Some((job, _, outcome)) = broken.next() {
            self.outcomes[job] = Some(outcome);
            self.waiting.clear();
        }
    }
}

/// A transaction under way.
struct Flight<I> {
    job: usize,
    attempt: Attempt<I>,
    follower: Follower,
    /// Everything before it was executed when it was signed.
    in_turn: bool,
}

struct Run<'r, E, I> {
    bulk: &'r Bulk<'r, E>,
    journal: &'r mut Journal<I>,
    progress: &'r mut Progress,
    watch: &'r mut dyn FnMut(&Progress),
    begin: Instant,
    flights: Vec<Flight<I>>,
    /// The shared blockhash, its last block, the newest block when it was asked for, and when that was.
    blockhash: Option<(Hash, u64, Tip, Instant)>,
    /// The limit of loaded data, once it was measured on the first job.
    data: Option<u32>,
    /// When the block height was asked for last.
    height: Option<Instant>,
    /// Since when the endpoint answers nothing but errors, and the next pause.
    trouble: Option<(Instant, Duration)>,
}

impl<'r, E: Endpoint, I: Clone + Serialize + DeserializeOwned> Run<'r, E, I> {
    fn new(
        bulk: &'r Bulk<'r, E>,
        journal: &'r mut Journal<I>,
        progress: &'r mut Progress,
        watch: &'r mut dyn FnMut(&Progress),
    ) -> Self {
        Self {
            bulk,
            journal,
            progress,
            watch,
            begin: Instant::now(),
            flights: Vec::new(),
            blockhash: None,
            data: None,
            height: None,
            trouble: None,
        }
    }

    fn flight(&self, job: usize, attempt: Attempt<I>, in_turn: bool) -> Flight<I> {
        let life = Life::Blocks(attempt.last_valid_block_height);
        Flight {
            job,
            attempt,
            follower: Follower::new(life, None, self.bulk.options.policy, self.begin.elapsed()),
            in_turn,
        }
    }

    /// An error of the endpoint while transactions are under way leaves their outcome unknown.
    fn told<T>(&self, result: Result<T, BulkError>) -> Result<T, BulkError> {
        result.map_err(|error| match error {
            BulkError::Endpoint(source) if !self.flights.is_empty() => BulkError::UnderWay {
                signatures: self.flights.iter().map(|flight| flight.attempt.signature).collect(),
                source: Box::new(source),
            },
            error => error,
        })
    }

    async fn until_all_ended(&mut self, finished: &mut Vec<(usize, Vec<I>, Outcome)>) -> Result<(), BulkError> {
        // Some may be older than what the endpoint remembers without a search.
        let mut searching = true;
        while !self.flights.is_empty() {
            let ended = self.poll(searching).await?;
            searching = false;
            let idle = ended.is_empty();
            let ended = ended.into_iter();
            finished.extend(ended.map(|(flight, outcome)| (flight.job, flight.attempt.items, outcome)));
            self.post().await?;
            if idle {
                sleep(self.bulk.options.policy.poll).await;
            }
        }
        Ok(())
    }

    async fn until_done(&mut self, jobs: &[Job<I>], queue: &mut Queue) -> Result<(), BulkError> {
        while !queue.is_done() {
            let next = queue.take(self.flights.len());
            self.sign(jobs, &next, queue).await?;
            self.post().await?;
            let ended = self.poll(false).await?;
            let idle = ended.is_empty();
            for (flight, outcome) in ended {
                queue.ended(flight.job, flight.in_turn, outcome);
            }
            if self.flights.is_empty() {
                queue.drained();
            } else if idle {
                sleep(self.bulk.options.policy.poll).await;
            }
        }
        Ok(())
    }

    /// Signs jobs and notes them, all with one write through to the disk.
    async fn sign(&mut self, jobs: &[Job<I>], next: &[usize], queue: &Queue) -> Result<(), BulkError> {
        if next.is_empty() {
            return Ok(());
        }
        let (hash, last_valid_block_height, tip) = self.blockhash().await?;
        let data = self.data_limit(&jobs[next[0]], hash).await?;
        let mut attempts = Vec::with_capacity(next.len());
        for place in next {
            let job = &jobs[*place];
            let (transaction, signature) = self.signed(job, hash, data)?;
            attempts.push(Attempt {
                items: job.items.clone(),
                signature,
                last_valid_block_height,
                transaction,
                state: AttemptState::Open,
            });
        }
        self.journal.sign(attempts.clone())?;
        for (job, attempt) in next.iter().zip(attempts) {
            let mut flight = self.flight(*job, attempt, queue.in_turn(*job));
            flight.follower.tip(tip, self.begin.elapsed());
            self.flights.push(flight);
        }
        Ok(())
    }

    fn submission(&self, job: &Job<I>) -> Submission<'r> {
        let signers = self.bulk.signers.iter().copied();
        let mut submission = Submission::new(job.instructions.clone(), self.bulk.fee_payer).signed_by(signers);
        submission.version = self.bulk.options.version;
        submission.unit_price = self.bulk.options.unit_price;
        submission
    }

    /// The limit of loaded data, by what `job` would load if nothing was measured yet: the others load the same
    /// programs.
    async fn data_limit(&mut self, job: &Job<I>, hash: Hash) -> Result<u32, BulkError> {
        if let Some(data) = self.data {
            return Ok(data);
        }
        let transaction = VersionedTransaction {
            signatures: Vec::new(),
            message: self.submission(job).message(hash, Some(Limits::MOST))?,
        };
        let endpoint = self.bulk.endpoint;
        let data = self.ask(async || endpoint.loaded_data(&transaction).await).await?;
        Ok(*self.data.insert(Limits::data_of_kind(data)))
    }

    fn signed(&self, job: &Job<I>, hash: Hash, data: u32) -> Result<(VersionedTransaction, Signature), BulkError> {
        let submission = self.submission(job);
        let mut limits = Limits { units: job.units, data };
        loop {
            let transaction = submission.sign(submission.message(hash, Some(limits))?)?;
            let signature = transaction.signatures.first().copied().unwrap_or_default();
            if !self.journal.knows(&signature) {
                return Ok((transaction, signature));
            }
            // The same content with the same blockhash is the same transaction, which the network executes once.
            limits.units = limits.units.saturating_add(1);
        }
    }

    async fn blockhash(&mut self) -> Result<(Hash, u64, Tip), BulkError> {
        if let Some((hash, last, tip, at)) = self.blockhash
            && at.elapsed() < BLOCKHASH_AGE
        {
            return Ok((hash, last, tip));
        }
        let endpoint = self.bulk.endpoint;
        let (hash, last, tip) = self.ask(async || fresh_blockhash(endpoint).await).await?;
        self.blockhash = Some((hash, last, tip, Instant::now()));
        Ok((hash, last, tip))
    }

    /// Hands over what was not handed over yet, or long ago. In a chain one after the other, in their order.
    async fn post(&mut self) -> Result<(), BulkError> {
        let at_once = match self.bulk.options.order {
            Order::Any => POSTS_AT_ONCE,
            Order::Chain(_) => 1,
        };
        let now = self.begin.elapsed();
        let due: Vec<usize> = (0..self.flights.len())
            .filter(|place| self.flights[*place].follower.is_to_post(now))
            .collect();
        let endpoint = self.bulk.endpoint;
        let flights = &self.flights;
        let posts = due.into_iter().map(async |place: usize| {
            let sent = endpoint.post(&flights[place].attempt.transaction).await;
            (place, sent.map(|()| self.begin.elapsed()))
        });
        let mut posts = stream::iter(posts).buffered(at_once);
        let (mut sent, mut refused) = (Vec::new(), None);
        while let Some((place, result)) = posts.next().await {
            match result {
                Ok(at) => sent.push((place, at)),
                Err(error) => {
                    refused = Some((place, error));
                    break;
                }
            }
        }
        drop(posts);
        if !sent.is_empty() {
            self.trouble = None;
            self.progress.trouble = None;
        }
        for (place, at) in sent {
            if self.flights[place].follower.posted(at) {
                self.progress.resent = self.progress.resent.saturating_add(1);
            }
        }
        self.progress.under_way = self.flights.len();
        (self.watch)(self.progress);
        // Before more is sent, look what became of what was: it may be over, and an endpoint that takes nothing is
        // given up with what it was given.
        match refused {
            None => Ok(()),
            Some((place, error)) => {
                // What keeps it from being sent is why its outcome may stay unknown.
                let now = self.begin.elapsed();
                self.flights[place].follower.trouble(error.to_string(), now);
                self.pause(error).await
            }
        }
    }

    /// Takes out what has ended. The block height is asked for first: only so the answer about the signatures is the
    /// newer one.
    async fn poll(&mut self, searching: bool) -> Result<Vec<(Flight<I>, Outcome)>, BulkError> {
        if self.flights.is_empty() {
            return Ok(Vec::new());
        }
        self.ask_height().await?;
        let mut endings: Vec<Option<Ending>> = self.flights.iter().map(|_| None).collect();
        let all: Vec<usize> = (0..self.flights.len()).collect();
        let missing = self.look(&all, searching, &mut endings).await?;
        // A process that was halted for minutes finds what it sent gone from the endpoint's recent memory: before
        // something counts as expired, and is signed anew, the endpoint has to search for it.
        let over = missing.into_iter().filter(|place| {
            let follower = &self.flights[*place].follower;
            !searching && follower.is_to_search() && endings[*place].is_none()
        });
        let over: Vec<usize> = over.collect();
        self.look(&over, true, &mut endings).await?;
        let (mut ended, mut states) = (Vec::new(), Vec::new());
        let mut remaining = Vec::with_capacity(self.flights.len());
        for (flight, ending) in std::mem::take(&mut self.flights).into_iter().zip(endings) {
            let Some(ending) = ending else {
                remaining.push(flight);
                continue;
            };
            let signature = flight.attempt.signature;
            let outcome = match ending {
                Ending::Executed(confirmed) => Outcome::Executed(confirmed),
                Ending::Failed(failure) => Outcome::Failed { signature, failure },
                Ending::Expired => Outcome::Expired,
                Ending::Unknown(why) => Outcome::Unknown { signature, why },
            };
            let count = flight.attempt.transaction.signatures.len();
            states.push((signature, self.counted(&outcome, count, flight.attempt.items.len())));
            ended.push((flight, outcome));
        }
        self.flights = remaining;
        if !ended.is_empty() {
            self.journal.settle(states)?;
            self.progress.under_way = self.flights.len();
            (self.watch)(self.progress);
        }
        Ok(ended)
    }

    /// Looks what became of the flights at `places`. Returns those of which nothing is known.
    async fn look(
        &mut self,
        places: &[usize],
        searching: bool,
        endings: &mut [Option<Ending>],
    ) -> Result<Vec<usize>, BulkError> {
        let mut missing = Vec::new();
        for chunk in places.chunks(SIGNATURES_A_REQUEST) {
            let signatures: Vec<_> = chunk
                .iter()
                .map(|place| self.flights[*place].attempt.signature)
                .collect();
            let endpoint = self.bulk.endpoint;
            let (slot, sightings) = self
                .ask(async || endpoint.sightings(&signatures, searching).await)
                .await?;
            let now = self.begin.elapsed();
            for (place, sighting) in chunk.iter().zip(sightings) {
                if matches!(sighting, Sighting::Nothing) {
                    missing.push(*place);
                }
                endings[*place] = self.flights[*place].follower.sighting(slot, searching, &sighting, now);
            }
        }
        Ok(missing)
    }

    fn counted(&mut self, outcome: &Outcome, signatures: usize, items: usize) -> AttemptState {
        let progress = &mut *self.progress;
        match outcome {
            Outcome::Executed(confirmed) => {
                progress.executed = progress.executed.saturating_add(1);
                progress.items = progress.items.saturating_add(items);
                progress.signatures = progress.signatures.saturating_add(signatures);
                AttemptState::Executed(confirmed.slot)
            }
            Outcome::Failed { failure, .. } => {
                progress.failed = progress.failed.saturating_add(1);
                progress.signatures = progress.signatures.saturating_add(signatures);
                AttemptState::Failed(failure.to_string())
            }
            Outcome::Expired => {
                progress.expired = progress.expired.saturating_add(1);
                AttemptState::Expired
            }
            Outcome::Unknown { .. } | Outcome::NotReached => AttemptState::Open,
        }
    }

    async fn ask_height(&mut self) -> Result<(), BulkError> {
        if self.height.is_some_and(|at| at.elapsed() < HEIGHT_AGE) {
            return Ok(());
        }
        let endpoint = self.bulk.endpoint;
        let policy = self.bulk.options.policy;
        let lives = self.flights.iter().map(|flight| flight.attempt.last_valid_block_height);
        let first_over = lives.min().unwrap_or(u64::MAX);
        let tip = self.ask(async || sure_tip(endpoint, first_over, &policy).await).await?;
        self.height = Some(Instant::now());
        let now = self.begin.elapsed();
        for flight in &mut self.flights {
            flight.follower.tip(tip, now);
        }
        Ok(())
    }

    /// Asks until there is an answer.
    async fn ask<T>(&mut self, request: impl AsyncFn() -> Result<T, ClientError>) -> Result<T, BulkError> {
        loop {
            match request().await {
                Ok(answer) => {
                    self.trouble = None;
                    if self.progress.trouble.take().is_some() {
                        (self.watch)(self.progress);
                    }
                    return Ok(answer);
                }
                Err(error) => self.pause(error).await?,
            }
        }
    }

    /// Waits after an error of the endpoint, each time longer.
    ///
    /// Errors: the error itself if it will not go away, or did not within the patience.
    async fn pause(&mut self, error: ClientError) -> Result<(), BulkError> {
        let (since, pause) = self.trouble.unwrap_or((Instant::now(), FIRST_PAUSE));
        if !error.may_pass() || since.elapsed() >= self.bulk.options.patience {
            return Err(error.into());
        }
        self.progress.trouble = Some(error.to_string());
        (self.watch)(self.progress);
        sleep(pause).await;
        self.trouble = Some((since, pause.saturating_mul(2).min(LONGEST_PAUSE)));
        Ok(())
    }
}
