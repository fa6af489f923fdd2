//! Decimal numbers in documents as text, which keeps every digit: for `#[serde(serialize_with)]`. They are read with
//! [`crate::measure::checks::decimal`].

use {rust_decimal::Decimal, serde::Serializer};

/// As people write it.
pub fn serialize<S: Serializer>(number: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.collect_str(number),
        None => serializer.serialize_none(),
    }
}
