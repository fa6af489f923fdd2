//! The embedded chain behind a JSON-RPC endpoint, started and asked as `earnout-localnet` is: for plans of so many
//! accounts that the local chain, which copies the list of a program's accounts whenever it writes one of them, takes
//! hours. It executes the built program on the same virtual machine; it has no history, no websocket and no blocks, and
//! checks no signatures. What is sent is executed before it is answered.

use {
    anchor_spl::compat::spl_token_interface::state::{Account as TokenAccount, AccountState},
    axum::{Router, body::Bytes, extract::State, http::header::CONTENT_TYPE, response::IntoResponse, routing::post},
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout_e2e::{Token, program_file},
    earnout_sdk::{
        client::{FEATURES, VERSION_1_FEATURE, of_bytes},
        wire::pda,
    },
    litesvm::LiteSVM,
    serde_json::{Value, json},
    solana_account::Account,
    solana_keypair::Keypair,
    solana_program::{clock::Clock, hash, program_pack::Pack, pubkey::Pubkey},
    solana_signer::Signer,
    solana_transaction::versioned::VersionedTransaction,
    std::{
        collections::HashMap,
        env, fs,
        io::{Read, Write, stdin, stdout},
        path::Path,
        str::FromStr,
        sync::{Arc, Mutex, PoisonError},
        time::{Instant, SystemTime, UNIX_EPOCH},
    },
    tokio::net::TcpListener,
};

/// Who has SOL at the start, as on the local chain.
const KEYS: [&str; 7] = [
    "payer",
    "authority",
    "treasury-owner",
    "oracle-1",
    "oracle-2",
    "oracle-3",
    "arbiter",
];
const ENDOWMENT: u64 = 1_000_000_000_000;

/// Lamports of a signature.
const SIGNATURE: u64 = 5_000;
const SLOT_MS: u128 = 400;
/// Slots for which the latest blockhash is the same.
const BLOCKHASH_SLOTS: u64 = 32;
/// Blocks for which a blockhash is good.
const BLOCKHASH_LIFE: u64 = 150;
/// Told for every transaction that is simulated: more than any takes of accounts and programs.
const LOADED: u32 = 4_000_000;

/// The chain.
struct Machine {
    svm: LiteSVM,
    begun: Instant,
    /// Unix seconds at the beginning, moved when the clock is.
    start: i64,
    /// Slots that passed when the clock was moved.
    moved: u64,
    /// What became of each transaction: its slot, and its error.
    done: HashMap<String, (u64, Value)>,
}

type Answer = Result<Value, String>;

