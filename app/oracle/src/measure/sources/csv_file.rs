//! A table of comma-separated values: a file on this machine, or behind a URL.

use {
    super::{
        Auth, Body, Clock, LARGEST_ANSWER, NumberFormat, Observation, Part, SourceError, ambiguous, http_client,
        is_unscaled, names_the_grant, no_data, only,
        request::{Kind, ask, is_secret, url_mistakes},
        scaled, unexpected,
    },
    crate::measure::{Aggregate, Conditions, Found, Scope, fill, statistics::enough},
    csv::StringRecord,
    earnout_sdk::text::names::is_hidden,
    serde::{Deserialize, Serialize},
    std::{
        collections::{BTreeMap, HashMap, HashSet},
        fs,
        ops::Range,
        os::unix::fs::MetadataExt,
        path::{Path, PathBuf},
        sync::{Arc, Mutex, PoisonError},
        time::{Duration, Instant, SystemTime},
    },
    tokio::sync::Mutex as AsyncMutex,
};

/// A file that was written so lately may be written again without a change of its time: it is not kept.
const SETTLED: Duration = Duration::from_secs(2);

/// The files that were read last, with their rows by the columns that tell them apart: a period asks one file for the
/// value of each grant, and reading it once for each would take hours.
static SHEETS: Mutex<Sheets> = Mutex::new(BTreeMap::new());

/// How long a table behind a URL is kept: a round asks it for the value of each grant, and asking the server once for
/// each would take hours.
const FRESH: Duration = Duration::from_secs(60);

/// The tables behind URLs that grants are measured by now.
static TABLES: Mutex<BTreeMap<Request, Arc<AsyncMutex<Option<Table>>>>> = Mutex::new(BTreeMap::new());

/// A URL, the columns that tell its rows apart, and what separates its fields.
type Request = (String, Vec<String>, Option<char>);

type Sheets = BTreeMap<(PathBuf, Vec<String>, Option<char>), Arc<Sheet>>;

/// A column of a table with a header line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsvFile {
    /// The file. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub file: Option<PathBuf>,
    /// Where it is if it is not a file of this machine; placeholders are filled in and escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// More headers of the request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Who asks. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub auth: Option<Auth>,
    /// How long the answer may take.
    #[serde(
        default = "super::default_timeout",
        with = "crate::measure::duration",
        skip_serializing
    )]
    pub timeout: Duration,
    /// What separates fields; a comma if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// The column with the value.
    pub column: String,
    /// Only rows that meet these conditions in these columns.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub matching: BTreeMap<String, Conditions>,
    /// Only rows whose time in this column is within the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_column: Option<String>,
    /// How times are written, as for `strptime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_format: Option<String>,
    /// The zone of times without an offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How numbers are written.
    #[serde(default, skip_serializing_if = "NumberFormat::is_plain")]
    pub numbers: NumberFormat,
    /// Every number is multiplied by 10 to this power: -2 makes cents whole.
    #[serde(default, skip_serializing_if = "is_unscaled")]
    pub scale: i8,
    /// What is made of several rows.
    #[serde(default)]
    pub aggregate: Aggregate,
    /// Whether the sum of no rows is 0, and not an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nothing_is_zero: bool,
    /// How many rows there have to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<usize>,
}

