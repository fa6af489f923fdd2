//! Prometheus' query API: <https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries>, or
//! `#range-queries` where several times are sampled.

use {
    super::{
        Auth, Observation, Part, SourceError, ambiguous, http_client, json, no_data, only,
        request::{send, url_mistakes},
        unexpected,
    },
    crate::measure::{Scope, duration, fill, value},
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    serde_json::Value,
    std::{collections::BTreeMap, time::Duration},
};

/// A query, evaluated at the end of the period, or at fixed times before it.
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
    /// Evaluated at these times, of which the median counts; at the last second of the period alone if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples_at: Option<SamplesAt>,
    /// Who asks. Left out of the evidence.
    #[serde(default, skip_serializing)]
    pub auth: Option<Auth>,
    /// How long the answer may take.
    #[serde(default = "super::default_timeout", with = "crate::measure::duration")]
    pub timeout: Duration,
}

/// Times that are the same for everybody, whenever their server looks at what it measures: the multiples of `every`, as
/// Unix time counts, in the last part of the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplesAt {
    /// How long before the end of the period they begin.
    #[serde(with = "duration")]
    pub last: Duration,
    /// Time from one to the next, whole seconds.
    #[serde(with = "duration")]
    pub every: Duration,
    /// How many of them have to have a sample; all if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u32>,
}

/// Most times that are sampled.
const MOST_SAMPLES: i64 = 1_000;

impl SamplesAt {
    /// The first and the last time, Unix seconds, and the seconds from one to the next.
    ///
    /// # Errors
    /// If the period is too short for them.
    fn times(&self, scope: &Scope) -> Result<(i64, i64, i64), SourceError> {
        let (last, every) = (duration::seconds(self.last), duration::seconds(self.every));
        let aligned = |time: i64| {
            time.checked_div_euclid(every)
                .and_then(|count| count.checked_mul(every))
        };
        let begin = scope.end.saturating_sub(last);
        // The first multiple from the beginning on, and the last one before the end.
        let first = aligned(begin.saturating_add(every).saturating_sub(1));
        let newest = aligned(asked_at(scope));
        match (first, newest) {
            (Some(first), Some(newest)) if begin >= scope.start && first <= newest => Ok((first, newest, every)),
            _ => Err(unexpected("the period is too short for `samples_at`")),
        }
    }

    fn mistakes(&self) -> Option<&'static str> {
        let (last, every) = (duration::seconds(self.last), duration::seconds(self.every));
        let count = last.checked_div(every).unwrap_or_default();
        if self.every.subsec_nanos() != 0 || self.last.subsec_nanos() != 0 || every == 0 {
            return Some("`samples_at`: `last` and `every` are whole seconds");
        }
        if !(2..=MOST_SAMPLES).contains(&count) {
            return Some("`samples_at`: `last` has room for 2 to 1,000 times `every`");
        }
        let most = self.at_least.map_or(1, i64::from);
        (!(1..=count).contains(&most)).then_some("`samples_at`: `at_least` is more than there are, or 0")
    }
}

