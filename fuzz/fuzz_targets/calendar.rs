//! Boundaries against civil dates computed another way, for every calendar there can be, valid or not.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout_core::{
        Error, MAX_PERIODS,
        calendar::{self, Cadence, Calendar, Windows},
    },
    earnout_fuzz::{civil, shapes::Signed},
    libfuzzer_sys::fuzz_target,
};

#[derive(Arbitrary, Debug)]
struct Input {
    start_ts: Signed,
    in_months: bool,
    length: u32,
    period_count: u16,
    any_count: bool,
    months_later: u32,
    /// A year and a second of the last day of its February, where calendars differ.
    february: (i16, u32),
    times: [Signed; 4],
    windows: [u32; 3],
}

fuzz_target!(|input: Input| {
    let calendar = Calendar {
        start_ts: input.start_ts.0,
        cadence: if input.in_months {
            // The high half of the number is left for the magnitude of seconds.
            Cadence::Months(
                input
                    .length
                    .to_le_bytes()
                    .first_chunk()
                    .map_or(0, |low| u16::from_le_bytes(*low)),
            )
        } else {
            Cadence::Seconds(input.length)
        },
        period_count: if input.any_count {
            input.period_count
        } else {
            1 + input.period_count % MAX_PERIODS
        },
    };
    let valid = calendar.validate().is_ok();
    assert_eq!(valid, should_be_valid(&calendar), "{calendar:?}");
    if valid {
        check_periods(&calendar, &input.times.map(|time| time.0));
    } else {
        for time in input.times {
            // What it answers means nothing; that it answers is what counts.
            let _ = (calendar.period_at(time.0), calendar.end());
        }
        for index in [0, 1, calendar.period_count, input.period_count, u16::MAX] {
            let _ = (
                calendar.boundary(index),
                calendar.period_start(index),
                calendar.period_end(index),
            );
        }
    }
    let (year, second) = input.february;
    let february = time(civil::last_of_february(year) + i128::from(second % 86_400));
    for ts in [input.start_ts.0, february.expect("a time in a five-digit year")] {
        for months in [input.months_later, input.months_later % 1_200] {
            assert_eq!(calendar::add_months(ts, months), time(civil::add_months(ts, months)));
        }
    }
    let [attest_secs, challenge_secs, ruling_secs] = input.windows;
    check_windows(
        &Windows {
            attest_secs,
            challenge_secs,
            ruling_secs,
        },
        input.times[0].0,
    );
});

/// Design section 3: 1 to 120 periods of some length, with every boundary computable, one period past the end too.
fn should_be_valid(calendar: &Calendar) -> bool {
    (1..=MAX_PERIODS).contains(&calendar.period_count)
        && !matches!(calendar.cadence, Cadence::Seconds(0) | Cadence::Months(0))
        && i64::try_from(boundary(calendar, calendar.period_count + 1)).is_ok()
}

/// Where a boundary lies.
fn boundary(calendar: &Calendar, index: u16) -> i128 {
    match calendar.cadence {
        Cadence::Seconds(secs) => i128::from(calendar.start_ts) + i128::from(secs) * i128::from(index),
        Cadence::Months(months) => civil::add_months(calendar.start_ts, u32::from(months) * u32::from(index)),
    }
}

fn check_periods(calendar: &Calendar, times: &[i64]) {
    let count = calendar.period_count;
    let boundaries: Vec<i64> = (0..=count + 1)
        .map(|index| {
            let found = calendar.boundary(index).expect("a boundary of a valid calendar");
            assert_eq!(
                i128::from(found),
                boundary(calendar, index),
                "boundary {index} of {calendar:?}"
            );
            found
        })
        .collect();
    assert!(
        boundaries.is_sorted_by(|earlier, later| earlier < later),
        "{boundaries:?}"
    );
    for index in 0..count {
        let (start, end) = (boundaries[usize::from(index)], boundaries[usize::from(index) + 1]);
        assert_eq!(calendar.period_start(index), Ok(start));
        assert_eq!(calendar.period_end(index), Ok(end));
    }
    assert_eq!(calendar.end(), Ok(boundaries[usize::from(count)]));
    for index in [count, u16::MAX] {
        assert_eq!(calendar.period_start(index), Err(Error::PeriodOutOfRange));
        assert_eq!(calendar.period_end(index), Err(Error::PeriodOutOfRange));
    }
    assert_eq!(calendar.boundary(count + 2), Err(Error::PeriodOutOfRange));

    let around = boundaries
        .iter()
        .flat_map(|at| [at.saturating_sub(1), *at, at.saturating_add(1)]);
    for now in around.chain(times.iter().copied()) {
        let periods = boundaries[..=usize::from(count)].windows(2);
        let expected = (0u16..)
            .zip(periods)
            .find(|(_, period)| (period[0]..period[1]).contains(&now));
        assert_eq!(
            calendar.period_at(now),
            expected.map(|(index, _)| index),
            "at {now} in {calendar:?}"
        );
    }
}

fn check_windows(windows: &Windows, end: i64) {
    let attest = i128::from(end) + i128::from(windows.attest_secs);
    let settle = attest + i128::from(windows.challenge_secs) + i128::from(windows.ruling_secs);
    assert_eq!(windows.attest_deadline(end), time(attest));
    assert_eq!(windows.settle_deadline(end), time(settle));
}

fn time(exact: i128) -> earnout_core::Result<i64> {
    i64::try_from(exact).map_err(|_| Error::Overflow)
}
