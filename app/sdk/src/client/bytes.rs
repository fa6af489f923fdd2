//! A signed transaction as it travels, and is kept: version 1 has its signatures behind the message, the earlier ones
//! before it.

use solana_transaction::versioned::VersionedTransaction;

/// The bytes of a transaction. Empty if it has more signatures, accounts or instructions than can be counted.
pub fn to_bytes(transaction: &VersionedTransaction) -> Vec<u8> {
    // Writing into memory fails only for what no message can be; no bytes are no transaction, and are refused as such.
    wincode::serialize(transaction).unwrap_or_default()
}

/// The transaction of these bytes; none if they are not exactly one.
pub fn of_bytes(bytes: &[u8]) -> Option<VersionedTransaction> {
    wincode::deserialize_exact(bytes).ok()
}
