//! A file that says what was signed before it is sent: one JSON object a line, written through to the disk.

use {
    crate::client::{of_bytes, to_bytes},
    base64::{Engine, prelude::BASE64_STANDARD},
    serde::{Deserialize, Serialize, de::DeserializeOwned},
    solana_signature::Signature,
    solana_transaction::versioned::VersionedTransaction,
    std::{
        collections::{BTreeMap, HashMap},
        fs::{File, OpenOptions, TryLockError},
        io::{self, Read, Write},
        path::{Path, PathBuf},
        str::FromStr,
    },
    thiserror::Error,
};

/// Version of the file's form.
const VERSION: u32 = 1;

/// Why a journal cannot be used.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("the journal {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's word for it.
        source: io::Error,
    },
    /// Another process works with it.
    #[error("the journal {0} is in use: another process is working on the same file; wait for it to end")]
    InUse(PathBuf),
    /// It belongs to other work.
    #[error(
        "the journal {path} belongs to other work: its {what} is {found}, not {expected}; name another file with --journal"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// It is another kind of file.
    #[error("{0} is not a journal, and was left as it is")]
    NoJournal(PathBuf),
    /// A line cannot be read.
    #[error(
        "the journal {path}, line {line}, cannot be read: {reason}; restore the file, it says what was already sent"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// What a journal is about. A file is used again only for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The kind of work.
    pub purpose: String,
    /// What it is done to: names and values.
    pub subject: BTreeMap<String, String>,
}

/// A transaction that was signed.
#[derive(Clone, Debug)]
pub struct Attempt<I> {
    /// What it does.
    pub items: Vec<I>,
    /// Its signature.
    pub signature: Signature,
    /// The last block in which it can be executed.
    pub last_valid_block_height: u64,
    /// Its bytes.
    pub transaction: VersionedTransaction,
    /// What is known to have become of it.
    pub state: AttemptState,
}

/// What is known to have become of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// Nothing: it may have been sent, or not.
    Open,
    /// It did what it should, in this slot.
    Executed(u64),
    /// It failed, for this reason, and changed nothing.
    Failed(String),
    /// It was never executed and cannot be any more.
    Expired,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
enum Line<I> {
    Journal {
        version: u32,
        purpose: String,
        subject: BTreeMap<String, String>,
    },
    Signed {
        items: Vec<I>,
        signature: String,
        last_valid_block_height: u64,
        transaction: String,
    },
    Executed {
        signature: String,
        slot: u64,
    },
    Failed {
        signature: String,
        reason: String,
    },
    Expired {
        signature: String,
    },
}

/// Where the lines go.
pub(super) trait Sink {
    /// Adds bytes at the end; `durable` ones are on the disk when this returns.
    fn append(&mut self, bytes: &[u8], durable: bool) -> io::Result<()>;
}

impl Sink for File {
    fn append(&mut self, bytes: &[u8], durable: bool) -> io::Result<()> {
        self.write_all(bytes)?;
        if durable { self.sync_data() } else { Ok(()) }
    }
}

/// No file: for work whose state is on the chain alone.
struct Nowhere;

impl Sink for Nowhere {
    fn append(&mut self, _bytes: &[u8], _durable: bool) -> io::Result<()> {
        Ok(())
    }
}

/// A write-ahead journal of transactions.
pub struct Journal<I> {
    path: PathBuf,
    sink: Box<dyn Sink>,
    attempts: Vec<Attempt<I>>,
    places: HashMap<Signature, usize>,
}

