//! Bringing votes onto the chain: each signed transaction is in the journal before it is sent, the same bytes are sent until
//! it is executed or can never be any more, and only then is anything signed again.

use {
    crate::{
        chain::Endpoints,
        config::PriorityFee,
        journal::{Attempt, Journal, JournalError, Measured, Target, Vote},
        metrics::Metrics,
    },
    earnout::instructions::AttestArgs,
    earnout_sdk::{
        client::{ClientError, Failure, Prepared, Submission},
        cost, instructions,
        packing::{self, TooLarge},
    },
    futures_util::{StreamExt, stream},
    solana_program::{instruction::Instruction, pubkey::Pubkey},
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

/// How often the state of a transaction is asked for.
const POLL: Duration = Duration::from_millis(500);

/// After how many of these the same bytes are sent once more.
const POLLS_BEFORE_RESEND: u32 = 4;

/// Blocks that are waited for after the last one in which a transaction could be executed: endpoints behind a balancer do
/// not all stand at the same block.
const MARGIN_BLOCKS: u64 = 10;

/// Errors of all endpoints in a row after which a transaction is left to the next round.
const PATIENCE: u32 = 6;

/// How often votes are signed again in one round because a blockhash expired.
const SIGNED_ANEW: u32 = 5;

/// A vote to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// What it is on.
    pub target: Target,
    /// The grant of an individual KPI.
    pub grant: Option<Pubkey>,
    /// The value and its evidence.
    pub measured: Measured,
}

/// A vote that the program refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The vote.
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
    /// A transaction cannot be written down.
    #[error("a transaction cannot be turned into bytes: {0}")]
    Bytes(#[from] bincode::Error),
}

impl From<ClientError> for SubmitError {
    fn from(error: ClientError) -> Self {
        Self::Client(Box::new(error))
    }
}

/// What became of a transaction.
pub enum Ending {
    /// It was executed.
    Confirmed,
    /// It was executed and failed.
    Failed(Box<Failure>),
    /// It was not executed and never will be.
    Expired,
}

/// Who brings votes onto the chain.
pub struct Courier<'a> {
    /// The chain.
    pub endpoints: &'a Endpoints,
    /// What was signed before.
    pub journal: &'a Mutex<Journal>,
    /// Who votes.
    pub oracle: &'a dyn Signer,
    /// Who pays fees and rent.
    pub payer: &'a dyn Signer,
    /// What a compute unit may cost.
    pub fee: PriorityFee,
    /// The figures.
    pub metrics: &'a Metrics,
}

