//! Chains for tests: the binary of `app/localnet` in a process that ends with its test.

use {
    crate::{
        Finished,
        binaries::{embedded_binary, localnet_binary},
    },
    earnout_sdk::client::Client,
    serde_json::{Value, json},
    solana_commitment_config::{CommitmentConfig, CommitmentLevel},
    solana_keypair::Keypair,
    solana_program::{clock::Clock, hash::Hash, instruction::Instruction, pubkey::Pubkey},
    solana_rpc_client::nonblocking::rpc_client::RpcClient,
    solana_rpc_client_api::{
        client_error::Error as ClientError, config::RpcSendTransactionConfig, request::RpcRequest,
    },
    solana_signature::Signature,
    solana_signer::Signer,
    solana_transaction::Transaction,
    std::{
        fs::{self, File},
        io::{BufRead, BufReader},
        path::{Path, PathBuf},
        process::{Child, ChildStdin, Command, ExitStatus, Stdio},
        thread,
        time::{Duration, Instant},
    },
    tempfile::TempDir,
    tokio::time::sleep,
};

/// How long something may take before a test gives up: for a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Seconds.
pub const DAY: i64 = 86_400;

/// The file in a chain's folder for what it writes on standard error.
const LOG: &str = "chain.log";

/// Between two looks at what is waited for.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs the local chain's binary to its end.
///
/// # Panics
/// If it cannot be started.
pub fn localnet(arguments: &[&str]) -> Finished {
    run(&localnet_binary(), arguments)
}

fn run(binary: &Path, arguments: &[&str]) -> Finished {
    let mut command = Command::new(binary);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().expect("the local chain's binary runs");
    Finished::of(&command, output)
}

/// A running chain. It ends with this value, however the test ends.
pub struct Chain {
    pub rpc_url: String,
    pub ws_url: String,
    /// Takes as happened what is confirmed.
    pub rpc: RpcClient,
    binary: PathBuf,
    folder: PathBuf,
    description: Value,
    child: Child,
    input: Option<ChildStdin>,
    // Removed after the process has ended, since fields are dropped in this order.
    _own_folder: Option<TempDir>,
}

impl Chain {
    /// Starts a chain on free ports, from a temporary folder. `options` are those of `earnout-localnet start`: `--demo`
    /// for a demo plan, `--slot-ms 50` for fast blocks, `--time 2027-01-01T00:00:00Z`.
    ///
    /// # Panics
    /// If it does not start.
    #[track_caller]
    pub fn start(options: &[&str]) -> Self {
        Self::start_of(localnet_binary(), options)
    }

    /// The embedded chain, from a temporary folder: for more accounts than the local chain can hold.
    ///
    /// # Panics
    /// If it does not start.
    #[track_caller]
    pub fn start_embedded() -> Self {
        Self::start_of(embedded_binary(), &[])
    }

    #[track_caller]
    fn start_of(binary: PathBuf, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut chain = Self::start_of_in(binary, folder.path(), options);
        chain._own_folder = Some(folder);
        chain
    }

    /// As [`Chain::start`], from a folder that stays: its keys are used if it has some.
    ///
    /// # Panics
    /// If it does not start.
    #[track_caller]
    pub fn start_in(folder: &Path, options: &[&str]) -> Self {
        Self::start_of_in(localnet_binary(), folder, options)
    }

