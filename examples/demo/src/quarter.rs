//! Quarters of the civil calendar.

use {crate::dates, std::fmt};

/// Months of a quarter.
pub const MONTHS: u16 = 3;

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
        let (year, month) = (i64::from(self.0 / 4), i64::from(self.0 % 4 * MONTHS + 1));
        dates::timestamp(year, month, 1)
    }

    /// The quarters from this one up to and with `last`.
    pub fn up_to(self, last: Self) -> Vec<Self> {
        (self.0..=last.0).map(Self).collect()
    }

    /// How many quarters after `first` this one is.
    pub fn since(self, first: Self) -> u16 {
        self.0.saturating_sub(first.0)
    }

    /// The quarter that begins at `time`, if one does.
    pub fn beginning_at(time: i64) -> Option<Self> {
        let (year, month, day) = dates::civil(time);
        let first = u16::try_from(year).ok().filter(|year| *year <= 9_999)?;
        let quarter = u16::try_from(month - 1).ok()?;
        let quarter = Self(first * 4 + quarter / MONTHS);
        (day == 1 && quarter.start() == time).then_some(quarter)
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
        assert_eq!(quarter.map(Quarter::start), Some(dates::timestamp(2024, 7, 1)));
        assert_eq!(quarter.map(|quarter| quarter.to_string()).as_deref(), Some("2024-Q3"));
        for wrong in [
            "", "2024Q1", "2024-Q0", "2024-Q5", "2024-q1", "24-Q1", "2024-Q11", "+024-Q1", "2024-1", "Q1-2024",
        ] {
            assert_eq!(Quarter::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_quarter_is_known_by_its_first_second() {
        for text in ["0000-Q1", "1969-Q4", "2024-Q1", "9999-Q4"] {
            let quarter = Quarter::parse(text);
            assert_eq!(
                quarter.and_then(|quarter| Quarter::beginning_at(quarter.start())),
                quarter
            );
        }
        assert_eq!(Quarter::beginning_at(dates::timestamp(2024, 2, 1)), None);
        assert_eq!(Quarter::beginning_at(dates::timestamp(2024, 1, 1) + 1), None);
    }
}
