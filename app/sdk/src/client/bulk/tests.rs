//! The state machine latert a chain that misbehaves by script, under a clock that runs as fast as nothing happens.

use {
    super::{journal::Sink, *},
    crate::{
        client::{ClientError, Confirmed, Endpoint, Failure, Sighting, Tip},
        send::Version,
    },
    anchor_lang::AnchorDeserialize,
    bytemuck::Zeroable,
    earnout::{
        error::EarnoutError,
        instructions::CreateGrantArgs,
        state::{Grant, REVOCABLE, TRANSFERABLE},
    },
    solana_compute_budget_interface::ComputeBudgetInstruction,
    solana_hash::Hash,
    solana_keypair::Keypair,
    solana_message::VersionedMessage,
    solana_program::{instruction::InstructionError, pubkey::Pubkey},
    solana_rpc_client_api::client_error,
    solana_signature::Signature,
    solana_transaction::versioned::VersionedTransaction,
    solana_transaction_error::TransactionError,
    std::{
        cell::{Cell, RefCell},
        collections::{BTreeMap, HashMap, HashSet},
        fs, io,
        path::{Path, PathBuf},
        rc::Rc,
        time::Duration,
    },
    tokio::{
        sync::Notify,
        time::{Instant, sleep},
    },
};

const BLOCK: Duration = Duration::from_millis(400);
const LATENCY: Duration = Duration::from_millis(20);
const LIFETIME: u64 = 20;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It does nothing, and the answer is an error.
    Error,
    /// A transaction is taken and lost.
    Lose,
    /// It does what it does, and the answer is an error.
    ErrorAfter,
    /// The process dies before the request does anything.
    KillBefore,
    /// The process dies after the request did what it does.
    KillAfter,
}

/// The first signatures of whatever makes a grant of this number are taken and never executed.
struct Swallow {
    grant_index: u32,
    most: usize,
    signatures: HashSet<Signature>,
}

#[derive(Default)]
struct Books {
    requests: usize,
    /// Grants by number.
    grants: Vec<CreateGrantArgs>,
    /// Executed transactions: from when on it shows, and whether it failed.
    executed: HashMap<Signature, (Instant, Option<TransactionError>)>,
    /// All transactions ever seen: their last block and what they would make.
    seen: HashMap<Signature, (u64, Vec<CreateGrantArgs>)>,
    posts: usize,
    most_under_way: usize,
}

/// A chain with one plan.
struct Chain {
    begin: Instant,
    books: RefCell<Books>,
    /// By the number of the request.
    script: RefCell<HashMap<usize, Fault>>,
    swallow: RefCell<Vec<Swallow>>,
    outage: Cell<Option<(Instant, Instant)>>,
    /// What was executed before it is found only by a search, or not at all if it says so.
    forgets: Cell<Option<(Instant, bool)>>,
    /// Somebody else makes a grant when the plan has made so many, with these terms.
    stranger_at: Cell<Option<usize>>,
    stranger: RefCell<CreateGrantArgs>,
    /// So many times the plan's counter is that of a node which knows no grant yet.
    behind: Cell<usize>,
    /// Allocations above it are refused.
    most_allocation: Cell<u64>,
    /// No more grants are made than this.
    ends_at: Cell<usize>,
    /// What the import sends.
    version: Cell<Version>,
    killed: Notify,
}

impl Chain {
    fn new() -> Self {
        Self {
            begin: Instant::now(),
            books: RefCell::default(),
            script: RefCell::default(),
            swallow: RefCell::default(),
            outage: Cell::new(None),
            forgets: Cell::new(None),
            stranger_at: Cell::new(None),
            stranger: RefCell::new(row(9_999)),
            behind: Cell::new(0),
            most_allocation: Cell::new(u64::MAX),
            ends_at: Cell::new(usize::MAX),
            version: Cell::new(Version::Zero),
            killed: Notify::new(),
        }
    }

    fn with_script(script: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        let chain = Self::new();
        chain.script.borrow_mut().extend(script);
        chain
    }

