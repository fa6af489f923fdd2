//! Documents behind URLs: JSON, in one piece or in pages, or plain text.

use {
    super::{
        Auth, Clock, NumberFormat, Observation, Part, SourceError, http_client, is_unscaled, json, json_path, no_data,
        only,
        pages::{Asked, Paged, Pages, Query, Walk, mark_of_more, next_link},
        request::{Kind, ask, is_secret, url_mistakes},
        scaled, unexpected,
    },
    crate::measure::{Aggregate, Conditions, Scope, fill, statistics::enough},
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    serde_json::{Value, value::RawValue},
    std::{
        collections::{BTreeMap, HashSet},
        ops::Not,
        time::Duration,
    },
};

/// What becomes of an item whose time is not within the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    /// The source was asked for the period: what else it gives shows that it did something else.
    #[default]
    Error,
    /// It does not count.
    Drop,
}

/// A document behind a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpJson {
    /// The URL; placeholders are filled in and escaped.
    pub url: String,
    /// Sent as the body of a POST request if given; GET otherwise. JSON with placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// A GraphQL query, sent as it is written: what differs from period to period is in its variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graphql: Option<String>,
    /// Variables of the query; placeholders in their texts are filled in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// Variables of the query that are whole numbers once their placeholders are filled in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub number_variables: BTreeMap<String, String>,
    /// More headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Who asks. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub auth: Option<Auth>,
    /// JSONPath of the value, or with an `aggregate` of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// JSONPath of a list, of whose items a value is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// JSONPath of the number in each item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Only items that meet these conditions, by JSONPaths in the item.
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub matching: BTreeMap<String, Conditions>,
    /// JSONPath of the time of each item, which has to be within the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// What becomes of an item whose time is not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub outside: Outside,
    /// JSONPath of what is different in each item; the same twice is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How the rest of the list is asked for, where it comes in pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<Pages>,
    /// Whether the first page is all that is meant, although the answer says that there are more.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub one_page: bool,
    /// What is made of several numbers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aggregate: Aggregate,
    /// Whether the sum of nothing is 0, and not an error.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub nothing_is_zero: bool,
    /// How many items there have to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<usize>,
    /// Whether the answer is no document, but one number as plain text.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub text: bool,
    /// How numbers in texts are written.
    #[serde(default, skip_serializing_if = "NumberFormat::is_plain")]
    pub numbers: NumberFormat,
    /// Every number is multiplied by 10 to this power: -2 makes cents whole.
    #[serde(default, skip_serializing_if = "is_unscaled")]
    pub scale: i8,
    /// JSONPath of the time at which the value was so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_path: Option<String>,
    /// How times are written, as for `strptime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_format: Option<String>,
    /// The zone of times without an offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// What else the answer has to say: JSONPaths and the conditions that have to be met there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub require: BTreeMap<String, Conditions>,
    /// Whether a number may be written as a string.
    #[serde(default)]
    pub number_as_text: bool,
    /// How long each answer may take.
    #[serde(default = "super::default_timeout", with = "crate::measure::duration")]
    pub timeout: Duration,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl HttpJson {
    /// Asks for every page.
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let mut parts = Vec::new();
        let source = self.with_paths(scope)?;
        let (mut walk, asked) = Walk::new(&source, scope)?;
        let mut next = Some(asked);
        while let Some(asked) = next {
            let pause = self.pages.as_ref().map(|pages| pages.pause);
            if let Some(pause) = pause.filter(|pause| !parts.is_empty() && !pause.is_zero()) {
                tokio::time::sleep(pause).await;
            }
            let part = self.send(&asked).await?;
            next = walk.after(&part)?;
            parts.push(part);
        }
        Ok(parts)
    }

    /// What is asked first, as the evidence says it.
    pub(super) fn request(&self, scope: &Scope) -> Result<String, SourceError> {
        Ok(self.asked(scope, None)?.text())
    }

    /// Asks for one document.
    pub(super) async fn ask(&self, scope: &Scope) -> Result<Part, SourceError> {
        self.send(&self.asked(scope, None)?).await
    }

    async fn send(&self, asked: &Asked) -> Result<Part, SourceError> {
        let client = http_client()?;
        let mut builder = match &asked.body {
            None => client.get(&asked.url),
            Some(body) => {
                let builder = client.post(&asked.url).header("content-type", "application/json");
                builder.body(body.clone())
            }
        };
        let kind = if self.text { Kind::Text } else { Kind::Json };
        builder = builder.header("accept", kind.accept());
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        let (part, headers) = ask(builder, self.auth.as_ref(), self.timeout, asked.text(), kind).await?;
        let is_list = self.items.is_some() || self.aggregate != Aggregate::Only;
        if is_list && self.pages.is_none() && !self.one_page {
            let mark = next_link(&headers).map(|_| "a header `Link` with rel=\"next\"".to_owned());
            let mark = mark.or_else(|| part.body.text().ok().and_then(mark_of_more));
            if let Some(mark) = mark {
                return Err(unexpected(format!(
                    "the answer says that there are more pages ({mark}), and only the first was asked for: set `items` with \
                     `pages` to read all, or `one_page = true` if the first page is what is meant"
                )));
            }
        }
        let links = self.pages.as_ref().is_some_and(Pages::by_link);
        Ok(Part {
            next: links.then(|| next_link(&headers)).flatten(),
            ..part
        })
    }

    /// The same with the placeholders in its JSONPaths filled in.
    fn with_paths(&self, scope: &Scope) -> Result<Self, SourceError> {
        let fill = |path: &Option<String>| path.as_deref().map(|path| json_path::fill(path, scope)).transpose();
        let keys = |conditions: &BTreeMap<String, Conditions>| {
            let mut filled = BTreeMap::new();
            for (path, wanted) in conditions {
                let path = json_path::fill(path, scope)?;
                if filled.insert(path.clone(), wanted.clone()).is_some() {
                    return Err(unexpected(format!("two conditions are about {path}")));
                }
            }
            Ok(filled)
        };
        Ok(Self {
            path: fill(&self.path)?,
            items: fill(&self.items)?,
            value: fill(&self.value)?,
            time: fill(&self.time)?,
            id: fill(&self.id)?,
            time_path: fill(&self.time_path)?,
            require: keys(&self.require)?,
            matching: keys(&self.matching)?,
            ..self.clone()
        })
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        self.with_paths(scope)?.observe(scope, parts)
    }

    fn observe(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let first = self.followed(scope, parts)?;
        let document = first.body.text()?;
        if self.text {
            let number = self.numbers.read(document.trim_start_matches('\u{feff}'))?;
            return Ok(Observation {
                value: scaled(number, self.scale)?,
                observed_at: None,
            });
        }
        for part in parts {
            self.fits(part.body.text()?, scope)?;
        }
        let clock = Clock::new(self.time_format.as_deref(), self.time_zone.as_deref())?;
        let observed_at = match &self.time_path {
            Some(path) => Some(clock.read(&json::text(document, path)?)?),
            None => None,
        };
        let value = match (&self.items, &self.path) {
            (Some(items), _) => self.of_items(items, &clock, scope, parts)?,
            (None, Some(path)) if self.aggregate == Aggregate::Only => {
                self.number(json::only(document, path)?, path)?
            }
            (None, Some(path)) => {
                let found = json::every(document, path)?;
                if found.is_empty() {
                    return Err(no_data(format!("there is nothing at {path}")));
                }
                enough(found.len(), self.at_least)?;
                let number = |raw: &&RawValue| self.number(raw, path);
                self.aggregate
                    .over(&found, self.nothing_is_zero, scope, number, |raw| json::found_of(raw))?
            }
            (None, None) => return Err(unexpected("neither `path` nor `items` says where the value is")),
        };
        Ok(Observation { value, observed_at })
    }

    /// The first of the answers, which have to be those to one request after the other, up to the last page.
    fn followed<'p>(&self, scope: &Scope, parts: &'p [Part]) -> Result<&'p Part, SourceError> {
        if self.pages.is_none() {
            return only(parts);
        }
        let (mut walk, asked) = Walk::new(self, scope)?;
        let mut next = Some(asked);
        for part in parts {
            let request = match next {
                Some(asked) => asked.text(),
                None => return Err(unexpected(format!("{} was asked after the last page", part.request))),
            };
            if part.request != request {
                let found = &part.request;
                return Err(unexpected(format!("the answer is to {found}, not to {request}")));
            }
            next = walk.after(part)?;
        }
        match (next, parts.first()) {
            (None, Some(first)) => Ok(first),
            (Some(missing), _) => Err(no_data(format!("a page is missing: {}", missing.text()))),
            (None, None) => Err(no_data("no page")),
        }
    }

    /// The items on all pages that count.
    pub(super) fn items<'p>(&self, scope: &Scope, parts: &'p [Part]) -> Result<Vec<&'p RawValue>, SourceError> {
        let source = self.with_paths(scope)?;
        source.followed(scope, parts)?;
        for part in parts {
            source.fits(part.body.text()?, scope)?;
        }
        let path = source
            .items
            .as_deref()
            .ok_or_else(|| unexpected("`items` does not say where the list is"))?;
        let clock = Clock::new(source.time_format.as_deref(), source.time_zone.as_deref())?;
        let kept = source.kept(path, &clock, scope, parts)?;
        enough(kept.len(), source.at_least)?;
        Ok(kept)
    }

    fn kept<'p>(
        &self,
        items: &str,
        clock: &Clock<'_>,
        scope: &Scope,
        parts: &'p [Part],
    ) -> Result<Vec<&'p RawValue>, SourceError> {
        let mut kept: Vec<&RawValue> = Vec::new();
        let (mut seen, mut number) = (HashSet::new(), 0usize);
        for part in parts {
            for item in json::list(part.body.text()?, items)? {
                number = number.saturating_add(1);
                let counts = self.counts(item, clock, scope, &mut seen);
                let of_item = |error: SourceError| error.within(&format!("item {number}"));
                if counts.map_err(of_item)? {
                    kept.push(item);
                }
            }
        }
        Ok(kept)
    }

    /// What is made of the items on all pages.
    fn of_items(&self, items: &str, clock: &Clock<'_>, scope: &Scope, parts: &[Part]) -> Result<Decimal, SourceError> {
        let kept = self.kept(items, clock, scope, parts)?;
        enough(kept.len(), self.at_least)?;
        let path = self.value.as_deref().unwrap_or("$");
        let number = |item: &&RawValue| self.number(json::only(item.get(), path)?, path);
        self.aggregate.over(&kept, self.nothing_is_zero, scope, number, |item| {
            json::found(item.get(), path)
        })
    }

    /// Whether an item is one of those of which the value is made.
    fn counts(
        &self,
        item: &RawValue,
        clock: &Clock<'_>,
        scope: &Scope,
        seen: &mut HashSet<String>,
    ) -> Result<bool, SourceError> {
        let item = item.get();
        if let Some(path) = &self.id {
            let id = json::only(item, path)?.get();
            if id == "null" {
                return Err(no_data(format!("{path} is null")));
            }
            if !seen.insert(json::canonical(json::only(item, path)?)?) {
                return Err(super::ambiguous(format!(
                    "{path} is {id} a second time: the list changed while it was read, or has doubles"
                )));
            }
        }
        let within = |path: &String| {
            let at = clock.read(&json::text(item, path)?)?;
            match ((scope.start..scope.end).contains(&at), self.outside) {
                (true, _) => Ok(true),
                (false, Outside::Drop) => Ok(false),
                (false, Outside::Error) => Err(unexpected(format!(
                    "the answer does not fit the question: its time is {}, which is not within the period; ask for the \
                     period only, or set `outside = \"drop\"`",
                    earnout_sdk::text::time::text(at)
                ))),
            }
        };
        // What is dropped need not have the other fields, and what does not match need not be of the period.
        let time = self.time.as_ref();
        if let Some(path) = time.filter(|_| self.outside == Outside::Drop)
            && !within(path)?
        {
            return Ok(false);
        }
        for (path, conditions) in &self.matching {
            if !conditions.hold(path, &json::found(item, path)?, scope)? {
                return Ok(false);
            }
        }
        time.map_or(Ok(true), within)
    }

    fn number(&self, raw: &RawValue, path: &str) -> Result<Decimal, SourceError> {
        let number = match raw.get().starts_with('"') && self.number_as_text && !self.numbers.is_plain() {
            true => self.numbers.read(&json::string(raw)?)?,
            false => json::number_of(raw, path, self.number_as_text)?,
        };
        scaled(number, self.scale)
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = url_mistakes(&super::example(&self.url));
        let mut wrong = |wrong: bool, what: &str| {
            if wrong {
                mistakes.push(what.to_owned());
            }
        };
        let places = [self.path.is_some(), self.items.is_some(), self.text];
        wrong(
            places.into_iter().filter(|place| *place).count() != 1,
            "exactly one of `path`, `items` and `text` says where the value is",
        );
        let of_items = self.value.is_some()
            || !self.matching.is_empty()
            || self.time.is_some()
            || self.id.is_some()
            || self.pages.is_some()
            || self.outside != Outside::Error;
        wrong(
            of_items && self.items.is_none(),
            "`value`, `where`, `time`, `outside`, `id` and `pages` are about `items`",
        );
        wrong(
            self.items.is_some() && self.value.is_none() && self.aggregate != Aggregate::Count,
            "`items` needs the `value` in each, unless they are counted",
        );
        wrong(
            self.pages.is_some() && self.id.is_none(),
            "`pages` needs `id`: an item that moves from page to page while they are read would count twice",
        );
        wrong(
            self.one_page && self.pages.is_some(),
            "`one_page` says that the first page is all, `pages` that it is not",
        );
        wrong(
            self.one_page && self.items.is_none() && self.aggregate == Aggregate::Only,
            "`one_page` is for a list: `items`, or an `aggregate`",
        );
        wrong(
            self.outside == Outside::Drop && self.time.is_none(),
            "`outside` needs the `time` of each item",
        );
        wrong(
            self.text && (self.aggregate != Aggregate::Only || self.time_path.is_some() || !self.require.is_empty()),
            "of a `text` nothing but its one number is read",
        );
        wrong(
            self.at_least.is_some() && self.aggregate == Aggregate::Only,
            "`at_least` is for an `aggregate`",
        );
        wrong(
            !self.numbers.is_plain() && !self.text && !self.number_as_text,
            "`numbers` is for numbers in texts: set `text` or `number_as_text`",
        );
        wrong(
            self.body.is_some() && self.graphql.is_some(),
            "`graphql` is sent in the place of `body`",
        );
        wrong(
            self.graphql.is_none() && !(self.variables.is_empty() && self.number_variables.is_empty()),
            "variables are for `graphql`",
        );
        wrong(
            self.variables
                .keys()
                .any(|name| self.number_variables.contains_key(name)),
            "a variable is in `variables` and in `number_variables`",
        );
        mistakes.extend(self.aggregate.mistakes(self.nothing_is_zero));
        mistakes.extend(self.numbers.mistakes());
        let variables = self.variables.keys().chain(self.number_variables.keys());
        let query = Query {
            url: &self.url,
            body: self.body.as_deref(),
            variables: self.graphql.as_ref().map(|_| variables.map(String::as_str).collect()),
        };
        mistakes.extend(self.pages.iter().flat_map(|pages| pages.mistakes(&query)));
        mistakes.extend(Clock::mistakes(self.time_format.as_deref(), self.time_zone.as_deref()));
        mistakes.extend(self.paths().filter_map(|path| json_path::mistake(path)));
        let conditions = self.require.values().chain(self.matching.values());
        mistakes.extend(conditions.flat_map(Conditions::mistakes));
        if let Some(name) = self.headers.keys().find(|name| is_secret(name)) {
            mistakes.push(format!("the header {name} carries a secret: use `auth`"));
        }
        mistakes
    }

    /// Every JSONPath.
    fn paths(&self) -> impl Iterator<Item = &String> {
        let paths = [
            &self.path,
            &self.items,
            &self.value,
            &self.time,
            &self.id,
            &self.time_path,
        ];
        let paths = paths.into_iter().flatten();
        paths.chain(self.require.keys()).chain(self.matching.keys())
    }

    pub(super) fn templates(&self) -> Vec<&str> {
        let asked = [&self.url]
            .into_iter()
            .chain(&self.body)
            .chain(self.number_variables.values())
            .chain(self.paths());
        let mut templates: Vec<&str> = asked.map(String::as_str).collect();
        for variable in self.variables.values() {
            texts(variable, &mut templates);
        }
        let paths = [
            &self.path,
            &self.items,
            &self.value,
            &self.time,
            &self.id,
            &self.time_path,
        ];
        templates.extend(paths.into_iter().flatten().map(String::as_str));
        templates.extend(self.require.keys().chain(self.matching.keys()).map(String::as_str));
        let conditions = self.require.values().chain(self.matching.values());
        templates.extend(conditions.flat_map(Conditions::templates));
        templates.extend(self.aggregate.templates());
        templates
    }
}

