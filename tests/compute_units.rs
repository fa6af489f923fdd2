//! What `docs/compute-units.md` must say: a figure for every instruction, each under its ceiling, and the ceilings themselves.
//! That the figures are what the built program takes is checked by `cargo xtask bench --check`.

use {
    serde_json::Value,
    std::collections::{BTreeMap, BTreeSet},
};

const PAGE: &str = include_str!("../docs/compute-units.md");
const IDL: &str = include_str!("../idl/earnout.json");

/// Largest number of units by instruction, in every scenario that begins so.
const CEILINGS: [(&str, &str, u64); 9] = [
    ("claim", "", 13_000),
    ("create_grant", "", 25_000),
    ("attest", "second", 10_000),
    ("attest", "third", 10_000),
    ("settle", "3 ", 20_000),
    ("settle", "16 ", 60_000),
    ("dispute", "", 15_000),
    ("rule", "", 15_000),
    ("`earnout.so`", "", 800_000),
];

/// Instruction, scenario, units and ceiling of each row.
fn rows() -> Vec<(&'static str, &'static str, u64, Option<u64>)> {
    let cells = |line: &'static str| -> Option<Vec<&'static str>> {
        Some(line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect())
    };
    PAGE.lines()
        .take_while(|line| !line.starts_with("<!-- end of figures"))
        .filter_map(cells)
        .filter_map(|cells| match cells[..] {
            ["`earnout.so`", bytes, ceiling, _] => {
                Some(("`earnout.so`", "", bytes.parse().ok()?, ceiling.parse().ok()))
            }
            [name, scenario, units, ceiling] => {
                let name = name.strip_prefix('`')?.strip_suffix('`')?;
                Some((name, scenario, units.parse().ok()?, ceiling.parse().ok()))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn every_instruction_has_a_figure() {
    let idl: Value = serde_json::from_str(IDL).unwrap();
    let instructions = idl["instructions"].as_array().unwrap().iter();
    let instructions: BTreeSet<&str> = instructions.map(|one| one["name"].as_str().unwrap()).collect();
    let measured: BTreeSet<&str> = rows().iter().map(|row| row.0).collect();
    let missing: Vec<&&str> = instructions.difference(&measured).collect();
    assert!(missing.is_empty(), "no figure for {missing:?}");
    assert!(instructions.len() >= 27 && rows().len() > 45);
}

#[test]
fn no_figure_exceeds_its_ceiling_and_no_ceiling_was_raised() {
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (name, scenario, units, stated) in rows() {
        let ceiling = CEILINGS
            .iter()
            .find(|(of, begins, _)| *of == name && scenario.starts_with(begins));
        if let Some((of, begins, ceiling)) = ceiling {
            assert_eq!(stated, Some(*ceiling), "{name}, {scenario}: the ceiling");
            assert!(units <= *ceiling, "{name}, {scenario}: {units} units");
            *found.entry((of, begins)).or_default() += 1;
        }
    }
    assert_eq!(
        found.len(),
        CEILINGS.len(),
        "a ceiling without a figure: only {found:?}"
    );
}
