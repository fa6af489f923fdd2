//! What is measured and what each result is worth.

use {
    super::{Interpolation, Receiver, Scope},
    crate::{constants::*, error::EarnoutError, prelude::*},
    earnout_core::{FULL_SCORE, curve::Curve, name},
};

/// One point of a curve.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurvePoint {
    /// Value of the KPI, fixed point with the KPI's decimals.
    pub value: i64,
    /// Score in basis points, 0 to 20,000; 10,000 means that the target is met.
    pub score: u16,
}

/// A price feed on the chain from which anyone can read the value of a shared KPI.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Who checks its updates.
    pub receiver: Receiver,
    /// Its identifier.
    pub feed_id: [u8; 32],
    /// Whether its moving average is read and not its spot price.
    pub average: bool,
    /// An update counts that was published at most so many seconds after the end of the period; from 1 to the plan's
    /// `attest_secs`.
    pub max_delay_secs: u32,
    /// Largest confidence interval, basis points of the price, 1 to 10,000.
    pub max_confidence_bps: u16,
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
    /// 1 to 8 points with strictly rising values; none of the plan's price.
    pub points: Vec<CurvePoint>,
    /// Score that counts if the oracles stay silent, in basis points, at most 10,000; 0 of the plan's price.
    pub default_score: u16,
    /// Makes the KPI the plan's price, units of account for one whole token: what counts if the oracles stay silent,
    /// fixed point with the KPI's decimals, within the range.
    pub default_price: Option<i64>,
    /// Feed from which anyone can read the value, beside the oracles' votes.
    pub feed: Option<Feed>,
}

/// One KPI of a plan, 240 bytes.
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
    /// Of the plan's price what counts under silence, fixed point; else 0.
    pub default_price: i64,
    /// Identifier of the feed; zero without one.
    pub feed_id: [u8; 32],
    /// How long after the end of the period an update of the feed may be published, seconds.
    pub max_delay_secs: u32,
    /// Largest confidence interval of the feed, basis points of its price.
    pub max_confidence_bps: u16,
    /// Score under silence, in basis points.
    pub default_score: u16,
    /// Decimals of the fixed-point values.
    pub decimals: u8,
    /// [`Scope`] as a byte.
    pub scope: u8,
    /// [`Interpolation`] as a byte.
    pub interpolation: u8,
    /// Points of the curve, 1 to 8; 0 of the plan's price.
    pub point_count: u8,
    /// [`Receiver`] of the feed as a byte; 0 without a feed.
    pub feed_receiver: u8,
    /// 1 if the feed's moving average is read, 0 for its spot price.
    pub feed_average: u8,
    /// Zero. For other places where a value comes from (an attestation service).
    pub spare: [u8; 10],
}

// The length is a number because Anchor's description takes nothing else; here it is compared with the limit.
const _: fn(&Kpi) -> &[i64; MAX_CURVE_POINTS as usize] = |kpi| &kpi.curve_values;

impl Kpi {
    /// Checks the arguments and packs them.
    ///
    /// Errors: `BadName`, `BadUnit`, `TooManyDecimals`, `BadRange`, `BadCurve`, `DefaultScoreTooHigh`, `BadPrice`,
    /// `BadFeed`.
    pub fn new(args: &KpiArgs) -> Result<Self> {
        require!(!args.name.is_empty(), EarnoutError::BadName);
        require!(args.decimals <= MAX_KPI_DECIMALS, EarnoutError::TooManyDecimals);
        require!(
            NO_VALUE < args.range_min && args.range_min <= args.range_max,
            EarnoutError::BadRange
        );
        args.check_worth()?;
        let mut kpi = Self {
            name: packed_text(&args.name).ok_or(EarnoutError::BadName)?,
            unit: packed_text(&args.unit).ok_or(EarnoutError::BadUnit)?,
            rubric_hash: args.rubric_hash,
            range_min: args.range_min,
            range_max: args.range_max,
            curve_values: [0; 8],
            curve_scores: [0; 8],
            default_price: args.default_price.unwrap_or_default(),
            feed_id: [0; 32],
            max_delay_secs: 0,
            max_confidence_bps: 0,
            default_score: args.default_score,
            decimals: args.decimals,
            scope: args.scope.to_byte(),
            interpolation: args.interpolation.to_byte(),
            point_count: u8::try_from(args.points.len()).map_err(|_| EarnoutError::BadCurve)?,
            feed_receiver: 0,
            feed_average: 0,
            spare: [0; 10],
        };
        if let Some(feed) = &args.feed {
            kpi.set_feed(feed)?;
        }
        for (index, point) in args.points.iter().enumerate() {
            kpi.curve_values[index] = point.value;
            kpi.curve_scores[index] = point.score;
        }
        if !kpi.is_price() {
            kpi.curve()?.validate().map_err(|_| EarnoutError::BadCurve)?;
        }
        Ok(kpi)
    }