impl Courier<'_> {
    /// Finds out what became of the transactions that an earlier round or process left open.
    ///
    /// # Errors
    /// If the journal cannot be used or no endpoint answers.
    pub async fn reconcile(&self) -> Result<(), SubmitError> {
        let open = self.journal().open_attempts()?;
        let ended = stream::iter(open.into_iter().map(|attempt| async move {
            info!(signature = %attempt.signature, votes = attempt.targets.len(), "a transaction of before is followed up");
            let transaction = bincode::deserialize(&attempt.transaction)?;
            let prepared = Prepared {
                transaction,
                signature: attempt.signature,
                last_valid_block_height: Some(attempt.last_valid_block_height),
            };
            self.follow(&prepared, &attempt.targets).await
        }))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
        for ending in ended {
            ending?;
        }
        Ok(())
    }

    /// Votes, in as few transactions as they fit into. Returns what the program refuses.
    ///
    /// # Errors
    /// If the journal cannot be used or no endpoint answers. What was executed until then is in the journal.
    pub async fn send(&self, ballots: Vec<Ballot>) -> Result<Vec<Refused>, SubmitError> {
        if ballots.is_empty() {
            return Ok(Vec::new());
        }
        let price = self.price(&ballots).await?;
        let groups: Vec<_> = ballots
            .iter()
            .map(|ballot| cost::alone(self.attest(ballot), cost::ATTEST))
            .collect();
        let budget = [
            Instruction::new_with_bytes(COMPUTE_BUDGET, &[0; 5], Vec::new()),
            Instruction::new_with_bytes(COMPUTE_BUDGET, &[0; 9], Vec::new()),
        ];
        let packed = packing::pack(&self.payer.pubkey(), &budget, &groups)?;
        let batches = packed.into_iter().filter_map(|packed| ballots.get(packed.groups));
        let ended = stream::iter(batches.map(|batch| self.deliver(batch, price)))
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut refused = Vec::new();
        let mut first_error = None;
        for ending in ended {
            match ending {
                Ok(more) => refused.extend(more),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(refused), Err)
    }

    /// One batch, in halves if the program refuses one of its votes: one refusal fails a whole transaction.
    async fn deliver(&self, batch: &[Ballot], price: u64) -> Result<Vec<Refused>, SubmitError> {
        let mut parts = vec![batch];
        let mut refused = Vec::new();
        let mut signed_anew = 0;
        while let Some(part) = parts.pop() {
            let failure = match self.attempt(part, price).await {
                Ok(Ending::Confirmed) => continue,
                Ok(Ending::Expired) if signed_anew < SIGNED_ANEW => {
                    signed_anew += 1;
                    warn!(votes = part.len(), "a transaction expired and is signed anew");
                    parts.push(part);
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
            match part {
                [ballot] => refused.push(Refused {
                    target: ballot.target,
                    reason: failure.to_string(),
                }),
                several => {
                    let (front, back) = several.split_at(several.len() / 2);
                    parts.extend([back, front]);
                }
            }
        }
        Ok(refused)
    }

    async fn attempt(&self, ballots: &[Ballot], price: u64) -> Result<Ending, SubmitError> {
        let prepared = self
            .endpoints
            .ask(async |client| {
                let mut submission =
                    Submission::new(ballots.iter().map(|ballot| self.attest(ballot)).collect(), self.payer)
                        .signed_by([self.oracle]);
                submission.unit_price = price;
                Ok(client.prepare(&submission).await?.0)
            })
            .await?;
        let targets: Vec<Target> = ballots.iter().map(|ballot| ballot.target).collect();
        let attempt = Attempt {
            signature: prepared.signature,
            last_valid_block_height: prepared.last_valid_block_height.unwrap_or(u64::MAX),
            transaction: bincode::serialize(&prepared.transaction)?,
            targets,
        };
        self.journal().record_attempt(&attempt, now())?;
        self.follow(&prepared, &attempt.targets).await
    }

    /// Sends a transaction that is in the journal until it has ended, and writes down how.
    async fn follow(&self, prepared: &Prepared, targets: &[Target]) -> Result<Ending, SubmitError> {
        let ending = self.ending(prepared).await?;
        let (name, note) = match &ending {
            Ending::Confirmed => ("confirmed", "confirmed".to_owned()),
            Ending::Expired => ("expired", "expired".to_owned()),
            Ending::Failed(failure) => ("failed", format!("failed: {failure}")),
        };
        let mut journal = self.journal();
        if let Ending::Confirmed = ending {
            for target in targets {
                let Some(measured) = journal.measured(target)? else {
                    continue;
                };
                journal.record_vote(
                    target,
                    &Vote {
                        value: measured.value,
                        evidence: measured.evidence,
                        signature: Some(prepared.signature),
                        at: now(),
                    },
                )?;
                self.metrics.votes.inc();
            }
            info!(signature = %prepared.signature, votes = targets.len(), "voted");
        }
        journal.close_attempt(&prepared.signature, &note)?;
        self.metrics.transactions.with_label_values(&[name]).inc();
        Ok(ending)
    }

    /// Sends a transaction that is in the journal until it has ended.
    ///
    /// # Errors
    /// If no endpoint answers for a while: what became of it is not known.
    pub async fn ending(&self, prepared: &Prepared) -> Result<Ending, SubmitError> {
        let (mut polls, mut errors) = (0u32, 0u32);
        let mut over = false;
        loop {
            let asked = self
                .endpoints
                .ask(async |client| {
                    if !over && polls.is_multiple_of(POLLS_BEFORE_RESEND) {
                        client.post(prepared).await?;
                    }
                    // Height first, and both from the same endpoint: one that stands at a later block knows what was
                    // executed before it, another one may not have seen it yet.
                    let height = client.block_height().await?;
                    Ok((client.status(&prepared.signature).await?, height))
                })
                .await;
            match asked {
                Ok((Some(_), _)) => return Ok(Ending::Confirmed),
                Ok((None, height)) => {
                    errors = 0;
                    let last = prepared.last_valid_block_height.unwrap_or(u64::MAX);
                    if height > last.saturating_add(MARGIN_BLOCKS) {
                        return Ok(Ending::Expired);
                    }
                    // Nobody takes it any more.
                    over = height > last;
                }
                Err(ClientError::Failed { failure, .. }) => return Ok(Ending::Failed(failure)),
                Err(error) => {
                    errors += 1;
                    if errors >= PATIENCE {
                        return Err(error.into());
                    }
                    tokio::time::sleep(POLL * 2u32.saturating_pow(errors)).await;
                }
            }
            tokio::time::sleep(POLL).await;
            polls = polls.saturating_add(1);
        }
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

/// The compute budget program: two of its instructions stand in front of the votes and take their place.
const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");

/// The smallest of `prices` that at least `percent` of them do not exceed; 0 of none.
fn percentile(mut prices: Vec<u64>, percent: u8) -> u64 {
    prices.sort_unstable();
    let count = prices.len();
    let rank = count.saturating_mul(usize::from(percent)).div_ceil(100);
    prices.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
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
