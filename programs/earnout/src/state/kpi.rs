//! What is measured and what each result is worth.

use {
    super::{Interpolation, Scope},
    crate::{constants::*, error::EarnoutError, prelude::*},
    earnout_core::{self as core, curve::Curve},
};

/// One point of a curve.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurvePoint {
    /// Value of the KPI, fixed point with the KPI's decimals.
    pub value: i64,
    /// Score in basis points, 0 to 20,000; 10,000 means that the target is met.
    pub score: u16,
}

/// Terms of one KPI, as given to `add_kpi`.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct KpiArgs {
    /// Name, 1 to 32 bytes of UTF-8 without hidden characters and outer spaces (`earnout_core::name`), unlike any other
    /// name of the plan.
    pub name: String,
    /// Unit of the value, up to 16 bytes of UTF-8 of the same kind, for example `%` or `users`.
    pub unit: String,
    /// SHA-256 of the published rubric that says how the value is measured.
    pub rubric_hash: [u8; 32],
    /// Decimals of the fixed-point values, 0 to 18: with 2 decimals, 12.34 is the value 1234.
    pub decimals: u8,
    /// One value for the plan, or one for each grant.
    pub scope: Scope,
    /// Smallest value that is accepted; above `i64::MIN`.
    pub range_min: i64,
    /// Largest value that is accepted.
    pub range_max: i64,
    /// How the curve reads values between its points.
    pub interpolation: Interpolation,
    /// 1 to 8 points with strictly rising values.
    pub points: Vec<CurvePoint>,
    /// Score that counts if the oracles stay silent, in basis points, at most 10,000.
    pub default_score: u16,
}

/// One KPI of a plan, 192 bytes.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
pub struct Kpi {
    /// UTF-8, padded with zero bytes.
    pub name: [u8; 32],
    /// UTF-8, padded with zero bytes.
    pub unit: [u8; 16],
    /// SHA-256 of the published rubric.
    pub rubric_hash: [u8; 32],
    /// Smallest accepted value, fixed point.
    pub range_min: i64,
    /// Largest accepted value, fixed point.
    pub range_max: i64,
    /// Values of the curve's points; the first `point_count` count.
    pub curve_values: [i64; 8],
    /// Scores of the curve's points in basis points; the first `point_count` count.
    pub curve_scores: [u16; 8],
    /// Score under silence, in basis points.
    pub default_score: u16,
    /// Decimals of the fixed-point values.
    pub decimals: u8,
    /// [`Scope`] as a byte.
    pub scope: u8,
    /// [`Interpolation`] as a byte.
    pub interpolation: u8,
    /// Points of the curve, 1 to 8.
    pub point_count: u8,
    /// Zero. For where a value comes from (a price feed, an attestation service).
    pub spare: [u8; 10],
}

// The length is a number because Anchor's description takes nothing else; here it is compared with the limit.
const _: fn(&Kpi) -> &[i64; MAX_CURVE_POINTS as usize] = |kpi| &kpi.curve_values;

impl Kpi {
    /// Checks the arguments and packs them.
    ///
    /// Errors: `BadName`, `BadUnit`, `TooManyDecimals`, `BadRange`, `BadCurve`, `DefaultScoreTooHigh`.
    pub fn new(args: &KpiArgs) -> Result<Self> {
        require!(!args.name.is_empty(), EarnoutError::BadName);
        require!(args.decimals <= MAX_KPI_DECIMALS, EarnoutError::TooManyDecimals);
        require!(
            NO_VALUE < args.range_min && args.range_min <= args.range_max,
            EarnoutError::BadRange
        );
        require!(
            !args.points.is_empty() && args.points.len() <= usize::from(MAX_CURVE_POINTS),
            EarnoutError::BadCurve
        );
        require!(
            args.default_score <= core::FULL_SCORE,
            EarnoutError::DefaultScoreTooHigh
        );
        let mut kpi = Self {
            name: packed_text(&args.name).ok_or(EarnoutError::BadName)?,
            unit: packed_text(&args.unit).ok_or(EarnoutError::BadUnit)?,
            rubric_hash: args.rubric_hash,
            range_min: args.range_min,
            range_max: args.range_max,
            curve_values: [0; 8],
            curve_scores: [0; 8],
            default_score: args.default_score,
            decimals: args.decimals,
            scope: args.scope.to_byte(),
            interpolation: args.interpolation.to_byte(),
            point_count: u8::try_from(args.points.len()).map_err(|_| EarnoutError::BadCurve)?,
            spare: [0; 10],
        };
        for (index, point) in args.points.iter().enumerate() {
            kpi.curve_values[index] = point.value;
            kpi.curve_scores[index] = point.score;
        }
        kpi.curve()?.validate().map_err(|_| EarnoutError::BadCurve)?;
        Ok(kpi)
    }

    /// The curve, as the arithmetic reads it.
    ///
    /// Errors: `CorruptAccount` if the stored bytes are none that [`Kpi::new`] writes.
    pub fn curve(&self) -> Result<Curve<'_>> {
        let points = usize::from(self.point_count);
        Ok(Curve {
            values: self.curve_values.get(..points).ok_or(EarnoutError::CorruptAccount)?,
            scores: self.curve_scores.get(..points).ok_or(EarnoutError::CorruptAccount)?,
            interpolation: Interpolation::try_from(self.interpolation)?.into(),
        })
    }

    /// The largest score that can count: of the curve or of silence, in basis points.
    pub fn best_score(&self) -> Result<u16> {
        Ok(self.curve()?.max_score().max(self.default_score))
    }

    /// Whether `value` is one that an oracle or the arbiter may state.
    pub fn accepts(&self, value: i64) -> bool {
        (self.range_min..=self.range_max).contains(&value)
    }

    /// The scope, decoded.
    pub fn scope(&self) -> Result<Scope> {
        Ok(Scope::try_from(self.scope)?)
    }
}

/// `text` padded with zero bytes to `N`; `None` if it is longer or [`core::name::check`] refuses it (a zero byte
/// included, so that the padding is unambiguous).
fn packed_text<const N: usize>(text: &str) -> Option<[u8; N]> {
    core::name::check(text).ok()?;
    let mut packed = [0; N];
    packed.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some(packed)
}
