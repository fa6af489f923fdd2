//! Where in a configuration a mistake stands: serde says what is wrong, but often not where, for it reads tables whose
//! form follows from one of their keys.

use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

/// A step from a table or a list to what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Item(usize),
}

/// What is wrong and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blamed {
    /// Counted from 1.
    pub line: usize,
    /// `feed "mau": source.scale`, or empty for the whole file.
    pub place: String,
    pub what: String,
}

/// What `complain` says of `text`, and of which part of it. `None` if it says nothing, or `text` is not TOML.
///
/// A part is to blame if it causes the same complaint without the others.
pub fn blame(text: &str, complain: impl Fn(Table) -> Option<String>) -> Option<Blamed> {
    let whole: Table = toml::from_str(text).ok()?;
    let what = complain(whole.clone())?;
    let document = DeTable::parse(text).ok()?;
    let mut path = Vec::new();
    let root = |value: Value| match value {
        Value::Table(table) => complain(table).as_ref() == Some(&what),
        _ => false,
    };
    descend(
        &Value::Table(whole.clone()),
        what.starts_with("missing field"),
        &root,
        &mut path,
    );
    let before = text.get(..offset(&document, &path)).unwrap_or_default();
    Some(Blamed {
        line: before.matches('\n').count().saturating_add(1),
        place: place(&whole, &path),
        what: expected(&what, &path),
    })
}

/// Follows what is to blame down to the smallest part. What is missing is missing in a table, not in a value.
fn descend(value: &Value, missing: bool, fails: &dyn Fn(Value) -> bool, path: &mut Vec<Step>) {
    match value {
        Value::Table(table) => {
            let base: Table = table.iter().filter(|(key, _)| *key == "type").map(owned).collect();
            if fails(Value::Table(base.clone())) {
                // Nothing else is needed for the complaint: it is about the kind of table, or about what it lacks.
                path.extend((!base.is_empty() && !missing).then(|| Step::Key("type".to_owned())));
                return;
            }
            for (key, inner) in table.iter().filter(|(key, _)| *key != "type") {
                if missing && !inner.is_table() && !inner.is_array() {
                    continue;
                }
                let with = |inner: Value| {
                    let mut table = base.clone();
                    table.insert(key.clone(), inner);
                    fails(Value::Table(table))
                };
                if with(inner.clone()) {
                    path.push(Step::Key(key.clone()));
                    return descend(inner, missing, &with, path);
                }
            }
        }
        Value::Array(items) => {
            let with = |item: Value| fails(Value::Array(vec![item]));
            if fails(Value::Array(Vec::new())) {
                return;
            }
            if let Some((number, item)) = items.iter().enumerate().find(|(_, item)| with((*item).clone())) {
                path.push(Step::Item(number));
                descend(item, missing, &with, path);
            }
        }
        _ => (),
    }
}

fn owned((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// Where in the text the end of the path begins.
fn offset(document: &Spanned<DeTable<'_>>, path: &[Step]) -> usize {
    let mut at = 0;
    let mut table = Some(document.get_ref());
    let mut list = None;
    for step in path {
        let inner = match step {
            Step::Key(wanted) => table.and_then(|table| {
                let (key, value) = table
                    .iter()
                    .find(|(key, _)| key.get_ref().as_ref() == wanted.as_str())?;
                at = key.span().start;
                Some(value)
            }),
            Step::Item(number) => list.and_then(|list: &toml::de::DeArray<'_>| {
                let value = list.get(*number)?;
                at = value.span().start;
                Some(value)
            }),
        };
        (table, list) = match inner.map(Spanned::get_ref) {
            Some(DeValue::Table(inner)) => (Some(inner), None),
            Some(DeValue::Array(inner)) => (None, Some(inner)),
            _ => (None, None),
        };
    }
    at
}

/// The path as people say it: a feed by its id.
fn place(whole: &Table, path: &[Step]) -> String {
    let (feed, rest) = match path {
        [Step::Key(key), Step::Item(number), rest @ ..] if key == "feed" => {
            let feeds = whole.get("feed").and_then(Value::as_array);
            let feed = feeds.and_then(|feeds| feeds.get(*number));
            let id = feed.and_then(|feed| feed.get("id")).and_then(Value::as_str);
            let name = match id {
                Some(id) => format!("feed {id:?}"),
                None => format!("feed number {}", number.saturating_add(1)),
            };
            (Some(name), rest)
        }
        _ => (None, path),
    };
    let mut keys = String::new();
    for step in rest {
        match step {
            Step::Key(key) if !keys.is_empty() => keys.extend([".", key.as_str()]),
            Step::Key(key) => keys.push_str(key),
            Step::Item(number) => keys.push_str(&format!("[{number}]")),
        }
    }
    let keys = (!keys.is_empty()).then_some(keys);
    feed.into_iter().chain(keys).collect::<Vec<_>>().join(": ")
}

/// What is wrong, without the value that is wrong, for it may be a secret; and what is right, with an example.
fn expected(what: &str, path: &[Step]) -> String {
    let what = without_value(what);
    if path == [Step::Key("feed".to_owned())] && what.starts_with("expected a sequence") {
        return "there can be several feeds: write [[feed]] in the place of [feed]".to_owned();
    }
    let Some(wanted) = what.strip_prefix("expected ") else {
        return what;
    };
    let known = match wanted.lines().next().unwrap_or_default() {
        "i8" => "a whole number from -128 to 127, like 2",
        "i16" | "i32" | "i64" => "a whole number, like 2",
        "u8" => "a whole number from 0 to 255, like 2",
        "u16" => "a whole number from 0 to 65535, like 2",
        "u32" | "u64" | "usize" => "a whole number from 0 on, like 2",
        "a boolean" => "true or false, without quotes",
        "a character" => "one character in quotes, like \",\"",
        "a string" | "path string" | "a path string" | "string or table" => "a text in quotes, like \"text\"",
        "a sequence" => "a list, like [\"text\"]",
        "a map" => "a table, like { name = \"value\" }",
        other if other.starts_with("struct ") => "a table, like { name = \"value\" }",
        _ => return what,
    };
    format!("expected {known}")
}

/// What is wrong, without the value that is wrong: it may be a secret.
pub fn without_value(message: &str) -> String {
    let quotes_it = message.starts_with("invalid type: ") || message.starts_with("invalid value: ");
    match message.split_once(", expected ") {
        Some((_, expected)) if quotes_it => format!("expected {expected}"),
        _ => message.to_owned(),
    }
}

/// The id of the feed in whose tables a line stands, in a text that may not be TOML.
pub fn feed_at(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_begin = |line: &&str| line.starts_with("[[feed]]") || line.starts_with("[feed]");
    let start = lines.iter().take(line).rposition(is_begin)?;
    let of_feed = lines
        .iter()
        .skip(start.saturating_add(1))
        .take_while(|line| !line.starts_with("[["));
    let first = of_feed.filter_map(|line| line.strip_prefix("id")?.trim_start().strip_prefix('='));
    let id = first.map(|id| id.split('#').next().unwrap_or_default().trim()).next()?;
    let ended_before = lines
        .iter()
        .take(line)
        .skip(start.saturating_add(1))
        .any(|line| line.starts_with('[') && !line.starts_with("[feed.") && !line.starts_with("[[feed."));
    (!ended_before).then(|| id.trim_matches(['"', '\'']).to_owned())
}