    /// Errors: `BadFeed`.
    fn set_feed(&mut self, feed: &Feed) -> Result<()> {
        let is_known = feed.feed_id != [0; 32] && feed.max_delay_secs > 0;
        let is_bounded = (1..=FULL_SCORE).contains(&feed.max_confidence_bps);
        require!(
            is_known && is_bounded && self.scope()? == Scope::Shared,
            EarnoutError::BadFeed
        );
        self.feed_id = feed.feed_id;
        self.max_delay_secs = feed.max_delay_secs;
        self.max_confidence_bps = feed.max_confidence_bps;
        self.feed_receiver = feed.receiver.to_byte();
        self.feed_average = feed.average.into();
        Ok(())
    }

    /// Whether this is the plan's price: a price is above 0, the one under silence too.
    pub fn is_price(&self) -> bool {
        self.default_price > 0
    }

    /// Whether the value can be read from a feed.
    pub fn has_feed(&self) -> bool {
        self.feed_receiver != 0
    }

    /// The feed from which the value can be read.
    ///
    /// Errors: `CorruptAccount`.
    pub fn feed(&self) -> Result<Option<Feed>> {
        if !self.has_feed() {
            return Ok(None);
        }
        Ok(Some(Feed {
            receiver: Receiver::try_from(self.feed_receiver)?,
            feed_id: self.feed_id,
            average: self.feed_average != 0,
            max_delay_secs: self.max_delay_secs,
            max_confidence_bps: self.max_confidence_bps,
        }))
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

impl KpiArgs {
    /// Checks what a value is worth: a score by a curve, or as the price.
    ///
    /// Errors: `BadCurve`, `DefaultScoreTooHigh`; `BadPrice` if the price is not shared, can be 0, has a curve or a
    /// score, or its default is out of its range.
    fn check_worth(&self) -> Result<()> {
        let Some(default_price) = self.default_price else {
            require!(
                !self.points.is_empty() && self.points.len() <= usize::from(MAX_CURVE_POINTS),
                EarnoutError::BadCurve
            );
            require!(self.default_score <= FULL_SCORE, EarnoutError::DefaultScoreTooHigh);
            return Ok(());
        };
        let has_no_score = self.points.is_empty() && self.default_score == 0;
        let is_in_range = (self.range_min..=self.range_max).contains(&default_price);
        require!(
            self.scope == Scope::Shared && self.range_min > 0 && has_no_score && is_in_range,
            EarnoutError::BadPrice
        );
        Ok(())
    }
}

/// The text that stands before the padding of zero bytes; none if it is not UTF-8.
pub fn text(packed: &[u8]) -> Option<&str> {
    let len = packed.iter().position(|byte| *byte == 0).unwrap_or(packed.len());
    core::str::from_utf8(packed.get(..len)?).ok()
}

/// `text` padded with zero bytes to `N`; `None` if it is longer or [`name::check`] refuses it (a zero byte
/// included, so that the padding is unambiguous).
pub(super) fn packed_text<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut packed = [0; N];
    pack(text, &mut packed)?;
    Some(packed)
}

/// Not for each length anew.
#[inline(never)]
fn pack(text: &str, packed: &mut [u8]) -> Option<()> {
    name::check(text).ok()?;
    packed.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some(())
}
