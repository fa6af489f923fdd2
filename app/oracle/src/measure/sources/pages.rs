//! Answers that come in pages: all of them, or none.

use {
    super::{Part, SourceError, ambiguous, escaped, json, request::is_secret, unexpected},
    crate::measure::{Found, Scope},
    reqwest::{
        Url,
        header::{HeaderMap, LINK},
    },
    serde::{Deserialize, Serialize},
    serde_json::Value,
    std::{
        collections::{HashMap, HashSet, hash_map::DefaultHasher},
        hash::{Hash, Hasher},
        time::Duration,
    },
};

/// Most pages that can be asked for.
const MOST_PAGES: usize = 1_000;
/// Most bytes of all pages together: they are kept in one document.
const MOST_BYTES: usize = 24 << 20;

/// How the next page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// With what the page before says at `path`.
    Cursor,
    /// With its number.
    Number,
    /// With the number of items before it.
    Offset,
    /// At the URL that the page before says at `path`.
    Url,
    /// At the URL that the page before has as `rel="next"` in its header `Link`.
    Link,
}

/// How the pages of an answer follow each other, and how their end is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// What the next page is asked with.
    pub by: By,
    /// JSONPath of the cursor, or of the URL, of the next page. The last page has none, or null, or an empty text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The parameter of the URL that gets the cursor or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The variable of the GraphQL query that gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The member of the JSON object in `body` that gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Number of the first page.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub first: u32,
    /// JSONPath of whether there are more pages, true or false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<String>,
    /// JSONPath of how many items all pages have together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// Most pages. Where there are more there is no value.
    #[serde(default = "hundred")]
    pub limit: usize,
    /// Pause before each page but the first.
    #[serde(default, with = "crate::measure::duration")]
    pub pause: Duration,
}

fn one() -> u32 {
    1
}

fn is_one(number: &u32) -> bool {
    *number == 1
}

fn hundred() -> usize {
    100
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub url: String,
    /// Makes it a POST.
    pub body: Option<String>,
}

impl Asked {
    /// The request as the evidence says it.
    pub fn text(&self) -> String {
        match &self.body {
            None => format!("GET {}", self.url),
            Some(body) => format!("POST {} {body}", self.url),
        }
    }
}

/// What is asked for pages.
pub trait Paged: Sync {
    /// The pages and the JSONPath of the list in each, if it comes in pages.
    fn pages(&self) -> Option<(&Pages, &str)>;

    /// What is asked, of a GraphQL query with one more variable.
    ///
    /// # Errors
    /// If it cannot be written.
    fn asked(&self, scope: &Scope, variable: Option<(&str, Value)>) -> Result<Asked, SourceError>;

    /// Refuses a document that is not whole, or not what was asked for.
    ///
    /// # Errors
    /// What is wrong with it.
    fn fits(&self, document: &str, scope: &Scope) -> Result<(), SourceError>;
}

/// What a source asks, as it is configured.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// With its placeholders.
    pub url: &'a str,
    /// With its placeholders.
    pub body: Option<&'a str>,
    /// The names of the variables, if it is GraphQL.
    pub variables: Option<Vec<&'a str>>,
}

