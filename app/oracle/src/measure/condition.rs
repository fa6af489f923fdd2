//! What a text or a number has to be: conditions on rows, items and whole answers.

use {
    crate::measure::{
        Scope, SourceError, fill,
        sources::{moment, no_data, unexpected},
        template, value,
    },
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    std::{borrow::Cow, cmp::Ordering, fmt},
};

/// What a place has to hold, as it is written: `final` is exactly this text. `= x` and `!= x` compare numbers as
/// numbers (`= 5` is also true of 5.0) and everything else as text. `< x`, `<= x`, `> x` and `>= x` compare numbers or
/// times. `is present` and `is absent` ask whether there is something other than null, `is empty` and `is not empty`
/// also whether a text, list or object has anything in it. Placeholders are filled in behind the comparison, so that
/// no identity can change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Condition {
    written: String,
    test: Test,
    /// What is compared with, before its placeholders are filled in.
    operand: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    /// The same text.
    Exactly,
    Equal,
    NotEqual,
    Below,
    AtMost,
    Above,
    AtLeast,
    Present,
    Absent,
    Empty,
    NotEmpty,
}

/// Longest first: what begins with another one.
const COMPARISONS: [(&str, Test); 7] = [
    (">=", Test::AtLeast),
    ("<=", Test::AtMost),
    ("!=", Test::NotEqual),
    ("==", Test::Equal),
    (">", Test::Above),
    ("<", Test::Below),
    ("=", Test::Equal),
];

const STATES: [(&str, Test); 4] = [
    ("is present", Test::Present),
    ("is absent", Test::Absent),
    ("is empty", Test::Empty),
    ("is not empty", Test::NotEmpty),
];

impl From<String> for Condition {
    fn from(written: String) -> Self {
        let state = STATES.iter().find(|(text, _)| written == *text);
        let comparison = || {
            COMPARISONS
                .iter()
                .find_map(|(sign, test)| Some((written.strip_prefix(sign)?.trim(), *test)))
        };
        let (operand, test) = match state {
            Some((_, test)) => ("", *test),
            None => comparison().unwrap_or((&written, Test::Exactly)),
        };
        Self {
            operand: operand.to_owned(),
            test,
            written,
        }
    }
}

impl From<&str> for Condition {
    fn from(written: &str) -> Self {
        written.to_owned().into()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.written
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.written)
    }
}

/// What stands where a condition looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// Nothing, or null.
    Nothing,
    /// A field of a table in which nobody sees anything.
    Blank,
    /// A list or an object with nothing in it.
    Empty,
    /// A list or an object.
    Compound,
    /// Anything else.
    Value {
        text: Cow<'a, str>,
        /// What it is as a number, if it is one.
        number: Option<Decimal>,
    },
}

impl<'a> Found<'a> {
    /// A text, which is a number if it is written as one.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        Self::Value {
            number: value::parse(&text).ok(),
            text,
        }
    }

    /// A number.
    pub fn number(number: Decimal) -> Self {
        Self::Value {
            text: number.to_string().into(),
            number: Some(number),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Nothing | Self::Blank | Self::Empty => true,
            Self::Compound => false,
            Self::Value { text, .. } => text.trim().is_empty(),
        }
    }
}

impl fmt::Display for Found<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => out.write_str("nothing"),
            Self::Blank => out.write_str("an empty field"),
            Self::Empty => out.write_str("an empty list or object"),
            Self::Compound => out.write_str("a list or an object"),
            Self::Value { text, .. } => write!(out, "{text:?}"),
        }
    }
}

impl Condition {
    /// What is wrong with `found`, which stands at `place`; `None` if it meets the condition.
    ///
    /// # Errors
    /// If the two cannot be compared: nothing is there, it is not one value, or it has no order.
    pub fn broken(&self, place: &str, found: &Found<'_>, scope: &Scope) -> Result<Option<String>, SourceError> {
        let wanted = fill(&self.operand, scope)?;
        let met = match self.test {
            Test::Present => !matches!(found, Found::Nothing | Found::Blank),
            Test::Absent => matches!(found, Found::Nothing | Found::Blank),
            Test::Empty => found.is_empty(),
            Test::NotEmpty => !found.is_empty(),
            _ => self.compared(place, found, &wanted)?,
        };
        Ok((!met).then(|| match self.test {
            Test::Exactly => format!("{place} is {found}, not {wanted:?}"),
            Test::Present | Test::Absent | Test::Empty | Test::NotEmpty => {
                format!("{place} is {found}, but it has to be: {self}")
            }
            _ => format!("{place} is {found}, which is not {} {wanted}", self.sign()),
        }))
    }