impl<I: Clone + Serialize + DeserializeOwned> Journal<I> {
    /// Opens the journal at `path` for work described by `header`, or begins it. A last line that was cut off by a
    /// crash is dropped: what it announced was not sent.
    ///
    /// # Errors
    /// If the file cannot be read or written, is in use, is about other work, or has a line that cannot be read.
    pub fn open(path: &Path, header: &Header) -> Result<Self, JournalError> {
        let io = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        // Only the end of a journal is cut off: another file that was named by mistake stays as it is.
        if whole == 0 && !is_begin_of(&bytes, header) {
            return Err(JournalError::NoJournal(path.to_owned()));
        }
        let cut = whole < bytes.len();
        bytes.truncate(whole);
        let sink = file.try_clone().map_err(io)?;
        let mut journal = Self::to(path, Box::new(sink));
        journal.read(&bytes, header)?;
        if cut {
            let length = u64::try_from(whole).map_err(|_| io(io::ErrorKind::FileTooLarge.into()))?;
            file.set_len(length).map_err(io)?;
        }
        if bytes.is_empty() {
            journal.begin(header)?;
            // The name of a new file is on the disk when its folder is.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = File::open(folder.unwrap_or(Path::new(".")));
            folder.and_then(|folder| folder.sync_all()).map_err(io)?;
        }
        Ok(journal)
    }

    /// A journal without a file: nothing survives the process.
    pub fn nowhere() -> Self {
        Self::to(Path::new(""), Box::new(Nowhere))
    }

    /// The transactions signed so far, in order.
    pub fn attempts(&self) -> &[Attempt<I>] {
        &self.attempts
    }

    /// Those of which nothing is known.
    pub(super) fn open_attempts(&self) -> Vec<Attempt<I>> {
        let open = self.attempts.iter();
        open.filter(|attempt| attempt.state == AttemptState::Open)
            .cloned()
            .collect()
    }

    /// Takes back what is noted of those that `is_doubted` names: it is to be found out anew.
    pub(super) fn reopen(&mut self, is_doubted: impl Fn(&Attempt<I>) -> bool) {
        for attempt in self.attempts.iter_mut().filter(|attempt| is_doubted(attempt)) {
            attempt.state = AttemptState::Open;
        }
    }

    /// Whether a transaction of this signature was noted before.
    pub(super) fn knows(&self, signature: &Signature) -> bool {
        self.places.contains_key(signature)
    }

    pub(super) fn to(path: &Path, sink: Box<dyn Sink>) -> Self {
        Self {
            path: path.to_owned(),
            sink,
            attempts: Vec::new(),
            places: HashMap::new(),
        }
    }

    pub(super) fn begin(&mut self, header: &Header) -> Result<(), JournalError> {
        self.write(&[first_line(header)], true)
    }

    /// Notes signed transactions. They are on the disk when this returns, so that they may be sent.
    pub(super) fn sign(&mut self, attempts: Vec<Attempt<I>>) -> Result<(), JournalError> {
        let lines: Vec<_> = attempts
            .iter()
            .map(|attempt| Line::Signed {
                items: attempt.items.clone(),
                signature: attempt.signature.to_string(),
                last_valid_block_height: attempt.last_valid_block_height,
                transaction: encode(&attempt.transaction),
            })
            .collect();
        self.write(&lines, true)?;
        attempts.into_iter().for_each(|attempt| self.note(attempt));
        Ok(())
    }

    /// Notes what became of transactions. A line that a crash loses is asked for again.
    pub(super) fn settle(&mut self, states: Vec<(Signature, AttemptState)>) -> Result<(), JournalError> {
        let lines: Vec<_> = states
            .iter()
            .filter_map(|(signature, state)| {
                let signature = signature.to_string();
                match state {
                    AttemptState::Open => None,
                    AttemptState::Executed(slot) => Some(Line::Executed { signature, slot: *slot }),
                    AttemptState::Failed(reason) => Some(Line::Failed {
                        signature,
                        reason: reason.clone(),
                    }),
                    AttemptState::Expired => Some(Line::Expired { signature }),
                }
            })
            .collect();
        self.write(&lines, false)?;
        for (signature, state) in states {
            self.set(&signature, state);
        }
        Ok(())
    }

