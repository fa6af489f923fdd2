//! What was signed, and what the chain has of it.

use {
    super::{
        Dispute, Journal, JournalError, OF_TARGET, Place, SignedVotes, Target, Vote, change, forget, height, signature,
        target,
    },
    crate::measure::Hash,
    rusqlite::{Row, params},
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    std::collections::BTreeSet,
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
        let sql =
            format!("INSERT INTO attempted SELECT plan, kpi, period, grant_index, ?5, ?6 FROM measured {OF_TARGET}");
        for (target, evidence) in &signed.votes {
            if change(&transaction, &sql, target, &[&text, evidence])? == 0 {
                return Err(JournalError::Forgotten);
            }
        }
        Ok(transaction.commit()?)
    }

    /// Transactions of which it is not known what became of them.
    pub fn open_transactions(&self) -> Result<Vec<SignedVotes>, JournalError> {
        let sql = "SELECT signature, last_valid_block_height, transaction_bytes FROM attempts WHERE outcome IS NULL ORDER BY at";
        let mut statement = self.database.prepare_cached(sql)?;
        let sql = "SELECT plan, kpi, period, grant_index, evidence FROM attempted WHERE signature = ?1
            ORDER BY plan, kpi, period, grant_index";
        let mut of_transaction = self.database.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let votes = of_transaction.query_map([row.get::<_, String>(0)?], |row| Ok((target(row)?, row.get(4)?)))?;
            Ok(SignedVotes {
                signature: signature(row, 0)?,
                last_valid_block_height: height(row, 1)?,
                transaction: row.get(2)?,
                votes: votes.collect::<Result<_, _>>()?,
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
        self.one(&sql, target, |row| vote(row, 0))
    }

    /// The votes on the grants of a page, by the index of the grant.
    pub fn votes_in(&self, page: &Place) -> Result<Vec<(u32, Vote)>, JournalError> {
        let sql = "SELECT grant_index, value, evidence, signature, at FROM votes
            WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND grant_index BETWEEN max(?4, 0) AND ?5 ORDER BY grant_index";
        let mut statement = self.database.prepare_cached(sql)?;
        let (first, last) = page.grants();
        let of_page = (page.plan.to_bytes(), page.kpi, page.period, first, last);
        let rows = statement.query_map(of_page, |row| Ok((row.get(0)?, vote(row, 1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that the chain has a vote of this oracle on `target`, with the evidence hash that it shows there, and says
    /// whether this daemon made it: it measured that value, and it sent that hash to that place. `document` is what is
    /// known to prove the value; where a document proves another value than that of before, the vote was changed.
    pub fn note_found(
        &mut self,
        target: &Target,
        value: i64,
        evidence: &Hash,
        document: Option<Hash>,
        at: i64,
    ) -> Result<bool, JournalError> {
        let measured = self.measured(target)?.filter(|measured| measured.value == value);
        let is_own = measured.is_some() && self.has_sent(&target.place(), evidence)?;
        let before = self.vote(target)?;
        if document.is_some() && before.is_some_and(|before| before.value != value) {
            self.forget_vote(target)?;
        }
        let vote = Vote {
            value,
            evidence: measured.map(|measured| measured.evidence).or(document),
            signature: None,
            at,
        };
        self.record_votes(&[(*target, vote)])?;
        Ok(is_own)
    }

    /// Whether a transaction was signed that sends this evidence hash to `place`.
    fn has_sent(&self, place: &Place, evidence: &Hash) -> Result<bool, JournalError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM attempted
            WHERE plan = ?1 AND kpi = ?2 AND period = ?3 AND grant_index BETWEEN ?4 AND ?5 AND evidence = ?6)";
        let (first, last) = place.grants();
        let sent = (place.plan.to_bytes(), place.kpi, place.period, first, last, evidence);
        let mut statement = self.database.prepare_cached(sql)?;
        Ok(statement.query_row(sent, |row| row.get(0))?)
    }

    /// What this oracle voted on in one period of a plan.
    pub fn voted(&self, plan: &Pubkey, period: u16) -> Result<Vec<Target>, JournalError> {
        let sql = "SELECT plan, kpi, period, grant_index FROM votes WHERE plan = ?1 AND period = ?2
            ORDER BY kpi, grant_index";
        let mut statement = self.database.prepare_cached(sql)?;
        let rows = statement.query_map((plan.to_bytes(), period), target)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The hashes of the documents that the votes on chain name: those of shared KPIs and the manifests of pages, and
    /// of the values in pages those that the manifests name.
    pub fn documents(&self) -> Result<(BTreeSet<Hash>, BTreeSet<Hash>), JournalError> {
        let all = |sql: &str| -> Result<BTreeSet<Hash>, JournalError> {
            let mut statement = self.database.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let named = all(
            "SELECT evidence FROM votes WHERE grant_index < 0 AND evidence IS NOT NULL
            UNION SELECT attempted.evidence FROM attempted JOIN attempts USING (signature) WHERE outcome = 'confirmed'",
        )?;
        let individual = all("SELECT evidence FROM votes WHERE grant_index >= 0 AND evidence IS NOT NULL")?;
        Ok((named, individual))
    }

    /// Writes down that the chain has these votes. Saying so again changes nothing.
    pub fn record_votes(&mut self, votes: &[(Target, Vote)]) -> Result<(), JournalError> {
        let transaction = self.database.transaction()?;
        let sql = "INSERT OR IGNORE INTO votes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        for (target, vote) in votes {
            let text = vote.signature.map(|signature| signature.to_string());
            change(
                &transaction,
                sql,
                target,
                &[&vote.value, &vote.evidence, &text, &vote.at],
            )?;
            forget(&transaction, "holds", target)?;
        }
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
            Ok(Dispute {
                signature: signature(row, 0)?,
                last_valid_block_height: height(row, 1)?,
                transaction: row.get(2)?,
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
            &[&signature.to_string(), &height, &transaction, &at],
        )?;
        Ok(())
    }
}

/// A vote in the columns from `first` on.
fn vote(row: &Row<'_>, first: usize) -> rusqlite::Result<Vote> {
    let signature: Option<String> = row.get(first.saturating_add(2))?;
    Ok(Vote {
        value: row.get(first)?,
        evidence: row.get(first.saturating_add(1))?,
        signature: signature.and_then(|text| text.parse().ok()),
        at: row.get(first.saturating_add(3))?,
    })
}
