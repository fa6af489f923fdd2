//! The events of a plan, from the transactions that made them.

use {
    super::{Client, ClientError},
    crate::events::Event,
    futures_util::{StreamExt, TryStreamExt, stream},
    solana_program::pubkey::Pubkey,
    solana_rpc_client::rpc_client::GetConfirmedSignaturesForAddress2Config,
    solana_rpc_client_api::config::RpcTransactionConfig,
    solana_signature::Signature,
    solana_transaction_status_client_types::{
        EncodedConfirmedTransactionWithStatusMeta, UiInstruction, UiTransactionEncoding,
        option_serializer::OptionSerializer,
    },
    std::str::FromStr,
};

/// Most signatures that one request returns.
const SIGNATURES_A_REQUEST: usize = 1_000;

/// Requests that are under way at the same time.
const REQUESTS_AT_ONCE: usize = 8;

/// An event and the transaction that made it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The event.
    pub event: Event,
    /// The transaction.
    pub signature: Signature,
    /// Its slot.
    pub slot: u64,
    /// The time of its block, Unix seconds, if the endpoint says so.
    pub block_time: Option<i64>,
}

impl Client {
    /// All events of the plan or grant at `address` that the endpoint still has, oldest first.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn events(&self, address: &Pubkey) -> Result<Vec<Recorded>, ClientError> {
        self.events_since(address, None).await
    }

    /// The events of the plan or grant at `address` in transactions after `since`, oldest first; all without it.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn events_since(&self, address: &Pubkey, since: Option<Signature>) -> Result<Vec<Recorded>, ClientError> {
        let mut signatures = self.signatures(address, since).await?;
        signatures.reverse();
        let requests = signatures.into_iter().map(|signature| self.recorded(signature));
        let events: Vec<_> = stream::iter(requests).buffered(REQUESTS_AT_ONCE).try_collect().await?;
        let mut events: Vec<_> = events.into_iter().flatten().collect();
        // Within a slot the endpoint's order is not that of execution; the plan's own numbers are.
        events.sort_by_key(|recorded| (recorded.slot, recorded.event.sequence()));
        Ok(events)
    }

    /// The events of one transaction.
    ///
    /// # Errors
    /// If the endpoint does not answer.
    pub async fn recorded(&self, signature: Signature) -> Result<Vec<Recorded>, ClientError> {
        let transaction = self.transaction(&signature).await?;
        let inner = transaction.transaction.meta.map(|meta| meta.inner_instructions);
        let Some(OptionSerializer::Some(inner)) = inner else {
            return Ok(Vec::new());
        };
        let events = inner.into_iter().flat_map(|call| call.instructions);
        Ok(events
            .filter_map(|instruction| match instruction {
                UiInstruction::Compiled(compiled) => Event::decode(&bs58::decode(compiled.data).into_vec().ok()?),
                UiInstruction::Parsed(_) => None,
            })
            .map(|event| Recorded {
                event,
                signature,
                slot: transaction.slot,
                block_time: transaction.block_time,
            })
            .collect())
    }

    /// What the programs logged in a transaction; none if the endpoint does not have it.
    pub(super) async fn logs(&self, signature: &Signature) -> Option<Vec<String>> {
        let meta = self.transaction(signature).await.ok()?.transaction.meta?;
        match meta.log_messages {
            OptionSerializer::Some(logs) => Some(logs),
            _ => None,
        }
    }

    /// Signatures of the successful transactions after `until` that name `address`, newest first.
    async fn signatures(&self, address: &Pubkey, until: Option<Signature>) -> Result<Vec<Signature>, ClientError> {
        let mut signatures = Vec::new();
        let mut before = None;
        loop {
            let config = GetConfirmedSignaturesForAddress2Config {
                before,
                until,
                limit: Some(SIGNATURES_A_REQUEST),
                commitment: Some(self.commitment),
            };
            let page = self.rpc.get_signatures_for_address_with_config(address, config).await;
            let page = page.map_err(ClientError::rpc(format!("asking for the transactions of {address}")))?;
            let count = page.len();
            for status in page {
                let signature = Signature::from_str(&status.signature)
                    .map_err(|_| ClientError::Unreadable(format!("the transactions of {address}")))?;
                before = Some(signature);
                if status.err.is_none() {
                    signatures.push(signature);
                }
            }
            if count < SIGNATURES_A_REQUEST {
                return Ok(signatures);
            }
        }
    }

    async fn transaction(
        &self,
        signature: &Signature,
    ) -> Result<EncodedConfirmedTransactionWithStatusMeta, ClientError> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(self.commitment),
            max_supported_transaction_version: Some(0),
        };
        let transaction = self.rpc.get_transaction_with_config(signature, config).await;
        transaction.map_err(ClientError::rpc(format!("reading transaction {signature}")))
    }
}