impl Pages {
    /// What `source` is asked for the page `mark`.
    fn asked(&self, source: &dyn Paged, scope: &Scope, mark: Value) -> Result<Asked, SourceError> {
        if let Some(variable) = &self.variable {
            return source.asked(scope, Some((variable, mark)));
        }
        let asked = source.asked(scope, None)?;
        if let (Some(field), Some(body)) = (&self.field, &asked.body) {
            let begin = body.trim_start();
            let inner = begin
                .strip_prefix('{')
                .ok_or_else(|| unexpected("`body` is not a JSON object"))?;
            let comma = if inner.trim_start().starts_with('}') { "" } else { "," };
            let body = format!("{{{}:{mark}{comma}{inner}", Value::from(field.as_str()));
            return Ok(Asked {
                body: Some(body),
                ..asked
            });
        }
        let parameter = self.parameter.as_deref().unwrap_or_default();
        let text = match &mark {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let sign = if asked.url.contains('?') { '&' } else { '?' };
        Ok(Asked {
            url: format!("{}{sign}{}={}", asked.url, escaped(parameter), escaped(&text)),
            ..asked
        })
    }

    /// Whether the next page is named in a header.
    pub fn by_link(&self) -> bool {
        self.by == By::Link
    }

    /// Mistakes in the configuration of what is asked by `query`.
    pub fn mistakes(&self, query: &Query<'_>) -> Vec<String> {
        let mut mistakes = Vec::new();
        let places = [&self.parameter, &self.variable, &self.field];
        let places = places.into_iter().flatten().count();
        let marked = matches!(self.by, By::Cursor | By::Number | By::Offset);
        if marked && places != 1 {
            mistakes.push(format!(
                "`pages` names {places} of `parameter`, `variable` and `field`: exactly one says where to put what the next page \
                 is asked with"
            ));
        }
        if !marked && places > 0 {
            mistakes.push("`pages`: the next page has a URL of its own, so nothing is put anywhere".to_owned());
        }
        match (self.by, &self.path) {
            (By::Cursor | By::Url, None) => mistakes.push("`pages` needs the `path` of the next page".to_owned()),
            (By::Number | By::Offset | By::Link, Some(_)) => {
                mistakes.push("`pages`: a `path` is for pages by cursor or url".to_owned());
            }
            _ => {}
        }
        if self.first != 1 && self.by != By::Number {
            mistakes.push("`pages`: `first` is for pages by number".to_owned());
        }
        if self.variable.is_some() && query.variables.is_none() {
            mistakes.push("`pages`: a `variable` is for `graphql`".to_owned());
        }
        if self.field.is_some() && query.body.is_none() {
            mistakes.push("`pages`: a `field` is for `body`".to_owned());
        }
        let parameter = self.parameter.as_deref();
        if let (Some(parameter), Ok(url)) = (parameter, Url::parse(&super::example(query.url)))
            && url.query_pairs().any(|(name, _)| name == parameter)
        {
            mistakes.push(format!("the URL has the parameter {parameter:?} of `pages` already"));
        }
        if let (Some(field), Some(body)) = (&self.field, query.body) {
            match json::parse(&super::example(body)) {
                Ok(Value::Object(members)) if !members.contains_key(field) => {}
                Ok(Value::Object(_)) => mistakes.push(format!("`body` has the field {field:?} of `pages` already")),
                _ => mistakes.push("`pages`: a `field` is for a `body` that is a JSON object".to_owned()),
            }
        }
        if let Some(variable) = &self.variable
            && query.variables.iter().flatten().any(|name| name == variable)
        {
            mistakes.push(format!("the query has the variable {variable:?} of `pages` already"));
        }
        if self.limit == 0 || self.limit > MOST_PAGES {
            mistakes.push(format!("`pages`: `limit` is {}, not 1 to {MOST_PAGES}", self.limit));
        }
        let paths = [&self.path, &self.more, &self.total].into_iter().flatten();
        mistakes.extend(paths.filter_map(|path| json::path_mistake(path)));
        mistakes
    }
}

/// From page to page. It follows from the answers alone, so that stored ones can be followed again.
pub struct Walk<'a> {
    source: &'a dyn Paged,
    scope: &'a Scope,
    pages: usize,
    items: usize,
    bytes: usize,
    total: Option<usize>,
    /// What was asked.
    requests: HashSet<String>,
    /// What was answered, with which page it was.
    answers: HashMap<u64, usize>,
}

impl<'a> Walk<'a> {
    /// The beginning, with the first request.
    pub fn new(source: &'a dyn Paged, scope: &'a Scope) -> Result<(Self, Asked), SourceError> {
        let asked = match source.pages() {
            Some((pages, _)) if pages.by == By::Number => pages.asked(source, scope, pages.first.into())?,
            Some((pages, _)) if pages.by == By::Offset => pages.asked(source, scope, 0.into())?,
            _ => source.asked(scope, None)?,
        };
        let walk = Self {
            source,
            scope,
            pages: 0,
            items: 0,
            bytes: 0,
            total: None,
            requests: HashSet::from([asked.text()]),
            answers: HashMap::new(),
        };
        Ok((walk, asked))
    }

    /// The request after the one that `part` answers; `None` if that was the last one.
    ///
    /// # Errors
    /// If the pages contradict each other, never end, or are too many.
    pub fn after(&mut self, part: &Part) -> Result<Option<Asked>, SourceError> {
        let Some((pages, items)) = self.source.pages() else {
            return Ok(None);
        };
        self.pages = self.pages.saturating_add(1);
        self.bytes = self.bytes.saturating_add(part.body.len());
        if self.bytes > MOST_BYTES {
            return Err(unexpected(format!(
                "{} pages are longer than {} MiB together: ask for less",
                self.pages,
                MOST_BYTES >> 20
            )));
        }
        let document = part.body.text()?;
        self.source.fits(document, self.scope)?;
        let count = json::list(document, items)?.len();
        self.items = self.items.saturating_add(count);
        let mut hasher = DefaultHasher::new();
        document.hash(&mut hasher);
        let before = self.answers.insert(hasher.finish(), self.pages);
        if let Some(before) = before.filter(|_| count > 0) {
            return Err(ambiguous(format!(
                "page {} is page {before} once more: the server does not turn the page",
                self.pages
            )));
        }
        self.count_with(pages, document)?;
        let next = self.next(pages, part, document, count)?;
        let Some(next) = next else {
            return match self.total {
                Some(total) if total != self.items => Err(unexpected(format!(
                    "the pages have {} items together, but there are {total} by what they say",
                    self.items
                ))),
                _ => Ok(None),
            };
        };
        if self.pages >= pages.limit {
            return Err(unexpected(format!(
                "there are more than {} pages: ask for larger pages or less, or raise `limit`",
                pages.limit
            )));
        }
        if !self.requests.insert(next.text()) {
            return Err(ambiguous(format!(
                "page {} asks for what was asked before: its cursor does not move",
                self.pages
            )));
        }
        Ok(Some(next))
    }

