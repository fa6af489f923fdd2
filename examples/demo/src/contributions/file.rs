//! Reading a contribution record.

use {
    crate::quarter::Quarter,
    earnout::constants::MAX_PERIODS,
    earnout_sdk::{
        terms::plan_file::{Mistakes, line_of, read_text},
        text::table::{Record, Table},
    },
    sha2::{Digest, Sha256},
    std::{
        collections::{BTreeMap, btree_map::Entry},
        path::Path,
    },
};

/// The columns that are measured: each is a KPI.
pub const MEASURES: [&str; 3] = ["commits", "test_files_changed", "doc_files_changed"];

const QUARTER: &str = "quarter";
const CONTRIBUTOR: &str = "contributor";
const EXPECTED: &str = "quarter, contributor, commits, test_files_changed and doc_files_changed";

/// Who contributed what in which quarter.
pub struct Contributions {
    /// From the earliest quarter of the record to the latest, those without a row included.
    pub quarters: Vec<Quarter>,
    /// In ascending order.
    pub contributors: Vec<String>,
    /// By contributor and period.
    rows: BTreeMap<(usize, u16), Row>,
}

/// What a contributor did in a quarter.
struct Row {
    /// In the order of [`MEASURES`].
    values: [u32; 3],
    /// SHA-256 of the row's bytes in the file, without the line ending.
    evidence: [u8; 32],
    line: usize,
}

/// Positions of the columns in the file.
struct Columns {
    quarter: usize,
    contributor: usize,
    measures: [usize; 3],
}

impl Contributions {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self, Mistakes> {
        let text = read_text(file)?;
        let fault = |line, what| Mistakes::of_line(file, line, what);
        let one = |mistake| Mistakes {
            file: file.to_path_buf(),
            mistakes: vec![mistake],
        };
        let table = Table::read(&text, &format!("a header with the columns {EXPECTED}")).map_err(one)?;
        let columns = Columns::find(&table).map_err(|what| fault(table.line, what))?;
        if let Some(mistake) = table.mistakes.into_iter().next() {
            return Err(one(mistake));
        }

        let mut rows: BTreeMap<(String, Quarter), Row> = BTreeMap::new();
        for record in &table.records {
            let line = record.line;
            let (quarter, contributor, row) = columns.row(record).map_err(|what| fault(line, what))?;
            match rows.entry((contributor, quarter)) {
                Entry::Vacant(entry) => {
                    entry.insert(row);
                }
                Entry::Occupied(entry) => {
                    let (contributor, quarter) = entry.key();
                    let first = entry.get().line;
                    let what = format!(
                        "{contributor:?} already has a row for {quarter}, in line {first}; expected one row for each \
                         contributor and quarter"
                    );
                    return Err(fault(line, what));
                }
            }
        }
        Self::arrange(rows)
            .map_err(|(at, what)| fault(at.unwrap_or_else(|| line_of(text.as_bytes(), text.len())), what))
    }

    /// Gives contributors and quarters their numbers. On failure, the line at fault if one is.
    fn arrange(rows: BTreeMap<(String, Quarter), Row>) -> Result<Self, (Option<usize>, String)> {
        let earliest = rows.keys().map(|(_, quarter)| *quarter).min();
        let latest = rows.iter().max_by_key(|((_, quarter), _)| *quarter);
        let (Some(first), Some(((_, last), row))) = (earliest, latest) else {
            let what = "there is no row after the header; expected one for each contributor and quarter";
            return Err((None, what.to_owned()));
        };
        let quarters = first.up_to(*last);
        if quarters.len() > usize::from(MAX_PERIODS) {
            let count = quarters.len();
            let what = format!("from {first} to {last} there are {count} quarters; expected at most {MAX_PERIODS}");
            return Err((Some(row.line), what));
        }
        let mut contributors: Vec<String> = Vec::new();
        let mut numbered = BTreeMap::new();
        for ((contributor, quarter), row) in rows {
            if contributors.last() != Some(&contributor) {
                contributors.push(contributor);
            }
            let index = contributors.len().saturating_sub(1);
            numbered.insert((index, quarter.since(first)), row);
        }
        Ok(Self {
            quarters,
            contributors,
            rows: numbered,
        })
    }

    /// The values of a contributor in a period, and their evidence; zeros without a row.
    pub fn of(&self, contributor: usize, period: u16) -> ([u32; 3], [u8; 32]) {
        match self.rows.get(&(contributor, period)) {
            Some(row) => (row.values, row.evidence),
            None => ([0; 3], Sha256::digest("no row").into()),
        }
    }
}

impl Columns {
    fn find(table: &Table) -> Result<Self, String> {
        let find = |name: &str| {
            let mut found = table.places(name);
            match (found.next(), found.next()) {
                (Some(place), None) => Ok(place),
                (None, _) => Err(format!(
                    "the column {name} is missing; expected a header with {EXPECTED}"
                )),
                (_, Some(_)) => Err(format!(
                    "the column {name} stands twice in the header; expected it once"
                )),
            }
        };
        let [commits, tests, docs] = MEASURES;
        Ok(Self {
            quarter: find(QUARTER)?,
            contributor: find(CONTRIBUTOR)?,
            measures: [find(commits)?, find(tests)?, find(docs)?],
        })
    }

    fn row(&self, record: &Record) -> Result<(Quarter, String, Row), String> {
        let field = |column: usize| record.field(column);
        let quarter = field(self.quarter);
        let quarter = Quarter::parse(quarter)
            .ok_or_else(|| format!("quarter is {quarter:?}; expected a year and a quarter, like 2024-Q1"))?;
        let contributor = field(self.contributor);
        if contributor.is_empty() {
            return Err("contributor is empty; expected an identifier".to_owned());
        }
        let mut values = [0; 3];
        for ((value, name), column) in values.iter_mut().zip(MEASURES).zip(self.measures) {
            *value = whole_number(field(column)).map_err(|what| format!("{name} is {what}"))?;
        }
        let row = Row {
            values,
            evidence: Sha256::digest(record.text).into(),
            line: record.line,
        };
        Ok((quarter, contributor.to_owned(), row))
    }
}

/// A number from 0 to 4,294,967,295.
fn whole_number(text: &str) -> Result<u32, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{text:?}; expected a whole number that is not negative"));
    }
    text.parse()
        .map_err(|_| format!("{text:?}; expected a number of at most {}", u32::MAX))
}