impl Prometheus {
    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = url_mistakes(&self.url);
        let of_samples = self.samples_at.as_ref().and_then(SamplesAt::mistakes);
        mistakes.extend(of_samples.map(str::to_owned));
        if names_no_value(&self.query) {
            mistakes.push(
                "`query`: {identity} is the whole or a part of what a label is equal to, in double or single quotes, as in \
                 logins{{user=\"{identity}\"}}: it is free text, and of =~ and !~ `.*` is everybody"
                    .to_owned(),
            );
        }
        mistakes
    }

    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let query = super::filled(&self.query, scope, quoted)?;
        let url = format!("{}/api/v1/query", self.url.trim_end_matches('/'));
        let (url, times) = match &self.samples_at {
            None => (url, vec![("time", asked_at(scope).to_string())]),
            Some(samples) => {
                let (first, last, every) = samples.times(scope)?;
                let times = [("start", first), ("end", last), ("step", every)];
                (
                    format!("{url}_range"),
                    times.map(|(name, time)| (name, time.to_string())).to_vec(),
                )
            }
        };
        let shown: Vec<String> = times.iter().map(|(name, time)| format!("{name}={time}")).collect();
        let request = format!("GET {url} query={query} {}", shown.join(" "));
        let builder = http_client()?
            .get(&url)
            .query(&[("query", query.as_str())])
            .query(&times);
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
        let value = match &self.samples_at {
            None => self.at_the_end(scope, &document["data"])?,
            Some(samples) => self.sampled(scope, samples, &document["data"])?,
        };
        Ok(Observation {
            value,
            observed_at: None,
        })
    }

    /// The one sample of an instant query.
    fn at_the_end(&self, scope: &Scope, data: &Value) -> Result<Decimal, SourceError> {
        let sample = match data["resultType"].as_str() {
            Some("scalar") => {
                self.require_labels(scope, &Value::Null)?;
                &data["result"]
            }
            Some("vector") => {
                let series = self
                    .series(scope, data)?
                    .ok_or_else(|| no_data("no series has a sample at the end of the period"))?;
                &series["value"]
            }
            other => return Err(not_one_value(other)),
        };
        let (time, value) = read_sample(sample)?;
        match time == Decimal::from(asked_at(scope)) {
            true => Ok(value),
            false => Err(unexpected(format!(
                "the answer does not fit the question: the sample is of {time}, asked was {}",
                asked_at(scope)
            ))),
        }
    }

    /// The median of the samples of a range query, of an even number the lower of the middle two.
    fn sampled(&self, scope: &Scope, samples: &SamplesAt, data: &Value) -> Result<Decimal, SourceError> {
        let (first, last, every) = samples.times(scope)?;
        if data["resultType"] != "matrix" {
            return Err(not_one_value(data["resultType"].as_str()));
        }
        let found = match self.series(scope, data)? {
            Some(series) => series["values"].as_array().map(Vec::as_slice).unwrap_or_default(),
            None => &[],
        };
        let mut values = BTreeMap::new();
        for sample in found {
            let (time, value) = read_sample(sample)?;
            let whole = i64::try_from(time).ok().filter(|whole| Decimal::from(*whole) == time);
            let asked = whole.filter(|time| {
                let from_first = time.checked_sub(first).and_then(|seconds| seconds.checked_rem(every));
                (first..=last).contains(time) && from_first == Some(0)
            });
            let asked = asked.filter(|time| values.insert(*time, value).is_none());
            if asked.is_none() {
                return Err(unexpected(format!(
                    "the answer does not fit the question: there is a sample of {time}, asked was for one each {every} s from \
                     {first} to {last}"
                )));
            }
        }
        let wanted = last
            .saturating_sub(first)
            .checked_div(every)
            .unwrap_or_default()
            .saturating_add(1);
        let needed = samples.at_least.map_or(wanted, i64::from);
        let count = values.len();
        if i64::try_from(count).unwrap_or(i64::MAX) < needed {
            return Err(no_data(format!(
                "{count} of the {wanted} times from {first} to {last} have a sample, and {needed} are needed"
            )));
        }
        let mut values: Vec<Decimal> = values.into_values().collect();
        values.sort_unstable();
        let middle = count.saturating_sub(1) / 2;
        values
            .get(middle)
            .copied()
            .ok_or_else(|| no_data("no series has a sample"))
    }

    /// The only series of an answer; none if there is none.
    fn series<'a>(&self, scope: &Scope, data: &'a Value) -> Result<Option<&'a Value>, SourceError> {
        match data["result"].as_array().map(Vec::as_slice) {
            Some([one]) => {
                self.require_labels(scope, &one["metric"])?;
                Ok(Some(one))
            }
            None | Some([]) => Ok(None),
            Some(several) => Err(ambiguous(format!(
                "the query gives {} series, not one: aggregate them",
                several.len()
            ))),
        }
    }

    fn require_labels(&self, scope: &Scope, labels: &Value) -> Result<(), SourceError> {
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
        Ok(())
    }
}

fn not_one_value(kind: Option<&str>) -> SourceError {
    unexpected(format!(
        "the query gives {}, not one value",
        kind.unwrap_or("nothing known")
    ))
}