    fn compared(&self, place: &str, found: &Found<'_>, wanted: &str) -> Result<bool, SourceError> {
        let (text, number) = match found {
            Found::Value { text, number } => (text.as_ref(), *number),
            Found::Blank => ("", None),
            Found::Nothing => return Err(no_data(format!("there is nothing at {place}"))),
            Found::Empty | Found::Compound => {
                return Err(unexpected(format!("{place} is {found}, not one value to compare")));
            }
        };
        let numbers = number.zip(value::parse(wanted).ok());
        let same = match (self.test, numbers) {
            (Test::Exactly, _) | (_, None) => text == wanted,
            (_, Some((found, wanted))) => found == wanted,
        };
        let order = || match numbers {
            Some((found, wanted)) => Ok(found.cmp(&wanted)),
            None => match (moment(text), moment(wanted)) {
                (Ok(found), Ok(wanted)) => Ok(found.cmp(&wanted)),
                _ => Err(unexpected(format!(
                    "{place} is {text:?}, which cannot be compared with {wanted:?}: both have to be numbers, or times"
                ))),
            },
        };
        Ok(match self.test {
            Test::NotEqual => !same,
            Test::Below => order()? == Ordering::Less,
            Test::AtMost => order()? != Ordering::Greater,
            Test::Above => order()? == Ordering::Greater,
            Test::AtLeast => order()? != Ordering::Less,
            _ => same,
        })
    }

    fn sign(&self) -> &'static str {
        let known = COMPARISONS.iter().find(|(_, test)| *test == self.test);
        known.map_or("", |(sign, _)| sign)
    }

    /// The text that has to be there exactly, with its placeholders, if that is the condition.
    pub fn exactly(&self) -> Option<&str> {
        (self.test == Test::Exactly).then_some(&self.operand)
    }

    /// The text in which placeholders are filled in.
    pub fn template(&self) -> &str {
        &self.operand
    }

    /// Whether it looks like a comparison or a question, but is none: as the text that it then is, nothing would
    /// meet it.
    fn is_mistyped(&self) -> bool {
        let written = self.written.trim_start();
        let begins = |signs: &[&str]| signs.iter().any(|sign| written.starts_with(sign));
        match self.test {
            Test::Exactly => {
                let first = written.split_whitespace().next().unwrap_or_default();
                let is_word = ["is", "not", "in"].iter().any(|word| first.eq_ignore_ascii_case(word));
                let more = written.len() > first.len();
                begins(&["=", "<", ">", "!", "~", "≥", "≤", "≠", "≈"]) || (is_word && more)
            }
            Test::Equal | Test::NotEqual => begins(&["=>", "=<", "=!", "=~", "==>", "==<", "===", "!==", "!=>", "!=<"]),
            _ => false,
        }
    }

    /// What makes no sense in it.
    pub fn mistake(&self) -> Option<String> {
        if self.is_mistyped() {
            let known: Vec<&str> = COMPARISONS.iter().map(|(sign, _)| *sign).collect();
            let states: Vec<String> = STATES.iter().map(|(text, _)| format!("`{text}`")).collect();
            return Some(format!(
                "{:?} is not a condition: comparisons begin with {}, and there are {}; `= TEXT` means the text itself, \
                 whatever it is",
                self.written,
                known.join(" "),
                states.join(", "),
            ));
        }
        let ordered = matches!(self.test, Test::Below | Test::AtMost | Test::Above | Test::AtLeast);
        let compares = ordered || matches!(self.test, Test::Equal | Test::NotEqual);
        if compares && self.operand.is_empty() {
            return Some(format!("{:?} does not say with what to compare", self.written));
        }
        let example = fill(&self.operand, &template::example()).ok()?;
        // What an identity or a time of the example stands for is not known before a period is measured.
        let fixed = example == self.operand;
        (ordered && fixed && value::parse(&example).is_err() && moment(&example).is_err()).then(|| {
            format!(
                "{:?} compares with {example:?}, which is neither a number nor a time",
                self.written
            )
        })
    }
}

