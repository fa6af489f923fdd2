//! What a person enters, for what no machine measures.

use {
    super::{Body, Observation, Part, SourceError, json, no_data, only, unexpected},
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
        };
        let parts = Manual {}.fetch(Some(&entry)).unwrap();
        let reading = Manual {}.read(&parts).unwrap();
        assert_eq!(reading.value.to_string(), "92.5");
        assert_eq!(reading.observed_at, Some(1_814_400_200));
        assert!(matches!(Manual {}.fetch(None), Err(SourceError::NoData(_))));
    }
}
