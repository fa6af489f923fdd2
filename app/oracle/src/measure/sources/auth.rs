//! How a request over HTTP says who sends it, and whom it believes: secrets in headers, tokens of OAuth 2, authorities
//! and certificates of its own. Nothing of it is part of the evidence, of an error or of the log.

use {
    super::{
        SourceError,
        http::{builder, chain, http_client, url_mistakes},
        unexpected,
    },
    crate::measure::Secret,
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout_sdk::text::endpoint,
    reqwest::{
        Certificate, Client, Identity, Request, StatusCode, Url,
        header::{AUTHORIZATION, HeaderName, HeaderValue},
    },
    serde::{Deserialize, Deserializer, de::Error as _},
    serde_json::Value,
    std::{
        collections::{BTreeMap, BTreeSet, HashMap},
        fs,
        path::PathBuf,
        sync::{Arc, Mutex, OnceLock, PoisonError},
        time::{Duration, Instant},
    },
    tracing::warn,
};

/// Most bytes of what a token endpoint answers.
const LARGEST_TOKEN_ANSWER: usize = 64 << 10;
/// How long a token is used whose endpoint does not say how long it lives.
const UNKNOWN_LIFE: Duration = Duration::from_secs(60);
/// How long a token is used at most, whatever its endpoint says.
const LONGEST_LIFE: Duration = Duration::from_secs(86_400);
/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(30);

/// How a request says who sends it, and whom it believes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// `Authorization: Bearer …`
    pub bearer: Option<Secret>,
    /// Name and password.
    pub basic: Option<Basic>,
    /// Headers of their own, one or several.
    #[serde(deserialize_with = "one_or_more")]
    pub header: Vec<Header>,
    /// A token that is fetched.
    pub oauth: Option<OAuth>,
    /// Certificates of the authority that the server's is signed by, PEM; the public ones if none.
    #[serde(deserialize_with = "crate::measure::folder::optional")]
    pub ca_file: Option<PathBuf>,
    /// The certificate to show, PEM, with those between it and its authority.
    #[serde(deserialize_with = "crate::measure::folder::optional")]
    pub client_cert: Option<PathBuf>,
    /// Its key, PEM, in a file that only its owner can read.
    #[serde(deserialize_with = "crate::measure::folder::optional")]
    pub client_key: Option<PathBuf>,
}

/// Name and password.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    pub user: String,
    pub password: Secret,
}

/// A secret in a header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub name: String,
    pub value: Secret,
}

/// A bearer token of OAuth 2 (RFC 6749), by client credentials or, if there is one, by a refresh token. It is kept in
/// memory until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth {
    /// The token endpoint.
    pub token_url: String,
    pub client_id: String,
    /// Left out only for a public client with a refresh token.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// With it the grant is `refresh_token`, without it `client_credentials`. In a file it is replaced when the
    /// endpoint gives a new one.
    #[serde(default)]
    pub refresh_token: Option<Secret>,
    /// What is asked for.
    #[serde(default)]
    pub scope: Option<String>,
    /// More parameters, such as `audience`.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Whether name and secret of the client go into the body and not into a header.
    #[serde(default)]
    pub in_body: bool,
}