    fn block(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis() / BLOCK.as_millis()).expect("a small number")
    }

    /// A request: `effect` is what it does.
    async fn request<T>(&self, effect: impl FnOnce(bool) -> T) -> Result<T, ClientError> {
        sleep(LATENCY).await;
        let number = {
            let mut books = self.books.borrow_mut();
            books.requests += 1;
            books.requests
        };
        let now = Instant::now();
        if self.outage.get().is_some_and(|(from, to)| (from..to).contains(&now)) {
            return Err(away());
        }
        let fault = self.script.borrow_mut().remove(&number);
        match fault {
            Some(Fault::Error) => return Err(away()),
            Some(Fault::KillBefore) => self.die().await,
            _ => {}
        }
        let answer = effect(fault == Some(Fault::Lose));
        match fault {
            Some(Fault::ErrorAfter) => Err(away()),
            Some(Fault::KillAfter) => self.die().await,
            _ => Ok(answer),
        }
    }

    async fn die<T>(&self) -> T {
        self.killed.notify_one();
        std::future::pending().await
    }

    /// Takes a transaction as the network would: executes it at once, in the order of arrival, never twice.
    fn arrive(&self, transaction: &VersionedTransaction) {
        let signature = transaction.signatures[0];
        assert_eq!(data_limit(transaction), DATA + DATA / 8 + 1024 * 1024);
        let mut books = self.books.borrow_mut();
        books.posts += 1;
        let grants = grants_of(transaction);
        let block = self.block();
        let last = block_of(transaction.message.recent_blockhash()) + LIFETIME;
        if !books.seen.contains_key(&signature) {
            for (other, (last, theirs)) in &books.seen {
                let can_be_executed = block <= *last
                    && !books.executed.contains_key(other)
                    && theirs.iter().all(|grant| at(grant) >= books.grants.len());
                let same_row = grants
                    .iter()
                    .any(|grant| theirs.iter().any(|other| row_id(grant) == row_id(other)));
                assert!(
                    !(can_be_executed && same_row),
                    "a row was signed anew while an older transaction could still make it"
                );
            }
            books.seen.insert(signature, (last, grants.clone()));
            let now = Instant::now();
            let shown = |seen: &Signature| books.executed.get(seen).is_some_and(|(shows, _)| *shows <= now);
            let under_way = books.seen.keys().filter(|seen| !shown(seen)).count();
            books.most_under_way = books.most_under_way.max(under_way);
        }
        for swallow in self.swallow.borrow_mut().iter_mut() {
            if grants.iter().any(|grant| grant.grant_index == swallow.grant_index) {
                if swallow.signatures.len() < swallow.most {
                    swallow.signatures.insert(signature);
                }
                if swallow.signatures.contains(&signature) {
                    return;
                }
            }
        }
        if block > last || books.executed.contains_key(&signature) {
            return;
        }
        if self.stranger_at.get().is_some_and(|at| books.grants.len() >= at) {
            self.stranger_at.set(None);
            books.grants.push(self.stranger.borrow().clone());
        }
        let error = (0u8..).zip(&grants).find_map(|(place, grant)| {
            let refusal = if at(grant) != books.grants.len() + usize::from(place) {
                EarnoutError::WrongGrantIndex
            } else if at(grant) >= self.ends_at.get() {
                EarnoutError::EnrolmentEnded
            } else if grant.allocation > self.most_allocation.get() {
                EarnoutError::AllocationOutOfLimits
            } else {
                return None;
            };
            let custom = InstructionError::Custom(refusal.into());
            // In version 0 two instructions of the compute budget come first.
            let before = match &transaction.message {
                VersionedMessage::V1(_) => 0,
                _ => 2,
            };
            Some(TransactionError::InstructionError(place + before, custom))
        });
        if error.is_none() {
            books.grants.extend(grants);
        }
        books.executed.insert(signature, (Instant::now() + BLOCK, error));
    }

    fn failures(&self) -> usize {
        self.books
            .borrow()
            .executed
            .values()
            .filter(|(_, error)| error.is_some())
            .count()
    }

    /// Each of `rows` was made exactly once, and nothing else but what a stranger made.
    fn has_exactly(&self, rows: &[CreateGrantArgs]) {
        let books = self.books.borrow();
        let mut made: Vec<_> = books
            .grants
            .iter()
            .map(row_id)
            .filter(|id| *id != row_id(&row(9_999)))
            .collect();
        let mut expected: Vec<_> = rows.iter().map(row_id).collect();
        made.sort();
        expected.sort();
        assert_eq!(made, expected);
    }
}

impl Endpoint for Chain {
    async fn newest_blockhash(&self) -> Result<(Hash, u64), ClientError> {
        self.request(|_| {
            let block = self.block();
            let mut bytes = [7; 32];
            bytes[..8].copy_from_slice(&block.to_le_bytes());
            (Hash::new_from_array(bytes), block + LIFETIME)
        })
        .await
    }

    async fn tip(&self) -> Result<Tip, ClientError> {
        self.request(|_| Tip {
            slot: self.block() * 2,
            height: self.block(),
        })
        .await
    }

    async fn post(&self, transaction: &VersionedTransaction) -> Result<(), ClientError> {
        self.request(|lose| {
            if !lose {
                self.arrive(transaction);
            }
        })
        .await
    }

