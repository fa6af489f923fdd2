//! The average of daily closes: of each day the median of what several sources say, so that no single one decides.

use {
    super::{HttpJson, Observation, Part, SourceError, no_data, unexpected},
    crate::measure::{Scope, ValueError, template},
    earnout_sdk::text::{endpoint, names::shortened, time},
    futures_util::future::join_all,
    rust_decimal::Decimal,
    serde::{Deserialize, Serialize},
    std::{slice, time::Duration},
};

/// Seconds of a day, in UTC.
const DAY: i64 = 86_400;
/// Most days of a period: two years.
const MOST_DAYS: usize = 732;
/// Most sources.
const MOST_SOURCES: usize = 16;
/// Most bytes of all answers together: they are kept in one document.
const MOST_BYTES: usize = 24 << 20;
/// Digits behind the point of an average before it is rounded to the KPI's: more than any KPI has.
const DIGITS: u32 = 20;
/// Most letters of why a source did not answer.
const MOST_LETTERS: usize = 300;

/// What stands in the place of an answer that did not come.
const NO_ANSWER: &str = "no answer: ";

/// The average of daily closes over the days that end in the period, of each day the median of several JSON documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DailyAverage {
    /// The documents, one of each source for each day.
    pub sources: Vec<HttpJson>,
    /// How many of the sources must have a close of each day; all of them if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<usize>,
    /// Pause before the next day is asked for, for sources that do not answer fast repetitions.
    #[serde(default, with = "crate::measure::duration")]
    pub pause: Duration,
}

impl DailyAverage {
    /// Asks every source for every day. A day of which too few have a close ends it.
    pub(super) async fn fetch(&self, scope: &Scope) -> Result<Vec<Part>, SourceError> {
        let mut parts = Vec::new();
        let mut bytes = 0usize;
        for (number, day) in days(scope)?.iter().enumerate() {
            if number > 0 && !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
            let asked = self.sources.iter().map(|source| answer(source, day));
            let answered = join_all(asked)
                .await
                .into_iter()
                .collect::<Result<Vec<_>, SourceError>>()?;
            self.median(day, &answered)?;
            for part in answered {
                bytes = bytes.saturating_add(part.body.len());
                parts.push(part);
            }
            if bytes > MOST_BYTES {
                return Err(unexpected(format!(
                    "the answers until {} are longer than {} MiB together: ask the sources for less",
                    time::date(day.start),
                    MOST_BYTES >> 20
                )));
            }
        }
        Ok(parts)
    }

    /// The average of the medians. Pure: the same answers give the same value.
    pub(super) fn read(&self, scope: &Scope, parts: &[Part]) -> Result<Observation, SourceError> {
        let days = days(scope)?;
        let sources = self.sources.len();
        if sources == 0 || parts.len() != days.len().saturating_mul(sources) {
            return Err(unexpected(format!(
                "there are {} answers, {} days of {sources} sources are expected",
                parts.len(),
                days.len()
            )));
        }
        let closes = days.iter().zip(parts.chunks(sources));
        let closes = closes.map(|(day, answers)| self.median(day, answers));
        Ok(Observation {
            value: average(&closes.collect::<Result<Vec<_>, _>>()?)?,
            observed_at: None,
        })
    }

    /// The median of the closes of a day, of an even number the lower of the middle two.
    fn median(&self, day: &Scope, answers: &[Part]) -> Result<Decimal, SourceError> {
        let (mut closes, mut missing) = (Vec::new(), Vec::new());
        for (number, (source, part)) in self.sources.iter().zip(answers).enumerate() {
            let close = close(source, day, part);
            let read = close.as_ref().ok().map(ToString::to_string);
            if part.number.is_some() && part.number != read {
                return Err(unexpected(format!(
                    "the number beside the answer to {} is not the one in it",
                    part.request
                )));
            }
            match close {
                Ok(close) => closes.push(close),
                Err(error) => missing.push(format!(
                    "source {} ({}): {error}",
                    number.saturating_add(1),
                    endpoint::shown(&source.url)
                )),
            }
        }
        let minimum = self.minimum();
        if closes.len() < minimum {
            return Err(no_data(format!(
                "{}: {} of {} sources have a close, {minimum} are needed; {}",
                time::date(day.start),
                closes.len(),
                self.sources.len(),
                missing.join("; ")
            )));
        }
        closes.sort_unstable();
        let middle = closes.len().saturating_sub(1) / 2;
        closes.get(middle).copied().ok_or_else(|| no_data("there is no source"))
    }

