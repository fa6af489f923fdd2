//! Values as people read them.

use {earnout::state::KpiArgs, earnout_core::FULL_SCORE, earnout_sdk::text::amount::fixed};

/// The value that the curve calls the target.
pub fn target(kpi: &KpiArgs) -> String {
    let target = kpi.points.iter().find(|point| point.score == FULL_SCORE);
    target.map_or_else(|| "-".to_owned(), |point| value(point.value, kpi))
}

pub fn value(value: i64, kpi: &KpiArgs) -> String {
    format!("{} {}", fixed(value, kpi.decimals), kpi.unit)
        .trim_end()
        .to_owned()
}
