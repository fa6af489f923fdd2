//! Who may report values, and how many must.

use {
    crate::{constants::MAX_ORACLES, error::EarnoutError, prelude::*},
    earnout_core::quorum,
};

/// A set of oracles and the period from which it votes.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
pub struct OracleSet {
    /// The oracles; the first `count` count. A vote's bit in an attestation is the position here.
    pub keys: [Pubkey; 8],
    /// First period this set votes on.
    pub first_period: u16,
    /// Oracles in the set, 1 to 8; 0 in an empty slot.
    pub count: u8,
    /// Votes that decide; more than half of `count`.
    pub threshold: u8,
    /// Zero.
    pub spare: [u8; 4],
}

// The length is a number because Anchor's description takes nothing else; here it is compared with the limit.
const _: fn(&OracleSet) -> &[Pubkey; MAX_ORACLES as usize] = |set| &set.keys;

impl OracleSet {
    /// Checks and packs a set.
    ///
    /// Errors: `BadOracleSet` (none, too many, twice the same, or the zero key), `BadThreshold` (not a strict
    /// majority).
    pub fn new(oracles: &[Pubkey], threshold: u8, first_period: u16) -> Result<Self> {
        let count = u8::try_from(oracles.len()).map_err(|_| EarnoutError::BadOracleSet)?;
        require!((1..=MAX_ORACLES).contains(&count), EarnoutError::BadOracleSet);
        let mut keys = [Pubkey::default(); 8];
        for (index, oracle) in oracles.iter().enumerate() {
            require!(
                oracle != &Pubkey::default() && !keys[..index].contains(oracle),
                EarnoutError::BadOracleSet
            );
            keys[index] = *oracle;
        }
        require!(
            (quorum::strict_majority(count)..=count).contains(&threshold),
            EarnoutError::BadThreshold
        );
        Ok(Self {
            keys,
            first_period,
            count,
            threshold,
            spare: [0; 4],
        })
    }

    /// No set.
    pub fn empty() -> Self {
        bytemuck::Zeroable::zeroed()
    }

    /// The oracles of the set.
    pub fn oracles(&self) -> &[Pubkey] {
        &self.keys[..usize::from(self.count).min(self.keys.len())]
    }

    /// Position of `key` in the set.
    pub fn position(&self, key: &Pubkey) -> Option<usize> {
        self.oracles().iter().position(|oracle| same(oracle, key))
    }
}
