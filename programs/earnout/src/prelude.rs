//! What every module of the program uses. The names are the same wherever the program is compiled; who is behind them
//! is not:
//!
//! | | accounts, calls, bytes | errors |
//! | --- | --- | --- |
//! | off the chain: clients, tests, the interface description | Anchor | Anchor's |
//! | on the chain | `earnout-frame` | a number |
//! | on the chain, feature `anchor-runtime` | Anchor | a number |
//!
//! Beside Anchor's names: `Ref` and `RefMut` (borrowed bytes of an account), `View` (what the program asks an account),
//! `Passed`, `invoke` and `invoke_slice` (calls), `with_event_data`, `is_owned_by`, `assign`, `set_lamports`, `same`,
//! `now` and `rent_of`.

pub use crate::runtime::*;

#[cfg(target_os = "solana")]
pub use crate::fault::{Fault, Result};
#[cfg(not(target_os = "solana"))]
pub use anchor_lang::Result;

// In the place of Anchor's.
#[cfg(target_os = "solana")]
#[allow(hidden_glob_reexports)]
pub(crate) use crate::fault::{err, require};

/// Results of the arithmetic.
pub(crate) trait Ours<T> {
    /// With the program's errors.
    fn ours(self) -> Result<T>;
}

impl<T> Ours<T> for core::result::Result<T, earnout_core::Error> {
    #[inline(always)]
    fn ours(self) -> Result<T> {
        Ok(self.map_err(crate::error::EarnoutError::from)?)
    }
}
