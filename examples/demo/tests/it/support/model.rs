//! The rules of the contributor programme computed a second time, from the text of the rules alone.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Return,
    CarryOver,
    Redistribute,
}

impl Policy {
    pub const ALL: [Self; 3] = [Self::Return, Self::CarryOver, Self::Redistribute];

    pub fn name(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::CarryOver => "carry-over",
            Self::Redistribute => "redistribute",
        }
    }
}

/// What a contributor must get, base units.
#[derive(Debug)]
pub struct Expected {
    pub allocation: u128,
    pub earned: Vec<u128>,
    pub bonus: Vec<u128>,
}

/// Commits, test files, doc files.
type Values = (u128, u128, u128);

/// The quarters, and each contributor's amounts, of rows (year · 4 + quarter, contributor, values).
pub fn expected(rows: &[(u32, String, Values)], policy: Policy) -> (Vec<String>, BTreeMap<String, Expected>) {
    let first = rows.iter().map(|row| row.0).min().unwrap();
    let last = rows.iter().map(|row| row.0).max().unwrap();
    let names: BTreeSet<&String> = rows.iter().map(|row| &row.1).collect();
    let n = u128::from(last - first + 1);
    let allocation = 10_000_000_000_000 / names.len() as u128;
    let cells: BTreeMap<(u32, &String), Values> = rows.iter().map(|row| ((row.0, &row.1), row.2)).collect();

    let mut result: BTreeMap<String, Expected> = BTreeMap::new();
    let mut carried: BTreeMap<&String, u128> = BTreeMap::new();
    for name in &names {
        let expected = Expected {
            allocation,
            earned: Vec::new(),
            bonus: Vec::new(),
        };
        result.insert(name.to_string(), expected);
    }
    for i in 0..n {
        let tranche = allocation * (i + 1) / n - allocation * i / n;
        let quarter = first + u32::try_from(i).unwrap();
        let mut pool = 0;
        let mut shares = BTreeMap::new();
        for name in &names {
            let (commits, tests, docs) = cells.get(&(quarter, name)).copied().unwrap_or_default();
            // All weight is on KPIs, so that the credit is what they earn. A full credit is 10,000 · 10,000.
            let credit = 5_000 * (commits.min(20) * 10_000 / 20)
                + 3_000 * (tests.min(50) * 10_000 / 50)
                + 2_000
                    * match docs {
                        0 => 0,
                        1..=4 => 2_500,
                        5..=19 => 5_000,
                        _ => 10_000,
                    };
            let carry = carried.remove(name).unwrap_or_default();
            let earned = (tranche + carry) * credit / 100_000_000;
            let unearned = tranche + carry - earned;
            match policy {
                Policy::Return => {}
                Policy::CarryOver => drop(carried.insert(name, unearned)),
                Policy::Redistribute => pool += unearned,
            }
            shares.insert(*name, tranche * credit / 100_000_000);
            result.get_mut(*name).unwrap().earned.push(earned);
        }
        let all: u128 = shares.values().sum();
        for name in &names {
            let share = (pool * shares[*name]).checked_div(all).unwrap_or(0);
            result.get_mut(*name).unwrap().bonus.push(share.min(tranche));
        }
    }
    let quarters = (first..=last).map(|quarter| format!("{:04}-Q{}", quarter / 4, quarter % 4 + 1));
    (quarters.collect(), result)
}

/// The rows of a plain record: no quotes, these columns named in the header.
pub fn rows(text: &str) -> Vec<(u32, String, Values)> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows = lines.map(|line| {
        let cells: BTreeMap<&str, &str> = header.iter().copied().zip(line.split(',')).collect();
        let (year, quarter) = cells["quarter"].split_once("-Q").unwrap();
        let number = |name: &str| cells[name].parse::<u128>().unwrap();
        (
            year.parse::<u32>().unwrap() * 4 + quarter.parse::<u32>().unwrap() - 1,
            cells["contributor"].to_owned(),
            (
                number("commits"),
                number("test_files_changed"),
                number("doc_files_changed"),
            ),
        )
    });
    rows.collect()
}
