//! What is wrong with an input, in one line.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
};

/// A wrong input: ends the demo with exit code 2 before any transaction is sent.
#[derive(Debug)]
pub struct InputFault {
    file: PathBuf,
    line: Option<usize>,
    what: String,
}

impl Error for InputFault {}

impl fmt::Display for InputFault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl InputFault {
    /// A fault of the file as a whole.
    pub fn of_file(file: &Path, what: impl ToString) -> Self {
        Self::new(file, None, what)
    }

    /// A fault in one line, counted from 1.
    pub fn of_line(file: &Path, line: usize, what: impl ToString) -> Self {
        Self::new(file, Some(line), what)
    }

    fn new(file: &Path, line: Option<usize>, what: impl ToString) -> Self {
        // Inputs are quoted in messages, and a line break in them would make two lines of one.
        let what = what.to_string().replace(char::is_control, " ");
        Self {
            file: file.to_path_buf(),
            line,
            what,
        }
    }
}

/// The text of a file, without a byte order mark.
pub fn read_text(file: &Path) -> Result<String, InputFault> {
    let bytes = std::fs::read(file).map_err(|error| InputFault::of_file(file, format!("cannot be read: {error}")))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line = line_of(error.as_bytes(), good);
            Err(InputFault::of_line(file, line, "is no UTF-8 text"))
        }
    }
}

/// The line, counted from 1, in which the byte at `offset` stands.
pub fn line_of(text: &[u8], offset: usize) -> usize {
    let before = text.iter().take(offset);
    before.filter(|&&byte| byte == b'\n').count() + 1
}
