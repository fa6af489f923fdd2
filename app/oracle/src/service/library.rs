//! Where evidence lies that others keep: folders, and addresses on the web at which a document is called by its
//! SHA-256.
//!
//! Who keeps it is a stranger. A document is asked for by its hash alone, so that nothing they write names a file; it
//! has a largest size, it is waited for only so long, and no byte of it is used before its hash was checked.

use {
    crate::measure::Hash,
    earnout_sdk::{
        client::{FetchError, Web},
        document::{evidence_url, unfetched},
        text::endpoint,
    },
    reqwest::Url,
    solana_program::hash::hash,
    std::{
        fmt,
        fs::{self, File},
        io::{self, ErrorKind, Read},
        net::IpAddr,
        path::{Path, PathBuf},
        str::FromStr,
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    },
};

/// Most bytes of one document.
pub const MOST_BYTES: usize = 64 << 20;

/// How long a document may take, from the first connection to its last byte.
const PATIENCE: Duration = Duration::from_secs(60);

/// After so many documents in a row for which its server did not answer, a place is not asked any more.
const TRIES: u32 = 3;

/// Where documents lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A folder of this machine.
    Folder(PathBuf),
    /// `BASE` of `BASE/SHA256`, without the slash.
    Web(String),
}

impl Origin {
    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Web(_) => None,
        }
    }
}

impl FromStr for Origin {
    type Err = String;

    /// # Errors
    /// If it looks like a URL and clients do not fetch what lies there.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is empty: name a folder or a URL".to_owned());
        }
        match text.contains("://") {
            false => Ok(Self::Folder(text.into())),
            true => {
                require_safe(text)?;
                Ok(Self::Web(text.trim_end_matches('/').to_owned()))
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(out),
            Self::Web(base) => endpoint::shown(base).fmt(out),
        }
    }
}

/// What keeps others from reading along, and from putting something else in the place of what is fetched.
///
/// # Errors
/// Why nothing is fetched from `url`.
pub fn require_safe(url: &str) -> Result<(), String> {
    if let Some(why) = unfetched(url) {
        return Err(why.to_owned());
    }
    let parsed = Url::parse(url).map_err(|error| format!("it is not a URL: {error}"))?;
    if parsed.query().is_some() {
        return Err("it has a query; the name of a document is put behind it".to_owned());
    }
    let host = parsed.host_str().unwrap_or_default();
    let address: Result<IpAddr, _> = host.trim_start_matches('[').trim_end_matches(']').parse();
    let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match parsed.scheme() == "https" || is_here {
        true => Ok(()),
        false => Err("it begins with http://, which others can read and change; use https://".to_owned()),
    }
}

/// Several places, asked in their order.
pub struct Library {
    places: Vec<(Origin, AtomicU32)>,
    web: Web,
}

impl Library {
    /// The documents at `places`.
    pub fn new(places: impl IntoIterator<Item = Origin>) -> Self {
        Self::waiting(places, PATIENCE)
    }

    /// The same; a document on the web may take so long.
    pub fn waiting(places: impl IntoIterator<Item = Origin>, patience: Duration) -> Self {
        Self {
            places: places.into_iter().map(|place| (place, AtomicU32::new(0))).collect(),
            web: Web::new(patience),
        }
    }

    /// The bytes of the document with this hash, known to have it.
    ///
    /// # Errors
    /// What each place says, if none has it.
    pub async fn get(&self, hash: &Hash) -> Result<Vec<u8>, String> {
        let mut reasons = Vec::new();
        for (place, silent) in &self.places {
            let found = match place {
                Origin::Folder(folder) => in_folder(folder, hash),
                Origin::Web(base) => self.on_the_web(base, silent, hash).await,
            };
            match found {
                Ok(Some(bytes)) => return Ok(bytes),
                Ok(None) => (),
                Err(reason) => reasons.push(reason),
            }
        }
        match reasons.is_empty() {
            true => Err(format!("there is no document with the hash {}", hex::encode(hash))),
            false => Err(reasons.join("; ")),
        }
    }