    /// Compares the total with what the pages before said.
    fn count_with(&mut self, pages: &Pages, document: &str) -> Result<(), SourceError> {
        let Some(path) = &pages.total else {
            return Ok(());
        };
        let total = json::text(document, path)?;
        let total = total
            .parse()
            .map_err(|_| unexpected(format!("{path} is {total:?}, not a number of items")))?;
        match self.total.replace(total) {
            Some(before) if before != total => Err(ambiguous(format!(
                "there were {before} items on page {}, and are {total} on page {}: the list changed while it was read",
                self.pages.saturating_sub(1),
                self.pages
            ))),
            _ => Ok(()),
        }
    }

    fn next(&self, pages: &Pages, part: &Part, document: &str, count: usize) -> Result<Option<Asked>, SourceError> {
        let more = match &pages.more {
            Some(path) => match json::scalar(document, path)?.as_str() {
                "true" => Some(true),
                "false" => Some(false),
                other => return Err(unexpected(format!("{path} is {other:?}, neither true nor false"))),
            },
            None => None,
        };
        if more == Some(false) {
            return Ok(None);
        }
        let next = match (pages.by, &pages.path) {
            (By::Number | By::Offset, _) => {
                let ended = match self.total {
                    Some(total) if more.is_none() => self.items >= total,
                    _ => false,
                };
                match () {
                    () if ended || (count == 0 && more.is_none()) => None,
                    () if count == 0 => {
                        return Err(unexpected(format!(
                            "page {} is empty, and says that more follow",
                            self.pages
                        )));
                    }
                    () if pages.by == By::Offset => Some(pages.asked(self.source, self.scope, self.items.into())?),
                    () => {
                        let number = usize::try_from(pages.first).unwrap_or(usize::MAX);
                        Some(pages.asked(self.source, self.scope, number.saturating_add(self.pages).into())?)
                    }
                }
            }
            (By::Cursor, Some(path)) => match mark(document, path)? {
                Some(mark) => Some(pages.asked(self.source, self.scope, mark)?),
                None => None,
            },
            (By::Url, Some(path)) => match mark(document, path)? {
                Some(Value::String(url)) => Some(self.at(&url)?),
                Some(_) => return Err(unexpected(format!("{path} is not a URL"))),
                None => None,
            },
            (By::Cursor | By::Url, None) => return Err(unexpected("`pages` has no `path`")),
            (By::Link, _) => part.next.as_deref().map(|url| self.at(url)).transpose()?,
        };
        match (more, next) {
            (Some(true), None) => Err(unexpected(format!(
                "page {} says that more follow, and not where",
                self.pages
            ))),
            (_, next) => Ok(next),
        }
    }

    /// The page at a URL that the server gave: nowhere but where the configuration says.
    fn at(&self, url: &str) -> Result<Asked, SourceError> {
        let first = self.source.asked(self.scope, None)?;
        let elsewhere = || unexpected("the next page is not on the server that the configuration names");
        let base = Url::parse(&first.url).map_err(|error| unexpected(error.to_string()))?;
        let next = base
            .join(url)
            .map_err(|_| unexpected("the URL of the next page is none"))?;
        let same = next.scheme() == base.scheme()
            && next.host_str() == base.host_str()
            && next.port_or_known_default() == base.port_or_known_default()
            && next.username().is_empty()
            && next.password().is_none();
        // What is asked is evidence, which is published.
        let secret = next.query_pairs().find(|(name, _)| is_secret(name) && !is_mark(name));
        if let Some((name, _)) = secret {
            return Err(unexpected(format!(
                "the URL of the next page carries a secret in its parameter {name:?}: use another way to turn the page"
            )));
        }
        match same {
            true => Ok(Asked {
                url: next.to_string(),
                ..first
            }),
            false => Err(elsewhere()),
        }
    }
}

/// Whether a parameter is likely to say only where a page begins.
fn is_mark(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let marks = ["page", "next", "cursor", "continue", "continuation", "after", "offset"];
    marks.iter().any(|mark| name.contains(mark))
}

