//! Quarters of the civil calendar.

use {earnout_core::calendar::add_months, std::fmt};

/// Months of a quarter.
pub const MONTHS: u16 = 3;

/// Beginning of the year 0, Unix seconds.
const YEAR_0: i64 = -62_167_219_200;

/// A quarter, counted from the first one of year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter(u16);

impl Quarter {
    /// Reads `2024-Q1`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, quarter) = text.split_once("-Q")?;
        let is_number = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(year, 4) || !is_number(quarter, 1) {
            return None;
        }
        let (year, quarter): (u16, u16) = (year.parse().ok()?, quarter.parse().ok()?);
        (1..=4).contains(&quarter).then(|| Self(year * 4 + quarter - 1))
    }

    /// The first second, Unix seconds.
    pub fn start(self) -> i64 {
        add_months(YEAR_0, u32::from(self.0) * u32::from(MONTHS)).unwrap_or(YEAR_0)
    }

    /// The quarters from this one up to and with `last`.
    pub fn up_to(self, last: Self) -> Vec<Self> {
        (self.0..=last.0).map(Self).collect()
    }

    /// How many quarters after `first` this one is.
    pub fn since(self, first: Self) -> u16 {
        self.0.saturating_sub(first.0)
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.0 / 4, self.0 % 4 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_form_is_a_quarter() {
        let quarter = Quarter::parse("2024-Q3");
        assert_eq!(quarter.map(Quarter::start), Some(1_719_792_000));
        assert_eq!(quarter.map(|quarter| quarter.to_string()).as_deref(), Some("2024-Q3"));
        for wrong in [
            "", "2024Q1", "2024-Q0", "2024-Q5", "2024-q1", "24-Q1", "2024-Q11", "+024-Q1", "2024-1", "Q1-2024",
        ] {
            assert_eq!(Quarter::parse(wrong), None, "{wrong}");
        }
    }
}
