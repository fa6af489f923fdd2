//! Keys and hashes as people read them, in files: for `#[serde(with)]`.

use {
    serde::{Deserialize, Deserializer, Serializer, de::Error},
    std::{fmt::Display, str::FromStr},
};

/// As [`Display`] writes it.
pub fn serialize<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// As [`FromStr`] reads it.
pub fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|error| D::Error::custom(format!("{text:?}: {error}")))
}