/// What a page says the next one is asked with.
fn mark(document: &str, path: &str) -> Result<Option<Value>, SourceError> {
    Ok(match json::found(document, path)? {
        Found::Nothing | Found::Blank => None,
        Found::Value { text, .. } if text.is_empty() => None,
        Found::Value { .. } => {
            let written = json::every(document, path)?;
            let raw = written.first().map(|raw| raw.get()).unwrap_or_default();
            match json::parse(raw)? {
                // As its digits are: what a parser makes of a long number may be another one.
                Value::Number(number) if number.to_string() == raw => Some(Value::Number(number)),
                Value::Number(_) => Some(Value::from(raw)),
                Value::Bool(false) => None,
                value @ Value::String(_) => Some(value),
                _ => return Err(unexpected(format!("{path} is not a cursor"))),
            }
        }
        Found::Empty | Found::Compound => return Err(unexpected(format!("{path} is not a cursor"))),
    })
}

/// The URL of `rel="next"` (RFC 8288).
pub fn next_link(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(LINK).iter().filter_map(|line| line.to_str().ok());
    let links = lines.flat_map(|line| line.split('<').skip(1));
    links
        .filter_map(|link| link.split_once('>'))
        .find(|(_, parameters)| {
            parameters.split([';', ',']).any(|parameter| {
                let (name, value) = parameter.split_once('=').unwrap_or_default();
                let mut kinds = value.trim().trim_matches('"').split_ascii_whitespace();
                name.trim().eq_ignore_ascii_case("rel") && kinds.any(|kind| kind.eq_ignore_ascii_case("next"))
            })
        })
        .map(|(url, _)| url.trim().to_owned())
}

/// What says that there is another page where it is true.
const MORE: [&str; 6] = [
    "has_more",
    "hasMore",
    "has_next",
    "hasNext",
    "has_next_page",
    "hasNextPage",
];

/// What says that there is another page where it is false.
const LAST: [&str; 4] = ["is_last", "isLast", "is_last_page", "isLastPage"];

/// What says where the next page is.
const NEXT: [&str; 15] = [
    "next",
    "next_page",
    "nextPage",
    "next_page_token",
    "nextPageToken",
    "next_token",
    "nextToken",
    "next_cursor",
    "nextCursor",
    "next_url",
    "nextUrl",
    "next_page_url",
    "next_link",
    "nextLink",
    "@odata.nextLink",
];

/// How deep in objects marks of more pages are looked for.
const DEEPEST_MARK: usize = 6;

/// What in a document says, as is common, that it is one page and that more follow. Lists are not looked into: what is
/// in them is about single items.
pub fn mark_of_more(document: &str) -> Option<String> {
    mark_within(&serde_json::from_str(document).ok()?, DEEPEST_MARK)
}

fn mark_within(value: &Value, deep: usize) -> Option<String> {
    let fields = value.as_object()?;
    let own = fields.iter().find(|(name, value)| {
        let name = name.as_str();
        let is = |known: &[&str], wanted: bool| known.contains(&name) && **value == Value::Bool(wanted);
        is(&MORE, true) || is(&LAST, false) || (NEXT.contains(&name) && is_somewhere(value))
    });
    if let Some((name, _)) = own {
        return Some(format!("`{name}`"));
    }
    let deep = deep.checked_sub(1)?;
    fields.values().find_map(|inner| mark_within(inner, deep))
}

