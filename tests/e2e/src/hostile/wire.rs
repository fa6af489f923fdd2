//! What goes over the connection.

use {
    axum::{
        body::Body,
        http::{
            HeaderMap, HeaderValue, StatusCode,
            header::{
                ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
                ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, CONTENT_LENGTH, CONTENT_TYPE,
                RETRY_AFTER,
            },
        },
        response::{IntoResponse, Response},
    },
    futures_util::stream::{self, StreamExt},
    serde::Deserialize,
    serde_json::Value,
    std::{io, time::Duration},
    tokio::time::sleep,
};

/// A page as proxies and load balancers have it.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad \
                    Gateway</h1></body></html>\n";

/// Between the last bytes that are sent and the end of the connection, so that they arrive.
const LINGER: Duration = Duration::from_millis(20);

/// How a body ends in the middle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// `Content-Length` is that of the whole; the connection is closed after a half.
    #[default]
    Length,
    /// In chunks, of which the last never comes; the connection is closed.
    Chunked,
    /// `Content-Length` is that of the half: only the JSON shows it.
    Short,
}

/// Why there is no answer.
pub enum Trouble {
    /// A status, and after how many seconds to ask again.
    Status(StatusCode, Option<u64>),
    /// A page in HTML with this status.
    Page(StatusCode),
    /// The connection is closed.
    Close,
    /// The connection stays open.
    Hold,
}

/// Pages of every origin may read it.
pub fn open(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    response
}

/// What a browser asks before it asks.
pub async fn preflight(headers: HeaderMap) -> Response {
    let mut response = open(StatusCode::NO_CONTENT.into_response());
    let answer = response.headers_mut();
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    response
}

pub fn json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// A body of JSON, whole or cut.
pub fn body(text: String, cut: Option<Cut>) -> Response {
    let (whole, half) = (text.len(), text.len() / 2);
    // Answers are ASCII but for names; half of a character is as good a cut as any.
    let mut bytes = text.into_bytes();
    let body = match cut {
        None => Body::from(bytes),
        Some(Cut::Short) => {
            bytes.truncate(half);
            Body::from(bytes)
        }
        Some(Cut::Length | Cut::Chunked) => {
            bytes.truncate(half);
            broken(bytes)
        }
    };
    let mut response = ([(CONTENT_TYPE, "application/json")], body).into_response();
    if cut == Some(Cut::Length) {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(whole));
    }
    open(response)
}

/// No answer.
pub fn trouble(trouble: Trouble) -> Response {
    let response = match trouble {
        Trouble::Status(status, after) => {
            let mut response = (status, status.canonical_reason().unwrap_or_default()).into_response();
            if let Some(seconds) = after {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
        Trouble::Page(status) => (status, [(CONTENT_TYPE, "text/html")], PAGE).into_response(),
        Trouble::Close | Trouble::Hold => broken(Vec::new()).into_response(),
    };
    open(response)
}

/// A body after which the connection breaks.
fn broken(bytes: Vec<u8>) -> Body {
    // Without a pause not even the head of the answer is sent.
    let linger = if bytes.is_empty() { Duration::ZERO } else { LINGER };
    let sent = (!bytes.is_empty()).then_some(Ok(bytes));
    let end = stream::once(async move {
        if !linger.is_zero() {
            sleep(linger).await;
        }
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    Body::from_stream(stream::iter(sent).chain(end))
}