    #[track_caller]
    fn start_of_in(binary: PathBuf, folder: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(&binary);
        command
            .args(["start", "--rpc-port", "0", "--ws-port", "0", "--with-parent", "--dir"])
            .arg(folder)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join(LOG)).expect("a file in the chain's folder"));
        let mut child = command.spawn().expect("the local chain's binary runs");
        let output = child.stdout.take().expect("its output is captured");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("it writes a line");
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            panic!("the chain does not start: {}", log(folder));
        };
        let url = |name: &str| ready[name].as_str().expect("a URL").to_owned();
        let rpc_url = url("rpcUrl");
        let description = fs::read(folder.join("localnet.json")).expect("the chain describes itself");
        Self {
            rpc: RpcClient::new_with_commitment(rpc_url.clone(), CommitmentConfig::confirmed()),
            rpc_url,
            ws_url: url("wsUrl"),
            binary,
            folder: folder.to_path_buf(),
            description: serde_json::from_slice(&description).expect("the description is JSON"),
            input: child.stdin.take(),
            child,
            _own_folder: None,
        }
    }

    /// The SDK's client for it.
    pub fn client(&self) -> Client {
        Client::new(&self.rpc_url)
    }

    /// What its `localnet.json` said when it started.
    pub fn description(&self) -> &Value {
        &self.description
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a key: `payer`, `authority`, `treasury-owner`, `oracle-1` to `-3`, `arbiter`, `beneficiary-1` to
    /// `-5`, `upgrade-authority`, each with 1,000 SOL, or one that [`Chain::new_key`] made.
    pub fn key_file(&self, name: &str) -> PathBuf {
        self.folder.join("keys").join(format!("{name}.json"))
    }

    /// A key, read from its file.
    ///
    /// # Panics
    /// If there is none of this name.
    #[track_caller]
    pub fn key(&self, name: &str) -> Keypair {
        let file = self.key_file(name);
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let bytes: Vec<u8> = serde_json::from_slice(&bytes).expect("a key is a list of numbers");
        Keypair::try_from(bytes.as_slice()).expect("a key has 64 bytes")
    }

    /// Makes a key with so many SOL, and its file beside the others.
    ///
    /// # Panics
    /// If that fails.
    #[track_caller]
    pub fn new_key(&self, name: &str, sol: u64) -> Keypair {
        let key = Keypair::new();
        let bytes = serde_json::to_vec(key.to_bytes().as_slice()).expect("numbers are JSON");
        fs::write(self.key_file(name), bytes).expect("a file for the key");
        if sol > 0 {
            self.airdrop(&key.pubkey(), sol);
        }
        key
    }

    /// An address of the demo plan: `plan`, `vault`, `mint`, `tokenProgram`, `treasury`, `source`.
    ///
    /// # Panics
    /// If the chain was started without `--demo`.
    #[track_caller]
    pub fn demo_address(&self, name: &str) -> Pubkey {
        address(&self.description["demo"][name])
    }

    /// A grant of the demo plan, of five.
    ///
    /// # Panics
    /// If the chain was started without `--demo`.
    #[track_caller]
    pub fn demo_grant(&self, index: usize) -> Pubkey {
        address(&self.description["demo"]["grants"][index]["address"])
    }

    /// Moves the clock forward: by `90d`, `1d12h`, or to a time in RFC 3339 or Unix seconds. Returns what it then
    /// shows, Unix seconds.
    ///
    /// # Panics
    /// If that is not possible.
    #[track_caller]
    pub fn warp(&self, to: &str) -> i64 {
        unix(&self.localnet(&["warp", to]).succeeded())
    }

    /// The chain's time, Unix seconds.
    ///
    /// # Panics
    /// If the chain has ended.
    #[track_caller]
    pub fn clock(&self) -> i64 {
        unix(&self.localnet(&["clock"]).succeeded())
    }

    /// Gives whole SOL to an address.
    ///
    /// # Panics
    /// If that fails.
    #[track_caller]
    pub fn airdrop(&self, to: &Pubkey, sol: u64) {
        self.localnet(&["airdrop", &to.to_string(), &sol.to_string()])
            .succeeded();
    }

    /// Runs the local chain's binary on this chain: `warp`, `clock`, `airdrop`, `stop`.
    pub fn localnet(&self, arguments: &[&str]) -> Finished {
        run(&self.binary, &[arguments, &["--url", &self.rpc_url]].concat())
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What a parent does that ends: the chain ends with it.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Kills the process, which has no time to tidy up.
    ///
    /// # Panics
    /// If it has ended already.
    pub fn kill(&mut self) {
        self.child.kill().expect("the chain runs");
        self.child.wait().expect("the chain ends");
    }

    /// Sends a signal, named as `kill -s` has it.
    ///
    /// # Panics
    /// If the process has ended already.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("`kill` runs").success());
    }

    /// Waits until the process has ended.
    ///
    /// # Panics
    /// If it does not.
    pub fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a process of this test") {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the chain does not end");
            thread::sleep(PAUSE);
        }
    }

    /// The result of a JSON-RPC request.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn ask(&self, method: &'static str, parameters: Value) -> Value {
        self.try_ask(method, parameters)
            .await
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The result of a JSON-RPC request that may be refused.
    ///
    /// # Errors
    /// What the chain answers then.
    pub async fn try_ask(&self, method: &'static str, parameters: Value) -> Result<Value, ClientError> {
        self.rpc.send(RpcRequest::Custom { method }, parameters).await
    }

    /// The chain's time by its clock account, Unix seconds.
    ///
    /// # Panics
    /// If the chain has ended.
    pub async fn now(&self) -> i64 {
        let clock = self.account(&solana_program::sysvar::clock::ID).await;
        let clock: Clock = bincode::deserialize(&clock).expect("a clock");
        clock.unix_timestamp
    }

    /// The bytes of an account, as of the last transaction.
    ///
    /// # Panics
    /// If there is no such account.
    pub async fn account(&self, address: &Pubkey) -> Vec<u8> {
        let processed = CommitmentConfig::processed();
        let account = self.rpc.get_account_with_commitment(address, processed).await;
        let account = account.expect("the chain answers").value;
        account.unwrap_or_else(|| panic!("there is no account {address}")).data
    }

    /// A transaction with a fresh blockhash. The first signer pays.
    ///
    /// # Panics
    /// If a signer is missing.
    pub async fn sign(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Transaction {
        let blockhash = self.rpc.get_latest_blockhash().await.expect("the chain answers");
        sign_with(instructions, signers, blockhash)
    }

    /// Sends a transaction and waits until it is confirmed. The first signer pays.
    ///
    /// # Panics
    /// If it fails.
    pub async fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Signature {
        let transaction = self.sign(instructions, signers).await;
        let config = RpcSendTransactionConfig {
            preflight_commitment: Some(CommitmentLevel::Processed),
            ..RpcSendTransactionConfig::default()
        };
        let sent = self.rpc.send_transaction_with_config(&transaction, config).await;
        let sent = sent.unwrap_or_else(|error| panic!("a transaction is refused: {error}"));
        self.confirmed(&sent).await;
        sent
    }

    /// Waits until a transaction is confirmed.
    ///
    /// # Panics
    /// If it failed, or that takes too long.
    pub async fn confirmed(&self, signature: &Signature) {
        let begun = Instant::now();
        loop {
            let statuses = self.ask("getSignatureStatuses", json!([[signature.to_string()]])).await;
            let status = &statuses["value"][0];
            if !status.is_null() {
                assert_eq!(status["err"], Value::Null);
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the transaction is not confirmed");
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the chain at {} said:\n{}", self.rpc_url, log(&self.folder));
        }
    }
}

/// What a chain wrote on standard error.
fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join(LOG)).unwrap_or_else(|error| error.to_string())
}

/// A transaction with this blockhash. The first signer pays.
///
/// # Panics
/// If a signer is missing.
pub fn sign_with(instructions: &[Instruction], signers: &[&Keypair], blockhash: Hash) -> Transaction {
    let payer = signers.first().map(|signer| signer.pubkey());
    Transaction::new_signed_with_payer(instructions, payer.as_ref(), signers, blockhash)
}

/// An address in a description.
#[track_caller]
fn address(text: &Value) -> Pubkey {
    let text = text.as_str().expect("an address; only `--demo` makes a demo plan");
    text.parse().expect("an address")
}

/// The Unix seconds of a line with a time in two forms.
fn unix(finished: &Finished) -> i64 {
    let (_, seconds) = finished.stdout.trim_end().split_once(' ').expect("two forms");
    seconds.parse().expect("Unix seconds")
}
