//! Evidence over HTTP: a document at `BASE/SHA256`, and what oracles say that they are about to vote. No list of what
//! there is, nothing but files whose bytes have the hash that is their name, and nothing that a client can make grow.

use {
    crate::{
        measure::Hash,
        service::{agree, in_folder},
    },
    axum::{
        Router,
        body::{Body, Bytes},
        extract::State,
        http::{HeaderValue, Method, StatusCode, Uri, header},
        response::{IntoResponse, Response},
        serve::Listener,
    },
    futures_util::stream,
    solana_program::pubkey::Pubkey,
    std::{
        io,
        net::SocketAddr,
        path::{Path, PathBuf},
        pin::Pin,
        sync::Arc,
        task::{Context, Poll},
        time::Duration,
    },
    tokio::{
        io::{AsyncRead, AsyncWrite, ReadBuf},
        net::{TcpListener, TcpStream},
        sync::{OwnedSemaphorePermit, Semaphore},
        time::{Sleep, sleep, timeout},
    },
};

/// Connections at the same time.
const CONNECTIONS: usize = 128;

/// How long a connection may last: who reads a byte a minute does not keep others out.
const LONGEST: Duration = Duration::from_secs(120);

/// Documents that are in memory at the same time.
const DOCUMENTS: usize = 8;

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// What is written at once.
const PIECE: usize = 1 << 16;

/// A folder that is served.
struct Served {
    folder: PathBuf,
    turns: Arc<Semaphore>,
}

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Document(Hash),
    Statement(Pubkey, u16),
}

impl Asked {
    /// By the last part of the path: what is before it is the base.
    fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let is_digit = |letter: u8| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter);
        if name.len() == 64 && name.bytes().all(is_digit) {
            let mut hash = Hash::default();
            hex::decode_to_slice(name, &mut hash).ok()?;
            return Some(Self::Document(hash));
        }
        let of = name.strip_prefix("agree-")?.strip_suffix(".json")?;
        let (plan, period) = of.split_once('-')?;
        let (plan, period) = (plan.parse().ok()?, period.parse().ok()?);
        (agree::file_name(&plan, period) == name).then_some(Self::Statement(plan, period))
    }

    fn read(self, folder: &Path) -> Option<Vec<u8>> {
        match self {
            Self::Document(hash) => in_folder(folder, &hash).ok().flatten(),
            Self::Statement(plan, period) => {
                let bytes = agree::read_file(&folder.join(agree::file_name(&plan, period))).ok()?;
                let statement = agree::Statement::read(&bytes).ok()?;
                ((statement.plan, statement.period) == (plan, period)).then_some(bytes)
            }
        }
    }
}

/// Serves `folder` on `listener` until the process ends.
///
/// # Errors
/// If the listener fails.
pub async fn serve(listener: TcpListener, folder: PathBuf) -> io::Result<()> {
    let listener = Limited {
        listener,
        turns: Arc::new(Semaphore::new(CONNECTIONS)),
        longest: LONGEST,
    };
    axum::serve(listener, router(folder)).await
}

fn router(folder: PathBuf) -> Router {
    let served = Served {
        folder,
        turns: Arc::new(Semaphore::new(DOCUMENTS)),
    };
    Router::new().fallback(answer).with_state(Arc::new(served))
}

