//! How far a run is, on stderr: a bar on a terminal, a line for each period elsewhere.

use {
    indicatif::{ProgressBar, ProgressState, ProgressStyle},
    std::{
        fmt::Write,
        io::{IsTerminal, stderr},
    },
};

pub struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
}

impl Progress {
    /// Shows nothing.
    pub fn silent() -> Self {
        Self {
            bar: None,
            lines: false,
        }
    }

    /// Shows how much of `length` instructions is done.
    pub fn of(length: u64) -> Self {
        let style = "{msg:>10} [{bar:40}] {human_pos}/{human_len} instructions, {rate}, {eta} left";
        let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
            // Writing to a string does not fail.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        });
        let terminal = stderr().is_terminal();
        Self {
            bar: terminal.then(|| ProgressBar::new(length).with_style(style.progress_chars("=> "))),
            lines: !terminal,
        }
    }

    pub fn begin(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
        }
    }

    pub fn advance(&self, instructions: usize) {
        if let Some(bar) = &self.bar {
            bar.inc(instructions.try_into().unwrap_or_default());
        }
    }

    /// `what` is done, the number `done` of `of`.
    pub fn reached(&self, what: &str, done: usize, of: usize) {
        if self.lines {
            eprintln!("{what} is settled and paid ({done} of {of})");
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
