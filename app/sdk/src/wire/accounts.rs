//! Reading the program's accounts.

use {
    super::{
        PageState,
        decode::{decode, decode_known},
        pda,
    },
    earnout::state::{Attestation, ClosedPlan, Grant, Period, Plan},
    solana_program::pubkey::Pubkey,
};

pub use super::decode::{DecodeError, space};

/// An account of the program whose address follows from what it holds.
pub trait Addressed: Sized {
    /// What it is, in a word.
    const NAME: &'static str;

    /// Reads one.
    ///
    /// # Errors
    /// If the bytes are not those of one, or of an unknown version.
    fn read(data: &[u8]) -> Result<Self, DecodeError>;

    /// Where it must be.
    fn address(&self) -> Pubkey;

    /// Reads what is at `address`, where it must be by what it holds. That the program owns it is the caller's to
    /// check.
    ///
    /// # Errors
    /// If the bytes are not those of one, or of an unknown version, or of one at another address.
    fn at(address: &Pubkey, data: &[u8]) -> Result<Self, DecodeError> {
        let state = Self::read(data)?;
        match state.address() {
            own if own == *address => Ok(state),
            own => Err(DecodeError::WrongAddress(Self::NAME, own)),
        }
    }
}

macro_rules! addressed {
    ($($type:ident, $name:ident, |$state:ident| $address:expr;)+) => {
        $(impl Addressed for $type {
            const NAME: &'static str = stringify!($name);

            fn read(data: &[u8]) -> Result<Self, DecodeError> {
                $name(data)
            }

            fn address(&self) -> Pubkey {
                let $state = self;
                $address
            }
        })+
    };
}

addressed! {
    Plan, plan, |state| pda::plan(&state.creator, state.plan_id);
    Grant, grant, |state| pda::grant(&state.plan, state.index);
    Attestation, attestation, |state| pda::attestation(&state.plan, state.kpi, state.period);
    PageState, page, |state| pda::page(&state.head().plan, state.head().kpi, state.head().period, state.head().page);
    Period, period, |state| pda::period(&state.plan, state.period);
}

/// Reads a plan.
///
/// # Errors
/// If the bytes are not those of a plan, or of an unknown version.
pub fn plan(data: &[u8]) -> Result<Plan, DecodeError> {
    decode_known(data, "plan")
}

/// Reads a grant.
///
/// # Errors
/// If the bytes are not those of a grant, or of an unknown version.
pub fn grant(data: &[u8]) -> Result<Grant, DecodeError> {
    decode_known(data, "grant")
}

/// Reads an attestation.
///
/// # Errors
/// If the bytes are not those of an attestation, or of an unknown version.
pub fn attestation(data: &[u8]) -> Result<Attestation, DecodeError> {
    decode_known(data, "attestation")
}

/// Reads a page.
///
/// # Errors
/// If the bytes are not those of a page, or of an unknown version.
pub fn page(data: &[u8]) -> Result<PageState, DecodeError> {
    PageState::read(data)
}

/// Reads the pool of a period.
///
/// # Errors
/// If the bytes are not those of a period, or of an unknown version.
pub fn period(data: &[u8]) -> Result<Period, DecodeError> {
    decode_known(data, "period")
}

/// Reads what is left of a plan that was closed.
///
/// # Errors
/// If the bytes are not those of a closed plan.
pub fn closed_plan(data: &[u8]) -> Result<ClosedPlan, DecodeError> {
    decode(data, "closed plan")
}

/// A name or a unit as it was written, from the zero-padded bytes that an account holds (see [`earnout::state::Kpi`]).
pub fn padded_text(padded: &[u8]) -> String {
    String::from_utf8_lossy(padded).trim_end_matches('\0').to_owned()
}
