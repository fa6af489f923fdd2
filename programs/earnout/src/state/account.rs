//! Creating, loading and closing the program's own accounts.

use {
    crate::{constants::ACCOUNT_VERSION, error::EarnoutError, prelude::*},
    anchor_lang::{Owner, ZeroCopy, system_program},
};

/// An account that begins with the version of its layout.
pub trait Versioned: ZeroCopy + Owner {
    /// The version of the layout it was written in.
    fn version(&self) -> u8;
}

macro_rules! versioned {
    ($account:ty) => {
        impl $crate::state::account::Versioned for $account {
            fn version(&self) -> u8 {
                self.version
            }
        }
        // `create` writes it there.
        const _: () = assert!(std::mem::offset_of!($account, version) == 0);
    };
}
pub(super) use versioned;

/// Loads an account only if this release knows its layout, so that no release takes another's bytes for its own.
pub trait LoadKnown<T> {
    /// The account, to be read.
    ///
    /// Errors: `UnknownVersion`.
    fn load_known(&self) -> Result<Ref<'_, T>>;

    /// The account, to be written.
    ///
    /// Errors: `UnknownVersion`; Anchor's `AccountNotMutable`.
    fn load_known_mut(&self) -> Result<RefMut<'_, T>>;
}

impl<T: Versioned> LoadKnown<T> for AccountLoader<'_, T> {
    #[inline(always)]
    fn load_known(&self) -> Result<Ref<'_, T>> {
        let account = self.load()?;
        require_known(account.version())?;
        Ok(account)
    }

    #[inline(always)]
    fn load_known_mut(&self) -> Result<RefMut<'_, T>> {
        let account = self.load_mut()?;
        require_known(account.version())?;
        Ok(account)
    }
}

/// Errors: `UnknownVersion`.
#[inline(always)]
pub(super) fn require_known(version: u8) -> Result<()> {
    require!(version == ACCOUNT_VERSION, EarnoutError::UnknownVersion);
    Ok(())
}

/// Creates the account `target` of `space` bytes owned by `owner`, rent-exempt, at the program address that `seeds`
/// (bump included) sign for. Lamports that somebody sent to the address beforehand count towards the rent and hinder
/// nothing.
///
/// Returns the lamports that `payer` paid.
///
/// Errors: `AccountExists` if the address already holds data or belongs to a program.
#[inline(never)]
pub fn create_address<'info>(
    payer: &AccountInfo<'info>,
    target: &AccountInfo<'info>,
    seeds: &[&[u8]],
    space: usize,
    owner: &Pubkey,
) -> Result<u64> {
    require!(is_vacant(target), EarnoutError::AccountExists);
    let space_arg = u64::try_from(space).map_err(|_| EarnoutError::Overflow)?;
    let rent = rent_of(space)?;
    let missing = rent.saturating_sub(target.lamports());
    let created = Passed::writable(target).signer();
    if target.lamports() == 0 {
        let passed = [Passed::writable(payer).signer(), created];
        let data = system::create_account(rent, space_arg, owner);
        invoke(&system_program::ID, &passed, &data, seeds)?;
    } else {
        if missing > 0 {
            let passed = [Passed::writable(payer).signer(), Passed::writable(target)];
            invoke(&system_program::ID, &passed, &system::transfer(missing), &[])?;
        }
        invoke(&system_program::ID, &[created], &system::allocate(space_arg), seeds)?;
        invoke(&system_program::ID, &[created], &system::assign(owner), seeds)?;
    }
    Ok(missing)
}

/// Data of the System Program's instructions: a number of 4 bytes, then the arguments.
mod system {
    use crate::prelude::Pubkey;

    pub(super) fn create_account(lamports: u64, space: u64, owner: &Pubkey) -> [u8; 52] {
        let mut data = [0; 52];
        data[4..12].copy_from_slice(&lamports.to_le_bytes());
        data[12..20].copy_from_slice(&space.to_le_bytes());
        data[20..].copy_from_slice(owner.as_ref());
        data
    }

    pub(super) fn assign(owner: &Pubkey) -> [u8; 36] {
        let mut data = [0; 36];
        data[0] = 1;
        data[4..].copy_from_slice(owner.as_ref());
        data
    }

    pub(super) fn transfer(lamports: u64) -> [u8; 12] {
        with_number(2, lamports)
    }

    pub(super) fn allocate(space: u64) -> [u8; 12] {
        with_number(8, space)
    }

    fn with_number(instruction: u8, number: u64) -> [u8; 12] {
        let mut data = [0; 12];
        data[0] = instruction;
        data[4..].copy_from_slice(&number.to_le_bytes());
        data
    }

    #[cfg(test)]
    mod tests {
        use {super::*, anchor_lang::solana_program::system_instruction};

        #[test]
        fn data_are_those_of_the_interface() {
            let [from, to, owner] = [1, 2, 3].map(|byte| Pubkey::from([byte; 32]));
            let (lamports, space) = (0x0102_0304_0506_0708, 0x1112_1314);
            let create = system_instruction::create_account(&from, &to, lamports, space, &owner);
            assert_eq!(create.data, create_account(lamports, space, &owner));
            assert_eq!(system_instruction::assign(&to, &owner).data, assign(&owner));
            assert_eq!(
                system_instruction::transfer(&from, &to, lamports).data,
                transfer(lamports)
            );
            assert_eq!(system_instruction::allocate(&to, space).data, allocate(space));
        }
    }
}

/// Creates the program's account of type `T` at the address that `seeds` (bump included) sign for and writes its
/// discriminator and the version of its layout. All other bytes are zero.
///
/// Returns the lamports that `payer` paid.
///
/// Errors: as [`create_address`].
pub fn create<'info, T: Versioned>(
    payer: &AccountInfo<'info>,
    target: &AccountInfo<'info>,
    seeds: &[&[u8]],
) -> Result<u64> {
    let space = const { T::DISCRIMINATOR.len() + size_of::<T>() };
    create_of_size::<T>(payer, target, seeds, space)
}