impl Paged for HttpJson {
    fn pages(&self) -> Option<(&Pages, &str)> {
        Some((self.pages.as_ref()?, self.items.as_deref()?))
    }

    fn asked(&self, scope: &Scope, variable: Option<(&str, Value)>) -> Result<Asked, SourceError> {
        let url = super::url(&self.url, scope)?;
        let body = match (&self.graphql, &self.body) {
            (Some(query), _) => {
                let mut variables = serde_json::Map::new();
                for (name, written) in &self.variables {
                    variables.insert(name.clone(), filled_in(written, scope)?);
                }
                for (name, text) in &self.number_variables {
                    let text = fill(text, scope)?;
                    let number: i64 = text
                        .parse()
                        .map_err(|_| unexpected(format!("the variable {name:?} is {text:?}, not a whole number")))?;
                    variables.insert(name.clone(), number.into());
                }
                variables.extend(variable.map(|(name, mark)| (name.to_owned(), mark)));
                Some(serde_json::json!({ "query": query, "variables": variables }).to_string())
            }
            (None, Some(body)) => Some(super::filled(body, scope, json::quoted)?),
            (None, None) => None,
        };
        Ok(Asked { url, body })
    }

    fn fits(&self, document: &str, scope: &Scope) -> Result<(), SourceError> {
        let of = self.items.as_ref().or(self.path.as_ref());
        json::complete(document, of.map_or("$", String::as_str))?;
        for (path, wanted) in &self.require {
            if let Some(broken) = wanted.broken(path, &json::found(document, path)?, scope)? {
                return Err(unexpected(format!("the answer does not fit the question: {broken}")));
            }
        }
        Ok(())
    }
}

