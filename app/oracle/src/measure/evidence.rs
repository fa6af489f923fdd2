//! Proof of what was seen: one document for each attested value, stored under its own hash. Of a shared KPI the chain
//! gets that hash; of a page it gets the hash of a manifest, a document that lists the others.

use {
    crate::measure::{Bound, Part, Rounding, Scope, Source, SourceError, json_guard, kpi_name, median, step},
    earnout_sdk::{
        client::{DocumentError, Documents},
        wire::Manifest,
    },
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    solana_program::pubkey::Pubkey,
    std::path::PathBuf,
    thiserror::Error,
};

/// What the store keeps.
pub trait Document: Sized {
    /// Its bytes.
    ///
    /// # Errors
    /// If it has none.
    fn to_bytes(&self) -> Result<Vec<u8>, String>;

    /// The document with these bytes.
    ///
    /// # Errors
    /// If they are another kind of document.
    fn of_bytes(bytes: &[u8]) -> Result<Self, String>;
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
    /// The step to whose nearest multiple values are rounded first, halves up.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "step::text")]
    pub round_to: Option<Decimal>,
    /// What becomes of more decimals.
    pub rounding: Rounding,
    pub scope: Scope,
    /// In the order in which they came.
    #[serde(rename = "measurements")]
    pub answers: Vec<Answer>,
}

impl Evidence {
    /// Whether each answer is to what the scope asks. When it came says nothing: the clock of a local chain is moved.
    ///
    /// # Errors
    /// What is not so.
    pub fn fits(&self) -> Result<(), String> {
        for Answer { source, parts } in &self.answers {
            let asked = source.request(&self.scope).map_err(|error| error.to_string())?;
            if let (Some(asked), [part]) = (asked, parts.as_slice())
                && part.request != asked
            {
                return Err(format!("the answer is to {}, not to {asked}", part.request));
            }
        }
        Ok(())
    }
}

impl Document for Evidence {
    fn to_bytes(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec_pretty(self).map_err(|error| error.to_string())
    }

    fn of_bytes(bytes: &[u8]) -> Result<Self, String> {
        if json_guard::is_too_large(bytes) {
            return Err(json_guard::too_large());
        }
        let document: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        match document.format == Self::FORMAT {
            true => Ok(document),
            false => Err(format!("its format is {:?}, not {}", document.format, Self::FORMAT)),
        }
    }
}

impl Document for Manifest {
    fn to_bytes(&self) -> Result<Vec<u8>, String> {
        Ok(self.to_bytes())
    }

    fn of_bytes(bytes: &[u8]) -> Result<Self, String> {
        Self::read(bytes).map_err(|error| error.to_string())
    }
}

impl Evidence {
    /// The format that is written today, and read.
    const FORMAT: &'static str = "earnout-evidence/1";

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
            round_to: bound.feed.round_to,
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
            Ok(step::rounded(
                observed.value,
                self.round_to,
                self.decimals,
                self.rounding,
            )?)
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
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("{file} is not a document of the daemon: {error}", file = .file.display())]
    Format { file: PathBuf, error: String },
}

/// The folder of all evidence.
#[derive(Clone, Debug)]
pub struct Store(Documents);

impl Store {
    /// The store in `folder`, which is made if it is not there.
    pub fn open(folder: PathBuf) -> Result<Self, EvidenceError> {
        Ok(Self(Documents::create(folder)?))
    }

    /// Stores a document and returns its hash. When this returns, the document survives a loss of power.
    pub fn put(&self, document: &impl Document) -> Result<Hash, EvidenceError> {
        Ok(self.0.put(&self.bytes(document)?)?)
    }

    /// Stores documents and returns their hashes, in their order. When this returns, they survive a loss of power.
    pub fn put_all(&self, documents: &[impl Document]) -> Result<Vec<Hash>, EvidenceError> {
        let bytes: Result<Vec<_>, _> = documents.iter().map(|document| self.bytes(document)).collect();
        Ok(self.0.put_all(&bytes?)?)
    }

