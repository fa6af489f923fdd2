//! Rows of a table, wherever they are: a CSV file, lists in JSON documents behind a URL, what a statement gives. For
//! sources whose value follows from many rows.

use {
    super::{
        Auth, CsvFile, HttpJson, Part, Postgres, SourceError, ambiguous, csv_file, json, moment, only, unexpected,
    },
    crate::measure::{Aggregate, Scope, condition::Conditions, template, value},
    earnout_sdk::text::names::{harmless, shortened},
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    serde_json::value::RawValue,
    std::{collections::BTreeMap, fmt, path::PathBuf},
};

/// Most rows of an answer: more would take the memory that the daemon has for everything.
pub const MOST_ROWS: usize = 250_000;

/// Letters of a cell that an error repeats.
const LONGEST_SHOWN: usize = 60;

/// Where rows are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// A CSV file on this machine.
    Csv(Table),
    /// JSON documents behind a URL. The `items` are the rows, objects.
    Http(Box<HttpJson>),
    /// A read-only statement in PostgreSQL, which gives the rows.
    Postgres(Postgres),
}

/// Rows of a CSV file with a header line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The file. Left out of the evidence.
    #[serde(default, skip_serializing, deserialize_with = "crate::measure::folder::optional")]
    pub file: Option<PathBuf>,
    /// Only rows that meet these conditions in these columns.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub matching: BTreeMap<String, Conditions>,
}

/// A row: what it has in the columns that were asked for, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What a person looks for to find it: a line of the file, or its number.
    pub name: Name,
    fields: Vec<String>,
}

/// How a row is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// A line of the file, counted from 1.
    Line(u64),
    /// Its number among the rows that the answer has, counted from 1.
    Number(usize),
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(out, "line {line}"),
            Self::Number(number) => write!(out, "row {number}"),
        }
    }
}

impl Row {
    /// The text in the column with this place among those that were asked for, without spaces around it.
    pub fn text(&self, column: usize) -> &str {
        self.fields.get(column).map_or("", |field| field.trim())
    }

    /// What is wrong with the row.
    pub fn wrong(&self, what: impl fmt::Display) -> SourceError {
        unexpected(format!("{}: {what}", self.name))
    }

    /// The number in a column that is called `name`.
    ///
    /// # Errors
    /// If it is empty, has a currency, separators or a formula in it, is minus zero, or cannot be kept exactly.
    pub fn number(&self, column: usize, name: &str) -> Result<Decimal, SourceError> {
        let text = self.text(column);
        let shown = || harmless(&shortened(text, LONGEST_SHOWN));
        let number = match value::parse(text) {
            Ok(number) => number,
            Err(value::ValueError::Empty) => return Err(self.wrong(format_args!("{name} is empty"))),
            Err(value::ValueError::NotANumber(_)) => {
                return Err(self.wrong(format_args!(
                    "{name} is {:?}, not a number: digits and a decimal point only, without currency, separators or \
                     formula",
                    shown()
                )));
            }
            Err(error) => return Err(self.wrong(format_args!("{name}: {}", harmless(&error.to_string())))),
        };
        match number.is_zero() && text.starts_with('-') {
            true => Err(self.wrong(format_args!("{name} is {:?}: zero has no sign", shown()))),
            false => Ok(number),
        }
    }

    /// The time in a column that is called `name`, Unix seconds.
    ///
    /// # Errors
    /// If it is empty or is not a time.
    pub fn time(&self, column: usize, name: &str) -> Result<i64, SourceError> {
        match self.text(column) {
            "" => Err(self.wrong(format_args!("{name} is empty"))),
            text => moment(&shortened(text, LONGEST_SHOWN)).map_err(|error| {
                let error = harmless(&error.to_string());
                self.wrong(format_args!("{name}: {error}"))
            }),
        }
    }
}

impl Rows {
    /// Asks for the rows.
    ///
    /// # Errors
    /// If there is no complete answer.
    pub async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        match self {
            Self::Csv(table) => table.fetch(scope).await,
            Self::Http(source) => source.fetch(scope).await,
            Self::Postgres(source) => source.fetch_rows(scope, MOST_ROWS).await,
        }
    }

    /// The rows of an answer, each with its texts in `columns`. Pure.
    ///
    /// # Errors
    /// If the answer is not complete or not such a table, a column is missing or stands there twice, or there are more
    /// than [`MOST_ROWS`] rows.
    pub fn read(&self, scope: &Scope, parts: &[Part], columns: &[&str]) -> Result<Vec<Row>, SourceError> {
        match self {
            Self::Csv(table) => table.read(scope, only(parts)?.body.text()?, columns),
            Self::Http(source) => objects(source.items(scope, parts)?, columns),
            Self::Postgres(_) => objects(json::list(only(parts)?.body.text()?, "$")?, columns),
        }
    }

    /// When the rows were last changed, if that is known.
    pub fn changed_at(&self, parts: &[Part]) -> Option<i64> {
        match self {
            Self::Csv(_) => parts.first()?.modified_at,
            Self::Http(_) | Self::Postgres(_) => None,
        }
    }

    /// Whether they say how old they are.
    pub fn says_its_age(&self) -> bool {
        matches!(self, Self::Csv(_))
    }

    /// Mistakes in the configuration.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = match self {
            Self::Csv(table) => {
                let missing = table.file.is_none().then(|| "`file` is missing".to_owned());
                let conditions = table.matching.values().flat_map(Conditions::mistakes);
                conditions.chain(missing).collect()
            }
            Self::Http(source) => {
                let list = source
                    .items
                    .is_none()
                    .then(|| "`items` is missing: it leads to the list of the rows".to_owned());
                // A row has several numbers, which are asked for by their columns.
                let counted = HttpJson {
                    aggregate: Aggregate::Count,
                    ..source.as_ref().clone()
                };
                counted.mistakes().into_iter().chain(list).collect()
            }
            Self::Postgres(source) => source.mistakes(),
        };
        let time = match self {
            Self::Csv(_) => None,
            Self::Http(source) => source.time_path.as_ref().map(|_| "time_path"),
            Self::Postgres(source) => source.time_column.as_ref().map(|_| "time_column"),
        };
        mistakes.extend(time.map(|name| format!("`{name}` is of one value; each row has its own time here")));
        mistakes.into_iter().map(|mistake| format!("rows: {mistake}")).collect()
    }

    /// Every text in which placeholders are filled in.
    pub fn templates(&self) -> Vec<&str> {
        match self {
            Self::Csv(table) => table.matching.values().flat_map(Conditions::templates).collect(),
            Self::Http(source) => source.templates(),
            Self::Postgres(source) => source.params.iter().map(String::as_str).collect(),
        }
    }

    /// How its requests say who sends them.
    pub fn auth(&self) -> Option<&Auth> {
        match self {
            Self::Http(source) => source.auth.as_ref(),
            Self::Csv(_) | Self::Postgres(_) => None,
        }
    }
}

