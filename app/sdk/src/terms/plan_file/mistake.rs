//! What is wrong with an input file, and where.

use {
    crate::text::names::harmless,
    std::{
        collections::BTreeSet,
        error::Error,
        fmt,
        path::{Path, PathBuf},
    },
};

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Line, counted from 1; none if the mistake is of the file as a whole.
    pub line: Option<usize>,
    /// The field as the file names it, like `windows.attest`; empty where the message names it.
    pub field: String,
    /// What is wrong and what is expected instead.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(out, "{line}: ")?;
        }
        match self.field.is_empty() {
            true => out.write_str(&self.what),
            false => write!(out, "{}: {}", self.field, self.what),
        }
    }
}

/// Everything that is wrong with a file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// The file.
    pub file: PathBuf,
    /// At least one.
    pub mistakes: Vec<Mistake>,
}

impl Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            let separator = if mistake.line.is_some() { ":" } else { ": " };
            write!(out, "{}{separator}{mistake}", self.file.display())?;
        }
        Ok(())
    }
}

impl Mistakes {
    /// One mistake of the file as a whole.
    pub fn of_file(file: &Path, what: impl ToString) -> Self {
        Self::one(file, None, what)
    }

    /// One mistake in a line, counted from 1.
    pub fn of_line(file: &Path, line: usize, what: impl ToString) -> Self {
        Self::one(file, Some(line), what)
    }

    fn one(file: &Path, line: Option<usize>, what: impl ToString) -> Self {
        let mistake = Mistake {
            line,
            field: String::new(),
            what: one_line(what),
        };
        Self {
            file: file.to_path_buf(),
            mistakes: vec![mistake],
        }
    }
}

/// Inputs are quoted in messages: a line break in them would make two lines of one, and some characters would change
/// what stands beside them.
pub fn one_line(text: impl ToString) -> String {
    harmless(&text.to_string().replace(char::is_control, " "))
}

/// The mistakes found so far in a text.
pub(super) struct Notes {
    /// Bytes at which lines end.
    line_ends: Vec<usize>,
    mistakes: Vec<Mistake>,
    /// The same, to be found.
    known: BTreeSet<Mistake>,
}

impl Notes {
    pub(super) fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            line_ends: ends.map(|(at, _)| at).collect(),
            mistakes: Vec::new(),
            known: BTreeSet::new(),
        }
    }

    /// Notes a mistake of the field that stands at this byte.
    pub(super) fn add(&mut self, at: usize, field: impl ToString, what: impl ToString) {
        self.add_line(self.line(at), field, what);
    }

    /// Notes a mistake in this line.
    pub(super) fn add_line(&mut self, line: usize, field: impl ToString, what: impl ToString) {
        let mistake = Mistake {
            line: Some(line),
            field: one_line(field),
            what: one_line(what),
        };
        if self.known.insert(mistake.clone()) {
            self.mistakes.push(mistake);
        }
    }

    /// Notes mistakes that were found elsewhere.
    pub(super) fn extend(&mut self, mistakes: impl IntoIterator<Item = Mistake>) {
        for mistake in mistakes {
            self.add_line(mistake.line.unwrap_or(1), mistake.field, mistake.what);
        }
    }

    /// The line, counted from 1, in which the byte at `at` stands.
    pub(super) fn line(&self, at: usize) -> usize {
        self.line_ends.partition_point(|end| *end < at) + 1
    }

    pub(super) fn len(&self) -> usize {
        self.mistakes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    pub(super) fn into_mistakes(mut self, file: &Path) -> Mistakes {
        self.mistakes.sort_by_key(|mistake| mistake.line);
        Mistakes {
            file: file.to_path_buf(),
            mistakes: self.mistakes,
        }
    }
}

/// The text of a file, without a byte order mark.
///
/// # Errors
/// If it cannot be read, or is not UTF-8.
pub fn read_text(file: &Path) -> Result<String, Mistakes> {
    let bytes = std::fs::read(file).map_err(|error| Mistakes::of_file(file, format!("cannot be read: {error}")))?;
    text_of(bytes).map_err(|mistake| Mistakes {
        file: file.to_path_buf(),
        mistakes: vec![mistake],
    })
}

/// The text that the bytes of a file hold, without a byte order mark.
///
/// # Errors
/// If they are not UTF-8, or hold zero bytes, which text in another encoding has.
pub fn text_of(bytes: Vec<u8>) -> Result<String, Mistake> {
    let wrong = |line, what: &str| Mistake {
        line: Some(line),
        field: String::new(),
        what: format!("{what}; save the file as UTF-8"),
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(wrong(1, "is UTF-16 text"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = line_of(error.as_bytes(), error.utf8_error().valid_up_to());
        wrong(line, "is not UTF-8 text")
    })?;
    if let Some(zero) = text.find('\0') {
        return Err(wrong(
            line_of(text.as_bytes(), zero),
            "holds a zero byte, as UTF-16 text does",
        ));
    }
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The line, counted from 1, in which the byte at `offset` stands.
pub fn line_of(text: &[u8], offset: usize) -> usize {
    let before = text.iter().take(offset);
    before.filter(|&&byte| byte == b'\n').count() + 1
}
