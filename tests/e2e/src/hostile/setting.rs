//! What is wrong with the endpoint.

use {
    super::wire::{Cut, Trouble},
    axum::http::StatusCode,
    serde::Deserialize,
    serde_json::{Value, json},
    solana_transaction::versioned::TransactionVersion,
    std::{
        collections::{BTreeMap, BTreeSet},
        sync::{Mutex, MutexGuard},
    },
};

/// Methods whose answers a lagging node gives by its own, older, slot.
const SLOTTED: [&str; 9] = [
    "getSignatureStatuses",
    "getEpochInfo",
    "getBlockHeight",
    "getSlot",
    "getAccountInfo",
    "getMultipleAccounts",
    "getProgramAccounts",
    "getBalance",
    "getTokenAccountBalance",
];

const VERSION_1: TransactionVersion = TransactionVersion::Number(1);

/// A way to misbehave. Each is meant for some methods, all if none is named here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing is wrong.
    #[default]
    Honest,
    /// Adds what strangers could have made: to each transaction with events of the program (`getTransaction`), calls of
    /// other programs, and one of the program without its event authority, whose data are event bytes of the plan, with
    /// sequence number `u64::MAX` and with the true number but another content; to the accounts that are searched for
    /// (`getProgramAccounts`), copies that belong to another program, to another plan, and that are at another address.
    Forges,
    /// Leaves out every second (`every`) signature, searched account, and transaction; always the same ones.
    Omits,
    /// Each signature and each searched account twice.
    Repeats,
    /// Signatures and searched accounts in another order.
    Reorders,
    /// The newest signature of an address (or the one after `skip` newer ones) is listed one look late.
    Delays,
    /// The body ends in the middle, in one of the ways of [`Cut`].
    Truncates,
    /// A node that is `slots` behind, 300 without it: statuses, heights and slots are those of an older slot, what
    /// happened after it is not known, and accounts stay as they are when they are first asked for.
    Lags,
    /// Every status stays at `processed`, and no transaction is found.
    Processed,
    /// `sendTransaction` is done, then the connection is closed without an answer; with `hold` it stays open. For other
    /// `methods` likewise.
    LosesAnswer,
    /// `sendTransaction` is answered with the signature, and nothing is done.
    Drops,
    /// A request is refused with 429 and `Retry-After: 1`, and done when it is made once more; of those with the same
    /// content every second is refused, or every `every`th.
    #[serde(rename = "status-429")]
    Status429,
    /// Every (`every`) request is refused with 503.
    #[serde(rename = "status-503")]
    Status503,
    /// A page in HTML, in turn with 200 and with 502, or always with `status`.
    Html,
    /// Requests wait, and nothing is done.
    Never,
    /// Answers carry the id of another request.
    WrongId,
    /// One transaction, the first that is asked for or `signature`, has a version that cannot be had: error -32015.
    UnknownVersion,
    /// A node of before version 1: transactions of it are refused unread, with error -32602 (`simulateTransaction`,
    /// `sendTransaction`). With `methods` one that simulates them and then does not take them, or the other way round.
    Outdated,
    /// Searches are refused with error -32010, or with `code`.
    NoIndex,
    /// `sendTransaction` is refused because its simulation fails: the blockhash is not known. With `methods` a
    /// simulation (`simulateTransaction`) says so too.
    Refuses,
    /// Statuses are null at the current slot and no transaction is found, though heights are true: the look-up with
    /// history that finds nothing, while the transaction was executed. It cannot be told from the truth by one
    /// endpoint.
    Blind,
    /// Accounts are answered as `accounts` says, wherever they are asked for or found.
    Swaps,
}

impl Mode {
    /// All of them that need no setting, with their names.
    pub const ALL: [(Self, &str); 21] = [
        (Self::Honest, "honest"),
        (Self::Forges, "forges"),
        (Self::Omits, "omits"),
        (Self::Repeats, "repeats"),
        (Self::Reorders, "reorders"),
        (Self::Delays, "delays"),
        (Self::Truncates, "truncates"),
        (Self::Lags, "lags"),
        (Self::Processed, "processed"),
        (Self::LosesAnswer, "loses-answer"),
        (Self::Drops, "drops"),
        (Self::Status429, "status-429"),
        (Self::Status503, "status-503"),
        (Self::Html, "html"),
        (Self::Never, "never"),
        (Self::WrongId, "wrong-id"),
        (Self::UnknownVersion, "unknown-version"),
        (Self::Outdated, "outdated"),
        (Self::NoIndex, "no-index"),
        (Self::Refuses, "refuses"),
        (Self::Blind, "blind"),
    ];