impl CsvFile {
    /// The table, or what it says of the rows asked for: of an individual KPI's table each value keeps its own rows.
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let texts: Vec<String> = self
            .exact()
            .map(|(_, text)| fill(text, scope))
            .collect::<Result<_, _>>()?;
        let part = match (&self.file, &self.url) {
            (Some(file), _) => self.of_file(file, &texts)?,
            (None, Some(url)) => self.behind(url, scope, &texts).await?,
            (None, None) => return Err(unexpected("neither a file nor a URL is configured")),
        };
        Ok(vec![part])
    }

    fn of_file(&self, file: &Path, texts: &Vec<String>) -> Result<Part, SourceError> {
        let sheet = self.sheet(file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let answer = match texts.is_empty() {
            true => sheet.bytes.clone(),
            false => sheet.rows_with(texts),
        };
        let modified_at = jiff::Timestamp::try_from(sheet.modified).ok();
        Ok(Part {
            modified_at: modified_at.map(|time| time.as_second()),
            ..Part::new(name, answer)
        })
    }

    async fn behind(&self, url: &str, scope: &Scope, texts: &Vec<String>) -> Result<Part, SourceError> {
        let asked = super::url(url, scope)?;
        let columns: Vec<String> = self.exact().map(|(column, _)| column.clone()).collect();
        // Asked anew for each grant, it need not be kept.
        let Some(grant) = scope.grant.as_ref().filter(|_| !names_the_grant(url)) else {
            let table = self.table(&asked, &columns).await?;
            return Ok(table.rows_with(texts));
        };
        let place = place((asked.clone(), columns.clone(), self.delimiter));
        let mut kept = place.lock().await;
        if let Some(table) = kept.as_mut().filter(|table| table.is_fresh(self))
            // What is measured twice is asked for twice.
            && table.served.insert(grant.index)
        {
            return Ok(table.rows_with(texts));
        }
        let mut table = self.table(&asked, &columns).await?;
        table.served.insert(grant.index);
        let part = table.rows_with(texts);
        *kept = Some(table);
        Ok(part)
    }

    /// The table that is behind a URL now.
    async fn table(&self, url: &str, columns: &[String]) -> Result<Table, SourceError> {
        let mut builder = http_client()?.get(url).header("accept", Kind::Text.accept());
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        let request = format!("GET {url}");
        let (part, _) = ask(builder, self.auth.as_ref(), self.timeout, request, Kind::Text).await?;
        let sheet = match columns.is_empty() {
            true => None,
            false => {
                let bytes = part.body.text()?.as_bytes().to_vec();
                let sheet = Sheet::new(bytes, columns, self.delimiter, [0; 7], SystemTime::UNIX_EPOCH)?;
                Some(sheet)
            }
        };
        Ok(Table {
            asked: Instant::now(),
            auth: self.auth.clone(),
            headers: self.headers.clone(),
            part,
            sheet,
            served: HashSet::new(),
        })
    }

    /// The columns that have to hold exactly one text, with it: by these rows are told apart.
    fn exact(&self) -> impl Iterator<Item = (&String, &str)> {
        let columns = self.matching.iter();
        columns.filter_map(|(column, conditions)| Some((column, conditions.exactly()?)))
    }

    /// The file as it is now.
    fn sheet(&self, file: &Path) -> Result<Arc<Sheet>, SourceError> {
        let io = |error| SourceError::Io {
            what: format!("cannot read {}", file.display()),
            error,
        };
        let before = fs::metadata(file).map_err(io)?;
        let columns: Vec<String> = self.exact().map(|(column, _)| column.clone()).collect();
        let key = (file.to_owned(), columns, self.delimiter);
        let mut sheets = SHEETS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sheet) = sheets.get(&key).filter(|sheet| sheet.state == state(&before)) {
            return Ok(Arc::clone(sheet));
        }
        sheets.remove(&key);
        if before.len() > u64::try_from(LARGEST_ANSWER).unwrap_or(u64::MAX) {
            return Err(SourceError::TooLong);
        }
        let bytes = fs::read(file).map_err(io)?;
        let after = fs::metadata(file).map_err(io)?;
        if state(&before) != state(&after) || u64::try_from(bytes.len()) != Ok(after.len()) {
            return Err(unexpected(format!("{} was written while it was read", file.display())));
        }
        let modified = after.modified().map_err(io)?;
        let sheet = Arc::new(Sheet::new(bytes, &key.1, self.delimiter, state(&after), modified)?);
        let age = SystemTime::now().duration_since(modified);
        if age.is_ok_and(|age| age >= SETTLED) {
            sheets.insert(key, Arc::clone(&sheet));
        }
        Ok(sheet)
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let part = only(parts)?;
        let mut reader = reader(part.body.text()?, self.delimiter)?;
        let clock = Clock::new(self.time_format.as_deref(), self.time_zone.as_deref())?;
        let header = reader.headers().map_err(no_csv)?.clone();
        let column = position(&header, &self.column)?;
        let time = self.time_column.as_deref();
        let time = time.map(|name| position(&header, name)).transpose()?;
        let conditions: Vec<(usize, &String, &Conditions)> = self
            .matching
            .iter()
            .map(|(name, conditions)| Ok((position(&header, name)?, name, conditions)))
            .collect::<Result<_, SourceError>>()?;
        let mut rows: Vec<String> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(no_csv)?;
            if is_separators(&record) {
                continue;
            }
            check_row(&record, &header)?;
            let field = |position: usize| field(&record, position);
            let mut counts = true;
            for (position, name, conditions) in &conditions {
                counts = counts && conditions.hold(name, &self.found(field(*position)), scope)?;
            }
            if let (true, Some(time)) = (counts, time) {
                counts = (scope.start..scope.end).contains(&clock.read(field(time))?);
            }
            if counts && is_blank(field(column)) {
                let line = record.position().map_or(0, csv::Position::line);
                let row = match self.exact().next() {
                    None => format!("line {line}"),
                    // The other lines are not here.
                    Some(_) => "a row that matches".to_owned(),
                };
                return Err(no_data(format!("{row}: the column {:?} is empty", self.column)));
            }
            if counts {
                rows.push(field(column).to_owned());
            }
        }
        enough(rows.len(), self.at_least)?;
        let number = |row: &String| scaled(self.numbers.read(row)?, self.scale);
        let aggregate = &self.aggregate;
        Ok(Observation {
            value: aggregate.over(&rows, self.nothing_is_zero, scope, number, |row| Ok(self.found(row)))?,
            observed_at: part.modified_at,
        })
    }

    /// What a field says.
    fn found<'f>(&self, field: &'f str) -> Found<'f> {
        match is_blank(field) {
            true => Found::Blank,
            false => Found::Value {
                number: self.numbers.read(field).ok(),
                text: field.into(),
            },
        }
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = self.aggregate.mistakes(self.nothing_is_zero);
        mistakes.extend(self.matching.values().flat_map(Conditions::mistakes));
        mistakes.extend(self.numbers.mistakes());
        mistakes.extend(Clock::mistakes(self.time_format.as_deref(), self.time_zone.as_deref()));
        match (&self.file, &self.url) {
            (None, Some(url)) => mistakes.extend(url_mistakes(&super::example(url))),
            (Some(_), None) => {}
            _ => mistakes.push("exactly one of `file` and `url` says where the table is".to_owned()),
        }
        if self.url.is_none() && (self.auth.is_some() || !self.headers.is_empty()) {
            mistakes.push("`auth` and `headers` are for a `url`".to_owned());
        }
        if let Some(name) = self.headers.keys().find(|name| is_secret(name)) {
            mistakes.push(format!("the header {name} carries a secret: use `auth`"));
        }
        if let Some(delimiter) = self.delimiter
            && (!delimiter.is_ascii() || delimiter.is_ascii_alphanumeric() || "\"\r\n-.".contains(delimiter))
        {
            mistakes.push(format!("`delimiter` is {delimiter:?}, which cannot separate fields"));
        }
        if self.at_least.is_some() && self.aggregate == Aggregate::Only {
            mistakes.push("`at_least` is for an `aggregate`".to_owned());
        }
        mistakes
    }

    pub(super) fn templates(&self) -> Vec<&str> {
        let conditions = self.matching.values().flat_map(Conditions::templates);
        let asked = self.url.iter().map(String::as_str);
        asked.chain(conditions).chain(self.aggregate.templates()).collect()
    }
}

