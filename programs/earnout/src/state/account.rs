//! Creating, loading and closing the program's own accounts.

use {
    super::{Attestation, Grant, Period, Plan},
    crate::{constants::ACCOUNT_VERSION, error::EarnoutError},
    anchor_lang::{
        Owner, ZeroCopy,
        prelude::*,
        solana_program::{
            program::{invoke, invoke_signed},
            system_instruction,
        },
        system_program,
    },
    std::{
        cell::{Ref, RefMut},
        mem::offset_of,
    },
};

/// An account that begins with the version of its layout.
pub trait Versioned: ZeroCopy + Owner {
    /// The version of the layout it was written in.
    fn version(&self) -> u8;
}

macro_rules! versioned {
    ($($account:ty),*) => {
        $(
            impl Versioned for $account {
                fn version(&self) -> u8 {
                    self.version
                }
            }
            // `create` writes it there.
            const _: () = assert!(offset_of!($account, version) == 0);
        )*
    };
}
versioned!(Plan, Grant, Attestation, Period);

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
    fn load_known(&self) -> Result<Ref<'_, T>> {
        let account = self.load()?;
        require_known(account.version())?;
        Ok(account)
    }

    fn load_known_mut(&self) -> Result<RefMut<'_, T>> {
        let account = self.load_mut()?;
        require_known(account.version())?;
        Ok(account)
    }
}

/// Errors: `UnknownVersion`.
#[inline(never)]
fn require_known(version: u8) -> Result<()> {
    require!(version == ACCOUNT_VERSION, EarnoutError::UnknownVersion);
    Ok(())
}

/// Creates the account `target` of `space` bytes owned by `owner`, rent-exempt, at the program address that `seeds` (bump
/// included) sign for. Lamports that somebody sent to the address beforehand count towards the rent and hinder nothing.
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
    let rent = Rent::get()?.minimum_balance(space);
    let missing = rent.saturating_sub(target.lamports());
    if target.lamports() == 0 {
        invoke_signed(
            &system_instruction::create_account(payer.key, target.key, rent, space_arg, owner),
            &[payer.clone(), target.clone()],
            &[seeds],
        )?;
    } else {
        if missing > 0 {
            invoke(
                &system_instruction::transfer(payer.key, target.key, missing),
                &[payer.clone(), target.clone()],
            )?;
        }
        let target = std::slice::from_ref(target);
        let key = target[0].key;
        invoke_signed(&system_instruction::allocate(key, space_arg), target, &[seeds])?;
        invoke_signed(&system_instruction::assign(key, owner), target, &[seeds])?;
    }
    Ok(missing)
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
    let discriminator = T::DISCRIMINATOR;
    let paid = create_address(payer, target, seeds, discriminator.len() + size_of::<T>(), &crate::ID)?;
    let mut data = target.try_borrow_mut_data()?;
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

fn find<'a, T: ZeroCopy>(info: &'a AccountInfo) -> Option<Ref<'a, T>> {
    if info.owner != &crate::ID {
        return None;
    }
    Ref::filter_map(info.try_borrow_data().ok()?, |data| {
        let body = data.strip_prefix(T::DISCRIMINATOR)?.get(..size_of::<T>())?;
        bytemuck::try_from_bytes(body).ok()
    })
    .ok()
}

fn find_mut<'a, T: ZeroCopy>(info: &'a AccountInfo) -> Option<RefMut<'a, T>> {
    if info.owner != &crate::ID || !info.is_writable {
        return None;
    }
    RefMut::filter_map(info.try_borrow_mut_data().ok()?, |data| {
        let (discriminator, body) = data.split_at_mut_checked(T::DISCRIMINATOR.len())?;
        if discriminator != T::DISCRIMINATOR {
            return None;
        }
        bytemuck::try_from_bytes_mut(body.get_mut(..size_of::<T>())?).ok()
    })
    .ok()
}

/// Closes an account of the program: what was paid for it returns to `rent_payer`, any lamports beyond that, which somebody
/// sent there, go to `treasury`.
///
/// Errors: `Overflow`.
pub fn close(target: &AccountInfo, rent_paid: u64, rent_payer: &AccountInfo, treasury: &AccountInfo) -> Result<()> {
    share_out(target, 0, rent_paid, rent_payer, treasury)?;
    target.assign(&system_program::ID);
    Ok(target.resize(0)?)
}

/// Replaces an account of the program by the smaller `mark`, rent-exempt, which stays for ever. The lamports that are not
/// needed for it go where [`close`] sends them.
///
/// Errors: `Overflow`.
pub fn shrink<T: ZeroCopy>(
    target: &AccountInfo,
    mark: &T,
    rent_paid: u64,
    rent_payer: &AccountInfo,
    treasury: &AccountInfo,
) -> Result<()> {
    let space = T::DISCRIMINATOR.len() + size_of::<T>();
    let keep = Rent::get()?.minimum_balance(space);
    share_out(target, keep, rent_paid.saturating_sub(keep), rent_payer, treasury)?;
    target.resize(space)?;
    let mut data = target.try_borrow_mut_data()?;
    let (discriminator, body) = data.split_at_mut(T::DISCRIMINATOR.len());
    discriminator.copy_from_slice(T::DISCRIMINATOR);
    body.copy_from_slice(bytemuck::bytes_of(mark));
    Ok(())
}

/// Leaves `keep` lamports in `target` and sends up to `rent_paid` of the others to `rent_payer` and the rest to `treasury`.
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
    **target.try_borrow_mut_lamports()? = keep;
    give(rent_payer, returned)?;
    give(treasury, rest)
}

fn give(receiver: &AccountInfo, lamports: u64) -> Result<()> {
    let balance = receiver.lamports().checked_add(lamports);
    **receiver.try_borrow_mut_lamports()? = balance.ok_or(EarnoutError::Overflow)?;
    Ok(())
}

/// Whether nothing exists at this address: no data, and no owner but the System Program. Lamports do not matter, since
/// anyone can send them to any address.
pub fn is_vacant(info: &AccountInfo) -> bool {
    info.owner == &system_program::ID && info.data_is_empty()
}
