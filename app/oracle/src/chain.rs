//! Several RPC endpoints as one: whoever answers first in the operator's order.

use {
    crate::config::Chain,
    earnout_sdk::client::{Client, ClientError},
    solana_commitment_config::CommitmentConfig,
    std::sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    tracing::warn,
};

/// The endpoints of the configuration.
#[derive(Debug)]
pub struct Endpoints {
    clients: Vec<(String, Client)>,
    /// The one that answered last.
    current: AtomicUsize,
    failures: AtomicU64,
}

impl Endpoints {
    /// The endpoints that `chain` names, of which there is at least one.
    pub fn new(chain: &Chain) -> Self {
        let commitment = match chain.commitment.as_str() {
            "processed" => CommitmentConfig::processed(),
            "finalized" => CommitmentConfig::finalized(),
            _ => CommitmentConfig::confirmed(),
        };
        let client = |url: &String| (url.clone(), Client::with_commitment(url, commitment));
        Self {
            clients: chain.endpoints.iter().map(client).collect(),
            current: AtomicUsize::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// How often an endpoint did not answer.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Asks an endpoint, and the others in turn if it does not answer. What an endpoint answers, an error of the program
    /// included, is the answer.
    ///
    /// # Errors
    /// The answer's, or the last endpoint's if none answers.
    pub async fn ask<T>(&self, question: impl AsyncFn(&Client) -> Result<T, ClientError>) -> Result<T, ClientError> {
        let first = self.current.load(Ordering::Relaxed);
        let count = self.clients.len();
        let mut last = None;
        for step in 0..count {
            let number = (first + step) % count;
            let Some((url, client)) = self.clients.get(number) else {
                continue;
            };
            match question(client).await {
                Err(error @ (ClientError::Rpc { .. } | ClientError::Unreadable(_))) => {
                    let error = without_urls(error);
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    warn!(endpoint = %shown(url), %error, "an endpoint does not answer");
                    last = Some(error);
                }
                answer => {
                    self.current.store(number, Ordering::Relaxed);
                    return answer;
                }
            }
        }
        Err(last.unwrap_or_else(|| ClientError::Unreadable("anything: there is no endpoint".to_owned())))
    }
}

/// The error without the URLs that the connection's words hold: keys stand in them, and errors go to logs and alerts.
fn without_urls(error: ClientError) -> ClientError {
    match error {
        ClientError::Rpc { what, source } => {
            let text = source.to_string();
            match hidden(&text) {
                same if same == text => ClientError::Rpc { what, source },
                other => ClientError::Rpc {
                    what,
                    source: Box::new(std::io::Error::other(other).into()),
                },
            }
        }
        error => error,
    }
}

/// `text` with every URL in it as [`shown`] shows it.
fn hidden(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = [rest.find("http://"), rest.find("https://")]
        .into_iter()
        .flatten()
        .min()
    {
        let (before, from) = rest.split_at(begin);
        let end = from
            .find(|c: char| c.is_whitespace() || "()\"'<>".contains(c))
            .unwrap_or(from.len());
        let (url, after) = from.split_at(end);
        hidden.push_str(before);
        hidden.push_str(&shown(url));
        rest = after;
    }
    hidden.push_str(rest);
    hidden
}

/// An endpoint without what may be a key: providers put those into the path, the query or the user name.
fn shown(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(url) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
        }
        Err(_) => "endpoint".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_urls_are_not_shown() {
        assert_eq!(
            shown("https://user:pw@rpc.test/v2/s3cret?api-key=x"),
            "https://rpc.test"
        );
    }

    #[tokio::test]
    async fn an_endpoint_that_is_away_does_not_give_its_key_away() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let chain: Chain =
            toml::from_str(&format!("endpoints = ['http://{address}/v2/hunter2?api-key=hunter3']")).unwrap();
        let answer = Endpoints::new(&chain)
            .ask(async |client| client.block_height().await)
            .await;
        let error = answer.unwrap_err();
        let error = format!("{error:?} {error}");
        assert!(
            error.contains(&address.to_string()) && !error.contains("hunter"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn the_next_endpoint_is_asked() {
        let chain: Chain = toml::from_str("endpoints = ['http://a.test', 'http://b.test']").unwrap();
        let endpoints = Endpoints::new(&chain);
        let answer = |client: &Client| match client.rpc().url().contains("b.test") {
            true => Ok(7),
            false => Err(ClientError::Unreadable("a".to_owned())),
        };
        assert_eq!(endpoints.ask(async |client| answer(client)).await.unwrap(), 7);
        assert_eq!(endpoints.failures(), 1);
        assert_eq!(endpoints.ask(async |client| answer(client)).await.unwrap(), 7);
        assert_eq!(endpoints.failures(), 1, "the one that answered is asked first");
    }
}
