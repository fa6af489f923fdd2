//! `[[kpi]]`, and what the price has in common with it.

use {
    super::{
        feed,
        mistake::Notes,
        parts::{HASH_DIGITS, as_number, digits, sound},
        section::{Found, Section, whole},
    },
    crate::{terms, text::amount},
    earnout::{
        constants::MAX_KPI_DECIMALS,
        state::{CurvePoint, Interpolation, Kpi, KpiArgs, Scope},
    },
    sha2::{Digest, Sha256},
    std::{fs, path::Path},
    toml::de::DeValue,
};

/// How a curve is read between its points, by name.
pub const INTERPOLATIONS: [(&str, Interpolation); 2] =
    [("linear", Interpolation::Linear), ("step", Interpolation::Step)];
/// Whose value a KPI measures, by name.
pub const SCOPES: [(&str, Scope); 2] = [("shared", Scope::Shared), ("individual", Scope::Individual)];

/// A KPI as far as it could be read: names for what refers to it, and all of it if nothing is wrong.
pub(super) struct ReadKpi {
    pub name: Option<String>,
    pub args: Option<KpiArgs>,
    /// Whether it is the plan's price, on which no grant has weight.
    pub is_price: bool,
    /// Where it stands, and what messages call it.
    pub at: usize,
    pub header: String,
}

/// Reads one KPI. Rubric files lie relative to `folder`; `attest_secs` is how long the oracles report, if it is right.
pub(super) fn read(mut table: Section, folder: &Path, attest_secs: Option<u32>, notes: &mut Notes) -> ReadKpi {
    let before = notes.len();
    let name = table.required("name").and_then(|found| found.text(notes));
    let unit = table.required("unit").and_then(|found| found.text(notes));
    let decimals = table
        .required("decimals")
        .and_then(|found| found.number(notes, u8::MAX));
    let scope = table.required("scope").and_then(|found| found.word(notes, &SCOPES));
    // Values mean nothing without their decimals.
    let in_range = decimals.as_ref().map(|found: &Found<u8>| found.value);
    let in_range = in_range.filter(|decimals| *decimals <= MAX_KPI_DECIMALS);
    let range = table
        .table(notes, "range")
        .and_then(|range| ends(range, in_range, notes));
    let interpolation = table.required("interpolation");
    let interpolation = interpolation.and_then(|found| found.word(notes, &INTERPOLATIONS));
    let points = table.required("curve").and_then(|found| curve(found, in_range, notes));
    let default_score = table.required("default_score");
    let default_score = default_score.and_then(|found| found.share(notes, u16::MAX));
    let rubric = table.required("rubric").and_then(|found| rubric(found, folder, notes));
    let feed = table.optional("feed");
    if let Some(feed) = feed
        .as_ref()
        .filter(|_| scope.is_some_and(|scope| scope != Scope::Shared))
    {
        feed.wrong(notes, "expected no feed: only a shared KPI has one");
    }
    let feed = feed.map(|found| feed::read(found, attest_secs, notes));
    let (at, header) = (table.at, table.name.clone());
    table.finish(notes);

    let name = name.map(|name| name.value.to_owned());
    if let Some(what) = name.as_deref().and_then(as_number) {
        notes.add(at, format!("{header} name"), what);
    }
    // What could be read is checked by the program one by one, with the rest as it should be: so that every mistake is
    // found, and none twice.
    let sound = sound();
    let called = name.as_deref().unwrap_or_default();
    let mut check = |field: &str, args: KpiArgs| {
        if let Err(error) = Kpi::new(&args) {
            let what = format!("the KPI {called:?} is not possible: {}", terms::message(&error));
            notes.add(at, format!("{header} {field}"), what);
        }
    };
    if let Some(name) = &name {
        let name = name.clone();
        check("name", KpiArgs { name, ..sound.clone() });
    }
    if let Some(unit) = &unit {
        let unit = unit.value.to_owned();
        check("unit", KpiArgs { unit, ..sound.clone() });
    }
    if let Some(decimals) = &decimals {
        let decimals = decimals.value;
        check(
            "decimals",
            KpiArgs {
                decimals,
                ..sound.clone()
            },
        );
    }
    if let Some((range_min, range_max)) = range {
        let args = KpiArgs {
            range_min,
            range_max,
            ..sound.clone()
        };
        check("range", args);
    }
    if let Some(points) = &points {
        let points = points.clone();
        check(
            "curve",
            KpiArgs {
                points,
                ..sound.clone()
            },
        );
    }
    if let Some(default_score) = &default_score {
        let default_score = default_score.value;
        check("default_score", KpiArgs { default_score, ..sound });
    }
    let args = (|| {
        let (range_min, range_max) = range?;
        Some(KpiArgs {
            name: name.clone()?,
            unit: unit?.value.to_owned(),
            rubric_hash: rubric?,
            decimals: decimals?.value,
            scope: scope?,
            range_min,
            range_max,
            interpolation: interpolation?,
            points: points?,
            default_score: default_score?.value,
            default_price: None,
            feed: feed.flatten(),
        })
    })();
    ReadKpi {
        name,
        args: args.filter(|_| notes.len() == before),
        is_price: false,
        at,
        header,
    }
}

