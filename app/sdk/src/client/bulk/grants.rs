//! Making many grants, each exactly once.
//!
//! The program takes a grant only with the plan's next number, so grants are made in a chain of transactions that are
//! sent without waiting for each other. A number that was taken by somebody else shows in the plan's counter, and what
//! is left gets the numbers after it. A transaction whose number was taken can never be executed, so no row can be made
//! twice.

use {
    super::{
        Attempt, AttemptState, Bulk, BulkError, Finished, Job, Journal, JournalError, Options, Order, Outcome,
        Progress, tasks,
    },
    crate::{
        client::{Client, ClientError, Endpoint, Failure, FailureReason},
        send::{
            Version, cost,
            packing::{self, Group, TooLarge},
        },
        terms,
        wire::{instructions, pda},
    },
    borsh::BorshSerialize,
    earnout::{
        error::EarnoutError,
        instructions::CreateGrantArgs,
        state::{Grant, Plan, REVOCABLE, TRANSFERABLE},
    },
    serde::{Deserialize, Serialize},
    sha2::{Digest, Sha256},
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    solana_signer::Signer,
    std::{
        collections::{BTreeMap, BTreeSet},
        ops::Range,
    },
    thiserror::Error,
    tokio::time::sleep,
};

/// How often the plan's counter is read, a little apart, before it is believed that it does not count a grant.
const COUNTS: usize = 10;

/// How often others may take a number before this gives up.
const MOST_DISPLACEMENTS: usize = 100;

/// A row with the number its grant gets, as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// [`row_id`] of the row.
    pub row: String,
    /// Number of the grant.
    pub grant_index: u32,
}

/// Identity of a row: the hash of all its terms, in hexadecimal. The grant's number is not part of it.
pub fn row_id(terms: &CreateGrantArgs) -> String {
    let mut bytes = Vec::new();
    let terms = CreateGrantArgs {
        grant_index: 0,
        ..terms.clone()
    };
    // Writing into memory cannot fail.
    let _ = terms.serialize(&mut bytes);
    hex::encode(Sha256::digest(&bytes))
}

/// Whether `grant` has the terms of the row, whoever its beneficiary is by now.
pub fn same_terms(grant: &Grant, terms: &CreateGrantArgs) -> bool {
    let weights = terms.kpi_weights.iter().copied().chain(std::iter::repeat(0));
    grant.allocation == terms.allocation
        && grant.unit_allocation == terms.unit_allocation
        && grant.first_period == terms.first_period
        && grant.periods == terms.periods
        && grant.cliff_periods == terms.cliff_periods
        && grant.time_weight == terms.time_weight
        && grant
            .kpi_weights
            .iter()
            .copied()
            .eq(weights.take(grant.kpi_weights.len()))
        && grant.has(REVOCABLE) == terms.revocable
        && grant.has(TRANSFERABLE) == terms.transferable
}

/// What making grants needs from a chain besides sending.
pub trait GrantChain: Endpoint {
    /// Number of the plan's next grant.
    fn next_grant(&self, plan: &Pubkey) -> impl Future<Output = Result<u32, ClientError>>;

    /// Which of these rows the program would refuse now, for what stands in them, and why; none for the others.
    fn refused_now(
        &self,
        plan: &Pubkey,
        rows: &[&CreateGrantArgs],
    ) -> impl Future<Output = Result<Vec<Option<String>>, ClientError>>;

    /// The grants at `addresses`, none where there is none.
    fn grants_at(&self, addresses: &[Pubkey]) -> impl Future<Output = Result<Vec<Option<Grant>>, ClientError>>;
}

impl GrantChain for Client {
    async fn next_grant(&self, plan: &Pubkey) -> Result<u32, ClientError> {
        let state: Plan = self.plan(plan).await?;
        Ok(state.grant_counter)
    }

    async fn refused_now(&self, plan: &Pubkey, rows: &[&CreateGrantArgs]) -> Result<Vec<Option<String>>, ClientError> {
        let (state, now) = (self.plan(plan).await?, self.now().await?);
        let refusal = |row: &&CreateGrantArgs| match terms::grant(&state, row, now) {
            Err(anchor_lang::error::Error::AnchorError(error))
                if ABOUT_THE_ROW.contains(&error.error_name.as_str()) =>
            {
                Some(format!("{}: {}", error.error_name, error.error_msg))
            }
            _ => None,
        };
        Ok(rows.iter().map(refusal).collect())
    }

