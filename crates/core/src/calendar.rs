//! Periods, their boundaries and the deadlines after them.
//!
//! Period `p` is the half-open interval from `boundary(p)` to `boundary(p + 1)`. Boundaries are counted in equal steps
//! of seconds or of civil months, always from the start: a calendar that starts on 31 January and steps by one month
//! has its boundaries on the last day of February, on 31 March, on 30 April, and so on.

use crate::{Error, MAX_PERIODS, Result, math::mul};

const SECONDS_PER_DAY: u64 = 86_400;
/// No day further from 1970 has a time.
const LAST_DAY: u64 = i64::MAX.cast_unsigned() / SECONDS_PER_DAY;
/// Days of the shortest month.
const SHORTEST_MONTH: u32 = 28;
/// The Gregorian calendar repeats after this many months and days.
const CYCLE_MONTHS: u64 = 4_800;
const CYCLE_DAYS: u64 = 146_097;
/// Days from 1 March of year 0 to 1 January 1970.
const EPOCH_DAYS: i64 = 719_468;

/// The length of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// Every period lasts this many seconds.
    Seconds(u32),
    /// Every period lasts this many civil UTC months.
    Months(u16),
}

/// When the periods of a plan begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The beginning of period 0, in seconds since 1970-01-01 00:00 UTC.
    pub start_ts: i64,
    /// The length of each period.
    pub cadence: Cadence,
    /// The number of periods, 1 to [`MAX_PERIODS`].
    pub period_count: u16,
}

impl Calendar {
    /// Checks the terms: a possible number of periods, a cadence that is not zero, and every boundary computable, up to
    /// the one period past the end that a linear release needs.
    ///
    /// Boundaries then strictly rise, by at least a second or a month, so that the last one stands for all.
    ///
    /// # Errors
    /// `BadPeriodCount`, `NoCadence`, or `Overflow` if the last boundary is not a time.
    pub fn validate(&self) -> Result<()> {
        if !(1..=MAX_PERIODS).contains(&self.period_count) {
            return Err(Error::BadPeriodCount);
        }
        if matches!(self.cadence, Cadence::Seconds(0) | Cadence::Months(0)) {
            return Err(Error::NoCadence);
        }
        self.boundary(self.last_boundary()?).map(|_| ())
    }

    /// The time at which period `index` begins and period `index - 1` ends.
    ///
    /// `start + index · seconds`, or `index · months` civil months after the start. The index runs from 0 to
    /// `period_count + 1`: one period past the end, in which the last tranche streams under a linear release.
    ///
    /// # Errors
    /// `PeriodOutOfRange` for an index beyond that; `Overflow` if the result is not a time.
    ///
    /// ```
    /// use earnout_core::calendar::{Cadence, Calendar};
    ///
    /// // From 31 January 2024, 00:00 UTC, monthly.
    /// let calendar = Calendar { start_ts: 1_706_659_200, cadence: Cadence::Months(1), period_count: 12 };
    /// assert_eq!(calendar.boundary(1), Ok(1_709_164_800)); // 29 February
    /// assert_eq!(calendar.boundary(2), Ok(1_711_843_200)); // 31 March
    /// ```
    pub fn boundary(&self, index: u16) -> Result<i64> {
        if index > self.last_boundary()? {
            return Err(Error::PeriodOutOfRange);
        }
        match self.cadence {
            Cadence::Seconds(seconds) => mul(u64::from(seconds), u64::from(index))
                .and_then(|offset| self.start_ts.checked_add_unsigned(offset))
                .ok_or(Error::Overflow),
            Cadence::Months(months) => {
                let months = u32::from(months).checked_mul(u32::from(index)).ok_or(Error::Overflow)?;
                add_months(self.start_ts, months)
            }
        }
    }

    /// The first second of a period.
    ///
    /// # Errors
    /// `PeriodOutOfRange` unless `period < period_count`; `Overflow` if the result is not a time.
    pub fn period_start(&self, period: u16) -> Result<i64> {
        self.check_period(period)?;
        self.boundary(period)
    }

