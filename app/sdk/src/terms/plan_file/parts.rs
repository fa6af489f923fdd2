//! What KPIs, prices and feeds have in common.

use {
    crate::text::names,
    earnout::state::{CurvePoint, Interpolation, KpiArgs, Scope},
};

/// How many hexadecimal digits 32 bytes have: a SHA-256, or the identifier of a feed.
pub(super) const HASH_DIGITS: usize = 64;

/// A KPI that the program accepts, so that one part at a time can be put in and judged.
pub(super) fn sound() -> KpiArgs {
    KpiArgs {
        name: "sound".to_owned(),
        unit: String::new(),
        rubric_hash: [0; 32],
        decimals: 0,
        scope: Scope::Shared,
        range_min: 0,
        range_max: 0,
        interpolation: Interpolation::Linear,
        points: vec![CurvePoint { value: 0, score: 0 }],
        default_score: 0,
        default_price: None,
        feed: None,
    }
}

/// What is wrong with a name that could be taken for a number; none if it could not.
pub(super) fn as_number(name: &str) -> Option<String> {
    names::is_number(name)
        .then(|| format!("{name:?} could be taken for the number of a KPI; expected a name with letters"))
}

/// The 32 bytes that hexadecimal digits stand for.
pub(super) fn digits(text: &str) -> Option<[u8; 32]> {
    let mut read = [0; 32];
    hex::decode_to_slice(text, &mut read).ok().map(|()| read)
}