/// One condition, or several in a list, which all have to be met. The first one that is not met ends it:
/// `["is present", ">= 3"]` is not met, and no error, where nothing is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrMore", into = "OneOrMore")]
pub struct Conditions(Vec<Condition>);

#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a condition in quotes, like \">= 4\", or a list of them, like [\"is present\", \">= 4\"]"
)]
enum OneOrMore {
    One(Condition),
    More(Vec<Condition>),
}

impl From<OneOrMore> for Conditions {
    fn from(written: OneOrMore) -> Self {
        Self(match written {
            OneOrMore::One(condition) => vec![condition],
            OneOrMore::More(conditions) => conditions,
        })
    }
}

impl From<Conditions> for OneOrMore {
    fn from(Conditions(mut conditions): Conditions) -> Self {
        match conditions.len() {
            1 => Self::One(conditions.remove(0)),
            _ => Self::More(conditions),
        }
    }
}

impl From<&str> for Conditions {
    fn from(written: &str) -> Self {
        Self(vec![written.into()])
    }
}

impl Conditions {
    /// What is wrong with `found`, which stands at `place`; `None` if it meets all conditions.
    ///
    /// # Errors
    /// As [`Condition::broken`].
    pub fn broken(&self, place: &str, found: &Found<'_>, scope: &Scope) -> Result<Option<String>, SourceError> {
        for condition in &self.0 {
            if let Some(broken) = condition.broken(place, found, scope)? {
                return Ok(Some(broken));
            }
        }
        Ok(None)
    }

    /// Whether `found`, which stands at `place`, meets all conditions.
    ///
    /// # Errors
    /// As [`Condition::broken`].
    pub fn hold(&self, place: &str, found: &Found<'_>, scope: &Scope) -> Result<bool, SourceError> {
        Ok(self.broken(place, found, scope)?.is_none())
    }

    /// The text that has to be there exactly, with its placeholders, if that is the one condition.
    pub fn exactly(&self) -> Option<&str> {
        match self.0.as_slice() {
            [condition] => condition.exactly(),
            _ => None,
        }
    }

