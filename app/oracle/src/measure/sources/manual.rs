//! What a person enters, for what no machine measures.

use {
    super::{Body, Observation, Part, SourceError, json, no_data, only, unexpected},
    crate::measure::{Rounding, value},
    serde::{Deserialize, Serialize},
};

/// Nothing to configure: values come in with `earnout-oracle enter`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manual {}

/// A value that somebody entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The value, as it was typed.
    pub value: String,
    /// Why it is that.
    pub note: String,
    /// Who entered it.
    pub entered_by: String,
    /// When, Unix seconds.
    pub entered_at: i64,
    /// Its signature by the key `entered_by`, base58, of what the value is of and the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// What was attached: copies are in the store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Attached>,
    /// Who else says the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed: Vec<Confirmation>,
}

/// A document that somebody attached to a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// What the file was called.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal; the store has them under it.
    pub sha256: String,
}

/// A second person's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Who.
    pub by: String,
    /// When, Unix seconds.
    pub at: i64,
    /// As that of an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl Entry {
    /// How many people say that it is this value.
    pub fn people(&self) -> usize {
        self.confirmed.len().saturating_add(1)
    }

    /// Whether `who` is one of them.
    pub fn is_said_by(&self, who: &str) -> bool {
        self.entered_by == who || self.confirmed.iter().any(|confirmed| confirmed.by == who)
    }

    /// The value, fixed point; none if it is not one with so many decimals.
    pub fn fixed(&self, decimals: u8) -> Option<i64> {
        value::to_fixed(value::parse(&self.value).ok()?, decimals, Rounding::Exact).ok()
    }
}

impl Manual {
    pub(super) fn fetch(self, entry: Option<&Entry>) -> Result<Vec<Part>, SourceError> {
        let entry = entry.ok_or_else(|| no_data("nobody has entered a value yet"))?;
        let text = serde_json::to_string(entry)
            .map_err(|error| unexpected(format!("the entry cannot be written: {error}")))?;
        Ok(vec![Part {
            of: String::new(),
            request: "entered by hand".to_owned(),
            answered_at: entry.entered_at,
            modified_at: None,
            number: None,
            next: None,
            body: Body::Text(text),
        }])
    }

    pub(super) fn read(self, parts: &[Part]) -> Result<Observation, SourceError> {
        let part = only(parts)?;
        Ok(Observation {
            value: json::number(part.body.text()?, "$.value", true)?,
            observed_at: Some(part.answered_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_entered_is_the_value() {
        let entry = Entry {
            value: "92.5".to_owned(),
            note: "survey of 12 July, 31 answers".to_owned(),
            entered_by: "ann".to_owned(),
            entered_at: 1_814_400_200,
            signature: None,
            documents: Vec::new(),
            confirmed: Vec::new(),
        };
        assert_eq!(
            serde_json::to_string(&entry).unwrap(),
            r#"{"value":"92.5","note":"survey of 12 July, 31 answers","entered_by":"ann","entered_at":1814400200}"#,
            "what was read before is read now"
        );
        let parts = Manual {}.fetch(Some(&entry)).unwrap();
        let reading = Manual {}.read(&parts).unwrap();
        assert_eq!(reading.value.to_string(), "92.5");
        assert_eq!(reading.observed_at, Some(1_814_400_200));
        assert!(matches!(Manual {}.fetch(None), Err(SourceError::NoData(_))));
    }
}