impl Machine {
    fn new(keys: &Path) -> Self {
        let mut svm = LiteSVM::new()
            .with_sigverify(false)
            .with_blockhash_check(false)
            .with_transaction_history(0);
        let program = program_file();
        svm.add_program_from_file(earnout::ID, &program).expect("a program");
        let mut active = vec![1];
        active.extend(0_u64.to_le_bytes());
        let feature = Account {
            lamports: svm.minimum_balance_for_rent_exemption(active.len()),
            data: active,
            owner: FEATURES,
            ..Account::default()
        };
        svm.set_account(VERSION_1_FEATURE, feature).expect("an account");
        fs::create_dir_all(keys).expect("a folder for the keys");
        for name in KEYS {
            let key = Keypair::new();
            let bytes = serde_json::to_vec(key.to_bytes().as_slice()).expect("numbers are JSON");
            fs::write(keys.join(format!("{name}.json")), bytes).expect("a file for the key");
            svm.airdrop(&key.pubkey(), ENDOWMENT).expect("SOL");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
        Self {
            svm,
            begun: Instant::now(),
            start: i64::try_from(now.as_secs()).expect("a time of this age"),
            moved: 0,
            done: HashMap::new(),
        }
    }

    fn slot(&self) -> u64 {
        let passed = self.begun.elapsed().as_millis() / SLOT_MS;
        1_000 + self.moved + u64::try_from(passed).expect("a number of 64 bits")
    }

    /// Lets the clock show the time.
    fn tick(&mut self) {
        let passed = i64::try_from(self.begun.elapsed().as_secs()).expect("a time of this age");
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.unix_timestamp = self.start + passed;
        clock.slot = self.slot();
        self.svm.set_sysvar(&clock);
    }

    /// A value with the slot in which it was so.
    fn of_slot(&self, value: Value) -> Value {
        json!({ "context": { "slot": self.slot() }, "value": value })
    }

    fn account(&self, address: &Pubkey) -> Value {
        let account = self.svm.get_account(address).filter(|account| account.lamports > 0);
        account.map_or(Value::Null, |account| shown(&account))
    }

    fn answer(&mut self, method: &str, parameters: &Value) -> Answer {
        self.tick();
        Ok(match method {
            "getAccountInfo" => self.of_slot(self.account(&key(&parameters[0])?)),
            "getMultipleAccounts" => {
                let keys = parameters[0].as_array().ok_or("no keys")?;
                let accounts = keys.iter().map(|text| Ok(self.account(&key(text)?)));
                let accounts: Vec<Value> = accounts.collect::<Result<_, String>>()?;
                self.of_slot(accounts.into())
            }
            "getProgramAccounts" => self.search(&key(&parameters[0])?, &parameters[1]["filters"])?,
            "getBalance" => {
                let balance = self.svm.get_balance(&key(&parameters[0])?).unwrap_or_default();
                self.of_slot(balance.into())
            }
            "getMinimumBalanceForRentExemption" => {
                let bytes = parameters[0].as_u64().and_then(|bytes| usize::try_from(bytes).ok());
                self.svm
                    .minimum_balance_for_rent_exemption(bytes.ok_or("no number")?)
                    .into()
            }
            "getLatestBlockhash" => {
                let slot = self.slot();
                let blockhash = hash::hash(&(slot / BLOCKHASH_SLOTS).to_le_bytes()).to_string();
                let last = slot + BLOCKHASH_LIFE;
                self.of_slot(json!({ "blockhash": blockhash, "lastValidBlockHeight": last }))
            }
            "isBlockhashValid" => self.of_slot(true.into()),
            "getEpochInfo" => {
                let slot = self.slot();
                json!({
                    "absoluteSlot": slot, "blockHeight": slot, "epoch": 0, "slotIndex": slot, "slotsInEpoch": 432_000,
                    "transactionCount": self.done.len(),
                })
            }
            "getGenesisHash" => hash::hash(b"embedded").to_string().into(),
            "getFeeForMessage" => {
                let message = BASE64_STANDARD.decode(parameters[0].as_str().ok_or("no message")?);
                let message = message.map_err(|error| error.to_string())?;
                // Behind the version, if there is one.
                let signatures = message.iter().find(|byte| **byte < 128).copied();
                self.of_slot((SIGNATURE * u64::from(signatures.unwrap_or_default())).into())
            }
            "getRecentPrioritizationFees" => json!([]),
            "getSignatureStatuses" => {
                let signatures = parameters[0].as_array().ok_or("no signatures")?;
                let states = signatures.iter().map(|signature| {
                    let done = signature.as_str().and_then(|text| self.done.get(text));
                    done.map_or(Value::Null, |(slot, error)| {
                        let status = match error {
                            Value::Null => json!({ "Ok": null }),
                            error => json!({ "Err": error }),
                        };
                        json!({
                            "slot": slot, "confirmations": null, "err": error, "status": status,
                            "confirmationStatus": "finalized",
                        })
                    })
                });
                self.of_slot(states.collect::<Vec<_>>().into())
            }
            "sendTransaction" => self.send(transaction(&parameters[0])?).into(),
            "simulateTransaction" => {
                let result = self.svm.simulate_transaction(transaction(&parameters[0])?);
                let (error, done, after) = match result {
                    Ok(done) => (Value::Null, done.meta, done.post_accounts),
                    Err(failed) => (error(&failed.err), failed.meta, Vec::new()),
                };
                let after: HashMap<_, _> = after.into_iter().collect();
                let wanted = parameters[1]["accounts"]["addresses"].as_array().into_iter().flatten();
                let accounts = wanted.map(|text| {
                    let address = key(text)?;
                    let changed = after.get(&address).cloned().map(Account::from);
                    Ok(changed.map_or_else(|| self.account(&address), |account| shown(&account)))
                });
                let accounts: Vec<Value> = accounts.collect::<Result<_, String>>()?;
                self.of_slot(json!({
                    "err": error, "logs": done.logs, "unitsConsumed": done.compute_units_consumed,
                    "loadedAccountsDataSize": LOADED, "accounts": accounts,
                }))
            }
            "surfnet_timeTravel" => {
                let to = parameters[0]["absoluteTimestamp"].as_i64().ok_or("no time")? / 1_000;
                self.start += to - self.svm.get_sysvar::<Clock>().unix_timestamp;
                // So that what is done again then has another blockhash, and is another transaction.
                self.moved += BLOCKHASH_SLOTS;
                self.tick();
                Value::Null
            }
            "surfnet_setAccount" => {
                self.set_account(key(&parameters[0])?, &parameters[1])?;
                self.of_slot(Value::Null)
            }
            "surfnet_setTokenAccount" => {
                let [owner, mint] = [key(&parameters[0])?, key(&parameters[1])?];
                self.token_account(owner, mint)?;
                self.of_slot(Value::Null)
            }
            _ => return Err(format!("there is no method {method}")),
        })
    }

    /// Executes a transaction once, and returns its signature.
    fn send(&mut self, transaction: VersionedTransaction) -> String {
        let signature = transaction
            .signatures
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        if !self.done.contains_key(&signature) {
            let result = self.svm.send_transaction(transaction);
            let error = result.err().map_or(Value::Null, |failed| error(&failed.err));
            let slot = self.slot();
            self.done.insert(signature.clone(), (slot, error));
        }
        signature
    }

    fn search(&self, program: &Pubkey, filters: &Value) -> Answer {
        let mut wanted = Vec::new();
        let mut size = None;
        for filter in filters.as_array().into_iter().flatten() {
            if let Some(bytes) = filter["dataSize"].as_u64() {
                size = usize::try_from(bytes).ok();
                continue;
            }
            let (offset, bytes) = (&filter["memcmp"]["offset"], &filter["memcmp"]["bytes"]);
            let offset = offset.as_u64().and_then(|offset| usize::try_from(offset).ok());
            let bytes = bs58::decode(bytes.as_str().ok_or("no bytes")?).into_vec();
            wanted.push((offset.ok_or("no offset")?, bytes.map_err(|error| error.to_string())?));
        }
        let accounts = self.svm.get_program_accounts(program).into_iter();
        let fitting = accounts.filter(|(_, Account { data, .. })| {
            let has =
                |(offset, bytes): &(usize, Vec<u8>)| data.get(*offset..).is_some_and(|data| data.starts_with(bytes));
            size.is_none_or(|size| data.len() == size) && wanted.iter().all(has)
        });
        let found =
            fitting.map(|(address, account)| json!({ "pubkey": address.to_string(), "account": shown(&account) }));
        Ok(found.collect::<Vec<_>>().into())
    }

    /// An account with what is given of lamports, owner and data (hexadecimal), and the rest as it was.
    fn set_account(&mut self, address: Pubkey, given: &Value) -> Result<(), String> {
        let mut account = self.svm.get_account(&address).unwrap_or_default();
        if let Some(lamports) = given["lamports"].as_u64() {
            account.lamports = lamports;
        }
        if !given["owner"].is_null() {
            account.owner = key(&given["owner"])?;
        }
        if let Some(data) = given["data"].as_str() {
            account.data = hex::decode(data).map_err(|error| error.to_string())?;
        }
        self.svm
            .set_account(address, account)
            .map_err(|error| error.to_string())
    }

    /// An empty associated token account.
    fn token_account(&mut self, owner: Pubkey, mint: Pubkey) -> Result<(), String> {
        let mut data = vec![0; TokenAccount::LEN];
        let state = TokenAccount {
            mint,
            owner,
            state: AccountState::Initialized,
            ..TokenAccount::default()
        };
        TokenAccount::pack(state, &mut data).map_err(|error| error.to_string())?;
        let account = Account {
            lamports: self.svm.minimum_balance_for_rent_exemption(data.len()),
            data,
            owner: Token::CLASSIC,
            ..Account::default()
        };
        let address = pda::associated_token_account(&owner, &mint, &Token::CLASSIC);
        self.svm
            .set_account(address, account)
            .map_err(|error| error.to_string())
    }
}

fn key(text: &Value) -> Result<Pubkey, String> {
    let text = text.as_str().ok_or("no key")?;
    Pubkey::from_str(text).map_err(|error| error.to_string())
}

fn transaction(text: &Value) -> Result<VersionedTransaction, String> {
    let bytes = BASE64_STANDARD.decode(text.as_str().ok_or("no transaction")?);
    of_bytes(&bytes.map_err(|error| error.to_string())?).ok_or_else(|| "that is no transaction".to_owned())
}

fn error(error: &impl serde::Serialize) -> Value {
    serde_json::to_value(error).expect("an error is JSON")
}

fn shown(account: &Account) -> Value {
    json!({
        "lamports": account.lamports, "owner": account.owner.to_string(), "executable": account.executable,
        "rentEpoch": account.rent_epoch, "space": account.data.len(),
        "data": [BASE64_STANDARD.encode(&account.data), "base64"],
    })
}

async fn answer(State(machine): State<Arc<Mutex<Machine>>>, body: Bytes) -> impl IntoResponse {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let method = request["method"].as_str().unwrap_or_default();
    let result = {
        let mut machine = machine.lock().unwrap_or_else(PoisonError::into_inner);
        machine.answer(method, &request["params"])
    };
    let answer = match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }),
        Err(message) => {
            json!({ "jsonrpc": "2.0", "id": request["id"], "error": { "code": -32_601, "message": message } })
        }
    };
    ([(CONTENT_TYPE, "application/json")], answer.to_string())
}

