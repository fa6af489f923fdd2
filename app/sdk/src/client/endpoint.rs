//! What those who send need from a chain.

use {
    super::{Client, ClientError, Confirmed, Failure, NEWEST_VERSION, Nonce, Sighting, Tip, read},
    solana_account::Account,
    solana_account_decoder_client_types::UiAccountEncoding,
    solana_commitment_config::CommitmentConfig,
    solana_hash::Hash,
    solana_program::{pubkey::Pubkey, sysvar},
    solana_rpc_client_api::config::{RpcAccountInfoConfig, RpcSendTransactionConfig, RpcTransactionConfig},
    solana_signature::Signature,
    solana_transaction::versioned::VersionedTransaction,
    solana_transaction_status_client_types::{TransactionStatus, UiTransactionEncoding},
    std::future::Future,
};

/// Most signatures that one request may ask about.
pub(super) const SIGNATURES_A_REQUEST: usize = 256;

/// A chain as those who send see it. [`Client`] is one; a balancer over several endpoints may be another; tests script
/// one.
pub trait Endpoint {
    /// The newest blockhash, and the last block height at which it counts.
    fn newest_blockhash(&self) -> impl Future<Output = Result<(Hash, u64), ClientError>>;

    /// The newest block that is at least confirmed: slot and height of one answer.
    fn tip(&self) -> impl Future<Output = Result<Tip, ClientError>>;

    /// Hands over a signed transaction and does not wait for it.
    fn post(&self, transaction: &VersionedTransaction) -> impl Future<Output = Result<(), ClientError>>;

    /// What is known of transactions (at most 256), one answer for each in their order, and the slot up to which the
    /// answering node knows. `searching` looks through the whole history, and believes that there is nothing only if
    /// the look-up of the transaction itself says so too.
    fn sightings(
        &self,
        signatures: &[Signature],
        searching: bool,
    ) -> impl Future<Output = Result<(u64, Vec<Sighting>), ClientError>>;

    /// What a nonce account holds, and the slot of which that is. None if there is no initialized nonce at the address.
    fn nonce_at(&self, account: &Pubkey) -> impl Future<Output = Result<(u64, Option<Hash>), ClientError>>;

    /// Bytes of accounts and programs that a transaction would load; none if it would fail or the endpoint does not say
    /// it. Nobody has to have signed it.
    fn loaded_data(&self, transaction: &VersionedTransaction)
    -> impl Future<Output = Result<Option<u32>, ClientError>>;

    /// The chain's clock, Unix seconds, and the slot of which that is.
    fn clock_at(&self) -> impl Future<Output = Result<(u64, i64), ClientError>>;
}

impl Endpoint for Client {
    async fn newest_blockhash(&self) -> Result<(Hash, u64), ClientError> {
        let newest = self.rpc.get_latest_blockhash_with_commitment(self.commitment).await;
        newest.map_err(ClientError::rpc("asking for a blockhash"))
    }

    async fn tip(&self) -> Result<Tip, ClientError> {
        // A block that is only processed may be on a fork that is given up, while what was taken for expired is
        // executed on another.
        let info = self.rpc.get_epoch_info_with_commitment(self.at_least_confirmed()).await;
        let info = info.map_err(ClientError::rpc("asking for the block height"))?;
        Ok(Tip {
            slot: info.absolute_slot,
            height: info.block_height,
        })
    }

