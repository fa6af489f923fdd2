//! Inputs of the shapes that matter: numbers of every magnitude and at both ends, weights that belong together.

use {
    arbitrary::{Arbitrary, Result, Unstructured},
    earnout_core::{FULL_WEIGHT, MAX_KPIS, MAX_SCORE},
};

/// An amount: small, of any magnitude, or near the largest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amount(pub u64);

impl<'a> Arbitrary<'a> for Amount {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let (shape, raw) = (u8::arbitrary(input)?, u64::arbitrary(input)?);
        let shifted = raw >> (shape & 63);
        Ok(Self(if shape < 192 { shifted } else { u64::MAX - shifted }))
    }
}

/// A signed number, a time or a value: of any magnitude around zero, or near an end of its type.
#[derive(Clone, Copy, Debug)]
pub struct Signed(pub i64);

impl<'a> Arbitrary<'a> for Signed {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let (shape, raw) = (u8::arbitrary(input)?, i64::arbitrary(input)?);
        let shifted = raw >> (shape & 63);
        Ok(Self(match shape >> 6 {
            0 | 1 => shifted,
            2 => i64::MAX.wrapping_sub(shifted),
            _ => i64::MIN.wrapping_add(shifted),
        }))
    }
}

/// Weights of time and of 1 to 16 KPIs that sum to the full weight.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Weight of time, basis points.
    pub time: u16,
    /// Weights of the KPIs, basis points.
    pub kpis: Vec<u16>,
}

impl<'a> Arbitrary<'a> for Weights {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let count = input.int_in_range(0..=MAX_KPIS - 1)?;
        let mut left = FULL_WEIGHT;
        let time = input.int_in_range(0..=left)?;
        left -= time;
        let mut kpis = Vec::with_capacity(count + 1);
        for _ in 0..count {
            let weight = input.int_in_range(0..=left)?;
            left -= weight;
            kpis.push(weight);
        }
        // What nobody took is the last one's: so the sum is full.
        kpis.push(left);
        Ok(Self { time, kpis })
    }
}

/// A score that the arithmetic accepts.
#[derive(Clone, Copy, Debug)]
pub struct Score(pub u16);

impl<'a> Arbitrary<'a> for Score {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(input.int_in_range(0..=MAX_SCORE)?))
    }
}
