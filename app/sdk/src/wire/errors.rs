//! Errors in the program's own words instead of numbers.

use {
    crate::wire::interface::interface,
    anchor_lang::error::ErrorCode,
    std::{collections::BTreeMap, fmt, sync::OnceLock},
};

/// An error of the program, or of the checks that Anchor makes before the program's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramError {
    /// The number that a failed transaction carries.
    pub code: u32,
    /// The name in the interface description.
    pub name: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.name, self.message)
    }
}

/// The error with this number; `None` if neither the program nor Anchor has one.
pub fn program_error(code: u32) -> Option<&'static ProgramError> {
    static ERRORS: OnceLock<BTreeMap<u32, ProgramError>> = OnceLock::new();
    ERRORS.get_or_init(read).get(&code)
}

fn read() -> BTreeMap<u32, ProgramError> {
    let own = interface()["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|error| {
            Some(ProgramError {
                code: error["code"].as_u64()?.try_into().ok()?,
                name: error["name"].as_str()?.to_owned(),
                message: error["msg"].as_str()?.to_owned(),
            })
        });
    let framework = FRAMEWORK.iter().map(|error| ProgramError {
        code: u32::from(*error),
        name: error.name(),
        message: error.to_string(),
    });
    own.chain(framework).map(|error| (error.code, error)).collect()
}

/// What Anchor itself can answer to a call of this program.
const FRAMEWORK: [ErrorCode; 18] = [
    ErrorCode::InstructionMissing,
    ErrorCode::InstructionFallbackNotFound,
    ErrorCode::InstructionDidNotDeserialize,
    ErrorCode::ConstraintMut,
    ErrorCode::ConstraintHasOne,
    ErrorCode::ConstraintSigner,
    ErrorCode::ConstraintRaw,
    ErrorCode::ConstraintOwner,
    ErrorCode::ConstraintSeeds,
    ErrorCode::ConstraintAddress,
    ErrorCode::AccountDiscriminatorNotFound,
    ErrorCode::AccountDiscriminatorMismatch,
    ErrorCode::AccountDidNotDeserialize,
    ErrorCode::AccountNotEnoughKeys,
    ErrorCode::AccountNotMutable,
    ErrorCode::AccountOwnedByWrongProgram,
    ErrorCode::InvalidProgramId,
    ErrorCode::AccountNotSigner,
];

#[cfg(test)]
mod tests {
    use {super::*, earnout::error::EarnoutError};

    #[test]
    fn every_number_has_its_name() {
        let fee = program_error(EarnoutError::FeeTooHigh.into()).expect("an error of the program");
        assert_eq!(fee.name, "FeeTooHigh");
        assert!(
            fee.message.contains("only the beneficiary may claim"),
            "{}",
            fee.message
        );
        let signer = program_error(3010).expect("an error of Anchor");
        assert_eq!(signer.name, "AccountNotSigner");
        assert_eq!(program_error(5999), None);
    }

    #[test]
    fn the_interface_description_has_every_error_of_the_program() {
        let last = u32::from(EarnoutError::EarlierPriceStands);
        let missing: Vec<_> = (6000..=last).filter(|code| program_error(*code).is_none()).collect();
        assert!(missing.is_empty(), "no name for {missing:?}");
        assert_eq!(program_error(last + 1), None, "name the newest error in this test");
    }
}