async fn answer(State(served): State<Arc<Served>>, method: Method, uri: Uri) -> Response {
    let mut response = match method {
        Method::GET | Method::HEAD => found(&served, &method, uri.path()).await,
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")], "").into_response(),
    };
    // Whatever a file holds, a browser does nothing with it but hand it to who asked.
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn found(served: &Served, method: &Method, path: &str) -> Response {
    let Some(asked) = Asked::of(path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(Ok(turn)) = timeout(TURN, served.turns.clone().acquire_owned()).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let folder = served.folder.clone();
    let read = tokio::task::spawn_blocking(move || asked.read(&folder)).await;
    let Some(bytes) = read.ok().flatten() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let lasting = match asked {
        Asked::Document(_) => "public, max-age=31536000, immutable",
        Asked::Statement(..) => "no-cache",
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_LENGTH, bytes.len().to_string()),
        (header::CACHE_CONTROL, lasting.to_owned()),
    ];
    match *method == Method::HEAD {
        true => (headers, Body::empty()).into_response(),
        false => (headers, body(bytes.into(), turn)).into_response(),
    }
}

/// The bytes, piece by piece; the turn ends with them.
fn body(bytes: Bytes, turn: OwnedSemaphorePermit) -> Body {
    let pieces = stream::unfold((bytes, turn), async |(mut rest, turn)| {
        let piece = rest.split_to(rest.len().min(PIECE));
        (!piece.is_empty()).then_some((Ok::<_, io::Error>(piece), (rest, turn)))
    });
    Body::from_stream(pieces)
}

/// A listener with so many connections at the same time, each of which ends after a while.
struct Limited {
    listener: TcpListener,
    turns: Arc<Semaphore>,
    longest: Duration,
}

impl Listener for Limited {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let turn = self.turns.clone().acquire_owned().await;
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    let connection = Connection {
                        stream,
                        end: Box::pin(sleep(self.longest)),
                        _turn: turn.ok(),
                    };
                    return (connection, address);
                }
                // No more files, mostly: that passes.
                Err(_) => sleep(Duration::from_millis(200)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

struct Connection {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Whether its time is over; wakes who waits for it when it is.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(context).is_ready()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.is_over(context) {
            true => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            false => Pin::new(&mut self.stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.is_over(context) {
            true => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            false => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        solana_program::hash::hash,
        std::{
            fs,
            io::{Read, Write},
            net,
            os::unix::fs::symlink,
        },
    };

    async fn begun(folder: &Path, longest: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = Limited {
            listener,
            turns: Arc::new(Semaphore::new(2)),
            longest,
        };
        let router = router(folder.to_owned());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    #[tokio::test]
    async fn only_what_is_called_by_its_hash_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let name = |text: &str| hex::encode(hash(text.as_bytes()).to_bytes());
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put(&name("{}"), "{}");
        put(&name("changed"), "other");
        put("journal.db", "secret");
        symlink("/etc/passwd", folder.path().join(name("passwd"))).unwrap();
        let plan = Pubkey::new_from_array([1; 32]);
        put(&agree::file_name(&plan, 0), "secret");
        let address = begun(folder.path(), LONGEST).await;
        let client = reqwest::Client::new();
        let ask = async |method: reqwest::Method, path: &str| {
            let answer = client
                .request(method, format!("http://{address}{path}"))
                .send()
                .await
                .unwrap();
            let headers = answer.headers().clone();
            (answer.status().as_u16(), headers, answer.text().await.unwrap())
        };
        let get = reqwest::Method::GET;
        for base in ["", "/evidence", "/a/b"] {
            let (status, headers, text) = ask(get.clone(), &format!("{base}/{}", name("{}"))).await;
            assert_eq!((status, text.as_str()), (200, "{}"));
            assert_eq!(headers["access-control-allow-origin"], "*");
            assert_eq!(headers["content-type"], "application/json");
        }
        let (status, headers, text) = ask(reqwest::Method::HEAD, &format!("/{}", name("{}"))).await;
        assert_eq!(
            (status, text.as_str(), &headers["content-length"]),
            (200, "", &"2".parse().unwrap())
        );
        for path in [
            "/",
            "/journal.db",
            "/../journal.db",
            "/%2e%2e/journal.db",
            &format!("/{}", name("changed")),
            &format!("/{}", name("passwd")),
            &format!("/{}", name("none")),
            &format!("/{}", name("{}").to_uppercase()),
            &format!("/{}.json", name("{}")),
            &format!("/{}", agree::file_name(&plan, 0)),
            &format!("/agree-{plan}-00.json"),
        ] {
            let (status, _, text) = ask(get.clone(), path).await;
            assert_eq!((status, text.as_str()), (404, ""), "{path}");
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let (status, headers, _) = ask(method.parse().unwrap(), &format!("/{}", name("{}"))).await;
            assert_eq!((status, &headers["allow"]), (405, &"GET, HEAD".parse().unwrap()));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_says_nothing_does_not_keep_others_out() {
        let folder = tempfile::tempdir().unwrap();
        let text = "x".repeat(1 << 20);
        let name = hex::encode(hash(text.as_bytes()).to_bytes());
        fs::write(folder.path().join(&name), &text).unwrap();
        let address = begun(folder.path(), Duration::from_millis(300)).await;
        // As many as there may be: one asks and never reads, one never asks.
        let mut reader = net::TcpStream::connect(address).unwrap();
        write!(reader, "GET /{name} HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        let mut silent = net::TcpStream::connect(address).unwrap();
        let answer = reqwest::get(format!("http://{address}/{name}")).await.unwrap();
        assert_eq!(answer.text().await.unwrap().len(), text.len());
        assert_eq!(silent.read(&mut [0; 1]).unwrap_or_default(), 0, "it was ended");
    }
}
