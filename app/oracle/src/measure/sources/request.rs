//! HTTP requests of the sources.

use {
    super::{LARGEST_ANSWER, Part, SourceError, unexpected},
    crate::measure::{Secret, SecretError, patience},
    earnout_sdk::text::endpoint,
    reqwest::{Client, RequestBuilder, StatusCode, Url, Version, header::HeaderMap},
    serde::Deserialize,
    std::{error::Error, sync::OnceLock, time::Duration},
};

/// How long a connection may take to open.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a request says who sends it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Auth {
    /// `Authorization: Bearer …`
    Bearer(Secret),
    /// Name and password.
    Basic { user: String, password: Secret },
    /// A header of its own.
    Header { name: String, value: Secret },
}

impl Auth {
    fn apply(&self, request: RequestBuilder) -> Result<RequestBuilder, SecretError> {
        Ok(match self {
            Self::Bearer(secret) => request.bearer_auth(secret.reveal()?),
            Self::Basic { user, password } => request.basic_auth(user, Some(password.reveal()?)),
            Self::Header { name, value } => request.header(name, value.reveal()?),
        })
    }
}

/// The one client of the process: it keeps connections.
pub fn http_client() -> Result<&'static Client, SourceError> {
    static CLIENT: OnceLock<Result<Client, String>> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("earnout-oracle/", env!("CARGO_PKG_VERSION")))
            // A measurement comes from the place that the configuration names, not from where that sends us.
            .redirect(reqwest::redirect::Policy::none())
            // Nor through whom the environment names.
            .no_proxy()
            .build()
            .map_err(|error| chain(&error))
    });
    client
        .as_ref()
        .map_err(|error| SourceError::Unreachable(format!("cannot make HTTP requests: {error}")))
}

/// Sends a request and takes the whole answer, which has to be complete. `request` describes it without secrets.
///
/// # Errors
/// For every status but 200, also others of success: 202 is a promise, 203 somebody else's version, 206 a part. And for
/// a 200 that was cut short or says that it is something else than JSON.
pub async fn send(
    builder: RequestBuilder,
    auth: Option<&Auth>,
    timeout: Duration,
    request: String,
) -> Result<Part, SourceError> {
    let builder = match auth {
        Some(auth) => auth.apply(builder)?,
        None => builder,
    };
    let (client, asked) = builder.timeout(timeout).build_split();
    let asked = asked.map_err(|error| SourceError::Unreachable(chain(&error.without_url())))?;
    // Paths and queries name people and hold keys.
    let server = endpoint::shown(asked.url().as_str());
    let failed = |error: reqwest::Error| match error.is_timeout() {
        true => SourceError::TimedOut(server.clone(), timeout),
        false => SourceError::Unreachable(format!("{server}: {}", chain(&error.without_url()))),
    };
    let mut response = client.execute(asked).await.map_err(failed)?;
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
        let body: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
        return Err(SourceError::Status {
            server,
            status: status.as_u16(),
            body: body.trim().to_owned(),
            retry_after: text(&headers, "retry-after").and_then(patience::retry_after),
        });
    }
    if let Some(mistake) = not_whole(version, &headers, &bytes) {
        return Err(unexpected(format!("{request}: {mistake}")));
    }
    let modified_at = text(&headers, "last-modified")
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
        .map(|time| time.timestamp().as_second());
    Ok(Part {
        modified_at,
        ..Part::new(request, bytes)
    })
}

/// Why an answer of status 200 is not a whole JSON document.
fn not_whole(version: Version, headers: &HeaderMap, bytes: &[u8]) -> Option<String> {
    if headers.contains_key("content-range") {
        return Some("the answer is a part of something (it has a Content-Range)".to_owned());
    }
    if let Some(coding) = text(headers, "content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Some(format!("the answer is coded as {coding:?}, which was not asked for"));
    }
    if let Some(kind) = text(headers, "content-type") {
        let name = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        // What says nothing about its content is read; what says that it is something else is not.
        let plain = [
            "application/json",
            "text/json",
            "text/plain",
            "application/octet-stream",
            "binary/octet-stream",
        ];
        if !plain.contains(&name.as_str()) && !name.ends_with("+json") {
            return Some(format!("the answer is {name:?}, not JSON"));
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

/// What is wrong with a URL.
pub fn url_mistakes(url: &str) -> Vec<String> {
    let mistake = match Url::parse(url) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Some(format!("the URL has the scheme {}, not http or https", url.scheme()))
        }
        Ok(url) if url.password().is_some() || !url.username().is_empty() => {
            Some("the URL has a user name or password in it: use `auth` with a secret".to_owned())
        }
        // What is asked is part of the evidence and of the log.
        Ok(url) => url.query_pairs().find(|(name, _)| is_secret(name)).map(|(name, _)| {
            format!("the URL carries a secret in its parameter {name:?}: use `auth = {{ header = ... }}` with a secret")
        }),
        Err(error) => Some(format!("{url:?} is not a URL: {error}")),
    };
    mistake.into_iter().collect()
}

/// Whether something of this name, a header or a parameter, is likely to carry a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        let secret = [
            "key",
            "token",
            "secret",
            "password",
            "passwd",
            "signature",
            "authorization",
        ];
        secret.iter().any(|end| word.ends_with(end)) || ["auth", "sig", "pwd", "jwt", "cookie"].contains(&word)
    })
}

/// An error with all its causes: the outermost alone often says nothing.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.ends_with(&part) {
            text = format!("{text}: {part}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_refused_and_not_repeated() {
        for name in [
            "key",
            "api_key",
            "apikey",
            "access-token",
            "X-Amz-Signature",
            "sig",
            "password",
            "client_secret",
        ] {
            let mistakes = url_mistakes(&format!("https://host.test/users?from=1&{name}=hunter2"));
            assert_eq!(mistakes.len(), 1, "{name}");
            assert!(
                mistakes[0].contains("`auth") && !mistakes[0].contains("hunter2"),
                "{mistakes:?}"
            );
        }
        for name in ["author", "keyword", "period", "assignee"] {
            assert_eq!(
                url_mistakes(&format!("https://host.test/?{name}=x")),
                Vec::<String>::new()
            );
        }
        assert_eq!(url_mistakes("https://ann:hunter2@host.test/").len(), 1);
    }

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