    async fn on_the_web(&self, base: &str, silent: &AtomicU32, hash: &Hash) -> Result<Option<Vec<u8>>, String> {
        let server = endpoint::shown(base);
        if silent.load(Ordering::Relaxed) >= TRIES {
            return Err(format!(
                "{server} did not answer {TRIES} times in a row and is not asked any more"
            ));
        }
        let found = self.web.get(&evidence_url(base, hash), MOST_BYTES).await;
        match &found {
            Err(FetchError::Unreachable(_) | FetchError::TimedOut(_)) => silent.fetch_add(1, Ordering::Relaxed),
            _ => silent.swap(0, Ordering::Relaxed),
        };
        match found {
            Ok(bytes) => checked(bytes, hash).map(Some).map_err(|found| {
                let hash = hex::encode(hash);
                format!("{server} has something else under {hash}: its SHA-256 is {found}")
            }),
            Err(FetchError::Status(404)) => Ok(None),
            Err(error) => Err(format!("{server}: {error}")),
        }
    }
}

/// The names that a document has in a folder: as the daemon stores it, and as it is published.
fn names(hash: &Hash) -> [PathBuf; 4] {
    let name = hex::encode(hash);
    let below = Path::new(name.get(..2).unwrap_or_default());
    let with_ending = format!("{name}.json");
    [
        below.join(&with_ending),
        PathBuf::from(&with_ending),
        PathBuf::from(&name),
        below.join(&name),
    ]
}

