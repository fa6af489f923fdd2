//! One line of a CSV file at a time, so that every mistake has its line.

/// The fields of a line, spaces around them removed.
///
/// # Errors
/// If the line is no CSV by itself.
pub fn fields(line: &str) -> Result<Vec<String>, String> {
    if !line.matches('"').count().is_multiple_of(2) {
        return Err("a quoted field does not end in its line; expected the closing quotation mark".to_owned());
    }
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(line.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => Ok(record.iter().map(str::to_owned).collect()),
        Some(Err(error)) => Err(format!("the line is no CSV: {error}")),
        None => Ok(Vec::new()),
    }
}

/// Whether a line has no content: nothing, or nothing but separators, as spreadsheets leave behind.
pub fn is_blank(line: &str) -> bool {
    line.chars().all(|char| char == ',' || char.is_whitespace())
}
