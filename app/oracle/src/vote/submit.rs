//! Bringing votes onto the chain: each signed transaction is in the journal before it is sent and followed as the SDK
//! follows every one. Only with proof that it was not executed and never will be is anything signed again, and nothing
//! that the chain has.

use {
    crate::vote::{Endpoints, Journal, JournalError, Measured, SignedVotes, Target, Vote, address, own_vote},
    earnout::instructions::AttestArgs,
    earnout_sdk::{
        client::{ClientError, Ending, Life, Policy, Prepared, Submission, follow, of_bytes, to_bytes},
        send::{
            Version, cost,
            packing::{self, Envelope, TooLarge},
        },
        text::time,
        wire::instructions,
    },
    futures_util::{StreamExt, stream},
    prometheus::{IntCounter, IntCounterVec},
    serde::Deserialize,
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signature::Signature,
    solana_signer::Signer,
    std::{
        sync::{Mutex, MutexGuard, PoisonError},
        time::Duration,
    },
    thiserror::Error,
    tracing::{info, warn},
};

/// Transactions under way at the same time.
const AT_ONCE: usize = 8;

/// How often votes are signed again in one round, with proof that the transaction before expired.
const SIGNED_ANEW: u32 = 2;

/// The price of a compute unit: what others paid lately, within a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PriorityFee {
    /// Which of the recent prices, in percent of those that are as low: 50 is the median.
    pub percentile: u8,
    /// The most, micro-lamports. 0: no priority fee is paid.
    pub cap: u64,
}

impl Default for PriorityFee {
    fn default() -> Self {
        Self {
            percentile: 75,
            cap: 50_000,
        }
    }
}

/// How transactions are followed. The next round follows again what is not known by then.
fn policy() -> Policy {
    Policy {
        longest: Duration::from_secs(150),
        ..Policy::default()
    }
}

/// A vote to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    pub target: Target,
    /// The grant of an individual KPI.
    pub grant: Option<Pubkey>,
    /// The value and its evidence.
    pub measured: Measured,
}

/// A vote that the program refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub target: Target,
    /// Why, in the program's words.
    pub reason: String,
}

/// Why votes could not be brought onto the chain. Everything is in the journal; the next round goes on.
#[derive(Debug, Error)]
pub enum SubmitError {
    /// Nothing may be sent that is not written down.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No endpoint answers, or nobody signs.
    #[error(transparent)]
    Client(#[from] Box<ClientError>),
    /// A vote that fits into no transaction.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error("the journal holds bytes that are no transaction")]
    Bytes,
}

impl From<ClientError> for SubmitError {
    fn from(error: ClientError) -> Self {
        Self::Client(Box::new(error))
    }
}

/// What came of sending votes.
#[derive(Debug, Default)]
pub struct Sent {
    /// Votes that the program refuses.
    pub refused: Vec<Refused>,
    /// What kept others from being sent, the first of all.
    pub trouble: Option<SubmitError>,
}

/// Who brings votes onto the chain.
pub struct Courier<'a> {
    pub endpoints: &'a Endpoints,
    /// What was signed before.
    pub journal: &'a Mutex<Journal>,
    pub oracle: &'a dyn Signer,
    /// Who pays fees and rent.
    pub payer: &'a dyn Signer,
    /// What a compute unit may cost.
    pub fee: PriorityFee,
    /// Counts votes that the chain has.
    pub votes: &'a IntCounter,
    /// Counts transactions by what became of them.
    pub transactions: &'a IntCounterVec,
}

