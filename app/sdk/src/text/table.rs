//! Files of comma-separated values: a header, and below it a record in each line. Everything that reads such a file
//! reads it through this.
//!
//! A record is what the `csv` crate says it is, and each stands in a line of its own, so that a mistake has its line
//! and a record its hash. A line with anything that programs read differently is refused: a carriage return inside it,
//! a quoted field that goes on in the next line, a quotation mark in the middle of a field.

use crate::terms::plan_file::Mistake;

/// Characters with which a spreadsheet begins what it computes.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<'a> {
    /// Line of the header, counted from 1.
    pub line: usize,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Records with a field for each column, at least one of them not empty.
    pub records: Vec<Record<'a>>,
    /// What is wrong with other lines.
    pub mistakes: Vec<Mistake>,
}

/// A line below the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The line, counted from 1.
    pub line: usize,
    /// Its fields, without the white space around them.
    pub fields: Vec<String>,
    /// The line as it stands in the file, without its end.
    pub text: &'a str,
}

impl Record<'_> {
    /// The field of a column, counted from 0; empty if there is no such column.
    pub fn field(&self, column: usize) -> &str {
        self.fields.get(column).map(String::as_str).unwrap_or_default()
    }
}

impl<'a> Table<'a> {
    /// Reads a text. `expected` names the columns, for messages. A record without content is left out.
    ///
    /// # Errors
    /// The mistake of a text whose header cannot be read. Those of other lines are in [`Table::mistakes`].
    pub fn read(text: &'a str, expected: &str) -> Result<Self, Mistake> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // Its values would be told as columns, and a key file would be told byte by byte.
        if text.trim_start().starts_with(['[', '{']) {
            return Err(mistake(1, format!("is JSON; expected {expected}")));
        }
        let mut table: Option<Self> = None;
        let mut mistakes = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let read = match &table {
                None => separator(text).map_or_else(|| fields(text), Err),
                Some(_) => fields(text),
            };
            let fields = match (read, &table) {
                (Ok(fields), _) if fields.iter().all(String::is_empty) => continue,
                (Ok(fields), _) => fields,
                (Err(what), None) => return Err(mistake(line, what)),
                (Err(what), Some(_)) => {
                    mistakes.push(mistake(line, what));
                    continue;
                }
            };
            match &mut table {
                None => {
                    table = Some(Self {
                        line,
                        columns: fields,
                        records: Vec::new(),
                        mistakes: Vec::new(),
                    });
                }
                Some(table) if fields.len() == table.columns.len() => {
                    table.records.push(Record { line, fields, text });
                }
                Some(table) => {
                    let (found, expected) = (fields.len(), table.columns.len());
                    let quoted = match found > expected {
                        true => ", and quotation marks around a field with a comma",
                        false => "",
                    };
                    let what = format!("the row has {found} fields; expected {expected} as in the header{quoted}");
                    mistakes.push(mistake(line, what));
                }
            }
        }
        let table = table.ok_or_else(|| mistake(1, format!("the file is empty; expected {expected}")))?;
        Ok(Self { mistakes, ..table })
    }

    /// Places of the columns of this name.
    pub fn places(&self, name: &str) -> impl Iterator<Item = usize> {
        let places = self.columns.iter().enumerate();
        places
            .filter(move |(_, column)| *column == name)
            .map(|(place, _)| place)
    }
}

/// A text as a field that no spreadsheet computes. Reading a [`Table`] takes the apostrophe away again.
pub fn guarded(text: &str) -> String {
    match begins_formula(text) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// The text that [`guarded`] wrote.
fn unguarded(field: &str) -> &str {
    let text = field.strip_prefix('\'').filter(|text| begins_formula(text));
    text.unwrap_or(field)
}

/// Whether a formula begins the text, guarded any number of times.
fn begins_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// What is wrong with a header whose columns are separated by something else.
fn separator(header: &str) -> Option<String> {
    if header.trim_start_matches('"').to_ascii_lowercase().starts_with("sep=") {
        return Some(
            "sep= is meant for spreadsheets only; take the line out, and separate columns by commas".to_owned(),
        );
    }
    let count = |mark: char| header.matches(mark).count();
    let marks = [(';', "semicolons"), ('\t', "tabs"), ('|', "vertical bars")];
    let (_, name) = marks.into_iter().find(|(mark, _)| count(*mark) > count(','))?;
    Some(format!(
        "the columns are separated by {name}; expected commas: save the file as CSV with commas between columns, and points \
         before decimals"
    ))
}

/// The fields of a line.
fn fields(line: &str) -> Result<Vec<String>, String> {
    check(line)?;
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).trim(csv::Trim::All);
    let mut reader = reader.from_reader(line.as_bytes());
    let mut records = reader.records();
    let fields = match records.next() {
        None => Vec::new(),
        Some(Ok(record)) => record.iter().map(|field| unguarded(field).to_owned()).collect(),
        Some(Err(error)) => return Err(format!("the line cannot be read as CSV: {error}")),
    };
    match records.next() {
        None => Ok(fields),
        Some(_) => Err("the line holds more than one record; expected each in a line of its own".to_owned()),
    }
}

/// Where in a field a character stands.
enum Place {
    Start,
    Plain,
    Quoted,
    /// After a quotation mark in a quoted field: its end, or the first of two.
    Closing,
}