pub(super) fn ends(mut table: Section, decimals: Option<u8>, notes: &mut Notes) -> Option<(i64, i64)> {
    let min = table.required("min").and_then(|found| value(found, decimals, notes));
    let max = table.required("max").and_then(|found| value(found, decimals, notes));
    table.finish(notes);
    Some((min?, max?))
}

fn curve(found: Found<&DeValue>, decimals: Option<u8>, notes: &mut Notes) -> Option<Vec<CurvePoint>> {
    let mut points = Vec::new();
    let mut complete = true;
    for point in found.list(notes, "points like { value = 80, score = 10_000 }")? {
        let Some(table) = point.value.as_table() else {
            point.wrong(notes, "expected a point like { value = 80, score = 10_000 }");
            complete = false;
            continue;
        };
        let mut table = Section::new(&point.field, point.at, table);
        let value = table.required("value").and_then(|found| value(found, decimals, notes));
        let score = table.required("score").and_then(|found| found.share(notes, u16::MAX));
        table.finish(notes);
        match (value, score) {
            (Some(value), Some(Found { value: score, .. })) => points.push(CurvePoint { value, score }),
            _ => complete = false,
        }
    }
    complete.then_some(points)
}

/// A whole number, or a decimal one as text so that it is exact. Nothing is read, nor noted, without `decimals`.
pub(super) fn value(found: Found<&DeValue>, decimals: Option<u8>, notes: &mut Notes) -> Option<i64> {
    let text = match (whole(found.value), found.value.as_str()) {
        (Some(whole), _) => whole.to_string(),
        (None, Some(text)) => text.to_owned(),
        (None, None) => {
            found.wrong(notes, "expected a whole number, or a decimal one in quotation marks");
            return None;
        }
    };
    let decimals = decimals?;
    match amount::parse_value(&text, decimals) {
        Ok(value) => Some(value),
        Err(error @ (amount::AmountError::TooLarge | amount::AmountError::BadGroups)) => {
            found.wrong(notes, format!("{text:?} {error}"));
            None
        }
        Err(_) => {
            found.wrong(
                notes,
                format!(
                    "expected a number with at most {}",
                    amount::counted(decimals, "decimal")
                ),
            );
            None
        }
    }
}

/// The SHA-256 of a text, of a file, or itself.
pub(super) fn rubric(found: Found<&DeValue>, folder: &Path, notes: &mut Notes) -> Option<[u8; 32]> {
    if let Some(text) = found.value.as_str() {
        if text.trim().is_empty() {
            found.wrong(notes, "the rubric is empty; expected how the value is measured");
            return None;
        }
        return Some(Sha256::digest(text).into());
    }
    let Some(table) = found.value.as_table() else {
        let expected = "expected a text, { file = \"rubric.md\" }, or { sha256 = \"…\" }";
        found.wrong(notes, expected);
        return None;
    };
    let mut table = Section::new(&found.field, found.at, table);
    let file = table.optional("file");
    let hash = table.optional("sha256");
    table.finish(notes);
    match (file, hash) {
        (Some(file), None) => {
            let file = file.text(notes)?;
            match fs::read(folder.join(file.value)) {
                Ok(bytes) => Some(Sha256::digest(bytes).into()),
                Err(error) => {
                    file.wrong(notes, format!("{:?} cannot be read: {error}", file.value));
                    None
                }
            }
        }
        (None, Some(hash)) => {
            let hash = hash.text(notes)?;
            let read = digits(hash.value);
            if read.is_none() {
                hash.wrong(notes, format!("expected {HASH_DIGITS} hexadecimal digits"));
            }
            read
        }
        (Some(file), Some(_)) => {
            file.wrong(notes, "expected either file or sha256, not both");
            None
        }
        // An unknown field was noted already, and stands for the one that is missing.
        (None, None) if !found.value.as_table().is_some_and(|table| table.is_empty()) => None,
        (None, None) => {
            found.wrong(notes, "expected { file = \"rubric.md\" }, or { sha256 = \"…\" }");
            None
        }
    }
}
