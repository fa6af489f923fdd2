//! What the rent of accounts amounts to.

use earnout_sdk::text::amount::sol;

/// Lamports a byte at which rent is shown: what it was in the middle of 2026, and what it goes on towards. What a
/// cluster asks for is asked of the cluster.
const RATES: [u64; 2] = [5_080, 696];
/// What the runtime counts for an account beside its data, bytes.
const ACCOUNT_OVERHEAD: u64 = 128;

/// What so many accounts with so many bytes of data in all keep locked, at both rates.
pub fn rent(bytes: u64, accounts: u64) -> String {
    RATES
        .map(|rate| sol((bytes + ACCOUNT_OVERHEAD * accounts) * rate))
        .join(" / ")
}
