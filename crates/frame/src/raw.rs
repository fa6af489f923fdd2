//! The only `unsafe` code. Everything else that touches memory of the loader is `pinocchio`'s.
//!
//! What holds for every [`AccountView`] here: it was made by `pinocchio`'s entry point from what the loader passed, or,
//! in tests, from memory laid out in the same way, so its pointer is valid for the account's header and bytes while the
//! instruction runs.

#![allow(unsafe_code)]

use {
    crate::{Identity, same},
    anchor_lang::{
        event::EVENT_IX_TAG_LE,
        solana_program::{account_info::AccountInfo, entrypoint},
    },
    core::{mem::MaybeUninit, ops::Deref},
    pinocchio::{
        AccountView, Address, ProgramResult,
        cpi::{self, CpiAccount, Signer},
        entrypoint::deserialize,
        instruction::InstructionView,
    },
};

/// Whether the account belongs to `program`.
#[inline(always)]
pub fn is_owned_by(view: &AccountView, program: &Address) -> bool {
    // SAFETY: the reference to the owner ends with this expression, and nothing in it changes an owner.
    same(unsafe { view.owner() }, program)
}

/// Gives the account to `program`. The runtime allows it for an account of the running program whose bytes are zero.
#[inline(always)]
pub fn assign(view: &AccountView, program: &Address) {
    // SAFETY: no reference to the owner exists: `is_owned_by` is the only place that takes one, and it keeps none.
    unsafe { view.assign(program) }
}

/// Calls a program. `pinocchio`'s own way compares the address of every account with that in the list, which is made
/// from the account.
///
/// Only [`crate::call`] calls this, after it has asked every account whether it is borrowed.
#[inline(always)]
pub(crate) fn call(instruction: &InstructionView, accounts: &[CpiAccount], signers: &[Signer]) {
    // SAFETY: nobody holds bytes that the called program may write, nor writes those that it may read: the callers have
    // asked every account, and nothing borrows one in between. The runtime itself checks what the call may do, and ends
    // the instruction if it fails.
    unsafe { cpi::invoke_signed_unchecked(instruction, accounts, signers) }
}

/// Most bytes of an event. None is longer, since what callers choose the length of is checked before it is reported.
pub const ROOM: usize = 1_200;

/// Bytes of an event, on the stack. Where all lengths are known to the compiler nothing is left of the comparisons.
pub struct Buffer {
    length: usize,
    bytes: [MaybeUninit<u8>; ROOM],
}

impl Buffer {
    /// No bytes.
    #[inline(always)]
    pub fn new() -> Self {
        Self {
            length: 0,
            bytes: [const { MaybeUninit::uninit() }; ROOM],
        }
    }

    /// Appends bytes.
    ///
    /// # Panics
    /// If there is no room for them, which fails the instruction.
    #[inline(always)]
    pub fn put(&mut self, bytes: &[u8]) {
        let free = &mut self.bytes[self.length..];
        assert!(bytes.len() <= free.len(), "an event is longer than its room");
        // SAFETY: `free` has room for as many bytes, as was just asked; what is written into it cannot be what is read
        // from, because `self` is borrowed to be written.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), free.as_mut_ptr().cast::<u8>(), bytes.len());
        }
        self.length = self.length.wrapping_add(bytes.len());
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Buffer {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        // SAFETY: `put` has written the first `length` bytes, and nothing else changes the length.
        unsafe { core::slice::from_raw_parts(self.bytes.as_ptr().cast(), self.length) }
    }
}

/// Entry of Anchor's runtime.
pub type AnchorEntry = for<'info> fn(&'info Address, &'info [AccountInfo<'info>], &'info [u8]) -> ProgramResult;

/// Runs a program on Anchor's runtime. An event, which the program sends to itself with one account once in every
/// instruction, is answered before Anchor makes anything of the accounts.
///
/// # Safety
/// `input` is what the loader passes.
pub unsafe fn run_on_anchor(input: *mut u8, identity: &Identity, entry: AnchorEntry) -> u64 {
    // SAFETY: the input begins with the number of accounts, aligned to eight bytes.
    if unsafe { input.cast::<u64>().read() } == 1 {
        let mut views = [const { MaybeUninit::<AccountView>::uninit() }; 1];
        // SAFETY: the input is the loader's, and has one account, for which there is room.
        let (program, _, data) = unsafe { deserialize::<1>(input, &mut views) };
        if same(program, &identity.program) && data.starts_with(EVENT_IX_TAG_LE) {
            // SAFETY: `deserialize` has written it.
            let view = unsafe { views[0].assume_init_ref() };
            return match identity.check_event(core::slice::from_ref(view)) {
                Ok(()) => 0,
                Err(fault) => fault.code(),
            };
        }
    }
    // SAFETY: the input is the loader's; what was read of it above is not used any more and was not changed.
    let (program, accounts, data) = unsafe { entrypoint::deserialize(input) };
    match entry(program, &accounts, data) {
        Ok(()) => 0,
        Err(error) => error.into(),
    }
}

/// The entry point of a program on Anchor's runtime, and its heap.
#[macro_export]
macro_rules! anchor_entrypoint {
    ($identity:expr, $entry:expr) => {
        /// # Safety
        /// Called by the loader only.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
            // SAFETY: the loader passes its input.
            unsafe { $crate::raw::run_on_anchor(input, &$identity, $entry) }
        }

        $crate::pinocchio::default_allocator!();
        $crate::pinocchio::default_panic_handler!();
    };
}

/// Takes apart what the loader passes, as the entry point does, and shows it to `then`.
#[cfg(feature = "input")]
pub fn walk<R>(input: &mut crate::input::Input, then: impl FnOnce(&Address, &[AccountView], &[u8]) -> R) -> R {
    use pinocchio::MAX_TX_ACCOUNTS;

    let mut views = [const { MaybeUninit::<AccountView>::uninit() }; MAX_TX_ACCOUNTS];
    // SAFETY: an `Input` is laid out as the loader does it, with at most `MAX_TX_ACCOUNTS` accounts, and is borrowed
    // until `then` returns, which can keep nothing of it: all its arguments live no longer than this function's.
    let (program, count, data) = unsafe { deserialize::<MAX_TX_ACCOUNTS>(input.start(), &mut views) };
    // SAFETY: `deserialize` has written the first `count` of them.
    let views = unsafe { core::slice::from_raw_parts(views.as_ptr().cast::<AccountView>(), count) };
    then(program, views, data)
}