/// Whether there is something that a next page could be found by.
fn is_somewhere(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::{Body, HttpJson, testing::scope},
        axum::{Router, body, extract::Request, response::IntoResponse},
        futures_util::stream,
        proptest::prelude::{ProptestConfig, any, prop, proptest},
        std::sync::Arc,
        tokio::net::TcpListener,
    };

    /// What a server of a test answers: its header `Link`, if any, and its document. `None` is an endless one.
    type Answered = Option<(Option<String>, String)>;

    /// A server that answers every request by what it was asked: path with query, or the body of a POST.
    async fn serve(answer: impl Fn(&str) -> Answered + Send + Sync + 'static) -> String {
        let answer = Arc::new(answer);
        let router = Router::new().fallback(move |request: Request| {
            let answer = Arc::clone(&answer);
            async move {
                let (head, content) = request.into_parts();
                let bytes = body::to_bytes(content, 1 << 20).await.unwrap();
                let posted = String::from_utf8(bytes.to_vec()).unwrap();
                let asked = match posted.is_empty() {
                    true => head.uri.path_and_query().unwrap().to_string(),
                    false => posted,
                };
                let Some((link, text)) = answer(&asked) else {
                    let chunk = || Ok::<_, std::io::Error>(vec![b' '; 1 << 20]);
                    let endless = stream::repeat_with(chunk);
                    return body::Body::from_stream(endless).into_response();
                };
                let kind = if text.starts_with('<') {
                    "text/html"
                } else {
                    "application/json"
                };
                let mut response = ([("content-type", kind)], text).into_response();
                if let Some(link) = link {
                    response.headers_mut().insert(LINK, link.parse().unwrap());
                }
                response
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn source(url: &str, text: &str) -> HttpJson {
        let source: HttpJson = toml::from_str(&text.replace("URL", url)).unwrap();
        assert_eq!(source.mistakes(), Vec::<String>::new(), "{text}");
        source
    }

    /// Asks, reads, and reads again from what the evidence keeps.
    async fn value(source: &HttpJson) -> Result<(String, Vec<Part>), String> {
        let text = |error: SourceError| error.to_string();
        let parts = source.fetch(&scope()).await.map_err(text)?;
        let observed = source.read(&scope(), &parts).map_err(text)?;
        let kept: HttpJson = serde_json::from_str(&serde_json::to_string(source).unwrap()).unwrap();
        let stored: Vec<Part> = serde_json::from_str(&serde_json::to_string(&parts).unwrap()).unwrap();
        assert_eq!(kept.read(&scope(), &stored).map_err(text)?, observed);
        Ok((observed.value.to_string(), parts))
    }

    async fn error(source: &HttpJson) -> String {
        value(source).await.unwrap_err()
    }

    fn json(text: impl Into<String>) -> Answered {
        Some((None, text.into()))
    }

    #[test]
    fn what_says_that_there_are_more() {
        for (document, mark) in [
            (r#"{"data": [], "has_more": true}"#, Some("`has_more`")),
            (
                r#"{"data": {"issues": {"pageInfo": {"hasNextPage": true}}}}"#,
                Some("`hasNextPage`"),
            ),
            (r#"{"next": "https://example.org/?page=2"}"#, Some("`next`")),
            (r#"{"links": {"next": {"href": "/?page=2"}}}"#, Some("`next`")),
            (r#"{"meta": {"next_page": 2}}"#, Some("`next_page`")),
            (r#"{"nextPageToken": "abc"}"#, Some("`nextPageToken`")),
            (r#"{"response_metadata": {"next_cursor": "x"}}"#, Some("`next_cursor`")),
            (r#"{"isLast": false}"#, Some("`isLast`")),
            (
                r#"{"has_more": false, "next": null, "next_page": 0, "nextPageToken": "", "isLast": true}"#,
                None,
            ),
            (
                r#"{"data": [{"next": "a", "has_more": true}], "total": 400, "page": 1}"#,
                None,
            ),
            (r#"[{"next": "a"}]"#, None),
            ("12", None),
            ("no JSON", None),
        ] {
            assert_eq!(mark_of_more(document).as_deref(), mark, "{document}");
        }
    }

    #[tokio::test]
    async fn one_page_of_several_is_no_value() {
        let url = serve(|asked| {
            let text = match asked {
                "/marked" => r#"{"has_more": true, "data": [{"v": 1}, {"v": 2}]}"#,
                _ => r#"{"has_more": false, "data": [{"v": 1}, {"v": 2}]}"#,
            };
            let link = asked
                .starts_with("/linked")
                .then(|| "</linked?page=2>; rel=\"next\"".to_owned());
            Some((link, text.to_owned()))
        })
        .await;
        let of = |place: &str, more: &str| source(&url, &format!("url = 'URL/{place}'\naggregate = 'sum'\n{more}"));
        let items = "items = '$.data'\nvalue = '$.v'";
        for list in [items, "path = '$.data[*].v'"] {
            for (place, mark) in [("marked", "`has_more`"), ("linked", "`Link`")] {
                let error = error(&of(place, list)).await;
                assert!(
                    error.contains(mark) && error.contains("`pages`") && error.contains("`one_page = true`"),
                    "{error}"
                );
                let meant = of(place, &format!("{list}\none_page = true"));
                assert_eq!(value(&meant).await.unwrap().0, "3");
            }
            assert_eq!(value(&of("whole", list)).await.unwrap().0, "3");
        }
        // One number is no list.
        let only = source(&url, "url = 'URL/marked'\npath = '$.data[1].v'");
        assert_eq!(value(&only).await.unwrap().0, "2");
    }

    const CURSOR: &str = "url = 'URL/v1/balance?limit=2'\nitems = '$.data'\nvalue = '$.net'\nid = '$.id'\nscale = -2
        aggregate = 'sum'\ntime = '$.created'
        pages = { by = 'cursor', path = '$.data[-1:].id', parameter = 'starting_after', more = '$.has_more' }";

    fn balance(asked: &str) -> Answered {
        let item = |id: &str, net: &str| format!(r#"{{"id": "{id}", "net": {net}, "created": 1806537600}}"#);
        json(match asked.split_once("starting_after=") {
            None => format!(
                r#"{{"has_more": true, "data": [{}, {}]}}"#,
                item("a", "1250"),
                item("b", "-5")
            ),
            Some((_, "b")) => format!(
                r#"{{"has_more": true, "data": [{}, {}]}}"#,
                item("c", "1"),
                item("d&e", "1")
            ),
            Some((_, "d%26e")) => format!(
                r#"{{"has_more": false, "data": [{}]}}"#,
                item("f", "900719925474099301")
            ),
            Some((_, other)) => panic!("{other}"),
        })
    }

    #[tokio::test]
    async fn every_page_by_a_cursor() {
        let url = serve(balance).await;
        let source = source(&url, CURSOR);
        let (sum, parts) = value(&source).await.unwrap();
        assert_eq!((sum.as_str(), parts.len()), ("9007199254741005.48", 3));
        // What is missing, doubled, out of order or of another question is no evidence.
        let without = |number: usize| {
            let mut parts = parts.clone();
            parts.remove(number);
            parts
        };
        let mut swapped = parts.clone();
        swapped.swap(1, 2);
        let mut changed = parts.clone();
        changed[1].body =
            Body::Text(r#"{"has_more": true, "data": [{"id": "x", "net": 1, "created": 1806537600}]}"#.into());
        let mut more = parts.clone();
        more.push(parts[2].clone());
        for (broken, part) in [
            (without(0), "the answer is to"),
            (without(1), "the answer is to"),
            (without(2), "a page is missing"),
            (swapped, "the answer is to"),
            (changed, "the answer is to"),
            (more, "after the last page"),
            (Vec::new(), "a page is missing"),
        ] {
            let error = source.read(&scope(), &broken).unwrap_err().to_string();
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[tokio::test]
    async fn every_page_by_number_offset_link_and_url() {
        let list = |numbers: &[u32]| {
            let items: Vec<String> = numbers
                .iter()
                .map(|n| format!(r#"{{"id": {n}, "points": {n}.5}}"#))
                .collect();
            format!("[{}]", items.join(","))
        };
        let url = serve(move |asked| {
            let after = |name: &str| asked.split_once(name).map(|(_, value)| value.to_owned());
            if let Some(page) = after("page=") {
                return json(match page.as_str() {
                    "1" => list(&[1, 2]),
                    "2" => list(&[3]),
                    _ => list(&[]),
                });
            }
            if let Some(offset) = after("startAt=") {
                let issues = match offset.as_str() {
                    "0" => list(&[1, 2]),
                    "2" => list(&[3]),
                    other => panic!("{other}"),
                };
                return json(format!(r#"{{"total": 3, "issues": {issues}}}"#));
            }
            match asked {
                "/link" => Some((
                    Some(
                        r#"</link/1>; rel="prev first", </link/2>; title="a, b"; rel="next", </link/9>; rel=last"#
                            .into(),
                    ),
                    list(&[1, 2]),
                )),
                "/link/2" => Some((Some(r#"</link>; rel="first""#.into()), list(&[3]))),
                "/url" => json(format!(
                    r#"{{"next": "?more=1&pageToken=x", "rows": {}}}"#,
                    list(&[1, 2])
                )),
                "/url?more=1&pageToken=x" => json(format!(r#"{{"next": null, "rows": {}}}"#, list(&[3]))),
                other => panic!("{other}"),
            }
        })
        .await;
        for (text, pages) in [
            (
                "url = 'URL/list'\nitems = '$'\npages = { by = 'number', parameter = 'page' }",
                3,
            ),
            (
                "url = 'URL/search?of=x'\nitems = '$.issues'\npages = { by = 'offset', parameter = 'startAt', total = '$.total' }",
                2,
            ),
            ("url = 'URL/link'\nitems = '$'\npages = { by = 'link' }", 2),
            (
                "url = 'URL/url'\nitems = '$.rows'\npages = { by = 'url', path = '$.next' }",
                2,
            ),
        ] {
            let source = source(
                &url,
                &format!("{text}\nvalue = '$.points'\nid = '$.id'\naggregate = 'sum'"),
            );
            let (sum, parts) = value(&source).await.unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((sum.as_str(), parts.len()), ("7.5", pages), "{text}");
            let error = source.read(&scope(), &parts[..pages - 1]).unwrap_err().to_string();
            assert!(error.contains("missing"), "{text}: {error}");
        }
    }

    #[tokio::test]
    async fn every_page_of_a_query_and_of_a_body() {
        let url = serve(|asked| {
            let asked: Value = serde_json::from_str(asked).unwrap();
            let page = |id: u32, more: &str| {
                json(format!(
                    r#"{{"data": {{"issues": {{"nodes": [{{"id": {id}, "estimate": 3, "team": "a"}}, {{"id": {}, "estimate": 8, "team": "b"}}],
                    "pageInfo": {more}}}}}}}"#,
                    id + 1
                ))
            };
            if asked["query"].is_string() {
                assert_eq!(asked["query"], "query ($after: String) { issues(after: $after) { nodes { id } } }\n");
                assert_eq!(asked["variables"]["from"], "2027-04-01");
                assert_eq!(asked["variables"]["filter"]["who"][0], "x \" {ann}");
                assert_eq!(asked["variables"]["since"], 1_806_537_600);
                return match asked["variables"]["after"].as_str() {
                    None => page(1, r#"{"hasNextPage": true, "endCursor": "c\"1"}"#),
                    Some("c\"1") => page(3, r#"{"hasNextPage": false, "endCursor": "c2"}"#),
                    Some(other) => panic!("{other}"),
                };
            }
            assert_eq!(asked["jql"], "project = \"x\"");
            match asked["token"].as_u64() {
                None => page(1, r#"{"token": 18446744073709551615}"#),
                Some(u64::MAX) => page(3, "{}"),
                Some(other) => panic!("{other}"),
            }
        })
        .await;
        let common = "items = '$.data.issues.nodes'\nvalue = '$.estimate'\nid = '$.id'\naggregate = 'sum'";
        let mut scope = scope();
        scope.grant.as_mut().unwrap().identity = Some("x \" {ann}".to_owned());
        let query = "graphql = \"\"\"\nquery ($after: String) { issues(after: $after) { nodes { id } } }\n\"\"\"
            variables = { from = '{start_date}', filter = { who = ['{identity}'] } }\nnumber_variables = { since = '{start}' }
            pages = { by = 'cursor', path = '$.data.issues.pageInfo.endCursor', variable = 'after', more = \
             '$.data.issues.pageInfo.hasNextPage' }\nwhere = { '$.team' = '!= b' }";
        let linear = source(&url, &format!("url = 'URL/graphql'\n{common}\n{query}"));
        let parts = linear.fetch(&scope).await.unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(linear.read(&scope, &parts).unwrap().value.to_string(), "6");
        let body = r#"body = '{{"jql": "project = \"x\""}}'
            pages = { by = 'cursor', path = '$.data.issues.pageInfo.token', field = 'token' }"#;
        let jira = source(&url, &format!("url = 'URL/search'\n{common}\n{body}"));
        let (sum, parts) = value(&jira).await.unwrap();
        assert_eq!((sum.as_str(), parts.len()), ("22", 2));
    }

    #[tokio::test]
    async fn pages_that_never_end_repeat_or_contradict_each_other() {
        let page = |id: &str, more: &str| json(format!(r#"{{"items": [{{"id": "{id}", "n": 1}}], {more}}}"#));
        let url = serve(move |asked| {
            let (what, mark) = asked[1..].split_once(['?', '=']).unwrap_or((&asked[1..], ""));
            let mark = mark.rsplit('=').next().unwrap_or_default();
            let first = mark.is_empty() || mark == "1";
            match what {
                "loop" => page(if first { "a" } else { mark }, r#""next": "x""#),
                "circle" => match mark {
                    "x" => page("b", r#""next": "y""#),
                    "y" => page("c", r#""next": "x""#),
                    _ => page("a", r#""next": "x""#),
                },
                "same" => page("a", r#""next": 0"#),
                "endless" => page(&format!("i{mark}"), &format!(r#""next": "{mark}0""#)),
                "double" => match mark {
                    "3" => json(r#"{"items": []}"#),
                    mark => page("a", &format!(r#""page": "{mark}""#)),
                },
                "grows" => page(
                    &format!("i{mark}"),
                    &format!(r#""total": {}"#, if first { 2 } else { 3 }),
                ),
                "short" => match mark {
                    "3" => json(r#"{"items": [], "total": 5}"#),
                    mark => page(&format!("i{mark}"), r#""total": 5"#),
                },
                "html" if first => page("a", r#""next": "x""#),
                "html" => json("<html>Log in</html>"),
                "huge" if first => page("a", r#""next": "x""#),
                "huge" => None,
                "cut" if first => page("a", r#""next": "x""#),
                "cut" => json(r#"{"items": [{"id": "b", "n": 1}"#),
                "partial" if first => page("a", r#""next": "x""#),
                "partial" => page("b", r#""incomplete_results": true"#),
                "elsewhere" => page("a", r#""next": "http://127.0.0.1:1/items""#),
                "leak" => page("a", r#""next": "?after=x&access_token=hunter2""#),
                "nowhere" => page("a", r#""next": null, "more": true"#),
                "empty" => json(r#"{"items": [], "more": true}"#),
                "unsure" => page("a", r#""next": "x", "more": "yes""#),
                "object" => page("a", r#""next": {"a": 1}"#),
                "renamed" => json(r#"{"data": []}"#),
                "mine" => json(r#"{"items": {"id": 1}}"#),
                "anonymous" | "null" if !first => json(r#"{"items": []}"#),
                "anonymous" => json(r#"{"items": [{"n": 1}]}"#),
                "null" => json(r#"{"items": [{"id": null, "n": 1}]}"#),
                "large" => page(&format!("i{mark}"), &format!(r#""pad": "{}""#, "x".repeat(7 << 20))),
                other => panic!("{other}"),
            }
        })
        .await;
        let cursor = "{ by = 'cursor', path = '$.next', parameter = 'after', limit = 6 }";
        let more = "{ by = 'cursor', path = '$.next', parameter = 'after', more = '$.more' }";
        let number = "{ by = 'number', parameter = 'page', limit = 6 }";
        let total = "{ by = 'number', parameter = 'page', total = '$.total' }";
        for (what, pages, part) in [
            ("loop", cursor, "cursor does not move"),
            ("circle", cursor, "cursor does not move"),
            ("same", number, "page 2 is page 1 once more"),
            ("endless", cursor, "more than 6 pages"),
            ("double", number, "$.id is \"a\" a second time"),
            ("grows", total, "were 2 items on page 1, and are 3"),
            ("short", total, "2 items together, but there are 5"),
            ("html", cursor, "\"text/html\", not JSON"),
            ("huge", cursor, "longer than 8 MiB"),
            ("cut", cursor, "not complete JSON"),
            ("partial", cursor, "not whole"),
            ("elsewhere", "{ by = 'url', path = '$.next' }", "not on the server"),
            (
                "leak",
                "{ by = 'url', path = '$.next' }",
                "a secret in its parameter \"access_token\"",
            ),
            ("nowhere", more, "says that more follow, and not where"),
            (
                "empty",
                "{ by = 'offset', parameter = 'skip', more = '$.more' }",
                "page 1 is empty, and says that more follow",
            ),
            ("unsure", more, "$.more is \"yes\", neither true nor false"),
            ("object", cursor, "not a cursor"),
            ("renamed", number, "nothing at $.items"),
            ("mine", number, "$.items is not a list"),
            ("anonymous", number, "item 1: there is nothing at $.id"),
            ("null", number, "item 1: $.id is null"),
            ("large", number, "longer than 24 MiB together"),
        ] {
            let text = format!(
                "url = 'URL/{what}'\nitems = '$.items'\nvalue = '$.n'\nid = '$.id'\naggregate = 'sum'\npages = {pages}"
            );
            let error = error(&source(&url, &text)).await;
            assert!(error.contains(part), "{what}: {error}");
        }
    }

    #[test]
    fn pages_that_cannot_be_asked_for_are_mistakes() {
        for (more, part) in [
            ("pages = { by = 'cursor', parameter = 'after' }", "needs the `path`"),
            ("pages = { by = 'cursor', path = '$.next' }", "names 0 of"),
            (
                "pages = { by = 'cursor', path = '$.next', parameter = 'a', field = 'b' }\nbody = '{{}}'",
                "names 2 of",
            ),
            ("pages = { by = 'link', parameter = 'page' }", "URL of its own"),
            ("pages = { by = 'link', path = '$.next' }", "a `path` is for"),
            (
                "pages = { by = 'offset', parameter = 'skip', first = 0 }",
                "`first` is for",
            ),
            (
                "pages = { by = 'number', parameter = 'of' }",
                "the parameter \"of\" of `pages` already",
            ),
            ("pages = { by = 'number', variable = 'page' }", "a `variable` is for"),
            ("pages = { by = 'number', field = 'page' }", "a `field` is for `body`"),
            (
                "pages = { by = 'number', field = 'page' }\nbody = '{{\"page\": 1}}'",
                "already",
            ),
            (
                "pages = { by = 'number', field = 'page' }\nbody = '[]'",
                "a JSON object",
            ),
            (
                "pages = { by = 'number', variable = 'page' }\ngraphql = 'query'\nvariables = { page = 1 }",
                "already",
            ),
            (
                "pages = { by = 'number', parameter = 'page', limit = 0 }",
                "`limit` is 0",
            ),
            (
                "pages = { by = 'number', parameter = 'page', more = 'more' }",
                "not a JSONPath",
            ),
        ] {
            let text =
                format!("url = 'https://a.test/?of=x'\nitems = '$.items'\nid = '$.id'\naggregate = 'count'\n{more}");
            let source: HttpJson = toml::from_str(&text).unwrap();
            let mistakes = source.mistakes();
            assert!(
                mistakes.len() == 1 && mistakes[0].contains(part),
                "{more}: {mistakes:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

        /// Whatever a server answers: the walk ends, and what is not right is an error.
        #[test]
        fn any_pages_are_a_value_or_an_error(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4),
            shaped in prop::collection::vec((any::<bool>(), "[a-c]{0,2}", -3i64..3), 0..4),
        ) {
            let shaped = shaped.into_iter().map(|(more, id, n)| {
                format!(r#"{{"has_more": {more}, "data": [{{"id": "{id}", "net": {n}, "created": 1806537600}}]}}"#)
            });
            let texts = shaped.map(String::into_bytes).chain(bodies);
            let source = source("http://a.test", CURSOR);
            let scope = scope();
            let (mut walk, asked) = Walk::new(&source, &scope).unwrap();
            let (mut parts, mut next) = (Vec::new(), Some(asked));
            for text in texts {
                let Some(asked) = next.take() else { break };
                let part = Part::new(asked.text(), text);
                let after = walk.after(&part);
                parts.push(part);
                next = after.ok().flatten();
            }
            let _ = source.read(&scope, &parts);
        }
    }
}
