//! Evidence: the documents that values name by their hashes, in a folder of this machine or from where a plan document
//! says that they lie. Nothing is fetched that nobody asked for, and nothing is kept that has not its hash.

use {
    crate::{
        context::{
            app::App,
            document::{Beside, DocumentArgs},
            reference::kpi_name,
        },
        fault::{Exit, Fault},
        shown::{
            names::Names,
            text::{either, safe},
        },
    },
    clap::Args,
    earnout::state::Plan,
    earnout_sdk::{
        client::{DocumentError, Documents, FetchError},
        document::evidence_url,
        report::statement::{Evidence, EvidenceState, Witness},
        text::amount::counted,
    },
    serde_json::{Value, json},
    solana_program::pubkey::Pubkey,
    std::{
        collections::{BTreeMap, btree_map::Entry},
        path::PathBuf,
    },
};

/// How often in a row a server may fail to answer before it is not asked any more: a plan can name thousands of
/// documents.
const PATIENCE: u8 = 2;

/// A document, and evidence, beside what a command shows of a plan's values.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    #[command(flatten)]
    beside: DocumentArgs,
    /// Look for evidence in this folder, by its SHA-256: as SHA256, SHA256.json or, by its first two digits,
    /// 2f/SHA256.json. With --document, what is not there is fetched from where the document says
    /// that it lies, and kept here if it has its hash
    #[arg(long = "evidence", value_name = "FOLDER", help_heading = "Document options")]
    folder: Option<PathBuf>,
}

impl EvidenceArgs {
    /// Reads the document that was asked for, of the plan at `address`, and says where evidence is to be looked for;
    /// none if it is not.
    ///
    /// # Errors
    /// If the document cannot be had or read.
    pub async fn load(
        &self,
        app: &App,
        address: &Pubkey,
        plan: &Plan,
    ) -> Result<(Beside, Option<EvidenceFinder>), Fault> {
        let beside = self.beside.load(app, address, plan).await?;
        if let Some(folder) = &self.folder {
            let why = match (folder.is_dir(), folder.exists(), &beside.document) {
                (true, ..) | (false, false, Some(_)) => None,
                (false, true, _) => Some("it is not a folder"),
                (false, false, None) => {
                    Some("there is nothing of this name, and without --document nothing is fetched")
                }
            };
            if let Some(why) = why {
                return Err(
                    Fault::new(format!("no evidence can be looked for in {}", folder.display()))
                        .why(why)
                        .advice("name the folder that has the documents, each called by its SHA-256"),
                );
            }
        }
        let finder = self.folder.clone().map(|folder| EvidenceFinder {
            kept: Documents::at(folder),
            bases: beside.document.as_ref().map(|loaded| loaded.document.evidence.clone()),
            silent: BTreeMap::new(),
        });
        Ok((beside, finder))
    }
}

/// Where evidence is looked for.
#[derive(Debug)]
pub struct EvidenceFinder {
    kept: Documents,
    /// Where oracles publish, as the document says; none if there is no document, and nothing is fetched.
    bases: Option<BTreeMap<Pubkey, String>>,
    /// How often in a row nobody answered, by base.
    silent: BTreeMap<String, u8>,
}

/// What became of a document of evidence.
#[derive(Clone, Debug)]
pub struct Found {
    /// The document.
    pub named: Evidence,
    /// Whether it is here.
    pub state: EvidenceState,
    /// Where it was fetched from, or was to be.
    pub url: Option<String>,
    /// Where it is kept, or why it is not.
    pub place: Result<PathBuf, String>,
}

/// What was learnt of a document by looking for it.
struct Look {
    state: EvidenceState,
    url: Option<String>,
    /// Its bytes, or why there are none.
    bytes: Result<Vec<u8>, String>,
}

/// A document that lies at `place`.
fn here(named: Evidence, url: Option<String>, place: PathBuf, bytes: Vec<u8>) -> (Found, Option<Vec<u8>>) {
    let found = Found {
        named,
        state: EvidenceState::Found,
        url,
        place: Ok(place),
    };
    (found, Some(bytes))
}

impl EvidenceFinder {
    /// Looks for all of these, for a plan.
    ///
    /// # Errors
    /// If what was found cannot be kept.
    pub async fn find_all(
        &mut self,
        app: &App,
        plan: &Plan,
        all: impl IntoIterator<Item = Evidence>,
    ) -> Result<Vec<Found>, Fault> {
        let mut found = Vec::new();
        for named in all {
            found.push(self.find(app, plan, named).await?.0);
        }
        // What one publishes is there for all who named it.
        let here = |one: &Found| Some((one.named.hash, one.place.clone().ok()?));
        let here: BTreeMap<_, _> = found.iter().filter_map(here).collect();
        for one in &mut found {
            if let Some(place) = here.get(&one.named.hash) {
                (one.state, one.place) = (EvidenceState::Found, Ok(place.clone()));
            }
        }
        Ok(found)
    }

