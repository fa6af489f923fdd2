//! Who reports the values of a year.

use {crate::programme::Vote, earnout_sdk::terms::plan_file::Values};

/// The votes on a period: as many of the oracles as decide report, in turn; that resolves the values. A value that is
/// missing was never reported.
pub fn of_period(values: &Values, period: u16, oracles: usize, threshold: u8) -> Vec<Vote> {
    let mut votes = Vec::new();
    for (index, turn) in (0..usize::from(threshold)).zip(usize::from(period)..) {
        debug_assert!(index < oracles);
        votes.extend(values.of_period(period).map(|(kpi, grant, value)| Vote {
            oracle: turn % oracles.max(1),
            kpi,
            grant,
            value: value.value,
            evidence: value.evidence,
        }));
    }
    votes
}
