//! Plan documents: where they are, and what of them the chain confirms. Nothing is fetched that nobody asked for.

use {
    crate::{
        context::{
            app::App,
            reference::{plan_name, plan_uri},
        },
        fault::{Exit, Fault},
        shown::{mistakes::refused, text::quoted},
    },
    clap::Args,
    earnout::state::Plan,
    earnout_sdk::{
        document::{self, Checked, Content, Labels, PlanDocument, RubricState},
        terms::plan_file::Mistakes,
    },
    serde_json::Value,
    solana_program::pubkey::Pubkey,
    std::{
        collections::BTreeMap,
        fs::{self, File},
        io::{self, Read},
        path::{Path, PathBuf},
        str::FromStr,
    },
};

/// Where a plan document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Under the plan's `uri`.
    Uri,
    /// On the web.
    Web(String),
    /// On this machine.
    File(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("expected a file, a URL, or `uri` for what lies under the plan's uri".to_owned()),
            "uri" => Ok(Self::Uri),
            url if url.contains("://") => match document::document_url(url) {
                Ok(url) => Ok(Self::Web(url)),
                Err(why) => Err(why.to_owned()),
            },
            file => Ok(Self::File(file.into())),
        }
    }
}

/// A document beside what a command shows of a plan.
#[derive(Debug, Args)]
#[command(next_help_heading = "Document options")]
pub struct DocumentArgs {
    /// The plan document: a file, a URL, or `uri` for what lies under the plan's uri. Without it nothing is fetched
    #[arg(long, value_name = "FILE|URL|uri")]
    document: Option<Place>,
    /// Labels of contributors: a CSV file with the columns label, and beneficiary or grant
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
}

/// What was asked for of it.
#[derive(Debug, Default)]
pub struct Beside {
    /// The document.
    pub document: Option<Loaded>,
    /// What contributors are called: by the file, or else by the document.
    pub labels: Labels,
}

impl DocumentArgs {
    /// Reads what was asked for, of the plan at `address`.
    ///
    /// # Errors
    /// If it cannot be had or read.
    pub async fn load(&self, app: &App, address: &Pubkey, plan: &Plan) -> Result<Beside, Fault> {
        let document = match &self.document {
            Some(place) => Some(place.load(app, address, plan).await?),
            None => None,
        };
        let labels = match (&self.labels, &document) {
            (Some(file), _) => labels(app, file)?,
            (None, Some(loaded)) => loaded.document.labels.clone(),
            (None, None) => Labels::default(),
        };
        Ok(Beside { document, labels })
    }

    /// Whether anything is asked for.
    pub fn is_empty(&self) -> bool {
        self.document.is_none() && self.labels.is_none()
    }
}

impl Beside {
    /// The error with which a command ends that has shown something by a document which does not agree with the chain.
    ///
    /// # Errors
    /// As [`Loaded::require_agreement`].
    pub fn require_agreement(&self) -> Result<(), Fault> {
        self.document.as_ref().map_or(Ok(()), Loaded::require_agreement)
    }

    /// What is known about the rubric of a KPI.
    pub fn rubric(&self, kpi: usize) -> RubricState {
        let states = self.document.as_ref().map(|loaded| &loaded.checked.rubrics);
        let state = states.and_then(|states| states.get(kpi));
        state.copied().unwrap_or(RubricState::NotLookedAt)
    }

    /// Says of each KPI of a JSON list `kpis` what is known about its rubric.
    pub fn add_rubrics(&self, value: &mut Value) {
        let kpis = value.get_mut("kpis").and_then(Value::as_array_mut);
        for (number, kpi) in kpis.into_iter().flatten().enumerate() {
            if let Some(kpi) = kpi.as_object_mut() {
                kpi.insert("rubric".to_owned(), self.rubric(number).to_string().into());
            }
        }
    }
}

/// A document that was read, is of the plan, and was compared with it.
#[derive(Debug)]
pub struct Loaded {
    /// Where it came from.
    pub source: String,
    /// What it says.
    pub document: PlanDocument,
    /// Rubrics that lie beside it, by their names in the document.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What of it the chain confirms.
    pub checked: Checked,
    /// What does not agree with the chain, and files that could not be had, in words.
    pub findings: Vec<String>,
}

impl Loaded {
    /// The text of a KPI's rubric, or what is there instead.
    pub fn rubric(&self, kpi: u8) -> Option<&[u8]> {
        match &self.document.rubrics.get(&kpi)?.content {
            Content::Text(text) => Some(text.as_bytes()),
            Content::File(file) => self.files.get(file).map(Vec::as_slice),
        }
    }

    /// The error with which a command ends that has shown a document which does not agree with the chain.
    ///
    /// # Errors
    /// If there are findings.
    pub fn require_agreement(&self) -> Result<(), Fault> {
        let Some(first) = self.findings.first() else {
            return Ok(());
        };
        let what = match self.findings.len() {
            1 => "in one point".to_owned(),
            many => format!("in {many} points"),
        };
        Err(
            Fault::new(format!("MISMATCH: the document does not agree with the chain {what}"))
                .why(first)
                .advice("do not rely on what does not match; the plan's authority publishes the document")
                .exit(Exit::Partly)
                .after_result(),
        )
    }
}