    /// The first second after a period.
    ///
    /// # Errors
    /// `PeriodOutOfRange` unless `period < period_count`; `Overflow` if the result is not a time.
    pub fn period_end(&self, period: u16) -> Result<i64> {
        self.check_period(period)?;
        self.boundary(period.checked_add(1).ok_or(Error::Overflow)?)
    }

    /// The first second after the last period.
    ///
    /// # Errors
    /// `Overflow` if the result is not a time.
    pub fn end(&self) -> Result<i64> {
        self.boundary(self.period_count)
    }

    /// The period that contains the time `now`; none before the start, after the end, or if the calendar is not valid.
    ///
    /// ```
    /// use earnout_core::calendar::{Cadence, Calendar};
    ///
    /// let calendar = Calendar { start_ts: 1_000, cadence: Cadence::Seconds(60), period_count: 2 };
    /// assert_eq!(calendar.period_at(999), None);
    /// assert_eq!(calendar.period_at(1_059), Some(0));
    /// assert_eq!(calendar.period_at(1_060), Some(1));
    /// assert_eq!(calendar.period_at(1_120), None);
    /// ```
    pub fn period_at(&self, now: i64) -> Option<u16> {
        if now < self.start_ts {
            return None;
        }
        let period = match self.cadence {
            Cadence::Seconds(seconds) => {
                u16::try_from(now.abs_diff(self.start_ts).checked_div(u64::from(seconds))?).ok()?
            }
            Cadence::Months(months) => {
                let (from, _) = civil(div_rem_floor(self.start_ts, SECONDS_PER_DAY)?.0)?;
                let (to, _) = civil(div_rem_floor(now, SECONDS_PER_DAY)?.0)?;
                let period = to.abs_diff(from).checked_div(u64::from(months))?;
                let period = u16::try_from(period).ok()?;
                // Whole months put the boundary in the right month, but perhaps later in it than `now`.
                if period <= self.period_count && self.boundary(period).ok()? > now {
                    period.checked_sub(1)?
                } else {
                    period
                }
            }
        };
        (period < self.period_count).then_some(period)
    }

    fn check_period(&self, period: u16) -> Result<()> {
        if period < self.period_count {
            Ok(())
        } else {
            Err(Error::PeriodOutOfRange)
        }
    }

    fn last_boundary(&self) -> Result<u16> {
        self.period_count.checked_add(1).ok_or(Error::BadPeriodCount)
    }
}

/// The time `months` civil UTC months after `ts`.
///
/// The time of day stays; the day of the month stays too, or becomes the last of a month that is too short for it.
/// Exact for every `ts`, before 1970 too.
///
/// # Errors
/// `Overflow` if the result does not fit `i64`.
///
/// ```
/// use earnout_core::calendar::add_months;
///
/// let leap_day = 1_709_210_096; // 2024-02-29 12:34:56
/// assert_eq!(add_months(leap_day, 12), Ok(1_740_746_096)); // 2025-02-28 12:34:56
/// assert_eq!(add_months(leap_day, 48), Ok(1_835_440_496)); // 2028-02-29 12:34:56
/// ```
pub fn add_months(ts: i64, months: u32) -> Result<i64> {
    if months == 0 {
        return Ok(ts);
    }
    later_by_months(ts, months).ok_or(Error::Overflow)
}

fn later_by_months(ts: i64, months: u32) -> Option<i64> {
    let (day, second) = div_rem_floor(ts, SECONDS_PER_DAY)?;
    let (month, day) = civil(day)?;
    let month = month.checked_add(i64::from(months))?;
    let mut later = first_day(month)?.checked_add_unsigned(u64::from(day))?;
    if day >= SHORTEST_MONTH {
        later = later.min(first_day(month.checked_add(1)?)?.checked_sub(1)?);
    }
    // `checked_mul` would multiply in 128 bits; with this bound nothing wraps.
    if later.unsigned_abs() > LAST_DAY {
        return None;
    }
    later
        .wrapping_mul(SECONDS_PER_DAY.cast_signed())
        .checked_add_unsigned(second)
}

