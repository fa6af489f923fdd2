//! A JSON document behind a URL.

use {
    super::{
        Auth, Observation, Part, SourceError, http_client, json, moment, only,
        request::{is_secret, send, url_mistakes},
        unexpected,
    },
    crate::measure::{Scope, fill},
    serde::{Deserialize, Serialize},
    std::{collections::BTreeMap, time::Duration},
};

/// A JSON document behind a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpJson {
    /// The URL; placeholders are filled in and escaped.
    pub url: String,
    /// Sent as the body of a POST request if given; GET otherwise. JSON with placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// More headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Who asks. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub auth: Option<Auth>,
    /// JSONPath of the value.
    pub path: String,
    /// JSONPath of the time at which the value was so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_path: Option<String>,
    /// What else the answer has to say: JSONPaths and the text, number or truth value at each, with placeholders.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub require: BTreeMap<String, String>,
    /// Whether a number may be written as a string.
    #[serde(default)]
    pub number_as_text: bool,
    /// How long the answer may take.
    #[serde(default = "super::default_timeout", with = "crate::measure::duration")]
    pub timeout: Duration,
}

impl HttpJson {
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        Ok(vec![self.ask(scope).await?])
    }

    /// What is asked, as the evidence says it.
    pub(super) fn request(&self, scope: &Scope) -> Result<String, SourceError> {
        let url = super::url(&self.url, scope)?;
        Ok(match &self.body {
            None => format!("GET {url}"),
            Some(body) => format!("POST {url} {}", super::filled(body, scope, json::quoted)?),
        })
    }

    pub(super) async fn ask(&self, scope: &Scope) -> Result<Part, SourceError> {
        let url = super::url(&self.url, scope)?;
        let request = self.request(scope)?;
        let client = http_client()?;
        let mut builder = match &self.body {
            None => client.get(&url),
            Some(body) => {
                let body = super::filled(body, scope, json::quoted)?;
                let builder = client.post(&url).header("content-type", "application/json");
                builder.body(body)
            }
        };
        builder = builder.header("accept", "application/json");
        for (name, value) in &self.headers {
            builder = builder.header(name, value);
        }
        send(builder, self.auth.as_ref(), self.timeout, request).await
    }

    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let document = only(parts)?.body.text()?;
        json::complete(document, &self.path)?;
        self.fits(document, scope)?;
        let observed_at = match &self.time_path {
            Some(path) => Some(moment(&json::text(document, path)?)?),
            None => None,
        };
        Ok(Observation {
            value: json::number(document, &self.path, self.number_as_text)?,
            observed_at,
        })
    }

    /// Whether the answer says what it has to.
    pub(super) fn fits(&self, document: &str, scope: &Scope) -> Result<(), SourceError> {
        for (path, wanted) in &self.require {
            let wanted = fill(wanted, scope)?;
            let found = json::scalar(document, path)?;
            if found != wanted {
                return Err(unexpected(format!(
                    "the answer does not fit the question: {path} is {found:?}, not {wanted:?}"
                )));
            }
        }
        Ok(())
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = url_mistakes(&super::example(&self.url));
        mistakes.extend(json::path_mistake(&self.path));
        let more = self.time_path.iter().chain(self.require.keys());
        mistakes.extend(more.filter_map(|path| json::path_mistake(path)));
        if let Some(name) = self.headers.keys().find(|name| is_secret(name)) {
            mistakes.push(format!("the header {name} carries a secret: use `auth`"));
        }
        mistakes
    }

    pub(super) fn templates(&self) -> Vec<&str> {
        let asked = [&self.url].into_iter().chain(&self.body);
        asked.chain(self.require.values()).map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::sources::testing::{answer, scope},
    };

    fn source(extra: &str) -> HttpJson {
        toml::from_str(&format!(
            "url = 'https://api.test/{{period}}'\npath = '$.users'\n{extra}"
        ))
        .unwrap()
    }

    #[test]
    fn value_and_time_are_read() {
        let source = source("time_path = '$.as_of'");
        let reading = source
            .read(&scope(), &answer(r#"{"users": 120, "as_of": "2027-07-01T00:00:00Z"}"#))
            .unwrap();
        assert_eq!(reading.value.to_string(), "120");
        assert_eq!(reading.observed_at, Some(1_814_400_000));
        assert!(
            source.read(&scope(), &answer(r#"{"users": 120}"#)).is_err(),
            "the time is missing"
        );
        let none = answer(r#"{"users": null, "as_of": 1}"#);
        assert!(source.read(&scope(), &none).is_err());
        assert!(source.read(&scope(), &[]).is_err());
    }

    #[test]
    fn an_answer_that_says_it_is_not_whole_is_none() {
        let read = |document: &str| {
            let read = source("").read(&scope(), &answer(document));
            read.map(|reading| reading.value.to_string())
                .map_err(|error| error.to_string())
        };
        for document in [
            r#"{"users": 5, "incomplete_results": true}"#,
            r#"{"users": 5, "timed_out": true}"#,
            r#"{"users": 5, "isPartial": true}"#,
            r#"{"users": 5, "errors": [{"message": "one shard is down"}]}"#,
            r#"{"users": 5, "error": "over quota"}"#,
            r#"{"users": 5, "error": {"code": -32000}}"#,
            r#"{"users": 5, "_shards": {"total": 2, "successful": 1, "failed": 1}}"#,
        ] {
            let error = read(document).unwrap_err();
            assert!(error.contains("not whole"), "{document}: {error}");
        }
        for document in [
            r#"{"users": 5, "incomplete_results": false, "timed_out": false, "errors": [], "error": null}"#,
            r#"{"users": 5, "errors": 3, "_shards": {"failed": 0}}"#,
        ] {
            assert_eq!(read(document).unwrap(), "5", "{document}");
        }
        assert!(
            read(r#"{"users": 5} {"users": 6}"#).is_err(),
            "something follows the document"
        );
        let errors: HttpJson = toml::from_str("url = 'https://a.test/'\npath = '$.errors.count'").unwrap();
        let reading = errors.read(&scope(), &answer(r#"{"errors": {"count": 3}}"#)).unwrap();
        assert_eq!(reading.value.to_string(), "3", "errors can be what is counted");
    }

    #[test]
    fn an_answer_to_another_question_is_an_error() {
        let source =
            source("[require]\n'$.state' = 'final'\n'$.user' = '{identity}'\n'$.period' = '{period}'\n'$.ok' = 'true'");
        let read = |document: &str| {
            source
                .read(&scope(), &answer(document))
                .map_err(|error| error.to_string())
        };
        let good = r#"{"users": 5, "state": "final", "user": "ann", "period": 1, "ok": true}"#;
        assert_eq!(read(good).unwrap().value.to_string(), "5");
        for (from, to, part) in [
            ("final", "pending", r#"$.state is "pending", not "final""#),
            ("ann", "bob", r#"$.user is "bob", not "ann""#),
            ("\"period\": 1", "\"period\": 2", "$.period is"),
            ("true", "false", "$.ok is"),
            ("\"user\"", "\"users2\"", "nothing at $.user"),
        ] {
            let error = read(&good.replace(from, to)).unwrap_err();
            assert!(error.contains(part), "{to}: {error}");
        }
        assert_eq!(source.mistakes(), Vec::<String>::new());
    }

    #[test]
    fn mistakes_are_found_without_asking() {
        assert_eq!(source("").mistakes(), Vec::<String>::new());
        assert_eq!(source("headers = { X-Api-Key = 'abc' }").mistakes().len(), 1);
        let mut wrong = source("");
        wrong.path = "users".to_owned();
        wrong.url = "ftp://host/file".to_owned();
        assert_eq!(wrong.mistakes().len(), 2, "{:?}", wrong.mistakes());
    }

    #[test]
    fn an_identity_cannot_change_the_body() {
        let mut scope = crate::measure::sources::testing::scope();
        scope.grant.as_mut().unwrap().identity = Some("x\", \"all\": \"\\".to_owned());
        let body = super::super::filled(r#"{{"who": "{identity}"}}"#, &scope, json::quoted).unwrap();
        let parsed = json::parse(&body).unwrap();
        assert_eq!(parsed.as_object().unwrap().len(), 1, "{body}");
        assert_eq!(parsed["who"], "x\", \"all\": \"\\");
    }

    #[test]
    fn how_it_signs_in_is_no_part_of_the_evidence() {
        for auth in [
            "{ bearer = 'env:TOKEN' }",
            "{ basic = { user = 'ann', password = 'env:TOKEN' } }",
            "{ header = { name = 'x-api-key', value = 'env:TOKEN' } }",
        ] {
            let json = serde_json::to_string(&source(&format!("auth = {auth}"))).unwrap();
            assert!(!json.contains("auth"), "{json}");
            // What is stored can be read again: the value is computed from it.
            assert_eq!(serde_json::from_str::<HttpJson>(&json).unwrap(), source(""), "{auth}");
        }
    }
}
