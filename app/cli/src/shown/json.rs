//! JSON in which text that strangers wrote cannot act on a terminal: hostile characters are written as `\u202e`, which
//! is the same text to whoever reads the JSON.

use {
    super::text::is_hostile,
    serde::Serialize,
    serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer},
    std::io::{self, Write},
};

/// Writes a value, over several lines if `pretty`.
///
/// # Errors
/// If the writer fails.
pub fn write(out: &mut impl Write, value: &impl Serialize, pretty: bool) -> serde_json::Result<()> {
    if pretty {
        value.serialize(&mut Serializer::with_formatter(out, Safe(PrettyFormatter::new())))
    } else {
        value.serialize(&mut Serializer::with_formatter(out, Safe(CompactFormatter)))
    }
}

/// A formatter that escapes more than JSON asks for.
struct Safe<F>(F);

impl<F: Formatter> Formatter for Safe<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut harmless = fragment;
        while let Some((position, letter)) = harmless.char_indices().find(|(_, letter)| is_hostile(*letter)) {
            let (before, rest) = harmless.split_at(position);
            self.0.write_string_fragment(writer, before)?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            harmless = rest.strip_prefix(letter).unwrap_or_default();
        }
        self.0.write_string_fragment(writer, harmless)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_key(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use {super::*, serde_json::json};

    fn written(value: &serde_json::Value, pretty: bool) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes, value, pretty).expect("memory takes everything");
        String::from_utf8(bytes).expect("JSON is text")
    }

    #[test]
    fn hostile_characters_are_escaped_and_mean_the_same() {
        let value = json!({ "name": "a\u{202e}b\u{1b}\u{e0041}\"c", "plain": ["tâches", 1] });
        for pretty in [false, true] {
            let text = written(&value, pretty);
            assert!(!text.contains(['\u{202e}', '\u{1b}', '\u{e0041}']), "{text}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
        }
        assert!(written(&value, false).contains(r#""a\u202eb\u001b\udb40\udc41\"c""#));
    }

    #[test]
    fn harmless_json_is_as_ever() {
        let value = json!({ "a": [1, { "b": "x" }, []], "c": {} });
        assert_eq!(written(&value, false), serde_json::to_string(&value).expect("JSON"));
        assert_eq!(
            written(&value, true),
            serde_json::to_string_pretty(&value).expect("JSON")
        );
    }
}
