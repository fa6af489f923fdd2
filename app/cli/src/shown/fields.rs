//! Labelled values: lines for people, one JSON object for programs.

use {
    crate::shown::{
        sheet::{Cell, Sheet},
        text::{quoted, safe},
    },
    serde::{Serialize, Serializer},
    serde_json::{Map, Value},
    std::fmt,
};

/// Labelled values in their order. `first period` becomes `firstPeriod` in JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<Field>);

#[derive(Clone, Debug, PartialEq)]
struct Field {
    label: &'static str,
    /// Empty if people see it elsewhere.
    text: String,
    json: Value,
}

impl Fields {
    /// Adds a value that is shown as it is.
    pub fn add(&mut self, label: &'static str, value: impl fmt::Display + Serialize) {
        let text = value.to_string();
        self.add_shown(label, text, value);
    }

    /// Adds a value that only people are shown.
    pub fn say(&mut self, label: &'static str, text: impl fmt::Display) {
        self.add_shown(label, text, ());
    }

    /// The lines for people, below a heading.
    pub fn indented(&self) -> String {
        format!("  {}", self.to_string().replace('\n', "\n  "))
    }

    /// The lines for people, as a table.
    pub fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::new(["", ""]);
        for field in self.0.iter().filter(|field| !field.text.is_empty()) {
            sheet.row([field.label.into(), Cell::Text(field.text.clone())]);
        }
        sheet
    }

    /// The text of a value for programs.
    pub fn text_of(&self, label: &str) -> Option<&str> {
        let field = self.0.iter().find(|field| field.label == label)?;
        field.json.as_str()
    }

    /// Puts what somebody calls an address beside it. Programs find it apart, as the field `called`.
    pub fn call(&mut self, label: &str, called: &'static str, name: &str) {
        let named = self.0.iter_mut().find(|field| field.label == label);
        if let Some(field) = named {
            field.text = format!("{} {}", field.text, quoted(name));
            self.0.push(Field {
                label: called,
                text: String::new(),
                json: name.into(),
            });
        }
    }

    /// Adds a value that is shown to people as `text`.
    pub fn add_shown(&mut self, label: &'static str, text: impl fmt::Display, value: impl Serialize) {
        self.0.push(Field {
            label,
            // Names come from the chain, where anyone can write anything.
            text: safe(&text.to_string()),
            // Numbers, texts and plain structures, which can always be written.
            json: serde_json::to_value(value).unwrap_or_default(),
        });
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = || self.0.iter().filter(|field| !field.text.is_empty());
        let width = shown().map(|field| field.label.chars().count()).max();
        let width = width.unwrap_or_default();
        for (position, Field { label, text, .. }) in shown().enumerate() {
            let before = if position == 0 { "" } else { "\n" };
            write!(out, "{before}{label:width$}  {text}")?;
        }
        Ok(())
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.0.iter().map(|field| (key(field.label), field.json.clone()));
        fields.collect::<Map<_, _>>().serialize(serializer)
    }
}

/// `first period` as `firstPeriod`, and `KPI weights` as `kpiWeights`.
fn key(label: &str) -> String {
    let words = label.split(' ').map(str::to_lowercase).enumerate();
    let words = words.map(|(position, word)| match word.char_indices().nth(1) {
        Some((second, _)) if position > 0 => word[..second].to_uppercase() + &word[second..],
        None if position > 0 => word.to_uppercase(),
        _ => word,
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_fields_for_people_and_programs() {
        let mut fields = Fields::default();
        fields.add("plan", "7xKX");
        fields.add("first period", 3);
        fields.add("KPI weights", "a");
        fields.add("KPI", "a\u{202e}b");
        fields.add_shown("fee", "5,000 lamports", 5_000);
        assert_eq!(fields.text_of("plan"), Some("7xKX"));
        assert_eq!(
            fields.to_string(),
            "plan          7xKX\nfirst period  3\nKPI weights   a\nKPI           a\\u{202e}b\nfee           5,000 lamports"
        );
        assert_eq!(
            serde_json::to_string(&fields).expect("JSON"),
            "{\"fee\":5000,\"firstPeriod\":3,\"kpi\":\"a\u{202e}b\",\"kpiWeights\":\"a\",\"plan\":\"7xKX\"}"
        );
    }

    #[test]
    fn a_name_stands_beside_the_address_and_never_in_its_place() {
        let mut fields = Fields::default();
        fields.add("plan", "7xKX");
        fields.call("plan", "plan name", "a\u{202e}\"b");
        fields.call("mint", "mint name", "of nothing that is there");
        assert_eq!(fields.to_string(), "plan  7xKX \"a\\u{202e}\\\"b\"");
        assert_eq!(
            serde_json::to_value(&fields).expect("JSON"),
            serde_json::json!({ "plan": "7xKX", "planName": "a\u{202e}\"b" })
        );
    }
}
