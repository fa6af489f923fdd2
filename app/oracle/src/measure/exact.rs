//! Arithmetic on whole numbers of any size: what a value is computed with, so that it is rounded where its definition
//! says and nowhere else.

use {
    crate::measure::checks,
    num_bigint::{BigInt, BigUint},
    rust_decimal::Decimal,
    serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _},
};

/// A number of the configuration, exactly as it is written: an integer, or in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = checks::decimal(deserializer)?;
        number.map(Self).ok_or_else(|| D::Error::custom("there is no number"))
    }
}

/// Digits behind the point that a decimal has at the most.
const MOST: u32 = 28;

/// Digits behind the point of what is rounded to the nearest: as many as a KPI can have.
pub const PLACES: u32 = 18;

/// 10^`exponent`.
pub fn power(exponent: u32) -> BigInt {
    BigInt::from(10u8).pow(exponent)
}

/// `value · 10^scale`; none if that is not a whole number.
pub fn scaled(value: Decimal, scale: u32) -> Option<BigInt> {
    let missing = scale.checked_sub(value.scale())?;
    Some(BigInt::from(value.mantissa()) * power(missing))
}

/// `number / 10^scale`; none if a decimal cannot hold it.
pub fn decimal(number: &BigInt, scale: u32) -> Option<Decimal> {
    let (mut number, mut scale) = (number.clone(), scale);
    // Zeros at the end take no room.
    while scale > 0 && &number % 10u8 == BigInt::ZERO {
        number /= 10u8;
        scale = scale.checked_sub(1)?;
    }
    Decimal::try_from_i128_with_scale(i128::try_from(number).ok()?, scale).ok()
}

/// `number / divisor` with as many digits as a decimal has. If there are more, the last one is a 1 in their place:
/// every rounding to fewer digits is then that of the exact quotient. None if the divisor is 0, or what is before the
/// point does not fit.
pub fn quotient(number: &BigInt, divisor: &BigInt) -> Option<Decimal> {
    let (size, of) = (number.magnitude(), divisor.magnitude());
    if *divisor == BigInt::ZERO {
        return None;
    }
    let digits = (0..=MOST).rev().find_map(|digits| {
        let scaled = size * power(digits).magnitude();
        let (whole, rest) = (&scaled / of, &scaled % of);
        match rest == BigUint::ZERO {
            true => decimal(&whole.into(), digits),
            false => decimal(&(whole * 10u8 + 1u8).into(), digits.checked_add(1)?),
        }
    })?;
    let negative = !digits.is_zero() && number.sign() != divisor.sign();
    Some(if negative { -digits } else { digits })
}

/// `number / divisor` as a whole number, halves to the even one; none if the divisor is not above 0.
pub fn nearest(number: &BigInt, divisor: &BigInt) -> Option<BigInt> {
    let (whole, rest) = divided(number, divisor)?;
    let up = match (rest * 2u8).cmp(divisor) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => whole.bit(0),
        std::cmp::Ordering::Greater => true,
    };
    Some(whole + u8::from(up))
}

/// The square root of `number / divisor`, to the nearest with [`PLACES`] digits. None if the divisor is not above 0,
/// the number is below it, or a decimal cannot hold the root.
pub fn root(number: &BigInt, divisor: &BigInt) -> Option<Decimal> {
    if *number < BigInt::ZERO {
        return None;
    }
    // The nearest to √x is half of ⌊√4x⌋ + 1, rounded down; and ⌊√4x⌋ is that of ⌊4x⌋.
    let (four, _) = divided(&(number * power(PLACES.checked_mul(2)?) * 4u8), divisor)?;
    decimal(&((four.sqrt() + 1u8) / 2u8), PLACES)
}

/// The quotient, rounded down, and what is left: from 0 to below the divisor.
fn divided(number: &BigInt, divisor: &BigInt) -> Option<(BigInt, BigInt)> {
    if *divisor <= BigInt::ZERO {
        return None;
    }
    let (mut whole, mut rest) = (number / divisor, number % divisor);
    if rest < BigInt::ZERO {
        whole -= 1u8;
        rest += divisor;
    }
    Some((whole, rest))
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::measure::{Rounding, value},
        proptest::prelude::*,
    };

    fn big(number: i64) -> BigInt {
        number.into()
    }

    #[test]
    fn roots_are_the_nearest() {
        for (number, divisor, root_of) in [
            (0, 1, "0"),
            (4, 1, "2"),
            (1, 4, "0.5"),
            (2, 1, "1.414213562373095049"),
            (1, 3, "0.577350269189625765"),
            (252, 1, "15.874507866387543543"),
        ] {
            let expected: Decimal = root_of.parse().unwrap();
            assert_eq!(
                root(&big(number), &big(divisor)),
                Some(expected.normalize()),
                "{number}"
            );
        }
        assert_eq!(root(&big(-1), &big(1)), None);
        assert_eq!(root(&big(1), &big(0)), None);
        assert_eq!(quotient(&big(1), &big(0)), None);
    }

    proptest! {
        #[test]
        fn a_root_lies_within_half_a_digit(number in 0..i64::MAX, divisor in 1..i64::MAX) {
            let root = root(&big(number), &big(divisor)).unwrap();
            let twice = scaled(root, PLACES).unwrap() * 2u8;
            // (2r − 1)² / 4 ≤ x ≤ (2r + 1)² / 4, in digits.
            let exact = big(number) * power(2 * PLACES) * 4u8;
            let low = (&twice - 1u8).max(BigInt::ZERO);
            let high = &twice + 1u8;
            prop_assert!(&low * &low * big(divisor) <= exact);
            prop_assert!(exact <= &high * &high * big(divisor));
        }

        #[test]
        fn rounding_a_quotient_is_rounding_the_exact_one(number in -1_000_000_000i64..1_000_000_000, divisor in 1..1_000_000i64,
            decimals in 0u8..=9) {
            let quotient = quotient(&big(number), &big(divisor)).unwrap();
            let fixed = i128::from(number) * 10i128.pow(decimals.into());
            let divisor = i128::from(divisor);
            let floor = fixed.div_euclid(divisor);
            let ceil = floor + i128::from(fixed.rem_euclid(divisor) != 0);
            let rounded = |rounding| value::to_fixed(quotient, decimals, rounding).map(i128::from);
            prop_assert_eq!(rounded(Rounding::Floor), Ok(floor));
            prop_assert_eq!(rounded(Rounding::Ceil), Ok(ceil));
            let away = (2 * fixed.abs() + divisor).div_euclid(2 * divisor) * fixed.signum();
            prop_assert_eq!(rounded(Rounding::Nearest), Ok(away));
        }

        #[test]
        fn the_nearest_is_no_further_than_half(number: i64, divisor in 1..i64::MAX) {
            let nearest = nearest(&big(number), &big(divisor)).unwrap();
            let apart: BigInt = big(number) - &nearest * big(divisor);
            let twice = BigInt::from(apart.magnitude().clone()) * 2u8;
            prop_assert!(twice < big(divisor) || twice == big(divisor) && !nearest.bit(0));
        }
    }
}
