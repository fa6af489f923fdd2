//! One request to an endpoint and its answer: how long it may take, when it is asked again, and what counts as an
//! answer.

use {
    crate::text::endpoint,
    async_trait::async_trait,
    reqwest::{
        StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    serde_json::{Value, json},
    solana_rpc_client::rpc_sender::{RpcSender, RpcTransportStats},
    solana_rpc_client_api::{
        client_error::{AnyhowError, Error, ErrorKind, Result},
        custom_error::JSON_RPC_SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE as PREFLIGHT_FAILURE,
        request::{RpcError, RpcRequest, RpcResponseErrorData},
    },
    std::{
        fmt,
        sync::atomic::{AtomicU64, Ordering},
        time::Duration,
    },
    tokio::time::{Instant, sleep},
};

/// How often a request is asked again that may succeed later.
const RETRIES: u32 = 4;

/// Pause before the first of them; each one is twice the one before it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause that an endpoint may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// Longest answer that is read, bytes: a search that finds 100,000 grants is half as long.
const LONGEST_ANSWER: usize = 128 * 1024 * 1024;

/// JSON-RPC numbers with which providers say "too many requests" in an answer of HTTP status 200.
const TOO_MANY: [i64; 2] = [429, -32429];

/// An endpoint did not answer, or not with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The endpoint: scheme, host and port. Providers put keys into everything else.
    pub endpoint: String,
    /// What happened.
    pub kind: TroubleKind,
}

/// What happened to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// No connection, or it broke before an answer began.
    Unreachable(String),
    /// No answer within this time.
    TimedOut(Duration),
    /// Another HTTP status than 200.
    Status(u16),
    /// The answer ended before it was complete.
    Incomplete,
    /// The answer is longer than any that is needed.
    TooLong,
    /// The answer is not JSON: a page of HTML, say.
    NotJson,
    /// The answer is JSON, but not the answer to this request.
    NotTheAnswer,
}

impl Trouble {
    /// Whether the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        match self.kind {
            TroubleKind::Status(status) => StatusCode::from_u16(status).is_ok_and(|status| {
                status.is_server_error()
                    || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
            }),
            TroubleKind::TooLong => false,
            _ => true,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = &self.endpoint;
        match &self.kind {
            TroubleKind::Unreachable(why) => write!(out, "{endpoint} cannot be reached: {why}"),
            TroubleKind::TimedOut(time) => write!(out, "{endpoint} did not answer within {} s", time.as_secs_f32()),
            TroubleKind::Status(429) => write!(out, "{endpoint} refuses more requests for now (HTTP status 429)"),
            TroubleKind::Status(status) => write!(out, "{endpoint} answered with HTTP status {status}"),
            TroubleKind::TooLong => write!(out, "the answer of {endpoint} is longer than {LONGEST_ANSWER} bytes"),
            TroubleKind::Incomplete => write!(out, "the answer of {endpoint} broke off"),
            TroubleKind::NotJson => write!(out, "{endpoint} answered with something else than JSON"),
            TroubleKind::NotTheAnswer => write!(out, "{endpoint} answered another request than the one it was sent"),
        }
    }
}

impl std::error::Error for Trouble {}

impl Trouble {
    /// The trouble that the error of a request stands for, if it is one.
    pub fn of(error: &Error) -> Option<&Self> {
        match error.kind() {
            ErrorKind::Middleware(error) => error.downcast_ref(),
            _ => None,
        }
    }
}

/// The transport. Requests that change nothing are asked again when that may help.
pub(super) struct Transport {
    http: std::result::Result<reqwest::Client, String>,
    url: String,
    endpoint: String,
    timeout: Duration,
    next_id: AtomicU64,
}

impl Transport {
    pub fn new(url: String, timeout: Duration) -> Self {
        let http = reqwest::Client::builder().timeout(timeout).pool_idle_timeout(timeout);
        Self {
            // Fails only where the system has no certificates; said with the first request.
            http: http
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(|error| error.to_string()),
            endpoint: endpoint::shown(&url),
            url,
            timeout,
            next_id: AtomicU64::new(1),
        }
    }

    fn trouble(&self, kind: TroubleKind) -> Trouble {
        Trouble {
            endpoint: self.endpoint.clone(),
            kind,
        }
    }

