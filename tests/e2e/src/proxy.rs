//! An RPC endpoint that misbehaves on demand, in front of a local chain: requests of a method can be refused, held back,
//! answered without being done, or done without being answered.

use {
    axum::{Router, body::Bytes, extract::State, http::StatusCode, response::IntoResponse, routing::post},
    base64::{Engine, prelude::BASE64_STANDARD},
    serde_json::{Value, json},
    std::{
        collections::HashMap,
        sync::{Arc, Mutex},
        time::{Duration, Instant},
    },
    tokio::{net::TcpListener, runtime::Runtime},
};

/// What happens to requests of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The endpoint answers 503.
    Refuse,
    /// The request waits, and nothing is done.
    HoldBefore,
    /// The request is done, and its answer waits.
    HoldAfter,
    /// The request is answered as if it had been done: for `sendTransaction`, which nobody then executes.
    Swallow,
}

#[derive(Default)]
struct Traffic {
    rules: HashMap<String, Rule>,
    seen: HashMap<String, usize>,
}

struct Shared {
    target: String,
    traffic: Mutex<Traffic>,
    client: reqwest::Client,
}

impl Shared {
    fn rule(&self, method: &str) -> Option<Rule> {
        let traffic = self.traffic.lock().expect("no panic while it is held");
        traffic.rules.get(method).copied()
    }

    fn count(&self, method: String) {
        let mut traffic = self.traffic.lock().expect("no panic while it is held");
        *traffic.seen.entry(method).or_default() += 1;
    }
}

/// The endpoint. It ends with this value.
pub struct Proxy {
    /// Its URL.
    pub url: String,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// An endpoint in front of the one at `target` that does what that one does.
    ///
    /// # Panics
    /// If it cannot listen.
    pub fn before(target: &str) -> Self {
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            traffic: Mutex::default(),
            client: reqwest::Client::new(),
        });
        let runtime = Runtime::new().expect("threads");
        let listening = runtime.handle().clone();
        let state = shared.clone();
        // A test may be within a runtime of its own, which must not be blocked on.
        let url = std::thread::spawn(move || {
            listening.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                let url = format!("http://{}", listener.local_addr().expect("an address"));
                let router = Router::new().route("/", post(answer)).with_state(state);
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

    /// From now on requests of `method` are treated like this.
    pub fn rule(&self, method: &str, rule: Rule) {
        self.traffic().rules.insert(method.to_owned(), rule);
    }

    /// From now on nothing is wrong. Requests that wait go on waiting.
    pub fn obey(&self) {
        self.traffic().rules.clear();
    }

    /// How many requests of `method` there were.
    pub fn seen(&self, method: &str) -> usize {
        self.traffic().seen.get(method).copied().unwrap_or_default()
    }

    /// Waits until there were more than `before` requests of `method`.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn wait_for(&self, method: &str, before: usize) {
        let begun = Instant::now();
        while self.seen(method) <= before {
            assert!(begun.elapsed() < crate::PATIENCE, "no request {method}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn traffic(&self) -> std::sync::MutexGuard<'_, Traffic> {
        self.shared.traffic.lock().expect("no panic while it is held")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // A test may be within a runtime of its own, in which waiting for the end of another is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, body: Bytes) -> impl IntoResponse {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let method = request["method"].as_str().unwrap_or_default().to_owned();
    let rule = shared.rule(&method);
    // What is done first is counted when it is done.
    if rule != Some(Rule::HoldAfter) {
        shared.count(method.clone());
    }
    match rule {
        Some(Rule::Refuse) => return (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        Some(Rule::HoldBefore) => std::future::pending().await,
        Some(Rule::Swallow) => {
            let answer = json!({"jsonrpc": "2.0", "id": request["id"], "result": signature(&request)});
            return (StatusCode::OK, answer.to_string());
        }
        Some(Rule::HoldAfter) | None => (),
    }
    let forwarded = shared
        .client
        .post(&shared.target)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await;
    let text = match forwarded {
        Ok(response) => response.text().await.ok(),
        Err(_) => None,
    };
    if rule == Some(Rule::HoldAfter) {
        shared.count(method);
        std::future::pending::<()>().await;
    }
    match text {
        Some(text) => (StatusCode::OK, text),
        None => (StatusCode::BAD_GATEWAY, String::new()),
    }
}

/// The first signature of a transaction that is sent: the 64 bytes after their count.
fn signature(request: &Value) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(request["params"][0].as_str()?).ok()?;
    Some(bs58::encode(bytes.get(1..65)?).into_string())
}
