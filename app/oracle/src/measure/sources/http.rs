//! What all requests over HTTP share.

use {
    super::SourceError,
    reqwest::{Client, ClientBuilder, Url},
    std::{error::Error, sync::OnceLock, time::Duration},
};

/// How long a connection may take to open.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The one client of the process: it keeps connections.
pub fn http_client() -> Result<&'static Client, SourceError> {
    static CLIENT: OnceLock<Result<Client, String>> = OnceLock::new();
    let client = CLIENT.get_or_init(|| builder().build().map_err(|error| chain(&error)));
    client
        .as_ref()
        .map_err(|error| SourceError::Unreachable(format!("cannot make HTTP requests: {error}")))
}

/// What every client has.
pub fn builder() -> ClientBuilder {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("earnout-oracle/", env!("CARGO_PKG_VERSION")))
        // A measurement comes from the place that the configuration names, not from where that sends us.
        .redirect(reqwest::redirect::Policy::none())
        // Nor through whom the environment names.
        .no_proxy()
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
        let ends = [
            "key",
            "token",
            "secret",
            "password",
            "passwd",
            "passphrase",
            "passcode",
            "credential",
            "signature",
            "authorization",
        ];
        let whole = [
            "auth",
            "bearer",
            "cookie",
            "cred",
            "hmac",
            "jwt",
            "otp",
            "pass",
            "pat",
            "pw",
            "pwd",
            "session",
            "sessionid",
            "sid",
            "sig",
        ];
        // Also the second one, and several.
        let word = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
        [word, word.strip_suffix('s').unwrap_or(word)]
            .iter()
            .any(|word| ends.iter().any(|end| word.ends_with(end)) || whole.contains(word))
    })
}

/// An error with all its causes: the outermost alone often says nothing.
pub fn chain(error: &dyn Error) -> String {
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
            "pass",
            "pw",
            "pwd2",
            "credential",
            "credentials",
            "keys",
            "tokens",
            "token1",
            "token_2",
            "passphrase",
            "hmac",
            "session",
            "session-id",
            "X-Passphrase",
            "X-Bearer",
            "API_KEY_2",
        ] {
            let mistakes = url_mistakes(&format!("https://host.test/users?from=1&{name}=hunter2"));
            assert_eq!(mistakes.len(), 1, "{name}");
            assert!(
                mistakes[0].contains("`auth") && !mistakes[0].contains("hunter2"),
                "{mistakes:?}"
            );
        }
        for name in [
            "author", "keyword", "period", "assignee", "compass", "path", "paths", "side", "users", "v2", "s", "2",
            "position",
        ] {
            assert_eq!(
                url_mistakes(&format!("https://host.test/?{name}=x")),
                Vec::<String>::new()
            );
        }
        assert_eq!(url_mistakes("https://ann:hunter2@host.test/").len(), 1);
    }
}
