//! HTTP requests of the sources.

pub use super::http::{is_secret, url_mistakes};

use {
    super::{Auth, LARGEST_ANSWER, Part, SourceError, http::chain, secrets::Secrets, unexpected},
    crate::measure::patience,
    earnout_sdk::text::endpoint,
    reqwest::{RequestBuilder, StatusCode, Version, header::HeaderMap},
    std::time::Duration,
};

/// What an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Json,
    /// Plain text, or a table of comma-separated values.
    Text,
}

impl Kind {
    /// The kinds of content that are asked for.
    pub fn accept(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Text => "text/csv, text/plain, */*;q=0.1",
        }
    }

    /// What says nothing about its content is read; what says that it is something else is not.
    fn is(self, content: &str) -> bool {
        let plain = ["text/plain", "application/octet-stream", "binary/octet-stream"];
        let json = ["application/json", "text/json"];
        let text = ["text/csv", "application/csv", "text/tab-separated-values"];
        let json = json.contains(&content) || content.ends_with("+json");
        plain.contains(&content) || json || (self == Self::Text && text.contains(&content))
    }
}

/// Sends a request and takes the whole JSON document that answers it. `request` describes it without secrets.
///
/// # Errors
/// As [`ask`].
pub async fn send(
    builder: RequestBuilder,
    auth: Option<&Auth>,
    timeout: Duration,
    request: String,
) -> Result<Part, SourceError> {
    let (part, _) = ask(builder, auth, timeout, request, Kind::Json).await?;
    Ok(part)
}

