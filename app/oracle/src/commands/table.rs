//! Tables on a terminal.

use comfy_table::{ContentArrangement, Table, TableComponent, presets};

/// A table with a header line.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_style(TableComponent::MiddleHeaderIntersections, '─')
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    table
}

/// Text that a stranger wrote, without what could change the terminal.
pub fn harmless(text: &str) -> String {
    let visible = |c: char| {
        !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if visible(c) { c } else { '\u{fffd}' }).collect()
}
