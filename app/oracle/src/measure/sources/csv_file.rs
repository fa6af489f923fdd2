//! A CSV file on this machine.

use {
    super::{LARGEST_ANSWER, Observation, Part, SourceError, ambiguous, moment, no_data, only, unexpected},
    crate::measure::{Scope, fill, value},
    earnout_sdk::text::names::is_hidden,
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    std::{collections::BTreeMap, fs, path::PathBuf},
};

/// What is made of the rows that match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// There has to be exactly one.
    #[default]
    Only,
    /// Their sum; at least one is needed.
    Sum,
    /// Their number, which may be 0.
    Count,
    /// The last one in the file.
    Last,
}

/// A column of a file with a header line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsvFile {
    /// The file. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub file: Option<PathBuf>,
    /// The column with the value.
    pub column: String,
    /// Only rows with these texts in these columns, with placeholders.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub matching: BTreeMap<String, String>,
    /// Only rows whose time in this column is within the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_column: Option<String>,
    /// What is made of several rows.
    #[serde(default)]
    pub aggregate: Aggregate,
}

impl CsvFile {
    pub(super) fn fetch(&self, _scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let file = self.file.as_ref().ok_or_else(|| unexpected("no file is configured"))?;
        let io = |error| SourceError::Io {
            what: format!("cannot read {}", file.display()),
            error,
        };
        let before = fs::metadata(file).map_err(io)?;
        if before.len() > u64::try_from(LARGEST_ANSWER).unwrap_or(u64::MAX) {
            return Err(SourceError::TooLong);
        }
        let bytes = fs::read(file).map_err(io)?;
        let after = fs::metadata(file).map_err(io)?;
        let modified = after.modified().map_err(io)?;
        if before.modified().map_err(io)? != modified || u64::try_from(bytes.len()) != Ok(after.len()) {
            return Err(unexpected(format!("{} was written while it was read", file.display())));
        }
        let modified_at = jiff::Timestamp::try_from(modified).ok().map(|time| time.as_second());
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(vec![Part {
            modified_at,
            ..Part::new(name, bytes)
        }])
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let part = only(parts)?;
        let matching: Vec<(&str, String)> = self
            .matching
            .iter()
            .map(|(column, text)| Ok((column.as_str(), fill(text, scope)?)))
            .collect::<Result<_, SourceError>>()?;
        let text = part.body.text()?;
        // The reader would take everything behind a quote that is never closed as one field.
        if !text.matches('"').count().is_multiple_of(2) {
            return Err(unexpected(
                "the file has an odd number of quotes: one is not closed, or the file was cut short",
            ));
        }
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let wrong = |error: csv::Error| unexpected(format!("the file is not CSV: {error}"));
        let header = reader.headers().map_err(wrong)?.clone();
        let position = |name: &str| {
            let mut found = header.iter().enumerate().filter(|(_, column)| column.trim() == name);
            match (found.next(), found.next()) {
                (Some((position, _)), None) => Ok(position),
                (None, _) => Err(unexpected(format!("the file has no column {name:?}"))),
                (Some(_), Some(_)) => Err(ambiguous(format!("the file has two columns {name:?}"))),
            }
        };
        let column = position(&self.column)?;
        let time = self.time_column.as_deref().map(position).transpose()?;
        let conditions: Vec<(usize, String)> = matching
            .into_iter()
            .map(|(name, text)| Ok((position(name)?, text)))
            .collect::<Result<_, SourceError>>()?;
        let mut rows: Vec<String> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            // Spreadsheets leave rows of separators behind; they are not rows.
            if record.iter().all(is_blank) {
                continue;
            }
            let field = |position: usize| record.get(position).unwrap_or_default().trim();
            let mut counts = conditions.iter().all(|(position, text)| field(*position) == text);
            if let (true, Some(time)) = (counts, time) {
                counts = (scope.start..scope.end).contains(&moment(field(time))?);
            }
            if counts && is_blank(field(column)) {
                let line = record.position().map_or(0, csv::Position::line);
                return Err(no_data(format!("line {line}: the column {:?} is empty", self.column)));
            }
            if counts {
                rows.push(field(column).to_owned());
            }
        }
        Ok(Observation {
            value: self.aggregated(&rows)?,
            observed_at: part.modified_at,
        })
    }

    fn aggregated(&self, rows: &[String]) -> Result<Decimal, SourceError> {
        let none = || no_data("no row matches");
        Ok(match self.aggregate {
            Aggregate::Count => Decimal::from(rows.len()),
            Aggregate::Last => value::parse(rows.last().ok_or_else(none)?)?,
            Aggregate::Only => match rows {
                [row] => value::parse(row)?,
                [] => return Err(none()),
                several => {
                    return Err(ambiguous(format!(
                        "{} rows match, not one; set `aggregate` if that is right",
                        several.len()
                    )));
                }
            },
            Aggregate::Sum => {
                let mut sum = Decimal::ZERO;
                for row in rows {
                    sum = sum
                        .checked_add(value::parse(row)?)
                        .ok_or_else(|| unexpected("the sum is too large"))?;
                }
                if rows.is_empty() {
                    return Err(none());
                }
                sum
            }
        })
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        match &self.file {
            Some(_) => Vec::new(),
            None => vec!["`file` is missing".to_owned()],
        }
    }
}

