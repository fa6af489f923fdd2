//! How the journal lies on the disk.

use {super::JournalError, rusqlite::Connection, std::time::Duration};

/// Versions 1 and 2 named the grants of individual KPIs by their addresses, each with an attestation of its own.
const VERSION: i64 = 4;

/// What version 3 did not have: documents, second persons and corrections of what people entered.
const FROM_3: &str = "
    ALTER TABLE entries ADD COLUMN more TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE entries ADD COLUMN corrects INTEGER NOT NULL DEFAULT 0;
";

/// Keys and hashes are blobs, times Unix seconds, and the grant -1 where a KPI is shared. `measured` is never changed
/// once written but by a correction, `votes` only by one, and where a manifest proves that a vote was changed by hand.
/// The evidence in `measured` and `votes` is the hash of the single document, in `attempted` what the chain gets.
const TABLES: &str = "
    CREATE TABLE measured (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, grant_index INTEGER NOT NULL,
        value INTEGER NOT NULL, evidence BLOB NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (plan, kpi, period, grant_index)
    ) STRICT;
    CREATE TABLE attempts (
        signature TEXT PRIMARY KEY, last_valid_block_height INTEGER NOT NULL, transaction_bytes BLOB NOT NULL,
        at INTEGER NOT NULL, outcome TEXT
    ) STRICT;
    CREATE TABLE attempted (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, grant_index INTEGER NOT NULL,
        signature TEXT NOT NULL REFERENCES attempts, evidence BLOB NOT NULL,
        PRIMARY KEY (plan, kpi, period, grant_index, signature)
    ) STRICT;
    CREATE INDEX attempted_by_signature ON attempted (signature);
    CREATE TABLE votes (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, grant_index INTEGER NOT NULL,
        value INTEGER NOT NULL, evidence BLOB, signature TEXT, at INTEGER NOT NULL,
        PRIMARY KEY (plan, kpi, period, grant_index)
    ) STRICT;
    CREATE TABLE holds (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, grant_index INTEGER NOT NULL,
        feed TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL,
        PRIMARY KEY (plan, kpi, period, grant_index)
    ) STRICT;
    CREATE TABLE entries (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, grant_index INTEGER NOT NULL,
        value TEXT NOT NULL, note TEXT NOT NULL, entered_by TEXT NOT NULL, at INTEGER NOT NULL,
        more TEXT NOT NULL DEFAULT '{}', corrects INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (plan, kpi, period, grant_index)
    ) STRICT;
    CREATE TABLE disputes (
        plan BLOB NOT NULL, kpi INTEGER NOT NULL, period INTEGER NOT NULL, grant_index INTEGER NOT NULL,
        signature TEXT NOT NULL, last_valid_block_height INTEGER NOT NULL, transaction_bytes BLOB NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (plan, kpi, period, grant_index)
    ) STRICT;
";

/// Makes the tables if they are not there yet.
pub(super) fn prepare(database: &mut Connection) -> Result<(), JournalError> {
    database.busy_timeout(Duration::from_secs(10))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    // Every commit is on the disk before the call returns: what is sent next has to be known after a crash.
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    match transaction.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => transaction.execute_batch(TABLES)?,
        3 => transaction.execute_batch(FROM_3)?,
        VERSION => (),
        found => return Err(JournalError::Version { found, known: VERSION }),
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}