    /// Stores a document that others wrote, as it is, and returns its hash.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put_foreign(&self, bytes: &[u8]) -> Result<Hash, EvidenceError> {
        Ok(self.0.put(bytes)?)
    }

    /// Whether there is a file for the document with this hash; what is in it is not looked at.
    pub fn has(&self, hash: &Hash) -> bool {
        self.0.places(hash).iter().any(|place| place.is_file())
    }

    fn bytes(&self, document: &impl Document) -> Result<Vec<u8>, EvidenceError> {
        document.to_bytes().map_err(|error| EvidenceError::Format {
            file: self.0.folder().to_owned(),
            error,
        })
    }

    /// The document with this hash.
    ///
    /// # Errors
    /// If it is missing, changed or unreadable, or of another kind.
    pub fn get<T: Document>(&self, hash: &Hash) -> Result<T, EvidenceError> {
        T::of_bytes(&self.0.get(hash)?).map_err(|error| EvidenceError::Format {
            file: self.0.file(hash),
            error,
        })
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{
            feed::testing::QUARTERS,
            sources::testing::{answer, scope},
        },
        bytemuck::Zeroable,
        earnout::state::Kpi,
        earnout_sdk::wire::Listed,
    };

    fn evidence(values: &[&str]) -> Evidence {
        evidence_of("", values)
    }

    fn evidence_of(more: &str, values: &[&str]) -> Evidence {
        let source: Source = toml::from_str("type = 'command'\ncommand = ['measure']").unwrap();
        let answers = values.iter().map(|value| Answer {
            source: source.clone(),
            parts: answer(value),
        });
        let mut terms = Kpi::zeroed();
        terms.decimals = 1;
        let bound = Bound {
            feed: &crate::measure::feed::testing::feed("mau", more),
            kpi: 2,
            terms,
            individual: true,
            calendar: QUARTERS,
        };
        Evidence::new(&bound, &scope(), answers.collect())
    }

    #[test]
    fn the_value_follows_from_what_is_stored() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("evidence")).unwrap();
        let evidence = evidence(&["62.5", "62.4", "62.6", "70"]);
        let hash = store.put(&evidence).unwrap();
        let stored: Evidence = store.get(&hash).unwrap();
        assert_eq!(stored, evidence);
        assert_eq!(stored.value().unwrap(), 625);
    }

    #[test]
    fn an_answer_is_to_what_was_asked() {
        let mut evidence = evidence(&["62.5"]);
        evidence.fits().unwrap();
        evidence.answers[0].source =
            toml::from_str("type = 'http'\nurl = 'https://a.test/{start_date}/{identity}'\npath = '$.n'").unwrap();
        let part = |evidence: &mut Evidence, request: &str| evidence.answers[0].parts[0].request = request.to_owned();
        part(&mut evidence, "GET https://a.test/2027-04-01/ann");
        evidence.fits().unwrap();
        for other in [
            "GET https://a.test/2026-04-01/ann",
            "GET https://b.test/2027-04-01/ann",
            "GET https://a.test/2027-04-01/bob",
        ] {
            part(&mut evidence, other);
            assert!(evidence.fits().unwrap_err().contains("the answer is to"), "{other}");
        }
    }

    #[test]
    fn a_step_is_part_of_the_evidence_and_rounds_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().to_owned()).unwrap();
        let evidence = evidence_of("round_to = '0.5'", &["62.7", "62.75", "62.1"]);
        let stored: Evidence = store.get(&store.put(&evidence).unwrap()).unwrap();
        assert_eq!(stored, evidence);
        assert_eq!(stored.values().unwrap(), [625, 630, 620]);
        let text = serde_json::to_string(&evidence).unwrap();
        assert!(text.contains(r#""round_to":"0.5""#), "{text}");
        for wrong in ["0", "-1", "x"] {
            let text = text.replace(r#""round_to":"0.5""#, &format!(r#""round_to":"{wrong}""#));
            assert!(serde_json::from_str::<Evidence>(&text).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_manifest_is_stored_as_evidence_is_and_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().to_owned()).unwrap();
        let mut manifest = Manifest::new(
            Pubkey::new_from_array([1; 32]),
            Pubkey::new_from_array([2; 32]),
            4,
            2,
            1,
        );
        for (grant, value, evidence) in [(64, i64::MAX, Some([7; 32])), (127, -5, None)] {
            manifest.votes.insert(grant, Listed { value, evidence });
        }
        let hash = store.put(&manifest).unwrap();
        assert_eq!(hash, manifest.hash());
        assert_eq!(store.get::<Manifest>(&hash).unwrap(), manifest);
        // One is not taken for the other.
        assert!(matches!(
            store.get::<Evidence>(&hash),
            Err(EvidenceError::Format { .. })
        ));
        let other = store.put(&evidence(&["1"])).unwrap();
        assert!(matches!(
            store.get::<Manifest>(&other),
            Err(EvidenceError::Format { .. })
        ));
    }
}