    async fn grants_at(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Grant>>, ClientError> {
        self.grants(addresses).await
    }
}

fn is_executed(attempt: &Attempt<Planned>) -> bool {
    matches!(attempt.state, AttemptState::Executed(_))
}

/// A grant that was made for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The row, by its place.
    pub row: usize,
    /// Number of the grant.
    pub grant_index: u32,
    /// The transaction, unless only the grant's account shows that it was made.
    pub signature: Option<Signature>,
}

/// A row that the program refused.
#[derive(Clone, Debug)]
pub struct RowFault {
    /// The row, by its place.
    pub row: usize,
    /// The name of the program's error, and what it means.
    pub why: String,
}

/// What became of the rows.
#[derive(Clone, Debug, Default)]
pub struct ImportReport {
    /// Grants made, those of earlier runs included, in the order of the rows.
    pub made: Vec<Made>,
    /// How many of them were made before this run.
    pub made_before: usize,
    /// Rows that the program refused.
    pub refused: Vec<RowFault>,
    /// Rows that were not made because something stopped the run, by their places.
    pub left: Vec<usize>,
    /// Rows that may have been made, or may still be, by their places, with the transactions that may do it.
    pub unknown: Vec<(usize, Signature)>,
    /// What stopped it.
    pub stopped: Option<String>,
}

/// Why grants could not be made.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The endpoint or the journal.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// The endpoint.
    #[error(transparent)]
    Endpoint(#[from] ClientError),
    /// A transaction of an earlier run may have been executed, or may still be: nothing was signed in its place.
    #[error("what became of transaction {signature} of an earlier run is not known: {why}; run the import again later")]
    Unknown {
        /// The transaction.
        signature: Signature,
        /// What keeps it from being known.
        why: String,
    },
    /// A row fits no transaction.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// What an earlier run signed for a row is gone from the chain's memory.
    #[error(
        "whether grant {grant_index} was made for row {row} by transaction {signature} cannot be told any more: the grant \
         is closed or was handed on, and the endpoint does not know the transaction. Look into the history of the grant: if \
         it was made for this row, take the row out of the file; if not, name a new journal"
    )]
    Unclear {
        /// The row, by its place, counted from 0.
        row: usize,
        /// The grant's number.
        grant_index: u32,
        /// The transaction.
        signature: Signature,
    },
}

impl From<JournalError> for ImportError {
    fn from(error: JournalError) -> Self {
        Self::Bulk(error.into())
    }
}

/// Makes many grants of one plan.
pub struct GrantImport<'a, E> {
    /// The chain.
    pub chain: &'a E,
    /// The plan.
    pub plan: Pubkey,
    /// Its mint.
    pub mint: Pubkey,
    /// Pays rent and fees.
    pub payer: &'a dyn Signer,
    /// The plan's authority.
    pub authority: &'a dyn Signer,
    /// How to send. The order is the import's own.
    pub options: Options,
}