/// `value` with the placeholders in its texts filled in.
fn filled_in(value: &Value, scope: &Scope) -> Result<Value, SourceError> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, scope)?),
        Value::Array(list) => Value::Array(
            list.iter()
                .map(|value| filled_in(value, scope))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(members) => {
            let filled = members
                .iter()
                .map(|(name, value)| Ok((name.clone(), filled_in(value, scope)?)));
            Value::Object(filled.collect::<Result<_, SourceError>>()?)
        }
        other => other.clone(),
    })
}

/// Every text in `value`.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::{answer, scope},
    };

    fn source(extra: &str) -> HttpJson {
        toml::from_str(&format!(
            "url = 'https://api.test/{{period}}'\npath = '$.users'\n{extra}"
        ))
        .unwrap()
    }

    #[test]
    fn value_and_time_are_read() {
        let source = source("time_path = '$.as_of'");
        let reading = source
            .read(&scope(), &answer(r#"{"users": 120, "as_of": "2027-07-01T00:00:00Z"}"#))
            .unwrap();
        assert_eq!(reading.value.to_string(), "120");
        assert_eq!(reading.observed_at, Some(1_814_400_000));
        assert!(
            source.read(&scope(), &answer(r#"{"users": 120}"#)).is_err(),
            "the time is missing"
        );
        let none = answer(r#"{"users": null, "as_of": 1}"#);
        assert!(source.read(&scope(), &none).is_err());
        assert!(source.read(&scope(), &[]).is_err());
    }

    #[test]
    fn every_path_takes_placeholders() {
        let text = r#"
            url = 'https://a.test/'
            items = "$['{start_date}'].list"
            id = "$.id"
            value = "$['{identity}']"
            where = { "$['of {identity}']" = "yes" }
            time = "$['at-{period}']"
            require = { "$['{start:%Y}']" = "{start_date}" }
            aggregate = 'sum'
        "#;
        let source: HttpJson = toml::from_str(text).unwrap();
        assert_eq!(source.mistakes(), Vec::<String>::new());
        let document = r#"{"2027": "2027-04-01", "2027-04-01": {"list": [
            {"id": 1, "ann": 3, "of ann": "yes", "at-1": 1806537600},
            {"id": 2, "ann": 9, "of ann": "no", "at-1": 1806537600},
            {"id": 3, "ann": 4, "of ann": "yes", "at-1": 1806537601}]}}"#;
        let observed = source.read(&scope(), &answer(document)).unwrap();
        assert_eq!(observed.value.to_string(), "7");
        let stored: HttpJson = serde_json::from_str(&serde_json::to_string(&source).unwrap()).unwrap();
        assert_eq!(stored.read(&scope(), &answer(document)).unwrap(), observed);
        let bare = text.replace("$['{identity}']", "$.{identity}");
        let source: HttpJson = toml::from_str(&bare).unwrap();
        assert!(source.mistakes()[0].contains("in quotes"), "{:?}", source.mistakes());
    }

    #[test]
    fn an_answer_that_says_it_is_not_whole_is_none() {
        let read = |document: &str| {
            let read = source("").read(&scope(), &answer(document));
            read.map(|reading| reading.value.to_string())
                .map_err(|error| error.to_string())
        };
        for document in [
            r#"{"users": 5, "incomplete_results": true}"#,
            r#"{"users": 5, "timed_out": true}"#,
            r#"{"users": 5, "isPartial": true}"#,
            r#"{"users": 5, "errors": [{"message": "one shard is down"}]}"#,
            r#"{"users": 5, "error": "over quota"}"#,
            r#"{"users": 5, "error": {"code": -32000}}"#,
            r#"{"users": 5, "_shards": {"total": 2, "successful": 1, "failed": 1}}"#,
        ] {
            let error = read(document).unwrap_err();
            assert!(error.contains("not whole"), "{document}: {error}");
        }
        for document in [
            r#"{"users": 5, "incomplete_results": false, "timed_out": false, "errors": [], "error": null}"#,
            r#"{"users": 5, "errors": 3, "_shards": {"failed": 0}}"#,
        ] {
            assert_eq!(read(document).unwrap(), "5", "{document}");
        }
        assert!(
            read(r#"{"users": 5} {"users": 6}"#).is_err(),
            "something follows the document"
        );
        let errors: HttpJson = toml::from_str("url = 'https://a.test/'\npath = '$.errors.count'").unwrap();
        let reading = errors.read(&scope(), &answer(r#"{"errors": {"count": 3}}"#)).unwrap();
        assert_eq!(reading.value.to_string(), "3", "errors can be what is counted");
    }

    #[test]
    fn an_answer_to_another_question_is_an_error() {
        let source =
            source("[require]\n'$.state' = 'final'\n'$.user' = '{identity}'\n'$.period' = '{period}'\n'$.ok' = 'true'");
        let read = |document: &str| {
            source
                .read(&scope(), &answer(document))
                .map_err(|error| error.to_string())
        };
        let good = r#"{"users": 5, "state": "final", "user": "ann", "period": 1, "ok": true}"#;
        assert_eq!(read(good).unwrap().value.to_string(), "5");
        for (from, to, part) in [
            ("final", "pending", r#"$.state is "pending", not "final""#),
            ("ann", "bob", r#"$.user is "bob", not "ann""#),
            ("\"period\": 1", "\"period\": 2", "$.period is"),
            ("true", "false", "$.ok is"),
            ("\"user\"", "\"users2\"", "nothing at $.user"),
        ] {
            let error = read(&good.replace(from, to)).unwrap_err();
            assert!(error.contains(part), "{to}: {error}");
        }
        assert_eq!(source.mistakes(), Vec::<String>::new());
    }

    fn read(text: &str, document: &str) -> Result<String, String> {
        let source: HttpJson = toml::from_str(&format!("url = 'https://api.test/'\n{text}")).unwrap();
        assert_eq!(source.mistakes(), Vec::<String>::new(), "{text}");
        let read = source.read(&scope(), &answer(document));
        read.map(|reading| reading.value.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn several_numbers_become_one() {
        let document = r#"{"tvl": [{"date": 1806537599, "usd": 1e9}, {"date": 1806537600, "usd": 10.5, "kind": "a"},
            {"date": 1814399999, "usd": 0.0000000001, "kind": "b"}], "list": [1, 2, 9], "text": ["1.5", "2.5"]}"#;
        let tvl = "items = '$.tvl'\nvalue = '$.usd'\ntime = '$.date'";
        for (text, expected) in [
            ("path = '$.list[*]'\naggregate = 'sum'", "12"),
            ("path = '$.list[*]'\naggregate = 'median'\nscale = -1", "0.2"),
            (
                "path = '$.list[*]'\naggregate = { share = '>= 2' }",
                "66.666666666666666666666666661",
            ),
            ("path = '$.list[*]'\naggregate = { trimmed-mean = '34' }", "2"),
            ("path = '$.text[*]'\naggregate = 'mean'\nnumber_as_text = true", "2"),
            ("path = '$.tvl[*].kind'\naggregate = 'distinct'", "2"),
            ("path = '$.list[2]'\nscale = 3", "9000"),
            (&format!("{tvl}\noutside = 'drop'\naggregate = 'sum'"), "10.5000000001"),
            (&format!("{tvl}\noutside = 'drop'\naggregate = 'last'"), "0.0000000001"),
            (
                &format!("{tvl}\noutside = 'drop'\nwhere = {{ '$.kind' = 'a' }}"),
                "10.5",
            ),
            (
                &format!("{tvl}\nwhere = {{ '$.kind' = 'is present' }}\naggregate = 'max'"),
                "10.5",
            ),
            (
                &format!("{tvl}\nwhere = {{ '$.usd' = '> 1e9' }}\naggregate = 'sum'\nnothing_is_zero = true"),
                "0",
            ),
            ("items = '$.tvl'\naggregate = 'count'", "3"),
            ("items = '$.list'\nvalue = '$'\naggregate = 'max'", "9"),
        ] {
            assert_eq!(read(text, document).unwrap(), expected, "{text}");
        }
        for (text, part) in [
            ("path = '$.list[*]'", "$.list[*] leads to 3 values, not one"),
            ("path = '$.none[*]'\naggregate = 'count'", "nothing at $.none[*]"),
            ("path = '$.tvl[*].kind'\naggregate = 'sum'", "is the text"),
            (
                "path = '$.list[*]'\naggregate = 'mean'\nat_least = 4",
                "3 entries match, at least 4",
            ),
            ("items = '$.none'\naggregate = 'count'", "nothing at $.none"),
            (
                &format!("{tvl}\naggregate = 'sum'"),
                "item 1: the answer does not fit the question",
            ),
            (&format!("{tvl}\noutside = 'drop'"), "2 entries match, not one"),
            (
                &format!("{tvl}\nwhere = {{ '$.kind' = 'a' }}"),
                "no data: item 1: there is nothing at $.kind",
            ),
            (
                &format!("{tvl}\nwhere = {{ '$.usd' = '> 1e9' }}\naggregate = 'sum'"),
                "no entry matches",
            ),
            ("items = '$.tvl'\naggregate = 'count'\nid = '$.kind'", "item 1"),
            (
                "items = '$.tvl'\nvalue = '$.kind'\naggregate = 'distinct'",
                "an entry is nothing",
            ),
            ("items = '$.list'\nvalue = '$.n'\naggregate = 'sum'", "nothing at $.n"),
        ] {
            let error = read(text, document).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn an_answer_has_to_meet_its_conditions() {
        let document =
            r#"{"n": 5, "rows": 120, "upto": "2027-07-01T00:00:00Z", "warnings": [], "note": null, "state": "done"}"#;
        for (conditions, part) in [
            (
                "'$.rows' = '>= 100', '$.upto' = '>= {end_time}', '$.warnings' = 'is empty', '$.note' = 'is absent'",
                "",
            ),
            ("'$.state' = ['is present', '!= draft']", ""),
            ("'$.rows' = '> 120'", "$.rows is \"120\", which is not > 120"),
            ("'$.upto' = '> {end_time}'", "$.upto is"),
            ("'$.warnings' = 'is not empty'", "an empty list"),
            ("'$.state' = 'is absent'", "has to be: is absent"),
            ("'$.note' = '>= 1'", "nothing at $.note"),
            ("'$.more' = '= 1'", "nothing at $.more"),
        ] {
            let found = read(&format!("path = '$.n'\nrequire = {{ {conditions} }}"), document);
            match part {
                "" => assert_eq!(found.unwrap(), "5", "{conditions}"),
                part => assert!(found.unwrap_err().contains(part), "{conditions}"),
            }
        }
    }

    #[test]
    fn a_text_is_one_number() {
        for (text, document, expected) in [
            ("", "42\n", "42"),
            ("", "\u{feff}1e3", "1000"),
            (
                "numbers = { decimal = ',', thousands = '.', suffix = '%' }\nscale = -2",
                "1.234,5 %\r\n",
                "12.345",
            ),
        ] {
            assert_eq!(read(&format!("text = true\n{text}"), document).unwrap(), expected);
        }
        for document in ["", "1 2", "<html>", "1,5", "NaN", "{}"] {
            assert!(read("text = true", document).is_err(), "{document}");
        }
        let written = read(
            "path = '$.n'\nnumber_as_text = true\nnumbers = { thousands = ',' }",
            r#"{"n": "1,234.50"}"#,
        );
        assert_eq!(written.unwrap(), "1234.5");
    }

    #[test]
    fn settings_that_do_not_fit_together() {
        for (text, part) in [
            ("", "exactly one of"),
            ("path = '$.a'\nitems = '$.b'\nvalue = '$.c'", "exactly one of"),
            ("path = '$.a'\nvalue = '$.c'", "are about `items`"),
            ("items = '$.b'\naggregate = 'sum'", "needs the `value`"),
            (
                "items = '$.b'\naggregate = 'count'\npages = { by = 'link' }",
                "needs `id`",
            ),
            (
                "items = '$.b'\naggregate = 'count'\noutside = 'drop'",
                "needs the `time`",
            ),
            ("text = true\naggregate = 'sum'", "its one number"),
            ("path = '$.a'\nat_least = 3", "for an `aggregate`"),
            ("path = '$.a'\nnumbers = { decimal = ',' }", "numbers in texts"),
            ("path = '$.a'\nbody = ''\ngraphql = ''", "in the place of"),
            ("path = '$.a'\nvariables = { a = 1 }", "for `graphql`"),
            (
                "path = '$.a'\ngraphql = ''\nvariables = { a = 1 }\nnumber_variables = { a = '1' }",
                "and in",
            ),
            ("path = '$.a'\naggregate = { trimmed-mean = 50 }", "below 50"),
            (
                "path = '$.a'\nrequire = { '$.b' = '>= many' }",
                "neither a number nor a time",
            ),
            ("path = '$.a'\ntime_path = '$.b'\ntime_zone = 'Nowhere'", "no time zone"),
            (
                "items = '$.b'\naggregate = 'count'\nwhere = { b = '1' }",
                "not a JSONPath",
            ),
        ] {
            let source: HttpJson = toml::from_str(&format!("url = 'https://a.test/'\n{text}")).unwrap();
            let mistakes = source.mistakes();
            assert!(
                mistakes.len() == 1 && mistakes[0].contains(part),
                "{text}: {mistakes:?}"
            );
        }
    }

    #[test]
    fn what_was_stored_before_says_the_same() {
        let json = r#"{"url": "https://a.test/", "path": "$.n", "require": {"$.s": "final"}, "number_as_text": false, "timeout": "30s"}"#;
        let source: HttpJson = serde_json::from_str(json).unwrap();
        let reading = source.read(&scope(), &answer(r#"{"n": 5, "s": "final"}"#)).unwrap();
        assert_eq!(reading.value.to_string(), "5");
        let written: Value = serde_json::to_value(&source).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(json).unwrap());
    }

    #[test]
    fn mistakes_are_found_without_asking() {
        assert_eq!(source("").mistakes(), Vec::<String>::new());
        assert_eq!(source("headers = { X-Api-Key = 'abc' }").mistakes().len(), 1);
        let mut wrong = source("");
        wrong.path = Some("users".to_owned());
        wrong.url = "ftp://host/file".to_owned();
        assert_eq!(wrong.mistakes().len(), 2, "{:?}", wrong.mistakes());
    }

    #[test]
    fn an_identity_cannot_change_the_body() {
        let mut scope = crate::measure::sources::testing::scope();
        scope.grant.as_mut().unwrap().identity = Some("x\", \"all\": \"\\".to_owned());
        let body = super::super::filled(r#"{{"who": "{identity}"}}"#, &scope, json::quoted).unwrap();
        let parsed = json::parse(&body).unwrap();
        assert_eq!(parsed.as_object().unwrap().len(), 1, "{body}");
        assert_eq!(parsed["who"], "x\", \"all\": \"\\");
    }

    #[test]
    fn how_it_signs_in_is_no_part_of_the_evidence() {
        for auth in [
            "{ bearer = 'env:TOKEN' }",
            "{ basic = { user = 'ann', password = 'env:TOKEN' } }",
            "{ header = { name = 'x-api-key', value = 'env:TOKEN' } }",
        ] {
            let json = serde_json::to_string(&source(&format!("auth = {auth}"))).unwrap();
            assert!(!json.contains("auth"), "{json}");
            // What is stored can be read again: the value is computed from it.
            assert_eq!(serde_json::from_str::<HttpJson>(&json).unwrap(), source(""), "{auth}");
        }
    }
}
