//! Bringing votes onto the chain, those of a page together: each signed transaction is in the journal before it is sent
//! and followed as the SDK follows every one. Only with proof that it was not executed and never will be is anything
//! signed again, and nothing that the chain has.

use {
    crate::{
        measure::{EvidenceError, Hash, Store},
        vote::{Endpoints, Journal, JournalError, Measured, Place, SignedVotes, Target, Vote, note_votes, own_votes},
    },
    earnout::{
        constants::NO_VALUE,
        instructions::{AttestArgs, AttestPageArgs, ObserveArgs},
    },
    earnout_sdk::{
        client::{ClientError, Ending, Life, Policy, Prepared, Submission, follow, of_bytes, to_bytes},
        send::{
            Version, cost,
            packing::{self, Cost, Envelope, TooLarge},
        },
        text::time,
        wire::{Listed, Manifest, instructions, uploads},
    },
    futures_util::{StreamExt, stream},
    prometheus::{IntCounter, IntCounterVec},
    serde::Deserialize,
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signature::Signature,
    solana_signer::Signer,
    std::{
        collections::BTreeMap,
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
    /// The value and its evidence.
    pub measured: Measured,
}

/// Votes that one instruction carries: on a shared KPI one, on an individual one those on grants of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Upload {
    place: Place,
    /// In the order of the grants; never empty.
    ballots: Vec<Ballot>,
}

impl Upload {
    /// All of `ballots`, one upload for each attestation and page.
    fn of_all(mut ballots: Vec<Ballot>) -> Vec<Self> {
        ballots.sort_unstable_by_key(|ballot| ballot.target);
        let places = ballots.chunk_by(|one, next| one.target.place() == next.target.place());
        let upload = |ballots: &[Ballot]| {
            Some(Self {
                place: ballots.first()?.target.place(),
                ballots: ballots.to_vec(),
            })
        };
        places.filter_map(upload).collect()
    }

    /// The values of a page by the indices of the grants.
    fn values(&self) -> BTreeMap<u32, i64> {
        let votes = self.ballots.iter();
        let values = votes.filter_map(|ballot| Some((ballot.target.grant?, ballot.measured.value)));
        values.collect()
    }

    fn cost(&self) -> Cost {
        match self.place.page {
            None => cost::ATTEST,
            Some(_) => cost::ATTEST_PAGE,
        }
    }
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
    /// What proves the votes of a page is on the disk before they are signed.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
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

impl Sent {
    /// The same with what came of sending others.
    pub fn add(&mut self, other: Self) {
        self.refused.extend(other.refused);
        self.trouble = self.trouble.take().or(other.trouble);
    }
}

/// Who brings votes onto the chain.
pub struct Courier<'a> {
    pub endpoints: &'a Endpoints,
    /// What was signed before.
    pub journal: &'a Mutex<Journal>,
    /// Where manifests go.
    pub store: &'a Store,
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
            info!(signature = %signed.signature, votes = signed.votes.len(), "a transaction of before is followed up");
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

