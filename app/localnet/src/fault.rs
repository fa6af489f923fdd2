//! What the user can put right.

use thiserror::Error;

/// Something that was asked for is not possible. The process ends with [`Fault::EXIT_CODE`].
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Fault(String);

impl Fault {
    /// What a shell sees, as for wrong arguments; whatever else fails is 1.
    pub const EXIT_CODE: u8 = 2;

    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}
