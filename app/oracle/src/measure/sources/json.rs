//! Numbers in JSON, exactly as they are written there: a parser that makes floats of them would change some.

use {
    super::{SourceError, ambiguous, no_data, unexpected},
    crate::measure::{Found, json_guard, value},
    earnout_sdk::text::names::shortened,
    rust_decimal::Decimal,
    serde::{
        Deserialize, Deserializer,
        de::{MapAccess, Visitor},
    },
    serde_json::{Value, value::RawValue},
    serde_json_path::{JsonPath, NormalizedPath, PathElement},
    std::{
        collections::{HashMap, hash_map::Entry},
        fmt,
    },
};

/// Letters of a path that an error repeats.
const LONGEST_SHOWN: usize = 60;

/// What is wrong with a JSONPath.
pub fn path_mistake(path: &str) -> Option<String> {
    query(path).err().map(|error| error.to_string())
}

/// The JSONPath, if it is one that takes no more than the document is worth.
fn query(path: &str) -> Result<JsonPath, SourceError> {
    if let Some(excess) = json_guard::excess(path) {
        let shown = shortened(path, LONGEST_SHOWN);
        return Err(unexpected(format!("the JSONPath {shown:?} is not followed: {excess}")));
    }
    JsonPath::parse(path).map_err(|error| unexpected(format!("{path:?} is not a JSONPath: {error}")))
}

/// The number at `path`, which has to lead to one. With `as_text`, also one that is written as a string.
pub fn number(document: &str, path: &str, as_text: bool) -> Result<Decimal, SourceError> {
    number_of(only(document, path)?, path, as_text)
}

/// The number that stands at `path`.
pub fn number_of(raw: &RawValue, path: &str, as_text: bool) -> Result<Decimal, SourceError> {
    let text = raw.get();
    let first = text.chars().next().unwrap_or_default();
    let number = match first {
        '0'..='9' | '-' => text.to_owned(),
        '"' if as_text => string(raw)?,
        '"' => {
            return Err(unexpected(format!(
                "{path} is the text {text}, not a number; set `number_as_text = true` if that is how this source writes \
                 numbers"
            )));
        }
        'n' => return Err(no_data(format!("{path} is null"))),
        _ => {
            return Err(unexpected(format!(
                "{path} is {}, not a number",
                if first == '{' {
                    "an object"
                } else if first == '[' {
                    "a list"
                } else {
                    "true or false"
                }
            )));
        }
    };
    Ok(value::parse(&number)?)
}

/// The text or number at `path`, which has to lead to one.
pub fn text(document: &str, path: &str) -> Result<String, SourceError> {
    let raw = only(document, path)?;
    match raw.get().chars().next() {
        Some('"') => string(raw),
        Some('0'..='9' | '-') => Ok(raw.get().to_owned()),
        _ => Err(unexpected(format!("{path} is neither text nor a number"))),
    }
}

/// The text, number or truth value at `path`, which has to lead to one, as it is written.
pub fn scalar(document: &str, path: &str) -> Result<String, SourceError> {
    let raw = only(document, path)?;
    match raw.get() {
        truth @ ("true" | "false") => Ok(truth.to_owned()),
        _ => text(document, path),
    }
}

/// What stands at `path`, for a condition.
pub fn found<'a>(document: &'a str, path: &str) -> Result<Found<'a>, SourceError> {
    match every(document, path)?.as_slice() {
        [] => Ok(Found::Nothing),
        [raw] => found_of(raw),
        several => Err(ambiguous(format!("{path} leads to {} values, not one", several.len()))),
    }
}

/// What a value is, for a condition.
pub fn found_of(raw: &RawValue) -> Result<Found<'_>, SourceError> {
    let text = raw.get();
    Ok(match text.chars().next() {
        Some('n') => Found::Nothing,
        Some('"') => Found::text(string(raw)?),
        Some(open @ ('[' | '{')) => {
            let inner = text.trim_start_matches(open).trim_end_matches([']', '}']);
            match inner.trim().is_empty() && text.matches(open).count() == 1 {
                true => Found::Empty,
                false => Found::Compound,
            }
        }
        _ => Found::text(text),
    })
}

/// The entries of the list at `path`.
///
/// # Errors
/// If there is no list: a list without entries is something else.
pub fn list<'a>(document: &'a str, path: &str) -> Result<Vec<&'a RawValue>, SourceError> {
    let raw = only(document, path)?;
    match raw.get().starts_with('[') {
        true => serde_json::from_str(raw.get()).map_err(no_json),
        false => Err(unexpected(format!("{path} is not a list"))),
    }
}