    async fn sightings(&self, signatures: &[Signature], searching: bool) -> Result<(u64, Vec<Sighting>), ClientError> {
        let sighting = |signature: &Signature| {
            let books = self.books.borrow();
            let forgotten = self.forgets.get().is_some_and(|(before, for_good)| {
                let executed = books.executed.get(signature);
                (for_good || !searching) && executed.is_some_and(|(shows, _)| *shows < before)
            });
            match books.executed.get(signature) {
                Some((shows, error)) if *shows <= Instant::now() && !forgotten => match error {
                    None => Sighting::Executed(Confirmed {
                        signature: *signature,
                        slot: self.block(),
                    }),
                    Some(error) => Sighting::Failed(Box::new(Failure::new(error.clone(), Vec::new()))),
                },
                _ => Sighting::Nothing,
            }
        };
        self.request(|_| (self.block() * 2, signatures.iter().map(sighting).collect()))
            .await
    }

    async fn nonce_at(&self, _account: &Pubkey) -> Result<(u64, Option<Hash>), ClientError> {
        unreachable!("bulk work uses blockhashes")
    }

    async fn loaded_data(&self, _transaction: &VersionedTransaction) -> Result<Option<u32>, ClientError> {
        self.request(|_| Some(DATA)).await
    }

    async fn clock_at(&self) -> Result<(u64, i64), ClientError> {
        unreachable!("bulk work sets no latest time")
    }
}

impl GrantChain for Chain {
    async fn next_grant(&self, _plan: &Pubkey) -> Result<u32, ClientError> {
        self.request(|_| match self.behind.get() {
            0 => u32::try_from(self.books.borrow().grants.len()).expect("a small number"),
            left => {
                self.behind.set(left - 1);
                0
            }
        })
        .await
    }

    async fn refused_now(&self, _plan: &Pubkey, rows: &[&CreateGrantArgs]) -> Result<Vec<Option<String>>, ClientError> {
        let alike = |row: &&CreateGrantArgs| row.allocation > self.most_allocation.get() + 1;
        let why = |row| alike(row).then(|| "AllocationOutOfLimits".to_owned());
        self.request(|_| rows.iter().map(why).collect()).await
    }

    async fn grants_at(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Grant>>, ClientError> {
        self.request(|_| {
            let books = self.books.borrow();
            let by_address: HashMap<_, _> = (0u32..)
                .zip(&books.grants)
                .map(|(index, terms)| (crate::wire::pda::grant(&PLAN, index), account(terms)))
                .collect();
            addresses
                .iter()
                .map(|address| by_address.get(address).copied())
                .collect()
        })
        .await
    }
}

const PLAN: Pubkey = Pubkey::new_from_array([3; 32]);
const MINT: Pubkey = Pubkey::new_from_array([4; 32]);

/// Bytes that each transaction loads.
const DATA: u32 = 800_000;

/// The limit of loaded data that a transaction sets: in version 0 in its second instruction.
fn data_limit(transaction: &VersionedTransaction) -> u32 {
    if let VersionedMessage::V1(message) = &transaction.message {
        assert!(message.config.compute_unit_limit.is_some(), "none is zero");
        return message.config.loaded_accounts_data_size_limit.expect("none is zero");
    }
    let data = &transaction.message.instructions()[1].data;
    let limit = ComputeBudgetInstruction::set_loaded_accounts_data_size_limit(0);
    assert_eq!(data[0], limit.data[0]);
    u32::from_le_bytes(data[1..].try_into().expect("four bytes"))
}

fn row(number: u16) -> CreateGrantArgs {
    let mut beneficiary = [9; 32];
    beneficiary[..2].copy_from_slice(&number.to_le_bytes());
    CreateGrantArgs {
        grant_index: 0,
        beneficiary: Pubkey::new_from_array(beneficiary),
        allocation: 1_000,
        unit_allocation: 0,
        first_period: 1,
        periods: 4,
        cliff_periods: 1,
        time_weight: 4_000,
        kpi_weights: vec![6_000],
        revocable: true,
        transferable: false,
    }
}

fn rows(count: u16) -> Vec<CreateGrantArgs> {
    (0..count).map(row).collect()
}

fn account(terms: &CreateGrantArgs) -> Grant {
    let mut grant = Grant::zeroed();
    grant.beneficiary = terms.beneficiary;
    grant.allocation = terms.allocation;
    grant.first_period = terms.first_period;
    grant.periods = terms.periods;
    grant.cliff_periods = terms.cliff_periods;
    grant.time_weight = terms.time_weight;
    grant.kpi_weights[..terms.kpi_weights.len()].copy_from_slice(&terms.kpi_weights);
    grant.flags = if terms.revocable { REVOCABLE } else { 0 } | if terms.transferable { TRANSFERABLE } else { 0 };
    grant
}

fn at(grant: &CreateGrantArgs) -> usize {
    usize::try_from(grant.grant_index).expect("a small number")
}

fn block_of(hash: &Hash) -> u64 {
    u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("32 bytes"))
}