/// `[time, "value"]`: the time is one that was asked for, not that of the data.
fn read_sample(sample: &Value) -> Result<(Decimal, Decimal), SourceError> {
    let (Some(time), Some(text)) = (sample[0].as_number(), sample[1].as_str()) else {
        return Err(unexpected("the sample is no [time, value]"));
    };
    Ok((value::parse(&time.to_string())?, value::parse(text)?))
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

/// Whether an identity stands anywhere in PromQL but in a quoted text behind `=` or `!=`.
fn names_no_value(query: &str) -> bool {
    let mut rest = query;
    // The last letter outside of texts and comments, and the quote of the text that is open.
    let (mut before, mut quote) = (' ', None);
    while let Some(letter) = rest.chars().next() {
        let is_value = before == '=' && matches!(quote, Some('"' | '\''));
        if rest.starts_with("{identity}") && !is_value {
            return true;
        }
        let mut step = letter.len_utf8();
        match quote {
            Some(end) if letter == end => (before, quote) = (letter, None),
            Some('"' | '\'') if letter == '\\' => {
                step = step.saturating_add(rest.chars().nth(1).map_or(0, char::len_utf8));
            }
            Some(_) => (),
            None if matches!(letter, '"' | '\'' | '`') => quote = Some(letter),
            None if letter == '#' => step = rest.find('\n').unwrap_or(rest.len()),
            None if letter.is_whitespace() => (),
            None => before = letter,
        }
        rest = rest.get(step..).unwrap_or_default();
    }
    false
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
    fn an_identity_is_what_a_label_is_equal_to_and_nothing_else() {
        let is_refused = |query: &str| {
            let text = format!("url = 'http://p.test'\nquery = '''{query}'''");
            let source: Prometheus = toml::from_str(&text).unwrap();
            !source.mistakes().is_empty()
        };
        for query in [
            r#"up{{user=~"{identity}"}}"#,
            r#"up{{user !~ '{identity}'}}"#,
            r#"up{{a="b",user=~"x|{identity}"}}"#,
            "up{{user=`{identity}`}}",
            "up_{identity}",
            r#"up{{"{identity}"="x"}}"#,
            r#"label_replace(up, "a", "$1", "user", "{identity}")"#,
            r#"up{{a="\\",user=~"{identity}"}}"#,
        ] {
            assert!(is_refused(query), "{query}");
        }
        for query in [
            r#"up{{user="{identity}"}}"#,
            r#"up{{user != '{identity}@a.test'}}"#,
            r#"up{{job=~"a.*", a="=~\"", user="{identity}"}}"#,
            "# of =~ \"\nup{{user=\"{identity}\"}}",
        ] {
            assert!(!is_refused(query), "{query}");
        }
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

    /// The times from 1814399820 to 1814399940: the period ends at a full minute.
    const SAMPLED: &str = "samples_at = { last = '3m', every = '1m' }";

    fn matrix(values: &str) -> String {
        format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{values}]}}]}}}}"#
        )
    }

    #[test]
    fn of_samples_at_fixed_times_the_median_counts() {
        let three = r#"[1814399820,"9"],[1814399880,"1"],[1814399940.000,"4"]"#;
        assert_eq!(read_as(SAMPLED, &matrix(three)).unwrap().value.to_string(), "4");
        let two = r#"[1814399820,"9"],[1814399940,"4"]"#;
        let few = read_as(SAMPLED, &matrix(two)).unwrap_err();
        assert!(
            few.contains("2 of the 3 times") && few.contains("3 are needed"),
            "{few}"
        );
        let some = "samples_at = { last = '3m', every = '1m', at_least = 2 }";
        assert_eq!(
            read_as(some, &matrix(two)).unwrap().value.to_string(),
            "4",
            "the lower of the two"
        );
        for (values, part) in [
            (
                r#"[1814399820,"9"],[1814399820,"9"],[1814399940,"4"]"#,
                "a sample of 1814399820",
            ),
            (r#"[1814399999,"9"]"#, "a sample of 1814399999"),
            (r#"[1814400000,"9"]"#, "a sample of 1814400000"),
            (r#"[1814399820.5,"9"]"#, "a sample of 1814399820.5"),
            (r#"[1814399760,"9"]"#, "a sample of 1814399760"),
            (r#"[1814399820,"NaN"]"#, "not a number"),
            ("", "0 of the 3"),
        ] {
            let error = read_as(some, &matrix(values)).unwrap_err();
            assert!(error.contains(part), "{values}: {error}");
        }
        let none = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
        assert!(read_as(some, none).unwrap_err().contains("0 of the 3"));
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
        assert!(read_as(some, vector).unwrap_err().contains("vector, not one value"));
    }

    #[test]
    fn times_are_the_same_whenever_who_asks_begins() {
        let at = |start, end| {
            let samples: SamplesAt = toml::from_str("last = '5m'\nevery = '1m'").unwrap();
            samples
                .times(&Scope { start, end, ..scope() })
                .map_err(|error| error.to_string())
        };
        assert_eq!(at(0, 600), Ok((300, 540, 60)));
        // An end between two minutes.
        assert_eq!(at(0, 630), Ok((360, 600, 60)));
        assert_eq!(at(0, 601), Ok((360, 600, 60)));
        assert_eq!(at(300, 600), Ok((300, 540, 60)));
        assert!(at(301, 600).unwrap_err().contains("too short"));
        assert_eq!(at(-900, -30), Ok((-300, -60, 60)));
    }

    #[test]
    fn samples_that_cannot_be_are_mistakes() {
        for (text, part) in [
            ("last = '30m'\nevery = '0s'", "whole seconds"),
            ("last = '30m'\nevery = '500ms'", "whole seconds"),
            ("last = '1m'\nevery = '1m'", "room for 2"),
            ("last = '30d'\nevery = '1s'", "room for 2"),
            ("last = '30m'\nevery = '1m'\nat_least = 31", "at_least"),
            ("last = '30m'\nevery = '1m'\nat_least = 0", "at_least"),
        ] {
            let samples: SamplesAt = toml::from_str(text).unwrap();
            assert!(
                samples.mistakes().is_some_and(|mistake| mistake.contains(part)),
                "{text}"
            );
        }
        let samples: SamplesAt = toml::from_str("last = '30m'\nevery = '1m'\nat_least = 30").unwrap();
        assert_eq!(samples.mistakes(), None);
    }

    #[test]
    fn an_identity_cannot_change_the_query() {
        let mut scope = crate::measure::sources::testing::scope();
        scope.grant.as_mut().unwrap().identity = Some(r#"x"} or vector(9) or up{a="'`\"#.to_owned());
        let query = super::super::filled(r#"logins{{who="{identity}"}}"#, &scope, quoted).unwrap();
        assert_eq!(query, r#"logins{who="x\x22} or vector(9) or up{a=\x22\x27\x60\x5c"}"#);
    }
}
