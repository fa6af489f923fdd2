//! Why an instruction fails, on the chain: a number. Names and texts are looked up once, at the very end.

use crate::error::EarnoutError;

#[cfg(lean)]
pub use earnout_frame::Fault;

#[cfg(not(lean))]
pub use for_anchor::Fault;

/// What a fallible function of the program returns on the chain.
pub type Result<T, E = Fault> = core::result::Result<T, E>;

impl From<EarnoutError> for Fault {
    #[inline(always)]
    fn from(error: EarnoutError) -> Self {
        // The codes of an enum of `u32` without gaps.
        Self::custom(error as u32 + anchor_lang::error::ERROR_CODE_OFFSET)
    }
}

/// The number as Anchor's runtime takes it.
#[cfg(not(lean))]
mod for_anchor {
    use {
        crate::error::EarnoutError,
        anchor_lang::{
            error::{Error, ErrorCode},
            prelude::ProgramError,
        },
    };

    /// The number that the runtime reports.
    #[derive(Clone, Copy)]
    pub struct Fault(earnout_frame::Fault);

    impl Fault {
        /// A custom error.
        #[inline(always)]
        pub const fn custom(code: u32) -> Self {
            Self(earnout_frame::Fault::custom(code))
        }
    }

    impl From<earnout_frame::Fault> for Fault {
        #[inline(always)]
        fn from(fault: earnout_frame::Fault) -> Self {
            Self(fault)
        }
    }

    impl From<ErrorCode> for Fault {
        #[inline(always)]
        fn from(error: ErrorCode) -> Self {
            Self(error.into())
        }
    }

    impl From<ProgramError> for Fault {
        #[inline(always)]
        fn from(error: ProgramError) -> Self {
            Self(error.into())
        }
    }

    /// Of an error that Anchor has made already, when it loads an account.
    impl From<Error> for Fault {
        #[cold]
        #[inline(never)]
        fn from(error: Error) -> Self {
            match error {
                Error::AnchorError(error) => Self::custom(error.error_code_number),
                Error::ProgramError(error) => error.program_error.into(),
            }
        }
    }

    /// Anchor says the number and, where it is known, the account; the text is said here.
    impl From<Fault> for Error {
        #[cold]
        #[inline(never)]
        fn from(fault: Fault) -> Self {
            earnout_frame::fault::log(fault.0, crate::error::describe);
            ProgramError::from(fault.0).into()
        }
    }

    /// What constraints name.
    impl From<EarnoutError> for Error {
        #[inline(always)]
        fn from(error: EarnoutError) -> Self {
            Fault::from(error).into()
        }
    }
}

/// Fails with the error unless the condition holds.
macro_rules! require {
    ($condition:expr, $error:expr $(,)?) => {
        if !$condition {
            return Err($crate::prelude::Fault::from($error));
        }
    };
}

/// Fails with the error.
macro_rules! err {
    ($error:expr $(,)?) => {
        Err($crate::prelude::Fault::from($error))
    };
}

pub(crate) use {err, require};
