//! A thin asynchronous client: reads accounts and events, simulates, sends and confirms.
//!
//! ```no_run
//! use earnout_sdk::{client::{Client, Submission}, wire::instructions};
//! # use solana_program::pubkey::Pubkey;
//! # use solana_signer::Signer;
//!
//! # async fn settle(plan: Pubkey, payer: &dyn Signer) -> Result<(), earnout_sdk::client::ClientError> {
//! let client = Client::new("http://127.0.0.1:8899");
//! let state = client.plan(&plan).await?;
//! let grant = earnout_sdk::wire::pda::grant(&plan, 0);
//! let grant_state = client.grant(&grant).await?;
//! let settle = instructions::settle(&payer.pubkey(), &plan, &state, &grant, &grant_state);
//! let receipt = client.send(&Submission::new(vec![settle], payer)).await?;
//! println!("{} with {} compute units", receipt.signature, receipt.compute_units);
//! # Ok(())
//! # }
//! ```

mod absent;
pub mod bulk;
mod bytes;
mod cluster;
#[cfg(feature = "plan-file")]
pub mod creation;
mod documents;
mod endpoint;
mod error;
mod follow;
mod found;
mod history;
mod nonce;
mod payments;
mod prices;
mod read;
mod simulate;
mod statement;
mod submit;
pub mod token;
mod transport;
mod version;

pub use {
    bytes::{of_bytes, to_bytes},
    cluster::cluster_url,
    documents::{DocumentError, Documents, FetchError, Web},
    endpoint::Endpoint,
    error::{ClientError, Failure, FailureReason},
    follow::{Confirmed, Ending, Follower, Life, Policy, Sighting, Tip},
    history::{History, OracleSets, Recorded, Unreadable},
    nonce::Nonce,
    payments::{Payment, Payments},
    read::{clock, is_vacant, owned},
    simulate::{Changed, Simulated},
    submit::{Lifetime, Limits, Prepared, Receipt, Submission, follow, fresh_blockhash, priority_fee},
    transport::{Trouble, TroubleKind},
    version::{FEATURES, VERSION_1_FEATURE, Versions},
};

use {
    solana_commitment_config::CommitmentConfig,
    solana_rpc_client::{nonblocking::rpc_client::RpcClient, rpc_client::RpcClientConfig},
    std::{fmt, sync::OnceLock, time::Duration},
    transport::Transport,
};

/// How long one request may take, unless the caller says otherwise.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Newest version of transactions that is asked for and read.
pub(crate) const NEWEST_VERSION: u8 = 1;

/// A connection to one RPC endpoint.
pub struct Client {
    rpc: RpcClient,
    commitment: CommitmentConfig,
    policy: Policy,
    versions: Versions,
    /// Set once it is known that the cluster executes transactions of version 1, and the endpoint takes them.
    takes_version_1: OnceLock<()>,
    endpoint: String,
}

impl Client {
    /// A client for the endpoint at `url` that believes what is confirmed.
    pub fn new(url: impl ToString) -> Self {
        Self::with_commitment(url, CommitmentConfig::confirmed())
    }

    /// A client for the endpoint at `url` that believes what has reached `commitment`.
    pub fn with_commitment(url: impl ToString, commitment: CommitmentConfig) -> Self {
        Self::with_timeout(url, commitment, REQUEST_TIMEOUT)
    }

    /// As [`Client::with_commitment`]; one request may take `timeout`.
    pub fn with_timeout(url: impl ToString, commitment: CommitmentConfig, timeout: Duration) -> Self {
        let url = url.to_string();
        let endpoint = crate::text::endpoint::shown(&url);
        let config = RpcClientConfig::with_commitment(commitment);
        Self {
            rpc: RpcClient::new_sender(Transport::new(url, timeout), config),
            commitment,
            policy: Policy::default(),
            versions: Versions::default(),
            takes_version_1: OnceLock::new(),
            endpoint,
        }
    }

    /// The same; what it sends is followed by `policy`.
    pub fn following(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The same; it sends `versions`.
    pub fn sending(mut self, versions: Versions) -> Self {
        self.versions = versions;
        self
    }

    /// The connection underneath, for what this client does not wrap.
    pub fn rpc(&self) -> &RpcClient {
        &self.rpc
    }

    /// What this client takes as happened.
    pub fn commitment(&self) -> CommitmentConfig {
        self.commitment
    }

    /// How it follows what it sends.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The endpoint to show: scheme, host and port, without what providers put keys into.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Client({}, {})", self.endpoint, self.commitment.commitment)
    }
}