    fn minimum(&self) -> usize {
        self.minimum.unwrap_or(self.sources.len())
    }

    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let count = self.sources.len();
        if count == 0 || count > MOST_SOURCES {
            mistakes.push(format!("`sources`: there are {count}, not 1 to {MOST_SOURCES}"));
        }
        if self.minimum == Some(0) || self.minimum() > count {
            let minimum = self.minimum();
            mistakes.push(format!("`minimum`: {minimum} is not within 1 and the {count} sources"));
        }
        for (number, source) in self.sources.iter().enumerate() {
            let name = format!("source {}", number.saturating_add(1));
            let of_source = source.mistakes().into_iter();
            mistakes.extend(of_source.map(|mistake| format!("{name}: {mistake}")));
            if source.pages.is_some() {
                mistakes.push(format!(
                    "{name}: `pages` is not for daily closes: ask for one document of each day"
                ));
            }
            if !source.templates().iter().any(|template| names_the_day(template)) {
                mistakes.push(format!(
                    "{name}: nothing in it differs from day to day: use {{date}}, or {{start}} and {{end}}"
                ));
            }
            // It would count twice.
            let mut before = self.sources.iter().take(number);
            if before.any(|other| other.url == source.url && other.body == source.body) {
                mistakes.push(format!("{name}: it is asked the same as one before it"));
            }
        }
        mistakes
    }

    pub(super) fn templates(&self) -> Vec<&str> {
        self.sources.iter().flat_map(HttpJson::templates).collect()
    }
}

/// What a source answers about a day, or in its place why it did not.
async fn answer(source: &HttpJson, day: &Scope) -> Result<Part, SourceError> {
    let part = match source.ask(day).await {
        Ok(part) => part,
        Err(error) => {
            let why = shortened(&error.to_string(), MOST_LETTERS);
            Part::new(source.request(day)?, format!("{NO_ANSWER}{why}").into_bytes())
        }
    };
    let number = close(source, day, &part).ok().map(|close| close.to_string());
    Ok(Part { number, ..part })
}

/// The close of a day that a source gave: above 0.
fn close(source: &HttpJson, day: &Scope, part: &Part) -> Result<Decimal, SourceError> {
    let request = source.request(day)?;
    if part.request != request {
        let found = &part.request;
        return Err(unexpected(format!("the answer is to {found}, not to {request}")));
    }
    let text = part.body.text()?;
    if text.starts_with(NO_ANSWER) {
        return Err(unexpected(text));
    }
    let read = source.read(day, slice::from_ref(part))?;
    if let Some(at) = read.observed_at.filter(|at| *at < day.start || *at > day.end) {
        return Err(unexpected(format!(
            "its time is {}, which is of another day",
            time::text(at)
        )));
    }
    match read.value > Decimal::ZERO {
        true => Ok(read.value),
        false => Err(unexpected(format!("the close is {}, not above 0", read.value))),
    }
}

/// The days in UTC that end within the period, each as what is measured: its close is known when it ends, and each
/// close is of one period.
fn days(scope: &Scope) -> Result<Vec<Scope>, SourceError> {
    let mut days = Vec::new();
    // The first midnight after the beginning ends the first day.
    let first = scope.start.div_euclid(DAY).saturating_add(1);
    let last = scope.end.div_euclid(DAY);
    for day in first..=last {
        if days.len() == MOST_DAYS {
            return Err(unexpected(format!("the period has more than {MOST_DAYS} days")));
        }
        let end = day.saturating_mul(DAY);
        days.push(Scope {
            start: end.saturating_sub(DAY),
            end,
            ..scope.clone()
        });
    }
    match days.is_empty() {
        true => Err(no_data("no day ends within the period")),
        false => Ok(days),
    }
}

