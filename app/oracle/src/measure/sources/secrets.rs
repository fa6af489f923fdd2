//! The secrets that a question is asked with. Who answers may repeat them; nothing that is kept or shown does.

use {
    super::{SourceError, escaped, unexpected},
    base64::{Engine, prelude::BASE64_STANDARD},
    reqwest::Request,
};

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// Least bytes of a secret that holds an answer which has it. Shorter ones are found by chance.
const LEAST: usize = 8;

/// The secrets of one question, with the place of each: the name of a header or of a variable.
#[derive(Default)]
pub struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Notes a secret and what it is written as in JSON and URLs; of several lines also each line.
    pub fn add(&mut self, place: &str, secret: &str) {
        let mut forms = vec![secret.to_owned()];
        // A line of a key is enough to be worth hiding, its last one may be short.
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= LEAST);
        forms.extend(lines.map(str::to_owned));
        for plain in forms.clone() {
            let json = serde_json::Value::from(plain.as_str()).to_string();
            let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default();
            forms.extend([json.to_owned(), json.replace('/', "\\/"), escaped(&plain)]);
        }
        for form in forms {
            let known = self.0.iter().any(|(_, other)| *other == form);
            if !form.is_empty() && !known {
                self.0.push((place.to_owned(), form));
            }
        }
        // A secret within a longer one is replaced after it.
        self.0.sort_by_key(|(_, form)| std::cmp::Reverse(form.len()));
    }

    /// Notes what is marked as secret in the headers of `request`.
    pub fn add_request(&mut self, request: &Request) {
        for (name, value) in request.headers().iter().filter(|(_, value)| value.is_sensitive()) {
            let text = String::from_utf8_lossy(value.as_bytes());
            self.add(name.as_str(), &text);
            // `Bearer …` and the like are repeated without their first word too.
            let Some((kind, rest)) = text.split_once(' ') else {
                continue;
            };
            self.add(name.as_str(), rest);
            let decoded = BASE64_STANDARD.decode(rest).ok();
            let both = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            let password = both.as_deref().and_then(|both| both.split_once(':'));
            if let Some((_, password)) = password.filter(|_| kind == "Basic") {
                self.add(name.as_str(), password);
            }
        }
    }

    /// `text` without the secrets.
    pub fn hide(&self, text: &str) -> String {
        let hide = |text: String, (_, form): &(String, String)| text.replace(form, HIDDEN);
        self.0.iter().fold(text.to_owned(), hide)
    }

    /// Refuses an answer that repeats a secret: answers are evidence, which others read.
    ///
    /// # Errors
    /// If a secret of at least 8 bytes is in `answer`.
    pub fn require_none_in(&self, answer: &[u8]) -> Result<(), SourceError> {
        let text = String::from_utf8_lossy(answer);
        let found = self
            .0
            .iter()
            .find(|(_, form)| form.len() >= LEAST && text.contains(form));
        match found {
            None => Ok(()),
            Some((place, _)) => Err(unexpected(format!(
                "the answer repeats the secret of {place}, with which it was asked for. Answers are evidence that others \
                 read, so it is not kept: ask for something that leaves the secret out"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        let mut secrets = Secrets::default();
        secrets.add("TOKEN", "hunter/2 \"x");
        secrets.add("PIN", "12");
        secrets.add("KEY", "-----BEGIN-----\nabcdefghij\n--");
        for text in [
            "hunter/2 \"x",
            r#"hunter/2 \"x"#,
            r#"hunter\/2 \"x"#,
            "hunter%2F2%20%22x",
            "abcdefghij",
        ] {
            assert_eq!(secrets.hide(&format!("<{text}>")), "<***>");
            let error = secrets.require_none_in(format!("<{text}>").as_bytes()).unwrap_err();
            assert!(!error.to_string().contains(text), "{error}");
            let bytes = [b"\xff", text.as_bytes(), b"\xff"].concat();
            assert!(secrets.require_none_in(&bytes).is_err(), "{text}");
        }
        assert_eq!(secrets.hide("pin 12"), "pin ***");
        assert!(
            secrets.require_none_in(b"{\"v\": 12}").is_ok(),
            "too short to hold a value"
        );
    }
}
