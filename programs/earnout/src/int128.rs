//! 128-bit multiplication and division for builds without Solana's tools, which would bring their own.
//!
//! LLVM lowers `u128` and `i128` operators to library calls whose calling convention this compiler cannot express;
//! `xtask/sbf/int128.ll` translates them into the calls at the end of this module. Only 64-bit arithmetic may be used
//! here: any 128-bit operator would call back into these functions. All of it wraps on purpose, because the operators'
//! own overflow checks are made by their callers.

#![allow(unsafe_code)]

use core::num::Wrapping;

type Word = Wrapping<u64>;

/// Bits of half a word: the digits of the long division.
const HALF: usize = 32;
/// The largest digit, and the mask of the lower one.
const DIGIT: Word = Wrapping(0xffff_ffff);
const ZERO: Word = Wrapping(0);
const ONE: Word = Wrapping(1);

/// A 128-bit value.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Wide {
    low: Word,
    high: Word,
}

impl Wide {
    #[inline(always)]
    fn new(low: u64, high: u64) -> Self {
        Self {
            low: Wrapping(low),
            high: Wrapping(high),
        }
    }

    #[inline(always)]
    fn less_than(self, other: Self) -> bool {
        self.high < other.high || (self.high == other.high && self.low < other.low)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        let borrow = Wrapping(u64::from(self.low < other.low));
        Self {
            low: self.low - other.low,
            high: self.high - other.high - borrow,
        }
    }
}

/// `a * b` in full.
#[inline(always)]
fn product(a: Word, b: Word) -> Wide {
    let (a0, a1, b0, b1) = (a & DIGIT, a >> HALF, b & DIGIT, b >> HALF);
    let (low, cross, other, high) = (a0 * b0, a0 * b1, a1 * b0, a1 * b1);
    let middle = (low >> HALF) + (cross & DIGIT) + (other & DIGIT);
    Wide {
        low: (low & DIGIT) | (middle << HALF),
        high: high + (cross >> HALF) + (other >> HALF) + (middle >> HALF),
    }
}

/// `a * b`, cut to 128 bits; the same bits whether the operands are signed or not.
#[inline(always)]
fn multiply(a: Wide, b: Wide) -> Wide {
    let full = product(a.low, b.low);
    Wide {
        low: full.low,
        high: full.high + a.low * b.high + a.high * b.low,
    }
}

/// `n / d` and `n % d`.
#[inline(always)]
fn divide(n: Wide, d: Wide) -> (Wide, Wide) {
    let word = |low| Wide { low, high: ZERO };
    if d.high == ZERO {
        let d = d.low;
        if n.high == ZERO {
            return (word(n.low / d), word(n.low % d));
        }
        let (high, over) = (n.high / d, n.high % d);
        let (low, rest) = divide_by_word(over, n.low, d);
        return (Wide { low, high }, word(rest));
    }
    if n.less_than(d) {
        return (word(ZERO), n);
    }
    divide_by_wide(n, d)
}

/// `(high, low) / d` and the remainder, where `high < d`, so that the quotient is one word.
#[inline(always)]
fn divide_by_word(high: Word, low: Word, d: Word) -> (Word, Word) {
    if d <= DIGIT {
        // Every remainder is less than a digit, so each step is one native division.
        let first = (high << HALF) | (low >> HALF);
        let second = ((first % d) << HALF) | (low & DIGIT);
        return (((first / d) << HALF) | (second / d), second % d);
    }
    let shift = leading_zeros(d);
    let (quotient, remainder) = divide_normalized(shifted_left(high, low, shift), low << shift, d << shift);
    (quotient, remainder >> shift)
}

/// `n / d` and `n % d` where `d` has a high word and `d <= n`, so that the quotient is less than a word.
///
/// The quotient of the leading words, with `n` halved so that they are in range, is right or one too big
/// (Warren, Hacker's Delight, 9-5); one less is right or one too small, which the remainder tells.
#[inline(always)]
fn divide_by_wide(n: Wide, d: Wide) -> (Wide, Wide) {
    let shift = leading_zeros(d.high);
    let (leading, _) = divide_normalized(
        n.high >> 1,
        (n.high << 63) | (n.low >> 1),
        shifted_left(d.high, d.low, shift),
    );
    let mut quotient = leading >> (63 - shift);
    if quotient != ZERO {
        quotient -= ONE;
    }
    let whole = |low| Wide { low, high: ZERO };
    let mut remainder = n.minus(multiply(d, whole(quotient)));
    if !remainder.less_than(d) {
        quotient += ONE;
        remainder = remainder.minus(d);
    }
    (whole(quotient), remainder)
}

/// `(high, low) / d` and the remainder, where the top bit of `d` is set and `high < d`: Knuth's algorithm D on two
/// digits.
#[inline(never)]
fn divide_normalized(high: Word, low: Word, d: Word) -> (Word, Word) {
    let (first, rest) = quotient_digit(high, low >> HALF, d);
    let (second, rest) = quotient_digit(rest, low & DIGIT, d);
    ((first << HALF) | second, rest)
}

/// One digit of that: `(n * 2^32 + next) / d` and the remainder, where `n < d`.
#[inline(always)]
fn quotient_digit(n: Word, next: Word, d: Word) -> (Word, Word) {
    let (d0, d1) = (d & DIGIT, d >> HALF);
    let mut digit = n / d1;
    let mut rest = n % d1;
    // The guess from the leading digit alone is at most two too big.
    while digit > DIGIT || digit * d0 > ((rest << HALF) | next) {
        digit -= ONE;
        rest += d1;
        if rest > DIGIT {
            break;
        }
    }
    (digit, ((n << HALF) | next) - digit * d)
}