/// Everything that `path` leads to, in the document's order.
pub fn every<'a>(document: &'a str, path: &str) -> Result<Vec<&'a RawValue>, SourceError> {
    let parsed = parse(document)?;
    let query = query(path)?;
    let located = query.query_located(&parsed);
    let (root, mut opened) = (root(document)?, Opened::new());
    located.locations().map(|place| at(root, place, &mut opened)).collect()
}

/// Whether a document of status 200 says itself that something is missing from it: GitHub's search, Elasticsearch,
/// VictoriaMetrics, GraphQL and JSON-RPC do. What `path` leads to is not looked at: errors can be what is counted.
pub fn complete(document: &str, path: &str) -> Result<(), SourceError> {
    let parsed = parse(document)?;
    let query = query(path)?;
    let located = query.query_located(&parsed);
    let within = |name: &str| {
        let mut first = located.locations().filter_map(|place| place.first());
        first.any(|element| matches!(element, PathElement::Name(first) if *first == name))
    };
    let said = |name: &str| match &parsed[name] {
        Value::Bool(said) => *said,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Null | Value::Number(_) => false,
    };
    let failed = parsed["_shards"]["failed"].as_u64().is_some_and(|failed| failed > 0);
    let marks = [
        "incomplete_results",
        "timed_out",
        "isPartial",
        "partial",
        "errors",
        "error",
    ];
    let mark = marks.into_iter().find(|mark| said(mark) && !within(mark));
    match mark.or(failed.then_some("_shards.failed")) {
        Some(mark) => Err(unexpected(format!("the answer is not whole: it has {mark:?}"))),
        None => Ok(()),
    }
}

/// The document, parsed. An answer that was cut short is none.
///
/// # Errors
/// Also if an object has a key twice, or there are more values than are looked at.
pub fn parse(document: &str) -> Result<Value, SourceError> {
    if json_guard::is_too_large(document.as_bytes()) {
        return Err(unexpected(json_guard::too_large()));
    }
    let parsed = serde_json::from_str(bare(document)).map_err(no_json)?;
    match serde_json::from_str::<json_guard::Single>(bare(document)) {
        Ok(_) => Ok(parsed),
        Err(error) => Err(ambiguous(format!("the answer means two things: {error}"))),
    }
}

/// What a value is, however it is written: texts without spaces around them, numbers without what changes nothing.
pub fn canonical(raw: &RawValue) -> Result<String, SourceError> {
    fn of(value: Value) -> Value {
        let number = |text: &str| value::parse(text).ok().map(|number| number.normalize().to_string());
        match value {
            Value::String(text) => Value::String(number(text.trim()).unwrap_or_else(|| text.trim().to_owned())),
            Value::Number(written) => {
                let written = written.to_string();
                Value::String(number(&written).unwrap_or(written))
            }
            Value::Array(list) => list.into_iter().map(of).collect(),
            Value::Object(members) => members.into_iter().map(|(name, value)| (name, of(value))).collect(),
            other => other,
        }
    }
    // A parser that makes floats of numbers would take long ones for the same.
    match value::parse(raw.get()) {
        Ok(number) => Ok(Value::String(number.normalize().to_string()).to_string()),
        Err(_) => Ok(of(parse(raw.get())?).to_string()),
    }
}

/// Without the byte order mark that some servers put before it.
fn bare(document: &str) -> &str {
    document.strip_prefix('\u{feff}').unwrap_or(document)
}

pub(super) fn no_json(error: serde_json::Error) -> SourceError {
    unexpected(format!("the answer is not complete JSON: {error}"))
}

/// The text of a JSON string.
pub fn string(raw: &RawValue) -> Result<String, SourceError> {
    serde_json::from_str(raw.get()).map_err(no_json)
}

/// The one value that `path` leads to.
pub fn only<'a>(document: &'a str, path: &str) -> Result<&'a RawValue, SourceError> {
    let parsed = parse(document)?;
    let query = query(path)?;
    let located = query.query_located(&parsed);
    let found: Vec<&NormalizedPath<'_>> = located.locations().collect();
    match found.as_slice() {
        [] => Err(no_data(format!("there is nothing at {path}"))),
        [place] => at(root(document)?, place, &mut Opened::new()),
        several => Err(ambiguous(format!("{path} leads to {} values, not one", several.len()))),
    }
}