/// Sends a request and takes the whole answer, which has to be complete, with its headers. `request` describes it
/// without secrets.
///
/// # Errors
/// For every status but 200, also others of success: 202 is a promise, 203 somebody else's version, 206 a part. And for
/// a 200 that was cut short, says that it is something else than `kind`, or repeats a secret of the request.
pub async fn ask(
    builder: RequestBuilder,
    auth: Option<&Auth>,
    timeout: Duration,
    request: String,
    kind: Kind,
) -> Result<(Part, HeaderMap), SourceError> {
    let (client, asked) = builder.timeout(timeout).build_split();
    let asked = asked.map_err(|error| SourceError::Unreachable(chain(&error.without_url())))?;
    // Paths and queries name people and hold keys.
    let server = endpoint::shown(asked.url().as_str());
    let failed = |error: reqwest::Error| match error.is_timeout() {
        true => SourceError::TimedOut(server.clone(), timeout),
        false => SourceError::Unreachable(format!("{server}: {}", chain(&error.without_url()))),
    };
    let client = auth.map_or(Ok(client), Auth::client)?;
    let mut secrets = Secrets::default();
    let mut refused = None;
    let mut response = loop {
        let again = || SourceError::Unreachable(format!("{server}: the request cannot be sent"));
        let mut asked = asked.try_clone().ok_or_else(again)?;
        let token = match auth {
            Some(auth) => auth.sign(&mut asked, &client, timeout, refused.as_deref()).await?,
            None => None,
        };
        secrets.add_request(&asked);
        let response = client.execute(asked).await.map_err(failed)?;
        // A token can be withdrawn before it expires; a new one is tried once.
        if response.status() != StatusCode::UNAUTHORIZED || token.is_none() || refused.is_some() {
            break response;
        }
        refused = token;
    };
    let (status, version, headers) = (response.status(), response.version(), response.headers().clone());
    let mut bytes = Vec::new();
    // A connection that ends before the announced length, or a chunk, is complete is an error here.
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len().saturating_add(chunk.len()) > LARGEST_ANSWER {
            return Err(SourceError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    if status != StatusCode::OK {
        // Before it is cut, so that no beginning of a secret is left.
        let body: String = secrets
            .hide(&String::from_utf8_lossy(&bytes))
            .chars()
            .take(200)
            .collect();
        return Err(SourceError::Status {
            server,
            status: status.as_u16(),
            body: body.trim().to_owned(),
            retry_after: text(&headers, "retry-after").and_then(patience::retry_after),
        });
    }
    if let Some(mistake) = not_whole(version, &headers, &bytes, kind) {
        return Err(unexpected(format!("{request}: {}", secrets.hide(&mistake))));
    }
    secrets.require_none_in(&bytes)?;
    // Where the next page is stands in the evidence as well.
    for link in headers.get_all("link") {
        secrets.require_none_in(link.as_bytes())?;
    }
    let modified_at = text(&headers, "last-modified")
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
        .map(|time| time.timestamp().as_second());
    let part = Part {
        modified_at,
        ..Part::new(request, bytes)
    };
    Ok((part, headers))
}

/// Why an answer of status 200 is not whole, or not of the `kind`.
fn not_whole(version: Version, headers: &HeaderMap, bytes: &[u8], wanted: Kind) -> Option<String> {
    if headers.contains_key("content-range") {
        return Some("the answer is a part of something (it has a Content-Range)".to_owned());
    }
    if let Some(coding) = text(headers, "content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Some(format!("the answer is coded as {coding:?}, which was not asked for"));
    }
    if let Some(kind) = text(headers, "content-type") {
        let name = kind.split(';').next().unwrap_or_default().trim();
        if !wanted.is(&name.to_ascii_lowercase()) {
            let wanted = if wanted == Kind::Json { "JSON" } else { "text" };
            return Some(format!("the answer is {name:?}, not {wanted}"));
        }
    }
    let announced = version >= Version::HTTP_2
        || ["content-length", "transfer-encoding"]
            .iter()
            .any(|name| headers.contains_key(*name));
    // Objects and lists have an end of their own; 12 may be the beginning of 1200.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if !announced && !matches!(first, Some(b'{' | b'[')) {
        return Some("the answer does not say how long it is, so it may have been cut short".to_owned());
    }
    None
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use {super::*, crate::measure::sources::http_client};

    /// What a server answers on its connection, byte for byte.
    async fn answered(answer: &'static str) -> Result<String, String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/users?of=ann", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let builder = http_client().unwrap().get(&url);
        let part = send(builder, None, Duration::from_secs(20), "GET".to_owned()).await;
        part.map_err(|error| error.to_string())
            .map(|part| part.body.text().unwrap().to_owned())
    }

    #[tokio::test]
    async fn a_server_that_repeats_a_secret_gives_no_answer() {
        use {
            base64::{Engine, prelude::BASE64_STANDARD},
            tokio::io::{AsyncReadExt, AsyncWriteExt},
        };
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("secret");
        let ask = async |auth: &str, secret: &str, answer: String| {
            std::fs::write(&place, secret).unwrap();
            let auth = auth.replace("SECRET", &format!("'file:{}'", place.display()));
            let auth: Auth = toml::from_str(&auth).unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
            let builder = http_client().unwrap().get(&url);
            let sent = send(builder, Some(&auth), Duration::from_secs(20), "GET".to_owned()).await;
            sent.map(|part| part.body.text().unwrap().to_owned())
                .map_err(|error| error.to_string())
        };
        let answer = |head: &str, body: &str| {
            let length = body.len();
            format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        };
        let coded = BASE64_STANDARD.encode("ann:hunter2hunter2");
        for (auth, repeated) in [
            ("bearer = SECRET", "hunter2hunter2"),
            ("basic = { user = 'ann', password = SECRET }", "hunter2hunter2"),
            ("basic = { user = 'ann', password = SECRET }", coded.as_str()),
            ("header = { name = 'x-api-key', value = SECRET }", "hunter2hunter2"),
        ] {
            let body = format!("{{\"v\": 1, \"of\": \"{repeated}\"}}");
            let cut = format!("{}{repeated}", "x".repeat(196));
            for answer in [
                answer("200 OK", &body),
                answer(&format!("200 OK\r\nlink: </?x={repeated}>; rel=\"next\""), "{\"v\": 1}"),
                answer(&format!("200 OK\r\ncontent-type: text/{repeated}"), "{\"v\": 1}"),
                answer("401 Unauthorized", &body),
                answer("500 Internal Server Error", &cut),
            ] {
                let error = ask(auth, "hunter2hunter2", answer).await.unwrap_err();
                assert!(!error.contains(&repeated[..4]), "{auth}: {error}");
                assert!(
                    error.contains("repeats the secret of") || error.contains("***"),
                    "{error}"
                );
            }
        }
        // Short ones are found by chance in an answer.
        let short = answer("500 Error", "pin 12");
        let error = ask("bearer = SECRET", "12", short).await.unwrap_err();
        assert!(error.ends_with("pin ***"), "{error}");
        let value = answer("200 OK", "{\"v\": 12}");
        assert_eq!(ask("bearer = SECRET", "12", value).await.unwrap(), "{\"v\": 12}");
    }

    #[tokio::test]
    async fn only_a_complete_200_is_an_answer() {
        for (head, body, part) in [
            (
                "202 Accepted\r\ncontent-length: 7",
                "{\"v\":0}",
                "answered 202: {\"v\":0",
            ),
            ("201 Created\r\ncontent-length: 7", "{\"v\":0}", "answered 201"),
            (
                "203 Non-Authoritative\r\ncontent-length: 7",
                "{\"v\":0}",
                "answered 203",
            ),
            ("204 No Content", "", "answered 204"),
            ("205 Reset Content\r\ncontent-length: 0", "", "answered 205"),
            ("206 Partial Content\r\ncontent-length: 7", "{\"v\":0}", "answered 206"),
            ("226 IM Used\r\ncontent-length: 7", "{\"v\":0}", "answered 226"),
            (
                "301 Moved\r\nlocation: /other\r\ncontent-length: 7",
                "{\"v\":0}",
                "answered 301",
            ),
            ("304 Not Modified", "", "answered 304"),
            (
                "200 OK\r\ncontent-range: bytes 0-6/90\r\ncontent-length: 7",
                "{\"v\":0}",
                "a part of something",
            ),
            (
                "200 OK\r\ncontent-encoding: compress\r\ncontent-length: 7",
                "{\"v\":0}",
                "coded as \"compress\"",
            ),
            (
                "200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 7",
                "{\"v\":0}",
                "\"text/html\", not JSON",
            ),
            (
                "200 OK\r\ncontent-type: application/x-ndjson\r\ncontent-length: 7",
                "{\"v\":0}",
                "not JSON",
            ),
            ("200 OK\r\ncontent-length: 9", "{\"v\":0}", "http://127.0.0.1:"),
            (
                "200 OK\r\ntransfer-encoding: chunked",
                "7\r\n{\"v\":0}\r\n",
                "http://127.0.0.1:",
            ),
            ("200 OK", "12", "how long"),
        ] {
            let answer = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}");
            let error = answered(answer.leak()).await.unwrap_err();
            assert!(error.contains(part) && !error.contains("users"), "{head}: {error}");
        }
        for (head, body) in [
            ("content-length: 7", "{\"v\":0}"),
            (
                "content-type: application/problem+json; charset=utf-8\r\ncontent-length: 7",
                "{\"v\":0}",
            ),
            ("content-type: text/plain\r\ncontent-length: 2", "12"),
            ("x-length: none", "{\"v\":0}"),
        ] {
            let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\nconnection: close\r\n\r\n{body}");
            assert_eq!(answered(answer.leak()).await.unwrap(), body, "{head}");
        }
    }
}
