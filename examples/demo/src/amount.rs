//! Decimal numbers as whole numbers of their smallest unit: no floating point anywhere.

/// `amount` base units with all decimals, thousands separated.
pub fn tokens(amount: u64, decimals: u8) -> String {
    let digits = format!("{amount:0>width$}", width = usize::from(decimals) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(decimals));
    let separator = if fraction.is_empty() { "" } else { "." };
    format!("{}{separator}{fraction}", grouped(whole))
}

/// A fixed-point value without superfluous zeros.
pub fn fixed(value: i64, decimals: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let text = tokens(value.unsigned_abs(), decimals);
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{sign}{text}")
}

/// A whole number with its thousands separated.
pub fn count(number: impl TryInto<u64>) -> String {
    grouped(&number.try_into().unwrap_or(u64::MAX).to_string())
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Reads a decimal number into units of 10^-decimals; `None` if it is no number, has more decimals or does not fit. `_`
/// may separate digits.
pub fn parse(text: &str, decimals: u8) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let (whole, fraction) = (whole.replace('_', ""), fraction.replace('_', ""));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(&whole) || !are_digits(&fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let missing = usize::from(decimals).checked_sub(fraction.len())?;
    let all = format!("{whole}{fraction}{}", "0".repeat(missing));
    all.parse::<i64>().ok()?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_show_every_base_unit() {
        assert_eq!(tokens(0, 6), "0.000000");
        assert_eq!(tokens(1, 6), "0.000001");
        assert_eq!(tokens(1_234_567_890_123, 6), "1,234,567.890123");
        assert_eq!(tokens(u64::MAX, 0), "18,446,744,073,709,551,615");
    }

    #[test]
    fn fixed_point_values_lose_only_zeros() {
        assert_eq!(fixed(415, 1), "41.5");
        assert_eq!(fixed(-410, 1), "-41");
        assert_eq!(fixed(100, 0), "100");
        assert_eq!(fixed(i64::MIN, 18), "-9.223372036854775808");
    }

    #[test]
    fn only_exact_numbers_are_read() {
        assert_eq!(parse("41.5", 1), Some(415));
        assert_eq!(parse("-41.50", 1), Some(-415));
        assert_eq!(parse("10_000", 6), Some(10_000_000_000));
        for wrong in [
            "",
            ".",
            "1.",
            ".5",
            "1.25",
            "1e3",
            "+1",
            "--1",
            "1 ",
            "99999999999999999999",
        ] {
            assert_eq!(parse(wrong, 1), None, "{wrong}");
        }
    }
}
