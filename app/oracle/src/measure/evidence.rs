//! Proof of what was seen: one document for each attested value, stored under its own hash, which is what the chain
//! gets.

use {
    crate::measure::{Bound, Part, Rounding, Scope, Source, SourceError, kpi_name, median, value},
    serde::{Deserialize, Serialize},
    sha2::{Digest, Sha256},
    solana_program::pubkey::Pubkey,
    std::{
        fs::{self, File, OpenOptions},
        io::{self, ErrorKind, Write},
        os::unix::fs::{DirBuilderExt, OpenOptionsExt},
        path::{Path, PathBuf},
    },
    thiserror::Error,
};

/// The format of the documents written today.
const FORMAT: &str = "earnout-evidence/1";

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

impl Evidence {
    /// A document of this version.
    pub fn new(bound: &Bound<'_>, scope: &Scope, answers: Vec<Answer>) -> Self {
        Self {
            format: FORMAT.to_owned(),
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
    pub fn put(&self, evidence: &Evidence) -> Result<Hash, EvidenceError> {
        let bytes = serde_json::to_vec_pretty(evidence).map_err(|error| EvidenceError::Format {
            file: self.0.clone(),
            error: error.to_string(),
        })?;
        let hash = sha256(&bytes);
        let file = self.file(&hash);
        if file.exists() && self.bytes(&hash).is_ok() {
            return Ok(hash);
        }
        let folder = file.parent().unwrap_or(&self.0);
        create(folder)?;
        let unfinished = file.with_extension("json.tmp");
        let write = || -> io::Result<()> {
            let mut out = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&unfinished)?;
            out.write_all(&bytes)?;
            out.sync_all()?;
            fs::rename(&unfinished, &file)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(failed("cannot write", &file))?;
        Ok(hash)
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
    pub fn get(&self, hash: &Hash) -> Result<Evidence, EvidenceError> {
        let bytes = self.bytes(hash)?;
        let unreadable = |error: String| EvidenceError::Format {
            file: self.file(hash),
            error,
        };
        let evidence: Evidence = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        match evidence.format.as_str() {
            FORMAT => Ok(evidence),
            other => Err(unreadable(format!(
                "its format is {other}, this version reads {FORMAT}"
            ))),
        }
    }
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
        let stored = store.get(&hash).unwrap();
        assert_eq!(stored, evidence);
        assert_eq!(stored.value().unwrap(), 625);
        let file = store.file(&hash);
        for (path, expected) in [(file.as_path(), 0o600), (file.parent().unwrap(), 0o700)] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777;
            assert_eq!(mode, expected, "others cannot read {}", path.display());
        }
    }

    #[test]
    fn a_changed_document_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().to_owned()).unwrap();
        let hash = store.put(&evidence(&["1"])).unwrap();
        let file = store.file(&hash);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("\"1\"", "\"2\"")).unwrap();
        assert!(matches!(store.get(&hash), Err(EvidenceError::Changed { .. })));
        assert_eq!(store.put(&evidence(&["1"])).unwrap(), hash, "it is written anew");
        assert!(store.get(&hash).is_ok());
        fs::remove_file(&file).unwrap();
        assert!(matches!(store.get(&hash), Err(EvidenceError::Missing(_))));
    }
}
