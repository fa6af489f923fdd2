//! What the daemon has measured, signed and sent, written down before it happens, so that nothing happens twice.
//!
//! One writer: the folder is locked while a daemon runs on it.

use {
    crate::{evidence::Hash, sources::Entry},
    rusqlite::{Connection, OptionalExtension, Row, params},
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::{
        fs::{self, File, OpenOptions, TryLockError},
        io,
        os::unix::fs::{OpenOptionsExt, PermissionsExt},
        path::{Path, PathBuf},
        time::Duration,
    },
    thiserror::Error,
};

/// What a vote is on. At most one vote of this oracle is ever made on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The plan.
    pub plan: Pubkey,
    /// Number of the KPI.
    pub kpi: u8,
    /// Number of the period.
    pub period: u16,
    /// The plan again, or a grant for an individual KPI.
    pub subject: Pubkey,
}

/// A value that has passed all checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The value, fixed point with the KPI's decimals.
    pub value: i64,
    /// Hash of its evidence.
    pub evidence: Hash,
    /// When it was measured, Unix seconds.
    pub at: i64,
}

/// A transaction that was signed and may have been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its first signature.
    pub signature: Signature,
    /// The last block in which it can be executed.
    pub last_valid_block_height: u64,
    /// Its bytes.
    pub transaction: Vec<u8>,
    /// The votes in it.
    pub targets: Vec<Target>,
}

/// A vote that the chain has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The value on chain.
    pub value: i64,
    /// The evidence hash on chain.
    pub evidence: Hash,
    /// The transaction, if this daemon saw it.
    pub signature: Option<Signature>,
    /// When it was found there, Unix seconds.
    pub at: i64,
}

/// A dispute that was signed and may have been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Its first signature.
    pub signature: Signature,
    /// The last block in which it can be executed, and its bytes; none if a daemon of before wrote it down.
    pub sent: Option<(u64, Vec<u8>)>,
}

/// A value that is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The feed.
    pub feed: String,
    /// What it is about.
    pub target: Target,
    /// Kind of the reason.
    pub kind: String,
    /// The reason.
    pub reason: String,
    /// Since when, Unix seconds.
    pub since: i64,
}

/// Why the journal cannot be used.
#[derive(Debug, Error)]
pub enum JournalError {
    /// Another daemon has it.
    #[error(
        "another earnout-oracle uses {folder}: two copies could report twice. Stop one of them, or give each its own folder and key",
        folder = .0.display()
    )]
    Locked(PathBuf),
    /// The folder cannot be used.
    #[error("{what} {file}: {error}", file = .file.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why it failed.
        error: io::Error,
    },
    /// The database refused, for example because the disk is full.
    #[error("the journal cannot be written or read, so nothing is sent: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database holds something that this version does not write.
    #[error("the journal holds something unreadable: {0}")]
    Unreadable(String),
    /// A value was taken back before it was sent.
    #[error("a value was forgotten before it was sent: it is measured again")]
    Forgotten,
    /// The database is of a newer version.
    #[error("the journal is of version {0}, this daemon knows {VERSION}: use the newer daemon")]
    Newer(i64),
}

const VERSION: i64 = 2;

/// How often a lock is tried for, and the pause between.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Keys and hashes are blobs, times Unix seconds. `measured` and `votes` are never changed once written.
const SCHEMA: &str = "
    CREATE TABLE measured (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, subject BLOB NOT NULL,
        value INTEGER NOT NULL, evidence BLOB NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (plan, kpi, period, subject)
    ) STRICT;
    CREATE TABLE attempts (
        signature TEXT PRIMARY KEY, last_valid_block_height INTEGER NOT NULL, transaction_bytes BLOB NOT NULL,
        at INTEGER NOT NULL, outcome TEXT
    ) STRICT;
    CREATE TABLE attempted (
        signature TEXT NOT NULL REFERENCES attempts,
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, subject BLOB NOT NULL,
        PRIMARY KEY (signature, plan, kpi, period, subject)
    ) STRICT;
    CREATE TABLE votes (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, subject BLOB NOT NULL,
        value INTEGER NOT NULL, evidence BLOB NOT NULL, signature TEXT, at INTEGER NOT NULL,
        PRIMARY KEY (plan, kpi, period, subject)
    ) STRICT;
    CREATE TABLE holds (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, subject BLOB NOT NULL,
        feed TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL,
        PRIMARY KEY (plan, kpi, period, subject)
    ) STRICT;
    CREATE TABLE entries (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, subject BLOB NOT NULL,
        value TEXT NOT NULL, note TEXT NOT NULL, entered_by TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (plan, kpi, period, subject)
    ) STRICT;
    CREATE TABLE disputes (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, subject BLOB NOT NULL,
        signature TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (plan, kpi, period, subject)
    ) STRICT;
