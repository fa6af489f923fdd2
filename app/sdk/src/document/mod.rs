//! The plan document: what lies under a plan's `uri`, and what of it the chain confirms.
//!
//! The chain has hashes of the rubrics and of the evidence; the texts lie elsewhere, and a plan says where with its
//! `uri`. There is a JSON document that has them or leads to them; `docs/plan-document.md` describes it, and
//! `docs/plan-document.schema.json` says the same to programs. Anybody may have written it: what it says is a
//! stranger's word, apart from texts whose hash the chain has, which [`PlanDocument::check`] finds out.

mod check;
#[cfg(feature = "plan-file")]
mod gather;
mod read;
mod uri;

#[cfg(feature = "plan-file")]
pub use gather::{FoundRubric, labels, rubrics_in};
pub use {
    check::{Checked, Finding, RubricState},
    read::ReadError,
    uri::{UriError, beside, document_url, evidence_url, require_uri, unfetched},
};

use {
    crate::text::names::is_hidden,
    earnout_core::name,
    solana_program::{hash, pubkey::Pubkey},
    std::{collections::BTreeMap, fmt::Write},
};

/// A plan's document.
///
/// ```
/// use earnout_sdk::document::{PlanDocument, Rubric};
/// use solana_program::pubkey::Pubkey;
///
/// let mut document = PlanDocument::new(Pubkey::new_unique());
/// document.rubrics.insert(0, Rubric::of_text("users", "Accounts that were active in the last week.\n"));
/// assert_eq!(PlanDocument::read(&document.to_bytes()).unwrap(), document);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanDocument {
    /// The plan that it says to be of.
    pub plan: Pubkey,
    /// What the plan is about, for people.
    pub description: String,
    /// How KPIs are measured, by their numbers.
    pub rubrics: BTreeMap<u8, Rubric>,
    /// Where each oracle publishes its evidence, by its key: a document lies at `BASE/SHA256`.
    pub evidence: BTreeMap<Pubkey, String>,
    /// What contributors are called.
    pub labels: Labels,
}

/// How a KPI is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rubric {
    /// What the document calls the KPI.
    pub name: String,
    /// What the document says that the SHA-256 of the rubric is.
    pub sha256: [u8; 32],
    /// The rubric, or where it is.
    pub content: Content,
}

/// A rubric, or where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The text.
    Text(String),
    /// A file that lies beside the document, by its name or its path from there.
    File(String),
}

/// What contributors are called, by whoever wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// By address.
    pub beneficiaries: BTreeMap<Pubkey, String>,
    /// By the number of a grant.
    pub grants: BTreeMap<u32, String>,
}

impl Labels {
    /// What a grant is called: by its number, or else by its beneficiary.
    pub fn of(&self, grant: u32, beneficiary: &Pubkey) -> Option<&str> {
        let by_number = self.grants.get(&grant);
        let label = by_number.or_else(|| self.beneficiaries.get(beneficiary))?;
        Some(label.as_str())
    }

    /// Whether nobody is called anything.
    pub fn is_empty(&self) -> bool {
        self.beneficiaries.is_empty() && self.grants.is_empty()
    }
}

impl Rubric {
    /// The rubric of a KPI with this name.
    pub fn of_text(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            name: name.into(),
            sha256: hash::hash(text.as_bytes()).to_bytes(),
            content: Content::Text(text),
        }
    }
}

impl PlanDocument {
    /// What the field `format` says.
    pub const FORMAT: &'static str = "earnout-plan-document/1";
    /// Most bytes that a document may have.
    pub const MOST_BYTES: usize = 4 << 20;
    /// Most letters of the description.
    pub const MOST_DESCRIPTION: usize = 10_000;
    /// Most letters of a label, and of a KPI's name.
    pub const MOST_LABEL: usize = 64;

    /// A document that says nothing yet.
    pub fn new(plan: Pubkey) -> Self {
        Self {
            plan,
            description: String::new(),
            rubrics: BTreeMap::new(),
            evidence: BTreeMap::new(),
            labels: Labels::default(),
        }
    }

