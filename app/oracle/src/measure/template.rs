//! Placeholders in queries: what differs from period to period and from grant to grant.

use {
    earnout_core::calendar::{Cadence, Calendar},
    earnout_sdk::text::time,
    jiff::{Timestamp, fmt::strtime, tz::TimeZone},
    serde::{Deserialize, Serialize},
    solana_program::pubkey::Pubkey,
    thiserror::Error,
};

/// What is measured: one KPI in one period for the plan or one grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Number of the period.
    pub period: u16,
    /// Its first second, Unix seconds.
    pub start: i64,
    /// The second after its last.
    pub end: i64,
    /// What it can be compared with.
    pub earlier: Earlier,
    /// The grant of an individual KPI.
    pub grant: Option<GrantScope>,
}

/// The times that a period can be compared with, by the plan's calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// The period before; none before the first.
    pub before: Option<Span>,
    /// The same period a year ago, which may be before the plan's first.
    pub year_ago: Option<Span>,
}

/// An earlier period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its number, if it is one of the plan's.
    pub period: Option<u16>,
    /// Its first second, Unix seconds.
    pub start: i64,
    /// The second after its last.
    pub end: i64,
}

impl Earlier {
    /// What comes before `period`, which lasts from `start`.
    ///
    /// A year ago is, with a cadence of months, twelve months earlier by the same calendar, counted from the same day
    /// of the month; with a cadence of seconds it begins on the same day of the year, 28 February for the 29th, and is
    /// as long.
    pub fn of(calendar: &Calendar, period: u16, start: i64) -> Self {
        let before = period.checked_sub(1).and_then(|period| {
            Some(Span {
                period: Some(period),
                start: calendar.period_start(period).ok()?,
                end: start,
            })
        });
        Self {
            before,
            year_ago: year_ago(calendar, period, start),
        }
    }
}

fn year_ago(calendar: &Calendar, period: u16, start: i64) -> Option<Span> {
    match calendar.cadence {
        Cadence::Months(months) => {
            let months = i64::from(months);
            let boundary = |index: u16| {
                let offset = months.checked_mul(index.into())?.checked_sub(12)?;
                months_from(calendar.start_ts, offset)
            };
            let back = 12i64
                .checked_div(months)
                .filter(|back| back.checked_mul(months) == Some(12));
            let back = back.and_then(|back| u16::try_from(back).ok());
            Some(Span {
                period: back.and_then(|back| period.checked_sub(back)),
                start: boundary(period)?,
                end: boundary(period.checked_add(1)?)?,
            })
        }
        Cadence::Seconds(seconds) => {
            let seconds = i64::from(seconds);
            let begin = months_from(start, -12)?;
            let gone = begin.checked_sub(calendar.start_ts)?;
            let number = (gone.checked_rem(seconds) == Some(0)).then(|| gone.checked_div(seconds));
            Some(Span {
                period: number.flatten().and_then(|number| u16::try_from(number).ok()),
                start: begin,
                end: begin.checked_add(seconds)?,
            })
        }
    }
}

/// `months` civil months after `time`, UTC; on the last day of the month if it has no such day.
fn months_from(time: i64, months: i64) -> Option<i64> {
    let time = Timestamp::from_second(time).ok()?.to_zoned(TimeZone::UTC);
    let moved = time.checked_add(jiff::Span::new().try_months(months).ok()?).ok()?;
    Some(moved.timestamp().as_second())
}

/// The grant that an individual KPI is measured for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantScope {
    /// Number of the grant in the plan.
    pub index: u32,
    /// Address of the grant.
    #[serde(with = "crate::measure::text")]
    pub address: Pubkey,
    /// Whose it is.
    #[serde(with = "crate::measure::text")]
    pub beneficiary: Pubkey,
    /// Who that is where the KPI is measured, by the feed's identities file.
    pub identity: Option<String>,
}

/// Why a template cannot be filled in.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    #[error(
        "there is no placeholder {{{0}}}; there are {KNOWN}, and {{start}}, {{end}} and {{last}}, also with `before_` or \
         `year_ago_` in front and `_date`, `_time`, `_ms` or a format like `:%d-%m-%Y` behind"
    )]
    Unknown(String),
    #[error("{{{0}}}: {1:?} is not a format of times, like %d-%m-%Y: {2}")]
    Format(String, String, String),
    #[error("{{{0}}}: the period {1} is the plan's first, there is none before it")]
    NoPeriodBefore(String, u16),
    #[error("{{{0}}}: a year before the period {1} is no time or none of the plan's periods")]
    NoYearAgo(String, u16),
    #[error("a placeholder has no closing brace; a brace itself is written twice: {{{{")]
    Open,
    #[error("{{{0}}} is for individual KPIs: a shared KPI has no grant")]
    NoGrant(&'static str),
    #[error("the identities file has no line for the beneficiary {0}")]
    NoIdentity(Pubkey),
}

