//! Where KPIs are measured. Fetching is the only part that touches the world: it keeps the raw answer. Observation the
//! value out of an answer is pure, so that it can be repeated from stored evidence at any time.

mod auth;
mod chain;
mod change;
mod clock;
mod command;
mod csv_file;
mod daily_average;
mod git;
mod github;
mod http;
mod http_json;
mod json;
mod json_path;
mod manual;
mod numbers;
mod pages;
mod performance;
mod postgres;
mod prometheus;
mod ratio;
mod request;
mod rows;
mod secrets;
mod solana;
mod survey;

pub use {
    auth::Auth,
    chain::{AtSlot, Surroundings},
    change::Change,
    clock::Clock,
    command::Command,
    csv_file::CsvFile,
    daily_average::DailyAverage,
    git::Git,
    github::Github,
    http::{CONNECT_TIMEOUT, http_client},
    http_json::HttpJson,
    manual::{Attached, Confirmation, Entry, Manual},
    numbers::{NumberFormat, is_unscaled, scaled},
    performance::Performance,
    postgres::Postgres,
    prometheus::Prometheus,
    ratio::Ratio,
    solana::Solana,
    survey::Survey,
};

use {
    crate::measure::{Scope, SecretError, TemplateError, ValueError, template},
    base64::{Engine, prelude::BASE64_STANDARD},
    earnout_sdk::text::time,
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    std::{io, path::PathBuf, time::Duration},
    thiserror::Error,
};

/// Most bytes of one answer.
pub const LARGEST_ANSWER: usize = 8 << 20;

/// Where one value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Source {
    /// A document behind a URL.
    Http(Box<HttpJson>),
    /// The average of daily closes, of each day the median of several JSON documents.
    DailyAverage(DailyAverage),
    /// Prometheus' query API.
    Prometheus(Prometheus),
    /// A read-only statement in PostgreSQL.
    Postgres(Postgres),
    /// GitHub's REST API, or one compatible with it.
    Github(Github),
    /// A git repository on this machine.
    Git(Git),
    /// A table of comma-separated values: a file on this machine, or behind a URL.
    Csv(Box<CsvFile>),
    /// A strategy's record.
    Performance(Box<Performance>),
    /// What many people answered.
    Survey(Box<Survey>),
    /// What a command prints.
    Command(Command),
    /// A quotient, a difference, a share or a product of two other sources.
    Ratio(Ratio),
    /// How much another source has changed since an earlier period.
    Change(Change),
    /// What accounts of the chain hold.
    Solana(Solana),
    /// What a person enters.
    Manual(Manual),
}

/// One piece of a raw answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which of the sources within the source it is of, as `a` or `of.b`; empty if there is one only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// What was asked, without secrets.
    pub request: String,
    /// When the answer was complete, Unix seconds.
    pub answered_at: i64,
    /// When the data were last changed, if who answered says so, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<i64>,
    /// The number that was read from it, where a value follows from several answers. For people: it is read again from
    /// the answer, and has to be the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Where the server says that the next page is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The answer as it came.
    #[serde(flatten)]
    pub body: Body,
}

/// The bytes of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// UTF-8.
    Text(String),
    /// Anything else, in base64.
    Base64(String),
}

impl Part {
    /// What was answered to `request` just now.
    fn new(request: String, answer: Vec<u8>) -> Self {
        Self {
            of: String::new(),
            request,
            answered_at: time::now(),
            modified_at: None,
            number: None,
            next: None,
            body: Body::new(answer),
        }
    }
}

impl Body {
    /// Keeps `bytes` readable where they are.
    pub fn new(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Base64(BASE64_STANDARD.encode(error.into_bytes())),
        }
    }

    /// How long it is in the evidence, bytes.
    fn len(&self) -> usize {
        match self {
            Self::Text(text) | Self::Base64(text) => text.len(),
        }
    }

    fn text(&self) -> Result<&str, SourceError> {
        match self {
            // Some servers and editors begin with a mark that says how the text is coded.
            Self::Text(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Self::Base64(_) => Err(unexpected("the answer is not UTF-8 text")),
        }
    }
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    pub value: Decimal,
    /// When that was so, Unix seconds, if the source says so.
    pub observed_at: Option<i64>,
}

