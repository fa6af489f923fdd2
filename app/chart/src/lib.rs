//! Charts of amounts over values and over periods: in the terminal, and as SVG. All arithmetic is on whole numbers.

#![warn(missing_docs)]

mod drawing;
mod panels;
mod svg;
mod terminal;
mod ticks;

pub use {
    panels::{Bars, Panel, Panels, Shown},
    svg::svg,
    terminal::terminal,
};

/// Lines over the same values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// What the chart shows, in a few words.
    pub title: String,
    /// The same in a sentence or two, for those who cannot see it.
    pub description: String,
    /// Values, from left to right.
    pub x: Axis,
    /// Amounts, from 0 upwards.
    pub y: Axis,
    /// Values, rising, at which every line has a point.
    pub values: Vec<i64>,
    /// A value that deserves a mark, and its name.
    pub mark: Option<(i64, String)>,
    /// The lines.
    pub lines: Vec<Line>,
}

/// What an axis measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Name and unit.
    pub label: String,
    /// Decimals of its fixed-point numbers.
    pub decimals: u8,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name in the legend.
    pub name: String,
    /// One for each of the chart's values.
    pub amounts: Vec<u64>,
}

impl Chart {
    /// The first and the last value; the same twice for a chart of one.
    fn span(&self) -> (i64, i64) {
        let first = self.values.first().copied().unwrap_or_default();
        (first, self.values.last().copied().unwrap_or(first))
    }

    /// The largest amount.
    fn most(&self) -> u64 {
        let amounts = self.lines.iter().flat_map(|line| &line.amounts);
        amounts.copied().max().unwrap_or_default()
    }
}

/// `value` between `from` and `to` as a whole number from 0 to `length`, rounded to the nearest.
fn scaled(value: i128, (from, to): (i128, i128), length: u32) -> u32 {
    let span = (to - from).max(1);
    let offset = (value - from).clamp(0, span);
    let nearest = (offset * i128::from(length) * 2 + span) / (span * 2);
    u32::try_from(nearest).unwrap_or(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two lines that meet, over values with one decimal.
    pub fn example() -> Chart {
        Chart {
            title: "What a value pays".to_owned(),
            description: "Two grants & their payout.".to_owned(),
            x: Axis {
                label: "satisfaction, %".to_owned(),
                decimals: 1,
            },
            y: Axis {
                label: "tokens".to_owned(),
                decimals: 2,
            },
            values: (0..=20).map(|step| step * 50).collect(),
            mark: Some((900, "target".to_owned())),
            lines: vec![
                Line {
                    name: "Developer".to_owned(),
                    amounts: (0..=20).map(|step| step * 6_250).collect(),
                },
                Line {
                    name: "Project <Manager>".to_owned(),
                    amounts: (0..=20).map(|step| if step < 10 { 0 } else { 100_000 }).collect(),
                },
            ],
        }
    }

    #[test]
    fn values_are_scaled_to_the_nearest() {
        assert_eq!(scaled(0, (0, 3), 10), 0);
        assert_eq!(scaled(1, (0, 3), 10), 3);
        assert_eq!(scaled(2, (0, 3), 10), 7);
        assert_eq!(scaled(3, (0, 3), 10), 10);
        assert_eq!(scaled(-5, (0, 3), 10), 0);
        assert_eq!(scaled(5, (5, 5), 10), 0);
        assert_eq!(
            scaled(i64::MAX.into(), (i64::MIN.into(), i64::MAX.into()), 1_000),
            1_000
        );
    }
}
