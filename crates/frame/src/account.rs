//! Accounts of an instruction, by Anchor's names.

use {
    crate::{Fault, Result},
    anchor_lang::{Discriminator, error::ErrorCode},
    bytemuck::Pod,
    core::{marker::PhantomData, ops::Deref},
    pinocchio::{AccountView, Address},
};

pub use pinocchio::account::{Ref, RefMut};

/// Gives [`AccountView`] the lifetime that Anchor's `AccountInfo` has, so that one signature serves both.
pub trait Lives<'info> {
    /// The account.
    type Account;
}

impl Lives<'_> for AccountView {
    type Account = Self;
}

/// An account as the loader passed it.
pub type AccountInfo<'info> = <AccountView as Lives<'info>>::Account;

/// What has an address.
pub trait Key {
    /// A copy of the address.
    fn key(&self) -> Address;
}

impl Key for AccountView {
    #[inline(always)]
    fn key(&self) -> Address {
        *self.address()
    }
}

/// Accounts that are what they are by their place, with an account behind them.
macro_rules! declared {
    ($($(#[$doc:meta])* $name:ident$(<$state:ident>)?),* $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name<'info $(, $state)?> {
                view: &'info AccountView,
                kind: PhantomData<fn() -> ($($state,)?)>,
            }

            impl<'info $(, $state)?> $name<'info $(, $state)?> {
                /// Takes an account that was checked to be one.
                #[inline(always)]
                pub fn new(view: &'info AccountView) -> Self {
                    Self { view, kind: PhantomData }
                }

                /// The address.
                #[inline(always)]
                pub fn address(&self) -> &'info Address {
                    self.view.address()
                }
            }

            impl<$($state)?> Key for $name<'_ $(, $state)?> {
                #[inline(always)]
                fn key(&self) -> Address {
                    *self.view.address()
                }
            }

            impl<$($state)?> AsRef<AccountView> for $name<'_ $(, $state)?> {
                #[inline(always)]
                fn as_ref(&self) -> &AccountView {
                    self.view
                }
            }
        )*
    };
}
declared! {
    /// An account that has signed.
    Signer,
    /// An account of which the declaration says nothing: the handler checks it.
    UncheckedAccount,
    /// A program.
    Program<T>,
    /// An account of the program with a structure of type `T` behind its discriminator.
    AccountLoader<T>,
}

impl Deref for Signer<'_> {
    type Target = AccountView;

    #[inline(always)]
    fn deref(&self) -> &AccountView {
        self.view
    }
}

impl Deref for UncheckedAccount<'_> {
    type Target = AccountView;

    #[inline(always)]
    fn deref(&self) -> &AccountView {
        self.view
    }
}

impl<'info, T: Pod + Discriminator> AccountLoader<'info, T> {
    /// The structure, to be read. [`crate::check::state`] has seen owner and discriminator, which no instruction
    /// changes while it holds the account as this type.
    ///
    /// # Errors
    /// `AccountBorrowFailed` while it is being written; `AccountDidNotDeserialize` if the account is too small.
    #[inline(always)]
    pub fn load(&self) -> Result<Ref<'info, T>> {
        Ref::filter_map(self.view.try_borrow()?, |data| body(data)).map_err(|_| too_small())
    }

    /// The structure, to be written.
    ///
    /// # Errors
    /// `AccountNotMutable`; `AccountBorrowFailed` while it is borrowed; `AccountDidNotDeserialize` if the account is
    /// too small.
    #[inline(always)]
    pub fn load_mut(&self) -> Result<RefMut<'info, T>> {
        if !self.view.is_writable() {
            return Err(ErrorCode::AccountNotMutable.into());
        }
        RefMut::filter_map(self.view.try_borrow_mut()?, |data| body_mut(data)).map_err(|_| too_small())
    }
}

#[cold]
fn too_small() -> Fault {
    ErrorCode::AccountDidNotDeserialize.into()
}

/// Where the structure begins: all discriminators of the program have this length, which [`crate::check::tag`] checks.
pub(crate) const HEAD: usize = 8;

/// The structure behind the discriminator, if there is one of this size.
#[inline(always)]
pub fn body<T: Pod>(data: &[u8]) -> Option<&T> {
    let end = const { HEAD.checked_add(size_of::<T>()).expect("a structure fits an account") };
    bytemuck::try_from_bytes(data.get(HEAD..end)?).ok()
}

/// The same, to be written.
#[inline(always)]
pub fn body_mut<T: Pod>(data: &mut [u8]) -> Option<&mut T> {
    let end = const { HEAD.checked_add(size_of::<T>()).expect("a structure fits an account") };
    bytemuck::try_from_bytes_mut(data.get_mut(HEAD..end)?).ok()
}

/// The accounts of an instruction and those after them.
pub struct Context<'info, T> {
    /// The declared ones.
    pub accounts: T,
    /// The others.
    pub remaining_accounts: &'info [AccountView],
}

/// A structure of accounts, derived from its declaration.
pub trait Accounts<'info>: Sized {
    /// How many there are.
    const COUNT: usize;

    /// Takes the accounts in their order: first what each is, then what is asked of each.
    ///
    /// # Errors
    /// Anchor's, and those that the declaration names.
    fn take(views: &'info [AccountView]) -> Result<Self>;
}
