//! Placeholders in a JSONPath. What they stand for is a name there, and can never change what the path leads to.

use {
    super::{SourceError, example, filled, json},
    crate::measure::Scope,
};

/// The JSONPath with its placeholders filled in; the identity as a part of a quoted name.
pub fn fill(path: &str, scope: &Scope) -> Result<String, SourceError> {
    filled(path, scope, quoted)
}

/// What is wrong with a JSONPath with placeholders.
pub fn mistake(path: &str) -> Option<String> {
    match place(path) {
        Place::Harmless => json::path_mistake(&example(path)),
        Place::Bare => Some(format!(
            "{path:?}: {{identity}} stands in quotes in a JSONPath, as in $.users['{{identity}}']: it is free text"
        )),
        Place::Pattern => Some(format!(
            "{path:?}: {{identity}} is in match() or search(), where an identity like `.*` is everybody: compare with =="
        )),
    }
}

/// `text` inside of a quoted name, in single or double quotes: escapes that both kinds of name read.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\'' | '\\' => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ if letter.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted
}

/// Where identities stand in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nowhere, or in quoted names and texts alone.
    Harmless,
    /// Outside of quotes.
    Bare,
    /// In what is read as a pattern.
    Pattern,
}

/// The first place of an identity that is not harmless.
fn place(path: &str) -> Place {
    let mut quote = None;
    // Of each open parenthesis whether it is of a function that reads patterns.
    let mut open = Vec::new();
    let mut rest = path;
    while let Some(letter) = rest.chars().next() {
        if rest.starts_with("{identity}") {
            if quote.is_none() {
                return Place::Bare;
            }
            if open.contains(&true) {
                return Place::Pattern;
            }
        }
        let mut step = letter.len_utf8();
        match quote {
            Some(end) if letter == end => quote = None,
            // What follows is no end of the name.
            Some(_) if letter == '\\' => {
                step = step.saturating_add(rest.chars().nth(1).map_or(0, char::len_utf8));
            }
            Some(_) => (),
            None => match letter {
                '"' | '\'' => quote = Some(letter),
                '(' => {
                    let before = path.strip_suffix(rest).unwrap_or_default().trim_end();
                    open.push(before.ends_with("match") || before.ends_with("search"));
                }
                ')' => drop(open.pop()),
                _ => (),
            },
        }
        rest = rest.get(step..).unwrap_or_default();
    }
    Place::Harmless
}

#[cfg(test)]
mod tests {
    use {super::*, crate::measure::sources::testing::scope, proptest::prelude::*};

    const DOCUMENT: &str = r#"{"2027-04-01": {"ann": 3}, "secret": 9, "list": [{"name": "ann", "n": 4}]}"#;

    fn at(path: &str, identity: &str) -> Result<String, String> {
        let mut scope = scope();
        scope.grant.as_mut().unwrap().identity = Some(identity.to_owned());
        let path = fill(path, &scope).map_err(|error| error.to_string())?;
        let number = json::number(DOCUMENT, &path, false);
        number
            .map(|number| number.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_path_leads_to_the_period_and_the_person() {
        assert_eq!(at("$['{start_date}']['{identity}']", "ann").unwrap(), "3");
        assert_eq!(at("$.list[?@.name == \"{identity}\"].n", "ann").unwrap(), "4");
    }

    #[test]
    fn an_identity_cannot_lead_elsewhere() {
        for identity in [
            "ann'] , $['secret",
            "x' || '1' == '1",
            "\\",
            "ann\\",
            "\"",
            "x\" || \"1\" == \"1",
            "\n",
            "\u{0}",
        ] {
            for path in [
                "$['{start_date}']['{identity}']",
                "$[\"{start_date}\"][\"{identity}\"]",
                "$.list[?@.name == '{identity}'].n",
                "$.list[?@.name == \"{identity}\"].n",
            ] {
                let error = at(path, identity).unwrap_err();
                assert!(error.contains("there is nothing at"), "{path} {identity:?}: {error}");
            }
        }
        let document = r#"{"a'b\"c\\d": 7}"#;
        let mut scope = scope();
        scope.grant.as_mut().unwrap().identity = Some(r#"a'b"c\d"#.to_owned());
        for path in ["$['{identity}']", "$[\"{identity}\"]"] {
            let path = fill(path, &scope).unwrap();
            assert_eq!(json::number(document, &path, false).unwrap().to_string(), "7");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_identity_is_the_path_leads_to_it_alone(identity: String) {
            let mut scope = scope();
            scope.grant.as_mut().unwrap().identity = Some(identity.clone());
            let mut document = serde_json::Map::new();
            document.insert("other".to_owned(), 9.into());
            document.insert(identity.clone(), 5.into());
            let document = serde_json::Value::from(document).to_string();
            for path in ["$['{identity}']", "$[\"{identity}\"]"] {
                let path = fill(path, &scope).unwrap();
                prop_assert_eq!(json::number(&document, &path, false).unwrap().to_string(), "5");
            }
        }
    }

    #[test]
    fn an_identity_outside_of_quotes_is_a_mistake() {
        for path in [
            "$.{identity}",
            "$[{identity}]",
            "$['a'].{identity}",
            "$['\\''].{identity}",
        ] {
            assert!(mistake(path).is_some_and(|text| text.contains("in quotes")), "{path}");
        }
        for path in ["$['{identity}']", "$['\\'{identity}']", "$.a['{start:%Y}']", "$.users"] {
            assert_eq!(mistake(path), None, "{path}");
        }
        assert!(mistake("users").is_some());
    }

    #[test]
    fn an_identity_in_a_pattern_is_a_mistake() {
        for path in [
            "$.list[?match(@.n, '{identity}')].v",
            "$.list[?search(@.n, \"{identity}\")].v",
            "$.list[?!match(@['{identity}'], 'a')].v",
            "$.list[?(@.a == 1 && search(@.n, 'x{identity}'))].v",
        ] {
            assert!(
                mistake(path).is_some_and(|text| text.contains("compare with ==")),
                "{path}"
            );
        }
        for path in [
            "$.list[?match(@.n, 'a.*') && @.of == '{identity}'].v",
            "$.list[?(@.of == '{identity}')].v",
            "$.list[?length(@['{identity}']) == 1].v",
            "$['match('] ['{identity}']",
        ] {
            assert_eq!(mistake(path), None, "{path}");
        }
    }
}
