//! How often a source that does not answer is asked: less and less, so that its silence costs nobody else the time.

use {
    crate::measure::{Source, SourceError},
    earnout_sdk::text::{endpoint, time},
    std::{
        collections::HashMap,
        sync::{Mutex, MutexGuard, PoisonError},
        time::{Duration, Instant},
    },
};

/// After so many requests without an answer a place is left alone for a while.
const FAILURES: u32 = 3;

/// The first pause; each one is twice the one before it.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// The longest pause that the daemon makes by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The longest pause that a server may ask for.
const LONGEST_WISH: Duration = Duration::from_secs(3_600);

/// What part of the time that is left to vote a pause may take.
const PART: u32 = 4;

/// What is known of the places that are asked.
#[derive(Debug, Default)]
pub struct Patience(Mutex<HashMap<String, Trouble>>);

/// Of a place that did not answer.
#[derive(Debug, Default)]
struct Trouble {
    /// Requests without an answer, since the last one with one and the last pause.
    failures: u32,
    /// Pauses since the last answer.
    pauses: u32,
    pause: Option<Pause>,
    /// Whether somebody finds out just now whether it answers again.
    is_tried: bool,
    /// What it last did.
    last: String,
}

#[derive(Clone, Copy, Debug)]
struct Pause {
    begun: Instant,
    length: Duration,
    /// Whether the server asked for it.
    is_wish: bool,
}

impl Pause {
    /// How much of it is left at `now`, for somebody who has `left` to vote.
    fn rest(&self, now: Instant, left: Duration) -> Duration {
        let length = match self.is_wish {
            true => self.length,
            false => self.length.min(left.checked_div(PART).unwrap_or_default()),
        };
        length.saturating_sub(now.saturating_duration_since(self.begun))
    }
}

/// The leave to ask a place once.
#[derive(Debug)]
pub struct Turn<'a> {
    patience: &'a Patience,
    place: String,
    ended: bool,
}

impl Patience {
    /// The leave to ask `place` at `now`, for a vote for which `left` is left.
    ///
    /// # Errors
    /// If it is left alone for now: in words, with what it last did.
    pub fn turn(&self, place: &str, left: Duration, now: Instant) -> Result<Turn<'_>, SourceError> {
        let mut known = self.known();
        if let Some(trouble) = known.get_mut(place) {
            let rest = trouble.pause.map(|pause| pause.rest(now, left)).unwrap_or_default();
            if !rest.is_zero() || trouble.is_tried {
                let at = time::now().saturating_add(super::duration::seconds(rest));
                let when = match rest.is_zero() {
                    true => "one request finds out whether it answers again".to_owned(),
                    false => format!("it is asked again at {}", time::text(at)),
                };
                return Err(SourceError::Unreachable(format!("not asked, {when}: {}", trouble.last)));
            }
            trouble.is_tried = trouble.pause.is_some();
        }
        Ok(Turn {
            patience: self,
            place: place.to_owned(),
            ended: false,
        })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Trouble>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Notes what came of asking.
    pub fn end(mut self, error: Option<&SourceError>, now: Instant) {
        self.ended = true;
        let mut known = self.patience.known();
        let Some(error) = error.filter(|error| is_the_servers(error)) else {
            known.remove(&self.place);
            return;
        };
        let trouble = known.entry(self.place.clone()).or_default();
        trouble.is_tried = false;
        trouble.last = error.to_string();
        let wish = wish(error).map(|wish| wish.min(LONGEST_WISH));
        let lasts = |pause: Pause| now.saturating_duration_since(pause.begun) < pause.length;
        // Others that were on their way when it began.
        if wish.is_none() && trouble.pause.is_some_and(lasts) {
            return;
        }
        trouble.failures = trouble.failures.saturating_add(1);
        if wish.is_none() && trouble.pauses == 0 && trouble.failures < FAILURES {
            return;
        }
        let own = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(trouble.pauses.min(8)));
        trouble.pauses = trouble.pauses.saturating_add(1);
        trouble.failures = 0;
        trouble.pause = Some(Pause {
            begun: now,
            length: wish.unwrap_or(own.min(LONGEST_PAUSE)),
            is_wish: wish.is_some(),
        });
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.ended
            && let Some(trouble) = self.patience.known().get_mut(&self.place)
        {
            trouble.is_tried = false;
        }
    }
}

/// Whether an error says that who was asked cannot answer anybody for now.
fn is_the_servers(error: &SourceError) -> bool {
    match error {
        SourceError::Unreachable(_) | SourceError::TimedOut(..) => true,
        SourceError::Status { status, .. } => matches!(status, 408 | 429 | 500..),
        _ => false,
    }
}

