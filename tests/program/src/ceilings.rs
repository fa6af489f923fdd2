//! The most that instructions and the built program may take. Figures are checked against them by the bench; that none
//! was raised unseen, by `tests/program/tests/it/compute_units.rs`.

/// On which runtime the program stands: `earnout-frame`, or Anchor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// The frame: `target/deploy/earnout.so`.
    Frame,
    /// Anchor's: `target/deploy/earnout_anchor.so`.
    Anchor,
}

/// Largest number of units of an instruction in the scenarios that begin so; the first that fits counts.
const UNITS: [(Runtime, &str, &str, u64); 40] = [
    (Runtime::Frame, "claim", "a part, by the beneficiary, SPL Token", 4_000),
    (Runtime::Frame, "claim", "all, by anyone, SPL Token", 4_000),
    (Runtime::Frame, "claim", "all, by anyone, while it streams", 4_700),
    (Runtime::Frame, "claim", "", 6_000),
    (Runtime::Frame, "settle", "3 individual KPIs, resolved", 5_500),
    (Runtime::Frame, "settle", "3 ", 8_500),
    (
        Runtime::Frame,
        "settle",
        "16 individual KPIs, 8 oracles disagree",
        45_000,
    ),
    (Runtime::Frame, "settle", "16 individual KPIs, silent, first", 27_500),
    (Runtime::Frame, "settle", "16 ", 25_000),
    (Runtime::Frame, "observe", "", 15_000),
    (Runtime::Frame, "attest_page", "64 ", 30_000),
    (Runtime::Frame, "attest_page", "1 value, creates", 9_000),
    (Runtime::Frame, "attest_page", "1 ", 3_500),
    (Runtime::Frame, "attest", "second", 2_600),
    (Runtime::Frame, "attest", "third", 2_600),
    (Runtime::Frame, "create_grant", "4 ", 7_700),
    (Runtime::Frame, "create_grant", "", 9_500),
    (Runtime::Frame, "dispute", "64 ", 20_000),
    (Runtime::Frame, "dispute", "", 5_500),
    (Runtime::Frame, "rule", "64 ", 20_000),
    (Runtime::Frame, "rule", "", 5_500),
    (Runtime::Anchor, "claim", "a part, by the beneficiary, SPL Token", 8_700),
    (Runtime::Anchor, "claim", "all, by anyone, SPL Token", 8_700),
    (Runtime::Anchor, "claim", "", 11_000),
    (Runtime::Anchor, "settle", "3 ", 13_000),
    (
        Runtime::Anchor,
        "settle",
        "16 individual KPIs, 8 oracles disagree",
        60_000,
    ),
    (Runtime::Anchor, "settle", "16 individual KPIs, silent, first", 36_000),
    (Runtime::Anchor, "settle", "16 ", 33_000),
    (Runtime::Anchor, "observe", "", 18_000),
    (Runtime::Anchor, "attest_page", "64 ", 33_000),
    (Runtime::Anchor, "attest_page", "1 value, creates", 12_000),
    (Runtime::Anchor, "attest_page", "1 ", 6_500),
    (Runtime::Anchor, "attest", "second", 6_000),
    (Runtime::Anchor, "attest", "third", 6_000),
    (Runtime::Anchor, "create_grant", "4 ", 12_000),
    (Runtime::Anchor, "create_grant", "", 13_500),
    (Runtime::Anchor, "dispute", "64 ", 24_000),
    (Runtime::Anchor, "dispute", "", 11_000),
    (Runtime::Anchor, "rule", "64 ", 24_000),
    (Runtime::Anchor, "rule", "", 11_000),
];

/// Largest file, bytes.
const BYTES: [(Runtime, u64); 2] = [(Runtime::Frame, 283_000), (Runtime::Anchor, 500_000)];

/// The most units that an instruction may take in a scenario, if that was stated.
pub fn units(runtime: Runtime, instruction: &str, scenario: &str) -> Option<u64> {
    let found = UNITS
        .iter()
        .find(|(on, name, begins, _)| *on == runtime && *name == instruction && scenario.starts_with(begins));
    found.map(|(.., units)| *units)
}

/// The most bytes that the program may have.
pub fn bytes(runtime: Runtime) -> u64 {
    let found = BYTES.iter().find(|(on, _)| *on == runtime);
    found.map_or(0, |(_, bytes)| *bytes)
}