    /// The document's bytes: the same document always has the same ones. Characters that nobody sees are escaped.
    pub fn to_bytes(&self) -> Vec<u8> {
        let rubrics = self.rubrics.iter().map(|(kpi, rubric)| {
            let (field, content) = match &rubric.content {
                Content::Text(text) => ("text", text),
                Content::File(file) => ("file", file),
            };
            let (name, sha256, content) = (string(&rubric.name), hex::encode(rubric.sha256), string(content));
            format!("{{\n      \"kpi\": {kpi},\n      \"name\": {name},\n      \"sha256\": \"{sha256}\",\n      \"{field}\": {content}\n    }}")
        });
        let evidence = self.evidence.iter().map(|(oracle, base)| {
            let base = string(base);
            format!("{{ \"oracle\": \"{oracle}\", \"base\": {base} }}")
        });
        let grants = self.labels.grants.iter();
        let grants = grants.map(|(grant, label)| (format!("\"grant\": {grant}"), label));
        let beneficiaries = self.labels.beneficiaries.iter();
        let beneficiaries = beneficiaries.map(|(key, label)| (format!("\"beneficiary\": \"{key}\""), label));
        let labels = grants.chain(beneficiaries);
        let labels = labels.map(|(whose, label)| format!("{{ {whose}, \"label\": {} }}", string(label)));
        let (format, plan, description) = (Self::FORMAT, self.plan, string(&self.description));
        let (rubrics, evidence, labels) = (list(rubrics), list(evidence), list(labels));
        let text = format!(
            "{{\n  \"format\": \"{format}\",\n  \"plan\": \"{plan}\",\n  \"description\": {description},\n  \"rubrics\": \
             {rubrics},\n  \"evidence\": {evidence},\n  \"rolls\": [],\n  \"labels\": {labels}\n}}\n"
        );
        text.into_bytes()
    }

    /// Reads a document, whoever wrote it.
    ///
    /// # Errors
    /// The first thing that is wrong with it, and where.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        read::read(bytes)
    }
}

/// What is wrong with a label or a name, if anything is.
///
/// # Errors
/// In words.
pub fn require_label(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    require_short(text, PlanDocument::MOST_LABEL)?;
    name::check(text).map_err(|flaw| flaw.to_string())
}

/// What is wrong with a description, if anything is: lines and tabs are what it may have besides letters.
///
/// # Errors
/// In words.
pub fn require_description(text: &str) -> Result<(), String> {
    require_short(text, PlanDocument::MOST_DESCRIPTION)?;
    match text
        .chars()
        .find(|letter| is_hidden(*letter) && !matches!(letter, '\n' | '\t'))
    {
        None => Ok(()),
        Some(hidden) => Err(name::Flaw::Hidden(hidden).to_string()),
    }
}

/// What is wrong with the name of a file beside the document, if anything is: it may lead deeper, and nowhere else.
///
/// # Errors
/// In words.
pub fn require_file(path: &str) -> Result<(), String> {
    require_short(path, 128)?;
    let is_plain = |part: &str| {
        let letters = || part.chars();
        !part.starts_with('.')
            && !part.is_empty()
            && letters().all(|it| it.is_ascii_alphanumeric() || "._-".contains(it))
    };
    match path.split('/').all(is_plain) {
        true => Ok(()),
        false => {
            Err("it is not the name of a file beside the document, of the letters A-Z a-z 0-9 . _ - and /".to_owned())
        }
    }
}

/// What is wrong with the address under which an oracle's evidence lies, if anything is.
///
/// # Errors
/// In words.
pub fn require_base(base: &str) -> Result<(), String> {
    require_short(base, 256)?;
    if base.ends_with('/') {
        return Err("it ends with /, which is put between it and the hash anyway".to_owned());
    }
    if base.contains('?') {
        return Err("it has a query, after which no hash can stand".to_owned());
    }
    unfetched(base).map_or(Ok(()), |why| Err(why.to_owned()))
}

fn require_short(text: &str, most: usize) -> Result<(), String> {
    match text.chars().nth(most) {
        None => Ok(()),
        Some(_) => Err(format!("it has more than {most} letters")),
    }
}

/// A list of JSON with an entry in each line.
fn list(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<_> = entries.map(|entry| format!("    {entry}")).collect();
    match entries.is_empty() {
        true => "[]".to_owned(),
        false => format!("[\n{}\n  ]", entries.join(",\n")),
    }
}

/// A text as a string of JSON.
fn string(text: &str) -> String {
    let mut written = String::with_capacity(text.len().saturating_add(2));
    written.push('"');
    for letter in text.chars() {
        match letter {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\t' => written.push_str("\\t"),
            '\r' => written.push_str("\\r"),
            hidden if is_hidden(hidden) => {
                for unit in hidden.encode_utf16(&mut [0; 2]) {
                    // Memory takes everything.
                    let _ = write!(written, "\\u{unit:04x}");
                }
            }
            plain => written.push(plain),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests;