    fn write(&mut self, lines: &[Line<I>], durable: bool) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, line).map_err(|error| self.failed(error.into()))?;
            bytes.push(b'\n');
        }
        let written = self.sink.append(&bytes, durable);
        written.map_err(|source| self.failed(source))
    }

    pub(super) fn read(&mut self, bytes: &[u8], header: &Header) -> Result<(), JournalError> {
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for (number, line) in (1..).zip(lines) {
            let corrupt = |reason: String| JournalError::Corrupt {
                path: self.path.clone(),
                line: number,
                reason,
            };
            let line: Line<I> = serde_json::from_slice(line).map_err(|error| corrupt(error.to_string()))?;
            if matches!(line, Line::Journal { .. }) != (number == 1) {
                return Err(corrupt(
                    "the first line, and no other, says what it is about".to_owned(),
                ));
            }
            let known = |text: &str| match Signature::from_str(text) {
                Ok(signature) if self.places.contains_key(&signature) => Ok(signature),
                _ => Err(corrupt(format!("{text} was not signed before"))),
            };
            match line {
                Line::Journal {
                    version,
                    purpose,
                    subject,
                } => self.compare(version, purpose, &subject, header)?,
                Line::Signed {
                    items,
                    signature,
                    last_valid_block_height,
                    transaction,
                } => {
                    let transaction = decode(&transaction).ok_or_else(|| corrupt("the transaction".to_owned()))?;
                    let first = transaction.signatures.first().copied().unwrap_or_default();
                    if first.to_string() != signature {
                        return Err(corrupt("the signature is not the transaction's".to_owned()));
                    }
                    self.note(Attempt {
                        items,
                        signature: first,
                        last_valid_block_height,
                        transaction,
                        state: AttemptState::Open,
                    });
                }
                Line::Executed { signature, slot } => {
                    let signature = known(&signature)?;
                    self.set(&signature, AttemptState::Executed(slot));
                }
                Line::Failed { signature, reason } => {
                    let signature = known(&signature)?;
                    self.set(&signature, AttemptState::Failed(reason));
                }
                Line::Expired { signature } => {
                    let signature = known(&signature)?;
                    self.set(&signature, AttemptState::Expired);
                }
            }
        }
        Ok(())
    }

    fn compare(
        &self,
        version: u32,
        purpose: String,
        subject: &BTreeMap<String, String>,
        header: &Header,
    ) -> Result<(), JournalError> {
        let foreign = |what: &str, expected: &str, found: &str| JournalError::Foreign {
            path: self.path.clone(),
            what: what.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        };
        if version != VERSION {
            return Err(foreign("version", &VERSION.to_string(), &version.to_string()));
        }
        if purpose != header.purpose {
            return Err(foreign("purpose", &header.purpose, &purpose));
        }
        for (name, expected) in &header.subject {
            let found = subject.get(name).map_or("missing", String::as_str);
            if found != expected {
                return Err(foreign(name, expected, found));
            }
        }
        Ok(())
    }

    fn note(&mut self, attempt: Attempt<I>) {
        self.places.insert(attempt.signature, self.attempts.len());
        self.attempts.push(attempt);
    }

    fn set(&mut self, signature: &Signature, state: AttemptState) {
        if let Some(attempt) = self
            .places
            .get(signature)
            .and_then(|place| self.attempts.get_mut(*place))
        {
            attempt.state = state;
        }
    }

    fn failed(&self, source: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

impl<I> std::fmt::Debug for Journal<I> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "Journal({}, {} transactions)",
            self.path.display(),
            self.attempts.len()
        )
    }
}

fn first_line<I>(header: &Header) -> Line<I> {
    Line::Journal {
        version: VERSION,
        purpose: header.purpose.clone(),
        subject: header.subject.clone(),
    }
}

/// Whether a crash may have left no more than `bytes` of the first line.
fn is_begin_of(bytes: &[u8], header: &Header) -> bool {
    serde_json::to_vec(&first_line::<()>(header)).is_ok_and(|line| line.starts_with(bytes))
}

fn encode(transaction: &VersionedTransaction) -> String {
    BASE64_STANDARD.encode(to_bytes(transaction))
}

fn decode(text: &str) -> Option<VersionedTransaction> {
    of_bytes(&BASE64_STANDARD.decode(text).ok()?)
}
