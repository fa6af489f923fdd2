//! Text that strangers wrote. On the chain anyone can write anything: a name must neither move the cursor nor turn the
//! direction of what stands beside it, nor become a formula in somebody's spreadsheet.

pub use earnout_sdk::text::names::{harmless as safe, is_hidden as is_hostile};

use earnout_sdk::text::table::guarded;

/// Harmless text for a cell of a spreadsheet, where what begins like a formula would be computed.
pub fn cell(text: &str) -> String {
    guarded(&safe(text))
}

/// Harmless text in quotation marks, out of which it cannot get: what somebody wrote beside what is so.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", safe(text).replace('"', "\\\""))
}

/// Harmless text for Markdown, where it would become a link, a picture or another cell.
pub fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in safe(text).chars() {
        if letter.is_ascii_punctuation() && !matches!(letter, '%' | ',' | '.' | '/' | ':' | ';' | '?' | '\'' | '"') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// The word that goes with one of something, or with another number of them.
pub fn either<'a>(number: impl TryInto<u64>, one: &'a str, other: &'a str) -> &'a str {
    match number.try_into() {
        Ok(1) => one,
        _ => other,
    }
}

/// A key short enough for a table: its first and last letters. JSON and CSV have the whole key.
pub fn short(key: impl ToString) -> String {
    let text = key.to_string();
    match (
        text.get(..6),
        text.len().checked_sub(4).and_then(|from| text.get(from..)),
    ) {
        (Some(head), Some(tail)) if text.len() > 12 => format!("{head}…{tail}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(cell("-2+3"), "'-2+3");
        assert_eq!(cell("revenue"), "revenue");
        assert_eq!(cell("\t=1"), "\\u{9}=1");
    }

    #[test]
    fn what_is_quoted_stays_in_its_quotation_marks() {
        assert_eq!(quoted("Core team"), "\"Core team\"");
        assert_eq!(quoted("a\" (b\u{202e}"), "\"a\\\" (b\\u{202e}\"");
    }

    #[test]
    fn markdown_stays_text() {
        assert_eq!(markdown("a|b [x](y) <i>"), "a\\|b \\[x\\]\\(y\\) \\<i\\>");
        assert_eq!(markdown("growth, 50 %"), "growth, 50 %");
    }

    #[test]
    fn keys_are_shortened_and_short_texts_are_not() {
        assert_eq!(short("So11111111111111111111111111111111111111112"), "So1111…1112");
        assert_eq!(short("abc"), "abc");
    }
}