/// Why there is no value. Never a zero instead.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The query cannot be written.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A secret is missing.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The value is none.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Nobody answered, or not completely.
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}: no complete answer within {time}", time = humantime::format_duration(*.1))]
    TimedOut(String, Duration),
    #[error("{server} answered {status}: {body}")]
    Status {
        /// Scheme, host and port.
        server: String,
        status: u16,
        /// Beginning of the answer.
        body: String,
        /// How long the server wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
    #[error("the answer is longer than {} MiB", LARGEST_ANSWER >> 20)]
    TooLong,
    #[error("{what}: {error}")]
    Io { what: String, error: io::Error },
    #[error("no data: {0}")]
    NoData(String),
    /// Several values where one is expected.
    #[error("{0}")]
    Ambiguous(String),
    /// The answer is not of the expected form.
    #[error("{0}")]
    Unexpected(String),
}

pub(super) fn unexpected(what: impl Into<String>) -> SourceError {
    SourceError::Unexpected(what.into())
}

pub(super) fn ambiguous(what: impl Into<String>) -> SourceError {
    SourceError::Ambiguous(what.into())
}

pub(super) fn no_data(what: impl Into<String>) -> SourceError {
    SourceError::NoData(what.into())
}

impl SourceError {
    /// The same, with the place where it is.
    fn within(self, place: &str) -> Self {
        match self {
            Self::NoData(what) => Self::NoData(format!("{place}: {what}")),
            Self::Ambiguous(what) => Self::Ambiguous(format!("{place}: {what}")),
            other => Self::Unexpected(format!("{place}: {other}")),
        }
    }
}

impl Source {
    /// Asks the source.
    ///
    /// # Errors
    /// If there is no complete answer.
    pub async fn fetch(&self, scope: &Scope, entry: Option<&Entry>) -> Result<Vec<Part>, SourceError> {
        match self {
            Self::Http(source) => source.fetch(scope).await,
            Self::DailyAverage(source) => source.fetch(scope).await,
            Self::Prometheus(source) => source.fetch(scope).await,
            Self::Postgres(source) => source.fetch(scope).await,
            Self::Github(source) => source.fetch(scope).await,
            Self::Git(source) => source.fetch(scope).await,
            Self::Csv(source) => source.fetch(scope).await,
            Self::Performance(source) => source.fetch(scope).await,
            Self::Survey(source) => source.fetch(scope).await,
            Self::Command(source) => source.fetch(scope).await,
            Self::Ratio(source) => source.fetch(scope).await,
            Self::Change(source) => source.fetch(scope).await,
            Self::Solana(source) => source.fetch(scope).await,
            Self::Manual(source) => source.fetch(entry),
        }
    }

