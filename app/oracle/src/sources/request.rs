//! HTTP requests of the sources.

use {
    super::{Body, LARGEST_ANSWER, Part, SourceError, now},
    crate::secret::{Secret, SecretError},
    reqwest::{Client, RequestBuilder, Url},
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
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A header of its own.
    Header {
        /// Name of the header.
        name: String,
        /// Its value.
        value: Secret,
    },
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
            .build()
            .map_err(|error| chain(&error))
    });
    client
        .as_ref()
        .map_err(|error| SourceError::Unreachable(format!("cannot make HTTP requests: {error}")))
}

/// Sends a request and takes the whole answer, which has to be a success. `request` describes it without secrets.
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
    let failed = |error: reqwest::Error| match error.is_timeout() {
        true => SourceError::TimedOut(timeout),
        false => SourceError::Unreachable(format!("{request}: {}", chain(&error.without_url()))),
    };
    let mut response = builder.timeout(timeout).send().await.map_err(failed)?;
    let status = response.status();
    let modified_at = response
        .headers()
        .get("last-modified")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
        .map(|time| time.timestamp().as_second());
    let mut bytes = Vec::new();
    // A connection that ends before the announced length, or a chunk, is complete is an error here.
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len().saturating_add(chunk.len()) > LARGEST_ANSWER {
            return Err(SourceError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        let body: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
        return Err(SourceError::Status {
            status: status.as_u16(),
            body: body.trim().to_owned(),
        });
    }
    Ok(Part {
        request,
        answered_at: now(),
        modified_at,
        body: Body::new(bytes),
    })
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
        Err(error) => Some(format!("{url:?} is no URL: {error}")),
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
}
