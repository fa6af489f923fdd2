//! Prometheus' query API: <https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries>.

use {
    super::{
        Auth, Observation, Part, SourceError, ambiguous, http_client, json, no_data, only, request::send, unexpected,
    },
    crate::measure::{Scope, fill, value},
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    serde_json::Value,
    std::{collections::BTreeMap, time::Duration},
};

/// An instant query, evaluated at the end of the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prometheus {
    /// The server's URL, without `/api/v1/query`.
    pub url: String,
    /// PromQL with placeholders; has to give one value.
    pub query: String,
    /// Labels that the series of the answer has to have, with placeholders.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Who asks. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub auth: Option<Auth>,
    /// How long the answer may take.
    #[serde(default = "super::default_timeout", with = "crate::measure::duration")]
    pub timeout: Duration,
}

impl Prometheus {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let query = super::filled(&self.query, scope, quoted)?;
        let url = format!("{}/api/v1/query", self.url.trim_end_matches('/'));
        let time = asked_at(scope).to_string();
        let request = format!("GET {url} query={query} time={time}");
        let builder = http_client()?
            .get(&url)
            .query(&[("query", query.as_str()), ("time", &time)]);
        Ok(vec![send(builder, self.auth.as_ref(), self.timeout, request).await?])
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let document = json::parse(only(parts)?.body.text()?)?;
        if document["status"] != "success" {
            let error = document["error"].as_str().unwrap_or("no error named");
            return Err(unexpected(format!("Prometheus refuses the query: {error}")));
        }
        // Federations that could not ask all of their servers answer with what they have, and a warning.
        if let Some(warning) = document["warnings"].as_array().and_then(|warnings| warnings.first()) {
            return Err(unexpected(format!("the answer may be partial: {warning}")));
        }
        if document["isPartial"] == true {
            return Err(unexpected(
                "the answer is partial: a part of the cluster did not answer",
            ));
        }
        let data = &document["data"];
        let mut labels = &Value::Null;
        let sample = match data["resultType"].as_str() {
            Some("scalar") => &data["result"],
            Some("vector") => match data["result"].as_array().map(Vec::as_slice) {
                Some([one]) => {
                    labels = &one["metric"];
                    &one["value"]
                }
                None | Some([]) => {
                    return Err(no_data("no series has a sample at the end of the period"));
                }
                Some(several) => {
                    return Err(ambiguous(format!(
                        "the query gives {} series, not one: aggregate them",
                        several.len()
                    )));
                }
            },
            other => {
                return Err(unexpected(format!(
                    "the query gives {}, not one value",
                    other.unwrap_or("nothing known")
                )));
            }
        };
        // [time, "value"]: the time is the one that was asked for, not that of the data.
        let (Some(time), Some(text)) = (sample[0].as_number(), sample[1].as_str()) else {
            return Err(unexpected("the sample is no [time, value]"));
        };
        if value::parse(&time.to_string())? != Decimal::from(asked_at(scope)) {
            return Err(unexpected(format!(
                "the answer does not fit the question: the sample is of {time}, asked was {}",
                asked_at(scope)
            )));
        }
        for (name, wanted) in &self.labels {
            let wanted = fill(wanted, scope)?;
            // A label that is not there is the same as an empty one.
            let found = labels[name].as_str().unwrap_or_default();
            if found != wanted {
                return Err(unexpected(format!(
                    "the answer does not fit the question: the label {name} is {found:?}, not {wanted:?}"
                )));
            }
        }
        Ok(Observation {
            value: value::parse(text)?,
            observed_at: None,
        })
    }
}

/// The last second of the period, Unix seconds: its end belongs to the next one.
fn asked_at(scope: &Scope) -> i64 {
    scope.end.saturating_sub(1)
}

/// `text` inside of a quoted PromQL string, single or double: escapes that both kinds of string read.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\'' | '\\' | '`' | '\n' | '\r' => quoted.push_str(&format!("\\x{:02x}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::{answer, scope},
    };

    fn read_as(more: &str, text: &str) -> Result<Observation, String> {
        let source: Prometheus = toml::from_str(&format!("url = 'http://p.test'\nquery = 'up'\n{more}")).unwrap();
        source.read(&scope(), &answer(text)).map_err(|error| error.to_string())
    }

    fn read(text: &str) -> Result<Observation, String> {
        read_as("", text)
    }

    #[test]
    fn a_sample_of_another_time_or_series_is_an_error() {
        let vector = |time: &str, labels: &str| {
            format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{{labels}}},"value":[{time},"7"]}}]}}}}"#
            )
        };
        for time in ["1814399999", "1814399999.0", "1814399999.000"] {
            assert_eq!(read(&vector(time, "")).unwrap().value.to_string(), "7", "{time}");
        }
        for time in ["1814399999.5", "1814400000", "1814399998", "1"] {
            let error = read(&vector(time, "")).unwrap_err();
            assert!(error.contains("asked was 1814399999"), "{time}: {error}");
        }
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1814400001,"7"]}}"#;
        assert!(read(scalar).unwrap_err().contains("asked was"));
        let labels = "labels = { user = '{identity}' }";
        assert!(read_as(labels, &vector("1814399999", r#""user":"ann","job":"x""#)).is_ok());
        for found in [r#""user":"bob""#, r#""job":"x""#] {
            let error = read_as(labels, &vector("1814399999", found)).unwrap_err();
            assert!(error.contains("the label user is"), "{error}");
        }
        let partial =
            r#"{"status":"success","isPartial":true,"data":{"resultType":"scalar","result":[1814399999,"7"]}}"#;
        assert!(read(partial).unwrap_err().contains("partial"));
    }

    #[test]
    fn one_sample_is_a_value() {
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1814399999,"62.5"]}]}}"#;
        let reading = read(vector).unwrap();
        assert_eq!(reading.value.to_string(), "62.5");
        assert_eq!(reading.observed_at, None, "it is the time of the question");
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1814399999,"7"]}}"#;
        assert_eq!(read(scalar).unwrap().value.to_string(), "7");
    }

    #[test]
    fn everything_else_is_an_error() {
        for (text, part) in [
            (
                r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
                "no series",
            ),
            (
                r#"{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"1"]},{"value":[1,"2"]}]}}"#,
                "2 series",
            ),
            (
                r#"{"status":"success","data":{"resultType":"vector","result":[{"value":[1814399999,"NaN"]}]}}"#,
                "not a number",
            ),
            (
                r#"{"status":"success","data":{"resultType":"vector","result":[{"value":[1814399999,"+Inf"]}]}}"#,
                "not a number",
            ),
            (r#"{"status":"error","error":"parse error"}"#, "parse error"),
            (
                r#"{"status":"success","warnings":["a store did not answer"],"data":{"resultType":"scalar","result":[1,"7"]}}"#,
                "partial",
            ),
            (
                r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
                "matrix",
            ),
            (r#"{"status":"succ"#, "not complete JSON"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn an_identity_cannot_change_the_query() {
        let mut scope = crate::measure::sources::testing::scope();
        scope.grant.as_mut().unwrap().identity = Some(r#"x"} or vector(9) or up{a="'`\"#.to_owned());
        let query = super::super::filled(r#"logins{{who="{identity}"}}"#, &scope, quoted).unwrap();
        assert_eq!(query, r#"logins{who="x\x22} or vector(9) or up{a=\x22\x27\x60\x5c"}"#);
    }
}
