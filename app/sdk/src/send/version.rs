//! The forms of a transaction, and what each has room for.

use std::fmt;

/// A form of transactions that this crate sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Version 0, without lookup tables: every cluster and every signer has it. The limits are instructions of the
    /// compute budget.
    #[default]
    Zero,
    /// Version 1: larger, and its limits stand in the message itself. What is not set there is zero, the limit of
    /// loaded data too.
    One,
}

impl Version {
    /// Largest transaction that the network carries, in bytes.
    #[must_use]
    pub const fn most_bytes(self) -> usize {
        match self {
            Self::Zero => 1_232,
            Self::One => 4_096,
        }
    }

    /// Instructions in front of a transaction's own: those of the compute budget. `priced` if its units have a price.
    #[must_use]
    pub const fn budget_instructions(self, priced: bool) -> usize {
        match (self, priced) {
            (Self::Zero, false) => 2,
            (Self::Zero, true) => 3,
            (Self::One, _) => 0,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Zero => "0",
            Self::One => "1",
        })
    }
}
