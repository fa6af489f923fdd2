//! What a transaction would do, without sending it.

use {
    super::{
        Client, ClientError, Endpoint, Failure,
        read::bytes,
        submit::{Lifetime, Limits, Submission},
    },
    solana_account::Account,
    solana_account_decoder_client_types::{UiAccount, UiAccountEncoding},
    solana_hash::Hash,
    solana_message::VersionedMessage,
    solana_program::pubkey::Pubkey,
    solana_rpc_client::rpc_client::SerializableMessage,
    solana_rpc_client_api::{
        config::{RpcSimulateTransactionAccountsConfig, RpcSimulateTransactionConfig},
        response::RpcSimulateTransactionResult,
    },
    solana_signature::Signature,
    solana_transaction::versioned::VersionedTransaction,
    solana_transaction_status_client_types::UiTransactionEncoding,
};

/// What a transaction would do.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// Compute units it would take.
    pub compute_units: u64,
    /// Its limits: the caller's, or for the newest blockhash those with which it would be sent.
    pub limits: Option<Limits>,
    /// Its fee, lamports.
    pub fee: u64,
    /// What the programs would log.
    pub logs: Vec<String>,
    /// The accounts that it may write, in the order of its message.
    pub accounts: Vec<Changed>,
}

/// An account before and after a transaction; none where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Where.
    pub address: Pubkey,
    /// Before.
    pub before: Option<Account>,
    /// After.
    pub after: Option<Account>,
}

impl Client {
    /// Executes a transaction on a copy of the chain's state. Nobody has to sign for it.
    ///
    /// # Errors
    /// `WouldFail` if it would fail; if it cannot be built or the endpoint does not answer.
    pub async fn simulate(&self, submission: &Submission<'_>) -> Result<Simulated, ClientError> {
        let (hash, _) = self.lifetime(&submission.lifetime).await?;
        let limits = match (submission.unit_limit, submission.lifetime) {
            // As it would be sent.
            (None, Lifetime::Latest) => Some(self.limits(submission.message(hash, Some(Limits::MOST))?).await?.0),
            // What several sign is not changed by who simulates it.
            (units, _) => units.map(Limits::of_units),
        };
        let message = submission.message(hash, limits)?;
        let written = written(&message);
        let before = self.accounts(&written).await?;
        // The newest blockhash, since the fee of a nonce's or an expired one is not told.
        let (newest, _) = self.newest_blockhash().await?;
        let mut priced = message.clone();
        priced.set_recent_blockhash(newest);
        let fee = self.rpc.get_fee_for_message(&Priced(priced)).await;
        let fee = fee.map_err(ClientError::rpc("asking for the fee"))?;
        let result = self.execute(message, Some(&written)).await?;
        let after = result.accounts.unwrap_or_default();
        if after.len() != written.len() {
            return Err(ClientError::Unreadable("the simulated accounts".to_owned()));
        }
        let accounts = written
            .into_iter()
            .zip(before)
            .zip(after)
            .map(|((address, before), after)| Changed {
                address,
                before,
                // An account without lamports is none.
                after: after
                    .and_then(|account: UiAccount| bytes(&account))
                    .filter(|account| account.lamports > 0),
            });
        Ok(Simulated {
            compute_units: result.units_consumed.unwrap_or_default(),
            limits,
            fee,
            logs: result.logs.unwrap_or_default(),
            accounts: accounts.collect(),
        })
    }

    /// The account at `address` as it would be after a transaction, whatever its lifetime.
    ///
    /// # Errors
    /// As [`Client::simulate`].
    pub async fn after(&self, submission: &Submission<'_>, address: &Pubkey) -> Result<Option<Account>, ClientError> {
        let message = submission.message(Hash::default(), Some(Limits::MOST))?;
        let result = self.execute(message, Some(&[*address])).await?;
        let account = result.accounts.unwrap_or_default().into_iter().next().flatten();
        Ok(account.and_then(|account| bytes(&account)))
    }

    /// The limits with which `message` should be sent, and the compute units that it would take.
    ///
    /// # Errors
    /// `WouldFail` if it would fail; if the endpoint does not answer.
    pub(super) async fn limits(&self, message: VersionedMessage) -> Result<(Limits, u64), ClientError> {
        let result = self.execute(message, None).await?;
        let units = result.units_consumed.unwrap_or_default();
        Ok((Limits::of(units, result.loaded_accounts_data_size), units))
    }

    /// What `message` would do, for a failure too.
    pub(super) async fn simulated(
        &self,
        message: VersionedMessage,
        accounts: Option<&[Pubkey]>,
    ) -> Result<RpcSimulateTransactionResult, ClientError> {
        let signatures = vec![Signature::default(); usize::from(message.header().num_required_signatures)];
        let transaction = VersionedTransaction { signatures, message };
        let config = RpcSimulateTransactionConfig {
            sig_verify: false,
            replace_recent_blockhash: true,
            commitment: Some(self.commitment),
            encoding: Some(UiTransactionEncoding::Base64),
            accounts: accounts.map(|addresses| RpcSimulateTransactionAccountsConfig {
                encoding: Some(UiAccountEncoding::Base64),
                addresses: addresses.iter().map(ToString::to_string).collect(),
            }),
            ..Default::default()
        };
        let answer = self.rpc.simulate_transaction_with_config(&transaction, config).await;
        Ok(answer.map_err(ClientError::rpc("simulating the transaction"))?.value)
    }

    pub(super) async fn execute(
        &self,
        message: VersionedMessage,
        accounts: Option<&[Pubkey]>,
    ) -> Result<RpcSimulateTransactionResult, ClientError> {
        let mut result = self.simulated(message, accounts).await?;
        match result.err.take() {
            None => Ok(result),
            Some(error) => {
                let logs = result.logs.unwrap_or_default();
                Err(ClientError::WouldFail(Box::new(Failure::new(error.into(), logs))))
            }
        }
    }
}

/// A message whose fee is asked for.
struct Priced(VersionedMessage);

impl SerializableMessage for Priced {
    fn serialize(&self) -> Vec<u8> {
        self.0.serialize()
    }
}

/// The accounts that a message may write: of those that sign all but the last ones, and of the others too.
fn written(message: &VersionedMessage) -> Vec<Pubkey> {
    let header = message.header();
    let (signers, others) = message
        .static_account_keys()
        .split_at(usize::from(header.num_required_signatures));
    let but = |keys: &[Pubkey], readonly: u8| keys.len().saturating_sub(usize::from(readonly));
    let signers = &signers[..but(signers, header.num_readonly_signed_accounts)];
    let others = &others[..but(others, header.num_readonly_unsigned_accounts)];
    [signers, others].concat()
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        solana_message::v0,
        solana_program::instruction::{AccountMeta, Instruction},
    };

    #[test]
    fn only_what_a_message_may_write_changes() {
        let keys: [Pubkey; 5] = std::array::from_fn(|_| Pubkey::new_unique());
        let instruction = Instruction {
            program_id: crate::ID,
            accounts: vec![
                AccountMeta::new(keys[1], true),
                AccountMeta::new_readonly(keys[2], true),
                AccountMeta::new(keys[3], false),
                AccountMeta::new_readonly(keys[4], false),
            ],
            data: Vec::new(),
        };
        let message = v0::Message::try_compile(&keys[0], &[instruction], &[], Hash::default());
        let written = written(&VersionedMessage::V0(message.expect("a message")));
        assert_eq!(written, [keys[0], keys[1], keys[3]]);
    }
}
