//! Times and lengths of time as people read and write them. All times are UTC.

use {
    earnout::state::Cadence,
    jiff::{Timestamp, tz::TimeZone},
};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Units of a length of time with their seconds, the longest first.
const UNITS: [(char, i64); 5] = [('w', 7 * DAY), ('d', DAY), ('h', 3_600), ('m', 60), ('s', 1)];

/// Now, Unix seconds, by this machine's clock.
pub fn now() -> i64 {
    Timestamp::now().as_second()
}

/// A time, Unix seconds, as `2027-01-01T00:00:00Z`; the seconds themselves if no calendar has them.
pub fn text(time: i64) -> String {
    Timestamp::from_second(time).map_or_else(|_| time.to_string(), |time| time.to_string())
}

/// The day of a time, `2027-01-01`.
pub fn date(time: i64) -> String {
    let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date().to_string();
    Timestamp::from_second(time).map_or_else(|_| time.to_string(), day)
}

/// A length of time, seconds, in the largest unit that gives a whole number, as a plan file writes it: `36 hours`.
pub fn length(seconds: i64) -> String {
    let (number, unit) = match seconds {
        0 => (0, "day"),
        _ if seconds % DAY == 0 => (seconds / DAY, "day"),
        _ if seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
        _ if seconds % 60 == 0 => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// A cadence as a plan file writes it.
pub fn cadence(cadence: Cadence) -> String {
    match cadence {
        Cadence::Seconds(seconds) => length(seconds.into()),
        Cadence::Months(1) => "1 month".to_owned(),
        Cadence::Months(months) => format!("{months} months"),
    }
}

/// A length of time, seconds, in few letters: `7d`, `1d12h`, `10m`.
pub fn span(seconds: u32) -> String {
    let mut rest = i64::from(seconds);
    let mut text = String::new();
    // Weeks are read, and not written.
    for (unit, length) in UNITS.into_iter().skip(1) {
        if rest >= length {
            text.push_str(&format!("{}{unit}", rest / length));
        }
        rest %= length;
    }
    match text.is_empty() {
        true => "none".to_owned(),
        false => text,
    }
}

/// Seconds of a length of time like `90s`, `7d` or `1d12h30m`: numbers with units (weeks, days, hours, minutes,
/// seconds), each unit once, the longest first. None if it is not one, or is zero.
pub fn parse_span(text: &str) -> Option<i64> {
    let mut total = 0i64;
    let mut units = UNITS.iter();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let (number, unit) = rest.split_at_checked(digits)?;
        let letter = unit.chars().next()?;
        // Units that were passed do not come again.
        let (_, seconds) = units.find(|(name, _)| *name == letter)?;
        total = number.parse::<i64>().ok()?.checked_mul(*seconds)?.checked_add(total)?;
        rest = unit.get(letter.len_utf8()..)?;
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(text(1_798_761_600), "2027-01-01T00:00:00Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59Z");
        assert_eq!(date(1_798_761_601), "2027-01-01");
        assert_eq!(text(i64::MAX), "9223372036854775807");
        assert_eq!(date(i64::MAX), "9223372036854775807");
    }

    #[test]
    fn spans_are_exact_and_read_as_they_are_written() {
        assert_eq!(span(0), "none");
        for (text, seconds) in [
            ("45s", 45),
            ("10m", 600),
            ("12h", 43_200),
            ("7d", 604_800),
            ("90d", 7_776_000),
            ("1d12h", 129_600),
            ("1d12h30m45s", 131_445),
        ] {
            assert_eq!(span(seconds), text);
            assert_eq!(parse_span(text), Some(seconds.into()));
        }
        for (text, seconds) in [("2w", 1_209_600), ("1w1d1h1m1s", 694_861), ("90m", 5_400)] {
            assert_eq!(parse_span(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_span() {
        let wrong = [
            "",
            "d",
            "7",
            "90x",
            "1.5d",
            "-1d",
            "+1d",
            "12h1d",
            "1d1d",
            "0d",
            "7 d",
            "1d ",
            "1d2",
            "9999999999999999999s",
            "9223372036854775807w",
            "7\u{5929}",
            "1ä",
            "é",
        ];
        for text in wrong {
            assert_eq!(parse_span(text), None, "{text:?}");
        }
    }
}
