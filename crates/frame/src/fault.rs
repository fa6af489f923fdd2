//! Why an instruction fails, as small as the machine has it.

use {
    anchor_lang::{error::ErrorCode, prelude::ProgramError, solana_program::log::sol_log},
    core::num::NonZeroU64,
};

/// The number that the runtime reports: a custom error in the lower half, a built-in one in the upper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault(NonZeroU64);

/// What a fallible function of the frame returns.
pub type Result<T, E = Fault> = core::result::Result<T, E>;

impl Fault {
    /// A custom error. The runtime keeps 0 for success and has another number for custom error 0.
    pub const fn custom(code: u32) -> Self {
        const CUSTOM_ZERO: NonZeroU64 = NonZeroU64::MIN.saturating_mul(NonZeroU64::MIN.saturating_add(u32::MAX as u64));
        // Widening: the value is the same.
        match NonZeroU64::new(code as u64) {
            Some(code) => Self(code),
            None => Self(CUSTOM_ZERO),
        }
    }

    /// The number that the runtime reports.
    pub const fn code(self) -> u64 {
        self.0.get()
    }

    /// The custom error, if it is one.
    pub fn custom_code(self) -> Option<u32> {
        u32::try_from(self.code()).ok()
    }
}

impl From<ErrorCode> for Fault {
    #[inline(always)]
    fn from(error: ErrorCode) -> Self {
        Self::custom(error.into())
    }
}

impl From<ProgramError> for Fault {
    #[cold]
    #[inline(never)]
    fn from(error: ProgramError) -> Self {
        // Anchor never makes an error of the number for success; if one came, it must not become success.
        Self(NonZeroU64::new(u64::from(error)).unwrap_or(NonZeroU64::MAX))
    }
}

impl From<Fault> for ProgramError {
    #[cold]
    #[inline(never)]
    fn from(fault: Fault) -> Self {
        Self::from(fault.code())
    }
}

macro_rules! described {
    ($($code:ident: $text:literal),* $(,)?) => {
        /// Number, name and text of those of Anchor's errors that the frame reports.
        static DESCRIPTIONS: &[(u32, &str, &str)] = &[$((ErrorCode::$code as u32, stringify!($code), $text)),*];

        #[cfg(test)]
        const DESCRIBED: &[ErrorCode] = &[$(ErrorCode::$code),*];
    };
}
described! {
    InstructionFallbackNotFound: "Fallback functions are not supported",
    InstructionDidNotDeserialize: "The program could not deserialize the given instruction",
    ConstraintMut: "A mut constraint was violated",
    ConstraintSigner: "A signer constraint was violated",
    ConstraintSeeds: "A seeds constraint was violated",
    ConstraintAddress: "An address constraint was violated",
    AccountDiscriminatorNotFound: "No discriminator was found on the account",
    AccountDiscriminatorMismatch: "Account discriminator did not match what was expected",
    AccountDidNotDeserialize: "Failed to deserialize the account",
    AccountNotEnoughKeys: "Not enough account keys given to the instruction",
    AccountNotMutable: "The given account is not mutable",
    AccountOwnedByWrongProgram: "The given account is owned by a different program than expected",
    InvalidProgramId: "Program ID was not as expected",
    InvalidProgramExecutable: "Program account is not executable",
    AccountNotSigner: "The given account did not sign",
    DeclaredProgramIdMismatch: "The declared program id does not match the actual program id",
}

/// Anchor's name and text of one of its errors.
fn describe(code: u32) -> Option<(&'static str, &'static str)> {
    let found = DESCRIPTIONS.iter().find(|(number, ..)| *number == code);
    found.map(|(_, name, text)| (*name, *text))
}

/// Logs name, number and text of a custom error as Anchor does. `own` knows those of the program.
#[cold]
#[inline(never)]
pub fn log(fault: Fault, own: fn(u32) -> Option<(&'static str, &'static str)>) {
    let Some(code) = fault.custom_code() else { return };
    let Some((name, text)) = own(code).or_else(|| describe(code)) else {
        return;
    };
    sol_log(&line(code, name, text));
}

fn line(code: u32, name: &str, text: &str) -> String {
    // Three or four digits, as all known ones have. Formatting would bring its code along.
    let digits = [1_000, 100, 10, 1].map(|divisor| b'0' | u8::try_from(code / divisor % 10).unwrap_or_default());
    let digits = if code < 1_000 { &digits[1..] } else { &digits[..] };
    let digits = core::str::from_utf8(digits).unwrap_or_default();
    [
        "AnchorError occurred. Error Code: ",
        name,
        ". Error Number: ",
        digits,
        ". Error Message: ",
        text,
        ".",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use {super::*, anchor_lang::error::AnchorError};

    #[test]
    fn numbers_are_those_of_the_runtime() {
        for code in [0, 1, 101, 3_010, 6_000, 6_101, u32::MAX] {
            assert_eq!(Fault::custom(code).code(), u64::from(ProgramError::Custom(code)));
            assert_eq!(ProgramError::from(Fault::custom(code)), ProgramError::Custom(code));
        }
        let built_in = Fault::from(ProgramError::AccountBorrowFailed);
        assert_eq!(ProgramError::from(built_in), ProgramError::AccountBorrowFailed);
        assert_eq!(built_in.custom_code(), None);
    }

    #[test]
    fn texts_are_anchors() {
        assert!(DESCRIBED.len() > 10);
        for code in DESCRIBED {
            let number = u32::from(*code);
            let (name, text) = describe(number).unwrap();
            assert_eq!(name, code.name());
            assert_eq!(text, code.to_string());
            let anchors = AnchorError {
                error_name: code.name(),
                error_code_number: number,
                error_msg: code.to_string(),
                error_origin: None,
                compared_values: None,
            };
            let expected = format!(
                "AnchorError occurred. Error Code: {}. Error Number: {}. Error Message: {}.",
                anchors.error_name, anchors.error_code_number, anchors.error_msg
            );
            assert_eq!(line(number, name, text), expected);
        }
        assert_eq!(describe(6_000), None);
    }
}
