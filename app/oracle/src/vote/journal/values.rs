//! What is known before anything is signed: values, what people entered, and what is held.

use {
    super::{Held, Journal, JournalError, Measured, OF_TARGET, Target, change, forget, target},
    crate::measure::{Attached, Confirmation, Entry},
    rusqlite::{OptionalExtension, Row, ToSql, types::Type},
    serde::{Deserialize, Serialize},
    solana_program::pubkey::Pubkey,
    std::collections::HashSet,
};

/// What an entry has beside its columns.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct More {
    signature: Option<String>,
    documents: Vec<Attached>,
    confirmed: Vec<Confirmation>,
}

/// An entry in the first five columns.
fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let more: String = row.get(4)?;
    let unreadable = |error| rusqlite::Error::FromSqlConversionFailure(4, Type::Text, Box::new(error));
    let more: More = serde_json::from_str(&more).map_err(unreadable)?;
    Ok(Entry {
        value: row.get(0)?,
        note: row.get(1)?,
        entered_by: row.get(2)?,
        entered_at: row.get(3)?,
        signature: more.signature,
        documents: more.documents,
        confirmed: more.confirmed,
    })
}

/// What is newest of a KPI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// When a vote was last found on the chain, Unix seconds.
    pub voted_at: Option<i64>,
    /// The value of the last period that has one, of a shared KPI.
    pub value: Option<i64>,
}

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
    /// all: what was measured once stays, unless somebody corrects it.
    pub fn record_measured(&mut self, all: &[(Target, Measured)]) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let sql = "INSERT INTO measured VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let corrected =
            format!("DELETE FROM measured {OF_TARGET} AND EXISTS (SELECT 1 FROM entries {OF_TARGET} AND corrects = 1)");
        for (target, measured) in all {
            change(&transaction, &corrected, target, &[])?;
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

    /// Writes down what a vote that the chain has was measured as, if nothing is known of that.
    pub fn adopt(&self, target: &Target, measured: &Measured) -> Result<(), JournalError> {
        let sql = "INSERT OR IGNORE INTO measured VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        change(
            &self.database,
            sql,
            target,
            &[&measured.value, &measured.evidence, &measured.at],
        )?;
        Ok(())
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
        let sql = format!("SELECT value, note, entered_by, at, more FROM entries {OF_TARGET}");
        self.one(&sql, target, entry)
    }

    /// Everything for which somebody entered a value of a KPI in a period.
    pub fn entered_in(&self, plan: &Pubkey, kpi: u8, period: u16) -> Result<Vec<Target>, JournalError> {
        let sql = "SELECT plan, kpi, period, grant_index FROM entries WHERE plan = ?1 AND kpi = ?2 AND period = ?3
            ORDER BY grant_index";
        let mut statement = self.database.prepare_cached(sql)?;
        let rows = statement.query_map((plan.to_bytes(), kpi, period), target)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What somebody entered in the place of a vote that the chain has, until it is there.
    pub fn correction(&self, target: &Target) -> Result<Option<Entry>, JournalError> {
        let sql = format!("SELECT value, note, entered_by, at, more FROM entries {OF_TARGET} AND corrects = 1");
        self.one(&sql, target, entry)
    }

    /// A correction is on the chain.
    pub fn end_correction(&self, target: &Target) -> Result<(), JournalError> {
        let sql = format!("UPDATE entries SET corrects = 0 {OF_TARGET}");
        change(&self.database, &sql, target, &[])?;
        Ok(())
    }

    /// Forgets what somebody entered, and what was made of it, as long as nothing was signed; of a correction, as long
    /// as the daemon has not taken it up. `false` if there is nothing that can be forgotten.
    pub fn withdraw(&mut self, target: &Target) -> Result<bool, JournalError> {
        let Some(entry) = self.entry(target)? else {
            return Ok(false);
        };
        let corrects = self.correction(target)?.is_some();
        let transaction = self.database.transaction()?;
        let of_target = |table: &str| format!("EXISTS (SELECT 1 FROM {table} {OF_TARGET})");
        let sql = match corrects {
            true => format!("DELETE FROM entries {OF_TARGET} AND (SELECT at FROM measured {OF_TARGET}) < ?5"),
            false => format!(
                "DELETE FROM entries {OF_TARGET} AND ?5 = ?5 AND NOT {} AND NOT {}",
                of_target("attempted"),
                of_target("votes")
            ),
        };
        let withdrawn = change(&transaction, &sql, target, &[&entry.entered_at])? > 0;
        if withdrawn && !corrects {
            forget(&transaction, "measured", target)?;
        }
        transaction.commit()?;
        Ok(withdrawn)
    }

    /// Writes down what somebody enters, in place of what was entered before: all of it or nothing. With `corrects` in
    /// the place of votes that the chain has.
    pub fn enter(&mut self, all: &[(Target, Entry)], corrects: bool) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let sql = "INSERT OR REPLACE INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        for (target, entry) in all {
            let more = More {
                signature: entry.signature.clone(),
                documents: entry.documents.clone(),
                confirmed: entry.confirmed.clone(),
            };
            let more = serde_json::to_string(&more).unwrap_or_default();
            let said: [&dyn ToSql; 6] = [
                &entry.value,
                &entry.note,
                &entry.entered_by,
                &entry.entered_at,
                &more,
                &corrects,
            ];
            change(&transaction, sql, target, &said)?;
        }
        Ok(transaction.commit()?)
    }

    /// Writes down that a value is held; `true` if that is news.
    pub fn hold(&self, held: &Held) -> Result<bool, JournalError> {
        let sql = format!("SELECT kind FROM holds {OF_TARGET}");
        let known: Option<String> = self.one(&sql, &held.target, |row| row.get(0))?;
        let sql = "INSERT INTO holds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT DO UPDATE SET feed = ?5, kind = ?6, reason = ?7";
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

    /// Ends every hold of a KPI but those on `open`: the windows of the others are over, or they are settled.
    pub fn end_other_holds(&self, plan: &Pubkey, kpi: u8, open: &HashSet<Target>) -> Result<(), JournalError> {
        let of_kpi = self.holds()?.into_iter().map(|held| held.target);
        for target in of_kpi.filter(|target| target.plan == *plan && target.kpi == kpi && !open.contains(target)) {
            self.end_hold(&target)?;
        }
        Ok(())
    }

    /// What is newest of a KPI.
    pub fn newest(&self, plan: &Pubkey, kpi: u8) -> Result<Newest, JournalError> {
        let of_kpi = (plan.to_bytes(), kpi);
        let sql = "SELECT max(at) FROM votes WHERE plan = ?1 AND kpi = ?2";
        let voted_at = self.database.prepare_cached(sql)?.query_row(of_kpi, |row| row.get(0))?;
        // Who lost the journal has the votes alone.
        let sql =
            "SELECT value FROM (SELECT period, value FROM measured WHERE plan = ?1 AND kpi = ?2 AND grant_index = -1
            UNION ALL SELECT period, value FROM votes WHERE plan = ?1 AND kpi = ?2 AND grant_index = -1)
            ORDER BY period DESC LIMIT 1";
        let mut statement = self.database.prepare_cached(sql)?;
        let value = statement.query_row(of_kpi, |row| row.get(0)).optional()?;
        Ok(Newest { voted_at, value })
    }

    /// Ends a hold whose window is over.
    pub fn end_hold(&self, target: &Target) -> Result<(), JournalError> {
        Ok(forget(&self.database, "holds", target)?)
    }
}
