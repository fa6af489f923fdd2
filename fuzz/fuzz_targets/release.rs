//! What is vested, against its formula in unbounded integers: it never falls with time and never exceeds what is
//! earned.

#![no_main]

use {
    arbitrary::Arbitrary,
    earnout_core::{
        Error,
        release::{Earnings, Release, vested},
    },
    earnout_fuzz::{
        exact::{assert_exact, big, floor},
        shapes::{Amount, Signed},
    },
    libfuzzer_sys::fuzz_target,
};

#[derive(Arbitrary, Debug)]
struct Input {
    linear: bool,
    earned: Amount,
    last_earned: Amount,
    bonus: Amount,
    /// Let the amounts be such as a grant can have.
    fitting: bool,
    window_start: Signed,
    length: u64,
    backwards: bool,
    cliff: Signed,
    times: [Signed; 4],
}

fuzz_target!(|input: Input| {
    let release = if input.linear {
        Release::Linear
    } else {
        Release::AtSettlement
    };
    let (mut earned, mut last_earned, bonus) = (input.earned.0, input.last_earned.0, input.bonus.0);
    if input.fitting {
        earned = earned.min(u64::MAX - bonus);
        last_earned = last_earned.min(earned);
    }
    let (from, cliff) = (input.window_start.0, input.cliff.0);
    let to = if input.backwards {
        from.saturating_sub_unsigned(input.length)
    } else {
        from.saturating_add_unsigned(input.length)
    };
    let earnings = Earnings {
        earned,
        last_earned,
        bonus,
    };
    let at = |now| vested(release, earnings, from, to, cliff, now);

    let mut times: Vec<i64> = input.times.iter().map(|time| time.0).collect();
    times.extend(
        [from, to, cliff]
            .into_iter()
            .flat_map(|at| [at.saturating_sub(1), at, at.saturating_add(1)]),
    );
    times.extend([from.midpoint(to), i64::MIN, i64::MAX]);
    times.sort_unstable();

    if earned.checked_add(bonus).is_none() || last_earned > earned {
        for now in times {
            assert!(matches!(at(now), Err(Error::Overflow | Error::PartExceedsWhole)));
        }
        return;
    }
    let streams = input.linear && last_earned > 0;
    let mut before = 0;
    for now in times {
        if now < cliff {
            assert_eq!(at(now), Ok(0));
        } else if !streams {
            assert_eq!(at(now), Ok(earned + bonus));
        } else if from >= to {
            assert_eq!(at(now), Err(Error::EmptySpan));
            continue;
        } else {
            let elapsed = (i128::from(now) - i128::from(from)).clamp(0, i128::from(to) - i128::from(from));
            let elapsed = u64::try_from(elapsed).expect("a span of 64-bit times");
            let streamed = floor(last_earned, elapsed, to.abs_diff(from));
            assert_exact(at(now), &(big(earned - last_earned) + streamed + bonus));
        }
        let vested = at(now).expect("an amount");
        assert!(before <= vested && vested <= earned + bonus, "{before}, then {vested}");
        before = vested;
    }
    let all = if streams && from >= to {
        Err(Error::EmptySpan)
    } else {
        Ok(earned + bonus)
    };
    assert_eq!(at(i64::MAX), all);
});