    /// One request. An error comes with how long the endpoint wants to be left alone, if it says so.
    async fn ask(
        &self,
        request: RpcRequest,
        params: &Value,
    ) -> std::result::Result<Value, (Trouble, Option<Duration>)> {
        let alone = |kind| (self.trouble(kind), None);
        let http = self.http.as_ref();
        let http = http.map_err(|why| alone(TroubleKind::Unreachable(why.clone())))?;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let question = request.build_request_json(id, params.clone());
        let sent = http.post(&self.url).header(CONTENT_TYPE, "application/json");
        let sent = sent.body(question.to_string()).send().await;
        let mut answer = sent.map_err(|error| alone(self.kind(&error, false)))?;
        if answer.status() != StatusCode::OK {
            let pause = answer.headers().get(RETRY_AFTER).and_then(|pause| pause.to_str().ok());
            let pause = pause
                .and_then(|pause| pause.trim().parse().ok())
                .map(Duration::from_secs);
            return Err((self.trouble(TroubleKind::Status(answer.status().as_u16())), pause));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| alone(self.kind(&error, true)))? {
            if body.len().saturating_add(part.len()) > LONGEST_ANSWER {
                return Err(alone(TroubleKind::TooLong));
            }
            body.extend_from_slice(&part);
        }
        let answer: Value = serde_json::from_slice(&body).map_err(|error| {
            alone(match error.is_eof() && !body.is_empty() {
                true => TroubleKind::Incomplete,
                false => TroubleKind::NotJson,
            })
        })?;
        let whole = answer.get("result").is_some() || answer["error"].is_object();
        match answer["id"] == json!(id) && whole {
            true => Ok(answer),
            false => Err(alone(TroubleKind::NotTheAnswer)),
        }
    }

    fn kind(&self, error: &reqwest::Error, began: bool) -> TroubleKind {
        if error.is_timeout() {
            return TroubleKind::TimedOut(self.timeout);
        }
        if began {
            return TroubleKind::Incomplete;
        }
        // The innermost cause has the system's words; the outer ones repeat the URL.
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        TroubleKind::Unreachable(match error.is_builder() {
            true => "it is not a URL".to_owned(),
            false => cause.to_string(),
        })
    }
}

#[async_trait]
impl RpcSender for Transport {
    async fn send(&self, request: RpcRequest, params: Value) -> Result<Value> {
        // Who sends a transaction decides when it is sent again; what a request of a node's own does nobody here knows.
        let retries = match request {
            RpcRequest::SendTransaction | RpcRequest::RequestAirdrop | RpcRequest::Custom { .. } => 0,
            _ => RETRIES,
        };
        let mut pause = FIRST_PAUSE;
        let mut asked = 0;
        let begin = Instant::now();
        loop {
            let result = self.ask(request, &params).await;
            let (trouble, wanted) = match result {
                Ok(answer) => match rpc_error(&answer) {
                    None => return Ok(answer["result"].clone()),
                    Some((code, _)) if TOO_MANY.contains(&code) => (self.trouble(TroubleKind::Status(429)), None),
                    Some((_, error)) => return Err(Error::new_with_request(error.into(), request)),
                },
                Err(trouble) => trouble,
            };
            let slow = matches!(trouble.kind, TroubleKind::TimedOut(_));
            let rest = wanted.unwrap_or(pause).min(LONGEST_PAUSE);
            // However often it asks for one, all pauses together are no longer than one may be.
            let too_long = begin.elapsed().saturating_add(rest) > LONGEST_PAUSE.saturating_add(self.timeout);
            if asked >= retries || slow || too_long || !trouble.may_pass() {
                let error = ErrorKind::Middleware(AnyhowError::new(trouble));
                return Err(Error::new_with_request(error, request));
            }
            sleep(rest).await;
            pause = pause.saturating_mul(2);
            asked += 1;
        }
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        RpcTransportStats::default()
    }

    fn url(&self) -> String {
        self.url.clone()
    }
}

/// The error that an answer holds, with its number.
fn rpc_error(answer: &Value) -> Option<(i64, RpcError)> {
    let error = answer.get("error").filter(|error| error.is_object())?;
    let code = error["code"].as_i64().unwrap_or_default();
    let message = error["message"]
        .as_str()
        .unwrap_or("an error without a message")
        .to_owned();
    let data = match code {
        PREFLIGHT_FAILURE => serde_json::from_value(error["data"].clone()).map_or(
            RpcResponseErrorData::Empty,
            RpcResponseErrorData::SendTransactionPreflightFailure,
        ),
        _ => RpcResponseErrorData::Empty,
    };
    Some((code, RpcError::RpcResponseError { code, message, data }))
}
