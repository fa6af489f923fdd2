//! Lengths of time as people write them (`90s`, `2h 30m`, `1d`), in files: for `#[serde(with)]`.

use {
    serde::{Deserialize, Deserializer, Serializer, de::Error},
    std::time::Duration,
};

/// Writes `value`.
pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*value))
}

/// Reads a length of time.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|error| D::Error::custom(format!("{text:?} is not a length of time like 90s, 12h or 1d: {error}")))
}

/// The same for what can be left out, for `#[serde(deserialize_with)]`.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    self::deserialize(deserializer).map(Some)
}

/// Seconds of `value`, whole.
pub fn seconds(value: Duration) -> i64 {
    i64::try_from(value.as_secs()).unwrap_or(i64::MAX)
}
