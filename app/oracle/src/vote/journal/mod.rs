//! What the daemon has measured, signed and sent, written down before it happens, so that nothing happens twice.
//!
//! One writer: the folder is locked while a daemon runs on it.

mod lock;
mod schema;
mod sent;
mod values;

pub use lock::lock;

use {
    crate::measure::Hash,
    earnout::{constants::PAGE_GRANTS, state},
    earnout_sdk::wire::{Manifest, pda},
    lock::private,
    rusqlite::{Connection, OptionalExtension, Row, ToSql, types::Type},
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::{
        fs::{File, OpenOptions},
        io,
        os::unix::fs::OpenOptionsExt,
        path::{Path, PathBuf},
    },
    thiserror::Error,
};

/// What a vote is on. At most one vote of this oracle is ever made on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    pub plan: Pubkey,
    /// Number of the KPI.
    pub kpi: u8,
    /// Number of the period.
    pub period: u16,
    /// Index of the grant; none for a shared KPI.
    pub grant: Option<u32>,
}

impl Target {
    /// Where the vote is on chain.
    pub fn place(&self) -> Place {
        Place {
            plan: self.plan,
            kpi: self.kpi,
            period: self.period,
            page: self.grant.map(|grant| state::place(grant).0),
        }
    }
}

/// Where votes are on chain: in the attestation of a shared KPI, or in a page of an individual one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub plan: Pubkey,
    /// Number of the KPI.
    pub kpi: u8,
    /// Number of the period.
    pub period: u16,
    /// Number of the page; none for a shared KPI.
    pub page: Option<u32>,
}

impl Place {
    /// Its address.
    pub fn address(&self) -> Pubkey {
        match self.page {
            None => pda::attestation(&self.plan, self.kpi, self.period),
            Some(page) => pda::page(&self.plan, self.kpi, self.period, page),
        }
    }

    /// Whether `manifest` lists votes of this page.
    pub fn is_of(&self, manifest: &Manifest) -> bool {
        let (plan, page) = (manifest.plan, Some(manifest.page));
        (plan, manifest.kpi, manifest.period, page) == (self.plan, self.kpi, self.period, self.page)
    }

    /// The first and the last grant, as the tables have them.
    fn grants(&self) -> (i64, i64) {
        let Some(page) = self.page else {
            return (SHARED, SHARED);
        };
        let first = i64::from(page).saturating_mul(i64::from(PAGE_GRANTS));
        (first, first.saturating_add(i64::from(PAGE_GRANTS)).saturating_sub(1))
    }
}

/// A value that has passed all checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The value, fixed point with the KPI's decimals.
    pub value: i64,
    pub evidence: Hash,
    /// When it was measured, Unix seconds.
    pub at: i64,
}

/// A transaction with votes that was signed and may have been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedVotes {
    /// Its first signature.
    pub signature: Signature,
    /// The last block in which it can be executed.
    pub last_valid_block_height: u64,
    /// Its bytes.
    pub transaction: Vec<u8>,
    /// The votes in it, each with the evidence hash that the chain gets: of its document, or of the page's manifest.
    pub votes: Vec<(Target, Hash)>,
}

/// A vote that the chain has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The value on chain.
    pub value: i64,
    /// Hash of the document from which it follows. None for a vote in a page that this daemon did not measure: the page
    /// has the hash of a manifest alone.
    pub evidence: Option<Hash>,
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
    /// The last block in which it can be executed.
    pub last_valid_block_height: u64,
    /// Its bytes.
    pub transaction: Vec<u8>,
}

/// A value that is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub feed: String,
    pub target: Target,
    /// Kind of the reason.
    pub kind: String,
    pub reason: String,
    /// Since when, Unix seconds.
    pub since: i64,
}

/// Why the journal cannot be used.
#[derive(Debug, Error)]
pub enum JournalError {
    #[error(
        "another earnout-oracle uses {folder}: two copies could report twice. Stop one of them, or give each its own folder and key",
        folder = .0.display()
    )]
    Locked(PathBuf),
    #[error("{what} {file}: {error}", file = .file.display())]
    Io {
        what: &'static str,
        file: PathBuf,
        error: io::Error,
    },
    #[error("the journal cannot be written or read, so nothing is sent: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("a value was forgotten before it was sent: it is measured again")]
    Forgotten,
    #[error(
        "the journal is of version {found}, this daemon knows {known}: use the daemon that wrote it, or another state folder"
    )]
    Version { found: i64, known: i64 },
}

