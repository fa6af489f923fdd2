//! Tables in plain text, indented, columns as wide as their widest cell.

use {
    comfy_table::{CellAlignment, ContentArrangement, Table as Layout, presets},
    std::fmt,
};

/// A table with a heading for each column. Columns whose heading begins with `>` are aligned to the right.
#[derive(Debug)]
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new<T: ToString>(headings: impl IntoIterator<Item = T>) -> Self {
        Self {
            headings: headings.into_iter().map(|heading| heading.to_string()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, one cell for each column.
    pub fn row<T: ToString>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| cell.to_string()).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut layout = Layout::new();
        layout.load_preset(presets::NOTHING);
        layout.set_content_arrangement(ContentArrangement::Disabled);
        layout.set_header(self.headings.iter().map(|heading| heading.trim_start_matches('>')));
        layout.add_rows(&self.rows);
        for (index, heading) in self.headings.iter().enumerate() {
            if let Some(column) = layout.column_mut(index).filter(|_| heading.starts_with('>')) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines: Vec<_> = layout.lines().map(|line| format!(" {}", line.trim_end())).collect();
        out.write_str(&lines.join("\n"))
    }
}

/// Lines of a name and a value, the values in one column.
#[derive(Debug, Default)]
pub struct Facts(Vec<(&'static str, String)>);

impl Facts {
    /// Adds a line.
    pub fn add(&mut self, name: &'static str, value: impl ToString) {
        self.0.push((name, value.to_string()));
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let lines: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("  {name:width$}  {value}"))
            .collect();
        out.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_at_the_right() {
        let mut table = Table::new(["name", ">amount"]);
        table.row(["a", "1,000"]);
        table.row(["longer", "5"]);
        assert_eq!(
            table.to_string(),
            "  name    amount\n  a        1,000\n  longer       5"
        );
    }

    #[test]
    fn values_stand_in_one_column() {
        let mut facts = Facts::default();
        facts.add("status", "active");
        facts.add("authority", 5);
        assert_eq!(facts.to_string(), "  status     active\n  authority  5");
    }
}