    /// The one request of a source that has one, as the evidence says it; none of another one.
    ///
    /// # Errors
    /// If it cannot be written for `scope`.
    pub fn request(&self, scope: &Scope) -> Result<Option<String>, SourceError> {
        match self {
            Self::Http(source) if source.pages.is_none() => source.request(scope).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads the value out of an answer. Pure: the same answer gives the same value.
    pub fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let has_parts = matches!(self, Self::Ratio(_) | Self::Change(_));
        if let Some(part) = parts.iter().find(|part| !has_parts && !part.of.is_empty()) {
            return Err(unexpected(format!(
                "there is an answer of {:?}, which is not asked",
                part.of
            )));
        }
        match self {
            Self::Http(source) => source.read(scope, parts),
            Self::DailyAverage(source) => source.read(scope, parts),
            Self::Prometheus(source) => source.read(scope, parts),
            Self::Postgres(source) => source.read(parts),
            Self::Github(source) => source.read(scope, parts),
            Self::Git(source) => source.read(scope, parts),
            Self::Csv(source) => source.read(scope, parts),
            Self::Performance(source) => source.read(scope, parts),
            Self::Survey(source) => source.read(scope, parts),
            Self::Command(source) => source.read(scope, parts),
            Self::Ratio(source) => source.read(scope, parts),
            Self::Change(source) => source.read(scope, parts),
            Self::Solana(source) => source.read(scope, parts),
            Self::Manual(source) => source.read(parts),
        }
    }

    /// Mistakes in the configuration that can be seen without asking, one a line.
    pub fn mistakes(&self, individual: bool) -> Vec<String> {
        let mut mistakes = self.own_mistakes(individual);
        let templates = self.templates();
        if individual && !self.is_manual() && !templates.iter().any(|template| names_the_grant(template)) {
            mistakes.push(
                "the KPI is individual, but nothing in the source differs from grant to grant: use {identity} or \
                 {beneficiary}"
                    .to_owned(),
            );
        }
        mistakes
    }

    /// The same for a source that may be a part of another one, so that the other part differs from grant to grant.
    fn own_mistakes(&self, individual: bool) -> Vec<String> {
        let mut mistakes = match self {
            Self::Http(source) => source.mistakes(),
            Self::DailyAverage(source) => source.mistakes(),
            Self::Prometheus(source) => source.mistakes(),
            Self::Postgres(source) => source.mistakes(),
            Self::Github(source) => source.mistakes(),
            Self::Git(source) => source.mistakes(),
            Self::Csv(source) => source.mistakes(),
            Self::Performance(source) => source.mistakes(),
            Self::Survey(source) => source.mistakes(),
            Self::Command(source) => source.mistakes(),
            Self::Solana(source) => source.mistakes(),
            Self::Manual(_) => Vec::new(),
            // Their parts name their own mistakes.
            Self::Ratio(source) => {
                let parts = source.operands().into_iter();
                return parts
                    .flat_map(|(name, part)| ratio::part_mistakes(name, part, individual))
                    .collect();
            }
            Self::Change(source) => return source.mistakes(individual),
        };
        mistakes.extend(self.auths().into_iter().flat_map(Auth::mistakes));
        for template in self.templates() {
            if let Err(error) = template::check(template, individual) {
                mistakes.push(error.to_string());
            }
            if names_the_server(template) {
                mistakes.push(format!(
                    "{template:?}: {{identity}} is in the name of the server, so that an identity could choose who is asked and \
                     gets the secrets of `auth`; put it into the path or the query"
                ));
            }
        }
        mistakes
    }

    /// Gives the source what it needs of the configuration around it. Relative paths start at its folder.
    pub fn resolve(&mut self, around: &Surroundings) {
        let folder = around.folder.as_path();
        let file = |file: &mut Option<PathBuf>| file.iter_mut().for_each(|file| *file = folder.join(&*file));
        match self {
            Self::Git(source) => file(&mut source.repository),
            Self::Csv(source) => file(&mut source.file),
            Self::Command(source) => source.folder = folder.to_owned(),
            Self::Ratio(source) => {
                source.a.resolve(around);
                source.b.resolve(around);
            }
            Self::Change(source) => {
                source.around = around.clone();
                source.of.resolve(around);
            }
            Self::Solana(source) => source.around = around.clone(),
            Self::Http(_)
            | Self::DailyAverage(_)
            | Self::Prometheus(_)
            | Self::Postgres(_)
            | Self::Github(_)
            | Self::Performance(_)
            | Self::Survey(_)
            | Self::Manual(_) => (),
        }
    }

    /// How the requests of the source say who sends them.
    fn auths(&self) -> Vec<&Auth> {
        match self {
            Self::Http(source) => source.auth.iter().collect(),
            Self::DailyAverage(source) => source.sources.iter().flat_map(|source| &source.auth).collect(),
            Self::Prometheus(source) => source.auth.iter().collect(),
            Self::Github(source) => source.auth.iter().collect(),
            Self::Csv(source) => source.auth.iter().collect(),
            Self::Performance(source) => source.rows.auth().into_iter().collect(),
            Self::Survey(source) => source.rows.auth().into_iter().collect(),
            Self::Postgres(_) | Self::Git(_) | Self::Command(_) | Self::Solana(_) | Self::Manual(_) => Vec::new(),
            // Their parts have their own.
            Self::Ratio(_) | Self::Change(_) => Vec::new(),
        }
    }

    /// The sources within the source, itself if there are none, of which samples are taken while the period lasts.
    pub fn sampled(&self) -> Vec<&Solana> {
        match self {
            Self::Solana(source) => vec![source],
            Self::Ratio(source) => source
                .operands()
                .into_iter()
                .flat_map(|(_, part)| part.sampled())
                .collect(),
            Self::Change(source) => source.of.sampled(),
            Self::Http(_)
            | Self::DailyAverage(_)
            | Self::Prometheus(_)
            | Self::Postgres(_)
            | Self::Github(_)
            | Self::Git(_)
            | Self::Csv(_)
            | Self::Performance(_)
            | Self::Survey(_)
            | Self::Command(_)
            | Self::Manual(_) => Vec::new(),
        }
    }

    /// Whether a part of it is a change.
    fn has_a_change(&self) -> bool {
        match self {
            Self::Change(_) => true,
            Self::Ratio(source) => source.operands().into_iter().any(|(_, part)| part.has_a_change()),
            _ => false,
        }
    }

    /// Whether who a beneficiary is where the KPI is measured is part of the question.
    pub fn names_an_identity(&self) -> bool {
        self.templates().iter().any(|template| template.contains("{identity}"))
    }

    /// Whether a person states the value.
    pub fn is_manual(&self) -> bool {
        matches!(self, Self::Manual(_))
    }

    /// Whether the source says how old its data are.
    pub fn says_its_age(&self) -> bool {
        match self {
            Self::Http(source) => source.time_path.is_some(),
            Self::Postgres(source) => source.time_column.is_some(),
            Self::Csv(_) | Self::Manual(_) | Self::Solana(_) => true,
            Self::Performance(source) => source.rows.says_its_age(),
            Self::Survey(source) => source.rows.says_its_age(),
            Self::Ratio(source) => source.operands().into_iter().all(|(_, part)| part.says_its_age()),
            Self::Change(source) => source.of.says_its_age(),
            // The time of an instant query's answer is the time that was asked for, however old its samples are.
            // The days of its closes are those of the period.
            Self::DailyAverage(_) => false,
            Self::Prometheus(_) | Self::Github(_) | Self::Git(_) | Self::Command(_) => false,
        }
    }

    /// Every text of the source in which placeholders are filled in.
    fn templates(&self) -> Vec<&str> {
        match self {
            Self::Http(source) => source.templates(),
            Self::DailyAverage(source) => source.templates(),
            Self::Prometheus(source) => [&source.query]
                .into_iter()
                .chain(source.labels.values())
                .map(String::as_str)
                .collect(),
            Self::Postgres(source) => source.params.iter().map(String::as_str).collect(),
            Self::Github(source) => source.templates(),
            Self::Git(source) => source.author.iter().map(String::as_str).collect(),
            Self::Performance(source) => source.templates(),
            Self::Survey(source) => source.templates(),
            Self::Csv(source) => source.templates(),
            Self::Command(source) => source.templates(),
            Self::Ratio(source) => source
                .operands()
                .into_iter()
                .flat_map(|(_, part)| part.templates())
                .collect(),
            Self::Change(source) => source.of.templates(),
            Self::Solana(source) => source.templates(),
            Self::Manual(_) => Vec::new(),
        }
    }
}

/// How long an answer may take unless the configuration says otherwise.
fn default_timeout() -> Duration {
    Duration::from_secs(30)
}

/// A URL with its placeholders filled in, so that what they stand for cannot change its other parts.
///
/// # Errors
/// If a part of the path is `.` or `..`, which would lead elsewhere.
fn url(template: &str, scope: &Scope) -> Result<String, SourceError> {
    let url = filled(template, scope, escaped)?;
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let is_dots = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    match path.split(['/', '\\']).find(|part| is_dots(part)) {
        None => Ok(url),
        Some(part) => Err(unexpected(format!(
            "the URL that {template} makes has {part:?} as a part of its path, which leads elsewhere: an identity cannot be that"
        ))),
    }
}

/// Whether a URL has an identity in the name of its server, or in what is in front of it.
fn names_the_server(template: &str) -> bool {
    let (scheme, rest) = template.split_once("://").unwrap_or_default();
    let server = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") && server.contains("{identity}")
}

/// `template` with its placeholders filled in; the identity, which is free text, as `escape` writes it.
fn filled(template: &str, scope: &Scope, escape: fn(&str) -> String) -> Result<String, SourceError> {
    let escaped = Scope {
        grant: scope.grant.clone().map(|mut grant| {
            grant.identity = grant.identity.as_deref().map(escape);
            grant
        }),
        ..scope.clone()
    };
    Ok(template::fill(template, &escaped)?)
}

/// `text` for the path or a query of a URL (RFC 3986: everything but unreserved characters is escaped).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// `template` with something in place of each placeholder, to see whether the rest makes sense.
fn example(template: &str) -> String {
    template::fill(template, &template::example()).unwrap_or_else(|_| template.to_owned())
}

fn names_the_grant(template: &str) -> bool {
    template.contains("{identity}") || template.contains("{beneficiary}")
}

/// The one part of an answer that has one.
fn only(parts: &[Part]) -> Result<&Part, SourceError> {
    match parts {
        [part] => Ok(part),
        _ => Err(unexpected(format!(
            "the answer has {} parts, 1 is expected",
            parts.len()
        ))),
    }
}

/// 2200-01-01 in UTC, Unix seconds: no period is so late.
const YEAR_2200: i64 = 7_258_118_400;

/// A point in time as sources write it: RFC 3339, a date with a time and an offset, a day (its beginning in UTC), or
/// Unix seconds or milliseconds from 2001 to 2200. A time of day without an offset could be any of 24 hours, and a
/// short number a date without separators: both are refused.
pub(super) fn moment(text: &str) -> Result<i64, SourceError> {
    let text = text.trim();
    let unreadable = || unexpected(format!("{text:?} is not a time"));
    if let Ok(number) = text.parse::<i64>() {
        if number < 1_000_000_000 {
            return Err(unexpected(format!(
                "{text:?} is not a time: Unix seconds of this century have ten digits, and a day is written 2027-04-01"
            )));
        }
        // Seconds reach this size in the year 5138, milliseconds did in 1973.
        let seconds = if number < 100_000_000_000 {
            number
        } else {
            number.div_euclid(1_000)
        };
        // Microseconds would be of the year 59000, and a row with them outside of every period.
        if seconds > YEAR_2200 {
            return Err(unexpected(format!(
                "{text:?} is not a time: as Unix seconds or milliseconds it is after the year 2200"
            )));
        }
        return Ok(seconds);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_second());
    }
    let day: jiff::civil::Date = text.parse().map_err(|_| unreadable())?;
    if text.len() != "2027-04-01".len() {
        return Err(unexpected(format!(
            "{text:?} does not say its offset from UTC, like 2027-04-01T12:00:00Z"
        )));
    }
    let begin = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| unreadable())?;
    Ok(begin.timestamp().as_second())
}

