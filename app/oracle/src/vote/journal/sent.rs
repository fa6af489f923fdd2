//! What was signed, and what the chain has of it.

use {
    super::{Dispute, Journal, JournalError, OF_TARGET, SignedVotes, Target, Vote, change, forget, signature, target},
    rusqlite::params,
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
};

impl Journal {
    /// Writes down a signed transaction. Only after this may it be sent.
    ///
    /// # Errors
    /// `Forgotten` if somebody forgot one of the values in the meantime, and if the journal cannot be written.
    pub fn record_transaction(&mut self, signed: &SignedVotes, at: i64) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let text = signed.signature.to_string();
        let height = i64::try_from(signed.last_valid_block_height).unwrap_or(i64::MAX);
        let sql = "INSERT INTO attempts VALUES (?1, ?2, ?3, ?4, NULL)";
        transaction.execute(sql, params![text, height, signed.transaction, at])?;
        for target in &signed.targets {
            let sql = format!("INSERT INTO attempted SELECT ?5, plan, kpi, period, subject FROM measured {OF_TARGET}");
            if change(&transaction, &sql, target, &[&text])? == 0 {
                return Err(JournalError::Forgotten);
            }
        }
        Ok(transaction.commit()?)
    }

    /// Transactions of which it is not known what became of them.
    pub fn open_transactions(&self) -> Result<Vec<SignedVotes>, JournalError> {
        let sql = "SELECT signature, last_valid_block_height, transaction_bytes FROM attempts WHERE outcome IS NULL ORDER BY at";
        let mut statement = self.database.prepare_cached(sql)?;
        let sql = "SELECT plan, kpi, period, subject FROM attempted WHERE signature = ?1";
        let mut of_transaction = self.database.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let targets = of_transaction.query_map([row.get::<_, String>(0)?], target)?;
            Ok(SignedVotes {
                signature: signature(row, 0)?,
                last_valid_block_height: u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default(),
                transaction: row.get(2)?,
                targets: targets.collect::<Result<_, _>>()?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes down what became of a transaction: `confirmed`, `expired`, or why it failed.
    pub fn close_transaction(&self, signature: &Signature, outcome: &str) -> Result<(), JournalError> {
        let sql = "UPDATE attempts SET outcome = ?2 WHERE signature = ?1";
        self.database.execute(sql, (signature.to_string(), outcome))?;
        Ok(())
    }

    /// Takes a transaction that was executed for one of which that is not known again, and forgets the vote on `target`
    /// that it made.
    pub fn reopen_transaction(&mut self, signature: &Signature, target: &Target) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let sql = "UPDATE attempts SET outcome = NULL WHERE signature = ?1";
        transaction.execute(sql, [signature.to_string()])?;
        forget(&transaction, "votes", target)?;
        Ok(transaction.commit()?)
    }

    /// How many transactions were signed, and how many of them ended as `outcome`.
    pub fn transactions(&self, outcome: &str) -> Result<(i64, i64), JournalError> {
        let sql = "SELECT count(*), count(*) FILTER (WHERE outcome = ?1) FROM attempts";
        Ok(self
            .database
            .query_row(sql, [outcome], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// The vote on `target` that the chain has, as far as this daemon knows.
    pub fn vote(&self, target: &Target) -> Result<Option<Vote>, JournalError> {
        let sql = format!("SELECT value, evidence, signature, at FROM votes {OF_TARGET}");
        self.one(&sql, target, |row| {
            Ok(Vote {
                value: row.get(0)?,
                evidence: row.get(1)?,
                signature: row.get::<_, Option<String>>(2)?.and_then(|text| text.parse().ok()),
                at: row.get(3)?,
            })
        })
    }

    /// What this oracle voted on in one period of a plan.
    pub fn voted(&self, plan: &Pubkey, period: u16) -> Result<Vec<Target>, JournalError> {
        let sql = "SELECT plan, kpi, period, subject FROM votes WHERE plan = ?1 AND period = ?2 ORDER BY kpi, subject";
        let mut statement = self.database.prepare_cached(sql)?;
        let rows = statement.query_map((plan.to_bytes(), period), target)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes down that the chain has the vote. Saying so again changes nothing.
    pub fn record_vote(&mut self, target: &Target, vote: &Vote) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let sql = "INSERT OR IGNORE INTO votes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let text = vote.signature.map(|signature| signature.to_string());
        change(
            &transaction,
            sql,
            target,
            &[&vote.value, &vote.evidence, &text, &vote.at],
        )?;
        forget(&transaction, "holds", target)?;
        Ok(transaction.commit()?)
    }

    /// Forgets a vote that the chain does not have any more.
    pub fn forget_vote(&self, target: &Target) -> Result<(), JournalError> {
        Ok(forget(&self.database, "votes", target)?)
    }

    /// The dispute of the value of `target` that this daemon has signed.
    pub fn disputed(&self, target: &Target) -> Result<Option<Dispute>, JournalError> {
        let sql = format!("SELECT signature, last_valid_block_height, transaction_bytes FROM disputes {OF_TARGET}");
        self.one(&sql, target, |row| {
            let height: Option<i64> = row.get(1)?;
            Ok(Dispute {
                signature: signature(row, 0)?,
                sent: height
                    .map(|height| u64::try_from(height).unwrap_or_default())
                    .zip(row.get(2)?),
            })
        })
    }

    /// Forgets a dispute that can never be executed any more.
    pub fn forget_dispute(&self, target: &Target) -> Result<(), JournalError> {
        Ok(forget(&self.database, "disputes", target)?)
    }

    /// Writes down a dispute, before it is sent: its transaction and the last block in which that can be executed.
    pub fn record_dispute(
        &self,
        target: &Target,
        signature: &Signature,
        last_valid_block_height: u64,
        transaction: &[u8],
        at: i64,
    ) -> Result<(), JournalError> {
        let height = i64::try_from(last_valid_block_height).unwrap_or(i64::MAX);
        let sql = "INSERT INTO disputes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        change(
            &self.database,
            sql,
            target,
            &[&signature.to_string(), &at, &height, &transaction],
        )?;
        Ok(())
    }
}