/// The month and day of the month of a day.
///
/// `day` counts from 1 January 1970, the result's month from March of year 0, the result's day from 0. Years that begin
/// in March have the leap day at their end, so that it moves no other day.
///
/// Within a cycle all numbers fit 32 bits, which the machine multiplies without a routine for 128.
fn civil(day: i64) -> Option<(i64, u32)> {
    let (cycle, day) = div_rem_floor(day.checked_add(EPOCH_DAYS)?, CYCLE_DAYS)?;
    let day = u32::try_from(day).ok()?;
    // Without leap days every year has 365: take out one per 4 years, put back one per 100, take out the cycle's last.
    let year = day
        .checked_sub(day / 1_460)?
        .checked_add(day / 36_524)?
        .checked_sub(day / 146_096)?
        .checked_div(365)?;
    let day = day.checked_sub(days_before_year(year)?)?;
    // From March on, months have 31, 30, 31, 30, 31 days, over and over: 153 days per 5 months.
    let month = day.checked_mul(5)?.checked_add(2)? / 153;
    let day = day.checked_sub(days_before_month(month)?)?;
    let month = year.checked_mul(12)?.checked_add(month)?;
    // There are less than 2^30 cycles in the times that exist: nothing wraps.
    let cycle = cycle.wrapping_mul(CYCLE_MONTHS.cast_signed());
    Some((cycle.checked_add_unsigned(u64::from(month))?, day))
}

/// The first day of a month, both counted as in [`civil`].
fn first_day(month: i64) -> Option<i64> {
    let (cycle, month) = div_rem_floor(month, CYCLE_MONTHS)?;
    let month = u32::try_from(month).ok()?;
    let days = days_before_year(month / 12)?.checked_add(days_before_month(month % 12)?)?;
    // A month is at most 2^32 after one of a time that exists: nothing wraps.
    cycle
        .wrapping_mul(CYCLE_DAYS.cast_signed())
        .checked_add_unsigned(u64::from(days))?
        .checked_sub(EPOCH_DAYS)
}

/// The days of a 400-year cycle before its year `year`.
fn days_before_year(year: u32) -> Option<u32> {
    year.checked_mul(365)?.checked_add(year / 4)?.checked_sub(year / 100)
}

/// The days of a year that begins in March before its month `month`.
fn days_before_month(month: u32) -> Option<u32> {
    Some(month.checked_mul(153)?.checked_add(2)? / 5)
}

/// `floor(value / by)` and what is left of `value`. The bytecode has no signed division, so both are shifted by 2^63.
fn div_rem_floor(value: i64, by: u64) -> Option<(i64, u64)> {
    const SHIFT: u64 = 1 << 63;
    let shifted = value.cast_unsigned() ^ SHIFT;
    let (quotient, rest) = (shifted.checked_div(by)?, shifted.checked_rem(by)?);
    let (shift_quotient, shift_rest) = (SHIFT.checked_div(by)?, SHIFT.checked_rem(by)?);
    let quotient = quotient.checked_signed_diff(shift_quotient)?;
    match rest.checked_sub(shift_rest) {
        Some(rest) => Some((quotient, rest)),
        None => Some((quotient.checked_sub(1)?, rest.checked_add(by.checked_sub(shift_rest)?)?)),
    }
}

/// How long, after the end of a period, each step of its evaluation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Seconds after the period's end in which oracles vote.
    pub attest_secs: u32,
    /// Seconds after a value is resolved, or found silent, in which it may be disputed. Zero: no disputes.
    pub challenge_secs: u32,
    /// Seconds after a dispute in which the arbiter may rule.
    pub ruling_secs: u32,
}

impl Windows {
    /// The first second at which votes are no longer accepted: `period_end + attest_secs`.
    ///
    /// # Errors
    /// `Overflow` if the result is not a time.
    pub fn attest_deadline(&self, period_end: i64) -> Result<i64> {
        later(period_end, self.attest_secs)
    }