/// Refuses what programs read differently.
fn check(line: &str) -> Result<(), String> {
    let mut place = Place::Start;
    for letter in line.chars() {
        match letter {
            '\t' => {}
            '\r' => {
                return Err(
                    "a carriage return stands inside the line, and some programs end a line there; save the file with \
                     line feeds at the ends of lines"
                        .to_owned(),
                );
            }
            '\0' => return Err("a zero byte stands in the line; save the file as UTF-8 text".to_owned()),
            _ if letter.is_control() => {
                return Err(format!(
                    "the control character U+{:04X} stands in the line; take it out",
                    u32::from(letter)
                ));
            }
            _ => {}
        }
        place = match (place, letter) {
            (Place::Start | Place::Closing, '"') => Place::Quoted,
            (Place::Plain, '"') => {
                return Err(
                    "a quotation mark stands inside a field; expected quotation marks around the whole field, and two for \
                     each one inside it"
                        .to_owned(),
                );
            }
            (Place::Quoted, '"') => Place::Closing,
            (Place::Quoted, _) => Place::Quoted,
            (_, ',') => Place::Start,
            (Place::Closing, _) => {
                return Err(
                    "text stands after a closing quotation mark; expected a comma, or the end of the line".to_owned(),
                );
            }
            (Place::Start | Place::Plain, _) => Place::Plain,
        };
    }
    match place {
        Place::Quoted => Err("a quoted field does not end in its line; expected the closing quotation mark".to_owned()),
        _ => Ok(()),
    }
}

fn mistake(line: usize, what: String) -> Mistake {
    Mistake {
        line: Some(line),
        field: String::new(),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Table<'_> {
        Table::read(text, "a header").expect("a header")
    }

    fn refused(text: &str) -> Vec<String> {
        match Table::read(text, "a header") {
            Ok(table) => table.mistakes.iter().map(ToString::to_string).collect(),
            Err(mistake) => vec![mistake.to_string()],
        }
    }

    #[test]
    fn a_key_file_is_named_and_not_told() {
        for text in ["[197,128,250]", "\u{feff}\n {\"a\": 1}"] {
            let mistake = Table::read(text, "a table").unwrap_err();
            assert_eq!(mistake.what, "is JSON; expected a table");
        }
    }

    #[test]
    fn records_are_what_the_csv_crate_reads() {
        let text = "a,b\n1,\"x, \"\"y\"\"\"\r\n\n , \n\"\",\"\"\n 2 ,\u{a0}z\u{a0}\n'=1,'x\n";
        let table = read(text);
        assert_eq!((table.line, &table.mistakes[..]), (1, &[][..]));
        let mut all = csv::ReaderBuilder::new();
        let all = all.trim(csv::Trim::All).flexible(true);
        let expected: Vec<Vec<String>> = all
            .from_reader(text.as_bytes())
            .records()
            .map(|record| record.expect("a record").iter().map(str::to_owned).collect())
            .filter(|fields: &Vec<String>| fields.iter().any(|field| !field.is_empty()))
            .collect();
        let mut read: Vec<_> = table.records.iter().map(|record| record.fields.clone()).collect();
        assert_eq!(read[2], ["=1", "'x"], "what guards a formula is taken away");
        read[2][0] = "'=1".to_owned();
        assert_eq!(read, expected);
        let lines: Vec<_> = table.records.iter().map(|record| (record.line, record.text)).collect();
        assert_eq!(
            lines,
            [(2, "1,\"x, \"\"y\"\"\""), (6, " 2 ,\u{a0}z\u{a0}"), (7, "'=1,'x")]
        );
    }

    #[test]
    fn nothing_is_read_that_programs_read_differently() {
        for (text, expected) in [
            ("a,b\r1,2\r", "1: a carriage return"),
            ("a,b\n1,2\r3,4\n", "2: a carriage return"),
            ("a,b\n1,2\r", "2: a carriage return"),
            ("a,b\n1,\"2\r\"\n", "2: a carriage return"),
            ("a,b\n1,\"2\n3\"\n", "2: a quoted field does not end in its line"),
            ("a,b\n1,2\"x\"\n", "2: a quotation mark stands inside a field"),
            ("a,b\n1, \"2\"\n", "2: a quotation mark stands inside a field"),
            ("a,b\n1,\"2\"x\n", "2: text stands after a closing quotation mark"),
            ("a,b\n1,2\0\n", "2: a zero byte"),
            ("a,b\n1,\u{1b}2\n", "2: the control character U+001B"),
            (
                "a,b\n1,2,3\n",
                "2: the row has 3 fields; expected 2 as in the header, and quotation marks",
            ),
            ("a,b\n1\n", "2: the row has 1 fields; expected 2 as in the header"),
            ("a;b\n1;2\n", "1: the columns are separated by semicolons"),
            ("a\tb\n1\t2\n", "1: the columns are separated by tabs"),
            ("sep=;\na;b\n", "1: sep= is meant for spreadsheets"),
            ("", "1: the file is empty; expected a header"),
            ("\u{feff}", "1: the file is empty; expected a header"),
            ("\n \n,,\n", "1: the file is empty; expected a header"),
        ] {
            let said = refused(text);
            assert!(said[0].starts_with(expected), "{text:?}: {said:?}");
        }
        assert_eq!(read("\u{feff}a,b\n1,2").columns, ["a", "b"]);
    }

    #[test]
    fn every_guarded_text_is_read_back() {
        for text in [
            "=HYPERLINK(\"x\")",
            "+1",
            "-2+3",
            "@x",
            "'=1",
            "''-",
            "'x",
            "x",
            "",
            "it's",
        ] {
            let guarded = guarded(text);
            assert!(!guarded.starts_with(['=', '+', '-', '@']), "{guarded}");
            let quoted = format!("a,b\n\"{}\",1\n", guarded.replace('"', "\"\""));
            let table = read(&quoted);
            assert_eq!(table.records[0].fields[0], text);
        }
    }
}
