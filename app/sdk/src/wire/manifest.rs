//! What the evidence hash of a page stands for: a document that lists all that an oracle reported there.

use {
    earnout::{constants::NO_VALUE, state::place},
    serde_json::Value,
    solana_program::{hash, pubkey::Pubkey},
    std::{collections::BTreeMap, str::FromStr},
    thiserror::Error,
};

/// Everything that an oracle has reported in a page. The chain keeps one evidence hash for each oracle and page, that
/// of the last upload, so each manifest repeats what the ones before it said.
///
/// The same votes give the same bytes whoever writes them: `docs/oracle.md#evidence` lists the fields.
///
/// ```
/// use earnout_sdk::wire::{Listed, Manifest};
/// use solana_program::pubkey::Pubkey;
///
/// let mut manifest = Manifest::new(Pubkey::new_unique(), Pubkey::new_unique(), 4, 0, 1);
/// manifest.votes.insert(64, Listed { value: 3, evidence: Some([7; 32]) });
/// assert_eq!(Manifest::read(&manifest.to_bytes()).unwrap(), manifest);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Address of the plan.
    pub plan: Pubkey,
    /// Who reported.
    pub oracle: Pubkey,
    /// Number of the KPI.
    pub kpi: u8,
    /// Number of the period.
    pub period: u16,
    /// Number of the page.
    pub page: u32,
    /// By the index of the grant.
    pub votes: BTreeMap<u32, Listed>,
}

/// A vote in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The value, fixed point with the KPI's decimals, as the chain has it.
    pub value: i64,
    /// SHA-256 of the document from which the value follows; none if none is named.
    pub evidence: Option<[u8; 32]>,
}

/// Why bytes are not a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// They are no JSON.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// They are a document of another kind.
    #[error("its format is not {}", Manifest::FORMAT)]
    Format,
    /// A field is missing, or is none of a manifest.
    #[error("its field {0} is missing or wrong")]
    Field(&'static str),
    /// A grant is of another page.
    #[error("grant {grant} is not in page {page}")]
    Grant {
        /// Index of the grant.
        grant: u64,
        /// Number of the page.
        page: u32,
    },
    /// It says something in another way than manifests do, or more than they do.
    #[error("its bytes are not those that a manifest of these votes has")]
    NotCanonical,
}

impl Manifest {
    /// What the field `format` says.
    pub const FORMAT: &'static str = "earnout-manifest/1";

    /// A manifest without votes.
    pub fn new(plan: Pubkey, oracle: Pubkey, kpi: u8, period: u16, page: u32) -> Self {
        Self {
            plan,
            oracle,
            kpi,
            period,
            page,
            votes: BTreeMap::new(),
        }
    }

    /// The document's bytes: JSON of exactly one form, for the chain has their hash.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self {
            plan,
            oracle,
            kpi,
            period,
            page,
            votes,
        } = self;
        let format = Self::FORMAT;
        let votes: Vec<_> = votes.iter().map(|(grant, listed)| listed.written(*grant)).collect();
        let votes = match votes.is_empty() {
            true => "[]".to_owned(),
            false => format!("[\n{}\n  ]", votes.join(",\n")),
        };
        let text = format!(
            "{{\n  \"format\": \"{format}\",\n  \"plan\": \"{plan}\",\n  \"oracle\": \"{oracle}\",\n  \"kpi\": {kpi},\n  \
             \"period\": {period},\n  \"page\": {page},\n  \"votes\": {votes}\n}}"
        );
        text.into_bytes()
    }

    /// SHA-256 of its bytes.
    pub fn hash(&self) -> [u8; 32] {
        hash::hash(&self.to_bytes()).to_bytes()
    }

    /// Reads a manifest, whoever wrote it.
    ///
    /// # Errors
    /// If the bytes are not exactly those that [`Manifest::to_bytes`] gives.
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        let json: Value = serde_json::from_slice(bytes).map_err(|error| ManifestError::Json(error.to_string()))?;
        if json["format"] != Self::FORMAT {
            return Err(ManifestError::Format);
        }
        let page = number(&json, "page")?;
        let mut manifest = Self::new(
            text(&json, "plan")?,
            text(&json, "oracle")?,
            number(&json, "kpi")?,
            number(&json, "period")?,
            page,
        );
        for vote in json["votes"].as_array().ok_or(ManifestError::Field("votes"))? {
            let grant: u32 = number(vote, "grant")?;
            if place(grant).0 != page {
                let grant = grant.into();
                return Err(ManifestError::Grant { grant, page });
            }
            let value = text(vote, "value")?;
            let evidence = match &vote["evidence"] {
                Value::Null => None,
                hash => Some(digest(hash).ok_or(ManifestError::Field("evidence"))?),
            };
            if value == NO_VALUE {
                return Err(ManifestError::Field("value"));
            }
            manifest.votes.insert(grant, Listed { value, evidence });
        }
        // What was read may have been in another order, twice, or beside something else.
        match manifest.to_bytes() == bytes {
            true => Ok(manifest),
            false => Err(ManifestError::NotCanonical),
        }
    }
}

impl Listed {
    fn written(&self, grant: u32) -> String {
        let evidence = self
            .evidence
            .map_or_else(|| "null".to_owned(), |hash| format!("\"{}\"", hex::encode(hash)));
        format!(
            "    {{\n      \"grant\": {grant},\n      \"value\": \"{}\",\n      \"evidence\": {evidence}\n    }}",
            self.value
        )
    }
}

fn number<T: TryFrom<u64>>(json: &Value, field: &'static str) -> Result<T, ManifestError> {
    let number = json[field].as_u64().and_then(|number| number.try_into().ok());
    number.ok_or(ManifestError::Field(field))
}

fn text<T: FromStr>(json: &Value, field: &'static str) -> Result<T, ManifestError> {
    let value = json[field].as_str().and_then(|text| text.parse().ok());
    value.ok_or(ManifestError::Field(field))
}

fn digest(json: &Value) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(json.as_str()?, &mut digest).ok()?;
    Some(digest)
}
