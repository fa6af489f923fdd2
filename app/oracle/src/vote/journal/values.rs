//! What is known before anything is signed: values, what people entered, and what is held.

use {
    super::{Held, Journal, JournalError, Measured, OF_TARGET, Target, change, forget, target},
    crate::measure::Entry,
    rusqlite::ToSql,
    solana_program::pubkey::Pubkey,
};

impl Journal {
    /// What was measured for `target`, if it was.
    pub fn measured(&self, target: &Target) -> Result<Option<Measured>, JournalError> {
        self.one(
            &format!("SELECT value, evidence, at FROM measured {OF_TARGET}"),
            target,
            |row| {
                Ok(Measured {
                    value: row.get(0)?,
                    evidence: row.get(1)?,
                    at: row.get(2)?,
                })
            },
        )
    }

    /// Everything that was measured for one period of a plan.
    pub fn measured_in(&self, plan: &Pubkey, period: u16) -> Result<Vec<(Target, Measured)>, JournalError> {
        let sql =
            "SELECT plan, kpi, period, grant_index, value, evidence, at FROM measured WHERE plan = ?1 AND period = ?2
            ORDER BY kpi, grant_index";
        let mut statement = self.database.prepare_cached(sql)?;
        let rows = statement.query_map((plan.to_bytes(), period), |row| {
            let measured = Measured {
                value: row.get(4)?,
                evidence: row.get(5)?,
                at: row.get(6)?,
            };
            Ok((target(row)?, measured))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes down what was measured, which ends a hold. A second value for the same target is refused, and with it
    /// all: what was measured once stays.
    pub fn record_measured(&mut self, all: &[(Target, Measured)]) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let sql = "INSERT INTO measured VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        for (target, measured) in all {
            change(
                &transaction,
                sql,
                target,
                &[&measured.value, &measured.evidence, &measured.at],
            )?;
            forget(&transaction, "holds", target)?;
        }
        Ok(transaction.commit()?)
    }

    /// Forgets a measurement that was never signed, so that it can be made again; `false` if there is none.
    pub fn forget_measured(&mut self, target: &Target) -> Result<bool, JournalError> {
        let sql = format!(
            "DELETE FROM measured {OF_TARGET} AND NOT EXISTS (SELECT 1 FROM attempted {OF_TARGET}) \
             AND NOT EXISTS (SELECT 1 FROM votes {OF_TARGET})"
        );
        Ok(change(&self.database, &sql, target, &[])? > 0)
    }

    /// What somebody entered for `target`.
    pub fn entry(&self, target: &Target) -> Result<Option<Entry>, JournalError> {
        let sql = format!("SELECT value, note, entered_by, at FROM entries {OF_TARGET}");
        self.one(&sql, target, |row| {
            Ok(Entry {
                value: row.get(0)?,
                note: row.get(1)?,
                entered_by: row.get(2)?,
                entered_at: row.get(3)?,
            })
        })
    }

    /// Writes down what somebody enters, in place of what was entered before.
    pub fn enter(&self, target: &Target, entry: &Entry) -> Result<(), JournalError> {
        let sql = "INSERT OR REPLACE INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let said: [&dyn ToSql; 4] = [&entry.value, &entry.note, &entry.entered_by, &entry.entered_at];
        change(&self.database, sql, target, &said)?;
        Ok(())
    }

    /// Writes down that a value is held; `true` if that is news.
    pub fn hold(&self, held: &Held) -> Result<bool, JournalError> {
        let sql = format!("SELECT kind FROM holds {OF_TARGET}");
        let known: Option<String> = self.one(&sql, &held.target, |row| row.get(0))?;
        let sql = "INSERT INTO holds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT DO UPDATE SET kind = ?6, reason = ?7";
        let said: [&dyn ToSql; 4] = [&held.feed, &held.kind, &held.reason, &held.since];
        change(&self.database, sql, &held.target, &said)?;
        Ok(known.as_ref() != Some(&held.kind))
    }

    /// Everything that is held.
    pub fn holds(&self) -> Result<Vec<Held>, JournalError> {
        let sql = "SELECT plan, kpi, period, grant_index, feed, kind, reason, since FROM holds ORDER BY since";
        let mut statement = self.database.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(Held {
                target: target(row)?,
                feed: row.get(4)?,
                kind: row.get(5)?,
                reason: row.get(6)?,
                since: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ends a hold whose window is over.
    pub fn end_hold(&self, target: &Target) -> Result<(), JournalError> {
        Ok(forget(&self.database, "holds", target)?)
    }
}
