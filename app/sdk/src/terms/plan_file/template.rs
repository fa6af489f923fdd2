//! A plan file to begin with.

use crate::text::time;

/// A commented plan file whose calendar starts at `start` (Unix seconds, the beginning of a day in UTC). Texts in angle
/// brackets stand for what only the project knows: addresses. Everything else is right as it is.
pub fn template(start: i64) -> String {
    TEXT.replace("{start}", &time::text(start))
}

const TEXT: &str = include_str!("template.toml");
