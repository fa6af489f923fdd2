//! The result of a command on the standard output, for people or for programs.

use {
    crate::{
        args::{Format, GlobalArgs},
        fault::Fault,
        shown::{json, text::safe},
    },
    earnout_sdk::text::output,
    serde::Serialize,
    std::{
        fmt::Display,
        fs::OpenOptions,
        io::{self, BufWriter, ErrorKind, StdoutLock, Write},
        path::Path,
        process::ExitCode,
    },
};

/// Where results go. Everything else, questions and progress included, goes to the standard error.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    format: Format,
    verbose: bool,
}

impl Output {
    pub fn new(global: &GlobalArgs) -> Self {
        Self {
            format: global.output,
            verbose: global.verbose,
        }
    }

    /// Before the arguments are known.
    pub fn of_format(format: Format) -> Self {
        Self { format, verbose: false }
    }

    /// Whether programs read the result.
    pub fn is_json(&self) -> bool {
        self.format != Format::Display
    }

    /// Shows the result: its `Display` to people, its serialization to programs.
    ///
    /// # Errors
    /// If the standard output cannot be written. That its reader left is not an error.
    pub fn show(&self, result: &(impl Serialize + Display)) -> Result<(), Fault> {
        match self.format {
            Format::Display => self.raw(&format!("{result}\n")),
            Format::Json | Format::JsonCompact => self.json(result, self.format == Format::Json),
        }
    }

    /// Writes a value as JSON, over several lines if `pretty`, as it is made: large ones are never in memory as a
    /// whole.
    ///
    /// # Errors
    /// As [`Output::show`].
    pub fn json(&self, value: &impl Serialize, pretty: bool) -> Result<(), Fault> {
        self.stream(|out| {
            json::write(out, value, pretty).map_err(io::Error::from)?;
            out.write_all(b"\n")
        })
    }

    /// Whether programs read the result line by line.
    pub fn is_compact(&self) -> bool {
        self.format == Format::JsonCompact
    }

    /// Writes text as it is: CSV, Markdown, a chart, a completion script.
    ///
    /// # Errors
    /// As [`Output::show`].
    pub fn raw(&self, text: &str) -> Result<(), Fault> {
        self.stream(|out| out.write_all(text.as_bytes()))
    }

    /// Writes what `write` writes.
    ///
    /// # Errors
    /// As [`Output::show`].
    pub fn stream(&self, write: impl FnOnce(&mut BufWriter<StdoutLock>) -> io::Result<()>) -> Result<(), Fault> {
        self.is_read(write).map(drop)
    }

    /// The same; returns whether somebody still reads.
    ///
    /// # Errors
    /// As [`Output::show`].
    pub fn is_read(&self, write: impl FnOnce(&mut BufWriter<StdoutLock>) -> io::Result<()>) -> Result<bool, Fault> {
        let read = output::is_read(write);
        read.map_err(|error| Fault::new("the result cannot be written to the standard output").why(error))
    }

    /// A line for people, whatever the form of the result.
    pub fn note(&self, line: impl Display) {
        // Where nobody reads, nothing has to be said.
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Shows an error and returns the process's exit code.
    pub fn fail(&self, fault: &Fault) -> ExitCode {
        let mut text = fault.to_string();
        match (self.verbose, fault.logs()) {
            (_, []) => (),
            (true, logs) => text.extend(logs.iter().map(|line| format!("\n    {}", safe(line)))),
            (false, _) => text.push_str("\n  (-v shows the programs' logs)"),
        }
        self.note(text);
        if self.is_json() && !fault.is_after_result() {
            // An error about the error would help nobody.
            let _ = self.show(&Json(fault.to_json()));
        }
        fault.exit_code()
    }
}

/// A JSON value as a result of its own.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Json(pub serde_json::Value);

impl Display for Json {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:#}", self.0)
    }
}

/// Writes a file that does not exist yet.
///
/// # Errors
/// If it exists, or cannot be written.
pub fn write_new(file: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let name = file.display();
    let opened = OpenOptions::new().write(true).create_new(true).open(file);
    let mut opened = opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Fault::new(format!("{name} exists already; it was left as it is"))
            .advice("name another file, or move this one away"),
        _ => Fault::new(format!("{name} cannot be written"))
            .why(error)
            .advice("check path, permissions and space"),
    })?;
    let written = opened.write_all(bytes).and_then(|()| opened.sync_all());
    written.map_err(|error| Fault::new(format!("{name} cannot be written")).why(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_for(line: &str) -> Format {
        Format::asked_for(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn the_form_is_known_even_if_the_arguments_are_wrong() {
        assert_eq!(asked_for("earnout plan shoe --output json"), Format::Json);
        assert_eq!(asked_for("earnout --output=json-compact plan"), Format::JsonCompact);
        assert_eq!(asked_for("earnout --output yaml"), Format::Display);
        assert_eq!(asked_for("earnout --output"), Format::Display);
    }
}