/// The placeholders that stand for one thing each.
const KNOWN: &str = "{period}, {seconds}, {date}, {year}, {month}, {day}, {identity}, {beneficiary}";

/// Fills in the placeholders of `template`. `{{` and `}}` stand for the braces themselves.
pub fn fill(template: &str, scope: &Scope) -> Result<String, TemplateError> {
    replace(template, |name| value(name, scope))
}

/// Checks the placeholders of `template` for a KPI that is `individual` or shared.
pub fn check(template: &str, individual: bool) -> Result<(), TemplateError> {
    let mut scope = example();
    scope.grant = scope.grant.filter(|_| individual);
    fill(template, &scope).map(drop)
}

/// The names of the placeholders in `template`, without what says how a time is written.
pub fn names(template: &str) -> Vec<String> {
    let mut names = Vec::new();
    // One without an end is reported where the template is checked.
    let _ = replace(template, |name| {
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        names.push(name.to_owned());
        Ok(String::new())
    });
    names
}

/// Whether the placeholder of this name is about the period before or a year ago.
pub fn is_past(name: &str) -> bool {
    name.starts_with(BEFORE) || name.starts_with(YEAR_AGO)
}

/// Something to put in place of placeholders, to see whether the rest makes sense.
pub fn example() -> Scope {
    let span = Span {
        period: Some(0),
        start: 0,
        end: 0,
    };
    Scope {
        period: 0,
        start: 0,
        end: 0,
        earlier: Earlier {
            before: Some(span.clone()),
            year_ago: Some(span),
        },
        grant: Some(GrantScope {
            index: 0,
            address: Pubkey::default(),
            beneficiary: Pubkey::default(),
            identity: Some("x".to_owned()),
        }),
    }
}

const BEFORE: &str = "before_";
const YEAR_AGO: &str = "year_ago_";

/// How a time is written.
enum Form<'a> {
    Seconds,
    Milliseconds,
    Time,
    Date,
    Format(&'a str),
}

fn value(name: &str, scope: &Scope) -> Result<String, TemplateError> {
    let grant = |name| scope.grant.as_ref().ok_or(TemplateError::NoGrant(name));
    Ok(match name {
        "date" => time::date(scope.start),
        "year" | "month" | "day" => {
            let date = time::date(scope.start);
            // `2027-01-31`, from the right.
            let mut parts = date.rsplitn(3, '-');
            let (day, month, year) = (parts.next(), parts.next(), parts.next());
            let part = match name {
                "year" => year,
                "month" => month,
                _ => day,
            };
            part.unwrap_or_default().to_owned()
        }
        "beneficiary" => grant("beneficiary")?.beneficiary.to_string(),
        "identity" => {
            let grant = grant("identity")?;
            let identity = grant.identity.clone();
            identity.ok_or(TemplateError::NoIdentity(grant.beneficiary))?
        }
        _ => of_period(name, scope)?,
    })
}

/// What is said of the period, the one before, or the one a year ago.
fn of_period(name: &str, scope: &Scope) -> Result<String, TemplateError> {
    let no_period_before = || TemplateError::NoPeriodBefore(name.to_owned(), scope.period);
    let no_year_ago = || TemplateError::NoYearAgo(name.to_owned(), scope.period);
    let own = || {
        Ok(Span {
            period: Some(scope.period),
            start: scope.start,
            end: scope.end,
        })
    };
    type Which<'a> = Box<dyn Fn() -> Result<Span, TemplateError> + 'a>;
    let (rest, span): (&str, Which<'_>) = if let Some(rest) = name.strip_prefix(BEFORE) {
        (
            rest,
            Box::new(|| scope.earlier.before.clone().ok_or_else(no_period_before)),
        )
    } else if let Some(rest) = name.strip_prefix(YEAR_AGO) {
        (
            rest,
            Box::new(|| scope.earlier.year_ago.clone().ok_or_else(no_year_ago)),
        )
    } else {
        (name, Box::new(own))
    };
    match rest {
        "period" => return Ok(span()?.period.ok_or_else(no_year_ago)?.to_string()),
        "seconds" => {
            let span = span()?;
            return Ok(span.end.saturating_sub(span.start).to_string());
        }
        _ => (),
    }
    let unknown = || TemplateError::Unknown(name.to_owned());
    let (point, form) = match rest.split_once(':') {
        Some((point, format)) => (point, Form::Format(format)),
        None => match rest.rsplit_once('_') {
            None => (rest, Form::Seconds),
            Some((point, "ms")) => (point, Form::Milliseconds),
            Some((point, "time")) => (point, Form::Time),
            Some((point, "date")) => (point, Form::Date),
            Some(_) => return Err(unknown()),
        },
    };
    if !["start", "end", "last"].contains(&point) {
        return Err(unknown());
    }
    let span = span()?;
    let at = match point {
        "start" => span.start,
        "end" => span.end,
        _ => span.end.saturating_sub(1),
    };
    Ok(match form {
        Form::Seconds => at.to_string(),
        // The last millisecond, not the beginning of the last second.
        Form::Milliseconds if point == "last" => span.end.saturating_mul(1_000).saturating_sub(1).to_string(),
        Form::Milliseconds => at.saturating_mul(1_000).to_string(),
        Form::Time => time::text(at),
        Form::Date => time::date(at),
        Form::Format(format) => {
            let wrong =
                |error: jiff::Error| TemplateError::Format(point.to_owned(), format.to_owned(), error.to_string());
            let at = Timestamp::from_second(at).map_err(wrong)?.to_zoned(TimeZone::UTC);
            strtime::format(format, &at).map_err(wrong)?
        }
    })
}

