//! Points in time as people write and read them. All of them are UTC.

use {
    earnout_sdk::text::time,
    jiff::{Timestamp, civil::Date, tz::TimeZone},
    serde::{Serialize, Serializer},
    std::{fmt, str::FromStr},
};

/// A point in time, Unix seconds. Shown as `2027-04-01T00:00:00Z`, written in JSON as Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(timestamp) => out.pad(&timestamp.to_string()),
            // Beyond what a calendar names.
            Err(_) => out.pad(&format!("{} s", self.0)),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl FromStr for Moment {
    type Err = String;

    /// A date, which means its first second; a time with its offset; or Unix seconds.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = text.parse() {
            return Ok(Self(seconds));
        }
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(Self(timestamp.as_second()));
        }
        // A date with a time but without an offset is refused: whose clock it means nobody says.
        let date = text
            .parse::<Date>()
            .ok()
            .filter(|_| !text.contains(['T', 't', ' ', ':']));
        let start = date.and_then(|date| date.to_zoned(TimeZone::UTC).ok());
        start.map(|start| Self(start.timestamp().as_second())).ok_or_else(|| {
            format!(
                "`{text}` is not a time: write a date like 2027-04-01, a time like 2027-04-01T12:00:00Z, or Unix seconds"
            )
        })
    }
}

/// A length of time, seconds: `90s`, `30m`, `12h`, `7d`, `2w`, `1d12h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub i64);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = time::parse_span(text).map(Self);
        seconds.ok_or_else(|| format!("`{text}` is not a length of time: write 30m, 12h, 7d or 2w"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_seconds() {
        for text in [
            "2027-04-01",
            "2027-04-01T00:00:00Z",
            "2027-04-01T02:00:00+02:00",
            "1806537600",
        ] {
            let moment: Moment = text.parse().expect("a time");
            assert_eq!(moment.to_string(), "2027-04-01T00:00:00Z", "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in ["", "tomorrow", "2027-02-30", "2027-04-01T12:00:00", "01.04.2027"] {
            let refused = wrong.parse::<Moment>();
            assert!(refused.is_err_and(|error| error.contains("is not a time")), "{wrong}");
        }
    }

    #[test]
    fn a_time_beyond_the_calendar_is_shown_as_seconds() {
        assert_eq!(Moment(i64::MAX).to_string(), "9223372036854775807 s");
    }
}
