//! What clients need to know of the running chain: `localnet.json`.

use {
    crate::{
        chain::Chain,
        demo::DemoPlan,
        folder::{Folder, write_whole},
        keys::{DemoKey, DemoKeys},
        when::Moment,
    },
    anyhow::{Context, Result},
    serde::Serialize,
    serde_json::json,
    std::{
        collections::BTreeMap,
        fs::{self},
        io::ErrorKind,
        path::PathBuf,
    },
};

/// The content of the file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    rpc_url: String,
    ws_url: String,
    program_id: String,
    /// Of the process that runs the chain.
    pid: u32,
    slot_ms: u64,
    /// The chain's time at its first block, Unix seconds.
    started_at: i64,
    /// By name.
    keys: BTreeMap<String, KeyEntry>,
    /// Nothing without `--demo`.
    demo: Option<DemoPlan>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyEntry {
    path: PathBuf,
    public_key: String,
}

impl Description {
    pub fn of(chain: &Chain, keys: &DemoKeys, slot_ms: u64, time: Moment, demo: Option<DemoPlan>) -> Self {
        let entry = |key: &DemoKey| {
            let path = key.path.clone();
            let public_key = key.pubkey().to_string();
            (key.name.clone(), KeyEntry { path, public_key })
        };
        Self {
            rpc_url: chain.rpc_url(),
            ws_url: chain.ws_url(),
            program_id: earnout::ID.to_string(),
            pid: std::process::id(),
            slot_ms,
            started_at: time.unix(),
            keys: keys.signers().map(entry).collect(),
            demo,
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, folder: &Folder) -> Result<()> {
        let file = folder.description();
        let content = serde_json::to_vec_pretty(self)?;
        write_whole(&file, &content).with_context(|| format!("cannot write {}", file.display()))
    }

    /// The line for whoever started the process.
    pub fn line(&self) -> String {
        json!({ "rpcUrl": self.rpc_url, "wsUrl": self.ws_url }).to_string()
    }
}

/// Removes the file of a chain that has ended.
///
/// # Errors
/// If it is there and stays.
pub fn remove(folder: &Folder) -> Result<()> {
    let file = folder.description();
    match fs::remove_file(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}