impl Table {
    async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let file = CsvFile {
            file: self.file.clone(),
            matching: self.matching.clone(),
            ..CsvFile::default()
        };
        file.fetch(scope).await
    }

    fn read(&self, scope: &Scope, text: &str, columns: &[&str]) -> Result<Vec<Row>, SourceError> {
        let mut reader = csv_file::reader(text, None)?;
        let header = reader.headers().map_err(csv_file::no_csv)?.clone();
        let positions = columns.iter().map(|name| csv_file::position(&header, name));
        let positions: Vec<usize> = positions.collect::<Result<_, _>>()?;
        let conditions: Vec<(usize, &String, &Conditions)> = self
            .matching
            .iter()
            .map(|(name, conditions)| Ok((csv_file::position(&header, name)?, name, conditions)))
            .collect::<Result<_, SourceError>>()?;
        // Of a file in which rows are told apart by a text only those with it are here.
        let is_whole = !self.matching.values().any(|conditions| conditions.exactly().is_some());
        let mut rows = Vec::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(csv_file::no_csv)? {
            if csv_file::is_separators(&record) {
                continue;
            }
            csv_file::check_row(&record, &header)?;
            let field = |position: usize| csv_file::field(&record, position);
            let mut counts = true;
            for (position, name, conditions) in &conditions {
                counts = counts && conditions.hold(name, &csv_file::found(field(*position)), scope)?;
            }
            if counts {
                let name = match is_whole {
                    true => Name::Line(record.position().map_or(0, csv::Position::line)),
                    false => Name::Number(rows.len().saturating_add(1)),
                };
                let fields = positions.iter().map(|position| field(*position).to_owned());
                let fields = fields.collect();
                push(&mut rows, Row { name, fields })?;
            }
        }
        Ok(rows)
    }
}

/// The rows of a text with a header line, each with its texts in `columns`.
///
/// # Errors
/// As [`Rows::read`].
pub fn of_csv(text: &str, columns: &[&str]) -> Result<Vec<Row>, SourceError> {
    let all = Table {
        file: None,
        matching: BTreeMap::new(),
    };
    all.read(&template::example(), text, columns)
}

fn push(rows: &mut Vec<Row>, row: Row) -> Result<(), SourceError> {
    if rows.len() >= MOST_ROWS {
        return Err(unexpected(format!(
            "there are more than {MOST_ROWS} rows: ask for those of the period only"
        )));
    }
    rows.push(row);
    Ok(())
}

/// The objects of a list, each with what it has under the names in `columns`.
fn objects(items: Vec<&RawValue>, columns: &[&str]) -> Result<Vec<Row>, SourceError> {
    let mut rows = Vec::new();
    for item in items {
        object(item, columns, &mut rows)?;
    }
    Ok(rows)
}

fn object(raw: &RawValue, columns: &[&str], rows: &mut Vec<Row>) -> Result<(), SourceError> {
    let name = Name::Number(rows.len().saturating_add(1));
    if !raw.get().starts_with('{') {
        return Err(unexpected(format!("{name} is not an object with named columns")));
    }
    let json::Members(members) = serde_json::from_str(raw.get()).map_err(json::no_json)?;
    let mut fields = Vec::with_capacity(columns.len());
    for column in columns {
        let mut found = members.iter().filter(|(member, _)| member == column);
        let value = match (found.next(), found.next()) {
            (Some((_, value)), None) => value,
            (None, _) => return Err(unexpected(format!("{name} has no {column:?}"))),
            (Some(_), Some(_)) => return Err(ambiguous(format!("{name} has {column:?} twice"))),
        };
        fields.push(match value.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str(value.get()).map_err(json::no_json)?,
            Some(b'{' | b'[') => return Err(unexpected(format!("{name}: {column:?} is neither text nor a number"))),
            Some(b'n') => String::new(),
            _ => value.get().to_owned(),
        });
    }
    push(rows, Row { name, fields })
}
