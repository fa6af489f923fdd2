//! How the journal lies on the disk.

use {super::JournalError, rusqlite::Connection, std::time::Duration};

const VERSION: i64 = 2;

/// Keys and hashes are blobs, times Unix seconds. `measured` and `votes` are never changed once written.
pub(super) const FIRST: &str = "
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

/// Makes the tables that are not there yet.
pub(super) fn prepare(database: &mut Connection) -> Result<(), JournalError> {
    database.busy_timeout(Duration::from_secs(10))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    // Every commit is on the disk before the call returns: what is sent next has to be known after a crash.
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if !(0..=VERSION).contains(&version) {
        return Err(JournalError::Newer {
            found: version,
            known: VERSION,
        });
    }
    for (made_by, change) in [(1, FIRST), (2, SECOND)] {
        if version < made_by {
            transaction.execute_batch(change)?;
        }
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}