/// A table as a server gave it.
struct Table {
    asked: Instant,
    auth: Option<Auth>,
    headers: BTreeMap<String, String>,
    part: Part,
    /// Its rows, if they are told apart.
    sheet: Option<Sheet>,
    /// The grants that were measured by it.
    served: HashSet<u32>,
}

impl Table {
    /// Whether it is what `source` would be given, and not long ago.
    fn is_fresh(&self, source: &CsvFile) -> bool {
        self.asked.elapsed() < FRESH && self.auth == source.auth && self.headers == source.headers
    }

    fn rows_with(&self, texts: &Vec<String>) -> Part {
        match &self.sheet {
            Some(sheet) => Part {
                body: Body::new(sheet.rows_with(texts)),
                ..self.part.clone()
            },
            None => self.part.clone(),
        }
    }
}

/// Where the table of a request is kept. Whoever holds its lock asks for all others that want it.
fn place(request: Request) -> Arc<AsyncMutex<Option<Table>>> {
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    tables.retain(|_, place| {
        let old = |table: &Table| table.asked.elapsed() >= FRESH;
        // What is locked is being asked for.
        Arc::strong_count(place) > 1 || !place.try_lock().is_ok_and(|table| table.as_ref().is_none_or(old))
    });
    Arc::clone(tables.entry(request).or_default())
}

/// What a field says.
pub(super) fn found(field: &str) -> Found<'_> {
    match is_blank(field) {
        true => Found::Blank,
        false => Found::text(field),
    }
}

/// A file as it was read.
struct Sheet {
    state: [i128; 7],
    modified: SystemTime,
    bytes: Vec<u8>,
    /// Where the rows begin.
    header: usize,
    /// Where the rows are that have these texts in the columns that tell them apart.
    rows: HashMap<Vec<String>, Vec<Range<usize>>>,
}