/// What was opened on the way to a place, by where it begins: lists have many places.
type Opened<'a> = HashMap<usize, Inner<'a>>;

/// What is in a list or an object.
enum Inner<'a> {
    List(Vec<&'a RawValue>),
    /// By their names; none of what stands there twice.
    Members(HashMap<String, Option<&'a RawValue>>),
}

impl<'a> Inner<'a> {
    fn of(raw: &'a RawValue) -> Result<Self, SourceError> {
        if raw.get().starts_with('[') {
            return Ok(Self::List(serde_json::from_str(raw.get()).map_err(no_json)?));
        }
        let members: Members<'_> = serde_json::from_str(raw.get()).map_err(no_json)?;
        let mut named = HashMap::new();
        for (name, value) in members.0 {
            let once = !named.contains_key(&name);
            named.insert(name, once.then_some(value));
        }
        Ok(Self::Members(named))
    }
}

fn root(document: &str) -> Result<&RawValue, SourceError> {
    serde_json::from_str(bare(document)).map_err(no_json)
}

/// The text in the document `root` at a place that is known to exist.
fn at<'a>(
    root: &'a RawValue,
    place: &NormalizedPath<'_>,
    opened: &mut Opened<'a>,
) -> Result<&'a RawValue, SourceError> {
    let mut raw = root;
    for element in place.iter() {
        let begin = raw.get().as_ptr().addr();
        let inner = match opened.entry(begin) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Inner::of(raw)?),
        };
        let found = match (element, inner) {
            (PathElement::Name(name), Inner::Members(members)) => match members.get(*name) {
                Some(None) => return Err(ambiguous(format!("the answer has {name:?} twice in one object"))),
                Some(found) => *found,
                None => None,
            },
            (PathElement::Index(index), Inner::List(list)) => list.get(*index).copied(),
            _ => None,
        };
        raw = found.ok_or_else(|| unexpected(format!("there is nothing at {place}")))?;
    }
    Ok(raw)
}

