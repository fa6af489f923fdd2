//! Civil dates by the rule everyone knows: a leap year every 4 years, but not every 100, but every 400; months by a
//! table. In `i128`, so that nothing here can overflow.

const SECONDS_PER_DAY: i128 = 86_400;
/// 1 January 1970, counted from 1 January of year 1.
const EPOCH: i128 = 719_162;

/// The time `months` civil months after `ts`, both in seconds since 1970, the day clamped to the month's length.
pub fn add_months(ts: i64, months: u32) -> i128 {
    let ts = i128::from(ts);
    let (year, month, day) = date(ts.div_euclid(SECONDS_PER_DAY));
    let month = month + i128::from(months);
    let (year, month) = (year + month / 12, month % 12);
    let day = day.min(month_length(year, month) - 1);
    (first_of_month(year, month) + day) * SECONDS_PER_DAY + ts.rem_euclid(SECONDS_PER_DAY)
}

/// The beginning of the day before 1 March of a year, seconds since 1970: 29 February if the year has one.
pub fn last_of_february(year: i16) -> i128 {
    (first_of_month(i128::from(year), 2) - 1) * SECONDS_PER_DAY
}

/// Year, month from 0, and day of the month from 0 of a day counted from 1970.
fn date(day: i128) -> (i128, i128, i128) {
    let mut year = 1970 + (day * 400).div_euclid(146_097);
    while first_of_month(year, 0) > day {
        year -= 1;
    }
    while first_of_month(year + 1, 0) <= day {
        year += 1;
    }
    let mut month = 0;
    let mut rest = day - first_of_month(year, 0);
    while rest >= month_length(year, month) {
        rest -= month_length(year, month);
        month += 1;
    }
    (year, month, rest)
}

/// The day, counted from 1970, on which a month begins.
fn first_of_month(year: i128, month: i128) -> i128 {
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    before * 365 + leap_days - EPOCH + (0..month).map(|month| month_length(year, month)).sum::<i128>()
}

fn month_length(year: i128, month: i128) -> i128 {
    let is_leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    match month {
        1 if is_leap => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}