impl<E: GrantChain> GrantImport<'_, E> {
    /// How many transactions `rows` need, and how many compute units these ask for.
    ///
    /// # Errors
    /// If a row fits no transaction.
    pub fn size(&self, rows: &[CreateGrantArgs]) -> Result<(usize, u64), TooLarge> {
        let places: Vec<_> = (0..rows.len()).collect();
        let jobs = self.jobs(rows, &places, 0)?;
        Ok((jobs.len(), jobs.iter().map(|job| u64::from(job.units)).sum()))
    }

    /// The instructions of the first transaction that would make `rows`, beginning with grant number `next`.
    ///
    /// # Errors
    /// If a row fits no transaction.
    pub fn first(&self, rows: &[CreateGrantArgs], next: u32) -> Result<Option<Job<Planned>>, TooLarge> {
        let places: Vec<_> = (0..rows.len().min(packing::MOST_ACCOUNTS)).collect();
        Ok(self.jobs(rows, &places, next)?.into_iter().next())
    }

    /// Brings what an earlier run left open to its end, and says which rows are made: by the journal, by the state of
    /// its transactions, and by the accounts on the chain.
    ///
    /// # Errors
    /// If the endpoint does not answer, the journal cannot be written, or it cannot be told whether a row is made.
    pub async fn resume(
        &self,
        journal: &mut Journal<Planned>,
        rows: &[CreateGrantArgs],
        progress: &mut Progress,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<BTreeMap<usize, Made>, ImportError> {
        // What an endpoint called executed, and the plan does not count, is followed again: it may be signed anew only
        // once it provably was not executed.
        let numbers = |attempt: &Attempt<Planned>| attempt.items.iter().map(|planned| planned.grant_index).max();
        let executed = journal.attempts().iter().filter(|attempt| is_executed(attempt));
        if let Some(last) = executed.filter_map(numbers).max()
            && let Some(next) = self.counted(last).await
        {
            journal.reopen(|attempt| is_executed(attempt) && numbers(attempt) >= Some(next));
        }
        for Finished { outcome, .. } in self.bulk().resume(journal, progress, watch).await? {
            if let Outcome::Unknown { signature, why } = outcome {
                return Err(ImportError::Unknown { signature, why });
            }
        }
        self.made(journal, rows).await
    }

    /// Which rows are made, as far as it can be said without sending anything: what an earlier run left open may still
    /// come.
    ///
    /// # Errors
    /// If the endpoint does not answer, or it cannot be told whether a row is made.
    pub async fn made(
        &self,
        journal: &Journal<Planned>,
        rows: &[CreateGrantArgs],
    ) -> Result<BTreeMap<usize, Made>, ImportError> {
        let places: BTreeMap<String, usize> = (0..rows.len()).map(|row| (row_id(&rows[row]), row)).collect();
        let mut made: BTreeMap<usize, Made> = BTreeMap::new();
        let mut unknown = Vec::new();
        for attempt in journal.attempts() {
            for planned in &attempt.items {
                let Some(row) = places.get(&planned.row).copied() else {
                    continue;
                };
                let entry = Made {
                    row,
                    grant_index: planned.grant_index,
                    signature: Some(attempt.signature),
                };
                match attempt.state {
                    AttemptState::Executed(_) => {
                        made.insert(row, entry);
                    }
                    AttemptState::Failed(_) => {}
                    AttemptState::Expired | AttemptState::Open => unknown.push((entry, attempt.signature)),
                }
            }
        }
        // What was executed, as far as one endpoint said: the plan counts its grants, and knows better.
        if let Some(last) = made.values().max_by_key(|made| made.grant_index)
            && self.counted(last.grant_index).await.is_some()
        {
            return Err(ImportError::Unknown {
                signature: last.signature.unwrap_or_default(),
                why: "the endpoint said that it was executed, and the plan does not count its grant".to_owned(),
            });
        }
        // What expired was not executed, as far as one endpoint knows. The accounts know better.
        let taken: BTreeSet<u32> = made.values().map(|made: &Made| made.grant_index).collect();
        unknown.retain(|(entry, _)| !made.contains_key(&entry.row) && !taken.contains(&entry.grant_index));
        if unknown.is_empty() {
            return Ok(made);
        }
        let addresses: Vec<_> = unknown
            .iter()
            .map(|(entry, _)| pda::grant(&self.plan, entry.grant_index))
            .collect();
        let accounts = self.chain.grants_at(&addresses).await?;
        let next = self.chain.next_grant(&self.plan).await?;
        for ((entry, signature), account) in unknown.into_iter().zip(accounts) {
            let terms = &rows[entry.row];
            match account {
                Some(grant) if same_terms(&grant, terms) && grant.beneficiary == terms.beneficiary => {
                    let signature = None;
                    made.insert(entry.row, Made { signature, ..entry });
                }
                Some(grant) if !same_terms(&grant, terms) || !grant.has(TRANSFERABLE) => {}
                None if entry.grant_index >= next => {}
                _ => {
                    return Err(ImportError::Unclear {
                        row: entry.row,
                        grant_index: entry.grant_index,
                        signature,
                    });
                }
            }
        }
        Ok(made)
    }

    /// Makes a grant for each of `rows`, which all differ, but those in `made`, which [`GrantImport::resume`] found.
    ///
    /// # Errors
    /// If the endpoint does not answer, or the journal cannot be written. What was made by then is in the journal.
    pub async fn run(
        &self,
        journal: &mut Journal<Planned>,
        rows: &[CreateGrantArgs],
        made: BTreeMap<usize, Made>,
        progress: &mut Progress,
        watch: &mut dyn FnMut(&Progress),
    ) -> Result<ImportReport, ImportError> {
        let mut report = ImportReport {
            made_before: made.len(),
            ..ImportReport::default()
        };
        let mut open: BTreeSet<usize> = (0..rows.len()).filter(|row| !made.contains_key(row)).collect();
        report.made = made.into_values().collect();
        let places: BTreeMap<String, usize> = open.iter().map(|row| (row_id(&rows[*row]), *row)).collect();
        let mut displacements = 0usize;
        let mut numbered_from = None;
        progress.total = rows.len();
        while !open.is_empty() && report.stopped.is_none() {
            // The number may have been taken by this row's own transaction, which expired only as far as the endpoint
            // knew.
            if numbered_from.is_some() {
                for (row, made) in self.made(journal, rows).await? {
                    if open.remove(&row) {
                        report.made.push(made);
                    }
                }
                if open.is_empty() {
                    break;
                }
            }
            let next = self.chain.next_grant(&self.plan).await?;
            let others = numbered_from.replace(next).unwrap_or(next)..next;
            if let Some((grant_index, row)) = self.made_by_others(others, rows, &open, &report.made).await? {
                report.stopped = Some(format!(
                    "somebody else made grant {grant_index} for {}, a beneficiary of this import, while it ran",
                    rows[row].beneficiary
                ));
                break;
            }
            let order: Vec<_> = open.iter().copied().collect();
            let jobs = self.jobs(rows, &order, next)?;
            for Finished { items, outcome } in self.bulk().run(journal, &jobs, progress, watch).await? {
                let row_of = |planned: &Planned| places.get(&planned.row).copied();
                match outcome {
                    Outcome::Executed(confirmed) => {
                        for planned in &items {
                            let Some(row) = row_of(planned) else { continue };
                            open.remove(&row);
                            report.made.push(Made {
                                row,
                                grant_index: planned.grant_index,
                                signature: Some(confirmed.signature),
                            });
                        }
                    }
                    Outcome::NotReached => {}
                    Outcome::Unknown { signature, why } => {
                        let rows = items.iter().filter_map(row_of).map(|row| (row, signature));
                        report.unknown.extend(rows);
                        report.stopped = Some(why);
                    }
                    Outcome::Expired => {
                        let which = match self.options.version {
                            Version::Zero => "",
                            Version::One => ", or none of version 1",
                        };
                        report.stopped = Some(format!("the network takes no transactions{which}; try again later"));
                    }
                    Outcome::Failed { failure, .. } if is_too_early(&failure) => {
                        displacements = displacements.saturating_add(1);
                        if displacements > MOST_DISPLACEMENTS {
                            report.stopped = Some("others keep making grants of this plan at the same time".to_owned());
                        }
                    }
                    Outcome::Failed { failure, .. } => {
                        let refused = self.options.failed_instruction(&failure);
                        let refused = refused.and_then(|place| items.get(place));
                        match refused.and_then(row_of).filter(|_| is_about_the_row(&failure)) {
                            Some(row) => {
                                open.remove(&row);
                                let why = failure.to_string();
                                report.refused.push(RowFault { row, why });
                                self.refuse_alike(rows, &mut open, &mut report).await?;
                            }
                            None => report.stopped = Some(failure.to_string()),
                        }
                    }
                }
            }
        }
        // The plan counts what was made: an endpoint that says otherwise of a transaction is not believed.
        if let Some(last) = report.made.iter().map(|made| made.grant_index).max()
            && let Some(next) = self.counted(last).await
        {
            report.made.retain(|made| match made.grant_index < next {
                true => true,
                false => {
                    open.insert(made.row);
                    false
                }
            });
            let why = "the endpoint says that grants were made which the plan does not count";
            report.stopped.get_or_insert_with(|| why.to_owned());
        }
        report.refused.sort_by_key(|fault| fault.row);
        report.left = open.into_iter().collect();
        report.made.sort_by_key(|made| made.row);
        Ok(report)
    }

    /// What refuses one row often refuses many, such as a period that has begun: those need not be sent.
    async fn refuse_alike(
        &self,
        rows: &[CreateGrantArgs],
        open: &mut BTreeSet<usize>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        let places: Vec<_> = open.iter().copied().collect();
        let terms: Vec<_> = places.iter().map(|place| &rows[*place]).collect();
        let refusals = self.chain.refused_now(&self.plan, &terms).await?;
        for (row, why) in places.into_iter().zip(refusals) {
            if let Some(why) = why {
                open.remove(&row);
                report.refused.push(RowFault { row, why });
            }
        }
        Ok(())
    }

    fn bulk(&self) -> Bulk<'_, E> {
        Bulk {
            endpoint: self.chain,
            fee_payer: self.payer,
            signers: vec![self.authority],
            options: Options {
                order: Order::Chain(is_too_early),
                ..self.options
            },
        }
    }

    /// How many grants the plan counts, if that is no more than the number `last`, also a little later: a node can be
    /// behind the one that said that the grant was made.
    async fn counted(&self, last: u32) -> Option<u32> {
        let mut counted = None;
        for _ in 0..COUNTS {
            counted = self.chain.next_grant(&self.plan).await.ok();
            if counted.is_none_or(|next| next > last) {
                return None;
            }
            sleep(self.options.policy.poll).await;
        }
        counted
    }

    /// A grant among the numbers `indexes` that was not made here, for the beneficiary of a row that is still open.
    async fn made_by_others(
        &self,
        indexes: Range<u32>,
        rows: &[CreateGrantArgs],
        open: &BTreeSet<usize>,
        made: &[Made],
    ) -> Result<Option<(u32, usize)>, ClientError> {
        let made: BTreeSet<_> = made.iter().map(|made| made.grant_index).collect();
        let indexes: Vec<_> = indexes.filter(|index| !made.contains(index)).collect();
        if indexes.is_empty() {
            return Ok(None);
        }
        let addresses: Vec<_> = indexes.iter().map(|index| pda::grant(&self.plan, *index)).collect();
        let grants = self.chain.grants_at(&addresses).await?;
        let row_of = |grant: &Grant| open.iter().find(|row| rows[**row].beneficiary == grant.beneficiary);
        let mut found = indexes
            .into_iter()
            .zip(grants)
            .filter_map(|(index, grant)| Some((index, *row_of(&grant?)?)));
        Ok(found.next())
    }

    /// The rows at `places` with the numbers from `next` on, packed.
    fn jobs(&self, rows: &[CreateGrantArgs], places: &[usize], next: u32) -> Result<Vec<Job<Planned>>, TooLarge> {
        let (payer, authority) = (self.payer.pubkey(), self.authority.pubkey());
        let mut items = Vec::with_capacity(places.len());
        let mut groups: Vec<Group> = Vec::with_capacity(places.len());
        for (grant_index, place) in (next..).zip(places) {
            let row = &rows[*place];
            let args = CreateGrantArgs {
                grant_index,
                ..row.clone()
            };
            let create = instructions::create_grant(&payer, &authority, &self.plan, &self.mint, args);
            groups.push(cost::alone(create, cost::CREATE_GRANT));
            items.push(Planned {
                row: row_id(row),
                grant_index,
            });
        }
        tasks::jobs(&self.options.envelope(&payer), &items, &groups)
    }
}

/// Whether a grant was refused because it is not the turn of its number.
pub fn is_too_early(failure: &Failure) -> bool {
    let early = u32::from(EarnoutError::WrongGrantIndex);
    matches!(&failure.reason, FailureReason::Program(error) if error.code == early)
}

/// Refusals for what stands in a row, so that other rows need not be refused.
const ABOUT_THE_ROW: [&str; 6] = [
    "AllocationOutOfLimits",
    "BadGrantPeriods",
    "PeriodBegun",
    "BadWeights",
    "BadBeneficiary",
    "ReserveTooLarge",
];

fn is_about_the_row(failure: &Failure) -> bool {
    matches!(&failure.reason, FailureReason::Program(error) if ABOUT_THE_ROW.contains(&error.name.as_str()))
}
