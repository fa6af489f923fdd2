//! Proof of what was seen: one document for each attested value, stored under its own hash. Of a shared KPI the chain
//! gets that hash; of a page it gets the hash of a manifest, a document that lists the others.

use {
    crate::measure::{Bound, Part, Rounding, Scope, Source, SourceError, kpi_name, median, value},
    serde::{Deserialize, Serialize, de::DeserializeOwned},
    sha2::{Digest, Sha256},
    solana_program::pubkey::Pubkey,
    std::{
        collections::BTreeSet,
        fs::{self, File, OpenOptions},
        io::{self, ErrorKind, Write},
        os::unix::fs::{DirBuilderExt, OpenOptionsExt},
        path::{Path, PathBuf},
        thread,
    },
    thiserror::Error,
};

/// Files that are waited for at the same time.
const SYNCS: usize = 16;

/// What the store keeps, as JSON.
pub trait Document: Serialize + DeserializeOwned {
    /// The format that is written today, and read.
    const FORMAT: &'static str;

    /// The format of this one.
    fn format(&self) -> &str;
}

/// What one source answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// How it was asked, without secrets and places.
    pub source: Source,
    /// Its raw answer.
    pub parts: Vec<Part>,
}

/// Everything from which an attested value follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Format of this document.
    pub format: String,
    /// Version of the daemon that wrote it.
    pub version: String,
    /// The feed, as the operator calls it.
    pub feed: String,
    #[serde(with = "crate::measure::text")]
    pub plan: Pubkey,
    /// Number of the KPI.
    pub kpi: u8,
    pub kpi_name: String,
    pub decimals: u8,
    /// What becomes of more decimals.
    pub rounding: Rounding,
    pub scope: Scope,
    /// In the order in which they came.
    #[serde(rename = "measurements")]
    pub answers: Vec<Answer>,
}

impl Document for Evidence {
    const FORMAT: &'static str = "earnout-evidence/1";

    fn format(&self) -> &str {
        &self.format
    }
}

impl Evidence {
    /// A document of this version.
    pub fn new(bound: &Bound<'_>, scope: &Scope, answers: Vec<Answer>) -> Self {
        Self {
            format: Self::FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            feed: bound.feed.id.clone(),
            plan: bound.feed.plan,
            kpi: bound.kpi,
            kpi_name: kpi_name(&bound.terms),
            decimals: bound.terms.decimals,
            rounding: bound.feed.rounding,
            scope: scope.clone(),
            answers,
        }
    }

    /// The fixed-point values that the answers hold, in their order.
    ///
    /// # Errors
    /// If an answer holds none.
    pub fn values(&self) -> Result<Vec<i64>, SourceError> {
        let value = |answer: &Answer| {
            let observed = answer.source.read(&self.scope, &answer.parts)?;
            Ok(value::to_fixed(observed.value, self.decimals, self.rounding)?)
        };
        self.answers.iter().map(value).collect()
    }

    /// The value that follows: the median, of an even number the lower of the middle two.
    ///
    /// # Errors
    /// If an answer holds no value, or there is no answer.
    pub fn value(&self) -> Result<i64, SourceError> {
        median(self.values()?).ok_or_else(|| SourceError::NoData("the evidence has no answer".to_owned()))
    }
}

/// Everything that an oracle has reported in a page. The chain keeps one evidence hash for each oracle and page, that
/// of the last upload, so each manifest repeats what the ones before it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of this document.
    pub format: String,
    /// Version of the daemon that wrote it.
    pub version: String,
    #[serde(with = "crate::measure::text")]
    pub plan: Pubkey,
    /// Number of the KPI.
    pub kpi: u8,
    /// Number of the period.
    pub period: u16,
    /// Number of the page.
    pub page: u32,
    /// In the order of the grants.
    pub votes: Vec<Listed>,
}

/// A vote in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Index of the grant.
    pub grant: u32,
    /// The value, fixed point with the KPI's decimals, as the chain gets it; text, since not every reader of JSON keeps
    /// all digits of a number.
    #[serde(with = "crate::measure::text")]
    pub value: i64,
    /// Hash of the document from which the value follows; none if another process made the vote.
    #[serde(with = "optional_hash")]
    pub evidence: Option<Hash>,
}

impl Document for Manifest {
    const FORMAT: &'static str = "earnout-manifest/1";

    fn format(&self) -> &str {
        &self.format
    }
}

impl Manifest {
    /// A manifest of this version, without votes.
    pub fn new(plan: Pubkey, kpi: u8, period: u16, page: u32) -> Self {
        Self {
            format: Self::FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            plan,
            kpi,
            period,
            page,
            votes: Vec::new(),
        }
    }

    /// What it says of a grant.
    pub fn of(&self, grant: u32) -> Option<&Listed> {
        self.votes.iter().find(|listed| listed.grant == grant)
    }
}

