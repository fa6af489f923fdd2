//! Calls of other programs.

use {
    crate::{Result, raw},
    pinocchio::{
        AccountView, Address,
        cpi::{CpiAccount, Seed, Signer},
        instruction::{InstructionAccount, InstructionView},
    },
};

/// An account that is passed on, and what the called program may do with it.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'a> {
    account: &'a AccountView,
    is_writable: bool,
    is_signer: bool,
}

impl<'a> Passed<'a> {
    /// To be read.
    #[inline(always)]
    pub fn readonly(account: &'a AccountView) -> Self {
        Self {
            account,
            is_writable: false,
            is_signer: false,
        }
    }

    /// To be written.
    #[inline(always)]
    pub fn writable(account: &'a AccountView) -> Self {
        Self {
            is_writable: true,
            ..Self::readonly(account)
        }
    }

    /// Signs too.
    #[inline(always)]
    pub fn signer(self) -> Self {
        Self {
            is_signer: true,
            ..self
        }
    }

    /// Asks that nobody holds the account's bytes in a way that the call could disturb.
    #[inline(always)]
    fn check_borrow(&self) -> Result<()> {
        if self.is_writable {
            self.account.check_borrow_mut()?;
        } else {
            self.account.check_borrow()?;
        }
        Ok(())
    }

    #[inline(always)]
    fn meta(&self) -> InstructionAccount<'a> {
        InstructionAccount::new(self.account.address(), self.is_writable, self.is_signer)
    }
}

/// Most seeds of an address, the bump included, that this program signs for.
const MOST_SEEDS: usize = 6;

/// Calls `program`. `seeds`, bump included, sign for an address of the calling program; none if empty.
///
/// # Errors
/// `AccountBorrowFailed` if the program may write an account that is borrowed. A call that fails ends the instruction
/// with the called program's error.
#[inline(always)]
pub fn invoke<const N: usize>(program: &Address, passed: &[Passed; N], data: &[u8], seeds: &[&[u8]]) -> Result<()> {
    let metas: [InstructionAccount; N] = core::array::from_fn(|index| passed[index].meta());
    let accounts: [CpiAccount; N] = core::array::from_fn(|index| CpiAccount::from(passed[index].account));
    let instruction = InstructionView {
        program_id: program,
        data,
        accounts: &metas,
    };
    for one in passed {
        one.check_borrow()?;
    }
    signed(seeds, |signers| raw::call(&instruction, &accounts, signers))
}

/// The same for any number of accounts.
///
/// # Errors
/// As [`invoke`].
#[inline(never)]
pub fn invoke_slice(program: &Address, passed: &[Passed], data: &[u8], seeds: &[&[u8]]) -> Result<()> {
    let metas: Vec<InstructionAccount> = passed.iter().map(Passed::meta).collect();
    let accounts: Vec<CpiAccount> = passed.iter().map(|one| CpiAccount::from(one.account)).collect();
    let instruction = InstructionView {
        program_id: program,
        data,
        accounts: &metas,
    };
    for one in passed {
        one.check_borrow()?;
    }
    signed(seeds, |signers| raw::call(&instruction, &accounts, signers))
}

/// Calls with the signature of `seeds`, or with none.
#[inline(always)]
fn signed(seeds: &[&[u8]], call: impl FnOnce(&[Signer])) -> Result<()> {
    if seeds.is_empty() {
        call(&[]);
        return Ok(());
    }
    let none: &[u8] = &[];
    let mut list: [Seed; MOST_SEEDS] = core::array::from_fn(|_| Seed::from(none));
    let list = list
        .get_mut(..seeds.len())
        .ok_or(anchor_lang::prelude::ProgramError::MaxSeedLengthExceeded)?;
    for (to, seed) in list.iter_mut().zip(seeds) {
        *to = Seed::from(*seed);
    }
    call(&[Signer::from(&*list)]);
    Ok(())
}
