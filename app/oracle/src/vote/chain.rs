//! Several RPC endpoints as one. Questions go to whoever answers first in the operator's order; what a transaction's
//! fate is asked all, and handed over to all.

use {
    earnout::state::{Grant, Plan},
    earnout_sdk::{
        client::{Client, ClientError, Endpoint, History, Sighting, Tip, Versions, clock},
        send::Version,
    },
    futures_util::{StreamExt, stream::FuturesUnordered},
    serde::{Deserialize, Deserializer, de::Error},
    solana_commitment_config::{CommitmentConfig, CommitmentLevel},
    solana_hash::Hash,
    solana_program::{pubkey::Pubkey, sysvar},
    solana_signature::Signature,
    solana_signer::Signer,
    solana_transaction::versioned::VersionedTransaction,
    std::{
        sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
        time::Duration,
    },
    tokio::time::{Instant, timeout_at},
    tracing::{info, warn},
};

/// How far the clock of an endpoint may be behind another one's, seconds.
const LAG: i64 = 60;

/// How long the other endpoints are waited for once one has answered.
const STRAGGLERS: Duration = Duration::from_secs(3);

/// How the chain is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// RPC endpoints, the preferred one first; the others are asked when it does not answer.
    pub endpoints: Vec<String>,
    /// What counts as happened.
    #[serde(default = "confirmed")]
    pub commitment: CommitmentLevel,
    /// Version of the transactions that are sent: `auto`, `0` or `1`.
    #[serde(default, deserialize_with = "versions")]
    pub transaction_version: Versions,
    /// How far this machine's clock may be from the chain's.
    #[serde(default = "two_minutes", with = "crate::measure::duration")]
    pub max_clock_skew: Duration,
}

impl Chain {
    /// These endpoints, everything else as it is without a setting.
    ///
    /// # Errors
    /// If one is not a URL that can be asked. It is not repeated, because keys stand in them.
    pub fn of(endpoints: Vec<String>) -> Result<Self, String> {
        for (number, endpoint) in (1u32..).zip(&endpoints) {
            if !is_endpoint(endpoint) {
                return Err(format!("endpoint number {number} is not an http or https URL"));
            }
        }
        Ok(Self {
            endpoints,
            commitment: confirmed(),
            transaction_version: Versions::default(),
            max_clock_skew: two_minutes(),
        })
    }
}