impl JournalError {
    fn io(what: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let file = file.to_owned();
        move |error| Self::Io { what, file, error }
    }
}

/// The daemon's memory. Every method fails if the database cannot be read or written.
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
    pub fn beside(folder: &Path) -> Result<Self, JournalError> {
        Self::connect(folder, None)
    }

    fn connect(folder: &Path, lock: Option<File>) -> Result<Self, JournalError> {
        let file = folder.join("journal.db");
        private(folder)?;
        // SQLite gives its other files the permissions of this one.
        let made = OpenOptions::new().create(true).append(true).mode(0o600).open(&file);
        made.map_err(JournalError::io("cannot open", &file))?;
        private(&file)?;
        let mut database = Connection::open(&file)?;
        schema::prepare(&mut database)?;
        Ok(Self { database, _lock: lock })
    }

    /// The one row that `sql` gives for `target`, if there is one.
    fn one<T>(
        &self,
        sql: &str,
        target: &Target,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, JournalError> {
        let mut statement = self.database.prepare_cached(sql)?;
        Ok(statement.query_row(key(target), read).optional()?)
    }
}

/// In the place of a grant's index where a KPI is shared. A null would not be equal to itself.
const SHARED: i64 = -1;

/// The rows of one target, which are `?1` to `?4`.
const OF_TARGET: &str = "WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND grant_index = ?4";

/// Carries out `sql` for a target, with `more` from `?5` on. Returns how many rows it changed.
fn change(database: &Connection, sql: &str, target: &Target, more: &[&dyn ToSql]) -> rusqlite::Result<usize> {
    let (plan, kpi, period, grant) = key(target);
    let values: [&dyn ToSql; 4] = [&plan, &kpi, &period, &grant];
    database
        .prepare_cached(sql)?
        .execute([&values, more].concat().as_slice())
}

fn forget(database: &Connection, table: &str, target: &Target) -> rusqlite::Result<()> {
    change(database, &format!("DELETE FROM {table} {OF_TARGET}"), target, &[]).map(drop)
}

fn key(target: &Target) -> ([u8; 32], u8, u16, i64) {
    let grant = target.grant.map_or(SHARED, i64::from);
    (target.plan.to_bytes(), target.kpi, target.period, grant)
}

/// The target in the first four columns.
fn target(row: &Row<'_>) -> rusqlite::Result<Target> {
    Ok(Target {
        plan: Pubkey::new_from_array(row.get(0)?),
        kpi: row.get(1)?,
        period: row.get(2)?,
        grant: u32::try_from(row.get::<_, i64>(3)?).ok(),
    })
}

/// The block height in a column.
fn height(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
}

