//! Tables: plain text with columns as wide as their widest cell, Markdown, or CSV, from the same rows.

use {
    super::text::{cell, markdown, safe},
    comfy_table::{CellAlignment, ContentArrangement, Table, presets},
    earnout_sdk::text::amount,
    std::{
        fmt,
        io::{self, Write},
    },
};

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// What others wrote: it must stay text, whatever the form.
    Text(String),
    /// Our own words, numbers and times.
    Own(String),
    /// Keys and hashes.
    Keys(Vec<String>),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for Cell {
    fn from(text: &'static str) -> Self {
        Self::Own(text.to_owned())
    }
}

impl Cell {
    fn terminal(&self) -> String {
        match self {
            Self::Text(text) => safe(text),
            Self::Own(text) => text.clone(),
            Self::Keys(keys) => keys.join(", "),
        }
    }

    fn markdown(&self) -> String {
        let quoted = |key: &String| format!("`{key}`");
        match self {
            Self::Text(text) => markdown(text),
            Self::Own(text) => text.clone(),
            Self::Keys(keys) => keys.iter().map(quoted).collect::<Vec<_>>().join("<br>"),
        }
    }
}

/// A table in the making.
#[derive(Debug)]
pub struct Sheet {
    headings: Vec<(Cell, CellAlignment)>,
    rows: Vec<Vec<Cell>>,
}

impl Sheet {
    /// An empty one. Columns whose heading begins with `>` are aligned to the right.
    pub fn new<T: Into<Cell>>(headings: impl IntoIterator<Item = T>) -> Self {
        let heading = |heading: T| {
            let mut cell = heading.into();
            let mut alignment = CellAlignment::Left;
            if let Cell::Text(text) | Cell::Own(text) = &mut cell
                && text.starts_with('>')
            {
                text.remove(0);
                alignment = CellAlignment::Right;
            }
            (cell, alignment)
        };
        Self {
            headings: headings.into_iter().map(heading).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, one cell for each column.
    pub fn row<T: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(T::into).collect());
    }

    /// The table in Markdown, each row in a line.
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = |alignment: &CellAlignment| match alignment {
            CellAlignment::Right => "---:".to_owned(),
            _ => "---".to_owned(),
        };
        let (names, rules) = self
            .headings
            .iter()
            .map(|(name, at)| (name.markdown(), rule(at)))
            .unzip();
        let rows = self
            .rows
            .iter()
            .map(|row| line(row.iter().map(Cell::markdown).collect()));
        [line(names), line(rules)].into_iter().chain(rows).collect()
    }
}

impl fmt::Display for Sheet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut layout = Table::new();
        layout.load_preset(presets::NOTHING);
        layout.set_content_arrangement(ContentArrangement::Disabled);
        layout.set_header(self.headings.iter().map(|(name, _)| name.terminal()));
        layout.add_rows(self.rows.iter().map(|row| row.iter().map(Cell::terminal)));
        for (column, (_, alignment)) in layout.column_iter_mut().zip(&self.headings) {
            column.set_cell_alignment(*alignment);
        }
        let lines: Vec<_> = layout.lines().map(|line| format!(" {}", line.trim_end())).collect();
        out.write_str(&lines.join("\n"))
    }
}

/// Writes rows as CSV as they come: of large reports not all rows are in memory.
///
/// # Errors
/// If the writer fails.
pub fn csv(
    out: &mut impl Write,
    headings: &[impl AsRef<[u8]>],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(headings)?;
    for row in rows {
        writer.write_record(row.iter().map(|text| csv_cell(text)))?;
    }
    writer.flush()
}

/// A number as it is, any other text so that no spreadsheet computes it.
fn csv_cell(text: &str) -> String {
    let digits = text.strip_prefix('-').unwrap_or(text);
    match !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        true => text.to_owned(),
        false => cell(text),
    }
}

/// An amount that a spreadsheet takes for a number.
pub fn plain(amount: u64, decimals: u8) -> String {
    amount::tokens(amount, decimals).replace(',', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let mut sheet = Sheet::new(["name", ">amount"]);
        sheet.row(["a|b\u{202e}".to_owned().into(), Cell::from("1,000")]);
        sheet.row([Cell::Keys(vec!["k".to_owned(), "l".to_owned()]), Cell::from("-")]);
        sheet
    }

    #[test]
    fn numbers_stand_at_the_right() {
        let expected = "  name         amount\n  a|b\\u{202e}   1,000\n  k, l              -";
        assert_eq!(sheet().to_string(), expected);
    }

    #[test]
    fn markdown_quotes_keys_and_what_others_wrote() {
        let expected = "| name | amount |\n| --- | ---: |\n| a\\|b\\\\u\\{202e\\} | 1,000 |\n| `k`<br>`l` | - |\n";
        assert_eq!(sheet().markdown(), expected);
    }

    #[test]
    fn csv_has_numbers_and_no_formulas() {
        let mut out = Vec::new();
        let rows = ["=1", "-2.5", "-2+3"].map(|text| vec![text.to_owned()]);
        csv(&mut out, &["value"], rows).expect("memory");
        assert_eq!(String::from_utf8_lossy(&out), "value\n'=1\n-2.5\n'-2+3\n");
    }
}
