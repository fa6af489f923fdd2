//! Tables of plain text.

use {
    earnout_sdk::names::harmless,
    std::io::{self, Write},
};

/// Rows of the same number of cells; the first row is the heading.
pub struct Table {
    /// Columns from this one on are numbers, aligned to the right.
    numbers_from: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(numbers_from: usize, heading: &[&str]) -> Self {
        Self {
            numbers_from,
            rows: vec![heading.iter().map(ToString::to_string).collect()],
        }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        // Names come from files, and must not write to the terminal what they like.
        let cells = cells.into_iter().map(|cell| harmless(&cell));
        self.rows.push(cells.collect());
    }

    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                match column < self.numbers_from {
                    true => line.push_str(&format!("  {cell:<width$}")),
                    false => line.push_str(&format!("  {cell:>width$}")),
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A text as it fits into a table: not too long.
pub fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    let start: String = text.chars().take(37).collect();
    format!("{start}...")
}