/// The signature in a column.
fn signature(row: &Row<'_>, column: usize) -> rusqlite::Result<Signature> {
    let text: String = row.get(column)?;
    let unreadable = |error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error));
    text.parse().map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{Attached, Confirmation, Entry},
        std::{fs, os::unix::fs::PermissionsExt},
    };

    fn target(kpi: u8) -> Target {
        Target {
            plan: Pubkey::new_from_array([1; 32]),
            kpi,
            period: 3,
            grant: Some(2),
        }
    }

    fn measured(value: i64) -> Measured {
        Measured {
            value,
            evidence: [7; 32],
            at: 1_814_400_000,
        }
    }

    fn signed(number: u8, targets: Vec<Target>) -> SignedVotes {
        SignedVotes {
            signature: Signature::from([number; 64]),
            last_valid_block_height: 500,
            transaction: vec![1, 2, 3],
            votes: targets.into_iter().map(|target| (target, [9; 32])).collect(),
        }
    }

    #[test]
    fn what_was_measured_once_stays() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        assert_eq!(journal.measured(&target(0)).unwrap(), None);
        journal.record_measured(&[(target(0), measured(-5))]).unwrap();
        assert!(journal.record_measured(&[(target(0), measured(6))]).is_err());
        assert_eq!(journal.measured(&target(0)).unwrap(), Some(measured(-5)));
        drop(journal);
        let mut journal = Journal::open(dir.path()).unwrap();
        assert_eq!(journal.measured(&target(0)).unwrap(), Some(measured(-5)));
        assert!(journal.forget_measured(&target(0)).unwrap(), "nothing was signed yet");
        journal.record_measured(&[(target(0), measured(6))]).unwrap();
        journal.record_transaction(&signed(1, vec![target(0)]), 1).unwrap();
        assert!(!journal.forget_measured(&target(0)).unwrap(), "it may be on its way");
    }

    #[test]
    fn transactions_are_known_until_they_have_ended() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        for kpi in 0..3 {
            journal.record_measured(&[(target(kpi), measured(5))]).unwrap();
        }
        let first = signed(1, vec![target(0), target(1)]);
        journal.record_transaction(&first, 1).unwrap();
        journal.record_transaction(&signed(2, vec![target(2)]), 2).unwrap();
        assert!(
            journal.record_transaction(&first, 3).is_err(),
            "a signature is signed once"
        );
        assert_eq!(journal.open_transactions().unwrap()[0], first);
        journal.close_transaction(&first.signature, "confirmed").unwrap();
        assert_eq!(journal.open_transactions().unwrap(), vec![signed(2, vec![target(2)])]);
        assert_eq!(journal.transactions("confirmed").unwrap(), (2, 1));
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
        held.feed = "users".to_owned();
        assert!(!journal.hold(&held).unwrap(), "another name is no news");
        assert_eq!(journal.holds().unwrap(), vec![held]);
        journal.record_measured(&[(target(0), measured(1))]).unwrap();
        assert_eq!(journal.holds().unwrap(), vec![]);
    }

    #[test]
    fn a_hold_ends_with_its_window_whoever_was_away_then() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let on = |kpi, period| Target { period, ..target(kpi) };
        for target in [on(0, 1), on(0, 2), on(1, 1)] {
            let held = Held {
                feed: "mau".to_owned(),
                target,
                kind: "source".to_owned(),
                reason: "down".to_owned(),
                since: 5,
            };
            journal.hold(&held).unwrap();
        }
        journal.end_other_holds(&target(0).plan, 0, &[on(0, 2)].into()).unwrap();
        let left: Vec<_> = journal.holds().unwrap().into_iter().map(|held| held.target).collect();
        assert_eq!(left.len(), 2);
        assert!(left.contains(&on(0, 2)) && left.contains(&on(1, 1)), "{left:?}");
    }

    #[test]
    fn what_is_newest_is_known_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let plan = target(0).plan;
        assert_eq!(journal.newest(&plan, 0).unwrap(), values::Newest::default());
        let on = |period| Target {
            period,
            grant: None,
            ..target(0)
        };
        let vote = |value, at| Vote {
            value,
            evidence: None,
            signature: None,
            at,
        };
        journal
            .record_votes(&[(on(1), vote(7, 50)), (on(2), vote(8, 40)), (target(1), vote(9, 60))])
            .unwrap();
        journal
            .record_measured(&[(on(1), measured(7)), (on(3), measured(11))])
            .unwrap();
        let newest = |voted_at, value| values::Newest { voted_at, value };
        assert_eq!(journal.newest(&plan, 0).unwrap(), newest(Some(50), Some(11)));
        assert_eq!(
            journal.newest(&plan, 1).unwrap(),
            newest(Some(60), None),
            "one for each grant"
        );
    }

    #[test]
    fn votes_and_entries() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let vote = Vote {
            value: 9,
            evidence: Some([7; 32]),
            signature: Some(Signature::from([3; 64])),
            at: 4,
        };
        journal.record_votes(&[(target(0), vote)]).unwrap();
        journal
            .record_votes(&[(target(0), Vote { value: 10, ..vote })])
            .unwrap();
        assert_eq!(journal.vote(&target(0)).unwrap(), Some(vote), "the first word stands");
        let entry = Entry {
            value: "5".to_owned(),
            note: "counted".to_owned(),
            entered_by: "ann".to_owned(),
            entered_at: 6,
            signature: None,
            documents: vec![Attached {
                name: "count.pdf".to_owned(),
                sha256: "00".to_owned(),
            }],
            confirmed: vec![Confirmation {
                by: "bob".to_owned(),
                at: 7,
                signature: None,
            }],
        };
        journal.enter(&[(target(1), entry.clone())], false).unwrap();
        assert_eq!(journal.correction(&target(1)).unwrap(), None);
        assert_eq!(journal.entry(&target(1)).unwrap(), Some(entry));
        assert_eq!(journal.entry(&target(0)).unwrap(), None);
        let signature = Signature::from([5; 64]);
        assert_eq!(journal.disputed(&target(0)).unwrap(), None);
        journal.record_dispute(&target(0), &signature, 500, &[1, 2], 7).unwrap();
        let dispute = Dispute {
            signature,
            last_valid_block_height: 500,
            transaction: vec![1, 2],
        };
        assert_eq!(journal.disputed(&target(0)).unwrap().as_ref(), Some(&dispute));
        assert!(
            journal.record_dispute(&target(0), &signature, 500, &[1, 2], 8).is_err(),
            "one at a time"
        );
        journal.forget_dispute(&target(0)).unwrap();
        assert_eq!(journal.disputed(&target(0)).unwrap(), None);
    }

    #[test]
    fn what_was_entered_is_withdrawn_before_it_is_signed_and_corrected_after() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let entry = |value: &str, entered_at| Entry {
            value: value.to_owned(),
            note: "counted".to_owned(),
            entered_by: "ann".to_owned(),
            entered_at,
            signature: None,
            documents: Vec::new(),
            confirmed: Vec::new(),
        };
        let on = target(0);
        assert!(!journal.withdraw(&on).unwrap(), "there is nothing");
        journal.enter(&[(on, entry("5", 6))], false).unwrap();
        journal.record_measured(&[(on, measured(5))]).unwrap();
        assert!(journal.withdraw(&on).unwrap());
        assert_eq!(
            (journal.entry(&on).unwrap(), journal.measured(&on).unwrap()),
            (None, None)
        );
        journal.enter(&[(on, entry("5", 6))], false).unwrap();
        journal.record_measured(&[(on, measured(5))]).unwrap();
        journal.record_transaction(&signed(1, vec![on]), 1).unwrap();
        assert!(!journal.withdraw(&on).unwrap(), "it may be on its way");
        let later = measured(5).at + 10;
        journal.enter(&[(on, entry("6", later))], true).unwrap();
        assert!(journal.withdraw(&on).unwrap(), "nothing was made of the correction");
        journal.enter(&[(on, entry("6", later))], true).unwrap();
        assert_eq!(journal.correction(&on).unwrap(), Some(entry("6", later)));
        let corrected = Measured {
            at: later + 1,
            ..measured(6)
        };
        journal.record_measured(&[(on, corrected)]).unwrap();
        assert_eq!(journal.measured(&on).unwrap(), Some(corrected));
        assert!(!journal.withdraw(&on).unwrap(), "it was taken up");
        journal.end_correction(&on).unwrap();
        assert_eq!(journal.correction(&on).unwrap(), None);
        assert!(
            journal.record_measured(&[(on, measured(7))]).is_err(),
            "a correction is one"
        );
    }

    #[test]
    fn a_journal_of_the_version_before_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let database = Connection::open(dir.path().join("journal.db")).unwrap();
        drop(Journal::open(dir.path()).unwrap());
        database
            .execute_batch(
                "DROP TABLE entries; CREATE TABLE entries (
                    plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, grant_index INTEGER NOT NULL,
                    value TEXT NOT NULL, note TEXT NOT NULL, entered_by TEXT NOT NULL, at INTEGER NOT NULL,
                    PRIMARY KEY (plan, kpi, period, grant_index)) STRICT;",
            )
            .unwrap();
        let (plan, kpi, period, grant) = key(&target(0));
        let sql = "INSERT INTO entries VALUES (?1, ?2, ?3, ?4, '5', 'counted', 'ann', 6)";
        database.execute(sql, (plan, kpi, period, grant)).unwrap();
        database.pragma_update(None, "user_version", 3).unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let entry = journal.entry(&target(0)).unwrap().unwrap();
        assert_eq!((entry.value.as_str(), entry.people()), ("5", 1));
        assert_eq!(journal.correction(&target(0)).unwrap(), None);
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
        journal.record_measured(&[(target(0), measured(5))]).unwrap();
        assert!(journal.forget_measured(&target(0)).unwrap());
        let refused = journal.record_transaction(&signed(1, vec![target(0)]), 1);
        assert!(matches!(refused, Err(JournalError::Forgotten)));
        assert_eq!(journal.open_transactions().unwrap(), vec![]);
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
        journal.record_measured(&[(target(0), measured(5))]).unwrap();
        let sent = signed(1, vec![target(0)]);
        journal.record_transaction(&sent, 1).unwrap();
        journal.close_transaction(&sent.signature, "confirmed").unwrap();
        let vote = Vote {
            value: 5,
            evidence: Some([7; 32]),
            signature: Some(sent.signature),
            at: 2,
        };
        journal.record_votes(&[(target(0), vote)]).unwrap();
        journal.reopen_transaction(&sent.signature, &target(0)).unwrap();
        assert_eq!(journal.open_transactions().unwrap(), [sent]);
        assert_eq!(journal.vote(&target(0)).unwrap(), None);
        assert_eq!(
            journal.measured(&target(0)).unwrap(),
            Some(measured(5)),
            "the same value is voted"
        );
    }

    #[test]
    fn what_the_chain_has_is_ones_own_only_if_it_was_sent_from_here() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let of = |grant| Target {
            grant: Some(grant),
            ..target(0)
        };
        for grant in [63, 64] {
            journal.record_measured(&[(of(grant), measured(5))]).unwrap();
        }
        journal.record_transaction(&signed(1, vec![of(63)]), 1).unwrap();
        // The evidence of a page is that of its last upload, whichever grants that was about.
        journal.record_measured(&[(of(0), measured(6))]).unwrap();
        assert!(journal.note_found(&of(63), 5, &[9; 32], None, 2).unwrap());
        assert!(journal.note_found(&of(0), 6, &[9; 32], None, 2).unwrap());
        assert!(
            !journal.note_found(&of(64), 5, &[9; 32], None, 2).unwrap(),
            "another page"
        );
        assert!(
            !journal.note_found(&of(0), 6, &[8; 32], None, 2).unwrap(),
            "another manifest"
        );
        assert!(
            !journal.note_found(&of(1), 5, &[9; 32], None, 2).unwrap(),
            "never measured"
        );
        assert!(
            !journal.note_found(&of(0), 7, &[9; 32], None, 2).unwrap(),
            "another value"
        );
        let votes = journal.votes_in(&of(1).place()).unwrap();
        let listed: Vec<_> = votes
            .iter()
            .map(|(grant, vote)| (*grant, vote.value, vote.evidence))
            .collect();
        let known = Some([7; 32]);
        assert_eq!(
            listed,
            [(0, 6, known), (1, 5, None), (63, 5, known)],
            "the first word stands"
        );
        let shared = Target {
            grant: None,
            ..target(0)
        };
        assert!(!journal.note_found(&shared, 5, &[9; 32], Some([9; 32]), 2).unwrap());
        let vote = journal.vote(&shared).unwrap().unwrap();
        assert_eq!(
            vote.evidence,
            Some([9; 32]),
            "an attestation has the hash of the document"
        );
    }

    #[test]
    fn the_grants_of_a_page_are_in_one_place() {
        let place = |grant| Target { grant, ..target(0) }.place();
        assert_eq!(place(Some(0)), place(Some(63)));
        assert_ne!(place(Some(63)), place(Some(64)));
        assert_eq!(place(Some(64)).address(), pda::page(&target(0).plan, 0, 3, 1));
        assert_eq!(place(None).address(), pda::attestation(&target(0).plan, 0, 3));
    }

    #[test]
    fn a_journal_of_another_version_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        drop(Journal::open(dir.path()).unwrap());
        let database = Connection::open(dir.path().join("journal.db")).unwrap();
        for version in [2, 99] {
            database.pragma_update(None, "user_version", version).unwrap();
            let opened = Journal::open(dir.path());
            assert!(matches!(opened, Err(JournalError::Version { found, .. }) if found == version));
        }
    }
}
