//! The file of values: one grant a row, all mistakes at once.

use {
    earnout::state::Kpi,
    earnout_sdk::{
        terms::plan_file::{Mistake, one_line},
        text::{
            amount,
            names::shortened,
            table::{Record, Table},
        },
    },
    std::collections::BTreeMap,
};

const GRANT: &str = "grant";
const VALUE: &str = "value";
const EVIDENCE: &str = "evidence";

/// Letters of a field that a message repeats: all of a hash, and not all of a line without end.
const MOST_LETTERS: usize = 80;

/// A value of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its line, counted from 1.
    pub line: usize,
    /// Fixed point with the KPI's decimals.
    pub value: i64,
    /// SHA-256 of the document behind it, if one is named.
    pub evidence: Option<[u8; 32]>,
}

/// Reads the values of `kpi` by the numbers of the grants, and finds every mistake of the text. What depends on the
/// grants is not checked: it can be of the rows that are without a mistake here.
pub fn read(text: &str, kpi: &Kpi) -> (BTreeMap<u32, Row>, Vec<Mistake>) {
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    let expected = format!("the header {GRANT},{VALUE} or {GRANT},{VALUE},{EVIDENCE}");
    let table = match Table::read(text, &expected) {
        Ok(table) => table,
        Err(mistake) => return (rows, vec![mistake]),
    };
    if table.columns != [GRANT, VALUE] && table.columns != [GRANT, VALUE, EVIDENCE] {
        return (rows, vec![wrong(table.line, "", format!("expected {expected}"))]);
    }
    let mut mistakes = table.mistakes;
    for record in &table.records {
        match row(record, kpi) {
            Ok((grant, row)) => {
                if let Some(first) = rows.get(&grant) {
                    let what = format!("grant {grant} already stands in line {}; expected it once", first.line);
                    mistakes.push(wrong(record.line, GRANT, what));
                } else {
                    rows.insert(grant, row);
                }
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if rows.is_empty() && mistakes.is_empty() {
        let what = "there is no row below the header; expected one for each grant";
        mistakes.push(wrong(table.line, "", what.to_owned()));
    }
    (rows, mistakes)
}

fn row(record: &Record, kpi: &Kpi) -> Result<(u32, Row), Mistake> {
    let line = record.line;
    let [grant, value, evidence] = [0, 1, 2].map(|column| record.field(column));
    let quoted = |field| format!("{:?}", shortened(field, MOST_LETTERS));
    // Digits alone: Rust would read a sign too.
    let digits = Some(grant).filter(|grant| grant.bytes().all(|byte| byte.is_ascii_digit()));
    let grant = digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let what = format!("is {}; expected the number of a grant, counted from 0", quoted(grant));
        wrong(line, GRANT, what)
    })?;
    if value.is_empty() {
        let what = "is empty; expected a number: leave out the rows of grants that are not reported";
        return Err(wrong(line, VALUE, what.to_owned()));
    }
    let number = amount::parse_value(value, kpi.decimals);
    let number = number.map_err(|error| wrong(line, VALUE, format!("{} {error}", quoted(value))))?;
    if !kpi.accepts(number) {
        let [min, max] = [kpi.range_min, kpi.range_max].map(|end| amount::fixed(end, kpi.decimals));
        let what = format!("is {}; expected {min} to {max}{}", quoted(value), amount::hint(value));
        return Err(wrong(line, VALUE, what));
    }
    let mut digest = [0; 32];
    if !evidence.is_empty() && hex::decode_to_slice(evidence, &mut digest).is_err() {
        let what = format!("is {}; expected a SHA-256, 64 hexadecimal digits", quoted(evidence));
        return Err(wrong(line, EVIDENCE, what));
    }
    let row = Row {
        line,
        value: number,
        evidence: (!evidence.is_empty()).then_some(digest),
    };
    Ok((grant, row))
}

/// A mistake of a line.
pub fn wrong(line: usize, field: &str, what: String) -> Mistake {
    Mistake {
        line: Some(line),
        field: field.to_owned(),
        what: one_line(what),
    }
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    fn kpi() -> Kpi {
        let mut kpi = Kpi::zeroed();
        (kpi.decimals, kpi.range_min, kpi.range_max) = (1, 0, 1_000);
        kpi
    }

    #[test]
    fn values_by_grant() {
        let hash = "ab".repeat(32);
        let text = format!("grant,value,evidence\n7,100,{hash}\n\n0,2.5,\n");
        let (rows, mistakes) = read(&text, &kpi());
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let row = |line, value, evidence| Row { line, value, evidence };
        let expected = [(0, row(4, 25, None)), (7, row(2, 1_000, Some([0xab; 32])))];
        assert_eq!(rows, expected.into());
        assert_eq!(read("grant,value\n1,0\n", &kpi()).0.len(), 1);
    }

    #[test]
    fn numbers_are_plain_digits() {
        let zero = Row {
            line: 2,
            value: 0,
            evidence: None,
        };
        for (row, expected) in [("7,0", Some(7)), ("007,-0", Some(7)), ("\"7\",0.0", Some(7))] {
            let (rows, mistakes) = read(&format!("grant,value\r\n{row}\r\n"), &kpi());
            assert!(mistakes.is_empty(), "{row}: {mistakes:?}");
            assert_eq!(Some(rows), expected.map(|grant| [(grant, zero)].into()), "{row}");
        }
        let large = format!("1,1{}", "0".repeat(30));
        let larger = format!("1,1{}", "0".repeat(300));
        for row in [
            "+7,0",
            "-7,0",
            "7.0,0",
            "1e3,0",
            "\u{667},0",
            "4294967296,0",
            ",0",
            "7,1e3",
            "7,+5",
            "7,\u{665}",
            "7,",
            "7,0x1",
            "7,1.",
            "7,NaN",
            "7,5\u{200b}",
            "\u{200b}7,5",
            "7,-9223372036854775808",
            &large,
            &larger,
        ] {
            let (_, mistakes) = read(&format!("grant,value\n{row}\n"), &kpi());
            assert_eq!((mistakes.len(), mistakes[0].line), (1, Some(2)), "{row}");
        }
        let endless = "4".repeat(100_000);
        let (_, mistakes) = read(
            &format!("grant,value,evidence\n{endless},1,\n1,{endless},\n1,1,{endless}\n"),
            &kpi(),
        );
        assert_eq!(mistakes.len(), 3);
        for mistake in mistakes {
            assert!(mistake.what.len() < 300, "{mistake}");
        }
        let (_, twice) = read("grant,value\n7,1\n007,2\n", &kpi());
        assert!(twice[0].what.contains("line 2"), "{twice:?}");
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let text = "grant,value,evidence\n1,5,\nx,5,\n2,1.25,\n3,100.1,\n1,6,\n4,5,abc\n5,5\n6,,\n";
        let (rows, mut mistakes) = read(text, &kpi());
        // What is right is there: its grants are looked at, so that all mistakes are told at once.
        assert_eq!(rows.into_keys().collect::<Vec<_>>(), [1]);
        mistakes.sort_by_key(|mistake| mistake.line);
        let lines: Vec<_> = mistakes.iter().filter_map(|mistake| mistake.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9]);
        assert!(mistakes[6].what.contains("is empty"), "{:?}", mistakes[6]);
        assert!(mistakes[3].what.contains("line 2"), "{:?}", mistakes[3]);
        for (text, what) in [
            ("grant,value\n", "no row"),
            ("grant,values\n1,2\n", "expected the header grant,value"),
            ("", "expected the header grant,value"),
        ] {
            let (_, mistakes) = read(text, &kpi());
            assert!(mistakes[0].what.contains(what), "{text:?}: {mistakes:?}");
        }
    }
}
