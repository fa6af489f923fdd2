//! Limits of what is computed from JSON: documents and paths may come from whoever wants to keep the daemon busy.

use {
    serde::{
        Deserialize, Deserializer,
        de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
    },
    std::{collections::HashSet, fmt},
};

/// Most letters of a JSONPath.
const LONGEST: usize = 1_000;
/// How deep brackets may be nested in it: what reads it does so by itself once for each.
const DEEPEST: usize = 16;
/// Most values of a document. What is found in it takes a few hundred bytes for each.
const MOST_VALUES: usize = 1_000_000;

/// What of a JSONPath could take more memory or time than a document is worth; none if nothing.
///
/// One step to all descendants leads to each value once, and so does one choice of several: more of them multiply.
pub fn excess(path: &str) -> Option<String> {
    if path.len() > LONGEST {
        return Some(format!("it has more than {LONGEST} letters"));
    }
    let (mut quote, mut escaped) = (None, false);
    let mut open: Vec<char> = Vec::new();
    let (mut descents, mut choices, mut before) = (0usize, 0usize, ' ');
    for letter in path.chars() {
        if quote.is_some() {
            if !escaped && quote == Some(letter) {
                quote = None;
            }
            escaped = letter == '\\' && !escaped;
            continue;
        }
        match letter {
            '"' | '\'' => quote = Some(letter),
            '[' | '(' => open.push(letter),
            ']' | ')' => drop(open.pop()),
            ',' if open.last() == Some(&'[') => choices = choices.saturating_add(1),
            '.' if before == '.' => descents = descents.saturating_add(if open.is_empty() { 1 } else { 2 }),
            '$' if !open.is_empty() => {
                return Some("a filter may look at its own item (@) only".to_owned());
            }
            _ => (),
        }
        if open.len() > DEEPEST {
            return Some(format!("its brackets are nested more than {DEEPEST} deep"));
        }
        before = letter;
    }
    if descents > 1 {
        return Some("`..` may stand in it once, and not in a filter".to_owned());
    }
    (choices > DEEPEST || (choices > 1 && descents > 0) || several_choices(path))
        .then(|| "several places may be chosen in one bracket only".to_owned())
}

/// Whether commas stand in more than one bracket outside of quotes.
fn several_choices(path: &str) -> bool {
    let (mut quote, mut escaped) = (None, false);
    let mut open: Vec<(char, bool)> = Vec::new();
    let mut brackets = 0usize;
    for letter in path.chars() {
        if quote.is_some() {
            if !escaped && quote == Some(letter) {
                quote = None;
            }
            escaped = letter == '\\' && !escaped;
            continue;
        }
        match letter {
            '"' | '\'' => quote = Some(letter),
            '[' | '(' => open.push((letter, false)),
            ']' | ')' => drop(open.pop()),
            ',' => {
                if let Some(('[', counted)) = open.last_mut()
                    && !std::mem::replace(counted, true)
                {
                    brackets = brackets.saturating_add(1);
                }
            }
            _ => (),
        }
    }
    brackets > 1
}

/// Whether a document has more values than are looked at.
pub fn is_too_large(document: &[u8]) -> bool {
    let (mut quoted, mut escaped, mut values) = (false, false, 0usize);
    for byte in document {
        if quoted {
            quoted = escaped || *byte != b'"';
            escaped = *byte == b'\\' && !escaped;
        } else {
            match byte {
                b'"' => quoted = true,
                b',' | b'[' | b'{' => values = values.saturating_add(1),
                _ => (),
            }
        }
    }
    values > MOST_VALUES
}

/// Why a document is not looked at.
pub fn too_large() -> String {
    format!("the document has more than {MOST_VALUES} values: ask for those of the period only")
}

/// Any JSON in which no object has a key twice.
pub struct Single;

impl<'de> Deserialize<'de> for Single {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Each)
    }
}

struct Each;

impl<'de> Visitor<'de> for Each {
    type Value = Single;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Single, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format!("{key:?} stands twice in one object")));
            }
            map.next_value::<Single>()?;
            keys.insert(key);
        }
        Ok(Single)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Single, A::Error> {
        while list.next_element::<Single>()?.is_some() {}
        Ok(Single)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_str<E>(self, _: &str) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_unit<E>(self) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_none<E>(self) -> Result<Single, E> {
        Ok(Single)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Single, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Single)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_multiply_are_refused() {
        for path in [
            "$.data.users",
            "$..n",
            "$.list[?@.name == 'a..b[,' && @.n > 2].n",
            "$['a','b'].n",
            "$.data[-1:].id",
            "$.a[?match(@.n, 'x,y')]",
            "$[\"a\\\"[\"][0]",
        ] {
            assert_eq!(excess(path), None, "{path}");
        }
        let deep = |times: usize| format!("$[?{}@.a{}]", "(".repeat(times), ")".repeat(times));
        for path in [
            "$..*..*".to_owned(),
            format!("${}", "[*,*]".repeat(2)),
            "$.l[?@..a]".to_owned(),
            "$.l[?$.x[*] == @.y]".to_owned(),
            deep(16),
            format!("${}", ".a".repeat(500)),
            format!("$[{}0]", "0,".repeat(17)),
            "$..[0,1,2]".to_owned(),
        ] {
            assert!(excess(&path).is_some(), "{path}");
        }
        assert_eq!(excess(&deep(15)), None);
    }

    #[test]
    fn a_document_has_so_many_values_and_each_key_once() {
        let list = |values: usize| format!("[{}0]", "0,".repeat(values));
        assert!(!is_too_large(list(MOST_VALUES - 1).as_bytes()));
        assert!(is_too_large(list(MOST_VALUES).as_bytes()));
        assert!(!is_too_large(
            format!("[\"{}\\\"[\"]", ",".repeat(MOST_VALUES + 9)).as_bytes()
        ));
        let read = |text: &str| {
            serde_json::from_str::<Single>(text)
                .map(drop)
                .map_err(|error| error.to_string())
        };
        read(r#"{"a": [1, 2.5e300, {"a": null, "b": "x"}], "b": true}"#).unwrap();
        for text in [r#"{"a": 1, "a": 1}"#, r#"[{"b": {"\u0061": 1, "a": 2}}]"#] {
            assert!(read(text).unwrap_err().contains("stands twice"), "{text}");
        }
    }
}