/// A hash in hexadecimal digits, or null.
mod optional_hash {
    use {
        super::Hash,
        serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error},
    };

    pub fn serialize<S: Serializer>(hash: &Option<Hash>, serializer: S) -> Result<S::Ok, S::Error> {
        hash.map(hex::encode).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Hash>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let mut hash = Hash::default();
        hex::decode_to_slice(&text, &mut hash).map_err(D::Error::custom)?;
        Ok(Some(hash))
    }
}

/// SHA-256 of the document's bytes.
pub type Hash = [u8; 32];

/// Why evidence cannot be kept or read.
#[derive(Debug, Error)]
pub enum EvidenceError {
    #[error("{what} {file}: {error}", file = .file.display())]
    Io {
        what: &'static str,
        file: PathBuf,
        error: io::Error,
    },
    #[error("there is no evidence with the hash {0}")]
    Missing(String),
    #[error("{file} is not what was stored: its SHA-256 is {found}", file = .file.display())]
    Changed {
        file: PathBuf,
        /// Hash of what is there.
        found: String,
    },
    #[error("{file} cannot be read: {error}", file = .file.display())]
    Format { file: PathBuf, error: String },
}

/// The folder of all evidence.
#[derive(Clone, Debug)]
pub struct Store(PathBuf);

impl Store {
    /// The store in `folder`, which is made if it is not there.
    pub fn open(folder: PathBuf) -> Result<Self, EvidenceError> {
        create(&folder)?;
        Ok(Self(folder))
    }

    /// Where the document with this hash is.
    pub fn file(&self, hash: &Hash) -> PathBuf {
        let name = hex::encode(hash);
        self.0.join(&name[..2]).join(format!("{name}.json"))
    }

    /// Stores a document and returns its hash. When this returns, the document survives a loss of power.
    pub fn put(&self, document: &impl Document) -> Result<Hash, EvidenceError> {
        let hashes = self.put_all(std::slice::from_ref(document))?;
        Ok(hashes.into_iter().next().unwrap_or_default())
    }

    /// Stores documents and returns their hashes. When this returns, they survive a loss of power: waiting for the disk
    /// once for many is what makes thousands of values quick.
    pub fn put_all(&self, documents: &[impl Document]) -> Result<Vec<Hash>, EvidenceError> {
        let mut hashes = Vec::with_capacity(documents.len());
        let mut written = Vec::new();
        for document in documents {
            let bytes = serde_json::to_vec_pretty(document).map_err(|error| EvidenceError::Format {
                file: self.0.clone(),
                error: error.to_string(),
            })?;
            let hash = sha256(&bytes);
            hashes.push(hash);
            let file = self.file(&hash);
            if file.exists() && self.bytes(&hash).is_ok() {
                continue;
            }
            create(file.parent().unwrap_or(&self.0))?;
            let unfinished = file.with_extension("json.tmp");
            let write = || -> io::Result<File> {
                let mut out = OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(&unfinished)?;
                out.write_all(&bytes)?;
                Ok(out)
            };
            let out = write().map_err(failed("cannot write", &file))?;
            written.push((out, unfinished, file));
        }
        sync(&written)?;
        let mut folders = BTreeSet::new();
        for (_, unfinished, file) in &written {
            match fs::rename(unfinished, file) {
                // The same document a second time has its place by now.
                Err(error) if error.kind() == ErrorKind::NotFound && file.exists() => {}
                renamed => renamed.map_err(failed("cannot write", file))?,
            }
            folders.extend(file.parent());
        }
        for folder in folders {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(failed("cannot write", folder))?;
        }
        Ok(hashes)
    }

    /// The document's bytes, known to have this hash.
    ///
    /// # Errors
    /// `Missing`, `Changed`, or if it cannot be read.
    pub fn bytes(&self, hash: &Hash) -> Result<Vec<u8>, EvidenceError> {
        let file = self.file(hash);
        let bytes = fs::read(&file).map_err(|error| match error.kind() {
            ErrorKind::NotFound => EvidenceError::Missing(hex::encode(hash)),
            _ => failed("cannot read", &file)(error),
        })?;
        match sha256(&bytes) {
            found if found == *hash => Ok(bytes),
            found => Err(EvidenceError::Changed {
                file,
                found: hex::encode(found),
            }),
        }
    }

    /// The document with this hash.
    ///
    /// # Errors
    /// As [`Store::bytes`], and if it is of another format.
    pub fn get<T: Document>(&self, hash: &Hash) -> Result<T, EvidenceError> {
        let bytes = self.bytes(hash)?;
        let unreadable = |error: String| EvidenceError::Format {
            file: self.file(hash),
            error,
        };
        let document: T = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        match document.format() {
            known if known == T::FORMAT => Ok(document),
            other => Err(unreadable(format!("its format is {other:?}, not {}", T::FORMAT))),
        }
    }
}