";

/// What the second version added: disputes are followed as votes are. Those of before have only their signature.
const SECOND: &str = "
    ALTER TABLE disputes ADD COLUMN last_valid_block_height INTEGER;
    ALTER TABLE disputes ADD COLUMN transaction_bytes BLOB;
";

/// The daemon's memory.
pub struct Journal {
    database: Connection,
    /// Keeps other daemons out as long as this lives; none for a reader.
    _lock: Option<File>,
}

impl Journal {
    /// Opens the journal in `folder` for the daemon that sends; makes it if it is not there.
    ///
    /// # Errors
    /// `Locked` if another daemon runs on it, and if it cannot be written.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let lock = lock(&folder.join("lock"))?.ok_or_else(|| JournalError::Locked(folder.to_owned()))?;
        Self::connect(folder, Some(lock))
    }

    /// Opens the journal in `folder` beside the daemon that sends.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn beside(folder: &Path) -> Result<Self, JournalError> {
        Self::connect(folder, None)
    }

    fn connect(folder: &Path, lock: Option<File>) -> Result<Self, JournalError> {
        let file = folder.join("journal.db");
        private(folder)?;
        // SQLite gives its other files the permissions of this one.
        let made = OpenOptions::new().create(true).append(true).mode(0o600).open(&file);
        made.map_err(|error| JournalError::Io {
            what: "cannot open",
            file: file.clone(),
            error,
        })?;
        private(&file)?;
        let mut database = Connection::open(&file)?;
        database.busy_timeout(Duration::from_secs(10))?;
        database.pragma_update(None, "journal_mode", "WAL")?;
        // Every commit is on the disk before the call returns: what is sent next has to be known after a crash.
        database.pragma_update(None, "synchronous", "FULL")?;
        database.pragma_update(None, "foreign_keys", true)?;
        let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if !(0..=VERSION).contains(&version) {
            return Err(JournalError::Newer(version));
        }
        for (made_by, change) in [(1, SCHEMA), (2, SECOND)] {
            if version < made_by {
                transaction.execute_batch(change)?;
            }
        }
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        Ok(Self { database, _lock: lock })
    }

    /// What was measured for `target`, if it was.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn measured(&self, target: &Target) -> Result<Option<Measured>, JournalError> {
        let sql =
            "SELECT value, evidence, at FROM measured WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4";
        let found = self.database.prepare_cached(sql)?.query_row(key(target), |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?))
        });
        let Some((value, evidence, at)) = found.optional()? else {
            return Ok(None);
        };
        Ok(Some(Measured {
            value,
            evidence: hash(&evidence)?,
            at,
        }))
    }

    /// Writes down what was measured, which ends a hold. A second value for the same target is refused: what was measured
    /// once stays.
    ///
    /// # Errors
    /// If there is a value already, or the journal cannot be written.
    pub fn record_measured(&mut self, target: &Target, measured: &Measured) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let (plan, kpi, period, subject) = key(target);
        transaction.execute(
            "INSERT INTO measured VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                plan,
                kpi,
                period,
                subject,
                measured.value,
                &measured.evidence[..],
                measured.at
            ],
        )?;
        transaction.execute(
            "DELETE FROM holds WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4",
            (plan, kpi, period, subject),
        )?;
        Ok(transaction.commit()?)
    }

    /// Forgets a measurement that was never signed, so that it can be made again.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn forget_measured(&mut self, target: &Target) -> Result<bool, JournalError> {
        let (plan, kpi, period, subject) = key(target);
        let deleted = self.database.execute(
            "DELETE FROM measured WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4
             AND NOT EXISTS (SELECT 1 FROM attempted WHERE attempted.plan = ?1 AND attempted.kpi = ?2
                 AND attempted.period = ?3 AND attempted.subject = ?4)
             AND NOT EXISTS (SELECT 1 FROM votes WHERE votes.plan = ?1 AND votes.kpi = ?2
                 AND votes.period = ?3 AND votes.subject = ?4)",
            (plan, kpi, period, subject),
        )?;
        Ok(deleted > 0)
    }

    /// Writes down a signed transaction. Only after this may it be sent.
    ///
    /// # Errors
    /// `Forgotten` if somebody forgot one of the values in the meantime, and if the journal cannot be written.
    pub fn record_attempt(&mut self, attempt: &Attempt, at: i64) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let signature = attempt.signature.to_string();
        let height = i64::try_from(attempt.last_valid_block_height).unwrap_or(i64::MAX);
        transaction.execute(
            "INSERT INTO attempts VALUES (?1, ?2, ?3, ?4, NULL)",
            params![signature, height, attempt.transaction, at],
        )?;
        for target in &attempt.targets {
            let (plan, kpi, period, subject) = key(target);
            let sql = "SELECT 1 FROM measured WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4";
            if !transaction.prepare_cached(sql)?.exists((plan, kpi, period, subject))? {
                return Err(JournalError::Forgotten);
            }
            transaction.execute(
                "INSERT INTO attempted VALUES (?1, ?2, ?3, ?4, ?5)",
                params![signature, plan, kpi, period, subject],
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// Transactions of which it is not known what became of them.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn open_attempts(&self) -> Result<Vec<Attempt>, JournalError> {
        let sql = "SELECT signature, last_valid_block_height, transaction_bytes FROM attempts WHERE outcome IS NULL ORDER BY at";
        let mut statement = self.database.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, Vec<u8>>(2)?,
            ))
        })?;
        let mut attempts = Vec::new();
        for row in rows {
            let (text, height, transaction) = row?;
            let sql = "SELECT plan, kpi, period, subject FROM attempted WHERE signature = ?1";
            let mut statement = self.database.prepare_cached(sql)?;
            let targets = statement.query_map([&text], |row| Ok(target(row)))?;
            attempts.push(Attempt {
                signature: text.parse().map_err(|_| JournalError::Unreadable(text.clone()))?,
                last_valid_block_height: u64::try_from(height).unwrap_or_default(),
                transaction,
                targets: targets.collect::<Result<Result<_, _>, _>>()??,
            });
        }
        Ok(attempts)
    }

    /// Writes down what became of a transaction: `confirmed`, `expired`, or why it failed.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn close_attempt(&self, signature: &Signature, outcome: &str) -> Result<(), JournalError> {
        self.database.execute(
            "UPDATE attempts SET outcome = ?2 WHERE signature = ?1",
            (signature.to_string(), outcome),
        )?;
        Ok(())
    }

    /// Takes a transaction that was executed for one of which that is not known again, and forgets the vote on `target` that
    /// it made.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn reopen_attempt(&mut self, signature: &Signature, target: &Target) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        transaction.execute(
            "UPDATE attempts SET outcome = NULL WHERE signature = ?1",
            [signature.to_string()],
        )?;
        transaction.execute(
            "DELETE FROM votes WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4",
            key(target),
        )?;
        Ok(transaction.commit()?)
    }

    /// How many transactions were signed, and how many of them ended as `outcome`.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn attempts(&self, outcome: &str) -> Result<(u64, u64), JournalError> {
        let sql = "SELECT count(*), count(*) FILTER (WHERE outcome = ?1) FROM attempts";
        let (all, ended): (i64, i64) = self
            .database
            .query_row(sql, [outcome], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((
            u64::try_from(all).unwrap_or_default(),
            u64::try_from(ended).unwrap_or_default(),
        ))
    }

    /// The vote on `target` that the chain has, as far as this daemon knows.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn vote(&self, target: &Target) -> Result<Option<Vote>, JournalError> {
        let sql = "SELECT value, evidence, signature, at FROM votes WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4";
        let found = self.database.prepare_cached(sql)?.query_row(key(target), |row| {
            Ok((
                row.get(0)?,
                row.get::<_, Vec<u8>>(1)?,
                row.get::<_, Option<String>>(2)?,
                row.get(3)?,
            ))
        });
        let Some((value, evidence, signature, at)) = found.optional()? else {
            return Ok(None);
        };
        Ok(Some(Vote {
            value,
            evidence: hash(&evidence)?,
            signature: signature.and_then(|text| text.parse().ok()),
            at,
        }))
    }

    /// What this oracle voted on in one period of a plan.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn voted(&self, plan: &Pubkey, period: u16) -> Result<Vec<Target>, JournalError> {
        let sql = "SELECT plan, kpi, period, subject FROM votes WHERE plan = ?1 AND period = ?2 ORDER BY kpi, subject";
        let mut statement = self.database.prepare_cached(sql)?;
        let rows = statement.query_map((plan.to_bytes(), period), |row| Ok(target(row)))?;
        rows.collect::<Result<Result<_, _>, _>>()?
    }

    /// Writes down that the chain has the vote. Saying so again changes nothing.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn record_vote(&mut self, target: &Target, vote: &Vote) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let (plan, kpi, period, subject) = key(target);
        transaction.execute(
            "INSERT OR IGNORE INTO votes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                plan,
                kpi,
                period,
                subject,
                vote.value,
                &vote.evidence[..],
                vote.signature.map(|signature| signature.to_string()),
                vote.at
            ],
        )?;
        transaction.execute(
            "DELETE FROM holds WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4",
            (plan, kpi, period, subject),
        )?;
        Ok(transaction.commit()?)
    }

    /// Forgets a vote that the chain does not have any more.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn forget_vote(&self, target: &Target) -> Result<(), JournalError> {
        self.database.execute(
            "DELETE FROM votes WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4",
            key(target),
        )?;
        Ok(())
    }

    /// Writes down that a value is held; `true` if that is news.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn hold(&self, held: &Held) -> Result<bool, JournalError> {
        let (plan, kpi, period, subject) = key(&held.target);
        let known = "SELECT 1 FROM holds WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4 AND kind = ?5";
        let known = self
            .database
            .prepare_cached(known)?
            .exists((plan, kpi, period, subject, &held.kind))?;
        self.database.execute(
            "INSERT INTO holds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET kind = ?6, reason = ?7",
            params![
                plan,
                kpi,
                period,
                subject,
                held.feed,
                held.kind,
                held.reason,
                held.since
            ],
        )?;
        Ok(!known)
    }

    /// Everything that is held.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn holds(&self) -> Result<Vec<Held>, JournalError> {
        let sql = "SELECT plan, kpi, period, subject, feed, kind, reason, since FROM holds ORDER BY since";
        let mut statement = self.database.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok((target(row), row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?))
        })?;
        rows.map(|row| {
            let (target, feed, kind, reason, since) = row?;
            Ok(Held {
                feed,
                target: target?,
                kind,
                reason,
                since,
            })
        })
        .collect()
    }

    /// Ends a hold whose window is over.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn end_hold(&self, target: &Target) -> Result<(), JournalError> {
        self.database.execute(
            "DELETE FROM holds WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4",
            key(target),
        )?;
        Ok(())
    }

    /// What somebody entered for `target`.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn entry(&self, target: &Target) -> Result<Option<Entry>, JournalError> {
        let sql = "SELECT value, note, entered_by, at FROM entries WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4";
        let found = self.database.prepare_cached(sql)?.query_row(key(target), |row| {
            Ok(Entry {
                value: row.get(0)?,
                note: row.get(1)?,
                entered_by: row.get(2)?,
                entered_at: row.get(3)?,
            })
        });
        Ok(found.optional()?)
    }

    /// Writes down what somebody enters, in place of what was entered before.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn enter(&self, target: &Target, entry: &Entry) -> Result<(), JournalError> {
        let (plan, kpi, period, subject) = key(target);
        self.database.execute(
            "INSERT OR REPLACE INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                plan,
                kpi,
                period,
                subject,
                entry.value,
                entry.note,
                entry.entered_by,
                entry.entered_at
            ],
        )?;
        Ok(())
    }

    /// The dispute of the value of `target` that this daemon has signed.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn disputed(&self, target: &Target) -> Result<Option<Dispute>, JournalError> {
        let sql = "SELECT signature, last_valid_block_height, transaction_bytes FROM disputes
            WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4";
        let found = self.database.prepare_cached(sql)?.query_row(key(target), |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<i64>>(1)?,
                row.get::<_, Option<Vec<u8>>>(2)?,
            ))
        });
        let Some((text, height, transaction)) = found.optional()? else {
            return Ok(None);
        };
        let sent = height.zip(transaction);
        Ok(Some(Dispute {
            signature: text.parse().map_err(|_| JournalError::Unreadable(text))?,
            sent: sent.map(|(height, transaction)| (u64::try_from(height).unwrap_or_default(), transaction)),
        }))
    }

    /// Forgets a dispute that can never be executed any more.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn forget_dispute(&self, target: &Target) -> Result<(), JournalError> {
        self.database.execute(
            "DELETE FROM disputes WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND subject = ?4",
            key(target),
        )?;
        Ok(())
    }

    /// Writes down a dispute, before it is sent: its transaction and the last block in which that can be executed.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn record_dispute(
        &self,
        target: &Target,
        signature: &Signature,
        last_valid_block_height: u64,
        transaction: &[u8],
        at: i64,
    ) -> Result<(), JournalError> {
        let (plan, kpi, period, subject) = key(target);
        let height = i64::try_from(last_valid_block_height).unwrap_or(i64::MAX);
        self.database.execute(
            "INSERT INTO disputes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                plan,
                kpi,
                period,
                subject,
                signature.to_string(),
                at,
                height,
                transaction
            ],
        )?;
        Ok(())
    }
}

