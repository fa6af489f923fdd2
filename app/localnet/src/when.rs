//! Points in time and lengths of time, as they are written on a command line.

use {
    earnout_sdk::text::time::parse_span,
    jiff::{Timestamp, tz::TimeZone},
    std::{fmt, str::FromStr},
};

/// A point in time, Unix seconds, from 1970 to the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Timestamp);

impl Moment {
    pub fn now() -> Self {
        Self(Timestamp::now())
    }

    /// `None` outside of what can be shown.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let timestamp = Timestamp::from_second(seconds).ok()?;
        (seconds >= 0).then_some(Self(timestamp))
    }

    pub fn unix(self) -> i64 {
        self.0.as_second()
    }

    /// Unix milliseconds.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millisecond()).unwrap_or_default()
    }

    /// `None` if that is after the year 9999.
    pub fn after(self, seconds: i64) -> Option<Self> {
        Self::from_unix(self.unix().checked_add(seconds)?)
    }

    /// Beginning of the next month of the calendar in UTC. `None` if that is after the year 9999.
    pub fn next_month(self) -> Option<Self> {
        let first = self.0.to_zoned(TimeZone::UTC).last_of_month().ok()?.tomorrow().ok()?;
        let first = first.start_of_day().ok()?;
        Some(Self(first.timestamp()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.unix()) {
            Ok(whole_seconds) => write!(out, "{whole_seconds}"),
            Err(_) => write!(out, "{}", self.0),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let moment = match text.parse::<i64>() {
            Ok(seconds) => Self::from_unix(seconds),
            Err(_) => text.parse().ok().map(Self).filter(|moment| moment.unix() >= 0),
        };
        moment.ok_or_else(|| {
            "expected a time between 1970 and 9999, like 2027-04-01T00:00:00Z, or as Unix seconds".to_owned()
        })
    }
}

/// How far the clock is to be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// By so many seconds.
    By(i64),
    /// To a point in time.
    To(Moment),
}

impl FromStr for Jump {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(moment) = text.parse() {
            return Ok(Self::To(moment));
        }
        parse_span(text).map(Self::By).ok_or_else(|| {
            "expected a length of time like 90d, 12h, 1d12h30m or 2w (weeks, days, hours, minutes, seconds, the longest \
             first), or a point in time like 2027-04-01T00:00:00Z or Unix seconds"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use {super::*, earnout_sdk::text::time::DAY};

    #[test]
    fn lengths_of_time() {
        assert_eq!("1d12h".parse(), Ok(Jump::By(36 * 3_600)));
        assert!("12h1d".parse::<Jump>().is_err());
    }

    #[test]
    fn points_in_time() {
        let april = Moment::from_unix(1_806_537_600).unwrap();
        for text in [
            "1806537600",
            "2027-04-01T00:00:00Z",
            "2027-04-01T02:00:00+02:00",
            "2027-04-01 00:00:00Z",
        ] {
            assert_eq!(text.parse(), Ok(april), "{text}");
            assert_eq!(text.parse(), Ok(Jump::To(april)), "{text}");
        }
        assert_eq!(april.to_string(), "2027-04-01T00:00:00Z");
        assert_eq!(april.unix(), 1_806_537_600);
        assert_eq!(april.millis(), 1_806_537_600_000);
        assert_eq!(april.after(36 * 3_600).unwrap().to_string(), "2027-04-02T12:00:00Z");
    }

    #[test]
    fn what_is_no_point_in_time() {
        for text in [
            "",
            "2027-04-01",
            "2027-04-01T00:00:00",
            "-1",
            "1969-12-31T23:59:59Z",
            "soon",
            "999999999999999",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text:?}");
        }
        assert_eq!("9999-12-30T00:00:00Z".parse::<Moment>().unwrap().after(100 * DAY), None);
    }

    #[test]
    fn months_begin_on_their_first_day() {
        for (text, next) in [
            ("2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"),
            ("2028-02-29T23:59:59Z", "2028-03-01T00:00:00Z"),
            ("2026-12-31T12:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            let next: Moment = next.parse().unwrap();
            assert_eq!(text.parse::<Moment>().unwrap().next_month(), Some(next), "{text}");
        }
    }
}
