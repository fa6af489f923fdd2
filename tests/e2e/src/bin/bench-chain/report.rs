//! Tables in Markdown, and their place in the documentation.

use std::{fmt::Write, fs, path::PathBuf, time::Duration};

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench-chain --write` -->";
const END: &str = "<!-- end of figures -->";

/// A table of figures.
pub struct Table {
    title: String,
    rows: Vec<(String, String)>,
}

impl Table {
    pub fn new(title: String) -> Self {
        Self {
            title,
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, what: &str, figure: String) {
        self.rows.push((what.to_owned(), figure));
    }
}

/// The tables as Markdown.
pub fn text(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        if !text.is_empty() {
            text.push('\n');
        }
        writeln!(text, "| {} | |\n| --- | ---: |", table.title).expect("memory");
        for (what, figure) in &table.rows {
            writeln!(text, "| {what} | {figure} |").expect("memory");
        }
    }
    text
}

/// Puts the tables into `docs/performance.md`.
///
/// # Panics
/// If it has no place for them.
pub fn write(text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/performance.md");
    let page = fs::read_to_string(&path).expect("docs/performance.md");
    let (before, rest) = page.split_once(BEGIN).expect("a place for the figures");
    let (_, after) = rest.split_once(END).expect("an end of the figures");
    fs::write(&path, format!("{before}{BEGIN}\n\n{text}\n{END}{after}")).expect("docs/performance.md");
}

/// A whole number with its thousands separated.
pub fn count(number: u64) -> String {
    earnout_sdk::text::amount::count(number)
}

pub fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// Lamports as SOL.
pub fn sol(lamports: u64) -> String {
    earnout_sdk::text::amount::tokens(lamports, 9)
}

/// KiB as MB, rounded up.
pub fn megabytes(kib: u64) -> String {
    (kib * 1_024).div_ceil(1_000_000).to_string()
}
