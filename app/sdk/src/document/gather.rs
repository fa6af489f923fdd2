//! What a document is made from: the rubrics of a plan file, and a table of labels.

use {
    super::{Labels, require_label},
    crate::{terms::plan_file::Mistake, text::table::Table},
    solana_program::hash,
    std::{collections::BTreeMap, fs, io, path::Path},
};

/// A rubric that was found: the name of its file, if it has one, and its bytes.
pub type FoundRubric = (Option<String>, Vec<u8>);

/// The rubrics of a plan file, by their SHA-256: those that it has as texts, and those in files, relative to `folder`.
/// Of those that it only has the hash of nothing is known here.
///
/// # Errors
/// If a file cannot be read; its name stands before the system's words. What of the plan file cannot be read is left
/// out: whoever needs it misses it.
pub fn rubrics_in(plan_file: &str, folder: &Path) -> io::Result<BTreeMap<[u8; 32], FoundRubric>> {
    let mut found = BTreeMap::new();
    let plan: toml::Table = toml::from_str(plan_file).unwrap_or_default();
    let kpis = plan.get("kpi").and_then(toml::Value::as_array).into_iter().flatten();
    for part in kpis.chain(plan.get("price")) {
        let rubric = match part.get("rubric") {
            Some(toml::Value::String(text)) => (None, text.clone().into_bytes()),
            Some(rubric) => {
                let Some(file) = rubric.get("file").and_then(toml::Value::as_str) else {
                    continue;
                };
                let bytes = fs::read(folder.join(file))
                    .map_err(|error| io::Error::new(error.kind(), format!("{file}: {error}")))?;
                let name = Path::new(file).file_name();
                (name.map(|name| name.to_string_lossy().into_owned()), bytes)
            }
            None => continue,
        };
        found.insert(hash::hash(&rubric.1).to_bytes(), rubric);
    }
    Ok(found)
}

/// The labels of a table with the columns `beneficiary`, `grant` or both, and `label`; others are passed over. In a row
/// with both, the label is the grant's.
///
/// # Errors
/// Everything that is wrong with it.
pub fn labels(text: &str) -> Result<Labels, Vec<Mistake>> {
    let expected = "the columns label, and beneficiary or grant";
    let table = Table::read(text, expected).map_err(|mistake| vec![mistake])?;
    let mut mistakes = table.mistakes.clone();
    let mut wrong = |line: usize, field: &str, what: String| {
        mistakes.push(Mistake {
            line: Some(line),
            field: field.to_owned(),
            what,
        });
    };
    let mut column = |name: &str| {
        let places: Vec<_> = table.places(name).collect();
        if places.len() > 1 {
            wrong(table.line, name, "the column is there twice".to_owned());
        }
        places.first().copied()
    };
    let (beneficiary, grant, label) = (column("beneficiary"), column("grant"), column("label"));
    let (Some(label), true) = (label, beneficiary.or(grant).is_some()) else {
        wrong(table.line, "", format!("expected {expected}"));
        return Err(mistakes);
    };
    let mut labels = Labels::default();
    for record in &table.records {
        let field = |column: Option<usize>| {
            column
                .map(|column| record.field(column))
                .filter(|text| !text.is_empty())
        };
        let text = record.field(label);
        if let Err(what) = require_label(text) {
            wrong(record.line, "label", what);
            continue;
        }
        let earlier = match (field(grant), field(beneficiary)) {
            (Some(grant), _) => match grant.parse() {
                Ok(grant) => labels.grants.insert(grant, text.to_owned()),
                Err(_) => {
                    wrong(record.line, "grant", "expected the number of a grant".to_owned());
                    None
                }
            },
            (None, Some(key)) => match key.parse() {
                Ok(key) => labels.beneficiaries.insert(key, text.to_owned()),
                Err(_) => {
                    wrong(
                        record.line,
                        "beneficiary",
                        "expected an address: 32 bytes in base58".to_owned(),
                    );
                    None
                }
            },
            (None, None) => {
                wrong(
                    record.line,
                    "",
                    "it says of whom it is the label neither by beneficiary nor by grant".to_owned(),
                );
                None
            }
        };
        // Several grants can be of one beneficiary, who is called the same in every row.
        if earlier.is_some_and(|earlier| earlier != text) {
            wrong(record.line, "label", "another row gives another label".to_owned());
        }
    }
    match mistakes.is_empty() {
        true => Ok(labels),
        false => Err(mistakes),
    }
}
