//! The choices of a plan that are fixed at activation. Each is stored as one byte; values are append-only.

use {
    crate::{
        constants::{PYTH_PRO_RECEIVER, PYTH_RECEIVER},
        error::EarnoutError,
        prelude::*,
    },
    earnout_core::{calendar, credit, curve, quorum::Ruling, release, tranche},
};

/// Declares an enum that is an instruction argument, a byte in an account, and nothing else.
macro_rules! stored_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $value:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The byte stored for this value.
            pub const fn to_byte(self) -> u8 {
                match self { $(Self::$variant => $value),+ }
            }
        }

        impl TryFrom<u8> for $name {
            type Error = EarnoutError;

            /// Decodes a stored byte; `CorruptAccount` for a value this release does not know.
            fn try_from(byte: u8) -> std::result::Result<Self, EarnoutError> {
                match byte { $($value => Ok(Self::$variant),)+ _ => Err(EarnoutError::CorruptAccount) }
            }
        }
    };
}

stored_enum! {
    /// Where a plan stands.
    PlanStatus {
        /// Terms may still change; no grant exists.
        Draft = 0,
        /// Terms are frozen for ever.
        Active = 1,
        /// Nothing of the plan is left but this mark at its address.
        Closed = 2,
    }
}

stored_enum! {
    /// How the scores of several KPIs become one credit.
    Combination {
        /// Each score counts by its weight.
        WeightedSum = 0,
        /// The lowest score among the weighted KPIs counts for all of them.
        Weakest = 1,
    }
}

stored_enum! {
    /// What happens to the part of a tranche that the scores did not earn.
    UnearnedPolicy {
        /// It becomes surplus.
        Return = 0,
        /// It can be earned in the same grant's next period.
        CarryOver = 1,
        /// It is shared among the grants of the period by what their KPIs earned.
        Redistribute = 2,
    }
}

stored_enum! {
    /// When what was earned vests.
    Release {
        /// All of it when the period is settled.
        AtSettlement = 0,
        /// By the second during the following period.
        Linear = 1,
    }
}

stored_enum! {
    /// Whose value a KPI measures.
    Scope {
        /// One value for all grants of the plan.
        Shared = 0,
        /// One value for each grant.
        Individual = 1,
    }
}

stored_enum! {
    /// How a curve reads a value between two of its points.
    Interpolation {
        /// On the straight line between them, rounded down.
        Linear = 0,
        /// The score of the last point reached.
        Step = 1,
    }
}

stored_enum! {
    /// Whether and by whom a grant was ended before its time.
    Termination {
        /// It was not.
        None = 0,
        /// By the authority.
        Terminated = 1,
        /// By the beneficiary.
        Resigned = 2,
    }
}

stored_enum! {
    /// What the arbiter decided.
    RulingKind {
        /// Nothing.
        None = 0,
        /// The value or the silence stands.
        Upheld = 1,
        /// The arbiter's value counts.
        Value = 2,
    }
}

stored_enum! {
    /// Who disputed the value of an individual KPI, or its silence.
    Disputer {
        /// Nobody.
        None = 0,
        /// The authority.
        Authority = 1,
        /// The grant's beneficiary.
        Beneficiary = 2,
    }
}

stored_enum! {
    /// The program on the chain that checks and keeps the updates of a price feed.
    Receiver {
        /// Pyth's first receiver.
        Pyth = 1,
        /// The receiver of Pyth Pro.
        PythPro = 2,
    }
}

impl Receiver {
    /// Its address.
    pub fn program(self) -> Pubkey {
        match self {
            Self::Pyth => PYTH_RECEIVER,
            Self::PythPro => PYTH_PRO_RECEIVER,
        }
    }
}

impl RulingKind {
    /// Of a ruling that sets `value`, or lets what there is stand.
    pub fn of(value: Option<i64>) -> Self {
        value.map_or(Self::Upheld, |_| Self::Value)
    }

    /// The ruling, with the `value` that is stored beside it.
    pub fn with(self, value: i64) -> Option<Ruling> {
        match self {
            Self::None => None,
            Self::Upheld => Some(Ruling::Uphold),
            Self::Value => Some(Ruling::Value(value)),
        }
    }
}

/// Length of a period.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// This many seconds.
    Seconds(u32),
    /// This many civil months in UTC, counted from the start, the day clamped to the month's length.
    Months(u16),
}

impl Cadence {
    /// The two stored numbers: kind (0 seconds, 1 months) and length.
    pub fn to_stored(self) -> (u8, u32) {
        match self {
            Self::Seconds(secs) => (0, secs),
            Self::Months(months) => (1, u32::from(months)),
        }
    }

    /// Decodes the two stored numbers; `CorruptAccount` for anything that `to_stored` does not write.
    pub fn from_stored(kind: u8, length: u32) -> std::result::Result<Self, EarnoutError> {
        match (kind, u16::try_from(length)) {
            (0, _) => Ok(Self::Seconds(length)),
            (1, Ok(months)) => Ok(Self::Months(months)),
            _ => Err(EarnoutError::CorruptAccount),
        }
    }
}

impl From<Cadence> for calendar::Cadence {
    fn from(cadence: Cadence) -> Self {
        match cadence {
            Cadence::Seconds(secs) => Self::Seconds(secs),
            Cadence::Months(months) => Self::Months(months),
        }
    }
}

/// The same choices, as the arithmetic knows them: it has no accounts and no arguments.
macro_rules! in_arithmetic {
    ($($name:ident as $twin:path { $($variant:ident),+ })+) => {
        $(
            impl From<$name> for $twin {
                fn from(choice: $name) -> Self {
                    match choice { $($name::$variant => Self::$variant),+ }
                }
            }
        )+
    };
}
in_arithmetic! {
    Combination as credit::Combination { WeightedSum, Weakest }
    UnearnedPolicy as tranche::UnearnedPolicy { Return, CarryOver, Redistribute }
    Release as release::Release { AtSettlement, Linear }
    Interpolation as curve::Interpolation { Linear, Step }
}
