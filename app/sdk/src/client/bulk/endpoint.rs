//! What bulk work needs from a chain.

use {
    crate::client::{Client, ClientError, Confirmed},
    solana_hash::Hash,
    solana_signature::Signature,
    solana_transaction::versioned::VersionedTransaction,
    std::future::Future,
};

/// A chain as bulk work sees it. [`Client`] is one; tests script another.
pub trait Endpoint {
    /// The newest blockhash and the last block in which it counts.
    fn newest_blockhash(&self) -> impl Future<Output = Result<(Hash, u64), ClientError>>;

    /// Number of the newest block.
    fn height(&self) -> impl Future<Output = Result<u64, ClientError>>;

    /// Hands over a signed transaction and does not wait for it.
    fn post(&self, transaction: &VersionedTransaction) -> impl Future<Output = Result<(), ClientError>>;

    /// What became of transactions, in the order asked: none if nothing is known (yet), `Failed` if one was executed and
    /// failed. `searching` looks further back than the last minutes. At most 256 signatures.
    fn outcomes(
        &self,
        signatures: &[Signature],
        searching: bool,
    ) -> impl Future<Output = Result<Vec<Result<Option<Confirmed>, ClientError>>, ClientError>>;
}

impl Client {
    /// The hash of the cluster's first block, by which clusters are told apart.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn genesis_hash(&self) -> Result<Hash, ClientError> {
        let hash = self.rpc().get_genesis_hash().await;
        hash.map_err(ClientError::rpc("asking which cluster this is"))
    }

    /// Lamports that an account of so many bytes has to hold.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn rent(&self, bytes: usize) -> Result<u64, ClientError> {
        let rent = self.rpc().get_minimum_balance_for_rent_exemption(bytes).await;
        rent.map_err(ClientError::rpc("asking for the rent of an account"))
    }
}

impl Endpoint for Client {
    async fn newest_blockhash(&self) -> Result<(Hash, u64), ClientError> {
        self.latest_blockhash().await
    }

    async fn height(&self) -> Result<u64, ClientError> {
        self.block_height().await
    }

    async fn post(&self, transaction: &VersionedTransaction) -> Result<(), ClientError> {
        self.post_transaction(transaction).await
    }

    async fn outcomes(
        &self,
        signatures: &[Signature],
        searching: bool,
    ) -> Result<Vec<Result<Option<Confirmed>, ClientError>>, ClientError> {
        if searching {
            self.statuses(signatures).await
        } else {
            self.recent_statuses(signatures).await
        }
    }
}
