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
        collections::HashMap,
        io,
        net::{IpAddr, Ipv6Addr, SocketAddr},
        path::{Path, PathBuf},
        pin::Pin,
        sync::{Arc, Mutex, PoisonError},
        task::{Context, Poll},
        time::Duration,
    },
    tokio::{
        io::{AsyncRead, AsyncWrite, ReadBuf},
        net::{TcpListener, TcpStream},
        sync::{OwnedSemaphorePermit, Semaphore},
        time::{Instant, Sleep, sleep, timeout},
    },
};

/// Connections at the same time.
const CONNECTIONS: usize = 128;

/// Connections of one address at the same time; a proxy on this machine stands for many.
const EACH: usize = 8;

/// How long a connection may last: who reads a byte a minute does not keep others out.
const LONGEST: Duration = Duration::from_secs(120);

/// How long a connection may take to say what it asks for, and then for each [`LEAST`] of the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes that a connection has to take within [`PATIENCE`], or be done.
const LEAST: usize = 256 << 10;

/// Documents that are read at the same time.
const DOCUMENTS: usize = 8;

/// What documents may take in memory until they are sent, KiB.
const MEMORY: usize = 256 << 10;

/// How long a request waits for its turn; less than [`PATIENCE`], so that it gets an answer.
const TURN: Duration = Duration::from_secs(4);

/// What is written at once.
const PIECE: usize = 1 << 16;

/// A folder that is served.
struct Served {
    folder: PathBuf,
    /// For each document that is read.
    turns: Semaphore,
    /// For each KiB of documents that are not sent yet.
    memory: Arc<Semaphore>,
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
    let limits = Limits {
        connections: CONNECTIONS,
        longest: LONGEST,
        patience: PATIENCE,
        each,
    };
    axum::serve(Limited::new(listener, limits), router(folder, MEMORY)).await
}

/// The connections that an address may have.
fn each(address: IpAddr) -> usize {
    if address.is_loopback() { CONNECTIONS } else { EACH }
}

fn router(folder: PathBuf, memory: usize) -> Router {
    let served = Served {
        folder,
        turns: Semaphore::new(DOCUMENTS),
        memory: Arc::new(Semaphore::new(memory)),
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
    let busy = || StatusCode::SERVICE_UNAVAILABLE.into_response();
    let Ok(Ok(turn)) = timeout(TURN, served.turns.acquire()).await else {
        return busy();
    };
    let folder = served.folder.clone();
    let read = tokio::task::spawn_blocking(move || asked.read(&folder)).await;
    let Some(bytes) = read.ok().flatten() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // The turn lasts until there is room, so that no more documents than turns are beside what is counted.
    let size = u32::try_from(bytes.len().div_ceil(1 << 10)).unwrap_or(u32::MAX);
    let Ok(Ok(room)) = timeout(TURN, served.memory.clone().acquire_many_owned(size)).await else {
        return busy();
    };
    // Who reads slowly keeps its room, but nobody from being served.
    drop(turn);
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
        false => (headers, body(bytes.into(), room)).into_response(),
    }
}

/// The bytes, piece by piece; their room is free again after them.
fn body(bytes: Bytes, room: OwnedSemaphorePermit) -> Body {
    let pieces = stream::unfold((bytes, room), async |(mut rest, room)| {
        let piece = rest.split_to(rest.len().min(PIECE));
        (!piece.is_empty()).then_some((Ok::<_, io::Error>(piece), (rest, room)))
    });
    Body::from_stream(pieces)
}

/// What connections may take.
#[derive(Clone, Copy)]
struct Limits {
    /// How many there are at the same time.
    connections: usize,
    /// How long each of them lasts.
    longest: Duration,
    /// How long one may do too little.
    patience: Duration,
    /// How many an address has.
    each: fn(IpAddr) -> usize,
}

/// Connections of each address.
type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// A listener whose connections are limited.
struct Limited {
    listener: TcpListener,
    limits: Limits,
    turns: Arc<Semaphore>,
    counts: Counts,
}

impl Limited {
    fn new(listener: TcpListener, limits: Limits) -> Self {
        Self {
            listener,
            limits,
            turns: Arc::new(Semaphore::new(limits.connections)),
            counts: Counts::default(),
        }
    }
}