impl Sheet {
    fn new(
        bytes: Vec<u8>,
        columns: &[String],
        delimiter: Option<char>,
        state: [i128; 7],
        modified: SystemTime,
    ) -> Result<Self, SourceError> {
        let mut sheet = Self {
            state,
            modified,
            bytes,
            header: 0,
            rows: HashMap::new(),
        };
        if columns.is_empty() {
            return Ok(sheet);
        }
        let text = str::from_utf8(&sheet.bytes).map_err(|_| unexpected("the file is not UTF-8 text"))?;
        let mut reader = reader(text, delimiter)?;
        let header = reader.headers().map_err(no_csv)?.clone();
        let positions = columns.iter().map(|name| position(&header, name));
        let positions: Vec<usize> = positions.collect::<Result<_, _>>()?;
        let place = |reader: &csv::Reader<&[u8]>| usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let (mut record, mut begin) = (StringRecord::new(), place(&reader));
        sheet.header = begin;
        while reader.read_record(&mut record).map_err(no_csv)? {
            let end = place(&reader);
            if !is_separators(&record) {
                check_row(&record, &header)?;
                let texts = positions.iter().map(|position| field(&record, *position).to_owned());
                sheet.rows.entry(texts.collect()).or_default().push(begin..end);
            }
            begin = end;
        }
        Ok(sheet)
    }

    /// The header and the rows with these texts, as the file has them.
    fn rows_with(&self, texts: &Vec<String>) -> Vec<u8> {
        let rows = self.rows.get(texts).into_iter().flatten().cloned();
        let all = std::iter::once(0..self.header).chain(rows);
        let parts = all.filter_map(|range| self.bytes.get(range));
        parts.collect::<Vec<_>>().concat()
    }
}

/// What changes when a file is written or another takes its place.
fn state(file: &fs::Metadata) -> [i128; 7] {
    [
        file.dev().into(),
        file.ino().into(),
        file.len().into(),
        file.mtime().into(),
        file.mtime_nsec().into(),
        file.ctime().into(),
        file.ctime_nsec().into(),
    ]
}

pub(super) fn reader(text: &str, delimiter: Option<char>) -> Result<csv::Reader<&[u8]>, SourceError> {
    let delimiter = delimiter.map_or(Ok(b','), |delimiter| {
        u8::try_from(delimiter).map_err(|_| unexpected(format!("{delimiter:?} cannot separate fields")))
    })?;
    check_quotes(text, delimiter)?;
    Ok(csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes()))
}

/// Whether every quote opens, closes or is doubled inside a quoted field, as RFC 4180 has it. The reader forgives other
/// ones, and takes the rows between two of them as one field: they would be missing without a word.
fn check_quotes(text: &str, delimiter: u8) -> Result<(), SourceError> {
    let bytes = text.trim_start_matches('\u{feff}').as_bytes();
    let ends_a_field = |byte: u8| byte == delimiter || matches!(byte, b'\r' | b'\n');
    let wrong = |opened: usize, what: &str| {
        let before = bytes.get(..opened).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        unexpected(format!(
            "line {line}: {what}; a field with quotes in it is quoted, and each of them is doubled"
        ))
    };
    let mut places = bytes.iter().copied().enumerate().peekable();
    let mut at_begin = true;
    while let Some((place, byte)) = places.next() {
        match (byte, at_begin) {
            (b'"', true) => {
                loop {
                    match places.next() {
                        Some((_, b'"')) if places.next_if(|(_, next)| *next == b'"').is_none() => break,
                        Some(_) => {}
                        None => return Err(wrong(place, "a quote is not closed, or the file was cut short")),
                    }
                }
                if places.peek().is_some_and(|(_, next)| !ends_a_field(*next)) {
                    return Err(wrong(place, "something stands behind the quote that closes a field"));
                }
                at_begin = false;
            }
            (b'"', false) => return Err(wrong(place, "a quote stands inside a field that is not quoted")),
            _ => at_begin = ends_a_field(byte),
        }
    }
    Ok(())
}

pub(super) fn no_csv(error: csv::Error) -> SourceError {
    unexpected(format!("the file is not CSV: {error}"))
}

/// Where the column with this name is.
pub(super) fn position(header: &StringRecord, name: &str) -> Result<usize, SourceError> {
    let mut found = header.iter().enumerate().filter(|(_, column)| column.trim() == name);
    match (found.next(), found.next()) {
        (Some((position, _)), None) => Ok(position),
        (None, _) => Err(unexpected(format!("the file has no column {name:?}"))),
        (Some(_), Some(_)) => Err(ambiguous(format!("the file has two columns {name:?}"))),
    }
}

pub(super) fn field(record: &StringRecord, position: usize) -> &str {
    record.get(position).unwrap_or_default().trim()
}

/// Spreadsheets leave rows of separators behind; they are not rows.
pub(super) fn is_separators(record: &StringRecord) -> bool {
    record.iter().all(is_blank)
}

