//! An RPC endpoint that is slow, broken or lies, in front of a local chain: for the tests of every client. As a library
//! it is [`Hostile`]; other languages start the binary `hostile-endpoint` and talk to it over HTTP:
//!
//! - `POST /mode` with a [`Setting`] as JSON, or a list of settings that hold at the same time, replaces what held
//!   before;
//! - `GET /seen` says what was asked: `{"requests": 3, "methods": {"getSlot": 2, …}, "signatures": ["…"]}`, with the
//!   signatures of all transactions that clients sent;
//! - every other `POST` is JSON-RPC, whatever its path and query, so that a URL can carry a key. Batches are answered
//!   one by one; what happens to one request's connection happens to the batch.
//!
//! Pages of every origin may ask. Websockets are refused: a client that can gets the chain's own.

mod alter;
mod forge;
mod setting;
mod wire;

use {
    axum::{
        Router,
        body::Bytes,
        extract::State,
        http::StatusCode,
        response::{IntoResponse, Response},
        routing::{get, post},
    },
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout_sdk::client::of_bytes,
    serde::Serialize,
    serde_json::{Value, json},
    setting::Active,
    solana_transaction::versioned::VersionedTransaction,
    std::{
        collections::BTreeMap,
        future::pending,
        sync::{Arc, Mutex, MutexGuard},
        thread,
        time::{Duration, Instant},
    },
    tokio::{net::TcpListener, runtime::Runtime},
    wire::Trouble,
};
pub use {
    setting::{Mode, Setting},
    wire::Cut,
};

/// What clients asked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Seen {
    /// All requests.
    pub requests: u64,
    /// Requests by method. What is done before its answer is lost counts when it is done.
    pub methods: BTreeMap<String, u64>,
    /// First signatures of the transactions that were sent, each once, in this order.
    pub signatures: Vec<String>,
}

struct Shared {
    target: String,
    client: reqwest::Client,
    settings: Mutex<Vec<Arc<Active>>>,
    seen: Mutex<Seen>,
}