    /// The methods that it is meant for; all if none.
    fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Forges => &["getTransaction", "getProgramAccounts"],
            Self::Omits => &["getSignaturesForAddress", "getTransaction", "getProgramAccounts"],
            Self::Repeats | Self::Reorders => &["getSignaturesForAddress", "getProgramAccounts"],
            Self::Delays => &["getSignaturesForAddress"],
            Self::Lags => &SLOTTED,
            Self::Processed | Self::Blind => &["getSignatureStatuses", "getTransaction"],
            Self::LosesAnswer | Self::Drops | Self::Refuses => &["sendTransaction"],
            Self::UnknownVersion => &["getTransaction"],
            Self::Outdated => &["simulateTransaction", "sendTransaction"],
            Self::NoIndex => &["getProgramAccounts"],
            Self::Swaps => &["getAccountInfo", "getMultipleAccounts", "getProgramAccounts"],
            _ => &[],
        }
    }
}

/// A mode, for which requests it holds, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Setting {
    /// What is wrong.
    pub mode: Mode,
    /// The methods for which it is; those of the mode if none is named.
    pub methods: Vec<String>,
    /// Only once a client has sent a transaction, so that it is reached by what comes after.
    pub sent: bool,
    /// So many of these requests are answered honestly before.
    pub after: u64,
    /// So many of these requests are treated so, then all are answered honestly.
    #[serde(rename = "for")]
    pub times: Option<u64>,
    /// For `omits`, `status-429`, `status-503`: every how manieth.
    pub every: Option<u64>,
    /// For `lags`: how many slots behind.
    pub slots: Option<u64>,
    /// For `delays`: how many newer signatures are listed before the one that is late.
    pub skip: usize,
    /// For `html`: 200 or 502 always.
    pub status: Option<u16>,
    /// For `no-index`: the error's number.
    pub code: Option<i64>,
    /// For `truncates`.
    pub cut: Cut,
    /// For `loses-answer`: the connection stays open.
    pub hold: bool,
    /// For `unknown-version`: which transaction.
    pub signature: Option<String>,
    /// For `swaps`: accounts as they are answered, by address; null where there is none.
    pub accounts: BTreeMap<String, Value>,
}

impl Setting {
    /// A mode as it is meant.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }

    /// The same for these methods.
    pub fn only(mut self, methods: &[&str]) -> Self {
        self.methods = methods.iter().map(|&method| method.to_owned()).collect();
        self
    }

    /// That requests of `method` are done, and the answer never comes.
    pub fn held(method: &str) -> Self {
        Self {
            hold: true,
            ..Self::new(Mode::LosesAnswer).only(&[method])
        }
    }

    /// The same once a transaction was sent.
    pub fn once_sent(mut self) -> Self {
        self.sent = true;
        self
    }

    /// The same after so many requests.
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    /// The same for so many requests.
    pub fn times(mut self, requests: u64) -> Self {
        self.times = Some(requests);
        self
    }
}

/// What a setting has to remember.
#[derive(Default)]
pub struct Memory {
    /// Requests that it is about.
    met: u64,
    /// Those that it was applied to.
    applied: u64,
    /// For `omits`: in which order things were seen, by method.
    pub order: BTreeMap<String, BTreeMap<String, u64>>,
    /// For `delays`: signatures that were late already.
    pub late: BTreeSet<String>,
    /// For `lags`: the first answers, by request.
    pub first: BTreeMap<String, Value>,
    /// For `status-429`: how often a request of this content was made.
    made: BTreeMap<String, u64>,
    /// For `unknown-version`: the transaction.
    pub unreadable: Option<String>,
}

/// A setting in force.
pub struct Active {
    pub setting: Setting,
    memory: Mutex<Memory>,
}