/// Takes every right on a file or folder away from everybody but its owner: values are known here before they are published.
fn private(path: &Path) -> Result<(), JournalError> {
    let change = || -> io::Result<()> {
        let mut permissions = fs::metadata(path)?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(permissions.mode() & 0o700);
            fs::set_permissions(path, permissions)?;
        }
        Ok(())
    };
    change().map_err(|error| JournalError::Io {
        what: "cannot keep others out of",
        file: path.to_owned(),
        error,
    })
}

/// Locks a file for as long as what is returned lives; none if somebody else has it.
///
/// # Errors
/// If the file cannot be used.
pub fn lock(file: &Path) -> Result<Option<File>, JournalError> {
    let failed = |what| {
        let file = file.to_owned();
        move |error| JournalError::Io { what, file, error }
    };
    let handle = OpenOptions::new().create(true).append(true).open(file);
    let handle = handle.map_err(failed("cannot open"))?;
    // A program that is being started holds its parent's locks for a moment, also those that the parent gave up just now.
    for _ in 0..LOCK_TRIES {
        match handle.try_lock() {
            Ok(()) => return Ok(Some(handle)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed("cannot lock")(error)),
        }
    }
    Ok(None)
}

fn key(target: &Target) -> ([u8; 32], u8, u16, [u8; 32]) {
    (
        target.plan.to_bytes(),
        target.kpi,
        target.period,
        target.subject.to_bytes(),
    )
}