/// The endpoint. It ends with this value.
pub struct Hostile {
    /// Its URL.
    pub url: String,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Hostile {
    /// An endpoint on a free port in front of the one at `target`, honest at first.
    ///
    /// # Panics
    /// If it cannot listen.
    pub fn before(target: &str) -> Self {
        Self::on_port(target, 0)
    }

    /// As [`Hostile::before`], on this port; 0 for a free one.
    ///
    /// # Panics
    /// If it cannot listen.
    pub fn on_port(target: &str, port: u16) -> Self {
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            client: reqwest::Client::new(),
            settings: Mutex::default(),
            seen: Mutex::default(),
        });
        let runtime = Runtime::new().expect("threads");
        let listening = runtime.handle().clone();
        let state = shared.clone();
        // A test may be within a runtime of its own, which must not be blocked on.
        let url = thread::spawn(move || {
            listening.block_on(async move {
                let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
                let url = format!("http://{}", listener.local_addr().expect("an address"));
                let router = Router::new()
                    .route("/mode", post(change).options(wire::preflight))
                    .route("/seen", get(show).options(wire::preflight))
                    .fallback_service(post(answer).options(wire::preflight).with_state(state.clone()))
                    .with_state(state);
                tokio::spawn(async move { axum::serve(listener, router).await });
                url
            })
        });
        Self {
            url: url.join().expect("the endpoint listens"),
            shared,
            runtime: Some(runtime),
        }
    }

    /// From now on these hold, and nothing else. Requests that wait go on waiting.
    pub fn set(&self, settings: impl IntoIterator<Item = Setting>) {
        self.shared.set(settings);
    }

    /// From now on this mode holds for the requests that it is meant for.
    pub fn mode(&self, mode: Mode) {
        self.set([Setting::new(mode)]);
    }

    /// From now on this mode holds for these methods.
    pub fn only(&self, mode: Mode, methods: &[&str]) {
        self.set([Setting::new(mode).only(methods)]);
    }

    /// From now on nothing is wrong.
    pub fn obey(&self) {
        self.set([]);
    }

    /// How many requests of `method` there were.
    pub fn count(&self, method: &str) -> u64 {
        self.seen().methods.get(method).copied().unwrap_or_default()
    }

    /// What clients asked so far.
    pub fn seen(&self) -> Seen {
        self.shared.seen().clone()
    }

    /// Waits until there were more than `before` requests of `method`.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn wait_for(&self, method: &str, before: u64) {
        let begun = Instant::now();
        while self.count(method) <= before {
            assert!(begun.elapsed() < crate::PATIENCE, "no request {method}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        // A test may be within a runtime of its own, in which waiting for the end of another is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no panic while it is held")
    }

    fn set(&self, settings: impl IntoIterator<Item = Setting>) {
        let settings = settings.into_iter().map(|setting| Arc::new(Active::new(setting)));
        *self.settings.lock().expect("no panic while it is held") = settings.collect();
    }

    /// The settings that hold for a request of `method`, and how manieth it is for each.
    fn holding(&self, method: &str) -> Vec<(Arc<Active>, u64)> {
        let sent = !self.seen().signatures.is_empty();
        let settings = self.settings.lock().expect("no panic while it is held");
        let holding = settings
            .iter()
            .filter_map(|setting| Some((setting.clone(), setting.takes(method, sent)?)));
        holding.collect()
    }

    fn count(&self, method: &str, request: &Value) {
        let mut seen = self.seen();
        seen.requests += 1;
        *seen.methods.entry(method.to_owned()).or_default() += 1;
        if let Some(signature) = sent(request).filter(|signature| !seen.signatures.contains(signature)) {
            seen.signatures.push(signature);
        }
    }

    /// The target's answer.
    async fn ask(&self, request: &Value) -> Result<Value, Trouble> {
        let post = self
            .client
            .post(&self.target)
            .header("content-type", "application/json");
        let unreachable = |_| Trouble::Status(StatusCode::BAD_GATEWAY, None);
        let response = post.body(request.to_string()).send().await.map_err(unreachable)?;
        let text = response.text().await.map_err(unreachable)?;
        serde_json::from_str(&text).map_err(|_| Trouble::Status(StatusCode::BAD_GATEWAY, None))
    }

    /// The answer to one request, and whether its body is cut.
    async fn one(&self, request: &Value) -> Result<(Value, Option<Cut>), Trouble> {
        let method = request["method"].as_str().unwrap_or_default();
        let holding = self.holding(method);
        for (setting, turn) in &holding {
            let instead = setting.instead(request, *turn);
            if !matches!(instead, Ok(None)) {
                self.count(method, request);
            }
            if let Some(answer) = instead? {
                return Ok((answer, None));
            }
        }
        let answer = self.ask(request).await;
        self.count(method, request);
        let (mut answer, mut cut) = (answer?, None);
        for (setting, _) in &holding {
            setting.alter(request, &mut answer)?;
            cut = cut.or(setting.cut());
        }
        Ok((answer, cut))
    }
}

async fn answer(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answered = match &request {
        Value::Array(requests) => {
            let (mut answers, mut cut, mut trouble) = (Vec::new(), None, None);
            for request in requests {
                match shared.one(request).await {
                    Ok((answer, its)) => {
                        answers.push(answer);
                        cut = cut.or(its);
                    }
                    Err(its) => trouble = trouble.or(Some(its)),
                }
            }
            trouble.map_or(Ok((Value::Array(answers), cut)), Err)
        }
        _ => shared.one(&request).await,
    };
    match answered {
        Ok((answer, cut)) => wire::body(answer.to_string(), cut),
        Err(Trouble::Hold) => pending().await,
        Err(trouble) => wire::trouble(trouble),
    }
}

async fn change(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let settings = serde_json::from_slice(&body).and_then(|settings| match settings {
        Value::Array(_) => serde_json::from_value::<Vec<Setting>>(settings),
        _ => Ok(vec![serde_json::from_value(settings)?]),
    });
    wire::open(match settings {
        Ok(settings) => {
            shared.set(settings);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    })
}

async fn show(State(shared): State<Arc<Shared>>) -> Response {
    wire::open(wire::json(&json!(*shared.seen())))
}

/// The first signature of a transaction that is sent.
fn sent(request: &Value) -> Option<String> {
    let transaction = transaction(request).filter(|_| request["method"] == "sendTransaction")?;
    Some(transaction.signatures.first()?.to_string())
}

/// The transaction of a request that sends or simulates one.
fn transaction(request: &Value) -> Option<VersionedTransaction> {
    let parameters = request["params"].as_array()?;
    let text = parameters.first()?.as_str()?;
    let bytes = match parameters.get(1).is_some_and(|options| options["encoding"] == "base64") {
        true => BASE64_STANDARD.decode(text).ok()?,
        false => bs58::decode(text).into_vec().ok()?,
    };
    of_bytes(&bytes)
}