impl Auth {
    /// Mistakes in the configuration that can be seen without asking anybody.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let ways = [self.bearer.is_some(), self.basic.is_some(), self.oauth.is_some()];
        if ways.into_iter().filter(|given| *given).count() > 1 {
            mistakes.push("`auth` has more than one of `bearer`, `basic` and `oauth`: a request has one".to_owned());
        }
        if *self == Self::default() {
            mistakes.push("`auth` is empty".to_owned());
        }
        let mut names = BTreeSet::new();
        for Header { name, .. } in &self.header {
            let lower = name.to_ascii_lowercase();
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                mistakes.push(format!("`auth`: {name:?} is not the name of a header"));
            } else if lower == "authorization" && ways.contains(&true) {
                mistakes.push("`auth` has two ways to write the header Authorization".to_owned());
            } else if !names.insert(lower) {
                mistakes.push(format!("`auth` has the header {name} twice"));
            }
        }
        if self.client_cert.is_some() != self.client_key.is_some() {
            mistakes.push("`auth`: `client_cert` and `client_key` belong together".to_owned());
        }
        mistakes.extend(self.oauth.iter().flat_map(OAuth::mistakes));
        mistakes
    }

    /// The client that trusts and shows what is given here.
    ///
    /// # Errors
    /// If a file cannot be read or is not what it has to be.
    pub fn client(&self) -> Result<Client, SourceError> {
        type Clients = HashMap<[Option<PathBuf>; 3], (Vec<Vec<u8>>, Client)>;
        static CLIENTS: OnceLock<Mutex<Clients>> = OnceLock::new();
        let files = [&self.ca_file, &self.client_cert, &self.client_key].map(Clone::clone);
        if files.iter().all(Option::is_none) {
            return http_client().cloned();
        }
        // Certificates are renewed while the daemon runs, so the files are read each time.
        let mut contents = Vec::new();
        for file in [&self.ca_file, &self.client_cert].into_iter().flatten() {
            contents.push(fs::read(file).map_err(|error| SourceError::Io {
                what: format!("cannot read {}", file.display()),
                error,
            })?);
        }
        if let Some(file) = &self.client_key {
            contents.push(Secret::private(file)?);
        }
        let clients = CLIENTS.get_or_init(Mutex::default);
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, client)) = clients.get(&files)
            && *before == contents
        {
            return Ok(client.clone());
        }
        let client = self.build(&contents)?;
        clients.insert(files, (contents, client.clone()));
        Ok(client)
    }

    /// A client with the contents of the files that are named, in their order.
    fn build(&self, contents: &[Vec<u8>]) -> Result<Client, SourceError> {
        let mut contents = contents.iter();
        let mut builder = builder();
        if let Some((file, pem)) = self.ca_file.as_ref().zip(contents.next()) {
            let wrong = |why: &str| unexpected(format!("the certificates in {}: {why}", file.display()));
            let authorities = Certificate::from_pem_bundle(pem).map_err(|error| wrong(&chain(&error)))?;
            if authorities.is_empty() {
                return Err(wrong("there is none"));
            }
            // Who names an authority means no other one.
            builder = builder.tls_built_in_root_certs(false);
            for authority in authorities {
                builder = builder.add_root_certificate(authority);
            }
        }
        if let (Some(file), Some(certificate), Some(key)) = (&self.client_cert, contents.next(), contents.next()) {
            let both = [certificate.as_slice(), b"\n", key.as_slice()].concat();
            // The cause could quote the key.
            let identity = Identity::from_pem(&both).map_err(|_| {
                let file = file.display();
                unexpected(format!(
                    "{file} and `client_key` are not a certificate and its key in PEM"
                ))
            })?;
            builder = builder.identity(identity);
        }
        builder
            .build()
            .map_err(|error| unexpected(format!("the certificates of `auth`: {}", chain(&error))))
    }

    /// Writes into `request` who sends it, and returns the token that was fetched for it, if any. `refused` is one that
    /// the server did not take.
    ///
    /// # Errors
    /// If a secret or a token cannot be had.
    pub async fn sign(
        &self,
        request: &mut Request,
        client: &Client,
        timeout: Duration,
        refused: Option<&str>,
    ) -> Result<Option<String>, SourceError> {
        for Header { name, value } in &self.header {
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| unexpected(format!("{name:?}: no header")))?;
            let value = sensitive(&value.reveal()?, name.as_str())?;
            request.headers_mut().insert(name, value);
        }
        let (text, token) = if let Some(secret) = &self.bearer {
            (format!("Bearer {}", secret.reveal()?), None)
        } else if let Some(Basic { user, password }) = &self.basic {
            let both = format!("{user}:{}", password.reveal()?);
            (format!("Basic {}", BASE64_STANDARD.encode(both)), None)
        } else if let Some(oauth) = &self.oauth {
            let token = oauth.token(client, timeout, refused).await?;
            (format!("Bearer {token}"), Some(token))
        } else {
            return Ok(None);
        };
        let value = sensitive(&text, "Authorization")?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(token)
    }
}