    /// The texts in which placeholders are filled in.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Condition::template)
    }

    /// What makes no sense in them.
    pub fn mistakes(&self) -> Vec<String> {
        match self.0.is_empty() {
            true => vec!["a list of conditions is empty".to_owned()],
            false => self.0.iter().filter_map(Condition::mistake).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::scope,
        proptest::prelude::{ProptestConfig, prop_assert_eq, proptest},
    };

    fn met(condition: &str, found: &Found<'_>) -> Result<bool, String> {
        let conditions = Conditions::from(condition);
        conditions.hold("x", found, &scope()).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_times_and_texts_are_compared_as_what_they_are() {
        for (condition, text, expected) in [
            ("final", "final", true),
            ("final", "Final", false),
            ("5", "5", true),
            ("5", "5.0", false),
            ("= 5", "5.0", true),
            ("==5", "05", true),
            ("!= 5", "5.00", false),
            ("!= final", "draft", true),
            ("= {identity}", "ann", true),
            (">= 4", "4", true),
            (">= 4", "3.9999999999999999999999", false),
            ("> 4", "4", false),
            ("<10", "9", true),
            ("<= 1e3", "1000", true),
            ("< 0", "-1", true),
            (">= {start_time}", "2027-04-01", true),
            ("< {end_time}", "2027-07-01T02:00:00+02:00", false),
            ("< {end}", "2027-06-30T23:59:59Z", true),
            (">= 2027-04-01", "1806537599", false),
        ] {
            assert_eq!(met(condition, &Found::text(text)), Ok(expected), "{condition} {text}");
        }
        for (condition, text) in [(">= 4", "many"), ("< x", "4"), (">= 4", "")] {
            assert!(
                met(condition, &Found::text(text))
                    .unwrap_err()
                    .contains("cannot be compared")
            );
        }
    }

    #[test]
    fn what_is_missing_is_asked_for_and_never_compared() {
        let text = || Found::text("a");
        for (condition, nothing, empty, blank, value) in [
            ("is present", false, true, true, true),
            ("is absent", true, false, false, false),
            ("is empty", true, true, true, false),
            ("is not empty", false, false, false, true),
        ] {
            assert_eq!(met(condition, &Found::Nothing), Ok(nothing), "{condition}");
            assert_eq!(met(condition, &Found::Empty), Ok(empty), "{condition}");
            assert_eq!(met(condition, &Found::text(" ")), Ok(blank), "{condition}");
            assert_eq!(met(condition, &Found::Blank), Ok(nothing), "{condition}");
            assert_eq!(met(condition, &text()), Ok(value), "{condition}");
        }
        for condition in ["a", "= a", "!= a", "> 1"] {
            assert!(met(condition, &Found::Nothing).unwrap_err().contains("nothing at x"));
            assert!(met(condition, &Found::Compound).unwrap_err().contains("not one value"));
        }
        assert_eq!(met("a", &Found::Blank), Ok(false));
        assert_eq!(met("", &Found::Blank), Ok(true));
        assert_eq!(met("!= a", &Found::Blank), Ok(true));
        assert!(met("< 1", &Found::Blank).is_err());
        let both: Conditions = serde_json::from_str(r#"["is present", ">= 3"]"#).unwrap();
        assert!(!both.hold("x", &Found::Nothing, &scope()).unwrap());
        assert!(both.hold("x", &Found::text("3"), &scope()).unwrap());
        assert_eq!(
            both.broken("x", &Found::text("2"), &scope()).unwrap().unwrap(),
            "x is \"2\", which is not >= 3"
        );
    }

    #[test]
    fn an_identity_cannot_change_the_comparison() {
        let mut scope = scope();
        scope.grant.as_mut().unwrap().identity = Some(">= 0".to_owned());
        let condition = Conditions::from("{identity}");
        assert!(!condition.hold("x", &Found::text("5"), &scope).unwrap());
        assert!(condition.hold("x", &Found::text(">= 0"), &scope).unwrap());
    }

    #[test]
    fn conditions_come_back_as_they_were_written() {
        for json in [
            r#""final""#,
            r#"">= 4""#,
            r#"["is present","!= x"]"#,
            r#""= is present""#,
        ] {
            let conditions: Conditions = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&conditions).unwrap(), json);
            assert_eq!(conditions.mistakes(), Vec::<String>::new(), "{json}");
        }
        for json in [r#"">=""#, r#""< many""#, "[]", r#""!= ""#] {
            let conditions: Conditions = serde_json::from_str(json).unwrap();
            assert_eq!(conditions.mistakes().len(), 1, "{json}");
        }
        assert_eq!(Conditions::from("a").exactly(), Some("a"));
        assert_eq!(Conditions::from("= a").exactly(), None);
    }

    #[test]
    fn what_is_mistyped_is_no_text() {
        for written in [
            "=> 4",
            "=< 4",
            "=! a",
            "=~ a",
            "=== 4",
            "!== 4",
            "≥ 4",
            "≤ 4",
            "≠ 4",
            "!paid",
            "~ paid",
            " >= 4",
            "is not null",
            "is Present",
            "IS EMPTY",
            "is  present",
            " is present",
            "is present ",
            "not paid",
            "in (a, b)",
            "In a",
        ] {
            let mistakes = Conditions::from(written).mistakes();
            let [mistake] = mistakes.as_slice() else {
                panic!("{written}: {mistakes:?}");
            };
            assert!(
                mistake.contains(&format!("{written:?}")) && mistake.contains("`= TEXT`"),
                "{mistake}"
            );
        }
        for (written, text) in [
            ("== 4", "4"),
            ("= => 4", "=> 4"),
            ("= is not null", "is not null"),
            ("= !paid", "!paid"),
            ("!= is absent", "present"),
            ("issued", "issued"),
            ("in", "in"),
            ("notable", "notable"),
            ("inside", "inside"),
            ("{identity}", "ann"),
            ("", ""),
        ] {
            assert_eq!(Conditions::from(written).mistakes(), Vec::<String>::new(), "{written}");
            assert_eq!(met(written, &Found::text(text)), Ok(true), "{written}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_a_condition(written: String, found: String) {
            let condition = Conditions::from(written.as_str());
            prop_assert_eq!(serde_json::to_string(&condition).unwrap(), serde_json::to_string(&written).unwrap());
            let _ = condition.hold("x", &Found::text(found), &scope());
        }
    }
}