/// The members of an object in their order; a key may stand twice, which other types hide.
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// `text` inside of a JSON string.
pub fn quoted(text: &str) -> String {
    let string = Value::from(text).to_string();
    let inner = string.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest},
    };

    const DOCUMENT: &str = r#"{"data": {"users": 120, "exact": 0.1234567890123456789, "big": 9223372036854775807,
        "text": "62.5", "none": null, "flag": true, "list": [{"name": "a", "n": 1}, {"name": "b", "n": 2.50}]}}"#;

    fn at(path: &str) -> Result<String, String> {
        number(DOCUMENT, path, false)
            .map(|number| number.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_keep_every_digit() {
        assert_eq!(at("$.data.users").unwrap(), "120");
        assert_eq!(at("$.data.exact").unwrap(), "0.1234567890123456789");
        assert_eq!(at("$.data.big").unwrap(), "9223372036854775807");
        assert_eq!(at("$.data.list[?@.name == 'b'].n").unwrap(), "2.5");
    }

    #[test]
    fn what_is_no_number_says_so() {
        for (path, message) in [
            ("$.data.none", "no data: $.data.none is null"),
            ("$.data.missing", "no data: there is nothing at $.data.missing"),
            ("$.data.flag", "$.data.flag is true or false, not a number"),
            ("$.data.list", "$.data.list is a list, not a number"),
            ("$.data.list[*].n", "$.data.list[*].n leads to 2 values, not one"),
        ] {
            assert_eq!(at(path).unwrap_err(), message);
        }
        assert!(at("$.data.text").unwrap_err().contains("number_as_text"));
        assert_eq!(number(DOCUMENT, "$.data.text", true).unwrap().to_string(), "62.5");
    }

    #[test]
    fn what_a_path_leads_to_is_told_apart() {
        let document =
            "\u{feff}{\"a\": null, \"b\": [ ], \"c\": {}, \"d\": [[]], \"e\": \"x\", \"f\": [\"[\"], \"g\": true}";
        for (path, expected) in [
            ("$.z", Found::Nothing),
            ("$.a", Found::Nothing),
            ("$.b", Found::Empty),
            ("$.c", Found::Empty),
            ("$.d", Found::Compound),
            ("$.f", Found::Compound),
            ("$.e", Found::text("x")),
            ("$.g", Found::text("true")),
        ] {
            assert_eq!(found(document, path).unwrap(), expected, "{path}");
        }
        assert!(found(document, "$[*]").is_err());
        assert_eq!(list(document, "$.b").unwrap().len(), 0);
        assert!(list(document, "$.z").is_err() && list(document, "$.c").is_err() && list(document, "$.a").is_err());
    }

    /// One by one it would take minutes.
    #[test]
    fn many_places_are_found_at_once() {
        let items: Vec<String> = (0..20_000)
            .map(|n| format!("{{\"n\": {n}.10, \"m\": {{\"k\": {n}}}}}"))
            .collect();
        let document = format!("{{\"list\": [{}]}}", items.join(","));
        let every = every(&document, "$.list[*].m.k").unwrap();
        assert_eq!((every.len(), every[19_999].get()), (20_000, "19999"));
    }

    #[test]
    fn a_document_cut_short_is_an_error() {
        let cut = &DOCUMENT[..DOCUMENT.len() - 3];
        let error = number(cut, "$.data.users", false).unwrap_err().to_string();
        assert!(error.contains("not complete JSON"), "{error}");
    }

    #[test]
    fn a_key_that_stands_twice_is_ambiguous() {
        for (twice, path) in [
            (r#"{"n": 1, "n": 2}"#, "$.n"),
            (r#"{"a": {"n": 1}, "a": {"n": 1}}"#, "$.a.n"),
            (r#"{"n": 1, "m": 2, "m": 3}"#, "$.n"),
            (r#"{"error": "over quota", "error": null, "n": 5}"#, "$.n"),
        ] {
            let error = number(twice, path, false).unwrap_err().to_string();
            assert!(error.contains("twice"), "{error}");
        }
    }

    #[test]
    fn the_same_is_the_same_however_it_is_written() {
        let canonical = |text: &str| canonical(serde_json::from_str(text).unwrap()).unwrap();
        for same in [
            &["\"a1\"", "\"\\u00611\"", "\"a1 \""][..],
            &["7", "\"7\"", "7.0", "7e0"],
            &["{\"a\": 1, \"b\": [2]}", "{\"b\":[2.0],\"a\":1}"],
        ] {
            assert!(
                same.iter().all(|text| canonical(text) == canonical(same[0])),
                "{same:?}"
            );
        }
        for other in [
            ["1", "2"],
            ["12345678901234567890123", "12345678901234567890124"],
            ["\"a\"", "\"b\""],
            ["{}", "[]"],
        ] {
            assert_ne!(canonical(other[0]), canonical(other[1]));
        }
    }

    /// Any value that JSON can have, of few names, so that paths meet them.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-c\\[\\]{}\"\\\\ ]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-c]{1,2}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The text at each place is the value that the parser found there.
        #[test]
        fn every_place_is_the_one_that_was_asked_for(value in any_value(), pretty: bool) {
            let document = match pretty {
                true => serde_json::to_string_pretty(&value).unwrap(),
                false => value.to_string(),
            };
            for path in ["$", "$.a", "$[*]", "$..b", "$..*", "$[?@.a].b[-1:]"] {
                let query = JsonPath::parse(path).unwrap();
                let expected: Vec<&Value> = query.query(&value).all();
                let found = every(&document, path).unwrap();
                let parsed: Vec<Value> = found.iter().map(|raw| parse(raw.get()).unwrap()).collect();
                prop_assert_eq!(parsed.iter().collect::<Vec<_>>(), expected);
                for raw in found {
                    let is = match parse(raw.get()).unwrap() {
                        Value::Null => Found::Nothing,
                        Value::Array(list) if list.is_empty() => Found::Empty,
                        Value::Object(members) if members.is_empty() => Found::Empty,
                        Value::Array(_) | Value::Object(_) => Found::Compound,
                        Value::String(text) => Found::text(text),
                        other => Found::text(other.to_string()),
                    };
                    prop_assert_eq!(found_of(raw).unwrap(), is);
                }
            }
        }

        /// Whatever a server answers: something, nothing or an error.
        #[test]
        fn any_text_is_a_document_or_an_error(document in "[\\[\\]{}\",:0-9a-c.e\\\\ -]{0,30}", other: String) {
            for document in [document, other] {
                for path in ["$", "$.a", "$[*]"] {
                    let _ = (number(&document, path, true), list(&document, path), found(&document, path));
                    let _ = (complete(&document, path), text(&document, path), scalar(&document, path));
                }
            }
        }
    }
}
