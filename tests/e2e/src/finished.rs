//! What a process left behind.

use {
    serde_json::Value,
    std::process::{Command, Output},
};

/// The exit code and the outputs of a process that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The command, to be named when an expectation fails.
    command: String,
}

impl Finished {
    /// Of a command and its output.
    ///
    /// # Panics
    /// If an output is not text.
    pub fn of(command: &Command, output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("outputs are UTF-8");
        let words = [command.get_program()].into_iter().chain(command.get_args());
        let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            command: words.join(" "),
        }
    }

    /// Expects exit code 0.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        self.ended_with(0)
    }

    /// Expects this exit code, and an error that is none of the process's own.
    #[track_caller]
    pub fn failed(self, code: i32) -> Self {
        assert_ne!(code, 0, "0 is no failure");
        assert!(!self.stderr.contains("panicked at"), "a panic: {self:#?}");
        assert!(!self.stderr.contains("stack backtrace"), "a backtrace: {self:#?}");
        self.ended_with(code)
    }

    /// Expects this part in what it wrote on standard error.
    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "expected {part:?}: {self:#?}");
        self
    }

    /// Expects this part in what it wrote on standard output.
    #[track_caller]
    pub fn shows(self, part: &str) -> Self {
        assert!(self.stdout.contains(part), "expected {part:?}: {self:#?}");
        self
    }

    /// Expects one line on standard error.
    #[track_caller]
    pub fn in_one_line(self) -> Self {
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "{self:#?}");
        self
    }

    /// What it wrote on standard output, which is to be JSON and nothing else.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("standard output is not JSON ({error}): {self:#?}"),
        }
    }

    #[track_caller]
    fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}: {self:#?}", self.command);
        self
    }
}