fn replace(
    template: &str,
    mut value: impl FnMut(&str) -> Result<String, TemplateError>,
) -> Result<String, TemplateError> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(position) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(position);
        filled.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            filled.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            filled.push('}');
            rest = after;
        } else if let Some(inner) = from.strip_prefix('{') {
            let (name, after) = inner.split_once('}').ok_or(TemplateError::Open)?;
            filled.push_str(&value(name)?);
            rest = after;
        } else {
            // A closing brace alone is not a mistake that could change a query.
            filled.push('}');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quarters from 1 January 2027.
    const QUARTERS: Calendar = Calendar {
        start_ts: 1_798_761_600,
        cadence: Cadence::Months(3),
        period_count: 12,
    };

    fn of(calendar: &Calendar, period: u16) -> Scope {
        let start = calendar.period_start(period).unwrap();
        Scope {
            period,
            start,
            end: calendar.period_end(period).unwrap(),
            earlier: Earlier::of(calendar, period, start),
            grant: Some(GrantScope {
                index: 7,
                address: Pubkey::new_from_array([1; 32]),
                beneficiary: Pubkey::new_from_array([2; 32]),
                identity: Some("ann@example.org".to_owned()),
            }),
        }
    }

    fn scope() -> Scope {
        of(&QUARTERS, 1)
    }

    fn dates(calendar: &Calendar, period: u16) -> String {
        let template = "{before_start_date} {before_last_date} {year_ago_start_date} {year_ago_last_date}";
        fill(template, &of(calendar, period)).unwrap()
    }

    #[test]
    fn placeholders_are_filled_in() {
        let filled = fill(
            "p{period} [{start_date}, {end_date}) {start_time} {seconds} {identity} {{x}} {date} {day}.{month}.{year}",
            &scope(),
        );
        assert_eq!(
            filled.unwrap(),
            "p1 [2027-04-01, 2027-07-01) 2027-04-01T00:00:00Z 7862400 ann@example.org {x} 2027-04-01 01.04.2027"
        );
    }

    #[test]
    fn every_shape_of_a_time_is_filled_in() {
        for (template, text) in [
            ("{start} {end} {last}", "1806537600 1814400000 1814399999"),
            (
                "{start_ms} {end_ms} {last_ms}",
                "1806537600000 1814400000000 1814399999999",
            ),
            ("{last_date} {last_time}", "2027-06-30 2027-06-30T23:59:59Z"),
            ("{end_date} {end_time}", "2027-07-01 2027-07-01T00:00:00Z"),
            ("{start:%d-%m-%Y}", "01-04-2027"),
            ("{last:%Y%m%d} {end:%H:%M}", "20270630 00:00"),
            ("{before_last:%-d %B %Y}", "31 March 2027"),
            ("{before_start} {before_end}", "1798761600 1806537600"),
            ("{before_start_ms} {before_last_ms}", "1798761600000 1806537599999"),
            ("{before_start_date} {before_last_date}", "2027-01-01 2027-03-31"),
            (
                "{before_start_time} {before_end_time}",
                "2027-01-01T00:00:00Z 2027-04-01T00:00:00Z",
            ),
            ("{before_period} {before_seconds}", "0 7776000"),
            ("{year_ago_start_date} {year_ago_last_date}", "2026-04-01 2026-06-30"),
            ("{year_ago_start} {year_ago_end}", "1775001600 1782864000"),
            ("{year_ago_start_time}", "2026-04-01T00:00:00Z"),
            ("{year_ago_end:%Y/%j} {year_ago_seconds}", "2026/182 7862400"),
        ] {
            assert_eq!(fill(template, &scope()).unwrap(), text, "{template}");
            assert_eq!(check(template, false), Ok(()), "{template}");
        }
        let later = of(&QUARTERS, 5);
        assert_eq!(fill("{year_ago_period} {before_period}", &later).unwrap(), "1 4");
    }

    #[test]
    fn months_end_where_they_end() {
        // Months from 31 January 2027; 2028 has a 29 February.
        let months = Calendar {
            start_ts: 1_801_353_600,
            cadence: Cadence::Months(1),
            period_count: 30,
        };
        for (period, text) in [
            (1, "2027-01-31 2027-02-27 2026-02-28 2026-03-30"),
            (2, "2027-02-28 2027-03-30 2026-03-31 2026-04-29"),
            (13, "2028-01-31 2028-02-28 2027-02-28 2027-03-30"),
            (25, "2029-01-31 2029-02-27 2028-02-29 2028-03-30"),
        ] {
            assert_eq!(dates(&months, period), text, "{period}");
        }
        // A year ago is the plan's own period where the plan has it.
        for period in 12..30 {
            let scope = of(&months, period);
            let ago = scope.earlier.year_ago.unwrap();
            assert_eq!(ago.period, Some(period - 12));
            assert_eq!(ago.start, months.period_start(period - 12).unwrap());
            assert_eq!(ago.end, months.period_end(period - 12).unwrap());
        }
        let eight = Calendar {
            cadence: Cadence::Months(8),
            ..months
        };
        assert_eq!(
            of(&eight, 4).earlier.year_ago.unwrap().period,
            None,
            "no period begins there"
        );
    }

    #[test]
    fn seconds_go_back_to_the_same_day() {
        let of_days = |start_ts, days: u32| Calendar {
            start_ts,
            cadence: Cadence::Seconds(days * 86_400),
            period_count: 500,
        };
        // Days from 27 February 2028: the 28th and the 29th both were the 28th a year ago, and no day is empty.
        let days = of_days(1_835_222_400, 1);
        assert_eq!(dates(&days, 1), "2028-02-27 2028-02-27 2027-02-28 2027-02-28");
        assert_eq!(dates(&days, 2), "2028-02-28 2028-02-28 2027-02-28 2027-02-28");
        assert_eq!(dates(&days, 3), "2028-02-29 2028-02-29 2027-03-01 2027-03-01");
        assert_eq!(
            of(&days, 365).earlier.year_ago.unwrap().period,
            None,
            "before the first"
        );
        assert_eq!(
            of(&days, 367).earlier.year_ago.unwrap().period,
            Some(1),
            "366 days earlier"
        );
        let weeks = of_days(1_835_222_400, 7);
        assert_eq!(dates(&weeks, 60), "2029-04-15 2029-04-21 2028-04-22 2028-04-28");
        assert_eq!(of(&weeks, 60).earlier.year_ago.unwrap().period, None);
    }

    #[test]
    fn before_the_first_period_is_none() {
        let first = of(&QUARTERS, 0);
        let error = fill("{before_start_date}", &first).unwrap_err();
        assert_eq!(error, TemplateError::NoPeriodBefore("before_start_date".to_owned(), 0));
        assert!(
            error.to_string().contains("the period 0 is the plan's first"),
            "{error}"
        );
        assert!(fill("{before_period}", &first).is_err());
        assert_eq!(fill("{year_ago_start_date}", &first).unwrap(), "2026-01-01");
        assert!(matches!(
            fill("{year_ago_period}", &first),
            Err(TemplateError::NoYearAgo(..))
        ));
    }

    #[test]
    fn mistakes_have_names() {
        for name in [
            "perod",
            "start_day",
            "before_",
            "before_date",
            "year_ago",
            "period:%Y",
            "date:%Y",
            "laststart",
        ] {
            assert_eq!(
                fill(&format!("{{{name}}}"), &scope()),
                Err(TemplateError::Unknown(name.to_owned()))
            );
        }
        assert!(matches!(check("{start:%Q%}", false), Err(TemplateError::Format(..))));
        assert_eq!(fill("sum{x", &scope()), Err(TemplateError::Open));
        let shared = Scope { grant: None, ..scope() };
        assert_eq!(fill("{identity}", &shared), Err(TemplateError::NoGrant("identity")));
        assert_eq!(check("{identity}", false), Err(TemplateError::NoGrant("identity")));
        assert_eq!(check("{identity} {beneficiary}", true), Ok(()));
        let mut unknown = scope();
        unknown.grant.as_mut().unwrap().identity = None;
        assert!(matches!(
            fill("{identity}", &unknown),
            Err(TemplateError::NoIdentity(_))
        ));
    }

    #[test]
    fn names_are_found() {
        assert_eq!(names("{start:%Y-%m} {{x}} {identity} {open"), ["start", "identity"]);
    }
}
