//! Building, signing, sending and confirming transactions. The steps are separate, so that a caller can note a signature
//! before anything is sent.

use {
    super::{Client, ClientError, Failure},
    solana_commitment_config::CommitmentConfig,
    solana_compute_budget_interface::ComputeBudgetInstruction,
    solana_hash::Hash,
    solana_message::{VersionedMessage, v0},
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_rpc_client_api::{config::RpcSendTransactionConfig, response::RpcResult},
    solana_signature::Signature,
    solana_signer::Signer,
    solana_system_interface::instruction::advance_nonce_account,
    solana_transaction::versioned::VersionedTransaction,
    solana_transaction_status_client_types::{TransactionStatus, UiTransactionEncoding},
    std::time::Duration,
};

/// Most units that a transaction may ask for.
pub(super) const MOST_UNITS: u32 = 1_400_000;

/// Units on top of what the simulation took, which depends on how fast an address is found: a tenth, and this.
const SPARE_UNITS: u64 = 1_000;

/// How often the state of a transaction is asked for.
const POLL: Duration = Duration::from_millis(400);

/// After how many of these the same bytes are sent once more: a leader may have dropped them.
const POLLS_BEFORE_RESEND: u32 = 5;

/// How many looks in a row may fail before the endpoint is given up: about ten seconds.
const MOST_TROUBLES: u32 = 25;

/// How often an expired transaction is signed anew.
const ATTEMPTS: u32 = 4;

/// Until when a transaction can be executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// About a minute from now, by the newest blockhash.
    #[default]
    Latest,
    /// As long as this blockhash is recent.
    Blockhash(Hash),
    /// Until the nonce account is advanced: for signatures that take days to collect.
    Nonce {
        /// The nonce account.
        account: Pubkey,
        /// Who may advance it; signs.
        authority: Pubkey,
    },
}

/// A transaction to be made.
pub struct Submission<'a> {
    /// What it does, in order.
    pub instructions: Vec<Instruction>,
    /// Who pays the fee.
    pub fee_payer: &'a dyn Signer,
    /// Everybody else who signs. The fee payer may be among them, and so may keys that the instructions do not need.
    pub signers: Vec<&'a dyn Signer>,
    /// Price of a compute unit in millionths of a lamport, 0 for none.
    pub unit_price: u64,
    /// Largest number of compute units; by simulation if none.
    pub unit_limit: Option<u32>,
    /// Until when it can be executed.
    pub lifetime: Lifetime,
}

impl<'a> Submission<'a> {
    /// A transaction that only `fee_payer` signs.
    pub fn new(instructions: Vec<Instruction>, fee_payer: &'a dyn Signer) -> Self {
        Self {
            instructions,
            fee_payer,
            signers: Vec::new(),
            unit_price: 0,
            unit_limit: None,
            lifetime: Lifetime::Latest,
        }
    }

    /// The same with more signers.
    pub fn signed_by(mut self, signers: impl IntoIterator<Item = &'a dyn Signer>) -> Self {
        self.signers.extend(signers);
        self
    }

    /// The message that is signed. A nonce has to be advanced first; the price of the units comes before they are used.
    ///
    /// # Errors
    /// If the instructions name more accounts than a message can.
    pub fn message(&self, hash: Hash, unit_limit: Option<u32>) -> Result<VersionedMessage, ClientError> {
        let mut instructions = Vec::with_capacity(self.instructions.len() + 3);
        if let Lifetime::Nonce { account, authority } = &self.lifetime {
            instructions.push(advance_nonce_account(account, authority));
        }
        if let Some(limit) = unit_limit {
            instructions.push(ComputeBudgetInstruction::set_compute_unit_limit(limit));
        }
        if self.unit_price > 0 {
            instructions.push(ComputeBudgetInstruction::set_compute_unit_price(self.unit_price));
        }
        instructions.extend(self.instructions.iter().cloned());
        let message = v0::Message::try_compile(&self.fee_payer.pubkey(), &instructions, &[], hash)?;
        Ok(VersionedMessage::V0(message))
    }

    /// Signs `message` with those of the signers that it asks for.
    pub(super) fn sign(&self, message: VersionedMessage) -> Result<VersionedTransaction, ClientError> {
        let needed = usize::from(message.header().num_required_signatures);
        let mut signers: Vec<&dyn Signer> = Vec::with_capacity(needed);
        for key in &message.static_account_keys()[..needed] {
            let known = std::iter::once(&self.fee_payer).chain(&self.signers);
            if let Some(signer) = known.into_iter().find(|signer| signer.pubkey() == *key) {
                signers.push(*signer);
            }
        }
        Ok(VersionedTransaction::try_new(message, signers.as_slice())?)
    }
}