impl Active {
    pub fn new(setting: Setting) -> Self {
        Self {
            memory: Mutex::new(Memory {
                unreadable: setting.signature.clone(),
                ..Memory::default()
            }),
            setting,
        }
    }

    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("no panic while it is held")
    }

    /// If it holds for this request of `method`, which is counted, how manieth it is of those. `sent` says whether a
    /// transaction was sent before.
    pub fn takes(&self, method: &str, sent: bool) -> Option<u64> {
        let Setting {
            mode,
            methods,
            after,
            times,
            ..
        } = &self.setting;
        let meant = match methods.is_empty() {
            true => mode.methods().is_empty() || mode.methods().contains(&method),
            false => methods.iter().any(|one| one == method),
        };
        if !meant || (self.setting.sent && !sent) {
            return None;
        }
        let mut memory = self.memory();
        memory.met += 1;
        let holds = memory.met > *after && times.is_none_or(|times| memory.applied < times);
        memory.applied += u64::from(holds);
        holds.then_some(memory.applied)
    }

    /// What the request, the `turn`th, is answered with instead of being done, if it is not to be done.
    pub fn instead(&self, request: &Value, turn: u64) -> Result<Option<Value>, Trouble> {
        let is_due = |every: u64| turn.is_multiple_of(self.setting.every.unwrap_or(every));
        let error = |code: i64, message: &str| Ok(Some(failure(request, code, message, Value::Null)));
        match self.setting.mode {
            Mode::Status429 if self.is_refused(request) => Err(Trouble::Status(StatusCode::TOO_MANY_REQUESTS, Some(1))),
            Mode::Status503 if is_due(1) => Err(Trouble::Status(StatusCode::SERVICE_UNAVAILABLE, None)),
            Mode::Html => {
                let in_turn = if turn.is_multiple_of(2) { 502 } else { 200 };
                let status = StatusCode::from_u16(self.setting.status.unwrap_or(in_turn));
                Err(Trouble::Page(status.unwrap_or(StatusCode::BAD_GATEWAY)))
            }
            Mode::Never => Err(Trouble::Hold),
            Mode::Drops => Ok(Some(result(request, json!(super::sent(request))))),
            Mode::Outdated if super::transaction(request).is_some_and(|sent| sent.version() == VERSION_1) => error(
                -32602,
                "failed to deserialize solana_transaction::versioned::VersionedTransaction: io error: failed to fill whole \
                 buffer",
            ),
            Mode::NoIndex => error(
                self.setting.code.unwrap_or(-32010),
                "this method is not available for this key: it is excluded from the secondary indexes",
            ),
            Mode::Refuses => {
                let simulated = json!({"err": "BlockhashNotFound", "logs": [], "accounts": null, "unitsConsumed": 0});
                Ok(Some(match request["method"].as_str() {
                    Some("simulateTransaction") => result(request, json!({"context": {"slot": 1}, "value": simulated})),
                    _ => {
                        let message = "Transaction simulation failed: Blockhash not found";
                        failure(request, -32002, message, simulated)
                    }
                }))
            }
            Mode::UnknownVersion => {
                let asked = request["params"][0].as_str().unwrap_or_default();
                let mut memory = self.memory();
                let unreadable = memory.unreadable.get_or_insert_with(|| asked.to_owned()) == asked;
                if !unreadable {
                    return Ok(None);
                }
                error(
                    -32015,
                    "Transaction version (2) is not supported by the requesting client. Please try the request again with the \
                     following configuration parameter: \"maxSupportedTransactionVersion\": 2",
                )
            }
            _ => Ok(None),
        }
    }

    /// Whether a request is one of those that `status-429` refuses. It is counted with those of the same content, so
    /// that what becomes of it does not depend on what else is asked at the same time.
    fn is_refused(&self, request: &Value) -> bool {
        let content = format!("{}{}", request["method"], request["params"]);
        let mut memory = self.memory();
        let before = memory.made.entry(content).or_default();
        let refused = before.is_multiple_of(self.setting.every.unwrap_or(2));
        *before += 1;
        refused
    }

    /// Whether the body of the answer is cut, and how.
    pub fn cut(&self) -> Option<Cut> {
        (self.setting.mode == Mode::Truncates).then_some(self.setting.cut)
    }
}

/// An answer with this result.
pub fn result(request: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": request["id"], "result": result})
}

/// An answer with this error.
pub fn failure(request: &Value, code: i64, message: &str, data: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message, "data": data}})
}