/// The target in the first four columns.
fn target(row: &Row<'_>) -> Result<Target, JournalError> {
    let plan: Vec<u8> = row.get(0)?;
    let subject: Vec<u8> = row.get(3)?;
    Ok(Target {
        plan: Pubkey::new_from_array(hash(&plan)?),
        kpi: row.get(1)?,
        period: row.get(2)?,
        subject: Pubkey::new_from_array(hash(&subject)?),
    })
}

fn hash(bytes: &[u8]) -> Result<Hash, JournalError> {
    bytes
        .try_into()
        .map_err(|_| JournalError::Unreadable(format!("{} bytes where 32 belong", bytes.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kpi: u8) -> Target {
        Target {
            plan: Pubkey::new_from_array([1; 32]),
            kpi,
            period: 3,
            subject: Pubkey::new_from_array([2; 32]),
        }
    }

    fn measured(value: i64) -> Measured {
        Measured {
            value,
            evidence: [7; 32],
            at: 1_814_400_000,
        }
    }

    fn attempt(number: u8, targets: Vec<Target>) -> Attempt {
        Attempt {
            signature: Signature::from([number; 64]),
            last_valid_block_height: 500,
            transaction: vec![1, 2, 3],
            targets,
        }
    }

    #[test]
    fn what_was_measured_once_stays() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        assert_eq!(journal.measured(&target(0)).unwrap(), None);
        journal.record_measured(&target(0), &measured(-5)).unwrap();
        assert!(journal.record_measured(&target(0), &measured(6)).is_err());
        assert_eq!(journal.measured(&target(0)).unwrap(), Some(measured(-5)));
        drop(journal);
        let mut journal = Journal::open(dir.path()).unwrap();
        assert_eq!(journal.measured(&target(0)).unwrap(), Some(measured(-5)));
        assert!(journal.forget_measured(&target(0)).unwrap(), "nothing was signed yet");
        journal.record_measured(&target(0), &measured(6)).unwrap();
        journal.record_attempt(&attempt(1, vec![target(0)]), 1).unwrap();
        assert!(!journal.forget_measured(&target(0)).unwrap(), "it may be on its way");
    }

    #[test]
    fn attempts_are_known_until_they_have_ended() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        for kpi in 0..3 {
            journal.record_measured(&target(kpi), &measured(5)).unwrap();
        }
        let first = attempt(1, vec![target(0), target(1)]);
        journal.record_attempt(&first, 1).unwrap();
        journal.record_attempt(&attempt(2, vec![target(2)]), 2).unwrap();
        assert!(journal.record_attempt(&first, 3).is_err(), "a signature is signed once");
        assert_eq!(journal.open_attempts().unwrap()[0], first);
        journal.close_attempt(&first.signature, "confirmed").unwrap();
        assert_eq!(journal.open_attempts().unwrap(), vec![attempt(2, vec![target(2)])]);
        assert_eq!(journal.attempts("confirmed").unwrap(), (2, 1));
    }

    #[test]
    fn holds_are_news_once_and_end_with_a_value() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let mut held = Held {
            feed: "mau".to_owned(),
            target: target(0),
            kind: "source".to_owned(),
            reason: "down".to_owned(),
            since: 5,
        };
        assert!(journal.hold(&held).unwrap());
        held.reason = "still down".to_owned();
        assert!(!journal.hold(&held).unwrap());
        assert_eq!(
            journal.holds().unwrap(),
            vec![held.clone()],
            "the newest reason is shown"
        );
        held.kind = "range".to_owned();
        assert!(journal.hold(&held).unwrap());
        assert_eq!(journal.holds().unwrap(), vec![held]);
        journal.record_measured(&target(0), &measured(1)).unwrap();
        assert_eq!(journal.holds().unwrap(), vec![]);
    }

    #[test]
    fn votes_and_entries() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let vote = Vote {
            value: 9,
            evidence: [7; 32],
            signature: Some(Signature::from([3; 64])),
            at: 4,
        };
        journal.record_vote(&target(0), &vote).unwrap();
        journal.record_vote(&target(0), &Vote { value: 10, ..vote }).unwrap();
        assert_eq!(journal.vote(&target(0)).unwrap(), Some(vote), "the first word stands");
        let entry = Entry {
            value: "5".to_owned(),
            note: "counted".to_owned(),
            entered_by: "ann".to_owned(),
            entered_at: 6,
        };
        journal.enter(&target(1), &entry).unwrap();
        assert_eq!(journal.entry(&target(1)).unwrap(), Some(entry));
        assert_eq!(journal.entry(&target(0)).unwrap(), None);
        let signature = Signature::from([5; 64]);
        assert_eq!(journal.disputed(&target(0)).unwrap(), None);
        journal.record_dispute(&target(0), &signature, 500, &[1, 2], 7).unwrap();
        let sent = Some((500, vec![1, 2]));
        assert_eq!(journal.disputed(&target(0)).unwrap(), Some(Dispute { signature, sent }));
        assert!(
            journal.record_dispute(&target(0), &signature, 500, &[1, 2], 8).is_err(),
            "one at a time"
        );
        journal.forget_dispute(&target(0)).unwrap();
        assert_eq!(journal.disputed(&target(0)).unwrap(), None);
    }

    #[test]
    fn others_cannot_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("state");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let journal = Journal::open(&folder).unwrap();
        journal.forget_vote(&target(0)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            if file.ends_with("lock") {
                continue;
            }
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    }

    #[test]
    fn what_was_forgotten_is_not_sent() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.record_measured(&target(0), &measured(5)).unwrap();
        assert!(journal.forget_measured(&target(0)).unwrap());
        let refused = journal.record_attempt(&attempt(1, vec![target(0)]), 1);
        assert!(matches!(refused, Err(JournalError::Forgotten)));
        assert_eq!(journal.open_attempts().unwrap(), vec![]);
    }

    #[test]
    fn one_daemon_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Journal::open(dir.path()).unwrap();
        assert!(matches!(Journal::open(dir.path()), Err(JournalError::Locked(_))));
        assert!(Journal::beside(dir.path()).is_ok(), "reading beside it is fine");
        drop(first);
        assert!(Journal::open(dir.path()).is_ok());
    }

    #[test]
    fn a_vote_that_is_gone_opens_its_transaction_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.record_measured(&target(0), &measured(5)).unwrap();
        let sent = attempt(1, vec![target(0)]);
        journal.record_attempt(&sent, 1).unwrap();
        journal.close_attempt(&sent.signature, "confirmed").unwrap();
        let vote = Vote {
            value: 5,
            evidence: [7; 32],
            signature: Some(sent.signature),
            at: 2,
        };
        journal.record_vote(&target(0), &vote).unwrap();
        journal.reopen_attempt(&sent.signature, &target(0)).unwrap();
        assert_eq!(journal.open_attempts().unwrap(), [sent]);
        assert_eq!(journal.vote(&target(0)).unwrap(), None);
        assert_eq!(
            journal.measured(&target(0)).unwrap(),
            Some(measured(5)),
            "the same value is voted"
        );
    }

    #[test]
    fn a_journal_of_before_keeps_what_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let database = Connection::open(dir.path().join("journal.db")).unwrap();
        database.execute_batch(SCHEMA).unwrap();
        database.pragma_update(None, "user_version", 1).unwrap();
        let signature = Signature::from([5; 64]);
        let (plan, kpi, period, subject) = key(&target(0));
        database
            .execute(
                "INSERT INTO disputes VALUES (?1, ?2, ?3, ?4, ?5, 7)",
                params![plan, kpi, period, subject, signature.to_string()],
            )
            .unwrap();
        drop(database);
        for _ in 0..2 {
            let journal = Journal::open(dir.path()).unwrap();
            let found = journal.disputed(&target(0)).unwrap();
            assert_eq!(found, Some(Dispute { signature, sent: None }));
        }
    }

    #[test]
    fn a_newer_journal_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        drop(Journal::open(dir.path()).unwrap());
        let database = Connection::open(dir.path().join("journal.db")).unwrap();
        database.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(Journal::open(dir.path()), Err(JournalError::Newer(99))));
    }
}