#[cfg(test)]
pub(crate) mod testing {
    use {
        super::*,
        crate::measure::{
            GrantScope,
            template::{Earlier, Span},
        },
        solana_program::pubkey::Pubkey,
    };

    /// The second quarter of 2027, for a grant.
    pub fn scope() -> Scope {
        Scope {
            period: 1,
            start: 1_806_537_600,
            end: 1_814_400_000,
            earlier: Earlier {
                before: Some(Span {
                    period: Some(0),
                    start: 1_798_761_600,
                    end: 1_806_537_600,
                }),
                year_ago: Some(Span {
                    period: None,
                    start: 1_775_001_600,
                    end: 1_782_864_000,
                }),
            },
            grant: Some(GrantScope {
                index: 0,
                address: Pubkey::new_from_array([1; 32]),
                beneficiary: Pubkey::new_from_array([2; 32]),
                identity: Some("ann".to_owned()),
            }),
        }
    }

    /// An answer of one part.
    pub fn answer(text: &str) -> Vec<Part> {
        vec![Part {
            of: String::new(),
            request: "test".to_owned(),
            answered_at: 1_814_400_100,
            modified_at: None,
            number: None,
            next: None,
            body: Body::Text(text.to_owned()),
        }]
    }

    #[test]
    fn an_identity_cannot_lead_to_another_place() {
        let at = |template: &str, identity: &str| {
            let mut scope = scope();
            scope.grant.as_mut().unwrap().identity = Some(identity.to_owned());
            url(template, &scope).map_err(|error| error.to_string())
        };
        for (template, identity) in [
            ("https://a.test/d/users/{identity}/bom", ".."),
            ("https://a.test/d/users/{identity}/bom", "."),
            ("https://a.test/d/{identity}?x=1", ".."),
            ("https://a.test/d/{identity}#x", "."),
            ("https://a.test/d/.{identity}", "."),
            ("https://a.test/d/%2{identity}.", "E"),
        ] {
            let error = at(template, identity).unwrap_err();
            assert!(error.contains("leads elsewhere"), "{template} {identity}: {error}");
        }
        for (template, identity, url) in [
            ("https://a.test/u/{identity}/n", "...", "https://a.test/u/.../n"),
            ("https://a.test/u/{identity}/n", "../x", "https://a.test/u/..%2Fx/n"),
            ("https://a.test/u?of={identity}", "..", "https://a.test/u?of=.."),
            ("https://a.test/u/{identity}.json", "..", "https://a.test/u/...json"),
        ] {
            assert_eq!(at(template, identity).unwrap(), url);
        }
        for (url, is_refused) in [
            ("http://{identity}:28081/", true),
            ("https://{identity}.a.test/v1", true),
            ("https://a.test{identity}/v1", true),
            ("HTTPS://{identity}@a.test?x", true),
            ("https://a.test/{identity}", false),
            ("https://a.test?u={identity}", false),
        ] {
            let text = format!("type = 'http'\nurl = '{url}'\npath = '$.n'");
            let source: Source = toml::from_str(&text).unwrap();
            let mistakes = source.mistakes(true);
            let refused = mistakes
                .iter()
                .any(|mistake| mistake.contains("the name of the server"));
            assert_eq!(refused, is_refused, "{url}: {mistakes:?}");
        }
    }

    #[test]
    fn times_are_read_as_sources_write_them() {
        for text in [
            "1806537600",
            "1806537600000",
            "2027-04-01T00:00:00Z",
            "2027-04-01T02:00:00+02:00",
            "2027-04-01",
        ] {
            assert_eq!(moment(text).unwrap(), 1_806_537_600, "{text}");
        }
        for text in [
            "yesterday",
            "20270401",
            "2027-04-01T12:00:00",
            "2027-04-01 12:00",
            "-1",
            "7",
            // Microseconds and nanoseconds.
            "1806537600000000",
            "1806537600000000000",
            "7258118401",
            "7258118401000",
        ] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        let body = Body::new("\u{feff}{\"v\": 5}".as_bytes().to_vec());
        assert_eq!(body.text().unwrap(), "{\"v\": 5}");
        assert_eq!(body, Body::Text("\u{feff}{\"v\": 5}".to_owned()), "the evidence has it");
    }

    #[test]
    fn bytes_that_are_no_text_survive_the_evidence() {
        let body = Body::new(vec![0xff, 0x00]);
        let json = serde_json::to_string(&body).unwrap();
        assert_eq!(serde_json::from_str::<Body>(&json).unwrap(), body);
        assert!(body.text().is_err());
    }
}
