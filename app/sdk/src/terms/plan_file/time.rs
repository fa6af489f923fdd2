//! Times, lengths of time, and names of periods.

use {
    super::{mistake::Notes, section::Found},
    crate::text::time::{self, length},
    earnout::{
        constants::{MAX_PERIOD_MONTHS, MAX_PERIOD_SECS, MAX_WINDOW_SECS, MIN_WINDOW_SECS},
        instructions::CreatePlanArgs,
        state::Cadence,
    },
    earnout_core::{self as core, calendar::Calendar},
    jiff::{Timestamp, civil, tz::TimeZone},
    std::collections::BTreeSet,
    toml::{de::DeValue, value::Offset},
};

/// Months of a quarter.
const QUARTER: i8 = 3;

/// A time in UTC, Unix seconds.
pub(super) fn time(notes: &mut Notes, found: Found<&DeValue>) -> Option<Found<i64>> {
    let seconds = found.value.as_datetime().and_then(|datetime| {
        let (date, time) = (datetime.date?, datetime.time?);
        if datetime.offset != Some(Offset::Z) || time.nanosecond != 0 {
            return None;
        }
        let date = civil::Date::new(
            i16::try_from(date.year).ok()?,
            i8::try_from(date.month).ok()?,
            i8::try_from(date.day).ok()?,
        );
        let time = civil::Time::new(
            i8::try_from(time.hour).ok()?,
            i8::try_from(time.minute).ok()?,
            i8::try_from(time.second).ok()?,
            0,
        );
        let zoned = date.ok()?.to_datetime(time.ok()?).to_zoned(TimeZone::UTC).ok()?;
        Some(zoned.timestamp().as_second())
    });
    match seconds {
        Some(seconds) => Some(found.map(seconds)),
        None => {
            found.wrong(notes, "expected a date and time in UTC, like 2027-01-01T00:00:00Z");
            None
        }
    }
}

/// A number and a unit.
fn split(text: &str) -> Option<(u32, &str)> {
    let (number, unit) = text.split_once(' ')?;
    let unit = unit.trim();
    Some((number.parse().ok()?, unit.strip_suffix('s').unwrap_or(unit)))
}

/// A fixed length of time, in seconds.
fn seconds(text: &str) -> Option<u32> {
    let (number, unit) = split(text)?;
    let unit = match unit {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// Length of a period.
pub(super) fn cadence(text: &str) -> Option<Cadence> {
    match split(text).filter(|(_, unit)| *unit == "month") {
        Some((months, _)) => u16::try_from(months).ok().map(Cadence::Months),
        None => seconds(text).map(Cadence::Seconds),
    }
}

/// What is expected of the length of a period.
pub(super) fn cadence_expected() -> String {
    format!(
        "expected 1 to {MAX_PERIOD_MONTHS} months, like \"3 months\", or {} to {} days, like \"30 days\"",
        length(MIN_WINDOW_SECS.into()),
        MAX_PERIOD_SECS / 86_400
    )
}

/// Length of a window, seconds.
pub(super) fn window(text: &str) -> Option<u32> {
    seconds(text)
}

/// What is expected of a window.
pub(super) fn window_expected() -> String {
    format!(
        "expected {} to {}, like \"14 days\" or \"36 hours\"",
        length(MIN_WINDOW_SECS.into()),
        length(MAX_WINDOW_SECS.into())
    )
}

/// The calendar of these terms.
pub fn calendar(terms: &CreatePlanArgs) -> Calendar {
    Calendar {
        start_ts: terms.start_ts,
        cadence: terms.cadence.into(),
        period_count: terms.period_count,
    }
}

/// A name for each period of a calendar: its quarter like `2027-Q1`, its month like `2027-01`, its first day, or its
/// first second where days are not enough.
///
/// # Errors
/// If the calendar has a boundary that is not a time.
pub fn period_names(terms: &CreatePlanArgs) -> Result<Vec<String>, core::Error> {
    let calendar = calendar(terms);
    let starts: Result<Vec<i64>, _> = (0..terms.period_count)
        .map(|period| calendar.period_start(period))
        .collect();
    let starts = starts?;
    let months: Option<fn(civil::Date) -> Option<String>> = match terms.cadence {
        Cadence::Months(3) => Some(quarter),
        Cadence::Months(1) => Some(month),
        _ => None,
    };
    if let Some(name) = months {
        let names: Option<Vec<String>> = starts.iter().map(|start| name(first_of_day(*start)?)).collect();
        if let Some(names) = names {
            return Ok(names);
        }
    }
    let days: Vec<String> = starts.iter().map(|start| time::date(*start)).collect();
    let distinct: BTreeSet<&String> = days.iter().collect();
    if distinct.len() == days.len() {
        return Ok(days);
    }
    Ok(starts.into_iter().map(time::text).collect())
}

/// The day that begins at a time, if one does.
fn first_of_day(time: i64) -> Option<civil::Date> {
    let time = Timestamp::from_second(time).ok()?.to_zoned(TimeZone::UTC);
    (time.time() == civil::Time::midnight()).then(|| time.date())
}

fn quarter(start: civil::Date) -> Option<String> {
    let quarter = (start.month() - 1) / QUARTER;
    let is_first = start.day() == 1 && (start.month() - 1) % QUARTER == 0;
    is_first.then(|| format!("{:04}-Q{}", start.year(), quarter + 1))
}

fn month(start: civil::Date) -> Option<String> {
    (start.day() == 1).then(|| format!("{:04}-{:02}", start.year(), start.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_they_are_read() {
        for (text, length) in [
            ("10 minutes", 600),
            ("36 hours", 129_600),
            ("1 day", 86_400),
            ("601 seconds", 601),
        ] {
            assert_eq!(window(text), Some(length));
            assert_eq!(time::length(length.into()), text);
        }
        assert_eq!(cadence("3 months"), Some(Cadence::Months(3)));
        assert_eq!(cadence("30 days"), Some(Cadence::Seconds(2_592_000)));
        for wrong in [
            "",
            "14",
            "14 weeks",
            "-1 days",
            "1.5 days",
            "days",
            "5000000000 days",
            "99999 months",
        ] {
            assert_eq!(window(wrong), None, "{wrong}");
            assert_eq!(cadence(wrong), None, "{wrong}");
        }
    }
}