    /// Votes, those of a page in one upload, in as few transactions as they fit into.
    ///
    /// # Errors
    /// If nothing can be sent at all. What was executed is in the journal.
    pub async fn send(&self, ballots: Vec<Ballot>) -> Result<Sent, SubmitError> {
        let mut sent = Sent::default();
        let uploads = Upload::of_all(ballots);
        if uploads.is_empty() {
            return Ok(sent);
        }
        let price = self.price(uploads.iter().map(|upload| upload.place.plan)).await?;
        // Which evidence they name makes them no longer.
        let groups: Vec<_> = uploads
            .iter()
            .map(|upload| cost::alone(self.instruction(upload, Hash::default()), upload.cost()))
            .collect();
        let envelope = Envelope {
            version: self.endpoints.version(&[self.payer, self.oracle]).await?,
            payer: self.payer.pubkey(),
            priced: price > 0,
            spare: 0,
        };
        let packed = packing::pack(&envelope, &groups)?;
        let batches = packed.into_iter().filter_map(|packed| uploads.get(packed.groups));
        let delivered = stream::iter(batches.map(|batch| async move {
            let mut refused = Vec::new();
            let trouble = self.deliver(batch, envelope.version, price, &mut refused).await.err();
            (refused, trouble)
        }));
        for (refused, trouble) in delivered.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            sent.add(Sent { refused, trouble });
        }
        Ok(sent)
    }

    /// One batch, in halves if the program refuses one of its uploads: one refusal fails a whole transaction.
    async fn deliver(
        &self,
        batch: &[Upload],
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
                        let votes: usize = left.iter().map(|upload| upload.ballots.len()).sum();
                        warn!(votes, "a transaction expired and is signed anew");
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
                [upload] => refused.extend(upload.ballots.iter().map(|ballot| Refused {
                    target: ballot.target,
                    reason: failure.to_string(),
                })),
                several => {
                    let (front, back) = several.split_at(several.len() / 2);
                    parts.extend([back.to_vec(), front.to_vec()]);
                }
            }
        }
        Ok(())
    }

    /// What the chain does not have of `uploads`: one endpoint's word that a transaction expired is not enough to sign
    /// another one for votes that are there.
    async fn not_on_chain(&self, uploads: &[Upload]) -> Result<Vec<Upload>, SubmitError> {
        let addresses: Vec<Pubkey> = uploads.iter().map(|upload| upload.place.address()).collect();
        let looks = self
            .endpoints
            .ask_all(async |client| client.evaluations(&addresses).await)
            .await?;
        let mut left = Vec::new();
        for (number, upload) in uploads.iter().enumerate() {
            let plan = self
                .endpoints
                .ask(async |client| client.plan(&upload.place.plan).await)
                .await?;
            let mut journal = self.journal();
            let oracle = self.oracle.pubkey();
            for evaluation in looks.iter().filter_map(|look| look.get(number)?.as_ref()) {
                let votes = own_votes(evaluation, &plan, &oracle).into_iter();
                note_votes(&mut journal, self.store, votes, time::now())?;
            }
            for ballot in &upload.ballots {
                match journal.vote(&ballot.target)? {
                    None => left.push(*ballot),
                    Some(_) => {
                        let Target { kpi, period, grant, .. } = ballot.target;
                        info!(kpi, period, grant, "the chain has the vote");
                    }
                }
            }
        }
        Ok(Upload::of_all(left))
    }

    async fn cast(&self, uploads: &[Upload], version: Version, price: u64) -> Result<Ending, SubmitError> {
        let mut instructions = Vec::new();
        let mut votes = Vec::new();
        for upload in uploads {
            let evidence = self.evidence(upload)?;
            instructions.push(self.instruction(upload, evidence));
            votes.extend(upload.ballots.iter().map(|ballot| (ballot.target, evidence)));
        }
        self.bring(&instructions, &[self.oracle], votes, version, price).await
    }

    /// Shows what a price feed published, the update in the account `update`. Anybody may: the payer alone signs.
    ///
    /// # Errors
    /// If nothing can be sent, or the program refuses it: then nothing was sent.
    pub async fn observe(&self, plan: &Pubkey, update: &Pubkey, args: ObserveArgs) -> Result<Ending, SubmitError> {
        let price = self.price([*plan].into_iter()).await?;
        let version = self.endpoints.version(&[self.payer]).await?;
        let observe = instructions::observe(&self.payer.pubkey(), plan, update, args);
        self.bring(&[observe], &[], Vec::new(), version, price).await
    }

    /// Signs a transaction, writes it down with the votes that it makes, and only then sends and follows it.
    async fn bring(
        &self,
        instructions: &[Instruction],
        signers: &[&dyn Signer],
        votes: Vec<(Target, Hash)>,
        version: Version,
        price: u64,
    ) -> Result<Ending, SubmitError> {
        let prepared = self
            .endpoints
            .ask(async |client| {
                let signers = signers.iter().copied();
                let mut submission = Submission::new(instructions.to_vec(), self.payer).signed_by(signers);
                submission.version = version;
                submission.unit_price = price;
                Ok(client.prepare(&submission).await?.0)
            })
            .await?;
        let signed = SignedVotes {
            signature: prepared.signature,
            last_valid_block_height: last_block(prepared.life),
            transaction: to_bytes(&prepared.transaction),
            votes,
        };
        self.journal().record_transaction(&signed, time::now())?;
        self.follow(&signed).await
    }

    /// The evidence that the chain gets for an upload: the hash of the vote's document, or of a manifest that is stored
    /// by now. Until it is known what became of an upload no other one of the same page is made, so the manifest
    /// repeats all that was reported there before.
    fn evidence(&self, upload: &Upload) -> Result<Hash, SubmitError> {
        let Place {
            plan,
            kpi,
            period,
            page: Some(page),
        } = upload.place
        else {
            return Ok(upload
                .ballots
                .first()
                .map(|ballot| ballot.measured.evidence)
                .unwrap_or_default());
        };
        let before = self.journal().votes_in(&upload.place)?;
        let before = before
            .into_iter()
            .map(|(grant, vote)| (grant, (vote.value, vote.evidence)));
        let new = upload.ballots.iter().filter_map(|ballot| {
            let Measured { value, evidence, .. } = ballot.measured;
            Some((ballot.target.grant?, (value, Some(evidence))))
        });
        let mut manifest = Manifest::new(plan, self.oracle.pubkey(), kpi, period, page);
        let listed = before.chain(new);
        let listed = listed.map(|(grant, (value, evidence))| (grant, Listed { value, evidence }));
        manifest.votes.extend(listed);
        Ok(self.store.put(&manifest)?)
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
            let mut votes = Vec::with_capacity(signed.votes.len());
            for (target, _) in &signed.votes {
                let Some(measured) = journal.measured(target)? else {
                    continue;
                };
                let vote = Vote {
                    value: measured.value,
                    evidence: Some(measured.evidence),
                    signature: Some(signed.signature),
                    at: time::now(),
                };
                // One that is corrected takes the place of the one before.
                if journal.vote(target)?.is_some_and(|before| before.value != vote.value) {
                    journal.forget_vote(target)?;
                }
                votes.push((*target, vote));
            }
            journal.record_votes(&votes)?;
            self.votes.inc_by(u64::try_from(votes.len()).unwrap_or(u64::MAX));
            match signed.votes.len() {
                0 => info!(signature = %signed.signature, "observed"),
                votes => info!(signature = %signed.signature, votes, "voted"),
            }
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

    fn instruction(&self, upload: &Upload, evidence: Hash) -> Instruction {
        let Place {
            plan,
            kpi,
            period,
            page,
        } = upload.place;
        let (payer, oracle) = (self.payer.pubkey(), self.oracle.pubkey());
        match page {
            None => {
                let value = upload.ballots.first().map_or(NO_VALUE, |ballot| ballot.measured.value);
                let args = AttestArgs {
                    kpi,
                    period,
                    value,
                    evidence,
                };
                instructions::attest(&payer, &oracle, &plan, args)
            }
            Some(_) => {
                let (first, values) = uploads(&upload.values()).pop().unwrap_or_default();
                let args = AttestPageArgs {
                    kpi,
                    period,
                    first,
                    values,
                    evidence,
                };
                instructions::attest_page(&payer, &oracle, &plan, args)
            }
        }
    }

    /// What others paid lately for transactions that write to the same plans, at most the cap. Micro-lamports a unit.
    async fn price(&self, plans: impl Iterator<Item = Pubkey>) -> Result<u64, SubmitError> {
        if self.fee.cap == 0 {
            return Ok(0);
        }
        let mut plans: Vec<Pubkey> = plans.collect();
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

    fn ballot(kpi: u8, grant: Option<u32>, value: i64) -> Ballot {
        Ballot {
            target: Target {
                plan: Pubkey::new_from_array([1; 32]),
                kpi,
                period: 2,
                grant,
            },
            measured: Measured {
                value,
                evidence: [u8::try_from(value).unwrap(); 32],
                at: 1,
            },
        }
    }

    #[test]
    fn votes_of_a_page_go_together_and_leave_out_the_others() {
        let ballots = [(66, 6), (3, 3), (64, 4), (127, 7), (128, 8), (0, 1)];
        let mut ballots: Vec<_> = ballots
            .iter()
            .map(|&(grant, value)| ballot(1, Some(grant), value))
            .collect();
        ballots.push(ballot(2, Some(3), 9));
        ballots.push(ballot(0, None, 5));
        let all = Upload::of_all(ballots);
        let found: Vec<_> = all
            .iter()
            .map(|upload| (upload.place.kpi, upload.place.page, uploads(&upload.values())))
            .collect();
        let mut second = vec![NO_VALUE; 64];
        (second[0], second[2], second[63]) = (4, 6, 7);
        let expected = [
            (0, None, vec![]),
            (1, Some(0), vec![(0, vec![1, NO_VALUE, NO_VALUE, 3])]),
            (1, Some(1), vec![(64, second)]),
            (1, Some(2), vec![(128, vec![8])]),
            (2, Some(0), vec![(3, vec![9])]),
        ];
        assert_eq!(found, expected);
        assert_eq!(Upload::of_all(Vec::new()), []);
    }

    /// A courier with a journal and a store of its own in `folder`; nobody answers it.
    fn with_courier<T>(folder: &std::path::Path, ask: impl FnOnce(&Courier<'_>) -> T) -> T {
        let metrics = crate::service::Metrics::new(Duration::ZERO).unwrap();
        let chain = toml::from_str("endpoints = ['http://a.test']").unwrap();
        let key = solana_keypair::Keypair::new();
        ask(&Courier {
            endpoints: &Endpoints::new(&chain),
            journal: &Mutex::new(Journal::open(folder).unwrap()),
            store: &Store::open(folder.join("evidence")).unwrap(),
            oracle: &key,
            payer: &key,
            fee: PriorityFee::default(),
            votes: &metrics.votes,
            transactions: &metrics.transactions,
        })
    }

    #[test]
    fn an_uploads_evidence_repeats_what_was_reported_before_in_the_page() {
        let dir = tempfile::tempdir().unwrap();
        with_courier(dir.path(), |courier| {
            let shared = Upload::of_all(vec![ballot(0, None, 5)]).remove(0);
            assert_eq!(courier.evidence(&shared).unwrap(), [5; 32], "the document's own hash");

            let manifest = |ballots: Vec<Ballot>| {
                let hash = courier.evidence(&Upload::of_all(ballots).remove(0)).unwrap();
                let manifest: Manifest = courier.store.get(&hash).unwrap();
                let votes = manifest.votes.iter();
                votes
                    .map(|(grant, listed)| (*grant, listed.value, listed.evidence))
                    .collect::<Vec<_>>()
            };
            assert_eq!(manifest(vec![ballot(1, Some(70), 7)]), [(70, 7, Some([7; 32]))]);
            let before = [(64, Some([3; 32])), (65, None), (128, Some([4; 32]))];
            for (grant, evidence) in before {
                let vote = Vote {
                    value: 2,
                    evidence,
                    signature: None,
                    at: 1,
                };
                let target = ballot(1, Some(grant), 2).target;
                courier.journal().record_votes(&[(target, vote)]).unwrap();
            }
            assert_eq!(
                manifest(vec![ballot(1, Some(70), 7), ballot(1, Some(66), 6)]),
                [
                    (64, 2, Some([3; 32])),
                    (65, 2, None),
                    (66, 6, Some([6; 32])),
                    (70, 7, Some([7; 32]))
                ]
            );
        });
    }

    #[test]
    fn a_full_page_fits_into_a_transaction() {
        let dir = tempfile::tempdir().unwrap();
        with_courier(dir.path(), |courier| {
            let ballots = (64..128).map(|grant| ballot(1, Some(grant), 7)).collect();
            let uploads = Upload::of_all(ballots);
            let [upload] = uploads.as_slice() else {
                panic!("{uploads:?}");
            };
            let group = cost::alone(courier.instruction(upload, [7; 32]), upload.cost());
            let envelope = Envelope {
                version: Version::Zero,
                payer: Pubkey::new_from_array([9; 32]),
                priced: true,
                spare: 0,
            };
            assert_eq!(packing::pack(&envelope, &[group]).unwrap().len(), 1);
        });
    }

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
