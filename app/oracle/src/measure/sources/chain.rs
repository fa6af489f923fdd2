//! What sources need to ask the chain.

use {
    super::{SourceError, unexpected},
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout_sdk::{
        client::{Client, Trouble},
        text::{
            endpoint,
            names::{harmless, shortened},
        },
    },
    serde_json::{Value, json},
    solana_commitment_config::{CommitmentConfig, CommitmentLevel},
    solana_program::{pubkey::Pubkey, sysvar},
    solana_rpc_client_api::request::RpcRequest,
    std::{
        collections::HashMap,
        fmt,
        path::PathBuf,
        sync::{Arc, Mutex, OnceLock, PoisonError},
        time::Duration,
    },
};

/// How long an endpoint may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a source is given by the configuration around it.
#[derive(Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// The configuration's folder, where relative paths start.
    pub folder: PathBuf,
    /// The folder for what has to survive a restart.
    pub state: PathBuf,
    /// The plan of the feed.
    pub plan: Pubkey,
    /// The chain's endpoints.
    pub endpoints: Vec<String>,
    /// What counts as happened.
    pub commitment: CommitmentLevel,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            folder: PathBuf::new(),
            state: PathBuf::new(),
            plan: Pubkey::default(),
            endpoints: Vec::new(),
            commitment: CommitmentLevel::Confirmed,
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys stand in the URLs of endpoints.
        let endpoints: Vec<String> = self.endpoints.iter().map(|url| endpoint::shown(url)).collect();
        out.debug_struct("Surroundings")
            .field("folder", &self.folder)
            .field("state", &self.state)
            .field("plan", &self.plan)
            .field("endpoints", &endpoints)
            .field("commitment", &self.commitment)
            .finish()
    }
}

/// Clients for `endpoints`, which are kept.
pub fn clients(endpoints: &[String], commitment: CommitmentLevel) -> Vec<Arc<Client>> {
    type Clients = HashMap<(String, CommitmentLevel), Arc<Client>>;
    static CLIENTS: OnceLock<Mutex<Clients>> = OnceLock::new();
    let clients = CLIENTS.get_or_init(Mutex::default);
    let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
    let client = |url: &String| {
        let new = || Arc::new(Client::with_timeout(url, CommitmentConfig { commitment }, TIMEOUT));
        clients.entry((url.clone(), commitment)).or_insert_with(new).clone()
    };
    endpoints.iter().map(client).collect()
}

/// An account as an endpoint shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub owner: Pubkey,
    pub lamports: u64,
    pub data: Vec<u8>,
}

/// What an endpoint answers, as of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtSlot<T> {
    pub slot: u64,
    pub found: T,
}

/// The accounts at `addresses`, none where there is none.
///
/// # Errors
/// If the endpoint does not answer, or with something else.
pub async fn accounts(client: &Client, addresses: &[Pubkey]) -> Result<AtSlot<Vec<Option<Account>>>, SourceError> {
    let keys: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let config = json!({ "encoding": "base64", "commitment": client.commitment().commitment });
    let answer = ask(client, RpcRequest::GetMultipleAccounts, json!([keys, config])).await?;
    let slot = slot(client, &answer)?;
    let list = answer["value"].as_array().filter(|list| list.len() == addresses.len());
    let list = list.ok_or_else(|| unreadable(client))?;
    let found = list.iter().map(|entry| match entry {
        Value::Null => Ok(None),
        entry => account(entry).map(Some).ok_or_else(|| unreadable(client)),
    });
    Ok(AtSlot {
        slot,
        found: found.collect::<Result<_, _>>()?,
    })
}

/// The chain's clock as of one slot, Unix seconds, beside the accounts at `addresses`.
///
/// # Errors
/// As [`accounts`], or if there is no clock.
pub async fn accounts_and_clock(
    client: &Client,
    addresses: &[Pubkey],
) -> Result<(AtSlot<Vec<Option<Account>>>, i64), SourceError> {
    let mut all = addresses.to_vec();
    all.push(sysvar::clock::ID);
    let mut answer = accounts(client, &all).await?;
    let clock = answer
        .found
        .pop()
        .flatten()
        .filter(|account| account.owner == sysvar::ID);
    // Slot, start of the epoch, epoch, epoch of the next leaders, time: eight bytes each.
    let time = clock.as_ref().and_then(|account| account.data.get(32..40));
    let time = time.and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes);
    let time = time.ok_or_else(|| unexpected(format!("{} shows no clock", client.endpoint())))?;
    Ok((answer, time))
}

/// The token accounts of `owner` for `mint`.
///
/// # Errors
/// If the endpoint does not answer, or with something else.
pub async fn token_accounts(
    client: &Client,
    owner: &Pubkey,
    mint: &Pubkey,
) -> Result<AtSlot<Vec<(Pubkey, Account)>>, SourceError> {
    let config = json!({ "encoding": "base64", "commitment": client.commitment().commitment });
    let params = json!([owner.to_string(), { "mint": mint.to_string() }, config]);
    keyed(client, &ask(client, RpcRequest::GetTokenAccountsByOwner, params).await?)
}

/// The accounts of `program` that pass `filters`, without their data.
///
/// # Errors
/// If the endpoint does not answer or refuses to search, or answers something else.
pub async fn program_accounts(
    client: &Client,
    program: &Pubkey,
    filters: &Value,
) -> Result<AtSlot<Vec<(Pubkey, Account)>>, SourceError> {
    let config = json!({
        "encoding": "base64", "commitment": client.commitment().commitment, "filters": filters,
        "dataSlice": { "offset": 0, "length": 0 }, "withContext": true,
    });
    let params = json!([program.to_string(), config]);
    keyed(client, &ask(client, RpcRequest::GetProgramAccounts, params).await?)
}

fn keyed(client: &Client, answer: &Value) -> Result<AtSlot<Vec<(Pubkey, Account)>>, SourceError> {
    let slot = slot(client, answer)?;
    let list = answer["value"].as_array().ok_or_else(|| unreadable(client))?;
    let found = list.iter().map(|entry| {
        let key = entry["pubkey"].as_str().and_then(|key| key.parse().ok());
        key.zip(account(&entry["account"])).ok_or_else(|| unreadable(client))
    });
    Ok(AtSlot {
        slot,
        found: found.collect::<Result<_, _>>()?,
    })
}

async fn ask(client: &Client, request: RpcRequest, params: Value) -> Result<Value, SourceError> {
    let answer = client.rpc().send(request, params).await;
    answer.map_err(|error| {
        let why = match Trouble::of(&error) {
            // It names the endpoint.
            Some(trouble) => trouble.to_string(),
            None => format!("{}: {}", client.endpoint(), shortened(&error.to_string(), 300)),
        };
        SourceError::Unreachable(harmless(&why))
    })
}

fn slot(client: &Client, answer: &Value) -> Result<u64, SourceError> {
    answer["context"]["slot"].as_u64().ok_or_else(|| unreadable(client))
}

fn account(entry: &Value) -> Option<Account> {
    let [Value::String(data), Value::String(encoding)] = entry["data"].as_array()?.as_slice() else {
        return None;
    };
    Some(Account {
        owner: entry["owner"].as_str()?.parse().ok()?,
        lamports: entry["lamports"].as_u64()?,
        data: (encoding == "base64").then(|| BASE64_STANDARD.decode(data).ok())??,
    })
}

fn unreadable(client: &Client) -> SourceError {
    unexpected(format!(
        "{} answers something else than what was asked",
        client.endpoint()
    ))
}
