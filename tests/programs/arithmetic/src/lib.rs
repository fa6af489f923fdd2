//! Every integer operator that the program's arithmetic could use, on two operands. The same source is compiled to SBF,
//! where it runs as a program, and to this machine, where the test compares: SBF has no 128-bit instructions, so that
//! the compiler calls functions for them, which are Solana's or, without Solana's tools, the project's own.

// The entry point's macro looks for features that this crate does not have.
#![allow(unexpected_cfgs)]

use anchor_lang::prelude::{AccountInfo, ProgramError, Pubkey};

#[cfg(feature = "upstream-sbf")]
use solana_compiler_builtins as _;

#[cfg(feature = "upstream-sbf")]
#[path = "../../../../programs/earnout/src/int128.rs"]
mod int128;

/// Where the tests put this program.
pub const ID: Pubkey = Pubkey::from_str_const("ArithTest1111111111111111111111111111111111");

/// Bytes of two operands.
pub const PAIR_LEN: usize = 32;
/// Bytes of the results for two operands.
pub const RESULTS_LEN: usize = 16 * OPERATORS.len();

/// What an operator gives, as 128 bits: signed results extended by their sign.
trait Bits {
    fn bits(self) -> u128;
}

macro_rules! bits {
    ($($signed:ty),*; $($unsigned:ty),*) => {
        $(
            impl Bits for $signed {
                #[inline(always)]
                fn bits(self) -> u128 {
                    i128::from(self).cast_unsigned()
                }
            }
        )*
        $(
            impl Bits for $unsigned {
                #[inline(always)]
                fn bits(self) -> u128 {
                    u128::from(self)
                }
            }
        )*
    };
}
bits!(i32, i64, i128; bool, u32, u64, u128);

impl<T: Bits> Bits for Option<T> {
    /// Nothing is a number that no test operand gives.
    #[inline(always)]
    fn bits(self) -> u128 {
        self.map_or(0x006e_6f74_6869_6e67, Bits::bits)
    }
}

/// Operands are cut to their type by `as`: what that does is itself part of what is compared. Division of `i64` is
/// missing because LLVM has none for this target, so that no program could contain it.
macro_rules! operators {
    ($($type:ty { $($name:literal: |$a:ident, $b:ident| $result:expr;)* })*) => {
        /// The operators, in the order of their results.
        pub const OPERATORS: &[&str] = &[$($(concat!(stringify!($type), " ", $name)),*),*];

        /// What each gives for these operands.
        #[inline(never)]
        pub fn results(a: u128, b: u128, mut give: impl FnMut(u128)) {
            $($(
                {
                    let ($a, $b) = (a as $type, b as $type);
                    let _ = $b;
                    give(Bits::bits($result));
                }
            )*)*
        }
    };
}