/// Whether that is the URL of something that can be asked.
pub fn is_endpoint(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn confirmed() -> CommitmentLevel {
    CommitmentLevel::Confirmed
}

fn versions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Versions, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

fn two_minutes() -> Duration {
    Duration::from_secs(120)
}

/// A plan as the chain holds it now.
pub struct PlanState {
    pub address: Pubkey,
    pub plan: Plan,
    /// Its open grants; only read if a feed needs them.
    pub grants: Vec<(Pubkey, Grant)>,
}

/// The endpoints of the configuration.
#[derive(Debug)]
pub struct Endpoints {
    clients: Vec<Client>,
    /// The one that answered last.
    current: AtomicUsize,
    /// What the last look found of each.
    found: Vec<AtomicU8>,
    failures: AtomicU64,
}

/// An endpoint that has what is asked for.
const GOOD: u8 = 0;
/// One whose clock is behind another one's: others are asked first.
const LAGS: u8 = 1;
/// One that does not have the plans that another one has: it is of another cluster, or empty, and says nothing about
/// transactions either.
const LACKS: u8 = 2;

impl Endpoints {
    /// The endpoints that `chain` names, of which there is at least one.
    pub fn new(chain: &Chain) -> Self {
        let commitment = CommitmentConfig {
            commitment: chain.commitment,
        };
        // Another endpoint is asked sooner than one that is the only one is given up.
        let timeout = match chain.endpoints.len() {
            0 | 1 => Duration::from_secs(30),
            _ => Duration::from_secs(10),
        };
        let client = |url: &String| Client::with_timeout(url, commitment, timeout).sending(chain.transaction_version);
        Self {
            clients: chain.endpoints.iter().map(client).collect(),
            current: AtomicUsize::new(0),
            found: chain.endpoints.iter().map(|_| AtomicU8::new(GOOD)).collect(),
            failures: AtomicU64::new(0),
        }
    }

    /// How often an endpoint did not answer.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Asks an endpoint, and the others in turn if it does not answer, or does not have what is asked for: it may be
    /// behind, or of another cluster. What else an endpoint answers, an error of the program included, is the answer.
    ///
    /// # Errors
    /// The answer's, or the last endpoint's if none answers.
    pub async fn ask<T>(&self, question: impl AsyncFn(&Client) -> Result<T, ClientError>) -> Result<T, ClientError> {
        let first = self.current.load(Ordering::Relaxed);
        let count = self.clients.len();
        let mut last = None;
        let mut order: Vec<usize> = (0..count).map(|step| (first + step) % count).collect();
        order.sort_by_key(|number| self.found(*number));
        for number in order {
            let Some(client) = self.clients.get(number) else {
                continue;
            };
            match question(client).await {
                Err(error) if is_the_endpoints(&error) => {
                    self.failed(client, &error);
                    last = Some(error);
                }
                answer => {
                    self.current.store(number, Ordering::Relaxed);
                    return answer;
                }
            }
        }
        Err(last.unwrap_or_else(nobody))
    }

    /// What every endpoint answers that has the plans; who is slow is not waited for long once another one has
    /// answered.
    ///
    /// # Errors
    /// The last endpoint's if none answers.
    pub async fn ask_all<T>(
        &self,
        question: impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<Vec<T>, ClientError> {
        let numbers = (0..self.clients.len()).filter(|number| self.found(*number) != LACKS);
        let answers = self.ask_these(numbers, question).await?;
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    /// What the endpoints of these numbers answer, each with its number.
    async fn ask_these<T>(
        &self,
        numbers: impl Iterator<Item = usize>,
        question: impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<Vec<(usize, T)>, ClientError> {
        let clients = numbers.filter_map(|number| Some((number, self.clients.get(number)?)));
        let mut asked: FuturesUnordered<_> = clients
            .map(|(number, client)| {
                let question = &question;
                async move { (number, client, question(client).await) }
            })
            .collect();
        let (mut answers, mut last) = (Vec::new(), None);
        let mut until: Option<Instant> = None;
        loop {
            let next = match until {
                None => asked.next().await,
                Some(until) => timeout_at(until, asked.next()).await.ok().flatten(),
            };
            match next {
                None => break,
                Some((number, _, Ok(answer))) => {
                    answers.push((number, answer));
                    until.get_or_insert_with(|| Instant::now() + STRAGGLERS);
                }
                Some((_, client, Err(error))) => {
                    self.failed(client, &error);
                    last = Some(error);
                }
            }
        }
        match answers.is_empty() {
            true => Err(last.unwrap_or_else(nobody)),
            false => Ok(answers),
        }
    }

    /// The form of transactions that `signers` sign and all endpoints that answer take: what is sent goes to all.
    ///
    /// # Errors
    /// As [`Client::version`], or if no endpoint answers.
    pub async fn version(&self, signers: &[&dyn Signer]) -> Result<Version, ClientError> {
        let versions = self.ask_all(async |client| client.version(signers).await).await?;
        Ok(versions.into_iter().min().unwrap_or_default())
    }

    /// The plan at `address`, and its grants if `with_grants`.
    ///
    /// # Errors
    /// If no endpoint answers or there is no plan.
    pub async fn plan(&self, address: Pubkey, with_grants: bool) -> Result<PlanState, ClientError> {
        let plan = self.ask(async |client| client.plan(&address).await).await?;
        let grants = match with_grants {
            true => {
                self.ask(async |client| client.grants_of_plan(&address, &plan).await)
                    .await?
            }
            false => Vec::new(),
        };
        Ok(PlanState { address, plan, grants })
    }

    /// Looks at what each endpoint has of `plans`, and at its clock: until the next look those are passed over that
    /// lack plans which another one has, and those asked last that are behind another one. Returns the chain's clock,
    /// Unix seconds.
    ///
    /// # Errors
    /// The last endpoint's if none answers.
    pub async fn look(&self, plans: &[Pubkey]) -> Result<i64, ClientError> {
        let addresses: Vec<Pubkey> = std::iter::once(sysvar::clock::ID)
            .chain(plans.iter().copied())
            .collect();
        let question = async |client: &Client| {
            let mut accounts = client.accounts(&addresses).await?.into_iter();
            let clock = accounts.next().flatten().and_then(|account| clock(&account));
            let missing =
                accounts.filter(|account| account.as_ref().is_none_or(|account| account.owner != earnout::ID));
            Ok((clock.map(|clock| clock.unix_timestamp), missing.count()))
        };
        let answers = self.ask_these(0..self.clients.len(), question).await?;
        let least = answers
            .iter()
            .map(|(_, (_, missing))| *missing)
            .min()
            .unwrap_or_default();
        let has_plans = answers.iter().filter(|(_, (_, missing))| *missing == least);
        let newest = has_plans.filter_map(|(_, (time, _))| *time).max();
        let newest = newest.ok_or_else(|| ClientError::Unreadable("the clock".to_owned()))?;
        for (number, (time, missing)) in answers {
            let found = match time {
                _ if missing > least => LACKS,
                None => LACKS,
                Some(time) if time < newest.saturating_sub(LAG) => LAGS,
                Some(_) => GOOD,
            };
            let (Some(place), Some(client)) = (self.found.get(number), self.clients.get(number)) else {
                continue;
            };
            // Said when it begins.
            if place.swap(found, Ordering::Relaxed) != found {
                let endpoint = client.endpoint();
                match found {
                    GOOD => info!(endpoint, "an endpoint has again what is asked for"),
                    LAGS => warn!(endpoint, "an endpoint is behind the others: they are asked first"),
                    _ => warn!(
                        endpoint,
                        missing, "an endpoint lacks plans that another one has: it is passed over"
                    ),
                }
            }
        }
        Ok(newest)
    }

    fn found(&self, number: usize) -> u8 {
        self.found
            .get(number)
            .map_or(GOOD, |found| found.load(Ordering::Relaxed))
    }

    /// The chain's clock, Unix seconds: an endpoint that is behind does not decide it if another one is not.
    pub async fn now(&self) -> Result<i64, ClientError> {
        let clocks = self.ask_all(async |client| client.now().await).await?;
        Ok(clocks.into_iter().max().unwrap_or_default())
    }

    /// Everything that happened to the plan at `plan`, by the first endpoint that tells all of it, else by the one that
    /// tells most.
    ///
    /// # Errors
    /// The last endpoint's if none answers.
    pub async fn history(&self, plan: &Pubkey) -> Result<History, ClientError> {
        let (mut best, mut last) = (None, None);
        for client in &self.clients {
            match client.history(plan).await {
                Ok(history) if history.is_complete() => return Ok(history),
                Ok(history) => {
                    for complaint in history.complaints() {
                        warn!(complaint, "an endpoint does not tell everything");
                    }
                    let told = history.events().count();
                    if best.as_ref().is_none_or(|(most, _)| told > *most) {
                        best = Some((told, history));
                    }
                }
                Err(error) => {
                    self.failed(client, &error);
                    last = Some(error);
                }
            }
        }
        best.map(|(_, history)| history)
            .ok_or_else(|| last.unwrap_or_else(nobody))
    }

    fn failed(&self, client: &Client, error: &ClientError) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        warn!(endpoint = client.endpoint(), %error, "an endpoint does not answer as it should");
    }
}

/// Whether another endpoint may answer what this one did not.
fn is_the_endpoints(error: &ClientError) -> bool {
    match error {
        ClientError::Rpc { .. }
        | ClientError::Unreadable(_)
        | ClientError::Contradiction(_)
        | ClientError::NotFound { .. }
        | ClientError::ForeignAccount { .. }
        | ClientError::NoPriceUpdate { .. }
        | ClientError::Decode { .. }
        | ClientError::Incomplete(_)
        | ClientError::Behind { .. }
        | ClientError::Ledger(_) => true,
        ClientError::Changing(_)
        | ClientError::Projection(_)
        | ClientError::WouldFail(_)
        | ClientError::Failed { .. }
        | ClientError::Expired(_)
        | ClientError::Unknown { .. }
        | ClientError::Signing(_)
        | ClientError::OldSigner(_)
        | ClientError::Message(_) => false,
    }
}

fn nobody() -> ClientError {
    ClientError::Unreadable("anything: there is no endpoint".to_owned())
}

/// Asked about the fate of a transaction, all endpoints together know what any of them does. That it can be executed no
/// more is said only when every one that answers is past its end: the least of their blocks counts, and the least of
/// the slots up to which they know.
impl Endpoint for Endpoints {
    async fn newest_blockhash(&self) -> Result<(Hash, u64), ClientError> {
        self.ask(async |client| client.newest_blockhash().await).await
    }

    async fn tip(&self) -> Result<Tip, ClientError> {
        let tips = self.ask_all(async |client| client.tip().await).await?;
        tips.into_iter().min_by_key(|tip| tip.height).ok_or_else(nobody)
    }

    async fn post(&self, transaction: &VersionedTransaction) -> Result<(), ClientError> {
        self.ask_all(async |client| client.post(transaction).await)
            .await
            .map(drop)
    }

    async fn sightings(&self, signatures: &[Signature], searching: bool) -> Result<(u64, Vec<Sighting>), ClientError> {
        let answers = self
            .ask_all(async |client| client.sightings(signatures, searching).await)
            .await?;
        together(answers).ok_or_else(nobody)
    }

    async fn nonce_at(&self, account: &Pubkey) -> Result<(u64, Option<Hash>), ClientError> {
        self.ask(async |client| client.nonce_at(account).await).await
    }

    async fn loaded_data(&self, transaction: &VersionedTransaction) -> Result<Option<u32>, ClientError> {
        self.ask(async |client| client.loaded_data(transaction).await).await
    }

    async fn clock_at(&self) -> Result<(u64, i64), ClientError> {
        self.ask(async |client| client.clock_at().await).await
    }
}

/// What several endpoints know of the same transactions: the least slot, and of each transaction the most.
fn together(answers: Vec<(u64, Vec<Sighting>)>) -> Option<(u64, Vec<Sighting>)> {
    answers.into_iter().reduce(|(slot, known), (other_slot, others)| {
        let most = known.into_iter().zip(others);
        let most = most.map(|(one, other)| if rank(&one) >= rank(&other) { one } else { other });
        (slot.min(other_slot), most.collect())
    })
}

/// How much a sighting says.
fn rank(sighting: &Sighting) -> u8 {
    match sighting {
        Sighting::Nothing => 0,
        Sighting::Seen => 1,
        Sighting::Failed(_) => 2,
        Sighting::Executed(_) => 3,
    }
}

#[cfg(test)]
mod tests {
    use {super::*, earnout_sdk::client::Confirmed};

    #[tokio::test]
    async fn an_endpoint_that_is_away_does_not_give_its_key_away() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let chain: Chain =
            toml::from_str(&format!("endpoints = ['http://{address}/v2/hunter2?api-key=hunter3']")).unwrap();
        let answer = Endpoints::new(&chain).ask(async |client| client.tip().await).await;
        let error = answer.unwrap_err();
        let error = format!("{error:?} {error}");
        assert!(
            error.contains(&address.to_string()) && !error.contains("hunter"),
            "{error}"
        );
    }

    /// An endpoint that has a clock and so many of the plans asked for.
    async fn endpoint(time: i64, plans: usize) -> String {
        use {axum::routing::post, base64::Engine, serde_json::json};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let account = |data: &[u8], owner: Pubkey| {
            json!({"lamports": 1, "owner": owner.to_string(), "executable": false, "rentEpoch": 0,
                "data": [base64::prelude::BASE64_STANDARD.encode(data), "base64"]})
        };
        let mut clock = [0; 40];
        clock[32..].copy_from_slice(&time.to_le_bytes());
        let clock = account(&clock, sysvar::ID);
        let plan = account(&[1], earnout::ID);
        let answer = async move |body: String| {
            let asked: serde_json::Value = serde_json::from_str(&body).unwrap();
            let count = asked["params"][0].as_array().unwrap().len();
            let accounts = (0..count).map(|number| match number {
                0 => clock.clone(),
                number if number <= plans => plan.clone(),
                _ => serde_json::Value::Null,
            });
            let value: Vec<_> = accounts.collect();
            json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"context": {"slot": 5}, "value": value}}).to_string()
        };
        let router = axum::Router::new().route("/", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// The first of two endpoints is empty, of another cluster, or behind, and answers without an error.
    #[tokio::test]
    async fn an_endpoint_that_lacks_the_plans_or_is_behind_is_passed_over() {
        let now = 1_800_000_000;
        for (time, plans, asked_all) in [(now, 0, 1), (now + 9_000, 1, 1), (now - 3_600, 2, 2), (now - 60, 2, 2)] {
            let first = endpoint(time, plans).await;
            let chain: Chain =
                toml::from_str(&format!("endpoints = ['{first}', '{}']", endpoint(now, 2).await)).unwrap();
            let endpoints = Endpoints::new(&chain);
            let plans = [Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32])];
            assert_eq!(endpoints.look(&plans).await.unwrap(), now);
            let who = async |client: &Client| Ok(client.endpoint().to_owned());
            let is_first = endpoints.ask(who).await.unwrap() == first;
            assert_eq!(is_first, time == now - 60, "{time} {plans:?}");
            assert_eq!(endpoints.ask_all(who).await.unwrap().len(), asked_all, "{time}");
        }
    }

    /// What kept a request from being answered is said, and not three times that it was not.
    #[tokio::test]
    async fn errors_keep_their_cause() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let plain = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
        });
        for (url, cause) in [
            ("http://earnout-oracle.invalid/hunter2".to_owned(), "lookup"),
            ("http://127.0.0.1:1/hunter2".to_owned(), "refused"),
            (format!("https://{plain}/hunter2"), "InvalidContentType"),
        ] {
            let chain: Chain = toml::from_str(&format!("endpoints = ['{url}']")).unwrap();
            let error = Endpoints::new(&chain).now().await.unwrap_err().to_string();
            assert!(error.contains(cause) && !error.contains("hunter"), "{url}: {error}");
        }
    }

    fn two() -> Endpoints {
        let chain: Chain = toml::from_str("endpoints = ['http://a.test', 'http://b.test']").unwrap();
        Endpoints::new(&chain)
    }

    #[tokio::test]
    async fn the_next_endpoint_is_asked() {
        let endpoints = two();
        for error in [
            || ClientError::Unreadable("a".to_owned()),
            // It may be behind, or of another cluster.
            || ClientError::NotFound {
                what: "plan",
                address: Pubkey::default(),
            },
        ] {
            let endpoints = two();
            let answer = |client: &Client| match client.endpoint().contains("b.test") {
                true => Ok(7),
                false => Err(error()),
            };
            assert_eq!(endpoints.ask(async |client| answer(client)).await.unwrap(), 7);
            assert_eq!(endpoints.failures(), 1);
            assert_eq!(endpoints.ask(async |client| answer(client)).await.unwrap(), 7);
            assert_eq!(endpoints.failures(), 1, "the one that answered is asked first");
        }
        let refused: Result<(), _> = endpoints
            .ask(async |_| Err(ClientError::Expired(Signature::default())))
            .await;
        assert!(matches!(refused, Err(ClientError::Expired(_))));
        assert_eq!(endpoints.failures(), 0, "that is an answer");
    }

    #[tokio::test]
    async fn all_are_asked_and_the_slow_are_not_waited_for() {
        let endpoints = two();
        let is_b = |client: &Client| client.endpoint().contains("b.test");
        let both = endpoints.ask_all(async |client| Ok(is_b(client))).await.unwrap();
        assert_eq!(both.len(), 2);
        let begun = Instant::now();
        let one = endpoints
            .ask_all(async |client| {
                if !is_b(client) {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
                Ok(is_b(client))
            })
            .await;
        assert_eq!(one.unwrap(), [true]);
        assert!(begun.elapsed() < Duration::from_secs(5));
        let none: Result<Vec<()>, _> = endpoints.ask_all(async |_| Err(nobody())).await;
        assert!(none.is_err());
    }

    #[test]
    fn together_endpoints_know_what_one_of_them_knows_and_prove_what_all_do() {
        let executed = || {
            Sighting::Executed(Confirmed {
                signature: Signature::default(),
                slot: 7,
            })
        };
        let (slot, known) = together(vec![
            (90, vec![Sighting::Nothing, Sighting::Nothing, Sighting::Seen]),
            (80, vec![executed(), Sighting::Nothing, Sighting::Nothing]),
        ])
        .unwrap();
        assert_eq!(slot, 80, "nothing is known of later slots by the second one");
        assert!(matches!(
            known.as_slice(),
            [Sighting::Executed(_), Sighting::Nothing, Sighting::Seen]
        ));
        assert!(together(Vec::new()).is_none());
    }
}
