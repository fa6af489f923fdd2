//! What a transaction would do, without sending it.

use {
    super::{Client, ClientError, Failure, submit::Submission},
    solana_message::VersionedMessage,
    solana_rpc_client_api::config::RpcSimulateTransactionConfig,
    solana_signature::Signature,
    solana_transaction::versioned::VersionedTransaction,
    solana_transaction_status_client_types::{UiTransactionEncoding, UiTransactionTokenBalance},
};

/// What a transaction would do.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// Compute units it would take.
    pub compute_units: u64,
    /// Fee in lamports, if the endpoint says so.
    pub fee: Option<u64>,
    /// What the programs would log.
    pub logs: Vec<String>,
    /// Lamports before and after, in the order of the message's accounts, if the endpoint says so.
    pub balances: Vec<(u64, u64)>,
    /// Token balances before, if the endpoint says so.
    pub tokens_before: Vec<UiTransactionTokenBalance>,
    /// Token balances after, if the endpoint says so.
    pub tokens_after: Vec<UiTransactionTokenBalance>,
}

impl Client {
    /// Executes a transaction on a copy of the chain's state. Nobody has to sign for it.
    ///
    /// # Errors
    /// `WouldFail` if it would fail; if it cannot be built or the endpoint does not answer.
    pub async fn simulate(&self, submission: &Submission<'_>) -> Result<Simulated, ClientError> {
        let (hash, _) = self.lifetime(&submission.lifetime).await?;
        let message = submission.message(hash, submission.unit_limit)?;
        self.simulate_message(message).await
    }

    pub(super) async fn simulate_message(&self, message: VersionedMessage) -> Result<Simulated, ClientError> {
        let signatures = vec![Signature::default(); usize::from(message.header().num_required_signatures)];
        let transaction = VersionedTransaction { signatures, message };
        let config = RpcSimulateTransactionConfig {
            sig_verify: false,
            replace_recent_blockhash: true,
            commitment: Some(self.commitment),
            encoding: Some(UiTransactionEncoding::Base64),
            ..Default::default()
        };
        let answer = self.rpc.simulate_transaction_with_config(&transaction, config).await;
        let answer = answer.map_err(ClientError::rpc("simulating the transaction"))?.value;
        let logs = answer.logs.unwrap_or_default();
        if let Some(error) = answer.err {
            return Err(ClientError::WouldFail(Box::new(Failure::new(error.into(), logs))));
        }
        let before = answer.pre_balances.unwrap_or_default();
        let after = answer.post_balances.unwrap_or_default();
        Ok(Simulated {
            compute_units: answer.units_consumed.unwrap_or_default(),
            fee: answer.fee,
            logs,
            balances: before.into_iter().zip(after).collect(),
            tokens_before: answer.pre_token_balances.unwrap_or_default(),
            tokens_after: answer.post_token_balances.unwrap_or_default(),
        })
    }
}