fn grants_of(transaction: &VersionedTransaction) -> Vec<CreateGrantArgs> {
    let keys = transaction.message.static_account_keys();
    let own = transaction.message.instructions().iter();
    own.filter(|call| keys[usize::from(call.program_id_index)] == crate::ID)
        .map(|call| CreateGrantArgs::deserialize(&mut &call.data[8..]).expect("the arguments of create_grant"))
        .collect()
}

fn away() -> ClientError {
    let error = client_error::ErrorKind::Io(io::ErrorKind::ConnectionRefused.into());
    ClientError::Rpc {
        what: "asking".to_owned(),
        cause: Box::new(error.into()),
    }
}

fn header() -> Header {
    Header {
        purpose: "grant import".to_owned(),
        subject: BTreeMap::from([("plan".to_owned(), PLAN.to_string())]),
    }
}

/// What the process would do, from its start: open the journal, find out what happened, make the rest.
async fn import(
    chain: &Chain,
    journal: &mut Journal<Planned>,
    rows: &[CreateGrantArgs],
) -> Result<ImportReport, ImportError> {
    let payer = Keypair::new_from_array([1; 32]);
    let import = GrantImport {
        chain,
        plan: PLAN,
        mint: MINT,
        payer: &payer,
        authority: &payer,
        options: Options {
            version: chain.version.get(),
            ..Options::default()
        },
    };
    let (mut progress, mut seen) = (Progress::default(), 0);
    let mut watch = |progress: &Progress| {
        assert!(progress.items >= seen, "items never become undone");
        seen = progress.items;
    };
    let made = import.resume(journal, rows, &mut progress, &mut watch).await?;
    import.run(journal, rows, made, &mut progress, &mut watch).await
}

/// A process that may be killed by the chain's script. None if it was.
async fn process(chain: &Chain, path: &Path, rows: &[CreateGrantArgs]) -> Option<ImportReport> {
    let mut journal = Journal::open(path, &header()).expect("a journal that can be read");
    tokio::select! {
        biased;
        () = chain.killed.notified() => None,
        report = import(chain, &mut journal, rows) => Some(report.expect("an import that ends")),
    }
}

fn journal_path() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.jsonl");
    (folder, path)
}

fn complete(report: &ImportReport, rows: &[CreateGrantArgs]) {
    assert_eq!(report.made.len(), rows.len());
    assert!(report.refused.is_empty() && report.left.is_empty(), "{report:?}");
    assert_eq!(report.stopped, None);
}