/// Whether nobody sees anything in a field.
fn is_blank(field: &str) -> bool {
    let unseen = |c: char| c == ' ' || is_hidden(c);
    field.chars().all(unseen)
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::{answer, scope},
    };

    const FILE: &str = "day,person,value\n2027-03-31,ann,1\n2027-04-01,ann,2\n2027-06-30,ann,2.5\n2027-05-01,bob,7\n";

    fn value(extra: &str) -> Result<String, String> {
        let source: CsvFile = toml::from_str(&format!("file = 'x.csv'\ncolumn = 'value'\n{extra}")).unwrap();
        source
            .read(&scope(), &answer(FILE))
            .map(|reading| reading.value.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn rows_are_chosen_and_put_together() {
        let ann = "time_column = 'day'\nwhere = { person = '{identity}' }\n";
        assert_eq!(value(&format!("{ann}aggregate = 'sum'")).unwrap(), "4.5");
        assert_eq!(value(&format!("{ann}aggregate = 'count'")).unwrap(), "2");
        assert_eq!(value(&format!("{ann}aggregate = 'last'")).unwrap(), "2.5");
        assert_eq!(value("where = { person = 'bob' }").unwrap(), "7");
        assert_eq!(value("where = { person = 'eve' }\naggregate = 'count'").unwrap(), "0");
    }

    #[test]
    fn everything_else_is_an_error() {
        for (extra, part) in [
            ("", "4 rows match"),
            ("where = { person = 'eve' }", "no row matches"),
            ("where = { person = 'eve' }\naggregate = 'sum'", "no row matches"),
            ("where = { name = 'eve' }", "no column \"name\""),
            ("time_column = 'person'", "is not a time"),
        ] {
            let error = value(extra).unwrap_err();
            assert!(error.contains(part), "{extra}: {error}");
        }
        let source: CsvFile = toml::from_str("file = 'x.csv'\ncolumn = 'value'\naggregate = 'sum'").unwrap();
        for (file, part) in [
            ("value\n1\n1,2\n", "not CSV"),
            ("value\n\"\"\n", "no row matches"),
            ("value,note\n,x\n", "line 2: the column \"value\" is empty"),
            ("value,note\n1,\"x\n2,y\n", "quote"),
            ("value;note\n1;x\n", "no column \"value\""),
            ("value,note\n1,a\n2\n", "not CSV"),
            ("value,value\n1,2\n", "two columns"),
            ("", "no column"),
        ] {
            let error = source.read(&scope(), &answer(file)).unwrap_err().to_string();
            assert!(error.contains(part), "{file:?}: {error}");
        }
    }

    #[test]
    fn an_empty_row_is_not_a_row() {
        let count = |aggregate: &str, file: &str| {
            let text = format!("file = 'x.csv'\ncolumn = 'n'\naggregate = '{aggregate}'");
            let source: CsvFile = toml::from_str(&text).unwrap();
            let read = source.read(&scope(), &answer(file));
            read.map(|reading| reading.value.to_string())
                .map_err(|error| error.to_string())
        };
        for file in [
            "n,x\n1,a\n2,b\n",
            "n,x\n1,a\n2,b\n,\n,\n",
            "n,x\n1,a\n\n2,b\n  ,\t\n\u{a0},\u{feff}\n",
            "n,x\n,\n1,a\n\"\",\"\"\n2,b",
            // Line breaks of other systems, also mixed: what is a record is the reader's word.
            "n,x\r1,a\r2,b\r",
            "n,x\r\n1,a\r2,b\n,\r\n",
            "\u{feff}n,x\n1,\"a\r2,b\"\n2,b\n",
        ] {
            assert_eq!(count("count", file).unwrap(), "2", "{file:?}");
            assert_eq!(count("sum", file).unwrap(), "3", "{file:?}");
            assert_eq!(count("last", file).unwrap(), "2", "{file:?}");
        }
        assert_eq!(count("count", "n,x\n,\n , \n").unwrap(), "0");
        assert_eq!(count("only", "n,x\n,\n7,a\n,\n").unwrap(), "7");
        for aggregate in ["count", "sum", "last", "only"] {
            let error = count(aggregate, "n,x\n,a\n").unwrap_err();
            assert!(
                error.contains("line 2: the column \"n\" is empty"),
                "{aggregate}: {error}"
            );
        }
    }

    #[test]
    fn the_files_own_time_is_the_age_of_its_data() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("kpi.csv");
        fs::write(&file, "value\n5\n").unwrap();
        let source: CsvFile = toml::from_str(&format!("file = {file:?}\ncolumn = 'value'")).unwrap();
        let parts = source.fetch(&scope()).unwrap();
        let reading = source.read(&scope(), &parts).unwrap();
        assert_eq!(reading.value.to_string(), "5");
        assert!((earnout_sdk::text::time::now() - reading.observed_at.unwrap()).abs() < 60);
        assert!(!serde_json::to_string(&source).unwrap().contains("kpi.csv"));
        fs::remove_file(&file).unwrap();
        assert!(matches!(source.fetch(&scope()), Err(SourceError::Io { .. })));
    }
}