/// The compute limit of a transaction that took so many units in a simulation.
pub(super) fn limit_for(units: u64) -> u32 {
    let limit = units.saturating_add(units / 10).saturating_add(SPARE_UNITS);
    u32::try_from(limit).unwrap_or(MOST_UNITS).min(MOST_UNITS)
}

/// A signed transaction that was not sent yet.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The transaction.
    pub transaction: VersionedTransaction,
    /// Its first signature, by which it is known.
    pub signature: Signature,
    /// The last block in which it can be executed; none if a nonce keeps it alive.
    pub last_valid_block_height: Option<u64>,
}

/// What became of a transaction that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The transaction.
    pub signature: Signature,
    /// The slot in which it was executed.
    pub slot: u64,
}

/// A transaction that was simulated, sent and executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction.
    pub signature: Signature,
    /// The slot in which it was executed.
    pub slot: u64,
    /// Compute units by the simulation; 0 if the caller set a limit and none was made.
    pub compute_units: u64,
}

impl Client {
    /// Simulates, signs, sends and confirms; signs and sends anew if the blockhash expires. Never twice: a transaction is
    /// signed anew only when the one before can never be executed any more.
    ///
    /// # Errors
    /// `WouldFail` before anything is sent, `Failed` if it was executed and failed, `Expired` if the network did not
    /// take it at all, and whatever keeps it from being built, signed or sent.
    pub async fn send(&self, submission: &Submission<'_>) -> Result<Receipt, ClientError> {
        let mut attempt = 1;
        loop {
            let (prepared, compute_units) = self.prepare(submission).await?;
            match self.confirm(&prepared).await {
                Ok(Confirmed { signature, slot }) => {
                    return Ok(Receipt {
                        signature,
                        slot,
                        compute_units,
                    });
                }
                Err(ClientError::Expired(_)) if attempt < ATTEMPTS && submission.lifetime == Lifetime::Latest => {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Builds and signs a transaction, with a compute limit by simulation unless the caller gives one. The number
    /// returned is what the simulation took, 0 if none was made.
    ///
    /// # Errors
    /// `WouldFail` if the simulation fails, and whatever keeps it from being built or signed.
    pub async fn prepare(&self, submission: &Submission<'_>) -> Result<(Prepared, u64), ClientError> {
        let (hash, last_valid_block_height) = self.lifetime(&submission.lifetime).await?;
        let (limit, units) = match submission.unit_limit {
            Some(limit) => (limit, 0),
            None => {
                let units = self.units(submission.message(hash, Some(MOST_UNITS))?).await?;
                (limit_for(units), units)
            }
        };
        let transaction = submission.sign(submission.message(hash, Some(limit))?)?;
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        let prepared = Prepared {
            transaction,
            signature,
            last_valid_block_height,
        };
        Ok((prepared, units))
    }

    /// Sends a signed transaction and waits until it is executed or can never be any more. Sending the same bytes twice
    /// cannot execute them twice, so this can be called again after an interruption.
    ///
    /// # Errors
    /// `Failed` if it was executed and failed, `Expired`, and if the endpoint does not answer.
    pub async fn confirm(&self, prepared: &Prepared) -> Result<Confirmed, ClientError> {
        let mut polls: u32 = 0;
        let mut over = false;
        let mut troubles = 0;
        loop {
            let resend = !over && polls.is_multiple_of(POLLS_BEFORE_RESEND);
            match self.look(prepared, resend).await {
                Ok((Some(confirmed), _)) => return Ok(confirmed),
                // The last look comes after the last block in which it could have been executed.
                Ok((None, _)) if over => return Err(ClientError::Expired(prepared.signature)),
                Ok((None, height)) => {
                    troubles = 0;
                    over = prepared.last_valid_block_height.is_some_and(|last| height > last);
                }
                Err(error) if error.may_pass() && troubles < MOST_TROUBLES => troubles += 1,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(POLL).await;
            polls = polls.saturating_add(1);
        }
    }

    /// Sends the bytes (once more) if `resend`; what became of them, and the block height before that was asked.
    async fn look(&self, prepared: &Prepared, resend: bool) -> Result<(Option<Confirmed>, u64), ClientError> {
        if resend {
            self.post(prepared).await?;
        }
        let height = match prepared.last_valid_block_height {
            Some(_) => self.block_height().await?,
            None => 0,
        };
        Ok((self.status(&prepared.signature).await?, height))
    }

    /// Sends a signed transaction once and does not wait.
    ///
    /// # Errors
    /// If the endpoint does not take it.
    pub async fn post(&self, prepared: &Prepared) -> Result<(), ClientError> {
        self.post_transaction(&prepared.transaction).await
    }

    pub(super) async fn post_transaction(&self, transaction: &VersionedTransaction) -> Result<(), ClientError> {
        // It was simulated when it was prepared; the endpoint's own retries would hide what is resent here.
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            encoding: Some(UiTransactionEncoding::Base64),
            max_retries: Some(0),
            ..Default::default()
        };
        let sent = self.rpc.send_transaction_with_config(transaction, config).await;
        sent.map(drop).map_err(ClientError::rpc("sending the transaction"))
    }

    /// Whether a transaction was executed, as far as this client's commitment goes; none if not (yet).
    ///
    /// # Errors
    /// `Failed` if it was executed and failed; if the endpoint does not answer.
    pub async fn status(&self, signature: &Signature) -> Result<Option<Confirmed>, ClientError> {
        Ok(self.statuses(&[*signature]).await?.pop().transpose()?.flatten())
    }

    /// As [`Client::status`], for up to 256 transactions in one request.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn statuses(
        &self,
        signatures: &[Signature],
    ) -> Result<Vec<Result<Option<Confirmed>, ClientError>>, ClientError> {
        let answer = self.rpc.get_signature_statuses_with_history(signatures).await;
        self.read_statuses(signatures, answer).await
    }

    /// As [`Client::statuses`], but of the last minutes only, which costs the endpoint no search.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn recent_statuses(
        &self,
        signatures: &[Signature],
    ) -> Result<Vec<Result<Option<Confirmed>, ClientError>>, ClientError> {
        let answer = self.rpc.get_signature_statuses(signatures).await;
        self.read_statuses(signatures, answer).await
    }

    async fn read_statuses(
        &self,
        signatures: &[Signature],
        answer: RpcResult<Vec<Option<TransactionStatus>>>,
    ) -> Result<Vec<Result<Option<Confirmed>, ClientError>>, ClientError> {
        let answer = answer.map_err(ClientError::rpc("asking for the state of a transaction"))?;
        if answer.value.len() != signatures.len() {
            return Err(ClientError::Unreadable("transactions".to_owned()));
        }
        let mut statuses = Vec::with_capacity(signatures.len());
        for (signature, status) in signatures.iter().zip(answer.value) {
            let Some(status) = status.filter(|status| status.satisfies_commitment(self.commitment)) else {
                statuses.push(Ok(None));
                continue;
            };
            statuses.push(match status.err {
                None => Ok(Some(Confirmed {
                    signature: *signature,
                    slot: status.slot,
                })),
                Some(error) => Err(ClientError::Failed {
                    signature: *signature,
                    failure: Box::new(Failure::new(error, self.logs(signature).await.unwrap_or_default())),
                }),
            });
        }
        Ok(statuses)
    }

    /// Number of the newest block that is at least confirmed. A block that is only processed may be on a fork that is given
    /// up, while what was taken for expired is executed on another.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn block_height(&self) -> Result<u64, ClientError> {
        let commitment = match self.commitment.is_at_least_confirmed() {
            true => self.commitment,
            false => CommitmentConfig::confirmed(),
        };
        let height = self.rpc.get_block_height_with_commitment(commitment).await;
        height.map_err(ClientError::rpc("asking for the block height"))
    }

    /// The newest blockhash, and the last block in which it counts.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn latest_blockhash(&self) -> Result<(Hash, u64), ClientError> {
        let newest = self.rpc.get_latest_blockhash_with_commitment(self.commitment).await;
        newest.map_err(ClientError::rpc("asking for a blockhash"))
    }

    pub(super) async fn lifetime(&self, lifetime: &Lifetime) -> Result<(Hash, Option<u64>), ClientError> {
        match lifetime {
            Lifetime::Latest => {
                let (hash, last) = self.latest_blockhash().await?;
                Ok((hash, Some(last)))
            }
            Lifetime::Blockhash(hash) => {
                // How old it is nobody says; it can never live longer than the newest one.
                let (_, last) = self.latest_blockhash().await?;
                Ok((*hash, Some(last)))
            }
            Lifetime::Nonce { account, .. } => Ok((self.nonce(account).await?.value, None)),
        }
    }
}