/// Whether a row is more than the header again: that of a second export behind the first would count as an entry.
pub(super) fn check_row(record: &StringRecord, header: &StringRecord) -> Result<(), SourceError> {
    match record.iter().map(str::trim).eq(header.iter().map(str::trim)) {
        true => Err(unexpected(format!(
            "line {}: the header stands there again: put exports together without their header lines",
            record.position().map_or(0, csv::Position::line)
        ))),
        false => Ok(()),
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

    /// A file needs no waiting.
    fn fetched(source: &CsvFile) -> Result<Vec<Part>, SourceError> {
        futures_util::future::FutureExt::now_or_never(source.fetch(&scope())).unwrap()
    }

    const FILE: &str = "day,person,value\n2027-03-31,ann,1\n2027-04-01,ann,2\n2027-06-30,ann,2.5\n2027-05-01,bob,7\n";

    /// What the file says, and that the rows which the evidence keeps say the same.
    fn value(extra: &str) -> Result<String, String> {
        let said = |source: &CsvFile, parts: &[Part]| {
            let observed = source.read(&scope(), parts).map_err(|error| error.to_string())?;
            Ok::<_, String>(observed.value.to_string())
        };
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.csv");
        fs::write(&file, FILE).unwrap();
        let source: CsvFile = toml::from_str(&format!("file = {file:?}\ncolumn = 'value'\n{extra}")).unwrap();
        let whole = said(&source, &answer(FILE));
        let kept = fetched(&source).map_err(|error| error.to_string());
        assert_eq!(kept.and_then(|parts| said(&source, &parts)), whole, "{extra}");
        whole
    }

    #[test]
    fn rows_are_chosen_and_put_together() {
        let ann = "time_column = 'day'\nwhere = { person = '{identity}' }\n";
        assert_eq!(value(&format!("{ann}aggregate = 'sum'")).unwrap(), "4.5");
        assert_eq!(value(&format!("{ann}aggregate = 'count'")).unwrap(), "2");
        assert_eq!(value(&format!("{ann}aggregate = 'last'")).unwrap(), "2.5");
        assert_eq!(value("where = { person = 'bob' }").unwrap(), "7");
        assert_eq!(value("where = { person = 'eve' }\naggregate = 'count'").unwrap(), "0");
        let chosen = |conditions: &str, aggregate: &str| {
            value(&format!("where = {{ {conditions} }}\naggregate = {aggregate}")).unwrap()
        };
        assert_eq!(chosen("value = '>= 2'", "'median'"), "2.5");
        assert_eq!(
            chosen("value = ['> 1', '< 7'], person = '{identity}'", "'mean'"),
            "2.25"
        );
        assert_eq!(chosen("person = '!= ann'", "'only'"), "7");
        assert_eq!(chosen("day = '< {start_date}'", "'min'"), "1");
        assert_eq!(
            chosen("person = '{identity}'", "{ share = '>= 2' }"),
            "66.666666666666666666666666661"
        );
        assert_eq!(chosen("person = 'eve'", "'sum'\nnothing_is_zero = true"), "0");
    }

    #[test]
    fn everything_else_is_an_error() {
        for (extra, part) in [
            ("", "4 entries match"),
            ("where = { person = 'eve' }", "no entry matches"),
            ("where = { person = 'eve' }\naggregate = 'sum'", "no entry matches"),
            ("where = { name = 'eve' }", "no column \"name\""),
            ("time_column = 'person'", "is not a time"),
            ("where = { person = '> 4' }", "cannot be compared"),
            ("aggregate = 'mean'\nat_least = 5", "4 entries match, at least 5"),
        ] {
            let error = value(extra).unwrap_err();
            assert!(error.contains(part), "{extra}: {error}");
        }
        let source: CsvFile = toml::from_str("file = 'x.csv'\ncolumn = 'value'\naggregate = 'sum'").unwrap();
        for (file, part) in [
            ("value\n1\n1,2\n", "not CSV"),
            ("value\n\"\"\n", "no entry matches"),
            ("value,note\n,x\n", "line 2: the column \"value\" is empty"),
            (
                "value,note\n1,\"x\n2,y\n",
                "line 2: a quote is not closed, or the file was cut short",
            ),
            // Between two of these quotes the reader would see one field, and the row there would be lost.
            (
                "value,note\n10,fine\n20,\"it is 5\n30,ok\n40,6\" tall\n",
                "line 3: something stands behind the quote",
            ),
            (
                "value,note\n10,6\" tall\n20,5\" tall\n",
                "line 2: a quote stands inside",
            ),
            ("value,note\n10, \"x\"\n", "line 2: a quote stands inside"),
            (
                "value,note\n10,\"\"x\"\"\n",
                "line 2: something stands behind the quote",
            ),
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
    fn quotes_that_are_where_they_belong_are_read() {
        let source: CsvFile = toml::from_str("file = 'x.csv'\ncolumn = 'value'\naggregate = 'sum'").unwrap();
        for file in [
            "value,note\n10,\"6\"\" tall\"\n20,\"\"\n",
            "\u{feff}\"value\",\"note\"\r\n\"10\",\"\"\"\"\r\n20,\"a,\r\n30,b\"",
            "value,note\r10,\"x\"\r\"20\",y\r",
        ] {
            let read = source.read(&scope(), &answer(file)).unwrap();
            assert_eq!(read.value.to_string(), "30", "{file:?}");
        }
    }

    #[test]
    fn tables_of_other_countries() {
        let read = |extra: &str, file: &str| {
            let source: CsvFile = toml::from_str(&format!("file = 'x.csv'\ncolumn = 'Wert'\n{extra}")).unwrap();
            assert_eq!(source.mistakes(), Vec::<String>::new(), "{extra}");
            let read = source.read(&scope(), &answer(file));
            read.map(|reading| reading.value.to_string())
                .map_err(|error| error.to_string())
        };
        let german = "delimiter = ';'\nnumbers = { decimal = ',', thousands = '.', suffix = '%' }\ntime_column = 'Zeit'
            time_format = '%d.%m.%Y %H:%M'\ntime_zone = 'Europe/Berlin'";
        let file =
            "\u{feff}Zeit;Wert\r\n01.04.2027 01:59;1 %\r\n01.04.2027 02:00;1.081,5 %\r\n30.06.2027 12:00;\"-0,5%\"\r\n";
        assert_eq!(read(&format!("{german}\naggregate = 'sum'"), file).unwrap(), "1081");
        assert_eq!(
            read(&format!("{german}\naggregate = 'sum'\nscale = -2"), file).unwrap(),
            "10.81"
        );
        assert_eq!(
            read(&format!("{german}\naggregate = {{ share = '> 1081' }}"), file).unwrap(),
            "50",
            "conditions compare numbers as the file writes them"
        );
        assert_eq!(
            read(
                "delimiter = \"\\t\"\nnumbers = { thousands = ',' }",
                "Wert\tx\n\"1,234.50\"\ty\n"
            )
            .unwrap(),
            "1234.5"
        );
        for (extra, file, part) in [
            (german, "Zeit;Wert\n31.10.2027 02:30;1%\n", "clocks were changed"),
            (german, "Zeit;Wert\n2027-04-01;1%\n", "not a time of the form"),
            (german, "Zeit;Wert\n01.05.2027 02:00;1\n", "suffix"),
            (german, "Zeit,Wert\n01.05.2027 02:00,1%\n", "no column"),
            ("", "Wert\n\"1,5\"\n", "not a number"),
        ] {
            let error = read(extra, file).unwrap_err();
            assert!(error.contains(part), "{file}: {error}");
        }
    }

    #[test]
    fn settings_that_do_not_fit_together() {
        for (text, part) in [
            ("", "exactly one of `file` and `url`"),
            ("file = 'x'\nurl = 'https://a.test/'", "exactly one of `file` and `url`"),
            ("url = 'ftp://a.test/'", "scheme"),
            ("file = 'x'\nheaders = { a = 'b' }", "for a `url`"),
            ("url = 'https://a.test/'\nheaders = { x-api-key = 'b' }", "a secret"),
            ("file = 'x'\ndelimiter = '€'", "cannot separate"),
            ("file = 'x'\nat_least = 2", "for an `aggregate`"),
            ("file = 'x'\ntime_zone = 'Mars/Base'", "no time zone"),
            ("file = 'x'\nnumbers = { thousands = '.' }", "are both"),
        ] {
            let source: CsvFile = toml::from_str(&format!("column = 'n'\n{text}")).unwrap();
            let mistakes = source.mistakes();
            assert!(
                mistakes.len() == 1 && mistakes[0].contains(part),
                "{text}: {mistakes:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_table_behind_a_url_keeps_its_own_rows() {
        use axum::{Router, routing::get};
        let router = Router::new()
            .route(
                "/ann",
                get(|| async {
                    (
                        [("content-type", "text/csv; charset=utf-8")],
                        "who;n\nann;1,5\nbob;2\nann;4\n",
                    )
                }),
            )
            .route(
                "/page",
                get(|| async { ([("content-type", "text/html")], "who;n\nann;1\n") }),
            )
            .route(
                "/cut",
                get(|| async { ([("content-type", "text/csv")], "who;n\nann;\"1\n") }),
            );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let source = |page: &str| -> CsvFile {
            let text = "column = 'n'\ndelimiter = ';'\naggregate = 'sum'\nnumbers = { decimal = ',' }\nwhere = { who = '{identity}' }";
            toml::from_str(&format!("url = '{url}/{page}'\n{text}")).unwrap()
        };
        let parts = source("{identity}").fetch(&scope()).await.unwrap();
        assert_eq!(parts[0].body.text().unwrap(), "who;n\nann;1,5\nann;4\n");
        assert_eq!(parts[0].request, format!("GET {url}/ann"));
        let kept: CsvFile = serde_json::from_str(&serde_json::to_string(&source("{identity}")).unwrap()).unwrap();
        assert_eq!(kept.read(&scope(), &parts).unwrap().value.to_string(), "5.5");
        for (page, part) in [("page", "not text"), ("cut", "quote"), ("gone", "answered 404")] {
            let error = source(page).fetch(&scope()).await.unwrap_err().to_string();
            assert!(error.contains(part), "{page}: {error}");
        }
    }

    /// Twenty thousand values of one table would be twenty thousand requests.
    #[tokio::test]
    async fn a_table_is_asked_for_once_for_all_grants() {
        use {
            axum::{Router, routing::get},
            std::sync::atomic::{AtomicU32, Ordering},
        };
        let count = Arc::new(AtomicU32::new(0));
        let asked = Arc::clone(&count);
        let router = Router::new().fallback(get(move || {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            async move { format!("who,n\nann,{number}\nbob,{number}\n") }
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let source = |url: &str| -> CsvFile {
            toml::from_str(&format!(
                "url = '{url}'\ncolumn = 'n'\nwhere = {{ who = '{{identity}}' }}"
            ))
            .unwrap()
        };
        let value = async |source: &CsvFile, index: u32, identity: &str| {
            let mut scope = scope();
            let grant = scope.grant.as_mut().unwrap();
            (grant.index, grant.identity) = (index, Some(identity.to_owned()));
            let parts = source.fetch(&scope).await.unwrap();
            source.read(&scope, &parts).unwrap().value.to_string()
        };
        let shared = source(&format!("{url}/all"));
        let both = futures_util::future::join(value(&shared, 0, "ann"), value(&shared, 1, "bob")).await;
        assert_eq!(both, ("0".to_owned(), "0".to_owned()));
        assert_eq!(value(&shared, 0, "ann").await, "1", "a second sample is another answer");
        assert_eq!(value(&shared, 1, "bob").await, "1");
        let signed = CsvFile {
            headers: BTreeMap::from([("x-of".to_owned(), "other".to_owned())]),
            ..shared.clone()
        };
        assert_eq!(
            value(&signed, 2, "ann").await,
            "2",
            "who asks otherwise is answered otherwise"
        );
        let own = source(&format!("{url}/{{identity}}"));
        assert_eq!(value(&own, 0, "ann").await, "3");
        assert_eq!(value(&own, 1, "bob").await, "4");
        assert_eq!(count.load(Ordering::Relaxed), 5);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        /// Whatever is in a file: it is a value or an error, and the rows kept of it say what all of it says.
        #[test]
        fn any_bytes_are_a_value_or_an_error(rows in "(who|ann|bob|n|[0-9]|[,;\"\r\n \u{feff}])*", bytes: Vec<u8>) {
            for bytes in [format!("who,n\n{rows}").into_bytes(), bytes] {
                let source: CsvFile =
                    toml::from_str("file = 'x'\ncolumn = 'n'\naggregate = 'sum'\nwhere = { who = 'ann' }").unwrap();
                let whole = source.read(&scope(), &[Part::new(String::new(), bytes.clone())]);
                let sheet = Sheet::new(bytes, &["who".to_owned()], None, [0; 7], SystemTime::UNIX_EPOCH);
                let Ok(sheet) = sheet else { continue };
                let kept = Part::new(String::new(), sheet.rows_with(&vec!["ann".to_owned()]));
                if let Ok(whole) = whole {
                    proptest::prop_assert_eq!(source.read(&scope(), &[kept]).unwrap().value, whole.value);
                }
            }
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
    fn a_header_that_comes_again_is_no_row() {
        for aggregate in ["count", "distinct", "last"] {
            let text = format!("file = 'x.csv'\ncolumn = 'n'\naggregate = '{aggregate}'");
            let source: CsvFile = toml::from_str(&text).unwrap();
            for file in ["n,x\n1,a\nn,x\n2,b\n", "n,x\n1,a\n\"n\", x \n2,b\n"] {
                let error = source.read(&scope(), &answer(file)).unwrap_err().to_string();
                assert!(error.contains("line 3: the header stands there again"), "{error}");
            }
            assert!(source.read(&scope(), &answer("n,x\n1,x\n2,n\n")).is_ok());
        }
        // Of a table whose rows are told apart too, where the header is nobody's row.
        let sheet = Sheet::new(
            "n,x\n1,a\nn,x\n2,b\n".into(),
            &["x".to_owned()],
            None,
            [0; 7],
            SystemTime::UNIX_EPOCH,
        );
        assert!(sheet.is_err_and(|error| error.to_string().contains("line 3: the header")));
    }

    /// Rows with other line breaks, quotes, blank lines and separators: each is found, and nothing else.
    #[test]
    fn a_value_keeps_its_own_rows() {
        let source: CsvFile =
            toml::from_str("file = 'x.csv'\ncolumn = 'n'\naggregate = 'sum'\nwhere = { who = '{identity}' }").unwrap();
        let sheet =
            |text: &str| Sheet::new(text.into(), &["who".to_owned()], None, [0; 7], SystemTime::UNIX_EPOCH).unwrap();
        for (file, kept) in [
            ("who,n\nann,1\nbob,2\nann,4", "who,n\nann,1\nann,4"),
            ("who,n\r\nbob,2\r\nann,5\r\n", "who,n\nann,5\n"),
            ("who,n\rbob,2\rann,5\r,\r", "who,n\nann,5\n"),
            ("\u{feff}who,n\n\nbob,2\n\n\n ann ,5\n,\n", "\u{feff}who,n\n ann ,5\n"),
            ("n,who\n\"5\",\"ann\"\n2,\"a\nnn\"\n", "n,who\n\"5\",\"ann\"\n"),
            ("who,n\nbob,5\n", "who,n\n"),
        ] {
            let found = String::from_utf8(sheet(file).rows_with(&vec!["ann".to_owned()])).unwrap();
            let lines: Vec<&str> = found.split(['\r', '\n']).filter(|line| !line.is_empty()).collect();
            let expected: Vec<&str> = kept.split('\n').filter(|line| !line.is_empty()).collect();
            assert_eq!(lines, expected, "{file:?}");
            if kept.lines().count() > 1 {
                let observed = source.read(&scope(), &answer(&found)).unwrap();
                assert_eq!(observed.value.to_string(), "5", "{file:?}");
            }
        }
    }

    /// A hundred thousand values of one file would take hours and a hundred gigabytes.
    #[test]
    fn a_file_is_read_again_only_when_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kpi.csv");
        let write = |text: &str, age: u64| {
            fs::write(&path, text).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        };
        let condition = "where = { who = '{identity}' }";
        let source: CsvFile = toml::from_str(&format!("file = {path:?}\ncolumn = 'n'\n{condition}")).unwrap();
        let sheet = || source.sheet(&path).unwrap();
        write("who,n\nann,1\n", 0);
        assert!(
            !Arc::ptr_eq(&sheet(), &sheet()),
            "it may be written again at the same time"
        );
        write("who,n\nann,1\n", 60);
        let first = sheet();
        assert!(Arc::ptr_eq(&first, &sheet()));
        let other = CsvFile {
            matching: BTreeMap::from([("n".to_owned(), "1".into())]),
            ..source.clone()
        };
        assert_eq!(
            other.sheet(&path).unwrap().rows_with(&vec!["1".to_owned()]),
            b"who,n\nann,1\n"
        );
        assert!(Arc::ptr_eq(&first, &sheet()), "by other columns it is another one");
        // As long and as old.
        write("who,n\nann,2\n", 60);
        let said = source.read(&scope(), &fetched(&source).unwrap()).unwrap();
        assert_eq!(said.value.to_string(), "2");
        fs::remove_file(&path).unwrap();
        assert!(source.sheet(&path).is_err());
    }

    #[test]
    fn the_files_own_time_is_the_age_of_its_data() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("kpi.csv");
        fs::write(&file, "value\n5\n").unwrap();
        let source: CsvFile = toml::from_str(&format!("file = {file:?}\ncolumn = 'value'")).unwrap();
        let parts = fetched(&source).unwrap();
        let reading = source.read(&scope(), &parts).unwrap();
        assert_eq!(reading.value.to_string(), "5");
        assert!((earnout_sdk::text::time::now() - reading.observed_at.unwrap()).abs() < 60);
        assert!(!serde_json::to_string(&source).unwrap().contains("kpi.csv"));
        fs::remove_file(&file).unwrap();
        assert!(matches!(fetched(&source), Err(SourceError::Io { .. })));
    }
}