/// The average with [`DIGITS`] digits and, if there is more behind them, one digit more: then every rounding to fewer
/// digits is that of the exact average.
fn average(closes: &[Decimal]) -> Result<Decimal, SourceError> {
    let exact = || {
        let scale = closes.iter().map(Decimal::scale).max()?.max(DIGITS);
        let mut sum = 0i128;
        for close in closes {
            let power = 10i128.checked_pow(scale.checked_sub(close.scale())?)?;
            sum = sum.checked_add(close.mantissa().checked_mul(power)?)?;
        }
        let days = i128::try_from(closes.len()).ok()?;
        let divisor = days.checked_mul(10i128.checked_pow(scale.checked_sub(DIGITS)?)?)?;
        let (whole, rest) = (sum.checked_div(divisor)?, sum.checked_rem(divisor)?);
        let number = whole.checked_mul(10)?.checked_add(i128::from(rest != 0))?;
        Decimal::try_from_i128_with_scale(number, DIGITS.checked_add(1)?).ok()
    };
    let largest = closes.iter().max().copied().unwrap_or_default();
    Ok(exact().ok_or(ValueError::OutOfRange(largest))?.normalize())
}

fn names_the_day(template: &str) -> bool {
    let of_day = |name: &String| {
        let point = name.split_once('_').map_or(name.as_str(), |(point, _)| point);
        ["date", "day", "start", "end", "last"].contains(&point)
    };
    template::names(template).iter().any(of_day)
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{Earlier, Rounding, sources::Body, value},
        proptest::prelude::*,
    };

    /// The first four days of April 2027.
    fn scope() -> Scope {
        Scope {
            period: 0,
            start: 1_806_537_600,
            end: 1_806_537_600 + 4 * DAY,
            earlier: Earlier::default(),
            grant: None,
        }
    }

    fn source(minimum: usize) -> DailyAverage {
        let of = |host: &str| format!("{{ url = 'https://{host}.test/{{date}}', path = '$.close' }}");
        let sources = ["a", "b", "c"].map(of).join(", ");
        toml::from_str(&format!("minimum = {minimum}\nsources = [{sources}]")).unwrap()
    }

    /// The answers of three sources on four days; what is empty did not come.
    fn answers(source: &DailyAverage, closes: [[&str; 3]; 4]) -> Vec<Part> {
        let days = days(&scope()).unwrap();
        let mut parts = Vec::new();
        for (day, closes) in days.iter().zip(closes) {
            for (source, close) in source.sources.iter().zip(closes) {
                let text = match close {
                    "" => format!("{NO_ANSWER}timed out"),
                    close => format!("{{\"close\": {close}}}"),
                };
                parts.push(Part::new(source.request(day).unwrap(), text.into_bytes()));
            }
        }
        parts
    }

    fn read(minimum: usize, closes: [[&str; 3]; 4]) -> Result<String, String> {
        let source = source(minimum);
        let observed = source.read(&scope(), &answers(&source, closes));
        observed
            .map(|observed| observed.value.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_median_of_each_day_is_averaged() {
        let closes = [
            ["1", "2", "3"],
            ["3.5", "9999999", "0.0001"],
            ["4", "4", "4"],
            ["2.5", "2.6", "2.4"],
        ];
        assert_eq!(read(3, closes).unwrap(), "3", "(2 + 3.5 + 4 + 2.5) / 4");
        let lower = [["1", "2", ""], ["1", "", "2"], ["", "1", "2"], ["1", "1", "1"]];
        assert_eq!(read(2, lower).unwrap(), "1", "of two the lower");
    }

    #[test]
    fn a_day_without_enough_closes_names_itself_and_the_sources() {
        let closes = [["1", "2", "3"], ["1", "", "null"], ["1", "1", "1"], ["1", "1", "1"]];
        let error = read(2, closes).unwrap_err();
        for part in [
            "2027-04-02: 1 of 3 sources have a close, 2 are needed",
            "source 2 (https://b.test",
            "timed out",
            "source 3 (https://c.test",
            "null",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert_eq!(read(1, closes).unwrap(), "1.25", "(2 + 1 + 1 + 1) / 4");
    }

    #[test]
    fn what_is_no_close_is_missing() {
        let fine = ["1", "1", "1"];
        for hostile in [
            "0",
            "-1",
            "\"1\"",
            "true",
            "[1]",
            "{}",
            "null",
            "1e400",
            "123456789012345678901234567890123",
        ] {
            let error = read(3, [fine, [hostile, "1", "1"], fine, fine]).unwrap_err();
            assert!(
                error.contains("2027-04-02: 2 of 3") && error.contains("source 1"),
                "{hostile}: {error}"
            );
        }
        let huge = "79228162514264337593543950335";
        let error = read(3, [[huge; 3]; 4]).unwrap_err();
        assert!(error.contains("out of the range"), "{error}");
    }

    #[test]
    fn answers_belong_to_their_day_and_source() {
        let source = source(3);
        let good = answers(&source, [["1", "2", "3"]; 4]);
        assert!(source.read(&scope(), &good).is_ok());
        let error = |parts: Vec<Part>| source.read(&scope(), &parts).unwrap_err().to_string();
        assert!(error(good[1..].to_vec()).contains("there are 11 answers"));
        let mut swapped = good.clone();
        swapped.swap(0, 3);
        assert!(error(swapped).contains("the answer is to GET https://a.test/2027-04-02"));
        let mut told = good.clone();
        told[4].number = Some("2".to_owned());
        assert!(source.read(&scope(), &told).is_ok());
        told[4].number = Some("5".to_owned());
        assert!(error(told).contains("is not the one in it"));
        let mut bytes = good;
        bytes[0].body = Body::new(vec![0xff]);
        assert!(error(bytes).contains("UTF-8"));
    }

    #[test]
    fn a_close_of_another_day_is_none() {
        let text = "sources = [{ url = 'https://a.test/{date}', path = '$.close', time_path = '$.at' }]";
        let source: DailyAverage = toml::from_str(text).unwrap();
        let source = &source.sources[0];
        let day = days(&scope()).unwrap().remove(0);
        let at = |at: i64| {
            let text = format!("{{\"close\": 1, \"at\": {at}}}");
            close(
                source,
                &day,
                &Part::new(source.request(&day).unwrap(), text.into_bytes()),
            )
        };
        assert!(at(day.start).is_ok() && at(day.end).is_ok());
        assert!(at(day.end + 1).unwrap_err().to_string().contains("another day"));
        assert!(at(day.start - 1).is_err());
    }

    #[test]
    fn each_day_is_of_one_period() {
        let dates = |start: i64, end: i64| {
            let scope = Scope { start, end, ..scope() };
            days(&scope).map(|days| days.iter().map(|day| time::date(day.start)).collect::<Vec<_>>())
        };
        let start = scope().start;
        assert_eq!(dates(start, start + 2 * DAY).unwrap(), ["2027-04-01", "2027-04-02"]);
        // From noon to noon: the day in which the first period ends is the second one's.
        let noon = start + DAY / 2;
        assert_eq!(dates(noon, noon + 2 * DAY).unwrap(), ["2027-04-01", "2027-04-02"]);
        assert_eq!(dates(noon + 2 * DAY, noon + 3 * DAY).unwrap(), ["2027-04-03"]);
        assert!(
            dates(start, start + DAY - 1)
                .unwrap_err()
                .to_string()
                .contains("no day ends")
        );
        assert!(dates(0, 800 * DAY).unwrap_err().to_string().contains("more than 732"));
        assert!(dates(i64::MIN, i64::MAX).is_err());
        assert!(dates(i64::MAX - 1, i64::MAX).is_err());
    }

    #[test]
    fn mistakes_are_found_without_asking() {
        let mistakes = |text: &str| toml::from_str::<DailyAverage>(text).unwrap().mistakes().join("\n");
        let one = "{ url = 'https://a.test/{date}', path = '$.close' }";
        assert_eq!(mistakes(&format!("sources = [{one}]")), "");
        assert!(mistakes("sources = []").contains("there are 0"));
        assert!(mistakes(&format!("sources = [{one}, {one}]")).contains("source 2: it is asked the same"));
        assert!(mistakes(&format!("minimum = 2\nsources = [{one}]")).contains("`minimum`: 2"));
        assert!(mistakes(&format!("minimum = 0\nsources = [{one}]")).contains("`minimum`: 0"));
        let constant = mistakes("sources = [{ url = 'https://a.test/', path = 'close' }]");
        assert!(
            constant.contains("from day to day") && constant.contains("not a JSONPath"),
            "{constant}"
        );
    }

    /// A server that answers every request by its path, and then closes the connection.
    async fn server(answer: impl Fn(&str) -> String + Send + 'static) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut asked = [0; 4096];
                let length = stream.read(&mut asked).await.unwrap();
                let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
                let path = asked.split(' ').nth(1).unwrap_or_default();
                let _ = stream.write_all(answer(path).as_bytes()).await;
            }
        });
        url
    }

    fn with_length(status: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
    }

    #[tokio::test]
    async fn every_source_is_asked_for_every_day_and_what_it_says_is_kept() {
        // The day of the month is the close.
        let honest = |path: &str| with_length("200 OK", &format!("{{\"close\": {}}}", path.trim_start_matches("/0")));
        let hostile = |path: &str| match path {
            "/01" => with_length("302 Found\r\nlocation: /02", "{\"close\": 9}"),
            "/02" => with_length("200 OK", "{\"close\": \"9\"}"),
            "/03" => with_length("200 OK", "{\"close\": 9"),
            _ => with_length(
                "200 OK",
                &format!("{{\"close\": 9, \"more\": \"{}\"}}", "x".repeat(9 << 20)),
            ),
        };
        let urls = [server(honest).await, server(honest).await, server(hostile).await];
        let sources = urls
            .each_ref()
            .map(|url| format!("{{ url = '{url}/{{day}}', path = '$.close' }}"));
        let text = format!("minimum = 2\nsources = [{}]", sources.join(", "));
        let source: DailyAverage = toml::from_str(&text).unwrap();
        let parts = source.fetch(&scope()).await.unwrap();
        assert_eq!(parts.len(), 12);
        assert_eq!(source.read(&scope(), &parts).unwrap().value.to_string(), "2.5");
        let numbers: Vec<_> = parts.iter().map(|part| part.number.as_deref()).collect();
        assert_eq!(numbers[..6], [Some("1"), Some("1"), None, Some("2"), Some("2"), None]);
        assert!(
            parts[2].body.text().unwrap().starts_with("no answer: "),
            "redirections are not followed"
        );
        assert!(parts[11].body.text().unwrap().contains("longer than 8 MiB"));
        // Whoever has the document computes the same.
        let document = serde_json::to_string(&(&source, &parts)).unwrap();
        let (source, parts): (DailyAverage, Vec<Part>) = serde_json::from_str(&document).unwrap();
        assert_eq!(source.read(&scope(), &parts).unwrap().value.to_string(), "2.5");

        let all: DailyAverage = toml::from_str(&text.replace("minimum = 2", "")).unwrap();
        let error = all.fetch(&scope()).await.unwrap_err().to_string();
        let third = &urls[2];
        for part in ["2027-04-01: 2 of 3", &format!("source 3 ({third})"), "answered 302"] {
            assert!(error.contains(part), "{error}");
        }
    }

    proptest! {
        #[test]
        fn rounding_the_average_is_rounding_the_exact_one(
            closes in prop::collection::vec((1u64..1_000_000_000_000, 0u32..9), 1..100),
            decimals in 0u8..=9,
        ) {
            let number = |(number, scale): &(u64, u32)| Decimal::new(i64::try_from(*number).unwrap(), *scale);
            let numbers: Vec<_> = closes.iter().map(number).collect();
            // A sum that leaves no room for the digits is refused.
            let Ok(average) = average(&numbers) else {
                return Ok(());
            };
            // Everything in units of 10^-9.
            let sum: i128 = closes.iter().map(|(number, scale)| i128::from(*number) * 10i128.pow(9 - scale)).sum();
            let divisor = i128::try_from(closes.len()).unwrap() * 10i128.pow(9 - u32::from(decimals));
            let rounded = |rounding| value::to_fixed(average, decimals, rounding).map(i128::from);
            prop_assert_eq!(rounded(Rounding::Floor), Ok(sum / divisor));
            prop_assert_eq!(rounded(Rounding::Ceil), Ok((sum + divisor - 1) / divisor));
            prop_assert_eq!(rounded(Rounding::Nearest), Ok((2 * sum + divisor) / (2 * divisor)));
            prop_assert_eq!(rounded(Rounding::Exact).is_ok(), sum % divisor == 0);
        }
    }
}
