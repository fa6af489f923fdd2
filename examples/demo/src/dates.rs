//! Civil dates in UTC.

pub const DAY: i64 = 86_400;

/// The first second of a day, Unix seconds. The month counts from 1 and the day of the month too.
pub fn timestamp(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have the leap day at their end.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    (days + (153 * month + 2) / 5 + day - 1 - 719_468) * DAY
}

/// Year, month and day of a time.
pub fn civil(time: i64) -> (i64, i64, i64) {
    let days = time.div_euclid(DAY) + 719_468;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (cycle * 400 + year + carry, month, day)
}

/// A time's date as `2024-01-31`.
pub fn date(time: i64) -> String {
    let (year, month, day) = civil(time);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_agree() {
        assert_eq!(timestamp(1970, 1, 1), 0);
        assert_eq!(timestamp(2024, 1, 1), 1_704_067_200);
        assert_eq!(date(1_709_210_096), "2024-02-29");
        assert_eq!(date(-1), "1969-12-31");
        let mut time = timestamp(-1, 12, 31);
        for _ in 0..1_000 {
            let (year, month, day) = civil(time);
            assert_eq!(timestamp(year, month, day), time);
            time += 997 * DAY;
        }
    }
}
