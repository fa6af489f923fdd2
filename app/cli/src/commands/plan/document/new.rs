//! `earnout plan document new`.

use {
    crate::{
        context::{
            app::App,
            document::labels,
            reference::{PlanRef, kpi_name, plan_name},
        },
        fault::Fault,
        shown::{fields::Fields, output::write_new, text::quoted},
    },
    clap::Args,
    earnout_sdk::{
        document::{self, Content, FoundRubric, PlanDocument, Rubric},
        text::amount::count,
    },
    sha2::{Digest, Sha256},
    solana_program::pubkey::Pubkey,
    std::{
        collections::BTreeMap,
        fs,
        io::Write,
        path::{Path, PathBuf},
        str::FromStr,
    },
};

/// Write the plan document from the plan file, its rubrics and labels
///
/// The rubrics are those whose hashes the plan has on the chain: they are looked for in the plan file, the files that
/// it names, and those after --rubric. A rubric that is not text becomes a file beside the document, to be published
/// with it. An existing file is never overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan document new PLAN --plan-file plan.toml
  $ earnout plan document new PLAN --plan-file plan.toml --labels contributors.csv \\
      --description README.md --evidence 7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU=https://oracle.example/evidence")]
pub struct New {
    /// The plan: its address, or CREATOR/ID
    plan: PlanRef,
    /// The file to be written, `-` for the standard output
    #[arg(value_name = "FILE", default_value = "plan-document.json")]
    file: PathBuf,
    /// The plan file from which the plan was made
    #[arg(long, value_name = "FILE")]
    plan_file: Option<PathBuf>,
    /// A rubric of which the plan file has only the hash; may be given again
    #[arg(long, value_name = "FILE")]
    rubric: Vec<PathBuf>,
    /// Labels of contributors: a CSV file with the columns label, and beneficiary or grant
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// What the plan is about: a text file
    #[arg(long, value_name = "FILE")]
    description: Option<PathBuf>,
    /// Where an oracle publishes its evidence, each document at BASE/SHA256; may be given again
    #[arg(long, value_name = "ORACLE=BASE")]
    evidence: Vec<Base>,
}

/// Where an oracle publishes its evidence.
#[derive(Clone, Debug)]
struct Base {
    oracle: Pubkey,
    base: String,
}

impl FromStr for Base {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((oracle, base)) = text.split_once('=') else {
            return Err("expected the oracle's key, = and a URL".to_owned());
        };
        let oracle = oracle
            .parse()
            .map_err(|_| "the oracle is no address: expected 32 bytes in base58".to_owned())?;
        document::require_base(base)?;
        let base = base.to_owned();
        Ok(Self { oracle, base })
    }
}

impl New {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let found = self.rubrics()?;
        let address = self.plan.address();
        let plan = app.client()?.plan(&address).await?;
        let mut document = PlanDocument::new(address);
        let mut beside = Vec::new();
        let mut missing = Vec::new();
        for (number, kpi) in (0u8..).zip(plan.kpis()) {
            let name = kpi_name(kpi);
            let Some((file, bytes)) = found.get(&kpi.rubric_hash) else {
                missing.push(format!("{number} {}", quoted(&name)));
                continue;
            };
            let content = match (String::from_utf8(bytes.clone()), file) {
                (Ok(text), _) => Content::Text(text),
                (Err(_), Some(file)) => {
                    beside.push(file.clone());
                    Content::File(file.clone())
                }
                (Err(_), None) => return Err(Fault::new(format!("the rubric of KPI {number} is no text"))),
            };
            let sha256 = kpi.rubric_hash;
            document.rubrics.insert(number, Rubric { name, sha256, content });
        }
        if !missing.is_empty() {
            let what = format!("no text was found for the rubrics of KPIs {}", missing.join(", "));
            return Err(Fault::new(what)
                .why("none of the texts has the hash that the plan has on the chain; nothing was written")
                .advice("name the plan file with --plan-file, rubrics in other files with --rubric, byte by byte as they were"));
        }
        if let Some(file) = &self.labels {
            document.labels = labels(app, file)?;
        }
        if let Some(file) = &self.description {
            document.description = read_text("description", file)?.replace("\r\n", "\n");
        }
        document.evidence = self.evidence.iter().map(|it| (it.oracle, it.base.clone())).collect();
        if document.evidence.len() < self.evidence.len() {
            return Err(Fault::new("an oracle is named twice after --evidence").why("nothing was written"));
        }
        let bytes = document.to_bytes();
        // Whoever reads it finds nothing wrong that is not said here.
        PlanDocument::read(&bytes).map_err(|error| {
            Fault::new("this is no plan document that others could read")
                .why(error)
                .advice("nothing was written; docs/plan-document.md says what a document may have")
        })?;
        if self.file == Path::new("-") {
            return app.output().stream(|out| out.write_all(&bytes));
        }
        write_new(&self.file, &bytes)?;
        let mut facts = Fields::default();
        facts.add("plan", address.to_string());
        facts.call("plan", "plan name", &plan_name(&plan));
        facts.add("file", self.file.display().to_string());
        facts.add("SHA-256", hex::encode(Sha256::digest(&bytes)));
        facts.add("rubrics", document.rubrics.len());
        let labels = document
            .labels
            .grants
            .len()
            .saturating_add(document.labels.beneficiaries.len());
        facts.add_shown("labels", count(u64::try_from(labels).unwrap_or(u64::MAX)), labels);
        if !beside.is_empty() {
            facts.add_shown("publish beside it", beside.join(", "), &beside);
        }
        app.output().show(&facts)?;
        app.output()
            .note("Publish the file, then say where: earnout plan uri PLAN URL; earnout plan document check PLAN");
        Ok(())
    }

    /// What could be a rubric, by its hash.
    fn rubrics(&self) -> Result<BTreeMap<[u8; 32], FoundRubric>, Fault> {
        let mut found = BTreeMap::new();
        if let Some(file) = &self.plan_file {
            let text = read_text("plan file", file)?;
            let folder = file.parent().unwrap_or(Path::new(""));
            found = document::rubrics_in(&text, folder).map_err(|error| {
                Fault::new(format!("a rubric of {} cannot be read", file.display()))
                    .why(error)
                    .advice("put it where the plan file says that it is")
            })?;
        }
        for file in &self.rubric {
            let bytes = fs::read(file)
                .map_err(|error| Fault::new(format!("the rubric {} cannot be read", file.display())).why(error))?;
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
            found.insert(Sha256::digest(&bytes).into(), (name, bytes));
        }
        Ok(found)
    }
}

fn read_text(what: &str, file: &Path) -> Result<String, Fault> {
    fs::read_to_string(file)
        .map_err(|error| Fault::new(format!("the {what} {} cannot be read", file.display())).why(error))
}
