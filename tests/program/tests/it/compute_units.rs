//! What `docs/compute-units.md` must say for both runtimes: a figure for every instruction, each under its ceiling, and
//! the ceilings themselves. That the figures are what the built programs take is checked by
//! `cargo xtask bench --check`.

use {
    earnout_tests::ceilings::{self, Runtime},
    serde_json::Value,
    std::collections::BTreeSet,
};

const PAGE: &str = include_str!("../../../../docs/compute-units.md");
const IDL: &str = include_str!("../../../../idl/earnout.json");

/// The most units on each runtime, by instruction and beginning of the scenario: no ceiling may be above. Stated here a
/// second time, so that none is raised in passing.
const PROMISED: [(Runtime, &str, &str, u64); 11] = [
    (Runtime::Frame, "claim", "all, by anyone, SPL Token", 4_000),
    (Runtime::Frame, "settle", "3 individual KPIs, resolved", 5_500),
    (
        Runtime::Frame,
        "settle",
        "16 individual KPIs, 8 oracles disagree",
        45_000,
    ),
    (Runtime::Frame, "observe", "", 15_000),
    (Runtime::Frame, "attest_page", "64 ", 30_000),
    (Runtime::Frame, "dispute", "64 ", 20_000),
    (Runtime::Frame, "rule", "64 ", 20_000),
    (Runtime::Frame, "attest", "second", 2_600),
    (Runtime::Frame, "create_grant", "4 ", 7_700),
    (Runtime::Anchor, "claim", "all, by anyone, SPL Token", 8_700),
    (Runtime::Anchor, "create_grant", "4 ", 12_000),
];

/// The figures of a runtime: instruction, scenario, units and ceiling of each row, and bytes and ceiling of the
/// program.
struct Figures {
    units: Vec<(&'static str, &'static str, u64, Option<u64>)>,
    bytes: (u64, u64),
}

fn figures(runtime: Runtime) -> Figures {
    let (begin, file) = match runtime {
        Runtime::Frame => ("<!-- figures: ", "`earnout.so`"),
        Runtime::Anchor => ("<!-- figures on Anchor's runtime: ", "`earnout_anchor.so`"),
    };
    let cells = |line: &'static str| -> Option<Vec<&'static str>> {
        Some(line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect())
    };
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(begin));
    let rows = lines
        .take_while(|line| !line.starts_with("<!-- end of figures"))
        .filter_map(cells);
    let (mut units, mut bytes) = (Vec::new(), None);
    for row in rows {
        match row[..] {
            [name, size, ceiling, _] if name == file => bytes = Some((size.parse().unwrap(), ceiling.parse().unwrap())),
            [name, scenario, count, ceiling] => {
                if let (Some(name), Ok(count)) = (
                    name.strip_prefix('`').and_then(|name| name.strip_suffix('`')),
                    count.parse(),
                ) {
                    units.push((name, scenario, count, ceiling.parse().ok()));
                }
            }
            _ => {}
        }
    }
    Figures {
        units,
        bytes: bytes.expect("the size of the program"),
    }
}

#[test]
fn every_instruction_has_a_figure() {
    let idl: Value = serde_json::from_str(IDL).unwrap();
    let instructions = idl["instructions"].as_array().unwrap().iter();
    let instructions: BTreeSet<&str> = instructions.map(|one| one["name"].as_str().unwrap()).collect();
    for runtime in [Runtime::Frame, Runtime::Anchor] {
        let figures = figures(runtime);
        let measured: BTreeSet<&str> = figures.units.iter().map(|row| row.0).collect();
        let missing: Vec<&&str> = instructions.difference(&measured).collect();
        assert!(missing.is_empty(), "{runtime:?}: no figure for {missing:?}");
        assert!(instructions.len() >= 29 && figures.units.len() > 50);
    }
}

#[test]
fn a_price_costs_at_most_1500_units() {
    let figures = figures(Runtime::Frame);
    let [in_tokens, in_units] = ["in tokens", "in another unit"].map(|grant| {
        let scenario = format!("1 shared KPI, {grant}");
        let row = figures.units.iter().find(|row| row.0 == "settle" && row.1 == scenario);
        row.map(|row| row.2).expect("a figure")
    });
    assert!(in_units <= in_tokens + 1_500, "{in_tokens} and {in_units} units");
}

#[test]
fn no_figure_exceeds_its_ceiling_and_no_ceiling_was_raised() {
    for runtime in [Runtime::Frame, Runtime::Anchor] {
        let figures = figures(runtime);
        for (name, scenario, units, stated) in figures.units {
            assert_eq!(
                stated,
                ceilings::units(runtime, name, scenario),
                "{runtime:?}: {name}, {scenario}"
            );
            assert!(
                units <= stated.unwrap_or(u64::MAX),
                "{runtime:?}: {name}, {scenario}: {units} units"
            );
            let promised = PROMISED
                .iter()
                .find(|(on, of, begins, _)| *on == runtime && *of == name && scenario.starts_with(begins));
            if let Some((.., most)) = promised {
                assert!(
                    stated.is_some_and(|ceiling| ceiling <= *most),
                    "{runtime:?}: {name}, {scenario}: the ceiling is above {most}"
                );
            }
        }
        let (bytes, ceiling) = figures.bytes;
        assert_eq!(ceiling, ceilings::bytes(runtime));
        assert!(bytes <= ceiling, "{runtime:?}: {bytes} bytes");
    }
}
