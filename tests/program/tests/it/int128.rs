//! Integer operators on the bytecode that the tests run: SBF has no 128-bit instructions, and without Solana's tools
//! the functions that stand in for them are the project's own. A program with every operator runs on the chain, and
//! each result is compared with this machine's.

use {
    crate::rng::Rng,
    earnout_test_arithmetic::{self as arithmetic, OPERATORS, PAIR_LEN, RESULTS_LEN},
    earnout_tests::*,
};

/// Pairs of operands that one transaction works off within its compute units.
const BATCH: usize = 60;
/// Random pairs, besides those of [`edges`].
const RANDOM: usize = 3_000;

/// Numbers at which words, signs and digits of a long division change.
fn edges() -> Vec<u128> {
    let mut edges: Vec<u128> = vec![3, 5, 7, 10, 10_000, 100_000_000, 1_000_000_000_000_000_000];
    for bits in [0, 1, 7, 8, 15, 16, 31, 32, 33, 47, 63, 64, 65, 95, 96, 97, 126, 127] {
        let power = 1u128 << bits;
        edges.extend([power - 1, power, power + 1]);
        // The same below zero.
        edges.extend([power.wrapping_neg(), (!power).wrapping_add(2)]);
    }
    edges.extend([
        u128::MAX / 3,
        u128::MAX - 1,
        u128::from(u64::MAX) * u128::from(u64::MAX),
    ]);
    edges.sort_unstable();
    edges.dedup();
    edges
}

impl Rng {
    /// A number of any length, with its sign.
    fn number(&mut self) -> u128 {
        let all = u128::from(self.next()) << 64 | u128::from(self.next());
        let number = all >> (self.next() % 128);
        if self.next().is_multiple_of(4) {
            number.wrapping_neg()
        } else {
            number
        }
    }
}

fn results(a: u128, b: u128) -> Vec<u128> {
    let mut results = Vec::with_capacity(OPERATORS.len());
    arithmetic::results(a, b, |result| results.push(result));
    results
}

#[test]
fn every_integer_operator_gives_on_bytecode_what_it_gives_here() {
    let edges = edges();
    let mut pairs: Vec<(u128, u128)> = edges.iter().flat_map(|a| edges.iter().map(move |b| (*a, *b))).collect();
    let mut rng = Rng(1);
    pairs.extend((0..RANDOM).map(|_| {
        let (a, b) = (rng.number(), rng.number());
        // Quotients that are nearly whole are where a digit is guessed wrong.
        match rng.next() % 4 {
            0 => (a.wrapping_mul(b).wrapping_sub(u128::from(rng.next() % 3)), b),
            _ => (a, b),
        }
    }));

    let mut chain = Chain::start(&Chain::built_program()).unwrap();
    programs::deploy(&mut chain, "arithmetic", &arithmetic::ID);
    let [operands, output] = [(); 2].map(|()| chain.key().pubkey());
    let account = |data: Vec<u8>| Account {
        lamports: 10_000_000_000,
        data,
        owner: arithmetic::ID,
        ..Account::default()
    };
    let mut compared = 0;
    for batch in pairs.chunks(BATCH) {
        let bytes = batch.iter().flat_map(|(a, b)| [a.to_le_bytes(), b.to_le_bytes()]);
        let bytes: Vec<u8> = bytes.flatten().collect();
        assert_eq!(bytes.len(), batch.len() * PAIR_LEN);
        chain.replace(&operands, account(bytes));
        chain.replace(&output, account(vec![0; batch.len() * RESULTS_LEN]));
        let work = Instruction {
            program_id: arithmetic::ID,
            accounts: vec![
                AccountMeta::new_readonly(operands, false),
                AccountMeta::new(output, false),
            ],
            data: vec![],
        };
        chain
            .send(&[most_units(), work], &[])
            .unwrap_or_else(|failure| panic!("{failure}"));
        let written = chain.account(&output).unwrap().data;
        for ((a, b), there) in batch.iter().zip(written.chunks(RESULTS_LEN)) {
            let (there, rest) = there.as_chunks::<16>();
            let here = results(*a, *b);
            assert_eq!((there.len(), rest.len()), (here.len(), 0));
            for ((operator, there), here) in OPERATORS.iter().zip(there).zip(here) {
                let there = u128::from_le_bytes(*there);
                assert_eq!(
                    there, here,
                    "{operator} of {a:#x} and {b:#x}: {there:#x} on SBF, {here:#x} here"
                );
                compared += 1;
            }
        }
    }
    println!(
        "{} operators, {} pairs, {compared} results",
        OPERATORS.len(),
        pairs.len()
    );
    assert_eq!(compared, pairs.len() * OPERATORS.len());
}

/// The instruction that asks for all compute units a transaction can have.
fn most_units() -> Instruction {
    let mut data = vec![2];
    data.extend(1_400_000u32.to_le_bytes());
    Instruction {
        program_id: Pubkey::from_str_const("ComputeBudget111111111111111111111111111111"),
        accounts: vec![],
        data,
    }
}