    async fn post(&self, transaction: &VersionedTransaction) -> Result<(), ClientError> {
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

    async fn sightings(&self, signatures: &[Signature], searching: bool) -> Result<(u64, Vec<Sighting>), ClientError> {
        let answer = match searching {
            true => self.rpc.get_signature_statuses_with_history(signatures).await,
            false => self.rpc.get_signature_statuses(signatures).await,
        };
        let answer = answer.map_err(ClientError::rpc("asking for the state of a transaction"))?;
        if answer.value.len() != signatures.len() {
            return Err(ClientError::Unreadable("transactions".to_owned()));
        }
        let mut sightings = Vec::with_capacity(signatures.len());
        for (signature, status) in signatures.iter().zip(answer.value) {
            sightings.push(match status {
                Some(status) => self.sighting(signature, status).await,
                None if searching => self.look_for(signature).await?,
                None => Sighting::Nothing,
            });
        }
        Ok((answer.context.slot, sightings))
    }

    async fn nonce_at(&self, account: &Pubkey) -> Result<(u64, Option<Hash>), ClientError> {
        let (slot, account) = self.confirmed_account(account).await?;
        let nonce = account.and_then(|account| Nonce::of_account(&account));
        Ok((slot, nonce.map(|nonce| nonce.value)))
    }

    async fn loaded_data(&self, transaction: &VersionedTransaction) -> Result<Option<u32>, ClientError> {
        match self.execute(transaction.message.clone(), None).await {
            Ok(result) => Ok(result.loaded_accounts_data_size),
            Err(ClientError::WouldFail(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn clock_at(&self) -> Result<(u64, i64), ClientError> {
        let (slot, account) = self.confirmed_account(&sysvar::clock::ID).await?;
        let clock = account.as_ref().and_then(read::clock);
        let clock = clock.ok_or_else(|| ClientError::Unreadable("the clock".to_owned()))?;
        Ok((slot, clock.unix_timestamp))
    }
}

impl Client {
    /// What is known of the transaction `signature`, as far as this client's commitment goes, after a search of the
    /// whole history. That nothing is found proves nothing: see [`super::follow`].
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn look_up(&self, signature: &Signature) -> Result<Sighting, ClientError> {
        let (_, mut sightings) = self.sightings(&[*signature], true).await?;
        Ok(sightings.pop().unwrap_or(Sighting::Nothing))
    }

    async fn sighting(&self, signature: &Signature, status: TransactionStatus) -> Sighting {
        if !status.satisfies_commitment(self.commitment) {
            return Sighting::Seen;
        }
        match status.err {
            None => Sighting::Executed(Confirmed {
                signature: *signature,
                slot: status.slot,
            }),
            // Without its logs the failure is known all the same. A status that the transaction itself denies is not.
            Some(error) => match self.logs(signature).await {
                Some((false, _)) => Sighting::Seen,
                told => {
                    let logs = told.map(|(_, logs)| logs).unwrap_or_default();
                    Sighting::Failed(Box::new(Failure::new(error, logs)))
                }
            },
        }
    }

    /// The second half of a search: the transaction itself. A node can lack the status of what it has stored.
    async fn look_for(&self, signature: &Signature) -> Result<Sighting, ClientError> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(self.at_least_confirmed()),
            max_supported_transaction_version: Some(NEWEST_VERSION),
        };
        // The crate's own call takes "nothing" for an error.
        let what = "looking for the transaction";
        let found = self.rpc.send::<serde_json::Value>(
            solana_rpc_client_api::request::RpcRequest::GetTransaction,
            serde_json::json!([signature.to_string(), config]),
        );
        let found = found.await.map_err(ClientError::rpc(what))?;
        Ok(match found.is_null() {
            true => Sighting::Nothing,
            // The status follows; until then it is not nothing.
            false => Sighting::Seen,
        })
    }

    /// The account at `address`, and the slot of which that is.
    async fn confirmed_account(&self, address: &Pubkey) -> Result<(u64, Option<Account>), ClientError> {
        let config = RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(self.at_least_confirmed()),
            ..Default::default()
        };
        let answer = self.rpc.get_ui_account_with_config(address, config).await;
        let answer = answer.map_err(ClientError::rpc("reading accounts"))?;
        let account = match answer.value {
            None => None,
            Some(account) => {
                let account: Option<Account> = read::bytes(&account);
                Some(account.ok_or_else(|| ClientError::Unreadable(address.to_string()))?)
            }
        };
        Ok((answer.context.slot, account))
    }

    /// This client's commitment, but not less than confirmed.
    pub(super) fn at_least_confirmed(&self) -> CommitmentConfig {
        match self.commitment.is_at_least_confirmed() {
            true => self.commitment,
            false => CommitmentConfig::confirmed(),
        }
    }
}
