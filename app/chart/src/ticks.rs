//! Round numbers along an axis.

use earnout_sdk::text::amount;

/// Round numbers from `from` to `to`, at most `most` of them: multiples of 1, 2 or 5 times a power of ten.
pub fn ticks(from: i128, to: i128, most: u32) -> Vec<i128> {
    let span = (to - from).max(1);
    let step = steps()
        .find(|step| span / step < i128::from(most.max(1)))
        .unwrap_or(span);
    let first = from.div_euclid(step) * step;
    let first = if first < from { first + step } else { first };
    let ticks = (0..).map(|index| first + index * step).take_while(|tick| *tick <= to);
    ticks.collect()
}

fn steps() -> impl Iterator<Item = i128> {
    (0u32..=20).flat_map(|power| [1, 2, 5].map(|digit| digit * 10i128.pow(power)))
}

/// A fixed-point number without superfluous zeros.
pub fn label(value: i128, decimals: u8) -> String {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => amount::fixed(value, decimals),
        (Err(_), Ok(value)) => {
            let text = amount::tokens(value, decimals);
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
        (Err(_), Err(_)) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(0, 100, 6), [0, 20, 40, 60, 80, 100]);
        assert_eq!(ticks(-35, 35, 8), [-30, -20, -10, 0, 10, 20, 30]);
        assert_eq!(ticks(0, 12_500, 5), [0, 5_000, 10_000]);
        assert_eq!(ticks(7, 7, 5), [7]);
        assert_eq!(ticks(0, 3, 5), [0, 1, 2, 3]);
        for (from, to) in [(0, u64::MAX.into()), (i64::MIN.into(), i64::MAX.into()), (0, 1)] {
            let found = ticks(from, to, 6);
            assert!((1..=6).contains(&found.len()), "{found:?}");
        }
    }

    #[test]
    fn labels_have_no_superfluous_zeros() {
        assert_eq!(label(1_250_000, 2), "12,500");
        assert_eq!(label(-415, 1), "-41.5");
        assert_eq!(label(u64::MAX.into(), 0), "18,446,744,073,709,551,615");
        assert_eq!(
            label(u128::from(u64::MAX).try_into().unwrap_or_default(), 5),
            "184,467,440,737,095.51615"
        );
    }
}
