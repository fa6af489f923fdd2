//! Tables of plain text.

use {
    comfy_table::{CellAlignment, ContentArrangement, Table as Layout, presets},
    earnout_sdk::text::names::harmless,
    std::io::{self, Write},
};

/// Rows of the same number of cells below a heading.
pub struct Table(Layout);

impl Table {
    /// Columns from `numbers_from` on are numbers, aligned to the right.
    pub fn new(numbers_from: usize, heading: &[&str]) -> Self {
        let mut layout = Layout::new();
        layout.load_preset(presets::NOTHING);
        layout.set_content_arrangement(ContentArrangement::Disabled);
        layout.set_header(heading);
        for column in layout.column_iter_mut().skip(numbers_from) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        Self(layout)
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        // Names come from files, and must not write to the terminal what they like.
        self.0.add_row(cells.into_iter().map(|cell| harmless(&cell)));
    }

    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = self.0.lines();
        lines.try_for_each(|line| writeln!(out, " {}", line.trim_end()))
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
