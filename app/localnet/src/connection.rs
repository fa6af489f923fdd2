//! A client of a running local chain.

use {
    crate::{fault::Fault, when::Moment},
    anyhow::{Context, Result, anyhow, bail},
    earnout_sdk::client::{Client, Policy, Sighting, Submission, Trouble, TroubleKind, clock},
    serde_json::{Value, json},
    solana_commitment_config::CommitmentConfig,
    solana_keypair::Keypair,
    solana_program::{instruction::Instruction, pubkey::Pubkey, sysvar},
    solana_rpc_client_api::{
        client_error::{Error as ClientError, ErrorKind},
        request::{RpcError, RpcRequest},
    },
    solana_signature::Signature,
    solana_signer::Signer,
    std::{
        fmt::Display,
        time::{Duration, Instant},
    },
    tokio::time::sleep,
};

/// The JSON-RPC error of a method that the server does not have.
const NO_SUCH_METHOD: i64 = -32601;

const PAUSE: Duration = Duration::from_millis(20);

/// How long a block may take to come, for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the RPC server of a local chain.
pub struct Connection {
    client: Client,
}

impl Connection {
    pub fn to(url: &str) -> Self {
        let policy = Policy {
            poll: PAUSE,
            patience: PATIENCE,
            ..Policy::default()
        };
        Self {
            client: Client::with_commitment(url, CommitmentConfig::processed()).following(policy),
        }
    }

    fn lost(&self, error: impl Display) -> anyhow::Error {
        anyhow!(
            "no answer from the chain at {}; is it running? ({error})",
            self.client.endpoint()
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
        let found = self
            .client
            .rpc()
            .get_multiple_accounts_with_commitment(&accounts, processed);
        let found = found.await.map_err(|error| self.explain(error))?.value;
        let clock = found.iter().flatten().next().and_then(clock);
        clock
            .and_then(|clock| Moment::from_unix(clock.unix_timestamp))
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
            .client
            .rpc()
            .send::<Value>(travel, json!([{ "absoluteTimestamp": to.millis() }]));
        let moved = moved.await.map_err(|error| self.explain(error));
        if let Err(error) = &moved
            && error.is::<Fault>()
        {
            return moved.map(|_| now);
        }
        // On a busy machine the server may give up waiting for what still happens, and the clock may have come to that
        // time by itself. So what counts is what it shows.
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
        let signature = self.client.rpc().request_airdrop(to, lamports).await;
        let signature = signature.map_err(|error| self.explain(error))?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match self.client.look_up(&signature).await? {
                Sighting::Executed(_) => return Ok(()),
                Sighting::Failed(failure) => bail!("the airdrop failed: {failure}"),
                Sighting::Seen | Sighting::Nothing => sleep(PAUSE).await,
            }
        }
        bail!("the airdrop is not executed")
    }

    /// Asks the chain to stop.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn stop(&self) -> Result<()> {
        self.clock().await?;
        let exit = RpcRequest::Custom { method: "exit" };
        let stopped = self.client.rpc().send::<Value>(exit, json!([])).await;
        match stopped {
            Ok(_) => Ok(()),
            // It answered a moment ago: it ended before this answer was out.
            Err(error) if Trouble::of(&error).is_some_and(is_broken) => Ok(()),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Sends a transaction and follows it until it is executed. `payer` pays the fee and signs with `signers`.
    ///
    /// # Errors
    /// If it fails.
    pub async fn execute(
        &self,
        instructions: &[Instruction],
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<Signature> {
        let signers = signers.iter().map(|signer| *signer as &dyn Signer);
        let submission = Submission::new(instructions.to_vec(), payer).signed_by(signers);
        let receipt = self.client.send(&submission).await;
        Ok(receipt.context("the chain refuses a transaction")?.signature)
    }

    fn explain(&self, error: ClientError) -> anyhow::Error {
        let url = self.client.endpoint();
        match error.kind() {
            ErrorKind::RpcError(RpcError::RpcResponseError { code, .. }) if *code == NO_SUCH_METHOD => {
                Fault::new(format!("the chain at {url} is not a local chain: it cannot do that")).into()
            }
            ErrorKind::RpcError(RpcError::RpcResponseError { message, .. }) => {
                anyhow!("the chain at {url} refuses: {message}")
            }
            _ => match Trouble::of(&error) {
                Some(trouble) => self.lost(trouble),
                None => self.lost(error),
            },
        }
    }
}

/// Whether the connection broke.
fn is_broken(trouble: &Trouble) -> bool {
    matches!(trouble.kind, TroubleKind::Incomplete | TroubleKind::Unreachable(_))
}