/// Waits until files are on the disk: a few at the same time, which the system then brings there together.
fn sync(written: &[(File, PathBuf, PathBuf)]) -> Result<(), EvidenceError> {
    let of_part = |part: &[(File, PathBuf, PathBuf)]| {
        part.iter()
            .try_for_each(|(out, _, file)| out.sync_all().map_err(failed("cannot write", file)))
    };
    thread::scope(|scope| {
        let parts = written.chunks(written.len().div_ceil(SYNCS).max(1));
        let waiting: Vec<_> = parts.map(|part| scope.spawn(move || of_part(part))).collect();
        waiting.into_iter().try_for_each(|part| match part.join() {
            Ok(synced) => synced,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// Makes a folder, and those that it is in, for their owner alone: values are known here before they are published.
fn create(folder: &Path) -> Result<(), EvidenceError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(failed("cannot create", folder))
}

fn failed(what: &'static str, file: &Path) -> impl FnOnce(io::Error) -> EvidenceError {
    let file = file.to_owned();
    move |error| EvidenceError::Io { what, file, error }
}

fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::{answer, scope},
        bytemuck::Zeroable,
        earnout::state::Kpi,
    };

    fn evidence(values: &[&str]) -> Evidence {
        let source: Source = toml::from_str("type = 'command'\ncommand = ['measure']").unwrap();
        let answers = values.iter().map(|value| Answer {
            source: source.clone(),
            parts: answer(value),
        });
        let mut terms = Kpi::zeroed();
        terms.decimals = 1;
        let bound = Bound {
            feed: &crate::measure::feed::testing::feed("mau", ""),
            kpi: 2,
            terms,
            individual: true,
        };
        Evidence::new(&bound, &scope(), answers.collect())
    }

    #[test]
    fn the_value_follows_from_what_is_stored() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("evidence")).unwrap();
        let evidence = evidence(&["62.5", "62.4", "62.6", "70"]);
        let hash = store.put(&evidence).unwrap();
        assert_eq!(store.put(&evidence).unwrap(), hash, "storing again changes nothing");
        let stored: Evidence = store.get(&hash).unwrap();
        assert_eq!(stored, evidence);
        assert_eq!(stored.value().unwrap(), 625);
        let file = store.file(&hash);
        for (path, expected) in [(file.as_path(), 0o600), (file.parent().unwrap(), 0o700)] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777;
            assert_eq!(mode, expected, "others cannot read {}", path.display());
        }
    }

    #[test]
    fn many_documents_are_stored_as_one_is() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().to_owned()).unwrap();
        let known = store.put(&evidence(&["2"])).unwrap();
        let documents = ["1", "2", "3", "1"].map(|value| evidence(&[value]));
        let hashes = store.put_all(&documents).unwrap();
        assert_eq!((hashes[0], hashes[1]), (hashes[3], known));
        for (hash, document) in hashes.iter().zip(&documents) {
            assert_eq!(store.get::<Evidence>(hash).unwrap(), *document);
        }
        let files = hashes.iter().map(|hash| store.file(hash));
        let folders: BTreeSet<_> = files.map(|file| file.parent().unwrap().to_owned()).collect();
        let all = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        assert_eq!(all.count(), 3, "nothing unfinished is left");
        let none: [Evidence; 0] = [];
        assert_eq!(store.put_all(&none).unwrap(), Vec::<Hash>::new());
    }

    #[test]
    fn a_changed_document_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().to_owned()).unwrap();
        let hash = store.put(&evidence(&["1"])).unwrap();
        let file = store.file(&hash);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("\"1\"", "\"2\"")).unwrap();
        assert!(matches!(
            store.get::<Evidence>(&hash),
            Err(EvidenceError::Changed { .. })
        ));
        assert_eq!(store.put(&evidence(&["1"])).unwrap(), hash, "it is written anew");
        assert!(store.get::<Evidence>(&hash).is_ok());
        fs::remove_file(&file).unwrap();
        assert!(matches!(store.get::<Evidence>(&hash), Err(EvidenceError::Missing(_))));
    }

    #[test]
    fn a_manifest_is_stored_as_evidence_is_and_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().to_owned()).unwrap();
        let mut manifest = Manifest::new(Pubkey::new_from_array([1; 32]), 4, 2, 1);
        for (grant, value, evidence) in [(64, i64::MAX, Some([7; 32])), (127, -5, None)] {
            manifest.votes.push(Listed { grant, value, evidence });
        }
        let hash = store.put(&manifest).unwrap();
        assert_eq!(store.get::<Manifest>(&hash).unwrap(), manifest);
        assert_eq!(manifest.of(127).map(|listed| listed.value), Some(-5));
        assert_eq!(manifest.of(65), None);
        let text = String::from_utf8(store.bytes(&hash).unwrap()).unwrap();
        assert!(text.contains("\"value\": \"9223372036854775807\""), "{text}");
        assert!(
            text.contains(&format!("\"evidence\": \"{}\"", "07".repeat(32))),
            "{text}"
        );
        // One is not taken for the other.
        assert!(matches!(
            store.get::<Evidence>(&hash),
            Err(EvidenceError::Format { .. })
        ));
    }
}