    /// Looks for a document in the folder, and else where it is published, and keeps it. Returns its bytes, too.
    ///
    /// # Errors
    /// If it was found and cannot be kept.
    pub async fn find(&mut self, app: &App, plan: &Plan, named: Evidence) -> Result<(Found, Option<Vec<u8>>), Fault> {
        let hash = named.hash;
        let (state, why) = match self.kept.find(&hash) {
            Ok((place, bytes)) => return Ok(here(named, None, place, bytes)),
            Err(DocumentError::Missing(_)) => (EvidenceState::Missing, None),
            Err(DocumentError::Changed { found, .. }) => {
                let why = format!(
                    "DOES NOT MATCH: the folder's file has the SHA-256 {}",
                    hex::encode(found)
                );
                (EvidenceState::Differs(found), Some(why))
            }
            Err(error) => (EvidenceState::Missing, Some(error.to_string())),
        };
        let mut look = Look {
            state,
            url: None,
            bytes: Err(why.unwrap_or_else(|| self.nowhere(&named))),
        };
        for base in self.bases_of(plan, &named) {
            look = self.fetch(app, &base, &hash).await;
            if let Ok(bytes) = look.bytes {
                self.kept
                    .put(&bytes)
                    .map_err(|error| Fault::new("the evidence cannot be kept").why(error))?;
                let place = self.kept.file(&hash);
                return Ok(here(named, look.url, place, bytes));
            }
        }
        let found = Found {
            named,
            state: look.state,
            url: look.url,
            place: Err(look.bytes.err().unwrap_or_default()),
        };
        Ok((found, None))
    }

    /// Where a document can lie: at its oracle's; what a feed said, at any oracle's of the period.
    fn bases_of(&self, plan: &Plan, named: &Evidence) -> Vec<String> {
        let bases = self.bases.as_ref();
        let base = |oracle: &Pubkey| bases?.get(oracle).cloned();
        match named.witness {
            Witness::Oracle(oracle) => base(&oracle).into_iter().collect(),
            Witness::Former(_) => Vec::new(),
            Witness::Feed => {
                let mut all: Vec<_> = plan
                    .oracle_set(named.period)
                    .oracles()
                    .iter()
                    .filter_map(base)
                    .collect();
                all.sort_unstable();
                all.dedup();
                all
            }
        }
    }

    /// Why nothing is fetched.
    fn nowhere(&self, named: &Evidence) -> String {
        let why = match (&self.bases, named.witness) {
            (None, _) => "it is not in the folder, and without --document nothing is fetched",
            (Some(_), Witness::Oracle(_)) => "the document does not say where the oracle publishes",
            (Some(_), Witness::Former(_)) => "it is not known any more which oracle voted",
            (Some(_), Witness::Feed) => "the document does not say where an oracle of the period publishes",
        };
        why.to_owned()
    }

    async fn fetch(&mut self, app: &App, base: &str, hash: &[u8; 32]) -> Look {
        let url = evidence_url(base, hash);
        let silent = self.silent.entry(base.to_owned());
        if let Entry::Occupied(times) = &silent
            && *times.get() >= PATIENCE
        {
            return Look {
                state: EvidenceState::Missing,
                url: Some(url),
                bytes: Err(format!(
                    "it was not fetched: nobody answered there {PATIENCE} times in a row"
                )),
            };
        }
        let answer = app.fetch(&url, Documents::MOST_BYTES).await;
        let times = silent.or_default();
        *times = match &answer {
            Err(FetchError::Unreachable(_) | FetchError::TimedOut(_) | FetchError::Incomplete) => {
                times.saturating_add(1)
            }
            _ => 0,
        };
        let state = EvidenceState::of(hash, answer.as_deref().ok());
        let bytes = match state {
            EvidenceState::Differs(found) => Err(format!(
                "DOES NOT MATCH: what lies there has the SHA-256 {}",
                hex::encode(found)
            )),
            _ => answer.map_err(|error| error.to_string()),
        };
        Look {
            state,
            url: Some(url),
            bytes,
        }
    }
}

impl Found {
    /// Who named it, for people.
    pub fn witness_text(&self, names: &Names) -> String {
        match &self.named.witness {
            Witness::Oracle(oracle) => safe(&names.full(oracle)),
            Witness::Former(position) => format!("oracle {position} of a former set"),
            Witness::Feed => "the price feed".to_owned(),
        }
    }

    /// Where it is kept, or why it is not, for people.
    pub fn place_text(&self) -> String {
        match &self.place {
            Ok(file) => format!("matches, kept in {}", safe(&file.display().to_string())),
            Err(why) => safe(why),
        }
    }

    /// For programs.
    pub fn json(&self, plan: &Plan) -> Value {
        let named = &self.named;
        json!({
            "period": named.period,
            "kpi": named.kpi,
            "name": plan.kpis().get(usize::from(named.kpi)).map(kpi_name),
            "page": named.page,
            "oracle": match named.witness {
                Witness::Oracle(oracle) => Some(oracle.to_string()),
                Witness::Former(_) | Witness::Feed => None,
            },
            "feed": named.witness == Witness::Feed,
            "hash": hex::encode(named.hash),
            "state": self.state.to_string(),
            "url": self.url,
            "file": self.place.as_ref().ok().map(|file| file.display().to_string()),
            "why": self.place.as_ref().err(),
        })
    }
}

/// The error with which a command ends that was to find evidence and did not find all of it.
///
/// # Errors
/// If some of it is not here.
pub fn require_found(evidence: &[Found]) -> Result<(), Fault> {
    let mut missed = evidence.iter().filter_map(|one| one.place.as_ref().err());
    let Some(first) = missed.next() else {
        return Ok(());
    };
    let count = missed.count().saturating_add(1);
    let (documents, are) = (counted(evidence.len(), "document"), either(count, "is", "are"));
    Err(Fault::new(format!("{count} of {documents} of evidence {are} not here"))
        .why(first)
        .advice("ask the oracles to publish what their votes name; a value without evidence can be disputed")
        .exit(Exit::Partly)
        .after_result())
}