impl Courier<'_> {
    /// Finds out what became of the transactions that an earlier round or process left open. What is still not known
    /// stays open.
    pub async fn reconcile(&self) -> Result<(), SubmitError> {
        let open = self.journal().open_transactions()?;
        let ended = stream::iter(open.iter().map(|signed| async move {
            info!(signature = %signed.signature, votes = signed.targets.len(), "a transaction of before is followed up");
            self.follow(signed).await
        }))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
        for ending in ended {
            ending?;
        }
        Ok(())
    }

    /// Votes, in as few transactions as they fit into.
    ///
    /// # Errors
    /// If nothing can be sent at all. What was executed is in the journal.
    pub async fn send(&self, ballots: Vec<Ballot>) -> Result<Sent, SubmitError> {
        let mut sent = Sent::default();
        if ballots.is_empty() {
            return Ok(sent);
        }
        let price = self.price(&ballots).await?;
        let groups: Vec<_> = ballots
            .iter()
            .map(|ballot| cost::alone(self.attest(ballot), cost::ATTEST))
            .collect();
        let envelope = Envelope {
            version: self.endpoints.version(&[self.payer, self.oracle]).await?,
            payer: self.payer.pubkey(),
            priced: price > 0,
            spare: 0,
        };
        let packed = packing::pack(&envelope, &groups)?;
        let batches = packed.into_iter().filter_map(|packed| ballots.get(packed.groups));
        let delivered = stream::iter(batches.map(|batch| async move {
            let mut refused = Vec::new();
            let trouble = self.deliver(batch, envelope.version, price, &mut refused).await.err();
            (refused, trouble)
        }));
        for (refused, trouble) in delivered.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            sent.refused.extend(refused);
            sent.trouble = sent.trouble.or(trouble);
        }
        Ok(sent)
    }

    /// One batch, in halves if the program refuses one of its votes: one refusal fails a whole transaction.
    async fn deliver(
        &self,
        batch: &[Ballot],
        version: Version,
        price: u64,
        refused: &mut Vec<Refused>,
    ) -> Result<(), SubmitError> {
        let mut parts = vec![batch.to_vec()];
        let mut signed_anew = 0;
        while let Some(part) = parts.pop() {
            let failure = match self.cast(&part, version, price).await {
                // What is not known stays in the journal, and the next round follows it.
                Ok(Ending::Executed(_) | Ending::Unknown(_)) => continue,
                Ok(Ending::Expired) if signed_anew < SIGNED_ANEW => {
                    signed_anew += 1;
                    let left = self.not_on_chain(&part).await?;
                    if !left.is_empty() {
                        warn!(votes = left.len(), "a transaction expired and is signed anew");
                        parts.push(left);
                    }
                    continue;
                }
                // The next round tries again.
                Ok(Ending::Expired) => continue,
                Ok(Ending::Failed(failure)) => failure,
                Err(SubmitError::Client(error)) => match *error {
                    ClientError::WouldFail(failure) => failure,
                    error => return Err(error.into()),
                },
                Err(error) => return Err(error),
            };
            match part.as_slice() {
                [ballot] => refused.push(Refused {
                    target: ballot.target,
                    reason: failure.to_string(),
                }),
                several => {
                    let (front, back) = several.split_at(several.len() / 2);
                    parts.extend([back.to_vec(), front.to_vec()]);
                }
            }
        }
        Ok(())
    }

    /// Those of `ballots` that the chain does not have: one endpoint's word that a transaction expired is not enough to
    /// sign another one for a vote that is there.
    async fn not_on_chain(&self, ballots: &[Ballot]) -> Result<Vec<Ballot>, SubmitError> {
        let addresses: Vec<Pubkey> = ballots.iter().map(|ballot| address(&ballot.target)).collect();
        let looks = self
            .endpoints
            .ask_all(async |client| client.attestations(&addresses).await)
            .await?;
        let mut left = Vec::new();
        for (number, ballot) in ballots.iter().enumerate() {
            let plan = self
                .endpoints
                .ask(async |client| client.plan(&ballot.target.plan).await)
                .await?;
            let position = plan.oracle_set(ballot.target.period).position(&self.oracle.pubkey());
            let on_chain = looks
                .iter()
                .filter_map(|look| look.get(number)?.as_ref())
                .find_map(|attestation| own_vote(attestation, position?));
            match on_chain {
                None => left.push(*ballot),
                Some((value, evidence)) => {
                    info!(
                        kpi = ballot.target.kpi,
                        period = ballot.target.period,
                        "the chain has the vote"
                    );
                    let vote = Vote {
                        value,
                        evidence,
                        signature: None,
                        at: time::now(),
                    };
                    self.journal().record_vote(&ballot.target, &vote)?;
                }
            }
        }
        Ok(left)
    }

    async fn cast(&self, ballots: &[Ballot], version: Version, price: u64) -> Result<Ending, SubmitError> {
        let prepared = self
            .endpoints
            .ask(async |client| {
                let mut submission =
                    Submission::new(ballots.iter().map(|ballot| self.attest(ballot)).collect(), self.payer)
                        .signed_by([self.oracle]);
                submission.version = version;
                submission.unit_price = price;
                Ok(client.prepare(&submission).await?.0)
            })
            .await?;
        let signed = SignedVotes {
            signature: prepared.signature,
            last_valid_block_height: last_block(prepared.life),
            transaction: to_bytes(&prepared.transaction),
            targets: ballots.iter().map(|ballot| ballot.target).collect(),
        };
        self.journal().record_transaction(&signed, time::now())?;
        self.follow(&signed).await
    }

    /// Follows a transaction that is in the journal, and writes down how it ended if that is known.
    async fn follow(&self, signed: &SignedVotes) -> Result<Ending, SubmitError> {
        let ending = self.ending(&signed.transaction, signed.last_valid_block_height).await?;
        let (name, note) = match &ending {
            Ending::Executed(_) => ("confirmed", "confirmed".to_owned()),
            Ending::Expired => ("expired", "expired".to_owned()),
            Ending::Failed(failure) => ("failed", format!("failed: {failure}")),
            Ending::Unknown(why) => {
                let signature = signed.signature;
                warn!(%signature, why, "what became of a transaction is not known; the next round follows it again");
                self.transactions.with_label_values(&["unknown"]).inc();
                return Ok(ending);
            }
        };
        let mut journal = self.journal();
        if let Ending::Executed(_) = ending {
            for target in &signed.targets {
                let Some(measured) = journal.measured(target)? else {
                    continue;
                };
                journal.record_vote(
                    target,
                    &Vote {
                        value: measured.value,
                        evidence: measured.evidence,
                        signature: Some(signed.signature),
                        at: time::now(),
                    },
                )?;
                self.votes.inc();
            }
            info!(signature = %signed.signature, votes = signed.targets.len(), "voted");
        }
        journal.close_transaction(&signed.signature, &note)?;
        self.transactions.with_label_values(&[name]).inc();
        Ok(ending)
    }

    /// What becomes of a signed transaction, by the SDK's rule. `bytes` are it, `last` the last block in which it can
    /// be executed.
    ///
    /// # Errors
    /// If the bytes are not a transaction.
    pub async fn ending(&self, bytes: &[u8], last: u64) -> Result<Ending, SubmitError> {
        let mut prepared = Prepared {
            transaction: of_bytes(bytes).ok_or(SubmitError::Bytes)?,
            signature: Signature::default(),
            life: Life::Blocks(last),
            not_after: None,
            signed_at: None,
        };
        prepared.signature = prepared.transaction.signatures.first().copied().unwrap_or_default();
        Ok(follow(self.endpoints, &prepared, &policy()).await)
    }

    fn attest(&self, ballot: &Ballot) -> Instruction {
        instructions::attest(
            &self.payer.pubkey(),
            &self.oracle.pubkey(),
            &ballot.target.plan,
            ballot.grant,
            AttestArgs {
                kpi: ballot.target.kpi,
                period: ballot.target.period,
                value: ballot.measured.value,
                evidence: ballot.measured.evidence,
            },
        )
    }

    /// What others paid lately for transactions that write to the same plans, at most the cap. Micro-lamports a unit.
    async fn price(&self, ballots: &[Ballot]) -> Result<u64, SubmitError> {
        if self.fee.cap == 0 {
            return Ok(0);
        }
        let mut plans: Vec<Pubkey> = ballots.iter().map(|ballot| ballot.target.plan).collect();
        plans.sort_unstable();
        plans.dedup();
        plans.truncate(128);
        let fees = self
            .endpoints
            .ask(async |client| client.recent_unit_prices(&plans).await)
            .await?;
        Ok(percentile(fees, self.fee.percentile).min(self.fee.cap))
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last block in which a transaction can be executed. Votes and disputes have blockhashes, never nonces.
pub fn last_block(life: Life) -> u64 {
    match life {
        Life::Blocks(last) => last,
        Life::Nonce { .. } => u64::MAX,
    }
}

/// The smallest of `prices` that at least `percent` of them do not exceed; 0 of none.
fn percentile(mut prices: Vec<u64>, percent: u8) -> u64 {
    prices.sort_unstable();
    let count = prices.len();
    let rank = count.saturating_mul(usize::from(percent)).div_ceil(100);
    prices.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let prices = || vec![40, 10, 30, 20];
        assert_eq!(percentile(prices(), 50), 20);
        assert_eq!(percentile(prices(), 75), 30);
        assert_eq!(percentile(prices(), 76), 40);
        assert_eq!(percentile(prices(), 100), 40);
        assert_eq!(percentile(prices(), 1), 10);
        assert_eq!(percentile(vec![], 50), 0);
    }
}
