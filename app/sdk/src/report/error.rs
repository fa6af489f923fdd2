//! Why an account could not be evaluated.

use {anchor_lang::error::Error as ProgramError, earnout_core as core, thiserror::Error};

/// Why an account could not be evaluated: it holds what the program never writes.
#[derive(Debug, Error)]
pub enum ProjectionError {
    /// The program's state refused.
    #[error("{}", in_words(.0))]
    State(Box<ProgramError>),
    /// The arithmetic refused.
    #[error(transparent)]
    Arithmetic(#[from] core::Error),
    /// The plan has no KPI of this number.
    #[error("the plan has no KPI number {0}")]
    UnknownKpi(u8),
}

/// An error of the program's code by its name and what it means.
fn in_words(error: &ProgramError) -> String {
    match error {
        ProgramError::AnchorError(error) => format!("{}: {}", error.error_name, error.error_msg),
        ProgramError::ProgramError(error) => error.program_error.to_string(),
    }
}

impl From<ProgramError> for ProjectionError {
    fn from(error: ProgramError) -> Self {
        Self::State(Box::new(error))
    }
}