    /// The time from which the period can be settled whatever anyone does or fails to do:
    /// `period_end + attest_secs + challenge_secs + ruling_secs`.
    ///
    /// # Errors
    /// `Overflow` if the result is not a time.
    pub fn settle_deadline(&self, period_end: i64) -> Result<i64> {
        later(
            later(self.attest_deadline(period_end)?, self.challenge_secs)?,
            self.ruling_secs,
        )
    }
}

/// `ts + seconds`.
pub(crate) fn later(ts: i64, seconds: u32) -> Result<i64> {
    ts.checked_add(i64::from(seconds)).ok_or(Error::Overflow)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    use {super::*, chrono::NaiveDate};

    /// Noon of a day.
    fn noon(year: i32, month: u32, day: u32) -> i64 {
        NaiveDate::from_ymd_opt(year, month, day)
            .unwrap()
            .and_hms_opt(12, 0, 0)
            .unwrap()
            .and_utc()
            .timestamp()
    }

    #[test]
    fn monthly_boundaries_from_the_31st_are_last_days_counted_from_the_start() {
        let calendar = Calendar {
            start_ts: noon(2023, 1, 31),
            cadence: Cadence::Months(1),
            period_count: 13,
        };
        let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29, 31];
        for (index, &day) in (0u16..).zip(&days) {
            let (year, month) = (2023 + i32::from(index) / 12, 1 + u32::from(index) % 12);
            assert_eq!(calendar.boundary(index), Ok(noon(year, month, day)));
        }
        assert_eq!(calendar.boundary(15), Err(Error::PeriodOutOfRange));
    }

    #[test]
    fn leap_days_follow_the_gregorian_rule() {
        for (year, last) in [
            (1900, 28),
            (1999, 28),
            (2000, 29),
            (2024, 29),
            (2100, 28),
            (2400, 29),
            (9996, 29),
        ] {
            assert_eq!(add_months(noon(year, 1, 31), 1), Ok(noon(year, 2, last)));
            assert_eq!(add_months(noon(year, 2, last), 1), Ok(noon(year, 3, last)));
        }
        assert_eq!(add_months(noon(2024, 2, 29), 12), Ok(noon(2025, 2, 28)));
        assert_eq!(add_months(noon(2024, 2, 29), 48), Ok(noon(2028, 2, 29)));
        assert_eq!(add_months(noon(2096, 2, 29), 48), Ok(noon(2100, 2, 28)));
    }

    #[test]
    fn every_day_of_the_400_year_cycle_agrees_with_chrono() {
        let first = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let midnight = |date: NaiveDate| date.signed_duration_since(first).num_seconds();
        for day in 0..CYCLE_DAYS {
            let date = first + chrono::Days::new(day);
            let months = 1 + u32::try_from(day % 13).unwrap();
            let later = date + chrono::Months::new(months);
            assert_eq!(add_months(midnight(date), months), Ok(midnight(later)));
        }
    }

    #[test]
    fn signed_numbers_divide_towards_minus_infinity() {
        for value in [
            i64::MIN,
            i64::MIN + 1,
            -86_401,
            -86_400,
            -1,
            0,
            1,
            86_399,
            86_400,
            i64::MAX,
        ] {
            for by in [1, 2, 12, 400, 86_400, 146_097] {
                let rest = value.rem_euclid(by).unsigned_abs();
                assert_eq!(
                    div_rem_floor(value, by.unsigned_abs()),
                    Some((value.div_euclid(by), rest))
                );
            }
        }
        assert_eq!(div_rem_floor(1, 0), None);
    }

    #[test]
    fn months_keep_the_time_of_day_before_1970_too() {
        assert_eq!(
            add_months(noon(1969, 12, 31) + 43_199, 2),
            Ok(noon(1970, 2, 28) + 43_199)
        );
        assert_eq!(add_months(-1, 0), Ok(-1));
        assert_eq!(add_months(noon(-44, 3, 15), 12 * 2_068), Ok(noon(2024, 3, 15)));
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        assert_eq!(add_months(i64::MIN, 0), Ok(i64::MIN));
        assert!(add_months(i64::MIN, 1).is_ok_and(|ts| ts > i64::MIN));
        assert_eq!(add_months(i64::MAX, 0), Ok(i64::MAX));
        assert_eq!(add_months(i64::MAX, 1), Err(Error::Overflow));
        assert!(add_months(0, u32::MAX).is_ok());
    }

    #[test]
    fn validation_names_what_is_wrong() {
        let check = |start_ts, cadence, period_count| {
            Calendar {
                start_ts,
                cadence,
                period_count,
            }
            .validate()
        };
        assert_eq!(check(0, Cadence::Seconds(1), 1), Ok(()));
        assert_eq!(check(0, Cadence::Months(u16::MAX), 120), Ok(()));
        assert_eq!(check(0, Cadence::Seconds(1), 0), Err(Error::BadPeriodCount));
        assert_eq!(check(0, Cadence::Seconds(1), 121), Err(Error::BadPeriodCount));
        assert_eq!(check(0, Cadence::Seconds(1), u16::MAX), Err(Error::BadPeriodCount));
        assert_eq!(check(0, Cadence::Seconds(0), 1), Err(Error::NoCadence));
        assert_eq!(check(0, Cadence::Months(0), 1), Err(Error::NoCadence));
        // The release of the last tranche needs one boundary more.
        assert_eq!(check(i64::MAX - 20, Cadence::Seconds(10), 1), Ok(()));
        assert_eq!(check(i64::MAX - 19, Cadence::Seconds(10), 1), Err(Error::Overflow));
    }

    #[test]
    fn periods_are_half_open() {
        let calendar = Calendar {
            start_ts: noon(2024, 1, 31),
            cadence: Cadence::Months(1),
            period_count: 3,
        };
        assert_eq!(calendar.period_at(noon(2024, 1, 31) - 1), None);
        assert_eq!(calendar.period_at(noon(2024, 1, 31)), Some(0));
        assert_eq!(calendar.period_at(noon(2024, 2, 29) - 1), Some(0));
        assert_eq!(calendar.period_at(noon(2024, 2, 29)), Some(1));
        assert_eq!(calendar.period_at(noon(2024, 4, 30) - 1), Some(2));
        assert_eq!(calendar.period_at(noon(2024, 4, 30)), None);
        assert_eq!(calendar.end(), Ok(noon(2024, 4, 30)));
        assert_eq!(calendar.period_start(2), Ok(noon(2024, 3, 31)));
        assert_eq!(calendar.period_end(2), Ok(noon(2024, 4, 30)));
        assert_eq!(calendar.period_start(3), Err(Error::PeriodOutOfRange));
        assert_eq!(calendar.period_end(3), Err(Error::PeriodOutOfRange));
    }

    #[test]
    fn the_time_in_no_period_of_an_impossible_calendar() {
        for cadence in [Cadence::Seconds(0), Cadence::Months(0)] {
            assert_eq!(
                Calendar {
                    start_ts: 0,
                    cadence,
                    period_count: 1
                }
                .period_at(0),
                None
            );
        }
        let endless = Calendar {
            start_ts: i64::MIN,
            cadence: Cadence::Seconds(1),
            period_count: u16::MAX,
        };
        assert_eq!(endless.period_at(i64::MAX), None);
        assert_eq!(endless.boundary(0), Err(Error::BadPeriodCount));
    }

    #[test]
    fn deadlines_add_up() {
        let windows = Windows {
            attest_secs: 10,
            challenge_secs: 20,
            ruling_secs: 30,
        };
        assert_eq!(windows.attest_deadline(1_000), Ok(1_010));
        assert_eq!(windows.settle_deadline(1_000), Ok(1_060));
        assert_eq!(windows.settle_deadline(i64::MAX - 60), Ok(i64::MAX));
        assert_eq!(windows.settle_deadline(i64::MAX - 59), Err(Error::Overflow));
    }
}
