//! A thin asynchronous client: reads accounts and events, simulates, sends and confirms.
//!
//! ```no_run
//! use earnout_sdk::{client::{Client, Submission}, instructions};
//! # use solana_program::pubkey::Pubkey;
//! # use solana_signer::Signer;
//!
//! # async fn settle(plan: Pubkey, payer: &dyn Signer) -> Result<(), earnout_sdk::client::ClientError> {
//! let client = Client::new("http://127.0.0.1:8899");
//! let state = client.plan(&plan).await?;
//! let grant = earnout_sdk::pda::grant(&plan, 0);
//! let grant_state = client.grant(&grant).await?;
//! let settle = instructions::settle(&payer.pubkey(), &plan, &state, &grant, &grant_state);
//! let receipt = client.send(&Submission::new(vec![settle], payer)).await?;
//! println!("{} with {} compute units", receipt.signature, receipt.compute_units);
//! # Ok(())
//! # }
//! ```

pub mod bulk;
mod cluster;
mod error;
mod history;
mod nonce;
mod read;
mod simulate;
mod statement;
mod submit;

pub use {
    cluster::cluster_url,
    error::{ClientError, Failure, FailureReason},
    history::{History, OracleSets, Recorded, Unreadable},
    nonce::Nonce,
    simulate::{Changed, Simulated},
    submit::{Confirmed, Lifetime, Prepared, Receipt, Submission},
};

use {
    solana_commitment_config::CommitmentConfig,
    solana_rpc_client::nonblocking::rpc_client::RpcClient,
    std::{fmt, time::Duration},
};

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Newest version of transactions that is asked for and read.
pub(crate) const NEWEST_VERSION: u8 = 1;

/// A connection to one RPC endpoint.
pub struct Client {
    rpc: RpcClient,
    commitment: CommitmentConfig,
}

impl Client {
    /// A client for the endpoint at `url` that believes what is confirmed.
    pub fn new(url: impl ToString) -> Self {
        Self::with_commitment(url, CommitmentConfig::confirmed())
    }

    /// A client for the endpoint at `url` that believes what has reached `commitment`.
    pub fn with_commitment(url: impl ToString, commitment: CommitmentConfig) -> Self {
        let rpc = RpcClient::new_with_timeout_and_commitment(url.to_string(), REQUEST_TIMEOUT, commitment);
        Self { rpc, commitment }
    }

    /// The connection underneath, for what this client does not wrap.
    pub fn rpc(&self) -> &RpcClient {
        &self.rpc
    }

    /// The endpoint to show: scheme, host and port, without what providers put keys into.
    pub fn endpoint(&self) -> String {
        shown(&self.rpc.url())
    }

    /// What this client takes as happened.
    pub fn commitment(&self) -> CommitmentConfig {
        self.commitment
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, into which providers put keys.
        write!(out, "Client({})", self.commitment.commitment)
    }
}

/// Scheme, host and port of a URL: providers put keys into name and password, path and query.
fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // Before an @ stand name and password.
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}