/// A value that is not shown where headers are.
fn sensitive(text: &str, name: &str) -> Result<HeaderValue, SourceError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        unexpected(format!(
            "the secret for the header {name} has letters that no header has"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A token, and what is needed to get the next one.
struct Token {
    access: String,
    until: Instant,
    /// The refresh token that the configuration's place held, and the one that the endpoint gave in its stead.
    refresh: Option<(String, String)>,
}

type Tokens = HashMap<String, Arc<tokio::sync::Mutex<Option<Token>>>>;

impl OAuth {
    fn mistakes(&self) -> Vec<String> {
        let wrong = url_mistakes(&self.token_url).into_iter();
        let mut mistakes: Vec<String> = wrong.map(|mistake| format!("`token_url`: {mistake}")).collect();
        if let Ok(url) = Url::parse(&self.token_url)
            && url.scheme() == "http"
            && !is_loopback(&url)
        {
            mistakes.push("`token_url` is not https: the secret would be sent in the clear".to_owned());
        }
        if self.client_secret.is_none() && self.refresh_token.is_none() {
            mistakes.push("`oauth` has neither a `client_secret` nor a `refresh_token`".to_owned());
        }
        let own = ["grant_type", "client_id", "client_secret", "refresh_token", "scope"];
        if let Some(name) = self.parameters.keys().find(|name| own.contains(&name.as_str())) {
            mistakes.push(format!("`oauth`: {name:?} does not belong into `parameters`"));
        }
        mistakes
    }

    /// A token that is not about to expire, and not the one that was `refused`. Only one is fetched at a time.
    async fn token(&self, client: &Client, timeout: Duration, refused: Option<&str>) -> Result<String, SourceError> {
        static TOKENS: OnceLock<Mutex<Tokens>> = OnceLock::new();
        let kept = {
            let tokens = TOKENS.get_or_init(Mutex::default);
            let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
            // Of secrets it has the place only.
            tokens.entry(format!("{self:?}")).or_default().clone()
        };
        let mut kept = kept.lock().await;
        if let Some(token) = &*kept
            && Instant::now() < token.until
            && refused != Some(token.access.as_str())
        {
            return Ok(token.access.clone());
        }
        let before = kept.as_ref().and_then(|token| token.refresh.clone());
        let token = self.fetch(client, timeout, before).await?;
        let access = token.access.clone();
        *kept = Some(token);
        Ok(access)
    }

    async fn fetch(
        &self,
        client: &Client,
        timeout: Duration,
        before: Option<(String, String)>,
    ) -> Result<Token, SourceError> {
        let server = endpoint::shown(&self.token_url);
        let failed = |why: String| SourceError::Unreachable(format!("the token endpoint {server}: {why}"));
        let given = self.refresh_token.as_ref().map(Secret::reveal).transpose()?;
        // A place that still holds the old one could not be written.
        let newer = before
            .filter(|(old, _)| Some(old) == given.as_ref())
            .map(|(_, new)| new);
        let refresh = newer.or_else(|| given.clone());
        let mut form: Vec<(&str, &str)> = match &refresh {
            Some(token) => vec![("grant_type", "refresh_token"), ("refresh_token", token)],
            None => vec![("grant_type", "client_credentials")],
        };
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        form.extend(
            self.parameters
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let secret = self.client_secret.as_ref().map(Secret::reveal).transpose()?;
        let mut request = client.post(&self.token_url).header("accept", "application/json");
        match &secret {
            Some(secret) if !self.in_body => {
                // As the standard has it: each of them is encoded before they are put together.
                request = request.basic_auth(super::escaped(&self.client_id), Some(super::escaped(secret)));
            }
            _ => {
                form.push(("client_id", &self.client_id));
                form.extend(secret.as_deref().map(|secret| ("client_secret", secret)));
            }
        }
        let sent = request.form(&form).timeout(timeout).send().await;
        let lost = |error: reqwest::Error| match error.is_timeout() {
            true => SourceError::TimedOut(format!("the token endpoint {server}"), timeout),
            false => failed(chain(&error.without_url())),
        };
        let mut answer = sent.map_err(lost)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(lost)? {
            if body.len().saturating_add(part.len()) > LARGEST_TOKEN_ANSWER {
                return Err(failed(format!(
                    "its answer is longer than {} KiB",
                    LARGEST_TOKEN_ANSWER >> 10
                )));
            }
            body.extend_from_slice(&part);
        }
        // The answer can repeat what it was sent, so nothing of it is shown but the name of an error.
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status != StatusCode::OK {
            let code = answer["error"].as_str().filter(|code| is_code(code));
            // What was sent may look like the name of an error.
            let code = code.filter(|code| secret.iter().chain(&refresh).all(|sent| !code.contains(sent.as_str())));
            let code = code.map(|code| format!(": {code}")).unwrap_or_default();
            return Err(failed(format!("it answered {}{code}", status.as_u16())));
        }
        let Some(access) = answer["access_token"].as_str().filter(|token| is_token(token)) else {
            return Err(failed("its answer has no access token".to_owned()));
        };
        if let Some(kind) = answer.get("token_type") {
            let bearer = kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
            if !bearer {
                return Err(failed("its token is not a bearer token".to_owned()));
            }
        }
        let rotated = answer["refresh_token"].as_str().filter(|token| is_token(token));
        let rotated = rotated.filter(|new| Some(*new) != refresh.as_deref());
        if let (Some(place), Some(new)) = (&self.refresh_token, rotated)
            && let Err(error) = place.replace(new)
        {
            warn!(%error, "the token endpoint gave a new refresh token, which is kept in memory only");
        }
        Ok(Token {
            access: access.to_owned(),
            until: Instant::now() + life(&answer["expires_in"]),
            refresh: given.zip(rotated.map(str::to_owned).or(refresh)),
        })
    }
}

/// How long a token is used.
fn life(expires_in: &Value) -> Duration {
    let text = match expires_in {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => String::new(),
    };
    // What nobody can read counts as not said.
    let Ok(seconds) = text.parse() else {
        return UNKNOWN_LIFE;
    };
    let life = Duration::from_secs(seconds).min(LONGEST_LIFE);
    life.saturating_sub(MARGIN.min(life / 2))
}

/// Whether this is a token of visible letters (RFC 6749, appendix A), of a sensible length.
fn is_token(text: &str) -> bool {
    (1..=16_384).contains(&text.len()) && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
}

/// Whether this is the name of an error, and not what it was sent.
fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address: Result<std::net::IpAddr, _> = host.parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Header>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        One(Header),
        Several(Vec<Header>),
    }
    // What is wrong with a header is not repeated: it may be the secret itself.
    let given = Given::deserialize(deserializer).map_err(|_| {
        D::Error::custom(
            "`header` is a table with `name` and `value`, or a list of them; `value` is env:NAME or file:PATH",
        )
    })?;
    Ok(match given {
        Given::One(header) => vec![header],
        Given::Several(headers) => headers,
    })
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::{Part, request::send},
        rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair},
        rustls::{
            RootCertStore, ServerConfig,
            pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
            server::WebPkiClientVerifier,
        },
        std::{os::unix::fs::PermissionsExt, path::Path},
        tokio::{
            io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
            net::TcpListener,
        },
    };

    const TIMEOUT: Duration = Duration::from_secs(20);

    fn auth(text: &str) -> Auth {
        toml::from_str(text).unwrap()
    }

    /// With relative paths that start at `folder`.
    fn auth_in(folder: &Path, text: &str) -> Auth {
        crate::measure::folder::within(folder, || auth(text))
    }

    /// An authority, and the certificates of a server at 127.0.0.1 and of a client that it signed, with their keys.
    fn files() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
        let authority = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&authority).unwrap();
        write("ca.pem", root.pem());
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
            write(
                &format!("{name}.pem"),
                params.signed_by(&key, &root, &authority).unwrap().pem(),
            );
            write(&format!("{name}.key"), key.serialize_pem());
        }
        fs::set_permissions(dir.path().join("client.key"), fs::Permissions::from_mode(0o600)).unwrap();
        dir
    }

    async fn request_of(stream: &mut (impl AsyncRead + Unpin)) -> String {
        let mut asked = Vec::new();
        loop {
            let mut more = [0; 4096];
            let count = stream.read(&mut more).await.unwrap_or_default();
            asked.extend_from_slice(&more[..count]);
            let text = String::from_utf8_lossy(&asked).to_ascii_lowercase();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                assert!(count > 0, "{text}");
                continue;
            };
            let length = head
                .split("content-length: ")
                .nth(1)
                .map_or(0, |rest| rest.lines().next().unwrap().parse::<usize>().unwrap());
            if body.len() >= length || count == 0 {
                return String::from_utf8(asked).unwrap();
            }
        }
    }

    async fn answer_to(stream: &mut (impl AsyncWrite + Unpin), status: &str, kind: &str, body: &str) {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }

    /// A server that gives a token from `/token`, as its list says, the last one again and again, and a value from
    /// everywhere else to those who show a token that is not in `refused`. What it was asked is kept.
    async fn server(tokens: Vec<(&'static str, String)>, refused: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        tokio::spawn(async move {
            let mut number = 0;
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = request_of(&mut stream).await;
                kept.lock().unwrap().push(request.clone());
                if request.starts_with("POST /token") {
                    let (status, body) = &tokens[number.min(tokens.len() - 1)];
                    let kind = if body.starts_with('<') {
                        "text/html"
                    } else {
                        "application/json"
                    };
                    answer_to(&mut stream, status, kind, body).await;
                    number += 1;
                } else {
                    let status = match request.contains(&format!("Bearer {refused}\r")) || !request.contains("Bearer ")
                    {
                        true => "401 Unauthorized",
                        false => "200 OK",
                    };
                    answer_to(&mut stream, status, "application/json", "{\"v\": 5}").await;
                }
            }
        });
        (url, asked)
    }

    fn token(name: &str, more: &str) -> (&'static str, String) {
        (
            "200 OK",
            format!("{{\"access_token\": \"{name}\", \"token_type\": \"Bearer\"{more}}}"),
        )
    }

    async fn ask(url: &str, auth: &Auth) -> Result<Part, String> {
        let builder = http_client().unwrap().get(format!("{url}/value"));
        let part = send(builder, Some(auth), TIMEOUT, "GET".to_owned()).await;
        part.map_err(|error| error.to_string())
    }

    fn oauth(url: &str, folder: &Path, more: &str) -> Auth {
        fs::write(folder.join("secret"), "hunter2&\n").unwrap();
        let text = format!(
            "[oauth]\ntoken_url = '{url}/token'\nclient_id = 'earn out'\nclient_secret = 'file:secret'\n{more}"
        );
        let auth = auth_in(folder, &text);
        assert_eq!(auth.mistakes(), Vec::<String>::new());
        auth
    }

    fn count(asked: &Mutex<Vec<String>>, what: &str) -> usize {
        asked
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.contains(what))
            .count()
    }

    #[tokio::test]
    async fn a_token_is_fetched_once_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (url, asked) = server(vec![token("first", ", \"expires_in\": 3600")], "none").await;
        let auth = oauth(
            &url,
            dir.path(),
            "scope = 'read'\nparameters = { audience = 'https://a.test' }",
        );
        for _ in 0..3 {
            ask(&url, &auth).await.unwrap();
        }
        assert_eq!((count(&asked, "POST /token"), count(&asked, "Bearer first")), (1, 3));
        let first = asked.lock().unwrap()[0].clone();
        let basic = BASE64_STANDARD.encode("earn%20out:hunter2%26");
        assert!(
            first
                .to_ascii_lowercase()
                .contains(&format!("authorization: basic {basic}").to_ascii_lowercase())
        );
        assert!(
            first.ends_with("grant_type=client_credentials&scope=read&audience=https%3A%2F%2Fa.test"),
            "{first}"
        );
        // In the body, if the endpoint wants it there.
        let auth = oauth(&url, dir.path(), "in_body = true");
        ask(&url, &auth).await.unwrap();
        let last = asked
            .lock()
            .unwrap()
            .iter()
            .rfind(|request| request.contains("/token"))
            .unwrap()
            .clone();
        assert!(last.ends_with("client_id=earn+out&client_secret=hunter2%26"), "{last}");
    }

    #[tokio::test]
    async fn a_token_that_is_not_taken_is_replaced_once() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = vec![
            token("first", ", \"expires_in\": 3600"),
            token("second", ", \"expires_in\": 3600"),
        ];
        let (url, asked) = server(tokens, "first").await;
        ask(&url, &oauth(&url, dir.path(), "")).await.unwrap();
        assert_eq!((count(&asked, "POST /token"), count(&asked, "GET /value")), (2, 2));
        let (url, asked) = server(vec![token("first", "")], "first").await;
        let error = ask(&url, &oauth(&url, dir.path(), "")).await.unwrap_err();
        assert!(error.contains("answered 401"), "{error}");
        assert_eq!(
            (count(&asked, "POST /token"), count(&asked, "GET /value")),
            (2, 2),
            "not again and again"
        );
    }

    #[tokio::test]
    async fn a_refresh_token_is_replaced_in_its_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("refresh"), "r1\n").unwrap();
        let tokens = vec![
            token("first", ", \"expires_in\": \"3600\", \"refresh_token\": \"r2\""),
            token("second", ", \"refresh_token\": \"r2\""),
        ];
        let (url, asked) = server(tokens, "first").await;
        ask(&url, &oauth(&url, dir.path(), "refresh_token = 'file:refresh'"))
            .await
            .unwrap();
        assert_eq!(count(&asked, "grant_type=refresh_token&refresh_token=r1"), 1);
        assert_eq!(
            count(&asked, "grant_type=refresh_token&refresh_token=r2"),
            1,
            "the second time with the new one"
        );
        assert_eq!(fs::read_to_string(dir.path().join("refresh")).unwrap(), "r2");
        // One that cannot be written is kept in memory.
        let folder = dir.path().join("sealed");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("refresh"), "r1\n").unwrap();
        fs::create_dir(folder.join("refresh.new")).unwrap();
        let tokens = vec![token("first", ", \"refresh_token\": \"r2\""), token("second", "")];
        let (url, asked) = server(tokens, "first").await;
        ask(&url, &oauth(&url, &folder, "refresh_token = 'file:refresh'"))
            .await
            .unwrap();
        assert_eq!(count(&asked, "refresh_token=r2"), 1);
    }

    #[tokio::test]
    async fn a_hostile_token_endpoint_gives_no_token_and_learns_nothing_to_repeat() {
        let dir = tempfile::tempdir().unwrap();
        let long = format!("{{\"access_token\": \"{}\"}}", "x".repeat(LARGEST_TOKEN_ANSWER));
        for (status, body, part) in [
            ("200 OK", "<html>hunter2</html>".to_owned(), "no access token"),
            ("200 OK", "{\"access_token\": \"\"}".to_owned(), "no access token"),
            (
                "200 OK",
                "{\"access_token\": \"a\\r\\nx: y\"}".to_owned(),
                "no access token",
            ),
            ("200 OK", "{\"access_token\": 5}".to_owned(), "no access token"),
            ("200 OK", "[]".to_owned(), "no access token"),
            ("200 OK", String::new(), "no access token"),
            ("200 OK", long, "longer than 64 KiB"),
            (
                "200 OK",
                "{\"access_token\": \"a\", \"token_type\": \"mac\"}".to_owned(),
                "not a bearer token",
            ),
            (
                "400 Bad Request",
                "{\"error\": \"invalid_client\"}".to_owned(),
                "answered 400: invalid_client",
            ),
            (
                "401 No",
                "{\"error\": \"hunter2& is wrong\"}".to_owned(),
                "answered 401",
            ),
            ("302 Found", "{\"access_token\": \"a\"}".to_owned(), "answered 302"),
        ] {
            let (url, _) = server(vec![(status, body.clone())], "none").await;
            let error = ask(&url, &oauth(&url, dir.path(), "")).await.unwrap_err();
            assert!(
                error.contains(part) && error.contains("token endpoint"),
                "{body:.40}: {error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn how_long_a_token_is_used_is_bounded() {
        for (text, seconds) in [
            ("null", 60),
            ("\"soon\"", 60),
            ("-5", 60),
            ("1e300", 60),
            ("99999999999999999999999", 60),
            ("0", 0),
            ("20", 10),
            ("3600", 3_570),
            ("\"3600\"", 3_570),
            ("18446744073709551615", 86_370),
        ] {
            let life = life(&serde_json::from_str(text).unwrap());
            assert_eq!(life, Duration::from_secs(seconds), "{text}");
        }
    }

    #[tokio::test]
    async fn several_headers_carry_secrets() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), "one").unwrap();
        fs::write(dir.path().join("b"), "two").unwrap();
        let (url, asked) = server(vec![token("t", "")], "none").await;
        let auth = auth_in(
            dir.path(),
            "bearer = 'file:a'\nheader = [{ name = 'X-App', value = 'file:a' }, { name = 'x-key', value = 'file:b' }]",
        );
        ask(&url, &auth).await.unwrap();
        let request = asked.lock().unwrap()[0].to_ascii_lowercase();
        assert!(
            request.contains("x-app: one") && request.contains("x-key: two"),
            "{request}"
        );
        assert!(request.contains("authorization: bearer one"), "{request}");
        fs::write(dir.path().join("b"), "two\u{7}hunter2").unwrap();
        let error = ask(&url, &auth).await.unwrap_err();
        assert!(error.contains("x-key") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn mistakes_are_found_without_asking() {
        let secret = "client_secret = 'env:S'";
        for (text, part) in [
            ("".to_owned(), "empty"),
            (
                "bearer = 'env:A'\nbasic = { user = 'a', password = 'env:B' }".to_owned(),
                "more than one",
            ),
            (
                "header = [{ name = 'a b', value = 'env:A' }]".to_owned(),
                "not the name",
            ),
            (
                "header = [{ name = 'a', value = 'env:A' }, { name = 'A', value = 'env:B' }]".to_owned(),
                "twice",
            ),
            (
                "bearer = 'env:A'\nheader = { name = 'Authorization', value = 'env:B' }".to_owned(),
                "two ways",
            ),
            ("client_cert = 'a.pem'".to_owned(), "belong together"),
            (
                format!("[oauth]\ntoken_url = 'http://a.test/'\nclient_id = 'a'\n{secret}"),
                "not https",
            ),
            (
                format!("[oauth]\ntoken_url = 'https://a:b@a.test/'\nclient_id = 'a'\n{secret}"),
                "user name",
            ),
            (
                "[oauth]\ntoken_url = 'https://a.test/'\nclient_id = 'a'".to_owned(),
                "neither",
            ),
            (
                format!("[oauth]\ntoken_url = 'https://a.test/'\nclient_id = 'a'\n{secret}\nparameters.scope = 'a'"),
                "does not belong",
            ),
        ] {
            let mistakes = auth(&text).mistakes();
            assert!(
                mistakes.len() == 1 && mistakes[0].contains(part),
                "{text}: {mistakes:?}"
            );
        }
        for text in [
            "ca_file = 'ca.pem'",
            "header = { name = 'x-api-key', value = 'env:A' }",
            "[oauth]\ntoken_url = 'http://[::1]:8080/'\nclient_id = 'a'\nrefresh_token = 'env:A'",
        ] {
            assert_eq!(auth(text).mistakes(), Vec::<String>::new(), "{text}");
        }
        let error = toml::from_str::<Auth>("header = { name = 'a', value = 'hunter2' }").unwrap_err();
        assert!(!error.message().contains("hunter2"), "{error}");
        assert!(toml::from_str::<Auth>("bearer = 'env:A'\ncolour = 1").is_err());
    }

    /// A server with a certificate of the private authority, which wants one of it if `wants` so.
    async fn tls_server(folder: &Path, wants: bool) -> String {
        let pem = |name: &str| fs::read(folder.join(name)).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match wants {
            false => builder.with_no_client_auth(),
            true => {
                let mut roots = RootCertStore::empty();
                roots
                    .add(CertificateDer::from_pem_slice(&pem("ca.pem")).unwrap())
                    .unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let certificates = vec![CertificateDer::from_pem_slice(&pem("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(&pem("server.key")).unwrap();
        let config = builder.with_single_cert(certificates, key).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A client that is not believed, or does not believe, breaks off.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    request_of(&mut stream).await;
                    answer_to(&mut stream, "200 OK", "application/json", "{\"v\": 5}").await;
                }
            }
        });
        url
    }

    #[tokio::test]
    async fn a_private_authority_is_trusted_where_it_is_named_and_nowhere_else() {
        let dir = files();
        let url = tls_server(dir.path(), false).await;
        let auth = auth_in(dir.path(), "ca_file = 'ca.pem'");
        ask(&url, &auth).await.unwrap();
        let error = ask(&url, &Auth::default()).await.unwrap_err();
        assert!(error.contains("UnknownIssuer"), "{error}");
        // The client is kept, and made anew when the file is another one.
        fs::write(dir.path().join("ca.pem"), "nothing").unwrap();
        let error = ask(&url, &auth).await.unwrap_err();
        assert!(error.contains("ca.pem: there is none"), "{error}");
        fs::remove_file(dir.path().join("ca.pem")).unwrap();
        let error = ask(&url, &auth).await.unwrap_err();
        assert!(error.contains("cannot read") && error.contains("ca.pem"), "{error}");
    }

    #[tokio::test]
    async fn a_client_certificate_is_shown_and_its_key_is_private() {
        let dir = files();
        let url = tls_server(dir.path(), true).await;
        let with = |text: &str| auth_in(dir.path(), text);
        assert!(
            ask(&url, &with("ca_file = 'ca.pem'")).await.is_err(),
            "the server wants a certificate"
        );
        let auth = with("ca_file = 'ca.pem'\nclient_cert = 'client.pem'\nclient_key = 'client.key'");
        ask(&url, &auth).await.unwrap();
        let key = dir.path().join("client.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        let error = ask(&url, &auth).await.unwrap_err();
        assert!(error.contains("chmod 600"), "{error}");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(
            &key,
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        )
        .unwrap();
        let error = ask(&url, &auth).await.unwrap_err();
        assert!(
            error.contains("certificates of `auth`") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
