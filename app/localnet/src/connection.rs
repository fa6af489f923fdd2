//! A client of a running local chain.

use {
    crate::{fault::Fault, when::Moment},
    anyhow::{Context, Result, anyhow, bail},
    earnout_sdk::endpoint,
    serde_json::{Value, json},
    solana_commitment_config::{CommitmentConfig, CommitmentLevel},
    solana_keypair::Keypair,
    solana_program::{instruction::Instruction, pubkey::Pubkey, sysvar},
    solana_rpc_client::nonblocking::rpc_client::RpcClient,
    solana_rpc_client_api::{
        client_error::{Error as ClientError, ErrorKind},
        config::RpcSendTransactionConfig,
        request::{RpcError, RpcRequest},
    },
    solana_signature::Signature,
    solana_signer::Signer,
    solana_transaction::Transaction,
    std::{
        fmt::Display,
        time::{Duration, Instant},
    },
    tokio::time::sleep,
};

/// Bytes of the clock that hold the Unix time.
const UNIX_TIME: std::ops::Range<usize> = 32..40;

/// The JSON-RPC error of a method that the server does not have.
const NO_SUCH_METHOD: i64 = -32601;

const PAUSE: Duration = Duration::from_millis(20);

/// How long a block may take to come, for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the RPC server of a local chain.
pub struct Connection {
    rpc: RpcClient,
}

impl Connection {
    pub fn to(url: &str) -> Self {
        let rpc = RpcClient::new_with_commitment(url.to_owned(), CommitmentConfig::processed());
        Self { rpc }
    }

    fn lost(&self, error: impl Display) -> anyhow::Error {
        anyhow!(
            "no answer from the chain at {}; is it running? ({})",
            endpoint::shown(&self.rpc.url()),
            endpoint::hidden(&error.to_string())
        )
    }

    /// The chain's time.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn clock(&self) -> Result<Moment> {
        let processed = CommitmentConfig::processed();
        let accounts = [sysvar::clock::ID];
        // Of several accounts, because of one a lost connection is said to be a missing account.
        let found = self.rpc.get_multiple_accounts_with_commitment(&accounts, processed);
        let found = found.await.map_err(|error| self.explain(error))?.value;
        let clock = found.into_iter().next().flatten().unwrap_or_default();
        let seconds = clock.data.get(UNIX_TIME).and_then(|bytes| bytes.try_into().ok());
        let seconds = seconds.map(i64::from_le_bytes);
        seconds
            .and_then(Moment::from_unix)
            .context("the chain's clock cannot be read")
    }

    /// Moves the chain's clock forward to a point in time and waits until it shows it. Returns what it shows.
    ///
    /// # Errors
    /// If the clock is past that time, or the chain cannot move its clock.
    pub async fn travel(&self, to: Moment) -> Result<Moment> {
        let now = self.clock().await?;
        if to.unix() < now.unix() {
            bail!(Fault::new(format!(
                "the chain's clock shows {now} and only goes forward, so it cannot go to {to}"
            )));
        }
        let travel = RpcRequest::Custom {
            method: "surfnet_timeTravel",
        };
        let moved = self
            .rpc
            .send::<Value>(travel, json!([{ "absoluteTimestamp": to.millis() }]));
        let moved = moved.await.map_err(|error| self.explain(error));
        if let Err(error) = &moved
            && error.is::<Fault>()
        {
            return moved.map(|_| now);
        }
        // On a busy machine the server may give up waiting for what still happens, and the clock may have come to that time
        // by itself. So what counts is what it shows.
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let now = self.clock().await?;
            if now.unix() >= to.unix() {
                return Ok(now);
            }
            sleep(PAUSE).await;
        }
        moved.map(|_| now).and_then(|_| bail!("the chain's clock did not move"))
    }

    /// Gives lamports to an address.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn airdrop(&self, to: &Pubkey, lamports: u64) -> Result<()> {
        let signature = self.rpc.request_airdrop(to, lamports).await;
        let signature = signature.map_err(|error| self.explain(error))?;
        self.confirm(&[signature]).await
    }

    /// Asks the chain to stop.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn stop(&self) -> Result<()> {
        let exit = RpcRequest::Custom { method: "exit" };
        let stopped = self.rpc.send::<Value>(exit, json!([])).await;
        stopped.map(drop).map_err(|error| self.explain(error))
    }

    /// Sends a transaction, which is executed when this returns. `payer` pays the fee and signs with `signers`.
    ///
    /// # Errors
    /// If it fails.
    pub async fn execute(
        &self,
        instructions: &[Instruction],
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<Signature> {
        let blockhash = self.rpc.get_latest_blockhash().await;
        let blockhash = blockhash.map_err(|error| self.explain(error))?;
        let mut signatories = vec![payer];
        signatories.extend(signers);
        let payer = payer.pubkey();
        let transaction = Transaction::new_signed_with_payer(instructions, Some(&payer), &signatories, blockhash);
        let config = RpcSendTransactionConfig {
            preflight_commitment: Some(CommitmentLevel::Processed),
            ..RpcSendTransactionConfig::default()
        };
        let sent = self.rpc.send_transaction_with_config(&transaction, config).await;
        sent.context("the chain refuses a transaction")
    }

    /// Waits until these transactions are confirmed.
    ///
    /// # Errors
    /// If one failed, or that takes too long.
    pub async fn confirm(&self, signatures: &[Signature]) -> Result<()> {
        let begun = Instant::now();
        for signatures in signatures.chunks(100) {
            loop {
                let statuses = self.rpc.get_signature_statuses(signatures).await;
                let statuses = statuses.map_err(|error| self.explain(error))?.value;
                for status in statuses.iter().flatten() {
                    status.status.clone().context("a transaction failed")?;
                }
                if statuses.iter().all(Option::is_some) {
                    break;
                }
                if begun.elapsed() > PATIENCE {
                    bail!("transactions are not confirmed");
                }
                sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    fn explain(&self, error: ClientError) -> anyhow::Error {
        let url = endpoint::shown(&self.rpc.url());
        match error.kind() {
            ErrorKind::RpcError(RpcError::RpcResponseError { code, .. }) if *code == NO_SUCH_METHOD => {
                Fault::new(format!("the chain at {url} is not a local chain: it cannot do that")).into()
            }
            ErrorKind::RpcError(RpcError::RpcResponseError { message, .. }) => {
                anyhow!("the chain at {url} refuses: {message}")
            }
            _ => self.lost(error),
        }
    }
}