/// The same with `space` bytes in all: those of `T` and more behind them.
///
/// Errors: as [`create_address`].
pub fn create_of_size<'info, T: Versioned>(
    payer: &AccountInfo<'info>,
    target: &AccountInfo<'info>,
    seeds: &[&[u8]],
    space: usize,
) -> Result<u64> {
    let discriminator = T::DISCRIMINATOR;
    let paid = create_address(payer, target, seeds, space, &crate::ID)?;
    let mut data = target.try_borrow_mut()?;
    let (head, body) = data.split_at_mut(discriminator.len());
    head.copy_from_slice(discriminator);
    body[0] = ACCOUNT_VERSION;
    Ok(paid)
}

/// The program's account of type `T`, to be read.
///
/// Errors: `wrong` if the account is another one; `UnknownVersion`.
pub fn read<'a, T: Versioned>(info: &'a AccountInfo, wrong: EarnoutError) -> Result<Ref<'a, T>> {
    let account = find(info).ok_or(wrong)?;
    require_known(T::version(&account))?;
    Ok(account)
}

/// The program's account of type `T`, to be written.
///
/// Errors: `wrong` if the account is another one or cannot be written; `UnknownVersion`.
pub fn write<'a, T: Versioned>(info: &'a AccountInfo, wrong: EarnoutError) -> Result<RefMut<'a, T>> {
    let account = find_mut(info).ok_or(wrong)?;
    require_known(T::version(&account))?;
    Ok(account)
}

#[inline(never)]
fn find<'a, T: ZeroCopy>(info: &'a AccountInfo) -> Option<Ref<'a, T>> {
    if !is_owned_by(info, &crate::ID) {
        return None;
    }
    Ref::filter_map(info.try_borrow().ok()?, |data| {
        let body = data.strip_prefix(T::DISCRIMINATOR)?.get(..size_of::<T>())?;
        bytemuck::try_from_bytes(body).ok()
    })
    .ok()
}

#[inline(never)]
fn find_mut<'a, T: ZeroCopy>(info: &'a AccountInfo) -> Option<RefMut<'a, T>> {
    if !is_owned_by(info, &crate::ID) || !info.is_writable() {
        return None;
    }
    RefMut::filter_map(info.try_borrow_mut().ok()?, |data| {
        let (discriminator, body) = data.split_at_mut_checked(T::DISCRIMINATOR.len())?;
        if discriminator != T::DISCRIMINATOR {
            return None;
        }
        bytemuck::try_from_bytes_mut(body.get_mut(..size_of::<T>())?).ok()
    })
    .ok()
}

/// Closes an account of the program: what was paid for it returns to `rent_payer`, any lamports beyond that, which
/// somebody sent there, go to `treasury`.
///
/// Errors: `Overflow`.
pub fn close(target: &AccountInfo, rent_paid: u64, rent_payer: &AccountInfo, treasury: &AccountInfo) -> Result<()> {
    share_out(target, 0, rent_paid, rent_payer, treasury)?;
    assign(target, &system_program::ID);
    Ok(target.resize(0)?)
}

/// Replaces an account of the program by the smaller `mark`, rent-exempt, which stays permanently. The lamports that
/// are not needed for it go where [`close`] sends them.
///
/// Errors: `Overflow`.
pub fn shrink<T: ZeroCopy>(
    target: &AccountInfo,
    mark: &T,
    rent_paid: u64,
    rent_payer: &AccountInfo,
    treasury: &AccountInfo,
) -> Result<()> {
    let space = const { T::DISCRIMINATOR.len() + size_of::<T>() };
    let keep = rent_of(space)?;
    share_out(target, keep, rent_paid.saturating_sub(keep), rent_payer, treasury)?;
    target.resize(space)?;
    let mut data = target.try_borrow_mut()?;
    let (discriminator, body) = data.split_at_mut(T::DISCRIMINATOR.len());
    discriminator.copy_from_slice(T::DISCRIMINATOR);
    body.copy_from_slice(bytemuck::bytes_of(mark));
    Ok(())
}

/// Leaves `keep` lamports in `target` and sends up to `rent_paid` of the others to `rent_payer` and the rest to
/// `treasury`.
fn share_out(
    target: &AccountInfo,
    keep: u64,
    rent_paid: u64,
    rent_payer: &AccountInfo,
    treasury: &AccountInfo,
) -> Result<()> {
    let free = target.lamports().checked_sub(keep).ok_or(EarnoutError::Overflow)?;
    let returned = free.min(rent_paid);
    let rest = free.checked_sub(returned).ok_or(EarnoutError::Overflow)?;
    set_lamports(target, keep)?;
    give(rent_payer, returned)?;
    give(treasury, rest)
}

fn give(receiver: &AccountInfo, lamports: u64) -> Result<()> {
    let balance = receiver.lamports().checked_add(lamports);
    set_lamports(receiver, balance.ok_or(EarnoutError::Overflow)?)
}

/// Checks that nothing exists at `address`, and that `info` is it.
///
/// Errors: `wrong`.
pub fn require_vacant(info: &AccountInfo, address: &Pubkey, wrong: EarnoutError) -> Result<()> {
    let is_it = same(info.address(), address) && is_vacant(info);
    Ok(is_it.then_some(()).ok_or(wrong)?)
}

/// Whether nothing exists at this address: no data, and no owner but the System Program. Lamports do not matter, since
/// anyone can send them to any address.
pub fn is_vacant(info: &AccountInfo) -> bool {
    is_owned_by(info, &system_program::ID) && info.is_data_empty()
}
