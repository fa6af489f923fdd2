//! Points in time, Unix seconds.

use jiff::{Timestamp, tz::TimeZone};

/// Now, by this machine's clock.
pub fn now() -> i64 {
    Timestamp::now().as_second()
}

/// RFC 3339, UTC.
pub fn shown(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// The day in UTC.
pub fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |time| time.to_zoned(TimeZone::UTC).date().to_string(),
    )
}
