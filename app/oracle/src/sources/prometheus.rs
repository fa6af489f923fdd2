//! Prometheus' query API: <https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries>.

use {
    super::{Auth, Part, Reading, SourceError, http_client, json, only, request::send},
    crate::{template::Scope, value},
    serde::{Deserialize, Serialize},
    std::time::Duration,
};

/// An instant query, evaluated at the end of the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prometheus {
    /// The server's URL, without `/api/v1/query`.
    pub url: String,
    /// PromQL with placeholders; has to give one value.
    pub query: String,
    /// Who asks. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub auth: Option<Auth>,
    /// How long the answer may take.
    #[serde(default = "super::default_timeout", with = "crate::duration")]
    pub timeout: Duration,
}

impl Prometheus {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let query = super::filled(&self.query, scope, quoted)?;
        let url = format!("{}/api/v1/query", self.url.trim_end_matches('/'));
        // The last second of the period: its end belongs to the next one.
        let time = scope.end.saturating_sub(1).to_string();
        let request = format!("GET {url} query={query} time={time}");
        let builder = http_client()?
            .get(&url)
            .query(&[("query", query.as_str()), ("time", &time)]);
        Ok(vec![send(builder, self.auth.as_ref(), self.timeout, request).await?])
    }

    pub(super) fn read(&self, parts: &[Part]) -> Result<Reading, SourceError> {
        let document = json::parse(only(parts)?.body.text()?)?;
        if document["status"] != "success" {
            let error = document["error"].as_str().unwrap_or("no error named");
            return Err(SourceError::Unexpected(format!(
                "Prometheus refuses the query: {error}"
            )));
        }
        // Federations that could not ask all of their servers answer with what they have, and a warning.
        if let Some(warning) = document["warnings"].as_array().and_then(|warnings| warnings.first()) {
            return Err(SourceError::Unexpected(format!("the answer may be partial: {warning}")));
        }
        let data = &document["data"];
        let sample = match data["resultType"].as_str() {
            Some("scalar") => &data["result"],
            Some("vector") => match data["result"].as_array().map(Vec::as_slice) {
                Some([one]) => &one["value"],
                None | Some([]) => {
                    return Err(SourceError::NoData(
                        "no series has a sample at the end of the period".to_owned(),
                    ));
                }
                Some(several) => {
                    return Err(SourceError::Ambiguous(format!(
                        "the query gives {} series, not one: aggregate them",
                        several.len()
                    )));
                }
            },
            other => {
                return Err(SourceError::Unexpected(format!(
                    "the query gives {}, not one value",
                    other.unwrap_or("nothing known")
                )));
            }
        };
        // [time, "value"]: the time is the one that was asked for, not that of the data.
        let (Some(_), Some(text)) = (sample[0].as_number(), sample[1].as_str()) else {
            return Err(SourceError::Unexpected("the sample is no [time, value]".to_owned()));
        };
        Ok(Reading {
            value: value::parse(text)?,
            observed_at: None,
        })
    }
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
    use {super::*, crate::sources::testing::answer};

    fn read(text: &str) -> Result<Reading, String> {
        let source: Prometheus = toml::from_str("url = 'http://p.test'\nquery = 'up'").unwrap();
        source.read(&answer(text)).map_err(|error| error.to_string())
    }

    #[test]
    fn one_sample_is_a_value() {
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1814399999.5,"62.5"]}]}}"#;
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
                r#"{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"NaN"]}]}}"#,
                "no number",
            ),
            (
                r#"{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"+Inf"]}]}}"#,
                "no number",
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
            (r#"{"status":"succ"#, "no complete JSON"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn an_identity_cannot_change_the_query() {
        let mut scope = crate::sources::testing::scope();
        scope.grant.as_mut().unwrap().identity = Some(r#"x"} or vector(9) or up{a="'`\"#.to_owned());
        let query = super::super::filled(r#"logins{{who="{identity}"}}"#, &scope, quoted).unwrap();
        assert_eq!(query, r#"logins{who="x\x22} or vector(9) or up{a=\x22\x27\x60\x5c"}"#);
    }
}