/// The document in `folder` with this hash; none if no file has its name.
///
/// # Errors
/// Why what is there is not it.
pub fn in_folder(folder: &Path, hash: &Hash) -> Result<Option<Vec<u8>>, String> {
    let mut reason = None;
    for file in names(hash).map(|name| folder.join(name)) {
        let why = match content(&file) {
            Ok(bytes) => match checked(bytes, hash) {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(found) => format!("{} is not what was stored: its SHA-256 is {found}", file.display()),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => format!("cannot read {}: {error}", file.display()),
        };
        reason.get_or_insert(why);
    }
    reason.map_or(Ok(None), Err)
}

/// The bytes if they have this hash, else the hash that they have.
fn checked(bytes: Vec<u8>, expected: &Hash) -> Result<Vec<u8>, String> {
    match hash(&bytes).to_bytes() {
        found if found == *expected => Ok(bytes),
        found => Err(hex::encode(found)),
    }
}

/// What a file holds. What else stands under its name, such as a pipe or a device, may never end, and a file may be
/// larger than the memory.
fn content(file: &Path) -> io::Result<Vec<u8>> {
    let wrong = |why: String| Err(io::Error::new(ErrorKind::InvalidInput, why));
    if !fs::metadata(file)?.is_file() {
        return wrong("it is not a file".to_owned());
    }
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(file)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() > MOST_BYTES {
        true => wrong(format!("it has more than {MOST_BYTES} bytes")),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        std::{
            io::Write,
            net::{TcpListener, TcpStream},
            os::unix::fs::symlink,
            sync::{Arc, atomic::AtomicUsize},
            thread,
        },
    };

    /// The SHA-256 of a text.
    fn of(text: &str) -> Hash {
        hash(text.as_bytes()).to_bytes()
    }

    #[test]
    fn what_may_be_fetched_is_https_or_on_this_machine() {
        for good in [
            "https://oracle.example/evidence",
            "http://127.0.0.1:8080/a",
            "http://[::1]:80",
            "http://localhost/a/",
        ] {
            assert!(good.parse::<Origin>().is_ok(), "{good}");
        }
        for (bad, part) in [
            ("http://oracle.example/evidence", "use https://"),
            ("http://127.0.0.1.example/evidence", "use https://"),
            ("http://localhost.example/", "use https://"),
            ("https://u:p@oracle.example/", "user name"),
            ("file:///etc", "https://"),
            ("ftp://oracle.example/", "https://"),
            ("https://oracle.example/a?b=", "query"),
            ("", "empty"),
        ] {
            let error = bad.parse::<Origin>().unwrap_err();
            assert!(error.contains(part), "{bad}: {error}");
        }
        assert_eq!("evidence".parse(), Ok(Origin::Folder("evidence".into())));
        let shown = "https://a.test/KEY".parse::<Origin>().unwrap().to_string();
        assert_eq!(shown, "https://a.test");
    }

    #[tokio::test]
    async fn a_folder_gives_what_has_the_hash_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: PathBuf| folder.path().join(name);
        for (number, text) in (0usize..).zip(["a", "b", "c", "d"]) {
            let file = at(names(&of(text))[number].clone());
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let library = Library::new([Origin::Folder(folder.path().to_owned())]);
        for text in ["a", "b", "c", "d"] {
            assert_eq!(library.get(&of(text)).await, Ok(text.as_bytes().to_vec()));
        }
        // One that was changed does not hide a good copy under another name.
        fs::write(at(names(&of("c"))[1].clone()), "x").unwrap();
        assert!(library.get(&of("c")).await.is_ok());
        fs::write(at(names(&of("b"))[1].clone()), "x").unwrap();
        assert!(
            library
                .get(&of("b"))
                .await
                .unwrap_err()
                .contains("is not what was stored")
        );
        assert!(
            library
                .get(&of("e"))
                .await
                .unwrap_err()
                .contains("there is no document")
        );
        // A device without an end, a link to itself, a file of gigabytes, a folder.
        let name = at(names(&of("f"))[2].clone());
        for (target, part) in [
            (Path::new("/dev/zero"), "it is not a file"),
            (name.as_path(), "cannot read"),
        ] {
            symlink(target, &name).unwrap();
            let error = library.get(&of("f")).await.unwrap_err();
            assert!(error.contains(part), "{error}");
            fs::remove_file(&name).unwrap();
        }
        let huge = File::create(&name).unwrap();
        huge.set_len(1 << 40).unwrap();
        let error = library.get(&of("f")).await.unwrap_err();
        assert!(error.contains("more than"), "{error}");
        fs::remove_file(&name).unwrap();
        fs::create_dir(&name).unwrap();
        assert!(library.get(&of("f")).await.unwrap_err().contains("it is not a file"));
    }

    /// A server that answers as `answer` does, and how often it was asked.
    fn server(answer: fn(TcpStream)) -> (Origin, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = format!("http://{}/evidence/", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let mut question = [0; 2_048];
                let _ = stream.read(&mut question);
                thread::spawn(move || answer(stream));
            }
        });
        (place.parse().unwrap(), asked)
    }

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn a_hostile_server_gives_nothing() {
        for (answer, part) in [
            (
                (|mut stream| {
                    let _ = stream.write_all(&[HEAD, b"{}"].concat());
                }) as fn(TcpStream),
                "has something else",
            ),
            (
                |mut stream| {
                    let _ = stream.write_all(HEAD);
                    while stream.write_all(&[b'x'; 1 << 16]).is_ok() {}
                },
                "more than",
            ),
            (
                |mut stream| {
                    let _ = stream.write_all(
                        b"HTTP/1.1 302 Found\r\nlocation: /evidence/other\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                    );
                },
                "302",
            ),
            (
                |mut stream| {
                    let _ =
                        stream.write_all(b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
                },
                "there is no document",
            ),
        ] {
            let (place, _) = server(answer);
            let error = Library::new([place]).get(&of("a")).await.unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[tokio::test]
    async fn who_never_answers_is_not_asked_for_every_document() {
        let (place, asked) = server(|stream| {
            thread::sleep(Duration::from_secs(30));
            drop(stream);
        });
        let library = Library::waiting([place], Duration::from_millis(100));
        for text in ["a", "b", "c", "d", "e"] {
            assert!(library.get(&of(text)).await.is_err());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn the_next_place_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(hex::encode(of("a"))), "a").unwrap();
        let (wrong, _) = server(|mut stream| {
            let _ = stream.write_all(&[HEAD, b"{}"].concat());
        });
        let library = Library::new([wrong, Origin::Folder(folder.path().to_owned())]);
        assert!(library.get(&of("a")).await.is_ok());
    }
}