/// Serves a chain until the standard input is closed. The keys go into `folder`.
async fn serve(folder: &Path) {
    let machine = Arc::new(Mutex::new(Machine::new(&folder.join("keys"))));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    fs::write(folder.join("localnet.json"), "{}").expect("a file in the folder");
    let line = json!({ "rpcUrl": url, "wsUrl": url.replace("http", "ws") });
    writeln!(stdout(), "{line}").expect("somebody who reads");
    let router = Router::new().fallback_service(post(answer).with_state(machine));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let closed = tokio::task::spawn_blocking(|| stdin().read_to_end(&mut Vec::new()));
    // Whatever it says: that it ends counts.
    let _ = closed.await;
}

/// Moves the clock of a chain, and prints what it then shows, as the local chain's `warp` does.
async fn warp(to: &str, url: &str) {
    let rpc = solana_rpc_client::nonblocking::rpc_client::RpcClient::new(url.to_owned());
    let method = solana_rpc_client_api::request::RpcRequest::Custom {
        method: "surfnet_timeTravel",
    };
    let seconds: i64 = to.parse().expect("Unix seconds");
    let moved = rpc.send::<Value>(method, json!([{ "absoluteTimestamp": seconds * 1_000 }]));
    moved.await.expect("the chain answers");
    println!("{to} {to}");
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let after = |name: &str| {
        let position = arguments.iter().position(|argument| argument == name).expect(name);
        arguments.get(position + 1).expect(name)
    };
    match arguments.first().map(String::as_str) {
        Some("start") => serve(Path::new(after("--dir"))).await,
        Some("warp") => warp(after("warp"), after("--url")).await,
        _ => panic!("usage: embedded-chain start --dir FOLDER | warp UNIX_SECONDS --url URL"),
    }
}