/// The high word of `(high, low) << shift`, for `shift < 64`.
#[inline(always)]
fn shifted_left(high: Word, low: Word, shift: usize) -> Word {
    // Two steps on the right, because a shift by the whole width is not a shift.
    (high << shift) | ((low >> 1) >> (63 - shift))
}

/// Leading zeros of `x`, which is not zero: SBF has no instruction for it, and this beats what LLVM makes of the
/// method.
#[inline(always)]
fn leading_zeros(x: Word) -> usize {
    let (mut x, mut zeros) = (x, 0);
    for step in [32, 16, 8, 4, 2, 1] {
        if x >> (64 - step) == ZERO {
            x <<= step;
            zeros |= step;
        }
    }
    zeros
}

/// What `xtask/sbf/int128.ll` calls: operands as low and high words, the result through a pointer.
#[cfg(feature = "upstream-sbf")]
mod calls {
    use super::{Wide, divide, multiply};

    /// # Safety
    /// `out` is aligned for a word and has room for two.
    #[unsafe(no_mangle)]
    #[inline(never)]
    unsafe extern "C" fn __earnout_multiply(out: *mut [u64; 2], a_low: u64, a_high: u64, b_low: u64, b_high: u64) {
        let result = multiply(Wide::new(a_low, a_high), Wide::new(b_low, b_high));
        // SAFETY: the caller vouches for `out`: in int128.ll it is a stack slot of this size and more alignment.
        unsafe { out.write([result.low.0, result.high.0]) }
    }

    /// # Safety
    /// `out` is aligned for a word and has room for four: the quotient, then the remainder.
    #[unsafe(no_mangle)]
    #[inline(never)]
    unsafe extern "C" fn __earnout_divide(out: *mut [u64; 4], n_low: u64, n_high: u64, d_low: u64, d_high: u64) {
        let (quotient, remainder) = divide(Wide::new(n_low, n_high), Wide::new(d_low, d_high));
        // SAFETY: the caller vouches for `out`: in int128.ll it is a stack slot of this size and more alignment.
        unsafe { out.write([quotient.low.0, quotient.high.0, remainder.low.0, remainder.high.0]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(value: u128) -> Wide {
        let half = |value: u128| u64::try_from(value & u128::from(u64::MAX)).unwrap();
        Wide::new(half(value), half(value >> 64))
    }

    fn value(wide: Wide) -> u128 {
        u128::from(wide.high.0) << 64 | u128::from(wide.low.0)
    }

    /// Powers of two and of ten and their neighbours, and values whose digits are all ones or all zeros.
    fn edges() -> Vec<u128> {
        let mut edges = vec![0];
        for bit in 0..128 {
            let power = 1u128 << bit;
            edges.extend([power - 1, power, power + 1, !power, !(power - 1), u128::MAX >> bit]);
        }
        edges.extend((0..39).map(|exponent| 10u128.pow(exponent)));
        for pattern in 0..16u128 {
            let digits = (0..4).filter(|digit| pattern >> digit & 1 == 1);
            edges.push(digits.map(|digit| 0xffff_ffff << (32 * digit)).sum());
        }
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    /// A small generator (splitmix64) that also varies the length of what it makes, and often leaves runs of equal
    /// bits.
    struct Generator(u64);

    impl Generator {
        fn word(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }

        fn operand(&mut self) -> u128 {
            let random = u128::from(self.word()) << 64 | u128::from(self.word());
            let shape = self.word();
            let sparse = match shape & 3 {
                0 => random & (u128::MAX << (shape >> 8 & 127)),
                1 => random | (u128::MAX << (shape >> 8 & 127)),
                _ => random,
            };
            sparse >> (shape >> 16 & 127)
        }
    }

    fn check(a: u128, b: u128) {
        assert_eq!(value(multiply(wide(a), wide(b))), a.wrapping_mul(b), "{a} * {b}");
        if b == 0 {
            return;
        }
        let (quotient, remainder) = divide(wide(a), wide(b));
        assert_eq!(value(quotient), a / b, "{a} / {b}");
        assert_eq!(value(remainder), a % b, "{a} % {b}");
    }

    #[test]
    fn int128_equals_the_host_on_edges() {
        let edges = edges();
        for &a in &edges {
            for &b in &edges {
                check(a, b);
            }
        }
    }

    #[test]
    fn int128_equals_the_host_on_random_operands() {
        let mut generator = Generator(1);
        for _ in 0..1_000_000 {
            let (a, b) = (generator.operand(), generator.operand());
            check(a, b);
        }
    }

    /// Quotients next to a multiple of the divisor, where a guessed digit is most often wrong.
    #[test]
    fn int128_equals_the_host_next_to_multiples() {
        let mut generator = Generator(2);
        for _ in 0..300_000 {
            let d = generator.operand().max(1);
            let multiple = d.wrapping_mul(generator.operand() % (u128::MAX / d).max(1));
            for n in [multiple, multiple.wrapping_sub(1), multiple.wrapping_add(d - 1)] {
                check(n, d);
            }
        }
    }

    #[test]
    fn leading_zeros_equals_the_host() {
        for bit in 0..64 {
            let ones = u64::MAX >> bit;
            assert_eq!(leading_zeros(Wrapping(ones)), bit);
            assert_eq!(leading_zeros(Wrapping(1 << (63 - bit))), bit);
        }
    }
}