operators! {
    u128 {
        "a + b": |a, b| a.wrapping_add(b);
        "a - b": |a, b| a.wrapping_sub(b);
        "a * b": |a, b| a.wrapping_mul(b);
        "a + b checked": |a, b| a.checked_add(b);
        "a - b checked": |a, b| a.checked_sub(b);
        "a * b checked": |a, b| a.checked_mul(b);
        "a * b overflows": |a, b| a.overflowing_mul(b).1;
        "a + b saturating": |a, b| a.saturating_add(b);
        "a * b saturating": |a, b| a.saturating_mul(b);
        "a / b": |a, b| a.checked_div(b);
        "a % b": |a, b| a.checked_rem(b);
        "a / b up": |a, b| if b == 0 { None } else { Some(a.div_ceil(b)) };
        "a is a multiple of b": |a, b| a.is_multiple_of(b);
        "a << b": |a, b| a << (b & 127);
        "a >> b": |a, b| a >> (b & 127);
        "a << b checked": |a, b| a.checked_shl(b as u32);
        "a rotated by b": |a, b| a.rotate_left((b & 127) as u32);
        "a & b": |a, b| a & b;
        "a | b": |a, b| a | b;
        "a ^ b": |a, b| a ^ b;
        "!a": |a, b| !a;
        "a == b": |a, b| a == b;
        "a < b": |a, b| a < b;
        "a <= b": |a, b| a <= b;
        "min": |a, b| a.min(b);
        "|a - b|": |a, b| a.abs_diff(b);
        "leading zeros": |a, b| a.leading_zeros();
        "trailing zeros": |a, b| a.trailing_zeros();
        "ones": |a, b| a.count_ones();
        "bytes swapped": |a, b| a.swap_bytes();
        "to u64": |a, b| u64::try_from(a).ok();
        "to i128": |a, b| i128::try_from(a).ok();
    }
    i128 {
        "a + b checked": |a, b| a.checked_add(b);
        "a - b checked": |a, b| a.checked_sub(b);
        "a * b": |a, b| a.wrapping_mul(b);
        "a * b checked": |a, b| a.checked_mul(b);
        "a * b saturating": |a, b| a.saturating_mul(b);
        "-a checked": |a, b| a.checked_neg();
        "|a| checked": |a, b| a.checked_abs();
        "|a|": |a, b| a.unsigned_abs();
        "a / b": |a, b| a.checked_div(b);
        "a % b": |a, b| a.checked_rem(b);
        "a / b euclidean": |a, b| a.checked_div_euclid(b);
        "a % b euclidean": |a, b| a.checked_rem_euclid(b);
        "a << b": |a, b| a << (b & 127);
        "a >> b": |a, b| a >> (b & 127);
        "a < b": |a, b| a < b;
        "a <= b": |a, b| a <= b;
        "max": |a, b| a.max(b);
        "sign": |a, b| a.signum();
        "to i64": |a, b| i64::try_from(a).ok();
        "to u64": |a, b| u64::try_from(a).ok();
    }
    u64 {
        "a + b": |a, b| a.wrapping_add(b);
        "a - b": |a, b| a.wrapping_sub(b);
        "a * b": |a, b| a.wrapping_mul(b);
        "a + b checked": |a, b| a.checked_add(b);
        "a - b checked": |a, b| a.checked_sub(b);
        "a * b checked": |a, b| a.checked_mul(b);
        "a + b saturating": |a, b| a.saturating_add(b);
        "a * b in full": |a, b| u128::from(a) * u128::from(b);
        "a / b": |a, b| a.checked_div(b);
        "a % b": |a, b| a.checked_rem(b);
        "a << b": |a, b| a << (b & 63);
        "a >> b": |a, b| a >> (b & 63);
        "a < b": |a, b| a < b;
        "leading zeros": |a, b| a.leading_zeros();
        "trailing zeros": |a, b| a.trailing_zeros();
        "ones": |a, b| a.count_ones();
        "to i64": |a, b| i64::try_from(a).ok();
        "to u32": |a, b| u32::try_from(a).ok();
    }
    i64 {
        "a + b checked": |a, b| a.checked_add(b);
        "a - b checked": |a, b| a.checked_sub(b);
        "a * b": |a, b| a.wrapping_mul(b);
        "a * b checked": |a, b| a.checked_mul(b);
        "a * b in full": |a, b| i128::from(a) * i128::from(b);
        "-a checked": |a, b| a.checked_neg();
        "|a|": |a, b| a.unsigned_abs();
        "a / b in 128 bits": |a, b| i128::from(a).checked_div(i128::from(b));
        "a % b in 128 bits": |a, b| i128::from(a).checked_rem(i128::from(b));
        "a << b": |a, b| a << (b & 63);
        "a >> b": |a, b| a >> (b & 63);
        "a < b": |a, b| a < b;
        "sign": |a, b| a.signum();
        "to u64": |a, b| u64::try_from(a).ok();
    }
    u32 {
        "a + b checked": |a, b| a.checked_add(b);
        "a - b checked": |a, b| a.checked_sub(b);
        "a * b checked": |a, b| a.checked_mul(b);
        "a / b": |a, b| a.checked_div(b);
        "a % b": |a, b| a.checked_rem(b);
        "a << b": |a, b| a << (b & 31);
        "a >> b": |a, b| a >> (b & 31);
        "leading zeros": |a, b| a.leading_zeros();
    }
    i32 {
        "a * b checked": |a, b| a.checked_mul(b);
        "a >> b": |a, b| a >> (b & 31);
        "a < b": |a, b| a < b;
    }
}

#[cfg(target_os = "solana")]
anchor_lang::solana_program::entrypoint!(process);

/// Reads operands from the first account, two after the other, and writes the results of each two into the second.
///
/// # Errors
/// `NotEnoughAccountKeys`, `AccountDataTooSmall`.
pub fn process(_: &Pubkey, accounts: &[AccountInfo], _: &[u8]) -> Result<(), ProgramError> {
    let [operands, output, ..] = accounts else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    let operands = operands.try_borrow_data()?;
    let mut output = output.try_borrow_mut_data()?;
    let (pairs, _) = operands.as_chunks::<PAIR_LEN>();
    let (places, _) = output.as_chunks_mut::<16>();
    let mut places = places.iter_mut();
    let mut fits = true;
    for pair in pairs {
        let (halves, _) = pair.as_chunks::<16>();
        results(
            u128::from_le_bytes(halves[0]),
            u128::from_le_bytes(halves[1]),
            |result| match places.next() {
                Some(place) => *place = result.to_le_bytes(),
                None => fits = false,
            },
        );
    }
    if fits {
        Ok(())
    } else {
        Err(ProgramError::AccountDataTooSmall)
    }
}