impl Place {
    /// Reads the document of the plan at `address`.
    ///
    /// # Errors
    /// If it cannot be had or read, or is of another plan.
    pub async fn load(&self, app: &App, address: &Pubkey, plan: &Plan) -> Result<Loaded, Fault> {
        let place = match self {
            Self::Uri => Self::under_uri(address, plan)?,
            place => place.clone(),
        };
        let source = match &place {
            Self::Web(url) => url.clone(),
            Self::File(file) => file.display().to_string(),
            Self::Uri => String::new(),
        };
        let bytes = place.bytes(app, None).await.map_err(|why| {
            let fault = Fault::new(format!("the plan document at {} cannot be had", quoted(&source))).why(why);
            fault.advice("name a file or another address with --document")
        })?;
        let document = PlanDocument::read(&bytes).map_err(|error| {
            Fault::new(format!("what lies at {} is no plan document", quoted(&source)))
                .why(error)
                .advice("docs/plan-document.md describes it; `earnout plan document new` makes one")
        })?;
        if document.plan != *address {
            return Err(
                Fault::new(format!("the document at {} is not of this plan", quoted(&source)))
                    .why(format!("it says to be of the plan {}", document.plan))
                    .advice(format!("this plan is {address} {}", quoted(&plan_name(plan)))),
            );
        }
        let mut files = BTreeMap::new();
        let mut missed = Vec::new();
        // No plan has more than 16 KPIs, however many rubrics a document has.
        let rubrics = document
            .rubrics
            .iter()
            .filter(|(kpi, _)| usize::from(**kpi) < plan.kpis().len());
        for (_, rubric) in rubrics {
            let Content::File(file) = &rubric.content else {
                continue;
            };
            match place.bytes(app, Some(file)).await {
                Ok(bytes) => drop(files.insert(file.clone(), bytes)),
                Err(why) => missed.push(format!("the file {file} cannot be had: {why}")),
            }
        }
        let checked = document.check(address, plan, &files);
        let findings = checked.findings.iter().map(ToString::to_string).chain(missed);
        Ok(Loaded {
            source,
            findings: findings.collect(),
            document,
            files,
            checked,
        })
    }

    fn under_uri(address: &Pubkey, plan: &Plan) -> Result<Self, Fault> {
        let uri = plan_uri(plan);
        if uri.is_empty() {
            return Err(
                Fault::new(format!("the plan {address} says of no place where its documents are"))
                    .advice("name a file or a URL with --document; its authority says it with `earnout plan uri`"),
            );
        }
        match document::document_url(&uri) {
            Ok(url) => Ok(Self::Web(url)),
            Err(why) => Err(Fault::new(format!(
                "the plan's documents are at {}, which is not fetched",
                quoted(&uri)
            ))
            .why(why)
            .advice("get the document in another way, and name its file with --document")),
        }
    }

    /// The document, or the file beside it.
    async fn bytes(&self, app: &App, file: Option<&str>) -> Result<Vec<u8>, String> {
        let most = PlanDocument::MOST_BYTES;
        match self {
            Self::Web(url) => {
                let url = match file {
                    Some(file) => document::beside(url, file),
                    None => url.clone(),
                };
                app.fetch(&url, most).await.map_err(|error| error.to_string())
            }
            Self::File(path) => {
                let path = match file {
                    Some(file) => path.parent().unwrap_or(Path::new("")).join(file),
                    None => path.clone(),
                };
                read(&path, most)
            }
            Self::Uri => Err("nobody has said where it is".to_owned()),
        }
    }
}

/// The labels of a CSV file.
///
/// # Errors
/// If it cannot be read, or has mistakes, which are shown.
pub fn labels(app: &App, file: &Path) -> Result<Labels, Fault> {
    let text = fs::read_to_string(file)
        .map_err(|error| Fault::new(format!("the labels in {} cannot be read", file.display())).why(error))?;
    document::labels(&text).map_err(|mistakes| {
        let file = file.to_owned();
        refused(app.output(), Mistakes { file, mistakes })
    })
}

/// A file's bytes, if there are no more than `most`.
fn read(path: &Path, most: usize) -> Result<Vec<u8>, String> {
    let more = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(more).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| error.to_string())?;
    match bytes.len() > most {
        true => Err(format!("it has more than {most} bytes")),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_a_file_a_url_or_what_the_plan_says() {
        assert_eq!("uri".parse(), Ok(Place::Uri));
        assert_eq!("./uri".parse(), Ok(Place::File("./uri".into())));
        let url = "https://example.org/a.json".to_owned();
        assert_eq!(url.parse(), Ok(Place::Web(url.clone())));
        let folder = Place::Web("https://example.org/a/plan-document.json".to_owned());
        assert_eq!("https://example.org/a/".parse(), Ok(folder));
        for wrong in ["", "file:///etc/passwd", "ftp://a.example", "https://u:p@a.example/"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_not_read_further_than_a_document_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        fs::write(&file, "12345").expect("written");
        assert_eq!(read(&file, 5), Ok(b"12345".to_vec()));
        assert_eq!(read(&file, 4), Err("it has more than 4 bytes".to_owned()));
        if cfg!(target_os = "linux") {
            assert!(read(Path::new("/dev/zero"), 1_000).is_err());
        }
    }

    #[test]
    fn a_rubric_is_not_looked_at_without_a_document() {
        let mut value = serde_json::json!({ "kpis": [{ "kpi": 0 }] });
        Beside::default().add_rubrics(&mut value);
        assert_eq!(value["kpis"][0]["rubric"], "not looked at");
    }
}