/// How long the server wants to be left alone, if it says so.
fn wish(error: &SourceError) -> Option<Duration> {
    match error {
        SourceError::Status { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// What `Retry-After` says, in either form: seconds, or a date. None if it is neither.
pub fn retry_after(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second();
    u64::try_from(at.saturating_sub(time::now()))
        .ok()
        .map(Duration::from_secs)
}

/// Who is asked for a value of `source`: the server, or where there is none the source itself. None for a person.
pub fn place(source: &Source) -> Option<String> {
    if source.is_manual() {
        return None;
    }
    if let Source::Postgres(source) = source {
        return source
            .connection
            .as_ref()
            .map(|connection| format!("postgres {connection}"));
    }
    let text = serde_json::to_value(source).ok()?;
    Some(match text["url"].as_str() {
        Some(url) => endpoint::shown(url),
        None => text.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn silent() -> SourceError {
        SourceError::TimedOut("http://a.test".to_owned(), Duration::from_secs(30))
    }

    fn status(status: u16, retry_after: Option<u64>) -> SourceError {
        SourceError::Status {
            server: "http://a.test".to_owned(),
            status,
            body: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    fn ask(patience: &Patience, now: Instant, error: Option<SourceError>) -> bool {
        match patience.turn("a", DAY, now) {
            Ok(turn) => {
                turn.end(error.as_ref(), now);
                true
            }
            Err(_) => false,
        }
    }

    #[test]
    fn a_place_that_does_not_answer_is_asked_less_and_less() {
        let patience = Patience::default();
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        // Eight at a time: the pause counts once.
        let turns: Vec<_> = (0..8).map(|_| patience.turn("a", DAY, begun).unwrap()).collect();
        for turn in turns {
            turn.end(Some(&silent()), at(30));
        }
        let refused = patience.turn("a", DAY, at(31)).unwrap_err().to_string();
        assert!(
            refused.contains("not asked") && refused.contains("no complete answer"),
            "{refused}"
        );
        assert!(patience.turn("b", DAY, at(31)).is_ok(), "others go on");
        assert!(!ask(&patience, at(59), None));
        // One finds out; the others wait for what it says.
        let probe = patience.turn("a", DAY, at(60)).unwrap();
        assert!(patience.turn("a", DAY, at(60)).is_err());
        probe.end(Some(&silent()), at(90));
        assert!(!ask(&patience, at(149), None), "twice as long");
        drop(patience.turn("a", DAY, at(150)).unwrap());
        let mut now = 150;
        for pause in [120, 240, 300, 300] {
            assert!(
                ask(&patience, at(now), Some(silent())),
                "who gave up does not keep others from it"
            );
            assert!(!ask(&patience, at(now + pause - 1), None), "{pause}");
            now += pause;
        }
        assert!(ask(&patience, at(now), None));
        for _ in 0..2 {
            assert!(ask(&patience, at(now), Some(silent())), "an answer ends it");
        }
    }

    #[test]
    fn a_server_says_itself_how_long_it_wants_to_be_left_alone() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        for (wish, pause) in [(7, 7), (86_400, 3_600)] {
            let patience = Patience::default();
            assert!(ask(&patience, begun, Some(status(429, Some(wish)))));
            // Also when little time is left.
            assert!(
                patience.turn("a", Duration::from_secs(8), at(pause - 1)).is_err(),
                "{wish}"
            );
            assert!(ask(&patience, at(pause), None), "{wish}");
        }
        assert_eq!(retry_after(" 120 "), Some(Duration::from_secs(120)));
        let later = jiff::Timestamp::from_second(time::now() + 90)
            .unwrap()
            .to_zoned(jiff::tz::TimeZone::UTC);
        let date = later.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let wish = retry_after(&date).unwrap().as_secs();
        assert!((80..=90).contains(&wish), "{date}: {wish}");
        for text in ["soon", "-1", "", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(retry_after(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_about_one_value_is_no_reason_to_leave_a_server_alone() {
        let patience = Patience::default();
        for error in [status(404, None), SourceError::NoData("nobody".to_owned())] {
            for _ in 0..5 {
                assert!(ask(&patience, Instant::now(), Some(status(500, None))));
                assert!(ask(&patience, Instant::now(), Some(status(404, None))));
                let turn = patience.turn("a", DAY, Instant::now()).unwrap();
                turn.end(Some(&error), Instant::now());
            }
        }
    }

    #[test]
    fn a_pause_takes_a_part_of_the_time_that_is_left() {
        let patience = Patience::default();
        let begun = Instant::now();
        for _ in 0..3 {
            assert!(ask(&patience, begun, Some(silent())));
        }
        let later = begun + Duration::from_secs(15);
        assert!(patience.turn("a", DAY, later).is_err());
        assert!(patience.turn("a", Duration::from_secs(60), later).is_ok());
    }

    #[test]
    fn a_server_is_one_place_for_all_that_is_asked_there() {
        let source = |text: &str| -> Source { toml::from_str(text).unwrap() };
        let http = |path: &str| source(&format!("type = 'http'\nurl = 'https://a.test/{path}'\npath = '$.v'"));
        assert_eq!(place(&http("x")), place(&http("y?of={identity}")));
        assert_eq!(place(&http("x")).unwrap(), "https://a.test");
        let command = |name: &str| place(&source(&format!("type = 'command'\ncommand = ['{name}']")));
        assert_ne!(command("one"), command("two"));
        let database = source("type = 'postgres'\nconnection = 'env:DB'\nquery = 'select 1'");
        assert_eq!(place(&database).unwrap(), "postgres env:DB");
        assert_eq!(place(&source("type = 'manual'")), None);
    }
}
