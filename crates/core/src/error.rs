//! What can go wrong in the arithmetic.

use core::fmt;

/// The result of a computation that can fail.
pub type Result<T> = core::result::Result<T, Error>;

/// Why something could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A result does not fit its type.
    Overflow,
    /// A cadence of zero seconds or zero months.
    NoCadence,
    /// A number of periods outside the allowed range.
    BadPeriodCount,
    /// A period or boundary that the calendar or the grant does not have.
    PeriodOutOfRange,
    /// A curve without points.
    TooFewPoints,
    /// A curve with more than [`MAX_CURVE_POINTS`](crate::MAX_CURVE_POINTS) points.
    TooManyPoints,
    /// Curve points whose values do not strictly rise.
    PointsNotRising,
    /// A score above the highest that is allowed.
    ScoreTooHigh,
    /// Weights that do not sum to [`FULL_WEIGHT`](crate::FULL_WEIGHT), or a weight above it.
    BadWeights,
    /// An oracle set without oracles.
    NoVotes,
    /// A threshold that is not a strict majority of the oracle set, or is larger than the set.
    BadThreshold,
    /// More than [`MAX_ORACLES`](crate::MAX_ORACLES) votes.
    TooManyOracles,
    /// More than [`MAX_KPIS`](crate::MAX_KPIS) KPIs.
    TooManyKpis,
    /// Two lists that belong together have different lengths.
    LengthMismatch,
    /// A part that is larger than the whole it is taken from.
    PartExceedsWhole,
    /// A span of time that does not end after it begins.
    EmptySpan,
    /// A ruling on something that nobody disputed.
    RulingWithoutDispute,
    /// A price that is not above zero.
    BadPrice,
    /// A power of ten that is too large or too small to convert with.
    ExponentOutOfRange,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Overflow => "The result does not fit its type.",
            Error::NoCadence => "The cadence must not be zero.",
            Error::BadPeriodCount => "The number of periods is out of range.",
            Error::PeriodOutOfRange => "There is no such period.",
            Error::TooFewPoints => "A curve needs at least one point.",
            Error::TooManyPoints => "The curve has too many points.",
            Error::PointsNotRising => "The values of a curve's points must strictly rise.",
            Error::ScoreTooHigh => "The score is higher than allowed.",
            Error::BadWeights => "The weights of time and KPIs must sum to exactly 10,000.",
            Error::NoVotes => "An oracle set needs at least one oracle.",
            Error::BadThreshold => "The threshold must be more than half of the oracles and at most all of them.",
            Error::TooManyOracles => "There are more votes than an oracle set can have oracles.",
            Error::TooManyKpis => "There are more KPIs than a plan can have.",
            Error::LengthMismatch => "Two lists that belong together differ in length.",
            Error::PartExceedsWhole => "A part is larger than the whole it is taken from.",
            Error::EmptySpan => "A span of time must end after it begins.",
            Error::RulingWithoutDispute => "There is a ruling although nobody disputed.",
            Error::BadPrice => "A price must be above zero.",
            Error::ExponentOutOfRange => "The decimals differ by more than 18 digits.",
        })
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // In a test an overflow is a failure, as it should be.
mod tests {
    extern crate std;

    use {
        super::Error,
        std::{collections::BTreeSet, string::ToString},
    };

    #[test]
    fn every_error_is_one_sentence_of_its_own() {
        let all = [
            Error::Overflow,
            Error::NoCadence,
            Error::BadPeriodCount,
            Error::PeriodOutOfRange,
            Error::TooFewPoints,
            Error::TooManyPoints,
            Error::PointsNotRising,
            Error::ScoreTooHigh,
            Error::BadWeights,
            Error::NoVotes,
            Error::BadThreshold,
            Error::TooManyOracles,
            Error::TooManyKpis,
            Error::LengthMismatch,
            Error::PartExceedsWhole,
            Error::EmptySpan,
            Error::RulingWithoutDispute,
            Error::BadPrice,
            Error::ExponentOutOfRange,
        ];
        let sentences: BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(sentences.len(), all.len());
        assert!(
            sentences
                .iter()
                .all(|sentence| sentence.find('.') == Some(sentence.len() - 1))
        );
    }
}