impl Listener for Limited {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let turn = self.turns.clone().acquire_owned().await;
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    let most = (self.limits.each)(address.ip());
                    let Some(place) = Place::take(&self.counts, network(address.ip()), most) else {
                        continue;
                    };
                    let connection = Connection {
                        stream,
                        end: Box::pin(sleep(self.limits.longest)),
                        idle: Box::pin(sleep(self.limits.patience)),
                        patience: self.limits.patience,
                        written: 0,
                        answered: false,
                        _place: place,
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

/// Whom an address stands for: who has one of IPv6 has the 2^64 beside it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

/// One connection in the count of its address.
struct Place {
    counts: Counts,
    address: IpAddr,
}

impl Place {
    /// One more, unless there are `most`.
    fn take(counts: &Counts, address: IpAddr, most: usize) -> Option<Self> {
        let mut locked = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = locked.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count = count.saturating_add(1);
        drop(locked);
        let counts = counts.clone();
        Some(Self { counts, address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let left = counts.get(&self.address).map_or(0, |count| count.saturating_sub(1));
        match left {
            0 => drop(counts.remove(&self.address)),
            left => drop(counts.insert(self.address, left)),
        }
    }
}

struct Connection {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    /// Until when it has to have asked, or to have taken the next piece.
    idle: Pin<Box<Sleep>>,
    patience: Duration,
    /// Bytes that were written since `idle` was put off.
    written: usize,
    /// Whether something was written since it last asked.
    answered: bool,
    _place: Place,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Whether its time is over; wakes who waits for it when it is.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(context).is_ready() || self.idle.as_mut().poll(context).is_ready()
    }

    /// It has done what was expected of it.
    fn put_off(&mut self) {
        self.written = 0;
        // A wait that cannot be named does not end.
        if let Some(until) = Instant::now().checked_add(self.patience) {
            self.idle.as_mut().reset(until);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        // Only the first bytes of a request: one that comes byte by byte does not get more time.
        if self.answered && buffer.filled().len() > before {
            self.answered = false;
            self.put_off();
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_over(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = &wrote {
            self.answered = true;
            self.written = self.written.saturating_add(*count);
            if self.written >= LEAST {
                self.put_off();
            }
        }
        wrote
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
        let limits = Limits {
            connections: 2,
            longest,
            patience: PATIENCE,
            each: |_| usize::MAX,
        };
        begun_with(listener, limits, router(folder.to_owned(), MEMORY));
        address
    }

    fn begun_with(listener: TcpListener, limits: Limits, router: Router) {
        tokio::spawn(async move { axum::serve(Limited::new(listener, limits), router).await });
    }

    /// A document of so many bytes.
    fn document(folder: &Path, bytes: usize) -> String {
        let text = "x".repeat(bytes);
        let name = hex::encode(hash(text.as_bytes()).to_bytes());
        fs::write(folder.join(&name), &text).unwrap();
        name
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_does_not_read_keeps_nobody_from_being_served() {
        let folder = tempfile::tempdir().unwrap();
        let (large, small) = (document(folder.path(), 8 << 20), document(folder.path(), 5));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = Limits {
            connections: 100,
            longest: LONGEST,
            patience: Duration::from_millis(800),
            each: |_| usize::MAX,
        };
        // Room for as many as there are turns, and one more.
        begun_with(
            listener,
            limits,
            router(folder.path().to_owned(), (DOCUMENTS + 1) * (8 << 10)),
        );
        let mut readers = Vec::new();
        for _ in 0..DOCUMENTS {
            let mut reader = net::TcpStream::connect(address).unwrap();
            write!(reader, "GET /{large} HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            // Its document is in memory as soon as it begins.
            assert_eq!(reader.read(&mut [0; 1]).unwrap(), 1);
            readers.push(reader);
        }
        let ask = async |name: &str| reqwest::get(format!("http://{address}/{name}")).await.unwrap();
        let begin = std::time::Instant::now();
        assert_eq!(ask(&small).await.text().await.unwrap(), "xxxxx");
        assert!(begin.elapsed() < TURN, "it waited for no turn");
        // Who reads too slowly is sent away, and its room is free.
        for _ in 0..2 {
            assert_eq!(ask(&large).await.bytes().await.unwrap().len(), 8 << 20);
        }
        sleep(Duration::from_millis(1_500)).await;
        for mut reader in readers {
            let mut rest = Vec::new();
            let _ = reader.read_to_end(&mut rest);
            assert!(rest.len() < 8 << 20, "it got the whole document");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_does_not_ask_is_sent_away() {
        let folder = tempfile::tempdir().unwrap();
        let name = document(folder.path(), 5);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = Limits {
            connections: 3,
            longest: LONGEST,
            patience: Duration::from_millis(500),
            each: |_| usize::MAX,
        };
        begun_with(listener, limits, router(folder.path().to_owned(), MEMORY));
        let begin = std::time::Instant::now();
        let mut idle: Vec<_> = (0..3).map(|_| net::TcpStream::connect(address).unwrap()).collect();
        // A byte now and then is no request.
        let mut slow = idle[0].try_clone().unwrap();
        let writer = std::thread::spawn(move || {
            for letter in b"GET / HTTP/1.1\r\nx: yyyyyyyyyyyyyyyyyyyyyyy" {
                if slow.write_all(&[*letter]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let answer = reqwest::get(format!("http://{address}/{name}")).await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "xxxxx");
        for idle in &mut idle {
            let _ = idle.read(&mut [0; 1]);
        }
        assert!(begin.elapsed() < Duration::from_secs(4), "they were ended");
        writer.join().unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_address_has_a_few_connections() {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = Limits {
            connections: 9,
            longest: LONGEST,
            patience: PATIENCE,
            each: |_| 2,
        };
        begun_with(listener, limits, router(folder.path().to_owned(), MEMORY));
        let asked = || {
            let mut stream = net::TcpStream::connect(address).unwrap();
            let _ = write!(stream, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
            let got = stream.read(&mut [0; 1]).unwrap_or_default();
            (stream, got)
        };
        let (first, second) = (asked(), asked());
        assert_eq!((first.1, second.1), (1, 1));
        assert_eq!(asked().1, 0, "the third is sent away");
        drop(first);
        let begin = std::time::Instant::now();
        while asked().1 == 0 {
            assert!(
                begin.elapsed() < Duration::from_secs(5),
                "the place of the first is free"
            );
        }
        assert_eq!(
            (each([127, 0, 0, 1].into()), each([192, 0, 2, 1].into())),
            (CONNECTIONS, EACH)
        );
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
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