#[tokio::test(start_paused = true)]
async fn grants_are_packed_sent_without_waiting_and_made_once() {
    let rows = rows(100);
    // Seven grants a transaction, and twelve.
    for (version, transactions) in [(Version::Zero, 15), (Version::One, 9)] {
        let chain = Chain::new();
        chain.version.set(version);
        let report = import(&chain, &mut Journal::nowhere(), &rows).await.expect("an import");
        complete(&report, &rows);
        chain.has_exactly(&rows);
        let books = chain.books.borrow();
        assert_eq!(books.executed.len(), transactions);
        assert_eq!(books.posts, transactions, "nothing was sent twice");
        assert!(books.most_under_way > 1, "nothing waited for its turn");
        let indices: Vec<_> = report.made.iter().map(|made| made.grant_index).collect();
        assert_eq!(
            indices,
            (0..100).collect::<Vec<_>>(),
            "rows get their numbers in their order"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_is_lost_is_sent_again_as_it_was() {
    let rows = rows(100);
    // Requests: counter, blockhash, newest block, loaded data, four transactions.
    let chain = Chain::with_script([(6, Fault::Lose)]);
    let (_folder, path) = journal_path();
    let report = process(&chain, &path, &rows).await.expect("an import");
    complete(&report, &rows);
    chain.has_exactly(&rows);
    // The two after it came too early, and were signed anew in their turn.
    assert_eq!(chain.failures(), 2);
    let journal = Journal::<Planned>::open(&path, &header()).expect("a journal");
    assert_eq!(journal.attempts().len(), 17);
    assert!(
        journal
            .attempts()
            .iter()
            .all(|attempt| attempt.state != AttemptState::Expired)
    );
}

#[tokio::test(start_paused = true)]
async fn a_transaction_is_signed_anew_only_when_its_blockhash_has_expired() {
    let (chain, rows) = (Chain::new(), rows(40));
    chain.swallow.borrow_mut().push(Swallow {
        grant_index: 14,
        most: 2,
        signatures: HashSet::new(),
    });
    let report = import(&chain, &mut Journal::nowhere(), &rows).await.expect("an import");
    complete(&report, &rows);
    chain.has_exactly(&rows);
    let waited = chain.begin.elapsed();
    let lifetime = BLOCK * u32::try_from(LIFETIME).expect("a small number");
    assert!(
        waited > lifetime * 2,
        "two lifetimes passed before the third signature, not {waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_network_that_takes_nothing_is_given_up_with_everything_accounted_for() {
    let (chain, rows) = (Chain::new(), rows(40));
    chain.swallow.borrow_mut().push(Swallow {
        grant_index: 14,
        most: usize::MAX,
        signatures: HashSet::new(),
    });
    let report = import(&chain, &mut Journal::nowhere(), &rows).await.expect("an import");
    chain.has_exactly(&rows[..14]);
    assert_eq!(report.made.len(), 14);
    assert_eq!(report.left, (14..40).collect::<Vec<_>>());
    let stopped = report.stopped.expect("a reason");
    assert!(stopped.contains("takes no transactions"), "{stopped}");
}

#[tokio::test(start_paused = true)]
async fn an_error_at_any_request_changes_nothing() {
    let rows = rows(40);
    let clean = Chain::new();
    import(&clean, &mut Journal::nowhere(), &rows).await.expect("an import");
    let requests = clean.books.borrow().requests;
    assert!(requests > 10, "{requests}");
    for number in 1..=requests {
        for fault in [Fault::Error, Fault::ErrorAfter, Fault::Lose] {
            let chain = Chain::with_script([(number, fault)]);
            let report = import(&chain, &mut Journal::nowhere(), &rows).await;
            // Only the counter is read outside the engine, whose requests are repeated.
            match report {
                Ok(report) => {
                    complete(&report, &rows);
                    chain.has_exactly(&rows);
                }
                Err(ImportError::Endpoint(_)) => assert_eq!(number, 1, "{fault:?}"),
                Err(error) => panic!("request {number}, {fault:?}: {error}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_request_leaves_nothing_twice_and_nothing_out() {
    killed_at_any_request(Version::Zero, Version::Zero, &[1, 2, 3, 5, 9]).await;
}

/// What the first process signed may be executed, whatever the next one would send.
#[tokio::test(start_paused = true)]
async fn g16_another_version_after_a_kill_leaves_nothing_twice_and_nothing_out() {
    killed_at_any_request(Version::One, Version::Zero, &[1, 5]).await;
    killed_at_any_request(Version::Zero, Version::One, &[3]).await;
}

async fn killed_at_any_request(first: Version, next: Version, later: &[usize]) {
    let rows = rows(40);
    let clean = Chain::new();
    clean.version.set(first);
    import(&clean, &mut Journal::nowhere(), &rows).await.expect("an import");
    let requests = clean.books.borrow().requests;
    for fault in [Fault::KillBefore, Fault::KillAfter] {
        for number in 1..=requests {
            // Killed there, and when it resumes once more a few requests later.
            for again in later {
                let (_folder, path) = journal_path();
                let chain = Chain::with_script([(number, fault), (number + again, fault)]);
                chain.version.set(first);
                assert!(process(&chain, &path, &rows).await.is_none(), "{number} {fault:?}");
                chain.version.set(next);
                let mut report = process(&chain, &path, &rows).await;
                if report.is_none() {
                    report = process(&chain, &path, &rows).await;
                }
                complete(&report.expect("an import that ends"), &rows);
                chain.has_exactly(&rows);
            }
        }
    }
}

/// A file that breaks off in the middle of some write.
struct Breaking {
    file: fs::File,
    writes_left: Rc<Cell<usize>>,
    /// Of the last write, how many quarters get through.
    quarters: usize,
}

impl Sink for Breaking {
    fn append(&mut self, bytes: &[u8], durable: bool) -> io::Result<()> {
        let left = self.writes_left.get();
        if left == 0 {
            self.file.append(&bytes[..bytes.len() * self.quarters / 4], durable)?;
            return Err(io::Error::other("killed"));
        }
        self.writes_left.set(left - 1);
        self.file.append(bytes, durable)
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_write_to_the_journal_leaves_nothing_twice_and_nothing_out() {
    let rows = rows(100);
    for quarters in 0..=4 {
        for write in 1.. {
            let (_folder, path) = journal_path();
            let chain = Chain::new();
            let writes_left = Rc::new(Cell::new(write));
            let sink = Breaking {
                file: fs::File::create(&path).expect("a file"),
                writes_left: Rc::clone(&writes_left),
                quarters,
            };
            let mut journal = Journal::to(&path, Box::new(sink));
            journal.begin(&header()).expect("a first line");
            let first = import(&chain, &mut journal, &rows).await;
            drop(journal);
            if let Ok(report) = first {
                complete(&report, &rows);
                assert!(write > 5, "the journal is written again and again");
                break;
            }
            let report = process(&chain, &path, &rows).await.expect("an import");
            complete(&report, &rows);
            chain.has_exactly(&rows);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_signed_and_never_sent_is_sent_by_the_next_process_with_the_same_bytes() {
    let rows = rows(14);
    let (_folder, path) = journal_path();
    // Counter, blockhash, newest block, loaded data, then the first transaction.
    let chain = Chain::with_script([(5, Fault::KillBefore)]);
    assert!(process(&chain, &path, &rows).await.is_none());
    assert_eq!(chain.books.borrow().posts, 0);
    complete(&process(&chain, &path, &rows).await.expect("an import"), &rows);
    chain.has_exactly(&rows);
    let journal = Journal::<Planned>::open(&path, &header()).expect("a journal");
    assert_eq!(journal.attempts().len(), 2, "nothing was signed anew");
}

#[tokio::test(start_paused = true)]
async fn what_expired_while_no_process_ran_is_signed_anew() {
    let rows = rows(14);
    let (_folder, path) = journal_path();
    let chain = Chain::with_script([(5, Fault::KillBefore)]);
    assert!(process(&chain, &path, &rows).await.is_none());
    sleep(BLOCK * 100).await;
    complete(&process(&chain, &path, &rows).await.expect("an import"), &rows);
    chain.has_exactly(&rows);
    let journal = Journal::<Planned>::open(&path, &header()).expect("a journal");
    let states: Vec<_> = journal.attempts().iter().map(|attempt| &attempt.state).collect();
    assert!(
        matches!(states[..2], [AttemptState::Expired, AttemptState::Expired]),
        "{states:?}"
    );
    assert!(
        matches!(states[2..], [AttemptState::Executed(_), AttemptState::Executed(_)]),
        "{states:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_shows_what_the_endpoint_forgot() {
    let rows = rows(7);
    let (_folder, path) = journal_path();
    // Killed after the transaction arrived; then the endpoint forgets all transactions.
    let chain = Chain::with_script([(5, Fault::KillAfter)]);
    assert!(process(&chain, &path, &rows).await.is_none());
    sleep(BLOCK * 100).await;
    chain.books.borrow_mut().executed.clear();
    let report = process(&chain, &path, &rows).await.expect("an import");
    complete(&report, &rows);
    assert_eq!(report.made_before, 7);
    assert!(report.made.iter().all(|made| made.signature.is_none()));
    chain.has_exactly(&rows);
}

/// An endpoint, or somebody who wrote into the journal, called a transaction executed that was not.
#[tokio::test(start_paused = true)]
async fn what_the_journal_calls_executed_and_the_plan_does_not_count_is_followed_again() {
    let rows = rows(14);
    let (_folder, path) = journal_path();
    let chain = Chain::with_script([(5, Fault::KillBefore)]);
    assert!(process(&chain, &path, &rows).await.is_none());
    let mut journal = Journal::<Planned>::open(&path, &header()).expect("a journal");
    let signed: Vec<_> = journal.attempts().iter().map(|attempt| attempt.signature).collect();
    let executed = signed
        .into_iter()
        .map(|signature| (signature, AttemptState::Executed(5)));
    journal.settle(executed.collect()).expect("written");
    drop(journal);
    complete(&process(&chain, &path, &rows).await.expect("an import"), &rows);
    chain.has_exactly(&rows);
}

/// The plan's counter is read from a node that is behind the one that told of the transactions.
#[tokio::test(start_paused = true)]
async fn a_counter_that_is_behind_makes_no_grant_twice() {
    let rows = rows(14);
    for behind in [1, 9, 10, 11, 12, 20, 21, 25] {
        let (_folder, path) = journal_path();
        let chain = Chain::new();
        complete(&process(&chain, &path, &rows).await.expect("an import"), &rows);
        chain.behind.set(behind);
        for last in [false, false, true] {
            let mut journal = Journal::open(&path, &header()).expect("a journal");
            match import(&chain, &mut journal, &rows).await {
                Ok(report) => complete(&report, &rows),
                Err(ImportError::Unknown { .. }) => assert!(!last, "{behind}"),
                Err(error) => panic!("{behind}: {error}"),
            }
            chain.has_exactly(&rows);
        }
    }
}

/// A laptop that sleeps, or a process that is stopped and continued: it wakes up when the endpoint has forgotten what
/// it sent, or would have to search for it.
#[tokio::test(start_paused = true)]
async fn a_process_that_slept_makes_nothing_twice() {
    let rows = rows(40);
    for for_good in [false, true] {
        let chain = Chain::new();
        let mut journal = Journal::nowhere();
        let work = import(&chain, &mut journal, &rows);
        let sleeper = async {
            // All of the first window are posted and executed, and nothing of it shows yet.
            while chain.books.borrow().posts < 4 {
                sleep(LATENCY / 4).await;
            }
            chain.forgets.set(Some((Instant::now() + BLOCK * 2, for_good)));
        };
        let (report, ()) = tokio::join!(work, sleeper);
        chain.has_exactly(&rows);
        complete(&report.expect("an import"), &rows);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_within_the_patience_is_sat_out_and_a_longer_one_resumed() {
    let rows = rows(40);
    let (_folder, path) = journal_path();
    let chain = Chain::new();
    let outage = |from: u64, to: u64| {
        let now = Instant::now();
        chain
            .outage
            .set(Some((now + Duration::from_millis(from), now + Duration::from_secs(to))));
    };
    outage(150, 60);
    let mut journal = Journal::open(&path, &header()).expect("a journal");
    import(&chain, &mut journal, &rows[..20])
        .await
        .expect("an import after the outage");
    outage(150, 600);
    let error = import(&chain, &mut journal, &rows)
        .await
        .expect_err("the patience is over");
    assert!(error.to_string().contains("refused"), "{error}");
    drop(journal);
    sleep(Duration::from_secs(600)).await;
    complete(&process(&chain, &path, &rows).await.expect("an import"), &rows);
    chain.has_exactly(&rows);
}

#[tokio::test(start_paused = true)]
async fn numbers_that_a_stranger_takes_are_made_up_for() {
    for at in [0, 1, 7, 20, 35] {
        let (chain, rows) = (Chain::new(), rows(40));
        chain.stranger_at.set(Some(at));
        let report = import(&chain, &mut Journal::nowhere(), &rows).await.expect("an import");
        complete(&report, &rows);
        chain.has_exactly(&rows);
        assert_eq!(chain.books.borrow().grants.len(), 41, "the stranger's grant stands");
    }
}

#[tokio::test(start_paused = true)]
async fn whom_somebody_else_gives_a_grant_meanwhile_is_not_given_another_one() {
    for at in [0, 7, 20] {
        let (chain, rows) = (Chain::new(), rows(40));
        chain.stranger_at.set(Some(at));
        chain.stranger.borrow_mut().beneficiary = rows[39].beneficiary;
        let report = import(&chain, &mut Journal::nowhere(), &rows).await.expect("an import");
        let stopped = report.stopped.expect("a reason");
        assert!(stopped.contains(&rows[39].beneficiary.to_string()), "{stopped}");
        assert!(report.left.contains(&39) && report.made.len() + report.left.len() == 40);
        let given = chain
            .books
            .borrow()
            .grants
            .iter()
            .filter(|grant| grant.beneficiary == rows[39].beneficiary)
            .count();
        assert_eq!(given, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_refused_is_left_out_and_the_others_are_made() {
    for version in [Version::Zero, Version::One] {
        let (chain, rows) = (Chain::new(), rows(40));
        chain.version.set(version);
        refused_rows_are_left_out(&chain, rows).await;
    }
}

async fn refused_rows_are_left_out(chain: &Chain, mut rows: Vec<CreateGrantArgs>) {
    chain.most_allocation.set(1_000);
    for bad in [0, 17, 18, 39] {
        rows[bad].allocation = 1_001;
    }
    let report = import(chain, &mut Journal::nowhere(), &rows).await.expect("an import");
    let refused: Vec<_> = report.refused.iter().map(|fault| fault.row).collect();
    assert_eq!(refused, [0, 17, 18, 39]);
    assert!(report.refused[0].why.starts_with("AllocationOutOfLimits"));
    assert_eq!((report.made.len(), report.stopped), (36, None));
    let good: Vec<_> = rows.iter().filter(|row| row.allocation == 1_000).cloned().collect();
    chain.has_exactly(&good);
}

#[tokio::test(start_paused = true)]
async fn rows_refused_for_the_same_reason_are_found_without_sending_them() {
    let (chain, mut rows) = (Chain::new(), rows(100));
    chain.most_allocation.set(1_000);
    rows[20..90].iter_mut().for_each(|row| row.allocation = 2_000);
    let report = import(&chain, &mut Journal::nowhere(), &rows).await.expect("an import");
    let refused: Vec<_> = report.refused.iter().map(|fault| fault.row).collect();
    assert_eq!(refused, (20..90).collect::<Vec<_>>());
    assert_eq!((report.made.len(), report.stopped), (30, None));
    assert!(chain.failures() < 10, "{}", chain.failures());
}

#[tokio::test(start_paused = true)]
async fn what_concerns_all_rows_ends_the_import() {
    let (chain, rows) = (Chain::new(), rows(40));
    chain.ends_at.set(15);
    let report = import(&chain, &mut Journal::nowhere(), &rows).await.expect("an import");
    let stopped = report.stopped.expect("a reason");
    assert!(stopped.starts_with("EnrolmentEnded"), "{stopped}");
    assert_eq!((report.made.len(), report.left.len()), (14, 26));
    chain.has_exactly(&rows[..14]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_grew_gets_its_new_rows_only() {
    let (chain, all) = (Chain::new(), rows(40));
    let (_folder, path) = journal_path();
    process(&chain, &path, &all[..30]).await.expect("an import");
    let mut shuffled = all.clone();
    shuffled.reverse();
    let report = process(&chain, &path, &shuffled).await.expect("an import");
    complete(&report, &shuffled);
    assert_eq!(report.made_before, 30);
    chain.has_exactly(&all);
}

#[tokio::test(start_paused = true)]
async fn where_order_does_not_matter_one_failure_hinders_no_other() {
    let (chain, payer) = (Chain::new(), Keypair::new_from_array([1; 32]));
    chain.swallow.borrow_mut().push(Swallow {
        grant_index: 3,
        most: 1,
        signatures: HashSet::new(),
    });
    let bulk = Bulk {
        endpoint: &chain,
        fee_payer: &payer,
        signers: Vec::new(),
        options: Options {
            in_flight: 3,
            ..Options::default()
        },
    };
    // The fake knows grants only: number 0 first, then whatever comes in its turn; 7 never does.
    let job = |index: u32| {
        let mut args = row(u16::try_from(index).expect("a small number"));
        args.grant_index = index;
        let create = crate::wire::instructions::create_grant(&MINT, &MINT, &PLAN, &MINT, args);
        let mut create = create;
        create.accounts.iter_mut().for_each(|account| account.is_signer = false);
        Job {
            items: vec![index],
            instructions: vec![create],
            units: 1_000,
        }
    };
    let jobs: Vec<_> = [0, 1, 7, 2, 3].into_iter().map(job).collect();
    let mut progress = Progress::default();
    let mut journal = Journal::nowhere();
    let finished = bulk
        .run(&mut journal, &jobs, &mut progress, &mut |_| {})
        .await
        .expect("a run");
    let outcomes: Vec<_> = finished
        .iter()
        .map(|finished| (finished.items[0], matches!(finished.outcome, Outcome::Executed(_))))
        .collect();
    assert_eq!(outcomes, [(0, true), (1, true), (7, false), (2, true), (3, true)]);
    assert!(matches!(finished[2].outcome, Outcome::Failed { .. }));
    assert_eq!((progress.executed, progress.failed, progress.expired), (4, 1, 1));
    assert_eq!(progress.signatures, 5, "what expired cost nothing");
    assert!(chain.books.borrow().most_under_way <= 3);
}

#[test]
fn a_journal_is_for_one_purpose_one_process_and_whole_lines() {
    let (_folder, path) = journal_path();
    let journal = Journal::<Planned>::open(&path, &header()).expect("a new journal");
    let error = Journal::<Planned>::open(&path, &header()).expect_err("in use");
    assert!(matches!(error, JournalError::InUse(_)), "{error}");
    drop(journal);

    let mut other = header();
    other.subject.insert("plan".to_owned(), MINT.to_string());
    let error = Journal::<Planned>::open(&path, &other).expect_err("another plan's");
    assert!(
        error.to_string().contains(&format!("its plan is {PLAN}, not {MINT}")),
        "{error}"
    );

    // Cut off in the middle of a line: as if that line had never been written.
    let whole = fs::read(&path).expect("a file");
    fs::write(&path, [&whole[..], b"{\"event\":\"signed\",\"items\":[{\"ro"].concat()).expect("a file");
    drop(Journal::<Planned>::open(&path, &header()).expect("a journal"));
    assert_eq!(fs::read(&path).expect("a file"), whole);

    // Cut off in the first line.
    fs::write(&path, &whole[..whole.len() / 2]).expect("a file");
    drop(Journal::<Planned>::open(&path, &header()).expect("a journal"));
    assert_eq!(fs::read(&path).expect("a file"), whole);

    // Other files, without a line break at their end or with one: they stay as they are.
    let begin = std::str::from_utf8(&whole).expect("text").trim_end();
    let foreign = begin.replace(&PLAN.to_string(), &MINT.to_string());
    for other in ["[1,2,3]", "name,beneficiary\nAda,x", &format!("{foreign}\n{{\"event")] {
        fs::write(&path, other).expect("a file");
        drop(Journal::<Planned>::open(&path, &header()).expect_err("no journal of this work"));
        assert_eq!(fs::read_to_string(&path).expect("a file"), other);
    }

    fs::write(
        &path,
        [&whole[..], b"{\"event\":\"expired\",\"signature\":\"x\"}\n"].concat(),
    )
    .expect("a file");
    let error = Journal::<Planned>::open(&path, &header()).expect_err("nonsense");
    assert!(error.to_string().contains("line 2"), "{error}");
}
